//! What a Python file says, as plain data: nothing borrowed, no parser type.
//!
//! The vectors of a [`Module`] refer to each other by index. Calls stand in the order in which Python would
//! evaluate them within one statement (`a(b())` records `b` first), statements in the order of the text.

use crate::syntax::SyntaxError;

/// Index into [`Module::scopes`]; 0 is the top level.
pub type ScopeId = usize;
/// Index into [`Module::calls`].
pub type CallId = usize;
/// Index into [`Module::flows`].
pub type FlowId = usize;

/// One Python file, or the joined code cells of a notebook.
#[derive(Debug, Clone, Default)]
pub struct Module {
    /// Scopes; the first is the top level.
    pub scopes: Vec<Scope>,
    /// Imports, wherever they stand.
    pub imports: Vec<Import>,
    /// Calls, in order of evaluation within a statement.
    pub calls: Vec<Call>,
    /// What is bound to names: assignments, `with … as`, `for … in`, walrus.
    pub assigns: Vec<Assign>,
    /// What decides whether a statement runs, and what ends a run.
    pub flows: Vec<Flow>,
    /// Results of functions.
    pub returns: Vec<Return>,
    /// Statements that only state a value which is no call: `extract >> train`.
    pub expressions: Vec<Expression>,
    /// String literals with their lines; statements that are only a string (docstrings) are left out.
    pub strings: Vec<(String, u32)>,
    /// What the parser had to step over, at most 20.
    pub errors: Vec<SyntaxError>,
    /// The first line that no Python 3 can read, in a file that is run as it stands; none where the line may be meant for
    /// another interpreter.
    pub unreadable: Option<u32>,
    /// True where a bound was hit, so that something may be missing.
    pub truncated: bool,
    /// What only later interpreters take, met whenever the file is imported; the first place for each version.
    pub since: Vec<Since>,
}

/// Something that an interpreter older than a version of Python 3 refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Since {
    /// The first minor version of Python 3 that takes it.
    pub minor: u8,
    /// Its line.
    pub line: u32,
    /// What it is, in short.
    pub what: &'static str,
}

/// What kind of region a scope is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScopeKind {
    /// The top level of the file.
    Module,
    /// The body of `if __name__ == "__main__":`. It shares the names of the top level.
    Main,
    /// A `def`.
    Function,
    /// The body of a `class`.
    Class,
    /// A `lambda`.
    Lambda,
}

/// A region whose code runs together: the top level, a function, a class body.
#[derive(Debug, Clone)]
pub struct Scope {
    /// What it is.
    pub kind: ScopeKind,
    /// Qualified name (`Trainer.fit`, `outer.inner`, `outer.<lambda>`); empty for the top level, `__main__` for Main.
    pub name: String,
    /// The scope in whose text it stands; its own index for the top level.
    pub parent: ScopeId,
    /// First line: of the `def`, `class` or `if`, not of a decorator.
    pub line: u32,
    /// Last line.
    pub end_line: u32,
    /// Decorators from top to bottom.
    pub decorators: Vec<Value>,
    /// Parameters in order.
    pub params: Vec<Param>,
    /// Base classes.
    pub bases: Vec<Value>,
    /// What the function says it returns.
    pub returns_annotation: Option<Name>,
    /// Flows of the parent scope under which the definition stands, outermost first.
    pub conditions: Vec<FlowId>,
    /// Names declared `global` or `nonlocal`.
    pub globals: Vec<String>,
}

/// How a parameter takes its argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParamKind {
    /// By position, or by position and name.
    Plain,
    /// `*args`.
    Rest,
    /// By name only.
    Keyword,
    /// `**kwargs`.
    KeywordRest,
}

/// A parameter of a function or lambda.
#[derive(Debug, Clone)]
pub struct Param {
    /// Its name, without stars.
    pub name: String,
    /// How it takes its argument.
    pub kind: ParamKind,
    /// Its declared type; `Optional[X]`, `X | None` and `Annotated[X, …]` are `X`.
    pub annotation: Option<Name>,
    /// The first call that stands beside the type in `Annotated[X, …]`.
    pub marker: Option<CallId>,
    /// Its default.
    pub default: Option<Value>,
    /// Its line.
    pub line: u32,
}

/// Why an import may not happen, or may fail quietly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportGuard {
    /// It happens whenever its scope runs.
    None,
    /// Under `if TYPE_CHECKING:`; never happens at run time.
    TypeChecking,
    /// In a `try` that catches a failing import, or in its handler.
    Try,
}

