//! How a maturity model combines practices: the few words of its formulas, and their reading and writing.
//!
//! A formula is a practice id (`deploy.automated`, with a qualifier `deploy.automated[env=prod]`, or absent `!x`),
//! or one of `all`, `any`, `mean` over a list, or `partly` over one. A key adds `shown` and `full`.
//! Invariants: nesting is bounded while reading; what is written by `Display` names every practice of the formula.

use std::fmt;

use serde::Deserialize;
use serde_yaml::Value;

/// Deepest nesting of a formula. Models need three; a rule file that goes deeper is a mistake.
const DEPTH: usize = 8;

/// A practice or probe as a formula names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Reference {
    /// As written, brackets included: the key under which its verdict is looked up.
    pub key: String,
    /// The id alone.
    pub id: String,
    /// What stands in brackets: a qualifier, and the word it must have.
    pub qualifier: Option<(String, String)>,
}

impl Reference {
    /// Reads `id` or `id[qualifier=word]`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no reference; write an id or `id[qualifier=word]`");
        let (id, qualifier) = match text.split_once('[') {
            None => (text, None),
            Some((id, rest)) => {
                let pair = rest.strip_suffix(']').and_then(|inside| inside.split_once('='));
                let (name, word) = pair.filter(|(name, word)| is_word(name) && is_word(word)).ok_or_else(wrong)?;
                (id, Some((name.to_owned(), word.to_owned())))
            }
        };
        if !id.contains('.') || !id.split('.').all(is_word) {
            return Err(wrong());
        }
        Ok(Self { key: text.to_owned(), id: id.to_owned(), qualifier })
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-'))
}

/// A formula over practices.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "Value")]
pub(crate) enum Expr {
    /// The practice as it stands.
    Practice(Reference),
    /// The practice was looked for and not found. Only in criteria.
    Not(Reference),
    /// The least of the parts.
    All(Vec<Expr>),
    /// The best of the parts.
    Any(Vec<Expr>),
    /// The mean weight of the parts: kinds of one thing. Only in weighing rows.
    Mean(Vec<Expr>),
    /// The part, but at most indicated, because it is a weaker form. Only in criteria.
    Partly(Box<Expr>),
}

impl Expr {
    /// Every practice named, as often and in the order it is named.
    pub fn references(&self) -> Vec<&Reference> {
        match self {
            Self::Practice(reference) | Self::Not(reference) => vec![reference],
            Self::All(parts) | Self::Any(parts) | Self::Mean(parts) => parts.iter().flat_map(Self::references).collect(),
            Self::Partly(part) => part.references(),
        }
    }

    /// Whether a predicate holds for this formula or a part of it.
    pub fn has(&self, predicate: fn(&Self) -> bool) -> bool {
        predicate(self)
            || match self {
                Self::Practice(_) | Self::Not(_) => false,
                Self::All(parts) | Self::Any(parts) | Self::Mean(parts) => parts.iter().any(|p| p.has(predicate)),
                Self::Partly(part) => part.has(predicate),
            }
    }

    fn read(value: &Value, depth: usize) -> Result<Self, String> {
        if let Value::String(text) = value {
            return match text.strip_prefix('!') {
                Some(rest) => Reference::parse(rest).map(Self::Not),
                None => Reference::parse(text).map(Self::Practice),
            };
        }
        let (word, inside) = one_word(value, depth, "an id, or `all`, `any`, `mean` or `partly`")?;
        let parts = || list(inside, word)?.iter().map(|v| Self::read(v, depth + 1)).collect::<Result<Vec<_>, _>>();
        match word {
            "all" => parts().map(Self::All),
            "any" => parts().map(Self::Any),
            "mean" => parts().map(Self::Mean),
            "partly" => Self::read(inside, depth + 1).map(|part| Self::Partly(Box::new(part))),
            _ => Err(format!("`{word}` is no word of a formula; use `all`, `any`, `mean` or `partly`")),
        }
    }
}

impl TryFrom<Value> for Expr {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        Self::read(&value, 0)
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Practice(reference) => f.write_str(&reference.key),
            Self::Not(reference) => write!(f, "not {}", reference.key),
            Self::All(parts) => joined(f, parts, " and "),
            Self::Any(parts) => joined(f, parts, " or "),
            Self::Mean(parts) => {
                f.write_str("mean")?;
                let names: Vec<String> = parts.iter().map(Self::to_string).collect();
                write!(f, "({})", names.join(", "))
            }
            Self::Partly(part) => write!(f, "partly({part})"),
        }
    }
}

/// What decides a level: conditions on weights.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "Value")]
pub(crate) enum Key {
    /// The formula weighs more than nothing.
    Shown(Expr),
    /// The formula weighs all it can.
    Full(Expr),
    /// Every part holds.
    All(Vec<Key>),
    /// At least one part holds.
    Any(Vec<Key>),
}

impl Key {
    /// Every practice named, as often and in the order it is named.
    pub fn references(&self) -> Vec<&Reference> {
        self.formulas().into_iter().flat_map(Expr::references).collect()
    }

