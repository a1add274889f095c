//! Workflows and actions that others call with inputs: read once by themselves, and once for every set of values that
//! they are called with, each time into units of their own.
//!
//! Which values there are is known to who has seen the callers; here one file is read, and what it is given with it.

use super::Reading;
use crate::fact::{Called, Inputs, Unit, UnitId};
use crate::source::NoticeKind;
use crate::syntax::tree::{Kind, Node};

/// Most sets of inputs that one file is read for.
const MAX_CALLS: usize = 64;
/// Most nodes looked through for names of inputs.
const MAX_NODES: usize = 20_000;
/// Most inputs of one file.
const MAX_INPUTS: usize = 100;
/// Longest list of values in the name of a unit, in characters.
const MAX_SHOWN: usize = 60;

/// A file that may be called.
pub(super) struct Callee<'c> {
    /// Its inputs that matter, with their defaults.
    pub(super) inputs: Inputs,
    /// The values it is called with.
    pub(super) calls: &'c [Inputs],
    /// Something else starts it as well.
    pub(super) started: bool,
}

/// The inputs of a composite action that its steps name.
pub(super) fn of_action(root: Node<'_>, runs: Node<'_>) -> Inputs {
    named(root.get("inputs"), runs)
}

/// The inputs of a workflow, as one that is called, that its jobs name.
pub(super) fn of_workflow(root: Node<'_>, jobs: Node<'_>) -> Inputs {
    // YAML 1.1 readers turn the key `on` into a boolean
    let on = root.get("on").or_else(|| root.get("true"));
    named(on.and_then(|on| on.get("workflow_call")).and_then(|call| call.get("inputs")), jobs)
}

/// Declared inputs that stand in what is run; each with its default, which is empty where there is none.
fn named(declared: Option<Node<'_>>, body: Node<'_>) -> Inputs {
    let Some(declared) = declared.filter(|d| d.kind() == Kind::Map) else { return Inputs::new() };
    let mut texts: Vec<&str> = Vec::new();
    let (mut waiting, mut left) = (vec![body], MAX_NODES);
    while let Some(node) = waiting.pop() {
        left -= 1;
        if left == 0 {
            break;
        }
        match node.kind() {
            Kind::Map => {
                // the service's own actions prepare the machine: versions, folders, caches
                let prepares = node.get("uses").and_then(Node::text).is_some_and(|u| u.starts_with("actions/"));
                waiting.extend(node.entries().filter(|(key, _)| !(prepares && key.text == "with")).map(|(_, value)| value));
            }
            Kind::Seq => waiting.extend(node.items()),
            _ => texts.extend(node.text().filter(|t| t.contains("inputs"))),
        }
    }
    let is_named = |name: &str| {
        let (dotted, quoted) = (format!("inputs.{name}"), format!("inputs['{name}']"));
        let goes_on = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let whole = |t: &&str| {
            t.match_indices(&dotted).any(|(at, _)| !t.get(at + dotted.len()..).is_some_and(|rest| rest.starts_with(goes_on)))
        };
        texts.iter().any(|t| t.contains(&quoted) || whole(t))
    };
    declared
        .entries()
        .filter(|(key, _)| is_named(key.text))
        .take(MAX_INPUTS)
        .map(|(key, input)| {
            let nothing = match input.get("type").and_then(Node::text) {
                Some("boolean") => "false",
                Some("number") => "0",
                _ => "",
            };
            (key.text.to_owned(), input.get("default").and_then(Node::text).unwrap_or(nothing).to_owned())
        })
        .collect()
}

/// Reads a body for its own sake, into the unit of the file, and for every set of values, each into a unit beside it.
/// Where nothing but known callers starts the file, the first of them takes the place of the unit of the file.
pub(super) fn read(
    callee: Callee<'_>,
    root: Node<'_>,
    reading: &mut Reading<'_>,
    body: &dyn Fn(UnitId, &Inputs, &mut Reading<'_>),
) {
    let mut calls = callee.calls;
    let many = calls.len() > MAX_CALLS;
    if many {
        calls = calls.get(..MAX_CALLS).unwrap_or(calls);
        reading.notice(
            root.line(),
            NoticeKind::TooLarge,
            "called with too many different inputs; some callers were not followed",
        );
    }
    let mut called = Called { inputs: callee.inputs, ..Called::default() };
    let kept = callee.started || many || calls.is_empty();
    if kept {
        called.alone = Some(0);
        body(0, &Inputs::new(), reading);
    }
    for (number, inputs) in calls.iter().enumerate() {
        let unit = if kept || number > 0 { another(inputs, number, reading) } else { Some(0) };
        let Some(unit) = unit else { break };
        body(unit, inputs, reading);
        called.by_inputs.push((inputs.clone(), unit));
    }
    if !called.inputs.is_empty() {
        reading.facts.called = Some(called);
    }
}

/// A unit like that of the file, named for the values it is read for.
fn another(inputs: &Inputs, number: usize, reading: &mut Reading<'_>) -> Option<UnitId> {
    let like = reading.facts.units.first()?.clone();
    let shown: Vec<String> =
        inputs.iter().filter(|(_, v)| !v.contains("${{") && !v.is_empty()).map(|(k, v)| format!("{k}={v}")).collect();
    let shown: String = shown.join(", ").split_whitespace().collect::<Vec<_>>().join(" ").chars().take(MAX_SHOWN).collect();
    Some(reading.unit(Unit { name: format!("{}, call {}: {shown}", like.name, number + 1), title: None, parent: None, ..like }))
}
