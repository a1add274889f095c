//! tox: every environment is a task that installs what it needs and runs its commands.
//!
//! The text form (`tox.ini`, `setup.cfg`) takes sections apart by factors: a line `lint: ruff check` counts where `lint`
//! is a part of the environment's name. The table form (`tox.toml`, `[tool.tox]`) writes commands word by word.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::tasks::{self, How, define, runs};
use crate::fact::{FileFacts, OnFailure, UnitId};
use crate::facts::shell::{HOLE, Shell, quoted};
use crate::facts::{Context, Reader, When, unparsable};
use crate::resolve::tasks::key;
use crate::source::{self, SourceFile, file_name, folder};
use crate::syntax::ini;
use crate::syntax::tree::{Kind, Node};

/// `tox.ini`, and the same in `setup.cfg`.
pub(crate) const READER: Reader =
    Reader { name: "tox", wants: |p| matches!(file_name(p), "tox.ini" | "setup.cfg"), when: When::Always, read };

/// The call that gives commands an environment of their own.
const THROUGH: &str = "tox run";
/// Most environments of one file.
const MAX_ENVIRONMENTS: usize = 200;
/// Values that refer to values.
const DEPTH: usize = 6;

/// What one environment comes to.
#[derive(Default)]
struct Environment {
    line: u32,
    end_line: u32,
    deps: Vec<(String, u32)>,
    commands: Vec<(String, u32)>,
    dir: Option<String>,
    variables: BTreeMap<String, String>,
    ignores_outcome: bool,
    installs_project: bool,
}

fn read(file: &SourceFile, context: &Context<'_>) -> FileFacts {
    let parsed = ini::parse(&file.text);
    let mut facts = FileFacts::default();
    if file.name() == "tox.ini" {
        facts.notices = parsed.errors.iter().map(|e| unparsable(file, e)).collect();
    }
    if let Some(root) = parsed.tree.root() {
        sections(root, file, context, &mut facts);
    }
    if file.name() == "tox.ini" {
        facts.tree = Some(Arc::new(parsed.tree));
    }
    facts
}

/// Sections of an INI file.
fn sections(root: Node<'_>, file: &SourceFile, context: &Context<'_>, facts: &mut FileFacts) {
    let main = root.get("tox:tox").or_else(|| root.get("tox").filter(|_| file.name() == "tox.ini"));
    if main.is_none() && root.get("testenv").is_none() {
        return;
    }
    let listed: Vec<(String, u32)> = main
        .and_then(|m| m.get("envlist").or_else(|| m.get("env_list")))
        .map(|list| {
            let rows = (list.line()..).zip(list.text().unwrap_or_default().lines());
            rows.flat_map(|(line, row)| expanded(uncommented(row)).into_iter().map(move |name| (name, line))).collect()
        })
        .unwrap_or_default();
    let skips = main.and_then(|m| m.get("skipsdist").or_else(|| m.get("skip_sdist")).or_else(|| m.get("no_package")));
    let packaged = skips.and_then(|s| s.text()).is_none_or(|text| !text.eq_ignore_ascii_case("true"));
    let mut names: Vec<(String, u32)> = listed.clone();
    for (section, _) in root.entries() {
        if let Some(own) = section.text.strip_prefix("testenv:") {
            names.extend(expanded(own).into_iter().map(|name| (name, section.line)));
        }
    }
    // what any environment runs that has no section of its own
    names.push(("*".to_owned(), root.key_line("testenv").unwrap_or(1)));
    let mut known: BTreeSet<String> = BTreeSet::new();
    for (name, line) in names.into_iter().take(MAX_ENVIRONMENTS) {
        if known.insert(name.clone()) {
            let it = of_sections(root, &name, line, packaged);
            state(facts, &name, &it, file, context);
        }
    }
    default(facts, &listed, main.map_or(1, |m| m.line()));
}

