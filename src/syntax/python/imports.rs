//! Imports without the parser: one pass over the lines, for every file of a repository.
//!
//! Finds the imports that run when a module is imported (and those guarded by `TYPE_CHECKING` or `try`, marked so),
//! not those inside a `def`, a `class` or the main block. Strings and comments are told apart just far enough that
//! examples in docstrings are not taken for imports. Always linear in the length of the text.

use super::model::{Import, ImportGuard};

/// Imports of one file.
const MAX_IMPORTS: usize = 50_000;
/// Bytes of one import statement; generated lists of names stay far below.
const MAX_STATEMENT: usize = 64 << 10;

/// What an indented block is, as far as imports care.
#[derive(Clone, Copy, PartialEq)]
enum Block {
    /// Runs later, or only as a script.
    Later,
    /// Runs never.
    Typing,
    /// Runs, and may fail quietly.
    Try,
}

/// The imports of the top level, in order.
pub fn scan_imports(text: &str) -> Vec<Import> {
    let mut found = Vec::new();
    if memchr::memmem::find(text.as_bytes(), b"import").is_none() {
        return found;
    }
    let mut blocks: Vec<(usize, Block)> = Vec::new();
    let mut at = if text.starts_with('\u{feff}') { 3 } else { 0 };
    let mut line = 1_u32;
    let mut indent = None;
    while at < text.len() && found.len() < MAX_IMPORTS {
        let rest = text.get(at..).unwrap_or_default();
        let blank = rest.len() - rest.trim_start_matches([' ', '\t', '\x0c']).len();
        // after a semicolon the statement stands as deep as the one before it
        let depth = indent.take().unwrap_or(blank);
        let statement = rest.get(blank..).unwrap_or_default();
        let (length, lines, semicolon) = end_of_statement(statement);
        let whole = statement.get(..length).unwrap_or_default();
        if !matches!(whole.bytes().next(), None | Some(b'\n' | b'\r' | b'#')) {
            while blocks.last().is_some_and(|(deep, _)| *deep >= depth) {
                blocks.pop();
            }
            let block = block_of(whole);
            let guard = guard_of(&blocks, block);
            if let Some(guard) = guard
                && whole.len() <= MAX_STATEMENT
            {
                let body =
                    if block == Some(Block::Try) { whole.split_once(':').map_or("", |(_, b)| b).trim_start() } else { whole };
                read_statement(body, line, guard, &mut found);
            }
            if let Some(block) = block {
                blocks.push((depth, block));
            }
        }
        line += lines;
        at += (blank + length).max(1);
        if semicolon {
            indent = Some(depth);
        }
    }
    found
}

/// What kind of block this statement opens.
fn block_of(statement: &str) -> Option<Block> {
    let mut words = statement.split(|c: char| c.is_whitespace() || matches!(c, ':' | '(')).filter(|w| !w.is_empty());
    match words.next()? {
        "def" | "class" => Some(Block::Later),
        "async" if words.next() == Some("def") => Some(Block::Later),
        "if" if statement.contains("__name__") && statement.contains("__main__") => Some(Block::Later),
        "if" => {
            matches!(words.next(), Some("TYPE_CHECKING" | "typing.TYPE_CHECKING" | "t.TYPE_CHECKING")).then_some(Block::Typing)
        }
        // `try` and its handlers, with their colon; a name such as `trying` is another word
        "try" | "except" => Some(Block::Try),
        _ => None,
    }
}

/// How an import below these blocks is guarded; none where it does not belong to the top level.
fn guard_of(blocks: &[(usize, Block)], own: Option<Block>) -> Option<ImportGuard> {
    let has = |block| own == Some(block) || blocks.iter().any(|(_, b)| *b == block);
    if has(Block::Later) {
        None
    } else if has(Block::Typing) {
        Some(ImportGuard::TypeChecking)
    } else if has(Block::Try) {
        Some(ImportGuard::Try)
    } else {
        Some(ImportGuard::None)
    }
}

