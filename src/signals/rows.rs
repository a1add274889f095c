//! Which rows a model is measured on.
//!
//! A metric says something only of rows that the fit has not seen. Each measurement that is a call is marked, in the
//! qualifier `rows`: `held_out`, `chose` (held out, but the fit was stopped by them), `fitted` (the very variables that the fit was given), `search` (inside what a search
//! tries out), `own` (the tool chooses its rows itself) or `open`.
//!
//! What compares with numbers that are made up in the code compares nothing.
//!
//! What compares two shares of one table, as a split for training has them, compares nothing new with anything old: such
//! a comparison, and what else its function does for it, is at most likely.
//!
//! Invariant: `fitted` is said only where the same unreassigned value feeds both; whatever is unsure is `open`.

mod made_up;
mod trace;

use std::collections::{BTreeMap, BTreeSet};

use super::{Owner, Signal};
use crate::resolve::Program;
use crate::resolve::program::{At, FileId, Meaning};
use crate::source::RepoPath;
use crate::syntax::python::{Call, CallId, Name, Root, Target, Value};
use crate::words::{Op, Scope, Strength};
use trace::{BY_PLACE, ELEMENT, HELD, KEPT, Origin, Rows, Trace, UNKNOWN, says_apart, says_training};

/// Most fits and measurements that are followed.
const MOST: usize = 300;
/// Deepest nesting of a value that is looked into.
const NESTED: usize = 8;

/// Marks every measurement. `scope` says why a file is there.
pub(crate) fn mark(signals: &mut [Signal], program: &Program, scope: &dyn Fn(&RepoPath) -> Scope) {
    let place = |signal: &Signal| -> Option<(FileId, CallId)> {
        let (embedded, at) = match signal.owner {
            Owner::Code(at) => (None, at),
            Owner::Embedded(fact, at) => (Some(fact), at),
            _ => return None,
        };
        let file = program.file(&signal.at.path, embedded)?;
        let code = program.files().get(file)?;
        let id = signal.column as CallId;
        let call = code.module().calls.get(id)?;
        (call.scope == at && code.code.file_line(call.line) == signal.at.line && signal.branch.is_none()).then_some((file, id))
    };
    let calls = |wanted: &dyn Fn(&Signal) -> bool| -> BTreeSet<(FileId, CallId)> {
        signals.iter().filter(|s| wanted(s)).filter_map(&place).collect()
    };
    let trained = calls(&|s| s.op == Some(Op::Train) || s.op == Some(Op::Tune));
    let splits = calls(&|s| s.id.starts_with("eval.split"));
    let searched: BTreeSet<At> =
        calls(&|s| s.op == Some(Op::Tune)).iter().flat_map(|(f, c)| program.passed(*f, *c)).map(|p| p.at).collect();
    let counts = |file: FileId| program.files().get(file).is_some_and(|f| scope(&f.path) != Scope::Test);
    let ask = Ask { program, trained: &trained, splits: &splits, counts: &counts };
    // an answer that only a metric is given serves nobody; nor does one to what is written in the program
    let compared: Vec<(usize, (FileId, CallId))> =
        signals.iter().enumerate().filter(|(_, s)| compares(s)).filter_map(|(i, s)| Some((i, place(s)?))).take(MOST).collect();
    let metrics = calls(&|s| s.op == Some(Op::Evaluate));
    let comparisons: BTreeSet<(FileId, CallId)> = compared.iter().map(|(_, at)| *at).collect();
    let nobodys = |at| ask.only_measured(at, &metrics, &comparisons) || made_up::asked(program, at);
    let serves = |s: &Signal| s.op == Some(Op::Serve) && place(s).is_some_and(nobodys);
    let answers: Vec<usize> = signals.iter().enumerate().filter(|(_, s)| serves(s)).map(|(i, _)| i).collect();
    for signal in answers {
        if let Some(signal) = signals.get_mut(signal) {
            signal.op = None;
        }
    }
    let scope_of = |at: &(FileId, CallId)| ask.call(*at).map(|call| At { file: at.0, scope: call.scope });
    let within: BTreeSet<At> =
        compared.iter().filter(|(_, at)| ask.shares_of_one(*at)).filter_map(|(_, at)| scope_of(at)).collect();
    for (signal, _) in compared.iter().filter(|(_, at)| scope_of(at).is_some_and(|scope| within.contains(&scope))) {
        if let Some(signal) = signals.get_mut(*signal) {
            signal.strength = signal.strength.min(Strength::Inferred);
        }
    }
    let invented: BTreeMap<At, (FileId, u32)> =
        compared.iter().filter_map(|(_, at)| Some((scope_of(at)?, made_up::side(program, *at)?))).collect();
    for (signal, at) in &compared {
        if let Some((file, line)) = scope_of(at).and_then(|scope| invented.get(&scope))
            && let (Some(signal), Some(code)) = (signals.get_mut(*signal), program.files().get(*file))
        {
            let line = code.code.file_line(*line);
            signal.off.get_or_insert_with(|| format!("compares with numbers that line {line} of {} makes up", code.path));
        }
    }
    let measured: Vec<(usize, (FileId, CallId))> = signals
        .iter()
        .enumerate()
        .filter(|(_, s)| s.op == Some(Op::Evaluate))
        .filter_map(|(i, s)| Some((i, place(s)?)))
        .collect();
    // commands, settings and what is not followed choose their rows themselves, as far as anybody can tell
    for signal in signals.iter_mut().filter(|s| s.op == Some(Op::Evaluate)) {
        signal.qualifiers.insert("rows".to_owned(), "own".to_owned());
    }
    if measured.is_empty() {
        return;
    }
    let fits: Vec<Rows> =
        trained.iter().take(MOST).flat_map(|at| ask.rows(*at, true)).filter(|r| !r.origins.is_empty()).collect();
    let watched: Vec<Rows> =
        trained.iter().take(MOST).filter(|at| ask.stops_early(**at)).flat_map(|at| ask.watched(*at)).collect();
    let chose = |at: (FileId, CallId)| {
        let within = |rows: &Rows| !rows.origins.is_empty() && watched.iter().any(|w| rows.origins.is_subset(&w.origins));
        !watched.is_empty() && ask.rows(at, false).iter().any(within)
    };
    for (signal, at) in measured.into_iter().take(MOST) {
        let Some(signal) = signals.get_mut(signal) else { continue };
        let word = match signal.qualifiers.get("split").map(String::as_str) {
            _ if ask.within(at, &searched) => "search",
            Some("cv") => "held_out",
            _ => match ask.judge(at, &fits) {
                "held_out" if chose(at) => "chose",
                word => word,
            },
        };
        signal.qualifiers.insert("rows".to_owned(), word.to_owned());
    }
}

