//! What tests do not run although they call it: something else stands in its place.

use std::collections::{BTreeMap, BTreeSet};

use super::Build;
use crate::graph::{NodeId, StandIns};
use crate::resolve::program::{At, Destination, FileId, Replaced};
use crate::source::RepoPath;
use crate::syntax::python::{CallId, ScopeKind};
use crate::words::Scope;

/// Methods of a class that run before each of its tests.
const SETS_UP: &[&str] = &["setUp", "setUpClass", "setup_class", "setup_method"];
/// Most names from outside whose calls are looked for.
const MAX_OUTSIDE: usize = 2_000;

impl Build<'_> {
    /// Finds what each function of a test file replaces; what a class replaces or sets up is so for all of its methods.
    pub(super) fn replaced(&mut self) {
        let program = self.program;
        let mut outside: BTreeMap<String, BTreeSet<(RepoPath, u32)>> = BTreeMap::new();
        let mut all: Vec<(NodeId, Replaced)> = Vec::new();
        let tests =
            program.files().iter().enumerate().filter(|(_, f)| self.scope_of(&f.path) == Scope::Test && f.embedded.is_none());
        for (file, _) in tests {
            for (scope, what) in program.replaced(file) {
                if let Replaced::Outside(name) = &what
                    && outside.len() < MAX_OUTSIDE
                {
                    outside.entry(dotted(name)).or_default();
                }
                let holders = self.holders(At { file, scope });
                all.extend(holders.into_iter().map(|node| (node, what.clone())));
            }
        }
        self.find_calls(&mut outside);
        for (node, what) in all {
            let nodes = match &what {
                Replaced::Function(at) => self.node(*at).into_iter().collect(),
                Replaced::Class(class) => self.node(*class).into_iter().chain(self.methods(*class)).collect(),
                Replaced::Outside(_) => Vec::new(),
            };
            let it: &mut StandIns = self.graph.stand_ins.entry(node).or_default();
            it.nodes.extend(nodes);
            if let Replaced::Outside(name) = what {
                it.lines.extend(outside.get(&dotted(&name)).into_iter().flatten().cloned());
            }
        }
    }

    fn methods(&self, class: At) -> Vec<NodeId> {
        self.program.methods(class).into_iter().filter_map(|m| self.node(m)).collect()
    }

    /// For whom a scope replaces something.
    fn holders(&self, at: At) -> Vec<NodeId> {
        let Some(scope) = self.program.scope(at) else { return Vec::new() };
        let around = At { scope: scope.parent, ..at };
        let in_class = self.program.scope(around).is_some_and(|s| s.kind == ScopeKind::Class);
        let name = scope.name.rsplit('.').next().unwrap_or_default();
        match scope.kind {
            ScopeKind::Class => self.methods(at),
            ScopeKind::Function if in_class && SETS_UP.contains(&name) => self.methods(around),
            ScopeKind::Lambda => self.node(around).into_iter().collect(),
            _ => self.node(at).into_iter().collect(),
        }
    }

    /// The calls of names from outside, of what these make and of what stands below them.
    fn find_calls(&self, outside: &mut BTreeMap<String, BTreeSet<(RepoPath, u32)>>) {
        if outside.is_empty() {
            return;
        }
        for (file, code) in self.program.files().iter().enumerate() {
            let calls = code.module().calls.iter().enumerate();
            for (name, call) in calls.filter_map(|(id, call)| Some((self.name_outside(file, id)?, call))) {
                let parts = name.match_indices('.').map(|(at, _)| at).chain([name.len()]);
                for start in parts.filter_map(|end| name.get(..end)) {
                    if let Some(found) = outside.get_mut(start) {
                        found.insert((code.path.clone(), code.code.file_line(call.line)));
                    }
                }
            }
        }
    }

    fn name_outside(&self, file: FileId, call: CallId) -> Option<String> {
        match self.program.reached(file, call) {
            Destination::External { name, .. } => Some(dotted(name)),
            _ => None,
        }
    }
}

/// A method of a class and one of its objects are the same here.
fn dotted(name: &str) -> String {
    name.replace('#', ".")
}
