//! Runbooks: found, shown, and their steps run.

mod found;
mod running;
mod shown;

use std::{fs, path::Path};

use tempfile::TempDir;

use crate::world::{Bot, SERVICES};

const SLOW: &str = "---\ntitle: Checkout is slow\nservices: [checkout]\nalerts: [HighLatency, SlowCheckout]\n\
    tags: [latency, database]\n---\n# Checkout is slow\n\nLook at the **database** first.\n\n\
    1. Open the [dashboard](https://grafana.example/d/1)\n2. Restart it:\n\n\
    ```run name=restart-checkout\nRestarts all three of its processes.\n```\n";

const DOWN: &str = "---\nservices: [checkout, shop]\nalerts: [CheckoutDown]\n---\n# Checkout is down\n\n\
    Call somebody.\n";

const CERTIFICATES: &str =
    "# Renew certificates\n\nThey end every ninety days.\n\n```sh\ncertbot renew\n```\n";

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), files);
    folder
}

fn write(folder: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

fn three() -> TempDir {
    folder(&[
        ("checkout-is-slow.md", SLOW),
        ("checkout-is-down.md", DOWN),
        ("web/renew-certificates.md", CERTIFICATES),
        ("README.txt", "not a runbook"),
    ])
}

/// The usual services with a service nobody but bob may look at, and these runbooks.
fn with(folder: &Path, steps: &str) -> String {
    let services = SERVICES.trim_end().strip_suffix('}').unwrap();
    format!(
        r#"{services}, "shop": {{"pipeline": "pretend", "environments": {{}}}},
        "runbooks": {{"folder": {:?}, "steps": {steps}}}}}"#,
        folder.display().to_string()
    )
}

const STEPS: &str = r#"{"restart-checkout": {"service": "checkout", "environment": "staging",
    "program": "/bin/echo", "arguments": ["--all", "a b; rm -rf /"], "variables": {"LEVEL": "3"}}}"#;

async fn library(folder: &TempDir) -> Bot {
    Bot::with(&with(folder.path(), STEPS)).await
}
