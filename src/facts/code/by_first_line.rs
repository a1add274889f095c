//! Files that are run and whose name does not say in which language: their first line does.
//!
//! `script/learn` and `bin/report` are programs as often as `learn.sh` is, and what is handed to a queue ends in the name of
//! that. A file that nothing runs is not opened for its first line; one without such a line is not code that is read here.

use super::{python, shell_script};
use crate::fact::{FileFacts, Inputs};
use crate::facts::{Context, Reader, When};
use crate::resolve;
use crate::source::SourceFile;

/// Scripts by their first line, where something runs them.
pub(crate) const READER: Reader =
    Reader { name: "script by its first line", wants: resolve::is_told_by_its_first_line, when: When::LedTo, read };

/// The languages that have a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Language {
    Shell,
    Python,
}

fn read(file: &SourceFile, context: &Context<'_>) -> FileFacts {
    read_for(file, context, &[])
}

pub(super) fn read_for(file: &SourceFile, context: &Context<'_>, calls: &[Inputs]) -> FileFacts {
    match language(&file.text) {
        Some(Language::Shell) => shell_script::read_for(file, context, calls),
        Some(Language::Python) => python::read(file, context),
        None => FileFacts::default(),
    }
}

/// The language of the program that the first line names: `#!/bin/sh -e`, `#!/usr/bin/env -S uv run --script`.
fn language(text: &str) -> Option<Language> {
    let mut words = text.lines().next()?.strip_prefix("#!")?.split_whitespace();
    let mut program = crate::source::file_name(words.next()?);
    if program == "env" {
        program = crate::source::file_name(words.find(|word| !word.starts_with('-') && !word.contains('='))?);
    }
    match program {
        "sh" | "bash" | "zsh" | "dash" | "ash" | "ksh" => Some(Language::Shell),
        "uv" if words.next() == Some("run") => Some(Language::Python),
        _ if program.starts_with("python") => Some(Language::Python),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_names_the_language() {
        for (line, expected) in [
            ("#!/bin/sh -e", Some(Language::Shell)),
            ("#!/usr/bin/env bash", Some(Language::Shell)),
            ("#!/usr/bin/env -S uv run --script", Some(Language::Python)),
            ("#!/usr/bin/env LANG=C python3.12", Some(Language::Python)),
            ("#!/opt/venv/bin/python", Some(Language::Python)),
            ("#!/usr/bin/env perl", None),
            ("#!", None),
            ("#!/usr/bin/env", None),
            ("import os", None),
        ] {
            assert_eq!(language(&format!("{line}\ntrue\n")), expected, "{line}");
        }
        assert_eq!(language(""), None);
    }

    #[test]
    fn names_without_an_ending_and_those_of_queues() {
        for path in ["script/learn", "bin/report", "jobs/fit.sbatch", "jobs/fit.slurm"] {
            assert!((READER.wants)(path), "{path}");
        }
        for path in ["jobs/fit.sh", "learn.py", "a/.profile", "jobs/fit.yaml"] {
            assert!(!(READER.wants)(path), "{path}");
        }
    }
}
