//! `list` and `explain`: the rules in words, printed from the rules themselves so that nothing can drift.

use std::collections::BTreeMap;

use super::Catalog;
use super::model::{Expr, Key, Level, Model, Role};
use super::practice::{Clause, Detectors, PracticeRule, Select};
use super::signal::SignalRule;
use crate::words::{Observability, Op, Strength};

/// One line of `rules list`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// Its id.
    pub id: String,
    /// `signal`, `practice`, `criterion`, `level` or `model`.
    pub kind: &'static str,
    /// What it is, in one line.
    pub title: String,
    /// The rule file.
    pub file: String,
}

/// What a rule says of itself, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The id, as the rules spell it.
    pub id: String,
    /// What it is.
    pub kind: Explained,
    /// What it asks or says, in one sentence.
    pub asks: String,
    /// The rule file, or the publication.
    pub origin: String,
    /// Titles with their lines.
    pub sections: Vec<(String, Vec<String>)>,
    /// The weighing rows of every model by their ids, as reports name them.
    pub rows: BTreeMap<String, Weighing>,
    /// Of a practice: the kinds of files that may show it and that this version does not read, as reports name them.
    pub unread: Vec<String>,
}

/// A row that weighs for a level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weighing {
    /// The criterion that it stands for.
    pub stands_for: String,
    /// The practices that decide it, with their qualifiers.
    pub practices: Vec<String>,
}

/// What can be explained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Explained {
    /// A practice or probe.
    Practice,
    /// A signal.
    Signal,
    /// A criterion of a model.
    Criterion {
        /// Id of the model.
        model: String,
    },
    /// A level of a model or of one of its columns.
    Level {
        /// Id of the model.
        model: String,
        /// The column; none for the model as a whole.
        dimension: Option<String>,
        /// The level.
        level: u8,
    },
    /// A model.
    Model,
    /// How levels are decided, of every model.
    Levels,
}

/// How many rules there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// Signals.
    pub signals: usize,
    /// Practices, probes left out.
    pub practices: usize,
    /// Maturity models.
    pub models: usize,
    /// Criteria of all models.
    pub criteria: usize,
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} signals, {} practices, {} maturity models with {} criteria",
            self.signals, self.practices, self.models, self.criteria
        )
    }
}

