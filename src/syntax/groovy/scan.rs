//! From characters to pieces: one pass, with the open brackets on a stack.

use super::super::SyntaxError;
use super::{Kind, Part, Piece, Script, Text};

/// Longest text that is read, in bytes.
const MAX_TEXT: usize = 1 << 20;
/// Most pieces of one script.
const MAX_PIECES: usize = 200_000;
/// Deepest nesting of brackets.
const MAX_DEPTH: usize = 100;
/// Errors kept of one script.
const MAX_ERRORS: usize = 20;

/// Signs, longer ones before those that they begin with.
const SIGNS: &[&str] = &[
    "<=>", "==~", "===", "!==", ">>>", "...", "..<", "**=", "&&", "||", "==", "!=", "<=", ">=", "=~", "->", "++", "--", "+=",
    "-=", "*=", "/=", "%=", "?.", "?:", "*.", ".&", "::", "<<", ">>", "..", "**", "=", "+", "-", "*", "/", "%", "!", "~", "?",
    ":", ",", ".", "<", ">", "&", "|", "^", "\\",
];
/// Signs after which a statement goes on in the next line.
const OPEN: &[&str] = &[
    "&&", "||", "==", "!=", "<=", ">=", "=~", "==~", "->", "+=", "-=", "?.", "?:", "=", "+", "-", "*", "%", "!", "?", ":", ",",
    ".", "<", ">", "<<",
];
/// Words that go on with the statement of the line before.
const GOING_ON: &[&str] = &["else", "catch", "finally"];

/// Reads a script.
pub fn parse(text: &str) -> Script {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.len() > MAX_TEXT {
        let message = format!("longer than {MAX_TEXT} bytes");
        return Script { errors: vec![SyntaxError { line: 1, message }], ..Script::default() };
    }
    let mut scan = Scan { rest: text, line: 1, open: vec![(' ', 1, Vec::new())], pieces: 0, errors: Vec::new() };
    if text.starts_with("#!") {
        scan.skip_line();
    }
    while scan.step() {}
    scan.finish()
}

struct Scan<'s> {
    rest: &'s str,
    line: u32,
    /// Open brackets: which, the line, and what was found inside so far; the first is the script.
    open: Vec<(char, u32, Vec<Piece>)>,
    pieces: usize,
    errors: Vec<SyntaxError>,
}

