//! GitLab, in the shapes its documentation shows.

use async_trait::async_trait;
use pilothouse::pipelines::{RunState, Started};
use serde_json::{Value, json};
use wiremock::{Request, ResponseTemplate};

use super::{
    gates::PretendGates,
    stage::{OLD, OURS, SHA, Stage, resolve},
    vendor::{PretendVendor, Refusal, Spot},
};

const START: Spot = ("POST", "/api/v4/projects/shop%2Fcheckout/pipeline");
const LIST: Spot = ("GET", "/api/v4/projects/shop%2Fcheckout/pipelines");
const STATE: Spot = ("GET", "/api/v4/projects/shop%2Fcheckout/pipelines/456");
const JOBS: Spot = ("GET", "/api/v4/projects/shop%2Fcheckout/pipelines/456/jobs");
const STOP: Spot = ("POST", "/api/v4/projects/shop%2Fcheckout/pipelines/456/cancel");
const COMMIT: Spot = ("GET", "/api/v4/projects/shop%2Fcheckout/repository/commits/v2.1.0");
const NO_COMMIT: Spot = ("GET", "/api/v4/projects/shop%2Fcheckout/repository/commits/v2.2.0");
const TAGS: Spot = ("GET", "/api/v4/projects/shop%2Fcheckout/repository/tags");
const COMPARE: Spot = ("GET", "/api/v4/projects/shop%2Fcheckout/repository/compare");

pub(crate) struct Gitlab;

fn pipeline(stage: &Stage, id: u64, status: &str) -> Value {
    json!({
        "id": id, "iid": 12, "project_id": 1, "name": null, "status": status, "ref": "main",
        "sha": OLD, "source": "api", "created_at": "2026-11-25T02:08:12.100Z", "tag": false,
        "updated_at": "2026-11-25T02:08:40.100Z", "yaml_errors": null, "coverage": null,
        "web_url": format!("{}/shop/checkout/-/pipelines/{id}", stage.server.uri()),
        "user": { "id": 7, "username": "project_1_bot", "name": "Pilothouse" }
    })
}

fn job(name: &str, stage: &str, status: &str) -> Value {
    json!({
        "id": 8, "name": name, "stage": stage, "status": status, "allow_failure": false,
        "failure_reason": if status == "failed" { json!("script_failure") } else { Value::Null },
        "ref": "main", "tag": false, "started_at": null, "finished_at": null, "duration": null
    })
}

fn commit(id: &str, title: &str) -> Value {
    json!({
        "id": id, "short_id": &id[..8], "title": title, "message": format!("{title}\n\nMore.\n"),
        "author_name": "Alice Ames", "author_email": "alice@acme.example", "parent_ids": [],
        "authored_date": "2026-11-24T16:39:27Z", "created_at": "2026-11-24T16:39:27Z"
    })
}

#[async_trait]
impl PretendVendor for Gitlab {
    fn settings(&self, stage: &Stage) -> Value {
        json!({ "kind": "gitlab", "url": stage.server.uri(), "project": "shop/checkout",
                "token": stage.secret() })
    }

    fn start(&self) -> Spot {
        START
    }

    fn list(&self) -> Spot {
        LIST
    }

    fn state(&self) -> Spot {
        STATE
    }

    fn stop(&self) -> Spot {
        STOP
    }

    fn run(&self) -> &'static str {
        "456"
    }

    async fn begins(&self, stage: &Stage) {
        stage.answers(START, 201, pipeline(stage, 456, "created")).await;
    }

    async fn lists(&self, stage: &Stage, ids: &[&str]) {
        let mut listed = vec![];
        for (index, id) in (0..).zip(ids) {
            let number = if *id == OURS { 456 } else { 455 - index };
            listed.push(pipeline(stage, number, "running"));
            let at = format!("/api/v4/projects/shop%2Fcheckout/pipelines/{number}/variables");
            let told = json!([{ "key": "version", "value": "v2.1.0", "variable_type": "env_var" },
                              { "key": "request_id", "value": id, "variable_type": "env_var" }]);
            stage.answers(("GET", at.leak()), 200, told).await;
        }
        stage.answers(LIST, 200, json!(listed)).await;
    }

    async fn is(&self, stage: &Stage, now: Option<RunState>) {
        let (word, second) = match now {
            Some(RunState::Queued) => ("pending", "created"),
            Some(RunState::WaitingApproval) => ("manual", "manual"),
            Some(RunState::Running) => ("running", "running"),
            Some(RunState::Succeeded) => ("success", "success"),
            Some(RunState::Failed) => ("failed", "failed"),
            Some(RunState::Cancelled) => ("canceled", "canceled"),
            _ => ("levitating", "levitating"),
        };
        stage.answers(STATE, 200, pipeline(stage, 456, word)).await;
        let jobs = [
            job("build", "build", "success"),
            job("roll out", "deploy", second),
            job("check", "after", "created"),
        ];
        stage.answers(JOBS, 200, json!(jobs)).await;
        if now == Some(RunState::WaitingApproval) {
            self.waits(stage, true).await;
        }
    }

    async fn stops(&self, stage: &Stage) {
        stage.answers(STOP, 200, pipeline(stage, 456, "canceling")).await;
    }

    fn refusals(&self) -> Vec<Refusal> {
        vec![
            (400, json!({ "message": { "base": ["Reference not found"] } }), "Reference not found"),
            (400, json!({ "error": "ref is missing" }), "ref is missing"),
            (401, json!({ "message": "401 Unauthorized" }), "401 Unauthorized"),
            (403, json!({ "message": "403 Forbidden" }), "403 Forbidden"),
            (404, json!({ "message": "404 Project Not Found" }), "no project shop/checkout"),
            (422, json!({ "message": "Unprocessable" }), "Unprocessable"),
        ]
    }

    async fn knows_versions(&self, stage: &Stage) -> bool {
        stage.answers(COMMIT, 200, commit(SHA, "Round prices once")).await;
        let no = json!({ "message": "404 Commit Not Found" });
        stage.raw(NO_COMMIT, ResponseTemplate::new(404).set_body_json(no)).await;
        let tag = |name: &str| json!({ "name": name, "target": SHA, "protected": false });
        stage.answers(TAGS, 200, json!([tag("v2.1.0"), tag("nightly")])).await;
        true
    }

    fn proves(&self, request: &Request, token: &str) -> bool {
        request.headers.get("private-token").is_some_and(|sent| sent == token)
    }
}

