//! The steps of a pipeline, which are jobs of their own: where they run, what they wait for, and their scripts.

use std::collections::BTreeMap;

use super::super::commands::{Commands, listed};
use super::super::held::{Held, Truth};
use super::super::plan::{Need, Planned, Source};
use super::super::shells::Program;
use super::super::text::How;
use super::{Reading, judged};
use crate::fact::{FactKind, Guard, Unit, UnitId, UnitKind};
use crate::source::NoticeKind;
use crate::syntax::shell::REPO_ROOT;
use crate::syntax::tree::{Kind, Node};

/// Most steps of one pipeline.
const MAX_STEPS: usize = 200;

/// Where a step stands.
struct At<'a, 't> {
    root: Node<'t>,
    parent: UnitId,
    held: &'a [Held],
    sources: &'a [Source],
    /// The steps that it waits for.
    before: &'a [usize],
}

/// The steps of a pipeline, each as far as it is decided when it runs.
pub(super) fn of_pipeline(
    root: Node<'_>,
    (list, line): (Node<'_>, u32),
    workflow: UnitId,
    held: &[Held],
    sources: &[Source],
    reading: &mut Reading<'_>,
) -> Vec<Planned> {
    let mut planned: Vec<Planned> = Vec::new();
    if list.kind() != Kind::Seq {
        if list.get("import").is_some() {
            let what = list.get("import").and_then(Node::text).unwrap_or_default();
            reading.outside(workflow, line, &format!("the pipeline {what}"), Vec::new());
        } else {
            reading.wrong(line, "a pipeline that is no list of steps");
        }
        return planned;
    }
    let mut before: Vec<usize> = Vec::new();
    for item in list.items() {
        if planned.len() >= MAX_STEPS {
            reading.notice(item.site_line(), NoticeKind::TooLarge, "too many steps in one pipeline; the others were not read");
            break;
        }
        let at = At { root, parent: workflow, held, sources, before: &before };
        let from = planned.len();
        let next = one(item, &at, &mut planned, reading);
        before = if next.is_empty() && planned.len() == from { before } else { next };
    }
    planned
}

/// One part of a pipeline: a step, a stage, or several side by side. Returns what the next part waits for.
fn one<'t>(item: Node<'t>, at: &At<'_, 't>, planned: &mut Vec<Planned>, reading: &mut Reading<'_>) -> Vec<usize> {
    let Some((key, node)) = item.entries().next() else {
        if item.get("variables").is_none() {
            reading.wrong(item.site_line(), "a part of a pipeline that has no keys");
        }
        return Vec::new();
    };
    let line = key.line;
    let group = |name: &str, node: Node<'_>| Unit {
        kind: UnitKind::Group,
        name: name.to_owned(),
        title: None,
        line,
        end_line: node.end_line().max(line),
        parent: Some(at.parent),
    };
    match key.text {
        "step" => {
            let number = planned.len();
            if !step(node, line, at, None, planned, reading) {
                return Vec::new();
            }
            vec![number]
        }
        "parallel" => {
            let id = reading.unit(group("parallel", node));
            let list = node.get("steps").unwrap_or(node);
            let mut last = Vec::new();
            for item in list.items().take(MAX_STEPS) {
                match item.get("step") {
                    Some(node) => {
                        let number = planned.len();
                        let inner = At { parent: id, ..*at };
                        if step(node, item.key_line("step").unwrap_or(line), &inner, None, planned, reading) {
                            last.push(number);
                        }
                    }
                    None => reading.wrong(item.site_line(), "`parallel` holds something that is no step"),
                }
            }
            last
        }
        "stage" => {
            let name = node.get("name").and_then(Node::text).unwrap_or("stage");
            let id = reading.unit(group(name, node));
            environment(node, id, reading);
            let by_hand = is_by_hand(node).then_some(());
            let condition = held(node, at);
            let mut before = at.before.to_vec();
            for (count, item) in node.get("steps").into_iter().flat_map(Node::items).take(MAX_STEPS).enumerate() {
                let Some(node) = item.get("step") else {
                    reading.wrong(item.site_line(), "a stage holds something that is no step");
                    continue;
                };
                let number = planned.len();
                let inner = At { parent: id, before: &before, held: &condition, ..*at };
                let waits = by_hand.filter(|()| count == 0);
                if step(node, item.key_line("step").unwrap_or(line), &inner, waits, planned, reading) {
                    before = vec![number];
                }
            }
            before
        }
        // of a pipeline that a person starts
        "variables" => {
            for variable in node.items().take(MAX_STEPS) {
                let of = |key: &str| variable.get(key).and_then(Node::text);
                if let (Some(name), Some(default)) = (of("name"), of("default")) {
                    reading.setting(at.parent, variable.site_line(), name, default);
                }
            }
            Vec::new()
        }
        other => {
            reading.wrong(line, &format!("`{other}` is no part of a pipeline"));
            Vec::new()
        }
    }
}

fn is_by_hand(node: Node<'_>) -> bool {
    node.get("trigger").and_then(Node::text) == Some("manual")
}

/// How far a step or stage runs: files that were changed, and conditions in text.
fn held(node: Node<'_>, at: &At<'_, '_>) -> Vec<Held> {
    let condition = node.get("condition");
    let state = condition.and_then(|c| c.get("state").or(Some(c))).and_then(Node::text);
    let paths = condition.is_some_and(|c| c.get("changesets").is_some());
    let of = |(source, held): (&Source, &Held)| {
        let held = if paths { held.clone().and(Held::just(Truth::Maybe)) } else { held.clone() };
        match state {
            Some(text) => held.and(judged(text, source.kind)),
            None => held,
        }
    };
    at.sources.iter().zip(at.held).map(of).collect()
}

