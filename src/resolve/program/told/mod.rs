//! What a program does that is told certain words: which of its branches cannot run then.
//!
//! The words choose a function where the program is made of commands, and fill what its code reads of them: `sys.argv`, a
//! parser, the parameters of a command. A branch whose test they decide against is off, with the words as the reason; one
//! that hangs on a word nobody knows here is left open and said to be unsure; what hangs on anything else is as it was.
//!
//! Invariants: nothing is off that some value of what is not known could still run; what is asked is bounded in functions,
//! depth and steps; the answer depends on the program and the words alone.

mod defined;
mod value;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use self::value::Truth;
use self::words::{Val, What};
use super::commands::Choice;
use super::infer::Infer;
use super::{At, CallId, Destination, FileId, FlowId, FlowKind, Program, Start, text_of};
use crate::resolve::environment::Environment;
use crate::syntax::python::{Call, Exits, ScopeKind, Value};
use crate::syntax::shell::Word;

/// Functions looked at for one list of words.
const MAX_RUNS: usize = 100;
/// Functions inside each other that are told something.
const MAX_DEPTH: u32 = 6;
/// Functions inside each other that may read the words themselves.
const READS_DEPTH: u32 = 2;
/// Values looked at for one list of words.
const MAX_STEPS: u32 = 40_000;
/// Branches of one statement.
const MAX_BRANCHES: usize = 64;

/// Why something of a function runs otherwise than it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Why {
    /// It cannot run: the words, and the test that they fail.
    Off(String),
    /// It hangs on a word that is not known: the test.
    Unsure(String),
}

/// One function in a run, or a part of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    /// The scope.
    pub(crate) at: At,
    /// Calls that run otherwise than they are written.
    pub(crate) calls: BTreeMap<CallId, Why>,
    /// Lines of the file that do, first and last; later ones go before.
    pub(crate) lines: Vec<(u32, u32, Why)>,
    /// Calls that lead into a function that is told something: which, and its place in [`Course::told`].
    pub(crate) into: BTreeMap<CallId, (At, usize)>,
    /// Something in it, or in what it calls, runs otherwise than it is written.
    pub(crate) differs: bool,
}

/// What a run comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Course {
    /// All functions that are told something; who calls stands before what is called.
    pub(crate) told: Vec<Told>,
    /// Of those, where the run starts.
    pub(crate) starts: Vec<usize>,
    /// The function that the words choose, and its place in `told`.
    pub(crate) chosen: Option<(At, usize)>,
    /// Functions that the words could have chosen.
    pub(crate) others: BTreeSet<At>,
    /// Why those do not run.
    pub(crate) instead: String,
}

/// Whether what stands under some tests runs.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Standing {
    /// As it is written.
    Open,
    /// The words decide for it.
    Certain,
    /// The words decide against it.
    Off(String),
    /// It hangs on a word that is not known.
    Unsure(String),
}

/// A function with what it is given.
#[derive(Debug, Clone)]
struct Frame {
    at: At,
    params: BTreeMap<String, Val>,
}

impl Frame {
    fn of(at: At) -> Self {
        Self { at, params: BTreeMap::new() }
    }
}

struct Tell<'p> {
    program: &'p Program,
    infer: Infer<'p>,
    words: &'p [Word],
    environment: &'p Environment,
    choice: Option<Choice>,
    told: Vec<Told>,
    chosen: Option<(At, usize)>,
    /// Functions on the way.
    open: Vec<At>,
    steps: u32,
    nest: u32,
    /// What each call that reads the words gives.
    read: BTreeMap<(FileId, CallId), Val>,
    /// Attributes that a file sets.
    set: BTreeMap<FileId, BTreeSet<String>>,
}

