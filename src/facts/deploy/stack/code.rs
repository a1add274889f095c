//! What functions, tasks and pipelines of a template run: code of the repository, text in the template, an image.

use super::{Resource, Stack};
use crate::fact::{UnitId, UsesTarget};
use crate::facts::ci::container;
use crate::facts::ci::reading::Reading;
use crate::facts::deploy::machine::{Machine, Said};
use crate::facts::deploy::{steps, wiring};
use crate::source;
use crate::syntax::json;
use crate::syntax::tree::{Kind, Node};

/// Most steps of one pipeline, and most containers of one task.
const MOST: usize = 200;

impl Stack<'_> {
    /// A function: its handler in a folder of the repository, the text of the template, or its image.
    pub(super) fn function(&self, resource: Resource<'_>, reading: &mut Reading<'_>) {
        let Resource { properties, node, unit, .. } = resource;
        let shared = self.template.root.get("Globals").and_then(|g| g.get("Function"));
        let shared = shared.filter(|_| resource.kind == "AWS::Serverless::Function");
        let get = |key: &str| properties.get(key).or_else(|| shared?.get(key));
        let line = node.line();
        let metadata = node.get("Metadata");
        if let Some(name) = metadata.and_then(|m| m.get("Dockerfile")).and_then(|n| self.template.text(n)) {
            let around = metadata.and_then(|m| m.get("DockerContext")).and_then(|n| self.template.text(n));
            let at = source::join(self.home, around.as_deref().unwrap_or("."));
            let command = properties.get("ImageConfig").and_then(|c| c.get("Command"));
            let handler = command.and_then(|c| c.items().next()).and_then(Node::text);
            let handler = handler.and_then(|handler| wiring::python_handler(at.as_deref()?, handler));
            if let Some(path) = at.and_then(|at| source::join(&at, &name)) {
                let line = metadata.and_then(|m| m.key_line("Dockerfile")).unwrap_or(line);
                wiring::hand(unit, line, &name, handler.unwrap_or(UsesTarget::File(path)), reading);
            }
            return;
        }
        let code = get("Code");
        let image = get("ImageUri").or_else(|| code?.get("ImageUri"));
        if image.is_some() {
            return self.image(image, unit, reading);
        }
        let runtime = get("Runtime").and_then(|n| self.template.text(n));
        let python = runtime.as_deref().is_none_or(|runtime| runtime.starts_with("python"));
        if let Some(text) = get("InlineCode").or_else(|| code?.get("ZipFile")) {
            // the text of a file, which a program put in
            if let Some(path) = text.get("Fn::File").and_then(|n| self.template.text(n)) {
                let name = get("Handler").and_then(|n| self.template.text(n));
                let name = name.as_deref().and_then(|name| name.rsplit_once('.')).map(|(_, name)| name.to_owned());
                let to = source::join(self.home, &path).zip(name).filter(|_| python);
                return match to.map(|(path, name)| UsesTarget::Function { path, name, sure: true }) {
                    Some(to) => wiring::hand(unit, text.line(), &path, to, reading),
                    None => wiring::open(unit, text.line(), &path, reading),
                };
            }
            if python {
                container::python(inner(text), unit, reading);
            }
            return;
        }
        let folder = get("CodeUri").or(code.filter(|c| c.kind() != Kind::Map || c.tag().is_some()));
        let dir = match folder {
            Some(node) => self.template.text(node).filter(|dir| !dir.contains("://")),
            // beside the template, where a template of this form says nothing
            None if resource.kind == "AWS::Serverless::Function" && code.is_none() => Some(".".to_owned()),
            None => None,
        };
        let line = get("Handler").map_or(line, Node::line);
        let handler = get("Handler").and_then(|n| self.template.text(n));
        let made = metadata.and_then(|m| m.get("BuildMethod")).is_some() || dir.as_deref().is_some_and(wiring::is_made);
        let to = dir.filter(|_| python && !made).and_then(|dir| source::join(self.home, &dir));
        match to.zip(handler.as_deref()).and_then(|(dir, handler)| wiring::python_handler(&dir, handler)) {
            Some(to) => wiring::hand(unit, line, handler.as_deref().unwrap_or_default(), to, reading),
            None => wiring::open(unit, line, "code that is put together elsewhere", reading),
        }
    }

    /// What an image starts that is built here; any other may do anything.
    pub(super) fn image(&self, image: Option<Node<'_>>, unit: UnitId, reading: &mut Reading<'_>) {
        let Some(node) = image else { return };
        // an image that is built from a folder as the declaration is brought about
        let named = |key: &str| node.get(key).and_then(|n| self.template.text(n));
        if let Some(name) = named("Dockerfile").filter(|_| node.kind() == Kind::Map) {
            let at = source::join(self.home, named("DockerContext").as_deref().unwrap_or("."));
            return match at.and_then(|at| source::join(&at, &name)) {
                Some(path) => wiring::hand(unit, node.line(), &name, UsesTarget::File(path), reading),
                None => wiring::open(unit, node.line(), &name, reading),
            };
        }
        match self.template.said(node) {
            Said::Text(image) => wiring::hand(unit, node.site_line(), &image.clone(), UsesTarget::Image(image), reading),
            _ => wiring::open(unit, node.site_line(), "an image that only a deployment knows", reading),
        }
    }

    /// The containers of a task: their own commands, or what their images start.
    pub(super) fn containers(&self, resource: Resource<'_>, reading: &mut Reading<'_>) {
        for one in resource.properties.get("ContainerDefinitions").into_iter().flat_map(Node::items).take(MOST) {
            self.container(one, ["EntryPoint", "Command"], resource.unit, reading);
        }
    }

    /// The container of a batch job.
    pub(super) fn batch(&self, resource: Resource<'_>, reading: &mut Reading<'_>) {
        if let Some(one) = resource.properties.get("ContainerProperties") {
            self.container(one, ["EntryPoint", "Command"], resource.unit, reading);
        }
    }

    fn container(&self, one: Node<'_>, keys: [&str; 2], unit: UnitId, reading: &mut Reading<'_>) {
        let said = |key: &str| one.get(key).filter(|n| n.kind() == Kind::Seq && n.items().next().is_some());
        let named = keys.iter().find_map(|key| Some((*key, said(key)?)));
        let put = |text: &str| Some(self.template.filled(text, &Default::default()));
        match named {
            Some((key, list)) if list.items().all(|item| item.text().is_some()) => {
                container::command(one, key, unit, &put, reading);
            }
            Some((_, list)) => wiring::open(unit, list.line(), "a command that only a deployment knows", reading),
            None => self.image(one.get("Image"), unit, reading),
        }
    }

    /// A job whose script lies in a store: what it says is not here.
    pub(super) fn glue(&self, resource: Resource<'_>, reading: &mut Reading<'_>) {
        let script = resource.properties.get("Command").and_then(|c| c.get("ScriptLocation"));
        let line = script.map_or(resource.node.line(), Node::site_line);
        wiring::open(resource.unit, line, "a script that lies in a store", reading);
    }

    /// A pipeline of the platform, as far as its steps stand in the template.
    pub(super) fn pipeline(&self, resource: Resource<'_>, reading: &mut Reading<'_>) {
        let Resource { properties, unit, .. } = resource;
        wiring::known_as(unit, properties.get("PipelineName").and_then(|name| self.template.text(name)), reading);
        let body = properties.get("PipelineDefinition").and_then(|d| d.get("PipelineDefinitionBody"));
        let Some(body) = body else {
            return wiring::open(unit, properties.line(), "a pipeline whose steps lie elsewhere", reading);
        };
        let body = inner(body);
        let at = wiring::lines_of(body);
        let parsed = body.text().map(json::parse);
        let root = parsed.as_ref().and_then(|p| p.tree.root()).or((body.kind() == Kind::Map).then_some(body));
        let refer = |node: Node<'_>| self.template.said(node);
        let at: &dyn Fn(u32) -> u32 = if parsed.is_some() { &at } else { &|line| line };
        match root {
            Some(root) => steps::lower(root, unit, &Machine { refer: &refer, line: at }, reading),
            None => wiring::open(unit, body.line(), "a pipeline whose steps only a deployment knows", reading),
        }
    }
}

/// What a function around a value only changes in places: the value itself.
fn inner(node: Node<'_>) -> Node<'_> {
    let of = match node.kind() {
        Kind::Map if node.entries().count() == 1 => {
            node.entries().next().filter(|(key, _)| key.text.starts_with("Fn::")).map_or(node, |(_, inner)| inner)
        }
        _ => node,
    };
    match of.kind() {
        Kind::Seq => of.items().next().unwrap_or(of),
        _ => of,
    }
}