/// Whether a signal compares data with data.
fn compares(signal: &Signal) -> bool {
    signal.op == Some(Op::Monitor) && signal.id.starts_with("monitor.drift")
}

struct Ask<'p> {
    program: &'p Program,
    trained: &'p BTreeSet<(FileId, CallId)>,
    splits: &'p BTreeSet<(FileId, CallId)>,
    counts: &'p dyn Fn(FileId) -> bool,
}

impl Ask<'_> {
    fn call(&self, (file, call): (FileId, CallId)) -> Option<&Call> {
        self.program.files().get(file)?.module().calls.get(call)
    }

    /// The rows that a call is given, one for each way to it.
    fn rows(&self, at: (FileId, CallId), fit: bool) -> Vec<Rows> {
        let Some(call) = self.call(at) else { return Vec::new() };
        // rows to watch the fit by are not fitted
        let wanted = |key: &str| !fit || !(says_apart(key) || key.starts_with("eval") || key.starts_with("callback"));
        let frames =
            Trace::new(self.program, self.trained, self.splits, self.counts).frames(At { file: at.0, scope: call.scope });
        frames
            .iter()
            .map(|frame| Trace::new(self.program, self.trained, self.splits, self.counts).given(call, frame, wanted))
            .collect()
    }

    /// Whether a fit ends when rows that it watches get no better: told to the call, to what it is called on, or by something
    /// that it calls back.
    fn stops_early(&self, at: (FileId, CallId)) -> bool {
        let Some(call) = self.call(at) else { return false };
        let here = At { file: at.0, scope: call.scope };
        let says = |text: &str| text.to_lowercase().replace('_', "").contains("earlystop");
        let told = |file: FileId, of: &Call| {
            let here = At { file, scope: of.scope };
            of.keywords.iter().any(|(key, value)| match key.as_str() {
                // settings that are unpacked
                "**" => match self.program.meaning(here, of.line, value) {
                    Some((Meaning::Literal(Value::Dict(pairs)), _)) => {
                        pairs.iter().any(|(key, value)| matches!(key, Value::Str(key) if says(key)) && *value != Value::None)
                    }
                    _ => false,
                },
                key => says(key) && *value != Value::None,
            })
        };
        let called = |value: &Value| match value {
            Value::Call(id) => self.call((at.0, *id)).and_then(|call| call.callee.last()).is_some_and(says),
            Value::Name(name) => {
                let made = self.program.maker(here, call.line, &Value::Name(name.clone()));
                made.and_then(|made| self.call(made)).and_then(|call| call.callee.last()).is_some_and(says)
            }
            _ => false,
        };
        let mut receiver = call.callee.clone();
        let made = receiver.path.pop().and_then(|_| self.program.maker(here, call.line, &Value::Name(receiver)));
        told(at.0, call)
            || made.and_then(|made| Some((made.0, self.call(made)?))).is_some_and(|(file, made)| told(file, made))
            || call.keywords.iter().any(|(_, value)| mentions(value, &called, NESTED))
    }

    /// The rows that a fit is given to watch, one for each way to it.
    fn watched(&self, at: (FileId, CallId)) -> Vec<Rows> {
        let Some(call) = self.call(at) else { return Vec::new() };
        let only = Call { args: Vec::new(), ..call.clone() };
        let new = || Trace::new(self.program, self.trained, self.splits, self.counts);
        let frames = new().frames(At { file: at.0, scope: call.scope });
        frames.iter().map(|frame| new().given(&only, frame, |key| key.starts_with("eval") || key.starts_with("valid"))).collect()
    }

    /// Whether what a call gives serves only to measure or to compare: it is handed to a metric or a comparison, directly or by
    /// a name or column of its own, and given back to nobody; or the table that holds it, to comparisons and to nothing else.
    fn only_measured(
        &self,
        (file, id): (FileId, CallId),
        metrics: &BTreeSet<(FileId, CallId)>,
        comparisons: &BTreeSet<(FileId, CallId)>,
    ) -> bool {
        let (Some(call), Some(code)) = (self.call((file, id)), self.program.files().get(file)) else { return false };
        let module = code.module();
        let given = |call: &Call, wanted: &dyn Fn(&Value) -> bool| {
            call.args.iter().chain(call.keywords.iter().map(|(_, v)| v)).any(|v| mentions(v, wanted, NESTED))
        };
        let measures = |id: CallId| metrics.contains(&(file, id));
        let compares = |id: CallId| comparisons.contains(&(file, id));
        let itself = |value: &Value| matches!(value, Value::Call(other) if *other == id);
        if module.calls.iter().enumerate().any(|(at, other)| (measures(at) || compares(at)) && given(other, &itself)) {
            return true;
        }
        let plain = |name: &Name| match &name.root {
            Root::Local(local) if name.path.is_empty() => Some(local.clone()),
            _ => None,
        };
        let mut bound = module.assigns.iter().filter(|a| a.scope == call.scope && itself(&a.value));
        let named = bound.find_map(|a| match &*a.targets {
            [Target::Name(name)] => Some((plain(name)?, None)),
            [Target::Item(of, key)] => Some((plain(of)?, Some(key.clone()))),
            _ => None,
        });
        let Some((named, column)) = named else { return false };
        let is = |value: &Value| match (value, &column) {
            (Value::Name(name), None) => root(name) == Some(named.as_str()),
            (Value::Name(Name { root: Root::Item(of, key), .. }), Some(column)) => {
                plain(of).as_ref() == Some(&named) && **key == *column
            }
            _ => false,
        };
        // the table with the column in it
        let whole =
            |value: &Value| column.is_some() && matches!(value, Value::Name(name) if plain(name).as_ref() == Some(&named));
        let in_scope = || module.calls.iter().enumerate().filter(|(_, other)| other.scope == call.scope);
        let back = |wanted: &dyn Fn(&Value) -> bool| {
            module.returns.iter().any(|r| r.scope == call.scope && mentions(&r.value, wanted, NESTED))
        };
        if in_scope().any(|(at, other)| (measures(at) || compares(at)) && given(other, &is)) {
            return !back(&is) && !back(&whole);
        }
        let on_it = |other: &Call| root(&other.callee) == Some(named.as_str());
        let mut uses = in_scope().filter(|(_, other)| on_it(other) || given(other, &is) || given(other, &whole)).peekable();
        let elsewhere = back(&is)
            || back(&whole)
            || module.assigns.iter().any(|a| a.scope == call.scope && !itself(&a.value) && mentions(&a.value, &is, NESTED));
        uses.peek().is_some() && !elsewhere && uses.all(|(at, _)| compares(at))
    }

    /// Whether a call is given two shares of one table, cut by place or by a split, whoever calls.
    fn shares_of_one(&self, at: (FileId, CallId)) -> bool {
        let Some(call) = self.call(at) else { return false };
        let new = || Trace::new(self.program, self.trained, self.splits, self.counts);
        let frames = new().frames(At { file: at.0, scope: call.scope });
        !frames.is_empty()
            && frames.iter().all(|frame| {
                let sides: Vec<Rows> = new().each(call, frame).into_iter().filter(|rows| !rows.origins.is_empty()).collect();
                let shares: Option<Vec<(&Origin, &String)>> = sides.iter().map(share).collect();
                shares.is_some_and(|shares| match shares.as_slice() {
                    [(one, cut), (other, apart)] => {
                        let before = |o: &Origin| o.cuts.split_last().map(|(_, before)| before.to_vec());
                        one.leaf == other.leaf && cut != apart && before(one) == before(other)
                    }
                    _ => false,
                })
            })
    }

    /// Whether a call stands in one of the functions, or in one that stands in it.
    fn within(&self, at: (FileId, CallId), functions: &BTreeSet<At>) -> bool {
        let (Some(call), Some(file)) = (self.call(at), self.program.files().get(at.0)) else { return false };
        let parent = |scope: &usize| file.module().scopes.get(*scope).map(|s| s.parent).filter(|p| p != scope);
        std::iter::successors(Some(call.scope), parent).take(50).any(|scope| functions.contains(&At { file: at.0, scope }))
    }

    fn judge(&self, at: (FileId, CallId), fits: &[Rows]) -> &'static str {
        let Some(call) = self.call(at) else { return "open" };
        if call.args.is_empty() && !call.keywords.iter().any(|(_, v)| matches!(v, Value::Name(_) | Value::Call(_))) {
            return "own";
        }
        let named =
            call.args.iter().chain(call.keywords.iter().map(|(_, v)| v)).filter_map(written).any(|name| says_apart(&name));
        let ways: Vec<&str> = self.rows(at, false).iter().map(|rows| one(rows, fits, named)).collect();
        if ways.contains(&"held_out") {
            "held_out"
        } else if !ways.is_empty() && ways.iter().all(|w| *w == "fitted") {
            "fitted"
        } else {
            "open"
        }
    }
}

