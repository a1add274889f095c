//! Makefiles: every target is a unit; its prerequisites run before its recipe.

use std::collections::BTreeMap;

use super::tasks::{self, How, runs, takes_in};
use crate::fact::{FactKind, FileFacts, Guard, OnFailure, Unit, UnitKind};
use crate::facts::shell::{Shell, lower};
use crate::facts::{Context, Reader, When, unparsable};
use crate::source::{self, SourceFile, file_name, folder};
use crate::syntax::make;

/// Makefiles and what they include.
pub(crate) const READER: Reader = Reader { name: "Makefile", wants, when: When::Always, read };

fn wants(path: &str) -> bool {
    let name = file_name(path);
    matches!(name, "Makefile" | "makefile" | "GNUmakefile") || name.ends_with(".mk")
}

fn read(file: &SourceFile, context: &Context<'_>) -> FileFacts {
    let parsed = make::parse(&file.text, &BTreeMap::new());
    let mut facts = FileFacts { notices: parsed.errors.iter().map(|e| unparsable(file, e)).collect(), ..FileFacts::default() };
    let mut units: BTreeMap<String, usize> = BTreeMap::new();
    for rule in &parsed.rules {
        let last = rule.recipe.iter().map(|r| r.line).max().unwrap_or(rule.line);
        for target in rule.targets.iter().filter(|t| !t.starts_with('.')) {
            let unit = *units.entry(target.clone()).or_insert_with(|| {
                facts.units.push(Unit {
                    kind: UnitKind::Target,
                    name: target.clone(),
                    title: None,
                    line: rule.line,
                    end_line: last,
                    parent: None,
                });
                facts.units.len() - 1
            });
            facts.units[unit].end_line = facts.units[unit].end_line.max(last);
            for prerequisite in &rule.prerequisites {
                runs(&mut facts, unit, rule.line, prerequisite.clone(), OnFailure::Stops);
            }
            recipe(rule, unit, &parsed, file, context, &mut facts);
        }
    }
    // the target that a bare `make` builds has a name of its own, so that others can lead to it
    if let Some(unit) = parsed.default.as_ref().and_then(|d| units.get(d)).copied() {
        let default = facts.units.len();
        let line = facts.units[unit].line;
        facts.units.push(Unit { kind: UnitKind::Target, name: String::new(), title: None, line, end_line: line, parent: None });
        let name = facts.units[unit].name.clone();
        runs(&mut facts, default, line, name, OnFailure::Stops);
    }
    for (include, line) in &parsed.includes {
        if let Some(path) = source::join(folder(&file.path), include) {
            takes_in(&mut facts, *line, include, Some(path));
        }
    }
    facts
}

/// Every line of a recipe is a shell of its own, unless the file says otherwise.
fn recipe(
    rule: &make::Rule,
    unit: usize,
    parsed: &make::Makefile,
    file: &SourceFile,
    context: &Context<'_>,
    facts: &mut FileFacts,
) {
    let variables: BTreeMap<String, String> = parsed.variables.iter().map(|(k, (v, _))| (k.clone(), v.clone())).collect();
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
