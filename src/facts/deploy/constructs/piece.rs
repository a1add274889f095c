//! Pieces of a template on their way, and the document that they come to.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::resolve::program::FileId;
use crate::syntax::build::{Builder, Leaf, Stop};
use crate::syntax::python::CallId;
use crate::syntax::tree::{Style, Tree};

/// A part of the template, by the call that makes it; those that one call makes are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PartId {
    pub(super) file: FileId,
    pub(super) call: CallId,
    pub(super) number: u32,
}

/// A resource.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) kind: String,
    /// Its name in the program.
    pub(super) name: String,
    /// Its keys but for the type.
    pub(super) keys: BTreeMap<String, Piece>,
    pub(super) line: u32,
    pub(super) end_line: u32,
    /// What must hold for it to be there.
    pub(super) condition: Option<String>,
}

/// A value of a template.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub(super) line: u32,
    pub(super) what: What,
}

#[derive(Debug, Clone)]
pub(super) enum What {
    Text(String),
    /// A text that stands line by line.
    Lines(String),
    Flag(bool),
    List(Vec<Piece>),
    Map(BTreeMap<String, Piece>),
    Part(PartId),
    /// Only a run knows.
    Open,
}

/// What stands in a text for what only a run knows.
pub(super) const HOLE: &str = "${?}";
/// Longest document that is written as a text, in bytes.
const MAX_TEXT: usize = 64 << 10;

impl Piece {
    pub(super) fn text(line: u32, text: impl Into<String>) -> Self {
        Self { line, what: What::Text(text.into()) }
    }

    pub(super) fn open(line: u32) -> Self {
        Self { line, what: What::Open }
    }

    /// The text of a scalar.
    pub(super) fn as_text(&self) -> Option<String> {
        match &self.what {
            What::Text(text) | What::Lines(text) => Some(text.clone()),
            What::Flag(yes) => Some(yes.to_string()),
            _ => None,
        }
    }

    /// How many pieces it is.
    pub(super) fn size(&self) -> u64 {
        match &self.what {
            What::List(items) => items.iter().map(Self::size).sum::<u64>() + 1,
            What::Map(keys) => keys.values().map(Self::size).sum::<u64>() + 1,
            _ => 1,
        }
    }

    /// Puts more into a map or behind a list.
    pub(super) fn add(&mut self, more: Piece) {
        match (&mut self.what, more.what) {
            (What::Map(own), What::Map(more)) => {
                for (key, piece) in more {
                    match own.get_mut(&key) {
                        Some(known) => known.add(piece),
                        None => drop(own.insert(key, piece)),
                    }
                }
            }
            (What::List(own), What::List(more)) => own.extend(more),
            (What::Open, what) => self.what = what,
            _ => {}
        }
    }
}

/// Writes a piece as a document in a text, each value on its own line of the file, as far as lines go on.
pub(super) fn document(piece: &Piece) -> Option<Piece> {
    let (mut out, mut line) = (String::new(), piece.line);
    let first = line;
    write_document(piece, &mut out, &mut line).then_some(Piece { line: first, what: What::Lines(out) })
}

fn write_document(piece: &Piece, out: &mut String, line: &mut u32) -> bool {
    if out.len() > MAX_TEXT {
        return false;
    }
    while *line < piece.line && piece.line - *line < 2_000 {
        out.push('\n');
        *line += 1;
    }
    let quoted = |text: &str, out: &mut String| {
        out.push('"');
        for letter in text.chars() {
            match letter {
                '"' | '\\' => out.extend(['\\', letter]),
                '\n' => out.push_str("\\n"),
                '\t' => out.push_str("\\t"),
                other if other.is_control() => drop(write!(out, "\\u{:04x}", u32::from(other))),
                other => out.push(other),
            }
        }
        out.push('"');
    };
    match &piece.what {
        What::Text(text) | What::Lines(text) => quoted(text, out),
        What::Flag(yes) => out.push_str(if *yes { "true" } else { "false" }),
        What::Open | What::Part(_) => quoted(HOLE, out),
        What::List(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { ", " });
                if !write_document(item, out, line) {
                    return false;
                }
            }
            out.push(']');
        }
        What::Map(keys) => {
            out.push('{');
            let mut keys: Vec<(&String, &Piece)> = keys.iter().collect();
            keys.sort_by_key(|(key, piece)| (piece.line, *key));
            for (at, (key, value)) in keys.into_iter().enumerate() {
                out.push_str(if at == 0 { "" } else { ", " });
                quoted(key, out);
                out.push_str(": ");
                if !write_document(value, out, line) {
                    return false;
                }
            }
            out.push('}');
        }
    }
    true
}

