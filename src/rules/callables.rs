//! Python callables that run the functions they are given, as `rules/callables.yaml` says.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

/// The table.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Callables {
    /// What runs each function it is given.
    pub(crate) runs: BTreeSet<String>,
    /// What makes a command line of what it is given.
    pub(crate) exposes: BTreeSet<String>,
    /// Classes that run a function once they are told to.
    pub(crate) starts: BTreeMap<String, Starts>,
    /// Names of arguments that are run whatever takes them.
    pub(crate) keywords: BTreeSet<String>,
    /// Objects that hold commands.
    pub(crate) command_lines: Vec<CommandLine>,
    /// By package, the functions and methods whose answer a person gives.
    asks: BTreeMap<String, BTreeSet<String>>,
    /// What stands for the value of a field.
    pub(crate) fields: BTreeSet<String>,
    /// Packages whose classes run no method of those that build on them.
    idle_bases: BTreeSet<String>,
    /// By the beginning of the full names of classes, the methods that their library runs of a class that builds on them.
    protocols: BTreeMap<String, BTreeSet<String>>,
    /// Methods that give an object of the class they are called on.
    pub(crate) made_by: BTreeSet<String>,
    /// What leaves a test out.
    pub(crate) skips: Skips,
    /// Attributes of a decorated function that are the function as it was written.
    pub(crate) written: BTreeSet<String>,
    /// What puts something else in the place of what it names, by full name or as written.
    pub(crate) replaces: BTreeSet<String>,
    /// Decorators by which a program answers requests.
    pub(crate) routes: BTreeSet<String>,
    /// What makes such a program answer, as patterns of names.
    pub(crate) served_by: Vec<String>,
    /// How functions are told the words of the command line.
    pub(crate) told: Told,
    /// What makes an object that is fitted and asked as the last of its steps, and the keyword of these steps; none where
    /// they are its arguments.
    pub(crate) last_steps: BTreeMap<String, Option<String>>,
    /// What stands for what a function gives, and the keyword of that function.
    pub(crate) stands_for: BTreeMap<String, String>,
    /// Applications, by the names under which code comes to its own one.
    keepers: BTreeSet<String>,
    /// What gives back several things that were stored together.
    pub(crate) stored: BTreeSet<String>,
}

/// Decorators and functions that hand the words of the command line to a function, by their full names.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Told {
    /// Decorators that make a function a command line of its own.
    pub(crate) commands: BTreeSet<String>,
    /// Decorators that give a parameter an option.
    pub(crate) options: BTreeSet<String>,
    /// Decorators that give a parameter a word by its place.
    pub(crate) places: BTreeSet<String>,
    /// Decorators that add `--version`.
    pub(crate) versions: BTreeSet<String>,
    /// What reads options and places off the parameters.
    pub(crate) by_signature: BTreeSet<String>,
    /// What gives the parameters words as literals of Python.
    pub(crate) literals: BTreeSet<String>,
    /// What fills one parameter with `key=value` words.
    pub(crate) keys: BTreeSet<String>,
}

/// What leaves a test out, whatever is run.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Skips {
    /// Decorators of a test or of its class, by their full names.
    pub(crate) by: BTreeSet<String>,
    /// Decorators that do so if their first argument is true.
    pub(crate) when: BTreeSet<String>,
    /// Decorators that do so if it is not.
    pub(crate) unless: BTreeSet<String>,
    /// Functions and methods that end the test, or at the top of a file all that stands in it.
    pub(crate) ends: BTreeSet<String>,
    /// Names of a file that are given one of these for all of its tests.
    pub(crate) marks: BTreeSet<String>,
}

/// How a class takes the function that it runs.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Starts {
    /// The argument by name.
    pub(crate) keyword: String,
    /// The argument by position, from 0.
    pub(crate) at: usize,
    /// The methods that run it.
    pub(crate) by: BTreeSet<String>,
}

/// An object that holds commands.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CommandLine {
    /// Classes, or decorators of a function, that make one.
    pub(crate) makes: BTreeSet<String>,
    /// Methods that make a command of a function.
    pub(crate) command: BTreeSet<String>,
    /// Methods that make of a function another one, below.
    #[serde(default)]
    pub(crate) group: BTreeSet<String>,
    /// Methods whose function runs before any command.
    #[serde(default)]
    pub(crate) first: BTreeSet<String>,
    /// Methods that add what is a command or holds commands already.
    #[serde(default)]
    pub(crate) add: BTreeSet<String>,
    /// The only command needs no name.
    #[serde(default)]
    pub(crate) alone: bool,
}

