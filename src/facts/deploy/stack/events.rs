//! What starts the parts of a template: clocks, events, data that arrives, messages, requests.

use super::{Resource, Stack, meant, takes_part};
use crate::fact::{Trigger, UnitId};
use crate::facts::ci::reading::Reading;
use crate::facts::deploy::machine::{self, Machine, Said};
use crate::facts::deploy::wiring;
use crate::syntax::json;
use crate::syntax::tree::{Kind, Node};
use crate::words::TriggerKind;

/// Most events, targets or subscribers of one resource.
const MOST: usize = 100;

/// Whether a function answers to requests.
pub(super) fn answers(properties: Node<'_>) -> bool {
    let events = properties.get("Events").into_iter().flat_map(Node::entries).take(MOST);
    let asked = events.into_iter().any(|(_, event)| matches!(event.at("Type"), Some("Api" | "HttpApi")));
    asked || properties.get("FunctionUrlConfig").is_some()
}

impl Stack<'_> {
    /// What starts a resource, and to what a resource that passes a start on passes it.
    pub(super) fn starts(&self, resource: Resource<'_>, reading: &mut Reading<'_>) {
        let Resource { kind, properties, node, unit, .. } = resource;
        match kind {
            "AWS::Serverless::Function" | "AWS::Serverless::StateMachine" => self.events(resource, reading),
            "AWS::Events::Rule" => {
                let (line, trigger) = match (properties.get("ScheduleExpression"), properties.get("EventPattern")) {
                    (Some(every), _) => (every.site_line(), self.clock(every, properties)),
                    (None, Some(pattern)) => (pattern.line(), self.switched(wiring::event(pattern), properties)),
                    (None, None) => return,
                };
                wiring::starts(unit, line, meant(trigger, node), reading);
                for target in properties.get("Targets").into_iter().flat_map(Node::items).take(MOST) {
                    self.target(target, unit, reading);
                }
            }
            "AWS::Scheduler::Schedule" => {
                let Some(every) = properties.get("ScheduleExpression") else { return };
                let trigger = self.clock(every, properties);
                wiring::starts(unit, every.site_line(), meant(trigger, node), reading);
                properties.get("Target").into_iter().for_each(|target| self.target(target, unit, reading));
            }
            "AWS::SageMaker::MonitoringSchedule" => {
                let every = properties.get("MonitoringScheduleConfig").and_then(|c| c.get("ScheduleConfig"));
                if let Some(every) = every.and_then(|s| s.get("ScheduleExpression")) {
                    wiring::starts(unit, every.site_line(), meant(self.clock(every, properties), node), reading);
                }
            }
            "AWS::Glue::Trigger" => self.glue_trigger(resource, reading),
            "AWS::S3::Bucket" => self.bucket(resource, reading),
            "AWS::CloudWatch::Alarm" => {
                let name = properties.get("AlarmName").and_then(|n| self.template.text(n));
                let text = format!("alarm {}", name.as_deref().unwrap_or(resource.id));
                let off = properties.get("ActionsEnabled").and_then(Node::as_bool) == Some(false);
                let off = off.then(|| "ActionsEnabled: false".to_owned());
                let trigger = Trigger { off, ..Trigger::plain(TriggerKind::Alert, text) };
                wiring::starts(unit, node.line(), meant(trigger, node), reading);
                for action in properties.get("AlarmActions").into_iter().flat_map(Node::items).take(MOST) {
                    self.pass(unit, action, reading);
                }
            }
            "AWS::SNS::Topic" => {
                for one in properties.get("Subscription").into_iter().flat_map(Node::items).take(MOST) {
                    one.get("Endpoint").into_iter().for_each(|to| self.pass(unit, to, reading));
                }
                self.consumers(resource, reading);
            }
            "AWS::SQS::Queue" => self.consumers(resource, reading),
            "AWS::SNS::Subscription" => properties.get("Endpoint").into_iter().for_each(|to| self.pass(unit, to, reading)),
            "AWS::Lambda::EventSourceMapping" => {
                wiring::starts(
                    unit,
                    node.line(),
                    meant(self.switched(wiring::message("event source"), properties), node),
                    reading,
                );
                properties.get("FunctionName").into_iter().for_each(|to| self.pass(unit, to, reading));
            }
            "AWS::Lambda::Url" => {
                wiring::starts(unit, node.line(), meant(wiring::request("address"), node), reading);
                properties.get("TargetFunctionArn").into_iter().for_each(|to| self.pass(unit, to, reading));
            }
            _ => {}
        }
    }

    /// The events that a function or state machine lists itself.
    fn events(&self, resource: Resource<'_>, reading: &mut Reading<'_>) {
        let Resource { properties, node, unit, .. } = resource;
        if let Some(line) = properties.key_line("FunctionUrlConfig") {
            wiring::starts(unit, line, meant(wiring::request("address"), node), reading);
        }
        for (key, event) in properties.get("Events").into_iter().flat_map(Node::entries).take(MOST) {
            let of = event.get("Properties").unwrap_or(event);
            let line = key.line;
            let (line, trigger) = match event.at("Type") {
                Some("Schedule" | "ScheduleV2") => {
                    let every = of.get("Schedule").or_else(|| of.get("ScheduleExpression"));
                    match every {
                        Some(every) => (every.site_line(), self.clock(every, of)),
                        None => continue,
                    }
                }
                Some("S3") => (line, self.switched(Trigger::plain(TriggerKind::Data, "an object arrives".to_owned()), of)),
                Some("EventBridgeRule" | "CloudWatchEvent") => match of.get("Pattern") {
                    Some(pattern) => (line, self.switched(wiring::event(pattern), of)),
                    None => continue,
                },
                Some("Api" | "HttpApi" | "WebSocketApi") => (line, wiring::request("api")),
                Some(kind @ ("CloudWatchLogs" | "IoTRule" | "AlexaSkill" | "Cognito")) => (line, wiring::request(kind)),
                Some(kind) => (line, self.switched(wiring::message(kind), of)),
                None => continue,
            };
            wiring::starts(unit, line, meant(trigger, node), reading);
        }
    }

    /// A clock, as far as its times and its switch are said.
    fn clock(&self, every: Node<'_>, of: Node<'_>) -> Trigger {
        let (text, open) = match self.template.said(every) {
            Said::Text(text) if !text.contains("${") => (text, false),
            Said::Text(text) => (text, true),
            _ => ("?".to_owned(), true),
        };
        let trigger = wiring::schedule(&text, None);
        let trigger = if open { trigger.elsewhere("its times are not said here") } else { trigger };
        self.switched(trigger, of)
    }

    /// A trigger with what its switch says.
    fn switched(&self, trigger: Trigger, of: Node<'_>) -> Trigger {
        for (key, off) in [("Enabled", "false"), ("State", "DISABLED")] {
            let Some(switch) = of.get(key) else { continue };
            match self.template.text(switch) {
                Some(text) if text.eq_ignore_ascii_case(off) => {
                    return Trigger { off: Some(format!("{key}: {text}")), ..trigger };
                }
                Some(_) => {}
                None => return trigger.elsewhere("whether it is switched on is not said here"),
            }
        }
        trigger
    }

    /// What a rule or schedule starts.
    fn target(&self, target: Node<'_>, unit: UnitId, reading: &mut Reading<'_>) {
        for (of, key) in [("EcsParameters", "TaskDefinitionArn"), ("BatchParameters", "JobDefinition")] {
            if let Some(named) = target.get(of).and_then(|p| p.get(key)) {
                return self.pass(unit, named, reading);
            }
        }
        let Some(arn) = target.get("Arn") else { return };
        let line = arn.site_line();
        let refer = |node: Node<'_>| self.template.said(node);
        let machine = Machine { refer: &refer, line: &|_| line };
        let text = match self.template.said(arn) {
            Said::Text(text) => text,
            _ => return self.pass(unit, arn, reading),
        };
        if let Some((_, rest)) = text.split_once(":scheduler:::aws-sdk:")
            && let Some((service, action)) = rest.split_once(':')
        {
            // what is given stands as a text of its own
            let given = target.get("Input").map(|input| (input.text().map(json::parse), input));
            let given = given.as_ref().and_then(|(parsed, _)| parsed.as_ref()?.tree.root());
            return machine::service_call(
                (service, action),
                given.filter(|g| g.kind() == Kind::Map),
                (unit, line),
                &machine,
                reading,
            );
        }
        if let Some((_, name)) = text.split_once(":pipeline/").filter(|_| text.contains(":sagemaker:")) {
            let options = [("PipelineName".to_owned(), name.to_owned())];
            return wiring::call(unit, line, ("sagemaker", "startPipelineExecution"), &options, reading);
        }
        wiring::open(unit, line, &text, reading);
    }

    /// Hands over to the resource that a value means, where it takes part.
    pub(super) fn pass(&self, unit: UnitId, to: Node<'_>, reading: &mut Reading<'_>) {
        let line = to.site_line();
        match self.template.said(to) {
            Said::Part { name, path: Some(path) } => wiring::pass(unit, line, &name, Some(path), reading),
            Said::Part { name, path: None } => {
                let kind = self.template.resource(&name).and_then(|r| r.at("Type"));
                if kind.is_some_and(takes_part) {
                    wiring::pass(unit, line, &name, None, reading);
                }
            }
            Said::Text(text) if text.contains('@') => {}
            Said::Text(text) => wiring::open(unit, line, &text, reading),
            Said::Open => wiring::open(unit, line, "what only a deployment knows", reading),
        }
    }

    /// A bucket tells of what arrives in it.
    fn bucket(&self, resource: Resource<'_>, reading: &mut Reading<'_>) {
        let Some(tells) = resource.properties.get("NotificationConfiguration") else { return };
        let lists = [("LambdaConfigurations", "Function"), ("QueueConfigurations", "Queue"), ("TopicConfigurations", "Topic")];
        let mut any = false;
        for (list, key) in lists {
            for one in tells.get(list).into_iter().flat_map(Node::items).take(MOST) {
                // what is removed is no new data
                let made = one.at("Event").is_none_or(|event| event.contains("Created"));
                if let Some(to) = one.get(key).filter(|_| made) {
                    any = true;
                    self.pass(resource.unit, to, reading);
                }
            }
        }
        if any {
            let trigger = Trigger::plain(TriggerKind::Data, "an object arrives".to_owned());
            wiring::starts(resource.unit, tells.line(), meant(trigger, resource.node), reading);
        }
    }

    /// Those that take what is sent to a topic or a queue.
    fn consumers(&self, resource: Resource<'_>, reading: &mut Reading<'_>) {
        let is_this = |node: Option<Node<'_>>| {
            node.is_some_and(|node| matches!(self.template.said(node), Said::Part { name, path: None } if name == resource.id))
        };
        for (id, other) in self.template.resources() {
            let Some(properties) = other.get("Properties") else { continue };
            let takes = match other.at("Type") {
                Some("AWS::SNS::Subscription") => is_this(properties.get("TopicArn")),
                Some("AWS::Lambda::EventSourceMapping") => is_this(properties.get("EventSourceArn")),
                Some("AWS::Serverless::Function") => {
                    let events = properties.get("Events").into_iter().flat_map(Node::entries).take(MOST);
                    let of = |event: Node<'_>, key: &str| event.get("Properties").and_then(|p| p.get(key)).is_some();
                    events.into_iter().any(|(_, event)| {
                        let from = ["Topic", "Queue"].iter().find(|key| of(event, key));
                        is_this(from.and_then(|key| event.get("Properties")?.get(key)))
                    })
                }
                _ => false,
            };
            if takes {
                wiring::pass(resource.unit, other.line(), id, None, reading);
            }
        }
    }

    fn glue_trigger(&self, resource: Resource<'_>, reading: &mut Reading<'_>) {
        let Resource { properties, node, unit, .. } = resource;
        let Some(every) = properties.get("Schedule") else { return };
        let clock = self.clock(every, properties);
        let on = properties.get("StartOnCreation").and_then(Node::as_bool) == Some(true);
        let clock = if on || clock.off.is_some() { clock } else { clock.elsewhere("somebody must switch it on") };
        wiring::starts(unit, every.site_line(), meant(clock, node), reading);
        for action in properties.get("Actions").into_iter().flat_map(Node::items).take(MOST) {
            action.get("JobName").into_iter().for_each(|to| self.pass(unit, to, reading));
        }
    }
}
