//! What a step runs, where that is a file: a script in its folder, or a definition that another file holds.
//!
//! A path is that of the folder where the code is run that says it, nearly always the root; where it is there it is sure,
//! beside the code itself or by its end alone it is inferred. Only what is missing from a folder that is there is broken.

use std::collections::BTreeMap;

use super::Lowering;
use super::steps::{CALLERS, DEPTH, Place};
use crate::fact::{Command, Defined, FactKind, UsesTarget};
use crate::facts::shell::HOLE;
use crate::resolve::program::{At, Destination, FileId};
use crate::rules::orchestrator::{Step as Rule, names};
use crate::source;
use crate::syntax::python::{Call, CallId, Name, Root, Target, Value};
use crate::syntax::shell::Word;
use crate::words::EdgeKind;

/// Objects on the way from a step to what says its script.
const VIA: u32 = 5;

impl<'b> Lowering<'b> {
    /// The call that describes the work which this call makes a step of, and its rule.
    pub(super) fn described(&self, file: FileId, call: &'b Call) -> Option<((FileId, CallId), &'b Rule)> {
        if !self.rule.steps.iter().any(|rule| rule.described) {
            return None;
        }
        let of = match &call.callee {
            Name { root: Root::Call(inner), path } if path.is_empty() => (file, *inner),
            Name { root: Root::Local(_), path } if path.is_empty() => {
                self.program.maker(At { file, scope: call.scope }, call.line, &Value::Name(call.callee.clone()))?
            }
            _ => return None,
        };
        Some((of, self.work_of(of).filter(|rule| rule.described)?))
    }

