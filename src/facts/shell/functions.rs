//! Functions of a cloud that a command deploys: what each runs, and what starts it.
//!
//! Deploying runs nothing of a function. It is a part of its own that a message, a request, a change in a store or a clock
//! starts, once somebody has run the command; a clock that another command of the same text sets for it is its own.

use crate::fact::{
    Command, DEPLOYED, Fact, FactKind, FileFacts, Held, OnFailure, Trigger, Unit, UnitKind, Until, Uses, UsesTarget,
};
use crate::source;
use crate::words::{EdgeKind, Strength, TriggerKind};

/// Most functions that one text deploys.
const MOST: usize = 50;

/// The words of a command behind its program, and the values of its options.
struct Said<'c>(Vec<&'c str>);

impl<'c> Said<'c> {
    fn of(command: &'c Command) -> Self {
        Self(command.words.iter().skip(1).map(|word| word.text.as_str()).collect())
    }

    /// What stands behind these verbs, whatever release of the program is asked.
    fn behind(&self, verbs: &[&str]) -> Option<&'c str> {
        let rest = match self.0.first() {
            Some(&"beta" | &"alpha") => self.0.get(1..)?,
            _ => &self.0[..],
        };
        let starts = verbs.iter().zip(rest).all(|(verb, word)| verb == word) && rest.len() > verbs.len();
        rest.get(verbs.len()..).filter(|_| starts)?.first().copied().filter(|name| !name.starts_with('-'))
    }

    fn value(&self, option: &str) -> Option<&'c str> {
        self.0.iter().enumerate().find_map(|(at, word)| match word.split_once('=') {
            Some((name, value)) if name == option => Some(value),
            _ if *word == option => self.0.get(at + 1).copied(),
            _ => None,
        })
    }
}

/// A clock that a text sets.
struct Clock<'c> {
    every: &'c str,
    at: u32,
    /// The topic or the address that it calls.
    calls: &'c str,
}

/// States the functions that the commands from this fact on deploy.
pub(super) fn deployed(first: usize, facts: &mut FileFacts) {
    let commands = |facts: &FileFacts| {
        let all = facts.facts.iter().skip(first).filter_map(|fact| match &fact.kind {
            FactKind::Command(command) if command.program() == "gcloud" && command.off.is_none() => {
                Some((fact.clone(), command.clone()))
            }
            _ => None,
        });
        all.take(10 * MOST).collect::<Vec<(Fact, Command)>>()
    };
    let commands = commands(facts);
    let clocks: Vec<Clock<'_>> = commands.iter().filter_map(|(fact, command)| clock(fact, command)).collect();
    for (fact, command) in commands.iter().take(MOST) {
        let said = Said::of(command);
        let Some(name) = said.behind(&["functions", "deploy"]) else { continue };
        let Some(to) = code(&said, name, command) else { continue };
        let unit = facts.units.len();
        let (line, end_line) = (fact.line, fact.end_line);
        facts.units.push(Unit {
            kind: UnitKind::Action,
            name: format!("{DEPLOYED}{name}"),
            title: None,
            line,
            end_line,
            parent: None,
        });
        let uses =
            Uses { reference: name.to_owned(), with: Vec::new(), to, edge: EdgeKind::Invokes, on_failure: OnFailure::Stops };
        facts.state(unit, line, FactKind::Uses(uses));
        let words = ["gcloud", "functions", "deploy", name].map(str::to_owned).to_vec();
        let mine = clocks.iter().filter(|clock| match said.value("--trigger-topic") {
            Some(topic) => clock.calls == topic,
            None => clock.calls.split(['/', '?']).any(|part| part == name),
        });
        let mut started = false;
        for clock in mine {
            started = true;
            let why = "nothing here runs the command that deploys it".to_owned();
            let held =
                Some(Held { strength: Strength::Assumed, why, until: Some(Until::Words(vec![words.clone()])), remedy: None });
            let plain = Trigger::plain(TriggerKind::Schedule, format!("schedule \"{}\"", clock.every));
            facts.state(unit, clock.at, FactKind::Trigger(Trigger { held, ..plain }));
        }
        if !started {
            facts.state(unit, line, FactKind::Trigger(other(&said)));
        }
    }
}

