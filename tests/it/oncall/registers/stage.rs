//! A server on this machine that plays a vendor, and a bot that asks it who is on call.

use std::time::Duration;

use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, Request, ResponseTemplate,
    matchers::{method, path},
};

use super::{super::told::with, vendor::PretendRegister};
use crate::{
    contracts::{Checked, Contract},
    world::Bot,
};

pub(crate) const TOKEN: &str = "pretended-token-one";

pub(crate) struct Stage {
    server: MockServer,
    folder: tempfile::TempDir,
    contract: Option<Contract>,
    gone: bool,
}

impl Stage {
    pub(crate) async fn of(vendor: &dyn PretendRegister) -> Self {
        let stage = Self {
            server: MockServer::builder().start().await,
            folder: tempfile::tempdir().unwrap(),
            contract: vendor.described_in().and_then(Contract::of),
            gone: false,
        };
        stage.token(vendor, TOKEN);
        stage
    }

    /// Where nobody ever answers.
    pub(crate) async fn of_nobody(vendor: &dyn PretendRegister) -> Self {
        let mut stage = Self::of(vendor).await;
        stage.gone = true;
        stage.token(vendor, TOKEN);
        stage
    }

    pub(crate) fn uri(&self) -> String {
        if self.gone { "http://127.0.0.1:1".to_owned() } else { self.server.uri() }
    }

    /// From now on this is the token.
    pub(crate) fn token(&self, vendor: &dyn PretendRegister, token: &str) {
        let text = vendor.secret(self, token);
        std::fs::write(self.folder.path().join("token"), format!("{text}\n")).unwrap();
    }

    /// The reference to the token, as a configuration holds it.
    pub(crate) fn secret(&self) -> String {
        format!("file:{}", self.folder.path().join("token").display())
    }

    /// A bot with these levels.
    pub(crate) async fn bot(&self, levels: &[Value]) -> Bot {
        let schedule = json!({
            "services": ["checkout"], "time_zone": "Europe/Berlin", "escalate_after": "5m",
            "levels": levels,
        });
        Bot::with(&with(&json!({ "primary": schedule }).to_string())).await
    }

    /// Everything that was mounted and asked is forgotten.
    pub(crate) async fn clears(&self) {
        self.server.reset().await;
    }

    /// From now on a path is answered so; the answer is held against the description.
    pub(crate) async fn answers(&self, at: &str, body: Value, described: &Value) {
        if let Some(contract) = &self.contract {
            assert_eq!(contract.answer("GET", at, 200, described), Checked::Obeys, "{at}");
        }
        self.raw(at, ResponseTemplate::new(200).set_body_json(body)).await;
    }

    pub(crate) async fn raw(&self, at: &str, answer: ResponseTemplate) {
        let mock = Mock::given(method("GET")).and(path(at)).respond_with(answer);
        mock.mount(&self.server).await;
    }

    /// From now on a path is answered by whatever asks.
    pub(crate) async fn responds(&self, at: &str, answer: impl wiremock::Respond + 'static) {
        let mock = Mock::given(method("GET")).and(path(at)).respond_with(answer);
        mock.mount(&self.server).await;
    }

    /// From now on a path is answered so and not otherwise.
    pub(crate) async fn only(&self, at: &str, answer: ResponseTemplate) {
        self.clears().await;
        self.raw(at, answer).await;
    }

    /// Everything asked, each of it held against the description.
    pub(crate) async fn asked(&self) -> Vec<Request> {
        let asked = self.server.received_requests().await.unwrap();
        for request in &asked {
            let query: Vec<String> =
                request.url.query_pairs().map(|(name, _)| name.into_owned()).collect();
            let (verb, at) = (request.method.as_str(), request.url.path());
            if let Some(contract) = &self.contract {
                let checked = contract.request(verb, at, &query, &request.body);
                assert_eq!(checked, Checked::Obeys, "{verb} {at} is not described");
            }
        }
        asked
    }
}

/// An answer that comes too late.
pub(crate) fn late() -> ResponseTemplate {
    ResponseTemplate::new(200).set_delay(Duration::from_secs(20))
}

/// People who take turns beside the register.
pub(crate) fn rota(person: &str) -> Value {
    json!({ "kind": "rota", "people": [person], "start": "2025-01-01" })
}
