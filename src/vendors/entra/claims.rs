//! What a token of Microsoft Entra says about what its holder may do. Nothing is proved here: the
//! token is our own.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::Deserialize;

use super::Tokens;

#[derive(Deserialize)]
struct Claims {
    #[serde(default)]
    roles: Vec<String>,
}

impl Tokens {
    /// The application permissions in a token for `scope`; `None` when the token does not tell.
    ///
    /// # Errors
    /// As [`Tokens::bearer_for`].
    pub async fn roles_for(&self, scope: &str) -> anyhow::Result<Option<Vec<String>>> {
        let token = self.bearer_for(scope).await?;
        let claims = token.split('.').nth(1).and_then(|part| {
            let bytes = BASE64_URL_SAFE_NO_PAD.decode(part).ok()?;
            serde_json::from_slice::<Claims>(&bytes).ok()
        });
        Ok(claims.map(|claims| claims.roles))
    }
}