impl Program {
    /// What a program does that is started so and told these words; none where that is what it does anyway.
    pub(crate) fn course(&self, path: &str, start: Start<'_>, words: &[Word], environment: &Environment) -> Option<Course> {
        let file = self.file(path, None)?;
        let choice = self.choice(file, start, words);
        let mut tell = Tell {
            program: self,
            infer: Infer::new(&self.world, Some(&self.sites)),
            words,
            environment,
            choice,
            told: Vec::new(),
            chosen: None,
            open: Vec::new(),
            steps: MAX_STEPS,
            nest: 0,
            read: BTreeMap::new(),
            set: BTreeMap::new(),
        };
        let starts = tell.start(file, start);
        let (others, instead) = match &tell.choice {
            Some(choice) if !choice.others.is_empty() => {
                let others: BTreeSet<At> = choice.others.iter().copied().filter(|at| *at != choice.at).collect();
                (others, format!("it is told `{}`, which is another command", choice.word))
            }
            _ => (BTreeSet::new(), String::new()),
        };
        let mut course = Course { told: tell.told, starts, chosen: tell.chosen, others, instead };
        self.find_differing(&mut course);
        let differs = course.told.iter().any(|t| t.differs) || !course.others.is_empty();
        differs.then_some(course)
    }

    /// Who leads to what runs otherwise does so too.
    fn find_differing(&self, course: &mut Course) {
        for at in (0..course.told.len()).rev() {
            let Some(told) = course.told.get(at) else { continue };
            let leads = told.into.values().any(|(_, inner)| course.told.get(*inner).is_some_and(|t| t.differs));
            let asks = !course.others.is_empty() && self.may_choose(told.at);
            let own = !told.calls.is_empty() || !told.lines.is_empty();
            if let Some(told) = course.told.get_mut(at) {
                told.differs = own || leads || asks;
            }
        }
    }

    /// Whether a scope leads to commands: it asks for one, holds some, or registers some.
    fn may_choose(&self, at: At) -> bool {
        if !self.offered_by(at).is_empty() || at.scope == 0 {
            return true;
        }
        let calls = self.world.files.get(at.file).map_or(&[][..], |f| &f.module().calls).iter().enumerate();
        calls.filter(|(_, c)| c.scope == at.scope).any(|(id, _)| match self.reached(at.file, id) {
            Destination::Own { to, .. } => !self.offered_by(*to).is_empty() || self.offered(at.file, id).is_some(),
            _ => self.offered(at.file, id).is_some(),
        })
    }
}

impl<'p> Tell<'p> {
    fn start(&mut self, file: FileId, start: Start<'_>) -> Vec<usize> {
        let program = self.program;
        let mut starts = Vec::new();
        match start {
            Start::File => {
                let scopes = program.files().get(file).map_or(&[][..], |f| &f.module().scopes).iter().enumerate();
                let mut ended = None;
                for (scope, _) in scopes.filter(|(id, s)| *id == 0 || s.kind == ScopeKind::Main) {
                    if let Some((told, ends)) = self.enter(Frame::of(At { file, scope }), 0, ended.clone()) {
                        starts.push(told);
                        ended = ended.or(ends);
                    }
                }
            }
            Start::Named(name) => match program.function_named(file, name) {
                Some(at) => {
                    let params = self.bound_by_words(at, None, self.words).unwrap_or_else(|| self.defaults(at));
                    let ended = self.only_prints(at, None);
                    starts.extend(self.enter(Frame { at, params }, 0, ended).map(|(told, _)| told));
                }
                // an object: its file registers the commands
                None => starts.extend(self.enter(Frame::of(At { file, scope: 0 }), 0, None).map(|(told, _)| told)),
            },
        }
        if let Some(choice) = self.choice.clone().filter(|_| self.chosen.is_none()) {
            let words = self.words.get(choice.rest..).unwrap_or_default();
            let params = self.bound_by_words(choice.at, None, words).unwrap_or_default();
            let ended = self.only_prints(choice.at, None);
            if let Some((told, _)) = self.enter(Frame { at: choice.at, params }, 1, ended) {
                self.chosen = Some((choice.at, told));
            }
        }
        starts
    }

    /// What parameters are where nothing is passed.
    fn defaults(&mut self, at: At) -> BTreeMap<String, Val> {
        let Some(scope) = self.program.scope(at) else { return BTreeMap::new() };
        let around = Frame::of(At { scope: scope.parent, ..at });
        let defaults = scope.params.iter().filter_map(|p| Some((p, p.default.as_ref()?)));
        defaults.map(|(p, default)| (p.name.clone(), self.value(default, &around, u32::MAX))).collect()
    }

