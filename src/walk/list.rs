//! Making the list: from a work tree, from a commit, or from a plain folder.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::Metadata;
use std::path::Path;

use super::disk::{self, Met, Rules, What};
use super::links::{self, Targets};
use super::{Attributes, Content, Entry, Inventory, Limits, SkipReason, Skipped};
use crate::error::Error;
use crate::git::opening::{bytes_from_name, path_from_bytes, read_regular};
use crate::git::{Id, Index, IndexEntry, Repository, is_link, is_submodule, since_epoch};
use crate::source::{Location, Notice, NoticeKind, RepoPath};

/// The longest target of a link that is read from a commit, in bytes.
const LONGEST_TARGET: u64 = 4096;
/// How many files and folders of a commit's tree are looked at.
const MOST_TREE_STEPS: usize = 5_000_000;

/// Lists the files of a repository.
///
/// With a repository that has a work tree: what Git tracks, as it is on disk, and what it does not ignore. With
/// `at_revision`, or a bare repository: what the commit holds ([`Repository::commit`]). Without one: what the ignore
/// files of the folder itself leave.
///
/// # Errors
/// [`Error::Unreadable`] where the root cannot be listed.
pub fn list(
    root: &Path,
    git: Option<&Repository>,
    limits: &Limits,
    at_revision: bool,
) -> Result<(Inventory, Vec<Notice>), Error> {
    let mut listing = Listing::new(root, limits);
    match git {
        Some(git) if at_revision || git.is_bare() => listing.commit(git),
        other => {
            if let Err(error) = root.read_dir() {
                return Err(Error::Unreadable { path: root.to_owned(), reason: error.to_string() });
            }
            match other {
                Some(git) => listing.work_tree(git),
                None => listing.folder(),
            }
        }
    }
    Ok(listing.finish())
}

/// The list while it is being made.
struct Listing<'a> {
    root: &'a Path,
    limits: &'a Limits,
    inventory: Inventory,
    notices: Vec<Notice>,
    links: Targets,
    /// Files whose path was no UTF-8, and one of them.
    not_utf8: (usize, Option<RepoPath>),
}

impl<'a> Listing<'a> {
    fn new(root: &'a Path, limits: &'a Limits) -> Self {
        let inventory = Inventory { root: root.to_owned(), limits: limits.clone(), ..Inventory::default() };
        Self { root, limits, inventory, notices: Vec::new(), links: Targets::new(), not_utf8: (0, None) }
    }

    fn folder(&mut self) {
        let rules = Rules {
            ignore_files: &[".gitignore", ".ignore"],
            excludes: None,
            stop_at_repositories: false,
            tracked: &|_| false,
            submodule: &|_| false,
            depth: self.limits.depth,
        };
        disk::walk(self.root, &rules, &mut |met| {
            let room = self.has_room();
            if room {
                self.met(met, None);
            }
            room
        });
    }

    fn work_tree(&mut self, git: &Repository) {
        let index = self.tracked(git);
        let submodules: BTreeSet<&[u8]> =
            index.entries.iter().filter(|e| is_submodule(e.mode)).map(|e| e.path.as_slice()).collect();
        let position = |path: &[u8]| index.entries.binary_search_by(|e| e.path.as_slice().cmp(path)).ok();
        let rules = Rules {
            ignore_files: &[".gitignore"],
            excludes: git.excludes(),
            stop_at_repositories: true,
            tracked: &|path| position(path).is_some(),
            submodule: &|path| submodules.contains(path),
            depth: self.limits.depth,
        };
        self.inventory.store = Some(git.store().clone());
        let mut seen = vec![false; index.entries.len()];
        let mut changed = differing(git, &index);
        self.inventory.unsure |= changed.unknown;
        // Room for what is not tracked; what is tracked has been cut to the bound before.
        let mut room = self.limits.files.saturating_sub(index.entries.len());
        disk::walk(self.root, &rules, &mut |met| {
            match position(&met.path) {
                Some(at) => {
                    let same = index.entries.get(at).is_none_or(|tracked| self.met(met, Some((tracked, &index))));
                    mark(&mut seen, at);
                    if !same {
                        mark(&mut changed.tracked, at);
                    }
                }
                None if room == 0 => {
                    self.inventory.incomplete = true;
                    return false;
                }
                None => {
                    room -= 1;
                    // A folder left out is not a file that the next commit would gain.
                    changed.others += usize::from(matches!(met.what, What::File(_) | What::Link));
                    self.met(met, None);
                }
            }
            true
        });
        let mut folders = BTreeMap::new();
        for (at, tracked) in index.entries.iter().enumerate().filter(|(at, _)| !seen.get(*at).copied().unwrap_or(false)) {
            if !self.unseen(tracked, &index, &mut folders) {
                mark(&mut changed.tracked, at);
            }
        }
        self.inventory.dirty = changed.others + changed.tracked.iter().filter(|c| **c).count();
    }

