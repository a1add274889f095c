//! Makefiles: every target is a unit; its prerequisites run before its recipe.

use std::collections::BTreeMap;

use super::tasks::{self, How, runs, takes_in};
use crate::fact::{Called, FactKind, FileFacts, Guard, Inputs, OnFailure, Unit, UnitKind};
use crate::facts::shell::{HOLE, Shell, lower};
use crate::facts::{Context, Reader, When, unparsable};
use crate::source::{self, SourceFile, file_name, folder};
use crate::syntax::{make, shell};

/// Most lists of variables that one file is read for.
const MAX_CALLS: usize = 64;
/// Files with more rules are read once.
const MAX_RULES: usize = 300;

/// Makefiles and what they include.
pub(crate) const READER: Reader = Reader { name: "Makefile", wants, when: When::Always, read };

fn wants(path: &str) -> bool {
    let name = file_name(path);
    matches!(name, "Makefile" | "makefile" | "GNUmakefile") || name.ends_with(".mk")
}

fn read(file: &SourceFile, context: &Context<'_>) -> FileFacts {
    read_for(file, context, &[])
}

/// Reads a Makefile for its own sake, and once for every list of variables that it is called with (`make run MODE=fit`):
/// targets of their own then, named with the variables behind.
pub(super) fn read_for(file: &SourceFile, context: &Context<'_>, calls: &[Inputs]) -> FileFacts {
    let none = BTreeMap::new();
    let parsed = make::parse(&file.text, &none);
    let mut facts = FileFacts { notices: parsed.errors.iter().map(|e| unparsable(file, e)).collect(), ..FileFacts::default() };
    targets(&parsed, "", &none, file, context, &mut facts);
    for (include, line) in &parsed.includes {
        if let Some(path) = source::join(folder(&file.path), include) {
            takes_in(&mut facts, *line, include, Some(path));
        }
    }
    if facts.units.is_empty() || parsed.rules.len() > MAX_RULES || !file.text.contains('$') {
        return facts;
    }
    let unknown = Inputs::from([(Called::ARGUMENTS.to_owned(), HOLE.to_owned())]);
    let mut called = Called { inputs: unknown, alone: Some(0), by_inputs: Vec::new() };
    for inputs in calls.iter().take(MAX_CALLS) {
        let Some(line) = inputs.get(Called::ARGUMENTS) else { continue };
        let given = told(line);
        // what make decides needs the values; what the shell decides keeps the names, so that it can be told why
        let mut parsed = make::parse(&file.text, &given);
        let names = given.keys().map(|name| (name.clone(), format!("${{{name}}}"))).collect();
        let named = make::parse(&file.text, &names);
        let texts: BTreeMap<u32, String> = named.rules.into_iter().flat_map(|r| r.recipe).map(|r| (r.line, r.text)).collect();
        for recipe in parsed.rules.iter_mut().flat_map(|r| &mut r.recipe) {
            if let Some(text) = texts.get(&recipe.line) {
                recipe.text.clone_from(text);
            }
        }
        let first = facts.units.len();
        targets(&parsed, &format!(" {line}"), &given, file, context, &mut facts);
        called.by_inputs.extend((first..facts.units.len()).map(|unit| (inputs.clone(), unit)));
    }
    facts.called = Some(called);
    facts
}

