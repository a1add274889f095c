//! Whether a condition holds for one way of starting a pipeline, and what it asks for besides.

use std::collections::{BTreeMap, BTreeSet};

use super::reading::Reading;
use crate::fact::{FactKind, Guard, UnitId};
use crate::words::TriggerKind;

/// Longest chain of jobs that wait for each other along which limits are handed on.
const MAX_CHAIN: usize = 32;

/// How far something holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Truth {
    /// Always.
    Yes,
    /// Never.
    No,
    /// Sometimes.
    Maybe,
}

/// Whether a condition holds for one kind of pipeline, and what it asks for besides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Held {
    /// Whether it holds.
    pub(super) truth: Truth,
    /// It names what started the pipeline, and asks for just that.
    pub(super) named: bool,
    /// The branches it asks for, where it asks for some.
    pub(super) branches: Option<BTreeSet<String>>,
    /// A variable that it asks for and that is set outside of the repository.
    pub(super) outside: Option<String>,
    /// What else it asks for, as written.
    pub(super) rest: Vec<String>,
}

impl Held {
    pub(super) fn just(truth: Truth) -> Self {
        Self { truth, named: false, branches: None, outside: None, rest: Vec::new() }
    }

    pub(super) fn asking(text: &str) -> Self {
        Self { rest: vec![one_line(text)], ..Self::just(Truth::Maybe) }
    }

    /// Both of them.
    pub(super) fn and(mut self, other: Self) -> Self {
        if self.truth == Truth::No || other.truth == Truth::No {
            return Self::just(Truth::No);
        }
        self.truth = if self.truth == Truth::Yes { other.truth } else { self.truth };
        self.named |= other.named;
        self.branches = match (self.branches.take(), other.branches) {
            (Some(one), Some(other)) => Some(one.intersection(&other).cloned().collect()),
            (one, other) => one.or(other),
        };
        // one run is on one branch
        if self.branches.as_ref().is_some_and(BTreeSet::is_empty) {
            return Self::just(Truth::No);
        }
        self.outside = self.outside.or(other.outside);
        self.rest.extend(other.rest);
        self
    }

    /// Any of them.
    pub(super) fn any(parts: Vec<Self>) -> Self {
        let mut parts: Vec<Self> = parts.into_iter().filter(|p| p.truth != Truth::No).collect();
        let named = parts.iter().any(|p| p.named);
        match parts.iter().position(|p| p.truth == Truth::Yes) {
            Some(_) => return Self { named, ..Self::just(Truth::Yes) },
            None if parts.len() < 2 => return parts.pop().unwrap_or(Self::just(Truth::No)),
            None => {}
        }
        let branches = parts.iter().map(|p| p.branches.clone()).collect::<Option<Vec<_>>>();
        let outside = parts.iter().all(|p| p.outside.is_some()).then(|| parts.iter().find_map(|p| p.outside.clone())).flatten();
        let rest: Vec<String> = parts.iter().map(|p| p.rest.join(" && ")).collect();
        let rest = if rest.iter().any(String::is_empty) { Vec::new() } else { vec![rest.join(" || ")] };
        let branches = branches.map(|all| all.into_iter().flatten().collect());
        Self { truth: Truth::Maybe, named, branches, outside, rest }
    }

    pub(super) fn not(self) -> Self {
        match self.truth {
            Truth::Yes => Self::just(Truth::No),
            Truth::No => Self::just(Truth::Yes),
            Truth::Maybe => Self { named: false, branches: None, ..self },
        }
    }
}

/// States what a condition on a unit comes to, judged for every kind of trigger in turn; `text` is the condition.
pub(super) fn guards<Own>(
    (unit, line): (UnitId, u32),
    text: &str,
    kinds: &[TriggerKind],
    judge: &dyn Fn(TriggerKind) -> Held,
    reading: &mut Reading<'_, Own>,
) {
    // what others load is started by whatever starts them
    let open = kinds.is_empty();
    let kinds = if open { &[TriggerKind::Push, TriggerKind::Schedule, TriggerKind::Manual] } else { kinds };
    let held: Vec<(TriggerKind, Held)> =
        kinds.iter().map(|kind| (*kind, judge(*kind))).filter(|(_, held)| held.truth != Truth::No).collect();
    if held.is_empty() {
        reading.fact(unit, line, FactKind::Guard(Guard::Never(one_line(text))));
    } else if held.len() < kinds.len() && !open {
        let left = held.iter().map(|(kind, _)| *kind).collect();
        reading.fact(unit, line, FactKind::Guard(Guard::Event(left)));
    }
    if let Some((_, first)) = held.first().filter(|_| held.iter().all(|(_, h)| !h.rest.is_empty())) {
        reading.fact(unit, line, FactKind::Guard(Guard::If(first.rest.join(" && "))));
    }
}

/// Jobs that wait for others, which a service skips with them: what limits those limits these. `waiting` holds pairs of a
/// unit, the one that it waits for, and the line that says so.
pub(super) fn spread<Own>(waiting: &[(UnitId, UnitId, u32)], reading: &mut Reading<'_, Own>) {
    // guards of every unit once, and the pairs as often as they chain
    for _ in 0..MAX_CHAIN {
        let mut limits: BTreeMap<UnitId, Vec<Guard>> = BTreeMap::new();
        for fact in &reading.facts.facts {
            if let (
                FactKind::Guard(guard @ (Guard::Never(_) | Guard::Event(_) | Guard::Ref(_) | Guard::AfterFailure(_))),
                Some(unit),
            ) = (&fact.kind, fact.unit)
            {
                limits.entry(unit).or_default().push(guard.clone());
            }
        }
        let mut more: Vec<(UnitId, u32, Guard)> = Vec::new();
        for (unit, on, line) in waiting {
            let name = reading.facts.units.get(*on).map_or("", |u| u.name.as_str());
            let known = limits.get(unit).map_or(&[][..], Vec::as_slice);
            for guard in limits.get(on).into_iter().flatten() {
                let guard = match guard {
                    Guard::Never(word) if word.starts_with("what it waits for") => Guard::Never(word.clone()),
                    Guard::Never(word) => Guard::Never(format!("what it waits for: {name}, {word}")),
                    other => other.clone(),
                };
                if !known.contains(&guard) && !more.iter().any(|(other, _, same)| other == unit && *same == guard) {
                    more.push((*unit, *line, guard));
                }
            }
        }
        if more.is_empty() {
            return;
        }
        for (unit, line, guard) in more {
            reading.fact(unit, line, FactKind::Guard(guard));
        }
    }
}

pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
