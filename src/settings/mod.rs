//! `treering.toml`: what the owner of a repository says about how it is to be read.
//!
//! Why: a scan is wrong at times, and whoever knows better must be able to say so where the next reader sees it. So the
//! file holds few things (what to leave out, which folder is a system, what the repository is, which rules do not count),
//! and whatever takes something away from a rule gives a reason. Invariants: a setting names no command and no path
//! outside of the repository; an unknown key, a wrong type or a missing reason is a mistake with its line, and with one
//! mistake nothing is scanned; what a setting changed is told in the report, never silent.

mod schema;

use std::collections::BTreeSet;

use globset::{GlobSet, GlobSetBuilder};

use crate::error::RuleError;
use crate::rules::pattern;
use crate::source;
use crate::syntax::toml;
use crate::syntax::tree::{Kind, Node, Style};
use crate::words::SubjectKind;

pub(crate) use schema::schema;

/// The name of the file, at the root of the repository.
pub(crate) const NAME: &str = "treering.toml";
/// The largest file of settings that is read, in bytes.
pub(crate) const LARGEST: u64 = 256 << 10;
/// The most entries of one list.
const MOST: usize = 1_000;
/// The longest text of a setting, in characters.
const LONGEST: usize = 1_000;

/// The keys at the top, and those of each table; of a table all must be there.
const TOP: &[&str] = &["exclude", "system", "subject", "off"];
const SYSTEM: &[&str] = &["name", "path"];
const SUBJECT: &[&str] = &["kind", "reason"];
const OFF: &[&str] = &["rule", "reason"];

/// What a file of settings asks for, checked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Settings {
    /// The file's name, as the report shows it.
    pub(crate) file: String,
    /// Whether it lies at the root of the scanned repository; otherwise it is the user's.
    pub(crate) in_repository: bool,
    /// Files that are not read.
    pub(crate) exclude: Exclude,
    /// Folders that are one system each.
    pub(crate) systems: Vec<Named>,
    /// What the repository is.
    pub(crate) subject: Option<Correction>,
    /// Rules that do not count.
    pub(crate) off: Vec<Off>,
}

/// Patterns of paths. A pattern that fits a folder fits everything beneath it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Exclude {
    /// The patterns as written, with their lines.
    pub(crate) globs: Vec<(String, u32)>,
    set: GlobSet,
}

/// A folder that is one system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    /// What to call it.
    pub(crate) name: String,
    /// The folder; `.` is the root.
    pub(crate) path: String,
    /// Where this is said.
    pub(crate) line: u32,
}

/// What the repository is, by its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Correction {
    /// The kind.
    pub(crate) kind: SubjectKind,
    /// Why.
    pub(crate) reason: String,
    /// Where this is said.
    pub(crate) line: u32,
}

/// A signal or practice that does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Off {
    /// Its id.
    pub(crate) rule: String,
    /// Why.
    pub(crate) reason: String,
    /// Where this is said.
    pub(crate) line: u32,
}

impl Exclude {
    /// The first pattern that fits a path, by its number in [`Exclude::globs`].
    pub(crate) fn fits(&self, path: &str) -> Option<usize> {
        // each pattern stands twice in the set: for itself and for what lies beneath it
        self.set.matches(path).into_iter().min().map(|at| at / 2)
    }
}

impl Settings {
    /// Where a setting stands, as a reader finds it.
    pub(crate) fn place(&self, line: u32) -> String {
        format!("{}:{line}", self.file)
    }

    /// Ids of the rules that do not count.
    pub(crate) fn switched_off(&self) -> BTreeSet<String> {
        self.off.iter().map(|off| off.rule.clone()).collect()
    }

    /// The name and line of the system that a folder was declared to be.
    pub(crate) fn system_at(&self, path: &str) -> Option<&Named> {
        self.systems.iter().find(|s| s.path == path)
    }
}

/// Reads a file of settings. `known` are the ids of signals and practices; `near` finds those that a wrong one may mean.
///
/// # Errors
/// Every mistake, with its line.
pub(crate) fn read(
    file: &str,
    bytes: &[u8],
    known: &dyn Fn(&str) -> bool,
    near: &dyn Fn(&str) -> Vec<String>,
) -> Result<Settings, Vec<RuleError>> {
    let mut reading = Reading { file, wrong: Vec::new() };
    let Ok(text) = std::str::from_utf8(bytes) else {
        reading.mistake(0, "it is no UTF-8 text; save it as UTF-8");
        return Err(reading.wrong);
    };
    let parsed = toml::parse(text.trim_start_matches('\u{feff}'));
    for error in &parsed.errors {
        reading.mistake(error.line, format!("this is no TOML: {}; mend the line", error.message.trim_end_matches('.')));
    }
    let mut settings = Settings { file: file.to_owned(), ..Settings::default() };
    if let Some(root) = parsed.tree.root().filter(|_| reading.wrong.is_empty()) {
        reading.keys(root, TOP, "at the top");
        settings.exclude = reading.exclude(root);
        settings.systems = reading.systems(root);
        settings.subject = reading.subject(root);
        settings.off = reading.off(root, known, near);
    }
    reading.wrong.sort();
    reading.wrong.dedup();
    if reading.wrong.is_empty() { Ok(settings) } else { Err(reading.wrong) }
}

