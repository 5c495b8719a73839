//! What people can say. One command, one file; a button says a command too.

/// A command's name, usage and summary, as `/help` and the Teams app's manifest list them.
pub struct About {
    /// `deploy`
    pub name: String,
    /// `deploy <environment> <version> [--service S]`
    pub usage: String,
    /// One line.
    pub summary: String,
}

/// Every command, in the order `/help` lists them.
pub fn about() -> Vec<About> {
    vec![]
}

/// Everything commands work with.
pub struct Commands;
