//! Jenkins, in the shapes its source gives its answers.

use async_trait::async_trait;
use base64::prelude::{BASE64_STANDARD, Engine};
use pilothouse::pipelines::{Found, RunState, Started};
use serde_json::{Value, json};
use wiremock::{Mock, Request, ResponseTemplate, matchers};

use super::{
    stage::{OURS, SHA, Stage},
    vendor::{PretendVendor, Refusal, Spot},
};

const START: Spot = ("POST", "/job/shop/job/checkout/buildWithParameters");
const JOB: Spot = ("GET", "/job/shop/job/checkout/api/json");
const QUEUE: Spot = ("GET", "/queue/api/json");
const ITEM: Spot = ("GET", "/queue/item/17/api/json");
const CANCEL: Spot = ("POST", "/queue/cancelItem");
const STATE: Spot = ("GET", "/job/shop/job/checkout/42/api/json");
const STAGES: Spot = ("GET", "/job/shop/job/checkout/42/wfapi/describe");
const STOP: Spot = ("POST", "/job/shop/job/checkout/42/stop");
const CRUMB: Spot = ("GET", "/crumbIssuer/api/json");

pub(crate) struct Jenkins;

fn actions(id: &str) -> Value {
    let told = |name: &str, value: &str| json!({ "_class": "hudson.model.StringParameterValue", "name": name, "value": value });
    let parameters = [told("version", "v2.1.0"), told("request_id", id)];
    json!([{}, null, { "_class": "hudson.model.ParametersAction", "parameters": parameters }])
}

fn job(declared: &[&str], builds: &[(u64, &str)]) -> Value {
    let declared: Vec<Value> = declared.iter().map(|name| json!({ "name": name })).collect();
    let builds: Vec<Value> = builds
        .iter()
        .map(|(number, id)| json!({ "number": number, "actions": actions(id) }))
        .collect();
    json!({ "_class": "org.jenkinsci.plugins.workflow.job.WorkflowJob", "buildable": true,
            "property": [{}, { "parameterDefinitions": declared }], "builds": builds })
}

const DECLARED: [&str; 6] = ["version", "request_id", "commit", "environment", "service", "region"];

fn queue(items: &[(u64, &str)]) -> Value {
    let items: Vec<Value> = items
        .iter()
        .map(|(id, told)| json!({ "id": id, "why": "In the quiet period", "actions": actions(told) }))
        .collect();
    json!({ "_class": "hudson.model.Queue", "items": items })
}

fn queued(stage: &Stage, status: u16) -> ResponseTemplate {
    let item = format!("{}/queue/item/17/", stage.server.uri());
    ResponseTemplate::new(status).append_header("location", item.as_str())
}

/// What is answered as long as a story says nothing else.
async fn otherwise(stage: &Stage, spot: Spot, body: Value) {
    let mock = Mock::given(matchers::method(spot.0)).and(matchers::path(spot.1));
    let answer = ResponseTemplate::new(200).set_body_json(body);
    mock.respond_with(answer).with_priority(10).mount(&stage.server).await;
}

#[async_trait]
impl PretendVendor for Jenkins {
    fn settings(&self, stage: &Stage) -> Value {
        json!({ "kind": "jenkins", "url": stage.server.uri(), "job": "shop/checkout",
                "user": "pilothouse", "token": stage.secret() })
    }

    fn start(&self) -> Spot {
        START
    }

    fn list(&self) -> Spot {
        JOB
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
        otherwise(stage, JOB, job(&DECLARED, &[(43, "ph-8f2c91d4-12"), (42, OURS)])).await;
        otherwise(stage, QUEUE, queue(&[])).await;
    }

    async fn begins(&self, stage: &Stage) {
        stage.raw(START, queued(stage, 201)).await;
    }

    async fn lists(&self, stage: &Stage, ids: &[&str]) {
        let builds: Vec<(u64, &str)> = (0..)
            .zip(ids)
            .map(|(index, id)| (if *id == OURS { 42 } else { 41 - index }, *id))
            .collect();
        stage.answers(JOB, 200, job(&DECLARED, &builds)).await;
    }