const JOB: Spot = ("GET", "/api/v4/projects/shop%2Fcheckout/jobs/8");
const PLAY: Spot = ("POST", "/api/v4/projects/shop%2Fcheckout/jobs/8/play");
const BLOCKED: Spot = ("GET", "/api/v4/projects/shop%2Fcheckout/deployments");
const APPROVAL: Spot = ("POST", "/api/v4/projects/shop%2Fcheckout/deployments/42/approval");

#[async_trait]
impl PretendGates for Gitlab {
    fn look(&self) -> Spot {
        JOB
    }

    fn gates_of(&self) -> Spot {
        JOBS
    }

    fn tell(&self) -> Spot {
        PLAY
    }

    fn gate(&self) -> (&'static str, &'static str) {
        ("8", "roll out")
    }

    fn said(&self, _: &[u8]) -> Option<(String, String)> {
        None
    }

    fn looks_at_each(&self) -> bool {
        false
    }

    async fn waits(&self, stage: &Stage, _: bool) {
        stage.answers(JOB, 200, job("roll out", "deploy", "manual")).await;
    }

    async fn waits_once(&self, stage: &Stage) {
        let waits = job("roll out", "deploy", "manual");
        stage.once(JOB, ResponseTemplate::new(200).set_body_json(waits)).await;
    }

    async fn is_answered(&self, stage: &Stage) {
        stage.answers(JOB, 200, job("roll out", "deploy", "running")).await;
    }

    async fn takes(&self, stage: &Stage) {
        stage.answers(PLAY, 200, job("roll out", "deploy", "pending")).await;
        self.stops(stage).await;
    }

    fn too_late(&self) -> (u16, Value) {
        (400, json!({ "message": "400 Bad request - Unplayable Job" }))
    }
}

#[tokio::test]
async fn a_protected_environment_is_approved_before_its_job_begins() {
    use pilothouse::pipelines::{Answer, Answered, Verdict};
    let gate = |stage: &Stage| {
        let seen = stage.pipeline(&Gitlab);
        async move { seen.progress(&super::stage::the_run(&Gitlab)).await.unwrap().gates.remove(0) }
    };
    for (verdict, others, played) in
        [(Verdict::Approve, 0, 1), (Verdict::Approve, 1, 0), (Verdict::Reject, 0, 0)]
    {
        let stage = Stage::of(&Gitlab).await;
        Gitlab.is(&stage, Some(RunState::WaitingApproval)).await;
        Gitlab.takes(&stage).await;
        let blocked = json!([{ "id": 42, "status": "blocked", "pending_approval_count": 1 + others,
                               "deployable": { "id": 8, "name": "roll out" } }]);
        stage.answers(BLOCKED, 200, blocked).await;
        stage.answers(APPROVAL, 201, json!({ "status": "approved" })).await;
        let (run, gate) = (super::stage::the_run(&Gitlab), gate(&stage).await);
        let answer = Answer::new(verdict, "Decided by bob");
        let answered = stage.pipeline(&Gitlab).answer(&run, &gate, &answer).await;
        let wants = "GitLab has this approval and wants 1 more; answer again after them";
        let expected = match others {
            0 => Answered::Done,
            _ => Answered::Refused(wants.to_owned()),
        };
        assert_eq!(answered, expected);
        let said: Value = stage.asked_at(APPROVAL).await[0].body_json().unwrap();
        let word = if verdict == Verdict::Approve { "approved" } else { "rejected" };
        assert_eq!(said, json!({ "status": word, "comment": "Decided by bob" }));
        assert_eq!(stage.count(PLAY).await, played, "{verdict:?} {others}");
        let stopped = usize::from(verdict == Verdict::Reject);
        assert_eq!(stage.count(STOP).await, stopped);
    }
}

