//! Groovy as build scripts use it: words, strings, signs and brackets, with their lines.
//!
//! The reader is our own and tolerant: nothing is evaluated, and no grammar of expressions is kept. What a build script
//! says stands in calls with literal arguments and blocks, and these can be told by their brackets alone. Comments are
//! left out; strings keep what they compute apart from what they say.
//!
//! Invariants: line `i` of a text (from 0) stands on line `line + i` of the file unless the text says otherwise
//! ([`Text::exact`]); size, number of pieces and nesting are bounded, and what is beyond is left out with an error.

mod scan;

use super::SyntaxError;
pub use scan::parse;

/// A script, read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Script {
    /// Everything at the top, line ends between statements among it.
    pub pieces: Vec<Piece>,
    /// What could not be read.
    pub errors: Vec<SyntaxError>,
}

/// A word, a string, a sign, or what stands in brackets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// 1-based line on which it begins.
    pub line: u32,
    /// Line on which it ends.
    pub end_line: u32,
    /// What it is.
    pub kind: Kind,
}

/// Kinds of pieces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A name, keyword or number; an annotation with its `@`.
    Word(String),
    /// A string.
    Text(Text),
    /// An operator, comma or colon.
    Sign(&'static str),
    /// What stands in brackets, by the opening one: `(`, `[` or `{`.
    Group(char, Vec<Piece>),
    /// The end of a statement.
    End,
}

/// A string, what it computes apart from what it says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text {
    /// In order.
    pub parts: Vec<Part>,
    /// Whether its lines are those of the file.
    pub exact: bool,
}

/// A part of a string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// As it is.
    Said(String),
    /// The source of what is put in when it runs.
    Computed(String),
}

impl Text {
    /// The text with `value` for what it computes.
    pub fn with(&self, value: &dyn Fn(&str) -> String) -> String {
        let of = |part: &Part| match part {
            Part::Said(text) => text.clone(),
            Part::Computed(source) => value(source),
        };
        self.parts.iter().map(of).collect()
    }

    /// The text, where it computes nothing.
    pub fn literal(&self) -> Option<String> {
        let plain = self.parts.iter().all(|part| matches!(part, Part::Said(_)));
        plain.then(|| self.with(&|_| String::new()))
    }
}

impl Piece {
    /// The name, keyword or number that it is.
    pub fn word(&self) -> Option<&str> {
        match &self.kind {
            Kind::Word(word) => Some(word),
            _ => None,
        }
    }

    /// The string that it is.
    pub fn text(&self) -> Option<&Text> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether it is that sign.
    pub fn is(&self, sign: &str) -> bool {
        matches!(&self.kind, Kind::Sign(own) if *own == sign)
    }

    /// What stands in it, where it is a group with that opening bracket.
    pub fn group(&self, open: char) -> Option<&[Piece]> {
        match &self.kind {
            Kind::Group(own, inside) if *own == open => Some(inside),
            _ => None,
        }
    }
}

/// The statements of a list of pieces, without empty ones.
pub fn statements(pieces: &[Piece]) -> impl Iterator<Item = &[Piece]> {
    pieces.split(|piece| piece.kind == Kind::End).filter(|statement| !statement.is_empty())
}

/// The parts between commas.
pub fn arguments(pieces: &[Piece]) -> impl Iterator<Item = &[Piece]> {
    pieces.split(|piece| piece.is(",")).filter(|part| !part.is_empty())
}

/// Pieces as one line, for people.
pub fn shown(pieces: &[Piece]) -> String {
    const LONGEST: usize = 120;
    let mut out = String::new();
    show(pieces, &mut out, 0);
    out.chars().take(LONGEST).collect()
}

fn show(pieces: &[Piece], out: &mut String, depth: usize) {
    const DEEPEST: usize = 6;
    for piece in pieces {
        if out.len() > 400 || depth > DEEPEST {
            return;
        }
        let glue = out.is_empty()
            || out.ends_with(['(', '[', '{', '.', '!', ' '])
            || matches!(&piece.kind, Kind::Sign("." | "," | "?.") | Kind::End);
        let called = piece.group('(').is_some() && out.ends_with(|c: char| c.is_alphanumeric());
        if !glue && !called {
            out.push(' ');
        }
        match &piece.kind {
            Kind::Word(word) => out.push_str(word),
            Kind::Text(text) => {
                out.push('\'');
                out.push_str(text.with(&|source| format!("${{{source}}}")).lines().next().unwrap_or(""));
                out.push('\'');
            }
            Kind::Sign(sign) => out.push_str(sign),
            Kind::Group(open, inside) => {
                out.push(*open);
                show(inside, out, depth + 1);
                out.push(match open {
                    '(' => ')',
                    '[' => ']',
                    _ => '}',
                });
            }
            Kind::End => out.push(';'),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<String> {
        let script = parse(text);
        assert_eq!(script.errors, []);
        statements(&script.pieces).map(|s| format!("{} {}", s[0].line, shown(s))).collect()
    }

    #[test]
    fn statements_end_where_groovy_ends_them() {
        let text = "#!/usr/bin/env groovy\n/* all\n of it */ def a = 'x' + // no\n  \"y\"\nif (a == 'b')\n{ go() }\nelse { stop() }\nx\n  .y(1,\n 2); z\n";
        assert_eq!(told(text), ["3 def a = 'x' + 'y'", "5 if(a == 'b') {go()} else {stop()}", "8 x.y(1, 2)", "10 z"]);
    }

    #[test]
    fn strings_keep_their_lines_and_what_they_compute() {
        let script = parse("sh '''\\\n  make $FIT \\\\\n  all\n'''\nsh \"py ${env.A}/$b.c \\$HOME ${x.y('}')} // no\"\n");
        let texts: Vec<&Text> = script.pieces.iter().filter_map(Piece::text).collect();
        assert_eq!(texts[0].literal().as_deref(), Some("\n  make $FIT \\\n  all\n"));
        assert!(texts[0].exact);
        assert_eq!(texts[1].with(&|s| format!("<{s}>")), "py <env.A>/<b.c> $HOME <x.y('}')> // no");
        assert_eq!(texts[1].literal(), None);
    }

    #[test]
    fn slashes_are_patterns_only_where_a_value_may_stand() {
        assert_eq!(told("a = b / c / d\nif (x ==~ /ma.n\\/(x)'/) { y }\n"), ["1 a = b / c / d", "2 if(x ==~ 'ma.n/(x)'') {y}"]);
        assert_eq!(told("e = $/a 'b' $$/$\nf"), ["1 e = 'a 'b' $'", "2 f"]);
    }

    #[test]
    fn what_is_broken_is_told_and_what_is_deep_is_cut() {
        assert_eq!(parse("a { b").errors.len(), 1);
        assert_eq!(parse("a ) b").errors.len(), 1);
        assert_eq!(parse("sh 'open\nnext").errors.len(), 1);
        assert_eq!(parse("sh '''open").errors.len(), 1);
        assert_eq!(parse(&"{".repeat(100_000)).errors.len(), 1);
        assert_eq!(parse(&"a ".repeat(600_000)).errors.len(), 1);
        assert!(!parse(&format!("\"{}", "${".repeat(50_000))).errors.is_empty());
        assert_eq!(parse("").pieces, []);
    }
}
