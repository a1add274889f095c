//! Why each file is there: exactly one scope a file, the first that fits.
//!
//! Names that mark a scope stand in `rules/scopes.yaml`; here is only how they are compared. No file is dropped for
//! its scope: what a scope is worth is the business of subject, systems and practices.

use std::collections::{BTreeMap, BTreeSet};

use globset::{Glob, GlobSet, GlobSetBuilder};
use serde::Deserialize;

use crate::error::RuleError;
use crate::fact::Placement;
use crate::source::{RepoPath, WORKFLOW_HOMES, file_name, folder, join};
use crate::walk::Inventory;
use crate::words::Scope;

/// One entry of `rules/scopes.yaml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct ScopeRule {
    scope: Scope,
    #[serde(default)]
    folders: Vec<String>,
    #[serde(default)]
    files: Vec<String>,
    #[serde(default)]
    paths: Vec<String>,
    #[serde(default)]
    suffixes: Vec<String>,
    #[serde(default)]
    marks: Vec<String>,
    #[serde(default)]
    below: Vec<String>,
    #[serde(default)]
    only: Vec<String>,
}

/// The compiled matchers.
#[derive(Debug)]
pub(crate) struct Scopes {
    rules: Vec<Compiled>,
}

#[derive(Debug)]
struct Compiled {
    scope: Scope,
    folders: BTreeSet<String>,
    files: GlobSet,
    paths: GlobSet,
    suffixes: Vec<String>,
    marks: Vec<String>,
    below: Vec<String>,
    only: Vec<String>,
}

impl Scopes {
    /// Reads the matchers. An error names the file and says what to do.
    pub(crate) fn load(path: &str, text: &str) -> Result<Self, Vec<RuleError>> {
        let wrong = |line: u32, message: String| vec![RuleError { path: path.to_owned(), line, message }];
        let rules: Vec<ScopeRule> =
            serde_yaml::from_str(text).map_err(|e| wrong(e.location().map_or(0, |l| l.line() as u32), e.to_string()))?;
        let rules = rules
            .into_iter()
            .map(|rule| {
                Ok(Compiled {
                    scope: rule.scope,
                    folders: rule.folders.iter().map(|f| f.to_lowercase()).collect(),
                    files: globs(&rule.files).map_err(|e| wrong(0, e))?,
                    paths: globs(&rule.paths).map_err(|e| wrong(0, e))?,
                    suffixes: rule.suffixes,
                    marks: rule.marks,
                    below: rule.below,
                    only: rule.only,
                })
            })
            .collect::<Result<_, Vec<RuleError>>>()?;
        Ok(Self { rules })
    }

    /// Places every file of the inventory.
    pub(crate) fn place(&self, inventory: &Inventory) -> BTreeMap<RepoPath, Placement> {
        let roots = nested_roots(inventory);
        let below: Vec<(Scope, BTreeSet<String>)> = self
            .rules
            .iter()
            .filter(|r| !r.below.is_empty())
            .map(|r| (r.scope, r.roots(inventory).flat_map(|entry| r.meant(entry)).collect()))
            .collect();
        inventory
            .entries()
            .iter()
            .map(|entry| {
                let path = &entry.path;
                let scope = if entry.attributes.vendored == Some(true) {
                    Scope::Vendored
                } else if entry.attributes.generated == Some(true) {
                    Scope::Generated
                } else {
                    self.of(path, &below)
                };
                (path.clone(), Placement { scope, nested_root: inside(path, &roots) })
            })
            .collect()
    }

    /// What puts a file into its scope, in words; none for source, which is what nothing else fits.
    pub(crate) fn why(&self, inventory: &Inventory, path: &str) -> Option<String> {
        let marked = |scope: &str| format!("an attribute of the repository says that it is {scope}");
        let attributes = inventory.get(path).map(|e| &e.attributes);
        if attributes.is_some_and(|a| a.vendored == Some(true)) {
            return Some(marked("vendored"));
        }
        if attributes.is_some_and(|a| a.generated == Some(true)) {
            return Some(marked("generated"));
        }
        self.rules.iter().find_map(|rule| rule.why(inventory, path))
    }

    fn of(&self, path: &str, below: &[(Scope, BTreeSet<String>)]) -> Scope {
        let lower = path.to_lowercase();
        let name = file_name(path);
        let folders: Vec<&str> = folder(&lower).split('/').collect();
        let fits = |rule: &Compiled| {
            rule.marks.iter().any(|m| path.contains(m.as_str()))
                || folders.iter().any(|f| rule.folders.contains(*f) || rule.suffixes.iter().any(|s| f.ends_with(s.as_str())))
                || (!rule.files.is_empty() && rule.files.is_match(name))
                || (!rule.paths.is_empty() && rule.paths.is_match(path))
                || below.iter().any(|(scope, roots)| *scope == rule.scope && inside(path, roots))
        };
        self.rules.iter().find(|r| fits(r)).map_or(Scope::Source, |r| r.scope)
    }
}

