//! States of a machine that lead on to each other by calls of methods, as the definition that they come to.

use std::collections::{BTreeMap, BTreeSet};

use super::piece::{Piece, What};
use super::value::{Putting, relined};
use super::walk::name_of;
use crate::resolve::program::FileId;
use crate::rules::constructs::Shape;
use crate::syntax::python::CallId;

/// Deepest nesting of chains in chains.
const DEPTH: u32 = 60;
/// Most states of one machine.
const MOST: usize = 300;

type Made = (FileId, CallId);

/// What leads to what.
#[derive(Debug, Default)]
pub(super) struct Ways {
    next: BTreeMap<Made, Made>,
    choices: BTreeMap<Made, Vec<Made>>,
    otherwise: BTreeMap<Made, Made>,
    catches: BTreeMap<Made, Vec<Made>>,
}

/// What a call does to states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Does {
    State,
    Next,
    Choice(usize),
    Otherwise,
    Catch,
    Afterwards,
    Same,
    Start,
}

impl Ways {
    pub(super) fn of(putting: &Putting<'_>) -> Self {
        let mut ways = Self::default();
        for (file, id) in &putting.live.order {
            let Some(does) = does(putting, *file, *id) else { continue };
            let to = |place: usize| first(putting, given(putting, (*file, *id), place)?, DEPTH);
            let from = || putting.receiver(*file, *id);
            match does {
                Does::Next => {
                    if let (Some(from), Some(to)) = (from(), to(0)) {
                        for end in ends(putting, from, DEPTH) {
                            ways.next.entry(end).or_insert(to);
                        }
                    }
                }
                Does::Choice(place) => {
                    if let (Some(from), Some(to)) = (from().and_then(|from| first(putting, from, DEPTH)), to(place)) {
                        ways.choices.entry(from).or_default().push(to);
                    }
                }
                Does::Otherwise => {
                    if let (Some(from), Some(to)) = (from().and_then(|from| first(putting, from, DEPTH)), to(0)) {
                        ways.otherwise.entry(from).or_insert(to);
                    }
                }
                Does::Catch => {
                    if let (Some(from), Some(to)) = (from().and_then(|from| first(putting, from, DEPTH)), to(0)) {
                        ways.catches.entry(from).or_default().push(to);
                    }
                }
                Does::State | Does::Afterwards | Does::Same | Does::Start => {}
            }
        }
        ways
    }

    /// The first state of what a call makes, where it makes states.
    pub(super) fn start(&self, putting: &Putting<'_>, file: FileId, id: CallId) -> Option<Made> {
        does(putting, file, id)?;
        first(putting, (file, id), DEPTH)
    }

    fn out_of(&self, state: Made) -> Vec<Made> {
        let of = |many: &BTreeMap<Made, Vec<Made>>| many.get(&state).cloned().unwrap_or_default();
        let one = |one: &BTreeMap<Made, Made>| one.get(&state).copied();
        one(&self.next).into_iter().chain(of(&self.choices)).chain(one(&self.otherwise)).chain(of(&self.catches)).collect()
    }
}

/// The calls that say where a choice leads.
pub(super) fn deciding(putting: &Putting<'_>) -> Vec<Made> {
    let decides = |made: &&Made| matches!(does(putting, made.0, made.1), Some(Does::Choice(_) | Does::Otherwise));
    putting.live.order.iter().filter(decides).copied().collect()
}

fn does(putting: &Putting<'_>, file: FileId, id: CallId) -> Option<Does> {
    let name = putting.outside(file, id)?;
    let states = &putting.rules.states;
    if states.starts.iter().any(|start| start == name) {
        return Some(Does::Start);
    }
    let under = |root: &String| name.strip_prefix(root.as_str()).is_some_and(|rest| rest.starts_with('.'));
    if !states.roots.iter().any(under) {
        return None;
    }
    let is = |methods: &[String], method: &str| methods.iter().any(|known| known == method);
    if let Some((_, method)) = name.rsplit_once('#') {
        return Some(match method {
            method if is(&states.next, method) => Does::Next,
            method if is(&states.otherwise, method) => Does::Otherwise,
            method if is(&states.catches, method) => Does::Catch,
            method if is(&states.afterwards, method) => Does::Afterwards,
            method if is(&states.same, method) => Does::Same,
            method => Does::Choice(*states.choices.get(method)?),
        });
    }
    let is_state = |shape: &Shape| match shape {
        Shape::Map(keys) => matches!(keys.get("Type"), Some(Shape::Text(kind)) if !kind.starts_with("AWS::")),
        _ => false,
    };
    putting.rules.forms(name).find_map(|form| form.gives.as_ref()).filter(|shape| is_state(shape)).map(|_| Does::State)
}

