//! Rooms in Teams: what Microsoft Graph is asked, and what becomes of its answers.

#![expect(clippy::unwrap_used, reason = "a test may")]

mod pretend;
mod rooms;
mod whole;

use std::sync::Arc;

use pilothouse::{
    app::Foundation,
    chat::{
        Channel, NoRoom, Opened, Place, RoomKind, RoomWish,
        teams::{Reference, Teams},
    },
    clock::{Clock, Timestamp},
    names::PersonId,
};
use serde_json::json;
use tempfile::NamedTempFile;

use crate::world::Database;
use pretend::Graph;

const APP: &str = "9f2f1c1e-5a0b-4a63-8a3c-000000000001";
const TENANT: &str = "7e4a0000-1111-4222-8333-444455556666";
const TEAM: &str = "57fb72d0-d811-46f4-8947-305e6072eaa5";
const BOB: &str = "b0b00000-0000-4000-8000-000000000002";
const CAROL: &str = "ca001000-0000-4000-8000-000000000003";
/// The channel incidents are told in.
const HOME: &str = "19:abc@thread.tacv2";
/// A Wednesday morning.
const NOW: Timestamp = Timestamp(1_795_000_000_000);

/// A bot in Teams, with a pretend Microsoft behind it.
struct Corner {
    graph: Graph,
    teams: Arc<Teams>,
    foundation: Foundation,
    clock: Clock,
    kept: (Database, NamedTempFile),
}

impl Corner {
    async fn start() -> Self {
        let (graph, database) = (Graph::start().await, Database::fresh().await);
        let clock = Clock::manual(NOW);
        let foundation = Foundation::lay(&database.url, clock.clone()).await.unwrap();
        let secret = NamedTempFile::new().unwrap();
        std::fs::write(secret.path(), "correct-horse-battery").unwrap();
        let settings = serde_json::from_value(json!({
            "app_id": APP, "tenant": TENANT,
            "credential": {
                "kind": "secret", "secret": format!("file:{}", secret.path().display()),
            },
            "addresses": {
                "login": graph.login.uri(), "graph": graph.server.uri(),
                "service_urls": [graph.connector.uri()],
            },
        }));
        let settings = settings.unwrap();
        let teams = Teams::new(&settings, foundation.chat(), &foundation.outbound).unwrap();
        let corner =
            Self { graph, teams: Arc::new(teams), foundation, clock, kept: (database, secret) };
        corner.speaks_in_its_home().await;
        corner
    }

    /// Somebody has spoken to the bot in the channel, so that it knows the way there.
    async fn speaks_in_its_home(&self) {
        let allowed = vec![self.graph.connector.uri()];
        let (db, clock) = (self.foundation.db.clone(), self.clock.clone());
        let references = pilothouse::chat::teams::References::new(db, clock, allowed);
        let home = Reference {
            conversation: HOME.to_owned(),
            service_url: format!("{}/emea/", self.graph.connector.uri()),
            kind: "channel".to_owned(),
            tenant: TENANT.to_owned(),
            bot: format!("28:{APP}"),
            team: Some("19:team@thread.tacv2".to_owned()),
        };
        references.keep(&home).await.unwrap();
    }

    /// Asks for a room of that kind for the incident of this marker.
    async fn wants(&self, kind: RoomKind, marker: &str) -> Result<Opened, NoRoom> {
        self.wants_so(kind, marker, |_| {}).await
    }

    /// The same, with something else about the wish.
    async fn wants_so(
        &self,
        kind: RoomKind,
        marker: &str,
        so: impl FnOnce(&mut RoomWish<'_>),
    ) -> Result<Opened, NoRoom> {
        self.wants_at(&home(), (kind, marker), so).await
    }

    /// The same for an incident that is told somewhere else.
    async fn wants_at(
        &self,
        home: &Place,
        (kind, marker): (RoomKind, &str),
        so: impl FnOnce(&mut RoomWish<'_>),
    ) -> Result<Opened, NoRoom> {
        let people = [PersonId::entra(TENANT, BOB), PersonId::entra(TENANT, CAROL)];
        let mut wish = RoomWish {
            kind,
            name: "INC-7 is it \"us\"?",
            marker,
            team: Some(TEAM),
            private: false,
            people: &people,
            home,
            message: Some("1700000000001"),
        };
        so(&mut wish);
        self.teams.open_room(&wish).await
    }
}

fn home() -> Place {
    Place { channel: "teams".to_owned(), conversation: HOME.to_owned() }
}

/// Why there will be no room; panics when there is one, or may be one later.
fn never(outcome: Result<Opened, NoRoom>) -> String {
    match outcome {
        Err(NoRoom::NotPossible(why)) => why,
        other => panic!("{other:?}"),
    }
}

/// How many seconds to wait; panics when there is a room, or never will be.
fn later(outcome: Result<Opened, NoRoom>) -> u64 {
    match outcome {
        Err(NoRoom::NotNow { after, .. }) => after.as_secs(),
        other => panic!("{other:?}"),
    }
}
