//! Where a repository keeps its data, and whether it is safe to open it.
//!
//! Git data that came with a tree may be as hostile as the tree. So nothing is opened before it has been looked at:
//! the files that are read must be plain files of a sane size, a `.git` file must lead to a folder that points back,
//! and a store that this program cannot read is said so instead of being half read.

use std::io;
use std::path::{Path, PathBuf};

use super::config::Config;
use super::opening;

/// The largest file of the repository's own administration that is read whole, in bytes.
const LARGEST: u64 = 16 << 20;
/// The same for the index, which grows by about 100 bytes a file and must hold the largest tree that is listed.
const LARGEST_INDEX: u64 = 64 << 20;
/// How many files of an object store are looked at before it is called too large.
const MOST_OBJECT_FILES: usize = 2_000_000;
/// How many stores may borrow from one another.
const MOST_ALTERNATES: usize = 6;

/// The folders of one repository.
#[derive(Debug, Clone)]
pub struct Place {
    /// The folder that holds `HEAD` and `index`.
    pub git_dir: PathBuf,
    /// The folder that holds `refs`, `objects` and `config`; the same one except in a linked work tree.
    pub common_dir: PathBuf,
    /// The folder with the files; `None` for a bare repository.
    pub work_tree: Option<PathBuf>,
    /// What the configuration says.
    pub config: Config,
}

/// What stands at a folder.
pub enum Found {
    /// No sign of a repository.
    Nothing,
    /// A repository, or something that claims to be one, that must not or cannot be opened; with the reason.
    Refused(String),
    /// A repository.
    Place(Box<Place>),
}

/// Looks for a repository whose work tree, or whose bare folder, is exactly this one.
pub fn at(folder: &Path, bare_too: bool) -> Found {
    let dot = folder.join(".git");
    let kind = match dot.symlink_metadata() {
        Ok(metadata) => metadata.file_type(),
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            if bare_too && is_file(&folder.join("HEAD")) && is_dir(&folder.join("objects")) {
                return found(folder.to_owned(), folder.to_owned(), None);
            }
            return Found::Nothing;
        }
        Err(e) => return Found::Refused(format!("`.git` cannot be read ({e})")),
    };
    if kind.is_dir() {
        if dot.join("commondir").symlink_metadata().is_ok() {
            return Found::Refused("`.git` says that its data lies in another folder".into());
        }
        return found(dot.clone(), dot, Some(folder.to_owned()));
    }
    if !kind.is_file() {
        return Found::Refused("`.git` is neither a folder nor a plain file".into());
    }
    match linked(folder, &dot) {
        Ok((git_dir, common_dir)) => found(git_dir, common_dir, Some(folder.to_owned())),
        Err(reason) => Found::Refused(reason),
    }
}

/// Follows a `.git` file, of a linked work tree or a submodule, only to a folder that points back at it.
fn linked(folder: &Path, dot: &Path) -> Result<(PathBuf, PathBuf), String> {
    let strange = || "the `.git` file leads to a folder that does not know this work tree".to_owned();
    let target = one_line(dot)?.and_then(|t| t.strip_prefix("gitdir:").map(|t| t.trim().to_owned()));
    let target = target.ok_or("the `.git` file names no folder")?;
    let git_dir = folder.join(target).canonicalize().map_err(|_| "the `.git` file leads nowhere".to_owned())?;
    let here = folder.canonicalize().map_err(|e| e.to_string())?;
    if let Some(common) = one_line(&git_dir.join("commondir"))? {
        let common_dir = git_dir.join(common).canonicalize().map_err(|_| strange())?;
        let back = one_line(&git_dir.join("gitdir"))?.ok_or_else(strange)?;
        let back = git_dir.join(back);
        let points_back = back.parent().and_then(|p| p.canonicalize().ok()) == Some(here);
        if points_back && git_dir.starts_with(common_dir.join("worktrees")) {
            return Ok((git_dir, common_dir));
        }
        return Err(strange());
    }
    let config = config_of(&git_dir)?;
    let back = config.get("core.worktree").and_then(|w| git_dir.join(w).canonicalize().ok());
    if back == Some(here) { Ok((git_dir.clone(), git_dir)) } else { Err(strange()) }
}

/// Checks the folders of a repository and what lies in them.
fn found(git_dir: PathBuf, common_dir: PathBuf, work_tree: Option<PathBuf>) -> Found {
    let checked = check(&git_dir, &common_dir);
    match checked {
        Err(reason) => Found::Refused(reason),
        Ok(config) => {
            let work_tree = work_tree.filter(|_| git_dir != common_dir || !config.is_true("core.bare"));
            Found::Place(Box::new(Place { git_dir, common_dir, work_tree, config }))
        }
    }
}