    async fn is(&self, stage: &Stage, now: Option<RunState>) {
        if now == Some(RunState::Queued) {
            stage.answers(QUEUE, 200, queue(&[(17, OURS)])).await;
            stage.answers(ITEM, 200, queue(&[(17, OURS)])["items"][0].clone()).await;
        }
        let (result, whole, second) = match now {
            Some(RunState::WaitingApproval) => {
                (None, "PAUSED_PENDING_INPUT", "PAUSED_PENDING_INPUT")
            }
            Some(RunState::Succeeded) => (Some("SUCCESS"), "SUCCESS", "SUCCESS"),
            Some(RunState::Failed) => (Some("FAILURE"), "FAILED", "FAILED"),
            Some(RunState::Cancelled) => (Some("ABORTED"), "ABORTED", "ABORTED"),
            None => (Some("levitating"), "LEVITATING", "LEVITATING"),
            _ => (None, "IN_PROGRESS", "IN_PROGRESS"),
        };
        let page = format!("{}/job/shop/job/checkout/42/", stage.server.uri());
        let build = json!({ "number": 42, "building": result.is_none(), "result": result,
                            "displayName": "#42", "url": page });
        stage.answers(STATE, 200, build).await;
        let piece = |name: &str, status: &str| json!({ "id": "6", "name": name, "status": status });
        let stages =
            [piece("Build", "SUCCESS"), piece("Roll out", second), piece("Check", "NOT_EXECUTED")];
        let described = json!({ "id": "42", "name": "#42", "status": whole, "stages": stages });
        stage.answers(STAGES, 200, described).await;
    }

    async fn stops(&self, stage: &Stage) {
        // Browsers are sent on to the build's page.
        stage.raw(STOP, ResponseTemplate::new(302).append_header("location", ".")).await;
    }

    fn refusals(&self) -> Vec<Refusal> {
        vec![
            (302, json!(""), "did not put the build into its queue"),
            (400, json!("shop/checkout is not parameterized"), "takes no parameters"),
            (401, json!("Invalid password/token for user"), "Invalid password/token"),
            (403, json!("pilothouse is missing the Job/Build permission"), "Job/Build permission"),
            (404, json!("Not Found"), "no job shop/checkout"),
            (409, json!("shop/checkout is not buildable"), "cannot be built now"),
        ]
    }

    async fn knows_versions(&self, _: &Stage) -> bool {
        false
    }

    fn proves(&self, request: &Request, token: &str) -> bool {
        let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("pilothouse:{token}")));
        request.headers.get("authorization").is_some_and(|sent| *sent == *basic)
    }
}

async fn stage() -> Stage {
    let stage = Stage::of(&Jenkins).await;
    Jenkins.is_ready(&stage).await;
    stage
}

#[tokio::test]
async fn it_is_told_by_parameters_and_a_run_moves_from_the_queue_to_the_builds() {
    let stage = stage().await;
    Jenkins.begins(&stage).await;
    let pipeline = stage.pipeline(&Jenkins);
    let Started::Run(run) = pipeline.start(&stage.order()).await else { panic!() };
    assert_eq!(run.label, "queue item 17");
    let form: Vec<(String, String)> =
        url::form_urlencoded::parse(&stage.asked_at(START).await[0].body).into_owned().collect();
    let told = [
        ("commit", SHA),
        ("environment", "production"),
        ("region", "eu"),
        ("request_id", OURS),
        ("service", "checkout"),
        ("version", "v2.1.0"),
    ];
    assert_eq!(form, told.map(|(name, value)| (name.to_owned(), value.to_owned())));

    let waits = json!({ "id": 17, "why": "Waiting for next available executor" });
    stage.once(ITEM, ResponseTemplate::new(200).set_body_json(waits)).await;
    let seen = pipeline.progress(&run).await.unwrap();
    assert_eq!(seen.state, RunState::Queued);
    assert_eq!(seen.detail.as_deref(), Some("Waiting for next available executor"));
    let left = json!({ "id": 17, "why": null, "executable": { "number": 42 } });
    stage.once(ITEM, ResponseTemplate::new(200).set_body_json(left)).await;
    Jenkins.is(&stage, Some(RunState::Running)).await;
    assert_eq!(pipeline.progress(&run).await.unwrap().state, RunState::Running);
    assert_eq!(pipeline.progress(&run).await.unwrap().state, RunState::Running);
    assert_eq!(stage.count(ITEM).await, 2, "a build's number is remembered");
}

