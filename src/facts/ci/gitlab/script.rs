//! What a job runs: `before_script`, `script` and `after_script`, each line where it is written.
//!
//! The first two are one text for one shell; the last is a text of its own that runs in any case. A stretch of lines
//! that stand behind each other in one file is a step; a stretch of another file is an action of that file.

use std::collections::BTreeMap;

use super::super::reading::Reading;
use super::super::shells::Program;
use super::super::text::{self, How};
use super::ROOT;
use super::jobs::Job;
use super::merged::{Config, Entry, Item, Value, get};
use crate::fact::{Fact, FactKind, FileFacts, Guard, OnFailure, Unit, UnitId, UnitKind, Uses, UsesTarget};
use crate::source::{self, RepoPath};
use crate::syntax::shell::REPO_ROOT;
use crate::syntax::tree::Style;
use crate::words::EdgeKind;

/// Most items of one script.
const MAX_ITEMS: usize = 2_000;
/// Most cells of a matrix that are told apart.
const MAX_CELLS: usize = 20;
/// Longest value that a variable takes in another.
const MAX_VALUE: usize = 2_000;

/// One item of a script.
struct Piece {
    text: String,
    doc: usize,
    /// First line, and whether the others follow it line by line.
    line: u32,
    exact: bool,
    phase: &'static str,
}

/// Lines that stand behind each other in one file.
struct Stretch {
    doc: usize,
    phase: &'static str,
    /// The first item, and one more than the last.
    from: usize,
    to: usize,
}

/// All that a job runs.
pub(super) struct Script {
    main: Vec<Piece>,
    after: Vec<Piece>,
}

/// A key that a job has from `default`, or from the top of the file.
pub(super) fn default<'t>(config: &Config<'t>, job: &Job<'t>, key: &str) -> Option<Entry<'t>> {
    let inherits = get(&job.map, "inherit").and_then(|e| match &e.value {
        Value::Map(inherit) => get(inherit, "default"),
        Value::Leaf(..) => None,
    });
    match inherits.map(|e| &e.value) {
        Some(Value::Leaf(doc, node)) => {
            let listed = config.texts(&Value::Leaf(*doc, *node));
            if node.text().is_some_and(|t| t == "false") || (node.text().is_none() && !listed.iter().any(|(t, _)| t == key)) {
                return None;
            }
        }
        Some(Value::Map(_)) | None => {}
    }
    let of_default = config.get("default").and_then(|e| match &e.value {
        Value::Map(map) => get(map, key),
        Value::Leaf(..) => None,
    });
    of_default.or_else(|| config.get(key)).cloned()
}

/// A text with variables whose values are literal in the place of their names.
pub(super) fn expanded(text: &str, variables: &BTreeMap<String, String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        let (name, tail) = match after.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
            Some((name, tail)) => (name, tail),
            None => after.split_at(after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len())),
        };
        match variables.get(name).filter(|v| !v.contains('$') && out.len() < MAX_VALUE) {
            Some(value) => {
                out.push_str(value);
                rest = tail;
            }
            None => {
                out.push('$');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

impl Script {
    pub(super) fn of<'t>(config: &Config<'t>, job: &Job<'t>, reading: &mut Reading<'_>) -> Self {
        let mut pieces = |key: &'static str, inherited: bool| {
            let entry = get(&job.map, key).cloned().or_else(|| default(config, job, key).filter(|_| inherited));
            let Some(entry) = entry else { return Vec::new() };
            let items = config.items(&entry.value);
            let texts = items.iter().filter_map(|item| piece(config, *item, key));
            let found: Vec<Piece> = texts.take(MAX_ITEMS).collect();
            if (found.len() < items.len() || matches!(entry.value, Value::Map(_)))
                && config.path(entry.doc) == Some(&reading.file.path)
            {
                reading.wrong(entry.line, &format!("`{key}` holds something that is no command"));
            }
            found
        };
        let mut main = pieces("before_script", true);
        main.extend(pieces("script", false));
        Self { main, after: pieces("after_script", true) }
    }

    /// States the lines that stand in the file that is read: under the job where it is `id`, else as actions for it.
    pub(super) fn state<'t>(
        &self,
        config: &Config<'t>,
        root: &RepoPath,
        job: &Job<'t>,
        id: Option<UnitId>,
        reading: &mut Reading<'_>,
    ) {
        for pieces in [&self.main, &self.after] {
            let is_here = |piece: &Piece| config.path(piece.doc) == Some(&reading.file.path);
            if !pieces.is_empty() && (id.is_some() || pieces.iter().any(is_here)) {
                one(pieces, config, root, job, id, reading);
            }
        }
    }
}

fn piece<'t>(config: &Config<'t>, (doc, node): Item<'t>, phase: &'static str) -> Option<Piece> {
    let exact = node.style() == Style::Literal;
    Some(Piece { text: config.text((doc, node))?, doc, line: node.line(), exact, phase })
}

