//! Environments of GitHub that a run waits for: reviewers who are asked, and our own rule.

use serde_json::{Value, json};
use url::Url;

use super::{
    GithubActions,
    answers::{Pending, RunSeen},
    settings::Head,
};
use crate::{
    names::{Environment, RunId},
    pipelines::{
        Answer, Answered, Asked, Gate, Own, Progress, Run, RunState, Verdict,
        common::{line, not_taken},
        gates::MOST,
    },
    vendors::github::Error,
};

const NAME: &str = "GitHub";

/// How the gate of our own rule is told from that of the reviewers of the same environment.
const RULE: &str = "rule-";

/// Where our own rule is answered for, below the address of a run.
const RULE_PATH: &str = "deployment_protection_rule";

/// The longest name of an environment at GitHub, in bytes of four for each letter.
const LONGEST_NAME: usize = 1020;

impl GithubActions {
    fn pending_url(&self, run: &RunId) -> anyhow::Result<Url> {
        self.run_url(run.as_str(), &["pending_deployments"])
    }

    async fn pending(&self, run: &RunId) -> anyhow::Result<Result<Vec<Pending>, Error>> {
        Ok(self.github.ask(self.pending_url(run)?).await)
    }

    /// The progress with what the run waits for, of what can be told. Where our own rule stands,
    /// one job may wait while others are at work.
    pub(super) async fn gates(&self, progress: Progress, seen: &RunSeen, run: &Run) -> Progress {
        let waits = match seen.state().0 {
            RunState::WaitingApproval => true,
            RunState::Running => self.rule.is_some(),
            _ => false,
        };
        let Some(url) = self.pending_url(&run.id).ok().filter(|_| waits) else { return progress };
        let pending: Vec<Pending> = match self.github.poll(url).await {
            Ok(pending) => pending,
            Err(error) => {
                tracing::warn!(%error, run = %run.id, "what the run waits for is not known");
                return Progress { gates_unknown: true, ..progress };
            }
        };
        let gates = pending.iter().flat_map(|pending| self.gates_of(pending, seen, run));
        Progress { gates: gates.take(MOST).collect(), ..progress }
    }

    fn gates_of(&self, pending: &Pending, seen: &RunSeen, run: &Run) -> Vec<Gate> {
        let environment = &pending.environment;
        let own = self.guarded(&environment.name).map(|guarded| Own {
            environment: guarded.clone(),
            commit: match self.rule.as_ref().map(|rule| rule.head) {
                Some(Head::Any) => None,
                // A run that does not say what it is made of is not made of what was approved.
                _ => Some(seen.head_sha.as_deref().map_or("unknown".to_owned(), line)),
            },
        });
        // Nobody is asked where only a clock runs.
        let timed = pending.wait_timer > 0 && !pending.current_user_can_approve;
        let reviewed = !pending.reviewers.is_empty() || (own.is_none() && !timed);
        let gate = |id: String, answerable, own| {
            let (name, at) = (line(&environment.name), NAME.to_owned());
            let id = id.parse().ok()?;
            let (url, environment) = (run.url.clone(), self.guarded(&environment.name).cloned());
            Some(Gate { id, name, at, answerable, url, environment, own })
        };
        let rule = own.and_then(|own| gate(format!("{RULE}{}", environment.id), true, Some(own)));
        let can = pending.current_user_can_approve;
        let review = reviewed.then(|| gate(environment.id.to_string(), can, None)).flatten();
        rule.into_iter().chain(review).collect()
    }

