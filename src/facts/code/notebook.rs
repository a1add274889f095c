//! Notebooks: the Python of their cells as one module, and what their cells hand to a shell.
//!
//! Every line is a line of the `.ipynb`. A line that begins with `!` may fail without stopping the notebook; the last
//! command of a `%%bash` cell may not.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::python::first_error;
use crate::fact::{Code, FactKind, FileFacts, OnFailure, Unit, UnitKind};
use crate::facts::shell::{Shell, lower};
use crate::facts::{Context, Reader, When};
use crate::source::{self, SourceFile};
use crate::syntax::notebook::{CellKind, Notebook, parse};
use crate::syntax::python::parse_cells;

/// Reads `*.ipynb`.
pub(crate) const READER: Reader =
    Reader { name: "notebook", wants: |path| source::extension(path) == Some("ipynb"), when: When::Telling, read };

fn read(file: &SourceFile, context: &Context) -> FileFacts {
    let notebook = parse(&file.text);
    let mut facts =
        FileFacts { notices: first_error(file, &notebook.errors, |line| line).into_iter().collect(), ..FileFacts::default() };
    if notebook.is_python() {
        let module = parse_cells(&notebook.code, &notebook.code_cells);
        facts.notices.extend(first_error(file, &module.errors, |line| notebook.line_of(line)));
        facts.code = Some(Arc::new(Code { module, notebook: true, lines: notebook.lines.clone() }));
    }
    commands(file, &notebook, context, &mut facts);
    facts
}

/// What the cells hand to a shell, as commands of one script.
fn commands(file: &SourceFile, notebook: &Notebook, context: &Context, facts: &mut FileFacts) {
    let scripts = notebook.magics.iter().filter_map(|(magic, line)| Some((run_magic(magic)?, *line)));
    let mut texts: Vec<(String, u32)> = notebook.shell_lines.iter().cloned().chain(scripts).collect();
    texts.sort_by_key(|(_, line)| *line);
    let settings: Vec<(&str, &str, u32)> = notebook.magics.iter().filter_map(|(magic, line)| env_magic(magic, *line)).collect();
    if texts.is_empty() && settings.is_empty() {
        return;
    }
    let last = notebook.cells.last().map_or(1, |c| c.line.max(1));
    facts.units.push(Unit {
        kind: UnitKind::Script,
        name: file.name().to_owned(),
        title: None,
        line: 1,
        end_line: last.max(texts.last().map_or(1, |(_, line)| *line)),
        parent: None,
    });
    let bodies: BTreeSet<u32> = shell_cells(notebook);
    let how = Shell { dir: Some(source::folder(&file.path).to_owned()), ..Shell::default() };
    for (text, line) in texts {
        let from = facts.facts.len();
        let lines = |at: u32| cell_line(notebook, line, at);
        lower(&holes(&text), &lines, 0, &how, context, facts);
        if !bodies.contains(&line) {
            for fact in facts.facts.iter_mut().skip(from) {
                if let FactKind::Command(command) = &mut fact.kind
                    && command.on_failure == OnFailure::Stops
                {
                    command.on_failure = OnFailure::GoesOn;
                }
            }
        }
    }
    for (key, value, line) in settings {
        let kind = FactKind::Setting { key: key.to_owned(), value: value.to_owned() };
        facts.state(0, line, kind);
    }
}

/// `%run other.py --fast` runs that file in place of a cell.
fn run_magic(magic: &str) -> Option<String> {
    let mut rest = magic.strip_prefix("run")?.strip_prefix(char::is_whitespace)?.trim();
    // its own options stand in front
    while let Some(after) = rest.strip_prefix('-') {
        rest = after.split_once(char::is_whitespace)?.1.trim();
    }
    let script = rest.split_whitespace().next()?.trim_matches(['"', '\'']);
    match source::extension(script) {
        Some("ipynb") => Some(format!("jupyter execute {rest}")),
        Some("py" | "ipy") => Some(format!("python {rest}")),
        _ => None,
    }
}

