//! What makes a rule set sound: ids, proofs, patterns and references. The proofs themselves are run later.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{Known, Model};
use super::needles::literals;
use super::pattern::Patterns;
use super::practice::{Clause, Detectors, PracticeAsk, PracticeRule, Select};
use super::signal::{CallMatch, CommandMatch, Matcher, OneOrMany, PathMatch, SignalRule, TreeMatch, UsesMatch};
use crate::error::RuleError;

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
        for rule in rules {
            let line = line_of(text, &rule.id);
            let first = rule.id.split('.').next().unwrap_or("");
            if !users && first != area {
                wrong.push(mistake(path, line, format!("`{}` belongs into signals/{first}/, not signals/{area}/; move it or rename it", rule.id)));
            }
            if self.take(path, line, &rule.id, rule.replaces, wrong) {
                self.signals.retain(|known| known.id != rule.id);
                self.signals.push(rule);
            }
        }
    }

    /// Takes the practice rules of one file.
    pub(crate) fn practices(&mut self, path: &str, text: &str, rules: Vec<PracticeRule>, _users: bool, wrong: &mut Vec<RuleError>) {
        for rule in rules {
            let line = line_of(text, &rule.id);
            if self.take(path, line, &rule.id, rule.replaces, wrong) {
                self.practices.retain(|known| known.id != rule.id);
                self.practices.push(rule);
            }
        }
    }

    fn take(&mut self, path: &str, line: u32, id: &str, replaces: bool, wrong: &mut Vec<RuleError>) -> bool {
        match (self.origins.get(id), replaces) {
            (Some((known, at)), false) => {
                wrong.push(mistake(path, line, format!("`{id}` is already defined at {known}:{at}; rename it, or say `replaces: true`")));
                return false;
            }
            (None, true) => {
                wrong.push(mistake(path, line, format!("`{id}` says `replaces: true`, and there is nothing to replace; leave it out")));
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

/// The line on which an id is given.
fn line_of(text: &str, id: &str) -> u32 {
    let at = text.lines().position(|l| {
        let l = l.trim_start().trim_start_matches("- ").trim_start_matches("{ ").trim_start_matches('{');
        l.strip_prefix("id:").is_some_and(|rest| rest.trim().trim_matches(['"', '\'']).split([',', ' ', '#']).next() == Some(id))
    });
    at.map_or(0, |at| at as u32 + 1)
}

/// Checks everything that needs more than one rule, and compiles every pattern.
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
        if rule.examples.is_empty() || rule.counter_examples.is_empty() {
            say(&rule.id, format!("`{}` needs an example that must be seen and a counter-example that must not; add both", rule.id));
        }
        if rule.any.is_empty() {
            say(&rule.id, format!("`{}` looks for nothing; give it a matcher under `any:`", rule.id));
        }
        for matcher in rule.any.iter().chain(&rule.unless).chain(&rule.unless_file).chain(&rule.only_with) {
            if let Err(message) = compile(matcher, patterns) {
                say(&rule.id, format!("`{}`: {message}; correct it", rule.id));
            }
        }
        for matcher in &rule.any {
            let free = matches!(
                matcher,
                Matcher::Path(_) | Matcher::Git(_) | Matcher::Dependency(_) | Matcher::PythonBranch(_) | Matcher::Dockerfile(_)
            );
            let words = literals(matcher);
            let blind = words.is_empty() || words.iter().any(|w| w.len() < 2);
            if !free && blind {
                say(&rule.id, format!("`{}`: a matcher has no word to look for before parsing; name one (a call, a key, a program)", rule.id));
            }
        }
    }
    let ids: BTreeSet<&str> = signals.iter().map(|s| s.id.as_str()).collect();
    let known: Known = practices
        .iter()
        .map(|p| {
            let words = p.qualifiers.iter().map(|(k, words)| (k.clone(), words.iter().cloned().collect())).collect();
            (p.id.clone(), words)
        })
        .collect();
    for rule in practices {
        if rule.met.is_none() && rule.detectors != Detectors::None {
            say(&rule.id, format!("`{}` says that it has detectors and has no `met:`; add the clause or say `detectors: none`", rule.id));
        }
        let clauses = rule
            .met
            .iter()
            .chain(rule.indicated.iter().map(|w| &w.when))
            .chain(&rule.contradicted)
            .chain(&rule.not_applicable)
            .chain(&rule.near);
        for clause in clauses {
            let mut problems = Vec::new();
            walk(clause, &mut |c| references(c, &ids, &known, &mut problems));
            for problem in problems {
                say(&rule.id, format!("`{}`: {problem}", rule.id));
            }
        }
    }
    for model in models {
        wrong.extend(super::model::check(model, &known));
    }
}

fn walk(clause: &Clause, visit: &mut dyn FnMut(&Clause)) {
    visit(clause);
    match clause {
        Clause::All(parts) | Clause::Any(parts) => parts.iter().for_each(|p| walk(p, visit)),
        Clause::Not(inner) => walk(inner, visit),
        Clause::Count(count) => count.of.iter().for_each(|p| walk(p, visit)),
        Clause::Cap(cap) => walk(&cap.of, visit),
        _ => {}
    }
}

fn references(clause: &Clause, ids: &BTreeSet<&str>, known: &Known, problems: &mut Vec<String>) {
    let mut select = |s: &Select| {
        for id in s.id.all() {
            let found = match id.strip_suffix('*') {
                Some(start) => ids.iter().any(|known| known.starts_with(start)),
                None => ids.contains(id.as_str()),
            };
            if !found {
                problems.push(format!("no signal is called `{id}`; `treering rules list` shows them"));
            }
        }
        if s.id.all().is_empty() && s.op.is_empty() {
            problems.push("a selection needs `id:` or `op:`".to_owned());
        }
    };
    match clause {
        Clause::Signal(s) => select(s),
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
            t.by.iter().for_each(select);
        }
        Clause::Practice(PracticeAsk::Id(ask)) => {
            let (id, word) = ask.split_once('[').map_or((ask.as_str(), None), |(id, rest)| (id, Some(rest.trim_end_matches(']'))));
            match (known.get(id), word.map(|w| w.split_once('='))) {
                (None, _) => problems.push(format!("no practice is called `{id}`")),
                (Some(words), Some(Some((key, word)))) if !words.get(key).is_some_and(|w| w.is_empty() || w.contains(word)) => {
                    problems.push(format!("`{id}` has no qualifier `{key}={word}`; its rule lists them"));
                }
                (Some(_), Some(None)) => problems.push(format!("`{ask}`: write a qualifier as key=word")),
                _ => {}
            }
        }
        _ => {}
    }
}

