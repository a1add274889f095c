//! Reading a format and keeping the line numbers; knows nothing of MLOps.

pub(crate) mod dockerfile;
pub(crate) mod make;
pub(crate) mod shell;

/// Something in a text that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// 1-based line near which reading failed.
    pub line: u32,
    /// What was wrong, as part of a sentence.
    pub message: String,
}
