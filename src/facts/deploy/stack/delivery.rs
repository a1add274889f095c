//! Pipelines and builds of a template, as `deploy/delivery` wants them.

use super::{Resource, Stack, meant};
use crate::facts::ci::reading::Reading;
use crate::facts::deploy::delivery::{self, Action, Declared, Filter, MOST, Stage};
use crate::facts::deploy::machine::Said;
use crate::facts::deploy::wiring;
use crate::syntax::tree::Node;
use crate::words::TriggerKind;

fn action(node: Node<'_>) -> Option<Action<'_>> {
    let kind = node.get("ActionTypeId")?;
    Some(Action {
        node,
        name: node.at("Name").unwrap_or("?"),
        category: kind.at("Category").unwrap_or_default(),
        provider: kind.at("Provider").unwrap_or_default(),
        order: node.at("RunOrder").and_then(|n| n.parse().ok()).unwrap_or(1),
        settings: node.get("Configuration"),
    })
}

/// A pipeline of a template.
pub(super) fn pipeline(stack: &Stack<'_>, resource: Resource<'_>, reading: &mut Reading<'_>) {
    let Resource { properties, node, unit, .. } = resource;
    let Some(written) = properties.get("Stages") else { return };
    let mut stages: Vec<Stage<'_>> = Vec::new();
    for stage in written.items().take(MOST) {
        let name = stage.at("Name").unwrap_or_default();
        let mut closed = properties.get("DisableInboundStageTransitions").into_iter().flat_map(Node::items).take(MOST);
        let closed = closed.any(|one| one.at("StageName") == Some(name));
        stages.push(Stage {
            closed: closed.then(|| format!("stage `{name}`, to which the way is closed (DisableInboundStageTransitions)")),
            actions: stage.get("Actions").into_iter().flat_map(Node::items).take(MOST).filter_map(action).collect(),
        });
    }
    let text = |node: Node<'_>| stack.template.text(node);
    let pass = |unit, to: Node<'_>, reading: &mut Reading<'_>| stack.pass(unit, to, reading);
    let declared = Declared { text: &text, pass: &pass, meant: &|trigger| meant(trigger, node) };
    let triggers: Vec<Node<'_>> = properties.get("Triggers").into_iter().flat_map(Node::items).take(MOST).collect();
    for of in triggers.iter().filter_map(|one| one.get("GitConfiguration")) {
        for push in of.get("Push").into_iter().flat_map(Node::items).take(MOST) {
            let branch = push.get("Branches").and_then(|b| b.get("Includes")).into_iter().flat_map(Node::items).find_map(&text);
            let kind = if push.get("Tags").is_some() { TriggerKind::Tag } else { TriggerKind::Push };
            wiring::starts(unit, push.line(), meant(delivery::follows(kind, branch), node), reading);
        }
        if let Some(request) = of.get("PullRequest") {
            wiring::starts(unit, request.line(), meant(delivery::follows(TriggerKind::Pr, None), node), reading);
        }
    }
    let lines = (written.line(), written.end_line());
    delivery::pipeline(&declared, &stages, (lines, !triggers.is_empty()), unit, reading);
}

/// A build: the specification that it runs, in the repository or in the template.
pub(super) fn project(stack: &Stack<'_>, resource: Resource<'_>, reading: &mut Reading<'_>) {
    let Resource { properties, node, unit, .. } = resource;
    if let Some(of) = properties.get("Triggers").filter(|t| t.get("Webhook").and_then(Node::as_bool) == Some(true)) {
        let filter = |one: Node<'_>| {
            let text = |key: &str| one.get(key).and_then(|n| stack.template.text(n)).unwrap_or_default();
            let excludes = one.get("ExcludeMatchedPattern").and_then(Node::as_bool) == Some(true);
            Filter { kind: text("Type"), pattern: text("Pattern"), excludes }
        };
        let groups = of.get("FilterGroups").into_iter().flat_map(Node::items).take(MOST);
        let groups: Vec<Vec<Filter>> = groups.map(|group| group.items().take(MOST).map(filter).collect()).collect();
        for trigger in delivery::webhook(&groups) {
            wiring::starts(unit, of.line(), meant(trigger, node), reading);
        }
    }
    let source = properties.get("Source");
    let Some(named) = source.and_then(|s| s.get("BuildSpec")) else {
        return delivery::specification(None, source.map_or(properties.line(), Node::line), unit, reading);
    };
    let text = match stack.template.said(named) {
        Said::Text(text) => text,
        _ => return wiring::open(unit, named.site_line(), "a specification that only a deployment knows", reading),
    };
    if !delivery::written(&text, named, unit, reading) {
        delivery::specification(Some((&text, named.site_line())), named.site_line(), unit, reading);
    }
}
