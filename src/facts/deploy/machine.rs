//! State machines: the states of a definition as jobs, with what each waits for and what it runs.
//!
//! A task hands over to another resource of the declaration, or calls a service. Which resource a value means says the
//! format that holds the definition. States that nothing leads to never run and are left out; a way back to an earlier
//! state is no order.
//!
//! Invariants: states, depth and edges are bounded; nothing is guessed from the name of a state.

use std::collections::{BTreeMap, BTreeSet};

use super::wiring;
use crate::fact::{FactKind, Guard, Needs, UnitId, UnitKind, UsesTarget};
use crate::facts::ci::reading::Reading;
use crate::source::NoticeKind;
use crate::syntax::tree::{Kind, Node};

/// Most states on one level.
const MAX_STATES: usize = 300;
/// Most ways out of one state.
const MAX_WAYS: usize = 60;
/// Deepest nesting of states in states.
const DEPTH: usize = 6;

/// What a value of a definition means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    /// A resource, of the same file where no other is named.
    Part { name: String, path: Option<String> },
    /// A text; what only a deployment knows stays in it as `${…}`.
    Text(String),
    /// Not known.
    Open,
}

/// How a definition is read: what its values mean, and where its lines are.
pub(super) struct Machine<'m> {
    pub(super) refer: &'m dyn Fn(Node<'_>) -> Said,
    pub(super) line: &'m dyn Fn(u32) -> u32,
}

/// Why one state comes after another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Next,
    /// Only if something holds.
    Choice,
    /// Only if the earlier failed.
    Failure,
}

/// Lowers a definition (`StartAt`, `States`) to the jobs of a unit.
pub(super) fn states(definition: Node<'_>, unit: UnitId, machine: &Machine<'_>, reading: &mut Reading<'_>) {
    let line = (machine.line)(definition.line());
    let end_line = (machine.line)(definition.end_line()).max(line);
    wiring::by_hand(unit, line, reading);
    if let Some(group) = wiring::inside("states", UnitKind::Group, (line, end_line), unit, reading) {
        level(definition, group, machine, reading, 0);
    }
}

fn level(definition: Node<'_>, parent: UnitId, machine: &Machine<'_>, reading: &mut Reading<'_>, depth: usize) {
    let line = (machine.line)(definition.line());
    if depth > DEPTH {
        reading.notice(line, NoticeKind::TooLarge, "states lie in states too deeply; the inner ones were not read");
        return;
    }
    let (Some(all), Some(first)) = (definition.get("States"), definition.at("StartAt")) else { return };
    let mut by_name: BTreeMap<&str, (u32, Node<'_>)> = BTreeMap::new();
    for (key, state) in all.entries().filter(|(_, state)| state.kind() == Kind::Map).take(MAX_STATES) {
        by_name.insert(key.text, (key.line, state));
    }
    if !by_name.contains_key(first) {
        reading.notice(line, NoticeKind::NotFollowed, &format!("there is no state `{first}` to start at"));
    }
    let ways = ways(first, &by_name);
    let reached: BTreeSet<&str> = ways.iter().map(|(_, to, _)| *to).chain([first]).collect();
    let mut ids: BTreeMap<&str, UnitId> = BTreeMap::new();
    for (name, (line, state)) in by_name.iter().filter(|(name, _)| reached.contains(*name)) {
        let lines = ((machine.line)(*line), (machine.line)(state.end_line()));
        let inner: Vec<Node<'_>> = match state.at("Type") {
            Some("Parallel") => state.get("Branches").into_iter().flat_map(Node::items).collect(),
            Some("Map") => state.get("ItemProcessor").or_else(|| state.get("Iterator")).into_iter().collect(),
            _ => Vec::new(),
        };
        let kind = if inner.is_empty() { UnitKind::Job } else { UnitKind::Group };
        let Some(id) = wiring::inside(name, kind, lines, parent, reading) else { return };
        ids.insert(name, id);
        inner.into_iter().for_each(|inner| level(inner, id, machine, reading, depth + 1));
        if state.at("Type") == Some("Task") {
            task(*state, id, machine, reading);
        }
    }
    order(&ways, &ids, reading);
}