/// The state that a call is given, by its place or by name.
fn given(putting: &Putting<'_>, (file, id): Made, place: usize) -> Option<Made> {
    let call = putting.written(file, id)?;
    let is_state = |of: &Made| does(putting, of.0, of.1).is_some();
    match call.args.get(place) {
        Some(value) => putting.made(file, id, value),
        None => call.keywords.iter().find_map(|(_, value)| putting.made(file, id, value).filter(is_state)),
    }
}

/// The first state of a chain.
fn first(putting: &Putting<'_>, (file, id): Made, depth: u32) -> Option<Made> {
    let depth = depth.checked_sub(1)?;
    match does(putting, file, id)? {
        Does::State => Some((file, id)),
        Does::Start => first(putting, given(putting, (file, id), 0)?, depth),
        _ => first(putting, putting.receiver(file, id)?, depth),
    }
}

/// The states at which a chain ends.
fn ends(putting: &Putting<'_>, (file, id): Made, depth: u32) -> Vec<Made> {
    let Some(depth) = depth.checked_sub(1) else { return Vec::new() };
    let argument = || given(putting, (file, id), 0);
    match does(putting, file, id) {
        Some(Does::State) => vec![(file, id)],
        Some(Does::Next | Does::Start) => argument().map_or_else(Vec::new, |of| ends(putting, of, depth)),
        // the ways out of a choice, wherever they lead
        Some(Does::Afterwards) => {
            let Some(choice) = putting.receiver(file, id).and_then(|of| first(putting, of, depth)) else { return Vec::new() };
            let mut found = Vec::new();
            for (other_file, other) in &putting.deciding {
                let place = match does(putting, *other_file, *other) {
                    Some(Does::Choice(place)) => place,
                    Some(Does::Otherwise) => 0,
                    _ => continue,
                };
                let of = putting.receiver(*other_file, *other).and_then(|of| first(putting, of, depth));
                if of == Some(choice)
                    && let Some(to) = given(putting, (*other_file, *other), place)
                {
                    found.extend(ends(putting, to, depth.min(8)));
                }
            }
            found.sort();
            found.dedup();
            found
        }
        Some(_) => putting.receiver(file, id).map_or_else(Vec::new, |of| ends(putting, of, depth)),
        None => Vec::new(),
    }
}

impl Putting<'_> {
    /// The definition that begins with a state, as a file tells it on a line: its own states where they stand.
    pub(super) fn machine(&mut self, start: Made, (file, begins): (FileId, u32)) -> Option<Piece> {
        let mut reached: Vec<Made> = vec![start];
        let mut seen: BTreeSet<Made> = BTreeSet::from([start]);
        let mut at = 0;
        while let Some(state) = reached.get(at).copied() {
            at += 1;
            for to in self.ways.out_of(state) {
                if seen.len() < MOST && seen.insert(to) {
                    reached.push(to);
                }
            }
        }
        let names: BTreeMap<Made, String> =
            (0..).zip(&reached).map(|(number, state)| (*state, self.state_name(*state, number))).collect();
        let mut states = BTreeMap::new();
        for state in &reached {
            let Some(mut piece) = self.formed(state.0, state.1) else { continue };
            let What::Map(keys) = &mut piece.what else { continue };
            let line = piece.line;
            let named = |to: &Made| names.get(to).map(|name| Piece::text(line, name.clone()));
            let next = |to: &Made| Some(Piece { line, what: What::Map(BTreeMap::from([("Next".to_owned(), named(to)?)])) });
            let list = |of: Option<&Vec<Made>>| {
                let all: Vec<Piece> = of.into_iter().flatten().filter_map(next).collect();
                (!all.is_empty()).then_some(Piece { line, what: What::List(all) })
            };
            let leads = [
                ("Next", self.ways.next.get(state).and_then(named)),
                ("Default", self.ways.otherwise.get(state).and_then(named)),
                ("Choices", list(self.ways.choices.get(state))),
                ("Catch", list(self.ways.catches.get(state))),
            ];
            keys.extend(leads.into_iter().filter_map(|(key, piece)| Some((key.to_owned(), piece?))));
            let piece = if state.0 == file { piece } else { relined(piece, begins) };
            states.extend(names.get(state).map(|name| (name.clone(), piece)));
        }
        let text = |name: &String| Piece::text(begins, name.clone());
        let map = BTreeMap::from([
            ("StartAt".to_owned(), names.get(&start).map(text)?),
            ("States".to_owned(), Piece { line: begins, what: What::Map(states) }),
        ]);
        Some(Piece { line: begins, what: What::Map(map) })
    }

    fn state_name(&self, (file, id): Made, number: usize) -> String {
        let call = self.written(file, id);
        call.and_then(|call| name_of(self.program, file, id, call)).unwrap_or_else(|| format!("state {}", number + 1))
    }
}
