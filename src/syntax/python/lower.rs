//! The state of one lowering: where we are, what surrounds us, and the bounds.
//!
//! Depth is counted in nodes of the tree, not in our own stack frames, and everything is visited: whoever stops at
//! [`MAX_DEPTH`] knows that the tree goes deeper, and that dropping it could exhaust the stack.

use ruff_python_ast::Stmt;
use ruff_text_size::{TextRange, TextSize};

use super::model::{
    Assign, AssignKind, Exits, Flow, FlowId, FlowKind, Handler, ImportGuard, Module, Name, Param, Root, Scope, ScopeId,
    ScopeKind, Target, Value,
};

/// How deep the tree is followed.
const MAX_DEPTH: usize = 400;
/// Entries of each kind in one file.
const MAX_ENTRIES: usize = 50_000;
/// Flows remembered for one statement, the innermost.
const MAX_CONDITIONS: usize = 32;
/// Elements of a collection, arguments of a call.
pub(super) const MAX_ITEMS: usize = 200;

/// What a new scope carries besides its place.
#[derive(Default)]
pub(super) struct NewScope {
    pub decorators: Vec<Value>,
    pub params: Vec<Param>,
    pub bases: Vec<Value>,
    pub returns_annotation: Option<Name>,
}

/// One lowering under way.
pub(super) struct Lower<'t> {
    pub text: &'t str,
    starts: Vec<u32>,
    pub module: Module,
    pub scope: ScopeId,
    flows: Vec<FlowId>,
    pub handler: Option<Handler>,
    pub guard: ImportGuard,
    depth: usize,
    /// Functions whose result is the status of the process.
    pub statuses: Vec<String>,
    /// Annotations are never evaluated.
    pub postponed: bool,
    /// The tree goes deeper than we followed.
    pub too_deep: bool,
}

