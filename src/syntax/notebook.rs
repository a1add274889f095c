//! Notebooks: their cells, with the lines of the `.ipynb` file itself, and the code in them as one text.
//!
//! Evidence must point at a line of the file that people open, which is JSON, so the JSON is scanned with positions;
//! only the strings wanted are decoded. What a cell printed is skipped unread: an output is no code. The scan is
//! linear and does not recurse; a line that is no JSON (a merge marker) costs that line.
//!
//! Shell commands and the bodies of cells in other languages are taken out of the code, line by line the same.

mod scan;

use std::ops::Range;

use self::scan::Scan;
use super::SyntaxError;

/// Bytes of all cells together.
const MAX_SOURCE: usize = 4 << 20;
/// Cells of one notebook.
const MAX_CELLS: usize = 20_000;
/// Entries of [`Notebook::errors`].
const MAX_ERRORS: usize = 20;

/// Cell magics whose body is still Python that the kernel or its cluster runs.
const PYTHON_MAGICS: [&str; 16] = [
    "time", "timeit", "capture", "prun", "memit", "lprun", "mprun", "python", "python3", "pypy", "spark", "pyspark", "local",
    "wandb", "ipytest", "px",
];

/// What a cell holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CellKind {
    /// Code of the notebook's language.
    Code,
    /// Text, also headings of old notebooks.
    Markdown,
    /// Text for a converter.
    Raw,
}

/// A cell.
#[derive(Debug, Clone)]
pub struct Cell {
    /// The line of the `.ipynb` on which its first source line stands; of the cell, if it has none.
    pub line: u32,
    /// What it holds.
    pub kind: CellKind,
    /// Its text, as the author sees it.
    pub source: String,
    lines: Vec<u32>,
}

impl Cell {
    /// The line of the `.ipynb` for a 1-based line of `source`.
    pub fn line_of(&self, source_line: u32) -> u32 {
        looked_up(&self.lines, source_line, self.line)
    }
}

/// A file that a cell would write when run (`%%writefile`). It need not exist in the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The path as written.
    pub path: String,
    /// What would stand in it.
    pub text: String,
    /// The line of the `.ipynb` on which `text` begins.
    pub line: u32,
}

/// A notebook.
#[derive(Debug, Clone, Default)]
pub struct Notebook {
    /// Its cells in order.
    pub cells: Vec<Cell>,
    /// The Python of all code cells, one after the other; bodies in other languages are empty lines.
    pub code: String,
    /// Where each code cell stands in `code`, one line feed apart, as [`super::python::parse_cells`] takes them.
    pub code_cells: Vec<Range<usize>>,
    /// The line of the `.ipynb` for each line of `code`.
    pub lines: Vec<u32>,
    /// The language, in lower case, where the notebook says it (`python`, `r`, `julia`, `scala`).
    pub language: Option<String>,
    /// Shell text with the line of the `.ipynb` where it begins: `!cmd`, `%pip …`, `%sh …`, and whole bodies of `%%bash` cells.
    pub shell_lines: Vec<(String, u32)>,
    /// Other magics without their `%` (`run train.py`, `env A=b`, `sql …` for a cell), with their lines.
    pub magics: Vec<(String, u32)>,
    /// Files that cells would write.
    pub written: Vec<Written>,
    /// Where the JSON is broken, at most 20.
    pub errors: Vec<SyntaxError>,
    /// True where a bound was hit, so that cells are missing.
    pub truncated: bool,
}

impl Notebook {
    /// The line of the `.ipynb` for a 1-based line of `code`.
    pub fn line_of(&self, code_line: u32) -> u32 {
        looked_up(&self.lines, code_line, 1)
    }

    /// It is written in Python, or does not say.
    pub fn is_python(&self) -> bool {
        self.language.as_deref().is_none_or(|language| language.starts_with("python") || language.starts_with("ipython"))
    }
}