#[tokio::test]
async fn a_queue_that_forgot_is_no_loss() {
    let stage = stage().await;
    Jenkins.begins(&stage).await;
    let pipeline = stage.pipeline(&Jenkins);
    let Started::Run(run) = pipeline.start(&stage.order()).await else { panic!() };
    stage.raw(ITEM, ResponseTemplate::new(404)).await;
    Jenkins.is(&stage, Some(RunState::Succeeded)).await;
    assert_eq!(pipeline.progress(&run).await.unwrap().state, RunState::Succeeded);
}

#[tokio::test]
async fn what_waits_in_the_queue_is_found_there_and_taken_out_of_it() {
    let stage = stage().await;
    Jenkins.is(&stage, Some(RunState::Queued)).await;
    let pipeline = stage.pipeline(&Jenkins);
    let Found::Run(run) = pipeline.find(&stage.order()).await.unwrap() else { panic!() };
    assert_eq!((run.id.as_str(), run.label.as_str()), (OURS, "queue item 17"));
    stage.raw(CANCEL, ResponseTemplate::new(204)).await;
    pipeline.cancel(&run).await.unwrap();
    assert_eq!(stage.asked_at(CANCEL).await[0].url.query(), Some("id=17"));
}

#[tokio::test]
async fn an_identical_item_in_the_queue_is_the_same_run() {
    let stage = stage().await;
    stage.raw(START, queued(&stage, 303)).await;
    let started = stage.pipeline(&Jenkins).start(&stage.order()).await;
    let Started::Run(run) = started else { panic!("{started:?}") };
    assert_eq!(run.id.as_str(), OURS);
}

#[tokio::test]
async fn what_jenkins_would_drop_silently_starts_nothing() {
    for (told, shown) in [
        (job(&["version", "request_id"], &[]), "no parameter `commit`, `environment`, `region`"),
        (json!({ "buildable": false, "property": [] }), "disabled"),
    ] {
        let stage = Stage::of(&Jenkins).await;
        stage.answers(JOB, 200, told).await;
        let started = stage.pipeline(&Jenkins).start(&stage.order()).await;
        let Started::Refused(why) = started else { panic!("{started:?}") };
        assert!(why.contains(shown), "{why}");
        assert_eq!(stage.count(START).await, 0);
    }
    let stage = Stage::of(&Jenkins).await;
    stage.raw(JOB, ResponseTemplate::new(502)).await;
    let started = stage.pipeline(&Jenkins).start(&stage.order()).await;
    assert!(matches!(started, Started::NotNow(_)), "nothing was asked for yet: {started:?}");
}

#[tokio::test]
async fn a_crumb_is_fetched_where_one_is_asked_for() {
    let stage = stage().await;
    let no = "<html>Error 403 No valid crumb was included in the request</html>";
    stage.once(START, ResponseTemplate::new(403).set_body_raw(no, "text/html")).await;
    Jenkins.begins(&stage).await;
    let crumb = json!({ "_class": "hudson.security.csrf.DefaultCrumbIssuer", "crumb": "c0ffee",
                        "crumbRequestField": "Jenkins-Crumb" });
    let crumb = ResponseTemplate::new(200).set_body_json(crumb);
    let session = "JSESSIONID.1=abc; Path=/; HttpOnly";
    stage.raw(CRUMB, crumb.append_header("set-cookie", session)).await;
    let started = stage.pipeline(&Jenkins).start(&stage.order()).await;
    assert!(matches!(started, Started::Run(_)), "{started:?}");
    let asked = stage.asked_at(START).await;
    assert_eq!(asked.len(), 2, "the refused one, and the one that counts");
    assert_eq!(asked[1].headers["jenkins-crumb"], "c0ffee");
    assert_eq!(asked[1].headers["cookie"], "JSESSIONID.1=abc");
}