    /// Goes through a function; says its place, and why whoever calls it does not go on.
    fn enter(&mut self, frame: Frame, depth: u32, ended: Option<String>) -> Option<(usize, Option<String>)> {
        let program = self.program;
        let at = frame.at;
        let code = program.files().get(at.file)?;
        if depth > MAX_DEPTH || self.told.len() >= MAX_RUNS || self.open.contains(&at) {
            return None;
        }
        let place = self.told.len();
        self.told.push(Told { at, calls: BTreeMap::new(), lines: Vec::new(), into: BTreeMap::new(), differs: false });
        self.open.push(at);
        let module = code.module();
        let last = module.scopes.get(at.scope).map_or(u32::MAX, |s| s.end_line);
        let left = self.left(&frame);
        let mut lines: Vec<(u32, u32, Why)> = self.branches(&frame);
        lines.extend(left.iter().map(|(line, why)| (line + 1, last, why.clone())));
        if let Some(why) = &ended {
            lines.push((0, last, Why::Off(why.clone())));
        }
        let (mut ended, mut ends) = (ended, None);
        for (id, call) in module.calls.iter().enumerate().filter(|(_, c)| c.scope == at.scope) {
            let why = match &ended {
                Some(why) => Some(Why::Off(why.clone())),
                None => left.iter().find(|(line, _)| call.line > *line).map(|(_, why)| why.clone()),
            };
            let standing = self.standing(&call.conditions, &frame);
            let why = match (why, &standing) {
                (Some(Why::Off(why)), _) => Some(Why::Off(why)),
                (_, Standing::Off(why)) => Some(Why::Off(why.clone())),
                (_, Standing::Unsure(test)) => Some(Why::Unsure(test.clone())),
                (why, _) => why,
            };
            let off = matches!(why, Some(Why::Off(_)));
            if let Some(why) = why {
                self.note(place, id, why);
            }
            if off {
                continue;
            }
            let certain = call.conditions.is_empty() || standing == Standing::Certain;
            let stop = self.follow(place, (at.file, id), call, &frame, depth);
            if let Some(stop) = stop.filter(|_| certain) {
                lines.push((call.end_line + 1, last, Why::Off(stop.clone())));
                ended.get_or_insert_with(|| stop.clone());
                ends.get_or_insert(stop);
            }
        }
        self.open.pop();
        if let Some(told) = self.told.get_mut(place) {
            told.lines = lines.into_iter().map(|(a, b, why)| (code.code.file_line(a), code.code.file_line(b), why)).collect();
        }
        Some((place, ends))
    }

    fn note(&mut self, place: usize, call: CallId, why: Why) {
        if let Some(told) = self.told.get_mut(place) {
            told.calls.insert(call, why);
        }
    }

    /// Follows one call of a function that runs; says why nothing comes after it.
    fn follow(
        &mut self,
        place: usize,
        (file, id): (FileId, CallId),
        call: &'p Call,
        frame: &Frame,
        depth: u32,
    ) -> Option<String> {
        let program = self.program;
        if self.parses(file, id).is_some() {
            let prints = self.parser(file, call, frame).prints;
            return self.printed(&prints);
        }
        if program.offered(file, id).is_some() {
            let own = matches!(call.callee.path.len(), 1) && !call.args.is_empty();
            if let Some(choice) = self.choice.clone().filter(|_| own && self.chosen.is_none()) {
                let params = self.passed(file, id, choice.at, frame);
                if let Some((told, _)) = self.enter(Frame { at: choice.at, params }, depth + 1, None) {
                    self.chosen = Some((choice.at, told));
                }
            }
            // what a parser was told is read before; a command line of functions reads it here
            if matches!(program.reached(file, id), Destination::External { .. }) {
                let stop = self.printed(&BTreeSet::from(["--help".to_owned()]))?;
                self.note(place, id, Why::Off(stop.clone()));
                return Some(stop);
            }
            return None;
        }
        match program.reached(file, id) {
            Destination::Own { to, makes: None, .. } => {
                if let Some(stop) = self.only_prints(*to, None) {
                    self.note(place, id, Why::Off(stop.clone()));
                    return Some(stop);
                }
                let words = self.words;
                let params = match self.bound_by_words(*to, None, words) {
                    Some(params) => params,
                    None => self.passed(file, id, *to, frame),
                };
                let tells = |v: &Val| v.by.is_some() || matches!(v.what, What::Names(_) | What::Words | What::Tail);
                if depth >= READS_DEPTH && !params.values().any(tells) {
                    return None;
                }
                let (told, ends) = self.enter(Frame { at: *to, params }, depth + 1, None)?;
                self.lead(place, id, *to, told);
                ends
            }
            Destination::External { name, .. } => {
                let handed = program.passed(file, id).first()?.at;
                if let Some(stop) = self.only_prints(handed, Some(name)) {
                    self.note(place, id, Why::Off(stop.clone()));
                    return Some(stop);
                }
                let words = self.words;
                let table = &program.world.callables.told;
                if !table.by_signature.contains(&**name) && !table.literals.contains(&**name) {
                    return None;
                }
                let params = self.bound_by_words(handed, Some(name), words)?;
                let (told, _) = self.enter(Frame { at: handed, params }, depth + 1, None)?;
                self.lead(place, id, handed, told);
                None
            }
            _ => None,
        }
    }

