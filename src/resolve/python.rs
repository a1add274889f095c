//! Which file a dotted module name means, from the paths of the repository alone.
//!
//! Nothing is read: an import is answered the way Python's path search would, from the roots that are likely to be on
//! its path. The nearest root wins: the folder of a script, then the folder that holds the package and those above it
//! (each with its `src`), then every other place where a top-level package or a project begins.
//!
//! Invariants: the answer depends on the set of paths only; a name never leads out of the repository.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::Bound::{Included, Unbounded};

use crate::source::{self, RepoPath};
use crate::syntax::python::{Import, Module, Value};
use crate::walk::Inventory;

/// Components of a dotted name that are followed.
const MAX_PARTS: usize = 32;
/// Files that the imports of one file may ask for.
const MAX_IMPORTED: usize = 2_000;

/// Where a module lies.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Place {
    /// A file: a module, or the `__init__.py` of a package.
    File(RepoPath),
    /// A folder with Python files below it and no `__init__.py`.
    Folder(RepoPath),
}

/// Every Python module of a repository.
#[derive(Debug, Clone, Default)]
pub(crate) struct Modules {
    files: BTreeSet<RepoPath>,
    /// Folders with Python files at any depth.
    folders: BTreeSet<RepoPath>,
    /// For a top-level name: the folders that may be on the path anywhere and have it, in path order.
    tops: BTreeMap<String, Vec<RepoPath>>,
    /// Top-level names that some file of the repository could import.
    own: BTreeSet<String>,
    /// Every name of a module or of a folder with modules, wherever it lies: what is not among them is somebody else's.
    words: HashSet<String>,
}

impl Modules {
    /// Finds the modules among the paths of a repository.
    pub(crate) fn build(inventory: &Inventory) -> Self {
        let mut modules = Self::default();
        let mut roots: BTreeSet<RepoPath> = BTreeSet::from([".".into()]);
        for entry in inventory.entries() {
            let name = source::file_name(&entry.path);
            if matches!(name, "setup.py" | "setup.cfg" | "pyproject.toml") {
                roots.insert(source::folder(&entry.path).into());
            }
            if source::extension(name) == Some("py") {
                let mut folder = source::folder(&entry.path);
                while modules.folders.insert(folder.into()) && folder != "." {
                    folder = source::folder(folder);
                }
                modules.files.insert(entry.path.clone());
            }
        }
        let projects: Vec<RepoPath> = roots.iter().cloned().collect();
        roots.extend(projects.iter().map(|r| below(r, "src").into()));
        // a folder that holds a package, and is none itself, is where that package begins
        for file in &modules.files {
            let folder = source::folder(file);
            if source::file_name(file) == "__init__.py" && folder != "." && !modules.is_package(source::folder(folder)) {
                roots.insert(source::folder(folder).into());
            }
        }
        for root in &roots {
            for name in modules.names_in(root) {
                modules.tops.entry(name).or_default().push(root.clone());
            }
        }
        modules.words = modules.files.iter().filter_map(|file| stem(file)).map(str::to_owned).collect();
        modules.words.extend(modules.folders.iter().map(|folder| source::file_name(folder).to_owned()));
        // what lies beside a script can be imported by it
        modules.own.extend(modules.tops.keys().cloned());
        for file in &modules.files {
            if !modules.is_package(source::folder(file)) {
                modules.own.extend(stem(file).map(str::to_owned));
            }
        }
        modules
    }

    /// Whether a top-level name can mean a module of this repository.
    pub(crate) fn is_own(&self, name: &str) -> bool {
        self.own.contains(name)
    }

    /// Where a dotted name leads from a file or folder, and the root it was found in.
    pub(crate) fn locate(&self, from: &str, dotted: &str) -> Option<(Place, RepoPath)> {
        // a program of another repository finds that one's modules, which are not listed
        if source::is_copy(from) {
            return None;
        }
        let parts: Vec<&str> = dotted.split('.').collect();
        let first = *parts.first().filter(|p| !p.is_empty())?;
        // most imports are of other people's packages
        if parts.len() > MAX_PARTS || !self.words.contains(first) {
            return None;
        }
        let folder = self.folder_of(from);
        let mut found_folder = None;
        for root in self.roots(&folder, first) {
            match self.descend(Place::Folder(root.clone()), &parts) {
                // a file never imports itself by its plain name: that name is somebody else's
                Some(Place::File(path)) if *path == *from && parts.len() == 1 => {}
                Some(Place::File(path)) => return Some((Place::File(path), root)),
                Some(place) => found_folder = found_folder.or(Some((place, root))),
                None => {}
            }
        }
        found_folder
    }

