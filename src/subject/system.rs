//! The systems of a repository: which train and serve roots belong together, and which files are theirs.

use std::collections::{BTreeMap, BTreeSet};

use crate::fact::Placement;
use crate::graph::reach::Walk;
use crate::graph::{Graph, NodeId};
use crate::signals::{Signal, Signals};
use crate::source::{RepoPath, folder};
use crate::words::{Op, Scope, Strength, TriggerKind};

/// One train or serve root and what it reaches.
#[derive(Debug, Clone)]
pub(crate) struct System {
    /// The deepest folder of its own train and serve code; `.` for the root.
    pub(crate) path: String,
    /// What to call it.
    pub(crate) name: String,
    /// Why it is one, and why it is (or is not) the primary one.
    pub(crate) why: String,
    /// Whether it is the body of a template: what a generated project would be.
    pub(crate) generated: bool,
    /// Signals that train, by index.
    pub(crate) trains: Vec<usize>,
    /// Signals that serve, by index.
    pub(crate) serves: Vec<usize>,
    /// Files that hold its training code and what that calls.
    pub(crate) train_files: BTreeSet<RepoPath>,
    /// Files that hold its serving code and what that calls.
    pub(crate) serve_files: BTreeSet<RepoPath>,
    /// For every node: runs when training is started.
    pub(crate) train_run: Vec<bool>,
    /// For every node: runs when the model is served.
    pub(crate) serve_run: Vec<bool>,
    others: Vec<String>,
    lifted: BTreeSet<RepoPath>,
    unsourced: BTreeSet<RepoPath>,
}

impl System {
    /// Whether a file is the system's: beneath its folder, or not beneath that of another system.
    pub(crate) fn owns(&self, path: &str) -> bool {
        let other = self.others.iter().filter(|o| beneath(path, o)).map(String::len).max();
        match other {
            None => true,
            Some(length) => beneath(path, &self.path) && self.path != "." && self.path.len() >= length,
        }
    }

    /// Whether an example or switched-off file counts as source, because something live reaches it.
    pub(crate) fn lifts(&self, path: &str) -> bool {
        self.lifted.contains(path)
    }

    /// Whether a file counts as source.
    pub(crate) fn is_source(&self, path: &str) -> bool {
        !self.unsourced.contains(path) || self.lifts(path)
    }
}

fn beneath(path: &str, dir: &str) -> bool {
    dir == "." || path == dir || path.strip_prefix(dir).is_some_and(|rest| rest.starts_with('/'))
}

