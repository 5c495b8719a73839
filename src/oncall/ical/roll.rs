//! Who a calendar means. Pure.

use std::collections::{BTreeMap, BTreeSet};

use calcard::icalendar::{
    ICalendarComponent, ICalendarEntry, ICalendarParameterName, ICalendarParameterValue,
    ICalendarParticipationStatus, ICalendarProperty, ICalendarUserTypes,
};

use super::{super::timeline::Who, text};
use crate::names::{PersonName, is_invisible};

/// How much of a name only the calendar knows is kept.
const LONGEST: usize = 80;

/// Shorter words are not looked for inside a title: they are parts of others.
const SHORTEST: usize = 3;

/// Everybody the configuration knows, by everything a calendar may call them.
#[derive(Clone, Debug, Default)]
pub struct Roll(Vec<(String, PersonName)>);

impl Roll {
    /// People by the names of the configuration, and by what this calendar calls them.
    pub fn new(people: &[PersonName], called: &BTreeMap<PersonName, Vec<String>>) -> Self {
        let own = people.iter().map(|person| (person.as_str().to_lowercase(), person.clone()));
        let called = called.iter().flat_map(|(person, names)| {
            names.iter().map(|name| (name.trim().to_lowercase(), person.clone()))
        });
        Self(own.chain(called).filter(|(name, _)| !name.is_empty()).collect())
    }

    /// Who an event is about: whom it invites, else who is named in its title; somebody nobody
    /// knows is called what the event calls them.
    pub(super) fn people_of(&self, event: &ICalendarComponent) -> Vec<Who> {
        let invited: Vec<Guest> =
            event.properties(&ICalendarProperty::Attendee).filter_map(Guest::of).collect();
        let known: BTreeSet<&PersonName> =
            invited.iter().filter_map(|guest| self.guest(guest)).collect();
        let title = text(event, &ICalendarProperty::Summary).unwrap_or_default();
        let known = if known.is_empty() { self.named_in(&title) } else { known };
        if !known.is_empty() {
            return known.into_iter().map(|person| Who::Person(person.clone())).collect();
        }
        let called = invited.iter().map(Guest::called).chain([title]);
        let called = called.map(|text| shown(&text)).find(|text| !text.is_empty());
        vec![Who::Text(called.unwrap_or_else(|| "somebody the calendar does not name".to_owned()))]
    }

    fn guest(&self, guest: &Guest) -> Option<&PersonName> {
        self.exactly(&guest.address).or_else(|| self.exactly(guest.name.as_deref()?))
    }

    fn exactly(&self, text: &str) -> Option<&PersonName> {
        let text = text.trim().to_lowercase();
        self.0.iter().find(|(name, _)| *name == text).map(|(_, person)| person)
    }

    fn named_in(&self, title: &str) -> BTreeSet<&PersonName> {
        if let Some(person) = self.exactly(title) {
            return BTreeSet::from([person]);
        }
        let title = title.to_lowercase();
        let named = |(name, _): &&(String, PersonName)| {
            name.chars().count() >= SHORTEST && holds_word(&title, name)
        };
        self.0.iter().filter(named).map(|(_, person)| person).collect()
    }
}

/// Whether the words stand in the text by themselves, not as a part of longer ones.
fn holds_word(text: &str, words: &str) -> bool {
    text.match_indices(words).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + words.len()..].chars().next();
        let ends = |letter: Option<char>| letter.is_none_or(|letter| !letter.is_alphanumeric());
        ends(before) && ends(after)
    })
}

/// Somebody who is invited and has not said no.
struct Guest {
    address: String,
    name: Option<String>,
}

impl Guest {
    fn of(entry: &ICalendarEntry) -> Option<Self> {
        let is = |name: &ICalendarParameterName, value: &ICalendarParameterValue| {
            entry.parameters(name).any(|given| given == value)
        };
        let declined = ICalendarParameterValue::Partstat(ICalendarParticipationStatus::Declined);
        let kinds = [ICalendarUserTypes::Room, ICalendarUserTypes::Resource];
        let is_thing = kinds
            .map(ICalendarParameterValue::Cutype)
            .iter()
            .any(|kind| is(&ICalendarParameterName::Cutype, kind));
        if is_thing || is(&ICalendarParameterName::Partstat, &declined) {
            return None;
        }
        let name = entry.parameters(&ICalendarParameterName::Cn).find_map(|cn| cn.as_text());
        let address = entry.calendar_address().unwrap_or_default().to_owned();
        Some(Self { address, name: name.map(str::to_owned) })
    }

    fn called(&self) -> String {
        self.name.clone().filter(|name| !name.trim().is_empty()).unwrap_or(self.address.clone())
    }
}

fn shown(text: &str) -> String {
    let plain: String = text.chars().filter(|c| !is_invisible(*c)).take(LONGEST).collect();
    plain.trim().to_owned()
}
