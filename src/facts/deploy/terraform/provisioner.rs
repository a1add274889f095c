//! `provisioner "local-exec"`: a command that runs where the configuration is applied.
//!
//! It runs when its resource is made, and again when what is told to trigger it changes; where nothing is, only the first
//! application runs it for sure.

use super::folders::{Configuration, Resource};
use crate::fact::{FactKind, Guard, OnFailure, Unit, UnitKind, Uses, UsesTarget};
use crate::facts::ci::reading::Reading;
use crate::facts::shell::{Shell, lower, quoted};
use crate::source;
use crate::syntax::tree::{Node, Style};
use crate::words::EdgeKind;

/// How the block begins that is looked for.
pub(super) const WORD: &str = "local-exec";

/// Most commands of one resource.
const MOST: usize = 10;

/// The commands of a resource that run when it is made.
fn commands<'t>(resource: &Resource<'t>) -> Vec<Node<'t>> {
    let all = resource.node.entries().filter(|(key, _)| key.text == "provisioner").flat_map(|(_, named)| named.entries());
    let blocks = all.filter(|(key, _)| key.text == WORD).map(|(_, block)| block);
    blocks.filter(|block| block.at("when") != Some("destroy")).take(MOST).collect()
}

/// States what a resource runs by commands of its own.
pub(super) fn lower_commands(at: &Configuration<'_>, key: &str, resource: &Resource<'_>, reading: &mut Reading<'_>) {
    if at.is_there(resource) == Ok(false) {
        return;
    }
    for block in commands(resource) {
        let Some(command) = block.get("command") else { continue };
        let Some(text) = command.text() else { continue };
        if !reading.take_step(block.line()) || !reading.take_text(command.line(), text) {
            return;
        }
        let lines = (block.line(), block.end_line().max(block.line()));
        let unit = |kind, name: String| Unit { kind, name, title: None, line: lines.0, end_line: lines.1, parent: None };
        let runs = reading.unit(unit(UnitKind::Script, format!("{key}, {WORD}")));
        // made once, and nothing says when again; or perhaps not made at all
        let once = !["triggers", "triggers_replace", "lifecycle"].iter().any(|key| resource.node.get(key).is_some());
        let mut owner = runs;
        if once || at.is_there(resource).is_err() {
            let name = format!("{key}, {WORD}, when it is made");
            // like a function: only what is led to it runs it
            let function = unit(UnitKind::ShellFunction, name.clone());
            owner = reading.unit(Unit { parent: Some(runs), ..function });
            let to = UsesTarget::Unit { path: None, kind: UnitKind::ShellFunction, name };
            let (to, edge) = (UsesTarget::Likely(Box::new(to)), EdgeKind::Invokes);
            let reference = "when the resource is made".to_owned();
            let uses = Uses { reference, with: Vec::new(), to, edge, on_failure: OnFailure::Stops };
            reading.fact(runs, block.line(), FactKind::Uses(uses));
        }
        if block.at("on_failure").is_some_and(|word| word.contains("continue")) {
            reading.fact(owner, block.line(), FactKind::Guard(Guard::AllowFailure("on_failure = continue".to_owned())));
        }
        let cwd = at.applied_in();
        let home = cwd.map(|cwd| below(cwd, at.home));
        let text = match &home {
            Some(home) => {
                at.filled(&text.replace("${path.module}", home).replace("${path.root}", ".").replace("${path.cwd}", "."))
            }
            None => at.filled(text),
        };
        let dir = match block.get("working_dir") {
            Some(dir) => dir.text().zip(cwd.zip(home.as_deref())).and_then(|(dir, (cwd, home))| {
                let dir = dir.replace("${path.module}", home).replace("${path.root}", ".").replace("${path.cwd}", ".");
                source::join(cwd, &at.filled(&dir)).filter(|dir| !dir.contains('$'))
            }),
            None => cwd.map(str::to_owned),
        };
        let text = match block.get("interpreter").map(Node::strings) {
            Some(words) if !is_shell(&words) => {
                let words: Vec<String> = words.iter().map(|(word, _)| quoted(word)).collect();
                format!("{} {}", words.join(" "), quoted(&text))
            }
            _ => text,
        };
        let literal = command.style() == Style::Literal;
        let first = command.line();
        let line_of = move |line: u32| if literal { first.saturating_add(line.saturating_sub(1)) } else { first };
        let how = Shell { dir, ..Shell::default() };
        let (context, facts) = (reading.context, &mut reading.facts);
        lower(&text, &line_of, owner, &how, context, facts);
    }
}

fn is_shell(words: &[(&str, u32)]) -> bool {
    words.first().is_some_and(|(word, _)| matches!(source::file_name(word), "bash" | "sh" | "zsh" | "dash" | "ash"))
}

/// A folder as it is named from another.
fn below(from: &str, folder: &str) -> String {
    let up = from.split('/').filter(|part| *part != ".").count();
    format!("{}{folder}", "../".repeat(up))
}
