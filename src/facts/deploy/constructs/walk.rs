//! What a program makes when it is run: the calls of constructors that are reached from its start, under which
//! conditions, and for which stack.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::resolve::Program;
use crate::resolve::program::{At, Destination, FileId, text_of};
use crate::rules::constructs::{Constructs, names};
use crate::source::RepoPath;
use crate::syntax::python::{Call, CallId, Exits, Flow, FlowKind, ScopeId, ScopeKind, Value};

/// Most scopes that are entered, each for each stack.
const MOST: usize = 20_000;
/// Deepest nesting of functions in functions.
const DEPTH: usize = 40;
/// Most stacks.
const STACKS: usize = 500;

/// A program that declares stacks.
#[derive(Debug)]
pub(super) struct App {
    pub(super) file: FileId,
    /// The folder that it is run in.
    pub(super) dir: String,
    /// What names it.
    pub(super) settings: Option<RepoPath>,
    /// All that it makes is one stack.
    pub(super) whole: bool,
}

/// A stack, or a stage of several.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) id: usize,
    /// Its name, behind those of what it is a part of: `Prod/Training`; `?` for what only a run knows.
    pub(super) name: String,
    /// The name of the stage that it is a part of; empty where it stands for itself.
    pub(super) stage: String,
    pub(super) app: usize,
    pub(super) line: u32,
}

/// A call that is made.
#[derive(Debug, Default)]
pub(super) struct Reached {
    /// What must hold; none where it is made in any case.
    pub(super) condition: Option<String>,
    /// The stacks for which it is made.
    pub(super) stacks: BTreeSet<usize>,
}

/// All calls of the tools that are made.
#[derive(Debug, Default)]
pub(super) struct Live {
    pub(super) calls: BTreeMap<(FileId, CallId), Reached>,
    /// In the order in which they are made.
    pub(super) order: Vec<(FileId, CallId)>,
    pub(super) stacks: Vec<Made>,
    /// Files with such calls, and the program that makes the first.
    pub(super) files: BTreeMap<FileId, usize>,
}

/// Whether a file makes a program's whole when it is run.
pub(super) fn makes_app(program: &Program, rules: &Constructs, file: FileId) -> bool {
    let Some(code) = program.files().get(file) else { return false };
    let module = code.module();
    let runs = |call: &Call| module.scopes.get(call.scope).is_some_and(|s| matches!(s.kind, ScopeKind::Module | ScopeKind::Main));
    let makes = |id: CallId| matches!(program.reached(file, id), Destination::External { name, .. } if names(&rules.apps, name));
    module.calls.iter().enumerate().any(|(id, call)| runs(call) && makes(id))
}

/// Everything that the programs make.
pub(super) fn live(program: &Program, rules: &Constructs, apps: &[App]) -> Live {
    let (live, seen, by_scope) = (Live::default(), BTreeSet::new(), HashMap::new());
    let mut walk = Walk { program, rules, live, seen, by_scope, app: 0, of_call: BTreeMap::new() };
    for (number, app) in apps.iter().enumerate() {
        walk.app = number;
        let mut around = Around::default();
        if app.whole && walk.live.stacks.len() < STACKS {
            let id = walk.live.stacks.len();
            walk.live.stacks.push(Made { id, name: ".".to_owned(), stage: String::new(), app: number, line: 1 });
            around.stack = Some(id);
        }
        walk.module(app.file, &around, true, DEPTH);
    }
    walk.live
}

/// What is around a call that is made.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Around {
    stack: Option<usize>,
    condition: Option<String>,
}

struct Walk<'p> {
    program: &'p Program,
    rules: &'p Constructs,
    live: Live,
    seen: BTreeSet<(At, Around)>,
    by_scope: HashMap<FileId, HashMap<ScopeId, Vec<CallId>>>,
    app: usize,
    /// Stacks that a call of the tool's own class makes.
    of_call: BTreeMap<(FileId, CallId), usize>,
}

impl<'p> Walk<'p> {
    /// The top level of a file, and of what it imports.
    fn module(&mut self, file: FileId, around: &Around, main: bool, depth: usize) {
        let Some(code) = self.program.files().get(file) else { return };
        if depth == 0 || self.seen.contains(&(At { file, scope: 0 }, around.clone())) {
            return;
        }
        for (_, other) in self.program.imports(file) {
            self.module(other, around, false, depth - 1);
        }
        self.scope(At { file, scope: 0 }, around, depth);
        for (scope, it) in code.module().scopes.iter().enumerate().filter(|_| main) {
            if it.kind == ScopeKind::Main {
                self.scope(At { file, scope }, around, depth);
            }
        }
    }

    fn scope(&mut self, at: At, around: &Around, depth: usize) {
        if depth == 0 || self.seen.len() >= MOST || !self.seen.insert((at, around.clone())) {
            return;
        }
        let Some(code) = self.program.files().get(at.file) else { return };
        let by_scope = self.by_scope.entry(at.file).or_insert_with(|| {
            let mut found: HashMap<ScopeId, Vec<CallId>> = HashMap::new();
            for (id, call) in code.module().calls.iter().enumerate() {
                found.entry(call.scope).or_default().push(id);
            }
            found
        });
        for id in by_scope.get(&at.scope).cloned().unwrap_or_default() {
            self.call(at.file, id, around, depth);
        }
    }

