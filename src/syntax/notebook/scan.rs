//! JSON text, step by step, with the line that every step is on.
//!
//! Invariants: every step moves forward, nothing recurses; a line that is no JSON costs that line.

use std::ops::Range;

use super::MAX_ERRORS;
use crate::syntax::SyntaxError;

/// A place in JSON text. Every step moves forward, so a scan is linear and ends.
pub(super) struct Scan<'t> {
    pub(super) text: &'t str,
    pub(super) at: usize,
    pub(super) line: u32,
    pub(super) counted: usize,
    pub(super) errors: Vec<SyntaxError>,
}

impl Scan<'_> {
    fn bytes(&self) -> &[u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes().first().copied()
    }

    /// The 1-based line we are on.
    pub(super) fn line(&mut self) -> u32 {
        let passed = self.text.as_bytes().get(self.counted..self.at).unwrap_or_default();
        self.line += memchr::memchr_iter(b'\n', passed).count() as u32;
        self.counted = self.counted.max(self.at);
        self.line
    }

    pub(super) fn error(&mut self, message: &str) {
        let line = self.line();
        if self.errors.len() < MAX_ERRORS && self.errors.last().is_none_or(|e| e.line != line) {
            self.errors.push(SyntaxError { line, message: message.to_owned() });
        }
    }

    pub(super) fn blank(&mut self) {
        self.at += self.bytes().iter().take_while(|b| b.is_ascii_whitespace()).count();
    }

    fn separators(&mut self) {
        self.at += self.bytes().iter().take_while(|b| b.is_ascii_whitespace() || **b == b',').count();
    }

    /// Steps over a line that is no JSON here.
    fn junk(&mut self) {
        self.error("not JSON; the line was skipped");
        let rest = self.bytes();
        self.at += memchr::memchr(b'\n', rest).map_or(rest.len(), |n| n + 1);
    }

    /// In an object: the next key, with the place at its value; none at the end of the object, which is passed.
    pub(super) fn key(&mut self) -> Option<String> {
        loop {
            self.separators();
            match self.peek() {
                None => {
                    self.error("the file ends in the middle");
                    return None;
                }
                Some(b'}') => {
                    self.at += 1;
                    return None;
                }
                Some(b'"') => {
                    let key = self.string();
                    self.blank();
                    if self.peek() == Some(b':') {
                        self.at += 1;
                        self.blank();
                        return Some(key.unwrap_or_default());
                    }
                    self.junk();
                }
                Some(_) => self.junk(),
            }
        }
    }

    /// In an array: is there another element? At the end the array is passed.
    pub(super) fn more(&mut self) -> bool {
        loop {
            self.separators();
            match self.peek() {
                None => {
                    self.error("the file ends in the middle");
                    return false;
                }
                Some(b']') => {
                    self.at += 1;
                    return false;
                }
                Some(b'"' | b'{' | b'[' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n') => return true,
                Some(_) => self.junk(),
            }
        }
    }

    /// Passes a value of any kind.
    pub(super) fn skip(&mut self) {
        let mut depth = 0_usize;
        loop {
            match self.peek() {
                None => return,
                Some(b'"') => {
                    self.pass_string();
                }
                Some(b'{' | b'[') => (depth, self.at) = (depth + 1, self.at + 1),
                Some(b'}' | b']') if depth == 0 => return,
                Some(b'}' | b']') => (depth, self.at) = (depth - 1, self.at + 1),
                Some(b',') if depth == 0 => return,
                Some(b) if depth == 0 && b.is_ascii_whitespace() => return,
                Some(_) if depth == 0 => {
                    // a number or word
                    self.at += self
                        .bytes()
                        .iter()
                        .take_while(|b| !matches!(b, b',' | b'}' | b']' | b'"' | b'{' | b'[') && !b.is_ascii_whitespace())
                        .count();
                    return;
                }
                Some(_) => self.at += self.bytes().iter().take_while(|b| !matches!(b, b'"' | b'{' | b'[' | b'}' | b']')).count(),
            }
            if depth == 0 {
                return;
            }
        }
    }

    /// Passes a string and gives its place, quotes included. One that is not closed ends with its line.
    fn pass_string(&mut self) -> Range<usize> {
        let start = self.at;
        self.at += 1;
        while let Some(found) = memchr::memchr3(b'"', b'\\', b'\n', self.bytes()) {
            self.at += found;
            match self.peek() {
                Some(b'\\') => self.at = (self.at + 2).min(self.text.len()),
                Some(b'"') => {
                    self.at += 1;
                    return start..self.at;
                }
                _ => return start..self.at,
            }
        }
        self.at = self.text.len();
        start..self.at
    }

    /// Reads the string that begins here.
    pub(super) fn string(&mut self) -> Option<String> {
        let place = self.pass_string();
        let raw = self.text.get(place)?;
        match serde_json::from_str(raw) {
            Ok(text) => Some(text),
            Err(_) => {
                self.error("a string is broken; it was taken as it stands");
                Some(raw.trim_matches('"').replace("\\n", "\n").replace("\\\"", "\""))
            }
        }
    }
}
