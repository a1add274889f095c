//! What a test runs before itself: the fixtures that it names, and those that are for all.

use std::collections::BTreeMap;

use super::{Build, Seen};
use crate::graph::NodeId;
use crate::resolve::program::{At, FileId};
use crate::source::{self, RepoPath};
use crate::syntax::python::{ScopeId, Value};
use crate::words::{EdgeKind, Scope, Strength};

/// Fixtures for all tests that one test is tied to.
const MAX_FOR_ALL: usize = 20;

impl Build<'_> {
    /// A test runs the fixtures that its parameters name: those of its file, else of the nearest `conftest.py`; and
    /// those that are used by all tests of a file or folder (`autouse=True`).
    pub(super) fn fixtures(&mut self) {
        let program = self.program;
        let mut fixtures: BTreeMap<&str, Vec<(&RepoPath, NodeId)>> = BTreeMap::new();
        let in_tests = |this: &Self| -> Vec<(FileId, ScopeId)> {
            let files =
                program.files().iter().enumerate().filter(|(_, f)| this.scope_of(&f.path) == Scope::Test && f.embedded.is_none());
            files.flat_map(|(file, f)| (0..f.module().scopes.len()).map(move |scope| (file, scope))).collect()
        };
        let all = in_tests(self);
        let mut for_all: Vec<(&RepoPath, NodeId, &str)> = Vec::new();
        for (file, scope) in &all {
            let at = At { file: *file, scope: *scope };
            let is = program.decorators(at).iter().any(|d| d.text.ends_with("fixture"));
            if let (true, Some(it), Some(code), Some(node)) = (is, program.scope(at), program.files().get(*file), self.node(at)) {
                let name = it.name.rsplit('.').next().unwrap_or_default();
                fixtures.entry(name).or_default().push((&code.path, node));
                let calls = program.decorators(at).iter().filter_map(|d| code.module().calls.get(d.call?));
                if calls.flat_map(|call| &call.keywords).any(|(key, value)| key == "autouse" && *value == Value::Bool(true)) {
                    for_all.push((&code.path, node, name));
                }
            }
        }
        for (file, scope) in all {
            let at = At { file, scope };
            let (Some(it), Some(code), Some(from)) = (program.scope(at), program.files().get(file), self.node(at)) else {
                continue;
            };
            let name = it.name.rsplit('.').next().unwrap_or_default();
            let asks = name.starts_with("test") || program.decorators(at).iter().any(|d| d.text.ends_with("fixture"));
            let near = |path: &str| {
                let folder = source::folder(path);
                let above = folder == "." || code.path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
                (source::file_name(path) == "conftest.py" && above).then_some(folder.len())
            };
            for (path, to, fixture) in for_all.iter().filter(|_| name.starts_with("test")).take(MAX_FOR_ALL) {
                if **path == code.path || near(path).is_some() {
                    let what = format!("fixture {fixture}, used by all tests");
                    self.edge(
                        from,
                        *to,
                        Seen::plain(EdgeKind::Calls, Strength::Resolved, &code.path, code.code.file_line(it.line), what),
                    );
                }
            }
            for param in it.params.iter().filter(|_| asks) {
                let candidates = fixtures.get(param.name.as_str()).into_iter().flatten();
                let best = candidates
                    .filter_map(|(path, node)| Some((if **path == code.path { usize::MAX } else { near(path)? }, *node)))
                    .max();
                if let Some((_, to)) = best {
                    let line = code.code.file_line(param.line);
                    let what = format!("fixture {}", param.name);
                    self.edge(from, to, Seen::plain(EdgeKind::Calls, Strength::Resolved, &code.path, line, what));
                }
            }
        }
    }
}
