//! Expressions into values, names and calls.
//!
//! A value may be cut (too long, too deeply nested), but the whole expression is always visited, so that no call and
//! no string in it is lost. `nest` is the nesting of the *value*; the depth of the *tree* is counted by [`Lower`].

use ruff_python_ast::{
    Arguments, BoolOp, CmpOp, Comprehension, Expr, ExprBinOp, ExprBoolOp, ExprCall, ExprIf, ExprNumberLiteral, FString,
    FStringPart, InterpolatedStringElement, InterpolatedStringElements, Number, Operator, UnaryOp,
};
use ruff_text_size::{Ranged, TextRange};

use super::lower::{Lower, MAX_ITEMS, NewScope, small};
use super::model::{AssignKind, Call, CallId, Exits, FlowKind, Name, Part, Root, ScopeKind, Target, Value};

/// Characters of a string.
const MAX_STRING: usize = 2_000;
/// Nesting of a value.
const MAX_NEST: usize = 12;
/// Attributes of a name.
const MAX_PATH: usize = 64;

impl Lower<'_> {
    /// Visits an expression whose value nobody needs.
    pub(super) fn visit(&mut self, expression: &Expr) {
        self.value(expression, 0);
    }

    pub(super) fn visit_all(&mut self, expressions: &[Expr]) {
        for expression in expressions {
            self.visit(expression);
        }
    }

    /// Lowers an expression.
    pub(super) fn value(&mut self, expression: &Expr, nest: usize) -> Value {
        if !self.descend() {
            return Value::Other;
        }
        let value = self.lowered(expression, nest);
        self.ascend();
        // a composite below the bound has been visited, and is let go
        let composite = !matches!(
            value,
            Value::Str(_) | Value::Int(_) | Value::Float(_) | Value::Bool(_) | Value::None | Value::Call(_) | Value::Lambda(_)
        );
        if nest > MAX_NEST && composite { Value::Other } else { value }
    }

    fn lowered(&mut self, expression: &Expr, nest: usize) -> Value {
        let range = expression.range();
        match expression {
            Expr::Name(_) | Expr::Attribute(_) | Expr::Subscript(_) => Value::Name(self.name(expression, nest)),
            Expr::Call(call) => self.call(call).map_or(Value::Other, Value::Call),
            Expr::StringLiteral(literal) => {
                let text = clip(literal.value.to_str());
                self.string(&text, range);
                Value::Str(text)
            }
            Expr::FString(f) => {
                let parts = f.value.iter().flat_map(|part| match part {
                    FStringPart::Literal(literal) => StringPiece::of_text(literal.as_str()),
                    FStringPart::FString(FString { elements, .. }) => StringPiece::of_elements(elements),
                });
                self.interpolated(parts.collect(), range, nest)
            }
            Expr::TString(t) => {
                let parts = t.value.iter().flat_map(|part| StringPiece::of_elements(&part.elements)).collect();
                self.interpolated(parts, range, nest)
            }
            Expr::NumberLiteral(literal) => self.number(literal),
            Expr::BooleanLiteral(literal) => Value::Bool(literal.value),
            Expr::NoneLiteral(_) => Value::None,
            Expr::List(list) => Value::List(self.items(&list.elts, nest)),
            Expr::Set(set) => Value::List(self.items(&set.elts, nest)),
            Expr::Tuple(tuple) => Value::Tuple(self.items(&tuple.elts, nest)),
            Expr::Dict(dict) => {
                let mut pairs = Vec::new();
                for item in &dict.items {
                    let key = item.key.as_ref().map_or(Value::Other, |k| self.value(k, nest + 1));
                    let value = self.value(&item.value, nest + 1);
                    if pairs.len() < MAX_ITEMS {
                        pairs.push((key, value));
                    }
                }
                Value::Dict(pairs)
            }
            Expr::Compare(compare) => {
                let left = Box::new(self.value(&compare.left, nest + 1));
                let rights = self.items(&compare.comparators, nest);
                let ops = compare.ops.iter().take(rights.len()).map(|op| op.as_str()).collect();
                Value::Compare { left, ops, rights }
            }
            Expr::BinOp(operation) => self.binary(operation, nest),
            Expr::BoolOp(operation) => self.boolean(operation, nest),
            Expr::UnaryOp(unary) => {
                let value = self.value(&unary.operand, nest + 1);
                match (unary.op, value) {
                    (UnaryOp::USub, Value::Int(n)) => n.checked_neg().map_or(Value::Other, Value::Int),
                    (UnaryOp::USub, Value::Float(text)) if !text.starts_with('-') => Value::Float(format!("-{text}")),
                    (UnaryOp::UAdd, number @ (Value::Int(_) | Value::Float(_))) => number,
                    (op, value) => Value::Unary { op: op.as_str(), value: Box::new(value) },
                }
            }
            Expr::If(choice) => self.choice(choice, nest),
            Expr::Lambda(lambda) => {
                let params = lambda.parameters.as_deref().map_or_else(Vec::new, |p| self.params(p));
                let new = NewScope { params, ..NewScope::default() };
                let scope = self.within(ScopeKind::Lambda, "<lambda>", range, new, |this| {
                    let value = this.value(&lambda.body, 0);
                    this.returned(value, lambda.body.range(), false);
                });
                Value::Lambda(scope)
            }
            Expr::Named(named) => {
                let value = self.value(&named.value, 0);
                let target = self.target(&named.target);
                let result = match &target {
                    Target::Name(name) => Value::Name(name.clone()),
                    _ => Value::Other,
                };
                self.bind(AssignKind::Walrus, vec![target], value, None, range);
                result
            }
            Expr::Await(wait) => {
                let value = self.value(&wait.value, nest);
                if let Value::Call(id) = value
                    && let Some(call) = self.module.calls.get_mut(id)
                {
                    call.awaited = true;
                }
                value
            }
            Expr::Starred(starred) => Value::Starred(Box::new(self.value(&starred.value, nest + 1))),
            Expr::Yield(give) => {
                let value = give.value.as_deref().map_or(Value::None, |v| self.value(v, 0));
                self.returned(value, range, true);
                Value::Other
            }
            Expr::YieldFrom(give) => {
                self.visit(&give.value);
                Value::Other
            }
            Expr::ListComp(c) => self.comprehension(&c.generators, &[&*c.elt]),
            Expr::SetComp(c) => self.comprehension(&c.generators, &[&*c.elt]),
            Expr::Generator(c) => self.comprehension(&c.generators, &[&*c.elt]),
            Expr::DictComp(c) => {
                let key = c.key.as_deref();
                self.comprehension(&c.generators, &key.into_iter().chain([&*c.value]).collect::<Vec<_>>())
            }
            Expr::Slice(slice) => {
                for part in [&slice.lower, &slice.upper, &slice.step].into_iter().flatten() {
                    self.visit(part);
                }
                Value::Other
            }
            Expr::BytesLiteral(_) | Expr::EllipsisLiteral(_) | Expr::IpyEscapeCommand(_) => Value::Other,
        }
    }

    /// Elements of a collection, each one deeper.
    fn items(&mut self, expressions: &[Expr], nest: usize) -> Vec<Value> {
        let mut items = Vec::new();
        for expression in expressions {
            let value = self.value(expression, nest + 1);
            if items.len() < MAX_ITEMS {
                items.push(value);
            }
        }
        items
    }

    fn number(&self, literal: &ExprNumberLiteral) -> Value {
        let written = || self.text.get(literal.range.to_std_range()).unwrap_or_default().chars().take(100).collect();
        match &literal.value {
            Number::Int(value) => value.as_i64().map_or_else(|| Value::Float(written()), Value::Int),
            Number::Float(_) => Value::Float(written()),
            Number::Complex { .. } => Value::Other,
        }
    }

    fn string(&mut self, text: &str, range: TextRange) {
        if !text.is_empty() && self.room(self.module.strings.len()) {
            let line = self.line(range.start());
            self.module.strings.push((text.to_owned(), line));
        }
    }

    fn interpolated(&mut self, pieces: Vec<StringPiece<'_>>, range: TextRange, nest: usize) -> Value {
        let mut parts: Vec<Part> = Vec::new();
        let mut whole = String::new();
        for piece in pieces {
            let part = match piece {
                StringPiece::Text(text) => Part::Text(clip(text)),
                StringPiece::Hole(expression, spec) => {
                    let value = self.value(expression, nest + 1);
                    self.specification(spec);
                    Part::Hole(value)
                }
            };
            match &part {
                Part::Text(text) => whole.push_str(text),
                Part::Hole(_) => whole.push_str("{}"),
            }
            append(&mut parts, part);
        }
        let whole = clip(&whole);
        self.string(&whole, range);
        folded(parts)
    }

    /// The format specification of a hole may hold holes of its own.
    fn specification(&mut self, elements: Option<&InterpolatedStringElements>) {
        if !self.descend() {
            return;
        }
        for element in elements.into_iter().flat_map(|e| e.iter()) {
            if let InterpolatedStringElement::Interpolation(hole) = element {
                self.visit(&hole.expression);
                self.specification(hole.format_spec.as_deref().map(|s| &s.elements));
            }
        }
        self.ascend();
    }

    /// `"a" + f"{b}"` is one string; a chain of `>>` may be longer than values are deep.
    fn binary(&mut self, operation: &ExprBinOp, nest: usize) -> Value {
        let chain = matches!(operation.op, Operator::RShift | Operator::LShift);
        let left = self.value(&operation.left, if chain { nest } else { nest + 1 });
        let right = self.value(&operation.right, nest + 1);
        match (operation.op, left, right) {
            (Operator::Add, Value::Str(a), Value::Str(b)) => Value::Str(clip(&(a + &b))),
            (Operator::Add, left @ (Value::Str(_) | Value::FString { .. }), right @ (Value::Str(_) | Value::FString { .. })) => {
                let mut parts = parts_of(left);
                for part in parts_of(right) {
                    append(&mut parts, part);
                }
                folded(parts)
            }
            (op, left, right) => Value::BinOp { op: op.as_str(), left: Box::new(left), right: Box::new(right) },
        }
    }

    /// What follows `and` or `or` runs only sometimes; that is kept as a flow where it is a call (`ok or sys.exit(1)`).
    fn boolean(&mut self, operation: &ExprBoolOp, nest: usize) -> Value {
        let kind = if operation.op == BoolOp::And { FlowKind::If } else { FlowKind::Else };
        let mut values: Vec<Value> = Vec::new();
        for (index, operand) in operation.values.iter().enumerate() {
            let test = (index > 0).then(|| values.last().map_or(Value::Other, small));
            let value = self.sometimes(operand, kind, test, nest);
            if values.len() < MAX_ITEMS {
                values.push(value);
            }
        }
        Value::BoolOp { op: operation.op.as_str(), values }
    }

    fn choice(&mut self, choice: &ExprIf, nest: usize) -> Value {
        let test = self.value(&choice.test, nest + 1);
        let then = self.sometimes(&choice.body, FlowKind::If, Some(small(&test)), nest);
        let otherwise = self.sometimes(&choice.orelse, FlowKind::Else, Some(small(&test)), nest);
        Value::Choice { test: Box::new(test), then: Box::new(then), otherwise: Box::new(otherwise) }
    }

    /// An operand that runs only if `test` says so.
    fn sometimes(&mut self, operand: &Expr, kind: FlowKind, test: Option<Value>, nest: usize) -> Value {
        let called = match operand {
            Expr::Await(wait) => matches!(&*wait.value, Expr::Call(_)),
            other => matches!(other, Expr::Call(_)),
        };
        let Some(test) = test.filter(|_| called) else { return self.value(operand, nest + 1) };
        let flow = self.open(kind, Some(test), operand.range(), Exits::Nothing, None);
        let value = self.value(operand, nest + 1);
        self.close(flow);
        value
    }

    fn comprehension(&mut self, generators: &[Comprehension], results: &[&Expr]) -> Value {
        if let ([one], [result]) = (generators, results)
            && let Some(without) = left_out(one, result)
        {
            return self.difference(one, without);
        }
        for generator in generators {
            let over = self.value(&generator.iter, 0);
            let target = self.target(&generator.target);
            self.bind(AssignKind::For, vec![target], over, None, generator.range);
            self.visit_all(&generator.ifs);
        }
        for result in results {
            self.visit(result);
        }
        Value::Other
    }

    /// `[a for a in all if a not in known]` is `all - known`.
    fn difference(&mut self, generator: &Comprehension, without: &Expr) -> Value {
        let all = self.value(&generator.iter, 0);
        let target = self.target(&generator.target);
        self.bind(AssignKind::For, vec![target], all.clone(), None, generator.range);
        let known = self.value(without, 0);
        Value::BinOp { op: Operator::Sub.as_str(), left: Box::new(all), right: Box::new(known) }
    }

    // --- names, targets, calls ---

    /// A name, attribute or element.
    pub(super) fn name(&mut self, expression: &Expr, nest: usize) -> Name {
        let mut path = Vec::new();
        let mut base = expression;
        let mut entered = 0;
        while let Expr::Attribute(attribute) = base {
            if !self.descend() {
                break;
            }
            entered += 1;
            if path.len() < MAX_PATH {
                path.push(attribute.attr.as_str().to_owned());
            }
            base = &attribute.value;
        }
        path.reverse();
        let root = match base {
            Expr::Attribute(_) => Root::Other, // deeper than we follow
            _ if !self.descend() => Root::Other,
            _ => {
                let root = self.root(base, nest);
                self.ascend();
                root
            }
        };
        for _ in 0..entered {
            self.ascend();
        }
        Name { root, path }
    }

    fn root(&mut self, base: &Expr, nest: usize) -> Root {
        match base {
            Expr::Name(name) => Root::Local(name.id.as_str().to_owned()),
            Expr::Subscript(subscript) => {
                let of = self.name(&subscript.value, nest + 1);
                let key = self.value(&subscript.slice, nest + 1);
                if nest > MAX_NEST { Root::Other } else { Root::Item(Box::new(of), Box::new(key)) }
            }
            other => match self.value(other, nest + 1) {
                Value::Call(id) => Root::Call(id),
                Value::Str(text) => Root::Str(text),
                Value::Name(name) if name.path.is_empty() => name.root,
                _ => Root::Other,
            },
        }
    }

    /// What is bound by an assignment.
    pub(super) fn target(&mut self, expression: &Expr) -> Target {
        match expression {
            Expr::Tuple(tuple) => Target::Tuple(self.unpacked(&tuple.elts)),
            Expr::List(list) => Target::Tuple(self.unpacked(&list.elts)),
            Expr::Subscript(subscript) => {
                let of = self.name(&subscript.value, 1);
                let key = self.value(&subscript.slice, 1);
                Target::Item(of, key)
            }
            Expr::Starred(starred) => Target::Name(self.name(&starred.value, 0)),
            other => Target::Name(self.name(other, 0)),
        }
    }

    fn unpacked(&mut self, elements: &[Expr]) -> Vec<Name> {
        let mut names = Vec::new();
        for element in elements {
            let inner = if let Expr::Starred(starred) = element { &*starred.value } else { element };
            let name = self.name(inner, 0);
            if names.len() < MAX_ITEMS {
                names.push(name);
            }
        }
        names
    }

    /// Positional and named arguments.
    pub(super) fn arguments(&mut self, arguments: &Arguments) -> (Vec<Value>, Vec<(String, Value)>) {
        let mut args = Vec::new();
        for argument in &arguments.args {
            let value = self.value(argument, 0);
            if args.len() < MAX_ITEMS {
                args.push(value);
            }
        }
        let mut keywords = Vec::new();
        for keyword in &arguments.keywords {
            let value = self.value(&keyword.value, 0);
            if keywords.len() < MAX_ITEMS {
                keywords.push((keyword.arg.as_ref().map_or("**", |name| name.as_str()).to_owned(), value));
            }
        }
        (args, keywords)
    }

    fn call(&mut self, call: &ExprCall) -> Option<CallId> {
        let callee = self.name(&call.func, 0);
        let (args, keywords) = self.arguments(&call.arguments);
        if !self.room(self.module.calls.len()) {
            return None;
        }
        let named = match &*call.func {
            Expr::Attribute(attribute) => attribute.attr.range(),
            other => other.range(),
        };
        let id = self.module.calls.len();
        self.module.calls.push(Call {
            scope: self.scope,
            callee,
            args,
            keywords,
            line: self.line(named.start()),
            end_line: self.end_line(call.range()),
            conditions: self.conditions(),
            discarded: false,
            awaited: false,
            in_try: self.handler,
        });
        Some(id)
    }
}

