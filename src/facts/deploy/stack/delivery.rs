//! Pipelines and builds that a template sets up: stages of actions, and the build that an action runs.
//!
//! Whether the repository that a pipeline follows is this one is not said, so what starts it is only meant. Actions of a
//! stage run beside each other unless their numbers order them; what comes after an approval is a person's.

use super::{Resource, Stack};
use crate::fact::{FactKind, Guard, Needs, Trigger, UnitId, UnitKind, UsesTarget};
use crate::facts::ci::build_specification;
use crate::facts::ci::reading::Reading;
use crate::facts::deploy::machine::Said;
use crate::facts::deploy::wiring;
use crate::source;
use crate::syntax::tree::{Node, Style};
use crate::words::TriggerKind;

/// Most stages, and most actions of one stage.
const MOST: usize = 60;
/// Why a repository that is followed may be another.
const ELSEWHERE: &str = "whether it follows this repository is not said here";

/// What an action of a pipeline is.
struct Action<'t> {
    node: Node<'t>,
    name: &'t str,
    category: &'t str,
    provider: &'t str,
    /// Its place among the actions of its stage.
    order: u32,
}

impl<'t> Action<'t> {
    fn of(node: Node<'t>) -> Option<Self> {
        let kind = node.get("ActionTypeId")?;
        let text = |of: Node<'t>, key: &str| of.get(key).and_then(Node::text);
        Some(Self {
            node,
            name: text(node, "Name").unwrap_or("?"),
            category: text(kind, "Category").unwrap_or_default(),
            provider: text(kind, "Provider").unwrap_or_default(),
            order: node.at("RunOrder").and_then(|n| n.parse().ok()).unwrap_or(1),
        })
    }

