//! Probes ask pretended servers on this machine, and real ones where there are any.

mod alerts;
mod argo_cd;
mod certificates;
mod http;
mod kubernetes;
mod own_alerts;
mod prometheus;
mod proof;
mod real;
mod site;
mod stories;

use rstest::rstest;

use site::Site;

/// Every story that is the same for every probe, told of each.
macro_rules! told_of_every_probe {
    ($($story:ident)+) => { $(
        #[rstest]
        #[case::http(&http::Page)]
        #[case::prometheus(&prometheus::Errors)]
        #[case::alertmanager(&alerts::AtAlertmanager)]
        #[case::alerts_of_prometheus(&alerts::AtPrometheus)]
        #[case::argo_cd(&argo_cd::Application)]
        #[case::kubernetes(&kubernetes::Deployment)]
        #[tokio::test(flavor = "multi_thread")]
        async fn $story(#[case] site: &'static dyn Site) {
            stories::$story(site).await;
        }
    )+ };
}

told_of_every_probe! {
    what_is_well_is_asked_once_and_told
    what_is_not_well_is_told_with_its_reason
    no_data_is_not_healthy
    garbage_is_not_healthy
    no_status_but_a_good_one_is_healthy
    a_server_that_is_slow_is_not_waited_for
    a_server_that_is_gone_is_not_well
    a_server_that_wants_quiet_gets_it
    nobody_is_sent_to_another_server
    a_secret_that_was_changed_counts_at_once
    a_huge_answer_is_not_read
    hostile_words_are_told_short_plain_and_without_secrets
    no_answer_makes_it_panic
    mistakes_in_the_settings_are_told
}
