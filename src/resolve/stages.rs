//! `dvc`: which stages a command runs.

use std::collections::{BTreeMap, BTreeSet};

use super::{Invocation, Lead, Target, View};
use crate::fact::{DataKind, FactKind, Guard, UnitId, UnitKind};
use crate::source::{self, RepoPath};
use crate::words::{EdgeKind, Strength};

/// `dvc repro [targets]`, `dvc exp run [targets]`; what moves data leads nowhere, unless it names what nothing tracks.
pub(super) fn dvc(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    let words: Vec<&str> = invocation.arguments().iter().map(|w| w.text.as_str()).collect();
    let rest = match words.first().copied() {
        Some("repro") => &words[1..],
        Some("exp" | "experiments") if words.get(1) == Some(&"run") => &words[2..],
        Some("pull" | "fetch" | "checkout") => return untracked(invocation, &words[1..], view),
        _ => return Vec::new(),
    };
    let dir = invocation.dir().unwrap_or(".");
    let mut targets: Vec<&str> = Vec::new();
    let mut skip = false;
    // words that only a run knows may be options, or name some of the stages
    let told = rest.iter().any(|word| word.contains('$'));
    for word in rest {
        if std::mem::take(&mut skip) {
            continue;
        }
        match *word {
            "-S" | "--set-param" | "-n" | "--name" | "-j" | "--jobs" => skip = true,
            word if word.starts_with('-') || word.contains('$') => {}
            word => targets.push(word),
        }
    }
    // a file stands for all of its stages
    let files: Vec<String> =
        targets.iter().filter(|t| source::file_name(t) == "dvc.yaml").filter_map(|t| source::join(dir, t)).collect();
    targets.retain(|target| source::file_name(target) != "dvc.yaml");
    let all = rest.iter().any(|w| matches!(*w, "-P" | "--all-pipelines" | "-R" | "--recursive"));
    let path = source::join(dir, "dvc.yaml").filter(|p| view.inventory.contains(p));
    let paths: Vec<RepoPath> = if all || path.is_none() {
        view.inventory.entries().iter().filter(|e| source::file_name(&e.path) == "dvc.yaml").map(|e| e.path.clone()).collect()
    } else {
        path.into_iter().map(RepoPath::from).collect()
    };
    let paths: Vec<RepoPath> = match files.as_slice() {
        [] => paths,
        named => named.iter().filter(|path| view.inventory.contains(path)).cloned().map(RepoPath::from).collect(),
    };
    if paths.is_empty() && targets.is_empty() {
        let what = files.first().map_or_else(|| "there is no dvc.yaml".to_owned(), |file| format!("there is no `{file}`"));
        let to = Target::Missing { path: dir.to_owned(), what: what.clone() };
        return vec![Lead { to, edge: EdgeKind::Invokes, strength: Strength::Broken, what }];
    }
    let mut named: Vec<Stage<'_>> = Vec::new();
    for path in &paths {
        let Some((path, facts)) = view.book.get_key_value(path) else { continue };
        for (unit, it) in facts.units.iter().enumerate().filter(|(_, u)| u.kind == UnitKind::Stage) {
            let fits =
                |t: &&str| *t == it.name || t.ends_with(&format!(":{}", it.name)) || t.starts_with(&format!("{}@", it.name));
            if targets.is_empty() || targets.iter().any(fits) {
                named.push((path, unit));
            }
        }
    }
    let has = |short: char, long: &str| {
        rest.iter().any(|w| *w == long || (w.starts_with('-') && !w.starts_with("--") && w.contains(short)))
    };
    let by_name: BTreeSet<Stage<'_>> = named.iter().copied().collect();
    let mut stages = named.clone();
    if !has('s', "--single-item") && !named.is_empty() {
        let pipeline = Pipeline::of(view);
        let downstream = rest.contains(&"--downstream");
        let whole = has('p', "--pipeline");
        if whole || !downstream {
            add(&mut stages, &|stage| pipeline.before(stage));
        }
        if whole || downstream {
            let takers = pipeline.takers();
            add(&mut stages, &|stage| takers.get(&stage).cloned().unwrap_or_default());
        }
    }
    let mut leads: Vec<Lead> = Vec::new();
    for (path, unit) in stages {
        let Some(it) = view.book.get(path).and_then(|f| f.units.get(unit)) else { continue };
        let to = Target::Unit { path: path.clone(), kind: UnitKind::Stage, name: it.name.clone() };
        let what = if by_name.contains(&(path, unit)) {
            format!("stage {}", it.name)
        } else {
            format!("stage {}, which comes with it", it.name)
        };
        let strength = if told && targets.is_empty() { Strength::Inferred } else { Strength::Resolved };
        leads.push(Lead { to, edge: EdgeKind::Invokes, strength, what });
    }
    if leads.is_empty() && !targets.is_empty() && paths.iter().all(|p| view.book.contains_key(p)) && !paths.is_empty() {
        let target = targets[0];
        if !target.contains(['/', '.', '$']) {
            let what = format!("dvc.yaml has no stage `{target}`");
            let to = Target::Missing { path: paths[0].to_string(), what: what.clone() };
            leads.push(Lead { to, edge: EdgeKind::Invokes, strength: Strength::Broken, what });
        }
    }
    leads
}