/// Beyond the end (a parser may point there) the last line counts.
fn looked_up(lines: &[u32], line: u32, otherwise: u32) -> u32 {
    let index = (line as usize).saturating_sub(1);
    lines.get(index).or(lines.last()).copied().unwrap_or(otherwise)
}

/// Reads a notebook, in the formats 3 and 4. Never fails: what is broken is in `errors`.
pub fn parse(text: &str) -> Notebook {
    let mut scan = Scan { text, at: 0, line: 1, counted: 0, errors: Vec::new() };
    let mut notebook = Notebook::default();
    scan.at = if text.starts_with('\u{feff}') { 3 } else { 0 };
    scan.blank();
    if scan.peek() == Some(b'{') {
        scan.at += 1;
        while let Some(key) = scan.key() {
            match (key.as_str(), scan.peek()) {
                ("cells", Some(b'[')) => cells(&mut scan, &mut notebook),
                ("worksheets", Some(b'[')) => worksheets(&mut scan, &mut notebook),
                ("metadata", Some(b'{')) => metadata(&mut scan, &mut notebook),
                _ => scan.skip(),
            }
        }
    } else {
        scan.error("a notebook is a JSON object, and this is none");
    }
    notebook.errors = scan.errors;
    join_code(&mut notebook);
    notebook
}

/// Format 3 keeps the cells of each sheet apart.
fn worksheets(scan: &mut Scan<'_>, notebook: &mut Notebook) {
    scan.at += 1;
    while scan.more() {
        if scan.peek() != Some(b'{') {
            scan.skip();
            continue;
        }
        scan.at += 1;
        while let Some(key) = scan.key() {
            if key == "cells" && scan.peek() == Some(b'[') { cells(scan, notebook) } else { scan.skip() }
        }
    }
}

/// What `language_info` says wins over the kernel's own word, and that over the kernel's name.
fn metadata(scan: &mut Scan<'_>, notebook: &mut Notebook) {
    let (mut named, mut kernel, mut kernel_name) = (None, None, None);
    scan.at += 1;
    while let Some(key) = scan.key() {
        let info = key == "language_info";
        if !(info || key == "kernelspec") || scan.peek() != Some(b'{') {
            scan.skip();
            continue;
        }
        scan.at += 1;
        while let Some(key) = scan.key() {
            match (key.as_str(), scan.peek()) {
                ("name", Some(b'"')) if info => named = scan.string(),
                ("name", Some(b'"')) => kernel_name = scan.string(),
                ("language", Some(b'"')) => kernel = scan.string(),
                _ => scan.skip(),
            }
        }
    }
    let language = named.or(kernel).or(kernel_name.filter(|name| name.to_lowercase().starts_with("python")));
    if let Some(language) = language {
        notebook.language = Some(language.to_lowercase());
    }
}

fn cells(scan: &mut Scan<'_>, notebook: &mut Notebook) {
    scan.at += 1;
    let mut bytes: usize = notebook.cells.iter().map(|c| c.source.len()).sum();
    while scan.more() {
        if scan.peek() != Some(b'{') {
            scan.skip();
            continue;
        }
        let (cell, language) = cell(scan);
        bytes += cell.source.len();
        if notebook.cells.len() >= MAX_CELLS || bytes > MAX_SOURCE {
            notebook.truncated = true;
            bytes -= cell.source.len();
            continue;
        }
        if notebook.language.is_none() {
            notebook.language = language.map(|l| l.to_lowercase());
        }
        notebook.cells.push(cell);
    }
}

