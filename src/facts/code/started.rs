//! Programs that Python code starts: `subprocess.run(["python", "fit.py"])`, `os.system("make fit")`.
//!
//! They come down to commands like those of a job, so that what they lead to is followed in the same way. The command
//! stands on the line of the call; whoever runs the code around it runs the command.
//!
//! Invariant: only names that the file itself imports count; of clients (`boto3`, `ray`) a few methods by their name, where the
//! package is imported. What only a run knows is a hole.

use std::collections::BTreeMap;

use crate::fact::{FactKind, FileFacts, OnFailure};
use crate::facts::Context;
use crate::facts::shell::{HOLE, Shell, lower, quoted};
use crate::syntax::python::{Assign, AssignKind, Call, CallId, FlowKind, Module, Name, Part, Root, ScopeId, Target, Value};

/// Most calls looked at in one file.
const MOST: usize = 200;
/// Longest command text, in bytes.
const LONGEST: usize = 16 << 10;
/// The unit that the lowering of shell text is given, as code has none.
const NOBODY: usize = usize::MAX;
/// Names on the way to what is started.
const LEVELS: u32 = 4;
/// Parts of a path that is put together.
const PARTS: u32 = 20;
/// Rounds of a loop that are looked at.
const ROUNDS: usize = 20;

/// Adds the commands that a file's code starts, itself or through a function of its own that starts what it is told.
pub(super) fn commands(module: &Module, path: &str, context: &Context<'_>, facts: &mut FileFacts) {
    for (_, call, start) in starts(module).take(MOST) {
        let plain = Given { file: Some(path), ..Given::default() };
        let rounds = rounds(module, call).into_iter().map(|values| Given { values, ..plain.clone() });
        let rounds: Vec<Given<'_>> = rounds.filter(|given| asks(module, call, given)).collect();
        for given in if rounds.is_empty() { vec![plain] } else { rounds } {
            one(module, call, &start, &given, context, facts);
        }
    }
}

/// Calls that start a program, in the order of the file.
pub(super) fn starts(module: &Module) -> impl Iterator<Item = (CallId, &Call, Start)> {
    let mut roots = module.imports.iter().map(|i| i.module.split('.').next());
    let any = roots.any(|root| matches!(root, Some("subprocess" | "os" | "mlflow" | "ray" | "boto3" | "runpy")));
    let submits = module.imports.iter().any(|i| i.module == "ray.job_submission");
    let asks = module.imports.iter().any(|i| i.module == "boto3");
    module.calls.iter().enumerate().filter(move |_| any).filter_map(move |(id, call)| {
        let named = full_name(module, &call.callee).and_then(|name| start(&name, call));
        let named = named.or_else(|| submitted(call).filter(|_| submits));
        Some((id, call, named.or_else(|| asked(call).filter(|_| asks))?))
    })
}

/// What the parameters of a function are given by one call of it, or the names of a loop in one round.
#[derive(Clone, Default)]
pub(super) struct Given<'m> {
    pub(super) values: BTreeMap<&'m str, Value>,
    /// The call, which says what to start.
    pub(super) at: Option<&'m Call>,
    /// The file in which the call stands that starts it.
    pub(super) file: Option<&'m str>,
    /// The function in which it stands.
    pub(super) scope: Option<ScopeId>,
    /// The folder that the program runs in.
    pub(super) dir: Option<String>,
}

impl Given<'_> {
    /// Where nothing is given.
    fn nothing(&self) -> Self {
        Self { values: BTreeMap::new(), at: None, scope: None, ..self.clone() }
    }
}

