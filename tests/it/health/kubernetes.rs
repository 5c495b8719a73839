//! Kubernetes is asked how far a workload is.

use pilothouse::clock::Timestamp;
use rstest::rstest;
use serde_json::{Value, json};
use wiremock::{Mock, ResponseTemplate, matchers};

use super::site::{NOW, Site, Stage, finds, with};

pub(crate) struct Deployment;

fn deployment(status: &Value) -> Value {
    json!({
        "kind": "Deployment", "apiVersion": "apps/v1",
        "metadata": { "name": "checkout", "namespace": "shop", "generation": 4 },
        "spec": { "replicas": 3, "strategy": { "type": "RollingUpdate" } },
        "status": status
    })
}

fn well() -> Value {
    deployment(&json!({
        "observedGeneration": 4, "replicas": 3, "updatedReplicas": 3, "readyReplicas": 3,
        "availableReplicas": 3,
        "conditions": [{ "type": "Progressing", "status": "True",
                         "reason": "NewReplicaSetAvailable",
                         "lastUpdateTime": "2026-11-25T02:07:00Z" }]
    }))
}

/// Kubernetes waited until 02:07:00, and no longer.
fn given_up() -> Value {
    let mut given_up = well();
    given_up["status"]["updatedReplicas"] = json!(1);
    given_up["status"]["conditions"][0] = json!({
        "type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded",
        "message": "ReplicaSet \"checkout-7d4\" has timed out progressing.",
        "lastUpdateTime": "2026-11-25T02:07:00Z"
    });
    given_up
}

fn changed(field: &str, value: &Value) -> Value {
    let mut workload = well();
    *workload.pointer_mut(field).unwrap() = value.clone();
    workload
}

impl Site for Deployment {
    fn settings(&self, stage: &Stage) -> Value {
        json!({ "kind": "kubernetes", "url": stage.server.uri(), "token": stage.secret(),
                "namespace": "shop", "name": "checkout" })
    }

    fn path(&self) -> &'static str {
        "/apis/apps/v1/namespaces/shop/deployments/checkout"
    }

    fn well(&self) -> Value {
        well()
    }

    fn unwell(&self) -> Vec<(Value, &'static str)> {
        let mut begun = well();
        begun["status"].as_object_mut().unwrap().remove("updatedReplicas");
        let mut paused = changed("/status/updatedReplicas", &json!(1));
        paused["spec"]["paused"] = json!(true);
        vec![
            (changed("/metadata/generation", &json!(5)), "has yet to see the change"),
            (begun, "0 of 3 replicas are new"),
            (changed("/status/updatedReplicas", &json!(2)), "2 of 3 replicas are new"),
            (paused, "1 of 3 replicas are new (it is paused)"),
            (changed("/status/replicas", &json!(4)), "1 old replicas have yet to end"),
            (changed("/status/availableReplicas", &json!(2)), "2 of 3 new replicas are available"),
            (given_up(), "Kubernetes has given up waiting: ReplicaSet \"checkout-7d4\" has timed"),
        ]
    }

    fn no_data(&self) -> Vec<Value> {
        let mut no_status = well();
        no_status.as_object_mut().unwrap().remove("status");
        vec![no_status, deployment(&json!({})), json!({ "kind": "Status", "metadata": {} })]
    }

    fn saying(&self, text: &str) -> Value {
        let mut given_up = given_up();
        given_up["status"]["conditions"][0]["message"] = text.into();
        given_up
    }

    fn mistakes(&self) -> Vec<(Value, &'static str)> {
        vec![
            (json!({ "token": null }), "`url` needs a `token`"),
            (json!({ "url": null }), "`token` needs the `url`"),
            (json!({ "workload": "pod" }), "unknown variant"),
            (json!({ "authorities": "/nowhere/ca.crt" }), "/nowhere/ca.crt cannot be read"),
            (json!({ "authorities": "Cargo.toml" }), "Cargo.toml holds no certificate"),
        ]
    }
}

#[tokio::test]
async fn what_kubernetes_has_given_up_is_not_waited_for() {
    let stage = Stage::of(&Deployment).await;
    stage.says(&given_up()).await;
    let probe = stage.probe(&Deployment);
    let began = |seconds: i64| Some(Timestamp(NOW.0 - seconds * 1000));
    assert!(probe.check(began(71)).await.hopeless, "since 02:06:59");
    assert!(!probe.check(began(69)).await.hopeless, "an earlier one's, before ours was seen");
    assert!(!probe.check(None).await.hopeless);
}

