//! Schemas of custom resources, left out before a text is parsed.
//!
//! A cluster's operator ships definitions of its resources whose schemas are most of the YAML of a whole repository
//! (tens of megabytes). A schema says how a resource may be written; nothing in it starts, runs or names anything.
//!
//! Invariant: every line keeps its number.

/// The key under which a schema stands.
const KEY: &str = "openAPIV3Schema:";

/// The text without what stands under the keys of schemas, if there is such a key.
pub(super) fn left_out(text: &str) -> Option<String> {
    memchr::memmem::find(text.as_bytes(), KEY.as_bytes())?;
    let mut kept = String::with_capacity(text.len() / 4);
    // how far the key is indented under which everything is left out
    let mut under: Option<usize> = None;
    for line in text.split_inclusive('\n') {
        let written = line.trim_start_matches(' ');
        let indent = line.len() - written.len();
        let says_nothing = written.trim_end().is_empty() || written.starts_with('#');
        if under.is_some_and(|key| indent > key || says_nothing) {
            kept.push_str(if line.ends_with('\n') { "\n" } else { "" });
            continue;
        }
        // the keys beside one that opens an item of a list stand deeper than its dash
        let key = written.trim_start_matches("- ");
        under = (key.trim_end() == KEY).then_some(line.len() - key.len());
        kept.push_str(line);
    }
    Some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_under_a_schema_is_left_out_and_lines_keep_their_numbers() {
        let text = "spec:\n  versions:\n  - schema:\n      openAPIV3Schema:\n        type: object\n\n  # a remark\n        properties:\n          a:\n            type: string\n    served: true\n---\nkind: Job\n";
        let kept = left_out(text).expect("a schema");
        assert_eq!(kept.lines().count(), text.lines().count());
        assert!(!kept.contains("type:"), "{kept}");
        assert_eq!(kept.lines().nth(10), Some("    served: true"));
        assert!(kept.ends_with("---\nkind: Job\n"));
    }

    #[test]
    fn what_stands_beside_a_schema_and_the_next_document_stay() {
        let text =
            "- openAPIV3Schema:\n    type: object\n  served: true\n---\nopenAPIV3Schema:\n  type: object\n---\nkind: Job\n";
        let kept = "- openAPIV3Schema:\n\n  served: true\n---\nopenAPIV3Schema:\n\n---\nkind: Job\n";
        assert_eq!(left_out(text).as_deref(), Some(kept));
    }

    #[test]
    fn a_text_without_a_schema_and_a_schema_on_the_line_of_its_key_stay() {
        assert_eq!(left_out("kind: Job\n"), None);
        let short = "a:\n  openAPIV3Schema: {type: object}\n  b: 1\n";
        assert_eq!(left_out(short).as_deref(), Some(short));
    }
}
