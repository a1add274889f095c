//! Variables of the environment, as far as they decide what runs: who gives them a literal value, and who asks.
//!
//! Only short plain words are followed, of variables for which some program or script of the repository asks: an address
//! or a path chooses no branch. What nobody gives may be anything.

use std::collections::{BTreeMap, BTreeSet};

use super::View;
use crate::fact::{Command, FactKind, FileFacts, UnitId, UnitKind};
use crate::syntax::python::{Module, Name, Root, Value};

/// Longest value that chooses something, in bytes.
const MAX_VALUE: usize = 40;
/// How far up units are asked.
const DEPTH: usize = 8;
/// Deepest nesting of a test that is looked through.
const NESTING: usize = 8;

/// Variables with the values that are certain.
pub(crate) type Environment = BTreeMap<String, String>;

/// Whether a value may choose something.
pub(super) fn chooses(value: &str) -> bool {
    let plain = value.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    !value.is_empty() && value.len() <= MAX_VALUE && plain
}

/// What a unit of a file, and those around it, give to what they start.
pub(crate) fn of_unit(facts: &FileFacts, unit: Option<UnitId>) -> Environment {
    let mut found: BTreeMap<String, Option<String>> = BTreeMap::new();
    let around: Vec<UnitId> = std::iter::successors(unit, |at| facts.units.get(*at)?.parent).take(DEPTH).collect();
    let is_image = facts.units.first().is_some_and(|first| first.kind == UnitKind::Image);
    if is_image {
        for fact in &facts.facts {
            if let FactKind::Instruction(it) = &fact.kind
                && it.keyword == "ENV"
            {
                let pairs = it.args.iter().filter_map(|pair| pair.split_once('='));
                found.extend(pairs.map(|(key, value)| (key.to_owned(), Some(value.to_owned()))));
            }
        }
    }
    let mut inner: BTreeMap<usize, Vec<(&str, &str)>> = BTreeMap::new();
    for fact in &facts.facts {
        if let FactKind::Setting { key, value } = &fact.kind
            && let Some(level) = fact.unit.and_then(|unit| around.iter().position(|at| *at == unit))
        {
            inner.entry(level).or_default().push((key, value));
        }
    }
    for (_, given) in inner.into_iter().rev() {
        let mut once: BTreeMap<&str, Option<&str>> = BTreeMap::new();
        for (key, value) in given {
            // what is said twice is no certainty
            once.entry(key).and_modify(|known| *known = known.filter(|known| *known == value)).or_insert(Some(value));
        }
        found.extend(once.into_iter().map(|(key, value)| (key.to_owned(), value.map(str::to_owned))));
    }
    found.into_iter().filter_map(|(key, value)| Some((key, value.filter(|value| chooses(value))?))).collect()
}

/// What a command gives to what it starts.
pub(crate) fn of_command(command: &Command, facts: &FileFacts, unit: Option<UnitId>) -> Environment {
    let mut found = if command.elsewhere { Environment::new() } else { of_unit(facts, unit) };
    for (key, value) in &command.environment {
        match value.as_ref().filter(|value| chooses(value)) {
            Some(value) => found.insert(key.clone(), value.clone()),
            None => found.remove(key),
        };
    }
    found
}

/// Of these variables those for which something of the repository asks.
pub(super) fn asked(mut given: Environment, view: &View<'_>) -> Environment {
    if !given.is_empty() {
        let asked = view.asked.get_or_init(|| all_asked(view));
        given.retain(|name, _| asked.contains(name));
    }
    given
}

/// Variables by which some program or script chooses what it does.
fn all_asked(view: &View<'_>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for facts in view.book.values() {
        let embedded = facts.embedded.iter().map(|(_, code)| code);
        for code in facts.code.iter().chain(embedded) {
            of_module(&code.module, &mut found);
        }
        let conditions = facts.facts.iter().filter_map(|fact| match &fact.kind {
            FactKind::Command(command) => Some(&command.conditions),
            _ => None,
        });
        for condition in conditions.flatten() {
            found.extend(names(condition));
        }
    }
    found
}

/// Names of variables in shell text.
fn names(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split('$').skip(1).filter_map(|rest| {
        let rest = rest.trim_start_matches('{');
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        let name = rest.get(..end).filter(|name| name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'))?;
        Some(name.to_owned())
    })
}

fn of_module(module: &Module, found: &mut BTreeSet<String>) {
    for call in &module.calls {
        let gets = match call.callee.path.as_slice() {
            [.., environ, get] => environ == "environ" && get == "get",
            [get] => matches!(get.as_str(), "getenv" | "get"),
            [] => false,
        };
        let bare = matches!(&call.callee.root, Root::Local(name) if name == "getenv");
        if let Some(Value::Str(name)) = call.args.first().filter(|_| gets || bare || call.callee.last() == Some("getenv")) {
            found.insert(name.clone());
        }
    }
    let tests = module.flows.iter().filter_map(|flow| flow.test.as_ref());
    for value in tests.chain(module.assigns.iter().map(|assign| &assign.value)) {
        of_value(value, 0, found);
    }
}

/// Keys that stand in a value: `os.environ["MODE"]`.
fn of_value(value: &Value, depth: usize, found: &mut BTreeSet<String>) {
    if depth > NESTING {
        return;
    }
    match value {
        Value::Name(Name { root: Root::Item(of, key), .. }) => {
            if let (Some("environ"), Value::Str(name)) = (of.last(), &**key) {
                found.insert(name.clone());
            }
        }
        Value::Unary { value, .. } => of_value(value, depth + 1, found),
        Value::BoolOp { values, .. } => values.iter().for_each(|value| of_value(value, depth + 1, found)),
        Value::Compare { left, rights, .. } => {
            of_value(left, depth + 1, found);
            rights.iter().for_each(|value| of_value(value, depth + 1, found));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::python::{Mode, parse};

    #[test]
    fn what_chooses_is_short_and_plain() {
        assert!(["train", "1", "full-run"].iter().all(|value| chooses(value)));
        assert!(["", "postgres://db", "$X", "${{ inputs.mode }}", "two words"].iter().all(|value| !chooses(value)));
    }

    #[test]
    fn programs_ask_by_name() {
        let text = "import os\nif os.getenv('A') == 'x' or os.environ['B']:\n    pass\nc = os.environ.get('C')\nd = {}['D']\n";
        let mut found = BTreeSet::new();
        of_module(&parse(text, Mode::Module), &mut found);
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["A", "B", "C"]);
        assert_eq!(names("[ \"$MODE\" = ${X:-1} ] && $1").collect::<Vec<_>>(), ["MODE", "X"]);
    }
}
