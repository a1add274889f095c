//! What the scan is pointed at: decided once, after the graph, the first kind that fits.

use std::collections::{BTreeMap, BTreeSet};

use super::System;
use crate::fact::{Book, FactKind, Placement};
use crate::graph::reach::Walk;
use crate::graph::{Graph, NodeKind};
use crate::signals::{Signal, Signals};
use crate::source::{Location, RepoPath, extension, folder};
use crate::words::{Op, Scope, Strength, SubjectKind, TriggerKind};

/// So many folders of lessons are a course.
const FEW: usize = 3;
/// So many numbered notebooks beside the readme are the chapters of something that is read.
const MANY: usize = 8;

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

/// Languages that programs are written in, by extension: more of them than deployment objects is no place of objects.
const CODE: &[&str] =
    &["py", "js", "ts", "tsx", "go", "java", "kt", "rs", "rb", "cs", "scala", "php", "R", "r", "jl", "cpp", "cc", "c", "swift"];

/// Languages without a reader, by extension, and whether lines of theirs are known.
const UNREAD: &[(&str, &[&str], bool)] = &[
    ("R", &["R", "r", "Rmd", "qmd"], true),
    ("Julia", &["jl"], true),
    ("Scala", &["scala"], true),
    ("Java", &["java"], true),
    ("Kotlin", &["kt"], true),
    ("C#", &["cs"], true),
    ("SQL", &["sql", "sqlx"], true),
    ("F#", &["fs"], false),
    ("Go", &["go"], false),
    ("Rust", &["rs"], false),
    ("C++", &["cpp", "cc", "cxx", "hpp"], false),
    ("Swift", &["swift"], false),
    ("JavaScript", &["js", "jsx", "mjs"], false),
    ("TypeScript", &["ts", "tsx"], false),
    ("Ruby", &["rb"], false),
    ("PHP", &["php"], false),
    ("Lua", &["lua"], false),
    ("Perl", &["pl", "pm"], false),
];

/// Decides the subject. `known` says whether a name is the import root of a tool that models are made or served with.
pub(crate) fn decide(
    signals: &Signals,
    graph: &Graph,
    book: &Book,
    placements: &BTreeMap<RepoPath, Placement>,
    systems: &[System],
    known: &dyn Fn(&str) -> bool,
) -> Subject {
    let look = Look { signals, graph, book, placements, systems, known };
    look.template()
        .or_else(|| look.library())
        .or_else(|| look.teaching())
        .or_else(|| look.hosted())
        .or_else(|| look.systems())
        .or_else(|| look.infra())
        .unwrap_or_else(|| look.nothing())
}

struct Look<'l> {
    signals: &'l Signals,
    graph: &'l Graph,
    book: &'l Book,
    placements: &'l BTreeMap<RepoPath, Placement>,
    systems: &'l [System],
    known: &'l dyn Fn(&str) -> bool,
}

