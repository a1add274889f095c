//! What Git ignores: the `.gitignore` files of the tree itself, each for the folder it stands in.
//!
//! The patterns are matched by the `ignore` crate; the files are opened here, because one of them may be a FIFO, a
//! device or a gigabyte. Ignore files above the root and those of the user or the machine are never asked.

use std::path::Path;
use std::sync::Arc;

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::git::opening;

/// The largest ignore file that is read, in bytes.
const LARGEST: u64 = 1 << 20;
/// The most patterns of one file, and the longest one in bytes.
const MOST_LINES: usize = 5_000;
const LONGEST_LINE: usize = 1_000;

/// The ignore rules that hold in one folder, with those of the folders above.
#[derive(Debug, Clone, Default)]
pub struct Ignores(Option<Arc<Level>>);

#[derive(Debug)]
struct Level {
    patterns: Gitignore,
    /// How many bytes of a path (from the root) lead to the folder of these patterns, slash included.
    skip: usize,
    above: Ignores,
}

/// How many patterns a walk may still compile; a tree of nothing but ignore files is a trap.
#[derive(Debug, Clone, Copy)]
pub struct Budget(pub usize);

impl Ignores {
    /// With the patterns of one text, for the folder whose path has `skip` bytes with its slash.
    pub fn with(&self, text: &[u8], skip: usize, budget: &mut Budget) -> Self {
        let mut builder = GitignoreBuilder::new(".");
        let mut any = false;
        for line in String::from_utf8_lossy(text).trim_start_matches('\u{feff}').lines().take(MOST_LINES) {
            if line.trim().is_empty() || line.starts_with('#') || line.len() > LONGEST_LINE {
                continue;
            }
            if budget.0 == 0 {
                break;
            }
            budget.0 -= 1;
            // A pattern that makes no sense is Git's to complain about.
            any |= builder.add_line(None, line).is_ok();
        }
        match builder.build() {
            Ok(patterns) if any => Self(Some(Arc::new(Level { patterns, skip, above: self.clone() }))),
            _ => self.clone(),
        }
    }

    /// With the ignore files that stand in a folder; `names` in rising order of precedence.
    pub fn enter(&self, folder: &Path, names: &[&str], skip: usize, budget: &mut Budget) -> Self {
        names.iter().fold(self.clone(), |ignores, name| match opening::read_regular(&folder.join(name), LARGEST) {
            Ok(Some(bytes)) => ignores.with(&bytes, skip, budget),
            _ => ignores,
        })
    }

    /// Whether a path (from the root) is ignored. The nearest file with an opinion decides.
    pub fn ignores(&self, path: &[u8], is_folder: bool) -> bool {
        let mut at = &self.0;
        while let Some(level) = at {
            let below = opening::path_from_bytes(path.get(level.skip..).unwrap_or(path));
            let matched = level.patterns.matched(&below, is_folder);
            if !matched.is_none() {
                return matched.is_ignore();
            }
            at = &level.above.0;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_opinion_decides() {
        let mut budget = Budget(100);
        let top = Ignores::default().with(b"*.csv\n/build/\n# no\n", 0, &mut budget);
        let deep = top.with(b"!keep.csv\n/x\n", 5, &mut budget);
        assert!(top.ignores(b"data/a.csv", false));
        assert!(top.ignores(b"build", true));
        assert!(!top.ignores(b"build", false));
        assert!(!top.ignores(b"data/build", true));
        assert!(!deep.ignores(b"data/keep.csv", false));
        assert!(deep.ignores(b"data/x", false));
        assert!(!deep.ignores(b"data/y/x", false));
        assert_eq!(budget.0, 96);
    }
}
