//! Where the names of one file are bound, ready for look-up.

use std::collections::{HashMap, HashSet};

use super::quick::Quick;
use crate::syntax::python::{
    AssignKind, Call, CallId, FlowId, FlowKind, ImportGuard, Module, Name, Root, ScopeId, ScopeKind, Target, Value,
};

/// What binds a name.
#[derive(Debug, Clone, Copy)]
pub(super) enum What {
    /// An import, by its index.
    Import(usize),
    /// An assignment, by its index; with the position where the value is unpacked.
    Assign(usize, Option<usize>),
    /// `def` or `class`.
    Def(ScopeId),
    /// A parameter of a function, by its position.
    Param(ScopeId, usize),
}

/// A name is bound.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bind {
    /// Unique in the file.
    pub(super) id: u32,
    /// Its line.
    pub(super) line: u32,
    /// It may not happen: by a function that declares the name global, or by an import that may fail.
    pub(super) loose: bool,
    /// By what.
    pub(super) what: What,
}

/// Attributes and elements of one file that are remembered by their names alone.
const MAX_KEPT: usize = 2_000;

/// Bindings by scope and number of the name.
type Names = HashMap<u64, Vec<Bind>, Quick>;

/// The bindings of one file.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// Every name that is bound, by number.
    numbers: HashMap<Box<str>, u32>,
    scopes: Names,
    /// `table["key"] = …`, by scope and name of the table.
    items: Names,
    /// The same by the last name of the table, wherever that is bound (`state.tables["key"] = …`).
    pub(super) kept_items: Vec<(Box<str>, Bind)>,
    /// `self.name = …` in the methods of a class.
    fields: Names,
    /// `anything.name = …`, by that name, but for `self`.
    pub(super) kept_fields: Vec<(Box<str>, Bind)>,
    /// Star imports of the top level.
    pub(super) stars: Vec<usize>,
    /// What `__all__` lists, where it is a literal list and never added to.
    exported: Option<HashSet<Box<str>>>,
    /// For every call: the line of the statement it stands in, as far as known.
    call_lines: Vec<u32>,
    /// Results of each function.
    returns: HashMap<ScopeId, Vec<usize>>,
    /// What always leaves each body: the lines, and under which flows of the body it stands.
    leaves: HashMap<ScopeId, Vec<Leave>>,
    /// Names that something is added to (`name += …`), in any scope.
    changed: HashSet<Box<str>>,
    next: u32,
}

impl Index {
    pub(super) fn of(module: &Module) -> Self {
        let mut index = Self::default();
        for (id, import) in module.imports.iter().enumerate() {
            if import.name.as_deref() == Some("*") {
                index.stars.push(id);
            } else {
                let loose = import.guard != ImportGuard::None;
                index.add(module, import.scope, &import.local, import.line, loose, What::Import(id));
            }
        }
        for (id, scope) in module.scopes.iter().enumerate() {
            for (position, param) in scope.params.iter().enumerate() {
                index.add(module, id, &param.name, scope.line, false, What::Param(id, position));
            }
            let again = |d: &Value| matches!(d, Value::Name(n) if matches!(n.last(), Some("setter" | "deleter" | "overload")));
            if matches!(scope.kind, ScopeKind::Function | ScopeKind::Class) && id > 0 && !scope.decorators.iter().any(again) {
                let name = scope.name.rsplit('.').next().unwrap_or_default();
                index.add(module, scope.parent, name, scope.line, false, What::Def(id));
            }
        }
        for id in 0..module.assigns.len() {
            index.assign(module, id);
        }
        for names in [&mut index.scopes, &mut index.items, &mut index.fields] {
            names.values_mut().for_each(|binds| binds.sort_by_key(|b| (b.line, b.id)));
        }
        for (id, result) in module.returns.iter().enumerate() {
            index.returns.entry(result.scope).or_default().push(id);
        }
        index.call_lines = call_lines(module);
        index.leaves = leaves(module);
        index.exported = exported(module);
        index
    }

    fn bind(&mut self, line: u32, loose: bool, what: What) -> Bind {
        self.next += 1;
        Bind { id: self.next, line, loose, what }
    }

    fn add(&mut self, module: &Module, scope: ScopeId, name: &str, line: u32, loose: bool, what: What) {
        let global = scope > 0 && module.scopes.get(scope).is_some_and(|s| s.globals.iter().any(|g| g == name));
        let bind = self.bind(line, loose || global, what);
        let home = if global { 0 } else { home(module, scope) };
        let key = self.numbered(home, name);
        self.scopes.entry(key).or_default().push(bind);
    }

