//! Pipelines and builds that a cloud is told to set up: stages of actions, and the build that an action runs; whatever
//! format declares them.
//!
//! Whether the repository that a pipeline follows is this one is not said, so what starts it is only meant. Actions of a
//! stage run beside each other unless their numbers order them; what comes after an approval, or after a stage that is
//! closed, is a person's.

use crate::fact::{FactKind, Guard, Needs, Trigger, UnitId, UnitKind, UsesTarget};
use crate::facts::ci::build_specification;
use crate::facts::ci::reading::Reading;
use crate::facts::deploy::wiring;
use crate::source;
use crate::syntax::tree::Node;
use crate::words::TriggerKind;

/// Most stages, most actions of one stage, and most filters of one webhook.
pub(super) const MOST: usize = 60;
/// Why a repository that is followed may be another.
const ELSEWHERE: &str = "whether it follows this repository is not said here";

/// What the format that declares them says of values and of what hangs on whether a resource is there at all.
pub(super) struct Declared<'d> {
    /// The text of a value, where it is one without holes.
    pub(super) text: &'d dyn Fn(Node<'_>) -> Option<String>,
    /// Hands a unit's start over to what a value names.
    pub(super) pass: &'d dyn Fn(UnitId, Node<'_>, &mut Reading<'_>),
    /// A trigger of the resource.
    pub(super) meant: &'d dyn Fn(Trigger) -> Trigger,
}

/// A stage of a pipeline.
pub(super) struct Stage<'t> {
    /// The word that closes it: who waits behind it waits for a person.
    pub(super) closed: Option<String>,
    pub(super) actions: Vec<Action<'t>>,
}

/// An action of a stage.
pub(super) struct Action<'t> {
    pub(super) node: Node<'t>,
    pub(super) name: &'t str,
    pub(super) category: &'t str,
    pub(super) provider: &'t str,
    /// Its place among the actions of its stage.
    pub(super) order: u32,
    pub(super) settings: Option<Node<'t>>,
}

impl<'t> Action<'t> {
    fn setting(&self, key: &str) -> Option<Node<'t>> {
        self.settings?.get(key)
    }

    /// The template that it names, without the artefact that holds it.
    fn template(&self, declared: &Declared<'_>) -> Option<String> {
        let path = (declared.text)(self.setting("TemplatePath")?)?;
        path.split_once("::").map(|(_, path)| path.to_owned())
    }

    /// Whether it prepares the change that another action brings about.
    fn prepares_for(&self, other: &Self) -> bool {
        let same = |key: &str| {
            let text = |of: &Self| of.setting(key).and_then(Node::text);
            text(self).is_some() && text(self) == text(other)
        };
        self.setting("ActionMode").and_then(Node::text) == Some("CHANGE_SET_REPLACE") && same("ChangeSetName")
    }
}

