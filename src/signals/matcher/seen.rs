//! Python code of a file and what its names mean, worked out once and asked by many rules.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::fact::{Code, FileFacts};
use crate::resolve::{ALTERNATIVE, Callee, Program};
use crate::signals::Owner;
use crate::source::RepoPath;
use crate::syntax::python::{AssignKind, FlowId, Module, Root, ScopeId, Target, Value};

/// Longest chain of `elif` that is followed.
const ARMS: usize = 20;

/// The code of a file, or of a command in it.
pub(crate) struct Seen<'l> {
    /// For code in a command: the index of the command's fact.
    pub(crate) embedded: Option<usize>,
    /// The file.
    pub(crate) path: RepoPath,
    pub(crate) code: &'l Code,
    /// What each call calls.
    pub(crate) callees: Vec<Callee>,
    /// Calls by the last word of what they call, as resolved.
    pub(crate) by_word: BTreeMap<String, Vec<usize>>,
    /// Calls of the repository's own functions, by the name they are called by.
    pub(crate) by_own: BTreeMap<String, Vec<usize>>,
    /// Calls by the first word of what they call, for what is called from outside.
    pub(crate) by_root: BTreeMap<String, Vec<usize>>,
    /// Resolved names of decorators and of base classes, by scope; scopes without are left out.
    pub(crate) decorators: BTreeMap<ScopeId, Vec<String>>,
    pub(crate) bases: BTreeMap<ScopeId, Vec<String>>,
    /// Whether some call that acts stands under the flow.
    pub(crate) encloses: Vec<bool>,
    /// The branch that comes after a branch of the same statement.
    next_arm: BTreeMap<FlowId, FlowId>,
    /// Plain names that are bound once in their scope: the index of the binding; none where they are bound again.
    bound: BTreeMap<(ScopeId, &'l str), Option<usize>>,
}

/// Methods of Python's own texts and containers.
const OF_VALUES: &[&str] = &[
    "add",
    "append",
    "clear",
    "copy",
    "count",
    "decode",
    "discard",
    "encode",
    "endswith",
    "extend",
    "format",
    "get",
    "index",
    "insert",
    "items",
    "join",
    "keys",
    "lower",
    "pop",
    "remove",
    "replace",
    "reverse",
    "rstrip",
    "setdefault",
    "sort",
    "split",
    "startswith",
    "strip",
    "title",
    "update",
    "upper",
    "values",
];

/// Whether a call does more than change a value at hand; what it prints may be all that a check does.
fn acts(callee: &Callee) -> bool {
    match callee {
        Callee::External { name, .. } => name.contains(['.', '#']) || name == "print",
        Callee::Own { .. } => true,
        Callee::Unknown { method, .. } => method.as_deref().is_none_or(|method| !OF_VALUES.contains(&method)),
    }
}

impl<'l> Seen<'l> {
    /// The codes of a file: its own and those in its commands.
    pub(crate) fn of(path: &RepoPath, facts: &'l FileFacts, program: &Program) -> Vec<Self> {
        let own = facts.code.iter().map(|code| (None, code));
        let embedded = facts.embedded.iter().map(|(fact, code)| (Some(*fact), code));
        own.chain(embedded).map(|(embedded, code)| Self::new(path, embedded, code, program)).collect()
    }

