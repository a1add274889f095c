//! Projects that give names to commands: the entry points of an `MLproject`, the commands and workflows of a spaCy project.
//!
//! Each is a target, run by whoever names it. What a parameter is given is known to the run alone, so it is a hole; a
//! variable that the file itself gives is put in. Commands start in the folder of the file.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::fact::{FactKind, FileFacts, OnFailure, Unit, UnitId, UnitKind, Uses, UsesTarget};
use crate::facts::shell::{HOLE, Shell, lower};
use crate::facts::{Context, Reader, When, unparsable};
use crate::source::{self, SourceFile, file_name};
use crate::syntax::tree::{Node, Style};
use crate::syntax::{top, yaml};
use crate::words::EdgeKind;

/// `MLproject`.
pub(crate) const MLFLOW: Reader =
    Reader { name: "MLflow project", wants: |path| file_name(path) == "MLproject", when: When::Always, read: entry_points };
/// `project.yml` of spaCy and of weasel; other tools have files of that name.
pub(crate) const SPACY: Reader = Reader {
    name: "spaCy project",
    wants: |path| matches!(file_name(path), "project.yml" | "project.yaml"),
    when: When::Recognised(|_, text| top::has(text, &["commands"]) && text.contains("script:")),
    read: commands,
};

/// Most targets of one file, and most lines of one.
const MOST: usize = 500;

fn entry_points(file: &SourceFile, context: &Context<'_>) -> FileFacts {
    read(file, |root, facts| {
        let all = root.get("entry_points").into_iter().flat_map(Node::entries).take(MOST).collect::<Vec<_>>();
        // the environment is made first, and without its file no entry point runs
        let environment = ["conda_env", "python_env"].iter().find_map(|key| Some((root.at(key)?, root.key_line(key)?)));
        for (key, entry) in all {
            let unit = target(key.text, key.line, entry, facts);
            if let Some((name, line)) = environment
                && let Some(path) = source::join(source::folder(&file.path), name)
            {
                let reference = format!("makes the environment of {name}");
                let to = UsesTarget::File(path);
                let uses = Uses { reference, with: Vec::new(), to, edge: EdgeKind::Reads, on_failure: OnFailure::Stops };
                facts.state(unit, line, FactKind::Uses(uses));
            }
            if let Some(command) = entry.get("command") {
                shell(command, unit, file, &|text| without_fields(text, "{", "}"), context, facts);
            }
        }
    })
}

fn commands(file: &SourceFile, context: &Context<'_>) -> FileFacts {
    read(file, |root, facts| {
        let given: BTreeMap<&str, &str> = root
            .get("vars")
            .into_iter()
            .flat_map(Node::entries)
            .filter_map(|(key, value)| Some((key.text, value.text()?)))
            .collect();
        let filled = |text: &str| {
            let known =
                given.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("${{vars.{name}}}"), value));
            without_fields(&known, "${", "}")
        };
        for command in root.get("commands").into_iter().flat_map(Node::items).take(MOST) {
            let Some(name) = command.at("name") else { continue };
            let unit = target(name, command.line(), command, facts);
            for line in command.get("script").into_iter().flat_map(Node::items).take(MOST) {
                shell(line, unit, file, &filled, context, facts);
            }
        }
        let all = root.get("workflows").into_iter().flat_map(Node::entries).take(MOST).collect::<Vec<_>>();
        for (key, steps) in all {
            let unit = target(key.text, key.line, steps, facts);
            for (name, line) in steps.strings().into_iter().take(MOST) {
                let to = UsesTarget::Unit { path: None, kind: UnitKind::Target, name: name.to_owned() };
                let edge = EdgeKind::Invokes;
                let uses = Uses { reference: name.to_owned(), with: Vec::new(), to, edge, on_failure: OnFailure::Stops };
                facts.state(unit, line, FactKind::Uses(uses));
            }
        }
    })
}

fn read(file: &SourceFile, with: impl FnOnce(Node<'_>, &mut FileFacts)) -> FileFacts {
    let parsed = yaml::parse(&file.text);
    let mut facts = FileFacts { notices: parsed.errors.iter().map(|e| unparsable(file, e)).collect(), ..FileFacts::default() };
    if let Some(root) = parsed.tree.root() {
        with(root, &mut facts);
    }
    facts.tree = Some(Arc::new(parsed.tree));
    facts
}

fn target(name: &str, line: u32, node: Node<'_>, facts: &mut FileFacts) -> UnitId {
    let end_line = node.end_line().max(line);
    facts.units.push(Unit { kind: UnitKind::Target, name: name.to_owned(), title: None, line, end_line, parent: None });
    facts.units.len() - 1
}

fn shell(
    node: Node<'_>,
    unit: UnitId,
    file: &SourceFile,
    filled: &dyn Fn(&str) -> String,
    context: &Context<'_>,
    facts: &mut FileFacts,
) {
    let Some(text) = node.text() else { return };
    let (first, exact) = (node.line(), node.style() == Style::Literal);
    let how = Shell { dir: Some(source::folder(&file.path).to_owned()), errexit: true, ..Shell::default() };
    lower(&filled(text), &|n| if exact { first + n - 1 } else { first }, unit, &how, context, facts);
}

/// A text with holes for what stands between marks.
pub(super) fn without_fields(text: &str, open: &str, close: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(open) {
        let Some((_, behind)) = after.split_once(close) else { break };
        out.push_str(before);
        out.push_str(HOLE);
        rest = behind;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(reader: &Reader, path: &str, text: &str) -> Vec<String> {
        let facts = (reader.read)(&SourceFile::new(path.into(), text.to_owned()), &Context::default());
        let name = |unit: Option<UnitId>| unit.and_then(|u| facts.units.get(u)).map_or("?", |u| u.name.as_str());
        let of = |fact: &crate::fact::Fact| match &fact.kind {
            FactKind::Command(c) => Some(format!("{} {}: {} @{}", fact.line, name(fact.unit), c.text(), c.dir.as_deref()?)),
            FactKind::Uses(uses) => Some(format!("{} {}: {}", fact.line, name(fact.unit), uses.reference)),
            _ => None,
        };
        facts.facts.iter().filter_map(of).collect()
    }

    #[test]
    fn entry_points_are_targets_with_holes() {
        let text = "name: rents\nentry_points:\n  main:\n    parameters:\n      alpha: {type: float, default: 0.1}\n    command: \"python fit.py --alpha {alpha}\"\n  check:\n    command: |\n      python check.py {path}\n      ls\n  odd: 3\n";
        assert_eq!(
            told(&MLFLOW, "ml/MLproject", text),
            ["6 main: python fit.py --alpha ${_} @ml", "9 check: python check.py ${_} @ml", "10 check: ls @ml"]
        );
    }

    #[test]
    fn workflows_run_commands_in_order() {
        let text = "vars:\n  config: base.cfg\nworkflows:\n  all:\n    - fetch\n    - train\ncommands:\n  - name: fetch\n    script:\n      - \"python fetch.py ${vars.config} ${env.KEY}\"\n  - name: train\n    script: [\"python -m spacy train ${vars.config}\"]\n";
        assert_eq!(
            told(&SPACY, "project.yml", text),
            [
                "10 fetch: python fetch.py base.cfg ${_} @.",
                "12 train: python -m spacy train base.cfg @.",
                "5 all: fetch",
                "6 all: train"
            ]
        );
        assert!(told(&SPACY, "project.yml", "- a\n").is_empty() && told(&MLFLOW, "MLproject", "entry_points: [1]\n").is_empty());
    }
}
