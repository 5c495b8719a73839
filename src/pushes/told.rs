//! What a delivery says it is, in each vendor's words: its event, its mark, the run it names. Pure.

use actix_web::http::header::HeaderMap;
use serde_json::Value;

use crate::hooks::Vendor;

/// Where GitHub names a run: `…/actions/runs/123/…`
const RUNS: &str = "/actions/runs/";

/// The vendor's word for what happened; empty when it has none.
pub(super) fn event<'a>(vendor: Vendor, headers: &'a HeaderMap, body: &'a Value) -> &'a str {
    let field = |name: &str| body.get(name).and_then(Value::as_str);
    let said = match vendor {
        Vendor::Github => headers.get("x-github-event").and_then(|value| value.to_str().ok()),
        Vendor::Gitlab => field("object_kind"),
        Vendor::AzureDevops => field("eventType"),
        Vendor::Standard | Vendor::Other => field("type"),
    };
    said.unwrap_or_default()
}

/// What tells one delivery from another, and cannot be changed by somebody who only saw it; none,
/// when the sender says the same thing again and means it.
pub(super) fn mark(
    vendor: Vendor,
    headers: &HeaderMap,
    (raw, body): (&[u8], &Value),
) -> Option<Vec<u8>> {
    let header = |name: &str| Some(headers.get(name)?.as_bytes().to_vec());
    let found = match vendor {
        // Its id of a delivery is not signed, so a recording could be sent under another.
        Vendor::Github => None,
        Vendor::Gitlab => header("webhook-id").or_else(|| header("idempotency-key")),
        Vendor::Standard => header("webhook-id"),
        // Whoever saw it has the token, and may say anything.
        Vendor::Other => return header("idempotency-key"),
        Vendor::AzureDevops => {
            let (hook, number) = (body.get("subscriptionId"), body.get("notificationId"));
            hook.zip(number).map(|(hook, number)| format!("{hook}{number}").into_bytes())
        }
    };
    Some(found.unwrap_or_else(|| raw.to_vec()))
}

/// Where to look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum About {
    /// At nothing here.
    Nothing,
    /// At whatever runs: no run is named.
    Something,
    /// At that run.
    Run(String),
}

/// What a delivery is about.
pub(super) fn about(vendor: Vendor, event: &str, body: &Value) -> About {
    let run = match (vendor, event) {
        (Vendor::Github, "workflow_run" | "deployment_review") => id(body, "/workflow_run/id"),
        (Vendor::Github, "workflow_job") => id(body, "/workflow_job/run_id"),
        (Vendor::Github, "deployment_status") => id(body, "/workflow_run/id")
            .or_else(|| run_of(body, "/deployment_status/log_url"))
            .or_else(|| run_of(body, "/deployment_status/target_url")),
        (Vendor::Github, "check_run") => run_of(body, "/check_run/details_url"),
        (Vendor::Github, "deployment_protection_rule") => run_of(body, "/deployment_callback_url"),
        (Vendor::Gitlab, "pipeline") => id(body, "/object_attributes/id"),
        (Vendor::Gitlab, "build") => id(body, "/pipeline_id"),
        (Vendor::Gitlab, "deployment") => None,
        (Vendor::AzureDevops, "build.complete") => id(body, "/resource/id"),
        (Vendor::AzureDevops, event) if event.starts_with("ms.vss-pipeline") => {
            id(body, "/resource/run/id")
        }
        (Vendor::Standard | Vendor::Other, _) => id(body, "/data/request_id"),
        _ => return About::Nothing,
    };
    run.map_or(About::Something, About::Run)
}

fn id(body: &Value, path: &str) -> Option<String> {
    match body.pointer(path)? {
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text.clone()),
        _ => None,
    }
}

/// The run whose address stands there.
fn run_of(body: &Value, path: &str) -> Option<String> {
    let (_, rest) = body.pointer(path)?.as_str()?.split_once(RUNS)?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    (!digits.is_empty()).then_some(digits)
}
