//! Argo CD, in the shapes its description shows.

use async_trait::async_trait;
use pilothouse::pipelines::{Found, RunState, Started, Unresolved};
use serde_json::{Value, json};
use wiremock::{Mock, Request, ResponseTemplate, matchers};

use super::{
    stage::{OURS, SHA, Stage, resolve, the_run},
    vendor::{PretendVendor, Refusal, Spot},
};

const START: Spot = ("POST", "/api/v1/applications/checkout/sync");
const STATE: Spot = ("GET", "/api/v1/applications/checkout");
const STOP: Spot = ("DELETE", "/api/v1/applications/checkout/operation");
const REFS: Spot = ("GET", "/api/v1/repositories/https:%2F%2Fgit.acme.example%2Fcheckout.git/refs");

pub(crate) struct ArgoCd;

fn application(health: &str) -> Value {
    json!({
        "metadata": { "name": "checkout", "namespace": "argocd", "resourceVersion": "17" },
        "spec": {
            "project": "shop", "destination": { "namespace": "shop", "name": "in-cluster" },
            "source": { "repoURL": "https://git.acme.example/checkout.git", "path": "deploy",
                        "targetRevision": "main" }
        },
        "status": { "sync": { "status": "OutOfSync", "revision": SHA },
                    "health": { "status": health, "lastTransitionTime": "2026-11-25T02:08:12Z" },
                    "history": [{ "id": 3, "revision": SHA }] }
    })
}

fn operation(id: &str) -> Value {
    let info = json!([{ "name": "pilothouse-request-id", "value": id },
                      { "name": "region", "value": "eu" }]);
    json!({ "sync": { "revision": SHA, "prune": false }, "info": info,
            "initiatedBy": { "username": "pilothouse" } })
}

fn doing(health: &str, id: &str, (phase, message): (&str, &str)) -> Value {
    let resource = |name: &str, status: &str, hook: &str| {
        json!({ "group": "apps", "version": "v1", "kind": "Deployment", "namespace": "shop",
                "name": name, "status": status, "hookPhase": hook, "syncPhase": "Sync" })
    };
    let resources = [
        resource("db", "Synced", "Succeeded"),
        resource("api", "Synced", "Running"),
        resource("web", "", ""),
    ];
    let mut application = application(health);
    application["status"]["operationState"] = json!({
        "phase": phase, "message": message, "operation": operation(id),
        "startedAt": "2026-11-25T02:08:12Z",
        "syncResult": { "revision": SHA, "resources": resources }
    });
    application
}

#[async_trait]
impl PretendVendor for ArgoCd {
    fn settings(&self, stage: &Stage) -> Value {
        json!({ "kind": "argo_cd", "url": stage.server.uri(), "application": "checkout",
                "project": "shop", "token": stage.secret() })
    }

    fn start(&self) -> Spot {
        START
    }

    fn list(&self) -> Spot {
        STATE
    }

    fn state(&self) -> Spot {
        STATE
    }

    fn stop(&self) -> Spot {
        STOP
    }

    fn run(&self) -> &'static str {
        OURS
    }

    async fn is_ready(&self, stage: &Stage) {
        let mock = Mock::given(matchers::method(STATE.0)).and(matchers::path(STATE.1));
        let answer = doing("Healthy", OURS, ("Running", ""));
        let answer = ResponseTemplate::new(200).set_body_json(answer);
        mock.respond_with(answer).with_priority(10).mount(&stage.server).await;
    }

    async fn begins(&self, stage: &Stage) {
        let mut application = doing("Healthy", "ph-11111111-1", ("Succeeded", "all synced"));
        application["operation"] = operation(OURS);
        stage.answers(START, 200, application).await;
    }

    async fn lists(&self, stage: &Stage, ids: &[&str]) {
        // An application shows one operation, and the one that waits.
        let shown = match ids {
            [] => application("Healthy"),
            [one] => doing("Healthy", one, ("Running", "")),
            [first, ..] => {
                let mut application = doing("Healthy", first, ("Succeeded", ""));
                application["operation"] = operation(OURS);
                application
            }
        };
        stage.answers(STATE, 200, shown).await;
    }

    async fn is(&self, stage: &Stage, now: Option<RunState>) {
        let seen = match now {
            Some(RunState::Queued) => {
                let mut application = application("Healthy");
                application["operation"] = operation(OURS);
                application
            }
            Some(RunState::WaitingApproval) => doing("Suspended", OURS, ("Succeeded", "")),
            Some(RunState::Running) => doing("Progressing", OURS, ("Running", "")),
            Some(RunState::Succeeded) => doing("Healthy", OURS, ("Succeeded", "all synced")),
            Some(RunState::Failed) => {
                doing("Degraded", OURS, ("Failed", "one or more tasks failed"))
            }
            Some(RunState::Cancelled) => doing("Healthy", OURS, ("Failed", "Operation terminated")),
            _ => doing("Healthy", OURS, ("levitating", "")),
        };
        stage.answers(STATE, 200, seen).await;
    }

    async fn stops(&self, stage: &Stage) {
        stage.answers(STOP, 200, json!({})).await;
    }

    fn refusals(&self) -> Vec<Refusal> {
        let said =
            |code: u8, message: &str| json!({ "error": message, "code": code, "message": message });
        vec![
            (400, said(9, "application is deleting"), "application is deleting"),
            (401, said(16, "invalid session: token expired"), "token expired"),
            (403, said(7, "permission denied: applications, sync"), "no application checkout"),
            (404, said(5, "applications.argoproj.io \"checkout\" not found"), "not found"),
        ]
    }

    async fn knows_versions(&self, stage: &Stage) -> bool {
        stage.answers(REFS, 200, json!({ "branches": ["main"], "tags": ["v2.1.0"] })).await;
        true
    }

    fn keeps_parameters_apart(&self) -> bool {
        true
    }

    fn proves(&self, request: &Request, token: &str) -> bool {
        let bearer = format!("Bearer {token}");
        request.headers.get("authorization").is_some_and(|sent| *sent == *bearer)
    }
}

