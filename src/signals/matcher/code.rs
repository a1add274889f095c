//! Python: imports, calls, decorators, base classes and branches, after names have been resolved.

use std::sync::Arc;

use super::{Hit, Look};
use crate::fact::Code;
use crate::resolve::Callee;
use crate::rules::pattern::name_fits;
use crate::rules::signal::{BranchDoes, BranchMatch, CallFull, CallMatch, ImportMatch, OneOrMany};
use crate::signals::{BranchSpan, Owner};
use crate::syntax::python::{Call, Exits, Flow, FlowId, FlowKind, ImportGuard, Module, ScopeId, Value};
use crate::words::Strength;

/// The codes of a file: its own and those in its commands.
fn codes<'l>(look: &'l Look<'_>) -> Vec<(Option<usize>, &'l Arc<Code>)> {
    look.facts
        .code
        .iter()
        .map(|c| (None, c))
        .chain(look.facts.embedded.iter().map(|(fact, c)| (Some(*fact), c)))
        .collect()
}

fn owner(embedded: Option<usize>, scope: ScopeId) -> Owner {
    match embedded {
        Some(fact) => Owner::Embedded(fact, scope),
        None => Owner::Code(scope),
    }
}

/// Imports.
pub(crate) fn import(matcher: &ImportMatch, look: &Look<'_>) -> Vec<Hit> {
    let ImportMatch::Names(names) = matcher;
    let mut hits = Vec::new();
    for (embedded, code) in codes(look) {
        for import in code.module.imports.iter().filter(|i| i.level == 0 && i.guard != ImportGuard::TypeChecking) {
            let full = match &import.name {
                Some(name) => format!("{}.{name}", import.module),
                None => import.module.clone(),
            };
            if names.all().iter().any(|n| beneath(&full, n)) {
                hits.push(Hit::new(code.file_line(import.line), owner(embedded, import.scope), format!("import {full}")));
            }
        }
    }
    hits
}

fn beneath(name: &str, prefix: &str) -> bool {
    name == prefix || name.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('.'))
}

fn imports_one(module: &Module, names: &OneOrMany) -> bool {
    names.all().is_empty()
        || module.imports.iter().any(|i| {
            let full = i.name.as_ref().map_or_else(|| i.module.clone(), |n| format!("{}.{n}", i.module));
            names.all().iter().any(|n| beneath(&full, n) || beneath(&i.module, n))
        })
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
    for (embedded, code) in codes(look) {
        let module = &code.module;
        if !imports_one(module, &full.imports) {
            continue;
        }
        if !full.name.all().is_empty() || !full.method.all().is_empty() {
            for (index, call) in module.calls.iter().enumerate() {
                if let Some((name, strength)) = callee(full, look, embedded, index, call)
                    && arguments(full, call, look, embedded, module)
                {
                    let off = switched_off(module, &call.conditions);
                    hits.push(Hit {
                        end_line: Some(code.file_line(call.end_line)),
                        column: index as u32,
                        strength,
                        off,
                        ..Hit::new(code.file_line(call.line), owner(embedded, call.scope), name)
                    });
                }
            }
        }
        for (scope, it) in module.scopes.iter().enumerate() {
            let named = |values: &[Value], patterns: &OneOrMany| -> Option<String> {
                if patterns.all().is_empty() {
                    return None;
                }
                values.iter().find_map(|value| {
                    let name = dotted(value, module, look, embedded, it.parent)?;
                    patterns.all().iter().any(|p| name_fits(p, &name)).then_some(name)
                })
            };
            if let Some(name) = named(&it.decorators, &full.decorator) {
                hits.push(Hit::new(code.file_line(it.line), owner(embedded, scope), format!("@{name} {}", it.name)));
            }
            if let Some(name) = named(&it.bases, &full.subclass) {
                hits.push(Hit::new(code.file_line(it.line), owner(embedded, scope), format!("class {}({name})", it.name)));
            }
        }
    }
    hits
}

/// The resolved name of a decorator or base class.
fn dotted(value: &Value, module: &Module, look: &Look<'_>, embedded: Option<usize>, scope: ScopeId) -> Option<String> {
    match value {
        Value::Name(name) => look.program.value(look.path, embedded, scope, name).or_else(|| name.dotted()),
        Value::Call(call) => {
            let name = &module.calls.get(*call)?.callee;
            look.program.value(look.path, embedded, scope, name).or_else(|| name.dotted())
        }
        _ => None,
    }
}