impl Look<'_> {
    fn all(&self, fits: impl Fn(&Signal) -> bool) -> Vec<usize> {
        let counts = |s: &Signal| !matches!(s.scope, Scope::Vendored | Scope::Generated | Scope::Elsewhere) && fits(s);
        (0..self.signals.all.len()).filter(|i| counts(&self.signals.all[*i])).collect()
    }

    fn subject(&self, kind: SubjectKind, why: impl Into<String>, mut signals: Vec<usize>) -> Option<Subject> {
        signals.truncate(5);
        Some(Subject { kind, why: why.into(), signals, places: Vec::new() })
    }

    /// No system was found. What is there of machine learning all the same is said, with its first place: somebody may
    /// train or serve with it in a way that is not known here.
    fn nothing(&self) -> Subject {
        let kind = SubjectKind::NotMl;
        let lived = |s: &Signal| !matches!(s.scope, Scope::Test | Scope::Docs);
        let first = |fits: &dyn Fn(&Signal) -> bool| self.all(|s| lived(s) && fits(s)).into_iter().next();
        let kinds: [(&str, &dyn Fn(&Signal) -> bool); 4] = [
            ("imports", &|s| &*s.id == "archetype.learns"),
            ("loads a model with", &|s| s.id.starts_with("serve.load.")),
            ("works on a model with", &|s| matches!(s.op, Some(Op::Train | Op::Tune | Op::Evaluate | Op::Serve))),
            ("keeps", &|s| &*s.id == "registry.model_committed"),
        ];
        let found: Vec<(&str, usize)> = kinds.iter().filter_map(|(verb, fits)| Some((*verb, first(*fits)?))).collect();
        let (unread, place) = self.unread().unzip();
        let (unread, places) = (unread.map(|why| format!("; {why}")).unwrap_or_default(), place.into_iter().collect());
        if found.is_empty() {
            let why = format!("nothing here trains a model or serves one{unread}");
            return Subject { kind, why, signals: Vec::new(), places };
        }
        let told: Vec<String> = found
            .iter()
            .map(|(verb, i)| {
                let seen = &self.signals.all[*i];
                let what = seen.what.strip_prefix("import ").unwrap_or(&seen.what);
                if *verb == "keeps" { format!("keeps {}", seen.at) } else { format!("{verb} {what} at {}", seen.at) }
            })
            .collect();
        let what = told.join(", ");
        let why = format!("it {what}; nothing that trains a model or serves one was recognised{unread}");
        Subject { kind, why, signals: found.into_iter().map(|(_, i)| i).collect(), places }
    }

    /// That most of the code is in a language that is not read, where it is: whoever finds nothing must know.
    fn unread(&self) -> Option<(String, Location)> {
        let source = || self.placements.iter().filter(|(_, p)| p.scope == Scope::Source).map(|(path, _)| path);
        let of =
            |extensions: &[&str]| source().filter(|p| extension(p).is_some_and(|e| extensions.contains(&e))).collect::<Vec<_>>();
        let read = of(&["py", "ipynb"]).len();
        let counted = UNREAD.iter().map(|(name, extensions, known)| (name, of(extensions), known));
        let (name, files, known) = counted.rev().max_by_key(|(_, files, _)| files.len())?;
        let first = files.first().filter(|_| files.len() > read)?;
        let count = match files.len() {
            1 => format!("{first}, in {name}, is"),
            all => format!("{all} files in {name}, such as {first}, are"),
        };
        let how = if *known { "only searched for known calls and not followed" } else { "not read" };
        Some((format!("{count} {how} by this version"), Location::file(first)))
    }

    /// Whether something unattended reaches one of these effects in source code.
    fn by_itself(&self, ops: &[Op]) -> bool {
        let live = self.graph.reach(&self.graph.triggers(TriggerKind::is_unattended), Walk::at(Strength::Assumed));
        self.signals.all.iter().enumerate().any(|(i, s)| {
            s.scope == Scope::Source && s.op.is_some_and(|op| ops.contains(&op)) && self.graph.nodes_of(i).any(|n| live.has(n))
        })
    }

    /// Whether something of the project's own, a program or a definition, does this when it is run.
    fn runs(&self, op: Op) -> bool {
        let own = |n: &usize| {
            let node = &self.graph.nodes[*n];
            node.scope == Scope::Source && (node.entry || matches!(node.kind, NodeKind::Program | NodeKind::Unit(_)))
        };
        let starters: Vec<usize> = (0..self.graph.nodes.len()).filter(own).collect();
        let run = self.graph.reach(&starters, Walk::at(Strength::Inferred));
        self.signals
            .all
            .iter()
            .enumerate()
            .any(|(i, s)| s.scope == Scope::Source && s.op == Some(op) && self.graph.nodes_of(i).any(|n| run.has(n)))
    }

    fn template(&self) -> Option<Subject> {
        let found = self.all(|s| s.id.starts_with("archetype.template.generator"));
        // a button alone makes no template of what really trains and rolls out where it lies
        let only_offered = found.iter().all(|i| &*self.signals.all[*i].id == "archetype.template.generator.button");
        let alive = || self.by_itself(&[Op::Train]) && self.by_itself(&[Op::Register, Op::Promote, Op::Deploy]);
        if found.is_empty() || (only_offered && alive()) {
            return None;
        }
        self.subject(
            SubjectKind::Template,
            "it generates other repositories; what it would generate is not its own practice",
            found,
        )
    }

    fn library(&self) -> Option<Subject> {
        if let Some((name, at)) = self.own_tool() {
            return Some(Subject {
                kind: SubjectKind::MlLibrary,
                why: format!("it is the source of `{name}`, a tool that others train or serve with"),
                signals: Vec::new(),
                places: vec![at],
            });
        }
        // the definitions of kinds are written by a machine, from the platform's own types
        let defines = |s: &Signal| &*s.id == "archetype.platform" && matches!(s.scope, Scope::Source | Scope::Generated);
        let platform: Vec<usize> = (0..self.signals.all.len()).filter(|i| defines(&self.signals.all[*i])).collect();
        if !platform.is_empty() {
            return self.subject(
                SubjectKind::MlLibrary,
                "it defines the resources of an ML platform: the platform's own source",
                platform,
            );
        }
        let published = self.all(|s| s.id.starts_with("archetype.library") && s.scope == Scope::Source);
        let own = self
            .signals
            .all
            .iter()
            .any(|s| s.scope == Scope::Source && matches!(s.op, Some(Op::Register | Op::Deploy | Op::Promote | Op::Serve)));
        // a library brings data sets along; data that arrive by themselves are somebody's own
        // words for the index are copied from project to project: there, what is run to train is no library
        let only_said = published.iter().all(|i| &*self.signals.all[*i].id == "archetype.library.classified");
        if published.is_empty() || own || self.by_itself(&[Op::Train, Op::Ingest]) || (only_said && self.runs(Op::Train)) {
            return None;
        }
        let why = "it is published as a package, and nothing here registers, deploys or serves a model of its own";
        // a package that has nothing to do with models is no ML library
        let models = self
            .all(|s| matches!(s.op, Some(Op::Train | Op::Tune | Op::Evaluate | Op::Features)) || s.id.starts_with("tracking."));
        if models.is_empty() { None } else { self.subject(SubjectKind::MlLibrary, why, published) }
    }

    /// The name of a tool whose own package lies here, and where it is named.
    fn own_tool(&self) -> Option<(String, Location)> {
        let near = |path: &RepoPath| path.matches('/').count() <= 2 && self.scope_of(path) == Scope::Source;
        let mut names = self.book.iter().filter(|(path, _)| near(path)).flat_map(|(path, facts)| {
            facts.facts.iter().filter_map(move |fact| match &fact.kind {
                FactKind::Setting { key, value } if key == "project.name" => Some((path, fact.line, value)),
                _ => None,
            })
        });
        names.find_map(|(path, line, name)| {
            let root = name.to_lowercase().replace(['-', '.'], "_");
            let inside = format!("{root}/__init__.py");
            let provides =
                |p: &RepoPath| **p == *inside || p.strip_suffix(inside.as_str()).is_some_and(|rest| rest.ends_with('/'));
            let mine = || folder(path) == "." || self.placements.keys().any(provides);
            ((self.known)(&root) && mine()).then(|| (name.clone(), Location::line(path, line)))
        })
    }

    fn scope_of(&self, path: &str) -> Scope {
        self.placements.get(path).map_or(Scope::Source, |p| p.scope)
    }

    fn teaching(&self) -> Option<Subject> {
        let why = "it is laid out as lessons or links, and nothing in it trains or deploys by itself";
        let lessons = self.all(|s| &*s.id == "archetype.course");
        // a folder called so is a name, several are a course; work that is set for the reader is one anyway
        let folders: BTreeSet<&str> = lessons.iter().map(|i| lesson(&self.signals.all[*i].at.path)).collect();
        let set = lessons.iter().any(|i| {
            let path = self.signals.all[*i].at.path.to_lowercase();
            ["homework", "cohorts/", "assignment", "exercise"].iter().any(|word| path.contains(word))
        });
        let chapters = self.all(|s| &*s.id == "archetype.course.notebooks");
        let course = if set || folders.len() >= FEW {
            lessons
        } else if chapters.len() >= MANY && self.systems.iter().all(|s| self.only_notebooks(s)) {
            chapters
        } else {
            self.all(|s| &*s.id == "archetype.list")
        };
        if course.is_empty() || self.by_itself(&[Op::Train]) {
            return None;
        }
        // what one lesson after the other builds up is shown, even where the last of them is rolled out
        let holds = |dir: &&str| self.roots().any(|path| lesson(path) == *dir);
        let shown =
            folders.iter().filter(|dir| holds(dir)).count() >= FEW && self.roots().all(|path| folders.contains(lesson(path)));
        let alive = !shown && self.by_itself(&[Op::Deploy, Op::Register]);
        if alive { None } else { self.subject(SubjectKind::Teaching, why, course) }
    }

    /// Files in which the systems train and serve.
    fn roots(&self) -> impl Iterator<Item = &str> {
        self.systems.iter().flat_map(|s| s.trains.iter().chain(&s.serves)).map(|i| &*self.signals.all[*i].at.path)
    }

    fn only_notebooks(&self, system: &System) -> bool {
        system.trains.iter().chain(&system.serves).all(|i| self.signals.all[*i].notebook)
    }

    fn hosted(&self) -> Option<Subject> {
        let calls = self.all(|s| &*s.id == "llm.hosted_call" && s.scope == Scope::Source);
        let own = self.systems.iter().any(|s| !s.trains.is_empty() || !s.serves.is_empty());
        if calls.is_empty() || own {
            return None;
        }
        self.subject(SubjectKind::HostedLlm, "it calls hosted models only; it trains and serves none of its own", calls)
    }

    fn systems(&self) -> Option<Subject> {
        let first: Vec<usize> = self.systems.iter().flat_map(|s| s.trains.iter().chain(&s.serves).take(1)).copied().collect();
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
        let program = |p: &&RepoPath| extension(p).is_some_and(|e| CODE.contains(&e)) && self.scope_of(p) == Scope::Source;
        let code = self.placements.keys().filter(program).count();
        // what builds its own images is an application with its manifests, not a place of manifests
        let builds = self.book.values().flat_map(|f| &f.units).any(|u| u.kind == crate::fact::UnitKind::Image);
        if objects.is_empty() || builds || code > objects.len() {
            return None;
        }
        self.subject(SubjectKind::Infra, "deployment objects for things that are built elsewhere", objects)
    }
}

/// The folder of a lesson: the first component, or the first two where that is a shelf of many.
fn lesson(path: &str) -> &str {
    let mut slashes = path.match_indices('/').map(|(at, _)| at);
    let first = slashes.next().unwrap_or(path.len());
    let shelf = matches!(&path[..first], "docs" | "lessons" | "cohorts" | "notebooks" | "course" | "src");
    if shelf { &path[..slashes.next().unwrap_or(path.len())] } else { &path[..first] }
}

#[cfg(test)]
mod tests {
    use super::lesson;

    #[test]
    fn lessons_are_told_apart_by_their_folder() {
        assert_eq!(lesson("week3/tree.py"), "week3");
        assert_eq!(lesson("docs/part-1-local/x/y.md"), "docs/part-1-local");
        assert_eq!(lesson("docs/chapter-2.md"), "docs/chapter-2.md");
    }
}
