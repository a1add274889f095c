//! Jobs: what starts them, what they wait for, where they run, and what they hand over to.

use std::collections::{BTreeMap, BTreeSet};

use super::super::held::Truth;
use super::super::reading::Reading;
use super::ROOT;
use super::bridge::{bridge, named_children};
use super::merged::{Config, Entry, IncludeKind, Value, get};
use super::order::{order, wait_for_people, without_their_needs};
use super::script::{self, Script};
use super::starts::{Rules, Source, Way, When, allowed};
use crate::fact::{FactKind, Guard, Held, OnFailure, Trigger, Unit, UnitId, UnitKind, Uses, UsesTarget, Whole};
use crate::source::{self, NoticeKind, RepoPath};
use crate::syntax::tree::{Kind, Node};
use crate::words::{EdgeKind, Strength, TriggerKind};

/// Most jobs of one pipeline.
const MAX_JOBS: usize = 500;
/// Most variables of one place.
const MAX_VARIABLES: usize = 200;
/// Keys at the top that are no jobs.
const RESERVED: &[&str] = &[
    "default",
    "include",
    "stages",
    "types",
    "variables",
    "workflow",
    "spec",
    "image",
    "services",
    "cache",
    "before_script",
    "after_script",
];

/// A job of the pipeline, whatever file it stands in.
pub(super) struct Job<'t> {
    pub(super) name: &'t str,
    /// Number of the file that it was defined in last.
    pub(super) doc: usize,
    pub(super) line: u32,
    pub(super) map: Vec<Entry<'t>>,
    /// Its variables and the pipeline's.
    pub(super) variables: BTreeMap<String, String>,
    pub(super) stage: usize,
    /// By kind of pipeline, the ways in which it runs there.
    pub(super) ways: BTreeMap<Source, Vec<Way>>,
    /// By kind of pipeline, why a person must come first although it does not say so itself.
    pub(super) waits: BTreeMap<Source, String>,
    /// What it waits for, where it says so itself: the names, and whether each must be there.
    pub(super) needs: Option<Vec<(String, bool, u32)>>,
    pub(super) allows_failure: bool,
}

impl Job<'_> {
    /// The ways in which it runs by itself in such a pipeline.
    pub(super) fn by_itself(&self, source: Source) -> impl Iterator<Item = &Way> {
        let ways = self.ways.get(&source).filter(|_| !self.waits.contains_key(&source));
        ways.into_iter().flatten().filter(|w| matches!(w.when, When::Itself(_)))
    }

    /// It runs by itself, as far as the repository says.
    fn is_automatic(&self, source: Source) -> bool {
        let told = !matches!(source, Source::Push | Source::Tag | Source::MergeRequest);
        self.by_itself(source).any(|w| told || w.held.outside.is_none())
    }

    /// In such a pipeline a person starts it.
    pub(super) fn is_by_hand(&self, source: Source) -> bool {
        self.by_itself(source).next().is_none() && (self.by_person(source).is_some() || self.waits.contains_key(&source))
    }

    fn by_person(&self, source: Source) -> Option<&Way> {
        self.ways.get(&source)?.iter().find(|w| w.when == When::Manual)
    }

    /// Later stages go on without it.
    pub(super) fn is_optional(&self, source: Source) -> bool {
        let way = self.by_person(source);
        way.and_then(|w| w.allows_failure).unwrap_or_else(|| {
            // by its own word it is optional, by a rule it is not
            self.allows_failure
                || way.is_some_and(|_| get(&self.map, "rules").is_none() && get(&self.map, "allow_failure").is_none())
        })
    }
}