impl Catalog {
    /// Every rule, by id.
    pub fn list(&self) -> Vec<Listed> {
        let file = |id: &str| self.file_of(id).to_owned();
        let signals =
            self.signals.iter().map(|r| Listed { id: r.id.clone(), kind: "signal", title: r.title.clone(), file: file(&r.id) });
        let practices = self.practices.iter().map(|r| Listed {
            id: r.id.clone(),
            kind: "practice",
            title: r.title.clone(),
            file: file(&r.id),
        });
        let models = self.models.iter().flat_map(|m| {
            std::iter::once(Listed { id: m.id.clone(), kind: "model", title: m.title.clone(), file: m.path.clone() }).chain(
                m.criteria.iter().map(|c| Listed {
                    id: c.id.clone(),
                    kind: "criterion",
                    title: c.says.clone(),
                    file: m.path.clone(),
                }),
            )
        });
        let levels = self.models.iter().flat_map(|m| {
            // by the ids that `explain` gives them
            let overall = m.levels.iter().filter_map(|l| level(m, &format!("{}.{}", m.id, l.level)));
            let of = |d: &'_ crate::rules::model::Dimension| -> Vec<String> {
                d.levels.iter().map(|l| format!("{}.{}.l{}", m.id, d.name, l.level)).collect()
            };
            let columns = m.dimensions.iter().flat_map(of).filter_map(|id| level(m, &id));
            let listed = |found: Explanation| Listed { id: found.id, kind: "level", title: found.asks, file: m.path.clone() };
            overall.chain(columns).map(listed).collect::<Vec<_>>()
        });
        let mut all: Vec<Listed> = signals.chain(practices).chain(models).chain(levels).collect();
        all.sort();
        all
    }

    /// What a signal, practice, criterion, level or model is, or `levels` as such; `None` where no rule has that id.
    pub fn explain(&self, id: &str) -> Option<Explanation> {
        let rows = self.models.iter().flat_map(Model::all_levels).flat_map(|l| &l.weighs);
        let rows = rows.map(|row| {
            let practices = row.of.references().iter().map(|r| r.key.clone()).collect();
            (row.id.clone(), Weighing { stands_for: row.stands_for.clone(), practices })
        });
        self.find(id).map(|found| Explanation { rows: rows.collect(), ..found })
    }

    fn find(&self, id: &str) -> Option<Explanation> {
        if id == "levels" {
            return Some(levels());
        }
        if let Some(rule) = self.practices.iter().find(|r| r.id == id) {
            return Some(self.practice(rule));
        }
        if let Some(rule) = self.signals.iter().find(|r| r.id == id) {
            return Some(self.signal(rule));
        }
        if let Some(model) = self.models.iter().find(|m| m.id == id) {
            return Some(whole(model));
        }
        self.models.iter().find_map(|m| criterion(m, id)).or_else(|| self.models.iter().find_map(|m| level(m, id)))
    }

    /// Ids that look like the one asked for, nearest first.
    pub fn suggestions(&self, id: &str) -> Vec<String> {
        let levels = self.models.iter().flat_map(|m| m.levels.iter().map(|l| format!("{}.{}", m.id, l.level)));
        let mut near: Vec<(usize, String)> = self
            .list()
            .into_iter()
            .map(|l| l.id)
            .chain(levels)
            .chain(std::iter::once("levels".to_owned()))
            // what begins with the words is what was begun to be written; four changes make any short word of another
            .map(|known| (if begins(&known, id) { 0 } else { 1 + distance(&known, id) }, known))
            .filter(|(d, known)| *d <= 1 + (id.chars().count() / 2).min(4) || (id.len() > 3 && known.contains(id)))
            .collect();
        near.sort();
        if near.first().is_some_and(|(d, _)| *d == 0) {
            near.retain(|(d, _)| *d == 0);
        }
        near.dedup();
        near.into_iter().map(|(_, id)| id).take(5).collect()
    }

    /// How many rules there are.
    pub(crate) fn summary(&self) -> Summary {
        Summary {
            signals: self.signals.len(),
            practices: self.practices.iter().filter(|p| !p.id.starts_with("probe.")).count(),
            models: self.models.len(),
            criteria: self.models.iter().map(|m| m.criteria.len()).sum(),
        }
    }

    fn practice(&self, rule: &PracticeRule) -> Explanation {
        let mut sections = Sections::default();
        sections.add("COUNTS", &rule.counts);
        sections.add("DOES NOT COUNT", &rule.does_not_count);
        sections.add("WOULD BREAK IT", &rule.breaks);
        sections.add("A REPOSITORY CANNOT SHOW", &rule.not_visible);
        sections.say("LOOKED FOR", &rule.looked_for);
        sections.say("TO BRING IT ABOUT", &rule.action);
        let words: Vec<String> = rule
            .qualifiers
            .iter()
            .map(|(key, words)| if words.is_empty() { key.clone() } else { format!("{key}: {}", words.join(", ")) })
            .collect();
        sections.add("IT MAY SAY MORE CLOSELY", &words);
        match rule.detectors {
            Detectors::All => {}
            Detectors::Some => sections.say(
                "HOW FAR THIS VERSION LOOKS",
                "It looks for a part of what counts, so where nothing is found it says unknown, not absent.",
            ),
            Detectors::None => sections.say("HOW FAR THIS VERSION LOOKS", "It does not look for it yet, so it says unknown."),
        }
        let asks = |c: &&super::model::Criterion| c.formulas().any(|f| f.references().iter().any(|r| r.id == rule.id));
        let used: Vec<String> = self
            .models
            .iter()
            .flat_map(|m| {
                m.criteria
                    .iter()
                    .filter(asks)
                    .map(move |c| format!("{}: {}, level {}, {}", c.id, m.title, c.level, c.role.word()))
            })
            .collect();
        let may_show = |kind: &&super::unread::Unread| kind.practices.contains(&rule.id);
        let unread: Vec<String> = self.unread.iter().filter(may_show).map(|kind| kind.what.clone()).collect();
        sections.say("SEEN AND NOT READ YET", &kinds(&unread));
        sections.add("USED BY", &used);
        Explanation {
            id: rule.id.clone(),
            kind: Explained::Practice,
            asks: rule.question.clone(),
            origin: self.file_of(&rule.id).to_owned(),
            sections: sections.0,
            rows: BTreeMap::new(),
            unread,
        }
    }

    fn signal(&self, rule: &SignalRule) -> Explanation {
        let mut sections = Sections::default();
        sections.say("WHY IT MATTERS", &rule.about);
        if let Some(op) = rule.op {
            sections.say("STANDS FOR", &format!("the operation {op}: where a chain ends here, {}", does(op)));
        }
        if rule.strength < Strength::Resolved {
            sections.say("HOW SURE", "It is recognised by its name or by convention, so what rests on it alone is never met.");
        }
        let shown = |e: &super::signal::Example| {
            let text = e.line.and_then(|l| e.text.lines().nth((l as usize).saturating_sub(1))).or_else(|| e.text.lines().next());
            let text = text.unwrap_or_default().trim();
            if text.is_empty() { e.path.clone() } else { format!("{}: {text}", e.path) }
        };
        sections.add("SEEN IN", &rule.examples.iter().map(shown).collect::<Vec<_>>());
        sections.add("NOT SEEN IN", &rule.counter_examples.iter().map(shown).collect::<Vec<_>>());
        let used: Vec<String> =
            self.practices.iter().filter(|p| p.met.iter().any(|clause| asks_for(clause, rule))).map(|p| p.id.clone()).collect();
        sections.say("ASKED FOR BY", &used.join(", "));
        sections.say("SOURCE", rule.source.as_deref().unwrap_or_default());
        Explanation {
            id: rule.id.clone(),
            kind: Explained::Signal,
            asks: rule.title.clone(),
            origin: self.file_of(&rule.id).to_owned(),
            sections: sections.0,
            rows: BTreeMap::new(),
            unread: Vec::new(),
        }
    }
}

