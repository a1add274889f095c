//! Expressions of JSON-e, the language in which definitions of Taskcluster are written as templates: worked out as far as
//! what starts the tasks lets them be.
//!
//! Invariants: length, depth and steps are bounded; what is not understood, and what only a run knows, is open, and a
//! test of it may hold.

use std::collections::BTreeSet;

use super::super::held::{Held, Truth};
use super::template::{Made, Scope, What};

/// Longer expressions are not taken apart.
const MAX_LENGTH: usize = 4_000;
/// Deeper nesting is not taken apart.
const MAX_DEPTH: usize = 24;
/// Most words of one expression.
const MAX_TOKENS: usize = 600;

#[derive(Debug, Clone, PartialEq)]
enum Token<'t> {
    Name(&'t str),
    Text(String),
    Number(f64),
    /// An operator or a bracket.
    Mark(&'static str),
}

const MARKS: &[&str] =
    &["==", "!=", "<=", ">=", "&&", "||", "**", "<", ">", "!", "(", ")", "[", "]", "{", "}", ",", ":", ".", "+", "-", "*", "/"];

fn tokens(text: &str) -> Option<Vec<Token<'_>>> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        if found.len() >= MAX_TOKENS {
            return None;
        }
        let (token, length) = if matches!(first, '"' | '\'') {
            let end = rest.get(1..)?.find(first)?;
            (Token::Text(rest.get(1..=end)?.to_owned()), end + 2)
        } else if first.is_ascii_digit() {
            let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
            (Token::Number(rest.get(..end)?.parse().ok()?), end)
        } else if first.is_ascii_alphabetic() || first == '_' {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            (Token::Name(rest.get(..end)?), end)
        } else {
            let mark = MARKS.iter().find(|mark| rest.starts_with(**mark))?;
            (Token::Mark(mark), mark.len())
        };
        found.push(token);
        rest = rest.get(length..)?.trim_start();
    }
    Some(found)
}

/// An expression, taken apart.
#[derive(Debug, Clone, PartialEq)]
enum Tree {
    Value(What),
    Name(String),
    Of(Box<Tree>, Box<Tree>),
    Slice(Box<Tree>, Option<Box<Tree>>, Option<Box<Tree>>),
    Call(Box<Tree>, Vec<Tree>),
    List(Vec<Tree>),
    Not(Box<Tree>),
    Two(&'static str, Box<Tree>, Box<Tree>),
    Open,
}

/// How tightly a mark between two parts binds.
fn binds(token: &Token<'_>) -> Option<(&'static str, u8)> {
    match token {
        Token::Mark(mark) => Some((
            mark,
            match *mark {
                "||" => 1,
                "&&" => 2,
                "==" | "!=" => 4,
                "<" | ">" | "<=" | ">=" => 5,
                "+" | "-" => 6,
                "*" | "/" => 7,
                "**" => 8,
                _ => return None,
            },
        )),
        Token::Name("in") => Some(("in", 3)),
        _ => None,
    }
}

struct Parser<'t> {
    tokens: Vec<Token<'t>>,
    at: usize,
}

impl<'t> Parser<'t> {
    fn peek(&self) -> Option<&Token<'t>> {
        self.tokens.get(self.at)
    }

    fn take(&mut self, mark: &str) -> Option<()> {
        let is = matches!(self.peek(), Some(Token::Mark(m)) if *m == mark);
        self.at += usize::from(is);
        is.then_some(())
    }

    fn expression(&mut self, least: u8, depth: usize) -> Option<Tree> {
        if depth > MAX_DEPTH {
            return None;
        }
        let mut left = self.single(depth)?;
        while let Some((mark, tight)) = self.peek().and_then(binds).filter(|(_, tight)| *tight >= least) {
            self.at += 1;
            let right = self.expression(tight + 1, depth + 1)?;
            left = Tree::Two(mark, Box::new(left), Box::new(right));
        }
        Some(left)
    }

    fn single(&mut self, depth: usize) -> Option<Tree> {
        let token = self.peek()?.clone();
        self.at += 1;
        let mut tree = match token {
            Token::Text(text) => Tree::Value(What::Text(text)),
            Token::Number(number) => Tree::Value(What::Number(number)),
            Token::Name("true") => Tree::Value(What::Bool(true)),
            Token::Name("false") => Tree::Value(What::Bool(false)),
            Token::Name("null") => Tree::Value(What::Null),
            Token::Name(name) => Tree::Name(name.to_owned()),
            Token::Mark("!") => Tree::Not(Box::new(self.expression(9, depth + 1)?)),
            Token::Mark("-" | "+") => {
                self.expression(9, depth + 1)?;
                Tree::Open
            }
            Token::Mark("(") => {
                let inner = self.expression(0, depth + 1)?;
                self.take(")")?;
                inner
            }
            Token::Mark("[") => Tree::List(self.several("]", depth)?),
            Token::Mark("{") => {
                // a map that is written in an expression is of no use to what is asked here
                while self.take("}").is_none() {
                    self.peek()?;
                    self.at += 1;
                }
                Tree::Open
            }
            Token::Mark(_) => return None,
        };
        loop {
            if self.take(".").is_some() {
                let Some(Token::Name(name)) = self.peek() else { return None };
                let name = What::Text((*name).to_owned());
                self.at += 1;
                tree = Tree::Of(Box::new(tree), Box::new(Tree::Value(name)));
            } else if self.take("[").is_some() {
                let from = if self.take(":").is_some() { None } else { Some(self.expression(0, depth + 1)?) };
                if from.is_some() && self.take("]").is_some() {
                    tree = Tree::Of(Box::new(tree), Box::new(from?));
                    continue;
                }
                if from.is_some() {
                    self.take(":")?;
                }
                let to = if self.take("]").is_some() { None } else { Some(self.expression(0, depth + 1)?) };
                if to.is_some() {
                    self.take("]")?;
                }
                tree = Tree::Slice(Box::new(tree), from.map(Box::new), to.map(Box::new));
            } else if self.take("(").is_some() {
                tree = Tree::Call(Box::new(tree), self.several(")", depth)?);
            } else {
                return Some(tree);
            }
        }
    }

    fn several(&mut self, end: &str, depth: usize) -> Option<Vec<Tree>> {
        let mut found = Vec::new();
        while self.take(end).is_none() {
            found.push(self.expression(0, depth + 1)?);
            if self.take(",").is_none() {
                self.take(end)?;
                break;
            }
        }
        Some(found)
    }
}

