//! One ladder of levels: of a model as a whole, or of one of its dimensions.
//!
//! Level N is reached when its key holds and its rows have the needed share; the number of a ladder is the highest level
//! with every level below it reached too. On the ladder of a dimension, a level whose rows have no object is passed over.
//!
//! Invariants: floor <= level <= ceiling; every number can be made again from [`Reached`] alone.

use std::collections::BTreeSet;

use super::weigh::{Measure, Scale, Suppose, View, measure, weight};
use crate::rules::model::{Alternative, Expr, Level};
use crate::words::Verdict;

/// The same thing on the three scales.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Three<T> {
    /// From complete chains alone.
    pub floor: T,
    /// The headline.
    pub level: T,
    /// If the outside is confirmed.
    pub ceiling: T,
}

impl<T> Three<T> {
    fn by(mut of: impl FnMut(Scale) -> T) -> Self {
        let [floor, level, ceiling] = Scale::ALL;
        Self { floor: of(floor), level: of(level), ceiling: of(ceiling) }
    }
}

/// Which ladder it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Of the whole model: a level without rows is decided by its key.
    Overall,
    /// Of a dimension: a level without rows that apply neither raises nor blocks.
    Dimension,
}

/// A ladder, graded.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Grades {
    /// The three numbers; none where nothing can be seen in a repository.
    pub numbers: Option<Three<u8>>,
    /// The level up to which the publisher's tables ask for nothing more: `3 (= 4)`. None where that is the level itself.
    pub same_as: Option<u8>,
    /// The strict reading; none where the numbers are.
    pub strict: Option<u8>,
    /// How many rows of the strict reading are satisfied although only indicated.
    pub strict_indicated: usize,
    /// The unknown criteria without which the strict reading might be higher.
    pub strict_incomplete: Vec<String>,
    /// The level if statements are believed; none where nobody stated anything.
    pub with_attestations: Option<u8>,
    /// The numbers if all that is unknown were met; none where that changes nothing. A gate that lies between a number
    /// and this one has no verdict.
    pub could_be: Option<Three<u8>>,
    /// The unknown practices without which a number might be higher.
    pub incomplete: Vec<String>,
    /// Levels above the level whose own conditions are fulfilled.
    pub traits: Vec<u8>,
    /// Every level with what decides it.
    pub reached: Vec<Reached>,
}

/// One level with what decides it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reached {
    /// The level.
    pub level: u8,
    /// The key with its shares, in words.
    pub key: String,
    /// What decides it, as a sentence.
    pub decided_by: String,
    /// Whether the key holds.
    pub holds: Three<bool>,
    /// The rows that weigh.
    pub rows: Vec<Weighed>,
    /// The mean weight of the rows that apply; 1 where there are none.
    pub share: Three<f64>,
    /// The share that is needed: the smallest of the alternatives that hold, or of all where none holds.
    pub needed: Three<f64>,
    /// Whether the level's own conditions are fulfilled.
    pub fulfilled: Three<bool>,
    /// Reached, and yet its rows have under half their weight.
    pub thin: bool,
}

/// A row that weighs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Weighed {
    /// The row.
    pub id: String,
    /// Its formula in words.
    pub of: String,
    /// The criterion it stands for.
    pub stands_for: String,
    /// Its weight; none where it does not apply.
    pub weight: Three<Option<f64>>,
    /// Whether it weighs nothing, and would weigh something if what is unknown were met.
    pub unknown: bool,
}

/// The number of a ladder on one scale, and the first level that stops it.
pub(super) fn climb(levels: &[Level], kind: Kind, view: &View<'_>, scale: Scale) -> (u8, Option<usize>) {
    let mut number = 0;
    for (at, level) in levels.iter().enumerate() {
        let measured = measure(level, view, scale);
        if passes_over(kind, &measured) {
            continue;
        }
        if !measured.is_reached() {
            return (number, Some(at));
        }
        number = level.level;
    }
    (number, None)
}

fn passes_over(kind: Kind, measured: &Measure) -> bool {
    kind == Kind::Dimension && measured.is_empty()
}

/// Grades a ladder. `top` is the highest level of the model. The strict reading is for others to add.
pub(super) fn grade(levels: &[Level], kind: Kind, top: u8, view: &View<'_>) -> Grades {
    if levels.is_empty() {
        return Grades::default();
    }
    let numbers = three(levels, kind, view);
    let reached: Vec<Reached> = levels.iter().map(|level| reach(level, kind, numbers.level, view)).collect();
    let could_be = three(levels, kind, &view.suppose(Suppose::UnknownMet));
    let changes = could_be != numbers;
    Grades {
        numbers: Some(numbers),
        same_as: same_as(levels, kind, numbers.level, top, view),
        with_attestations: view.verdicts.has_attestations().then(|| climb(levels, kind, view, Scale::ATTESTED).0),
        could_be: changes.then_some(could_be),
        incomplete: if changes { incomplete(levels, kind, numbers, could_be, view) } else { Vec::new() },
        traits: levels
            .iter()
            .filter(|level| level.level > numbers.level)
            .filter(|level| {
                let measured = measure(level, view, Scale::LEVEL);
                measured.is_reached() && !passes_over(kind, &measured)
            })
            .map(|level| level.level)
            .collect(),
        reached,
        ..Grades::default()
    }
}

