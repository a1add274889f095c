//! The result as plain, versioned data: the only type that is written down for others.
//!
//! Why: people, gates and programs read the same claims, so the claims exist once, as data, and every renderer
//! only puts them into words. The JSON form is this data, field by field; its schema is generated from it.
//!
//! Invariants: owned and ordered (no map without an order), no absolute path, no clock, no machine; every text
//! that comes from a scanned file has passed [`redact`]; the names of fields are a promise, kept by
//! [`SCHEMA_VERSION`].

pub(crate) mod compile;
pub(crate) mod copies;
mod model;
mod places;
pub(crate) mod redact;
mod story;
mod system;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use crate::words::{Because, EdgeKind, Observability, Op, Strength, SubjectKind, TriggerKind, Unknown, Verdict};
pub use model::{Assessment, Blocking, Criterion, Dimension, Reached, Row, Three};
pub use story::{Deed, Story, When};
pub use system::{
    Cause, Chain, ChainHead, Evidence, Hop, Lookalike, NearestMiss, OpenEnd, Practice, Remedied, RemedyKind, Starter, Step,
    StepName, System,
};

/// The version of the report's form. The first number changes when a field is renamed, removed or changes its
/// meaning; the second when fields are added.
pub const SCHEMA_VERSION: &str = "1.0";

/// What treering says of one repository, and how it knows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// Version of this form, `major.minor`. A reader of one major version may ignore fields that it does not know.
    pub schema_version: String,
    /// What made the report.
    pub tool: Tool,
    /// What every claim means: the repository declares it. Whether it ran cannot be seen.
    pub claim: Claim,
    /// Everything that decided the verdicts besides the tree itself. Nothing else entered.
    pub inputs: Inputs,
    /// What was scanned.
    pub repository: Repository,
    /// The few numbers that a dashboard shows.
    pub summary: Summary,
    /// The systems that train or serve a model, by path; `primary` marks one.
    pub systems: Vec<System>,
    /// What was read and what was not.
    pub coverage: Coverage,
    /// What could not be read or followed. Never taken for absence of evidence.
    pub notices: Vec<Notice>,
}

/// The program and its rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tool {
    /// Always `treering`.
    pub name: String,
    /// Version of the program.
    pub version: String,
    /// The rules that judged.
    pub ruleset: Ruleset,
}

/// Which rules judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ruleset {
    /// Version of the rules that come with the program.
    pub version: String,
    /// Fingerprint of all rules that were used, those of the user included.
    pub digest: String,
}

/// What a claim of this report means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Claim {
    /// Written down in the repository; that it runs, and succeeds, is not visible there.
    Declared,
}

/// What decided the verdicts besides the files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Inputs {
    /// Where the files were taken from.
    pub tree: FilesFrom,
    /// The revision that was asked for, as the user wrote it.
    pub revision: Option<String>,
    /// Ids of the maturity models that were applied, sorted.
    pub models: Vec<String>,
    /// The day from which age was counted back (`YYYY-MM-DD`); commits and tags after it did not count. Without one it is
    /// the day of the newest commit.
    pub as_of: Option<String>,
    /// The folder that the scan was pointed at, below the root of the repository: only systems of it are reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below: Option<String>,
    /// What a file of settings changed; none where there is no such file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<SettingsInput>,
    /// Copies of other repositories that were given beside what was scanned, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub with: Vec<WithInput>,
    /// What was known of the history; none outside Git.
    pub history: Option<HistoryInput>,
}

/// A copy of another repository: what is named in it was followed there, and nothing else of it counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WithInput {
    /// What references to it call it, `OWNER/NAME`.
    pub repository: String,
    /// Id of the commit that it stands on, in full; none outside Git.
    pub commit: Option<String>,
    /// Whether its files differ from the commit, or may; null outside Git.
    pub dirty: Option<bool>,
}

/// A file of settings, and what each of its entries changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SettingsInput {
    /// The name of the file.
    pub file: String,
    /// Whether it stands at the root of the scanned repository; otherwise the user gave it with `--config`.
    pub in_repository: bool,
    /// Its entries, in the order of their lines.
    pub entries: Vec<SettingEntry>,
    /// What the same files come to without the file of settings; none where it changed nothing but which files are read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub without: Option<Without>,
}

/// What a repository comes to without its file of settings. Files that the settings leave out stay out here too, for they
/// were not read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Without {
    /// What the subject is then found to be.
    pub subject: Option<SubjectKind>,
    /// Number of systems.
    pub systems: u64,
    /// Levels of the primary system, by the names that gates have for them (`azure`, `gigaom.modeling`).
    pub levels: BTreeMap<String, u8>,
}

