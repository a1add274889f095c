//! Where symbolic links lead, worked out from the list of files and never by asking the system.

use std::collections::BTreeMap;

use super::SkipReason;
use crate::source::{RepoPath, folder, join};

/// The most links on the way to one file.
const MOST_HOPS: usize = 40;

/// A link's target as written, in text.
pub type Targets = BTreeMap<RepoPath, String>;

/// The file that a link leads to, or why none.
pub fn follow(
    link: &str,
    targets: &Targets,
    is_file: &dyn Fn(&str) -> bool,
    is_folder: &dyn Fn(&str) -> bool,
) -> Result<String, SkipReason> {
    let mut at = link.to_owned();
    for _ in 0..MOST_HOPS {
        let Some((through, rest)) = nearest(&at, targets) else {
            return match () {
                () if is_file(&at) => Ok(at),
                () if at == "." || is_folder(&at) => Err(SkipReason::LinkToFolder),
                () => Err(SkipReason::LinkNowhere),
            };
        };
        let target = targets.get(through).map(String::as_str).unwrap_or_default();
        if target.contains(".git/annex/") {
            return Err(SkipReason::Annexed);
        }
        if target.starts_with('/') || target.get(1..2) == Some(":") {
            return Err(SkipReason::LinkOutside);
        }
        let lands = join(folder(through), target).and_then(|lands| join(&lands, rest));
        at = lands.ok_or(SkipReason::LinkOutside)?;
    }
    Err(SkipReason::LinkCircle)
}

/// The first link on a path, from the root on, and what is left of the path behind it.
fn nearest<'a>(path: &'a str, targets: &Targets) -> Option<(&'a str, &'a str)> {
    let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
    ends.map(|end| path.split_at(end))
        .find(|(prefix, _)| targets.contains_key(*prefix))
        .map(|(prefix, rest)| (prefix, rest.strip_prefix('/').unwrap_or(rest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_followed_inside_only() {
        let pairs = [
            ("a", "dir/real.py"),
            ("b", "a"),
            ("out", "../secret"),
            ("abs", "/etc/passwd"),
            ("loop1", "loop2"),
            ("loop2", "./loop1"),
            ("alias", "dir"),
            ("via", "alias/real.py"),
            ("gone", "nothing"),
            ("dir/up", "../dir/real.py"),
            ("self", "self/x"),
        ];
        let targets: Targets = pairs.iter().map(|(l, t)| ((*l).into(), (*t).to_owned())).collect();
        let lead = |link| follow(link, &targets, &|p| p == "dir/real.py", &|p| p == "dir");
        for link in ["a", "b", "via", "dir/up"] {
            assert_eq!(lead(link).as_deref(), Ok("dir/real.py"), "{link}");
        }
        assert_eq!(lead("out"), Err(SkipReason::LinkOutside));
        assert_eq!(lead("abs"), Err(SkipReason::LinkOutside));
        assert_eq!(lead("loop1"), Err(SkipReason::LinkCircle));
        assert_eq!(lead("self"), Err(SkipReason::LinkCircle));
        assert_eq!(lead("alias"), Err(SkipReason::LinkToFolder));
        assert_eq!(lead("gone"), Err(SkipReason::LinkNowhere));
    }
}
