//! What runs only after a person's answer: a button of a page, a question at the prompt.

use crate::resolve::program::{CodeFile, Destination, FileId, Program};
use crate::syntax::python::{AssignKind, CallId, FlowId, FlowKind, Name, Root, ScopeId, Value};

use super::wording::text_of;
use super::written::binds;

/// How far a name is followed to what it is bound to.
const DEPTH: u32 = 6;

impl Program {
    /// The test, among these conditions, that holds only once a person has answered.
    pub(crate) fn asks_a_person(&self, file: FileId, conditions: &[FlowId]) -> Option<String> {
        let code = self.files().get(file)?;
        let flows = conditions.iter().filter_map(|flow| code.module().flows.get(*flow));
        let mut tested = flows.filter(|f| matches!(f.kind, FlowKind::If | FlowKind::Elif | FlowKind::While));
        tested.find_map(|flow| {
            let test = flow.test.as_ref()?;
            self.is_answer((file, code), test, flow.scope, DEPTH).then(|| text_of(test, 3))
        })
    }

    /// Whether a value is what a person answers, or holds only with it.
    fn is_answer(&self, at: (FileId, &CodeFile), value: &Value, scope: ScopeId, depth: u32) -> bool {
        let Some(depth) = depth.checked_sub(1) else { return false };
        let answer = |value: &Value| self.is_answer(at, value, scope, depth);
        match value {
            Value::Call(call) => self.is_asking(at, *call, depth),
            Value::Name(name) => match &name.root {
                Root::Call(call) => self.is_asking(at, *call, depth),
                Root::Local(local) => name.path.is_empty() && self.is_bound_to_answer(at, local, scope, depth),
                _ => false,
            },
            Value::Compare { left, rights, .. } => answer(left) || rights.iter().any(answer),
            Value::BoolOp { op: "and", values } => values.iter().any(answer),
            Value::BoolOp { values, .. } => !values.is_empty() && values.iter().all(answer),
            _ => false,
        }
    }

    fn is_asking(&self, (file, code): (FileId, &CodeFile), call: CallId, depth: u32) -> bool {
        if let Destination::External { name, .. } = self.reached(file, call)
            && self.world.callables.asks_a_person(name)
        {
            return true;
        }
        // a method of the answer: `input("go?").lower()`
        let root = code.module().calls.get(call).map(|call| &call.callee);
        matches!(root, Some(Name { root: Root::Call(inner), .. }) if depth > 0 && self.is_asking((file, code), *inner, depth - 1))
    }

    fn is_bound_to_answer(&self, at: (FileId, &CodeFile), local: &str, scope: ScopeId, depth: u32) -> bool {
        let assigns = || at.1.module().assigns.iter().filter(|a| binds(a, local));
        let own = assigns().filter(|a| a.scope == scope).count();
        // the main block shares the names of the top level
        let scope = if own == 0 { 0 } else { scope };
        let mut bound = assigns().filter(|a| a.scope == scope).peekable();
        bound.peek().is_some() && bound.all(|a| a.kind == AssignKind::Assign && self.is_answer(at, &a.value, scope, depth))
    }
}