/// One cell, and its own word for the language, which only format 3 has.
fn cell(scan: &mut Scan<'_>) -> (Cell, Option<String>) {
    let mut cell = Cell { line: scan.line(), kind: CellKind::Raw, source: String::new(), lines: Vec::new() };
    let mut language = None;
    scan.at += 1;
    while let Some(key) = scan.key() {
        match (key.as_str(), scan.peek()) {
            ("cell_type", Some(b'"')) => {
                cell.kind = match scan.string().as_deref() {
                    Some("code") => CellKind::Code,
                    Some("markdown" | "heading" | "html") => CellKind::Markdown,
                    _ => CellKind::Raw,
                }
            }
            ("language", Some(b'"')) => language = scan.string(),
            ("source" | "input", Some(b'"')) => {
                (cell.source, cell.lines) = (String::new(), Vec::new());
                source_piece(scan, &mut cell);
            }
            ("source" | "input", Some(b'[')) => {
                (cell.source, cell.lines) = (String::new(), Vec::new());
                scan.at += 1;
                while scan.more() {
                    if scan.peek() == Some(b'"') { source_piece(scan, &mut cell) } else { scan.skip() }
                }
            }
            _ => scan.skip(),
        }
    }
    cell.line = cell.lines.first().copied().unwrap_or(cell.line);
    (cell, language)
}

/// One string of a source: usually one line, in some notebooks all of them.
fn source_piece(scan: &mut Scan<'_>, cell: &mut Cell) {
    let line = scan.line();
    let Some(piece) = scan.string() else { return };
    if cell.source.len() + piece.len() > MAX_SOURCE {
        return;
    }
    for part in piece.split_inclusive('\n') {
        if cell.source.is_empty() || cell.source.ends_with('\n') {
            cell.lines.push(line);
        }
        cell.source.push_str(part);
    }
}

// --- what is code in a cell ---

/// Joins what is Python, and sorts out what is not.
fn join_code(notebook: &mut Notebook) {
    let cells = std::mem::take(&mut notebook.cells);
    let python = notebook.is_python();
    for cell in cells.iter().filter(|c| c.kind == CellKind::Code) {
        if !notebook.code_cells.is_empty() {
            notebook.code.push('\n');
        }
        let start = notebook.code.len();
        let stays = !python || cell_magic(cell, notebook);
        let (mut in_string, mut continued) = (None, 0_usize);
        let lines: Vec<&str> = cell.source.trim_end_matches('\n').split('\n').collect();
        for (index, line) in lines.iter().enumerate() {
            if index > 0 {
                notebook.code.push('\n');
            }
            let at = cell.line_of(index as u32 + 1);
            notebook.lines.push(at);
            if !stays {
                continue;
            }
            let said = line.trim_start();
            // of a cell magic only the body is Python
            if !(python && said.starts_with("%%")) {
                notebook.code.push_str(line);
                if continued > 0 {
                    continued -= 1;
                } else if python && in_string.is_none() {
                    continued = line_magic(said, lines.get(index + 1..).unwrap_or_default(), at, notebook);
                }
            }
            in_string = after_quotes(line, in_string);
        }
        notebook.code_cells.push(start..notebook.code.len());
    }
    notebook.cells = cells;
}

/// Handles `%%magic` at the head of a cell; says whether the body is Python.
fn cell_magic(cell: &Cell, notebook: &mut Notebook) -> bool {
    let Some((head, first)) = cell.source.lines().enumerate().find(|(_, l)| !l.trim().is_empty()) else { return true };
    let Some(magic) = first.trim_start().strip_prefix("%%") else { return true };
    let body: String = cell.source.split_inclusive('\n').skip(head + 1).collect();
    let line = cell.line_of(head as u32 + 2);
    let mut words = magic.split_whitespace();
    match words.next().unwrap_or_default() {
        "bash" | "sh" | "zsh" | "!" | "sx" | "system" => notebook.shell_lines.push((body, line)),
        "script" if words.next().is_some_and(|w| matches!(w.rsplit('/').next(), Some("bash" | "sh" | "zsh"))) => {
            notebook.shell_lines.push((body, line));
        }
        "writefile" | "file" => {
            if let Some(path) = words.find(|w| !w.starts_with('-')) {
                let path = path.trim_matches(['"', '\'']).to_owned();
                notebook.written.push(Written { path, text: body, line });
            }
        }
        word if PYTHON_MAGICS.contains(&word) => return true,
        _ => notebook.magics.push((magic.to_owned(), cell.line_of(head as u32 + 1))),
    }
    false
}