    /// What a delivery asks our rule. The run's number is all that is taken from the address in
    /// it, and only of an address that is the one of that run here.
    pub(super) fn asks(&self, event: &str, body: &Value) -> Option<Asked> {
        let text = |path: &str| body.pointer(path).and_then(Value::as_str);
        let ours = self.rule.is_some()
            && event == "deployment_protection_rule"
            && text("/action") == Some("requested")
            && text("/repository/full_name")?
                .eq_ignore_ascii_case(&self.github.repository().to_string());
        if !ours {
            return None;
        }
        let callback = Url::parse(text("/deployment_callback_url")?).ok()?;
        let mut path = callback.path_segments()?.rev();
        let (RULE_PATH, Some(run)) = (path.next()?, path.next()) else { return None };
        let run: RunId = run.parse::<u64>().ok()?.to_string().parse().ok()?;
        let here = self.run_url(run.as_str(), &[RULE_PATH]).ok()?;
        if !callback.as_str().eq_ignore_ascii_case(here.as_str()) {
            tracing::warn!(%callback, "a rule is asked for an answer at another address");
            return None;
        }
        let name = text("/environment").filter(|name| name.len() <= LONGEST_NAME)?.to_owned();
        Some(Asked { run, environment: self.guarded(&name).cloned(), name })
    }

    /// The environment that our rule guards under this name of GitHub's.
    pub(super) fn guarded(&self, name: &str) -> Option<&Environment> {
        let guarded = &self.rule.as_ref()?.environments;
        guarded.iter().find(|(_, theirs)| theirs.eq_ignore_ascii_case(name)).map(|(ours, _)| ours)
    }

    /// Looks first: what waits for nothing any more is not answered again.
    pub(super) async fn answered(&self, run: &Run, gate: &Gate, answer: &Answer) -> Answered {
        let pending = match self.waiting(&run.id, gate).await {
            Ok(pending) => pending,
            Err(answered) => return answered,
        };
        let (id, name) = (pending.environment.id, pending.environment.name.as_str());
        let said = if gate.own.is_some() {
            self.rules(&run.id, name, answer).await
        } else {
            let body = json!({
                "environment_ids": [id], "state": word(answer.verdict), "comment": answer.comment,
            });
            self.tell(self.pending_url(&run.id), &body).await
        };
        match said {
            Answered::Refused(why) => match self.waiting(&run.id, gate).await {
                Err(Answered::Gone) => Answered::Gone,
                _ => Answered::Refused(why),
            },
            said => said,
        }
    }

    /// The environment behind a gate, as long as it waits.
    async fn waiting(&self, run: &RunId, gate: &Gate) -> Result<Pending, Answered> {
        let pending = match self.pending(run).await {
            Ok(Ok(pending)) => pending,
            Ok(Err(error)) if error.status() == Some(404) => return Err(Answered::Gone),
            Ok(Err(error)) => return Err(not_said(error)),
            Err(error) => return Err(Answered::Refused(error.to_string())),
        };
        let id = gate.id.as_str();
        let id = id.strip_prefix(RULE).unwrap_or(id);
        let mut pending = pending.into_iter();
        pending.find(|pending| pending.environment.id.to_string() == id).ok_or(Answered::Gone)
    }

    /// What our own rule says about a run that wants to go to an environment. The address is
    /// built here, and never taken from what GitHub sent.
    pub(super) async fn rules(&self, run: &RunId, environment: &str, answer: &Answer) -> Answered {
        let body = json!({
            "environment_name": environment, "state": word(answer.verdict),
            "comment": answer.comment,
        });
        self.tell(self.run_url(run.as_str(), &[RULE_PATH]), &body).await
    }

    async fn tell(&self, url: anyhow::Result<Url>, body: &Value) -> Answered {
        let url = match url {
            Ok(url) => url,
            Err(error) => return Answered::Refused(error.to_string()),
        };
        match self.github.act(url, Some(body)).await {
            Ok(_) => Answered::Done,
            Err(error) => not_said(error),
        }
    }
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Approve => "approved",
        Verdict::Reject => "rejected",
    }
}

fn not_said(error: Error) -> Answered {
    match error {
        Error::SignIn(_) => Answered::Refused(error.to_string()),
        Error::Failed(failure) => not_taken(NAME, failure),
    }
}