/// The name that a dotted or indexed name begins with.
fn root(name: &Name) -> Option<&str> {
    let mut root = &name.root;
    for _ in 0..NESTED {
        match root {
            Root::Local(local) => return Some(local),
            Root::Item(of, _) => root = &of.root,
            _ => return None,
        }
    }
    None
}

/// Whether a value is, or holds, one that is wanted; what stands in the arguments of a call is another's.
fn mentions(value: &Value, wanted: &dyn Fn(&Value) -> bool, depth: usize) -> bool {
    let Some(left) = depth.checked_sub(1) else { return false };
    let inner = |value: &Value| mentions(value, wanted, left);
    wanted(value)
        || match value {
            Value::List(items) | Value::Tuple(items) => items.iter().any(inner),
            Value::Dict(items) => items.iter().any(|(_, v)| inner(v)),
            Value::BinOp { left, right, .. } => inner(left) || inner(right),
            Value::Compare { left, rights, .. } => inner(left) || rights.iter().any(inner),
            Value::BoolOp { values, .. } => values.iter().any(inner),
            Value::Choice { then, otherwise, .. } => inner(then) || inner(otherwise),
            Value::Unary { value, .. } | Value::Starred(value) => inner(value),
            _ => false,
        }
}

/// The one origin of rows that were last cut by place or by a split, with that cut.
fn share(rows: &Rows) -> Option<(&Origin, &String)> {
    let mut origins = rows.origins.iter();
    let (Some(origin), None) = (origins.next(), origins.next()) else { return None };
    let cut = origin.cuts.last()?;
    // two cuts on one line are told apart by which of them it is
    let told = origin.cuts.iter().rev().find(|cut| !cut.starts_with(ELEMENT))?;
    (told.contains(BY_PLACE) || told.starts_with(HELD) || told.starts_with(KEPT)).then_some((origin, cut))
}

