//! What calls and values of a program come to, as pieces of a template.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::piece::{HOLE, Part, PartId, Piece, What};
use super::states::{self, Ways};
use super::walk::{Live, name_of};
use crate::resolve::Program;
use crate::resolve::program::{At, Destination, FileId, Meaning};
use crate::rules::constructs::{Constructs, Form, Shape, names};
use crate::syntax::python::{self, Call, CallId, Name, Value};

/// Deepest nesting of values and calls.
const DEPTH: u32 = 40;
/// Steps for everything that one repository declares.
const STEPS: u64 = 400_000;
/// Longest text that is put together, in bytes.
const MAX_TEXT: usize = 16 << 10;
/// What an object of an own class calls to become one from outside.
const BECOMES: &str = "#__init__";
/// Most own classes in a row that build on each other.
const CLASSES: usize = 5;
/// Most pieces that one call comes to.
const PIECES: u64 = 5_000;
/// Most pieces of one list or map.
const MOST: usize = 300;

/// Where a value stands, and which lines of which file are told for it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) at: At,
    /// Names bound before this line count.
    pub(super) line: u32,
    /// The file whose lines are told.
    pub(super) file: FileId,
    /// The lines of the call that the value is given to.
    pub(super) shown: (u32, u32),
    /// It stands between those lines.
    pub(super) own: bool,
    /// Keys are those of a template but for their letters.
    pub(super) plain: bool,
}

/// A program while what it declares is put together.
pub(super) struct Putting<'p> {
    pub(super) program: &'p Program,
    pub(super) rules: &'p Constructs,
    pub(super) live: &'p Live,
    homes: &'p BTreeMap<FileId, String>,
    pub(super) parts: BTreeMap<PartId, Part>,
    /// What calls come to, and how many pieces that is.
    known: HashMap<(FileId, CallId), (Piece, u64)>,
    under_way: BTreeSet<(FileId, CallId)>,
    /// Calls that add something to what another call made.
    adds: BTreeMap<(FileId, CallId), Vec<(FileId, CallId)>>,
    pub(super) ways: Ways,
    /// Calls that say where a choice leads.
    pub(super) deciding: Vec<(FileId, CallId)>,
    /// What must hold for something that was added on the way.
    doubt: Option<String>,
    depth: u32,
    steps: u64,
}

impl<'p> Putting<'p> {
    pub(super) fn new(program: &'p Program, rules: &'p Constructs, live: &'p Live, homes: &'p BTreeMap<FileId, String>) -> Self {
        let (parts, known, under_way) = (BTreeMap::new(), HashMap::new(), BTreeSet::new());
        let (adds, ways, deciding, doubt) = (BTreeMap::new(), Ways::default(), Vec::new(), None);
        let (depth, steps) = (0, STEPS);
        let mut putting =
            Self { program, rules, live, homes, parts, known, under_way, adds, ways, deciding, doubt, depth, steps };
        for (file, id) in &live.order {
            let Some(name) = putting.outside(*file, *id) else { continue };
            let Some(form) = rules.forms(name).find(|form| form.adds.is_some()) else { continue };
            let of = match &form.onto {
                Some(argument) => putting.named_by(*file, *id, argument),
                None => putting.receiver(*file, *id).filter(|_| name.contains('#')),
            };
            if let Some(of) = of {
                putting.adds.entry(of).or_default().push((*file, *id));
            }
        }
        putting.deciding = states::deciding(&putting);
        putting.ways = Ways::of(&putting);
        putting
    }

    pub(super) fn finish(self) -> BTreeMap<PartId, Part> {
        self.parts
    }

