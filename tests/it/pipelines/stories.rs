//! What happens to a pipeline on a server, whoever's it is.

use std::time::Duration;

use pilothouse::pipelines::{Found, RunState, Started, Unresolved};
use serde_json::json;
use wiremock::{Request, ResponseTemplate};

use super::{
    stage::{OURS, SHA, Stage, TOKEN, hasty, late, resolve, the_run},
    vendor::PretendVendor,
};

type Vendor = dyn PretendVendor;

const OTHER: &str = "pretended-token-two";

async fn ready(vendor: &Vendor) -> Stage {
    let stage = Stage::of(vendor).await;
    vendor.is_ready(&stage).await;
    stage
}

/// Everything a request says, its query and its form taken apart.
fn words(request: &Request) -> String {
    let body = String::from_utf8_lossy(&request.body).into_owned();
    let form: Vec<String> = url::form_urlencoded::parse(&request.body)
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    format!("{} {body} {}", request.url, form.join(" "))
}

pub(crate) async fn an_order_is_given_once(vendor: &Vendor) {
    let stage = ready(vendor).await;
    vendor.begins(&stage).await;
    let started = stage.pipeline(vendor).start(&stage.order()).await;
    let Started::Run(run) = started else { panic!("{started:?}") };
    assert_eq!(run.id.as_str(), vendor.run());
    assert!(run.url.is_none_or(|url| url.starts_with(&stage.server.uri())));
    let asked = stage.asked_at(vendor.start()).await;
    assert_eq!(asked.len(), 1);
    let said = words(&asked[0]);
    assert!(said.contains(OURS) && (said.contains("v2.1.0") || said.contains(SHA)), "{said}");
    for request in stage.asked().await {
        assert!(vendor.proves(&request, TOKEN), "{} {}", request.method, request.url);
        assert!(request.headers["user-agent"].to_str().unwrap().starts_with("pilothouse/"));
    }
}

pub(crate) async fn what_was_approved_is_never_replaced_by_a_parameter(vendor: &Vendor) {
    let stage = ready(vendor).await;
    vendor.begins(&stage).await;
    let mut order = stage.order();
    order.parameters.insert("commit".to_owned(), "main".to_owned());
    let started = stage.pipeline(vendor).start(&order).await;
    if vendor.keeps_parameters_apart() {
        let said = words(&stage.asked_at(vendor.start()).await[0]);
        assert!(said.contains(SHA) && matches!(started, Started::Run(_)), "{said}");
        return;
    }
    let Started::Refused(why) = started else { panic!("{started:?}") };
    assert!(why.contains("`commit`"), "{why}");
    assert_eq!(stage.count(vendor.start()).await, 0);
}

pub(crate) async fn after_a_crash_the_own_run_is_found_among_others(vendor: &Vendor) {
    let stage = ready(vendor).await;
    vendor.lists(&stage, &["ph-8f2c91d4-12", OURS, "xph-8f2c91d4-1"]).await;
    let found = stage.pipeline(vendor).find(&stage.order()).await.unwrap();
    let Found::Run(run) = found else { panic!("{found:?}") };
    assert_eq!(run.id.as_str(), vendor.run());
    assert_eq!(stage.count(vendor.start()).await, 0, "looking starts nothing");
    _ = stage.asked().await;
}

pub(crate) async fn a_run_that_is_not_listed_might_still_be_there(vendor: &Vendor) {
    for others in [&[][..], &["ph-8f2c91d4-12"]] {
        let stage = ready(vendor).await;
        vendor.lists(&stage, others).await;
        let found = stage.pipeline(vendor).find(&stage.order()).await.unwrap();
        assert!(matches!(found, Found::NotSeen), "{found:?}");
    }
}

