//! Documents of JSON-e worked out for one way of starting the tasks: what is put in, left out, bound and merged.
//!
//! A part whose condition only a run decides is there with that condition; a value that only a run knows is open.
//!
//! Invariants: parts and depth are bounded, however often a document repeats what it binds; places stay those of the file.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::super::held::{Held, Truth};
use super::expression;
use crate::syntax::tree::{Kind, Node, Style};

/// Most parts that are made of one file for one way of starting it.
const MAX_PARTS: usize = 60_000;
/// Deepest nesting.
pub(super) const MAX_DEPTH: usize = 120;
/// Most items of a list for each of which something is made.
const MAX_EACH: usize = 200;
/// Longest text that something is put in, in bytes.
const MAX_TEXT: usize = 256 << 10;
/// Stands in texts for the address of the repository itself.
pub(super) const OWN: &str = "${this_repository}";

/// What a part of a document comes to.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum What {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    /// A text of which only this beginning is known.
    Front(String),
    /// One of these words, usually any.
    OneOf(&'static [&'static str]),
    /// The address of the repository.
    Own,
    /// A part of what the service tells, by its path.
    Given(String),
    List(Vec<Made>),
    Map(Vec<(String, Made)>),
    /// Only a run knows.
    Open,
}

/// A part of a document, worked out.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Made {
    pub(super) what: What,
    pub(super) line: u32,
    /// A text that is written line by line.
    pub(super) exact: bool,
    /// Under what circumstances it is there.
    pub(super) held: Held,
}

impl Made {
    /// A part that stands nowhere.
    pub(super) fn plain(what: What) -> Self {
        Self { what, line: 0, exact: false, held: Held::just(Truth::Yes) }
    }

