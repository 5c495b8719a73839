//! A pipeline whose runs do what a story wants, and which counts how often it was asked for one.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use pilothouse::{
    clock::Timestamp,
    names::Correlation,
    pipelines::{
        Answer, Answered, Asked, Changes, Commit, Found, Gate, Order, Pipeline, Progress, Resolved,
        Run, RunState, Started, Unresolved, Verdict, Wish, command::Program,
    },
    runbooks::Runner,
};
use serde_json::Value;

/// How it answers when it is asked for a run.
#[derive(Clone, Copy, Default, PartialEq)]
pub enum Answers {
    /// With the run.
    #[default]
    Well,
    /// By making a run and losing the answer.
    Lost,
    /// Without making a run, and without saying so.
    Silence,
    /// With a refusal.
    No,
    /// With "come back later".
    NotNow,
}

#[derive(Default)]
pub struct PretendPipeline {
    runs: Mutex<BTreeMap<String, Progress>>,
    orders: Mutex<Vec<Order>>,
    programs: Mutex<Vec<Program>>,
    asked: AtomicUsize,
    answers: Mutex<Answers>,
    hidden: Mutex<bool>,
    certain: Mutex<bool>,
    commits: Mutex<BTreeMap<String, String>>,
    behind: AtomicUsize,
    looks: AtomicUsize,
    name: Mutex<Option<String>>,
    gates: Mutex<Vec<Gate>>,
    told: Mutex<Vec<(String, Verdict, String)>>,
    takes: Mutex<Option<Answered>>,
    guards: Mutex<Option<String>>,
}

impl PretendPipeline {
    /// How many runs there are.
    pub fn started(&self) -> usize {
        self.runs.lock().unwrap().len()
    }

    /// How often it was asked for one.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    /// How often it was asked how a run is getting on.
    pub fn looked(&self) -> usize {
        self.looks.load(Ordering::Relaxed)
    }

    /// From now on it calls its run so.
    pub fn calls_it(&self, name: &str) {
        *self.name.lock().unwrap() = Some(name.to_owned());
    }

    fn called(&self, correlation: &Correlation) -> String {
        self.name.lock().unwrap().clone().unwrap_or_else(|| correlation.to_string())
    }

    /// Everything it was told, in order.
    pub fn orders(&self) -> Vec<Order> {
        self.orders.lock().unwrap().clone()
    }

    /// From now on it answers so.
    pub fn answers(&self, answers: Answers) {
        *self.answers.lock().unwrap() = answers;
    }

    /// From now on its runs cannot be seen, or can again.
    pub fn hides(&self, hidden: bool) {
        *self.hidden.lock().unwrap() = hidden;
    }

    /// From now on it can tell that there is no run, or only that it sees none.
    pub fn knows_all(&self, certain: bool) {
        *self.certain.lock().unwrap() = certain;
    }

    /// From now on a version stands for that commit.
    pub fn tags(&self, version: &str, commit: &str) {
        self.commits.lock().unwrap().insert(version.to_owned(), commit.to_owned());
    }

    /// From now on every version lacks so many commits of what it is compared with, and has none
    /// of its own.
    pub fn goes_back(&self, commits: usize) {
        self.behind.store(commits, Ordering::Relaxed);
    }

    /// Every run that still runs ends so.
    pub fn finishes(&self, state: RunState) {
        for run in self.runs.lock().unwrap().values_mut().filter(|run| runs(run)) {
            run.state = state;
            run.detail = (state == RunState::Failed).then(|| "exit code 3".to_owned());
        }
    }

    /// Every run that still runs says this.
    pub fn prints(&self, lines: &[&str]) {
        for run in self.runs.lock().unwrap().values_mut().filter(|run| runs(run)) {
            run.tail = lines.iter().map(|line| (*line).to_owned()).collect();
        }
    }