#[tokio::test]
async fn it_is_told_by_variables_or_by_inputs() {
    let stage = Stage::of(&Gitlab).await;
    Gitlab.begins(&stage).await;
    let mut settings = Gitlab.settings(&stage);
    settings["inputs"] = json!({ "version": "TAG", "service": null });
    for pass in ["variables", "inputs"] {
        settings["pass"] = json!(pass);
        let started = stage.open(settings.clone()).unwrap().start(&stage.order()).await;
        let Started::Run(run) = started else { panic!("{started:?}") };
        assert_eq!(run.label, "#456");
    }
    let said: Vec<Value> =
        stage.asked_at(START).await.iter().map(|r| r.body_json().unwrap()).collect();
    let variable = |key: &str, value: &str| json!({ "key": key, "value": value });
    let variables = [
        variable("TAG", "v2.1.0"),
        variable("commit", SHA),
        variable("environment", "production"),
        variable("region", "eu"),
        variable("request_id", OURS),
    ];
    assert_eq!(said[0], json!({ "ref": "main", "variables": variables }));
    let inputs = json!({ "TAG": "v2.1.0", "commit": SHA, "environment": "production",
                         "region": "eu", "request_id": OURS });
    assert_eq!(said[1], json!({ "ref": "main", "inputs": inputs }));
}

#[tokio::test]
async fn a_run_is_known_by_its_name_and_others_variables_may_stay_hidden() {
    let stage = Stage::of(&Gitlab).await;
    let mut named = pipeline(&stage, 456, "running");
    named["name"] = json!("deploy v2.1.0 [ph-8f2c91d4-1]");
    let somebodys = pipeline(&stage, 450, "running");
    stage.answers(LIST, 200, json!([named, somebodys])).await;
    let hidden = ("GET", "/api/v4/projects/shop%2Fcheckout/pipelines/450/variables");
    let no = json!({ "message": "403 Forbidden" });
    stage.raw(hidden, ResponseTemplate::new(403).set_body_json(no)).await;
    let found = stage.pipeline(&Gitlab).find(&stage.order()).await.unwrap();
    assert!(matches!(found, pilothouse::pipelines::Found::Run(_)), "{found:?}");
    let asked = &stage.asked_at(LIST).await[0];
    let query: Vec<(String, String)> = asked.url.query_pairs().into_owned().collect();
    let query: Vec<(&str, &str)> = query.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    let since = ("updated_after", "2026-11-25T02:07:10Z");
    assert_eq!(query, [("ref", "main"), ("source", "api"), since, ("per_page", "100")]);
}

#[tokio::test]
async fn what_would_ship_is_shown_newest_first_and_what_would_go_is_counted() {
    use wiremock::{Mock, matchers};
    let stage = Stage::of(&Gitlab).await;
    stage.answers(COMMIT, 200, commit(SHA, "Round prices once")).await;
    let page = format!("{}/shop/checkout/-/compare/a...b", stage.server.uri());
    let forth = json!({ "commits": [commit(OLD, "First"), commit(SHA, "Round prices once")],
                        "web_url": page, "compare_timeout": false });
    let back = json!({ "commits": [commit(OLD, "Gone")], "web_url": "https://elsewhere.example" });
    for (from, said) in [(OLD, forth), (SHA, back)] {
        let asked = Mock::given(matchers::path(COMPARE.1)).and(matchers::query_param("from", from));
        asked
            .respond_with(ResponseTemplate::new(200).set_body_json(said))
            .mount(&stage.server)
            .await;
    }
    let resolved = resolve(&*stage.pipeline(&Gitlab), "v2.1.0", Some(OLD)).await.unwrap();
    assert_eq!(resolved.commit.as_deref(), Some(SHA));
    let changes = resolved.changes.unwrap();
    assert_eq!((changes.total, changes.behind, changes.url), (2, 1, Some(page)));
    assert_eq!(changes.commits[0].title, "Round prices once");
}

#[tokio::test]
async fn a_job_that_may_fail_is_not_blamed() {
    let stage = Stage::of(&Gitlab).await;
    stage.answers(STATE, 200, pipeline(&stage, 456, "failed")).await;
    let mut lint = job("lint", "build", "failed");
    lint["allow_failure"] = json!(true);
    stage.answers(JOBS, 200, json!([lint, job("roll out", "deploy", "failed")])).await;
    let run = super::stage::the_run(&Gitlab);
    let seen = stage.pipeline(&Gitlab).progress(&run).await.unwrap();
    assert_eq!(seen.detail.as_deref(), Some("script failure in deploy / roll out"));
}
