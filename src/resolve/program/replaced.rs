//! What tests put something else in the place of: patched functions, classes and names from outside.
//!
//! Invariant: only names that are written out count; what is computed replaces nothing that is known.

use super::infer::{Ctx, Found, Infer, Type};
use super::{At, Destination, FileId, Program};
use crate::resolve::python::Place;
use crate::syntax::python::{Call, Name, Root, ScopeId, Target, Value};

/// Most calls and assignments of one file that are looked at.
const MAX_IN_FILE: usize = 500;
/// Most parts of a dotted name.
const MAX_PARTS: usize = 16;

/// What something else stands in for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Replaced {
    /// An own function.
    Function(At),
    /// An own class with all of its methods.
    Class(At),
    /// A name from outside, and what that makes.
    Outside(String),
}

impl Program {
    /// What the functions and classes of a file replace while they run: which, and what.
    pub(crate) fn replaced(&self, file: FileId) -> Vec<(ScopeId, Replaced)> {
        let Some(code) = self.world.files.get(file) else { return Vec::new() };
        let module = code.module();
        let mut found = Vec::new();
        let calls = module.calls.iter().enumerate().filter(|(id, call)| self.replaces(file, *id, call));
        for (id, call) in calls.take(MAX_IN_FILE) {
            // above a function it is for that function alone
            let decorated = module.scopes.iter().position(|s| s.decorators.contains(&Value::Call(id)));
            let scope = decorated.unwrap_or(call.scope);
            found.extend(self.replaced_by(file, call).into_iter().map(|what| (scope, what)));
        }
        let is_field = |name: &Name| matches!(name.root, Root::Local(_)) && !name.path.is_empty();
        for assign in module.assigns.iter().filter(|a| a.scope != 0).take(MAX_IN_FILE) {
            for target in &assign.targets {
                let Target::Name(name) = target else { continue };
                if !is_field(name) {
                    continue;
                }
                let ctx = Ctx { file, scope: assign.scope, at: assign.line, conditions: &[] };
                let mut infer = Infer::new(&self.world, Some(&self.sites));
                let of = infer.chain(name, name.path.len() - 1, ctx);
                // `self.model = …` gives an object its own
                if let (Some(of @ Found { what: Type::Module(_) | Type::Class(_), .. }), Some(last)) = (of, name.path.last()) {
                    found.extend(infer.attribute(of, last).and_then(as_replaced).map(|what| (assign.scope, what)));
                }
            }
        }
        found
    }

    /// Whether a call puts something else in the place of what it names.
    fn replaces(&self, file: FileId, id: usize, call: &Call) -> bool {
        let table = &self.world.callables.replaces;
        let named = match self.reached(file, id) {
            Destination::External { name, .. } => table.contains(&**name),
            Destination::Own { .. } => false,
            Destination::Unknown { .. } => call.callee.dotted().is_some_and(|name| table.contains(&name)),
        };
        // one that only watches still runs it
        named && !call.keywords.iter().any(|(key, value)| key == "wraps" && *value != Value::None)
    }

    /// By one text, or by an object and the text of its attribute.
    fn replaced_by(&self, file: FileId, call: &Call) -> Option<Replaced> {
        let mut infer = Infer::new(&self.world, Some(&self.sites));
        let keyword = |key: &str| call.keywords.iter().find(|(name, _)| name == key).map(|(_, value)| value);
        let first = call.args.first().or_else(|| keyword("target"))?;
        if let Value::Str(text) = first {
            return self.named(&mut infer, file, text);
        }
        let Value::Str(attribute) = call.args.get(1).or_else(|| keyword("attribute").or_else(|| keyword("name")))? else {
            return None;
        };
        let ctx = Ctx { file, scope: call.scope, at: call.line, conditions: &call.conditions };
        let of = infer.value(first, ctx)?;
        infer.attribute(of, attribute).and_then(as_replaced)
    }

    /// What a dotted text names: the longest beginning that is an own module, and what follows.
    fn named<'f>(&'f self, infer: &mut Infer<'f>, file: FileId, text: &'f str) -> Option<Replaced> {
        let code = self.world.files.get(file)?;
        let ends: Vec<usize> = text.match_indices('.').map(|(at, _)| at).take(MAX_PARTS).collect();
        for end in ends.iter().rev() {
            let (module, rest) = (text.get(..*end)?, text.get(end + 1..)?);
            let Some((place @ Place::File(_), _)) = self.world.modules.locate(&code.from, module) else { continue };
            let found = Some(Found::sure(Type::Module(place.into())));
            return rest
                .split('.')
                .try_fold(found, |found, part| Some(infer.attribute(found?, part)))
                .flatten()
                .and_then(as_replaced);
        }
        let top = text.split('.').next().unwrap_or_default();
        (!ends.is_empty() && !self.world.modules.is_own(top)).then(|| Replaced::Outside(text.to_owned()))
    }
}

fn as_replaced(found: Found<'_>) -> Option<Replaced> {
    match found.what {
        Type::Function(at) | Type::Method(at, _) => Some(Replaced::Function(at)),
        Type::Class(at) => Some(Replaced::Class(at)),
        Type::External(name) | Type::Instance(name) => Some(Replaced::Outside(name.to_string())),
        _ => None,
    }
}
