//! Which files there are, in order, and the one door where bytes come in.
//!
//! A work tree, a commit and a plain folder fill the same [`Inventory`], so nothing downstream can tell them apart.
//! Invariants: entries are sorted by path, each path once; a path never leads out of the repository; whatever was
//! left out stands in [`Inventory::skipped`] with its reason, because "not read" must never pass for "not there";
//! nothing but plain files is ever opened.

mod attributes;
mod copies;
mod disk;
mod ignores;
mod lines;
mod links;
mod list;
mod lookup;
mod text;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::ops::Bound;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use crate::git::{self, Id, Store};
use crate::source::{self, Location, Notice, NoticeKind, RepoPath, SourceFile};

pub use attributes::Attributes;
pub use copies::{Copies, Given};
pub use lines::Lines;
pub use list::list;
pub use lookup::{of_user, top_file};

/// How much is read. Counts and bytes, never seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The largest file that is read, in bytes; larger ones are listed only.
    pub file: u64,
    /// The same for notebooks, which carry their output with them.
    pub notebook: u64,
    /// The most files that are listed.
    pub files: usize,
    /// The deepest path, in components.
    pub depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { file: 4 << 20, notebook: 32 << 20, files: 500_000, depth: 100 }
    }
}

/// One file of the repository.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Where it stands. Bytes that are no UTF-8 have been replaced.
    pub path: RepoPath,
    /// Its size in bytes; 0 where the blob is not in this clone.
    pub size: u64,
    /// The id of its content as Git stores it, where the file is known to be the same.
    pub blob: Option<String>,
    /// For a symbolic link: the path of the file it leads to. Reading the link reads that file.
    pub link: Option<RepoPath>,
    /// What `.gitattributes` says of it.
    pub attributes: Attributes,
    content: Content,
}

/// Where the bytes of a file come from.
#[derive(Debug, Clone)]
enum Content {
    /// The disk, under this path below the root (only kept where it differs from the entry's path).
    Disk(Option<Box<OsString>>),
    /// The object store.
    Blob(Id),
    /// Memory.
    Memory(Arc<[u8]>),
}

/// Something that stands in the repository and is no entry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skipped {
    /// Where.
    pub path: RepoPath,
    /// Why.
    pub why: SkipReason,
}

/// Why something is no entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SkipReason {
    /// Another repository, pinned at a commit.
    Submodule,
    /// Another repository, lying in this one and not tracked by it.
    NestedRepository,
    /// A symbolic link whose target lies outside.
    LinkOutside,
    /// A symbolic link to something that is not among the files (absent, ignored, skipped).
    LinkNowhere,
    /// A symbolic link to a folder, whose files are listed where they are.
    LinkToFolder,
    /// Symbolic links in a circle.
    LinkCircle,
    /// A link into git-annex: the content is kept elsewhere.
    Annexed,
    /// A FIFO, device or socket.
    Special,
    /// A name that no sane repository holds (`..`, `.git`), or one that reads the same as another.
    UnsafeName,
    /// Deeper than the bound.
    TooDeep,
    /// The system refused to read it.
    Unreadable,
    /// A folder whose tree object is not in this clone.
    NotInClone,
}

impl SkipReason {
    /// The reason, as the end of the sentence "this was left out: …".
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Submodule => "a submodule, another repository",
            Self::NestedRepository => "another Git repository inside this one, not tracked by it",
            Self::LinkOutside => "a link that leads out of the repository",
            Self::LinkNowhere => "a link to something that is not among the repository's files",
            Self::LinkToFolder => "a link to a folder, whose files are listed where they are",
            Self::LinkCircle => "links that lead in a circle",
            Self::Annexed => "a git-annex link, whose content is kept elsewhere",
            Self::Special => "neither a file nor a folder nor a link",
            Self::UnsafeName => "a name that cannot be used safely or that is taken",
            Self::TooDeep => "deeper than is listed",
            Self::Unreadable => "the system refused to read it",
            Self::NotInClone => "this clone does not hold it",
        }
    }
}

/// The files of a repository. Can be shared between threads.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    root: PathBuf,
    store: Option<Arc<Store>>,
    limits: Limits,
    entries: Vec<Entry>,
    skipped: Vec<Skipped>,
    left_out: BTreeSet<RepoPath>,
    /// What else answers for paths that are asked for by name.
    copies: Copies,
    dirty: usize,
    unsure: bool,
    incomplete: bool,
    /// Positions in `entries`, sorted by file name, then by path; worked out when first asked.
    by_name: OnceLock<Vec<usize>>,
}