    /// What is tracked, without names that could lead astray and within the bound.
    fn tracked(&mut self, git: &Repository) -> Index {
        let mut index = match git.index() {
            Ok(index) => index,
            Err(reason) => {
                let text = format!("Which files Git tracks was taken from the last commit: {reason}.");
                self.notices.push(Notice { at: None, kind: NoticeKind::NotFollowed, text });
                from_commit(git)
            }
        };
        index.entries.retain(|entry| {
            let why = unfit(&entry.path, self.limits.depth);
            if let Some(why) = why {
                self.skip(&entry.path, why);
            }
            why.is_none()
        });
        if index.entries.len() > self.limits.files {
            index.entries.truncate(self.limits.files);
            self.inventory.incomplete = true;
        }
        index
    }

    /// Takes in one thing of the disk. Whether it is the same as what is tracked.
    fn met(&mut self, met: Met, tracked: Option<(&IndexEntry, &Index)>) -> bool {
        match met.what {
            What::Skip(why) => {
                self.skip(&met.path, why);
                why == SkipReason::Submodule
            }
            What::Link => match self.root.join(&met.disk).read_link() {
                Ok(target) => {
                    let target = bytes_from_name(target.as_os_str());
                    self.link(&met.path, &target);
                    tracked.is_none_or(|(t, _)| is_link(t.mode) && Id::of_blob(&target) == Some(t.id))
                }
                Err(_) => {
                    self.skip(&met.path, SkipReason::Unreadable);
                    true
                }
            },
            What::File(metadata) => {
                let state = tracked.map(|(entry, index)| self.state(&met.disk, &metadata, entry, index));
                self.inventory.unsure |= state == Some(State::Unsure);
                let path = self.path(&met.path);
                let spelled = (path.as_bytes() != met.path).then(|| Box::new(met.disk.into_os_string()));
                let blob = match state {
                    Some(State::Same(id)) => Some(id.to_string()),
                    _ => None,
                };
                self.add(path, metadata.len(), blob, Content::Disk(spelled));
                state != Some(State::Changed)
            }
        }
    }

    /// Takes in a tracked file that the walk did not come by: below an ignored folder, or not on disk.
    /// Whether it is as tracked.
    fn unseen(&mut self, tracked: &IndexEntry, index: &Index, folders: &mut BTreeMap<Vec<u8>, bool>) -> bool {
        if is_submodule(tracked.mode) {
            self.skip(&tracked.path, SkipReason::Submodule);
            return true;
        }
        let disk = path_from_bytes(&tracked.path);
        // A folder on the way may have been replaced by a link that leads out of the repository.
        let parent = tracked.path.iter().rposition(|b| *b == b'/').and_then(|at| tracked.path.get(..at)).unwrap_or(b"");
        let metadata = match real_folder(self.root, parent, folders) {
            true => self.root.join(&disk).symlink_metadata().ok(),
            false => None,
        };
        let what = match metadata {
            Some(m) if m.is_file() => What::File(Box::new(m)),
            Some(m) if m.is_symlink() => What::Link,
            Some(m) if m.is_dir() => return false,
            Some(_) => What::Skip(SkipReason::Special),
            None if tracked.sparse => {
                // Not checked out on purpose: part of the repository all the same, read from the object store.
                self.blob(&tracked.path, tracked.id, tracked.mode);
                return true;
            }
            None => return false,
        };
        self.met(Met { path: tracked.path.clone(), disk, what }, Some((tracked, index)))
    }

