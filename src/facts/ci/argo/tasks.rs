//! Templates and the tasks that they come to: containers, scripts, lists of steps, graphs.

use std::collections::{BTreeMap, BTreeSet};

use super::super::container;
use super::super::held::one_line;
use super::super::reading::Reading;
use super::{Values, refer};
use crate::fact::{FactKind, Guard, Needs, Trigger, Unit, UnitId, UnitKind};
use crate::facts::shell::HOLE;
use crate::source::NoticeKind;
use crate::syntax::tree::Node;
use crate::syntax::yaml;
use crate::words::TriggerKind;

/// Deepest nesting of templates that name each other.
const DEPTH: usize = 12;
/// Most values that are kept.
const MAX_VALUES: usize = 500;
/// Longest text of an object that is read.
const MAX_MANIFEST: usize = 50_000;

/// A workflow while its tasks are worked out.
struct Whole<'t> {
    templates: BTreeMap<&'t str, Node<'t>>,
    /// What it is given as a whole.
    values: Values,
}

/// What a workflow runs, from its first template.
pub(super) fn workflow(spec: Node<'_>, unit: UnitId, reading: &mut Reading<'_>) {
    if let Some(reference) = spec.get("workflowTemplateRef") {
        let cluster = reference.get("clusterScope").and_then(Node::as_bool) == Some(true);
        if let Some(name) = reference.at("name") {
            let kind = if cluster { "clusterworkflowtemplate" } else { "workflowtemplate" };
            let line = reference.key_line("name").unwrap_or_else(|| reference.line());
            return refer(&format!("{kind}/{name}"), line, unit, reading);
        }
    }
    let whole = Whole::of(spec);
    let Some(entry) = spec.get("entrypoint").and_then(Node::text) else { return };
    let line = spec.key_line("entrypoint").unwrap_or_else(|| spec.line());
    match whole.templates.get(entry) {
        Some(template) => {
            run(&whole, *template, (entry, line), unit, &whole.values, reading, 0);
        }
        None => reading.notice(line, NoticeKind::NotFollowed, &format!("there is no template `{entry}`")),
    }
    if let Some(template) = spec.at("onExit").and_then(|name| whole.templates.get(name)) {
        let line = spec.key_line("onExit").unwrap_or(line);
        if let Some(id) = run(&whole, *template, ("onExit", line), unit, &whole.values, reading, 0) {
            reading.fact(id, line, FactKind::Guard(Guard::Always("onExit".to_owned())));
        }
    }
}

/// What one template runs for those who refer to it.
pub(super) fn template(spec: Node<'_>, template: Node<'_>, unit: UnitId, reading: &mut Reading<'_>) {
    let whole = Whole::of(spec);
    let name = template.at("name").unwrap_or("?");
    run(&whole, template, (name, template.line()), unit, &whole.values, reading, 0);
}

impl<'t> Whole<'t> {
    fn of(spec: Node<'t>) -> Self {
        let templates = spec.get("templates").into_iter().flat_map(Node::items);
        let templates = templates.filter_map(|template| Some((template.get("name")?.text()?, template))).collect();
        let mut values = Values::new();
        add(spec.get("arguments"), "workflow.parameters", &Values::new(), &mut values);
        Self { templates, values }
    }
}

/// Adds parameters under a name in front, with what is known put in.
fn add(of: Option<Node<'_>>, front: &str, known: &Values, into: &mut Values) {
    for parameter in of.and_then(|a| a.get("parameters")).into_iter().flat_map(Node::items) {
        if let (Some(name), Some(value)) = (parameter.at("name"), parameter.at("value").or_else(|| parameter.at("default")))
            && into.len() < MAX_VALUES
        {
            into.insert(format!("{front}.{name}"), put(value, known));
        }
    }
}

/// A text with what is known put in, and a hole for what is not.
fn put(text: &str, values: &Values) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let Some((name, behind)) = after.split_once("}}") else {
            out.push_str("{{");
            out.push_str(after);
            return out;
        };
        out.push_str(values.get(name.trim()).map_or(HOLE, String::as_str));
        rest = behind;
    }
    out + rest
}

