//! Jobs: the entries of a workflow, what they wait for, and where they run.

use std::collections::{BTreeMap, BTreeSet};

use super::super::cells::with_axis;
use super::super::condition::{self, Language};
use super::super::held::{Held, Truth};
use super::super::plan::{Need, Planned, Source};
use super::super::shells::{self, Program};
use super::known::{Asking, Definition, Given, Known, Parameters};
use super::{NAME, Reading, steps};
use crate::fact::{FactKind, Guard, OnFailure, Unit, UnitId, UnitKind, Uses, UsesTarget};
use crate::source::{self, NoticeKind};
use crate::syntax::shell::REPO_ROOT;
use crate::syntax::tree::{Kind, Node};
use crate::words::{EdgeKind, TriggerKind};

/// Most jobs of one file, with what matrices and workflows repeat.
const MAX_JOBS: usize = 500;
/// Most cells of a matrix that are told apart.
const MAX_CELLS: usize = 20;

/// An entry of a workflow, for one cell of its matrix.
struct Entry<'t> {
    /// The job that it names.
    job: &'t str,
    /// What others wait for: its name here, and that of its matrix.
    names: Vec<String>,
    line: u32,
    node: Option<Node<'t>>,
    cell: Vec<(&'t str, String)>,
}

/// The jobs of a workflow, each as far as it is decided when it runs.
pub(super) fn of_workflow(
    workflow: Node<'_>,
    parent: UnitId,
    conditions: &[Held],
    (sources, at): (&[Source], u32),
    known: &Known<'_>,
    reading: &mut Reading<'_>,
) -> Vec<Planned> {
    let Some(list) = workflow.get("jobs") else {
        reading.wrong(workflow.site_line(), "a workflow without jobs");
        return Vec::new();
    };
    if list.kind() != Kind::Seq {
        reading.wrong(list.site_line(), "`jobs` of a workflow is no list");
        return Vec::new();
    }
    let mut entries: Vec<Entry<'_>> = Vec::new();
    for item in list.items() {
        let line = item.site_line();
        match (item.text(), item.entries().next()) {
            (Some(job), _) => entries.push(Entry { job, names: vec![job.to_owned()], line, node: None, cell: Vec::new() }),
            (None, Some((key, node))) => cells(key.text, key.line, node, known, &mut entries),
            _ => reading.wrong(line, "an entry of a workflow that names no job"),
        }
    }
    let mut planned: Vec<Planned> = Vec::new();
    for entry in &entries {
        if reading.own.jobs >= MAX_JOBS {
            reading.notice(entry.line, NoticeKind::TooLarge, "too many jobs; the others were not read");
            break;
        }
        reading.own.jobs += 1;
        planned.push(one(entry, parent, conditions, (sources, at), known, reading));
    }
    let mut places: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, entry) in entries.iter().enumerate().take(planned.len()) {
        for name in &entry.names {
            places.entry(name).or_default().push(at);
        }
    }
    for (number, entry) in entries.iter().enumerate().take(planned.len()) {
        let needs = needs(entry, number, &places, reading);
        if let Some(job) = planned.get_mut(number) {
            job.needs = needs;
        }
    }
    planned
}

