//! Rules as data: loading and checking the YAML of signals, practices and maturity models.
//!
//! Built-in rules and a user's go through the same door. All mistakes come at once, each with file and line; nothing
//! unchecked is ever in a [`Catalog`].

pub(crate) mod callables;
mod check;
pub(crate) mod constructs;
mod explain;
mod forms;
pub(crate) mod interpreter;
pub(crate) mod model;
pub(crate) mod needles;
pub(crate) mod orchestrator;
pub(crate) mod pattern;
pub(crate) mod practice;
pub(crate) mod programs;
pub(crate) mod signal;
pub(crate) mod surroundings;
pub(crate) mod unread;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use crate::error::{Error, RuleError};
use crate::syntax::shell::Wrapper;
pub use explain::{Explained, Explanation, Listed, Summary, Weighing};
use model::Model;
use needles::Needles;
use orchestrator::Orchestrator;
use pattern::{Compile, Patterns};
use practice::PracticeRule;
use signal::SignalRule;
use unread::{Kinds, Unread};

/// A rule file that comes with treering.
struct BuiltIn {
    /// Path below `rules/`.
    path: &'static str,
    /// The file as it was written.
    text: &'static str,
    /// What it says, as the build script prepared it.
    json: &'static str,
}

/// In the order of their paths.
static BUILT_IN: &[BuiltIn] = &include!(concat!(env!("OUT_DIR"), "/built_in_rules.rs"));

/// Largest rule file, in bytes.
const LARGEST: usize = 1 << 20;
/// Deepest nesting of brackets on a line of a rule file; deeper ones cost the parser quadratic time.
const DEPTH: usize = 32;
/// The same over lines, where brackets in texts that are never closed add up as well.
const DEPTH_OVER_LINES: usize = 1_000;

/// All rules, loaded and checked.
#[derive(Debug)]
pub struct Catalog {
    /// Signal rules, in the order of their ids.
    pub(crate) signals: Vec<SignalRule>,
    /// Practice rules and probes, in the order of their ids.
    pub(crate) practices: Vec<PracticeRule>,
    /// Maturity models, in the order that they ask for, then of their ids.
    pub(crate) models: Vec<Model>,
    /// Automation that is known and not followed yet.
    pub(crate) unread: Vec<Unread>,
    /// Which of them a path is.
    pub(crate) unread_at: Kinds,
    /// Programs that run the command given to them.
    pub(crate) wrappers: Vec<Wrapper>,
    /// What a bare Python has, and what the best-known distributions bring.
    pub(crate) interpreter: interpreter::Table,
    /// What programs do with the files that they are given.
    pub(crate) programs: programs::Programs,
    /// What CI services set by themselves.
    pub(crate) surroundings: surroundings::Surroundings,
    /// What Python callables run.
    pub(crate) callables: callables::Callables,
    /// What programs declare stacks by.
    pub(crate) constructs: constructs::Constructs,
    /// Orchestrators whose pipelines are written in Python, in the order of their files.
    pub(crate) orchestrators: Vec<Orchestrator>,
    /// Regular expressions and globs of all rules, compiled.
    pub(crate) patterns: Patterns,
    /// Which words must stand in a text before it is worth parsing.
    pub(crate) needles: Needles,
    /// Digest of all rule files, 16 hexadecimal digits.
    pub(crate) digest: String,
    origins: BTreeMap<String, (String, u32)>,
    texts: BTreeMap<String, String>,
}

impl Catalog {
    /// The rules that come with treering.
    ///
    /// # Errors
    ///
    /// [`Error::Rules`] with every mistake; a test sees to it that there are none.
    pub fn embedded() -> Result<Self, Error> {
        Self::of_files(&built_in_files(), BUILT_IN.len(), Compile::WhenAsked)
    }

