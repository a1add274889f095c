//! What keeps a ladder from its next level, one practice at a time.
//!
//! The key comes first, then the rows that weigh; each practice is tried by itself: supposed to be met, graded again. What
//! lifts the level alone stands before what does not.
//!
//! Invariant: a practice stands in the list once, for the first thing that asks for it.

use std::collections::BTreeSet;

use super::ladder::{Kind, climb};
use super::weigh::{Scale, Suppose, View, holds, measure, weight};
use crate::rules::model::{Expr, Key, Level, Model, Reference};
use crate::verdict::Verdicts;

/// One practice that stands between a ladder and its next level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Blocker {
    /// The dimension; none for the model as a whole.
    pub dimension: Option<String>,
    /// The level that is out of reach.
    pub level: u8,
    /// What asks for the practice: the id of a weighing row, or `<model>.<level>.key` (a dimension before the level).
    pub row: String,
    /// The practice, with its qualifier where one is asked for.
    pub practice: String,
    /// What is missing, as a sentence: what decides the level, or the criterion that the row stands for.
    pub what: String,
    /// The level if this practice alone were met; none where the level would stay.
    pub lifts_to: Option<u8>,
}

/// The list for one ladder; empty at its top.
pub(super) fn of(model: &Model, dimension: Option<&str>, levels: &[Level], kind: Kind, view: &View<'_>) -> Vec<Blocker> {
    let (number, stopped) = climb(levels, kind, view, Scale::LEVEL);
    let Some(level) = stopped.and_then(|at| levels.get(at)) else {
        return Vec::new();
    };
    let key_row = match dimension {
        Some(name) => format!("{}.{name}.{}.key", model.id, level.level),
        None => format!("{}.{}.key", model.id, level.level),
    };
    let mut seen = BTreeSet::new();
    let mut list = Vec::new();
    let mut add = |row: &str, what: &str, reference: &Reference, only_if_it_lifts: bool| {
        let lifted = climb(levels, kind, &view.suppose(Suppose::Met(&reference.key)), Scale::LEVEL).0;
        let lifts_to = (lifted > number).then_some(lifted);
        // Two qualifiers of one practice are two ways to the same thing: the first is enough.
        if (only_if_it_lifts && lifts_to.is_none()) || !seen.insert(reference.id.clone()) {
            return;
        }
        list.push(Blocker {
            dimension: dimension.map(str::to_owned),
            level: level.level,
            row: row.to_owned(),
            practice: reference.key.clone(),
            what: what.to_owned(),
            lifts_to,
        });
    };
    let key_holds = measure(level, view, Scale::LEVEL).holds;
    for key in level.keys.iter().filter_map(|alternative| alternative.when.as_ref()) {
        for reference in open_in_key(key, view) {
            add(&key_row, &level.decided_by, reference, key_holds);
        }
    }
    for row in &level.weighs {
        let what = model.criterion(&row.stands_for).map_or("", |criterion| criterion.says.as_str());
        for reference in open_in(&row.of, view) {
            add(&row.id, what, reference, false);
        }
    }
    list.sort_by_key(|blocker| blocker.lifts_to.is_none());
    list
}

/// Changes of which sets are tried, the nearest of them, and how many a set has at most: more is no plan but a rebuilding.
const TRIED: usize = 10;
const LARGEST: usize = 4;

/// The smallest set of changes that leads a model as a whole to a higher level, by their places in the list, each change
/// being the keys that it makes met; the first of equals. None where one is enough, or where none of that size is.
pub(crate) fn together(model: &Model, verdicts: &Verdicts, changes: &[Vec<&str>]) -> Option<Vec<usize>> {
    let view = View::of(verdicts);
    let number = |view: &View<'_>| climb(&model.levels, Kind::Overall, view, Scale::LEVEL).0;
    let before = number(&view);
    let tried = changes.len().min(TRIED);
    let lifts = |set: &[usize]| {
        let met: BTreeSet<&str> = set.iter().filter_map(|at| changes.get(*at)).flatten().copied().collect();
        number(&view.suppose(Suppose::AllMet(&met))) > before
    };
    if (0..tried).any(|one| lifts(&[one])) {
        return None;
    }
    let mut sets: Vec<Vec<usize>> = (0..tried).map(|one| vec![one]).collect();
    for _ in 1..LARGEST {
        let longer = |set: Vec<usize>| {
            let next = set.last().map_or(0, |last| last + 1);
            (next..tried).map(move |more| [set.as_slice(), &[more]].concat())
        };
        sets = sets.into_iter().flat_map(longer).collect();
        if let Some(found) = sets.iter().find(|set| lifts(set)) {
            return Some(found.clone());
        }
    }
    None
}

/// The practices that keep a formula from its full weight.
fn open_in<'e>(expr: &'e Expr, view: &View<'_>) -> Vec<&'e Reference> {
    match weight(expr, view, Scale::LEVEL) {
        Some(w) if w < 1.0 => {}
        _ => return Vec::new(),
    }
    match expr {
        Expr::Practice(reference) => vec![reference],
        Expr::All(parts) | Expr::Any(parts) | Expr::Mean(parts) => parts.iter().flat_map(|p| open_in(p, view)).collect(),
        Expr::Not(_) | Expr::Partly(_) => Vec::new(),
    }
}

/// The practices that keep a key from holding.
fn open_in_key<'k>(key: &'k Key, view: &View<'_>) -> Vec<&'k Reference> {
    if holds(key, view, Scale::LEVEL) {
        return Vec::new();
    }
    match key {
        Key::Shown(expr) | Key::Full(expr) => open_in(expr, view),
        Key::All(parts) | Key::Any(parts) => parts.iter().flat_map(|p| open_in_key(p, view)).collect(),
    }
}
