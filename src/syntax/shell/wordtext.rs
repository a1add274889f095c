//! From a word's syntax to its text: quotes removed, escapes resolved, known variables put in.
//!
//! Text is always cut from the original, never from the masked one, so that template expressions reappear. What
//! stands in a string between its expansions is taken by position: the grammar drops blanks there.

use tree_sitter::Node;

use super::walk::Walk;
use super::{Word, dirs};

/// One expansion puts in no more than this; longer values are not known.
pub(super) const MAX_VALUE: usize = 4_096;

/// How a text was quoted, which says what a backslash does.
#[derive(Clone, Copy, PartialEq)]
enum Quoting {
    None,
    Double,
    Ansi,
}

/// A word in the making, and the substitutions seen in it.
struct Draft<'t> {
    text: String,
    literal: bool,
    substitutions: Vec<Node<'t>>,
}

impl<'t> Walk<'t> {
    /// The text of one word and the command substitutions in it.
    pub(super) fn word(&mut self, node: Node<'t>) -> (Word, Vec<Node<'t>>) {
        let mut draft = Draft { text: String::new(), literal: true, substitutions: Vec::new() };
        self.append(node, &mut draft, false);
        (Word { text: draft.text, literal: draft.literal }, draft.substitutions)
    }

    /// As [`Self::word`], but an unquoted variable whose value holds several words gives several.
    pub(super) fn split_word(&mut self, node: Node<'t>, into: &mut Vec<Word>) -> Vec<Node<'t>> {
        let (word, substitutions) = self.word(node);
        let bare = matches!(node.kind(), "simple_expansion" | "expansion");
        // how a known folder is spelt here is one word, whatever stands in it
        if bare && word.literal && !super::dirs::anchored(&word.text) {
            let parts = word.text.split_whitespace().take(256);
            into.extend(parts.map(|part| Word { text: part.to_owned(), literal: true }));
        } else {
            into.push(word);
        }
        substitutions
    }

    /// At most three deep: a concatenation of strings of expansions.
    fn append(&mut self, node: Node<'t>, draft: &mut Draft<'t>, quoted: bool) {
        let range = node.byte_range();
        let quoting = if quoted { Quoting::Double } else { Quoting::None };
        match node.kind() {
            "concatenation" if !quoted => self.append_parts(node, range.start, range.end, draft, Quoting::None),
            "command_name" if !quoted => {
                let mut cursor = node.walk();
                let inner = node.children(&mut cursor).next();
                match inner {
                    Some(inner) if inner.kind() != "command_name" => self.append(inner, draft, false),
                    _ => self.append_text(range, draft, quoting),
                }
            }
            "string" => {
                let closed = range.len() >= 2 && self.masked.as_bytes().get(range.end - 1) == Some(&b'"');
                let end = if closed { range.end - 1 } else { range.end };
                self.append_parts(node, (range.start + 1).min(end), end, draft, Quoting::Double);
            }
            "translated_string" => {
                let end = range.end.saturating_sub(1).max(range.start + 2);
                self.append_text(range.start + 2..end, draft, Quoting::Double);
            }
            "raw_string" => {
                let inner = range.start + 1..range.end.saturating_sub(1).max(range.start + 1);
                draft.literal &= !self.touches_mask(&inner);
                draft.text.push_str(self.src.get(inner).unwrap_or_default());
            }
            "ansi_c_string" => {
                let inner = range.start + 2..range.end.saturating_sub(1).max(range.start + 2);
                self.append_text(inner, draft, Quoting::Ansi);
            }
            "simple_expansion" | "expansion" => {
                let start = range.start;
                let text = self.src.get(range).unwrap_or_default();
                let name = text.trim_start_matches(['$', '{', '!', '#']);
                let name_end = name.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
                if let Some(name) = name.get(..name_end).filter(|name| !name.is_empty()) {
                    let last = self.used.entry(name.to_owned()).or_default();
                    *last = start.max(*last);
                }
                if let Some((value, literal)) = self.expanded(text) {
                    draft.text.push_str(&value);
                    draft.literal &= literal;
                } else {
                    draft.text.push_str(text);
                    draft.literal = false;
                }
                if node.kind() == "expansion" {
                    self.substitutions_in(node, &mut draft.substitutions);
                }
            }
            "command_substitution" | "process_substitution" => {
                let text = self.src.get(range).unwrap_or_default();
                let walk = &*self;
                let folder = dirs::idiom(text, &|name| walk.value(name).map(|(value, _)| value));
                draft.text.push_str(folder.as_deref().unwrap_or(text));
                draft.literal = false;
                draft.substitutions.push(node);
            }
            "arithmetic_expansion" => {
                draft.text.push_str(self.src.get(range).unwrap_or_default());
                draft.literal = false;
                self.substitutions_in(node, &mut draft.substitutions);
            }
            "array" => {
                draft.text.push_str(self.src.get(range).unwrap_or_default());
                draft.literal = false;
                self.substitutions_in(node, &mut draft.substitutions);
            }
            _ => self.append_text(range, draft, quoting),
        }
    }

    /// The children of a string or concatenation, and the text between them.
    fn append_parts(&mut self, node: Node<'t>, start: usize, end: usize, draft: &mut Draft<'t>, quoting: Quoting) {
        let mut at = start;
        let mut cursor = node.walk();
        let parts: Vec<Node<'t>> = node.named_children(&mut cursor).collect();
        for part in parts {
            let special = match quoting {
                Quoting::Double => part.kind().ends_with("expansion") || part.kind().ends_with("substitution"),
                _ => part.kind() != "concatenation",
            };
            let range = part.byte_range();
            if !special || range.start < at || range.end > end {
                continue;
            }
            self.append_text(at..range.start, draft, quoting);
            self.append(part, draft, quoting == Quoting::Double);
            at = range.end;
        }
        self.append_text(at..end, draft, quoting);
    }

    /// Plain text, with the escapes of its quoting. Template expressions in it are kept as they are.
    fn append_text(&mut self, range: std::ops::Range<usize>, draft: &mut Draft<'t>, quoting: Quoting) {
        if range.start >= range.end {
            return;
        }
        let mut at = range.start;
        let first = self.prepared.masks.partition_point(|mask| mask.end <= range.start);
        for mask in self.prepared.masks.iter().skip(first).take_while(|mask| mask.start < range.end) {
            if mask.start >= at && mask.end <= range.end {
                unescape(self.src.get(at..mask.start).unwrap_or_default(), quoting, &mut draft.text);
                draft.text.push_str(self.src.get(mask.clone()).unwrap_or_default());
                at = mask.end;
            }
            draft.literal = false;
        }
        unescape(self.src.get(at..range.end).unwrap_or_default(), quoting, &mut draft.text);
    }

    fn touches_mask(&self, range: &std::ops::Range<usize>) -> bool {
        let first = self.prepared.masks.partition_point(|mask| mask.end <= range.start);
        self.prepared.masks.get(first).is_some_and(|mask| mask.start < range.end)
    }

    /// The value of `$X`, `${X}` or `${X:-y}`, if known: its text and whether that is literal.
    fn expanded(&mut self, text: &str) -> Option<(String, bool)> {
        let inner = text.strip_prefix('$')?;
        let inner = inner.strip_prefix('{').and_then(|i| i.strip_suffix('}')).unwrap_or(inner);
        let name_end = inner.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
        let (name, rest) = inner.split_at_checked(name_end)?;
        if rest.is_empty() || rest.starts_with(":-") || rest.starts_with(":?") {
            if let Some((value, literal)) = self.value(name) {
                let found = (value.to_owned(), literal);
                // Values put in one another can double at every line.
                if self.growth < found.0.len() {
                    return None;
                }
                self.growth -= found.0.len();
                return Some(found);
            }
        }
        let walk = &*self;
        let folder = dirs::idiom(text, &|name| walk.value(name).map(|(value, _)| value))?;
        Some((folder, false))
    }

    /// Command substitutions anywhere below a node, none inside another.
    pub(super) fn substitutions_in(&self, node: Node<'t>, into: &mut Vec<Node<'t>>) {
        let mut cursor = node.walk();
        if !cursor.goto_first_child() {
            return;
        }
        loop {
            let inner = cursor.node();
            let found = matches!(inner.kind(), "command_substitution" | "process_substitution");
            if found {
                into.push(inner);
            }
            if !found && cursor.goto_first_child() {
                continue;
            }
            while !cursor.goto_next_sibling() {
                if !cursor.goto_parent() || cursor.node() == node {
                    return;
                }
            }
        }
    }
}

/// Resolves escapes as the quoting has it.
fn unescape(text: &str, quoting: Quoting, into: &mut String) {
    if !text.contains(['\\', '\r']) {
        into.push_str(text);
        return;
    }
    let mut chars = text.chars().peekable();
    while let Some(next) = chars.next() {
        if next == '\r' && chars.peek() == Some(&'\n') {
            continue;
        }
        if next != '\\' {
            into.push(next);
            continue;
        }
        let Some(escaped) = chars.next() else {
            into.push('\\');
            return;
        };
        match (quoting, escaped) {
            (Quoting::Ansi, 'n') => into.push('\n'),
            (Quoting::Ansi, 't') => into.push('\t'),
            (Quoting::Ansi, '\\' | '\'' | '"') => into.push(escaped),
            (Quoting::None | Quoting::Double, '\n') => {}
            (Quoting::None | Quoting::Double, '\r') if chars.peek() == Some(&'\n') => {
                chars.next();
            }
            (Quoting::Double, '"' | '\\' | '$' | '`') | (Quoting::None, _) => into.push(escaped),
            _ => {
                into.push('\\');
                into.push(escaped);
            }
        }
    }
}
