//! Questions about the machine the bot runs on: its database, its clock, its folders, and the bot.

use std::{
    fs,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use reqwest::Method;
use rustix::fs::{Access, access};
use url::Url;

use super::{Ground, Question};
use crate::{
    audit::Checkpoints,
    config::{Config, Database},
    greeting::Greeting,
    outbound::{Failure, Outbound},
    store::{Db, Tables},
};

/// Whoever may write to the database may change what the bot did.
const WRITABLE_BY_ALL: u32 = 0o002;

pub(super) fn questions(ground: &Ground) -> Vec<Question> {
    let mut questions = vec![];
    let database = ground.database.clone();
    questions.push(Question::new("database", async move { database }));
    if let Some(greeter) = ground.greeter.clone() {
        questions.push(Question::new("clock", async move { vec![greeter.clock().await] }));
    }
    let config = ground.config.clone();
    questions.push(Question::new("folder", async move { vec![folder(&config)] }));
    let config = ground.config.clone();
    questions.push(Question::new("audit", async move { checkpoints(&config) }));
    let (listen, outbound) = (ground.config.listen, ground.outbound.clone());
    questions.push(Question::new("the bot", async move { vec![bot(listen, &outbound).await] }));
    questions
}

/// The database, opened for looking only, and what there is to say about it. One that cannot be
/// opened is replaced by an empty one, so that everybody else can be asked.
pub(super) async fn database(
    config: &Config,
    patience: Duration,
) -> anyhow::Result<(Db, Vec<Greeting>)> {
    if let Database::Sqlite(path) = &config.database
        && !path.exists()
    {
        let told = match writable(path) {
            Ok(()) => Greeting::warn(
                format!("{} is not there yet", path.display()),
                "`pilothouse serve` makes it; when there should be one already, correct `database`",
            ),
            Err(why) => Greeting::bad(
                format!("{} is not there and cannot be made: {why}", path.display()),
                "Make its folder, writable for the user the bot runs as, or correct `database`",
            ),
        };
        return Ok((Db::nowhere().await?, vec![told]));
    }
    let opened = tokio::time::timeout(patience, looked(&config.database)).await;
    match opened {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(error)) => Ok((Db::nowhere().await?, vec![unopened(&format!("{error:#}"))])),
        Err(_) => Ok((Db::nowhere().await?, vec![unopened("it gives no answer")])),
    }
}

async fn looked(database: &Database) -> anyhow::Result<(Db, Vec<Greeting>)> {
    let db = Db::looking(&database.url()?).await?;
    let mut told = vec![match db.tables().await? {
        Tables::UpToDate => {
            Greeting::ok(format!("{} is there, its tables are up to date", named(database)))
        }
        Tables::Behind { missing, all } if missing == all => Greeting::warn(
            format!("{} is there and empty", named(database)),
            "`pilothouse serve` makes the tables when it starts",
        ),
        Tables::Behind { missing, .. } => Greeting::warn(
            format!("{} is of an older Pilothouse: {missing} steps are missing", named(database)),
            "`pilothouse serve` takes them when it starts: make a backup before",
        ),
        Tables::Newer => Greeting::bad(
            format!("{} was written by a newer Pilothouse", named(database)),
            "Start that version, or restore the backup taken before it",
        ),
        Tables::Changed(step) => Greeting::bad(
            format!("the tables of {} are not those of any Pilothouse: `{step}`", named(database)),
            "Restore a backup; `pilothouse audit verify` says whether the audit is whole",
        ),
    }];
    if let Database::Sqlite(path) = database {
        told.extend(permissions(path));
    }
    Ok((db, told))
}

fn unopened(why: &str) -> Greeting {
    Greeting::bad(
        format!("the database cannot be read: {why}"),
        "Look at `database` in the configuration, at the server and its log, and at who may read \
         the file; nothing works without it",
    )
}

fn named(database: &Database) -> String {
    match database {
        Database::Sqlite(path) => path.display().to_string(),
        Database::Postgres(_) | Database::Secret(_) => "the database".to_owned(),
    }
}

fn permissions(path: &Path) -> Option<Greeting> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    for place in [path, folder.unwrap_or(Path::new("."))] {
        if access(place, Access::READ_OK | Access::WRITE_OK).is_err() {
            return Some(Greeting::bad(
                format!("{} may not be written by this user", place.display()),
                "Give it to the user the bot runs as; SQLite keeps files beside its own",
            ));
        }
    }
    let mode = fs::metadata(path).ok()?.permissions().mode();
    (mode & WRITABLE_BY_ALL != 0).then(|| {
        Greeting::warn(
            format!("everybody on this machine may write to {}", path.display()),
            format!("Take that away: `chmod o-w {}`", path.display()),
        )
    })
}

/// Whether something can be made there, as far as can be seen without making it.
fn writable(path: &Path) -> Result<(), String> {
    let absolute = std::path::absolute(path).map_err(|error| error.to_string())?;
    let there = absolute.ancestors().find(|place| place.exists());
    let there: PathBuf = there.unwrap_or(Path::new("/")).to_owned();
    if there != absolute && !there.is_dir() {
        return Err(format!("{} is no folder", there.display()));
    }
    access(&there, Access::WRITE_OK)
        .map_err(|_| format!("{} may not be written by this user", there.display()))
}

fn folder(config: &Config) -> Greeting {
    let folder = config.folder();
    match writable(&folder) {
        Ok(()) => Greeting::ok(format!("{} can be written", folder.display())),
        Err(why) => Greeting::bad(
            format!("pipelines cannot keep their runs in {}: {why}", folder.display()),
            "Make it, writable for the user the bot runs as, or correct `folder`",
        ),
    }
}

fn checkpoints(config: &Config) -> Vec<Greeting> {
    let checkpoints = Checkpoints::of(&config.audit, &config.folder());
    let file = checkpoints.file().display();
    let mut told = vec![match writable(checkpoints.file()) {
        Ok(()) => Greeting::ok(format!("checkpoints can be added to {file}")),
        Err(why) => Greeting::bad(
            format!("checkpoints cannot be added to {file}: {why}"),
            "Make its folder, writable for the user the bot runs as, or correct \
             `audit.checkpoints`",
        ),
    }];
    if config.audit.key.is_none() {
        told.push(Greeting::warn(
            "checkpoints are not signed",
            "Set `audit.key` (`openssl rand -hex 32`): without it, whoever can write the file can \
             write another one",
        ));
    }
    told
}

/// Whether a bot listens here now.
async fn bot(listen: SocketAddr, outbound: &Outbound) -> Greeting {
    let here = if listen.ip().is_unspecified() {
        SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), listen.port())
    } else {
        listen
    };
    let Ok(url) = Url::parse(&format!("http://{here}/readyz")) else {
        return Greeting::unseen("its address cannot be asked");
    };
    match outbound.hear(outbound.request(Method::GET, url)).await {
        Ok(answer) if answer.status == 200 && answer.body == b"ready" => {
            Greeting::ok(format!("one is at work at {listen}"))
        }
        Ok(answer) if answer.status == 503 => Greeting::bad(
            format!("the one at {listen} is not ready: {}", answer.said()),
            "Look at its log",
        ),
        Ok(_) => Greeting::bad(
            format!("somebody else listens at {listen}"),
            "Stop that program, or give the bot another address with `listen`",
        ),
        Err(Failure::Unreached(_)) => {
            Greeting::unseen(format!("none is at work at {listen} on this machine now"))
        }
        Err(failure) => Greeting::failed("the bot", &failure),
    }
}
