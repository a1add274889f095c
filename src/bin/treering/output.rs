//! Where words go: standard output, a file that is there whole or not at all, remarks on standard error.

use std::fs::{self, File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Writes all of it to standard output.
pub fn print(bytes: &[u8]) -> Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()?;
    Ok(())
}

/// One remark on standard error: a line, which a terminal of so many columns gets in pieces. That nobody listens is no
/// failure.
pub fn remark(text: &str, columns: usize) {
    let mut err = io::stderr().lock();
    let shown = if err.is_terminal() { wrapped(text, columns) } else { text.to_owned() };
    let _ = writeln!(err, "{shown}");
}

/// A line in pieces of so many columns, further ones set in; the command at its end begins one, and stays whole to be
/// copied.
fn wrapped(text: &str, columns: usize) -> String {
    let (told, command) = match text.split_once(". Why: ") {
        Some((told, command)) => (format!("{told}."), Some(command)),
        None => (text.to_owned(), None),
    };
    let (mut lines, mut line) = (String::new(), String::new());
    for word in told.split(' ') {
        if !line.trim().is_empty() && line.chars().count() + 1 + word.chars().count() > columns {
            lines.push_str(&line);
            lines.push('\n');
            line = " ".to_owned();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push_str(&line);
    if let Some(command) = command {
        lines.push_str(&format!("\n  Why: {command}"));
    }
    lines
}

/// Whether the reader of our output went away.
pub fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| cause.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe))
}

/// A file that is written and waits to be moved to its place; dropped before, it leaves nothing behind.
pub struct Staged {
    path: PathBuf,
    state: State,
}

enum State {
    /// Written beside its place.
    Beside(PathBuf),
    /// What is no regular file (a device, a pipe) can only be written straight.
    Straight(Vec<u8>),
    Done,
}

/// Writes a file beside its place, so that nobody ever reads half a report.
pub fn stage(path: &Path, bytes: &[u8]) -> Result<Staged> {
    // A link keeps being one: what it leads to is replaced.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if fs::metadata(&path).is_ok_and(|m| !m.is_file() && !m.is_dir()) {
        return Ok(Staged { path, state: State::Straight(bytes.to_owned()) });
    }
    if path.is_dir() {
        return Err(io::Error::from(io::ErrorKind::IsADirectory)).with_context(|| failed(&path));
    }
    let (beside, mut file) = create_beside(&path).with_context(|| failed(&path))?;
    let staged = Staged { path, state: State::Beside(beside) };
    file.write_all(bytes).and_then(|()| file.sync_all()).with_context(|| failed(&staged.path))?;
    Ok(staged)
}

fn failed(path: &Path) -> String {
    format!("cannot write `{}`; name a file in a folder that exists and that you may write to", path.display())
}

impl Staged {
    /// Moves it to its place.
    pub fn commit(mut self) -> Result<()> {
        let done = match &self.state {
            State::Beside(beside) => fs::metadata(&self.path)
                .map_or(Ok(()), |old| fs::set_permissions(beside, old.permissions()))
                .and_then(|()| fs::rename(beside, &self.path)),
            State::Straight(bytes) => OpenOptions::new().write(true).open(&self.path).and_then(|mut f| f.write_all(bytes)),
            State::Done => Ok(()),
        };
        if done.is_ok() {
            self.state = State::Done;
        }
        done.with_context(|| failed(&self.path))
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if let State::Beside(beside) = &self.state {
            let _ = fs::remove_file(beside);
        }
    }
}

fn create_beside(path: &Path) -> io::Result<(PathBuf, File)> {
    let name = path.file_name().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "not the name of a file"))?;
    let mut last = io::Error::from(io::ErrorKind::AlreadyExists);
    for attempt in 0..16 {
        let mut beside = std::ffi::OsString::from(".");
        beside.push(name);
        beside.push(format!(".{}.{attempt}.part", std::process::id()));
        let beside = path.with_file_name(beside);
        match OpenOptions::new().write(true).create_new(true).open(&beside) {
            Ok(file) => return Ok((beside, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => last = error,
            Err(error) => return Err(error),
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use super::wrapped;

    #[test]
    fn a_remark_is_cut_between_words_and_its_command_is_not() {
        let told = "below: azure is at level 0, 2 was asked. Why: treering explain azure.2 a/long/path --no-parent";
        assert_eq!(
            wrapped(told, 24),
            "below: azure is at level\n  0, 2 was asked.\n  Why: treering explain azure.2 a/long/path --no-parent"
        );
        assert_eq!(wrapped("passed", 24), "passed");
    }
}
