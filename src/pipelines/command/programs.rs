//! Programs under supervisors that outlive the bot: started once, found again, watched, stopped.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context, bail};

use super::{
    folder::{Ended, How, RunFolder, Standing, Task},
    report,
    runs::Runs,
};
use crate::{
    clock::Timestamp,
    names::Correlation,
    pipelines::{Found, Ground, Progress, Run, Started},
    secrets::variable,
};

/// How long a supervisor may take to begin before somebody else may be given its run. Shorter asks
/// for a second supervisor on a slow machine; only one of them would ever start the program.
const TAKE_UP: Duration = Duration::from_secs(10);

/// How long asking for a run waits for the supervisor's first sign.
const FIRST_SIGN: Duration = Duration::from_secs(3);

/// How often it looks for it.
const LOOKS: Duration = Duration::from_millis(20);

/// What a program gets of the bot's own environment.
const INHERITED: [&str; 3] = ["PATH", "HOME", "LANG"];

/// A program, and all it is told. No shell ever reads any of it.
#[derive(Clone, Debug)]
pub struct Program {
    /// What is run: see [`found`].
    pub program: PathBuf,
    /// Its arguments, one by one.
    pub arguments: Vec<String>,
    /// Its environment, besides [`INHERITED`]'s variables.
    pub environment: BTreeMap<String, String>,
    /// Where it runs; where the bot was started, otherwise.
    pub folder: Option<PathBuf>,
    /// How long it may take.
    pub timeout: Duration,
    /// How long it may take to stop when it is told to.
    pub grace: Duration,
}

/// Runs programs, each run in a folder of its own.
#[derive(Clone)]
pub struct Programs {
    runs: Runs,
    ground: Ground,
}

impl Programs {
    /// The runs that are kept under `name` in the ground's folder.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn open(name: &str, ground: &Ground) -> anyhow::Result<Self> {
        let runs = Runs::open(ground.folder.clone(), name, ground.clock.now())?;
        Ok(Self { runs, ground: ground.clone() })
    }

    /// Runs the program under that name, which is never run a second time.
    pub async fn start(&self, name: &Correlation, program: Program) -> Started {
        let folder = match self.runs.folder(name.as_str()) {
            Ok(folder) => folder,
            Err(error) => return Started::Refused(format!("{error:#}")),
        };
        // No supervisor was sent, so nothing is started: a folder left behind by a failure here
        // is taken back by whoever looks for the run.
        let ours = match self.lay_out(&folder, program).await {
            Ok(ours) => ours,
            Err(error) => return Started::NotNow(format!("{error:#}")),
        };
        if ours && let Err(error) = self.send_supervisor(&folder) {
            let taken = folder.clone();
            return match aside(move || taken.take_back()).await {
                Ok(true) => Started::NotNow(format!("the supervisor cannot be started: {error}")),
                Ok(false) => Started::Unclear("the run was taken up by somebody else".to_owned()),
                Err(error) => Started::Unclear(format!("{error:#}")),
            };
        }
        let begun = self.watch_out(&folder, name).await;
        begun.unwrap_or_else(|error| Started::Unclear(format!("{error:#}")))
    }

    /// Looks for the run that was decided upon then.
    ///
    /// # Errors
    /// When its folder cannot be read.
    pub async fn find(&self, name: &Correlation, decided: Timestamp) -> anyhow::Result<Found> {
        let (runs, now, name) = (self.runs.clone(), self.ground.clock.now(), name.clone());
        aside(move || {
            let folder = runs.folder(name.as_str())?;
            Ok(match folder.standing()? {
                Standing::Running | Standing::Ended(_) | Standing::Deserted => {
                    Found::Run(run(&folder, &name)?)
                }
                Standing::Missing if runs.would_know(decided, now)? => Found::Absent,
                Standing::Missing => Found::NotSeen,
                Standing::Asked => {
                    let asked = folder.task()?.map(|task| task.asked);
                    let young = asked.is_some_and(|asked| now.since(asked) < TAKE_UP);
                    let taken = !young && folder.take_back()?;
                    if taken { Found::Absent } else { Found::NotSeen }
                }
            })
        })
        .await
    }

    /// How the run is getting on.
    ///
    /// # Errors
    /// When its folder cannot be read.
    pub async fn progress(&self, run: &Run) -> anyhow::Result<Progress> {
        let folder = self.runs.folder(run.id.as_str())?;
        aside(move || {
            let standing = folder.standing()?;
            Ok(report::progress(standing, folder.said()?))
        })
        .await
    }

    /// Has the program stopped.
    ///
    /// # Errors
    /// When its folder is gone, or cannot be written.
    pub async fn cancel(&self, run: &Run) -> anyhow::Result<()> {
        let folder = self.runs.folder(run.id.as_str())?;
        aside(move || match folder.standing()? {
            Standing::Missing => bail!("the folder of this run is gone, so it cannot be stopped"),
            Standing::Ended(_) | Standing::Deserted => Ok(()),
            Standing::Asked | Standing::Running => folder.cancel(),
        })
        .await
    }

    /// Makes the run's folder and writes the task into it. `false` when there was one already.
    async fn lay_out(&self, folder: &RunFolder, program: Program) -> anyhow::Result<bool> {
        let (runs, folder, asked) = (self.runs.clone(), folder.clone(), self.ground.clock.now());
        aside(move || {
            if let Err(error) = runs.clear(asked) {
                tracing::warn!("old runs cannot be cleared away: {error:#}");
            }
            if !folder.make()? {
                return Ok(false);
            }
            let given = runs
                .number(asked)
                .and_then(|number| folder.give(&Task::new(number, asked, program)));
            if let Err(error) = given {
                folder.take_back()?;
                return Err(error);
            }
            Ok(true)
        })
        .await
    }

    /// Starts the supervisor of a folder, and leaves it alone.
    fn send_supervisor(&self, folder: &RunFolder) -> std::io::Result<()> {
        let mut supervisor = tokio::process::Command::new(&self.ground.program);
        supervisor.arg("supervise").arg(folder.path()).env_clear().envs(inherited());
        supervisor.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // Dropped, not waited for: the runtime waits for it in the background.
        supervisor.spawn().map(drop)
    }

    /// Waits for the supervisor's first sign.
    async fn watch_out(&self, folder: &RunFolder, name: &Correlation) -> anyhow::Result<Started> {
        let until = tokio::time::Instant::now() + FIRST_SIGN;
        loop {
            let late = tokio::time::Instant::now() >= until;
            let looked = folder.clone();
            let (begun, standing) =
                aside(move || Ok((looked.has_begun()?, looked.standing()?))).await?;
            match standing {
                Standing::Ended(Ended { how: How::NeverBegan, detail }) => {
                    return Ok(Started::Refused(detail));
                }
                Standing::Running if !begun && !late => {}
                Standing::Running | Standing::Ended(_) | Standing::Deserted => {
                    return Ok(Started::Run(run(folder, name)?));
                }
                Standing::Missing | Standing::Asked if late => {
                    let why = "the supervisor of the program has not begun yet";
                    return Ok(Started::Unclear(why.to_owned()));
                }
                Standing::Missing | Standing::Asked => {}
            }
            tokio::time::sleep(LOOKS).await;
        }
    }
}

