//! Shell text, wherever it stands, lowered to commands.

mod body;
mod functions;
mod handing;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use self::body::{Body, body_of};
use super::Context;
use super::ci::surroundings;
use crate::fact::{Code, Command, Fact, FactKind, FileFacts, OnFailure, Unit, UnitId, UnitKind};
use crate::rules::surroundings::Ways;
use crate::source;
use crate::syntax::python::{self, Mode};
use crate::syntax::shell::{self, ConditionKind, Options, REPO_ROOT, SCRIPT_DIR, Script, Stdin, Told};
pub(crate) use crate::syntax::shell::{HOLE, quoted};

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
    /// What it is told, where that is known; of an argument that is not, only that there is one.
    pub(crate) arguments: Option<Vec<Option<String>>>,
    /// It runs while an image is built.
    pub(crate) at_build: bool,
    /// The ways in which it may be started; those of any service, or of none, where there are none.
    pub(crate) ways: Option<Ways>,
    /// It runs on another machine or in a container.
    pub(crate) elsewhere: bool,
}

impl Shell {
    /// What the parser asks of it.
    pub(crate) fn options(&self) -> Options {
        Options { errexit: self.errexit, pipefail: self.pipefail, variables: self.variables.clone() }
    }
}

/// Most variables that one text hands on.
const MAX_EXPORTED: usize = 100;
/// Deepest nesting of shell text in commands (`bash -c "bash -c …"`).
const DEPTH: usize = 3;

