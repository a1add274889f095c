//! What a schedule comes to, and what keeps it from working.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::fact::{DataKind, Fact, FactKind, FileFacts, Held, Pin, Trigger, UnitId, UnitKind, Until, UsesTarget};
use crate::facts::deploy::MOUNT;
use crate::facts::shell::HOLE;
use crate::resolve::program::{At, FileId, Meaning, text_of};
use crate::rules::orchestrator::{Absent, Paused, Pipeline, names};
use crate::source;
use crate::syntax::python::{Call, CallId, Value};
use crate::words::{EdgeKind, Strength, TriggerKind};

/// Deepest nesting of a schedule.
const DEPTH: u32 = 4;

/// What the rest of the repository says of schedules, looked for once.
#[derive(Default)]
pub(super) struct Seen {
    /// A setting makes new schedules work at once.
    set: OnceCell<bool>,
    /// Names in commands that switch schedules on.
    switched_on: OnceCell<BTreeSet<String>>,
    /// Whether a file is brought to where it is run.
    bound: BTreeMap<FileId, bool>,
    /// Variables that some file sets, with their value where all say the same.
    pub(super) variables: OnceCell<BTreeMap<String, Option<String>>>,
    /// Whether some code starts what calls by the clock.
    pub(super) started: OnceCell<bool>,
    /// Tasks: the function, the name that it is given, its module and its own name.
    pub(super) tasks: OnceCell<Vec<(At, Option<String>, String, String)>>,
    /// Whether older and newer versions of the distribution are asked for.
    versions: OnceCell<(bool, bool)>,
    /// Places in containers, and what of the repository is mounted there; none where several things are.
    mounts: OnceCell<BTreeMap<String, Option<String>>>,
}

/// What a value says about when something starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Says {
    /// Never by itself.
    Never,
    /// By the clock; how, as written.
    Clock(String),
    /// When these data have changed.
    Data(Vec<String>),
    /// That cannot be read here; as written.
    Unclear(String),
}

impl<'b> super::Lowering<'b> {
    /// What a value says.
    pub(super) fn says(&self, file: FileId, call: &Call, value: &'b Value) -> Says {
        self.says_at(At { file, scope: call.scope }, call.line, value)
    }

    /// What a value says where it is used.
    pub(super) fn says_at(&self, at: At, line: u32, value: &'b Value) -> Says {
        self.says_of(at, line, value, DEPTH)
    }

    fn says_of(&self, at: At, line: u32, value: &'b Value, depth: u32) -> Says {
        let unclear = || Says::Unclear(text_of(value, 3));
        let Some(depth) = depth.checked_sub(1) else { return unclear() };
        let words = &self.rule.schedules;
        if let Value::BinOp { op: "|" | "&", left, right } = value {
            return both(self.says_of(at, line, left, depth), self.says_of(at, line, right, depth));
        }
        match self.program.meaning(at, line, value) {
            Some((Meaning::Literal(literal), _)) => match literal {
                Value::None => Says::Never,
                Value::Str(text) if text.is_empty() || words.never.contains(text) => Says::Never,
                Value::Str(text) => Says::Clock(format!("{text:?}")),
                Value::Int(number) => Says::Clock(number.to_string()),
                Value::Float(number) => Says::Clock(number.clone()),
                Value::List(items) | Value::Tuple(items) if items.is_empty() => Says::Never,
                Value::List(items) | Value::Tuple(items) => {
                    let mut all = items.iter().take(20).map(|item| self.says_of(at, line, item, depth));
                    let first = all.next().unwrap_or(Says::Never);
                    all.fold(first, both)
                }
                // an entry as a mapping: `{"cron": …, "active": False}`
                Value::Dict(pairs) => {
                    let get = |name: &str| pairs.iter().find(|(key, _)| *key == Value::Str(name.to_owned())).map(|(_, v)| v);
                    if get("active") == Some(&Value::Bool(false)) {
                        return Says::Never;
                    }
                    let inner = ["cron", "interval", "rrule", "schedule"].iter().find_map(|key| get(key));
                    inner.map_or_else(unclear, |inner| self.says_of(at, line, inner, depth))
                }
                _ => unclear(),
            },
            Some((Meaning::Made(name), _)) => {
                let made = self.program.maker(at, line, value);
                let written = made.and_then(|(file, call)| self.call(file, call));
                let off = written.is_some_and(|c| c.keywords.iter().any(|(k, v)| k == "active" && *v == Value::Bool(false)));
                let first = written.and_then(|c| c.args.first().or_else(|| c.keywords.first().map(|(_, v)| v)));
                let short = name.rsplit(['.', '#']).next().unwrap_or_default();
                if let (Some(holder), Some((of, made)), Some(written)) =
                    (words.holders.iter().find(|holder| names(&holder.call, &name)), made, written)
                {
                    if written.keywords.iter().any(|(k, v)| *k == holder.active && *v == Value::Bool(false)) {
                        return Says::Never;
                    }
                    let inner = self.keyword(of, written, &holder.what).or_else(|| written.args.get(holder.place));
                    let at = self.call(of, made).map_or(at, |call| At { file: of, scope: call.scope });
                    return inner.map_or_else(unclear, |inner| self.says_of(at, written.line, inner, depth));
                }
                if off {
                    Says::Never
                } else if names(&words.data, &name) {
                    let named = first.zip(made).map(|(value, (of, made))| self.name_of_data(of, made, value));
                    Says::Data(vec![named.unwrap_or_else(|| short.to_owned())])
                } else if names(&words.clocks, &name) {
                    let all = written.into_iter().flat_map(|c| {
                        let named = c.keywords.iter().map(|(key, v)| format!("{key}={}", text_of(v, 2)));
                        c.args.iter().map(|v| text_of(v, 2)).chain(named).take(3)
                    });
                    Says::Clock(format!("{short}({})", all.collect::<Vec<_>>().join(", ")))
                } else {
                    unclear()
                }
            }
            Some((Meaning::Outside(name), _)) if names(&words.data, &name) => Says::Data(vec![text_of(value, 2)]),
            _ => unclear(),
        }
    }

