//! Images and what runs them. To add a format: a file here, and its two lines below.

mod azure;
mod compose;
pub(super) mod constructs;
mod delivery;
mod dockerfile;
mod gitops;
mod machine;
mod manifest;
mod renewal;
mod serverless;
mod stack;
mod steps;
mod terraform;
mod wiring;

use super::{ReadFor, Reader};

/// The word under which a file states what of the repository a container finds where.
pub(super) const MOUNT: &str = "MOUNT";

/// Files that are read for what those tell them who start them, and how.
pub(crate) const CALLED: &[(&str, ReadFor)] = &[(dockerfile::READER.name, dockerfile::read_for)];

pub(crate) const ALL: &[Reader] = &[
    dockerfile::READER,
    compose::READER,
    gitops::READER,
    renewal::READER,
    stack::READER,
    serverless::READER,
    terraform::READER,
    azure::READER,
    constructs::READER,
    manifest::READER,
];
