//! Objects by their id: commits, trees, blobs.
//!
//! Only the object store of the repository is opened, never the repository as such: so no configuration, no hook, no
//! attribute and no file outside the store can have a say, and owner checks have nothing to protect. Headers are read
//! before contents, and what is larger than its bound is not read at all. Commits and trees are parsed here, because
//! a malformed one must be an answer and not a crash.
//!
//! One store handle serves one thread at a time (a handle holds a lock while it reads), so there is a small pool,
//! filled as threads ask.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{self, AtomicBool};
use std::sync::{Arc, Mutex, Once, PoisonError};

/// The largest commit or tag that is read, in bytes.
const LARGEST_COMMIT: u64 = 1 << 20;
/// The largest tree object that is read, in bytes.
const LARGEST_TREE: u64 = 64 << 20;

/// The name of an object.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id([u8; 20]);

impl Id {
    /// An id from its 40 hexadecimal digits.
    pub fn from_hex(hex: &str) -> Option<Self> {
        if hex.len() != 40 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        git2::Oid::from_str(hex).ok().and_then(|oid| Self::from_bytes(oid.as_bytes()))
    }

    /// The id that Git gives to a file of this content.
    pub fn of_blob(bytes: &[u8]) -> Option<Self> {
        git2::Oid::hash_object(git2::ObjectType::Blob, bytes).ok().and_then(|oid| Self::from_bytes(oid.as_bytes()))
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    fn oid(self) -> Result<git2::Oid, ReadError> {
        git2::Oid::from_bytes(&self.0).map_err(damaged)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why an object was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// It is not in this clone (partial clone, shallow clone, damage). Never fetched.
    #[error("this clone does not hold it")]
    Missing,
    /// It is larger than the bound.
    #[error("it holds {0} bytes, more than is read")]
    TooLarge(u64),
    /// Its bytes are not what an object of its kind looks like.
    #[error("its object is damaged ({0})")]
    Damaged(String),
}

/// What a commit object says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitObject {
    /// Its tree.
    pub tree: Id,
    /// Its parents, as written in the object (a shallow clone does not hold them all).
    pub parents: Vec<Id>,
    /// Who wrote the change.
    pub author: Person,
    /// Who put it here.
    pub committer: Person,
    /// When it was put here, in seconds since 1970, UTC.
    pub seconds: i64,
    /// The message, lossily decoded.
    pub message: String,
}

/// A name and an address, lossily decoded. Never leaves the program.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Person {
    /// The name as written.
    pub name: String,
    /// The address as written.
    pub email: String,
}

/// One tree object: names, ids, modes, in its own order.
pub type Tree = Vec<(Vec<u8>, Id, u32)>;

/// Trees read lately: what one commit has after it is mostly what the next one has before it.
#[derive(Debug, Default)]
pub struct RecentTrees(BTreeMap<Id, Arc<Tree>>);

/// How many trees are kept at hand, and how long one may be.
const MOST_RECENT: usize = 4_096;
const LONGEST_RECENT: usize = 10_000;

impl RecentTrees {
    fn get(&mut self, store: &Store, id: Option<Id>) -> Result<Arc<Tree>, ReadError> {
        let Some(id) = id else { return Ok(Arc::default()) };
        if let Some(tree) = self.0.get(&id) {
            return Ok(tree.clone());
        }
        let tree = Arc::new(store.tree(id)?);
        if self.0.len() >= MOST_RECENT {
            self.0.clear();
        }
        if tree.len() <= LONGEST_RECENT {
            self.0.insert(id, tree.clone());
        }
        Ok(tree)
    }
}

/// A file, link or submodule of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeEntry {
    /// The path, in bytes, from the root of the tree.
    pub path: Vec<u8>,
    /// The blob (or, for a submodule, the commit).
    pub id: Id,
    /// The mode as written: `0o100644`, `0o100755`, `0o120000` (link), `0o160000` (submodule).
    pub mode: u32,
}

/// A listing that may have been cut off.
#[derive(Debug, Clone, Default)]
pub struct TreeListing {
    /// What was found, in the order of the tree.
    pub entries: Vec<TreeEntry>,
    /// Folders that were not entered because they lie too deep or their tree is not there.
    pub closed: Vec<(Vec<u8>, ReadError)>,
    /// Whether there was more than the bound allows.
    pub cut_off: bool,
}

