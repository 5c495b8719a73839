//! A server on this machine that plays a vendor.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use pilothouse::{
    clock::{Clock, Timestamp},
    names::PipelineName,
    outbound::Outbound,
    pipelines::{self, Ground, Order, Pipeline, Resolved, Run, Unresolved, Wish},
};
use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, Request, ResponseTemplate,
    matchers::{method, path},
};

use super::vendor::{PretendVendor, Spot};
use crate::contracts::{Checked, Contract};

pub(crate) const SHA: &str = "7fd1a60b01f91b314f59955a4e4d4e80d8edf11d";
pub(crate) const OLD: &str = "553c2077f0edc3d5dc5d17262f6aa498e69d6f8e";
pub(crate) const OURS: &str = "ph-8f2c91d4-1";
pub(crate) const TOKEN: &str = "pretended-token-one";

/// A patience short enough for a test, and long enough for a busy machine to send a request.
pub(crate) const HASTE: &str = "1s";

/// Of which kind the answers to one verb and path are checked.
pub(crate) struct Stage {
    pub(crate) server: MockServer,
    pub(crate) clock: Clock,
    folder: tempfile::TempDir,
    contracts: Vec<Contract>,
    beyond: &'static [&'static str],
}

impl Stage {
    pub(crate) async fn of(vendor: &dyn PretendVendor) -> Self {
        let described = vendor.described_in();
        let stage = Self {
            server: MockServer::builder().start().await,
            clock: Clock::manual(Timestamp(1_795_572_490_000)),
            folder: tempfile::tempdir().unwrap(),
            contracts: described.iter().filter_map(|name| Contract::of(name)).collect(),
            beyond: vendor.beyond(),
        };
        stage.token(TOKEN);
        stage
    }

    /// From now on this is the token.
    pub(crate) fn token(&self, token: &str) {
        std::fs::write(self.token_file(), format!("{token}\n")).unwrap();
    }

    pub(crate) fn token_file(&self) -> std::path::PathBuf {
        self.folder.path().join("token")
    }

    /// The reference to the token, as a configuration holds it.
    pub(crate) fn secret(&self) -> String {
        format!("file:{}", self.token_file().display())
    }

    pub(crate) fn pipeline(&self, vendor: &dyn PretendVendor) -> Arc<dyn Pipeline> {
        self.open(vendor.settings(self)).unwrap()
    }

    pub(crate) fn open(&self, settings: Value) -> anyhow::Result<Arc<dyn Pipeline>> {
        let ground = Ground {
            outbound: Outbound::new().unwrap(),
            clock: self.clock.clone(),
            folder: self.folder.path().into(),
            program: "pilothouse".into(),
        };
        let settings: pipelines::Settings = serde_json::from_value(settings)?;
        let name: PipelineName = "checkout".parse()?;
        pipelines::open(&name, &settings, &ground)
    }

    /// From now on a path is answered so; an answer that is good is held against the description.
    pub(crate) async fn answers(&self, spot: Spot, status: u16, body: Value) {
        if status < 300 && !self.contracts.is_empty() {
            // Azure DevOps describes bare lists, and wraps them on the wire.
            let wrapped = body.get("value").filter(|_| body.get("count").is_some());
            let described = wrapped.unwrap_or(&body);
            let check =
                |c: &Contract| c.answer(spot.0, spot.1, status, described) == Checked::Obeys;
            let described = self.contracts.iter().any(check);
            assert!(described || self.is_beyond(spot.1), "{spot:?} is not described");
        }
        let answer = ResponseTemplate::new(status);
        let answer = if body.is_null() { answer } else { answer.set_body_json(body) };
        self.raw(spot, answer).await;
    }

    pub(crate) async fn raw(&self, spot: Spot, answer: ResponseTemplate) {
        let mock = Mock::given(method(spot.0)).and(path(spot.1)).respond_with(answer);
        mock.mount(&self.server).await;
    }

    /// The next request only is answered so.
    pub(crate) async fn once(&self, spot: Spot, answer: impl wiremock::Respond + 'static) {
        let mock = Mock::given(method(spot.0)).and(path(spot.1)).respond_with(answer);
        mock.up_to_n_times(1).with_priority(1).mount(&self.server).await;
    }

    /// The server takes the request and hangs up.
    pub(crate) async fn hangs_up(&self, spot: Spot) {
        let hang_up = |_: &Request| std::io::Error::from(std::io::ErrorKind::ConnectionReset);
        let mock = Mock::given(method(spot.0)).and(path(spot.1)).respond_with_err(hang_up);
        mock.mount(&self.server).await;
    }

    /// Everything asked so far, each of it held against the description.
    pub(crate) async fn asked(&self) -> Vec<Request> {
        let asked = self.server.received_requests().await.unwrap();
        for request in asked.iter().filter(|_| !self.contracts.is_empty()) {
            let query: Vec<String> =
                request.url.query_pairs().map(|(name, _)| name.into_owned()).collect();
            let (verb, at) = (request.method.as_str(), request.url.path());
            let obeys = |c: &Contract| c.request(verb, at, &query, &request.body) == Checked::Obeys;
            let described = self.contracts.iter().any(obeys);
            assert!(described || self.is_beyond(at), "{verb} {at} is not described");
        }
        asked
    }

    /// What was asked at one spot, oldest first.
    pub(crate) async fn asked_at(&self, spot: Spot) -> Vec<Request> {
        let mut asked = self.asked().await;
        asked.retain(|r| r.method.as_str() == spot.0 && r.url.path() == spot.1);
        asked
    }

    pub(crate) async fn count(&self, spot: Spot) -> usize {
        self.asked_at(spot).await.len()
    }

    fn is_beyond(&self, at: &str) -> bool {
        self.beyond.iter().any(|beyond| at.starts_with(beyond))
    }

    /// `/deploy production v2.1.0`, agreed upon.
    pub(crate) fn order(&self) -> Order {
        Order {
            correlation: OURS.parse().unwrap(),
            service: "checkout".parse().unwrap(),
            environment: "production".parse().unwrap(),
            version: "v2.1.0".parse().unwrap(),
            commit: Some(SHA.to_owned()),
            parameters: BTreeMap::from([("region".to_owned(), "eu".to_owned())]),
            decided: self.clock.now(),
        }
    }
}

/// The one run there is.
pub(crate) fn the_run(vendor: &dyn PretendVendor) -> Run {
    Run { id: vendor.run().parse().unwrap(), label: "#456".to_owned(), url: None }
}

/// Resolves `version` as if `since` were live.
pub(crate) async fn resolve(
    pipeline: &dyn Pipeline,
    version: &str,
    since: Option<&str>,
) -> Result<Resolved, Unresolved> {
    let (service, environment) = ("checkout".parse().unwrap(), "production".parse().unwrap());
    let version = version.parse().unwrap();
    let wish = Wish { service: &service, environment: &environment, version: &version, since };
    pipeline.resolve(&wish).await
}

/// An answer that comes too late for [`HASTE`].
pub(crate) fn late() -> ResponseTemplate {
    ResponseTemplate::new(200).set_delay(Duration::from_secs(5))
}

/// Settings with [`HASTE`].
pub(crate) fn hasty(mut settings: Value) -> Value {
    // GitHub's is beside what else is said of the server.
    let server = if settings["github"].is_null() { &mut settings } else { &mut settings["github"] };
    server["timeout"] = json!(HASTE);
    settings
}