pub(crate) async fn a_search_without_a_clear_answer_finds_nothing_out(vendor: &Vendor) {
    for answer in [
        ResponseTemplate::new(200).set_body_raw("<html>", "text/html"),
        ResponseTemplate::new(200).set_body_json(json!("none")),
        ResponseTemplate::new(403).set_body_json(json!({ "message": "Forbidden" })),
    ] {
        let stage = ready(vendor).await;
        stage.once(vendor.list(), answer).await;
        let found = stage.pipeline(vendor).find(&stage.order()).await;
        assert!(found.is_err(), "{found:?}");
    }
}

pub(crate) async fn a_run_is_watched_to_its_end(vendor: &Vendor) {
    for state in vendor.states() {
        let stage = ready(vendor).await;
        vendor.is(&stage, Some(state)).await;
        let seen = stage.pipeline(vendor).progress(&the_run(vendor)).await.unwrap();
        assert_eq!(seen.state, state, "{seen:?}");
        assert!(seen.done <= seen.total, "{seen:?}");
        match state {
            RunState::Running if seen.total > 0 => {
                assert_eq!((seen.done, seen.total), (1, 3), "{seen:?}");
                assert!(seen.step.is_some(), "{seen:?}");
            }
            RunState::Failed => assert!(seen.detail.is_some(), "{seen:?}"),
            _ => {}
        }
        _ = stage.asked().await;
    }
    let stage = ready(vendor).await;
    vendor.is(&stage, None).await;
    let seen = stage.pipeline(vendor).progress(&the_run(vendor)).await.unwrap();
    assert_eq!(seen.state, RunState::Unknown, "a new word is no error");
    assert!(seen.detail.unwrap().contains("levitating"), "the raw word is shown");
}

pub(crate) async fn a_run_that_is_gone_is_no_failure(vendor: &Vendor) {
    let stage = ready(vendor).await;
    let gone = ResponseTemplate::new(404).set_body_json(json!({ "message": "404 Not found" }));
    stage.raw(vendor.state(), gone).await;
    let seen = stage.pipeline(vendor).progress(&the_run(vendor)).await.unwrap();
    assert_eq!(seen.state, RunState::Unknown);
    assert!(seen.detail.unwrap().contains("no longer shows"));
}

