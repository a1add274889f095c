//! What one maturity model makes of a system: three numbers, the rows behind them, and what stands in the way.
//!
//! Invariant: a reader can recompute every level from [`Reached`] alone: the key, the weight of every row, the
//! share and the share that is needed.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Cause, Evidence, Observability, RemedyKind, Unknown, Verdict};

/// One maturity model, applied to one system.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Assessment {
    /// Its id, such as `azure`.
    pub id: String,
    /// Its name.
    pub title: String,
    /// Which edition of it was read.
    pub edition: String,
    /// How far the publisher's own text could be read.
    pub source_basis: String,
    /// The headline. Null where the model gives no overall number.
    pub level: Option<u8>,
    /// The level from complete chains alone; never above `level`.
    pub floor: Option<u8>,
    /// The level if what lies outside is confirmed; never below `level`.
    pub ceiling: Option<u8>,
    /// The publisher's letter: the highest level whose every core row, and those below, is met.
    pub strict: Option<u8>,
    /// The level if dated statements by people count as met.
    pub with_attestations: Option<u8>,
    /// The three numbers if all that is unknown were met; null where that changes nothing. A level asked for that lies
    /// between a number and this one can be neither granted nor refused.
    #[serde(default)]
    pub could_be: Option<Three<u8>>,
    /// Ids of the unknown practices that could change a number.
    pub incomplete: Vec<String>,
    /// Levels reached although one below is not.
    pub traits: Vec<u8>,
    /// Every level, lowest first, with what decides it.
    pub reached: Vec<Reached>,
    /// The model's columns or categories, by name.
    pub dimensions: BTreeMap<String, Dimension>,
    /// Every published requirement, in the order of the model.
    pub criteria: Vec<Criterion>,
    /// What keeps the system from the next level; what lifts it alone comes first.
    pub blocking: Vec<Blocking>,
    /// Where no single change reaches the next level: practices of `blocking` whose changes reach it together, the smallest
    /// such set; empty where one change does, and where no set of a few does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub together: Vec<String>,
    /// Rows of levels already reached that are still open.
    pub strict_gaps: Vec<StrictGap>,
}

/// The same thing under the three weightings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Three_{T}")]
pub struct Three<T> {
    /// From complete chains alone.
    pub floor: T,
    /// The headline.
    pub level: T,
    /// If the outside is confirmed.
    pub ceiling: T,
}

/// What decides one level.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Reached {
    /// The level.
    pub level: u8,
    /// What decides it: a formula over practices, written as the key of this level in the file of the model.
    pub key: String,
    /// Whether key and share hold.
    pub holds: Three<bool>,
    /// The rows that weigh.
    pub rows: Vec<Row>,
    /// Their mean weight, 0 to 1.
    pub share: Three<f64>,
    /// The share that is needed; null where none is.
    pub needed: Option<f64>,
    /// Whether it is reached although its rows have under half their weight.
    pub thin: bool,
}

/// A row that weighs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Row {
    /// Its id, such as `azure.2.w1`.
    pub id: String,
    /// What is weighed: a practice, or a formula over practices as in the file of the model. The criterion that the row
    /// stands for is told by `treering explain` of the level.
    pub of: String,
    /// Its weight, 0 to 1; null where the row has no object here.
    pub weight: Three<Option<f64>>,
    /// Whether it weighs nothing, and would weigh something if what is unknown were met.
    #[serde(default)]
    pub unknown: bool,
}

/// A column or category of a model, by its own rows alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Dimension {
    /// What the publisher calls it.
    #[serde(default)]
    pub title: String,
    /// The level; null where no row of it can be decided by a scan.
    pub level: Option<u8>,
    /// From complete chains alone.
    pub floor: Option<u8>,
    /// If the outside is confirmed.
    pub ceiling: Option<u8>,
    /// The publisher's letter.
    pub strict: Option<u8>,
    /// The three numbers if all that is unknown were met; null where that changes nothing.
    #[serde(default)]
    pub could_be: Option<Three<u8>>,
    /// Ids of the unknown practices that could change a number.
    #[serde(default)]
    pub incomplete: Vec<String>,
    /// Every level that has rows here.
    pub reached: Vec<Reached>,
}

/// One published requirement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Criterion {
    /// Its id.
    pub id: String,
    /// The level that it belongs to; null where the model has none.
    pub level: Option<u8>,
    /// The column, category or section that it belongs to.
    pub dim: String,
    /// `C` core, `A:group` one of a group, `S` supporting, `D` a shortcoming, `P` people.
    pub role: String,
    /// Whether a repository can show it at all.
    pub observability: Observability,
    /// What a person would have to state, where only a person can.
    pub topic: Option<String>,
    /// Whether it holds; null for a shortcoming.
    pub verdict: Option<Verdict>,
    /// Why it is only indicated, or unknown.
    pub because: Option<Cause>,
    /// Of a shortcoming: whether it applies.
    pub holds: Option<bool>,
    /// What the publisher asks for, in our words.
    pub says: String,
    /// Where the publisher says it.
    #[serde(rename = "where")]
    pub place: String,
    /// Ids of the practices and probes that decide it.
    pub practices: Vec<String>,
    /// The places that carry the verdict.
    pub evidence: Vec<Evidence>,
}

/// One thing that keeps the system from the next level.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Blocking {
    /// The column or category whose level it is; null for the model as a whole.
    #[serde(default)]
    pub dimension: Option<String>,
    /// The level in question.
    pub level: u8,
    /// Id of the weighing row, or `key`.
    pub row: String,
    /// Id of the practice.
    pub practice: String,
    /// What is missing.
    pub what: String,
    /// What to change, and where.
    pub action: String,
    /// The nearest evidence found.
    pub evidence: Vec<Evidence>,
    /// The level that this change alone would lead to, with all that it mends; null where it lifts nothing by itself.
    pub lifts_to: Option<u8>,
    /// Whether the change belongs where the model is trained, which was not found in this repository.
    #[serde(default)]
    pub elsewhere: bool,
    /// Set where the practice is unknown, which is no reason to change anything yet: why it could not be looked for.
    #[serde(default)]
    pub unknown: Option<Unknown>,
    /// Set where the cause is known and `action` mends that: in what way. The same action stands for one change.
    #[serde(default)]
    pub remedy: Option<RemedyKind>,
}

/// A row of a level already reached that is still open.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StrictGap {
    /// The level in question.
    pub level: u8,
    /// Id of the criterion.
    pub row: String,
    /// Ids of the practices that decide it.
    pub practices: Vec<String>,
    /// What is missing.
    pub what: String,
}