/// States what one call starts, where its function is given some values.
pub(super) fn one(module: &Module, call: &Call, start: &Start, given: &Given<'_>, context: &Context<'_>, facts: &mut FileFacts) {
    let given = &Given { scope: Some(call.scope), ..given.clone() };
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
    let given = &Given { dir: dir.clone(), ..given.clone() };
    let named = keyword(call, "args").or_else(|| keyword(call, "entrypoint"));
    let what = match start.what {
        What::Project => project(module, call, given),
        What::Service => by_name(module, call, given),
        What::Template => super::templates::handed(module, call).and_then(|(verb, path)| {
            let path = format!("file://{}", text(module, path, given)?);
            Some(Told::Words(["aws", "cloudformation", verb, "--template-body", &path].map(str::to_owned).to_vec()))
        }),
        What::Line => named.or_else(|| call.args.first()).and_then(|v| told(module, call, v, given, LEVELS)),
        What::Module | What::File => {
            let of = keyword(call, "mod_name").or_else(|| keyword(call, "path_name")).or_else(|| call.args.first());
            let of = of.and_then(|v| text(module, v, given));
            let option = (start.what == What::Module).then(|| "-m".to_owned());
            of.map(|of| Told::Words(["python".to_owned()].into_iter().chain(option).chain([of]).collect()))
        }
    };
    let Some(told) = what else { return };
    // whoever is told everything himself is not told again by each caller
    if given.at.is_some() && !asks(module, call, given) {
        return;
    }
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

/// A text from a value of a function; what only a run knows is a hole.
pub(super) fn text_in(module: &Module, file: Option<&str>, scope: ScopeId, value: &Value) -> Option<String> {
    text(module, value, &Given { file, scope: Some(scope), ..Given::default() })
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
            Value::Name(Name { root: Root::Item(of, key), .. }) => {
                if is(of) {
                    return true;
                }
                open.push(key);
            }
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
    /// What it is told.
    pub(super) what: What,
}

/// What a call that starts a program is told.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// A command line.
    Line,
    /// A project, and what of it is run.
    Project,
    /// A module of Python.
    Module,
    /// A file of Python.
    File,
    /// What a service of a cloud knows by a name.
    Service,
    /// The text of a template.
    Template,
}

fn start(name: &str, call: &Call) -> Option<Start> {
    let shell = keyword(call, "shell") == Some(&Value::Bool(true));
    let checked = keyword(call, "check") == Some(&Value::Bool(true));
    let start = |stops: bool, shell: bool| Some(Start { stops, shell, what: What::Line });
    let inside = |what: What| Some(Start { stops: true, shell: false, what });
    // what is run under another name leaves out what stands in the main block
    let as_main = keyword(call, "run_name") == Some(&Value::Str("__main__".to_owned()));
    match name {
        "subprocess.run" => start(checked, shell),
        "subprocess.check_call" | "subprocess.check_output" => start(true, shell),
        "subprocess.call" | "subprocess.Popen" => start(false, shell),
        "os.system" | "os.popen" | "subprocess.getoutput" | "subprocess.getstatusoutput" => start(false, true),
        "mlflow.run" | "mlflow.projects.run" => inside(What::Project),
        "runpy.run_module" if as_main => inside(What::Module),
        "runpy.run_path" if as_main => inside(What::File),
        _ => None,
    }
}

/// `client.submit_job(entrypoint="python fit.py")`: a text for a shell of the cluster.
fn submitted(call: &Call) -> Option<Start> {
    let is = call.callee.path.last().is_some_and(|method| method == "submit_job") && keyword(call, "entrypoint").is_some();
    is.then_some(Start { stops: false, shell: true, what: What::Line })
}

/// `client.start_pipeline_execution(PipelineName="fit")`.
fn asked(call: &Call) -> Option<Start> {
    let what = match call.callee.path.last().map(String::as_str) {
        Some("start_pipeline_execution") if keyword(call, "PipelineName").is_some() => What::Service,
        _ if super::templates::is_handed(call) => What::Template,
        _ => return None,
    };
    Some(Start { stops: true, shell: false, what })
}

