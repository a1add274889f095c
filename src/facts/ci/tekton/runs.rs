//! Runs, pipelines and tasks: what is run, in which order, with which values.

use std::collections::BTreeMap;

use super::super::container;
use super::super::held::one_line;
use super::super::reading::Reading;
use super::super::shells;
use super::{action, refer};
use crate::fact::{FactKind, Guard, Needs, Unit, UnitId, UnitKind};
use crate::facts::shell::HOLE;
use crate::source::NoticeKind;
use crate::syntax::shell::REPO_ROOT;
use crate::syntax::tree::Node;

/// Names of parameters, and their values.
type Values = BTreeMap<String, String>;
/// Most values that are kept.
const MAX_VALUES: usize = 500;

/// A run of a pipeline or a task: what its own definition or the named one does.
pub(super) fn run(doc: Node<'_>, unit: UnitId, reading: &mut Reading<'_>) {
    let Some(spec) = doc.get("spec") else { return };
    if let Some(status) = spec.get("status").filter(|s| s.text().is_some_and(|text| !text.is_empty())) {
        let word = format!("status: {}", status.text().unwrap_or_default());
        reading.fact(unit, status.line(), FactKind::Guard(Guard::Never(word)));
    }
    let values = values(spec.get("params"), "value", &Values::new());
    if let Some(own) = spec.get("pipelineSpec") {
        pipeline(own, unit, Some(&values), reading);
    } else if let Some(own) = spec.get("taskSpec") {
        let job = job("task", own, unit, reading);
        task(own, job, Some(&values), reading);
    } else if let Some(reference) = spec.get("pipelineRef") {
        refer(reference, "pipeline", unit, reading);
    } else if let Some(reference) = spec.get("taskRef") {
        refer(reference, "task", unit, reading);
    }
}

/// Literal parameters of a list, by name; what is known is put in.
fn values(list: Option<Node<'_>>, key: &str, known: &Values) -> Values {
    let all = list.into_iter().flat_map(Node::items).take(MAX_VALUES);
    all.filter_map(|one| Some((one.at("name")?.to_owned(), put(one.at(key)?, known)))).collect()
}

/// A text with parameters put in. What else the cluster puts in is a hole; what is left is the shell's own.
fn put(text: &str, values: &Values) -> String {
    const OTHERS: &[&str] =
        &["tasks.", "context.", "results.", "steps.", "outputs.", "inputs.", "resources.", "tt.", "finally.", "step."];
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = ["$(", "{{"].iter().filter_map(|open| rest.find(open)).min() {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        let close = if after.starts_with("$(") { ")" } else { "}}" };
        let Some((name, behind)) = after.get(2..).and_then(|inner| inner.split_once(close)) else {
            out.push_str(after);
            return out;
        };
        let name = name.trim();
        let parameter = ["params.", "inputs.params.", "tt.params."].iter().find_map(|front| name.strip_prefix(front));
        let quoted = name.strip_prefix("params[").and_then(|n| n.strip_suffix(']')).map(|n| n.trim_matches(['"', '\'']));
        match parameter.or(quoted) {
            Some(parameter) => out.push_str(values.get(parameter).map_or(HOLE, String::as_str)),
            // the repository is brought there
            None if name.starts_with("workspaces.") && name.ends_with(".path") => out.push_str(REPO_ROOT),
            None if close == "}}" || OTHERS.iter().any(|front| name.starts_with(front)) || name.starts_with("workspaces.") => {
                out.push_str(HOLE);
            }
            // a substitution of the shell's own
            None => {
                out.push_str("$(");
                rest = after.get(2..).unwrap_or_default();
                continue;
            }
        }
        rest = behind;
    }
    out + rest
}

fn job(name: &str, node: Node<'_>, parent: UnitId, reading: &mut Reading<'_>) -> UnitId {
    let end_line = node.end_line().max(node.line());
    reading.unit(Unit {
        kind: UnitKind::Job,
        name: name.to_owned(),
        title: None,
        line: node.line(),
        end_line,
        parent: Some(parent),
    })
}

/// The tasks of a pipeline, each after those that it names or takes results from.
pub(super) fn pipeline(spec: Node<'_>, unit: UnitId, given: Option<&Values>, reading: &mut Reading<'_>) {
    let mut known = values(spec.get("params"), "default", &Values::new());
    known.extend(given.into_iter().flatten().map(|(k, v)| (k.clone(), v.clone())));
    let mut ids: BTreeMap<&str, UnitId> = BTreeMap::new();
    let tasks: Vec<Node<'_>> = spec.get("tasks").into_iter().flat_map(Node::items).collect();
    for one in &tasks {
        let Some(id) = one_task(*one, unit, &known, reading) else { continue };
        ids.extend(one.get("name").and_then(Node::text).map(|name| (name, id)));
    }
    for one in &tasks {
        let Some(id) = one.get("name").and_then(Node::text).and_then(|name| ids.get(name).copied()) else { continue };
        let stated = one.get("runAfter").map(Node::strings).unwrap_or_default();
        let taken: Vec<(&str, u32)> =
            one.find("**").into_iter().filter_map(|n| Some((n.text()?, n.line()))).flat_map(results).collect();
        let mut before: Vec<UnitId> = Vec::new();
        for (name, line) in stated.iter().copied().chain(taken) {
            match ids.get(name).copied() {
                Some(on) if on != id && !before.contains(&on) => {
                    before.push(on);
                    reading.fact(id, line, FactKind::Needs(Needs { on, stops: !goes_on(on, reading) }));
                }
                Some(_) => {}
                None if tasks.iter().any(|task| task.at("name") == Some(name)) => {}
                None => reading.notice(line, NoticeKind::NotFollowed, &format!("there is no task `{name}` here to wait for")),
            }
        }
    }
    for one in spec.get("finally").into_iter().flat_map(Node::items) {
        let Some(id) = one_task(one, unit, &known, reading) else { continue };
        reading.fact(id, one.line(), FactKind::Guard(Guard::Always("finally".to_owned())));
        for on in ids.values() {
            reading.fact(id, one.line(), FactKind::Needs(Needs { on: *on, stops: false }));
        }
    }
}

