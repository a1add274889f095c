//! What a step inherits: variables, folder, shell, and the cells of the matrix.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::expression::{self, substitute};
use crate::fact::Inputs;
use crate::source;
use crate::syntax::shell::REPO_ROOT;
use crate::syntax::tree::Node;

/// Longest value that is put in the place of its name, in bytes.
const MAX_VALUE: usize = 1_000;
/// Most variables kept at one place.
const MAX_VARIABLES: usize = 200;

/// The variable that names the file for variables of later steps.
pub(super) const FOR_VARIABLES: &str = "GITHUB_ENV";
/// The variable that names the file for outputs of a step.
pub(super) const FOR_OUTPUTS: &str = "GITHUB_OUTPUT";

/// One cell of a matrix: `matrix.size` to its value.
pub(super) type Cell = BTreeMap<String, String>;

/// Where a copy of some repository lies in the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Copied {
    /// Folder of the workspace; `.` for the workspace itself.
    pub(super) path: String,
    /// It is this repository.
    pub(super) own: bool,
    /// For another one: the root of the copy that is given of it.
    pub(super) copy: Option<String>,
}

/// What is known before a step begins.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    /// Variables; values may still hold expressions.
    pub(super) env: BTreeMap<String, String>,
    /// Values of other names: `steps.plan.outputs.size`.
    pub(super) others: BTreeMap<String, String>,
    /// Defaults of inputs that only a person gives, who may give others: what they name is followed, no condition is
    /// decided by them.
    pub(super) by_hand: BTreeMap<String, String>,
    /// Every cell of the matrix; empty where there is none, or where it is not known.
    pub(super) cells: Rc<Vec<Cell>>,
    /// The schedules that start the workflow, as written.
    pub(super) clocks: Rc<Vec<String>>,
    /// `defaults.run.working-directory`, as written.
    pub(super) dir: Option<String>,
    /// `defaults.run.shell`.
    pub(super) shell: Option<String>,
    /// The machine runs Windows.
    pub(super) windows: bool,
    /// Folder of the action that the steps belong to.
    pub(super) action: Option<String>,
    /// What was checked out so far, in order.
    pub(super) checkouts: Vec<Copied>,
}

impl Known {
    /// Adds `env` and `defaults.run` of a workflow, job or step.
    pub(super) fn with(&self, node: Node<'_>) -> Self {
        let mut inner = self.clone();
        if let Some(env) = node.get("env") {
            for (key, value) in env.entries() {
                let Some(text) = value.text().filter(|t| t.len() <= MAX_VALUE) else {
                    inner.env.remove(key.text);
                    continue;
                };
                if inner.env.len() < MAX_VARIABLES {
                    inner.env.insert(key.text.to_owned(), substitute(text, &|name| self.value(name)));
                }
            }
        }
        if let Some(run) = node.get("defaults").and_then(|d| d.get("run")) {
            inner.dir = run.get("working-directory").and_then(Node::text).map(str::to_owned).or(inner.dir);
            inner.shell = run.get("shell").and_then(Node::text).map(str::to_owned).or(inner.shell);
        }
        inner
    }

    /// The one value of a name; none where it is not known or not the same in every cell.
    pub(super) fn value(&self, name: &str) -> Option<String> {
        let mut values = self.values(name);
        match values.len() {
            1 => values.pop(),
            // a value with expressions is still more than its name
            0 => self.text(name),
            _ => None,
        }
    }

    /// The same for what is run, where an input that nobody gives has its default.
    pub(super) fn filled(&self, name: &str) -> Option<String> {
        let known = self.value(name);
        known.or_else(|| self.by_hand.get(name.strip_prefix("github.event.").unwrap_or(name)).cloned())
    }

    /// The same in one cell of the matrix; the empty cell stands for all.
    pub(super) fn in_cell(&self, cell: &Cell) -> Self {
        let mut inner = self.clone();
        if !cell.is_empty() {
            inner.cells = Rc::new(vec![cell.clone()]);
        }
        let held: Vec<(String, String)> = inner
            .env
            .iter()
            .filter(|(_, v)| v.contains("${{"))
            .map(|(k, v)| (k.clone(), substitute(v, &|name| inner.value(name))))
            .collect();
        inner.env.extend(held);
        inner
    }

