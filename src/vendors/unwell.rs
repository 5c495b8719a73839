//! What an operator is told when a vendor gives no answer.

use super::{github, graph, server};
use crate::greeting::Greeting;

impl server::Error {
    /// As the answer to a harmless question.
    pub fn greeting(&self) -> Greeting {
        match self {
            Self::NoKey(..) => Greeting::bad(
                self.to_string(),
                "Put the secret where the configuration says that it is",
            ),
            Self::NoToken(..) => Greeting::sentence(&self.to_string()),
            Self::Failed(name, failure) => Greeting::failed(name, failure),
        }
    }
}

impl github::Error {
    /// As the answer to a harmless question.
    pub fn greeting(&self) -> Greeting {
        match self {
            Self::SignIn(_) => Greeting::bad(
                self.to_string(),
                "Compare the credential in the configuration with GitHub's: the token, or the \
                 app's id, its key, where it is installed and what it may do",
            ),
            Self::Failed(failure) => Greeting::failed("GitHub", failure),
        }
    }
}

impl graph::Error {
    /// As the answer to a harmless question.
    pub fn greeting(&self) -> Greeting {
        match self {
            Self::SignIn(_) => Greeting::sentence(&self.to_string()),
            Self::Failed(failure) => Greeting::failed("Microsoft Graph", failure),
        }
    }
}
