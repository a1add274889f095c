//! In which pipelines a job runs, and whether by itself: `rules`, `only`, `except`, `when`, `workflow: rules`.
//!
//! Every kind of pipeline is asked in turn, so that the first rule that holds decides, as the service does it.

use std::collections::{BTreeMap, BTreeSet};

use super::super::condition::{self, Language, Value as Variable};
use super::super::held::{Held, Truth};
use super::merged::{Config, Entry, Value, get};
use crate::syntax::tree::{Kind, Node};
use crate::words::TriggerKind;

/// Most rules of one job.
const MAX_RULES: usize = 200;

/// What creates a pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    /// A push to a branch.
    Push,
    /// A pushed tag.
    Tag,
    /// A merge request.
    MergeRequest,
    /// A schedule, which is set up in the service.
    Schedule,
    /// A person, on the site.
    Web,
    /// A call of the service's API.
    Api,
    /// A call with a trigger token.
    Trigger,
    /// A pipeline of another project.
    Pipeline,
    /// A job of this project that starts a child.
    Parent,
}

impl Source {
    /// Every source of a pipeline that is nobody's child.
    pub(super) const ALL: &'static [Self] =
        &[Self::Push, Self::Tag, Self::MergeRequest, Self::Schedule, Self::Web, Self::Api, Self::Trigger, Self::Pipeline];

    /// Which of the ten words it is.
    pub(super) const fn kind(self) -> TriggerKind {
        match self {
            Self::Push => TriggerKind::Push,
            Self::Tag => TriggerKind::Tag,
            Self::MergeRequest => TriggerKind::Pr,
            Self::Schedule => TriggerKind::Schedule,
            Self::Web => TriggerKind::Manual,
            Self::Api | Self::Trigger => TriggerKind::Api,
            Self::Pipeline | Self::Parent => TriggerKind::Upstream,
        }
    }

    /// As the service calls it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Push | Self::Tag => "push",
            Self::MergeRequest => "merge_request_event",
            Self::Schedule => "schedule",
            Self::Web => "web",
            Self::Api => "api",
            Self::Trigger => "trigger",
            Self::Pipeline => "pipeline",
            Self::Parent => "parent_pipeline",
        }
    }

    const fn on_a_branch(self) -> bool {
        !matches!(self, Self::Tag | Self::MergeRequest)
    }

    /// Whether whoever starts it may set variables of their own.
    const fn sets_variables(self) -> bool {
        !matches!(self, Self::Push | Self::Tag | Self::MergeRequest)
    }

    /// What a variable is in such a pipeline; `declared` are those of the file.
    fn variable(self, name: &str, declared: &BTreeMap<String, String>) -> Variable {
        match name {
            "CI_PIPELINE_SOURCE" => return Variable::Source(self.name().to_owned()),
            "CI" | "GITLAB_CI" => return Variable::Text("true".to_owned()),
            "CI_COMMIT_TAG" => return if self == Self::Tag { Variable::Tag } else { Variable::Null },
            "CI_COMMIT_BRANCH" => return if self.on_a_branch() { Variable::Branch } else { Variable::Null },
            "CI_COMMIT_REF_NAME" | "CI_COMMIT_REF_SLUG" => return Variable::Branch,
            "CI_DEFAULT_BRANCH" | "CI_COMMIT_REF_PROTECTED" => return Variable::Usual,
            "CI_OPEN_MERGE_REQUESTS" => return if self == Self::Push { Variable::Null } else { Variable::Some },
            "CI_PIPELINE_TRIGGERED" => return if self == Self::Trigger { Variable::Some } else { Variable::Null },
            _ if name.starts_with("CI_MERGE_REQUEST") => {
                return if self == Self::MergeRequest { Variable::Only } else { Variable::Null };
            }
            _ => {}
        }
        match declared.get(name) {
            Some(value) if !value.contains('$') && !self.sets_variables() => Variable::Text(value.clone()),
            // its value may be set anew by whoever starts the pipeline
            Some(_) => Variable::Outside,
            None if name.starts_with("CI_") || name.starts_with("GITLAB_") => Variable::Some,
            None => Variable::Outside,
        }
    }
}