/// The command line that asks for the same.
fn by_name(module: &Module, call: &Call, given: &Given<'_>) -> Option<Told> {
    let name = text(module, keyword(call, "PipelineName")?, given).unwrap_or_else(|| HOLE.to_owned());
    let words = ["aws", "sagemaker", "start-pipeline-execution", "--pipeline-name", &name];
    Some(Told::Words(words.map(str::to_owned).to_vec()))
}

/// The folder that is sent along with a submitted job.
fn sent_along(call: &Call) -> Option<&Value> {
    let Some(Value::Dict(pairs)) = keyword(call, "runtime_env") else { return None };
    pairs.iter().find(|(key, _)| *key == Value::Str("working_dir".to_owned())).map(|(_, value)| value)
}

/// The command that runs the same of a project: `mlflow.run(".", "fit")`.
fn project(module: &Module, call: &Call, given: &Given<'_>) -> Option<Told> {
    let folder = text(module, call.args.first().or_else(|| keyword(call, "uri"))?, given)?;
    let entry = call.args.get(1).or_else(|| keyword(call, "entry_point"));
    let entry = entry.map_or_else(|| "main".to_owned(), |value| text(module, value, given).unwrap_or_else(|| HOLE.to_owned()));
    Some(Told::Words(vec!["mlflow".to_owned(), "run".to_owned(), folder, "-e".to_owned(), entry]))
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
                    text(module, given.values.get(name.as_str())?, &given.nothing())?
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
            told(module, at, value, &given.nothing(), depth)
        }
        Value::Name(Name { root: Root::Local(local), path })
            if path.is_empty()
                && let Some(value) = given.values.get(local.as_str()) =>
        {
            told(module, call, value, &given.nothing(), depth)
        }
        // a name that is given one value
        Value::Name(Name { root: Root::Local(local), path }) if path.is_empty() => {
            let gives = |a: &&Assign| (a.scope == call.scope || a.scope == 0) && a.targets.iter().any(|t| is_local(t, local));
            let mut assigned = module.assigns.iter().filter(gives).filter(|a| a.kind != AssignKind::AugAssign);
            let only = assigned.next().filter(|_| assigned.next().is_none())?;
            let mut told = told(module, call, &only.value, given, depth)?;
            if let Some(more) = added(module, call, local, given)? {
                match &mut told {
                    Told::Words(words) => words.extend(more),
                    Told::Text(_) => return None,
                }
            }
            Some(told)
        }
        Value::BinOp { op: "+", left, right } => {
            let Told::Words(mut words) = told(module, call, left, given, depth)? else { return None };
            match told(module, call, right, given, depth) {
                Some(Told::Words(more)) => words.extend(more),
                // only a run knows what comes behind
                _ => words.push(HOLE.to_owned()),
            }
            Some(Told::Words(words))
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
                    let known = given.values.get(n.as_str()).or_else(|| constant(module, n));
                    match known.or_else(|| local(module, given.scope, n)) {
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
                words.extend(items.iter().map(|i| text(module, i, &given.nothing()).unwrap_or_else(|| HOLE.to_owned())))
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
                Part::Hole(value) => text(module, value, given).unwrap_or_else(|| HOLE.to_owned()),
            };
            Some(parts.iter().map(of).collect())
        }
        Value::Call(_) | Value::BinOp { op: "/", .. } => {
            let placed = place(module, value, given, PARTS)?;
            Some(placed.seen_from(given.dir.as_deref().unwrap_or(".")))
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
        Root::Local(word) if name.path.is_empty() => match given.values.get(word.as_str()) {
            // what is given under the same name again would go round
            Some(Value::Name(Name { root: Root::Local(_), path })) if path.is_empty() => None,
            Some(value) => text(module, value, &given.nothing()),
            None => match constant(module, word) {
                Some(Value::Name(Name { root: Root::Local(_), path })) if path.is_empty() => None,
                Some(value) => text(module, value, &given.nothing()),
                None => match local(module, given.scope, word)? {
                    Value::Name(Name { root: Root::Local(_), path }) if path.is_empty() => None,
                    value => text(module, value, &Given { scope: None, ..given.clone() }),
                },
            },
        },
        Root::Item(of, key) if name.path.is_empty() => item(module, of, key, given),
        _ => {
            let placed = place(module, value, given, PARTS)?;
            Some(placed.seen_from(given.dir.as_deref().unwrap_or(".")))
        }
    }
}

