//! Python as plain data: scopes, imports, calls, bindings and what decides whether they run.
//!
//! Reachability is asked function by function, so a file is not a bag of calls: each call knows its scope, the flows
//! above it and whether a handler swallows its failure. Names stay as written; what they mean is decided by whoever
//! has seen the other files.
//!
//! Invariants: no other module names a type of the parser; a broken file gives what can be read and says what was
//! stepped over; size, line length, nesting and entries are bounded. Within those bounds parsing and walking need up to
//! 16 MiB of stack on hostile input: callers run on threads that have it.

mod exits;
mod guard;
mod imports;
mod lower;
mod model;
mod since;
mod statement;
#[cfg(test)]
mod tests;
mod value;

use std::ops::Range;

use ruff_python_ast::{Mod, PythonVersion, Stmt};
use ruff_python_parser::{Mode as ParserMode, ParseError, ParseOptions, parse_cells_unchecked, parse_unchecked};
use ruff_text_size::{TextRange, TextSize};

pub use imports::scan_imports;
pub use model::*;
pub(crate) use statement::marker;

use super::SyntaxError;

/// Which dialect a text is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// A `.py` file.
    Module,
    /// Code cells of a notebook: lines with `%`, `!` and `?` are allowed and say nothing here.
    Notebook,
}

/// Entries of [`Module::errors`].
const MAX_ERRORS: usize = 20;

/// Reads a Python text. Never fails: what is over a bound gives its imports only, and says so in `errors`.
pub fn parse(text: &str, mode: Mode) -> Module {
    if let Some(reason) = guard::refuses(text) {
        return unparsed(text, reason);
    }
    let parsed = parse_unchecked(text, options(mode));
    let body: &[Stmt] = match parsed.syntax() {
        Mod::Module(module) => &module.body,
        Mod::Expression(_) => &[],
    };
    let (mut module, too_deep) = lowered(text, body, parsed.errors());
    if mode == Mode::Module {
        since::of_syntax(text, parsed.unsupported_syntax_errors(), &mut module.since);
        let at = |error: &SyntaxError| text.lines().nth((error.line as usize).saturating_sub(1));
        let meant = !module.errors.iter().filter_map(at).any(for_another);
        module.unreadable = module.errors.first().filter(|_| meant).map(|error| error.line);
    }
    if too_deep {
        // dropping the tree would recurse as deep as it is
        std::mem::forget(parsed);
    }
    module
}

/// Reads the code cells of a notebook, given where they stand in their joined text, so that a cell that is broken
/// takes nothing from the next. Neighbouring ranges leave exactly one line feed between them; if they do not, the
/// text is read as one. Cells over a bound are left out and make the result `truncated`.
pub fn parse_cells(text: &str, cells: &[Range<usize>]) -> Module {
    if text.len() > guard::MAX_BYTES || !are_cells(text, cells) {
        return parse(text, Mode::Notebook);
    }
    let mut left_out = Vec::new();
    let ranges = cells.iter().filter_map(|cell| {
        let reason = guard::refuses(text.get(cell.clone())?);
        reason.map_or_else(
            || Some(TextRange::new(offset(cell.start)?, offset(cell.end)?)),
            |reason| {
                left_out.push((cell.start, reason));
                None
            },
        )
    });
    let ranges: Vec<TextRange> = ranges.collect();
    let mut modules = Vec::new();
    // where a cell is left out the next run begins, as neighbours must touch
    let touch = |a: &TextRange, b: &TextRange| a.end() + TextSize::from(1) == b.start();
    for run in ranges.chunk_by(touch) {
        modules.push(parse_cells_unchecked(text, run.iter().copied(), &options(Mode::Notebook)));
    }
    let errors: Vec<ParseError> = modules.iter().flat_map(|m| m.errors().iter().cloned()).collect();
    let body: Vec<Stmt> = modules.into_iter().flat_map(|m| m.into_syntax().body).collect();
    let (mut module, too_deep) = lowered(text, &body, &errors);
    if too_deep {
        std::mem::forget(body);
    }
    for (start, reason) in left_out {
        module.truncated = true;
        if module.errors.len() < MAX_ERRORS {
            let before = text.as_bytes().get(..start).unwrap_or_default();
            let line = memchr::memchr_iter(b'\n', before).count() as u32 + 1;
            module.errors.push(SyntaxError { line, message: reason.to_owned() });
        }
    }
    module
}

/// Whether a line is sound for Python 2 or for IPython.
fn for_another(line: &str) -> bool {
    let line = line.trim_start();
    ["print ", "exec ", "raise ", "except ", "%", "!"].iter().any(|start| line.starts_with(start)) || line.contains(": print ")
}

fn options(mode: Mode) -> ParseOptions {
    // the oldest, so that the parser says what later ones brought
    let mode = match mode {
        Mode::Module => ParserMode::Module,
        Mode::Notebook => ParserMode::Ipython,
    };
    ParseOptions::from(mode).with_target_version(PythonVersion::lowest())
}

fn offset(at: usize) -> Option<TextSize> {
    TextSize::try_from(at).ok()
}

/// Ordered, inside the text, on character boundaries, one line feed apart.
fn are_cells(text: &str, cells: &[Range<usize>]) -> bool {
    let bounds = cells.iter().all(|c| text.get(c.clone()).is_some());
    bounds && cells.windows(2).all(|pair| matches!(pair, [a, b] if text.get(a.end..b.start) == Some("\n")))
}

fn lowered(text: &str, body: &[Stmt], errors: &[ParseError]) -> (Module, bool) {
    let (mut module, too_deep) = lower::Lower::run(text, body);
    let line =
        |at: TextSize| memchr::memchr_iter(b'\n', text.as_bytes().get(..at.to_usize()).unwrap_or_default()).count() as u32 + 1;
    for error in errors.iter().take(MAX_ERRORS) {
        module.errors.push(SyntaxError { line: line(error.location.start()), message: error.error.to_string() });
    }
    (module, too_deep)
}

/// A text that is not parsed: its imports by the line scan.
fn unparsed(text: &str, reason: &str) -> Module {
    let lines = memchr::memchr_iter(b'\n', text.as_bytes()).count() as u32 + 1;
    Module {
        scopes: vec![top_level(lines)],
        imports: scan_imports(text),
        errors: vec![SyntaxError { line: 1, message: reason.to_owned() }],
        truncated: true,
        ..Module::default()
    }
}

/// The scope of a whole file.
fn top_level(lines: u32) -> Scope {
    Scope {
        kind: ScopeKind::Module,
        name: String::new(),
        parent: 0,
        line: 1,
        end_line: lines,
        decorators: Vec::new(),
        params: Vec::new(),
        bases: Vec::new(),
        returns_annotation: None,
        conditions: Vec::new(),
        globals: Vec::new(),
    }
}
