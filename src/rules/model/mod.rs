//! A published maturity model as data: its criteria, and per level what decides it.
//!
//! Everything that is particular to one publisher stands in the model's file; the stage that grades knows none by name.
//! The file of a model is read with [`load`], which finds the mistakes of form, and held against the practices with
//! [`check`], which finds the names that lead nowhere.
//!
//! Invariants of a loaded model: every id is unique and starts with the model's; levels ascend from 1; a weighing row
//! names a criterion of the model; a criterion that only a person can state has a topic; formulas are bounded.

mod check;
mod expr;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::RuleError;
use crate::words::Observability;

pub(crate) use check::{Known, check};
pub(crate) use expr::{Expr, Key, Reference};

/// Largest model file that is read, in bytes.
const LARGEST: usize = 1 << 20;
/// Deepest nesting of flow brackets that is parsed; reading them costs the square of their depth.
const FLOW_DEPTH: usize = 64;

/// One maturity model.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Model {
    /// The word by which users ask for it.
    pub id: String,
    /// Its place among the models, least first; after all others where it names none.
    #[serde(default = "last")]
    pub order: u8,
    /// How it is called in a report.
    pub title: String,
    /// Which state of the source it follows.
    pub edition: String,
    /// Who published it.
    pub publisher: String,
    /// The publication, as a citation.
    pub source: String,
    /// Where it can be read, in a browser and by whoever doubts; none where it is not public.
    #[serde(default)]
    pub address: Option<String>,
    /// When the source was read.
    pub read_on: String,
    /// Whether the criteria are the publisher's or ours.
    pub source_basis: Basis,
    /// What a reader of a report must know about this model.
    pub note: String,
    /// What the publisher calls the levels, 0 included; absent where no names are known.
    #[serde(default)]
    pub names: BTreeMap<u8, String>,
    /// What decides the model's levels; empty where the model has no overall level.
    #[serde(default)]
    pub levels: Vec<Level>,
    /// The aspects that have a level of their own, in the publisher's order.
    #[serde(default)]
    pub dimensions: Vec<Dimension>,
    /// Every published requirement.
    pub criteria: Vec<Criterion>,
    /// The rule file, as its mistakes name it.
    #[serde(skip)]
    pub path: String,
    /// The line of each id in the rule file, 1-based.
    #[serde(skip)]
    pub lines: BTreeMap<String, u32>,
}

const fn last() -> u8 {
    u8::MAX
}

impl Model {
    /// The highest level the model knows.
    pub fn top(&self) -> u8 {
        let named = self.names.keys().copied();
        let ruled = self.criteria.iter().map(|c| c.level);
        named.chain(ruled).max().unwrap_or(0)
    }

    /// The criterion of that id.
    pub fn criterion(&self, id: &str) -> Option<&Criterion> {
        self.criteria.iter().find(|c| c.id == id)
    }

    /// Every level rule of the model: its own and those of its dimensions.
    pub fn all_levels(&self) -> impl Iterator<Item = &Level> {
        self.levels.iter().chain(self.dimensions.iter().flat_map(|d| &d.levels))
    }

    /// A mistake at the line of an id.
    fn mistake(&self, id: &str, message: impl Into<String>) -> RuleError {
        RuleError { path: self.path.clone(), line: self.lines.get(id).copied().unwrap_or(0), message: message.into() }
    }
}

/// Where the content of a model comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Basis {
    /// Restated from the publisher's text.
    Published,
    /// Ours: the publisher's text could not be read.
    Inferred,
}

impl Basis {
    /// The word as it is written in rules and reports.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Inferred => "inferred",
        }
    }
}

/// What decides one level.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Level {
    /// The number, 1 or more.
    pub level: u8,
    /// What decides it, as a sentence for the owner of a repository.
    pub decided_by: String,
    /// The alternatives of the key; one that holds and has its share is enough.
    pub keys: Vec<Alternative>,
    /// The rows whose weights make the share.
    #[serde(default)]
    pub weighs: Vec<Row>,
}

/// One way to open a level.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Alternative {
    /// What must hold; absent where the share alone decides.
    #[serde(default)]
    pub when: Option<Key>,
    /// The mean weight that the rows need, from 0 to 1.
    pub share: f64,
}

/// A weighing row.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    /// `<model>.<level>.w<n>`, with the dimension before the level where it is one of a dimension's.
    pub id: String,
    /// The practices it weighs.
    pub of: Expr,
    /// The criterion it stands for.
    pub stands_for: String,
}

/// An aspect of a model with a level of its own.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Dimension {
    /// The word that the criteria of the aspect carry as `dim`.
    pub name: String,
    /// How it is called in a report.
    pub title: String,
    /// What decides its levels; a level that is left out, or whose rows have no object, neither raises nor blocks.
    /// Empty where nothing of the aspect can be seen in a repository.
    #[serde(default)]
    pub levels: Vec<Level>,
}

