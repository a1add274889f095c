//! What the resources of a template run or keep running, and what starts them.

use super::template::{Resource, Template};
use super::wiring;
use crate::fact::{FactKind, Guard, OnFailure, Trigger, UnitId, Uses, UsesTarget};
use crate::facts::ci::container;
use crate::facts::ci::reading::Reading;
use crate::source::{self, folder};
use crate::syntax::tree::{Kind, Node};
use crate::words::{EdgeKind, TriggerKind};

/// Most containers, triggers or actions of one resource, and most templates that one brings about.
const MOST: usize = 60;

/// Everything of a template that takes part.
pub(super) fn lower(template: &Template<'_>, reading: &mut Reading<'_>) {
    let whole = wiring::whole(reading);
    for named in template.others.iter().take(MOST) {
        let Some(text) = template.text(*named).filter(|text| !text.contains("://") && !text.contains(':')) else {
            wiring::open(whole, named.line(), "a template that lies elsewhere", reading);
            continue;
        };
        if let Some(path) = source::join(folder(&reading.file.path), &text) {
            let (to, edge) = (UsesTarget::File(path), EdgeKind::Applies);
            let uses = Uses { reference: text, with: Vec::new(), to, edge, on_failure: OnFailure::Stops };
            reading.fact(whole, named.line(), FactKind::Uses(uses));
        }
    }
    for (kind, resource) in &template.resources {
        let part = Part { template, resource, whole };
        match kind.as_str() {
            "microsoft.app/jobs" => part.job(reading),
            "microsoft.app/containerapps" => part.service("template", reading),
            "microsoft.containerinstance/containergroups" => part.service("", reading),
            "microsoft.web/sites" => part.site(reading),
            "microsoft.web/sites/functions" => part.function(reading),
            "microsoft.logic/workflows" => part.flow(reading),
            "microsoft.machinelearningservices/workspaces/schedules" => part.schedule(reading),
            "microsoft.machinelearningservices/workspaces/onlineendpoints/deployments" => {
                part.put("ml online-deployment create", reading)
            }
            "microsoft.machinelearningservices/workspaces/batchendpoints/deployments" => {
                part.put("ml batch-deployment create", reading)
            }
            "microsoft.machinelearningservices/workspaces/serverlessendpoints" => {
                part.put("ml serverless-endpoint create", reading)
            }
            "microsoft.insights/metricalerts" => part.put("monitor metrics alert create", reading),
            "microsoft.insights/scheduledqueryrules" => part.put("monitor scheduled-query create", reading),
            "microsoft.insights/activitylogalerts" => part.put("monitor activity-log alert create", reading),
            _ => {}
        }
    }
}

/// A resource while it is read.
struct Part<'p, 't> {
    template: &'p Template<'t>,
    resource: &'p Resource<'t>,
    whole: UnitId,
}