/// Whether a mode is that of a folder.
pub fn is_folder(mode: u32) -> bool {
    mode & 0o170_000 == 0o040_000
}

/// Whether a mode is that of a symbolic link.
pub fn is_link(mode: u32) -> bool {
    mode & 0o170_000 == 0o120_000
}

/// Whether a mode is that of a submodule.
pub fn is_submodule(mode: u32) -> bool {
    mode & 0o170_000 == 0o160_000
}

/// The object store of one repository; can be used from many threads.
pub struct Store {
    objects: String,
    /// Whether objects are expected to be missing.
    partial: bool,
    /// Whether an object was asked for that is not here.
    missed: AtomicBool,
    idle: Mutex<Vec<git2::Odb<'static>>>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the store in a folder that has been looked at before.
    pub(super) fn open(objects: String, partial: bool) -> Result<Self, ReadError> {
        static ONCE: Once = Once::new();
        // Ids name what is read; checking each hash again costs more than reading.
        ONCE.call_once(|| git2::opts::strict_hash_verification(false));
        let store = Self { objects, partial, missed: AtomicBool::new(false), idle: Mutex::new(Vec::new()) };
        store.with(|_| Ok(()))?;
        Ok(store)
    }

    fn with<T>(&self, work: impl FnOnce(&git2::Odb<'_>) -> Result<T, ReadError>) -> Result<T, ReadError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let odb = match idle {
            Some(odb) => odb,
            None => {
                let odb = git2::Odb::new().map_err(damaged)?;
                odb.add_disk_alternate(&self.objects).map_err(damaged)?;
                odb
            }
        };
        let result = work(&odb);
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(odb);
        result
    }

    /// An id as the library wants it. Where objects are expected to be missing it is asked for first, because a
    /// failed read makes the library look through the whole store again.
    fn present(&self, odb: &git2::Odb<'_>, id: Id) -> Result<git2::Oid, ReadError> {
        let oid = id.oid()?;
        if self.partial && !odb.exists_ext(oid, git2::OdbLookupFlags::NO_REFRESH) {
            self.missed.store(true, atomic::Ordering::Relaxed);
            return Err(ReadError::Missing);
        }
        Ok(oid)
    }

    fn read<T>(
        &self,
        id: Id,
        kinds: &[git2::ObjectType],
        limit: u64,
        work: impl FnOnce(&[u8], git2::ObjectType) -> Result<T, ReadError>,
    ) -> Result<T, ReadError> {
        self.with(|odb| {
            let oid = self.present(odb, id)?;
            let (size, kind) = odb.read_header(oid).map_err(damaged)?;
            if !kinds.contains(&kind) {
                return Err(ReadError::Damaged("another kind of object".into()));
            }
            if size as u64 > limit {
                return Err(ReadError::TooLarge(size as u64));
            }
            let object = odb.read(oid).map_err(damaged)?;
            work(object.data(), kind)
        })
    }

    /// The size of a blob in bytes, without reading it.
    pub fn blob_size(&self, id: Id) -> Result<u64, ReadError> {
        self.with(|odb| Ok(odb.read_header(self.present(odb, id)?).map_err(damaged)?.0 as u64))
    }

    /// A blob of at most `limit` bytes.
    pub fn blob(&self, id: Id, limit: u64) -> Result<Vec<u8>, ReadError> {
        self.read(id, &[git2::ObjectType::Blob], limit, |bytes, _| Ok(bytes.to_vec()))
    }

    /// What a commit says.
    pub fn commit(&self, id: Id) -> Result<CommitObject, ReadError> {
        self.read(id, &[git2::ObjectType::Commit], LARGEST_COMMIT, |bytes, _| {
            commit(bytes).ok_or_else(|| ReadError::Damaged("not a commit".into()))
        })
    }

    /// The commit that an id leads to through any tags.
    pub fn peel(&self, id: Id) -> Result<Id, ReadError> {
        let mut id = id;
        for _ in 0..10 {
            let next = self.read(id, &[git2::ObjectType::Commit, git2::ObjectType::Tag], LARGEST_COMMIT, |bytes, kind| {
                if kind == git2::ObjectType::Commit {
                    return Ok(None);
                }
                let target = header(bytes, b"object ").and_then(hex_id);
                target.map(Some).ok_or_else(|| ReadError::Damaged("not a tag".into()))
            })?;
            match next {
                None => return Ok(id),
                Some(target) => id = target,
            }
        }
        Err(ReadError::Damaged("tags of tags without end".into()))
    }

