//! What each vendor answers to a harmless question, and what an operator is told.

use pilothouse::greeting::{Greeting, Verdict};
use serde_json::{Value, json};

use super::{
    argo_cd::ArgoCd,
    azure_devops::AzureDevops,
    gitlab::Gitlab,
    jenkins::Jenkins,
    stage::{Stage, TOKEN},
    vendor::{PretendVendor, Spot},
};

/// What is answered where.
type Answers = Vec<(Spot, u16, Value)>;

async fn told(vendor: &dyn PretendVendor, answers: &Answers) -> Vec<Greeting> {
    let stage = Stage::of(vendor).await;
    for (spot, status, body) in answers {
        stage.answers(*spot, *status, body.clone()).await;
    }
    let told = stage.pipeline(vendor).greet(stage.clock.now()).await;
    for request in stage.asked().await {
        assert_eq!(request.method.as_str(), "GET", "the question is harmless");
    }
    assert!(!format!("{told:?}").contains(TOKEN), "{told:?}");
    told
}

/// Everything is well.
async fn is_well(vendor: &dyn PretendVendor, answers: &Answers) -> Vec<Greeting> {
    let told = told(vendor, answers).await;
    assert!(told.iter().all(|one| one.verdict <= Verdict::Unseen), "{told:?}");
    assert_eq!(told[0].verdict, Verdict::Ok);
    told
}

/// The same, with one answer replaced: just that is told of.
async fn is_odd(
    vendor: &dyn PretendVendor,
    well: &Answers,
    (spot, status, body): (Spot, u16, Value),
    (verdict, said, advice): (Verdict, &str, &str),
) {
    let mut answers = well.clone();
    answers.retain(|(other, ..)| *other != spot);
    answers.push((spot, status, body));
    let told = told(vendor, &answers).await;
    let odd: Vec<_> = told.iter().filter(|one| one.verdict > Verdict::Unseen).collect();
    assert_eq!(odd.len(), 1, "{spot:?} {told:?}");
    assert_eq!(odd[0].verdict, verdict, "{odd:?}");
    assert!(odd[0].said.contains(said), "{odd:?}");
    assert!(odd[0].advice.as_ref().is_some_and(|told| told.contains(advice)), "{odd:?}");
}

fn refusal(said: &str) -> Value {
    json!({ "message": format!("{said} {TOKEN}") })
}

#[tokio::test]
async fn gitlab() {
    const HOOKS: Spot = ("GET", "/api/v4/projects/shop%2Fcheckout/hooks");
    const PROJECT: Spot = ("GET", "/api/v4/projects/shop%2Fcheckout");
    const BRANCH: Spot = ("GET", "/api/v4/projects/shop%2Fcheckout/repository/commits/main");
    const SELF: Spot = ("GET", "/api/v4/personal_access_tokens/self");
    let project = |level: u32, role: &str| {
        json!({
            "id": 1, "path_with_namespace": "shop/checkout", "archived": false,
            "permissions": { "project_access": { "access_level": level }, "group_access": null },
            "ci_pipeline_variables_minimum_override_role": role
        })
    };
    let token = |scope: &str, end: &str| json!({ "scopes": [scope], "expires_at": end });
    let hooks = |status: &str| {
        let ours = "https://chatops.example.com/hooks/gitlab";
        json!([{ "id": 1, "url": ours, "alert_status": status },
               { "id": 2, "url": "https://elsewhere.example", "alert_status": "disabled" }])
    };
    let well = vec![
        (HOOKS, 200, hooks("executable")),
        (PROJECT, 200, project(30, "developer")),
        (BRANCH, 200, json!({ "id": "7fd1a60b01f91b314f59955a4e4d4e80d8edf11d" })),
        (SELF, 200, token("api", "2027-11-25")),
    ];
    let told = is_well(&Gitlab, &well).await;
    assert_eq!(told[0].said, "shop/checkout, the token may start pipelines (role Developer)");
    assert_eq!(told[1].said, "the token is good until 2027-11-25");
    let bad = |said, advice| (Verdict::Bad, said, advice);
    for (answer, wanted) in [
        (
            (PROJECT, 404, refusal("404 Project Not Found")),
            bad("no project shop/checkout", "`api`"),
        ),
        ((PROJECT, 401, refusal("401 Unauthorized")), bad("does not take the credential", "new")),
        ((PROJECT, 200, project(20, "developer")), bad("the role Reporter only", "Developer")),
        ((PROJECT, 200, project(30, "maintainer")), bad("pass variables", "pass: inputs")),
        ((BRANCH, 404, refusal("404 Commit Not Found")), bad("no branch or tag `main`", "`ref`")),
        ((SELF, 200, token("read_api", "2027-11-25")), bad("scopes read_api only", "`api`")),
        ((SELF, 200, token("api", "2026-11-30")), (Verdict::Warn, "in 5 days", "new one")),
        ((HOOKS, 200, hooks("temporarily_disabled")), (Verdict::Warn, "a webhook of", "Webhooks")),
    ] {
        is_odd(&Gitlab, &well, answer, wanted).await;
    }
}

