//! Files that others call with inputs (workflows, actions, templates; scripts by their arguments, Makefiles by their
//! variables), and pipelines by the parameter files that they name: with which values, and what each caller is led to.
//!
//! A file is read once for each different set of values (`facts`); which sets there are can only be said here, where
//! caller and callee are both known. A caller whose set was not read for is an open end, never led to another's.

use std::collections::{BTreeMap, BTreeSet};

use super::{Lead, Run, Target, View, containers, environment};
use crate::fact::{CONTEXT, Called, Command, FactKind, FileFacts, Inputs, Templated, UnitId, UnitKind, Uses, UsesTarget};
use crate::source::{self, RepoPath};
use crate::syntax::shell::{HOLE, quoted};
use crate::syntax::tree::Tree;
use crate::words::Strength;

/// Longest value that is given to a callee, in bytes; a longer one stays a name.
const MAX_VALUE: usize = 32 << 10;

/// Every file that is called with inputs that matter, and the different sets of values, in order.
pub(crate) fn calls(view: &View<'_>) -> BTreeMap<RepoPath, Vec<Inputs>> {
    let mut all: BTreeMap<RepoPath, BTreeSet<Inputs>> = BTreeMap::new();
    let scripts: BTreeSet<&str> = view.book.iter().filter(|(_, f)| asks(f)).map(|(path, _)| source::file_name(path)).collect();
    for (path, facts) in view.book {
        if let Some(values) = facts.templated.as_ref().map(|t| looked_up(t, view)).filter(|values| !values.is_empty()) {
            all.entry(path.clone()).or_default().insert(values);
        }
        for fact in &facts.facts {
            if let FactKind::Command(command) = &fact.kind
                && (command.words.iter().any(|word| scripts.contains(source::file_name(&word.text)))
                    || super::placed::inside(command, path, fact.unit, view).is_some())
            {
                for lead in super::command(command, (path, fact.unit), view) {
                    if let Target::File { path, run: Run::Script } = &lead.to
                        && let Some(script) = view.book.get(path).filter(|facts| asks(facts))
                        && let Some(told) = script_is_told(command, path, (facts, fact.unit), script, view)
                    {
                        all.entry(path.clone()).or_default().insert(told);
                    }
                }
            }
            // an image by the words that it is told
            let started = match &fact.kind {
                FactKind::Command(command) => {
                    told_by_command(command).map(|inputs| (inputs, super::command(command, (path, fact.unit), view)))
                }
                FactKind::Uses(uses) => {
                    told_by_reference(uses, facts, fact.unit, view).map(|inputs| (inputs, super::of_reference(uses, path, view)))
                }
                _ => None,
            };
            if let Some((inputs, leads)) = started {
                for lead in leads {
                    if let Target::File { path, run: Run::Image } = &lead.to
                        && view.book.get(path).is_some_and(starts)
                    {
                        all.entry(path.clone()).or_default().insert(inputs.clone());
                    }
                }
            }
            // a Makefile by the variables that it is given
            if let FactKind::Command(command) = &fact.kind
                && matches!(command.program(), "make" | "gmake")
                && let Some(told) = super::make::variables(command)
            {
                for lead in super::command(command, (path, fact.unit), view) {
                    if let Target::Unit { path, kind: UnitKind::Target, .. } = &lead.to
                        && view.book.get(path).is_some_and(asks)
                    {
                        let told = Inputs::from([(Called::ARGUMENTS.to_owned(), told.clone())]);
                        all.entry(path.clone()).or_default().insert(told);
                    }
                }
            }
            if let FactKind::Uses(uses) = &fact.kind
                && let UsesTarget::File(path) = &uses.to
                && let Some(path) = file(path, view)
                && !view.book.get(&path).is_some_and(|facts| asks(facts) || starts(facts))
                && let Some(called) = view.book.get(&path).and_then(|f| f.called.as_ref())
            {
                all.entry(path).or_default().insert(given(uses, called));
            }
        }
    }
    all.into_iter().map(|(path, sets)| (path, sets.into_iter().collect())).collect()
}

