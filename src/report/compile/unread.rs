//! Which files that were seen and not read leave which practices undecided.
//!
//! Why: "unknown" helps nobody who is not told what to look at. Invariant: a practice that is unknown because a file was
//! not read is named by such a file, unless the list of files itself was cut off.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{SeenNotRead, redact};
use super::{Findings, JudgedSystem};
use crate::source::RepoPath;
use crate::words::Unknown;

/// A file that was seen and not read.
#[derive(Debug, Clone)]
pub(crate) struct Unread {
    /// The file.
    pub(crate) path: RepoPath,
    /// What it is taken for.
    pub(crate) what: String,
    /// Which of the kinds of such files it is: those that start most come first.
    pub(crate) kind: usize,
    /// Ids of the practices that such a file may show.
    pub(crate) practices: Vec<String>,
}

/// The files that may show a practice; of one that no kind of file names, those that may start what it is about.
fn hiding<'u>(unread: &'u [Unread], id: &str) -> Vec<&'u Unread> {
    let named = |ids: &[&str]| -> Vec<&'u Unread> {
        unread.iter().filter(|file| file.practices.iter().any(|p| ids.contains(&p.as_str()))).collect()
    };
    let shows = named(&[id]);
    if shows.is_empty() { named(crate::practices::STARTS) } else { shows }
}

/// Which of several files tells most, least first: those that start things before notebooks.
fn telling(file: &Unread) -> (bool, usize, &RepoPath) {
    (file.path.ends_with(".ipynb"), file.kind, &file.path)
}

/// `a.yml`, or `a.yml and 4 more`: the files that may show a practice; none where the list of files was cut off.
pub(super) fn named(findings: &Findings<'_>, id: &str) -> Option<String> {
    let hiding = hiding(findings.unread, id);
    let first = redact::snippet(&hiding.iter().min_by_key(|file| telling(file))?.path);
    let files: BTreeSet<&RepoPath> = hiding.into_iter().map(|file| &file.path).collect();
    Some(match files.len() {
        1 => first,
        all => format!("{first} and {} more", all - 1),
    })
}

/// Files that were seen and not followed, each once, with what they leave undecided. A notebook whose calls are evidence
/// was read as far as nothing hangs on the rest.
pub(super) fn seen_not_read(findings: &Findings<'_>, systems: &[JudgedSystem<'_>]) -> Vec<SeenNotRead> {
    let cited: BTreeSet<&RepoPath> = findings.signals.all.iter().map(|s| &s.at.path).filter(|p| p.ends_with(".ipynb")).collect();
    let open = systems.iter().flat_map(|system| &system.practices);
    let open: BTreeSet<&str> = open
        .filter(|p| p.standing.unknown == Some(Unknown::NotRead) && !p.id.starts_with("probe."))
        .map(|p| p.id.as_str())
        .collect();
    let mut files: BTreeMap<&RepoPath, (Vec<&str>, BTreeSet<&str>)> = BTreeMap::new();
    let mut ranks: BTreeMap<&RepoPath, (bool, usize, &RepoPath)> = BTreeMap::new();
    for file in findings.unread {
        // two readers may know a file by the same name
        let rank = ranks.entry(&file.path).or_insert(telling(file));
        *rank = telling(file).min(*rank);
        let (known, _) = files.entry(&file.path).or_default();
        if !known.contains(&file.what.as_str()) {
            known.push(&file.what);
        }
    }
    for id in open {
        for file in hiding(findings.unread, id) {
            files.entry(&file.path).or_default().1.insert(id);
        }
    }
    // what tells most first, so that whoever names one names that
    let mut files: Vec<_> = files.into_iter().collect();
    files.sort_by_key(|(path, _)| ranks.get(*path).copied());
    let told = files.into_iter().filter(|(path, (_, practices))| !practices.is_empty() || !cited.contains(path));
    // what leaves something open must not be cut off by what does not
    let (open, others): (Vec<_>, Vec<_>) = told.partition(|(_, (_, practices))| !practices.is_empty());
    open.into_iter()
        .chain(others)
        .take(200)
        .map(|(path, (what, practices))| SeenNotRead {
            path: redact::snippet(path),
            what: what.join(", "),
            practices: practices.into_iter().map(str::to_owned).collect(),
        })
        .collect()
}
