//! The chat on the whole terminal: a transcript whose cards change in place, and a line to type in.

use std::{io, panic, sync::Arc, time::Duration};

use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use tokio::sync::{
    Notify,
    mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
};
use tui_input::{Input, backend::crossterm::EventHandler as _};

use super::{
    Heard, Seat, Shown,
    ask::{Asked, Asking},
    cards::Cards,
};

/// How many entries the transcript keeps; the oldest are forgotten.
const KEPT: usize = 1000;

/// How many lines can be had back with the up key.
const HISTORY: usize = 200;

/// How often the keyboard is asked whether the chat still wants to know: how late its thread ends.
const GLANCE: Duration = Duration::from_millis(100);

/// What the screen shows, and what is being typed.
pub struct Screen {
    pub(super) entries: Vec<Entry>,
    pub(super) cards: Cards,
    pub(super) input: Input,
    pub(super) asking: Option<Asking>,
    pub(super) who: String,
    /// How many lines of the transcript lie below the screen.
    pub(super) below: usize,
    /// How many lines it had when it was painted last, and how many of them fit.
    pub(super) painted: (usize, usize),
    history: Vec<String>,
    /// Which line of the history is shown, and what was typed before.
    recalled: Option<(usize, String)>,
}

/// One entry of the transcript.
pub(super) enum Entry {
    /// Somebody said something.
    Spoke(String, String),
    /// The bot answered.
    Answered(String),
    /// The bot did nothing, for this reason.
    Refused(String),
    /// The card of that number.
    Card(usize),
}

/// What a key asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Nothing beyond the screen.
    Nothing,
    /// Somebody else wants to speak.
    Sit(String),
    /// This is said to the bot.
    Say(String),
    /// The chat ends.
    End,
}

impl Screen {
    /// An empty screen in front of that person.
    pub fn new(who: &str) -> Self {
        Self {
            entries: vec![],
            cards: Cards::default(),
            input: Input::default(),
            asking: None,
            who: who.to_owned(),
            below: 0,
            painted: (0, 0),
            history: vec![],
            recalled: None,
        }
    }

    /// Takes something shown.
    pub fn take(&mut self, shown: Shown) {
        match shown {
            Shown::Said(text) => self.add(Entry::Answered(text)),
            Shown::Card { message, subject, drawing } => {
                let (number, before) = self.cards.take(message, subject, drawing);
                if before.is_none() {
                    self.add(Entry::Card(number));
                }
            }
        }
    }

    /// Takes what became of something said.
    pub fn hear(&mut self, heard: Heard) {
        match heard {
            Heard::Answered(text) => self.add(Entry::Answered(text)),
            Heard::Refused(why) => self.add(Entry::Refused(why)),
            Heard::Card | Heard::Shown(_) => {}
        }
    }

    /// Notes who sits there now, or why nobody new does.
    pub fn seated(&mut self, who: Result<&str, String>) {
        match who {
            Ok(who) => who.clone_into(&mut self.who),
            Err(why) => self.add(Entry::Refused(why)),
        }
    }

    /// Takes a key.
    pub fn key(&mut self, key: KeyEvent) -> Act {
        if key.kind == KeyEventKind::Release {
            return Act::Nothing;
        }
        let page = self.painted.1.saturating_sub(1).max(1);
        match (key.code, key.modifiers) {
            (KeyCode::Char('c'), KeyModifiers::CONTROL) => return Act::End,
            (KeyCode::Char('d'), KeyModifiers::CONTROL) if self.input.value().is_empty() => {
                return Act::End;
            }
            (KeyCode::Char('d'), KeyModifiers::CONTROL) => {
                self.input.handle(tui_input::InputRequest::DeleteNextChar);
            }
            (KeyCode::Enter, _) => return self.enter(),
            (KeyCode::Esc, _) => self.asking = None,
            (KeyCode::Up, _) => self.recall(-1),
            (KeyCode::Down, _) => self.recall(1),
            // Painting keeps it within the transcript.
            (KeyCode::PageUp, _) => self.below += page,
            (KeyCode::PageDown, _) => self.below = self.below.saturating_sub(page),
            _ => {
                self.input.handle_event(&Event::Key(key));
            }
        }
        Act::Nothing
    }

    fn enter(&mut self) -> Act {
        let line = self.input.value_and_reset().trim().to_owned();
        self.below = 0;
        self.recalled = None;
        if let Some(asking) = self.asking.take() {
            return self.answer(asking, &line);
        }
        if line.is_empty() {
            return Act::Nothing;
        }
        if self.history.last() != Some(&line) {
            self.history.push(line.clone());
            if self.history.len() > HISTORY {
                self.history.remove(0);
            }
        }
        if let Some(name) = line.strip_prefix("as ") {
            return Act::Sit(name.trim().to_owned());
        }
        if ["exit", "quit"].contains(&line.as_str()) {
            return Act::End;
        }
        match pressed(&line) {
            Some((card, button)) => self.press(card, button),
            None => match line.strip_prefix("press ") {
                Some(title) => self.press_titled(title.trim().trim_matches('"')),
                None => self.say(line),
            },
        }
    }

    fn say(&mut self, line: String) -> Act {
        self.add(Entry::Spoke(self.who.clone(), line.clone()));
        Act::Say(line)
    }

