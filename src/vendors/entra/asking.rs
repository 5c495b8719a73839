//! Asks Microsoft Entra, or the machine's own identity, for a token; and says what to do when there
//! is none.

use std::time::Duration;

use anyhow::Context;
use reqwest::{Method, RequestBuilder};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::{Credential, proof};
use crate::{
    clock::Timestamp,
    outbound::{Answer, Base, Outbound, spoken_status},
    secrets::{keep_quiet, redact, variable},
};

/// The longest life believed; managed identities get about a day.
const LONGEST: Duration = Duration::from_hours(24);

/// How much of Entra's own words is passed on when there is no better sentence.
const SAID: usize = 200;

const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Where tokens come from.
pub(super) struct Source {
    pub(super) app_id: String,
    pub(super) credential: Credential,
    pub(super) url: Url,
    pub(super) outbound: Outbound,
}

/// A new token.
pub(super) struct Fetched {
    pub(super) token: String,
    /// How long it is good for, from the moment it was asked for.
    pub(super) life: Duration,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    /// Seconds; a number from Entra, text from some managed identities.
    expires_in: Option<Value>,
    /// Seconds since 1970, when the other is missing.
    expires_on: Option<Value>,
}

#[derive(Deserialize)]
struct Denied {
    #[serde(default)]
    error_codes: Vec<u32>,
    #[serde(default)]
    error_description: String,
}

impl Source {
    /// Fetches a token for `scope`, once.
    ///
    /// # Errors
    /// One sentence that says what to do.
    pub(super) async fn fetch(&self, scope: &str, now: Timestamp) -> anyhow::Result<Fetched> {
        let assertion = match &self.credential {
            Credential::Secret { secret } => {
                return self.ask_entra(scope, now, ("client_secret", secret.read()?)).await;
            }
            Credential::ManagedIdentity { client_id } => {
                let client = client_id.as_deref().unwrap_or(&self.app_id);
                let request = self.ask_machine(scope, client)?;
                return self.answer(request, "the machine's managed identity", now).await;
            }
            Credential::Certificate { certificate, key } => {
                proof::signed(&self.app_id, (certificate, key), self.url.as_str(), now).await?
            }
            Credential::FederatedFile { file } => proof::federated(file).await?,
        };
        self.ask_entra(scope, now, ("client_assertion", assertion)).await
    }

    async fn ask_entra(
        &self,
        scope: &str,
        now: Timestamp,
        (name, proof): (&str, String),
    ) -> anyhow::Result<Fetched> {
        let mut form = vec![
            ("grant_type", "client_credentials"),
            ("client_id", &self.app_id),
            ("scope", scope),
            (name, &proof),
        ];
        if name == "client_assertion" {
            form.push(("client_assertion_type", JWT_BEARER));
        }
        let request = self.outbound.request(Method::POST, self.url.clone()).form(&form);
        self.answer(request, "Microsoft Entra", now).await
    }

    /// App Service and Container Apps say in the environment where their identity is asked for.
    fn ask_machine(&self, scope: &str, client: &str) -> anyhow::Result<RequestBuilder> {
        let (Some(endpoint), Some(header)) =
            (variable("IDENTITY_ENDPOINT"), variable("IDENTITY_HEADER"))
        else {
            anyhow::bail!(
                "there is no managed identity here that can be used: IDENTITY_ENDPOINT and \
                 IDENTITY_HEADER are not set, and the endpoint of virtual machines, \
                 http://169.254.169.254, is plain HTTP to another address, which this bot does not \
                 speak; run it in App Service or Container Apps, or use a federated file"
            );
        };
        keep_quiet(&header);
        let endpoint: Base = endpoint.parse().context("IDENTITY_ENDPOINT is of no use")?;
        let resource = scope.strip_suffix("/.default").unwrap_or(scope);
        let query = [("resource", resource), ("client_id", client), ("api-version", "2019-08-01")];
        let request = self.outbound.request(Method::GET, endpoint.as_url().clone());
        Ok(request.query(&query).header("X-IDENTITY-HEADER", header))
    }

