//! Resources of Amazon's cloud, and charts, which have no cloud.

use super::definition;
use super::delivery;
use super::folders::{Configuration, Resource};
use crate::fact::{FactKind, Guard, Trigger, UnitId};
use crate::facts::ci::container;
use crate::facts::ci::reading::Reading;
use crate::facts::deploy::machine::{self, Machine};
use crate::facts::deploy::wiring;
use crate::syntax::json;
use crate::syntax::tree::{Kind, Node};
use crate::words::TriggerKind;

/// Words by which a file is known to declare some of them.
pub(super) const KINDS: &[&str] = &[
    "aws_lambda_function",
    "aws_cloudwatch_event_rule",
    "aws_cloudwatch_event_target",
    "aws_scheduler_schedule",
    "aws_sfn_state_machine",
    "aws_s3_bucket_notification",
    "aws_ecs_task_definition",
    "aws_ecs_service",
    "aws_batch_job_definition",
    FUNCTION_MODULE,
    RULES_MODULE,
    "helm_release",
    "aws_codepipeline",
    "aws_codebuild_project",
    "aws_codebuild_webhook",
    "aws_sagemaker_pipeline",
];

/// A module that makes a function, by where it comes from.
const FUNCTION_MODULE: &str = "terraform-aws-modules/lambda";
/// A module that makes rules with their targets, likewise.
const RULES_MODULE: &str = "terraform-aws-modules/eventbridge";
/// Most parts of one list.
const MOST: usize = 100;

/// Whether a resource runs something or passes a start on.
pub(super) fn takes_part(resource: &Resource<'_>) -> bool {
    matches!(
        resource.kind,
        "aws_lambda_function"
            | "aws_cloudwatch_event_rule"
            | "aws_scheduler_schedule"
            | "aws_sfn_state_machine"
            | "aws_s3_bucket_notification"
            | "aws_lambda_event_source_mapping"
            | "aws_lambda_function_url"
            | "aws_sns_topic"
            | "aws_sns_topic_subscription"
            | "aws_sqs_queue"
            | "aws_cloudwatch_metric_alarm"
            | "aws_ecs_task_definition"
            | "aws_batch_job_definition"
            | "aws_codepipeline"
            | "aws_codebuild_project"
            | "aws_codebuild_webhook"
            | "aws_sagemaker_pipeline"
    ) || keeps(resource)
        || is_made_by(resource, FUNCTION_MODULE)
        || is_made_by(resource, RULES_MODULE)
}

/// Whether it keeps running once it is there.
pub(super) fn keeps(resource: &Resource<'_>) -> bool {
    matches!(resource.kind, "aws_ecs_service" | "helm_release")
}

fn is_made_by(resource: &Resource<'_>, module: &str) -> bool {
    resource.kind == "module" && resource.node.at("source").is_some_and(|source| source.contains(module))
}