/// The words that a reference tells an image.
pub(super) fn told(uses: &Uses) -> Option<&str> {
    uses.with.iter().find(|(key, _)| key == Called::TOLD).map(|(_, line)| line.as_str())
}

/// Whether a file is an image definition that starts something.
pub(super) fn starts(facts: &FileFacts) -> bool {
    facts.called.as_ref().is_some_and(|called| called.inputs.contains_key(Called::TOLD))
}

/// What an image is told by a command that starts it; none where that is nothing.
fn told_by_command(command: &Command) -> Option<Inputs> {
    let line = containers::told(command).filter(|line| line.len() <= MAX_VALUE);
    let mut inputs: Inputs = variables(containers::variables(command));
    inputs.extend(line.map(|line| (Called::TOLD.to_owned(), line)));
    (!inputs.is_empty()).then_some(inputs)
}

/// What an image is told by a unit that starts it; none where that is nothing.
fn told_by_reference(uses: &Uses, facts: &FileFacts, unit: Option<UnitId>, view: &View<'_>) -> Option<Inputs> {
    let image = matches!(uses.to, UsesTarget::Image(_)) || uses.with.iter().any(|(key, _)| key == CONTEXT);
    let given = if image { environment::of_unit(facts, unit) } else { return None };
    let mut inputs = variables(environment::asked(given, view));
    let line = told(uses).filter(|line| line.len() <= MAX_VALUE);
    inputs.extend(line.map(|line| (Called::TOLD.to_owned(), line.to_owned())));
    (!inputs.is_empty()).then_some(inputs)
}

/// Variables as inputs.
fn variables(given: environment::Environment) -> Inputs {
    given.into_iter().map(|(name, value)| (format!("{}{name}", Called::VARIABLE), value)).collect()
}

/// What a reference starts, as that is with what it tells.
pub(super) fn as_started(leads: Vec<Lead>, uses: &Uses, from: &RepoPath, view: &View<'_>) -> Vec<Lead> {
    if !leads.iter().any(|lead| matches!(lead.to, Target::File { run: Run::Image, .. })) {
        return leads;
    }
    // the same reference may stand in several units that give it different variables
    let Some(facts) = view.book.get(from) else { return leads };
    let with = |same: &dyn Fn(&Uses) -> bool| {
        let it = facts.facts.iter().find(|fact| matches!(&fact.kind, FactKind::Uses(it) if same(it)));
        it.and_then(|fact| fact.unit)
    };
    let alike = |it: &Uses| it.reference == uses.reference && it.with == uses.with;
    let unit = with(&|it| std::ptr::eq(it, uses)).or_else(|| with(&alike));
    match told_by_reference(uses, facts, unit, view) {
        Some(inputs) => leads.into_iter().filter_map(|lead| as_told(lead, &inputs, view)).collect(),
        None => leads,
    }
}

/// A lead to the start of an image, to what that is where the image is told this; none where that is not known.
fn as_told(lead: Lead, inputs: &Inputs, view: &View<'_>) -> Option<Lead> {
    let Target::File { path, run: Run::Image } = &lead.to else { return Some(lead) };
    let facts = view.book.get(path)?;
    let called = facts.called.as_ref()?;
    let Some((_, unit)) = called.by_inputs.iter().find(|(known, _)| known == inputs) else {
        // its own command, of which a variable may choose a part
        return (!inputs.contains_key(Called::TOLD)).then_some(Lead { strength: lead.strength.min(Strength::Inferred), ..lead });
    };
    let unit = facts.units.get(*unit)?;
    Some(Lead { to: Target::Unit { path: path.clone(), kind: unit.kind, name: unit.name.clone() }, ..lead })
}

/// Whether a file is a script that does what its arguments choose.
fn asks(facts: &FileFacts) -> bool {
    facts.called.as_ref().is_some_and(|called| called.inputs.contains_key(Called::ARGUMENTS))
}

