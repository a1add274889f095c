//! What is not handed to the parser at all.
//!
//! The parser is quick and grows its own stack, but nested f-strings cost the square of their depth and very deep
//! trees cost stack when they are walked. Hardly any file written by people comes near these bounds.

/// Bytes of a text.
pub(super) const MAX_BYTES: usize = 1 << 20;
/// Bytes of a line.
const MAX_LINE: usize = 32 << 10;
/// Brackets open at once, counted without regard to strings, so that nested f-strings count too.
const MAX_BRACKETS: u32 = 2_000;

/// Why this text is not parsed, if it is not.
pub(super) fn refuses(text: &str) -> Option<&'static str> {
    if text.len() > MAX_BYTES {
        return Some("larger than 1 MiB; only its imports were read");
    }
    let mut start = 0;
    for at in memchr::memchr_iter(b'\n', text.as_bytes()).chain([text.len()]) {
        if at - start > MAX_LINE {
            return Some("a line is longer than 32 KiB; only its imports were read");
        }
        start = at + 1;
    }
    let mut open = 0_u32;
    for byte in text.bytes() {
        match byte {
            b'{' | b'(' | b'[' => open += 1,
            b'}' | b')' | b']' => open = open.saturating_sub(1),
            _ => continue,
        }
        if open > MAX_BRACKETS {
            return Some("brackets are nested deeper than 2,000; only its imports were read");
        }
    }
    None
}