pub(super) fn lower(all: &Configuration<'_>, key: &str, resource: Resource<'_>, unit: UnitId, reading: &mut Reading<'_>) {
    let Resource { kind, node, line, .. } = resource;
    let refers = |node: Option<Node<'_>>| node.and_then(|n| all.referred(n)).is_some_and(|(other, _)| other == key);
    match kind {
        "aws_lambda_function" => function(all, resource, unit, reading),
        "module" if is_made_by(&resource, RULES_MODULE) => rules(all, key, resource, reading),
        "module" if is_made_by(&resource, FUNCTION_MODULE) => {
            let dir = node.get("source_path").and_then(|n| all.path(n));
            let handler = node.get("handler").and_then(Node::text).map(str::to_owned);
            match node.get("image_uri") {
                Some(image) => all.image(image, unit, reading),
                None => all.handler(dir, handler, (unit, line), reading),
            }
        }
        "aws_cloudwatch_event_rule" => {
            let switches = [("is_enabled", "false"), ("state", "DISABLED")];
            match (node.get("schedule_expression"), node.get("event_pattern")) {
                (Some(every), _) => {
                    wiring::starts(unit, every.line(), all.switched(all.clock(every), resource, &switches), reading);
                }
                (None, Some(pattern)) => {
                    let parsed = pattern.text().map(json::parse);
                    let pattern = parsed.as_ref().and_then(|p| p.tree.root()).unwrap_or(pattern);
                    wiring::starts(unit, line, all.switched(wiring::event(pattern), resource, &switches), reading);
                }
                (None, None) => {}
            }
            for target in all.own.resources.values().filter(|r| r.kind == "aws_cloudwatch_event_target").take(MOST) {
                if refers(target.node.get("rule")) {
                    let task = target.node.get("ecs_target").and_then(|t| t.get("task_definition_arn"));
                    task.or_else(|| target.node.get("arn")).into_iter().for_each(|to| passed(all, unit, line, to, reading));
                }
            }
        }
        "aws_scheduler_schedule" => {
            let Some(every) = node.get("schedule_expression") else { return };
            wiring::starts(unit, every.line(), all.switched(all.clock(every), resource, &[("state", "DISABLED")]), reading);
            node.get("target").into_iter().for_each(|target| scheduled(all, target, unit, reading));
        }
        "aws_sfn_state_machine" => definition::lower(all, key, node, unit, reading),
        "aws_s3_bucket_notification" => {
            let trigger = Trigger::plain(TriggerKind::Data, "an object arrives".to_owned());
            wiring::starts(unit, line, all.switched(trigger, resource, &[]), reading);
            for (_, to) in node.entries().take(MOST) {
                let named = ["lambda_function_arn", "queue_arn", "topic_arn"].iter().find_map(|key| to.get(key));
                named.into_iter().for_each(|to| all.pass(unit, to, reading));
            }
        }
        "aws_lambda_event_source_mapping" => {
            let trigger = all.switched(wiring::message("event source"), resource, &[("enabled", "false")]);
            wiring::starts(unit, line, trigger, reading);
            node.get("function_name").into_iter().for_each(|to| all.pass(unit, to, reading));
        }
        "aws_lambda_function_url" => {
            wiring::starts(unit, line, wiring::request("address"), reading);
            node.get("function_name").into_iter().for_each(|to| all.pass(unit, to, reading));
        }
        "aws_sns_topic" | "aws_sqs_queue" => {
            let takes = |other: &Resource<'_>| match other.kind {
                "aws_sns_topic_subscription" => refers(other.node.get("topic_arn")),
                "aws_lambda_event_source_mapping" => refers(other.node.get("event_source_arn")),
                _ => false,
            };
            all.pass_to(unit, line, &takes, reading);
        }
        "aws_sns_topic_subscription" => node.get("endpoint").into_iter().for_each(|to| all.pass(unit, to, reading)),
        "aws_cloudwatch_metric_alarm" => {
            let text = format!("alarm {}", node.at("alarm_name").unwrap_or(resource.name));
            let trigger = Trigger::plain(TriggerKind::Alert, text);
            wiring::starts(unit, line, all.switched(trigger, resource, &[("actions_enabled", "false")]), reading);
            node.get("alarm_actions").into_iter().for_each(|to| all.pass_all(unit, to, reading));
        }
        "aws_ecs_task_definition" => {
            let definitions = node.get("container_definitions");
            let parsed = definitions.and_then(Node::text).map(json::parse);
            let written = parsed.as_ref().and_then(|p| p.tree.root()).or(definitions);
            for one in written.into_iter().flat_map(Node::items).take(MOST) {
                run(all, one, (unit, line), reading);
            }
        }
        "aws_batch_job_definition" => {
            let properties = node.get("container_properties");
            let parsed = properties.and_then(Node::text).map(json::parse);
            let written = parsed.as_ref().and_then(|p| p.tree.root()).or(properties);
            written.into_iter().for_each(|one| run(all, one, (unit, line), reading));
        }
        "aws_ecs_service" => {
            if node.at("desired_count") == Some("0") {
                reading.fact(unit, line, FactKind::Guard(Guard::Never("desired_count = 0".to_owned())));
            }
            node.get("task_definition").into_iter().for_each(|to| all.pass(unit, to, reading));
        }
        "aws_codepipeline" => delivery::pipeline(all, resource, unit, reading),
        "aws_codebuild_project" => delivery::project(all, resource, unit, reading),
        "aws_codebuild_webhook" => delivery::webhook(all, resource, unit, reading),
        "aws_sagemaker_pipeline" => delivery::platform(all, key, resource, unit, reading),
        "helm_release" => node.get("chart").into_iter().for_each(|chart| all.chart(chart, unit, reading)),
        _ => {}
    }
}