fn stretches(pieces: &[Piece]) -> Vec<Stretch> {
    let mut found: Vec<Stretch> = Vec::new();
    let mut last = 0;
    for (at, piece) in pieces.iter().enumerate() {
        match found.last_mut() {
            Some(open) if open.doc == piece.doc && open.phase == piece.phase && piece.line >= last => open.to = at + 1,
            _ => found.push(Stretch { doc: piece.doc, phase: piece.phase, from: at, to: at + 1 }),
        }
        last = piece.line;
    }
    found
}

/// What the lines of another file are called there.
fn action_name(job: &Job<'_>, root: &str, number: usize, phase: &str) -> String {
    format!("{phase} of job {} in {root}, {}", job.name, number + 1)
}

fn one<'t>(pieces: &[Piece], config: &Config<'t>, root: &RepoPath, job: &Job<'t>, id: Option<UnitId>, reading: &mut Reading<'_>) {
    let own = reading.file.path.clone();
    let stretches = stretches(pieces);
    // the place of every line of the text: its item, and the line of the file
    let mut places: Vec<(usize, u32)> = Vec::new();
    let mut whole = String::new();
    for (at, piece) in pieces.iter().enumerate() {
        for (number, line) in (0..).zip(piece.text.lines().chain(piece.text.is_empty().then_some(""))) {
            places.push((at, if piece.exact { piece.line.saturating_add(number) } else { piece.line }));
            whole.push_str(line);
            whole.push('\n');
        }
    }
    if !reading.take_text(job.line, &whole) {
        return;
    }
    // a unit for every stretch of this file, and for those of others the way there
    let mut units: Vec<Option<UnitId>> = Vec::new();
    let mut line = job.line;
    for (number, stretch) in stretches.iter().enumerate() {
        let of = pieces.get(stretch.from..stretch.to).unwrap_or(&[]);
        let first = of.first().map_or(job.line, |p| p.line);
        let last =
            of.last().map_or(first, |p| if p.exact { p.line + p.text.lines().count().saturating_sub(1) as u32 } else { p.line });
        let after = stretch.phase == "after_script";
        let is_here = config.path(stretch.doc) == Some(&own);
        let name = action_name(job, root, number, stretch.phase);
        let unit = match (id, is_here) {
            (Some(id), _) => {
                // steps run in their order, wherever their lines stand
                line = if is_here { line.max(first) } else { line };
                if !reading.take_step(line) {
                    return;
                }
                let step = reading.unit(Unit {
                    kind: UnitKind::Step,
                    name: stretch.phase.to_owned(),
                    title: Some(stretch.phase.to_owned()),
                    line,
                    end_line: if is_here { last.max(line) } else { line },
                    parent: Some(id),
                });
                if after {
                    reading.fact(step, line, FactKind::Guard(Guard::Always("after_script".to_owned())));
                    reading.fact(step, line, FactKind::Guard(Guard::AllowFailure("after_script".to_owned())));
                }
                if !is_here && let Some(path) = config.path(stretch.doc) {
                    let to = UsesTarget::Unit { path: Some(path.to_string()), kind: UnitKind::Action, name };
                    let reference = format!("{} of {path}", stretch.phase);
                    let on_failure = OnFailure::Stops;
                    let uses = Uses { reference, with: Vec::new(), to, edge: EdgeKind::Invokes, on_failure };
                    reading.fact(step, line, FactKind::Uses(uses));
                }
                is_here.then_some(step)
            }
            (None, true) => {
                let parent = None;
                Some(reading.unit(Unit {
                    kind: UnitKind::Action,
                    name,
                    title: None,
                    line: first,
                    end_line: last.max(first),
                    parent,
                }))
            }
            (None, false) => None,
        };
        units.push(unit);
    }
    let step_of = |line: u32| {
        let (at, line) = places.get((line as usize).saturating_sub(1)).or(places.last()).copied().unwrap_or((0, job.line));
        let number = stretches.iter().position(|s| (s.from..s.to).contains(&at)).unwrap_or(0);
        (units.get(number).copied().flatten(), line)
    };
    let program = if is_windows(config, job) { Program::Lines } else { Program::Shell { errexit: true, pipefail: true } };
    let before = reading.facts.units.len();
    let mut lowered = Vec::new();
    for variables in cells(config, job) {
        // a child runs where its parent does, the pipeline of another project in that one
        let dir = if source::within(root) == ROOT { source::root(root) } else { "." };
        let how = How { dir: Some(dir.to_owned()), variables, program: &program };
        let mut facts = text::lower(&whole, &|line| line, (usize::MAX, before), &how, reading);
        place(&mut facts, before, &step_of);
        lowered.push(facts);
    }
    text::join_cells(lowered, reading);
}

