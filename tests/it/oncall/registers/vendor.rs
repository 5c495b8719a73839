//! What a pretended register must be able to do for the stories.

use async_trait::async_trait;
use serde_json::Value;
use wiremock::Request;

use super::stage::Stage;

/// Somebody, as a vendor knows them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Somebody {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) address: &'static str,
}

/// Known by the e-mail address that the configuration gives.
pub(crate) const ALICE: Somebody =
    Somebody { id: "ida11ce", name: "A. Adams", address: "Alice@Example.com" };

/// Known because they are called as in the configuration.
pub(crate) const BOB: Somebody =
    Somebody { id: "idb0b", name: "bob", address: "robert@example.com" };

/// Known to the vendor only, and called as nobody should be.
pub(crate) const JANE: Somebody =
    Somebody { id: "idjane", name: "Jane **Doe** \u{202e}<at>all</at>", address: "jane@x.example" };

/// Calls themselves bob, and has alice's address.
pub(crate) const NAMESAKE: Somebody =
    Somebody { id: "idname5ake", name: "bob", address: "alice@example.com" };

/// A turn. Without a beginning or an end, it has none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shift {
    pub(crate) who: Somebody,
    pub(crate) from: Option<&'static str>,
    pub(crate) until: Option<&'static str>,
}

/// Somebody's turn from then until then, both in UTC and without the letter for it.
pub(crate) fn shift(who: Somebody, from: &'static str, until: &'static str) -> Shift {
    Shift { who, from: Some(from), until: Some(until) }
}

/// A vendor that answers in the shapes its documentation shows.
#[async_trait]
pub(crate) trait PretendRegister: Send + Sync {
    /// What it is called in a sentence.
    fn called(&self) -> &'static str;

    /// A level's settings at this stage.
    fn level(&self, stage: &Stage) -> Value;

    /// What the secret's file holds when this is the token.
    fn secret(&self, _: &Stage, token: &str) -> String {
        token.to_owned()
    }

    /// The description that requests and answers are held against.
    fn described_in(&self) -> Option<&'static str> {
        None
    }

    /// Where turns are asked for.
    fn spot(&self) -> &'static str;

    /// What it answers where when these are its turns.
    fn pretends(&self, _: &[Shift]) -> Vec<(&'static str, Value)> {
        vec![]
    }

    /// An answer as its description has it, where it says other things than the vendor does.
    fn described(&self, answer: &Value) -> Value {
        answer.clone()
    }

    /// From now on these are its turns.
    async fn says(&self, stage: &Stage, shifts: &[Shift]) {
        for (at, answer) in self.pretends(shifts) {
            let described = self.described(&answer);
            stage.answers(at, answer, &described).await;
        }
    }

    /// Whether the request proves that its sender has the token.
    fn proves(&self, request: &Request, token: &str) -> bool;

    /// Answers that say nothing, in the vendor's own form.
    fn garbage(&self) -> Vec<Value>;

    /// Whether it is one that is a client of a server, with its patience and its limits.
    fn is_a_server(&self) -> bool {
        true
    }
}
