//! The conditions of `rules: if`, `only: variables` and `workflow: rules`, judged for one kind of pipeline.
//!
//! A condition names variables. Which of them are set, and to what, follows in part from what started the pipeline and
//! from the file; a variable that neither sets is set outside of the repository, and that is remembered, because a job
//! behind it may never run.
//!
//! Invariants: length and depth are bounded; what is not understood may hold and stays text.

use std::collections::BTreeSet;

use super::super::held::{Held, Truth};

/// Longer conditions are not taken apart.
const MAX_LENGTH: usize = 4_000;
/// Deeper nesting is not taken apart.
const MAX_DEPTH: usize = 16;

/// What a variable is for one kind of pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// Not set.
    Null,
    /// Set to this.
    Text(String),
    /// Set by the service to something that only a run can say.
    Some,
    /// Not set by the file; whoever starts the pipeline, or the project's settings, may set it.
    Outside,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token<'t> {
    Open,
    Close,
    And,
    Or,
    Not,
    /// `==`, `!=`, `=~`, `!~`.
    Compare(&'t str),
    Variable(&'t str),
    Literal(&'t str),
    Pattern(&'t str),
    Null,
}

fn tokens(text: &str) -> Option<Vec<Token<'_>>> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = if rest.starts_with("&&") {
            (Token::And, 2)
        } else if rest.starts_with("||") {
            (Token::Or, 2)
        } else if let Some(mark) = ["==", "!=", "=~", "!~"].iter().find(|mark| rest.starts_with(**mark)) {
            (Token::Compare(mark), 2)
        } else if let Some(inner) = rest.strip_prefix("${") {
            let end = inner.find('}')?;
            (Token::Variable(inner.get(..end)?), end + 3)
        } else {
            let until = |mark: char| -> Option<(&str, usize)> {
                let inner = rest.get(1..)?;
                let mut escaped = false;
                let end = inner.char_indices().find(|(_, c)| {
                    let is = *c == mark && !escaped;
                    escaped = *c == '\\' && !escaped;
                    is
                });
                end.and_then(|(end, _)| Some((inner.get(..end)?, end + 2)))
            };
            match first {
                '(' => (Token::Open, 1),
                ')' => (Token::Close, 1),
                '!' => (Token::Not, 1),
                '"' | '\'' => until(first).map(|(inner, length)| (Token::Literal(inner), length))?,
                '/' => {
                    let (inner, length) = until('/')?;
                    let flags = rest.get(length..)?.chars().take_while(char::is_ascii_alphabetic).count();
                    (Token::Pattern(inner), length + flags)
                }
                '$' => {
                    let name = rest.get(1..)?;
                    let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(name.len());
                    (Token::Variable(name.get(..end).filter(|n| !n.is_empty())?), end + 1)
                }
                _ if rest.starts_with("null") => (Token::Null, 4),
                _ => return None,
            }
        };
        found.push(token);
        rest = rest.get(length..)?.trim_start();
    }
    Some(found)
}

/// Judges a condition; `of` says what a variable is.
pub(super) fn judge(text: &str, of: &dyn Fn(&str) -> Value) -> Held {
    let read = || {
        let tokens = tokens(text).filter(|t| text.len() <= MAX_LENGTH && !t.is_empty())?;
        let mut judging = Judging { tokens: &tokens, at: 0, of };
        let held = judging.either(0)?;
        (judging.at == tokens.len()).then_some(held)
    };
    read().unwrap_or_else(|| Held::asking(text))
}

struct Judging<'j> {
    tokens: &'j [Token<'j>],
    at: usize,
    of: &'j dyn Fn(&str) -> Value,
}

impl<'j> Judging<'j> {
    fn take(&mut self, token: &Token<'_>) -> bool {
        let is = self.tokens.get(self.at) == Some(token);
        self.at += usize::from(is);
        is
    }

    fn either(&mut self, depth: usize) -> Option<Held> {
        let mut parts = vec![self.both(depth)?];
        while self.take(&Token::Or) {
            parts.push(self.both(depth)?);
        }
        Some(Held::any(parts))
    }

