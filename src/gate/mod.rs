//! Does the report hold what was asked of it?
//!
//! Why: a pipeline needs one answer and the reason for it, so every answer names what falls short, the row that decides
//! it and the place to change. Four answers are possible, never a silent one: it holds, it falls short, it cannot be
//! told, and the question was wrong (an [`Error`]).
//!
//! Invariants: pure functions from reports to an [`Outcome`]; what is unknown neither passes nor fails, it leaves
//! without a verdict; every line is safe for a terminal.

mod asked;
mod baseline;
mod level;
mod practice;

pub use asked::{Asked, Bar, LevelAsked, Of, PracticeAsked, Weighing};
pub use baseline::{Baseline, compare};

use crate::error::Error;
use crate::render::visible;
use crate::report::{Coverage, Evidence, Report, SubjectKind, System, Unknown};

/// What became of what was asked; from best to worst, so that several answers add up to the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Status {
    /// All of it holds, or nothing was asked.
    #[default]
    Fine,
    /// The answer would be another if what is unknown were met, or there is nothing to judge.
    NoVerdict,
    /// Something falls short.
    Below,
}

/// The answer to all that was asked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// What falls short or cannot be told, and what a reader should know of what passed; a sentence each.
    pub lines: Vec<String>,
    /// The worst answer.
    pub status: Status,
}

impl Outcome {
    fn add(&mut self, status: Status, line: &str) {
        self.status = self.status.max(status);
        let line = visible(line).into_owned();
        if !self.lines.contains(&line) {
            self.lines.push(line);
        }
    }

    /// Both answers as one.
    pub fn join(&mut self, other: Self) {
        self.status = self.status.max(other.status);
        self.lines.extend(other.lines);
    }
}

/// Holds a report against what is asked of it.
///
/// # Errors
///
/// [`Error::Usage`] where a system is asked for that is not there, or a model as a whole that gives no overall level.
pub fn judge(report: &Report, asked: &Asked) -> Result<Outcome, Error> {
    let mut outcome = Outcome::default();
    if asked.is_empty() {
        return Ok(outcome);
    }
    let systems = chosen(report, &asked.of)?;
    if systems.is_empty() {
        outcome.add(Status::NoVerdict, &format!("no verdict: {}", without_system(report)));
    }
    // the folder is told where a reader could not know which system is meant
    let several = report.systems.len() > 1;
    // systems of which the same is to be said are told in one line
    let mut alike: Vec<(Outcome, Vec<&System>)> = Vec::new();
    for system in systems {
        let told = one(system, asked, "", &report.coverage)?;
        match alike.iter_mut().find(|(other, _)| *other == told) {
            Some((_, systems)) => systems.push(system),
            None => alike.push((told, vec![system])),
        }
    }
    for (_, systems) in &alike {
        // the way to the whole answer leads to the system that is meant
        let meant = systems.first().filter(|system| several && !system.primary);
        let place = meant.map(|system| format!("{} --system {}", asked.place, system.path)).filter(|_| !asked.place.is_empty());
        let asked = &Asked { place: place.unwrap_or_else(|| asked.place.clone()), ..asked.clone() };
        let of = if several { format!(" in {}", folders(systems)) } else { String::new() };
        let Some(first) = systems.first() else { continue };
        let told = one(first, asked, &of, &report.coverage)?;
        told.lines.iter().for_each(|line| outcome.add(told.status, line));
    }
    // what falls short is what a reader looks for
    outcome.lines.sort_by_key(|line| line.starts_with("passed: "));
    // whoever owns the repository may correct it, and whoever trusts the gate must know
    if let Some(told) = report.inputs.settings.as_ref().and_then(|settings| settings.told(report)) {
        outcome.add(Status::Fine, &told);
    }
    Ok(outcome)
}

/// All that is asked, of one system.
fn one(system: &System, asked: &Asked, of: &str, coverage: &Coverage) -> Result<Outcome, Error> {
    let mut outcome = Outcome::default();
    for level in &asked.levels {
        level::judge(system, level, asked, of, coverage, &mut outcome)?;
    }
    for practice in &asked.practices {
        practice::judge(system, practice, asked, of, coverage, &mut outcome);
    }
    Ok(outcome)
}

/// Whether the system that is asked for is there.
///
/// # Errors
///
/// [`Error::Usage`] with those that are.
pub fn check_system(report: &Report, of: &Of) -> Result<(), Error> {
    chosen(report, of).map(|_| ())
}

/// The systems that a gate is about.
fn chosen<'r>(report: &'r Report, of: &Of) -> Result<Vec<&'r System>, Error> {
    match of {
        Of::Primary => Ok(report.systems.iter().filter(|s| s.primary).take(1).collect()),
        Of::All => Ok(report.systems.iter().filter(|s| !s.generated).collect()),
        Of::Path(path) => {
            let found: Vec<&System> = report.systems.iter().filter(|s| s.path == *path).collect();
            if found.is_empty() && !report.systems.is_empty() {
                let there: Vec<String> = report.systems.iter().map(|s| visible(&s.path).into_owned()).collect();
                return Err(Error::Usage(format!(
                    "there is no ML system in `{}`; name one of {}, or `all`",
                    visible(path),
                    there.join(", ")
                )));
            }
            Ok(found)
        }
    }
}

fn without_system(report: &Report) -> String {
    let subject = &report.repository.subject;
    if subject.kind == SubjectKind::Template && !report.systems.is_empty() {
        return "this is a template; name the system that it would generate with --system PATH".to_owned();
    }
    format!("there is no system here that trains or serves a model ({})", subject.why)
}

fn folder(system: &System) -> String {
    if system.path == "." { "the root".to_owned() } else { format!("`{}`", system.path) }
}

/// Folders of systems that are named; more would drown the sentence.
const FOLDERS: usize = 3;

fn folders(systems: &[&System]) -> String {
    let named: Vec<String> = systems.iter().take(FOLDERS).map(|system| folder(system)).collect();
    let more = systems.len().checked_sub(FOLDERS).filter(|n| *n > 0).map(|n| format!(" and {n} more")).unwrap_or_default();
    named.join(", ") + &more
}

/// `path:line`, or nothing.
fn place(evidence: &Evidence) -> Option<String> {
    let path = evidence.path.as_deref()?;
    Some(evidence.line.map_or_else(|| path.to_owned(), |line| format!("{path}:{line}")))
}

/// `; nearest: path:line`, where there is a place that the words do not name already.
fn nearest(told: &str, evidence: &[Evidence]) -> String {
    evidence
        .iter()
        .find_map(place)
        .filter(|place| !told.contains(place.as_str()))
        .map(|place| format!("; nearest: {place}"))
        .unwrap_or_default()
}

/// Why practices could not be looked for, and what to do about it.
fn why_unknown(why: Unknown, ids: &[&str], coverage: &Coverage) -> String {
    match why {
        Unknown::NoDetector => "this version has no detector".to_owned(),
        Unknown::NotRead => match coverage.undecided_by(ids.iter().copied()) {
            Some((path, 0)) => format!("{path} may show it and was not read"),
            Some((path, more)) => format!("{path} and {more} more may show it and were not read"),
            None => "a file was not read that may show it".to_owned(),
        },
        Unknown::NoHistory => "needs the history, fetch all of it: fetch-depth: 0".to_owned(),
        Unknown::SwitchedOff => "the settings switch its rule off".to_owned(),
    }
}

/// Where the whole answer stands; nothing where it is not known how the repository was named.
fn why(place: &str, id: &str) -> String {
    if place.is_empty() { String::new() } else { format!(". Why: treering explain {id} {place}") }
}
