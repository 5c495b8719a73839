//! What a version stands for, what would ship, and what no version can do.

use pilothouse::{
    names::Version,
    pipelines::{Changes, Unresolved},
};
use serde_json::json;
use wiremock::ResponseTemplate;

use super::{
    hub::{Hub, OLD, SHA, resolve},
    shapes::{commit, refusal, tag},
};

const COMMIT: &str = "/repos/acme/checkout/commits/v2.1.0";
const TAGS: &str = "/repos/acme/checkout/tags";

fn compare() -> String {
    format!("/repos/acme/checkout/compare/{OLD}...{SHA}")
}

#[tokio::test]
async fn a_version_is_a_commit_and_what_would_ship_is_told_newest_first() {
    let hub = Hub::start().await;
    hub.answers("GET", COMMIT, 200, commit(SHA, "Bob", "Round prices once\n\nBecause.")).await;
    let comparison = |page: String| {
        json!({
            "html_url": page, "status": "diverged", "ahead_by": 312, "behind_by": 1,
            "total_commits": 312, "files": [],
            "commits": [
                commit(OLD, "Alice", "Add a basket"),
                commit(SHA, "Bob", "Round prices once\n\nBecause."),
            ]
        })
    };
    let page = format!("{}/acme/checkout/compare/a...b", hub.server.uri());
    hub.answers("GET", &compare(), 200, comparison(page.clone())).await;
    let resolved = resolve(&*hub.pipeline(&json!({})), "v2.1.0", Some(OLD)).await.unwrap();
    assert_eq!(resolved.commit.as_deref(), Some(SHA));
    let changes = resolved.changes.unwrap();
    assert_eq!((changes.total, changes.behind, changes.url), (312, 1, Some(page)));
    let told: Vec<(&str, &str)> =
        changes.commits.iter().map(|c| (c.author.as_str(), c.title.as_str())).collect();
    assert_eq!(told, [("Bob", "Round prices once"), ("Alice", "Add a basket")]);
    hub.asked().await;

    let hub = Hub::start().await;
    hub.answers("GET", COMMIT, 200, commit(SHA, "Bob", "x")).await;
    hub.answers("GET", &compare(), 200, comparison("http://evil.example/".to_owned())).await;
    let resolved = resolve(&*hub.pipeline(&json!({})), "v2.1.0", Some(OLD)).await.unwrap();
    assert_eq!(resolved.changes.unwrap().url, None, "a page of somebody else is not linked");
}

#[tokio::test]
async fn what_github_cannot_compare_is_not_told() {
    for since in [OLD, "../../user", "nothing known"] {
        let hub = Hub::start().await;
        hub.answers("GET", COMMIT, 200, commit(SHA, "Bob", "x")).await;
        hub.answers("GET", &compare(), 404, refusal("Not Found", 404)).await;
        let resolved = resolve(&*hub.pipeline(&json!({})), "v2.1.0", Some(since)).await.unwrap();
        assert_eq!((resolved.commit.as_deref(), resolved.changes), (Some(SHA), None));
    }
    let hub = Hub::start().await;
    hub.answers("GET", COMMIT, 200, commit(SHA, "Bob", "x")).await;
    let resolved = resolve(&*hub.pipeline(&json!({})), "v2.1.0", Some(SHA)).await.unwrap();
    assert_eq!(resolved.changes, Some(Changes::default()), "the same commit is no change");
}

#[tokio::test]
async fn a_version_that_does_not_exist_is_answered_with_those_that_do() {
    for status in [404, 422] {
        let hub = Hub::start().await;
        let no = refusal("No commit found for SHA: v2.1.0", status);
        hub.answers("GET", COMMIT, status, no).await;
        let tags = json!([tag("v2.1.1"), tag("nightly"), tag("v2.0.9"), tag("v2.1.0\u{202e}x")]);
        hub.answers("GET", TAGS, 200, tags).await;
        let failed = resolve(&*hub.pipeline(&json!({})), "v2.1.0", None).await.unwrap_err();
        let Unresolved::NoSuchVersion(why) = failed else { panic!("{failed:?}") };
        assert_eq!(
            why,
            "acme/checkout has no tag, branch or commit `v2.1.0`; there is `v2.1.1`, `v2.0.9`"
        );
    }
}

