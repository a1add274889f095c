//! Modules of the repository's own packages that an import names and that are not there.
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
use crate::syntax::python::{Import, ImportGuard};

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
        let what = gone(&file.path, import, view)?;
        Some((Location::line(&file.path, import.line), what))
    })
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
