//! Files that are code: scripts, modules, notebooks.

pub(crate) mod notebook;
pub(crate) mod python;

use super::Reader;

/// Readers of this folder.
pub(crate) const ALL: &[Reader] = &[python::READER, notebook::READER];
