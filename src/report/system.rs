//! One system of the report: its practices, its chains, and the places that carry them.
//!
//! Invariant: nothing is claimed without [`Evidence`] or a [`Chain`]; nothing is called missing without what was
//! looked for.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Assessment, Because, EdgeKind, Op, Strength, Three, TriggerKind, Unknown, Verdict};

/// One train or serve root and what it reaches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct System {
    /// The deepest folder of its own train and serve code; `.` is the root.
    pub path: String,
    /// What to call it.
    pub name: String,
    /// Whether headline and gate are those of this system.
    pub primary: bool,
    /// Why it is a system.
    pub why: String,
    /// Whether it is the body of a template, judged as what the template would generate. Never primary.
    pub generated: bool,
    /// Where it trains.
    pub trains: Vec<Evidence>,
    /// Where it serves.
    pub serves: Vec<Evidence>,
    /// Every practice, by id.
    pub practices: Vec<Practice>,
    /// The maturity models that were applied, in the order of their files.
    pub models: Vec<Assessment>,
    /// Where the automation leaves what was scanned.
    pub open_ends: Vec<OpenEnd>,
    /// What looks automatic and is not.
    pub lookalikes: Vec<Lookalike>,
    /// The strongest chains, best first.
    pub chain_heads: Vec<ChainHead>,
    /// Who starts each of the eight steps from data to monitoring.
    pub steps: Vec<Step>,
    /// What would mend the causes that hold practices back, each once, those of most practices first.
    #[serde(default)]
    pub remedies: Vec<Remedied>,
}

impl System {
    /// Its levels by the names that gates have for them: `azure`, and `gigaom.modeling` where a model has no level as a
    /// whole.
    pub fn levels(&self) -> BTreeMap<String, u8> {
        let of = |m: &Assessment| -> Vec<(String, u8)> {
            match m.level {
                Some(level) => vec![(m.id.clone(), level)],
                None => m.dimensions.iter().filter_map(|(name, d)| Some((format!("{}.{name}", m.id), d.level?))).collect(),
            }
        };
        self.models.iter().flat_map(of).collect()
    }
}

/// A named thing that a team does, and whether it holds here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Practice {
    /// Its id, such as `training.continuous`.
    pub id: String,
    /// The question that it answers.
    pub title: String,
    /// Whether it holds.
    pub verdict: Verdict,
    /// Why an indicated practice is not met, or why an unknown one could not be looked for.
    pub because: Option<Cause>,
    /// The places that carry the verdict.
    pub evidence: Vec<Evidence>,
    /// The paths that carry the verdict, best first.
    pub chains: Vec<Chain>,
    /// Closed words that say more, such as `env: [prod]`.
    pub qualifiers: BTreeMap<String, Vec<String>>,
    /// What was looked for.
    pub looked_for: Vec<String>,
    /// The nearest thing found to what is missing.
    pub nearest_miss: Option<NearestMiss>,
}

/// Why a practice is only indicated, or unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Cause {
    /// Of an indicated practice.
    Indicated(Because),
    /// Of an unknown one.
    Unknown(Unknown),
}

impl From<Because> for Cause {
    fn from(because: Because) -> Self {
        Self::Indicated(because)
    }
}

impl From<Unknown> for Cause {
    fn from(unknown: Unknown) -> Self {
        Self::Unknown(unknown)
    }
}

/// A place that carries a claim: a line of a file, a whole file, or a commit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// The repository of the file, where that is not the scanned one but a copy that was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// The file, relative to the root of the repository, with `/`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// First line, 1-based; none where the whole file is meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Last line, where it differs from the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_line: Option<u32>,
    /// Id of the file's content in Git.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blob: Option<String>,
    /// Id of the commit, for evidence from the history.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Date of that commit, `YYYY-MM-DD`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// What stands there: redacted, at most 200 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snippet: Option<String>,
    /// Id of the signal that was recognised.
    pub signal: String,
}

/// A walk through the automation, hop by hop, from what starts it to its effect.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Chain(
    /// The hops in order.
    pub Vec<Hop>,
);

