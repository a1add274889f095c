//! Files of patterns by which an orchestrator leaves out definitions beside and below them.
//!
//! The patterns are regular expressions or globs, which a setting of the orchestrator says; what either would leave out
//! is not taken for read.

use ignore::gitignore::GitignoreBuilder;

use crate::fact::{Fact, FactKind, FileFacts};
use crate::facts::{Context, Reader, When};
use crate::resolve::program::FileId;
use crate::source::{self, SourceFile, file_name, folder};

/// Such files.
pub(crate) const READER: Reader = Reader { name: "airflowignore", wants, when: When::Always, read };

/// The key of a pattern among the facts.
const KEY: &str = "ignored";
/// Most patterns of one file.
const MOST: usize = 200;
/// Folders above a definition that are looked at.
const DEPTH: usize = 32;
/// Most memory of one pattern, in bytes.
const SIZE: usize = 1 << 16;

fn wants(path: &str) -> bool {
    file_name(path) == ".airflowignore"
}

fn read(file: &SourceFile, _: &Context<'_>) -> FileFacts {
    let mut facts = FileFacts::default();
    for (number, line) in file.text.lines().enumerate() {
        let pattern = line.split('#').next().unwrap_or_default().trim();
        if !pattern.is_empty() && facts.facts.len() < MOST {
            let kind = FactKind::Setting { key: KEY.to_owned(), value: pattern.to_owned() };
            facts.state(None, u32::try_from(number + 1).unwrap_or(u32::MAX), kind);
        }
    }
    facts
}

impl super::Lowering<'_> {
    /// Why the definitions of a file are not read by the orchestrator.
    pub(super) fn left_out(&self, file: FileId) -> Option<String> {
        let name = self.rule.ignored.as_deref()?;
        let path = &self.code(file).path;
        let mut at = folder(path);
        for _ in 0..DEPTH {
            let list = source::join(at, name)?;
            if let Some(facts) = self.book.get(list.as_str()) {
                let patterns: Vec<&str> = facts.facts.iter().filter_map(pattern).collect();
                let below = if at == "." { path } else { path.strip_prefix(at)?.trim_start_matches('/') };
                if let Some(pattern) = fits(&patterns, below) {
                    return Some(format!("`{pattern}` in {list} leaves it out"));
                }
            }
            if at == "." {
                break;
            }
            at = folder(at);
        }
        None
    }
}

fn pattern(fact: &Fact) -> Option<&str> {
    match &fact.kind {
        FactKind::Setting { key, value } if key == KEY => Some(value),
        _ => None,
    }
}

/// The pattern that a path fits.
fn fits<'p>(patterns: &[&'p str], path: &str) -> Option<&'p str> {
    // only globs take something in again
    let globs = patterns.iter().any(|pattern| pattern.starts_with('!'));
    let matches =
        |pattern: &str| regex::RegexBuilder::new(pattern).size_limit(SIZE).build().is_ok_and(|regex| regex.is_match(path));
    if let Some(pattern) = patterns.iter().find(|pattern| !globs && matches(pattern)) {
        return Some(pattern);
    }
    let mut builder = GitignoreBuilder::new("");
    for pattern in patterns {
        builder.add_line(None, pattern).ok()?;
    }
    let all = builder.build().ok()?;
    let found = all.matched_path_or_any_parents(path, false);
    found.inner().filter(|_| found.is_ignore()).and_then(|glob| patterns.iter().find(|p| **p == glob.original()).copied())
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn expressions_and_globs() {
        assert_eq!(fits(&["weekly"], "weekly.py"), Some("weekly"));
        assert_eq!(fits(&[r"tenant_[\d]"], "a/tenant_3.py"), Some(r"tenant_[\d]"));
        assert_eq!(fits(&["*.py"], "a/weekly.py"), Some("*.py"));
        assert_eq!(fits(&["old/"], "old/weekly.py"), Some("old/"));
        assert_eq!(fits(&["other", "["], "weekly.py"), None);
        assert_eq!(fits(&["*.py", "!weekly.py"], "weekly.py"), None);
    }
}
