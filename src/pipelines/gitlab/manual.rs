//! Manual jobs that a run waits for, and deployments that have to be approved before them.

use reqwest::Method;
use serde_json::json;
use url::Url;

use super::{
    Gitlab,
    answers::{Deployment, Job},
};
use crate::{
    pipelines::{
        Answer, Answered, Gate, Run, Verdict,
        common::{not_answered, with},
        gates::MOST,
    },
    vendors::server::Error,
};

const NAME: &str = "GitLab";

impl Gitlab {
    /// The jobs that the run waits for.
    pub(super) fn gates(jobs: &[Job], run: &Run) -> Vec<Gate> {
        let gate = |job: &Job| {
            let (at, url) = (NAME.to_owned(), run.url.clone());
            let id = job.id?.to_string().parse().ok()?;
            Some(Gate {
                id,
                name: job.called(),
                at,
                answerable: true,
                url,
                environment: None,
                own: None,
            })
        };
        jobs.iter().filter(|job| job.is_waited_for()).filter_map(gate).take(MOST).collect()
    }

    /// Looks first: a job that somebody has begun is not begun again.
    pub(super) async fn answered(&self, run: &Run, gate: &Gate, answer: &Answer) -> Answered {
        match self.waits(gate).await {
            Ok(true) => {}
            Ok(false) => return Answered::Gone,
            Err(error) => return not_answered(NAME, error),
        }
        match self.decide(run, gate, answer).await {
            Ok(answered) => answered,
            Err(error) => match (not_answered(NAME, error), self.waits(gate).await) {
                (Answered::Refused(_), Ok(false)) => Answered::Gone,
                (answered, _) => answered,
            },
        }
    }

    async fn waits(&self, gate: &Gate) -> Result<bool, Error> {
        match self.server.ask::<Job>(self.at(&["jobs", gate.id.as_str()])?).await {
            Ok(job) => Ok(job.is_waited_for()),
            Err(error) if error.status() == Some(404) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// A job that deploys to a protected environment is approved first, and then begun. One that
    /// may not begin ends with everything else: GitLab has no other way to say so. As long as
    /// others have to approve it as well, nobody can begin it.
    async fn decide(&self, run: &Run, gate: &Gate, answer: &Answer) -> Result<Answered, Error> {
        let status = match answer.verdict {
            Verdict::Approve => "approved",
            Verdict::Reject => "rejected",
        };
        if let Some(deployment) = self.blocked(gate).await {
            let url = self.at(&["deployments", &deployment.id.to_string(), "approval"])?;
            let body = json!({ "status": status, "comment": answer.comment });
            self.server.act((Method::POST, url), &[], |request| request.json(&body)).await?;
            let others = deployment.pending_approval_count.saturating_sub(1);
            if answer.verdict == Verdict::Approve && others > 0 {
                return Ok(Answered::Refused(format!(
                    "{NAME} has this approval and wants {others} more; answer again after them"
                )));
            }
        }
        let url = match answer.verdict {
            Verdict::Approve => self.at(&["jobs", gate.id.as_str(), "play"])?,
            Verdict::Reject => self.at(&["pipelines", run.id.as_str(), "cancel"])?,
        };
        self.server.act((Method::POST, url), &[], |request| request).await?;
        Ok(Answered::Done)
    }

    /// The deployment of this job that has to be approved, where there is such a thing.
    async fn blocked(&self, gate: &Gate) -> Option<Deployment> {
        let query =
            [("status", "blocked"), ("order_by", "id"), ("sort", "desc"), ("per_page", "100")];
        let url = with(self.at(&["deployments"]).ok()?, &query);
        let blocked: Vec<Deployment> = match self.server.ask(url).await {
            Ok(blocked) => blocked,
            Err(error) => {
                tracing::debug!(%error, "deployments that have to be approved are not known");
                return None;
            }
        };
        blocked.into_iter().find(|deployment| deployment.job().as_deref() == Some(gate.id.as_str()))
    }

    fn at(&self, segments: &[&str]) -> Result<Url, Error> {
        let nowhere = |error: anyhow::Error| crate::outbound::Failure::Unreached(error.to_string());
        self.url(segments).map_err(|error| Error::Failed(NAME, nowhere(error)))
    }
}