/// What the sections say of one environment.
fn of_sections(root: Node<'_>, name: &str, line: u32, packaged: bool) -> Environment {
    let own = root.entries().find(|(section, _)| {
        section.text.strip_prefix("testenv:").is_some_and(|names| expanded(names).iter().any(|n| n == name))
    });
    let base = root.get("testenv");
    let value = |keys: &[&str]| {
        let of = |body: Node<'_>, section: &str| {
            keys.iter().find_map(|k| body.get(k).map(|v| (v.text().unwrap_or_default().to_owned(), v.line(), section.to_owned())))
        };
        own.as_ref().and_then(|(key, body)| of(*body, key.text)).or_else(|| base.and_then(|body| of(body, "testenv")))
    };
    let rows = |keys: &[&str]| {
        let (text, line, _) = value(keys).unwrap_or_default();
        factored(&text, line, name, root, DEPTH)
    };
    let is_set = |keys: &[&str]| value(keys).is_some_and(|(text, _, _)| text.trim().eq_ignore_ascii_case("true"));
    let variables = rows(&["setenv", "set_env"]).into_iter().filter_map(|(row, _)| {
        let (name, value) = row.split_once('=')?;
        Some((name.trim().to_owned(), value.trim().to_owned()))
    });
    let mut commands = rows(&["commands_pre"]);
    commands.extend(rows(&["commands"]));
    commands.extend(rows(&["commands_post"]));
    let (at, end) = own.map_or((line, line), |(key, body)| (key.line, body.end_line()));
    Environment {
        line: at,
        end_line: commands.iter().map(|(_, line)| *line).filter(|l| *l >= at).max().unwrap_or(at).max(end),
        deps: rows(&["deps"]),
        commands,
        dir: value(&["changedir", "change_dir"]).map(|(text, _, _)| text.trim().to_owned()),
        variables: variables.filter(|(_, value)| !value.contains('{')).collect(),
        ignores_outcome: is_set(&["ignore_outcome"]),
        installs_project: packaged && !is_set(&["skip_install"]),
    }
}

/// Rows, those that go on over lines joined.
fn joined<'r>(rows: impl Iterator<Item = (&'r str, u32)>) -> Vec<(String, u32)> {
    let mut whole: Vec<(String, u32)> = Vec::new();
    let mut open = false;
    for (row, line) in rows {
        let goes_on = row.ends_with('\\');
        let row = row.trim_end_matches('\\').trim_end();
        match whole.last_mut().filter(|_| open) {
            Some((before, _)) => {
                before.push(' ');
                before.push_str(row);
            }
            None => whole.push((row.to_owned(), line)),
        }
        open = goes_on;
    }
    whole
}

/// The rows of a value that count for an environment, references to other sections put in.
fn factored(text: &str, line: u32, name: &str, root: Node<'_>, depth: usize) -> Vec<(String, u32)> {
    let mut rows = Vec::new();
    for (row, line) in joined((line..).zip(text.lines()).map(|(line, row)| (uncommented(row), line))) {
        let Some(row) = for_environment(&row, name) else { continue };
        match row.strip_prefix("{[").and_then(|r| r.strip_suffix('}')).and_then(|r| r.split_once(']')) {
            Some((section, key)) => {
                let there = root.get(section).and_then(|s| s.get(key)).filter(|_| depth > 0);
                if let Some((text, line)) = there.and_then(|v| Some((v.text()?, v.line()))) {
                    rows.extend(factored(text, line, name, root, depth.saturating_sub(1)));
                }
            }
            None => rows.push((row.to_owned(), line)),
        }
        if rows.len() > 2_000 {
            break;
        }
    }
    rows.retain(|(row, _)| !row.is_empty());
    rows
}

fn uncommented(row: &str) -> &str {
    let row = row.trim();
    if row.starts_with('#') { "" } else { row.split(" #").next().unwrap_or(row).trim_end() }
}

/// A row without the factors in front, where they fit; `py310,lint: …`, `!slow: …`.
fn for_environment<'r>(row: &'r str, name: &str) -> Option<&'r str> {
    let Some((factors, rest)) = row.split_once(": ").or_else(|| row.strip_suffix(':').map(|f| (f, ""))) else { return Some(row) };
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-.!,{} ".contains(c);
    if factors.is_empty() || !factors.chars().all(plain) || factors.trim().contains(' ') && !factors.contains(',') {
        return Some(row);
    }
    let own: Vec<&str> = name.split('-').collect();
    let fits = |factors: &str| {
        factors.split('-').all(|f| f.strip_prefix('!').map_or_else(|| own.contains(&f), |not| !own.contains(&not)))
    };
    expanded(factors).iter().any(|factors| fits(factors)).then(|| rest.trim_start())
}

