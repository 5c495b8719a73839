//! A deployment system of one's own, told by signed messages (Standard Webhooks) and asked for
//! its status.
//!
//! # What it is told
//!
//! ```text
//! POST {url}
//! webhook-id: ph-8f2c91d4-1          the request id; the same each time it is sent
//! webhook-timestamp: 1795572490
//! webhook-signature: v1,base64(HMAC-SHA256(secret, "{id}.{timestamp}.{body}"))
//!
//! {"type": "deployment.requested", "timestamp": "2026-11-25T02:08:10Z",
//!  "data": {"request_id": "ph-8f2c91d4-1", "service": "checkout", "environment": "production",
//!           "version": "v2.1.0", "commit": null, "parameters": {}}}
//! ```
//!
//! Any 2xx says that it is taken, any 4xx that it is not. `deployment.cancel_requested` has the
//! request id alone, and `-stop` at the end of its `webhook-id`.
//!
//! # What it is asked
//!
//! `GET {status}/{request_id}`, signed likewise over an empty body. It answers 404 for what it
//! has never heard of, and otherwise, all but the first optional:
//!
//! ```json
//! {"status": "queued | waiting_approval | running | succeeded | failed | cancelled",
//!  "label": "#456", "url": "https://…", "done": 1, "total": 3, "step": "roll out",
//!  "detail": "why it failed", "log": ["the last", "lines"]}
//! ```
//!
//! # What it reports
//!
//! Without `status`, it tells the same by itself, signed likewise with a `webhook-id` of its own:
//! `POST /hooks/pipelines/NAME` of Pilothouse,
//! `{"type": "deployment.status", "data": {"request_id": "ph-8f2c91d4-1", "status": "running"}}`.
//! 204 says that it is kept; anything else, that it is to be sent again or is wrong.

mod greeting;
mod reports;
mod settings;

use std::sync::Arc;

use actix_web::web::ServiceConfig;
use anyhow::Context;
use async_trait::async_trait;
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

pub(super) use greeting::greeting;
use reports::Reports;
pub use settings::Settings;

use super::{
    Found, Ground, Order, Pipeline, Progress, Resolved, Run, RunState, Started, Unresolved, Wish,
    common::{line, not_started},
};
use crate::{
    clock::Clock,
    hooks::{Proof, Prover, SecretProof},
    names::{PipelineName, RunId},
    outbound::Answer,
    vendors::server::{Error, Key, Server},
};

const NAME: &str = "The deployment system";

/// How many of the last lines it said are kept; a card shows fewer.
const LINES: usize = 20;

pub(super) struct Webhook {
    told: Server,
    url: Url,
    answers: Answers,
    repeatable: bool,
    clock: Clock,
}

/// How a run's status comes here.
enum Answers {
    Asked(Box<Server>),
    Reported(Arc<Reports>),
}

#[derive(Debug, Serialize, Deserialize)]
struct Said {
    status: String,
    label: Option<String>,
    url: Option<String>,
    #[serde(default)]
    done: u32,
    #[serde(default)]
    total: u32,
    step: Option<String>,
    detail: Option<String>,
    #[serde(default)]
    log: Vec<String>,
}

impl Webhook {
    pub(super) fn new(
        name: &PipelineName,
        settings: &Settings,
        ground: &Ground,
    ) -> anyhow::Result<Self> {
        let server = |base| {
            Server::new(
                NAME,
                (base, settings.timeout),
                Key::Signature(settings.secret.clone()),
                (ground.clock.clone(), ground.outbound.clone()),
            )
        };
        Ok(Self {
            told: server(settings.url.clone())?,
            url: settings.url.as_url().clone(),
            answers: if let Some(status) = &settings.status {
                Answers::Asked(Box::new(server(status.clone())?))
            } else {
                let (folder, clock) = (&ground.folder, ground.clock.clone());
                let secret = settings.secret.clone();
                let proof = Proof::Standard(SecretProof { secret, next_secret: None });
                let prover = Prover::new(&proof, &ground.outbound, &clock)?;
                let reports = Reports::open(name, prover, folder, clock)?;
                Answers::Reported(Arc::new(reports))
            },
            repeatable: settings.repeatable,
            clock: ground.clock.clone(),
        })
    }

    async fn tell(&self, id: &str, body: &Value) -> Result<Answer, Error> {
        let to = (Method::POST, self.url.clone());
        self.told
            .act(to, &[], |request| {
                request.header("webhook-id", id).header("idempotency-key", id).json(body)
            })
            .await
    }

