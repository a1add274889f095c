//! Facts that matter: facts against signal rules.
//!
//! Every file of the inventory on its own, in parallel, and the history as a whole; the result is sorted by place. A signal cannot be made without a place; what it means (its
//! operation, its qualifiers) comes from its rule, how sure it is from the rule and from how its name was resolved.

mod find;
mod matcher;
mod rows;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::source::Location;
use crate::words::{Op, Scope, Strength};

pub(crate) use find::{find, prove};

/// A fact that matters.
#[derive(Debug, Clone)]
pub(crate) struct Signal {
    /// Id of its rule.
    pub(crate) id: Arc<str>,
    /// The operation it stands for.
    pub(crate) op: Option<Op>,
    /// Where it is seen.
    pub(crate) at: Location,
    /// Number among those on the same line, left to right.
    pub(crate) column: u32,
    /// How sure it is.
    pub(crate) strength: Strength,
    /// What it says more closely.
    pub(crate) qualifiers: BTreeMap<String, String>,
    /// Why its file is there.
    pub(crate) scope: Scope,
    /// Whether it stands in a notebook.
    pub(crate) notebook: bool,
    /// What owns it in its file.
    pub(crate) owner: Owner,
    /// For a branch: the lines it encloses and may hold back, and whether it stops what follows.
    pub(crate) branch: Option<BranchSpan>,
    /// For code: the condition it stands under, if that is a constant that is off.
    pub(crate) off: Option<String>,
    /// For a commit or tag: its id and date.
    pub(crate) commit: Option<(String, String)>,
    /// What was seen, in short: the callee, the command, the key.
    pub(crate) what: String,
}

/// What owns a signal in its file; the graph finds its node by this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Owner {
    /// The file as a whole.
    File,
    /// A unit.
    Unit(usize),
    /// A command, by the index of its fact.
    Command(usize),
    /// A scope of the file's own Python code.
    Code(usize),
    /// A scope of code that stands in a command (index of the fact, scope).
    Embedded(usize, usize),
    /// The history.
    History,
}

/// What a branch can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BranchSpan {
    /// First line it encloses.
    pub(crate) from: u32,
    /// Last line.
    pub(crate) to: u32,
    /// It raises, asserts or exits non-zero: what follows in the same run does not happen.
    pub(crate) stops: bool,
    /// It returns early: the rest of the same function does not happen.
    pub(crate) returns: bool,
}

/// Every signal, in the order of path, line and rule.
#[derive(Debug, Clone, Default)]
pub(crate) struct Signals {
    /// The signals.
    pub(crate) all: Vec<Signal>,
}