async fn stage() -> Stage {
    let stage = Stage::of(&ArgoCd).await;
    ArgoCd.is_ready(&stage).await;
    stage
}

#[tokio::test]
async fn it_syncs_to_what_was_approved_and_the_operation_carries_the_request_id() {
    let stage = stage().await;
    ArgoCd.begins(&stage).await;
    let Started::Run(run) = stage.pipeline(&ArgoCd).start(&stage.order()).await else { panic!() };
    assert_eq!(run.label, "sync of checkout");
    let asked = &stage.asked_at(START).await[0];
    let said: Value = asked.body_json().unwrap();
    assert_eq!((&said["revision"], &said["prune"]), (&json!(SHA), &json!(false)));
    assert_eq!(said["infos"][0], json!({ "name": "pilothouse-request-id", "value": OURS }));
    assert_eq!(asked.url.query(), Some("project=shop"));
}

#[tokio::test]
async fn auto_sync_is_said_before_anybody_approves_and_again_before_anything_starts() {
    let stage = Stage::of(&ArgoCd).await;
    let mut followed = application("Healthy");
    followed["spec"]["syncPolicy"] = json!({ "automated": { "prune": true, "selfHeal": true } });
    stage.answers(STATE, 200, followed).await;
    let pipeline = stage.pipeline(&ArgoCd);
    let no = resolve(&*pipeline, "v2.0.0", Some("v2.1.0")).await.unwrap_err();
    let Unresolved::NoSuchVersion(early) = no else { panic!("{no:?}") };
    let started = pipeline.start(&stage.order()).await;
    let Started::Refused(late) = started else { panic!("{started:?}") };
    for why in [early, late] {
        assert!(why.contains("keeps checkout at `main` by itself (auto-sync)"), "{why}");
        assert!(why.contains("nor rolls back"), "{why}");
    }
    assert_eq!(stage.count(START).await, 0);
}

#[tokio::test]
async fn auto_sync_that_is_switched_off_or_follows_what_is_asked_for_is_no_hindrance() {
    for policy in
        [json!({ "automated": { "enabled": false } }), json!({ "retry": {} }), json!(null)]
    {
        let stage = Stage::of(&ArgoCd).await;
        let mut seen = application("Healthy");
        seen["spec"]["syncPolicy"] = policy;
        stage.answers(STATE, 200, seen).await;
        ArgoCd.begins(&stage).await;
        let started = stage.pipeline(&ArgoCd).start(&stage.order()).await;
        assert!(matches!(started, Started::Run(_)), "{started:?}");
    }
    let stage = Stage::of(&ArgoCd).await;
    let mut seen = application("Healthy");
    seen["spec"]["syncPolicy"] = json!({ "automated": {} });
    seen["spec"]["source"]["targetRevision"] = json!("v2.1.0");
    stage.answers(STATE, 200, seen).await;
    ArgoCd.begins(&stage).await;
    let started = stage.pipeline(&ArgoCd).start(&stage.order()).await;
    assert!(matches!(started, Started::Run(_)), "{started:?}");
    let said: Value = stage.asked_at(START).await[0].body_json().unwrap();
    assert_eq!(said["revision"], "v2.1.0", "Argo CD takes no other name for it");
}

#[tokio::test]
async fn an_application_that_is_busy_is_asked_again_later() {
    let stage = stage().await;
    let busy = "another operation is already in progress";
    let busy = json!({ "error": busy, "code": 9, "message": busy });
    stage.raw(START, ResponseTemplate::new(400).set_body_json(busy)).await;
    let started = stage.pipeline(&ArgoCd).start(&stage.order()).await;
    assert!(matches!(started, Started::NotNow(_)), "{started:?}");
}

#[tokio::test]
async fn what_is_synced_has_to_become_healthy() {
    for (health, state) in [
        ("Progressing", RunState::Running),
        ("Missing", RunState::Running),
        ("Degraded", RunState::Failed),
        ("Unknown", RunState::Unknown),
    ] {
        let stage = Stage::of(&ArgoCd).await;
        stage.answers(STATE, 200, doing(health, OURS, ("Succeeded", ""))).await;
        let seen = stage.pipeline(&ArgoCd).progress(&the_run(&ArgoCd)).await.unwrap();
        assert_eq!(seen.state, state, "{health}: {seen:?}");
    }
}

#[tokio::test]
async fn an_operation_that_took_the_place_of_ours_is_neither_watched_nor_stopped() {
    let stage = Stage::of(&ArgoCd).await;
    stage.answers(STATE, 200, doing("Healthy", "ph-8f2c91d4-12", ("Succeeded", ""))).await;
    ArgoCd.stops(&stage).await;
    let pipeline = stage.pipeline(&ArgoCd);
    let seen = pipeline.progress(&the_run(&ArgoCd)).await.unwrap();
    assert_eq!(seen.state, RunState::Unknown);
    assert!(pipeline.cancel(&the_run(&ArgoCd)).await.is_err());
    assert_eq!(stage.count(STOP).await, 0);
    assert!(matches!(pipeline.find(&stage.order()).await.unwrap(), Found::NotSeen));
}
