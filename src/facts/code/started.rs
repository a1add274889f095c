//! Programs that Python code starts: `subprocess.run(["python", "fit.py"])`, `os.system("make fit")`.
//!
//! They come down to commands like those of a job, so that what they lead to is followed in the same way. The command
//! stands on the line of the call; whoever runs the code around it runs the command.
//!
//! Invariant: only names that the file itself imports from Python's own modules count; what only a run knows is a hole.

use crate::fact::{FactKind, FileFacts, OnFailure};
use crate::facts::Context;
use crate::facts::shell::{HOLE, Shell, lower};
use crate::syntax::python::{Assign, Call, Module, Name, Part, Root, Target, Value};

/// Most calls looked at in one file.
const MOST: usize = 200;
/// Longest command text, in bytes.
const LONGEST: usize = 16 << 10;
/// The unit that the lowering of shell text is given, as code has none.
const NOBODY: usize = usize::MAX;

/// Adds the commands that a file's code starts.
pub(super) fn commands(module: &Module, context: &Context<'_>, facts: &mut FileFacts) {
    if !module.imports.iter().any(|i| matches!(i.module.split('.').next(), Some("subprocess" | "os" | "mlflow"))) {
        return;
    }
    let starting = module.calls.iter().filter_map(|call| Some((call, start(&full_name(module, &call.callee)?, call)?)));
    for (call, start) in starting.take(MOST) {
        let given = if start.project {
            project(module, call)
        } else {
            call.args.first().or_else(|| keyword(call, "args")).and_then(|v| told(module, call, v, 3))
        };
        let Some(told) = given else {
            continue;
        };
        let stops = start.stops && call.in_try.is_none();
        let dir = match keyword(call, "cwd") {
            None | Some(Value::None) => Some(".".to_owned()),
            Some(Value::Str(dir)) => crate::source::join(".", dir),
            Some(_) => None,
        };
        let text = match told {
            Told::Words(words) => words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" "),
            Told::Text(text) if start.shell => text,
            Told::Text(_) => continue,
        };
        if text.len() > LONGEST {
            continue;
        }
        let mut lowered = FileFacts::default();
        lower(&text, &|_| call.line, NOBODY, &Shell { dir, ..Shell::default() }, context, &mut lowered);
        // a function of the text has no place outside of it
        for mut fact in lowered.facts.into_iter().filter(|fact| fact.unit == Some(NOBODY)) {
            fact.unit = None;
            if let FactKind::Command(command) = &mut fact.kind
                && !stops
                && command.on_failure == OnFailure::Stops
            {
                command.on_failure = OnFailure::GoesOn;
            }
            facts.facts.push(fact);
        }
    }
}

/// How a call starts a program.
struct Start {
    /// A failure raises.
    stops: bool,
    /// A text is read by a shell.
    shell: bool,
    /// It names a project and what of it is run.
    project: bool,
}

fn start(name: &str, call: &Call) -> Option<Start> {
    let shell = keyword(call, "shell") == Some(&Value::Bool(true));
    let checked = keyword(call, "check") == Some(&Value::Bool(true));
    let start = |stops: bool, shell: bool| Some(Start { stops, shell, project: false });
    match name {
        "subprocess.run" => start(checked, shell),
        "subprocess.check_call" | "subprocess.check_output" => start(true, shell),
        "subprocess.call" | "subprocess.Popen" => start(false, shell),
        "os.system" | "os.popen" | "subprocess.getoutput" | "subprocess.getstatusoutput" => {
            start(false, true)
        }
        "mlflow.run" | "mlflow.projects.run" => Some(Start { stops: true, shell: false, project: true }),
        _ => None,
    }
}

/// The command that runs the same of a project: `mlflow.run(".", "fit")`.
fn project(module: &Module, call: &Call) -> Option<Told> {
    let folder = place(module, call.args.first().or_else(|| keyword(call, "uri"))?, 6)?;
    let entry = call.args.get(1).or_else(|| keyword(call, "entry_point"));
    let entry = entry.map_or_else(|| "main".to_owned(), |value| text(module, value).unwrap_or_else(|| HOLE.to_owned()));
    Some(Told::Words(vec!["mlflow".to_owned(), "run".to_owned(), folder, "-e".to_owned(), entry]))
}

/// A folder that is named or put together (`os.path.join(root, "steps", "fit")`), with holes.
fn place(module: &Module, value: &Value, depth: u32) -> Option<String> {
    let depth = depth.checked_sub(1)?;
    match value {
        Value::Call(id) => {
            let made = module.calls.get(*id)?;
            let parts = |from: &[Value]| -> Vec<String> {
                from.iter().map(|part| place(module, part, depth).unwrap_or_else(|| HOLE.to_owned())).collect()
            };
            match full_name(module, &made.callee)?.as_str() {
                "os.path.join" => Some(parts(&made.args).join("/")),
                "pathlib.Path" => Some(parts(&made.args).join("/")),
                _ => None,
            }
        }
        value => text(module, value),
    }
}

/// What is to be run.
enum Told {
    Words(Vec<String>),
    Text(String),
}

