//! Templates of CloudFormation, and of SAM, which is a form of it: functions, state machines and pipelines, and the rules,
//! topics and queues that start them.
//!
//! Bringing a template about runs nothing of it but what is kept running (a service, an endpoint); a function runs when
//! its rule, its bucket or its queue starts it, once something deploys the template, which the graph knows. A resource
//! that a condition may leave out is only meant.
//!
//! Invariants: resources are bounded; a value that only a deployment knows is open, never guessed.

mod code;
mod delivery;
mod events;
#[cfg(test)]
mod tests;
mod value;

use std::collections::{BTreeMap, BTreeSet};

use super::machine::{self, Machine, Said};
use super::wiring;
use crate::fact::{Asked, FactKind, FileFacts, Guard, OnFailure, Trigger, UnitId, Uses, UsesTarget};
use crate::facts::ci::reading::Reading;
use crate::facts::{Context, Reader, When};
use crate::rules::pattern::Format;
use crate::source::{self, SourceFile, extension, folder};
use crate::syntax::json;
use crate::syntax::tree::{Kind, Node};
use crate::words::EdgeKind;
use value::Template;

/// The name under which templates ask for the definitions of their state machines.
const NAME: &str = "stack template";

/// Templates, by their keys.
pub(crate) const READER: Reader = Reader { name: NAME, wants, when: When::Recognised(|_, text| is_template(text)), read };

/// Most resources of one template.
const MAX_RESOURCES: usize = 1_000;

fn wants(path: &str) -> bool {
    matches!(extension(path), Some("yml" | "yaml" | "json" | "template"))
}

/// Whether a text is a template: resources whose types are of the service.
pub(super) fn is_template(text: &str) -> bool {
    let resources = |line: &str| {
        let line = line.trim_start_matches(['{', ' ', '\t', '"']);
        line.strip_prefix("Resources").is_some_and(|rest| rest.trim_start_matches(['"', ' ']).starts_with(':'))
    };
    text.contains("AWS::") && text.lines().any(resources)
}

fn read(file: &SourceFile, context: &Context<'_>) -> FileFacts {
    let is_json = extension(&file.path) == Some("json") || file.text.trim_start().starts_with('{');
    let document = context.document(file, if is_json { Format::Json } else { Format::Yaml });
    let mut reading: Reading<'_> = Reading::new(file, context);
    reading.facts.notices = document.notices(file);
    if let Some(root) = document.tree.root() {
        if is_template(&file.text) {
            Stack { template: Template::of(root, MAX_RESOURCES), home: folder(&file.path), is_declared: false }
                .lower(&mut reading);
        } else {
            definition_of_others(root, &mut reading);
        }
    }
    reading.facts.tree = Some(document.tree.clone());
    reading.facts
}

/// What a program declares that comes to a template: `home` is the folder from which it names files.
pub(super) fn declared(root: Node<'_>, home: &str, reading: &mut Reading<'_>) {
    Stack { template: Template::of(root, MAX_RESOURCES), home, is_declared: true }.lower(reading);
}

/// A file that holds the definition of state machines which templates declare.
fn definition_of_others(root: Node<'_>, reading: &mut Reading<'_>) {
    let wholes: Vec<_> = reading.context.joined.wholes.iter().filter(|whole| whole.root != reading.file.path).collect();
    for whole in wholes {
        let Some(of) = whole.documents.get(&whole.root).and_then(|tree| tree.root()) else { continue };
        let stack = Stack { template: Template::of(of, MAX_RESOURCES), home: folder(&whole.root), is_declared: false };
        for (id, resource) in stack.template.resources() {
            let Some(properties) = resource.get("Properties") else { continue };
            if stack.definition_file(properties).as_deref() != Some(&*reading.file.path) {
                continue;
            }
            let last = reading.last_line();
            let Some(unit) = wiring::part(&machine_name(&whole.root, id), (1, last), reading) else { return };
            let given = stack.template.given(properties.get("DefinitionSubstitutions"));
            let refer = |node: Node<'_>| match stack.template.said_with(node, &given) {
                Said::Part { name, path: None } => Said::Part { name, path: Some(whole.root.to_string()) },
                other => other,
            };
            machine::states(root, unit, &Machine { refer: &refer, line: &|line| line }, reading);
        }
    }
}

/// The name of a state machine in the file that holds its definition: templates may share one.
fn machine_name(template: &str, id: &str) -> String {
    format!("{id} of {template}")
}

/// A template while it is read.
struct Stack<'t> {
    template: Template<'t>,
    /// Its folder, from which it names files.
    home: &'t str,
    /// A program declares it: there is no document of which rules could ask what it keeps running.
    is_declared: bool,
}

