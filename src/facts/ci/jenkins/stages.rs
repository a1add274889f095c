//! The declarative form: stages with what holds them back, where they run, and what comes after them.

use super::steps::{self, unit};
use super::values::{Call, Scope, assigned};
use super::{Reading, block, start};
use crate::fact::{FactKind, Guard, Needs, OnFailure, UnitId, UnitKind, Uses, UsesTarget};
use crate::source::{self, NoticeKind};
use crate::syntax::groovy::{Piece, statements};
use crate::words::EdgeKind;

/// Deepest nesting of stages.
const DEPTH: usize = 12;
/// Most stages of one file.
const MAX_STAGES: usize = 1_000;

/// The block `pipeline`.
pub(super) fn pipeline(pieces: &[Piece], top: UnitId, scope: &mut Scope, reading: &mut Reading<'_>) {
    place(pieces, top, scope, reading);
    let mut last = None;
    for inside in statements(pieces).filter_map(|s| block(s, "stages")) {
        last = stages(inside, top, scope, true, reading, 0);
    }
    if last.is_none() {
        let line = pieces.first().map_or(1, |piece| piece.line);
        reading.wrong(line, "a pipeline without stages");
    }
    post(pieces, top, scope, last, reading);
}

/// Environment and machine, stated and added to what is known.
fn place(pieces: &[Piece], id: UnitId, scope: &mut Scope, reading: &mut Reading<'_>) {
    for statement in statements(pieces) {
        if let Some(inside) = block(statement, "environment") {
            for variable in statements(inside) {
                if let Some((key, value)) = assigned(variable) {
                    match scope.text(value) {
                        Some(said) => {
                            reading.setting(id, said.line, &key, &said.text);
                            scope.environment.insert(key, said.text);
                        }
                        None => {
                            scope.environment.remove(&key);
                        }
                    }
                }
            }
        } else if let Some(inside) = block(statement, "agent") {
            for kind in statements(inside) {
                agent(kind, id, scope, reading);
            }
        }
    }
}

fn agent(statement: &[Piece], id: UnitId, scope: &Scope, reading: &mut Reading<'_>) {
    let Some(call) = Call::of(statement) else { return };
    let inside = call.block.unwrap_or(&[]);
    let key = |name: &str| {
        let of = statements(inside).find(|s| s.first().and_then(Piece::word) == Some(name))?;
        scope.text(of.get(1..)?).map(|said| said.text)
    };
    let own = scope.argument(&call.arguments, &[]).map(|said| said.text);
    match call.name.as_str() {
        "label" | "node" | "docker" | "kubernetes" => {
            let label = own.or_else(|| key("image")).or_else(|| key("label")).unwrap_or_else(|| call.name.clone());
            reading.fact(id, call.line, FactKind::Machine { label, hosted: false });
        }
        "dockerfile" => {
            let (dir, name) = (key("dir").unwrap_or_else(|| ".".to_owned()), key("filename"));
            let Some(path) = source::join(&dir, &name.unwrap_or_else(|| "Dockerfile".to_owned())) else { return };
            reading.fact(id, call.line, FactKind::Machine { label: path.clone(), hosted: false });
            let to = UsesTarget::File(path.clone());
            let uses = Uses { reference: path, with: Vec::new(), to, edge: EdgeKind::Invokes, on_failure: OnFailure::Stops };
            reading.fact(id, call.line, FactKind::Uses(uses));
        }
        _ => {}
    }
}

/// Stages of a list, one after the other or beside each other; returns the last.
fn stages(
    pieces: &[Piece],
    parent: UnitId,
    scope: &Scope,
    in_order: bool,
    reading: &mut Reading<'_>,
    depth: usize,
) -> Option<UnitId> {
    let mut last = None;
    for statement in statements(pieces) {
        let Some(call) = Call::of(statement).filter(|call| call.name == "stage") else { continue };
        if depth > DEPTH || reading.facts.units.len() > MAX_STAGES * 4 {
            reading.notice(call.line, NoticeKind::TooLarge, "too many stages, or nested too deeply; the others were not read");
            break;
        }
        let name = scope.argument(&call.arguments, &["name"]).map_or_else(|| "?".to_owned(), |said| said.text);
        let id = stage(&name, statement, call.block.unwrap_or(&[]), parent, scope, reading, depth);
        if let Some(on) = last.filter(|_| in_order) {
            reading.fact(id, call.line, FactKind::Needs(Needs { on, stops: true }));
        }
        last = Some(id);
    }
    last
}