/// `STEPS["fit"]`, of a table that is written down.
fn item(module: &Module, of: &Name, key: &Value, given: &Given<'_>) -> Option<String> {
    let key = text(module, key, given)?;
    let (Root::Local(table), []) = (&of.root, of.path.as_slice()) else { return None };
    let Value::Dict(pairs) = constant(module, table).or_else(|| local(module, given.scope, table))? else { return None };
    let (_, value) = pairs.iter().rev().find(|(k, _)| matches!(k, Value::Str(text) if *text == key))?;
    text(module, value, &given.nothing())
}

/// A path that is put together.
struct Placed {
    path: String,
    /// It begins at the root of the repository, wherever the program runs.
    rooted: bool,
}

impl Placed {
    fn plain(path: String) -> Self {
        Self { path, rooted: false }
    }

    fn joined(self, more: &Self) -> Self {
        match (more.rooted, self.path.as_str()) {
            (true, _) => Self { path: more.path.clone(), rooted: true },
            (false, "" | ".") => Self { path: more.path.clone(), ..self },
            (false, path) => Self { path: format!("{path}/{}", more.path), ..self },
        }
    }

    fn parent(self) -> Option<Self> {
        match self.path.rsplit_once('/') {
            Some((parent, _)) => Some(Self { path: parent.to_owned(), ..self }),
            None => (!matches!(self.path.as_str(), "" | "." | "..")).then_some(Self { path: ".".to_owned(), ..self }),
        }
    }

    /// The path as a program finds it that runs in a folder.
    fn seen_from(self, dir: &str) -> String {
        if !self.rooted || matches!(dir, "" | ".") {
            return self.path;
        }
        let mut up: Vec<&str> = dir.split('/').collect();
        let mut down: Vec<&str> = self.path.split('/').filter(|part| *part != ".").collect();
        while let (Some(a), Some(b)) = (up.first(), down.first())
            && a == b
        {
            up.remove(0);
            down.remove(0);
        }
        let parts: Vec<&str> = up.iter().map(|_| "..").chain(down).collect();
        if parts.is_empty() { ".".to_owned() } else { parts.join("/") }
    }
}

