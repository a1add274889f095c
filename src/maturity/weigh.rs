//! What a practice, a formula and a key weigh.
//!
//! A practice weighs 1 when it is met, and less or nothing otherwise, by a [`Scale`]. A formula weighs its least part
//! where it says "all", its best where it says "any", the mean of its parts where it lists kinds of one thing.
//!
//! Invariants: what does not apply is left out everywhere; a weight lies between 0 and 1; no scale weighs a practice less
//! than the scale before it in [`Scale::ALL`], so floor, level and ceiling never cross.

use std::collections::BTreeSet;

use crate::rules::model::{Expr, Key, Level};
use crate::verdict::{Standing, Verdicts};
use crate::words::{Because, Verdict};

/// Sums of halves and thirds are compared with shares; this much is rounding.
const ROUNDING: f64 = 1e-9;

/// How much a practice weighs by its verdict; a practice that is met weighs 1 on every scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Scale {
    /// Indicated, and it does its work all the same.
    works: f64,
    /// Indicated, but nothing runs it.
    idle: f64,
    /// Stated by a person.
    attested: f64,
}

impl Scale {
    /// Complete chains alone.
    pub const FLOOR: Self = Self { works: 0.0, idle: 0.0, attested: 0.0 };
    /// The headline.
    pub const LEVEL: Self = Self { works: 0.5, idle: 0.0, attested: 0.0 };
    /// If the outside is confirmed.
    pub const CEILING: Self = Self { works: 1.0, idle: 0.5, attested: 0.0 };
    /// The headline if statements are believed.
    pub const ATTESTED: Self = Self { attested: 1.0, ..Self::LEVEL };
    /// The three that every level is reported with, from the hardest to the mildest.
    pub const ALL: [Self; 3] = [Self::FLOOR, Self::LEVEL, Self::CEILING];

    fn of(self, standing: Standing) -> Option<f64> {
        Some(match (standing.verdict, standing.because) {
            (Verdict::NotApplicable, _) => return None,
            (Verdict::Met, _) => 1.0,
            (Verdict::Attested, _) => self.attested,
            (Verdict::Indicated, Some(because)) if because.works() => self.works,
            (Verdict::Indicated, Some(Because::Idle)) => self.idle,
            // An indicated verdict without a reason is a defect of a rule; the mildest reading is the one readers expect.
            (Verdict::Indicated, None) => self.works,
            (Verdict::Indicated | Verdict::NotShown | Verdict::Unknown | Verdict::Contradicted, _) => 0.0,
        })
    }
}

/// What is supposed to be met on top of what was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Suppose<'a> {
    /// Nothing.
    Nothing,
    /// This one practice, by its key.
    Met(&'a str),
    /// All of these, by their keys.
    AllMet(&'a BTreeSet<&'a str>),
    /// Whatever is unknown.
    UnknownMet,
    /// Whatever is unknown but this one.
    UnknownMetBut(&'a str),
}

/// The verdicts, read under a supposition.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a> {
    /// What was found.
    pub verdicts: &'a Verdicts,
    /// What is supposed on top.
    pub suppose: Suppose<'a>,
}

impl<'a> View<'a> {
    /// What was found, and nothing more.
    pub fn of(verdicts: &'a Verdicts) -> Self {
        Self { verdicts, suppose: Suppose::Nothing }
    }

    /// The same verdicts under another supposition.
    pub fn suppose(self, suppose: Suppose<'a>) -> Self {
        Self { suppose, ..self }
    }

    /// The standing under a key.
    pub fn standing(&self, key: &str) -> Standing {
        let found = self.verdicts.get(key);
        let raised = match self.suppose {
            Suppose::Nothing => false,
            Suppose::Met(one) => one == key,
            Suppose::AllMet(all) => all.contains(key),
            Suppose::UnknownMet => found.verdict == Verdict::Unknown,
            Suppose::UnknownMetBut(one) => one != key && found.verdict == Verdict::Unknown,
        };
        if raised { Standing::plain(Verdict::Met) } else { found }
    }
}

/// The weight of a formula; none where nothing of it applies.
///
/// Absence and weaker forms have no weight: the rules refuse them here, and they are left out.
pub(crate) fn weight(expr: &Expr, view: &View<'_>, scale: Scale) -> Option<f64> {
    let known = |parts: &[Expr]| -> Vec<f64> { parts.iter().filter_map(|part| weight(part, view, scale)).collect() };
    match expr {
        Expr::Practice(reference) => scale.of(view.standing(&reference.key)),
        Expr::All(parts) => known(parts).into_iter().reduce(f64::min),
        Expr::Any(parts) => known(parts).into_iter().reduce(f64::max),
        Expr::Mean(parts) => mean(&known(parts)),
        Expr::Not(_) | Expr::Partly(_) => None,
    }
}

/// Whether a key holds. What does not apply is neither shown nor full.
pub(crate) fn holds(key: &Key, view: &View<'_>, scale: Scale) -> bool {
    match key {
        Key::Shown(expr) => weight(expr, view, scale).is_some_and(|w| w > 0.0),
        Key::Full(expr) => weight(expr, view, scale).is_some_and(|w| w >= 1.0 - ROUNDING),
        Key::All(parts) => parts.iter().all(|part| holds(part, view, scale)),
        Key::Any(parts) => parts.iter().any(|part| holds(part, view, scale)),
    }
}

fn mean(weights: &[f64]) -> Option<f64> {
    // The number of parts is that of a rule file: far below where a float loses count.
    #[allow(clippy::cast_precision_loss)]
    let count = weights.len() as f64;
    (!weights.is_empty()).then(|| weights.iter().sum::<f64>() / count)
}

/// One level on one scale.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Measure {
    /// Whether the key holds, by any of its alternatives.
    pub holds: bool,
    /// The mean weight of the rows; 1 where there are none or none applies.
    pub share: f64,
    /// The smallest share that an alternative which holds asks for, or any alternative where none holds.
    pub needed: f64,
    /// The weight of each row; none where it does not apply.
    pub weights: Vec<Option<f64>>,
}

impl Measure {
    /// Whether the level's own conditions are fulfilled.
    pub fn is_reached(&self) -> bool {
        self.holds && self.share >= self.needed - ROUNDING
    }

    /// Whether no row has an object here.
    pub fn is_empty(&self) -> bool {
        self.weights.iter().all(Option::is_none)
    }
}

/// Measures one level on one scale.
pub(crate) fn measure(level: &Level, view: &View<'_>, scale: Scale) -> Measure {
    let weights: Vec<Option<f64>> = level.weighs.iter().map(|row| weight(&row.of, view, scale)).collect();
    let known: Vec<f64> = weights.iter().copied().flatten().collect();
    let opened = |a: &&crate::rules::model::Alternative| a.when.as_ref().is_none_or(|key| holds(key, view, scale));
    let least = |shares: &mut dyn Iterator<Item = f64>| shares.reduce(f64::min);
    let by_key = least(&mut level.keys.iter().filter(opened).map(|a| a.share));
    Measure {
        holds: by_key.is_some(),
        share: mean(&known).unwrap_or(1.0),
        needed: by_key.or_else(|| least(&mut level.keys.iter().map(|a| a.share))).unwrap_or(1.0),
        weights,
    }
}