    fn lead(&mut self, place: usize, call: CallId, to: At, told: usize) {
        if let Some(from) = self.told.get_mut(place) {
            from.into.insert(call, (to, told));
        }
    }

    /// Why a function that is a command line is not run: it is asked how it is used.
    fn only_prints(&self, at: At, by: Option<&str>) -> Option<String> {
        let table = &self.program.world.callables.told;
        let outside = || self.program.decorators(at).iter().filter_map(|d| d.outside.as_deref()).chain(by);
        let line = |name: &str| {
            [&table.commands, &table.by_signature, &table.literals, &table.keys].iter().any(|set| set.contains(name))
                || self.program.world.callables.line(name).is_some()
        };
        if !outside().any(line) {
            return None;
        }
        let mut prints = BTreeSet::from(["--help".to_owned()]);
        prints.extend(outside().any(|name| table.versions.contains(name)).then(|| "--version".to_owned()));
        self.printed(&prints)
    }

    fn printed(&self, prints: &BTreeSet<String>) -> Option<String> {
        let before = self.words.iter().take_while(|w| w.text != "--");
        let word = before.filter(|w| w.literal).find(|w| prints.contains(&w.text))?;
        Some(format!("it is told `{}`; it prints something and ends", word.text))
    }

    /// Lines of a function after which it has certainly, or maybe, been left.
    fn left(&mut self, frame: &Frame) -> Vec<(u32, Why)> {
        let program = self.program;
        let Some(code) = program.files().get(frame.at.file) else { return Vec::new() };
        let flows = &code.module().flows;
        let mut found = Vec::new();
        for (id, flow) in flows.iter().enumerate().filter(|(_, f)| f.scope == frame.at.scope) {
            let branch = matches!(flow.kind, FlowKind::If | FlowKind::Elif | FlowKind::Else | FlowKind::Match);
            let leaves = match flow.exits {
                Exits::ReturnsEarly | Exits::ExitsNonZero => true,
                Exits::Raises => flow.in_try.is_none(),
                Exits::Skips | Exits::Nothing => false,
            };
            if !branch || !leaves {
                continue;
            }
            let mut conditions = vec![id];
            let mut above = flow.parent;
            while let Some(parent) = above.filter(|_| conditions.len() < 32) {
                conditions.push(parent);
                above = flows.get(parent).and_then(|f| f.parent);
            }
            conditions.reverse();
            let test = || self::text(flow.test.as_ref());
            match self.standing(&conditions, frame) {
                Standing::Certain => {
                    let by = self.branch(id, frame).by.unwrap_or_else(|| "so".into());
                    found.push((flow.end_line, Why::Off(format!("it is told {by}; it ends before, where `{}`", test()))));
                }
                Standing::Unsure(_) => found.push((flow.end_line, Why::Unsure(format!("not {}", test())))),
                _ => {}
            }
        }
        found
    }

    /// Branches of a function that run otherwise than they are written.
    fn branches(&mut self, frame: &Frame) -> Vec<(u32, u32, Why)> {
        let program = self.program;
        let Some(code) = program.files().get(frame.at.file) else { return Vec::new() };
        let mut found = Vec::new();
        for (id, flow) in code.module().flows.iter().enumerate().filter(|(_, f)| f.scope == frame.at.scope) {
            let decides = matches!(flow.kind, FlowKind::If | FlowKind::Elif | FlowKind::Else | FlowKind::While | FlowKind::Match);
            if !decides {
                continue;
            }
            // the test itself stands on the first line
            let first = if flow.kind == FlowKind::Else || flow.end_line == flow.line { flow.line } else { flow.line + 1 };
            match self.standing(&[id], frame) {
                Standing::Off(why) => found.push((first, flow.end_line, Why::Off(why))),
                Standing::Unsure(test) => found.push((first, flow.end_line, Why::Unsure(test))),
                Standing::Open | Standing::Certain => {}
            }
        }
        found
    }

