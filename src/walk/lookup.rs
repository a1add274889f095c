//! One file that is asked for by name, before the list of files is made.
//!
//! It is read where the other files will be read, so a setting of a revision holds for that revision. Invariants: within a
//! bound; in a scanned tree nothing but a plain file is opened and no link is followed; a file that the user names may be
//! anything that can be read to its end.

use std::io::{self, Read};
use std::path::Path;

use crate::error::Error;
use crate::git::Repository;
use crate::git::opening::read_regular;

/// A file at the root of what will be scanned; `None` where there is none.
///
/// # Errors
/// Why it cannot be read, as the end of the sentence "it cannot be used: …".
pub fn top_file(
    root: &Path,
    git: Option<&Repository>,
    at_revision: bool,
    name: &str,
    limit: u64,
) -> Result<Option<Vec<u8>>, String> {
    if let Some(git) = git.filter(|git| at_revision || git.is_bare()) {
        let Some(commit) = git.commit() else { return Ok(None) };
        return git.top_file(commit, name, limit).map_err(|error| error.to_string());
    }
    match read_regular(&root.join(name), limit) {
        Ok(Some(bytes)) => Ok(Some(bytes)),
        Ok(None) => Err(format!("it holds more than the {limit} bytes that are read")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Err("it is no plain file".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// A file that the user names.
///
/// # Errors
/// [`Error::Usage`] where it cannot be read or is larger than `limit` bytes.
pub fn of_user(path: &Path, limit: u64) -> Result<Vec<u8>, Error> {
    let failed = |why: String| Error::Usage(format!("cannot read `{}`: {why}; name a TOML file that exists", path.display()));
    let file = std::fs::File::open(path).map_err(|error| failed(error.to_string()))?;
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| failed(error.to_string()))?;
    if bytes.len() as u64 > limit {
        return Err(failed(format!("it holds more than the {limit} bytes that are read")));
    }
    Ok(bytes)
}
