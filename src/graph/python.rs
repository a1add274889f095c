//! stub
use std::collections::BTreeMap; use crate::fact::*; use crate::resolve::Program; use crate::source::RepoPath; use super::Graph; use crate::syntax::python::Module;
pub(crate) fn connect(_: &mut Graph, _: &Book, _: &Program, _: &BTreeMap<RepoPath, Placement>) {}
pub(crate) fn module_key(p: &str) -> String { format!("module:{p}") }
pub(crate) fn program_key(p: &str) -> String { format!("program:{p}") }
pub(crate) fn function_key(p: &str, n: &str) -> String { format!("function:{p}#{n}") }
pub(crate) fn scope_key(p: &str, _: &Module, s: usize) -> String { format!("function:{p}#{s}") }
pub(crate) fn embedded_key(p: &str, s: usize) -> String { format!("module:{p}@{s}") }
pub(crate) fn key_at_line(p: &str, _: &Module, s: u32) -> String { format!("module:{p}@{s}") }
