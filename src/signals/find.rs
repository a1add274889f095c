//! The loop: every fact of every file against the rules that could mean it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;

use super::matcher::{self, About, Hit, Look};
use super::{Owner, Signal, Signals};
use crate::error::RuleError;
use crate::fact::{Book, FileFacts, Placement};
use crate::history::History;
use crate::resolve::{ALTERNATIVE, Callee, Program};
use crate::rules::Catalog;
use crate::rules::signal::{Example, Matcher, SignalRule};
use crate::source::{Location, RepoPath, is_copy};
use crate::syntax::python::{Exits, Flow, FlowKind, Value};
use crate::walk::Inventory;
use crate::words::{Scope, Strength};

/// Finds every signal, in the order of path, line and rule.
pub(crate) fn find(
    catalog: &Catalog,
    inventory: &Inventory,
    book: &Book,
    placements: &BTreeMap<RepoPath, Placement>,
    program: &Program,
    history: &History,
) -> Signals {
    let table = matcher::Table::of(catalog);
    let nothing = FileFacts::default();
    let of_file = |path: &RepoPath| -> Vec<Signal> {
        let facts = book.get(path);
        let placement = placements.get(path).map_or(Scope::Source, |p| p.scope);
        if placement == Scope::Vendored {
            return Vec::new();
        }
        let asked = if placement == Scope::Elsewhere { Scope::Source } else { placement };
        let look = Look::new(catalog, path, facts.unwrap_or(&nothing), program);
        // that a file is there says something of its own repository
        let mut hits: Vec<(usize, Hit)> = if is_copy(path) { Vec::new() } else { table.of_path(&look) };
        if facts.is_some() {
            hits.extend(table.of_facts(&look));
        }
        let notebook = facts.and_then(|f| f.code.as_ref()).is_some_and(|c| c.notebook);
        kept(catalog, hits, &look)
            .into_iter()
            .filter_map(|(rule, hit)| Some((catalog.signals.get(rule)?, hit)))
            .filter(|(rule, _)| rule.scope.is_empty() || rule.scope.contains(&asked))
            .map(|(rule, hit)| {
                let off = hit.off.clone().or_else(|| swallowed(rule, hit.about, &look));
                signal(rule, Hit { off, ..hit }, path, placement, notebook)
            })
            .collect()
    };
    let mut paths: Vec<&RepoPath> = inventory.entries().iter().map(|entry| &entry.path).collect();
    paths.extend(book.keys().filter(|path| is_copy(path)));
    let mut all: Vec<Signal> = paths.par_iter().map(|path| of_file(path)).collect::<Vec<_>>().into_iter().flatten().collect();
    for (index, rule) in catalog.signals.iter().enumerate() {
        all.extend(
            matcher::in_history(catalog, index, history)
                .into_iter()
                .map(|hit| signal(rule, hit, &".".into(), Scope::Source, false)),
        );
    }
    all.sort_by(|a, b| (&a.at, a.column, &a.id, &a.what).cmp(&(&b.at, b.column, &b.id, &b.what)));
    all.dedup_by(|a, b| a.at == b.at && a.id == b.id && a.owner == b.owner && a.what == b.what);
    one_of_several(&mut all, catalog, program);
    super::rows::mark(&mut all, program, &|path| placements.get(path).map_or(Scope::Source, |p| p.scope));
    Signals { all }
}

/// The handler that swallows the failure by which a call of a rule would stop what follows.
fn swallowed(rule: &SignalRule, about: About, look: &Look<'_>) -> Option<String> {
    let (raises, About::Call(embedded, call)) = (rule.raises.as_ref()?, about) else { return None };
    let seen = look.codes.iter().find(|seen| seen.embedded == embedded)?;
    let handler = seen.module().calls.get(call)?.in_try?;
    let is_handler = |flow: &&Flow| flow.kind == FlowKind::Except && flow.line == handler.line;
    let except = seen.module().flows.iter().find(is_handler);
    let fits = |caught: &Value| match caught {
        Value::Name(name) => name.last().is_some_and(|class| look.catalog.patterns.regex(raises, class)),
        _ => false,
    };
    let caught = match except.and_then(|flow| flow.test.as_ref()) {
        Some(Value::Tuple(classes)) => classes.iter().any(fits),
        Some(one) => fits(one),
        None => false,
    };
    let goes_on = except.is_none_or(|flow| matches!(flow.exits, Exits::Nothing | Exits::Skips));
    ((handler.broad || caught) && goes_on)
        .then(|| format!("the handler on line {} swallows its failure", seen.code.file_line(handler.line)))
}

