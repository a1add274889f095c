//! What is known where a part of a configuration is read: parameters, and the definitions that it names.

use std::collections::BTreeMap;

use super::super::condition::{self, Language, Value};
use super::super::held::{Held, Truth};
use super::super::text::put_between;
use crate::facts::shell::HOLE;
use crate::syntax::tree::{Kind, Node};
use crate::words::TriggerKind;

/// Longest value of a parameter, in bytes.
const MAX_VALUE: usize = 4_000;
/// Most parameters of one definition.
const MAX_PARAMETERS: usize = 200;
/// Deepest nesting of a condition.
const MAX_DEPTH: usize = 20;

/// The value of a parameter.
#[derive(Debug, Clone)]
pub(super) enum Given<'t> {
    Text(String),
    /// Steps, or anything else that is no text.
    Node(Node<'t>),
}

/// Values by name: `parameters.size`.
pub(super) type Parameters<'t> = BTreeMap<String, Given<'t>>;

/// Whether parameters of the pipeline have the values that the file gives them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asking {
    AsWritten,
    Otherwise,
}

/// A configuration, or an orb that stands in one.
#[derive(Debug, Clone)]
pub(super) struct Known<'t> {
    pub(super) root: Node<'t>,
    /// Parameters of the pipeline, with their defaults.
    pipeline: BTreeMap<String, String>,
    pub(super) is_setup: bool,
}

/// A definition, and the configuration or orb that it belongs to.
pub(super) enum Definition<'t> {
    Here(Node<'t>, u32, Known<'t>),
    /// Published: the orb as it is named.
    Orb(String),
    None,
}

impl<'t> Known<'t> {
    pub(super) fn of(root: Node<'t>) -> Self {
        let mut pipeline = BTreeMap::new();
        for (key, parameter) in root.get("parameters").into_iter().flat_map(Node::entries).take(MAX_PARAMETERS) {
            if let Some(default) = parameter.get("default").and_then(Node::text) {
                pipeline.insert(format!("pipeline.parameters.{}", key.text), default.to_owned());
            }
        }
        Self { root, pipeline, is_setup: root.get("setup").and_then(Node::as_bool) == Some(true) }
    }