/// What a command tells a script: arguments, and of the variables that the script asks for those with a certain value.
fn script_is_told(
    command: &Command,
    path: &str,
    (facts, unit): (&FileFacts, Option<UnitId>),
    script: &FileFacts,
    view: &View<'_>,
) -> Option<Inputs> {
    let asked = &script.called.as_ref()?.inputs;
    let mut told = arguments(command, path)?;
    if asked.keys().any(|name| name.starts_with(Called::VARIABLE)) {
        let given = variables(environment::asked(environment::of_command(command, facts, unit), view));
        told.extend(given.into_iter().filter(|(name, _)| asked.contains_key(name)));
    }
    Some(told)
}

/// The arguments that a command gives to a script; none where not even their number is known.
fn arguments(command: &Command, script: &str) -> Option<Inputs> {
    // what starts an image is told the rest by whoever starts that
    if command.more {
        return None;
    }
    let name = source::file_name(script);
    let at = command.words.iter().position(|word| source::file_name(&word.text) == name);
    // in an image it may have another name
    let shell = matches!(command.program(), "bash" | "sh" | "zsh" | "dash" | "source" | ".");
    let at = match at {
        Some(at) => at,
        None if shell => command.words.iter().skip(1).position(|word| !word.text.starts_with('-'))? + 1,
        None => 0,
    };
    let mut line: Vec<String> = Vec::new();
    for word in command.words.get(at + 1..)? {
        // an expansion may come to several arguments, or to none
        if !word.literal && (word.text.starts_with(['$', '`']) || word.text.contains("[@]")) {
            return None;
        }
        line.push(if word.literal { quoted(&word.text) } else { HOLE.to_owned() });
    }
    let line = line.join(" ");
    (line.len() <= MAX_VALUE).then(|| Inputs::from([(Called::ARGUMENTS.to_owned(), line)]))
}

/// A lead to a script, to what that script is with the arguments it is given here, and to an image with the words that it
/// is told; none where nothing is known of these.
pub(crate) fn as_called(command: &Command, lead: Lead, from: (&FileFacts, Option<UnitId>), view: &View<'_>) -> Option<Lead> {
    if let (Target::File { run: Run::Image, .. }, Some(inputs)) = (&lead.to, told_by_command(command)) {
        return as_told(lead, &inputs, view);
    }
    Some(of_script(command, lead, from, view))
}

fn of_script(command: &Command, lead: Lead, from: (&FileFacts, Option<UnitId>), view: &View<'_>) -> Lead {
    let Target::File { path, run: Run::Script } = &lead.to else { return lead };
    let Some(facts) = view.book.get(path).filter(|facts| asks(facts)) else { return lead };
    let chooses = facts.called.as_ref().is_some_and(|c| c.inputs.get(Called::ARGUMENTS).is_some_and(|open| !open.is_empty()));
    let unit = script_is_told(command, path, from, facts, view).and_then(|told| {
        let called = facts.called.as_ref()?;
        let (_, unit) = called.by_inputs.iter().find(|(inputs, _)| *inputs == told)?;
        facts.units.get(*unit)
    });
    match unit {
        Some(unit) => Lead { to: Target::Unit { path: path.clone(), kind: unit.kind, name: unit.name.clone() }, ..lead },
        None if !chooses => lead,
        // what it does hangs on what it is told, and that is not known
        None => Lead { strength: lead.strength.min(Strength::Inferred), ..lead },
    }
}

/// What documents give to a file that takes values from them.
fn looked_up(templated: &Templated, view: &View<'_>) -> Inputs {
    let documents: Vec<&Tree> = templated.files.iter().filter_map(|f| view.book.get(f)?.tree.as_deref()).collect();
    let value = |name: &String| documents.iter().find_map(|d| d.root()?.at(name)).filter(|value| value.len() <= MAX_VALUE);
    templated.names.iter().filter_map(|name| Some((name.clone(), value(name)?.to_owned()))).collect()
}

