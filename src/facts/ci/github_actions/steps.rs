//! Steps: what they run, what they hand over to, and what they leave to those after them.

use std::collections::BTreeMap;

use super::super::shells::{self, Program};
use super::super::text::{self, How};
use super::expression;
use super::guards;
use super::known::{Cell, Copied, FOR_OUTPUTS, FOR_VARIABLES, Known};
use super::outcome;
use super::{Reading, settings};
use crate::fact::{Command, FactKind, FileFacts, OnFailure, Unit, UnitId, UnitKind, Uses, UsesTarget};
use crate::facts::Context;
use crate::source;
use crate::syntax::tree::{Kind, Node, Style};
use crate::words::EdgeKind;

/// Most different texts of one step, by the cells of the matrix.
const MAX_TEXTS: usize = 20;

/// Reads the steps of a job or composite action.
pub(super) fn read(owner: Node<'_>, parent: UnitId, known: &mut Known, reading: &mut Reading<'_>) {
    let Some(steps) = owner.get("steps") else { return };
    if steps.kind() != Kind::Seq {
        return reading.wrong(owner.key_line("steps").unwrap_or_else(|| steps.line()), "`steps` is no list");
    }
    let mut read: Vec<(Node<'_>, UnitId)> = Vec::new();
    for (number, step) in steps.items().enumerate() {
        if !reading.take_step(step.line()) {
            return;
        }
        if step.kind() != Kind::Map {
            reading.wrong(step.site_line(), "a step without keys");
            continue;
        }
        read.push((step, one(number, step, parent, known, reading)));
    }
    outcome::kept(&read, reading);
}

fn one(number: usize, step: Node<'_>, parent: UnitId, known: &mut Known, reading: &mut Reading<'_>) -> UnitId {
    let line = step.entries().map(|(key, _)| key.line).min().unwrap_or_else(|| step.line());
    let name = step.get("id").and_then(Node::text);
    let id = reading.unit(Unit {
        kind: UnitKind::Step,
        name: name.map_or_else(|| (number + 1).to_string(), str::to_owned),
        title: step.get("name").and_then(Node::text).map(str::to_owned),
        line,
        end_line: step.end_line().max(line),
        parent: Some(parent),
    });
    let inner = known.with(step);
    guards::read(step, id, &inner, reading);
    settings(step, id, reading);
    if let Some(uses) = step.get("uses") {
        hand_over(step, uses, id, &inner, reading);
        checkout(step, uses, id, known, reading);
        elsewhere(step, uses, id, &inner, reading);
        here(step, uses, id, &inner, reading);
    }
    if let Some(run) = step.get("run") {
        let first = reading.facts.facts.len();
        run_text(step, run, id, &inner, reading);
        let certain = step.get("if").is_none();
        leave_behind(first, name, certain, known, reading);
    }
    if step.get("uses").is_none() && step.get("run").is_none() {
        reading.wrong(line, "a step with neither `uses` nor `run`");
    }
    id
}

fn run_text(step: Node<'_>, run: Node<'_>, id: UnitId, known: &Known, reading: &mut Reading<'_>) {
    let Some(text) = run.text() else {
        if run.kind() != Kind::Null {
            reading.wrong(step.key_line("run").unwrap_or_else(|| run.line()), "`run` is no text");
        }
        return;
    };
    let first = run.line();
    // lines of a literal block are lines of the file; a folded or plain text stands on its first
    let exact = run.style() == Style::Literal;
    let line_at = |lines: &[u32], line: u32| {
        let line = line.saturating_sub(1);
        let line = lines.get(line as usize).copied().unwrap_or(line);
        if exact { first.saturating_add(line) } else { first }
    };
    let shell = step.get("shell").and_then(Node::text).map(str::to_owned).or_else(|| known.shell.clone());
    let program = shells::program(shell.as_deref(), known.windows);
    let dir = step
        .get("working-directory")
        .and_then(Node::text)
        .map(str::to_owned)
        .or_else(|| known.dir.clone())
        .unwrap_or_else(|| ".".to_owned());

    let mut texts: Vec<(String, Vec<u32>, Known)> = Vec::new();
    for cell in cells_of(&[text, &dir], step, known) {
        let mut known = known.in_cell(cell);
        known.dir = Some(expression::substitute(&dir, &|name| known.filled(name)));
        let (text, lines) = expression::fill(text, &|name| known.filled(name));
        texts.push((text, lines, known));
    }
    let mut lowered: Vec<FileFacts> = Vec::new();
    for (text, lines, known) in &texts {
        if !reading.take_text(first, text) {
            break;
        }
        let units = reading.facts.units.len();
        lowered.push(one_text(text, &|line| line_at(lines, line), id, units, known, &program, reading));
    }
    text::join_cells(lowered, reading);
}

/// The cells in which a step differs: one for each combination of the values that it names.
fn cells_of<'k>(texts: &[&str], step: Node<'_>, known: &'k Known) -> Vec<&'k Cell> {
    static NONE: Cell = Cell::new();
    let held = step.get("env").into_iter().flat_map(|env| env.entries().filter_map(|(_, v)| v.text()).collect::<Vec<_>>());
    let inherited = known.env.values().map(String::as_str);
    let named: Vec<String> = texts
        .iter()
        .copied()
        .chain(held)
        .chain(inherited)
        .flat_map(expression::expressions)
        .filter_map(expression::path)
        .filter(|name| name.starts_with("matrix."))
        .collect();
    let mut seen: Vec<Vec<Option<&String>>> = Vec::new();
    let mut cells: Vec<&Cell> = Vec::new();
    for cell in known.cells.iter() {
        let values: Vec<Option<&String>> = named.iter().map(|name| cell.get(name)).collect();
        if !seen.contains(&values) {
            seen.push(values);
            cells.push(cell);
        }
        if seen.len() > MAX_TEXTS {
            // too many to tell one by one: what all cells share is still known
            return vec![&NONE];
        }
    }
    if cells.is_empty() { vec![&NONE] } else { cells }
}

/// Reads one text into facts of its own, for the unit `id`; units that it makes are numbered from `units`.
fn one_text(
    text: &str,
    line_of: &dyn Fn(u32) -> u32,
    id: UnitId,
    units: usize,
    known: &Known,
    program: &Program,
    reading: &mut Reading<'_>,
) -> FileFacts {
    let dir = known.dir.as_deref().unwrap_or(".");
    let is_text = matches!(program, Program::Shell { .. } | Program::Lines);
    let how = How { dir: if is_text { known.workspace(dir) } else { known.folder(dir) }, variables: known.variables(), program };
    let mut facts = text::lower(text, line_of, (id, units), &how, reading);
    for fact in &mut facts.facts {
        if let FactKind::Command(command) = &mut fact.kind {
            settle(command, known, is_text);
        }
    }
    facts
}

/// Puts what the file knows into a command: values that hold expressions, the root of the workspace, and the folder of
/// the repository in the place of that of the workspace.
fn settle(command: &mut Command, known: &Known, moved: bool) {
    text::from_the_root(command);
    for word in &mut command.words {
        if !word.literal && word.text.contains('$') {
            for (name, value) in known.env.iter().filter(|(_, v)| v.contains("${{")) {
                word.text = in_place(&word.text, name, &expression::substitute(value, &|name| known.filled(name)));
            }
        }
    }
    if moved {
        command.dir = command.dir.take().and_then(|dir| known.in_repository(&dir));
    }
}

/// A value in the place of `$NAME` and `${NAME}`.
fn in_place(text: &str, name: &str, value: &str) -> String {
    const MAX_WORD: usize = 10_000;
    let text = text.replace(&format!("${{{name}}}"), value);
    let mark = format!("${name}");
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once(mark.as_str()) {
        out.push_str(before);
        let goes_on = after.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        out.push_str(if goes_on || out.len() > MAX_WORD { &mark } else { value });
        rest = after;
    }
    out.push_str(rest);
    out
}

/// What a step leaves to those after it: `echo "NAME=value" >> $GITHUB_ENV`, and the same with `$GITHUB_OUTPUT`.
/// What is computed, or written only under a condition, makes the name unknown.
fn leave_behind(first: usize, id: Option<&str>, certain: bool, known: &mut Known, reading: &Reading<'_>) {
    for fact in reading.facts.facts.get(first..).unwrap_or(&[]) {
        let FactKind::Command(command) = &fact.kind else { continue };
        let Some(to) = command.stdout.as_deref() else { continue };
        let Some(word) = command.words.get(1).filter(|_| matches!(command.program(), "echo" | "printf")) else { continue };
        let Some((name, value)) = word.text.split_once('=') else { continue };
        let value =
            (certain && word.literal && command.conditions.is_empty() && !value.contains("${{")).then(|| value.to_owned());
        let (map, name) = match (to, id) {
            (FOR_VARIABLES, _) => (&mut known.env, name.to_owned()),
            (FOR_OUTPUTS, Some(id)) => (&mut known.others, format!("steps.{id}.outputs.{name}")),
            _ => continue,
        };
        match value {
            Some(value) => map.insert(name, value),
            None => map.remove(&name),
        };
    }
}

/// `uses:` of a step or job, with its inputs.
pub(super) fn hand_over(node: Node<'_>, uses: Node<'_>, id: UnitId, known: &Known, reading: &mut Reading<'_>) {
    let line = node.key_line("uses").unwrap_or_else(|| uses.line());
    let Some(reference) = uses.text().map(str::trim).filter(|r| !r.is_empty()) else {
        return reading.wrong(line, "`uses` names nothing");
    };
    let given: Vec<(String, &str)> = reading
        .map(node, "with")
        .map(|inputs| inputs.entries().filter_map(|(key, value)| Some((key.text.to_owned(), value.text()?))).collect())
        .unwrap_or_default();
    let mut secret: Vec<(String, String)> = Vec::new();
    match node.get("secrets") {
        Some(secrets) if secrets.kind() == Kind::Map => {
            secret.extend(
                secrets.entries().filter_map(|(key, value)| Some((format!("secrets.{}", key.text), value.text()?.to_owned()))),
            );
        }
        Some(secrets) => secret.extend(secrets.text().map(|text| ("secrets".to_owned(), text.to_owned()))),
        None => {}
    }
    let to = match reference.strip_prefix("./") {
        Some(path) => {
            let path = path.split('@').next().unwrap_or(path);
            // a workflow names others of its own repository; a step finds what was checked out
            let whole = reading.facts.units.get(id).is_some_and(|unit| unit.kind == UnitKind::Job);
            let from = if whole { source::root(&reading.file.path) } else { "." };
            match source::join(from, path).and_then(|path| known.in_repository(&path)) {
                Some(path) => UsesTarget::File(path),
                // in another repository that was checked out before
                None => UsesTarget::Remote(reference.to_owned()),
            }
        }
        None => match published(reference, reading.context) {
            Some((path, true)) => UsesTarget::File(path),
            // this repository by its name, maybe as it was at another commit
            Some((path, false)) => UsesTarget::Likely(Box::new(UsesTarget::File(path))),
            None => UsesTarget::Remote(reference.to_owned()),
        },
    };
    // what is called here may do another thing in every cell of the matrix
    let texts: Vec<&str> = given.iter().map(|(_, text)| *text).collect();
    let own = matches!(to.plain(), UsesTarget::File(_));
    // a workflow that is called has an environment of its own, an action that of the step
    let called = if reference.starts_with("./") { reference } else { reference.split('@').next().unwrap_or(reference) };
    let environment = (own || reference.starts_with("./")) && !called.ends_with(".yml") && !called.ends_with(".yaml");
    let cells: Vec<Known> = if own {
        cells_of(&texts, node, known).into_iter().map(|cell| known.in_cell(cell)).collect()
    } else {
        vec![known.clone()]
    };
    let mut told: Vec<Vec<(String, String)>> = Vec::new();
    for known in &cells {
        let of = |name: &str| known.filled(name).filter(|v| !v.starts_with("$GITHUB_"));
        let told_by_name = given.iter().map(|(key, text)| (key.clone(), expression::fill(text, &of).0));
        let inherited = known.env.iter().filter(|(_, v)| environment && !v.contains("${{"));
        let inherited = inherited.map(|(name, value)| (format!("env.{name}"), value.clone()));
        let with: Vec<(String, String)> = told_by_name.chain(secret.clone()).chain(inherited).collect();
        if !told.contains(&with) {
            told.push(with);
        }
    }
    // cells run beside each other, so none holds back another
    let on_failure = if told.len() > 1 { OnFailure::GoesOn } else { OnFailure::Stops };
    for with in told {
        let (reference, to, on_failure) = (reference.to_owned(), to.clone(), on_failure.clone());
        reading.fact(id, line, FactKind::Uses(Uses { reference, with, to, edge: EdgeKind::Invokes, on_failure }));
    }
}

/// A published step that runs a text on another machine: in a folder that is not known here, and a shell of its own.
fn elsewhere(step: Node<'_>, uses: Node<'_>, id: UnitId, known: &Known, reading: &mut Reading<'_>) {
    let programs = reading.context.programs;
    let Some(remote) = uses.text().and_then(|reference| programs?.remote(reference.trim())) else { return };
    let Some(with) = step.get("with") else { return };
    let yes = |key: &String| with.get(key).and_then(Node::text) == Some("true");
    let program = Program::Shell { errexit: remote.stops.as_ref().is_some_and(yes), pipefail: false };
    let how = How { dir: None, variables: BTreeMap::new(), program: &program };
    given(with, &remote.texts, &how, id, known, reading);
}

/// A published step that runs a text on the machine of the job, in its workspace.
fn here(step: Node<'_>, uses: Node<'_>, id: UnitId, known: &Known, reading: &mut Reading<'_>) {
    let programs = reading.context.programs;
    let Some(here) = uses.text().and_then(|reference| programs?.here(reference.trim())) else { return };
    let Some(with) = step.get("with") else { return };
    let program = Program::Shell { errexit: here.stops, pipefail: false };
    let dir = match &here.options {
        None => known.folder("."),
        Some(key) => with.get(key).and_then(Node::text).and_then(|options| mounted(options, known)),
    };
    let how = How { dir, variables: known.variables(), program: &program };
    given(with, &here.texts, &how, id, known, reading);
}

/// The folder of the repository in which a container works that is told so by these options: that of a mount.
fn mounted(options: &str, known: &Known) -> Option<String> {
    let options = expression::substitute(options, &|name| known.filled(name));
    let mut words = options.split_whitespace();
    let (mut mounts, mut works): (Vec<(String, String)>, Option<String>) = (Vec::new(), None);
    while let Some(word) = words.next() {
        let (option, value) = match word.split_once('=') {
            Some((option, value)) if option.starts_with("--") => (option, value),
            _ => (word, ""),
        };
        let is = |names: [&str; 2]| names.contains(&option);
        if !is(["-v", "--volume"]) && !is(["-w", "--workdir"]) {
            continue;
        }
        let value = if value.is_empty() { words.next()? } else { value };
        match (is(["-w", "--workdir"]), value.split_once(':')) {
            (true, _) => works = Some(value.to_owned()),
            (false, Some((from, to))) => mounts.push((from.to_owned(), to.split(':').next().unwrap_or(to).to_owned())),
            (false, None) => {}
        }
    }
    let works = works?;
    let inside = |to: &str| works.strip_prefix(to).filter(|rest| rest.is_empty() || rest.starts_with('/') || to.ends_with('/'));
    let (from, rest) = mounts.iter().find_map(|(from, to)| Some((from, inside(to)?)))?;
    known.folder(&format!("{from}{rest}"))
}

/// Lowers the texts that a published step is given.
fn given(with: Node<'_>, keys: &[String], how: &How<'_>, id: UnitId, known: &Known, reading: &mut Reading<'_>) {
    for text in keys.iter().filter_map(|key| with.get(key)) {
        let (first, exact) = (text.line(), text.style() == Style::Literal);
        let Some(text) = text.text() else { continue };
        if !reading.take_text(first, text) {
            return;
        }
        let of = |name: &str| known.filled(name).filter(|v| !v.starts_with('$'));
        let (text, lines) = expression::fill(text, &of);
        let line_of = |line: u32| {
            let line = line.saturating_sub(1);
            let line = lines.get(line as usize).copied().unwrap_or(line);
            if exact { first.saturating_add(line) } else { first }
        };
        let units = reading.facts.units.len();
        let mut facts = text::lower(&text, &line_of, (id, units), how, reading);
        for fact in &mut facts.facts {
            if let FactKind::Command(command) = &mut fact.kind {
                text::from_the_root(command);
            }
        }
        text::join_cells(vec![facts], reading);
    }
}

/// The path of a published workflow or action, where it is of this repository or a copy of its repository is given; and
/// whether it is as the reference means it (a copy's path says so by itself).
fn published(reference: &str, context: &Context<'_>) -> Option<(String, bool)> {
    let (path, revision) = reference.split_once('@')?;
    let mut parts = path.splitn(3, '/');
    let (owner, name) = (parts.next()?, parts.next()?);
    let repository = format!("{owner}/{name}");
    let path = parts.next().unwrap_or(".");
    match context.copy(&repository, Some(revision)) {
        Some(root) => Some((source::join(&root, path)?, true)),
        None => Some((source::join(".", path)?, context.copies?.means_own(&repository, Some(revision))?)),
    }
}

/// A checkout puts a repository into the workspace: this one, or another, where it is told to.
fn checkout(step: Node<'_>, uses: Node<'_>, id: UnitId, known: &mut Known, reading: &mut Reading<'_>) {
    if uses.text().is_none_or(|r| !r.to_ascii_lowercase().starts_with("actions/checkout@")) {
        return;
    }
    let given =
        |key: &str| step.get("with").and_then(|w| w.get(key)).and_then(Node::text).map(str::trim).filter(|t| !t.is_empty());
    for key in ["repository", "path", "ref"] {
        if let Some(value) = given(key) {
            let line = step.get("with").and_then(|w| w.key_line(key)).unwrap_or_else(|| uses.line());
            reading.fact(id, line, FactKind::Setting { key: format!("checkout.{key}"), value: value.to_owned() });
        }
    }
    // a checkout under a condition may not happen
    if step.get("if").is_some() {
        return;
    }
    let copy = given("repository").and_then(|name| reading.context.copy(name, given("ref")));
    let by_name = |name: &str| reading.context.copies.and_then(|copies| copies.means_own(name, given("ref"))) == Some(true);
    let own = given("repository")
        .is_none_or(|r| by_name(r) || expression::expressions(r).first().is_some_and(|e| *e == "github.repository"));
    let path = given("path").map(|path| expression::substitute(path, &|name| known.value(name)));
    if let Some(path) = source::join(".", path.as_deref().unwrap_or(".")).filter(|p| !p.contains('$')) {
        known.checkouts.retain(|c| c.path != path);
        known.checkouts.push(Copied { path, own, copy });
    }
}