fn check(git_dir: &Path, common_dir: &Path) -> Result<Config, String> {
    if git_dir.join("HEAD").symlink_metadata().is_err() || !is_dir(&common_dir.join("objects")) {
        return Err("`.git` is there, but holds no repository".into());
    }
    for path in [git_dir.join("HEAD"), common_dir.join("config"), common_dir.join("packed-refs"), common_dir.join("shallow")] {
        plain_or_absent(&path, LARGEST)?;
    }
    plain_or_absent(&git_dir.join("index"), LARGEST_INDEX)?;
    let config = config_of(common_dir)?;
    // What it includes is passed over: CI checkouts keep credentials that way. Nothing is lost by it, as Git too takes
    // the format of a repository from this file alone; and the object store is opened without any configuration.
    if config.get("extensions.objectformat").is_some_and(|f| !f.eq_ignore_ascii_case("sha1")) {
        return Err("it stores objects under hashes other than SHA-1".into());
    }
    if config.get("extensions.refstorage").is_some_and(|f| !f.eq_ignore_ascii_case("files"))
        || is_dir(&common_dir.join("reftable"))
    {
        return Err("it keeps its references in a table (reftable)".into());
    }
    object_store(&common_dir.join("objects"))?;
    Ok(config)
}

/// Looks at every store this one borrows from, and at the kind of every file in each: a FIFO among the packs
/// would hold the reader for ever.
fn object_store(objects: &Path) -> Result<(), String> {
    let mut waiting = vec![objects.to_owned()];
    let mut seen = 0;
    let mut stores = 0;
    while let Some(store) = waiting.pop() {
        stores += 1;
        if stores > MOST_ALTERNATES {
            return Err("its objects are spread over too many stores".into());
        }
        let alternates = store.join("info/alternates");
        plain_or_absent(&alternates, LARGEST)?;
        if let Ok(Some(bytes)) = opening::read_regular(&alternates, LARGEST) {
            let lines = bytes.split(|b| matches!(b, b'\n' | b'\r')).filter(|l| !l.is_empty() && !l.starts_with(b"#"));
            waiting.extend(lines.take(MOST_ALTERNATES + 1).map(|line| store.join(opening::path_from_bytes(line))));
        }
        let Ok(folders) = store.read_dir() else { continue };
        for folder in folders.flatten().take(MOST_OBJECT_FILES) {
            let kind = folder.file_type().map_err(|e| e.to_string())?;
            if kind.is_file() {
                continue;
            }
            if !kind.is_dir() {
                return Err("its object store holds something that is not a plain file".into());
            }
            seen += plain_files(&folder.path(), 2)?;
            if seen > MOST_OBJECT_FILES {
                return Err("its object store holds too many files".into());
            }
        }
    }
    Ok(())
}

/// Counts the files of a folder; a mistake where one is not plain. `levels` bounds the depth (commit-graph chains).
fn plain_files(folder: &Path, levels: u8) -> Result<usize, String> {
    let mut count = 0;
    let Ok(files) = folder.read_dir() else { return Ok(0) };
    for file in files.flatten().take(MOST_OBJECT_FILES + 1) {
        count += 1;
        match file.file_type() {
            Ok(kind) if kind.is_file() => {}
            Ok(kind) if kind.is_dir() && levels > 0 => count += plain_files(&file.path(), levels - 1)?,
            Ok(kind) if kind.is_dir() => {}
            _ => return Err("its object store holds something that is not a plain file".into()),
        }
    }
    Ok(count)
}

fn config_of(folder: &Path) -> Result<Config, String> {
    let path = folder.join("config");
    plain_or_absent(&path, LARGEST)?;
    match opening::read_regular(&path, LARGEST) {
        Ok(Some(bytes)) => Ok(Config::parse(&String::from_utf8_lossy(&bytes))),
        Ok(None) => Err("its configuration is too large".into()),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Config::default()),
        Err(e) => Err(format!("its configuration cannot be read ({e})")),
    }
}

fn plain_or_absent(path: &Path, limit: u64) -> Result<(), String> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    match path.symlink_metadata() {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(e) => Err(format!("its `{name}` cannot be read ({e})")),
        Ok(metadata) if !metadata.is_file() => Err(format!("its `{name}` is not a plain file")),
        Ok(metadata) if metadata.len() > limit => Err(format!("its `{name}` is larger than {} MiB", limit >> 20)),
        Ok(_) => Ok(()),
    }
}

/// The first line of a small file, trimmed; `None` where there is no such file.
fn one_line(path: &Path) -> Result<Option<String>, String> {
    plain_or_absent(path, 4096)?;
    let Ok(Some(bytes)) = opening::read_regular(path, 4096) else { return Ok(None) };
    Ok(String::from_utf8_lossy(&bytes).lines().next().map(|l| l.trim().to_owned()).filter(|l| !l.is_empty()))
}

fn is_file(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|m| m.is_file())
}

fn is_dir(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|m| m.is_dir())
}
