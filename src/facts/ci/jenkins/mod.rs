//! Jenkins: declarative and scripted pipelines, as far as their text says what they do.
//!
//! A pipeline is a program, so only what stands there literally is followed: stages, blocks, steps with literal scripts,
//! own functions, files that are loaded. What a shared library brings is an open end. Which job reads the file is set up
//! in the service, so a push is only assumed to start it; what the file itself says (a schedule, a poll) is sure.
//!
//! Invariants: of what the language computes nothing is guessed; a text that names such a thing has a hole there; what
//! comes after a question to a person is started by that person; nesting and size are bounded.

mod condition;
mod program;
mod stages;
mod start;
mod steps;
#[cfg(test)]
mod tests;
mod values;

use std::collections::{BTreeMap, BTreeSet};

use crate::fact::{Asked, FileFacts, Unit, UnitId, UnitKind};
use crate::facts::{Context, Reader, When, unparsable};
use crate::source::{RepoPath, SourceFile, file_name};
use crate::syntax::groovy::{self, Piece, statements};
use crate::words::TriggerKind;

use values::Scope;

/// The name under which it is asked for other files.
const NAME: &str = "Jenkins pipeline";
/// Most functions of one file.
const MAX_FUNCTIONS: usize = 500;

/// Pipelines, and the scripts that they load.
pub(crate) const PIPELINE: Reader =
    Reader { name: NAME, wants: |path| is_named(path) || path.ends_with(".groovy"), when: When::Recognised(is_pipeline), read };

/// A file being read, with what its statements must know of its top.
pub(super) type Reading<'c> = super::reading::Reading<'c, Own>;

/// What is known of a pipeline while it is read.
#[derive(Debug, Default)]
pub(super) struct Own {
    /// What starts it; empty for a script that others load.
    kinds: BTreeSet<TriggerKind>,
    /// Functions of this file.
    functions: BTreeSet<String>,
    /// Scripts of this repository that it loads.
    loaded: BTreeSet<RepoPath>,
    /// What a person was asked before what is read now.
    asked: Option<String>,
}

fn is_named(path: &str) -> bool {
    let name = file_name(path).to_ascii_lowercase();
    let is_text = [".md", ".txt", ".rst", ".html", ".j2", ".tpl", ".py", ".sh"].iter().any(|end| name.ends_with(end));
    (name.starts_with("jenkinsfile") || name.ends_with("jenkinsfile")) && !is_text
}

/// Whether a file is a pipeline: by its name, or by the one block that every declarative one is.
fn is_pipeline(path: &str, text: &str) -> bool {
    let begins = |line: &str| line.strip_prefix("pipeline").is_some_and(|rest| matches!(rest.trim(), "" | "{"));
    is_named(path) || (text.lines().any(begins) && text.contains("stages") && text.contains("agent"))
}

fn read(file: &SourceFile, context: &Context<'_>) -> FileFacts {
    let script = groovy::parse(&file.text);
    let mut reading: Reading<'_> = Reading::new(file, context);
    reading.facts.notices = script.errors.iter().map(|e| unparsable(file, e)).collect();
    let is_pipeline = is_pipeline(&file.path, &file.text);
    let (name, end_line) = (file.path.to_string(), reading.last_line());
    let kind = if is_pipeline { UnitKind::Workflow } else { UnitKind::Action };
    let top = reading.unit(Unit { kind, name, title: None, line: 1, end_line, parent: None });
    let functions = functions(&script.pieces);
    reading.own.functions = functions.keys().map(|name| (*name).to_owned()).collect();
    let mut scope = Scope::at_the_root();
    scope.declare(&script.pieces);
    scope.settle(&script.pieces);
    if is_pipeline {
        start::triggers(&script.pieces, &scope, top, &mut reading);
        start::parameters(&script.pieces, top, &mut scope, &mut reading);
    }
    start::libraries(&script.pieces, top, &mut reading);
    let declared = statements(&script.pieces).find_map(|s| block(s, "pipeline").map(|inside| (s, inside)));
    match declared {
        Some((_, inside)) => stages::pipeline(inside, top, &mut scope, &mut reading),
        None => {
            let owner = if is_pipeline { whole(&script.pieces, top, &mut reading) } else { top };
            steps::body(&script.pieces, owner, &mut scope, &mut reading, 0);
        }
    }
    // what a function runs is asked for by those who call it
    let asked = reading.own.asked.take();
    for (name, (line, end_line, body)) in functions {
        let (name, parent) = (name.to_owned(), Some(top));
        let id = reading.unit(Unit { kind: UnitKind::ShellFunction, name, title: None, line, end_line, parent });
        steps::body(body, id, &mut scope.clone(), &mut reading, 1);
        reading.own.asked = None;
    }
    reading.own.asked = asked;
    let own = std::mem::take(&mut reading.own);
    reading.facts.asked =
        Some(Asked { reader: NAME, parts: BTreeSet::new(), others: own.loaded }).filter(|asked| !asked.others.is_empty());
    reading.facts
}

/// The one job of a scripted pipeline.
fn whole(pieces: &[Piece], top: UnitId, reading: &mut Reading<'_>) -> UnitId {
    let line = pieces.first().map_or(1, |piece| piece.line);
    let end_line = pieces.last().map_or(line, |piece| piece.end_line);
    let name = "script".to_owned();
    reading.unit(Unit { kind: UnitKind::Job, name, title: None, line, end_line, parent: Some(top) })
}

/// What stands in the braces of a statement that is a block of that name.
pub(super) fn block<'p>(statement: &'p [Piece], name: &str) -> Option<&'p [Piece]> {
    match statement {
        [first, .., last] if first.word() == Some(name) => last.group('{'),
        _ => None,
    }
}

/// Functions at the top: `def name(…) {…}`, with their lines and bodies; the first of a name counts.
fn functions(pieces: &[Piece]) -> BTreeMap<&str, (u32, u32, &[Piece])> {
    let mut found = BTreeMap::new();
    for statement in statements(pieces).take(MAX_FUNCTIONS) {
        if let Some((name, body)) = function(statement) {
            let lines = (statement.first().map_or(1, |p| p.line), statement.last().map_or(1, |p| p.end_line));
            found.entry(name).or_insert((lines.0, lines.1, body));
        }
    }
    found
}

/// The name and body of a statement that defines a function.
pub(super) fn function(statement: &[Piece]) -> Option<(&str, &[Piece])> {
    const NO_TYPES: &[&str] = &["if", "while", "for", "switch", "return", "new", "else", "try", "throw", "synchronized"];
    match statement {
        [before @ .., name, arguments, body] if !before.is_empty() => {
            let types = before.iter().all(|p| p.word().is_some_and(|w| !NO_TYPES.contains(&w)) || p.group('[').is_some());
            arguments.group('(').filter(|_| types)?;
            Some((name.word()?, body.group('{')?))
        }
        _ => None,
    }
}
