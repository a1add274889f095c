//! Containers as objects of clusters describe them: an image, and what is run in it.

use std::collections::BTreeMap;

use super::reading::Reading;
use super::shells::Program;
use super::text::{self, How};
use crate::fact::{Called, FactKind, OnFailure, UnitId, Uses, UsesTarget};
use crate::facts::shell::{HOLE, quoted as word_of};
use crate::source::{self, file_name};
use crate::syntax::shell::REPO_ROOT;
use crate::syntax::tree::{Kind, Node, Style};
use crate::words::EdgeKind;

/// What a text says once what is put in it stands there; none where that cannot be said.
pub(in crate::facts) type Put<'p> = &'p dyn Fn(&str) -> Option<String>;

/// The text as it is, unless something is put in it.
pub(in crate::facts) fn literal(text: &str) -> Option<String> {
    (!text.contains("{{")).then(|| text.to_owned())
}

/// A container: its own command, or what its image starts; and its variables.
pub(in crate::facts) fn run(container: Node<'_>, id: UnitId, put: Put<'_>, reading: &mut Reading<'_>) {
    match container.get("command").filter(|c| c.kind() == Kind::Seq) {
        Some(_) => {
            let first = reading.facts.facts.len();
            arguments(container, "command", &folder(container, put), id, put, reading);
            in_its_image(container, put, first, reading);
        }
        None => image(container, id, put, reading),
    }
    for variable in container.get("env").into_iter().flat_map(Node::items) {
        if let (Some(key), Some(value)) = (variable.at("name"), variable.at("value").and_then(put)) {
            reading.setting(id, variable.line(), key, &value);
        }
    }
}

/// A command line that is run in a container, where that is known.
pub(in crate::facts) fn line_in(around: Option<Node<'_>>, line: Node<'_>, id: UnitId, put: Put<'_>, reading: &mut Reading<'_>) {
    let first = reading.facts.facts.len();
    line_of_text(line, id, put, reading);
    if let Some(container) = around {
        in_its_image(container, put, first, reading);
    }
}

/// A command line that an object stands for, likewise.
pub(in crate::facts) fn says_in(
    around: Option<Node<'_>>,
    (text, at): (&str, u32),
    id: UnitId,
    put: Put<'_>,
    reading: &mut Reading<'_>,
) {
    let first = reading.facts.facts.len();
    line(text, at, (&Program::Shell { errexit: false, pipefail: false }, "."), id, reading);
    if let Some(container) = around {
        in_its_image(container, put, first, reading);
    }
}

/// The commands from `first` on run in the image that the container names, where its work is not the repository's.
fn in_its_image(container: Node<'_>, put: Put<'_>, first: usize, reading: &mut Reading<'_>) {
    let named = container.at("workingDir").and_then(put);
    if named.as_deref().is_some_and(|dir| dir.contains('$')) {
        return;
    }
    let image = container.at("image").and_then(put);
    for fact in reading.facts.facts.iter_mut().skip(first) {
        if let FactKind::Command(command) = &mut fact.kind {
            command.image.clone_from(&image);
            if command.place.is_none() {
                command.place.clone_from(&named);
            }
        }
    }
}

/// Without a command of its own a container runs what the image says.
fn image(container: Node<'_>, id: UnitId, put: Put<'_>, reading: &mut Reading<'_>) {
    let Some(node) = container.get("image") else { return };
    let Some(written) = node.text() else { return };
    // what the values of a chart put in is known where the chart is
    let reference = put(written).unwrap_or_else(|| written.to_owned());
    let to = UsesTarget::Image(reference.clone());
    // words in place of those that the image has
    let told = container.get("args").filter(|args| args.kind() == Kind::Seq).map(|args| {
        let of =
            |word: &Node<'_>| put(said(word)).filter(|text| !text.contains("$(")).map_or(HOLE.to_owned(), |text| word_of(&text));
        (Called::TOLD.to_owned(), words(args).iter().map(of).collect::<Vec<_>>().join(" "))
    });
    let uses = Uses { reference, with: told.into_iter().collect(), to, edge: EdgeKind::Invokes, on_failure: OnFailure::Stops };
    reading.fact(id, node.line(), FactKind::Uses(uses));
}

