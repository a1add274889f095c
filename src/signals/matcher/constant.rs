//! Tests whose outcome no run can change.
//!
//! A gate that compares a metric after it was overwritten with a number, or asks a function that always says yes, can
//! not hold anything back. Told only where it is certain: what may be bound again, in a loop or elsewhere, is open.

use super::seen::Seen;
use crate::resolve::Callee;
use crate::syntax::python::{Assign, AssignKind, Flow, FlowId, FlowKind, Name, Root, ScopeKind, Target, Value};

/// Deepest nesting, and longest way from name to name, that is followed.
const DEPTH: usize = 8;

/// Whether the test of a branch comes out the same in every run.
pub(super) fn is_constant(id: FlowId, flow: &Flow, seen: &Seen<'_>) -> bool {
    let around = around(id, seen);
    let looped =
        around.iter().filter_map(|f| seen.module().flows.get(*f)).any(|f| matches!(f.kind, FlowKind::For | FlowKind::While));
    let ask = Ask { seen, scope: flow.scope, line: flow.line, around, looped };
    flow.test.as_ref().is_some_and(|test| ask.value(test, 0).is_some())
}

/// Whether a name of the test had another value before, in the same scope: somebody's answer was written over.
pub(super) fn overwritten(flow: &Flow, seen: &Seen<'_>) -> bool {
    let mut names: Vec<&str> = Vec::new();
    let mut open: Vec<&Value> = flow.test.iter().collect();
    while let Some(value) = open.pop().filter(|_| names.len() < 64) {
        match value {
            Value::Name(name) => names.extend(first(name)),
            Value::Compare { left, rights, .. } => {
                open.push(left);
                open.extend(rights);
            }
            Value::BinOp { left, right, .. } => open.extend([&**left, &**right]),
            Value::Unary { value, .. } => open.push(value),
            Value::BoolOp { values, .. } => open.extend(values),
            _ => {}
        }
    }
    names.into_iter().any(|local| {
        let gives = |assign: &&Assign| {
            assign.scope == flow.scope
                && assign.line < flow.line
                && assign.targets.iter().any(|target| touched(target) == Some(local) || unpacked(target, local))
        };
        let given: Vec<&Assign> = seen.module().assigns.iter().filter(gives).collect();
        let open = |assign: &&&Assign| {
            matches!(assign.value, Value::Call(_) | Value::Name(_) | Value::Compare { .. } | Value::BinOp { .. })
        };
        given.len() > 1 && given.iter().any(|assign| open(&assign))
    })
}

/// The flow and those of its scope around it.
fn around(id: FlowId, seen: &Seen<'_>) -> Vec<FlowId> {
    let parent = |id: &FlowId| seen.module().flows.get(*id).and_then(|f| f.parent);
    std::iter::successors(Some(id), parent).take(64).collect()
}

/// What is known of the moment in which the test is asked.
struct Ask<'s, 'l> {
    seen: &'s Seen<'l>,
    scope: usize,
    line: u32,
    around: Vec<FlowId>,
    looped: bool,
}

impl Ask<'_, '_> {
    /// Some where the value is the same in every run; in it whether it is true, as far as that is known.
    fn value(&self, value: &Value, depth: usize) -> Option<Option<bool>> {
        if depth > DEPTH {
            return None;
        }
        let next = |value: &Value| self.value(value, depth + 1);
        match value {
            Value::Bool(truth) => Some(Some(*truth)),
            Value::Int(number) => Some(Some(*number != 0)),
            Value::None => Some(Some(false)),
            Value::Str(text) => Some(Some(!text.is_empty())),
            Value::Float(_) => Some(None),
            Value::Name(name) => self.name(name, depth),
            Value::Call(call) => self.call(*call, depth),
            Value::Compare { left, rights, .. } => {
                next(left)?;
                rights.iter().all(|right| next(right).is_some()).then_some(None)
            }
            Value::BinOp { left, right, .. } => {
                next(left)?;
                next(right)?;
                Some(None)
            }
            Value::Unary { op, value } => next(value).map(|truth| if *op == "not" { truth.map(|t| !t) } else { None }),
            Value::BoolOp { op, values } => {
                // one that is always false decides an `and`, one that is always true an `or`
                let decides = *op == "or";
                let known: Vec<Option<Option<bool>>> = values.iter().map(next).collect();
                if known.contains(&Some(Some(decides))) {
                    return Some(Some(decides));
                }
                known.iter().all(Option::is_some).then_some(None)
            }
            _ => None,
        }
    }

