//! The folder of one run: what the bot and the supervisor tell each other, and who may do what.
//!
//! | file | written by | says |
//! |---|---|---|
//! | `task.json` | bot | what to run |
//! | `lock` | supervisor | locked as long as the supervisor lives |
//! | `started` | supervisor | the program is started now or never: there is no second time |
//! | `said.json` | supervisor | the step and the last lines |
//! | `output` | supervisor | everything the program said, up to a limit |
//! | `cancel` | bot | the program is to be stopped |
//! | `ended.json` | supervisor | how it ended |

use std::{
    collections::BTreeMap,
    fs::{DirBuilder, File, OpenOptions, TryLockError},
    io::{ErrorKind, Read, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{programs::Program, said::Said};
use crate::clock::Timestamp;

/// Larger files of our own are not ours, and are not read.
const LARGEST: u64 = 1024 * 1024;

/// The folder of one run.
#[derive(Clone, Debug)]
pub(crate) struct RunFolder(PathBuf);

/// What to run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Task {
    /// The run's number among those of its pipeline.
    pub(crate) number: u64,
    /// When it was asked for.
    pub(crate) asked: Timestamp,
    /// The program.
    pub(crate) program: PathBuf,
    /// Its arguments.
    pub(crate) arguments: Vec<String>,
    /// Its whole environment.
    pub(crate) environment: BTreeMap<String, String>,
    /// Where it runs; where the bot was started, otherwise.
    pub(crate) folder: Option<PathBuf>,
    /// How long it may take.
    pub(crate) timeout: Duration,
    /// How long it may take to stop when it is told to.
    pub(crate) grace: Duration,
}

impl Task {
    /// That program, as the run of that number.
    pub(super) fn new(number: u64, asked: Timestamp, program: Program) -> Self {
        let Program { program, arguments, environment, folder, timeout, grace } = program;
        Self { number, asked, program, arguments, environment, folder, timeout, grace }
    }
}

/// How a run ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Ended {
    /// In what way.
    pub(crate) how: How,
    /// Why, in few words.
    pub(crate) detail: String,
}

/// In what way a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum How {
    /// The program said so.
    Succeeded,
    /// The program failed, or took too long.
    Failed,
    /// Somebody stopped it.
    Cancelled,
    /// The program could not be started.
    NeverBegan,
}

/// What can be told about a run from outside.
#[derive(Clone, Debug)]
pub(crate) enum Standing {
    /// There is no such folder.
    Missing,
    /// Nothing was started, and perhaps nothing ever will be.
    Asked,
    /// A supervisor looks after it.
    Running,
    /// It is over.
    Ended(Ended),
    /// It was started, and nobody is there to tell how it ended.
    Deserted,
}

