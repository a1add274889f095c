//! Steps that run a text: `sh`, `bat`, `powershell`, and what other steps come to as a command.

use std::collections::BTreeMap;

use super::super::shells::{self, Program};
use super::super::text::{self, How};
use super::Reading;
use super::values::{Call, Said, Scope, named};
use crate::fact::{FactKind, OnFailure, UnitId};
use crate::syntax::groovy::Piece;

/// Whether a step runs a text, and which program reads it; the text's own first line may name another.
fn program(step: &str, text: &str) -> Option<Program> {
    match step {
        "sh" => Some(shells::by_first_line(text, true)),
        "bat" | "powershell" | "pwsh" => Some(Program::Lines),
        _ => None,
    }
}

/// Runs the text of a step; true where the step is one that does.
pub(super) fn run(call: &Call<'_>, id: UnitId, scope: &Scope, reading: &mut Reading<'_>) -> bool {
    if !matches!(call.name.as_str(), "sh" | "bat" | "powershell" | "pwsh") {
        return false;
    }
    let Some(said) = scope.argument(&call.arguments, &["script"]) else {
        let what = format!("`{}` runs a text that is put together", call.name);
        reading.notice(call.line, crate::source::NoticeKind::NotFollowed, &what);
        return true;
    };
    let Some(program) = program(&call.name, &said.text) else { return true };
    let is_true = |value: &[Piece]| value.first().is_some_and(|piece| piece.word() == Some("true"));
    let lost = named(&call.arguments, &["returnStatus"]).is_some_and(is_true);
    lower(&said, &program, lost.then_some("returnStatus: true"), id, scope, reading);
    true
}

/// A command that a step of another kind comes to.
pub(super) fn as_command(text: String, line: u32, id: UnitId, scope: &Scope, reading: &mut Reading<'_>) {
    let said = Said { text, line, exact: false };
    lower(&said, &Program::Shell { errexit: true, pipefail: false }, None, id, scope, reading);
}

fn lower(said: &Said, program: &Program, lost: Option<&str>, id: UnitId, scope: &Scope, reading: &mut Reading<'_>) {
    if !reading.take_step(said.line) || !reading.take_text(said.line, &said.text) {
        return;
    }
    let line_of = |line: u32| if said.exact { said.line.saturating_add(line.saturating_sub(1)) } else { said.line };
    let mut variables: BTreeMap<String, String> = scope.parameters.clone();
    variables.extend(scope.environment.clone());
    variables.retain(|name, value| name == "WORKSPACE" || !value.contains('$'));
    let how = How { dir: scope.dir.clone(), variables, program };
    let mut facts = text::lower(&said.text, &line_of, (id, reading.facts.units.len()), &how, reading);
    for fact in &mut facts.facts {
        if let FactKind::Command(command) = &mut fact.kind {
            text::from_the_root(command);
            if let Some(why) = lost.filter(|_| command.on_failure == OnFailure::Stops) {
                command.on_failure = OnFailure::Discarded(why.to_owned());
            }
        }
    }
    text::join_cells(vec![facts], reading);
}