/// The name under which a call fits, and how sure that is.
fn callee(full: &CallFull, look: &Look<'_>, embedded: Option<usize>, index: usize, call: &Call) -> Option<(String, Strength)> {
    let by_name = |name: &str| full.name.all().iter().any(|p| name_fits(p, name));
    match look.program.callee(look.path, embedded, index) {
        Callee::External { name, strength } => {
            if by_name(&name) {
                return Some((name.replace('#', "."), strength));
            }
            // what a function gives back has no type that is known: its methods are told by their names
            let (given, method) = name.split_once('#')?;
            let of_function = given.rsplit('.').next().is_some_and(|last| last.starts_with(|c: char| c.is_ascii_lowercase()));
            (of_function && full.method.all().iter().any(|m| m == method) && receiver_fits(full, &said(call), look))
                .then(|| (format!("{given}().{method}"), Strength::Inferred))
        }
        Callee::Own { external_base, strength, .. } => {
            let name = external_base.filter(|name| by_name(name))?;
            Some((name.replace('#', "."), strength))
        }
        Callee::Unknown { method, receiver } => {
            let method = method.or_else(|| call.callee.last().map(str::to_owned))?;
            if !full.method.all().contains(&method) {
                return None;
            }
            let said = receiver.unwrap_or_default();
            receiver_fits(full, &said, look).then(|| (if said.is_empty() { method.clone() } else { format!("{said}.{method}") }, Strength::Inferred))
        }
    }
}

/// The receiver of a method call, as written.
fn said(call: &Call) -> String {
    let mut parts: Vec<&str> = call.callee.path.iter().map(String::as_str).collect();
    parts.pop();
    match (&call.callee.root, parts.last()) {
        (_, Some(last)) => (*last).to_owned(),
        (crate::syntax::python::Root::Local(name), None) => name.clone(),
        _ => String::new(),
    }
}

fn receiver_fits(full: &CallFull, said: &str, look: &Look<'_>) -> bool {
    full.receiver.as_ref().is_none_or(|r| look.catalog.patterns.regex(r, said.rsplit('.').next().unwrap_or(said)))
}

fn arguments(full: &CallFull, call: &Call, look: &Look<'_>, embedded: Option<usize>, module: &Module) -> bool {
    let patterns = &look.catalog.patterns;
    let text = |value: &Value| literal(value, call, look, embedded, module);
    let keyword = |key: &str| call.keywords.iter().find(|(k, _)| k == key).map(|(_, v)| v);
    full.keyword.iter().all(|(key, regex)| {
        keyword(key).is_some_and(|v| !matches!(v, Value::None) && (regex == "." || text(v).is_some_and(|t| patterns.regex(regex, &t))))
    }) && !full.without.all().iter().any(|w| match w.split_once('=') {
        Some((key, value)) => keyword(key).and_then(text).is_some_and(|t| t.eq_ignore_ascii_case(value)),
        None => keyword(w).is_some(),
    }) && full.argument.iter().all(|(at, regex)| {
        call.args.get(*at as usize).is_some_and(|v| regex == "." || text(v).is_some_and(|t| patterns.regex(regex, &t)))
    }) && full.arguments.is_none_or(|n| call.args.len() >= n)
}

/// The literal text of an argument, as far as it is one.
fn literal(value: &Value, call: &Call, look: &Look<'_>, embedded: Option<usize>, module: &Module) -> Option<String> {
    use crate::syntax::python::Part;
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
        Value::Name(name) => look.program.value(look.path, embedded, call.scope, name).or_else(|| name.dotted())?,
        Value::Call(inner) => module.calls.get(*inner)?.callee.dotted()?,
        Value::List(items) | Value::Tuple(items) => {
            items.iter().filter_map(|i| literal(i, call, look, embedded, module)).collect::<Vec<_>>().join(",")
        }
        _ => return None,
    })
}

/// Why a call certainly does not run: it stands under a constant that is off.
fn switched_off(module: &Module, conditions: &[FlowId]) -> Option<String> {
    conditions.iter().filter_map(|f| module.flows.get(*f)).find_map(|flow| match (&flow.kind, &flow.test) {
        (FlowKind::If, Some(Value::Bool(false))) => Some(format!("stands under `if False` on line {}", flow.line)),
        (FlowKind::If, Some(Value::Name(name))) if name.path.is_empty() => {
            let name = name.dotted()?;
            let constant = constant_of(module, &name)?;
            (!constant).then(|| format!("stands under `if {name}` on line {}, and {name} is False", flow.line))
        }
        _ => None,
    })
}

