//! Python as nodes and edges.
//!
//! Reachability is by function: importing a module runs its top level, running a file its main block too, and a
//! function runs where something that runs calls it. A function that is handed over, or that a decorator registers, is
//! run by whoever took it; that is `inferred`, never more, but for routes, which are surely run for whoever asks.
//!
//! Invariants: one node a function, class body and main block; a lambda belongs to what it stands in; nothing outside
//! test code imports test code; the number of edges is bounded by that of calls and definitions.

mod fixtures;
mod kept;
mod keys;
mod replaced;

use std::collections::{BTreeMap, BTreeSet};

use self::keys::numbered;
pub(crate) use self::keys::{embedded_key, function_key, key_at_line, module_key, program_key, scope_key};
use super::{Edge, Graph, Guarded, Node, NodeId, NodeKind, Order};
use crate::fact::{Book, FileFacts, Placement, UnitId, UnitKind};
use crate::resolve::Program;
use crate::resolve::program::{At, CodeFile, Destination, FileId, Offered, name_text, text_of};
use crate::source::{self, Location, RepoPath};
use crate::syntax::python::{CallId, FlowId, FlowKind, ImportGuard, Module, ScopeId, ScopeKind, Value};
use crate::words::{EdgeKind, Scope, Strength, TriggerKind};

/// Edges to methods that a framework may run.
const MAX_HOOKS: usize = 200_000;

/// A call that could not be followed although it seems to stay in this repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OpenEnd {
    /// The node it stands on.
    pub(crate) node: NodeId,
    /// Where.
    pub(crate) at: Location,
    /// The call as written.
    pub(crate) text: String,
}

/// Adds all Python to the graph. Units are there already. Says which calls stay open.
pub(crate) fn connect(
    graph: &mut Graph,
    book: &Book,
    program: &Program,
    placements: &BTreeMap<RepoPath, Placement>,
) -> Vec<OpenEnd> {
    let mut build = Build {
        graph,
        program,
        placements,
        nodes: Vec::new(),
        called: BTreeSet::new(),
        callers: BTreeMap::new(),
        handed: BTreeSet::new(),
        imported: BTreeSet::new(),
        hooked: BTreeSet::new(),
        hooks: 0,
        open: Vec::new(),
    };
    for (file, code) in program.files().iter().enumerate() {
        build.add_nodes(file, code);
    }
    build.find_called();
    for (file, code) in program.files().iter().enumerate() {
        build.imports(file, code);
        build.definitions(file, code, book);
        build.calls(file, code, book);
        build.defined(code, book);
        build.contexts(file, code);
        build.stand_ins(file, code);
        build.reexports(file, code);
        if code.code.notebook {
            build.shell_of_notebook(book, code);
        }
    }
    build.command_lines();
    build.fixtures();
    build.replaced();
    build.open
}

struct Build<'b> {
    graph: &'b mut Graph,
    program: &'b Program,
    placements: &'b BTreeMap<RepoPath, Placement>,
    /// For every file and scope its node.
    nodes: Vec<Vec<NodeId>>,
    /// Functions that own code calls or hands over, outside of tests.
    called: BTreeSet<At>,
    /// Where own code calls a function.
    callers: BTreeMap<At, Vec<(FileId, CallId)>>,
    /// What is handed to a call.
    handed: BTreeSet<At>,
    /// Files that others import.
    imported: BTreeSet<FileId>,
    hooked: BTreeSet<(NodeId, At)>,
    hooks: usize,
    open: Vec<OpenEnd>,
}

/// An edge before it has its ends.
struct Seen {
    kind: EdgeKind,
    strength: Strength,
    at: Location,
    what: String,
    order: Order,
    stops: bool,
    discarded: Option<String>,
    off: Option<String>,
    condition: Option<String>,
    guard: Option<Guarded>,
    on_request: bool,
}

/// What runs only after a person's answer runs for nobody else.
pub(super) fn for_a_person(asked: Option<String>) -> Option<Guarded> {
    asked.map(|asks| Guarded { admits: vec![TriggerKind::Manual], asks })
}

