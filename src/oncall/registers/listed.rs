//! What a vendor says about turns, in the form in which it is kept. Pure.

use anyhow::Context;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{
    super::{
        roll::{Roll, shown},
        timeline::{Turn, Window},
    },
    Understood,
};
use crate::clock::Timestamp;

/// How many turns one register may have; more is no schedule.
const MOST: usize = 5_000;

/// How much of each name is kept: e-mail addresses are at most 254 letters long.
const LONGEST: usize = 254;

/// Turns as a vendor lists them. Who is meant by its names is found out when they are looked at,
/// so that a changed configuration counts at once.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Listed {
    /// What it is called there.
    name: Option<String>,
    /// Until when it was read.
    until: Timestamp,
    /// How many turns could not be understood.
    left_out: usize,
    /// What else to know about it, as the end of a sentence.
    odd: Option<String>,
    shifts: Vec<Shift>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Shift {
    /// Everything they are called: the first is what people are shown, the last is the surest.
    called: Vec<String>,
    /// None when it has always been their turn.
    from: Option<Timestamp>,
    /// None when it will always be.
    until: Option<Timestamp>,
}

impl Listed {
    /// A list without turns, of a register that was read until then.
    pub(super) fn until(until: Timestamp) -> Self {
        Self { name: None, until, left_out: 0, odd: None, shifts: vec![] }
    }

    /// The register is called so by the vendor.
    pub(super) fn name(&mut self, name: &str) {
        self.name = Some(shown(name)).filter(|name| !name.is_empty());
    }

    /// Something else to know about it, as the end of a sentence.
    pub(super) fn odd(&mut self, odd: &str) {
        self.odd = Some(odd.to_owned());
    }

    /// Whether nobody is named in it.
    pub(super) fn is_empty(&self) -> bool {
        self.shifts.is_empty()
    }

    /// The items of that shape; the others are counted as left out.
    pub(super) fn each<T: DeserializeOwned>(&mut self, items: Vec<Value>) -> Vec<T> {
        let all = items.len();
        let read: Vec<T> = items.into_iter().flat_map(serde_json::from_value).collect();
        self.left_out += all - read.len();
        read
    }

    /// A turn that could not be understood.
    pub(super) fn leave_out(&mut self) {
        self.left_out += 1;
    }

    /// One turn of somebody who is called so: the first name is shown, the last is the surest.
    /// Without a beginning or an end, it has none.
    pub(super) fn add(&mut self, called: &[Option<&str>], from: Option<&str>, until: Option<&str>) {
        let (Ok(from), Ok(until)) = (moment(from), moment(until)) else {
            self.left_out += 1;
            return;
        };
        let called = called.iter().flatten().filter(|name| !name.trim().is_empty());
        let called = called.map(|name| name.chars().take(LONGEST).collect()).collect();
        self.shifts.push(Shift { called, from, until });
    }

    /// The text that is kept.
    ///
    /// # Errors
    /// When it could not be understood at all, or is no schedule of people.
    pub(super) fn kept(&self) -> anyhow::Result<String> {
        anyhow::ensure!(self.shifts.len() <= MOST, "it has more than {MOST} turns");
        let lost = self.shifts.is_empty() && self.left_out > 0;
        anyhow::ensure!(!lost, "none of its turns can be understood");
        Ok(serde_json::to_string(self)?)
    }
}

fn moment(text: Option<&str>) -> Result<Option<Timestamp>, jiff::Error> {
    let Some(text) = text else { return Ok(None) };
    Ok(Some(Timestamp(text.trim().parse::<jiff::Timestamp>()?.as_millisecond())))
}

/// What a kept list says about a window.
pub(super) fn understand(kept: &str, roll: &Roll, window: Window) -> anyhow::Result<Understood> {
    let listed: Listed =
        serde_json::from_str(kept).context("another version of Pilothouse has kept it")?;
    let turn = |shift: &Shift| Turn {
        who: roll.who(&shift.called),
        from: shift.from.unwrap_or(window.from),
        until: shift.until.unwrap_or(window.until),
    };
    let touches = |turn: &Turn| {
        turn.from < turn.until && turn.from < window.until && turn.until > window.from
    };
    let mut turns: Vec<Turn> = listed.shifts.iter().map(turn).filter(touches).collect();
    turns.sort_by(|one, other| (one.from, &one.who).cmp(&(other.from, &other.who)));
    let left_out = match listed.left_out {
        0 => None,
        1 => Some("1 turn in it cannot be read, so something is missing".to_owned()),
        more => Some(format!("{more} turns in it cannot be read, so something is missing")),
    };
    let odd = left_out.or(listed.odd);
    Ok(Understood { turns, odd, name: listed.name, until: Some(listed.until) })
}