/// Sections that leave out what is empty.
#[derive(Default)]
struct Sections(Vec<(String, Vec<String>)>);

impl Sections {
    fn add(&mut self, title: &str, lines: &[String]) {
        if !lines.is_empty() {
            self.0.push((title.to_owned(), lines.to_vec()));
        }
    }

    fn say(&mut self, title: &str, line: &str) {
        if !line.is_empty() {
            self.0.push((title.to_owned(), vec![line.to_owned()]));
        }
    }
}

/// Whether a clause can be answered by such a signal.
fn asks_for(clause: &Clause, rule: &SignalRule) -> bool {
    let fits = |select: &Select| {
        let ids = select.id.all();
        let named = ids.iter().any(|id| match id.split_once('*') {
            Some((before, after)) => {
                rule.id.len() >= before.len() + after.len() && rule.id.starts_with(before) && rule.id.ends_with(after)
            }
            None => *id == rule.id,
        });
        named || ids.is_empty() && rule.op.is_some_and(|op| select.op.contains(&op))
    };
    match clause {
        Clause::All(parts) | Clause::Any(parts) => parts.iter().any(|p| asks_for(p, rule)),
        Clause::Count(count) => count.of.iter().any(|p| asks_for(p, rule)),
        Clause::Cap(cap) => asks_for(&cap.of, rule),
        Clause::Signal(select) | Clause::Imported(select) | Clause::InImage(select) => fits(select),
        Clause::Reach(reach) => fits(&reach.to) || reach.via.iter().chain(&reach.past).any(fits),
        Clause::Leads(leads) => fits(&leads.from) || fits(&leads.to),
        Clause::ImageHolds(holds) => [&holds.image, &holds.built_by, &holds.of].into_iter().any(fits),
        Clause::ImageCarries(carries) => [&carries.of, &carries.file].into_iter().any(fits),
        Clause::Before(before) => fits(&before.first) || fits(&before.then),
        Clause::Tested(tested) => fits(&tested.of) || tested.by.iter().chain(&tested.without).any(fits),
        Clause::Not(_) | Clause::Steps(_) | Clause::Share(_) | Clause::History(_) | Clause::Practice(_) => false,
    }
}