    /// The triggers of a pipeline by the keywords of the call that makes it.
    pub(super) fn schedule_of(
        &mut self,
        file: FileId,
        rule: &'b Pipeline,
        unit: UnitId,
        name: &str,
        line: u32,
        call: Option<CallId>,
    ) {
        if rule.schedule.is_empty() {
            return;
        }
        let written = call.and_then(|call| self.call(file, call));
        let value = written.and_then(|c| rule.schedule.iter().find_map(|key| Some((c, self.keyword(file, c, key)?))));
        let says = match value {
            Some((call, value)) => self.says(file, call, value),
            None => match &rule.absent {
                Some(absent) => self.absent(file, absent),
                None => return,
            },
        };
        let line = written.map_or(line, |c| self.line_of(file, c, value.map(|(_, v)| v), &says));
        let switch = written.and_then(|c| self.keyword(file, c, rule.switch.as_deref()?));
        let mut triggers = triggers(says);
        let left_out = self.left_out(file);
        for trigger in &mut triggers {
            match switch {
                _ if left_out.is_some() => trigger.off.clone_from(&left_out),
                Some(Value::Bool(true)) => {
                    trigger.off = rule.switch.as_ref().map(|word| format!("switched off by `{word}=True`"))
                }
                _ if trigger.held.is_some() => {}
                _ => {
                    let on = matches!(switch, Some(Value::Bool(false)));
                    trigger.held = match &self.rule.paused {
                        Some(paused) => self.paused(file, paused, name, on),
                        None => {
                            let why = "it works once somebody has registered the pipeline".to_owned();
                            let until = self.put(file, rule);
                            Some(Held { strength: Strength::Assumed, why, until, remedy: None })
                        }
                    };
                }
            }
        }
        for trigger in triggers {
            if trigger.kind == TriggerKind::Data && trigger.off.is_none() {
                // who makes the data is known once all steps are
                self.waits.push((self.pipes.len().saturating_sub(1), line, trigger));
            } else {
                self.fact(file, unit, line, FactKind::Trigger(trigger));
            }
        }
    }

    /// What registers the pipelines of a file: a line of its own, or a command that names it or its folder.
    fn put(&self, file: FileId, rule: &Pipeline) -> Option<Until> {
        let code = self.code(file);
        let registers = |call: &&Call| call.callee.path.last().is_some_and(|method| rule.registered.contains(method));
        if let Some(call) = code.module().calls.iter().find(registers) {
            return Some(Until::Line(code.code.file_line(call.line)));
        }
        let path = &code.path;
        let places = [path.to_string(), source::folder(path).to_owned(), format!("{}/", source::folder(path))];
        let words = |place: &String| rule.put_by.iter().cloned().chain([place.clone()]).collect::<Vec<_>>();
        (!rule.put_by.is_empty()).then(|| Until::Words(places.iter().map(words).collect()))
    }