    /// What it says about a run; nothing when it has never heard of it.
    async fn ask(&self, id: &str) -> anyhow::Result<Option<Said>> {
        let asked = match &self.answers {
            Answers::Asked(asked) => asked,
            Answers::Reported(reports) => return reports.last(id).await,
        };
        let url = asked.url(&[id])?;
        match asked.look_with(url, |request| request.header("webhook-id", id)).await {
            Ok(answer) => Ok(Some(asked.decoded(&answer)?)),
            Err(error) if error.status() == Some(404) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// A run is called by the id it was told. Who takes a message may say more, and need not.
    fn run(&self, id: &str, said: &Value) -> anyhow::Result<Run> {
        let text = |name: &str| said.get(name)?.as_str().map(line);
        let page = said.get("url").and_then(Value::as_str);
        let asked = match &self.answers {
            Answers::Asked(asked) => &**asked,
            Answers::Reported(_) => &self.told,
        };
        let page = page.and_then(|url| self.told.page(url).or_else(|| asked.page(url)));
        Ok(Run {
            id: id.parse::<RunId>().context("a correlation id is a run's name")?,
            label: text("label").unwrap_or_else(|| id.to_owned()),
            url: page,
        })
    }
}

impl Said {
    fn progress(self) -> Progress {
        let state = match self.status.as_str() {
            "queued" => RunState::Queued,
            "waiting_approval" => RunState::WaitingApproval,
            "running" => RunState::Running,
            "succeeded" => RunState::Succeeded,
            "failed" => RunState::Failed,
            "cancelled" | "canceled" => RunState::Cancelled,
            _ => RunState::Unknown,
        };
        let detail = self.detail.as_deref().map(line);
        let last = self.log.len().saturating_sub(LINES);
        Progress {
            state,
            done: self.done.min(self.total),
            total: self.total,
            step: self.step.as_deref().map(line),
            tail: self.log[last..].iter().map(|text| line(text)).collect(),
            gates: vec![],
            gates_unknown: false,
            detail: match state {
                RunState::Unknown => Some(line(&self.status)),
                RunState::Failed => detail.or_else(|| Some("failed".to_owned())),
                _ => detail,
            },
        }
    }
}

#[async_trait]
impl Pipeline for Webhook {
    async fn resolve(&self, _: &Wish<'_>) -> Result<Resolved, Unresolved> {
        // It is told what people said: only it knows what that stands for.
        Ok(Resolved::default())
    }

    async fn start(&self, order: &Order) -> Started {
        let id = order.correlation.as_str();
        let decided = jiff::Timestamp::from_millisecond(order.decided.0).unwrap_or_default();
        let body = json!({
            "type": "deployment.requested",
            "timestamp": decided,
            "data": {
                "request_id": id, "service": order.service, "environment": order.environment,
                "version": order.version, "commit": order.commit, "parameters": order.parameters,
            }
        });
        match self.tell(id, &body).await {
            Ok(answer) => {
                let said = serde_json::from_slice(&answer.body).unwrap_or_default();
                self.run(id, &said).map_or_else(|e| Started::Unclear(e.to_string()), Started::Run)
            }
            Err(error) => not_started(NAME, error, |_, _| None),
        }
    }

    async fn find(&self, order: &Order) -> anyhow::Result<Found> {
        let id = order.correlation.as_str();
        Ok(match self.ask(id).await? {
            Some(Said { label, url, .. }) => {
                Found::Run(self.run(id, &json!({ "label": label, "url": url }))?)
            }
            // Sending it again cannot make a second run, whatever became of the first.
            None if self.repeatable => Found::Absent,
            None => Found::NotSeen,
        })
    }

    async fn progress(&self, run: &Run) -> anyhow::Result<Progress> {
        if let Some(said) = self.ask(run.id.as_str()).await? {
            return Ok(said.progress());
        }
        let (state, detail) = match &self.answers {
            Answers::Asked(_) => (RunState::Unknown, format!("{NAME} no longer shows this run")),
            Answers::Reported(_) => (RunState::Queued, format!("{NAME} has reported nothing yet")),
        };
        Ok(Progress { detail: Some(detail), ..Progress::bare(state) })
    }

    async fn cancel(&self, run: &Run) -> anyhow::Result<()> {
        let now = jiff::Timestamp::from_millisecond(self.clock.now().0).unwrap_or_default();
        let body = json!({
            "type": "deployment.cancel_requested",
            "timestamp": now,
            "data": { "request_id": run.id }
        });
        self.tell(&format!("{}-stop", run.id), &body).await?;
        Ok(())
    }

    fn doors(&self, doors: &mut ServiceConfig) {
        if let Answers::Reported(reports) = &self.answers {
            reports.clone().doors(doors);
        }
    }
}