/// A task: a template, with the values that it is given. None where there are too many.
fn run(
    whole: &Whole<'_>,
    template: Node<'_>,
    (name, line): (&str, u32),
    parent: UnitId,
    given: &Values,
    reading: &mut Reading<'_>,
    depth: usize,
) -> Option<UnitId> {
    if depth > DEPTH {
        reading.notice(line, NoticeKind::TooLarge, "templates name each other too deeply; the inner ones were not read");
        return None;
    }
    if !reading.take_step(line) {
        return None;
    }
    let mut values: Values = whole.values.clone();
    add(template.get("inputs"), "inputs.parameters", &whole.values, &mut values);
    values.extend(given.iter().filter(|(key, _)| key.starts_with("inputs.")).map(|(k, v)| (k.clone(), v.clone())));
    let groups = template.get("steps").or_else(|| template.get("dag"));
    let kind = if groups.is_some() { UnitKind::Group } else { UnitKind::Job };
    let end_line = template.end_line().max(template.line());
    // a task stands where it is named; what it runs stands in its template
    let id =
        reading.unit(Unit { kind, name: name.to_owned(), title: None, line, end_line: end_line.max(line), parent: Some(parent) });
    let said = |text: &str| Some(put(text, &values));
    for list in ["initContainers", "sidecars"] {
        for one in template.get(list).into_iter().flat_map(Node::items).filter(|_| list == "initContainers") {
            container::run(one, id, &said, reading);
        }
    }
    if let Some(one) = template.get("container") {
        container::run(one, id, &said, reading);
    }
    for one in template.get("containerSet").and_then(|set| set.get("containers")).into_iter().flat_map(Node::items) {
        container::run(one, id, &said, reading);
    }
    if let Some(script) = template.get("script") {
        let words: Vec<&str> = script.get("command").map(Node::strings).unwrap_or_default().into_iter().map(|(w, _)| w).collect();
        if let Some(source) = script.get("source") {
            container::text(source, None, (&container::program_of(&words), "."), id, &said, reading);
        }
    }
    if let Some(resource) = template.get("resource") {
        made(resource, id, &values, reading);
    }
    if let Some(steps) = template.get("steps") {
        in_order(whole, steps, id, &values, reading, depth);
    }
    if let Some(dag) = template.get("dag") {
        graph(whole, dag, id, &values, reading, depth);
    }
    Some(id)
}

/// An object that a template makes of a text: a workflow of the cluster that it names.
fn made(resource: Node<'_>, id: UnitId, values: &Values, reading: &mut Reading<'_>) {
    let makes = matches!(resource.at("action"), Some("create" | "apply"));
    let Some(manifest) = resource.get("manifest").filter(|_| makes) else { return };
    let Some(text) = manifest.text().filter(|text| text.len() < MAX_MANIFEST) else { return };
    let parsed = yaml::parse(&put(text, values));
    for object in parsed.tree.docs().filter(|object| object.at("kind") == Some("Workflow")).take(DEPTH) {
        let Some(reference) = object.get("spec").and_then(|spec| spec.get("workflowTemplateRef")) else { continue };
        let cluster = reference.get("clusterScope").and_then(Node::as_bool) == Some(true);
        let kind = if cluster { "clusterworkflowtemplate" } else { "workflowtemplate" };
        if let Some(name) = reference.at("name").filter(|name| !name.contains(HOLE)) {
            refer(&format!("{kind}/{name}"), resource.key_line("manifest").unwrap_or_else(|| manifest.line()), id, reading);
        }
    }
}

/// The template of a task, run as that task.
fn task(
    whole: &Whole<'_>,
    task: Node<'_>,
    parent: UnitId,
    values: &Values,
    reading: &mut Reading<'_>,
    depth: usize,
) -> Option<UnitId> {
    let name = task.at("name").unwrap_or("?");
    let line = task.line();
    let mut given = Values::new();
    add(task.get("arguments"), "inputs.parameters", values, &mut given);
    let named = task.at("template").map(|template| put(template, values));
    let own = task.get("inline").or_else(|| whole.templates.get(named.as_deref()?).copied());
    let id = match (task.get("templateRef"), own) {
        (Some(reference), _) => {
            if !reading.take_step(line) {
                return None;
            }
            let end_line = task.end_line().max(line);
            let id = reading.unit(Unit {
                kind: UnitKind::Job,
                name: name.to_owned(),
                title: None,
                line,
                end_line,
                parent: Some(parent),
            });
            let cluster = reference.get("clusterScope").and_then(Node::as_bool) == Some(true);
            let kind = if cluster { "clusterworkflowtemplate" } else { "workflowtemplate" };
            if let (Some(of), Some(template)) = (reference.at("name"), reference.at("template")) {
                refer(&format!("{kind}/{of}#{template}"), reference.line(), id, reading);
            }
            id
        }
        (None, Some(template)) => run(whole, template, (name, line), parent, &given, reading, depth + 1)?,
        (None, None) => {
            if let Some(named) = named {
                reading.notice(line, NoticeKind::NotFollowed, &format!("there is no template `{named}`"));
            }
            return None;
        }
    };
    if let Some(when) = task.at("when") {
        let text = put(when, values);
        let line = task.key_line("when").unwrap_or(line);
        let guard = if text.trim() == "false" { Guard::Never(format!("when: {text}")) } else { Guard::If(one_line(when)) };
        reading.fact(id, line, FactKind::Guard(guard));
    }
    let goes_on = task
        .get("continueOn")
        .is_some_and(|c| ["failed", "error"].iter().any(|key| c.get(key).and_then(Node::as_bool) == Some(true)));
    if goes_on {
        let line = task.key_line("continueOn").unwrap_or(line);
        reading.fact(id, line, FactKind::Guard(Guard::AllowFailure("continueOn".to_owned())));
    }
    Some(id)
}

