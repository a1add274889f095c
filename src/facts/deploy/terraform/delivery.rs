//! Pipelines and builds of a configuration, as `deploy/delivery` wants them, and pipelines of the ML platform.

use super::folders::{Configuration, Resource};
use super::{definition, wiring};
use crate::fact::UnitId;
use crate::facts::ci::build_phases;
use crate::facts::ci::reading::Reading;
use crate::facts::deploy::delivery::{self, Action, Declared, Filter, MOST, Stage};
use crate::facts::deploy::machine::Machine;
use crate::facts::deploy::steps;
use crate::syntax::json;
use crate::syntax::tree::{Kind, Node};
use crate::words::TriggerKind;

/// The blocks of a name.
fn blocks<'t>(node: Node<'t>, name: &'static str) -> impl Iterator<Item = Node<'t>> {
    node.entries().filter(move |(key, _)| key.text == name).map(|(_, block)| block).take(MOST)
}

fn action(node: Node<'_>) -> Action<'_> {
    Action {
        node,
        name: node.at("name").unwrap_or("?"),
        category: node.at("category").unwrap_or_default(),
        provider: node.at("provider").unwrap_or_default(),
        order: node.at("run_order").and_then(|n| n.parse().ok()).unwrap_or(1),
        settings: node.get("configuration"),
    }
}

/// A pipeline.
pub(super) fn pipeline(all: &Configuration<'_>, resource: Resource<'_>, unit: UnitId, reading: &mut Reading<'_>) {
    let node = resource.node;
    let stages =
        blocks(node, "stage").map(|stage| Stage { closed: None, actions: blocks(stage, "action").map(action).collect() });
    let stages: Vec<Stage<'_>> = stages.collect();
    if node.get("dynamic").is_some_and(|d| d.get("stage").is_some()) {
        wiring::open(unit, resource.line, "stages that only a deployment knows", reading);
    }
    let text = |node: Node<'_>| all.literal(node);
    let pass = |unit, to: Node<'_>, reading: &mut Reading<'_>| all.pass_named(unit, to, reading);
    let meant = |trigger| all.switched(trigger, resource, &[]);
    let declared = Declared { text: &text, pass: &pass, meant: &meant };
    let mut events = false;
    for of in blocks(node, "trigger").filter_map(|one| one.get("git_configuration")) {
        events = true;
        for push in blocks(of, "push") {
            let branch = push.get("branches").and_then(|b| b.get("includes")).into_iter().flat_map(Node::items).find_map(text);
            let kind = if push.get("tags").is_some() { TriggerKind::Tag } else { TriggerKind::Push };
            wiring::starts(unit, push.line(), meant(delivery::follows(kind, branch)), reading);
        }
        for request in blocks(of, "pull_request").take(1) {
            wiring::starts(unit, request.line(), meant(delivery::follows(TriggerKind::Pr, None)), reading);
        }
    }
    delivery::pipeline(&declared, &stages, ((resource.line, node.end_line()), events), unit, reading);
}

/// A build: the specification that it runs, in the repository or in the configuration.
pub(super) fn project(all: &Configuration<'_>, resource: Resource<'_>, unit: UnitId, reading: &mut Reading<'_>) {
    let source = resource.node.get("source");
    let Some(named) = source.and_then(|s| s.get("buildspec")) else {
        return delivery::specification(None, source.map_or(resource.line, Node::line), unit, reading);
    };
    if named.kind() == Kind::Map {
        return build_phases(named, unit, reading);
    }
    let line = named.line();
    if let Some((path, _)) = definition::file(all, named) {
        return delivery::specification(Some((&path, line)), line, unit, reading);
    }
    let written = named.text().map(|text| all.filled(text)).unwrap_or_default();
    if delivery::written(&written, named, unit, reading) {
        return;
    }
    match all.literal(named) {
        Some(text) if text.is_empty() => delivery::specification(None, line, unit, reading),
        Some(text) => delivery::specification(Some((&text, line)), line, unit, reading),
        None => wiring::open(unit, line, "a specification that only a deployment knows", reading),
    }
}

/// What starts a build, in a block of its own.
pub(super) fn webhook(all: &Configuration<'_>, resource: Resource<'_>, unit: UnitId, reading: &mut Reading<'_>) {
    let filter = |one: Node<'_>| {
        let text = |key: &str| one.get(key).and_then(|n| all.literal(n)).unwrap_or_default();
        let excludes = one.get("exclude_matched_pattern").and_then(Node::as_bool) == Some(true);
        Filter { kind: text("type"), pattern: text("pattern"), excludes }
    };
    let groups: Vec<Vec<Filter>> =
        blocks(resource.node, "filter_group").map(|group| blocks(group, "filter").map(filter).collect()).collect();
    for trigger in delivery::webhook(&groups) {
        wiring::starts(unit, resource.line, all.switched(trigger, resource, &[]), reading);
    }
    resource.node.get("project_name").into_iter().for_each(|to| all.pass_named(unit, to, reading));
}

/// A pipeline of the ML platform: its steps, where they stand in the configuration or in a file that it reads.
pub(super) fn platform(all: &Configuration<'_>, key: &str, resource: Resource<'_>, unit: UnitId, reading: &mut Reading<'_>) {
    let name = resource.node.get("pipeline_name").and_then(|name| all.literal(name));
    wiring::known_as(unit, name, reading);
    let Some(body) = resource.node.get("pipeline_definition") else {
        return wiring::open(unit, resource.line, "a pipeline whose steps lie elsewhere", reading);
    };
    let from = reading.file.path.clone();
    let refer = |node: Node<'_>| all.said(node, &from);
    if body.kind() == Kind::Map {
        return steps::lower(body, unit, &Machine { refer: &refer, line: &|line| line }, reading);
    }
    if let Some((path, _)) = definition::file(all, body) {
        return wiring::pass(unit, body.line(), &definition::name(&from, key), Some(path), reading);
    }
    let parsed = body.text().filter(|text| text.trim_start().starts_with('{')).map(json::parse);
    match parsed.as_ref().and_then(|p| p.tree.root()) {
        Some(root) => steps::lower(root, unit, &Machine { refer: &refer, line: &wiring::lines_of(body) }, reading),
        None => wiring::open(unit, body.line(), "a pipeline whose steps only a deployment knows", reading),
    }
}
