//! CI systems, each lowered to the same units and facts. To add one: a file here, its two lines below, its line in
//! [`CALLED`] where its files can be called with inputs; `CONTRIBUTING.md` lists what is due elsewhere.

mod github_actions;

use super::{ReadFor, Reader};

pub(crate) const ALL: &[Reader] = &[github_actions::WORKFLOW, github_actions::ACTION];

/// Readers of files that can be called with inputs, each by its name.
pub(crate) const CALLED: &[&[(&str, ReadFor)]] = &[github_actions::CALLED];