/// One name brought in by an import statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// Where it stands.
    pub scope: ScopeId,
    /// The module, dotted, without the dots that say how far up; empty for `from . import x`.
    pub module: String,
    /// How many dots stood before the module.
    pub level: u32,
    /// The name taken from the module, `*` for all; none for `import module`.
    pub name: Option<String>,
    /// The name it is bound to here: `a` for `import a.b`, `*` for a star.
    pub local: String,
    /// There was an `as`: `import a.b as a` binds `a` to `a.b`, `import a.b` binds it to `a`.
    pub aliased: bool,
    /// Its line.
    pub line: u32,
    /// Why it may not happen.
    pub guard: ImportGuard,
}

/// Where a dotted name begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Root {
    /// A name.
    Local(String),
    /// The result of a call: `Trainer(x)` in `Trainer(x).fit`.
    Call(CallId),
    /// An element of something, with the key: `models["a"]` in `models["a"].fit`.
    Item(Box<Name>, Box<Value>),
    /// A string literal: `",".join`.
    Str(String),
    /// Anything else.
    Other,
}

/// A dotted name: where it begins, and the attributes taken from there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// Where it begins.
    pub root: Root,
    /// The attributes, in order; at most 64.
    pub path: Vec<String>,
}

impl Name {
    /// The name as text (`mlflow.sklearn.log_model`), where it begins with a plain name.
    pub fn dotted(&self) -> Option<String> {
        let Root::Local(first) = &self.root else { return None };
        let mut text = first.clone();
        for part in &self.path {
            text.push('.');
            text.push_str(part);
        }
        Some(text)
    }

    /// The last component: the attribute, or the plain name itself.
    pub fn last(&self) -> Option<&str> {
        match (&self.root, self.path.last()) {
            (_, Some(last)) => Some(last),
            (Root::Local(name), None) => Some(name),
            _ => None,
        }
    }
}

/// A call.
#[derive(Debug, Clone)]
pub struct Call {
    /// Where it stands.
    pub scope: ScopeId,
    /// What is called.
    pub callee: Name,
    /// Arguments by position, at most 200.
    pub args: Vec<Value>,
    /// Arguments by name, at most 200; `**` for an unpacked mapping.
    pub keywords: Vec<(String, Value)>,
    /// The line of the called name: in a chain over several lines that of the last attribute.
    pub line: u32,
    /// The line of the closing parenthesis.
    pub end_line: u32,
    /// Flows of the same scope under which it stands, outermost first; of more than 32 the innermost.
    pub conditions: Vec<FlowId>,
    /// The result is not used: the call is a statement.
    pub discarded: bool,
    /// Under `await`.
    pub awaited: bool,
    /// It stands in a `try` (or `suppress`) that swallows a failure.
    pub in_try: Option<Handler>,
}

/// A handler that lets the program go on as if nothing had happened: it neither raises nor exits with failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Handler {
    /// The line of the `except` (or of the `with suppress`).
    pub line: u32,
    /// It swallows everything: bare, `Exception` or `BaseException`.
    pub broad: bool,
}

/// A part of an f-string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Literal text.
    Text(String),
    /// What stands between braces.
    Hole(Value),
}

/// An expression, as far as it can be said without running it.
///
/// Bounds: strings 2,000 characters, collections 200 elements, nesting 12 (a chain of `>>` or `<<` may be longer).
/// What lies beyond is `Other` or missing; calls in it are still in [`Module::calls`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A string; constant concatenation is folded.
    Str(String),
    /// An f-string with at least one hole.
    FString {
        /// Its parts, in order.
        parts: Vec<Part>,
    },
    /// An integer that fits 64 bits.
    Int(i64),
    /// A floating-point number or a larger integer, as written.
    Float(String),
    /// `True`, `False`.
    Bool(bool),
    /// `None`.
    None,
    /// A name, attribute or element.
    Name(Name),
    /// The result of a call.
    Call(CallId),
    /// A list or set.
    List(Vec<Value>),
    /// A tuple.
    Tuple(Vec<Value>),
    /// A mapping; an unpacked one (`**base`) has the key [`Value::Other`].
    Dict(Vec<(Value, Value)>),
    /// A comparison, chained or not: `ops` and `rights` go in pairs.
    Compare {
        /// The first operand.
        left: Box<Value>,
        /// The operators as written (`<`, `not in`).
        ops: Vec<&'static str>,
        /// The further operands.
        rights: Vec<Value>,
    },
    /// A lambda; its body is that scope.
    Lambda(ScopeId),
    /// A binary operation.
    BinOp {
        /// The operator as written.
        op: &'static str,
        /// The left operand.
        left: Box<Value>,
        /// The right operand.
        right: Box<Value>,
    },
    /// `a and b`, `a or b`.
    BoolOp {
        /// `and` or `or`.
        op: &'static str,
        /// The operands.
        values: Vec<Value>,
    },
    /// `not a`, `-a`, `~a`; negative literals are folded.
    Unary {
        /// The operator as written.
        op: &'static str,
        /// The operand.
        value: Box<Value>,
    },
    /// `then if test else otherwise`.
    Choice {
        /// The condition.
        test: Box<Value>,
        /// The value if it holds.
        then: Box<Value>,
        /// The value if not.
        otherwise: Box<Value>,
    },
    /// `*a` among arguments or elements.
    Starred(Box<Value>),
    /// Anything else.
    Other,
}

