//! Python: imports, calls, decorators and base classes, after names have been resolved.

use std::collections::BTreeSet;

use super::seen::Seen;
use super::{About, Hit, Look};
use crate::resolve::program::name_text;
use crate::resolve::{ALTERNATIVE, Callee};
use crate::rules::pattern::{last_word, name_fits};
use crate::rules::signal::{CallFull, CallMatch, ImportMatch, OneOrMany};
use crate::syntax::python::{Call, FlowId, Import, ImportGuard, Module, Part, Root, Value};
use crate::words::Strength;

/// Imports that happen when the code runs.
pub(crate) fn import(matcher: &ImportMatch, look: &Look<'_>) -> Vec<Hit> {
    let ImportMatch::Names(names) = matcher;
    let mut hits = Vec::new();
    for seen in &look.codes {
        for (index, import) in
            seen.module().imports.iter().enumerate().filter(|(_, i)| i.level == 0 && i.guard != ImportGuard::TypeChecking)
        {
            if names.all().iter().any(|n| beneath(import, n)) {
                let what = import.name.as_ref().map_or_else(|| import.module.clone(), |name| format!("{}.{name}", import.module));
                let hit = Hit::new(seen.code.file_line(import.line), seen.owner(import.scope), format!("import {what}"));
                hits.push(hit.about(About::Import(seen.embedded, index)));
            }
        }
    }
    hits
}

/// Whether what is imported is a name or lies below it.
fn beneath(import: &Import, prefix: &str) -> bool {
    let below = |rest: &str| rest.is_empty() || rest.starts_with('.');
    match import.module.strip_prefix(prefix) {
        Some(rest) => below(rest),
        // the name that a module is asked for is the next part
        None => {
            let name = prefix.strip_prefix(import.module.as_str()).and_then(|rest| rest.strip_prefix('.'));
            name.zip(import.name.as_deref()).is_some_and(|(wanted, name)| name.strip_prefix(wanted).is_some_and(below))
        }
    }
}

/// Whether the code imports one of these; any code does where none is named.
pub(super) fn imports_one(module: &Module, names: &OneOrMany) -> bool {
    names.all().is_empty()
        || module.imports.iter().filter(|i| i.level == 0).any(|import| names.all().iter().any(|n| beneath(import, n)))
}

/// Calls, decorators and base classes.
pub(crate) fn call(matcher: &CallMatch, look: &Look<'_>) -> Vec<Hit> {
    let simple;
    let full = match matcher {
        CallMatch::Names(names) => {
            simple = CallFull { name: names.clone(), ..CallFull::default() };
            &simple
        }
        CallMatch::Full(full) => full,
    };
    let mut hits = Vec::new();
    for seen in look.codes.iter().filter(|seen| imports_one(seen.module(), &full.imports)) {
        for index in candidates(full, seen) {
            let Some(call) = seen.module().calls.get(index) else { continue };
            if let Some((name, strength)) = callee(full, look, seen, index, call)
                && arguments(full, call, look, seen)
            {
                hits.push(Hit {
                    end_line: Some(seen.code.file_line(call.end_line)),
                    column: u32::try_from(index).unwrap_or(u32::MAX),
                    strength,
                    off: switched_off(look, seen, &call.conditions).or_else(|| left_before(look, seen, call)),
                    about: About::Call(seen.embedded, index),
                    ..Hit::new(seen.code.file_line(call.line), seen.owner(call.scope), name)
                });
            }
        }
        definitions(full, seen, look, &mut hits);
    }
    hits
}

/// Decorated functions and subclasses.
fn definitions(full: &CallFull, seen: &Seen<'_>, look: &Look<'_>, hits: &mut Vec<Hit>) {
    let called = |name: &str| full.class.as_ref().is_none_or(|regex| look.catalog.patterns.regex(regex, name));
    let named = |names: &[String], patterns: &OneOrMany| {
        names.iter().find(|name| patterns.all().iter().any(|p| name_fits(p, name))).cloned()
    };
    let kinds = [(&seen.decorators, &full.decorator, true), (&seen.bases, &full.subclass, false)];
    for (scopes, patterns, decorated) in kinds.into_iter().filter(|(_, patterns, _)| !patterns.all().is_empty()) {
        for (id, names) in scopes {
            if let (Some(name), Some(scope)) = (named(names, patterns), seen.module().scopes.get(*id))
                && (decorated || called(&scope.name))
            {
                let what = if decorated { format!("@{name} {}", scope.name) } else { format!("class {}({name})", scope.name) };
                hits.push(Hit {
                    off: switched_off(look, seen, &scope.conditions),
                    about: About::Scope(seen.embedded, *id),
                    ..Hit::new(seen.code.file_line(scope.line), seen.owner(*id), what)
                });
            }
        }
    }
}

