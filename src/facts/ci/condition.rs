//! Conditions in text, judged for one way of starting a pipeline: the languages of several services, which differ in how
//! they write names and words and not in what they say.
//!
//! A condition names variables. Which of them are set, and to what, follows in part from what started the pipeline and
//! from the file; a variable that neither sets is set outside of the repository, and that is remembered, because a job
//! behind it may never run.
//!
//! Invariants: length and depth are bounded; what is not understood may hold and stays text.

use std::collections::BTreeSet;

use super::held::{Held, Truth};

/// Longer conditions are not taken apart.
const MAX_LENGTH: usize = 4_000;
/// Deeper nesting is not taken apart.
const MAX_DEPTH: usize = 16;

/// How a condition is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    /// Variables as in a shell: `$NAME == "a" && $OTHER`.
    Dollars,
    /// Bare names, also with arguments: `build.branch == "a" and not build.env("X")`.
    Names,
    /// Words throughout: `branch = a AND tag IS present AND type IN (b, c)`.
    Words,
}

/// What a variable is for one way of starting a pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// Not set.
    Null,
    /// Set to this.
    Text(String),
    /// Says what started the pipeline, which is this.
    Source(String),
    /// The branch, which only a run can say.
    Branch,
    /// The tag, which only a run can say; set where a tag started the pipeline, and nowhere else.
    Tag,
    /// Something that only a run can say, and that is set where just this started the pipeline: of a pull request, say.
    Only,
    /// Set by the service to something that is so in the usual run.
    Usual,
    /// Set by the service to something that only a run can say.
    Some,
    /// Whether it is so, or what it is, only a run can say: which files were changed.
    Open,
    /// Whoever starts the pipeline in this way may set it, and by that asks for just this.
    Given,
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
    /// Whether what stands before it is set.
    IsSet(bool),
    /// Whether it is one of a list.
    OneOf,
    Comma,
    Variable(&'t str),
    Literal(&'t str),
    Pattern(&'t str),
    Truth(bool),
    Null,
}

fn tokens(text: &str, language: Language) -> Option<Vec<Token<'_>>> {
    let mut found: Vec<Token<'_>> = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = if rest.starts_with("&&") {
            (Token::And, 2)
        } else if rest.starts_with("||") {
            (Token::Or, 2)
        } else if let Some(mark) = ["==", "!=", "=~", "!~"].iter().find(|mark| rest.starts_with(**mark)) {
            (Token::Compare(mark), 2)
        } else {
            match first {
                '(' => (Token::Open, 1),
                ')' => (Token::Close, 1),
                '!' => (Token::Not, 1),
                '"' | '\'' => until(rest, first).map(|(inner, length)| (Token::Literal(inner), length))?,
                '/' => {
                    let (inner, length) = until(rest, '/')?;
                    let flags = rest.get(length..)?.chars().take_while(char::is_ascii_alphabetic).count();
                    (Token::Pattern(inner), length + flags)
                }
                ',' if language == Language::Words => (Token::Comma, 1),
                '=' if language == Language::Words => (Token::Compare("=="), 1),
                '$' if language == Language::Dollars => match rest.strip_prefix("${") {
                    Some(inner) => {
                        let end = inner.find('}')?;
                        (Token::Variable(inner.get(..end)?), end + 3)
                    }
                    None => {
                        let name = rest.get(1..)?;
                        let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(name.len());
                        (Token::Variable(name.get(..end).filter(|n| !n.is_empty())?), end + 1)
                    }
                },
                _ if language == Language::Dollars => (Token::Null, rest.starts_with("null").then_some(4)?),
                '^' if language == Language::Words => {
                    let end = rest.find(|c: char| c.is_whitespace()).unwrap_or(rest.len());
                    (Token::Pattern(rest.get(..end)?), end)
                }
                _ => word(rest, language, &found)?,
            }
        };
        found.push(token);
        rest = rest.get(length..)?.trim_start();
    }
    Some(found)
}

/// What stands between two marks, and how long it is with both of them.
fn until(rest: &str, mark: char) -> Option<(&str, usize)> {
    let inner = rest.get(1..)?;
    let mut escaped = false;
    let end = inner.char_indices().find(|(_, c)| {
        let is = *c == mark && !escaped;
        escaped = *c == '\\' && !escaped;
        is
    });
    end.and_then(|(end, _)| Some((inner.get(..end)?, end + 2)))
}

