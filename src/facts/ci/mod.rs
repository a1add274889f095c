//! CI systems, each lowered to the same units and facts. To add one: a file here, and its two lines below.

mod github_actions;

use super::Reader;

pub(crate) const ALL: &[Reader] = &[github_actions::WORKFLOW, github_actions::ACTION];