impl Seen {
    fn plain(kind: EdgeKind, strength: Strength, path: &RepoPath, line: u32, what: String) -> Self {
        Self {
            kind,
            strength,
            at: Location::line(path, line),
            what,
            order: Order(line, 0),
            stops: true,
            discarded: None,
            off: None,
            condition: None,
            guard: None,
            on_request: false,
        }
    }

    fn between(self, from: NodeId, to: NodeId) -> Edge {
        let Self { kind, strength, at, what, order, stops, discarded, off, condition, guard, on_request } = self;
        Edge {
            from,
            to,
            kind,
            strength,
            at,
            what: shortened(&what),
            order,
            stops,
            discarded,
            off,
            rescue: false,
            on_request,
            anyway: false,
            condition,
            guard,
        }
    }
}

impl Build<'_> {
    fn scope_of(&self, path: &str) -> Scope {
        self.placements.get(path).map_or(Scope::Source, |p| p.scope)
    }

    fn node(&self, at: At) -> Option<NodeId> {
        self.nodes.get(at.file)?.get(at.scope).copied()
    }

    fn edge(&mut self, from: NodeId, to: NodeId, seen: Seen) {
        if from != to {
            self.graph.edge(seen.between(from, to));
        }
    }

    fn add(&mut self, key: String, kind: NodeKind, code: &CodeFile, lines: (u32, u32), label: String, entry: bool) -> NodeId {
        let (line, end) = (code.code.file_line(lines.0), code.code.file_line(lines.1));
        let at = Location { path: code.path.clone(), line, end_line: Some(end).filter(|e| *e > line) };
        let (scope, notebook) = (self.scope_of(&code.path), code.code.notebook);
        self.graph.node(key, |key| Node {
            key: key.to_owned(),
            kind,
            at,
            label,
            scope,
            notebook,
            sequential: true,
            entry,
            environment: None,
            signals: Vec::new(),
        })
    }

    fn add_nodes(&mut self, file: FileId, code: &CodeFile) {
        let module = code.module();
        let path = &code.path;
        let whole = (1, module.scopes.first().map_or(1, |s| s.end_line));
        if let Some(fact) = code.embedded {
            let node = self.add(embedded_key(path, fact), NodeKind::Module, code, whole, format!("Python in {path}"), false);
            self.nodes.push(vec![node; module.scopes.len()]);
            return;
        }
        let top = self.add(module_key(path), NodeKind::Module, code, whole, path.to_string(), false);
        let mut last: BTreeMap<&str, ScopeId> = BTreeMap::new();
        for (id, scope) in module.scopes.iter().enumerate().filter(|(_, s)| s.kind != ScopeKind::Lambda) {
            last.insert(&scope.name, id);
        }
        let mut nodes = Vec::with_capacity(module.scopes.len());
        for (id, scope) in module.scopes.iter().enumerate() {
            let node = match scope.kind {
                _ if id == 0 => top,
                ScopeKind::Module => top,
                ScopeKind::Lambda => nodes.get(scope.parent).copied().unwrap_or(top),
                ScopeKind::Main | ScopeKind::Function | ScopeKind::Class => {
                    let key = numbered(path, &scope.name, scope.line, last.get(scope.name.as_str()) != Some(&id));
                    let label = match scope.kind {
                        ScopeKind::Main => format!("main block of {path}"),
                        ScopeKind::Class => format!("class {}", scope.name),
                        _ => format!("{}()", scope.name),
                    };
                    self.add(key, NodeKind::Function, code, (scope.line, scope.end_line), label, false)
                }
            };
            nodes.push(node);
        }
        let entry = self.is_entry(file, code);
        let program = self.add(program_key(path), NodeKind::Program, code, whole, format!("program {path}"), entry);
        self.edge(
            program,
            top,
            Seen::plain(EdgeKind::Contains, Strength::Resolved, path, code.code.file_line(1), format!("runs {path}")),
        );
        for (id, scope) in module.scopes.iter().enumerate().filter(|(_, s)| s.kind == ScopeKind::Main) {
            if let Some(main) = nodes.get(id) {
                let line = code.code.file_line(scope.line);
                self.edge(
                    program,
                    *main,
                    Seen::plain(EdgeKind::Contains, Strength::Resolved, path, line, "main block".to_owned()),
                );
            }
        }
        self.nodes.push(nodes);
    }

    /// Whether somebody would run the file: it has a main block, or its top level does something.
    fn is_entry(&self, file: FileId, code: &CodeFile) -> bool {
        if code.code.notebook {
            return true;
        }
        let module = code.module();
        let acts = |(id, call): (usize, &crate::syntax::python::Call)| {
            call.scope == 0 && (call.discarded || matches!(self.program.reached(file, id), Destination::Own { makes: None, .. }))
        };
        self.scope_of(&code.path) != Scope::Test
            && (module.scopes.iter().any(|s| s.kind == ScopeKind::Main) || module.calls.iter().enumerate().any(acts))
    }

    /// What own code outside of tests calls by itself needs no framework to run.
    fn find_called(&mut self) {
        for (file, code) in self.program.files().iter().enumerate() {
            self.imported.extend(self.program.imports(file).into_iter().map(|(_, to)| to));
            for call in 0..code.module().calls.len() {
                if let Destination::Own { to, .. } = self.program.reached(file, call) {
                    self.callers.entry(*to).or_default().push((file, call));
                }
                self.handed.extend(self.program.passed(file, call).iter().map(|p| p.at));
            }
            if self.scope_of(&code.path) == Scope::Test {
                continue;
            }
            for call in 0..code.module().calls.len() {
                if let Destination::Own { to, .. } = self.program.reached(file, call) {
                    self.called.insert(*to);
                }
                self.called.extend(self.program.passed(file, call).iter().map(|p| p.at));
            }
        }
    }

    fn imports(&mut self, file: FileId, code: &CodeFile) {
        let from_test = self.scope_of(&code.path) == Scope::Test;
        let mut done = BTreeSet::new();
        for (id, target) in self.program.imports(file) {
            let Some(import) = code.module().imports.get(id).filter(|i| i.guard != ImportGuard::TypeChecking) else { continue };
            let Some(other) = self.program.files().get(target) else { continue };
            let (Some(from), Some(to)) = (self.node(At { file, scope: import.scope }), self.node(At { file: target, scope: 0 }))
            else {
                continue;
            };
            if (self.scope_of(&other.path) == Scope::Test && !from_test) || !done.insert((from, to)) {
                continue;
            }
            let line = code.code.file_line(import.line);
            let mut seen =
                Seen::plain(EdgeKind::Imports, Strength::Resolved, &code.path, line, format!("imports {}", other.path));
            seen.stops = import.guard == ImportGuard::None;
            self.edge(from, to, seen);
        }
    }

    /// Class bodies run with what they stand in; decorators run, and may register what they decorate.
    fn definitions(&mut self, file: FileId, code: &CodeFile, book: &Book) {
        let defined = orchestrated(code, book);
        for (id, scope) in code.module().scopes.iter().enumerate() {
            let at = At { file, scope: id };
            let (Some(node), Some(around)) = (self.node(at), self.node(At { file, scope: scope.parent })) else { continue };
            let line = code.code.file_line(scope.line);
            if scope.kind == ScopeKind::Class {
                let mut seen =
                    Seen::plain(EdgeKind::Contains, Strength::Resolved, &code.path, line, format!("class {}", scope.name));
                seen.off = self.program.off(file, &scope.conditions);
                self.edge(around, node, seen);
            }
            if !defined.is_some_and(|facts| facts.orchestrated.functions.contains(&id)) {
                let off = self.program.off(file, &scope.conditions);
                self.decorated(at, code, around, line, off.as_deref());
            }
        }
    }

    /// What decorators run and register, which is nothing where what they decorate is switched `off`.
    fn decorated(&mut self, at: At, code: &CodeFile, around: NodeId, line: u32, off: Option<&str>) {
        let program = self.program;
        let seen = |strength, what| {
            let mut seen = Seen::plain(EdgeKind::Calls, strength, &code.path, line, what);
            seen.off = off.map(str::to_owned);
            seen
        };
        for decorator in program.decorators(at) {
            // written as a call it stands among the calls
            if let (None, None, Some(own)) = (decorator.call, &decorator.outside, decorator.own)
                && let Some(to) = self.node(own)
            {
                self.edge(around, to, seen(Strength::Resolved, format!("@{}", decorator.text)));
            }
            let Some(outside) = decorator.outside.as_deref().filter(|name| !is_plain(name)) else { continue };
            if program.is_asked_for(at.file, decorator) || program.leaves_out(decorator) {
                continue;
            }
            let what = format!("registered by @{}", decorator.text);
            let route = program.is_route(decorator);
            let mut starters = vec![around];
            let known = program.is_command(at.file, decorator);
            // `@cli.command()` on a group, `@app.get()` on an object of the top level: those run it too
            if known {
                // its holder runs it anyway
            } else if let Some(group) = decorator.own.and_then(|own| self.node(own)) {
                starters.push(group);
            } else if let Some(object) = decorator.text.split_once('.').map(|(first, _)| first).filter(|_| outside.contains('#'))
            {
                let key = function_key(&code.path, object);
                let object = self.add(key, NodeKind::Function, code, (line, line), object.to_owned(), false);
                starters.push(object);
            }
            let of_application = program.is_of_an_application(decorator);
            for from in starters {
                for to in self.registered(at, outside.contains('#')) {
                    let mut seen = seen(if route { Strength::Resolved } else { Strength::Inferred }, what.clone());
                    seen.on_request = route;
                    // to import the file answers nobody yet
                    if of_application && self.graph.nodes[from].kind == NodeKind::Module {
                        let edge = seen.between(from, to);
                        self.graph.registered.push(edge);
                    } else {
                        self.edge(from, to, seen);
                    }
                }
            }
        }
    }

    /// What a decorator from outside makes run: a function that it hands to an object, or that nobody calls otherwise
    /// (a wrapper such as one that measures time registers nothing); of a class its methods that nobody calls.
    fn registered(&self, at: At, on_object: bool) -> Vec<NodeId> {
        let kind = self.program.scope(at).map(|s| s.kind);
        match kind {
            Some(ScopeKind::Function) if on_object || !self.called.contains(&at) => self.node(at).into_iter().collect(),
            Some(ScopeKind::Class) => self.uncalled_methods(at, None),
            _ => Vec::new(),
        }
    }

    /// The methods of a class that nobody here calls; of these only some where they are named.
    fn uncalled_methods(&self, class: At, only: Option<&BTreeSet<&String>>) -> Vec<NodeId> {
        let methods = self.program.methods(class).into_iter().filter(|m| !self.called.contains(m));
        methods
            .filter(|m| {
                let name = self.program.scope(*m).and_then(|s| s.name.rsplit('.').next()).unwrap_or_default();
                only.map_or(!name.starts_with("__") || name == "__call__", |only| only.iter().any(|it| *it == name))
            })
            .filter_map(|m| self.node(m))
            .collect()
    }

    /// The file is imported whenever one of its pipelines runs.
    fn defined(&mut self, code: &CodeFile, book: &Book) {
        let Some(facts) = orchestrated(code, book) else { return };
        let Some(module) = self.graph.find(&module_key(&code.path)) else { return };
        for unit in facts.orchestrated.pipelines.iter().filter(|u| **u < facts.units.len()) {
            if let Some(node) = self.graph.find(&super::connect::node_key(&code.path, facts, *unit)) {
                let line = facts.units[*unit].line;
                let what = format!("reads {}", code.path);
                self.edge(node, module, Seen::plain(EdgeKind::Imports, Strength::Resolved, &code.path, line, what));
            }
        }
    }

    /// Objects and functions that hold commands run these, whoever asks them.
    fn command_lines(&mut self) {
        let program = self.program;
        let holders = program.holders().into_iter().filter_map(|(file, name, offered)| {
            let code = program.files().get(file).filter(|c| c.embedded.is_none())?;
            let key = function_key(&code.path, name);
            Some((file, key, name.to_owned(), offered))
        });
        for (file, key, name, offered) in holders.collect::<Vec<_>>() {
            let Some(code) = program.files().get(file) else { continue };
            let assigned = |a: &&crate::syntax::python::Assign| a.scope == 0 && targets(a, &name);
            let line = code.module().assigns.iter().find(assigned).map_or(1, |a| a.line);
            let from = self.add(key, NodeKind::Function, code, (line, line), name, false);
            if let Some(module) = self.node(At { file, scope: 0 }) {
                let line = code.code.file_line(line);
                let what = format!("reads {}", code.path);
                self.edge(from, module, Seen::plain(EdgeKind::Imports, Strength::Resolved, &code.path, line, what));
            }
            self.commands_of(from, code, &offered);
        }
        for (file, code) in program.files().iter().enumerate() {
            for scope in 0..code.module().scopes.len() {
                let at = At { file, scope };
                let offered = program.offered_by(at);
                if let (false, Some(from)) = (offered.is_empty(), self.node(at)) {
                    self.commands_of(from, code, &offered);
                }
            }
        }
    }

    fn commands_of(&mut self, from: NodeId, code: &CodeFile, offered: &[Offered]) {
        for one in offered {
            let (Some(to), Some(scope)) = (self.node(one.at), self.program.scope(one.at)) else { continue };
            let (path, line) = match self.program.files().get(one.at.file) {
                Some(other) => (&other.path, other.code.file_line(scope.line)),
                None => (&code.path, 1),
            };
            let strength = if one.sure { Strength::Resolved } else { Strength::Inferred };
            let what = format!("the command {}", scope.name);
            self.edge(from, to, Seen::plain(EdgeKind::Calls, strength, path, line, what));
        }
    }

    fn calls(&mut self, file: FileId, code: &CodeFile, book: &Book) {
        let program = self.program;
        let defined = orchestrated(code, book);
        let mut on_line: BTreeMap<u32, u32> = BTreeMap::new();
        for (id, call) in code.module().calls.iter().enumerate() {
            let Some(from) = self.node(At { file, scope: call.scope }) else { continue };
            let line = code.code.file_line(call.line);
            let count = on_line.entry(line).or_default();
            *count += 1;
            let order = Order(line, *count - 1);
            let text = name_text(&call.callee);
            if let Some((facts, it)) = defined.and_then(|facts| Some((facts, facts.orchestrated.calls.get(&id)?))) {
                let unit = it.unit.filter(|unit| it.runs && *unit < facts.units.len());
                if let Some(unit) = unit.and_then(|u| self.graph.find(&super::connect::node_key(&code.path, facts, u))) {
                    let swallowed = call.in_try;
                    let seen = Seen {
                        order,
                        stops: swallowed.is_none(),
                        discarded: swallowed
                            .filter(|h| h.broad)
                            .map(|h| format!("the handler on line {}", code.code.file_line(h.line))),
                        off: program.never(file, call),
                        condition: condition(code.module(), &call.conditions),
                        ..Seen::plain(EdgeKind::Contains, Strength::Resolved, &code.path, line, format!("{text}()"))
                    };
                    self.edge(from, unit, seen);
                }
                continue;
            }
            let reached = program.reached(file, id);
            let offered = program.offered(file, id);
            if let (Destination::Unknown { own: true }, None) = (reached, &offered) {
                self.open.push(OpenEnd { node: from, at: Location::line(&code.path, line), text: format!("{text}()") });
            }
            let only_registered = defined.is_some_and(|facts| facts.orchestrated.handed.contains(&id));
            let handed = if only_registered || program.only_registers(file, id) { &[] } else { program.passed(file, id) };
            if handed.is_empty() && offered.is_none() && !matches!(reached, Destination::Own { .. }) {
                continue;
            }
            let off = program.never(file, call);
            let condition = condition(code.module(), &call.conditions);
            let guard = for_a_person(program.asks_a_person(file, &call.conditions));
            let swallowed = call.in_try;
            let seen = |strength: Strength, what: String| Seen {
                kind: EdgeKind::Calls,
                strength,
                at: Location::line(&code.path, line),
                what,
                order,
                stops: swallowed.is_none(),
                discarded: swallowed.filter(|h| h.broad).map(|h| format!("the handler on line {}", code.code.file_line(h.line))),
                off: off.clone(),
                condition: condition.clone(),
                guard: guard.clone(),
                on_request: false,
            };
            if let Destination::Own { to, makes, sure, .. } = reached {
                let strength = if *sure { Strength::Resolved } else { Strength::Inferred };
                // a class without constructor of its own runs nothing
                if program.scope(*to).is_some_and(|s| s.kind != ScopeKind::Class)
                    && let Some(node) = self.node(*to)
                {
                    self.edge(from, node, seen(strength, format!("{text}()")));
                }
                if let Some(class) = makes {
                    for name in ["__post_init__", "__new__", "model_post_init"] {
                        if let Some(node) = program.method(*class, name).and_then(|m| self.node(m)) {
                            self.edge(from, node, seen(strength, format!("{text}()")));
                        }
                    }
                    if !program.external_bases(*class).is_empty() && !self.is_kept(file, id, 0) {
                        self.hooks(from, *class, &seen);
                    }
                }
            }
            let offered = offered.unwrap_or_default();
            for one in &offered {
                if let Some(node) = self.node(one.at) {
                    let name = program.scope(one.at).map_or("", |s| s.name.as_str());
                    let strength = if one.sure { Strength::Resolved } else { Strength::Inferred };
                    self.edge(from, node, seen(strength, format!("{text}() runs the command {name}")));
                }
            }
            for passed in handed.iter().filter(|p| offered.iter().all(|one| one.at != p.at)) {
                let at = passed.at;
                if program.scope(at).is_some_and(|s| s.kind == ScopeKind::Class) {
                    self.hooks(from, at, &seen);
                } else if let Some(node) = self.node(at) {
                    let name = program.scope(at).map_or("", |s| s.name.as_str());
                    let strength = if passed.sure { Strength::Resolved } else { Strength::Inferred };
                    self.edge(from, node, seen(strength, format!("hands {name} to {text}()")));
                }
            }
        }
    }

    /// An object of a class that builds on one from outside: whoever made that one runs its methods, if nobody here does;
    /// of those that a library is known to run none but these.
    fn hooks(&mut self, from: NodeId, class: At, seen: &dyn Fn(Strength, String) -> Seen) {
        let idle = |base: &str| is_plain(base) || self.program.callables().is_idle_base(base);
        let bases = || self.program.external_bases(class).iter().filter(|b| !idle(b));
        let protocol = |base: &str| self.program.callables().protocol(base);
        let base = bases().find(|b| protocol(b).is_none()).or_else(|| bases().next());
        // one that may run any decides
        let only: Option<BTreeSet<&String>> =
            bases().map(|b| protocol(b)).collect::<Option<Vec<_>>>().map(|all| all.into_iter().flatten().collect());
        let Some(base) = base.filter(|_| self.hooks < MAX_HOOKS && !self.hooked.contains(&(from, class))) else { return };
        self.hooked.insert((from, class));
        let what = format!("run by what {base} belongs to");
        for own in self.program.class_order(class) {
            for node in self.uncalled_methods(*own, only.as_ref()) {
                self.hooks += 1;
                self.edge(from, node, seen(Strength::Inferred, what.clone()));
            }
        }
    }

    /// Who calls a method that sub-classes must have calls that of one of them.
    fn stand_ins(&mut self, file: FileId, code: &CodeFile) {
        for (scope, function) in code.module().scopes.iter().enumerate().filter(|(_, s)| s.kind == ScopeKind::Function) {
            let at = At { file, scope };
            for other in self.program.stand_ins(at) {
                let (Some(from), Some(to)) = (self.node(at), self.node(other)) else { continue };
                let name = self.program.scope(other).map_or("", |s| s.name.as_str());
                let (line, what) = (code.code.file_line(function.line), format!("{name}() in its place"));
                self.edge(from, to, Seen::plain(EdgeKind::Calls, Strength::Inferred, &code.path, line, what));
            }
        }
    }

    /// `with Own():` runs the methods that enter and leave.
    fn contexts(&mut self, file: FileId, code: &CodeFile) {
        for flow in code.module().flows.iter().filter(|f| f.kind == FlowKind::With) {
            let Some(Value::Call(call)) = flow.test else { continue };
            let Destination::Own { makes: Some(class), .. } = self.program.reached(file, call) else { continue };
            let Some(from) = self.node(At { file, scope: flow.scope }) else { continue };
            for name in ["__enter__", "__exit__", "__aenter__", "__aexit__"] {
                if let Some(to) = self.program.method(*class, name).and_then(|m| self.node(m)) {
                    let line = code.code.file_line(flow.line);
                    self.edge(from, to, Seen::plain(EdgeKind::Calls, Strength::Resolved, &code.path, line, "with".to_owned()));
                }
            }
        }
    }

    /// A package that passes on a function of one of its modules can be asked for it by its own name.
    fn reexports(&mut self, file: FileId, code: &CodeFile) {
        if source::file_name(&code.path) != "__init__.py" || code.embedded.is_some() {
            return;
        }
        for import in code.module().imports.iter().filter(|i| i.scope == 0 && i.name.is_some()).take(500) {
            let function = self.program.function_named(file, &import.local).filter(|at| at.file != file);
            let Some(to) = function.and_then(|at| self.node(at)) else { continue };
            let line = import.line;
            let node = self.add(
                function_key(&code.path, &import.local),
                NodeKind::Function,
                code,
                (line, line),
                import.local.clone(),
                false,
            );
            self.edge(
                node,
                to,
                Seen::plain(EdgeKind::Calls, Strength::Resolved, &code.path, line, format!("passes on {}", import.local)),
            );
        }
    }

    fn shell_of_notebook(&mut self, book: &Book, code: &CodeFile) {
        let Some(program) = self.graph.find(&program_key(&code.path)) else { return };
        let Some(facts) = book.get(&code.path) else { return };
        for unit in facts.units.iter().filter(|u| u.kind == UnitKind::Script) {
            if let Some(script) = self.graph.find(&format!("script:{}#{}", code.path, unit.name)) {
                let seen = Seen::plain(
                    EdgeKind::Contains,
                    Strength::Resolved,
                    &code.path,
                    unit.line,
                    "shell lines of the notebook".to_owned(),
                );
                self.edge(program, script, seen);
            }
        }
    }
}

