//! Programs that Python code starts: `subprocess.run(["python", "fit.py"])`, `os.system("make fit")`.
//!
//! They come down to commands like those of a job, so that what they lead to is followed in the same way. The command
//! stands on the line of the call; whoever runs the code around it runs the command.
//!
//! Invariant: only names that the file itself imports from Python's own modules count; what only a run knows is a hole.

use std::collections::BTreeMap;

use crate::fact::{FactKind, FileFacts, OnFailure};
use crate::facts::Context;
use crate::facts::shell::{HOLE, Shell, lower, quoted};
use crate::syntax::python::{Assign, AssignKind, Call, CallId, Module, Name, Part, Root, Target, Value};

/// Most calls looked at in one file.
const MOST: usize = 200;
/// Longest command text, in bytes.
const LONGEST: usize = 16 << 10;
/// The unit that the lowering of shell text is given, as code has none.
const NOBODY: usize = usize::MAX;

/// Adds the commands that a file's code starts, itself or through a function of its own that starts what it is told.
pub(super) fn commands(module: &Module, context: &Context<'_>, facts: &mut FileFacts) {
    for (_, call, start) in starts(module).take(MOST) {
        one(module, call, &start, &Given::default(), context, facts);
    }
}

/// Calls that start a program, in the order of the file.
pub(super) fn starts(module: &Module) -> impl Iterator<Item = (CallId, &Call, Start)> {
    let mut roots = module.imports.iter().map(|i| i.module.split('.').next());
    let any = roots.any(|root| matches!(root, Some("subprocess" | "os" | "mlflow" | "ray" | "boto3" | "prefect")));
    let submits = module.imports.iter().any(|i| i.module == "ray.job_submission");
    let asks = module.imports.iter().any(|i| i.module == "boto3");
    module.calls.iter().enumerate().filter(move |_| any).filter_map(move |(id, call)| {
        let named = full_name(module, &call.callee).and_then(|name| start(&name, call));
        let named = named.or_else(|| submitted(call).filter(|_| submits));
        Some((id, call, named.or_else(|| asked(call).filter(|_| asks))?))
    })
}

/// What the parameters of a function are given by one call of it.
#[derive(Default)]
pub(super) struct Given<'m> {
    pub(super) values: BTreeMap<&'m str, Value>,
    /// The call, which says what to start.
    pub(super) at: Option<&'m Call>,
}

/// States what one call starts, where its function is given some values.
pub(super) fn one(module: &Module, call: &Call, start: &Start, given: &Given<'_>, context: &Context<'_>, facts: &mut FileFacts) {
    let what = if start.project {
        project(module, call, given)
    } else if start.service {
        by_name(module, call, given)
    } else {
        let named = keyword(call, "args").or_else(|| keyword(call, "entrypoint"));
        named.or_else(|| call.args.first()).and_then(|v| told(module, call, v, given, 3))
    };
    let Some(told) = what else { return };
    // whoever is told everything himself is not told again by each caller
    if given.at.is_some() && !asks(module, call, given) {
        return;
    }
    let said = keyword(call, "cwd").or_else(|| sent_along(call)).map(|value| match value {
        Value::Name(Name { root: Root::Local(name), path }) if path.is_empty() => {
            given.values.get(name.as_str()).unwrap_or(value)
        }
        _ => value,
    });
    let dir = match said {
        None | Some(Value::None) => Some(".".to_owned()),
        Some(value) => {
            text(module, value, given).filter(|dir| !dir.contains(HOLE)).and_then(|dir| crate::source::join(".", &dir))
        }
    };
    let text = match told {
        Told::Words(words) => words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" "),
        Told::Text(text) if start.shell => text,
        Told::Text(_) => return,
    };
    let stops = start.stops && call.in_try.is_none();
    state(&Started { text, line: given.at.unwrap_or(call).line, dir, stops, through: None }, context, facts);
}