    /// Every run that still runs waits at these gates; their names are their ids as well.
    pub fn waits_at(&self, names: &[&str]) {
        let gate = |name: &&str| Gate {
            id: name.replace(' ', "-").parse().unwrap(),
            name: (*name).to_owned(),
            at: "GitHub".to_owned(),
            answerable: true,
            url: Some("https://ci.example/runs/456/gates".to_owned()),
            environment: None,
            own: None,
        };
        self.waits_at_gates(names.iter().map(gate).collect());
    }

    /// The same, for gates of any kind; at none, the run goes on.
    pub fn waits_at_gates(&self, gates: Vec<Gate>) {
        let waits = if gates.is_empty() { RunState::Running } else { RunState::WaitingApproval };
        for run in self.runs.lock().unwrap().values_mut().filter(|run| runs(run)) {
            (run.state, run.gates, run.gates_unknown) = (waits, gates.clone(), false);
        }
        *self.gates.lock().unwrap() = gates;
    }

    /// Nobody can tell what the runs wait for, until they wait at something else.
    pub fn loses_gates(&self) {
        for run in self.runs.lock().unwrap().values_mut().filter(|run| runs(run)) {
            (run.gates, run.gates_unknown) = (vec![], true);
        }
    }

    /// From now on it answers so when it is told about a gate; without a word about it, it takes
    /// what it is told, and the run goes on or ends.
    pub fn takes(&self, answered: Option<Answered>) {
        *self.takes.lock().unwrap() = answered;
    }

    /// From now on its rule stands before that environment, and not before production.
    pub fn guards(&self, environment: &str) {
        *self.guards.lock().unwrap() = Some(environment.to_owned());
    }

    /// What it was told about gates, in order: which, what, and the comment.
    pub fn told(&self) -> Vec<(String, Verdict, String)> {
        self.told.lock().unwrap().clone()
    }

    /// Every program it was told to run, in order.
    pub fn programs(&self) -> Vec<Program> {
        self.programs.lock().unwrap().clone()
    }

    /// Every run that still runs has got so far.
    pub fn reaches(&self, done: u32, total: u32, step: &str) {
        for run in self.runs.lock().unwrap().values_mut().filter(|run| runs(run)) {
            (run.done, run.total, run.step) = (done, total, Some(step.to_owned()));
        }
    }
}

fn runs(run: &Progress) -> bool {
    matches!(run.state, RunState::Running | RunState::Queued | RunState::WaitingApproval)
}

fn run(correlation: &str) -> Run {
    Run {
        id: correlation.parse().unwrap(),
        label: "#456".to_owned(),
        url: Some("https://ci.example/runs/456".to_owned()),
    }
}

#[async_trait]
impl Pipeline for PretendPipeline {
    async fn resolve(&self, wish: &Wish<'_>) -> Result<Resolved, Unresolved> {
        let version = wish.version.as_str();
        if version == "v404" {
            let sentence = "There is no version `v404`. Did you mean `v4.0.4`?".to_owned();
            return Err(Unresolved::NoSuchVersion(sentence));
        }
        if version == "v503" {
            return Err(anyhow::anyhow!("its server answered 503").into());
        }
        let commit = self.commits.lock().unwrap().get(version).cloned();
        let title = "Fix [the](http://evil.example) **basket** <at>everyone</at>".to_owned();
        let commit_line =
            Commit { id: "0123456789abcdef".to_owned(), author: "dana".to_owned(), title };
        let behind = self.behind.load(Ordering::Relaxed);
        let changes = wish.since.map(|_| Changes {
            total: if behind == 0 { 12 } else { 0 },
            behind,
            commits: if behind == 0 { vec![commit_line] } else { vec![] },
            url: Some("https://ci.example/compare".to_owned()),
        });
        Ok(Resolved { commit, artifact: None, changes })
    }

    async fn start(&self, order: &Order) -> Started {
        let answers = *self.answers.lock().unwrap();
        if matches!(answers, Answers::Well | Answers::Lost) {
            self.orders.lock().unwrap().push(order.clone());
        }
        self.begin(&order.correlation)
    }

    async fn find(&self, order: &Order) -> anyhow::Result<Found> {
        Ok(self.look_for(&order.correlation))
    }

