//! Takes out of a shell text what is not shell, byte for byte: template expressions and heredocs.
//!
//! Heredocs are taken out here, not by the grammar, because the grammar's handling of them is quadratic and odd
//! where a pipe or `||` follows the delimiter. `<<END` becomes a redirection from a name of the same length, the
//! lines become blank; the grammar then sees ordinary commands.
//!
//! Invariant: the masked text has the length of the original, and every byte outside masks is the same, but for
//! control characters, which become spaces. Both passes are linear.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::syntax::SyntaxError;

/// Longest template expression.
const MAX_EXPRESSION: usize = 2_000;
/// Nesting of quotes and substitutions that the heredoc scan follows.
const MAX_NESTING: usize = 200;

/// The text as the grammar gets it, and what was taken out.
pub(super) struct Prepared {
    pub masked: String,
    /// Template expressions, sorted.
    pub masks: Vec<Range<usize>>,
    /// By the offset of their `<<`.
    pub heredocs: BTreeMap<usize, Heredoc>,
    pub errors: Vec<SyntaxError>,
    starts: Vec<usize>,
}

pub(super) struct Heredoc {
    /// The lines, terminator excluded.
    pub body: Range<usize>,
    /// `<<-`
    pub strip_tabs: bool,
    pub quoted: bool,
}

impl Prepared {
    /// The line of an offset, 1-based.
    pub fn line(&self, offset: usize) -> u32 {
        u32::try_from(self.starts.partition_point(|start| *start <= offset)).unwrap_or(u32::MAX)
    }
}

pub(super) fn prepare(text: &str) -> Prepared {
    let mut bytes = text.as_bytes().to_vec();
    let masks = expressions(text.as_bytes());
    for mask in &masks {
        // An identifier: it may stand wherever a word may, and after `$((`.
        if let Some(slots) = bytes.get_mut(mask.clone()) {
            slots.fill(b'x');
        }
    }
    for byte in &mut bytes {
        if byte.is_ascii_control() && !matches!(byte, b'\n' | b'\t') {
            *byte = b' ';
        }
    }
    let starts: Vec<usize> = std::iter::once(0).chain(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1)).collect();
    let mut scan = HeredocScan { bytes: &bytes, at: 0, pending: Vec::new(), found: Vec::new(), unterminated: Vec::new() };
    scan.run();
    let (found, unterminated) = (scan.found, scan.unterminated);

    let mut heredocs = BTreeMap::new();
    for (operator, end_of_word, heredoc, blank) in found {
        for (offset, slot) in bytes.get_mut(operator..end_of_word).unwrap_or_default().iter_mut().enumerate() {
            *slot = if offset == 0 { b'<' } else { b'x' };
        }
        for slot in bytes.get_mut(blank).unwrap_or_default() {
            if *slot != b'\n' {
                *slot = b' ';
            }
        }
        heredocs.insert(operator, heredoc);
    }
    let mut prepared = Prepared {
        // Whole characters are overwritten, never parts of one; lossy only keeps the promise not to panic.
        masked: String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
        masks,
        heredocs,
        errors: Vec::new(),
        starts,
    };
    prepared.errors = unterminated
        .into_iter()
        .map(|at| SyntaxError { line: prepared.line(at), message: "the heredoc has no end".into() })
        .collect();
    prepared
}

/// `${{ … }}` of CI systems and `{{ … }}` of templates.
fn expressions(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(open) = memchr::memmem::find(bytes.get(at..).unwrap_or_default(), b"{{").map(|o| o + at) {
        let ci = open > at && bytes.get(open - 1) == Some(&b'$');
        let start = if ci { open - 1 } else { open };
        match end_of_expression(bytes, open + 2, ci) {
            Some(end) => {
                found.push(start..end);
                at = end;
            }
            None => at = open + 2,
        }
    }
    found
}