/// Names with braces in them, written out: `py{310,311}-{a,b}`; several may stand beside each other.
fn expanded(text: &str) -> Vec<String> {
    let mut done: Vec<String> = Vec::new();
    let mut open: Vec<String> = split(text);
    while let Some(name) = open.pop() {
        let Some((start, rest)) = name.split_once('{') else {
            done.push(name);
            continue;
        };
        let Some((inner, end)) = rest.split_once('}') else { continue };
        if open.len() + done.len() > MAX_ENVIRONMENTS {
            break;
        }
        open.extend(inner.split(',').rev().map(|one| format!("{start}{}{end}", one.trim())));
    }
    done
}

/// Pieces between commas and blanks that stand outside of braces, the last first.
fn split(text: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut depth = 0usize;
    for c in text.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        match pieces.last_mut() {
            Some(_) if depth == 0 && (c == ',' || c.is_whitespace()) => pieces.push(String::new()),
            Some(piece) => piece.push(c),
            None => {}
        }
    }
    pieces.retain(|piece| !piece.is_empty());
    pieces.reverse();
    pieces
}

/// Tables of `tox.toml` or `[tool.tox]`; the latter may hold an INI text instead.
pub(super) fn tables(root: Node<'_>, file: &SourceFile, context: &Context<'_>, facts: &mut FileFacts) {
    if let Some(legacy) = root.get("legacy_tox_ini") {
        let parsed = ini::parse(legacy.text().unwrap_or_default());
        let named =
            SourceFile::new(source::join(folder(&file.path), "tox.ini").unwrap_or_default().as_str().into(), String::new());
        let before = (facts.units.len(), facts.facts.len());
        if let Some(root) = parsed.tree.root() {
            sections(root, &named, context, facts);
        }
        // lines of the text are lines of the file, as far down as it begins
        let first = legacy.line().saturating_sub(1);
        for unit in facts.units.iter_mut().skip(before.0) {
            (unit.line, unit.end_line) = (unit.line + first, unit.end_line + first);
        }
        for fact in facts.facts.iter_mut().skip(before.1) {
            (fact.line, fact.end_line) = (fact.line + first, fact.end_line + first);
        }
        return;
    }
    let listed: Vec<(String, u32)> =
        root.get("env_list").map(Node::strings).unwrap_or_default().into_iter().map(|(n, line)| (n.to_owned(), line)).collect();
    let packaged = ["no_package", "skip_sdist"].iter().all(|k| root.get(k).and_then(Node::as_bool) != Some(true));
    let environments = root.get("env");
    let base = root.get("env_run_base");
    let mut names = listed.clone();
    names
        .extend(environments.into_iter().flat_map(|e| e.entries().map(|(k, _)| (k.text.to_owned(), k.line)).collect::<Vec<_>>()));
    names.push(("*".to_owned(), root.key_line("env_run_base").unwrap_or_else(|| root.line())));
    let mut known: BTreeSet<String> = BTreeSet::new();
    for (name, line) in names.into_iter().take(MAX_ENVIRONMENTS) {
        if !known.insert(name.clone()) {
            continue;
        }
        let own = environments.and_then(|e| e.get(&name));
        let value = |key: &str| own.and_then(|o| o.get(key)).or_else(|| base.and_then(|b| b.get(key)));
        let is_set = |key: &str| value(key).and_then(Node::as_bool) == Some(true);
        let mut commands: Vec<(String, u32)> = Vec::new();
        for key in ["commands_pre", "commands", "commands_post"] {
            commands.extend(value(key).into_iter().flat_map(Node::items).filter(|c| c.kind() == Kind::Seq).map(of_words));
        }
        let deps = value("deps").map(Node::strings).unwrap_or_default();
        let at = environments.and_then(|e| e.key_line(&name)).unwrap_or(line);
        let it = Environment {
            line: at,
            end_line: own.map_or(at, |o| o.end_line()),
            deps: deps.into_iter().map(|(d, line)| (d.to_owned(), line)).collect(),
            commands,
            dir: value("change_dir").and_then(Node::text).map(str::to_owned),
            variables: super::tables::literals(value("set_env")),
            ignores_outcome: is_set("ignore_outcome"),
            installs_project: packaged && !is_set("skip_install"),
        };
        state(facts, &name, &it, file, context);
    }
    default(facts, &listed, root.key_line("env_list").unwrap_or_else(|| root.line()));
}