fn environment(node: Node<'_>, id: UnitId, reading: &mut Reading<'_>) {
    let Some(deployment) = node.get("deployment") else { return };
    let line = node.key_line("deployment").unwrap_or_else(|| deployment.site_line());
    match deployment.text() {
        Some(name) => reading.fact(id, line, FactKind::Environment(name.to_owned())),
        None => reading.wrong(line, "`deployment` names no environment"),
    }
}

/// One step; whether there is one.
fn step<'t>(
    node: Node<'t>,
    line: u32,
    at: &At<'_, 't>,
    waits: Option<()>,
    planned: &mut Vec<Planned>,
    reading: &mut Reading<'_>,
) -> bool {
    if node.kind() != Kind::Map {
        reading.wrong(line, "a step without keys");
        return false;
    }
    let name = node.get("name").and_then(Node::text).map_or_else(|| format!("step {}", planned.len() + 1), str::to_owned);
    let id = reading.unit(Unit {
        kind: UnitKind::Job,
        name: name.clone(),
        title: None,
        line,
        end_line: node.end_line().max(line),
        parent: Some(at.parent),
    });
    machine(node, at.root, id, reading);
    environment(node, id, reading);
    let ignored = node.get("on-fail").and_then(|f| f.get("strategy")).and_then(Node::text) == Some("ignore");
    if ignored {
        let line = node.key_line("on-fail").unwrap_or(line);
        reading.fact(id, line, FactKind::Guard(Guard::AllowFailure("on-fail: ignore".to_owned())));
    }
    let own = clones(node).or_else(|| clones(at.root)).unwrap_or(true);
    let variables =
        BTreeMap::from([("CI".to_owned(), "true".to_owned()), ("BITBUCKET_CLONE_DIR".to_owned(), REPO_ROOT.to_owned())]);
    // the first failing command ends it
    let program = Program::Shell { errexit: true, pipefail: false };
    let how = [How { dir: own.then(|| ".".to_owned()), variables, program: &program }];
    script(node, "script", id, &how, reading);
    for step in script(node, "after-script", id, &how, reading) {
        let line = node.key_line("after-script").unwrap_or(line);
        reading.fact(step, line, FactKind::Guard(Guard::Always("after-script".to_owned())));
        reading.fact(step, line, FactKind::Guard(Guard::AllowFailure("after-script".to_owned())));
    }
    if node.get("script").is_none() {
        reading.wrong(line, "a step without a script");
    }
    let by_hand = (waits.is_some() || is_by_hand(node)).then(|| "trigger: manual".to_owned());
    let at_line = ["trigger", "condition"].iter().find_map(|key| node.key_line(key)).unwrap_or(line);
    let stops = |on: &usize| !planned.get(*on).is_some_and(|p| allows_failure(p.id, reading));
    let needs = at.before.iter().map(|on| Need { on: *on, line, stops: stops(on) }).collect();
    planned.push(Planned { id, name, line: at_line, held: held(node, at), needs, by_hand });
    true
}

fn allows_failure(id: UnitId, reading: &Reading<'_>) -> bool {
    reading.facts.facts.iter().any(|f| f.unit == Some(id) && matches!(f.kind, FactKind::Guard(Guard::AllowFailure(_))))
}

/// Whether the repository is brought along, where the file says so.
fn clones(node: Node<'_>) -> Option<bool> {
    node.get("clone")?.get("enabled")?.as_bool()
}

fn machine(node: Node<'_>, root: Node<'_>, id: UnitId, reading: &mut Reading<'_>) {
    let image = node.get("image").map(|i| (i, node)).or_else(|| Some((root.get("image")?, root)));
    if let Some((image, owner)) = image {
        let line = owner.key_line("image").unwrap_or_else(|| image.site_line());
        match image.get("name").unwrap_or(image).text() {
            Some(label) => reading.fact(id, line, FactKind::Machine { label: label.to_owned(), hosted: false }),
            None => reading.wrong(line, "`image` names no image"),
        }
    }
    if let Some(labels) = node.get("runs-on") {
        for (label, line) in labels.strings() {
            reading.fact(id, line, FactKind::Machine { label: label.to_owned(), hosted: false });
        }
    }
    for (service, line) in node.get("services").map(Node::strings).unwrap_or_default() {
        reading.setting(id, line, "services", service);
    }
}

/// The commands and pipes under a key, each stretch a step of its own.
fn script(node: Node<'_>, key: &str, parent: UnitId, how: &[How<'_>], reading: &mut Reading<'_>) -> Vec<UnitId> {
    let mut found = Vec::new();
    let Some(list) = node.get(key) else { return found };
    let mut commands = Commands::default();
    for item in listed(list, key, reading) {
        if let Some(text) = item.text() {
            commands.add(text, item);
            continue;
        }
        let Some(pipe) = item.get("pipe").and_then(Node::text) else {
            reading.wrong(item.site_line(), &format!("`{key}` holds something that is neither a command nor a pipe"));
            continue;
        };
        found.extend(std::mem::take(&mut commands).step(key, parent, how, reading));
        let line = item.key_line("pipe").unwrap_or_else(|| item.site_line());
        let with: Vec<(String, String)> = item
            .get("variables")
            .into_iter()
            .flat_map(Node::entries)
            .filter_map(|(key, value)| Some((key.text.to_owned(), value.text()?.to_owned())))
            .collect();
        if let Some(id) = reading.step(pipe, (line, item.end_line()), parent) {
            // a version is told apart as elsewhere
            let name = pipe.trim_start_matches("docker://");
            let reference = name.rsplit_once(':').map_or(name.to_owned(), |(name, version)| format!("{name}@{version}"));
            reading.outside(id, line, &reference, with);
            found.push(id);
        }
    }
    found.extend(commands.step(key, parent, how, reading));
    found
}
