//! stub
use super::Reader;
pub(crate) const ALL: &[Reader] = &[];
