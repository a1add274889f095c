//! Tests that marks of their own leave out, whatever runs the rest of their file.

use std::sync::Arc;

use super::infer::{Ctx, Infer, Type};
use super::{At, Decorator, Destination, FileId, Program, World};
use crate::resolve::selected::{Held, Test};
use crate::rules::callables::Skips;
use crate::syntax::python::{CallId, Name, Root, Scope, ScopeId, ScopeKind, Target, Value};

/// Classes around a test that are looked at.
const DEPTH: usize = 8;
/// Marks of one file that are looked at.
const MARKS: usize = 20;
/// Where marks begin.
const MARK: &str = "pytest.mark.";

impl Program {
    /// Whether a decorator only leaves a test out, and registers nothing.
    pub(crate) fn leaves_out(&self, decorator: &Decorator) -> bool {
        decorator.outside.as_deref().is_some_and(|name| self.world.callables.skips.by.contains(name))
    }

    /// The function that begins on a line of a file.
    fn begins(&self, file: FileId, line: u32) -> Option<ScopeId> {
        let code = self.world.files.get(file)?;
        let is = |s: &Scope| s.kind == ScopeKind::Function && code.code.file_line(s.line) == line;
        code.module().scopes.iter().position(is)
    }

    /// The test that begins on a line of a file, as runners know it.
    pub(crate) fn test(&self, file: FileId, line: u32) -> Option<Test> {
        let code = self.world.files.get(file)?;
        let mut scope = self.begins(file, line)?;
        let mut test = Test { path: code.path.clone(), class: self.class_of_test(file, scope), ..Test::default() };
        for _ in 0..DEPTH {
            let written = code.module().scopes.get(scope)?;
            test.names.insert(0, written.name.rsplit('.').next().unwrap_or_default().to_owned());
            // marks of a class hold for those that build on it
            let bases = self.world.bases.get(&At { file, scope });
            test.more_marks |= bases.is_some_and(|bases| bases.unknown);
            let above = bases.into_iter().flat_map(|bases| &bases.order).copied().filter(|at| *at != At { file, scope });
            for decorator in [At { file, scope }].into_iter().chain(above).flat_map(|at| self.decorators(at)) {
                test.marked(decorator.outside.as_deref());
            }
            scope = written.parent;
            if scope == 0 {
                break;
            }
        }
        let skips = &self.world.callables.skips;
        for assign in code.module().assigns.iter().filter(|a| a.scope == 0 && a.targets.iter().any(|t| skips.are_marks(t))) {
            let all = match &assign.value {
                Value::List(items) | Value::Tuple(items) => items.as_slice(),
                one => std::slice::from_ref(one),
            };
            for mark in all.iter().take(MARKS) {
                test.marked(self.mark(file, mark, assign.line).as_deref());
            }
        }
        // hooks may mark any test
        test.more_marks |= self.world.marks_tests();
        Some(test)
    }

    /// How the class around a function is made; none where it stands in none.
    fn class_of_test(&self, file: FileId, scope: ScopeId) -> Option<Held> {
        let scopes = &self.world.files.get(file)?.module().scopes;
        let parent = scopes.get(scope)?.parent;
        match scopes.get(parent)?.kind {
            ScopeKind::Class => {}
            ScopeKind::Function | ScopeKind::Lambda => return Some(Held::Other),
            ScopeKind::Module | ScopeKind::Main => return None,
        }
        let class = At { file, scope: parent };
        let outside = self.external_bases(class).iter().any(|base| &**base != "object");
        if outside || self.world.bases.get(&class).is_none_or(|bases| bases.unknown) {
            return Some(Held::Other);
        }
        let made = ["__init__", "__new__"].into_iter().any(|name| self.method(class, name).is_some());
        Some(if made { Held::Made } else { Held::Plain })
    }

