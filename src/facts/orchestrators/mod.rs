//! Pipelines that are written in Python for an orchestrator, lowered to the same units and facts as a CI job.
//!
//! Names must be resolved across files, so this is no reader of one file: it runs once, between the rounds, over the
//! program as far as it was read, and what it finds leads on like everything else. Which names make a pipeline, a step
//! or a registration stands in `rules/orchestrators/`.
//!
//! Invariants: nothing is done where no such tool is imported; what only defines is said not to run where it stands
//! (`FileFacts::orchestrated`); a step belongs to at most one pipeline; every search is bounded.

mod assets;
mod bundles;
mod classes;
mod deployments;
mod handed;
mod ignored;
mod order;
mod registered;
mod schedule;
mod steps;
#[cfg(test)]
mod tests;
mod work;
mod workspace_jobs;

use std::collections::{BTreeMap, BTreeSet};

use super::{Context, Reader};
use crate::fact::{Book, Defined, Fact, FactKind, FileFacts, Trigger, Unit, UnitId, UnitKind};
use crate::resolve::Program;
use crate::resolve::program::{At, CodeFile, Destination, FileId, Meaning};
use crate::rules::orchestrator::{Body, Orchestrator, Pipeline, names};
use crate::source::{self, RepoPath};
use crate::syntax::python::{Call, CallId, ScopeId, ScopeKind, Value};
use crate::walk::Inventory;
use crate::words::TriggerKind;

/// Readers of this folder.
pub(crate) const ALL: &[Reader] =
    &[deployments::READER, bundles::READER, workspace_jobs::READER, workspace_jobs::DEPLOYMENT, ignored::READER];

/// Most pipelines and most steps of a repository.
const MOST: usize = 20_000;

/// Most links between assets, and from pipelines to assets.
const LINKS: usize = 100_000;

/// Whether any file imports one of them.
pub(super) fn concern(book: &Book, rules: &[Orchestrator]) -> bool {
    book.values().filter_map(|facts| facts.code.as_ref()).any(|code| rules.iter().any(|rule| imports(rule, &code.module.imports)))
}

fn imports(rule: &Orchestrator, imports: &[crate::syntax::python::Import]) -> bool {
    imports.iter().any(|import| import.level == 0 && rule.has_root(&import.module))
}

/// Whether a file that imports it only by way of another calls something of it (`flow.serve()`).
fn uses(program: &Program, rule: &Orchestrator, file: FileId) -> bool {
    let calls = program.files().get(file).map_or(0, |code| code.module().calls.len());
    (0..calls).any(|call| match program.reached(file, call) {
        Destination::External { name, .. } => rule.has_root(name.split('#').next().unwrap_or(name)),
        _ => false,
    })
}

