//! `serverless.yml`: the functions of a service, what starts each, and state machines beside them.
//!
//! Nothing runs before the service is deployed, which the graph knows. A value is followed where it stands in the same
//! file (`${self:custom.every}`); any other that is put in is open.

use std::sync::Arc;

use super::machine::{self, Machine, Said};
use super::wiring;
use crate::fact::{FileFacts, Trigger, UnitId, UsesTarget};
use crate::facts::ci::reading::Reading;
use crate::facts::{Context, Reader, When, unparsable};
use crate::source::{self, SourceFile, file_name, folder};
use crate::syntax::tree::{Kind, Node};
use crate::syntax::{top, yaml};
use crate::words::TriggerKind;

/// Services, by their name.
pub(crate) const READER: Reader = Reader { name: "serverless service", wants, when: When::Recognised(is_service), read };

/// Most functions of one service, and most events of one function.
const MOST: usize = 300;
/// Most values that stand for one another.
const DEPTH: usize = 4;

fn wants(path: &str) -> bool {
    let name = file_name(path);
    name.starts_with("serverless") && (name.ends_with(".yml") || name.ends_with(".yaml"))
}

fn is_service(_: &str, text: &str) -> bool {
    top::has(text, &["service"]) && top::has(text, &["provider"])
}

fn read(file: &SourceFile, context: &Context<'_>) -> FileFacts {
    let parsed = yaml::parse(&file.text);
    let tree = Arc::new(parsed.tree);
    let mut reading: Reading<'_> = Reading::new(file, context);
    reading.facts.notices = parsed.errors.iter().map(|e| unparsable(file, e)).collect();
    if let Some(root) = tree.root() {
        wiring::whole(&mut reading);
        Service { root, home: folder(&file.path) }.lower(&mut reading);
    }
    reading.facts.tree = Some(tree);
    reading.facts
}

/// A service while it is read.
struct Service<'t> {
    root: Node<'t>,
    home: &'t str,
}

impl<'t> Service<'t> {
    fn lower(&self, reading: &mut Reading<'_>) {
        for (name, line, function) in self.functions() {
            let Some(unit) = wiring::part(name, (line, function.end_line()), reading) else { return };
            self.code(function, unit, line, reading);
            self.events(function, unit, reading);
        }
        let machines = self.root.get("stepFunctions").and_then(|s| s.get("stateMachines"));
        for (key, of) in machines.into_iter().flat_map(Node::entries).take(MOST) {
            let Some(unit) = wiring::part(&machine_name(key.text), (key.line, of.end_line()), reading) else { return };
            self.events(of, unit, reading);
            let refer = |node: Node<'_>| self.refer(node);
            match of.get("definition").filter(|d| d.kind() == Kind::Map) {
                Some(definition) => {
                    machine::states(definition, unit, &Machine { refer: &refer, line: &|line| line }, reading);
                }
                None => wiring::open(unit, key.line, "a definition that lies elsewhere", reading),
            }
        }
    }

    /// The functions: one map, or several in a list.
    fn functions(&self) -> Vec<(&'t str, u32, Node<'t>)> {
        let Some(all) = self.root.get("functions") else { return Vec::new() };
        let maps: Vec<Node<'t>> = if all.kind() == Kind::Seq { all.items().take(MOST).collect() } else { vec![all] };
        let each = maps.into_iter().flat_map(Node::entries).filter(|(_, function)| function.kind() == Kind::Map);
        each.map(|(key, function)| (key.text, key.line, function)).take(MOST).collect()
    }

