//! Shell text, wherever it stands, lowered to commands.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Context;
use crate::fact::{Code, Command, Fact, FactKind, FileFacts, OnFailure, Unit, UnitId, UnitKind};
use crate::source;
use crate::syntax::python::{self, Mode};
use crate::syntax::shell::{self, ConditionKind, Options, REPO_ROOT, SCRIPT_DIR, Script, Stdin};

/// Stands in a text that is put together for what only a run knows.
pub(crate) const HOLE: &str = "${_}";

/// What is known of a text before its first line.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shell {
    /// Folder of the repository it starts in; none where that is not known.
    pub(crate) dir: Option<String>,
    /// Folder of the script itself.
    pub(crate) script_dir: Option<String>,
    /// A failing command ends the text.
    pub(crate) errexit: bool,
    /// A pipe fails when any part of it does.
    pub(crate) pipefail: bool,
    /// Variables with literal values.
    pub(crate) variables: BTreeMap<String, String>,
    /// It runs while an image is built.
    pub(crate) at_build: bool,
}

/// A word as a shell takes it, with the holes in it left open.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=,+@%".contains(c);
    let closed = |piece: &str| {
        if piece.chars().all(plain) { piece.to_owned() } else { format!("'{}'", piece.replace('\'', "'\\''")) }
    };
    if word.is_empty() { "''".to_owned() } else { word.split(HOLE).map(closed).collect::<Vec<_>>().join(HOLE) }
}

impl Shell {
    /// What the parser asks of it.
    pub(crate) fn options(&self) -> Options {
        Options { errexit: self.errexit, pipefail: self.pipefail, variables: self.variables.clone() }
    }
}

/// Deepest nesting of shell text in commands (`bash -c "bash -c …"`).
const DEPTH: usize = 3;

/// Lowers a text to commands of a unit. `line_of` turns a 1-based line of the text into a line of the file.
pub(crate) fn lower(
    text: &str,
    line_of: &dyn Fn(u32) -> u32,
    unit: UnitId,
    how: &Shell,
    context: &Context<'_>,
    into: &mut FileFacts,
) {
    lower_script(&shell::parse(text, &how.options()), line_of, unit, how, context, into);
}

/// Lowers a text that was parsed before, with the [`Shell::options`] of `how`.
pub(crate) fn lower_script(
    script: &Script,
    line_of: &dyn Fn(u32) -> u32,
    unit: UnitId,
    how: &Shell,
    context: &Context<'_>,
    into: &mut FileFacts,
) {
    nested(script, line_of, unit, how, context, into, 0);
}

