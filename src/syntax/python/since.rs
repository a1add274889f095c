//! What only later versions of Python 3 take.
//!
//! An interpreter that is pinned below such a version cannot even import the file, so only what is met on every import
//! counts: syntax anywhere in the file, and annotations that a definition evaluates where it stands. What a guess would
//! be needed for (a union of own classes, whose metaclass may allow it) is left out.

use ruff_python_ast::{Expr, Stmt};
use ruff_python_parser::{UnsupportedSyntaxError, UnsupportedSyntaxErrorKind as Kind};
use ruff_text_size::Ranged;

use super::lower::Lower;
use super::model::{FlowKind, ImportGuard, ScopeKind, Since};

/// Depth to which an annotation is followed.
const MAX_DEPTH: u32 = 12;

/// What the parser met that its oldest version does not know.
pub(super) fn of_syntax(text: &str, met: &[UnsupportedSyntaxError], into: &mut Vec<Since>) {
    for error in met {
        let (minor, what) = match error.kind {
            Kind::Walrus => (8, "an assignment inside an expression"),
            Kind::PositionalOnlyParameter => (8, "positional-only parameters"),
            Kind::RelaxedDecorator(_) => (9, "any expression as a decorator"),
            Kind::Match => (10, "`match`"),
            Kind::ExceptStar => (11, "`except*`"),
            Kind::StarExpressionInIndex | Kind::StarAnnotation => (11, "a star inside an index or annotation"),
            Kind::TypeParameterList => (12, "type parameters"),
            Kind::TypeAliasStatement => (12, "a `type` statement"),
            Kind::Pep701FString(_) => (12, "nested quotes or backslashes in an f-string"),
            Kind::TypeParamDefault => (13, "defaults of type parameters"),
            Kind::TemplateStrings => (14, "template strings"),
            // accepted by interpreters before the version that documents it, or removed again
            _ => continue,
        };
        let before = text.as_bytes().get(..error.range.start().to_usize()).unwrap_or_default();
        let line = memchr::memchr_iter(b'\n', before).count() as u32 + 1;
        add(into, Since { minor, line, what });
    }
}

/// Whether annotations of this text are never evaluated: it says so at its head.
pub(super) fn postpones(body: &[Stmt]) -> bool {
    body.iter().take(50).any(|statement| match statement {
        Stmt::ImportFrom(import) => {
            import.module.as_ref().is_some_and(|m| m.as_str() == "__future__")
                && import.names.iter().any(|n| n.name.as_str() == "annotations")
        }
        _ => false,
    })
}

impl Lower<'_> {
    /// Looks at an annotation that is evaluated where we stand.
    pub(super) fn evaluated(&mut self, annotation: &Expr) {
        if self.postponed || self.guard != ImportGuard::None || self.handler.is_some() || !self.on_import() {
            return;
        }
        if let Some((minor, what)) = newer(annotation, MAX_DEPTH) {
            let line = self.line(annotation.start());
            add(&mut self.module.since, Since { minor, line, what });
        }
    }

    /// Whether whoever imports the file certainly runs this place.
    fn on_import(&self) -> bool {
        let mut at = self.scope;
        for _ in 0..8 {
            let Some(scope) = self.module.scopes.get(at) else { return false };
            match scope.kind {
                ScopeKind::Module => return self.conditions().iter().chain(&scope.conditions).all(|f| self.always(*f)),
                ScopeKind::Class if scope.conditions.iter().all(|f| self.always(*f)) => at = scope.parent,
                _ => return false,
            }
        }
        false
    }

    fn always(&self, flow: usize) -> bool {
        self.module.flows.get(flow).is_some_and(|f| f.kind == FlowKind::With)
    }
}

fn add(into: &mut Vec<Since>, since: Since) {
    match into.iter_mut().find(|s| s.minor == since.minor) {
        Some(known) if since.line < known.line => *known = since,
        Some(_) => {}
        None => into.push(since),
    }
}

/// The latest version that evaluating an annotation certainly asks for.
fn newer(annotation: &Expr, depth: u32) -> Option<(u8, &'static str)> {
    let depth = depth.checked_sub(1)?;
    match annotation {
        Expr::BinOp(both) if both.op.as_str() == "|" => {
            let plain = is_plain(&both.left) && is_plain(&both.right);
            let one = is_built_in(&both.left) || is_built_in(&both.right);
            if plain && one {
                return Some((10, "`|` between types in an annotation"));
            }
            newer(&both.left, depth).max(newer(&both.right, depth))
        }
        Expr::Subscript(item) => {
            let inner = newer(&item.slice, depth);
            let generic = matches!(&*item.value, Expr::Name(n) if GENERIC.contains(&n.id.as_str()));
            inner.max(generic.then_some((9, "an index on a built-in type in an annotation")))
        }
        Expr::Tuple(tuple) => tuple.elts.iter().take(20).filter_map(|e| newer(e, depth)).max(),
        Expr::List(list) => list.elts.iter().take(20).filter_map(|e| newer(e, depth)).max(),
        _ => None,
    }
}

const GENERIC: &[&str] = &["list", "dict", "tuple", "set", "frozenset", "type"];
const BUILT_IN: &[&str] = &["str", "int", "float", "bool", "bytes", "list", "dict", "tuple", "set", "frozenset"];

fn is_built_in(expression: &Expr) -> bool {
    matches!(expression, Expr::Name(n) if BUILT_IN.contains(&n.id.as_str()))
}

/// A built-in type or `None`: what no class of one's own can make a union of.
fn is_plain(expression: &Expr) -> bool {
    matches!(expression, Expr::NoneLiteral(_)) || is_built_in(expression)
}

#[cfg(test)]
mod tests {
    use super::super::{Mode, parse};

    fn check(text: &str, expected: &[(u8, u32)]) {
        let mut found: Vec<(u8, u32)> = parse(text, Mode::Module).since.iter().map(|s| (s.minor, s.line)).collect();
        found.sort_unstable();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn syntax_of_later_versions() {
        check("match a:\n    case 1:\n        pass\n", &[(10, 1)]);
        check("def f():\n    if (n := 3):\n        pass\n", &[(8, 2)]);
        check("x = 1\nprint(f'{x}')\nwith open('a') as a:\n    pass\n", &[]);
    }

    #[test]
    fn annotations_that_are_evaluated() {
        check("def f(a: str | None = None):\n    pass\n", &[(10, 1)]);
        check("class A:\n    def f(self) -> list[int]:\n        pass\n", &[(9, 2)]);
        check("from typing import Optional\nn: Optional[dict[str, int]] = None\n", &[(9, 2)]);
    }

    #[test]
    fn annotations_that_are_not_evaluated_or_not_certain() {
        check("from __future__ import annotations\ndef f(a: str | None = None):\n    pass\n", &[]);
        check("def f(a: 'str | None' = None):\n    pass\n", &[]);
        check("def f():\n    n: list[int] = []\n    def g(a: str | None):\n        pass\n", &[]);
        check("import own\ndef f(a: own.A | own.B, b: own.C | None = None):\n    pass\n", &[]);
        check("import sys\nif sys.version_info >= (3, 10):\n    def f(a: str | None):\n        pass\n", &[]);
    }
}
