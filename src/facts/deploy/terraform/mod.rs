//! Terraform: functions, jobs and state machines that a configuration declares, and the rules, schedules and topics that
//! start them.
//!
//! The files of a folder are one configuration, so they are read together, with those of the folders that it takes in: a
//! file states what it declares itself, and looks to the others for what that refers to (`folders`). Applying the configuration runs what is kept running and the commands
//! of `local-exec` (`provisioner`), and nothing else; the triggers work once something applies it, which the graph knows.
//!
//! Invariants: resources and references are bounded; an expression that is more than a name or a path is open.

mod amazon;
mod builds;
mod definition;
mod delivery;
mod folders;
mod google;
mod provisioner;
#[cfg(test)]
mod tests;

use super::machine::Said;
use super::wiring;
use crate::fact::{Asked, FactKind, FileFacts, Guard, OnFailure, Trigger, UnitId, Uses, UsesTarget};
use crate::facts::ci::reading::Reading;
use crate::facts::{Context, Reader, When};
use crate::rules::pattern::Format;
use crate::source::{self, RepoPath, SourceFile, extension, folder};
use crate::syntax::tree::{Kind, Node};
use crate::words::EdgeKind;
use folders::{Configuration, Resource};

/// The name under which the files of a folder ask for each other.
const NAME: &str = "Terraform configuration";

/// Files that declare something that starts or runs.
pub(crate) const READER: Reader =
    Reader { name: NAME, wants: |path| extension(path) == Some("tf"), when: When::Recognised(|_, text| is_wired(text)), read };

/// Whether a text declares something that starts or runs, or takes in folders that may.
fn is_wired(text: &str) -> bool {
    let takes_in = text.contains("module \"") && (text.contains("\"./") || text.contains("\"../"));
    takes_in || text.contains(provisioner::WORD) || amazon::KINDS.iter().chain(google::KINDS).any(|kind| text.contains(kind))
}

/// Most nodes that are looked at for what a block refers to.
const MAX_NODES: usize = 300;

fn read(file: &SourceFile, context: &Context<'_>) -> FileFacts {
    if !matches!(extension(&file.path), Some("tf" | "tfvars")) {
        return definition::of_others(file, context);
    }
    let document = context.document(file, Format::Hcl);
    let mut reading: Reading<'_> = Reading::new(file, context);
    reading.facts.notices = document.notices(file);
    let world = folders::world(context, Some((&file.path, &document.tree)));
    if let Some(configuration) = Configuration::at(&world, folder(&file.path)).filter(|_| extension(&file.path) == Some("tf")) {
        configuration.lower(&file.path, &mut reading);
        if is_wired(&file.text) {
            let parts = configuration.asks(&file.path);
            reading.facts.asked = Some(Asked { reader: NAME, parts, ..Asked::default() });
        }
    }
    reading.facts.tree = Some(document.tree.clone());
    reading.facts
}