fn nested(
    script: &Script,
    line_of: &dyn Fn(u32) -> u32,
    unit: UnitId,
    how: &Shell,
    context: &Context<'_>,
    into: &mut FileFacts,
    depth: usize,
) {
    let first_function = into.units.len();
    for function in &script.functions {
        into.units.push(Unit {
            kind: UnitKind::ShellFunction,
            name: function.name.clone(),
            title: None,
            line: line_of(function.line),
            end_line: line_of(function.end_line),
            parent: Some(unit),
        });
    }
    for command in &script.commands {
        let stripped = shell::strip(&command.words, context.wrappers);
        if stripped.words.is_empty() {
            continue;
        }
        let owner = command.function.map_or(unit, |f| first_function + f);
        let on_failure = match &command.on_failure {
            shell::OnFailure::Stops => OnFailure::Stops,
            shell::OnFailure::GoesOn if command.decides_status => OnFailure::Stops,
            shell::OnFailure::GoesOn => OnFailure::GoesOn,
            shell::OnFailure::Discarded { why } => OnFailure::Discarded(why.clone()),
        };
        let stdin = match &command.stdin {
            Some(Stdin::Heredoc { text, line, .. }) => Some((text.clone(), line_of(*line))),
            Some(Stdin::HereString(word)) => Some((word.text.clone(), line_of(command.line))),
            _ => None,
        };
        let fed = match &command.stdin {
            Some(Stdin::File(word)) if word.literal => Some(word.text.clone()),
            _ => None,
        };
        // `a && b` says in what order, not under what circumstances
        let conditions = command
            .conditions
            .iter()
            .filter(|c| c.kind != ConditionKind::And)
            .map(|c| match c.kind {
                ConditionKind::Else => format!("not {}", c.test),
                ConditionKind::Or => format!("after {} failed", c.test),
                _ => c.test.clone(),
            })
            .collect();
        let lowered = Command {
            words: stripped.words,
            dir: within(directory(command.dir.as_deref(), how), stripped.folder.as_ref()),
            place: command.dir.as_deref().filter(|dir| dir.starts_with('/')).map(str::to_owned),
            on_failure,
            conditions,
            stdin,
            fed,
            stdout: command.stdout.clone(),
            at_build: how.at_build,
            through: stripped.wrappers,
        };
        let line = line_of(command.line);
        let inner = Inner { line, depth };
        let index = into.facts.len();
        let body = body_of(&lowered);
        into.facts.push(Fact {
            unit: Some(owner),
            line,
            end_line: line_of(command.end_line).max(line),
            kind: FactKind::Command(lowered),
        });
        match body {
            Some(Body::Shell(text)) if inner.depth < DEPTH => {
                let how = Shell { errexit: false, ..how.clone() };
                nested(&shell::parse(&text, &how.options()), &|_| inner.line, owner, &how, context, into, depth + 1);
            }
            // what runs on another machine starts in a folder that is not known here, and in a shell of its own
            Some(Body::Remote(text, first)) if inner.depth < DEPTH => {
                let how = Shell { at_build: how.at_build, ..Shell::default() };
                let line_of = |n: u32| if first == 0 { inner.line } else { first.saturating_add(n.saturating_sub(1)) };
                nested(&shell::parse(&text, &how.options()), &line_of, owner, &how, context, into, depth + 1);
            }
            Some(Body::Python(text, first)) => {
                let module = python::parse(&text, Mode::Module);
                let lines = (0..text.lines().count() as u32).map(|n| if first == 0 { line } else { first + n }).collect();
                into.embedded.push((index, Arc::new(Code { module, notebook: false, lines })));
            }
            _ => {}
        }
    }
}

struct Inner {
    line: u32,
    depth: usize,
}

/// Program text given to a command.
enum Body {
    Shell(String),
    /// Shell text for another machine; the line as below.
    Remote(String, u32),
    /// With the line of the file where it begins; 0 where it stands on the command's own line.
    Python(String, u32),
}

fn body_of(command: &Command) -> Option<Body> {
    let argument = |flag: &str| {
        let at = command.words.iter().position(|w| w.text == flag)?;
        command.words.get(at + 1).map(|w| w.text.clone())
    };
    let program = command.program();
    if matches!(program, "bash" | "sh" | "zsh" | "dash") {
        let dash_c =
            command.words.iter().position(|w| w.text.starts_with('-') && !w.text.starts_with("--") && w.text.ends_with('c'));
        return match dash_c {
            Some(at) => command.words.get(at + 1).map(|w| Body::Shell(w.text.clone())),
            None => command.stdin.as_ref().filter(|_| command.words.len() == 1).map(|(text, _)| Body::Shell(text.clone())),
        };
    }
    if program == "ssh" {
        return remote(command);
    }
    if program == "eval" {
        return command.words.get(1).map(|w| Body::Shell(w.text.clone()));
    }
    if program.starts_with("python") || program == "ipython" {
        if let Some(text) = argument("-c") {
            return Some(Body::Python(text, 0));
        }
        let from_stdin = command.words.len() == 1 || command.words.get(1).is_some_and(|w| w.text == "-");
        return command.stdin.as_ref().filter(|_| from_stdin).map(|(text, line)| Body::Python(text.clone(), *line));
    }
    None
}

