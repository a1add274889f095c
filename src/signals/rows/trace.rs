//! Where the rows of a value come from, followed backward through names, calls and those who call.
//!
//! Columns are not told apart: what is taken of a table by the name of a column has the rows of the table. What is taken
//! by position, by a comparison or by a split is a *cut* of it. A model, a number, a setting has no rows.

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::resolve::Program;
use crate::resolve::program::{At, Destination, FileId, name_text, text_of};
use crate::syntax::python::{
    Assign, AssignKind, Call, CallId, Module, Name, Part as Piece, Root, ScopeId, ScopeKind, Target, Value,
};

/// Longest way backward.
const DEPTH: u32 = 40;
/// Most steps for one question.
const STEPS: u32 = 4_000;
/// Most ways in which a function is called that are told apart.
const CALLERS: usize = 12;

/// A table and what was taken of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Origin {
    /// What gave it: a call with its arguments, or a name that leads no further.
    pub(super) leaf: String,
    /// What was taken of its rows, first to last.
    pub(super) cuts: Vec<String>,
}

/// The rows of a value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Rows {
    pub(super) origins: BTreeSet<Origin>,
    /// Something on the way is open: a name with several bindings, a bound that was hit.
    pub(super) open: bool,
}

impl Rows {
    fn add(&mut self, other: Self) {
        self.origins.extend(other.origins);
        self.open |= other.open;
    }

    fn leaf(leaf: String) -> Self {
        Self { origins: BTreeSet::from([Origin { leaf, cuts: Vec::new() }]), open: false }
    }

    fn cut(self, by: &str) -> Self {
        let cut = |mut origin: Origin| {
            origin.cuts.push(by.to_owned());
            origin
        };
        Self { origins: self.origins.into_iter().map(cut).collect(), open: self.open }
    }

    fn unsure(self) -> Self {
        Self { open: true, ..self }
    }
}

/// `session.read.table("rows")`, `session.sql("select …")`: the session itself holds no rows.
fn asks_a_session(call: &Call) -> bool {
    let before = call.callee.path.split_last().map_or(&[][..], |(_, before)| before);
    let told = matches!(call.args.first(), Some(Value::Str(_) | Value::FString { .. } | Value::Name(_) | Value::BinOp { .. }));
    before.iter().any(|part| part == "read") || (told && matches!(call.callee.last(), Some("table" | "sql")))
}

/// A function, and how it came to be called.
#[derive(Debug)]
pub(super) struct Frame {
    at: At,
    by: Option<Caller>,
}

#[derive(Debug)]
struct Caller {
    file: FileId,
    call: CallId,
    /// Parameters that the call does not fill.
    offset: usize,
    frame: Rc<Frame>,
}

/// Which part of an unpacked value is meant: its place, and of how many.
type Part = Option<(usize, usize)>;

/// One question and what it may cost.
pub(super) struct Trace<'p> {
    program: &'p Program,
    /// Calls that make a model.
    trained: &'p BTreeSet<(FileId, CallId)>,
    /// Calls that split rows.
    splits: &'p BTreeSet<(FileId, CallId)>,
    /// Whether code of such a file is asked who calls.
    counts: &'p dyn Fn(FileId) -> bool,
    steps: u32,
}

impl<'p> Trace<'p> {
    pub(super) fn new(
        program: &'p Program,
        trained: &'p BTreeSet<(FileId, CallId)>,
        splits: &'p BTreeSet<(FileId, CallId)>,
        counts: &'p dyn Fn(FileId) -> bool,
    ) -> Self {
        Self { program, trained, splits, counts, steps: STEPS }
    }

    /// Every way in which a scope comes to run, as far as own code calls it.
    pub(super) fn frames(&self, at: At) -> Vec<Rc<Frame>> {
        self.called(at, &mut vec![at])
    }

    fn called(&self, at: At, open: &mut Vec<At>) -> Vec<Rc<Frame>> {
        let mut frames = Vec::new();
        for (file, call, offset) in self.program.callers(at) {
            let Some(from) = self.module(file).and_then(|m| m.calls.get(call)).map(|c| At { file, scope: c.scope }) else {
                continue;
            };
            if !(self.counts)(file) || open.contains(&from) || open.len() > 5 || frames.len() >= CALLERS {
                continue;
            }
            open.push(from);
            for frame in self.called(from, open) {
                frames.push(Rc::new(Frame { at, by: Some(Caller { file, call, offset, frame }) }));
            }
            open.pop();
        }
        frames.truncate(CALLERS);
        if frames.is_empty() {
            frames.push(Rc::new(Frame { at, by: None }));
        }
        frames
    }