/// States what of the pipeline stands in the file that is read; returns the children that it starts, where the file is
/// the pipeline's root.
pub(super) fn lower(
    config: &Config<'_>,
    root: &RepoPath,
    whole: Option<&Whole>,
    reading: &mut Reading<'_>,
) -> Option<BTreeSet<RepoPath>> {
    let own = reading.file.path.clone();
    let is_root = *root == own;
    // the pipeline of another project is started by what is followed here, which is no pipeline of that one
    let sources: &[Source] = match source::within(root) == ROOT {
        true if source::is_copy(root) => &[Source::Pipeline],
        true => Source::ALL,
        false => &[Source::Parent],
    };
    let jobs = jobs(config, sources, is_root, reading);
    let unit = |name: String, reading: &Reading<'_>| Unit {
        kind: UnitKind::Workflow,
        name,
        title: None,
        line: 1,
        end_line: reading.last_line(),
        parent: None,
    };
    let here = |doc: usize| config.path(doc) == Some(&own);
    let mut stated: BTreeSet<TriggerKind> = BTreeSet::new();
    let mut workflow = None;
    if is_root {
        let id = reading.unit(unit(own.to_string(), reading));
        workflow = Some(id);
        stated = triggers(config, root, &jobs, sources, id, reading);
        includes(config, root, &jobs, id, reading);
        for (key, value, doc, line) in variables(config, &config.top).1 {
            if here(doc) {
                reading.setting(id, line, &key, &value);
            }
        }
    } else {
        stated.extend(stated_kinds(&jobs, sources).into_iter().map(Source::kind));
        if jobs.iter().any(|job| here(job.doc)) {
            workflow = Some(reading.unit(unit(part_name(&own, root), reading)));
        }
    }
    let mut children = BTreeSet::new();
    let mut ids: BTreeMap<&str, UnitId> = BTreeMap::new();
    for job in &jobs {
        let script = Script::of(config, job, reading);
        if let Some(workflow) = workflow.filter(|_| here(job.doc)) {
            let id = one(config, job, workflow, reading);
            ids.insert(job.name, id);
            guards(job, id, sources, &stated, reading);
            if config.docs.get(job.doc).is_some_and(|doc| doc.conditional) {
                reading.fact(id, job.line, FactKind::Guard(Guard::If("its file is included".to_owned())));
            }
            places(config, job, id, reading);
            bridge(config, job, id, whole, reading);
            script.state(config, root, job, Some(id), reading);
        } else {
            script.state(config, root, job, None, reading);
        }
        children.extend(named_children(config, job));
    }
    for job in jobs.iter().filter(|job| here(job.doc)) {
        if let Some(id) = ids.get(job.name) {
            order(config, job, *id, &jobs, &ids, root, reading);
        }
    }
    is_root.then_some(children)
}

/// What the workflow of a file is called that is a part of another.
fn part_name(path: &str, root: &str) -> String {
    format!("{path}, a part of {root}")
}

fn jobs<'t>(config: &Config<'t>, sources: &[Source], is_root: bool, reading: &mut Reading<'_>) -> Vec<Job<'t>> {
    let stages = stages(config);
    let (globals, _) = variables(config, &config.top);
    let workflow = match config.get("workflow").map(|e| &e.value) {
        Some(Value::Map(map)) if get(map, "rules").is_some() => map.clone(),
        _ => Vec::new(),
    };
    let ruled = !workflow.is_empty();
    let created: BTreeMap<Source, Vec<Way>> = sources
        .iter()
        .map(|source| (*source, Rules { config, map: &workflow, declared: &globals, ruled: true }.ways(*source)))
        .collect();
    let mut found: Vec<Job<'t>> = Vec::new();
    for entry in config.top.iter().filter(|e| !RESERVED.contains(&e.key) && !e.key.starts_with('.')) {
        let at_home = config.path(entry.doc) == Some(&reading.file.path);
        if found.len() >= MAX_JOBS {
            reading.notice(1, NoticeKind::TooLarge, &format!("more than {MAX_JOBS} jobs; the others were not read"));
            break;
        }
        let Some(map) = config.job(entry.key) else {
            if at_home {
                reading.wrong(entry.line, &format!("job `{}` has no keys", entry.key));
            }
            continue;
        };
        if get(&map, "script").is_none() && get(&map, "trigger").is_none() && get(&map, "run").is_none() {
            let extends = get(&map, "extends").is_some();
            if is_root && at_home && !extends {
                reading.wrong(entry.line, &format!("job `{}` has neither `script` nor `trigger`", entry.key));
            }
            continue;
        }
        let inherits = get(&map, "inherit").and_then(|e| match &e.value {
            Value::Map(inherit) => config.text_at(inherit, "variables"),
            Value::Leaf(..) => None,
        });
        let mut known = if inherits.is_some_and(|(text, ..)| text == "false") { BTreeMap::new() } else { globals.clone() };
        known.extend(variables(config, &map).0);
        let rules = Rules { config, map: &map, declared: &known, ruled };
        let ways = sources
            .iter()
            .map(|source| {
                let own = rules.ways(*source);
                let both = created.get(source).into_iter().flatten().flat_map(|c| own.iter().map(move |w| joined(c, w)));
                (*source, both.filter(|w| w.held.truth != Truth::No).collect())
            })
            .collect();
        let stage = config.text_at(&map, "stage").map_or("test".to_owned(), |(text, ..)| text);
        let stage = stages.iter().position(|s| *s == stage).unwrap_or(stages.len());
        let allows_failure = get(&map, "allow_failure").and_then(|e| match &e.value {
            Value::Leaf(_, node) => allowed(*node),
            Value::Map(_) => None,
        });
        let needs = get(&map, "needs").map(|e| needs(config, &e.value));
        found.push(Job {
            name: entry.key,
            doc: entry.doc,
            line: entry.line,
            variables: known,
            stage,
            ways,
            waits: BTreeMap::new(),
            needs,
            allows_failure: allows_failure.unwrap_or(false),
            map,
        });
    }
    without_their_needs(&mut found, sources);
    wait_for_people(&mut found, sources);
    found
}

