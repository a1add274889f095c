//! The steps of a job: what tasks run, and what is put elsewhere.

use std::collections::BTreeMap;

use super::super::container::{self, Said, Start};
use super::super::shells::Program;
use super::{REPOSITORY, Reading, Resource, put};
use crate::fact::{FactKind, Guard, OnFailure, Unit, UnitId, UnitKind, Uses, UsesTarget};
use crate::facts::shell::HOLE;
use crate::source;
use crate::syntax::tree::{Kind, Node, Style};
use crate::words::EdgeKind;

/// Deepest nesting of steps.
const DEPTH: usize = 12;
/// A folder that no workspace has: nothing of the repository is there.
const NOWHERE: &str = "/nowhere";
/// What follows a step under a condition of its own.
const HOOKS: &[(&str, &str)] =
    &[("on_failure", "after a failure"), ("on_error", "after an error"), ("on_abort", "when a person ends it")];

/// What all steps of a job are read with.
struct At<'r, 't> {
    resources: &'r [Resource<'t>],
    /// The folders of the job in which the repository lies.
    mounts: Vec<String>,
}

/// The steps of a job.
pub(super) fn plan(job: Node<'_>, plan: Node<'_>, resources: &[Resource<'_>], id: UnitId, reading: &mut Reading<'_>) {
    let own = |node: &Node<'_>| {
        let name = node.at("get")?;
        let of = node.at("resource").unwrap_or(name);
        resources.iter().any(|one| one.own && one.name == of).then(|| name.to_owned())
    };
    let mut mounts: Vec<String> = plan.find("**").iter().filter_map(own).take(50).collect();
    if mounts.is_empty() {
        mounts.push(NOWHERE.to_owned());
    }
    let at = At { resources, mounts };
    for step in plan.items() {
        one(step, id, &at, reading, 0);
    }
    hooks(job, id, &at, reading, 0);
}

fn one(step: Node<'_>, parent: UnitId, at: &At<'_, '_>, reading: &mut Reading<'_>, depth: usize) {
    if depth > DEPTH || step.kind() != Kind::Map {
        return;
    }
    let of = |key: &str| step.at(key).and_then(|_| step.key_line(key)).unwrap_or_else(|| step.line());
    let span = |key: &str| (of(key), step.end_line());
    if let Some(name) = step.at("task") {
        if let Some(id) = reading.step(name, span("task"), parent) {
            task(step, id, at, reading);
        }
    } else if let Some(name) = step.at("put") {
        if let Some(id) = reading.step(&format!("put {name}"), span("put"), parent) {
            push(step, name, id, at, reading);
        }
    } else if let Some(name) = step.at("set_pipeline") {
        if let Some(id) = reading.step(&format!("set {name}"), span("set_pipeline"), parent) {
            hand_over(step, "file", Vec::new(), EdgeKind::Submits, id, at, reading);
        }
    } else if let Some((key, inner)) = ["in_parallel", "aggregate"].into_iter().find_map(|key| Some((key, step.get(key)?))) {
        let steps = inner.get("steps").unwrap_or(inner);
        let (line, end_line) = (step.key_line(key).unwrap_or_else(|| step.line()), step.end_line());
        if reading.take_step(line) {
            let name = format!("{key} {line}");
            let unit =
                Unit { kind: UnitKind::Group, name, title: None, line, end_line: end_line.max(line), parent: Some(parent) };
            let group = reading.unit(unit);
            steps.items().for_each(|item| one(item, group, at, reading, depth + 1));
        }
    } else if let Some(inner) = step.get("do") {
        let line = step.key_line("do").unwrap_or_else(|| step.line());
        if let Some(id) = reading.step(&format!("do {line}"), (line, step.end_line()), parent) {
            inner.items().for_each(|item| one(item, id, at, reading, depth + 1));
        }
    } else if let Some(inner) = step.get("try") {
        let line = step.key_line("try").unwrap_or_else(|| step.line());
        if let Some(id) = reading.step(&format!("try {line}"), (line, step.end_line()), parent) {
            reading.fact(id, line, FactKind::Guard(Guard::AllowFailure("try".to_owned())));
            one(inner, id, at, reading, depth + 1);
        }
    }
    hooks(step, parent, at, reading, depth);
}

/// What follows a step or job under a condition.
fn hooks(node: Node<'_>, parent: UnitId, at: &At<'_, '_>, reading: &mut Reading<'_>, depth: usize) {
    let guarded = |(key, why): &(&'static str, &'static str)| Some((*key, node.get(key)?, Guard::If((*why).to_owned())));
    let ensured = node.get("ensure").map(|inner| ("ensure", inner, Guard::Always("ensure".to_owned())));
    for (key, inner, guard) in HOOKS.iter().filter_map(guarded).chain(ensured) {
        let line = node.key_line(key).unwrap_or_else(|| inner.line());
        if let Some(id) = reading.step(&format!("{key} {line}"), (line, inner.end_line()), parent) {
            reading.fact(id, line, FactKind::Guard(guard));
            one(inner, id, at, reading, depth + 1);
        }
    }
    if let Some(inner) = node.get("on_success") {
        one(inner, parent, at, reading, depth + 1);
    }
}

fn task(step: Node<'_>, id: UnitId, at: &At<'_, '_>, reading: &mut Reading<'_>) {
    if let Some(config) = step.get("config").filter(|config| config.kind() == Kind::Map) {
        let mapped = |mount: &String| renamed(step, mount);
        let mounts: Vec<String> = at.mounts.iter().map(mapped).collect();
        return configured(config, step.get("params"), &mounts, id, reading);
    }
    let repository = at.mounts.first().map(|mount| renamed(step, mount)).unwrap_or_default();
    hand_over(step, "file", vec![(REPOSITORY.to_owned(), repository)], EdgeKind::Invokes, id, at, reading);
}