/// What the definitions come to, by file.
pub(super) fn lower(
    book: &Book,
    program: &Program,
    rules: &[Orchestrator],
    (context, inventory): (&Context<'_>, &Inventory),
) -> BTreeMap<RepoPath, FileFacts> {
    let mut all: BTreeMap<RepoPath, FileFacts> = BTreeMap::new();
    let imported = |rule: &&Orchestrator| program.files().iter().any(|code| imports(rule, &code.module().imports));
    for rule in rules.iter().filter(imported) {
        let files: Vec<FileId> = (0..program.files().len())
            .filter(|file| {
                let code = &program.files()[*file];
                code.embedded.is_none()
                    && !code.code.notebook
                    && (imports(rule, &code.module().imports) || uses(program, rule, *file))
            })
            .collect();
        if files.is_empty() {
            continue;
        }
        let mut lowering = Lowering {
            book,
            program,
            rule,
            context,
            inventory,
            added: BTreeMap::new(),
            pipes: Vec::new(),
            functions: BTreeMap::new(),
            steps: Vec::new(),
            by_call: BTreeMap::new(),
            waits: Vec::new(),
            pipe_of: BTreeMap::new(),
            named: BTreeMap::new(),
            links: LINKS,
            held: BTreeMap::new(),
            seen: schedule::Seen::default(),
            compiled: BTreeMap::new(),
        };
        files.iter().for_each(|file| lowering.pipelines(*file));
        files.iter().for_each(|file| lowering.steps(*file));
        files.iter().for_each(|file| lowering.order(*file));
        files.iter().for_each(|file| lowering.listed(*file));
        lowering.data_arrives();
        files.iter().for_each(|file| lowering.registrations(*file));
        lowering.handed_over(&files);
        files.iter().for_each(|file| lowering.tables(*file));
        lowering.assets(&files);
        lowering.classes(&files);
        files.iter().for_each(|file| lowering.mentions(*file));
        for (file, facts) in lowering.added {
            all.entry(program.files()[file].path.clone()).or_default().merge(facts);
        }
    }
    all
}

/// A pipeline whose steps the orchestrator runs.
#[derive(Debug, Clone)]
struct Pipe {
    file: FileId,
    unit: UnitId,
    name: String,
    /// The call that makes it.
    call: Option<CallId>,
    /// The keyword that selects its steps.
    selects: Option<String>,
    /// The keyword that lists its steps.
    lists: Option<String>,
}

/// A step, by the call that makes it.
#[derive(Debug, Clone)]
struct Step {
    file: FileId,
    call: CallId,
    unit: UnitId,
    /// The pipeline; none where a function is the pipeline.
    pipe: Option<usize>,
    /// The code waits until it is done.
    waited: bool,
}

struct Lowering<'b> {
    book: &'b Book,
    program: &'b Program,
    rule: &'b Orchestrator,
    context: &'b Context<'b>,
    inventory: &'b Inventory,
    added: BTreeMap<FileId, FileFacts>,
    pipes: Vec<Pipe>,
    /// Functions that are pipelines themselves, and their names.
    functions: BTreeMap<At, String>,
    steps: Vec<Step>,
    by_call: BTreeMap<(FileId, CallId), usize>,
    /// Pipelines that wait for data: which, the line, and the trigger if nothing here makes those.
    waits: Vec<(usize, u32, Trigger)>,
    /// Pipelines by what makes them.
    pipe_of: BTreeMap<(FileId, Maker), usize>,
    /// How many units of a file share a name.
    named: BTreeMap<(FileId, Option<UnitId>, String), usize>,
    /// Links between assets, and from pipelines to assets, that may still be made.
    links: usize,
    /// Calls among the arguments of a pipeline, and the pipeline.
    held: BTreeMap<(FileId, CallId), usize>,
    /// What the rest of the repository says of schedules.
    seen: schedule::Seen,
    /// Pipelines by the path that they are compiled to; none where two are.
    compiled: BTreeMap<String, Option<usize>>,
}

/// What makes a pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Maker {
    Call(CallId),
    Body(ScopeId),
}

