//! The proofs of the rules, and what they leave open.

use std::sync::Arc;

use super::*;
use crate::fact::{Code, UsesTarget};
use crate::resolve::Modules;
use crate::rules::Catalog;
use crate::syntax::python::{Mode, parse};
use crate::walk::Inventory;

/// Each unit, trigger and order of files in one text (each under a line `--- path`), one a line, in file order.
fn says(text: &str) -> Vec<String> {
    let catalog = Catalog::embedded().expect("the rules are sound");
    let text = if text.starts_with("--- ") { text.to_owned() } else { format!("--- a.py\n{text}") };
    let files: Vec<(&str, &str)> =
        text.split("--- ").skip(1).map(|part| part.split_once('\n').map_or((part, ""), |(p, t)| (p.trim(), t))).collect();
    let inventory = Inventory::in_memory(&files);
    let modules = Modules::build(&inventory);
    let book: Book = files
        .iter()
        .map(|(path, text)| {
            let code = Code { module: parse(text, Mode::Module), notebook: false, lines: Vec::new() };
            ((*path).into(), FileFacts { code: Some(Arc::new(code)), ..FileFacts::default() })
        })
        .collect();
    let program = Program::build(&book, &modules);
    let context = Context { wrappers: &catalog.wrappers };
    let added = lower(&book, &program, &catalog.orchestrators, &context);
    added.values().flat_map(written).collect()
}

fn written(facts: &FileFacts) -> Vec<String> {
    let name = |unit: UnitId| match facts.units[unit].parent {
        Some(parent) => format!("{}/{}", facts.units[parent].name, facts.units[unit].name),
        None => facts.units[unit].name.clone(),
    };
    let mut lines = Vec::new();
    for fact in &facts.facts {
        let unit = fact.unit.expect("a unit");
        lines.push(match &fact.kind {
            FactKind::Trigger(t) if t.kind == TriggerKind::Manual => format!("{}: manual", name(unit)),
            FactKind::Trigger(t) => {
                let sure = match (&t.off, &t.held) {
                    (Some(_), _) => " (off)".to_owned(),
                    (None, Some(held)) => format!(" ({})", held.strength),
                    _ => String::new(),
                };
                format!("{}: {}{sure}", name(unit), t.text)
            }
            FactKind::Command(command) => format!("{}: {}", name(unit), command.text()),
            FactKind::Needs(needs) => {
                let mark = if needs.stops { "" } else { " anyway" };
                format!("{} after {}{mark}", name(unit), facts.units[needs.on].name)
            }
            FactKind::Uses(uses) => match &uses.to {
                UsesTarget::Function { path, name: function, .. } => format!("{}: calls {path}#{function}", name(unit)),
                UsesTarget::Unit { name: other, .. } => format!("{}: {} {other}", name(unit), uses.edge),
                other => format!("{}: {other:?}", name(unit)),
            },
            _ => continue,
        });
    }
    lines
}

#[test]
fn the_rules_prove_themselves() {
    let catalog = Catalog::embedded().expect("the rules are sound");
    assert!(!catalog.orchestrators.is_empty());
    for rule in &catalog.orchestrators {
        assert!(!rule.examples.is_empty() && !rule.counter_examples.is_empty(), "{}", rule.name);
        for example in &rule.examples {
            let mut seen = says(&example.text);
            let mut wanted = example.says.clone();
            seen.sort();
            wanted.sort();
            assert_eq!(seen, wanted, "{}: {}", rule.name, example.text);
        }
        for text in &rule.counter_examples {
            assert_eq!(says(text), Vec::<String>::new(), "{}: {text}", rule.name);
        }
    }
}