impl Scan<'_> {
    fn wrong(&mut self, line: u32, message: &str) {
        if self.errors.len() < MAX_ERRORS {
            self.errors.push(SyntaxError { line, message: message.to_owned() });
        }
    }

    fn skip(&mut self, bytes: usize) {
        let (skipped, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.line += u32::try_from(skipped.matches('\n').count()).unwrap_or(0);
        self.rest = rest;
    }

    fn skip_line(&mut self) {
        self.skip(self.rest.find('\n').unwrap_or(self.rest.len()));
    }

    fn last(&self) -> Option<&Piece> {
        self.open.last().and_then(|(_, _, pieces)| pieces.last())
    }

    fn push(&mut self, line: u32, kind: Kind) {
        self.pieces += 1;
        // an opening brace, a word like `else` and a leading dot belong to what stands before
        let goes_on = match &kind {
            Kind::Word(word) => GOING_ON.contains(&word.as_str()),
            Kind::Sign(sign) => matches!(*sign, "." | "?." | "&&" | "||" | "?" | ":"),
            Kind::Group('{', _) => true,
            _ => false,
        };
        let end_line = self.line;
        if let Some((_, _, pieces)) = self.open.last_mut() {
            while goes_on && pieces.last().is_some_and(|piece| piece.kind == Kind::End) {
                pieces.pop();
            }
            pieces.push(Piece { line, end_line, kind });
        }
    }

    /// Whether a value may begin here, so that a slash opens a string.
    fn awaits_value(&self) -> bool {
        self.last().is_none_or(|piece| match &piece.kind {
            Kind::Sign(_) | Kind::End => true,
            Kind::Word(word) => matches!(word.as_str(), "return" | "in" | "case"),
            Kind::Text(_) | Kind::Group(..) => false,
        })
    }

    /// One more piece; false at the end.
    fn step(&mut self) -> bool {
        let Some(c) = self.rest.chars().next() else { return false };
        if self.pieces > MAX_PIECES {
            self.wrong(self.line, "too long; the rest was not read");
            return false;
        }
        match c {
            '\n' | ';' => self.end_of_statement(c),
            c if c.is_whitespace() => self.skip(c.len_utf8()),
            '/' if self.rest.starts_with("//") => self.skip_line(),
            '/' if self.rest.starts_with("/*") => match self.rest.find("*/") {
                Some(end) => self.skip(end + 2),
                None => {
                    self.wrong(self.line, "a comment is not closed");
                    self.skip(self.rest.len());
                }
            },
            '\\' if self.rest.starts_with("\\\n") || self.rest.starts_with("\\\r\n") => {
                self.skip(self.rest.find('\n').map_or(1, |at| at + 1));
            }
            '(' | '[' | '{' => {
                if self.open.len() > MAX_DEPTH {
                    self.wrong(self.line, "nested too deeply; the rest was not read");
                    return false;
                }
                self.open.push((c, self.line, Vec::new()));
                self.skip(1);
            }
            ')' | ']' | '}' => self.close(c),
            '\'' | '"' => self.quoted(c),
            '/' if self.awaits_value() && self.slashy() => {}
            '$' if self.rest.starts_with("$/") => self.dollar_slashy(),
            c if c.is_alphanumeric() || matches!(c, '_' | '$' | '@') => {
                let end = self.rest.char_indices().skip(1).find(|(_, c)| !(c.is_alphanumeric() || matches!(c, '_' | '$')));
                let end = end.map_or(self.rest.len(), |(at, _)| at);
                let word = self.rest.get(..end).unwrap_or_default().to_owned();
                let line = self.line;
                self.skip(end);
                self.push(line, Kind::Word(word));
            }
            c => {
                let line = self.line;
                match SIGNS.iter().find(|sign| self.rest.starts_with(**sign)) {
                    Some(sign) => {
                        self.skip(sign.len());
                        self.push(line, Kind::Sign(sign));
                    }
                    // nothing of the language
                    None => self.skip(c.len_utf8()),
                }
            }
        }
        true
    }

    fn end_of_statement(&mut self, c: char) {
        let inside = self.open.last().map_or(' ', |(open, ..)| *open);
        let goes_on = self.last().is_none_or(|piece| match &piece.kind {
            Kind::Sign(sign) => OPEN.contains(sign) && c == '\n',
            Kind::End => true,
            _ => false,
        });
        if matches!(inside, ' ' | '{') && !goes_on {
            self.push(self.line, Kind::End);
        }
        self.skip(1);
    }

    fn close(&mut self, c: char) {
        let opening = match c {
            ')' => '(',
            ']' => '[',
            _ => '{',
        };
        let fits = self.open.last().is_some_and(|(open, ..)| *open == opening);
        if !fits || self.open.len() < 2 {
            self.wrong(self.line, &format!("`{c}` closes nothing"));
            self.skip(1);
            return;
        }
        self.skip(1);
        if let Some((open, line, mut pieces)) = self.open.pop() {
            while pieces.last().is_some_and(|piece| piece.kind == Kind::End) {
                pieces.pop();
            }
            self.push(line, Kind::Group(open, pieces));
        }
    }

    /// `'…'`, `"…"` and both with three quotes.
    fn quoted(&mut self, quote: char) {
        let three: String = std::iter::repeat_n(quote, 3).collect();
        let long = self.rest.starts_with(&three);
        let close = if long { three.as_str() } else { three.get(..1).unwrap_or_default() };
        let line = self.line;
        self.skip(close.len());
        let mut text = Building::default();
        // a first line that only breaks off is no line of the text's own
        if long && (self.rest.starts_with("\\\n") || self.rest.starts_with("\\\r\n")) {
            self.skip(1);
        }
        loop {
            if self.rest.starts_with(close) {
                self.skip(close.len());
                break;
            }
            let Some(c) = self.rest.chars().next() else {
                self.wrong(line, "a string is not closed");
                break;
            };
            match c {
                '\n' if !long => {
                    self.wrong(line, "a string is not closed");
                    break;
                }
                '\\' => self.escaped(&mut text),
                '$' if quote == '"' => self.computed(&mut text),
                c => {
                    text.said.push(c);
                    self.skip(c.len_utf8());
                }
            }
        }
        self.push(line, Kind::Text(text.finish()));
    }

    fn escaped(&mut self, text: &mut Building) {
        self.skip(1);
        let Some(c) = self.rest.chars().next() else { return };
        match c {
            'n' => {
                text.said.push('\n');
                text.moved = true;
            }
            't' => text.said.push('\t'),
            'r' | 'b' | 'f' | 's' => text.said.push(' '),
            // a line that goes on does so for a shell too
            '\n' => text.said.push_str("\\\n"),
            '\\' | '\'' | '"' | '$' => text.said.push(c),
            c => {
                text.said.push('\\');
                text.said.push(c);
            }
        }
        self.skip(c.len_utf8());
    }

    /// `${…}`, or `$name.name`.
    fn computed(&mut self, text: &mut Building) {
        let after = self.rest.get(1..).unwrap_or_default();
        if after.starts_with('{') {
            let tried = self.errors.len() < MAX_ERRORS;
            let Some(end) = tried.then(|| closing(after)).flatten() else {
                self.wrong(self.line, "`${` is not closed");
                text.said.push('$');
                return self.skip(1);
            };
            text.compute(after.get(1..end).unwrap_or_default().trim());
            return self.skip(end + 2);
        }
        let is_name = |c: char| c.is_alphanumeric() || c == '_';
        let mut end = 0;
        for part in after.split_inclusive('.') {
            let name = part.trim_end_matches('.');
            let taken = name.find(|c| !is_name(c)).unwrap_or(name.len());
            if taken == 0 || name.starts_with(|c: char| c.is_ascii_digit()) {
                break;
            }
            end = if end == 0 { taken } else { end + 1 + taken };
            if taken < name.len() || !part.ends_with('.') {
                break;
            }
        }
        match after.get(..end).filter(|name| !name.is_empty()) {
            Some(name) => {
                text.compute(name);
                self.skip(end + 1);
            }
            None => {
                text.said.push('$');
                self.skip(1);
            }
        }
    }

    /// `/…/`; false where no slash closes it on its line.
    fn slashy(&mut self) -> bool {
        let mut said = String::new();
        let mut chars = self.rest.char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                '/' => {
                    let line = self.line;
                    self.skip(at + 1);
                    let text = Text { parts: vec![Part::Said(said)], exact: true };
                    self.push(line, Kind::Text(text));
                    return true;
                }
                '\\' if self.rest.get(at + 1..).is_some_and(|rest| rest.starts_with('/')) => {
                    said.push('/');
                    chars.next();
                }
                '\n' => return false,
                c => said.push(c),
            }
        }
        false
    }

    /// `$/…/$`, where a dollar escapes.
    fn dollar_slashy(&mut self) {
        let line = self.line;
        self.skip(2);
        let mut text = Building::default();
        loop {
            if self.rest.starts_with("/$") {
                self.skip(2);
                break;
            }
            let Some(c) = self.rest.chars().next() else {
                self.wrong(line, "a string is not closed");
                break;
            };
            match c {
                '$' if self.rest.starts_with("$$") || (self.rest.starts_with("$/") && !self.rest.starts_with("$/$")) => {
                    text.said.push_str(self.rest.get(1..2).unwrap_or_default());
                    self.skip(2);
                }
                '$' => self.computed(&mut text),
                c => {
                    text.said.push(c);
                    self.skip(c.len_utf8());
                }
            }
        }
        self.push(line, Kind::Text(text.finish()));
    }

    fn finish(mut self) -> Script {
        if let Some((open, line, _)) = self.open.get(1..).and_then(|rest| rest.first()) {
            let message = format!("`{open}` is not closed");
            if self.errors.is_empty() {
                self.errors.push(SyntaxError { line: *line, message });
            }
        }
        // what is open ends where the file does
        while self.open.len() > 1 {
            if let Some((open, line, pieces)) = self.open.pop() {
                self.push(line, Kind::Group(open, pieces));
            }
        }
        let pieces = self.open.pop().map(|(_, _, pieces)| pieces).unwrap_or_default();
        Script { pieces, errors: self.errors }
    }
}

/// Where the brace closes that a text begins with.
fn closing(text: &str) -> Option<usize> {
    const LONGEST: usize = 2_000;
    let (mut depth, mut quote) = (0_u32, None);
    for (at, c) in text.char_indices().take(LONGEST) {
        match (c, quote) {
            (c, Some(open)) if c == open => quote = None,
            (_, Some(_)) => {}
            ('\'' | '"', None) => quote = Some(c),
            ('{', None) => depth += 1,
            ('}', None) => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

#[derive(Default)]
struct Building {
    parts: Vec<Part>,
    said: String,
    /// It has line ends that the file has not.
    moved: bool,
}

impl Building {
    fn compute(&mut self, source: &str) {
        if !self.said.is_empty() {
            self.parts.push(Part::Said(std::mem::take(&mut self.said)));
        }
        self.parts.push(Part::Computed(source.to_owned()));
    }

    fn finish(mut self) -> Text {
        if !self.said.is_empty() || self.parts.is_empty() {
            self.parts.push(Part::Said(self.said));
        }
        Text { parts: self.parts, exact: !self.moved }
    }
}
