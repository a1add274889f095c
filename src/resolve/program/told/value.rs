//! What a value and a test come to in a run that was told certain words.
//!
//! Invariants: a test is decided only where every value that it could hang on is known; what is not told by the command
//! line is not decided here; every question is bounded in depth and steps.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::super::index::{What as Bound, decides, home};
use super::super::infer::{Ctx, Type};
use super::super::{At, Destination, FileId};
use super::words::{Val, What};
use super::{Frame, Standing, Tell};
use crate::syntax::python::{AssignKind, CallId, Name, Root, Target, Value};

/// Deepest nesting of values, names and functions.
const DEPTH: u32 = 24;
/// Bindings looked at for one name.
const MAX_BINDS: usize = 20;

/// Whether a test holds, and how the command line said so; none where it did not.
#[derive(Debug, Clone)]
pub(super) struct Truth {
    pub(super) holds: Option<bool>,
    pub(super) by: Option<Rc<str>>,
}

impl Truth {
    pub(super) const OPEN: Self = Self { holds: None, by: None };

    fn of(val: &Val) -> Self {
        let holds = match &val.what {
            What::None => Some(false),
            What::Bool(yes) => Some(*yes),
            What::Int(number) => Some(*number != 0),
            What::Str(text) => Some(!text.is_empty()),
            What::List(items) => Some(!items.is_empty()),
            What::Unknown | What::Names(_) | What::Words | What::Tail | What::Environment => None,
        };
        Self { holds, by: val.by.clone() }
    }
}

/// Whether two values are the same.
fn same(a: &What, b: &What) -> Option<bool> {
    use What::{Bool, Int, List, None as Nothing, Str};
    match (a, b) {
        (Str(a), Str(b)) => Some(a == b),
        (Int(a), Int(b)) => Some(a == b),
        (Bool(a), Bool(b)) => Some(a == b),
        (Bool(a), Int(b)) | (Int(b), Bool(a)) => Some(i64::from(*a) == *b),
        (Nothing, Nothing) => Some(true),
        (List(a), List(b)) if a.len() != b.len() => Some(false),
        (List(a), List(b)) => {
            let all: Vec<Option<bool>> = a.iter().zip(b).map(|(a, b)| same(a, b)).collect();
            if all.contains(&Some(false)) { Some(false) } else { all.iter().all(|s| *s == Some(true)).then_some(true) }
        }
        (Str(_) | Int(_) | Bool(_) | Nothing | List(_), Str(_) | Int(_) | Bool(_) | Nothing | List(_)) => Some(false),
        _ => None,
    }
}

impl<'p> Tell<'p> {
    /// Whether a test holds where it stands.
    pub(super) fn truth(&mut self, test: &'p Value, frame: &Frame, line: u32) -> Truth {
        self.within_bounds(Truth::OPEN, |this| this.truth_of(test, frame, line))
    }

    fn truth_of(&mut self, test: &'p Value, frame: &Frame, line: u32) -> Truth {
        match test {
            Value::Unary { op: "not", value } => {
                let inner = self.truth(value, frame, line);
                Truth { holds: inner.holds.map(|yes| !yes), ..inner }
            }
            Value::BoolOp { op, values } => {
                let stop = *op == "or";
                let parts: Vec<Truth> = values.iter().map(|v| self.truth(v, frame, line)).collect();
                if let Some(decides) = parts.iter().find(|p| p.holds == Some(stop)) {
                    return decides.clone();
                }
                let holds = parts.iter().all(|p| p.holds == Some(!stop)).then_some(!stop);
                Truth { holds, by: parts.into_iter().find_map(|p| p.by) }
            }
            Value::Compare { left, ops, rights } => match (&ops[..], &rights[..]) {
                ([op], [right]) => {
                    let left = self.value(left, frame, line);
                    let right = self.value(right, frame, line);
                    let holds = self.compared(&left.what, op, &right.what);
                    // who sets the environment is not known here: what asks for one of its values may run
                    let set = || (left.what == What::Environment).then(|| "the environment".into());
                    Truth { holds, by: left.by.clone().or(right.by).or_else(set) }
                }
                _ => Truth::OPEN,
            },
            other => Truth::of(&self.value(other, frame, line)),
        }
    }