    /// The rule of a call that makes something which runs.
    pub(super) fn work_of(&self, (file, id): (FileId, CallId)) -> Option<&'b Rule> {
        let name = self.outside(file, id)?;
        self.rule.steps.iter().find(|rule| names(&rule.call, name))
    }

    pub(super) fn described_step(&mut self, file: FileId, id: CallId, call: &'b Call, of: (FileId, CallId), rule: &'b Rule) {
        self.defined(file, id, Defined::default());
        let Some(pipe) = self.owner(file, id, CALLERS) else { return };
        let name = call.callee.last().map_or_else(|| "step".to_owned(), str::to_owned);
        let unit = self.step(file, id, call, &name, Some(pipe), false);
        self.content(Place { file, unit, line: call.line }, of, rule);
    }

    /// The folder of the repository that a value names, if it is there.
    pub(super) fn folder(&self, file: FileId, at: At, line: u32, value: &'b Value) -> Option<String> {
        let text = self.text(at, line, value, DEPTH).filter(|text| !text.contains('$'))?;
        let beside = source::folder(&self.code(file).path);
        [".", beside]
            .into_iter()
            .filter_map(|from| source::join(from, &text))
            .find(|dir| dir == "." || self.inventory.is_dir(dir))
    }

    /// A script that the call names, or that an object names which it is given or called on.
    pub(super) fn script(&mut self, to: Place, of: (FileId, CallId), rule: &'b Rule) {
        let Some((by, script, folder)) = self.script_of(of, rule, VIA) else { return };
        if script.contains("://") || folder.as_deref().is_some_and(|f| f.contains("://")) {
            let what = folder.unwrap_or(script);
            self.hand_over(to.file, to.unit, to.line, &what, UsesTarget::Remote(what.clone()), EdgeKind::Invokes);
            return;
        }
        let path = folder.as_ref().map_or_else(|| script.clone(), |folder| format!("{}/{script}", folder.trim_end_matches('/')));
        let path = self.mounted(&path).unwrap_or(path);
        if script == HOLE {
            let what = "a script that is given from outside".to_owned();
            self.hand_over(to.file, to.unit, to.line, &what, UsesTarget::Remote(what.clone()), EdgeKind::Invokes);
            return;
        }
        let there = |from: &str| source::join(from, &path).filter(|p| self.inventory.contains(p));
        let folder = || folder.as_deref().and_then(|f| source::join(".", f)).filter(|f| f != "." && self.inventory.is_dir(f));
        let (word, dir) = match path.contains('$') {
            true => (path.clone(), None),
            false => match there(".") {
                Some(found) => (found, Some(".".to_owned())),
                None => match there(source::folder(&self.code(by).path)) {
                    Some(found) => (found, None),
                    None => (path.clone(), folder().map(|_| ".".to_owned())),
                },
            },
        };
        let program = match source::extension(&script) {
            Some("sh" | "bash") => "bash",
            Some("R" | "r") => "Rscript",
            _ => "python",
        };
        let literal = !word.contains('$');
        let words = vec![Word { text: program.to_owned(), literal: true }, Word { text: word, literal }];
        // what the script is given is told in many ways, none of which is followed
        let command = Command { more: true, ..Command::new(words, dir) };
        self.fact(to.file, to.unit, to.line, FactKind::Command(command));
    }

    /// A call that the step is given to make: what it does is done by the step.
    pub(super) fn made_by_the_step(&mut self, to: Place, (file, id): (FileId, CallId), rule: &'b Rule) {
        let made = rule.makes.as_ref().and_then(|key| {
            let call = self.call(file, id)?;
            self.program.maker(At { file, scope: call.scope }, call.line, self.keyword(file, call, key)?)
        });
        if let Some((by, call)) = made.filter(|(by, _)| *by == to.file) {
            self.defined(by, call, Defined { unit: Some(to.unit), runs: false });
        }
    }

    /// The file that says it, the script and its folder.
    fn script_of(&self, (file, id): (FileId, CallId), rule: &'b Rule, depth: u32) -> Option<(FileId, String, Option<String>)> {
        let depth = depth.checked_sub(1)?;
        let call = self.call(file, id)?;
        let at = At { file, scope: call.scope };
        let text = |value: &'b Value| self.text(at, call.line, value, DEPTH).unwrap_or_else(|| HOLE.to_owned());
        let given = |keys: &'b [String]| keys.iter().find_map(|key| self.keyword(file, call, key)).filter(|v| **v != Value::None);
        if let Some(script) = given(&rule.script) {
            return Some((file, text(script), given(&rule.folder).map(text)));
        }
        let through = rule.via.iter().filter_map(|key| self.keyword(file, call, key)).take(2);
        let made = through.filter_map(|value| self.program.maker(at, call.line, value));
        made.chain(self.receiver_of(file, call)).find_map(|of| self.script_of(of, rule, depth))
    }

    /// What a variable of the environment is set to, where every file that sets it says the same; that it is this one
    /// which reaches the program is likely, not told, so a hole stands before it.
    pub(super) fn variable(&self, key: &str) -> Option<String> {
        let all = self.seen.variables.get_or_init(|| {
            let mut all: BTreeMap<String, Option<String>> = BTreeMap::new();
            for fact in self.book.values().flat_map(|facts| &facts.facts) {
                let FactKind::Setting { key, value } = &fact.kind else { continue };
                let known = all.entry(key.clone()).or_insert_with(|| Some(value.clone()));
                *known = known.take().filter(|known| known == value && !value.contains(['$', '{']));
            }
            all
        });
        all.get(key).cloned().flatten().map(|value| format!("{HOLE}{value}"))
    }

    /// What an attribute of an own class is given in its body, of an object of that class (`settings.script`).
    pub(super) fn attribute(&self, at: At, line: u32, name: &'b Name, depth: u32) -> Option<String> {
        let (Root::Local(object), [attribute]) = (&name.root, name.path.as_slice()) else { return None };
        let object = Value::Name(Name { root: Root::Local(object.clone()), path: Vec::new() });
        let (file, call) = self.program.maker(at, line, &object)?;
        let Destination::Own { makes: Some(class), .. } = self.program.reached(file, call) else { return None };
        let of_class = self.code(class.file).module().assigns.iter().filter(|assign| assign.scope == class.scope);
        let mut given = of_class.filter(|assign| {
            assign.targets.iter().any(|target| matches!(target, Target::Name(it) if it.dotted().as_deref() == Some(attribute)))
        });
        let one = given.next().filter(|_| given.next().is_none())?;
        self.text(*class, one.line, &one.value, depth)
    }

    /// The call that made what a method is called on.
    pub(super) fn receiver_of(&self, file: FileId, call: &'b Call) -> Option<(FileId, CallId)> {
        match &call.callee {
            Name { root: Root::Call(inner), path } if !path.is_empty() => Some((file, *inner)),
            Name { root: Root::Local(name), path } if !path.is_empty() => {
                let name = Name { root: Root::Local(name.clone()), path: Vec::new() };
                self.program.maker(At { file, scope: call.scope }, call.line, &Value::Name(name))
            }
            _ => None,
        }
    }

    /// A step that another file defines.
    pub(super) fn defined_by_file(&mut self, to: Place, of: FileId, call: &'b Call, value: Option<&'b Value>) {
        let text = value.and_then(|value| self.text(At { file: of, scope: call.scope }, call.line, value, DEPTH));
        let text = text.unwrap_or_else(|| HOLE.to_owned());
        let found = self.file_named(of, &text);
        let (says, target) = match found {
            Some(path) => (text, UsesTarget::File(path)),
            None => {
                let what = if text.contains('$') { "a definition that cannot be told here".to_owned() } else { text };
                (what.clone(), UsesTarget::Remote(what))
            }
        };
        self.hand_over(to.file, to.unit, to.line, &says, target, EdgeKind::Invokes);
    }

    /// The file that a path in the code means: from the root, or else beside the code.
    pub(super) fn file_named(&self, by: FileId, text: &str) -> Option<String> {
        let beside = source::folder(&self.code(by).path);
        let text = text.strip_prefix(HOLE).map_or(text, |rest| rest.trim_start_matches('/'));
        let from = [".", beside].into_iter().filter(|_| !text.contains('$') && !text.is_empty());
        from.filter_map(|from| source::join(from, text)).find(|path| self.inventory.contains(path))
    }
}
