//! What a test runner runs of the files that it collects.

use std::collections::BTreeMap;

use super::{Build, Edge, python};
use crate::graph::{NodeId, NodeKind};
use crate::resolve::Selection;
use crate::source::{Location, RepoPath};
use crate::words::{EdgeKind, Scope, Strength};

impl Build<'_> {
    /// A test runner that reads a file runs the tests in it.
    pub(super) fn collected_tests(&mut self) {
        let tests: Vec<(NodeId, NodeId)> = (0..self.graph.nodes.len())
            .filter(|n| self.is_test(*n))
            .filter_map(|n| Some((self.graph.find(&python::module_key(&self.graph.nodes[n].at.path))?, n)))
            .collect();
        for (module, test) in tests {
            let at = self.graph.nodes[test].at.clone();
            let what = self.graph.nodes[test].label.clone();
            let off = self.never_run(&at);
            self.link(module, test, EdgeKind::Tests, Strength::Resolved, at, what);
            if let Some(edge) = self.graph.edges.last_mut() {
                edge.off = off;
            }
        }
    }

    fn is_test(&self, node: NodeId) -> bool {
        let node = &self.graph.nodes[node];
        let name = node.key.rsplit(['#', '.']).next().unwrap_or("");
        node.kind == NodeKind::Function && node.scope == Scope::Test && (name.starts_with("test") || name == "setUp")
    }

    /// Whether a function is a test by names that the settings give.
    fn is_named(&self, node: NodeId, selection: &Selection) -> bool {
        let node = &self.graph.nodes[node];
        let name = node.key.rsplit(['#', '.']).next().unwrap_or("");
        node.kind == NodeKind::Function && node.scope == Scope::Test && selection.collects(name)
    }

    /// Why the test at a place is never run, whoever collects its file.
    fn never_run(&self, at: &Location) -> Option<String> {
        self.program.file(&at.path, None).and_then(|file| self.program.left_out(file, at.line))
    }

    /// Files that a run does not collect, though it looks where they lie.
    pub(super) fn left_out_of_a_run(&mut self, left_out: &[(RepoPath, String)], edge: &Edge) {
        for (path, why) in left_out {
            if let Some(to) = self.graph.find(&python::module_key(path)) {
                self.graph.edge(Edge { to, off: Some(why.clone()), ..edge.clone() });
            }
        }
    }

    /// The files of which a run runs every test. Where it runs only some, it leads to each of these itself, so that it leads
    /// to no other.
    pub(super) fn run_as_tests(&mut self, paths: &[RepoPath], selection: &Selection, edge: &Edge) -> Vec<NodeId> {
        let mut whole = Vec::new();
        let mut known: BTreeMap<RepoPath, Vec<NodeId>> = BTreeMap::new();
        if *selection != Selection::default() {
            for test in (0..self.graph.nodes.len()).filter(|n| self.is_test(*n) || self.is_named(*n, selection)) {
                known.entry(self.graph.nodes[test].at.path.clone()).or_default().push(test);
            }
        }
        for path in paths {
            let Some(module) = self.graph.find(&python::module_key(path)) else { continue };
            let tests = known.get(path).map_or(&[][..], Vec::as_slice);
            let why = |test: &NodeId| {
                let at = &self.graph.nodes[*test].at;
                let test = self.program.file(path, None).and_then(|file| self.program.test(file, at.line));
                test.and_then(|test| selection.leaves_out(&test))
            };
            let told: Vec<(NodeId, Option<String>)> = tests.iter().map(|test| (*test, why(test))).collect();
            if told.iter().all(|(test, off)| off.is_none() && self.is_test(*test)) {
                whole.push(module);
                continue;
            }
            // what a class sets up runs with any of its tests
            let sets_up = |node: NodeId| self.graph.nodes[node].key.ends_with(".setUp");
            let some = told.iter().any(|(test, off)| off.is_none() && !sets_up(*test));
            let edges: Vec<Edge> = told
                .into_iter()
                .map(|(test, off)| {
                    let off = if sets_up(test) && some { None } else { off };
                    let off = off.or_else(|| self.never_run(&self.graph.nodes[test].at));
                    Edge { to: test, off, ..edge.clone() }
                })
                .collect();
            for edge in edges {
                self.graph.edge(edge);
            }
        }
        whole
    }
}