/// A program that code starts.
pub(in crate::facts) struct Started {
    /// Its command line.
    pub(in crate::facts) text: String,
    /// The line of the call that starts it.
    pub(in crate::facts) line: u32,
    /// Where it runs.
    pub(in crate::facts) dir: Option<String>,
    /// Its failure raises.
    pub(in crate::facts) stops: bool,
    /// The call that gives it an environment of its own.
    pub(in crate::facts) through: Option<&'static str>,
}

/// States a program that code starts; whoever runs the code around the line runs it.
pub(in crate::facts) fn state(started: &Started, context: &Context<'_>, facts: &mut FileFacts) {
    if started.text.len() > LONGEST {
        return;
    }
    let mut lowered = FileFacts::default();
    let shell = Shell { dir: started.dir.clone(), ..Shell::default() };
    lower(&started.text, &|_| started.line, NOBODY, &shell, context, &mut lowered);
    // a function of the text has no place outside of it
    for mut fact in lowered.facts.into_iter().filter(|fact| fact.unit == Some(NOBODY)) {
        fact.unit = None;
        if let FactKind::Command(command) = &mut fact.kind {
            if !started.stops && command.on_failure == OnFailure::Stops {
                command.on_failure = OnFailure::GoesOn;
            }
            if let Some(through) = started.through {
                command.through.insert(0, through.to_owned());
            }
        }
        facts.facts.push(fact);
    }
}

/// A command line from values, word by word; what only a run knows is a hole.
pub(in crate::facts) fn line_of(module: &Module, values: &[Value]) -> Option<String> {
    let words = words(module, values, &Given::default());
    let first = words.first()?;
    (first != HOLE).then(|| words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" "))
}

/// A text from a value; what only a run knows is a hole.
pub(in crate::facts) fn text_of(module: &Module, value: &Value) -> Option<String> {
    text(module, value, &Given::default())
}

/// Whether what a call starts depends on what its function is given.
pub(super) fn asks(module: &Module, call: &Call, given: &Given<'_>) -> bool {
    let mut open: Vec<&Value> = call.args.iter().chain(call.keywords.iter().map(|(_, v)| v)).collect();
    let is = |name: &Name| matches!(&name.root, Root::Local(n) if given.values.contains_key(n.as_str()));
    let mut left = 1_000;
    while let Some(value) = open.pop() {
        left -= 1;
        if left == 0 {
            return false;
        }
        match value {
            Value::Name(name) if is(name) => return true,
            // a local name that is put together from what is given
            Value::Name(Name { root: Root::Local(local), path }) if path.is_empty() => {
                let gives = |a: &&Assign| a.scope == call.scope && a.targets.iter().any(|t| is_local(t, local));
                open.extend(module.assigns.iter().filter(gives).map(|a| &a.value));
            }
            Value::List(items) | Value::Tuple(items) => open.extend(items),
            Value::Starred(inner) => open.push(inner),
            Value::FString { parts } => {
                open.extend(parts.iter().filter_map(|p| if let Part::Hole(value) = p { Some(value) } else { None }));
            }
            Value::BinOp { left, right, .. } => open.extend([&**left, &**right]),
            Value::Call(id) => open.extend(module.calls.get(*id).into_iter().flat_map(|c| &c.args)),
            _ => {}
        }
    }
    false
}

pub(super) fn is_local(target: &Target, name: &str) -> bool {
    matches!(target, Target::Name(Name { root: Root::Local(n), path }) if n == name && path.is_empty())
}

/// How a call starts a program.
#[derive(Clone, Copy)]
pub(super) struct Start {
    /// A failure raises.
    pub(super) stops: bool,
    /// A text is read by a shell.
    pub(super) shell: bool,
    /// It names a project and what of it is run.
    pub(super) project: bool,
    /// It asks a service of a cloud for what that knows by a name.
    pub(super) service: bool,
}