#[tokio::test]
async fn a_repository_that_is_not_shown_is_no_missing_version() {
    let hub = Hub::start().await;
    hub.answers("GET", COMMIT, 404, refusal("Not Found", 404)).await;
    hub.answers("GET", TAGS, 404, refusal("Not Found", 404)).await;
    let failed = resolve(&*hub.pipeline(&json!({})), "v2.1.0", None).await.unwrap_err();
    assert!(matches!(&failed, Unresolved::Broken(_)), "{failed:?}");
    assert!(failed.to_string().contains("shows no repository acme/checkout"), "{failed}");
}

#[tokio::test]
async fn an_answer_that_is_none_resolves_nothing() {
    for answer in [
        ResponseTemplate::new(200).set_body_raw("<html>", "text/html"),
        ResponseTemplate::new(200).set_body_json(json!({ "sha": "not a commit's id" })),
        ResponseTemplate::new(200).set_body_json(json!({})),
    ] {
        let hub = Hub::start().await;
        hub.raw("GET", COMMIT, answer).await;
        let failed = resolve(&*hub.pipeline(&json!({})), "v2.1.0", None).await.unwrap_err();
        assert!(matches!(failed, Unresolved::Broken(_)), "{failed:?}");
    }
}

#[tokio::test]
async fn no_version_leads_to_another_address() {
    let hostile = [
        "../..",
        "..%2f..",
        "%2e%2e",
        "%2e%2e/%2e%2e/user",
        "a/../../user",
        "..\\..\\user",
        "a?b",
        "a#b",
        "a;b",
        "a\r\nHost: evil",
        "a\tb",
        "-rf",
        "/user",
        "//evil.example",
        "a b",
        "$(id)",
        "a@b",
        "https://evil.example",
        "a\0b",
        "a%0d%0ab",
        ".",
        "..",
        "",
    ];
    for text in hostile {
        assert!(text.parse::<Version>().is_err(), "{text:?} is refused at the door");
    }
    let hub = Hub::start().await;
    let pipeline = hub.pipeline(&json!({}));
    for (text, at) in [
        ("release/2.1", "release%2F2.1"),
        ("a/./b", "a%2F.%2Fb"),
        ("a//b", "a%2F%2Fb"),
        ("v1+build.7", "v1+build.7"),
    ] {
        assert!(resolve(&*pipeline, text, None).await.is_err());
        let asked = hub.asked().await;
        let paths: Vec<&str> = asked.iter().map(|r| r.url.path()).collect();
        let wanted = format!("/repos/acme/checkout/commits/{at}");
        assert_eq!(paths[paths.len() - 2..], [wanted.as_str(), TAGS]);
    }
}

#[tokio::test]
async fn names_in_the_configuration_are_refused_and_never_cleaned() {
    let hub = Hub::start().await;
    for repository in
        ["acme", "acme/..", "./x", "a/b/c", "a b/c", "acme/x?y", "/x", "acme/", "a/b\r\n"]
    {
        assert!(hub.open(&json!({ "repository": repository })).is_err(), "{repository:?}");
    }
    for workflow in ["deploy", "../x.yml", "a/b.yml", ".yml", "x.yml?y", "", "a b.yml"] {
        assert!(hub.open(&json!({ "workflow": workflow })).is_err(), "{workflow:?}");
    }
    for inputs in [json!({ "version": "a b" }), json!({ "commit": "version" }), json!({ "x": "y" })]
    {
        assert!(hub.open(&json!({ "inputs": inputs })).is_err(), "{inputs}");
    }
    for github in [json!({ "api": "http://github.example" }), json!({ "timeout": "11s" })] {
        assert!(hub.open(&json!({ "github": github })).is_err(), "{github}");
    }
    assert!(hub.open(&json!({ "workflow": 159_038, "repository": "acme/.github" })).is_ok());
}

#[test]
fn a_configuration_is_read_as_people_write_it() {
    let text = "
kind: github_actions
repository: acme/checkout
workflow: 159038
ref: release/next
inputs: { service: null }
github:
  api: https://github.acme.example/api/v3
  timeout: 5s
  credential:
    app: { app: 4711, key: 'file:/run/secrets/app.pem' }
";
    let read: pilothouse::pipelines::Settings = serde_saphyr::from_str(text).unwrap();
    let written = serde_json::to_value(read).unwrap();
    assert_eq!(written["workflow"], "159038");
    assert_eq!(written["inputs"]["service"], json!(null));
    assert_eq!(written["inputs"]["commit"], "commit");
    assert_eq!(written["github"]["credential"]["app"]["app"], 4711);
}
