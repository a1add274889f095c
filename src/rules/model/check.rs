//! What makes a maturity model sound.
//!
//! Form is judged by the file alone, names by the practices and probes there are. Every mistake is reported, not the first.

use std::collections::{BTreeMap, BTreeSet};

use super::{Criterion, Expr, Model, Reference, Role};
use crate::error::RuleError;
use crate::words::Observability;

/// The practices and probes there are: for each id the words that each of its qualifiers may have.
pub(crate) type Known = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// Holds a model against the practices and probes there are; gives the names that lead nowhere, sorted.
pub(crate) fn check(model: &Model, known: &Known) -> Vec<RuleError> {
    let mut errors = Vec::new();
    let mut look = |id: &str, reference: &Reference| {
        if let Some(message) = unknown_name(reference, known) {
            errors.push(model.mistake(id, format!("{id}: {message}")));
        }
    };
    for level in model.all_levels() {
        let first_row = level.weighs.first().map_or(model.id.as_str(), |row| row.id.as_str());
        for key in level.keys.iter().filter_map(|alternative| alternative.when.as_ref()) {
            key.references().into_iter().for_each(|r| look(first_row, r));
        }
        for row in &level.weighs {
            row.of.references().into_iter().for_each(|r| look(&row.id, r));
        }
    }
    for criterion in &model.criteria {
        criterion.formulas().flat_map(Expr::references).for_each(|r| look(&criterion.id, r));
    }
    errors.sort();
    errors.dedup();
    errors
}

fn unknown_name(reference: &Reference, known: &Known) -> Option<String> {
    let Some(qualifiers) = known.get(&reference.id) else {
        return Some(format!("there is no practice or probe `{}`", reference.id));
    };
    let (name, word) = reference.qualifier.as_ref()?;
    let listed = |words: &mut dyn Iterator<Item = &String>| words.map(String::as_str).collect::<Vec<_>>().join(", ");
    let Some(words) = qualifiers.get(name) else {
        return Some(format!("`{}` has no qualifier `{name}`; it has: {}", reference.id, listed(&mut qualifiers.keys())));
    };
    (!words.contains(word))
        .then(|| format!("`{}[{name}]` is never `{word}`; it is one of: {}", reference.id, listed(&mut words.iter())))
}

/// The mistakes that the file alone shows, sorted.
pub(super) fn form(model: &Model) -> Vec<RuleError> {
    let mut errors = Vec::new();
    let mut seen = BTreeSet::new();
    let rows = model.all_levels().flat_map(|level| &level.weighs);
    for id in model.criteria.iter().map(|c| &c.id).chain(rows.map(|r| &r.id)) {
        if !seen.insert(id) {
            errors.push(model.mistake(id, format!("the id `{id}` is given twice")));
        }
        if !id.strip_prefix(model.id.as_str()).is_some_and(|rest| rest.starts_with('.')) {
            errors.push(model.mistake(id, format!("the id `{id}` must start with `{}.`", model.id)));
        }
    }
    if model.criteria.is_empty() {
        errors.push(model.mistake(&model.id, "a model without criteria says nothing"));
    }
    for ladder in std::iter::once(&model.levels).chain(model.dimensions.iter().map(|d| &d.levels)) {
        let numbers: Vec<u8> = ladder.iter().map(|level| level.level).collect();
        if numbers.contains(&0) || !numbers.is_sorted_by(|a, b| a < b) {
            errors.push(model.mistake(&model.id, format!("levels must ascend from 1, these are {numbers:?}")));
        }
    }
    let mut names = BTreeSet::new();
    for dimension in &model.dimensions {
        if !names.insert(&dimension.name) {
            errors.push(model.mistake(&model.id, format!("the dimension `{}` is given twice", dimension.name)));
        }
        if !model.criteria.iter().any(|c| c.dim == dimension.name) {
            errors.push(model.mistake(&model.id, format!("no criterion belongs to the dimension `{}`", dimension.name)));
        }
    }
    for level in model.all_levels() {
        let mut fault = |id: &str, message: String| errors.push(model.mistake(id, message));
        if level.keys.is_empty() {
            fault(&model.id, format!("level {} has no key; give at least `- share: 0.5`", level.level));
        }
        for alternative in &level.keys {
            if !(0.0..=1.0).contains(&alternative.share) {
                fault(&model.id, format!("level {}: a share lies between 0 and 1, not at {}", level.level, alternative.share));
            }
            for expr in alternative.when.iter().flat_map(|key| key.formulas()) {
                if !weighs(expr) {
                    fault(&model.id, format!("level {}: `{expr}`: `!` and `partly` have no weight", level.level));
                }
            }
        }
        for row in &level.weighs {
            if model.criterion(&row.stands_for).is_none() {
                fault(&row.id, format!("{}: there is no criterion `{}`", row.id, row.stands_for));
            }
            if !weighs(&row.of) {
                fault(&row.id, format!("{}: `{}`: `!` and `partly` have no weight", row.id, row.of));
            }
        }
    }
    for criterion in &model.criteria {
        errors.extend(form_of(criterion).into_iter().map(|m| model.mistake(&criterion.id, format!("{}: {m}", criterion.id))));
    }
    errors.sort();
    errors
}

fn weighs(expr: &Expr) -> bool {
    !expr.has(|e| matches!(e, Expr::Not(_) | Expr::Partly(_)))
}

fn form_of(criterion: &Criterion) -> Vec<&'static str> {
    let mut faults = Vec::new();
    let mut rule = |holds: bool, message: &'static str| {
        if !holds {
            faults.push(message);
        }
    };
    let attested = criterion.is_attested();
    rule(!attested || criterion.topic.is_some(), "what only a person can state needs a `topic`");
    rule(criterion.topic.as_ref().is_none_or(|t| t.starts_with("attest.")), "a topic starts with `attest.`");
    rule((criterion.role == Role::AnyOf) != criterion.groups.is_empty(), "`groups` and the role `any_of` go together");
    rule(!criterion.is_strict() || (criterion.needs.is_some() && !attested), "what blocks a level must be visible: give `needs`");
    rule(criterion.role != Role::Note || criterion.needs.is_none(), "a note asks for nothing");
    rule(
        (criterion.role == Role::Note) == (criterion.observability == Observability::None),
        "a note, and nothing else, has the observability `n/a`",
    );
    rule(criterion.until.is_none_or(|until| until >= criterion.level), "`until` lies below the level");
    rule(!criterion.says.trim().is_empty(), "`says` is empty");
    rule(!criterion.place.trim().is_empty(), "`where` is empty");
    rule(
        !criterion.formulas().any(|expr| expr.has(|e| matches!(e, Expr::Mean(_)))),
        "`mean` is for weighing rows; a criterion says `all` or `any`",
    );
    faults
}