impl Inventory {
    /// Files made of text, for tests and for the examples of rules. The last of several with one path counts.
    pub fn in_memory(files: &[(&str, &str)]) -> Self {
        let mut entries: Vec<Entry> = files
            .iter()
            .map(|(path, text)| Entry {
                path: source::join(".", path).unwrap_or_default().into(),
                size: text.len() as u64,
                blob: None,
                link: None,
                attributes: Attributes::default(),
                content: Content::Memory(text.as_bytes().into()),
            })
            .rev()
            .collect();
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        entries.dedup_by(|later, kept| later.path == kept.path);
        let mut inventory = Self { entries, ..Self::default() };
        inventory.read_attributes();
        inventory
    }

    /// Every file, sorted by path.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The same files, beside copies of other repositories.
    pub fn with(self, copies: Copies) -> Self {
        Self { copies, ..self }
    }

    /// Copies of other repositories.
    pub fn copies(&self) -> &Copies {
        &self.copies
    }

    /// The file at a path; of a copy the entry there.
    pub fn get(&self, path: &str) -> Option<&Entry> {
        if let Some((copy, path)) = self.copies.files(path) {
            return copy.get(path);
        }
        let at = self.entries.binary_search_by(|entry| (*entry.path).cmp(path)).ok()?;
        self.entries.get(at)
    }

    /// Whether there is a file at a path.
    pub fn contains(&self, path: &str) -> bool {
        self.get(path).is_some()
    }

    /// Whether a path is a folder with at least one file below it. The root, `.`, is one if there is any file.
    pub fn is_dir(&self, path: &str) -> bool {
        match self.copies.files(path) {
            Some((copy, path)) => copy.is_dir(path),
            None => !self.below(path).is_empty(),
        }
    }

