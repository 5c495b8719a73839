//! What no single value shows: names that stand for nothing, rules that nobody can satisfy.

mod alerts;
mod app;
mod audit;
mod freezes;
mod hooks;
mod incidents;
mod oncall;
mod people;
mod pipelines;
mod runbooks;
mod services;
mod teams;
mod telling;

use uuid::Uuid;

use super::{
    Config, Secrets,
    place::{Path, Place},
    shape::Shape,
    tree::Node,
    words::{advice, shown},
};

/// What was found so far, with the file it was found in.
pub(super) struct Found<'a> {
    tree: &'a Node,
    /// Keys that were probably meant where an unknown one stands.
    meant: Vec<Path>,
    /// How many mistakes the schema found: what touches them would only follow from them.
    early: usize,
    /// What was taken away before the rest was read.
    cuts: Vec<Path>,
    /// Every mistake.
    pub mistakes: Vec<(Path, Place, String)>,
    /// What is allowed but can hardly be meant.
    pub warnings: Vec<(Path, Place, String)>,
}

/// Checks the parts of the configuration against each other.
pub(super) fn check(config: &Config, found: &mut Found<'_>, secrets: Secrets) {
    if let Some(settings) = &config.teams {
        teams::check(settings, found, secrets);
    }
    if let Some(settings) = &config.app {
        app::check(settings, found);
    }
    people::check(config, found);
    pipelines::check(config, found);
    services::check(config, found);
    freezes::check(config, found);
    alerts::check(config, found);
    hooks::check(config, found);
    oncall::check(config, found);
    runbooks::check(config, found, secrets);
    incidents::check(config, found);
    telling::check(config, found);
    audit::check(&config.audit, found, secrets);
}

impl<'a> Found<'a> {
    /// Begins with what the schema found.
    pub(super) fn new(tree: &'a Node, shape: Shape) -> Self {
        let Shape { mistakes, meant, cuts } = shape;
        Self { tree, meant, early: mistakes.len(), cuts, mistakes, warnings: vec![] }
    }

    /// A mistake, unless it would only follow from one that is already named.
    fn wrong(&mut self, path: &Path, what: impl Into<String>) {
        if !self.is_touched(path) {
            self.mistakes.push((path.clone(), self.tree.place(path), what.into()));
        }
    }

    fn odd(&mut self, path: &Path, what: impl Into<String>) {
        if !self.is_touched(path) {
            self.warnings.push((path.clone(), self.tree.place(path), what.into()));
        }
    }

    /// Whether the schema found a mistake at `path`, above or below it.
    fn is_touched(&self, path: &Path) -> bool {
        let early = self.mistakes.iter().take(self.early).map(|(path, ..)| path);
        early.chain(&self.meant).any(|wrong| wrong.touches(path))
    }

    /// Whether anything below `path` is wrong, however it was found.
    fn is_sound(&self, path: &Path) -> bool {
        !self.is_touched(path) && self.mistakes.iter().all(|(wrong, ..)| !wrong.touches(path))
    }

    /// Whether `path` is sound and was not taken away with something wrong beside it.
    fn is_read(&self, path: &Path) -> bool {
        self.is_sound(path) && !self.cuts.iter().any(|cut| cut.touches(path))
    }

    /// Where the items of a list stand in the file, of those that could be read.
    fn items(&self, list: &Path) -> Vec<Path> {
        let all = (0..self.tree.count(list)).map(|index| list.item(index));
        all.filter(|item| !self.cuts.contains(item)).collect()
    }

    /// Whether that key was written, rather than left to its default.
    fn is_written(&self, path: &Path, key: &str) -> bool {
        self.tree.keys(path).contains(&key)
    }

    /// `name` must be one of the keys below one of `lists`.
    fn known(&mut self, path: &Path, name: &str, kind: &str, lists: &[Path]) {
        if lists.iter().any(|list| self.meant.contains(list)) {
            return;
        }
        let known: Vec<&str> = lists.iter().flat_map(|list| self.tree.keys(list)).collect();
        if !known.contains(&name) {
            let advice = advice(name, &known);
            self.wrong(path, format!("there is no {kind} `{}`{advice}", shown(name)));
        }
    }

    fn uuid(&mut self, path: &Path, text: &str) {
        // Only the form with hyphens: that is what Microsoft's pages show and compare.
        if text.len() != 36 || Uuid::try_parse(text).is_err() {
            let form = "is no id such as `0f8fad5b-d9cb-469f-a165-70867728950e`";
            let what = if text.contains('@') {
                format!("{form}: not the e-mail address but the object id is meant")
            } else {
                format!("{form}: copy it from the Entra admin center")
            };
            self.wrong(path, what);
        }
    }
}
