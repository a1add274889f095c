//! Values that are made up in the code itself: numbers that are written out, and what a call from outside makes of nothing
//! but numbers (a random sample, a table of written rows).
//!
//! Invariant: only what is certain; a text may be an address, so what is given one is not made up.

use crate::resolve::Program;
use crate::resolve::program::{At, Destination, FileId};
use crate::syntax::python::{Call, CallId, Name, Root, Value};

/// Names, calls and functions on the way.
const DEPTH: u32 = 16;
/// Beginnings of the names of what brings data from elsewhere.
const BRINGS: &[&str] = &[
    "collect", "download", "fetch", "find", "from", "get", "list", "load", "open", "poll", "query", "read", "recv", "scan",
    "select",
];
/// Beginnings of the names of arguments that are data to compare with.
const DATA: &[&str] = &["base", "current", "expected", "actual", "data", "df", "ref", "x"];

/// Whether what a model is asked for stands in the code itself: rows of numbers and words that are written out there, as they
/// are or made into a table.
pub(super) fn asked(program: &Program, (file, id): (FileId, CallId)) -> bool {
    let call = program.files().get(file).and_then(|code| code.module().calls.get(id));
    let Some((call, first)) = call.and_then(|call| Some((call, call.args.first()?))) else { return false };
    typed(program, At { file, scope: call.scope }, program.line_of(file, id), first, DEPTH)
}

fn typed(program: &Program, at: At, line: u32, value: &Value, depth: u32) -> bool {
    let Some(depth) = depth.checked_sub(1) else { return false };
    let inner = |value: &Value| {
        is_number(value) || matches!(value, Value::Str(_) | Value::None) || typed(program, at, line, value, depth)
    };
    match value {
        Value::List(items) | Value::Tuple(items) => !items.is_empty() && items.iter().all(inner),
        Value::Dict(items) => !items.is_empty() && items.iter().all(|(_, value)| inner(value)),
        Value::Name(Name { root: Root::Local(local), path }) if path.is_empty() => {
            program.bound_locally(at, line, local).is_some_and(|(at, line, value)| typed(program, at, line, value, depth))
        }
        // a table of such rows
        Value::Call(id) => {
            let Some(call) = program.files().get(at.file).and_then(|code| code.module().calls.get(*id)) else { return false };
            let outside = matches!(program.reached(at.file, *id), Destination::External { .. });
            let word = call.callee.last().unwrap_or_default().to_lowercase();
            let brings = BRINGS.iter().any(|start| word.starts_with(start));
            let mut rows = call.args.iter().peekable();
            outside && !brings && rows.peek().is_some() && rows.all(|value| typed(program, at, line, value, depth))
        }
        _ => false,
    }
}

/// Where one side of a comparison is made up: the file, and the line of the code.
pub(super) fn side(program: &Program, (file, id): (FileId, CallId)) -> Option<(FileId, u32)> {
    let call = program.files().get(file)?.module().calls.get(id)?;
    // settings of an own function are written out as well
    let outside = matches!(program.reached(file, id), Destination::External { .. });
    let data = |key: &str| DATA.iter().any(|start| key.to_lowercase().starts_with(start));
    let named = call.keywords.iter().filter(|(key, _)| data(key)).map(|(_, value)| value);
    let at = At { file, scope: call.scope };
    let line = program.line_of(file, id);
    call.args.iter().take(2).filter(|_| outside).chain(named).find_map(|value| made_up(program, at, line, value, DEPTH))
}

/// The place where a value is made up.
fn made_up(program: &Program, at: At, line: u32, value: &Value, depth: u32) -> Option<(FileId, u32)> {
    let depth = depth.checked_sub(1)?;
    let here = Some((at.file, line));
    match value {
        Value::List(items) | Value::Tuple(items) => {
            let written = !items.is_empty()
                && items.iter().all(|item| is_number(item) || made_up(program, at, line, item, depth).is_some());
            here.filter(|_| written)
        }
        Value::Dict(items) => {
            let column =
                |value: &Value| !is_number(value) && (is_texts(value) || made_up(program, at, line, value, depth).is_some());
            let numbers = items.iter().any(|(_, value)| made_up(program, at, line, value, depth).is_some());
            here.filter(|_| numbers && items.iter().all(|(_, value)| column(value)))
        }
        Value::Call(id) => by_call(program, at, *id, depth),
        Value::Name(name) => by_name(program, at, line, name, depth),
        _ => None,
    }
}

fn by_name(program: &Program, at: At, line: u32, name: &Name, depth: u32) -> Option<(FileId, u32)> {
    let depth = depth.checked_sub(1)?;
    match &name.root {
        Root::Local(local) => {
            let (at, line, value) = program.bound_locally(at, line, local)?;
            made_up(program, at, line, value, depth)
        }
        Root::Item(of, _) => by_name(program, at, line, of, depth),
        Root::Call(id) => by_call(program, at, *id, depth),
        Root::Str(_) | Root::Other => None,
    }
}

fn by_call(program: &Program, at: At, id: CallId, depth: u32) -> Option<(FileId, u32)> {
    let depth = depth.checked_sub(1)?;
    let module = program.files().get(at.file)?.module();
    let call = module.calls.get(id)?;
    let line = program.line_of(at.file, id);
    match program.reached(at.file, id) {
        Destination::Own { to, makes: None, sure: true, .. } => {
            let inner = program.files().get(to.file)?.module();
            let mut returns = inner.returns.iter().filter(|r| r.scope == to.scope && !r.yields);
            let (only, None) = (returns.next()?, returns.next()) else { return None };
            made_up(program, *to, only.line, &only.value, depth)
        }
        Destination::Own { .. } => None,
        Destination::External { .. } | Destination::Unknown { .. } => {
            let word = call.callee.last().unwrap_or_default().to_lowercase();
            if BRINGS.iter().any(|start| word.starts_with(start)) {
                return None;
            }
            let of = receiver(call).and_then(|name| by_name(program, at, line, &name, depth));
            let known = matches!(program.reached(at.file, id), Destination::External { .. });
            let mut given =
                call.args.iter().chain(call.keywords.iter().filter(|(key, _)| !is_setting(key)).map(|(_, v)| v)).peekable();
            let some = given.peek().is_some();
            let all = given.all(|value| is_number(value) || made_up(program, at, line, value, depth).is_some());
            // a method of something unknown may hold anything
            ((known && some && all) || (of.is_some() && all)).then_some((at.file, line))
        }
    }
}

/// What a method is called on.
fn receiver(call: &Call) -> Option<Name> {
    let mut name = call.callee.clone();
    name.path.pop()?;
    Some(name)
}

/// Names, kinds and seeds say nothing of where numbers come from.
fn is_setting(key: &str) -> bool {
    matches!(key, "columns" | "dtype" | "index" | "name" | "random_state" | "seed" | "size")
}

fn is_number(value: &Value) -> bool {
    match value {
        Value::Int(_) | Value::Float(_) | Value::Bool(_) => true,
        Value::Unary { value, .. } => is_number(value),
        _ => false,
    }
}

/// A column of words.
fn is_texts(value: &Value) -> bool {
    matches!(value, Value::List(items) if !items.is_empty() && items.iter().all(|item| matches!(item, Value::Str(_) | Value::None)))
}
