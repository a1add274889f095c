//! What makes a rule set sound: ids, proofs, patterns and references. The proofs themselves are run later.

mod matcher;

use std::collections::{BTreeMap, BTreeSet};

use super::model::{Known, Model};
use super::needles::SHORTEST;
use super::pattern::Patterns;
use super::practice::{Clause, Detectors, PracticeAsk, PracticeRule, Select};
use super::signal::{Matcher, SignalRule};
use crate::error::RuleError;
use crate::words::Because;
use matcher::{compile, forms, too_short};

/// Rules as they come in, file by file.
#[derive(Debug, Default)]
pub(crate) struct Loading {
    pub(crate) signals: Vec<SignalRule>,
    pub(crate) practices: Vec<PracticeRule>,
    pub(crate) models: Vec<Model>,
    pub(crate) origins: BTreeMap<String, (String, u32)>,
}

impl Loading {
    /// Takes the signal rules of one file.
    pub(crate) fn signals(&mut self, path: &str, text: &str, rules: Vec<SignalRule>, users: bool, wrong: &mut Vec<RuleError>) {
        let area = path.split("signals/").nth(1).and_then(|rest| rest.split_once('/')).map_or("", |(area, _)| area).to_owned();
        let mut given = Given::of(text);
        for rule in rules {
            let line = given.next_line(&rule.id);
            let first = rule.id.split('.').next().unwrap_or("");
            if !users && first != area {
                wrong.push(mistake(
                    path,
                    line,
                    format!("`{}` belongs into signals/{first}/, not signals/{area}/; move it or rename it", rule.id),
                ));
            }
            if self.take(path, line, &rule.id, rule.replaces, wrong) {
                if rule.replaces {
                    self.signals.retain(|known| known.id != rule.id);
                }
                self.signals.push(rule);
            }
        }
    }

    /// Takes the practice rules of one file.
    pub(crate) fn practices(
        &mut self,
        path: &str,
        text: &str,
        rules: Vec<PracticeRule>,
        _users: bool,
        wrong: &mut Vec<RuleError>,
    ) {
        let mut given = Given::of(text);
        for rule in rules {
            let line = given.next_line(&rule.id);
            if self.take(path, line, &rule.id, rule.replaces, wrong) {
                if rule.replaces {
                    self.practices.retain(|known| known.id != rule.id);
                }
                self.practices.push(rule);
            }
        }
    }

    /// Takes a model.
    pub(crate) fn model(&mut self, path: &str, text: &str, model: Model, wrong: &mut Vec<RuleError>) {
        if self.take(path, Given::of(text).next_line(&model.id), &model.id, false, wrong) {
            self.models.push(model);
        }
    }

    fn take(&mut self, path: &str, line: u32, id: &str, replaces: bool, wrong: &mut Vec<RuleError>) -> bool {
        match (self.origins.get(id), replaces) {
            (Some((known, at)), false) => {
                wrong.push(mistake(
                    path,
                    line,
                    format!("`{id}` is already defined at {known}:{at}; rename it, or say `replaces: true`"),
                ));
                return false;
            }
            (None, true) => {
                wrong.push(mistake(
                    path,
                    line,
                    format!("`{id}` says `replaces: true`, and there is nothing to replace; leave it out"),
                ));
                return false;
            }
            _ => {}
        }
        self.origins.insert(id.to_owned(), (path.to_owned(), line));
        true
    }
}

fn mistake(path: &str, line: u32, message: String) -> RuleError {
    RuleError { path: path.to_owned(), line, message }
}

/// The ids of a file with their lines, in order: serde keeps no places.
struct Given<'t> {
    ids: Vec<(&'t str, u32)>,
}

impl<'t> Given<'t> {
    fn of(text: &'t str) -> Self {
        let id = |row: &'t str| {
            let row = row.trim_start().trim_start_matches("- ").trim_start_matches('{').trim_start();
            let rest = row.strip_prefix("id:")?.trim_start().trim_start_matches(['"', '\'']);
            rest.split([',', ' ', '#', '"', '\'', '}']).next()
        };
        Self { ids: (1_u32..).zip(text.lines()).filter_map(|(line, row)| Some((id(row)?, line))).collect() }
    }

    /// The line on which the id is given next; 0 where it is not found.
    fn next_line(&mut self, id: &str) -> u32 {
        let found = self.ids.iter().position(|(given, _)| *given == id);
        found.map_or(0, |at| self.ids.remove(at).1)
    }
}

/// Takes the patterns of rules that are known to be sound: a scan with the built-in rules alone does not prove them again.
pub(crate) fn trusted(signals: &[SignalRule], patterns: &mut Patterns) {
    // nothing is compiled yet, so that nothing can be wrong
    for matcher in signals.iter().flat_map(matchers) {
        let _ = compile(matcher, patterns);
    }
    for raised in signals.iter().filter_map(|rule| rule.raises.as_ref()) {
        let _ = patterns.add_regex(raised);
    }
}

