//! Steps, which are jobs of their own: their order, their conditions, and what they run.

use std::collections::{BTreeMap, BTreeSet};

use super::super::cells::with_axis;
use super::super::commands::{Commands, listed};
use super::super::held::{Held, Truth};
use super::super::plan::{Need, Planned, Source};
use super::super::shells::Program;
use super::super::text::How;
use super::{Reading, judged, of_branches};
use crate::fact::{FactKind, Guard, Unit, UnitId, UnitKind};
use crate::source::NoticeKind;
use crate::syntax::shell::REPO_ROOT;
use crate::syntax::tree::{Kind, Node};

/// Most steps of one pipeline.
const MAX_STEPS: usize = 500;
/// Most cells of a matrix that are told apart.
const MAX_CELLS: usize = 20;

/// What is known of the steps so far.
struct Order<'t> {
    planned: Vec<Planned>,
    /// What names itself what it waits for: the step, the name, the line, and whether it goes on after a failure.
    asked: Vec<(usize, &'t str, u32, bool)>,
    keys: BTreeMap<&'t str, Vec<usize>>,
    /// What the next steps wait for: all since the last wait, and how.
    before: Vec<usize>,
    since: Vec<usize>,
    anyway: bool,
    /// Steps whose failure is allowed.
    soft: Vec<bool>,
}

/// Where steps stand.
#[derive(Clone, Copy)]
struct At<'a, 't> {
    root: Node<'t>,
    parent: UnitId,
    sources: &'a [Source],
    /// How far the group around them runs.
    held: &'a [Held],
}

/// The steps of a pipeline, each as far as it is decided when it runs.
pub(super) fn of_pipeline<'t>(
    root: Node<'t>,
    steps: Node<'t>,
    workflow: UnitId,
    sources: &[Source],
    reading: &mut Reading<'_>,
) -> Vec<Planned> {
    let mut order = Order {
        planned: Vec::new(),
        asked: Vec::new(),
        keys: BTreeMap::new(),
        before: Vec::new(),
        since: Vec::new(),
        anyway: false,
        soft: Vec::new(),
    };
    let held: Vec<Held> = sources.iter().map(|_| Held::just(Truth::Yes)).collect();
    let at = At { root, parent: workflow, sources, held: &held };
    reading.variables(root, "env", workflow, &plain);
    each(steps, &at, &mut order, reading);
    for (number, name, line, anyway) in std::mem::take(&mut order.asked) {
        let Some(all) = order.keys.get(name) else {
            if !name.contains(['$', '{']) {
                reading.notice(line, NoticeKind::NotFollowed, &format!("there is no step `{name}` here to wait for"));
            }
            continue;
        };
        for on in all.iter().filter(|on| **on != number) {
            let stops = !anyway && order.soft.get(*on) != Some(&true);
            if let Some(job) = order.planned.get_mut(number) {
                job.needs.push(Need { on: *on, line, stops });
            }
        }
    }
    order.planned
}

fn plain(text: &str) -> String {
    text.to_owned()
}

fn each<'t>(list: Node<'t>, at: &At<'_, 't>, order: &mut Order<'t>, reading: &mut Reading<'_>) {
    for item in list.items() {
        let line = item.entries().map(|(key, _)| key.line).min().unwrap_or_else(|| item.site_line());
        if order.planned.len() >= MAX_STEPS {
            return reading.notice(line, NoticeKind::TooLarge, "too many steps; the others were not read");
        }
        let kind = match (item.text(), item.kind()) {
            (Some("wait" | "waiter"), _) => "wait",
            (Some("block" | "manual"), _) => "block",
            (Some("input"), _) => "input",
            (None, Kind::Map) => {
                let has = |keys: &[&str]| keys.iter().any(|key| item.get(key).is_some() || item.key_line(key).is_some());
                let named = item.get("type").and_then(Node::text).unwrap_or_default();
                let is = |keys: &[&str]| has(keys) || keys.contains(&named);
                match () {
                    () if is(&["wait", "waiter"]) => "wait",
                    () if is(&["block", "manual"]) => "block",
                    () if is(&["input"]) => "input",
                    () if is(&["group"]) => "group",
                    () if is(&["trigger"]) => "trigger",
                    () => "command",
                }
            }
            _ => {
                reading.wrong(line, "a step that is neither a word nor has keys");
                continue;
            }
        };
        one(kind, item, line, at, order, reading);
    }
}

