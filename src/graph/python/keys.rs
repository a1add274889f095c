//! Keys of the nodes of Python code: one node a function, class body and main block.

use crate::syntax::python::{Module, ScopeId, ScopeKind};

/// Key of the top level of a file.
pub(crate) fn module_key(path: &str) -> String {
    format!("module:{path}")
}

/// Key of a file run as a program.
pub(crate) fn program_key(path: &str) -> String {
    format!("program:{path}")
}

/// Key of a function, class body or main block by its qualified name.
pub(crate) fn function_key(path: &str, name: &str) -> String {
    format!("function:{path}#{name}")
}

/// Key of the code in a command, by the index of the command's fact.
pub(crate) fn embedded_key(path: &str, fact: usize) -> String {
    format!("module:{path}@{fact}")
}

/// Key of the node that a scope belongs to. Of several definitions of one name the last has the plain key.
pub(crate) fn scope_key(path: &str, module: &Module, scope: ScopeId) -> String {
    let scope = region(module, scope);
    match module.scopes.get(scope).filter(|_| scope > 0) {
        None => module_key(path),
        Some(it) => {
            let again =
                module.scopes.iter().skip(scope + 1).any(|later| later.name == it.name && later.kind != ScopeKind::Lambda);
            numbered(path, &it.name, it.line, again)
        }
    }
}

/// Key of the node that holds a line of the code.
pub(crate) fn key_at_line(path: &str, module: &Module, line: u32) -> String {
    let covers = module.scopes.iter().enumerate().filter(|(_, s)| (s.line..=s.end_line).contains(&line));
    let innermost = covers.min_by_key(|(id, s)| (s.end_line - s.line, std::cmp::Reverse(*id))).map_or(0, |(id, _)| id);
    scope_key(path, module, innermost)
}

pub(super) fn numbered(path: &str, name: &str, line: u32, again: bool) -> String {
    if again { function_key(path, &format!("{name}@{line}")) } else { function_key(path, name) }
}

/// The scope whose node a scope belongs to: its own, or for a lambda that around it.
fn region(module: &Module, scope: ScopeId) -> ScopeId {
    let mut at = scope;
    for _ in 0..400 {
        match module.scopes.get(at) {
            Some(it) if it.kind == ScopeKind::Lambda && it.parent != at => at = it.parent,
            _ => break,
        }
    }
    at
}