pub(crate) async fn garbage_is_no_state(vendor: &Vendor) {
    for answer in [
        ResponseTemplate::new(200).set_body_raw("<html>", "text/html"),
        ResponseTemplate::new(200).set_body_raw(r#"{"id": 456, "status": "comp"#, "text/json"),
        ResponseTemplate::new(200).set_body_json(json!([7])),
        ResponseTemplate::new(403).set_body_json(json!({ "message": "Forbidden" })),
    ] {
        let stage = ready(vendor).await;
        stage.raw(vendor.state(), answer).await;
        let seen = stage.pipeline(vendor).progress(&the_run(vendor)).await;
        assert!(seen.is_err(), "{seen:?}");
    }
}

pub(crate) async fn a_bad_moment_is_waited_out(vendor: &Vendor) {
    let stage = ready(vendor).await;
    stage.once(vendor.state(), ResponseTemplate::new(502)).await;
    vendor.is(&stage, Some(RunState::Running)).await;
    let seen = stage.pipeline(vendor).progress(&the_run(vendor)).await.unwrap();
    assert_eq!(seen.state, RunState::Running);
    assert_eq!(stage.count(vendor.state()).await, 2);
}

pub(crate) async fn a_slow_server_is_not_waited_for(vendor: &Vendor) {
    let stage = ready(vendor).await;
    stage.raw(vendor.state(), late()).await;
    let pipeline = stage.open(hasty(vendor.settings(&stage))).unwrap();
    let run = the_run(vendor);
    let watched = tokio::time::timeout(Duration::from_secs(9), pipeline.progress(&run));
    assert!(watched.await.expect("it gave up in time").is_err());
}

pub(crate) async fn stopping_is_asked_for_once(vendor: &Vendor) {
    let stage = ready(vendor).await;
    vendor.stops(&stage).await;
    stage.pipeline(vendor).cancel(&the_run(vendor)).await.unwrap();
    assert_eq!(stage.count(vendor.stop()).await, 1);

    let stage = ready(vendor).await;
    stage.once(vendor.stop(), ResponseTemplate::new(500)).await;
    vendor.stops(&stage).await;
    let stopped = stage.pipeline(vendor).cancel(&the_run(vendor)).await;
    assert!(stopped.is_err(), "{stopped:?}");
    assert_eq!(stage.count(vendor.stop()).await, 1);
}

pub(crate) async fn a_refusal_is_told_and_starts_nothing(vendor: &Vendor) {
    for (status, said, shown) in vendor.refusals() {
        let stage = ready(vendor).await;
        stage.raw(vendor.start(), ResponseTemplate::new(status).set_body_json(said)).await;
        let started = stage.pipeline(vendor).start(&stage.order()).await;
        let Started::Refused(why) = started else { panic!("{status}: {started:?}") };
        assert!(why.contains(shown), "{status}: {why}");
        assert_eq!(stage.count(vendor.start()).await, 1, "{status}");
    }
}

pub(crate) async fn no_clear_answer_is_never_taken_for_a_refusal(vendor: &Vendor) {
    let mut answers = vec![
        ResponseTemplate::new(500),
        ResponseTemplate::new(502).set_body_raw("<html>Bad Gateway</html>", "text/html"),
        ResponseTemplate::new(503),
        ResponseTemplate::new(408),
    ];
    if !vendor.says_nothing() {
        answers.extend([
            ResponseTemplate::new(200).set_body_raw("<html>Sign in</html>", "text/html"),
            ResponseTemplate::new(201).set_body_raw(r#"{"id": 4"#, "application/json"),
            ResponseTemplate::new(200).set_body_json(json!({ "id": ["forty-two"] })),
        ]);
    }
    for answer in answers {
        let stage = ready(vendor).await;
        stage.raw(vendor.start(), answer).await;
        let started = stage.pipeline(vendor).start(&stage.order()).await;
        assert!(matches!(started, Started::Unclear(_)), "{started:?}");
        assert_eq!(stage.count(vendor.start()).await, 1);
    }
    let stage = ready(vendor).await;
    stage.raw(vendor.start(), late()).await;
    let pipeline = stage.open(hasty(vendor.settings(&stage))).unwrap();
    let started = pipeline.start(&stage.order()).await;
    assert!(matches!(started, Started::Unclear(_)), "{started:?}");
    assert_eq!(stage.count(vendor.start()).await, 1);

    let stage = ready(vendor).await;
    stage.hangs_up(vendor.start()).await;
    let started = stage.pipeline(vendor).start(&stage.order()).await;
    assert!(matches!(started, Started::Unclear(_)), "{started:?}");
    assert_eq!(stage.count(vendor.start()).await, 1);
}

pub(crate) async fn a_server_that_is_not_there_started_nothing(vendor: &Vendor) {
    let stage = Stage::of(vendor).await;
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let settings = vendor.settings(&stage).to_string();
    let settings = settings.replace(&stage.server.uri(), &format!("http://{nobody}"));
    let pipeline = stage.open(serde_json::from_str(&settings).unwrap()).unwrap();
    let started = pipeline.start(&stage.order()).await;
    assert!(matches!(started, Started::NotNow(_)), "{started:?}");
}

pub(crate) async fn nobody_is_followed_to_another_server(vendor: &Vendor) {
    let (stage, other) = (ready(vendor).await, Stage::of(vendor).await);
    for status in [302, 307] {
        let there = format!("{}/elsewhere", other.server.uri());
        let sent = ResponseTemplate::new(status).append_header("location", there.as_str());
        stage.once(vendor.start(), sent).await;
        let started = stage.pipeline(vendor).start(&stage.order()).await;
        assert!(matches!(started, Started::Refused(_)), "{status}: {started:?}");
    }
    assert!(other.server.received_requests().await.unwrap().is_empty(), "no token goes elsewhere");
}

pub(crate) async fn a_limit_is_kept_without_asking(vendor: &Vendor) {
    let soon = (pilothouse::clock::Clock::system().now().0 / 1000 + 30).to_string();
    for (status, headers) in [
        (429, &[("retry-after", "30")][..]),
        (503, &[("retry-after", "30")]),
        (429, &[("ratelimit-remaining", "0"), ("ratelimit-reset", &soon)]),
        (429, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", &soon)]),
        (429, &[]),
    ] {
        let stage = ready(vendor).await;
        let mut limited =
            ResponseTemplate::new(status).set_body_json(json!({ "message": "later" }));
        for (name, value) in headers {
            limited = limited.append_header(*name, *value);
        }
        stage.once(vendor.start(), limited).await;
        vendor.begins(&stage).await;
        let pipeline = stage.pipeline(vendor);
        for _ in 0..2 {
            let started = pipeline.start(&stage.order()).await;
            assert!(matches!(started, Started::NotNow(_)), "{headers:?}: {started:?}");
        }
        assert_eq!(stage.count(vendor.start()).await, 1, "{headers:?}");
        stage.clock.advance(Duration::from_secs(61));
        let started = pipeline.start(&stage.order()).await;
        assert!(matches!(started, Started::Run(_)), "{headers:?}: {started:?}");
    }
}

pub(crate) async fn a_rotated_token_counts_from_its_next_use(vendor: &Vendor) {
    let stage = ready(vendor).await;
    vendor.is(&stage, Some(RunState::Running)).await;
    let pipeline = stage.pipeline(vendor);
    pipeline.progress(&the_run(vendor)).await.unwrap();
    let before = stage.asked().await.len();
    stage.token(OTHER);
    pipeline.progress(&the_run(vendor)).await.unwrap();
    for (index, request) in stage.asked().await.iter().enumerate() {
        let token = if index < before { TOKEN } else { OTHER };
        assert!(vendor.proves(request, token), "{index}");
    }
    assert_eq!(pilothouse::secrets::redact("it said pretended-token-two"), "it said [secret]");
}

pub(crate) async fn a_token_that_changed_meanwhile_is_tried(vendor: &Vendor) {
    let stage = ready(vendor).await;
    let file = stage.token_file();
    let rotates = move |_: &Request| {
        std::fs::write(&file, OTHER).unwrap();
        ResponseTemplate::new(401).set_body_json(json!({ "message": "Unauthorized" }))
    };
    stage.once(vendor.start(), rotates).await;
    vendor.begins(&stage).await;
    let started = stage.pipeline(vendor).start(&stage.order()).await;
    assert!(matches!(started, Started::Run(_)), "{started:?}");
    let asked = stage.asked_at(vendor.start()).await;
    assert_eq!(asked.len(), 2, "the refused one, and the one that counts");
    assert!(vendor.proves(&asked[0], TOKEN) && vendor.proves(&asked[1], OTHER));
}

pub(crate) async fn what_there_is_not_is_said_with_what_there_is(vendor: &Vendor) {
    let stage = ready(vendor).await;
    if !vendor.knows_versions(&stage).await {
        let resolved = resolve(&*stage.pipeline(vendor), "v2.2.0", None).await.unwrap();
        assert_eq!(resolved, pilothouse::pipelines::Resolved::default());
        return;
    }
    let pipeline = stage.pipeline(vendor);
    resolve(&*pipeline, "v2.1.0", None).await.unwrap();
    let no = resolve(&*pipeline, "v2.2.0", None).await.unwrap_err();
    let Unresolved::NoSuchVersion(sentence) = no else { panic!("{no:?}") };
    assert!(sentence.contains("`v2.2.0`") && sentence.contains("`v2.1.0`"), "{sentence}");
    _ = stage.asked().await;
}