/// A way of the workflow and one of the job, both at once.
fn joined(created: &Way, way: &Way) -> Way {
    let named = created.held.named || way.held.named;
    let mut held = created.held.clone().and(way.held.clone());
    held.named = named;
    let paths = if way.paths.is_empty() { created.paths.clone() } else { way.paths.clone() };
    Way { held, paths, at: way.at.or(created.at), ..way.clone() }
}

fn stages(config: &Config<'_>) -> Vec<String> {
    let listed = config.get("stages").or_else(|| config.get("types"));
    let listed: Vec<String> = match listed {
        Some(entry) => config.texts(&entry.value).into_iter().map(|(text, _)| text).collect(),
        None => ["build", "test", "deploy"].map(str::to_owned).to_vec(),
    };
    let between = listed.into_iter().filter(|s| s != ".pre" && s != ".post");
    [".pre".to_owned()].into_iter().chain(between).chain([".post".to_owned()]).collect()
}

type Stated = (String, String, usize, u32);

/// The literal variables of a map, and where each stands.
fn variables<'t>(config: &Config<'t>, map: &[Entry<'t>]) -> (BTreeMap<String, String>, Vec<Stated>) {
    let (mut values, mut stated) = (BTreeMap::new(), Vec::new());
    let Some(Value::Map(map)) = get(map, "variables").and_then(|e| config.follow(&e.value)) else { return (values, stated) };
    for entry in map.iter().take(MAX_VARIABLES) {
        let text = match config.follow(&entry.value) {
            Some(Value::Leaf(doc, node)) => config.text((doc, node)),
            Some(Value::Map(inner)) => config.text_at(&inner, "value").map(|(text, ..)| text),
            None => None,
        };
        if let Some(text) = text {
            values.insert(entry.key.to_owned(), text.clone());
            stated.push((entry.key.to_owned(), text, entry.doc, entry.line));
        }
    }
    (values, stated)
}

fn needs<'t>(config: &Config<'t>, value: &Value<'t>) -> Vec<(String, bool, u32)> {
    let mut found = Vec::new();
    for (doc, node) in config.items(value) {
        match config.text((doc, node)) {
            Some(name) => found.push((name, true, node.site_line())),
            // of another pipeline only what it kept is taken
            None if node.get("pipeline").is_some() || node.get("project").is_some() => {}
            None => {
                let optional = node.get("optional").and_then(Node::as_bool) == Some(true);
                if let Some(name) = node.get("job").and_then(|job| config.text((doc, job))) {
                    found.push((name, !optional, node.site_line()));
                }
            }
        }
    }
    found
}

