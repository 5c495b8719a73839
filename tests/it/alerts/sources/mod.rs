//! Every source of alerts lives through the same stories, from its wire to the card and back.

mod alertmanager;
mod azure_monitor;
mod datadog;
mod grafana;
mod pagerduty;
mod pretended;
mod stories;
mod webhook;

/// One test for each story and source.
macro_rules! each_lives_through {
    ($story:ident: $($source:ident = $made:expr),+ $(,)?) => {
        mod $story {
            $(
                #[tokio::test]
                async fn $source() {
                    super::stories::$story(&$made.await).await;
                }
            )+
        }
    };
}

macro_rules! all_live_through {
    ($($story:ident),+ $(,)?) => {
        $(each_lives_through!(
            $story:
            alertmanager = crate::alerts::sources::alertmanager::Alertmanager::start(),
            azure_monitor = crate::alerts::sources::azure_monitor::AzureMonitor::start(),
            datadog = crate::alerts::sources::datadog::Datadog::start(),
            grafana = crate::alerts::sources::grafana::Grafana::start(),
            pagerduty = crate::alerts::sources::pagerduty::PagerDuty::start(),
            webhook = crate::alerts::sources::webhook::Webhook::start(),
        );)+
    };
}

all_live_through!(
    what_fires_is_shown_once,
    the_same_delivery_again_changes_nothing,
    it_is_over_when_it_is_said_to_be,
    what_is_over_may_begin_again,
    nobody_is_believed_without_proof,
    garbage_is_refused_and_changes_nothing,
    a_word_nobody_knows_ends_nothing,
    what_was_lost_is_found_by_asking,
    a_silence_holds_until_it_is_ended,
    a_source_that_asks_for_quiet_is_left_alone,
    a_slow_source_is_not_waited_for,
    a_source_that_answers_nonsense_ends_nothing,
    whoever_has_it_is_told_to_the_source,
    hostile_text_stays_text,
);