    fn new(path: &RepoPath, embedded: Option<usize>, code: &'l Arc<Code>, program: &Program) -> Self {
        let module = &code.module;
        let callees: Vec<Callee> = (0..module.calls.len()).map(|call| program.callee(path, embedded, call)).collect();
        let [mut by_word, mut by_root, mut by_own] = [const { BTreeMap::<String, Vec<usize>>::new() }; 3];
        for (index, callee) in callees.iter().enumerate() {
            let word = match callee {
                Callee::External { name, .. } | Callee::Own { external_base: Some(name), .. } => Some(last(name)),
                Callee::Own { .. } => None,
                Callee::Unknown { method, .. } => {
                    method.as_deref().or_else(|| module.calls.get(index).and_then(|c| c.callee.last()))
                }
            };
            if let Some(word) = word {
                push(&mut by_word, word, index);
            }
            if let (Callee::Own { .. }, Some(called)) = (callee, module.calls.get(index).and_then(|c| c.callee.last())) {
                push(&mut by_own, called, index);
            }
            if let Callee::External { name, .. } | Callee::Own { external_base: Some(name), .. } = callee {
                // `a.B|c.D#fit` may be of either root
                for class in name.split('#').next().unwrap_or(name).split(ALTERNATIVE) {
                    push(&mut by_root, class.split('.').next().unwrap_or(class), index);
                }
            }
        }
        let named = |values: &[Value], scope: ScopeId| -> Vec<String> {
            let name = |value: &Value| {
                let name = match value {
                    Value::Name(name) => name,
                    Value::Call(call) => &module.calls.get(*call)?.callee,
                    _ => return None,
                };
                program.value(path, embedded, scope, name).or_else(|| name.dotted())
            };
            values.iter().filter_map(name).collect()
        };
        let mut decorators = BTreeMap::new();
        let mut bases = BTreeMap::new();
        for (id, scope) in module.scopes.iter().enumerate() {
            if !scope.decorators.is_empty() {
                decorators.insert(id, named(&scope.decorators, scope.parent));
            }
            if !scope.bases.is_empty() {
                bases.insert(id, named(&scope.bases, scope.parent));
            }
        }
        let mut encloses = vec![false; module.flows.len()];
        let acting = module.calls.iter().zip(&callees).filter(|(_, callee)| acts(callee));
        for flow in acting.flat_map(|(call, _)| &call.conditions) {
            if let Some(it) = encloses.get_mut(*flow) {
                *it = true;
            }
        }
        let next_arm = module.flows.iter().enumerate().filter_map(|(id, flow)| Some((flow.after?, id))).collect();
        Self {
            embedded,
            path: path.clone(),
            code,
            callees,
            by_word,
            by_own,
            by_root,
            decorators,
            bases,
            encloses,
            next_arm,
            bound: bound(module),
        }
    }

    pub(crate) fn module(&self) -> &'l Module {
        &self.code.module
    }

    pub(crate) fn owner(&self, scope: ScopeId) -> Owner {
        match self.embedded {
            Some(fact) => Owner::Embedded(fact, scope),
            None => Owner::Code(scope),
        }
    }

    /// What a plain name stands for where it is bound once, in the scope or at the top level.
    pub(crate) fn value_of(&self, scope: ScopeId, name: &str) -> Option<&'l Value> {
        let binding = self.bound.get(&(scope, name)).or_else(|| self.bound.get(&(0, name)))?;
        self.module().assigns.get((*binding)?).map(|a| &a.value)
    }

    /// The further branches of the statement that a branch begins or belongs to.
    pub(crate) fn arms_after(&self, flow: FlowId) -> impl Iterator<Item = FlowId> {
        std::iter::successors(self.next_arm.get(&flow), |id| self.next_arm.get(*id)).take(ARMS).copied()
    }
}

/// Plain names and their one binding. A name that some function declares `global` may change at any time.
fn bound(module: &Module) -> BTreeMap<(ScopeId, &str), Option<usize>> {
    let mut bound: BTreeMap<(ScopeId, &str), Option<usize>> = BTreeMap::new();
    for (index, assign) in module.assigns.iter().enumerate() {
        let once = assign.kind == AssignKind::Assign && assign.conditions.is_empty();
        for target in &assign.targets {
            let (names, whole) = match target {
                Target::Name(name) => (std::slice::from_ref(name), true),
                Target::Tuple(names) => (names.as_slice(), false),
                Target::Item(..) => continue,
            };
            for name in names {
                if let (Root::Local(local), true) = (&name.root, name.path.is_empty()) {
                    let binding = (once && whole).then_some(index);
                    bound.entry((assign.scope, local)).and_modify(|known| *known = None).or_insert(binding);
                }
            }
        }
    }
    for name in module.scopes.iter().flat_map(|s| &s.globals) {
        bound.insert((0, name), None);
    }
    bound
}

fn push(into: &mut BTreeMap<String, Vec<usize>>, word: &str, call: usize) {
    match into.get_mut(word) {
        Some(calls) => calls.push(call),
        None => drop(into.insert(word.to_owned(), vec![call])),
    }
}

/// The last word of a dotted name.
fn last(name: &str) -> &str {
    name.rsplit(['.', '#']).next().unwrap_or(name)
}