/// A pipeline: what starts it, and its actions in their order. `events` says whether it names what starts it itself.
pub(super) fn pipeline(
    declared: &Declared<'_>,
    stages: &[Stage<'_>],
    ((line, end_line), events): ((u32, u32), bool),
    unit: UnitId,
    reading: &mut Reading<'_>,
) {
    wiring::by_hand(unit, line, reading);
    let Some(all) = wiring::inside("stages", UnitKind::Group, (line, end_line), unit, reading) else { return };
    let prepared: Vec<&Action<'_>> = stages.iter().flat_map(|stage| &stage.actions).collect();
    let mut before: Vec<UnitId> = Vec::new();
    let mut asked: Option<String> = None;
    for stage in stages {
        asked = asked.or_else(|| stage.closed.clone());
        let mut actions: Vec<&Action<'_>> = stage.actions.iter().collect();
        actions.sort_by_key(|action| action.order);
        let mut at = None;
        let mut now: Vec<UnitId> = Vec::new();
        let mut asks = asked.clone();
        for action in actions {
            if at.is_some_and(|order| order != action.order) && !now.is_empty() {
                before = std::mem::take(&mut now);
                asked.clone_from(&asks);
            }
            at = Some(action.order);
            match action.category {
                "Source" => source(declared, action, events, unit, reading),
                "Approval" => asks = asks.or_else(|| Some(format!("after `{}`, which waits for a person", action.name))),
                _ => {
                    let lines = (action.node.line(), action.node.end_line());
                    let Some(id) = wiring::inside(action.name, UnitKind::Job, lines, all, reading) else { return };
                    for on in &before {
                        reading.fact(id, lines.0, FactKind::Needs(Needs { on: *on, stops: true }));
                    }
                    if let Some(word) = &asked {
                        reading.fact(id, lines.0, FactKind::Trigger(Trigger::plain(TriggerKind::Manual, word.clone())));
                        reading.fact(id, lines.0, FactKind::Guard(Guard::Never(word.clone())));
                    }
                    work(declared, action, &prepared, id, reading);
                    now.push(id);
                }
            }
        }
        if !now.is_empty() {
            before = now;
        }
        asked = asks;
    }
}

/// What starts a pipeline, as its source says.
fn source(declared: &Declared<'_>, action: &Action<'_>, events: bool, unit: UnitId, reading: &mut Reading<'_>) {
    let line = action.node.line();
    let said = |key: &str| action.setting(key).and_then(|n| (declared.text)(n));
    let asks = |key: &str| said(key).is_none_or(|text| !text.eq_ignore_ascii_case("false"));
    let branch = said("Branch").or_else(|| said("BranchName"));
    let trigger = match action.provider {
        // what does not look by itself is told by a rule
        "CodeCommit" | "S3" if !asks("PollForSourceChanges") => return,
        "CodeStarSourceConnection" | "GitHub" if !asks("DetectChanges") || !asks("PollForSourceChanges") => return,
        "CodeStarSourceConnection" if events => return,
        "S3" => Trigger::plain(TriggerKind::Data, "an object arrives".to_owned()),
        "ECR" => Trigger::plain(TriggerKind::Upstream, "an image is pushed".to_owned()).elsewhere("who pushes is not said here"),
        _ => follows(TriggerKind::Push, branch),
    };
    wiring::starts(unit, line, (declared.meant)(trigger), reading);
}

/// A change of the repository that is followed.
pub(super) fn follows(kind: TriggerKind, branch: Option<String>) -> Trigger {
    let text = branch.as_ref().map_or(kind.to_string(), |branch| format!("{kind} {branch}"));
    Trigger { branches: branch.into_iter().collect(), ..Trigger::plain(kind, text).elsewhere(ELSEWHERE) }
}

/// What an action runs.
fn work(declared: &Declared<'_>, action: &Action<'_>, prepared: &[&Action<'_>], id: UnitId, reading: &mut Reading<'_>) {
    let line = action.node.line();
    let mut pass = |key: &str| action.setting(key).map(|to| (declared.pass)(id, to, reading)).is_some();
    match action.provider {
        "CodeBuild" if pass("ProjectName") => {}
        "Lambda" if pass("FunctionName") => {}
        "StepFunctions" if pass("StateMachineArn") => {}
        "CloudFormation" => {
            let template = match action.setting("ActionMode").and_then(Node::text) {
                // what is only prepared is brought about by another action
                Some("CHANGE_SET_REPLACE" | "DELETE_ONLY") => None,
                Some("CHANGE_SET_EXECUTE") => {
                    prepared.iter().find(|other| other.prepares_for(action)).and_then(|it| it.template(declared))
                }
                _ => action.template(declared),
            };
            if let Some(path) = template {
                let given = [("TemplateFile".to_owned(), path)];
                wiring::call(id, line, ("cloudformation", "deploy"), &given, reading);
            }
        }
        other => wiring::open(id, line, other, reading),
    }
}

/// The specification that a build runs, where it is no text of the declaration: a file of the repository.
pub(super) fn specification(named: Option<(&str, u32)>, line: u32, unit: UnitId, reading: &mut Reading<'_>) {
    let Some((text, line)) = named else {
        return wiring::hand(unit, line, "buildspec.yml", UsesTarget::File("buildspec.yml".to_owned()), reading);
    };
    match source::join(".", text).filter(|_| !text.contains("${") && !text.starts_with("arn:") && !text.contains("://")) {
        Some(path) => wiring::hand(unit, line, text, UsesTarget::File(path), reading),
        None => wiring::open(unit, line, text, reading),
    }
}

/// Reads a specification that stands in the declaration; false where the text is none.
pub(super) fn written(text: &str, node: Node<'_>, unit: UnitId, reading: &mut Reading<'_>) -> bool {
    if !text.contains("phases:") && !text.trim_start().starts_with('{') {
        return false;
    }
    build_specification(text, unit, &wiring::lines_of(node), reading);
    true
}

/// A condition of a webhook.
pub(super) struct Filter {
    /// What it is about: `EVENT`, `HEAD_REF`.
    pub(super) kind: String,
    pub(super) pattern: String,
    /// Whether what fits is left out.
    pub(super) excludes: bool,
}

/// What starts a build by itself: the events of each group of filters; none at all is a push.
pub(super) fn webhook(groups: &[Vec<Filter>]) -> Vec<Trigger> {
    let mut found: Vec<Trigger> = Vec::new();
    for group in groups.iter().take(MOST) {
        let of = |kind: &str| group.iter().find(|filter| filter.kind == kind && !filter.excludes).map(|f| f.pattern.as_str());
        let events = of("EVENT").unwrap_or_default();
        let head = of("HEAD_REF");
        let mut state = |kind: TriggerKind, branch: Option<String>| found.push(follows(kind, branch));
        if events.contains("PUSH") {
            match head.is_some_and(|head| head.trim_start_matches('^').starts_with("refs/tags")) {
                true => state(TriggerKind::Tag, None),
                false => state(TriggerKind::Push, head.and_then(wiring::plain_branch)),
            }
        }
        if events.contains("PULL_REQUEST") {
            state(TriggerKind::Pr, None);
        }
        if events.contains("RELEASED") {
            state(TriggerKind::Tag, None);
        }
    }
    if groups.is_empty() {
        found.push(follows(TriggerKind::Push, None));
    }
    found.sort_by(|a, b| (a.kind, &a.branches).cmp(&(b.kind, &b.branches)));
    found.dedup_by(|a, b| (a.kind, &a.branches) == (b.kind, &b.branches));
    found
}