    /// The built-in rules and those of the user's folders, in that order; every pattern is compiled at once.
    ///
    /// # Errors
    ///
    /// [`Error::Unreadable`] for a folder that cannot be read, [`Error::Rules`] with every mistake in a rule.
    pub fn load(folders: &[PathBuf]) -> Result<Self, Error> {
        let mut files: Vec<(String, String)> = BUILT_IN.iter().map(|file| (file.path.to_owned(), file.text.to_owned())).collect();
        for folder in folders {
            files.extend(of_folder(folder)?);
        }
        Self::of(&files, BUILT_IN.len(), Compile::AtOnce)
    }

    /// From the texts of rule files with their paths; the first `own` of them are the built-in ones.
    pub(crate) fn of(files: &[(String, String)], own: usize, compile: Compile) -> Result<Self, Error> {
        let files: Vec<RuleFile<'_>> = files.iter().map(|(path, text)| RuleFile { path, text, json: None }).collect();
        Self::of_files(&files, own, compile)
    }

    fn of_files(files: &[RuleFile<'_>], own: usize, compile: Compile) -> Result<Self, Error> {
        let mut wrong: Vec<RuleError> = Vec::new();
        let mut loading = check::Loading::default();
        let mut tables = BTreeMap::new();
        for (index, (file, parsed)) in files.iter().zip(parse_all(files)).enumerate() {
            let (path, text, user) = (file.path, file.text, index >= own);
            match parsed {
                Ok(Parsed::Signals(rules)) => loading.signals(path, text, rules, user, &mut wrong),
                Ok(Parsed::Practices(rules)) => loading.practices(path, text, rules, user, &mut wrong),
                Ok(Parsed::Model(model)) => loading.model(path, text, *model, &mut wrong),
                Ok(Parsed::Other) if !user => {
                    tables.insert(path, *file);
                }
                Ok(Parsed::Other) => {
                    let message = "a rule file lies in signals/, practices/ or models/; move it there".to_owned();
                    wrong.push(RuleError { path: path.to_owned(), line: 0, message });
                }
                Err(mistakes) => wrong.extend(mistakes),
            }
        }
        let wrappers: Vec<Wrapper> = table("wrappers.yaml", &tables, &mut wrong);
        let unread: Vec<Unread> = table("unread.yaml", &tables, &mut wrong);
        let interpreter: interpreter::Table = table("interpreter.yaml", &tables, &mut wrong);
        let programs: programs::Programs = table("programs.yaml", &tables, &mut wrong);
        let surroundings: surroundings::Surroundings = table("surroundings.yaml", &tables, &mut wrong);
        let callables: callables::Callables = table("callables.yaml", &tables, &mut wrong);
        let constructs: constructs::Constructs = table("constructs.yaml", &tables, &mut wrong);
        let mut orchestrators: Vec<Orchestrator> = Vec::new();
        for file in tables.values().filter(|file| file.path.starts_with("orchestrators/")) {
            match file.read::<Orchestrator>() {
                Ok(read) => orchestrators.push(read),
                Err(mistakes) => wrong.extend(mistakes),
            }
        }
        let check::Loading { mut signals, mut practices, mut models, origins } = loading;
        // ids are there once
        signals.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        practices.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        models.sort_unstable_by(|a, b| (a.order, &a.id).cmp(&(b.order, &b.id)));
        let mut patterns = Patterns::new(compile);
        let kinds = Kinds::of(&unread).unwrap_or_else(|message| {
            wrong.push(RuleError { path: "unread.yaml".to_owned(), line: 0, message });
            Kinds::default()
        });
        match compile {
            Compile::AtOnce => check::check(&signals, &practices, &models, &origins, &mut patterns, &mut wrong),
            Compile::WhenAsked => check::trusted(&signals, &mut patterns),
        }
        if !wrong.is_empty() {
            wrong.sort();
            wrong.dedup();
            return Err(Error::Rules(wrong));
        }
        let needles = Needles::of(&signals);
        Ok(Self {
            signals,
            practices,
            models,
            unread,
            unread_at: kinds,
            wrappers,
            interpreter,
            programs,
            surroundings,
            callables,
            constructs,
            orchestrators,
            patterns,
            needles,
            digest: digest(files),
            origins,
            texts: tables.into_iter().map(|(path, file)| (path.to_owned(), file.text.to_owned())).collect(),
        })
    }

    /// The matchers of scopes, which are compiled where they are used.
    pub(crate) fn text(&self, path: &str) -> &str {
        self.texts.get(path).map_or("", String::as_str)
    }

    /// The rule file of an id.
    pub(crate) fn file_of(&self, id: &str) -> &str {
        self.origins.get(id).map_or("", |(path, _)| path)
    }

    /// Where a rule stands, for a mistake in it.
    pub(crate) fn mistake(&self, id: &str, message: String) -> RuleError {
        let (path, line) = self.origins.get(id).cloned().unwrap_or_default();
        RuleError { path, line, message }
    }

    /// Whether some rule asks for keys of documents at such a path.
    pub(crate) fn wants_tree(&self, path: &str) -> bool {
        pattern::format_at(path).is_some_and(|format| self.needles.formats.contains(&format))
    }

    /// Whether some rule looks at the lines of texts at such a path.
    pub(crate) fn wants_text(&self, path: &str) -> bool {
        self.needles.wants_text(path)
    }

    /// Whether a name is the import root of a tool that models are made or served with.
    pub(crate) fn knows_import(&self, name: &str) -> bool {
        self.needles.roots.contains(name)
    }
}

/// The JSON Schema of a file of signal rules, pretty, with a final line feed.
pub(crate) fn schema() -> String {
    let schema = schemars::schema_for!(Vec<SignalRule>);
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}

fn built_in_files() -> Vec<RuleFile<'static>> {
    BUILT_IN.iter().map(|file| RuleFile { path: file.path, text: file.text, json: Some(file.json) }).collect()
}

