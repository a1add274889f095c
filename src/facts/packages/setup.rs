//! `setup.py` (literal arguments only; it is never run) and `setup.cfg`.

use std::sync::Arc;

use super::{dependency, entry_point, includes, requirement, rows, script, setting, without_comment};
use crate::fact::FileFacts;
use crate::facts::{Context, Reader, When, unparsable};
use crate::source::{SourceFile, file_name};
use crate::syntax::ini;
use crate::syntax::python::{self, Call, Mode, Module, Name, Root, Target, Value};
use crate::syntax::tree::Node;

/// `setup.py`.
pub(crate) const SCRIPT: Reader =
    Reader { name: "setup.py", wants: |path| file_name(path) == "setup.py", when: When::Always, read: read_script };
/// `setup.cfg`.
pub(crate) const CONFIG: Reader =
    Reader { name: "setup.cfg", wants: |path| file_name(path) == "setup.cfg", when: When::Always, read: read_config };

/// Deepest nesting of names and sums that is followed.
const MAX_DEPTH: usize = 8;

/// The script as code, and the call that it is about.
struct Setup<'m> {
    module: &'m Module,
    call: &'m Call,
}

fn read_script(file: &SourceFile, _: &Context<'_>) -> FileFacts {
    let mut facts = FileFacts::default();
    let module = python::parse(&file.text, Mode::Module);
    let Some(call) = module.calls.iter().find(|c| c.callee.last() == Some("setup")) else { return facts };
    let setup = Setup { module: &module, call };
    let mut arguments: Vec<(&str, &Value)> = Vec::new();
    for (key, value) in &call.keywords {
        match setup.value(value, 0) {
            // setup(**settings)
            Value::Dict(pairs) if key == "**" => arguments.extend(pairs.iter().filter_map(|(k, v)| Some((text(k)?, v)))),
            value => arguments.push((key.as_str(), value)),
        }
    }
    for (key, value) in arguments {
        match key {
            "name" => {
                if let Some(name) = text(setup.value(value, 0)) {
                    setting(&mut facts, setup.line_of(name), "project.name", name);
                }
            }
            "install_requires" => setup.requires(value, None, &mut facts),
            "tests_require" => setup.requires(value, Some("test"), &mut facts),
            "extras_require" => {
                if let Value::Dict(groups) = setup.value(value, 0) {
                    for (group, list) in groups {
                        setup.requires(list, text(group), &mut facts);
                    }
                }
            }
            "entry_points" => setup.entry_points(value, &mut facts),
            "scripts" => {
                for path in setup.texts(value, 0) {
                    script(&mut facts, setup.line_of(path), file, path);
                }
            }
            _ => {}
        }
    }
    facts
}

fn text(value: &Value) -> Option<&str> {
    match value {
        Value::Str(text) => Some(text),
        _ => None,
    }
}