/// A name or a word of a language that writes them bare.
fn word<'t>(rest: &'t str, language: Language, before: &[Token<'t>]) -> Option<(Token<'t>, usize)> {
    let of_word = |c: char| c.is_alphanumeric() || c == '_' || c == '.' || (language == Language::Words && "-/*".contains(c));
    let end = rest.find(|c: char| !of_word(c)).unwrap_or(rest.len());
    let word = rest.get(..end).filter(|w| !w.is_empty())?;
    let lower = word.to_ascii_lowercase();
    let token = match lower.as_str() {
        "and" => Token::And,
        "or" => Token::Or,
        "not" => Token::Not,
        "null" | "nil" => Token::Null,
        "true" => Token::Truth(true),
        "false" => Token::Truth(false),
        _ if word.starts_with(|c: char| c.is_ascii_digit()) => Token::Literal(word),
        "in" if language == Language::Words => Token::OneOf,
        // `IS NOT present`, `NOT IN (…)`: the word before is taken back by the parser
        "is" if language == Language::Words => {
            let mut words = rest.split_whitespace();
            let (_, second, third) = (words.next()?, words.next()?, words.next());
            let negated = second.eq_ignore_ascii_case("not");
            let last = if negated { third? } else { second };
            let asked = last.trim_end_matches(')').to_ascii_lowercase();
            let is = match asked.as_str() {
                "present" => true,
                "blank" => false,
                _ => return None,
            };
            // how far the words reach
            let length = rest.to_ascii_lowercase().find(&asked)? + asked.len();
            return Some((Token::IsSet(is != negated), length));
        }
        // a function of one literal is a name as a whole
        _ if rest.get(end..).is_some_and(|after| after.starts_with('(')) => {
            let close = rest.find(')')?;
            return Some((Token::Variable(rest.get(..=close)?), close + 1));
        }
        _ => match before.last() {
            Some(Token::Compare(_)) if language == Language::Words => Token::Literal(word),
            Some(Token::Open | Token::Comma) if language == Language::Words && in_list(before) => Token::Literal(word),
            _ => Token::Variable(word),
        },
    };
    Some((token, end))
}