/// `%env KEY=value`, `%env KEY value`.
fn env_magic(magic: &str, line: u32) -> Option<(&str, &str, u32)> {
    let rest = magic.strip_prefix("env").or_else(|| magic.strip_prefix("set_env"))?.strip_prefix(char::is_whitespace)?.trim();
    let (key, value) = rest.split_once('=').or_else(|| rest.split_once(char::is_whitespace))?;
    Some((key.trim(), value.trim(), line))
}

/// Lines on which the bodies of cells begin that are shell as a whole.
fn shell_cells(notebook: &Notebook) -> BTreeSet<u32> {
    let mut found = BTreeSet::new();
    for cell in notebook.cells.iter().filter(|c| c.kind == CellKind::Code) {
        if let Some((head, first)) = cell.source.lines().enumerate().find(|(_, l)| !l.trim().is_empty())
            && first.trim_start().starts_with("%%")
        {
            found.insert(cell.line_of(head as u32 + 2));
        }
    }
    found
}

/// The line of the file for a line of a text that begins on `start`.
fn cell_line(notebook: &Notebook, start: u32, line: u32) -> u32 {
    let offset = line.saturating_sub(1);
    let at = notebook.lines.partition_point(|l| *l < start);
    notebook.lines.get(at + offset as usize).copied().unwrap_or(start + offset)
}

/// IPython fills `{name}` as a shell fills `${name}`: not known before it runs.
fn holes(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let name = from.get(1..).and_then(|f| f.split('}').next()).unwrap_or_default();
        let closed = from.get(name.len() + 1..).is_some_and(|f| f.starts_with('}'));
        let is_name = !name.is_empty()
            && name.chars().all(|c| c.is_alphanumeric() || c == '_')
            && !name.starts_with(|c: char| c.is_ascii_digit());
        if closed && is_name && !before.ends_with('$') {
            out.push('$');
        }
        out.push('{');
        rest = from.get(1..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTEBOOK: &str = r#"{
 "cells": [
  {"cell_type": "code", "source": [
    "import joblib\n",
    "!pip install -q {package}\n",
    "model.fit(X)"
  ]},
  {"cell_type": "code", "source": [
    "%%bash\n",
    "make train\n",
    "dvc push"
  ]},
  {"cell_type": "code", "source": [
    "%run -i src/train.py --fast\n",
    "%env STAGE=dev\n",
    "x = (\n"
  ]}
 ],
 "metadata": {"kernelspec": {"language": "python"}}
}"#;

    fn check(text: &str) -> (Vec<u32>, Vec<String>, Vec<String>) {
        let facts = read(&SourceFile::new("nb/a.ipynb".into(), text.into()), &Context::default());
        let calls = facts.code.iter().flat_map(|c| c.module.calls.iter().map(|call| c.file_line(call.line))).collect();
        let said = facts.facts.iter().map(|f| match &f.kind {
            FactKind::Command(c) => format!("{} {} ({}, {:?})", f.line, c.text(), c.dir.as_deref().unwrap_or("?"), c.on_failure),
            FactKind::Setting { key, value } => format!("{} {key}={value}", f.line),
            _ => String::new(),
        });
        let notices = facts.notices.iter().map(|n| n.at.as_ref().map_or_else(String::new, |at| at.to_string())).collect();
        (calls, said.collect(), notices)
    }

    #[test]
    fn cells_are_code_and_commands() {
        let (calls, said, notices) = check(NOTEBOOK);
        assert_eq!(calls, [6]);
        assert_eq!(
            said,
            [
                "5 pip install -q ${package} (nb, GoesOn)",
                "10 make train (nb, GoesOn)",
                "11 dvc push (nb, Stops)",
                "14 python src/train.py --fast (nb, GoesOn)",
                "15 STAGE=dev"
            ]
        );
        assert_eq!(notices.len(), 1);
        assert!(notices[0].starts_with("nb/a.ipynb:1"), "{notices:?}");
    }

    #[test]
    fn other_languages_and_broken_files() {
        let (calls, said, notices) =
            check(r#"{"cells": [{"cell_type": "code", "source": ["fit(x)"]}], "metadata": {"language_info": {"name": "R"}}}"#);
        assert_eq!((calls.len(), said.len(), notices.len()), (0, 0, 0));
        assert_eq!(check("[1]").2.len(), 1);
    }
}
