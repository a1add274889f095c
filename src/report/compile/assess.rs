//! Assessments of maturity models, written down.

use std::collections::BTreeMap;

use super::super::Evidence;
use super::super::model::{Assessment, Blocking, Criterion, Dimension, Reached, Row, StrictGap, Three};
use super::super::system::RemedyKind;
use super::{Findings, JudgedSystem, evidence_of, nearest, remedies, signal};
use crate::maturity;
use crate::practices::{Judged, Miss, Remedy};
use crate::rules::model::Model;
use crate::rules::practice::PracticeRule;
use crate::words::{Unknown, Verdict};

/// Before an action on training in a repository that does not train.
const ELSEWHERE: &str = "where the model is trained (not found here): ";

/// One model's assessment of one system.
pub(super) fn assessment(
    findings: &Findings<'_>,
    model: &Model,
    found: &maturity::Assessment,
    system: &JudgedSystem<'_>,
    rules: &BTreeMap<&str, &PracticeRule>,
) -> Assessment {
    let judged = |id: &str| {
        let id = id.split('[').next().unwrap_or(id);
        system.practices.iter().find(|p| p.id == id)
    };
    let numbers = found.overall.numbers;
    let criteria = model
        .criteria
        .iter()
        .zip(&found.outcomes)
        .map(|(rule, outcome)| Criterion {
            id: rule.id.clone(),
            level: Some(rule.level),
            dim: rule.dim.clone(),
            role: rule.role.word().to_owned(),
            observability: rule.observability,
            topic: rule.topic.clone(),
            verdict: outcome.verdict,
            because: outcome.because.map(Into::into).or_else(|| outcome.unknown.map(Into::into)),
            holds: outcome.holds,
            says: rule.says.clone(),
            place: rule.place.clone(),
            practices: outcome.practices.clone(),
            evidence: {
                let shown = outcome.verdict.is_some_and(|v| {
                    use crate::words::Verdict::{Contradicted, Indicated, Met};
                    matches!(v, Met | Indicated | Contradicted)
                });
                let mut all: Vec<_> = if shown {
                    outcome.practices.iter().filter_map(|id| judged(id)).flat_map(|p| evidence_of(findings, p)).collect()
                } else {
                    Vec::new()
                };
                all.sort();
                all.dedup();
                all.truncate(8);
                all
            },
        })
        .collect();
    let mut blocking: Vec<Blocking> = found
        .blocking
        .iter()
        .map(|blocker| {
            let practice = judged(&blocker.practice);
            let near = practice.and_then(|p| p.near.as_ref());
            let elsewhere = practice.is_some_and(|p| p.elsewhere);
            // a qualifier may be missing of what is met otherwise: then the rule's own words
            let action = practice
                .map(|p| p.action.clone())
                .filter(|action| !action.is_empty())
                .or_else(|| rules.get(blocker.practice.split('[').next().unwrap_or("")).map(|r| r.action.clone()))
                .unwrap_or_default();
            let remedy = practice.and_then(|p| p.remedy.as_ref());
            let action = remedy.map_or(action, |it| remedies::action(it, &remedies::not_proven(findings, practice)));
            let action = if elsewhere && !action.is_empty() { format!("{ELSEWHERE}{action}") } else { action };
            let number = match &blocker.dimension {
                None => numbers,
                Some(name) => found.dimensions.iter().find(|(n, _)| n == name).and_then(|(_, grades)| grades.numbers),
            };
            let with_all = remedy.and_then(|remedy| together(system, remedy, model, blocker.dimension.as_deref()));
            let with_all = with_all.filter(|level| number.is_none_or(|n| *level > n.level));
            Blocking {
                dimension: blocker.dimension.clone(),
                level: blocker.level,
                row: blocker.row.clone(),
                practice: blocker.practice.clone(),
                what: near.map_or_else(|| missing(practice, rules, &blocker.what), |n| super::sentence(findings, n)),
                action,
                evidence: where_to_change(findings, practice, &blocker.practice).into_iter().collect(),
                // what is done in another repository lifts nothing here
                lifts_to: blocker.lifts_to.max(with_all).filter(|_| !elsewhere),
                elsewhere,
                unknown: practice.and_then(|p| p.standing.unknown).or_else(|| practice.is_none().then_some(Unknown::NoDetector)),
                remedy: remedy.map(remedies::kind),
            }
        })
        .collect();
    blocking.sort_by_key(|blocking| blocking.lifts_to.is_none());
    let strict_gaps = found
        .strict_gaps
        .iter()
        .filter_map(|id| {
            let rule = model.criterion(id)?;
            let outcome = found.outcomes.iter().find(|o| o.id == *id)?;
            Some(StrictGap { level: rule.level, row: id.clone(), practices: outcome.practices.clone(), what: rule.says.clone() })
        })
        .collect();
    Assessment {
        id: model.id.clone(),
        title: model.title.clone(),
        edition: model.edition.clone(),
        source_basis: model.source_basis.word().to_owned(),
        level: numbers.map(|n| n.level),
        floor: numbers.map(|n| n.floor),
        ceiling: numbers.map(|n| n.ceiling),
        strict: found.overall.strict,
        with_attestations: found.overall.with_attestations,
        could_be: found.overall.could_be.map(three),
        incomplete: found.overall.incomplete.clone(),
        traits: found.overall.traits.clone(),
        reached: found.overall.reached.iter().map(reached).collect(),
        dimensions: found
            .dimensions
            .iter()
            .map(|(name, grades)| {
                let numbers = grades.numbers;
                let title = model.dimensions.iter().find(|d| d.name == *name).map(|d| d.title.clone()).unwrap_or_default();
                let dimension = Dimension {
                    title,
                    level: numbers.map(|n| n.level),
                    floor: numbers.map(|n| n.floor),
                    ceiling: numbers.map(|n| n.ceiling),
                    strict: grades.strict,
                    could_be: grades.could_be.map(three),
                    incomplete: grades.incomplete.clone(),
                    reached: grades.reached.iter().map(reached).collect(),
                };
                (name.clone(), dimension)
            })
            .collect(),
        criteria,
        together: set(model, &blocking, system),
        blocking,
        strict_gaps,
    }
}

