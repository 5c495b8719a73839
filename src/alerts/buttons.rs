//! What can be pressed about an alert. Pure.

use std::collections::BTreeSet;

use url::Url;

use super::{Shipment, Ways, alert::Alert, alert::Phase};
use crate::{cards::Button, clock::Timestamp};

/// The longest title an incident is given.
const TITLE: usize = 120;

/// Something that can be done about an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deed {
    /// Acknowledge and silence it.
    Handle,
    /// Read what to do.
    Read,
    /// Declare an incident.
    Declare,
    /// Roll back what was deployed before.
    RollBack,
}

/// What one person may do about an alert, of what there is to do.
#[derive(Clone, Debug, Default)]
pub struct Viewer(pub BTreeSet<Deed>);

impl Viewer {
    /// Everybody at once, who are shown every button somebody may press: the decision falls when
    /// it is pressed.
    pub fn everybody(ways: Ways) -> Self {
        let mut may = BTreeSet::from([Deed::Handle, Deed::Declare, Deed::RollBack]);
        may.extend(ways.runbook.then_some(Deed::Read));
        Self(may)
    }

    /// Whether they may do that.
    pub fn may(&self, deed: Deed) -> bool {
        self.0.contains(&deed)
    }
}

/// A button that says something.
pub(super) fn button(title: &str, say: String, style: &'static str) -> Button {
    Button { title: title.to_owned(), say, style, secondary: false }
}

/// The same with the alert's number on each of them: in a list, no two buttons are called the same.
pub(super) fn numbered(
    alert: &Alert,
    before: Option<&Shipment>,
    viewer: &Viewer,
    now: Timestamp,
) -> Vec<Button> {
    let mut buttons = buttons(alert, before, viewer, now);
    for button in &mut buttons {
        button.title = format!("{} ({})", button.title, alert.id);
    }
    buttons
}

/// At most six, as many as Teams shows; with a link one less.
pub(super) fn buttons(
    alert: &Alert,
    before: Option<&Shipment>,
    viewer: &Viewer,
    now: Timestamp,
) -> Vec<Button> {
    let (id, phase) = (&alert.id, alert.phase(now));
    let mut buttons = vec![];
    if phase == Phase::Resolved {
        return buttons;
    }
    if viewer.may(Deed::Handle) {
        if alert.acknowledged.is_none() {
            buttons.push(button("Acknowledge", format!("/ack {id}"), "positive"));
        }
        let ours = alert.silence.as_ref().is_some_and(|s| s.correlation().is_some());
        match phase {
            Phase::Silenced if ours => {
                buttons.push(button("End silence", format!("/unsilence {id}"), "default"));
            }
            Phase::Silenced => {}
            _ => {
                buttons.push(button("Silence 1 h", format!("/silence {id} 1h"), "default"));
                let say = format!("/silence {id} until tomorrow");
                buttons.push(button("Silence until tomorrow", say, "default"));
            }
        }
    }
    if let (true, None, Some(name)) = (viewer.may(Deed::Read), runbook(alert), plain_name(alert)) {
        let service = alert.service.as_ref();
        let of = service.map_or(String::new(), |service| format!(" --service {service}"));
        buttons.push(button("Runbook", format!("/runbook --alert {name}{of}"), "default"));
    }
    if viewer.may(Deed::Declare) {
        buttons.push(button("Declare incident", declaration(alert), "default"));
    }
    if let (true, Some(service), Some(environment), Some(_)) =
        (viewer.may(Deed::RollBack), &alert.service, &alert.environment, before)
    {
        let say = format!("/rollback {environment} --service {service} --plan");
        buttons.push(button("Roll back", say, "destructive"));
    }
    buttons
}

/// The address of what to do, when it is one that can be opened.
pub(super) fn runbook(alert: &Alert) -> Option<&str> {
    let text = alert.words.runbook.as_deref()?;
    let url = Url::parse(text).ok()?;
    let fine = url.scheme() == "https"
        && text.starts_with("https://")
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none();
    fine.then_some(text)
}

/// The alert's name, when it can be said as one word.
fn plain_name(alert: &Alert) -> Option<&str> {
    let name = alert.labels.get("alertname")?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-:.".contains(c);
    let fine = name.len() <= 100 && !name.starts_with('-') && name.chars().all(plain);
    (fine && !name.is_empty()).then_some(name)
}

/// What is said to declare an incident. Nothing from outside can leave its quotes.
fn declaration(alert: &Alert) -> String {
    let mut title = alert.name();
    if let Some(summary) = &alert.words.summary {
        title = format!("{title}: {summary}");
    }
    let harmless = |c: char| match c {
        '"' | '\\' | '{' | '}' => '\'',
        '<' => '‹',
        '>' => '›',
        plain => plain,
    };
    let title: String = title.chars().map(harmless).take(TITLE).collect();
    let severity = match alert.severity.rank() {
        0 => "sev1",
        1 => "sev2",
        2 => "sev3",
        _ => "sev4",
    };
    let service = alert.service.as_ref();
    let of = service.map_or(String::new(), |service| format!(" --service {service}"));
    format!("/incident create \"{title}\" --severity {severity}{of}")
}
