//! Automation that is known by name and not followed yet, and which practices it may show.
//!
//! The honest third answer between "found" and "not there": a practice that an unread file may show is unknown.

use serde::Deserialize;

use super::pattern::Patterns;

/// One kind of file that this version does not follow.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Unread {
    /// What it is, for the report.
    pub(crate) what: String,
    /// Globs of its files.
    pub(crate) files: Vec<String>,
    /// Words of which one must stand in the file; none where the path tells enough.
    #[serde(default)]
    pub(crate) text: Vec<String>,
    /// Practices that it may show.
    pub(crate) practices: Vec<String>,
}

impl Unread {
    /// Whether a path is of that kind, as far as its name tells.
    pub(crate) fn fits(&self, path: &str, patterns: &Patterns) -> bool {
        self.files.iter().any(|glob| patterns.glob(glob, path))
    }

    /// Whether the words that make it one stand in a text.
    pub(crate) fn told_by(&self, text: &str) -> bool {
        self.text.is_empty() || self.text.iter().any(|word| text.contains(word.as_str()))
    }
}