fn matchers(rule: &SignalRule) -> impl Iterator<Item = &Matcher> {
    rule.any.iter().chain(&rule.unless).chain(&rule.unless_file).chain(&rule.only_with)
}

/// Checks everything that needs more than one rule, and takes every pattern.
pub(crate) fn check(
    signals: &[SignalRule],
    practices: &[PracticeRule],
    models: &[Model],
    origins: &BTreeMap<String, (String, u32)>,
    patterns: &mut Patterns,
    wrong: &mut Vec<RuleError>,
) {
    let mut say = |id: &str, message: String| {
        let (path, line) = origins.get(id).cloned().unwrap_or_default();
        wrong.push(RuleError { path, line, message });
    };
    for rule in signals {
        // a built-in rule is switched off by replacing it with one that looks for nothing
        let off = rule.any.is_empty() && rule.replaces;
        if !off && (rule.examples.is_empty() || rule.counter_examples.is_empty()) {
            say(
                &rule.id,
                format!("`{}` needs an example that must be seen and a counter-example that must not; add both", rule.id),
            );
        }
        if rule.any.is_empty() && !off {
            say(&rule.id, format!("`{}` looks for nothing; give it a matcher under `any:`", rule.id));
        }
        for matcher in matchers(rule) {
            if let Err(message) = compile(matcher, patterns) {
                say(&rule.id, format!("`{}`: {message}; correct it", rule.id));
            }
        }
        if let Some(Err(message)) = rule.raises.as_ref().map(|raised| patterns.add_regex(raised)) {
            say(&rule.id, format!("`{}`: {message}; correct it", rule.id));
        }
        for matcher in matchers(rule) {
            for message in forms(matcher) {
                say(&rule.id, format!("`{}`: {message}", rule.id));
            }
        }
        for word in rule.any.iter().filter_map(too_short) {
            let found = if word.is_empty() { "none".to_owned() } else { format!("`{word}`") };
            let message = format!(
                "a matcher needs a word of {SHORTEST} bytes that stands in every text it fits, and has {found}; name one, or give `literal:`"
            );
            say(&rule.id, format!("`{}`: {message}", rule.id));
        }
    }
    let known: Known = practices
        .iter()
        .map(|p| {
            let words = p.qualifiers.iter().map(|(k, words)| (k.clone(), words.iter().cloned().collect())).collect();
            (p.id.clone(), words)
        })
        .collect();
    for rule in practices {
        if rule.met.is_none() && rule.indicated.is_empty() && rule.detectors != Detectors::None {
            say(
                &rule.id,
                format!(
                    "`{}` says that it has detectors and has neither `met:` nor `indicated:`; add a clause or say `detectors: none`",
                    rule.id
                ),
            );
        }
        for weaker in rule.indicated.iter().filter(|weaker| weaker.because == Because::Weak && weaker.says.trim().is_empty()) {
            let which = rule.indicated.iter().position(|other| std::ptr::eq(other, weaker)).unwrap_or(0) + 1;
            say(&rule.id, format!("`{}`: a weak form must say in what it is weak; give `says:` to the form {which}", rule.id));
        }
        for half in &rule.halves {
            let (start, seen) = (half.says.contains("{start}"), half.says.contains("{seen}"));
            if !seen && (!start || half.instead.is_some()) {
                let must = "must name `{start}` or `{seen}`, and `{seen}` where it says what stands `instead:`";
                say(&rule.id, format!("`{}`: a half {must}", rule.id));
            }
        }
        for clause in clauses(rule) {
            let mut problems = Vec::new();
            walk(clause, &mut |c| references(c, signals, &known, &mut problems));
            for problem in problems {
                say(&rule.id, format!("`{}`: {problem}", rule.id));
            }
        }
    }
    for (id, by) in circles(practices) {
        say(&id, format!("`{id}` asks for itself by way of `{by}`; break the circle"));
    }
    for model in models {
        wrong.extend(super::model::check(model, &known));
    }
}

/// Practices whose answer depends on their own, each with the one it asks first.
fn circles(practices: &[PracticeRule]) -> Vec<(String, String)> {
    let mut asks: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for rule in practices {
        let of = asks.entry(&rule.id).or_default();
        for clause in clauses(rule) {
            walk(clause, &mut |c| {
                if let Clause::Practice(PracticeAsk::Id(ask)) = c {
                    of.insert(ask.split('[').next().unwrap_or(ask).to_owned());
                }
            });
        }
    }
    let comes_back = |id: &str, first: &str| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![first.to_owned()]);
        while let Some(next) = open.pop() {
            if next == id {
                return true;
            }
            if seen.insert(next.clone()) {
                open.extend(asks.get(next.as_str()).into_iter().flatten().cloned());
            }
        }
        false
    };
    asks.iter()
        .filter_map(|(id, of)| of.iter().find(|first| comes_back(id, first)).map(|first| ((*id).to_owned(), first.clone())))
        .collect()
}

