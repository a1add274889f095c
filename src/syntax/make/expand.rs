//! Variables of a Makefile, and putting them in.
//!
//! Invariants: no expansion deeper than [`MAX_DEPTH`]; no result longer than [`MAX_RESULT`]; all expansions of a
//! file together take no more than [`MAX_STEPS`]. Beyond that a reference stays as `${NAME}`.

use std::cell::Cell;
use std::collections::BTreeMap;

/// References inside one another.
const MAX_DEPTH: usize = 24;
/// Longest text that references are put into.
const MAX_RESULT: usize = 1 << 16;
/// References followed in one file.
const MAX_STEPS: usize = 300_000;
/// Bytes that all results of a file may have.
const MAX_BYTES: usize = 8 << 20;

/// What a variable holds.
#[derive(Debug, Clone)]
struct Variable {
    value: String,
    /// Set by `:=`: expanded when it was set, not again.
    simple: bool,
    line: u32,
    /// Set differently in branches of which nobody knows which is taken.
    torn: bool,
    given: bool,
}

/// The variables of a file, at one point of reading it.
#[derive(Debug, Clone, Default)]
pub(super) struct Variables {
    all: BTreeMap<String, Variable>,
    steps: Cell<usize>,
    bytes: Cell<usize>,
}

impl Variables {
    pub(super) fn new(given: &BTreeMap<String, String>) -> Self {
        let builtin = [("MAKE", "make"), ("CURDIR", "."), ("SHELL", "/bin/sh"), ("RM", "rm -f")];
        let variable = |value: &str, given| Variable { value: value.to_owned(), simple: true, line: 0, torn: false, given };
        let mut all: BTreeMap<String, Variable> =
            builtin.into_iter().map(|(name, value)| (name.to_owned(), variable(value, false))).collect();
        all.extend(given.iter().map(|(name, value)| (name.clone(), variable(value, true))));
        Self { all, steps: Cell::new(MAX_STEPS), bytes: Cell::new(MAX_BYTES) }
    }

    /// Whether it certainly has a value.
    pub(super) fn is_set(&self, name: &str) -> bool {
        self.all.get(name).is_some_and(|variable| !variable.value.is_empty() && !variable.torn)
    }

    /// After `override`.
    pub(super) fn forget_given(&mut self, name: &str) {
        if let Some(variable) = self.all.get_mut(name) {
            variable.given = false;
        }
    }

    /// `open`: the assignment may not take place.
    pub(super) fn assign(&mut self, name: &str, operator: &str, value: &str, line: u32, open: bool) {
        if name.is_empty() || name.len() > 200 {
            return;
        }
        let before = self.all.get(name);
        if before.is_some_and(|variable| variable.given) {
            return;
        }
        let mut simple = operator == ":=";
        let mut value = match operator {
            ":=" => self.expand(value),
            "!=" => {
                simple = true;
                format!("$({})", self.expand(value))
            }
            "?=" if before.is_some_and(|variable| variable.line > 0) => return,
            "+=" => match before {
                Some(variable) => {
                    simple = variable.simple;
                    let added = if simple { self.expand(value) } else { value.to_owned() };
                    format!("{} {added}", variable.value)
                }
                None => value.to_owned(),
            },
            _ => value.to_owned(),
        };
        if value.len() > MAX_RESULT {
            value = format!("${{{name}}}");
            simple = true;
        }
        let torn = open && before.is_some_and(|variable| variable.line > 0 && variable.value != value);
        self.all.insert(name.to_owned(), Variable { value, simple, line, torn, given: false });
    }

    /// Values at the end, for the caller; built-in ones left out.
    pub(super) fn values(&self) -> BTreeMap<String, (String, u32)> {
        let own = self.all.iter().filter(|(_, variable)| variable.line > 0 || variable.given);
        own.map(|(name, variable)| (name.clone(), (self.expand(&format!("$({name})")), variable.line))).collect()
    }