/// What happens where a chain ends at such an operation.
const fn does(op: Op) -> &'static str {
    match op {
        Op::Ingest => "data is pulled from outside",
        Op::ValidateData => "data is compared with expectations",
        Op::Features => "features are computed",
        Op::Train => "a model is fitted",
        Op::Tune => "hyperparameters are searched",
        Op::Evaluate => "the quality of a model is computed",
        Op::Gate => "a check can stop what follows",
        Op::Register => "a model is put into a registry",
        Op::Promote => "a model is moved to another stage or alias",
        Op::Package => "a package or image is built",
        Op::Deploy => "something is rolled out",
        Op::Serve => "predictions are given",
        Op::Monitor => "live data, quality or service is measured",
        Op::Alert => "a measurement raises an alert",
        Op::Notify => "people are told",
        Op::Rollback => "an earlier version is brought back",
    }
}

/// A formula in words.
fn formula(expr: &Expr) -> String {
    let parts = |parts: &[Expr], word: &str| {
        let part = |p: &Expr| match p {
            Expr::All(_) | Expr::Any(_) => format!("({})", formula(p)),
            _ => formula(p),
        };
        parts.iter().map(part).collect::<Vec<_>>().join(word)
    };
    match expr {
        Expr::Practice(reference) => asked(reference),
        Expr::Not(reference) => format!("no {}", asked(reference)),
        Expr::All(all) => parts(all, " and "),
        Expr::Any(any) => parts(any, " or "),
        Expr::Mean(of) => format!("the mean of {}", parts(of, ", ")),
        Expr::Partly(part) => format!("{} (counts partly at most)", parts(std::slice::from_ref(&**part), "")),
    }
}

/// A practice as a formula names it: `id`, or `id (env prod)`.
fn asked(reference: &super::model::Reference) -> String {
    match &reference.qualifier {
        Some((key, word)) => format!("{} ({key} {word})", reference.id),
        None => reference.id.clone(),
    }
}

/// What opens a level, in words.
fn opens(key: &Key) -> String {
    let several = |keys: &[Key], word: &str| {
        let part = |k: &Key| if matches!(k, Key::All(_) | Key::Any(_)) { format!("({})", opens(k)) } else { opens(k) };
        keys.iter().map(part).collect::<Vec<_>>().join(word)
    };
    match key {
        Key::Shown(Expr::Any(any)) => {
            format!("one of these is there, in part at least: {}", any.iter().map(formula).collect::<Vec<_>>().join(", "))
        }
        Key::Shown(expr) => format!("{} is there, in part at least", formula(expr)),
        Key::Full(expr) => format!("{} is met", formula(expr)),
        Key::All(keys) => several(keys, ", and "),
        Key::Any(keys) => several(keys, " or "),
    }
}

/// The ways to open a level: those that its rule lists, and of each those that its key joins by "or".
fn ways(alternative: &super::model::Alternative) -> Vec<String> {
    let keys: Vec<&Key> = match &alternative.when {
        None => Vec::new(),
        Some(Key::Any(keys)) => keys.iter().collect(),
        Some(key) => vec![key],
    };
    let share = (alternative.share > 0.0).then(|| format!("the rows weigh {} in the mean", percent(alternative.share)));
    if keys.is_empty() {
        return vec![share.unwrap_or_default()];
    }
    let share = share.map(|share| format!("; and {share}")).unwrap_or_default();
    keys.into_iter().map(|key| format!("{}{share}", opens(key))).collect()
}

