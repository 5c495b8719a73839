//! `cargo bench`: what the bot costs, beside what it may cost.
//!
//! The bot is the released program in a process of its own, on SQLite; Teams is on the other end
//! of real HTTP on the same machine, with signed tokens, and uses the same cores. Every answer is
//! looked at: a refusal stops the run. Nothing here fails for being slow: read the table.
//!
//! `cargo bench --bench budgets -- --tenth` puts a tenth of the load on it, for a quick look.

#![expect(unreachable_pub, reason = "one program: its modules are read by nobody else")]

mod bot;
mod load;
mod microsoft;
mod wire;

use std::time::Duration;

use anyhow::Context;
use serde_json::Value;

use bot::{APPROVER, Bot, REQUESTERS, SERVICES, requester};
use load::{Request, Times, hurried, paced};
use microsoft::Microsoft;
use wire::Teams;

/// What an answered card says about itself.
const CARD: &str = "\"type\":\"application/vnd.microsoft.card.adaptive\"";
/// What an answer in words says about itself.
const WORDS: &str = "\"type\":\"application/vnd.microsoft.activity.message\"";

/// Connections that hurry: enough to keep two cores busy.
const CONNECTIONS: usize = 16;

/// Requests after which memory is read.
const REQUESTS: usize = 100_000;

/// One deployment that waits for approval.
struct Waiting {
    number: usize,
    id: String,
    plan: String,
}

/// What is being measured, and the table so far.
struct Bench {
    microsoft: Microsoft,
    teams: Teams,
    bot: Bot,
    /// A load is divided by this.
    share: usize,
    sent: usize,
    waiting: Vec<Waiting>,
}

fn main() -> anyhow::Result<()> {
    let asked: Vec<String> = std::env::args().collect();
    if !asked.iter().any(|word| word == "--bench") {
        println!("Nothing is measured in a test: say `cargo bench`.");
        return Ok(());
    }
    let share = if asked.iter().any(|word| word == "--tenth") { 10 } else { 1 };
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(measure(share))
}

async fn measure(share: usize) -> anyhow::Result<()> {
    row("what", "measured", "budget");
    let microsoft = Microsoft::start()?;
    for _ in 0..4 {
        started(Bot::start(&microsoft).await?).stop()?;
    }
    let bot = started(Bot::start(&microsoft).await?);
    let teams = Teams::new(&microsoft)?;
    let mut bench = Bench { microsoft, teams, bot, share, sent: 0, waiting: vec![] };
    bench.requests().await?;
    bench.approvals().await?;
    bench.invokes().await?;
    bench.messages().await?;
    bench.hanging().await?;
    bench.looks().await?;
    bench.memory()?;
    bench.bot.stop()
}

fn started(bot: Bot) -> Bot {
    row("start, empty database", &format!("{:.0} ms", ms(bot.started_in)), "1000 ms");
    bot
}

impl Bench {
    /// Fills the database with deployments that wait, each asked for by a pressed button.
    async fn requests(&mut self) -> anyhow::Result<()> {
        let count = REQUESTERS * SERVICES / self.share;
        let ask = |number: usize| {
            let (who, service) = (requester(number % REQUESTERS), number / REQUESTERS);
            let words = format!("/deploy production v{number} --service s{service}");
            Request { bytes: self.teams.says(&who, number, &words), expects: CARD }
        };
        let requests = (0..count).map(ask).collect();
        let cards = self.hurry("deployments asked for", "", requests, deployment).await?;
        let waiting = |(number, (id, plan))| Waiting { number, id, plan };
        self.waiting = cards.into_iter().enumerate().map(waiting).collect();
        Ok(())
    }

    /// One of two approvals for nine in ten of them; each is on the disk before it is answered.
    async fn approvals(&mut self) -> anyhow::Result<()> {
        let kept = self.waiting.len() / 10;
        let requests = self.waiting[kept..].iter().map(|waiting| self.approval(waiting)).collect();
        self.hurry("durable approvals", "8000 /s and core", requests, |_| Ok(())).await?;
        Ok(())
    }

    fn approval(&self, waiting: &Waiting) -> Request {
        let words = format!("/approve {} --plan {}", waiting.id, waiting.plan);
        Request { bytes: self.teams.says(APPROVER, waiting.number, &words), expects: CARD }
    }

    fn look(&self, number: usize) -> Request {
        let waiting = &self.waiting[number % self.waiting.len()];
        Request { bytes: self.teams.looks(APPROVER, waiting.number, &waiting.id), expects: CARD }
    }

    /// What a busy morning sends: of ten, eight looks, one approval, one page of help.
    async fn invokes(&mut self) -> anyhow::Result<()> {
        let invoke = |number: usize| match number % 10 {
            3 => self.approval(&self.waiting[number / 10]),
            7 => Request { bytes: self.teams.says(APPROVER, number, "/help"), expects: CARD },
            _ => self.look(number),
        };
        let requests = (0..2000 / self.share).map(invoke).collect();
        let times = self.pace(requests).await?;
        row("invoke answered at 100/s, half within", &spell(&times, 50), "");
        row("invoke answered at 100/s, 99 of 100 within", &spell(&times, 99), "250 ms");
        row("invoke answered at 100/s, longest", &spell(&times, 100), "3000 ms");
        Ok(())
    }