fn parse(text: &str) -> Option<Tree> {
    if text.len() > MAX_LENGTH {
        return None;
    }
    let mut parser = Parser { tokens: tokens(text)?, at: 0 };
    let tree = parser.expression(0, 0)?;
    (parser.at == parser.tokens.len()).then_some(tree)
}

/// What an expression comes to.
pub(super) fn value(text: &str, scope: &Scope<'_, '_>) -> What {
    parse(text).map_or(What::Open, |tree| of(&tree, scope, 0))
}

/// Whether a test holds; what it asks for besides is its text.
pub(super) fn test(text: &str, scope: &Scope<'_, '_>) -> Held {
    let Some(tree) = parse(text) else { return Held::asking(text) };
    let mut held = holds(&tree, scope, text, 0);
    // the parts of one test are told as the whole
    if !held.rest.is_empty() {
        held.rest = Held::asking(text).rest;
    }
    held
}

/// The words that the name of the event is compared with, whatever they are compared for.
pub(super) fn events_named(text: &str) -> BTreeSet<String> {
    let all = tokens(text).unwrap_or_default();
    let asks = all.iter().any(|token| matches!(token, Token::Name("tasks_for")));
    let texts = all.into_iter().filter_map(|token| if let Token::Text(text) = token { Some(text) } else { None });
    texts.filter(|_| asks).collect()
}

fn of(tree: &Tree, scope: &Scope<'_, '_>, depth: usize) -> What {
    if depth > MAX_DEPTH {
        return What::Open;
    }
    let inner = |tree: &Tree| of(tree, scope, depth + 1);
    match tree {
        Tree::Value(what) => what.clone(),
        Tree::Name(name) => scope.get(name),
        Tree::List(items) => What::List(items.iter().map(|item| Made::plain(inner(item))).collect()),
        Tree::Of(whole, key) => match (inner(whole), inner(key)) {
            (What::Map(entries), What::Text(key)) => {
                entries.into_iter().rev().find(|(k, _)| *k == key).map_or(What::Null, |(_, made)| made.what)
            }
            (What::List(items), What::Number(at)) if at >= 0.0 => {
                items.into_iter().nth(at as usize).map_or(What::Null, |made| made.what)
            }
            (What::Given(path), What::Text(key)) => scope.given(&format!("{path}.{key}")),
            _ => What::Open,
        },
        Tree::Slice(whole, from, to) => {
            let number = |tree: &Option<Box<Tree>>| match tree.as_deref().map(inner) {
                None => Some(None),
                Some(What::Number(n)) if n >= 0.0 => Some(Some(n as usize)),
                Some(_) => None,
            };
            let (Some(from), Some(to)) = (number(from), number(to)) else { return What::Open };
            slice(inner(whole), from.unwrap_or(0), to)
        }
        Tree::Call(function, arguments) => match (function.as_ref(), arguments.as_slice()) {
            (Tree::Name(name), [one]) if name == "as_slugid" => inner(one),
            (Tree::Name(name), [one]) if matches!(name.as_str(), "lowercase" | "uppercase" | "strip" | "str") => {
                match (name.as_str(), inner(one)) {
                    ("lowercase", What::Text(text)) => What::Text(text.to_lowercase()),
                    ("uppercase", What::Text(text)) => What::Text(text.to_uppercase()),
                    (_, What::Text(text)) => What::Text(text.trim().to_owned()),
                    _ => What::Open,
                }
            }
            _ => What::Open,
        },
        Tree::Two("+", left, right) => match (inner(left), inner(right)) {
            (What::Text(left), What::Text(right)) => What::Text(left + &right),
            (What::Number(left), What::Number(right)) => What::Number(left + right),
            (What::List(left), What::List(right)) => What::List(left.into_iter().chain(right).collect()),
            _ => What::Open,
        },
        Tree::Two("==" | "!=" | "&&" | "||" | "in" | "<" | ">" | "<=" | ">=", ..) | Tree::Not(_) => {
            match holds(tree, scope, "", depth + 1).truth {
                Truth::Yes => What::Bool(true),
                Truth::No => What::Bool(false),
                Truth::Maybe => What::Open,
            }
        }
        Tree::Two(..) | Tree::Open => What::Open,
    }
}