    fn call(&mut self, file: FileId, id: CallId, around: &Around, depth: usize) {
        let Some(code) = self.program.files().get(file) else { return };
        let Some(call) = code.module().calls.get(id) else { return };
        if self.program.never(file, call).is_some() {
            return;
        }
        let condition = around.condition.clone().or_else(|| condition(self.program, file, call));
        let around = Around { condition, ..around.clone() };
        match self.program.reached(file, id) {
            Destination::External { name, .. } if self.rules.has_root(name.split('#').next().unwrap_or(name)) => {
                if names(&self.rules.stacks, name) || names(&self.rules.stages, name) {
                    let stage = names(&self.rules.stages, name);
                    let stack = self.stack(file, id, call, &around, stage);
                    self.of_call.extend(stack.map(|stack| ((file, id), stack)));
                }
                self.made(file, id, call, &around);
            }
            Destination::Own { to, makes: Some(class), .. } => {
                let bases = self.program.external_bases(*class);
                let is = |patterns: &[String]| bases.iter().any(|base| names(patterns, base));
                let (stack, stage) = (is(&self.rules.stacks), is(&self.rules.stages));
                let mut inside = around.clone();
                if stack || stage {
                    inside.stack = self.stack(file, id, call, &around, stage).or(around.stack);
                    self.made(file, id, call, &around);
                }
                let starts = match self.program.scope(*to).map(|scope| scope.kind) {
                    Some(ScopeKind::Function) => Some(*to),
                    _ => self.program.method(*class, "__init__"),
                };
                starts.into_iter().for_each(|starts| self.scope(starts, &inside, depth - 1));
            }
            Destination::Own { to, .. } => self.scope(*to, &around, depth - 1),
            _ => {}
        }
    }

    /// A new stack or stage.
    fn stack(&mut self, file: FileId, id: CallId, call: &'p Call, around: &Around, stage: bool) -> Option<usize> {
        let outer = around.stack.and_then(|outer| self.live.stacks.get(outer));
        let own = name_of(self.program, file, id, call).unwrap_or_else(|| "?".to_owned());
        let (name, inside) = match outer {
            // a stack in a stack is brought about by itself
            Some(outer) if !outer.stage.is_empty() => (format!("{}/{own}", outer.name), outer.stage.clone()),
            _ => (own.clone(), if stage { own } else { String::new() }),
        };
        if self.live.stacks.len() >= STACKS {
            return None;
        }
        let id = self.live.stacks.len();
        // what the settings say has no line for it: the program is named on the first
        self.live.stacks.push(Made { id, name, stage: inside, app: self.app, line: 1 });
        Some(id)
    }

    /// A call of the tools' own.
    fn made(&mut self, file: FileId, id: CallId, call: &'p Call, around: &Around) {
        let first = call.args.first().and_then(|value| {
            let at = At { file, scope: call.scope };
            self.program.origin(at, self.program.line_of(file, id), value)
        });
        let stack = first.and_then(|origin| self.of_call.get(&origin).copied()).or(around.stack);
        self.live.files.entry(file).or_insert(self.app);
        let known = match self.live.calls.entry((file, id)) {
            std::collections::btree_map::Entry::Vacant(new) => {
                self.live.order.push((file, id));
                new.insert(Reached { condition: around.condition.clone(), ..Reached::default() })
            }
            std::collections::btree_map::Entry::Occupied(known) => {
                let known = known.into_mut();
                if around.condition.is_none() {
                    known.condition = None;
                }
                known
            }
        };
        known.stacks.extend(stack);
    }
}

/// The name that a part is given where it is made: the argument called so, or the second.
pub(super) fn name_of(program: &Program, file: FileId, id: CallId, call: &Call) -> Option<String> {
    let keyword = |name: &str| call.keywords.iter().find(|(key, _)| key == name).map(|(_, value)| value);
    let named = keyword("id").or_else(|| keyword("construct_id")).or_else(|| call.args.get(1)).or_else(|| call.args.first());
    let (at, line, named) = (At { file, scope: call.scope }, program.line_of(file, id), named?);
    let bound = || match named {
        Value::Name(name) => program.bound_to(at, line, name),
        _ => None,
    };
    match program.literal(at, line, named).or_else(bound)? {
        (_, _, Value::Str(text)) if !text.is_empty() => Some(text.clone()),
        _ => None,
    }
}

/// The test under which a call stands, or under which its body is left before, as written.
fn condition(program: &Program, file: FileId, call: &Call) -> Option<String> {
    let module = program.files().get(file)?.module();
    let stands = call.conditions.iter().filter_map(|flow| module.flows.get(*flow)).find_map(|flow| match flow.kind {
        FlowKind::If | FlowKind::Elif | FlowKind::While | FlowKind::Match => {
            Some(flow.test.as_ref().map_or("?".to_owned(), |test| text_of(test, 3)))
        }
        FlowKind::Else | FlowKind::Except => Some("else".to_owned()),
        _ => None,
    });
    stands.or_else(|| {
        let leaves = |flow: &&Flow| {
            flow.scope == call.scope
                && flow.end_line < call.line
                && flow.exits == Exits::ReturnsEarly
                && matches!(flow.kind, FlowKind::If | FlowKind::Elif | FlowKind::Else)
        };
        let test = module.flows.iter().find(leaves)?.test.as_ref();
        Some(test.map_or("?".to_owned(), |test| format!("not {}", text_of(test, 3))))
    })
}
