//! What a run's folder says, as the bot tells it.

use super::{
    folder::{Ended, How, Standing},
    said::{Said, Step},
};
use crate::{
    pipelines::{Progress, RunState},
    secrets::redact,
};

/// How much of a line is shown, in characters.
const LINE: usize = 300;

/// How much of a step's name is shown, in characters.
const NAME: usize = 100;

/// How a run is getting on.
pub(super) fn progress(standing: Standing, said: Said) -> Progress {
    // Redacted as a whole and cut afterwards: a secret may have several lines.
    let tail = said.tail.join("\n");
    let tail: Vec<_> = redact(&tail).lines().map(|line| cut(line, LINE)).collect();
    let (state, detail) = match standing {
        Standing::Missing => {
            (RunState::Unknown, Some("nothing is known of this run: its folder is gone".to_owned()))
        }
        Standing::Asked => (RunState::Queued, None),
        Standing::Running => (RunState::Running, None),
        Standing::Deserted => {
            let why = "the supervisor was ended before the program finished; see how far it got \
                       before you deploy again";
            (RunState::Failed, Some(why.to_owned()))
        }
        Standing::Ended(Ended { how, detail }) => match how {
            How::Succeeded => (RunState::Succeeded, None),
            How::Cancelled => (RunState::Cancelled, Some(detail)),
            How::NeverBegan => (RunState::Failed, Some(detail)),
            How::Failed => {
                let last = tail.last().map(|last| format!(": {last}")).unwrap_or_default();
                (RunState::Failed, Some(format!("{detail}{last}")))
            }
        },
    };
    let (done, total, step) = match said.step {
        None => (0, 0, None),
        Some(Step { of, .. }) if state == RunState::Succeeded => (of, of, None),
        Some(Step { at, of, name }) => {
            let name = cut(&redact(&name), NAME);
            (at - 1, of, (!name.is_empty()).then_some(name))
        }
    };
    Progress { state, done, total, step, tail, detail, gates: vec![], gates_unknown: false }
}

fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text.to_owned(),
    }
}