impl<'t> Part<'_, 't> {
    fn lines(&self) -> (u32, u32) {
        (self.resource.node.line(), self.resource.node.end_line())
    }

    fn properties(&self) -> Option<Node<'t>> {
        self.resource.node.get("properties")
    }

    /// What stands at a dotted path below the properties.
    fn under(&self, path: &str) -> Option<Node<'t>> {
        path.split('.').try_fold(self.properties()?, |node, key| node.get(key))
    }

    fn said(&self, path: &str) -> Option<String> {
        self.template.text(self.under(path)?)
    }

    /// Something that another starts.
    fn part(&self, reading: &mut Reading<'_>) -> Option<UnitId> {
        let unit = wiring::part(self.resource.symbol, self.lines(), reading)?;
        self.left_out(unit, reading);
        Some(unit)
    }

    /// Something that runs as long as it is there.
    fn kept(&self, reading: &mut Reading<'_>) -> Option<UnitId> {
        let unit = wiring::kept(self.resource.symbol, self.lines(), self.whole, reading)?;
        self.left_out(unit, reading);
        if let Some(condition) = self.resource.condition.filter(|c| !matches!(*c, "true" | "false")) {
            reading.fact(unit, self.lines().0, FactKind::Guard(Guard::If(condition.to_owned())));
        }
        Some(unit)
    }

    /// A resource whose condition never holds is not there.
    fn left_out(&self, unit: UnitId, reading: &mut Reading<'_>) {
        if self.resource.condition == Some("false") {
            reading.fact(unit, self.lines().0, FactKind::Guard(Guard::Never("condition: false".to_owned())));
        }
    }

    /// A trigger of a resource that may not be there, with the switch that stands at a path.
    fn meant(&self, trigger: Trigger, switch: Option<(&str, &str)>) -> Trigger {
        if let Some((path, off)) = switch
            && let Some(node) = self.under(path)
        {
            let key = path.rsplit('.').next().unwrap_or(path);
            match self.template.text(node) {
                Some(text) if text.eq_ignore_ascii_case(off) => {
                    return Trigger { off: Some(format!("{key}: {text}")), ..trigger };
                }
                Some(_) => {}
                None => return trigger.elsewhere("whether it is switched on is not said here"),
            }
        }
        match self.resource.condition {
            Some("false") => Trigger { off: Some("condition: false".to_owned()), ..trigger },
            Some("true") | None if !self.resource.repeated => trigger,
            Some(condition) if condition != "true" => {
                trigger.elsewhere(format!("only where `{}` holds", condition.trim_matches(['[', ']'])))
            }
            _ => trigger.elsewhere("whether it is there at all is decided when it is applied"),
        }
    }

    /// A clock, as far as its times are said.
    fn clock(&self, every: Node<'_>) -> Trigger {
        match self.template.text(every).filter(|text| !text.is_empty()) {
            Some(text) => wiring::schedule(&text, None),
            None => wiring::schedule(every.text().unwrap_or("?"), None).elsewhere("its times are not said here"),
        }
    }

    /// A clock that is told in words: `frequency` and `interval`.
    fn recurrence(&self, of: Node<'_>) -> Trigger {
        let said = |key: &str| of.get(key).and_then(|n| self.template.text(n));
        match said("frequency") {
            Some(frequency) => {
                wiring::schedule(&format!("every {} {frequency}", said("interval").as_deref().unwrap_or("1")), None)
            }
            None => wiring::schedule("?", None).elsewhere("its times are not said here"),
        }
    }

    /// A job of containers, and what starts it.
    fn job(&self, reading: &mut Reading<'_>) {
        let Some(unit) = self.part(reading) else { return };
        let line = self.under("configuration").map_or(self.lines().0, |c| c.key_line("triggerType").unwrap_or_else(|| c.line()));
        match self.said("configuration.triggerType").as_deref() {
            Some("Schedule") => {
                if let Some(every) = self.under("configuration.scheduleTriggerConfig.cronExpression") {
                    wiring::starts(unit, every.line(), self.meant(self.clock(every), None), reading);
                }
            }
            Some("Event") => wiring::starts(unit, line, self.meant(wiring::message("scale rule"), None), reading),
            _ => {}
        }
        wiring::by_hand(unit, line, reading);
        self.containers(self.under("template.containers"), unit, reading);
    }

    /// A service of containers, which stand in the properties or in what they hold at a key.
    fn service(&self, within: &str, reading: &mut Reading<'_>) {
        let Some(unit) = self.kept(reading) else { return };
        let of = if within.is_empty() { self.properties() } else { self.under(within) };
        self.containers(of.and_then(|of| of.get("containers")), unit, reading);
    }

    fn containers(&self, all: Option<Node<'_>>, unit: UnitId, reading: &mut Reading<'_>) {
        let Some(all) = all else { return };
        if all.kind() != Kind::Seq {
            return wiring::open(unit, all.line(), "containers that only a deployment knows", reading);
        }
        for one in all.items().take(MOST) {
            // some kinds of resource put all but the name one level deeper
            let one = one.get("properties").unwrap_or(one);
            let lists: Vec<Node<'_>> = ["command", "args"].iter().filter_map(|key| one.get(key)).collect();
            let literal = |item: Node<'_>| item.text().is_some() && item.text() == self.template.text(item).as_deref();
            let open = |list: &Node<'_>| list.is_expression() || list.items().any(|item| !literal(item));
            let command = one.get("command").is_some_and(|c| c.kind() == Kind::Seq && c.items().next().is_some());
            match lists.iter().find(|list| open(list)) {
                Some(list) => wiring::open(unit, list.line(), "a command that only a deployment knows", reading),
                None if command => container::command(one, "command", unit, &|text| Some(text.to_owned()), reading),
                None => self.image(one.get("image"), unit, reading),
            }
        }
    }

    fn image(&self, image: Option<Node<'_>>, unit: UnitId, reading: &mut Reading<'_>) {
        let Some(node) = image else { return };
        let text = self.template.open_text(node);
        match node.is_expression() && !text.contains('/') || text.starts_with('[') {
            true => wiring::open(unit, node.line(), "an image that only a deployment knows", reading),
            false => wiring::hand(unit, node.line(), &text.clone(), UsesTarget::Image(text), reading),
        }
    }

    /// A site: the image that it runs; its code comes by another way.
    fn site(&self, reading: &mut Reading<'_>) {
        let Some(unit) = self.kept(reading) else { return };
        let off = self.under("enabled").filter(|n| n.as_bool() == Some(false));
        if let Some(off) = off {
            reading.fact(unit, off.line(), FactKind::Guard(Guard::Never("enabled: false".to_owned())));
        }
        let runs = ["linuxFxVersion", "windowsFxVersion"].iter().find_map(|key| self.under(&format!("siteConfig.{key}")));
        let image = runs.and_then(|n| Some((n, self.template.open_text(n).strip_prefix("DOCKER|")?.to_owned())));
        match image.filter(|(_, image)| !image.is_empty() && !image.starts_with("${")) {
            Some((node, image)) => wiring::hand(unit, node.line(), &image.clone(), UsesTarget::Image(image), reading),
            None => wiring::open(unit, self.lines().0, "code that is put there by another way", reading),
        }
    }

    /// A function that a template declares with what starts it.
    fn function(&self, reading: &mut Reading<'_>) {
        let Some(unit) = self.part(reading) else { return };
        for of in self.under("config.bindings").into_iter().flat_map(Node::items).take(MOST) {
            let kind = of.get("type").and_then(|n| self.template.text(n)).unwrap_or_default();
            let trigger = match (kind.as_str(), of.get("schedule")) {
                ("timerTrigger", Some(every)) => self.clock(every),
                ("blobTrigger", _) => Trigger::plain(TriggerKind::Data, "an object arrives".to_owned()),
                ("httpTrigger", _) => wiring::request("address"),
                (other, _) if other.ends_with("Trigger") => wiring::message(other),
                _ => continue,
            };
            wiring::starts(unit, of.line(), self.meant(trigger, Some(("config.disabled", "true"))), reading);
        }
        wiring::open(unit, self.lines().0, "code that is put there by another way", reading);
    }

    /// A flow: what starts it, and what it calls.
    fn flow(&self, reading: &mut Reading<'_>) {
        let Some(unit) = self.part(reading) else { return };
        let definition = self.under("definition").filter(|d| d.kind() == Kind::Map);
        let Some(definition) = definition else {
            return wiring::open(unit, self.lines().0, "a definition that lies elsewhere", reading);
        };
        for (key, of) in definition.get("triggers").into_iter().flat_map(Node::entries).take(MOST) {
            let trigger = match (of.get("type").and_then(|n| self.template.text(n)).as_deref(), of.get("recurrence")) {
                (Some("Recurrence"), Some(every)) => self.recurrence(every),
                (Some("Request" | "HttpWebhook"), _) => wiring::request("address"),
                _ => wiring::message("connector"),
            };
            wiring::starts(unit, key.line, self.meant(trigger, Some(("state", "Disabled"))), reading);
        }
        let mut open: Vec<Node<'_>> = definition.get("actions").into_iter().collect();
        let mut looked = 0;
        while let Some(actions) = open.pop() {
            for (key, action) in actions.entries() {
                looked += 1;
                if looked > MOST {
                    return;
                }
                open.extend(action.get("actions"));
                let inputs = action.get("inputs");
                let named = ["function.id", "host.workflow.id"]
                    .iter()
                    .find_map(|path| path.split('.').try_fold(inputs?, |node, key| node.get(key)));
                match named.and_then(|node| self.template.referred(node)) {
                    Some(other) => wiring::pass(unit, key.line, other.symbol, None, reading),
                    None if matches!(action.at("type"), Some("Http" | "ApiConnection" | "Function" | "Workflow")) => {
                        let uri = inputs.and_then(|i| i.get("uri")).and_then(|n| self.template.text(n));
                        wiring::open(unit, key.line, uri.as_deref().unwrap_or(key.text), reading);
                    }
                    None => {}
                }
            }
        }
    }

    /// A schedule of the ML platform: what it starts is a job whose code lies in the service, or a monitor.
    fn schedule(&self, reading: &mut Reading<'_>) {
        let Some(unit) = self.part(reading) else { return };
        let Some(trigger) = self.under("trigger") else { return };
        let clock = match trigger.get("expression") {
            Some(every) => self.clock(every),
            None => self.recurrence(trigger),
        };
        wiring::starts(unit, trigger.line(), self.meant(clock, Some(("isEnabled", "false"))), reading);
        match self.said("action.actionType").as_deref() {
            // what it watches is said beside it
            Some("CreateMonitor") => {}
            Some("InvokeBatchEndpoint") => self.command(unit, "ml batch-endpoint invoke", reading),
            _ => wiring::open(unit, self.lines().0, "a job whose code lies in the service", reading),
        }
    }

    /// What stands for putting something into the platform, unless it is switched off.
    fn put(&self, words: &str, reading: &mut Reading<'_>) {
        let Some(unit) = self.kept(reading) else { return };
        let off = self.under("enabled").filter(|n| self.template.text(*n).is_some_and(|text| text == "false"));
        match off {
            Some(off) => reading.fact(unit, off.line(), FactKind::Guard(Guard::Never("enabled: false".to_owned()))),
            None => self.command(unit, words, reading),
        }
    }

    fn command(&self, unit: UnitId, words: &str, reading: &mut Reading<'_>) {
        let name = self.resource.node.get("name").and_then(|n| self.template.text(n));
        let options: Vec<(String, String)> = name.into_iter().map(|name| ("name".to_owned(), name)).collect();
        let words: Vec<&str> = std::iter::once("az").chain(words.split(' ')).collect();
        wiring::says(unit, self.lines().0, &words, &options, reading);
    }
}
