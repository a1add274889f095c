//! Calls after which nothing of their body runs: of own functions that never come back, and of what skips the rest.
//!
//! Invariant: only what is certain. A method may be another one in a sub-class, a decorator may catch what its function
//! raises, and a call that may be one of several does not count.

use std::collections::HashSet;

use super::index::Leave;
use super::{At, Destination, FileId, Program, Quick, ScopeId};
use crate::syntax::python::{Call, ScopeKind};

/// Functions that call what never comes back, and are called themselves.
const ROUNDS: usize = 8;

/// What ends bodies, by scope.
pub(super) type Ends = std::collections::HashMap<At, Vec<Leave>, Quick>;

impl Program {
    /// Finds the calls that end what they stand in.
    pub(super) fn find_ends(&mut self) {
        let mut never: HashSet<At> = HashSet::new();
        for _ in 0..ROUNDS {
            let ends = self.ends_with(&never);
            let before = never.len();
            for file in 0..self.world.files.len() {
                never.extend(self.without_return(file, &ends));
            }
            self.ends = ends;
            if never.len() == before {
                return;
            }
        }
        self.ends = self.ends_with(&never);
    }

    fn ends_with(&self, never: &HashSet<At>) -> Ends {
        let mut ends = Ends::default();
        for (file, code) in self.world.files.iter().enumerate() {
            for (id, call) in code.module().calls.iter().enumerate() {
                // what stands alone is run where it stands, whatever is made of other values
                if !call.discarded || call.in_try.is_some() {
                    continue;
                }
                let ends_it = match self.reached(file, id) {
                    Destination::Own { to, makes: None, sure: true, .. } => never.contains(to),
                    Destination::External { name, sure: true } => self.world.callables.skips.ends.contains(&**name),
                    _ => false,
                };
                if ends_it {
                    ends.entry(At { file, scope: call.scope }).or_default().push(Leave::of(call));
                }
            }
        }
        ends
    }

    /// Functions of a file that never come back: they always raise or end the process, and nothing returns before.
    fn without_return(&self, file: FileId, ends: &Ends) -> Vec<At> {
        let Some(code) = self.world.files.get(file) else { return Vec::new() };
        let module = code.module();
        let of = |scope: ScopeId| -> Option<At> {
            let at = At { file, scope };
            let written = module.scopes.get(scope)?;
            if written.kind != ScopeKind::Function || !written.decorators.is_empty() || self.world.class_of(at).is_some() {
                return None;
            }
            let own = code.index.raises(scope).chain(ends.get(&at).into_iter().flatten());
            let first = own.filter(|leave| leave.is_certain()).map(Leave::line).min()?;
            let returns = |r: &&crate::syntax::python::Return| r.scope == scope && (r.yields || r.line <= first);
            (module.returns.iter().find(returns).is_none() && !code.index.comes_back_before(scope, first)).then_some(at)
        };
        (0..module.scopes.len()).filter_map(of).collect()
    }

    /// The line of a call that ends the body of another before it.
    pub(super) fn ended_before(&self, file: FileId, call: &Call) -> Option<u32> {
        let ends = self.ends.get(&At { file, scope: call.scope })?;
        ends.iter().find(|leave| leave.is_before(call)).map(Leave::line)
    }

    /// The line of what always ends the body of a scope, by a call.
    pub(super) fn always_ended(&self, at: At) -> Option<u32> {
        let line = self.ends.get(&at)?.iter().find(|leave| leave.is_certain()).map(Leave::line)?;
        let index = &self.world.files.get(at.file)?.index;
        (!index.comes_back_before(at.scope, line)).then_some(line)
    }
}