    /// The rows that a call is given: its arguments by position and those by name that fit.
    pub(super) fn given(&mut self, call: &Call, frame: &Rc<Frame>, wanted: impl Fn(&str) -> bool) -> Rows {
        let mut rows = Rows::default();
        for value in call.args.iter().chain(call.keywords.iter().filter(|(k, _)| wanted(k)).map(|(_, v)| v)) {
            rows.add(self.value(value, frame, call.line, None, DEPTH));
        }
        rows
    }

    /// The rows of each argument, in order.
    pub(super) fn each(&mut self, call: &Call, frame: &Rc<Frame>) -> Vec<Rows> {
        let values = call.args.iter().chain(call.keywords.iter().map(|(_, v)| v));
        values.map(|value| self.value(value, frame, call.line, None, DEPTH)).collect()
    }

    fn module(&self, file: FileId) -> Option<&'p Module> {
        self.program.files().get(file).map(|f| f.module())
    }

    fn value(&mut self, value: &Value, frame: &Rc<Frame>, line: u32, part: Part, depth: u32) -> Rows {
        let Some(left) = depth.checked_sub(1).filter(|_| self.steps > 0) else { return Rows::default().unsure() };
        self.steps -= 1;
        let all = |this: &mut Self, values: &mut dyn Iterator<Item = &Value>| {
            let mut rows = Rows::default();
            for value in values {
                rows.add(this.value(value, frame, line, None, left));
            }
            rows
        };
        match value {
            Value::Name(name) => self.name(name, frame, line, part, left),
            Value::Call(call) => self.call(*call, frame, part, left),
            Value::List(items) | Value::Tuple(items) => match part.and_then(|(at, _)| Some((at, items.get(at)?))) {
                Some((at, item)) => {
                    let rows = self.value(item, frame, line, None, left);
                    // `a, b = t[:9], t[9:]`: two cuts on one line
                    let by_place = rows.origins.iter().any(|o| o.cuts.last().is_some_and(|c| c.contains(BY_PLACE)));
                    if by_place { rows.cut(&format!("{ELEMENT}{at}")) } else { rows }
                }
                None => all(self, &mut items.iter()),
            },
            Value::Dict(items) => all(self, &mut items.iter().map(|(_, v)| v)),
            Value::Compare { left, rights, .. } => all(self, &mut std::iter::once(&**left).chain(rights)),
            Value::BinOp { left, right, .. } => all(self, &mut [&**left, &**right].into_iter()),
            Value::BoolOp { values, .. } => all(self, &mut values.iter()).unsure(),
            Value::Choice { then, otherwise, .. } => all(self, &mut [&**then, &**otherwise].into_iter()).unsure(),
            Value::Unary { value, .. } | Value::Starred(value) => self.value(value, frame, line, part, left),
            _ => Rows::default(),
        }
    }

    fn name(&mut self, name: &Name, frame: &Rc<Frame>, line: u32, part: Part, depth: u32) -> Rows {
        let file = frame.at.file;
        let rows = match &name.root {
            Root::Local(local) if local == "self" && !name.path.is_empty() => self.attribute(name, frame, depth),
            Root::Local(local) => self.local(local, frame, line, part, depth),
            Root::Call(call) => self.call(*call, frame, part, depth),
            Root::Item(of, key) => {
                let of = self.name(of, frame, line, None, depth.saturating_sub(1));
                // a range of labels is one of days or names, and no share
                let labels = name.path.is_empty() && matches!(&name.root, Root::Item(of, _) if of.last() == Some("loc"));
                let by = self.cut_by(key, frame, line).map(|by| if labels { by.replace(BY_PLACE, " of ") } else { by });
                match by {
                    Some(by) if !of.origins.is_empty() => of.cut(&by),
                    _ => of,
                }
            }
            Root::Str(_) | Root::Other => Rows::default(),
        };
        // `sets.test.labels`: the part is told by its name
        match name.path.iter().find(|p| names_part(p)) {
            Some(by) if matches!(&name.root, Root::Local(l) if l != "self") && !rows.origins.is_empty() => rows.cut(by),
            Some(_) if rows.origins.is_empty() => Rows::leaf(format!("{file}#{}", name_text(name))),
            _ => rows,
        }
    }

    /// What an element is taken by, where that chooses rows.
    fn cut_by(&self, key: &Value, frame: &Rc<Frame>, line: u32) -> Option<String> {
        let here = || format!("{}:{line}", frame.at.file);
        match key {
            Value::Str(text) => names_part(text).then(|| text.clone()),
            Value::List(_) | Value::Tuple(_) | Value::Dict(_) => None,
            Value::Name(name) => {
                let Root::Local(local) = &name.root else { return None };
                let assign = self.binding(local, frame.at, line)?.0;
                let chooses = assign.kind == AssignKind::For
                    || matches!(assign.value, Value::Compare { .. } | Value::BoolOp { .. } | Value::Unary { .. });
                chooses.then(|| format!("{local}@{}:{}", frame.at.file, assign.line))
            }
            Value::Other | Value::Call(_) => Some(format!("{}{BY_PLACE}{}", text_of(key, 4), here())),
            _ => Some(text_of(key, 6)),
        }
    }

    /// The last binding of a name before a line, and whether it is the only one that may hold there.
    fn binding(&self, local: &str, at: At, line: u32) -> Option<(&'p Assign, Part, bool)> {
        let mut found: Option<(&'p Assign, Part, bool)> = None;
        for assign in self.module(at.file)?.assigns.iter().filter(|a| a.scope == at.scope) {
            let early = assign.line < line || (assign.line == line && assign.kind == AssignKind::For);
            let Some(part) = assign.targets.iter().find_map(|t| place(t, local)).filter(|_| early) else { continue };
            let sole = assign.kind != AssignKind::AugAssign && (found.is_none() || assign.conditions.is_empty());
            found = Some((assign, part, sole));
        }
        found
    }

    fn local(&mut self, local: &str, frame: &Rc<Frame>, line: u32, part: Part, depth: u32) -> Rows {
        let at = frame.at;
        let Some(module) = self.module(at.file) else { return Rows::default() };
        let Some(scope) = module.scopes.get(at.scope) else { return Rows::default() };
        if let Some((assign, place, sole)) = self.binding(local, at, line) {
            let rows = self.value(&assign.value, frame, assign.line, place.or(part), depth);
            return if sole { rows } else { rows.unsure() };
        }
        if let Some(index) = scope.params.iter().position(|p| p.name == local) {
            return self.parameter(index, local, frame, part, depth);
        }
        if at.scope == 0 {
            return Rows::default();
        }
        // names of the main block are those of the top level; others see what it ends with
        let outer = if scope.kind == ScopeKind::Main { 0 } else { enclosing(module, at.scope) };
        let line = if scope.kind == ScopeKind::Main { line } else { u32::MAX };
        let around = Rc::new(Frame { at: At { scope: outer, ..at }, by: None });
        self.local(local, &around, line, part, depth.saturating_sub(1))
    }

    fn parameter(&mut self, index: usize, local: &str, frame: &Rc<Frame>, part: Part, depth: u32) -> Rows {
        let unknown = || Rows::leaf(format!("{}/{}#{local}", frame.at.file, frame.at.scope));
        let Some(by) = &frame.by else { return unknown() };
        let Some(call) = self.module(by.file).and_then(|m| m.calls.get(by.call)) else { return unknown() };
        match argument(call, local, index, by.offset) {
            Some(value) => self.value(value, &by.frame, call.line, part, depth.saturating_sub(1)),
            // a default; what `*` and `**` hand over is not known
            None if call.args.iter().any(|a| matches!(a, Value::Starred(_))) || call.keywords.iter().any(|(k, _)| k == "**") => {
                unknown()
            }
            None => Rows::default(),
        }
    }

    /// `self.test`: what the methods of the class give it.
    fn attribute(&mut self, name: &Name, frame: &Rc<Frame>, depth: u32) -> Rows {
        let (file, Some(first)) = (frame.at.file, name.path.first()) else { return Rows::default() };
        let Some(module) = self.module(file) else { return Rows::default() };
        let Some(class) = module.scopes.get(frame.at.scope).map(|s| s.parent) else { return Rows::default() };
        let is =
            |n: &Name| matches!(&n.root, Root::Local(l) if l == "self") && n.path.len() == 1 && n.path.first() == Some(first);
        let gives = |assign: &&Assign| module.scopes.get(assign.scope).is_some_and(|s| s.parent == class);
        let mut found: Vec<(&Assign, Part)> = Vec::new();
        for assign in module.assigns.iter().filter(gives) {
            for target in &assign.targets {
                match target {
                    Target::Name(n) if is(n) => found.push((assign, None)),
                    Target::Tuple(names) => found.extend(names.iter().position(is).map(|at| (assign, Some((at, names.len()))))),
                    _ => {}
                }
            }
        }
        // a declaration or `self.x = None` says nothing of rows
        found.retain(|(assign, _)| !matches!(assign.value, Value::None | Value::Other));
        let mut rows = Rows { open: found.len() > 1, ..Rows::default() };
        for (assign, part) in &found {
            let at = At { file, scope: assign.scope };
            let within = if at == frame.at { frame.clone() } else { Rc::new(Frame { at, by: None }) };
            rows.add(self.value(&assign.value, &within, assign.line, *part, depth.saturating_sub(1)));
        }
        if found.is_empty() { Rows::leaf(format!("{file}/{class}#self.{first}")) } else { rows }
    }

    fn call(&mut self, id: CallId, frame: &Rc<Frame>, part: Part, depth: u32) -> Rows {
        let file = frame.at.file;
        let Some(call) = self.module(file).and_then(|m| m.calls.get(id)) else { return Rows::default() };
        let Some(left) = depth.checked_sub(1).filter(|_| self.steps > 0) else { return Rows::default().unsure() };
        self.steps -= 1;
        if self.trained.contains(&(file, id)) {
            return Rows::default();
        }
        let word = call.callee.last().unwrap_or_default();
        let by_receiver = !call.callee.path.is_empty();
        let mut rows = Rows::default();
        match self.program.reached(file, id) {
            Destination::Own { to, makes: None, .. } => {
                let (to, program) = (*to, self.program);
                let offset =
                    program.callers(to).into_iter().find(|(f, c, _)| (*f, *c) == (file, id)).map_or(0, |(_, _, offset)| offset);
                let inner = Rc::new(Frame { at: to, by: Some(Caller { file, call: id, offset, frame: frame.clone() }) });
                let returns: Vec<_> = self
                    .module(to.file)
                    .into_iter()
                    .flat_map(|m| m.returns.iter().filter(|r| r.scope == to.scope))
                    .take(4)
                    .collect();
                let yields = returns.iter().any(|r| r.yields);
                for given in returns.iter().filter(|_| !yields) {
                    rows.add(self.value(&given.value, &inner, given.line, part, left));
                }
                if !returns.is_empty() && !yields {
                    return if returns.len() > 1 { rows.unsure() } else { rows };
                }
            }
            // what is made of a class from outside or here: a model, unless it is given rows
            _ if matches!(word, "fit" | "partial_fit" | "compile") => return rows,
            _ => {}
        }
        // what is read is told by its address; what the address was put together from has no rows
        let opens = ["read", "load", "open", "fetch", "download", "scan"].iter().any(|w| word.to_lowercase().starts_with(w))
            || asks_a_session(call);
        let mut settings_open = false;
        let splits = self.splits.contains(&(file, id));
        // settings of a split are no rows
        let named = call.keywords.iter().filter(|_| !splits).map(|(_, v)| v);
        for value in call.args.iter().chain(named).filter(|_| !opens) {
            let given = self.value(value, frame, call.line, None, left);
            settings_open |= given.open && given.origins.is_empty();
            if !given.origins.is_empty() {
                rows.add(given);
            }
        }
        let answers = ["predict", "transform", "fit_transform", "decision_function", "score_samples", "forward"]
            .iter()
            .any(|w| word.starts_with(w));
        if by_receiver && !answers && !opens {
            let mut receiver = call.callee.clone();
            receiver.path.pop();
            rows.add(self.name(&receiver, frame, call.line, None, left));
        }
        // `table.drop(columns=names)`: which names does not change the rows
        rows.open |= settings_open && rows.origins.is_empty();
        let place = format!("{}:{id}", file);
        if rows.origins.is_empty() && splits {
            rows = Rows::leaf(format!("split {place}"));
        } else if rows.origins.is_empty() {
            let name = match self.program.reached(file, id) {
                Destination::External { name, .. } => name.to_string(),
                _ => name_text(&call.callee),
            };
            // of a method of something unknown only its own name tells
            let telling = if matches!(self.program.reached(file, id), Destination::External { .. }) { &name } else { word };
            if !reads(telling) {
                return rows;
            }
            let arguments: Vec<String> = call
                .args
                .iter()
                .chain(call.keywords.iter().map(|(_, v)| v))
                .map(|v| self.written(v, frame, call.line, left.min(12)))
                .collect();
            rows = Rows { open: rows.open, ..Rows::leaf(format!("{name}({})", arguments.join(", "))) };
        } else if by_receiver && chooses(word, call) {
            rows = rows.cut(&format!("{word} {place}"));
        }
        if splits {
            // whatever went in, one split gives the same halves to all who take them
            rows.open = false;
            let side = match part {
                // two for each table: what is kept for training, what is held out
                Some((at, of)) if word == "train_test_split" && of % 2 == 0 => at % 2,
                Some((at, _)) => at,
                None => return rows.cut(&format!("split {place}")),
            };
            return rows.cut(&format!("{} {place}", if side == 0 { KEPT } else { HELD }));
        }
        match part {
            Some((at, _)) => rows.cut(&format!("part {at} of {place}")),
            None => rows,
        }
    }

    /// A value as text, so that the same text means the same value: what names stand for in place of the names, and the
    /// place of what has no text.
    fn written(&mut self, value: &Value, frame: &Rc<Frame>, line: u32, depth: u32) -> String {
        let here = || format!("…{BY_PLACE}{}:{line}", frame.at.file);
        let Some(left) = depth.checked_sub(1).filter(|_| self.steps > 0) else { return here() };
        self.steps -= 1;
        match value {
            Value::Name(name) => match &name.root {
                Root::Local(local) => {
                    let root = self.written_name(local, frame, line, left);
                    name.path.iter().fold(root, |text, part| text + "." + part)
                }
                Root::Item(of, key) => {
                    let (of, key) = (Value::Name((**of).clone()), self.written(key, frame, line, left));
                    let of = self.written(&of, frame, line, left);
                    name.path.iter().fold(format!("{of}[{key}]"), |text, part| text + "." + part)
                }
                _ => here(),
            },
            Value::Call(id) => {
                let Some(call) = self.module(frame.at.file).and_then(|m| m.calls.get(*id)) else { return here() };
                let values = call.args.iter().chain(call.keywords.iter().map(|(_, v)| v)).take(10);
                let given: Vec<String> = values.map(|v| self.written(v, frame, call.line, left)).collect();
                // `name.split(".")` is told by its name, `Path(...)` is what is imported
                let imported = match &call.callee.root {
                    Root::Local(local) => {
                        self.binding(local, frame.at, line).is_none() && self.parameter_of(local, frame.at).is_none()
                    }
                    _ => false,
                };
                let callee = if imported {
                    name_text(&call.callee)
                } else {
                    self.written(&Value::Name(call.callee.clone()), frame, call.line, left)
                };
                format!("{callee}({})", given.join(", "))
            }
            Value::BinOp { op, left: a, right: b } => {
                format!("{} {op} {}", self.written(a, frame, line, left), self.written(b, frame, line, left))
            }
            Value::FString { parts } => {
                let mut text = String::new();
                for part in parts.iter().take(20) {
                    match part {
                        Piece::Text(said) => text.push_str(said),
                        Piece::Hole(value) => text.push_str(&self.written(value, frame, line, left)),
                    }
                }
                text
            }
            Value::Str(_) | Value::Int(_) | Value::Float(_) | Value::Bool(_) | Value::None => text_of(value, 2),
            _ => here(),
        }
    }

    fn written_name(&mut self, local: &str, frame: &Rc<Frame>, line: u32, depth: u32) -> String {
        if let Some((assign, part, sole)) = self.binding(local, frame.at, line) {
            let text = self.written(&assign.value, frame, assign.line, depth);
            let text = part.map_or(text.clone(), |(at, _)| format!("{text}[{at}]"));
            return if sole { text } else { format!("{text}{BY_PLACE}{}:{}", frame.at.file, assign.line) };
        }
        match self.parameter_of(local, frame.at) {
            Some(index) => {
                if let Some(by) = &frame.by
                    && let Some(call) = self.module(by.file).and_then(|m| m.calls.get(by.call))
                    && let Some(value) = argument(call, local, index, by.offset)
                {
                    return self.written(value, &by.frame, call.line, depth);
                }
                format!("{local}{UNKNOWN}{}/{}", frame.at.file, frame.at.scope)
            }
            None => {
                match self.binding(local, At { scope: 0, ..frame.at }, u32::MAX).filter(|(_, part, sole)| part.is_none() && *sole)
                {
                    Some((assign, ..)) if frame.at.scope != 0 => {
                        let top = Rc::new(Frame { at: At { scope: 0, ..frame.at }, by: None });
                        self.written(&assign.value, &top, assign.line, depth)
                    }
                    // what comes from elsewhere, or from the command line, may be the same in another file, or not
                    _ => format!("{local}{UNKNOWN}{}", frame.at.file),
                }
            }
        }
    }

    fn parameter_of(&self, local: &str, at: At) -> Option<usize> {
        self.module(at.file)?.scopes.get(at.scope)?.params.iter().position(|p| p.name == local)
    }
}

