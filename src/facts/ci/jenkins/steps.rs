//! Statements as they run: steps, blocks around them, and the little of the language that decides what runs.

use super::program;
use super::start::{self, by_hand, guard};
use super::values::{Call, Scope, assigned, given, named};
use super::{Reading, function};
use crate::fact::{FactKind, Guard, OnFailure, Unit, UnitId, UnitKind, Uses, UsesTarget};
use crate::source::{self, NoticeKind};
use crate::syntax::groovy::{Piece, shown, statements};
use crate::words::EdgeKind;

/// Deepest nesting of blocks.
const DEPTH: usize = 40;

/// A unit for some pieces, inside another.
pub(super) fn unit(
    kind: UnitKind,
    name: &str,
    title: Option<String>,
    pieces: &[Piece],
    parent: UnitId,
    reading: &mut Reading<'_>,
) -> UnitId {
    let line = pieces.first().map_or(1, |piece| piece.line);
    let end_line = pieces.last().map_or(line, |piece| piece.end_line).max(line);
    let id = reading.unit(Unit { kind, name: name.to_owned(), title, line, end_line, parent: Some(parent) });
    if let Some(asked) = reading.own.asked.clone() {
        by_hand(id, line, &asked, reading);
    }
    id
}

/// Reads statements that run one after the other.
pub(super) fn body(pieces: &[Piece], id: UnitId, scope: &mut Scope, reading: &mut Reading<'_>, depth: usize) {
    let first = pieces.first().map_or(1, |piece| piece.line);
    if depth > DEPTH {
        return reading.notice(first, NoticeKind::TooLarge, "blocks are nested too deeply; the inner ones were not read");
    }
    let mut id = id;
    let mut asked = reading.own.asked.is_some();
    for statement in statements(without_arrow(pieces)) {
        if !asked && reading.own.asked.is_some() {
            asked = true;
            id = unit(UnitKind::Step, "afterwards", Some("what comes afterwards".to_owned()), statement, id, reading);
            let end = pieces.last().map_or(first, |piece| piece.end_line);
            if let Some(unit) = reading.facts.units.get_mut(id) {
                unit.end_line = unit.end_line.max(end);
            }
        }
        one(statement, id, scope, reading, depth);
        if statement.first().and_then(Piece::word) == Some("return") {
            break;
        }
    }
}

/// The statements of a block that takes arguments: `{ name -> … }`.
fn without_arrow(pieces: &[Piece]) -> &[Piece] {
    let arrow = pieces.iter().take(12).position(|piece| piece.is("->"));
    arrow.and_then(|at| pieces.get(at + 1..)).unwrap_or(pieces)
}

fn one(statement: &[Piece], id: UnitId, scope: &mut Scope, reading: &mut Reading<'_>, depth: usize) {
    let Some(first) = statement.first() else { return };
    match first.word().unwrap_or("") {
        "if" => return conditional(statement, id, scope, reading, depth),
        "try" => return attempt(statement, id, scope, reading, depth),
        "import" | "package" | "@Library" | "@NonCPS" | "class" => return,
        "for" | "while" | "switch" | "do" => {
            let step = unit(UnitKind::Step, "loop", Some(shown(statement.get(..2).unwrap_or(statement))), statement, id, reading);
            reading.fact(step, first.line, FactKind::Guard(Guard::If(shown(statement.get(..2).unwrap_or(statement)))));
            return inside(statement, step, scope, reading, depth);
        }
        _ => {}
    }
    // it is run by those who call it
    if function(statement).is_some() {
        return;
    }
    if let Some((name, value)) = assigned(statement) {
        match scope.text(value) {
            Some(said) => scope.set(&name, said.text),
            None => {
                scope.set(&name, crate::facts::shell::HOLE.to_owned());
                one_call(value, Some(&name), id, scope, reading, depth);
            }
        }
        return;
    }
    one_call(statement, None, id, scope, reading, depth);
}

/// Every block of a statement, one after the other.
fn inside(statement: &[Piece], id: UnitId, scope: &Scope, reading: &mut Reading<'_>, depth: usize) {
    for block in statement.iter().filter_map(|piece| piece.group('{')) {
        body(block, id, &mut scope.clone(), reading, depth + 1);
    }
}