fn percent(share: f64) -> String {
    format!("{:.0} per cent", share * 100.0)
}

/// How levels are decided, whatever the model.
fn levels() -> Explanation {
    let lines = |lines: &[&str]| lines.iter().map(|l| (*l).to_owned()).collect::<Vec<_>>();
    let sections = vec![
        (
            "HOW A LEVEL IS DECIDED".to_owned(),
            lines(&[
                "Each level has a key: the few practices without which it would not be that level.",
                "Most levels also have rows, and ask that these weigh a certain share in the mean. A row that is met weighs 1, a part of it less, and a row without an object here is left out.",
                "The level is the highest one whose key and share hold, those below it included. What is found of a higher level is shown beside it.",
            ]),
        ),
        (
            "THREE NUMBERS".to_owned(),
            lines(&[
                "From what is proven: only what is met counts, by complete chains that were read hop by hop. Nobody can argue with it.",
                "The level: what works although a link of it leaves the repository, is known by name only or is there in a weaker form counts in part. What nothing starts, and what is broken, does not.",
                "If the outside is confirmed: as if each part that is there did its work in full: what leaves the repository does what its name says, somebody has switched on, registered or applied what waits for that, and what is known by name or in a weaker form is the whole. What only a person starts counts for half.",
            ]),
        ),
        (
            "WORDS BESIDE THEM".to_owned(),
            lines(&[
                "By column: a model of several columns is graded as a whole, and each column by its own rows as well; a column may stand higher or lower than the whole.",
                "To the letter: the highest level whose every core requirement, and those of the levels below it, is met as the publisher writes it. It may be lower than the level, which asks for a key and a share.",
                "Thin: the level's key holds, and less than half of what it asks for is shown.",
            ]),
        ),
        (
            "HOW SURE IT IS".to_owned(),
            lines(&[
                "A level is a judgement. Two careful readers give the same one in three of four repositories, and are never more than one apart.",
                "A repository declares. That a schedule is switched on, that a run succeeds, that people look at an alert is not visible in it.",
                "What could not be looked for is unknown, never absent, and the report says which of it might change a number.",
            ]),
        ),
    ];
    Explanation {
        id: "levels".to_owned(),
        kind: Explained::Levels,
        asks: "How far is the work automated, by a model that somebody else has published?".to_owned(),
        origin: String::new(),
        sections,
        rows: BTreeMap::new(),
        unread: Vec::new(),
    }
}

/// The publication, the place in it where one is meant, where it can be read and when it was.
fn cited(model: &Model, place: &str) -> String {
    let address = model.address.as_ref().map(|address| format!(" {address}")).unwrap_or_default();
    format!("{}: {}.{place}{address} (read in {})", model.publisher, model.source, model.read_on)
}

fn whole(model: &Model) -> Explanation {
    let mut sections = Sections::default();
    sections.say("SOURCE", &cited(model, ""));
    sections.say(
        "WHAT TO KNOW",
        &match model.source_basis {
            super::model::Basis::Published => model.note.clone(),
            super::model::Basis::Inferred => {
                format!("The publisher's own text is not public; the cells are ours. {}", model.note)
            }
        },
    );
    let decided = |l: &Level, id: String| {
        let name = model.names.get(&l.level).map(|n| format!(" ({n})")).unwrap_or_default();
        format!("{id}{name}: {}", l.decided_by)
    };
    sections.add("LEVELS", &model.levels.iter().map(|l| decided(l, format!("{}.{}", model.id, l.level))).collect::<Vec<_>>());
    let columns: Vec<String> = model
        .dimensions
        .iter()
        .map(|d| {
            let levels: Vec<String> = d.levels.iter().map(|l| l.level.to_string()).collect();
            match levels.len() {
                0 => format!("{}: nothing of it can be seen in a repository", d.title),
                1 => format!("{}: level {} ({}.{}.l{})", d.title, levels.concat(), model.id, d.name, levels.concat()),
                _ => format!("{}: levels {} ({}.{}.l{} …)", d.title, levels.join(", "), model.id, d.name, levels[0]),
            }
        })
        .collect();
    sections.add("COLUMNS", &columns);
    let criterion = |c: &super::model::Criterion| format!("{} ({}): {}", c.id, role(c.role), c.says);
    sections.add("CRITERIA", &model.criteria.iter().map(criterion).collect::<Vec<_>>());
    Explanation {
        id: model.id.clone(),
        kind: Explained::Model,
        asks: format!("{}, edition {}", model.title, model.edition),
        origin: model.path.clone(),
        sections: sections.0,
        rows: BTreeMap::new(),
        unread: Vec::new(),
    }
}

