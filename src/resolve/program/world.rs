//! What is known of all files before a call is followed: who has which methods, which class builds on which, and, after
//! the first round, who calls what.

use std::collections::HashMap;

use super::infer::{Found, Infer, Type};
use super::{At, Bases, CallId, CodeFile, Destination, Quick, ScopeKind, Site, Sites, Value, World};

impl World {
    pub(super) fn scope(&self, at: At) -> Option<&crate::syntax::python::Scope> {
        self.files.get(at.file)?.module().scopes.get(at.scope)
    }

    pub(super) fn kind(&self, at: At) -> Option<ScopeKind> {
        self.scope(at).map(|s| s.kind)
    }

    /// The class whose body a function stands in directly.
    pub(super) fn class_of(&self, function: At) -> Option<At> {
        let parent = At { scope: self.scope(function)?.parent, ..function };
        (self.kind(parent)? == ScopeKind::Class).then_some(parent)
    }

    pub(super) fn scopes_of(&self, kind: ScopeKind) -> impl Iterator<Item = At> + '_ {
        self.files.iter().enumerate().flat_map(move |(file, code)| {
            let scopes = code.module().scopes.iter().enumerate();
            scopes.filter(move |(_, s)| s.kind == kind).map(move |(scope, _)| At { file, scope })
        })
    }

    pub(super) fn find_methods(&mut self) {
        let mut methods: HashMap<Box<str>, Vec<At>> = HashMap::new();
        for function in self.scopes_of(ScopeKind::Function) {
            if let (Some(class), Some(scope)) = (self.class_of(function), self.scope(function)) {
                let name = scope.name.rsplit('.').next().unwrap_or_default();
                let classes = methods.entry(name.into()).or_default();
                if classes.last() != Some(&class) {
                    classes.push(class);
                }
            }
        }
        self.methods = methods;
    }

    pub(super) fn find_bases(&mut self) {
        let mut infer = Infer::new(self, None);
        let classes: Vec<At> = self.scopes_of(ScopeKind::Class).collect();
        let mut direct: HashMap<At, Vec<Option<Found<'_>>>> = HashMap::new();
        for class in &classes {
            direct.insert(*class, infer.direct_bases(*class));
        }
        let mut bases = HashMap::default();
        let mut subclasses: HashMap<At, Vec<At>, Quick> = HashMap::default();
        for class in classes {
            let mut found = Bases::default();
            // depth first, left to right, each class once
            let mut stack = vec![class];
            while let Some(next) = stack.pop() {
                if found.order.contains(&next) || found.order.len() >= 20 {
                    continue;
                }
                found.order.push(next);
                let of_next = direct.get(&next).map_or(&[][..], Vec::as_slice);
                for base in of_next {
                    match base.as_ref().map(|b| &b.what) {
                        Some(Type::Class(_)) => {}
                        Some(Type::External(name)) if says_nothing(name) => {}
                        Some(Type::External(name)) => found.external.push(name.clone()),
                        _ => found.unknown = true,
                    }
                }
                stack.extend(of_next.iter().rev().flatten().filter_map(|b| match b.what {
                    Type::Class(own) => Some(own),
                    _ => None,
                }));
            }
            let own = direct.get(&class).into_iter().flatten().flatten();
            for base in own {
                if let Type::Class(base) = base.what {
                    subclasses.entry(base).or_default().push(class);
                }
            }
            bases.insert(class, found);
        }
        self.bases = bases;
        self.subclasses = subclasses;
    }

    /// Who calls what, test code left out: what a test passes says nothing about the program.
    pub(super) fn find_sites(&self, reached: &[Vec<Destination>], most: usize) -> Sites {
        let mut sites = Sites::default();
        for (file, calls) in reached.iter().enumerate() {
            let Some(code) = self.files.get(file).filter(|f| !is_test_path(&f.path)) else { continue };
            for (call, reached) in calls.iter().enumerate() {
                let Destination::Own { to, makes, .. } = reached else { continue };
                let found = sites.entry(*to).or_default();
                // one more than is ever used says that there are too many
                if found.len() <= most {
                    let bound = makes.is_some() || self.is_bound(code, call, *to);
                    found.push(Site { file, call, offset: usize::from(bound) });
                }
            }
        }
        sites
    }

    /// Whether a call of a method hands over the object by itself: not for static ones, nor for `Base.method(self)`.
    pub(super) fn is_bound(&self, code: &CodeFile, call: CallId, to: At) -> bool {
        let Some(scope) = self.scope(to).filter(|_| self.class_of(to).is_some()) else { return false };
        let has = |word: &str| scope.decorators.iter().any(|d| matches!(d, Value::Name(n) if n.last() == Some(word)));
        let explicit = code.module().calls.get(call).and_then(|c| c.args.first()).is_some_and(
            |first| matches!(first, Value::Name(n) if n.path.is_empty() && n.last().is_some() && n.last() == scope.params.first().map(|p| p.name.as_str())),
        );
        has("classmethod") || !(has("staticmethod") || explicit)
    }
}

/// Bases that give a class nothing that anybody could call.
fn says_nothing(name: &str) -> bool {
    matches!(name, "object" | "abc.ABC") || name.starts_with("typing.") || name.starts_with("typing_extensions.")
}

/// Test code by its path alone.
fn is_test_path(path: &str) -> bool {
    let name = crate::source::file_name(path);
    name.starts_with("test_")
        || name.ends_with("_test.py")
        || name == "conftest.py"
        || path.split('/').any(|p| matches!(p, "tests" | "test"))
}
