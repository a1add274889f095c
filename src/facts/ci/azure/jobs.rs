//! Stages and jobs: their order, their machines, and the templates that bring more of them.

use std::collections::BTreeMap;

use super::super::held;
use super::scope::{Scope, to_text};
use super::{Reading, start, steps};
use crate::fact::{FactKind, Guard, Needs, OnFailure, Unit, UnitId, UnitKind, Uses, UsesTarget};
use crate::source::{self, NoticeKind, folder};
use crate::syntax::tree::{Kind, Node};
use crate::words::EdgeKind;

/// Most stages and jobs of one file, with what templates repeat.
const MAX_JOBS: usize = 1_000;
/// Most variables that a template is told of.
const MAX_TOLD: usize = 200;

/// What a job has from the stage and pipeline around it.
#[derive(Debug, Clone, Default)]
pub(super) struct Place {
    /// Where it runs: label, and whether that is the service's own machine.
    machine: Option<(String, bool, u32)>,
    /// It runs Windows.
    pub(super) windows: bool,
    /// The repository is brought into the workspace unless a step says otherwise.
    pub(super) checked_out: bool,
}

impl Place {
    /// Nothing but that the repository is brought along.
    pub(super) fn with_the_repository() -> Self {
        Self { checked_out: true, ..Self::default() }
    }

    pub(super) fn with(&self, node: Node<'_>, scope: &Scope) -> Self {
        let mut inner = self.clone();
        let Some(pool) = scope.get(node, "pool") else { return inner };
        let of = |key: &str| pool.get(key).and_then(|n| scope.text(n)).map(|t| scope.for_a_shell(&t));
        let line = scope.line(node.key_line("pool").unwrap_or_else(|| pool.line()));
        let image = of("vmImage").or_else(|| of("image"));
        inner.windows = image.as_deref().is_some_and(|i| i.to_ascii_lowercase().contains("win") && !i.contains("darwin"));
        let hosted = of("vmImage").is_some();
        let label = image.or_else(|| of("name")).or_else(|| scope.text(pool));
        inner.machine = label.filter(|l| !l.is_empty()).map(|label| (label, hosted, line));
        inner
    }
}

fn unit(kind: UnitKind, name: String, title: Option<String>, node: Node<'_>, parent: UnitId, scope: &Scope) -> Unit {
    let line = scope.line(node.entries().map(|(key, _)| key.line).min().unwrap_or_else(|| node.site_line()));
    Unit { kind, name, title, line, end_line: scope.line(node.end_line()).max(line), parent: Some(parent) }
}

/// The body of a pipeline or template: stages, jobs, steps, or the template that it extends.
pub(super) fn body(root: Node<'_>, top: UnitId, scope: &Scope, place: &Place, reading: &mut Reading<'_>) {
    if let Some(list) = scope.get(root, "stages") {
        ordered(list, "stage", top, scope, place, reading);
    }
    if let Some(list) = scope.get(root, "jobs") {
        ordered(list, "job", top, scope, place, reading);
    }
    if scope.get(root, "steps").is_some() {
        if root.get("trigger").is_none() && reading.facts.units.get(top).is_some_and(|u| u.kind == UnitKind::Action) {
            steps::read(root, top, scope, place, reading);
        } else {
            let line = root.key_line("steps").unwrap_or(1);
            let end_line = root.end_line().max(line);
            let id = reading.unit(Unit {
                kind: UnitKind::Job,
                name: "steps".to_owned(),
                title: None,
                line,
                end_line,
                parent: Some(top),
            });
            machine(root, id, scope, place, reading);
            steps::read(root, id, scope, place, reading);
        }
    }
    if let Some(extends) = scope.get(root, "extends") {
        if extends.get("template").is_some() {
            hand_over(extends, top, scope, reading);
        } else if extends.kind() != Kind::Null {
            reading.wrong(scope.line(extends.site_line()), "`extends` names no template");
        }
    }
}

