//! What a constant switches off.

use super::{CodeFile, FileId, FlowId, FlowKind, Program, Root, ScopeId, Value, text_of};

impl Program {
    /// Why what stands under these flows never runs: the constant that switches it off, as written.
    pub(crate) fn off(&self, file: FileId, conditions: &[FlowId]) -> Option<String> {
        let code = self.world.files.get(file)?;
        let flows = &code.module().flows;
        conditions.iter().filter_map(|f| flows.get(*f)).find_map(|flow| match flow.kind {
            FlowKind::If | FlowKind::Elif | FlowKind::While => {
                let test = flow.test.as_ref()?;
                (code.constant(test, flow.scope, 4) == Some(false)).then(|| format!("if {}", text_of(test, 3)))
            }
            FlowKind::Else => {
                let before = flows.get(flow.after?)?;
                let test = before.test.as_ref().filter(|_| matches!(before.kind, FlowKind::If | FlowKind::Elif))?;
                (code.constant(test, before.scope, 4) == Some(true)).then(|| format!("the else of: if {}", text_of(test, 3)))
            }
            _ => None,
        })
    }
}

impl CodeFile {
    /// The truth of a test that needs no run: literals, and names of the top level that are given one literal once.
    fn constant(&self, test: &Value, scope: ScopeId, depth: u32) -> Option<bool> {
        let depth = depth.checked_sub(1)?;
        match test {
            Value::Bool(yes) => Some(*yes),
            Value::Int(number) => Some(*number != 0),
            Value::None => Some(false),
            Value::Str(text) => Some(!text.is_empty()),
            Value::Unary { op: "not", value } => self.constant(value, scope, depth).map(|yes| !yes),
            Value::BoolOp { op, values } => {
                let stop = *op == "or";
                let parts: Vec<Option<bool>> = values.iter().map(|v| self.constant(v, scope, depth)).collect();
                if parts.contains(&Some(stop)) { Some(stop) } else { parts.iter().all(|p| *p == Some(!stop)).then_some(!stop) }
            }
            Value::Name(name) => {
                if name.last() == Some("TYPE_CHECKING") {
                    return Some(false);
                }
                let Root::Local(local) = &name.root else { return None };
                let value = self.index.only_literal(self.module(), scope, local).filter(|_| name.path.is_empty())?;
                matches!(value, Value::Bool(_) | Value::Int(_)).then(|| self.constant(value, scope, depth))?
            }
            _ => None,
        }
    }
}
