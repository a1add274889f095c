//! Branches, assertions and raises that can stop what follows.

use super::code::{imports_one, switched_off};
use super::seen::Seen;
use super::text::cut;
use super::{About, Hit, Look, constant};
use crate::resolve::Program;
use crate::resolve::program::At;
use crate::rules::signal::{BranchDoes, BranchMatch};
use crate::signals::BranchSpan;
use crate::syntax::python::{Assign, Call, CallId, Exits, Flow, FlowId, FlowKind, Module, Name, Root, ScopeId, Target, Value};
use crate::words::Strength;

/// Deepest nesting of a test that is looked at.
const DEPTH: usize = 12;
/// Functions and names that a verdict is followed through.
const FOLLOWED: usize = 5;
/// What gives a collection another form, and is empty where that is.
const FORMS: &[&str] = &["sorted", "list", "set", "tuple", "frozenset"];
/// Methods that give the difference of two collections.
const DIFFERENCES: &[&str] = &["difference", "symmetric_difference"];
/// Most words of a test.
const WORDS: usize = 200;

/// Every branch whose test fits and that can do what is asked.
pub(crate) fn branch(matcher: &BranchMatch, look: &Look<'_>) -> Vec<Hit> {
    let patterns = &look.catalog.patterns;
    let mut hits = Vec::new();
    for seen in look.codes.iter().filter(|seen| imports_one(seen.module(), &matcher.imports)) {
        for (id, flow) in seen.module().flows.iter().enumerate() {
            let Some(test) = &flow.test else { continue };
            if !matches!(flow.kind, FlowKind::If | FlowKind::Elif | FlowKind::Assert | FlowKind::While) {
                continue;
            }
            let scope = seen.module().scopes.get(flow.scope).map_or("", |s| s.name.as_str());
            if matcher.within.as_ref().is_some_and(|r| !patterns.regex(r, scope)) {
                continue;
            }
            let Some(span) = span(id, flow, seen, matcher.does) else { continue };
            let mut words = Words {
                seen,
                module: seen.module(),
                program: look.program,
                scope: flow.scope,
                found: Vec::new(),
                ordered: Vec::new(),
                given: Vec::new(),
                answers: Vec::new(),
                compares: false,
                passes_empty: flow.kind != FlowKind::Assert,
                left: WORDS,
            };
            words.take(test, 0, true);
            if let Some(file) = look.program.file(&seen.path, seen.embedded).filter(|_| matcher.follows) {
                words.follow(At { file, scope: flow.scope }, flow.line, test, 0);
            }
            if matcher.given_by.as_ref().is_some_and(|r| !words.given.iter().any(|by| patterns.regex(r, by))) {
                continue;
            }
            if constant::is_constant(id, flow, seen) != matcher.constant
                || (matcher.constant && !constant::overwritten(flow, seen))
            {
                continue;
            }
            let asked = if matcher.orders { &words.ordered } else { &words.found };
            if (matcher.compares && !words.compares) || !asked.iter().any(|w| patterns.regex(&matcher.tests, w)) {
                continue;
            }
            let statement = match flow.kind {
                FlowKind::Assert => "assert",
                FlowKind::While => "while",
                _ => "if",
            };
            let what = words.found.iter().fold(statement.to_owned(), |what, word| what + " " + word.trim_end_matches('('));
            hits.push(Hit {
                branch: Some(span),
                end_line: Some(seen.code.file_line(flow.end_line)),
                strength: if !matcher.by_name || decides(look, seen, &words) { Strength::Resolved } else { Strength::Inferred },
                about: About::Flow(seen.embedded, id),
                off: switched_off(look, seen, &above(seen, flow)),
                ..Hit::new(seen.code.file_line(flow.line), seen.owner(flow.scope), cut(&what, 120))
            });
        }
    }
    hits
}

/// The flows that a flow stands in; a check under what is never true checks nothing.
fn above(seen: &Seen<'_>, flow: &Flow) -> Vec<FlowId> {
    let flows = &seen.module().flows;
    std::iter::successors(flow.parent, |at| flows.get(*at)?.parent).take(DEPTH * 4).collect()
}