    /// The formulas that the conditions are about.
    pub fn formulas(&self) -> Vec<&Expr> {
        match self {
            Self::Shown(expr) | Self::Full(expr) => vec![expr],
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::formulas).collect(),
        }
    }

    fn read(value: &Value, depth: usize) -> Result<Self, String> {
        let (word, inside) = one_word(value, depth, "one of `shown`, `full`, `all`, `any`")?;
        let parts = || list(inside, word)?.iter().map(|v| Self::read(v, depth + 1)).collect::<Result<Vec<_>, _>>();
        match word {
            "shown" => Expr::read(inside, depth + 1).map(Self::Shown),
            "full" => Expr::read(inside, depth + 1).map(Self::Full),
            "all" => parts().map(Self::All),
            "any" => parts().map(Self::Any),
            _ => Err(format!("`{word}` is no word of a key; use `shown`, `full`, `all` or `any`")),
        }
    }
}

impl TryFrom<Value> for Key {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        Self::read(&value, 0)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shown(expr) => write!(f, "shown({expr})"),
            Self::Full(expr) => write!(f, "full({expr})"),
            Self::All(parts) => joined(f, parts, " and "),
            Self::Any(parts) => joined(f, parts, " or "),
        }
    }
}

/// The only key of a mapping and what it holds.
fn one_word<'v>(value: &'v Value, depth: usize, expected: &str) -> Result<(&'v str, &'v Value), String> {
    if depth >= DEPTH {
        return Err(format!("a formula nests deeper than {DEPTH}; split it"));
    }
    let entry = match value {
        Value::Mapping(map) if map.len() == 1 => map.iter().next(),
        _ => None,
    };
    match entry {
        Some((Value::String(word), inside)) => Ok((word, inside)),
        _ => Err(format!("a formula is {expected}, one word at a time")),
    }
}

fn list<'v>(value: &'v Value, word: &str) -> Result<&'v [Value], String> {
    match value {
        Value::Sequence(parts) if !parts.is_empty() => Ok(parts),
        _ => Err(format!("`{word}` takes a list of at least one part")),
    }
}

/// Parts with a word between them; parts that consist of several are bracketed.
fn joined<T: fmt::Display>(f: &mut fmt::Formatter<'_>, parts: &[T], between: &str) -> fmt::Result {
    for (n, part) in parts.iter().enumerate() {
        if n > 0 {
            f.write_str(between)?;
        }
        let text = part.to_string();
        let alone = parts.len() == 1 || !(text.contains(" and ") || text.contains(" or ")) || is_call(&text);
        if alone { f.write_str(&text)? } else { write!(f, "({text})")? }
    }
    Ok(())
}

/// Whether a text is one word with one pair of brackets around all that follows, as `shown(a or b)`.
fn is_call(text: &str) -> bool {
    let Some(open) = text.find('(') else {
        return false;
    };
    let head_is_word = text.get(..open).is_some_and(|head| !head.is_empty() && !head.contains(' '));
    let mut depth = 0usize;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return head_is_word && at + 1 == text.len();
                }
            }
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expr(text: &str) -> Result<Expr, String> {
        serde_yaml::from_str::<Expr>(text).map_err(|e| e.to_string())
    }

    #[test]
    fn formulas_read_and_write() {
        for (yaml, said) in [
            ("a.b", "a.b"),
            ("'!a.b[k=v]'", "not a.b[k=v]"),
            ("{all: [a.b, {any: [a.c, 'a.d[k=v]']}]}", "a.b and (a.c or a.d[k=v])"),
            ("{mean: [a.b, a.c]}", "mean(a.b, a.c)"),
            ("{any: [a.b, {partly: {any: [a.c, a.d]}}]}", "a.b or partly(a.c or a.d)"),
        ] {
            assert_eq!(expr(yaml).map(|e| e.to_string()), Ok(said.to_owned()), "{yaml}");
        }
        let key: Key = serde_yaml::from_str("{any: [{shown: a.b}, {all: [{full: {any: [a.c, a.d]}}, {shown: a.e}]}]}").unwrap();
        assert_eq!(key.to_string(), "shown(a.b) or (full(a.c or a.d) and shown(a.e))");
        assert_eq!(key.references().len(), 4);
    }

    #[test]
    fn mistakes_are_named() {
        for (yaml, part) in [
            ("alone", "no reference"),
            ("'a.b[k=v'", "no reference"),
            ("'a.b[=v]'", "no reference"),
            ("'a.b[k]'", "no reference"),
            ("{both: [a.b]}", "no word of a formula"),
            ("{all: []}", "at least one"),
            ("{all: [a.b], any: [a.c]}", "one word at a time"),
            ("{partly: {partly: {partly: {partly: {partly: {partly: {partly: {partly: {partly: a.b}}}}}}}}}", "deeper"),
        ] {
            let error = expr(yaml).expect_err(yaml);
            assert!(error.contains(part), "{yaml}: {error}");
        }
    }
}