    /// Whether a file on disk is what Git has of it. Its bytes are asked only if its looks do not tell.
    fn state(&self, disk: &Path, metadata: &Metadata, tracked: &IndexEntry, index: &Index) -> State {
        if is_link(tracked.mode) {
            return State::Changed;
        }
        if tracked.conflicted {
            return State::Changed;
        }
        let modified = metadata.modified().ok().map(since_epoch).unwrap_or_default();
        // Images and archives keep whole seconds only, so nanoseconds count where both sides have them.
        let exact = modified.1 != 0 && tracked.modified.1 != 0;
        let same_time = modified.0 == tracked.modified.0 && (!exact || modified.1 == tracked.modified.1);
        // A file written in the same moment as the index may have changed since and look the same.
        let settled = if exact { modified < index.written } else { modified.0 < index.written.0 };
        let same_size = u64::from(tracked.size) == metadata.len() & 0xffff_ffff;
        if same_time && same_size && settled {
            return State::Same(tracked.id);
        }
        match read_regular(&self.root.join(disk), self.limits.file) {
            Ok(Some(bytes)) if Id::of_blob(&bytes) == Some(tracked.id) => State::Same(tracked.id),
            Ok(None) if same_size => State::Unsure,
            Err(_) => State::Unsure,
            Ok(_) => State::Changed,
        }
    }

    fn commit(&mut self, git: &Repository) {
        self.inventory.store = Some(git.store().clone());
        let Some(commit) = git.commit() else { return };
        let listing = match git.tree(commit, MOST_TREE_STEPS, self.limits.depth) {
            Ok(listing) => listing,
            Err(error) => {
                self.inventory.incomplete = true;
                let text = format!("The tree of the commit cannot be read: {error}.");
                self.notices.push(Notice { at: None, kind: NoticeKind::Missing, text });
                return;
            }
        };
        self.inventory.incomplete |= listing.cut_off;
        for (path, error) in &listing.closed {
            let deep = matches!(error, crate::git::ReadError::TooLarge(_));
            self.skip(path, if deep { SkipReason::TooDeep } else { SkipReason::NotInClone });
        }
        for entry in listing.entries {
            if !self.has_room() {
                break;
            }
            match unfit(&entry.path, self.limits.depth) {
                Some(why) => self.skip(&entry.path, why),
                None => self.blob(&entry.path, entry.id, entry.mode),
            }
        }
    }

    /// Takes in something that lies in the object store.
    fn blob(&mut self, path: &[u8], id: Id, mode: u32) {
        if is_submodule(mode) {
            return self.skip(path, SkipReason::Submodule);
        }
        let Some(store) = self.inventory.store.clone() else { return };
        if is_link(mode) {
            return match store.blob(id, LONGEST_TARGET) {
                Ok(target) => self.link(path, &target),
                Err(_) => self.skip(path, SkipReason::NotInClone),
            };
        }
        // Where it is not in this clone it is listed all the same; who reads it will be told.
        let size = store.blob_size(id).unwrap_or(0);
        let path = self.path(path);
        self.add(path, size, Some(id.to_string()), Content::Blob(id));
    }

    fn add(&mut self, path: RepoPath, size: u64, blob: Option<String>, content: Content) {
        self.inventory.entries.push(Entry { path, size, blob, link: None, attributes: Attributes::default(), content });
    }

    fn link(&mut self, path: &[u8], target: &[u8]) {
        let path = self.path(path);
        self.links.insert(path, String::from_utf8_lossy(target).into_owned());
    }

    fn skip(&mut self, path: &[u8], why: SkipReason) {
        let path = if path.is_empty() { ".".into() } else { self.path(path) };
        self.inventory.skipped.push(Skipped { path, why });
    }