    /// A job, command or executor by its name, which may be that of an orb and one of its own.
    pub(super) fn find(&self, kind: &str, name: &str) -> Definition<'t> {
        let of = |root: Node<'t>, name: &str| {
            let all = root.get(kind)?;
            Some((all.get(name)?, all.key_line(name)?))
        };
        if let Some((node, line)) = of(self.root, name) {
            return Definition::Here(node, line, self.clone());
        }
        let Some((orb, name)) = name.split_once('/') else { return Definition::None };
        let Some(orb) = self.root.get("orbs").and_then(|orbs| orbs.get(orb)) else { return Definition::None };
        match (orb.text(), orb.kind()) {
            (Some(published), _) => Definition::Orb(published.to_owned()),
            (None, Kind::Map) => match of(orb, name) {
                Some((node, line)) => {
                    Definition::Here(node, line, Self { root: orb, pipeline: self.pipeline.clone(), is_setup: false })
                }
                None => Definition::None,
            },
            _ => Definition::None,
        }
    }

    /// A text with what is known in the place of names; what is not becomes a hole that a shell reads as a variable.
    pub(super) fn fill(&self, text: &str, parameters: &Parameters<'_>) -> String {
        if !text.contains("<<") {
            return text.to_owned();
        }
        // anything else is a heredoc
        let is_name = |name: &str| ["parameters.", "pipeline.", "matrix."].iter().any(|front| name.starts_with(front));
        let value = |name: &str| self.text_of(name, parameters).filter(|value| value.len() <= MAX_VALUE);
        put_between(text, ("<<", ">>"), &|name| {
            Some(name.trim()).filter(|name| is_name(name)).map(|name| value(name).unwrap_or(HOLE).to_owned())
        })
    }

    fn text_of<'p>(&'p self, name: &str, parameters: &'p Parameters<'_>) -> Option<&'p str> {
        match parameters.get(name) {
            Some(Given::Text(text)) => Some(text),
            Some(Given::Node(_)) => None,
            None => self.pipeline.get(name).map(String::as_str),
        }
    }

    /// The parameters of a definition: what is given, else their defaults.
    pub(super) fn parameters(
        &self,
        definition: Node<'t>,
        given: Option<Node<'t>>,
        outer: &Parameters<'t>,
        caller: &Known<'t>,
    ) -> Parameters<'t> {
        let mut found = Parameters::new();
        for (key, declared) in definition.get("parameters").into_iter().flat_map(Node::entries).take(MAX_PARAMETERS) {
            let name = format!("parameters.{}", key.text);
            let value = given.and_then(|g| g.get(key.text));
            let value = match value {
                Some(value) => passed(value, outer).or_else(|| Some(Given::Text(caller.fill(value.text()?, outer)))),
                None => declared.get("default").map(|d| d.text().map_or(Given::Node(d), |text| Given::Text(text.to_owned()))),
            };
            let value = value.or_else(|| given.and_then(|g| g.get(key.text)).map(Given::Node));
            if let Some(value) = value {
                found.insert(name, value);
            }
        }
        found
    }

    /// Whether a condition holds; `of` says what a name of the pipeline is.
    pub(super) fn condition(&self, node: Node<'_>, of: &dyn Fn(&str) -> Value, depth: usize) -> Held {
        if depth > MAX_DEPTH {
            return Held::just(Truth::Maybe);
        }
        if let Some(truth) = node.as_bool() {
            return Held::just(if truth { Truth::Yes } else { Truth::No });
        }
        match node.kind() {
            Kind::Null => return Held::just(Truth::No),
            Kind::Scalar => return node.text().map_or(Held::just(Truth::Maybe), |text| judged(text, of)),
            Kind::Seq => return Held::just(Truth::Maybe),
            Kind::Map => {}
        }
        let Some((key, value)) = node.entries().next() else { return Held::just(Truth::No) };
        let parts = |value: Node<'_>| -> Vec<Held> {
            value.items().take(MAX_PARAMETERS).map(|item| self.condition(item, of, depth + 1)).collect()
        };
        match key.text {
            "and" => parts(value).into_iter().fold(Held::just(Truth::Yes), Held::and),
            "or" => Held::any(parts(value)),
            "not" => self.condition(value, of, depth + 1).not(),
            "equal" => {
                let mut items = value.items().filter_map(Node::text);
                let (Some(first), Some(second), None) = (items.next(), items.next(), items.next()) else {
                    return Held::just(Truth::Maybe);
                };
                judged(&format!("{} == {}", operand(first), operand(second)), of)
            }
            "matches" => {
                let (Some(pattern), Some(value)) =
                    (value.get("pattern").and_then(Node::text), value.get("value").and_then(Node::text))
                else {
                    return Held::just(Truth::Maybe);
                };
                judged(&format!("{} =~ /{}/", operand(value), pattern.trim_matches('/').replace('/', "\\/")), of)
            }
            _ => Held::just(Truth::Maybe),
        }
    }

    /// What a name of the pipeline is, for one way of starting it.
    pub(super) fn value(&self, name: &str, kind: TriggerKind, asking: Asking) -> Value {
        let text = |text: &str| Value::Text(text.to_owned());
        match name {
            "pipeline.trigger_source" => Value::Source(
                match kind {
                    TriggerKind::Schedule => "scheduled_pipeline",
                    TriggerKind::Api => "api",
                    _ => "webhook",
                }
                .to_owned(),
            ),
            "pipeline.git.tag" => {
                if kind == TriggerKind::Tag {
                    Value::Tag
                } else {
                    text("")
                }
            }
            "pipeline.git.branch" => {
                if kind == TriggerKind::Tag {
                    text("")
                } else {
                    Value::Branch
                }
            }
            "pipeline.git.branch.is_default" => Value::Usual,
            "pipeline.schedule.name" | "pipeline.schedule.id" => {
                if kind == TriggerKind::Schedule {
                    Value::Only
                } else {
                    text("")
                }
            }
            _ => match self.pipeline.get(name) {
                Some(_) if asking == Asking::Otherwise => {
                    if kind == TriggerKind::Api {
                        Value::Given
                    } else {
                        Value::Outside
                    }
                }
                Some(default) => text(default),
                None => Value::Some,
            },
        }
    }
}

/// A value that is a parameter of the caller as a whole.
fn passed<'t>(value: Node<'t>, outer: &Parameters<'t>) -> Option<Given<'t>> {
    let name = value.text()?.trim().strip_prefix("<<")?.strip_suffix(">>")?.trim();
    outer.get(name).cloned()
}

/// A condition in text; one that is a single name in its brackets asks for that.
fn judged(text: &str, of: &dyn Fn(&str) -> Value) -> Held {
    let text = text.trim();
    if text.is_empty() {
        return Held::just(Truth::No);
    }
    let bare = text.replace("<<", " ").replace(">>", " ");
    condition::judge(bare.trim(), Language::Names, of)
}

/// A side of a comparison: a name in brackets, or else a text.
fn operand(text: &str) -> String {
    match text.trim().strip_prefix("<<").and_then(|t| t.strip_suffix(">>")) {
        Some(name) => name.trim().to_owned(),
        None if text == "true" || text == "false" => text.to_owned(),
        None => format!("'{}'", text.replace(['\'', '\\'], "")),
    }
}