/// A command word by word; `{ replace = "posargs", default = […] }` stands for its default.
fn of_words(command: Node<'_>) -> (String, u32) {
    let mut words: Vec<String> = Vec::new();
    for item in command.items() {
        match (item.text(), item.get("replace").and_then(Node::text)) {
            (Some("-"), _) if words.is_empty() => words.push("-".to_owned()),
            (Some(text), _) if text.contains('{') => words.push(text.to_owned()),
            (Some(text), _) => words.push(quoted(text)),
            (None, Some("posargs")) => {
                words.extend(item.get("default").map(Node::strings).unwrap_or_default().into_iter().map(|(w, _)| quoted(w)));
            }
            _ => words.push(HOLE.to_owned()),
        }
    }
    (words.join(" "), command.line())
}

/// A bare call runs all that are listed, in their order.
fn default(facts: &mut FileFacts, listed: &[(String, u32)], line: u32) {
    let unit = define(facts, "tox", "", line, line);
    if listed.is_empty() {
        runs(facts, unit, line, key("tox", "*"), OnFailure::Stops);
    }
    for (name, line) in listed.iter().take(MAX_ENVIRONMENTS) {
        runs(facts, unit, *line, key("tox", name), OnFailure::Stops);
    }
}

/// States an environment: what it installs, and what it runs.
fn state(facts: &mut FileFacts, name: &str, it: &Environment, file: &SourceFile, context: &Context<'_>) {
    let unit = define(facts, "tox", name, it.line, it.end_line);
    let home = folder(&file.path);
    // what is computed is not known; the root itself is
    let dir = match it.dir.as_deref().map(at_root) {
        None => Some(home.to_owned()),
        Some(dir) => tasks::folder_in(home, Some(&dir)),
    };
    install(facts, unit, it, home, context);
    let up = dir.as_deref().map(|dir| "../".repeat(depth_below(dir, home)));
    for (command, line) in &it.commands {
        let (command, ignored) = match command.strip_prefix('-') {
            Some(rest) => (rest.trim_start(), Some("`-` before the command")),
            None => (command.as_str(), it.ignores_outcome.then_some("ignore_outcome")),
        };
        let command = command.strip_prefix('!').unwrap_or(command).trim_start();
        let text = substituted(command, up.as_deref());
        let shell = Shell { dir: dir.clone(), errexit: true, variables: it.variables.clone(), ..Shell::default() };
        let how = How { shell, ignored, through: Some(THROUGH), condition: None };
        tasks::shell(facts, unit, &text, &|_| *line, &how, context);
    }
}

/// The packages of an environment, as the command that installs them.
fn install(facts: &mut FileFacts, unit: UnitId, it: &Environment, home: &str, context: &Context<'_>) {
    let shell = Shell { dir: Some(home.to_owned()), errexit: true, ..Shell::default() };
    let how = How { shell, through: Some(THROUGH), ..How::default() };
    for (dep, line) in &it.deps {
        let dep = substituted(dep, Some(""));
        let words: Vec<String> = dep.split_whitespace().map(quoted).collect();
        tasks::shell(facts, unit, &format!("pip install {}", words.join(" ")), &|_| *line, &how, context);
    }
    if it.installs_project {
        let line = it.line;
        tasks::shell(facts, unit, "pip install .", &|_| line, &how, context);
    }
}