/// The kinds of pipeline that the file speaks of and in which something runs by itself; those to branches always.
fn stated_kinds(jobs: &[Job<'_>], sources: &[Source]) -> Vec<Source> {
    let runs = |source: &Source, named: bool| {
        jobs.iter().any(|j| j.is_automatic(*source) && (!named || j.by_itself(*source).any(|w| w.held.named)))
    };
    sources.iter().copied().filter(|source| runs(source, *source != Source::Push)).collect()
}

fn triggers<'t>(
    config: &Config<'t>,
    root: &RepoPath,
    jobs: &[Job<'t>],
    sources: &[Source],
    workflow: UnitId,
    reading: &mut Reading<'_>,
) -> BTreeSet<TriggerKind> {
    if sources == [Source::Parent] || sources == [Source::Pipeline] {
        reading.fact(workflow, 1, FactKind::Trigger(Trigger::call("trigger")));
        return BTreeSet::new();
    }
    let missing = config.elsewhere.iter().find(|i| i.kind == IncludeKind::Missing);
    let off = missing.map(|i| format!("it includes {}, which is not there", i.what));
    let mut stated = BTreeSet::new();
    for source in stated_kinds(jobs, sources) {
        let named = source != Source::Push;
        let of_jobs: Vec<(&Job<'_>, &Way)> = jobs
            .iter()
            .filter(|j| j.is_automatic(source))
            .flat_map(|j| j.by_itself(source).map(move |w| (j, w)))
            .filter(|(_, w)| !named || w.held.named)
            .collect();
        // the rule that says so, or the job that has none
        let places = of_jobs.iter().map(|(job, way)| way.at.unwrap_or((job.doc, job.line)));
        let line = places.filter(|(doc, _)| config.path(*doc) == Some(root)).map(|(_, line)| line).min().unwrap_or(1);
        let all: Vec<&Way> = of_jobs.iter().map(|(_, way)| *way).collect();
        let mut branches: Vec<String> = Vec::new();
        if let Some(asked) = all.iter().map(|w| w.held.branches.clone()).collect::<Option<Vec<_>>>() {
            branches = asked.into_iter().flatten().collect::<BTreeSet<_>>().into_iter().collect();
        }
        let text = match source {
            Source::Push if branches.is_empty() => "push".to_owned(),
            Source::Push => format!("push {}", branches.join(", ")),
            Source::Schedule => "schedule".to_owned(),
            _ => told(source).to_owned(),
        };
        let trigger = Trigger { branches, off: off.clone(), ..Trigger::plain(source.kind(), text) };
        let trigger = match source {
            Source::Schedule => trigger.elsewhere("it is set up in the service"),
            _ if config.is_doubted() => {
                let why = "a file that is included was read in a copy that may not be what is meant".to_owned();
                Trigger { held: Some(Held { strength: Strength::Inferred, why, until: None, remedy: None }), ..trigger }
            }
            _ => trigger,
        };
        reading.fact(workflow, line, FactKind::Trigger(trigger));
        stated.insert(source.kind());
    }
    stated
}

fn told(source: Source) -> &'static str {
    match source {
        Source::Push => "push",
        Source::Tag => "tag",
        Source::MergeRequest => "merge request",
        Source::Schedule => "schedule",
        Source::Web => "a person runs the pipeline",
        Source::Api => "a call of the service",
        Source::Trigger => "a call with a trigger token",
        Source::Pipeline => "a pipeline of another project",
        Source::Parent => "the pipeline that starts it",
    }
}

/// What the pipeline takes from elsewhere, and the parts of it that hold jobs.
fn includes<'t>(config: &Config<'t>, root: &RepoPath, jobs: &[Job<'t>], workflow: UnitId, reading: &mut Reading<'_>) {
    for include in &config.elsewhere {
        let line = if include.by == *root { include.line } else { 1 };
        let to = match include.kind {
            IncludeKind::Outside => UsesTarget::Remote(format!("what is included: {}", include.what)),
            IncludeKind::Missing => UsesTarget::File(include.what.clone()),
            _ => continue,
        };
        let uses =
            Uses { reference: include.what.clone(), with: Vec::new(), to, edge: EdgeKind::Invokes, on_failure: OnFailure::Stops };
        reading.fact(workflow, line, FactKind::Uses(uses));
    }
    let parts: BTreeSet<&RepoPath> = jobs.iter().filter_map(|j| config.path(j.doc)).filter(|p| *p != root).collect();
    let line = config.own().and_then(|own| own.key_line("include")).unwrap_or(1);
    for path in parts {
        let to = UsesTarget::Unit { path: Some(path.to_string()), kind: UnitKind::Workflow, name: part_name(path, root) };
        let line = config.own().map_or(line, |own| line_of_include(own, path).unwrap_or(line));
        let reference = format!("includes {path}");
        let uses = Uses { reference, with: Vec::new(), to, edge: EdgeKind::Invokes, on_failure: OnFailure::Stops };
        reading.fact(workflow, line, FactKind::Uses(uses));
    }
}

/// The line on which a path is included by name.
fn line_of_include(own: Node<'_>, path: &str) -> Option<u32> {
    let include = own.get("include")?;
    let all = if include.kind() == Kind::Seq { include.items().collect() } else { vec![include] };
    all.into_iter().find_map(|one| {
        let local = one.get("local").unwrap_or(one);
        let is = |text: &str, path: &str| text.trim_start_matches("./").trim_start_matches('/') == path;
        let copied = || {
            let files = one.get("file").filter(|_| source::is_copy(path)).map(Node::strings).unwrap_or_default();
            files.into_iter().find_map(|(file, line)| is(file, source::within(path)).then_some(line))
        };
        local.text().and_then(|text| is(text, path).then(|| local.site_line())).or_else(copied)
    })
}

fn one<'t>(config: &Config<'t>, job: &Job<'t>, workflow: UnitId, reading: &mut Reading<'_>) -> UnitId {
    // a job ends where the last of its own keys does
    let own = match config.get(job.name).map(|e| &e.value) {
        Some(Value::Map(map)) => map.as_slice(),
        _ => &[],
    };
    let end = own.iter().filter(|e| e.doc == job.doc).map(|e| end_of(&e.value).max(e.line)).max();
    reading.unit(Unit {
        kind: UnitKind::Job,
        name: job.name.to_owned(),
        title: None,
        line: job.line,
        end_line: end.unwrap_or(job.line).max(job.line),
        parent: Some(workflow),
    })
}

