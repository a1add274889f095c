//! What a constant switches off, or a certain way out before it.

use super::{At, CodeFile, FileId, FlowId, FlowKind, Program, Root, ScopeId, Value, text_of};
use crate::resolve::python::Place;
use crate::syntax::python::{Call, Name, ParamKind};

/// The truth of a name of a scope that is no constant of the file.
type Given<'g> = &'g dyn Fn(ScopeId, &Name) -> Option<bool>;

impl Program {
    /// Why a call never happens: a constant switches it off, or its body has always been left before.
    pub(crate) fn never(&self, file: FileId, call: &Call) -> Option<String> {
        let left = || self.left_before(file, call).map(|line| format!("line {line} always ends it before"));
        self.off(file, &call.conditions).or_else(left)
    }

    /// The line, as files count them, of what always leaves the body of a call before it.
    pub(crate) fn left_before(&self, file: FileId, call: &Call) -> Option<u32> {
        let code = self.world.files.get(file)?;
        let line = code.index.left_before(call).or_else(|| self.ended_before(file, call));
        line.map(|line| code.code.file_line(line))
    }

    /// Why what stands under these flows never runs: the constant that switches it off, as written.
    pub(crate) fn off(&self, file: FileId, conditions: &[FlowId]) -> Option<String> {
        let code = self.world.files.get(file)?;
        let flows = &code.module().flows;
        let given: Given<'_> = &|scope, name| self.given(file, scope, name);
        conditions.iter().filter_map(|f| flows.get(*f)).find_map(|flow| match flow.kind {
            FlowKind::If | FlowKind::Elif | FlowKind::While => {
                let test = flow.test.as_ref()?;
                (code.constant(test, flow.scope, given, 4) == Some(false)).then(|| format!("if {}", text_of(test, 3)))
            }
            FlowKind::Else => {
                let before = flows.get(flow.after?)?;
                let test = before.test.as_ref().filter(|_| matches!(before.kind, FlowKind::If | FlowKind::Elif))?;
                (code.constant(test, before.scope, given, 4) == Some(true))
                    .then(|| format!("the else of: if {}", text_of(test, 3)))
            }
            _ => None,
        })
    }

    /// The truth of a name that the file itself does not settle.
    fn given(&self, file: FileId, scope: ScopeId, name: &Name) -> Option<bool> {
        let Root::Local(local) = &name.root else { return None };
        let default = || self.by_default(file, scope, local).filter(|_| name.path.is_empty());
        default().or_else(|| self.imported(file, scope, local, &name.path))
    }

    /// The truth of a constant of another file: a literal that it is given once there, and that nobody gives another from
    /// elsewhere.
    fn imported(&self, file: FileId, scope: ScopeId, local: &str, path: &[String]) -> Option<bool> {
        let code = self.world.files.get(file)?;
        let import = code.module().imports.get(code.index.only_import(code.module(), scope, local)?)?;
        let place = self.world.modules.of_import(&code.from, import)?;
        let child = import.name.as_deref().and_then(|name| self.world.modules.child(&place, name));
        let (place, wanted) = match (path, import.name.as_deref(), child) {
            ([], Some(name), None) => (place, name),
            ([field], Some(_), Some(child)) => (child, field.as_str()),
            // without another name only the first part of a dotted one is bound
            ([field], None, _) if import.aliased || !import.module.contains('.') => (place, field.as_str()),
            _ => return None,
        };
        let Place::File(path) = place else { return None };
        let there = self.world.files.get(*self.world.by_path.get(&path)?)?;
        let truth = match there.index.only_literal(there.module(), 0, wanted)? {
            Value::Bool(yes) => *yes,
            Value::Int(number) => *number != 0,
            Value::None => false,
            _ => return None,
        };
        // `settings.TRAIN = …`, whoever says so
        (!self.given_fields.contains(wanted)).then_some(truth)
    }

    /// The truth of a value that needs no run.
    pub(super) fn constant(&self, file: FileId, value: &Value, scope: ScopeId) -> Option<bool> {
        let given: Given<'_> = &|scope, name| self.given(file, scope, name);
        self.world.files.get(file)?.constant(value, scope, given, 4)
    }

    /// The truth of a parameter that no call fills: its default, where everyone who runs the function is known.
    fn by_default(&self, file: FileId, scope: ScopeId, name: &str) -> Option<bool> {
        let (function, position) = self.world.files.get(file)?.index.only_param(scope, name)?;
        let at = At { file, scope: function };
        let written = self.world.scope(at)?;
        let param = written.params.get(position).filter(|p| matches!(p.kind, ParamKind::Plain | ParamKind::Keyword))?;
        let truth = match param.default.as_ref()? {
            Value::Bool(yes) => *yes,
            Value::None => false,
            _ => return None,
        };
        if !written.decorators.is_empty() || self.world.class_of(at).is_some() {
            return None;
        }
        let sites = self.sites.get(&at).filter(|sites| !sites.is_empty())?;
        let empty = |call: &Call| {
            let spread = call.args.iter().any(|v| matches!(v, Value::Starred(_)));
            let named = call.keywords.iter().any(|(key, _)| *key == param.name || key == "**");
            !spread && !named && (param.kind == ParamKind::Keyword || call.args.len() <= position)
        };
        let called = |site: &super::Site| self.world.files.get(site.file).and_then(|f| f.module().calls.get(site.call));
        let handed = || self.passed.iter().flat_map(|of| of.values().flatten()).any(|passed| passed.at == at);
        (sites.iter().all(|site| called(site).is_some_and(empty)) && !handed()).then_some(truth)
    }
}

impl CodeFile {
    /// The truth of a test that needs no run: literals, names of the top level that are given one literal once, and what
    /// else is `given`.
    fn constant(&self, test: &Value, scope: ScopeId, given: Given<'_>, depth: u32) -> Option<bool> {
        let depth = depth.checked_sub(1)?;
        match test {
            Value::Bool(yes) => Some(*yes),
            Value::Int(number) => Some(*number != 0),
            Value::None => Some(false),
            Value::Str(text) => Some(!text.is_empty()),
            Value::Unary { op: "not", value } => self.constant(value, scope, given, depth).map(|yes| !yes),
            Value::BoolOp { op, values } => {
                let stop = *op == "or";
                let parts: Vec<Option<bool>> = values.iter().map(|v| self.constant(v, scope, given, depth)).collect();
                if parts.contains(&Some(stop)) { Some(stop) } else { parts.iter().all(|p| *p == Some(!stop)).then_some(!stop) }
            }
            Value::Name(name) => {
                if name.last() == Some("TYPE_CHECKING") {
                    return Some(false);
                }
                let Root::Local(local) = &name.root else { return None };
                if !name.path.is_empty() {
                    return given(scope, name);
                }
                match self.index.only_literal(self.module(), scope, local) {
                    Some(value @ (Value::Bool(_) | Value::Int(_))) => self.constant(value, scope, given, depth),
                    Some(_) => None,
                    None => given(scope, name),
                }
            }
            _ => None,
        }
    }
}