    /// The one object whose id begins with these digits (4 to 40 of them).
    pub fn by_prefix(&self, digits: &str) -> Option<Id> {
        if !(4..=40).contains(&digits.len()) || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let short = git2::Oid::from_str(digits).ok()?;
        self.with(|odb| odb.exists_prefix(short, digits.len()).map_err(damaged)).ok().and_then(|o| Id::from_bytes(o.as_bytes()))
    }

    fn tree(&self, id: Id) -> Result<Tree, ReadError> {
        self.read(id, &[git2::ObjectType::Tree], LARGEST_TREE, |bytes, _| {
            tree(bytes).ok_or_else(|| ReadError::Damaged("not a tree".into()))
        })
    }

    /// What stands directly in a tree: names, ids, modes.
    pub fn top(&self, id: Id) -> Result<Tree, ReadError> {
        self.tree(id)
    }

    /// Lists what a tree holds, at most `most` files and folders and `deepest` folders deep.
    /// Folders count too: nine trees can name each other into a thousand million empty folders.
    pub fn list(&self, root: Id, most: usize, deepest: usize) -> Result<TreeListing, ReadError> {
        let mut listing = TreeListing::default();
        let mut steps = 0_usize;
        // Entries still to be looked at, the next one last.
        let mut waiting: Vec<(Vec<u8>, Id, u32, usize)> =
            self.tree(root)?.into_iter().rev().map(|(name, id, mode)| (name, id, mode, 1)).collect();
        while let Some((path, id, mode, depth)) = waiting.pop() {
            steps += 1;
            if steps > most {
                listing.cut_off = true;
                break;
            }
            if !is_folder(mode) {
                listing.entries.push(TreeEntry { path, id, mode });
                continue;
            }
            if depth >= deepest {
                listing.closed.push((path, ReadError::TooLarge(0)));
                continue;
            }
            match self.tree(id) {
                Ok(children) => waiting.extend(children.into_iter().rev().map(|(name, id, mode)| {
                    let mut below = path.clone();
                    below.push(b'/');
                    below.extend_from_slice(&name);
                    (below, id, mode, depth + 1)
                })),
                Err(error) => listing.closed.push((path, error)),
            }
        }
        Ok(listing)
    }

