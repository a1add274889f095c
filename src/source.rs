//! Places and text: the only way to point at a scanned repository.
//!
//! Paths are relative to the root of the repository and use `/`, always. Lines are 1-based.

use std::sync::Arc;

/// A path inside the scanned repository: relative, `/`-separated, without a leading `./`; the root itself is `.`.
pub type RepoPath = Arc<str>;

/// Where a thing can be seen. Nothing is claimed without one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    /// The file.
    pub path: RepoPath,
    /// First line, 1-based; 0 means the whole file.
    pub line: u32,
    /// Last line, where it differs from the first.
    pub end_line: Option<u32>,
}

impl Location {
    /// A single line.
    pub fn line(path: &RepoPath, line: u32) -> Self {
        Self { path: path.clone(), line, end_line: None }
    }

    /// A whole file.
    pub fn file(path: &RepoPath) -> Self {
        Self::line(path, 0)
    }
}

impl std::fmt::Display for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            0 => write!(f, "{}", self.path),
            line => write!(f, "{}:{line}", self.path),
        }
    }
}

/// What kind of thing could not be read or followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoticeKind {
    /// The file breaks the rules of its own format.
    Unparsable,
    /// Over a bound on size, depth, nodes or steps.
    TooLarge,
    /// Listed, but its bytes are not there (partial clone, permission, race).
    Missing,
    /// Not a regular file, or a link that leaves the repository.
    NotAFile,
    /// The history could not be read or is cut off.
    History,
    /// A reference that the reader could not follow.
    NotFollowed,
    /// A setting that changes nothing.
    Setting,
    /// A defect of ours: a reader panicked on this file.
    Defect,
}

/// Something that could not be read or followed. It never stops a scan and always stands in the report.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Notice {
    /// Where, if it concerns one file.
    pub at: Option<Location>,
    /// What kind of trouble.
    pub kind: NoticeKind,
    /// One sentence for the owner of the repository.
    pub text: String,
}

/// The text of one file and where its lines begin.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// Where it lies.
    pub path: RepoPath,
    /// Its text; invalid UTF-8 has been replaced, line by line the same.
    pub text: String,
    starts: Vec<u32>,
}

impl SourceFile {
    /// Takes a file's text and finds its lines.
    pub fn new(path: RepoPath, text: String) -> Self {
        let starts = std::iter::once(0).chain(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at as u32 + 1)).collect();
        Self { path, text, starts }
    }

    /// The text of a 1-based line, without its line feed; empty beyond the end.
    pub fn line_text(&self, line: u32) -> &str {
        let Some(start) = (line as usize).checked_sub(1).and_then(|i| self.starts.get(i)) else { return "" };
        let rest = &self.text[*start as usize..];
        rest.split('\n').next().unwrap_or("").trim_end_matches('\r')
    }

    /// The last component of the path.
    pub fn name(&self) -> &str {
        file_name(&self.path)
    }
}

/// The last component of a path.
pub fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The folder of a path; `.` at the root.
pub fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or(".", |(dir, _)| dir)
}

/// Folders at the root of a repository whose `workflows` several hosts read, in one and the same language.
pub(crate) const WORKFLOW_HOMES: &[&str] = &[".github", ".gitea", ".forgejo"];

/// Whether a path lies in one of the folders that are its host's.
pub(crate) fn is_of_host(path: &str) -> bool {
    path.split_once('/').is_some_and(|(first, _)| WORKFLOW_HOMES.contains(&first))
}

/// The extension in the file name, without the dot.
pub fn extension(path: &str) -> Option<&str> {
    let name = file_name(path);
    name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).map(|(_, ext)| ext)
}

/// Where the paths of copies of other repositories begin. No scanned file lies there: Git keeps its own data in the folder
/// `.git`, which is never listed.
pub const COPIES: &str = ".git/+/";

/// The root that a path belongs to: `.` of what is scanned, or that of a copy of another repository (`.git/+/NAME`).
pub fn root(path: &str) -> &str {
    let Some(rest) = path.strip_prefix(COPIES) else { return "." };
    let end = rest.find('/').map_or(path.len(), |at| COPIES.len() + at);
    path.get(..end).unwrap_or(path)
}

/// Whether a path lies in a copy of another repository.
pub fn is_copy(path: &str) -> bool {
    path.starts_with(COPIES)
}

/// A path as its own repository has it.
pub fn within(path: &str) -> &str {
    match root(path) {
        "." => path,
        root => path.get(root.len() + 1..).unwrap_or("."),
    }
}

/// Joins a folder and a relative path, resolving `.` and `..`; `/` begins at the root of the folder's repository.
/// `None` where the result would leave that repository.
pub fn join(folder: &str, relative: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    let start = if relative.starts_with('/') { "" } else { within(folder) };
    for part in start.split('/').chain(relative.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            other => parts.push(other),
        }
    }
    Some(match (root(folder), parts.is_empty()) {
        (".", false) => parts.join("/"),
        (root, true) => root.to_owned(),
        (root, false) => format!("{root}/{}", parts.join("/")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_found_by_number() {
        let file = SourceFile::new("a/b.txt".into(), "one\ntwo\r\n\nfour".into());
        assert_eq!(file.line_text(2), "two");
        assert_eq!(file.line_text(9), "");
    }

    #[test]
    fn paths_stay_inside() {
        assert_eq!(join("a/b", "../c").as_deref(), Some("a/c"));
        assert_eq!(join(".", "./x/").as_deref(), Some("x"));
        assert_eq!(join("a", "../.."), None);
        assert_eq!(join("a", "/b").as_deref(), Some("b"));
        let copy = ".git/+/acme+tools";
        assert_eq!((root("a/b"), root(copy), root(".git/+/acme+tools/a/b")), (".", copy, copy));
        assert_eq!((within("a/b"), within(copy), within(".git/+/acme+tools/a/b")), ("a/b", ".", "a/b"));
        assert_eq!(join(".git/+/acme+tools/a", "../b").as_deref(), Some(".git/+/acme+tools/b"));
        assert_eq!(join(".git/+/acme+tools/a", "/c").as_deref(), Some(".git/+/acme+tools/c"));
        assert_eq!(join(".git/+/acme+tools/a", "..").as_deref(), Some(copy));
        assert_eq!(join(".git/+/acme+tools/a", "../../b"), None);
        assert_eq!(join(".git/hooks", "../../b").as_deref(), Some("b"));
    }
}