/// Rule files of a user's folder, by path.
fn of_folder(folder: &Path) -> Result<Vec<(String, String)>, Error> {
    let unreadable = |path: &Path, reason: String| Error::Unreadable { path: path.to_owned(), reason };
    let mut files = Vec::new();
    for entry in walkdir::WalkDir::new(folder).follow_links(false).max_depth(6).sort_by_file_name() {
        let entry = entry.map_err(|e| unreadable(folder, e.to_string()))?;
        let named = entry.path().extension().is_some_and(|e| e == "yaml" || e == "yml");
        if !entry.file_type().is_file() || !named {
            continue;
        }
        let relative = entry.path().strip_prefix(folder).unwrap_or(entry.path());
        // fixtures of a rule set lie beside it and are no rules
        if relative.components().any(|c| c.as_os_str() == "fixtures") {
            continue;
        }
        let text = std::fs::read_to_string(entry.path()).map_err(|e| unreadable(entry.path(), e.to_string()))?;
        files.push((relative.to_string_lossy().replace('\\', "/"), text));
    }
    Ok(files)
}

/// A list or table in a built-in file of its own.
fn table<T: DeserializeOwned + Default>(path: &str, tables: &BTreeMap<&str, RuleFile<'_>>, wrong: &mut Vec<RuleError>) -> T {
    match tables.get(path).map(RuleFile::read) {
        Some(Ok(read)) => read,
        Some(Err(mistakes)) => {
            wrong.extend(mistakes);
            T::default()
        }
        None => T::default(),
    }
}

fn sized(path: &str, text: &str) -> Result<(), RuleError> {
    let mistake = |line: u32, message: String| RuleError { path: path.to_owned(), line, message };
    if text.len() > LARGEST {
        return Err(mistake(0, format!("larger than {LARGEST} bytes; split it")));
    }
    let mut over_lines = 0_usize;
    for (line, row) in (1_u32..).zip(text.lines()) {
        let mut depth = 0_usize;
        for byte in row.bytes() {
            match byte {
                b'[' | b'{' => (depth, over_lines) = (depth + 1, over_lines + 1),
                b']' | b'}' => (depth, over_lines) = (depth.saturating_sub(1), over_lines.saturating_sub(1)),
                _ => {}
            }
            if depth > DEPTH || over_lines > DEPTH_OVER_LINES {
                return Err(mistake(line, format!("brackets nest deeper than {DEPTH}; write blocks instead")));
            }
        }
    }
    Ok(())
}

