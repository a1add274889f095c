//! Does it hold? Signals, chains and history against practice rules, one system at a time.
//!
//! A plain loop over the rules in the order of their ids; a rule that names another asks for that one first, and each is
//! answered once (the loader refuses circles). Nothing here knows a tool, a CI system or a maturity model; what a rule asks
//! is in `rules/practices`, and the few verbs it may use are in [`clause`].

mod act;
mod answer;
mod asserted;
mod before;
mod carried;
mod chain;
mod clause;
mod held;
mod image;
mod imported;
mod leads;
mod mended;
mod named;
mod near;
mod reach;
mod remedy;
mod select;
mod source;
mod steps;
mod tested;
mod tied;

use std::collections::{BTreeMap, BTreeSet};

use crate::fact::Book;
use crate::graph::Graph;
use crate::history::{History, PathChange};
use crate::rules::practice::{Detectors, PracticeRule};
use crate::signals::Signals;
use crate::source::Location;
use crate::subject::System;
use crate::verdict::{Standing, Verdicts};
use crate::words::{Because, Unknown, Verdict};

pub(crate) use carried::another as rolls_out_another;
pub(crate) use chain::{Chain, Hop, chain as lead};
pub(crate) use mended::mended;
pub(crate) use near::leaves;
pub(crate) use remedy::{LIKELY, Remedy, Starts, Way};

/// What one practice came to, with its proof.
#[derive(Debug, Clone)]
pub(crate) struct Judged {
    /// Id of the practice or probe.
    pub(crate) id: String,
    /// The verdict and its reason.
    pub(crate) standing: Standing,
    /// Signals that show it, by index.
    pub(crate) signals: Vec<usize>,
    /// Other places that show it (commits, lists of dependencies), with what they are.
    pub(crate) places: Vec<Proof>,
    /// Chains that carry it, best first.
    pub(crate) chains: Vec<Chain>,
    /// What it says more closely.
    pub(crate) qualifiers: BTreeMap<String, BTreeSet<String>>,
    /// Where something like it was found, or what keeps it from more, when it is not met.
    pub(crate) near: Option<Miss>,
    /// What would bring it about, given what is there.
    pub(crate) action: String,
    /// Whether that belongs where the model is trained, which is not here.
    pub(crate) elsewhere: bool,
    /// Where what the action speaks of is, if the nearest miss is another thing.
    pub(crate) meant: Option<Location>,
    /// What would mend the cause, where the cause is known.
    pub(crate) remedy: Option<Remedy>,
}

/// A place that shows something without being a signal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Proof {
    /// The place in a file, if it is one.
    pub(crate) at: Option<Location>,
    /// The commit and its date, if it is one.
    pub(crate) commit: Option<(String, String)>,
    /// What it is.
    pub(crate) what: String,
}

/// The nearest thing to what was asked, and where it stopped: a sentence around the line that is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Miss {
    /// Where.
    pub(crate) at: Location,
    /// What comes before the quoted line; the whole sentence where none is quoted.
    pub(crate) before: String,
    /// The signal whose line is quoted.
    pub(crate) seen: Option<usize>,
    /// What comes after it.
    pub(crate) after: String,
    /// Whether all that it wants is a start that needs no person.
    pub(crate) unstarted: bool,
}

/// The practices that say what starts something by itself: where a file that may show one was not read, nothing can be
/// said to be started by a person only, or by nobody.
pub(crate) const STARTS: &[&str] = &["training.automated", "deploy.automated"];

impl Miss {
    /// A sentence that quotes nothing.
    pub(crate) const fn plain(at: Location, text: String) -> Self {
        Self { at, before: text, seen: None, after: String::new(), unstarted: false }
    }

    /// A sentence around the line of a signal.
    pub(crate) fn quote(at: Location, before: impl Into<String>, seen: usize, after: impl Into<String>) -> Self {
        Self { at, before: before.into(), seen: Some(seen), after: after.into(), unstarted: false }
    }

