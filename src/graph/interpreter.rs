//! What certainly fails in the Python that a job brings along.
//!
//! A job that sets up a bare interpreter says which version it is, and its steps say what is installed into it. Where all
//! of that is literal, three things are certain: a file that this version cannot import, a list or a project that cannot
//! be installed, and an import on the way that nothing provides. Everything else stays unsaid: one step that is not
//! known, one distribution that may bring anything, or one condition, and nothing is called missing. A file that
//! no Python 3 can read breaks whoever runs it, whatever the ground.
//!
//! Which steps and programs install what stands in `rules/interpreter.yaml`; the programs of Python itself and of its
//! test runs are named here, as their words are followed.
//!
//! Invariants: only commands that a job's own steps state are marked, as what they lead to may run elsewhere in another
//! interpreter; nothing is marked that a condition, a handler or a skipped test may spare; every walk is bounded.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::connect::command_key;
use super::{Edge, EdgeId, Graph, Node, NodeId, NodeKind, Order, python};
use crate::fact::{Book, Command, Fact, FactKind, FileFacts, Guard, UnitId, UnitKind, Uses, UsesTarget};
use crate::resolve::program::FileId;
use crate::resolve::{self, Install, Program, Run, Target, View};
use crate::rules::Catalog;
use crate::source::{Location, RepoPath};
use crate::syntax::python::{FlowKind, Import, ImportGuard, Module, ScopeKind};
use crate::words::{EdgeKind, Strength};

/// Commands looked at for one job.
const MAX_COMMANDS: usize = 500;
/// Files followed from one command.
const MAX_FILES: usize = 2_000;
/// Targets and scripts within each other.
const MAX_DEPTH: usize = 12;

/// Marks the commands of jobs that certainly fail.
pub(super) fn mark(graph: &mut Graph, book: &Book, view: &View<'_>, program: &Program, catalog: &Catalog) {
    let files: BTreeMap<&str, FileId> =
        program.files().iter().enumerate().filter(|(_, f)| f.embedded.is_none()).map(|(id, f)| (&*f.path, id)).collect();
    let commands: BTreeMap<NodeId, (&RepoPath, usize)> = book
        .iter()
        .flat_map(|(path, facts)| (0..facts.facts.len()).map(move |fact| (path, fact)))
        .filter_map(|(path, fact)| Some((graph.find(&command_key(path, fact))?, (path, fact))))
        .collect();
    let look = Look { graph, book, view, program, catalog, files, commands };
    let mut broken: Vec<(NodeId, Failure)> = Vec::new();
    for (path, facts) in book {
        for job in (0..facts.units.len()).filter(|u| facts.units[*u].kind == UnitKind::Job) {
            broken.extend(look.job(path, facts, job));
        }
    }
    for (command, failure) in broken {
        fail(graph, command, failure);
    }
    graph.failing = super::configuration::missing_keys(program, book, view, &catalog.interpreter);
    for code in program.files().iter().filter(|f| f.embedded.is_none()) {
        if let Some(line) = code.module().unreadable {
            let what = format!("no Python 3 can read line {line} of {}", code.path);
            graph.failing.insert(code.path.clone(), (Location::line(&code.path, line), what));
        }
    }
    for code in program.files().iter().filter(|f| f.embedded.is_none()) {
        if let Some(gone) = super::absent::module(code, view) {
            graph.failing.entry(code.path.clone()).or_insert(gone);
        }
    }
    for (path, (at, what)) in graph.failing.clone() {
        let mut cause = None;
        for key in [python::program_key(&path), python::module_key(&path)] {
            if let Some(node) = graph.find(&key) {
                cause = Some(fail(graph, node, Failure { at: at.clone(), what: what.clone() }));
            }
        }
        // a command that is named for one of its functions takes in the file before
        let named = |e: &Edge| {
            graph.nodes[e.from].kind == NodeKind::Unit(UnitKind::EntryPoint)
                && graph.nodes[e.to].kind == NodeKind::Function
                && graph.nodes[e.to].at.path == path
        };
        let led: Vec<EdgeId> = (0..graph.edges.len()).filter(|id| named(&graph.edges[*id])).collect();
        for id in led {
            graph.edges[id].strength = Strength::Broken;
            graph.broken_by.extend(cause.map(|cause| (id, cause)));
        }
    }
    for (path, facts) in book {
        let Some(unit) = facts.units.iter().find(|u| u.kind == UnitKind::Image) else { continue };
        let Some(failure) = image(path, facts) else { continue };
        let started =
            facts.units.iter().filter(|u| u.kind == UnitKind::Service).map(|u| format!("image-start:{path}#{}", u.name));
        for key in [format!("image:{path}#{}", unit.name), format!("image-start:{path}#{}", unit.name)].into_iter().chain(started)
        {
            if let Some(node) = graph.find(&key) {
                fail(graph, node, Failure { at: failure.at.clone(), what: failure.what.clone() });
            }
        }
    }
}