    /// A text with what the same file says put in; none where something else is put in.
    fn text(&self, node: Node<'t>) -> Option<&'t str> {
        let mut text = node.text()?;
        for _ in 0..DEPTH {
            let Some(inner) = text.strip_prefix("${").and_then(|t| t.strip_suffix('}')) else { break };
            let (name, otherwise) = inner.split_once(',').map_or((inner, None), |(name, rest)| (name, Some(rest)));
            let path = name.trim().strip_prefix("self:");
            text = match (path.and_then(|path| self.root.at(path)), otherwise) {
                (Some(text), _) => text,
                // what is taken first may be given from outside
                (None, _) => return None,
            };
        }
        (!text.contains("${")).then_some(text)
    }

    /// What a function runs.
    fn code(&self, function: Node<'t>, unit: UnitId, line: u32, reading: &mut Reading<'_>) {
        if let Some(image) = function.get("image") {
            let named = image.get("name").or_else(|| image.get("uri")).unwrap_or(image);
            let Some(name) = self.text(named) else {
                return wiring::open(unit, image.site_line(), "an image that only a deployment knows", reading);
            };
            let of = self.root.get("provider").and_then(|p| p.get("ecr")?.get("images")?.get(name));
            let path = of.and_then(|of| of.at("path").or_else(|| of.text()));
            let file = of.and_then(|of| of.at("file")).unwrap_or("Dockerfile");
            let to = match path.and_then(|path| source::join(&source::join(self.home, path)?, file)) {
                Some(path) => UsesTarget::File(path),
                None => UsesTarget::Image(name.to_owned()),
            };
            return wiring::hand(unit, image.site_line(), name, to, reading);
        }
        let runtime = function.get("runtime").or_else(|| self.root.get("provider")?.get("runtime"));
        let python = runtime.and_then(|n| self.text(n)).is_none_or(|runtime| runtime.starts_with("python"));
        let Some(node) = function.get("handler") else { return };
        let made = function.get("package").and_then(|p| p.get("artifact")).is_some();
        let handler = self.text(node).filter(|handler| python && !made && !wiring::is_made(handler));
        match handler.and_then(|handler| wiring::python_handler(self.home, handler)) {
            Some(to) => wiring::hand(unit, node.site_line(), handler.unwrap_or_default(), to, reading),
            None => wiring::open(unit, line, "code that is put together elsewhere", reading),
        }
    }

    fn events(&self, of: Node<'t>, unit: UnitId, reading: &mut Reading<'_>) {
        if let Some(line) = of.key_line("url") {
            wiring::starts(unit, line, wiring::request("address"), reading);
        }
        for item in of.get("events").into_iter().flat_map(Node::items).take(MOST) {
            // `- http` alone is a name without more
            let named = item.text().map(|text| (text, item.line(), item));
            let all = item.entries().map(|(key, event)| (key.text, key.line, event)).chain(named).take(1);
            for (kind, line, event) in all {
                for trigger in self.event(kind, event) {
                    wiring::starts(unit, line, trigger, reading);
                }
            }
        }
    }

    fn event(&self, kind: &str, event: Node<'t>) -> Vec<Trigger> {
        let trigger = match kind {
            "schedule" => return self.clocks(event),
            "eventBridge" if event.get("schedule").is_some() => return self.clocks(event),
            "eventBridge" => match event.get("pattern") {
                Some(pattern) => wiring::event(pattern),
                None => wiring::request(kind),
            },
            "cloudwatchEvent" => event.get("event").map_or_else(|| wiring::request(kind), wiring::event),
            "s3" => {
                let made = event.at("event").is_none_or(|event| event.contains("Created"));
                match made {
                    true => Trigger::plain(TriggerKind::Data, "an object arrives".to_owned()),
                    false => wiring::request(kind),
                }
            }
            "sqs" | "sns" | "stream" | "msk" | "kafka" | "activemq" | "rabbitmq" => wiring::message(kind),
            _ => wiring::request(kind),
        };
        vec![self.switched(trigger, event)]
    }

    /// The clocks of an event: a text, or one or several rates.
    fn clocks(&self, event: Node<'t>) -> Vec<Trigger> {
        let rates = event.get("rate").or_else(|| event.get("schedule")).unwrap_or(event);
        let all: Vec<Node<'t>> = if rates.kind() == Kind::Seq { rates.items().take(MOST).collect() } else { vec![rates] };
        let of = |rate: Node<'t>| match self.text(rate) {
            Some(text) => wiring::schedule(text, None),
            None => wiring::schedule(rate.text().unwrap_or("?"), None).elsewhere("its times are not said here"),
        };
        all.into_iter().map(|rate| self.switched(of(rate), event)).collect()
    }