fn goes_on(unit: UnitId, reading: &Reading<'_>) -> bool {
    reading.facts.facts.iter().any(|f| f.unit == Some(unit) && matches!(f.kind, FactKind::Guard(Guard::AllowFailure(_))))
}

/// Tasks whose results a text takes: `$(tasks.NAME.results.x)`.
fn results((text, line): (&str, u32)) -> impl Iterator<Item = (&str, u32)> {
    text.split("$(tasks.").skip(1).filter_map(move |rest| {
        let (name, behind) = rest.split_once('.')?;
        behind.starts_with("results").then_some((name, line))
    })
}

fn one_task(node: Node<'_>, parent: UnitId, known: &Values, reading: &mut Reading<'_>) -> Option<UnitId> {
    if !reading.take_step(node.line()) {
        return None;
    }
    let id = job(node.at("name").unwrap_or("?"), node, parent, reading);
    if let Some(asked) = node.get("when").and_then(|when| when.items().next()) {
        let values = asked.get("values").map(Node::strings).unwrap_or_default();
        let values: Vec<&str> = values.into_iter().map(|(value, _)| value).collect();
        let of = |key: &str| asked.at(key).unwrap_or_default();
        let text = match asked.at("cel") {
            Some(expression) => one_line(expression),
            None => format!("{} {} {}", of("input"), of("operator"), values.join(", ")),
        };
        reading.fact(id, asked.line(), FactKind::Guard(Guard::If(text)));
    }
    if node.at("onError") == Some("continue") {
        let line = node.key_line("onError").unwrap_or_else(|| node.line());
        reading.fact(id, line, FactKind::Guard(Guard::AllowFailure("onError: continue".to_owned())));
    }
    if let Some(reference) = node.get("taskRef") {
        let kind = if reference.at("kind") == Some("Pipeline") { "pipeline" } else { "task" };
        refer(reference, kind, id, reading);
    } else if let Some(spec) = node.get("taskSpec") {
        task(spec, id, Some(&values(node.get("params"), "value", known)), reading);
    }
    Some(id)
}

/// The steps of a task, one after the other.
pub(super) fn task(spec: Node<'_>, unit: UnitId, given: Option<&Values>, reading: &mut Reading<'_>) {
    let old = spec.get("inputs").and_then(|inputs| inputs.get("params"));
    let mut known = values(spec.get("params").or(old), "default", &Values::new());
    known.extend(given.into_iter().flatten().map(|(k, v)| (k.clone(), v.clone())));
    let listed: Vec<Node<'_>> = spec.get("steps").into_iter().flat_map(Node::items).collect();
    // a step that is defined for itself is written like a task of one
    let alone = listed.is_empty() && spec.get("image").is_some();
    for (number, step) in (1..).zip(listed.into_iter().chain(alone.then_some(spec))) {
        if !reading.take_step(step.line()) {
            return;
        }
        let name = step.at("name").map_or_else(|| number.to_string(), str::to_owned);
        let (line, end_line) = (step.line(), step.end_line().max(step.line()));
        let title = Some(format!("step {name}"));
        let id = reading.unit(Unit { kind: UnitKind::Step, name, title, line, end_line, parent: Some(unit) });
        if step.at("onError") == Some("continue") {
            reading.fact(id, line, FactKind::Guard(Guard::AllowFailure("onError: continue".to_owned())));
        }
        let said = |text: &str| Some(put(text, &known));
        if let Some(reference) = step.get("ref") {
            refer(reference, "stepaction", id, reading);
        } else if let Some(script) = step.get("script") {
            let program = shells::by_first_line(script.text().unwrap_or_default(), true);
            let dir = container::folder(step, &said);
            container::text(script, None, (&program, &dir), id, &said, reading);
        } else {
            container::run(step, id, &said, reading);
        }
    }
}

/// What a listener makes when it is called.
pub(super) fn template(doc: Node<'_>, reading: &mut Reading<'_>) {
    let Some(id) = action(doc, reading) else { return };
    let made = doc.get("spec").and_then(|spec| spec.get("resourcetemplates").or_else(|| spec.get("resourceTemplates")));
    for made in made.into_iter().flat_map(Node::items) {
        let inner = job(made.at("kind").unwrap_or("?"), made, id, reading);
        run(made, inner, reading);
    }
}