/// What a rule file holds, by the folder that it lies in.
enum Parsed {
    Signals(Vec<SignalRule>),
    Practices(Vec<PracticeRule>),
    Model(Box<Model>),
    /// A table of its own.
    Other,
}

/// One rule file on its way in.
#[derive(Debug, Clone, Copy)]
struct RuleFile<'t> {
    /// Path below the folder of rules.
    path: &'t str,
    text: &'t str,
    /// What the text says, where the build has prepared it.
    json: Option<&'static str>,
}

impl RuleFile<'_> {
    fn parse(&self) -> Result<Parsed, Vec<RuleError>> {
        sized(self.path, self.text).map_err(|mistake| vec![mistake])?;
        match self.path.split('/').rev().nth(1).unwrap_or("") {
            _ if self.path.contains("signals/") => self.read().map(Parsed::Signals),
            "practices" => self.read().map(Parsed::Practices),
            "models" => model::load(self.path, self.text, self.json).map(|model| Parsed::Model(Box::new(model))),
            _ => Ok(Parsed::Other),
        }
    }

    fn read<T: DeserializeOwned>(&self) -> Result<T, Vec<RuleError>> {
        let mistake = |line: usize, message: String| {
            let line = u32::try_from(line).unwrap_or(0);
            vec![RuleError { path: self.path.to_owned(), line, message: format!("{message}; rules/README.md lists the keys") }]
        };
        if let Some(json) = self.json {
            return serde_json::from_str(json).map_err(|e| mistake(0, e.to_string()));
        }
        serde_yaml::with::singleton_map_recursive::deserialize(serde_yaml::Deserializer::from_str(self.text))
            .map_err(|e: serde_yaml::Error| mistake(e.location().map_or(0, |l| l.line()), e.to_string()))
    }
}

/// Every file, in order; two threads share them.
fn parse_all(files: &[RuleFile<'_>]) -> Vec<Result<Parsed, Vec<RuleError>>> {
    let all: usize = files.iter().map(|file| file.text.len()).sum();
    let mut so_far = 0;
    let half = files.iter().take_while(|file| {
        so_far += file.text.len();
        so_far <= all / 2
    });
    let (first, rest) = files.split_at(half.count());
    let of = |files: &[RuleFile<'_>]| files.iter().map(RuleFile::parse).collect::<Vec<_>>();
    std::thread::scope(|scope| {
        let beside = scope.spawn(|| of(first));
        let rest = of(rest);
        // a reader that panics is a defect of the rules' own types: the thread that asked panics as it would have done
        let mut all = beside.join().unwrap_or_else(|cause| std::panic::resume_unwind(cause));
        all.extend(rest);
        all
    })
}

fn digest(files: &[RuleFile<'_>]) -> String {
    let mut hasher = xxhash_rust::xxh3::Xxh3::new();
    for file in files {
        hasher.update(file.path.as_bytes());
        hasher.update(&[0]);
        hasher.update(file.text.as_bytes());
        hasher.update(&[0]);
    }
    format!("{:016x}", hasher.digest())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the build prepares a rule otherwise than YAML would be read, the scan goes by other rules than `rules check`.
    #[test]
    fn prepared_rules_say_what_their_yaml_says() {
        let said = |catalog: Catalog| {
            [
                format!("{:#?}", catalog.signals),
                format!("{:#?}", catalog.practices),
                format!("{:#?}", catalog.models),
                format!("{:#?}", catalog.unread),
                format!("{:#?}", catalog.wrappers),
                format!("{:#?}", catalog.interpreter),
                format!("{:#?}", catalog.programs),
                format!("{:#?}", catalog.surroundings),
                format!("{:#?}", catalog.orchestrators),
                format!("{:#?}", catalog.origins),
                catalog.digest,
            ]
        };
        let prepared = said(Catalog::embedded().unwrap());
        for (prepared, read) in prepared.iter().zip(said(Catalog::load(&[]).unwrap())) {
            for (prepared, read) in prepared.lines().zip(read.lines()) {
                assert_eq!(prepared, read);
            }
            assert_eq!(prepared.len(), read.len());
        }
    }
}
