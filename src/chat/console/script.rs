//! Plays a script at the terminal: the lines people would type, and what is expected of them.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io::{self, Write},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use tokio::{
    io::{AsyncBufRead, AsyncBufReadExt as _},
    sync::mpsc::UnboundedReceiver,
    time::{Instant, timeout, timeout_at},
};

pub use super::line::Line;
use super::{Heard, Seat, Shown, cards::Cards, tell::Teller, tone::Tone};
use crate::chat::Subject;

/// How long `wait` and `wait for` wait at most. A longer deployment than this cannot be told.
const LONGEST_WAIT: Duration = Duration::from_mins(2);

/// How long something may take that should be there at once. Longer forgives a slower machine,
/// and makes a wrong script fail later.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long an answer's card is waited for before the story goes on without it.
const CARD: Duration = Duration::from_secs(2);

/// How long nothing may be shown before all counts as settled; each `wait` takes twice as long at
/// least.
const QUIET: Duration = Duration::from_millis(200);

/// Tells whether anything goes on by itself.
#[async_trait]
pub trait Motion: Send + Sync {
    /// Whether something will still change without anybody saying anything. What waits for a
    /// person does not move.
    async fn moving(&self) -> anyhow::Result<bool>;
}

/// A script on its way through the bot.
pub struct Script<W> {
    seat: Seat,
    shown: UnboundedReceiver<Shown>,
    motion: Arc<dyn Motion>,
    teller: Teller<W>,
    cards: Cards,
    /// What was answered to what was said last.
    answer: Option<String>,
    /// A refusal nobody has expected yet, and the line that met it.
    refusal: Option<(usize, String)>,
    /// When somebody spoke last.
    spoke: u64,
    filled: BTreeMap<String, String>,
    line: usize,
    mistakes: Vec<String>,
}

impl<W: Write> Script<W> {
    /// A script that speaks from `seat`, sees what is `shown` there, and prints it into `out`,
    /// `columns` wide.
    pub fn new(
        seat: Seat,
        shown: UnboundedReceiver<Shown>,
        motion: Arc<dyn Motion>,
        out: W,
        columns: usize,
    ) -> Self {
        Self {
            seat,
            shown,
            motion,
            teller: Teller::new(out, columns),
            cards: Cards::default(),
            answer: None,
            refusal: None,
            spoke: 0,
            filled: BTreeMap::new(),
            line: 0,
            mistakes: vec![],
        }
    }

    /// Plays it to its end and until everything has settled. Returns 0, or 1 when something was
    /// refused, failed or missing that the script did not expect.
    ///
    /// # Errors
    /// When it can no longer be read or printed, or a card cannot be shown.
    pub async fn play(mut self, script: impl AsyncBufRead + Unpin) -> anyhow::Result<u8> {
        let mut lines = script.lines();
        loop {
            tokio::select! {
                biased;
                line = lines.next_line() => match line? {
                    Some(line) => {
                        self.line += 1;
                        self.perform(&line).await?;
                    }
                    None => break,
                },
                Some(shown) = self.shown.recv() => self.take(shown)?,
            }
        }
        self.close_refusal();
        self.wait().await?;
        self.judge_ends();
        self.teller.end(&self.mistakes)?;
        Ok(u8::from(!self.mistakes.is_empty()))
    }

    async fn perform(&mut self, line: &str) -> anyhow::Result<()> {
        self.catch_up()?;
        let line = match Line::read(line) {
            Ok(line) => line,
            Err(why) => return Ok(self.mistake(&why)?),
        };
        if !matches!(line, Line::Blank | Line::Heading(_) | Line::Refused(_)) {
            self.close_refusal();
        }
        match line {
            Line::Blank => {}
            Line::Heading(text) => self.teller.heading(&text)?,
            Line::As(name) => {
                if let Err(why) = self.seat.sit(&name) {
                    self.teller.spoke(self.seat.who(), &format!("as {name}"))?;
                    self.teller.refused(&why)?;
                    self.refusal = Some((self.line, why));
                }
            }
            Line::Fill(fields) => self.filled.extend(fields),
            Line::Say(text) => {
                self.teller.spoke(self.seat.who(), &text)?;
                self.say(&text).await?;
            }
            Line::Press(title) => self.press(&title).await?,
            Line::Wait => self.wait().await?,
            Line::WaitFor(text) => self.wait_for(&text).await?,
            Line::Expect(text) => match self.until(PATIENCE, |s| s.sees(&text)).await? {
                Some(()) => self.teller.met(&text)?,
                None => self.mistake(&format!("`{text}` is not to be seen. {}", self.seen()))?,
            },
            Line::Refused(words) => self.expect_refusal(words.as_deref())?,
        }
        Ok(())
    }

    async fn say(&mut self, text: &str) -> anyhow::Result<()> {
        self.answer = None;
        self.spoke = self.cards.moment();
        match self.seat.say(text).await? {
            Heard::Answered(text) => {
                self.teller.answered(&text)?;
                self.answer = Some(text);
            }
            Heard::Refused(why) => {
                self.teller.refused(&why)?;
                self.answer = Some(why.clone());
                self.refusal = Some((self.line, why));
            }
            Heard::Card => {}
            Heard::Shown(subject) => self.wait_for_card(&subject).await?,
        }
        Ok(self.catch_up()?)
    }

    async fn wait_for_card(&mut self, subject: &Subject) -> io::Result<()> {
        let before = self.spoke;
        self.until(CARD, |s| s.cards.changed_since(subject, before).then_some(())).await?;
        Ok(())
    }

