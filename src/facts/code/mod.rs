//! Files that are code: scripts, modules, notebooks.

pub(crate) mod by_first_line;
pub(in crate::facts) mod handed_on;
pub(crate) mod notebook;
pub(crate) mod python;
pub(crate) mod r;
pub(crate) mod shell_script;
pub(in crate::facts) mod started;
mod templates;

use super::{ReadFor, Reader};

/// Readers of this folder.
pub(crate) const ALL: &[Reader] = &[python::READER, notebook::READER, r::READER, shell_script::READER, by_first_line::READER];

/// Those whose files are called with arguments that choose what they do.
pub(crate) const CALLED: &[(&str, ReadFor)] =
    &[(shell_script::READER.name, shell_script::read_for), (by_first_line::READER.name, by_first_line::read_for)];