    pub(super) fn expand(&self, text: &str) -> String {
        self.expand_with(text, &BTreeMap::new())
    }

    /// `local` wins: automatic variables, those of the target, arguments of a call.
    pub(super) fn expand_with(&self, text: &str, local: &BTreeMap<String, String>) -> String {
        let mut out = String::new();
        self.into(text, local, 0, &mut out);
        out
    }

    fn into(&self, text: &str, local: &BTreeMap<String, String>, depth: usize, out: &mut String) {
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            out.push_str(before);
            let Some(next) = after.chars().next() else {
                rest = "";
                break;
            };
            match next {
                '$' => {
                    out.push('$');
                    rest = after.get(1..).unwrap_or_default();
                }
                '(' | '{' => match closing(after) {
                    Some(end) => {
                        self.reference(after.get(1..end).unwrap_or_default(), local, depth, out);
                        rest = after.get(end + 1..).unwrap_or_default();
                    }
                    None => {
                        // Never closed: nothing after it can be read as a reference either.
                        out.push('$');
                        rest = after;
                        break;
                    }
                },
                _ => {
                    let length = next.len_utf8();
                    self.named(after.get(..length).unwrap_or_default(), local, depth, out);
                    rest = after.get(length..).unwrap_or_default();
                }
            }
        }
        out.push_str(rest);
    }

    /// Whether one more reference may be followed.
    fn step(&self, depth: usize, out: &str) -> bool {
        let left = self.steps.get();
        self.steps.set(left.saturating_sub(1));
        left > 0 && depth < MAX_DEPTH && out.len() < MAX_RESULT
    }

    /// What stands between the brackets.
    fn reference(&self, inner: &str, local: &BTreeMap<String, String>, depth: usize, out: &mut String) {
        if let Some((function, arguments)) = inner.split_once([' ', '\t']) {
            if self.function(function, arguments.trim_start(), local, depth, out) {
                return;
            }
        }
        let mut name = inner.to_owned();
        if inner.contains('$') {
            if !self.step(depth, out) {
                return;
            }
            name.clear();
            self.into(inner, local, depth + 1, &mut name);
        }
        let changed = name.split_once(':').and_then(|(name, change)| Some((name.to_owned(), change.split_once('=')?)));
        if let Some((of, (from, to))) = changed {
            if from.contains('%') || !self.is_set(&of) {
                self.unknown(&of, out);
                return;
            }
            let mut value = String::new();
            self.named(&of, local, depth, &mut value);
            let words = value
                .split_whitespace()
                .map(|word| word.strip_suffix(from).map_or(word.to_owned(), |stem| format!("{stem}{to}")));
            self.put(&words.collect::<Vec<_>>().join(" "), out);
            return;
        }
        self.named(name.trim(), local, depth, out);
    }

    fn named(&self, name: &str, local: &BTreeMap<String, String>, depth: usize, out: &mut String) {
        if !self.step(depth, out) {
            self.unknown(name, out);
            return;
        }
        if let Some(value) = local.get(name) {
            // A value that names itself means the one outside.
            let mut outer = local.clone();
            outer.remove(name);
            let mut inner = String::new();
            self.into(value, &outer, depth + 1, &mut inner);
            self.put(&inner, out);
            return;
        }
        match self.all.get(name).filter(|variable| !variable.torn) {
            Some(variable) if variable.simple => self.put(&variable.value, out),
            Some(variable) => {
                let mut inner = String::new();
                self.into(&variable.value, local, depth + 1, &mut inner);
                self.put(&inner, out);
            }
            None => self.unknown(name, out),
        }
    }

    /// Adds a result, if there is room.
    fn put(&self, text: &str, out: &mut String) {
        let left = self.bytes.get();
        if text.len() <= left && out.len() + text.len() <= 2 * MAX_RESULT {
            self.bytes.set(left - text.len());
            out.push_str(text);
        }
    }

    /// A name that the file does not set: the shell will know it, or nobody.
    fn unknown(&self, name: &str, out: &mut String) {
        match name {
            "@" | "*" | "?" | "<" | "^" | "+" | "|" => {
                out.push('$');
                out.push_str(name);
            }
            _ if !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.')) => {
                out.push_str("${");
                out.push_str(name);
                out.push('}');
            }
            _ => out.push_str("${unknown}"),
        }
    }

    /// The functions whose result can be told, and those that have none; false if it is no function.
    fn function(&self, name: &str, arguments: &str, local: &BTreeMap<String, String>, depth: usize, out: &mut String) -> bool {
        const OTHERS: [&str; 23] = [
            "subst",
            "patsubst",
            "findstring",
            "filter",
            "filter-out",
            "sort",
            "word",
            "wordlist",
            "words",
            "firstword",
            "lastword",
            "dir",
            "notdir",
            "suffix",
            "basename",
            "addsuffix",
            "addprefix",
            "join",
            "realpath",
            "abspath",
            "foreach",
            "origin",
            "value",
        ];
        let full = |text: &str| {
            let mut value = String::new();
            self.into(text, local, depth + 1, &mut value);
            value
        };
        match name {
            "eval" | "info" | "warning" | "error" | "file" => true,
            _ if !matches!(name, "shell" | "wildcard" | "strip" | "call" | "if" | "or" | "and") && !OTHERS.contains(&name) => {
                false
            }
            _ if !self.step(depth, out) => {
                self.unknown(name, out);
                true
            }
            "shell" => {
                self.put(&format!("$({})", full(arguments)), out);
                true
            }
            // As the shell would read the same pattern.
            "wildcard" | "strip" => {
                let value = full(arguments);
                self.put(&value.split_whitespace().collect::<Vec<_>>().join(" "), out);
                true
            }
            "call" => {
                let mut list = commas(arguments).into_iter();
                let called = list.next().map(&full).unwrap_or_default();
                let mut inner = local.clone();
                inner.insert("0".into(), called.clone());
                inner.extend(list.take(20).enumerate().map(|(index, text)| ((index + 1).to_string(), full(text))));
                self.named(called.trim(), &inner, depth, out);
                true
            }
            "or" => {
                let list = commas(arguments);
                match list.iter().map(|text| full(text.trim())).find(|value| !value.is_empty()) {
                    Some(value) if !value.contains('$') || list.len() == 1 => self.put(&value, out),
                    Some(_) => self.unknown(name, out),
                    None => {}
                }
                true
            }
            "if" => {
                let list = commas(arguments);
                let test = list.first().map(|text| full(text.trim())).unwrap_or_default();
                match (test.contains('$'), test.is_empty()) {
                    (true, _) => self.unknown(name, out),
                    (_, false) => self.put(&list.get(1).map(|text| full(text)).unwrap_or_default(), out),
                    (_, true) => self.put(&list.get(2..).map(|rest| full(&rest.join(","))).unwrap_or_default(), out),
                }
                true
            }
            _ => {
                self.unknown(name, out);
                true
            }
        }
    }
}

/// The offset of the bracket that closes the one at the start.
fn closing(text: &str) -> Option<usize> {
    let open = *text.as_bytes().first()?;
    let close = if open == b'(' { b')' } else { b'}' };
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        if byte == open {
            depth += 1;
        } else if byte == close {
            depth -= 1;
            if depth == 0 {
                return Some(at);
            }
        }
    }
    None
}

/// Arguments between commas that stand in no bracket.
fn commas(text: &str) -> Vec<&str> {
    let mut list = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' | b'{' => depth += 1,
            b')' | b'}' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => {
                list.push(text.get(start..at).unwrap_or_default());
                start = at + 1;
            }
            _ => {}
        }
    }
    list.push(text.get(start..).unwrap_or_default());
    list
}
