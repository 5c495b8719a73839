//! The audit: keys that are keys, and checkpoints that are written now and then.

use super::{Found, Path, Secrets};
use crate::{
    audit::{Key, KeyError, Settings},
    secrets::Secret,
};

pub(super) fn check(settings: &Settings, found: &mut Found<'_>, secrets: Secrets) {
    let top = Path::of(&["audit"]);
    if settings.every.0.is_zero() {
        found.wrong(&top.key("every"), "must be longer than no time at all: `5m`");
    }
    if secrets == Secrets::Leave {
        return;
    }
    if let Some(secret) = &settings.key {
        key(secret, &top.key("key"), found);
    }
    let former = found.items(&top.key("former_keys"));
    for (path, secret) in former.iter().zip(&settings.former_keys) {
        key(secret, path, found);
    }
}

/// That it can be read has been looked at before.
fn key(secret: &Secret, path: &Path, found: &mut Found<'_>) {
    if let Err(error @ KeyError::TooShort(_)) = Key::read(secret) {
        found.wrong(path, error.to_string());
    }
}