/// A path that is named or put together (`Path(__file__).parent / "steps"`, `os.path.join(root, "fit")`), with holes.
fn place(module: &Module, value: &Value, given: &Given<'_>, depth: u32) -> Option<Placed> {
    let depth = depth.checked_sub(1)?;
    let or_hole = |part: &Value| place(module, part, given, depth).unwrap_or_else(|| Placed::plain(HOLE.to_owned()));
    match value {
        Value::BinOp { op: "/", left, right } => Some(place(module, left, given, depth)?.joined(&or_hole(right))),
        Value::Call(id) => {
            let made = module.calls.get(*id)?;
            let all = |parts: &[Value]| parts.iter().map(or_hole).reduce(|whole, part| whole.joined(&part));
            if let Some(full) = full_name(module, &made.callee) {
                return match full.as_str() {
                    "os.path.join" | "pathlib.Path" | "pathlib.PurePath" => all(&made.args),
                    "os.path.abspath" | "os.path.realpath" | "os.path.normpath" | "os.fspath" => {
                        place(module, made.args.first()?, given, depth)
                    }
                    "os.path.dirname" => place(module, made.args.first()?, given, depth)?.parent(),
                    "os.getcwd" | "pathlib.Path.cwd" => Some(Placed::plain(".".to_owned())),
                    _ => None,
                };
            }
            match (&made.callee.root, made.callee.path.split_last()) {
                (Root::Local(name), None) if name == "str" => place(module, made.args.first()?, given, depth),
                (root, Some((method, before))) => {
                    let of = Value::Name(Name { root: root.clone(), path: before.to_vec() });
                    let of = place(module, &of, given, depth)?;
                    match method.as_str() {
                        "resolve" | "absolute" | "as_posix" | "expanduser" => Some(of),
                        "joinpath" => Some(made.args.iter().map(or_hole).fold(of, |whole, part| whole.joined(&part))),
                        _ => None,
                    }
                }
                _ => None,
            }
        }
        Value::Name(name) => {
            let (of, steps) = match &name.root {
                Root::Local(local) if local == "__file__" => {
                    (Placed { path: given.file?.to_owned(), rooted: true }, name.path.as_slice())
                }
                Root::Call(id) => (place(module, &Value::Call(*id), given, depth)?, name.path.as_slice()),
                // `Path(__file__).parents[1]`
                Root::Item(of, key) => match (&**key, of.path.split_last()) {
                    (Value::Int(up), Some((last, before))) if last == "parents" => {
                        let of = Value::Name(Name { root: of.root.clone(), path: before.to_vec() });
                        let mut of = place(module, &of, given, depth)?;
                        for _ in 0..=(*up).clamp(0, 20) {
                            of = of.parent()?;
                        }
                        (of, name.path.as_slice())
                    }
                    _ => (Placed::plain(item(module, of, key, given)?), name.path.as_slice()),
                },
                Root::Local(word) => {
                    let value = given.values.get(word.as_str()).or_else(|| constant(module, word));
                    let value = value.or_else(|| local(module, given.scope, word))?;
                    (place(module, value, given, depth)?, name.path.as_slice())
                }
                _ => return None,
            };
            steps.iter().try_fold(of, |of, step| if step == "parent" { of.parent() } else { None })
        }
        Value::Str(_) | Value::FString { .. } => Some(Placed::plain(text(module, value, given)?)),
        _ => None,
    }
}

/// What a local name is given, where that happens once.
fn local<'m>(module: &'m Module, scope: Option<ScopeId>, name: &str) -> Option<&'m Value> {
    let scope = scope.filter(|scope| *scope > 0)?;
    let mut given = module.assigns.iter().filter(|a| a.scope == scope && a.targets.iter().any(|t| is_local(t, name)));
    let only = given.next().filter(|_| given.next().is_none())?;
    let whole = only.kind == AssignKind::Assign && only.conditions.is_empty();
    let is_param = module.scopes.get(scope)?.params.iter().any(|p| p.name == name);
    (whole && !is_param).then_some(&only.value)
}

/// What is added to a list of words before it is used, in order; what only a run knows, or adds only sometimes, is a hole.
/// None where the list is changed in another way.
fn added(module: &Module, call: &Call, list: &str, given: &Given<'_>) -> Option<Option<Vec<String>>> {
    let mut more: Vec<(u32, Vec<String>)> = Vec::new();
    let hole = || vec![HOLE.to_owned()];
    let of = |value: &Value, sure: bool| match value {
        Value::List(items) | Value::Tuple(items) if sure => words(module, items, given),
        _ => hole(),
    };
    for assign in module.assigns.iter().filter(|a| a.kind == AssignKind::AugAssign && a.scope == call.scope) {
        if assign.targets.iter().any(|t| is_local(t, list)) {
            more.push((assign.line, of(&assign.value, assign.conditions.is_empty())));
        }
    }
    for changed in module.calls.iter().filter(|c| matches!(&c.callee.root, Root::Local(n) if n == list)) {
        let sure = changed.conditions.is_empty();
        let first = changed.args.first();
        match (changed.callee.path.as_slice(), first) {
            ([method], Some(one)) if method == "append" && sure => {
                more.push((changed.line, vec![text(module, one, given).unwrap_or_else(|| HOLE.to_owned())]));
            }
            ([method], Some(all)) if method == "extend" => more.push((changed.line, of(all, sure))),
            ([method], _) if method == "append" => more.push((changed.line, hole())),
            ([method], _) if method == "copy" => {}
            _ => return None,
        }
    }
    more.retain(|(line, _)| *line <= call.line);
    more.sort_by_key(|(line, _)| *line);
    Some((!more.is_empty()).then(|| more.into_iter().flat_map(|(_, words)| words).collect()))
}