/// What `ssh` runs on the other machine: the words behind its name, or else what it is fed.
fn remote(command: &Command) -> Option<Body> {
    /// Options that take a value.
    const VALUED: &str = "bcDEeFIiJLlmOopQRSWw";
    let mut words = command.words.iter().skip(1).map(|w| w.text.as_str());
    loop {
        match words.next()? {
            // `-p 22`, `-p22`, `-tt`, `-vp 22`
            option if option.starts_with('-') => {
                let at = option.char_indices().skip(1).find(|(_, c)| VALUED.contains(*c)).map(|(at, _)| at);
                if at.is_some_and(|at| at + 1 == option.len()) {
                    words.next()?;
                }
            }
            _ => break,
        }
    }
    // options may stand behind the machine as well
    let rest = words.skip_while(|w| matches!(*w, "-t" | "-tt" | "-T" | "--")).collect::<Vec<_>>().join(" ");
    let reads = |w: &str| {
        matches!(crate::source::file_name(w), "bash" | "sh" | "zsh" | "-s" | "-se" | "-es" | "-e" | "-l" | "-ls" | "--" | "sudo")
    };
    match (&command.stdin, rest.split_whitespace().all(reads)) {
        (Some((text, line)), true) => Some(Body::Remote(text.clone(), *line)),
        _ if rest.is_empty() => None,
        _ => Some(Body::Remote(rest, 0)),
    }
}

/// The folder that a wrapper names, from where it is started.
fn within(dir: Option<String>, folder: Option<&shell::Word>) -> Option<String> {
    match folder {
        None => dir,
        Some(word) if !word.literal || word.text.contains(['$', ':']) || word.text.starts_with(['/', '~']) => None,
        Some(word) => source::join(dir.as_deref()?, &word.text),
    }
}

/// The folder a command runs in, as far as it is known.
fn directory(moved: Option<&str>, how: &Shell) -> Option<String> {
    match moved {
        None => how.dir.clone(),
        Some("?") => None,
        Some(dir) => {
            if let Some(rest) = dir.strip_prefix(SCRIPT_DIR) {
                return source::join(how.script_dir.as_deref()?, rest.trim_start_matches('/'));
            }
            if let Some(rest) = dir.strip_prefix(REPO_ROOT) {
                return source::join(".", rest.trim_start_matches('/'));
            }
            if dir.starts_with('/') || dir.starts_with('~') {
                return None;
            }
            source::join(how.dir.as_deref()?, dir)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<String> {
        let mut facts = FileFacts::default();
        let how = Shell { dir: Some(".".to_owned()), errexit: true, ..Shell::default() };
        lower(text, &|line| line, 0, &how, &Context::default(), &mut facts);
        let commands = facts.facts.iter().filter_map(|fact| match &fact.kind {
            FactKind::Command(c) if c.program() != "ssh" => {
                Some(format!("{} {} @{}", fact.line, c.text(), c.dir.as_deref().unwrap_or("?")))
            }
            _ => None,
        });
        commands.collect()
    }

    #[test]
    fn commands_for_another_machine_are_commands() {
        for text in ["ssh -i key -p22 me@there 'cd app && make fit'", "ssh -tt there -- \"make fit\"", "ssh -l me there make fit"]
        {
            let told = told(text);
            assert_eq!(told.last().map(String::as_str), Some("1 make fit @?"), "{text}: {told:?}");
        }
        assert_eq!(told("ssh me@there <<'END'\nset -e\nmake fit\nEND\nls\n"), ["2 set -e @?", "3 make fit @?", "5 ls @."]);
        assert_eq!(told("ssh me@there 'bash -s' <<END\nmake fit\nEND\n"), ["2 make fit @?"]);
        assert_eq!(told("ssh me@there < fit.sh\nssh -N -L 1:x:2 there\n"), [""; 0]);
    }
}
