//! Task runners and data pipelines. To add one: a file here, and its two lines below.

mod azureml;
mod code;
pub(crate) mod cron;
mod dataflow;
mod dvc;
mod elyra;
mod just;
mod makefile;
mod projects;
mod scripts;
mod statements;
mod tables;
mod taskfile;
mod tasks;
#[cfg(test)]
mod told;
mod tox;

use super::{ReadFor, Reader};

pub(crate) use azureml::owns as is_azureml;

pub(crate) const ALL: &[Reader] = &[
    makefile::READER,
    just::READER,
    taskfile::READER,
    scripts::PYPROJECT,
    scripts::OWN,
    scripts::PACKAGE,
    tox::READER,
    code::READER,
    cron::READER,
    projects::MLFLOW,
    projects::SPACY,
    dataflow::SNAKEMAKE,
    dataflow::NEXTFLOW,
    dvc::PIPELINE,
    dvc::POINTER,
    dvc::LOCK,
    dvc::CONFIG,
    azureml::READER,
    elyra::READER,
    statements::READER,
];

/// Readers of files that take values from others, each by its name.
pub(crate) const GIVEN: &[(&str, ReadFor)] =
    &[(dvc::PIPELINE.name, dvc::with_parameters), (makefile::READER.name, makefile::read_for)];
