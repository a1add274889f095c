//! The repository as Git knows it: references, index, trees, blobs, commits. The only user of git2.
//!
//! A scan must give the same answer on every machine and must not be led anywhere by the repository it reads. So
//! only two things are opened through the library, the object store and the index, each by itself: no configuration
//! of the user, the machine or the repository is loaded by it, nothing is executed, owner checks do not apply, and
//! nothing is fetched. References and the few settings that matter are read as text, with bounds.
//!
//! Whatever keeps the history from being read is a notice; only a revision that the user asked for and that is not
//! there is an error.

mod config;
mod objects;
pub mod opening;
mod place;
mod refs;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use crate::error::Error;
use crate::source::{Notice, NoticeKind};

pub use objects::{CommitObject, Id, Person, ReadError, RecentTrees, Store, TreeEntry, TreeListing, is_link, is_submodule};
use place::{Found, Place};
use refs::References;

/// Whether a repository may begin above the folder that was named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Search {
    /// Only at the folder itself.
    Here,
    /// At the folder or the nearest one above it.
    Upwards,
}

/// What stands at the folder that the user named.
#[derive(Debug)]
pub struct Opened {
    /// The repository; `None` outside Git or where its data is not read.
    pub repository: Option<Repository>,
    /// The root to scan: that of the work tree, the bare repository, or the folder as named.
    pub root: PathBuf,
    /// The folder as named, relative to `root`; `.` where they are the same.
    pub prefix: String,
    /// Why history is missing or partial.
    pub notices: Vec<Notice>,
}

/// Opens the repository of a folder.
///
/// # Errors
/// [`Error::Unreadable`] where there is no such folder; [`Error::Revision`] where a revision is asked for and there
/// is none of that name, or no repository to look it up in.
pub fn open(folder: &Path, search: Search, revision: Option<&str>) -> Result<Opened, Error> {
    let unreadable = |reason: String| Error::Unreadable { path: folder.to_owned(), reason };
    let start = folder.canonicalize().map_err(|e| unreadable(e.to_string()))?;
    if !start.is_dir() {
        return Err(unreadable("it is not a folder".into()));
    }
    let mut notices = Vec::new();
    let mut why_not = "there is no Git repository".to_owned();
    let mut opened = None;
    for (steps, candidate) in start.ancestors().enumerate() {
        if steps > 0 && search == Search::Upwards && !opening::is_one_place(&start, candidate) {
            // another disk or another owner: what lies there is not what the user pointed at
            break;
        }
        match place::at(candidate, steps == 0) {
            Found::Nothing if search == Search::Upwards => continue,
            Found::Nothing => {}
            Found::Refused(reason) => {
                notices.push(history_notice(format!("Git data was not read: {reason}.")));
                why_not = reason;
            }
            Found::Place(place) => match Repository::at(*place) {
                Ok(repository) => opened = Some((repository, candidate.to_owned())),
                Err(reason) => {
                    notices.push(history_notice(format!("Git data was not read: {reason}.")));
                    why_not = reason;
                }
            },
        }
        break;
    }
    let no_revision = |reason: String, hint| Error::Revision {
        path: folder.to_owned(),
        revision: revision.unwrap_or_default().to_owned(),
        reason,
        hint,
    };
    let Some((mut repository, root)) = opened else {
        return match revision {
            Some(_) => Err(no_revision(why_not, "leave out --rev, or scan a clone of the repository")),
            None => Ok(Opened { repository: None, root: start, prefix: ".".into(), notices }),
        };
    };
    repository.commit = match revision {
        Some(text) => Some(
            repository
                .references
                .revision(text, &repository.store)
                .map_err(|why| no_revision(why, "`git branch -a` and `git tag` list what there is"))?,
        ),
        None => repository.head(&mut notices),
    };
    if repository.is_shallow() {
        notices.push(history_notice("The clone is shallow: what happened before its last commits cannot be seen.".into()));
    }
    let prefix =
        start.strip_prefix(&root).ok().map(|p| String::from_utf8_lossy(&opening::bytes_from_name(p.as_os_str())).into_owned());
    let prefix = prefix.filter(|p| !p.is_empty()).unwrap_or_else(|| ".".into());
    Ok(Opened { repository: Some(repository), root, prefix, notices })
}

fn history_notice(text: String) -> Notice {
    Notice { at: None, kind: NoticeKind::History, text }
}

/// An opened repository, looked at from one commit. Can be shared between threads.
#[derive(Debug)]
pub struct Repository {
    place: Place,
    store: Arc<Store>,
    references: References,
    shallow: BTreeSet<Id>,
    commit: Option<Id>,
    partial: bool,
}

