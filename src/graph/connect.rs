//! Facts and what they lead to, joined into nodes and edges.
//!
//! What `resolve` found across files becomes edges here. A unit contains what it owns; a trigger starts it; a command invokes what
//! `resolve` says it names. What is written and does not run keeps its edge, marked with why, so that the report can
//! say what is missing.

mod attach;
mod collected;
mod gate;
mod starts;
pub(super) mod throwaway;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::courses::{self, Launched};
use super::reach::Walk;
use super::{Edge, EdgeId, Graph, Guarded, Node, NodeId, NodeKind, Order, python};
use crate::fact::{
    Book, Code, Command, DEPLOYED, Data, DataKind, Fact, FactKind, FileFacts, Guard, Held, OnFailure, Placement, Unit, UnitId,
    UnitKind, Until, Uses, UsesTarget,
};
use crate::resolve::program::Start;
use crate::resolve::{self, Lead, Program, Run, Target, View};
use crate::rules::Catalog;
use crate::signals::Signals;
use crate::source::{Location, RepoPath};
use crate::words::{EdgeKind, Scope, Strength, TriggerKind};

/// What of the clone decides how triggers and guards are read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Checkout {
    /// Names of the branches known to the clone.
    pub(crate) branches: Vec<String>,
    /// `owner/name` of the remote, where there is one.
    pub(crate) remote: Option<String>,
}

/// Builds the graph of a repository.
pub(crate) fn connect(
    book: &Book,
    view: &View<'_>,
    program: &Program,
    placements: &BTreeMap<RepoPath, Placement>,
    signals: &Signals,
    checkout: &Checkout,
    catalog: &Catalog,
) -> Graph {
    let (held, declared, named) = (Vec::new(), Vec::new(), Vec::new());
    let mut by_name: HashMap<&str, HashMap<(UnitKind, &str), Vec<UnitId>>> = HashMap::new();
    for (path, facts) in book {
        let of_file = by_name.entry(path).or_default();
        for (id, unit) in facts.units.iter().enumerate() {
            of_file.entry((unit.kind, unit.name.as_str())).or_default().push(id);
        }
    }
    let (graph, units) = (Graph::default(), HashMap::new());
    let launched = Vec::new();
    let mut build = Build { graph, units, by_name, book, view, program, placements, checkout, held, declared, named, launched };
    for (path, facts) in book {
        let nodes = (0..facts.units.len()).map(|unit| build.add_unit(path, facts, unit)).collect();
        build.units.insert(path, nodes);
    }
    python::connect(&mut build.graph, book, program, placements);
    for (path, facts) in book {
        for fact in &facts.facts {
            if let FactKind::Trigger(trigger) = &fact.kind {
                build.trigger(path, fact, trigger);
            }
        }
    }
    for (path, facts) in book {
        build.containment(path, facts);
        build.statements(path, facts);
    }
    build.applied();
    build.uncalled();
    super::served::connect(&mut build.graph, program, catalog);
    super::requests::connect(&mut build.graph, program, book, catalog);
    build.callers_of_events();
    super::held::release(&mut build.graph, book, &build.held);
    build.collected_tests();
    build.attach(signals);
    // guards that came with what was attached
    build.graph.guards = std::sync::OnceLock::new();
    super::interpreter::mark(&mut build.graph, book, view, program, catalog);
    super::copied::mark(&mut build.graph, book, view);
    courses::vary(&mut build.graph, program, signals, &build.launched);
    super::breaks::degrade(&mut build.graph);
    build.graph.walks = Some(super::walks::Remembered::none());
    build.graph
}

impl Graph {
    /// What `names` says of every command and reference that some trigger reaches.
    pub(crate) fn called(&self, book: &Book, names: &dyn Fn(Option<&Command>, Option<&Uses>) -> Vec<usize>) -> BTreeSet<usize> {
        let live = self.reach(&self.triggers(|_| true), Walk::at(Strength::Assumed));
        let mut found = BTreeSet::new();
        for (path, facts) in book {
            for (index, fact) in facts.facts.iter().enumerate() {
                let said = match &fact.kind {
                    FactKind::Command(command) => names(Some(command), None),
                    FactKind::Uses(uses) if fact.unit.is_some() => names(None, Some(uses)),
                    _ => continue,
                };
                // nearly nothing is said, so only then is the node looked up
                let node = || match (&fact.kind, fact.unit) {
                    (FactKind::Uses(_), Some(unit)) => self.find(&node_key(path, facts, unit)),
                    _ => self.find(&command_key(path, index)),
                };
                if !said.is_empty() && node().is_some_and(|node| live.has(node)) {
                    found.extend(said);
                }
            }
        }
        found
    }
}