/// Finds the systems, in the order of their paths. `projects` are the folders with a manifest of their own; `generated` asks for the body of a template instead.
pub(crate) fn systems(
    signals: &Signals,
    graph: &Graph,
    placements: &BTreeMap<RepoPath, Placement>,
    projects: &BTreeSet<String>,
    generated: bool,
) -> Vec<System> {
    let lifted = lifted(graph, placements);
    let counts = |s: &Signal| {
        let scope = if generated { s.scope == Scope::Template || s.scope == Scope::Source } else { s.scope == Scope::Source };
        (scope || lifted.contains(&s.at.path)) && s.off.is_none()
    };
    let roots: Vec<(usize, NodeId, bool)> = signals
        .all
        .iter()
        .enumerate()
        .filter(|(_, s)| counts(s))
        .filter_map(|(i, s)| match s.op {
            Some(Op::Train) => Some((i, graph.node_of(i)?, true)),
            Some(Op::Serve) => Some((i, graph.node_of(i)?, false)),
            _ => None,
        })
        .collect();
    if roots.is_empty() {
        return Vec::new();
    }
    let groups = group(&roots, signals, graph, projects);
    let paths: Vec<String> = groups.iter().map(|g| common_folder(g.iter().map(|r| &*signals.all[roots[*r].0].at.path))).collect();
    let unsourced: BTreeSet<RepoPath> =
        placements.iter().filter(|(_, p)| p.scope != Scope::Source).map(|(path, _)| path.clone()).collect();
    let mut found: Vec<System> = groups
        .iter()
        .enumerate()
        .map(|(index, group)| {
            let pick = |trains: bool| group.iter().map(|r| roots[*r]).filter(|r| r.2 == trains).collect::<Vec<_>>();
            let (trains, serves) = (pick(true), pick(false));
            let run = |of: &[(usize, NodeId, bool)]| run_of(graph, &of.iter().map(|r| r.1).collect::<Vec<_>>());
            let path = paths[index].clone();
            let files = |of: &[(usize, NodeId, bool)]| files_of(graph, &of.iter().map(|r| r.1).collect::<Vec<_>>());
            System {
                name: path.clone(),
                why: why(&trains, &serves, signals),
                generated,
                trains: trains.iter().map(|r| r.0).collect(),
                serves: serves.iter().map(|r| r.0).collect(),
                train_files: files(&trains),
                serve_files: files(&serves),
                train_run: run(&trains),
                serve_run: run(&serves),
                others: paths.iter().enumerate().filter(|(i, p)| *i != index && **p != ".").map(|(_, p)| p.clone()).collect(),
                lifted: lifted.clone(),
                unsourced: unsourced.clone(),
                path,
            }
        })
        .collect();
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn why(trains: &[(usize, NodeId, bool)], serves: &[(usize, NodeId, bool)], signals: &Signals) -> String {
    let place = |of: &[(usize, NodeId, bool)]| of.first().map(|r| signals.all[r.0].at.to_string());
    match (place(trains), place(serves)) {
        (Some(train), Some(serve)) => format!("trains at {train} and serves at {serve}"),
        (Some(train), None) => format!("trains at {train}; nothing that serves was found"),
        (None, Some(serve)) => format!("serves at {serve}; nothing that trains was found"),
        (None, None) => String::new(),
    }
}

/// Example and switched-off files that a live, unattended trigger reaches.
fn lifted(graph: &Graph, placements: &BTreeMap<RepoPath, Placement>) -> BTreeSet<RepoPath> {
    let live = graph.reach(&graph.triggers(TriggerKind::is_unattended), Walk::at(Strength::Inferred));
    (0..graph.nodes.len())
        .filter(|n| live.has(*n))
        .map(|n| &graph.nodes[n].at.path)
        .filter(|path| placements.get(*path).is_some_and(|p| matches!(p.scope, Scope::Example | Scope::Disabled)))
        .cloned()
        .collect()
}

/// Every node that runs when one of these does its work: all that is reached from whoever can start it.
fn run_of(graph: &Graph, roots: &[NodeId]) -> Vec<bool> {
    let walk = Walk::at(Strength::Broken);
    let leading = graph.reach_back(roots, walk);
    let mut starters: Vec<NodeId> = graph.triggers(|_| true);
    starters.extend(graph.entries());
    starters.retain(|n| leading[*n]);
    starters.extend(roots);
    let reached = graph.reach(&starters, walk);
    (0..graph.nodes.len()).map(|n| reached.has(n)).collect()
}

/// Files of the roots and of what they call or import.
fn files_of(graph: &Graph, roots: &[NodeId]) -> BTreeSet<RepoPath> {
    let mut starters: Vec<NodeId> = roots.to_vec();
    for root in roots {
        let path = &graph.nodes[*root].at.path;
        starters.extend((0..graph.nodes.len()).filter(|n| graph.nodes[*n].at.path == *path));
    }
    let reached = graph.reach(&starters, Walk::at(Strength::Inferred));
    (0..graph.nodes.len())
        .filter(|n| reached.has(*n) && graph.nodes[*n].scope == Scope::Source)
        .map(|n| graph.nodes[n].at.path.clone())
        .filter(|p| p.ends_with(".py") || p.ends_with(".ipynb") || roots.iter().any(|r| graph.nodes[*r].at.path == *p))
        .collect()
}

/// Which roots belong together, as groups of indices into `roots`.
fn group(roots: &[(usize, NodeId, bool)], signals: &Signals, graph: &Graph, projects: &BTreeSet<String>) -> Vec<Vec<usize>> {
    let mut union = Union::new(roots.len());
    let mut by_key: BTreeMap<String, usize> = BTreeMap::new();
    let mut share = |key: String, root: usize, union: &mut Union| {
        let first = *by_key.entry(key).or_insert(root);
        union.join(first, root);
    };
    for (index, (signal, node, _)) in roots.iter().enumerate() {
        let seen = &signals.all[*signal];
        share(format!("file:{}", seen.at.path), index, &mut union);
        for key in ["model", "image", "artefact"] {
            if let Some(word) = seen.qualifiers.get(key) {
                share(format!("{key}:{word}"), index, &mut union);
            }
        }
        // what the run of a root passes on ties it to those who take it
        let run = graph.reach(&[*node], Walk { things: true, ..Walk::at(Strength::Inferred) });
        for (other, (_, to, _)) in roots.iter().enumerate() {
            if other != index && run.has(*to) {
                union.join(index, other);
            }
        }
    }
    // a definition that runs both makes them one: the same workflow, stages of one pipeline, a service of one stack
    for node in 0..graph.nodes.len() {
        let joins = graph.nodes[node].entry || matches!(graph.nodes[node].kind, crate::graph::NodeKind::Unit(_));
        if !joins {
            continue;
        }
        let run = graph.reach(&[node], Walk::at(Strength::Inferred));
        let inside: Vec<usize> = (0..roots.len()).filter(|r| run.has(roots[*r].1)).collect();
        for pair in inside.windows(2) {
            union.join(pair[0], pair[1]);
        }
    }
    // what lies in one project, told by its manifest, is one system
    for (index, (signal, _, _)) in roots.iter().enumerate() {
        let project = project_of(&signals.all[*signal].at.path, projects);
        share(format!("project:{project}"), index, &mut union);
    }
    let mut groups = union.groups();
    // what only serves belongs to the one that trains, where there is one only
    let trains = |g: &Vec<usize>| g.iter().any(|r| roots[*r].2);
    if groups.iter().filter(|g| trains(g)).count() == 1 {
        let mut all: Vec<usize> = groups.into_iter().flatten().collect();
        all.sort_unstable();
        groups = vec![all];
    }
    groups
}

/// The nearest folder above a path that has a manifest of its own; the root where none has.
fn project_of<'p>(path: &'p str, projects: &BTreeSet<String>) -> &'p str {
    let mut at = folder(path);
    while at != "." && !projects.contains(at) {
        at = folder(at);
    }
    at
}

/// The deepest folder that holds all the paths.
fn common_folder<'p>(paths: impl Iterator<Item = &'p str>) -> String {
    let mut common: Option<Vec<&str>> = None;
    for path in paths {
        let parts: Vec<&str> = folder(path).split('/').filter(|p| *p != ".").collect();
        common = Some(match common {
            None => parts,
            Some(known) => known.iter().zip(&parts).take_while(|(a, b)| a == b).map(|(a, _)| *a).collect(),
        });
    }
    match common {
        Some(parts) if !parts.is_empty() => parts.join("/"),
        _ => ".".to_owned(),
    }
}

/// Disjoint sets.
struct Union(Vec<usize>);

impl Union {
    fn new(size: usize) -> Self {
        Self((0..size).collect())
    }

    fn find(&self, mut at: usize) -> usize {
        while self.0[at] != at {
            at = self.0[at];
        }
        at
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.find(a), self.find(b));
        let (low, high) = (a.min(b), a.max(b));
        self.0[high] = low;
    }

    fn groups(&self) -> Vec<Vec<usize>> {
        let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for at in 0..self.0.len() {
            groups.entry(self.find(at)).or_default().push(at);
        }
        groups.into_values().collect()
    }
}