    async fn press(&mut self, title: &str) -> anyhow::Result<()> {
        let found = |s: &mut Self| {
            let (card, button) = s.cards.with_button(title)?;
            Some((card.number, button.title.clone(), card.drawing.press(button, &s.filled)))
        };
        let Some((number, title, said)) = self.until(PATIENCE, found).await? else {
            return Ok(self.mistake(&format!("No card has a button `{title}`. {}", self.seen()))?);
        };
        let filled = !std::mem::take(&mut self.filled).is_empty();
        let mut deed = format!("presses [{title}] on card {number}");
        if let (true, Ok(said)) = (filled, &said) {
            let _ = write!(deed, ": {said}");
        }
        self.teller.spoke(self.seat.who(), &deed)?;
        match said {
            Ok(said) => self.say(&said).await,
            Err(why) => Ok(self.mistake(&why)?),
        }
    }

    /// Until nothing has been shown for a while and nothing moves, twice in a row: what moved last
    /// may still have something to show.
    async fn wait(&mut self) -> anyhow::Result<()> {
        let end = Instant::now() + LONGEST_WAIT;
        let mut still = 0;
        while still < 2 {
            if Instant::now() > end {
                let minutes = LONGEST_WAIT.as_secs() / 60;
                return Ok(
                    self.mistake(&format!("After {minutes} minutes something still moves."))?
                );
            }
            let mut quiet = true;
            while let Ok(Some(shown)) = timeout(QUIET, self.shown.recv()).await {
                self.take(shown)?;
                quiet = false;
                if Instant::now() > end {
                    break;
                }
            }
            still = if self.motion.moving().await? || !quiet { 0 } else { still + 1 };
        }
        Ok(())
    }

    async fn wait_for(&mut self, text: &str) -> anyhow::Result<()> {
        let end = Instant::now() + LONGEST_WAIT;
        loop {
            let moving = self.motion.moving().await? && Instant::now() < end;
            if self.until(PATIENCE, |s| s.sees(text).or_else(|| s.sees_new(text))).await?.is_some()
            {
                return Ok(());
            }
            if !moving {
                let why = format!("`{text}` has not come to be seen. {}", self.seen());
                return Ok(self.mistake(&why)?);
            }
        }
    }

    /// Looks after each thing that is shown, for so long.
    async fn until<T>(
        &mut self,
        patience: Duration,
        mut found: impl FnMut(&mut Self) -> Option<T>,
    ) -> io::Result<Option<T>> {
        let end = Instant::now() + patience;
        self.catch_up()?;
        loop {
            if let Some(found) = found(self) {
                return Ok(Some(found));
            }
            match timeout_at(end, self.shown.recv()).await {
                Ok(Some(shown)) => self.take(shown)?,
                _ => return Ok(None),
            }
        }
    }

    /// Takes what has been shown meanwhile.
    fn catch_up(&mut self) -> io::Result<()> {
        while let Ok(shown) = self.shown.try_recv() {
            self.take(shown)?;
        }
        Ok(())
    }

    fn take(&mut self, shown: Shown) -> io::Result<()> {
        match shown {
            Shown::Said(text) => {
                self.teller.answered(&text)?;
                self.answer = Some(text);
                Ok(())
            }
            Shown::Card { message, subject, drawing } => {
                let (number, before) = self.cards.take(message, subject, drawing.clone());
                self.teller.card(number, before.as_ref(), &drawing)
            }
        }
    }

    /// Whether the text stands on the newest card, or was answered last.
    fn sees(&mut self, text: &str) -> Option<()> {
        if self.answer.as_ref().is_some_and(|answer| answer.contains(text)) {
            return Some(());
        }
        let card = self.cards.newest_first_mut().next()?;
        card.drawing.text().contains(text).then(|| card.expected = true)
    }

    /// Whether it stands on any card that was shown or changed since somebody spoke.
    fn sees_new(&mut self, text: &str) -> Option<()> {
        let spoke = self.spoke;
        let mut new = self.cards.newest_first_mut().filter(|card| card.changed > spoke);
        let card = new.find(|card| card.drawing.text().contains(text))?;
        card.expected = true;
        Some(())
    }

    /// What there is to be seen instead, for somebody who looked for something else.
    fn seen(&self) -> String {
        let newest = self.cards.newest_first().next();
        let status = newest.and_then(|card| card.drawing.status()).map(|(status, _)| status);
        match (&self.answer, status) {
            (Some(answer), _) => format!("Answered last was: {answer}"),
            (None, Some(status)) => format!("The newest card says: {status}"),
            (None, None) => "Nothing has been shown.".to_owned(),
        }
    }

    fn expect_refusal(&mut self, words: Option<&str>) -> io::Result<()> {
        match (self.refusal.take(), words) {
            (None, _) => self.mistake("The line before was to be refused, and was not."),
            (Some((_, why)), Some(words)) if !why.contains(words) => {
                self.mistake(&format!("It was refused in other words than `{words}`: {why}"))
            }
            (Some(_), words) => self.teller.met(words.unwrap_or("it was refused")),
        }
    }

    /// From here on, an earlier refusal that nobody expected is a mistake.
    fn close_refusal(&mut self) {
        let refusal = self.refusal.take();
        self.mistakes.extend(refusal.map(|(line, why)| format!("line {line} was refused: {why}")));
    }

    /// A card that tells of a failure must have been expected to.
    fn judge_ends(&mut self) {
        let unexpected = self.cards.newest_first().filter(|card| !card.expected);
        let mut bad: Vec<_> = unexpected
            .filter_map(|card| match card.drawing.status() {
                Some((status, Tone::Attention)) => {
                    Some(format!("card {} ended badly: {status}", card.number))
                }
                _ => None,
            })
            .collect();
        bad.reverse();
        self.mistakes.extend(bad);
    }

    fn mistake(&mut self, why: &str) -> io::Result<()> {
        self.mistakes.push(format!("line {}: {why}", self.line));
        self.teller.mistake(why)
    }
}
