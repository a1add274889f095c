//! Just enough of Rust's surface to ask what a source file names: comments and test items blanked, paths written out.
//!
//! Text is blanked, never removed, so that offsets and lines stay those of the file.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// One file of `src/`.
pub struct Source {
    /// Below `src/`, with `/`.
    pub name: String,
    /// As it is on disk.
    pub text: String,
    /// Without comments and test items.
    pub said: String,
    /// Without comments, test items and the insides of literals.
    pub code: String,
}

/// Every file below `src/`, sorted by name; files that only tests are built from are left out.
pub fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut texts = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("src can be listed") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let name = path.strip_prefix(&root).expect("below src").to_string_lossy().replace('\\', "/");
                texts.push((name, fs::read_to_string(&path).expect("source text")));
            }
        }
    }
    texts.sort();
    let tests: BTreeSet<String> = texts.iter().flat_map(|(name, text)| test_modules(name, text)).collect();
    let shipped = |name: &str| !tests.iter().any(|t| name == format!("{t}.rs") || name.starts_with(&format!("{t}/")));
    texts.into_iter().filter(|(name, _)| shipped(name)).map(|(name, text)| source(&name, &text)).collect()
}

/// A file made of a name and its text.
pub fn source(name: &str, text: &str) -> Source {
    let bare = blank(text, true);
    let said = blank(text, false);
    let mut code: Vec<u8> = bare.clone().into_bytes();
    let mut kept: Vec<u8> = said.into_bytes();
    for (from, to) in test_items(&bare) {
        for buffer in [&mut code, &mut kept] {
            buffer[from..to].iter_mut().filter(|b| **b != b'\n').for_each(|b| *b = b' ');
        }
    }
    let utf8 = |bytes| String::from_utf8(bytes).expect("blanking keeps whole characters or none");
    Source { name: name.to_owned(), text: text.to_owned(), said: utf8(kept), code: utf8(code) }
}

/// Where a file's own sub-modules lie, below `src/`.
pub fn home(name: &str) -> String {
    let stem = name.trim_end_matches(".rs");
    match stem.strip_suffix("/mod").or_else(|| stem.strip_suffix("/main")) {
        Some(folder) => folder.to_owned(),
        None if stem == "lib" => String::new(),
        None => stem.to_owned(),
    }
}

fn below(folder: &str, module: &str) -> String {
    if folder.is_empty() { module.to_owned() } else { format!("{folder}/{module}") }
}

/// Modules of the form `#[cfg(test)] mod name;`.
fn test_modules(name: &str, text: &str) -> Vec<String> {
    let bare = blank(text, true);
    let spans = test_items(&bare);
    spans.iter().flat_map(|(from, to)| declared(&bare[*from..*to])).map(|module| below(&home(name), &module)).collect()
}

/// The names in `mod name;`.
pub fn declared(code: &str) -> Vec<String> {
    let words: Vec<&str> = code.split_whitespace().collect();
    words.windows(2).filter(|w| w[0] == "mod").filter_map(|w| Some(w[1].strip_suffix(';')?.to_owned())).collect()
}

/// From each `#[cfg(test)]` to the end of the item it stands before.
fn test_items(bare: &str) -> Vec<(usize, usize)> {
    const MARK: &str = "#[cfg(test)]";
    let mut spans = Vec::new();
    let mut at = 0;
    while let Some(found) = bare[at..].find(MARK) {
        let from = at + found;
        let mut depth = 0_usize;
        let mut end = bare.len();
        for (offset, byte) in bare.bytes().enumerate().skip(from + MARK.len()) {
            match byte {
                b'{' => depth += 1,
                b'}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 && matches!(byte, b'}' | b';') {
                end = offset + 1;
                break;
            }
        }
        spans.push((from, end));
        at = end;
    }
    spans
}

/// Comments become blanks, and where `literals` is set the insides of strings and characters as well.
fn blank(text: &str, literals: bool) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut wipe = |from: usize, to: usize| {
        out[from..to.min(bytes.len())].iter_mut().filter(|b| **b != b'\n').for_each(|b| *b = b' ');
    };
    let mut i = 0;
    while i < bytes.len() {
        let rest = &bytes[i..];
        let word_before = i > 0 && (bytes[i - 1].is_ascii_alphanumeric() || bytes[i - 1] == b'_');
        if rest.starts_with(b"//") {
            let end = text[i..].find('\n').map_or(bytes.len(), |n| i + n);
            wipe(i, end);
            i = end;
        } else if rest.starts_with(b"/*") {
            let end = block_end(bytes, i);
            wipe(i, end);
            i = end;
        } else if let Some((open, close)) = raw_string(rest).filter(|_| !word_before) {
            let end = text[i + open..].find(&close).map_or(bytes.len(), |n| i + open + n);
            if literals {
                wipe(i + open, end);
            }
            i = end + close.len();
        } else if rest[0] == b'"' {
            let mut end = i + 1;
            while end < bytes.len() && bytes[end] != b'"' {
                end += if bytes[end] == b'\\' { 2 } else { 1 };
            }
            if literals {
                wipe(i + 1, end);
            }
            i = end + 1;
        } else if let Some(length) = character(&text[i..]) {
            if literals {
                wipe(i + 1, i + length - 1);
            }
            i += length;
        } else {
            i += 1;
        }
    }
    String::from_utf8(out).expect("only whole characters are blanked")
}

