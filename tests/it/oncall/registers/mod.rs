//! Every register lives through the same stories, from what people see down to the wire.

mod grafana_irm;
mod hostile;
mod ical;
mod jira;
mod pagerduty;
mod stage;
mod stories;
mod vendor;

/// One test for each story and register.
macro_rules! each_lives_through {
    ($story:ident: $($vendor:ident = $made:expr),+ $(,)?) => {
        mod $story {
            $(
                #[tokio::test]
                async fn $vendor() {
                    super::stories::$story(&$made).await;
                }
            )+
        }
    };
}

macro_rules! all_live_through {
    ($($story:ident),+ $(,)?) => {
        $(each_lives_through!(
            $story:
            grafana_irm = crate::oncall::registers::grafana_irm::GrafanaIrm,
            ical = crate::oncall::registers::ical::Ical,
            jira = crate::oncall::registers::jira::Jira,
            pagerduty = crate::oncall::registers::pagerduty::PagerDuty,
        );)+
    };
}

all_live_through!(
    who_is_on_call_and_who_is_next_is_said,
    the_hand_over_is_at_its_very_moment,
    two_at_a_time_are_both_on_call,
    a_gap_is_nobody_and_so_is_an_empty_schedule,
    somebody_is_always_on_call,
    somebody_nobody_knows_is_shown_in_the_vendors_words,
    an_address_is_surer_than_a_name,
    a_page_reaches_whoever_is_on_call_and_then_the_next_level,
    as_the_second_level_it_is_called_when_nobody_answers,
    a_limit_is_kept_and_the_last_answer_counts,
    garbage_is_never_nobody,
    a_slow_server_keeps_nobody_waiting,
    a_server_in_trouble_leaves_the_last_good_answer_with_its_age,
    what_was_never_read_is_not_known,
    a_rotated_token_counts_from_its_next_use,
    nobody_is_followed_to_another_server,
    a_restart_keeps_what_was_read,
    when_nobody_reads_it_any_more_its_age_is_said,
    an_unknown_level_is_passed_over,
    an_answer_that_is_too_old_is_not_known_any_more,
);
