//! What GitHub really sends, by its own samples, where the folder of contracts is at hand; and what
//! its schema says about the places we look at.

use std::path::Path;

use pilothouse::secrets::variable;
use serde_json::Value;

use super::Town;
use crate::contracts::Contract;

/// A sample, its event, and whether it names a run of GitHub Actions.
const SAMPLES: &[(&str, &str, Option<&str>)] = &[
    ("workflow_run.completed", "workflow_run", Some("/workflow_run/id")),
    ("workflow_run.requested", "workflow_run", Some("/workflow_run/id")),
    ("workflow_job.queued", "workflow_job", Some("/workflow_job/run_id")),
    ("workflow_job.waiting", "workflow_job", Some("/workflow_job/run_id")),
    ("workflow_job.in_progress", "workflow_job", Some("/workflow_job/run_id")),
    ("workflow_job.completed", "workflow_job", Some("/workflow_job/run_id")),
    ("deployment_review.requested", "deployment_review", Some("/workflow_run/id")),
    ("ping", "ping", None),
    ("deployment.created", "deployment", None),
];

fn sample(name: &str) -> Option<Value> {
    let folder = variable("PILOTHOUSE_CONTRACTS")?;
    let path = Path::new(&folder).join("webhooks").join(format!("github-{name}.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    Some(serde_json::from_str(&text).unwrap())
}

#[tokio::test]
async fn what_github_sends_is_understood() {
    for (name, event, run) in SAMPLES {
        let Some(body) = sample(name) else { return };
        let run = run.map(|path| body.pointer(path).unwrap().to_string());
        let town = Town::running(run.as_deref().unwrap_or("1")).await;
        let looked = town.bot.pipeline.looked();
        let told = town.github(event, &body).await;
        town.bot.passes(std::time::Duration::from_secs(1)).await;
        let expected = match (run.is_some(), *event) {
            (true, _) => "heard",
            (false, "ping") => "this hook works",
            (false, _) => "nothing here waits for that",
        };
        assert_eq!(told, (200, expected.to_owned()), "{name}");
        assert_eq!(town.bot.pipeline.looked() - looked, usize::from(run.is_some()), "{name}");
        let town = Town::running("1").await;
        assert_ne!(town.github(event, &body).await.1, "heard", "{name}");
    }
}

#[test]
fn the_places_we_look_at_are_those_of_the_schema() {
    let Some(contract) = Contract::of("github-webhooks") else { return };
    for (schema, field, kind) in [
        ("webhook-workflow-run-requested", "workflow_run/properties/id", "integer"),
        ("webhook-workflow-run-in-progress", "workflow_run/properties/id", "integer"),
        ("webhook-workflow-run-completed", "workflow_run/properties/id", "integer"),
        ("webhook-deployment-status-created", "workflow_run/properties/id", "integer"),
        ("webhook-deployment-status-created", "deployment_status/properties/log_url", "string"),
        ("webhook-deployment-status-created", "deployment_status/properties/target_url", "string"),
        ("webhook-deployment-review-approved", "workflow_run/properties/id", "integer"),
        ("webhook-deployment-protection-rule-requested", "deployment_callback_url", "string"),
    ] {
        let found = contract.part(schema, field);
        assert_eq!(found["type"], kind, "{schema}: {field}");
    }
}