    pub(super) fn written(&self, file: FileId, id: CallId) -> Option<&'p Call> {
        self.program.files().get(file)?.module().calls.get(id)
    }

    /// The name of what a call calls, where that is from outside; what an own class does to become one counts as that.
    pub(super) fn outside(&self, file: FileId, id: CallId) -> Option<&'p str> {
        match self.program.reached(file, id) {
            Destination::External { name, .. } => Some(name.strip_suffix(BECOMES).unwrap_or(name)),
            _ => None,
        }
    }

    /// The call by which an object of an own class becomes one from outside, where a call makes such an object.
    fn settled(&self, (file, id): (FileId, CallId)) -> (FileId, CallId) {
        let Destination::Own { makes: Some(class), .. } = self.program.reached(file, id) else { return (file, id) };
        let mut method = self.program.method(*class, "__init__");
        for _ in 0..CLASSES {
            let Some(at) = method.take() else { break };
            let calls = self.program.files().get(at.file).map_or(&[][..], |code| &code.module().calls);
            for (other, _) in calls.iter().enumerate().filter(|(_, call)| call.scope == at.scope) {
                match self.program.reached(at.file, other) {
                    Destination::External { name, .. } if name.ends_with(BECOMES) => {
                        let known = self.outside(at.file, other).is_some_and(|name| self.rules.forms(name).next().is_some());
                        return if known { (at.file, other) } else { (file, id) };
                    }
                    Destination::Own { to, makes: None, .. } if self.is_constructor(*to) => method = Some(*to),
                    _ => {}
                }
            }
        }
        (file, id)
    }

    fn is_constructor(&self, at: At) -> bool {
        self.program.scope(at).is_some_and(|scope| scope.name.ends_with(".__init__"))
    }

    /// The call that made what a method is called on.
    pub(super) fn receiver(&self, file: FileId, id: CallId) -> Option<(FileId, CallId)> {
        let call = self.written(file, id)?;
        let within = call.callee.path.len().checked_sub(1)?;
        let at = At { file, scope: call.scope };
        self.program.origin_within(at, self.program.line_of(file, id), &call.callee, within).map(|made| self.settled(made))
    }

    /// The call that made what an argument names, or of which it names an attribute.
    fn named_by(&self, file: FileId, id: CallId, argument: &str) -> Option<(FileId, CallId)> {
        let call = self.written(file, id)?;
        let (at, line) = (At { file, scope: call.scope }, self.program.line_of(file, id));
        let (_, value) = call.keywords.iter().find(|(key, _)| key == argument)?;
        let Value::Name(name) = value else { return self.made(file, id, value) };
        let all = name.path.len();
        let of = |within: usize| self.program.origin_within(at, line, name, within);
        of(all).or_else(|| of(all.checked_sub(1)?)).map(|made| self.settled(made))
    }

    /// The call that made an argument.
    pub(super) fn made(&self, file: FileId, id: CallId, value: &Value) -> Option<(FileId, CallId)> {
        let call = self.written(file, id)?;
        let at = At { file, scope: call.scope };
        self.program.origin(at, self.program.line_of(file, id), value).map(|made| self.settled(made))
    }

    pub(super) fn place(&self, file: FileId, id: CallId) -> Option<Place> {
        let call = self.written(file, id)?;
        let at = At { file, scope: call.scope };
        let line = self.program.line_of(file, id);
        Some(Place { at, line, file, shown: (call.line, call.end_line), own: true, plain: false })
    }

    /// What a call comes to.
    pub(super) fn call(&mut self, file: FileId, id: CallId) -> Piece {
        let line = self.written(file, id).map_or(1, |call| call.line);
        if let Some((known, size)) = self.known.get(&(file, id)) {
            // what is used again costs what it weighs
            if *size > self.steps {
                return Piece::open(line);
            }
            self.steps -= size;
            return known.clone();
        }
        if self.steps == 0 || self.depth >= DEPTH || !self.under_way.insert((file, id)) {
            return Piece::open(line);
        }
        self.steps -= 1;
        self.depth += 1;
        let piece = self.of_call(file, id).unwrap_or_else(|| Piece::open(line));
        self.depth -= 1;
        self.under_way.remove(&(file, id));
        let size = piece.size();
        let piece = if size > PIECES { Piece::open(line) } else { piece };
        self.known.insert((file, id), (piece.clone(), size.min(PIECES)));
        piece
    }

    fn of_call(&mut self, file: FileId, id: CallId) -> Option<Piece> {
        let call = self.written(file, id)?;
        let name = match self.program.reached(file, id) {
            Destination::External { .. } => self.outside(file, id)?,
            Destination::Own { makes: Some(class), .. } => {
                let bases = self.program.external_bases(*class);
                let is = |base: &std::sync::Arc<str>| names(&self.rules.stacks, base) || names(&self.rules.stages, base);
                if bases.iter().any(is) {
                    return self.named(file, id, call);
                }
                let made = self.settled((file, id));
                return (made != (file, id)).then(|| self.call(made.0, made.1));
            }
            _ => return None,
        };
        if names(&self.rules.stacks, name) || names(&self.rules.stages, name) {
            return self.named(file, id, call);
        }
        if let Some(file_read) = self.read_file(file, id, name) {
            return Some(file_read);
        }
        if let Some(first) = self.ways.start(self, file, id) {
            return self.machine(first, (file, call.line));
        }
        self.formed(file, id)
    }

    /// The text of a file that the program reads: `open("work/main.py").read()`.
    fn read_file(&mut self, file: FileId, id: CallId, name: &str) -> Option<Piece> {
        if !matches!(name, "open#read" | "pathlib.Path#read_text") {
            return None;
        }
        let (file_opened, opened) = self.receiver(file, id)?;
        let call = self.written(file_opened, opened)?;
        let line = self.written(file, id)?.line;
        let path = self.value(self.place(file_opened, opened)?, call.args.first()?)?.as_text()?;
        let keys = BTreeMap::from([("Fn::File".to_owned(), Piece::text(line, path))]);
        Some(Piece { line, what: What::Map(keys) })
    }

    /// A stack, as others name it.
    fn named(&self, file: FileId, id: CallId, call: &Call) -> Option<Piece> {
        let name = name_of(self.program, file, id, call)?;
        let keys = BTreeMap::from([("Name".to_owned(), Piece::text(call.line, name))]);
        Some(Piece { line: call.line, what: What::Map(keys) })
    }

    /// What a call comes to by its form, with all that is added to it.
    pub(super) fn formed(&mut self, file: FileId, id: CallId) -> Option<Piece> {
        let call = self.written(file, id)?;
        let name = self.outside(file, id)?;
        let mut site = Site { file, id, call, count: 0 };
        let doubt = self.doubt.take();
        let form = self.form(name, &site, |form| form.gives.as_ref());
        let mut piece = match form {
            Some(shape) => self.fill(shape, &mut site),
            None => self.declared(name, &site),
        };
        for (other, adder) in self.adds.get(&(file, id)).cloned().unwrap_or_default() {
            let Some(more) = self.added(other, adder) else { continue };
            let more = if other == file { more } else { relined(more, call.line) };
            let condition = self.live.calls.get(&(other, adder)).and_then(|it| it.condition.clone());
            self.doubt = self.doubt.take().or(condition);
            match &mut piece {
                Some(Piece { what: What::Part(part), line }) => {
                    let line = *line;
                    if let Some(part) = self.parts.get_mut(part) {
                        let empty = || Piece { line, what: What::Map(BTreeMap::new()) };
                        part.keys.entry("Properties".to_owned()).or_insert_with(empty).add(more);
                    }
                }
                Some(piece) => piece.add(more),
                None => {}
            }
        }
        if let Some(Piece { what: What::Part(part), .. }) = &piece
            && let Some(part) = self.parts.get_mut(part)
        {
            part.condition = part.condition.take().or(self.doubt.take());
        }
        self.doubt = doubt.or(self.doubt.take());
        piece
    }

    fn added(&mut self, file: FileId, id: CallId) -> Option<Piece> {
        let call = self.written(file, id)?;
        let name = self.outside(file, id)?;
        let mut site = Site { file, id, call, count: 100 };
        let shape = self.form(name, &site, |form| form.adds.as_ref())?;
        self.fill(shape, &mut site)
    }

    /// The first form of a name of which everything that it asks for is given.
    fn form(&mut self, name: &'p str, site: &Site<'p>, of: impl Fn(&'p Form) -> Option<&'p Shape>) -> Option<&'p Shape> {
        let rules = self.rules;
        let forms: Vec<&'p Form> = rules.forms(name).collect();
        forms.into_iter().find_map(|form| {
            let shape = of(form)?;
            let given = form.with.iter().all(|asked| match asked.split_once("==") {
                Some((asked, word)) => self.expression(asked, site).and_then(|piece| piece.as_text()).as_deref() == Some(word),
                None => self.expression(asked, site).is_some(),
            });
            given.then_some(shape)
        })
    }

    /// A resource that is declared as it is, or a piece of one.
    fn declared(&mut self, name: &str, site: &Site<'p>) -> Option<Piece> {
        let call = site.call;
        let line = call.line;
        let place = Place { plain: true, ..self.place(site.file, site.id)? };
        if let Some(kind) = self.rules.plain(name) {
            let id = self.part(&kind, site, 0)?;
            let properties = self.keywords(place, call);
            if let Some(part) = self.parts.get_mut(&id) {
                part.keys.insert("Properties".to_owned(), properties);
            }
            return Some(Piece { line, what: What::Part(id) });
        }
        let piece = name.ends_with("Property") && name.contains(".Cfn");
        (piece || name == "dict").then(|| self.keywords(Place { plain: piece, ..place }, call))
    }

    fn keywords(&mut self, place: Place, call: &'p Call) -> Piece {
        let mut keys = BTreeMap::new();
        for (key, value) in call.keywords.iter().filter(|(key, _)| key != "**").take(MOST) {
            let name = if place.plain { pascal(key) } else { key.clone() };
            // what stands under it is the user's own
            let inside = Place { plain: place.plain && name != "EventPattern", ..place };
            if let Some(piece) = self.value(inside, value) {
                keys.insert(name, piece);
            }
        }
        Piece { line: call.line, what: What::Map(keys) }
    }

    /// A new resource, where the call is surely made.
    pub(super) fn part(&mut self, kind: &str, site: &Site<'p>, number: u32) -> Option<PartId> {
        let reached = self.live.calls.get(&(site.file, site.id))?;
        let id = PartId { file: site.file, call: site.id, number };
        let called = || site.call.callee.last().unwrap_or("part").to_owned();
        let name = name_of(self.program, site.file, site.id, site.call).unwrap_or_else(called);
        let part = Part {
            kind: kind.to_owned(),
            name,
            keys: BTreeMap::new(),
            line: site.call.line,
            end_line: site.call.end_line,
            condition: reached.condition.clone(),
        };
        self.parts.insert(id, part);
        if number == 0 {
            self.known.insert((site.file, site.id), (Piece { line: site.call.line, what: What::Part(id) }, 1));
        }
        Some(id)
    }

    /// What a value comes to; none where it says that there is none.
    pub(super) fn value(&mut self, place: Place, value: &'p Value) -> Option<Piece> {
        if self.steps == 0 || self.depth >= DEPTH {
            return Some(Piece::open(place.shown.0));
        }
        self.steps -= 1;
        self.depth += 1;
        let piece = self.of_value(place, value);
        self.depth -= 1;
        piece
    }

    fn of_value(&mut self, place: Place, value: &'p Value) -> Option<Piece> {
        let line = place.shown.0;
        let home = self.homes.get(&place.at.file).map_or(".", String::as_str);
        if matches!(value, Value::Name(_) | Value::Call(_) | Value::BinOp { .. } | Value::FString { .. })
            && let Some(path) = self.program_path(place, value, home)
        {
            return Some(Piece::text(line, path));
        }
        Some(match value {
            Value::None => return None,
            Value::Str(text) => self.string(place, text),
            Value::Int(number) => Piece::text(line, number.to_string()),
            Value::Float(text) => Piece::text(line, text.clone()),
            Value::Bool(yes) => Piece { line, what: What::Flag(*yes) },
            Value::FString { parts } => {
                let mut text = String::new();
                for part in parts {
                    match part {
                        python::Part::Text(part) => text.push_str(part),
                        python::Part::Hole(hole) => {
                            let known = self.value(place, hole).and_then(|piece| piece.as_text());
                            text.push_str(known.as_deref().unwrap_or(HOLE));
                        }
                    }
                    if text.len() > MAX_TEXT {
                        return Some(Piece::open(line));
                    }
                }
                Piece::text(line, text)
            }
            Value::List(items) | Value::Tuple(items) => {
                let mut list = Vec::new();
                for item in items.iter().take(MOST) {
                    match item {
                        Value::Starred(inner) => match self.value(place, inner).map(|piece| piece.what) {
                            Some(What::List(more)) => list.extend(more),
                            _ => list.push(Piece::open(line)),
                        },
                        item => list.extend(self.value(place, item)),
                    }
                }
                let line = list.first().map_or(line, |first: &Piece| first.line);
                Piece { line, what: What::List(list) }
            }
            Value::Dict(pairs) => {
                let mut keys = BTreeMap::new();
                for (key, value) in pairs.iter().take(MOST) {
                    if *key == Value::Other {
                        if let Some(What::Map(more)) = self.value(place, value).map(|piece| piece.what) {
                            keys.extend(more);
                        }
                        continue;
                    }
                    let Some(name) = self.value(place, key).and_then(|key| key.as_text()) else { continue };
                    let name = if place.plain { pascal(&name) } else { name };
                    if let Some(piece) = self.value(place, value) {
                        keys.insert(name, piece);
                    }
                }
                let line = keys.values().map(|piece| piece.line).min().unwrap_or(line);
                Piece { line, what: What::Map(keys) }
            }
            Value::BinOp { op: "+", left, right } => match (self.value(place, left), self.value(place, right)) {
                (Some(Piece { what: What::List(mut left), line }), Some(Piece { what: What::List(right), .. })) => {
                    left.extend(right);
                    Piece { line, what: What::List(left) }
                }
                (left, right) => {
                    let text = |piece: Option<Piece>| piece.and_then(|piece| piece.as_text());
                    match (text(left), text(right)) {
                        (Some(left), Some(right)) if left.len() + right.len() <= MAX_TEXT => Piece::text(line, left + &right),
                        _ => Piece::open(line),
                    }
                }
            },
            Value::Call(id) => self.of_origin(place, self.program.origin(place.at, place.line, value), (place.at.file, *id)),
            Value::Name(name) => self.of_name(place, value, name),
            _ => Piece::open(line),
        })
    }

    /// What a call comes to that was found behind a value.
    fn of_origin(&mut self, place: Place, origin: Option<(FileId, CallId)>, call: (FileId, CallId)) -> Piece {
        let (file, id) = origin.unwrap_or(call);
        let piece = self.call(file, id);
        if matches!(piece.what, What::Open) && origin.is_some_and(|origin| origin == call) && self.is_own(file, id) {
            return Piece::open(place.shown.0);
        }
        if file == place.file { piece } else { relined(piece, place.shown.0) }
    }

    fn is_own(&self, file: FileId, id: CallId) -> bool {
        matches!(self.program.reached(file, id), Destination::Own { .. })
    }

    fn of_name(&mut self, place: Place, value: &'p Value, name: &'p Name) -> Piece {
        let line = place.shown.0;
        let program = self.program;
        if let Some((at, bound, literal)) = program.literal(place.at, place.line, value)
            && literal != value
        {
            return self.value(Place { at, line: bound, own: false, ..place }, literal).unwrap_or_else(|| Piece::open(line));
        }
        let (all, within) = (name.path.len(), name.path.len().checked_sub(1));
        if let Some((file, id)) = program.origin_within(place.at, place.line, name, all) {
            let piece = self.call(file, id);
            // a part is told where it is named
            return match piece.what {
                What::Part(_) => Piece { line, ..piece },
                _ if file == place.file => piece,
                _ => relined(piece, line),
            };
        }
        // an attribute of a part is told by the part
        if let Some((file, id)) = within.and_then(|within| program.origin_within(place.at, place.line, name, within))
            && let piece @ Piece { what: What::Part(_), .. } = self.call(file, id)
        {
            return Piece { line, ..piece };
        }
        if let Some((Meaning::Outside(outside), _)) = program.meaning(place.at, place.line, value) {
            return self.constant(&outside, line);
        }
        match program.bound_to(place.at, place.line, name) {
            Some((at, bound, other)) if other != value => {
                self.value(Place { at, line: bound, own: false, ..place }, other).unwrap_or_else(|| Piece::open(line))
            }
            _ => Piece::open(line),
        }
    }

    /// A name from outside that stands for something.
    fn constant(&mut self, name: &str, line: u32) -> Piece {
        let rules = self.rules;
        let text = rules.forms(name).find_map(|form| match &form.gives {
            Some(Shape::Text(text)) if !text.contains('{') => Some(text),
            _ => None,
        });
        text.map_or_else(|| Piece::open(line), |text| Piece::text(line, text.clone()))
    }

    /// A string, on its own line where it stands among the arguments.
    fn string(&self, place: Place, text: &str) -> Piece {
        let lines = self.program.files().get(place.file).filter(|_| place.own).map_or(&[][..], |code| &code.module().strings);
        let (first, last) = place.shown;
        let from = lines.partition_point(|(_, line)| *line < first);
        let found = lines.iter().skip(from).take_while(|(_, line)| *line <= last).find(|(other, _)| other == text);
        let line = found.map_or(first, |(_, line)| *line);
        let more = u32::try_from(text.matches('\n').count()).unwrap_or(u32::MAX);
        if more > 0 && found.is_some() && line.saturating_add(more) <= last {
            return Piece { line, what: What::Lines(text.to_owned()) };
        }
        Piece::text(line, text)
    }

    fn program_path(&self, place: Place, value: &Value, home: &str) -> Option<String> {
        self.path(place.at, place.line, value, home)
    }
}

/// A call whose form is filled.
pub(super) struct Site<'p> {
    pub(super) file: FileId,
    pub(super) id: CallId,
    pub(super) call: &'p Call,
    /// Parts that it has made so far.
    pub(super) count: u32,
}

/// A piece of another file, told where it is used.
pub(super) fn relined(piece: Piece, line: u32) -> Piece {
    let what = match piece.what {
        What::List(items) => What::List(items.into_iter().map(|item| relined(item, line)).collect()),
        What::Map(keys) => What::Map(keys.into_iter().map(|(key, item)| (key, relined(item, line))).collect()),
        What::Lines(text) => What::Text(text),
        other => other,
    };
    Piece { line, what }
}

/// A key as templates write it: `event_pattern`, `eventPattern`; one of another form is the user's own.
fn pascal(key: &str) -> String {
    if !key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return key.to_owned();
    }
    let mut out = String::new();
    for part in key.split('_').filter(|part| !part.is_empty()) {
        let mut letters = part.chars();
        out.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        out.push_str(letters.as_str());
    }
    out
}
