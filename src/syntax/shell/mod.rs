//! Shell text: which commands it holds, under which conditions they run, and what their failure does.
//!
//! A verdict often hangs on one `|| true`, so the text is read by a real grammar and then walked the way a shell
//! would run it, both branches of everything. Nothing is executed, and no file, host or image that a command names
//! is opened: whoever follows `bash x.sh` or `ssh host '…'` does so with what stands here.
//!
//! Invariants:
//! - Lines are those of the text given, 1-based. Template expressions and heredocs are taken out before parsing,
//!   byte for byte, and put back by position, so neither can break the parse nor move a line.
//! - Commands stand in the order of the text, each once, however often the function around it is called.
//! - What was parsed is kept; what was not is a [`SyntaxError`]. Size, steps, nesting, commands and the growth of
//!   variables are bounded.

mod commands;
mod constructs;
mod counted;
mod dirs;
mod flow;
mod leaving;
mod lists;
mod prepare;
mod told;
mod values;
mod walk;
mod wordtext;
mod wrappers;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::SyntaxError;
pub use told::{Told, asks, passes_on, put_in, ruled_out, variables};
pub use values::may_be;
pub use wrappers::{Stripped, Wrapper, strip};

/// Longer texts are not read at all.
const MAX_TEXT: usize = 1 << 20;
/// Commands kept of one text.
const MAX_COMMANDS: usize = 20_000;
/// Errors kept of one text.
const MAX_ERRORS: usize = 20;

/// How the folder of the script itself is spelt in [`Word::text`] and [`Command::dir`], whichever of the usual
/// idioms (`$(dirname "$0")`, `$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)`, …) the text uses.
pub const SCRIPT_DIR: &str = "${0%/*}";
/// How the root of the repository is spelt there.
pub const REPO_ROOT: &str = "$(git rev-parse --show-toplevel)";

/// Stands in a text that is put together for what only a run knows.
pub const HOLE: &str = "${_}";

/// A word as a shell takes it, with the holes in it left open.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=,+@%".contains(c);
    let closed = |piece: &str| {
        if piece.chars().all(plain) { piece.to_owned() } else { format!("'{}'", piece.replace('\'', "'\\''")) }
    };
    if word.is_empty() { "''".to_owned() } else { word.split(HOLE).map(closed).collect::<Vec<_>>().join(HOLE) }
}

/// What the caller knows before the first line.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Options {
    /// A failing command ends the script (`bash -e`).
    pub errexit: bool,
    /// A pipe fails when any part of it fails.
    pub pipefail: bool,
    /// Variables with known, literal values.
    pub variables: BTreeMap<String, String>,
}

/// A shell text, read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Script {
    /// In the order of the text.
    pub commands: Vec<Command>,
    /// In the order of the text.
    pub functions: Vec<Function>,
    /// What could not be read.
    pub errors: Vec<SyntaxError>,
    /// A failing command ends the script, from before its first real command on.
    pub errexit: bool,
    /// Variables that arithmetic changes somewhere in the text.
    pub counted: BTreeSet<String>,
}

/// A function that the text defines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// First line of the definition.
    pub line: u32,
    /// Last line of the definition.
    pub end_line: u32,
}

/// One simple command, test, declaration or assignment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The command and its arguments, assignments in front taken off; empty for a bare `FOO=bar`.
    /// `sudo`, `env` and their like still stand here, see [`strip`].
    pub words: Vec<Word>,
    /// `FOO=bar cmd`, `export FOO=bar`, `FOO=bar`.
    pub assignments: Vec<(String, Word)>,
    /// First line.
    pub line: u32,
    /// Last line, without a heredoc.
    pub end_line: u32,
    /// Index into [`Script::functions`]: the function in whose body it stands.
    pub function: Option<usize>,
    /// What must hold for it to run, outermost first, within its function. At most the innermost 32.
    pub conditions: Arc<[Condition]>,
    /// What its failure does. Within a function: as at the first call of that function.
    pub on_failure: OnFailure,
    /// Its exit status can become that of the text.
    pub decides_status: bool,
    /// What it reads, if the text says so.
    pub stdin: Option<Stdin>,
    /// The file that `>`, `>>` or `&>` writes, where literal.
    pub stdout: Option<String>,
    /// Where it runs, if an earlier `cd` or `pushd` moved there: relative to where the text started, absolute, or
    /// beginning with [`SCRIPT_DIR`] or [`REPO_ROOT`]; `?` where it cannot be known.
    pub dir: Option<String>,
    /// Started with `&`.
    pub background: bool,
    /// Stands inside `$( )`, backticks or `<( )` of another command.
    pub substitution: bool,
    /// Runs in a shell of its own (`( )`, a part of a pipe, `&`, `$( )`), which is all that it can leave.
    pub apart: bool,
}

