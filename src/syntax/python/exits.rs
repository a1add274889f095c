//! What a body does to what would come after it, and whether a handler swallows a failure.
//!
//! Only what the statements themselves say counts: a call of a function that raises is found later, by whoever
//! follows calls. Nothing is claimed that is not certain, so an exit with a computed status is no failure.

use ruff_python_ast::{ExceptHandler, Expr, ExprCall, Number, Stmt, StmtIf, UnaryOp};

use super::model::Exits;

/// How far bodies inside bodies are looked into.
const DEPTH: usize = 16;

/// What a body always does, if it runs.
pub(super) fn of_body(body: &[Stmt]) -> Exits {
    body_within(body, DEPTH)
}

fn body_within(body: &[Stmt], depth: usize) -> Exits {
    let Some(depth) = depth.checked_sub(1) else { return Exits::Nothing };
    body.iter().map(|statement| of_statement(statement, depth)).find(|e| *e != Exits::Nothing).unwrap_or(Exits::Nothing)
}

fn of_statement(statement: &Stmt, depth: usize) -> Exits {
    match statement {
        Stmt::Raise(raise) => raise.exc.as_deref().map_or(Exits::Raises, of_raised),
        Stmt::Return(_) => Exits::ReturnsEarly,
        Stmt::Break(_) | Stmt::Continue(_) => Exits::Skips,
        Stmt::Assert(assert) => match &*assert.test {
            Expr::BooleanLiteral(literal) if !literal.value => Exits::Raises,
            _ => Exits::Nothing,
        },
        Stmt::Expr(statement) => match &*statement.value {
            Expr::Call(call) => of_call(call),
            _ => Exits::Nothing,
        },
        Stmt::With(with) => body_within(&with.body, depth),
        Stmt::If(branches) => of_branches(branches, depth),
        _ => Exits::Nothing,
    }
}

/// All branches must leave, and there must be an `else`.
fn of_branches(branches: &StmtIf, depth: usize) -> Exits {
    if branches.elif_else_clauses.last().is_none_or(|clause| clause.test.is_some()) {
        return Exits::Nothing;
    }
    let mut result = body_within(&branches.body, depth);
    for clause in &branches.elif_else_clauses {
        let next = body_within(&clause.body, depth);
        result = match (result, next) {
            (Exits::Nothing, _) | (_, Exits::Nothing) => return Exits::Nothing,
            (a, b) if a == b => a,
            (Exits::Skips, _) | (_, Exits::Skips) => Exits::Skips,
            (Exits::ReturnsEarly, _) | (_, Exits::ReturnsEarly) => Exits::ReturnsEarly,
            _ => Exits::Raises,
        };
    }
    result
}

/// `raise SystemExit(0)` ends well, `raise SystemExit("why")` does not; every other exception is one.
fn of_raised(raised: &Expr) -> Exits {
    let (callee, status) = match raised {
        Expr::Call(call) => (&*call.func, exit_status(call)),
        other => (other, Exits::ReturnsEarly),
    };
    match last_name(callee) {
        Some("SystemExit" | "Exit") => status,
        _ => Exits::Raises,
    }
}

/// `sys.exit(1)`, `exit("why")`, `os._exit(1)`, `os.abort()`, `parser.error("why")`.
fn of_call(call: &ExprCall) -> Exits {
    let base = match &*call.func {
        Expr::Attribute(attribute) => match &*attribute.value {
            Expr::Name(name) => Some(name.id.as_str()),
            _ => return Exits::Nothing,
        },
        Expr::Name(_) => None,
        _ => return Exits::Nothing,
    };
    match (base, last_name(&call.func)) {
        (None, Some("exit" | "quit" | "_exit")) | (Some("sys"), Some("exit")) | (Some("os"), Some("_exit")) => exit_status(call),
        (Some("os"), Some("abort")) => Exits::ExitsNonZero,
        // argparse's way to end with status 2
        (Some(base), Some("error")) if base.ends_with("parser") => Exits::ExitsNonZero,
        _ => Exits::Nothing,
    }
}

