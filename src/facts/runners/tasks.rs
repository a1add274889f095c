//! What all task runners share: a task is a target; it hands over to others and runs shell text.
//!
//! Invariants: the name of a target begins with that of its runner (see `resolve::tasks`); what only a run knows stays a
//! hole in the text; the number of tasks of one file is bounded.

use crate::fact::{FactKind, FileFacts, OnFailure, Unit, UnitId, UnitKind, Uses, UsesTarget};
use crate::facts::Context;
use crate::facts::shell::{Shell, lower};
use crate::resolve::tasks::key;
use crate::source;
use crate::syntax::tree::{Node, Style};
use crate::words::EdgeKind;

/// Most targets made of one file.
pub(super) const MAX_TASKS: usize = 2_000;

/// A task as a target of its own.
pub(super) fn define(facts: &mut FileFacts, runner: &str, task: &str, line: u32, end_line: u32) -> UnitId {
    facts.units.push(Unit {
        kind: UnitKind::Target,
        name: key(runner, task),
        title: None,
        line,
        end_line: end_line.max(line),
        parent: None,
    });
    facts.units.len() - 1
}

/// A task runs another, by the name of its target.
pub(super) fn runs(facts: &mut FileFacts, unit: UnitId, line: u32, target: String, on_failure: OnFailure) {
    let to = UsesTarget::Unit { path: None, kind: UnitKind::Target, name: target.clone() };
    hand_over(facts, unit, line, target, to, on_failure);
}

/// A task hands over to something else.
pub(super) fn hand_over(
    facts: &mut FileFacts,
    unit: UnitId,
    line: u32,
    reference: String,
    to: UsesTarget,
    on_failure: OnFailure,
) {
    let kind = FactKind::Uses(Uses { reference, with: Vec::new(), to, edge: EdgeKind::Invokes, on_failure });
    facts.state(unit, line, kind);
}

/// The file takes in the tasks of another, under a name or under none; without a path it lies elsewhere.
pub(super) fn takes_in(facts: &mut FileFacts, line: u32, prefix: &str, path: Option<String>) {
    let to = path.map_or_else(|| UsesTarget::Remote(prefix.to_owned()), UsesTarget::File);
    let uses = Uses { reference: prefix.to_owned(), with: Vec::new(), to, edge: EdgeKind::Imports, on_failure: OnFailure::Stops };
    facts.state(None, line, FactKind::Uses(uses));
}

/// How the shell text of a task is run.
#[derive(Debug, Clone, Default)]
pub(super) struct How<'h> {
    /// The shell.
    pub(super) shell: Shell,
    /// What throws its failure away.
    pub(super) ignored: Option<&'h str>,
    /// The call that gives it an environment of its own (`tox run`).
    pub(super) through: Option<&'h str>,
    /// The condition under which it runs.
    pub(super) condition: Option<&'h str>,
}

/// Lowers the shell text of a task.
pub(super) fn shell(
    facts: &mut FileFacts,
    unit: UnitId,
    text: &str,
    line_of: &dyn Fn(u32) -> u32,
    how: &How<'_>,
    context: &Context<'_>,
) {
    let before = facts.facts.len();
    lower(text, line_of, unit, &how.shell, context, facts);
    for fact in facts.facts.iter_mut().skip(before) {
        let FactKind::Command(command) = &mut fact.kind else { continue };
        if let Some(why) = how.ignored {
            command.on_failure = OnFailure::Discarded(why.to_owned());
        }
        if let Some(through) = how.through {
            command.through.insert(0, through.to_owned());
        }
        if let Some(condition) = how.condition {
            command.conditions.insert(0, condition.to_owned());
        }
    }
}

/// The line of the file for a line of a value's text.
pub(super) fn lines_of(node: Node<'_>) -> impl Fn(u32) -> u32 {
    let first = node.line();
    let exact = matches!(node.style(), Style::Literal);
    move |n| if exact { first + n.saturating_sub(1) } else { first }
}

/// The folder that a task names, below that of its file; none where it cannot be told.
pub(super) fn folder_in(home: &str, named: Option<&str>) -> Option<String> {
    match named {
        None => Some(home.to_owned()),
        Some(named) if named.contains(['$', '{']) || named.starts_with(['/', '~']) => None,
        Some(named) => source::join(home, named),
    }
}