/// What starts a function that no clock of the text starts.
fn other(said: &Said<'_>) -> Trigger {
    let elsewhere = |kind, text: String, why: &str| Trigger::plain(kind, text).elsewhere(why);
    if let Some(topic) = said.value("--trigger-topic") {
        return elsewhere(TriggerKind::Data, format!("a message ({topic})"), "what is sent there is not in this repository");
    }
    if let Some(bucket) = said.value("--trigger-bucket").or_else(|| said.value("--trigger-resource")) {
        return elsewhere(TriggerKind::Data, format!("a change in {bucket}"), "what is put there is not in this repository");
    }
    elsewhere(TriggerKind::Api, "a request (address)".to_owned(), "who calls is not in this repository")
}

/// A clock that calls a topic or an address.
fn clock<'c>(fact: &Fact, command: &'c Command) -> Option<Clock<'c>> {
    let said = Said::of(command);
    let calls =
        match (said.behind(&["scheduler", "jobs", "create", "pubsub"]), said.behind(&["scheduler", "jobs", "create", "http"])) {
            (Some(_), _) => said.value("--topic")?,
            (_, Some(_)) => said.value("--uri")?,
            _ => return None,
        };
    Some(Clock { every: said.value("--schedule")?, at: fact.line, calls })
}

/// The function of Python that is deployed; none where its code is not told here.
fn code(said: &Said<'_>, name: &str, command: &Command) -> Option<UsesTarget> {
    let python = said.value("--runtime").is_none_or(|runtime| runtime.starts_with("python"));
    let folder = said.value("--source").unwrap_or(".");
    let open = [folder, name].iter().any(|text| text.contains(['$', '`', ':']));
    let path = source::join(&source::join(command.dir.as_deref()?, folder)?, "main.py").filter(|_| python && !open)?;
    let function = said.value("--entry-point").unwrap_or(name);
    let plain = function.chars().all(|c| c.is_alphanumeric() || c == '_');
    plain.then(|| UsesTarget::Function { path, name: function.to_owned(), sure: true })
}

#[cfg(test)]
mod tests {
    use super::super::{Shell, lower};
    use super::*;
    use crate::facts::Context;

    fn told(text: &str) -> Vec<String> {
        let mut facts = FileFacts::default();
        let how = Shell { dir: Some(".".to_owned()), ..Shell::default() };
        lower(text, &|line| line, 0, &how, &Context::default(), &mut facts);
        let all = facts.facts.iter().filter_map(|fact| match &fact.kind {
            FactKind::Trigger(t) => Some(format!("{} {}", fact.line, t.text)),
            FactKind::Uses(Uses { to: UsesTarget::Function { path, name, .. }, .. }) => {
                Some(format!("{} {path} {name}", fact.line))
            }
            _ => None,
        });
        all.collect()
    }

    #[test]
    fn a_function_is_started_by_what_its_deployment_says() {
        let deploy =
            "gcloud functions deploy fit --runtime python312 --source jobs/fit --entry-point run --trigger-topic weekly\n";
        assert_eq!(told(deploy), ["1 jobs/fit/main.py run", "1 a message (weekly)"]);
        let clock = "gcloud scheduler jobs create pubsub monday --schedule '0 3 * * 1' --topic weekly --message-body go\n";
        assert_eq!(told(&format!("{deploy}{clock}")), ["1 jobs/fit/main.py run", "2 schedule \"0 3 * * 1\""]);
        assert_eq!(told(&format!("{deploy}{}", clock.replace("weekly", "daily")))[1], "1 a message (weekly)");
        assert!(told(&deploy.replace("jobs/fit", "gs://box/fit.zip")).is_empty());
        assert!(told(&deploy.replace("python312", "nodejs20")).is_empty());
    }
}
