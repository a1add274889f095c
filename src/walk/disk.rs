//! The walk over a folder on disk: everything that Git would not ignore, in the order of names.
//!
//! One thread, no recursion: on the trees that matter the list comes from the index and the walk only has to find
//! what is not tracked. Links are reported and never followed, other repositories are not entered.

use std::fs::Metadata;
use std::path::{Path, PathBuf};

use super::SkipReason;
use super::ignores::{Budget, Ignores};
use crate::git::opening::bytes_from_name;

/// How many patterns the ignore files of one tree may hold together.
const MOST_PATTERNS: usize = 200_000;

/// One thing that the walk met and that is not ignored.
pub struct Met {
    /// Its path below the root, in bytes.
    pub path: Vec<u8>,
    /// The path below the root as the system spells it.
    pub disk: PathBuf,
    /// What it is.
    pub what: What,
}

/// What a thing on disk is.
pub enum What {
    /// A plain file.
    File(Box<Metadata>),
    /// A symbolic link.
    Link,
    /// Something that is no entry.
    Skip(SkipReason),
}

/// How to walk.
pub struct Rules<'a> {
    /// Names of ignore files, in rising order of precedence.
    pub ignore_files: &'a [&'a str],
    /// Patterns of the clone itself.
    pub excludes: Option<Vec<u8>>,
    /// Whether a folder with a `.git` of its own is left alone.
    pub stop_at_repositories: bool,
    /// Whether a path is tracked: then it is no matter whether it is ignored.
    pub tracked: &'a dyn Fn(&[u8]) -> bool,
    /// Whether a path is tracked as another repository.
    pub submodule: &'a dyn Fn(&[u8]) -> bool,
    /// The deepest path, in components.
    pub depth: usize,
}

/// Walks the folder and tells `meet` what is there, until it returns `false`.
pub fn walk(root: &Path, rules: &Rules<'_>, meet: &mut dyn FnMut(Met) -> bool) {
    let mut budget = Budget(MOST_PATTERNS);
    let mut ignores = Ignores::default();
    if let Some(excludes) = &rules.excludes {
        ignores = ignores.with(excludes, 0, &mut budget);
    }
    let mut waiting = vec![(Vec::new(), PathBuf::new(), 0_usize, ignores)];
    while let Some((path, disk, depth, ignores)) = waiting.pop() {
        let here = root.join(&disk);
        let Ok(listed) = here.read_dir() else {
            if !meet(Met { path, disk, what: What::Skip(SkipReason::Unreadable) }) {
                return;
            }
            continue;
        };
        let skip = if path.is_empty() { 0 } else { path.len() + 1 };
        let ignores = ignores.enter(&here, rules.ignore_files, skip, &mut budget);
        let mut children: Vec<_> = listed.flatten().map(|entry| (bytes_from_name(&entry.file_name()), entry)).collect();
        children.sort_by(|a, b| a.0.cmp(&b.0));
        let mut folders = Vec::new();
        for (name, entry) in children {
            if name == b".git" {
                continue;
            }
            let mut below = path.clone();
            if !below.is_empty() {
                below.push(b'/');
            }
            below.extend_from_slice(&name);
            let below_disk = disk.join(entry.file_name());
            let kind = entry.file_type();
            let is_folder = kind.as_ref().is_ok_and(|k| k.is_dir());
            if !(rules.tracked)(&below) && ignores.ignores(&below, is_folder) {
                continue;
            }
            let what = match kind {
                Err(_) => What::Skip(SkipReason::Unreadable),
                Ok(_) if depth + 1 > rules.depth => What::Skip(SkipReason::TooDeep),
                Ok(kind) if kind.is_dir() => {
                    if (rules.submodule)(&below) {
                        What::Skip(SkipReason::Submodule)
                    } else if rules.stop_at_repositories && entry.path().join(".git").symlink_metadata().is_ok() {
                        What::Skip(SkipReason::NestedRepository)
                    } else {
                        folders.push((below, below_disk, depth + 1, ignores.clone()));
                        continue;
                    }
                }
                Ok(kind) if kind.is_symlink() => What::Link,
                Ok(kind) if kind.is_file() => match entry.metadata() {
                    Ok(metadata) => What::File(Box::new(metadata)),
                    Err(_) => What::Skip(SkipReason::Unreadable),
                },
                Ok(_) => What::Skip(SkipReason::Special),
            };
            if !meet(Met { path: below, disk: below_disk, what }) {
                return;
            }
        }
        waiting.extend(folders.into_iter().rev());
    }
}
