//! What starts what: the automation graph.
//!
//! Nodes are things that can run; an edge says that one makes another run, and carries the line that makes it true.
//! Nothing here knows a CI system, a runner or a tool by name: that was lowered away before. Exceptions are
//! [`interpreter`] (the programs of Python and of its test runs, the official image), [`connect`] (how test runners name
//! tests, the call that sends a repository event), `python/fixtures` and `python/replaced`; the rest it asks of the rules.
//!
//! Invariants: no edge without a [`Location`]; nodes and edges stand in an order that follows from the sorted paths
//! of the files alone; a walk is bounded by the number of edges.

mod absent;
pub(crate) mod breaks;
mod configuration;
pub(crate) mod connect;
mod copied;
mod courses;
mod held;
mod interpreter;
mod mended;
pub(crate) mod order;
pub(crate) mod python;
pub(crate) mod reach;
mod requested;
mod requests;
mod rolled;
mod served;
mod values;
mod walks;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::fact::UnitKind;
use crate::source::{Location, RepoPath};
use crate::words::{EdgeKind, Scope, Strength, TriggerKind};

/// Index into [`Graph::nodes`].
pub(crate) type NodeId = usize;
/// Index into [`Graph::edges`].
pub(crate) type EdgeId = usize;

/// What kind of thing a node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NodeKind {
    /// Something that starts others by itself (or a person who does).
    Trigger(TriggerKind),
    /// A unit of automation.
    Unit(UnitKind),
    /// A command line.
    Command,
    /// The top level of a Python module: what an import runs.
    Module,
    /// A Python file run as a program: its top level and its main block.
    Program,
    /// A Python function or class body.
    Function,
    /// A file that is applied or read as a whole (manifest, configuration).
    File,
    /// A thing that is passed on, by its key.
    Thing,
    /// Outside of what was scanned.
    Outside,
    /// Named literally, and not there.
    Missing,
}

/// What somebody must do once before something starts by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wait {
    /// A tool makes it switched off; says how it is made switched on.
    SwitchedOn(String),
    /// Somebody must run what registers it: where a person begins it here, and the command where it has a name.
    Registered {
        /// Where.
        at: Option<Location>,
        /// With what command.
        command: Option<String>,
    },
    /// Somebody must apply the file that declares it.
    Applied,
}

/// A thing that can run, or is passed on.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    /// `kind:path#name`, unique.
    pub(crate) key: String,
    /// What it is.
    pub(crate) kind: NodeKind,
    /// Where it stands.
    pub(crate) at: Location,
    /// What to call it in a sentence.
    pub(crate) label: String,
    /// Why its file is there.
    pub(crate) scope: Scope,
    /// Whether its code stands in a notebook.
    pub(crate) notebook: bool,
    /// Whether what it contains runs one after the other.
    pub(crate) sequential: bool,
    /// Whether a person can start it directly.
    pub(crate) entry: bool,
    /// The named environment it works in.
    pub(crate) environment: Option<String>,
    /// Signals seen on it, in line order.
    pub(crate) signals: Vec<usize>,
}

/// One thing makes another run.
#[derive(Debug, Clone)]
pub(crate) struct Edge {
    /// The one that makes run.
    pub(crate) from: NodeId,
    /// The one that is run.
    pub(crate) to: NodeId,
    /// In what sense.
    pub(crate) kind: EdgeKind,
    /// How sure.
    pub(crate) strength: Strength,
    /// The line that makes it true.
    pub(crate) at: Location,
    /// What that line says, in short.
    pub(crate) what: String,
    /// Place among the edges and signals of `from`; lines order most of it.
    pub(crate) order: Order,
    /// Whether a failure of `to` keeps what comes later in `from` from running.
    pub(crate) stops: bool,
    /// Set where the failure of `to` is thrown away; says by what.
    pub(crate) discarded: Option<String>,
    /// Set where the edge is written and does not run; says why. Walked for near misses, and where `rescue` is set for what
    /// follows a failure.
    pub(crate) off: Option<String>,
    /// What switches it off is only that nothing failed: for what undoes or tells of a failure it is a way.
    pub(crate) rescue: bool,
    /// It runs whatever became of what stands before it in `from`.
    pub(crate) anyway: bool,
    /// It runs only when somebody asks for it by a request.
    pub(crate) on_request: bool,
    /// Set where the edge runs only under a condition; the condition as written.
    pub(crate) condition: Option<String>,
    /// Set where the edge runs only for some triggers.
    pub(crate) guard: Option<Guarded>,
}

impl Edge {
    /// An edge that holds whenever its line is run, and whose failure counts; the line orders it.
    pub(crate) fn plain(from: NodeId, to: NodeId, kind: EdgeKind, strength: Strength, at: Location, what: String) -> Self {
        let order = Order(at.line, 0);
        Self {
            from,
            to,
            kind,
            strength,
            at,
            what,
            order,
            stops: true,
            discarded: None,
            off: None,
            rescue: false,
            on_request: false,
            anyway: false,
            condition: None,
            guard: None,
        }
    }
}

/// Only runs that some triggers have started pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Guarded {
    /// The kinds of trigger that are let through.
    pub(crate) admits: Vec<TriggerKind>,
    /// What is asked, so that two guards that ask the same are known to open together.
    pub(crate) asks: String,
}

/// What does not run where a test calls it, because something else stands in its place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct StandIns {
    /// Own functions.
    pub(crate) nodes: BTreeSet<NodeId>,
    /// Lines on which something from outside is called.
    pub(crate) lines: BTreeSet<(RepoPath, u32)>,
}

