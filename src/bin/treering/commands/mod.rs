//! One file a verb.

pub mod explain;
pub mod rules;
pub mod scan;
pub mod schema;

use std::path::PathBuf;

use treering::{Catalog, Error};

/// The rules that come with treering, and those of the user.
fn catalog(dirs: &[PathBuf]) -> Result<Catalog, Error> {
    if dirs.is_empty() { Catalog::embedded() } else { Catalog::load(dirs) }
}