/// Stages or jobs of a list, with what each waits for.
fn ordered(list: Node<'_>, key: &'static str, parent: UnitId, scope: &Scope, place: &Place, reading: &mut Reading<'_>) {
    if !matches!(list.kind(), Kind::Seq | Kind::Null) && list.text().is_none_or(|t| !t.contains("${{")) {
        return reading.wrong(scope.line(list.site_line()), &format!("`{key}s` is no list"));
    }
    let mut ids: BTreeMap<String, UnitId> = BTreeMap::new();
    let mut last: Option<UnitId> = None;
    let mut open = false;
    let mut skipped: Vec<(UnitId, UnitId, u32)> = Vec::new();
    let mut waiting: Vec<(UnitId, Vec<(String, u32)>, bool)> = Vec::new();
    scope.items(list, &mut |item, scope| {
        let before = reading.facts.units.len();
        if before > MAX_JOBS * 10 || ids.len() > MAX_JOBS {
            return reading.notice(scope.line(item.site_line()), NoticeKind::TooLarge, "too many jobs; the others were not read");
        }
        let name = |key: &str| scope.get(item, key).and_then(|n| scope.text(n));
        let (id, anyhow) = if scope.get(item, "template").is_some() {
            let name = name("template").unwrap_or_default();
            open = true;
            let id = reading.unit(unit(UnitKind::Group, name, None, item, parent, scope));
            let anyhow = start::guards(item, id, scope, reading);
            hand_over(item, id, scope, reading);
            (id, anyhow)
        } else if key == "stage" {
            let Some(stage) = name("stage").or_else(|| scope.get(item, "jobs").map(|_| String::new())) else {
                return reading.wrong(scope.line(item.site_line()), "a stage without a name");
            };
            let id = reading.unit(unit(UnitKind::Group, stage.clone(), name("displayName"), item, parent, scope));
            ids.insert(stage, id);
            let anyhow = start::guards(item, id, scope, reading);
            let inner = variables(item, id, scope, reading);
            if let Some(jobs) = inner.get(item, "jobs") {
                ordered(jobs, "job", id, &inner.closed(), &place.with(item, &inner), reading);
            }
            (id, anyhow)
        } else {
            let deployment = scope.get(item, "deployment").is_some();
            let Some(job) =
                name("job").or_else(|| name("deployment")).or_else(|| scope.get(item, "steps").map(|_| String::new()))
            else {
                return reading.wrong(scope.line(item.site_line()), "a job without a name");
            };
            let id = reading.unit(unit(UnitKind::Job, job.clone(), name("displayName"), item, parent, scope));
            ids.insert(job, id);
            (id, one_job(item, id, deployment, scope, place, reading))
        };
        let depends = scope.get(item, "dependsOn");
        let line = scope.line(item.key_line("dependsOn").unwrap_or_else(|| item.site_line()));
        match depends {
            Some(list) => {
                let mut names: Vec<(String, u32)> = Vec::new();
                match list.kind() {
                    _ if list.kind() == Kind::Seq || scope.text(list).is_some_and(|t| t.starts_with('[')) => {
                        scope.items(list, &mut |item, scope| names.extend(scope.text(item).map(|t| (t, line))));
                    }
                    _ => names.extend(scope.text(list).filter(|t| !t.is_empty()).map(|t| (t, line))),
                }
                waiting.push((id, names, anyhow));
            }
            // a stage that names none waits for the one before it
            None if key == "stage" => {
                if let Some(on) = last {
                    let (stops, line) = (!anyhow && !allowed(on, reading), scope.line(item.site_line()));
                    reading.fact(id, line, FactKind::Needs(Needs { on, stops }));
                    after_a_person((id, line), on, anyhow, reading);
                    skipped.extend((!anyhow).then_some((id, on, line)));
                }
            }
            None => {}
        }
        last = Some(id);
    });
    for (id, names, anyhow) in waiting {
        for (name, line) in names {
            match ids.get(&name).copied() {
                Some(on) if on != id => {
                    let stops = !anyhow && !allowed(on, reading);
                    reading.fact(id, line, FactKind::Needs(Needs { on, stops }));
                    after_a_person((id, line), on, anyhow, reading);
                    skipped.extend((!anyhow).then_some((id, on, line)));
                }
                Some(_) => {}
                // whoever names this template, or a template beside it, may bring it
                None if name.contains("${{") || open || reading.own.kinds.is_empty() => {}
                None => reading.notice(line, NoticeKind::NotFollowed, &format!("there is no {key} `{name}` here to wait for")),
            }
        }
    }
    held::spread(&skipped, reading);
}