fn end_of(value: &Value<'_>) -> u32 {
    match value {
        Value::Leaf(_, node) if node.site_line() == node.line() || node.kind() == Kind::Scalar => node.end_line(),
        Value::Leaf(_, node) => node.site_line(),
        Value::Map(map) => map.iter().map(|e| end_of(&e.value)).max().unwrap_or(0),
    }
}

fn guards(job: &Job<'_>, id: UnitId, sources: &[Source], stated: &BTreeSet<TriggerKind>, reading: &mut Reading<'_>) {
    let line_of = |way: Option<&Way>, reading: &Reading<'_>, config_doc: usize| {
        way.and_then(|w| w.at)
            .filter(|(doc, _)| *doc == config_doc)
            .map_or(job.line, |(_, line)| line)
            .max(1)
            .min(reading.last_line())
    };
    let guard = |guard: Guard, line: u32, reading: &mut Reading<'_>| reading.fact(id, line, FactKind::Guard(guard));
    let automatic: Vec<Source> = sources.iter().copied().filter(|s| job.is_automatic(*s)).collect();
    let by_hand: Vec<Source> = sources.iter().copied().filter(|s| job.is_by_hand(*s)).collect();
    // by hand in any pipeline that begins by itself, or that a person begins
    if let Some(first) = by_hand.iter().find(|_| automatic.is_empty() || by_hand.iter().any(|s| stated.contains(&s.kind()))) {
        let way = job.by_person(*first);
        let line = line_of(way, reading, job.doc);
        let word = match (job.waits.get(first), way) {
            (Some(name), None) => format!("after job `{name}`, which waits for a person"),
            _ => "when: manual".to_owned(),
        };
        let trigger = Trigger::plain(TriggerKind::Manual, word.clone());
        reading.fact(id, line, FactKind::Trigger(trigger));
        if automatic.is_empty() {
            guard(Guard::Never(word), line, reading);
        }
    }
    // what waits for a variable that is set elsewhere may never run
    for source in sources.iter().filter(|s| !job.is_automatic(**s)) {
        let Some((way, name)) = job.by_itself(*source).find_map(|w| Some((w, w.held.outside.clone()?))) else { continue };
        let line = line_of(Some(way), reading, job.doc);
        let trigger = Trigger::plain(source.kind(), told(*source).to_owned());
        let trigger = trigger.elsewhere(format!("`${name}` is set outside of the repository"));
        reading.fact(id, line, FactKind::Trigger(trigger));
        break;
    }
    let first = automatic.iter().flat_map(|s| job.by_itself(*s)).next();
    let line = line_of(first, reading, job.doc);
    let kinds: BTreeSet<TriggerKind> = automatic.iter().map(|s| s.kind()).collect();
    if automatic.is_empty() && by_hand.is_empty() {
        let outside = sources.iter().any(|s| job.by_itself(*s).next().is_some());
        let word = if outside { "rules that only a variable set elsewhere fulfils" } else { "rules that never hold" };
        let line = get(&job.map, "rules").filter(|e| e.doc == job.doc).map_or(job.line, |e| e.line);
        guard(Guard::Never(word.to_owned()), line, reading);
    } else if !stated.is_subset(&kinds) && !kinds.is_empty() {
        guard(Guard::Event(kinds.into_iter().collect()), line, reading);
    }
    if let Some(way) = first {
        if !way.held.rest.is_empty() && automatic.iter().flat_map(|s| job.by_itself(*s)).all(|w| !w.held.rest.is_empty()) {
            guard(Guard::If(way.held.rest.join(" && ")), line, reading);
        }
        if let When::Itself(Some(word)) = way.when {
            let word_of = format!("when: {word}");
            let stated = if word == "on_failure" { Guard::AfterFailure(word_of) } else { Guard::Always(word_of) };
            guard(stated, line, reading);
        }
    }
    let allows = first.and_then(|w| w.allows_failure).unwrap_or(job.allows_failure);
    if allows {
        let line = get(&job.map, "allow_failure").filter(|e| e.doc == job.doc).map_or(line, |e| e.line);
        guard(Guard::AllowFailure("allow_failure: true".to_owned()), line, reading);
    }
}