/// A method of a value that one of several classes made does the same whichever it is, where rules know all of these
/// for one operation: then each is as sure as its rule.
fn one_of_several(all: &mut [Signal], catalog: &Catalog, program: &Program) {
    let alike = |a: &Signal, b: &Signal| a.at == b.at && a.column == b.column && a.op == b.op && a.owner == b.owner;
    let mut first = 0;
    while let Some(signal) = all.get(first) {
        let length = all.iter().skip(first).take_while(|other| other.at == signal.at && other.column == signal.column).count();
        let group = all.get_mut(first..first + length).unwrap_or_default();
        first += length.max(1);
        if length < 2 || group.iter().all(|s| s.strength == Strength::Resolved) {
            continue;
        }
        let sure: Vec<bool> = group
            .iter()
            .map(|signal| {
                let embedded = match signal.owner {
                    Owner::Code(_) => None,
                    Owner::Embedded(fact, _) => Some(fact),
                    _ => return false,
                };
                let callee = program.callee(&signal.at.path, embedded, signal.column as usize);
                let Callee::External { name, strength: Strength::Resolved } = callee else { return false };
                let (classes, method) = name.split_once('#').unwrap_or((&name, ""));
                let known = |class: &str| {
                    let what = if method.is_empty() { class.to_owned() } else { format!("{class}.{method}") };
                    group.iter().any(|other| alike(signal, other) && other.what == what)
                };
                let rule = catalog.signals.iter().find(|rule| rule.id == *signal.id);
                classes.contains(ALTERNATIVE)
                    && signal.op.is_some()
                    && signal.branch.is_none()
                    && rule.is_some_and(|rule| rule.strength.min(Strength::Resolved) == Strength::Resolved)
                    && classes.split(ALTERNATIVE).all(known)
            })
            .collect();
        for (signal, sure) in group.iter_mut().zip(sure) {
            if sure {
                signal.strength = Strength::Resolved;
            }
        }
    }
}

/// Most matches of one rule in one file; more say nothing more.
const MOST: usize = 500;

/// What suppressors and requirements leave, one match for a rule and thing: the surest.
fn kept(catalog: &Catalog, mut hits: Vec<(usize, Hit)>, look: &Look<'_>) -> Vec<(usize, Hit)> {
    hits.sort_by(|(a, x), (b, y)| (a, x.about, y.strength).cmp(&(b, y.about, x.strength)));
    hits.dedup_by(|(a, x), (b, y)| a == b && x.about == y.about);
    let mut left = Vec::new();
    for of_rule in hits.chunk_by(|(a, _), (b, _)| a == b) {
        let Some((index, _)) = of_rule.first() else { continue };
        let Some(rule) = catalog.signals.get(*index) else { continue };
        let anywhere = |matcher: &Matcher| !matcher::one(matcher, look).is_empty();
        if rule.unless_file.iter().any(anywhere) || !(rule.only_with.is_empty() || rule.only_with.iter().any(anywhere)) {
            continue;
        }
        let suppressed: BTreeSet<About> =
            rule.unless.iter().flat_map(|matcher| matcher::one(matcher, look)).map(|hit| hit.about).collect();
        let around: Vec<About> =
            suppressed.iter().copied().filter(|f| matches!(f, About::File | About::Node(..))).take(MOST).collect();
        let free = |about: About| !suppressed.contains(&about) && !around.iter().any(|by| by.concerns(about));
        left.extend(of_rule.iter().filter(|(_, hit)| free(hit.about)).take(MOST).cloned());
    }
    left
}

fn signal(rule: &SignalRule, hit: Hit, path: &RepoPath, scope: Scope, notebook: bool) -> Signal {
    let mut qualifiers = rule.sets.clone();
    qualifiers.extend(hit.sets);
    Signal {
        id: Arc::from(rule.id.as_str()),
        op: rule.op,
        at: Location { path: path.clone(), line: hit.line, end_line: hit.end_line.filter(|e| *e > hit.line) },
        column: hit.column,
        strength: rule.strength.min(hit.strength).min(Strength::Resolved),
        qualifiers,
        scope,
        notebook,
        owner: hit.owner,
        branch: hit.branch,
        off: hit.off,
        commit: hit.commit,
        what: hit.what,
    }
}

/// Runs the examples and counter-examples of every rule through the real readers, given as `see`.
pub(crate) fn prove(catalog: &Catalog, see: &dyn Fn(&[(&str, &str)]) -> Signals) -> Vec<RuleError> {
    let mut wrong = Vec::new();
    for (index, rule) in catalog.signals.iter().enumerate() {
        let seen = |example: &Example| -> Vec<u32> {
            if !example.commits.is_empty() || !example.tags.is_empty() {
                let history = matcher::example_history(example);
                return matcher::in_history(catalog, index, &history).iter().map(|h| h.line).collect();
            }
            let found = see(&[(example.path.as_str(), example.text.as_str())]);
            found.all.iter().filter(|s| *s.id == *rule.id && s.off.is_none()).map(|s| s.at.line).collect()
        };
        for example in &rule.examples {
            let lines = seen(example);
            let text = example.text.lines().next().unwrap_or("");
            if lines.is_empty() {
                wrong.push(
                    catalog.mistake(&rule.id, format!("`{}` is not seen in its example {}: {text}", rule.id, example.path)),
                );
            } else if example.line.is_some_and(|line| !lines.contains(&line)) {
                let message = format!(
                    "`{}` is seen in its example {} on line {lines:?}, not {:?}: {text}",
                    rule.id, example.path, example.line
                );
                wrong.push(catalog.mistake(&rule.id, message));
            }
        }
        for example in &rule.counter_examples {
            let lines = seen(example);
            if !lines.is_empty() {
                let text = example.text.lines().next().unwrap_or("");
                let message = format!("`{}` is seen in its counter-example {} on line {lines:?}: {text}", rule.id, example.path);
                wrong.push(catalog.mistake(&rule.id, message));
            }
        }
    }
    wrong.sort();
    wrong
}

/// Where a match stands, for those that own no unit.
pub(crate) fn owner_at(look: &Look<'_>, line: u32) -> Owner {
    look.facts.unit_at(line).map_or(Owner::File, Owner::Unit)
}
