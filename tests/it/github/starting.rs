//! A run is started once, or nobody claims to know.

use pilothouse::pipelines::{Found, Started};
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use super::{
    hub::{DISPATCHES, Hub, RUN, RUNS, SHA, TOKEN, order},
    shapes::{refusal, runs},
};

#[tokio::test]
async fn an_order_is_given_once_and_the_run_is_known_at_once() {
    let hub = Hub::start().await;
    hub.answers("POST", DISPATCHES, 200, hub.dispatched()).await;
    hub.answers("GET", RUN, 200, hub.run(30_433_642, "deploy", "queued", None)).await;
    let started = hub.pipeline(&json!({})).start(&order(&hub.clock)).await;
    let Started::Run(run) = started else { panic!("{started:?}") };
    assert_eq!((run.id.as_str(), run.label.as_str()), ("30433642", "#642"));
    let page = format!("{}/acme/checkout/actions/runs/30433642", hub.server.uri());
    assert_eq!(run.url, Some(page));
    let inputs = json!({
        "version": "v2.1.0", "commit": SHA, "environment": "production", "service": "checkout",
        "request_id": "ph-8f2c91d4-1", "region": "eu"
    });
    let said = json!({ "ref": "main", "inputs": inputs, "return_run_details": true });
    assert_eq!(hub.posted(DISPATCHES).await, [said]);
    let asked = hub.asked().await;
    assert!(asked.iter().all(|r| r.headers["authorization"] == format!("Bearer {TOKEN}").as_str()));
}

#[tokio::test]
async fn inputs_have_the_names_the_workflow_gives_them() {
    let hub = Hub::start().await;
    hub.answers("POST", DISPATCHES, 200, hub.dispatched()).await;
    let inputs = json!({ "version": "tag", "service": null, "commit": null, "environment": "env" });
    let pipeline = hub.pipeline(&json!({ "inputs": inputs, "ref": "release/next" }));
    let Started::Run(run) = pipeline.start(&order(&hub.clock)).await else { panic!() };
    assert_eq!(run.label, "#30433642", "the run's number could not be had");
    let said = &hub.posted(DISPATCHES).await[0];
    assert_eq!(said["ref"], "release/next");
    let inputs = json!({
        "tag": "v2.1.0", "env": "production", "request_id": "ph-8f2c91d4-1", "region": "eu"
    });
    assert_eq!(said["inputs"], inputs);
}

#[tokio::test]
async fn an_older_server_is_asked_again_in_its_own_way_and_only_the_first_time() {
    let hub = Hub::start().await;
    let no = "Invalid request.\n\n\"return_run_details\" is not a permitted key.";
    let refused = ResponseTemplate::new(422).set_body_json(refusal(no, 422));
    hub.once("POST", DISPATCHES, refused).await;
    hub.answers("POST", DISPATCHES, 204, Value::Null).await;
    let pipeline = hub.pipeline(&json!({}));
    for _ in 0..2 {
        let started = pipeline.start(&order(&hub.clock)).await;
        assert!(matches!(started, Started::Unclear(_)), "{started:?}");
    }
    let posted = hub.posted(DISPATCHES).await;
    let asks: Vec<bool> = posted.iter().map(|b| b.get("return_run_details").is_some()).collect();
    assert_eq!(asks, [true, false, false]);
    assert_eq!(posted[0]["inputs"], posted[1]["inputs"]);
}

type Headers<'a> = &'a [(&'a str, &'a str)];