/// How a job comes to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum When {
    /// By itself; says whether that is after failures too (`always`, `on_failure`).
    Itself(Option<&'static str>),
    /// A person starts it.
    Manual,
}

/// One way in which a job may run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Way {
    pub(super) when: When,
    pub(super) held: Held,
    /// Number of the file and line of the rule; none where no rule says so.
    pub(super) at: Option<(usize, u32)>,
    pub(super) paths: Vec<String>,
    pub(super) allows_failure: Option<bool>,
}

/// What the file says of when a job runs.
pub(super) struct Rules<'c, 't> {
    pub(super) config: &'c Config<'t>,
    pub(super) map: &'c [Entry<'t>],
    pub(super) declared: &'c BTreeMap<String, String>,
    /// `workflow` has rules of its own, so that jobs without any are in every pipeline.
    pub(super) ruled: bool,
}

impl<'t> Rules<'_, 't> {
    /// Every way in which the job may run in such a pipeline; none where it is not in it.
    pub(super) fn ways(&self, source: Source) -> Vec<Way> {
        let by_default = self.config.text_at(self.map, "when").map_or(Some(When::Itself(None)), |(text, ..)| when(&text));
        let plain = |held: Held, at| Way { when: When::Itself(None), held, at, paths: Vec::new(), allows_failure: None };
        if let Some(rules) = get(self.map, "rules") {
            return self.of_rules(&rules.value, by_default, source);
        }
        let only = get(self.map, "only");
        let except = get(self.map, "except");
        let when = match by_default {
            Some(when) => when,
            None => return Vec::new(),
        };
        let mut way = Way { when, ..plain(Held::just(Truth::Yes), None) };
        match only {
            Some(entry) => {
                let (held, paths) = self.policy(entry, source, true);
                way = Way { held, paths, at: Some((entry.doc, entry.line)), ..way };
            }
            // branches and tags, where nothing says otherwise
            None if source == Source::MergeRequest && !self.ruled => return Vec::new(),
            None => {}
        }
        if let Some(entry) = except {
            let (held, _) = self.policy(entry, source, false);
            match held.truth {
                Truth::Yes => return Vec::new(),
                Truth::Maybe => way.held = way.held.and(Held::just(Truth::Maybe)),
                Truth::No => {}
            }
        }
        if way.held.truth == Truth::No { Vec::new() } else { vec![way] }
    }

    fn of_rules(&self, rules: &Value<'t>, by_default: Option<When>, source: Source) -> Vec<Way> {
        let mut ways = Vec::new();
        let Some(Value::Leaf(..)) = self.config.follow(rules) else { return ways };
        for (doc, rule) in self.config.items(rules).into_iter().take(MAX_RULES) {
            let of = |name: &str| source.variable(name, self.declared);
            let mut held = match rule.get("if") {
                Some(condition) => match self.config.text((doc, condition)) {
                    Some(text) => condition::judge(&text, Language::Dollars, &of),
                    None => Held::just(Truth::Maybe),
                },
                None => Held::just(Truth::Yes),
            };
            let mut paths = Vec::new();
            if let Some(changes) = rule.get("changes") {
                paths = strings(changes.get("paths").unwrap_or(changes));
                // without a push everything counts as changed
                if matches!(source, Source::Push | Source::MergeRequest) {
                    held = held.and(Held::just(Truth::Maybe));
                }
            }
            if let Some(exists) = rule.get("exists") {
                held = held.and(Held::asking(&format!("there is {}", strings(exists).join(", "))));
            }
            if held.truth == Truth::No {
                continue;
            }
            let last = held.truth == Truth::Yes;
            let when = match rule.get("when").and_then(Node::text) {
                Some(text) => when(text),
                None => by_default.clone(),
            };
            let allows_failure = rule.get("allow_failure").and_then(allowed);
            if let Some(when) = when {
                let line = rule.entries().map(|(key, _)| key.line).min().unwrap_or_else(|| rule.line());
                ways.push(Way { when, held, at: Some((doc, line)), paths, allows_failure });
            }
            if last {
                break;
            }
        }
        ways
    }

    /// `only` or `except`: whether one of the words, or each of the groups of `only`, fits such a pipeline.
    fn policy(&self, entry: &Entry<'t>, source: Source, all: bool) -> (Held, Vec<String>) {
        let refs =
            |value: &Value<'t>| Held::any(self.config.texts(value).into_iter().map(|(text, _)| named(&text, source)).collect());
        let map = match self.config.follow(&entry.value) {
            Some(Value::Map(map)) => map,
            Some(value) => return (refs(&value), Vec::new()),
            None => return (Held::just(Truth::Maybe), Vec::new()),
        };
        let mut parts: Vec<Held> = Vec::new();
        let mut paths = Vec::new();
        match get(&map, "refs") {
            Some(entry) => parts.push(refs(&entry.value)),
            None if all && source == Source::MergeRequest => parts.push(Held::just(Truth::No)),
            None => {}
        }
        if let Some(variables) = get(&map, "variables") {
            let of = |name: &str| source.variable(name, self.declared);
            let texts = self.config.texts(&variables.value);
            parts.push(Held::any(texts.into_iter().map(|(text, _)| condition::judge(&text, Language::Dollars, &of)).collect()));
        }
        if let Some(changes) = get(&map, "changes") {
            paths.extend(self.config.texts(&changes.value).into_iter().map(|(text, _)| text));
            let asked = matches!(source, Source::Push | Source::MergeRequest);
            parts.push(Held::just(if asked { Truth::Maybe } else { Truth::Yes }));
        }
        let held = if all { parts.into_iter().fold(Held::just(Truth::Yes), Held::and) } else { Held::any(parts) };
        (held, paths)
    }
}