/// What the names of the innermost loop around a call are given, round by round, where it goes over what is written down.
pub(super) fn rounds<'m>(module: &'m Module, call: &Call) -> Vec<BTreeMap<&'m str, Value>> {
    let flows = call.conditions.iter().rev().filter_map(|id| module.flows.get(*id));
    let Some(flow) = flows.into_iter().find(|flow| flow.kind == FlowKind::For) else { return Vec::new() };
    let over = |a: &&Assign| a.kind == AssignKind::For && a.scope == call.scope && a.line == flow.line;
    let Some(assign) = module.assigns.iter().find(over) else { return Vec::new() };
    let Some(target) = assign.targets.first() else { return Vec::new() };
    let items = elements(module, call.scope, &assign.value, LEVELS).unwrap_or_default();
    let plain = |name: &'m Name| match &name.root {
        Root::Local(local) if name.path.is_empty() => Some(local.as_str()),
        _ => None,
    };
    let round = |item: Value| match target {
        Target::Name(name) => Some(BTreeMap::from([(plain(name)?, item)])),
        Target::Tuple(names) => {
            let (Value::Tuple(parts) | Value::List(parts)) = item else { return None };
            Some(names.iter().zip(parts).filter_map(|(name, part)| Some((plain(name)?, part))).collect())
        }
        Target::Item(..) => None,
    };
    items.into_iter().take(ROUNDS).filter_map(round).collect()
}

