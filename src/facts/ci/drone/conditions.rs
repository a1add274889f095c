//! `trigger` and `when`: for which events a pipeline or a step runs.

use super::super::condition::{self, Language, Value};
use super::super::held::{Held, Truth};
use crate::syntax::tree::{Kind, Node};

/// Most conditions of one list.
const MAX_CONDITIONS: usize = 50;

/// Whose words they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Drone,
    Woodpecker,
}

/// What starts a pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    Push,
    Request,
    Tag,
    Cron,
    /// A person runs it.
    Manual,
    /// A person promotes or rolls back a build.
    Promotion,
    /// The host of the repository asks for a deployment.
    Deployment,
}

impl Event {
    pub(super) const fn all(dialect: Dialect) -> &'static [Self] {
        match dialect {
            Dialect::Drone => &[Self::Push, Self::Request, Self::Tag, Self::Cron, Self::Manual, Self::Promotion],
            Dialect::Woodpecker => &[Self::Push, Self::Request, Self::Tag, Self::Cron, Self::Manual, Self::Deployment],
        }
    }

    /// The words by which it is asked for.
    const fn words(self) -> &'static [&'static str] {
        match self {
            Self::Push => &["push"],
            Self::Request => &["pull_request", "pull_request_closed", "pull_request_metadata"],
            Self::Tag => &["tag", "release"],
            Self::Cron => &["cron"],
            Self::Manual => &["custom", "manual"],
            Self::Promotion => &["promote", "rollback"],
            Self::Deployment => &["deployment"],
        }
    }

    const fn on_a_branch(self) -> bool {
        !matches!(self, Self::Tag)
    }
}

/// How far a condition lets something run for one event.
pub(super) fn held(condition: Option<Node<'_>>, event: Event, dialect: Dialect) -> Held {
    let Some(condition) = condition else { return Held::just(Truth::Yes) };
    match condition.kind() {
        Kind::Map => one(condition, event, dialect),
        // of several any will do
        Kind::Seq => Held::any(condition.items().take(MAX_CONDITIONS).map(|item| one(item, event, dialect)).collect()),
        _ => Held::just(Truth::Maybe),
    }
}

fn one(condition: Node<'_>, event: Event, dialect: Dialect) -> Held {
    let mut held = Held::just(Truth::Yes);
    for (key, value) in condition.entries() {
        let asked = match key.text {
            "event" => of_event(value, event),
            "branch" if event.on_a_branch() => of_branch(value, event),
            "ref" => of_ref(value, event),
            // the name of a schedule
            "cron" if event == Event::Cron => Held { named: true, ..Held::just(Truth::Maybe) },
            "cron" if dialect == Dialect::Drone => Held::just(Truth::No),
            "target" if event == Event::Promotion => Held { named: true, ..Held::just(Truth::Maybe) },
            "target" if dialect == Dialect::Drone => Held::just(Truth::No),
            "repo" | "instance" => Held::asking(&format!("{} {}", key.text, texts(value).join(", "))),
            "path" | "paths" => Held::just(if matches!(event, Event::Push | Event::Request) { Truth::Maybe } else { Truth::Yes }),
            "evaluate" => match value.text() {
                Some(text) => condition::judge(text, Language::Names, &|name| variable(name, event)),
                None => Held::just(Truth::Maybe),
            },
            _ => Held::just(Truth::Yes),
        };
        held = held.and(asked);
    }
    held
}

/// The texts of a value, of `include` where it has such.
fn texts(value: Node<'_>) -> Vec<&str> {
    let value = value.get("include").unwrap_or(value);
    value.strings().into_iter().map(|(text, _)| text).collect()
}

fn left_out(value: Node<'_>) -> Vec<&str> {
    value.get("exclude").map(Node::strings).unwrap_or_default().into_iter().map(|(text, _)| text).collect()
}

fn of_event(value: Node<'_>, event: Event) -> Held {
    if left_out(value).iter().any(|word| event.words().contains(word)) {
        return Held::just(Truth::No);
    }
    if value.get("include").is_none() && value.get("exclude").is_some() {
        return Held::just(Truth::Yes);
    }
    let asked = texts(value).iter().any(|word| event.words().contains(word));
    Held { named: asked, ..Held::just(if asked { Truth::Yes } else { Truth::No }) }
}

fn of_branch(value: Node<'_>, event: Event) -> Held {
    let only = texts(value);
    if value.kind() == Kind::Map && value.get("include").is_none() {
        return Held::just(Truth::Maybe);
    }
    if only.is_empty() || only.iter().any(|b| matches!(*b, "*" | "**")) {
        return Held::just(Truth::Yes);
    }
    let plain = !only.iter().any(|b| b.contains(['*', '?', '[', '{', '!', '$']));
    let branches = (plain && event == Event::Push).then(|| only.iter().map(|b| (*b).to_owned()).collect());
    Held { branches, ..Held::just(Truth::Maybe) }
}

fn of_ref(value: Node<'_>, event: Event) -> Held {
    let only = texts(value);
    let begins = match event {
        Event::Tag => "refs/tags/",
        Event::Request => "refs/pull/",
        _ => "refs/heads/",
    };
    let fits: Vec<&&str> =
        only.iter().filter(|r| r.starts_with(begins) || r.starts_with('*') || r.starts_with("refs/*")).collect();
    if fits.is_empty() && !only.is_empty() {
        return Held::just(Truth::No);
    }
    let plain = fits.iter().all(|r| !r.contains('*'));
    let branches = (plain && event == Event::Push && !fits.is_empty())
        .then(|| fits.iter().map(|r| r.trim_start_matches(begins).to_owned()).collect());
    Held { branches, named: event == Event::Tag && !fits.is_empty(), ..Held::just(Truth::Maybe) }
}

fn variable(name: &str, event: Event) -> Value {
    match name {
        "CI_PIPELINE_EVENT" | "CI_BUILD_EVENT" => {
            Value::Source(event.words().first().copied().filter(|_| event != Event::Manual).unwrap_or("manual").to_owned())
        }
        "CI_COMMIT_BRANCH" if event.on_a_branch() => Value::Branch,
        "CI_COMMIT_TAG" => {
            if event == Event::Tag {
                Value::Tag
            } else {
                Value::Text(String::new())
            }
        }
        "CI_REPO_DEFAULT_BRANCH" => Value::Usual,
        _ if name.starts_with("CI_") => Value::Some,
        _ => Value::Outside,
    }
}

/// Whether a step runs after a failure and else not.
pub(super) fn runs_only_after_failure(condition: Option<Node<'_>>) -> bool {
    let Some(condition) = condition else { return false };
    let all = if condition.kind() == Kind::Seq { condition.items().collect() } else { vec![condition] };
    let only = |one: Node<'_>| one.get("status").is_some_and(|s| texts(s) == ["failure"]);
    !all.is_empty() && all.into_iter().all(only)
}

/// Whether a step runs although another failed before it.
pub(super) fn runs_after_failure(condition: Option<Node<'_>>) -> bool {
    let Some(condition) = condition else { return false };
    let all = if condition.kind() == Kind::Seq { condition.items().collect() } else { vec![condition] };
    all.into_iter().any(|one| one.get("status").is_some_and(|s| texts(s).contains(&"failure")))
}
