//! Justfiles: every recipe is a task; those named behind its colon run first.

use std::collections::{BTreeMap, BTreeSet};

use super::tasks::{self, How, MAX_TASKS, define, folder_in, runs, takes_in};
use crate::fact::{Asked, FactKind, FileFacts, Guard, OnFailure, UnitId};
use crate::facts::shell::{HOLE, Shell};
use crate::facts::{Context, Reader, When};
use crate::resolve::tasks::{ARGUMENTS, PARAMETERS, key};
use crate::source::{self, SourceFile, extension, file_name, folder};
use crate::syntax::just::{self, HERE, Justfile, Recipe};

/// Justfiles and what they take in.
pub(crate) const READER: Reader = Reader { name: "justfile", wants, when: When::Always, read };

/// How deep calls with arguments are followed.
const DEPTH: usize = 8;
/// Ends the text that is handed to another interpreter.
const END: &str = "TREERING_END_OF_RECIPE";

fn wants(path: &str) -> bool {
    let name = file_name(path);
    name.eq_ignore_ascii_case("justfile") || name == ".justfile" || extension(path) == Some("just")
}

/// A recipe that is read for the values of its parameters.
struct Call<'j> {
    recipe: &'j Recipe,
    name: String,
    given: BTreeMap<String, String>,
    depth: usize,
}

fn read(file: &SourceFile, context: &Context<'_>) -> FileFacts {
    let parsed = just::parse(&file.text);
    let mut facts = FileFacts::default();
    let own = folder(&file.path);
    let mut parts: BTreeSet<String> = BTreeSet::new();
    for (prefix, path, line) in parsed.parts.iter().take(200) {
        let named = path.clone().unwrap_or_else(|| format!("{prefix}.just"));
        let to = source::join(own, &named);
        // the path of a module may be that of its folder
        let folder_named = path.as_deref().filter(|path| !prefix.is_empty() && extension(path) != Some("just"));
        for name in ["mod.just", "justfile", ".justfile"].iter().filter_map(|name| Some(format!("{}/{name}", folder_named?))) {
            takes_in(&mut facts, *line, prefix, source::join(own, &name));
        }
        parts.extend(to.clone().filter(|_| prefix.is_empty()));
        takes_in(&mut facts, *line, prefix, to);
        // without a path it is one of several files
        for name in ["mod.just", "justfile", ".justfile"].iter().filter(|_| path.is_none()) {
            takes_in(&mut facts, *line, prefix, source::join(own, &format!("{prefix}/{name}")));
        }
    }
    if !parts.is_empty() {
        facts.asked = Some(Asked { reader: READER.name, parts, others: BTreeSet::new() });
    }
    // what is imported runs where the file lies that imports it
    let importer = context.joined.wholes.iter().map(|whole| &whole.root).find(|root| **root != file.path);
    let home = importer.map_or(own, |root| folder(root));
    let mut variables: BTreeMap<String, String> = BTreeMap::from([(HERE.to_owned(), ".".to_owned())]);
    for (name, expression, _) in parsed.variables.iter().take(1_000) {
        let value = just::value(expression, &variables, HOLE);
        variables.insert(name.clone(), value);
    }
    let is_other_system = |r: &Recipe| {
        let on = |names: &[&str]| r.attributes.iter().any(|a| names.contains(&a.as_str()));
        on(&["windows", "openbsd"]) && !on(&["unix", "linux", "macos"])
    };
    let recipes: Vec<&Recipe> = parsed.recipes.iter().filter(|r| !is_other_system(r)).collect();
    let by_name: BTreeMap<&str, &Recipe> = recipes.iter().rev().map(|r| (r.name.as_str(), *r)).collect();
    let mut calls: Vec<Call<'_>> = Vec::new();
    for recipe in by_name.values() {
        let holes = |all: bool| {
            let count = recipe.params.len();
            recipe.params.iter().enumerate().map(move |(at, (name, default))| {
                let rest = recipe.variadic && at + 1 == count;
                let default = default.as_deref().filter(|_| !all && !rest);
                (name.clone(), default.map_or_else(|| HOLE.to_owned(), |d| just::value(d, &BTreeMap::new(), HOLE)))
            })
        };
        calls.push(Call { recipe, name: recipe.name.clone(), given: holes(false).collect(), depth: 0 });
        if recipe.params.iter().any(|(_, default)| default.is_some()) {
            let name = format!("{}{ARGUMENTS}", recipe.name);
            calls.push(Call { recipe, name, given: holes(true).collect(), depth: 0 });
        }
    }
    let mut known: BTreeSet<String> = BTreeSet::new();
    let mut at = 0;
    while at < calls.len() && facts.units.len() < MAX_TASKS {
        let Some(Call { recipe, name, given, depth }) = calls.get(at) else { break };
        let (recipe, name, given, depth) = (*recipe, name.clone(), given.clone(), *depth);
        at += 1;
        if !known.insert(name.clone()) {
            continue;
        }
        let unit = define(&mut facts, "just", &name, recipe.line, recipe.end_line);
        if !recipe.params.is_empty() {
            let value = if recipe.variadic { usize::MAX } else { recipe.params.len() }.to_string();
            facts.state(unit, recipe.line, FactKind::Setting { key: PARAMETERS.to_owned(), value });
        }
        let mut all = variables.clone();
        all.extend(given);
        let mut call = |called: &(String, Vec<String>), line: u32, facts: &mut FileFacts| {
            let target = match by_name.get(called.0.as_str()) {
                Some(recipe) if !called.1.is_empty() && depth < DEPTH => {
                    let values: Vec<String> = called.1.iter().map(|a| just::value(a, &all, HOLE)).collect();
                    let name = format!("{}({})", recipe.name, values.join(" ").chars().take(300).collect::<String>());
                    calls.push(Call { recipe, name: name.clone(), given: bound(recipe, &values), depth: depth + 1 });
                    name
                }
                _ => called.0.clone(),
            };
            runs(facts, unit, line, key("just", &target), OnFailure::Stops);
        };
        recipe.before.iter().for_each(|called| call(called, recipe.line, &mut facts));
        body(recipe, unit, &all, &parsed, home, context, &mut facts);
        recipe.after.iter().for_each(|called| call(called, recipe.end_line, &mut facts));
    }
    for (alias, recipe, line) in parsed.aliases.iter().take(MAX_TASKS) {
        let unit = define(&mut facts, "just", alias, *line, *line);
        runs(&mut facts, unit, *line, key("just", recipe), OnFailure::Stops);
    }
    if let Some(first) = recipes.first() {
        let default = recipes.iter().find(|r| r.attributes.iter().any(|a| a == "default")).unwrap_or(first);
        let unit = define(&mut facts, "just", "", default.line, default.line);
        runs(&mut facts, unit, default.line, key("just", &default.name), OnFailure::Stops);
    }
    facts
}