/// What a call gives for a parameter.
fn argument<'c>(call: &'c Call, name: &str, index: usize, offset: usize) -> Option<&'c Value> {
    let named = call.keywords.iter().find(|(k, _)| k == name).map(|(_, v)| v);
    named.or_else(|| call.args.get(index.checked_sub(offset)?))
}

/// Stands between a name that leads no further and where it stands.
pub(super) const UNKNOWN: &str = " of ";

/// Joins what cannot be told apart by its text to its line.
pub(super) const BY_PLACE: &str = " at ";
/// Which of several values on one line is meant.
pub(super) const ELEMENT: &str = "element ";

/// What a split keeps for training, and what it holds out.
pub(super) const KEPT: &str = "kept by";
pub(super) const HELD: &str = "held out by";

/// The words of a name in small letters; `xtest` and `Ytest` are `test`.
fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_ascii_alphanumeric()).map(|word| {
        let word = word.to_lowercase();
        match word.strip_prefix(['x', 'y']) {
            Some(rest) if rest.len() > 2 => rest.to_owned(),
            _ => word,
        }
    })
}

/// Whether a name says that its rows are apart from training.
pub(super) fn says_apart(text: &str) -> bool {
    let apart = |w: &str| {
        matches!(w, "val" | "eval" | "evaluation") || w.starts_with("test") || w.starts_with("valid") || w.starts_with("holdout")
    };
    words(text).any(|w| apart(&w)) && !says_training(text)
}

