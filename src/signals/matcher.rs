//! One matcher against one file: each detector kind in the vocabulary of its format.

mod branch;
mod code;
mod constant;
mod seen;
#[cfg(test)]
pub(super) mod tests;
mod text;
mod trees;

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{BranchSpan, Owner};
use crate::fact::{FactKind, FileFacts};
use crate::history::{Commit, History, State, Tag};
use crate::resolve::Program;
use crate::rules::Catalog;
use crate::rules::needles::format_of;
use crate::rules::pattern::{Format, format_at, last_word};
use crate::rules::signal::{CallMatch, CommandMatch, DependencyMatch, Example, ImportMatch, Matcher, PathMatch};
use crate::source::RepoPath;
use crate::words::Strength;
use seen::Seen;

/// One file, looked at.
pub(crate) struct Look<'l> {
    pub(crate) catalog: &'l Catalog,
    pub(crate) path: &'l RepoPath,
    pub(crate) facts: &'l FileFacts,
    pub(crate) program: &'l Program,
    pub(super) codes: Vec<Seen<'l>>,
    /// Commands by their program: indices of their facts, in order. Many rules ask, and most for other programs.
    commands: BTreeMap<&'l str, Vec<usize>>,
}

impl<'l> Look<'l> {
    /// Looks at a file, whose Python is worked out at once.
    pub(crate) fn new(catalog: &'l Catalog, path: &'l RepoPath, facts: &'l FileFacts, program: &'l Program) -> Self {
        let mut commands: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (index, fact) in facts.facts.iter().enumerate() {
            if let FactKind::Command(command) = &fact.kind {
                commands.entry(command.program()).or_default().push(index);
            }
        }
        Self { catalog, path, facts, program, codes: Seen::of(path, facts, program), commands }
    }
}

/// What a match is about, by which suppressors and duplicates are told. Numbers are indices into the vectors of
/// [`FileFacts`] and of its code (for code in a command, beside the index of the command's fact).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum About {
    /// The file, or the history.
    File,
    /// A line of a text.
    Line(u32),
    /// A fact that the file states.
    Stated(usize),
    /// A node of a document: first line, last line, number in its tree.
    Node(u32, u32, u32),
    /// An import.
    Import(Option<usize>, usize),
    /// A call.
    Call(Option<usize>, usize),
    /// A function or class.
    Scope(Option<usize>, usize),
    /// A branch.
    Flow(Option<usize>, usize),
}

impl About {
    /// Whether a suppressor about this speaks of that as well: the same thing, the file that it stands in, or a node of
    /// a document around it or within it.
    pub(crate) fn concerns(self, that: Self) -> bool {
        match (self, that) {
            (Self::File, _) => true,
            (Self::Node(a, b, _), Self::Node(c, d, _)) => (a <= c && d <= b) || (c <= a && b <= d),
            _ => self == that,
        }
    }
}

/// A match.
#[derive(Debug, Clone)]
pub(crate) struct Hit {
    pub(crate) about: About,
    pub(crate) line: u32,
    pub(crate) end_line: Option<u32>,
    pub(crate) column: u32,
    pub(crate) owner: Owner,
    pub(crate) strength: Strength,
    pub(crate) what: String,
    pub(crate) sets: BTreeMap<String, String>,
    pub(crate) branch: Option<BranchSpan>,
    pub(crate) off: Option<String>,
    pub(crate) commit: Option<(String, String)>,
}

impl Hit {
    pub(crate) fn new(line: u32, owner: Owner, what: impl Into<String>) -> Self {
        Self {
            about: About::File,
            line,
            end_line: None,
            column: 0,
            owner,
            strength: Strength::Resolved,
            what: what.into(),
            sets: BTreeMap::new(),
            branch: None,
            off: None,
            commit: None,
        }
    }

    pub(crate) fn about(self, about: About) -> Self {
        Self { about, ..self }
    }
}

/// A matcher: the number of its rule, and its own in there.
type Entry = (usize, usize);

/// Which matchers could mean a fact, looked up by what the fact is and by its most telling word: a file asks only those
/// that could fit something in it.
pub(crate) struct Table<'c> {
    catalog: &'c Catalog,
    calls: HashMap<&'c str, Vec<Entry>>,
    open_calls: Vec<Entry>,
    imports: HashMap<&'c str, Vec<Entry>>,
    branches: Vec<Entry>,
    programs: HashMap<&'c str, Vec<Entry>>,
    open_programs: Vec<Entry>,
    dependencies: HashMap<&'c str, Vec<Entry>>,
    uses: Vec<Entry>,
    instructions: Vec<Entry>,
    trees: BTreeMap<Format, Vec<Entry>>,
    texts: Vec<Entry>,
}