impl RunFolder {
    /// The folder at `path`, there or not.
    pub(crate) fn at(path: PathBuf) -> Self {
        Self(path)
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Makes the folder. `false` when there is one already: then somebody else asked for this run.
    pub(crate) fn make(&self) -> anyhow::Result<bool> {
        match DirBuilder::new().mode(0o700).create(&self.0) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error).with_context(|| format!("{} cannot be made", self.shown())),
        }
    }

    /// Writes down what to run, so that it is there after a power cut too.
    pub(crate) fn give(&self, task: &Task) -> anyhow::Result<()> {
        self.write("task.json", task, true)?;
        self.0.parent().map_or(Ok(()), sync_folder)
    }

    /// What to run; `None` when nobody came to write it.
    pub(crate) fn task(&self) -> anyhow::Result<Option<Task>> {
        self.read("task.json")
    }

    /// Takes the run up: from here on this process is its supervisor, as long as it keeps what it
    /// is given. `None` when it was taken up before, or is not to be started any more.
    pub(crate) fn take_up(&self) -> anyhow::Result<Option<File>> {
        let Some(lock) = self.lock()? else { return Ok(None) };
        let started = OpenOptions::new().write(true).create_new(true).open(self.file("started"));
        match started {
            Ok(file) => {
                file.sync_all()?;
                sync_folder(&self.0)?;
                Ok(Some(lock))
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(None),
            Err(error) => Err(error).with_context(|| format!("{} is lost", self.shown())),
        }
    }

    /// Where the run stands.
    pub(crate) fn standing(&self) -> anyhow::Result<Standing> {
        if let Some(ended) = self.read("ended.json")? {
            return Ok(Standing::Ended(ended));
        }
        if !self.has("started")? {
            return Ok(if self.0.try_exists()? { Standing::Asked } else { Standing::Missing });
        }
        if self.lock()?.is_none() {
            return Ok(Standing::Running);
        }
        // The supervisor may have written its last word after the first look and before it left.
        Ok(self.read("ended.json")?.map_or(Standing::Deserted, Standing::Ended))
    }

    /// Takes the folder away, unless a supervisor has the run or had it. Only the holder of the
    /// lock moves a folder and only the holder of the lock starts a program, so that a supervisor
    /// that comes late finds nothing to start. `false` when it is not for us to take.
    pub(crate) fn take_back(&self) -> anyhow::Result<bool> {
        let Some(_lock) = self.lock()? else { return Ok(false) };
        if self.has("started")? {
            return Ok(false);
        }
        self.remove()?;
        Ok(true)
    }

    /// Takes the folder out of sight in one step, then away.
    pub(crate) fn remove(&self) -> anyhow::Result<()> {
        let name = self.0.file_name().context("a run folder has a name")?.to_string_lossy();
        // A leading dot: never the name of a run. Should the deletion be cut short, the next
        // clearing of the pipeline's folder makes up for it.
        let unique = uuid::Uuid::now_v7().simple();
        let away = self.0.with_file_name(format!(".{name}-{unique}"));
        std::fs::rename(&self.0, &away)?;
        std::fs::remove_dir_all(&away)?;
        Ok(())
    }

    /// Tells the supervisor to stop the program.
    pub(crate) fn cancel(&self) -> anyhow::Result<()> {
        let path = self.file("cancel");
        OpenOptions::new().write(true).create(true).truncate(false).open(path)?;
        Ok(())
    }

    /// Whether the program is to be stopped.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.has("cancel").unwrap_or(false)
    }

    /// Where the program's output is kept.
    pub(crate) fn output(&self) -> PathBuf {
        self.file("output")
    }

    /// Keeps what the program said so far.
    pub(crate) fn keep_said(&self, said: &Said) -> anyhow::Result<()> {
        self.write("said.json", said, false)
    }

    /// Whether it is known if the program could be started.
    pub(crate) fn has_begun(&self) -> anyhow::Result<bool> {
        Ok(self.has("said.json")? || self.has("ended.json")?)
    }

    /// What the program said so far.
    pub(crate) fn said(&self) -> anyhow::Result<Said> {
        Ok(self.read("said.json")?.unwrap_or_default())
    }

    /// The supervisor's last word.
    pub(crate) fn end(&self, ended: &Ended) -> anyhow::Result<()> {
        self.write("ended.json", ended, true)
    }

    /// The lock of this very folder, when nobody has it. A lock file that was moved away with its
    /// folder while it was being locked is not it.
    fn lock(&self) -> anyhow::Result<Option<File>> {
        let path = self.file("lock");
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path);
        let file = match file {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).context(format!("{} is not usable", path.display())),
        };
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => {
                return Err(error).context(format!("{} cannot be locked", path.display()));
            }
        }
        let (held, there) = (file.metadata()?, std::fs::metadata(&path));
        let same =
            |there: std::fs::Metadata| (there.dev(), there.ino()) == (held.dev(), held.ino());
        Ok(there.is_ok_and(same).then_some(file))
    }

    fn has(&self, name: &str) -> anyhow::Result<bool> {
        Ok(self.file(name).try_exists()?)
    }

    fn read<T: DeserializeOwned>(&self, name: &str) -> anyhow::Result<Option<T>> {
        read(&self.file(name))
    }

    fn write<T: Serialize>(&self, name: &str, what: &T, sync: bool) -> anyhow::Result<()> {
        write(&self.file(name), what, sync)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn shown(&self) -> String {
        format!("the run's folder {}", self.0.display())
    }
}

/// Reads a small file of ours; `None` when it is not there.
pub(super) fn read<T: DeserializeOwned>(path: &Path) -> anyhow::Result<Option<T>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).context(format!("{} cannot be read", path.display())),
    };
    let mut text = vec![];
    file.take(LARGEST).read_to_end(&mut text)?;
    let read = serde_json::from_slice(&text);
    read.map(Some).with_context(|| format!("{} is damaged", path.display()))
}

/// Writes a small file of ours so that it is seen either whole or not at all; with `sync`, also
/// after a power cut.
pub(super) fn write<T: Serialize>(path: &Path, what: &T, sync: bool) -> anyhow::Result<()> {
    let new = path.with_extension("new");
    let write = || -> std::io::Result<()> {
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        file.write_all(&serde_json::to_vec(what)?)?;
        if sync {
            file.sync_all()?;
        }
        std::fs::rename(&new, path)
    };
    write().with_context(|| format!("{} cannot be written", path.display()))?;
    if sync { path.parent().map_or(Ok(()), sync_folder) } else { Ok(()) }
}

/// Makes sure that the names in a folder survive a power cut.
fn sync_folder(path: &Path) -> anyhow::Result<()> {
    let synced = File::open(path).and_then(|folder| folder.sync_all());
    synced.with_context(|| format!("{} cannot be written", path.display()))
}