    async fn messages(&mut self) -> anyhow::Result<()> {
        let message =
            |number| Request { bytes: self.teams.types(APPROVER, number, "/help"), expects: "{}" };
        let requests = (0..1000 / self.share).map(message).collect();
        let times = self.pace(requests).await?;
        row("message acknowledged at 100/s, half within", &spell(&times, 50), "");
        row("message acknowledged at 100/s, 99 of 100 within", &spell(&times, 99), "1000 ms");
        Ok(())
    }

    /// The pipeline says nothing for 30 s: half the people ask it something, half only look.
    async fn hanging(&mut self) -> anyhow::Result<()> {
        let deploy = |number: usize| {
            let words = format!("/deploy production v{number} --service stuck");
            let bytes = self.teams.says(&requester(number % REQUESTERS), number, &words);
            Request { bytes, expects: WORDS }
        };
        let requests = (0..20).map(deploy).collect();
        let looks = (0..500 / self.share).map(|number| self.look(number)).collect();
        let port = self.bot.port;
        let (hung, looks) = tokio::join!(paced(port, 20, requests), paced(port, 100, looks));
        row("invoke while the pipeline hangs, longest", &spell(&hung?, 100), "3000 ms");
        row("look while the pipeline hangs, longest", &spell(&looks?, 100), "3000 ms");
        self.sent += 20 + 500 / self.share;
        Ok(())
    }

    /// As many looks as are missing to the number after which memory is read.
    async fn looks(&mut self) -> anyhow::Result<()> {
        let missing = (REQUESTS / self.share).saturating_sub(self.sent);
        let mut left = missing;
        let (mut took, mut used) = (Duration::ZERO, 0.0);
        while left > 0 {
            // Written in portions, so that writing them neither counts nor fills the memory.
            let portion = left.min(10_000);
            let requests = (0..portion).map(|number| self.look(number)).collect();
            let cpu = self.bot.cpu()?;
            took += hurried(self.bot.port, CONNECTIONS, requests, |_| Ok(())).await?.0;
            used += self.bot.cpu()? - cpu;
            left -= portion;
        }
        self.sent += missing;
        rates("status (a card as one person sees it)", missing, (took, used), "16000 /s and core");
        Ok(())
    }

    fn memory(&self) -> anyhow::Result<()> {
        let what = |what| format!("memory after {} requests, {what}", self.sent);
        for (name, mean, budget) in [("VmRSS", "resident", "64 MiB"), ("VmHWM", "at most", "")] {
            let measured = format!("{:.1} MiB", self.bot.memory(name)?);
            row(&what(mean), &measured, budget);
        }
        row("messages the bot sent meanwhile", &self.microsoft.sent().to_string(), "");
        Ok(())
    }

    async fn pace(&mut self, requests: Vec<Request>) -> anyhow::Result<Times> {
        self.sent += requests.len();
        paced(self.bot.port, 100, requests).await
    }

    async fn hurry<T: Send + 'static>(
        &mut self,
        what: &str,
        budget: &str,
        requests: Vec<Request>,
        read: fn(&[u8]) -> anyhow::Result<T>,
    ) -> anyhow::Result<Vec<T>> {
        let (count, cpu) = (requests.len(), self.bot.cpu()?);
        let (took, answers) = hurried(self.bot.port, CONNECTIONS, requests, read).await?;
        rates(what, count, (took, self.bot.cpu()? - cpu), budget);
        self.sent += count;
        Ok(answers)
    }
}

/// The number and the plan of the deployment on a card: each stands behind its name.
fn deployment(body: &[u8]) -> anyhow::Result<(String, String)> {
    let answer: Value = serde_json::from_slice(body)?;
    let mut texts = vec![];
    collect(&answer["value"]["body"], &mut texts);
    let fact = |title: &str| {
        let at = texts.iter().position(|text| *text == title).context("no such fact")?;
        texts.get(at + 1).map(|text| (*text).to_owned()).context("no text")
    };
    Ok((fact("Deployment")?, fact("Plan")?))
}

fn collect<'a>(part: &'a Value, texts: &mut Vec<&'a str>) {
    match part {
        Value::Array(parts) => parts.iter().for_each(|part| collect(part, texts)),
        Value::Object(fields) => {
            texts.extend(fields.get("text").and_then(Value::as_str));
            for inner in ["items", "columns"] {
                fields.get(inner).into_iter().for_each(|part| collect(part, texts));
            }
        }
        _ => {}
    }
}

/// How many a second, as the clock goes and per second of processor time the bot used: the second
/// does not depend on what else the machine was doing.
#[expect(clippy::cast_precision_loss, reason = "counts of requests are far below 2^52")]
fn rates(what: &str, count: usize, (took, used): (Duration, f64), budget: &str) {
    let a_second = count as f64 / took.as_secs_f64();
    row(what, &format!("{a_second:.0} /s"), "");
    row(what, &format!("{:.0} /s and core", count as f64 / used.max(0.01)), budget);
}

fn spell(times: &Times, percent: usize) -> String {
    format!("{:.1} ms", ms(times.within(percent)))
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn row(what: &str, measured: &str, budget: &str) {
    println!("{what:<50} {measured:>20} {budget:>20}");
}
