//! Shows a room what has changed: each alert its own message, and of a storm its number.

use std::time::Duration;

use anyhow::Context as _;
use sqlx::{AssertSqlSafe, Row as _};

use super::{
    ALERT, Alert, AlertView, Alerts, STORM, Viewer,
    board::{Board, Share, Storm},
    errands::{Errand, Errands, wish},
    store::{self, Kept},
    storm::{StormView, Tally},
};
use crate::{
    cards::Card,
    chat::{Place, Subject},
    jobs::{self, Ran},
    names::{AlertId, RoomName},
};

/// How many cards one errand shows; the next goes on. A chat's own pace makes each a second long,
/// and an errand has half a minute.
const AT_ONCE: usize = 10;

/// How often the card of a storm changes at most: a chat counts edits as messages.
const STORM_EVERY: Duration = Duration::from_secs(5);

/// The pause before an errand that has more to show goes on.
const BREATH: Duration = Duration::from_secs(1);

impl Errands {
    /// Shows a room what it has not been shown yet.
    pub(super) async fn board(&self, room: Option<&RoomName>) -> anyhow::Result<Ran> {
        self.alerts.share(room).await?;
        let mut failed = None;
        let waiting = self.alerts.to_show(room).await?;
        for kept in waiting.iter().take(AT_ONCE) {
            match self.show(&kept.alert).await {
                Ok(()) => self.alerts.shown(kept).await?,
                Err(error) => failed = Some(error),
            }
        }
        let storms = match self.show_storms(room).await {
            Ok(storms) => storms,
            Err(error) => {
                failed = Some(error);
                None
            }
        };
        match failed {
            Some(error) => Err(error),
            None if waiting.len() > AT_ONCE => Ok(Ran::Again(BREATH)),
            None => Ok(storms.map_or(Ran::Done, Ran::Again)),
        }
    }

    async fn show(&self, alert: &Alert) -> anyhow::Result<()> {
        let places = self.places(alert.room.as_ref(), alert.seen_in.as_ref()).await;
        let card = self.card(alert).await;
        self.channels.show(&Subject::new(ALERT, &alert.id), &places, &card).await
    }

    async fn card(&self, alert: &Alert) -> Card {
        let before = match (&alert.service, &alert.environment) {
            (Some(service), Some(environment)) => {
                self.shipments.before(service, environment, alert.starts).await
            }
            _ => None,
        };
        let viewer = Viewer::everybody(self.ways);
        AlertView::of(alert, before.as_ref(), &viewer, self.alerts.clock.now()).into()
    }

    /// Where a card belongs; where somebody dealt with it, when that is nowhere.
    async fn places(&self, room: Option<&RoomName>, seen_in: Option<&Place>) -> Vec<Place> {
        let mut places = self.channels.rooms(room).await;
        if places.is_empty() {
            places.extend(seen_in.cloned());
        }
        places
    }

    /// Draws the storms of a room, not too often; says when to draw them again.
    async fn show_storms(&self, room: Option<&RoomName>) -> anyhow::Result<Option<Duration>> {
        let mut board = self.alerts.read_board(room).await?;
        if board.storms.is_empty() {
            return Ok(None);
        }
        let now = self.alerts.clock.now();
        if let Some(drawn) = board.drawn.filter(|drawn| now.since(*drawn) < STORM_EVERY) {
            return Ok(Some(STORM_EVERY.saturating_sub(now.since(drawn))));
        }
        let places = self.places(room, None).await;
        let mut open = vec![];
        for storm in &board.storms {
            let tally = self.alerts.tally(storm).await?;
            let view = StormView::of(&tally, now);
            let subject = Subject::new(STORM, &storm.id);
            self.channels.show(&subject, &places, &view.into()).await?;
            if storm.is_open(tally.firing(), now) {
                open.push(storm.clone());
            }
        }
        board.drawn = Some(now);
        board.storms = open;
        self.alerts.write_board(room, &board).await?;
        Ok(None)
    }
}

impl Alerts {
    /// Has everything that fires shown once more, in places that have lost it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn show_again(&self) -> anyhow::Result<()> {
        let mut tx = self.db.begin().await?;
        sqlx::query("UPDATE alerts SET shown = 0 WHERE card = 'own' AND over = 0")
            .execute(&mut *tx)
            .await?;
        let rooms = "SELECT DISTINCT room FROM alerts WHERE card <> '' AND over = 0";
        for row in sqlx::query(rooms).fetch_all(&mut *tx).await? {
            // An empty name is none.
            let room = row.try_get::<&str, _>("room")?.parse().ok();
            jobs::enqueue(&mut tx, &wish(&Errand::Board { room }, self.clock.now())?).await?;
        }
        tx.commit().await?;
        self.bell.notify_one();
        Ok(())
    }
}

fn key(room: Option<&RoomName>) -> &str {
    room.map_or("", |room| room.as_str())
}

