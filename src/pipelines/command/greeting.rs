//! Whether a local program could be run: it is looked at, and not run.

use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use super::{Settings, check_variables, found};
use crate::{greeting::Greeting, secrets::variable};

/// Whether the pipeline's programs are there.
pub(in crate::pipelines) fn greeting(settings: &Settings) -> Vec<Greeting> {
    if let Err(error) = check_variables(&settings.environment) {
        return vec![Greeting::bad(error.to_string(), "Correct `environment`")];
    }
    let folder = settings.folder.as_deref();
    let asked = settings.resolve.as_ref().and_then(|words| words.first());
    let mut greetings = vec![runnable(&settings.program, folder)];
    greetings.extend(asked.map(|program| runnable(Path::new(program), folder)));
    greetings
}

/// Whether a program is there, may be run, and has its folder.
pub fn runnable(program: &Path, folder: Option<&Path>) -> Greeting {
    let shown = program.display();
    let advice =
        "Correct `program`, or put the file there, executable for the user the bot runs as";
    let path = match found(program) {
        Ok(path) => path,
        Err(error) => return Greeting::bad(error.to_string(), advice),
    };
    if let Some(folder) = folder
        && !folder.is_dir()
    {
        let said =
            format!("the folder {}, in which {shown} is run, is not there", folder.display());
        return Greeting::bad(said, "Make it, or correct `folder`");
    }
    match searched(&path) {
        None => Greeting::bad(format!("the program {shown} is not there"), advice),
        Some(path) if !path.is_file() => {
            Greeting::bad(format!("{} is no file", path.display()), advice)
        }
        Some(path) => match access(&path, Access::EXEC_OK) {
            Ok(()) => Greeting::ok(format!("{} can be run", path.display())),
            Err(_) => Greeting::bad(
                format!("{} may not be run by this user", path.display()),
                format!("Make it executable (`chmod +x {}`)", path.display()),
            ),
        },
    }
}

/// Where a program is; a bare name is looked up as the system does it.
fn searched(program: &Path) -> Option<PathBuf> {
    if program.is_absolute() {
        return program.exists().then(|| program.to_owned());
    }
    let folders = variable("PATH")?;
    std::env::split_paths(&folders).map(|folder| folder.join(program)).find(|path| path.is_file())
}
