//! What a bare Python has and what the best-known distributions bring, as `rules/interpreter.yaml` says.
//!
//! Invariant: the table is an upper bound. A distribution that it does not know may bring anything, so nothing is
//! called missing beside one; a module that nobody could mistake for one's own is needed too.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

/// The table.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Table {
    /// Modules that come with every Python 3.
    pub(crate) standard: BTreeSet<String>,
    /// Modules that came later, with the minor version of Python 3.
    pub(crate) since: BTreeMap<String, u8>,
    /// Names of modules that came later.
    pub(crate) names: BTreeMap<String, u8>,
    /// Distributions that may provide a module whose name is not theirs.
    pub(crate) imports: BTreeMap<String, Vec<String>>,
    /// The most that a distribution brings along.
    pub(crate) brings: BTreeMap<String, Vec<String>>,
    /// Programs that a distribution brings.
    pub(crate) programs: BTreeMap<String, String>,
    /// Programs that install no Python packages.
    pub(crate) quiet: BTreeSet<String>,
    /// Programs that install none with these first words.
    pub(crate) verbs: BTreeMap<String, BTreeSet<String>>,
    /// Modules that install none when they are run.
    pub(crate) modules: BTreeSet<String>,
    /// Programs that run another in the same interpreter, and fail if it does.
    pub(crate) plain: BTreeSet<String>,
    /// Words by which a test run or a test file leaves something out.
    pub(crate) spares: BTreeSet<String>,
    /// Programs that install for the machine.
    pub(crate) machine: BTreeSet<String>,
    /// Published steps that install no Python packages.
    pub(crate) actions: BTreeSet<String>,
    /// Published steps that set up a bare Python.
    pub(crate) sets_up: BTreeMap<String, SetUp>,
    /// Functions that read a document into plain mappings.
    pub(crate) loaders: BTreeSet<String>,
    /// Functions that read the document at a path.
    pub(crate) opens: BTreeSet<String>,
    /// Classes that take a mapping and raise where an attribute is asked that it does not have.
    pub(crate) strict: BTreeSet<String>,
    /// Published steps that put back what an earlier run kept, with the input that says where.
    pub(crate) caches: BTreeMap<String, String>,
}

/// How a published step is told which Python to set up.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetUp {
    /// The input that names the version.
    pub(crate) version: String,
    /// The input with which it installs packages as well.
    pub(crate) unless: String,
}

impl Table {
    /// The minor version of Python 3 from which an import works at all: that of the module, or of the name taken from it.
    pub(crate) fn since(&self, module: &str, name: Option<&str>) -> Option<u8> {
        let first = module.split('.').next().unwrap_or(module);
        let of_name = name.and_then(|name| self.names.get(&format!("{module}.{name}")));
        self.since.get(first).into_iter().chain(of_name).max().copied()
    }

    /// Whether a module comes with some Python 3.
    pub(crate) fn is_standard(&self, first: &str) -> bool {
        self.standard.contains(first) || self.since.contains_key(first)
    }

    /// Whether a module is known to be that of a distribution.
    pub(crate) fn knows(&self, first: &str) -> bool {
        self.imports.contains_key(first) || self.brings.contains_key(&first.replace('_', "-"))
    }

    /// Whether a module may be there after these distributions were installed; none where one of them is not known.
    pub(crate) fn provides(&self, installed: &BTreeSet<String>, first: &str) -> Option<bool> {
        let all = self.with_all_they_bring(installed)?;
        let plain = first.to_lowercase().replace('_', "-");
        let named = self.imports.get(first).is_some_and(|names| names.iter().any(|n| all.contains(n.as_str())));
        Some(named || all.contains(plain.as_str()))
    }

    /// Whether a program of a distribution may be there; none where that is not known.
    pub(crate) fn has_program(&self, installed: &BTreeSet<String>, program: &str) -> Option<bool> {
        let of = self.programs.get(program)?;
        Some(self.with_all_they_bring(installed)?.contains(of.as_str()))
    }

    fn with_all_they_bring<'t>(&'t self, installed: &'t BTreeSet<String>) -> Option<BTreeSet<&'t str>> {
        let mut all: BTreeSet<&str> = BTreeSet::new();
        for name in installed {
            all.extend(self.brings.get(name)?.iter().map(String::as_str));
            all.insert(name);
        }
        Some(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let text = include_str!("../../rules/interpreter.yaml");
        serde_yaml::from_str(text).unwrap_or_else(|e| panic!("{e}"))
    }

    fn provides(installed: &[&str], first: &str) -> Option<bool> {
        table().provides(&installed.iter().map(|n| (*n).to_owned()).collect(), first)
    }

    #[test]
    fn what_may_be_there() {
        assert_eq!(provides(&["pandas"], "numpy"), Some(true));
        assert_eq!(provides(&["scikit-learn"], "sklearn"), Some(true));
        assert_eq!(provides(&["flake8", "pytest"], "pandas"), Some(false));
        assert_eq!(provides(&[], "yaml"), Some(false));
        assert_eq!(provides(&["pandas", "of-the-house"], "yaml"), None, "that one may bring it");
    }

    #[test]
    fn what_came_later() {
        assert_eq!(table().since("tomllib", None), Some(11));
        assert_eq!(table().since("typing", Some("Self")), Some(11));
        assert_eq!(table().since("typing", Some("List")), None);
    }

    #[test]
    fn the_table_holds_together() {
        let table = table();
        assert!(table.since.keys().all(|m| !table.standard.contains(m)));
        assert!(table.imports.keys().all(|m| !table.is_standard(m)));
        assert!(table.programs.values().all(|d| table.brings.contains_key(d)));
        let said_twice = |step: &&String| table.actions.contains(*step);
        assert!(!table.sets_up.keys().chain(table.caches.keys()).any(|step| said_twice(&step)));
        assert!(!table.verbs.keys().chain(&table.machine).any(|program| table.quiet.contains(program)));
    }
}
