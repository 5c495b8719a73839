//! The demo's monitor: asks the sample service how it is, and posts what it finds to the bot's door
//! as Prometheus and Alertmanager would.

use std::{
    fs,
    io::{ErrorKind, Write as _},
    net::SocketAddr,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use reqwest::Method;
use serde_json::json;

use super::sample;
use crate::{
    clock::Clock,
    outbound::{Base, Outbound},
};

/// How often it asks. A real one takes a quarter of a minute, and the tour would be a test of
/// patience.
const EVERY: Duration = Duration::from_millis(400);

/// Where it looks.
const ENVIRONMENTS: [&str; 2] = ["production", "staging"];

/// What the monitor works with.
pub(super) struct Posts {
    /// Where it remembers what fires.
    pub folder: PathBuf,
    /// The sample service's port.
    pub sample: u16,
    /// The bot's address.
    pub bot: SocketAddr,
    /// What it proves itself with.
    pub token: String,
    /// The way to both.
    pub outbound: Outbound,
}

/// The token of the demo's source of alerts: made once, and kept in a file beside the
/// configuration that names it.
pub(super) fn token(folder: &Path) -> anyhow::Result<String> {
    let file = folder.join("alert-token");
    match fs::read_to_string(&file) {
        Ok(token) => Ok(token.trim_end().to_owned()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let mut bytes = [0; 18];
            aws_lc_rs::rand::fill(&mut bytes)?;
            let token = BASE64_URL_SAFE_NO_PAD.encode(bytes);
            let mut new =
                fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file)?;
            writeln!(new, "{token}")?;
            Ok(token)
        }
        Err(error) => Err(error.into()),
    }
}

/// Watches for ever. What could not be told is told the next time.
pub(super) async fn watch(posts: Posts) {
    loop {
        tokio::time::sleep(EVERY).await;
        for environment in ENVIRONMENTS {
            if let Err(error) = posts.look(environment).await {
                tracing::debug!(environment, "the monitor: {error:#}");
            }
        }
    }
}

impl Posts {
    async fn look(&self, environment: &str) -> anyhow::Result<()> {
        let page: Base =
            format!("http://127.0.0.1:{}/{environment}/healthz", self.sample).parse()?;
        let request = self.outbound.request(Method::GET, page.as_url().clone());
        let status = self.outbound.hear(request).await?.status;
        let file = self.folder.join(format!("fires-in-{environment}"));
        let since = match fs::read_to_string(&file) {
            Ok(since) => Some(since),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error.into()),
        };
        let now = jiff::Timestamp::from_millisecond(Clock::system().now().0)?.to_string();
        match (since, status == 200) {
            (None, false) => {
                self.post(environment, (&now, None), status).await?;
                fs::write(file, now)?;
            }
            (Some(since), true) => {
                self.post(environment, (&since, Some(&now)), status).await?;
                fs::remove_file(file)?;
            }
            (None, true) | (Some(_), false) => {}
        }
        Ok(())
    }

    async fn post(
        &self,
        environment: &str,
        (starts, ends): (&str, Option<&str>),
        status: u16,
    ) -> anyhow::Result<()> {
        let service = sample::SERVICE;
        let delivery = json!({
            "version": "4",
            "alerts": [{
                "status": if ends.is_some() { "resolved" } else { "firing" },
                "labels": {
                    "alertname": "HighErrorRate", "service": service, "environment": environment,
                    "severity": "critical",
                },
                "annotations": {
                    "summary": format!("{service} answers {status} in {environment}"),
                },
                "startsAt": starts,
                "endsAt": ends.unwrap_or("0001-01-01T00:00:00Z"),
            }],
        });
        let door: Base = format!("http://{}/hooks/monitor", self.bot).parse()?;
        let request = self.outbound.request(Method::POST, door.as_url().clone());
        self.outbound.send(request.bearer_auth(&self.token).json(&delivery)).await?;
        Ok(())
    }
}