fn one<'t>(kind: &str, item: Node<'t>, line: u32, at: &At<'_, 't>, order: &mut Order<'t>, reading: &mut Reading<'_>) {
    let of = |key: &str| item.get(key).and_then(Node::text);
    let held = held(item, at);
    if kind == "wait" {
        // one that is left out is none
        if held.iter().all(|h| h.truth == Truth::No) {
            return;
        }
        order.anyway = item.get("continue_on_failure").and_then(Node::as_bool) == Some(true);
        if !order.since.is_empty() {
            order.before = std::mem::take(&mut order.since);
        }
        return;
    }
    let title = ["label", "name", "group", "block", "input", "trigger"].iter().find_map(|key| of(key));
    let unit = |kind: UnitKind, name: String, parent: UnitId| Unit {
        kind,
        name,
        title: title.map(str::to_owned),
        line,
        end_line: item.end_line().max(line),
        parent: Some(parent),
    };
    let key = ["key", "id", "identifier"].iter().find_map(|key| of(key));
    let name = title.or(key).map_or_else(|| format!("step {}", order.planned.len() + 1), str::to_owned);
    let from = order.planned.len();
    if kind == "group" {
        let id = reading.unit(unit(UnitKind::Group, name, at.parent));
        let inner = At { parent: id, held: &held, ..*at };
        match item.get("steps") {
            Some(steps) if steps.kind() == Kind::Seq && at.parent != id => {
                let (before, since, anyway) = (order.before.clone(), order.since.clone(), order.anyway);
                // groups do not hold groups
                if reading.facts.units.get(at.parent).is_some_and(|u| u.kind == UnitKind::Group) {
                    return reading.wrong(line, "a group in a group");
                }
                each(steps, &inner, order, reading);
                order.since = since.into_iter().chain(from..order.planned.len()).collect();
                (order.before, order.anyway) = (before, anyway);
            }
            _ => reading.wrong(line, "a group without steps"),
        }
    } else {
        let id = reading.unit(unit(UnitKind::Job, name.clone(), at.parent));
        let by_hand = match kind {
            "block" | "input" => Some(kind.to_owned()),
            _ => None,
        };
        match kind {
            "trigger" => {
                let slug = of("trigger").unwrap_or_default();
                reading.outside(id, item.key_line("trigger").unwrap_or(line), &format!("the pipeline {slug}"), Vec::new());
            }
            "command" => command(item, id, line, at, reading),
            _ => {}
        }
        let skip = item.get("skip").filter(|s| s.text().is_some_and(|t| !t.is_empty() && t != "false"));
        if let Some(skip) = skip {
            reading.never(id, item.key_line("skip").unwrap_or(line), &format!("skip: {}", skip.text().unwrap_or_default()));
        }
        let soft = item.get("soft_fail").is_some_and(|s| s.as_bool() == Some(true) || s.kind() == Kind::Seq);
        if soft {
            let line = item.key_line("soft_fail").unwrap_or(line);
            reading.fact(id, line, FactKind::Guard(Guard::AllowFailure("soft_fail".to_owned())));
        }
        order.soft.push(soft);
        let at_line = ["if", "branches"].iter().find_map(|key| item.key_line(key)).unwrap_or(line);
        let mut needs = Vec::new();
        if item.key_line("depends_on").is_none() {
            let stops = |on: usize| !order.anyway && order.soft.get(on) != Some(&true);
            needs = order.before.iter().map(|on| Need { on: *on, line, stops: stops(*on) }).collect();
        }
        order.planned.push(Planned { id, name, line: at_line, held, needs, by_hand });
        order.since.push(from);
        // a block is a wait as well, with a person in it
        if kind == "block" {
            let all: Vec<usize> = std::mem::take(&mut order.since);
            let earlier: Vec<usize> = all.into_iter().filter(|on| *on != from).collect();
            let implied = item.key_line("depends_on").is_none() && !earlier.is_empty();
            if let Some(block) = order.planned.get_mut(from).filter(|_| implied) {
                let soft = &order.soft;
                block.needs = earlier.iter().map(|on| Need { on: *on, line, stops: soft.get(*on) != Some(&true) }).collect();
            }
            order.before = vec![from];
            order.anyway = false;
        }
    }
    let numbers: Vec<usize> = (from..order.planned.len()).collect();
    if let Some(key) = key {
        order.keys.entry(key).or_default().extend(&numbers);
    }
    let anyway = item.get("allow_dependency_failure").and_then(Node::as_bool) == Some(true);
    let asked = item.get("depends_on").map(|d| listed(d, "depends_on", reading)).unwrap_or_default();
    for on in asked {
        let on_line = on.site_line();
        let allowed = on.get("allow_failure").and_then(Node::as_bool) == Some(true);
        let Some(name) = on.text().or_else(|| on.get("step").and_then(Node::text)) else {
            reading.wrong(on_line, "`depends_on` names no step");
            continue;
        };
        order.asked.extend(numbers.iter().map(|number| (*number, name, on_line, anyway || allowed)));
    }
}

fn held(item: Node<'_>, at: &At<'_, '_>) -> Vec<Held> {
    let condition = item.get("if").and_then(Node::text);
    let branches = item.get("branches").map(|b| b.strings().into_iter().map(|(t, _)| t).collect::<Vec<_>>().join(" "));
    let of = |(source, held): (&Source, &Held)| {
        let mut held = held.clone();
        if let Some(text) = condition {
            held = held.and(judged(text, source.kind));
        }
        match &branches {
            Some(patterns) => held.and(of_branches(patterns, source.kind)),
            None => held,
        }
    };
    at.sources.iter().zip(at.held).map(of).collect()
}