/// What waits for a person's answer is started by that person.
fn after_a_person((unit, line): (UnitId, u32), on: UnitId, anyhow: bool, reading: &mut Reading<'_>) {
    if let Some(word) = reading.own.asking.get(&on).cloned().filter(|_| !anyhow) {
        reading.by_hand(unit, line, &word);
    }
}

/// A part whose failure is allowed counts as done.
fn allowed(unit: UnitId, reading: &Reading<'_>) -> bool {
    reading.facts.facts.iter().any(|f| f.unit == Some(unit) && matches!(f.kind, FactKind::Guard(Guard::AllowFailure(_))))
}

/// Variables of a stage or job, stated and added to what is known.
pub(super) fn variables(node: Node<'_>, id: UnitId, scope: &Scope, reading: &mut Reading<'_>) -> Scope {
    let mut inner = scope.clone();
    let Some(list) = scope.get(node, "variables") else { return inner };
    if list.text().is_some_and(|t| !t.contains("${{")) {
        reading.wrong(scope.line(list.site_line()), "`variables` holds none");
    }
    let before = inner.variables.clone();
    let whole = reading.context.joined.wholes.iter().find(|w| w.root == reading.file.path);
    let home = folder(&reading.file.path).to_owned();
    let copies = reading.own.copies.clone();
    let mut asked: Vec<String> = Vec::new();
    let found = std::cell::RefCell::new(&mut asked);
    inner.add_variables(list, &|path| {
        let path = located(path, &home, &copies)?;
        found.borrow_mut().push(path.clone());
        whole?.documents.get(path.as_str())?.root()
    });
    reading.own.parts.extend(asked);
    for (key, value) in inner.variables.iter().filter(|(key, value)| before.get(*key) != Some(value)) {
        let line = scope.line(node.key_line("variables").unwrap_or_else(|| list.line()));
        reading.facts.facts.push(crate::fact::Fact {
            unit: Some(id),
            line,
            end_line: line,
            kind: FactKind::Setting { key: key.clone(), value: value.clone() },
        });
    }
    inner
}

/// The path of a template of this repository, from the folder of the file that names it, or of another repository of
/// which there is a copy, by the name that the pipeline gives it.
pub(super) fn located(reference: &str, home: &str, copies: &BTreeMap<String, String>) -> Option<String> {
    let (path, from) = match reference.split_once('@') {
        // a template of another repository means the one whose pipeline it is
        Some((path, "self")) => (path, if source::is_copy(home) { "." } else { home }),
        Some((path, alias)) => (path, copies.get(alias)?.as_str()),
        None => (reference, home),
    };
    if path.contains("${{") || path.contains("$(") {
        return None;
    }
    source::join(from, path)
}

/// A template, with its parameters and the variables that are known here.
pub(super) fn hand_over(node: Node<'_>, id: UnitId, scope: &Scope, reading: &mut Reading<'_>) {
    let line = scope.line(node.key_line("template").unwrap_or_else(|| node.site_line()));
    let Some(reference) = scope.get(node, "template").and_then(|t| scope.text(t)).filter(|r| !r.trim().is_empty()) else {
        return reading.wrong(line, "`template` names nothing");
    };
    let reference = reference.trim().to_owned();
    let to = match located(&reference, folder(&reading.file.path), &reading.own.copies) {
        Some(path) => {
            reading.own.templates.insert(path.as_str().into());
            UsesTarget::File(path)
        }
        None => UsesTarget::Remote(format!("template {reference}")),
    };
    let mut with: Vec<(String, String)> = Vec::new();
    if let Some(parameters) = scope.get(node, "parameters") {
        if parameters.kind() == Kind::Scalar {
            reading.wrong(scope.line(parameters.site_line()), "`parameters` has no keys");
        }
        // what is not known here means something else there
        with.extend(parameters.entries().map(|(key, value)| {
            (key.text.to_owned(), to_text(value, scope).replace("${{ parameters.", "${{ caller.parameters."))
        }));
    }
    if matches!(to, UsesTarget::File(_)) {
        with.extend(scope.variables.iter().take(MAX_TOLD).map(|(key, value)| (format!("variables.{key}"), value.clone())));
    }
    let uses = Uses { reference, with, to, edge: EdgeKind::Invokes, on_failure: OnFailure::Stops };
    reading.fact(id, line, FactKind::Uses(uses));
}

