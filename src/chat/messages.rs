//! Which message shows what, in every chat: one subject is one message per conversation.

use std::{collections::HashMap, sync::Arc};

use sha2::{Digest, Sha256};
use sqlx::Row;

use super::{Channel, Place, ShowError, Showing, Subject};
use crate::{
    cards::Card,
    names::{PersonId, RoomName},
    store::{Db, Tx},
};

/// Every chat the bot is present in.
pub struct Channels {
    db: Db,
    all: HashMap<&'static str, Arc<dyn Channel>>,
}

impl Channels {
    /// The bot speaks through these.
    pub fn new(db: Db, channels: impl IntoIterator<Item = Arc<dyn Channel>>) -> Self {
        let all = channels.into_iter().map(|channel| (channel.name(), channel)).collect();
        Self { db, all }
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<dyn Channel>> {
        self.all.values()
    }

    /// Where a card belongs: in its room, in every place that sees everything, and where it was
    /// asked for when it has no room.
    pub async fn places(&self, room: Option<&RoomName>, asked_in: &Place) -> Vec<Place> {
        let mut places = self.rooms(room).await;
        if room.is_none() || places.is_empty() {
            places.push(asked_in.clone());
        }
        places.sort();
        places.dedup();
        places
    }

    /// Where a card belongs that nobody asked for: in its room, and in every place that sees
    /// everything.
    pub async fn rooms(&self, room: Option<&RoomName>) -> Vec<Place> {
        let mut places = vec![];
        for channel in self.all.values() {
            places.extend(channel.room(None).await);
            if room.is_some() {
                places.extend(channel.room(room).await);
            }
        }
        places.sort();
        places.dedup();
        places
    }

    /// Shows the subject's card in all these places, each as one message edited in place. A place
    /// that already shows exactly this is left alone, so trying again is harmless.
    ///
    /// # Errors
    /// When one of them could not be reached now; the others have been shown all the same.
    pub async fn show(
        &self,
        subject: &Subject,
        places: &[Place],
        card: &Card,
    ) -> anyhow::Result<()> {
        let mut failed = None;
        for place in places {
            if let Err(error) = self.show_in(subject, place, card).await {
                failed =
                    Some(error.context(format!("{} in {}", place.conversation, place.channel)));
            }
        }
        failed.map_or(Ok(()), Err)
    }

    /// Forgets what is shown in a place that has lost it, a terminal that was closed for one: from
    /// now on every card is new there.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn forget(&self, place: &Place) -> anyhow::Result<()> {
        let mut tx = self.db.begin().await?;
        sqlx::query("DELETE FROM messages WHERE channel = $1 AND conversation = $2")
            .bind(&place.channel)
            .bind(&place.conversation)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Says a text in one place.
    ///
    /// # Errors
    /// When it did not arrive, or the chat is not there.
    pub async fn say(&self, place: &Place, text: &str) -> Result<(), ShowError> {
        self.channel(place)?.say(place, text).await
    }

    /// Shows a card that is about nothing lasting: a new message.
    ///
    /// # Errors
    /// When it did not arrive, or the chat is not there.
    pub async fn answer(&self, place: &Place, card: &Card) -> Result<(), ShowError> {
        let showing = Showing { place, subject: None, card, message: None };
        self.channel(place)?.show(showing).await.map(drop)
    }

    /// Where the bot can speak to one person alone, by whichever of their ids a chat knows.
    ///
    /// # Errors
    /// When a chat that knows them could not begin the conversation.
    pub async fn personal(&self, ids: &[PersonId]) -> Result<Option<Place>, ShowError> {
        let mut failed = None;
        for id in ids {
            for channel in self.all.values() {
                match channel.personal(id).await {
                    Ok(None) => {}
                    Ok(Some(place)) => return Ok(Some(place)),
                    Err(error) => failed = Some(error),
                }
            }
        }
        failed.map_or(Ok(None), Err)
    }

    /// Shows the subject's card in one place, and says whether it got there.
    ///
    /// # Errors
    /// [`ShowError::Gone`] when it never will; [`ShowError::Broken`] when it may later, or when
    /// nobody knows whether it did.
    pub async fn deliver(
        &self,
        subject: &Subject,
        place: &Place,
        card: &Card,
    ) -> Result<(), ShowError> {
        let channel = self.channel(place)?;
        let digest = digest(card);
        let shown = self.shown(subject, place).await.map_err(anyhow::Error::from)?;
        let message = match &shown {
            Some(shown) if shown.digest == digest => return Ok(()),
            Some(shown) => Some(shown.message.as_str()),
            None => None,
        };
        let showing = Showing { place, subject: Some(subject), card, message };
        let message = channel.show(showing).await?;
        let shown = Shown { message, digest };
        let kept = async {
            let mut tx = self.db.begin().await?;
            remember(&mut tx, subject, place, &shown).await?;
            tx.commit().await
        };
        Ok(kept.await.map_err(anyhow::Error::from)?)
    }

    /// Whether the subject's card is to be seen in that place.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn is_shown(&self, subject: &Subject, place: &Place) -> anyhow::Result<bool> {
        Ok(self.shown(subject, place).await?.is_some())
    }

    pub(super) fn channel(&self, place: &Place) -> anyhow::Result<&Arc<dyn Channel>> {
        let channel = self.all.get(place.channel.as_str());
        channel.ok_or_else(|| anyhow::anyhow!("there is no chat `{}` here", place.channel))
    }

    async fn show_in(&self, subject: &Subject, place: &Place, card: &Card) -> anyhow::Result<()> {
        match self.deliver(subject, place, card).await {
            Ok(()) => Ok(()),
            Err(ShowError::Gone(why)) => {
                tracing::warn!(%subject, channel = place.channel, "a card has no place any more: {why}");
                Ok(())
            }
            Err(ShowError::Broken(error)) => Err(error),
        }
    }

    pub(super) async fn shown(
        &self,
        subject: &Subject,
        place: &Place,
    ) -> sqlx::Result<Option<Shown>> {
        let row = sqlx::query(
            "SELECT message, shown FROM messages
             WHERE subject = $1 AND channel = $2 AND conversation = $3",
        )
        .bind(subject.to_string())
        .bind(&place.channel)
        .bind(&place.conversation)
        .fetch_optional(self.db.reader())
        .await?;
        row.map(|row| Ok(Shown { message: row.try_get("message")?, digest: row.try_get("shown")? }))
            .transpose()
    }
}

/// A message, and the digest of what it shows.
pub(super) struct Shown {
    pub(super) message: String,
    digest: String,
}

async fn remember(
    tx: &mut Tx<'_>,
    subject: &Subject,
    place: &Place,
    shown: &Shown,
) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO messages (subject, channel, conversation, message, shown)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (subject, channel, conversation)
         DO UPDATE SET message = excluded.message, shown = excluded.shown",
    )
    .bind(subject.to_string())
    .bind(&place.channel)
    .bind(&place.conversation)
    .bind(&shown.message)
    .bind(&shown.digest)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

fn digest(card: &Card) -> String {
    use base64::Engine;
    let sum = Sha256::digest(card.content());
    base64::prelude::BASE64_STANDARD_NO_PAD.encode(sum)
}
