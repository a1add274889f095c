//! Reading a format and keeping the line numbers; knows nothing of MLOps.

pub(crate) mod bicep;
pub(crate) mod build;
pub(crate) mod cron;
pub(crate) mod dockerfile;
pub(crate) mod groovy;
pub(crate) mod hcl;
pub(crate) mod ini;
pub(crate) mod json;
pub(crate) mod just;
pub(crate) mod make;
pub(crate) mod mask;
pub(crate) mod notebook;
pub(crate) mod plain;
pub(crate) mod python;
mod schemas;
pub(crate) mod shell;
pub(crate) mod sql;
pub(crate) mod toml;
pub(crate) mod top;
pub(crate) mod tree;
pub(crate) mod yaml;

/// Something in a text that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// 1-based line near which reading failed.
    pub line: u32,
    /// What was wrong, as part of a sentence.
    pub message: String,
}