/// What a method of an object that holds commands does with a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Registers {
    /// It becomes a command.
    Command,
    /// It becomes a group of commands.
    Group,
    /// It runs before any command.
    First,
    /// What is a command already is added.
    Add,
}

impl Callables {
    /// Whether a class from outside only describes data, and runs nothing of what builds on it.
    pub(crate) fn is_idle_base(&self, name: &str) -> bool {
        name.split('.').next().is_some_and(|package| self.idle_bases.contains(package))
    }

    /// The methods that the library of a class runs of one that builds on it; none where any may be run. Of several rows the
    /// one that says most of the name counts.
    pub(crate) fn protocol(&self, base: &str) -> Option<&BTreeSet<String>> {
        let mut ends = base.match_indices(['#', '.']).map(|(at, _)| at).chain([base.len()]).collect::<Vec<_>>();
        ends.reverse();
        ends.into_iter().find_map(|at| self.protocols.get(base.get(..at)?))
    }

    /// The place within an application that a full name means: `state.model` for `fastapi.Request#app.state.model`, empty
    /// for the application itself.
    pub(crate) fn kept_at<'n>(&self, name: &'n str) -> Option<&'n str> {
        let mut ends = name.match_indices(['#', '.']).map(|(at, _)| at).chain([name.len()]);
        let at = ends.rfind(|at| name.get(..*at).is_some_and(|start| self.keepers.contains(start)))?;
        name.get(at..).map(|rest| rest.trim_start_matches(['#', '.']))
    }

    /// Whether a person answers what is called, by its full name.
    pub(crate) fn asks_a_person(&self, name: &str) -> bool {
        let package = name.split(['.', '#']).next().unwrap_or(name);
        let last = name.rsplit(['.', '#']).next().unwrap_or(name);
        self.asks.get(package).is_some_and(|all| all.contains(last))
    }

    /// The kind of command line that a class or decorator of this name makes (`click.group#group` is one as well).
    pub(crate) fn line(&self, name: &str) -> Option<&CommandLine> {
        let (maker, methods) = name.split_once('#').map_or((name, None), |(m, rest)| (m, Some(rest)));
        let line = self.command_lines.iter().find(|l| l.makes.contains(maker))?;
        methods.is_none_or(|m| m.split('#').all(|m| line.group.contains(m))).then_some(line)
    }

    /// What a method does, by its full name (`typer.Typer#command`).
    pub(crate) fn registers(&self, name: &str) -> Option<Registers> {
        let (holder, method) = name.rsplit_once('#')?;
        let line = self.line(holder)?;
        let does = [
            (&line.command, Registers::Command),
            (&line.group, Registers::Group),
            (&line.first, Registers::First),
            (&line.add, Registers::Add),
        ];
        does.into_iter().find(|(names, _)| names.contains(method)).map(|(_, what)| what)
    }
}

/// The built-in table.
#[cfg(test)]
pub(crate) fn built_in() -> Callables {
    let text = include_str!("../../rules/callables.yaml");
    serde_yaml::from_str(text).unwrap_or_else(|e| panic!("{e}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_of_holders() {
        let table = built_in();
        assert_eq!(table.registers("typer.Typer#command"), Some(Registers::Command));
        assert_eq!(table.registers("typer.Typer#callback"), Some(Registers::First));
        assert_eq!(table.registers("click.group#command"), Some(Registers::Command));
        assert_eq!(table.registers("click.group#group#command"), Some(Registers::Command));
        assert_eq!(table.registers("click.group#group"), Some(Registers::Group));
        assert_eq!(table.registers("click.group#add_command"), Some(Registers::Add));
        assert_eq!(table.registers("click.group#main"), None);
        assert_eq!(table.registers("fastapi.FastAPI#command"), None);
        assert!(table.line("typer.Typer").is_some_and(|l| l.alone) && table.line("typer.Typer#command").is_none());
    }

    #[test]
    fn places_within_an_application() {
        let table = built_in();
        assert_eq!(table.kept_at("fastapi.Request#app.state.model"), Some("state.model"));
        assert_eq!(table.kept_at("fastapi.FastAPI#state.model"), Some("state.model"));
        assert_eq!(table.kept_at("flask.current_app.config"), Some("config"));
        assert_eq!(table.kept_at("fastapi.FastAPI"), Some(""));
        assert_eq!(table.kept_at("fastapi.Request#state.model"), None);
    }

    #[test]
    fn nothing_runs_and_only_starts() {
        let table = built_in();
        assert!(table.starts.keys().all(|name| !table.runs.contains(name)));
        assert!(table.starts.values().all(|s| !s.by.is_empty()));
    }
}