/// The entry, once for each cell of its matrix.
fn cells<'t>(job: &'t str, line: u32, node: Node<'t>, known: &Known<'_>, entries: &mut Vec<Entry<'t>>) {
    let name = node.get("name").and_then(Node::text);
    let matrix = node.get("matrix");
    let names = [name, matrix.and_then(|m| m.get("alias")).and_then(Node::text)];
    let names: Vec<String> = names.into_iter().flatten().map(str::to_owned).collect();
    let names = if names.is_empty() { vec![job.to_owned()] } else { names };
    let mut found: Vec<Vec<(&str, String)>> = vec![Vec::new()];
    for (key, values) in matrix.and_then(|m| m.get("parameters")).into_iter().flat_map(Node::entries) {
        let values: Vec<String> = values.items().filter_map(Node::text).map(|t| known.fill(t, &Parameters::new())).collect();
        if let Some(more) = with_axis(&found, &key.text, &values, MAX_CELLS) {
            found = more;
        }
    }
    let left_out: BTreeSet<Vec<(&str, &str)>> = matrix
        .and_then(|m| m.get("exclude"))
        .into_iter()
        .flat_map(Node::items)
        .map(|one| one.entries().filter_map(|(key, value)| Some((key.text, value.text()?))).collect())
        .collect();
    let is_out = |cell: &[(&str, String)]| {
        left_out
            .iter()
            .any(|out| !out.is_empty() && out.iter().all(|(k, v)| cell.iter().any(|(key, value)| key == k && value == v)))
    };
    for cell in found.into_iter().filter(|cell| !is_out(cell)) {
        let mut names = names.clone();
        for (key, value) in &cell {
            for name in &mut names {
                *name = name.replace(&format!("<< matrix.{key} >>"), value).replace(&format!("<<matrix.{key}>>"), value);
            }
        }
        if !cell.is_empty() && name.is_none() {
            let values: Vec<&str> = cell.iter().map(|(_, value)| value.as_str()).collect();
            names.push(format!("{job}-{}", values.join("-")));
        }
        entries.push(Entry { job, names, line, node: Some(node), cell });
    }
}

fn needs(entry: &Entry<'_>, number: usize, places: &BTreeMap<&str, Vec<usize>>, reading: &mut Reading<'_>) -> Vec<Need> {
    let mut found: Vec<Need> = Vec::new();
    let Some(requires) = entry.node.and_then(|n| n.get("requires")) else { return found };
    for item in super::listed(requires, "requires", reading) {
        let line = item.site_line();
        // only those that failed, or however they ended
        let (name, stops) = match (item.text(), item.entries().next()) {
            (Some(name), _) => (name, true),
            (None, Some((key, status))) => (key.text, status.strings().iter().all(|(s, _)| *s == "success")),
            _ => continue,
        };
        match places.get(name) {
            Some(on) => found.extend(on.iter().filter(|on| **on != number).map(|on| Need { on: *on, line, stops })),
            None if name.contains("<<") => {}
            None => reading.notice(line, NoticeKind::NotFollowed, &format!("there is no job `{name}` to wait for")),
        }
    }
    found
}

fn one(
    entry: &Entry<'_>,
    parent: UnitId,
    conditions: &[Held],
    (sources, at): (&[Source], u32),
    known: &Known<'_>,
    reading: &mut Reading<'_>,
) -> Planned {
    let filters = entry.node.and_then(|n| n.get("filters"));
    let line = match (filters, entry.node) {
        (Some(_), Some(node)) => node.key_line("filters").unwrap_or(entry.line),
        _ => entry.line,
    };
    let held: Vec<Held> = sources
        .iter()
        .zip(conditions)
        .map(|(source, condition)| {
            let own = filtered(filters, source.kind, known);
            let named = own.named || condition.named;
            Held { named, ..condition.clone().and(own) }
        })
        .collect();
    let line_of_conditions = if filters.is_some() || conditions.iter().all(|h| h.truth == Truth::Yes) { line } else { at };
    let kind = entry.node.and_then(|n| n.get("type")).and_then(Node::text);
    let name = entry.names.last().cloned().unwrap_or_else(|| entry.job.to_owned());
    let plan = |id: UnitId, by_hand: Option<String>| Planned {
        id,
        name: name.clone(),
        line: line_of_conditions,
        held: held.clone(),
        needs: Vec::new(),
        by_hand,
    };
    let at_entry = Unit {
        kind: UnitKind::Job,
        name: name.clone(),
        title: None,
        line: entry.line,
        end_line: entry.node.map_or(entry.line, Node::end_line).max(entry.line),
        parent: Some(parent),
    };
    if kind == Some("approval") {
        let id = reading.unit(at_entry);
        return plan(id, Some("type: approval".to_owned()));
    }
    match known.find("jobs", entry.job) {
        Definition::Here(definition, line, home) => {
            let mut parameters = home.parameters(definition, entry.node, &Parameters::new(), known);
            for (key, value) in &entry.cell {
                parameters.insert(format!("parameters.{key}"), Given::Text(value.clone()));
            }
            let end_line = definition.end_line().max(line);
            let id = reading.unit(Unit { line, end_line, ..at_entry });
            body(definition, id, &parameters, &home, entry.node.map(|n| (n, known)), reading);
            plan(id, None)
        }
        Definition::Orb(orb) => {
            let id = reading.unit(at_entry);
            published(entry.job, &orb, entry.node, id, entry.line, known, reading);
            plan(id, None)
        }
        Definition::None => {
            let id = reading.unit(at_entry);
            if kind.is_none() {
                reading.wrong(entry.line, &format!("there is no job `{}`", entry.job));
                reading.never(id, entry.line, "a job that is not there");
            }
            plan(id, None)
        }
    }
}