    /// The same, where it wants nothing but a start that needs no person.
    pub(crate) fn for_want_of_a_start(self) -> Self {
        Self { unstarted: true, ..self }
    }
}

/// Everything a question may look at.
pub(crate) struct Evidence<'e> {
    /// The practice rules.
    pub(crate) rules: &'e [PracticeRule],
    /// What was seen.
    pub(crate) signals: &'e Signals,
    /// What starts what.
    pub(crate) graph: &'e Graph,
    /// What the commits say.
    pub(crate) history: &'e History,
    /// For each part (train, serve): commits that touched its files, where history was asked.
    pub(crate) paths: &'e dyn Fn(&BTreeSet<crate::source::RepoPath>) -> PathChange,
    /// What every file states.
    pub(crate) book: &'e Book,
    /// Practices that files seen and not read may show.
    pub(crate) unread: &'e BTreeSet<String>,
    /// Practices that are not judged because somebody asked for it.
    pub(crate) off: &'e BTreeSet<String>,
    /// The system that is judged.
    pub(crate) system: &'e System,
}

/// Judges every practice and probe for one system; beside each, the standing of every qualifier that was seen.
pub(crate) fn judge(evidence: &Evidence<'_>) -> Vec<(Judged, BTreeMap<String, Standing>)> {
    let mut judge = clause::Judge::new(evidence);
    let mut judged: Vec<_> = evidence.rules.iter().map(|rule| judge.practice(&rule.id)).collect();
    remedy::agree(&mut judged);
    judged
}

/// The table that maturity models read: every practice, and every qualifier that was seen.
pub(crate) fn verdicts(judged: &[(Judged, BTreeMap<String, Standing>)]) -> Verdicts {
    judged
        .iter()
        .flat_map(|(practice, qualified)| {
            std::iter::once((practice.id.clone(), practice.standing))
                .chain(qualified.iter().map(|(word, standing)| (format!("{}[{word}]", practice.id), *standing)))
        })
        .collect()
}

/// The same table, if these practices were met, with what of their qualifiers is there.
pub(crate) fn raised(
    judged: &[(Judged, BTreeMap<String, Standing>)],
    ids: &[String],
) -> Vec<(Judged, BTreeMap<String, Standing>)> {
    let mut all = judged.to_vec();
    for (practice, qualified) in all.iter_mut().filter(|(practice, _)| ids.contains(&practice.id)) {
        practice.standing = Standing::plain(Verdict::Met);
        for standing in qualified.values_mut().filter(|standing| standing.verdict == Verdict::Indicated) {
            *standing = Standing::plain(Verdict::Met);
        }
    }
    all
}

/// What nothing found means, by how much was looked for.
pub(crate) fn nothing_found(rule: &PracticeRule, unread: &BTreeSet<String>) -> Standing {
    match rule.detectors {
        Detectors::All if unread.contains(&rule.id) => Standing::unknown(Unknown::NotRead),
        Detectors::All => Standing::plain(Verdict::NotShown),
        Detectors::Some if unread.contains(&rule.id) => Standing::unknown(Unknown::NotRead),
        Detectors::None | Detectors::Some => Standing::unknown(Unknown::NoDetector),
    }
}

/// How good a standing is; higher is better. Unknown stands beside, see the row algebra of the models.
pub(crate) fn rank(standing: Standing) -> u8 {
    match (standing.verdict, standing.because) {
        (Verdict::Met, _) => 9,
        (Verdict::Attested, _) => 8,
        (Verdict::Indicated, Some(Because::Inferred)) => 7,
        (Verdict::Indicated, Some(Because::Weak)) => 6,
        (Verdict::Indicated, Some(Because::Assumed) | None) => 5,
        (Verdict::Indicated, Some(Because::Idle)) => 4,
        (Verdict::Indicated, Some(Because::Broken)) => 3,
        (Verdict::Unknown, _) => 2,
        (Verdict::NotApplicable, _) => 2,
        (Verdict::NotShown, _) => 1,
        (Verdict::Contradicted, _) => 0,
    }
}