fn conditional(statement: &[Piece], id: UnitId, scope: &Scope, reading: &mut Reading<'_>, depth: usize) {
    let asked = reading.own.asked.clone();
    let mut left = statement;
    let mut before: Vec<String> = Vec::new();
    while let Some((word, rest)) = left.split_first() {
        let (condition, rest) = match (word.word(), rest.first()) {
            (Some("if"), Some(group)) if group.group('(').is_some() => (group.group('('), rest.get(1..).unwrap_or(&[])),
            (Some("else"), Some(next)) if next.word() == Some("if") => {
                left = rest;
                continue;
            }
            (Some("else"), _) => (None, rest),
            _ => break,
        };
        // a block, or the one statement up to the next `else`
        let at = rest.iter().position(|piece| piece.word() == Some("else")).unwrap_or(rest.len());
        let (taken, behind) = rest.split_at(at);
        let step = unit(
            UnitKind::Step,
            "if",
            condition.map(|c| format!("if {}", shown(c))),
            if taken.is_empty() { left } else { taken },
            id,
            reading,
        );
        let line = word.line;
        match condition {
            Some(condition) => {
                if let Some(not) = before.first() {
                    reading.fact(step, line, FactKind::Guard(Guard::If(format!("not {not}"))));
                }
                guard(condition, false, step, scope, reading);
                before.push(shown(condition));
            }
            None => reading.fact(step, line, FactKind::Guard(Guard::If(format!("not {}", before.join(" and not "))))),
        }
        match taken.first().and_then(|piece| piece.group('{')) {
            Some(block) => body(block, step, &mut scope.clone(), reading, depth + 1),
            None => body(taken, step, &mut scope.clone(), reading, depth + 1),
        }
        left = behind;
    }
    // a person who is asked in one branch holds back that branch alone
    reading.own.asked = asked;
}

/// `try … catch … finally`: a failure that is caught and not thrown on is lost.
fn attempt(statement: &[Piece], id: UnitId, scope: &Scope, reading: &mut Reading<'_>, depth: usize) {
    let mut word = "try";
    let blocks = statement.iter().filter_map(|piece| {
        word = piece.word().filter(|w| matches!(*w, "try" | "catch" | "finally")).unwrap_or(word);
        Some((word, piece, piece.group('{')?))
    });
    let blocks: Vec<(&str, &Piece, &[Piece])> = blocks.collect();
    let throws =
        |inside: &[Piece]| statements(inside).any(|s| matches!(s.first().and_then(Piece::word), Some("throw" | "error")));
    let lost = blocks.iter().any(|(word, _, inside)| *word == "catch" && !throws(inside));
    for (word, piece, inside) in blocks {
        let step = unit(UnitKind::Step, word, Some(word.to_owned()), std::slice::from_ref(piece), id, reading);
        match word {
            "try" if lost => {
                reading.fact(step, piece.line, FactKind::Guard(Guard::AllowFailure("try … catch".to_owned())));
            }
            "catch" => {
                reading.fact(step, piece.line, FactKind::Guard(Guard::If("it failed".to_owned())));
                reading.fact(step, piece.line, FactKind::Guard(Guard::Always(word.to_owned())));
            }
            "finally" => reading.fact(step, piece.line, FactKind::Guard(Guard::Always(word.to_owned()))),
            _ => {}
        }
        body(inside, step, &mut scope.clone(), reading, depth + 1);
    }
}