/// What a loop goes over.
fn elements(module: &Module, scope: ScopeId, value: &Value, depth: u32) -> Option<Vec<Value>> {
    let depth = depth.checked_sub(1)?;
    let table = |name: &Name| match (&name.root, name.path.as_slice()) {
        (Root::Local(word), []) => constant(module, word).or_else(|| local(module, Some(scope), word)),
        _ => None,
    };
    match value {
        Value::List(items) | Value::Tuple(items) => Some(items.clone()),
        Value::Dict(pairs) => Some(pairs.iter().map(|(key, _)| key.clone()).collect()),
        Value::Name(name) => elements(module, scope, table(name)?, depth),
        Value::Call(id) => {
            let call = module.calls.get(*id)?;
            match (&call.callee.root, call.callee.path.split_last()) {
                (Root::Local(name), None) if matches!(name.as_str(), "sorted" | "list" | "tuple" | "tqdm") => {
                    elements(module, scope, call.args.first()?, depth)
                }
                (Root::Local(name), None) if name == "enumerate" => {
                    let items = elements(module, scope, call.args.first()?, depth)?;
                    let numbered = items.into_iter().map(|item| Value::Tuple(vec![Value::Other, item]));
                    Some(numbered.collect())
                }
                (root, Some((method, []))) => {
                    let Value::Dict(pairs) = table(&Name { root: root.clone(), path: Vec::new() })? else { return None };
                    let of = |(key, value): &(Value, Value)| match method.as_str() {
                        "items" => Some(Value::Tuple(vec![key.clone(), value.clone()])),
                        "values" => Some(value.clone()),
                        "keys" => Some(key.clone()),
                        _ => None,
                    };
                    pairs.iter().map(of).collect()
                }
                _ => None,
            }
        }
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
pub(super) mod tests {
    use super::*;
    use crate::fact::Fact;
    use crate::syntax::python::{Mode, parse};

    pub(in crate::facts::code) fn started(text: &str) -> Vec<String> {
        let mut facts = FileFacts::default();
        commands(&parse(text, Mode::Module), "ci/go.py", &Context::default(), &mut facts);
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
        assert_eq!(started(text), ["4 mlflow run . -e fit @.", "5 mlflow run steps/fit -e main @.", "7 python fit.py @jobs"]);
    }

    #[test]
    fn lists_that_grow_and_loops_over_what_is_written() {
        let grows = "import subprocess\nc = ['python', 'fit.py']\nc.append('--fast')\nif day:\n    c += ['--day', day]\nsubprocess.run(c)\n";
        assert_eq!(started(grows), ["6 python fit.py --fast ${_} @."]);
        let plus = "import subprocess, sys\ndef go(*rest):\n    subprocess.run([sys.executable, 'fit.py'] + list(rest))\n";
        assert_eq!(started(plus), ["3 python fit.py ${_} @."]);
        let loops = "import subprocess, sys\nSTEPS = {'rows': 'rows.py', 'fit': 'fit.py'}\nfor name, script in STEPS.items():\n    subprocess.run([sys.executable, script])\n";
        assert_eq!(started(loops), ["4 python rows.py @.", "4 python fit.py @."]);
        let lines = "import subprocess\nfor line in ['make rows', 'make fit']:\n    subprocess.run(line, shell=True)\n";
        assert_eq!(started(lines), ["3 make rows @.", "3 make fit @."]);
    }

    #[test]
    fn programs_by_their_place_and_modules_that_are_run_here() {
        let root = "import subprocess, sys\nfrom pathlib import Path\nROOT = Path(__file__).resolve().parent.parent\n";
        assert_eq!(
            started(&format!("{root}subprocess.run([sys.executable, str(ROOT / 'ml' / 'fit.py')])\n")),
            ["4 python ml/fit.py @."]
        );
        assert_eq!(
            started(&format!("{root}subprocess.run([sys.executable, str(ROOT / 'ml' / 'fit.py')], cwd=ROOT / 'ml')\n")),
            ["4 python fit.py @ml"]
        );
        let here = "import os, subprocess\nHERE = os.path.dirname(os.path.abspath(__file__))\nsubprocess.run(['python', os.path.join(HERE, 'fit.py')])\n";
        assert_eq!(started(here), ["3 python ci/fit.py @."]);
        let run = "import runpy\nrunpy.run_module('ml.fit', run_name='__main__')\n";
        assert_eq!(started(run), ["2 python -m ml.fit @."]);
        let local =
            "import shlex, subprocess\ndef go():\n    line = 'python fit.py --fast'\n    subprocess.run(shlex.split(line))\n";
        assert_eq!(started(local), ["4 python fit.py --fast @."]);
    }

    #[test]
    fn a_service_is_asked_for_what_it_knows_by_name() {
        let text = "import boto3, os\nNAME = 'fit'\nclient = boto3.client('sagemaker')\nclient.start_pipeline_execution(PipelineName=NAME)\nclient.start_pipeline_execution(PipelineName=os.environ['NAME'])\nclient.start_pipeline_execution(name='fit')\n";
        let asks = "aws sagemaker start-pipeline-execution --pipeline-name";
        assert_eq!(started(text), [format!("4 {asks} fit @."), format!("5 {asks} ${{_}} @.")]);
    }

    #[test]
    fn what_is_not_known_starts_nothing() {
        assert_eq!(started("import subprocess\nsubprocess.run([tool, 'x'])\nsubprocess.run(command)\n"), [""; 0]);
        assert_eq!(started("def run(x): ...\nrun(['python', 'fit.py'])\n"), [""; 0]);
        assert_eq!(started("import subprocess\nc = ['python']\nc.insert(1, 'fit.py')\nsubprocess.run(c)\n"), [""; 0]);
        assert_eq!(started("import runpy\nrunpy.run_path('fit.py')\n"), [""; 0]);
    }
}
