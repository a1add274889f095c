//! What `.gitattributes` says of files: written by others, written by a machine, or changed on the way to disk.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::{Content, Inventory};
use crate::source::folder;

/// The most lines of attributes in one repository that are taken into account.
const MOST_LINES: usize = 5_000;
/// The longest pattern, in bytes.
const LONGEST_PATTERN: usize = 500;

/// What the repository says of one of its files; `None` where it says nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Attributes {
    /// `linguist-vendored`: somebody else's code.
    pub vendored: Option<bool>,
    /// `linguist-generated`: written by a machine.
    pub generated: Option<bool>,
    /// A `filter` or another encoding: the bytes on disk are not those that Git stores (Git LFS is one).
    pub filtered: Option<bool>,
}

impl Attributes {
    fn or(self, earlier: Self) -> Self {
        Self {
            vendored: self.vendored.or(earlier.vendored),
            generated: self.generated.or(earlier.generated),
            filtered: self.filtered.or(earlier.filtered),
        }
    }
}

impl Inventory {
    /// Reads the attribute files among the entries, from the root down, and marks the entries they speak of.
    pub(super) fn read_attributes(&mut self) {
        let named = |path: &str| path == ".gitattributes" || path.ends_with("/.gitattributes");
        let mut files: Vec<_> = self.entries.iter().map(|e| e.path.clone()).filter(|p| named(p)).collect();
        // A file further down overrides one further up.
        files.sort_by_key(|path| (path.matches('/').count(), path.clone()));
        let mut lines = 0;
        for path in files {
            let Ok(file) = self.read(&path) else { continue };
            let Some((globs, says)) = rules(&file.text, &mut lines) else { continue };
            let home = folder(&path);
            let from = self.below(home).first().map(|e| e.path.clone());
            let count = self.below(home).len();
            let Some(from) = from.and_then(|p| self.entries.binary_search_by(|e| e.path.cmp(&p)).ok()) else { continue };
            let skip = if home == "." { 0 } else { home.len() + 1 };
            for entry in self.entries.iter_mut().skip(from).take(count) {
                let below = entry.path.get(skip..).unwrap_or_default();
                // The last line that matches wins.
                let said = globs.matches(below).into_iter().filter_map(|at| says.get(at));
                entry.attributes = said.fold(entry.attributes, |earlier, later| later.or(earlier));
            }
        }
        for entry in &mut self.entries {
            if entry.attributes.filtered == Some(true) && matches!(entry.content, Content::Disk(_)) {
                entry.blob = None;
            }
        }
    }
}

/// The lines that matter, as globs relative to the folder of the file.
fn rules(text: &str, lines: &mut usize) -> Option<(GlobSet, Vec<Attributes>)> {
    let mut globs = GlobSetBuilder::new();
    let mut says = Vec::new();
    for line in text.lines() {
        let line = line.trim();
        if line.starts_with(['#', '[']) || line.len() > LONGEST_PATTERN || *lines >= MOST_LINES {
            continue;
        }
        let (pattern, words) = match line.strip_prefix('"').and_then(|rest| rest.split_once('"')) {
            Some((pattern, words)) => (pattern, words),
            None => line.split_once([' ', '\t']).unwrap_or((line, "")),
        };
        let said = attributes(words);
        if said == Attributes::default() || pattern.is_empty() || pattern.starts_with('!') {
            continue;
        }
        *lines += 1;
        // Without a slash a pattern speaks of names at any depth.
        let glob = match pattern.strip_prefix('/') {
            Some(anchored) => anchored.to_owned(),
            None if pattern.contains('/') => pattern.to_owned(),
            None => format!("**/{pattern}"),
        };
        if let Ok(glob) = GlobBuilder::new(&glob).literal_separator(true).backslash_escape(true).build() {
            globs.add(glob);
            says.push(said);
        }
    }
    let globs = globs.build().ok()?;
    (!says.is_empty()).then_some((globs, says))
}

fn attributes(words: &str) -> Attributes {
    let mut said = Attributes::default();
    for word in words.split_whitespace() {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, !value.eq_ignore_ascii_case("false")),
            None => (word.trim_start_matches(['-', '!']), !word.starts_with(['-', '!'])),
        };
        match name {
            "linguist-vendored" => said.vendored = Some(value),
            "linguist-generated" => said.generated = Some(value),
            "filter" | "working-tree-encoding" | "ident" => said.filtered = Some(value),
            _ => {}
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_come_from_the_nearest_last_line() {
        let inventory = Inventory::in_memory(&[
            (
                ".gitattributes",
                "*.js linguist-vendored\nlib/** linguist-vendored\n/top.py linguist-generated=true\n*.bin filter=lfs -text\n",
            ),
            ("own/.gitattributes", "*.js -linguist-vendored\n"),
            ("a.js", ""),
            ("own/a.js", ""),
            ("own/top.py", ""),
            ("top.py", ""),
            ("lib/x/y.py", ""),
            ("z/w.bin", ""),
        ]);
        let of = |path: &str| inventory.get(path).map(|e| e.attributes).unwrap_or_default();
        assert_eq!(of("a.js").vendored, Some(true));
        assert_eq!(of("own/a.js").vendored, Some(false));
        assert_eq!(of("lib/x/y.py").vendored, Some(true));
        assert_eq!(of("top.py").generated, Some(true));
        assert_eq!(of("own/top.py").generated, None);
        assert_eq!(of("z/w.bin").filtered, Some(true));
    }
}