/// `azure.2`, `azure.l2` or a row `azure.2.w1`; of a column `azure.create.2`.
fn level(model: &Model, id: &str) -> Option<Explanation> {
    let rest = id.strip_prefix(model.id.as_str())?.strip_prefix('.')?;
    let is_row = |last: &str| last.strip_prefix('w').is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
    let rest = rest.rsplit_once('.').filter(|(_, last)| is_row(last)).map_or(rest, |(before, _)| before);
    let (column, number) = rest.rsplit_once('.').map_or((None, rest), |(column, number)| (Some(column), number));
    let number: u8 = number.strip_prefix('l').unwrap_or(number).parse().ok()?;
    let dimension = match column {
        Some(name) => Some(model.dimensions.iter().find(|d| d.name == name)?),
        None => None,
    };
    let rule = dimension.map_or(&model.levels, |d| &d.levels).iter().find(|l| l.level == number)?;
    let mut sections = Sections::default();
    let ways: Vec<String> = rule.keys.iter().flat_map(ways).collect();
    sections.add(if ways.len() > 1 { "ONE OF THESE OPENS IT" } else { "WHAT OPENS IT" }, &ways);
    let rows: Vec<String> = rule
        .weighs
        .iter()
        .map(|row| {
            let says = model.criterion(&row.stands_for).map(|c| c.says.as_str()).unwrap_or_default();
            format!("{}: {} Rests on {}.", row.stands_for, says, formula(&row.of))
        })
        .collect();
    sections.add("ROWS THAT WEIGH", &rows);
    let weighed: Vec<&str> = rule.weighs.iter().map(|r| r.stands_for.as_str()).collect();
    let others: Vec<String> = model
        .criteria
        .iter()
        .filter(|c| c.level == number && dimension.is_none_or(|d| c.dim == d.name) && !weighed.contains(&c.id.as_str()))
        .map(|c| format!("{} ({}): {}", c.id, role(c.role), c.says))
        .collect();
    sections.add("ALSO ASKED FOR AT THIS LEVEL", &others);
    sections.say("SOURCE", &cited(model, ""));
    let name = model.names.get(&number).filter(|_| dimension.is_none()).map(|n| format!(", {n}")).unwrap_or_default();
    let column = dimension.map(|d| format!("{}, ", d.title)).unwrap_or_default();
    Some(Explanation {
        id: dimension.map_or_else(|| format!("{}.{number}", model.id), |d| format!("{}.{}.l{number}", model.id, d.name)),
        kind: Explained::Level { model: model.id.clone(), dimension: dimension.map(|d| d.name.clone()), level: number },
        asks: format!("{} {column}level {number}{name}: {}", model.title, rule.decided_by),
        origin: model.path.clone(),
        sections: sections.0,
        rows: BTreeMap::new(),
        unread: Vec::new(),
    })
}

/// Kinds of files that are not read, in a sentence that names a few; empty where there is none.
fn kinds(unread: &[String]) -> String {
    let named = unread.iter().take(2).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = match unread.len() {
        0 => return String::new(),
        1 | 2 => String::new(),
        all => format!(" and {} more", all - 2),
    };
    format!("{} of files that may show it ({named}{more}): where one is seen, it is unknown, not absent.", count(unread.len()))
}

