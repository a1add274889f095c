//! Jobs: their order, their machine, their environment, and what they hand over to.

use std::collections::BTreeMap;

use super::super::held;
use super::expression;
use super::guards::{self, Heeds};
use super::known::{Cell, Known};
use super::{Reading, matrix, settings, steps};
use crate::fact::{FactKind, Guard, Needs, Unit, UnitId, UnitKind};
use crate::source::NoticeKind;
use crate::syntax::tree::{Kind, Node};

/// Most jobs read of one file.
const MAX_JOBS: usize = 500;
/// Most values told of one name.
const MAX_TOLD: usize = 20;

/// Reads every job of a workflow, whose unit is `workflow`.
pub(super) fn read(jobs: Node<'_>, workflow: UnitId, known: &Known, reading: &mut Reading<'_>) {
    let mut ids: BTreeMap<String, UnitId> = BTreeMap::new();
    let mut ordered: Vec<(UnitId, Node<'_>, Heeds)> = Vec::new();
    for (key, job) in jobs.entries() {
        if ids.len() >= MAX_JOBS {
            reading.notice(key.line, NoticeKind::TooLarge, &format!("more than {MAX_JOBS} jobs; the others were not read"));
            break;
        }
        if job.kind() != Kind::Map {
            reading.wrong(key.line, &format!("job `{}` has no keys", key.text));
            continue;
        }
        let (id, after) = one(key.text, (key.line, workflow), job, known, reading);
        ids.insert(key.text.to_owned(), id);
        ordered.push((id, job, after));
    }
    let mut waiting = Vec::new();
    for (id, job, after) in ordered {
        let first = reading.facts.facts.len();
        needs(id, job, &after, &ids, reading);
        // a job that was skipped takes those with it that ask nothing else of it
        if !after.runs {
            let stated = reading.facts.facts.get(first..).unwrap_or_default().iter();
            waiting.extend(stated.filter_map(|fact| match &fact.kind {
                FactKind::Needs(needs) => Some((id, needs.on, fact.line)),
                _ => None,
            }));
        }
    }
    held::spread(&waiting, reading);
}

fn one(name: &str, (line, workflow): (u32, UnitId), job: Node<'_>, outer: &Known, reading: &mut Reading<'_>) -> (UnitId, Heeds) {
    let id = reading.unit(Unit {
        kind: UnitKind::Job,
        name: name.to_owned(),
        title: job.get("name").and_then(Node::text).map(str::to_owned),
        line,
        end_line: job.end_line().max(line),
        parent: Some(workflow),
    });
    // cells first: variables may be made of them
    let cells = std::rc::Rc::new(matrix::read(job, id, reading));
    let mut known = Known { cells, ..outer.clone() }.with(job);
    let after = guards::read(job, id, &known, reading);
    settings(job, id, reading);
    known.windows = machine(job, id, &known, reading);
    environment(job, id, &known, reading);
    if let Some(uses) = job.get("uses") {
        steps::hand_over(job, uses, id, &known, reading);
    }
    if job.get("steps").is_some() {
        steps::read(job, id, &mut known, reading);
    } else if job.get("uses").is_none() {
        reading.wrong(line, &format!("job `{name}` has neither `steps` nor `uses`"));
    }
    (id, after)
}

fn needs(id: UnitId, job: Node<'_>, after: &Heeds, ids: &BTreeMap<String, UnitId>, reading: &mut Reading<'_>) {
    let Some(needs) = job.get("needs") else { return };
    for (name, line) in needs.strings() {
        let Some(on) = ids.get(name).copied() else {
            reading.notice(line, NoticeKind::NotFollowed, &format!("there is no job `{name}` to wait for"));
            continue;
        };
        // a job whose failure is allowed counts as done
        let allowed =
            reading.facts.facts.iter().any(|f| f.unit == Some(on) && matches!(f.kind, FactKind::Guard(Guard::AllowFailure(_))));
        reading.fact(id, line, FactKind::Needs(Needs { on, stops: after.stops_on(name) && !allowed }));
    }
    if !matches!(needs.kind(), Kind::Scalar | Kind::Seq | Kind::Null) {
        reading.wrong(job.key_line("needs").unwrap_or_else(|| needs.line()), "`needs` lists no jobs");
    }
}

/// A text in every cell of the matrix, each value once, in the order of the cells.
fn in_cells(text: &str, known: &Known) -> Vec<String> {
    let all = [Cell::new()];
    let cells = if known.cells.is_empty() || !text.contains("matrix") { &all[..] } else { &known.cells };
    let mut values: Vec<String> = Vec::new();
    for cell in cells {
        let value = expression::substitute(text, &|name| cell.get(name).cloned().or_else(|| known.value(name)));
        if !values.contains(&value) && values.len() < MAX_TOLD {
            values.push(value);
        }
    }
    values
}

fn environment(job: Node<'_>, id: UnitId, known: &Known, reading: &mut Reading<'_>) {
    let Some(environment) = job.get("environment") else { return };
    let named = environment.get("name");
    let line = match named {
        Some(_) => environment.key_line("name"),
        None => job.key_line("environment"),
    };
    let line = line.unwrap_or_else(|| environment.line());
    match named.unwrap_or(environment).text() {
        Some(name) => {
            for name in in_cells(name, known) {
                reading.fact(id, line, FactKind::Environment(name));
            }
        }
        None if environment.kind() == Kind::Null => {}
        None => reading.wrong(line, "`environment` has no name"),
    }
}

/// Reads `runs-on`, `container` and `services`; says whether the machine runs Windows.
fn machine(job: Node<'_>, id: UnitId, known: &Known, reading: &mut Reading<'_>) -> bool {
    let mut windows = false;
    if let Some(runs_on) = job.get("runs-on") {
        let line = job.key_line("runs-on").unwrap_or_else(|| runs_on.line());
        let labels = runs_on.get("labels").map(Node::strings).unwrap_or_else(|| runs_on.strings());
        let group = runs_on.get("group").and_then(Node::text);
        let label = group.into_iter().chain(labels.into_iter().map(|(l, _)| l)).collect::<Vec<_>>().join(", ");
        if label.is_empty() {
            reading.wrong(line, "`runs-on` names no machine");
        }
        let told = in_cells(&label, known);
        windows = !told.is_empty() && told.iter().all(|l| l.starts_with("windows"));
        for label in told.into_iter().filter(|l| !l.is_empty()) {
            let hosted = group.is_none() && is_hosted(&label);
            reading.fact(id, line, FactKind::Machine { label, hosted });
        }
    }
    if let Some(container) = job.get("container") {
        let line = job.key_line("container").unwrap_or_else(|| container.line());
        match container.text().or_else(|| container.get("image").and_then(Node::text)) {
            Some(image) => {
                for label in in_cells(image, known) {
                    reading.fact(id, line, FactKind::Machine { label, hosted: false });
                }
            }
            None if container.kind() == Kind::Null => {}
            None => reading.wrong(line, "`container` names no image"),
        }
        if let Some(options) = container.get("options").and_then(Node::text) {
            let line = container.key_line("options").unwrap_or(line);
            reading.fact(id, line, FactKind::Setting { key: "container.options".to_owned(), value: options.to_owned() });
        }
        settings(container, id, reading);
    }
    if let Some(services) = reading.map(job, "services") {
        for (key, service) in services.entries() {
            if let Some(image) = service.get("image").and_then(Node::text) {
                reading.fact(id, key.line, FactKind::Setting { key: format!("services.{}", key.text), value: image.to_owned() });
            }
        }
    }
    windows
}

/// Whether a label is a machine of the service's own. What only a run can say is taken for one, unless it names
/// something special.
fn is_hosted(label: &str) -> bool {
    let special = ["self-hosted", "gpu", "cuda"].iter().any(|word| label.to_ascii_lowercase().contains(word));
    let plain = ["ubuntu-", "windows-", "macos-"].iter().any(|os| label.starts_with(os));
    !special && (plain || label.contains("${{"))
}