/// What the status handed to an exit says. The first argument decides, by position or by name.
fn exit_status(call: &ExprCall) -> Exits {
    let argument = call.arguments.args.first().or_else(|| call.arguments.keywords.first().map(|k| &k.value));
    let fails = match argument {
        Some(Expr::NumberLiteral(literal)) => !matches!(&literal.value, Number::Int(value) if value.as_i64() == Some(0)),
        Some(Expr::UnaryOp(unary)) => unary.op == UnaryOp::USub,
        Some(Expr::StringLiteral(_) | Expr::FString(_)) => true,
        Some(Expr::BooleanLiteral(literal)) => literal.value,
        _ => false,
    };
    if fails { Exits::ExitsNonZero } else { Exits::ReturnsEarly }
}

/// The last component of a name or attribute.
pub(super) fn last_name(expression: &Expr) -> Option<&str> {
    match expression {
        Expr::Name(name) => Some(name.id.as_str()),
        Expr::Attribute(attribute) => Some(attribute.attr.as_str()),
        _ => None,
    }
}

/// Does this type (none for a bare `except`), or one of a tuple of types, satisfy the question?
fn catches(caught: Option<&Expr>, wanted: &[&str]) -> bool {
    match caught {
        None => true,
        Some(Expr::Tuple(types)) => types.elts.iter().any(|t| last_name(t).is_some_and(|n| wanted.contains(&n))),
        Some(one) => last_name(one).is_some_and(|n| wanted.contains(&n)),
    }
}

/// Catches every failure.
pub(super) fn is_broad(caught: Option<&Expr>) -> bool {
    catches(caught, &["Exception", "BaseException"])
}

/// Catches an import that fails.
pub(super) fn catches_import(caught: Option<&Expr>) -> bool {
    catches(caught, &["Exception", "BaseException", "ImportError", "ModuleNotFoundError"])
}

/// Functions whose result the file ends its process with: `sys.exit(main())`, `raise SystemExit(main())`.
pub(super) fn statuses(body: &[Stmt]) -> Vec<String> {
    fn inner(statement: &Stmt) -> &[Stmt] {
        match statement {
            Stmt::If(branches) => &branches.body,
            _ => &[],
        }
    }
    let called = |statement: &Stmt| {
        let ends = match statement {
            Stmt::Raise(raise) => raise.exc.as_deref(),
            Stmt::Expr(statement) => Some(&*statement.value),
            _ => None,
        };
        let Some(Expr::Call(call)) = ends else { return None };
        let leaves = matches!(last_name(&call.func), Some("SystemExit" | "Exit" | "exit" | "quit" | "_exit"));
        match call.arguments.args.first().filter(|_| leaves)? {
            Expr::Call(result) => last_name(&result.func).map(str::to_owned),
            _ => None,
        }
    };
    body.iter().flat_map(|s| std::iter::once(s).chain(inner(s))).filter_map(called).collect()
}

/// Whether a body ends in a status that tells of a failure.
fn returns_failure(body: &[Stmt]) -> bool {
    let Some(Stmt::Return(returned)) = body.last() else { return false };
    matches!(returned.value.as_deref(), Some(Expr::NumberLiteral(literal)) if !matches!(&literal.value, Number::Int(value) if value.as_i64() == Some(0)))
}

/// The handler that swallows most: a broad one before one that names its exceptions.
/// The first that fits a failure wins in Python, so a broad one that raises again does not count; nor does one that returns
/// a failure, where what is `returned` is the status of the process.
pub(super) fn swallowing(handlers: &[ExceptHandler], returned: bool) -> Option<(&ExceptHandler, bool)> {
    let swallows = |handler: &ExceptHandler| {
        let ExceptHandler::ExceptHandler(inner) = handler;
        let kept = returned && returns_failure(&inner.body);
        !kept && matches!(of_body(&inner.body), Exits::Nothing | Exits::Skips | Exits::ReturnsEarly)
    };
    let broad = |handler: &ExceptHandler| {
        let ExceptHandler::ExceptHandler(inner) = handler;
        is_broad(inner.type_.as_deref())
    };
    let mut quiet = handlers.iter().filter(|h| swallows(h));
    let first = quiet.next()?;
    let best = std::iter::once(first).chain(quiet).find(|h| broad(h)).unwrap_or(first);
    Some((best, broad(best)))
}