fn count(kinds: usize) -> String {
    if kinds == 1 { "One kind".to_owned() } else { format!("{kinds} kinds") }
}

/// What a requirement is for, in a few words.
const fn role(role: Role) -> &'static str {
    match role {
        Role::Core => "core",
        Role::AnyOf => "one of a group",
        Role::Supporting => "supporting",
        Role::Deficit => "a shortcoming",
        Role::People => "people",
        Role::Note => "a note",
    }
}

fn criterion(model: &Model, id: &str) -> Option<Explanation> {
    let rule = model.criterion(id)?;
    let since = rule.since.as_ref().map(|edition| format!(" (since {edition})")).unwrap_or_default();
    let mut sections = Sections::default();
    let standing = match rule.role {
        Role::Core => "Core: to the letter, the level needs it.",
        Role::AnyOf => "One of a group: to the letter, the level needs one of them.",
        Role::Supporting => "Supporting: a gap where it is missing, and no more.",
        Role::Deficit => "A shortcoming of a low level: it explains, and is never achieved.",
        Role::People => "About people: they state it, and it stands beside the level.",
        Role::Note => "A note: it asks for nothing.",
    };
    let visible = match rule.observability {
        Observability::Direct => "A repository can prove it, as a declaration.",
        Observability::Partial => "A repository can only indicate it.",
        Observability::Attest => "A repository cannot show it; only a person can state it.",
        Observability::None => "",
    };
    sections.say("STANDING", format!("{standing} {visible}").trim());
    let level_rules = model.all_levels().flat_map(|l| l.weighs.iter().map(move |w| (l, w)));
    let mut weighs: Vec<String> =
        level_rules.filter(|(_, w)| w.stands_for == rule.id).map(|(l, w)| weighs_in(model, l, &w.id)).collect();
    weighs.dedup();
    sections.say("WEIGHS IN", &weighs.join(", "));
    sections.say("SHOWN BY", &rule.needs.as_ref().map(formula).unwrap_or_default());
    sections.say("REFUTED BY", &rule.refuted_by.as_ref().map(formula).unwrap_or_default());
    sections.say("HAS AN OBJECT ONLY WITH", &rule.only_with.as_ref().map(formula).unwrap_or_default());
    sections.say("A PERSON CAN STATE IT UNDER", rule.topic.as_deref().unwrap_or_default());
    sections.say("SOURCE", &cited(model, &format!(" {}{since}.", rule.place)));
    if model.source_basis == super::model::Basis::Inferred {
        sections.say("WHAT TO KNOW", "The publisher's own text is not public; the cell is ours.");
    }
    Some(Explanation {
        id: rule.id.clone(),
        kind: Explained::Criterion { model: model.id.clone() },
        asks: format!("{}, level {}: {}", model.title, rule.level, rule.says),
        origin: model.path.clone(),
        sections: sections.0,
        rows: BTreeMap::new(),
        unread: Vec::new(),
    })
}

/// `level 2`, or `level 2 of Model creation`.
fn weighs_in(model: &Model, level: &Level, row: &str) -> String {
    let column = model.dimensions.iter().find(|d| d.levels.iter().any(|l| l.weighs.iter().any(|w| w.id == row)));
    let of = column.map(|d| format!(" of {}", d.title)).unwrap_or_default();
    format!("level {}{of}", level.level)
}

/// Whether an id is the words themselves, or goes on behind them with a part of its own.
fn begins(known: &str, id: &str) -> bool {
    !id.is_empty() && known.strip_prefix(id.trim_end_matches('.')).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Edits from one word to another, at most 20 letters of each counted.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(60).collect(), b.chars().take(60).collect());
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut last = i;
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let cost = last + usize::from(x != y);
            last = row[j + 1];
            row[j + 1] = cost.min(row[j] + 1).min(last + 1);
        }
    }
    row[b.len()]
}
