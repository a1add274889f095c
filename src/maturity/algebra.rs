//! The verdict of a criterion from those of its practices, and the strict reading of a model.
//!
//! "all" takes the least, "any" the best; what does not apply is dropped, what is unknown never is. A criterion that a
//! repository can only indicate is at most indicated; one that only people can state has no verdict until they state it.
//!
//! Invariants: a deficit has no verdict, only whether it holds; what is unknown never becomes not shown.

use std::collections::{BTreeMap, BTreeSet};

use super::weigh::View;
use crate::rules::model::{Criterion, Expr, Model, Role};
use crate::verdict::Standing;
use crate::words::{Because, Observability, Unknown, Verdict};

/// What became of one criterion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// The criterion.
    pub id: String,
    /// The verdict; none of a deficit, of a note, and of what only people can state and did not.
    pub verdict: Option<Verdict>,
    /// Of an indicated one: what keeps it from being met.
    pub because: Option<Because>,
    /// Of an unknown one: why nothing can be said.
    pub unknown: Option<Unknown>,
    /// Of a deficit: whether it holds; none where that cannot be said.
    pub holds: Option<bool>,
    /// Whether the strict reading is content with it.
    pub satisfied: bool,
    /// The practices and probes it is decided by, each once, in the order of the rule.
    pub practices: Vec<String>,
}

/// The verdict of a formula.
pub(crate) fn standing(expr: &Expr, view: &View<'_>) -> Standing {
    match expr {
        Expr::Practice(reference) => view.standing(&reference.key),
        Expr::Not(reference) => absent(view.standing(&reference.key)),
        Expr::Partly(part) => at_most(standing(part, view), Because::Weak),
        // Kinds of one thing are weighed by their mean; a verdict can only ask for all of them.
        Expr::All(parts) | Expr::Mean(parts) => all(parts.iter().map(|part| standing(part, view))),
        Expr::Any(parts) => any(parts.iter().map(|part| standing(part, view))),
    }
}

/// From worst to best; what does not apply and what is unknown has no rank.
fn rank(standing: Standing) -> Option<u8> {
    Some(match (standing.verdict, standing.because) {
        (Verdict::NotApplicable | Verdict::Unknown, _) => return None,
        (Verdict::Contradicted, _) => 0,
        (Verdict::NotShown, _) => 1,
        (Verdict::Indicated, Some(Because::Broken)) => 2,
        (Verdict::Indicated, Some(Because::Idle)) => 3,
        (Verdict::Indicated, Some(Because::Assumed)) => 4,
        (Verdict::Indicated, Some(Because::Weak)) => 5,
        (Verdict::Indicated, Some(Because::Inferred) | None) => 6,
        (Verdict::Attested, _) => 7,
        (Verdict::Met, _) => 8,
    })
}

/// The parts that have a rank, and one that is unknown.
fn sorted_out(parts: impl Iterator<Item = Standing>) -> (Vec<(u8, Standing)>, Option<Standing>) {
    let (mut known, mut unknown) = (Vec::new(), None);
    for part in parts {
        match rank(part) {
            Some(rank) => known.push((rank, part)),
            None if part.verdict == Verdict::Unknown => unknown = unknown.or(Some(part)),
            None => {}
        }
    }
    (known, unknown)
}

fn all(parts: impl Iterator<Item = Standing>) -> Standing {
    let (known, unknown) = sorted_out(parts);
    let least = known.into_iter().min_by_key(|(rank, _)| *rank).map(|(_, s)| s);
    match (least, unknown) {
        (Some(least), Some(_)) if matches!(least.verdict, Verdict::NotShown | Verdict::Contradicted) => least,
        (_, Some(unknown)) => unknown,
        (Some(least), None) => least,
        (None, None) => Standing::plain(Verdict::NotApplicable),
    }
}

