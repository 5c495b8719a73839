//! Who an event of a calendar is about. Pure.

use std::collections::BTreeSet;

use calcard::icalendar::{
    ICalendarComponent, ICalendarEntry, ICalendarParameterName, ICalendarParameterValue,
    ICalendarParticipationStatus, ICalendarProperty, ICalendarUserTypes,
};

use super::{
    super::{
        roll::{Roll, shown},
        timeline::Who,
    },
    text,
};
use crate::names::PersonName;

/// Whom an event invites, else who is named in its title; somebody nobody knows is called what
/// the event calls them.
pub(super) fn people_of(event: &ICalendarComponent, roll: &Roll) -> Vec<Who> {
    let invited: Vec<Guest> =
        event.properties(&ICalendarProperty::Attendee).filter_map(Guest::of).collect();
    let known: BTreeSet<&PersonName> =
        invited.iter().filter_map(|guest| guest.person(roll)).collect();
    let title = text(event, &ICalendarProperty::Summary).unwrap_or_default();
    let known = if known.is_empty() { roll.named_in(&title) } else { known };
    if !known.is_empty() {
        return known.into_iter().map(|person| Who::Person(person.clone())).collect();
    }
    let called = invited.iter().map(Guest::called).chain([title]);
    let called = called.map(|text| shown(&text)).find(|text| !text.is_empty());
    vec![Who::Text(called.unwrap_or_else(|| "somebody the calendar does not name".to_owned()))]
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

    fn person<'a>(&self, roll: &'a Roll) -> Option<&'a PersonName> {
        roll.exactly(&self.address).or_else(|| roll.exactly(self.name.as_deref()?))
    }

    fn called(&self) -> String {
        self.name.clone().filter(|name| !name.trim().is_empty()).unwrap_or(self.address.clone())
    }
}
