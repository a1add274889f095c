//! Tests that marks of their own leave out, whatever runs the rest of their file.

use super::infer::{Ctx, Infer, Type};
use super::{At, Decorator, Destination, FileId, Program};
use crate::syntax::python::{Name, Root, ScopeKind, Target, Value};

/// Classes around a test that are looked at.
const DEPTH: usize = 8;
/// Marks of one file that are looked at.
const MARKS: usize = 20;

impl Program {
    /// Whether a decorator only leaves a test out, and registers nothing.
    pub(crate) fn leaves_out(&self, decorator: &Decorator) -> bool {
        decorator.outside.as_deref().is_some_and(|name| self.world.callables.skips.by.contains(name))
    }

    /// Whether a decorator makes a function answer requests, and runs it for nobody else.
    pub(crate) fn is_route(&self, decorator: &Decorator) -> bool {
        decorator.outside.as_deref().is_some_and(|name| self.world.callables.routes.contains(name))
    }

    /// Why the test that begins on a line of a file is never run: a mark on it, on its class or on the file.
    pub(crate) fn left_out(&self, file: FileId, line: u32) -> Option<String> {
        let code = self.world.files.get(file)?;
        let scopes = &code.module().scopes;
        let begins =
            |id: &usize| scopes.get(*id).is_some_and(|s| s.kind == ScopeKind::Function && code.code.file_line(s.line) == line);
        let mut scope = (0..scopes.len()).find(begins)?;
        for _ in 0..DEPTH {
            let mut marks = self.decorators(At { file, scope }).iter();
            if let Some(mark) = marks.find(|mark| self.leaves_out(mark)) {
                return Some(format!("@{} leaves it out", mark.text));
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
        let skips = &self.world.callables.skips;
        let marks = |target: &Target| match target {
            Target::Name(Name { root: Root::Local(name), path }) => path.is_empty() && skips.marks.contains(name),
            _ => false,
        };
        let given =
            code.module().assigns.iter().filter(|a| a.scope == 0 && a.conditions.is_empty() && a.targets.iter().any(marks));
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
        let by = &self.world.callables.skips.by;
        match mark {
            Value::Call(call) => matches!(self.reached(file, *call), Destination::External { name, .. } if by.contains(&**name)),
            Value::Name(name) => {
                let ctx = Ctx { file, scope: 0, at: line, conditions: &[] };
                let found = Infer::new(&self.world, Some(&self.sites)).name(name, ctx);
                found.is_some_and(|found| matches!(&found.what, Type::External(name) if by.contains(&**name)))
            }
            _ => false,
        }
    }
}