/// A part of an f-string before it is lowered.
enum StringPiece<'a> {
    Text(&'a str),
    Hole(&'a Expr, Option<&'a InterpolatedStringElements>),
}

impl<'a> StringPiece<'a> {
    fn of_text(text: &'a str) -> Vec<Self> {
        vec![Self::Text(text)]
    }

    fn of_elements(elements: &'a InterpolatedStringElements) -> Vec<Self> {
        let piece = |element: &'a InterpolatedStringElement| match element {
            InterpolatedStringElement::Literal(literal) => Self::Text(&literal.value),
            InterpolatedStringElement::Interpolation(hole) => {
                Self::Hole(&hole.expression, hole.format_spec.as_deref().map(|s| &s.elements))
            }
        };
        elements.iter().map(piece).collect()
    }
}

/// At most [`MAX_STRING`] characters.
fn clip(text: &str) -> String {
    match text.char_indices().nth(MAX_STRING) {
        Some((end, _)) => text.get(..end).unwrap_or_default().to_owned(),
        None => text.to_owned(),
    }
}

/// Adds a part; neighbouring text becomes one.
fn append(parts: &mut Vec<Part>, part: Part) {
    let room = parts.len() < MAX_ITEMS;
    match (part, parts.last_mut()) {
        (Part::Text(text), _) if text.is_empty() => {}
        (Part::Text(text), Some(Part::Text(before))) => {
            if before.len() < MAX_STRING {
                *before = clip(&format!("{before}{text}"));
            }
        }
        (part, _) if room => parts.push(part),
        _ => {}
    }
}

fn parts_of(value: Value) -> Vec<Part> {
    match value {
        Value::Str(text) => vec![Part::Text(text)],
        Value::FString { parts } => parts,
        _ => Vec::new(),
    }
}

/// A string without holes is a plain one.
fn folded(mut parts: Vec<Part>) -> Value {
    match (parts.pop(), parts.is_empty()) {
        (None, _) => Value::Str(String::new()),
        (Some(Part::Text(text)), true) => Value::Str(text),
        (Some(part), _) => {
            parts.push(part);
            Value::FString { parts }
        }
    }
}

/// What a comprehension leaves out that gives the items as they are, all but those.
fn left_out<'e>(generator: &'e Comprehension, result: &Expr) -> Option<&'e Expr> {
    let [Expr::Compare(test)] = &*generator.ifs else { return None };
    let (Expr::Name(item), Expr::Name(asked), Expr::Name(given)) = (&generator.target, &*test.left, result) else { return None };
    match (&*test.ops, &*test.comparators) {
        ([CmpOp::NotIn], [known]) if item.id == asked.id && item.id == given.id => Some(known),
        _ => None,
    }
}