    fn numbered(&mut self, scope: ScopeId, name: &str) -> u64 {
        let number = match self.numbers.get(name) {
            Some(number) => *number,
            None => {
                let next = self.numbers.len() as u32;
                self.numbers.insert(name.into(), next);
                next
            }
        };
        (scope as u64) << 32 | u64::from(number)
    }

    fn known(&self, scope: ScopeId, name: &str) -> Option<u64> {
        Some((scope as u64) << 32 | u64::from(*self.numbers.get(name)?))
    }

    fn assign(&mut self, module: &Module, id: usize) {
        let Some(assign) = module.assigns.get(id) else { return };
        if assign.kind == AssignKind::AugAssign {
            for target in &assign.targets {
                if let Target::Name(Name { root: Root::Local(name), path }) = target
                    && path.is_empty()
                {
                    self.changed.insert(name.as_str().into());
                }
            }
            return;
        }
        for target in &assign.targets {
            match target {
                Target::Name(name) => self.target(module, assign.scope, name, assign.line, What::Assign(id, None)),
                Target::Tuple(names) => {
                    for (part, name) in names.iter().enumerate() {
                        self.target(module, assign.scope, name, assign.line, What::Assign(id, Some(part)));
                    }
                }
                Target::Item(table, _) => {
                    let bind = self.bind(assign.line, true, What::Assign(id, None));
                    if let Some(last) = table.last().filter(|_| self.kept_items.len() < MAX_KEPT) {
                        self.kept_items.push((last.into(), bind));
                    }
                    if let (Root::Local(name), true) = (&table.root, table.path.is_empty()) {
                        let key = self.numbered(home(module, assign.scope), name);
                        self.items.entry(key).or_default().push(bind);
                    }
                }
            }
        }
    }

    fn target(&mut self, module: &Module, scope: ScopeId, name: &Name, line: u32, what: What) {
        let Root::Local(local) = &name.root else { return };
        match (name.path.as_slice(), class_of_self(module, scope, local)) {
            ([], _) => self.add(module, scope, local, line, false, what),
            ([field], Some(class)) => {
                let bind = self.bind(line, true, what);
                let key = self.numbered(class, field);
                self.fields.entry(key).or_default().push(bind);
            }
            ([.., field], _) if self.kept_fields.len() < MAX_KEPT => {
                let bind = self.bind(line, true, what);
                self.kept_fields.push((field.as_str().into(), bind));
            }
            _ => {}
        }
    }

    /// Bindings of a name in a scope, in line order.
    pub(super) fn name(&self, scope: ScopeId, name: &str) -> Option<&[Bind]> {
        self.scopes.get(&self.known(scope, name)?).map(Vec::as_slice)
    }

    /// The `def` or `class` that a name of a scope is last bound to.
    pub(super) fn definition(&self, scope: ScopeId, name: &str) -> Option<ScopeId> {
        match self.name(scope, name)?.last()?.what {
            What::Def(scope) => Some(scope),
            _ => None,
        }
    }

    /// Bindings of an element of a table.
    pub(super) fn item(&self, scope: ScopeId, name: &str) -> Option<&[Bind]> {
        self.items.get(&self.known(scope, name)?).map(Vec::as_slice)
    }

    /// Bindings of an attribute of the objects of a class.
    pub(super) fn field(&self, class: ScopeId, name: &str) -> Option<&[Bind]> {
        self.fields.get(&self.known(class, name)?).map(Vec::as_slice)
    }

    /// Whether a star import brings a name along.
    pub(super) fn exports(&self, name: &str) -> bool {
        match &self.exported {
            Some(names) => names.contains(name),
            None => !name.starts_with('_'),
        }
    }

    /// The line at which names in a call are looked up.
    pub(super) fn call_line(&self, call: CallId) -> u32 {
        self.call_lines.get(call).copied().unwrap_or(u32::MAX)
    }

    /// Whether something is added to a name somewhere in the file.
    pub(super) fn is_changed(&self, name: &str) -> bool {
        self.changed.contains(name)
    }

    /// Indices of the results of a function.
    pub(super) fn returns(&self, scope: ScopeId) -> &[usize] {
        self.returns.get(&scope).map_or(&[], Vec::as_slice)
    }

    /// The line of what always leaves the body before a call is reached.
    pub(super) fn left_before(&self, call: &Call) -> Option<u32> {
        self.leaves.get(&call.scope)?.iter().find(|leave| leave.is_before(call)).map(|leave| leave.line)
    }