fn span(id: FlowId, flow: &Flow, seen: &Seen<'_>, does: BranchDoes) -> Option<BranchSpan> {
    let fails = |exits: Exits| matches!(exits, Exits::Raises | Exits::ExitsNonZero);
    // the other branch may be the one that stops
    let other = || seen.arms_after(id).filter_map(|arm| seen.module().flows.get(arm)).any(|arm| fails(arm.exits));
    // who raises inside a `try` that swallows is taken to be swallowed; only an exit passes a narrow handler
    let swallowed = flow.in_try.as_ref().is_some_and(|h| h.broad || flow.exits == Exits::Raises);
    let stops = !swallowed && (fails(flow.exits) || flow.kind == FlowKind::Assert || other());
    let returns = matches!(flow.exits, Exits::ReturnsEarly | Exits::Skips);
    let acts = |id: FlowId| seen.encloses.get(id).copied().unwrap_or(false);
    let encloses = acts(id) || seen.arms_after(id).any(acts);
    let fits = match does {
        BranchDoes::Stops => stops,
        BranchDoes::Holds => returns || (encloses && !stops),
        BranchDoes::Any => stops || returns || encloses,
    };
    fits.then(|| BranchSpan { from: seen.code.file_line(flow.line), to: seen.code.file_line(flow.end_line), stops, returns })
}

/// The names and strings in a test, and whether it compares.
struct Words<'s, 'l> {
    seen: &'s Seen<'l>,
    /// The code that the values are of: that of the test, but for what is followed.
    module: &'s Module,
    program: &'s Program,
    scope: ScopeId,
    /// Names as written, strings, and what is called with an opening bracket behind it.
    found: Vec<String>,
    /// Those that stand on a side of `<`, `<=`, `>` or `>=`.
    ordered: Vec<String>,
    /// What is called to give a value that is asked.
    given: Vec<String>,
    /// The calls that do.
    answers: Vec<CallId>,
    compares: bool,
    /// Whether the test lets pass what is empty, as far as it was gone down.
    passes_empty: bool,
    /// Expressions that may still be followed.
    left: usize,
}

/// Whether something is compared as greater or less: in the test, or in the own function whose answer it asks.
fn decides(look: &Look<'_>, seen: &Seen<'_>, words: &Words<'_, '_>) -> bool {
    let file = look.program.file(&seen.path, seen.embedded);
    !words.ordered.is_empty() || file.is_some_and(|file| words.answers.iter().any(|call| look.program.orders(file, *call)))
}

impl Words<'_, '_> {
    /// Takes the words of a value. `decides`: its comparison is the test's own, not that of an argument.
    fn take(&mut self, value: &Value, depth: usize, decides: bool) {
        if depth > DEPTH || self.found.len() >= WORDS {
            return;
        }
        match value {
            Value::Name(name) => {
                if let Some(text) = name.dotted().or_else(|| name.last().map(str::to_owned)) {
                    self.found.push(text);
                }
                let mut root = &name.root;
                // `metrics["test"]["auc"]`: every key counts, and what it is taken from
                for _ in 0..DEPTH {
                    let Root::Item(of, key) = root else { break };
                    self.take(key, depth + 1, false);
                    self.found.extend(of.dotted().or_else(|| of.last().map(str::to_owned)));
                    root = &of.root;
                }
                self.given_root(&name.root);
                if let (Root::Local(local), true) = (&name.root, name.path.is_empty() && depth < 4) {
                    self.bound(local, depth, decides);
                }
            }
            Value::Str(text) => self.found.push(text.clone()),
            Value::Call(call) => {
                self.given_from(*call);
                let Some(call) = self.module.calls.get(*call) else { return };
                // `report.get("ok")` asks what gave the report
                if call.callee.path.len() == 1 && call.callee.last() == Some("get") {
                    self.given_root(&call.callee.root);
                }
                if let Some(name) = call.callee.dotted().or_else(|| call.callee.last().map(str::to_owned)) {
                    self.found.push(format!("{name}("));
                }
                call.args.iter().for_each(|arg| self.take(arg, depth + 1, false));
            }
            Value::Compare { left, ops, rights } => {
                self.compares |= decides;
                let before = self.found.len();
                self.take(left, depth + 1, false);
                rights.iter().for_each(|right| self.take(right, depth + 1, false));
                if decides && ops.iter().any(|op| matches!(*op, "<" | "<=" | ">" | ">=")) {
                    self.ordered.extend(self.found.iter().skip(before).cloned());
                }
            }
            Value::BoolOp { values, .. } => values.iter().for_each(|v| self.take(v, depth + 1, decides)),
            Value::Unary { op, value } => {
                self.passes_empty ^= *op == "not";
                self.take(value, depth + 1, decides);
                self.passes_empty ^= *op == "not";
            }
            Value::BinOp { left, right, .. } => {
                self.take(left, depth + 1, false);
                self.take(right, depth + 1, false);
            }
            _ => {}
        }
    }

