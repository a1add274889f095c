//! Bytes into text: what editors save, and what only looks like text.

/// How far into a file a NUL byte tells a binary one, in bytes.
const LOOK: usize = 8192;

/// The text of a file, or `None` where it is binary.
pub fn decode(bytes: Vec<u8>) -> Option<String> {
    if let Some(rest) = bytes.strip_prefix(b"\xff\xfe") {
        return Some(wide(rest, u16::from_le_bytes));
    }
    if let Some(rest) = bytes.strip_prefix(b"\xfe\xff") {
        return Some(wide(rest, u16::from_be_bytes));
    }
    if bytes.iter().take(LOOK).any(|b| *b == 0) {
        return None;
    }
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        // A replaced sequence never swallows a line feed, so lines keep their numbers.
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    };
    Some(match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    })
}

fn wide(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let units = bytes.as_chunks::<2>().0.iter().map(|pair| unit(*pair));
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_editors_save_is_read() {
        let read = |bytes: &[u8]| decode(bytes.to_vec());
        assert_eq!(read(b"\xef\xbb\xbfon: push").as_deref(), Some("on: push"));
        assert_eq!(read(b"\xff\xfea\0\n\0").as_deref(), Some("a\n"));
        assert_eq!(read(b"\xfe\xff\0a\0\n\0").as_deref(), Some("a\n"));
        assert_eq!(read(b"a\xff\nb\xc3\n").map(|t| t.lines().count()), Some(2));
        assert_eq!(read(b"a\0b"), None);
    }
}
