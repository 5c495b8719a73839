//! Asks a program what a version is.

use std::{collections::BTreeMap, path::PathBuf, process::Stdio, time::Duration};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process_group};
use serde::Deserialize;
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::Child,
};

use super::{said::Listener, words::Word};
use crate::{
    names::{Version, is_invisible},
    outbound::Base,
    pipelines::{Changes, Commit, Resolved, Unresolved, Wish},
    secrets::redact,
};

/// People wait for the answer at a prompt.
const PATIENCE: Duration = Duration::from_secs(10);

/// A longer answer is none.
const LARGEST: u64 = 1024 * 1024;

/// What the program's exit code is when there is no such version.
const NO_SUCH_VERSION: i32 = 3;

/// How many commits are kept; a card shows fewer.
const COMMITS: usize = 50;

/// How much is kept of one thing it says, in characters.
const WORDS: usize = 300;

/// A program that knows what a version is.
pub(super) struct Question {
    program: PathBuf,
    arguments: Vec<Word>,
    folder: Option<PathBuf>,
}

/// What the program prints.
#[derive(Deserialize)]
struct Reply {
    commit: Option<Version>,
    artifact: Option<String>,
    changes: Option<Shipped>,
}

#[derive(Deserialize)]
struct Shipped {
    total: Option<usize>,
    #[serde(default)]
    behind: usize,
    #[serde(default)]
    commits: Vec<Commit>,
    url: Option<String>,
}

impl Question {
    /// Reads the words of the configuration: a program and its arguments.
    pub(super) fn new(words: &[String], folder: Option<PathBuf>) -> anyhow::Result<Self> {
        let Some((program, arguments)) = words.split_first() else {
            bail!("`resolve` is empty: name a program, or leave it out");
        };
        let names = ["service", "environment", "version"];
        let arguments = arguments.iter().map(|text| Word::read(text, &names));
        let arguments = arguments.collect::<Result<_, _>>()?;
        Ok(Self { program: super::found(program.as_ref())?, arguments, folder })
    }

    /// Asks, in the given environment.
    pub(super) async fn ask(
        &self,
        wish: &Wish<'_>,
        mut environment: BTreeMap<String, String>,
    ) -> Result<Resolved, Unresolved> {
        let values = |name: &str| match name {
            "service" => Some(wish.service.as_str()),
            "environment" => Some(wish.environment.as_str()),
            "version" => Some(wish.version.as_str()),
            _ => None,
        };
        let arguments = self.arguments.iter().map(|word| word.fill(values));
        let arguments: Vec<_> = arguments
            .collect::<Result<_, _>>()
            .map_err(|name| anyhow::anyhow!("`{name}` is not known here"))?;
        if let Some(since) = wish.since {
            environment.insert("PILOTHOUSE_SINCE".to_owned(), since.to_owned());
        }
        let mut command = tokio::process::Command::new(&self.program);
        command.args(arguments).env_clear().envs(environment).process_group(0).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        let child = command
            .spawn()
            .with_context(|| format!("{} cannot be started", self.program.display()))?;
        judge(hear_out(child).await?)
    }
}

/// The exit code, what it printed and what it complained of.
type Heard = (Option<i32>, Vec<u8>, Vec<u8>);

/// Waits for the program, and ends it with its children when that takes too long.
async fn hear_out(mut child: Child) -> anyhow::Result<Heard> {
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let heard = async {
        let (out, err) = tokio::join!(listen(out), listen(err));
        anyhow::Ok((child.wait().await?.code(), out?, err?))
    };
    if let Ok(heard) = tokio::time::timeout(PATIENCE, heard).await {
        return heard;
    }
    // Not waited for yet, so the number is still its own.
    if let Some(group) = child.id().and_then(|id| Pid::from_raw(id.cast_signed())) {
        let _ = kill_process_group(group, Signal::KILL);
    }
    bail!("the program that knows the versions did not answer within 10 seconds")
}

async fn listen(pipe: Option<impl AsyncRead + Unpin>) -> anyhow::Result<Vec<u8>> {
    let mut heard = vec![];
    if let Some(pipe) = pipe {
        pipe.take(LARGEST + 1).read_to_end(&mut heard).await?;
    }
    if heard.len() as u64 > LARGEST {
        bail!("the program that knows the versions says more than a mebibyte");
    }
    Ok(heard)
}

fn judge((code, out, err): Heard) -> Result<Resolved, Unresolved> {
    let line = || {
        let mut listener = Listener::default();
        listener.hear(if out.trim_ascii().is_empty() { &err } else { &out });
        let line = listener.said().tail.pop();
        line.map_or_else(|| "it did not say why".to_owned(), |line| short(&line))
    };
    match code {
        Some(0) => {}
        Some(NO_SUCH_VERSION) => return Err(Unresolved::NoSuchVersion(line())),
        code => {
            let code =
                code.map_or_else(|| "by a signal".to_owned(), |c| format!("with exit code {c}"));
            let why =
                anyhow::anyhow!("the program that knows the versions ended {code}: {}", line());
            return Err(why.into());
        }
    }
    let reply: Reply = serde_json::from_slice(&out)
        .context("the program that knows the versions did not answer in the agreed form")?;
    Ok(Resolved {
        commit: reply.commit.map(String::from),
        artifact: reply.artifact.map(|artifact| short(&artifact)),
        changes: reply.changes.map(changes),
    })
}

fn changes(shipped: Shipped) -> Changes {
    let commits: Vec<_> = shipped.commits;
    let total = shipped.total.unwrap_or(0).max(commits.len());
    let commit = |Commit { id, author, title }: Commit| Commit {
        id: short(&id),
        author: short(&author),
        title: short(&title),
    };
    Changes {
        total,
        behind: shipped.behind,
        commits: commits.into_iter().take(COMMITS).map(commit).collect(),
        url: shipped.url.and_then(|url| Some(url.parse::<Base>().ok()?.into())),
    }
}

/// The beginning of a text, on one line and without our secrets.
fn short(text: &str) -> String {
    let line = redact(text).replace(['\n', '\r', '\t'], " ");
    line.chars().filter(|c| !is_invisible(*c)).take(WORDS).collect()
}
