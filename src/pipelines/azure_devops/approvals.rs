//! Approvals of environments: what a run waits for, and who has decided.

use reqwest::Method;
use serde_json::json;
use url::Url;

use super::{
    AzureDevops, NAME, VERSION,
    answers::{Approval, List, Timeline, word},
};
use crate::{
    outbound::Failure,
    pipelines::{
        Answer, Answered, Gate, Run,
        common::{not_answered, with},
        gates::MOST,
    },
    vendors::server::Error,
};

impl AzureDevops {
    fn approvals_url(&self, more: &[&str]) -> anyhow::Result<Url> {
        Ok(with(self.url(&[&["_apis", "pipelines", "approvals"], more].concat())?, &[VERSION]))
    }

    async fn approval(&self, id: &str) -> anyhow::Result<Result<Approval, Error>> {
        let url = with(self.approvals_url(&[id])?, &[("$expand", "permissions")]);
        Ok(self.ask(url).await)
    }

    /// What the run waits for, of what can be told.
    pub(super) async fn gates(&self, timeline: &Timeline, run: &Run) -> Vec<Gate> {
        let mut gates = vec![];
        for (id, name) in timeline.approvals().into_iter().take(MOST) {
            let Ok(gate) = id.parse() else { continue };
            let answerable = match self.approval(id).await {
                Ok(Ok(approval)) if approval.is_over() => continue,
                Ok(Ok(approval)) => approval.is_ours_to_answer(),
                // Whether it takes our answer is found out by giving one.
                Ok(Err(error)) => {
                    tracing::debug!(%error, approval = id, "an approval could not be looked at");
                    error.status().is_none()
                }
                Err(_) => continue,
            };
            let (at, url) = (NAME.to_owned(), run.url.clone());
            gates.push(Gate { id: gate, name, at, answerable, url, environment: None, own: None });
        }
        gates
    }

    /// Looks first: what was answered is not answered again, whoever has done it.
    pub(super) async fn answered(&self, gate: &Gate, answer: &Answer) -> Answered {
        let id = gate.id.as_str();
        match self.approval(id).await {
            Ok(Ok(approval)) if approval.is_over() => return Answered::Gone,
            Ok(Err(error)) if error.status() == Some(404) => return Answered::Gone,
            Ok(Ok(_)) => {}
            Ok(Err(error)) => return not_answered(NAME, error),
            Err(error) => return Answered::Refused(error.to_string()),
        }
        match self.decide(id, answer).await {
            Ok(()) => Answered::Done,
            Err(error) if error.status() == Some(400) => match self.approval(id).await {
                Ok(Ok(approval)) if approval.is_over() => Answered::Gone,
                _ => not_answered(NAME, error),
            },
            Err(error) => not_answered(NAME, error),
        }
    }

    async fn decide(&self, id: &str, answer: &Answer) -> Result<(), Error> {
        let unclear = |why: &str| Error::Failed(NAME, Failure::Unclear(why.to_owned()));
        let url = self
            .approvals_url(&[])
            .map_err(|error| Error::Failed(NAME, Failure::Unreached(error.to_string())))?;
        let body = json!([{
            "approvalId": id, "status": word(answer.verdict), "comment": answer.comment,
        }]);
        let said = self.server.act((Method::PATCH, url), &[], |r| r.json(&body)).await?;
        let taken: List<Approval> = self.decoded(&said)?;
        let ours = |approval: &Approval| approval.id.as_deref() == Some(id);
        if taken.value.iter().any(ours) { Ok(()) } else { Err(unclear("it names other approvals")) }
    }
}