fn command(item: Node<'_>, id: UnitId, line: u32, at: &At<'_, '_>, reading: &mut Reading<'_>) {
    let mut variables = reading.variables(item, "env", id, &plain);
    for (key, value) in at.root.get("env").into_iter().flat_map(Node::entries) {
        if let Some(value) = value.text().filter(|v| !v.contains('$')) {
            variables.entry(key.text.to_owned()).or_insert_with(|| value.to_owned());
        }
    }
    variables.insert("CI".to_owned(), "true".to_owned());
    variables.insert("BUILDKITE_BUILD_CHECKOUT_PATH".to_owned(), REPO_ROOT.to_owned());
    let agents = item.get("agents").or_else(|| at.root.get("agents"));
    for (key, value) in agents.into_iter().flat_map(Node::entries) {
        if let Some(value) = value.text() {
            let line = if item.get("agents").is_some() { key.line } else { line };
            reading.fact(id, line, FactKind::Machine { label: format!("{}={value}", key.text), hosted: false });
        }
    }
    plugins(item, id, reading);
    let text = ["commands", "command", "script"].iter().find_map(|key| Some((*key, item.get(key)?)));
    let Some((key, node)) = text else {
        if item.get("plugins").is_none() && item.get("type").is_none() {
            reading.wrong(line, "a step that runs nothing");
        }
        return;
    };
    let commands = Commands::read(node, key, reading);
    // the first failing command ends it
    let program = Program::Shell { errexit: true, pipefail: false };
    let cells = cells(item);
    // cells that run the same are one
    let mut done: BTreeSet<Commands> = BTreeSet::new();
    for cell in cells {
        // two marks are one that the upload leaves alone
        let fill = |text: &str| {
            let mut text = text.replace("$$", "$").replace("\\$", "$");
            for (name, value) in &cell {
                text = text.replace(&format!("{{{{{name}}}}}"), value).replace(&format!("{{{{ {name} }}}}"), value);
            }
            text
        };
        let how = How { dir: Some(".".to_owned()), variables: variables.clone(), program: &program };
        let filled = commands.filled(&fill);
        if done.insert(filled.clone()) {
            filled.step(key, id, &[how], reading);
        }
    }
}

/// The names and values of each cell of a matrix; one empty cell where there is none.
fn cells(item: Node<'_>) -> Vec<Vec<(String, String)>> {
    let none = vec![Vec::new()];
    let Some(matrix) = item.get("matrix") else { return none };
    let setup = matrix.get("setup").unwrap_or(matrix);
    let texts = |node: Node<'_>| -> Vec<String> { node.strings().into_iter().map(|(text, _)| text.to_owned()).collect() };
    if setup.kind() == Kind::Seq {
        let all = texts(setup);
        return if all.len() > MAX_CELLS { none } else { all.into_iter().map(|v| vec![("matrix".to_owned(), v)]).collect() };
    }
    let mut found = none.clone();
    for (key, values) in setup.entries() {
        match with_axis(&found, &format!("matrix.{}", key.text), &texts(values), MAX_CELLS) {
            Some(more) => found = more,
            None => return none,
        }
    }
    found
}

/// Plugins: published hooks around the step; of those that bring a container, which.
fn plugins(item: Node<'_>, id: UnitId, reading: &mut Reading<'_>) {
    let Some(plugins) = item.get("plugins") else { return };
    let list: Vec<Node<'_>> = if plugins.kind() == Kind::Seq { plugins.items().collect() } else { vec![plugins] };
    for plugin in list.into_iter().take(50) {
        let mut named: Vec<(&str, u32, Option<Node<'_>>)> = plugin.entries().map(|(k, v)| (k.text, k.line, Some(v))).collect();
        named.extend(plugin.text().map(|text| (text, plugin.site_line(), None)));
        if named.is_empty() {
            reading.wrong(plugin.site_line(), "a plugin without a name");
        }
        for (name, line, given) in named {
            let with: Vec<(String, String)> = given
                .into_iter()
                .flat_map(Node::entries)
                .filter_map(|(key, value)| Some((key.text.to_owned(), value.text()?.to_owned())))
                .collect();
            if let Some((_, image)) = with.iter().find(|(key, _)| key == "image") {
                reading.fact(id, line, FactKind::Machine { label: image.clone(), hosted: false });
            }
            let reference = name.replacen('#', "@", 1);
            let of = reference.split('@').next().unwrap_or(&reference);
            let owner = if of.contains('/') { "" } else { "buildkite-plugins/" };
            reading.outside(id, line, &format!("{owner}{reference}"), with);
        }
    }
}