/// A name as written: `y_test`, `test["y"]`.
fn written(value: &Value) -> Option<String> {
    let Value::Name(name) = value else { return None };
    let mut root = &name.root;
    let mut text = name.path.join(" ");
    for _ in 0..8 {
        match root {
            Root::Local(local) => return Some(format!("{local} {text}")),
            Root::Item(of, key) => {
                if let Value::Str(key) = &**key {
                    text = format!("{key} {text}");
                }
                text = format!("{} {text}", of.path.join(" "));
                root = &of.root;
            }
            _ => return Some(text),
        }
    }
    Some(text)
}

/// What is known of one way to a measurement.
fn one(rows: &Rows, fits: &[Rows], named: bool) -> &'static str {
    let measured = &rows.origins;
    let same = |fit: &&Rows| !measured.is_empty() && measured.is_subset(&fit.origins);
    let held = |fit: &&Rows| !measured.is_empty() && measured.iter().all(|m| fit.origins.iter().all(|f| apart(m, f)));
    let apart = measured.iter().any(|m| m.cuts.iter().any(|c| c.starts_with(HELD)))
        || (!measured.is_empty() && measured.iter().all(tells));
    // another model's fit says nothing of this one, so where some fit shares a table with the metric only such count
    let shares = |fit: &&Rows| fit.origins.iter().any(|f| measured.iter().any(|m| m.leaf == f.leaf));
    let held_near = fits.iter().filter(shares).any(|f| held(&f));
    if let Some(fit) = fits.iter().find(same) {
        let sure = !rows.open && !fit.open && !held_near;
        // by its name it is apart: then only the very half that a split kept speaks against it
        let kept = measured.iter().all(|m| m.cuts.iter().any(|c| c.starts_with(KEPT)));
        return match (sure, named) {
            (true, false) => "fitted",
            (true, true) if kept => "fitted",
            (false, true) => "held_out",
            _ => "open",
        };
    }
    let held_far = !fits.is_empty() && !fits.iter().any(|f| shares(&f)) && fits.iter().all(|f| held(&f));
    if held_near || held_far || apart || named { "held_out" } else { "open" }
}

