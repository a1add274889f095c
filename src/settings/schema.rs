//! The JSON Schema of `treering.toml`, for editors that complete and check it while it is written.
//!
//! Invariant: it knows the keys that the reader knows, no more and no fewer; a test holds the two together.

use serde_json::{Value, json};

use super::{LONGEST, MOST};
use crate::words::SubjectKind;

/// The schema (draft 2020-12), pretty, with a final line feed.
pub(crate) fn schema() -> String {
    let text = |about: &str| json!({ "type": "string", "minLength": 1, "maxLength": LONGEST, "description": about });
    let reason = || text("Why. It stands in the report.");
    let table = |about: &str, properties: Value| {
        let required: Vec<&String> = properties.as_object().into_iter().flat_map(|keys| keys.keys()).collect();
        json!({
            "type": "object",
            "description": about,
            "required": required,
            "properties": properties,
            "additionalProperties": false,
        })
    };
    let kinds: Vec<&str> = SubjectKind::ALL.iter().map(|kind| kind.word()).collect();
    let form = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "treering.toml",
        "description": "How treering is to read this repository. Whatever it changes stands in the report.",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "exclude": {
                "type": "array",
                "maxItems": MOST,
                "items": text("A pattern of paths from the root: `*` stops at `/`, `**` does not."),
                "description": "Files that are not read. A pattern that fits a folder leaves out everything beneath it.",
            },
            "system": {
                "type": "array",
                "maxItems": MOST,
                "description": "Folders that are one system each.",
                "items": table("One system: whatever trains or serves below this folder belongs to it.", json!({
                    "name": text("What the report calls it."),
                    "path": text("The folder, relative to the root; `.` is the root."),
                })),
            },
            "subject": table("What the repository is, where treering takes it for something else.", json!({
                "kind": { "enum": kinds, "description": "What it is." },
                "reason": reason(),
            })),
            "off": {
                "type": "array",
                "maxItems": MOST,
                "description": "Rules that do not count here: a signal is not seen, a practice is unknown.",
                "items": table("One rule.", json!({
                    "rule": text("Id of a signal or practice; `treering rules list` names them all."),
                    "reason": reason(),
                })),
            },
        },
    });
    let mut pretty = serde_json::to_string_pretty(&form).unwrap_or_default();
    pretty.push('\n');
    pretty
}