/// The words that stand in one line; none for what only a run knows.
pub(crate) fn said(line: &str) -> Vec<Option<String>> {
    let script = shell::parse(&format!("_ {line}"), &Options::default());
    let words = script.commands.into_iter().next().map(|command| command.words).unwrap_or_default();
    words.into_iter().skip(1).map(|word| word.literal.then_some(word.text)).collect()
}

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
    let first = into.facts.len();
    nested(script, line_of, unit, how, context, into, 0);
    functions::deployed(first, into);
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
    let arguments = how.arguments.clone().filter(|_| depth == 0);
    let told = Told { arguments, variables: how.variables.clone(), given: BTreeMap::new() };
    let put = shell::put_in(script, &told);
    let ways = how.ways.clone().unwrap_or_else(|| context.ways(false));
    let runs = surroundings::by_ways(script, told, &ways);
    let handing = handing::of(script);
    let named = handing::programs(script);
    let both = script.commands.iter().zip(runs).zip(put).flat_map(|((command, runs), put)| {
        let words = put.map_or(Cow::Borrowed(command.words.as_slice()), Cow::Owned);
        let handed = handing.get(words.first().map_or("", |word| word.text.as_str())).into_iter().flatten();
        let handed: Vec<_> = handed.filter_map(|it| it.told(&words)).collect();
        let handed: Vec<_> = handed.into_iter().map(|words| (command, Cow::Owned(words), runs.clone())).collect();
        std::iter::once((command, words, runs)).chain(handed)
    });
    let checkout = checkout(script).filter(|_| how.dir.is_none());
    let mut exported: Vec<(String, Option<String>)> = Vec::new();
    for (command, words, runs) in both {
        let set = command.assignments.iter().map(|(name, word)| (name.clone(), word.literal.then(|| word.text.clone())));
        if command.words.first().is_some_and(|word| word.text == "export") {
            let certain = command.conditions.is_empty() && command.function.is_none();
            exported.extend(set.clone().map(|(name, value)| (name, value.filter(|_| certain))).take(MAX_EXPORTED));
        }
        let words = handing::spelt_out(&words, &named).map_or(words, Cow::Owned);
        let stripped = shell::strip(&words, context.wrappers);
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
            // what `cat` is given it gives on
            Some(Stdin::Pipe { from }) => script.commands.get(*from).and_then(|before| match &before.stdin {
                Some(Stdin::Heredoc { text, line, .. }) if before.words.len() == 1 && before.words[0].text == "cat" => {
                    Some((text.clone(), line_of(*line)))
                }
                _ => None,
            }),
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
        let pulled = checkout.as_ref().and_then(|at| in_checkout(command.dir.as_deref()?, at));
        let lowered = Command {
            words: stripped.words,
            dir: within(pulled.clone().or_else(|| directory(command.dir.as_deref(), how)), stripped.folder.as_ref()),
            place: command.dir.as_deref().filter(|dir| dir.starts_with('/')).map(str::to_owned),
            image: None,
            on_failure,
            conditions,
            off: runs.off,
            admits: runs.admits,
            stdin,
            fed,
            stdout: command.stdout.clone(),
            at_build: how.at_build,
            more: stripped.wrappers.iter().any(|wrapper| wrapper == "xargs"),
            through: stripped.wrappers,
            elsewhere: how.elsewhere || pulled.is_some(),
            environment: exported.iter().take(MAX_EXPORTED).cloned().chain(set).collect(),
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
                let how = Shell { at_build: how.at_build, elsewhere: true, ..Shell::default() };
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

/// The folder of another machine in which a text brings a checkout up to date, which is most likely one of this repository;
/// none where it is not the only one.
fn checkout(script: &Script) -> Option<String> {
    const VERBS: &[&str] = &["pull", "fetch", "checkout", "reset", "switch"];
    let updates = |command: &&shell::Command| {
        let words: Vec<&str> = command.words.iter().map(|w| w.text.as_str()).skip_while(|w| *w == "sudo").collect();
        words.first() == Some(&"git") && words.get(1).is_some_and(|verb| VERBS.contains(verb))
    };
    let mut all = script.commands.iter().filter(updates).map(|command| command.dir.as_deref());
    let first = all.next()??;
    let moves = script.commands.iter().filter(|c| c.words.first().is_some_and(|w| matches!(w.text.as_str(), "cd" | "pushd")));
    let alone = all.all(|other| other == Some(first)) && (first != "?" || moves.count() == 1);
    alone.then(|| first.to_owned())
}

/// Where a folder of that machine lies in the repository.
fn in_checkout(dir: &str, checkout: &str) -> Option<String> {
    match dir.strip_prefix(checkout)? {
        "" => Some(".".to_owned()),
        rest => source::join(".", rest.strip_prefix('/')?),
    }
}

struct Inner {
    line: u32,
    depth: usize,
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
                let root = how.dir.as_deref().map_or(".", source::root);
                return source::join(root, rest.trim_start_matches('/'));
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
    fn commands_for_a_container_are_commands() {
        for (text, is) in [
            ("docker exec -it -e A=1 trainer python -m ml.fit --all", "1 python -m ml.fit --all @?"),
            ("docker compose -f c.yml run --rm -e A=1 trainer bash -c 'make fit'", "1 make fit @?"),
            ("kubectl exec -n ml pod/x -- make fit", "1 make fit @?"),
            ("sbatch --gres=gpu:1 --wrap='python fit.py'", "1 python fit.py @."),
            ("gcloud compute ssh box --command 'make fit'", "1 make fit @?"),
        ] {
            let told = told(text);
            assert!(told.len() > 1 && told.last().map(String::as_str) == Some(is), "{text}: {told:?}");
        }
        for text in
            ["docker compose run --rm trainer", "docker compose run trainer --epochs 3", "docker exec", "kubectl exec pod"]
        {
            assert_eq!(told(text).len(), 1, "{text}");
        }
    }

    #[test]
    fn a_function_that_runs_what_it_is_told_hides_nothing() {
        let text = "retry() { local n=$1; shift; until \"$@\"; do sleep 1; done; }\naz_() { az \"$@\"; }\nlog() { echo \"$1\"; }\nretry 3 python fit.py\naz_ ml job create\nlog 'python fit.py'\n";
        let all = told(text);
        assert!(all.iter().any(|c| c == "4 python fit.py @.") && all.iter().any(|c| c == "5 az ml job create @."), "{all:?}");
        assert!(!all.iter().any(|c| c.starts_with("6 python")), "{all:?}");
    }

    #[test]
    fn a_checkout_on_another_machine_is_most_likely_this_repository() {
        for (text, is) in [
            ("ssh me@there 'cd ~/app && git pull && make fit'", "1 make fit @."),
            ("ssh me@there 'cd \"$DIR\"; git fetch; git checkout main; cd deploy; make fit'", "1 make fit @?"),
            ("ssh me@there 'cd /srv/app; sudo git pull origin main; cd ops; make fit'", "1 make fit @ops"),
            ("ssh me@there 'cd /srv/app; git pull; cd /srv/other; git pull; make fit'", "1 make fit @?"),
            ("ssh me@there 'cd /srv/app; make fit'", "1 make fit @?"),
        ] {
            let told = told(text);
            assert_eq!(told.last().map(String::as_str), Some(is), "{text}: {told:?}");
        }
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
