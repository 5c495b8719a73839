//! The folder of runbooks: read when something in it has changed, and looked at for that at most
//! every few seconds.

use std::{
    collections::BTreeMap,
    fs,
    io::Read as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use super::{
    book::{self, Runbook},
    settings::Settings,
};
use crate::{
    clock::{Clock, Timestamp},
    names::{RunbookName, is_invisible},
};

/// How often the folder is looked at, at most. A change is seen this much later.
const LOOK: Duration = Duration::from_secs(3);

/// The largest file that is read, in bytes: a book of its own.
const LARGEST: u64 = 256 * 1024;

/// How many files are read; a folder with more is not one of runbooks.
const FILES: usize = 500;

/// How deep folders are looked into.
const DEEPEST: usize = 5;

/// Something that is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// The file, below the folder.
    pub file: String,
    /// What is wrong, as a sentence.
    pub what: String,
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.file, self.what)
    }
}

/// Every runbook that can be used, and what is wrong with the others.
#[derive(Debug, Default)]
pub struct Books {
    /// The runbooks by name.
    pub all: BTreeMap<RunbookName, Runbook>,
    /// What is wrong.
    pub troubles: Vec<Trouble>,
}

impl Books {
    /// Reads the whole folder.
    pub fn read(settings: &Settings) -> Self {
        let files = files(&settings.folder);
        let found = files.as_ref().map_or(&[][..], Vec::as_slice);
        let mut books = Self::of(settings, found);
        if let Err(what) = files {
            books.troubles.push(Trouble { file: settings.folder.display().to_string(), what });
        }
        books
    }

    fn of(settings: &Settings, files: &[File]) -> Self {
        let mut books = Self::default();
        for file in files.iter().take(FILES) {
            let shown = file.shown(&settings.folder);
            let mut odd = vec![];
            match file.read(settings, &mut odd) {
                Ok(book) if books.all.contains_key(&book.name) => {
                    let what = format!("another file is called `{}` too: rename one", book.name);
                    books.troubles.push(Trouble { file: shown.clone(), what });
                }
                Ok(book) => {
                    books.all.insert(book.name.clone(), book);
                }
                Err(what) => books.troubles.push(Trouble { file: shown.clone(), what }),
            }
            let odd = odd.into_iter().map(|what| Trouble { file: shown.clone(), what });
            books.troubles.extend(odd);
        }
        if files.len() > FILES {
            let what = format!("there are more than {FILES} runbooks; the others are left out");
            let file = settings.folder.display().to_string();
            books.troubles.push(Trouble { file, what });
        }
        books
    }
}

/// One file, as it was when the folder was looked at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct File {
    path: PathBuf,
    changed: Option<SystemTime>,
    size: u64,
}

impl File {
    fn shown(&self, folder: &Path) -> String {
        let below = self.path.strip_prefix(folder).unwrap_or(&self.path).display().to_string();
        below.chars().filter(|c| !is_invisible(*c)).take(100).collect()
    }

    fn read(&self, settings: &Settings, odd: &mut Vec<String>) -> Result<Runbook, String> {
        let stem = self.path.file_stem().unwrap_or_default().to_string_lossy();
        let name: RunbookName = stem.parse().map_err(|error| format!("its name: {error}"))?;
        let cannot = |error: &std::io::Error| format!("it cannot be read: {error}");
        let file = fs::File::open(&self.path).map_err(|error| cannot(&error))?;
        let mut bytes = vec![];
        file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|error| cannot(&error))?;
        if bytes.len() as u64 > LARGEST {
            return Err(format!("it is larger than {LARGEST} bytes"));
        }
        let text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned())?;
        book::read(&name, &text, settings, odd)
    }
}

/// The Markdown files below a folder, in the order of their paths.
fn files(folder: &Path) -> Result<Vec<File>, String> {
    let mut found = vec![];
    walk(folder, 0, &mut found).map_err(|error| format!("the folder cannot be read: {error}"))?;
    found.sort();
    Ok(found)
}

fn walk(folder: &Path, depth: usize, found: &mut Vec<File>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let hidden = path.file_name().is_some_and(|n| n.to_string_lossy().starts_with('.'));
        // A file that has just gone is as good as none. Links are followed: Kubernetes lays
        // mounted files so.
        let Some(about) = fs::metadata(&path).ok().filter(|_| !hidden) else { continue };
        if about.is_dir() && depth < DEEPEST {
            let _ = walk(&path, depth + 1, found);
        } else if about.is_file() && path.extension().is_some_and(|end| end == "md") {
            found.push(File { path, changed: about.modified().ok(), size: about.len() });
        }
        if found.len() > 2 * FILES {
            return Ok(());
        }
    }
    Ok(())
}

/// The runbooks of one folder.
pub struct Library {
    settings: Settings,
    clock: Clock,
    shelf: Mutex<Shelf>,
}

/// What was read last.
struct Shelf {
    looked: Option<Timestamp>,
    files: Vec<File>,
    books: Arc<Books>,
}

impl Library {
    /// The runbooks of that folder; nothing is read yet.
    pub fn new(settings: Settings, clock: Clock) -> Self {
        let shelf = Shelf { looked: None, files: vec![], books: Arc::default() };
        Self { settings, clock, shelf: Mutex::new(shelf) }
    }

    /// Its settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Every runbook, as its file is now or was a few seconds ago.
    pub async fn books(self: &Arc<Self>) -> Arc<Books> {
        let now = self.clock.now();
        let before = {
            let mut known = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
            let fresh = known.looked.is_some_and(|looked| now.since(looked) < LOOK);
            if fresh {
                return known.books.clone();
            }
            let first = known.looked.is_none();
            known.looked = Some(now);
            (!first).then(|| known.files.clone())
        };
        let library = self.clone();
        let looked = tokio::task::spawn_blocking(move || library.look(before.as_deref()));
        looked.await.unwrap_or_else(|error| {
            tracing::error!("runbooks cannot be read: {error}");
            self.shelf.lock().unwrap_or_else(PoisonError::into_inner).books.clone()
        })
    }

    fn look(&self, before: Option<&[File]>) -> Arc<Books> {
        let known = || self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        let files = match files(&self.settings.folder) {
            Ok(files) if before == Some(&files) => return known().books.clone(),
            Ok(files) => files,
            Err(what) => {
                // The folder may be about to come back: what was read stays.
                tracing::warn!(folder = %self.settings.folder.display(), "runbooks: {what}");
                let last = known().books.clone();
                let file = self.settings.folder.display().to_string();
                let mut troubles = last.troubles.clone();
                troubles.retain(|trouble| trouble.file != file);
                troubles.push(Trouble { file, what });
                return Arc::new(Books { all: last.all.clone(), troubles });
            }
        };
        let books = Arc::new(Books::of(&self.settings, &files));
        for trouble in &books.troubles {
            tracing::warn!("a runbook is odd: {trouble}");
        }
        let mut last = known();
        (last.files, last.books) = (files, books.clone());
        books
    }
}