/// The file that a reference by path means: itself, or what makes its folder an action.
pub(super) fn file(path: &str, view: &View<'_>) -> Option<RepoPath> {
    if view.inventory.contains(path) {
        return Some(path.into());
    }
    let inside = ["action.yml", "action.yaml", "Dockerfile"].iter().filter_map(|name| source::join(path, name));
    inside.chain(main_of_module(path)).into_iter().find(|p| view.inventory.contains(p)).map(RepoPath::from)
}

/// A module of a data flow is a file, or a folder with its main file.
pub(super) fn main_of_module(path: &str) -> Option<String> {
    source::join(path.strip_suffix(".nf")?, "main.nf")
}

/// The values a caller gives to the inputs that matter; what it does not give has its default.
fn given(uses: &Uses, called: &Called) -> Inputs {
    let value = |name: &String, default: &String| match uses.with.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)) {
        Some((_, value)) if value.len() <= MAX_VALUE => value.clone(),
        Some(_) => format!("${{{{ inputs.{name} }}}}"),
        None => default.clone(),
    };
    called.inputs.iter().map(|(name, default)| (name.clone(), value(name, default))).collect()
}

/// Where a caller is led in a file that was read for its callers.
pub(super) fn lead(uses: &Uses, path: &RepoPath, facts: &FileFacts, called: &Called) -> Lead {
    let given = given(uses, called);
    let unit = called.by_inputs.iter().find(|(inputs, _)| *inputs == given).map(|(_, unit)| *unit).or(called.alone);
    let (to, strength) = match unit.and_then(|unit: UnitId| facts.units.get(unit)) {
        Some(unit) => (Target::Unit { path: path.clone(), kind: unit.kind, name: unit.name.clone() }, Strength::Resolved),
        None => (Target::Outside { what: format!("{path} with inputs that were not followed") }, Strength::Assumed),
    };
    Lead { to, edge: uses.edge, strength, what: uses.reference.clone() }
}

#[cfg(test)]
mod tests {
    use super::super::{Modules, command};
    use super::*;
    use crate::syntax::shell::Word;
    use crate::walk::Inventory;

    #[test]
    fn a_script_that_others_tell_more_is_told_nothing_for_certain() {
        let words = ["./run.sh", "fit"].map(|w| Word { text: w.to_owned(), literal: true }).to_vec();
        let plain = Command::new(words, None);
        let line = arguments(&plain, "run.sh").and_then(|inputs| inputs.get(Called::ARGUMENTS).cloned());
        assert_eq!(line.as_deref(), Some("fit"));
        assert_eq!(arguments(&Command { more: true, ..plain }, "run.sh"), None);
    }

    #[test]
    fn a_target_that_nobody_gives_is_an_open_end() {
        let inventory = Inventory::in_memory(&[("w.yml", "")]);
        let (book, modules) = (crate::fact::Book::new(), Modules::build(&inventory));
        let programs = crate::rules::programs::Programs::default();
        let view = View::new(&inventory, &book, &modules, &programs);
        for (words, open) in [
            (&["python", "-m", "${{ inputs.m }}"][..], true),
            (&["python", "-u", "${{ inputs.file }}"], true),
            (&["bash", "${{ github.event.inputs.file }}"], true),
            (&["${{ caller.inputs.script }}"], true),
            (&["python", "-m", "some.tool", "${{ inputs.m }}"], false),
            (&["python", "-m", "${{ env.M }}"], false),
            (&["echo", "${{ inputs.m }}"], false),
        ] {
            let words = words.iter().map(|w| Word { text: (*w).to_owned(), literal: false }).collect();
            let it = Command::new(words, Some(".".to_owned()));
            let path: RepoPath = "w.yml".into();
            let leads = command(&it, (&path, None), &view);
            let is = leads.iter().any(|l| matches!(&l.to, Target::Outside { what } if what.contains("an input")));
            assert_eq!(is, open, "{}", it.text());
        }
    }
}