/// The offset after `}}`. A template's expression stays on its line and holds whole quotes and no command separator:
/// else two unrelated pairs of braces would swallow what stands between them.
fn end_of_expression(bytes: &[u8], from: usize, ci: bool) -> Option<usize> {
    let window = bytes.get(from..(from + MAX_EXPRESSION).min(bytes.len()))?;
    let mut quoted = false;
    let (mut singles, mut doubles) = (0, 0);
    for (offset, byte) in window.iter().enumerate() {
        match byte {
            b'\'' => {
                quoted = !quoted && ci;
                singles += 1;
            }
            b'"' => doubles += 1,
            b'\n' | b';' | b'{' if !ci => return None,
            b'}' if !quoted && window.get(offset + 1) == Some(&b'}') => {
                let whole = ci || (singles % 2 == 0 && doubles % 2 == 0);
                return whole.then_some(from + offset + 2);
            }
            _ => {}
        }
    }
    None
}

#[derive(Clone, Copy, PartialEq)]
enum Inside {
    /// `$( )` or `( )`
    Parens,
    /// `(( ))` or `$(( ))`: `<<` shifts there.
    Arithmetic,
    Double,
    Backticks,
    /// `${ }`
    Braces,
}

struct Pending {
    operator: usize,
    end_of_word: usize,
    delimiter: Vec<u8>,
    strip_tabs: bool,
    quoted: bool,
}

/// Finds heredocs: a scan that knows quotes, comments and nesting, and nothing else of the language.
struct HeredocScan<'a> {
    bytes: &'a [u8],
    at: usize,
    pending: Vec<Pending>,
    /// Offset of `<<`, end of the delimiter, the heredoc, what to blank.
    found: Vec<(usize, usize, Heredoc, Range<usize>)>,
    unterminated: Vec<usize>,
}