    /// How data are called by whoever makes or waits for them: by their name, put together where it is, else by the place
    /// where they are declared, for two names of which only a run knows are not one.
    fn name_of_data(&self, file: FileId, made: CallId, value: &'b Value) -> String {
        let Some(call) = self.call(file, made) else { return text_of(value, 2) };
        match self.text(At { file, scope: call.scope }, call.line, value, 6) {
            Some(text) if !text.contains(HOLE) => format!("{text:?}"),
            _ => format!("{} ({}:{})", text_of(value, 2), self.code(file).path, self.code(file).code.file_line(call.line)),
        }
    }

    /// A pipeline that waits for data is started by the steps that say they make those; where none does, by something
    /// outside.
    pub(super) fn data_arrives(&mut self) {
        let mut makers: Vec<(usize, Vec<String>)> = Vec::new();
        let Some(key) = &self.rule.makes else { return };
        for (index, step) in self.steps.iter().enumerate() {
            let Some(call) = self.call(step.file, step.call) else { continue };
            let decorators = self.decorated(step.file, step.call, 4).map_or(&[][..], |at| self.program.decorators(at));
            let decorator = decorators.iter().find_map(|d| {
                let call = self.call(step.file, d.call?)?;
                Some((call, self.keyword(step.file, call, key)?))
            });
            if let Some((call, value)) = self.keyword(step.file, call, key).map(|v| (call, v)).or(decorator)
                && let Says::Data(keys) = self.says(step.file, call, value)
            {
                makers.push((index, keys));
            }
        }
        for (pipe, line, mut trigger) in std::mem::take(&mut self.waits) {
            let Some(it) = self.pipes.get(pipe).cloned() else { continue };
            let mut made = false;
            for (step, _) in makers.iter().filter(|(_, keys)| keys.iter().any(|key| trigger.from.contains(key))) {
                let Some(step) = self.steps.get(*step).cloned() else { continue };
                let Some(call) = self.call(step.file, step.call) else { continue };
                made = true;
                let to = self.target(it.file, it.unit, UnitKind::Workflow);
                self.hand_over(step.file, step.unit, call.line, &trigger.text.clone(), to, EdgeKind::Starts);
            }
            if !made {
                let why = "nothing here says that it makes those data".to_owned();
                trigger.held = trigger
                    .held
                    .or(Some(Held { strength: Strength::Assumed, why, until: None, remedy: None }))
                    .map(|held| Held { strength: Strength::Assumed, ..held });
                self.fact(it.file, it.unit, line, FactKind::Trigger(trigger));
            }
        }
    }

    /// The line of the schedule's own words, where they stand in the call.
    pub(super) fn line_of(&self, file: FileId, call: &Call, value: Option<&Value>, says: &Says) -> u32 {
        let made = match value {
            Some(Value::Call(id)) => self.call(file, *id).map(|inner| inner.line),
            _ => None,
        };
        if let Some(line) = made.filter(|line| (call.line..=call.end_line).contains(line)) {
            return line;
        }
        let Says::Clock(text) = says else { return call.line };
        let strings = &self.code(file).module().strings;
        let within = strings.iter().filter(|(_, line)| (call.line..=call.end_line).contains(line));
        within.filter(|(s, _)| format!("{s:?}") == *text).map(|(_, line)| *line).next().unwrap_or(call.line)
    }

    /// What must happen before the schedule works; none where a file shows that it does.
    pub(super) fn paused(&mut self, file: FileId, paused: &Paused, name: &str, on: bool) -> Option<Held> {
        let by_setting =
            || self.seen.set.get_or_init(|| paused.unless_setting.as_ref().is_some_and(|(key, v)| self.is_set(key, v)));
        let by_command = || self.seen.switched_on.get_or_init(|| self.switched_on(paused)).contains(name);
        if !(on || *by_setting() || by_command()) {
            return Some(Held {
                strength: Strength::Assumed,
                why: paused.why.clone(),
                until: None,
                remedy: paused.remedy.clone(),
            });
        }
        let bound = match self.seen.bound.get(&file) {
            Some(bound) => *bound,
            None => self.is_bound(file, paused),
        };
        self.seen.bound.insert(file, bound);
        (!bound).then(|| Held { strength: Strength::Inferred, why: paused.unbound.clone(), until: None, remedy: None })
    }

