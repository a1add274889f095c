//! The text of a step, in whatever language it is written, lowered to commands.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::reading::Reading;
use super::shells::{self, Program};
use crate::fact::{Code, Command, Fact, FactKind, FileFacts, OnFailure, Unit, UnitId, UnitKind};
use crate::facts::shell::{Shell, lower_script};
use crate::syntax::python::{self, Mode};
use crate::syntax::shell::{REPO_ROOT, Word};

/// How a text is run.
pub(super) struct How<'h> {
    /// Folder it starts in; none where that is not known.
    pub(super) dir: Option<String>,
    /// Variables with literal values.
    pub(super) variables: BTreeMap<String, String>,
    /// What reads it.
    pub(super) program: &'h Program,
}

/// Reads one text into facts of its own, for the unit `id`; units that it makes are numbered from `units`.
pub(super) fn lower<Own>(
    text: &str,
    line_of: &dyn Fn(u32) -> u32,
    (id, units): (UnitId, usize),
    how: &How<'_>,
    reading: &mut Reading<'_, Own>,
) -> FileFacts {
    let mut facts = FileFacts::default();
    let word = |text: &str| Word { text: text.to_owned(), literal: true };
    let end = line_of(u32::try_from(text.lines().count()).unwrap_or(u32::MAX).max(1));
    match how.program {
        Program::Shell { errexit, pipefail } => {
            // the lowering numbers functions by what is there, so a unit stands in for each that is
            let stand_in = || Unit { kind: UnitKind::Step, name: String::new(), title: None, line: 0, end_line: 0, parent: None };
            facts.units = (0..units).map(|_| stand_in()).collect();
            let how = Shell {
                dir: how.dir.clone(),
                errexit: *errexit,
                pipefail: *pipefail,
                variables: how.variables.clone(),
                ways: Some(reading.ways.clone().unwrap_or_else(|| reading.context.ways(true))),
                ..Shell::default()
            };
            let script = reading.script(text, how.options());
            lower_script(&script, line_of, id, &how, reading.context, &mut facts);
            facts.units.drain(..units);
        }
        Program::Lines => {
            let commands = shells::plain_lines(text, how.dir.as_deref(), reading.context.wrappers);
            facts.facts.extend(commands.into_iter().map(|(line, command)| {
                let line = line_of(line);
                Fact { unit: Some(id), line, end_line: line, kind: FactKind::Command(command) }
            }));
        }
        Program::Python => {
            // the step's text is the program
            let module = python::parse(text, Mode::Module);
            let lines = (1..=u32::try_from(text.lines().count()).unwrap_or(u32::MAX)).map(line_of).collect();
            facts.embedded.push((0, Arc::new(Code { module, notebook: false, lines })));
            let kind = FactKind::Command(Command::new(vec![word("python")], how.dir.clone()));
            facts.facts.push(Fact { unit: Some(id), line: line_of(1), end_line: end, kind });
        }
        Program::Other(words) => {
            let words: Vec<Word> = words.iter().map(|w| word(w)).collect();
            let stdin = Some((text.to_owned(), line_of(1)));
            let kind = FactKind::Command(Command { stdin, ..Command::new(words, how.dir.clone()) });
            facts.facts.push(Fact { unit: Some(id), line: line_of(1), end_line: end, kind });
        }
    }
    facts
}

/// Longest text into which more is put, in bytes.
const MAX_PUT: usize = 1 << 20;

/// A text with something in the place of what stands between two marks; where `put` knows nothing both stay.
pub(super) fn put_between(text: &str, (open, close): (&str, &str), put: &dyn Fn(&str) -> Option<String>) -> String {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, after)) = rest.split_once(open).filter(|_| out.len() < MAX_PUT) {
        out.push_str(before);
        match after.split_once(close).and_then(|(name, tail)| Some((put(name)?, tail))) {
            Some((value, tail)) => {
                out.push_str(&value);
                rest = tail;
            }
            None => {
                out.push_str(open);
                rest = after;
            }
        }
    }
    out + rest
}

/// Writes paths that begin at the root of the workspace from the folder that a command runs in.
pub(super) fn from_the_root(command: &mut Command) {
    let Some(dir) = command.dir.as_deref() else { return };
    let up = if dir == "." { String::new() } else { "../".repeat(dir.split('/').count()) };
    for word in command.words.iter_mut().filter(|word| word.text.contains(REPO_ROOT)) {
        let root = if up.is_empty() { "." } else { &up };
        word.text = word.text.replace(&format!("{REPO_ROOT}/"), &up).replace(REPO_ROOT, root);
        word.literal = !word.text.contains(['$', '`']);
    }
}