impl Compiled {
    /// What of a path fits this rule.
    fn why(&self, inventory: &Inventory, path: &str) -> Option<String> {
        let lower = path.to_lowercase();
        let named = |f: &&str| self.folders.contains(*f) || self.suffixes.iter().any(|s| f.ends_with(s.as_str()));
        if let Some(found) = folder(&lower).split('/').find(named) {
            return Some(format!("it lies in a folder `{found}`"));
        }
        if let Some(mark) = self.marks.iter().find(|m| path.contains(m.as_str())) {
            return Some(format!("its path holds `{mark}`"));
        }
        if self.files.is_match(file_name(path)) {
            return Some("its name says so".to_owned());
        }
        if self.paths.is_match(path) {
            return Some("its place says so".to_owned());
        }
        let root = self.roots(inventory).find(|entry| inside(path, &self.meant(entry).into_iter().collect()))?;
        Some(format!("it lies {} `{}`", if self.only.is_empty() { "beside or below" } else { "in a folder beside" }, root))
    }

    /// The files that say that what lies with them is meant.
    fn roots<'i>(&'i self, inventory: &'i Inventory) -> impl Iterator<Item = &'i RepoPath> {
        let marks = |path: &&RepoPath| self.below.iter().any(|name| name == file_name(path));
        inventory.entries().iter().map(|entry| &entry.path).filter(marks)
    }

    /// The folders that one of them means: its own, or those that it always comes with.
    fn meant(&self, root: &str) -> Vec<String> {
        let own = folder(root);
        if self.only.is_empty() { vec![own.to_owned()] } else { self.only.iter().filter_map(|sub| join(own, sub)).collect() }
    }
}

/// Whether a path lies in one of the folders (the root itself does not count).
fn inside(path: &str, roots: &BTreeSet<String>) -> bool {
    let mut at = folder(path);
    while at != "." {
        if roots.contains(at) {
            return true;
        }
        at = folder(at);
    }
    false
}

/// Folders below the root that look like a project of their own.
fn nested_roots(inventory: &Inventory) -> BTreeSet<String> {
    let mut manifests: BTreeMap<String, (bool, bool)> = BTreeMap::new();
    let mut roots = BTreeSet::new();
    for entry in inventory.entries() {
        let (name, at) = (file_name(&entry.path), folder(&entry.path));
        let workflows = WORKFLOW_HOMES.iter().filter_map(|home| entry.path.split_once(&format!("/{home}/workflows/")));
        roots.extend(workflows.map(|(before, _)| before.to_owned()));
        for mark in ["/.circleci/config.yml", "/.buildkite/", "/.semaphore/", "/.woodpecker/"] {
            if let Some((before, _)) = entry.path.split_once(mark) {
                roots.insert(before.to_owned());
            }
        }
        if at == "." {
            continue;
        }
        let seen = manifests.entry(at.to_owned()).or_default();
        match name {
            ".gitlab-ci.yml"
            | "Jenkinsfile"
            | "bitbucket-pipelines.yml"
            | ".travis.yml"
            | ".drone.yml"
            | ".woodpecker.yml"
            | ".prow.yaml" => {
                roots.insert(at.to_owned());
            }
            "pyproject.toml" | "setup.py" => seen.0 = true,
            _ if name.starts_with("README") => seen.1 = true,
            _ => {}
        }
    }
    roots.extend(manifests.into_iter().filter(|(_, (manifest, readme))| *manifest && *readme).map(|(at, _)| at));
    roots
}

fn globs(patterns: &[String]) -> Result<GlobSet, String> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        set.add(Glob::new(pattern).map_err(|e| format!("`{pattern}` is no glob ({e}); see rules/README.md"))?);
    }
    set.build().map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(paths: &[&str]) -> Vec<(Scope, bool)> {
        let files: Vec<(&str, &str)> = paths.iter().map(|p| (*p, "")).collect();
        let scopes = Scopes::load("scopes.yaml", include_str!("../rules/scopes.yaml")).expect("sound");
        let placed = scopes.place(&Inventory::in_memory(&files));
        paths.iter().map(|p| (placed[*p].scope, placed[*p].nested_root)).collect()
    }

    #[test]
    fn the_first_scope_that_fits_wins() {
        let placed = place(&[
            "src/train.py",
            "vendor/x/tests/test_a.py",
            "tests/train.py",
            "src/test_train.py",
            "docs/train.py",
            "examples/train.py",
            "{{ cookiecutter.name }}/train.py",
            "conf/prod.yaml.example",
            "lib/foo.dist-info/METADATA",
        ]);
        use Scope::*;
        let scopes: Vec<Scope> = placed.into_iter().map(|(s, _)| s).collect();
        assert_eq!(scopes, [Source, Vendored, Test, Test, Docs, Example, Template, Disabled, Vendored]);
    }

    #[test]
    fn a_project_inside_a_project_is_flagged() {
        let placed =
            place(&["svc/pyproject.toml", "svc/README.md", "svc/src/a.py", "other/a.py", "seed/.github/workflows/x.yml"]);
        assert_eq!(placed.into_iter().map(|(_, n)| n).collect::<Vec<_>>(), [true, true, true, false, true]);
    }
}
