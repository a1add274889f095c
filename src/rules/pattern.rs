//! Regular expressions, globs and name patterns of rules, compiled once and looked up by their text.

use std::collections::BTreeMap;

use globset::{Glob, GlobBuilder, GlobMatcher};
use regex::{Regex, RegexBuilder};

/// Formats whose documents rules ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Format {
    /// YAML.
    Yaml,
    /// JSON.
    Json,
    /// TOML.
    Toml,
    /// HCL.
    Hcl,
    /// INI.
    Ini,
}

/// The format of a file, by its name; none where it is no structured document.
pub(crate) fn format_at(path: &str) -> Option<Format> {
    match crate::source::file_name(path) {
        "dvc.lock" | "MLproject" | "MLmodel" => return Some(Format::Yaml),
        "Pipfile" | "poetry.lock" | "uv.lock" | "pdm.lock" | "Cargo.lock" => return Some(Format::Toml),
        "Pipfile.lock" => return Some(Format::Json),
        _ if path == ".dvc/config" || path.ends_with("/.dvc/config") => return Some(Format::Ini),
        _ => {}
    }
    match crate::source::extension(path) {
        Some("yml" | "yaml" | "dvc") => Some(Format::Yaml),
        Some("json") => Some(Format::Json),
        Some("toml") => Some(Format::Toml),
        Some("tf" | "hcl" | "tfvars") => Some(Format::Hcl),
        Some("cfg" | "ini") => Some(Format::Ini),
        _ => None,
    }
}

/// A glob of a rule; `*` stops at `/`, `**` does not. The error says what is wrong with it.
pub(crate) fn glob(text: &str) -> Result<Glob, String> {
    GlobBuilder::new(text).literal_separator(true).build().map_err(|e| format!("`{text}` is no glob: {e}"))
}

/// Largest compiled regular expression, in bytes.
const LARGEST: usize = 1 << 20;

/// Compiled patterns, by their text.
#[derive(Debug, Default)]
pub(crate) struct Patterns {
    regexes: BTreeMap<String, Regex>,
    globs: BTreeMap<String, GlobMatcher>,
}

impl Patterns {
    /// Compiles a regular expression; the error says what is wrong with it.
    pub(crate) fn add_regex(&mut self, text: &str) -> Result<(), String> {
        if !self.regexes.contains_key(text) {
            let regex = RegexBuilder::new(text).size_limit(LARGEST).build().map_err(|e| format!("`{text}` is no regular expression: {e}"))?;
            self.regexes.insert(text.to_owned(), regex);
        }
        Ok(())
    }

    /// Compiles a glob; `*` stops at `/`, `**` does not.
    pub(crate) fn add_glob(&mut self, text: &str) -> Result<(), String> {
        if !self.globs.contains_key(text) {
            self.globs.insert(text.to_owned(), glob(text)?.compile_matcher());
        }
        Ok(())
    }

    /// Whether a compiled regular expression fits; `.` alone fits everything.
    pub(crate) fn regex(&self, pattern: &str, text: &str) -> bool {
        pattern == "." || self.regexes.get(pattern).is_some_and(|r| r.is_match(text))
    }

    /// Whether a compiled glob fits a path.
    pub(crate) fn glob(&self, pattern: &str, path: &str) -> bool {
        self.globs.get(pattern).is_some_and(|g| g.is_match(path))
    }
}

/// Whether a dotted name fits a pattern: segments by `.`, `*` for one segment, `**` for any number, `#method` at the
/// end; within a segment `*` at its end stands for any rest (`create_*`).
pub(crate) fn name_fits(pattern: &str, name: &str) -> bool {
    let (pattern, method) = pattern.split_once('#').map_or((pattern, None), |(p, m)| (p, Some(m)));
    // a chain of results (`Loss#__call__#backward`) is told by its last method
    let (name, called) = name.rsplit_once('#').map_or((name, None), |(n, m)| (n, Some(m)));
    let name = &name.replace('#', ".");
    let methods = match (method, called) {
        (None, None) => true,
        (Some(wanted), Some(called)) => segment_fits(wanted, called),
        _ => false,
    };
    methods && segments_fit(&pattern.split('.').collect::<Vec<_>>(), &name.split('.').collect::<Vec<_>>())
}

fn segments_fit(pattern: &[&str], name: &[&str]) -> bool {
    match pattern.split_first() {
        None => name.is_empty(),
        Some((&"**", rest)) => (0..=name.len()).any(|skip| segments_fit(rest, &name[skip..])),
        Some((first, rest)) => name.split_first().is_some_and(|(n, names)| segment_fits(first, n) && segments_fit(rest, names)),
    }
}

fn segment_fits(pattern: &str, segment: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => segment.starts_with(start),
        None => pattern == segment,
    }
}

/// The last word of a name pattern, by which calls are looked up; none where it is open.
pub(crate) fn last_word(pattern: &str) -> Option<&str> {
    let last = pattern.rsplit(['.', '#']).next().unwrap_or(pattern);
    (!last.contains('*') && !last.is_empty()).then_some(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_by_segment() {
        assert!(name_fits("mlflow.*.log_model", "mlflow.sklearn.log_model"));
        assert!(!name_fits("mlflow.*.log_model", "mlflow.log_model"));
        assert!(name_fits("sklearn.**#fit", "sklearn.svm.SVC#fit"));
        assert!(name_fits("sklearn.**#fit", "sklearn.ensemble.forest.RandomForest#fit"));
        assert!(!name_fits("sklearn.**#fit", "sklearn.svm.SVC.fit"));
        assert!(name_fits("boto3.create_*", "boto3.create_job"));
        assert!(!name_fits("a.b", "a.b.c"));
    }
}
