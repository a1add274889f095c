//! What a reference leads to.

pub(crate) mod program;
pub(crate) mod python;

pub(crate) use program::Program;
pub(crate) use python::Modules;