/// Parameters with the values of a call, by place.
fn bound(recipe: &Recipe, values: &[String]) -> BTreeMap<String, String> {
    let last = recipe.params.len().saturating_sub(1);
    let value = |at: usize, default: Option<&str>| match values.get(at) {
        Some(_) if recipe.variadic && at == last => values.get(at..).unwrap_or_default().join(" "),
        Some(value) => value.clone(),
        None => default.map_or_else(String::new, |d| just::value(d, &BTreeMap::new(), HOLE)),
    };
    recipe.params.iter().enumerate().map(|(at, (name, default))| (name.clone(), value(at, default.as_deref()))).collect()
}

/// Every line is a shell of its own; a body with an interpreter is one text.
fn body(
    recipe: &Recipe,
    unit: UnitId,
    variables: &BTreeMap<String, String>,
    parsed: &Justfile,
    home: &str,
    context: &Context<'_>,
    facts: &mut FileFacts,
) {
    let attribute = |name: &str| recipe.attributes.iter().find_map(|a| a.strip_prefix(name));
    let named = attribute("working-directory").map(|d| d.trim_matches(['(', ')', '\'', '"', ' ']).to_owned());
    let set = || parsed.settings.get("working-directory").map(|d| d.trim_matches(['\'', '"']).to_owned());
    let dir = if attribute("no-cd").is_some() { None } else { folder_in(home, named.or_else(set).as_deref()) };
    let exported = parsed.variables.iter().filter(|(_, _, exported)| *exported);
    let environment: BTreeMap<String, String> = exported
        .filter_map(|(name, _, _)| Some((name.clone(), variables.get(name)?.clone())))
        .filter(|(_, value)| !value.contains(HOLE))
        .collect();
    let shell = Shell { dir, script_dir: Some(home.to_owned()), errexit: true, variables: environment, ..Shell::default() };
    let how = How { shell: shell.clone(), ..How::default() };
    if let Some(prompt) = attribute("confirm") {
        facts.state(unit, recipe.line, FactKind::Guard(Guard::If(format!("a person confirms{prompt}"))));
    }
    let filled = |line: &str| just::filled(line, variables, HOLE);
    if let Some(interpreter) = recipe.interpreter() {
        let first = recipe.body.first().map_or(recipe.line, |(_, line)| *line);
        let program = interpreter.split_whitespace().map(file_name).find(|w| *w != "env" && !w.starts_with('-')).unwrap_or("sh");
        let text = recipe.body.iter().map(|(line, _)| filled(line)).collect::<Vec<_>>().join("\n");
        let how = How { shell: Shell { errexit: false, ..shell }, ..How::default() };
        match program {
            "sh" | "bash" | "zsh" | "dash" => {
                tasks::shell(facts, unit, &text, &|n| first + n.saturating_sub(1), &how, context);
            }
            program if program.starts_with("python") => {
                let text = format!("python - <<'{END}'\n{text}\n{END}\n");
                tasks::shell(facts, unit, &text, &|n| (first + n).saturating_sub(2).max(recipe.line), &how, context);
            }
            _ => {}
        }
        return;
    }
    // another shell reads another language
    let plain = parsed.settings.get("shell").is_none_or(|s| s.contains("sh\"") || s.contains("sh'"));
    for (line, number) in recipe.body.iter().filter(|_| plain) {
        let bare = line.trim_start_matches(['@', '-']);
        let ignored = line.get(..line.len() - bare.len()).is_some_and(|p| p.contains('-'));
        if bare.trim_start().starts_with('#') {
            continue;
        }
        let how = How { ignored: ignored.then_some("`-` before the line"), ..how.clone() };
        let first = *number;
        tasks::shell(facts, unit, &filled(bare), &|n| first + n.saturating_sub(1), &how, context);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<String> {
        let facts = read(&SourceFile::new("ml/justfile".into(), text.to_owned()), &Context::default());
        super::super::told::told(&facts)
    }

    #[test]
    fn recipes_are_read_for_what_they_are_given() {
        let text = "py := 'python'\n\nall: (fit 'train') && tidy\n    @echo done\n\nfit name='help':\n    {{py}} {{name}}.py\n    -rm x\n\ntidy:\n    #!/usr/bin/env python3\n    print(1)\n";
        assert_eq!(
            of(text),
            [
                "just all 3> just fit(train)",
                "just all 4: echo done @ml",
                "just all 4> just tidy",
                "just fit 7: python help.py @ml",
                "just fit 8: rm x @ml (lost)",
                "just fit … 7: python ${_}.py @ml",
                "just fit … 8: rm x @ml (lost)",
                "just tidy 10: python - @ml",
                "just fit(train) 7: python train.py @ml",
                "just fit(train) 8: rm x @ml (lost)",
                "just 3> just all",
            ]
        );
    }

    #[test]
    fn what_is_imported_runs_where_it_is_imported() {
        let whole = crate::fact::Whole { root: "justfile".into(), ..Default::default() };
        let joined = crate::fact::Joined { wholes: vec![whole], ..Default::default() };
        let file = SourceFile::new("tasks/ml.just".into(), "fit:\n    python fit.py\n".to_owned());
        let facts = read(&file, &Context { joined, ..Context::default() });
        let dirs: Vec<_> =
            facts.facts.iter().filter_map(|f| if let FactKind::Command(c) = &f.kind { c.dir.clone() } else { None }).collect();
        assert_eq!(dirs, ["."]);
        let asked =
            read(&SourceFile::new("justfile".into(), "import 'tasks/ml.just'\nmod docs\n".to_owned()), &Context::default()).asked;
        assert_eq!(asked.map(|a| a.parts.into_iter().collect::<Vec<_>>()), Some(vec!["tasks/ml.just".to_owned()]));
    }

    #[test]
    fn calls_that_never_end_are_cut() {
        assert!(of("a x: (a x + 'y') (a x + 'z')\n    ls\n").len() < 3 * MAX_TASKS);
        assert_eq!(of("[windows]\nfit:\n    dir\n"), [""; 0]);
    }
}