    /// The path as it is shown.
    fn path(&mut self, bytes: &[u8]) -> RepoPath {
        let text = String::from_utf8_lossy(bytes);
        let path: RepoPath = (&*text).into();
        if matches!(text, std::borrow::Cow::Owned(_)) {
            self.not_utf8.0 += 1;
            if self.not_utf8.1.as_ref().is_none_or(|first| *first > path) {
                self.not_utf8.1 = Some(path.clone());
            }
        }
        path
    }

    fn has_room(&mut self) -> bool {
        let room = self.inventory.entries.len() + self.links.len() + self.inventory.skipped.len() < self.limits.files;
        self.inventory.incomplete |= !room;
        room
    }

    fn finish(mut self) -> (Inventory, Vec<Notice>) {
        self.sort();
        self.follow_links();
        self.inventory.skipped.sort();
        self.inventory.skipped.dedup();
        self.inventory.read_attributes();
        self.tell();
        (self.inventory, self.notices)
    }

    /// Sorts the entries; of two that read the same only the first one stays.
    fn sort(&mut self) {
        self.inventory.entries.sort_by(|a, b| a.path.cmp(&b.path));
        let skipped = &mut self.inventory.skipped;
        self.inventory.entries.dedup_by(|later, kept| {
            let same = later.path == kept.path;
            if same {
                skipped.push(Skipped { path: later.path.clone(), why: SkipReason::UnsafeName });
            }
            same
        });
    }

    fn follow_links(&mut self) {
        let inventory = &self.inventory;
        let led: Vec<_> = self
            .links
            .keys()
            .map(|link| (link.clone(), links::follow(link, &self.links, &|p| inventory.contains(p), &|p| inventory.is_dir(p))))
            .collect();
        let mut found = Vec::new();
        for (path, led) in led {
            match led {
                Ok(target) => found.extend(self.inventory.get(&target).map(|entry| Entry {
                    path: path.clone(),
                    size: entry.size,
                    blob: None,
                    link: Some(entry.path.clone()),
                    attributes: Attributes::default(),
                    content: entry.content.clone(),
                })),
                Err(why) => self.inventory.skipped.push(Skipped { path, why }),
            }
        }
        self.inventory.entries.extend(found);
        self.sort();
    }

    /// One notice a reason, with one example, however many there are.
    fn tell(&mut self) {
        let mut reasons: BTreeMap<SkipReason, (usize, RepoPath)> = BTreeMap::new();
        for Skipped { path, why } in &self.inventory.skipped {
            reasons.entry(*why).or_insert_with(|| (0, path.clone())).0 += 1;
        }
        for (why, (count, path)) in reasons.into_iter().filter(|(why, _)| *why != SkipReason::LinkToFolder) {
            let more = if count > 1 { format!(" (and {} more)", count - 1) } else { String::new() };
            let text = format!("Left out: {}{more}.", why.sentence());
            self.notices.push(Notice { at: Some(Location::file(&path)), kind: kind(why), text });
        }
        if let (count, Some(path)) = &self.not_utf8 {
            let text = format!("{count} path(s) are no UTF-8 and are shown with replacement characters.");
            self.notices.push(Notice { at: Some(Location::file(path)), kind: NoticeKind::Unparsable, text });
        }
        if self.inventory.incomplete {
            let text = format!("Not every file was listed: there are more than {}, or some are out of reach.", self.limits.files);
            self.notices.push(Notice { at: None, kind: NoticeKind::TooLarge, text });
        }
        self.notices.sort();
    }
}

/// What is known of a tracked file on disk.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Its content is that of the blob.
    Same(Id),
    /// It is not.
    Changed,
    /// Too large to ask, or not readable.
    Unsure,
}

/// What differs from the last commit.
struct Changes {
    /// For each entry of the index, whether it does.
    tracked: Vec<bool>,
    /// How many other files do: removed from the index, or not tracked.
    others: usize,
    /// Whether the commit could not be read, so that nothing is known.
    unknown: bool,
}

