//! Reading a format and keeping the line numbers; knows nothing of MLOps.

pub(crate) mod shell;

/// Something in a text that could not be read. What stands around it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// Line within the text, 1-based.
    pub line: u32,
    /// One sentence, without a line number.
    pub message: String,
}