/// The smallest set of changes that reaches the next level where no single one does, each by the practice that it is told
/// of; what cannot be decided, or done here, is in no set.
fn set(model: &Model, blocking: &[Blocking], system: &JudgedSystem<'_>) -> Vec<String> {
    let open = |b: &&Blocking| {
        let is_done = !matches!(b.remedy, Some(RemedyKind::Confirm | RemedyKind::Follow));
        b.unknown.is_none() && !b.elsewhere && is_done
    };
    if model.levels.is_empty() || blocking.iter().any(|b| b.lifts_to.is_some()) {
        return Vec::new();
    }
    // the same action is one change
    let mut changes: Vec<(&Blocking, Vec<&str>)> = Vec::new();
    for one in blocking.iter().filter(open) {
        match changes.iter_mut().find(|(known, _)| known.action == one.action) {
            Some((_, keys)) => keys.push(&one.practice),
            None => {
                let remedy = system.practices.iter().find(|p| p.id == one.practice).and_then(|p| p.remedy.as_ref());
                let same = |raised: &&remedies::Raised<'_>| {
                    remedy.is_some_and(|r| r.way == raised.remedy.way && r.at == raised.remedy.at)
                };
                let besides = system.remedies.iter().find(same).map(|raised| raised.practices.as_slice()).unwrap_or_default();
                let keys = std::iter::once(one.practice.as_str()).chain(besides.iter().map(String::as_str)).collect();
                changes.push((one, keys));
            }
        }
    }
    let keys: Vec<Vec<&str>> = changes.iter().map(|(_, keys)| keys.clone()).collect();
    let found = maturity::together(model, &system.verdicts, &keys).unwrap_or_default();
    found.iter().filter_map(|at| changes.get(*at)).map(|(one, _)| one.practice.clone()).collect()
}

/// What is missing of a practice to which nothing comes near: a model's title would read as if it were there.
fn missing(practice: Option<&Judged>, rules: &BTreeMap<&str, &PracticeRule>, asked: &str) -> String {
    let Some(practice) = practice else { return asked.to_owned() };
    let looked_for = rules.get(practice.id.as_str()).map(|rule| rule.looked_for.as_str()).filter(|told| !told.is_empty());
    let parts = practice.qualifiers.get("missing").filter(|parts| !parts.is_empty());
    match (practice.standing.verdict, parts, looked_for) {
        (_, Some(parts), _) => {
            let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
            format!("missing: {}", parts.join(", "))
        }
        (Verdict::NotShown, None, Some(looked_for)) => format!("not found (looked for {looked_for})"),
        (Verdict::Indicated, None, Some(looked_for)) => format!("there in part only (looked for {looked_for})"),
        // a part of it that the model asks for more closely
        (Verdict::Met, None, _) => format!("met, and not as closely as asked: {asked}"),
        _ => asked.to_owned(),
    }
}

/// Where a change begins: where its cause is mended, at what the action speaks of, or at the nearest miss.
fn where_to_change(findings: &Findings<'_>, practice: Option<&Judged>, id: &str) -> Option<Evidence> {
    let practice = practice?;
    if let Some(at) = practice.remedy.as_ref().map(|remedy| &remedy.at).or(practice.meant.as_ref()) {
        return Some(super::place(findings, at, id));
    }
    let near = practice.near.as_ref()?;
    Some(Evidence { signal: id.to_owned(), ..to_change(findings, practice, near) })
}

/// Where a change begins: at the nearest miss, and where that is a script or notebook as a whole, at the line in it that is
/// meant.
fn to_change(findings: &Findings<'_>, judged: &Judged, near: &Miss) -> Evidence {
    let whole = near.at.line <= 1 && &*near.at.path != ".";
    match near.seen.filter(|seen| whole && findings.signals.all.get(*seen).is_some_and(|s| s.commit.is_none())) {
        Some(seen) => signal(findings, seen),
        None => nearest(findings, judged, near),
    }
}

/// The level that a remedy leads to with all that it mends.
fn together(system: &JudgedSystem<'_>, remedy: &Remedy, model: &Model, column: Option<&str>) -> Option<u8> {
    let raised = system.remedies.iter().find(|raised| raised.remedy.way == remedy.way && raised.remedy.at == remedy.at)?;
    let of = |(id, name, _): &&(&str, Option<&str>, maturity::Three<u8>)| *id == model.id && *name == column;
    raised.numbers.iter().find(of).map(|(_, _, three)| three.level)
}

fn three<T>(of: maturity::Three<T>) -> Three<T> {
    Three { floor: of.floor, level: of.level, ceiling: of.ceiling }
}

fn reached(level: &maturity::Reached) -> Reached {
    Reached {
        level: level.level,
        key: level.key.clone(),
        holds: Three { floor: level.fulfilled.floor, level: level.fulfilled.level, ceiling: level.fulfilled.ceiling },
        rows: level
            .rows
            .iter()
            .map(|row| Row {
                id: row.id.clone(),
                of: row.of.clone(),
                weight: Three { floor: row.weight.floor, level: row.weight.level, ceiling: row.weight.ceiling },
                unknown: row.unknown,
            })
            .collect(),
        share: Three { floor: level.share.floor, level: level.share.level, ceiling: level.share.ceiling },
        needed: Some(level.needed.level),
        thin: level.thin,
    }
}