/// The rules that a module makes, each a part of its own with its targets; and its schedules.
fn rules(all: &Configuration<'_>, key: &str, resource: Resource<'_>, reading: &mut Reading<'_>) {
    let node = resource.node;
    let switches = [("enabled", "false"), ("state", "DISABLED")];
    for (name, rule) in node.get("rules").into_iter().flat_map(Node::entries).take(MOST) {
        let trigger = match (rule.get("schedule_expression"), rule.get("event_pattern")) {
            (Some(every), _) => all.clock(every),
            (None, Some(pattern)) => {
                let parsed = pattern.text().map(json::parse);
                wiring::event(parsed.as_ref().and_then(|p| p.tree.root()).unwrap_or(pattern))
            }
            (None, None) => continue,
        };
        let lines = (name.line, rule.end_line());
        let Some(unit) = wiring::part(&format!("{key}.{}", name.text), lines, reading) else { return };
        let trigger = all.switched(trigger, Resource { node: rule, ..resource }, &switches);
        wiring::starts(unit, name.line, trigger, reading);
        let targets = node.get("targets").and_then(|targets| targets.get(name.text));
        for target in targets.into_iter().flat_map(Node::items).take(MOST) {
            target.get("arn").into_iter().for_each(|to| passed(all, unit, to.line(), to, reading));
        }
    }
    for (name, of) in node.get("schedules").into_iter().flat_map(Node::entries).take(MOST) {
        let (Some(every), Some(to)) = (of.get("schedule_expression"), of.get("arn")) else { continue };
        let lines = (name.line, of.end_line());
        let Some(unit) = wiring::part(&format!("{key}.{}", name.text), lines, reading) else { return };
        let trigger = all.switched(all.clock(every), Resource { node: of, ..resource }, &switches);
        wiring::starts(unit, every.line(), trigger, reading);
        passed(all, unit, to.line(), to, reading);
    }
}

/// Hands over from a rule to its target, which may stand in another file.
fn passed(all: &Configuration<'_>, unit: UnitId, line: u32, to: Node<'_>, reading: &mut Reading<'_>) {
    match all.said(to, &reading.file.path) {
        machine::Said::Part { name, path } => wiring::pass(unit, line, &name, path, reading),
        machine::Said::Text(text) => match text.split_once(":pipeline/").filter(|_| text.contains(":sagemaker:")) {
            Some((_, name)) => {
                let options = [("PipelineName".to_owned(), name.to_owned())];
                wiring::call(unit, line, ("sagemaker", "startPipelineExecution"), &options, reading);
            }
            None => wiring::open(unit, line, &text, reading),
        },
        machine::Said::Open => wiring::open(unit, line, "what only a deployment knows", reading),
    }
}

/// What a schedule of the scheduler starts.
fn scheduled(all: &Configuration<'_>, target: Node<'_>, unit: UnitId, reading: &mut Reading<'_>) {
    if let Some(task) = target.get("ecs_parameters").and_then(|p| p.get("task_definition_arn")) {
        return all.pass(unit, task, reading);
    }
    let Some(arn) = target.get("arn") else { return };
    let line = arn.line();
    let called = arn.text().and_then(|text| text.split_once(":scheduler:::aws-sdk:")).and_then(|(_, rest)| rest.split_once(':'));
    match called {
        Some((service, action)) => {
            let input = target.get("input");
            let parsed = input.and_then(Node::text).map(json::parse);
            let given = parsed.as_ref().and_then(|p| p.tree.root()).or(input).filter(|g| g.kind() == Kind::Map);
            let from = reading.file.path.clone();
            let refer = |node: Node<'_>| all.said(node, &from);
            let machine = Machine { refer: &refer, line: &|_| line };
            machine::service_call((service, action), given, (unit, line), &machine, reading);
        }
        None => passed(all, unit, line, arn, reading),
    }
}

/// A function: its handler in what is packed, or its image.
fn function(all: &Configuration<'_>, resource: Resource<'_>, unit: UnitId, reading: &mut Reading<'_>) {
    let Resource { node, line, .. } = resource;
    if let Some(image) = node.get("image_uri") {
        return all.image(image, unit, reading);
    }
    let python =
        node.at("runtime").is_none_or(|runtime| runtime.starts_with("python") || !runtime.contains(|c: char| c.is_ascii_digit()));
    let archive = node.get("filename").or_else(|| node.get("s3_key"));
    let dir = archive.filter(|_| python).and_then(|archive| all.packed(archive));
    let handler = node.get("handler").filter(|h| !h.is_expression()).and_then(Node::text).map(str::to_owned);
    let line = node.key_line("handler").unwrap_or(line);
    all.handler(dir, handler, (unit, line), reading);
}

/// A container: its own command, or what its image starts.
fn run(all: &Configuration<'_>, one: Node<'_>, (unit, line): (UnitId, u32), reading: &mut Reading<'_>) {
    let literal = |key: &&&str| one.get(key).is_some_and(|n| n.kind() == Kind::Seq && n.items().next().is_some());
    match ["entryPoint", "command"].iter().find(literal) {
        Some(key) => container::command(one, key, unit, &container::literal, reading),
        None => match one.get("image") {
            Some(image) => all.image(image, unit, reading),
            None => wiring::open(unit, line, "a container that only a deployment knows", reading),
        },
    }
}
