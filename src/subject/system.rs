//! The systems of a repository: which train and serve roots belong together, and which files are theirs.

use std::collections::{BTreeMap, BTreeSet};

use super::group::{group, project_of};
use super::shared;
use crate::fact::{Book, Placement, UnitKind};
use crate::graph::reach::Walk;
use crate::graph::{Graph, Node, NodeId, NodeKind};
use crate::settings::Named;
use crate::signals::{Signal, Signals};
use crate::source::{RepoPath, file_name, folder};
use crate::words::{Op, Scope, Strength, TriggerKind};

/// A place where a model is trained or served, or where that is all but certain.
#[derive(Debug, Clone, Copy)]
pub(super) struct Root {
    /// The signal that shows it, by index.
    pub(super) signal: usize,
    /// The node it stands on.
    pub(super) node: NodeId,
    /// Whether it trains.
    pub(super) trains: bool,
    /// Whether it serves.
    pub(super) serves: bool,
}

/// One train or serve root and what it reaches.
#[derive(Debug, Clone)]
pub(crate) struct System {
    /// The deepest folder of its own train and serve code; `.` for the root.
    pub(crate) path: String,
    /// What to call it.
    pub(crate) name: String,
    /// Why it is one.
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
    /// For every node: runs for training and for serving, each by a way of its own; that one program holds both roots
    /// ties nothing that it does for one of them to the other.
    pub(crate) both_runs: Vec<bool>,
    /// For every node: leads to what trains.
    to_train: Vec<bool>,
    /// For every node: leads to what serves, or watches what is served.
    to_use: Vec<bool>,
    others: Vec<String>,
    /// Folders of other programs, with a manifest of their own, in which nothing of this system lies or runs.
    besides: Vec<String>,
    /// Signals that are those of other systems alone, wherever they stand.
    of_others: BTreeSet<usize>,
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

    /// Whether a signal is the system's: its file is, and it does not only serve other systems.
    pub(crate) fn owns_signal(&self, index: usize, signal: &Signal) -> bool {
        self.owns(&signal.at.path) && !self.of_others.contains(&index)
    }

    /// Whether an example or switched-off file counts as source, because something live reaches it.
    pub(crate) fn lifts(&self, path: &str) -> bool {
        self.lifted.contains(path)
    }

    /// Whether a node only takes part in giving answers or in watching them: those who run it, up to the first that leads
    /// to training or to such use, lead to use alone.
    pub(crate) fn only_answers(&self, graph: &Graph, node: NodeId) -> bool {
        let leads = |node: NodeId, to: &[bool]| to.get(node).copied().unwrap_or(false);
        let (mut open, mut seen, mut used) = (vec![node], BTreeSet::from([node]), false);
        while let Some(node) = open.pop() {
            if leads(node, &self.to_train) {
                return false;
            }
            if leads(node, &self.to_use) {
                used = true;
                continue;
            }
            let by = graph.arriving(node).filter(|e| e.runs() && e.off.is_none()).map(|e| e.from);
            open.extend(by.filter(|from| seen.insert(*from)).collect::<Vec<_>>());
        }
        used
    }

    /// Whether a file lies in the folder of another program than this system.
    pub(crate) fn beside(&self, path: &str) -> bool {
        self.besides.iter().any(|folder| beneath(path, folder))
    }

    /// Whether a file counts as source.
    pub(crate) fn is_source(&self, path: &str) -> bool {
        !self.unsourced.contains(path) || self.lifts(path)
    }
}

pub(crate) fn beneath(path: &str, dir: &str) -> bool {
    dir == "." || path == dir || path.strip_prefix(dir).is_some_and(|rest| rest.starts_with('/'))
}

