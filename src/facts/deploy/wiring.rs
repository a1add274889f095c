//! What declared resources of a cloud come to, whatever format declares them: parts that run, and what starts them.
//!
//! A resource that runs something, or that passes a start on (a rule, a topic, a queue), is a unit that nothing contains:
//! bringing the declaration about runs none of it. Its own trigger works once something applies the file, which the graph
//! knows. A call to a service is lowered to the command line that would make it, so that one rule sees both.

use crate::fact::{Command, FactKind, OnFailure, Trigger, Unit, UnitId, UnitKind, Uses, UsesTarget};
use crate::facts::ci::reading::Reading;
use crate::source;
use crate::syntax::shell::Word;
use crate::syntax::tree::{Node, Style};
use crate::words::{EdgeKind, TriggerKind};

/// Most words that a call is given.
const MAX_OPTIONS: usize = 12;
/// Longest value of a call that is kept, in bytes.
const MAX_VALUE: usize = 300;

/// The unit that stands for all of a file; what is applied by its name.
pub(super) fn whole(reading: &mut Reading<'_>) -> UnitId {
    let (name, end_line) = (reading.file.name().to_owned(), reading.last_line());
    reading.unit(Unit { kind: UnitKind::Manifest, name, title: None, line: 1, end_line, parent: None })
}

/// A resource that takes part; none where there are too many.
pub(super) fn part(name: &str, (line, end_line): (u32, u32), reading: &mut Reading<'_>) -> Option<UnitId> {
    let end_line = end_line.max(line);
    let unit = Unit { kind: UnitKind::Action, name: name.to_owned(), title: None, line, end_line, parent: None };
    reading.take_step(line).then(|| reading.unit(unit))
}

/// The name by which the service knows a part.
pub(super) fn known_as(unit: UnitId, name: Option<String>, reading: &mut Reading<'_>) {
    if let Some(unit) = reading.facts.units.get_mut(unit) {
        unit.title = name;
    }
}

/// Something that runs as long as it is there: whoever applies the file rolls it out.
pub(super) fn kept(name: &str, (line, end_line): (u32, u32), whole: UnitId, reading: &mut Reading<'_>) -> Option<UnitId> {
    let (end_line, title) = (end_line.max(line), Some(name.to_owned()));
    let unit = Unit { kind: UnitKind::Manifest, name: name.to_owned(), title, line, end_line, parent: Some(whole) };
    reading.take_step(line).then(|| reading.unit(unit))
}

/// A part of a resource that runs as one of several.
pub(super) fn inside(
    name: &str,
    kind: UnitKind,
    (line, end_line): (u32, u32),
    parent: UnitId,
    reading: &mut Reading<'_>,
) -> Option<UnitId> {
    let (name, end_line) = (name.to_owned(), end_line.max(line));
    let unit = Unit { kind, name, title: None, line, end_line, parent: Some(parent) };
    reading.take_step(line).then(|| reading.unit(unit))
}

/// One unit hands over.
pub(super) fn hand(unit: UnitId, line: u32, reference: &str, to: UsesTarget, reading: &mut Reading<'_>) {
    let (reference, edge) = (reference.to_owned(), EdgeKind::Invokes);
    let uses = Uses { reference, with: Vec::new(), to, edge, on_failure: OnFailure::Stops };
    reading.fact(unit, line, FactKind::Uses(uses));
}

/// One unit hands over to another resource, of the same file where none is named.
pub(super) fn pass(unit: UnitId, line: u32, name: &str, path: Option<String>, reading: &mut Reading<'_>) {
    hand(unit, line, name, UsesTarget::Unit { path, kind: UnitKind::Action, name: name.to_owned() }, reading);
}

/// What runs lies elsewhere, or cannot be said.
pub(super) fn open(unit: UnitId, line: u32, what: &str, reading: &mut Reading<'_>) {
    hand(unit, line, what, UsesTarget::Remote(what.to_owned()), reading);
}

