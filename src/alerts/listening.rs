//! A source that only brings what it has to say. Silences live in the bot itself.

use async_trait::async_trait;

use super::{Heard, SilenceWish, Source};
use crate::{clock::Timestamp, names::Correlation, outbound::Failure};

/// A source without an address.
pub(super) struct Listening;

#[async_trait]
impl Source for Listening {
    async fn list(&self, _: Timestamp) -> Result<Option<Vec<Heard>>, Failure> {
        Ok(None)
    }

    async fn silence(&self, wish: &SilenceWish) -> Result<String, Failure> {
        Ok(wish.correlation.to_string())
    }

    async fn unsilence(&self, _: &str, _: &Correlation) -> Result<(), Failure> {
        Ok(())
    }
}