/// A part of a text, of which no more than the front may be known.
fn slice(whole: What, from: usize, to: Option<usize>) -> What {
    let part = |text: &str| -> String { text.chars().skip(from).take(to.unwrap_or(usize::MAX).saturating_sub(from)).collect() };
    match whole {
        What::Text(text) => What::Text(part(&text)),
        What::Front(front) if to.is_some_and(|to| to <= front.chars().count()) => What::Text(part(&front)),
        What::Front(front) if from < front.chars().count() && to.is_none() => What::Front(part(&front)),
        What::List(items) => {
            What::List(items.into_iter().skip(from).take(to.unwrap_or(usize::MAX).saturating_sub(from)).collect())
        }
        _ => What::Open,
    }
}

fn holds(tree: &Tree, scope: &Scope<'_, '_>, text: &str, depth: usize) -> Held {
    if depth > MAX_DEPTH {
        return Held::asking(text);
    }
    let inner = |tree: &Tree| holds(tree, scope, text, depth + 1);
    let yes = |is: bool| Held::just(if is { Truth::Yes } else { Truth::No });
    match tree {
        Tree::Two("&&", left, right) => inner(left).and(inner(right)),
        Tree::Two("||", left, right) => Held::any(vec![inner(left), inner(right)]),
        Tree::Not(of) => inner(of).not(),
        Tree::Two(mark @ ("==" | "!="), left, right) => {
            let held = same(&of(left, scope, depth + 1), &of(right, scope, depth + 1), text);
            if *mark == "==" { held } else { held.not() }
        }
        Tree::Two("in", left, right) => match (of(left, scope, depth + 1), of(right, scope, depth + 1)) {
            (left, What::List(items)) => Held::any(items.iter().map(|item| same(&left, &item.what, text)).collect()),
            (What::Text(part), What::Text(whole)) => yes(whole.contains(&part)),
            (What::Text(key), What::Map(entries)) => yes(entries.iter().any(|(k, _)| *k == key)),
            _ => Held::asking(text),
        },
        Tree::Two("<" | ">" | "<=" | ">=", ..) => Held::asking(text),
        _ => match of(tree, scope, depth + 1) {
            What::Null | What::Bool(false) => Held::just(Truth::No),
            What::Bool(true) | What::Map(_) | What::Front(_) | What::OneOf(_) | What::Own => Held::just(Truth::Yes),
            What::Text(text) => yes(!text.is_empty()),
            What::Number(number) => yes(number != 0.0),
            What::List(items) => yes(!items.is_empty()),
            What::Open | What::Given(_) => Held::asking(text),
        },
    }
}

fn same(left: &What, right: &What, text: &str) -> Held {
    let yes = |is: bool| Held::just(if is { Truth::Yes } else { Truth::No });
    match (left, right) {
        (What::Front(front), What::Text(whole)) | (What::Text(whole), What::Front(front)) => match whole.strip_prefix(front) {
            None => Held::just(Truth::No),
            Some(name) => {
                let branches = (front == "refs/heads/").then(|| BTreeSet::from([name.to_owned()]));
                let rest = if branches.is_some() { Vec::new() } else { Held::asking(text).rest };
                Held { branches, rest, ..Held::just(Truth::Maybe) }
            }
        },
        // what usually starts it is among these
        (What::OneOf(all), What::Text(one)) | (What::Text(one), What::OneOf(all)) => {
            if all.contains(&one.as_str()) {
                Held::just(Truth::Yes)
            } else {
                Held::asking(text)
            }
        }
        (What::Open | What::Given(_) | What::Front(_) | What::OneOf(_), _)
        | (_, What::Open | What::Given(_) | What::Front(_) | What::OneOf(_)) => Held::asking(text),
        (left, right) => yes(left == right),
    }
}
