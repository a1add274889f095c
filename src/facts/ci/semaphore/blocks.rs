//! Blocks, their jobs, and the commands of those.

use std::collections::BTreeMap;

use super::super::cells::with_axis;
use super::super::commands::{Commands, listed};
use super::super::held::{Held, Truth};
use super::super::plan::{Need, Planned, Source};
use super::super::shells::Program;
use super::super::text::How;
use super::{Reading, judged};
use crate::fact::{FactKind, Guard, Unit, UnitId, UnitKind};
use crate::source::{self, NoticeKind};
use crate::syntax::tree::{Kind, Node};

/// Most blocks of one pipeline.
const MAX_BLOCKS: usize = 200;
/// Most jobs of one block.
const MAX_JOBS: usize = 200;
/// Most cells of a matrix that are told apart.
const MAX_CELLS: usize = 20;
/// Most variables of one place.
const MAX_VARIABLES: usize = 200;
/// Most stretches of commands of one job.
const MAX_STRETCHES: usize = 60;

type Variables = BTreeMap<String, String>;

/// The blocks of a pipeline, each as far as it is decided when it runs, and what comes after all of them.
pub(super) fn read(root: Node<'_>, workflow: UnitId, sources: &[Source], reading: &mut Reading<'_>) -> Vec<Planned> {
    let mut planned: Vec<Planned> = Vec::new();
    let Some(list) = root.get("blocks").filter(|list| list.kind() == Kind::Seq) else {
        reading.wrong(root.key_line("blocks").unwrap_or(1), "a pipeline without a list of blocks");
        return planned;
    };
    let global = root.get("global_job_config");
    let known = variables(global, workflow, reading);
    let mut asked: Vec<Vec<(&str, u32)>> = Vec::new();
    for (number, node) in list.items().enumerate() {
        let line = node.site_line();
        if number >= MAX_BLOCKS {
            reading.notice(line, NoticeKind::TooLarge, "too many blocks; the others were not read");
            break;
        }
        let name = node.at("name").map_or_else(|| format!("block {}", number + 1), str::to_owned);
        let id = group(&name, node, line, workflow, reading);
        match node.get("task") {
            Some(task) => jobs(task, &Around { root, global, known: &known }, id, reading),
            None => reading.wrong(line, "a block without a task"),
        }
        asked.push(node.get("dependencies").map(Node::strings).unwrap_or_default());
        let at = ["run", "skip"].iter().find_map(|key| node.key_line(key)).unwrap_or(line);
        planned.push(Planned { id, name, line: at, held: held(node, sources), needs: Vec::new(), by_hand: None });
    }
    let names: Vec<String> = planned.iter().map(|block| block.name.clone()).collect();
    for (number, (block, asked)) in planned.iter_mut().zip(asked).enumerate() {
        for (name, line) in asked {
            match names.iter().position(|known| known == name) {
                Some(on) if on != number => block.needs.push(Need { on, line, stops: true }),
                Some(_) => {}
                None => reading.wrong(line, &format!("there is no block `{name}` to wait for")),
            }
        }
    }
    after(root, workflow, sources, &mut planned, reading);
    planned
}

/// What runs once the pipeline has ended, however it did.
fn after(root: Node<'_>, workflow: UnitId, sources: &[Source], planned: &mut Vec<Planned>, reading: &mut Reading<'_>) {
    const KEY: &str = "after_pipeline";
    let Some(task) = root.get(KEY).and_then(|a| a.get("task")) else { return };
    let line = root.key_line(KEY).unwrap_or_else(|| task.site_line());
    let id = group(KEY, task, line, workflow, reading);
    reading.fact(id, line, FactKind::Guard(Guard::Always(KEY.to_owned())));
    reading.fact(id, line, FactKind::Guard(Guard::AllowFailure(KEY.to_owned())));
    // what holds for all jobs of the pipeline does not hold for these
    jobs(task, &Around { root, global: None, known: &Variables::new() }, id, reading);
    let needs = (0..planned.len()).map(|on| Need { on, line, stops: false }).collect();
    let held = vec![Held::just(Truth::Yes); sources.len()];
    planned.push(Planned { id, name: KEY.to_owned(), line, held, needs, by_hand: None });
}