impl<'c> Table<'c> {
    pub(crate) fn of(catalog: &'c Catalog) -> Self {
        let mut table = Self {
            catalog,
            calls: HashMap::new(),
            open_calls: Vec::new(),
            imports: HashMap::new(),
            branches: Vec::new(),
            programs: HashMap::new(),
            open_programs: Vec::new(),
            dependencies: HashMap::new(),
            uses: Vec::new(),
            instructions: Vec::new(),
            trees: BTreeMap::new(),
            texts: Vec::new(),
        };
        let all = catalog
            .signals
            .iter()
            .enumerate()
            .flat_map(|(rule, of)| of.any.iter().enumerate().map(move |(own, matcher)| ((rule, own), matcher)));
        for (entry, matcher) in all {
            match matcher {
                Matcher::PythonCall(call) => table.add_call(entry, call),
                Matcher::PythonImport(ImportMatch::Names(names)) => {
                    names.all().iter().for_each(|name| table.imports.entry(first(name)).or_default().push(entry));
                }
                Matcher::PythonBranch(_) => table.branches.push(entry),
                Matcher::ShellCommand(command) => table.add_command(entry, command),
                Matcher::Dependency(m) => {
                    let (names, _) = m.parts();
                    names.all().iter().for_each(|name| table.dependencies.entry(name).or_default().push(entry));
                }
                Matcher::Uses(_) => table.uses.push(entry),
                Matcher::Dockerfile(_) => table.instructions.push(entry),
                Matcher::Text(_) => table.texts.push(entry),
                Matcher::Path(_) | Matcher::Git(_) => {}
                tree => {
                    if let Some((format, _)) = format_of(tree) {
                        table.trees.entry(format).or_default().push(entry);
                    }
                }
            }
        }
        table
    }

    fn add_call(&mut self, entry: Entry, call: &'c CallMatch) {
        let names = match call {
            CallMatch::Names(names) => names.all(),
            CallMatch::Full(full) => {
                if [&full.decorator, &full.subclass, &full.own].iter().any(|names| !names.all().is_empty()) {
                    self.open_calls.push(entry);
                }
                full.method.all().iter().for_each(|m| self.calls.entry(m).or_default().push(entry));
                full.name.all()
            }
        };
        for name in names {
            match last_word(name) {
                Some(word) => self.calls.entry(word).or_default().push(entry),
                None => self.open_calls.push(entry),
            }
        }
    }

    fn add_command(&mut self, entry: Entry, command: &'c CommandMatch) {
        let lines = match command {
            CommandMatch::Words(words) => words.all(),
            CommandMatch::Full(full) => full.words.all(),
        };
        for line in lines {
            let first = line.split_whitespace().next().unwrap_or("*");
            if first.contains('*') {
                self.open_programs.push(entry);
            } else {
                first.split('|').for_each(|p| self.programs.entry(p).or_default().push(entry));
            }
        }
    }

    /// Rules about paths.
    pub(crate) fn of_path(&self, look: &Look<'_>) -> Vec<(usize, Hit)> {
        let mut hits = Vec::new();
        for index in self.catalog.needles.of_path(look.path) {
            for matcher in &self.catalog.signals[index].any {
                if let Matcher::Path(m) = matcher {
                    hits.extend(path(m, look).into_iter().map(|h| (index, h)));
                }
            }
        }
        hits
    }

    /// Rules about what the file states.
    pub(crate) fn of_facts(&self, look: &Look<'_>) -> Vec<(usize, Hit)> {
        let mut wanted: Vec<Entry> = Vec::new();
        for seen in &look.codes {
            wanted.extend(seen.by_word.keys().filter_map(|word| self.calls.get(word.as_str())).flatten());
            let roots: HashSet<&str> = seen.module().imports.iter().map(|import| first(&import.module)).collect();
            wanted.extend(roots.into_iter().filter_map(|root| self.imports.get(root)).flatten());
        }
        if !look.codes.is_empty() {
            wanted.extend(self.open_calls.iter().chain(&self.branches));
        }
        wanted.extend(look.commands.keys().filter_map(|program| self.programs.get(program)).flatten());
        let [mut uses, mut instructions] = [false; 2];
        for fact in &look.facts.facts {
            match &fact.kind {
                FactKind::Dependency(it) => wanted.extend(self.dependencies.get(it.name.as_str()).into_iter().flatten()),
                FactKind::Uses(_) => uses = true,
                FactKind::Instruction(_) => instructions = true,
                _ => {}
            }
        }
        let stated = [
            (!look.commands.is_empty(), &self.open_programs),
            (uses, &self.uses),
            (instructions, &self.instructions),
            (look.facts.lines.is_some(), &self.texts),
        ];
        wanted.extend(stated.into_iter().filter(|(there, _)| *there).flat_map(|(_, of)| of));
        if look.facts.tree.is_some() {
            wanted.extend(format_at(look.path).and_then(|format| self.trees.get(&format)).into_iter().flatten());
        }
        wanted.sort_unstable();
        wanted.dedup();
        let mut hits = Vec::new();
        for (rule, own) in wanted {
            let matcher = self.catalog.signals.get(rule).and_then(|of| of.any.get(own));
            hits.extend(matcher.into_iter().flat_map(|matcher| one(matcher, look)).map(|hit| (rule, hit)));
        }
        hits
    }
}