    /// Whether some file gives a setting one of these values.
    fn is_set(&self, key: &str, values: &[String]) -> bool {
        let set = |value: &str| values.iter().any(|v| v == value.trim_matches(['"', '\'']));
        self.book.values().flat_map(|facts| &facts.facts).any(|fact| match &fact.kind {
            FactKind::Setting { key: k, value } => k == key && set(value),
            FactKind::Instruction(it) if it.keyword == "ENV" => it.args.iter().enumerate().any(|(at, word)| {
                word.strip_prefix(key).is_some_and(|rest| match rest.strip_prefix('=') {
                    Some(value) => set(value),
                    None => rest.is_empty() && it.args.get(at + 1).is_some_and(|v| set(v)),
                })
            }),
            _ => false,
        })
    }

    /// The words of every command that switches pipelines on.
    fn switched_on(&self, paused: &Paused) -> BTreeSet<String> {
        let Some(words) = &paused.unless_command else { return BTreeSet::new() };
        let commands = self.book.values().flat_map(|facts| &facts.facts).filter_map(|fact| match &fact.kind {
            FactKind::Command(command) => command.text().strip_prefix(words.as_str()).map(str::to_owned),
            _ => None,
        });
        commands.flat_map(|rest| rest.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect()
    }

    /// Whether some file brings the definition to where it is run: a mounted or copied folder, an upload.
    fn is_bound(&self, file: FileId, paused: &Paused) -> bool {
        const UPLOADS: &[&str] = &["aws", "gsutil", "gcloud", "rsync", "scp", "azcopy", "kubectl", "cp"];
        let path = &self.code(file).path;
        let within = |folder: &str| {
            let folder = folder.trim_start_matches("./").trim_end_matches("/*").trim_end_matches('/');
            folder == "."
                || folder.is_empty()
                || **path == *folder
                || path.strip_prefix(folder).is_some_and(|r| r.starts_with('/'))
        };
        // an image or stack of something else may take in the whole folder as well
        let speaks = |facts: &FileFacts| {
            let has = |text: &str| self.rule.roots.iter().any(|root| text.to_lowercase().contains(root.as_str()));
            facts.facts.iter().any(|fact| match &fact.kind {
                FactKind::Instruction(it) => it.args.iter().any(|arg| has(arg)),
                FactKind::Command(command) => command.words.iter().any(|word| has(&word.text)),
                FactKind::Data(data) => data.kind == DataKind::Image && has(&data.key),
                FactKind::Setting { key, .. } => has(key),
                _ => false,
            })
        };
        // of what a compose file builds the definition says it
        let speaks = |facts: &FileFacts| {
            let built = |fact: &Fact| match &fact.kind {
                FactKind::Uses(uses) => match uses.to.plain() {
                    UsesTarget::File(path) => self.book.get(path.as_str()).is_some_and(&speaks),
                    _ => false,
                },
                _ => false,
            };
            speaks(facts) || facts.facts.iter().any(built)
        };
        self.book.iter().any(|(by, facts)| {
            let brings = |fact: &Fact| match &fact.kind {
                FactKind::Data(data) => {
                    let mounted = data.kind == DataKind::Path && !data.writes && source::file_name(by).contains("compose");
                    mounted && within(&data.key) && speaks(facts)
                }
                FactKind::Uses(uses) => paused.bound_by.iter().any(|by| uses.reference.starts_with(by.as_str())),
                FactKind::Instruction(it) if matches!(it.keyword.as_str(), "COPY" | "ADD") => {
                    let from = it.args.split_last().map_or(&[][..], |(_, from)| from);
                    let copied = |f: &String| within(f) || source::join(source::folder(by), f).is_some_and(|f| within(&f));
                    it.flags.iter().all(|(flag, _)| flag != "from") && from.iter().any(copied) && speaks(facts)
                }
                FactKind::Command(command) if UPLOADS.contains(&command.program()) => command.words.iter().skip(1).any(|word| {
                    let text = word.text.trim_start_matches("./").trim_end_matches('/');
                    let there = || command.dir.as_deref().and_then(|dir| source::join(dir, text));
                    !matches!(text, "" | "." | "*")
                        && !text.starts_with('-')
                        && (within(text) || there().is_some_and(|t| t != "." && within(&t)))
                }),
                _ => false,
            };
            facts.facts.iter().any(brings)
        })
    }

    /// The file of the repository behind a full path in a container, as compose files mount it.
    pub(super) fn mounted(&self, full: &str) -> Option<String> {
        let mounts = self.seen.mounts.get_or_init(|| {
            let mut all: BTreeMap<String, Option<String>> = BTreeMap::new();
            for fact in self.book.values().flat_map(|facts| &facts.facts) {
                let FactKind::Instruction(it) = &fact.kind else { continue };
                if let ([from, to], true) = (it.args.as_slice(), it.keyword == MOUNT) {
                    let known = all.entry(to.clone()).or_insert_with(|| Some(from.clone()));
                    *known = known.take().filter(|known| known == from);
                }
            }
            all
        });
        let within = |(to, from): (&String, &Option<String>)| {
            let rest = full.strip_prefix(to.as_str())?.strip_prefix('/')?;
            source::join(from.as_deref()?, rest)
        };
        let found = mounts.iter().rev().filter(|_| full.starts_with('/')).find_map(within)?;
        self.inventory.contains(&found).then_some(found)
    }

    /// A text for a shell in which full paths of a container are those of the repository; whether there was one.
    pub(super) fn as_mounted(&self, text: &str) -> (String, bool) {
        let mut any = false;
        let words = text.split(' ').map(|word| match self.mounted(word.trim_matches(['"', '\''])) {
            Some(here) => {
                any = true;
                here
            }
            None => word.to_owned(),
        });
        let text = words.collect::<Vec<_>>().join(" ");
        (text, any)
    }

    /// What no schedule means, by the version that the repository asks for.
    fn absent(&self, file: FileId, absent: &Absent) -> Says {
        let newer = self.code(file).module().imports.iter().any(|import| {
            absent
                .since_imports
                .iter()
                .any(|s| import.module == *s || import.module.strip_prefix(s.as_str()).is_some_and(|r| r.starts_with('.')))
        });
        if newer {
            return Says::Never;
        }
        let major = |text: &str| -> Option<u32> {
            let digits: String =
                text.trim_start_matches(|c: char| !c.is_ascii_digit()).chars().take_while(char::is_ascii_digit).collect();
            digits.parse().ok()
        };
        let asked = || {
            let versions = self.book.values().flat_map(|facts| &facts.facts).filter_map(|fact| match &fact.kind {
                FactKind::Dependency(d) if d.name == absent.distribution => {
                    let version = d.version.as_deref()?;
                    // an open lower bound says nothing about what is installed
                    (d.pin == Pin::Exact || version.contains(['<', '~', '^'])).then(|| match version.split_once('<') {
                        Some((_, below)) => major(below).map(|v| {
                            if below.trim_start_matches('=').contains('.') && !below.contains(".0") {
                                v
                            } else {
                                v.saturating_sub(1)
                            }
                        }),
                        None => major(version),
                    })?
                }
                FactKind::Instruction(it) if it.keyword == "FROM" => {
                    let (image, tag) = it.args.first()?.rsplit_once(':')?;
                    image.ends_with(absent.image.as_str()).then(|| major(tag))?
                }
                FactKind::Data(d) if d.kind == DataKind::Image => {
                    let (image, tag) = d.key.rsplit_once(':')?;
                    image.ends_with(absent.image.as_str()).then(|| major(tag))?
                }
                _ => None,
            });
            let versions: BTreeSet<bool> = versions.map(|v| v < absent.before).collect();
            (versions.contains(&true), versions.contains(&false))
        };
        match *self.seen.versions.get_or_init(asked) {
            (true, false) => Says::Clock(absent.text.clone()),
            (false, true) => Says::Never,
            _ => Says::Unclear(format!("the default of a version of {} that is not known", absent.distribution)),
        }
    }
}

/// Two at once.
fn both(one: Says, other: Says) -> Says {
    match (one, other) {
        (Says::Never, it) | (it, Says::Never) => it,
        (Says::Data(mut keys), Says::Data(more)) => {
            keys.extend(more);
            Says::Data(keys)
        }
        (Says::Clock(text), _) | (_, Says::Clock(text)) => Says::Clock(text),
        (it, _) => it,
    }
}

/// The triggers that it comes to.
pub(super) fn triggers(says: Says) -> Vec<Trigger> {
    match says {
        Says::Never => Vec::new(),
        Says::Clock(text) => vec![Trigger::plain(TriggerKind::Schedule, format!("schedule {text}"))],
        Says::Data(keys) => {
            let mut trigger = Trigger::plain(TriggerKind::Data, format!("new {}", keys.join(", ")));
            trigger.from = keys;
            vec![trigger]
        }
        Says::Unclear(text) => {
            let mut trigger = Trigger::plain(TriggerKind::Schedule, format!("schedule {text}"));
            let why = "the schedule is given by what cannot be read here".to_owned();
            trigger.held = Some(Held { strength: Strength::Assumed, why, until: None, remedy: None });
            vec![trigger]
        }
    }
}