/// What a report says of the repository itself. Nothing here names a person or a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Information {
    /// The commit that is scanned, or that the work tree stands on; 40 hexadecimal digits.
    pub commit: Option<String>,
    /// Its committer date, RFC 3339, UTC.
    pub committed: Option<String>,
    /// Where it was cloned from, as `host/owner/name`.
    pub remote: Option<String>,
    /// Short names of the branches that this clone knows, sorted, whether local or of a remote.
    pub branches: Vec<String>,
    /// The branch that others start from, as far as the clone tells.
    pub default_branch: Option<String>,
    /// The branch that is checked out.
    pub head_branch: Option<String>,
    /// Whether the clone ends before the first commit.
    pub shallow: bool,
    /// Whether objects were left out of the clone.
    pub partial: bool,
    /// Whether it has no work tree.
    pub bare: bool,
}

/// One file of the index: what the next commit would hold, and how the file looked when that was last checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexEntry {
    /// The path in bytes.
    pub path: Vec<u8>,
    /// The blob, or the commit of a submodule.
    pub id: Id,
    /// The mode, as in [`TreeEntry::mode`].
    pub mode: u32,
    /// Modification time on disk then: seconds since 1970, nanoseconds (0 where not kept).
    pub modified: (i64, u32),
    /// Size on disk then, in bytes, modulo 2^32.
    pub size: u32,
    /// Left out of the work tree on purpose (sparse checkout).
    pub sparse: bool,
    /// In the middle of a merge: this id is one side's.
    pub conflicted: bool,
}

/// The index as a whole.
#[derive(Debug, Clone, Default)]
pub struct Index {
    /// Its entries, sorted by path; one a path.
    pub entries: Vec<IndexEntry>,
    /// When it was written. A file changed at or after that time may look unchanged and is not.
    pub written: (i64, u32),
}

impl Repository {
    fn at(place: Place) -> Result<Self, String> {
        let objects = place.common_dir.join("objects");
        let path = objects.to_str().ok_or("its path is not valid UTF-8")?.to_owned();
        let promised = || {
            let packs = objects.join("pack").read_dir().into_iter().flatten().flatten();
            packs.take(100_000).any(|f| f.path().extension().is_some_and(|e| e == "promisor"))
        };
        let partial = place.config.has_promisor() || promised();
        let store = Store::open(path, partial).map_err(|e| e.to_string())?;
        let references = References::read(&place.git_dir, &place.common_dir);
        let shallow = refs::shallow(&place.common_dir);
        Ok(Self { place, store: Arc::new(store), references, shallow, commit: None, partial })
    }

    fn head(&self, notices: &mut Vec<Notice>) -> Option<Id> {
        let Some(id) = self.references.head() else {
            notices.push(history_notice("There is no commit yet.".into()));
            return None;
        };
        match self.store.commit(id) {
            Ok(_) => Some(id),
            Err(error) => {
                notices.push(history_notice(format!("The commit of HEAD cannot be read: {error}.")));
                None
            }
        }
    }

    /// The commit that is looked from: the revision asked for, else that of `HEAD`.
    pub fn commit(&self) -> Option<Id> {
        self.commit
    }

    /// The object store; cheap to clone and to share.
    pub fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// Whether it has no work tree.
    pub fn is_bare(&self) -> bool {
        self.place.work_tree.is_none()
    }

    /// Whether the clone ends before the first commit.
    pub fn is_shallow(&self) -> bool {
        !self.shallow.is_empty()
    }

    /// Whether some of what is tracked was left out of the work tree on purpose.
    pub fn is_sparse(&self) -> bool {
        self.place.git_dir.join("info/sparse-checkout").symlink_metadata().is_ok_and(|m| m.is_file())
    }

    /// Whether this commit is one at which a shallow clone ends: it looks as if it had no parents.
    pub fn is_boundary(&self, id: Id) -> bool {
        self.shallow.contains(&id)
    }

    /// The patterns that only this clone ignores (`info/exclude`), if it is a plain file of sane size.
    pub fn excludes(&self) -> Option<Vec<u8>> {
        opening::read_regular(&self.place.common_dir.join("info/exclude"), 1 << 20).ok().flatten()
    }

    /// What a report says of the repository.
    pub fn information(&self) -> Information {
        let commit = self.commit.and_then(|id| Some((id, self.store.commit(id).ok()?)));
        Information {
            commit: self.commit.map(|id| id.to_string()),
            committed: commit.map(|(_, c)| date(c.seconds)),
            remote: self.place.config.get("remote.origin.url").and_then(config::public_address),
            branches: self.references.branches().into_iter().collect(),
            default_branch: self.references.default_branch(),
            head_branch: self.references.head_branch().map(str::to_owned),
            shallow: self.is_shallow(),
            partial: self.partial,
            bare: self.is_bare(),
        }
    }

    /// Every tag, by short name, and the commit it leads to; tags of anything else are left out.
    /// At most `most` of them, the last by name.
    pub fn tags(&self, most: usize) -> Vec<(String, Id)> {
        let all: Vec<_> = self.references.tags().collect();
        let from = all.len().saturating_sub(most);
        let kept = all.into_iter().skip(from);
        kept.filter_map(|(name, id)| Some((name.to_owned(), self.store.peel(id).ok()?))).collect()
    }