/// Calls that may fit, by the last word of what they call, or by the first where the last is open.
fn candidates(full: &CallFull, seen: &Seen<'_>) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    for name in full.name.all() {
        match last_word(name) {
            Some(word) => found.extend(seen.by_word.get(word).into_iter().flatten()),
            None => match name.split(['.', '#']).next().filter(|root| !root.contains('*')) {
                Some(root) => found.extend(seen.by_root.get(root).into_iter().flatten()),
                None => return (0..seen.callees.len()).collect(),
            },
        }
    }
    for method in full.method.all() {
        found.extend(seen.by_word.get(method).into_iter().flatten());
    }
    for name in full.own.all() {
        match name.strip_suffix('*') {
            Some(start) => {
                let from = seen.by_own.range(start.to_owned()..);
                found.extend(from.take_while(|(own, _)| own.starts_with(start)).flat_map(|(_, calls)| calls));
            }
            None => found.extend(seen.by_own.get(name).into_iter().flatten()),
        }
    }
    found
}

/// The name under which a call fits, and how sure that is.
fn callee(full: &CallFull, look: &Look<'_>, seen: &Seen<'_>, index: usize, call: &Call) -> Option<(String, Strength)> {
    let written = |regex: &String| look.catalog.patterns.regex(regex, &name_text(&call.callee));
    let by_name = |name: &str| full.name.all().iter().any(|p| name_fits(p, name)) && full.written.as_ref().is_none_or(written);
    match seen.callees.get(index)? {
        Callee::External { name, strength } if by_name(name) => Some((name.replace('#', "."), *strength)),
        // of several classes the value is one: surely fitting where all fit, else by the first that does
        Callee::External { name, strength } if name.contains(ALTERNATIVE) => {
            let (classes, rest) = name.split_once('#').unwrap_or((name, ""));
            let whole = |class: &str| if rest.is_empty() { class.to_owned() } else { format!("{class}#{rest}") };
            let all: Vec<String> = classes.split(ALTERNATIVE).map(whole).collect();
            let fitting: Vec<&String> = all.iter().filter(|one| by_name(one)).collect();
            let strength = if fitting.len() == all.len() { *strength } else { Strength::Inferred };
            fitting.first().map(|one| (one.replace('#', "."), strength))
        }
        // what a function gives back has no type that is known: its methods are told by their names
        Callee::External { name, .. } => {
            let (given, method) = name.split_once('#')?;
            let of_function = given.rsplit('.').next().is_some_and(|last| last.starts_with(|c: char| c.is_ascii_lowercase()));
            (of_function && full.method.all().iter().any(|m| m == method) && receiver_fits(full, said(call), look))
                .then(|| (format!("{given}().{method}"), Strength::Inferred))
        }
        Callee::Own { external_base, strength, .. } => match external_base.as_ref().filter(|name| by_name(name)) {
            Some(name) => Some((name.replace('#', "."), *strength)),
            None => {
                let called = call.callee.last()?;
                let fits = |name: &String| name.strip_suffix('*').map_or(name == called, |start| called.starts_with(start));
                full.own.all().iter().any(fits).then(|| (called.to_owned(), Strength::Inferred))
            }
        },
        Callee::Unknown { method, receiver } => {
            let method = method.as_deref().or_else(|| call.callee.last())?;
            if !full.method.all().iter().any(|m| m == method) {
                return None;
            }
            let kept_as = said(call);
            let said = receiver.as_deref().unwrap_or_default();
            (receiver_fits(full, said, look) || (!kept_as.is_empty() && receiver_fits(full, kept_as, look)))
                .then(|| (if said.is_empty() { method.to_owned() } else { format!("{said}.{method}") }, Strength::Inferred))
        }
    }
}

