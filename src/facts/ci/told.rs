//! What files of CI systems come to, told compactly: for tests.

use crate::fact::{FactKind, FileFacts, Guard, OnFailure, Trigger, UsesTarget};
use crate::facts::Context;
use crate::source::SourceFile;

/// Holds what a text comes to in a file of a name against what is expected.
pub(super) fn check(read: fn(&SourceFile, &Context<'_>) -> FileFacts, (path, text): (&str, &str), expected: &[&str]) {
    let told = told(&read(&SourceFile::new(path.into(), text.to_owned()), &Context::default()));
    assert_eq!(told, expected, "\n{}", told.join("\n"));
}

/// One line a unit, and one a fact under it: `line word …`.
pub(super) fn told(facts: &FileFacts) -> Vec<String> {
    let mut lines: Vec<String> = facts.notices.iter().map(|n| format!("! {}", n.text)).collect();
    let of_unit = |unit: Option<usize>| unit.and_then(|u| facts.units.get(u)).map_or("-".to_owned(), |u| u.name.clone());
    for (index, fact) in facts.facts.iter().enumerate() {
        let text = match &fact.kind {
            FactKind::Trigger(Trigger { kind, text, branches, from, off, held }) => {
                let more: Vec<String> = branches.iter().chain(from).chain(off).cloned().collect();
                let held = held.as_ref().map(|h| format!(" ({})", h.why)).unwrap_or_default();
                format!("{kind}: {text} {}", more.join(" ")).trim_end().to_owned() + &held
            }
            FactKind::Command(c) => {
                let code = if facts.embedded.iter().any(|(at, _)| *at == index) { " [python]" } else { "" };
                let failure = match &c.on_failure {
                    OnFailure::Stops => "",
                    OnFailure::GoesOn => " goes on",
                    OnFailure::Discarded(_) => " lost",
                };
                format!("$ {} @{}{failure}{code}", c.text(), c.dir.as_deref().unwrap_or("?"))
            }
            FactKind::Uses(u) => {
                let to = match &u.to {
                    UsesTarget::File(path) => format!("file {path}"),
                    UsesTarget::Unit { path, kind, name } => format!("{kind:?} {name} of {}", path.as_deref().unwrap_or(".")),
                    _ => "outside".to_owned(),
                };
                let with: Vec<String> = u.with.iter().map(|(k, v)| format!("{k}={v}")).collect();
                format!("uses {} -> {to} {}", u.reference, with.join(" ")).trim_end().to_owned()
            }
            FactKind::Needs(n) => format!("needs {}{}", facts.units[n.on].name, if n.stops { "" } else { " anyhow" }),
            FactKind::Guard(g) => match g {
                Guard::If(text) => format!("if {text}"),
                other => format!("{other:?}"),
            },
            FactKind::Environment(name) => format!("environment {name}"),
            FactKind::Setting { key, value } => format!("{key} = {value}"),
            FactKind::Machine { label, hosted } => format!("on {label}{}", if *hosted { "" } else { " (own)" }),
            other => format!("{other:?}"),
        };
        lines.push(format!("{} {}: {text}", fact.line, of_unit(fact.unit)));
    }
    lines
}