/// Why an image cannot be built: it takes over the packages of a Python that none of its bases has.
fn image(path: &RepoPath, facts: &FileFacts) -> Option<Failure> {
    let instructions =
        || facts.facts.iter().filter_map(|f| if let FactKind::Instruction(it) = &f.kind { Some((f.line, it)) } else { None });
    let mut minors: BTreeSet<u8> = BTreeSet::new();
    for (_, from) in instructions().filter(|(_, i)| i.keyword == "FROM") {
        let base = from.args.first()?.trim_start_matches("docker.io/").trim_start_matches("library/");
        match base.strip_prefix("python:") {
            Some(version) => {
                minors.insert(minor(version.split('-').next().unwrap_or(version))?);
            }
            // an earlier stage by its name
            None if !minors.is_empty() && !base.contains([':', '/', '$', '@']) => {}
            None => return None,
        }
    }
    let copies = instructions().filter(|(_, i)| {
        i.keyword == "COPY" && i.flags.iter().any(|(flag, from)| flag == "from" && !from.contains([':', '/', '$']))
    });
    copies.flat_map(|(line, i)| i.args.iter().take(1).map(move |a| (line, a))).find_map(|(line, taken)| {
        let version: String = taken.strip_prefix("/usr/local/lib/python3.")?.chars().take_while(char::is_ascii_digit).collect();
        let taken: u8 = version.parse().ok()?;
        let what = format!("the packages of Python 3.{taken} are copied from an image that has none");
        (!minors.is_empty() && !minors.contains(&taken)).then(|| Failure { at: Location::line(path, line), what })
    })
}

/// Why a command fails, and where that is written.
#[derive(Clone)]
pub(super) struct Failure {
    pub(super) at: Location,
    pub(super) what: String,
}

/// Whoever starts the command or file finds it broken, and so does what comes after it; what is imported in a
/// `try` may be done without.
pub(super) fn fail(graph: &mut Graph, command: NodeId, failure: Failure) -> EdgeId {
    for edge in graph.arriving_ids(command).to_vec() {
        let spared = graph.edges[edge].kind == EdgeKind::Imports && !graph.edges[edge].stops;
        if graph.edges[edge].runs() && !spared {
            graph.edges[edge].strength = Strength::Broken;
        }
    }
    let Failure { at, what } = failure;
    let scope = graph.nodes[command].scope;
    let missing = graph.node(format!("missing:{}#{what}", graph.nodes[command].key), |key| Node {
        key: key.to_owned(),
        kind: NodeKind::Missing,
        at: at.clone(),
        label: what.clone(),
        scope,
        notebook: false,
        sequential: false,
        entry: false,
        environment: None,
        signals: Vec::new(),
    });
    // before everything else that the command does
    let edge = Edge::plain(command, missing, EdgeKind::Invokes, Strength::Broken, at, what);
    graph.edge(Edge { order: Order::default(), ..edge })
}

/// The interpreter of a job so far.
#[derive(Default)]
struct Ground {
    /// It came without packages, and none was put there unseen.
    bare: bool,
    /// Minor version of Python 3, where it is one and known.
    minor: Option<u8>,
    /// What was installed at most; none where that is not known.
    installed: Option<BTreeSet<String>>,
    /// A virtual environment of this interpreter was made.
    own_environment: bool,
}

