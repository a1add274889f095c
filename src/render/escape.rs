//! Text of a scanned repository, made safe for a terminal.
//!
//! Why: a file name or a line can carry sequences that move the cursor, recolour what follows or turn the direction
//! of writing, and so forge a report. Invariant: what comes out holds no control, format, direction or zero-width
//! character; each is shown as what it is.

use std::borrow::Cow;

/// The text with everything that does not show itself made visible.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(hides) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push(' '),
            c if hides(c) => out.push_str(&format!("\\u{{{:x}}}", c as u32)),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Whether a character acts on its surroundings, or cannot be seen.
fn hides(c: char) -> bool {
    c.is_control()
        || matches!(c as u32,
            0xAD                         // soft hyphen
            | 0x34F | 0x61C | 0x115F..=0x1160 | 0x17B4..=0x17B5 | 0x180B..=0x180F
            | 0x200B..=0x200F            // zero-width and direction marks
            | 0x2028..=0x202E            // line and paragraph, direction
            | 0x2060..=0x206F | 0x3164 | 0xFEFF | 0xFFA0 | 0xFFF0..=0xFFFB
            | 0x1D173..=0x1D17A | 0xE0000..=0xE0FFF)
}

/// How many columns of a terminal a visible text takes: East Asian wide characters and pictures take two,
/// combining marks none. An estimate; a miss shifts a column, no more.
pub(super) fn columns(text: &str) -> usize {
    text.chars()
        .map(|c| match c as u32 {
            0x20..=0x2FF => 1,
            0x300..=0x36F | 0x483..=0x489 | 0x591..=0x5BD | 0x64B..=0x65F | 0x20D0..=0x20FF | 0xFE00..=0xFE0F => 0,
            0x1100..=0x115E | 0x2E80..=0x303E | 0x3041..=0xA4CF | 0xAC00..=0xD7A3 | 0xF900..=0xFAFF => 2,
            0xFE30..=0xFE6F | 0xFF00..=0xFF60 | 0xFFE0..=0xFFE6 | 0x1F300..=0x1FAFF | 0x20000..=0x3FFFD => 2,
            _ => 1,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_acts_on_the_terminal() {
        assert_eq!(visible("a\u{1b}[31mb\u{202e}c\u{200b}\nd\te\u{9b}"), "a\\u{1b}[31mb\\u{202e}c\\u{200b}\\nd e\\u{9b}");
        assert_eq!(visible("naïve 模型.py"), "naïve 模型.py");
    }

    #[test]
    fn wide_characters_count_twice() {
        assert_eq!(columns("ab模e\u{301}"), 5);
    }
}