impl HeredocScan<'_> {
    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn run(&mut self) {
        if memchr::memmem::find(self.bytes, b"<<").is_none() {
            return;
        }
        let mut inside: Vec<Inside> = Vec::new();
        while self.at < self.bytes.len() && inside.len() < MAX_NESTING {
            let double = inside.last() == Some(&Inside::Double);
            let step = match self.peek(0) {
                b'\\' => 2,
                b'\n' => {
                    self.at += 1;
                    self.bodies();
                    0
                }
                b'"' => {
                    if double {
                        inside.pop();
                    } else {
                        inside.push(Inside::Double);
                    }
                    1
                }
                b'\'' if !double => self.past_quote(1, false),
                b'$' if !double && self.peek(1) == b'\'' => self.past_quote(2, true),
                b'`' => {
                    if inside.last() == Some(&Inside::Backticks) {
                        inside.pop();
                    } else {
                        inside.push(Inside::Backticks);
                    }
                    1
                }
                b'$' if self.peek(1) == b'(' && self.peek(2) == b'(' => {
                    inside.push(Inside::Arithmetic);
                    3
                }
                b'$' if self.peek(1) == b'(' => {
                    inside.push(Inside::Parens);
                    2
                }
                b'$' if self.peek(1) == b'{' => {
                    inside.push(Inside::Braces);
                    2
                }
                b'}' if inside.last() == Some(&Inside::Braces) => {
                    inside.pop();
                    1
                }
                _ if double => 1,
                b'(' if self.peek(1) == b'(' => {
                    inside.push(Inside::Arithmetic);
                    2
                }
                b'(' => {
                    inside.push(Inside::Parens);
                    1
                }
                b')' => match inside.last() {
                    Some(Inside::Arithmetic) => {
                        inside.pop();
                        if self.peek(1) == b')' { 2 } else { 1 }
                    }
                    Some(Inside::Parens) => {
                        inside.pop();
                        1
                    }
                    // The end of a pattern in a `case`.
                    _ => 1,
                },
                b'#' if self.starts_word() && inside.last() != Some(&Inside::Braces) => {
                    let rest = self.bytes.get(self.at..).unwrap_or_default();
                    memchr::memchr(b'\n', rest).unwrap_or(rest.len())
                }
                b'<' if self.peek(1) == b'<' && self.peek(2) == b'<' => 3,
                b'<' if self.peek(1) == b'<' && inside.last() != Some(&Inside::Arithmetic) => self.operator(),
                _ => 1,
            };
            self.at += step;
        }
    }

    fn starts_word(&self) -> bool {
        self.at == 0 || matches!(self.bytes.get(self.at - 1), Some(b' ' | b'\t' | b'\n' | b';' | b'(' | b'&' | b'|'))
    }

    /// The length of a quoted text whose opening is `open` bytes long; all the rest if it does not end.
    fn past_quote(&self, open: usize, escapes: bool) -> usize {
        let mut ahead = open;
        loop {
            match self.bytes.get(self.at + ahead) {
                None => return self.bytes.len() - self.at,
                Some(b'\\') if escapes => ahead += 2,
                Some(b'\'') => return ahead + 1,
                Some(_) => ahead += 1,
            }
        }
    }

    /// `<<`, `<<-` and the delimiter.
    fn operator(&mut self) -> usize {
        let strip_tabs = self.peek(2) == b'-';
        let mut ahead = if strip_tabs { 3 } else { 2 };
        while matches!(self.peek(ahead), b' ' | b'\t') {
            ahead += 1;
        }
        let (mut delimiter, mut quoted, mut quote) = (Vec::new(), false, 0);
        loop {
            match self.peek(ahead) {
                0 | b'\n' => break,
                byte if quote != 0 => {
                    if byte == quote {
                        quote = 0;
                    } else {
                        delimiter.push(byte);
                    }
                }
                byte @ (b'\'' | b'"') => (quoted, quote) = (true, byte),
                b'\\' => quoted = true,
                b' ' | b'\t' | b';' | b'|' | b'&' | b'<' | b'>' | b'(' | b')' => break,
                byte => delimiter.push(byte),
            }
            ahead += 1;
        }
        // A number after `<<` is a shift that looked like no arithmetic.
        if delimiter.is_empty() || delimiter.first().is_some_and(u8::is_ascii_digit) || quote != 0 {
            return 2;
        }
        let end_of_word = self.at + ahead;
        self.pending.push(Pending { operator: self.at, end_of_word, delimiter, strip_tabs, quoted });
        ahead
    }

    /// At the start of a line: the lines of the heredocs that the line before has announced.
    fn bodies(&mut self) {
        for (index, pending) in std::mem::take(&mut self.pending).into_iter().enumerate() {
            if index > 0 {
                self.at = (self.at + 1).min(self.bytes.len());
            }
            let start = self.at;
            let (body, after) = self.body(&pending);
            let blank = start..after;
            if after == self.bytes.len() && body.end == after {
                self.unterminated.push(pending.operator);
            }
            let heredoc = Heredoc { body, strip_tabs: pending.strip_tabs, quoted: pending.quoted };
            self.found.push((pending.operator, pending.end_of_word, heredoc, blank));
            // Stay on the newline that ends the terminator, so that the next line starts as one.
            self.at = after;
        }
    }

    /// The lines up to the delimiter, and the offset at the end of the delimiter's line.
    fn body(&self, pending: &Pending) -> (Range<usize>, usize) {
        let mut line = self.at;
        while line < self.bytes.len() {
            let rest = self.bytes.get(line..).unwrap_or_default();
            let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            let mut content = rest.get(..length).unwrap_or_default();
            while pending.strip_tabs && content.first() == Some(&b'\t') {
                content = content.get(1..).unwrap_or_default();
            }
            // A carriage return has become a space.
            if content.strip_suffix(b" ").unwrap_or(content) == pending.delimiter || content == pending.delimiter {
                return (self.at..line.saturating_sub(1).max(self.at), line + length);
            }
            line += length + 1;
        }
        (self.at..self.bytes.len(), self.bytes.len())
    }
}