    async fn progress(&self, run: &Run) -> anyhow::Result<Progress> {
        self.looks.fetch_add(1, Ordering::Relaxed);
        let runs = self.runs.lock().unwrap();
        runs.get(run.id.as_str()).cloned().ok_or_else(|| anyhow::anyhow!("no run {}", run.id))
    }

    async fn answer(&self, _: &Run, gate: &Gate, answer: &Answer) -> Answered {
        let told = (gate.name.clone(), answer.verdict, answer.comment.clone());
        self.told.lock().unwrap().push(told);
        if let Some(answered) = self.takes.lock().unwrap().clone() {
            return answered;
        }
        let mut gates = self.gates.lock().unwrap().clone();
        if !gates.contains(gate) {
            return Answered::Gone;
        }
        gates.retain(|other| other != gate);
        self.waits_at_gates(gates);
        if answer.verdict == Verdict::Reject {
            self.finishes(RunState::Failed);
        }
        Answered::Done
    }

    fn asked(&self, event: &str, body: &Value) -> Option<Asked> {
        let text = |key: &str| body[key].as_str();
        let environment = text("environment")?;
        let guards = self.guards.lock().unwrap().clone();
        let known = environment == guards.as_deref().unwrap_or("production");
        let known = known.then(|| environment.parse().unwrap());
        let (run, name) = (text("run")?.parse().ok()?, environment.to_owned());
        (event == "deployment_protection_rule").then_some(Asked { run, name, environment: known })
    }

    async fn turn_away(&self, asked: &Asked, answer: &Answer) -> Answered {
        let told = (asked.run.to_string(), answer.verdict, answer.comment.clone());
        self.told.lock().unwrap().push(told);
        self.takes.lock().unwrap().clone().unwrap_or(Answered::Done)
    }

    async fn cancel(&self, run: &Run) -> anyhow::Result<()> {
        let mut runs = self.runs.lock().unwrap();
        let run = runs.get_mut(run.id.as_str()).ok_or_else(|| anyhow::anyhow!("no such run"))?;
        run.state = RunState::Cancelled;
        Ok(())
    }
}

/// It runs the steps of runbooks as well.
#[async_trait]
impl Runner for PretendPipeline {
    async fn start(&self, name: &Correlation, program: Program) -> Started {
        self.programs.lock().unwrap().push(program);
        self.begin(name)
    }

    async fn find(&self, name: &Correlation, _: Timestamp) -> anyhow::Result<Found> {
        Ok(self.look_for(name))
    }

    async fn progress(&self, run: &Run) -> anyhow::Result<Progress> {
        Pipeline::progress(self, run).await
    }

    async fn cancel(&self, run: &Run) -> anyhow::Result<()> {
        Pipeline::cancel(self, run).await
    }
}

impl PretendPipeline {
    fn begin(&self, correlation: &Correlation) -> Started {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let answers = *self.answers.lock().unwrap();
        let correlation = self.called(correlation);
        if matches!(answers, Answers::Well | Answers::Lost) {
            let running = Progress::bare(RunState::Running);
            let twice = self.runs.lock().unwrap().insert(correlation.clone(), running);
            assert!(twice.is_none(), "{correlation} was started twice");
        }
        match answers {
            Answers::Well => Started::Run(run(&correlation)),
            Answers::Lost | Answers::Silence => Started::Unclear("time ran out".to_owned()),
            Answers::No => Started::Refused("no such workflow".to_owned()),
            Answers::NotNow => Started::NotNow("rate limited".to_owned()),
        }
    }

    fn look_for(&self, correlation: &Correlation) -> Found {
        let correlation = self.called(correlation);
        let seen = !*self.hidden.lock().unwrap();
        let there = self.runs.lock().unwrap().contains_key(&correlation);
        let certain = *self.certain.lock().unwrap();
        match (seen && there, certain) {
            (true, _) => Found::Run(run(&correlation)),
            (false, true) => Found::Absent,
            (false, false) => Found::NotSeen,
        }
    }
}