fn start(name: &str, call: &Call) -> Option<Start> {
    let shell = keyword(call, "shell") == Some(&Value::Bool(true));
    let checked = keyword(call, "check") == Some(&Value::Bool(true));
    let start = |stops: bool, shell: bool| Some(Start { stops, shell, project: false, service: false });
    match name {
        "subprocess.run" => start(checked, shell),
        "subprocess.check_call" | "subprocess.check_output" => start(true, shell),
        "subprocess.call" | "subprocess.Popen" => start(false, shell),
        "os.system" | "os.popen" | "subprocess.getoutput" | "subprocess.getstatusoutput" => start(false, true),
        "prefect.deployments.run_deployment"
        | "prefect.deployments.flow_runs.run_deployment"
        | "prefect.deployments.deployments.run_deployment" => {
            Some(Start { stops: true, shell: false, project: false, service: true })
        }
        "mlflow.run" | "mlflow.projects.run" => Some(Start { stops: true, shell: false, project: true, service: false }),
        _ => None,
    }
}

/// `client.submit_job(entrypoint="python fit.py")`: a text for a shell of the cluster.
fn submitted(call: &Call) -> Option<Start> {
    let is = call.callee.path.last().is_some_and(|method| method == "submit_job") && keyword(call, "entrypoint").is_some();
    is.then_some(Start { stops: false, shell: true, project: false, service: false })
}

/// `client.start_pipeline_execution(PipelineName="fit")`.
fn asked(call: &Call) -> Option<Start> {
    let is = call.callee.path.last().is_some_and(|method| method == "start_pipeline_execution");
    let is = is && keyword(call, "PipelineName").is_some();
    is.then_some(Start { stops: true, shell: false, project: false, service: true })
}

/// The command line that asks for the same.
fn by_name(module: &Module, call: &Call, given: &Given<'_>) -> Option<Told> {
    let (before, named): (&[&str], _) = match keyword(call, "PipelineName") {
        Some(name) => (&["aws", "sagemaker", "start-pipeline-execution", "--pipeline-name"], name),
        None => (&["prefect", "deployment", "run"], keyword(call, "name").or_else(|| call.args.first())?),
    };
    let name = text(module, named, given).unwrap_or_else(|| HOLE.to_owned());
    Some(Told::Words(before.iter().map(|word| (*word).to_owned()).chain([name]).collect()))
}

/// The folder that is sent along with a submitted job.
fn sent_along(call: &Call) -> Option<&Value> {
    let Some(Value::Dict(pairs)) = keyword(call, "runtime_env") else { return None };
    pairs.iter().find(|(key, _)| *key == Value::Str("working_dir".to_owned())).map(|(_, value)| value)
}

/// The command that runs the same of a project: `mlflow.run(".", "fit")`.
fn project(module: &Module, call: &Call, given: &Given<'_>) -> Option<Told> {
    let folder = place(module, call.args.first().or_else(|| keyword(call, "uri"))?, given, 6)?;
    let entry = call.args.get(1).or_else(|| keyword(call, "entry_point"));
    let entry = entry.map_or_else(|| "main".to_owned(), |value| text(module, value, given).unwrap_or_else(|| HOLE.to_owned()));
    Some(Told::Words(vec!["mlflow".to_owned(), "run".to_owned(), folder, "-e".to_owned(), entry]))
}

/// A folder that is named or put together (`os.path.join(root, "steps", "fit")`), with holes.
fn place(module: &Module, value: &Value, given: &Given<'_>, depth: u32) -> Option<String> {
    let depth = depth.checked_sub(1)?;
    let Value::Call(id) = value else { return text(module, value, given) };
    let made = module.calls.get(*id)?;
    let part = |part: &Value| place(module, part, given, depth).unwrap_or_else(|| HOLE.to_owned());
    match full_name(module, &made.callee)?.as_str() {
        "os.path.join" | "pathlib.Path" => Some(made.args.iter().map(part).collect::<Vec<_>>().join("/")),
        _ => None,
    }
}

/// What is to be run.
enum Told {
    Words(Vec<String>),
    Text(String),
}