fn told(module: &Module, call: &Call, value: &Value, depth: u32) -> Option<Told> {
    let depth = depth.checked_sub(1)?;
    match value {
        Value::List(items) | Value::Tuple(items) => {
            let words: Vec<String> = items.iter().map(|item| text(module, item).unwrap_or_else(|| HOLE.to_owned())).collect();
            (words.first()? != HOLE).then_some(Told::Words(words))
        }
        Value::Str(_) | Value::FString { .. } => text(module, value).map(Told::Text),
        // `"make fit".split()`, `shlex.split("make fit")`
        Value::Call(id) => {
            let split = module.calls.get(*id)?;
            let whole = match &split.callee.root {
                Root::Str(whole) if split.callee.path == ["split"] && split.args.is_empty() => whole.clone(),
                _ if full_name(module, &split.callee)? == "shlex.split" => text(module, split.args.first()?)?,
                _ => return None,
            };
            let words: Vec<String> = whole.split_whitespace().map(str::to_owned).collect();
            (!words.is_empty()).then_some(Told::Words(words))
        }
        // a name that is given one value
        Value::Name(Name { root: Root::Local(local), path }) if path.is_empty() => {
            let gives = |a: &&Assign| {
                let is =
                    |t: &Target| matches!(t, Target::Name(Name { root: Root::Local(n), path }) if n == local && path.is_empty());
                (a.scope == call.scope || a.scope == 0) && a.targets.iter().any(is)
            };
            let mut given = module.assigns.iter().filter(gives);
            let only = given.next().filter(|_| given.next().is_none())?;
            // `cmd += [...]` and `cmd.append(...)` add to it
            let changed = module.calls.iter().any(|c| matches!(&c.callee.root, Root::Local(n) if n == local));
            (!changed).then(|| told(module, call, &only.value, depth))?
        }
        _ => None,
    }
}

fn text(module: &Module, value: &Value) -> Option<String> {
    match value {
        Value::Str(text) => Some(text.clone()),
        Value::Int(number) => Some(number.to_string()),
        Value::FString { parts } => {
            let of = |part: &Part| match part {
                Part::Text(text) => text.clone(),
                Part::Hole(value) => match value {
                    Value::Name(name) if full_name(module, name).as_deref() == Some("sys.executable") => "python".to_owned(),
                    _ => HOLE.to_owned(),
                },
            };
            Some(parts.iter().map(of).collect())
        }
        Value::Name(name) if full_name(module, name).as_deref() == Some("sys.executable") => Some("python".to_owned()),
        _ => None,
    }
}

/// A word as a shell takes it, with the holes in it left open.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=,+@%".contains(c);
    let closed = |piece: &str| {
        if piece.chars().all(plain) { piece.to_owned() } else { format!("'{}'", piece.replace('\'', "'\\''")) }
    };
    if word.is_empty() { "''".to_owned() } else { word.split(HOLE).map(closed).collect::<Vec<_>>().join(HOLE) }
}

fn keyword<'c>(call: &'c Call, name: &str) -> Option<&'c Value> {
    call.keywords.iter().find(|(key, _)| key == name).map(|(_, value)| value)
}

/// A name that begins with an import of the file, in full.
fn full_name(module: &Module, name: &Name) -> Option<String> {
    let Root::Local(first) = &name.root else { return None };
    let import = module.imports.iter().find(|i| i.local == *first && i.level == 0)?;
    let mut full = match &import.name {
        Some(taken) => format!("{}.{taken}", import.module),
        None if import.aliased => import.module.clone(),
        None => first.clone(),
    };
    for part in &name.path {
        full.push('.');
        full.push_str(part);
    }
    Some(full)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::Fact;
    use crate::syntax::python::{Mode, parse};

    fn started(text: &str) -> Vec<String> {
        let mut facts = FileFacts::default();
        commands(&parse(text, Mode::Module), &Context::default(), &mut facts);
        let of = |fact: &Fact| match &fact.kind {
            FactKind::Command(c) => Some(format!("{} {} @{}", fact.line, c.text(), c.dir.as_deref().unwrap_or("?"))),
            _ => None,
        };
        facts.facts.iter().filter_map(of).collect()
    }

    #[test]
    fn programs_that_are_started_are_commands() {
        let text = "import os, subprocess as sp, sys\nfrom subprocess import run\nsp.check_call([sys.executable, 'fit.py', day])\nrun('make fit && make push', shell=True, cwd='ml')\nos.system(f'python report.py {day}')\nrun('python score.py'.split())\n";
        assert_eq!(
            started(text),
            [
                "3 python fit.py ${_} @.",
                "4 make fit @ml",
                "4 make push @ml",
                "5 python report.py ${_} @.",
                "6 python score.py @."
            ]
        );
    }

    #[test]
    fn what_is_not_known_starts_nothing() {
        assert_eq!(started("import subprocess\nsubprocess.run([tool, 'x'])\nsubprocess.run(command)\n"), [""; 0]);
        assert_eq!(started("def run(x): ...\nrun(['python', 'fit.py'])\n"), [""; 0]);
        assert_eq!(started("import subprocess\nc = ['python']\nc.append('fit.py')\nsubprocess.run(c)\n"), [""; 0]);
    }
}
