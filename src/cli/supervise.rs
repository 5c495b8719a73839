//! `pilothouse supervise`: runs one program to its end, whatever becomes of the bot.
//!
//! Not for people: the `command` pipeline starts it. What it is told and tells lies in the run's
//! folder, see [`crate::pipelines::command`].

use std::{
    fs::File,
    io::{ErrorKind, PipeReader, Read, Write},
    os::unix::process::{CommandExt, ExitStatusExt},
    path::Path,
    process::{Child, Command, ExitCode, ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use anyhow::Context;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, setsid, waitid};
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    clock::spoken,
    pipelines::command::{
        Ended, How, RunFolder, Task,
        said::{Listener, Said},
    },
};

/// How often it looks whether it is to stop, and tells what the program says.
const TICK: Duration = Duration::from_millis(200);

/// How much of the output is kept. What comes later is still heard, not kept.
const KEPT: usize = 10 * 1024 * 1024;

/// How long it listens on after the program's end, in case something it left behind speaks.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// How often taking the run up, and writing its end down, is tried: the first while somebody
/// looks at the folder, the second while the disk is full.
const TRIES: usize = 60;

/// Runs the program of a run's folder, unless somebody else has. Must not be called inside a
/// tokio runtime: it makes its own, because that is how signals are heard without unsafe code.
pub fn run(folder: &Path) -> ExitCode {
    // It fails for who leads a session already: that one is as far away from the bot as can be.
    let _ = setsid();
    match attend(&RunFolder::at(folder.to_owned())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn attend(folder: &RunFolder) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let signals = Signals {
            terminate: signal(SignalKind::terminate())?,
            child: signal(SignalKind::child())?,
        };
        let task = folder.task()?.context("there is nothing to run in this folder")?;
        let Some(_lock) = take_up(folder).await? else { return Ok(()) };
        let ended = match Program::start(&task, folder) {
            Ok(program) => program.see_through(&task, folder, signals).await?,
            Err(error) => Ended { how: How::NeverBegan, detail: format!("{error:#}") },
        };
        let mut written = folder.end(&ended);
        for _ in 1..TRIES {
            if written.is_ok() || !folder.path().exists() {
                break;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
            written = folder.end(&ended);
        }
        written
    })
}