fn any(parts: impl Iterator<Item = Standing>) -> Standing {
    let (known, unknown) = sorted_out(parts);
    let best = known.into_iter().max_by_key(|(rank, _)| *rank).map(|(_, s)| s);
    match (best, unknown) {
        (Some(best), Some(_)) if best.verdict == Verdict::Met => best,
        (_, Some(unknown)) => unknown,
        (Some(best), None) => best,
        (None, None) => Standing::plain(Verdict::NotApplicable),
    }
}

/// Absence: holds only where the practice was looked for and not found.
fn absent(of: Standing) -> Standing {
    match of.verdict {
        Verdict::Unknown | Verdict::NotApplicable => of,
        Verdict::NotShown | Verdict::Contradicted => Standing::plain(Verdict::Met),
        Verdict::Met | Verdict::Attested | Verdict::Indicated => Standing::plain(Verdict::NotShown),
    }
}

/// No better than indicated for that reason.
fn at_most(of: Standing, because: Because) -> Standing {
    match of.verdict {
        Verdict::Met => Standing::indicated(because),
        Verdict::Indicated => Standing::indicated(of.because.unwrap_or(because).min(because)),
        _ => of,
    }
}

/// Whether something was found that does its work.
fn is_positive(standing: Standing) -> bool {
    match standing.verdict {
        Verdict::Met | Verdict::Attested => true,
        Verdict::Indicated => standing.because.is_none_or(Because::works),
        Verdict::NotShown | Verdict::Contradicted | Verdict::Unknown | Verdict::NotApplicable => false,
    }
}

/// Decides every criterion of a model, in its order.
pub(crate) fn outcomes(model: &Model, view: &View<'_>) -> Vec<Outcome> {
    model.criteria.iter().map(|criterion| outcome(criterion, view)).collect()
}

fn outcome(criterion: &Criterion, view: &View<'_>) -> Outcome {
    let (found, holds) = match criterion.role {
        Role::Deficit => (None, deficit(criterion, view)),
        Role::Note => (None, None),
        Role::Core | Role::AnyOf | Role::Supporting | Role::People => (verdict(criterion, view), None),
    };
    let mut practices = Vec::new();
    for reference in criterion.formulas().flat_map(Expr::references) {
        if !practices.contains(&reference.key) {
            practices.push(reference.key.clone());
        }
    }
    Outcome {
        id: criterion.id.clone(),
        verdict: found.map(|s| s.verdict),
        because: found.and_then(|s| s.because),
        unknown: found.and_then(|s| s.unknown),
        holds,
        satisfied: found.is_some_and(|s| satisfies(criterion, s)),
        practices,
    }
}

/// Whether a shortcoming holds; none where that was not or cannot be looked for.
fn deficit(criterion: &Criterion, view: &View<'_>) -> Option<bool> {
    if view.verdicts.is_attested(&criterion.id) {
        return Some(true);
    }
    if criterion.refuted_by.as_ref().is_some_and(|expr| is_positive(standing(expr, view))) {
        return Some(false);
    }
    let needs = standing(criterion.needs.as_ref()?, view);
    match needs.verdict {
        Verdict::Unknown | Verdict::NotApplicable => None,
        _ => Some(is_positive(needs)),
    }
}

fn verdict(criterion: &Criterion, view: &View<'_>) -> Option<Standing> {
    if view.verdicts.is_attested(&criterion.id) {
        return Some(Standing::plain(Verdict::Attested));
    }
    let without_object = criterion.only_with.as_ref().is_some_and(|expr| {
        matches!(standing(expr, view).verdict, Verdict::NotShown | Verdict::Contradicted | Verdict::NotApplicable)
    });
    if without_object {
        return Some(Standing::plain(Verdict::NotApplicable));
    }
    let needs = standing(criterion.needs.as_ref()?, view);
    let against = criterion.refuted_by.as_ref().is_some_and(|expr| standing(expr, view).verdict == Verdict::Met);
    match criterion.observability {
        // A hint is worth telling where it is there; where it is not, still only people can say.
        Observability::Attest => is_positive(needs).then(|| at_most(Standing::plain(Verdict::Met), Because::Weak)),
        Observability::None => None,
        _ if against && needs.verdict != Verdict::Met => Some(Standing::plain(Verdict::Contradicted)),
        Observability::Partial => Some(at_most(needs, Because::Inferred)),
        Observability::Direct => Some(needs),
    }
}

