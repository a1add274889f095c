//! Names of commits: branches, tags, `HEAD`, and what a user may write for a revision.
//!
//! References are read as the plain files they are, with a bound on how many, how deep and how large. A reference
//! that cannot be read is left out; none of them is ever followed out of the repository's own folder.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::objects::{Id, Store};
use super::opening;

/// The most references that are read.
const MOST: usize = 200_000;
/// The deepest folder of references.
const DEEPEST: usize = 16;

/// What a reference names.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Target {
    Object(Id),
    Reference(String),
}

/// All references of a repository, by full name (`refs/heads/main`).
#[derive(Debug, Clone, Default)]
pub struct References {
    named: BTreeMap<String, Target>,
    peeled: BTreeMap<String, Id>,
    head: Option<Target>,
}

impl References {
    /// Reads them from the two folders of a repository.
    pub fn read(git_dir: &Path, common_dir: &Path) -> Self {
        let mut references = Self::default();
        if let Ok(Some(bytes)) = opening::read_regular(&common_dir.join("packed-refs"), 16 << 20) {
            references.packed(&String::from_utf8_lossy(&bytes));
        }
        references.loose(common_dir);
        references.head = target(&git_dir.join("HEAD"));
        references
    }

    fn packed(&mut self, text: &str) {
        let mut last: Option<&str> = None;
        for line in text.lines().take(2 * MOST) {
            if let Some(hex) = line.strip_prefix('^') {
                if let (Some(name), Some(id)) = (last, Id::from_hex(hex.trim())) {
                    self.peeled.insert(name.to_owned(), id);
                }
            } else if let Some((hex, name)) = line.split_once(' ')
                && let Some(id) = Id::from_hex(hex)
                && name.starts_with("refs/")
            {
                self.named.insert(name.to_owned(), Target::Object(id));
                last = Some(name);
            }
        }
    }

    fn loose(&mut self, common_dir: &Path) {
        let mut waiting = vec![("refs".to_owned(), 0_usize)];
        while let Some((folder, depth)) = waiting.pop() {
            let Ok(files) = common_dir.join(&folder).read_dir() else { continue };
            for file in files.flatten() {
                let (Some(name), Ok(kind)) = (file.file_name().to_str().map(str::to_owned), file.file_type()) else { continue };
                let name = format!("{folder}/{name}");
                if kind.is_dir() && depth < DEEPEST {
                    waiting.push((name, depth + 1));
                } else if kind.is_file()
                    && self.named.len() < MOST
                    && let Some(target) = target(&file.path())
                {
                    // A loose reference is newer than a packed one of the same name.
                    self.peeled.remove(&name);
                    self.named.insert(name, target);
                }
            }
        }
    }

    /// The object that a full name leads to.
    pub fn get(&self, name: &str) -> Option<Id> {
        let mut at = self.named.get(name)?;
        for _ in 0..5 {
            match at {
                Target::Object(id) => return Some(*id),
                Target::Reference(next) => at = self.named.get(next)?,
            }
        }
        None
    }

    /// The commit that `HEAD` names; `None` while no commit has been made.
    pub fn head(&self) -> Option<Id> {
        match self.head.as_ref()? {
            Target::Object(id) => Some(*id),
            Target::Reference(name) => self.get(name),
        }
    }

    /// The short name of the branch that `HEAD` is on, also when that branch has no commit yet.
    pub fn head_branch(&self) -> Option<&str> {
        match self.head.as_ref()? {
            Target::Object(_) => None,
            Target::Reference(name) => name.strip_prefix("refs/heads/"),
        }
    }

    /// Short names of all branches, of this clone and of its remotes (without the remote's name), sorted.
    pub fn branches(&self) -> BTreeSet<String> {
        self.named
            .keys()
            .filter_map(|name| {
                let remote = || name.strip_prefix("refs/remotes/").and_then(|n| n.split_once('/')).map(|(_, n)| n);
                name.strip_prefix("refs/heads/").or_else(remote)
            })
            .filter(|name| *name != "HEAD")
            .map(str::to_owned)
            .collect()
    }

    /// The branch that others start from, as far as the clone tells: the remote's `HEAD`, else `main` or `master`,
    /// else where `HEAD` is.
    pub fn default_branch(&self) -> Option<String> {
        if let Some(Target::Reference(name)) = self.named.get("refs/remotes/origin/HEAD")
            && let Some(short) = name.strip_prefix("refs/remotes/origin/")
        {
            return Some(short.to_owned());
        }
        let branches = self.branches();
        let usual = ["main", "master"].into_iter().find(|b| branches.contains(*b));
        usual.or(self.head_branch()).map(str::to_owned)
    }