/// Whether what comes next stands in a list of values.
fn in_list(before: &[Token<'_>]) -> bool {
    let opened = before.iter().rposition(|t| *t == Token::Open);
    opened.and_then(|at| before.get(at.checked_sub(1)?)).is_some_and(|t| matches!(t, Token::OneOf))
}

/// Judges a condition; `of` says what a variable is.
pub(super) fn judge(text: &str, language: Language, of: &dyn Fn(&str) -> Value) -> Held {
    let read = || {
        let tokens = tokens(text, language).filter(|t| text.len() <= MAX_LENGTH && !t.is_empty())?;
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
        if let Some(Token::IsSet(set)) = self.tokens.get(self.at) {
            self.at += 1;
            let held = self.is_set(left);
            return Some(if *set { held } else { held.not() });
        }
        if let Some(Token::OneOf) = self.tokens.get(self.at) {
            self.at += 1;
            return self.one_of(left, "==");
        }
        if self.tokens.get(self.at) == Some(&Token::Not) && matches!(self.tokens.get(self.at + 1), Some(Token::OneOf)) {
            self.at += 2;
            return Some(self.one_of(left, "==")?.not());
        }
        let mark = match self.tokens.get(self.at) {
            Some(Token::Compare(mark)) => *mark,
            _ => return Some(self.is_set(left)),
        };
        let right = self.tokens.get(self.at + 1)?;
        self.at += 2;
        Some(self.compare(left, mark, right))
    }

    /// A list of values, of which one must be it.
    fn one_of(&mut self, left: &Token<'_>, mark: &str) -> Option<Held> {
        if !self.take(&Token::Open) {
            return None;
        }
        let mut parts = Vec::new();
        loop {
            let value = self.tokens.get(self.at)?;
            self.at += 1;
            parts.push(self.compare(left, mark, value));
            if self.take(&Token::Close) {
                return Some(Held::any(parts));
            }
            if !self.take(&Token::Comma) {
                return None;
            }
        }
    }

    /// A variable alone asks that it be set and not empty.
    fn is_set(&self, token: &Token<'_>) -> Held {
        match (self.value(token), token) {
            (Value::Null, _) => Held::just(Truth::No),
            (Value::Text(text), Token::Variable(_)) if text == "false" => Held::just(Truth::No),
            (Value::Text(text) | Value::Source(text), _) => Held::just(if text.is_empty() { Truth::No } else { Truth::Yes }),
            (Value::Tag | Value::Only, _) => Held { named: true, ..Held::just(Truth::Yes) },
            (Value::Some | Value::Branch | Value::Usual, Token::Variable(_)) => Held::just(Truth::Yes),
            (Value::Given, Token::Variable(name)) => Held { named: true, ..outside(name, shown(token)) },
            (Value::Outside, Token::Variable(name)) => outside(name, shown(token)),
            _ => Held::just(Truth::Maybe),
        }
    }

    fn value(&self, token: &Token<'_>) -> Value {
        match token {
            Token::Variable(name) => (self.of)(name),
            Token::Literal(text) | Token::Pattern(text) => Value::Text((*text).to_owned()),
            Token::Truth(truth) => Value::Text(if *truth { "true" } else { "" }.to_owned()),
            _ => Value::Null,
        }
    }

    fn compare(&self, left: &Token<'_>, mark: &str, right: &Token<'_>) -> Held {
        // either side may be the literal
        let (left, right) = match (left, right) {
            (Token::Literal(_) | Token::Truth(_) | Token::Null, Token::Variable(_)) if mark != "=~" && mark != "!~" => {
                (right, left)
            }
            _ => (left, right),
        };
        if let Token::Truth(truth) = right {
            let held = self.is_set(left);
            return if *truth == (mark == "==") { held } else { held.not() };
        }
        let (one, other, negated) = (self.value(left), self.value(right), mark.starts_with('!'));
        let name = match left {
            Token::Variable(name) => *name,
            _ => "",
        };
        let text = format!("{} {mark} {}", shown(left), shown(right));
        let truth = |is: bool| if is == negated { Truth::No } else { Truth::Yes };
        let with_pattern = matches!(mark, "=~" | "!~");
        let is_source = matches!(one, Value::Source(_)) && !negated;
        match (&one, &other) {
            (Value::Text(one) | Value::Source(one), Value::Text(other)) if !with_pattern => {
                let truth = truth(one == other);
                Held { named: is_source && truth == Truth::Yes, ..Held::just(truth) }
            }
            (Value::Text(one) | Value::Source(one), Value::Text(pattern)) => match matches(one, pattern) {
                Some(is) => Held { named: is_source && is, ..Held::just(truth(is)) },
                None => Held::asking(&text),
            },
            (Value::Null, Value::Null) => Held::just(truth(true)),
            (Value::Null, _) => Held::just(truth(false)),
            (Value::Tag | Value::Only, Value::Null) => Held { named: negated, ..Held::just(truth(false)) },
            (Value::Some | Value::Branch | Value::Usual, Value::Null) => Held::just(truth(false)),
            (Value::Outside | Value::Given, Value::Null) if negated => Held { named: one == Value::Given, ..outside(name, text) },
            (Value::Outside | Value::Given, Value::Null) => Held::asking(&text),
            // what is not set differs from every value
            (Value::Outside | Value::Given, _) if negated => Held::asking(&text),
            (Value::Outside | Value::Given, _) => Held { named: one == Value::Given, ..outside(name, text) },
            (Value::Branch, _) => {
                let branches = match right {
                    Token::Literal(branch) if !negated && !with_pattern => Some(BTreeSet::from([(*branch).to_owned()])),
                    _ => None,
                };
                Held { branches, ..Held::just(Truth::Maybe) }
            }
            (Value::Tag, _) => Held { named: !negated, ..Held::just(Truth::Maybe) },
            (Value::Only, _) => Held { named: !negated, ..Held::asking(&text) },
            (Value::Usual, _) => Held::just(Truth::Maybe),
            _ => Held::asking(&text),
        }
    }
}

fn outside(name: &str, text: String) -> Held {
    Held { outside: Some(name.to_owned()), rest: vec![text], ..Held::just(Truth::Maybe) }
}

fn shown(token: &Token<'_>) -> String {
    match token {
        // as a shell writes them, where they are written so
        Token::Variable(name) if name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_') => {
            format!("${name}")
        }
        Token::Variable(name) => (*name).to_owned(),
        Token::Literal(text) => format!("'{text}'"),
        Token::Pattern(text) => format!("/{text}/"),
        Token::Truth(truth) => truth.to_string(),
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
            "CI_PIPELINE_SOURCE" | "build.source" | "type" => Value::Source("schedule".to_owned()),
            "CI_COMMIT_BRANCH" | "build.branch" | "branch" => Value::Branch,
            "CI_DEFAULT_BRANCH" => Value::Usual,
            "CI_COMMIT_TAG" | "tag" => Value::Null,
            "asked" => Value::Given,
            "SIZE" | "env(SIZE)" | "build.env(\"SIZE\")" => Value::Text("big".to_owned()),
            _ => Value::Outside,
        }
    }

    fn check(text: &str, expected: &str) {
        check_in(Language::Dollars, text, expected);
    }

    fn check_in(language: Language, text: &str, expected: &str) {
        let held = judge(text, language, &of);
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
        judge(&format!("{}$A{}", "(".repeat(1_000), ")".repeat(1_000)), Language::Dollars, &of);
    }

    #[test]
    fn bare_names_and_words_say_the_same() {
        let names = |text: &str, expected: &str| check_in(Language::Names, text, expected);
        names("build.source == \"schedule\"", "Yes; named");
        names("build.source == 'push' or build.branch == \"main\"", "Maybe; main");
        names("!(build.branch =~ /^x/) && build.env(\"SIZE\") == 'big'", "Maybe");
        names("not asked", "Maybe; outside asked; asked");
        names("asked == true", "Maybe; named; outside asked; asked");
        names("tag != null", "No");
        names("build.unknown(", "Maybe; build.unknown(");
        let words = |text: &str, expected: &str| check_in(Language::Words, text, expected);
        words("branch = main AND type = schedule", "Maybe; named; main");
        words("branch IN (main, dev) AND NOT type = push", "Maybe; dev|main");
        words("type IN (push, api)", "No");
        words("type NOT IN (push)", "Yes");
        words("tag IS present", "No");
        words("(tag IS NOT present) OR tag IS blank", "Yes");
        words("tag =~ ^v[0-9]+", "No");
        words("env(SIZE) = big", "Yes");
        words("IN (", "Maybe; IN (");
    }
}