/// Compiles the patterns of a matcher.
fn compile(matcher: &Matcher, patterns: &mut Patterns) -> Result<(), String> {
    let globs = |list: &OneOrMany, patterns: &mut Patterns| list.all().iter().try_for_each(|g| patterns.add_glob(g));
    match matcher {
        Matcher::Path(PathMatch::Globs(list)) => globs(list, patterns),
        Matcher::Path(PathMatch::Full(full)) => {
            globs(&full.any, patterns)?;
            globs(&full.none, patterns)?;
            full.text.all().iter().try_for_each(|r| patterns.add_regex(r))
        }
        Matcher::Yaml(m) | Matcher::Json(m) | Matcher::Toml(m) | Matcher::Hcl(m) | Matcher::Ini(m) => tree(m, patterns),
        Matcher::Dockerfile(m) => patterns.add_regex(&m.matches),
        Matcher::PythonImport(_) | Matcher::Dependency(_) | Matcher::PythonCall(CallMatch::Names(_)) => Ok(()),
        Matcher::PythonCall(CallMatch::Full(full)) => {
            full.receiver.iter().try_for_each(|r| patterns.add_regex(r))?;
            full.keyword.values().chain(full.argument.values()).try_for_each(|r| patterns.add_regex(r))
        }
        Matcher::PythonBranch(m) => {
            patterns.add_regex(&m.tests)?;
            m.within.iter().try_for_each(|r| patterns.add_regex(r))
        }
        Matcher::ShellCommand(CommandMatch::Words(_)) => Ok(()),
        Matcher::ShellCommand(CommandMatch::Full(full)) => full.matches.iter().try_for_each(|r| patterns.add_regex(r)),
        Matcher::Uses(UsesMatch::Names(names)) => names.all().iter().try_for_each(|g| patterns.add_glob(&g.to_lowercase())),
        Matcher::Uses(UsesMatch::Full(full)) => {
            full.name.all().iter().try_for_each(|g| patterns.add_glob(&g.to_lowercase()))?;
            full.with.values().try_for_each(|r| patterns.add_regex(r))
        }
        Matcher::Text(text) => {
            globs(&text.files, patterns)?;
            text.matches.iter().try_for_each(|r| patterns.add_regex(r))
        }
        Matcher::Git(git) => git.subject.iter().chain(&git.tag).try_for_each(|r| patterns.add_regex(r)),
    }
}

fn tree(m: &TreeMatch, patterns: &mut Patterns) -> Result<(), String> {
    m.files.all().iter().try_for_each(|g| patterns.add_glob(g))?;
    m.conditions.iter().filter_map(|c| c.matches.as_ref()).try_for_each(|r| patterns.add_regex(r))
}