/// Puts what a text came to where its lines stand; what stands in other files is theirs to tell.
fn place(facts: &mut FileFacts, before: usize, step_of: &dyn Fn(u32) -> (Option<UnitId>, u32)) {
    // functions keep their places in the list, so those of other files are left with their own file alone
    let mut gone: Vec<UnitId> = Vec::new();
    for (at, unit) in facts.units.iter_mut().enumerate() {
        let (step, line) = step_of(unit.line);
        let end = step_of(unit.end_line).1;
        match step {
            Some(step) if unit.parent == Some(usize::MAX) => unit.parent = Some(step),
            Some(_) => {}
            None => gone.push(before + at),
        }
        (unit.line, unit.end_line) = (line, end.max(line));
    }
    let mut kept: Vec<Option<usize>> = Vec::new();
    let mut facts_kept: Vec<Fact> = Vec::new();
    for mut fact in std::mem::take(&mut facts.facts) {
        let (step, line) = step_of(fact.line);
        let in_function = fact.unit.filter(|u| *u != usize::MAX);
        let Some(step) = step.filter(|_| in_function.is_none_or(|u| !gone.contains(&u))) else {
            kept.push(None);
            continue;
        };
        let end = step_of(fact.end_line).1;
        (fact.line, fact.end_line) = (line, end.max(line));
        fact.unit = Some(in_function.unwrap_or(step));
        if let FactKind::Command(command) = &mut fact.kind {
            text::from_the_root(command);
            if let Some((_, line)) = &mut command.stdin {
                *line = step_of(*line).1;
            }
        }
        kept.push(Some(facts_kept.len()));
        facts_kept.push(fact);
    }
    facts.facts = facts_kept;
    let embedded = std::mem::take(&mut facts.embedded);
    facts.embedded = embedded
        .into_iter()
        .filter_map(|(at, mut code)| {
            let at = kept.get(at).copied().flatten()?;
            let own = std::sync::Arc::make_mut(&mut code);
            own.lines.iter_mut().for_each(|line| *line = step_of(*line).1);
            Some((at, code))
        })
        .collect();
    // a function of another file is no unit of this one, but others are counted behind it
    for unit in gone {
        if let Some(unit) = facts.units.get_mut(unit - before) {
            unit.parent = None;
            unit.name = format!("{} (of another file)", unit.name);
        }
    }
}

/// Whether the job asks for a machine with another shell.
fn is_windows<'t>(config: &Config<'t>, job: &Job<'t>) -> bool {
    let tags = get(&job.map, "tags").cloned().or_else(|| default(config, job, "tags"));
    tags.is_some_and(|e| config.texts(&e.value).iter().any(|(tag, _)| tag.to_ascii_lowercase().contains("windows")))
}

/// The variables of the job, once for every cell of its matrix.
fn cells<'t>(config: &Config<'t>, job: &Job<'t>) -> Vec<BTreeMap<String, String>> {
    let mut all: Vec<BTreeMap<String, String>> = Vec::new();
    let matrix = get(&job.map, "parallel").and_then(|e| match config.follow(&e.value) {
        Some(Value::Map(map)) => get(&map, "matrix").map(|m| config.items(&m.value)),
        _ => None,
    });
    for (doc, group) in matrix.unwrap_or_default() {
        let mut cells = vec![BTreeMap::new()];
        for (key, values) in group.entries().take(MAX_CELLS) {
            let values: Vec<String> = match values.text() {
                Some(_) => config.text((doc, values)).into_iter().collect(),
                None => values.items().filter_map(|v| v.text()).map(str::to_owned).collect(),
            };
            if cells.len().saturating_mul(values.len()) > MAX_CELLS * 10 {
                return vec![settled(&job.variables)];
            }
            if !values.is_empty() {
                let with = |cell: &BTreeMap<String, String>, value: &String| {
                    let mut cell = cell.clone();
                    cell.insert(key.text.to_owned(), value.clone());
                    cell
                };
                cells = cells.iter().flat_map(|cell| values.iter().map(move |value| with(cell, value))).collect();
            }
        }
        all.extend(cells);
    }
    if all.is_empty() || all.len() > MAX_CELLS {
        return vec![settled(&job.variables)];
    }
    let of = |cell: BTreeMap<String, String>| {
        let mut variables = job.variables.clone();
        variables.extend(cell);
        settled(&variables)
    };
    all.into_iter().map(of).collect()
}

/// Variables as a shell sees them: those whose values are literal once others took their places.
fn settled(variables: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut known = variables.clone();
    for _ in 0..3 {
        let literal = known.clone();
        for value in known.values_mut().filter(|v| v.contains('$')) {
            *value = expanded(value, &literal);
        }
    }
    known.insert("CI_PROJECT_DIR".to_owned(), REPO_ROOT.to_owned());
    known.insert("CI".to_owned(), "true".to_owned());
    for value in known.values_mut().filter(|v| v.contains("$CI_PROJECT_DIR") || v.contains("${CI_PROJECT_DIR}")) {
        *value = value.replace("${CI_PROJECT_DIR}", REPO_ROOT).replace("$CI_PROJECT_DIR", REPO_ROOT);
    }
    known.retain(|_, value| !value.replace(REPO_ROOT, "").contains('$'));
    known
}