    /// Whether what stands under these flows runs.
    fn standing(&mut self, conditions: &[FlowId], frame: &Frame) -> Standing {
        let (mut certain, mut unsure) = (!conditions.is_empty(), None);
        for id in conditions {
            let Some(flow) = self.program.files().get(frame.at.file).and_then(|f| f.module().flows.get(*id)) else {
                return Standing::Open;
            };
            match flow.kind {
                FlowKind::With | FlowKind::Try => continue,
                FlowKind::If | FlowKind::Elif | FlowKind::Else | FlowKind::While | FlowKind::Match => {}
                _ => {
                    certain = false;
                    continue;
                }
            }
            let truth = self.branch(*id, frame);
            match (truth.holds, truth.by) {
                (Some(true), Some(_)) => {}
                (Some(false), Some(by)) => {
                    return Standing::Off(format!("it is told {by}; it runs only where `{}`", self.asked(*id, frame)));
                }
                (None, Some(_)) => {
                    certain = false;
                    unsure.get_or_insert(*id);
                }
                (_, None) => certain = false,
            }
        }
        match unsure {
            Some(id) => Standing::Unsure(self.asked(id, frame)),
            None if certain => Standing::Certain,
            None => Standing::Open,
        }
    }

    /// Whether a branch is taken.
    fn branch(&mut self, id: FlowId, frame: &Frame) -> Truth {
        let program = self.program;
        let Some(code) = program.files().get(frame.at.file) else { return Truth::OPEN };
        let flows = &code.module().flows;
        let Some(flow) = flows.get(id) else { return Truth::OPEN };
        let mut by = None;
        let mut all = true;
        let mut before = if flow.kind == FlowKind::If { None } else { flow.after };
        for _ in 0..MAX_BRANCHES {
            let Some(earlier) = before.and_then(|b| flows.get(b)) else { break };
            let Some(test) =
                earlier.test.as_ref().filter(|_| matches!(earlier.kind, FlowKind::If | FlowKind::Elif | FlowKind::Match))
            else {
                all = false;
                break;
            };
            let truth = self.truth(test, frame, earlier.line);
            match truth.holds {
                Some(true) => return Truth { holds: Some(false), by: truth.by },
                Some(false) => {}
                None => all = false,
            }
            by = by.or(truth.by);
            before = earlier.after;
        }
        let own = match (&flow.test, flow.kind) {
            (Some(test), _) => self.truth(test, frame, flow.line),
            // `else` stands behind something
            (None, FlowKind::Else) => Truth { holds: flow.after.map(|_| true), by: by.clone() },
            // a pattern that is no literal may fit or not
            (None, _) => Truth { holds: None, by: None },
        };
        match own.holds {
            Some(false) => own,
            Some(true) if all => Truth { holds: Some(true), by: own.by.or(by) },
            _ => Truth { holds: None, by: own.by.or(by) },
        }
    }

    /// The test that a branch hangs on, as written.
    fn asked(&mut self, id: FlowId, frame: &Frame) -> String {
        let program = self.program;
        let Some(code) = program.files().get(frame.at.file) else { return String::new() };
        let flows = &code.module().flows;
        let Some(flow) = flows.get(id) else { return String::new() };
        if let Some(test) = &flow.test {
            let own = self.truth(test, frame, flow.line);
            if own.holds != Some(true) || flow.after.is_none() {
                return text(Some(test));
            }
        }
        let mut before = flow.after;
        for _ in 0..MAX_BRANCHES {
            let Some(earlier) = before.and_then(|b| flows.get(b)) else { break };
            if let Some(test) = &earlier.test
                && self.truth(test, frame, earlier.line).holds != Some(false)
            {
                return format!("not {}", text(Some(test)));
            }
            before = earlier.after;
        }
        text(flow.test.as_ref())
    }
}

/// A test as people would write it.
fn text(test: Option<&Value>) -> String {
    test.map_or("…".to_owned(), |t| text_of(t, 4))
}