/// A word of `only` or `except`.
fn named(word: &str, source: Source) -> Held {
    let is = |named: bool| Held { named, ..Held::just(if named { Truth::Yes } else { Truth::No }) };
    let word = word.split('@').next().unwrap_or(word);
    match word {
        "branches" => Held::just(if source.on_a_branch() { Truth::Yes } else { Truth::No }),
        "tags" => is(source == Source::Tag),
        "pushes" => Held::just(if matches!(source, Source::Push | Source::Tag) { Truth::Yes } else { Truth::No }),
        "merge_requests" => is(source == Source::MergeRequest),
        "schedules" => is(source == Source::Schedule),
        "web" => is(source == Source::Web),
        "api" => is(source == Source::Api),
        "triggers" => is(source == Source::Trigger),
        "pipelines" => is(source == Source::Pipeline),
        "external" | "chat" | "external_pull_requests" => Held::just(Truth::No),
        _ if word.starts_with('/') => Held { named: source == Source::Tag, ..Held::just(Truth::Maybe) },
        _ if source.on_a_branch() => Held { branches: Some(BTreeSet::from([word.to_owned()])), ..Held::just(Truth::Maybe) },
        _ => Held::just(Truth::No),
    }
}

/// `when:`; none for `never`.
fn when(text: &str) -> Option<When> {
    match text {
        "never" => None,
        "manual" => Some(When::Manual),
        "always" => Some(When::Itself(Some("always"))),
        "on_failure" => Some(When::Itself(Some("on_failure"))),
        _ => Some(When::Itself(None)),
    }
}

/// `allow_failure:`; exit codes allow some failures and not the others.
pub(super) fn allowed(node: Node<'_>) -> Option<bool> {
    match node.kind() {
        Kind::Map => None,
        _ => node.as_bool(),
    }
}

fn strings(node: Node<'_>) -> Vec<String> {
    let list = node.get("paths").unwrap_or(node);
    list.strings().into_iter().map(|(text, _)| text.to_owned()).collect()
}