    /// The value of a key.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        match &self.what {
            What::Map(entries) => entries.iter().rev().find(|(k, _)| k == key).map(|(_, made)| made),
            _ => None,
        }
    }

    /// The value at a path of keys.
    pub(super) fn at(&self, path: &str) -> Option<&Self> {
        path.split('.').try_fold(self, |made, key| made.get(key))
    }

    /// The text of a scalar.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.what {
            What::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The items of a list.
    pub(super) fn items(&self) -> &[Self] {
        match &self.what {
            What::List(items) => items,
            _ => &[],
        }
    }

    /// The keys and their values.
    pub(super) fn entries(&self) -> &[(String, Self)] {
        match &self.what {
            What::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The first and the last line of it and of all that is in it.
    pub(super) fn span(&self) -> (u32, u32) {
        let inside = self.items().iter().chain(self.entries().iter().map(|(_, made)| made)).map(Self::span);
        let own = self.text().map_or(0, |t| if self.exact { t.lines().count().saturating_sub(1) as u32 } else { 0 });
        let own = (self.line, self.line.saturating_add(own));
        let joined = |a: (u32, u32), b: (u32, u32)| if a.0 == 0 { b } else { (a.0.min(b.0.max(1)), a.1.max(b.1)) };
        inside.fold(own, joined)
    }
}

/// What the service tells a template: for a path such as `event.ref` what is known of it.
pub(super) type Told<'t> = &'t dyn Fn(&str) -> What;

/// Names that are bound, and what the service tells.
pub(super) struct Scope<'s, 't> {
    bound: BTreeMap<String, Rc<What>>,
    told: Told<'t>,
    left: &'s Cell<usize>,
    /// Whether the document is a template at all.
    fills: bool,
}

impl<'s, 't> Scope<'s, 't> {
    fn with(&self, name: &str, what: What) -> Self {
        let mut bound = self.bound.clone();
        bound.insert(name.to_owned(), Rc::new(what));
        Self { bound, ..*self }
    }

    /// What a name is bound to, as often as there is room for it.
    pub(super) fn get(&self, name: &str) -> What {
        let Some(what) = self.bound.get(name) else { return self.given(name) };
        let left = self.left.get();
        match weight(what, left, MAX_DEPTH).and_then(|weight| left.checked_sub(weight)) {
            Some(left) => {
                self.left.set(left);
                What::clone(what)
            }
            None => What::Open,
        }
    }

    pub(super) fn given(&self, path: &str) -> What {
        (self.told)(path)
    }
}

/// How many parts a value has, long texts as several; none where it has more than these, or
/// is nested deeper.
fn weight(what: &What, most: usize, deeper: usize) -> Option<usize> {
    let deeper = deeper.checked_sub(1)?;
    let mut all = match what {
        What::Text(text) | What::Front(text) => 1 + text.len() / 64,
        _ => 1,
    };
    let inside: &mut dyn Iterator<Item = &Made> = match what {
        What::List(items) => &mut items.iter(),
        What::Map(entries) => &mut entries.iter().map(|(_, made)| made),
        _ => &mut std::iter::empty(),
    };
    for made in inside {
        all += weight(&made.what, most.checked_sub(all)?, deeper)?;
    }
    (all <= most).then_some(all)
}

/// Works a document out; several parts where a run decides which of them is there.
pub(super) fn made(node: Node<'_>, told: Told<'_>) -> Vec<Made> {
    let left = Cell::new(MAX_PARTS);
    make(node, &Scope { bound: BTreeMap::new(), told, left: &left, fills: true }, 0)
}

/// A document that is no template, in the same form.
pub(super) fn as_written(node: Node<'_>) -> Option<Made> {
    let left = Cell::new(MAX_PARTS);
    alone(make(node, &Scope { bound: BTreeMap::new(), told: &|_| What::Open, left: &left, fills: false }, 0))
}

fn make(node: Node<'_>, scope: &Scope<'_, '_>, depth: usize) -> Vec<Made> {
    let one = |what: What| vec![Made { what, line: node.line(), exact: false, held: Held::just(Truth::Yes) }];
    let Some(left) = scope.left.get().checked_sub(1).filter(|_| depth < MAX_DEPTH) else { return one(What::Open) };
    scope.left.set(left);
    match node.kind() {
        Kind::Null => one(What::Null),
        Kind::Scalar => {
            let (what, exact) = scalar(node, scope);
            vec![Made { what, line: node.line(), exact, held: Held::just(Truth::Yes) }]
        }
        Kind::Seq => one(What::List(node.items().flat_map(|item| make(item, scope, depth + 1)).collect())),
        Kind::Map => {
            let operator = node.entries().find(|(key, _)| scope.fills && is_operator(key.text));
            match operator {
                Some((key, value)) => operate(key.text, value, node, scope, depth),
                None => {
                    let entry = |(key, value): (crate::syntax::tree::Key<'_>, Node<'_>)| {
                        let made = alone(make(value, scope, depth + 1))?;
                        let name = key.text.strip_prefix('$').filter(|rest| rest.starts_with('$')).unwrap_or(key.text);
                        Some((fill(name, scope), made))
                    };
                    let line = node.entries().map(|(key, _)| key.line).min().unwrap_or_else(|| node.line());
                    let what = What::Map(node.entries().filter_map(entry).collect());
                    vec![Made { what, line, exact: false, held: Held::just(Truth::Yes) }]
                }
            }
        }
    }
}

/// The one value of a key, where it has one; which of several it has only a run knows.
fn alone(made: Vec<Made>) -> Option<Made> {
    let mut made = made.into_iter();
    let first = made.next()?;
    match made.next() {
        None => Some(first),
        Some(_) => Some(Made { what: What::Open, ..first }),
    }
}

fn is_operator(key: &str) -> bool {
    key.strip_prefix('$').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase()))
}