    fn compared(&self, left: &What, op: &str, right: &What) -> Option<bool> {
        match op {
            "==" | "is" => same(left, right),
            "!=" | "is not" => same(left, right).map(|yes| !yes),
            "in" => self.within(left, right),
            "not in" => self.within(left, right).map(|yes| !yes),
            _ => {
                let (What::Int(a), What::Int(b)) = (left, right) else { return None };
                Some(match op {
                    "<" => a < b,
                    "<=" => a <= b,
                    ">" => a > b,
                    ">=" => a >= b,
                    _ => return None,
                })
            }
        }
    }

    fn within(&self, item: &What, of: &What) -> Option<bool> {
        match (item, of) {
            (_, What::List(items)) => {
                let all: Vec<Option<bool>> = items.iter().map(|i| same(item, i)).collect();
                if all.contains(&Some(true)) { Some(true) } else { all.iter().all(|s| *s == Some(false)).then_some(false) }
            }
            (What::Str(part), What::Str(text)) => Some(text.contains(part.as_str())),
            (What::Str(text), What::Words | What::Tail) => {
                let has = self.words.iter().any(|w| w.literal && w.text == *text);
                if has { Some(true) } else { self.words.iter().all(|w| w.literal).then_some(false) }
            }
            _ => None,
        }
    }

    /// Asks one question more, unless that is too many or they lie too deep inside each other.
    fn within_bounds<T>(&mut self, open: T, ask: impl FnOnce(&mut Self) -> T) -> T {
        if self.steps == 0 || self.nest >= DEPTH {
            return open;
        }
        self.steps -= 1;
        self.nest += 1;
        let answer = ask(self);
        self.nest -= 1;
        answer
    }

    /// What a value comes to where it stands.
    pub(super) fn value(&mut self, value: &'p Value, frame: &Frame, line: u32) -> Val {
        self.within_bounds(Val::UNKNOWN, |this| this.value_of(value, frame, line))
    }

    fn value_of(&mut self, value: &'p Value, frame: &Frame, line: u32) -> Val {
        match value {
            Value::Str(text) => Val::plain(What::Str(text.clone())),
            Value::Int(number) => Val::plain(What::Int(*number)),
            Value::Bool(yes) => Val::plain(What::Bool(*yes)),
            Value::None => Val::plain(What::None),
            Value::List(items) | Value::Tuple(items) => {
                let all: Vec<Val> = items.iter().map(|i| self.value(i, frame, line)).collect();
                let by = all.iter().find_map(|v| v.by.clone());
                Val { what: What::List(all.into_iter().map(|v| v.what).collect()), by }
            }
            Value::Name(name) => self.name(name, frame, line),
            Value::Call(call) => self.called(*call, frame),
            Value::Choice { test, then, otherwise } => match self.truth(test, frame, line).holds {
                Some(true) => self.value(then, frame, line),
                Some(false) => self.value(otherwise, frame, line),
                None => Val::UNKNOWN,
            },
            Value::BoolOp { op, values } => {
                let mut last = Val::UNKNOWN;
                for one in values {
                    last = self.value(one, frame, line);
                    match Truth::of(&last).holds {
                        Some(yes) if yes == (*op == "or") => return last,
                        Some(_) => {}
                        None => return Val { what: What::Unknown, by: last.by },
                    }
                }
                last
            }
            Value::Unary { op: "not", .. } | Value::Compare { .. } => {
                let truth = self.truth(value, frame, line);
                Val { what: truth.holds.map_or(What::Unknown, What::Bool), by: truth.by }
            }
            _ => Val::UNKNOWN,
        }
    }

    fn name(&mut self, name: &'p Name, frame: &Frame, line: u32) -> Val {
        self.within_bounds(Val::UNKNOWN, |this| this.name_of(name, frame, line))
    }

    fn name_of(&mut self, name: &'p Name, frame: &Frame, line: u32) -> Val {
        let (mut val, taken) = match &name.root {
            Root::Local(local) => match self.outside(name, frame, line) {
                Some(outside) => outside,
                None => (self.local(local, frame, line), 0),
            },
            Root::Call(call) => (self.called(*call, frame), 0),
            Root::Item(of, key) => {
                let of = self.name(of, frame, line);
                let key = self.value(key, frame, line);
                (self.item(&of, &key.what), 0)
            }
            Root::Str(text) => (Val::plain(What::Str(text.clone())), 0),
            Root::Other => (Val::UNKNOWN, 0),
        };
        for attribute in name.path.iter().skip(taken) {
            val = match &val.what {
                // set anew somewhere in the file: only a run knows
                What::Names(names) if !self.is_set(frame.at.file, attribute) => names.get(attribute),
                _ => Val { what: What::Unknown, by: val.by },
            };
        }
        val
    }