    /// Whether there may be a file at a path that is not among the entries: the list was cut off there, or it was skipped.
    pub fn may_hold(&self, path: &str) -> bool {
        if let Some((copy, path)) = self.copies.files(path) {
            return copy.may_hold(path);
        }
        let holds =
            |skipped: &Skipped| path.strip_prefix(&*skipped.path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        self.incomplete || self.skipped.iter().any(holds)
    }

    /// The files below a folder, at any depth, sorted; of `.` all of them.
    pub fn below(&self, folder: &str) -> &[Entry] {
        let folder = folder.trim_end_matches('/');
        if folder.is_empty() || folder == "." {
            return &self.entries;
        }
        // Everything below `a` lies between `a/` and `a0`, the next character after the slash.
        let from = self.entries.partition_point(|e| *e.path < *format!("{folder}/"));
        let to = self.entries.partition_point(|e| *e.path < *format!("{folder}0"));
        self.entries.get(from..to).unwrap_or_default()
    }

    /// The files of a name, in whatever folder, sorted by path.
    pub fn named(&self, name: &str) -> impl Iterator<Item = &Entry> {
        let name_at = |at: &usize| self.entries.get(*at).map_or("", |e| source::file_name(&e.path));
        let by_name = self.by_name.get_or_init(|| {
            let mut all: Vec<usize> = (0..self.entries.len()).collect();
            // stable, and the entries are sorted by path
            all.sort_by(|a, b| name_at(a).cmp(name_at(b)));
            all
        });
        let from = by_name.partition_point(|at| name_at(at) < name);
        let found = by_name.get(from..).unwrap_or_default().iter();
        found.take_while(move |at| name_at(at) == name).filter_map(|at| self.entries.get(*at))
    }

    /// What is not among the entries, sorted by path.
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// How many files differ from the commit that the work tree stands on: changed, added, removed or not tracked.
    /// Always 0 for a commit and outside Git.
    pub fn dirty(&self) -> usize {
        self.dirty
    }

    /// Whether it cannot be told of some file whether it differs from the commit.
    pub fn is_unsure(&self) -> bool {
        self.unsure
    }

    /// Takes out the files that `fits` gives a number, and links that lead to them: they are not read, and whoever
    /// names them has named something that is there. How many files went under each number, of `kinds`.
    pub fn leave_out(&mut self, kinds: usize, fits: &dyn Fn(&str) -> Option<usize>) -> Vec<u64> {
        let mut counts = vec![0; kinds];
        let (out, kept) = std::mem::take(&mut self.entries).into_iter().partition(|entry| {
            let fit = fits(&entry.path).or_else(|| entry.link.as_deref().and_then(fits));
            if let Some(count) = fit.and_then(|kind| counts.get_mut(kind)) {
                *count += 1;
            }
            fit.is_some()
        });
        let out: Vec<Entry> = out;
        self.entries = kept;
        self.left_out = out.into_iter().map(|entry| entry.path).collect();
        counts
    }

    /// Files that were left out because the user asked for it.
    pub fn left_out(&self) -> &BTreeSet<RepoPath> {
        &self.left_out
    }

    /// Whether a path was left out: a file, or a folder that holds one.
    pub fn is_left_out(&self, path: &str) -> bool {
        let beneath = |p: &RepoPath| p.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'));
        self.left_out.contains(path)
            || self
                .left_out
                .range::<str, _>((Bound::Excluded(path), Bound::Unbounded))
                .take_while(|p| p.starts_with(path))
                .any(beneath)
    }

    /// Whether a bound cut the list off, so that "not there" cannot be claimed.
    pub fn is_incomplete(&self) -> bool {
        self.incomplete
    }

    /// The bytes of a file, within its bound.
    ///
    /// # Errors
    /// A [`Notice`] that says why there are none.
    pub fn read_bytes(&self, path: &str) -> Result<Vec<u8>, Notice> {
        if let Some((copy, inside)) = self.copies.files(path) {
            let here = |notice: Notice| Notice { at: Some(Location::file(&path.into())), ..notice };
            return copy.read_bytes(inside).map_err(here);
        }
        let entry = self.entry_of_content(path)?;
        let notebook = source::extension(&entry.path).is_some_and(|e| e.eq_ignore_ascii_case("ipynb"));
        let limit = if notebook { self.limits.notebook } else { self.limits.file };
        self.bytes(entry, limit).map_err(|(kind, text)| notice(path, kind, text))
    }

    /// The text of a file, under the path it was asked for (also for a link): a mark at its beginning is taken off,
    /// UTF-16 is decoded if marked, and bytes that are no text are replaced without touching the lines.
    ///
    /// # Errors
    /// A [`Notice`] that says why there is none: not there, too large, binary.
    pub fn read(&self, path: &str) -> Result<SourceFile, Notice> {
        let bytes = self.read_bytes(path)?;
        let listed = self.get(path).filter(|_| !source::is_copy(path));
        let shared = listed.map_or_else(|| path.into(), |entry| entry.path.clone());
        match text::decode(bytes) {
            Some(text) => Ok(SourceFile::new(shared, text)),
            None => Err(notice(path, NoticeKind::Unparsable, "a binary file, not read as text".into())),
        }
    }

    /// The entry whose content is read for a path: that of the target, for a link.
    fn entry_of_content(&self, path: &str) -> Result<&Entry, Notice> {
        let missing = || notice(path, NoticeKind::Missing, "not among the repository's files".into());
        let entry = self.get(path).ok_or_else(missing)?;
        match &entry.link {
            Some(target) => self.get(target).filter(|e| e.link.is_none()).ok_or_else(missing),
            None => Ok(entry),
        }
    }

    fn bytes(&self, entry: &Entry, limit: u64) -> Result<Vec<u8>, (NoticeKind, String)> {
        let large = |size: u64| (NoticeKind::TooLarge, format!("{size} bytes are more than the {limit} that are read"));
        if entry.size > limit {
            return Err(large(entry.size));
        }
        match &entry.content {
            Content::Memory(bytes) => Ok(bytes.to_vec()),
            Content::Blob(id) => match self.store.as_ref().map(|s| s.blob(*id, limit)) {
                Some(Ok(bytes)) => Ok(bytes),
                Some(Err(git::ReadError::TooLarge(size))) => Err(large(size)),
                Some(Err(error)) => Err((NoticeKind::Missing, error.to_string())),
                None => Err((NoticeKind::Missing, "its content is not at hand".into())),
            },
            Content::Disk(name) => {
                let path = name.as_ref().map_or_else(|| self.root.join(&*entry.path), |name| self.root.join(&**name));
                match git::opening::read_regular(&path, limit) {
                    Ok(Some(bytes)) => Ok(bytes),
                    Ok(None) => Err(large(path.symlink_metadata().map_or(entry.size, |m| m.len()))),
                    Err(error) => Err((NoticeKind::Missing, format!("it cannot be read ({})", error.kind()))),
                }
            }
        }
    }
}

fn notice(path: &str, kind: NoticeKind, text: String) -> Notice {
    Notice { at: Some(Location::file(&path.into())), kind, text }
}

#[cfg(all(test, unix))]
mod tests;