impl<'m> Setup<'m> {
    /// A value, or the one that the name it is has been given once at the top level.
    fn value(&self, value: &'m Value, depth: usize) -> &'m Value {
        let Value::Name(Name { root: Root::Local(name), path }) = value else { return value };
        if depth > MAX_DEPTH || !path.is_empty() {
            return value;
        }
        let is_it =
            |target: &Target| matches!(target, Target::Name(n) if n.path.is_empty() && n.root == Root::Local(name.clone()));
        let mut bound = self.module.assigns.iter().filter(|a| a.scope == 0 && a.targets.iter().any(is_it));
        match (bound.next(), bound.next()) {
            (Some(assign), None) => self.value(&assign.value, depth + 1),
            _ => value,
        }
    }

    /// The texts of a list, of a sum of lists, or the rows of one text.
    fn texts(&self, value: &'m Value, depth: usize) -> Vec<&'m str> {
        if depth > MAX_DEPTH {
            return Vec::new();
        }
        match self.value(value, 0) {
            Value::Str(text) => text.lines().map(without_comment).filter(|row| !row.is_empty()).collect(),
            Value::List(items) | Value::Tuple(items) => items
                .iter()
                .flat_map(|item| match item {
                    Value::Starred(inner) => self.texts(inner, depth + 1),
                    item => text(self.value(item, 0)).into_iter().collect(),
                })
                .collect(),
            Value::BinOp { op: "+", left, right } => {
                let mut all = self.texts(left, depth + 1);
                all.extend(self.texts(right, depth + 1));
                all
            }
            _ => Vec::new(),
        }
    }

    /// The line of a string: in the call where it stands there, else the first that it stands on.
    fn line_of(&self, text: &str) -> u32 {
        let holds = |s: &&(String, u32)| s.0 == text || (s.0.contains('\n') && s.0.contains(text));
        let all = || self.module.strings.iter().filter(holds);
        let within = all().find(|(_, line)| (self.call.line..=self.call.end_line).contains(line));
        let Some((whole, line)) = within.or_else(|| all().next()) else { return self.call.line };
        let rows = whole.lines().position(|row| row.contains(text)).unwrap_or(0);
        line.saturating_add(u32::try_from(rows).unwrap_or(0))
    }

    fn requires(&self, list: &'m Value, group: Option<&str>, facts: &mut FileFacts) {
        for text in self.texts(list, 0) {
            if let Some(it) = requirement::read(text) {
                dependency(facts, self.line_of(text), it, group, false);
            }
        }
    }

    fn entry_points(&self, value: &'m Value, facts: &mut FileFacts) {
        match self.value(value, 0) {
            Value::Dict(groups) => {
                for (group, list) in groups {
                    if text(group).is_some_and(|g| matches!(g, "console_scripts" | "gui_scripts")) {
                        self.commands(self.texts(list, 0), facts);
                    }
                }
            }
            // all of it as one text with sections
            Value::Str(all) => {
                let mut wanted = false;
                let rows = all.lines().map(without_comment).filter(|row| {
                    if row.starts_with('[') {
                        wanted = matches!(row.trim_matches(['[', ']']).trim(), "console_scripts" | "gui_scripts");
                        return false;
                    }
                    wanted
                });
                self.commands(rows.collect(), facts);
            }
            _ => {}
        }
    }

    fn commands(&self, rows: Vec<&str>, facts: &mut FileFacts) {
        for row in rows {
            if let Some((name, target)) = row.split_once('=') {
                entry_point(facts, self.line_of(row), name, target);
            }
        }
    }
}

fn read_config(file: &SourceFile, _: &Context<'_>) -> FileFacts {
    let parsed = ini::parse(&file.text);
    let mut facts = FileFacts { notices: parsed.errors.iter().map(|e| unparsable(file, e)).collect(), ..FileFacts::default() };
    if let Some(root) = parsed.tree.root() {
        if let Some(name) = root.get("metadata").and_then(|m| m.get("name")).and_then(|n| Some((n.text()?, n.line()))) {
            setting(&mut facts, name.1, "project.name", name.0.trim());
        }
        let options = root.get("options");
        requires(options.and_then(|o| o.get("install_requires")), None, file, &mut facts);
        requires(options.and_then(|o| o.get("tests_require")), Some("test"), file, &mut facts);
        for (key, list) in root.get("options.extras_require").into_iter().flat_map(|e| e.entries().collect::<Vec<_>>()) {
            requires(Some(list), Some(key.text), file, &mut facts);
        }
        let points = root.get("options.entry_points");
        for key in ["console_scripts", "gui_scripts"] {
            for (row, line) in points.and_then(|p| p.get(key)).map(rows).unwrap_or_default() {
                if let Some((name, target)) = row.split_once('=') {
                    entry_point(&mut facts, line, name, target);
                }
            }
        }
        for (path, line) in options.and_then(|o| o.get("scripts")).map(rows).unwrap_or_default() {
            script(&mut facts, line, file, path);
        }
    }
    facts.tree = Some(Arc::new(parsed.tree));
    facts
}

fn requires(list: Option<Node<'_>>, group: Option<&str>, file: &SourceFile, facts: &mut FileFacts) {
    for (row, line) in list.map(rows).unwrap_or_default() {
        if let Some(paths) = row.strip_prefix("file:") {
            for path in paths.split(',') {
                includes(facts, line, file, path);
            }
        } else if let Some(it) = requirement::read(row) {
            dependency(facts, line, it, group, false);
        }
    }
}