impl SettingsInput {
    /// That it changed what was judged, on which lines, and what the levels are without it; none where no entry changed
    /// anything. `summary` is that of the report.
    pub fn told(&self, report: &Report) -> Option<String> {
        let lines: Vec<String> = self.entries.iter().filter(|e| e.touched > 0).map(|e| e.line.to_string()).collect();
        let word = if lines.len() == 1 { "line" } else { "lines" };
        let compared = self.compared(report).map(|told| format!("; {told}")).unwrap_or_default();
        (!lines.is_empty()).then(|| format!("{} changed what was judged ({word} {}){compared}", self.file, lines.join(", ")))
    }

    /// What the levels are without the file, and what of that was not compared; none where nothing was changed.
    pub fn compared(&self, report: &Report) -> Option<String> {
        let left_out = self.entries.iter().any(|e| e.key == SettingKey::Exclude && e.touched > 0);
        let unread = "what the files left out would change was not compared";
        let Some(without) = &self.without else { return left_out.then(|| unread.to_owned()) };
        let primary = report.systems.iter().find(|s| s.primary);
        let now = primary.map(System::levels).unwrap_or_default();
        let names: BTreeSet<&String> = now.keys().chain(without.levels.keys()).collect();
        let other = |name: &&String| now.get(*name) != without.levels.get(*name);
        let level = |name: &String| without.levels.get(name).map_or_else(|| "no".to_owned(), u8::to_string);
        let is = |name: &String| now.get(name).map_or_else(|| "none".to_owned(), u8::to_string);
        let changed: Vec<String> =
            names.into_iter().filter(other).map(|name| format!("{name} level {}, not {}", level(name), is(name))).collect();
        let told = match (without.levels.is_empty(), now.is_empty()) {
            (true, false) => "without it no level is claimed".to_owned(),
            _ if changed.is_empty() => "without it the levels are the same".to_owned(),
            _ => format!("without it: {}", changed.join("; ")),
        };
        Some(if left_out { format!("{told}; {unread}") } else { told })
    }
}

/// One entry of a file of settings.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct SettingEntry {
    /// Where it stands, 1-based.
    pub line: u32,
    /// What it is for.
    pub key: SettingKey,
    /// What it names: a pattern, the path of a system, a kind of subject, the id of a rule.
    pub names: String,
    /// Why, in the words of whoever wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What it changed, in a few words.
    pub effect: String,
    /// How many files, places, roots or practices it touched; 0 where it changed nothing.
    pub touched: u64,
}

/// What an entry of a file of settings is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SettingKey {
    /// Files are not read.
    Exclude,
    /// A folder is one system.
    System,
    /// The subject is corrected.
    Subject,
    /// A rule does not count.
    Off,
}

/// Where the files were taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FilesFrom {
    /// The tracked files as they are on disk, with the untracked ones that Git does not ignore.
    WorkTree,
    /// The files of one revision.
    Revision,
    /// A folder that is no Git repository.
    Folder,
}

/// What was known of the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HistoryInput {
    /// Number of commits that were read.
    pub commits: u64,
    /// Number of branches that are known, local and remote.
    pub branches: u64,
    /// Number of tags.
    pub tags: u64,
    /// Whether older commits exist that are not in this clone, or were not read.
    pub cut_off: bool,
}

/// What was scanned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Repository {
    /// Id of the commit, in full; none outside Git or before the first commit.
    pub commit: Option<String>,
    /// When it was committed, RFC 3339.
    pub committed_at: Option<String>,
    /// Whether the files differ from the commit; null where that cannot be told, as outside Git.
    pub dirty: Option<bool>,
    /// Number of files that differ from the commit or are not tracked.
    pub changed: u64,
    /// Address of the remote, without user information.
    pub remote: Option<String>,
    /// Id of its oldest commit, by which a clone without a remote is told from another; none outside Git, and where the
    /// clone does not hold the whole history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_commit: Option<String>,
    /// What the repository is.
    pub subject: Subject,
}

/// What the repository is, and why this is thought.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Subject {
    /// The kind. Levels are claimed for systems; for kinds without one, no level is claimed, never "level 0".
    pub kind: SubjectKind,
    /// One sentence.
    pub why: String,
    /// Where it is seen.
    pub evidence: Vec<Evidence>,
}

/// The few numbers that a dashboard shows. Those of practices and levels are of the primary system.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// Number of systems, those that a template would generate left out.
    pub systems: u64,
    /// Path of the primary system.
    pub primary: Option<String>,
    /// Level by model id; null where the model gives no overall number.
    pub levels: BTreeMap<String, Option<u8>>,
    /// Number of practices by verdict.
    pub practices: Counts,
    /// Number of notices.
    pub notices: u64,
}