    /// `sys.argv`, whatever it is imported as; with the number of attributes that are used up.
    fn outside(&mut self, name: &'p Name, frame: &Frame, line: u32) -> Option<(Val, usize)> {
        let Root::Local(local) = &name.root else { return None };
        let ctx = Ctx { file: frame.at.file, scope: frame.at.scope, at: line, conditions: &[] };
        let (_, binds) = self.program.world.binds(ctx, local)?;
        if !binds?.iter().any(|b| matches!(b.what, Bound::Import(_))) {
            return None;
        }
        for taken in 0..=name.path.len().min(2) {
            let found = self.infer.chain(name, taken, ctx)?;
            match found.what {
                Type::External(full) if &*full == "sys.argv" => return Some((Val::plain(What::Words), taken)),
                Type::External(full) if &*full == "os.environ" => return Some((Val::plain(What::Environment), taken)),
                Type::Literal(value, _) if found.sure => {
                    let plain = matches!(value, Value::Str(_) | Value::Int(_) | Value::Bool(_) | Value::None);
                    return plain.then(|| (self.value(value, frame, line), taken));
                }
                Type::External(_) | Type::Module(_) => {}
                _ => return None,
            }
        }
        None
    }

    /// Whether an attribute of that name is set somewhere in a file, on something other than `self`.
    fn is_set(&mut self, file: FileId, attribute: &str) -> bool {
        let program = self.program;
        let set = self.set.entry(file).or_insert_with(|| {
            let assigns = program.files().get(file).map_or(&[][..], |f| &f.module().assigns);
            let names = assigns.iter().flat_map(|a| &a.targets).flat_map(|t| match t {
                Target::Name(name) => std::slice::from_ref(name),
                Target::Tuple(names) => names.as_slice(),
                Target::Item(..) => &[],
            });
            let others = names.filter(|n| !matches!(&n.root, Root::Local(l) if l == "self"));
            others.filter_map(|n| n.path.last().cloned()).collect()
        });
        set.contains(attribute)
    }

    fn local(&mut self, local: &'p str, frame: &Frame, line: u32) -> Val {
        let program = self.program;
        let ctx = Ctx { file: frame.at.file, scope: frame.at.scope, at: line, conditions: &[] };
        let Some(code) = program.files().get(frame.at.file) else { return Val::UNKNOWN };
        let module = code.module();
        let Some((scope, Some(binds))) = program.world.binds(ctx, local) else { return Val::UNKNOWN };
        if code.index.is_changed(local) {
            return Val::UNKNOWN;
        }
        let here = scope == home(module, frame.at.scope);
        let top = Frame { at: At { scope, ..frame.at }, params: BTreeMap::new() };
        let frame = if here { frame } else { &top };
        let before = |b: &&super::super::index::Bind| !here || b.line < line || matches!(b.what, Bound::Param(..));
        let mut visible: Vec<_> = binds.iter().filter(before).collect();
        if visible.is_empty() {
            visible = binds.iter().collect();
        }
        let mut found: Vec<Val> = Vec::new();
        for bind in visible.into_iter().rev().take(MAX_BINDS) {
            let Bound::Assign(id, part) = bind.what else {
                let param = matches!(bind.what, Bound::Param(..));
                found.push(frame.params.get(local).filter(|_| param && here).cloned().unwrap_or(Val::UNKNOWN));
                break;
            };
            let Some(assign) = module.assigns.get(id) else { break };
            let standing = self.standing(&assign.conditions, frame);
            if matches!(standing, Standing::Off(_)) {
                continue;
            }
            let plain = matches!(assign.kind, AssignKind::Assign | AssignKind::Walrus)
                && matches!(assign.scope, s if home(module, s) == scope);
            let value = if plain { self.value(&assign.value, frame, assign.line) } else { Val::UNKNOWN };
            found.push(match (part, &value.what) {
                (None, _) => value,
                (Some(part), What::List(items)) => {
                    Val { what: items.get(part).cloned().unwrap_or(What::Unknown), by: value.by.clone() }
                }
                (Some(part), What::Words) => self.item(&value, &What::Int(part as i64)),
                _ => Val::UNKNOWN,
            });
            if standing == Standing::Certain || !assign.conditions.iter().any(|f| decides(module, *f)) {
                break;
            }
        }
        match found.split_first() {
            Some((first, rest)) if rest.iter().all(|v| v.what == first.what) => first.clone(),
            _ => Val { what: What::Unknown, by: found.into_iter().find_map(|v| v.by) },
        }
    }