    async fn answer(
        &self,
        request: RequestBuilder,
        whose: &str,
        now: Timestamp,
    ) -> anyhow::Result<Fetched> {
        let answer =
            self.outbound.hear(request).await.with_context(|| format!("{whose} gave no token"))?;
        if answer.status != 200 {
            anyhow::bail!("{whose} gave no token: {}", why(&answer));
        }
        // The error would quote the answer, and the token is in it.
        let granted: Option<Granted> = serde_json::from_slice(&answer.body).ok();
        let granted = granted
            .filter(|granted| !granted.access_token.is_empty())
            .with_context(|| format!("{whose} answered with something that is no token"))?;
        Ok(Fetched { life: life(&granted, now), token: granted.access_token })
    }
}

/// A token without a word about its life is used once.
fn life(granted: &Granted, now: Timestamp) -> Duration {
    let number = |value: &Option<Value>| match value {
        Some(Value::String(text)) => text.parse().ok(),
        Some(value) => value.as_u64(),
        None => None,
    };
    let until = |seconds: u64| {
        let end = Timestamp(i64::try_from(seconds.saturating_mul(1000)).unwrap_or(i64::MAX));
        end.since(now)
    };
    let life = number(&granted.expires_in).map(Duration::from_secs);
    life.or_else(|| number(&granted.expires_on).map(until)).unwrap_or_default().min(LONGEST)
}

/// What went wrong, for the operator.
fn why(answer: &Answer) -> String {
    let denied: Option<Denied> = serde_json::from_slice(&answer.body).ok();
    let Some(denied) = denied.filter(|denied| !denied.error_description.is_empty()) else {
        return format!("it answered {}: {}", spoken_status(answer.status), answer.said());
    };
    let code = denied.error_codes.first().copied().or_else(|| {
        let rest = denied.error_description.strip_prefix("AADSTS")?;
        rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
    });
    if let Some((code, advice)) = code.and_then(|code| Some((code, advice(code)?))) {
        return format!("{advice} (AADSTS{code})");
    }
    let line = denied.error_description.lines().next().unwrap_or_default();
    // Redacted before it is cut: half a secret would not be recognised.
    redact(line).chars().filter(|c| !c.is_control()).take(SAID).collect()
}

/// What to do about an error of Entra; from its own list of error codes.
fn advice(code: u32) -> Option<&'static str> {
    Some(match code {
        7_000_215 => {
            "the client secret is not the right one; copy the secret's value, not its id, from \
             Certificates & secrets of the app registration"
        }
        7_000_222 => {
            "the client secret has expired; make a new one under Certificates & secrets of the app \
             registration"
        }
        7_000_229 => {
            "the app has no service principal in this tenant; create it with \
             `az ad sp create --id` and the app id"
        }
        7_000_112 => "the app is disabled; enable its enterprise application",
        700_016 => {
            "the app is not known in this tenant; compare `teams.app_id` and `teams.tenant` with \
             the overview page of the app registration"
        }
        90_002 | 900_023 => {
            "there is no such tenant in this cloud; check `teams.tenant` and `teams.cloud`"
        }
        700_027 => {
            "the certificate is not registered with the app, or does not belong to the key; upload \
             it under Certificates & secrets of the app registration"
        }
        700_024 => {
            "the assertion is not valid now; check this machine's clock, and that the federated \
             token's file is kept fresh"
        }
        70_021 | 700_211 | 700_212 | 700_213 => {
            "the app does not trust this federated token; compare issuer, subject and audience with \
             the federated credential of the app registration"
        }
        500_011 | 70_011 => {
            "this cloud does not know what the token is for; check `teams.cloud` and the scope \
             under `teams.addresses`"
        }
        53_003 => {
            "a conditional access policy keeps the bot out; exclude its service principal from it"
        }
        _ => return None,
    })
}
