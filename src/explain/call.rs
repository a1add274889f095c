//! Why a call of Python was not followed, for whoever asks about its line.
//!
//! Why: a chain that ends too early ends at such a call, and the cause (a package of others, an import that is not here,
//! an object that could be anything, a name made at run time) says whether it is worth mending, and where. The cause is read
//! off what was written and what names were found to be; nothing is followed anew. At most [`MOST`] calls are told.

use crate::fact::Code;
use crate::resolve::program::name_text;
use crate::resolve::{Callee, Program};
use crate::syntax::python::{Call, Import, Module, Root, ScopeId, ScopeKind, Target};

/// Calls of one line that are told.
const MOST: usize = 8;

/// What the interpreter itself offers for calling by a name that is made at run time.
const DYNAMIC: &[&str] = &["getattr", "globals", "locals", "vars", "eval", "exec", "__import__"];

/// For each call of a line that leads nowhere, why; in the order in which they run.
/// Calls of the standard library stop nothing: no rule will ever ask for them.
pub(super) fn stops(program: &Program, standard: &dyn Fn(&str) -> bool, path: &str, code: &Code, line: u32) -> Vec<String> {
    let module = &code.module;
    let on_line = |call: &Call| code.file_line(call.line) == line;
    let calls = module.calls.iter().enumerate().filter(|(_, call)| on_line(call)).take(MOST);
    let own = |callee: &Callee| match callee {
        Callee::External { name, .. } => standard(name.split(['.', '#']).next().unwrap_or_default()),
        Callee::Own { .. } | Callee::Unknown { .. } => false,
    };
    let all = calls.map(|(id, call)| (program.callee(path, None, id), call)).filter(|(callee, _)| !own(callee));
    all.filter_map(|(callee, call)| why(&callee, module, call)).collect()
}

fn why(callee: &Callee, module: &Module, call: &Call) -> Option<String> {
    let written = name_text(&call.callee);
    match callee {
        Callee::Own { .. } => None,
        Callee::External { name, .. } => {
            let of = if *name == written { String::new() } else { format!(" ({})", name.replace('#', ".")) };
            Some(format!("`{written}`{of} comes from outside of this repository, and no rule asks for it"))
        }
        Callee::Unknown { .. } => unknown(module, call).map(|why| format!("`{written}` was not followed: {why}")),
    }
}

fn unknown(module: &Module, call: &Call) -> Option<String> {
    let name = &call.callee;
    let first = match &name.root {
        Root::Local(first) => first,
        Root::Call(made) => {
            let by = module.calls.get(*made)?;
            let dynamic = by.callee.dotted().filter(|by| DYNAMIC.contains(&by.as_str()));
            return Some(match dynamic {
                Some(by) => format!("its name is made at run time (`{by}`)"),
                None => format!("what `{}` gives is not known", name_text(&by.callee)),
            });
        }
        Root::Item(of, _) => return Some(format!("which element of `{}` is meant is not known", name_text(of))),
        Root::Str(_) => return None,
        Root::Other => return Some("what is called is worked out in place".to_owned()),
    };
    let import = module.imports.iter().find(|import| import.local == *first);
    if let Some(import) = import {
        return Some(format!(
            "`{first}` is imported from `{}`, and no such thing was found there (line {})",
            from(import),
            import.line
        ));
    }
    if name.path.is_empty() && DYNAMIC.contains(&first.as_str()) {
        return Some("what it gives is made at run time".to_owned());
    }
    if is_parameter(module, call.scope, first) {
        return Some(format!("`{first}` is a parameter, and its callers do not all hand over one known thing"));
    }
    let star = module.imports.iter().find(|import| import.local == "*");
    let is_it = |target: &Target| matches!(target, Target::Name(n) if n.path.is_empty() && n.dotted().as_ref() == Some(first));
    let bound = module.assigns.iter().flat_map(|a| &a.targets).any(is_it);
    Some(match star {
        _ if bound && name.path.is_empty() => format!("what `{first}` was set to is not known"),
        _ if bound || !name.path.is_empty() => format!("what `{first}` is, is not known"),
        Some(star) => {
            format!("`{first}` is not defined here; it may come with `from {} import *` (line {})", from(star), star.line)
        }
        None => {
            format!("`{first}` is defined or imported nowhere in this file, so it is the interpreter's own or made at run time")
        }
    })
}

/// A module as the import writes it.
fn from(import: &Import) -> String {
    format!("{}{}", ".".repeat(import.level.min(8) as usize), import.module)
}

/// Whether a name is a parameter of the function around, or of one around that.
fn is_parameter(module: &Module, scope: ScopeId, name: &str) -> bool {
    let mut at = scope;
    // a scope stands in one before it, so this ends
    while let Some(here) = module.scopes.get(at) {
        if matches!(here.kind, ScopeKind::Function | ScopeKind::Lambda) && here.params.iter().any(|p| p.name == name) {
            return true;
        }
        if here.parent >= at {
            return false;
        }
        at = here.parent;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(source: &str) -> Module {
        crate::syntax::python::parse(source, crate::syntax::python::Mode::Module)
    }

    fn told(source: &str) -> Vec<String> {
        let module = parse(source);
        let not_known = Callee::Unknown { method: None, receiver: None };
        module.calls.iter().filter_map(|call| why(&not_known, &module, call)).collect()
    }

    #[test]
    fn the_cause_is_told() {
        let text = "from .steps import train\ndef run(model, kind):\n    model.fit()\n    getattr(model, kind)()\n    train()\n    table[kind]()\n    later()\n";
        let told = told(text);
        let all = told.join("\n");
        for cause in [
            "`model.fit` was not followed: `model` is a parameter",
            "its name is made at run time (`getattr`)",
            "`train` is imported from `.steps`",
            "which element of `table` is meant",
            "`later` is defined or imported nowhere in this file",
        ] {
            assert!(all.contains(cause), "{cause}: {all}");
        }
    }

    #[test]
    fn what_comes_from_outside_is_named() {
        let module = parse("import numpy as np\nnp.zeros(3)\n");
        let outside = Callee::External { name: "numpy.zeros".to_owned(), strength: crate::words::Strength::Resolved };
        let told = why(&outside, &module, &module.calls[0]).expect("told");
        assert_eq!(told, "`np.zeros` (numpy.zeros) comes from outside of this repository, and no rule asks for it");
    }
}
