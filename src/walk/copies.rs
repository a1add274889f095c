//! Copies of other repositories that the user gave beside the scanned one.
//!
//! They answer for what is named in them and are no part of what is scanned: [`Inventory::entries`](super::Inventory::entries)
//! does not list them, only their paths lead to them. A path of a copy begins with the copy's root (`.git/+/OWNER+NAME`),
//! where no scanned file can lie. Each copy has two roots: one for references that mean the very commit that the copy
//! stands on, one for all others, so that a path alone tells how far what stands there may be believed.
//!
//! Invariant: a copy is listed and read as a scanned repository is, with the same bounds, and its paths stay inside it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{Inventory, Limits, list};
use crate::error::Error;
use crate::git::{self, Search};
use crate::source::{self, COPIES};

/// Most copies that one scan takes.
const MOST: usize = 50;
/// What ends the root of a copy that may not be what a reference means.
const DOUBTED: char = '~';

/// A copy of another repository.
#[derive(Debug, Clone)]
pub struct Given {
    /// What others call it: `OWNER/NAME`.
    pub name: String,
    /// The commit that it stands on, in full; none outside Git.
    pub commit: Option<String>,
    /// Whether its files differ from that commit, or cannot be told to be the same; none outside Git.
    pub differs: Option<bool>,
    files: Inventory,
    /// Branches and tags that mean the commit.
    means: BTreeSet<String>,
    /// Whether the commit is what a reference without a revision means.
    is_default: bool,
}

impl Given {
    /// Its paths begin with one of these: first where the commit is meant, then where another may be.
    pub fn roots(&self) -> [String; 2] {
        let name = self.name.replace('/', "+");
        [format!("{COPIES}{name}"), format!("{COPIES}{name}{DOUBTED}")]
    }

    /// Whether a revision, as a reference names it, is the commit that the copy stands on.
    fn is_meant(&self, revision: Option<&str>) -> bool {
        if self.differs != Some(false) {
            return false;
        }
        let Some(revision) = revision else { return self.is_default };
        let short = ["refs/heads/", "refs/tags/"].iter().find_map(|start| revision.strip_prefix(start)).unwrap_or(revision);
        let is_id = short.len() >= 7 && self.commit.as_deref().is_some_and(|commit| commit.starts_with(short));
        is_id || self.means.contains(short)
    }

    /// What of the copy is known, in a few words.
    pub fn state(&self) -> String {
        let commit = self.commit.as_deref().map(|id| id.get(..7).unwrap_or(id));
        match (commit, self.differs) {
            (Some(commit), Some(false)) => format!("commit {commit}"),
            (Some(commit), _) => format!("commit {commit} with changes"),
            (None, _) => "a folder without a commit".to_owned(),
        }
    }
}

/// All copies, by name, and what the scanned repository is called itself.
#[derive(Debug, Clone, Default)]
pub struct Copies {
    given: Vec<Given>,
    own: Option<Own>,
}

/// The scanned repository, as others refer to it.
#[derive(Debug, Clone)]
struct Own {
    name: String,
    /// Branches and tags that mean the scanned commit.
    means: BTreeSet<String>,
}

impl Copies {
    /// Lists the copies that the user names, each as a scan of it would.
    ///
    /// # Errors
    /// [`Error::Usage`] for a name that is none, for two copies of one repository, for what cannot be listed.
    pub fn list(given: &[(String, PathBuf)], limits: &Limits) -> Result<Self, Error> {
        if given.len() > MOST {
            return Err(Error::Usage(format!("{} copies are given with --with; give {MOST} at most", given.len())));
        }
        let mut all: Vec<Given> = Vec::new();
        for (name, path) in given {
            if !is_name(name) {
                let why = "is no name of a repository; write --with OWNER/NAME=PATH, the name as others refer to it";
                return Err(Error::Usage(format!("`{name}` {why}")));
            }
            if all.iter().any(|copy| copy.name.eq_ignore_ascii_case(name)) {
                return Err(Error::Usage(format!("`{name}` is given twice with --with; give one copy of each repository")));
            }
            all.push(one(name, path, limits)?);
        }
        all.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Self { given: all, own: None })
    }

    /// The same, where the scanned repository is one that others call `name`, and its commit one of `means`.
    #[must_use]
    pub fn beside(self, name: Option<String>, means: BTreeSet<String>) -> Self {
        Self { own: name.map(|name| Own { name, means }), ..self }
    }

    /// Whether a reference to a repository means the scanned one, and then whether it means the scanned commit of it.
    pub fn means_own(&self, name: &str, revision: Option<&str>) -> Option<bool> {
        let own = self.own.as_ref().filter(|own| own.name.eq_ignore_ascii_case(name))?;
        let short = |text: &str| {
            let stem = ["refs/heads/", "refs/tags/"].iter().find_map(|start| text.strip_prefix(start));
            stem.unwrap_or(text).to_owned()
        };
        Some(revision.is_none_or(|revision| own.means.contains(&short(revision))))
    }

    /// Every copy, sorted by name.
    pub fn all(&self) -> &[Given] {
        &self.given
    }

    /// The root of the copy of a repository, for references to this revision of it.
    pub fn root(&self, name: &str, revision: Option<&str>) -> Option<String> {
        let copy = self.given.iter().find(|copy| copy.name.eq_ignore_ascii_case(name))?;
        let [meant, doubted] = copy.roots();
        Some(if copy.is_meant(revision) { meant } else { doubted })
    }

    /// The copy that a path lies in, and whether references that lead there may mean another commit than it stands on.
    pub fn of(&self, path: &str) -> Option<(&Given, bool)> {
        let root = source::root(path).strip_prefix(COPIES)?;
        let (name, doubted) = root.strip_suffix(DOUBTED).map_or((root, false), |name| (name, true));
        let is = |copy: &&Given| copy.name.len() == name.len() && copy.name.replace('/', "+") == name;
        self.given.iter().find(is).map(|copy| (copy, doubted))
    }

    /// The files of the copy that a path lies in, and the path there.
    pub(super) fn files<'p>(&self, path: &'p str) -> Option<(&Inventory, &'p str)> {
        let (copy, _) = self.of(path)?;
        Some((&copy.files, source::within(path)))
    }
}