/// A job or command of an orb: the orb without its version, and what of it is called.
pub(super) fn published(
    name: &str,
    orb: &str,
    given: Option<Node<'_>>,
    id: UnitId,
    line: u32,
    known: &Known<'_>,
    reading: &mut Reading<'_>,
) {
    let part = name.split_once('/').map_or(name, |(_, part)| part);
    let (orb, version) = orb.split_once('@').map_or((orb, ""), |(orb, version)| (orb, version));
    let with: Vec<(String, String)> = given
        .into_iter()
        .flat_map(Node::entries)
        .filter_map(|(key, value)| Some((key.text.to_owned(), known.fill(value.text()?, &Parameters::new()))))
        .collect();
    // one that goes on with another configuration
    let goes_on = match (orb, part) {
        ("circleci/continuation", "continue") => Some(("configuration_path", None)),
        ("circleci/path-filtering", "filter") => Some(("config-path", Some(".circleci/continue_config.yml"))),
        _ => None,
    };
    if let Some((key, default)) = goes_on {
        let path = with.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str()).or(default).unwrap_or_default();
        if let Some(path) = source::join(".", path).filter(|p| !p.contains('$') && path.ends_with("ml")) {
            reading.own.others.insert(path.as_str().into());
            let there = reading.context.joined.wholes.iter().any(|w| w.others.contains(path.as_str()));
            let to = if there {
                UsesTarget::Unit { path: Some(path.clone()), kind: UnitKind::Workflow, name: path.clone() }
            } else {
                UsesTarget::File(path.clone())
            };
            let reference = format!("goes on with {path}");
            let uses = Uses { reference, with, to, edge: EdgeKind::Invokes, on_failure: OnFailure::Stops };
            return reading.fact(id, line, FactKind::Uses(uses));
        }
    }
    let version = if version.is_empty() { String::new() } else { format!("@{version}") };
    reading.outside(id, line, &format!("{orb}/{part}{version}"), with);
}

/// How far the filters of an entry let it run for one way of starting the workflow.
fn filtered(filters: Option<Node<'_>>, kind: TriggerKind, known: &Known<'_>) -> Held {
    let is_tag = kind == TriggerKind::Tag;
    if let Some(text) = filters.and_then(Node::text) {
        return condition::judge(text, Language::Names, &|name| known.value(name, kind, Asking::AsWritten));
    }
    let filter = filters.and_then(|f| f.get(if is_tag { "tags" } else { "branches" }));
    let Some(filter) = filter else { return Held::just(if is_tag { Truth::No } else { Truth::Yes }) };
    let of = |key: &str| -> Option<Vec<&str>> { Some(filter.get(key)?.strings().into_iter().map(|(text, _)| text).collect()) };
    let only = if filter.kind() == Kind::Map { of("only") } else { Some(filter.strings().into_iter().map(|(t, _)| t).collect()) };
    let is_all = |text: &&str| matches!(*text, "/.*/" | "/^.*$/" | "/^.*/" | "/.+/");
    if of("ignore").is_some_and(|all| all.iter().any(&is_all)) {
        return Held::just(Truth::No);
    }
    let held = Held { named: is_tag, ..Held::just(Truth::Yes) };
    match only {
        Some(only) if !only.iter().any(is_all) => {
            let plain = only.iter().all(|t| !t.starts_with('/'));
            let branches = (plain && !is_tag && !only.is_empty()).then(|| only.iter().map(|t| (*t).to_owned()).collect());
            Held { truth: Truth::Maybe, branches, ..held }
        }
        _ => held,
    }
}