/// The file while it is read, and what is wrong with it.
struct Reading<'r> {
    file: &'r str,
    wrong: Vec<RuleError>,
}

impl Reading<'_> {
    fn mistake(&mut self, line: u32, message: impl Into<String>) {
        self.wrong.push(RuleError { path: self.file.to_owned(), line, message: message.into() });
    }

    /// A key that nobody reads is a typo: what it asks for would be missing in silence.
    fn keys(&mut self, table: Node<'_>, known: &[&str], place: &str) {
        for (key, _) in table.entries().filter(|(key, _)| !known.contains(&key.text)) {
            let shown: String = key.text.chars().take(60).collect();
            let meant = known.iter().filter(|k| alike(k, key.text)).map(|k| format!("; did you mean `{k}`?")).next();
            let all = known.iter().map(|k| format!("`{k}`")).collect::<Vec<_>>().join(", ");
            self.mistake(
                key.line,
                format!("there is no key `{shown}` {place}{} the keys are {all}", meant.unwrap_or_else(|| ";".to_owned())),
            );
        }
    }

    /// A text in quotes that says something.
    fn text(&mut self, node: Node<'_>, what: &str) -> Option<String> {
        let quoted = matches!(node.style(), Style::Quoted | Style::Literal | Style::Folded);
        let text = node.text().filter(|_| quoted).map(str::trim);
        match text {
            Some(text) if !text.is_empty() && text.chars().count() <= LONGEST => Some(text.to_owned()),
            Some(text) if !text.is_empty() => {
                self.mistake(node.line(), format!("{what} is longer than {LONGEST} characters; shorten it"));
                None
            }
            _ => {
                self.mistake(node.line(), format!("{what} must be a text in quotes that is not empty"));
                None
            }
        }
    }

    /// A text under a key that must be there.
    fn required(&mut self, table: Node<'_>, key: &str, place: &str, why: &str) -> Option<String> {
        match table.get(key) {
            Some(node) => self.text(node, &format!("`{key}`")),
            None => {
                self.mistake(table.line(), format!("{place} needs `{key}`, {why}"));
                None
            }
        }
    }

    /// The items of a list; a mistake where it is none or too long.
    fn list<'t>(&mut self, root: Node<'t>, key: &str, form: &str) -> Vec<Node<'t>> {
        let Some(node) = root.get(key) else { return Vec::new() };
        let line = root.key_line(key).unwrap_or(0);
        if node.kind() != Kind::Seq {
            self.mistake(line, format!("`{key}` must be a list; write {form}"));
            return Vec::new();
        }
        let items: Vec<Node<'t>> = node.items().take(MOST + 1).collect();
        if items.len() > MOST {
            self.mistake(line, format!("`{key}` has more than {MOST} entries; a pattern or folder says it in fewer"));
            return Vec::new();
        }
        items
    }

    fn tables<'t>(&mut self, root: Node<'t>, key: &str, known: &[&str]) -> Vec<Node<'t>> {
        let form = format!("each entry under a line [[{key}]]");
        let mut tables = self.list(root, key, &form);
        tables.retain(|table| {
            let fits = table.kind() == Kind::Map;
            if fits {
                self.keys(*table, known, &format!("in [[{key}]]"));
            } else {
                self.mistake(table.line(), format!("an entry of `{key}` must be a table; write {form}"));
            }
            fits
        });
        tables
    }

    fn exclude(&mut self, root: Node<'_>) -> Exclude {
        let mut globs = Vec::new();
        let mut builder = GlobSetBuilder::new();
        for node in self.list(root, "exclude", "exclude = [\"archive/**\"]") {
            let Some(text) = self.text(node, "a pattern of `exclude`") else { continue };
            let line = node.line();
            let pattern = text.strip_prefix("./").unwrap_or(&text).trim_end_matches('/');
            let whole = matches!(pattern, "" | ".").then_some("is the whole repository");
            if let Some(wrong) = leads_out(&text).or(whole) {
                self.mistake(line, format!("`{text}` {wrong}; write a pattern relative to the root, such as \"archive/**\""));
                continue;
            }
            match (pattern::glob(pattern), pattern::glob(&format!("{pattern}/**"))) {
                (Ok(own), Ok(beneath)) => {
                    builder.add(own);
                    builder.add(beneath);
                    globs.push((text, line));
                }
                (Err(why), _) | (_, Err(why)) => self.mistake(line, format!("{why}; mend the pattern")),
            }
        }
        let set = builder.build().unwrap_or_else(|error| {
            self.mistake(root.key_line("exclude").unwrap_or(0), format!("the patterns cannot be used together: {error}"));
            GlobSet::empty()
        });
        Exclude { globs, set }
    }

    fn systems(&mut self, root: Node<'_>) -> Vec<Named> {
        let mut found: Vec<Named> = Vec::new();
        for table in self.tables(root, "system", SYSTEM) {
            let name = self.required(table, "name", "a system", "what the report calls it");
            let path = self.required(table, "path", "a system", "the folder that it is");
            let (Some(name), Some(text)) = (name, path) else { continue };
            let line = table.key_line("path").unwrap_or_else(|| table.line());
            let path = match leads_out(&text) {
                None => source::join(".", &text),
                Some(_) => None,
            };
            let Some(path) = path else {
                self.mistake(line, format!("`{text}` is no folder of this repository; write a path relative to its root"));
                continue;
            };
            if let Some(other) = found.iter().find(|s| s.path == path) {
                let before = other.line;
                self.mistake(line, format!("`{path}` is named in line {before} already; a folder is one system"));
                continue;
            }
            found.push(Named { name, path, line });
        }
        found
    }

    fn subject(&mut self, root: Node<'_>) -> Option<Correction> {
        let table = root.get("subject")?;
        if table.kind() != Kind::Map {
            self.mistake(root.key_line("subject").unwrap_or(0), "`subject` must be a table; write a line [subject]");
            return None;
        }
        self.keys(table, SUBJECT, "in [subject]");
        let reason = self.required(table, "reason", "a correction", "because readers will ask why");
        let text = self.required(table, "kind", "a correction", "what the repository is")?;
        let line = table.key_line("kind").unwrap_or_else(|| table.line());
        let Some(kind) = SubjectKind::from_word(&text) else {
            let all = SubjectKind::ALL.iter().map(|k| k.word()).collect::<Vec<_>>().join(", ");
            self.mistake(line, format!("`{text}` is no kind of subject; write one of {all}"));
            return None;
        };
        Some(Correction { kind, reason: reason?, line })
    }

    fn off(&mut self, root: Node<'_>, known: &dyn Fn(&str) -> bool, near: &dyn Fn(&str) -> Vec<String>) -> Vec<Off> {
        let mut found: Vec<Off> = Vec::new();
        for table in self.tables(root, "off", OFF) {
            let reason = self.required(table, "reason", "a rule that is switched off", "because readers will ask why");
            let rule = self.required(table, "rule", "a rule that is switched off", "its id; `treering rules list` names them");
            let Some(rule) = rule else { continue };
            let line = table.key_line("rule").unwrap_or_else(|| table.line());
            if !known(&rule) {
                let meant = near(&rule).join(", ");
                let meant = if meant.is_empty() { ";".to_owned() } else { format!("; did you mean {meant}?") };
                self.mistake(
                    line,
                    format!("there is no signal or practice `{rule}`{meant} `treering rules list` names them all"),
                );
                continue;
            }
            if found.iter().any(|off| off.rule == rule) {
                self.mistake(line, format!("`{rule}` is switched off twice; keep one of the two"));
                continue;
            }
            found.extend(reason.map(|reason| Off { rule, reason, line }));
        }
        found
    }
}

/// Why a path or pattern could mean something outside of the repository.
fn leads_out(path: &str) -> Option<&'static str> {
    let drive = path.as_bytes().get(1) == Some(&b':');
    if path.starts_with(['/', '~']) || drive {
        Some("is no path inside the repository")
    } else if path.split('/').any(|part| part == "..") {
        Some("leads out of the folder it begins in")
    } else if path.contains('\\') {
        Some("has a backslash")
    } else if path.starts_with('!') {
        Some("takes nothing back, as it would in an ignore file")
    } else {
        None
    }
}

/// Whether a name may be meant by another one: two letters at most are other ones.
pub(crate) fn alike(known: &str, written: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (known.chars().collect(), written.to_lowercase().chars().take(40).collect());
    let same = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let rest = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count().min(a.len().min(b.len()) - same);
    a.len().max(b.len()) - same - rest <= 2 || written.strip_suffix('s') == Some(known)
}

#[cfg(test)]
mod tests;