    /// Tells `visit` the path of every file that differs between two trees (`None`: the empty tree), until it
    /// returns `false`. Subtrees of equal id are never entered. `steps` is the budget of entries looked at, shared
    /// between calls; `Err` where a tree is not there or the budget is spent.
    pub fn changes(
        &self,
        old: Option<Id>,
        new: Option<Id>,
        recent: &mut RecentTrees,
        steps: &mut usize,
        visit: &mut dyn FnMut(&str) -> bool,
    ) -> Result<(), ReadError> {
        let mut waiting = vec![(Vec::new(), old, new, 0_usize)];
        while let Some((prefix, old, new, depth)) = waiting.pop() {
            if old == new {
                continue;
            }
            let before = recent.get(self, old)?;
            let after = recent.get(self, new)?;
            *steps = steps.saturating_sub(before.len() + after.len() + 1);
            if *steps == 0 {
                return Err(ReadError::TooLarge(0));
            }
            let (mut left, mut right) = (before.iter().peekable(), after.iter().peekable());
            loop {
                let (a, b) = match (left.peek(), right.peek()) {
                    (None, None) => break,
                    (Some(_), None) => (left.next(), None),
                    (None, Some(_)) => (None, right.next()),
                    (Some(a), Some(b)) if a == b => {
                        left.next();
                        right.next();
                        continue;
                    }
                    (Some(a), Some(b)) => match tree_order(a, b) {
                        Ordering::Less => (left.next(), None),
                        Ordering::Greater => (None, right.next()),
                        Ordering::Equal => (left.next(), right.next()),
                    },
                };
                if let (Some(a), Some(b)) = (a, b)
                    && a.1 == b.1
                    && a.2 == b.2
                {
                    continue;
                }
                let Some((name, _, mode)) = a.or(b) else { continue };
                let mut path = prefix.clone();
                path.extend_from_slice(name);
                if is_folder(*mode) {
                    if depth >= 256 {
                        return Err(ReadError::TooLarge(0));
                    }
                    path.push(b'/');
                    waiting.push((path, a.map(|e| e.1), b.map(|e| e.1), depth + 1));
                } else if !visit(&String::from_utf8_lossy(&path)) {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

fn damaged(error: git2::Error) -> ReadError {
    match error.code() {
        git2::ErrorCode::NotFound => ReadError::Missing,
        _ => ReadError::Damaged(error.message().chars().filter(|c| !c.is_control()).take(80).collect()),
    }
}

/// The order of entries in a tree: by name, where a folder's name counts as if it ended in `/`.
fn tree_order(a: &(Vec<u8>, Id, u32), b: &(Vec<u8>, Id, u32)) -> Ordering {
    let end = |e: &(Vec<u8>, Id, u32)| is_folder(e.2).then_some(b'/');
    a.0.iter().copied().chain(end(a)).cmp(b.0.iter().copied().chain(end(b)))
}

fn tree(bytes: &[u8]) -> Option<Tree> {
    let mut entries = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let space = memchr::memchr(b' ', rest)?;
        let mode = std::str::from_utf8(rest.get(..space)?).ok().and_then(|m| u32::from_str_radix(m, 8).ok())?;
        let named = rest.get(space + 1..)?;
        let nul = memchr::memchr(0, named)?;
        let id = Id::from_bytes(named.get(nul + 1..nul + 21)?)?;
        entries.push((named.get(..nul)?.to_vec(), id, mode));
        rest = named.get(nul + 21..)?;
    }
    Some(entries)
}

/// The rest of the first line that begins with `key`.
fn header<'a>(bytes: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    bytes.split(|b| *b == b'\n').take_while(|l| !l.is_empty()).find_map(|l| l.strip_prefix(key))
}

fn hex_id(text: &[u8]) -> Option<Id> {
    std::str::from_utf8(text).ok().and_then(|t| Id::from_hex(t.trim()))
}

fn commit(bytes: &[u8]) -> Option<CommitObject> {
    let head = memchr::memmem::find(bytes, b"\n\n").unwrap_or(bytes.len());
    let message = bytes.get(head + 2..).unwrap_or(b"");
    let head = bytes.get(..head)?;
    let parents = head.split(|b| *b == b'\n').filter_map(|l| l.strip_prefix(b"parent ")).filter_map(hex_id).collect();
    let (author, _) = header(head, b"author ").map(person).unwrap_or_default();
    let (committer, seconds) = header(head, b"committer ").map(person).unwrap_or_default();
    Some(CommitObject {
        tree: header(head, b"tree ").and_then(hex_id)?,
        parents,
        author,
        committer,
        seconds,
        message: String::from_utf8_lossy(message).into_owned(),
    })
}

/// `Name <address> seconds zone`; whatever is missing is empty or 0.
fn person(line: &[u8]) -> (Person, i64) {
    let line = String::from_utf8_lossy(line);
    let (who, when) = line.rsplit_once('>').unwrap_or((&line, ""));
    let (name, email) = who.split_once('<').unwrap_or((who, ""));
    let seconds = when.split_whitespace().next().and_then(|s| s.parse().ok()).unwrap_or(0);
    (Person { name: name.trim().to_owned(), email: email.trim().to_owned() }, seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_objects_are_answers() {
        assert!(tree(b"100644 a\0short").is_none());
        assert_eq!(tree(b"").map(|t| t.len()), Some(0));
        assert!(commit(b"tree nonsense\n\nhello").is_none());
        let hex = "0123456789abcdef0123456789abcdef01234567";
        let read = commit(format!("tree {hex}\nauthor x\ncommitter \u{ff} <e> 12 +0100").as_bytes());
        assert_eq!(read.map(|c| (c.seconds, c.message, c.author.name)), Some((12, String::new(), "x".into())));
        assert_eq!(Id::from_hex(hex).map(|i| i.to_string()).as_deref(), Some(hex));
        assert_eq!(Id::from_hex(&hex[1..]), None);
    }
}
