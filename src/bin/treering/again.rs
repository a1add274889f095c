//! How to ask again: what was scanned, as it can be pasted into a shell after another verb.
//!
//! Why: an answer that names the command for "why" must name one that gives the same verdicts, so every flag that decides
//! them is there. Invariant: nothing comes out that a shell would take as more than a word.

use std::path::Path;

use crate::args::Scan;

/// The path and every flag that decides what is said of it; `revision` says whether that of the scan is among them.
pub fn words(scan: &Scan, path: &Path, revision: bool) -> String {
    let named = |path: &Path, otherwise: &str| path.to_str().and_then(word).unwrap_or_else(|| otherwise.to_owned());
    let mut words = vec![named(path, "PATH")];
    if let Some(rev) = scan.rev.as_ref().filter(|_| revision) {
        // of a whole id the beginning is enough, and a line that can be copied is short
        let is_id = rev.len() == 40 && rev.chars().all(|c| c.is_ascii_hexdigit());
        let rev = rev.get(..12).filter(|_| is_id).unwrap_or(rev);
        words.push(format!("--rev {}", word(rev).unwrap_or_else(|| "REV".to_owned())));
    }
    if let Some(config) = &scan.pointed.config {
        words.push(format!("--config {}", named(config, "FILE")));
    }
    if let Some(day) = &scan.pointed.as_of {
        words.push(format!("--as-of {}", word(day).unwrap_or_else(|| "DATE".to_owned())));
    }
    if scan.pointed.no_parent {
        words.push("--no-parent".to_owned());
    }
    for with in &scan.pointed.with {
        let given = format!("{}={}", with.name, with.path.display());
        words.push(format!("--with {}", word(&given).unwrap_or_else(|| format!("{}=PATH", with.name))));
    }
    words.extend(scan.rules.iter().map(|dir| format!("--rules {}", named(dir, "DIR"))));
    words.join(" ")
}

/// A text as one word of a shell; none where no shell takes it as it stands.
fn word(text: &str) -> Option<String> {
    let safe = |c: char| c.is_alphanumeric() || "/._-+@=:,~".contains(c);
    if !text.is_empty() && text.chars().all(safe) {
        return Some(text.to_owned());
    }
    (!text.contains(|c: char| c == '\'' || c.is_control())).then(|| format!("'{text}'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_a_shell_is_one_word() {
        assert_eq!(word("a/b.c").as_deref(), Some("a/b.c"));
        assert_eq!(word("a b; c").as_deref(), Some("'a b; c'"));
        assert_eq!((word("a'b"), word("a\nb")), (None, None));
    }
}
