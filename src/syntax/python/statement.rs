//! Statements into scopes, flows, bindings and imports.
//!
//! Every expression is lowered exactly once, in the scope where Python evaluates it: decorators, defaults and base
//! classes in the scope around a definition, bodies in their own.

use ruff_python_ast::{
    Decorator, ExceptHandler, Expr, Parameter, ParameterWithDefault, Parameters, Pattern, Stmt, StmtClassDef, StmtFor,
    StmtFunctionDef, StmtIf, StmtImport, StmtImportFrom, StmtMatch, StmtTry, StmtWith, TypeParam, TypeParams,
};
use ruff_text_size::{Ranged, TextRange};

use super::exits::{self, last_name};
use super::lower::{Lower, NewScope};
use super::model::{
    AssignKind, CallId, Exits, Expression, FlowKind, Handler, Import, ImportGuard, Name, Param, ParamKind, Return, Root,
    ScopeKind, Value,
};

impl Lower<'_> {
    /// A sequence of statements.
    pub(super) fn body(&mut self, body: &[Stmt]) {
        for statement in body {
            if self.descend() {
                self.statement(statement);
                self.ascend();
            }
        }
    }

    fn statement(&mut self, statement: &Stmt) {
        let range = statement.range();
        match statement {
            Stmt::FunctionDef(def) => self.function(def),
            Stmt::ClassDef(def) => self.class(def),
            Stmt::Return(ret) => {
                let value = ret.value.as_deref().map_or(Value::None, |v| self.value(v, 0));
                self.leaf(FlowKind::Return, None, range, Exits::ReturnsEarly);
                self.returned(value, range, false);
            }
            Stmt::Delete(delete) => self.visit_all(&delete.targets),
            Stmt::TypeAlias(alias) => {
                self.type_params(alias.type_params.as_deref());
                self.visit(&alias.value);
                let target = self.target(&alias.name);
                self.bind(AssignKind::Assign, vec![target], Value::Other, None, range);
            }
            Stmt::Assign(assign) => {
                let value = self.value(&assign.value, 0);
                let targets = assign.targets.iter().map(|t| self.target(t)).collect();
                self.bind(AssignKind::Assign, targets, value, None, range);
            }
            Stmt::AugAssign(assign) => {
                let value = self.value(&assign.value, 0);
                let target = self.target(&assign.target);
                self.bind(AssignKind::AugAssign, vec![target], value, None, range);
            }
            Stmt::AnnAssign(assign) => {
                let annotation = self.annotation(&assign.annotation);
                let value = assign.value.as_deref().map_or(Value::Other, |v| self.value(v, 0));
                let target = self.target(&assign.target);
                self.bind(AssignKind::Assign, vec![target], value, annotation, range);
            }
            Stmt::For(each) => self.for_loop(each),
            Stmt::While(repeat) => {
                let test = self.value(&repeat.test, 0);
                let flow = self.open(FlowKind::While, Some(test), range, exits::of_body(&repeat.body), None);
                self.body(&repeat.body);
                self.close(flow);
                self.otherwise(&repeat.orelse, flow);
            }
            Stmt::If(branches) => self.branches(branches),
            Stmt::With(with) => self.with(with),
            Stmt::Match(choice) => self.cases(choice),
            Stmt::Raise(raise) => {
                let raised = raise.exc.as_deref().map(|e| self.value(e, 0));
                if let Some(cause) = &raise.cause {
                    self.visit(cause);
                }
                let exits = exits::of_body(std::slice::from_ref(statement));
                self.leaf(FlowKind::Raise, raised, range, exits);
            }
            Stmt::Try(attempt) => self.attempt(attempt),
            Stmt::Assert(assert) => {
                let test = self.value(&assert.test, 0);
                if let Some(message) = &assert.msg {
                    self.visit(message);
                }
                self.leaf(FlowKind::Assert, Some(test), range, Exits::Raises);
            }
            Stmt::Import(import) => self.import(import),
            Stmt::ImportFrom(import) => self.import_from(import),
            Stmt::Global(global) => self.outer_names(global.names.iter().map(|n| n.as_str())),
            Stmt::Nonlocal(nonlocal) => self.outer_names(nonlocal.names.iter().map(|n| n.as_str())),
            Stmt::Expr(statement) => self.expression(&statement.value),
            Stmt::Pass(_) | Stmt::Break(_) | Stmt::Continue(_) | Stmt::IpyEscapeCommand(_) => {}
        }
    }

    /// A statement that is an expression. A bare string is a docstring or a comment and says nothing.
    fn expression(&mut self, expression: &Expr) {
        if matches!(expression, Expr::StringLiteral(_)) {
            return;
        }
        match self.value(expression, 0) {
            Value::Call(id) => {
                if let Some(call) = self.module.calls.get_mut(id) {
                    call.discarded = true;
                }
            }
            value @ (Value::BinOp { .. } | Value::List(_) | Value::Tuple(_) | Value::Name(_)) => {
                if self.room(self.module.expressions.len()) {
                    let scope = self.scope;
                    self.module.expressions.push(Expression { scope, value });
                }
            }
            _ => {}
        }
    }

    pub(super) fn returned(&mut self, value: Value, range: TextRange, yields: bool) {
        if self.room(self.module.returns.len()) {
            let (scope, line, conditions) = (self.scope, self.line(range.start()), self.conditions());
            self.module.returns.push(Return { scope, value, line, yields, conditions });
        }
    }

    // --- definitions ---

    fn decorators(&mut self, decorators: &[Decorator]) -> Vec<Value> {
        decorators.iter().map(|d| self.value(&d.expression, 0)).collect()
    }

    fn function(&mut self, def: &StmtFunctionDef) {
        let decorators = self.decorators(&def.decorator_list);
        self.type_params(def.type_params.as_deref());
        let params = self.params(&def.parameters);
        let returns_annotation = def.returns.as_deref().and_then(|r| self.annotation(r));
        // a decorated function's range begins at its first decorator
        let range = TextRange::new(def.name.start(), def.end());
        let new = NewScope { decorators, params, returns_annotation, ..NewScope::default() };
        self.within(ScopeKind::Function, def.name.as_str(), range, new, |this| this.body(&def.body));
    }

    fn class(&mut self, def: &StmtClassDef) {
        let decorators = self.decorators(&def.decorator_list);
        self.type_params(def.type_params.as_deref());
        let mut new = NewScope { decorators, ..NewScope::default() };
        if let Some(arguments) = &def.arguments {
            new.bases = self.arguments(arguments).0;
        }
        let range = TextRange::new(def.name.start(), def.end());
        self.within(ScopeKind::Class, def.name.as_str(), range, new, |this| this.body(&def.body));
    }

    pub(super) fn params(&mut self, parameters: &Parameters) -> Vec<Param> {
        let mut params = Vec::new();
        for p in parameters.posonlyargs.iter().chain(&parameters.args) {
            params.push(self.param(p, ParamKind::Plain));
        }
        if let Some(rest) = &parameters.vararg {
            params.push(self.bare_param(rest, ParamKind::Rest));
        }
        for p in &parameters.kwonlyargs {
            params.push(self.param(p, ParamKind::Keyword));
        }
        if let Some(rest) = &parameters.kwarg {
            params.push(self.bare_param(rest, ParamKind::KeywordRest));
        }
        params
    }

    fn param(&mut self, parameter: &ParameterWithDefault, kind: ParamKind) -> Param {
        let default = parameter.default.as_deref().map(|d| self.value(d, 0));
        Param { default, ..self.bare_param(&parameter.parameter, kind) }
    }

    fn bare_param(&mut self, parameter: &Parameter, kind: ParamKind) -> Param {
        let declared = parameter.annotation.as_deref().map(|a| self.declared(a));
        let marker = declared.as_ref().and_then(marker);
        let annotation = declared.and_then(|value| type_name(value, 4));
        let line = self.line(parameter.start());
        Param { name: parameter.name.as_str().to_owned(), kind, annotation, marker, default: None, line }
    }

    fn type_params(&mut self, params: Option<&TypeParams>) {
        for param in params.into_iter().flat_map(|p| &p.type_params) {
            let (bound, default) = match param {
                TypeParam::TypeVar(var) => (var.bound.as_deref(), var.default.as_deref()),
                TypeParam::TypeVarTuple(var) => (None, var.default.as_deref()),
                TypeParam::ParamSpec(var) => (None, var.default.as_deref()),
            };
            for expression in bound.into_iter().chain(default) {
                self.visit(expression);
            }
        }
    }

    fn outer_names<'n>(&mut self, names: impl Iterator<Item = &'n str>) {
        if let Some(scope) = self.module.scopes.get_mut(self.scope) {
            scope.globals.extend(names.take(200).map(str::to_owned));
        }
    }

    // --- flows ---

    fn branches(&mut self, branches: &StmtIf) {
        let end = branches.body.last().map_or(branches.end(), Ranged::end);
        let range = TextRange::new(branches.start(), end);
        let mut last = None;
        if self.scope == 0 && is_main_guard(&branches.test) {
            self.within(ScopeKind::Main, "__main__", range, NewScope::default(), |this| this.body(&branches.body));
        } else {
            let test = self.value(&branches.test, 0);
            let guard = self.guard;
            if last_name(&branches.test) == Some("TYPE_CHECKING") {
                self.guard = ImportGuard::TypeChecking;
            }
            let flow = self.open(FlowKind::If, Some(test), range, exits::of_body(&branches.body), None);
            self.body(&branches.body);
            self.close(flow);
            self.guard = guard;
            last = flow;
        }
        for clause in &branches.elif_else_clauses {
            let test = clause.test.as_ref().map(|t| self.value(t, 0));
            let kind = if test.is_some() { FlowKind::Elif } else { FlowKind::Else };
            let flow = self.open(kind, test, clause.range, exits::of_body(&clause.body), last);
            self.body(&clause.body);
            self.close(flow);
            last = flow;
        }
    }

    /// The `else` of a loop or a `try`.
    fn otherwise(&mut self, body: &[Stmt], after: Option<usize>) {
        let (Some(first), Some(end)) = (body.first(), body.last()) else { return };
        let range = TextRange::new(first.start(), end.end());
        let flow = self.open(FlowKind::Else, None, range, exits::of_body(body), after);
        self.body(body);
        self.close(flow);
    }

    fn for_loop(&mut self, each: &StmtFor) {
        let over = self.value(&each.iter, 0);
        let target = self.target(&each.target);
        let line = TextRange::new(each.start(), each.iter.end());
        self.bind(AssignKind::For, vec![target], over, None, line);
        let flow = self.open(FlowKind::For, None, each.range, exits::of_body(&each.body), None);
        self.body(&each.body);
        self.close(flow);
        self.otherwise(&each.orelse, flow);
    }

    fn with(&mut self, with: &StmtWith) {
        let handler = self.handler;
        let exits = exits::of_body(&with.body);
        let mut opened = Vec::new();
        for item in &with.items {
            let context = self.value(&item.context_expr, 0);
            let range = TextRange::new(item.context_expr.start(), with.end());
            let test = super::lower::small(&context);
            if let Some(vars) = &item.optional_vars {
                let target = self.target(vars);
                self.bind(AssignKind::With, vec![target], context, None, range);
            }
            opened.push(self.open(FlowKind::With, Some(test), range, exits, None));
            if let Expr::Call(call) = &item.context_expr
                && last_name(&call.func) == Some("suppress")
            {
                let broad = call.arguments.args.iter().any(|a| exits::is_broad(Some(a)));
                self.handler = Some(Handler { line: self.line(range.start()), broad });
            }
        }
        self.body(&with.body);
        for flow in opened.into_iter().rev() {
            self.close(flow);
        }
        self.handler = handler;
    }

    fn cases(&mut self, choice: &StmtMatch) {
        let subject = self.value(&choice.subject, 0);
        // cloned once a case, so only a small one is
        let subject = super::lower::small(&subject);
        let mut last = None;
        for case in &choice.cases {
            let mut literals = Vec::new();
            self.pattern(&case.pattern, &mut literals);
            let guard = case.guard.as_deref().map(|guard| self.value(guard, 1));
            let left = Box::new(subject.clone());
            let test = match literals.len() {
                0 => None,
                1 => Some(Value::Compare { left, ops: vec!["=="], rights: literals }),
                _ => Some(Value::Compare { left, ops: vec!["in"], rights: vec![Value::Tuple(literals)] }),
            };
            let test = match (test, guard) {
                (Some(test), Some(guard)) => Some(Value::BoolOp { op: "and", values: vec![test, guard] }),
                (test, _) => test,
            };
            let flow = self.open(FlowKind::Match, test, case.range, exits::of_body(&case.body), last);
            self.body(&case.body);
            self.close(flow);
            last = flow;
        }
    }

    /// Walks a pattern and gathers the literals that alone would match it (`"a"`, `"a" | "b"`).
    fn pattern(&mut self, pattern: &Pattern, literals: &mut Vec<Value>) {
        if !self.descend() {
            return;
        }
        let mut inner = Vec::new(); // literals of parts do not match alone
        match pattern {
            Pattern::MatchValue(value) => {
                let value = self.value(&value.value, 1);
                if literals.len() < super::lower::MAX_ITEMS {
                    literals.push(value);
                }
            }
            Pattern::MatchOr(any) => any.patterns.iter().for_each(|p| self.pattern(p, literals)),
            Pattern::MatchAs(named) => {
                if let Some(p) = &named.pattern {
                    self.pattern(p, literals);
                }
            }
            Pattern::MatchSequence(sequence) => sequence.patterns.iter().for_each(|p| self.pattern(p, &mut inner)),
            Pattern::MatchMapping(mapping) => {
                self.visit_all(&mapping.keys);
                mapping.patterns.iter().for_each(|p| self.pattern(p, &mut inner));
            }
            Pattern::MatchClass(class) => {
                self.visit(&class.cls);
                class.arguments.patterns.iter().for_each(|p| self.pattern(p, &mut inner));
                class.arguments.keywords.iter().for_each(|k| self.pattern(&k.pattern, &mut inner));
            }
            Pattern::MatchSingleton(_) | Pattern::MatchStar(_) => {}
        }
        self.ascend();
    }

    fn attempt(&mut self, attempt: &StmtTry) {
        let (handler, guard) = (self.handler, self.guard);
        let caught = |h: &ExceptHandler| {
            let ExceptHandler::ExceptHandler(h) = h;
            exits::catches_import(h.type_.as_deref())
        };
        let own = self.module.scopes.get(self.scope).map(|scope| scope.name.rsplit('.').next().unwrap_or_default());
        let returned = own.is_some_and(|own| self.statuses.iter().any(|name| name == own));
        if let Some((quiet, broad)) = exits::swallowing(&attempt.handlers, returned) {
            self.handler = Some(Handler { line: self.line(quiet.start()), broad });
        }
        if guard == ImportGuard::None && attempt.handlers.iter().any(caught) {
            self.guard = ImportGuard::Try;
        }
        let end = attempt.body.last().map_or(attempt.end(), Ranged::end);
        let exits = exits::of_body(&attempt.body);
        let flow = self.open(FlowKind::Try, None, TextRange::new(attempt.start(), end), exits, None);
        self.body(&attempt.body);
        self.handler = handler;
        self.close(flow);
        for h in &attempt.handlers {
            let ExceptHandler::ExceptHandler(h) = h;
            let test = h.type_.as_deref().map(|t| self.value(t, 0));
            let except = self.open(FlowKind::Except, test, h.range, exits::of_body(&h.body), flow);
            self.body(&h.body);
            self.close(except);
        }
        self.guard = guard;
        self.otherwise(&attempt.orelse, flow);
        self.body(&attempt.finalbody);
    }

    // --- imports ---

    fn import(&mut self, import: &StmtImport) {
        let line = self.line(import.start());
        for alias in &import.names {
            let module = alias.name.as_str();
            let aliased = alias.asname.is_some();
            let local = alias.asname.as_ref().map_or(module.split('.').next().unwrap_or(module), |a| a.as_str());
            self.imported(Import {
                scope: self.scope,
                module: module.to_owned(),
                level: 0,
                name: None,
                local: local.to_owned(),
                aliased,
                line,
                guard: self.guard,
            });
        }
    }

    fn import_from(&mut self, import: &StmtImportFrom) {
        for alias in &import.names {
            let name = alias.name.as_str();
            let local = alias.asname.as_ref().map_or(name, |a| a.as_str());
            self.imported(Import {
                scope: self.scope,
                module: import.module.as_ref().map_or("", |m| m.as_str()).to_owned(),
                level: import.level,
                name: Some(name.to_owned()),
                local: local.to_owned(),
                aliased: alias.asname.is_some(),
                line: self.line(import.start()),
                guard: self.guard,
            });
        }
    }

    /// An import that error recovery left without a name says nothing.
    fn imported(&mut self, import: Import) {
        if !import.local.is_empty() && self.room(self.module.imports.len()) {
            self.module.imports.push(import);
        }
    }

    /// The type that an annotation names, without what only says that it may be missing.
    fn annotation(&mut self, annotation: &Expr) -> Option<Name> {
        type_name(self.declared(annotation), 4)
    }

    /// An annotation as it is written.
    fn declared(&mut self, annotation: &Expr) -> Value {
        self.evaluated(annotation);
        self.value(annotation, 0)
    }
}