/// Handles `!cmd`, `name = !cmd` and `%magic`; says how many of the following lines continue it.
fn line_magic(said: &str, following: &[&str], at: u32, notebook: &mut Notebook) -> usize {
    let assigned = said.split_once('=').filter(|(name, _)| {
        let name = name.trim();
        !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | ',' | ' '))
    });
    let said = match assigned {
        Some((_, value)) if value.trim_start().starts_with('!') => value.trim_start(),
        _ => said,
    };
    let Some(mark) = said.chars().next().filter(|c| matches!(c, '!' | '%')) else { return 0 };
    let body = said.trim_start_matches(mark);
    if mark == '%' && !body.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return 0;
    }
    let (mut text, mut continued) = (body.trim_end().to_owned(), 0);
    for next in following {
        if !text.ends_with('\\') {
            break;
        }
        text.pop();
        text.push_str(next.trim());
        continued += 1;
    }
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((&text, ""));
    match word {
        "" => {}
        _ if mark == '!' => notebook.shell_lines.push((text, at)),
        "pip" | "conda" | "mamba" | "uv" => notebook.shell_lines.push((text, at)),
        "sh" | "bash" | "sx" | "system" => notebook.shell_lines.push((rest.trim().to_owned(), at)),
        _ => notebook.magics.push((text, at)),
    }
    continued
}

