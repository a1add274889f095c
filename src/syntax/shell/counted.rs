//! Variables that arithmetic changes: `((n++))`, `$((n += 1))`, `for ((i = 0; …))`, `let n=n+1`.
//!
//! Told by the text alone, wherever it stands (in quotes and comments too): a name too many costs only that its value is
//! not known. Invariant: one pass over each expression, and no expression is longer than [`MAX`].

use std::collections::BTreeSet;

/// Longest expression that is looked at, in bytes.
const MAX: usize = 1_000;

/// The names that arithmetic in brackets changes.
pub(super) fn in_brackets(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut rest = text;
    while let Some(at) = rest.find("((") {
        rest = rest.get(at + 2..).unwrap_or_default();
        let within = super::capped(rest, MAX);
        changed(within.split_once("))").map_or(within, |(inner, _)| inner), &mut found);
    }
    found
}

/// The names that an expression changes.
pub(super) fn changed(expression: &str, found: &mut BTreeSet<String>) {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut from = 0;
    while let Some(start) = expression.get(from..).and_then(|rest| rest.find(part)).map(|at| from + at) {
        let rest = expression.get(start..).unwrap_or_default();
        let end = start + rest.find(|c| !part(c)).unwrap_or(rest.len());
        let (name, before) = (expression.get(start..end).unwrap_or_default(), expression.get(..start).unwrap_or_default());
        let after = expression.get(end..).unwrap_or_default().trim_start();
        let before = before.trim_end();
        let stepped = before.ends_with("++") || before.ends_with("--");
        if !name.starts_with(|c: char| c.is_ascii_digit()) && (stepped || is_set(after)) {
            found.insert(name.to_owned());
        }
        from = end;
    }
}

/// Whether what follows a name gives it a value.
fn is_set(after: &str) -> bool {
    // an element of a list
    let after = match after.strip_prefix('[') {
        Some(index) => index.split_once(']').map_or("", |(_, rest)| rest).trim_start(),
        None => after,
    };
    let operators = ["+=", "-=", "*=", "/=", "%=", "&=", "^=", "|=", "<<=", ">>=", "++", "--"];
    operators.iter().any(|operator| after.starts_with(operator)) || (after.starts_with('=') && !after.starts_with("=="))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_told_from_what_is_asked() {
        let of = |text: &str| in_brackets(text).into_iter().collect::<Vec<_>>().join(" ");
        assert_eq!(of("((++a)); ((b--))\nx=$((c += d * 2))\nfor ((i = 0; i < n; i++)); do :; done"), "a b c i");
        assert_eq!(of("if ((a == 1 && b <= 2 && c != 3 && d >= 4)); then e=$((f + g)); fi"), "");
        assert_eq!(of("((a[i]++)) ((b = c == d)) ((e <<= 1))"), "a b e");
        assert_eq!(of("((a"), "");
        assert_eq!(of("((ä++))"), "");
    }
}
