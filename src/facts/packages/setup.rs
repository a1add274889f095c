//! `setup.py` (literal arguments only; it is never run) and `setup.cfg`.

use std::sync::Arc;

use super::{dependency, entry_point, requirement, setting};
use crate::fact::FileFacts;
use crate::facts::{Context, Reader, When, unparsable};
use crate::source::{SourceFile, file_name};
use crate::syntax::ini;
use crate::syntax::python::{self, Mode, Value};
use crate::syntax::tree::Node;

/// `setup.py`.
pub(crate) const SCRIPT: Reader = Reader { name: "setup.py", wants: |p| file_name(p) == "setup.py", when: When::Always, read: script };
/// `setup.cfg`.
pub(crate) const CONFIG: Reader = Reader { name: "setup.cfg", wants: |p| file_name(p) == "setup.cfg", when: When::Always, read: config };

fn script(file: &SourceFile, _: &Context<'_>) -> FileFacts {
    let mut facts = FileFacts::default();
    let module = python::parse(&file.text, Mode::Module);
    let Some(call) = module.calls.iter().find(|c| c.callee.last() == Some("setup") || c.callee.dotted().as_deref() == Some("setup")) else {
        return facts;
    };
    let line = call.line;
    for (key, value) in &call.keywords {
        match (key.as_str(), value) {
            ("name", Value::Str(name)) => setting(&mut facts, line, "project.name", name),
            ("install_requires", Value::List(items)) => {
                for item in items {
                    if let Value::Str(text) = item
                        && let Some(parsed) = requirement(text)
                    {
                        dependency(&mut facts, line, parsed, None, false);
                    }
                }
            }
            ("entry_points", Value::Dict(groups)) => {
                for (group, list) in groups {
                    let (Value::Str(group), Value::List(items)) = (group, list) else { continue };
                    if group != "console_scripts" {
                        continue;
                    }
                    for item in items {
                        if let Value::Str(text) = item
                            && let Some((name, target)) = text.split_once('=')
                        {
                            entry_point(&mut facts, line, name, target);
                        }
                    }
                }
            }
            _ => {}
        }
    }
    facts
}

fn config(file: &SourceFile, _: &Context<'_>) -> FileFacts {
    let parsed = ini::parse(&file.text);
    let mut facts = FileFacts { notices: parsed.errors.iter().map(|e| unparsable(file, e)).collect(), ..FileFacts::default() };
    if let Some(root) = parsed.tree.root() {
        if let Some(name) = root.get("metadata").and_then(|m| m.get("name")).and_then(|n| Some((n.text()?, n.line()))) {
            setting(&mut facts, name.1, "project.name", name.0);
        }
        for (text, line) in rows(root.get("options").and_then(|o| o.get("install_requires"))) {
            if let Some(parsed) = requirement(text) {
                dependency(&mut facts, line, parsed, None, false);
            }
        }
        for (text, line) in rows(root.get("options.entry_points").and_then(|o| o.get("console_scripts"))) {
            if let Some((name, target)) = text.split_once('=') {
                entry_point(&mut facts, line, name, target);
            }
        }
    }
    facts.tree = Some(Arc::new(parsed.tree));
    facts
}

/// The rows of a multi-line value with their lines.
fn rows(node: Option<Node<'_>>) -> Vec<(&str, u32)> {
    let Some((text, line)) = node.and_then(|n| Some((n.text()?, n.line()))) else { return Vec::new() };
    text.lines().enumerate().map(|(n, row)| (row.trim(), line + n as u32)).filter(|(row, _)| !row.is_empty()).collect()
}