    /// The last value that a name or element was given before, where it is certain which one that is.
    fn name(&self, name: &Name, depth: usize) -> Option<Option<bool>> {
        let (local, assigns) = (first(name)?, &self.seen.module().assigns);
        if self.seen.module().scopes.iter().any(|s| s.globals.iter().any(|g| g == local)) {
            return None;
        }
        let touches = |assign: &&Assign| {
            assign.scope == self.scope && assign.targets.iter().any(|t| touched(t) == Some(local) || unpacked(t, local))
        };
        let mut last: Option<&Assign> = None;
        for assign in assigns.iter().filter(touches) {
            if assign.line < self.line {
                last = Some(assign);
            } else if self.looped {
                return None;
            }
        }
        let Some(last) = last else {
            // bound once and for all at the top level, and not here
            let here = self.seen.module().scopes.get(self.scope)?;
            let nested =
                here.parent != 0 && self.seen.module().scopes.get(here.parent).is_some_and(|s| s.kind != ScopeKind::Class);
            let argument = nested || here.params.iter().any(|p| p.name == local);
            let top = (self.scope != 0 && !argument && name.path.is_empty()).then(|| self.seen.value_of(0, local)).flatten()?;
            return if matches!(top, Value::Name(_) | Value::Call(_)) { None } else { self.value(top, depth + 1) };
        };
        let certain = last.kind == AssignKind::Assign && last.conditions.iter().all(|c| self.around.contains(c));
        let same = last.targets.iter().any(|t| match t {
            Target::Name(target) => target == name,
            Target::Item(of, key) => {
                matches!(&name.root, Root::Item(asked, by) if name.path.is_empty() && **asked == *of && **by == *key)
            }
            Target::Tuple(_) => false,
        });
        if !(certain && same) || matches!(&last.value, Value::Name(next) if first(next) == Some(local)) {
            return None;
        }
        // what it was given is asked for at the place where it was given
        let then =
            Ask { seen: self.seen, scope: self.scope, line: last.line, around: last.conditions.clone(), looped: self.looped };
        then.value(&last.value, depth + 1)
    }

    /// A function of this file that gives back the same on every way through it.
    fn call(&self, call: usize, depth: usize) -> Option<Option<bool>> {
        let Some(Callee::Own { path, scope, .. }) = self.seen.callees.get(call) else { return None };
        if *path != self.seen.path {
            return None;
        }
        let mut returns = self.seen.module().returns.iter().filter(|r| r.scope == *scope);
        let given = &returns.next().filter(|r| !r.yields)?.value;
        let literal = matches!(given, Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Str(_) | Value::None);
        (literal && returns.all(|r| r.value == *given)).then(|| self.value(given, depth + 1)).flatten()
    }
}

/// The plain name that a name or element begins with; none for what begins otherwise.
fn first(name: &Name) -> Option<&str> {
    let mut root = &name.root;
    for _ in 0..DEPTH {
        match root {
            Root::Local(local) => return Some(local),
            Root::Item(of, _) => root = &of.root,
            _ => return None,
        }
    }
    None
}

fn touched(target: &Target) -> Option<&str> {
    match target {
        Target::Name(name) | Target::Item(name, _) => first(name),
        Target::Tuple(_) => None,
    }
}

fn unpacked(target: &Target, local: &str) -> bool {
    matches!(target, Target::Tuple(names) if names.iter().any(|n| first(n) == Some(local)))
}

#[cfg(test)]
mod tests {
    use super::super::tests::found;

    #[test]
    fn a_test_that_cannot_fail_is_no_gate() {
        let gate = "{ python-branch: { tests: auc, compares: true, does: stops } }";
        let lines = |text: &str| found(gate, "a.py", text);
        let stop = "    raise SystemExit(1)\n";
        assert_eq!(lines(&format!("auc = measure()\nif auc < 0.7:\n{stop}")), [2]);
        assert!(lines(&format!("auc = measure()\nauc = 1.0\nif auc < 0.7:\n{stop}")).is_empty());
        assert!(lines(&format!("auc = measure()\nif auc < 0.7 and False:\n{stop}")).is_empty());
        assert!(lines(&format!("auc = 1.0\nif debug:\n    auc = 0.5\nif 1.0 < 0.7 and auc > 0:\n{stop}")).len() == 1);
        assert!(lines(&format!("m = measure()\nm['auc'] = 1.0\nif m['auc'] < 0.7:\n{stop}")).is_empty());
        assert_eq!(lines(&format!("m = measure()\nm['f1'] = 1.0\nif m['auc'] < 0.7:\n{stop}")), [3]);
        assert_eq!(lines(&format!("auc = 1.0\nif debug:\n    auc = measure()\nif auc < 0.7:\n{stop}")), [4]);
        assert_eq!(lines("auc = 1.0\nwhile auc > 0.1:\n    assert auc > 0.7\n    auc = measure()\n"), [3]);
        assert_eq!(lines(&format!("def check(auc=1.0):\n    if auc < 0.7:\n    {stop}")), [2]);
        assert!(lines(&format!("LIMIT = 0.7\ndef check(rows):\n    auc = 1.0\n    if auc < LIMIT:\n    {stop}")).is_empty());
    }
}