/// One word of a command, as the command would get it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Quotes removed, lines joined, known variables put in; expansions that are not known as they are written.
    pub text: String,
    /// No expansion is left in it. (A glob is no expansion.)
    pub literal: bool,
}

/// What encloses a command and decides whether it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// Which kind.
    pub kind: ConditionKind,
    /// What is tested, as written; at most 200 bytes. For a loop its head, for a case `value in pattern`.
    pub test: String,
    /// Where the test stands.
    pub line: u32,
    /// The tests of the branches before it, which must all have failed.
    pub before: Vec<String>,
}

/// Kinds of [`Condition`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConditionKind {
    /// After `if` or `elif`: the test succeeded.
    If,
    /// After `else`: the tests failed; the last of them is quoted.
    Else,
    /// An arm of a `case`.
    Case,
    /// The body of a `for`, `while`, `until` or `select`.
    Loop,
    /// Right of `&&`: what stands left of it succeeded.
    And,
    /// Right of `||`: what stands left of it failed.
    Or,
}

/// What the failure of a command does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OnFailure {
    /// It ends the text with a failure, or is the failure of the text.
    Stops,
    /// The text goes on and what comes later decides.
    GoesOn,
    /// It is lost.
    Discarded {
        /// The words that lose it: `|| true`, `set +e`, …
        why: String,
    },
}

/// What a command reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stdin {
    /// `<<END`
    Heredoc {
        /// The lines, without the last newline; tabs in front removed for `<<-`. Expansions stand as written.
        text: String,
        /// Line of the first of them.
        line: u32,
        /// The delimiter was quoted: no expansion takes place.
        quoted: bool,
    },
    /// `<<< word`
    HereString(Word),
    /// `< file`
    File(Word),
    /// The output of another command.
    Pipe {
        /// Index into [`Script::commands`].
        from: usize,
    },
}

/// Reads a shell text. Never fails: what could not be read is in [`Script::errors`].
pub fn parse(text: &str, options: &Options) -> Script {
    if text.len() > MAX_TEXT {
        let message = format!("longer than {MAX_TEXT} bytes");
        return Script { errors: vec![SyntaxError { line: 1, message }], errexit: options.errexit, ..Script::default() };
    }
    let prepared = prepare::prepare(text);
    let Some(tree) = grammar(&prepared.masked) else {
        let mut errors = prepared.errors;
        errors.push(SyntaxError { line: 1, message: "too tangled to be parsed within bounds".into() });
        return Script { errors, errexit: options.errexit, ..Script::default() };
    };
    Script { counted: counted::in_brackets(text), ..walk::walk(text, &prepared, &tree, options) }
}

/// The syntax tree, unless it takes more steps than honest text of this size does (measured: below 0.06 per byte).
fn grammar(masked: &str) -> Option<tree_sitter::Tree> {
    let mut parser = tree_sitter::Parser::new();
    parser.set_language(&tree_sitter_bash::LANGUAGE.into()).ok()?;
    let mut left = 1_000 + masked.len() / 5;
    let mut count = |_: &tree_sitter::ParseState| {
        left = left.saturating_sub(1);
        left == 0
    };
    let bytes = masked.as_bytes();
    parser.parse_with_options(
        &mut |at, _| bytes.get(at..).unwrap_or(&[]),
        None,
        Some(tree_sitter::ParseOptions::new().progress_callback(&mut count)),
    )
}

/// At most `max` bytes of `text`, cut between characters.
fn capped(text: &str, max: usize) -> &str {
    let mut end = max.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests;
