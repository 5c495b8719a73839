//! Who Pilothouse is at a server that takes a token or a password, and asks nobody else.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::server::Key;
use crate::secrets::Secret;

/// Who Pilothouse is at a server: one of the two.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Credential {
    /// Whoever holds this token.
    pub bearer: Option<Secret>,
    /// A user with a password.
    pub basic: Option<Basic>,
}

/// A user with a password.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Basic {
    /// The user's name.
    pub user: String,
    /// Where their password is kept.
    pub password: Secret,
}

impl Credential {
    /// Whether it says one of the two, and not both.
    pub fn is_one(&self) -> bool {
        self.bearer.is_some() != self.basic.is_some()
    }

    /// The same as a server takes it; without one, it is nobody in particular.
    pub fn key(credential: Option<&Self>) -> Key {
        match credential {
            Some(Self { bearer: Some(token), .. }) => Key::Bearer(token.clone()),
            Some(Self { basic: Some(basic), .. }) => {
                Key::Basic(basic.user.clone(), basic.password.clone())
            }
            _ => Key::Nobody,
        }
    }
}