/// A trigger of a unit.
pub(super) fn starts(unit: UnitId, line: u32, trigger: Trigger, reading: &mut Reading<'_>) {
    reading.fact(unit, line, FactKind::Trigger(trigger));
}

/// Whoever may start it in the service, which every one of its kind lets a person do.
pub(super) fn by_hand(unit: UnitId, line: u32, reading: &mut Reading<'_>) {
    starts(unit, line, Trigger::plain(TriggerKind::Manual, "the service, by hand".to_owned()), reading);
}

/// A clock.
pub(super) fn schedule(every: &str, off: Option<String>) -> Trigger {
    Trigger { off, ..Trigger::plain(TriggerKind::Schedule, format!("schedule \"{every}\"")) }
}

/// A message, of which nobody here says who sends it.
pub(super) fn message(of: &str) -> Trigger {
    Trigger::plain(TriggerKind::Data, format!("a message ({of})")).elsewhere("what is sent there is not in this repository")
}

/// A request.
pub(super) fn request(of: &str) -> Trigger {
    Trigger::plain(TriggerKind::Api, format!("a request ({of})")).elsewhere("who calls is not in this repository")
}

/// What an event is that a rule of the event bus waits for, by its pattern.
pub(super) fn event(pattern: Node<'_>) -> Trigger {
    let said = |key: &str| pattern.get(key).map(Node::strings).unwrap_or_default();
    let (sources, types) = (said("source"), said("detail-type"));
    let from = |name: &str| sources.iter().any(|(source, _)| *source == name);
    let told = |word: &str| types.iter().any(|(text, _)| text.contains(word));
    let text = types.first().or(sources.first()).map_or("an event".to_owned(), |(text, _)| format!("event {text}"));
    let plain = |kind: TriggerKind| Trigger::plain(kind, text.clone());
    if from("aws.s3") {
        return plain(TriggerKind::Data);
    }
    if told("Model Package State Change") || told("Model Package Group State Change") {
        return plain(TriggerKind::Registry);
    }
    if from("aws.cloudwatch") && told("Alarm") {
        return plain(TriggerKind::Alert);
    }
    if from("aws.codecommit") {
        return plain(TriggerKind::Push).elsewhere("whether the service follows this repository is not said here");
    }
    let services = ["aws.sagemaker", "aws.codepipeline", "aws.codebuild", "aws.states", "aws.glue", "aws.ecr", "aws.batch"];
    match services.iter().any(|service| from(service)) {
        true => plain(TriggerKind::Upstream).elsewhere("what makes this event is not said here"),
        false => plain(TriggerKind::Api).elsewhere("who sends such events is not in this repository"),
    }
}

/// The function of a file that a handler in Python names, from the folder of the code: `src/app.answer`, `src.app.answer`.
pub(super) fn python_handler(dir: &str, handler: &str) -> Option<UsesTarget> {
    let (module, name) = handler.rsplit_once('.')?;
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '/' | '.');
    if module.is_empty() || module.contains("..") || name.is_empty() || !handler.chars().all(plain) {
        return None;
    }
    let path = source::join(dir, &format!("{}.py", module.trim_start_matches("./").replace('.', "/")))?;
    Some(UsesTarget::Function { path, name: name.to_owned(), sure: true })
}

/// The lines of a text that holds a document of its own: those of the file where it is written line by line.
pub(super) fn lines_of(node: Node<'_>) -> impl Fn(u32) -> u32 + use<> {
    let (first, literal) = (node.line(), node.style() == Style::Literal);
    move |line| if literal { first.saturating_add(line.saturating_sub(1)) } else { first }
}

/// The one branch that a pattern means, where it means one: `^refs/heads/main$`.
pub(super) fn plain_branch(pattern: &str) -> Option<String> {
    let name = pattern.trim_start_matches('^').trim_end_matches('$');
    let name = name.strip_prefix("refs/heads/").unwrap_or(name);
    let is_plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '/'));
    is_plain.then(|| name.to_owned())
}