/// Finds the systems, in the order of their paths. `projects` are the folders with a manifest of their own; each folder of
/// `declared` is one system, whatever else would join or part its roots; `generated` asks for the body of a template
/// instead.
pub(crate) fn systems(
    signals: &Signals,
    (graph, book): (&Graph, &Book),
    placements: &BTreeMap<RepoPath, Placement>,
    projects: &BTreeSet<String>,
    declared: &[Named],
    generated: bool,
) -> Vec<System> {
    let lifted = lifted(graph, placements);
    let counts = |s: &Signal| {
        let scope = if generated { s.scope == Scope::Template || s.scope == Scope::Source } else { s.scope == Scope::Source };
        (scope || lifted.contains(&s.at.path)) && s.off.is_none()
    };
    let roots = roots(signals, graph, counts);
    // who compares what came in, not who only counts requests
    let compares = |s: &Signal| s.id.starts_with("monitor.drift") || s.id.starts_with("monitor.quality");
    let watching = signals.all.iter().enumerate().filter(|(_, s)| s.op == Some(Op::Monitor) && compares(s) && counts(s));
    let watches: Vec<NodeId> = watching.filter_map(|(signal, _)| graph.node_of(signal)).collect();
    let groups = regroup(group(&roots, signals, graph, projects), declared, &|r| &signals.all[roots[r].signal].at.path);
    let unsourced: BTreeSet<RepoPath> = placements
        .iter()
        .filter(|(_, p)| !matches!(p.scope, Scope::Source | Scope::Elsewhere))
        .map(|(path, _)| path.clone())
        .collect();
    let mut found: Vec<System> = groups
        .iter()
        .map(|group| {
            let nodes = |fits: fn(&Root) -> bool| group.iter().map(|r| &roots[*r]).filter(|r| fits(r)).collect::<Vec<_>>();
            let (trains, serves) = (nodes(|r| r.trains), nodes(|r| r.serves));
            let ids = |of: &[&Root]| of.iter().flat_map(|r| graph.nodes_of(r.signal)).collect::<Vec<_>>();
            // what would train where nothing is seen to: its files are those of the first kind
            let learning = ids(&nodes(|r| r.trains || !r.serves));
            System {
                path: String::new(),
                name: String::new(),
                why: why(group.iter().map(|r| &roots[*r]), signals),
                generated,
                trains: trains.iter().map(|r| r.signal).collect(),
                serves: serves.iter().map(|r| r.signal).collect(),
                train_files: files_of(graph, &learning),
                serve_files: files_of(graph, &ids(&serves)),
                train_run: run_of(graph, &learning),
                serve_run: run_of(graph, &ids(&serves)),
                both_runs: both_runs(graph, &learning, &ids(&serves)),
                to_train: graph.reach_back(&learning, Walk::at(Strength::Broken)),
                to_use: graph.reach_back(&[ids(&serves), watches.clone()].concat(), Walk::at(Strength::Broken)),
                others: Vec::new(),
                besides: Vec::new(),
                of_others: BTreeSet::new(),
                lifted: lifted.clone(),
                unsourced: unsourced.clone(),
            }
        })
        .collect();
    let held: Vec<Vec<&str>> =
        groups.iter().map(|g| g.iter().map(|r| &*signals.all[roots[*r].signal].at.path).collect()).collect();
    let named: Vec<Option<&Named>> = held.iter().map(|paths| paths.first().and_then(|p| innermost(declared, p))).collect();
    let paths: Vec<String> = (0..found.len())
        .map(|at| named[at].map_or_else(|| place(at, &found, &held, graph, projects, placements), |s| s.path.clone()))
        .collect();
    for (index, system) in found.iter_mut().enumerate() {
        system.path.clone_from(&paths[index]);
        system.name.clone_from(named[index].map_or(&paths[index], |s| &s.name));
        system.besides = projects.iter().filter(|project| is_beside(project, system, graph)).cloned().collect();
        system.others = paths.iter().enumerate().filter(|(i, p)| *i != index && **p != ".").map(|(_, p)| p.clone()).collect();
    }
    let of_others = shared::of_others(&found, signals, graph, book);
    found.iter_mut().zip(of_others).for_each(|(system, others)| system.of_others = others);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// Whether a project is another program's: it runs something of its own, and nothing of the system lies or runs in it.
fn is_beside(project: &str, system: &System, graph: &Graph) -> bool {
    let own = system.train_files.iter().chain(&system.serve_files).any(|path| beneath(path, project));
    if project == "." || own || beneath(&system.path, project) {
        return false;
    }
    let runs = |node: &Node| {
        matches!(node.kind, NodeKind::Program | NodeKind::Unit(UnitKind::Image | UnitKind::Service))
            && node.scope == Scope::Source
    };
    let here = (0..graph.nodes.len()).filter(|n| beneath(&graph.nodes[*n].at.path, project));
    let (mut program, mut part) = (false, false);
    for node in here {
        program |= runs(&graph.nodes[node]);
        part |= system.train_run[node] || system.serve_run[node];
    }
    program && !part
}

/// The innermost of the declared folders that holds a file.
fn innermost<'d>(declared: &'d [Named], path: &str) -> Option<&'d Named> {
    declared.iter().filter(|s| beneath(path, &s.path)).max_by_key(|s| if s.path == "." { 0 } else { s.path.len() })
}