/// A place inside a node: line, and number on that line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Order(pub(crate) u32, pub(crate) u32);

/// The automation graph of one repository.
#[derive(Debug, Clone, Default)]
pub(crate) struct Graph {
    /// All nodes; files in path order.
    pub(crate) nodes: Vec<Node>,
    /// All edges.
    pub(crate) edges: Vec<Edge>,
    leaving: Vec<Vec<EdgeId>>,
    arriving: Vec<Vec<EdgeId>>,
    /// Looked up, never listed.
    by_key: HashMap<String, NodeId>,
    /// What guards ask of a walk; worked out when first asked.
    guards: std::sync::OnceLock<reach::Guards>,
    /// Walks that were done, once nothing is added any more.
    walks: Option<walks::Remembered>,
    /// Modules that certainly fail when they are imported or run: the line, and why.
    pub(crate) failing: BTreeMap<RepoPath, (Location, String)>,
    /// Of functions of test files: what they put something else in the place of.
    pub(crate) stand_ins: BTreeMap<NodeId, StandIns>,
    /// Of edges that wait for somebody, once: for what.
    pub(crate) waits: BTreeMap<EdgeId, Wait>,
    /// Of edges that cannot run as written: the one that leads to what is not there.
    pub(crate) broken_by: BTreeMap<EdgeId, EdgeId>,
    /// For every signal: the node it stands on, where it stands on one.
    pub(crate) signal_nodes: Vec<Option<NodeId>>,
    /// What modules hand to an application that answers requests, until it is known who makes it answer.
    registered: Vec<Edge>,
    /// Signals of what looks like something and comes to nothing, whoever starts it.
    pub(crate) void: BTreeSet<usize>,
    /// For signals that stand on copies of their node as well: those copies.
    copied_signals: BTreeMap<usize, Vec<NodeId>>,
}

/// Takes signals for no more than the graph shows them to be: what nothing here runs of another repository, a roll-out of
/// what only trains, or runs no program of this repository, forms of requests for something else.
pub(crate) fn settle(signals: &mut crate::signals::Signals, graph: &Graph, program: &crate::resolve::Program) {
    reach::only_run(signals, graph);
    rolled::only_training(signals, graph);
    rolled::no_program(signals, graph);
    rolled::not_there(signals, graph);
    requested::of_others(signals, graph, program);
}

impl Graph {
    /// Adds a node, or finds the one of that key.
    pub(crate) fn node(&mut self, key: String, make: impl FnOnce(&str) -> Node) -> NodeId {
        if let Some(id) = self.by_key.get(&key) {
            return *id;
        }
        let node = make(&key);
        let id = self.nodes.len();
        self.nodes.push(node);
        self.leaving.push(Vec::new());
        self.arriving.push(Vec::new());
        self.by_key.insert(key, id);
        id
    }

    /// The node of a key.
    pub(crate) fn find(&self, key: &str) -> Option<NodeId> {
        self.by_key.get(key).copied()
    }

    /// Adds an edge.
    pub(crate) fn edge(&mut self, edge: Edge) -> EdgeId {
        let id = self.edges.len();
        self.guards = std::sync::OnceLock::new();
        self.walks = None;
        self.leaving[edge.from].push(id);
        self.arriving[edge.to].push(id);
        self.edges.push(edge);
        id
    }

    /// The node a signal stands on.
    pub(crate) fn node_of(&self, signal: usize) -> Option<NodeId> {
        self.signal_nodes.get(signal).copied().flatten()
    }

    /// Whether a node is the start of an image, which somebody or something must start.
    pub(crate) fn is_start_of_image(&self, node: NodeId) -> bool {
        self.nodes[node].key.starts_with(connect::START_OF_IMAGE)
    }

    /// All nodes that a signal stands on: its own, and copies of that for programs that are told words.
    pub(crate) fn nodes_of(&self, signal: usize) -> impl Iterator<Item = NodeId> + '_ {
        self.node_of(signal).into_iter().chain(self.copied_signals.get(&signal).into_iter().flatten().copied())
    }

    /// Lets an edge lead elsewhere.
    fn lead_to(&mut self, edge: EdgeId, to: NodeId) {
        let before = std::mem::replace(&mut self.edges[edge].to, to);
        self.arriving[before].retain(|e| *e != edge);
        self.arriving[to].push(edge);
        self.guards = std::sync::OnceLock::new();
        self.walks = None;
    }

    /// Edges that leave a node, in the order they were added.
    pub(crate) fn leaving(&self, node: NodeId) -> impl Iterator<Item = &Edge> + '_ {
        self.leaving[node].iter().map(|e| &self.edges[*e])
    }

    /// Edges that arrive at a node.
    pub(crate) fn arriving(&self, node: NodeId) -> impl Iterator<Item = &Edge> + '_ {
        self.arriving[node].iter().map(|e| &self.edges[*e])
    }

    /// Ids of the edges that leave a node.
    pub(crate) fn leaving_ids(&self, node: NodeId) -> &[EdgeId] {
        &self.leaving[node]
    }

    /// Ids of the edges that arrive at a node.
    pub(crate) fn arriving_ids(&self, node: NodeId) -> &[EdgeId] {
        &self.arriving[node]
    }
}

impl Edge {
    /// Whether running `from` makes `to` run: everything but orders, things, tests and gates.
    pub(crate) fn runs(&self) -> bool {
        matches!(
            self.kind,
            EdgeKind::Starts
                | EdgeKind::Contains
                | EdgeKind::Invokes
                | EdgeKind::Calls
                | EdgeKind::Imports
                | EdgeKind::Submits
                | EdgeKind::Applies
        )
    }
}