/// Whether a folder is one that a build makes: what lies there is not in the repository.
pub(super) fn is_made(dir: &str) -> bool {
    let archive = [".zip", ".jar", ".tar.gz", ".tgz"].iter().any(|suffix| dir.ends_with(suffix));
    archive || dir.split('/').any(|part| matches!(part, "build" | "dist" | "target" | ".aws-sam" | ".build" | "out" | "tmp"))
}

/// A call to a service, as the command line that would make it: `createTrainingJob` of `sagemaker`.
pub(super) fn call(
    unit: UnitId,
    line: u32,
    (service, action): (&str, &str),
    options: &[(String, String)],
    reading: &mut Reading<'_>,
) {
    says(unit, line, &["aws", service, &dashed(action)], options, reading);
}

/// The command line that a declaration stands for, with what it is given.
pub(super) fn says(unit: UnitId, line: u32, said: &[&str], options: &[(String, String)], reading: &mut Reading<'_>) {
    let word = |text: &str| Word { text: text.to_owned(), literal: true };
    let mut words: Vec<Word> = said.iter().map(|text| word(text)).collect();
    for (key, value) in options.iter().filter(|(_, value)| value.len() <= MAX_VALUE).take(MAX_OPTIONS) {
        words.push(word(&format!("--{}", dashed(key))));
        words.push(Word { text: value.clone(), literal: !value.contains("${") });
    }
    reading.fact(unit, line, FactKind::Command(Command::new(words, Some(".".to_owned()))));
}

/// `CreateTrainingJob` as `create-training-job`.
fn dashed(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut out = String::new();
    for (at, letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|i| letters.get(i));
        let ends = before.is_some_and(|c| c.is_lowercase() || c.is_ascii_digit());
        let begins = before.is_some_and(|c| c.is_uppercase()) && letters.get(at + 1).is_some_and(|c| c.is_lowercase());
        if letter.is_uppercase() && (ends || begins) {
            out.push('-');
        }
        out.extend(letter.to_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::yaml;

    #[test]
    fn an_event_says_what_it_is() {
        for (text, kind) in [
            ("source: [aws.s3]\ndetail-type: [Object Created]\n", TriggerKind::Data),
            ("source: [aws.sagemaker]\ndetail-type: [SageMaker Model Package State Change]\n", TriggerKind::Registry),
            ("source: [aws.sagemaker]\ndetail-type: [SageMaker Training Job State Change]\n", TriggerKind::Upstream),
            ("source: [aws.cloudwatch]\ndetail-type: [CloudWatch Alarm State Change]\n", TriggerKind::Alert),
            ("source: [own.shop]\n", TriggerKind::Api),
            ("3\n", TriggerKind::Api),
        ] {
            let parsed = yaml::parse(text);
            let told = parsed.tree.root().map(event);
            assert_eq!(told.map(|t| t.kind), Some(kind), "{text}");
        }
    }

    #[test]
    fn a_handler_is_a_function_of_a_file() {
        let of = |dir: &str, handler: &str| match python_handler(dir, handler) {
            Some(UsesTarget::Function { path, name, .. }) => format!("{path} {name}"),
            _ => "none".to_owned(),
        };
        assert_eq!(of("svc", "app.answer"), "svc/app.py answer");
        assert_eq!(of(".", "src/app.answer"), "src/app.py answer");
        assert_eq!(of("svc", "src.app.answer"), "svc/src/app.py answer");
        assert_eq!(of("svc", "${x}.answer"), "none");
        assert_eq!(of("svc", "../../app.answer"), "none");
        assert_eq!(of("svc", "answer"), "none");
    }

    #[test]
    fn actions_are_dashed_as_on_a_command_line() {
        assert_eq!(dashed("createTrainingJob"), "create-training-job");
        assert_eq!(dashed("PipelineName"), "pipeline-name");
        assert_eq!(dashed("createAutoMLJobV2"), "create-auto-ml-job-v2");
    }
}