/// A call, with what it gives a name to.
fn one_call(pieces: &[Piece], given_to: Option<&str>, id: UnitId, scope: &mut Scope, reading: &mut Reading<'_>, depth: usize) {
    let Some(call) = Call::of(pieces) else { return inside(pieces, id, scope, reading, depth) };
    let said = |names: &[&str], scope: &Scope| scope.argument(&call.arguments, names).map(|said| said.text);
    if reading.own.functions.contains(&call.name) {
        return hand_over(None, &call.name, call.line, id, reading);
    }
    if let Some((variable, name)) = call.name.split_once('.')
        && let Some(path) = scope.loaded.get(variable)
    {
        return hand_over(Some(path.to_string()), name, call.line, id, reading);
    }
    if program::run(&call, id, scope, reading) {
        return;
    }
    match call.name.as_str() {
        "stage" => {
            let name = said(&["name"], scope).unwrap_or_else(|| "?".to_owned());
            let step = unit(UnitKind::Step, &name, Some(format!("stage {name}")), pieces, id, reading);
            return body(call.block.unwrap_or(&[]), step, &mut scope.clone(), reading, depth + 1);
        }
        "parallel" => return beside(&call, pieces, id, scope, reading, depth),
        "dir" | "ws" => {
            let mut inner = scope.clone();
            let named = said(&["path"], scope).filter(|path| call.name == "dir" && !path.starts_with('/'));
            inner.dir = named.and_then(|path| source::join(scope.dir.as_deref()?, &path)).filter(|dir| !dir.contains('$'));
            return body(call.block.unwrap_or(&[]), id, &mut inner, reading, depth + 1);
        }
        "withEnv" => {
            let mut inner = scope.clone();
            let listed = call.arguments.first().and_then(|a| a.first()).and_then(|piece| piece.group('['));
            for pair in listed.into_iter().flat_map(crate::syntax::groovy::arguments) {
                if let Some((key, value)) = scope
                    .text(pair)
                    .and_then(|s| Some((s.text.split_once('=')?.0.to_owned(), s.text.split_once('=')?.1.to_owned())))
                {
                    reading.setting(id, call.line, &key, &value);
                    inner.environment.insert(key, value);
                }
            }
            return body(call.block.unwrap_or(&[]), id, &mut inner, reading, depth + 1);
        }
        "catchError" | "warnError" => {
            let step = unit(UnitKind::Step, &call.name, Some(call.name.clone()), pieces, id, reading);
            reading.fact(step, call.line, FactKind::Guard(Guard::AllowFailure(call.name.clone())));
            return body(call.block.unwrap_or(&[]), step, &mut scope.clone(), reading, depth + 1);
        }
        "node" => {
            if let Some(label) = said(&["label"], scope).filter(|label| !label.is_empty()) {
                reading.fact(id, call.line, FactKind::Machine { label, hosted: false });
            }
        }
        "input" => {
            let message = said(&["message"], scope).unwrap_or_default();
            reading.own.asked =
                Some(format!("input: {}", message.lines().next().unwrap_or("")).trim_end_matches([':', ' ']).to_owned());
            return;
        }
        "load" => return load(&call, given_to, id, scope, reading),
        "library" => {
            let name = said(&["identifier"], scope).unwrap_or_else(|| "?".to_owned());
            return start::library(&name, call.line, id, reading);
        }
        "build" => {
            let job = said(&["job"], scope).unwrap_or_else(|| "?".to_owned());
            return start::outside(&format!("job {job}"), call.line, id, reading);
        }
        name if name.starts_with("docker.") => docker(&call, id, scope, reading),
        _ => fetched(&call, id, scope, reading),
    }
    // whatever else stands around statements lets them run
    if let Some(block) = call.block {
        body(block, id, &mut scope.clone(), reading, depth + 1);
    }
    for argument in &call.arguments {
        inside(argument, id, scope, reading, depth);
    }
    inside(call.rest, id, scope, reading, depth);
}

/// A function of this file, or of one that was loaded.
fn hand_over(path: Option<String>, name: &str, line: u32, id: UnitId, reading: &mut Reading<'_>) {
    let uses = Uses {
        reference: format!("{name}()"),
        with: Vec::new(),
        to: UsesTarget::Unit { path, kind: UnitKind::ShellFunction, name: name.to_owned() },
        edge: EdgeKind::Invokes,
        on_failure: OnFailure::Stops,
    };
    reading.fact(id, line, FactKind::Uses(uses));
}