    /// Short names of the branches that this clone knows, sorted.
    pub fn branches(&self) -> Vec<String> {
        self.references.branches().into_iter().collect()
    }

    /// Names of branches (of this clone and its remotes) and tags that lead to a commit, without `refs/…/` before them.
    pub fn names_of(&self, commit: Id) -> BTreeSet<String> {
        self.references.names_of(commit, &self.store)
    }

    /// Lists the tree of a commit within bounds (files and folders, depth).
    pub fn tree(&self, commit: Id, most: usize, deepest: usize) -> Result<TreeListing, ReadError> {
        self.store.list(self.store.commit(commit)?.tree, most, deepest)
    }

    /// One file of a commit's tree by path, of at most `limit` bytes; `None` where it is absent or unreadable.
    pub fn file_at(&self, commit: Id, name: &str, limit: u64) -> Option<Vec<u8>> {
        self.top_file(commit, name, limit).ok().flatten()
    }

    /// One file at the top of a commit's tree, of at most `limit` bytes; `None` where there is none.
    ///
    /// # Errors
    /// Where it is there and is not read: too large, no file, not in this clone.
    pub fn top_file(&self, commit: Id, name: &str, limit: u64) -> Result<Option<Vec<u8>>, ReadError> {
        let listing = self.store.top(self.store.commit(commit)?.tree)?;
        let found = listing.into_iter().find(|(n, _, _)| n == name.as_bytes());
        match found {
            None => Ok(None),
            Some((_, _, mode)) if is_link(mode) => Err(ReadError::Damaged("a link, which is not followed".into())),
            Some((_, id, _)) => self.store.blob(id, limit).map(Some),
        }
    }

    /// What is tracked. The error is a sentence's second half (split and sparse indexes are not understood).
    pub fn index(&self) -> Result<Index, String> {
        let path = self.place.git_dir.join("index");
        let metadata = match path.symlink_metadata() {
            Ok(metadata) if metadata.is_file() => metadata,
            Ok(_) => return Err("the index is not a plain file".into()),
            Err(_) => return Ok(Index::default()),
        };
        let written = metadata.modified().ok().map(since_epoch).unwrap_or_default();
        let index = git2::Index::open(&path).map_err(|e| format!("the index cannot be read ({})", e.message()))?;
        let mut entries: Vec<IndexEntry> = index
            .iter()
            .filter_map(|e| {
                Some(IndexEntry {
                    id: Id::from_bytes(e.id.as_bytes())?,
                    mode: e.mode,
                    modified: (i64::from(e.mtime.seconds()), e.mtime.nanoseconds()),
                    size: e.file_size,
                    sparse: e.flags_extended & (1 << 14) != 0,
                    conflicted: (e.flags >> 12) & 3 != 0,
                    path: e.path,
                })
            })
            .collect();
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        entries.dedup_by(|a, b| a.path == b.path);
        Ok(Index { entries, written })
    }

    /// The key that stands for a person: a hash of name and address, after the `.mailmap` of the commit that is
    /// looked from.
    pub fn identities(&self) -> Identities {
        let text = self.commit.and_then(|c| self.file_at(c, ".mailmap", 1 << 20));
        let text = text.map(|bytes| String::from_utf8_lossy(&bytes).replace('\0', ""));
        Identities(text.and_then(|t| git2::Mailmap::from_buffer(&t).ok()))
    }
}

/// Who is who, without saying who.
pub struct Identities(Option<git2::Mailmap>);

impl Identities {
    /// The same number for the same person.
    pub fn key(&self, person: &Person) -> u64 {
        let (name, email) = self.canonical(person);
        let text = format!("{}\0{}", name.trim(), email.trim().to_lowercase());
        xxhash_rust::xxh3::xxh3_64(text.as_bytes())
    }

    fn canonical(&self, person: &Person) -> (String, String) {
        let as_written = || (person.name.clone(), person.email.clone());
        let Some(mailmap) = &self.0 else { return as_written() };
        let time = git2::Time::new(0, 0);
        let Ok(written) = git2::Signature::new(&person.name, &person.email, &time) else { return as_written() };
        let Ok(real) = mailmap.resolve_signature(&written) else { return as_written() };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (text(real.name_bytes()), text(real.email_bytes()))
    }
}

/// A moment as seconds and nanoseconds since 1970; before that, 0.
pub fn since_epoch(time: SystemTime) -> (i64, u32) {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    (i64::try_from(since.as_secs()).unwrap_or(i64::MAX), since.subsec_nanos())
}

/// A moment in RFC 3339, UTC; years outside 1 to 9999 become the nearest one inside.
pub fn date(seconds: i64) -> String {
    let seconds = seconds.clamp(-62_135_596_800, 253_402_207_200);
    jiff::Timestamp::from_second(seconds).map(|t| t.to_string()).unwrap_or_default()
}

#[cfg(test)]
pub mod made;
#[cfg(test)]
mod tests;