/// Where a statement ends: its bytes with the line feed or semicolon, the line feeds in it, and whether it was a semicolon.
fn end_of_statement(text: &str) -> (usize, u32, bool) {
    let bytes = text.as_bytes();
    let (mut at, mut lines, mut open) = (0, 0, 0_u32);
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'\n' => {
                lines += 1;
                if open == 0 || starts_afresh(bytes.get(at..).unwrap_or_default()) {
                    return (at, lines, false);
                }
            }
            b'\\' => match bytes.get(at..) {
                Some([b'\n', ..]) => (at, lines) = (at + 1, lines + 1),
                Some([b'\r', b'\n', ..]) => (at, lines) = (at + 2, lines + 1),
                _ => {}
            },
            b'#' => at += memchr::memchr(b'\n', bytes.get(at..).unwrap_or_default()).unwrap_or(bytes.len() - at),
            b';' if open == 0 => return (at, lines, true),
            b'(' | b'[' | b'{' => open += 1,
            b')' | b']' | b'}' => open = open.saturating_sub(1),
            b'"' | b'\'' => {
                let (length, inside) = end_of_string(bytes.get(at - 1..).unwrap_or_default(), byte);
                at = at - 1 + length;
                lines += inside;
            }
            _ => {}
        }
    }
    (at, lines, false)
}

/// A line that can only be the beginning of a statement, although a bracket seems open: the bracket was never closed.
fn starts_afresh(line: &[u8]) -> bool {
    [&b"import "[..], b"from ", b"def ", b"class ", b"@"].iter().any(|word| line.starts_with(word))
}

/// The length of the string that begins here, quotes included, and the line feeds in it.
/// A string in single quotes ends with its line.
fn end_of_string(bytes: &[u8], quote: u8) -> (usize, u32) {
    let triple = bytes.starts_with(&[quote; 3]);
    let (mut at, mut lines) = (if triple { 3 } else { 1 }, 0);
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'\\' => {
                lines += u32::from(bytes.get(at) == Some(&b'\n'));
                at += 1;
            }
            b'\n' if !triple => return (at - 1, lines),
            b'\n' => lines += 1,
            _ if byte == quote && !triple => return (at, lines),
            _ if byte == quote && bytes.get(at..).is_some_and(|rest| rest.starts_with(&[quote; 2])) => return (at + 2, lines),
            _ => {}
        }
    }
    (bytes.len(), lines)
}

/// Reads one statement, if it is an import.
fn read_statement(statement: &str, line: u32, guard: ImportGuard, found: &mut Vec<Import>) {
    let import = |module: &str, level, name: Option<&str>, alias: Option<&str>| {
        let bound = name.unwrap_or_else(|| module.split('.').next().unwrap_or(module));
        Import {
            scope: 0,
            module: module.to_owned(),
            level,
            name: name.map(str::to_owned),
            local: alias.unwrap_or(bound).to_owned(),
            aliased: alias.is_some(),
            line,
            guard,
        }
    };
    if let Some(list) = after_word(statement, "import") {
        for (module, alias) in names(&bare(list)) {
            if is_dotted(module) {
                found.push(import(module, 0, None, alias));
            }
        }
    } else if let Some(rest) = after_word(statement, "from") {
        let rest = bare(rest);
        let rest = rest.trim_start();
        let level = rest.bytes().take_while(|b| *b == b'.' || *b == b' ').filter(|b| *b == b'.').count();
        let rest = rest.trim_start_matches(['.', ' ']);
        let Some((module, list)) = split_at_import(rest) else { return };
        if !(is_dotted(module) || module.is_empty() && level > 0) {
            return;
        }
        for (name, alias) in names(list) {
            if name == "*" || is_word(name) {
                found.push(import(module, level as u32, Some(name), alias));
            }
        }
    }
}

/// The rest of a statement that begins with this word.
fn after_word<'t>(statement: &'t str, word: &str) -> Option<&'t str> {
    let rest = statement.strip_prefix(word)?;
    rest.starts_with(|c: char| c.is_whitespace() || matches!(c, '\\' | '.' | '(')).then_some(rest)
}