fn block_end(bytes: &[u8], from: usize) -> usize {
    let (mut depth, mut i) = (0_usize, from);
    while i < bytes.len() {
        if bytes[i..].starts_with(b"/*") {
            depth += 1;
            i += 2;
        } else if bytes[i..].starts_with(b"*/") {
            depth -= 1;
            i += 2;
            if depth == 0 {
                return i;
            }
        } else {
            i += 1;
        }
    }
    bytes.len()
}

/// Length of the opening of a raw string, and its closing.
fn raw_string(rest: &[u8]) -> Option<(usize, String)> {
    let prefix = [&b"r"[..], b"br", b"cr"].into_iter().find(|p| rest.starts_with(p))?.len();
    let hashes = rest[prefix..].iter().take_while(|b| **b == b'#').count();
    (rest.get(prefix + hashes) == Some(&b'"')).then(|| (prefix + hashes + 1, format!("\"{}", "#".repeat(hashes))))
}

/// Length of a character literal; none for a lifetime.
fn character(rest: &str) -> Option<usize> {
    let inside = rest.strip_prefix('\'')?;
    let first = inside.chars().next()?;
    if first == '\\' {
        let after = inside.get(2..)?;
        return Some(after.find('\'')? + 4);
    }
    inside[first.len_utf8()..].starts_with('\'').then(|| first.len_utf8() + 2)
}

/// Every path of a text of code with its line: `use a::{b, c::d};` gives `a::b` and `a::c::d`. Single words are left out.
pub fn paths(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let bytes = code.as_bytes();
    let (mut i, mut line) = (0, 1);
    while i < bytes.len() {
        if bytes[i] == b'\n' {
            line += 1;
        }
        let start = word(bytes[i]) && (i == 0 || !word(bytes[i - 1]) && bytes[i - 1] != b':');
        if !start {
            i += 1;
            continue;
        }
        let mut branches = Vec::new();
        let end = branch(code, i, "", &mut branches);
        found.extend(branches.into_iter().filter(|p| p.contains("::")).map(|p| (line, p)));
        line += bytes[i..end].iter().filter(|b| **b == b'\n').count();
        i = end.max(i + 1);
    }
    found
}

fn word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Reads one branch of a path from `i` on; gives the offset behind it.
fn branch(code: &str, mut i: usize, before: &str, out: &mut Vec<String>) -> usize {
    let bytes = code.as_bytes();
    let mut path = before.to_owned();
    let mut open = !path.is_empty();
    loop {
        while open && bytes.get(i).is_some_and(u8::is_ascii_whitespace) {
            i += 1;
        }
        if open && bytes.get(i) == Some(&b'{') {
            i += 1;
            while bytes.get(i).is_some_and(|b| *b != b'}') {
                i = branch(code, i, &path, out);
                // `as name`, `*`, and the comma
                while bytes.get(i).is_some_and(|b| !b",}".contains(b)) {
                    i += 1;
                }
                i += usize::from(bytes.get(i) == Some(&b','));
                while bytes.get(i).is_some_and(u8::is_ascii_whitespace) {
                    i += 1;
                }
            }
            return (i + 1).min(bytes.len());
        }
        let from = i;
        while bytes.get(i).copied().is_some_and(word) {
            i += 1;
        }
        if from == i {
            break;
        }
        path = if path.is_empty() { code[from..i].to_owned() } else { format!("{path}::{}", &code[from..i]) };
        if !code.as_bytes()[i..].starts_with(b"::") {
            break;
        }
        i += 2;
        open = true;
    }
    out.push(path);
    i
}

#[test]
fn what_is_no_code_is_blanked() {
    let text = "use std::fs; // std::net\n/* std::env */ let a = \"git2::x\"; let c = '\"'; let r = r#\"b\"c\"#;\n#[cfg(test)]\nmod tests { use std::process; }\nfn f<'a>() { std::net::x() }\n";
    let made = source("a.rs", text);
    assert_eq!(made.code.len(), text.len());
    let seen: Vec<String> = paths(&made.code).into_iter().map(|(line, path)| format!("{line} {path}")).collect();
    assert_eq!(seen, ["1 std::fs", "5 std::net::x"]);
    assert!(made.said.contains("git2::x") && !made.said.contains("std::env"));
}

#[test]
fn trees_of_paths_are_written_out() {
    let seen: Vec<String> = paths("use crate::{\n    a::{self, b},\n    c as d,\n};\nx::y(z::w {\n v: k::l });")
        .into_iter()
        .map(|(_, p)| p)
        .collect();
    assert_eq!(seen, ["crate::a::self", "crate::a::b", "crate::c", "x::y", "z::w", "k::l"]);
    assert_eq!(test_modules("git/mod.rs", "mod a;\n#[cfg(test)]\nmod made;\n"), ["git/made"]);
}