/// A resource while it is read.
#[derive(Clone, Copy)]
struct Resource<'t> {
    id: &'t str,
    kind: &'t str,
    properties: Node<'t>,
    node: Node<'t>,
    /// Its unit.
    unit: UnitId,
}

impl<'t> Stack<'t> {
    fn lower(&self, reading: &mut Reading<'_>) {
        let whole = wiring::whole(reading);
        let mut asked: BTreeSet<String> = BTreeSet::new();
        for (id, node) in self.template.resources() {
            let (Some(kind), properties) = (node.at("Type"), node.get("Properties").unwrap_or(node)) else { continue };
            let lines = (node.line(), node.end_line());
            if self.nested(kind, properties, whole, reading) {
                continue;
            }
            if !takes_part(kind) {
                self.kept(id, kind, node, properties, whole, reading);
                continue;
            }
            let Some(unit) = wiring::part(id, lines, reading) else { return };
            let resource = Resource { id, kind, properties, node, unit };
            self.work(resource, &mut asked, reading);
            self.starts(resource, reading);
            self.kept(id, kind, node, properties, whole, reading);
        }
        if !asked.is_empty() {
            reading.facts.asked = Some(Asked { reader: NAME, parts: asked, ..Asked::default() });
        }
    }

    /// Another template, which this one brings about.
    fn nested(&self, kind: &str, properties: Node<'_>, whole: UnitId, reading: &mut Reading<'_>) -> bool {
        let key = match kind {
            "AWS::CloudFormation::Stack" => "TemplateURL",
            "AWS::Serverless::Application" => "Location",
            _ => return false,
        };
        if let Some((text, line)) = properties.get(key).and_then(|n| Some((self.template.text(n)?, n.site_line())))
            && !text.contains("://")
            && let Some(path) = source::join(self.home, &text)
        {
            let to = UsesTarget::File(path);
            let (reference, edge) = (text, EdgeKind::Applies);
            let uses = Uses { reference, with: Vec::new(), to, edge, on_failure: OnFailure::Stops };
            reading.fact(whole, line, FactKind::Uses(uses));
        }
        true
    }

    /// What a resource runs, or passes a start on to.
    fn work(&self, resource: Resource<'t>, asked: &mut BTreeSet<String>, reading: &mut Reading<'_>) {
        match resource.kind {
            "AWS::Serverless::Function" | "AWS::Lambda::Function" => self.function(resource, reading),
            "AWS::Serverless::StateMachine" | "AWS::StepFunctions::StateMachine" => self.machine(resource, asked, reading),
            "AWS::SageMaker::Pipeline" => self.pipeline(resource, reading),
            "AWS::CodePipeline::Pipeline" => delivery::pipeline(self, resource, reading),
            "AWS::CodeBuild::Project" => delivery::project(self, resource, reading),
            "AWS::ECS::TaskDefinition" => self.containers(resource, reading),
            "AWS::Batch::JobDefinition" => self.batch(resource, reading),
            "AWS::Glue::Job" => self.glue(resource, reading),
            _ => {}
        }
    }

    /// A state machine: its states, where they stand in the template or in a file that it names.
    fn machine(&self, resource: Resource<'t>, asked: &mut BTreeSet<String>, reading: &mut Reading<'_>) {
        let Resource { id, properties, unit, .. } = resource;
        let given = self.template.given(properties.get("DefinitionSubstitutions"));
        let refer = |node: Node<'_>| self.template.said_with(node, &given);
        if let Some(definition) = properties.get("Definition").filter(|d| d.get("States").is_some()) {
            return machine::states(definition, unit, &Machine { refer: &refer, line: &|line| line }, reading);
        }
        if let Some(path) = self.definition_file(properties) {
            let line = properties.key_line("DefinitionUri").unwrap_or_else(|| properties.line());
            wiring::pass(unit, line, &machine_name(&reading.file.path, id), Some(path.clone()), reading);
            asked.insert(path);
            return;
        }
        let Some(text) = properties.get("DefinitionString") else {
            return wiring::open(unit, properties.line(), "a definition that lies elsewhere", reading);
        };
        // a function around the text changes nothing that matters here, and its lines stay where they are
        let (text, more) = match text.kind() {
            Kind::Map => text.entries().next().map_or((text, None), |(_, inner)| (inner, inner.items().nth(1))),
            Kind::Seq => (text, text.items().nth(1)),
            _ => (text, None),
        };
        let text = text.items().next().unwrap_or(text);
        let given: BTreeMap<String, String> = given.into_iter().chain(self.template.given(more)).collect();
        let refer = |node: Node<'_>| self.template.said_with(node, &given);
        let Some(definition) = text.text() else {
            return wiring::open(unit, properties.line(), "a definition that only a deployment knows", reading);
        };
        let parsed = json::parse(definition);
        let line = wiring::lines_of(text);
        if let Some(root) = parsed.tree.root() {
            machine::states(root, unit, &Machine { refer: &refer, line: &line }, reading);
        }
    }

