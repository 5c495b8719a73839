//! Incidents one below the other, each with a button that opens its card again. Pure.

use serde::Serialize;

use super::{incident::Incident, view::status};
use crate::{
    cards::{Button, View},
    clock::Timestamp,
};

/// A list of incidents.
#[derive(Debug, Serialize)]
pub struct ListView {
    title: &'static str,
    note: Option<String>,
    rows: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct Row {
    title: String,
    status: String,
    details: String,
    button: Button,
}

impl ListView {
    /// These incidents, in this order; `more` when there are others that `--all` shows.
    pub fn of(incidents: &[Incident], more: bool, now: Timestamp) -> Self {
        let open = incidents.iter().filter(|incident| incident.is_open()).count();
        let how_many = match open {
            0 => "Nothing is open. `/incident create \"what is wrong\"` declares an incident.",
            1 => "One is open.",
            _ => "Several are open.",
        };
        let more = if more { " Older ones: `/incident list --all`." } else { "" };
        let rows = incidents.iter().map(|incident| Row::of(incident, now)).collect();
        Self { title: "Incidents", note: Some(format!("{how_many}{more}")), rows }
    }
}

impl Row {
    fn of(incident: &Incident, now: Timestamp) -> Self {
        let number = incident.number;
        let service =
            incident.service.as_ref().map_or(String::new(), |service| format!("{service}, "));
        let latest = incident.latest.as_ref().map_or(String::new(), |told| {
            let text: String = told.text.chars().take(120).collect();
            format!(", latest: {text}")
        });
        Self {
            title: format!("{number} · {}", incident.title),
            status: status(incident, now),
            details: format!("{service}led by {}{latest}", incident.commander().name),
            button: Button {
                title: format!("Open {number}"),
                say: format!("/incident show {number}"),
                style: "default",
                secondary: false,
            },
        }
    }
}

impl View for ListView {
    const NAME: &'static str = "list";

    fn text(&self) -> String {
        let head = [self.title.to_owned()].into_iter().chain(self.note.clone());
        let rows =
            self.rows.iter().map(|row| format!("{}: {} ({})", row.title, row.status, row.details));
        head.chain(rows).collect::<Vec<_>>().join("\n")
    }
}