/// The variables that stand in one line.
fn told(line: &str) -> BTreeMap<String, String> {
    let script = shell::parse(&format!("_ {line}"), &shell::Options::default());
    let words = script.commands.into_iter().next().map(|command| command.words).unwrap_or_default();
    words.iter().filter_map(|w| w.text.split_once('=')).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The targets of a Makefile, their names followed by `behind`.
fn targets(
    parsed: &make::Makefile,
    behind: &str,
    given: &BTreeMap<String, String>,
    file: &SourceFile,
    context: &Context<'_>,
    facts: &mut FileFacts,
) {
    let mut units: BTreeMap<String, usize> = BTreeMap::new();
    for rule in &parsed.rules {
        let last = rule.recipe.iter().map(|r| r.line).max().unwrap_or(rule.line);
        for target in rule.targets.iter().filter(|t| !t.starts_with('.')) {
            let unit = *units.entry(target.clone()).or_insert_with(|| {
                facts.units.push(Unit {
                    kind: UnitKind::Target,
                    name: format!("{target}{behind}"),
                    title: None,
                    line: rule.line,
                    end_line: last,
                    parent: None,
                });
                facts.units.len() - 1
            });
            facts.units[unit].end_line = facts.units[unit].end_line.max(last);
            for prerequisite in &rule.prerequisites {
                runs(facts, unit, rule.line, format!("{prerequisite}{behind}"), OnFailure::Stops);
            }
            recipe(rule, unit, parsed, given, file, context, facts);
        }
    }
    // the target that a bare `make` builds has a name of its own, so that others can lead to it
    if let Some(unit) = parsed.default.as_ref().and_then(|d| units.get(d)).copied() {
        let default = facts.units.len();
        let line = facts.units[unit].line;
        let (name, title) = (behind.to_owned(), None);
        facts.units.push(Unit { kind: UnitKind::Target, name, title, line, end_line: line, parent: None });
        let name = facts.units[unit].name.clone();
        runs(facts, default, line, name, OnFailure::Stops);
    }
}

/// Every line of a recipe is a shell of its own, unless the file says otherwise.
fn recipe(
    rule: &make::Rule,
    unit: usize,
    parsed: &make::Makefile,
    given: &BTreeMap<String, String>,
    file: &SourceFile,
    context: &Context<'_>,
    facts: &mut FileFacts,
) {
    let mut variables: BTreeMap<String, String> = parsed.variables.iter().map(|(k, (v, _))| (k.clone(), v.clone())).collect();
    variables.extend(given.iter().filter(|(_, value)| !value.contains('$')).map(|(name, value)| (name.clone(), value.clone())));
    variables.retain(|name, _| given.get(name).is_none_or(|value| !value.contains('$')));
    let how = Shell { dir: Some(folder(&file.path).to_owned()), variables, errexit: true, ..Shell::default() };
    if parsed.oneshell {
        let text = rule.recipe.iter().map(|r| r.text.as_str()).collect::<Vec<_>>().join("\n");
        let lines: Vec<u32> = rule.recipe.iter().map(|r| r.line).collect();
        let line_of = |n: u32| lines.get(n.saturating_sub(1) as usize).copied().unwrap_or(rule.line);
        lower(&text, &line_of, unit, &Shell { errexit: false, ..how }, context, facts);
        return;
    }
    for line in &rule.recipe {
        let first = line.line;
        let ignored = line.ignore_errors.then_some("`-` before the recipe line");
        let how = How { shell: how.clone(), ignored, ..How::default() };
        tasks::shell(facts, unit, &line.text, &|n| first + n.saturating_sub(1), &how, context);
        if line.conditional {
            facts.state(unit, first, FactKind::Guard(Guard::If("a make condition".to_owned())));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_call_gives_chooses_the_branch() {
        let text = "MODE ?= fit\nrun: data\n\t@if [ \"$(MODE)\" = fit ]; then python fit.py; fi\nifeq ($(MODE),fit)\n\tpython keep.py\nendif\ndata:\n\tpython data.py $(MODE)\n";
        let call = |line: &str| Inputs::from([(Called::ARGUMENTS.to_owned(), line.to_owned())]);
        let file = SourceFile::new("Makefile".into(), text.to_owned());
        let facts = read_for(&file, &Context::default(), &[call("MODE=score")]);
        let commands = |name: &str| -> Vec<String> {
            let of = facts.facts.iter().filter(|f| f.unit.is_some_and(|u| facts.units[u].name == name));
            of.filter_map(|f| match &f.kind {
                FactKind::Command(c) if c.off.is_none() && c.program() == "python" => Some(c.text()),
                _ => None,
            })
            .collect()
        };
        assert_eq!(commands("run"), ["python fit.py", "python keep.py"]);
        assert_eq!(commands("run MODE=score"), [""; 0]);
        assert_eq!(commands("data MODE=score"), ["python data.py score"]);
    }

    #[test]
    fn targets_know_their_prerequisites_and_commands() {
        let text = "PY := python\n\nall: train\n\ntrain: data\n\t$(PY) src/train.py\n\t-rm x\n\ndata:\n\t$(MAKE) -C sub fetch\n";
        let facts = read(&SourceFile::new("Makefile".into(), text.to_owned()), &Context::default());
        let names: Vec<(&str, u32)> = facts.units.iter().map(|u| (u.name.as_str(), u.line)).collect();
        assert_eq!(names, [("all", 3), ("train", 5), ("data", 9), ("", 3)]);
        let commands: Vec<(u32, String)> = facts
            .facts
            .iter()
            .filter_map(|f| match &f.kind {
                FactKind::Command(c) => Some((f.line, c.text())),
                _ => None,
            })
            .collect();
        assert_eq!(commands[0], (6, "python src/train.py".to_owned()));
        assert_eq!(commands[1].0, 7);
    }
}
