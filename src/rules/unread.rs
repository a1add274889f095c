//! Automation that is known by name and not followed yet, and which practices it may show.
//!
//! The honest third answer between "found" and "not there": a practice that an unread file may show is unknown.

use globset::{GlobSet, GlobSetBuilder};
use serde::Deserialize;

use super::pattern;

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
    /// Whether the words that make it one stand in a text.
    pub(crate) fn told_by(&self, text: &str) -> bool {
        self.text.is_empty() || self.text.iter().any(|word| text.contains(word.as_str()))
    }
}

/// Which kind a path is, all globs tried at once.
#[derive(Debug, Default)]
pub(crate) struct Kinds {
    globs: GlobSet,
    /// The kind of each glob.
    kinds: Vec<usize>,
}

impl Kinds {
    /// Compiles the globs of all kinds; the error says which is none.
    pub(crate) fn of(unread: &[Unread]) -> Result<Self, String> {
        let (mut globs, mut kinds) = (GlobSetBuilder::new(), Vec::new());
        for (kind, text) in unread.iter().enumerate().flat_map(|(kind, u)| u.files.iter().map(move |text| (kind, text))) {
            globs.add(pattern::glob(text)?);
            kinds.push(kind);
        }
        Ok(Self { globs: globs.build().map_err(|e| e.to_string())?, kinds })
    }

    /// Numbers of the kinds that a path is by its name, in order, each once.
    pub(crate) fn at(&self, path: &str) -> Vec<usize> {
        let mut kinds: Vec<usize> = self.globs.matches(path).into_iter().filter_map(|glob| self.kinds.get(glob).copied()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        kinds
    }
}
