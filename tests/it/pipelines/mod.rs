//! Every pipeline on a server lives through the same stories, from its face down to the wire.

mod argo_cd;
mod azure_devops;
mod gates;
mod github_actions;
mod gitlab;
mod greetings;
mod jenkins;
mod reports;
mod samples;
mod stage;
mod stories;
mod vendor;
mod webhook;

/// One test for each story and vendor.
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
            argo_cd = crate::pipelines::argo_cd::ArgoCd,
            azure_devops = crate::pipelines::azure_devops::AzureDevops,
            github_actions = crate::pipelines::github_actions::GithubActions,
            gitlab = crate::pipelines::gitlab::Gitlab,
            jenkins = crate::pipelines::jenkins::Jenkins,
            webhook = crate::pipelines::webhook::Webhook,
        );)+
    };
}

all_live_through!(
    an_order_is_given_once,
    what_was_approved_is_never_replaced_by_a_parameter,
    after_a_crash_the_own_run_is_found_among_others,
    a_run_that_is_not_listed_might_still_be_there,
    a_search_without_a_clear_answer_finds_nothing_out,
    a_run_is_watched_to_its_end,
    a_run_that_is_gone_is_no_failure,
    garbage_is_no_state,
    a_bad_moment_is_waited_out,
    a_slow_server_is_not_waited_for,
    stopping_is_asked_for_once,
    a_refusal_is_told_and_starts_nothing,
    no_clear_answer_is_never_taken_for_a_refusal,
    a_server_that_is_not_there_started_nothing,
    nobody_is_followed_to_another_server,
    a_limit_is_kept_without_asking,
    a_rotated_token_counts_from_its_next_use,
    a_token_that_changed_meanwhile_is_tried,
    what_there_is_not_is_said_with_what_there_is,
);