impl<'t> Lower<'t> {
    /// Lowers a whole tree; says also whether it was too deep to follow, and so to drop.
    pub fn run(text: &'t str, body: &[Stmt]) -> (Module, bool) {
        let starts = std::iter::once(0).chain(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at as u32 + 1)).collect();
        let mut lower = Lower {
            text,
            starts,
            module: Module::default(),
            scope: 0,
            flows: Vec::new(),
            handler: None,
            guard: ImportGuard::None,
            depth: 0,
            statuses: super::exits::statuses(body),
            postponed: super::since::postpones(body),
            too_deep: false,
        };
        let last = lower.starts.len() as u32;
        lower.module.scopes.push(super::top_level(last));
        lower.body(body);
        (lower.module, lower.too_deep)
    }

    /// The 1-based line of an offset.
    pub fn line(&self, at: TextSize) -> u32 {
        self.starts.partition_point(|start| *start <= at.to_u32()) as u32
    }

    /// The line on which a range ends.
    pub fn end_line(&self, range: TextRange) -> u32 {
        self.line(range.end()).max(self.line(range.start()))
    }

    /// One node deeper; false where it is deep enough. Pairs with [`Lower::ascend`].
    pub fn descend(&mut self) -> bool {
        if self.depth >= MAX_DEPTH {
            self.deeper();
            return false;
        }
        self.depth += 1;
        true
    }

    pub fn ascend(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// There is more below than we follow.
    pub fn deeper(&mut self) {
        self.too_deep = true;
        self.module.truncated = true;
    }

    /// May one more entry be added to a vector of this length?
    pub fn room(&mut self, len: usize) -> bool {
        let room = len < MAX_ENTRIES;
        self.module.truncated |= !room;
        room
    }

    /// The flows of this scope that we stand under.
    pub fn conditions(&self) -> Vec<FlowId> {
        let from = self.flows.len().saturating_sub(MAX_CONDITIONS);
        self.flows.get(from..).unwrap_or_default().to_vec()
    }

    fn flow(
        &mut self,
        kind: FlowKind,
        test: Option<Value>,
        range: TextRange,
        exits: Exits,
        after: Option<FlowId>,
    ) -> Option<FlowId> {
        if !self.room(self.module.flows.len()) {
            return None;
        }
        let id = self.module.flows.len();
        self.module.flows.push(Flow {
            scope: self.scope,
            kind,
            test,
            line: self.line(range.start()),
            end_line: self.end_line(range),
            parent: self.flows.last().copied(),
            after,
            exits,
            in_try: self.handler,
        });
        Some(id)
    }

    /// A flow without a body.
    pub fn leaf(&mut self, kind: FlowKind, test: Option<Value>, range: TextRange, exits: Exits) {
        self.flow(kind, test, range, exits, None);
    }

    /// Enters the body of a flow; hand the result to [`Lower::close`].
    pub fn open(
        &mut self,
        kind: FlowKind,
        test: Option<Value>,
        range: TextRange,
        exits: Exits,
        after: Option<FlowId>,
    ) -> Option<FlowId> {
        let id = self.flow(kind, test, range, exits, after);
        self.flows.extend(id);
        id
    }

    pub fn close(&mut self, flow: Option<FlowId>) {
        if flow.is_some() {
            self.flows.pop();
        }
    }

    /// Runs `inside` in a new scope. Flows and handlers around a definition say nothing about its body.
    pub fn within(
        &mut self,
        kind: ScopeKind,
        name: &str,
        range: TextRange,
        new: NewScope,
        inside: impl FnOnce(&mut Self),
    ) -> ScopeId {
        let parent = self.scope;
        if !self.room(self.module.scopes.len()) {
            inside(self);
            return parent;
        }
        let qualified = match self.module.scopes.get(parent) {
            // deep nesting of long names would otherwise grow with the square of the file
            Some(outer)
                if matches!(outer.kind, ScopeKind::Function | ScopeKind::Class | ScopeKind::Lambda) && outer.name.len() < 500 =>
            {
                format!("{}.{name}", outer.name)
            }
            _ => name.to_owned(),
        };
        let id = self.module.scopes.len();
        self.module.scopes.push(Scope {
            kind,
            name: qualified,
            parent,
            line: self.line(range.start()),
            end_line: self.end_line(range),
            decorators: new.decorators,
            params: new.params,
            bases: new.bases,
            returns_annotation: new.returns_annotation,
            conditions: self.conditions(),
            globals: Vec::new(),
        });
        let flows = std::mem::take(&mut self.flows);
        let (handler, guard) = (self.handler.take(), self.guard);
        if kind == ScopeKind::Function || kind == ScopeKind::Lambda {
            self.guard = ImportGuard::None;
        }
        self.scope = id;
        inside(self);
        (self.flows, self.handler, self.guard, self.scope) = (flows, handler, guard, parent);
        id
    }

    /// Records a binding.
    pub fn bind(&mut self, kind: AssignKind, targets: Vec<Target>, value: Value, annotation: Option<Name>, range: TextRange) {
        if self.room(self.module.assigns.len()) {
            let (scope, line, conditions) = (self.scope, self.line(range.start()), self.conditions());
            self.module.assigns.push(Assign { scope, kind, targets, value, annotation, line, conditions });
        }
    }
}

/// A copy of a value where that costs little, else `Other`.
pub(super) fn small(value: &Value) -> Value {
    let plain = |v: &Value| match v {
        Value::Str(text) => text.len() <= 200,
        Value::Name(name) => matches!(name.root, Root::Local(_) | Root::Call(_)) && name.path.len() <= 8,
        Value::Int(_) | Value::Float(_) | Value::Bool(_) | Value::None | Value::Call(_) | Value::Lambda(_) => true,
        _ => false,
    };
    let cheap = match value {
        Value::Compare { left, rights, .. } => rights.len() <= 4 && plain(left) && rights.iter().all(plain),
        Value::Unary { value, .. } => plain(value),
        other => plain(other),
    };
    if cheap { value.clone() } else { Value::Other }
}
