//! One call of the connector: in its turn, with the token, and again when Teams asks for that.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use reqwest::Method;
use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use super::{
    Connector,
    answers::{self, Refusal, Verdict},
};
use crate::{
    clock::spoken,
    outbound::{Answer, retry_after},
};

/// How long after its beginning a call may still begin an attempt. With the ten seconds an answer
/// may take this stays below the half minute a job has; a job that had to wait longer comes back.
const PATIENCE: Duration = Duration::from_secs(15);

/// The longest silence Teams is believed to want.
const SILENCE: Duration = Duration::from_mins(1);

/// How often a call is repeated when Teams says that it may be.
const REPEATS: usize = 2;

/// The first wait before that, when Teams names none; the next is twice as long, and up to this
/// much is added to each by chance, so that replicas do not come back together.
const FIRST_WAIT: Duration = Duration::from_millis(500);

/// One call.
pub(super) struct Call<'a> {
    pub(super) method: Method,
    /// Where to; of an address that is on the list.
    pub(super) url: Url,
    pub(super) body: Option<&'a Value>,
    /// The thread a message goes to. `None` for a question.
    pub(super) thread: Option<&'a str>,
    pub(super) tenant: &'a str,
}

impl Connector {
    /// Makes the call, and repeats it when Teams definitely did nothing and says to.
    pub(super) async fn call(&self, call: &Call<'_>) -> Result<Answer, Refusal> {
        let until = Instant::now() + PATIENCE;
        let mut waits = ExponentialBuilder::new()
            .with_min_delay(FIRST_WAIT)
            .with_max_times(REPEATS)
            .with_jitter()
            .build();
        let mut renewed = false;
        loop {
            self.take_turn(call, until).await?;
            let token = match &self.tokens {
                Some(tokens) => Some((tokens, tokens.bearer().await?)),
                None => None,
            };
            let mut request = self.outbound.request(call.method.clone(), call.url.clone());
            if let Some((_, token)) = &token {
                request = request.bearer_auth(token);
            }
            if let Some(body) = call.body {
                request = request.json(body);
            }
            let answer = self.outbound.hear(request).await.map_err(anyhow::Error::from)?;
            trace(&answer);
            let refusal = match (answers::judge(&answer), token) {
                (Verdict::Taken, _) => return Ok(answer),
                (Verdict::BadToken(_), Some((tokens, token))) if !renewed => {
                    tokens.drop_token(&token);
                    renewed = true;
                    continue;
                }
                (Verdict::BadToken(refusal) | Verdict::Refused(refusal), _) => return Err(refusal),
                (Verdict::NotNow(refusal), _) => refusal,
            };
            let asked = answer
                .header("retry-after")
                .and_then(|text| retry_after(text, self.clock.now()))
                .map(|wait| wait.min(SILENCE));
            if let (Some(asked), Some(thread)) = (asked, call.thread) {
                self.pace.quiet(thread, asked);
            }
            let Some(usual) = waits.next() else { return Err(refusal) };
            self.pause(asked.unwrap_or(usual), until).await?;
        }
    }

    async fn take_turn(&self, call: &Call<'_>, until: Instant) -> anyhow::Result<()> {
        let mut turn = self.pace.turn(call.thread, call.tenant);
        while let Some(wait) = turn.wait() {
            self.pause(wait, until).await?;
        }
        Ok(())
    }

    async fn pause(&self, wait: Duration, until: Instant) -> anyhow::Result<()> {
        if Instant::now() + wait > until {
            let now = self.clock.now();
            anyhow::bail!(
                "Teams takes no more from the bot there until {} (for another {}); it comes back \
                 then",
                now.plus(wait).time_of_day(now),
                spoken(wait),
            );
        }
        tokio::time::sleep(wait).await;
        Ok(())
    }
}

/// What Microsoft's support asks for.
fn trace(answer: &Answer) {
    tracing::debug!(
        status = answer.status,
        operation = answer.header("x-correlating-operationid").unwrap_or_default(),
        vector = answer.header("ms-cv").unwrap_or_default(),
        "the connector answered"
    );
}