/// Number of practices by verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    /// Declared, every hop read.
    pub met: u64,
    /// Signs are there, the chain is incomplete or partly assumed.
    pub indicated: u64,
    /// Stated by a person, with a date.
    pub attested: u64,
    /// Looked for and not found.
    pub not_shown: u64,
    /// Evidence against.
    pub contradicted: u64,
    /// Could not be looked for.
    pub unknown: u64,
    /// No object here.
    #[serde(rename = "n/a")]
    pub not_applicable: u64,
}

impl Counts {
    /// Counts verdicts.
    pub fn of(verdicts: impl IntoIterator<Item = Verdict>) -> Self {
        let mut counts = Self::default();
        for verdict in verdicts {
            let slot = match verdict {
                Verdict::Met => &mut counts.met,
                Verdict::Indicated => &mut counts.indicated,
                Verdict::Attested => &mut counts.attested,
                Verdict::NotShown => &mut counts.not_shown,
                Verdict::Contradicted => &mut counts.contradicted,
                Verdict::Unknown => &mut counts.unknown,
                Verdict::NotApplicable => &mut counts.not_applicable,
            };
            *slot += 1;
        }
        counts
    }
}

/// What was read and what was not.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Coverage {
    /// Number of files that are there.
    pub files: u64,
    /// Number of files whose content was read.
    pub read: u64,
    /// Number of files that the settings leave out; they are not among those that are there.
    #[serde(default)]
    pub left_out: u64,
    /// Files that would have been read and could not be, by path.
    pub skipped: Vec<Skipped>,
    /// Files that would count, in a format that this version does not read, by path.
    pub seen_not_read: Vec<SeenNotRead>,
}

/// A file that would have been read and could not be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Skipped {
    /// The file.
    pub path: String,
    /// Why, in a few words.
    pub why: String,
}

impl Coverage {
    /// The files that leave any of these practices undecided because they were not read: the first, and how many more.
    pub fn undecided_by<'i>(&self, ids: impl IntoIterator<Item = &'i str>) -> Option<(&str, usize)> {
        let ids: std::collections::BTreeSet<&str> = ids.into_iter().map(|id| id.split('[').next().unwrap_or(id)).collect();
        let mut files = self.seen_not_read.iter().filter(|file| file.practices.iter().any(|p| ids.contains(p.as_str())));
        let first = files.next()?;
        Some((&first.path, files.count()))
    }
}

/// A file in a format that this version does not read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct SeenNotRead {
    /// The file.
    pub path: String,
    /// What it is taken for, such as the name of a CI system.
    pub what: String,
    /// Ids of the practices that are unknown because it was not read.
    #[serde(default)]
    pub practices: Vec<String>,
}

/// Something that could not be read or followed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Notice {
    /// The repository of the file, where that is not the scanned one but a copy that was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// The file, if it concerns one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The line, 1-based.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// What kind of trouble.
    pub kind: NoticeKind,
    /// One sentence for the owner of the repository.
    pub text: String,
    /// Whether it is about a file that starts nothing here: a test, a document, an example, a notebook.
    #[serde(default)]
    pub aside: bool,
}

/// What kind of thing could not be read or followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// The file breaks the rules of its own format.
    Unparsable,
    /// Over a bound on size, depth, nodes or steps.
    TooLarge,
    /// Listed, but its bytes are not there.
    Missing,
    /// Not a regular file, or a link that leaves the repository.
    NotAFile,
    /// The history could not be read or is cut off.
    History,
    /// A reference that could not be followed.
    NotFollowed,
    /// A setting that changes nothing.
    Setting,
    /// A defect of treering.
    Defect,
}

impl From<&crate::source::Notice> for Notice {
    fn from(notice: &crate::source::Notice) -> Self {
        use crate::source::NoticeKind as Kind;
        let kind = match notice.kind {
            Kind::Unparsable => NoticeKind::Unparsable,
            Kind::TooLarge => NoticeKind::TooLarge,
            Kind::Missing => NoticeKind::Missing,
            Kind::NotAFile => NoticeKind::NotAFile,
            Kind::History => NoticeKind::History,
            Kind::NotFollowed => NoticeKind::NotFollowed,
            Kind::Setting => NoticeKind::Setting,
            Kind::Defect => NoticeKind::Defect,
        };
        let at = notice.at.as_ref();
        Self {
            repository: None,
            path: at.map(|at| at.path.to_string()),
            line: at.map(|at| at.line).filter(|line| *line > 0),
            kind,
            aside: false,
            text: redact::snippet(&notice.text),
        }
    }
}

/// The JSON Schema of [`Report`] as it is written (draft 2020-12), pretty, with a final line feed.
pub fn schema() -> String {
    let settings = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
    let schema = settings.into_generator().into_root_schema_for::<Report>();
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}