/// Moving data fails on the first target that no stage makes and no pointer stands for.
fn untracked(invocation: &Invocation<'_>, words: &[&str], view: &View<'_>) -> Vec<Lead> {
    let Some(dir) = invocation.dir() else { return Vec::new() };
    let pipeline = Pipeline::of(view);
    // a computed name may be any
    if pipeline.makes.keys().any(|made| made.contains('$')) {
        return Vec::new();
    }
    let named = |target: &str| {
        view.book
            .iter()
            .filter(|(path, _)| source::file_name(path) == "dvc.yaml")
            .flat_map(|(_, f)| &f.units)
            .any(|u| u.kind == UnitKind::Stage && u.name == target)
    };
    let tracked = |path: &str| {
        let above = std::iter::successors(Some(path), |at| Some(source::folder(at)).filter(|up| *up != "."));
        view.inventory.contains(path)
            || view.inventory.is_dir(path)
            || above.into_iter().any(|at| view.inventory.contains(&format!("{at}.dvc")))
            || !pipeline.makers(path).is_empty()
    };
    let mut valued = false;
    let mut targets = words.iter().filter(|word| {
        let value = std::mem::replace(&mut valued, matches!(**word, "-r" | "--remote" | "-j" | "--jobs" | "--glob"));
        !value && !word.starts_with('-') && !word.contains(['$', '*', ':', '@', '{'])
    });
    let lost = targets.find(|target| !named(target) && source::join(dir, target).is_some_and(|path| !tracked(&path)));
    lost.map_or_else(Vec::new, |target| {
        let what = format!("nothing that is tracked is called `{target}`");
        let to = Target::Missing { path: (*target).to_owned(), what: what.clone() };
        vec![Lead { to, edge: EdgeKind::Invokes, strength: Strength::Broken, what }]
    })
}

/// A stage: its file and its number there.
type Stage<'v> = (&'v RepoPath, UnitId);

/// Which stages of all pipelines make and take what.
struct Pipeline<'v> {
    makes: BTreeMap<&'v str, Stage<'v>>,
    takes: BTreeMap<Stage<'v>, BTreeSet<&'v str>>,
    frozen: BTreeSet<Stage<'v>>,
}

impl<'v> Pipeline<'v> {
    fn of(view: &View<'v>) -> Self {
        let mut pipeline = Pipeline { makes: BTreeMap::new(), takes: BTreeMap::new(), frozen: BTreeSet::new() };
        for (path, facts) in view.book.iter().filter(|(path, _)| source::file_name(path) == "dvc.yaml") {
            for fact in &facts.facts {
                let Some(stage) = fact.unit.map(|unit| (path, unit)) else { continue };
                match &fact.kind {
                    FactKind::Data(data) if data.writes => {
                        pipeline.makes.insert(data.key.as_str(), stage);
                    }
                    FactKind::Data(data) if data.kind != DataKind::Params => {
                        pipeline.takes.entry(stage).or_default().insert(data.key.as_str());
                    }
                    FactKind::Guard(Guard::Never(_)) => {
                        pipeline.frozen.insert(stage);
                    }
                    _ => {}
                }
            }
        }
        pipeline
    }

    /// Stages that make what a stage takes; what is frozen is taken as it lies there.
    fn before(&self, stage: Stage<'v>) -> Vec<Stage<'v>> {
        if self.frozen.contains(&stage) {
            return Vec::new();
        }
        self.takes.get(&stage).into_iter().flatten().flat_map(|key| self.makers(key)).collect()
    }

    /// For every stage those that take what it makes.
    fn takers(&self) -> BTreeMap<Stage<'v>, Vec<Stage<'v>>> {
        let mut takers: BTreeMap<Stage<'v>, Vec<Stage<'v>>> = BTreeMap::new();
        for (taker, keys) in self.takes.iter().filter(|(taker, _)| !self.frozen.contains(taker)) {
            for maker in keys.iter().flat_map(|key| self.makers(key)).filter(|maker| maker != taker) {
                takers.entry(maker).or_default().push(*taker);
            }
        }
        takers
    }

    /// Who makes a thing, a folder that holds it, or something inside of it.
    fn makers(&self, key: &str) -> Vec<Stage<'v>> {
        let mut at = key;
        loop {
            if let Some(maker) = self.makes.get(at) {
                return vec![*maker];
            }
            match source::folder(at) {
                "." => break,
                up => at = up,
            }
        }
        let inside = format!("{}/", key.trim_end_matches('/'));
        self.makes.range(inside.as_str()..).take_while(|(made, _)| made.starts_with(&inside)).map(|(_, maker)| *maker).collect()
    }
}

/// Adds, again and again, what `next` names; every stage once.
fn add<'v>(stages: &mut Vec<Stage<'v>>, next: &dyn Fn(Stage<'v>) -> Vec<Stage<'v>>) {
    let mut known: BTreeSet<Stage<'v>> = stages.iter().copied().collect();
    let mut at = 0;
    while let Some(stage) = stages.get(at).copied() {
        stages.extend(next(stage).into_iter().filter(|more| known.insert(*more)));
        at += 1;
    }
}