fn three(levels: &[Level], kind: Kind, view: &View<'_>) -> Three<u8> {
    Three::by(|scale| climb(levels, kind, view, scale).0)
}

fn reach(level: &Level, kind: Kind, number: u8, view: &View<'_>) -> Reached {
    let measures = Three::by(|scale| measure(level, view, scale));
    let pick = |weights: fn(&Measure) -> &[Option<f64>], row: usize| Three {
        floor: weights(&measures.floor).get(row).copied().flatten(),
        level: weights(&measures.level).get(row).copied().flatten(),
        ceiling: weights(&measures.ceiling).get(row).copied().flatten(),
    };
    let is_zero = |view: &View<'_>, row: &crate::rules::model::Row| weight(&row.of, view, Scale::LEVEL).is_some_and(|w| w <= 0.0);
    let rows = level
        .weighs
        .iter()
        .enumerate()
        .map(|(at, row)| Weighed {
            id: row.id.clone(),
            of: row.of.to_string(),
            stands_for: row.stands_for.clone(),
            weight: pick(|m| &m.weights, at),
            unknown: is_zero(view, row) && !is_zero(&view.suppose(Suppose::UnknownMet), row),
        })
        .collect();
    let each = |of: fn(&Measure) -> f64| Three {
        floor: of(&measures.floor),
        level: of(&measures.level),
        ceiling: of(&measures.ceiling),
    };
    let whether = |of: fn(&Measure) -> bool| Three {
        floor: of(&measures.floor),
        level: of(&measures.level),
        ceiling: of(&measures.ceiling),
    };
    let empty = measures.level.is_empty();
    Reached {
        level: level.level,
        key: key_in_words(&level.keys),
        decided_by: level.decided_by.clone(),
        holds: whether(|m| m.holds),
        rows,
        share: each(|m| m.share),
        needed: each(|m| m.needed),
        fulfilled: if passes_over(kind, &measures.level) { Three::default() } else { whether(Measure::is_reached) },
        thin: level.level <= number && !empty && measures.level.share < 0.5,
    }
}

/// The alternatives of a key as one line that can be recomputed by hand.
fn key_in_words(keys: &[Alternative]) -> String {
    let alternatives: Vec<String> = keys
        .iter()
        .map(|alternative| {
            let when = alternative.when.as_ref().map_or_else(|| "always".to_owned(), ToString::to_string);
            format!("{when}, share {:.2}", alternative.share)
        })
        .collect();
    alternatives.join("; or ")
}

/// The last level before the next one that asks for anything.
fn same_as(levels: &[Level], kind: Kind, number: u8, top: u8, view: &View<'_>) -> Option<u8> {
    if kind == Kind::Overall || number == 0 {
        return None;
    }
    let next = levels
        .iter()
        .find(|level| level.level > number && !measure(level, view, Scale::LEVEL).is_empty())
        .map_or(top.saturating_add(1), |level| level.level);
    let last = next.saturating_sub(1);
    (last > number).then_some(last)
}

/// The unknown practices that keep a number down: those that change one alone, or are missed when all others are met.
/// Where neither singles any out, all that the levels in question name.
fn incomplete(levels: &[Level], kind: Kind, numbers: Three<u8>, could_be: Three<u8>, view: &View<'_>) -> Vec<String> {
    let from = numbers.floor.min(numbers.level).min(numbers.ceiling);
    let mut named = BTreeSet::new();
    for level in levels.iter().filter(|level| level.level > from && level.level <= could_be.ceiling) {
        let in_keys = level.keys.iter().filter_map(|a| a.when.as_ref()).flat_map(|key| key.references());
        let in_rows = level.weighs.iter().map(|row| &row.of).flat_map(Expr::references);
        named.extend(
            in_keys
                .chain(in_rows)
                .map(|reference| reference.key.as_str())
                .filter(|key| view.standing(key).verdict == Verdict::Unknown),
        );
    }
    let telling = |key: &&&str| {
        three(levels, kind, &view.suppose(Suppose::Met(key))) != numbers
            || three(levels, kind, &view.suppose(Suppose::UnknownMetBut(key))) != could_be
    };
    let told: Vec<String> = named.iter().filter(telling).map(ToString::to_string).collect();
    if told.is_empty() { named.iter().map(ToString::to_string).collect() } else { told }
}
