//! Which groups of Microsoft Entra somebody is in: asked at Graph, remembered for a short while.
//!
//! All groups of the configuration are asked about at once, and everybody who waits for the same
//! person waits for the same answer: a person costs one question, however many buttons they see.

use std::{collections::BTreeSet, fmt, sync::Arc, time::Duration};

use moka::future::Cache;
use tokio::task::JoinHandle;

use super::Actor;
use crate::{
    clock::{Clock, Timestamp},
    outbound::Failure,
    vendors::graph::{Error, Graph},
};

/// How long what somebody may *see* rests on an answer. Whoever is taken out of a group sees what
/// it showed them for this long; shorter asks Graph more often.
const LATELY: Duration = Duration::from_mins(5);

/// What was asked so long ago is as good as asked now: one press of a button decides more than
/// once, and is to wait for Graph once.
const JUST_NOW: Duration = Duration::from_secs(3);

/// How long a failure stands for an answer: who presses again and again does not ask a Graph in
/// trouble more often than this.
const FAILED: Duration = Duration::from_secs(5);

/// How long an answer is waited for. A pressed button must be answered within three seconds.
const PATIENCE: Duration = Duration::from_millis(1800);

/// How many people's groups are remembered; each is a few hundred bytes.
const PEOPLE: u64 = 10_000;

/// How new an answer has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// Good enough for what is shown.
    Lately,
    /// Good enough for what is done.
    Now,
}

/// Why nobody can tell which groups somebody is in, as a sentence goes on.
pub(super) type Doubt = &'static str;

/// The groups that roles name, and whoever knows who is in them.
pub(super) struct Groups {
    tenant: String,
    all: Arc<[String]>,
    graph: Arc<Graph>,
    clock: Clock,
    known: Cache<String, Known>,
}

/// What is known about one person.
#[derive(Clone, Default)]
struct Known {
    /// The last answer, and when it was asked for.
    answer: Option<(Timestamp, Arc<BTreeSet<String>>)>,
    /// What went wrong since then.
    failed: Option<(Timestamp, Doubt)>,
}

impl Groups {
    pub(super) fn new(tenant: String, all: BTreeSet<String>, graph: Graph, clock: Clock) -> Self {
        let all = all.into_iter().collect();
        Self { tenant, all, graph: Arc::new(graph), clock, known: Cache::new(PEOPLE) }
    }

    /// The groups this person is in, of those that roles name. People of other tenants are in none.
    pub(super) async fn of(
        &self,
        actor: &Actor,
        when: When,
    ) -> Result<Arc<BTreeSet<String>>, Doubt> {
        let Some(object) = actor.id.entra_object_of(&self.tenant) else {
            return Ok(Arc::default());
        };
        let now = self.clock.now();
        let before = self.known.get(object).await.unwrap_or_default();
        let ask = async {
            match tokio::time::timeout(PATIENCE, self.ask(object)).await {
                Ok(Ok(Ok(groups))) => Known { answer: Some((now, Arc::new(groups))), failed: None },
                Ok(Ok(Err(error))) => before.failing(now, doubt(&error)),
                Ok(Err(_)) => before.failing(now, "Microsoft Graph was not asked"),
                Err(_) => {
                    tracing::warn!("Microsoft Graph does not say in time who is in which group");
                    before.failing(now, "Microsoft Graph did not answer in time")
                }
            }
        };
        let entry = self.known.entry_by_ref(object);
        let entry = entry.or_insert_with_if(ask, |known| known.verdict(now, when).is_none()).await;
        let nothing = Err("Microsoft Graph was not asked");
        entry.into_value().verdict(now, when).unwrap_or(nothing)
    }

    /// Asks to the end, whoever waits for it: a token that was fetched too late for one is there for
    /// the next.
    fn ask(&self, object: &str) -> JoinHandle<Result<BTreeSet<String>, Error>> {
        let (graph, all, object) = (self.graph.clone(), self.all.clone(), object.to_owned());
        tokio::spawn(async move { graph.groups_among(&object, &all).await })
    }
}

impl Known {
    /// What follows from it; nothing, when it is time to ask again.
    fn verdict(&self, now: Timestamp, when: When) -> Option<Result<Arc<BTreeSet<String>>, Doubt>> {
        let age = match when {
            When::Lately => LATELY,
            When::Now => JUST_NOW,
        };
        // A clock that was set back makes no answer younger.
        let within =
            |at: Timestamp, age: Duration| u128::from(now.0.abs_diff(at.0)) < age.as_millis();
        match (&self.answer, self.failed) {
            (Some((at, groups)), _) if within(*at, age) => Some(Ok(Arc::clone(groups))),
            (_, Some((at, doubt))) if within(at, FAILED) => Some(Err(doubt)),
            _ => None,
        }
    }

    fn failing(self, now: Timestamp, doubt: Doubt) -> Self {
        Self { failed: Some((now, doubt)), ..self }
    }
}

impl fmt::Debug for Groups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Groups").field("all", &self.all).finish_non_exhaustive()
    }
}

/// The same for people: what Graph itself said is for the log.
fn doubt(error: &Error) -> Doubt {
    tracing::warn!("nobody can tell who is in which group: {error}");
    match error {
        Error::SignIn(_) => "Pilothouse cannot sign in to Microsoft Graph",
        Error::Failed(Failure::Unreached(_)) => "Microsoft Graph cannot be reached",
        Error::Failed(Failure::NotNow { .. }) => "Microsoft Graph wants to be asked later",
        Error::Failed(Failure::Refused { status: 401 | 403, .. }) => {
            "Microsoft Graph does not let Pilothouse see who is in which group before it has the \
             permissions GroupMember.Read.All and User.Read.All"
        }
        Error::Failed(Failure::Refused { .. }) => "Microsoft Graph refuses to tell",
        Error::Failed(Failure::Unclear(_)) => "Microsoft Graph gave no clear answer",
    }
}
