//! What something in a script may be, and how that compares: sets of values, in which a hole stands for what only a run
//! knows, and tests that may succeed or fail.
//!
//! Invariant: a test only fails for certain where no value that is possible fulfils it.

use std::collections::BTreeSet;

use super::HOLE;

/// Most values that something may have before it may be anything.
pub(super) const MAX_VALUES: usize = 64;

/// What something may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Values {
    Any,
    Of(BTreeSet<String>),
}

impl Values {
    pub(super) fn one(text: &str) -> Self {
        Self::Of(BTreeSet::from([text.to_owned()]))
    }

    pub(super) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Of(mut all), Self::Of(more)) if all.len() + more.len() <= MAX_VALUES => {
                all.extend(more);
                Self::Of(all)
            }
            _ => Self::Any,
        }
    }
}

/// Whether a test may succeed, and whether it may fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct May {
    pub(super) succeed: bool,
    pub(super) fail: bool,
}

impl May {
    pub(super) const EITHER: Self = Self { succeed: true, fail: true };

    pub(super) fn not(self) -> Self {
        Self { succeed: self.fail, fail: self.succeed }
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self { succeed: self.succeed && other.succeed, fail: self.fail || other.fail }
    }

    pub(super) fn or(self, other: Self) -> Self {
        self.not().and(other.not()).not()
    }
}

/// Two values compared as a test does it.
pub(super) fn compared(left: &Values, operator: &str, right: &Values) -> May {
    let (Values::Of(left), Values::Of(right)) = (left, right) else { return May::EITHER };
    let each = |of: &dyn Fn(&str, &str) -> May| {
        let all: Vec<May> = left.iter().flat_map(|l| right.iter().map(|r| of(l, r))).collect();
        May { succeed: all.iter().any(|may| may.succeed), fail: all.iter().any(|may| may.fail) }
    };
    let fits = |of: &dyn Fn(&str, &str) -> bool| {
        each(&|l, r| {
            let is = of(l, r);
            May { succeed: is, fail: !is }
        })
    };
    let number = |of: &dyn Fn(i64, i64) -> bool| {
        let parsed = |all: &BTreeSet<String>| all.iter().all(|text| text.trim().parse::<i64>().is_ok());
        if !parsed(left) || !parsed(right) {
            return May::EITHER;
        }
        fits(&|l, r| of(l.trim().parse().unwrap_or(0), r.trim().parse().unwrap_or(0)))
    };
    match operator {
        "=" | "==" => each(&|l, r| like(r, l)),
        "!=" => each(&|l, r| like(r, l)).not(),
        "=~" => each(&|l, r| match beginning(r) {
            Some(pattern) => like(&pattern, l),
            None => May::EITHER,
        }),
        "-eq" => number(&|l, r| l == r),
        "-ne" => number(&|l, r| l != r),
        "-lt" => number(&|l, r| l < r),
        "-le" => number(&|l, r| l <= r),
        "-gt" => number(&|l, r| l > r),
        "-ge" => number(&|l, r| l >= r),
        _ => May::EITHER,
    }
}

/// The pattern of the shell for an expression that asks how a text begins; none for other expressions.
fn beginning(expression: &str) -> Option<String> {
    let inner = expression.strip_prefix('^')?;
    let (plain, end) = inner.strip_suffix('$').map_or((inner, "*"), |plain| (plain, ""));
    let is_plain = plain.chars().all(|c| c.is_ascii_alphanumeric() || "_-/".contains(c));
    is_plain.then(|| format!("{plain}{end}"))
}

/// Whether a value, in which a hole may stand for something, can fit a pattern of the shell.
pub fn may_be(pattern: &str, value: &str) -> bool {
    like(pattern, value).succeed
}

/// How a value, in which a hole may stand for something, fits a pattern.
fn like(pattern: &str, value: &str) -> May {
    let Some((before, after)) = value.split_once(HOLE) else {
        let is = matches(pattern, value);
        return May { succeed: is || pattern.contains(HOLE), fail: !is || pattern.contains(HOLE) || pattern.contains('[') };
    };
    let open = ['*', '?', '[', '\\'];
    match pattern.find(open) {
        // every text that begins so
        Some(at) if pattern.get(at..) == Some("*") && before.starts_with(pattern.get(..at).unwrap_or_default()) => {
            May { succeed: true, fail: false }
        }
        Some(at) => {
            let fixed = pattern.get(..at).unwrap_or_default();
            May { succeed: before.starts_with(fixed) || fixed.starts_with(before), fail: true }
        }
        None => {
            let longer = pattern.len() > before.len() + after.len();
            May { succeed: longer && pattern.starts_with(before) && pattern.ends_with(after), fail: true }
        }
    }
}

/// Whether a value fits a pattern of the shell; a pattern with a set of letters fits everything.
fn matches(pattern: &str, value: &str) -> bool {
    if pattern.contains('[') || pattern.contains('\\') {
        return true;
    }
    let (pattern, value): (Vec<char>, Vec<char>) = (pattern.chars().collect(), value.chars().collect());
    let (mut p, mut v) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while v < value.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, v));
                p += 1;
            }
            Some(c) if *c == '?' || value.get(v) == Some(c) => {
                p += 1;
                v += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    p = at + 1;
                    v = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).unwrap_or_default().iter().all(|c| *c == '*')
}