fn group(name: &str, node: Node<'_>, line: u32, workflow: UnitId, reading: &mut Reading<'_>) -> UnitId {
    let end_line = node.end_line().max(line);
    let (kind, parent) = (UnitKind::Group, Some(workflow));
    reading.unit(Unit { kind, name: name.to_owned(), title: None, line, end_line, parent })
}

/// How far a block runs; one that is skipped holds back nothing.
fn held(node: Node<'_>, sources: &[Source]) -> Vec<Held> {
    let of = |key: &str| node.get(key).and_then(|n| n.at("when"));
    sources
        .iter()
        .map(|source| match (of("run"), of("skip")) {
            (Some(run), _) => judged(run, source.kind, ""),
            (None, Some(skip)) => judged(skip, source.kind, "").not(),
            (None, None) => Held::just(Truth::Yes),
        })
        .collect()
}

/// What holds for all jobs of a pipeline.
struct Around<'a, 't> {
    root: Node<'t>,
    global: Option<Node<'t>>,
    known: &'a Variables,
}

/// Variables under `env_vars`: stated of a unit, and returned as far as they are literal.
fn variables(owner: Option<Node<'_>>, unit: UnitId, reading: &mut Reading<'_>) -> Variables {
    let mut found = Variables::new();
    for variable in owner.and_then(|o| o.get("env_vars")).into_iter().flat_map(Node::items).take(MAX_VARIABLES) {
        let (Some(name), Some(value)) = (variable.at("name"), variable.at("value")) else { continue };
        reading.setting(unit, variable.site_line(), name, value);
        if !value.contains(['$', '`', '%']) {
            found.insert(name.to_owned(), value.to_owned());
        }
    }
    found
}

fn jobs(task: Node<'_>, around: &Around<'_, '_>, block: UnitId, reading: &mut Reading<'_>) {
    let mut known = around.known.clone();
    known.extend(variables(Some(task), block, reading));
    let list = task.get("jobs");
    if list.is_none_or(|list| list.kind() != Kind::Seq) {
        reading.wrong(task.site_line(), "a task without a list of jobs");
    }
    for (number, node) in list.into_iter().flat_map(Node::items).take(MAX_JOBS).enumerate() {
        let line = node.site_line();
        let name = node.at("name").map_or_else(|| format!("job {}", number + 1), str::to_owned);
        let end_line = node.end_line().max(line);
        let id = reading.unit(Unit { kind: UnitKind::Job, name, title: None, line, end_line, parent: Some(block) });
        machine(task.get("agent").or_else(|| around.root.get("agent")), id, reading);
        let mut known = known.clone();
        known.extend(variables(Some(node), id, reading));
        job(node, task, around.global, (id, &known), reading);
    }
}

fn machine(agent: Option<Node<'_>>, id: UnitId, reading: &mut Reading<'_>) {
    let Some(agent) = agent else { return };
    if let Some((machine, kind)) = agent.get("machine").and_then(|m| Some((m, m.at("type")?))) {
        let line = machine.key_line("type").unwrap_or_else(|| machine.site_line());
        // machines of one's own are told by the first letters of their kind
        reading.fact(id, line, FactKind::Machine { label: kind.to_owned(), hosted: !kind.starts_with("s1-") });
    }
    // the first runs the commands
    if let Some((first, image)) = agent.get("containers").and_then(|c| c.items().next()).and_then(|c| Some((c, c.at("image")?))) {
        let line = first.key_line("image").unwrap_or_else(|| first.site_line());
        reading.fact(id, line, FactKind::Machine { label: image.to_owned(), hosted: false });
    }
}

/// Commands that one shell runs under the same rules.
struct Stretch {
    commands: Commands,
    key: &'static str,
    /// Whether the repository is there.
    here: bool,
    /// Whether each that fails ends the job; of a text of several lines only the last does.
    each: bool,
}