fn scalar(node: Node<'_>, scope: &Scope<'_, '_>) -> (What, bool) {
    let text = node.text().unwrap_or_default();
    if node.style() == Style::Plain {
        if let Some(is) = node.as_bool().filter(|_| matches!(text, "true" | "false")) {
            return (What::Bool(is), false);
        }
        if let Ok(number) = text.parse::<f64>()
            && text.starts_with(|c: char| c.is_ascii_digit())
        {
            return (What::Number(number), false);
        }
    }
    if !scope.fills {
        return (What::Text(text.to_owned()), node.style() == Style::Literal);
    }
    // a text that is nothing but an expression has what that comes to, where it is no text
    if let Some(inner) =
        text.trim().strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).filter(|i| !i.contains(['{', '}']))
    {
        return match expression::value(inner, scope) {
            What::Null | What::List(_) | What::Map(_) | What::Given(_) => (What::Open, false),
            What::Bool(is) => (What::Text(is.to_string()), false),
            known => (known, false),
        };
    }
    let filled = fill(text, scope);
    let exact = node.style() == Style::Literal && filled.lines().count() == text.lines().count();
    (What::Text(filled), exact)
}

/// A name that a shell would look up, in the place of what only a run knows.
fn hole(expression: &str) -> String {
    let mut name: String = expression.trim().chars().take(60).map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        name.insert(0, 'x');
    }
    format!("${{{name}}}")
}