fn at_root(dir: &str) -> String {
    let dir = dir.replace("{toxinidir}", ".").replace("{tox_root}", ".");
    if dir.is_empty() { ".".to_owned() } else { dir }
}

/// How many folders lie between a folder and one below it.
fn depth_below(dir: &str, home: &str) -> usize {
    let parts = |path: &str| path.split('/').filter(|part| !part.is_empty() && *part != ".").count();
    parts(dir).saturating_sub(parts(home))
}

/// Puts in what is known of an environment; `up` leads from where commands run to the file's folder.
fn substituted(text: &str, up: Option<&str>) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((start, behind)) = rest.split_once('{') {
        let Some((inner, after)) = behind.split_once('}') else { break };
        filled.push_str(start);
        let (name, default) = inner.split_once(':').map_or((inner, None), |(name, default)| (name, Some(default)));
        match (name, up) {
            ("posargs", _) => filled.push_str(default.unwrap_or_default()),
            ("envpython" | "env_python", _) => filled.push_str("python"),
            ("toxinidir" | "tox_root", Some(up)) => {
                filled.push_str(if up.is_empty() { "." } else { up.trim_end_matches('/') });
            }
            ("/", _) => filled.push('/'),
            _ => filled.push_str(HOLE),
        }
        rest = after;
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::FactKind;

    fn told(facts: &FileFacts) -> Vec<String> {
        let of = |f: &crate::fact::Fact| {
            let name = &facts.units.get(f.unit?)?.name;
            match &f.kind {
                FactKind::Command(c) => Some(format!("{name} {}: {}", f.line, c.text())),
                FactKind::Uses(u) => Some(format!("{name} {}> {}", f.line, u.reference)),
                _ => None,
            }
        };
        facts.facts.iter().filter_map(of).collect()
    }

    fn of(text: &str) -> Vec<String> {
        told(&read(&SourceFile::new("tox.ini".into(), text.to_owned()), &Context::default()))
    }

    #[test]
    fn environments_take_what_their_factors_ask_for() {
        let text = "[tox]\nenvlist = py{310,311}, fit\nskipsdist = true\n\n[base]\ndeps =\n  pandas\n\n[testenv]\ndeps =\n  {[base]deps}\n  py311: numpy\ncommands =\n  pytest {posargs:tests} # all\n  !py311: python \\\n    {toxinidir}/old.py\n\n[testenv:fit]\ndeps =\ncommands = - {envpython} -m mill.train\nchangedir = ml\n";
        assert_eq!(
            of(text),
            [
                "tox py310 7: pip install pandas",
                "tox py310 14: pytest tests",
                "tox py310 15: python ./old.py",
                "tox py311 7: pip install pandas",
                "tox py311 12: pip install numpy",
                "tox py311 14: pytest tests",
                "tox fit 20: python -m mill.train",
                "tox * 7: pip install pandas",
                "tox * 14: pytest tests",
                "tox * 15: python ./old.py",
                "tox 2> tox py310",
                "tox 2> tox py311",
                "tox 2> tox fit",
            ]
        );
    }

    #[test]
    fn tables_are_read_word_by_word() {
        let text = "env_list = ['fit']\nno_package = true\n[env_run_base]\ndeps = ['pandas']\n[env.fit]\ncommands = [['python', '-m', 'mill.train', { replace = 'posargs', default = ['--all'] }]]\n";
        let parsed = crate::syntax::toml::parse(text);
        let mut facts = FileFacts::default();
        let file = SourceFile::new("tox.toml".into(), String::new());
        tables(parsed.tree.root().expect("a table"), &file, &Context::default(), &mut facts);
        assert!(told(&facts).contains(&"tox fit 6: python -m mill.train --all".to_owned()), "{:?}", told(&facts));
    }

    #[test]
    fn sections_that_name_each_other_end() {
        let text = "[tox]\nenvlist = {a,{b,\n[testenv]\ncommands = {[x]y}\n[x]\ny = {[x]y}\n";
        assert!(of(text).len() < 10);
        let many = format!("[tox]\nenvlist = {}\n[testenv]\ncommands = ls\n", "{a,b}".repeat(40));
        assert!(of(&many).len() < 1_000);
    }
}