fn told(module: &Module, call: &Call, value: &Value, given: &Given<'_>, depth: u32) -> Option<Told> {
    let depth = depth.checked_sub(1)?;
    match value {
        Value::List(items) | Value::Tuple(items) => {
            let mut words = words(module, items, given);
            if words.first()? == HOLE && is_interpreter(module, items.first()?, words.get(1)?) {
                "python".clone_into(words.first_mut()?);
            }
            (words.first()? != HOLE).then_some(Told::Words(words))
        }
        Value::Str(_) | Value::FString { .. } => text(module, value, given).map(Told::Text),
        // `"make fit".split()`, `shlex.split("make fit")`
        Value::Call(id) => {
            let split = module.calls.get(*id)?;
            let whole = match &split.callee.root {
                Root::Str(whole) if split.callee.path == ["split"] && split.args.is_empty() => whole.clone(),
                Root::Local(name) if split.callee.path == ["split"] && split.args.is_empty() => {
                    text(module, given.values.get(name.as_str())?, &Given::default())?
                }
                Root::Local(name) if name == "list" && split.callee.path.is_empty() => {
                    return told(module, call, split.args.first()?, given, depth);
                }
                _ if full_name(module, &split.callee)? == "shlex.split" => text(module, split.args.first()?, given)?,
                _ => return None,
            };
            let words: Vec<String> = whole.split_whitespace().map(str::to_owned).collect();
            (!words.is_empty()).then_some(Told::Words(words))
        }
        // what the caller gives is read where the caller stands
        Value::Name(Name { root: Root::Local(local), path })
            if path.is_empty()
                && let (Some(value), Some(at)) = (given.values.get(local.as_str()), given.at) =>
        {
            told(module, at, value, &Given::default(), depth)
        }
        // a name that is given one value
        Value::Name(Name { root: Root::Local(local), path }) if path.is_empty() => {
            let gives = |a: &&Assign| (a.scope == call.scope || a.scope == 0) && a.targets.iter().any(|t| is_local(t, local));
            let mut assigned = module.assigns.iter().filter(gives);
            let only = assigned.next().filter(|_| assigned.next().is_none())?;
            // `cmd += [...]` and `cmd.append(...)` add to it
            let changed = module.calls.iter().any(|c| matches!(&c.callee.root, Root::Local(n) if n == local));
            (!changed).then(|| told(module, call, &only.value, given, depth))?
        }
        _ => None,
    }
}

/// Whether a program that only a run knows is Python, by what it is given: nothing else takes `-m` before a module, and
/// a name may say so (`[venv_python, "fit.py"]`).
fn is_interpreter(module: &Module, program: &Value, first: &str) -> bool {
    let name = match program {
        Value::Name(name) => name.last(),
        Value::Call(id) => module.calls.get(*id).and_then(|call| call.callee.last()),
        _ => None,
    };
    let name = name.unwrap_or_default().to_ascii_lowercase();
    first == "-m" || (first.ends_with(".py") && (name.contains("python") || name.contains("interpreter")))
}

/// Words of a command; a list among them is taken apart.
fn words(module: &Module, items: &[Value], given: &Given<'_>) -> Vec<String> {
    let mut words = Vec::new();
    for item in items {
        let inner = match item {
            Value::Starred(inner) => match &**inner {
                Value::List(items) | Value::Tuple(items) => Some(items),
                Value::Name(Name { root: Root::Local(n), path }) if path.is_empty() => {
                    match given.values.get(n.as_str()).or_else(|| constant(module, n)) {
                        Some(Value::List(items) | Value::Tuple(items)) => Some(items),
                        _ => None,
                    }
                }
                _ => None,
            },
            _ => None,
        };
        match inner {
            Some(items) => {
                words.extend(items.iter().map(|i| text(module, i, &Given::default()).unwrap_or_else(|| HOLE.to_owned())))
            }
            None => words.push(text(module, item, given).unwrap_or_else(|| HOLE.to_owned())),
        }
    }
    words
}