impl Ground {
    /// Something unknown may have put another interpreter in its place.
    fn lose(&mut self) {
        *self = Self::default();
    }
}

struct Look<'l> {
    graph: &'l Graph,
    book: &'l Book,
    view: &'l View<'l>,
    program: &'l Program,
    catalog: &'l Catalog,
    files: BTreeMap<&'l str, FileId>,
    commands: BTreeMap<NodeId, (&'l RepoPath, usize)>,
}

impl Look<'_> {
    /// The commands of a job that fail, in order.
    fn job(&self, path: &RepoPath, facts: &FileFacts, job: UnitId) -> Vec<(NodeId, Failure)> {
        let Some(mut ground) = machine(facts, job) else { return Vec::new() };
        let mut failing = Vec::new();
        let mut left = MAX_COMMANDS;
        for (index, fact) in facts.facts.iter().enumerate() {
            let Some(unit) = fact.unit.filter(|u| stands_in(facts, *u, job)) else { continue };
            match &fact.kind {
                FactKind::Uses(uses) => self.uses(uses, facts, unit, &mut ground),
                FactKind::Command(_) if facts.units[unit].kind != UnitKind::ShellFunction => {
                    let Some(node) = self.graph.find(&command_key(path, index)) else { continue };
                    let failure = self.command(node, &mut ground, 0, &mut left);
                    failing.extend(failure.map(|failure| (node, failure)));
                }
                _ => {}
            }
        }
        failing
    }

    /// A published step: sets up the interpreter, changes nothing, or may do anything.
    fn uses(&self, uses: &Uses, facts: &FileFacts, unit: UnitId, ground: &mut Ground) {
        let UsesTarget::Remote(reference) = &uses.to else { return ground.lose() };
        let name = reference.split('@').next().unwrap_or(reference).to_ascii_lowercase();
        let conditional = facts.facts.iter().any(|f| f.unit == Some(unit) && matches!(f.kind, FactKind::Guard(Guard::If(_))));
        let given = |key: &str| uses.with.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str());
        let table = &self.catalog.interpreter;
        if let Some(step) = table.sets_up.get(&name) {
            ground.lose();
            if !conditional && given(&step.unless).is_none() {
                let minor = given(&step.version).and_then(minor);
                *ground = Ground { bare: true, minor, installed: Some(BTreeSet::new()), own_environment: false };
            }
        } else if let Some(place) = table.caches.get(&name) {
            // a download cache is no environment
            if !given(place).is_some_and(|path| path.lines().all(|line| line.trim().ends_with(".cache/pip"))) {
                ground.installed = None;
            }
        } else if !table.actions.contains(&name) {
            ground.lose();
        }
    }

    /// What a command does to the ground, and why it fails on it, if it certainly does.
    fn command(&self, node: NodeId, ground: &mut Ground, depth: usize, left: &mut usize) -> Option<Failure> {
        let (path, index) = *self.commands.get(&node)?;
        let fact = self.book.get(path)?.facts.get(index)?;
        let FactKind::Command(command) = &fact.kind else { return None };
        if *left == 0 || depth > MAX_DEPTH {
            ground.lose();
            return None;
        }
        *left -= 1;
        let plain = command.through.iter().all(|w| self.catalog.interpreter.plain.contains(w));
        if command.program() == "sudo" || command.through.iter().any(|w| w.contains(' ') || matches!(w.as_str(), "uvx" | "xargs"))
        {
            ground.lose();
            return None;
        }
        let from = (path, fact.unit);
        match resolve::installs(command, from, ground.minor, self.view) {
            Install::Packages(names) => {
                if let Some(installed) = &mut ground.installed {
                    installed.extend(names);
                }
                return None;
            }
            Install::Unknown => {
                ground.installed = None;
                return None;
            }
            Install::Gone(list) => {
                ground.installed = None;
                let certain = plain && command.conditions.is_empty() && !self.view.inventory.is_left_out(&list);
                let what = format!("`{list}` is not there to install from");
                return certain.then(|| Failure { at: Location::line(path, fact.line), what });
            }
            Install::Refused(project, line, demand) => {
                ground.installed = None;
                let certain = plain && ground.bare && command.conditions.is_empty();
                let minor = ground.minor.unwrap_or_default();
                let what = format!("the project asks for Python {demand}, and the job sets up 3.{minor}");
                return certain.then(|| Failure { at: Location::line(&project, line), what });
            }
            Install::No => {}
        }
        let failure = self.run(command, from, fact, ground).filter(|_| plain && command.conditions.is_empty());
        self.leaves(node, command, ground, depth, left).or(failure)
    }

    /// Follows what the command hands over to, and forgets what cannot be followed. A failure inside is one of it.
    fn leaves(&self, node: NodeId, command: &Command, ground: &mut Ground, depth: usize, left: &mut usize) -> Option<Failure> {
        let text = |at: usize| command.words.get(at).map_or("", |w| w.text.as_str());
        let literal = command.words.first().is_some_and(|w| w.literal);
        let program = command.program();
        let table = &self.catalog.interpreter;
        match program {
            _ if !literal => ground.lose(),
            "python" | "python3" => {
                let quiet = match (text(1), text(2)) {
                    ("-m", "venv" | "virtualenv") => {
                        ground.own_environment = true;
                        true
                    }
                    ("-m", module) => table.quiet.contains(module) || table.modules.contains(module) || self.runs_own(node),
                    ("--version" | "-V", _) => true,
                    _ => self.runs_own(node),
                };
                if !quiet {
                    ground.installed = None;
                }
            }
            "pip" | "pip3" => {}
            "source" | "." if text(1).ends_with("bin/activate") => {
                if !ground.own_environment {
                    ground.lose();
                }
            }
            // what a script of a package runs is followed like that of any other runner
            _ if table.machine.contains(program) && !self.graph.leaving(node).any(|e| e.runs()) => {
                if command.words.iter().any(|w| !w.literal || w.text.contains("python") || w.text.contains("conda")) {
                    ground.lose();
                }
            }
            _ if table.verbs.get(program).is_some_and(|verbs| verbs.contains(text(1))) => {}
            _ if table.quiet.contains(program) && !matches!(program, "source" | ".") => {}
            _ => return self.inside(node, ground, depth, left),
        }
        None
    }

    /// The commands of the targets and scripts that a command runs.
    fn inside(&self, node: NodeId, ground: &mut Ground, depth: usize, left: &mut usize) -> Option<Failure> {
        let mut failure = None;
        let mut stack: Vec<(NodeId, bool, usize)> = vec![(node, true, depth)];
        let mut seen: BTreeSet<NodeId> = BTreeSet::from([node]);
        let mut any = false;
        while let Some((at, certain, depth)) = stack.pop() {
            if at != node && self.commands.contains_key(&at) {
                any = true;
                let inner = self.command(at, ground, depth + 1, left);
                failure = failure.or(inner.filter(|_| certain));
                continue;
            }
            let mut edges: Vec<&Edge> = self.graph.leaving(at).filter(|e| e.runs() && e.off.is_none()).collect();
            edges.sort_by_key(|e| std::cmp::Reverse(e.order));
            for edge in edges {
                let known = matches!(self.graph.nodes[edge.to].kind, NodeKind::Unit(_) | NodeKind::Command);
                if !known || !seen.insert(edge.to) || seen.len() > MAX_COMMANDS {
                    ground.lose();
                    continue;
                }
                let certain = certain
                    && edge.stops
                    && edge.discarded.is_none()
                    && edge.condition.is_none()
                    && edge.strength == Strength::Resolved;
                stack.push((edge.to, certain, depth));
            }
        }
        if !any {
            ground.lose();
        }
        failure
    }

    /// Whether a Python command runs a file of the repository that installs nothing by itself.
    fn runs_own(&self, node: NodeId) -> bool {
        let mut programs = self.graph.leaving(node).filter(|e| e.runs()).peekable();
        programs.peek().is_some()
            && programs.all(|e| {
                let file = self.files.get(&*self.graph.nodes[e.to].at.path).and_then(|f| self.program.files().get(*f));
                file.is_some_and(|f| {
                    !f.module().strings.iter().any(|(s, _)| s.split_whitespace().any(|w| matches!(w, "pip" | "conda")))
                })
            })
    }

    /// Why running something of Python fails here.
    fn run(&self, command: &Command, from: (&RepoPath, Option<UnitId>), fact: &Fact, ground: &Ground) -> Option<Failure> {
        // what runs on another machine starts in a folder that is not known here
        if !ground.bare || command.dir.is_none() || !matches!(command.program(), "python" | "python3" | "pytest" | "py.test") {
            return None;
        }
        if let Some(installed) = &ground.installed {
            let module = (command.words.get(1).map(|w| w.text.as_str()) == Some("-m")).then(|| command.words.get(2)).flatten();
            let program = module.map_or(command.program(), |m| m.text.as_str());
            if self.catalog.interpreter.has_program(installed, program) == Some(false) {
                return Some(Failure {
                    at: Location::line(from.0, fact.line),
                    what: format!("nothing installs `{program}` in this job"),
                });
            }
        }
        let leads = resolve::command(command, from, self.view);
        leads.iter().filter(|l| l.strength == Strength::Resolved).find_map(|lead| match &lead.to {
            Target::File { path, run: Run::Program | Run::Module } => self.imports(path, true, ground),
            Target::Tests { paths, .. } => self.tests(command, paths, ground),
            _ => None,
        })
    }

    /// Why collecting tests fails: a test file that cannot be imported fails the run, unless it is left out somewhere.
    fn tests(&self, command: &Command, paths: &[RepoPath], ground: &Ground) -> Option<Failure> {
        let spares = |text: &str| self.catalog.interpreter.spares.iter().any(|word| text.contains(word.as_str()));
        let selects = |text: &str| text.starts_with("-p") || text == "-x";
        if command.words.iter().any(|w| !w.literal || spares(&w.text) || selects(&w.text)) {
            return None;
        }
        // what leaves files out stands in files of the project's own, which are not all read
        let configured = ["pytest.ini", "tox.ini", "setup.cfg"].iter().any(|name| self.view.inventory.contains(name));
        let spared = |path: &RepoPath| {
            let module = self.files.get(&**path).and_then(|f| self.program.files().get(*f)).map(|f| f.module());
            module.is_none_or(|m| {
                m.calls.iter().any(|c| c.scope == 0 && matches!(c.callee.last(), Some("skip" | "importorskip")))
                    || m.assigns.iter().any(|a| {
                        a.targets
                            .iter()
                            .any(|t| matches!(t, crate::syntax::python::Target::Name(n) if n.last().is_some_and(spares)))
                    })
            })
        };
        if paths.iter().any(|p| crate::source::file_name(p) == "conftest.py" && spared(p)) {
            return None;
        }
        let failures: Vec<Option<Failure>> =
            paths.iter().map(|p| if spared(p) { None } else { self.imports(p, false, ground) }).collect();
        let all = failures.iter().all(Option::is_some);
        // a runner of unittest goes into packages only, and so does not see every file
        let first = if configured && !all { None } else { failures.into_iter().flatten().next() };
        first.map(|f| Failure { what: format!("{}, and the test run with it", f.what), ..f })
    }

    /// Why a file cannot be imported (or run) here.
    fn imports(&self, path: &RepoPath, program: bool, ground: &Ground) -> Option<Failure> {
        let first = *self.files.get(&**path)?;
        let mut seen: BTreeSet<FileId> = BTreeSet::from([first]);
        let mut queue: VecDeque<FileId> = VecDeque::from([first]);
        while let Some(file) = queue.pop_front() {
            let code = self.program.files().get(file)?;
            let module = code.module();
            let at = |line: u32| Location::line(&code.path, line);
            if let (Some(minor), Some(since)) =
                (ground.minor, module.since.iter().filter(|s| ground.minor.is_some_and(|m| s.minor > m)).min_by_key(|s| s.line))
            {
                let what = format!("{} needs Python 3.{}, and the job sets up 3.{minor}", since.what, since.minor);
                return Some(Failure { at: at(since.line), what });
            }
            let own = self.program.imports(file);
            for (id, import) in module.imports.iter().enumerate() {
                let runs = import.scope == 0
                    || (program && file == first && module.scopes.get(import.scope).is_some_and(|s| s.kind == ScopeKind::Main));
                if !runs || import.guard != ImportGuard::None || !unconditional(module, import) {
                    continue;
                }
                let targets: Vec<FileId> = own.iter().filter(|(i, _)| *i == id).map(|(_, f)| *f).collect();
                if targets.is_empty() {
                    if let Some(what) = self.absent(import, ground) {
                        return Some(Failure { at: at(import.line), what });
                    }
                    continue;
                }
                for target in targets {
                    if seen.len() < MAX_FILES && seen.insert(target) {
                        queue.push_back(target);
                    }
                }
            }
        }
        None
    }

    /// Why an import of what is not own fails here.
    fn absent(&self, import: &Import, ground: &Ground) -> Option<String> {
        let table = &self.catalog.interpreter;
        let first = import.module.split('.').next().filter(|f| !f.is_empty() && import.level == 0)?;
        if self.view.imports.is_own(first) {
            return None;
        }
        if let (Some(since), Some(minor)) = (table.since(&import.module, import.name.as_deref()), ground.minor)
            && since > minor
        {
            let name = import.name.as_ref().map_or_else(|| import.module.clone(), |n| format!("{}.{n}", import.module));
            return Some(format!("`{name}` came with Python 3.{since}, and the job sets up 3.{minor}"));
        }
        if table.is_standard(first) || !(table.knows(first) || self.catalog.knows_import(first)) {
            return None;
        }
        let there = table.provides(ground.installed.as_ref()?, first)?;
        // a module of ours that the settings leave out needs no installing
        let is_module = |path: &RepoPath| path.strip_suffix(".py").is_some_and(|stem| stem.split('/').any(|part| part == first));
        let ours = || self.view.inventory.left_out().iter().any(is_module);
        (!there && !ours()).then(|| format!("nothing installs `{first}` in this job"))
    }
}

