//! GitHub Actions: workflows of the repository root, and actions.
//!
//! A workflow is a unit that holds jobs, a job holds steps, a step holds commands or hands over to an action.
//! Workflows of sub-folders never run and are not read.

mod guards;
mod triggers;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::fact::{Code, Fact, FactKind, FileFacts, Guard, Needs, OnFailure, Unit, UnitId, UnitKind, Uses, UsesTarget};
use crate::facts::shell::{Shell, lower};
use crate::facts::{Context, Reader, When, unparsable};
use crate::source::{self, SourceFile, file_name, folder};
use crate::syntax::python::{self, Mode};
use crate::syntax::tree::{Kind, Node, Style};
use crate::syntax::yaml;
use crate::words::EdgeKind;

/// Workflows.
pub(crate) const WORKFLOW: Reader = Reader { name: "GitHub Actions workflow", wants: is_workflow, when: When::Always, read: workflow };

/// Actions: composite ones have steps of their own.
pub(crate) const ACTION: Reader = Reader { name: "GitHub action", wants: is_action, when: When::Always, read: action };

fn is_workflow(path: &str) -> bool {
    folder(path) == ".github/workflows" && (path.ends_with(".yml") || path.ends_with(".yaml"))
}

fn is_action(path: &str) -> bool {
    matches!(file_name(path), "action.yml" | "action.yaml")
}

/// What the steps of a job inherit.
#[derive(Debug, Clone, Default)]
struct Inherited {
    variables: BTreeMap<String, String>,
    dir: Option<String>,
    shell: Option<String>,
}

impl Inherited {
    /// Adds `env` and `defaults.run` of a workflow or job.
    fn with(&self, node: Node<'_>) -> Self {
        let mut inner = self.clone();
        if let Some(env) = node.get("env") {
            inner.variables.extend(literals(env));
        }
        if let Some(run) = node.get("defaults").and_then(|d| d.get("run")) {
            if let Some(dir) = run.get("working-directory").and_then(Node::text) {
                inner.dir = relative(dir);
            }
            if let Some(shell) = run.get("shell").and_then(Node::text) {
                inner.shell = Some(shell.to_owned());
            }
        }
        inner
    }
}