/// The one job of a configuration without workflows.
pub(super) fn alone(build: Node<'_>, parent: UnitId, line: u32, known: &Known<'_>, reading: &mut Reading<'_>) -> Planned {
    let name = "build".to_owned();
    let unit = Unit {
        kind: UnitKind::Job,
        name: name.clone(),
        title: None,
        line,
        end_line: build.end_line().max(line),
        parent: Some(parent),
    };
    let id = reading.unit(unit);
    let parameters = known.parameters(build, None, &Parameters::new(), known);
    body(build, id, &parameters, known, None, reading);
    let held = [Truth::Yes, Truth::No, Truth::Yes, Truth::Yes].map(Held::just).to_vec();
    Planned { id, name, line, held, needs: Vec::new(), by_hand: None }
}

/// Where a job runs, and its steps, between those that its entry puts before and behind them.
fn body<'t>(
    job: Node<'t>,
    id: UnitId,
    parameters: &Parameters<'t>,
    known: &Known<'t>,
    entry: Option<(Node<'t>, &Known<'t>)>,
    reading: &mut Reading<'_>,
) {
    let mut place = steps::Place { folder: "~/project".to_owned(), ..steps::Place::default() };
    if let Some(executor) = job.get("executor") {
        let name = executor.get("name").unwrap_or(executor).text().map(|text| known.fill(text, parameters));
        let name = name.unwrap_or_default();
        let line = job.key_line("executor").unwrap_or_else(|| executor.site_line());
        match known.find("executors", &name) {
            Definition::Here(definition, _, home) => {
                let given = Some(executor).filter(|e| e.kind() == Kind::Map);
                let own = home.parameters(definition, given, parameters, known);
                machine(definition, id, &own, &home, &mut place, reading);
            }
            Definition::Orb(orb) => {
                place.windows = name.starts_with("win") || orb.contains("windows");
                reading.fact(id, line, FactKind::Machine { label: format!("{name} of {orb}"), hosted: true });
            }
            Definition::None if name.contains('$') => {}
            Definition::None => reading.wrong(line, &format!("there is no executor `{name}`")),
        }
    }
    machine(job, id, parameters, known, &mut place, reading);
    place.variables.insert("CI".to_owned(), "true".to_owned());
    let steps = [
        entry.and_then(|(node, home)| Some((node.get("pre-steps")?, home))),
        job.get("steps").map(|steps| (steps, known)),
        entry.and_then(|(node, home)| Some((node.get("post-steps")?, home))),
    ];
    if job.get("steps").is_none() && job.get("type").is_none() {
        reading.wrong(job.site_line(), "a job without steps");
    }
    for (number, (list, home)) in steps.into_iter().enumerate().filter_map(|(number, step)| Some((number, step?))) {
        let none = Parameters::new();
        let given = if number == 1 { parameters } else { &none };
        steps::read(
            list,
            id,
            &mut steps::At { known: home, parameters: given, place: &mut place, depth: 0, open: Vec::new() },
            reading,
        );
    }
}