    /// Goes after a verdict that own code hands on: what it compares is what the test asks.
    fn follow(&mut self, at: At, line: u32, value: &Value, depth: usize) {
        if depth > FOLLOWED || self.left == 0 {
            return;
        }
        self.left -= 1;
        match value {
            Value::Unary { op: "not", value } => self.follow(at, line, value, depth),
            Value::BoolOp { values, .. } => values.iter().for_each(|value| self.follow(at, line, value, depth)),
            Value::Compare { .. } if depth > 0 => {
                let program = self.program;
                let Some(code) = program.files().get(at.file) else { return };
                let (module, scope) = (self.module, self.scope);
                (self.module, self.scope) = (code.module(), at.scope);
                self.take(value, 1, true);
                (self.module, self.scope) = (module, scope);
            }
            Value::Name(_) | Value::Call(_) => {
                let program = self.program;
                for (at, line, value) in program.decided_by(at, line, value) {
                    self.follow(at, line, value, depth + 1);
                }
            }
            _ => {}
        }
    }

    fn given_root(&mut self, root: &Root) {
        let mut root = root;
        for _ in 0..DEPTH {
            match root {
                Root::Item(of, _) => root = &of.root,
                Root::Local(local) => return self.given_to(local),
                Root::Call(call) => return self.given_from(*call),
                _ => return,
            }
        }
    }

    /// Whether the values are those of another file, of which only the words are known.
    fn elsewhere(&self) -> bool {
        !std::ptr::eq(self.module, self.seen.module())
    }

    /// What is called where a name is given its value, alone or as one of several.
    fn given_to(&mut self, local: &str) {
        let is = |name: &Name| matches!(&name.root, Root::Local(l) if l == local) && name.path.is_empty();
        let gives = |assign: &&Assign| {
            assign.scope == self.scope
                && assign.targets.iter().any(|target| match target {
                    Target::Name(name) => is(name),
                    Target::Tuple(names) => names.iter().any(is),
                    _ => false,
                })
        };
        let value = self.module.assigns.iter().filter(gives).map(|assign| &assign.value).next_back();
        if let Some(Value::Call(call)) = value {
            self.given_from(*call);
        }
    }

    fn given_from(&mut self, call: CallId) {
        if !self.elsewhere() {
            self.answers.push(call);
        }
        let callee = self.module.calls.get(call).map(|call| &call.callee);
        self.given.extend(callee.and_then(|name| name.dotted().or_else(|| name.last().map(str::to_owned))));
    }

    /// `passed = auc >= LIMIT` before `if not passed`: the test is the comparison. `auc = metrics["auc"]` names the
    /// same thing twice, and `if absent` after `absent = KNOWN - set(rows.columns)` asks whether the two differ. What
    /// another call gives is not followed: its words say nothing of its result.
    fn bound(&mut self, local: &str, depth: usize, decides: bool) {
        if self.elsewhere() {
            return;
        }
        let Some(value) = self.seen.value_of(self.scope, local) else { return };
        match value {
            Value::Compare { .. } | Value::BoolOp { .. } if decides => self.take(value, depth + 1, true),
            Value::Name(name) if matches!(name.root, Root::Item(..)) => self.take(value, depth + 1, false),
            _ if self.passes_empty => {
                if let Some(difference) = difference(&self.seen.module().calls, value) {
                    self.compares |= decides;
                    self.take(difference, depth + 1, false);
                }
            }
            _ => {}
        }
    }
}

/// The difference of two collections, out of what only puts it in order or into another form.
fn difference<'m>(calls: &'m [Call], mut value: &'m Value) -> Option<&'m Value> {
    for _ in 0..DEPTH {
        let Value::Call(id) = value else { break };
        let call = calls.get(*id)?;
        match (&call.callee.root, call.callee.path.as_slice(), call.args.as_slice()) {
            (Root::Local(name), [], [one, ..]) if FORMS.contains(&name.as_str()) => value = one,
            (_, [.., method], _) if DIFFERENCES.contains(&method.as_str()) => return Some(value),
            _ => return None,
        }
    }
    matches!(value, Value::BinOp { op: "-" | "^", .. }).then_some(value)
}