fn workflow(file: &SourceFile, context: &Context<'_>) -> FileFacts {
    let parsed = yaml::parse(&file.text);
    let mut facts = FileFacts { notices: parsed.errors.iter().map(|e| unparsable(file, e)).collect(), ..FileFacts::default() };
    if let Some(root) = parsed.tree.root().filter(|r| r.kind() == Kind::Map) {
        let lines = file.text.lines().count().max(1) as u32;
        facts.units.push(Unit {
            kind: UnitKind::Workflow,
            name: file.name().to_owned(),
            title: root.get("name").and_then(Node::text).map(str::to_owned),
            line: 1,
            end_line: lines,
            parent: None,
        });
        triggers::read(root, file, &mut facts);
        let inherited = Inherited { dir: Some(".".to_owned()), ..Inherited::default() }.with(root);
        settings(root, 0, &mut facts);
        if let Some(jobs) = root.get("jobs") {
            let mut ids: BTreeMap<String, UnitId> = BTreeMap::new();
            let mut waiting: Vec<(UnitId, Node<'_>)> = Vec::new();
            for (key, job) in jobs.entries().filter(|(_, j)| j.kind() == Kind::Map) {
                let id = one_job(key.text, key.line, job, &inherited, context, &mut facts);
                ids.insert(key.text.to_owned(), id);
                waiting.push((id, job));
            }
            for (id, job) in waiting {
                needs(id, job, &ids, &mut facts);
            }
        }
        merged_pull_requests(&mut facts);
    }
    facts.tree = Some(Arc::new(parsed.tree));
    facts
}

fn one_job(name: &str, line: u32, job: Node<'_>, inherited: &Inherited, context: &Context<'_>, facts: &mut FileFacts) -> UnitId {
    let id = facts.units.len();
    facts.units.push(Unit {
        kind: UnitKind::Job,
        name: name.to_owned(),
        title: job.get("name").and_then(Node::text).map(str::to_owned),
        line,
        end_line: job.end_line().max(line),
        parent: Some(0),
    });
    let mut inherited = inherited.with(job);
    guards::read(job, id, facts);
    settings(job, id, facts);
    matrix(job, &mut inherited);
    machine(job, id, facts);
    if let Some(environment) = job.get("environment") {
        let name = environment.text().or_else(|| environment.get("name").and_then(Node::text));
        if let Some(name) = name {
            fact(facts, id, environment.line(), FactKind::Environment(name.to_owned()));
        }
    }
    if let Some(uses) = job.get("uses") {
        hand_over(job, uses, id, OnFailure::Stops, facts);
    }
    if let Some(steps) = job.get("steps") {
        read_steps(steps, id, &inherited, context, facts);
    }
    id
}

fn read_steps(steps: Node<'_>, parent: UnitId, inherited: &Inherited, context: &Context<'_>, facts: &mut FileFacts) {
    for (number, step) in steps.items().enumerate().filter(|(_, s)| s.kind() == Kind::Map) {
        let id = facts.units.len();
        let line = step.entries().map(|(key, _)| key.line).min().unwrap_or_else(|| step.line());
        facts.units.push(Unit {
            kind: UnitKind::Step,
            name: (number + 1).to_string(),
            title: step.get("name").and_then(Node::text).map(str::to_owned),
            line,
            end_line: step.end_line().max(line),
            parent: Some(parent),
        });
        let inherited = inherited.with(step);
        guards::read(step, id, facts);
        settings(step, id, facts);
        if let Some(uses) = step.get("uses") {
            hand_over(step, uses, id, OnFailure::Stops, facts);
        }
        if let Some(run) = step.get("run") {
            run_text(step, run, id, &inherited, context, facts);
        }
    }
}

fn run_text(step: Node<'_>, run: Node<'_>, id: UnitId, inherited: &Inherited, context: &Context<'_>, facts: &mut FileFacts) {
    let Some(text) = run.text() else { return };
    let first = run.line();
    // lines of a literal block are lines of the file; a folded or plain text stands on its first
    let exact = matches!(run.style(), Style::Literal);
    let line_of = move |line: u32| if exact { first + line.saturating_sub(1) } else { first };
    let shell = step.get("shell").and_then(Node::text).or(inherited.shell.as_deref());
    let dir = match step.get("working-directory").and_then(Node::text) {
        Some(dir) => relative(dir),
        None => inherited.dir.clone(),
    };
    if shell.is_some_and(|s| s.starts_with("python")) {
        let module = python::parse(text, Mode::Module);
        let lines = (1..=text.lines().count() as u32).map(line_of).collect();
        let index = facts.facts.len();
        // the step's text is the program: the command is the shell itself
        let word = |text: &str| crate::syntax::shell::Word { text: text.to_owned(), literal: true };
        fact(
            facts,
            id,
            first,
            FactKind::Command(crate::fact::Command {
                words: vec![word("python")],
                dir,
                on_failure: OnFailure::Stops,
                conditions: Vec::new(),
                stdin: None,
                env: Vec::new(),
                stdout: None,
                at_build: false,
            }),
        );
        facts.embedded.push((index, Arc::new(Code { module, notebook: false, lines })));
        return;
    }
    let how = Shell {
        dir,
        script_dir: None,
        // the default is `bash -e`; naming bash adds pipefail; a template of one's own says what it says
        errexit: shell.is_none_or(|s| !s.contains("{0}") || s.contains("-e")),
        pipefail: shell.is_some_and(|s| s == "bash" || s.contains("pipefail")),
        variables: inherited.variables.clone(),
        at_build: false,
    };
    lower(text, &line_of, id, &how, context, facts);
}

/// `uses:` of a step or job, with its inputs.
fn hand_over(node: Node<'_>, uses: Node<'_>, id: UnitId, on_failure: OnFailure, facts: &mut FileFacts) {
    let Some(reference) = uses.text() else { return };
    let with = node.get("with").map(|w| {
        w.entries().filter_map(|(key, value)| Some((key.text.to_owned(), value.text()?.to_owned()))).collect::<Vec<_>>()
    });
    let to = match reference.strip_prefix("./") {
        Some(path) => UsesTarget::File(path.split('@').next().unwrap_or(path).trim_end_matches('/').to_owned()),
        None => UsesTarget::Remote(reference.to_owned()),
    };
    let kind = FactKind::Uses(Uses { reference: reference.to_owned(), with: with.unwrap_or_default(), to, edge: EdgeKind::Invokes, on_failure });
    fact(facts, id, uses.line(), kind);
}

fn needs(id: UnitId, job: Node<'_>, ids: &BTreeMap<String, UnitId>, facts: &mut FileFacts) {
    let Some(needs) = job.get("needs") else { return };
    let always = job.get("if").and_then(Node::text).is_some_and(guards::runs_after_failure);
    for (name, line) in needs.strings() {
        if let Some(on) = ids.get(name) {
            fact(facts, id, line, FactKind::Needs(Needs { on: *on, stops: !always }));
        }
    }
}

/// Literal values of a matrix stand for their variable; where there are several, the first is followed.
fn matrix(job: Node<'_>, inherited: &mut Inherited) {
    let Some(matrix) = job.get("strategy").and_then(|s| s.get("matrix")) else { return };
    for (key, values) in matrix.entries().take(20) {
        if let Some((first, _)) = values.strings().first() {
            inherited.variables.entry(format!("matrix.{}", key.text)).or_insert_with(|| (*first).to_owned());
        }
    }
}

fn machine(job: Node<'_>, id: UnitId, facts: &mut FileFacts) {
    if let Some(runs_on) = job.get("runs-on") {
        let labels = runs_on.get("labels").unwrap_or(runs_on).strings();
        let label = labels.iter().map(|(l, _)| *l).collect::<Vec<_>>().join(", ");
        let hosted = labels.iter().any(|(l, _)| ["ubuntu-", "windows-", "macos-"].iter().any(|h| l.starts_with(h))) || label.contains("${{");
        let own = labels.iter().any(|(l, _)| *l == "self-hosted");
        fact(facts, id, runs_on.line(), FactKind::Machine { label, hosted: hosted && !own });
    }
    if let Some(container) = job.get("container") {
        let image = container.text().or_else(|| container.get("image").and_then(Node::text));
        if let Some(image) = image {
            fact(facts, id, container.line(), FactKind::Machine { label: image.to_owned(), hosted: false });
        }
    }
}

fn action(file: &SourceFile, context: &Context<'_>) -> FileFacts {
    let parsed = yaml::parse(&file.text);
    let mut facts = FileFacts { notices: parsed.errors.iter().map(|e| unparsable(file, e)).collect(), ..FileFacts::default() };
    let runs = parsed.tree.root().and_then(|r| r.get("runs"));
    if let Some(runs) = runs {
        facts.units.push(Unit {
            kind: UnitKind::Action,
            name: folder(&file.path).to_owned(),
            title: parsed.tree.root().and_then(|r| r.get("name")).and_then(Node::text).map(str::to_owned),
            line: 1,
            end_line: file.text.lines().count().max(1) as u32,
            parent: None,
        });
        let inherited = Inherited { dir: Some(".".to_owned()), ..Inherited::default() };
        if let Some(steps) = runs.get("steps") {
            read_steps(steps, 0, &inherited, context, &mut facts);
        }
        // an action made of an image runs that image
        if let Some(image) = runs.get("image").and_then(|i| Some((i.text()?, i.line())))
            && !image.0.starts_with("docker://")
            && let Some(path) = source::join(folder(&file.path), image.0)
        {
            let uses = Uses {
                reference: image.0.to_owned(),
                with: Vec::new(),
                to: UsesTarget::File(path),
                edge: EdgeKind::Invokes,
                on_failure: OnFailure::Stops,
            };
            fact(&mut facts, 0, image.1, FactKind::Uses(uses));
        }
    }
    facts.tree = Some(Arc::new(parsed.tree));
    facts
}

/// A pull request that was merged is a push: the job says so in its condition.
fn merged_pull_requests(facts: &mut FileFacts) {
    let merged = facts.facts.iter().any(|f| matches!(&f.kind, FactKind::Guard(Guard::If(text)) if text.contains("pull_request.merged")));
    if !merged {
        return;
    }
    for fact in &mut facts.facts {
        if let FactKind::Trigger(trigger) = &mut fact.kind
            && trigger.kind == crate::words::TriggerKind::Pr
            && trigger.text.contains("closed")
        {
            trigger.kind = crate::words::TriggerKind::Push;
            trigger.text = "a pull request is merged".to_owned();
        }
    }
}

fn settings(node: Node<'_>, id: UnitId, facts: &mut FileFacts) {
    let Some(env) = node.get("env") else { return };
    for (key, value) in env.entries() {
        if let Some(text) = value.text() {
            fact(facts, id, key.line, FactKind::Setting { key: key.text.to_owned(), value: text.to_owned() });
        }
    }
}

fn literals(env: Node<'_>) -> impl Iterator<Item = (String, String)> {
    env.entries()
        .filter_map(|(key, value)| Some((key.text.to_owned(), value.text()?.to_owned())))
        .filter(|(_, value)| !value.contains("${{"))
        .collect::<Vec<_>>()
        .into_iter()
}

/// A working directory, relative to the root; none where it is computed.
fn relative(dir: &str) -> Option<String> {
    let dir = dir.strip_prefix("${{ github.workspace }}").unwrap_or(dir);
    (!dir.contains("${{")).then(|| source::join(".", dir.trim_start_matches('/'))).flatten()
}

fn fact(facts: &mut FileFacts, unit: UnitId, line: u32, kind: FactKind) {
    facts.facts.push(Fact { unit: Some(unit), line, end_line: line, kind });
}
