//! A run is followed to its end, in GitHub's words where ours say less.

use pilothouse::pipelines::RunState;
use serde_json::{Value, json};
use wiremock::{
    Mock, ResponseTemplate,
    matchers::{header, method, path},
};

use super::{
    hub::{CANCEL, Hub, JOBS, RUN, the_run},
    shapes::refusal,
};

#[tokio::test]
async fn every_word_of_github_has_its_meaning() {
    let table: [(&str, Option<&str>, RunState, Option<&str>); 15] = [
        ("queued", None, RunState::Queued, None),
        ("requested", None, RunState::Queued, None),
        ("pending", None, RunState::Queued, None),
        ("waiting", None, RunState::WaitingApproval, Some("waits for a protection rule at GitHub")),
        ("in_progress", None, RunState::Running, None),
        ("completed", Some("success"), RunState::Succeeded, None),
        ("completed", Some("neutral"), RunState::Succeeded, Some("neutral")),
        ("completed", Some("skipped"), RunState::Failed, Some("skipped: no job of it ran")),
        ("completed", Some("failure"), RunState::Failed, Some("failure")),
        ("completed", Some("timed_out"), RunState::Failed, Some("timed_out")),
        ("completed", Some("startup_failure"), RunState::Failed, Some("startup_failure")),
        ("completed", Some("stale"), RunState::Failed, Some("stale")),
        ("completed", Some("cancelled"), RunState::Cancelled, Some("cancelled")),
        ("completed", Some("transcended"), RunState::Unknown, Some("transcended")),
        ("hibernating", None, RunState::Unknown, Some("hibernating")),
    ];
    for (status, conclusion, state, detail) in table {
        let hub = Hub::start().await;
        hub.answers("GET", RUN, 200, hub.run(30_433_642, "deploy", status, conclusion)).await;
        hub.answers("GET", JOBS, 200, json!({ "total_count": 0, "jobs": [] })).await;
        let seen = hub.pipeline(&json!({})).progress(&the_run()).await.unwrap();
        assert_eq!(
            (seen.state, seen.detail.as_deref()),
            (state, detail),
            "{status} {conclusion:?}"
        );
        hub.asked().await;
    }
}

#[tokio::test]
async fn progress_counts_steps_and_names_the_one_at_work() {
    let hub = Hub::start().await;
    hub.answers("GET", RUN, 200, hub.run(30_433_642, "deploy", "in_progress", None)).await;
    let build = hub.job(
        "build",
        ("completed", Some("success")),
        &[
            ("Set up job", "completed", Some("success")),
            ("Build image", "completed", Some("success")),
        ],
    );
    let deploy = hub.job(
        "deploy",
        ("in_progress", None),
        &[
            ("Set up job", "completed", Some("success")),
            ("Roll out", "in_progress", None),
            ("Tidy up", "queued", None),
        ],
    );
    let smoke = hub.job("smoke", ("queued", None), &[]);
    let jobs = json!({ "total_count": 3, "jobs": [build, deploy, smoke] });
    hub.answers("GET", JOBS, 200, jobs).await;
    let seen = hub.pipeline(&json!({})).progress(&the_run()).await.unwrap();
    assert_eq!((seen.state, seen.done, seen.total), (RunState::Running, 3, 6));
    assert_eq!(seen.step.as_deref(), Some("deploy / Roll out"));
    hub.asked().await;
}

#[tokio::test]
async fn a_failure_names_where_it_happened() {
    let hub = Hub::start().await;
    let run = hub.run(30_433_642, "deploy", "completed", Some("failure"));
    hub.answers("GET", RUN, 200, run).await;
    let steps =
        [("Set up job", "completed", Some("success")), ("Roll out", "completed", Some("failure"))];
    let job = hub.job("deploy", ("completed", Some("failure")), &steps);
    hub.answers("GET", JOBS, 200, json!({ "total_count": 1, "jobs": [job] })).await;
    let seen = hub.pipeline(&json!({})).progress(&the_run()).await.unwrap();
    assert_eq!(seen.detail.as_deref(), Some("failure in deploy / Roll out"));
}

#[tokio::test]
async fn an_unchanged_run_is_compared_by_its_tag() {
    let hub = Hub::start().await;
    let unchanged =
        Mock::given(method("GET")).and(path(RUN)).and(header("if-none-match", "W/\"a\""));
    let unchanged = unchanged.respond_with(ResponseTemplate::new(304)).with_priority(1);
    unchanged.expect(1).mount(&hub.server).await;
    let run = hub.run(30_433_642, "deploy", "queued", None);
    hub.tells(RUN, run, ("etag", "W/\"a\"")).await;
    let pipeline = hub.pipeline(&json!({}));
    let first = pipeline.progress(&the_run()).await.unwrap();
    assert_eq!(first, pipeline.progress(&the_run()).await.unwrap());
    assert_eq!(first.state, RunState::Queued);
}

#[tokio::test]
async fn a_run_github_forgot_and_jobs_it_will_not_show_are_no_failures() {
    let hub = Hub::start().await;
    hub.answers("GET", RUN, 404, refusal("Not Found", 404)).await;
    let seen = hub.pipeline(&json!({})).progress(&the_run()).await.unwrap();
    assert_eq!(seen.state, RunState::Unknown);
    assert_eq!(seen.detail.as_deref(), Some("GitHub no longer shows this run"));

    let hub = Hub::start().await;
    let run = hub.run(30_433_642, "deploy", "completed", Some("success"));
    hub.answers("GET", RUN, 200, run).await;
    hub.raw("GET", JOBS, ResponseTemplate::new(200).set_body_json(json!({ "jobs": 7 }))).await;
    let seen = hub.pipeline(&json!({})).progress(&the_run()).await.unwrap();
    assert_eq!((seen.state, seen.total), (RunState::Succeeded, 0));
}

#[tokio::test]
async fn stopping_is_asked_for_once_and_a_run_that_is_over_needs_none() {
    for (status, well) in [(202, true), (409, true), (404, false), (500, false)] {
        let hub = Hub::start().await;
        let body: Value = match status {
            202 => json!({}),
            status => refusal("Cannot cancel a workflow run that is completed.", status),
        };
        hub.answers("POST", CANCEL, status, body).await;
        let stopped = hub.pipeline(&json!({})).cancel(&the_run()).await;
        assert_eq!(stopped.is_ok(), well, "{status}: {stopped:?}");
        assert_eq!(hub.count("POST", CANCEL).await, 1);
    }
}