/// The receiver of a method call, as written.
fn said(call: &Call) -> &str {
    let before = call.callee.path.len().checked_sub(2).and_then(|at| call.callee.path.get(at));
    match (&call.callee.root, before) {
        (_, Some(last)) => last,
        (Root::Local(name), None) => name,
        // `app.config["late_model"].predict`: what it is kept under names it
        (Root::Item(_, key), None) => match key.as_ref() {
            Value::Str(key) => key,
            _ => "",
        },
        _ => "",
    }
}

fn receiver_fits(full: &CallFull, said: &str, look: &Look<'_>) -> bool {
    full.receiver.as_ref().is_none_or(|r| look.catalog.patterns.regex(r, said.rsplit('.').next().unwrap_or(said)))
}

fn arguments(full: &CallFull, call: &Call, look: &Look<'_>, seen: &Seen<'_>) -> bool {
    let patterns = &look.catalog.patterns;
    let text = |value: &Value| literal(value, call, look, seen);
    let keyword = |key: &str| call.keywords.iter().find(|(k, _)| k == key).map(|(_, v)| v);
    full.keyword.iter().all(|(key, regex)| {
        keyword(key)
            .is_some_and(|v| !matches!(v, Value::None) && (regex == "." || text(v).is_some_and(|t| patterns.regex(regex, &t))))
    }) && !full.without.all().iter().any(|w| match w.split_once('=') {
        Some((key, value)) => keyword(key).and_then(text).is_some_and(|t| t.eq_ignore_ascii_case(value)),
        None => keyword(w).is_some(),
    }) && full.argument.iter().all(|(at, regex)| {
        call.args.get(*at as usize).is_some_and(|v| regex == "." || text(v).is_some_and(|t| patterns.regex(regex, &t)))
    }) && full.arguments.is_none_or(|n| call.args.len() >= n)
}

/// The literal text of an argument, as far as it is one; a name stands for what it resolves to. Values are bounded in
/// depth and number where they are read.
fn literal(value: &Value, call: &Call, look: &Look<'_>, seen: &Seen<'_>) -> Option<String> {
    Some(match value {
        Value::Str(s) => s.clone(),
        Value::FString { parts } => parts
            .iter()
            .map(|p| match p {
                Part::Text(t) => t.as_str(),
                Part::Hole(_) => "{}",
            })
            .collect(),
        Value::Int(n) => n.to_string(),
        Value::Float(f) => f.clone(),
        Value::Bool(b) => if *b { "True" } else { "False" }.to_owned(),
        Value::None => "None".to_owned(),
        Value::Name(name) => {
            // a text with holes that was given a name just before: `uri = f"runs:/{run}/model"`
            let made = || match &name.root {
                Root::Local(local) if name.path.is_empty() => match seen.value_of(call.scope, local)? {
                    made @ Value::FString { .. } => literal(made, call, look, seen),
                    _ => None,
                },
                _ => None,
            };
            let outside = || look.program.written((look.path, seen.embedded), call.scope, value, &look.catalog.interpreter);
            match look.program.value(look.path, seen.embedded, call.scope, name) {
                // what only says who made it says less than what is written down
                Some(named) => outside().unwrap_or(named),
                None => outside().or_else(made).or_else(|| name.dotted())?,
            }
        }
        Value::Call(inner) => {
            let written = look.program.written((look.path, seen.embedded), call.scope, value, &look.catalog.interpreter);
            written.or_else(|| seen.module().calls.get(*inner)?.callee.dotted())?
        }
        Value::List(items) | Value::Tuple(items) => {
            items.iter().filter_map(|i| literal(i, call, look, seen)).collect::<Vec<_>>().join(",")
        }
        _ => return None,
    })
}

/// Why something certainly does not run: a constant, or a parameter that nobody fills, is off.
pub(super) fn switched_off(look: &Look<'_>, seen: &Seen<'_>, conditions: &[FlowId]) -> Option<String> {
    let file = look.program.file(&seen.path, seen.embedded)?;
    look.program.off(file, conditions).map(|test| format!("stands under `{test}`, which never holds"))
}

/// Why a call certainly does not run: what stands before it always leaves.
fn left_before(look: &Look<'_>, seen: &Seen<'_>, call: &Call) -> Option<String> {
    let file = look.program.file(&seen.path, seen.embedded)?;
    look.program.left_before(file, call).map(|line| format!("stands behind line {line}, which always ends it"))
}