fn text(module: &Module, value: &Value, given: &Given<'_>) -> Option<String> {
    match value {
        Value::Str(text) => Some(text.clone()),
        Value::Int(number) => Some(number.to_string()),
        Value::FString { parts } => {
            let of = |part: &Part| match part {
                Part::Text(text) => text.clone(),
                Part::Hole(value) => named(module, value, given).unwrap_or_else(|| HOLE.to_owned()),
            };
            Some(parts.iter().map(of).collect())
        }
        value => named(module, value, given),
    }
}

/// What a name stands for: the interpreter, or a literal that is given.
fn named(module: &Module, value: &Value, given: &Given<'_>) -> Option<String> {
    let Value::Name(name) = value else { return None };
    if full_name(module, name).as_deref() == Some("sys.executable") {
        return Some("python".to_owned());
    }
    match &name.root {
        Root::Local(local) if name.path.is_empty() => match given.values.get(local.as_str()) {
            // what is given under the same name again would go round
            Some(Value::Name(_)) => None,
            Some(value) => text(module, value, &Given::default()),
            None => match constant(module, local)? {
                Value::Str(text) => Some(text.clone()),
                _ => None,
            },
        },
        _ => None,
    }
}

/// What a name at the top of the file is given, where it is given one value, there and nowhere else.
fn constant<'m>(module: &'m Module, name: &str) -> Option<&'m Value> {
    let mut given = module.assigns.iter().filter(|a| a.targets.iter().any(|t| is_local(t, name)));
    let only = given.next().filter(|_| given.next().is_none())?;
    let shadowed = module.scopes.iter().any(|s| s.params.iter().any(|p| p.name == name));
    (only.scope == 0 && only.conditions.is_empty() && !shadowed && only.kind == AssignKind::Assign).then_some(&only.value)
}

pub(in crate::facts) fn keyword<'c>(call: &'c Call, name: &str) -> Option<&'c Value> {
    call.keywords.iter().find(|(key, _)| key == name).map(|(_, value)| value)
}

/// A name that begins with an import of the file, in full.
pub(in crate::facts) fn full_name(module: &Module, name: &Name) -> Option<String> {
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
    fn projects_and_jobs_are_commands_too() {
        let text = "import mlflow, os\nfrom ray.job_submission import JobSubmissionClient\nroot = os.getcwd()\nmlflow.run('.', 'fit')\nmlflow.projects.run(uri=os.path.join(root, 'steps', 'fit'))\nclient = JobSubmissionClient('http://head:8265')\nclient.submit_job(entrypoint='python fit.py', runtime_env={'working_dir': './jobs'})\n";
        assert_eq!(
            started(text),
            ["4 mlflow run . -e fit @.", "5 mlflow run ${_}/steps/fit -e main @.", "7 python fit.py @jobs"]
        );
    }

    #[test]
    fn a_service_is_asked_for_what_it_knows_by_name() {
        let text = "import boto3, os\nNAME = 'fit'\nclient = boto3.client('sagemaker')\nclient.start_pipeline_execution(PipelineName=NAME)\nclient.start_pipeline_execution(PipelineName=os.environ['NAME'])\nclient.start_pipeline_execution(name='fit')\n";
        let flow = "from prefect.deployments import run_deployment\nrun_deployment(name='milk/weekly')\n";
        assert_eq!(started(flow), ["2 prefect deployment run milk/weekly @."]);
        let asks = "aws sagemaker start-pipeline-execution --pipeline-name";
        assert_eq!(started(text), [format!("4 {asks} fit @."), format!("5 {asks} ${{_}} @.")]);
    }

    #[test]
    fn what_is_not_known_starts_nothing() {
        assert_eq!(started("import subprocess\nsubprocess.run([tool, 'x'])\nsubprocess.run(command)\n"), [""; 0]);
        assert_eq!(started("def run(x): ...\nrun(['python', 'fit.py'])\n"), [""; 0]);
        assert_eq!(started("import subprocess\nc = ['python']\nc.append('fit.py')\nsubprocess.run(c)\n"), [""; 0]);
    }
}
