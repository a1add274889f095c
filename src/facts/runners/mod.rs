//! Task runners and data pipelines. To add one: a file here, and its two lines below.

mod code;
mod dvc;
mod just;
mod makefile;
mod scripts;
mod tables;
mod taskfile;
mod tasks;
mod tox;

use super::{ReadFor, Reader};

pub(crate) const ALL: &[Reader] = &[
    makefile::READER,
    dvc::PIPELINE,
    dvc::POINTER,
    dvc::LOCK,
    dvc::CONFIG,
    just::READER,
    taskfile::READER,
    scripts::PYPROJECT,
    scripts::OWN,
    scripts::PACKAGE,
    tox::READER,
    code::READER,
];

/// Readers of files that take values from others, each by its name.
pub(crate) const GIVEN: &[(&str, ReadFor)] = &[(dvc::PIPELINE.name, dvc::with_parameters)];