/// What a criterion is for, in a strict reading of its model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    /// Must be met for the level.
    Core,
    /// One of its group must be met for the level.
    AnyOf,
    /// Reported as a gap, never blocks.
    Supporting,
    /// A shortcoming of a low level: explains, is never achieved.
    Deficit,
    /// About people: stated by them, on an axis of its own.
    People,
    /// Says something, asks for nothing.
    Note,
}

impl Role {
    /// The word as it is written in rules and reports.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::AnyOf => "any_of",
            Self::Supporting => "supporting",
            Self::Deficit => "deficit",
            Self::People => "people",
            Self::Note => "note",
        }
    }
}

/// One published requirement.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Criterion {
    /// Dotted, starting with the model's id.
    pub id: String,
    /// The level that asks for it.
    pub level: u8,
    /// The last level whose table repeats it, where the publisher says so.
    #[serde(default)]
    pub until: Option<u8>,
    /// The aspect or the part of the source that it belongs to.
    pub dim: String,
    /// What it is for.
    pub role: Role,
    /// The any-of groups it belongs to.
    #[serde(default)]
    pub groups: Vec<String>,
    /// Whether a repository can show it.
    pub observability: Observability,
    /// Whether a verdict that is only indicated, for a reason that works, is enough in the strict reading.
    #[serde(default)]
    pub indicated_suffices: bool,
    /// The requirement in our words.
    pub says: String,
    /// Page and section of the source.
    #[serde(rename = "where")]
    pub place: String,
    /// The edition that added it, where a source has several.
    #[serde(default)]
    pub since: Option<String>,
    /// Under which topic a person can state it.
    #[serde(default)]
    pub topic: Option<String>,
    /// What shows it; of a deficit, what shows that it holds; of one for people, a hint and no more.
    #[serde(default)]
    pub needs: Option<Expr>,
    /// What speaks against it.
    #[serde(default)]
    pub refuted_by: Option<Expr>,
    /// Without this it has no object.
    #[serde(default)]
    pub only_with: Option<Expr>,
}

impl Criterion {
    /// Whether only a person can state it.
    pub fn is_attested(&self) -> bool {
        self.observability == Observability::Attest
    }

    /// Whether the strict reading asks for it.
    pub fn is_strict(&self) -> bool {
        matches!(self.role, Role::Core | Role::AnyOf)
    }

    /// The formulas it consists of.
    pub fn formulas(&self) -> impl Iterator<Item = &Expr> {
        [&self.needs, &self.refuted_by, &self.only_with].into_iter().flatten()
    }
}

/// Reads one model file; `path` is how its mistakes name it, `json` what it says where the build has prepared that.
///
/// # Errors
///
/// Every mistake of form that can be found at once: a file that is too large or nests too deep, YAML that is wrong, a
/// key that is not known, and what the invariants above ask for.
pub(crate) fn load(path: &str, text: &str, json: Option<&str>) -> Result<Model, Vec<RuleError>> {
    let mistake = |line: u32, message: String| vec![RuleError { path: path.to_owned(), line, message }];
    if text.len() > LARGEST {
        return Err(mistake(0, format!("the file is larger than {LARGEST} bytes; a model needs a hundredth of that")));
    }
    if let Some(line) = too_deep(text) {
        return Err(mistake(line, format!("brackets nest deeper than {FLOW_DEPTH}; write blocks instead")));
    }
    let mut model: Model = match json {
        Some(json) => serde_json::from_str(json).map_err(|error| mistake(0, error.to_string()))?,
        None => serde_yaml::from_str(text).map_err(|error| {
            let line = error.location().and_then(|l| u32::try_from(l.line()).ok()).unwrap_or(0);
            mistake(line, error.to_string())
        })?,
    };
    path.clone_into(&mut model.path);
    model.lines = lines_of_ids(text);
    let errors = check::form(&model);
    if errors.is_empty() { Ok(model) } else { Err(errors) }
}

/// The line where flow brackets first nest too deep; brackets inside words and sentences are counted too.
fn too_deep(text: &str) -> Option<u32> {
    let mut depth = 0usize;
    for (line, row) in (1u32..).zip(text.lines()) {
        for byte in row.bytes() {
            match byte {
                b'[' | b'{' => depth += 1,
                b']' | b'}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth > FLOW_DEPTH {
                return Some(line);
            }
        }
    }
    None
}

/// The first line that gives each id, as `id: x` stands in a list of blocks or between flow brackets.
fn lines_of_ids(text: &str) -> BTreeMap<String, u32> {
    let mut lines = BTreeMap::new();
    for (line, row) in (1u32..).zip(text.lines()) {
        let row = row.trim_start().trim_start_matches(['-', '{', ' ']);
        if let Some(rest) = row.strip_prefix("id: ") {
            let id = rest.split([',', '}', ' ', '#']).next().unwrap_or_default();
            lines.entry(id.to_owned()).or_insert(line);
        }
    }
    lines
}

#[cfg(test)]
mod tests;