/// Image, services, tags, environment and variables.
fn places<'t>(config: &Config<'t>, job: &Job<'t>, id: UnitId, reading: &mut Reading<'_>) {
    let own = reading.file.path.clone();
    let line_of = |doc: usize, line: u32| if config.path(doc) == Some(&own) { line } else { job.line };
    let find = |key: &str| get(&job.map, key).cloned().or_else(|| script::default(config, job, key));
    if let Some(entry) = find("image") {
        let line = line_of(entry.doc, entry.line);
        let name = match config.follow(&entry.value) {
            Some(Value::Map(map)) => config.text_at(&map, "name").map(|(text, ..)| text),
            Some(Value::Leaf(doc, node)) => config.text((doc, node)),
            None => None,
        };
        match name {
            Some(name) => {
                let label = script::expanded(&name, &job.variables);
                reading.fact(id, line, FactKind::Machine { label, hosted: false });
            }
            None => reading.wrong(line, "`image` names no image"),
        }
    }
    for (label, (doc, node)) in find("tags").map(|e| config.texts(&e.value)).unwrap_or_default() {
        reading.fact(id, line_of(doc, node.site_line()), FactKind::Machine { label, hosted: false });
    }
    for (doc, node) in find("services").map(|e| config.items(&e.value)).unwrap_or_default() {
        let name = config.text((doc, node)).or_else(|| config.text((doc, node.get("name")?)));
        if let Some(name) = name {
            reading.setting(id, line_of(doc, node.site_line()), "services", &name);
        }
    }
    for (key, value, doc, line) in variables(config, &job.map).1 {
        reading.setting(id, line_of(doc, line), &key, &value);
    }
    let Some(entry) = get(&job.map, "environment") else { return };
    let (name, action) = match config.follow(&entry.value) {
        Some(Value::Map(map)) => {
            let of = |key: &str| config.text_at(&map, key).map(|(text, ..)| text);
            (of("name"), of("action"))
        }
        Some(Value::Leaf(doc, node)) => (config.text((doc, node)), None),
        None => (None, None),
    };
    // others only look at it, or take it down
    let deploys = action.as_deref().is_none_or(|a| a == "start");
    if let Some(name) = name.filter(|_| deploys) {
        reading.fact(id, line_of(entry.doc, entry.line), FactKind::Environment(script::expanded(&name, &job.variables)));
    }
}