/// The name of each part, of which no two in one file are the same.
pub(super) fn names(parts: &BTreeMap<PartId, Part>) -> BTreeMap<PartId, String> {
    let mut taken: BTreeMap<(FileId, &str), u32> = BTreeMap::new();
    let mut found = BTreeMap::new();
    for (id, part) in parts {
        let times = taken.entry((id.file, &part.name)).or_default();
        *times += 1;
        let name = if *times == 1 { part.name.clone() } else { format!("{} ({times})", part.name) };
        found.insert(*id, name);
    }
    found
}

/// The template of one file; parts of others are named with the path of theirs.
pub(super) fn template(
    file: FileId,
    ids: &[PartId],
    parts: &BTreeMap<PartId, Part>,
    names: &BTreeMap<PartId, String>,
    path: &dyn Fn(FileId) -> Option<String>,
) -> Tree {
    let mut writer = Writer { builder: Builder::default(), file, names, path };
    // what is too large ends where it is
    let _ = writer.whole(ids, parts);
    writer.builder.finish().tree
}

struct Writer<'w> {
    builder: Builder,
    file: FileId,
    names: &'w BTreeMap<PartId, String>,
    path: &'w dyn Fn(FileId) -> Option<String>,
}

impl Writer<'_> {
    fn whole(&mut self, ids: &[PartId], parts: &BTreeMap<PartId, Part>) -> Result<(), Stop> {
        self.builder.open(true, 1, None)?;
        self.key("Resources", 1)?;
        self.builder.open(true, 1, None)?;
        for (id, part) in ids.iter().filter_map(|id| Some((id, parts.get(id)?))) {
            let Some(name) = self.names.get(id).cloned() else { continue };
            self.key(&name, part.line)?;
            self.builder.open(true, part.line, None)?;
            self.key("Type", part.line)?;
            self.key(&part.kind, part.line)?;
            if let Some(condition) = &part.condition {
                self.key("Condition", part.line)?;
                self.key(condition, part.line)?;
            }
            for (key, piece) in &part.keys {
                self.key(key, piece.line)?;
                self.piece(piece)?;
            }
            self.builder.close(part.end_line);
        }
        self.builder.close(0);
        self.builder.close(0);
        Ok(())
    }

    fn key(&mut self, text: &str, line: u32) -> Result<(), Stop> {
        self.builder.leaf(Leaf::new(text, line, Style::Quoted)).map(drop)
    }

    /// A map with one key, as functions of templates are written.
    fn function(&mut self, name: &str, words: &[&str], line: u32) -> Result<(), Stop> {
        self.builder.open(true, line, None)?;
        self.key(name, line)?;
        match words {
            [word] => self.key(word, line)?,
            words => {
                self.builder.open(false, line, None)?;
                words.iter().try_for_each(|word| self.key(word, line))?;
                self.builder.close(0);
            }
        }
        self.builder.close(0);
        Ok(())
    }

    fn piece(&mut self, piece: &Piece) -> Result<(), Stop> {
        let line = piece.line;
        match &piece.what {
            What::Text(text) => self.key(text, line),
            What::Lines(text) => {
                let more = u32::try_from(text.lines().count()).unwrap_or(1).max(1) - 1;
                let leaf = Leaf { end_line: line.saturating_add(more), ..Leaf::new(text, line, Style::Literal) };
                self.builder.leaf(leaf).map(drop)
            }
            What::Flag(yes) => {
                let text = if *yes { "true" } else { "false" };
                self.builder.leaf(Leaf::new(text, line, Style::Plain)).map(drop)
            }
            What::Open => self.function("Fn::Open", &[""], line),
            What::Part(id) => {
                let Some(name) = self.names.get(id).cloned() else { return self.function("Fn::Open", &[""], line) };
                match (self.path)(id.file).filter(|_| id.file != self.file) {
                    Some(path) => self.function("Fn::Elsewhere", &[&path, &name], line),
                    None => self.function("Ref", &[&name], line),
                }
            }
            What::List(items) => {
                self.builder.open(false, line, None)?;
                items.iter().try_for_each(|item| self.piece(item))?;
                self.builder.close(0);
                Ok(())
            }
            What::Map(keys) => {
                self.builder.open(true, line, None)?;
                for (key, piece) in keys {
                    self.key(key, piece.line)?;
                    self.piece(piece)?;
                }
                self.builder.close(0);
                Ok(())
            }
        }
    }
}