    fn setting(&self, key: &str) -> Option<Node<'t>> {
        self.node.get("Configuration")?.get(key)
    }

    /// The template that it names, without the artefact that holds it.
    fn template(&self, stack: &Stack<'_>) -> Option<String> {
        let path = stack.template.text(self.setting("TemplatePath")?)?;
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

/// A pipeline: what starts it, and its actions in their order.
pub(super) fn pipeline(stack: &Stack<'_>, resource: Resource<'_>, reading: &mut Reading<'_>) {
    let Resource { properties, unit, .. } = resource;
    let Some(stages) = properties.get("Stages") else { return };
    wiring::by_hand(unit, stages.line(), reading);
    let Some(all) = wiring::inside("stages", UnitKind::Group, (stages.line(), stages.end_line()), unit, reading) else { return };
    let every = stages.items().take(MOST).flat_map(|stage| stage.get("Actions")).flat_map(|all| all.items().take(MOST));
    let prepared: Vec<Action<'_>> = every.filter_map(Action::of).collect();
    let mut before: Vec<UnitId> = Vec::new();
    let mut asked: Option<String> = None;
    for stage in stages.items().take(MOST) {
        let mut actions: Vec<Action<'_>> =
            stage.get("Actions").into_iter().flat_map(Node::items).take(MOST).filter_map(Action::of).collect();
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
                "Source" => source(stack, &action, unit, reading),
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
                    work(stack, &action, &prepared, id, reading);
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
fn source(stack: &Stack<'_>, action: &Action<'_>, unit: UnitId, reading: &mut Reading<'_>) {
    let line = action.node.line();
    let said = |key: &str| action.setting(key).and_then(|n| stack.template.text(n));
    let asks = |key: &str| said(key).is_none_or(|text| !text.eq_ignore_ascii_case("false"));
    let branch = said("Branch").or_else(|| said("BranchName"));
    let trigger = match action.provider {
        // what does not look by itself is told by a rule
        "CodeCommit" | "S3" if !asks("PollForSourceChanges") => return,
        "CodeStarSourceConnection" | "GitHub" if !asks("DetectChanges") => return,
        "S3" => Trigger::plain(TriggerKind::Data, "an object arrives".to_owned()),
        "ECR" => Trigger::plain(TriggerKind::Upstream, "an image is pushed".to_owned()).elsewhere("who pushes is not said here"),
        _ => {
            let text = branch.as_ref().map_or("push".to_owned(), |branch| format!("push {branch}"));
            let trigger = Trigger::plain(TriggerKind::Push, text).elsewhere(ELSEWHERE);
            Trigger { branches: branch.into_iter().collect(), ..trigger }
        }
    };
    wiring::starts(unit, line, trigger, reading);
}

/// What an action runs.
fn work(stack: &Stack<'_>, action: &Action<'_>, prepared: &[Action<'_>], id: UnitId, reading: &mut Reading<'_>) {
    let line = action.node.line();
    let named = |key: &str| action.setting(key);
    match action.provider {
        "CodeBuild" => match named("ProjectName") {
            Some(to) => stack.pass(id, to, reading),
            None => wiring::open(id, line, "a build that is not named", reading),
        },
        "Lambda" => named("FunctionName").into_iter().for_each(|to| stack.pass(id, to, reading)),
        "StepFunctions" => named("StateMachineArn").into_iter().for_each(|to| stack.pass(id, to, reading)),
        "CloudFormation" => {
            let template = match named("ActionMode").and_then(Node::text) {
                // what is only prepared is brought about by another action
                Some("CHANGE_SET_REPLACE" | "DELETE_ONLY") => None,
                Some("CHANGE_SET_EXECUTE") => {
                    prepared.iter().find(|other| other.prepares_for(action)).and_then(|it| it.template(stack))
                }
                _ => action.template(stack),
            };
            if let Some(path) = template {
                let given = [("TemplateFile".to_owned(), path)];
                wiring::call(id, line, ("cloudformation", "deploy"), &given, reading);
            }
        }
        other => wiring::open(id, line, other, reading),
    }
}

/// A build: the specification that it runs, in the repository or in the template.
pub(super) fn project(stack: &Stack<'_>, resource: Resource<'_>, reading: &mut Reading<'_>) {
    let Resource { properties, unit, .. } = resource;
    let source = properties.get("Source");
    triggers(stack, properties, unit, reading);
    let Some(named) = source.and_then(|s| s.get("BuildSpec")) else {
        let line = source.map_or(properties.line(), Node::line);
        return wiring::hand(unit, line, "buildspec.yml", UsesTarget::File("buildspec.yml".to_owned()), reading);
    };
    let line = named.site_line();
    let text = match stack.template.said(named) {
        Said::Text(text) => text,
        _ => return wiring::open(unit, line, "a specification that only a deployment knows", reading),
    };
    if text.contains("phases:") || text.trim_start().starts_with('{') {
        let literal = named.style() == Style::Literal;
        let first = named.line();
        let line_of = move |line: u32| if literal { first.saturating_add(line.saturating_sub(1)) } else { first };
        return build_specification(&text, unit, &line_of, reading);
    }
    match source::join(".", &text).filter(|_| !text.contains("${") && !text.starts_with("arn:") && !text.contains("://")) {
        Some(path) => wiring::hand(unit, line, &text, UsesTarget::File(path), reading),
        None => wiring::open(unit, line, &text, reading),
    }
}

/// What starts a build by itself.
fn triggers(stack: &Stack<'_>, properties: Node<'_>, unit: UnitId, reading: &mut Reading<'_>) {
    let Some(of) = properties.get("Triggers").filter(|t| t.get("Webhook").and_then(Node::as_bool) == Some(true)) else { return };
    let groups: Vec<Node<'_>> = of.get("FilterGroups").into_iter().flat_map(Node::items).take(MOST).collect();
    let mut kinds: Vec<TriggerKind> = Vec::new();
    for filter in groups.iter().flat_map(|g| g.items()).filter(|f| f.at("Type") == Some("EVENT")).take(MOST) {
        let pattern = filter.get("Pattern").and_then(|n| stack.template.text(n)).unwrap_or_default();
        kinds.extend(pattern.contains("PUSH").then_some(TriggerKind::Push));
        kinds.extend(pattern.contains("PULL_REQUEST").then_some(TriggerKind::Pr));
        kinds.extend(pattern.contains("RELEASED").then_some(TriggerKind::Tag));
    }
    if groups.is_empty() {
        kinds.push(TriggerKind::Push);
    }
    kinds.sort();
    kinds.dedup();
    for kind in kinds {
        wiring::starts(unit, of.line(), Trigger::plain(kind, kind.to_string()).elsewhere(ELSEWHERE), reading);
    }
}