/// The folder that a container works in, where it is one of the repository; else its root, with which work is handed over.
pub(super) fn folder(container: Node<'_>, put: Put<'_>) -> String {
    let named = container.at("workingDir").and_then(put);
    let inside = named.as_deref().and_then(|dir| dir.strip_prefix(REPO_ROOT)).filter(|rest| !rest.contains('$'));
    inside.and_then(|rest| source::join(".", rest.trim_start_matches('/'))).unwrap_or_else(|| ".".to_owned())
}

/// An argument list, and the arguments that stand beside it.
pub(in crate::facts) fn command(node: Node<'_>, key: &str, id: UnitId, put: Put<'_>, reading: &mut Reading<'_>) {
    arguments(node, key, ".", id, put, reading);
}

fn arguments(node: Node<'_>, key: &str, dir: &str, id: UnitId, put: Put<'_>, reading: &mut Reading<'_>) {
    let Some(list) = node.get(key) else { return };
    let beside = node.get("args").filter(|_| key == "command");
    let words: Vec<Node<'_>> = [Some(list), beside].into_iter().flatten().flat_map(words).collect();
    words_of(&words, (list.line(), dir), id, put, reading);
}

/// The items of a list, or the one text that stands in its place.
fn words(list: Node<'_>) -> Vec<Node<'_>> {
    if list.kind() == Kind::Scalar { vec![list] } else { list.items().filter(|item| item.text().is_some()).collect() }
}

/// A program with its arguments; the text that a shell is given is read as such.
pub(super) fn words_of(words: &[Node<'_>], (line, dir): (u32, &str), id: UnitId, put: Put<'_>, reading: &mut Reading<'_>) {
    let of = |word: &Node<'_>| {
        let (text, exact) = (put(said(word))?, word.style() == Style::Literal);
        Some(Said { text, line: if exact { word.line() } else { line }, exact })
    };
    let words: Vec<Option<Said>> = words.iter().map(of).collect();
    told(&words, &Start { line, dir, ..Start::default() }, id, reading);
}

/// A word of an argument list, with all put in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) text: String,
    /// The line on which it begins.
    pub(super) line: u32,
    /// It is written line by line.
    pub(super) exact: bool,
}

/// Where and with what a container starts.
#[derive(Debug, Clone, Default)]
pub(super) struct Start<'s> {
    /// The line of its arguments.
    pub(super) line: u32,
    /// The folder, as one of the repository or of the workspace.
    pub(super) dir: &'s str,
    /// Folders of the workspace that are the repository; where there are none the workspace is.
    pub(super) mounts: &'s [String],
    pub(super) variables: BTreeMap<String, String>,
}

/// A program with its arguments, of which some may not be known.
pub(super) fn told(words: &[Option<Said>], start: &Start<'_>, id: UnitId, reading: &mut Reading<'_>) {
    let text = |word: &Option<Said>| word.as_ref().map(|said| said.text.clone()).unwrap_or_default();
    let shell = words.first().is_some_and(|w| matches!(file_name(&text(w)), "sh" | "bash" | "ash" | "dash" | "zsh"));
    let letters = |word: &Option<Said>, letter: char| {
        let word = text(word);
        let short = word.strip_prefix('-').filter(|rest| !rest.is_empty() && rest.chars().all(|c| c.is_ascii_alphabetic()));
        short.is_some_and(|rest| rest.contains(letter))
    };
    let inner = words.iter().position(|word| letters(word, 'c')).filter(|_| shell);
    if let Some(script) = inner.and_then(|at| words.get(at + 1)) {
        let Some(script) = script else { return };
        let errexit = words.iter().take(inner.unwrap_or(0) + 1).any(|word| letters(word, 'e'));
        let program = Program::Shell { errexit, pipefail: words.iter().any(|word| text(word) == "pipefail") };
        let line_of = |n: u32| if script.exact { script.line.saturating_add(n.saturating_sub(1)) } else { script.line };
        return lower_from(&script.text, &line_of, &program, start, id, reading);
    }
    let Some(words) = words.iter().map(|word| word.as_ref().map(|said| said.text.clone())).collect::<Option<Vec<String>>>()
    else {
        return;
    };
    let program = Program::Shell { errexit: false, pipefail: false };
    lower_from(&quoted(words), &|_| start.line, &program, start, id, reading);
}