/// Whether an origin says by its names that it is apart from training.
fn tells(origin: &Origin) -> bool {
    let mut said = std::iter::once(&origin.leaf).chain(&origin.cuts);
    said.clone().any(|s| says_apart(s)) && !said.any(|s| says_training(s))
}

/// Whether two origins share no rows: other parts of one table, or tables that are read by other words.
fn apart(measured: &Origin, fitted: &Origin) -> bool {
    // whether the same table or another: each takes a part of its own
    let parts = !measured.cuts.is_empty() && !fitted.cuts.is_empty() && measured.cuts.iter().all(|c| !fitted.cuts.contains(c));
    if measured.leaf != fitted.leaf {
        let known = |leaf: &str| leaf.contains('(') && !leaf.contains(UNKNOWN);
        return parts || (known(&measured.leaf) && known(&fitted.leaf));
    }
    let differ = measured.cuts.iter().zip(&fitted.cuts).find(|(m, f)| m != f);
    differ.is_some()
}

#[cfg(test)]
mod tests {
    use crate::rules::Catalog;
    use crate::signals::matcher::tests::signals;

    const HEAD: &str = "import pandas as pd\nfrom sklearn.linear_model import Ridge\nfrom sklearn.metrics import r2_score\nfrom sklearn.model_selection import train_test_split, cross_val_score\n";

