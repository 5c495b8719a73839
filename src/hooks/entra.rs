//! Proves what Azure Monitor sends to a secure webhook: a token of Microsoft Entra for our app.

use serde_json::Value;

use super::{prover::Unproved, settings::EntraProof};
use crate::{
    clock::Clock,
    outbound::{Base, Outbound},
    vendors::openid::{self, BadToken, Keys},
};

/// Checks the tokens of one tenant for one app.
pub(super) struct Entra {
    settings: EntraProof,
    keys: Keys,
    clock: Clock,
}

impl Entra {
    pub(super) fn new(
        settings: &EntraProof,
        outbound: &Outbound,
        clock: &Clock,
    ) -> anyhow::Result<Self> {
        let path = [&*settings.tenant, "v2.0", ".well-known", "openid-configuration"];
        let metadata: Base = settings.login.url(&path)?.as_str().parse()?;
        let keys = Keys::new(metadata, outbound.clone(), clock.clone());
        Ok(Self { settings: settings.clone(), keys, clock: clock.clone() })
    }

    /// Whether the `Authorization` header holds such a token.
    pub(super) async fn proves(&self, header: &str) -> Result<(), Unproved> {
        self.check(header).await.map_err(|bad| match bad {
            BadToken::KeysUnreachable => Unproved::NoKeys,
            bad => {
                tracing::warn!(reason = %bad, "a token of Microsoft Entra proves nothing");
                Unproved::Wrong("the token of Microsoft Entra is missing or wrong")
            }
        })
    }

    async fn check(&self, header: &str) -> Result<(), BadToken> {
        let token = openid::bearer(header)?;
        let (claims, _) = openid::claims(token, &self.keys, |issuer| self.issues(issuer)).await?;
        let EntraProof { audience, sender, .. } = &self.settings;
        let aud = claims.get("aud");
        if !openid::is_only(aud, audience) && !openid::is_only(aud, &format!("api://{audience}")) {
            return Err(BadToken::Audience);
        }
        // Version 1 of these tokens calls it `appid`, version 2 `azp`.
        let says = |name: &str| claims.get(name).map(Value::as_str);
        let by = [says("azp"), says("appid")].into_iter().flatten();
        let mut by = by.collect::<Vec<_>>();
        by.dedup();
        if by != [Some(sender.as_str())] {
            return Err(BadToken::Issuer);
        }
        openid::until(&claims, self.clock.now()).map(drop)
    }

    /// The tenant has two names as an issuer, one for each version of its tokens.
    fn issues(&self, issuer: &str) -> bool {
        let EntraProof { tenant, login, .. } = &self.settings;
        let second = login.url(&[tenant, "v2.0"]).is_ok_and(|url| url.as_str() == issuer);
        second || issuer == format!("https://sts.windows.net/{tenant}/")
    }
}