    /// Every literal value that a name takes in some cell.
    pub(super) fn values(&self, name: &str) -> Vec<String> {
        if name.starts_with("matrix.") {
            let values: BTreeSet<&String> = self.cells.iter().filter_map(|cell| cell.get(name)).collect();
            let everywhere = self.cells.iter().all(|cell| cell.contains_key(name));
            return if everywhere { values.into_iter().cloned().collect() } else { Vec::new() };
        }
        let value = name.strip_prefix("env.").and_then(|name| self.env.get(name)).or_else(|| self.others.get(name));
        value.filter(|v| !v.contains("${{")).cloned().into_iter().collect()
    }

    /// The same, where somebody calls with these inputs.
    pub(super) fn called_with(&self, inputs: &Inputs) -> Self {
        let mut inner = self.clone();
        for (name, value) in inputs {
            match name.strip_prefix("env.") {
                // a variable that the caller does not have, or computes
                Some(_) if value.contains("${{") => {}
                Some(name) => {
                    inner.env.insert(name.to_owned(), value.clone());
                }
                None => {
                    inner.others.insert(format!("inputs.{name}"), expression::of_the_caller(value));
                }
            }
        }
        inner
    }

    fn text(&self, name: &str) -> Option<String> {
        match name {
            _ if name.starts_with("inputs.") => self.others.get(name).cloned(),
            "github.workspace" => Some("$GITHUB_WORKSPACE".to_owned()),
            "github.action_path" if self.action.is_some() => Some("$GITHUB_ACTION_PATH".to_owned()),
            _ => self.env.get(name.strip_prefix("env.")?).cloned(),
        }
    }

    /// Variables with literal values, for a shell.
    pub(super) fn variables(&self) -> BTreeMap<String, String> {
        let mut variables: BTreeMap<String, String> =
            self.env.iter().filter(|(_, v)| !v.contains("${{")).map(|(k, v)| (k.clone(), v.clone())).collect();
        variables.insert("GITHUB_WORKSPACE".to_owned(), REPO_ROOT.to_owned());
        // files by which a step speaks to those after it; their names are enough to know them again
        for file in [FOR_VARIABLES, FOR_OUTPUTS] {
            variables.insert(file.to_owned(), file.to_owned());
        }
        if let Some(folder) = &self.action {
            variables.insert("GITHUB_ACTION_PATH".to_owned(), format!("{REPO_ROOT}/{folder}"));
        }
        variables
    }

    /// The folder of the workspace that a working directory names; none where it is computed or elsewhere.
    pub(super) fn workspace(&self, dir: &str) -> Option<String> {
        let dir = match (dir.strip_prefix("$GITHUB_WORKSPACE"), dir.strip_prefix("$GITHUB_ACTION_PATH"), &self.action) {
            (Some(rest), ..) => rest.trim_start_matches('/').to_owned(),
            // no way leads out of the repository of an action
            (_, Some(rest), Some(action)) if source::is_copy(action) && !rest.contains('$') => {
                return source::join(action, rest.trim_start_matches('/'));
            }
            (_, Some(rest), Some(action)) => format!("{action}{rest}"),
            _ => dir.to_owned(),
        };
        let elsewhere = dir.contains('$') || dir.starts_with(['/', '~']);
        if elsewhere { None } else { source::join(".", &dir) }
    }

    /// The folder of the repository that a working directory names.
    pub(super) fn folder(&self, dir: &str) -> Option<String> {
        self.workspace(dir).and_then(|dir| self.in_repository(&dir))
    }

    /// The folder of the repository that a folder of the workspace is, after what was checked out.
    pub(super) fn in_repository(&self, dir: &str) -> Option<String> {
        // the last and deepest copy that it lies in
        let within = |path: &str| path == "." || dir == path || dir.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'));
        if source::is_copy(dir) {
            return Some(dir.to_owned());
        }
        let holding =
            self.checkouts.iter().filter(|c| within(&c.path)).max_by_key(|c| if c.path == "." { 0 } else { c.path.len() });
        match holding {
            None => self.checkouts.is_empty().then(|| dir.to_owned()),
            Some(Copied { own: false, copy, path }) => {
                let rest = if path == "." { dir } else { dir.strip_prefix(path.as_str()).unwrap_or("") };
                source::join(copy.as_deref()?, rest.trim_start_matches('/'))
            }
            Some(copy) if copy.path == "." => Some(dir.to_owned()),
            Some(copy) => {
                let rest = dir.strip_prefix(&copy.path).unwrap_or("").trim_start_matches('/');
                Some(if rest.is_empty() { ".".to_owned() } else { rest.to_owned() })
            }
        }
    }
}