/// What leads from each state to the next, from the first one on, without the ways back.
fn ways<'t>(first: &'t str, states: &BTreeMap<&'t str, (u32, Node<'t>)>) -> Vec<(&'t str, &'t str, Way)> {
    let mut found: Vec<(&str, &str, Way)> = Vec::new();
    // a state is open while what follows it is looked at: a way to an open one goes back
    let mut open: BTreeSet<&str> = BTreeSet::new();
    let mut done: BTreeSet<&str> = BTreeSet::new();
    let mut path: Vec<(&str, Vec<(&str, Way)>)> = Vec::new();
    let enter = |name: &'t str| states.get(name).map(|(_, state)| (name, out_of(*state)));
    path.extend(enter(first));
    open.insert(first);
    while let Some((name, left)) = path.last_mut() {
        let name: &'t str = name;
        match left.pop() {
            Some((to, way)) => {
                if open.contains(to) || !states.contains_key(to) {
                    continue;
                }
                found.push((name, to, way));
                if !done.contains(to) {
                    open.insert(to);
                    path.extend(enter(to));
                }
            }
            None => {
                open.remove(name);
                done.insert(name);
                path.pop();
            }
        }
    }
    found.sort_by_key(|(from, to, way)| (*to, *from, *way as u8));
    found.dedup();
    found
}

/// The states that may come after one.
fn out_of(state: Node<'_>) -> Vec<(&str, Way)> {
    let waits = state.at("Resource").is_some_and(|r| r.ends_with(".waitForTaskToken"));
    let next = state.get("Next").and_then(Node::text).map(|to| (to, if waits { Way::Choice } else { Way::Next }));
    let default = state.get("Default").and_then(Node::text).map(|to| (to, Way::Choice));
    let of = |key: &str, way: Way| {
        let all = state.get(key).into_iter().flat_map(Node::items);
        all.filter_map(move |one| Some((one.get("Next")?.text()?, way))).take(MAX_WAYS).collect::<Vec<_>>()
    };
    next.into_iter().chain(default).chain(of("Choices", Way::Choice)).chain(of("Catch", Way::Failure)).collect()
}

fn order(ways: &[(&str, &str, Way)], ids: &BTreeMap<&str, UnitId>, reading: &mut Reading<'_>) {
    let line_of = |id: UnitId, reading: &Reading<'_>| reading.facts.units.get(id).map_or(1, |unit| unit.line);
    for (to, id) in ids {
        let into: Vec<(&str, Way)> = ways.iter().filter(|(_, t, _)| t == to).map(|(from, _, way)| (*from, *way)).collect();
        let line = line_of(*id, reading);
        for (from, way) in &into {
            if let Some(on) = ids.get(from).filter(|on| *on != id) {
                reading.fact(*id, line, FactKind::Needs(Needs { on: *on, stops: *way != Way::Failure }));
            }
        }
        let only = |way: Way| !into.is_empty() && into.iter().all(|(_, w)| *w == way);
        let from = into.first().map_or("", |(from, _)| *from);
        let guard = match () {
            () if only(Way::Failure) => Some(format!("`{from}` fails")),
            () if !into.iter().any(|(_, way)| *way == Way::Next) && !into.is_empty() => Some(format!("`{from}` leads here")),
            () => None,
        };
        if let Some(text) = guard {
            reading.fact(*id, line, FactKind::Guard(Guard::If(text)));
        }
    }
}

/// What a task runs.
fn task(state: Node<'_>, id: UnitId, machine: &Machine<'_>, reading: &mut Reading<'_>) {
    let Some(resource) = state.get("Resource") else { return };
    let line = (machine.line)(resource.site_line());
    let given = state.get("Parameters").or_else(|| state.get("Arguments"));
    match (machine.refer)(resource) {
        Said::Part { name, path } => wiring::pass(id, line, &name, path, reading),
        Said::Text(text) => match text.split_once(":states:::") {
            Some((_, rest)) => {
                let mut parts = rest.split(':').filter(|part| *part != "aws-sdk");
                let service = parts.next().unwrap_or_default();
                let action = parts.next().unwrap_or_default().split('.').next().unwrap_or_default();
                service_call((service, action), given, (id, line), machine, reading);
            }
            None => wiring::open(id, line, &text, reading),
        },
        Said::Open => wiring::open(id, line, "a task that only a deployment knows", reading),
    }
}

/// The key under which a call names what it runs.
fn names(service: &str, action: &str) -> Option<&'static str> {
    Some(match (service, action) {
        ("lambda", "invoke" | "Invoke") => "FunctionName",
        ("states" | "sfn", "startExecution" | "startSyncExecution") => "StateMachineArn",
        ("ecs", "runTask") => "TaskDefinition",
        ("batch", "submitJob") => "JobDefinition",
        ("codebuild", "startBuild" | "startBuildBatch") => "ProjectName",
        ("glue", "startJobRun") => "JobName",
        ("sagemaker", "startPipelineExecution") => "PipelineName",
        _ => return None,
    })
}