    fn item(&self, of: &Val, key: &What) -> Val {
        match (&of.what, key) {
            (What::Names(names), What::Str(key)) => names.get(key),
            (What::List(items), What::Int(at)) => {
                let item = usize::try_from(*at).ok().and_then(|at| items.get(at)).cloned();
                Val { what: item.unwrap_or(What::Unknown), by: of.by.clone() }
            }
            (What::Words, What::Int(at)) => {
                let Some(at) = usize::try_from(*at - 1).ok() else { return Val::UNKNOWN };
                let sure = self.words.iter().take(at).all(|w| w.literal);
                match self.words.get(at) {
                    Some(word) if word.literal && sure => Val::told(What::Str(word.text.clone()), &format!("`{}`", word.text)),
                    _ => match self.words.iter().find(|w| !w.literal) {
                        Some(word) => Val::told(What::Unknown, &format!("`{}`", word.text)),
                        None => Val::UNKNOWN,
                    },
                }
            }
            (What::Environment, What::Str(key)) => self.variable(key),
            // what is cut out of the words
            (What::Words | What::Tail, What::Unknown) => Val::plain(What::Tail),
            _ => Val { what: What::Unknown, by: of.by.clone() },
        }
    }

    /// What a variable of the environment holds.
    fn variable(&self, key: &str) -> Val {
        match self.environment.get(key) {
            Some(value) => Val::told(What::Str(value.clone()), &format!("`{key}={value}`")),
            None => Val::plain(What::Environment),
        }
    }

    /// What a call gives.
    fn called(&mut self, id: CallId, frame: &Frame) -> Val {
        self.within_bounds(Val::UNKNOWN, |this| this.result_of(id, frame))
    }

    fn result_of(&mut self, id: CallId, frame: &Frame) -> Val {
        let program = self.program;
        let file = frame.at.file;
        let Some(call) = program.files().get(file).and_then(|f| f.module().calls.get(id)) else { return Val::UNKNOWN };
        let argument = |at: usize| call.args.get(at);
        if let Some(whole) = self.parses(file, id) {
            let names = self.parsed(id, call, frame);
            return if whole { names } else { Val::plain(What::List(vec![names.what, What::Unknown])) };
        }
        match program.reached(file, id) {
            Destination::Own { to, makes: None, .. } => {
                let params = self.passed(file, id, *to, frame);
                self.returned(*to, params)
            }
            Destination::External { name, .. } => match (&**name, argument(0)) {
                ("os.environ.get" | "os.getenv", Some(key)) => match self.value(key, frame, call.line).what {
                    What::Str(key) => self.variable(&key),
                    _ => Val::plain(What::Environment),
                },
                ("vars" | "str", Some(of)) => self.value(of, frame, call.line),
                ("len", Some(of)) => {
                    let of = self.value(of, frame, call.line);
                    let literal = self.words.iter().all(|w| w.literal);
                    let by = || self.words.first().map_or("no word".to_owned(), |_| "so many words".to_owned());
                    match of.what {
                        What::Words if literal => Val::told(What::Int(self.words.len() as i64 + 1), &by()),
                        What::Words => Val::told(What::Unknown, "words that are not known"),
                        What::List(items) => Val { what: What::Int(items.len() as i64), by: of.by },
                        _ => Val::UNKNOWN,
                    }
                }
                ("getattr", Some(of)) => {
                    let of = self.value(of, frame, call.line);
                    match (of.what, argument(1)) {
                        (What::Names(names), Some(Value::Str(key))) => names.get(key),
                        _ => Val::UNKNOWN,
                    }
                }
                _ => self.method(&call.callee, argument(0), frame, call.line),
            },
            _ => self.method(&call.callee, argument(0), frame, call.line),
        }
    }