impl Alerts {
    /// Decides which of the alerts that wait have a message of their own, and which are counted.
    async fn share(&self, room: Option<&RoomName>) -> anyhow::Result<()> {
        let mut tx = self.db.begin().await?;
        let sql = "SELECT COUNT(*) AS waiting FROM alerts WHERE room = $1 AND card = 'wanted'";
        let row = sqlx::query(sql).bind(key(room)).fetch_one(&mut *tx).await?;
        let waiting = usize::try_from(row.try_get::<i64, _>("waiting")?)?;
        if waiting == 0 {
            return Ok(());
        }
        let mut board = read_board(room, &mut *tx).await?;
        let Share { own, storm } = board.share(waiting, self.clock.now(), AlertId::random());
        let chosen = format!(
            "UPDATE alerts SET card = 'own', revision = revision + 1 WHERE id IN
                 (SELECT id FROM alerts WHERE room = $1 AND card = 'wanted'
                  ORDER BY rank, starts, id LIMIT {own})"
        );
        sqlx::query(AssertSqlSafe(chosen)).bind(key(room)).execute(&mut *tx).await?;
        if let Some(storm) = storm {
            let sql = "UPDATE alerts SET card = 'storm', storm = $1, revision = revision + 1
                       WHERE room = $2 AND card = 'wanted'";
            sqlx::query(sql).bind(storm.as_str()).bind(key(room)).execute(&mut *tx).await?;
        }
        put_board(room, &board, &mut *tx).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The alerts of a room whose message does not show what they are: one more than is shown at
    /// once, when there are more.
    async fn to_show(&self, room: Option<&RoomName>) -> anyhow::Result<Vec<Kept>> {
        let sql = "SELECT data, said, card, revision FROM alerts
                   WHERE room = $1 AND card = 'own' AND shown < revision
                   ORDER BY rank, starts, id LIMIT $2";
        let most = i64::try_from(AT_ONCE + 1)?;
        let query = sqlx::query(sql).bind(key(room)).bind(most);
        query.fetch_all(self.db.reader()).await?.iter().map(store::read).collect()
    }

    async fn shown(&self, kept: &Kept) -> anyhow::Result<()> {
        let mut tx = self.db.begin().await?;
        let sql = "UPDATE alerts SET shown = $1 WHERE id = $2 AND shown < $1";
        let query = sqlx::query(sql).bind(kept.revision).bind(kept.alert.id.as_str());
        query.execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn read_board(&self, room: Option<&RoomName>) -> anyhow::Result<Board> {
        read_board(room, self.db.reader()).await
    }

    async fn write_board(&self, room: Option<&RoomName>, board: &Board) -> anyhow::Result<()> {
        let mut tx = self.db.begin().await?;
        put_board(room, board, &mut *tx).await?;
        tx.commit().await?;
        Ok(())
    }

    /// How the alerts of a storm are.
    pub(super) async fn tally(&self, storm: &Storm) -> anyhow::Result<Tally> {
        let mut tally = Tally::new(storm.since);
        let sql = "SELECT severity, rank, phase, COUNT(*) AS number FROM alerts WHERE storm = $1
                   GROUP BY severity, rank, phase ORDER BY rank, severity";
        let query = sqlx::query(sql).bind(storm.id.as_str());
        for row in query.fetch_all(self.db.reader()).await? {
            let (severity, phase): (String, &str) =
                (row.try_get("severity")?, row.try_get("phase")?);
            let number = usize::try_from(row.try_get::<i64, _>("number")?)?;
            tally.add(severity, phase == "resolved", number);
        }
        let sql = "SELECT service, name, COUNT(*) AS number FROM alerts
                   WHERE storm = $1 AND over = 0 GROUP BY service, name
                   ORDER BY number DESC, name LIMIT 5";
        let query = sqlx::query(sql).bind(storm.id.as_str());
        for row in query.fetch_all(self.db.reader()).await? {
            let number = usize::try_from(row.try_get::<i64, _>("number")?)?;
            tally.name(row.try_get("service")?, row.try_get("name")?, number);
        }
        Ok(tally)
    }

    /// The storm of that number, and how its alerts are.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn storm(&self, id: &str) -> anyhow::Result<Option<Tally>> {
        let rows = sqlx::query("SELECT data FROM alert_boards").fetch_all(self.db.reader()).await?;
        for row in rows {
            let board: Board = serde_json::from_str(row.try_get("data")?)?;
            if let Some(storm) = board.storms.iter().find(|storm| storm.id.as_str() == id) {
                return self.tally(storm).await.map(Some);
            }
        }
        Ok(None)
    }
}

async fn read_board<'a>(
    room: Option<&RoomName>,
    at: impl sqlx::Executor<'a, Database = sqlx::Any>,
) -> anyhow::Result<Board> {
    let query = sqlx::query("SELECT data FROM alert_boards WHERE room = $1");
    let row = query.bind(key(room).to_owned()).fetch_optional(at).await?;
    let Some(row) = row else { return Ok(Board::default()) };
    serde_json::from_str(row.try_get("data")?).context("what a room was shown")
}

async fn put_board<'a>(
    room: Option<&RoomName>,
    board: &Board,
    at: impl sqlx::Executor<'a, Database = sqlx::Any>,
) -> anyhow::Result<()> {
    sqlx::query(
        "INSERT INTO alert_boards (room, data) VALUES ($1, $2)
         ON CONFLICT (room) DO UPDATE SET data = excluded.data",
    )
    .bind(key(room).to_owned())
    .bind(serde_json::to_string(board)?)
    .execute(at)
    .await?;
    Ok(())
}