/// What is bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A name or attribute.
    Name(Name),
    /// Unpacking; a position that is itself unpacked has the root [`Root::Other`].
    Tuple(Vec<Name>),
    /// An element: `table["key"] = …`.
    Item(Name, Value),
}

/// How something is bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AssignKind {
    /// `a = b`, `a: T = b`; for a declaration without value the value is [`Value::Other`].
    Assign,
    /// `a += b`.
    AugAssign,
    /// `with b as a`.
    With,
    /// `for a in b`, also in a comprehension: the value is what is iterated over.
    For,
    /// `(a := b)`.
    Walrus,
}

/// A binding of a value to names.
#[derive(Debug, Clone)]
pub struct Assign {
    /// Where it stands.
    pub scope: ScopeId,
    /// How it is bound.
    pub kind: AssignKind,
    /// What is bound; several for `a = b = value`.
    pub targets: Vec<Target>,
    /// The value.
    pub value: Value,
    /// The declared type.
    pub annotation: Option<Name>,
    /// Its line.
    pub line: u32,
    /// Flows of the same scope under which it stands.
    pub conditions: Vec<FlowId>,
}

/// What kind of statement decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlowKind {
    /// The body of `if`; also the branch of a conditional expression, or what follows `and`, if it is a call.
    If,
    /// The body of `elif`.
    Elif,
    /// The body of `else`, also of a loop; what follows `or`, if it is a call.
    Else,
    /// The body of `while`.
    While,
    /// The body of `for`; what is iterated over stands in the binding of the same line.
    For,
    /// The body of `try`.
    Try,
    /// The body of `except`; the test is the exception type.
    Except,
    /// The body of `with`, one flow an item; the test is the context where it is small (a call or a name).
    With,
    /// `assert`; no body.
    Assert,
    /// `raise`; no body, the test is what is raised.
    Raise,
    /// `return`; no body.
    Return,
    /// The body of a `case`; the test compares a small subject with the pattern's literals, if it has any.
    Match,
}

/// What a body does to what would come after it, as far as its own statements say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exits {
    /// It always raises.
    Raises,
    /// It always ends the process with failure: a literal non-zero status or a message.
    ExitsNonZero,
    /// It always ends the function or the process, but not known to be a failure (`return`, `sys.exit(0)`, `exit(code)`).
    ReturnsEarly,
    /// It always goes on with the next round of the loop, or leaves the loop.
    Skips,
    /// What follows may run.
    Nothing,
}

/// A statement that decides whether others run.
#[derive(Debug, Clone)]
pub struct Flow {
    /// Where it stands.
    pub scope: ScopeId,
    /// What it is.
    pub kind: FlowKind,
    /// What is tested.
    pub test: Option<Value>,
    /// First line.
    pub line: u32,
    /// Last line, of the body if it has one.
    pub end_line: u32,
    /// The flow of the same scope that it stands in.
    pub parent: Option<FlowId>,
    /// The branch before it in the same statement: the `if` of an `elif`, the `try` of an `except`.
    pub after: Option<FlowId>,
    /// What its body does.
    pub exits: Exits,
    /// It stands in a `try` that swallows a failure, so that raising stops nothing beyond.
    pub in_try: Option<Handler>,
}

/// `return` or `yield`.
#[derive(Debug, Clone)]
pub struct Return {
    /// The function.
    pub scope: ScopeId,
    /// What is returned.
    pub value: Value,
    /// Its line.
    pub line: u32,
    /// It is a `yield`: what follows still runs.
    pub yields: bool,
    /// Flows of the same scope under which it stands.
    pub conditions: Vec<FlowId>,
}

/// A statement that only states a value.
#[derive(Debug, Clone)]
pub struct Expression {
    /// Where it stands.
    pub scope: ScopeId,
    /// The value.
    pub value: Value,
}