/// Writes what a command says of a workspace as what it says of the repository, which lies in some of its folders: these
/// are full paths, or names where the workspace begins. Elsewhere nothing of the repository is; without such folders the
/// workspace is the repository.
pub(super) fn from_the_mounts(command: &mut Command, mounts: &[String]) {
    if mounts.is_empty() {
        return;
    }
    let below = |path: &str| {
        mounts.iter().find_map(|mount| match path.trim_start_matches("./").strip_prefix(mount.as_str())? {
            "" => Some(".".to_owned()),
            rest => rest.strip_prefix('/').map(|rest| if rest.is_empty() { ".".to_owned() } else { rest.to_owned() }),
        })
    };
    let beside = command.dir.as_deref() == Some(".");
    for (at, word) in command.words.iter_mut().enumerate().filter(|(_, word)| beside || word.text.starts_with('/')) {
        match below(&word.text).as_deref() {
            Some(".") => word.text = REPO_ROOT.to_owned(),
            // a program is one by its path
            Some(rest) if at == 0 => word.text = format!("{REPO_ROOT}/./{rest}"),
            Some(rest) => word.text = format!("{REPO_ROOT}/{rest}"),
            None => {}
        }
    }
    let moved = command.place.as_deref().or(command.dir.as_deref()).and_then(below);
    let named = || command.words.iter().any(|word| word.text.contains(REPO_ROOT)).then(|| ".".to_owned());
    command.dir = moved.or_else(named);
    if command.dir.is_some() {
        command.place = None;
    }
}

/// Commands that another cell of the matrix runs in the place of one: those that differ in what they run, not only in
/// what they are told. Cells run beside each other, so none of these holds back another.
fn spread(main: &mut FileFacts, others: &[FileFacts]) -> Vec<Fact> {
    let mut more: Vec<Fact> = Vec::new();
    let is_plain = |f: &FileFacts| f.units.is_empty() && f.facts.iter().all(|fact| matches!(fact.kind, FactKind::Command(_)));
    if !is_plain(main) {
        return more;
    }
    let number = main.facts.len();
    for other in others.iter().filter(|o| is_plain(o) && o.facts.len() == number) {
        for (own, fact) in main.facts.iter_mut().zip(&other.facts) {
            let (FactKind::Command(own), FactKind::Command(command)) = (&mut own.kind, &fact.kind) else { continue };
            let same = |f: &Fact| matches!(&f.kind, FactKind::Command(c) if c.words == command.words && c.dir == command.dir && f.line == fact.line);
            // what one cell never runs, another may
            if own.off.is_some() && command.off.is_none() && !runs_another(own, command) {
                *own = command.clone();
                beside(own);
                continue;
            }
            if !runs_another(own, command) || more.iter().any(same) {
                continue;
            }
            let mut fact = fact.clone();
            beside(own);
            if let FactKind::Command(command) = &mut fact.kind {
                beside(command);
            }
            more.push(fact);
        }
    }
    more
}

/// Its failure holds back nothing in another cell.
fn beside(command: &mut Command) {
    if command.on_failure == OnFailure::Stops {
        command.on_failure = OnFailure::GoesOn;
    }
}

/// Whether two commands of one line run different things: another program, folder, file, module or target. Values of
/// options and what is only shown or installed do not count.
fn runs_another(one: &Command, other: &Command) -> bool {
    const SAME: &[&str] = &[
        "echo",
        "printf",
        "pip",
        "pip3",
        "conda",
        "mamba",
        "micromamba",
        "apt",
        "apt-get",
        "brew",
        "npm",
        "export",
        "test",
        "[",
    ];
    const NAMING: &[&str] =
        &["-m", "-f", "-C", "-c", "-k", "-e", "-s", "-t", "--file", "--filename", "--directory", "--session", "--target"];
    if one.dir != other.dir {
        return true;
    }
    if SAME.contains(&one.program()) && SAME.contains(&other.program()) {
        return false;
    }
    if one.words.len() != other.words.len() {
        return true;
    }
    one.words.iter().zip(&other.words).enumerate().any(|(at, (a, b))| {
        let before = at.checked_sub(1).and_then(|i| one.words.get(i)).map_or("", |w| w.text.as_str());
        let is_value = a.text.starts_with('-') || (before.starts_with('-') && !before.contains('=') && !NAMING.contains(&before));
        a.text != b.text && !is_value
    })
}

/// Adds what a text came to; its own units follow those that are there.
fn join<Own>(text: FileFacts, reading: &mut Reading<'_, Own>) {
    let before = reading.facts.facts.len();
    reading.facts.units.extend(text.units);
    reading.facts.facts.extend(text.facts);
    reading.facts.embedded.extend(text.embedded.into_iter().map(|(fact, code)| (fact + before, code)));
    reading.facts.notices.extend(text.notices);
}

/// Adds what a text came to in each cell of a matrix: the first whole, of the others what they run in its place.
pub(super) fn join_cells<Own>(lowered: Vec<FileFacts>, reading: &mut Reading<'_, Own>) {
    let mut lowered = lowered.into_iter();
    let Some(mut main) = lowered.next() else { return };
    let others: Vec<FileFacts> = lowered.collect();
    let more = spread(&mut main, &others);
    join(main, reading);
    reading.facts.facts.extend(more);
}