async fn take_up(folder: &RunFolder) -> anyhow::Result<Option<File>> {
    for _ in 1..TRIES {
        if let Some(lock) = folder.take_up()? {
            return Ok(Some(lock));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    folder.take_up()
}

struct Signals {
    terminate: tokio::signal::unix::Signal,
    child: tokio::signal::unix::Signal,
}

/// A program at work. It leads a process group of its own, and is not waited for until the very
/// end, so that its number stays its own as long as signals are sent to it.
struct Program {
    child: Child,
    group: Pid,
    listener: Arc<Mutex<Listener>>,
    ear: JoinHandle<()>,
}

/// Why and since when a program is told to stop.
struct Stop {
    since: Instant,
    ended: Ended,
}

impl Program {
    fn start(task: &Task, folder: &RunFolder) -> anyhow::Result<Self> {
        let (hear, speak) = std::io::pipe()?;
        let mut command = Command::new(&task.program);
        command.args(&task.arguments).env_clear().envs(&task.environment).process_group(0);
        command.stdin(Stdio::null()).stdout(speak.try_clone()?).stderr(speak);
        if let Some(folder) = &task.folder {
            command.current_dir(folder);
        }
        let output = File::create(folder.output())?;
        let child = command
            .spawn()
            .with_context(|| format!("{} cannot be started", task.program.display()))?;
        // Its ends of the pipe close here, so that the last of the program's own is the last.
        drop(command);
        let listener = Arc::new(Mutex::new(Listener::default()));
        let ear = {
            let listener = listener.clone();
            std::thread::spawn(move || listen(hear, output, &listener))
        };
        Ok(Self { group: Pid::from_child(&child), child, listener, ear })
    }

    /// Watches the program until it is over, by itself or because it has to stop.
    async fn see_through(
        mut self,
        task: &Task,
        folder: &RunFolder,
        mut signals: Signals,
    ) -> anyhow::Result<Ended> {
        let began = Instant::now();
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut stop: Option<Stop> = None;
        let (mut told, mut terminated) = (None, false);
        // Its first writing is the sign that the program could be started.
        loop {
            self.tell(folder, &mut told);
            let gone = self.is_gone()?;
            let late = began.elapsed() >= task.timeout;
            stop = match stop {
                None if gone => break,
                None if terminated || folder.is_cancelled() => {
                    Some(self.stop(How::Cancelled, "it was stopped"))
                }
                None if late => {
                    let limit = spoken(task.timeout);
                    Some(self.stop(How::Failed, &format!("stopped at its time limit of {limit}")))
                }
                Some(Stop { since, .. })
                    if (gone && self.ear.is_finished()) || since.elapsed() >= task.grace =>
                {
                    self.signal(Signal::KILL);
                    break;
                }
                stop => stop,
            };
            tokio::select! {
                _ = signals.child.recv() => {}
                _ = signals.terminate.recv() => terminated = true,
                _ = tick.tick() => {}
            }
        }
        let status = self.child.wait()?;
        let until = Instant::now() + LAST_WORDS;
        while !self.ear.is_finished() && Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.tell(folder, &mut told);
        Ok(stop.map_or_else(|| judge(status), |stop| stop.ended))
    }

    fn stop(&self, how: How, why: &str) -> Stop {
        self.signal(Signal::TERM);
        Stop { since: Instant::now(), ended: Ended { how, detail: why.to_owned() } }
    }

    /// To the program and its children. That none is left is as good.
    fn signal(&self, signal: Signal) {
        let _ = kill_process_group(self.group, signal);
    }

    /// Whether the program is over; its children may live on.
    fn is_gone(&self) -> anyhow::Result<bool> {
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        Ok(waitid(WaitId::Pid(self.group), look)?.is_some())
    }

    /// Tells what the program said, when that is news. A full disk must not end the watch.
    fn tell(&self, folder: &RunFolder, told: &mut Option<Said>) {
        let said = self.listener.lock().unwrap_or_else(PoisonError::into_inner).said();
        if told.as_ref() != Some(&said) && folder.keep_said(&said).is_ok() {
            *told = Some(said);
        }
    }
}

fn judge(status: ExitStatus) -> Ended {
    let (how, detail) = match (status.code(), status.signal()) {
        (Some(0), _) => (How::Succeeded, String::new()),
        (Some(code), _) => (How::Failed, format!("exit code {code}")),
        (None, signal) => (How::Failed, format!("ended by signal {}", signal.unwrap_or(0))),
    };
    Ended { how, detail }
}

/// Hears everything, so that the program never waits for us, and keeps the beginning of it.
fn listen(mut pipe: PipeReader, mut output: File, listener: &Mutex<Listener>) {
    let mut buffer = vec![0; 64 * 1024];
    let mut room = Some(KEPT);
    loop {
        let heard = match pipe.read(&mut buffer) {
            Ok(0) => return,
            Ok(count) => &buffer[..count],
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(_) => return,
        };
        listener.lock().unwrap_or_else(PoisonError::into_inner).hear(heard);
        room = room.and_then(|room| keep(&mut output, heard, room).ok()?);
    }
}

/// Keeps as much as there is room for. The room that is left; none, once something was left out.
fn keep(output: &mut File, heard: &[u8], room: usize) -> std::io::Result<Option<usize>> {
    if heard.len() <= room {
        output.write_all(heard)?;
        return Ok(Some(room - heard.len()));
    }
    output.write_all(&heard[..room])?;
    output.write_all(b"\n[the output goes on, but no more of it is kept]\n")?;
    Ok(None)
}