    fn both(&mut self, depth: usize) -> Option<Held> {
        let mut held = self.one(depth)?;
        while self.take(&Token::And) {
            held = held.and(self.one(depth)?);
        }
        Some(held)
    }

    fn one(&mut self, depth: usize) -> Option<Held> {
        if depth > MAX_DEPTH {
            return None;
        }
        if self.take(&Token::Not) {
            return Some(self.one(depth + 1)?.not());
        }
        if self.take(&Token::Open) {
            let held = self.either(depth + 1)?;
            return self.take(&Token::Close).then_some(held);
        }
        let left = self.tokens.get(self.at)?;
        self.at += 1;
        let mark = match self.tokens.get(self.at) {
            Some(Token::Compare(mark)) => *mark,
            _ => return Some(self.is_set(left)),
        };
        let right = self.tokens.get(self.at + 1)?;
        self.at += 2;
        Some(self.compare(left, mark, right))
    }

    /// A variable alone asks that it be set and not empty.
    fn is_set(&self, token: &Token<'_>) -> Held {
        match (self.value(token), token) {
            (Value::Null, _) => Held::just(Truth::No),
            (Value::Text(text), _) => Held::just(if text.is_empty() { Truth::No } else { Truth::Yes }),
            (Value::Some, Token::Variable(name)) => {
                let named = *name == "CI_COMMIT_TAG" || name.starts_with("CI_MERGE_REQUEST");
                Held { named, ..Held::just(Truth::Yes) }
            }
            (Value::Outside, Token::Variable(name)) => outside(name, format!("${name}")),
            _ => Held::just(Truth::Maybe),
        }
    }

    fn value(&self, token: &Token<'_>) -> Value {
        match token {
            Token::Variable(name) => (self.of)(name),
            Token::Literal(text) | Token::Pattern(text) => Value::Text((*text).to_owned()),
            _ => Value::Null,
        }
    }

    fn compare(&self, left: &Token<'_>, mark: &str, right: &Token<'_>) -> Held {
        // either side may be the literal
        let (left, right) = match (left, right) {
            (Token::Literal(_) | Token::Null, Token::Variable(_)) if mark != "=~" && mark != "!~" => (right, left),
            _ => (left, right),
        };
        let (one, other, negated) = (self.value(left), self.value(right), mark.starts_with('!'));
        let name = match left {
            Token::Variable(name) => *name,
            _ => "",
        };
        let text = format!("{} {mark} {}", shown(left), shown(right));
        let truth = |is: bool| if is == negated { Truth::No } else { Truth::Yes };
        let is_source = name == "CI_PIPELINE_SOURCE" && !negated;
        let with_pattern = matches!(mark, "=~" | "!~");
        match (&one, &other) {
            (Value::Text(one), Value::Text(other)) if !with_pattern => {
                let truth = truth(one == other);
                Held { named: is_source && truth == Truth::Yes, ..Held::just(truth) }
            }
            (Value::Text(one), Value::Text(pattern)) => match matches(one, pattern) {
                Some(is) => Held { named: is_source && is, ..Held::just(truth(is)) },
                None => Held::asking(&text),
            },
            (Value::Null, Value::Null) => Held::just(truth(true)),
            (Value::Null, Value::Text(_)) | (Value::Null, Value::Some) => Held::just(truth(false)),
            (Value::Some, Value::Null) => {
                let named = negated && (name == "CI_COMMIT_TAG" || name.starts_with("CI_MERGE_REQUEST"));
                Held { named, ..Held::just(truth(false)) }
            }
            (Value::Outside, Value::Null) => {
                if negated {
                    outside(name, text)
                } else {
                    Held { rest: vec![text], ..Held::just(Truth::Maybe) }
                }
            }
            // what is not set differs from every value
            (Value::Outside, _) => {
                if negated {
                    Held::asking(&text)
                } else {
                    outside(name, text)
                }
            }
            _ => match name {
                "CI_COMMIT_BRANCH" | "CI_COMMIT_REF_NAME" | "CI_COMMIT_REF_SLUG" => {
                    let branches = match right {
                        Token::Literal(branch) if !negated && !with_pattern => Some(BTreeSet::from([(*branch).to_owned()])),
                        _ => None,
                    };
                    Held { branches, ..Held::just(Truth::Maybe) }
                }
                "CI_COMMIT_TAG" => Held { named: !negated, ..Held::just(Truth::Maybe) },
                "CI_DEFAULT_BRANCH" | "CI_COMMIT_REF_PROTECTED" => Held::just(Truth::Maybe),
                _ => Held::asking(&text),
            },
        }
    }
}

