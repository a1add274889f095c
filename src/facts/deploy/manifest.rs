//! Manifests that a command hands over for running elsewhere: what they start stands under a few usual keys.
//!
//! Read only where something leads to the file, so an unrelated document is never taken for a job.

use std::sync::Arc;

use crate::fact::{FileFacts, Unit, UnitKind};
use crate::facts::shell::{Shell, lower};
use crate::facts::{Context, Reader, When, unparsable};
use crate::source::{SourceFile, extension, file_name};
use crate::syntax::tree::{Kind, Node, Style};
use crate::syntax::yaml;

/// YAML documents that a command names.
pub(crate) const READER: Reader = Reader { name: "manifest", wants, when: When::LedTo, read };

/// Keys whose text is a command line.
const COMMANDS: &[&str] = &["entrypoint", "command", "run", "cmd", "setup"];
/// Deepest place at which they are looked for.
const DEPTH: usize = 8;

fn wants(path: &str) -> bool {
    let own = path.starts_with(".github/")
        || matches!(file_name(path), "dvc.yaml" | "dvc.lock" | "action.yml" | "action.yaml" | "params.yaml");
    let compose = file_name(path).starts_with("compose") || file_name(path).starts_with("docker-compose");
    matches!(extension(path), Some("yml" | "yaml")) && !own && !compose
}

fn read(file: &SourceFile, context: &Context<'_>) -> FileFacts {
    let parsed = yaml::parse(&file.text);
    let mut facts = FileFacts { notices: parsed.errors.iter().map(|e| unparsable(file, e)).collect(), ..FileFacts::default() };
    let lines = file.text.lines().count().max(1) as u32;
    facts.units.push(Unit {
        kind: UnitKind::Job,
        name: file.name().to_owned(),
        title: None,
        line: 1,
        end_line: lines,
        parent: None,
    });
    for doc in parsed.tree.docs() {
        commands(doc, context, &mut facts, 0);
    }
    facts.tree = Some(Arc::new(parsed.tree));
    facts
}

fn commands(node: Node<'_>, context: &Context<'_>, facts: &mut FileFacts, depth: usize) {
    if depth > DEPTH {
        return;
    }
    for item in node.items() {
        commands(item, context, facts, depth + 1);
    }
    for (key, value) in node.entries() {
        let text = match value.kind() {
            Kind::Scalar => value.text().map(str::to_owned),
            // an argument list, and the arguments that stand beside it
            Kind::Seq if value.items().all(|i| i.text().is_some()) => {
                let mut words: Vec<&str> = value.strings().into_iter().map(|(w, _)| w).collect();
                words.extend(node.get("args").map(Node::strings).unwrap_or_default().into_iter().map(|(w, _)| w));
                Some(words.join(" "))
            }
            _ => None,
        };
        match text {
            Some(text) if COMMANDS.contains(&key.text) && !text.contains("{{") => {
                let first = value.line();
                let exact = value.style() == Style::Literal;
                // the work is handed over with the repository, so it starts at its root
                let how = Shell { dir: Some(".".to_owned()), ..Shell::default() };
                lower(&text, &|n| if exact { first + n - 1 } else { first }, 0, &how, context, facts);
            }
            _ => commands(value, context, facts, depth + 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::FactKind;

    #[test]
    fn what_a_job_starts_is_found_at_its_line() {
        let text = "name: weekly\nentrypoint: bash jobs/fit.sh\nspec:\n  containers:\n    - name: fit\n      command: [python, fit.py]\n      args: [--all]\n";
        let facts = read(&SourceFile::new("jobs/weekly.yaml".into(), text.to_owned()), &Context::default());
        let commands: Vec<(u32, String)> = facts
            .facts
            .iter()
            .filter_map(|f| match &f.kind {
                FactKind::Command(c) => Some((f.line, c.text())),
                _ => None,
            })
            .collect();
        assert_eq!(commands, [(2, "bash jobs/fit.sh".to_owned()), (6, "python fit.py --all".to_owned())]);
    }
}
