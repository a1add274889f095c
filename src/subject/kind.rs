//! What the scan is pointed at: decided once, after the graph, the first kind that fits.

use super::System;
use crate::fact::{Book, FactKind};
use crate::graph::Graph;
use crate::graph::reach::Walk;
use crate::signals::{Signal, Signals};
use crate::source::Location;
use crate::words::{Op, Scope, Strength, SubjectKind, TriggerKind};

/// What the repository is, and why.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    /// What it is.
    pub(crate) kind: SubjectKind,
    /// One sentence.
    pub(crate) why: String,
    /// Signals that show it, by index.
    pub(crate) signals: Vec<usize>,
    /// Other places that show it.
    pub(crate) places: Vec<Location>,
}

/// Decides the subject. `known` says whether a name is the import root of a tool that the rules name.
pub(crate) fn decide(signals: &Signals, graph: &Graph, book: &Book, systems: &[System], known: &dyn Fn(&str) -> bool) -> Subject {
    let look = Look { signals, graph, book, systems, known };
    look.template()
        .or_else(|| look.library())
        .or_else(|| look.teaching())
        .or_else(|| look.hosted())
        .or_else(|| look.systems())
        .or_else(|| look.infra())
        .unwrap_or_else(|| Subject {
            kind: SubjectKind::NotMl,
            why: "nothing here trains a model or serves one".to_owned(),
            signals: Vec::new(),
            places: Vec::new(),
        })
}

struct Look<'l> {
    signals: &'l Signals,
    graph: &'l Graph,
    book: &'l Book,
    systems: &'l [System],
    known: &'l dyn Fn(&str) -> bool,
}

impl Look<'_> {
    fn all(&self, fits: impl Fn(&Signal) -> bool) -> Vec<usize> {
        let counts = |s: &Signal| !matches!(s.scope, Scope::Vendored | Scope::Generated) && fits(s);
        (0..self.signals.all.len()).filter(|i| counts(&self.signals.all[*i])).collect()
    }

    fn subject(&self, kind: SubjectKind, why: impl Into<String>, mut signals: Vec<usize>) -> Option<Subject> {
        signals.truncate(5);
        Some(Subject { kind, why: why.into(), signals, places: Vec::new() })
    }

    /// Whether something unattended reaches one of these effects in source code.
    fn by_itself(&self, ops: &[Op]) -> bool {
        let live = self.graph.reach(&self.graph.triggers(TriggerKind::is_unattended), Walk::at(Strength::Assumed));
        self.signals.all.iter().enumerate().any(|(i, s)| {
            s.scope == Scope::Source && s.op.is_some_and(|op| ops.contains(&op)) && self.graph.node_of(i).is_some_and(|n| live.has(n))
        })
    }

    fn template(&self) -> Option<Subject> {
        let found = self.all(|s| s.id.starts_with("archetype.template.generator"));
        if found.is_empty() {
            return None;
        }
        self.subject(SubjectKind::Template, "it generates other repositories; what it would generate is not its own practice", found)
    }

    fn library(&self) -> Option<Subject> {
        let name = self.book.iter().filter(|(path, _)| !path.contains('/') || path.matches('/').count() <= 2).find_map(|(path, facts)| {
            facts.facts.iter().find_map(|fact| match &fact.kind {
                FactKind::Setting { key, value } if key == "project.name" => Some((value.clone(), Location::line(path, fact.line))),
                _ => None,
            })
        });
        if let Some((name, at)) = &name
            && (self.known)(&name.to_lowercase().replace('-', "_"))
        {
            return Some(Subject {
                kind: SubjectKind::MlLibrary,
                why: format!("it is the source of `{name}`, a tool that others train or serve with"),
                signals: Vec::new(),
                places: vec![at.clone()],
            });
        }
        let platform = self.all(|s| &*s.id == "archetype.platform" && s.scope == Scope::Source);
        if !platform.is_empty() {
            return self.subject(SubjectKind::MlLibrary, "it defines the resources of an ML platform: the platform's own source", platform);
        }
        let published = self.all(|s| &*s.id == "archetype.library.published" && s.scope == Scope::Source);
        let own = self.signals.all.iter().any(|s| {
            s.scope == Scope::Source && matches!(s.op, Some(Op::Register | Op::Deploy | Op::Promote | Op::Serve | Op::Ingest))
        });
        if published.is_empty() || own || self.by_itself(&[Op::Train]) {
            return None;
        }
        self.subject(SubjectKind::MlLibrary, "it is published as a package, and nothing here registers, deploys or serves a model of its own", published)
    }

    fn teaching(&self) -> Option<Subject> {
        let course = self.all(|s| &*s.id == "archetype.course" || &*s.id == "archetype.list");
        if course.is_empty() || self.by_itself(&[Op::Train, Op::Deploy, Op::Register]) {
            return None;
        }
        self.subject(SubjectKind::Teaching, "it is laid out as lessons, and nothing in it trains or deploys by itself", course)
    }

    fn hosted(&self) -> Option<Subject> {
        let calls = self.all(|s| &*s.id == "llm.hosted_call" && s.scope == Scope::Source);
        if calls.is_empty() || !self.systems.is_empty() {
            return None;
        }
        self.subject(SubjectKind::HostedLlm, "it calls hosted models only; it trains and serves none of its own", calls)
    }

    fn systems(&self) -> Option<Subject> {
        let first: Vec<usize> =
            self.systems.iter().flat_map(|s| s.trains.iter().chain(&s.serves).take(1)).copied().collect();
        match self.systems {
            [] => None,
            [one] => self.subject(SubjectKind::MlSystem, format!("one ML system: it {}", one.why), first),
            more => self.subject(
                SubjectKind::MlCollection,
                format!("{} ML systems that share neither code nor model", more.len()),
                first,
            ),
        }
    }

    fn infra(&self) -> Option<Subject> {
        let objects = self.all(|s| s.scope == Scope::Source && s.id.starts_with("infra."));
        let code = self.book.keys().filter(|p| p.ends_with(".py")).count();
        // what builds its own images is an application with its manifests, not a place of manifests
        let builds = self.book.values().flat_map(|f| &f.units).any(|u| u.kind == crate::fact::UnitKind::Image);
        if objects.is_empty() || builds || code > objects.len() {
            return None;
        }
        self.subject(SubjectKind::Infra, "deployment objects for things that are built elsewhere", objects)
    }
}
