//! Automation that is known by name and not followed yet, and which practices it may show.
//!
//! The honest third answer between "found" and "not there": a practice that an unread file may show is unknown.

use globset::{GlobSet, GlobSetBuilder};
use serde::Deserialize;

use super::pattern;
use crate::source;
use crate::syntax::top;

/// One kind of file that this version does not follow.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Unread {
    /// What it is, for the report.
    pub(crate) what: String,
    /// Globs of its files.
    pub(crate) files: Vec<String>,
    /// Words of which one must stand in the file; none where the path tells enough.
    #[serde(default)]
    pub(crate) text: Vec<String>,
    /// Groups of keys of which one each must stand at the start of a line of the file.
    #[serde(default)]
    pub(crate) keys: Vec<Vec<String>>,
    /// Commands by which it is run, or what a `uses` begins with; none where it starts by itself. Where nothing that
    /// is started by itself calls one of them, it hides nothing.
    #[serde(default)]
    pub(crate) called_by: Vec<String>,
    /// It is read in part, and hides something only where all that trains stands in such files.
    #[serde(default)]
    pub(crate) in_part: bool,
    /// Practices that it may show.
    pub(crate) practices: Vec<String>,
}

impl Unread {
    /// Whether the words that make it one stand in a text.
    pub(crate) fn told_by(&self, text: &str) -> bool {
        let words = self.text.is_empty() || self.text.iter().any(|word| text.contains(word.as_str()));
        words && self.keys.iter().all(|group| group.iter().any(|key| top::has(text, &[key])))
    }

    /// Whether a command is one by which it is run: the program, or the program and its first words; Python may run it
    /// as a module.
    pub(crate) fn is_run_by(&self, words: &[&str]) -> bool {
        let words = match words {
            [python, "-m", rest @ ..] if source::file_name(python).starts_with("python") => rest,
            _ => words,
        };
        let Some((program, arguments)) = words.split_first() else { return false };
        self.called_by.iter().any(|called| {
            let mut parts = called.split(' ');
            parts.next() == Some(source::file_name(program))
                && parts.zip(arguments.iter().map(Some).chain(std::iter::repeat(None))).all(|(part, word)| word == Some(&part))
        })
    }

    /// Whether a `uses` brings the program by which it is run.
    pub(crate) fn is_set_up_by(&self, reference: &str) -> bool {
        self.called_by.iter().any(|called| called.contains('/') && reference.split('@').next() == Some(called.as_str()))
    }
}

/// Which kind a path is, all globs tried at once.
#[derive(Debug, Default)]
pub(crate) struct Kinds {
    globs: GlobSet,
    /// The kind of each glob.
    kinds: Vec<usize>,
    /// Kinds that are read in part.
    in_part: Vec<usize>,
}

impl Kinds {
    /// Compiles the globs of all kinds; the error says which is none.
    pub(crate) fn of(unread: &[Unread]) -> Result<Self, String> {
        let (mut globs, mut kinds) = (GlobSetBuilder::new(), Vec::new());
        for (kind, text) in unread.iter().enumerate().flat_map(|(kind, u)| u.files.iter().map(move |text| (kind, text))) {
            globs.add(pattern::glob(text)?);
            kinds.push(kind);
        }
        let in_part = (0..unread.len()).filter(|kind| unread[*kind].in_part).collect();
        Ok(Self { globs: globs.build().map_err(|e| e.to_string())?, kinds, in_part })
    }

    /// Numbers of the kinds that a path is by its name and that are not read at all, in order, each once.
    pub(crate) fn at(&self, path: &str) -> Vec<usize> {
        let mut kinds = self.named(path);
        kinds.retain(|kind| !self.in_part.contains(kind));
        kinds
    }

    /// The kind of file that is read in part and that all of these are of one of; with the first of its files.
    pub(crate) fn all_in_part<'p>(&self, paths: &[&'p str]) -> Vec<(&'p str, usize)> {
        let kind =
            |path: &&'p str| self.named(path).into_iter().find(|kind| self.in_part.contains(kind)).map(|kind| (*path, kind));
        let found: Vec<(&str, usize)> = paths.iter().filter_map(kind).collect();
        if found.len() == paths.len() { found } else { Vec::new() }
    }

    fn named(&self, path: &str) -> Vec<usize> {
        let mut kinds: Vec<usize> =
            self.globs.matches(path).into_iter().filter_map(|glob| self.kinds.get(glob).copied()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        kinds
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unread(text: &str) -> Unread {
        serde_yaml::from_str(text).unwrap_or_else(|e| panic!("{e}"))
    }

    #[test]
    fn keys_are_told_at_the_start_of_a_line() {
        let kind = unread("{what: p, files: [], keys: [[trigger, pr], [pool, steps]], practices: []}");
        assert!(kind.told_by("trigger:\n- main\nsteps:\n- script: ls\n"));
        assert!(!kind.told_by("on: push\n  trigger: x\nsteps:\n"));
        assert!(!kind.told_by("trigger:\n- main\n"));
        assert!(!kind.told_by("trigger_all: 1\nsteps:\n"));
    }

    #[test]
    fn a_runner_is_called_by_its_program() {
        let kind = unread("{what: p, files: [], called_by: [tox, npm run, some/setup-tox], practices: []}");
        for (words, is) in [
            (&["tox", "-e", "py"][..], true),
            (&["/usr/bin/tox"], true),
            (&["python3", "-m", "tox"], true),
            (&["npm", "run", "fit"], true),
            (&["npm", "ci"], false),
            (&["npm"], false),
            (&["pip", "install", "tox"], false),
        ] {
            assert_eq!(kind.is_run_by(words), is, "{words:?}");
        }
        assert!(kind.is_set_up_by("some/setup-tox@v2") && !kind.is_set_up_by("other/setup-tox@v2"));
    }
}
