//! Files that are code: scripts, modules, notebooks.

pub(in crate::facts) mod handed_on;
pub(crate) mod notebook;
pub(crate) mod python;
pub(crate) mod shell_script;
pub(in crate::facts) mod started;

use super::Reader;

/// Readers of this folder.
pub(crate) const ALL: &[Reader] = &[python::READER, notebook::READER, shell_script::READER];
