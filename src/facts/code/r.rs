//! Scripts in R: the files that a script takes in by `source()`. What else they do is told by rules, in words.
//!
//! R has no reader; a line is cut at its comment, and a call counts where its first argument is one text. Bounded by the
//! lines of the file.

use crate::fact::{FactKind, FileFacts, OnFailure, Uses, UsesTarget};
use crate::facts::{Context, Reader, When};
use crate::source::{self, SourceFile, extension};
use crate::words::EdgeKind;

/// Scripts by their extension, where something runs them.
pub(crate) const READER: Reader = Reader { name: "R script", wants, when: When::LedTo, read };

/// Most files that one script takes in.
const MOST: usize = 200;

fn wants(path: &str) -> bool {
    matches!(extension(path), Some("R" | "r"))
}

fn read(file: &SourceFile, _: &Context<'_>) -> FileFacts {
    let mut facts = FileFacts::default();
    let lines = (1..).zip(file.text.lines());
    for (line, path) in lines.filter_map(|(line, text)| Some((line, taken_in(code(text))?))).take(MOST) {
        let (to, edge) = (UsesTarget::File(path.clone()), EdgeKind::Imports);
        facts.state(
            None,
            line,
            FactKind::Uses(Uses { reference: path, with: Vec::new(), to, edge, on_failure: OnFailure::Stops }),
        );
    }
    facts
}

/// A line without its comment.
fn code(line: &str) -> &str {
    let mut quote = None;
    for (at, c) in line.char_indices() {
        match (quote, c) {
            (None, '#') => return line.get(..at).unwrap_or_default(),
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            _ => {}
        }
    }
    line
}

/// What a line takes in, from the folder in which the project is run: a script, or every script of a folder that a list of
/// files is made of (`lapply(list.files("R", full.names = TRUE), source)`).
fn taken_in(line: &str) -> Option<String> {
    let calls = |name: &str| {
        let found = line.match_indices(name).map(|(at, _)| at);
        let alone = |at: &usize| !line.get(..*at).is_some_and(|b| b.ends_with(|c: char| c.is_alphanumeric() || "._".contains(c)));
        found.filter(alone).find_map(|at| line.get(at + name.len()..)?.trim_start().strip_prefix('('))
    };
    let each = ["source)", "source,"].iter().any(|word| line.contains(word));
    if let Some(folder) = calls("list.files").filter(|_| each).and_then(text) {
        return source::join(".", &format!("{}/*.R", folder.trim_end_matches('/')));
    }
    let argument = calls("source")?;
    // `here()` begins at the root of the project, and takes the parts of a path
    let parts = argument.trim_start().trim_start_matches("here::").strip_prefix("here(");
    let path = match parts {
        Some(parts) => {
            let parts = parts.split(')').next()?.split(',').map(text).collect::<Option<Vec<&str>>>()?;
            parts.join("/")
        }
        None => text(argument)?.to_owned(),
    };
    source::join(".", &path).filter(|_| !path.contains(":")).filter(|path| wants(path))
}

/// The text in quotes that something begins with.
fn text(of: &str) -> Option<&str> {
    let of = of.trim_start();
    let quote = of.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    of.get(1..)?.split(quote).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sourced_files_are_taken_in() {
        for (line, expected) in [
            ("source(\"R/setup.R\")", Some("R/setup.R")),
            ("  base::source('steps/../R/rows.r', local = TRUE)  # rows", Some("R/rows.r")),
            ("source(here::here(\"R\", \"setup.R\"))", Some("R/setup.R")),
            ("source(here(\"R/setup.R\"))", Some("R/setup.R")),
            ("purrr::walk(list.files(\"R/\", \"\\\\.R$\", full.names = TRUE), source)", Some("R/*.R")),
            ("# source(\"R/setup.R\")", None),
            ("message(\"no # source\"); source(\"a.R\")", Some("a.R")),
            ("source(file)", None),
            ("source(\"https://example.org/x.R\")", None),
            ("resource(\"a.R\")", None),
            ("list.files(\"R\")", None),
            ("source(", None),
            ("source(\"", None),
        ] {
            assert_eq!(taken_in(code(line)).as_deref(), expected, "{line}");
        }
    }
}