    /// What leaves a body by an exception or the end of the process.
    pub(super) fn raises(&self, scope: ScopeId) -> impl Iterator<Item = &Leave> {
        self.leaves.get(&scope).into_iter().flatten().filter(|leave| !leave.returns)
    }

    /// Whether a body may be left by `return` at a line or before it.
    pub(super) fn comes_back_before(&self, scope: ScopeId, line: u32) -> bool {
        self.leaves.get(&scope).is_some_and(|all| all.len() >= MAX_LEAVES || all.iter().any(|l| l.returns && l.line <= line))
    }

    /// The only place where a name of the scope itself is bound: a parameter that nothing is assigned to.
    pub(super) fn only_param(&self, scope: ScopeId, name: &str) -> Option<(ScopeId, usize)> {
        match self.name(scope, name)? {
            [Bind { what: What::Param(function, position), .. }] if !self.changed.contains(name) => Some((*function, *position)),
            _ => None,
        }
    }

    /// The bindings of a name where a scope finds it.
    fn seen_from(&self, module: &Module, scope: ScopeId, name: &str) -> Option<&[Bind]> {
        let mut scope = home(module, scope);
        for _ in 0..=64 {
            if let Some(binds) = self.name(scope, name) {
                return Some(binds);
            }
            if scope == 0 {
                return None;
            }
            scope = home(module, module.scopes.get(scope)?.parent);
        }
        None
    }

    /// The import that a name is bound by, where that happens once and in any case.
    pub(super) fn only_import(&self, module: &Module, scope: ScopeId, name: &str) -> Option<usize> {
        match self.seen_from(module, scope, name)? {
            [Bind { what: What::Import(id), loose: false, .. }] if !self.changed.contains(name) => Some(*id),
            _ => None,
        }
    }

    /// The literal that a name is given, where that happens once and unconditionally.
    pub(super) fn only_literal<'m>(&self, module: &'m Module, scope: ScopeId, name: &str) -> Option<&'m Value> {
        match self.seen_from(module, scope, name)? {
            [Bind { what: What::Assign(id, None), .. }] => {
                let assign = module.assigns.get(*id)?;
                let plain = assign.kind == AssignKind::Assign && assign.conditions.is_empty();
                (plain && !self.changed.contains(name)).then_some(&assign.value)
            }
            _ => None,
        }
    }
}

/// The scope that holds the names bound in a scope: the main block shares those of the top level.
pub(super) fn home(module: &Module, scope: ScopeId) -> ScopeId {
    match module.scopes.get(scope).map(|s| s.kind) {
        Some(ScopeKind::Main) | None => 0,
        _ => scope,
    }
}

/// Whether a flow decides over what stands in it (a `with` or `try` body runs in any case).
pub(super) fn decides(module: &Module, flow: FlowId) -> bool {
    module.flows.get(flow).is_some_and(|f| {
        matches!(f.kind, FlowKind::If | FlowKind::Elif | FlowKind::Else | FlowKind::Except | FlowKind::Match | FlowKind::While)
    })
}

/// The class, where `name` is the object in one of its methods.
fn class_of_self(module: &Module, scope: ScopeId, name: &str) -> Option<ScopeId> {
    let function = module.scopes.get(scope).filter(|s| s.kind == ScopeKind::Function)?;
    let first = function.params.first().filter(|p| p.name == name);
    let class = module.scopes.get(function.parent).filter(|s| s.kind == ScopeKind::Class);
    (first.is_some() && class.is_some()).then_some(function.parent)
}

/// Most ways out of one body that are kept.
const MAX_LEAVES: usize = 50;

/// A statement that always leaves the body it stands in.
#[derive(Debug)]
pub(super) struct Leave {
    line: u32,
    end_line: u32,
    under: Vec<FlowId>,
    /// It only goes back to whoever called.
    returns: bool,
}

impl Leave {
    pub(super) fn of(call: &Call) -> Self {
        Self { line: call.line, end_line: call.end_line, under: call.conditions.clone(), returns: false }
    }

    pub(super) fn line(&self) -> u32 {
        self.line
    }

    pub(super) fn is_certain(&self) -> bool {
        self.under.is_empty()
    }

    pub(super) fn is_before(&self, call: &Call) -> bool {
        self.end_line < call.line && self.under.iter().all(|flow| call.conditions.contains(flow))
    }
}