/// A text with what is known put in.
fn fill(text: &str, scope: &Scope<'_, '_>) -> String {
    if !scope.fills {
        return text.to_owned();
    }
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find("${").filter(|_| out.len() < MAX_TEXT) {
        let (before, from) = rest.split_at(at);
        // two marks are one that is left alone
        if let Some(before) = before.strip_suffix('$') {
            out.push_str(before);
            out.push_str("${");
            rest = from.get(2..).unwrap_or_default();
            continue;
        }
        out.push_str(before);
        let inner = from.get(2..).unwrap_or_default();
        let Some(end) = closing(inner) else {
            out.push_str(from);
            return out;
        };
        let expression = inner.get(..end).unwrap_or_default();
        match expression::value(expression, scope) {
            What::Text(text) => out.push_str(&text),
            What::Number(number) => out.push_str(&number.to_string()),
            What::Bool(is) => out.push_str(if is { "true" } else { "false" }),
            What::Own => out.push_str(OWN),
            _ => out.push_str(&hole(expression)),
        }
        rest = inner.get(end + 1..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// Where the bracket of an expression ends that may hold others and texts.
fn closing(text: &str) -> Option<usize> {
    let (mut depth, mut quote) = (0_usize, None);
    for (at, c) in text.char_indices() {
        match (c, quote) {
            (c, Some(open)) if c == open => quote = None,
            (_, Some(_)) => {}
            ('"' | '\'', None) => quote = Some(c),
            ('{', None) => depth += 1,
            ('}', None) => match depth.checked_sub(1) {
                Some(less) => depth = less,
                None => return Some(at),
            },
            _ => {}
        }
    }
    None
}

fn under(made: Vec<Made>, held: &Held) -> Vec<Made> {
    made.into_iter().map(|one| Made { held: held.clone().and(one.held), ..one }).collect()
}

fn operate(key: &str, value: Node<'_>, node: Node<'_>, scope: &Scope<'_, '_>, depth: usize) -> Vec<Made> {
    let line = value.line();
    let one = |what: What| vec![Made { what, line, exact: false, held: Held::just(Truth::Yes) }];
    let inner = |node: Node<'_>, scope: &Scope<'_, '_>| make(node, scope, depth + 1);
    match key {
        "$if" => {
            let held = expression::test(value.text().unwrap_or_default(), scope);
            let mut found = Vec::new();
            if let Some(then) = node.get("then").filter(|_| held.truth != Truth::No) {
                found.extend(under(inner(then, scope), &held));
            }
            if let Some(other) = node.get("else").filter(|_| held.truth != Truth::Yes) {
                let not = otherwise(&held, value.text().unwrap_or_default());
                found.extend(under(inner(other, scope), &not));
            }
            found
        }
        "$switch" | "$match" => {
            let mut found = Vec::new();
            let mut open: Option<Held> = None;
            for (test, branch) in value.entries().filter(|(test, _)| test.text != "$default") {
                let held = expression::test(test.text, scope);
                if held.truth == Truth::No {
                    continue;
                }
                found.extend(under(inner(branch, scope), &held));
                if key == "$switch" && held.truth == Truth::Yes {
                    return found;
                }
                open = Some(otherwise(&held, test.text));
            }
            if key == "$match" {
                return one(What::List(found));
            }
            if let Some(default) = value.get("$default") {
                found.extend(under(inner(default, scope), &open.unwrap_or(Held::just(Truth::Yes))));
            }
            found
        }
        "$let" => {
            let Some(body) = node.get("in") else { return Vec::new() };
            let mut bound = scope.with("", What::Null);
            for (name, value) in value.entries() {
                let what = match alone(inner(value, scope)) {
                    Some(made) if made.held.truth == Truth::Yes => made.what,
                    Some(_) => What::Open,
                    None => What::Null,
                };
                bound.bound.insert(name.text.to_owned(), Rc::new(what));
            }
            inner(body, &bound)
        }
        "$eval" => {
            let text = value.text().unwrap_or_default();
            match expression::value(text, scope) {
                What::Own => one(What::Text(OWN.to_owned())),
                what => one(what),
            }
        }
        "$map" => {
            let Some((each, body)) = node.entries().find(|(key, _)| key.text.starts_with("each(")) else {
                return one(What::Open);
            };
            let inside = each.text.trim_start_matches("each(").trim_end_matches(')');
            let name = inside.split(',').next().unwrap_or_default().trim();
            let items = match alone(inner(value, scope)).map(|made| made.what) {
                Some(What::List(items)) => items,
                _ => return one(What::Open),
            };
            let each = items.into_iter().take(MAX_EACH).flat_map(|item| {
                let made = inner(body, &scope.with(name, item.what));
                under(made, &item.held)
            });
            one(What::List(each.collect()))
        }
        "$flatten" | "$flattenDeep" => {
            let items = alone(inner(value, scope)).map(|made| made.what);
            match items {
                Some(What::List(items)) => one(What::List(flat(items, if key == "$flatten" { 1 } else { 8 }))),
                Some(other) => one(other),
                None => Vec::new(),
            }
        }
        "$merge" | "$mergeDeep" => match alone(inner(value, scope)).map(|made| made.what) {
            Some(What::List(parts)) => {
                let held = parts.iter().filter(|part| matches!(part.what, What::Map(_)));
                let line = held.map(|part| part.line).max().unwrap_or(line);
                let mut all: Vec<(String, Made)> = Vec::new();
                for part in parts {
                    // what may be put over it
                    let sure = part.held.truth == Truth::Yes;
                    if let What::Map(entries) = part.what {
                        merge(&mut all, entries, sure, if key == "$merge" { 0 } else { MAX_DEPTH });
                    }
                }
                vec![Made { what: What::Map(all), line, exact: false, held: Held::just(Truth::Yes) }]
            }
            _ => one(What::Open),
        },
        "$reverse" | "$sort" => inner(value, scope),
        _ => one(What::Open),
    }
}

/// What stands in the other branch of a test.
fn otherwise(held: &Held, text: &str) -> Held {
    match held.truth {
        Truth::Maybe => Held::asking(&format!("not ({text})")),
        _ => held.clone().not(),
    }
}

fn flat(items: Vec<Made>, depth: usize) -> Vec<Made> {
    let mut found = Vec::new();
    for item in items {
        match item.what {
            What::List(inner) if depth > 0 => found.extend(under(flat(inner, depth - 1), &item.held)),
            _ => found.push(item),
        }
    }
    found
}

/// Puts keys over those that are there. Maps are joined to that depth, and lists put behind each other.
pub(super) fn merge(all: &mut Vec<(String, Made)>, over: Vec<(String, Made)>, sure: bool, depth: usize) {
    for (key, made) in over {
        let Some((_, known)) = all.iter_mut().find(|(k, _)| *k == key) else {
            all.push((key, made));
            continue;
        };
        match (&mut known.what, made.what) {
            (What::Map(below), What::Map(entries)) if depth > 0 => merge(below, entries, sure, depth - 1),
            (What::List(below), What::List(items)) if depth > 0 => below.extend(items),
            (_, _) if !sure => known.what = What::Open,
            (_, what) => *known = Made { what, line: made.line, exact: made.exact, held: made.held },
        }
    }
}