    /// Where a relative import leads: `level` dots, then perhaps a module.
    pub(crate) fn relative(&self, from: &str, level: u32, module: &str) -> Option<Place> {
        let mut folder = self.folder_of(from);
        for _ in 1..level {
            if &*folder == "." {
                return None;
            }
            folder = source::folder(&folder).into();
        }
        let parts: Vec<&str> = module.split('.').filter(|p| !p.is_empty()).take(MAX_PARTS).collect();
        self.descend(self.place_of_folder(&folder)?, &parts)
    }

    /// The module that an import statement names, before the name it takes from it; none where it is not own.
    pub(crate) fn of_import(&self, from: &str, import: &Import) -> Option<Place> {
        match import.level {
            0 => self.locate(from, &import.module).map(|(place, _)| place),
            level => self.relative(from, level, &import.module),
        }
    }

    /// The module of a name inside a package.
    pub(crate) fn child(&self, place: &Place, name: &str) -> Option<Place> {
        let folder = match place {
            Place::File(path) if source::file_name(path) == "__init__.py" => source::folder(path),
            Place::File(_) => return None,
            Place::Folder(folder) => folder,
        };
        let inside = below(folder, name);
        let file = format!("{inside}.py");
        self.place_of_package(&inside)
            .or_else(|| self.files.get(&*file).cloned().map(Place::File))
            .or_else(|| self.folders.get(&*inside).cloned().map(Place::Folder))
    }

    /// Whether a folder is a package with an `__init__.py`.
    fn is_package(&self, folder: &str) -> bool {
        self.files.contains(&*below(folder, "__init__.py"))
    }

    fn place_of_package(&self, folder: &str) -> Option<Place> {
        self.files.get(&*below(folder, "__init__.py")).cloned().map(Place::File)
    }

    fn place_of_folder(&self, folder: &str) -> Option<Place> {
        self.place_of_package(folder).or_else(|| self.folders.get(folder).cloned().map(Place::Folder))
    }

    fn descend(&self, from: Place, parts: &[&str]) -> Option<Place> {
        parts.iter().try_fold(from, |place, part| self.child(&place, part))
    }

    /// The folder itself, or that of a file.
    fn folder_of(&self, from: &str) -> RepoPath {
        match self.folders.get(from) {
            Some(folder) => folder.clone(),
            None => source::folder(from).into(),
        }
    }

    /// Roots to try for a top-level name, nearest first, each once.
    fn roots(&self, folder: &str, name: &str) -> Vec<RepoPath> {
        let mut roots: Vec<RepoPath> = Vec::new();
        let mut add = |root: &str| {
            if !roots.iter().any(|r| **r == *root) {
                roots.push(root.into());
            }
        };
        let mut top = folder;
        while top != "." && self.is_package(top) {
            top = source::folder(top);
        }
        let mut above = top;
        loop {
            add(above);
            add(&below(above, "src"));
            if above == "." {
                break;
            }
            above = source::folder(above);
        }
        // inside a package only scripts see their neighbours: the last of the near ones; what holds the file itself is none
        let mut inner = folder;
        while inner != top {
            let holds = folder == below(inner, name) || folder.starts_with(&format!("{}/", below(inner, name)));
            if holds {
                inner = source::folder(inner);
                continue;
            }
            if self.files.contains(&*below(inner, &format!("{name}.py"))) || self.is_package(&below(inner, name)) {
                add(inner);
            }
            inner = source::folder(inner);
        }
        let mut far: Vec<&RepoPath> = self.tops.get(name).into_iter().flatten().collect();
        far.sort_by_key(|root| std::cmp::Reverse(shared(root, folder)));
        far.into_iter().for_each(|root| add(root));
        roots
    }

