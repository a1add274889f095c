//! Which train and serve roots belong together.
//!
//! Roots are one system when a definition runs both, when one passes something on to the other, when they share a
//! model, an image, an artefact or the very function that trains or predicts, or when they lie in one project. Sharing
//! utilities does not join them: only ways that lead to a root count.

use std::collections::{BTreeMap, BTreeSet};

use super::system::Root;
use crate::graph::reach::Walk;
use crate::graph::{Graph, NodeId, NodeKind};
use crate::signals::Signals;
use crate::source::{extension, folder};
use crate::words::{Scope, Strength};

/// The groups, each as indices into `roots` in rising order. `projects` are the folders with a manifest of their own.
pub(super) fn group(roots: &[Root], signals: &Signals, graph: &Graph, projects: &BTreeSet<String>) -> Vec<Vec<usize>> {
    let mut union = Union::new(roots.len());
    let mut by_key: BTreeMap<String, usize> = BTreeMap::new();
    let mut share = |key: String, root: usize, union: &mut Union| {
        let first = *by_key.entry(key).or_insert(root);
        union.join(first, root);
    };
    for (index, root) in roots.iter().enumerate() {
        let seen = &signals.all[root.signal];
        share(format!("file:{}", seen.at.path), index, &mut union);
        for key in ["model", "image", "artefact"] {
            if let Some(word) = seen.qualifiers.get(key) {
                share(format!("{key}:{word}"), index, &mut union);
            }
        }
        // what lies in one project, told by its manifest, is one system
        share(format!("project:{}", project_of(&seen.at.path, projects)), index, &mut union);
        // and whose code calls it, has it: a package of steps belongs to the pipelines that are made of them
        for project in projects_calling(root.node, graph, projects) {
            share(format!("project:{project}"), index, &mut union);
        }
        // what the run of a root passes on ties it to those who take it
        let run = graph.reach(&[root.node], Walk { things: true, ..Walk::at(Strength::Inferred) });
        for (other, to) in roots.iter().enumerate() {
            if other != index && run.has(to.node) {
                union.join(index, other);
            }
        }
    }
    // a definition that runs both makes them one: the same workflow, stages of one pipeline, a service of one stack
    let leading = graph.reach_back(&roots.iter().map(|r| r.node).collect::<Vec<_>>(), Walk::at(Strength::Inferred));
    for node in (0..graph.nodes.len()).filter(|n| leading[*n]) {
        // where all are one already, nothing more can join
        if union.is_one() {
            break;
        }
        if !graph.nodes[node].entry && !matches!(graph.nodes[node].kind, NodeKind::Unit(_)) {
            continue;
        }
        let run = graph.reach(&[node], Walk::at(Strength::Inferred));
        let inside: Vec<usize> = (0..roots.len()).filter(|r| run.has(roots[*r].node)).collect();
        for pair in inside.windows(2) {
            union.join(pair[0], pair[1]);
        }
    }
    let mut groups = union.groups();
    // where one group alone trains, or alone trains outside of notebooks, the rest is what serves or explores for it
    absorb(&mut groups, |r| roots[r].trains);
    absorb(&mut groups, |r| !signals.all[roots[r].signal].notebook);
    groups
}

/// Where a single group has a member that fits, all others join it.
fn absorb(groups: &mut Vec<Vec<usize>>, fits: impl Fn(usize) -> bool) {
    if groups.iter().filter(|g| g.iter().any(|r| fits(*r))).count() == 1 {
        let mut all: Vec<usize> = groups.drain(..).flatten().collect();
        all.sort_unstable();
        groups.push(all);
    }
}

/// Projects whose own code calls or imports what leads to a root.
fn projects_calling<'g>(root: NodeId, graph: &'g Graph, projects: &BTreeSet<String>) -> BTreeSet<&'g str> {
    let leading = graph.reach_back(&[root], Walk::at(Strength::Inferred));
    (0..graph.nodes.len())
        .filter(|n| leading[*n])
        .map(|n| &graph.nodes[n])
        .filter(|n| n.scope == Scope::Source)
        .filter(|n| match n.kind {
            NodeKind::Function | NodeKind::Program | NodeKind::Module => true,
            // a pipeline that is written in code calls its steps like code
            NodeKind::Unit(_) => extension(&n.at.path) == Some("py"),
            _ => false,
        })
        .map(|n| project_of(&n.at.path, projects))
        .collect()
}

/// The nearest folder above a path that has a manifest of its own; the root where none has.
pub(super) fn project_of<'p>(path: &'p str, projects: &BTreeSet<String>) -> &'p str {
    let mut at = folder(path);
    while at != "." && !projects.contains(at) {
        at = folder(at);
    }
    at
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

    fn is_one(&self) -> bool {
        (1..self.0.len()).all(|at| self.find(at) == self.find(0))
    }

    fn groups(&self) -> Vec<Vec<usize>> {
        let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for at in 0..self.0.len() {
            groups.entry(self.find(at)).or_default().push(at);
        }
        groups.into_values().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_alone_takes_the_others() {
        let mut groups = vec![vec![0, 3], vec![1], vec![2]];
        absorb(&mut groups, |r| r > 1);
        assert_eq!(groups.len(), 3, "two fit, so nothing is decided");
        absorb(&mut groups, |r| r == 3);
        assert_eq!(groups, [vec![0, 1, 2, 3]]);
    }

    #[test]
    fn the_nearest_manifest_makes_the_project() {
        let projects = BTreeSet::from(["services/a".to_owned(), ".".to_owned()]);
        assert_eq!(project_of("services/a/src/x.py", &projects), "services/a");
        assert_eq!(project_of("services/b/x.py", &projects), ".");
    }
}