/// One link of a chain and the line that makes it true.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Hop {
    /// The repository of the file, where that is not the scanned one but a copy that was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// The file.
    pub path: String,
    /// The line, 1-based; 0 where the whole file is meant.
    pub line: u32,
    /// What stands there, in a few words; redacted.
    pub what: String,
    /// What it says.
    pub edge: EdgeKind,
    /// How sure it is.
    pub strength: Strength,
    /// The effect, where the chain has one here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub op: Option<Op>,
    /// What the chain leads to outside of what was scanned; path and line are then those that name it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outside: Option<String>,
}

/// A chain that a reader should see first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChainHead {
    /// The chain, hop by hop.
    pub chain: Chain,
    /// What it does in the end.
    pub op: Op,
    /// Id of the practice that it was found for.
    #[serde(default)]
    pub practice: String,
    /// What starts it; none where the starter is not known.
    pub trigger: Option<TriggerKind>,
    /// What starts it, in words.
    pub text: String,
    /// How sure its weakest hop is.
    pub strength: Strength,
    /// Why it is not complete; none where every hop was read.
    pub because: Option<Because>,
}

/// The nearest thing found to what is missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NearestMiss {
    /// What was found, and where it falls short.
    pub text: String,
    /// Where.
    pub evidence: Vec<Evidence>,
    /// How far the chain came, where it is one.
    pub chain: Option<Chain>,
}

/// Where the automation leaves what was scanned: the difference between "no" and "not in this repository".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OpenEnd {
    /// What lies outside, as the repository names it.
    pub outside: String,
    /// What cannot be said without it.
    pub why: String,
    /// Where it is named.
    pub evidence: Vec<Evidence>,
    /// Ids of the practices that hang on it.
    pub practices: Vec<String>,
}

/// Something that looks automatic and is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Lookalike {
    /// Where it is seen.
    pub evidence: Vec<Evidence>,
    /// Why it does not count.
    pub why: String,
}

/// What would mend one cause, with all that hangs on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Remedied {
    /// In what way.
    pub kind: RemedyKind,
    /// What to do, and where.
    pub action: String,
    /// Where.
    pub evidence: Vec<Evidence>,
    /// Ids of the practices that hang on it.
    pub practices: Vec<String>,
    /// What the models whose number it changes would come to, by the names that gates have for them.
    pub lifts: BTreeMap<String, Three<u8>>,
}

/// In what way a cause is mended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RemedyKind {
    /// It is made or written switched off: switch it on.
    SwitchOn,
    /// Somebody must run what registers it: let a job do that.
    Register,
    /// Somebody must apply what declares it: let a job do that.
    Apply,
    /// A person starts it: let something else do that.
    Start,
    /// It names what is not there: repair it.
    Repair,
    /// Its failure is thrown away: heed it.
    Heed,
    /// It leaves the repository: look there.
    Follow,
    /// It is there as far as can be told, and not proven: nothing to change if it is so.
    Confirm,
}

/// Who starts one of the eight steps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// The step.
    pub step: StepName,
    /// Who or what starts it.
    pub starter: Starter,
    /// Where it is seen.
    pub evidence: Vec<Evidence>,
    /// What a reader needs to know, in a few words; empty where the starter says it all.
    pub why: String,
}

/// The eight steps by whose automation Google defines maturity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepName {
    /// Data is selected and pulled.
    Extract,
    /// Data is looked at; by people, at every level.
    Analyse,
    /// Data is cleaned, split and turned into features.
    Prepare,
    /// A model is fitted.
    Train,
    /// Its quality is computed.
    Evaluate,
    /// It is confirmed to be fit for use.
    Validate,
    /// It answers.
    Serve,
    /// Its answers are watched.
    Monitor,
}

impl StepName {
    /// The eight, in order.
    pub const ALL: [Self; 8] =
        [Self::Extract, Self::Analyse, Self::Prepare, Self::Train, Self::Evaluate, Self::Validate, Self::Serve, Self::Monitor];
}

/// Who or what starts a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Starter {
    /// It starts by itself.
    Itself,
    /// Something outside of what was scanned.
    Outside,
    /// A person.
    Person,
    /// It starts by itself, and cannot run as written.
    Broken,
    /// Nothing and nobody, as far as can be seen.
    Nobody,
    /// Could not be looked for.
    Unknown,
}