fn satisfies(criterion: &Criterion, found: Standing) -> bool {
    match found.verdict {
        Verdict::Met | Verdict::NotApplicable => true,
        Verdict::Indicated => {
            let enough = criterion.indicated_suffices || criterion.observability == Observability::Partial;
            enough && is_positive(found)
        }
        Verdict::Attested | Verdict::NotShown | Verdict::Contradicted | Verdict::Unknown => false,
    }
}

/// The strict reading of a model or of one dimension.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Strict {
    /// The highest level with rows whose every row, and every row below, is satisfied.
    pub level: u8,
    /// How many of those rows are satisfied although they are only indicated.
    pub indicated_only: usize,
    /// The rows that are not satisfied, by level and then in the order of the model; an any-of group that has no
    /// satisfied member is open with all its members.
    pub open: Vec<(u8, String)>,
    /// The unknown rows without which the level might be higher.
    pub incomplete: Vec<String>,
}

/// Reads a model strictly; with a dimension, only that.
pub(crate) fn strict(model: &Model, outcomes: &[Outcome], dimension: Option<&str>) -> Strict {
    let rows: Vec<(&Criterion, &Outcome)> =
        model.criteria.iter().zip(outcomes).filter(|(c, _)| c.is_strict() && dimension.is_none_or(|d| c.dim == d)).collect();
    let unknown = |o: &Outcome| o.verdict == Some(Verdict::Unknown);
    let (level, open) = read(model, &rows, |o| o.satisfied);
    let (possible, _) = read(model, &rows, |o| o.satisfied || unknown(o));
    let at_or_below = |c: &Criterion| c.level <= level;
    let incomplete = if possible > level {
        let open_ids: BTreeSet<&str> = open.iter().map(|(_, id)| id.as_str()).collect();
        rows.iter()
            .filter(|(c, o)| c.level <= possible && unknown(o) && open_ids.contains(c.id.as_str()))
            .map(|(c, _)| c.id.clone())
            .collect()
    } else {
        Vec::new()
    };
    Strict {
        level,
        indicated_only: rows
            .iter()
            .filter(|(c, o)| at_or_below(c) && o.satisfied && o.verdict == Some(Verdict::Indicated))
            .count(),
        open,
        incomplete,
    }
}

/// The level, and the open rows of all levels.
fn read(model: &Model, rows: &[(&Criterion, &Outcome)], content: impl Fn(&Outcome) -> bool) -> (u8, Vec<(u8, String)>) {
    let (mut level, mut blocked, mut open) = (0, false, Vec::new());
    for number in 1..=model.top() {
        let here: Vec<_> = rows.iter().filter(|(c, _)| c.level == number).collect();
        let mut groups: BTreeMap<&str, bool> = BTreeMap::new();
        for (criterion, outcome) in &here {
            // What does not apply neither fills a group nor leaves it open: a group of nothing else is settled.
            for group in &criterion.groups {
                let settled = groups.entry(group).or_insert(false);
                *settled |= content(outcome) && outcome.verdict != Some(Verdict::NotApplicable);
            }
        }
        for (group, settled) in &mut groups {
            let mut members = here.iter().filter(|(c, _)| c.groups.iter().any(|g| g == group));
            *settled |= members.all(|(_, o)| o.verdict == Some(Verdict::NotApplicable));
        }
        let before = open.len();
        for (criterion, outcome) in &here {
            let is_open = match criterion.role {
                Role::AnyOf => criterion.groups.iter().any(|g| groups.get(g.as_str()) == Some(&false)),
                _ => !content(outcome),
            };
            if is_open {
                open.push((number, criterion.id.clone()));
            }
        }
        blocked |= open.len() > before;
        if !blocked && !here.is_empty() {
            level = number;
        }
    }
    (level, open)
}