    /// The file of the repository that holds a state machine's definition.
    fn definition_file(&self, properties: Node<'_>) -> Option<String> {
        let uri = self.template.text(properties.get("DefinitionUri")?)?;
        if uri.contains("://") { None } else { source::join(self.home, &uri) }
    }

    /// What keeps running once the template is brought about.
    fn kept(&self, id: &str, kind: &str, node: Node<'_>, properties: Node<'_>, whole: UnitId, reading: &mut Reading<'_>) {
        let answers = kind == "AWS::Serverless::Function" && events::answers(properties);
        let runs = matches!(kind, "AWS::ECS::Service" | "AWS::SageMaker::Endpoint" | "AWS::AppRunner::Service") || answers;
        if !runs {
            return;
        }
        let Some(unit) = wiring::kept(id, (node.line(), node.end_line()), whole, reading) else { return };
        if let Some((name, line)) = condition(node) {
            reading.fact(unit, line, FactKind::Guard(Guard::If(name.to_owned())));
        }
        if let Some(none) = properties.get("DesiredCount").filter(|n| n.text() == Some("0")) {
            reading.fact(unit, none.line(), FactKind::Guard(Guard::Never("DesiredCount: 0".to_owned())));
        }
        let made = match kind {
            "AWS::ECS::Service" => Some(("ecs", "createService")),
            "AWS::SageMaker::Endpoint" => Some(("sagemaker", "createEndpoint")),
            _ => None,
        };
        if let Some(made) = made.filter(|_| self.is_declared) {
            wiring::call(unit, node.line(), made, &[], reading);
        }
        match kind {
            "AWS::ECS::Service" => {
                let task = properties.get("TaskDefinition").map(|node| (self.template.said(node), node.site_line()));
                if let Some((Said::Part { name, path }, line)) = task {
                    wiring::pass(unit, line, &name, path, reading);
                }
            }
            "AWS::AppRunner::Service" => {
                let image = properties.get("SourceConfiguration").and_then(|s| s.get("ImageRepository"));
                self.image(image.and_then(|i| i.get("ImageIdentifier")), unit, reading);
            }
            "AWS::SageMaker::Endpoint" => self.endpoint(properties, unit, reading),
            _ => {}
        }
    }

    /// An endpoint serves the models of its configuration: what their images start.
    fn endpoint(&self, properties: Node<'_>, unit: UnitId, reading: &mut Reading<'_>) {
        let of = |node: Option<Node<'_>>| match self.template.said(node?) {
            Said::Part { name, path: None } => self.template.resource(&name)?.get("Properties"),
            _ => None,
        };
        let Some(configuration) = of(properties.get("EndpointConfigName")) else { return };
        let variants = configuration.get("ProductionVariants").into_iter().flat_map(Node::items).take(10);
        for model in variants.filter_map(|variant| of(variant.get("ModelName"))) {
            let several = model.get("Containers").into_iter().flat_map(Node::items).take(10);
            for container in model.get("PrimaryContainer").into_iter().chain(several) {
                self.image(container.get("Image"), unit, reading);
            }
        }
    }
}

/// Whether a resource runs something or passes a start on.
fn takes_part(kind: &str) -> bool {
    matches!(
        kind,
        "AWS::Serverless::Function"
            | "AWS::Lambda::Function"
            | "AWS::Serverless::StateMachine"
            | "AWS::StepFunctions::StateMachine"
            | "AWS::SageMaker::Pipeline"
            | "AWS::SageMaker::MonitoringSchedule"
            | "AWS::CodePipeline::Pipeline"
            | "AWS::CodeBuild::Project"
            | "AWS::ECS::TaskDefinition"
            | "AWS::Batch::JobDefinition"
            | "AWS::Glue::Job"
            | "AWS::Glue::Trigger"
            | "AWS::Events::Rule"
            | "AWS::Scheduler::Schedule"
            | "AWS::S3::Bucket"
            | "AWS::SNS::Topic"
            | "AWS::SNS::Subscription"
            | "AWS::SQS::Queue"
            | "AWS::CloudWatch::Alarm"
            | "AWS::Lambda::EventSourceMapping"
            | "AWS::Lambda::Url"
    )
}

/// The condition under which a resource is there at all.
fn condition(node: Node<'_>) -> Option<(&str, u32)> {
    let condition = node.get("Condition")?;
    Some((condition.text()?, condition.line()))
}

/// A trigger of a resource that a condition may leave out.
fn meant(trigger: Trigger, node: Node<'_>) -> Trigger {
    match condition(node) {
        Some((name, _)) if trigger.off.is_none() => trigger.elsewhere(format!("only where condition `{name}` holds")),
        _ => trigger,
    }
}