fn job(node: Node<'_>, task: Node<'_>, global: Option<Node<'_>>, (id, known): (UnitId, &Variables), reading: &mut Reading<'_>) {
    let mut stretches: Vec<Stretch> = Vec::new();
    for owner in [global.and_then(|g| g.get("prologue")), task.get("prologue")] {
        gather(owner, "prologue", &mut stretches, reading);
    }
    gather(Some(node), "commands", &mut stretches, reading);
    let rows = cells(node);
    let mut before = Commands::default();
    for stretch in stretches {
        before = run(stretch, before, (id, known), &rows, reading).0;
    }
    for key in ["always", "on_pass", "on_fail"] {
        let mut stretches: Vec<Stretch> = Vec::new();
        for owner in [Some(task), global].into_iter().flatten() {
            gather(owner.get("epilogue").and_then(|e| e.get(key)), "epilogue", &mut stretches, reading);
        }
        for mut stretch in stretches {
            stretch.here = true;
            let (commands, step) = run(stretch, before, (id, known), &rows, reading);
            before = commands;
            let (Some(step), Some((line, _))) = (step, before.span()) else { continue };
            reading.fact(step, line, FactKind::Guard(Guard::AllowFailure(format!("epilogue: {key}"))));
            let word = format!("epilogue: {key}");
            match key {
                "on_fail" => reading.fact(step, line, FactKind::Guard(Guard::AfterFailure(word))),
                "always" => reading.fact(step, line, FactKind::Guard(Guard::Always(word))),
                _ => {}
            }
        }
    }
}

/// Lowers a stretch in the shell that ran others before; returns all that it has run by then.
fn run(
    stretch: Stretch,
    before: Commands,
    (id, known): (UnitId, &Variables),
    rows: &[Vec<(String, String)>],
    reading: &mut Reading<'_>,
) -> (Commands, Option<UnitId>) {
    let program = Program::Shell { errexit: stretch.each, pipefail: false };
    let of_row = |row: &Vec<(String, String)>| {
        let mut variables = known.clone();
        variables.extend(row.iter().cloned());
        How { dir: stretch.here.then(|| ".".to_owned()), variables, program: &program }
    };
    let hows: Vec<How<'_>> = rows.iter().map(of_row).collect();
    let commands = stretch.commands.behind(&before);
    let step = commands.step(stretch.key, id, &hows, reading);
    (commands, step)
}

/// Adds the commands of a list, or of a file that stands for one.
fn gather(owner: Option<Node<'_>>, key: &'static str, into: &mut Vec<Stretch>, reading: &mut Reading<'_>) {
    let Some(owner) = owner else { return };
    let mut here = into.last().is_some_and(|stretch| stretch.here);
    if let Some(file) = owner.at("commands_file") {
        let line = owner.key_line("commands_file").unwrap_or_else(|| owner.site_line());
        let folder = if file.starts_with('/') { "." } else { source::folder(&reading.file.path) };
        match source::join(folder, file.trim_start_matches('/')) {
            // its text is put in its place, so it is there before the repository is; whether that is brought is told in it
            Some(path) => {
                let commands = Commands::on_line(&format!(". {path}\n"), line);
                into.push(Stretch { commands, key, here: true, each: true });
            }
            None => reading.wrong(line, "`commands_file` leaves the repository"),
        }
    }
    let Some(list) = owner.get("commands") else { return };
    for item in listed(list, "commands", reading) {
        let Some(text) = item.text() else {
            reading.wrong(item.site_line(), "`commands` holds something that is no text");
            continue;
        };
        here |= text.lines().any(|line| line.split_whitespace().next() == Some("checkout"));
        let each = text.trim_end().lines().count() < 2;
        let room = into.len() < MAX_STRETCHES;
        match into.last_mut() {
            Some(last) if !room || (each && last.each && last.here == here && last.key == key) => {
                last.each &= each;
                last.commands.add(text, item);
            }
            _ => {
                let mut commands = Commands::default();
                commands.add(text, item);
                into.push(Stretch { commands, key, here, each });
            }
        }
    }
}

/// The variables of each cell of a matrix; one empty cell where there is none, or too many.
fn cells(job: Node<'_>) -> Vec<Vec<(String, String)>> {
    let mut found = vec![Vec::new()];
    for axis in job.get("matrix").into_iter().flat_map(Node::items) {
        let values = axis.get("values").map(Node::strings).unwrap_or_default();
        let values: Vec<String> = values.into_iter().map(|(value, _)| value.to_owned()).collect();
        let name = axis.at("env_var").unwrap_or_default().to_owned();
        match with_axis(&found, &name, &values, MAX_CELLS) {
            Some(more) => found = more,
            None => return vec![Vec::new()],
        }
    }
    found
}
