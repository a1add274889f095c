//! Keys at the start of a line, seen before a text of YAML is parsed: the cheap question whether a file is one of a
//! kind at all.
//!
//! Invariants: costs one search through the text for each key, however many lines it has; a key that stands further in,
//! or that only begins like the one that is asked for, is none.

use memchr::memmem;

/// What stands behind the first `key:` that starts a line, up to the line's end. The key may be quoted, and spaces may
/// stand before its colon.
pub(crate) fn value<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    [key.to_owned(), format!("\"{key}\"")].iter().find_map(|key| {
        let needle = format!("\n{key}");
        let later = memmem::find_iter(text.as_bytes(), needle.as_bytes()).map(|at| at + 1);
        std::iter::once(0).chain(later).find_map(|start| {
            let line = text.get(start..)?.strip_prefix(key.as_str())?;
            let line = line.split('\n').next()?;
            line.trim_start().strip_prefix(':')
        })
    })
}

/// Whether one of the keys starts a line.
pub(crate) fn has(text: &str, keys: &[&str]) -> bool {
    keys.iter().any(|key| value(text, key).is_some())
}

#[cfg(test)]
mod tests {
    use super::{has, value};

    #[test]
    fn a_key_starts_a_line_and_ends_at_its_colon() {
        let text = "version : 0.2\r\nphases_all: 1\n  steps: 2\n\"jobs\": []\nphases:\n- x";
        assert_eq!(value(text, "version"), Some(" 0.2\r"));
        assert_eq!(value(text, "phases"), Some(""), "a longer key is another one");
        assert_eq!(value(text, "jobs"), Some(" []"));
        assert_eq!(value(text, "steps"), None, "it stands further in");
        assert!(has(text, &["on", "jobs"]) && !has(text, &["on", "x"]) && !has("", &["on"]));
        assert_eq!(value("é\nkey", "key"), None);
    }
}
