//! Files that a program is given by name of which no family knows more: what is applied, and what is handed over to be run.

use super::{Invocation, Lead, Located, Run, Target, View, cluster, containers, run_by_path, run_of};
use crate::source;
use crate::words::{EdgeKind, Strength};

/// Files that any other program is given by name.
pub(super) fn applied(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    let program = invocation.command.program();
    let known = view.programs;
    if known.silent.contains(program) {
        return Vec::new();
    }
    let verbs: Vec<&str> =
        invocation.arguments().iter().map(|w| w.text.as_str()).take_while(|w| !w.starts_with('-')).take(2).collect();
    let verbs = verbs.join(" ");
    // what is given by place to a program that submits is the definition that it submits; options of the program itself may
    // stand in front of what it is told to do, each with a value
    let behind: Vec<&str> = invocation.arguments().iter().map(|w| w.text.as_str()).collect();
    let options =
        behind.chunks(2).take_while(|pair| pair.first().is_some_and(|o| o.starts_with('-') && !o.contains('='))).count();
    let behind = behind.get(options * 2..).unwrap_or_default().iter().take_while(|w| !w.starts_with('-')).take(2);
    let submits = known.submits(program, &verbs) || known.submits(program, &behind.copied().collect::<Vec<_>>().join(" "));
    let mut leads = Vec::new();
    let first: Vec<&str> =
        invocation.arguments().iter().map(|w| w.text.as_str()).filter(|w| !w.starts_with('-')).take(4).collect();
    if known.rolls_out(program, &first.join(" ")) && !cluster::only_tries(invocation.command) {
        leads.extend(cluster::rolled_out(invocation, view));
    }
    leads.extend(containers::remote_build(invocation, view));
    leads.extend(containers::remote_configuration(invocation, view));
    let arguments = invocation.arguments();
    for (at, word) in arguments.iter().enumerate() {
        let (value, named) = match word.text.split_once('=') {
            Some((option, value)) if known.definitions.contains(option) => (value, true),
            _ => (
                word.text.as_str(),
                at.checked_sub(1).and_then(|i| arguments.get(i)).is_some_and(|w| known.definitions.contains(&w.text)),
            ),
        };
        if value.starts_with('-') || !(value.contains('.') || value.contains('/') || named) {
            continue;
        }
        if let Located::Found(path, strength) = invocation.locate(value, view) {
            let run = if submits { run_by_path(&path, view) } else { run_of(&path) };
            // a program that nothing here knows looks at code as often as it runs it; a package's own description runs nothing
            let described = matches!(source::file_name(&path), "pyproject.toml" | "setup.cfg" | "package.json");
            if described || (run != Run::Manifest && !named && !submits) {
                continue;
            }
            // a file that is run when applied (a script, a job's definition) is handed over; anything else is applied
            let strength = if named || submits { strength } else { strength.min(Strength::Inferred) };
            let edge = if matches!(run, Run::Manifest) { EdgeKind::Applies } else { EdgeKind::Submits };
            leads.push(Lead { to: Target::File { path, run }, edge, strength, what: value.to_owned() });
        }
    }
    // a client of a database is fed the statements that it hands on
    let statements = |file: &&str| source::extension(file).is_some_and(|e| e.eq_ignore_ascii_case("sql"));
    if let Some(file) = invocation.command.fed.as_deref().filter(statements)
        && let Located::Found(path, strength) = invocation.locate(file, view)
    {
        let (to, edge) = (Target::File { path, run: Run::Manifest }, EdgeKind::Applies);
        leads.push(Lead { to, edge, strength: strength.min(Strength::Inferred), what: file.to_owned() });
    }
    leads
}