    /// Every tag: short name, and the object it names or, where the packed references say so, what that leads to.
    pub fn tags(&self) -> impl Iterator<Item = (&str, Id)> {
        self.named.keys().filter_map(|name| {
            let short = name.strip_prefix("refs/tags/")?;
            Some((short, self.peeled.get(name).copied().or_else(|| self.get(name))?))
        })
    }

    /// Short names of the branches and tags that lead to a commit.
    pub fn names_of(&self, commit: Id, store: &Store) -> BTreeSet<String> {
        let short = |name: &str| {
            let remote = || name.strip_prefix("refs/remotes/")?.split_once('/').map(|(_, n)| n.to_owned());
            let own = ["refs/heads/", "refs/tags/"].iter().find_map(|start| name.strip_prefix(start));
            own.map(str::to_owned).or_else(remote)
        };
        let leads = |name: &str| {
            let id = self.peeled.get(name).copied().or_else(|| self.get(name));
            id.is_some_and(|id| id == commit || (name.starts_with("refs/tags/") && store.peel(id).is_ok_and(|id| id == commit)))
        };
        self.named.keys().filter(|name| leads(name)).filter_map(|name| short(name)).filter(|name| name != "HEAD").collect()
    }

    /// The commit that a user means: a reference, an id or its beginning, `HEAD` or `@`, each with any of
    /// `~N`, `^N`, `^{…}` after it. The error is a sentence's second half.
    pub fn revision(&self, text: &str, store: &Store) -> Result<Id, String> {
        if text.contains("@{") || text.contains(':') || text.contains("..") {
            return Err("only names, ids, and `~` or `^` after them are understood".into());
        }
        let split = text.find(['~', '^']).unwrap_or(text.len());
        let (base, mut suffix) = text.split_at(split);
        let start = self.base(base, store).ok_or_else(|| format!("nothing is called `{base}`"))?;
        let mut at = store.peel(start).map_err(|e| format!("`{base}` is no commit here: {e}"))?;
        while let Some(kind) = suffix.chars().next() {
            suffix = suffix.get(1..).unwrap_or("");
            if kind == '^' && suffix.starts_with('{') {
                let end = suffix.find('}').ok_or("`{` is never closed")?;
                match suffix.get(1..end) {
                    Some("" | "commit" | "object" | "0") => {}
                    _ => return Err("only `^{commit}` is understood".into()),
                }
                suffix = suffix.get(end + 1..).unwrap_or("");
                continue;
            }
            let digits = suffix.bytes().take_while(u8::is_ascii_digit).count();
            let (number, rest) = suffix.split_at(digits);
            suffix = rest;
            let number: usize = if number.is_empty() { 1 } else { number.parse().map_err(|_| "the number is too large")? };
            at = match kind {
                '~' => (0..number.min(1_000_000)).try_fold(at, |at, _| parent(store, at, 1))?,
                '^' => parent(store, at, number)?,
                other => return Err(format!("`{other}` is not understood")),
            };
        }
        Ok(at)
    }

    fn base(&self, name: &str, store: &Store) -> Option<Id> {
        if name.is_empty() {
            return None;
        }
        if name == "HEAD" || name == "@" {
            return self.head();
        }
        if let Some(id) = Id::from_hex(name) {
            return Some(id);
        }
        let places = ["", "refs/", "refs/tags/", "refs/heads/", "refs/remotes/"];
        let named = places.iter().find_map(|place| self.get(&format!("{place}{name}")));
        named.or_else(|| self.get(&format!("refs/remotes/{name}/HEAD"))).or_else(|| store.by_prefix(name))
    }
}

fn parent(store: &Store, id: Id, number: usize) -> Result<Id, String> {
    if number == 0 {
        return Ok(id);
    }
    let commit = store.commit(id).map_err(|e| format!("commit {id} is not readable: {e}"))?;
    commit.parents.get(number - 1).copied().ok_or_else(|| format!("commit {id} has no parent {number}"))
}

fn target(path: &Path) -> Option<Target> {
    let bytes = opening::read_regular(path, 4096).ok().flatten()?;
    let text = std::str::from_utf8(&bytes).ok()?.trim();
    match text.strip_prefix("ref:") {
        Some(name) => Some(Target::Reference(name.trim().to_owned())),
        None => Id::from_hex(text).map(Target::Object),
    }
}

/// The commits at which a shallow clone ends.
pub fn shallow(common_dir: &Path) -> BTreeSet<Id> {
    let bytes = opening::read_regular(&common_dir.join("shallow"), 16 << 20).ok().flatten().unwrap_or_default();
    String::from_utf8_lossy(&bytes).lines().filter_map(|l| Id::from_hex(l.trim())).collect()
}
