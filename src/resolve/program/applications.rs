//! Functions that applications answer requests with: what hands them over, what makes the application answer, what the
//! requests are taken in as.

use super::infer::{Ctx, Infer, Type};
use super::{At, Decorator, Destination, FileId, Program};
use crate::rules::pattern::name_fits;
use crate::syntax::python::{CallId, Name, Root, Value};

/// Methods by which applications are made to answer, where it is not known on what they are called.
const ANSWERS: &[&str] = &["run", "run_server", "serve", "serve_forever", "test_client"];

impl Program {
    /// Whether a decorator makes a function answer requests, and runs it for nobody else.
    pub(crate) fn is_route(&self, decorator: &Decorator) -> bool {
        decorator.outside.as_deref().is_some_and(|name| self.world.callables.routes.contains(name))
    }

    /// Whether a decorator hands a function to an application that answers requests: that runs it once something makes the
    /// application answer, and not where its file is imported.
    pub(crate) fn is_of_an_application(&self, decorator: &Decorator) -> bool {
        let root = |name: &str| name.split(['.', '#']).next().unwrap_or_default().to_owned();
        let packages = || self.world.callables.routes.iter().map(|route| root(route));
        decorator.outside.as_deref().is_some_and(|name| name.contains('#') && packages().any(|package| package == root(name)))
    }

    /// Whether a call makes an application answer, by the full name of what is called, or where that is not known by what it
    /// does as written.
    pub(crate) fn makes_answer(&self, file: FileId, call: CallId) -> bool {
        match self.reached(file, call) {
            Destination::External { name, .. } => self.world.callables.served_by.iter().any(|p| name_fits(p, name)),
            Destination::Unknown { .. } => {
                let call = self.world.files.get(file).and_then(|code| code.module().calls.get(call));
                let word = call.filter(|call| !call.callee.path.is_empty()).and_then(|call| call.callee.last());
                word.is_some_and(|word| ANSWERS.contains(&word))
            }
            Destination::Own { .. } => false,
        }
    }

    /// Own classes that the parameters of a function are declared as, also as items of a list.
    pub(crate) fn declared(&self, function: At) -> Vec<At> {
        let Some(scope) = self.scope(function) else { return Vec::new() };
        let ctx = Ctx { file: function.file, scope: scope.parent, at: u32::MAX, conditions: &[] };
        let mut infer = Infer::new(&self.world, Some(&self.sites));
        let mut found = Vec::new();
        for annotation in scope.params.iter().filter_map(|param| param.annotation.as_ref()) {
            let inner = match annotation {
                Name { root: Root::Item(_, item), .. } => match &**item {
                    Value::Name(item) => Some(item),
                    _ => None,
                },
                _ => None,
            };
            for name in std::iter::once(annotation).chain(inner) {
                if let Some(Type::Object(class)) = infer.annotation(name, ctx).map(|found| found.what) {
                    found.push(class);
                }
            }
        }
        found
    }
}