/// The first call beside the type in `Annotated[X, …]`.
pub(crate) fn marker(declared: &Value) -> Option<CallId> {
    let Value::Name(Name { root: Root::Item(of, key), path }) = declared else { return None };
    let Value::Tuple(items) = &**key else { return None };
    let call = |value: &Value| if let Value::Call(id) = value { Some(*id) } else { None };
    (path.is_empty() && of.last() == Some("Annotated")).then(|| items.iter().skip(1).find_map(call))?
}

/// `__name__ == "__main__"`, either way round, alone or as part of an `and`.
fn is_main_guard(test: &Expr) -> bool {
    match test {
        Expr::Compare(compare) => {
            let name = |e: &Expr| matches!(e, Expr::Name(n) if n.id.as_str() == "__name__");
            let main = |e: &Expr| matches!(e, Expr::StringLiteral(s) if s.value.to_str() == "__main__");
            let (left, ops) = (&*compare.left, &*compare.ops);
            let [right] = &*compare.comparators else { return false };
            ops.first().is_some_and(|op| op.as_str() == "==") && (name(left) && main(right) || main(left) && name(right))
        }
        Expr::BoolOp(both) => {
            both.op.as_str() == "and" && both.values.iter().any(|v| matches!(v, Expr::Compare(_)) && is_main_guard(v))
        }
        _ => false,
    }
}

/// `Optional[X]`, `Annotated[X, …]`, `X | None`, `"X"` and `X` all name `X`.
fn type_name(value: Value, depth: u32) -> Option<Name> {
    let depth = depth.checked_sub(1)?;
    match value {
        Value::Name(Name { root: Root::Item(of, key), path }) if path.is_empty() => {
            if !matches!(of.last(), Some("Optional" | "Annotated" | "Final" | "ClassVar")) {
                return Some(Name { root: Root::Item(of, key), path });
            }
            match *key {
                Value::Tuple(items) => type_name(items.into_iter().next()?, depth),
                one => type_name(one, depth),
            }
        }
        Value::Name(name) => Some(name),
        Value::BinOp { op: "|", left, right } => match (*left, *right) {
            (Value::None, one) | (one, Value::None) => type_name(one, depth),
            _ => None,
        },
        Value::Str(text) => {
            let word = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '_');
            let mut parts = text.split('.').map(str::to_owned);
            let first = parts.next()?;
            let path: Vec<String> = parts.collect();
            let plain = word(&first) && path.iter().all(|p| word(p));
            plain.then_some(Name { root: Root::Local(first), path })
        }
        _ => None,
    }
}
