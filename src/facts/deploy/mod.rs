//! Images and what runs them. To add a format: a file here, and its two lines below.

mod compose;
mod dockerfile;
mod manifest;

use super::Reader;

pub(crate) const ALL: &[Reader] = &[dockerfile::READER, compose::READER, manifest::READER];