/// Compares the index with the commit that the work tree stands on.
fn differing(git: &Repository, index: &Index) -> Changes {
    let mut changes = Changes { tracked: vec![false; index.entries.len()], others: 0, unknown: false };
    let Some(commit) = git.commit() else {
        changes.tracked.fill(true);
        return changes;
    };
    let Ok(listing) = git.tree(commit, MOST_TREE_STEPS, 256) else { return Changes { unknown: true, ..changes } };
    changes.unknown = listing.cut_off || !listing.closed.is_empty();
    let mut committed: Vec<_> = listing.entries.iter().map(|e| (e.path.as_slice(), e.id)).collect();
    committed.sort();
    let mut committed = committed.into_iter().peekable();
    for (entry, changed) in index.entries.iter().zip(&mut changes.tracked) {
        while committed.next_if(|(path, _)| *path < entry.path.as_slice()).is_some() {
            changes.others += 1;
        }
        let same = committed.next_if(|(path, _)| *path == entry.path.as_slice()).is_some_and(|(_, id)| id == entry.id);
        *changed = !same;
    }
    changes.others += committed.count();
    changes
}

/// The last commit in place of an index that cannot be read.
///
/// A file of it that is not on disk has been removed, or (in a sparse checkout) was never there.
fn from_commit(git: &Repository) -> Index {
    let sparse = git.is_sparse();
    let listing = git.commit().and_then(|c| git.tree(c, MOST_TREE_STEPS, 256).ok()).unwrap_or_default();
    let entry = |e: crate::git::TreeEntry| IndexEntry {
        path: e.path,
        id: e.id,
        mode: e.mode,
        modified: (0, 0),
        size: 0,
        sparse,
        conflicted: false,
    };
    let mut entries: Vec<_> = listing.entries.into_iter().map(entry).collect();
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    Index { entries, written: (0, 0) }
}

/// Why a path that Git holds must not be used: it could lead out of the tree or into Git's own data, or is too deep.
fn unfit(path: &[u8], depth: usize) -> Option<SkipReason> {
    let mut parts = 0;
    for part in path.split(|b| *b == b'/') {
        parts += 1;
        let own = part.eq_ignore_ascii_case(b".git") || part.eq_ignore_ascii_case(b"git~1");
        if part.is_empty() || part == b"." || part == b".." || own || part.contains(&0) {
            return Some(SkipReason::UnsafeName);
        }
        if cfg!(windows) && part.iter().any(|b| matches!(b, b'\\' | b':')) {
            return Some(SkipReason::UnsafeName);
        }
    }
    (parts > depth).then_some(SkipReason::TooDeep)
}

/// Whether every folder on the way is a real one.
fn real_folder(root: &Path, folder: &[u8], known: &mut BTreeMap<Vec<u8>, bool>) -> bool {
    if folder.is_empty() {
        return true;
    }
    if let Some(known) = known.get(folder) {
        return *known;
    }
    let ends = folder.iter().enumerate().filter(|(_, b)| **b == b'/').map(|(at, _)| at).chain([folder.len()]);
    let real = ends
        .filter_map(|end| folder.get(..end))
        .all(|above| root.join(path_from_bytes(above)).symlink_metadata().is_ok_and(|m| m.is_dir()));
    known.insert(folder.to_owned(), real);
    real
}

fn mark(flags: &mut [bool], at: usize) {
    if let Some(flag) = flags.get_mut(at) {
        *flag = true;
    }
}

const fn kind(why: SkipReason) -> NoticeKind {
    match why {
        SkipReason::TooDeep => NoticeKind::TooLarge,
        SkipReason::Unreadable | SkipReason::NotInClone | SkipReason::Annexed => NoticeKind::Missing,
        SkipReason::Submodule | SkipReason::NestedRepository | SkipReason::LinkNowhere | SkipReason::LinkToFolder => {
            NoticeKind::NotFollowed
        }
        SkipReason::LinkOutside | SkipReason::LinkCircle | SkipReason::Special | SkipReason::UnsafeName => NoticeKind::NotAFile,
    }
}
