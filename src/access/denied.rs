//! Why somebody may not do something, in words for them.

use super::{Doubt, Permission};
use crate::names::{Environment, Service};

/// Why somebody may not do something, in words for them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.sentence())]
pub struct Denied {
    pub(super) who: String,
    pub(super) what: Permission,
    pub(super) target: String,
    /// The same in names; apart, so that a refusal stays small.
    pub(super) place: Box<(Option<Service>, Option<Environment>)>,
    pub(super) advice: String,
    /// Why nobody can tell, when nobody can.
    pub(super) doubt: Option<Doubt>,
}

impl Denied {
    /// The service it was about, when it was about one.
    pub fn service(&self) -> Option<&Service> {
        self.place.0.as_ref()
    }

    /// The environment it was about, when it was about one.
    pub fn environment(&self) -> Option<&Environment> {
        self.place.1.as_ref()
    }

    /// Whether they may all the same, and nobody can tell now.
    pub fn is_doubt(&self) -> bool {
        self.doubt.is_some()
    }

    fn sentence(&self) -> String {
        let Self { who, what, target, advice, .. } = self;
        match self.doubt {
            None => format!("{who} may not {what} {target}. {advice}"),
            Some(doubt) => format!(
                "Whether {who} may {what} {target} cannot be told now, so it is a no: {doubt}. Try \
                 again in a minute. {advice}"
            ),
        }
    }
}