/// Every `return`, `raise` that no handler around it catches, and end of the process, by scope.
fn leaves(module: &Module) -> HashMap<ScopeId, Vec<Leave>> {
    let mut found: HashMap<ScopeId, Vec<Leave>> = HashMap::new();
    let mut add = |scope: ScopeId, leave: Leave| {
        let of = found.entry(scope).or_default();
        if of.len() < MAX_LEAVES {
            of.push(leave);
        }
    };
    for flow in &module.flows {
        let certain = match flow.kind {
            FlowKind::Return => true,
            FlowKind::Raise => flow.in_try.is_none(),
            FlowKind::Assert => flow.in_try.is_none() && flow.test == Some(Value::Bool(false)),
            _ => false,
        };
        if certain {
            let above = std::iter::successors(flow.parent, |id| module.flows.get(*id).and_then(|f| f.parent));
            let under = above.take(64).collect();
            let returns = flow.kind == FlowKind::Return;
            add(flow.scope, Leave { line: flow.line, end_line: flow.end_line, under, returns });
        }
    }
    for call in module.calls.iter().filter(|call| call.in_try.is_none()) {
        let ends =
            call.callee.dotted().is_some_and(|name| matches!(&*name, "sys.exit" | "os._exit" | "os.abort" | "exit" | "quit"));
        if ends {
            add(call.scope, Leave::of(call));
        }
    }
    found
}

/// In `x = f(g(x))` over several lines, all of it sees the `x` from before.
fn call_lines(module: &Module) -> Vec<u32> {
    let mut lines: Vec<u32> = module.calls.iter().map(|c| c.line).collect();
    let mut found: Vec<CallId> = Vec::new();
    let mut lower = |value: &Value, line: u32, lines: &mut Vec<u32>| {
        calls_in(value, 16, &mut found);
        for call in found.drain(..) {
            if let Some(known) = lines.get_mut(call) {
                *known = line.min(*known);
            }
        }
    };
    for assign in &module.assigns {
        lower(&assign.value, assign.line, &mut lines);
    }
    // an outer call has a higher number than those in its arguments
    for (id, call) in module.calls.iter().enumerate().rev() {
        let line = lines.get(id).copied().unwrap_or(call.line);
        lower(&Value::Name(Name { root: root_call(&call.callee.root), path: Vec::new() }), line, &mut lines);
        for value in call.args.iter().chain(call.keywords.iter().map(|(_, v)| v)) {
            lower(value, line, &mut lines);
        }
    }
    lines
}

fn root_call(root: &Root) -> Root {
    match root {
        Root::Call(id) => Root::Call(*id),
        _ => Root::Other,
    }
}

/// Calls that a value is made of, without those in their arguments.
pub(super) fn calls_in(value: &Value, depth: u32, into: &mut Vec<CallId>) {
    let Some(depth) = depth.checked_sub(1) else { return };
    let mut all = |values: &[Value]| values.iter().for_each(|v| calls_in(v, depth, into));
    match value {
        Value::Call(id) => into.push(*id),
        Value::Name(name) => match &name.root {
            Root::Call(id) => into.push(*id),
            Root::Item(of, key) => {
                if let Root::Call(id) = of.root {
                    into.push(id);
                }
                calls_in(key, depth, into);
            }
            _ => {}
        },
        Value::List(values) | Value::Tuple(values) | Value::BoolOp { values, .. } => all(values),
        Value::Dict(pairs) => pairs.iter().for_each(|(_, v)| calls_in(v, depth, into)),
        Value::BinOp { left, right, .. } => [left, right].into_iter().for_each(|v| calls_in(v, depth, into)),
        Value::Choice { then, otherwise, .. } => [then, otherwise].into_iter().for_each(|v| calls_in(v, depth, into)),
        Value::Unary { value, .. } | Value::Starred(value) => calls_in(value, depth, into),
        _ => {}
    }
}

/// The names of a literal `__all__`.
fn exported(module: &Module) -> Option<HashSet<Box<str>>> {
    let is_all = |t: &Target| matches!(t, Target::Name(n) if n.path.is_empty() && n.last() == Some("__all__"));
    let mut assigns = module.assigns.iter().filter(|a| a.scope == 0 && a.targets.iter().any(is_all));
    let (Some(assign), None) = (assigns.next(), assigns.next()) else { return None };
    let (Value::List(names) | Value::Tuple(names)) = &assign.value else { return None };
    let text = |v: &Value| match v {
        Value::Str(text) => Some(text.as_str().into()),
        _ => None,
    };
    names.iter().map(text).collect()
}
