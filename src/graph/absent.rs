//! Modules of the repository's own packages that an import names and that are not there, and names that it asks of them
//! that nothing in them binds.
//!
//! Certain only where the package is a regular one that the importer finds first, in its own folder or one above, and
//! where nothing says that the module is made elsewhere: a name that tools or people fill in, a file of another ending
//! beside it, a package that looks for its modules itself.
//!
//! Invariants: nothing is marked that a condition or a handler may spare; what another root may hold is not missing.

use crate::resolve::View;
use crate::resolve::program::CodeFile;
use crate::resolve::python::Place;
use crate::source::{self, Location};
use crate::syntax::python::{Call, Import, ImportGuard, Module, Name, Root, Target};

use super::interpreter::unconditional;

/// Words of names that are made by a tool, or by a person for one machine.
const MADE: &[&str] = &["pb2", "version", "secret", "secrets", "credential", "credentials", "local", "private", "generated"];
/// Names of modules that people write for themselves.
const OWN: &[&str] = &["config", "settings", "constants", "env", "keys"];

/// The first import of a file that certainly fails, and why.
pub(super) fn module(file: &CodeFile, view: &View<'_>) -> Option<(Location, String)> {
    let module = file.module();
    let certain = |import: &&Import| import.scope == 0 && import.guard == ImportGuard::None && unconditional(module, import);
    module.imports.iter().filter(certain).find_map(|import| {
        let what = gone(&file.path, import, view).or_else(|| unbound(&file.path, import, view))?;
        Some((Location::line(&file.path, import.line), what))
    })
}

/// A name that a module of the repository is asked for, and that nothing in it binds: the module must have been read whole,
/// take in nothing wholesale and give no name by code, nor may the name be a module below it.
fn unbound(path: &str, import: &Import, view: &View<'_>) -> Option<String> {
    let name = import.name.as_deref().filter(|name| *name != "*" && !name.starts_with("__"))?;
    if import.level != 0 || source::is_copy(path) {
        return None;
    }
    let (Place::File(target), _) = view.imports.locate(path, &import.module)? else { return None };
    let code = view.book.get(&*target)?.code.as_ref().filter(|_| *target != *path)?;
    let module = &code.module;
    let whole = !module.truncated && module.unreadable.is_none() && module.errors.is_empty();
    let by_code = |text: &str| text.contains("__getattr__") || text.contains("sys.modules") || text.contains("__path__");
    let called = |call: &Call| matches!(call.callee.last(), Some("globals" | "exec" | "setattr" | "eval" | "vars" | "type"));
    let gives = module.scopes.iter().any(|scope| by_code(&scope.name))
        || module.strings.iter().any(|(text, _)| by_code(text))
        || module.calls.iter().any(called)
        || module.imports.iter().any(|i| i.local == "*" || i.module == "sys" || i.module.starts_with("importlib"));
    let folder = source::folder(&target);
    let below = source::file_name(&target) == "__init__.py"
        && view.inventory.below(folder).iter().any(|e| {
            let rest = e.path.strip_prefix(folder).unwrap_or_default().trim_start_matches('/');
            rest.strip_prefix(name).is_some_and(|rest| rest.starts_with(['.', '/']))
        });
    if !whole || gives || below || binds(module, name) {
        return None;
    }
    Some(format!("`{}` has no `{name}` to be imported", import.module))
}

/// Whether a module binds a name at its top level, in whatever way, or hands it out to be bound there.
fn binds(module: &Module, name: &str) -> bool {
    let is = |target: &Name| target.path.is_empty() && matches!(&target.root, Root::Local(local) if local == name);
    let bound = |target: &Target| match target {
        Target::Name(one) => is(one),
        Target::Tuple(all) => all.iter().any(is),
        Target::Item(..) => false,
    };
    module.scopes.iter().any(|scope| scope.name == name || scope.globals.iter().any(|global| global == name))
        || module.imports.iter().any(|import| import.local == name)
        || module.assigns.iter().any(|assign| assign.targets.iter().any(bound))
}

fn gone(path: &str, import: &Import, view: &View<'_>) -> Option<String> {
    if import.level != 0 || source::is_copy(path) || view.imports.locate(path, &import.module).is_some() {
        return None;
    }
    let (first, _) = import.module.split_once('.')?;
    let (Place::File(package), root) = view.imports.locate(path, first)? else { return None };
    let here = source::folder(path);
    let near = *root == *here || *root == *"." || here.starts_with(&format!("{root}/"));
    if !near || source::file_name(&package) != "__init__.py" {
        return None;
    }
    let below = if *root == *"." { String::new() } else { format!("{root}/") };
    // the first part that is not there
    let mut folder = source::folder(&package).to_owned();
    for part in import.module.split('.').skip(1) {
        let place = format!("{folder}/{part}");
        if view.inventory.contains(&format!("{place}/__init__.py")) {
            folder = place;
            continue;
        }
        let made = part.starts_with('_') || part.split('_').any(|word| MADE.contains(&word)) || OWN.contains(&part);
        // compiled, generated from another file, or kept where it is not read
        let beside = view.inventory.below(&folder).iter().any(|e| e.path.starts_with(&format!("{place}.")));
        let inside = !view.inventory.below(&place).is_empty();
        let finds =
            view.book.get(format!("{folder}/__init__.py").as_str()).and_then(|facts| facts.code.as_ref()).is_none_or(|code| {
                let names =
                    |text: &str| text.contains("__path__") || text.contains("sys.modules") || text.contains("__getattr__");
                code.module.scopes.iter().any(|scope| names(&scope.name))
                    || code.module.strings.iter().any(|(text, _)| names(text))
                    || code
                        .module
                        .imports
                        .iter()
                        .any(|i| matches!(i.module.as_str(), "importlib" | "pkgutil" | "pkg_resources" | "sys"))
            });
        let dotted = &import.module;
        return (!made && !beside && !inside && !finds).then(|| {
            format!("`{dotted}` is not there: `{}` has no module `{part}`", folder.strip_prefix(&below).unwrap_or(&folder))
        });
    }
    None
}
