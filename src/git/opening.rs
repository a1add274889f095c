//! Opening files that somebody else put there, without being held or led away.
//!
//! A scanned tree may hold a FIFO that never answers, a device that never ends, or a link out of the tree where a
//! plain file is expected. Everything here looks before it opens, opens without waiting and without following a
//! link, looks again at what it got, and reads no more than it was told to.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Flags for `open(2)`: do not wait for the other end of a FIFO, do not follow a link in the last component.
/// The numbers differ between systems; where they are not known the look before and after has to do.
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "x86", target_arch = "riscv64")))]
const CAREFUL: i32 = 0o4000 | 0o400_000;
#[cfg(all(target_os = "linux", any(target_arch = "aarch64", target_arch = "arm")))]
const CAREFUL: i32 = 0o4000 | 0o100_000;
#[cfg(target_vendor = "apple")]
const CAREFUL: i32 = 0x4 | 0x100;
#[cfg(not(any(
    all(
        target_os = "linux",
        any(target_arch = "x86_64", target_arch = "x86", target_arch = "riscv64", target_arch = "aarch64", target_arch = "arm")
    ),
    target_vendor = "apple"
)))]
const CAREFUL: i32 = 0;

/// Opens a regular file, or fails with a reason that a person can read.
pub fn open_regular(path: &Path) -> io::Result<(File, Metadata)> {
    let before = path.symlink_metadata()?;
    if !before.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, CAREFUL);
    let file = options.open(path)?;
    let after = file.metadata()?;
    if !after.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    Ok((file, after))
}

/// Reads a regular file of at most `limit` bytes. `Ok(None)` where it is larger (also if it grows while read).
pub fn read_regular(path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let (file, metadata) = open_regular(path)?;
    if metadata.len() > limit {
        return Ok(None);
    }
    let mut bytes = Vec::with_capacity(metadata.len() as usize);
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= limit).then_some(bytes))
}

/// Whether a folder above another one lies on the same file system and belongs to the same user: only then may what lies
/// there speak for both.
pub fn is_one_place(folder: &Path, above: &Path) -> bool {
    let (Ok(here), Ok(there)) = (folder.symlink_metadata(), above.symlink_metadata()) else { return false };
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        here.dev() == there.dev() && here.uid() == there.uid()
    }
    #[cfg(not(unix))]
    {
        here.is_dir() && there.is_dir()
    }
}

/// A path from the bytes that Git stores; `/` separates, whatever the system.
pub fn path_from_bytes(bytes: &[u8]) -> PathBuf {
    #[cfg(unix)]
    {
        PathBuf::from(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(bytes))
    }
    #[cfg(not(unix))]
    {
        PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
    }
}

/// The bytes of a name or path, as Git would store them.
pub fn bytes_from_name(name: &std::ffi::OsStr) -> Vec<u8> {
    #[cfg(unix)]
    {
        std::os::unix::ffi::OsStrExt::as_bytes(name).to_vec()
    }
    #[cfg(not(unix))]
    {
        name.to_string_lossy().replace('\\', "/").into_bytes()
    }
}