fn one(name: &str, path: &Path, limits: &Limits) -> Result<Given, Error> {
    let failed = |reason: String| {
        let place = path.display();
        Error::Usage(format!("cannot take `{place}` for `{name}`: {reason}; name its folder, work tree or bare repository"))
    };
    let told = |error: Error| match error {
        Error::Unreadable { reason, .. } => failed(reason),
        other => failed(other.to_string()),
    };
    let opened = git::open(path, Search::Here, None).map_err(told)?;
    let git = opened.repository.as_ref();
    let (files, _) = list(&opened.root, git, limits, false).map_err(told)?;
    let commit = git.and_then(git::Repository::commit);
    let information = git.map(git::Repository::information);
    let is_default = information.as_ref().is_some_and(|i| i.head_branch.is_some() && i.head_branch == i.default_branch);
    Ok(Given {
        name: name.to_owned(),
        commit: commit.map(|id| id.to_string()),
        differs: commit.map(|_| files.dirty() > 0 || files.is_unsure()),
        files,
        means: git.zip(commit).map(|(git, commit)| git.names_of(commit)).unwrap_or_default(),
        is_default,
    })
}

/// Whether a text can be the name of a repository: words between slashes.
fn is_name(text: &str) -> bool {
    let is_word = |word: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        !word.is_empty() && word != "." && word != ".." && word.chars().all(plain)
    };
    text.len() <= 300 && text.split('/').all(is_word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copy(files: &[(&str, &str)]) -> Copies {
        let given = Given {
            name: "acme/tools".to_owned(),
            commit: Some("0123456789abcdef0123456789abcdef01234567".to_owned()),
            differs: Some(false),
            files: Inventory::in_memory(files),
            means: BTreeSet::from(["main".to_owned(), "v1".to_owned()]),
            is_default: true,
        };
        Copies { given: vec![given], own: None }
    }

    #[test]
    fn a_revision_is_meant_where_it_leads_to_the_commit() {
        let copies = copy(&[]);
        for revision in [None, Some("main"), Some("v1"), Some("refs/tags/v1"), Some("0123456"), Some("0123456789abcdef")] {
            assert_eq!(copies.root("Acme/Tools", revision).as_deref(), Some(".git/+/acme+tools"), "{revision:?}");
        }
        for revision in ["v2", "0123", "release", "1234567"] {
            assert_eq!(copies.root("acme/tools", Some(revision)).as_deref(), Some(".git/+/acme+tools~"), "{revision}");
        }
        assert_eq!(copies.root("acme/other", None), None);
    }

    #[test]
    fn a_copy_answers_for_its_paths_and_is_not_listed() {
        let copies = copy(&[("ci/train.yml", "on: push"), ("a b", "")]);
        let scanned = Inventory::in_memory(&[("train.py", ""), ("acme+tools/ci/train.yml", "own")]).with(copies);
        let paths: Vec<&str> = scanned.entries().iter().map(|e| &*e.path).collect();
        assert_eq!(paths, ["acme+tools/ci/train.yml", "train.py"]);
        assert!(scanned.named("train.yml").count() == 1 && scanned.below(".git/+/acme+tools").is_empty());
        for root in [".git/+/acme+tools", ".git/+/acme+tools~"] {
            let path = format!("{root}/ci/train.yml");
            assert!(scanned.contains(&path) && scanned.is_dir(&format!("{root}/ci")) && scanned.is_dir(root));
            assert_eq!(scanned.read(&path).map(|file| (file.path.to_string(), file.text)).ok(), Some((path, "on: push".into())));
            let missing = format!("{root}/ci/gone.yml");
            let notice = scanned.read(&missing).expect_err("not there");
            assert_eq!(notice.at.map(|at| at.path.to_string()), Some(missing));
        }
        assert!(!scanned.contains(".git/+/acme+other/ci/train.yml") && !scanned.contains(".git/+/acme+tools"));
    }

    #[test]
    fn the_scanned_repository_is_known_by_its_own_name() {
        let own = Copies::default().beside(Some("acme/rents".to_owned()), BTreeSet::from(["main".to_owned()]));
        let asked = |name, revision| own.means_own(name, revision);
        assert_eq!(asked("Acme/Rents", Some("refs/heads/main")), Some(true));
        assert_eq!(asked("acme/rents", Some("v1")), Some(false));
        assert_eq!((asked("acme/rents", None), asked("acme/tools", None)), (Some(true), None));
        assert_eq!(Copies::default().means_own("acme/rents", None), None);
    }

    #[test]
    fn names_are_words_between_slashes() {
        for good in ["acme/tools", "group/sub/project", "tools", "a.b/c_d-e"] {
            assert!(is_name(good), "{good}");
        }
        for bad in ["", "/", "acme/", "/tools", "acme//tools", "../tools", "acme/..", "a b/c", "a:b", "a/b@v1", "a/b\n"] {
            assert!(!is_name(bad), "{bad}");
        }
    }
}