/// What a job or executor says of machine, folder, shell and variables.
fn machine(
    node: Node<'_>,
    id: UnitId,
    parameters: &Parameters<'_>,
    known: &Known<'_>,
    place: &mut steps::Place,
    reading: &mut Reading<'_>,
) {
    let fill = |text: &str| known.fill(text, parameters);
    let line_of = |key: &str| node.key_line(key).unwrap_or_else(|| node.site_line());
    if let Some(docker) = node.get("docker") {
        let first = docker.items().next();
        match first.and_then(|f| f.get("image").or(Some(f))).and_then(Node::text) {
            Some(image) => {
                reading.fact(id, line_of("docker"), FactKind::Machine { label: fill(image), hosted: false });
            }
            None => reading.wrong(line_of("docker"), "`docker` names no image"),
        }
        for service in docker.items().skip(1).take(20) {
            if let Some(image) = service.get("image").and_then(Node::text) {
                reading.setting(id, service.site_line(), "services", &fill(image));
            }
        }
        if let Some(first) = first {
            place.variables.extend(reading.variables(first, "environment", id, &fill));
        }
    }
    for key in ["machine", "macos"] {
        let Some(machine) = node.get(key) else { continue };
        let label = machine.get("image").or_else(|| machine.get("xcode")).and_then(Node::text).map_or(key.to_owned(), fill);
        place.windows |= label.contains("windows");
        reading.fact(id, line_of(key), FactKind::Machine { label, hosted: true });
    }
    if let Some(class) = node.get("resource_class").and_then(Node::text).map(fill) {
        let hosted = !class.contains('/');
        place.windows |= class.starts_with("windows");
        reading.fact(id, line_of("resource_class"), FactKind::Machine { label: class, hosted });
    }
    if let Some(folder) = node.get("working_directory").and_then(Node::text).map(fill) {
        place.folder = folder.trim_end_matches('/').to_owned();
    }
    if let Some(shell) = node.get("shell").and_then(Node::text) {
        place.shell = Some(fill(shell));
    }
    if let Some(number) = node.get("parallelism").and_then(Node::text) {
        reading.setting(id, line_of("parallelism"), "parallelism", number);
    }
    place.variables.extend(reading.variables(node, "environment", id, &fill));
}

impl steps::Place {
    /// The program that reads the text of a step.
    pub(super) fn program(&self, shell: Option<&str>) -> Program {
        match shell.or(self.shell.as_deref()) {
            Some(shell) => shells::program(Some(shell), self.windows),
            None if self.windows => Program::Lines,
            None => Program::Shell { errexit: true, pipefail: true },
        }
    }

    /// Variables for a shell, with the folder of the repository by its name.
    pub(super) fn shell_variables(&self) -> BTreeMap<String, String> {
        let mut all = self.variables.clone();
        if self.repository.as_deref() == Some(&self.folder) {
            all.insert("CIRCLE_WORKING_DIRECTORY".to_owned(), REPO_ROOT.to_owned());
        }
        all
    }
}

/// Whether a step's condition leaves it in place: for no way of starting, for some, for all.
pub(super) fn guard(condition: Node<'_>, negated: bool, at: &steps::At<'_, '_>) -> Option<Guard> {
    let name = |name: &str| match at.parameters.get(name) {
        Some(Given::Text(text)) => super::super::condition::Value::Text(text.clone()),
        Some(Given::Node(node)) => {
            let is_empty = node.items().next().is_none() && node.entries().next().is_none();
            super::super::condition::Value::Text(if is_empty { String::new() } else { NAME.to_owned() })
        }
        None => at.known.value(name, TriggerKind::Push, Asking::AsWritten),
    };
    let held = at.known.condition(condition, &name, 0);
    let held = if negated { held.not() } else { held };
    match held.truth {
        Truth::Yes => None,
        Truth::No => Some(Guard::Never(if negated { "unless" } else { "when" }.to_owned())),
        Truth::Maybe => {
            Some(Guard::If(if held.rest.is_empty() { "a condition of the pipeline".to_owned() } else { held.rest.join(" && ") }))
        }
    }
}
