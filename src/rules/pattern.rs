//! Regular expressions, globs and name patterns of rules, compiled once and looked up by their text.

use std::collections::HashMap;
use std::sync::OnceLock;

use globset::{Glob, GlobBuilder, GlobMatcher};
use regex::bytes::{Regex, RegexBuilder};

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
    /// Bicep.
    Bicep,
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
        Some("bicep" | "bicepparam") => Some(Format::Bicep),
        _ => None,
    }
}

/// Where GitHub keeps workflows.
const WORKFLOWS: &str = ".github/workflows/";

/// A glob of a rule; `*` stops at `/`, `**` does not; workflows are those of any host that reads them. The error says what
/// is wrong with it.
pub(crate) fn glob(text: &str) -> Result<Glob, String> {
    let homes = crate::source::WORKFLOW_HOMES.join(",");
    let of_any = text.strip_prefix(WORKFLOWS).map(|rest| format!("{{{homes}}}/workflows/{rest}"));
    GlobBuilder::new(of_any.as_deref().unwrap_or(text))
        .literal_separator(true)
        .build()
        .map_err(|e| format!("`{text}` is no glob: {e}"))
}

/// Largest compiled regular expression, in bytes.
const LARGEST: usize = 1 << 20;

/// When patterns are compiled: most of a rule set is never asked in one scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Compile {
    /// When it is first asked: for rules that are known to be sound.
    #[default]
    WhenAsked,
    /// At once, so that a mistake is told.
    AtOnce,
}

/// Patterns by their text; looked up, never listed. One that cannot be compiled fits nothing.
#[derive(Debug, Default)]
pub(crate) struct Patterns {
    compile: Compile,
    regexes: HashMap<String, OnceLock<Option<Regex>>>,
    globs: HashMap<String, OnceLock<Option<GlobMatcher>>>,
}

impl Patterns {
    /// None yet.
    pub(crate) fn new(compile: Compile) -> Self {
        Self { compile, ..Self::default() }
    }

    /// Takes a regular expression; the error says what is wrong with it, where it is compiled at once.
    pub(crate) fn add_regex(&mut self, text: &str) -> Result<(), String> {
        if self.regexes.contains_key(text) {
            return Ok(());
        }
        let cell = OnceLock::new();
        if self.compile == Compile::AtOnce {
            let _ = cell.set(Some(regex(text)?));
        }
        self.regexes.insert(text.to_owned(), cell);
        Ok(())
    }

    /// Takes a glob; `*` stops at `/`, `**` does not.
    pub(crate) fn add_glob(&mut self, text: &str) -> Result<(), String> {
        if self.globs.contains_key(text) {
            return Ok(());
        }
        let cell = OnceLock::new();
        if self.compile == Compile::AtOnce {
            let _ = cell.set(Some(glob(text)?.compile_matcher()));
        }
        self.globs.insert(text.to_owned(), cell);
        Ok(())
    }

    /// Whether a regular expression of the rules fits; `.` alone fits everything.
    pub(crate) fn regex(&self, pattern: &str, text: &str) -> bool {
        let compiled = || self.regexes.get(pattern)?.get_or_init(|| regex(pattern).ok()).as_ref();
        pattern == "." || compiled().is_some_and(|r| r.is_match(text.as_bytes()))
    }

    /// Whether a glob of the rules fits a path.
    pub(crate) fn glob(&self, pattern: &str, path: &str) -> bool {
        if !pattern.contains(['*', '?', '[', '{', '\\']) && !pattern.starts_with(WORKFLOWS) {
            return pattern == path;
        }
        let compiled = || self.globs.get(pattern)?.get_or_init(|| glob(pattern).ok().map(|g| g.compile_matcher())).as_ref();
        compiled().is_some_and(|g| g.is_match(path))
    }
}

/// Classes are those of ASCII: names of code, keys and commands are, and the tables of Unicode were half of what it took
/// to compile a pattern.
fn regex(text: &str) -> Result<Regex, String> {
    let built = RegexBuilder::new(text).unicode(false).size_limit(LARGEST).build();
    built.map_err(|e| format!("`{text}` is no regular expression: {e}"))
}

/// Whether a dotted name fits a pattern: segments by `.`, `*` for one segment, `**` for any number, `#method` at the
/// end; within a segment `*` at its end stands for any rest (`create_*`), at its start for any beginning (`*Step`).
pub(crate) fn name_fits(pattern: &str, name: &str) -> bool {
    // nearly every pair differs in its first letters
    let literal = pattern.bytes().take_while(|b| !matches!(b, b'*' | b'#'));
    if !literal.zip(name.bytes()).all(|(p, n)| p == n || (p == b'.' && n == b'#')) {
        return false;
    }
    let (pattern, method) = pattern.split_once('#').map_or((pattern, None), |(p, m)| (p, Some(m)));
    // a chain of results (`Loss#__call__#backward`) is told by its last method
    let (name, called) = name.rsplit_once('#').map_or((name, None), |(n, m)| (n, Some(m)));
    let methods = match (method, called) {
        (None, None) => true,
        (Some(wanted), Some(called)) => segment_fits(wanted, called),
        _ => false,
    };
    methods && segments_fit(Some(pattern), Some(name))
}

/// The first segment and the rest behind its mark. Nothing is allocated: names are compared by the million.
fn segment<'t>(text: Option<&'t str>, marks: &[char]) -> Option<(&'t str, Option<&'t str>)> {
    let text = text?;
    Some(text.split_once(marks).map_or((text, None), |(first, rest)| (first, Some(rest))))
}

fn segments_fit(pattern: Option<&str>, name: Option<&str>) -> bool {
    let Some((wanted, patterns)) = segment(pattern, &['.']) else { return name.is_none() };
    if wanted == "**" {
        let mut left = name;
        loop {
            if segments_fit(patterns, left) {
                return true;
            }
            let Some((_, rest)) = segment(left, &['.', '#']) else { return false };
            left = rest;
        }
    }
    segment(name, &['.', '#']).is_some_and(|(first, names)| segment_fits(wanted, first) && segments_fit(patterns, names))
}

fn segment_fits(pattern: &str, segment: &str) -> bool {
    match (pattern.strip_suffix('*'), pattern.strip_prefix('*')) {
        (Some(start), _) => segment.starts_with(start),
        (None, Some(end)) => segment.ends_with(end),
        (None, None) => pattern == segment,
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
