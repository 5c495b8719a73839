//! Tells what was found, group by group as it is known, or all at once for a program.

use std::io::Write;

use serde::Serialize;

use crate::{
    greeting::{Greeting, Verdict},
    names::is_invisible,
    secrets::redact,
};

/// How many letters of a finding are told. Longer ones are other people's error pages.
const LONGEST: usize = 500;

/// The widest column of subjects; a longer subject moves only its own line.
const WIDEST: usize = 28;

/// One thing that was found.
#[derive(Debug, Serialize)]
struct Finding {
    group: &'static str,
    subject: String,
    verdict: Verdict,
    said: String,
    advice: Option<String>,
}

/// Everything that was found so far.
pub(super) struct Report<'a, W> {
    json: bool,
    out: &'a mut W,
    findings: Vec<Finding>,
}

/// What a program reads.
#[derive(Serialize)]
struct Document<'a> {
    ok: usize,
    notes: usize,
    warnings: usize,
    bad: usize,
    findings: &'a [Finding],
}

impl<'a, W: Write> Report<'a, W> {
    pub(super) fn new(json: bool, out: &'a mut W) -> Self {
        Self { json, out, findings: vec![] }
    }

    /// Tells one group: each subject, and what was found about it.
    pub(super) fn tell(
        &mut self,
        group: &'static str,
        told: Vec<(String, Vec<Greeting>)>,
    ) -> anyhow::Result<()> {
        let found = told.into_iter().flat_map(|(subject, greetings)| {
            let subject = plain(&subject);
            greetings.into_iter().map(move |Greeting { verdict, said, advice }| Finding {
                group,
                subject: subject.clone(),
                verdict,
                said: plain(&said),
                advice: advice.map(|advice| plain(&advice)),
            })
        });
        let found: Vec<Finding> = found.collect();
        if !self.json && !found.is_empty() {
            self.write(group, &found)?;
        }
        self.findings.extend(found);
        Ok(())
    }

    fn write(&mut self, group: &str, found: &[Finding]) -> anyhow::Result<()> {
        let wide = found.iter().map(|one| one.subject.chars().count()).max().unwrap_or(0);
        let wide = wide.min(WIDEST);
        if !self.findings.is_empty() {
            writeln!(self.out)?;
        }
        writeln!(self.out, "{group}")?;
        for (index, Finding { subject, verdict, said, advice, .. }) in found.iter().enumerate() {
            writeln!(self.out, "{verdict:<4}  {subject:<wide$}  {}", ended(said))?;
            // What several in a row have to do is said once, below the last of them.
            let next = found.get(index + 1).and_then(|next| next.advice.as_ref());
            if let Some(advice) = advice.as_ref().filter(|advice| next != Some(advice)) {
                writeln!(self.out, "      {:<wide$}  {}", "", ended(advice))?;
            }
        }
        self.out.flush()?;
        Ok(())
    }

    /// Tells the sum of it; whether nothing is bad.
    pub(super) fn end(self) -> anyhow::Result<bool> {
        let count = |verdict| self.findings.iter().filter(|one| one.verdict == verdict).count();
        let (ok, notes) = (count(Verdict::Ok), count(Verdict::Unseen));
        let (warnings, bad) = (count(Verdict::Warn), count(Verdict::Bad));
        if self.json {
            let findings = &self.findings;
            let document = Document { ok, notes, warnings, bad, findings };
            serde_json::to_writer_pretty(&mut *self.out, &document)?;
            writeln!(self.out)?;
        } else {
            writeln!(
                self.out,
                "\n{ok} ok, {notes} that cannot be seen from here, {warnings} to look after, {bad} bad."
            )?;
        }
        Ok(bad == 0)
    }
}

/// Text from anywhere on one line: without secrets, and with nothing that acts on a terminal.
fn plain(text: &str) -> String {
    // Redacted before it is cut, so that no half of a secret stays.
    let redacted = redact(text);
    let line = redacted.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut letters = line.chars().filter(|letter| !is_invisible(*letter));
    let mut kept: String = letters.by_ref().take(LONGEST).collect();
    if letters.next().is_some() {
        kept.push('…');
    }
    kept
}

/// A sentence ends with a full stop, unless it ends otherwise already.
fn ended(text: &str) -> String {
    let ended = text.ends_with(['.', '?', '…']);
    format!("{text}{}", if ended { "" } else { "." })
}