/// Words as the line of a shell that comes to just these; what a shell would put in is put in.
pub(super) fn quoted(words: impl IntoIterator<Item = String>) -> String {
    let of = |word: String| {
        let plain = !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || "./_-:@%+=,~$*{}".contains(c));
        if plain { word } else { format!("'{}'", word.replace('\'', "'\\''")) }
    };
    words.into_iter().map(of).collect::<Vec<_>>().join(" ")
}

/// A text that stands on one line.
pub(super) fn line(text: &str, line: u32, run: (&Program, &str), id: UnitId, reading: &mut Reading<'_>) {
    lower(text, &|_| line, run, id, reading);
}

fn said<'t>(node: &Node<'t>) -> &'t str {
    node.text().unwrap_or_default()
}

/// A text that a program reads in a folder, at its own lines where it is written line by line; else at `line`.
pub(super) fn text(
    node: Node<'_>,
    line: Option<u32>,
    run: (&Program, &str),
    id: UnitId,
    put: Put<'_>,
    reading: &mut Reading<'_>,
) {
    let Some(text) = node.text().and_then(put) else { return };
    let exact = node.style() == Style::Literal;
    let first = line.filter(|_| !exact).unwrap_or_else(|| node.line());
    let line_of = |n: u32| if exact { first.saturating_add(n.saturating_sub(1)) } else { first };
    lower(&text, &line_of, run, id, reading);
}

/// A command line.
pub(in crate::facts) fn line_of_text(value: Node<'_>, id: UnitId, put: Put<'_>, reading: &mut Reading<'_>) {
    text(value, None, (&Program::Shell { errexit: false, pipefail: false }, "."), id, put, reading);
}

/// A text in Python, which is the program.
pub(in crate::facts) fn python(value: Node<'_>, id: UnitId, reading: &mut Reading<'_>) {
    text(value, None, (&Program::Python, "."), id, &|text| Some(text.to_owned()), reading);
}

fn lower(text: &str, line_of: &dyn Fn(u32) -> u32, (program, dir): (&Program, &str), id: UnitId, reading: &mut Reading<'_>) {
    lower_from(text, line_of, program, &Start { dir, ..Start::default() }, id, reading);
}

/// A text that a program reads, in a container that starts so.
pub(super) fn lower_from(
    text: &str,
    line_of: &dyn Fn(u32) -> u32,
    program: &Program,
    start: &Start<'_>,
    id: UnitId,
    reading: &mut Reading<'_>,
) {
    if !reading.take_step(line_of(1)) || !reading.take_text(line_of(1), text) {
        return;
    }
    let how = How { dir: Some(start.dir.to_owned()), variables: start.variables.clone(), program };
    let mut facts = text::lower(text, line_of, (id, reading.facts.units.len()), &how, reading);
    for fact in &mut facts.facts {
        if let FactKind::Command(command) = &mut fact.kind {
            text::from_the_mounts(command, start.mounts);
            text::from_the_root(command);
        }
    }
    text::join_cells(vec![facts], reading);
}

/// A script in a language that its first words name: `command: [python]` beside `source: |`.
pub(super) fn program_of(words: &[&str]) -> Program {
    match words.first().map(|word| file_name(word)) {
        Some("bash" | "sh" | "ash" | "dash" | "zsh") | None => {
            let errexit = words.iter().skip(1).any(|w| w.starts_with('-') && !w.starts_with("--") && w.contains('e'));
            Program::Shell { errexit, pipefail: words.contains(&"pipefail") }
        }
        Some(name) if name.starts_with("python") => Program::Python,
        Some("pwsh" | "powershell" | "cmd") => Program::Lines,
        Some(_) => Program::Other(words.iter().map(|word| (*word).to_owned()).collect()),
    }
}