#[tokio::test]
async fn a_limit_is_kept_without_asking_until_it_is_over() {
    use pilothouse::clock::Clock;
    let soon = (Clock::system().now().0 / 1000 + 30).to_string();
    let second = "You have exceeded a secondary rate limit. Please wait a few minutes.";
    let cases: [(u16, &str, Headers<'_>); 3] = [
        (403, "API rate limit exceeded", &[("retry-after", "30")]),
        (403, "Quota used", &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", &soon)]),
        (403, second, &[]),
    ];
    for (status, said, headers) in cases {
        let hub = Hub::start().await;
        let mut limited = ResponseTemplate::new(status).set_body_json(refusal(said, status));
        for (name, value) in headers {
            limited = limited.append_header(*name, *value);
        }
        hub.once("POST", DISPATCHES, limited).await;
        hub.answers("POST", DISPATCHES, 200, hub.dispatched()).await;
        let pipeline = hub.pipeline(&json!({}));
        for _ in 0..2 {
            let started = pipeline.start(&order(&hub.clock)).await;
            assert!(matches!(started, Started::NotNow(_)), "{said}: {started:?}");
        }
        assert_eq!(hub.count("POST", DISPATCHES).await, 1, "{said}");
        hub.clock.advance(std::time::Duration::from_secs(61));
        let started = pipeline.start(&order(&hub.clock)).await;
        assert!(matches!(started, Started::Run(_)), "{said}: {started:?}");
    }
}

#[tokio::test]
async fn after_a_crash_the_own_run_is_found_among_others() {
    let hub = Hub::start().await;
    let listed = [
        hub.run(30_433_650, "deploy v2.1.0 [ph-8f2c91d4-12]", "queued", None),
        hub.run(30_433_649, "deploy v2.1.0 [ph-8f2c91d4-1]", "queued", None),
        hub.run(30_433_642, "deploy v2.1.0 [ph-8f2c91d4-1]", "in_progress", None),
        hub.run(30_433_641, "deploy v2.1.0 [xph-8f2c91d4-1]", "completed", Some("success")),
    ];
    hub.answers("GET", RUNS, 200, runs(&listed)).await;
    let found = hub.pipeline(&json!({})).find(&order(&hub.clock)).await.unwrap();
    let Found::Run(run) = found else { panic!("{found:?}") };
    assert_eq!((run.id.as_str(), run.label.as_str()), ("30433642", "#642"));
    let asked = hub.asked().await;
    let query: Vec<(String, String)> = asked[0].url.query_pairs().into_owned().collect();
    let query: Vec<(&str, &str)> = query.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    let since = ("created", ">=2026-11-25T02:07:10Z");
    assert_eq!(query, [("event", "workflow_dispatch"), since, ("per_page", "100")]);
}

#[tokio::test]
async fn the_search_reads_a_few_pages_of_the_same_server_only() {
    let hub = Hub::start().await;
    let next = format!("<{}{RUNS}?page=2>; rel=\"next\", <x>; rel=\"last\"", hub.server.uri());
    let none = runs(&[]);
    hub.tells(RUNS, none.clone(), ("link", &next)).await;
    let found = hub.pipeline(&json!({})).find(&order(&hub.clock)).await.unwrap();
    assert!(matches!(found, Found::NotSeen));
    assert_eq!(hub.count("GET", RUNS).await, 3);

    let (hub, other) = (Hub::start().await, Hub::start().await);
    let next = format!("<{}{RUNS}?page=2>; rel=\"next\"", other.server.uri());
    hub.tells(RUNS, none, ("link", &next)).await;
    let failed = hub.pipeline(&json!({})).find(&order(&hub.clock)).await.unwrap_err();
    assert!(failed.to_string().contains("another server"), "{failed}");
    assert!(other.asked().await.is_empty(), "no token goes to another server");
}

#[tokio::test]
async fn a_conflict_says_nothing_about_an_earlier_order() {
    let hub = Hub::start().await;
    let conflict = ResponseTemplate::new(409).set_body_json(refusal("Conflict", 409));
    hub.raw("POST", DISPATCHES, conflict).await;
    let started = hub.pipeline(&json!({})).start(&order(&hub.clock)).await;
    assert!(matches!(started, Started::Unclear(_)), "{started:?}");
    assert_eq!(hub.count("POST", DISPATCHES).await, 1);
}