/// The first part of a dotted name.
fn first(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}

/// Every place where one matcher fits in the file.
pub(crate) fn one(matcher: &Matcher, look: &Look<'_>) -> Vec<Hit> {
    match matcher {
        Matcher::Path(m) => path(m, look),
        Matcher::Yaml(m) => trees::find(m, Format::Yaml, look),
        Matcher::Json(m) => trees::find(m, Format::Json, look),
        Matcher::Toml(m) => trees::find(m, Format::Toml, look),
        Matcher::Hcl(m) => trees::find(m, Format::Hcl, look),
        Matcher::Ini(m) => trees::find(m, Format::Ini, look),
        Matcher::Dockerfile(m) => text::instruction(m, look),
        Matcher::PythonImport(m) => code::import(m, look),
        Matcher::PythonCall(m) => code::call(m, look),
        Matcher::PythonBranch(m) => branch::branch(m, look),
        Matcher::ShellCommand(m) => text::command(m, look),
        Matcher::Uses(m) => text::uses(m, look),
        Matcher::Dependency(m) => dependency(m, look),
        Matcher::Text(m) => text::lines(m, look),
        Matcher::Git(_) => Vec::new(),
    }
}

/// Declared distributions. What a lock lists, or another distribution brings, nobody here has asked for.
fn dependency(matcher: &DependencyMatch, look: &Look<'_>) -> Vec<Hit> {
    let (names, locked) = matcher.parts();
    let stated = look.facts.facts.iter().enumerate();
    stated
        .filter_map(|(index, fact)| match &fact.kind {
            FactKind::Dependency(d) if names.all().contains(&d.name) => {
                let declared = !d.locked && d.group.as_deref() != Some("transitive");
                (declared || locked)
                    .then(|| Hit::new(fact.line, Owner::File, format!("dependency {}", d.name)).about(About::Stated(index)))
            }
            _ => None,
        })
        .collect()
}

fn path(matcher: &PathMatch, look: &Look<'_>) -> Vec<Hit> {
    let patterns = &look.catalog.patterns;
    let fits = |globs: &[String]| globs.iter().any(|g| patterns.glob(g, look.path));
    match matcher {
        PathMatch::Globs(globs) if fits(globs.all()) => vec![Hit::new(0, Owner::File, look.path.to_string())],
        PathMatch::Full(full) if fits(full.any.all()) && !fits(full.none.all()) => {
            if full.text.all().is_empty() {
                return vec![Hit::new(0, Owner::File, look.path.to_string())];
            }
            let Some(lines) = &look.facts.lines else { return Vec::new() };
            let line = lines.text.lines().position(|l| full.text.all().iter().any(|r| patterns.regex(r, l)));
            line.map(|l| Hit::new(l as u32 + 1, Owner::File, look.path.to_string())).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// Rules about commits and tags.
pub(crate) fn in_history(catalog: &Catalog, rule: usize, history: &History) -> Vec<Hit> {
    let mut hits = Vec::new();
    for matcher in &catalog.signals[rule].any {
        let Matcher::Git(m) = matcher else { continue };
        let by_whom = |c: &&Commit| m.bot.is_none_or(|bot| c.is_bot == bot);
        let found: Vec<(String, String, String)> = match (&m.subject, &m.tag) {
            (Some(subject), _) => history
                .commits
                .iter()
                .filter(by_whom)
                .filter(|c| catalog.patterns.regex(subject, &c.subject))
                .map(|c| (c.id.clone(), c.date.clone(), c.subject.clone()))
                .collect(),
            (None, Some(tag)) => history
                .tags
                .iter()
                .filter(|t| catalog.patterns.regex(tag, &t.name))
                .map(|t| (t.commit.clone(), t.date.clone(), t.name.clone()))
                .collect(),
            (None, None) => Vec::new(),
        };
        if found.len() >= m.at_least.max(1) {
            hits.extend(
                found
                    .into_iter()
                    .take(3)
                    .map(|(id, date, what)| Hit { commit: Some((id, date)), ..Hit::new(0, Owner::History, what) }),
            );
        }
    }
    hits
}

/// A history that consists of what an example says.
pub(crate) fn example_history(example: &Example) -> History {
    let date = "2026-01-01T00:00:00Z".to_owned();
    let commits = example
        .commits
        .iter()
        .enumerate()
        .map(|(n, subject)| Commit {
            id: format!("{n:040x}"),
            date: date.clone(),
            subject: subject.clone(),
            is_bot: subject.contains("[bot]"),
            ..Commit::default()
        })
        .collect();
    let tags =
        example.tags.iter().map(|name| Tag { name: name.clone(), commit: format!("{:040x}", 0), date: date.clone() }).collect();
    History::from_parts(State::Full, commits, tags)
}