    fn press(&mut self, card: Option<usize>, button: usize) -> Act {
        let seen = match card {
            Some(number) => self.cards.number(number),
            None => self.cards.newest_first().find(|card| !card.drawing.buttons.is_empty()),
        };
        let pressed = seen.and_then(|card| {
            Some((&card.drawing, card.drawing.buttons.get(button.checked_sub(1)?)?))
        });
        let Some((drawing, button)) = pressed else {
            let why = match card {
                Some(card) => format!("Card {card} has no button {button} now."),
                None => format!("The newest card with buttons has no button {button} now."),
            };
            self.add(Entry::Refused(why));
            return Act::Nothing;
        };
        match Asking::begin(drawing, button) {
            Err(said) => self.say(said),
            Ok(asking) => {
                self.asking = Some(asking);
                Act::Nothing
            }
        }
    }

    fn press_titled(&mut self, title: &str) -> Act {
        let found = self.cards.with_button(title).and_then(|(card, button)| {
            let at = card.drawing.buttons.iter().position(|other| other == button)?;
            Some((card.number, at + 1))
        });
        if let Some((card, button)) = found {
            return self.press(Some(card), button);
        }
        self.add(Entry::Refused(format!("No card has a button `{title}` now.")));
        Act::Nothing
    }

    fn answer(&mut self, mut asking: Asking, line: &str) -> Act {
        match asking.answer(line) {
            Asked::Done(said) => return self.say(said),
            Asked::Again(why) => self.add(Entry::Refused(why)),
            Asked::More => {}
        }
        self.asking = Some(asking);
        Act::Nothing
    }

    fn recall(&mut self, step: isize) {
        let (at, draft) = match self.recalled.take() {
            Some((at, draft)) => (at, draft),
            None => (self.history.len(), self.input.value().to_owned()),
        };
        let at = at.saturating_add_signed(step).min(self.history.len());
        let value = self.history.get(at).unwrap_or(&draft).clone();
        self.input = Input::new(value);
        self.recalled = (at < self.history.len()).then_some((at, draft));
    }

    fn add(&mut self, entry: Entry) {
        self.entries.push(entry);
        if self.entries.len() > KEPT {
            self.entries.remove(0);
        }
    }
}

/// `1` is a button of the newest card that has some, `3:1` one of card 3.
fn pressed(line: &str) -> Option<(Option<usize>, usize)> {
    match line.split_once(':') {
        Some((card, button)) => {
            Some((Some(card.trim().parse().ok()?), button.trim().parse().ok()?))
        }
        None => Some((None, line.parse().ok()?)),
    }
}

/// Takes the whole terminal, until somebody ends the chat there or `stop` comes.
///
/// # Errors
/// When the terminal cannot be taken, or is gone, or something in this program has panicked.
pub async fn open(
    mut seat: Seat,
    mut shown: UnboundedReceiver<Shown>,
    stop: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    let mut terminal = ratatui::try_init()?;
    let _whole = Restored;
    let panicked = notice_panics();
    let (mut screen, mut keys) = (Screen::new(seat.who()), keyboard()?);
    let (hearing, mut heard) = unbounded_channel();
    tokio::pin!(stop);
    loop {
        terminal.draw(|frame| screen.paint(frame))?;
        tokio::select! {
            () = &mut stop => return Ok(()),
            () = panicked.notified() => anyhow::bail!("a part of the bot broke; why stands above"),
            event = keys.recv() => match event {
                Some(Ok(Event::Key(key))) => match screen.key(key) {
                    Act::Nothing => {}
                    Act::Sit(name) => {
                        let done = seat.sit(&name);
                        screen.seated(done.map(|()| seat.who()));
                    }
                    Act::Say(text) => say(&seat, text, hearing.clone()),
                    Act::End => return Ok(()),
                },
                // Another size, for one: it is painted anew.
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error.into()),
                None => return Ok(()),
            },
            Some(shown) = shown.recv() => screen.take(shown),
            Some(said) = heard.recv() => screen.hear(said),
        }
        while let Ok(shown) = shown.try_recv() {
            screen.take(shown);
        }
    }
}

/// Says it while the screen goes on.
fn say(seat: &Seat, text: String, heard: UnboundedSender<Heard>) {
    let seat = seat.clone();
    tokio::spawn(async move {
        let became = seat.say(&text).await;
        let became = became.unwrap_or_else(|error| Heard::Refused(format!("{error:#}")));
        // Nobody listens any more when the chat has ended meanwhile.
        let _ = heard.send(became);
    });
}

/// ratatui gives the terminal back at any panic, so that its words can be read; then the chat has
/// to end, also when only a task of its own has panicked.
fn notice_panics() -> Arc<Notify> {
    let panicked = Arc::new(Notify::new());
    let (notice, before) = (panicked.clone(), panic::take_hook());
    panic::set_hook(Box::new(move |info| {
        before(info);
        notice.notify_one();
    }));
    panicked
}

/// Gives the terminal back as it was, however the chat ends; a panic does so by ratatui's hook.
struct Restored;

impl Drop for Restored {
    fn drop(&mut self) {
        ratatui::restore();
    }
}

/// Reads the keyboard on a thread of its own, until nobody wants to know any more.
fn keyboard() -> io::Result<UnboundedReceiver<io::Result<Event>>> {
    let (sender, keys) = unbounded_channel();
    let read = move || {
        while !sender.is_closed() {
            let event = match event::poll(GLANCE) {
                Ok(false) => continue,
                Ok(true) => event::read(),
                Err(error) => Err(error),
            };
            let failed = event.is_err();
            if sender.send(event).is_err() || failed {
                return;
            }
        }
    };
    std::thread::Builder::new().name("keyboard".to_owned()).spawn(read)?;
    Ok(keys)
}
