//! The few ways a scan can fail outright.
//!
//! Everything that can go wrong *inside* a scanned repository is a [`crate::source::Notice`] in the report;
//! an [`Error`] means that there is no report at all. Each variant says whose fault it usually is.

use std::path::PathBuf;

/// Why there is no report. The message ends with what the user can do about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The user named a folder that is not there or cannot be listed.
    #[error("cannot read `{}`: {reason}; name a folder that exists and that you may read", path.display())]
    Unreadable {
        /// The folder as the user gave it.
        path: PathBuf,
        /// What the operating system said.
        reason: String,
    },
    /// The user named a revision, and there is none of that name.
    #[error("no revision `{revision}` in `{}`: {reason}; {hint}", path.display())]
    Revision {
        /// The repository.
        path: PathBuf,
        /// The revision as given.
        revision: String,
        /// What was found instead.
        reason: String,
        /// What to do about it.
        hint: &'static str,
    },
    /// The author of a rule file made mistakes; all of them at once, one a line.
    #[error("{} in the rules; nothing was scanned:\n{}", count(.0.len(), "mistake"), lines(.0))]
    Rules(Vec<RuleError>),
    /// The owner of the settings made mistakes; all of them at once, one a line.
    #[error("{}", settings(.0))]
    Settings(Vec<RuleError>),
    /// The user asked for something the rules do not know, such as a model id.
    #[error("{0}")]
    Usage(String),
    /// Writing the report failed (the disk, usually).
    #[error("cannot write the report: {0}")]
    Write(#[from] std::io::Error),
}

/// One mistake in a rule file or in a file of settings.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RuleError {
    /// The rule file, relative to the folder of rules.
    pub path: String,
    /// 1-based line, 0 where the whole file is meant.
    pub line: u32,
    /// What is wrong and what to do.
    pub message: String,
}

impl std::fmt::Display for RuleError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.message),
            line => write!(f, "{}:{line}: {}", self.path, self.message),
        }
    }
}

fn settings(errors: &[RuleError]) -> String {
    match errors {
        [one] => format!("{one}; nothing was scanned"),
        more => format!("{} in the settings; nothing was scanned:\n{}", count(more.len(), "mistake"), lines(more)),
    }
}

fn lines(errors: &[RuleError]) -> String {
    errors.iter().map(|e| format!("  {e}")).collect::<Vec<_>>().join("\n")
}

fn count(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}
