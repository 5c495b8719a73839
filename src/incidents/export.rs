//! An incident as a post-mortem begins: Markdown, with what people have to add left open. Pure.

use std::fmt::Write as _;

use super::{
    incident::Incident,
    number::Role,
    timeline::{Kind, Moment},
};
use crate::{
    clock::{Timestamp, spoken},
    names::is_invisible,
};

/// The post-mortem of an incident: `moments` is all that happened, `shipped` what had gone live
/// before it, both oldest first.
pub(super) fn export(
    incident: &Incident,
    moments: &[Moment],
    shipped: &[Moment],
    now: Timestamp,
) -> String {
    let mut text = format!("# {}: {}\n\n", incident.number, plain(&incident.title));
    summary(&mut text, incident, now);
    impact(&mut text, incident, moments);
    people(&mut text, incident);
    text.push_str("## Timeline\n\nTimes are in UTC.\n\n");
    for moment in moments {
        line(&mut text, moment);
    }
    text.push_str("\n## What had shipped before\n\n");
    match shipped {
        [] if incident.service.is_none() => text.push_str("The incident names no service.\n"),
        [] => text.push_str("Nothing in the seven days before.\n"),
        all => all.iter().for_each(|moment| line(&mut text, moment)),
    }
    text.push_str(
        "\n## Causes\n\nTo be filled in: what made this possible, and why nobody noticed earlier.\n\
         \n## Actions\n\n| What | Who | Until when |\n|---|---|---|\n| to be filled in | | |\n",
    );
    text
}

fn summary(text: &mut String, incident: &Incident, now: Timestamp) {
    text.push_str("## Summary\n\n");
    let by = plain(&incident.declared_by.name);
    let declared = incident.declared.exact();
    let _ = writeln!(text, "- Declared: {declared}, by {by}");
    if let Some(resolved) = &incident.resolved {
        let (at, by) = (resolved.at.exact(), plain(&resolved.by.name));
        let _ = writeln!(text, "- Resolved: {at}, by {by}");
        let _ = writeln!(text, "- It took: {}", spoken(incident.lasted(now)));
        let fix = resolved.fix.as_ref().map_or("to be filled in".to_owned(), |fix| plain(fix));
        let _ = writeln!(text, "- What fixed it: {fix}");
    } else {
        let (status, lasted) = (incident.status, spoken(incident.lasted(now)));
        let _ = writeln!(text, "- Still open: {status}, for {lasted}");
    }
    if let Some(told) = &incident.latest {
        let (at, by, said) = (told.at.exact(), plain(&told.by.name), plain(&told.text));
        let _ = writeln!(text, "- Last update: {at}, by {by}: {said}");
    }
    text.push('\n');
}

fn impact(text: &mut String, incident: &Incident, moments: &[Moment]) {
    text.push_str("## Impact\n\n");
    let _ = writeln!(text, "- Severity: {}", incident.severity);
    let service = incident.service.as_ref().map_or("none was named", |service| service.as_str());
    let _ = writeln!(text, "- Service: {service}");
    let shipped = moments.iter().filter(|moment| moment.kind == Kind::Shipped).count();
    let _ = writeln!(text, "- Deployments that ended around it: {shipped}");
    text.push_str("- Who noticed what, and how many: to be filled in\n\n");
}

fn people(text: &mut String, incident: &Incident) {
    text.push_str("## People\n\n");
    for role in Role::ALL {
        let holder = incident.roles.get(&role).map_or("nobody".to_owned(), |who| plain(&who.name));
        let _ = writeln!(text, "- {}: {holder}", role.title());
    }
    text.push('\n');
}

fn line(text: &mut String, moment: &Moment) {
    let (at, by, what) = (moment.at.exact(), plain(&moment.by), plain(&moment.what));
    let _ = writeln!(text, "- {at}: {by} {what}");
}

/// Text as Markdown shows it letter by letter: nothing in it is a link, a picture, emphasis or
/// HTML, no letter is invisible, and it stays on one line.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        match letter {
            '\n' | '\r' | '\t' => plain.push(' '),
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '&' => {
                plain.extend(['\\', letter]);
            }
            hidden if is_invisible(hidden) => {}
            other => plain.push(other),
        }
    }
    plain
}