/// The value of a module-level flag that is assigned once, as a plain boolean.
fn constant_of(module: &Module, name: &str) -> Option<bool> {
    use crate::syntax::python::Target;
    let mut assigned = module
        .assigns
        .iter()
        .filter(|a| a.targets.iter().any(|t| matches!(t, Target::Name(n) if n.dotted().as_deref() == Some(name))));
    let first = assigned.next()?;
    match (&first.value, assigned.next(), first.scope) {
        (Value::Bool(value), None, 0) => Some(*value),
        _ => None,
    }
}

/// Branches, assertions and raises that can stop what follows.
pub(crate) fn branch(matcher: &BranchMatch, look: &Look<'_>) -> Vec<Hit> {
    let patterns = &look.catalog.patterns;
    let mut hits = Vec::new();
    for (embedded, code) in codes(look) {
        let module = &code.module;
        if !imports_one(module, &matcher.imports) {
            continue;
        }
        for flow in &module.flows {
            let Some(test) = &flow.test else { continue };
            if !matches!(flow.kind, FlowKind::If | FlowKind::Elif | FlowKind::Assert | FlowKind::While) {
                continue;
            }
            let mut words = Vec::new();
            let compares = names(test, module, &mut words, 0);
            if (matcher.compares && !compares) || !words.iter().any(|w| patterns.regex(&matcher.tests, w)) {
                continue;
            }
            let scope = module.scopes.get(flow.scope).map_or("", |s| s.name.as_str());
            if matcher.within.as_ref().is_some_and(|r| !patterns.regex(r, scope)) {
                continue;
            }
            let Some(span) = span(flow, module, code, matcher.does) else { continue };
            let what = format!("{} {}", if flow.kind == FlowKind::Assert { "assert" } else { "if" }, words.join(" "));
            hits.push(Hit {
                branch: Some(span),
                end_line: Some(code.file_line(flow.end_line)),
                ..Hit::new(code.file_line(flow.line), owner(embedded, flow.scope), super::text::cut(&what, 120))
            });
        }
    }
    hits
}

fn span(flow: &Flow, module: &Module, code: &Code, does: BranchDoes) -> Option<BranchSpan> {
    let swallowed = flow.in_try.as_ref().is_some_and(|h| h.broad);
    // the other arm may be the one that stops
    let arms = module.flows.iter().filter(|f| f.scope == flow.scope && f.line >= flow.line && f.line <= flow.end_line.saturating_add(40));
    let own = matches!(flow.exits, Exits::Raises | Exits::ExitsNonZero) || flow.kind == FlowKind::Assert;
    let other = arms
        .filter(|f| f.after.is_some_and(|id| module.flows.get(id).is_some_and(|first| first.line == flow.line)))
        .any(|f| matches!(f.exits, Exits::Raises | Exits::ExitsNonZero));
    let stops = (own || other) && !swallowed;
    let returns = matches!(flow.exits, Exits::ReturnsEarly | Exits::Skips);
    let encloses = module.calls.iter().any(|c| c.conditions.iter().any(|f| module.flows.get(*f).is_some_and(|g| g.line == flow.line && g.scope == flow.scope)));
    let fits = match does {
        BranchDoes::Stops => stops,
        BranchDoes::Holds => returns || (encloses && !stops),
        BranchDoes::Any => stops || returns || encloses,
    };
    fits.then(|| BranchSpan { from: code.file_line(flow.line), to: code.file_line(flow.end_line), stops, returns })
}

/// The names and strings in a test, and whether it compares.
fn names(value: &Value, module: &Module, into: &mut Vec<String>, depth: usize) -> bool {
    if depth > 12 {
        return false;
    }
    match value {
        Value::Name(name) => {
            if let Some(name) = name.dotted().or_else(|| name.last().map(str::to_owned)) {
                into.push(name);
            }
            if let crate::syntax::python::Root::Item(_, key) = &name.root {
                names(key, module, into, depth + 1);
            }
            false
        }
        Value::Str(text) => {
            into.push(text.clone());
            false
        }
        Value::Call(call) => {
            let Some(call) = module.calls.get(*call) else { return false };
            if let Some(name) = call.callee.dotted().or_else(|| call.callee.last().map(str::to_owned)) {
                into.push(name);
            }
            for arg in &call.args {
                names(arg, module, into, depth + 1);
            }
            false
        }
        Value::Compare { left, rights, .. } => {
            names(left, module, into, depth + 1);
            for right in rights {
                names(right, module, into, depth + 1);
            }
            true
        }
        Value::BoolOp { values, .. } => values.iter().fold(false, |seen, v| names(v, module, into, depth + 1) | seen),
        Value::Unary { value, .. } => names(value, module, into, depth + 1),
        Value::BinOp { left, right, .. } => names(left, module, into, depth + 1) | names(right, module, into, depth + 1),
        _ => false,
    }
}