impl<'t> Configuration<'t> {
    fn lower(&self, path: &RepoPath, reading: &mut Reading<'_>) {
        let own: Vec<(&String, Resource<'t>)> =
            self.own.resources.iter().filter(|(_, r)| r.path == path).map(|(key, r)| (key, *r)).collect();
        for (key, resource) in &own {
            provisioner::lower_commands(self, key, resource, reading);
        }
        let takes = |resource: &Resource<'_>| amazon::takes_part(resource) || google::takes_part(resource);
        if !own.iter().any(|(_, resource)| takes(resource)) {
            return;
        }
        let whole = wiring::whole(reading);
        for (key, resource) in own {
            let lines = (resource.line, resource.node.end_line());
            let kept = amazon::keeps(&resource) || google::keeps(&resource);
            let unit = match (takes(&resource), kept) {
                (false, _) => continue,
                (true, true) => wiring::kept(key, lines, whole, reading),
                (true, false) => wiring::part(key, lines, reading),
            };
            let Some(unit) = unit else { return };
            if resource.node.at("count") == Some("0") {
                reading.fact(unit, resource.line, FactKind::Guard(Guard::Never("count = 0".to_owned())));
            }
            amazon::lower(self, key, resource, unit, reading);
            google::lower(self, key, resource, unit, reading);
        }
    }

    /// What a value of a definition means.
    fn said(&self, node: Node<'_>, from: &RepoPath) -> Said {
        match node.text().and_then(|text| self.references(text, 0).into_iter().next()) {
            Some((key, resource)) if amazon::takes_part(&resource) || google::takes_part(&resource) => {
                Said::Part { name: key, path: Some(resource.path.to_string()).filter(|path| path != &**from) }
            }
            _ => match (self.text(node), node.text()) {
                (Some((text, _)), _) => self.by_name(&text, from).unwrap_or(Said::Text(text)),
                (None, Some(text)) => Said::Text(text.to_owned()),
                (None, None) => Said::Open,
            },
        }
    }

    /// A function by the address by which the service knows it.
    fn by_name(&self, text: &str, from: &RepoPath) -> Option<Said> {
        let (_, name) = text.split_once(":function:")?;
        let name = name.split(':').next()?;
        let is = |r: &Resource<'_>| r.kind == "aws_lambda_function" && r.node.at("function_name") == Some(name);
        let (key, resource) = self.own.resources.iter().find(|(_, r)| is(r))?;
        Some(Said::Part { name: key.clone(), path: Some(resource.path.to_string()).filter(|path| path != &**from) })
    }

    /// Hands over to the resource that a value refers to.
    fn pass(&self, unit: UnitId, to: Node<'_>, reading: &mut Reading<'_>) {
        let line = to.line();
        match self.said(to, &reading.file.path) {
            Said::Part { name, path } => wiring::pass(unit, line, &name, path, reading),
            Said::Text(text) if text.contains('@') => {}
            Said::Text(text) => wiring::open(unit, line, &text, reading),
            Said::Open => wiring::open(unit, line, "what only a deployment knows", reading),
        }
    }

    /// Hands over to a build, which its own name may mean as well.
    fn pass_named(&self, unit: UnitId, to: Node<'_>, reading: &mut Reading<'_>) {
        let name = self.literal(to);
        let is = |r: &Resource<'_>| {
            r.kind == "aws_codebuild_project" && r.node.get("name").and_then(|n| self.literal(n)) == name && name.is_some()
        };
        match self.own.resources.iter().find(|(_, r)| is(r)) {
            Some((key, other)) => {
                let path = Some(other.path.to_string()).filter(|path| *path != *reading.file.path);
                wiring::pass(unit, to.line(), key, path, reading);
            }
            None => self.pass(unit, to, reading),
        }
    }

    /// Hands over to each resource that takes part and to which something in a block refers.
    fn pass_all(&self, unit: UnitId, block: Node<'_>, reading: &mut Reading<'_>) {
        let mut open = vec![block];
        let mut looked = 0;
        while let Some(node) = open.pop().filter(|_| looked < MAX_NODES) {
            looked += 1;
            if node.kind() == Kind::Scalar {
                if let Said::Part { name, path } = self.said(node, &reading.file.path) {
                    wiring::pass(unit, node.line(), &name, path, reading);
                }
            } else {
                open.extend(node.entries().map(|(_, value)| value).chain(node.items()).take(MAX_NODES));
            }
        }
    }