fn outside(name: &str, text: String) -> Held {
    Held { outside: Some(name.to_owned()), rest: vec![text], ..Held::just(Truth::Maybe) }
}

fn shown(token: &Token<'_>) -> String {
    match token {
        Token::Variable(name) => format!("${name}"),
        Token::Literal(text) => format!("'{text}'"),
        Token::Pattern(text) => format!("/{text}/"),
        _ => "null".to_owned(),
    }
}

/// Whether a text has a pattern in it; none where the pattern is not plain alternatives.
fn matches(text: &str, pattern: &str) -> Option<bool> {
    let inner = pattern.trim_start_matches('^').trim_end_matches('$');
    let inner = inner.strip_prefix('(').and_then(|i| i.strip_suffix(')')).unwrap_or(inner);
    if inner.contains(['\\', '[', '(', ')', '.', '*', '+', '?', '{', '^', '$']) {
        return None;
    }
    Some(inner.split('|').any(|one| match (pattern.starts_with('^'), pattern.ends_with('$')) {
        (true, true) => text == one,
        (true, false) => text.starts_with(one),
        (false, true) => text.ends_with(one),
        (false, false) => text.contains(one),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str) -> Value {
        match name {
            "CI_PIPELINE_SOURCE" => Value::Text("schedule".to_owned()),
            "CI_COMMIT_BRANCH" => Value::Some,
            "CI_COMMIT_TAG" => Value::Null,
            "SIZE" => Value::Text("big".to_owned()),
            _ => Value::Outside,
        }
    }

    fn check(text: &str, expected: &str) {
        let held = judge(text, &of);
        let mut shown = vec![format!("{:?}", held.truth)];
        shown.extend(held.named.then(|| "named".to_owned()));
        shown.extend(held.branches.map(|b| b.into_iter().collect::<Vec<_>>().join("|")));
        shown.extend(held.outside.map(|name| format!("outside {name}")));
        shown.extend(held.rest);
        assert_eq!(shown.join("; "), expected, "{text}");
    }

    #[test]
    fn conditions_are_judged_for_what_started_the_pipeline() {
        check("$CI_PIPELINE_SOURCE == \"schedule\"", "Yes; named");
        check("'schedule' == $CI_PIPELINE_SOURCE && $SIZE == 'big'", "Yes; named");
        check("$CI_PIPELINE_SOURCE == \"push\"", "No");
        check("$CI_PIPELINE_SOURCE != 'push'", "Yes");
        check("$CI_PIPELINE_SOURCE =~ /^(web|schedule)$/", "Yes; named");
        check("$CI_COMMIT_TAG", "No");
        check("$CI_COMMIT_TAG == null", "Yes");
        check("$CI_COMMIT_BRANCH == 'main' || $CI_COMMIT_BRANCH == \"dev\"", "Maybe; dev|main");
        check("$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH", "Maybe");
        check("$CI_COMMIT_BRANCH =~ /^release/", "Maybe");
        check("$FIT == 'yes'", "Maybe; outside FIT; $FIT == 'yes'");
        check("${FIT}", "Maybe; outside FIT; $FIT");
        check("$SKIP != 'yes'", "Maybe; $SKIP != 'yes'");
        check("$FIT == 'yes' || $CI_COMMIT_BRANCH == 'main'", "Maybe");
        check("!($SIZE == \"small\")", "Yes");
        check("($SIZE == 'big'", "Maybe; ($SIZE == 'big'");
        check("anything at all", "Maybe; anything at all");
        judge(&format!("{}$A{}", "(".repeat(1_000), ")".repeat(1_000)), &of);
    }
}