#[rstest]
#[case(1, "the one replica is new and available")]
#[case(3, "all 3 replicas are new and available")]
#[case(0, "nothing is to run: it is scaled to 0")]
#[tokio::test]
async fn it_says_how_many_there_are(#[case] number: i64, #[case] words: &str) {
    let mut workload = well();
    workload["spec"]["replicas"] = json!(number);
    for field in ["replicas", "updatedReplicas", "availableReplicas"] {
        workload["status"][field] = json!(number);
    }
    let answer = finds(&Deployment, &workload).await;
    assert_eq!((answer.healthy, answer.detail.as_str()), (true, words));
}

#[rstest]
#[case(json!({}), json!({}), Ok("all 3 replicas"))]
#[case(json!({}), json!({ "readyReplicas": 2 }), Err("2 of 3 replicas are ready"))]
#[case(json!({}), json!({ "currentRevision": "a" }), Err("3 of 3 replicas are new"))]
#[case(json!({}), json!({ "observedGeneration": 3 }), Err("yet to see"))]
#[case(json!({ "type": "OnDelete" }), json!({}), Err("its update strategy is OnDelete"))]
#[case(partition(2), json!({ "currentRevision": "a", "updatedReplicas": 1 }), Ok("1 replicas are"))]
#[case(partition(1), json!({ "currentRevision": "a", "updatedReplicas": 1 }), Err("1 of 2"))]
#[tokio::test]
async fn a_stateful_set(
    #[case] strategy: Value,
    #[case] status: Value,
    #[case] says: Result<&str, &str>,
) {
    let status = with(
        json!({ "observedGeneration": 4, "replicas": 3, "readyReplicas": 3, "updatedReplicas": 3,
                "currentRevision": "b", "updateRevision": "b" }),
        &status,
    );
    let strategy = with(json!({ "type": "RollingUpdate" }), &strategy);
    let spec = json!({ "replicas": 3, "updateStrategy": strategy });
    judged("stateful_set", "statefulsets", (&spec, &status), says).await;
}

fn partition(number: i64) -> Value {
    json!({ "rollingUpdate": { "partition": number } })
}

#[rstest]
#[case(json!({}), Ok("all 5 replicas"))]
#[case(json!({ "updatedNumberScheduled": 4 }), Err("4 of 5 pods are new"))]
#[case(json!({ "numberAvailable": 3 }), Err("3 of 5 pods are available"))]
#[case(json!({ "observedGeneration": 3 }), Err("yet to see"))]
#[tokio::test]
async fn a_daemon_set(#[case] status: Value, #[case] says: Result<&str, &str>) {
    let status = with(
        json!({ "observedGeneration": 4, "desiredNumberScheduled": 5,
                "updatedNumberScheduled": 5, "numberAvailable": 5 }),
        &status,
    );
    let spec = json!({ "updateStrategy": { "type": "RollingUpdate" } });
    judged("daemon_set", "daemonsets", (&spec, &status), says).await;
}

async fn judged(
    kind: &str,
    plural: &str,
    (spec, status): (&Value, &Value),
    says: Result<&str, &str>,
) {
    let stage = Stage::of(&Deployment).await;
    let body = json!({ "metadata": { "generation": 4 }, "spec": spec, "status": status });
    let path = format!("/apis/apps/v1/namespaces/shop/{plural}/checkout");
    let answer = ResponseTemplate::new(200).set_body_json(body);
    Mock::given(matchers::path(path)).respond_with(answer).mount(&stage.server).await;
    let settings = with(Deployment.settings(&stage), &json!({ "workload": kind }));
    let answer = stage.open(settings).unwrap().check(None).await;
    assert_eq!(answer.healthy, says.is_ok(), "{answer:?}");
    let (Ok(words) | Err(words)) = says;
    assert!(answer.detail.contains(words), "{answer:?}");
}

#[rstest]
#[case(404, "Kubernetes has no Deployment checkout in the namespace shop")]
#[case(403, "its account needs `get` on deployments in the namespace shop")]
#[case(401, "Kubernetes: refused with status 401: Unauthorized")]
#[tokio::test]
async fn what_is_missing_is_said(#[case] status: u16, #[case] words: &str) {
    let stage = Stage::of(&Deployment).await;
    let body = json!({ "kind": "Status", "status": "Failure", "message": "Unauthorized" });
    stage.answers(ResponseTemplate::new(status).set_body_json(body)).await;
    let answer = stage.probe(&Deployment).check(None).await;
    assert!(!answer.healthy && answer.detail.contains(words), "{answer:?}");
}

#[tokio::test]
async fn outside_of_a_cluster_it_says_what_to_name() {
    let stage = Stage::of(&Deployment).await;
    let inside = json!({ "kind": "kubernetes", "namespace": "shop", "name": "checkout" });
    let error = stage.open(inside).err().unwrap().to_string();
    assert!(error.contains("does not run in a cluster") && error.contains("`url`"), "{error}");
}