#[tokio::test]
async fn azure_devops() {
    const PIPELINE: Spot = ("GET", "/acme/Shop/_apis/pipelines/42");
    const REPOSITORY: Spot = ("GET", "/acme/Shop/_apis/git/repositories/checkout");
    const HOOKS: Spot = ("GET", "/acme/_apis/hooks/subscriptions");
    let hooks = |status: &str, url: &str| {
        let one = json!({
            "id": "00000000-0000-0000-0000-000000000007", "status": status,
            "consumerId": "webHooks", "consumerInputs": { "url": url }
        });
        json!({ "count": 1, "value": [one] })
    };
    let ours = "https://chatops.example.com/hooks/azure";
    let well = vec![
        (PIPELINE, 200, json!({ "id": 42, "name": "Deploy", "folder": "\\", "revision": 3 })),
        (REPOSITORY, 200, json!({ "id": "x", "name": "checkout" })),
        (HOOKS, 200, hooks("enabled", ours)),
    ];
    let told = is_well(&AzureDevops, &well).await;
    assert_eq!(told[0].said, "Shop, pipeline 42 (Deploy)");
    for status in ["onProbation", "disabledBySystem"] {
        let wanted = (Verdict::Warn, status, "Service hooks");
        is_odd(&AzureDevops, &well, (HOOKS, 200, hooks(status, ours)), wanted).await;
    }
    let mut others = well.clone();
    others[2] = (HOOKS, 200, hooks("disabledByUser", "https://elsewhere.example/x"));
    is_well(&AzureDevops, &others).await;
    others[2] = (HOOKS, 403, refusal("TF400813"));
    let told = is_well(&AzureDevops, &others).await;
    assert!(told.iter().any(|one| one.said.contains("service hooks")), "{told:?}");
    let bad = |said, advice| (Verdict::Bad, said, advice);
    for (answer, wanted) in [
        ((PIPELINE, 404, refusal("not found")), bad("no pipeline 42 in Shop", "definitionId")),
        ((PIPELINE, 302, Value::Null), bad("its sign-in page", "new credential")),
        ((REPOSITORY, 404, refusal("TF401019")), bad("no repository checkout", "Code (read)")),
    ] {
        is_odd(&AzureDevops, &well, answer, wanted).await;
    }
}

#[tokio::test]
async fn jenkins() {
    const JOB: Spot = ("GET", "/job/shop/job/checkout/api/json");
    let job = |names: &[&str], buildable: bool| {
        let declared: Vec<Value> = names.iter().map(|name| json!({ "name": name })).collect();
        json!({ "buildable": buildable, "property": [{}, { "parameterDefinitions": declared }] })
    };
    let all = ["version", "request_id", "commit", "environment", "service"];
    let well = vec![(JOB, 200, job(&all, true))];
    is_well(&Jenkins, &well).await;
    let bad = |said, advice| (Verdict::Bad, said, advice);
    for (answer, wanted) in [
        ((JOB, 200, job(&all, false)), bad("is disabled", "Enable")),
        ((JOB, 200, job(&all[..2], true)), bad("no parameter `commit`", "Declare")),
        ((JOB, 404, refusal("Not Found")), bad("no job shop/checkout", "Job/Build")),
        ((JOB, 401, refusal("Invalid password/token")), bad("does not take", "new one")),
    ] {
        is_odd(&Jenkins, &well, answer, wanted).await;
    }
}

#[tokio::test]
async fn argo_cd() {
    const APPLICATION: Spot = ("GET", "/api/v1/applications/checkout");
    const MAY: Spot = ("GET", "/api/v1/account/can-i/applications/sync/shop/checkout");
    let application = |policy: Value| {
        json!({
            "metadata": { "name": "checkout" },
            "spec": {
                "project": "shop", "syncPolicy": policy,
                "source": { "repoURL": "https://git.example/x.git", "targetRevision": "main" }
            }
        })
    };
    let well =
        vec![(APPLICATION, 200, application(json!({}))), (MAY, 200, json!({ "value": "yes" }))];
    is_well(&ArgoCd, &well).await;
    let bad = |said, advice| (Verdict::Bad, said, advice);
    for (answer, wanted) in [
        (
            (APPLICATION, 200, application(json!({ "automated": {} }))),
            bad("keeps checkout at `main` by itself", "Switch auto-sync off"),
        ),
        ((APPLICATION, 403, refusal("permission denied")), bad("no application checkout", "sync")),
        ((APPLICATION, 401, refusal("invalid session")), bad("does not take", "new one")),
        ((MAY, 200, json!({ "value": "no" })), bad("may not sync checkout", "RBAC")),
    ] {
        is_odd(&ArgoCd, &well, answer, wanted).await;
    }
}