/// Whether an import happens whenever its scope runs.
pub(super) fn unconditional(module: &Module, import: &Import) -> bool {
    !module.flows.iter().any(|f| {
        f.scope == import.scope && f.kind != FlowKind::With && f.end_line > f.line && (f.line..=f.end_line).contains(&import.line)
    })
}

/// The ground that a job's machine gives: none where it brings packages of its own.
fn machine(facts: &FileFacts, job: UnitId) -> Option<Ground> {
    let machines = facts.facts.iter().filter(|f| f.unit == Some(job)).filter_map(|f| match &f.kind {
        FactKind::Machine { label, hosted } => Some((label, *hosted)),
        _ => None,
    });
    let mut ground = Ground::default();
    for (label, hosted) in machines {
        if hosted {
            continue;
        }
        let image = label.trim_start_matches("docker.io/").trim_start_matches("library/");
        let version = image.strip_prefix("python:")?;
        let minor = minor(version.split('-').next().unwrap_or(version))?;
        ground = Ground { bare: true, minor: Some(minor), installed: Some(BTreeSet::new()), own_environment: false };
    }
    Some(ground)
}

/// The minor version of `3.9` or `3.9.18`.
fn minor(version: &str) -> Option<u8> {
    let rest = version.trim().strip_prefix("3.")?;
    let mut parts = rest.split('.');
    let minor = parts.next()?.parse().ok()?;
    // `3.10` without quotes may be read as 3.1 by whoever runs it
    let plausible = minor >= 6 && parts.all(|p| p.chars().all(|c| c.is_ascii_digit()));
    plausible.then_some(minor)
}

/// Whether a unit is the job or stands in it.
fn stands_in(facts: &FileFacts, unit: UnitId, job: UnitId) -> bool {
    let mut at = Some(unit);
    for _ in 0..MAX_DEPTH {
        match at {
            Some(it) if it == job => return true,
            Some(it) => at = facts.units.get(it).and_then(|u| u.parent),
            None => return false,
        }
    }
    false
}