impl<'b> Lowering<'b> {
    fn code(&self, file: FileId) -> &'b CodeFile {
        &self.program.files()[file]
    }

    fn call(&self, file: FileId, call: CallId) -> Option<&'b Call> {
        self.code(file).module().calls.get(call)
    }

    /// What an argument is, by its keyword, also in an unpacked mapping that can be read.
    fn keyword(&self, file: FileId, call: &'b Call, name: &str) -> Option<&'b Value> {
        if let Some((_, value)) = call.keywords.iter().find(|(key, _)| key == name) {
            return Some(value);
        }
        call.keywords.iter().filter(|(key, _)| key == "**").find_map(|(_, value)| {
            match self.program.meaning(At { file, scope: call.scope }, call.line, value)?.0 {
                Meaning::Literal(Value::Dict(pairs)) => {
                    pairs.iter().find(|(key, _)| *key == Value::Str(name.to_owned())).map(|(_, value)| value)
                }
                _ => None,
            }
        })
    }

    /// The text of a value that is a literal, or becomes one.
    fn literal(&self, file: FileId, call: &Call, value: &'b Value) -> Option<&'b str> {
        match self.program.meaning(At { file, scope: call.scope }, call.line, value)?.0 {
            Meaning::Literal(Value::Str(text)) => Some(text),
            _ => None,
        }
    }

    fn facts(&mut self, file: FileId) -> &mut FileFacts {
        self.added.entry(file).or_default()
    }

    fn unit(&mut self, file: FileId, kind: UnitKind, name: &str, lines: (u32, u32), parent: Option<UnitId>) -> UnitId {
        let code = self.code(file);
        let (line, end) = (code.code.file_line(lines.0), code.code.file_line(lines.1));
        let again = self.named.entry((file, parent, format!("{kind:?} {name}"))).or_default();
        *again += 1;
        let name = match *again {
            1 => name.to_owned(),
            count => format!("{name} ({count})"),
        };
        let units = &mut self.facts(file).units;
        units.push(Unit { kind, name, title: None, line, end_line: end.max(line), parent });
        units.len() - 1
    }

    fn fact(&mut self, file: FileId, unit: UnitId, line: u32, kind: FactKind) {
        let line = self.code(file).code.file_line(line);
        self.facts(file).facts.push(Fact { unit: Some(unit), line, end_line: line, kind });
    }

    fn defined(&mut self, file: FileId, call: CallId, it: Defined) {
        self.facts(file).orchestrated.calls.insert(call, it);
    }

    fn outside(&self, file: FileId, call: CallId) -> Option<&'b str> {
        match self.program.reached(file, call) {
            Destination::External { name, .. } => Some(name),
            _ => None,
        }
    }

    /// The decorator of a function that one of the names is: the call that it is written as, if any.
    fn decorator(&self, at: At, patterns: &[String]) -> Option<Option<CallId>> {
        let mut all = self.program.decorators(at).iter();
        all.find(|d| d.outside.as_deref().is_some_and(|name| names(patterns, name))).map(|d| d.call)
    }

    fn pipelines(&mut self, file: FileId) {
        let module = self.code(file).module();
        for (id, call) in module.calls.iter().enumerate() {
            let Some(name) = self.outside(file, id) else { continue };
            let Some(rule) = self.rule.pipelines.iter().find(|p| names(&p.call, name)) else { continue };
            let named = self.keyword(file, call, &rule.name).or_else(|| call.args.first());
            let named = named.and_then(|value| self.literal(file, call, value)).map(str::to_owned);
            let named = named.unwrap_or_else(|| source::file_name(&self.code(file).path).trim_end_matches(".py").to_owned());
            self.defined(file, id, Defined::default());
            let pipe = self.pipes.len();
            self.pipe(file, rule, named, (call.line, call.end_line), Some(id), None);
            if rule.holds {
                let given = call.args.iter().chain(call.keywords.iter().map(|(_, value)| value));
                let at = At { file, scope: call.scope };
                given.take(MOST).for_each(|value| self.hold_calls(at, call.line, value, pipe, 5));
            }
        }
        for (id, scope) in module.scopes.iter().enumerate().filter(|(_, s)| s.kind == ScopeKind::Function) {
            let at = At { file, scope: id };
            let found = self.rule.pipelines.iter().find_map(|p| Some((p, self.decorator(at, &p.decorator)?)));
            let Some((rule, decorator)) = found else { continue };
            let called = decorator.and_then(|call| self.call(file, call));
            let named = called.and_then(|call| self.literal(file, call, self.keyword(file, call, &rule.name)?));
            let named = named.unwrap_or_else(|| scope.name.rsplit('.').next().unwrap_or_default()).to_owned();
            self.facts(file).orchestrated.functions.insert(id);
            if let Some(call) = decorator {
                self.defined(file, call, Defined::default());
            }
            match rule.body {
                Body::Now => {
                    self.functions.insert(at, named);
                }
                Body::Later => {
                    let callers = self.program.callers(at);
                    for (other, call, _) in &callers {
                        self.defined(*other, *call, Defined::default());
                    }
                    // what nobody calls is never made
                    if rule.uncalled || !callers.is_empty() {
                        let first = called.map_or(scope.line, |c| c.line.min(scope.line));
                        self.pipe(file, rule, named, (first, scope.end_line), decorator, Some(id));
                    }
                }
            }
        }
    }

    fn pipe(
        &mut self,
        file: FileId,
        rule: &'b Pipeline,
        name: String,
        lines: (u32, u32),
        call: Option<CallId>,
        body: Option<ScopeId>,
    ) {
        if self.pipes.len() >= MOST {
            return;
        }
        let unit = self.unit(file, UnitKind::Workflow, &name, lines, None);
        self.facts(file).orchestrated.pipelines.push(unit);
        let makers = call.map(Maker::Call).into_iter().chain(body.map(Maker::Body));
        self.pipe_of.extend(makers.map(|maker| ((file, maker), self.pipes.len())));
        self.pipes.push(Pipe { file, unit, name: name.clone(), call, selects: rule.selects.clone(), lists: rule.lists.clone() });
        let by_hand = Trigger::plain(TriggerKind::Manual, format!("{}, by hand", self.rule.name));
        self.fact(file, unit, lines.0, FactKind::Trigger(by_hand));
        self.schedule_of(file, rule, unit, &name, lines.0, call);
    }

    /// Calls inside an argument belong to the pipeline.
    fn hold_calls(&mut self, at: At, line: u32, value: &'b Value, pipe: usize, depth: u32) {
        let Some(depth) = depth.checked_sub(1) else { return };
        let file = at.file;
        match value {
            Value::Call(id) => {
                self.held.entry((file, *id)).or_insert(pipe);
            }
            Value::List(items) | Value::Tuple(items) => {
                items.iter().take(1_000).for_each(|item| self.hold_calls(at, line, item, pipe, depth));
            }
            Value::BinOp { left, right, .. } => {
                self.hold_calls(at, line, left, pipe, depth);
                self.hold_calls(at, line, right, pipe, depth);
            }
            // a list, or one of them, by its name
            Value::Name(_) => match self.program.meaning(at, line, value) {
                Some((Meaning::Literal(list), _)) if list != value => self.hold_calls(at, line, list, pipe, depth),
                _ => {
                    if let Some((of, call)) = self.program.maker(at, line, value) {
                        self.held.entry((of, call)).or_insert(pipe);
                    }
                }
            },
            _ => {}
        }
    }

    /// A call of the orchestrator's own that is given nothing but pipelines and steps runs none of them.
    fn mentions(&mut self, file: FileId) {
        for id in 0..self.code(file).module().calls.len() {
            // a method of what a decorator made (`task.fn()`) may well run it
            let own = self.outside(file, id).is_some_and(|name| !name.contains('#') && self.rule.has_root(name));
            let handed = self.program.passed(file, id);
            let known = |at: At| self.added.get(&at.file).is_some_and(|f| f.orchestrated.functions.contains(&at.scope));
            if own && !handed.is_empty() && handed.iter().all(|passed| known(passed.at)) {
                self.facts(file).orchestrated.calls.entry(id).or_default();
            }
        }
    }

    /// The own function with a step's decorator that a call makes a step of, or only gives another form of.
    fn decorated(&self, file: FileId, call: CallId, depth: u32) -> Option<At> {
        let depth = depth.checked_sub(1)?;
        let is = |at: At| self.rule.steps.iter().any(|s| self.decorator(at, &s.decorator).is_some()).then_some(at);
        if let Destination::Own { to, .. } = self.program.reached(file, call)
            && let Some(at) = is(*to)
        {
            return Some(at);
        }
        let written = self.call(file, call)?;
        if let crate::syntax::python::Root::Call(inner) = written.callee.root {
            // a method of what a step gave makes no step of its own
            let of_step = matches!(self.program.reached(file, inner), Destination::Own { to, .. } if is(*to).is_some());
            let method = (of_step || self.of_plain_step(file, inner, depth)) && !written.callee.path.is_empty();
            return if method { None } else { self.decorated(file, inner, depth) };
        }
        let method = written.callee.path.last()?;
        let makes = self.rule.runs.contains(method) || self.rule.forms.contains(method);
        self.program.passed(file, call).iter().filter(|_| makes).find_map(|passed| is(passed.at))
    }

    /// Whether a call is a method of what a step gave (`fit(rows).after(clean)`).
    fn of_plain_step(&self, file: FileId, call: CallId, depth: u32) -> bool {
        let (Some(depth), Some(written)) = (depth.checked_sub(1), self.call(file, call)) else { return false };
        let crate::syntax::python::Root::Call(inner) = written.callee.root else { return false };
        let is = |at: At| self.rule.steps.iter().any(|s| self.decorator(at, &s.decorator).is_some());
        let plain = matches!(self.program.reached(file, inner), Destination::Own { to, .. } if is(*to));
        !written.callee.path.is_empty() && (plain || self.of_plain_step(file, inner, depth))
    }

    /// The pipeline that a call stands in.
    fn owner(&self, file: FileId, call: CallId, depth: u32) -> Option<usize> {
        let depth = depth.checked_sub(1)?;
        if let Some(pipe) = self.held.get(&(file, call)) {
            return Some(*pipe);
        }
        let written = self.call(file, call)?;
        let made_by = |(file, call): (FileId, CallId)| self.pipe_of.get(&(file, Maker::Call(call))).copied();
        let at = At { file, scope: written.scope };
        if let Some(value) = self.keyword(file, written, "dag").or_else(|| self.keyword(file, written, "flow"))
            && let Some(pipe) = self.program.maker(at, written.line, value).and_then(made_by)
        {
            return Some(pipe);
        }
        let module = self.code(file).module();
        for flow in written.conditions.iter().rev().filter_map(|f| module.flows.get(*f)) {
            let Some(test) = flow.test.as_ref().filter(|_| flow.kind == crate::syntax::python::FlowKind::With) else { continue };
            if let Some(pipe) = self.program.maker(at, flow.line, test).and_then(made_by) {
                return Some(pipe);
            }
        }
        let mut scope = written.scope;
        for _ in 0..64 {
            match module.scopes.get(scope) {
                Some(it) if it.kind == ScopeKind::Lambda && it.parent != scope => scope = it.parent,
                _ => break,
            }
        }
        if let Some(pipe) = self.pipe_of.get(&(file, Maker::Body(scope))) {
            return Some(*pipe);
        }
        let callers = self.program.callers(At { file, scope });
        let owners: BTreeSet<Option<usize>> =
            callers.iter().take(50).map(|(file, call, _)| self.owner(*file, *call, depth)).collect();
        let mut owners = owners.into_iter();
        owners.next()?.filter(|_| owners.next().is_none())
    }
}
