//! Workflows of hosts that speak the same language and name what they tell a run after themselves: in their folders
//! `gitea.ref` is what `github.ref` is, and a published step may be named with the address of its host.
//!
//! Invariant: every line stays where it is.

use std::borrow::Cow;

use crate::source::SourceFile;

/// What these hosts call the context of a run.
const CONTEXTS: &[&str] = &["gitea.", "forgejo."];

/// The file in the words of the one language.
pub(super) fn plain(file: &SourceFile) -> Cow<'_, SourceFile> {
    let own = crate::source::within(&file.path);
    let other = own.starts_with(".gitea/") || own.starts_with(".forgejo/");
    if !other || (!CONTEXTS.iter().any(|name| file.text.contains(name)) && !file.text.contains("://")) {
        return Cow::Borrowed(file);
    }
    let text: String = file.text.split_inclusive('\n').map(line).collect();
    Cow::Owned(SourceFile::new(file.path.clone(), text))
}

fn line(line: &str) -> String {
    let key = line.trim_start().trim_start_matches("- ");
    if let Some(at) = line.find("uses:").filter(|_| key.starts_with("uses:")) {
        let (front, value) = line.split_at(at + "uses:".len());
        let quote = value.trim_start().chars().next().filter(|c| matches!(c, '"' | '\''));
        let address = value.trim_start().trim_start_matches(['"', '\'']);
        if let Some((_, rest)) = address.split_once("://").and_then(|(_, rest)| rest.split_once('/')) {
            return format!("{front} {}{rest}", quote.map(String::from).unwrap_or_default());
        }
    }
    if key.starts_with("if:") {
        return renamed(line);
    }
    let (mut out, mut rest) = (String::with_capacity(line.len()), line);
    while let Some((before, inner)) = rest.split_once("${{") {
        let end = inner.find("}}").unwrap_or(inner.len());
        let (expression, after) = inner.split_at(end);
        out.push_str(before);
        out.push_str("${{");
        out.push_str(&renamed(expression));
        rest = after;
    }
    out + rest
}

/// An expression with the context under its usual name.
fn renamed(text: &str) -> String {
    let mut out = text.to_owned();
    for name in CONTEXTS {
        let mut done = String::with_capacity(out.len());
        let mut rest = out.as_str();
        while let Some((before, after)) = rest.split_once(name) {
            let inside = before.ends_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/'));
            done.push_str(before);
            done.push_str(if inside { name } else { "github." });
            rest = after;
        }
        out = done + rest;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_context_is_renamed_where_it_is_one() {
        for (text, expected) in [
            ("    if: gitea.ref == 'refs/heads/main'\n", "    if: github.ref == 'refs/heads/main'\n"),
            ("run: curl https://gitea.example ${{ forgejo.sha }}\n", "run: curl https://gitea.example ${{ github.sha }}\n"),
            ("      - uses: https://code.example/actions/checkout@v4\n", "      - uses: actions/checkout@v4\n"),
            ("        uses: \"https://code.example/a/b@v1\"\n", "        uses: \"a/b@v1\"\n"),
            ("run: echo ${{ vars.gitea.x }}", "run: echo ${{ vars.gitea.x }}"),
        ] {
            assert_eq!(line(text), expected);
        }
    }

    #[test]
    fn other_folders_are_left_alone() {
        let file = SourceFile::new(".github/workflows/x.yml".into(), "if: gitea.ref\n".to_owned());
        assert!(matches!(plain(&file), Cow::Borrowed(_)));
    }
}
