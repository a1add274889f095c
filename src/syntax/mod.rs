//! Reading a format and keeping the line numbers; knows nothing of MLOps.

pub(crate) mod notebook;
pub(crate) mod python;

/// What a reader had to step over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// The line, 1-based.
    pub line: u32,
    /// What is wrong there, in one sentence.
    pub message: String,
}
