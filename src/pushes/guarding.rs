//! Answers for the rule with which a vendor guards environments: whatever was not started by
//! Pilothouse for a deployment that was agreed upon is turned away.
//!
//! A run of ours is answered where it is watched, whether or not this delivery arrives. Only what
//! nobody here knows is answered here, and only with no.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::Meant;
use crate::{
    access::Actor,
    audit::{self, Entry, Outcome},
    clock::{Clock, Timestamp},
    deployments::{Deployments, Planner, State},
    hooks::{Listens, Told, Vendor},
    jobs::{self, Handler, Job, Ran, Wish},
    names::PipelineName,
    pipelines::{Answer, Answered, Asked, Verdict},
    store::{Db, Tx},
};

const KIND: &str = "guard";

/// How often it is looked again whose run it is, while one of ours is being started.
const LOOKS: Duration = Duration::from_secs(5);

/// How long a run may be one of ours whose start has not been heard of. As long as a start that
/// gave no clear answer is looked for, and then as long again; a stranger's run waits as long.
const PATIENCE: Duration = Duration::from_mins(5);

/// Listens for runs that want to pass.
pub struct Guard {
    /// Whose runs may.
    pub deployments: Arc<Deployments>,
    /// The pipelines.
    pub planner: Arc<Planner>,
    /// Which pipelines each hook speaks of.
    pub meant: Meant,
    /// Where it is written down who was turned away.
    pub db: Db,
    /// The time.
    pub clock: Clock,
}

#[derive(Serialize, Deserialize)]
struct Errand {
    /// Those whose server asks; each can answer.
    pipelines: BTreeSet<PipelineName>,
    asked: Asked,
    since: Timestamp,
}

#[async_trait]
impl Listens for Guard {
    async fn hear(&self, tx: &mut Tx<'_>, told: &Told<'_>) -> anyhow::Result<bool> {
        // Whoever only holds a token asks nothing in a vendor's name.
        if matches!(told.vendor, Vendor::Standard | Vendor::Other) {
            return Ok(false);
        }
        let Some(meant) = self.meant.get(told.hook) else { return Ok(false) };
        let mut asked: Option<Asked> = None;
        let mut pipelines = BTreeSet::new();
        for (name, pipeline) in &self.planner.pipelines {
            if !meant.is_empty() && !meant.contains(name) {
                continue;
            }
            let Some(question) = pipeline.asked(told.event, told.body) else { continue };
            // Of several in one repository, those count that guard what is asked about.
            let guards = |asked: &Asked| asked.environment.is_some();
            match &asked {
                Some(first) if guards(first) && !guards(&question) => continue,
                Some(first) if guards(first) == guards(&question) => {}
                _ => {
                    pipelines.clear();
                    asked = Some(question);
                }
            }
            pipelines.insert(name.clone());
        }
        let Some(asked) = asked else { return Ok(false) };
        let key = format!("{:?} {} {}", pipelines.first(), asked.run, asked.name);
        let since = self.clock.now();
        let payload = serde_json::to_string(&Errand { pipelines, asked, since })?;
        jobs::enqueue(tx, &Wish { kind: KIND, key, payload, run_at: since }).await?;
        Ok(true)
    }
}

#[async_trait]
impl Handler for Guard {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, job: &Job) -> anyhow::Result<Ran> {
        let errand: Errand = serde_json::from_str(&job.payload)?;
        let run = &errand.asked.run;
        let mut may_be_ours = false;
        for deployment in self.deployments.open().await? {
            if !errand.pipelines.contains(&deployment.plan.pipeline) {
                continue;
            }
            match &deployment.state {
                // Whoever watches it sees what it waits for, and decides by the whole deployment.
                State::Running { run: ours, .. }
                    if ours.id == *run && errand.asked.environment.is_some() =>
                {
                    return Ok(Ran::Done);
                }
                State::Starting { .. } | State::Unknown { .. } => may_be_ours = true,
                _ => {}
            }
        }
        if may_be_ours && self.clock.now().since(errand.since) < PATIENCE {
            return Ok(Ran::Again(LOOKS));
        }
        self.turn_away(&errand, job).await
    }
}

impl Guard {
    async fn turn_away(&self, errand: &Errand, job: &Job) -> anyhow::Result<Ran> {
        let Errand { pipelines, asked, .. } = errand;
        let Some(name) = pipelines.first() else { return Ok(Ran::Done) };
        // Whoever takes the pipeline out of the configuration no longer guards anything with it.
        let Ok(pipeline) = self.planner.pipeline(name) else { return Ok(Ran::Done) };
        if job.attempt <= 1 {
            self.note(name, asked).await?;
        }
        match pipeline.turn_away(asked, &Answer::new(Verdict::Reject, &comment(asked))).await {
            Answered::Done | Answered::Gone => Ok(Ran::Done),
            Answered::Refused(why) => {
                tracing::warn!(pipeline = %name, run = %asked.run, "not turned away: {why}");
                Ok(Ran::Done)
            }
            Answered::NotNow(why) | Answered::Unclear(why) => Err(anyhow::anyhow!(why)),
        }
    }

    async fn note(&self, pipeline: &PipelineName, asked: &Asked) -> anyhow::Result<()> {
        let entry = Entry {
            at: self.clock.now(),
            actor: Actor::bot(),
            action: "gate_decline".to_owned(),
            subject: format!("pipeline/{pipeline}"),
            service: None,
            environment: asked.environment.clone(),
            outcome: Outcome::Done,
            detail: serde_json::json!({ "run": asked.run, "environment": asked.name }).to_string(),
        };
        audit::note_alone(&self.db, &entry).await?;
        Ok(())
    }
}

/// How to do it properly, for whoever went another way.
fn comment(asked: &Asked) -> String {
    match &asked.environment {
        Some(environment) => format!(
            "Pilothouse has not started this run, so it may not pass to {}. Ask for it where \
             deployments are asked for: /deploy {environment} <version>",
            asked.name
        ),
        None => format!("Pilothouse deploys nothing to {}, so no run may pass there", asked.name),
    }
}