fn machine(node: Node<'_>, id: UnitId, scope: &Scope, place: &Place, reading: &mut Reading<'_>) {
    if let Some((label, hosted, line)) = place.machine.clone() {
        reading.fact(id, line, FactKind::Machine { label, hosted });
    }
    let Some(container) = scope.get(node, "container") else { return };
    let line = scope.line(node.key_line("container").unwrap_or_else(|| container.line()));
    let named = container.get("image").and_then(|i| scope.text(i)).or_else(|| scope.text(container));
    let Some(named) = named.filter(|n| !n.is_empty()) else { return };
    let label = reading.own.containers.get(&named).cloned().unwrap_or(named);
    reading.fact(id, line, FactKind::Machine { label: scope.for_a_shell(&label), hosted: false });
}

fn one_job(item: Node<'_>, id: UnitId, deployment: bool, scope: &Scope, place: &Place, reading: &mut Reading<'_>) -> bool {
    let anyhow = start::guards(item, id, scope, reading);
    let inner = variables(item, id, scope, reading).closed();
    let mut place = place.with(item, &inner);
    place.checked_out = !deployment;
    machine(item, id, &inner, &place, reading);
    if let Some(environment) = inner.get(item, "environment") {
        let line = inner.line(item.key_line("environment").unwrap_or_else(|| environment.line()));
        let name = environment.get("name").and_then(|n| inner.text(n)).or_else(|| inner.text(environment));
        match name.filter(|n| !n.is_empty()) {
            Some(name) => reading.fact(id, line, FactKind::Environment(inner.for_a_shell(&name))),
            None => reading.wrong(line, "`environment` has no name"),
        }
    }
    if !deployment {
        let cells = cells(item, &inner);
        let mut scope = inner.clone();
        scope.cells = cells.into();
        steps::read(item, id, &scope, &place, reading);
        return anyhow;
    }
    let strategy = inner.get(item, "strategy");
    let kinds = ["runOnce", "rolling", "canary"];
    let Some((kind, strategy)) = strategy.and_then(|s| kinds.iter().find_map(|kind| Some((*kind, s.get(kind)?)))) else {
        reading.wrong(inner.line(item.site_line()), "a deployment without a strategy");
        return anyhow;
    };
    reading.setting(id, inner.line(strategy.site_line()), "strategy", kind);
    let on = strategy.get("on");
    for (hook, body) in [
        ("preDeploy", strategy.get("preDeploy")),
        ("deploy", strategy.get("deploy")),
        ("routeTraffic", strategy.get("routeTraffic")),
        ("postRouteTraffic", strategy.get("postRouteTraffic")),
        ("on.success", on.and_then(|on| on.get("success"))),
        ("on.failure", on.and_then(|on| on.get("failure"))),
    ] {
        let Some(body) = body.filter(|b| inner.get(*b, "steps").is_some()) else { continue };
        let line = inner.line(body.site_line());
        let end_line = inner.line(body.end_line()).max(line);
        let unit = reading.unit(Unit {
            kind: UnitKind::Step,
            name: hook.to_owned(),
            title: Some(hook.to_owned()),
            line,
            end_line,
            parent: Some(id),
        });
        if hook == "on.failure" {
            reading.fact(unit, line, FactKind::Guard(Guard::AfterFailure(hook.to_owned())));
        }
        steps::read(body, unit, &inner, &place, reading);
    }
    anyhow
}

/// The variables of each cell of a matrix.
fn cells(item: Node<'_>, scope: &Scope) -> Vec<BTreeMap<String, String>> {
    const MAX_CELLS: usize = 20;
    let Some(matrix) = scope.get(item, "strategy").and_then(|s| s.get("matrix")).filter(|m| m.kind() == Kind::Map) else {
        return Vec::new();
    };
    let cells: Vec<BTreeMap<String, String>> = matrix
        .entries()
        .filter(|(_, cell)| cell.kind() == Kind::Map)
        .map(|(_, cell)| cell.entries().filter_map(|(key, value)| Some((key.text.to_owned(), scope.text(value)?))).collect())
        .collect();
    if cells.len() > MAX_CELLS { Vec::new() } else { cells }
}