/// Whether a name says that its rows are those of training.
pub(super) fn says_training(text: &str) -> bool {
    words(text).any(|w| w.starts_with("train") && !matches!(w.as_str(), "trainer" | "trained"))
}

fn names_part(text: &str) -> bool {
    says_apart(text) || says_training(text)
}

/// Whether a call brings rows in, by its name.
fn reads(name: &str) -> bool {
    let name = name.to_lowercase();
    ["read", "load", "fetch", "query", "get", "data", "select", "scan", "open", "table", "import", "from_", "extract", "ingest"]
        .iter()
        .any(|w| name.contains(w))
}

/// Whether a method leaves rows out.
fn chooses(word: &str, call: &Call) -> bool {
    let index = || call.args.first().is_some_and(|a| matches!(a, Value::Name(n) if n.last() == Some("index")));
    matches!(word, "sample" | "head" | "tail" | "query" | "filter" | "where" | "take" | "skip" | "nlargest" | "nsmallest")
        || (word == "drop" && index())
}

/// Where a name stands among the targets of a binding.
fn place(target: &Target, local: &str) -> Option<Part> {
    let is = |n: &Name| n.path.is_empty() && matches!(&n.root, Root::Local(l) if l == local);
    match target {
        Target::Name(name) => is(name).then_some(None),
        Target::Tuple(names) => names.iter().position(is).map(|at| Some((at, names.len()))),
        Target::Item(..) => None,
    }
}

/// The scope whose names a scope sees: that around it, past classes.
fn enclosing(module: &Module, scope: ScopeId) -> ScopeId {
    let mut at = scope;
    for _ in 0..50 {
        let Some(parent) = module.scopes.get(at).map(|s| s.parent).filter(|p| *p != at) else { return 0 };
        at = parent;
        if module.scopes.get(at).is_none_or(|s| s.kind != ScopeKind::Class) {
            break;
        }
    }
    at
}