/// The groups once those roots are together that lie in one declared folder, and apart from all others.
fn regroup<'p>(groups: Vec<Vec<usize>>, declared: &[Named], path: &dyn Fn(usize) -> &'p str) -> Vec<Vec<usize>> {
    let mut together: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut left: Vec<Vec<usize>> = Vec::new();
    for group in groups {
        let mut rest = Vec::new();
        for root in group {
            match innermost(declared, path(root)) {
                Some(system) => together.entry(&system.path).or_default().push(root),
                None => rest.push(root),
            }
        }
        left.push(rest);
    }
    left.retain(|group| !group.is_empty());
    left.extend(together.into_values().map(|mut roots| {
        roots.sort_unstable();
        roots
    }));
    left
}

/// Where models are trained and served. Where nothing is, what could not be there without a model: a search, a
/// quality, a registered model, a trial run.
fn roots(signals: &Signals, graph: &Graph, counts: impl Fn(&Signal) -> bool) -> Vec<Root> {
    let pick = |kind: &dyn Fn(&Signal) -> Option<(bool, bool)>| -> Vec<Root> {
        let of = |(signal, seen): (usize, &Signal)| {
            let (trains, serves) = kind(seen).filter(|_| counts(seen))?;
            Some(Root { signal, node: graph.node_of(signal)?, trains, serves })
        };
        signals.all.iter().enumerate().filter_map(of).collect()
    };
    let roots = pick(&|s| match s.op {
        Some(Op::Train) => Some((true, false)),
        Some(Op::Serve) => Some((false, true)),
        _ => None,
    });
    if !roots.is_empty() {
        return roots;
    }
    pick(&|s| {
        let op = matches!(s.op, Some(Op::Tune | Op::Evaluate | Op::Register | Op::Promote));
        (s.strength == Strength::Resolved && (op || &*s.id == "train.smoke_test")).then_some((false, false))
    })
}

fn why<'r>(roots: impl Iterator<Item = &'r Root> + Clone, signals: &Signals) -> String {
    let place = |fits: fn(&Root) -> bool| roots.clone().find(|r| fits(r)).map(|r| signals.all[r.signal].at.to_string());
    match (place(|r| r.trains), place(|r| r.serves)) {
        (Some(train), Some(serve)) => format!("trains at {train} and serves at {serve}"),
        (Some(train), None) => format!("trains at {train}; nothing that serves was found"),
        (None, Some(serve)) => format!("serves at {serve}; nothing that trains was found"),
        (None, None) => match place(|_| true) {
            Some(other) => format!("works on a model at {other}; nothing that trains or serves was found"),
            None => String::new(),
        },
    }
}

