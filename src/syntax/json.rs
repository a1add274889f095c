//! JSON into the common tree, through the YAML parser, of whose language it is a part.
//!
//! Comments, trailing commas and tabs, which editors' settings files have, do not lose the file.

use super::build::MAX_TEXT;
use super::tree::Parsed;
use super::yaml;

/// Reads a JSON text, with or without comments.
pub fn parse(text: &str) -> Parsed {
    if text.len() > MAX_TEXT {
        return Parsed::failed(1, format!("longer than {MAX_TEXT} bytes"));
    }
    let mut parsed = yaml::parse_as_is(&blank(text));
    for error in &mut parsed.errors {
        in_words_of_json(&mut error.message);
    }
    parsed
}

/// The parser speaks of YAML where it means it, which whoever wrote the file never saw.
fn in_words_of_json(message: &mut String) {
    if message.contains("document start") {
        *message = "a second value begins here; a file with several JSON values is read up to the first".to_owned();
    } else if ["document", "block", "scalar", "anchor", "alias", "tag", "directive", "indent"]
        .iter()
        .any(|word| message.contains(word))
    {
        *message = "this is no valid JSON".to_owned();
    }
}

/// Replaces comments and tabs outside of strings by spaces, and line breaks by themselves, so
/// that every line stays where it is.
fn blank(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut state = State::Outside;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let next = chars.peek().copied();
        let (shown, after) = match (state, c) {
            (State::Outside, '"') => (c, State::String),
            (State::Outside, '/') if next == Some('/') => (' ', State::LineComment),
            (State::Outside, '/') if next == Some('*') => {
                chars.next();
                (' ', State::BlockComment)
            }
            // A tab is no indentation in YAML.
            (State::Outside, '\t') => (' ', state),
            (State::String, '\\') => {
                out.push(c);
                match chars.next() {
                    Some(escaped) => (escaped, state),
                    None => break,
                }
            }
            (State::String, '"') => (c, State::Outside),
            (State::LineComment, '\n') => (c, State::Outside),
            (State::BlockComment, '*') if next == Some('/') => {
                chars.next();
                (' ', State::Outside)
            }
            (State::LineComment | State::BlockComment, _) if c != '\n' => (' ', state),
            _ => (c, state),
        };
        out.push(shown);
        state = after;
    }
    out
}

#[derive(Clone, Copy)]
enum State {
    Outside,
    String,
    LineComment,
    BlockComment,
}

#[cfg(test)]
mod tests {
    use super::super::tree::{Kind, Node};
    use super::*;

    #[test]
    fn json_with_tabs_comments_and_trailing_commas() {
        let text = "{\n\t// why\n\t\"scripts\": {\n\t\t\"train\": \"a # b // c\\n\",\n\t\t/* two\n\t\tlines */ \"ok\": true,\n\t},\n\t\"url\": \"http://x/y\", \"n\": null, \"e\": \"\\u00e9\\/\"\n}\n";
        let parsed = parse(text);
        assert_eq!(parsed.errors, []);
        let root = parsed.tree.root().unwrap();
        let train = root.find("scripts.train")[0];
        assert_eq!((train.text(), train.line(), train.is_quoted()), (Some("a # b // c\n"), 4, true));
        assert_eq!(root.find("scripts.ok")[0].as_bool(), Some(true));
        assert_eq!(root.get("scripts").unwrap().key_line("ok"), Some(6));
        assert_eq!(root.get("url").unwrap().text(), Some("http://x/y"));
        assert_eq!(root.get("n").map(Node::kind), Some(Kind::Null));
        assert_eq!(root.get("e").unwrap().text(), Some("é/"));
    }

    #[test]
    fn no_space_after_colons_and_directives_in_strings() {
        let parsed = parse("{\"a\":{\"b\":[1,{\"c\":\"{{ x }}\"}]},\"d\":false}");
        assert_eq!(parsed.errors, []);
        assert_eq!(parsed.tree.find("a.b[].c")[0].text(), Some("{{ x }}"));
        assert_eq!(parsed.tree.find("d")[0].as_bool(), Some(false));
    }

    #[test]
    fn an_error_is_told_in_words_of_json() {
        let of = |text: &str| parse(text).errors.into_iter().map(|e| (e.line, e.message)).collect::<Vec<_>>();
        assert_eq!(
            of("{\"a\": 1}\n{\"a\": 2}\n"),
            [(2, "a second value begins here; a file with several JSON values is read up to the first".to_owned())]
        );
        for text in ["{\"a\": ]}", "{\"a\" 1}", "[1 2", "{\"a\": *b}", "[1,,2]", "\"open"] {
            let told = of(text);
            assert!(told.iter().all(|(_, m)| !m.contains("document") && !m.contains("scalar")), "{text}: {told:?}");
        }
    }

    #[test]
    fn what_stands_well_before_an_error_is_kept() {
        let parsed = parse(&format!("{{\"a\": 1,\n\"b\": [\n{}", "2,\n".repeat(1000)));
        assert_eq!(parsed.errors.len(), 1);
        assert_eq!(parsed.tree.find("a")[0].text(), Some("1"));
    }
}
