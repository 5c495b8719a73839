//! Taking over what was live before the bot came.

use super::{Deployments, Error, Release, Standing, store};
use crate::{
    access::Actor,
    audit::{self, Entry},
    names::{Environment, Service},
};

impl Deployments {
    /// Takes over what was live and well before the bot came, so that what ships can be compared
    /// with it, and a roll-back has somewhere to go.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn adopt(
        &self,
        place: (&Service, &Environment),
        live: Release,
        by: Actor,
    ) -> Result<(), Error> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        let entry = Entry {
            at: now,
            actor: by.clone(),
            action: "adopt".to_owned(),
            subject: format!("environment/{}/{}", place.0, place.1),
            service: Some(place.0.clone()),
            environment: Some(place.1.clone()),
            outcome: audit::Outcome::Done,
            detail: live.version.to_string(),
        };
        store::stand(&mut tx, place, &Standing::adopted(live, by, now)).await?;
        audit::note(&mut tx, self.db.dialect(), &entry).await?;
        tx.commit().await?;
        Ok(())
    }
}