fn clauses(rule: &PracticeRule) -> impl Iterator<Item = &Clause> {
    rule.met
        .iter()
        .chain(rule.indicated.iter().map(|w| &w.when))
        .chain(&rule.contradicted)
        .chain(&rule.not_applicable)
        .chain(&rule.near)
        .chain(rule.halves.iter().flat_map(|half| std::iter::once(&half.has).chain(&half.instead)))
        .chain(rule.actions.iter().map(|fitting| &fitting.when))
}

fn walk(clause: &Clause, visit: &mut dyn FnMut(&Clause)) {
    visit(clause);
    match clause {
        Clause::All(parts) | Clause::Any(parts) => parts.iter().for_each(|p| walk(p, visit)),
        Clause::Not(inner) => walk(inner, visit),
        Clause::Count(count) => count.of.iter().for_each(|p| walk(p, visit)),
        Clause::Cap(cap) => walk(&cap.of, visit),
        Clause::Signal(_)
        | Clause::Reach(_)
        | Clause::Leads(_)
        | Clause::Before(_)
        | Clause::Share(_)
        | Clause::History(_)
        | Clause::Tested(_)
        | Clause::Imported(_)
        | Clause::InImage(_)
        | Clause::ImageHolds(_)
        | Clause::ImageCarries(_)
        | Clause::Steps(_)
        | Clause::Practice(_) => {}
    }
}

/// What a clause itself names (the clauses within it are walked on their own): signals, qualifiers and practices that
/// are not there. The match names every verb, so that none can forget what it selects.
fn references(clause: &Clause, signals: &[SignalRule], known: &Known, problems: &mut Vec<String>) {
    let fits = |pattern: &str, id: &str| match pattern.strip_suffix('*') {
        Some(start) => id.starts_with(start),
        None => id == pattern,
    };
    let named = |id: &str, problems: &mut Vec<String>| {
        if !signals.iter().any(|rule| fits(id, &rule.id)) {
            problems.push(format!("no signal is called `{id}`; `treering rules list` shows them"));
        }
    };
    let mut select = |s: &Select| {
        for id in s.id.all() {
            named(id, problems);
        }
        let meant = |rule: &&SignalRule| {
            (s.id.all().is_empty() || s.id.all().iter().any(|id| fits(id, &rule.id)))
                && (s.op.is_empty() || rule.op.is_some_and(|op| s.op.contains(&op)))
        };
        for (key, word) in s.with.iter().flat_map(|(key, words)| words.all().iter().map(move |word| (key, word))) {
            let measured = key == "rows" && crate::words::ROWS.contains(&word.as_str()) && s.op == [crate::words::Op::Evaluate];
            if !measured && !signals.iter().filter(meant).any(|rule| rule.sets.get(key) == Some(word)) {
                problems.push(format!("none of the signals it selects sets `{key}: {word}`; their rules list what they set"));
            }
        }
        if s.id.all().is_empty() && s.op.is_empty() {
            problems.push("a selection needs `id:` or `op:`".to_owned());
        }
    };
    match clause {
        Clause::Signal(s) | Clause::InImage(s) | Clause::Imported(s) => select(s),
        Clause::Reach(r) => {
            select(&r.to);
            r.via.iter().chain(&r.past).for_each(&mut select);
        }
        Clause::Before(b) => {
            select(&b.first);
            select(&b.then);
            b.after.iter().for_each(select);
        }
        Clause::Tested(t) => {
            select(&t.of);
            t.by.iter().chain(&t.without).for_each(select);
        }
        Clause::Leads(l) => {
            select(&l.from);
            select(&l.to);
        }
        Clause::ImageHolds(h) => [&h.image, &h.built_by, &h.of].into_iter().for_each(select),
        Clause::ImageCarries(c) => [&c.of, &c.file].into_iter().for_each(select),
        Clause::Steps(s) => {
            for id in s.named.values().flat_map(super::signal::OneOrMany::all) {
                named(id, problems);
            }
            let wrong = |text: &String| regex::Regex::new(text).err().map(|e| format!("`{text}` is no regular expression: {e}"));
            problems.extend(s.words.values().filter_map(wrong));
        }
        Clause::Practice(PracticeAsk::Id(ask)) => {
            let (id, word) =
                ask.split_once('[').map_or((ask.as_str(), None), |(id, rest)| (id, Some(rest.trim_end_matches(']'))));
            match (known.get(id), word.map(|w| w.split_once('='))) {
                (None, _) => problems.push(format!("no practice is called `{id}`")),
                (Some(words), Some(Some((key, word)))) if !words.get(key).is_some_and(|w| w.is_empty() || w.contains(word)) => {
                    problems.push(format!("`{id}` has no qualifier `{key}={word}`; its rule lists them"));
                }
                (Some(_), Some(None)) => problems.push(format!("`{ask}`: write a qualifier as key=word")),
                _ => {}
            }
        }
        Clause::All(_) | Clause::Any(_) | Clause::Not(_) | Clause::Count(_) | Clause::Cap(_) => {}
        Clause::Share(_) | Clause::History(_) => {}
    }
}

#[cfg(test)]
mod tests;