    /// Names that can be imported where a folder is on the path.
    fn names_in(&self, root: &str) -> BTreeSet<String> {
        let prefix = if root == "." { String::new() } else { format!("{root}/") };
        let inside = |path: &RepoPath| path.strip_prefix(&*prefix).map(str::to_owned);
        let files =
            self.files.range::<str, _>((Included(&*prefix), Unbounded)).map_while(inside).filter(|rest| !rest.contains('/'));
        let mut names: BTreeSet<String> = files.filter_map(|rest| stem(&rest).map(str::to_owned)).collect();
        let folders = self.folders.range::<str, _>((Included(&*prefix), Unbounded)).map_while(inside);
        names.extend(folders.filter(|rest| !rest.contains('/') && is_name(rest)));
        names
    }
}

impl Modules {
    /// The file of a module; `from` is the importing file, or the folder that a command runs in.
    pub(crate) fn module(&self, from: &str, dotted: &str) -> Option<RepoPath> {
        match self.locate(from, dotted)?.0 {
            Place::File(path) => Some(path),
            Place::Folder(_) => None,
        }
    }

    /// The file that `python -m dotted` runs: the module, or the `__main__.py` of a package.
    pub(crate) fn main(&self, from: &str, dotted: &str) -> Option<RepoPath> {
        let place = self.locate(from, dotted)?.0;
        match (self.child(&place, "__main__"), place) {
            (Some(Place::File(main)), _) => Some(main),
            (_, Place::File(path)) if source::file_name(&path) != "__init__.py" => Some(path),
            _ => None,
        }
    }

    /// Every own file that the imports of a module lead to, each once, in path order.
    pub(crate) fn imported(&self, from: &str, module: &Module) -> Vec<RepoPath> {
        let mut found = BTreeSet::new();
        for import in &module.imports {
            let Some(place) = self.of_import(from, import) else {
                // the package that is there runs before its module is missed
                let first = import.module.split_once('.').filter(|_| import.level == 0);
                self.with_packages(first.and_then(|(first, _)| Some(self.locate(from, first)?.0)), &mut found);
                continue;
            };
            if let Some(name) = import.name.as_deref().filter(|n| *n != "*") {
                self.with_packages(self.child(&place, name), &mut found);
            }
            self.with_packages(Some(place), &mut found);
            if found.len() > MAX_IMPORTED {
                break;
            }
        }
        // import_module("literal")
        for call in module.calls.iter().filter(|c| matches!(c.callee.last(), Some("import_module" | "__import__"))) {
            if let Some(Value::Str(dotted)) = call.args.first() {
                let place = self.locate(from, dotted).map(|(place, _)| place);
                self.with_packages(place, &mut found);
            }
        }
        found.remove(from);
        found.into_iter().take(MAX_IMPORTED).collect()
    }

    /// A module and the packages it stands in, all of which its import runs.
    fn with_packages(&self, place: Option<Place>, into: &mut BTreeSet<RepoPath>) {
        into.extend(place.iter().flat_map(|p| self.packages(p)));
        if let Some(Place::File(path)) = place {
            into.insert(path);
        }
    }

    /// The `__init__.py` of every package that a module stands in, innermost first, without its own.
    pub(crate) fn packages(&self, place: &Place) -> Vec<RepoPath> {
        let mut folder = match place {
            Place::File(path) if source::file_name(path) == "__init__.py" => source::folder(source::folder(path)),
            Place::File(path) => source::folder(path),
            Place::Folder(folder) => source::folder(folder),
        };
        let mut found = Vec::new();
        while let Some(Place::File(init)) = self.place_of_package(folder).filter(|_| folder != ".") {
            found.push(init);
            folder = source::folder(folder);
        }
        found
    }
}

/// A path inside a folder.
fn below(folder: &str, name: &str) -> String {
    if folder == "." { name.to_owned() } else { format!("{folder}/{name}") }
}

/// The module name of a file.
fn stem(path: &str) -> Option<&str> {
    source::file_name(path).strip_suffix(".py").filter(|s| is_name(s) && *s != "__init__")
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_') && !text.starts_with(|c: char| c.is_ascii_digit())
}