/// The triple quote still open after a line, given the one open before it. Rough, but enough to keep text that looks
/// like a magic from being one.
fn after_quotes(line: &str, open: Option<&'static str>) -> Option<&'static str> {
    let (mut rest, mut open) = (line, open);
    loop {
        let found = match open {
            Some(quote) => rest.find(quote).map(|at| (at, quote)),
            None => ["\"\"\"", "'''"].into_iter().filter_map(|q| rest.find(q).map(|at| (at, q))).min(),
        };
        let Some((at, quote)) = found else { return open };
        if open.is_none() && rest.get(..at).is_some_and(|before| before.contains('#')) {
            return None;
        }
        open = if open.is_some() { None } else { Some(quote) };
        rest = rest.get(at + 3..).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::python;

    const SMALL: &str = r##"{
 "cells": [
  {
   "cell_type": "markdown",
   "source": ["# Title\n", "%pip install no"]
  },
  {
   "outputs": [{"text": ["import fake\n"], "data": {"source": ["x"]}}],
   "source": [
    "import torch\n",
    "%pip install a \\\n",
    "   b\n",
    "files = !ls data\n",
    "!dvc pull\n",
    "%run train.py --x\n",
    "s = \"\"\"\n",
    "!not a command\n",
    "\"\"\"\n",
    "model.fit(1)"
   ],
   "cell_type": "code"
  },
  {"cell_type": "code", "source": "%%bash\nset -e\nmake train\n"},
  {"cell_type": "code", "source": ["%%time\n", "evaluate()\n"]},
  {"cell_type": "code", "source": ["%%writefile -a src/x.py\n", "boom()\n"]},
  {"cell_type": "code", "source": ["%%sql\n", "select 1\n"]},
  {"cell_type": "code", "source": []}
 ],
 "metadata": {"kernelspec": {"name": "python3", "language": "python"}, "language_info": {"name": "Python"}},
 "nbformat": 4
}
"##;

    #[test]
    fn cells_and_their_lines() {
        let n = parse(SMALL);
        assert!(n.errors.is_empty(), "{:?}", n.errors);
        assert_eq!(n.language.as_deref(), Some("python"));
        let seen: Vec<_> = n.cells.iter().map(|c| (c.kind, c.line)).collect();
        use CellKind::*;
        assert_eq!(seen, [(Markdown, 5), (Code, 10), (Code, 23), (Code, 24), (Code, 25), (Code, 26), (Code, 27)]);
        assert_eq!((n.cells[1].line_of(1), n.cells[1].line_of(10), n.cells[1].line_of(99)), (10, 19, 19));
        assert_eq!(n.lines.len(), n.code.split('\n').count());
    }

    #[test]
    fn commands_are_kept_apart() {
        let n = parse(SMALL);
        let shell: Vec<_> = n.shell_lines.iter().map(|(t, l)| (t.as_str(), *l)).collect();
        assert_eq!(shell, [("pip install a b", 11), ("ls data", 13), ("dvc pull", 14), ("set -e\nmake train\n", 23)]);
        assert_eq!(n.magics, [("run train.py --x".to_owned(), 15), ("sql".to_owned(), 26)]);
        assert_eq!(n.written, [Written { path: "src/x.py".into(), text: "boom()\n".into(), line: 25 }]);
    }

    #[test]
    fn the_code_is_python_and_leads_back() {
        let n = parse(SMALL);
        let m = python::parse_cells(&n.code, &n.code_cells);
        assert!(m.errors.is_empty(), "{:?}", m.errors);
        let calls: Vec<_> = m.calls.iter().map(|c| (c.callee.dotted().unwrap_or_default(), n.line_of(c.line))).collect();
        assert_eq!(calls, [("model.fit".to_owned(), 19), ("evaluate".to_owned(), 24)]);
        assert_eq!((m.imports[0].module.as_str(), m.imports.len()), ("torch", 1));
        assert_eq!(python::parse(&n.code, python::Mode::Notebook).calls.len(), 2);
    }

    #[test]
    fn old_and_foreign_notebooks() {
        let n = parse(r#"{"worksheets": [{"cells": [{"cell_type": "code", "language": "python", "input": ["a()"]}]}]}"#);
        assert_eq!((n.code.as_str(), n.language.as_deref()), ("a()", Some("python")));
        let n = parse(r#"{"cells": [{"cell_type": "code", "source": ["!x"]}], "metadata": {"kernelspec": {"language": "R"}}}"#);
        assert_eq!((n.is_python(), n.shell_lines.len()), (false, 0));
    }

    #[test]
    fn merge_markers_cost_their_lines() {
        let text = SMALL
            .replace("   \"cell_type\": \"code\"\n  },", "<<<<<<< HEAD\n   \"cell_type\": \"code\"\n=======\n>>>>>>> b\n  },");
        let n = parse(&text);
        assert_eq!((n.cells.len(), n.errors.len()), (7, 3));
        assert_eq!(n.errors[0].line, 21);
        let cut = parse(SMALL.split_once("files =").map_or("", |(a, _)| a));
        assert_eq!((cut.cells.len(), cut.errors.is_empty()), (2, false));
        assert!(cut.cells[1].source.starts_with("import torch\n"));
    }

    #[test]
    fn hostile_notebooks_end() {
        let deep = "[".repeat(300_000);
        for text in [
            "",
            "[]",
            "{",
            "{\"cells\":",
            "{\"cells\": [{\"source\": [\"\\ud800\", 3, {}]}]}",
            "\u{feff}{\"cells\": [\"\\",
            "{\"a\" 1}",
            "{\"cells\": [}]}",
            "nul\0",
        ] {
            parse(text);
        }
        parse(&format!("{{\"cells\": {deep}"));
        parse(&format!("{{\"metadata\": {{\"x\": {deep}"));
        parse(&"{\"cells\":[".repeat(50_000));
        let many =
            format!("{{\"cells\": [{}]}}", vec!["{\"cell_type\":\"code\",\"source\":\"!a\\\\\\n!b\\\\\"}"; 30_000].join(","));
        let n = parse(&many);
        assert!(n.truncated && n.cells.len() == MAX_CELLS);
        let tall = format!("{{\"cells\": [{{\"cell_type\":\"code\",\"source\":\"{}\"}}]}}", "!a \\\\\\n".repeat(20_000));
        let n = parse(&tall);
        assert_eq!((n.lines.len(), n.shell_lines.len()), (20_000, 1));
    }
}