    /// What is said of every measurement.
    fn marks(files: &[(&str, &str)]) -> Vec<String> {
        static RULES: std::sync::LazyLock<Catalog> = std::sync::LazyLock::new(|| Catalog::embedded().expect("sound rules"));
        let files: Vec<(&str, String)> = files.iter().map(|(path, text)| (*path, format!("{HEAD}{text}"))).collect();
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
        let found = signals(&RULES, &files);
        found
            .all
            .iter()
            .filter(|s| s.id.starts_with("eval.metrics"))
            .map(|s| s.qualifiers.get("rows").cloned().unwrap_or_default())
            .collect()
    }

    fn mark(text: &str) -> String {
        marks(&[("a.py", text)]).join(" ")
    }

    #[test]
    fn one_function() {
        let fit = "t = pd.read_csv('a.csv')\nm = Ridge()\n";
        assert_eq!(mark(&format!("{fit}m.fit(t[['a']], t['y'])\nr2_score(t['y'], m.predict(t[['a']]))")), "fitted");
        assert_eq!(
            mark(&format!("{fit}a, b = train_test_split(t)\nm.fit(a[['a']], a['y'])\nr2_score(b['y'], m.predict(b[['a']]))")),
            "held_out"
        );
        assert_eq!(
            mark(&format!("{fit}X, x, Y, y = train_test_split(t[['a']], t.y)\nm.fit(X, Y)\nr2_score(y, m.predict(x))")),
            "held_out"
        );
        assert_eq!(
            mark(&format!("{fit}a, b = t[:9], t[9:]\nm.fit(a[['a']], a.y)\nr2_score(b.y, m.predict(b[['a']]))")),
            "held_out"
        );
        assert_eq!(mark(&format!("{fit}m.fit(t[['a']], t.y)\nb = t[t.day > 3]\nr2_score(b.y, m.predict(b[['a']]))")), "open");
        assert_eq!(
            mark(&format!("{fit}u = pd.read_csv('b.csv')\nm.fit(t[['a']], t.y)\nr2_score(u.y, m.predict(u[['a']]))")),
            "held_out"
        );
        assert_eq!(
            mark(&format!(
                "{fit}m.fit(t[['a']], t.y)\nif again:\n    t = pd.read_csv('b.csv')\nr2_score(t.y, m.predict(t[['a']]))"
            )),
            "held_out"
        );
        assert_eq!(
            mark(&format!(
                "{fit}if again:\n    t = pd.read_csv('b.csv')\nm.fit(t[['a']], t.y)\nr2_score(t.y, m.predict(t[['a']]))"
            )),
            "open"
        );
    }

    #[test]
    fn another_fit_says_nothing() {
        // the model that is measured was fitted on rows that cannot be told; another on rows that can
        let other = "u = pd.read_csv('b.csv')\nRidge().fit(u[['a']], u.y)\n";
        let text = "def score(rows):\n    m = Ridge()\n    m.fit(rows, rows.y)\n    t = pd.read_csv('a.csv')\n    return r2_score(t.y, m.predict(t))\n";
        assert_eq!(mark(&format!("{other}{text}")), "open");
        let same = "t = pd.read_csv('a.csv')\nm = Ridge()\nm.fit(t[['a']], t.y)\nr2_score(t.y, m.predict(t[['a']]))";
        assert_eq!(mark(&format!("{other}{same}")), "fitted");
    }

    #[test]
    fn across_functions_and_files() {
        let train = "def train(table, column):\n    x = table.drop(columns=[column])\n    m = Ridge()\n    m.fit(x, table[column])\n    return m\n";
        let score = "def score(model, table, column):\n    x = table.drop(columns=[column])\n    return r2_score(table[column], model.predict(x))\n";
        let run = |rows: &str| {
            let main = format!(
                "from train import train\nfrom score import score\ndef main():\n    old, new = train_test_split(pd.read_csv('a.csv'))\n    m = train(old, 'y')\n    score(m, {rows}, 'y')\nmain()\n"
            );
            marks(&[("main.py", &main), ("score.py", score), ("train.py", train)]).join(" ")
        };
        assert_eq!(run("old"), "fitted");
        assert_eq!(run("new"), "held_out");
        assert_eq!(run("somewhere"), "open");
    }