/// Does something with files where nobody waits for it.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
) -> anyhow::Result<T> {
    tokio::task::spawn_blocking(work).await?
}

/// The run that lies in a folder.
fn run(folder: &RunFolder, name: &Correlation) -> anyhow::Result<Run> {
    let task = folder.task()?.context("the run's folder does not say what was to be run")?;
    let id = name.as_str().parse()?;
    Ok(Run { id, label: format!("#{}", task.number), url: None })
}

/// What a program gets of the bot's own environment: none of its secrets.
pub fn inherited() -> BTreeMap<String, String> {
    let known = |name: &str| Some((name.to_owned(), variable(name)?));
    INHERITED.iter().filter_map(|name| known(name)).collect()
}

/// A program's path as seen from everywhere; a bare name stays one, to be looked up in `PATH`.
///
/// # Errors
/// When it is empty, or the bot's own folder cannot be found out.
pub fn found(program: &Path) -> anyhow::Result<PathBuf> {
    if program.as_os_str().is_empty() {
        bail!("a program has no name: give its path");
    }
    let bare = program.components().count() == 1 && !program.starts_with(".");
    Ok(if bare && program.is_relative() { program.into() } else { std::path::absolute(program)? })
}

/// Whether a program may be given these variables.
///
/// # Errors
/// A sentence that names the first it may not.
pub fn check_variables(variables: &BTreeMap<String, String>) -> anyhow::Result<()> {
    for (name, value) in variables {
        if name.is_empty() || name.contains(['=', '\0']) || value.contains('\0') {
            bail!("`{}` cannot be an environment variable", name.escape_debug());
        }
        if name.starts_with("PILOTHOUSE_") {
            bail!("`{name}` cannot be set: names beginning with PILOTHOUSE_ are taken");
        }
    }
    Ok(())
}