    /// Hands over to those others of which this holds: what refers to a resource from its own block.
    fn pass_to(&self, unit: UnitId, line: u32, holds: &dyn Fn(&Resource<'t>) -> bool, reading: &mut Reading<'_>) {
        for (key, other) in self.own.resources.iter().filter(|(_, r)| holds(r)).take(MAX_NODES) {
            let path = Some(other.path.to_string()).filter(|path| *path != *reading.file.path);
            wiring::pass(unit, line, key, path, reading);
        }
    }

    /// A clock, as far as its times are said.
    fn clock(&self, every: Node<'_>) -> Trigger {
        match self.literal(every) {
            Some(text) if !text.is_empty() => wiring::schedule(&text, None),
            _ => wiring::schedule(every.text().unwrap_or("?"), None).elsewhere("its times are not said here"),
        }
    }

    /// A trigger of a resource with what its switch says, and whether the resource is there at all.
    fn switched(&self, trigger: Trigger, resource: Resource<'_>, keys: &[(&str, &str)]) -> Trigger {
        for (key, off) in keys {
            let Some(switch) = resource.node.get(key) else { continue };
            match self.literal(switch) {
                Some(text) if text.eq_ignore_ascii_case(off) => {
                    return Trigger { off: Some(format!("{key} = {text}")), ..trigger };
                }
                Some(_) => {}
                None => return trigger.elsewhere("whether it is switched on is not said here"),
            }
        }
        match self.is_there(&resource) {
            Ok(true) => trigger,
            Ok(false) if trigger.off.is_some() => trigger,
            Ok(false) => Trigger { off: Some("there shall be none of it".to_owned()), ..trigger },
            Err(_) if trigger.off.is_some() => trigger,
            Err(why) => trigger.elsewhere(why),
        }
    }

    /// The folder of code that is packed into an archive which a value names.
    fn packed(&self, archive: Node<'_>) -> Option<String> {
        let named = self.referred(archive);
        let by_path = |path: &str| {
            let same = |r: &&Resource<'t>| r.kind == "archive_file" && r.node.at("output_path") == Some(path);
            self.own.resources.values().find(same).copied()
        };
        let of = match named {
            Some((_, resource)) if resource.kind == "archive_file" => resource,
            // an object of a store that holds the archive
            Some((_, object)) => {
                let source = object.node.get("source")?;
                self.referred(source).map(|(_, r)| r).filter(|r| r.kind == "archive_file")?
            }
            None => by_path(archive.text()?)?,
        };
        match of.node.get("source_dir") {
            Some(dir) => self.path(dir),
            None => self.path(of.node.get("source_file")?).map(|file| folder(&file).to_owned()),
        }
    }

    /// What an image starts that is built here; one of a store of this configuration is known by the store's name.
    fn image(&self, node: Node<'_>, unit: UnitId, reading: &mut Reading<'_>) {
        let store = self.referred(node).and_then(|(_, store)| {
            let name = store.node.get("name").or_else(|| store.node.get("repository_id"))?;
            self.literal(name)
        });
        let image = match (node.is_expression(), store) {
            (_, Some(name)) if !name.is_empty() => name,
            _ => node.text().unwrap_or_default().to_owned(),
        };
        wiring::hand(unit, node.line(), &image.clone(), UsesTarget::Image(image), reading);
    }

    /// A function in Python: its handler in the folder that is packed.
    fn handler(&self, dir: Option<String>, handler: Option<String>, (unit, line): (UnitId, u32), reading: &mut Reading<'_>) {
        let dir = dir.filter(|dir| !wiring::is_made(dir));
        match dir.zip(handler.as_deref()).and_then(|(dir, handler)| wiring::python_handler(&dir, handler)) {
            Some(to) => wiring::hand(unit, line, handler.as_deref().unwrap_or_default(), to, reading),
            None => wiring::open(unit, line, "code that is put together elsewhere", reading),
        }
    }

    /// A chart of the repository that is released; one that is given by its bare name is the one here that is called so, as
    /// far as the name goes.
    fn chart(&self, node: Node<'_>, unit: UnitId, reading: &mut Reading<'_>) {
        let bare = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
        if let Some((name, _)) = self.text(node).filter(|(text, _)| bare(text)) {
            let to = UsesTarget::Likely(Box::new(UsesTarget::File(format!("**/{name}"))));
            let uses = Uses { reference: name, with: Vec::new(), to, edge: EdgeKind::Applies, on_failure: OnFailure::Stops };
            reading.fact(unit, node.line(), FactKind::Uses(uses));
            return;
        }
        let named = self.text(node).filter(|(text, _)| text.starts_with('.') || text.contains('/'));
        if let Some(path) = named.and_then(|(text, home)| source::join(home, &text)) {
            let (to, edge) = (UsesTarget::File(path.clone()), EdgeKind::Applies);
            let uses = Uses { reference: path, with: Vec::new(), to, edge, on_failure: OnFailure::Stops };
            reading.fact(unit, node.line(), FactKind::Uses(uses));
        }
    }
}