struct Build<'b> {
    graph: Graph,
    /// For every file the nodes of its units; every statement asks for that of its own.
    units: HashMap<&'b str, Vec<NodeId>>,
    /// For every file its units by kind and name, in their order; every lead into a file asks for some.
    by_name: HashMap<&'b str, HashMap<(UnitKind, &'b str), Vec<UnitId>>>,
    book: &'b Book,
    view: &'b View<'b>,
    program: &'b Program,
    placements: &'b BTreeMap<RepoPath, Placement>,
    checkout: &'b Checkout,
    /// Edges of triggers that wait for something.
    held: Vec<Waiting>,
    /// Edges that start what an object of a cluster declares, which works once the object is applied.
    declared: Vec<EdgeId>,
    /// Edges to an object by its name, which is there once it is applied.
    named: Vec<EdgeId>,
    /// Commands that start a program of Python.
    launched: Vec<Launched>,
}

/// The edge of a trigger that waits for something, and the file that states it.
pub(super) struct Waiting {
    pub(super) edge: EdgeId,
    pub(super) path: RepoPath,
    pub(super) held: Held,
}

/// With what the key of the start of an image begins.
pub(super) const START_OF_IMAGE: &str = "image-start:";

/// Key of a unit's node.
fn unit_key(path: &str, kind: UnitKind, name: &str) -> String {
    let word = match kind {
        UnitKind::Workflow => "workflow",
        UnitKind::Group => "group",
        UnitKind::Job => "job",
        UnitKind::Step => "step",
        UnitKind::Action => "action",
        UnitKind::Target => "target",
        UnitKind::Stage => "stage",
        UnitKind::Script => "script",
        UnitKind::ShellFunction => "shell-function",
        UnitKind::Service => "service",
        UnitKind::Image => "image",
        UnitKind::EntryPoint => "entry-point",
        UnitKind::Manifest => "manifest",
    };
    format!("{word}:{path}#{name}")
}

pub(super) fn node_key(path: &str, facts: &FileFacts, unit: usize) -> String {
    let it = &facts.units[unit];
    match (it.kind, it.parent) {
        // what an image starts with words that it is told
        (UnitKind::Service, _) if facts.units.first().is_some_and(|first| first.kind == UnitKind::Image) => {
            format!("image-start:{path}#{}", it.name)
        }
        // steps, jobs and functions of different parents may share a name
        (UnitKind::Step | UnitKind::Group | UnitKind::Job | UnitKind::ShellFunction | UnitKind::Manifest, Some(_)) => {
            format!("{}@{unit}", unit_key(path, it.kind, &it.name))
        }
        _ => unit_key(path, it.kind, &it.name),
    }
}

pub(super) fn command_key(path: &str, fact: usize) -> String {
    format!("command:{path}#{fact}")
}