/// Whether a task waits for a person: a pause without an end.
fn pauses(whole: &Whole<'_>, task: Node<'_>) -> bool {
    let template = task.get("inline").or_else(|| whole.templates.get(task.at("template")?).copied());
    template.and_then(|t| t.get("suspend")).is_some_and(|suspend| suspend.get("duration").is_none())
}

fn by_hand(id: UnitId, line: u32, after: &str, reading: &mut Reading<'_>) {
    let what = format!("after `{after}`, which waits for a person");
    reading.fact(id, line, FactKind::Trigger(Trigger::plain(TriggerKind::Manual, what.clone())));
    reading.fact(id, line, FactKind::Guard(Guard::Never(what)));
}

/// Lists of steps: the lists one after the other, what is in one beside each other.
fn in_order(whole: &Whole<'_>, lists: Node<'_>, parent: UnitId, values: &Values, reading: &mut Reading<'_>, depth: usize) {
    let mut before: Vec<UnitId> = Vec::new();
    let mut asked: Option<String> = None;
    for list in lists.items() {
        let steps: Vec<Node<'_>> = if list.items().next().is_some() { list.items().collect() } else { vec![list] };
        let mut now: Vec<UnitId> = Vec::new();
        let mut asks = asked.clone();
        for step in steps {
            if pauses(whole, step) {
                asks = asks.or_else(|| step.at("name").map(str::to_owned));
            }
            let Some(id) = task(whole, step, parent, values, reading, depth) else { continue };
            for on in &before {
                reading.fact(id, step.line(), FactKind::Needs(Needs { on: *on, stops: true }));
            }
            if let Some(after) = &asked {
                by_hand(id, step.line(), after, reading);
            }
            now.push(id);
        }
        if !now.is_empty() {
            before = now;
        }
        asked = asks;
    }
}

/// Tasks with what each waits for: `dependencies`, or an expression over names.
fn graph(whole: &Whole<'_>, dag: Node<'_>, parent: UnitId, values: &Values, reading: &mut Reading<'_>, depth: usize) {
    let tasks: Vec<Node<'_>> = dag.get("tasks").into_iter().flat_map(Node::items).collect();
    let mut ids: BTreeMap<&str, UnitId> = BTreeMap::new();
    for one in &tasks {
        if let (Some(name), Some(id)) = (one.get("name").and_then(Node::text), task(whole, *one, parent, values, reading, depth))
        {
            ids.insert(name, id);
        }
    }
    let mut waits: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for one in &tasks {
        let Some((name, id)) = one.get("name").and_then(Node::text).and_then(|name| Some((name, *ids.get(name)?))) else {
            continue;
        };
        let listed = one.get("dependencies").map(Node::strings).unwrap_or_default().into_iter().map(|(on, _)| (on, ""));
        let expressed = one.get("depends").and_then(Node::text).into_iter().flat_map(named);
        for (on, outcome) in listed.chain(expressed) {
            let line = one.key_line("depends").or_else(|| one.key_line("dependencies")).unwrap_or_else(|| one.line());
            match ids.get(on) {
                Some(on_id) if *on_id != id => {
                    let stops = matches!(outcome, "" | "Succeeded");
                    reading.fact(id, line, FactKind::Needs(Needs { on: *on_id, stops }));
                    waits.entry(name).or_default().insert(on);
                }
                Some(_) => {}
                None if tasks.iter().any(|t| t.at("name") == Some(on)) => {}
                None => reading.notice(line, NoticeKind::NotFollowed, &format!("there is no task `{on}` here to wait for")),
            }
        }
    }
    // whoever waits for a pause, or for one who does
    let mut asked: BTreeMap<&str, &str> = BTreeMap::new();
    for one in tasks.iter().filter(|one| pauses(whole, **one)) {
        asked.extend(one.get("name").and_then(Node::text).map(|name| (name, name)));
    }
    let pausing: BTreeSet<&str> = asked.keys().copied().collect();
    for _ in 0..tasks.len().min(500) {
        let more: Vec<(&str, &str)> = waits
            .iter()
            .filter(|(name, _)| !asked.contains_key(*name))
            .filter_map(|(name, on)| Some((*name, *on.iter().find_map(|on| asked.get(on))?)))
            .collect();
        if more.is_empty() {
            break;
        }
        asked.extend(more);
    }
    for (name, after) in asked.iter().filter(|(name, _)| !pausing.contains(*name)) {
        if let Some(id) = ids.get(name).copied() {
            let line = reading.facts.units.get(id).map_or(1, |unit| unit.line);
            by_hand(id, line, after, reading);
        }
    }
}

/// The names of an expression like `(a && b.Failed) || !c`, each with the outcome that is asked for.
fn named(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let words = text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_' | '.'))).filter(|word| !word.is_empty());
    words.map(|word| word.split_once('.').unwrap_or((word, "")))
}
