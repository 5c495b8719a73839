//! The other end of the wire: HTTP/1.1 with connections that are kept, and activities as Teams
//! writes them. A library would cost the one machine more than the bot does.

use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::microsoft::{APP, Microsoft, TENANT};

/// Nothing may take longer; the budget is a tenth of it.
const LONGEST: Duration = Duration::from_secs(30);

/// One connection.
pub struct Line {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Line {
    /// Opens one.
    pub async fn open(port: u16) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(16 * 1024) })
    }

    /// Whether whoever listens there says that it is ready.
    pub async fn is_ready(port: u16) -> bool {
        let Ok(mut line) = Self::open(port).await else { return false };
        let asked = line.asks(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
        asked.is_ok_and(|body| body == b"ready")
    }

    /// Sends a request and waits for the whole answer; its body, when the status is 200.
    pub async fn asks(&mut self, request: &[u8]) -> anyhow::Result<&[u8]> {
        timeout(LONGEST, self.talk(request)).await.context("there was no answer")?
    }

    async fn talk(&mut self, request: &[u8]) -> anyhow::Result<&[u8]> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let head = loop {
            self.more().await?;
            if let Some(end) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
        };
        let headers = std::str::from_utf8(&self.buffer[..head])?;
        let length = headers.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>())
        });
        let (good, length) = (headers.starts_with("HTTP/1.1 200"), length.unwrap_or(Ok(0))?);
        while self.buffer.len() < head + length {
            self.more().await?;
        }
        let body = &self.buffer[head..];
        ensure!(good, "not 200: {}", String::from_utf8_lossy(&self.buffer));
        Ok(body)
    }

    async fn more(&mut self) -> anyhow::Result<()> {
        let read = self.stream.read_buf(&mut self.buffer).await?;
        ensure!(read > 0, "the bot hung up");
        Ok(())
    }
}

/// Writes what Teams would send.
pub struct Teams {
    bearers: Vec<String>,
    service_url: String,
}

impl Teams {
    /// With as many tokens in turn as a few regions would use.
    pub fn new(microsoft: &Microsoft) -> anyhow::Result<Self> {
        let bearers = (0..4).map(|number| microsoft.bearer(number)).collect::<Result<_, _>>()?;
        Ok(Self { bearers, service_url: microsoft.service_url() })
    }

    /// Somebody presses a button in the conversation of that number.
    pub fn says(&self, who: &str, number: usize, words: &str) -> Vec<u8> {
        let action = json!({ "type": "Action.Execute", "verb": "say", "data": { "say": words } });
        self.invoke(who, number, &action)
    }

    /// Somebody's screen asks for a card anew.
    pub fn looks(&self, who: &str, number: usize, deployment: &str) -> Vec<u8> {
        let subject = format!("deployment/{deployment}");
        let action =
            json!({ "type": "Action.Execute", "verb": "look", "data": { "subject": subject } });
        self.invoke(who, number, &action)
    }

    /// Somebody types.
    pub fn types(&self, who: &str, number: usize, words: &str) -> Vec<u8> {
        self.request(who, number, json!({ "type": "message", "text": words }))
    }

    fn invoke(&self, who: &str, number: usize, action: &Value) -> Vec<u8> {
        let value = json!({ "action": action, "trigger": "manual" });
        let name = "adaptiveCard/action";
        self.request(who, number, json!({ "type": "invoke", "name": name, "value": value }))
    }

    fn request(&self, who: &str, number: usize, mut activity: Value) -> Vec<u8> {
        let conversation = format!("19:bench-{}@thread.v2", number % 2000);
        let more = json!({
            "id": uuid::Uuid::now_v7().to_string(),
            "timestamp": "2026-11-18T08:26:40.000Z",
            "channelId": "msteams",
            "serviceUrl": self.service_url,
            "from": { "id": format!("29:{who}"), "name": "Somebody", "aadObjectId": who },
            "recipient": { "id": format!("28:{APP}"), "name": "Pilothouse" },
            "conversation": {
                "id": conversation, "conversationType": "groupChat", "tenantId": TENANT,
            },
            "channelData": { "tenant": { "id": TENANT } },
        });
        for (name, value) in more.as_object().into_iter().flatten() {
            activity[name] = value.clone();
        }
        let body = activity.to_string();
        let bearer = &self.bearers[number % self.bearers.len()];
        let length = body.len();
        format!(
            "POST /api/messages HTTP/1.1\r\nHost: localhost\r\nAuthorization: {bearer}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .into_bytes()
    }
}