impl Build<'_> {
    fn scope(&self, path: &str) -> Scope {
        self.placements.get(path).map_or(Scope::Source, |p| p.scope)
    }

    fn add(&mut self, key: String, kind: NodeKind, at: Location, label: String) -> NodeId {
        let scope = self.scope(&at.path);
        let (sequential, entry) = match &kind {
            NodeKind::Unit(unit) => (
                unit.is_sequential(),
                matches!(
                    unit,
                    UnitKind::Target
                        | UnitKind::Stage
                        | UnitKind::Script
                        | UnitKind::Service
                        | UnitKind::EntryPoint
                        | UnitKind::Image
                ),
            ),
            NodeKind::Command => (true, false),
            _ => (false, false),
        };
        self.graph.node(key, |key| Node {
            key: key.to_owned(),
            kind,
            at,
            label,
            scope,
            notebook: false,
            sequential,
            entry,
            environment: None,
            signals: Vec::new(),
        })
    }

    fn unit(&self, path: &str, unit: UnitId) -> NodeId {
        self.units[path][unit]
    }

    fn add_unit(&mut self, path: &RepoPath, facts: &FileFacts, unit: UnitId) -> NodeId {
        let it = &facts.units[unit];
        let label = match it.kind {
            UnitKind::Workflow => format!("workflow {}", it.title.as_deref().unwrap_or(&it.name)),
            UnitKind::Group => format!("stage {}", it.title.as_deref().unwrap_or(&it.name)),
            UnitKind::Job => format!("job {}", it.name),
            UnitKind::Step => it.title.clone().unwrap_or_else(|| format!("step {}", it.name)),
            UnitKind::Action => format!("action {}", it.name),
            UnitKind::Target => format!("target {}", it.name),
            UnitKind::Stage => format!("stage {}", it.name),
            UnitKind::Script => format!("script {}", it.name),
            UnitKind::ShellFunction => format!("function {}", it.name),
            UnitKind::Service => it.title.clone().unwrap_or_else(|| format!("service {}", it.name)),
            UnitKind::Image => format!("image of {}", it.name),
            UnitKind::EntryPoint => format!("command {}", it.name),
            UnitKind::Manifest => it.title.clone().unwrap_or_else(|| format!("manifest {}", it.name)),
        };
        let key = node_key(path, facts, unit);
        let at = Location { path: path.clone(), line: it.line, end_line: Some(it.end_line).filter(|e| *e > it.line) };
        self.add(key, NodeKind::Unit(it.kind), at, label)
    }

    /// Parents contain their children; a guard says for whom.
    fn containment(&mut self, path: &RepoPath, facts: &FileFacts) {
        // sorted out once: a file that is read for many callers has thousands of both
        let mut stated: Vec<Vec<&Fact>> = vec![Vec::new(); facts.units.len()];
        for fact in &facts.facts {
            if let Some(of_unit) = fact.unit.and_then(|unit| stated.get_mut(unit)) {
                of_unit.push(fact);
            }
        }
        for (index, (unit, own)) in facts.units.iter().zip(&stated).enumerate() {
            let child = self.unit(path, index);
            let Some(parent) = unit.parent.filter(|_| !has_own_clock(unit, own)) else { continue };
            let gate = self.guards(facts, unit, own, &stated);
            let from = self.unit(path, parent);
            let line = own.iter().find(|f| matches!(f.kind, FactKind::Guard(_))).map_or(unit.line, |f| f.line);
            // a shell function is run by those who call it
            let kind = if unit.kind == UnitKind::ShellFunction { continue } else { EdgeKind::Contains };
            let stops = gate.discarded.is_none();
            self.graph.edge(Edge {
                from,
                to: child,
                kind,
                strength: Strength::Resolved,
                at: Location::line(path, if gate.off.is_some() { line } else { unit.line }),
                what: self.graph.nodes[child].label.clone(),
                order: Order(unit.line, 0),
                stops,
                discarded: gate.discarded,
                off: gate.off,
                rescue: gate.rescue,
                on_request: false,
                anyway: gate.anyway,
                condition: gate.condition,
                guard: gate.events.map(|admits| Guarded { admits, asks: gate.asks }),
            });
        }
    }

    fn statements(&mut self, path: &RepoPath, facts: &FileFacts) {
        for (index, fact) in facts.facts.iter().enumerate() {
            // a command that code starts is run by the code around it
            let around = |code: &Code| self.graph.find(&python::key_at_line(path, &code.module, fact.line));
            let owner = match fact.unit {
                Some(unit) => Some(self.unit(path, unit)),
                // a script without units of its own takes in others as a whole
                None if facts.units.is_empty() && matches!(fact.kind, FactKind::Uses(_)) => self.file(path, Run::Script).pop(),
                None => facts.code.as_deref().filter(|_| matches!(fact.kind, FactKind::Command(_))).and_then(around),
            };
            match (&fact.kind, owner) {
                (FactKind::Command(command), Some(owner)) => {
                    let edge = self.graph.edges.len();
                    self.command(path, facts, index, fact, command, owner);
                    if let (None, Some(code)) = (fact.unit, &facts.code) {
                        self.as_the_call(edge, path, code, fact);
                    }
                }
                (FactKind::Uses(uses), Some(owner)) => {
                    let leads = resolve::uses(uses, path, self.view);
                    let order = Order(fact.line, index as u32);
                    let first = self.graph.edges.len();
                    for lead in leads {
                        let discarded = discarded(&uses.on_failure);
                        self.lead((owner, None), path, fact.line, order, lead, uses.on_failure == OnFailure::Stops, discarded);
                    }
                    if matches!(uses.to, UsesTarget::Object(_)) {
                        self.named.extend(first..self.graph.edges.len());
                    }
                }
                (FactKind::Needs(needs), Some(owner)) => {
                    let first = self.unit(path, needs.on);
                    self.after(first, owner, Location::line(path, fact.line), needs.stops);
                }
                (FactKind::After { path: other, kind, name, stops }, Some(owner)) => {
                    let Some(there) = self.book.get(other) else { continue };
                    for first in 0..there.units.len() {
                        if there.units[first].kind == *kind && there.units[first].name == *name {
                            let first = self.unit(other, first);
                            self.after(first, owner, Location::line(path, fact.line), *stops);
                        }
                    }
                }
                (FactKind::Environment(name), Some(owner)) => self.graph.nodes[owner].environment = Some(name.clone()),
                (FactKind::Data(data), Some(owner)) => self.thing(path, fact.line, owner, data),
                _ => {}
            }
        }
    }

    /// A command that code starts runs where its call does: not under what is never true, and else under its conditions.
    fn as_the_call(&mut self, edge: EdgeId, path: &RepoPath, code: &Code, fact: &Fact) {
        let on_line = |c: &&crate::syntax::python::Call| c.line == fact.line;
        let Some(call) = code.module.calls.iter().find(on_line) else { return };
        let file = self.program.file(path, None);
        let off = file.and_then(|file| self.program.never(file, call));
        let asked = python::for_a_person(file.and_then(|file| self.program.asks_a_person(file, &call.conditions)));
        if let Some(edge) = self.graph.edges.get_mut(edge) {
            edge.off = off;
            edge.guard = asked;
            edge.condition = python::condition(&code.module, &call.conditions).or_else(|| edge.condition.take());
        }
    }

    /// One unit starts when another has finished.
    fn after(&mut self, first: NodeId, then: NodeId, at: Location, stops: bool) {
        let what = format!("after {}", self.graph.nodes[first].label);
        self.link(first, then, EdgeKind::Precedes, Strength::Resolved, at, what);
        if let Some(edge) = self.graph.edges.last_mut() {
            edge.stops = stops;
            edge.order = Order::default();
        }
    }

    fn command(&mut self, path: &RepoPath, facts: &FileFacts, index: usize, fact: &Fact, command: &Command, owner: NodeId) {
        let at = Location { path: path.clone(), line: fact.line, end_line: Some(fact.end_line).filter(|e| *e > fact.line) };
        let text = shorten(&command.text());
        let node = self.add(command_key(path, index), NodeKind::Command, at.clone(), text.clone());
        let order = Order(fact.line, index as u32);
        let stops = command.on_failure == OnFailure::Stops;
        let image = fact.unit.and_then(|u| facts.units.get(u)).filter(|u| u.kind == UnitKind::Image);
        // what an image runs when it starts is not run by building it
        let owner = match image {
            Some(unit) if !command.at_build => self.start_of_image(path, &unit.name),
            _ => owner,
        };
        self.graph.edge(Edge {
            order,
            stops,
            discarded: discarded(&command.on_failure),
            condition: command.conditions.last().map(|c| shorten(c)),
            off: command.off.clone().or_else(|| resolve::replaced(command, facts, fact.unit, self.view)).as_deref().map(shorten),
            guard: command.admits.clone().map(|admits| Guarded { admits, asks: command.conditions.join(" && ") }),
            ..Edge::plain(owner, node, EdgeKind::Contains, Strength::Resolved, at, text)
        });
        let mut leads = resolve::command(command, (path, fact.unit), self.view);
        let started: Vec<(Launched, Lead)> = leads
            .iter()
            .filter_map(|lead| Some((self.launched(command, (facts, fact.unit), node, lead)?, lead.clone())))
            .collect();
        for (launched, lead) in started {
            leads.extend(self.chosen(&launched, &lead));
            self.launched.push(launched);
        }
        for lead in leads {
            let Some(lead) = resolve::as_called(command, lead, (facts, fact.unit), self.view) else { continue };
            self.lead((node, fact.unit), path, fact.line, order, lead, stops, discarded(&command.on_failure));
        }
        for (at, _) in facts.embedded.iter().filter(|(at, _)| *at == index) {
            if let Some(module) = self.graph.find(&python::embedded_key(path, *at)) {
                self.link(
                    node,
                    module,
                    EdgeKind::Invokes,
                    Strength::Resolved,
                    Location::line(path, fact.line),
                    "Python in the command".to_owned(),
                );
            }
        }
        for data in resolve::data(command) {
            self.thing(path, fact.line, node, &data);
        }
    }

    /// The program that a command starts, and the words that it gives it.
    fn launched(&self, command: &Command, from: (&FileFacts, Option<UnitId>), node: NodeId, lead: &Lead) -> Option<Launched> {
        let after = |fits: &dyn Fn(&str) -> bool| {
            let at = command.words.iter().position(|w| fits(w.text.as_str()))?;
            command.words.get(at + 1..)
        };
        let (path, named, words) = match &lead.to {
            Target::File { path, run: Run::Program } => {
                (path.clone(), None, after(&|word| word.ends_with(crate::source::file_name(path)))?)
            }
            Target::File { path, run: Run::Module } => {
                let module = command.words.iter().position(|w| w.text == "-m")?;
                (path.clone(), None, command.words.get(module + 2..)?)
            }
            Target::Unit { path, kind: UnitKind::EntryPoint, name } => {
                let facts = self.book.get(path)?;
                let unit = facts.units.iter().position(|u| u.kind == UnitKind::EntryPoint && u.name == *name)?;
                let led = facts.facts.iter().filter(|f| f.unit == Some(unit)).find_map(|f| match &f.kind {
                    FactKind::Uses(uses) => resolve::uses(uses, path, self.view).into_iter().find_map(|lead| match lead.to {
                        Target::Function { path, name } => Some((path, name)),
                        _ => None,
                    }),
                    _ => None,
                });
                let (path, function) = led?;
                (path, Some(function), after(&|word| word == name)?)
            }
            _ => return None,
        };
        let environment = resolve::environment::of_command(command, from.0, from.1);
        Some(Launched { command: node, path, named, words: courses::words(words, command.more), environment })
    }

    /// The function that the words of a command choose among those of the program that it starts.
    fn chosen(&self, launched: &Launched, lead: &Lead) -> Option<Lead> {
        let start = launched.named.as_deref().map_or(Start::File, Start::Named);
        let at = self.program.chosen(&launched.path, start, &launched.words)?;
        self.choice(at, lead)
    }

    fn choice(&self, at: resolve::program::At, lead: &Lead) -> Option<Lead> {
        let (code, scope) = (self.program.files().get(at.file)?, self.program.scope(at)?);
        let to = Target::Function { path: code.path.clone(), name: scope.name.clone() };
        Some(Lead { to, edge: lead.edge, strength: lead.strength, what: format!("the command {}", scope.name) })
    }

    fn lead(
        &mut self,
        (from, by): (NodeId, Option<UnitId>),
        path: &RepoPath,
        line: u32,
        order: Order,
        lead: Lead,
        stops: bool,
        discarded: Option<String>,
    ) {
        let at = Location::line(path, line);
        let (targets, kind, strength): (Vec<NodeId>, EdgeKind, Strength) = match &lead.to {
            Target::Unit { path: to, kind, name } => {
                let Some(facts) = self.book.get(to) else { return };
                let found = nearest(facts, self.units_named(to, *kind, name).to_vec(), *kind, by.filter(|_| to == path));
                let found = found.into_iter().map(|u| self.unit(to, u)).collect();
                (found, lead.edge, lead.strength)
            }
            Target::File { path: to, run } => (self.file(to, *run), lead.edge, lead.strength),
            Target::Function { path: to, name } => {
                let function = self.graph.find(&python::function_key(to, name));
                let found = function.or_else(|| self.graph.find(&python::module_key(to)));
                (found.into_iter().collect(), lead.edge, lead.strength)
            }
            Target::Tests { paths, left_out, selection } => {
                let edge = Edge {
                    order,
                    stops,
                    discarded: discarded.clone(),
                    ..Edge::plain(from, from, EdgeKind::Tests, lead.strength, at.clone(), shorten(&lead.what))
                };
                self.left_out_of_a_run(left_out, &edge);
                (self.run_as_tests(paths, selection, &edge), EdgeKind::Tests, lead.strength)
            }
            Target::Outside { what } => {
                let node = self.add(format!("outside:{what}"), NodeKind::Outside, at.clone(), what.clone());
                (vec![node], lead.edge, Strength::Assumed)
            }
            // what was left out is there: what it does cannot be said, but nothing breaks
            Target::Missing { path: to, .. } if self.view.inventory.is_left_out(to) => {
                let what = format!("`{to}`, left out of this scan");
                let node = self.add(format!("outside:{what}"), NodeKind::Outside, at.clone(), what);
                (vec![node], lead.edge, Strength::Assumed)
            }
            Target::Missing { path: to, what } => {
                let node = self.add(format!("missing:{to}#{what}"), NodeKind::Missing, at.clone(), what.clone());
                (vec![node], lead.edge, Strength::Broken)
            }
        };
        let (off, at) = match &lead.to {
            Target::Unit { path, kind, name } => self.frozen(path, *kind, name),
            _ => None,
        }
        .map_or((None, at.clone()), |(why, place)| (Some(why), place));
        for to in targets.into_iter().filter(|to| *to != from) {
            self.graph.edge(Edge {
                order,
                stops,
                discarded: discarded.clone(),
                off: off.clone(),
                ..Edge::plain(from, to, kind, strength, at.clone(), shorten(&lead.what))
            });
        }
    }

    /// The units of a file that are of a kind and called so.
    fn units_named<'a>(&'a self, path: &str, kind: UnitKind, name: &'a str) -> &'a [UnitId] {
        self.by_name.get(path).and_then(|units| units.get(&(kind, name))).map_or(&[], Vec::as_slice)
    }

    /// Why a unit that nothing contains is never run, and where, where an explicit word says so.
    fn frozen(&self, path: &RepoPath, kind: UnitKind, name: &str) -> Option<(String, Location)> {
        let facts = self.book.get(path)?;
        let unit = self.units_named(path, kind, name).iter().copied().find(|u| facts.units[*u].parent.is_none())?;
        facts.facts.iter().filter(|f| f.unit == Some(unit)).find_map(|f| match &f.kind {
            FactKind::Guard(Guard::Never(word)) => Some((format!("switched off by `{word}`"), Location::line(path, f.line))),
            _ => None,
        })
    }

    /// What runs when an image is started.
    fn start_of_image(&mut self, path: &RepoPath, name: &str) -> NodeId {
        let at = Location::file(path);
        // of several files of one name a reader must know which
        let of = if crate::source::file_name(path) == name { path } else { name };
        let label = format!("start of the image of {of}");
        let node = self.add(format!("{START_OF_IMAGE}{path}#{name}"), NodeKind::Unit(UnitKind::Service), at, label);
        self.graph.nodes[node].entry = true;
        node
    }

    /// The nodes that running (or applying) a file means.
    fn file(&mut self, path: &RepoPath, run: Run) -> Vec<NodeId> {
        let python = match run {
            Run::Program | Run::Notebook => self.graph.find(&python::program_key(path)),
            Run::Module => self.graph.find(&python::program_key(path)).or_else(|| self.graph.find(&python::module_key(path))),
            _ => None,
        };
        if let Some(node) = python {
            return vec![node];
        }
        let tops: Vec<usize> = self.book.get(path).map_or_else(Vec::new, |facts| {
            // handing over what waits for its own trigger runs nothing yet
            let waiting: BTreeSet<UnitId> =
                facts.facts.iter().filter(|f| waits_to_be_applied(&f.kind)).filter_map(|f| f.unit).collect();
            // to install what a file lists makes its commands and runs none
            let units = if run == Run::Packages { 0 } else { facts.units.len() };
            (0..units)
                .filter(|u| !waiting.contains(u))
                .filter(|u| facts.units[*u].parent.is_none() && facts.units[*u].kind != UnitKind::ShellFunction)
                // what an object only defines is run by those who name it
                .filter(|u| facts.units[*u].kind != UnitKind::Action || !starts::holds_objects(facts))
                .filter(|u| !facts.is_scheduled(*u))
                // what a command deploys is run by what starts it there
                .filter(|u| facts.units[*u].kind != UnitKind::Action || !facts.units[*u].name.starts_with(DEPLOYED))
                // what it was read as for those who call it is theirs
                .filter(|u| {
                    facts.called.as_ref().is_none_or(|c| !c.by_inputs.iter().any(|(_, unit)| unit == u) || c.alone.is_none())
                })
                .collect()
        });
        if let Some(facts) = self.book.get(path)
            && !tops.is_empty()
        {
            let image: Vec<String> =
                tops.iter().map(|u| &facts.units[*u]).filter(|u| u.kind == UnitKind::Image).map(|u| u.name.clone()).collect();
            let mut nodes: Vec<NodeId> = Vec::new();
            if run != Run::Image {
                nodes.extend(tops.into_iter().map(|u| self.unit(path, u)));
            }
            // a script only builds; who applies or starts the definition starts what it holds
            if run != Run::Script {
                nodes.extend(image.iter().map(|name| self.start_of_image(path, name)).collect::<Vec<_>>());
            }
            return nodes;
        }
        let at = Location::file(path);
        vec![self.add(format!("file:{path}"), NodeKind::File, at, path.to_string())]
    }

    fn thing(&mut self, path: &RepoPath, line: u32, owner: NodeId, data: &Data) {
        let word = match data.kind {
            DataKind::Path => "path",
            DataKind::Image => "image",
            DataKind::Metrics => "metrics",
            DataKind::Params => "params",
            DataKind::Remote => "store",
        };
        let at = Location::line(path, line);
        let thing = self.add(format!("thing:{word}:{}", data.key), NodeKind::Thing, at.clone(), format!("{word} {}", data.key));
        if data.writes {
            self.link(owner, thing, EdgeKind::Writes, Strength::Resolved, at, format!("writes {word} {}", data.key));
        } else {
            self.link(thing, owner, EdgeKind::Reads, Strength::Resolved, at, format!("reads {word} {}", data.key));
        }
    }

    fn link(&mut self, from: NodeId, to: NodeId, kind: EdgeKind, strength: Strength, at: Location, what: String) {
        self.graph.edge(Edge::plain(from, to, kind, strength, at, what));
    }
}