/// `load 'path'`: runs that script, and gives its functions to a name.
fn load(call: &Call<'_>, given_to: Option<&str>, id: UnitId, scope: &mut Scope, reading: &mut Reading<'_>) {
    let Some(said) = scope.argument(&call.arguments, &["path"]).filter(|said| !said.text.contains("${")) else {
        return reading.notice(call.line, NoticeKind::NotFollowed, "`load` names a file that is computed");
    };
    let rooted = said.text.strip_prefix(crate::syntax::shell::REPO_ROOT).map(|rest| rest.trim_start_matches('/').to_owned());
    let path = match &rooted {
        Some(rest) => source::join(".", rest),
        None => scope.dir.as_deref().and_then(|dir| source::join(dir, &said.text)),
    };
    let Some(path) = path else { return };
    reading.own.loaded.insert(path.as_str().into());
    if let Some(name) = given_to {
        scope.loaded.insert(name.to_owned(), path.as_str().into());
    }
    let to = UsesTarget::File(path.clone());
    let uses = Uses { reference: path, with: Vec::new(), to, edge: EdgeKind::Invokes, on_failure: OnFailure::Stops };
    reading.fact(id, call.line, FactKind::Uses(uses));
}

/// `parallel a: {…}, b: {…}`: branches beside each other.
fn beside(call: &Call<'_>, pieces: &[Piece], id: UnitId, scope: &Scope, reading: &mut Reading<'_>, depth: usize) {
    let group = unit(UnitKind::Group, "parallel", Some("parallel".to_owned()), pieces, id, reading);
    let listed = call.arguments.first().filter(|a| a.len() == 1).and_then(|a| a.first()).and_then(|piece| piece.group('['));
    let branches: Vec<&[Piece]> =
        listed.map_or_else(|| call.arguments.clone(), |list| crate::syntax::groovy::arguments(list).collect());
    let mut known = false;
    for branch in branches {
        let (Some(name), Some(block)) = (branch.first(), branch.last().and_then(|piece| piece.group('{'))) else { continue };
        known = true;
        let name = name.word().map(str::to_owned).or_else(|| name.text()?.literal()).unwrap_or_else(|| "?".to_owned());
        let job = unit(UnitKind::Job, &name, None, branch, group, reading);
        body(block, job, &mut scope.clone(), reading, depth + 1);
    }
    if !known {
        reading.notice(call.line, NoticeKind::NotFollowed, "`parallel` runs branches that are put together");
    }
}

/// Images by the object `docker`: what is built, pushed, and worked in.
fn docker(call: &Call<'_>, id: UnitId, scope: &Scope, reading: &mut Reading<'_>) {
    let text = |at: usize| call.arguments.get(at).and_then(|a| scope.text(a)).map(|said| said.text);
    let Some(image) = text(0) else { return };
    let then = |name: &str| call.rest.iter().any(|piece| piece.word() == Some(name));
    match call.name.as_str() {
        "docker.build" => {
            let rest = text(1).unwrap_or_else(|| ".".to_owned());
            program::as_command(format!("docker build -t {image} {rest}"), call.line, id, scope, reading);
            if then("push") {
                program::as_command(format!("docker push {image}"), call.line, id, scope, reading);
            }
        }
        "docker.image" if then("inside") => reading.fact(id, call.line, FactKind::Machine { label: image, hosted: false }),
        "docker.image" if then("run") || then("withRun") => {
            program::as_command(format!("docker run {image}"), call.line, id, scope, reading);
        }
        "docker.image" if then("push") => program::as_command(format!("docker push {image}"), call.line, id, scope, reading),
        _ => {}
    }
}

/// Steps that bring in files from elsewhere, so that what is not there may come.
fn fetched(call: &Call<'_>, id: UnitId, scope: &Scope, reading: &mut Reading<'_>) {
    const BRINGING: &[&str] =
        &["git", "unstash", "unarchive", "copyArtifacts", "s3Download", "googleStorageDownload", "writeFile"];
    let what = match call.name.as_str() {
        // the repository of the pipeline
        "checkout" if call.arguments.iter().any(|a| a.first().and_then(Piece::word) == Some("scm")) => return,
        "checkout" => "git clone".to_owned(),
        "git" => {
            let url = scope.text(named(&call.arguments, &["url"]).or_else(|| given(&call.arguments, &["url"])).unwrap_or(&[]));
            format!("git clone {}", url.map(|said| said.text).unwrap_or_default())
        }
        name if BRINGING.contains(&name) => name.to_owned(),
        _ => return,
    };
    program::as_command(what, call.line, id, scope, reading);
}
