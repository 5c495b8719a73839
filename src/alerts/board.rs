//! How many alerts one room is shown, and how many it is only told the number of. Pure.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{clock::Timestamp, names::AlertId};

/// New messages in one room within [`WINDOW`]. More would drown whoever reads there; Teams would
/// take 60.
const MOST: usize = 10;

/// How long a message counts as a new one.
const WINDOW: Duration = Duration::from_mins(1);

/// After this long without another alert a storm is over, and the next one has its own card.
const CALM: Duration = Duration::from_mins(10);

/// What a room was shown lately.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Board {
    /// When its new messages of the last minute were written.
    pub posts: Vec<Timestamp>,
    /// Storms that are not over, or that still have alerts that fire.
    pub storms: Vec<Storm>,
    /// When those were drawn last.
    pub drawn: Option<Timestamp>,
}

/// More alerts at once than a room is shown one by one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Storm {
    /// Its number.
    pub id: AlertId,
    /// Since when.
    pub since: Timestamp,
    /// When the last alert was counted.
    pub last: Timestamp,
}

/// What becomes of alerts that wait to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// How many of them have a message of their own, the worst first.
    pub own: usize,
    /// The storm that the others are counted in.
    pub storm: Option<AlertId>,
}

impl Board {
    /// What becomes of so many alerts that wait; a new storm would be called `fresh`.
    pub fn share(&mut self, waiting: usize, now: Timestamp, fresh: AlertId) -> Share {
        self.posts.retain(|at| now.since(*at) < WINDOW);
        let left = MOST.saturating_sub(self.posts.len());
        let current = self.storms.iter_mut().find(|storm| now.since(storm.last) < CALM);
        // The last message is kept for the card of a storm, as long as there is none.
        let left = if current.is_some() { left } else { left.saturating_sub(1) };
        let own = waiting.min(left);
        self.posts.extend(std::iter::repeat_n(now, own));
        if own == waiting {
            return Share { own, storm: None };
        }
        let id = if let Some(storm) = current {
            storm.last = now;
            storm.id.clone()
        } else {
            self.posts.push(now);
            self.storms.push(Storm { id: fresh.clone(), since: now, last: now });
            fresh
        };
        Share { own, storm: Some(id) }
    }
}

impl Storm {
    /// Whether its card may still change, when so many of its alerts fire.
    pub fn is_open(&self, firing: usize, now: Timestamp) -> bool {
        firing > 0 || now.since(self.last) < CALM
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &str) -> AlertId {
        name.parse().unwrap()
    }

    #[test]
    fn no_minute_has_more_than_ten_new_messages_and_nothing_is_left_out() {
        let (mut board, mut shown, mut counted, mut cards) = (Board::default(), vec![], 0, vec![]);
        let mut arrived = 0;
        for second in 0..600_i64 {
            let now = Timestamp(second * 1000);
            let waiting = usize::try_from(second * 7919 % 31).unwrap();
            arrived += waiting;
            let fresh = id(&format!("s{second}"));
            let Share { own, storm } = board.share(waiting, now, fresh.clone());
            shown.extend(std::iter::repeat_n(now, own));
            counted += waiting - own;
            if storm == Some(fresh.clone()) {
                shown.push(now);
                cards.push(fresh);
            }
            let lately = shown.iter().filter(|at| now.since(**at) < WINDOW).count();
            assert!(lately <= MOST, "{lately} in the minute before {second}");
        }
        assert_eq!(shown.len() - cards.len() + counted, arrived);
        assert_eq!(cards.len(), 1, "one storm, one card");
    }

    #[test]
    fn a_few_alerts_are_shown_one_by_one_and_after_a_calm_time_a_storm_is_a_new_one() {
        let mut board = Board::default();
        let at = |minutes: i64| Timestamp(minutes * 60_000);
        assert_eq!(board.share(9, at(0), id("a")), Share { own: 9, storm: None });
        assert_eq!(board.share(1, at(0), id("b")), Share { own: 0, storm: Some(id("b")) });
        assert_eq!(board.share(30, at(5), id("c")), Share { own: 10, storm: Some(id("b")) });
        assert_eq!(board.share(12, at(16), id("d")), Share { own: 9, storm: Some(id("d")) });
    }
}