    /// Why the test that begins on a line of a file is never run: a mark on it, on its class or on the file.
    pub(crate) fn left_out(&self, file: FileId, line: u32) -> Option<String> {
        let code = self.world.files.get(file)?;
        let scopes = &code.module().scopes;
        let mut scope = self.begins(file, line)?;
        for _ in 0..DEPTH {
            let mut marks = self.decorators(At { file, scope }).iter();
            if let Some(mark) = marks.find(|mark| self.leaves_out(mark) || mark.call.is_some_and(|c| self.skips_by(file, c))) {
                return Some(format!("@{} leaves it out", mark.text));
            }
            if let Some(line) = self.always_ended(At { file, scope }) {
                return Some(format!("line {} ends it before it is through", code.code.file_line(line)));
            }
            scope = scopes.get(scope)?.parent;
            if scope == 0 {
                break;
            }
        }
        self.file_left_out(file)
    }

    /// The mark of a file that leaves out all of its tests.
    fn file_left_out(&self, file: FileId) -> Option<String> {
        let code = self.world.files.get(file)?;
        if let Some(line) = self.always_ended(At { file, scope: 0 }) {
            return Some(format!("line {} ends its file before any test", code.code.file_line(line)));
        }
        let skips = &self.world.callables.skips;
        let given = code
            .module()
            .assigns
            .iter()
            .filter(|a| a.scope == 0 && a.conditions.is_empty() && a.targets.iter().any(|t| skips.are_marks(t)));
        for assign in given {
            let all = match &assign.value {
                Value::List(items) | Value::Tuple(items) => items.as_slice(),
                one => std::slice::from_ref(one),
            };
            if all.iter().take(MARKS).any(|mark| self.skips(file, mark, assign.line)) {
                return Some(format!("line {} leaves out every test of the file", code.code.file_line(assign.line)));
            }
        }
        None
    }

    fn skips(&self, file: FileId, mark: &Value, line: u32) -> bool {
        let by_call = matches!(mark, Value::Call(call) if self.skips_by(file, *call));
        by_call || self.mark(file, mark, line).is_some_and(|name| self.world.callables.skips.by.contains(&*name))
    }

    /// Whether a mark that asks for a condition has one that is constant, and so leaves out.
    fn skips_by(&self, file: FileId, call: CallId) -> bool {
        let Destination::External { name, .. } = self.reached(file, call) else { return false };
        let skips = &self.world.callables.skips;
        let (when, unless) = (skips.when.contains(&**name), skips.unless.contains(&**name));
        let Some(call) = self.world.files.get(file).and_then(|code| code.module().calls.get(call)) else { return false };
        let first = call.args.first().or_else(|| call.keywords.iter().find(|(key, _)| key == "condition").map(|(_, v)| v));
        // a text is a condition of its own
        let Some(first) = first.filter(|v| (when || unless) && !matches!(v, Value::Str(_))) else { return false };
        self.constant(file, first, call.scope) == Some(when)
    }

    /// The full name of a mark.
    fn mark(&self, file: FileId, mark: &Value, line: u32) -> Option<Arc<str>> {
        match mark {
            Value::Call(call) => match self.reached(file, *call) {
                Destination::External { name, .. } => Some(name.clone()),
                _ => None,
            },
            Value::Name(name) => {
                let ctx = Ctx { file, scope: 0, at: line, conditions: &[] };
                let found = Infer::new(&self.world, Some(&self.sites)).name(name, ctx)?;
                match &found.what {
                    Type::External(name) => Some(Arc::from(&**name)),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

impl World {
    /// Whether hooks of the repository may mark any test.
    fn marks_tests(&self) -> bool {
        let hook = |f: &super::CodeFile| {
            crate::source::file_name(&f.path) == "conftest.py"
                && f.module().scopes.iter().any(|s| s.name == "pytest_collection_modifyitems")
        };
        *self.hooks.get_or_init(|| self.files.iter().any(hook))
    }
}

impl Skips {
    fn are_marks(&self, target: &Target) -> bool {
        match target {
            Target::Name(Name { root: Root::Local(name), path }) => path.is_empty() && self.marks.contains(name),
            _ => false,
        }
    }
}

impl Test {
    /// Takes in what stands above a test or is given to all of a file, by its full name.
    fn marked(&mut self, outside: Option<&str>) {
        match outside {
            Some(name) => match name.strip_prefix(MARK) {
                Some("parametrize") => self.more_names = true,
                Some(mark) => {
                    self.marks.insert(mark.to_owned());
                }
                None => {}
            },
            // what is not known may do both
            None => {
                self.more_names = true;
                self.more_marks = true;
            }
        }
    }
}