    /// Methods of texts, and `get` of what is read by name.
    fn method(&mut self, callee: &'p Name, first: Option<&'p Value>, frame: &Frame, line: u32) -> Val {
        let Some((last, before)) = callee.path.split_last() else { return Val::UNKNOWN };
        if !matches!(last.as_str(), "lower" | "upper" | "strip" | "casefold" | "get") {
            return Val::UNKNOWN;
        }
        let mut val = self.name_before(callee, before.len(), frame, line);
        val.what = match (last.as_str(), &val.what) {
            ("get", What::Environment) => match first {
                Some(Value::Str(key)) => return self.variable(key),
                _ => What::Environment,
            },
            (_, What::Environment) => What::Environment,
            ("lower" | "casefold", What::Str(text)) => What::Str(text.to_lowercase()),
            ("upper", What::Str(text)) => What::Str(text.to_uppercase()),
            ("strip", What::Str(text)) if first.is_none() => What::Str(text.trim().to_owned()),
            ("get", What::Names(names)) => match first {
                Some(Value::Str(key)) => return names.get(key),
                _ => What::Unknown,
            },
            _ => What::Unknown,
        };
        val
    }

    fn name_before(&mut self, callee: &'p Name, attributes: usize, frame: &Frame, line: u32) -> Val {
        let mut val = match &callee.root {
            Root::Local(local) => self.local(local, frame, line),
            Root::Call(call) => self.called(*call, frame),
            Root::Item(of, key) => {
                let of = self.name(of, frame, line);
                let key = self.value(key, frame, line);
                self.item(&of, &key.what)
            }
            _ => Val::UNKNOWN,
        };
        for attribute in callee.path.iter().take(attributes) {
            val = match &val.what {
                What::Names(names) if !self.is_set(frame.at.file, attribute) => names.get(attribute),
                _ => Val { what: What::Unknown, by: val.by },
            };
        }
        val
    }

    /// What an own function gives back.
    fn returned(&mut self, to: At, params: BTreeMap<String, Val>) -> Val {
        let program = self.program;
        let Some(code) = program.files().get(to.file) else { return Val::UNKNOWN };
        let frame = Frame { at: to, params };
        let mut found: Vec<Val> = Vec::new();
        for id in code.index.returns(to.scope).iter().take(MAX_BINDS) {
            let Some(result) = code.module().returns.get(*id).filter(|r| !r.yields) else { return Val::UNKNOWN };
            if matches!(self.standing(&result.conditions, &frame), Standing::Off(_)) {
                continue;
            }
            found.push(self.value(&result.value, &frame, result.line));
        }
        match found.split_first() {
            Some((first, rest)) if rest.iter().all(|v| v.what == first.what) => first.clone(),
            _ => Val { what: What::Unknown, by: found.into_iter().find_map(|v| v.by) },
        }
    }

    /// What a call gives the parameters of an own function.
    pub(super) fn passed(&mut self, file: FileId, id: CallId, to: At, frame: &Frame) -> BTreeMap<String, Val> {
        let program = self.program;
        let mut given = BTreeMap::new();
        let (Some(code), Some(scope)) = (program.files().get(file), program.scope(to)) else { return given };
        let Some(call) = code.module().calls.get(id) else { return given };
        let offset = usize::from(program.world.is_bound(code, id, to));
        let spread = call.args.iter().position(|v| matches!(v, Value::Starred(_))).unwrap_or(usize::MAX);
        let unpacked = call.keywords.iter().find(|(key, _)| key == "**").map(|(_, v)| v);
        for (position, param) in scope.params.iter().enumerate().skip(offset) {
            let named = call.keywords.iter().find(|(key, _)| *key == param.name).map(|(_, v)| v);
            let placed = call.args.get(position - offset).filter(|_| position - offset < spread);
            let value = match (named.or(placed), unpacked, &param.default) {
                (Some(value), _, _) => self.value(value, frame, call.line),
                (None, Some(of), _) => match self.value(of, frame, call.line).what {
                    What::Names(names) => names.get(&param.name),
                    _ => Val::UNKNOWN,
                },
                (None, None, Some(default)) if spread == usize::MAX => {
                    let around = Frame { at: At { scope: scope.parent, ..to }, params: BTreeMap::new() };
                    self.value(default, &around, u32::MAX)
                }
                _ => Val::UNKNOWN,
            };
            given.insert(param.name.clone(), value);
        }
        given
    }
}
