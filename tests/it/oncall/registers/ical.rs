//! A calendar at an address that is a secret.

use async_trait::async_trait;
use serde_json::{Value, json};
use wiremock::{Request, ResponseTemplate};

use super::{
    stage::Stage,
    vendor::{PretendRegister, Shift},
};

pub(crate) struct Ical;

fn event(number: usize, shift: &Shift) -> String {
    let at = |at: Option<&str>, otherwise: &str| {
        let at = at.unwrap_or(otherwise);
        format!("{}Z", at.replace(['-', ':'], ""))
    };
    let Shift { who, from, until } = shift;
    format!(
        "BEGIN:VEVENT\r\nUID:{number}\r\nDTSTART:{}\r\nDTEND:{}\r\n\
         ATTENDEE;CN=\"{}\":mailto:{}\r\nEND:VEVENT\r\n",
        at(*from, "2000-01-01T00:00:00"),
        at(*until, "2099-01-01T00:00:00"),
        who.name,
        who.address,
    )
}

#[async_trait]
impl PretendRegister for Ical {
    fn called(&self) -> &'static str {
        "calendar"
    }

    fn level(&self, stage: &Stage) -> Value {
        json!({ "kind": "ical", "url": stage.secret(), "who": { "alice": ["alice@example.com"] } })
    }

    fn secret(&self, stage: &Stage, token: &str) -> String {
        format!("{}/team.ics?key={token}", stage.uri())
    }

    fn spot(&self) -> &'static str {
        "/team.ics"
    }

    async fn says(&self, stage: &Stage, shifts: &[Shift]) {
        let events: String = shifts.iter().enumerate().map(|(n, shift)| event(n, shift)).collect();
        let text = format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{events}END:VCALENDAR\r\n");
        stage.raw(self.spot(), ResponseTemplate::new(200).set_body_string(text)).await;
    }

    fn proves(&self, request: &Request, token: &str) -> bool {
        request.url.query() == Some(&format!("key={token}"))
    }

    fn garbage(&self) -> Vec<Value> {
        vec![]
    }

    fn is_a_server(&self) -> bool {
        false
    }
}