    #[test]
    fn files_by_their_names() {
        let read = "def read(path):\n    return pd.read_csv(path)\n";
        let fit = format!("{read}t = read('a.csv')\nm = Ridge()\nm.fit(t[['a']], t.y)\n");
        assert_eq!(mark(&format!("{fit}u = read('b.csv')\nr2_score(u.y, m.predict(u[['a']]))")), "held_out");
        assert_eq!(mark(&format!("{fit}u = read('a.csv')\nr2_score(u.y, m.predict(u[['a']]))")), "fitted");
        // the first argument of one program is not that of another
        let (train, score) = (
            "import sys\nt = pd.read_csv(sys.argv[1])\nRidge().fit(t[['a']], t.y)\n",
            "import sys\nt = pd.read_csv(sys.argv[1])\nr2_score(t.y, t.said)\n",
        );
        assert_eq!(marks(&[("score.py", score), ("train.py", train)]), ["open"]);
    }

    #[test]
    fn shares_of_one_table_are_nothing_new() {
        let sure = |text: &str| {
            let text = format!(
                "import pandas as pd\nfrom evidently import Report\ndef check(table):\n    t = pd.read_sql('all', table)\n{text}\n    Report([]).run(now, then)\n"
            );
            static RULES: std::sync::LazyLock<Catalog> = std::sync::LazyLock::new(|| Catalog::embedded().expect("sound rules"));
            let found = signals(&RULES, &[("drift.py", &text)]);
            found.all.iter().any(|s| &*s.id == "monitor.drift.check" && s.strength == crate::words::Strength::Resolved)
        };
        assert!(!sure("    n = int(len(t) * 0.8)\n    then = t.iloc[:n]\n    now = t.iloc[n:]"));
        assert!(!sure("    now, then = t.iloc[9:], t.iloc[:9]"));
        assert!(!sure("    from sklearn.model_selection import train_test_split\n    then, now = train_test_split(t)"));
        assert!(sure("    then = t[t.day < 3]\n    now = t[t.day > 3]"));
        assert!(sure("    then = t.loc['2026-01':'2026-02']\n    now = t.loc['2026-03':]"));
        assert!(sure("    then = pd.read_parquet('then.parquet')\n    now = t.iloc[9:]"));
    }

    #[test]
    fn rows_that_stop_the_fit_chose_it() {
        let head = "a, b = train_test_split(pd.read_csv('a.csv'))\n";
        let fit = |made: &str, given: &str| {
            mark(&format!(
                "import xgboost as xgb\n{head}p = {{'early_stopping_rounds': 9}}\nm = xgb.XGBRegressor({made})\nm.fit(a[['a']], a.y{given})\nr2_score(b.y, m.predict(b[['a']]))"
            ))
        };
        let watched = ", eval_set=[(b[['a']], b.y)]";
        assert_eq!(fit("early_stopping_rounds=9", watched), "chose");
        assert_eq!(fit("**p", watched), "chose");
        assert_eq!(fit("", &format!("{watched}, early_stopping_rounds=9")), "chose");
        assert_eq!(fit("", watched), "held_out");
        assert_eq!(fit("**p", ", eval_set=[(a[['a']], a.y)]"), "held_out");
    }

    #[test]
    fn another_table_of_a_session_is_another() {
        let fit = "s = SparkSession.builder.getOrCreate()\na, b = s.read.table('a'), s.read.table('b')\nm = Ridge()\nm.fit(a)\n";
        let head = "from pyspark.sql import SparkSession\n";
        assert_eq!(mark(&format!("{head}{fit}r2_score(b, m.predict(b))")), "held_out");
        assert_eq!(mark(&format!("{head}{fit}r2_score(a, m.predict(a))")), "fitted");
    }

    #[test]
    fn what_a_search_tries_is_no_evaluation() {
        let text = "import optuna\ndef objective(trial):\n    return r2_score(y_test, Ridge().fit(x, y).predict(x_test))\nstudy = optuna.create_study()\nstudy.optimize(objective)";
        assert_eq!(mark(text), "search");
    }
}
