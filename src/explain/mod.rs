//! The answer to "why?": what one scan knows of a signal or of a file, beyond what the report keeps.
//!
//! Why a room of its own: the report holds what carries a verdict; whoever asks about a line wants everything that was
//! read there and where following stopped. That is looked up in the stages' results after the report is made, so a scan
//! that nobody asks costs nothing more.
//!
//! Invariants: plain data, words are for `render`; every text of a scanned file has passed the report's redaction; at
//! most [`MOST`] places are listed, and how many were left out is said.

mod call;
mod file;
mod start;

use std::collections::BTreeMap;

use crate::fact::{Book, Placement};
use crate::report::compile::{Findings, JudgedSystem, signal};
use crate::report::copies::{self, text_of};
use crate::report::{Chain, Evidence, Report, Starter};
use crate::resolve::Program;
use crate::source::{Notice, RepoPath};
use crate::walk::Copies;

pub use crate::report::{EdgeKind, Op, Strength};
pub use crate::rules::{Explained, Explanation, Weighing};
pub use crate::words::Scope;
pub use file::{FileView, Link, Row};

/// Places that are listed at most.
pub const MOST: usize = 200;

/// What is asked of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// A rule by its id, as `Catalog::explain` gives it.
    Rule(String),
    /// A file, relative to the root of the repository, and a line of it.
    File {
        /// The file.
        path: String,
        /// 1-based line.
        line: Option<u32>,
    },
}

/// What is known of it there.
#[derive(Debug, Clone, PartialEq)]
pub struct Inspection {
    /// The report of the same scan, probes included.
    pub report: Report,
    /// Where the signal that was asked for is seen.
    pub sightings: Vec<Sighting>,
    /// How many sightings were left out.
    pub more: usize,
    /// The file that was asked for.
    pub file: Option<FileView>,
}

/// A signal, seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// Where, and which signal.
    pub evidence: Evidence,
    /// The operation it stands for.
    pub op: Option<Op>,
    /// How sure it is.
    pub strength: Strength,
    /// Why its file is there.
    pub scope: Scope,
    /// Set where it is switched off; says by what.
    pub off: Option<String>,
    /// Who starts what it stands in.
    pub start: Start,
    /// Ids of the practices that rest on it.
    pub practices: Vec<String>,
}

/// Who starts something, and by which way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// Who.
    pub starter: Starter,
    /// Whether only tests run it.
    pub tests: bool,
    /// What starts it, in words; empty where nothing does.
    pub by: String,
    /// The way from there, hop by hop; empty where it is started directly.
    pub way: Chain,
}

/// What the stages of one scan know.
pub(crate) struct Seen<'s> {
    /// Files, signals, graph, rules, lines.
    pub(crate) findings: &'s Findings<'s>,
    /// What every file states.
    pub(crate) book: &'s Book,
    /// Why each file is there.
    pub(crate) placements: &'s BTreeMap<RepoPath, Placement>,
    /// The Python of the repository, its calls followed.
    pub(crate) program: &'s Program,
    /// Whether a module is one of the language's own.
    pub(crate) standard: &'s dyn Fn(&str) -> bool,
    /// The systems with their practices.
    pub(crate) judged: &'s [JudgedSystem<'s>],
    /// What could not be read or followed.
    pub(crate) notices: &'s [Notice],
    /// What put a file into its scope.
    pub(crate) scope: &'s dyn Fn(&str) -> Option<String>,
}

/// What the stages say beyond the report: sightings, how many were left out, the file.
pub(crate) fn look_up(seen: &Seen<'_>, question: &Question) -> (Vec<Sighting>, usize, Option<FileView>) {
    match question {
        Question::Rule(id) => {
            let starts = start::Starts::of(seen.findings.graph);
            let all = &seen.findings.signals.all;
            let found: Vec<usize> = (0..all.len()).filter(|i| *all[*i].id == **id).collect();
            let more = found.len().saturating_sub(MOST);
            (found.into_iter().take(MOST).map(|i| sighting(seen, &starts, i)).collect(), more, None)
        }
        Question::File { path, line } => (Vec::new(), 0, file::view(seen, path, *line)),
    }
}

fn sighting(seen: &Seen<'_>, starts: &start::Starts<'_>, index: usize) -> Sighting {
    let found = &seen.findings.signals.all[index];
    Sighting {
        evidence: signal(seen.findings, index),
        op: found.op,
        strength: found.strength,
        scope: found.scope,
        off: found.off.as_deref().map(crate::report::redact::snippet),
        start: starts.start(seen.findings.graph.node_of(index)),
        practices: resting_on(seen, index),
    }
}

/// What is known, with every place in a copy of another repository told as such.
pub(crate) fn told(inspection: Inspection, copies: &Copies) -> Inspection {
    if copies.all().is_empty() {
        return inspection;
    }
    let text = |text: &mut String| *text = text_of(text, copies);
    let sighting = |seen: &mut Sighting| {
        seen.evidence = copies::told(std::mem::take(&mut seen.evidence), copies);
        seen.start = start_told(seen.start.clone(), copies);
    };
    let Inspection { report, mut sightings, more, mut file } = inspection;
    sightings.iter_mut().for_each(sighting);
    if let Some(file) = &mut file {
        if let Some((repository, path)) = copies::place(&file.path, copies) {
            (file.repository, file.path) = (Some(repository), path);
        }
        for row in &mut file.rows {
            row.reads.iter_mut().chain(&mut row.stops).for_each(text);
            row.signals.iter_mut().for_each(sighting);
            for link in row.from.iter_mut().chain(&mut row.to) {
                text(&mut link.what);
                link.place.iter_mut().for_each(text);
            }
        }
        file.within.iter_mut().chain(&mut file.also).chain(&mut file.unread).for_each(text);
        file.start = file.start.take().map(|start| start_told(start, copies));
        file.notices = copies::told(std::mem::take(&mut file.notices), copies);
    }
    Inspection { report, sightings, more, file }
}

fn start_told(start: Start, copies: &Copies) -> Start {
    Start { by: text_of(&start.by, copies), way: copies::told(start.way, copies), ..start }
}

/// The practices that a signal carries: as evidence, or as the end of a chain.
fn resting_on(seen: &Seen<'_>, index: usize) -> Vec<String> {
    let rests = |p: &&crate::practices::Judged| p.signals.contains(&index) || p.chains.iter().any(|c| c.signal == index);
    practices(seen, rests)
}

/// Ids of the practices of all systems that fit, each once; probes are no practices.
fn practices(seen: &Seen<'_>, fits: impl Fn(&&crate::practices::Judged) -> bool) -> Vec<String> {
    let mut ids: Vec<String> = seen
        .judged
        .iter()
        .flat_map(|system| &system.practices)
        .filter(|p| !p.id.starts_with("probe."))
        .filter(&fits)
        .map(|p| p.id.clone())
        .collect();
    ids.sort();
    ids.dedup();
    ids
}