    fn switched(&self, trigger: Trigger, event: Node<'t>) -> Trigger {
        let Some(switch) = event.get("enabled") else { return trigger };
        match self.text(switch) {
            Some(text) if text.eq_ignore_ascii_case("false") => Trigger { off: Some("enabled: false".to_owned()), ..trigger },
            Some(_) => trigger,
            None => trigger.elsewhere("whether it is switched on is not said here"),
        }
    }

    /// What a value of a state machine means: functions are known by a name that the tool makes of theirs.
    fn refer(&self, node: Node<'_>) -> Said {
        let named = node.get("Fn::GetAtt").or_else(|| node.get("Ref")).unwrap_or(node);
        let id = named.items().next().and_then(Node::text).or_else(|| named.text()).unwrap_or_default();
        let id = id.split('.').next().unwrap_or(id);
        let known = self.functions().into_iter().find(|(name, ..)| logical(name) == id);
        match (known, node.text()) {
            (Some((name, ..)), _) => Said::Part { name: name.to_owned(), path: None },
            (None, Some(text)) => Said::Text(text.to_owned()),
            (None, None) => Said::Open,
        }
    }
}

/// The name under which a function stands in the template that the tool makes.
fn logical(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    let rest: String = letters.as_str().replace('-', "Dash").replace('_', "Underscore");
    format!("{first}{rest}LambdaFunction")
}

fn machine_name(name: &str) -> String {
    format!("state machine {name}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::ci::told_of;

    fn of(text: &str) -> Vec<String> {
        told_of(&read(&SourceFile::new("svc/serverless.yml".into(), text.to_owned()), &Context::default()))
    }

    #[test]
    fn functions_with_what_starts_them() {
        let text = "service: rents
provider: {name: aws, runtime: python3.12, ecr: {images: {trees: {path: ./image}}}}
custom: {every: rate(7 days)}
functions:
  fit:
    handler: src/fit.handler
    events:
      - schedule: ${self:custom.every}
      - schedule: {rate: [rate(1 day)], enabled: false}
      - schedule: {rate: '${env:EVERY}', enabled: '${opt:on}'}
      - s3: rows
  answer:
    image: trees
    events:
      - httpApi: 'POST /answer'
stepFunctions:
  stateMachines:
    flow:
      definition:
        StartAt: fit
        States: {fit: {Type: Task, Resource: {'Fn::GetAtt': [FitLambdaFunction, Arn]}, End: true}}
";
        let told = of(text);
        assert_eq!(
            told,
            [
                "6 fit: uses src/fit.handler -> outside",
                "8 fit: schedule: schedule \"rate(7 days)\"",
                "9 fit: schedule: schedule \"rate(1 day)\" enabled: false",
                "10 fit: schedule: schedule \"${env:EVERY}\" (whether it is switched on is not said here)",
                "11 fit: data: an object arrives",
                "13 answer: uses trees -> file svc/image/Dockerfile",
                "15 answer: api: a request (httpApi) (who calls is not in this repository)",
                "20 state machine flow: manual: the service, by hand",
                "21 fit: uses fit -> Action fit of .",
            ],
            "\n{}",
            told.join("\n")
        );
    }

    #[test]
    fn odd_services_are_no_panic() {
        assert!(is_service("serverless.yml", "service: a\nprovider:\n"));
        for text in [
            "service: a\nprovider: 3\nfunctions: [1, {a: 2}]\n",
            "custom: {a: '${self:custom.a}'}\nfunctions: {f: {handler: '${self:custom.a}', events: [3, {schedule: {rate: {}}}]}}\n",
            "functions: {f: {image: {name: [1]}, events: {a: b}}}\nstepFunctions: {stateMachines: {m: {definition: {States: 3}}}}\n",
        ] {
            assert!(of(text).len() < 6, "{text}");
        }
    }
}
