//! What a project depends on, and the commands it installs. To add a format: a file here, and its two lines below.

mod conda;
mod locks;
mod pipfile;
mod pyproject;
mod pytest;
mod requirement;
mod requirements;
mod setup;
#[cfg(test)]
mod tests;

use super::Reader;
use crate::fact::{Dependency, FactKind, FileFacts, OnFailure, Unit, UnitKind, Uses, UsesTarget};
use crate::source::{self, SourceFile, folder};
use crate::syntax::tree::Node;
use crate::words::EdgeKind;

use requirement::Requirement;

pub(crate) const ALL: &[Reader] = &[
    requirements::READER,
    requirements::NAMED,
    pyproject::READER,
    pyproject::PIXI,
    pipfile::READER,
    pytest::READER,
    setup::SCRIPT,
    setup::CONFIG,
    conda::READER,
    conda::NAMED,
    locks::READER,
];

/// Most dependencies kept of one file.
const MAX_DEPENDENCIES: usize = 20_000;

fn dependency(facts: &mut FileFacts, line: u32, it: Requirement, group: Option<&str>, locked: bool) {
    if facts.facts.len() >= MAX_DEPENDENCIES {
        return;
    }
    let kind = FactKind::Dependency(Dependency {
        name: it.name,
        version: it.version,
        pin: it.pin,
        group: group.map(str::to_owned),
        locked,
        extras: it.extras,
    });
    facts.state(None, line, kind);
}

fn setting(facts: &mut FileFacts, line: u32, key: &str, value: &str) {
    let kind = FactKind::Setting { key: key.to_owned(), value: value.to_owned() };
    facts.state(None, line, kind);
}

/// Another list that a list takes in (`-r base.txt`), so that it is read as one whatever its name.
fn includes(facts: &mut FileFacts, line: u32, file: &SourceFile, path: &str) {
    let Some(to) = source::join(folder(&file.path), path.trim().trim_matches(['"', '\''])).filter(|_| !path.contains("://"))
    else {
        return;
    };
    let uses = Uses {
        reference: path.trim().to_owned(),
        with: Vec::new(),
        to: UsesTarget::File(to),
        edge: EdgeKind::Reads,
        on_failure: OnFailure::Stops,
    };
    facts.state(None, line, FactKind::Uses(uses));
}

/// A command that installing the package makes: `name = "pkg.module:function"`.
fn entry_point(facts: &mut FileFacts, line: u32, name: &str, target: &str) {
    let target = target.trim();
    let plain = target.split('[').next().unwrap_or(target).trim();
    command(facts, line, name, target, UsesTarget::Python(plain.to_owned()));
}

/// A command that is a file of the repository, installed as it is.
fn script(facts: &mut FileFacts, line: u32, file: &SourceFile, path: &str) {
    if let Some(to) = source::join(folder(&file.path), path) {
        command(facts, line, source::file_name(path), path, UsesTarget::File(to));
    }
}

fn command(facts: &mut FileFacts, line: u32, name: &str, reference: &str, to: UsesTarget) {
    let name = name.trim().trim_matches(['"', '\'']).to_owned();
    if name.is_empty() {
        return;
    }
    let unit = facts.units.len();
    facts.units.push(Unit { kind: UnitKind::EntryPoint, name, title: None, line, end_line: line, parent: None });
    let uses =
        Uses { reference: reference.to_owned(), with: Vec::new(), to, edge: EdgeKind::Invokes, on_failure: OnFailure::Stops };
    facts.state(unit, line, FactKind::Uses(uses));
}

/// The group that a file or folder name tells: what developing takes, not what the program takes.
fn aside(path: &str) -> Option<&'static str> {
    const GROUPS: &[(&str, &[&str])] = &[
        ("dev", &["dev", "develop", "development", "ci", "local", "qa"]),
        ("test", &["test", "tests", "testing"]),
        ("lint", &["lint", "linting", "style", "typing", "types", "format"]),
        ("docs", &["doc", "docs", "documentation", "rtd"]),
        ("build", &["build", "release", "publish"]),
        ("constraints", &["constraint", "constraints"]),
    ];
    let lower = path.to_lowercase();
    let near: Vec<&str> = lower.rsplit('/').take(2).flat_map(|part| part.split(['-', '_', '.', ' '])).collect();
    GROUPS.iter().find(|(_, words)| words.iter().any(|w| near.contains(w))).map(|(group, _)| *group)
}

/// The rows of a multi-line value, with their lines and without comments.
fn rows<'t>(node: Node<'t>) -> Vec<(&'t str, u32)> {
    let Some(text) = node.text() else { return Vec::new() };
    let rows = (node.line()..).zip(text.lines());
    rows.map(|(line, row)| (without_comment(row), line)).filter(|(row, _)| !row.is_empty()).collect()
}

/// A line without what follows a `#` that begins it or stands after a blank.
fn without_comment(line: &str) -> &str {
    let at = line.match_indices('#').map(|(at, _)| at).find(|at| *at == 0 || line[..*at].ends_with([' ', '\t']));
    at.map_or(line, |at| &line[..at]).trim()
}
