//! Task runners and data pipelines. To add one: a file here, and its two lines below.

mod dvc;
mod makefile;

use super::Reader;

pub(crate) const ALL: &[Reader] = &[makefile::READER, dvc::PIPELINE, dvc::POINTER, dvc::LOCK, dvc::CONFIG];
