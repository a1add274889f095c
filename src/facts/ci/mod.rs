//! CI systems, each lowered to the same units and facts. To add one: a file here, its two lines below, its line in
//! [`read_for`] where its files can be called with inputs; `CONTRIBUTING.md` lists what is due elsewhere.

mod github_actions;

use super::{Context, Reader};
use crate::fact::{FileFacts, Inputs};
use crate::source::SourceFile;

pub(crate) const ALL: &[Reader] = &[github_actions::WORKFLOW, github_actions::ACTION];

/// Turns a file into facts for those who call it with these sets of inputs.
pub(crate) type ReadFor = fn(&SourceFile, &Context<'_>, &[Inputs]) -> FileFacts;

/// How a file is read for its callers, by the name of its reader.
pub(crate) fn read_for(reader: &str) -> Option<ReadFor> {
    github_actions::CALLED.iter().find(|(name, _)| *name == reader).map(|(_, read)| *read)
}