/// What the file states beside its code, where an orchestrator runs some of that.
fn orchestrated<'b>(code: &CodeFile, book: &'b Book) -> Option<&'b FileFacts> {
    let facts = book.get(&code.path).filter(|_| code.embedded.is_none())?;
    let it = &facts.orchestrated;
    (!(it.calls.is_empty() && it.functions.is_empty() && it.pipelines.is_empty() && it.handed.is_empty())).then_some(facts)
}

/// The unit that a call on this line of the file defines: the innermost such call.
pub(super) fn defined_at(facts: &FileFacts, line: u32) -> Option<UnitId> {
    let module = &facts.code.as_ref().filter(|_| !facts.orchestrated.calls.is_empty())?.module;
    let covers = facts.orchestrated.calls.iter().filter_map(|(id, it)| {
        let call = module.calls.get(*id).filter(|c| (c.line..=c.end_line).contains(&line))?;
        Some((call.end_line - call.line, it.unit.filter(|unit| *unit < facts.units.len())))
    });
    covers.min_by_key(|(length, _)| *length)?.1
}

/// Python's own classes and decorators, which run nothing of what is built on them.
fn is_plain(name: &str) -> bool {
    let first = name.split(['.', '#']).next().unwrap_or_default();
    !name.contains(['.', '#'])
        || matches!(
            first,
            "abc"
                | "collections"
                | "contextlib"
                | "copy"
                | "dataclasses"
                | "enum"
                | "functools"
                | "typing"
                | "typing_extensions"
                | "warnings"
        )
        || name.starts_with("property#")
}

/// Whether an assignment binds a plain name and nothing else.
fn targets(assign: &crate::syntax::python::Assign, name: &str) -> bool {
    use crate::syntax::python::{Name, Root, Target};
    matches!(&assign.targets[..], [Target::Name(Name { root: Root::Local(it), path })] if path.is_empty() && it == name)
}

/// The nearest test above a call, as written.
pub(super) fn condition(module: &Module, conditions: &[FlowId]) -> Option<String> {
    conditions.iter().rev().filter_map(|f| module.flows.get(*f)).find_map(|flow| match flow.kind {
        FlowKind::If | FlowKind::Elif | FlowKind::While | FlowKind::Match => {
            Some(flow.test.as_ref().map_or("…".to_owned(), |t| text_of(t, 4)))
        }
        FlowKind::Else => Some("else".to_owned()),
        FlowKind::Except => Some("except".to_owned()),
        _ => None,
    })
}

/// At most 100 characters.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(100) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