fn stage(
    name: &str,
    statement: &[Piece],
    pieces: &[Piece],
    parent: UnitId,
    scope: &Scope,
    reading: &mut Reading<'_>,
    depth: usize,
) -> UnitId {
    let find = |name: &str| statements(pieces).find_map(|s| block(s, name));
    let groups = ["stages", "parallel", "matrix"].iter().find_map(|word| Some((*word, find(word)?)));
    let kind = if groups.is_some() { UnitKind::Group } else { UnitKind::Job };
    let id = unit(kind, name, None, statement, parent, reading);
    let mut scope = scope.clone();
    place(pieces, id, &mut scope, reading);
    if let Some(when) = find("when") {
        start::guard(when, true, id, &scope, reading);
    }
    // a person is asked before the stage begins, and what comes later waits with it
    let input = statements(pieces).find(|s| s.first().and_then(Piece::word) == Some("input"));
    if let Some(asked) = input.filter(|_| reading.own.asked.is_none()) {
        let inside = block(asked, "input").unwrap_or(asked);
        let message = statements(inside).find(|s| s.first().and_then(Piece::word) == Some("message"));
        let message = message.and_then(|s| scope.text(s.get(1..)?)).map(|said| said.text).unwrap_or_default();
        let what = format!("input: {message}").trim_end_matches([':', ' ']).to_owned();
        let line = asked.first().map_or(1, |piece| piece.line);
        start::by_hand(id, line, &what, reading);
        reading.own.asked = Some(what);
    }
    let mut last = None;
    match groups {
        Some(("matrix", inside)) => {
            let (number, mut scope) = (cells(inside), scope.clone());
            place(inside, id, &mut scope, reading);
            reading.setting(id, statement.first().map_or(1, |piece| piece.line), "matrix", &number);
            for inside in statements(inside).filter_map(|s| block(s, "stages")) {
                last = stages(inside, id, &scope, true, reading, depth + 1);
            }
        }
        Some((word, inside)) => {
            // who is asked in one branch holds back that branch alone
            let before = reading.own.asked.clone();
            last = stages(inside, id, &scope, word == "stages", reading, depth + 1);
            if word == "parallel" {
                (reading.own.asked, last) = (before, None);
            }
        }
        None => {
            let Some(inside) = find("steps") else {
                reading.wrong(statement.first().map_or(1, |piece| piece.line), &format!("stage `{name}` has no steps"));
                return id;
            };
            steps::body(inside, id, &mut scope.clone(), reading, depth);
        }
    }
    post(pieces, id, &mut scope, last, reading);
    id
}

/// The axes of a matrix, in words.
fn cells(pieces: &[Piece]) -> String {
    let axes = statements(pieces).filter_map(|s| block(s, "axes")).flat_map(statements).filter_map(|s| block(s, "axis"));
    let names = axes.filter_map(|axis| {
        let name = statements(axis).find(|s| s.first().and_then(Piece::word) == Some("name"))?;
        name.get(1)?.text()?.literal()
    });
    names.collect::<Vec<_>>().join(", ")
}

/// What comes after stages or steps, depending on how they went.
fn post(pieces: &[Piece], parent: UnitId, scope: &mut Scope, after: Option<UnitId>, reading: &mut Reading<'_>) {
    let in_job = reading.facts.units.get(parent).is_some_and(|unit| unit.kind == UnitKind::Job);
    for statement in statements(pieces).filter_map(|s| block(s, "post")).flat_map(statements) {
        let Some(call) = Call::of(statement) else { continue };
        let kind = if in_job { UnitKind::Step } else { UnitKind::Job };
        let name = format!("post {}", call.name);
        let id = unit(kind, &name, in_job.then(|| name.clone()), statement, parent, reading);
        let always = matches!(call.name.as_str(), "always" | "cleanup");
        let fine = call.name == "success";
        if matches!(call.name.as_str(), "failure" | "unsuccessful" | "aborted" | "unstable") {
            reading.fact(id, call.line, FactKind::Guard(Guard::AfterFailure(name)));
        } else if !fine {
            if !always {
                reading.fact(id, call.line, FactKind::Guard(Guard::If(name.clone())));
            }
            reading.fact(id, call.line, FactKind::Guard(Guard::Always(name)));
        }
        if let Some(on) = after {
            reading.fact(id, call.line, FactKind::Needs(Needs { on, stops: fine }));
        }
        steps::body(call.block.unwrap_or(&[]), id, &mut scope.clone(), reading, 0);
    }
}
