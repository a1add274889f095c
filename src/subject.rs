//! What the repository is, and its systems.
//!
//! Levels are claimed for systems only. A system is one train or serve root and what it reaches; roots belong
//! together when they share a file, a call, a name of a model, an image or an artefact, and what only serves belongs
//! to what trains where there is one candidate. Nothing here knows a tool by name.

mod body;
mod group;
mod kind;
mod shared;
mod system;

pub(crate) use body::body;
pub(crate) use kind::{Subject, decide};
pub(crate) use system::{System, beneath, systems};
