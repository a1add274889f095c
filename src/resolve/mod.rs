//! stub
use crate::fact::*; use crate::source::RepoPath; use crate::walk::Inventory; use crate::words::*;
pub(crate) struct Modules; impl Modules { pub(crate) fn build(_: &Inventory) -> Self { Modules } }
pub(crate) trait ModuleIndex {} impl ModuleIndex for Modules {}
pub(crate) struct Program; impl Program { pub(crate) fn build(_: &Book, _: &Modules) -> Self { Program } }
pub(crate) struct View<'v> { pub inventory: &'v Inventory, pub book: &'v Book, pub imports: &'v Modules }
pub(crate) struct Lead { pub to: Target, pub edge: EdgeKind, pub strength: Strength, pub what: String }
#[derive(Clone, Copy)] pub(crate) enum Run { Program, Module, Script, Notebook, Manifest, Image }
pub(crate) enum Target { Unit{path: RepoPath, kind:UnitKind, name: String}, File{path: RepoPath, run: Run}, Function{path: RepoPath, name: String}, Tests{paths: Vec<RepoPath>, filtered: Option<String>}, Outside{what: String}, Missing{path: String, what: String} }
pub(crate) fn command(_: &Command, _: (&RepoPath, Option<UnitId>), _: &View) -> Vec<Lead> { vec![] }
pub(crate) fn uses(_: &Uses, _: &RepoPath, _: &View) -> Vec<Lead> { vec![] }
pub(crate) fn data(_: &Command) -> Vec<Data> { vec![] }
pub(crate) fn demands(_: &FileFacts, _: &RepoPath, _: &View) -> Vec<RepoPath> { vec![] }
pub(crate) enum Callee { External { name: String, strength: Strength }, Own { path: RepoPath, scope: usize, strength: Strength, external_base: Option<String> }, Unknown { method: Option<String>, receiver: Option<String> } }
impl Program { pub(crate) fn callee(&self, _: &str, _: Option<usize>, _: usize) -> Callee { Callee::Unknown{method:None,receiver:None} } pub(crate) fn value(&self, _: &str, _: Option<usize>, _: usize, _: &crate::syntax::python::Name) -> Option<String> { None } }