/// The folder of a system: the smallest that holds its parts, or, beside other systems, the one around its roots that
/// has a readme or a manifest and holds no root of another.
fn place(
    at: usize,
    systems: &[System],
    held: &[Vec<&str>],
    graph: &Graph,
    projects: &BTreeSet<String>,
    placements: &BTreeMap<RepoPath, Placement>,
) -> String {
    let own = held[at].iter().copied();
    if let [only] = systems {
        let files = only.train_files.iter().chain(&only.serve_files).map(|p| &**p);
        let starters =
            (0..graph.nodes.len()).filter(|n| only.train_run[*n] || only.serve_run[*n]).map(|n| &graph.nodes[n]).filter(|n| {
                n.scope == Scope::Source
                    && matches!(n.kind, NodeKind::Unit(_) | NodeKind::Program | NodeKind::File)
                    && !n.at.path.starts_with('.')
            });
        let common = common_folder(own.chain(files).chain(starters.map(|n| &*n.at.path)));
        return project_of(&format!("{common}/_"), projects).to_owned();
    }
    let common = common_folder(own);
    let alien = |dir: &str| held.iter().enumerate().any(|(i, paths)| i != at && paths.iter().any(|p| beneath(p, dir)));
    let readme = |dir: &str| placements.keys().any(|p| folder(p) == dir && file_name(p).to_lowercase().starts_with("readme"));
    let above =
        || std::iter::successors(Some(common.as_str()), |dir| Some(folder(dir))).take_while(|dir| *dir != "." && !alien(dir));
    let named = above().find(|dir| readme(dir)).or_else(|| above().find(|dir| projects.contains(*dir)));
    named.map_or(common.clone(), str::to_owned)
}

/// Example and switched-off files that a live, unattended trigger reaches.
fn lifted(graph: &Graph, placements: &BTreeMap<RepoPath, Placement>) -> BTreeSet<RepoPath> {
    let asks = |path: &RepoPath| placements.get(path).is_some_and(|p| matches!(p.scope, Scope::Example | Scope::Disabled));
    // one that says itself when it runs is an example of that
    let mut starters = graph.triggers(TriggerKind::is_unattended);
    starters.retain(|n| !asks(&graph.nodes[*n].at.path));
    let live = graph.reach(&starters, Walk::at(Strength::Inferred));
    (0..graph.nodes.len()).filter(|n| live.has(*n)).map(|n| &graph.nodes[n].at.path).filter(|path| asks(path)).cloned().collect()
}

/// Every node that runs when one of these does its work: all that is reached from whoever can start it, and what was run
/// to build the image in which it is started.
fn run_of(graph: &Graph, roots: &[NodeId]) -> Vec<bool> {
    let walk = Walk::at(Strength::Broken);
    let leading = graph.reach_back(roots, walk);
    let mut starters: Vec<NodeId> = graph.triggers(|_| true);
    starters.extend(graph.entries());
    starters.retain(|n| leading[*n]);
    starters.extend(roots);
    let starts = (0..graph.nodes.len()).filter(|n| leading[*n] && graph.is_start_of_image(*n));
    let images: BTreeSet<&RepoPath> = starts.map(|n| &graph.nodes[n].at.path).collect();
    let is_image =
        |n: &NodeId| graph.nodes[*n].kind == NodeKind::Unit(UnitKind::Image) && images.contains(&graph.nodes[*n].at.path);
    starters.extend((0..graph.nodes.len()).filter(is_image));
    let reached = graph.reach(&starters, walk);
    (0..graph.nodes.len()).map(|n| reached.has(n)).collect()
}

/// What runs for the ones and for the others, where whatever leads to both is left out.
fn both_runs(graph: &Graph, trains: &[NodeId], serves: &[NodeId]) -> Vec<bool> {
    let walk = Walk::at(Strength::Broken);
    let (to_train, to_serve) = (graph.reach_back(trains, walk), graph.reach_back(serves, walk));
    let run = |roots: &[NodeId], own: &[bool], other: &[bool]| {
        let mut starters: Vec<NodeId> = (0..graph.nodes.len()).filter(|n| own[*n] && !other[*n]).collect();
        starters.extend(roots);
        graph.reach(&starters, walk)
    };
    let (train, serve) = (run(trains, &to_train, &to_serve), run(serves, &to_serve, &to_train));
    (0..graph.nodes.len()).map(|n| train.has(n) && serve.has(n)).collect()
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