/// Under which name a task has a folder of the job.
fn renamed(step: Node<'_>, mount: &str) -> String {
    let all = step.get("input_mapping").into_iter().flat_map(Node::entries);
    all.filter(|(_, of)| of.text() == Some(mount))
        .map(|(name, _)| name.text.to_owned())
        .next()
        .unwrap_or_else(|| mount.to_owned())
}

/// Hands over to a file of a folder of the job.
fn hand_over(
    step: Node<'_>,
    key: &str,
    with: Vec<(String, String)>,
    edge: EdgeKind,
    id: UnitId,
    at: &At<'_, '_>,
    reading: &mut Reading<'_>,
) {
    let Some(node) = step.get(key) else { return };
    let Some(text) = node.text() else { return };
    let inside = at.mounts.iter().find_map(|mount| text.strip_prefix(mount.as_str())?.strip_prefix('/'));
    match inside.filter(|rest| !rest.contains("((")).and_then(|rest| source::join(".", rest)) {
        Some(path) => {
            let several = at.resources.iter().filter(|one| one.kind == "git").count() > 1;
            let to = UsesTarget::File(path);
            // of several repositories this is that from which the most is taken
            let to = if several && with.is_empty() { UsesTarget::Likely(Box::new(to)) } else { to };
            let uses = Uses { reference: text.to_owned(), with, to, edge, on_failure: OnFailure::Stops };
            reading.fact(id, node.line(), FactKind::Uses(uses));
        }
        None => reading.outside(id, node.line(), &format!("{} elsewhere", put(text)), Vec::new()),
    }
}

/// What the configuration of a task runs: a program with arguments in a folder, with an image and variables.
pub(super) fn configured(config: Node<'_>, params: Option<Node<'_>>, mounts: &[String], id: UnitId, reading: &mut Reading<'_>) {
    let image = config.get("image_resource").and_then(|image| image.get("source")).and_then(|source| source.get("repository"));
    if let Some((label, line)) = image.and_then(|image| Some((image.text()?, image.line()))) {
        reading.fact(id, line, FactKind::Machine { label: put(label), hosted: false });
    }
    let mut variables: BTreeMap<String, String> = BTreeMap::new();
    for owner in [config.get("params"), params].into_iter().flatten() {
        for (key, value) in owner.entries().take(200) {
            let Some(text) = value.text().map(put).filter(|text| text.len() <= 2_000) else { continue };
            reading.setting(id, key.line, key.text, &text);
            if text.contains(['$', '`']) {
                variables.remove(key.text);
            } else {
                variables.insert(key.text.to_owned(), text);
            }
        }
    }
    let Some(run) = config.get("run").filter(|run| run.kind() == Kind::Map) else { return };
    let Some(path) = run.get("path") else { return };
    let said = |node: Node<'_>| {
        let exact = node.style() == Style::Literal;
        Some(Said { text: put(node.text()?), line: node.line(), exact })
    };
    let words: Vec<Option<Said>> =
        std::iter::once(path).chain(run.get("args").into_iter().flat_map(Node::items)).take(400).map(said).collect();
    let dir = run.at("dir").map(put).filter(|dir| !dir.contains(HOLE)).unwrap_or_else(|| ".".to_owned());
    let nowhere = [NOWHERE.to_owned()];
    let mounts = if mounts.iter().all(String::is_empty) { &nowhere } else { mounts };
    let start = Start { line: path.line(), dir: dir.trim_end_matches('/'), mounts, variables };
    container::told(&words, &start, id, reading);
}

/// A new version that is made of a resource: an image as the commands that do so, anything else as what is published.
fn push(step: Node<'_>, name: &str, id: UnitId, at: &At<'_, '_>, reading: &mut Reading<'_>) {
    let of = step.at("resource").unwrap_or(name);
    let Some(resource) = at.resources.iter().find(|one| one.name == of) else { return };
    let line = step.key_line("put").unwrap_or_else(|| step.line());
    let params = step.get("params");
    let with: Vec<(String, String)> = params
        .into_iter()
        .flat_map(Node::entries)
        .filter_map(|(key, value)| Some((key.text.to_owned(), put(value.text()?))))
        .collect();
    let repository = resource.node.get("source").and_then(|source| source.at("repository")).map(put);
    let plain = |text: &String| !text.contains([' ', '\'', '"', ';', '&', '|', '`']);
    match (resource.kind, repository.filter(plain)) {
        ("docker-image" | "registry-image", Some(repository)) => {
            let mut text = String::new();
            if let Some(folder) = params.and_then(|p| p.at("build")).map(str::to_owned).filter(plain) {
                let file = params.and_then(|p| p.at("dockerfile")).map(str::to_owned).filter(plain);
                let file = file.map(|file| format!(" -f {file}")).unwrap_or_default();
                text.push_str(&format!("docker build{file} -t {repository} {folder}\n"));
            }
            text.push_str(&format!("docker push {repository}\n"));
            let program = Program::Shell { errexit: true, pipefail: false };
            let start = Start { line, dir: ".", mounts: &at.mounts, variables: BTreeMap::new() };
            container::lower_from(&text, &|_| line, &program, &start, id, reading);
        }
        (kind, _) => reading.outside(id, line, &format!("put {kind}"), with),
    }
}