/// `a.b import c`, also `import c` (the dots are gone) and `a.b import(c)`; a module may be called `importlib`.
fn split_at_import(text: &str) -> Option<(&str, &str)> {
    let list = |after: &str| after.starts_with([' ', '(', '*']);
    match text.strip_prefix("import") {
        Some(after) if list(after) => Some(("", after)),
        _ => text.split_once(" import").filter(|(_, after)| list(after)).map(|(before, after)| (before.trim(), after)),
    }
}

/// A statement on one line: without comments, continuations, parentheses and its end.
fn bare(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        let code = line.split('#').next().unwrap_or_default();
        for c in code.chars() {
            out.push(if matches!(c, '(' | ')' | '\\' | '\t' | ';' | '\r') { ' ' } else { c });
        }
        out.push(' ');
    }
    out
}

/// `a, b as c` in pieces.
fn names(list: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    list.split(',').filter_map(|piece| {
        let mut words = piece.split_whitespace();
        let name = words.next()?;
        match (words.next(), words.next(), words.next()) {
            (None, ..) => Some((name, None)),
            (Some("as"), Some(alias), None) if is_word(alias) => Some((name, Some(alias))),
            _ => None,
        }
    })
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && !text.starts_with(|c: char| c.is_ascii_digit()) && text.chars().all(|c| c.is_alphanumeric() || c == '_')
}

fn is_dotted(text: &str) -> bool {
    text.split('.').all(is_word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        let line = |i: &Import| {
            let dots = ".".repeat(i.level as usize);
            format!("{} {dots}{} {} {} {:?}", i.line, i.module, i.name.as_deref().unwrap_or("-"), i.local, i.guard)
        };
        scan_imports(text).iter().map(line).collect()
    }

    #[test]
    fn forms() {
        let text = "import os, numpy as np; import a.b\nfrom .. import x\nfrom .m.n import (\n  a,  # one\n  b as c,\n)\nfrom q import \\\n  r\nfrom s import*\nfrom importlib import import_x\nfrom .import q\nimportant = 1\nfrom_x = 2\n";
        assert_eq!(
            lines(text),
            [
                "1 os - os None",
                "1 numpy - np None",
                "1 a.b - a None",
                "2 .. x x None",
                "3 .m.n a a None",
                "3 .m.n b c None",
                "7 q r r None",
                "9 s * * None",
                "10 importlib import_x import_x None",
                "11 . q q None",
            ]
        );
    }

    #[test]
    fn guards_and_scopes() {
        let text = "if TYPE_CHECKING:\n    import a\ntry:\n    import b\nexcept ImportError:\n    b = None\nif x:\n    import c\ndef f():\n    if y:\n        import d\nclass C:\n    import e\nif __name__ == '__main__':\n    import f\nimport g\ntry: import h\nexcept: pass\n";
        assert_eq!(lines(text), ["2 a - a TypeChecking", "4 b - b Try", "8 c - c None", "16 g - g None", "17 h - h Try"]);
    }

    #[test]
    fn strings_are_no_imports() {
        let text = "'''\nimport a\n'''\nx = \"import b\"  # import c\ny = (\n'it''s'\n)\nz = '\\\nimport d'\nimport e\n";
        assert_eq!(lines(text), ["10 e - e None"]);
    }

    #[test]
    fn a_bracket_left_open_costs_one_statement() {
        assert_eq!(lines("x = foo(1,\nimport a\nfrom b import c\n"), ["2 a - a None", "3 b c c None"]);
    }

    #[test]
    fn hostile_text_ends() {
        for text in [
            "(".repeat(300_000),
            "import ".repeat(100_000),
            "'''".repeat(100_001),
            "\\\n".repeat(100_000),
            "import é\0, \u{feff}".to_owned(),
        ] {
            scan_imports(&format!("{text}import"));
        }
    }
}
