//! Documents that are written over several files of one format: which files belong to which, and what each asks of
//! the others.
//!
//! A reader sees one file and says what it asks of others ([`Asked`]); here the names become files that there are, and
//! each of them is read again with the documents of all. Which files are asked for may change with every reading, so
//! this is asked again after each round, and the rounds are bounded where they are counted.

use std::collections::{BTreeMap, BTreeSet};

use globset::{GlobBuilder, GlobMatcher};

use super::View;
use crate::fact::{Asked, Joined, Whole};
use crate::source::RepoPath;

/// Most files that one pattern or one file may ask for.
const MAX_FILES: usize = 200;

/// What each file is asked for by others of its format, in path order.
pub(crate) fn wholes(view: &View<'_>) -> BTreeMap<RepoPath, Joined> {
    let mut all: BTreeMap<RepoPath, Joined> = BTreeMap::new();
    for (root, facts) in view.book {
        for (path, reader) in facts.handed.iter().filter(|(path, _)| view.inventory.contains(path)).take(MAX_FILES) {
            let joined = all.entry(path.clone()).or_default();
            joined.readers.insert(reader);
            joined.named = true;
        }
        let Some(asked) = &facts.asked else { continue };
        let whole = whole(root, asked, view);
        let parts: BTreeSet<RepoPath> = whole.parts.values().flatten().cloned().collect();
        for path in parts.iter().chain([root]) {
            let joined = all.entry(path.clone()).or_default();
            joined.readers.insert(asked.reader);
            joined.wholes.push(whole.clone());
        }
        for path in &whole.others {
            let joined = all.entry(path.clone()).or_default();
            joined.readers.insert(asked.reader);
            joined.named = true;
        }
    }
    all
}

fn whole(root: &RepoPath, asked: &Asked, view: &View<'_>) -> Whole {
    let mut left = MAX_FILES;
    let mut parts: BTreeMap<String, Vec<RepoPath>> = BTreeMap::new();
    for pattern in &asked.parts {
        let found = found(pattern, left, view);
        left -= found.len().min(left);
        parts.insert(pattern.clone(), found);
    }
    let others = asked.others.iter().filter(|p| view.inventory.contains(p)).take(MAX_FILES).cloned().collect();
    let documents = parts
        .values()
        .flatten()
        .chain([root])
        .filter_map(|path| Some((path.clone(), view.book.get(path)?.tree.clone()?)))
        .collect();
    Whole { root: root.clone(), parts, others, documents }
}

/// The files that a path or glob means; a star stays within its folder.
fn found(pattern: &str, most: usize, view: &View<'_>) -> Vec<RepoPath> {
    if !pattern.contains('*') {
        return view.inventory.contains(pattern).then(|| pattern.into()).into_iter().take(most).collect();
    }
    let glob: Option<GlobMatcher> =
        GlobBuilder::new(pattern).literal_separator(true).build().ok().map(|glob| glob.compile_matcher());
    let Some(glob) = glob else { return Vec::new() };
    let paths = view.inventory.entries().iter().map(|e| &e.path).filter(|path| glob.is_match(&***path));
    paths.take(most).cloned().collect()
}

/// Files that must be read because this one asks for them.
pub(super) fn asked_for(root: &RepoPath, asked: &Asked, view: &View<'_>) -> Vec<RepoPath> {
    let whole = whole(root, asked, view);
    whole.parts.into_values().flatten().chain(whole.others).collect()
}