/// Of functions that share a name, those of the very text that calls one; all where it defines none.
fn nearest(facts: &FileFacts, found: Vec<UnitId>, kind: UnitKind, by: Option<UnitId>) -> Vec<UnitId> {
    let Some(by) = by.filter(|_| kind == UnitKind::ShellFunction) else { return found };
    let text_of = |mut unit: UnitId| {
        while let Some(it) = facts.units.get(unit).filter(|it| it.kind == UnitKind::ShellFunction) {
            let Some(parent) = it.parent else { break };
            unit = parent;
        }
        unit
    };
    let own: Vec<UnitId> = found.iter().copied().filter(|u| text_of(*u) == text_of(by)).collect();
    if own.is_empty() { found } else { own }
}

fn waits_to_be_applied(fact: &FactKind) -> bool {
    matches!(fact, FactKind::Trigger(t) if t.held.as_ref().is_some_and(|held| held.until == Some(Until::Applied)))
}

fn discarded(on_failure: &OnFailure) -> Option<String> {
    match on_failure {
        OnFailure::Discarded(why) => Some(why.clone()),
        _ => None,
    }
}

/// At most 100 characters, on one line.
fn shorten(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(100) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line,
    }
}

/// Whether an object of a cluster is started by a clock of its own: whoever applies it starts nothing yet.
fn has_own_clock(unit: &Unit, own: &[&Fact]) -> bool {
    let clock = |fact: &&Fact| matches!(&fact.kind, FactKind::Trigger(trigger) if trigger.kind == TriggerKind::Schedule);
    unit.kind == UnitKind::Manifest && own.iter().any(clock)
}