/// A call to a service: what it names is handed over to, else it is the command that says the same.
pub(super) fn service_call(
    (service, action): (&str, &str),
    given: Option<Node<'_>>,
    (id, line): (UnitId, u32),
    machine: &Machine<'_>,
    reading: &mut Reading<'_>,
) {
    if service.is_empty() || action.is_empty() {
        return;
    }
    if let Some(key) = names(service, action) {
        let named = given.and_then(|g| g.get(key)).map_or(Said::Open, machine.refer);
        match named {
            Said::Part { name, path } => return wiring::pass(id, line, &name, path, reading),
            _ if service == "sagemaker" => {}
            Said::Text(text) => return wiring::open(id, line, &format!("{service} {text}"), reading),
            Said::Open => return wiring::open(id, line, &format!("{service} that only a run knows"), reading),
        }
    }
    let literal = |(key, value): (crate::syntax::tree::Key<'_>, Node<'_>)| match value.kind() {
        Kind::Scalar if !key.text.ends_with(".$") => match (machine.refer)(value) {
            Said::Text(text) => Some((key.text.to_owned(), text)),
            _ => None,
        },
        _ => None,
    };
    let options: Vec<(String, String)> = given.into_iter().flat_map(Node::entries).filter_map(literal).collect();
    wiring::call(id, line, (service, action), &options, reading);
    // a job on a managed machine runs what its image starts
    let image = ["AlgorithmSpecification.TrainingImage", "AppSpecification.ImageUri"];
    let image = image.iter().find_map(|path| {
        let (of, key) = path.split_once('.')?;
        given?.get(of)?.get(key)
    });
    if let Some(Said::Text(image)) = image.map(machine.refer) {
        wiring::hand(id, line, &image.clone(), UsesTarget::Image(image), reading);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Context;
    use crate::facts::ci::told_of as told;
    use crate::source::SourceFile;
    use crate::syntax::json;

    fn of(text: &str) -> Vec<String> {
        let file = SourceFile::new("flow.asl.json".into(), text.to_owned());
        let context = Context::default();
        let mut reading: Reading<'_> = Reading::new(&file, &context);
        let parsed = json::parse(text);
        let unit = wiring::part("flow", (1, 1), &mut reading);
        let refer = |node: Node<'_>| match node.text() {
            Some(text) if text.starts_with("own:") => Said::Part { name: text[4..].to_owned(), path: None },
            Some(text) => Said::Text(text.to_owned()),
            None => Said::Open,
        };
        let machine = Machine { refer: &refer, line: &|line| line };
        if let (Some(root), Some(unit)) = (parsed.tree.root(), unit) {
            states(root, unit, &machine, &mut reading);
        }
        told(&reading.facts)
    }

    #[test]
    fn states_are_jobs_in_their_order() {
        let text = r#"{"StartAt": "fetch", "States": {
 "fetch": {"Type": "Task", "Resource": "own:fetch", "Next": "both", "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "tell"}]},
 "both": {"Type": "Parallel", "Next": "fit", "Branches": [{"StartAt": "look", "States": {"look": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "own:look"}, "End": true}}}]},
 "fit": {"Type": "Task", "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync", "Parameters": {"TrainingJobName.$": "$.name", "RoleArn": "r"}, "Next": "good"},
 "good": {"Type": "Choice", "Choices": [{"Variable": "$.score", "NumericLessThan": 2, "Next": "fetch"}], "Default": "keep"},
 "keep": {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sagemaker:createModel", "End": true},
 "tell": {"Type": "Task", "Resource": "arn:aws:states:::sns:publish", "End": true},
 "lost": {"Type": "Task", "Resource": "own:lost", "End": true}}}"#;
        let told = of(text);
        assert_eq!(
            told,
            [
                "1 flow: manual: the service, by hand",
                "3 look: uses look -> Action look of .",
                "2 fetch: uses fetch -> Action fetch of .",
                "4 fit: $ aws sagemaker create-training-job --role-arn r @.",
                "6 keep: $ aws sagemaker create-model @.",
                "7 tell: $ aws sns publish @.",
                "3 both: needs fetch",
                "4 fit: needs both",
                "5 good: needs fit",
                "6 keep: needs good",
                "6 keep: if `good` leads here",
                "7 tell: needs fetch anyhow",
                "7 tell: if `fetch` fails",
            ],
            "\n{}",
            told.join("\n")
        );
    }

    #[test]
    fn odd_definitions_end() {
        let deep =
            format!("{}3{}", r#"{"StartAt": "a", "States": {"a": {"Type": "Map", "Iterator": "#.repeat(40), "}}}".repeat(40));
        let ring = r#"{"StartAt": "a", "States": {"a": {"Next": "b"}, "b": {"Next": "a"}}}"#;
        for text in ["3", "{}", r#"{"StartAt": "a", "States": [1]}"#, r#"{"StartAt": "a", "States": {"b": {}}}"#, ring, &deep] {
            assert!(of(text).len() < 10, "{text}");
        }
    }
}