/// Number of leading components that two folders share.
fn shared(a: &str, b: &str) -> usize {
    a.split('/').zip(b.split('/')).take_while(|(x, y)| x == y).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::python::{Mode, parse};

    fn modules(paths: &[&str]) -> Modules {
        let files: Vec<(&str, &str)> = paths.iter().map(|p| (*p, "")).collect();
        Modules::build(&Inventory::in_memory(&files))
    }

    fn check(paths: &[&str], from: &str, dotted: &str, leads_to: &str) {
        let found = modules(paths).module(from, dotted);
        assert_eq!(found.as_deref().unwrap_or("-"), leads_to, "{dotted} from {from}");
    }

    #[test]
    fn roots_are_tried_nearest_first() {
        check(&["a/b.py", "a/__init__.py", "run.py"], "run.py", "a.b", "a/b.py");
        check(&["src/a/__init__.py", "src/a/b.py", "run.py"], "run.py", "a.b", "src/a/b.py");
        check(&["src/a/__init__.py", "src/a/b.py", "tests/test_b.py"], "tests/test_b.py", "a", "src/a/__init__.py");
        check(&["one/helpers.py", "one/run.py", "helpers.py"], "one/run.py", "helpers", "one/helpers.py");
        check(&["ns/deep/x.py", "run.py"], "run.py", "ns.deep.x", "ns/deep/x.py");
        check(
            &["one/lib/pyproject.toml", "one/lib/src/p/__init__.py", "two/run.py"],
            "two/run.py",
            "p",
            "one/lib/src/p/__init__.py",
        );
        check(
            &["services/a/app/__init__.py", "services/b/app/__init__.py", "services/b/run.py"],
            "services/b/run.py",
            "app",
            "services/b/app/__init__.py",
        );
        check(&["a/b.py"], ".", "c", "-");
        check(&["work/pkg/train.py"], "work", "pkg.train", "work/pkg/train.py");
    }

    #[test]
    fn neighbours_in_a_package_come_last_and_never_oneself() {
        check(&["src/__init__.py", "src/prepare.py", "src/train.py"], "src/train.py", "prepare", "src/prepare.py");
        check(&["src/__init__.py", "src/prepare.py", "src/train.py", "prepare.py"], "src/train.py", "prepare", "prepare.py");
        check(&["pkg/__init__.py", "pkg/mlflow.py"], "pkg/mlflow.py", "mlflow", "-");
        let own = &["pkg/__init__.py", "pkg/with/__init__.py", "pkg/with/mlflow/__init__.py", "pkg/with/mlflow/keep.py"];
        check(own, "pkg/with/mlflow/keep.py", "mlflow", "-");
    }

    #[test]
    fn relative_imports_and_main() {
        let m = modules(&["p/__init__.py", "p/a.py", "p/q/__init__.py", "p/q/b.py", "p/__main__.py", "p/q/free/c.py"]);
        let file = |p: Option<Place>| p.map(|p| format!("{p:?}"));
        assert_eq!(file(m.relative("p/q/b.py", 2, "a")).as_deref(), Some("File(\"p/a.py\")"));
        assert_eq!(file(m.relative("p/q/__init__.py", 1, "b")).as_deref(), Some("File(\"p/q/b.py\")"));
        assert_eq!(file(m.relative("p/a.py", 1, "q.free")).as_deref(), Some("Folder(\"p/q/free\")"));
        assert_eq!(m.relative("p/a.py", 9, "q"), None);
        assert_eq!(m.main(".", "p").as_deref(), Some("p/__main__.py"));
        assert_eq!(m.main(".", "p.a").as_deref(), Some("p/a.py"));
        assert!(m.is_own("p") && !m.is_own("numpy"));
    }

    #[test]
    fn imports_lead_to_files_and_their_packages() {
        let m = modules(&["p/__init__.py", "p/a.py", "p/q/__init__.py", "p/q/b.py", "p/c.py", "run.py"]);
        let code =
            parse("import numpy\nfrom p.q import b, other\nimport importlib\nimportlib.import_module('p.c')\n", Mode::Module);
        let found: Vec<String> = m.imported("run.py", &code).iter().map(|p| p.to_string()).collect();
        assert_eq!(found, ["p/__init__.py", "p/c.py", "p/q/__init__.py", "p/q/b.py"]);
    }
}
