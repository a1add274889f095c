//! `list` and `explain`: the rules in words, printed from the rules themselves so that nothing can drift.

use super::Catalog;
use super::model::Model;
use super::practice::{Detectors, PracticeRule};
use super::signal::SignalRule;

/// One line of `rules list`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// Its id.
    pub id: String,
    /// `signal`, `practice`, `criterion` or `model`.
    pub kind: &'static str,
    /// What it is, in one line.
    pub title: String,
    /// The rule file.
    pub file: String,
}

/// What `explain` prints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// Id and kind.
    pub heading: String,
    /// Titles with their lines.
    pub sections: Vec<(String, Vec<String>)>,
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
        let mut all: Vec<Listed> = signals.chain(practices).chain(models).collect();
        all.sort();
        all
    }

    /// What a signal, practice, criterion or model is; `None` where no rule has that id.
    pub fn explain(&self, id: &str) -> Option<Explanation> {
        if let Some(rule) = self.practices.iter().find(|r| r.id == id) {
            return Some(self.practice(rule));
        }
        if let Some(rule) = self.signals.iter().find(|r| r.id == id) {
            return Some(self.signal(rule));
        }
        if let Some(model) = self.models.iter().find(|m| m.id == id) {
            return Some(whole(model));
        }
        self.models.iter().find_map(|m| criterion(m, id))
    }

    /// Ids that look like the one asked for, nearest first.
    pub fn suggestions(&self, id: &str) -> Vec<String> {
        let mut near: Vec<(usize, String)> = self
            .list()
            .into_iter()
            .map(|l| (distance(&l.id, id), l.id))
            .filter(|(d, known)| *d <= 4 || (id.len() > 3 && known.contains(id)))
            .collect();
        near.sort();
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
        let mut sections = vec![("QUESTION".to_owned(), vec![rule.question.clone()])];
        let mut add = |title: &str, lines: &[String]| {
            if !lines.is_empty() {
                sections.push((title.to_owned(), lines.to_vec()));
            }
        };
        add("COUNTS", &rule.counts);
        add("DOES NOT COUNT", &rule.does_not_count);
        add("WOULD BREAK IT", &rule.breaks);
        add("A REPOSITORY CANNOT SHOW", &rule.not_visible);
        if !rule.looked_for.is_empty() {
            add("LOOKED FOR", std::slice::from_ref(&rule.looked_for));
        }
        if !rule.action.is_empty() {
            add("TO BRING IT ABOUT", std::slice::from_ref(&rule.action));
        }
        let words: Vec<String> = rule
            .qualifiers
            .iter()
            .map(|(key, words)| if words.is_empty() { key.clone() } else { format!("{key}: {}", words.join(", ")) })
            .collect();
        add("QUALIFIERS", &words);
        let detectors = match rule.detectors {
            Detectors::All => "all that the formats of this version can show; nothing found is `not_shown`",
            Detectors::Some => "some; nothing found is `unknown`",
            Detectors::None => "none yet; it is `unknown`",
        };
        add("DETECTORS", &[detectors.to_owned()]);
        let used: Vec<String> = self
            .models
            .iter()
            .flat_map(|m| {
                m.criteria
                    .iter()
                    .filter(|c| c.formulas().any(|f| f.references().iter().any(|r| r.id == rule.id)))
                    .map(move |c| format!("{} (level {}, {})", c.id, c.level, c.role.word()))
            })
            .collect();
        add("USED BY", &used);
        Explanation { heading: format!("{}  practice  ({})", rule.id, self.file_of(&rule.id)), sections }
    }

    fn signal(&self, rule: &SignalRule) -> Explanation {
        let mut sections =
            vec![("WHAT IS SEEN".to_owned(), vec![rule.title.clone()]), ("WHY IT MATTERS".to_owned(), vec![rule.about.clone()])];
        if let Some(op) = rule.op {
            sections.push(("STANDS FOR".to_owned(), vec![format!("the operation `{op}`")]));
        }
        if let Some(source) = &rule.source {
            sections.push(("SOURCE".to_owned(), vec![source.clone()]));
        }
        let shown = |e: &super::signal::Example| {
            let text = e.text.lines().next().unwrap_or("").trim();
            if text.is_empty() { e.path.clone() } else { format!("{}: {text}", e.path) }
        };
        sections.push(("SEEN IN".to_owned(), rule.examples.iter().map(shown).collect()));
        sections.push(("NOT SEEN IN".to_owned(), rule.counter_examples.iter().map(shown).collect()));
        Explanation { heading: format!("{}  signal  ({})", rule.id, self.file_of(&rule.id)), sections }
    }
}

fn whole(model: &Model) -> Explanation {
    let levels = model
        .levels
        .iter()
        .map(|l| {
            let name = model.names.get(&l.level).map(|n| format!(" {n}")).unwrap_or_default();
            format!("{}{name}: decided by {}", l.level, l.decided_by)
        })
        .collect::<Vec<_>>();
    let mut sections = vec![
        ("SOURCE".to_owned(), vec![format!("{}: {}", model.publisher, model.source), format!("read on {}", model.read_on)]),
        ("BASIS".to_owned(), vec![format!("{}; {}", model.source_basis.word(), model.note)]),
    ];
    if !levels.is_empty() {
        sections.push(("LEVELS".to_owned(), levels));
    }
    if !model.dimensions.is_empty() {
        sections.push(("DIMENSIONS".to_owned(), model.dimensions.iter().map(|d| format!("{}: {}", d.name, d.title)).collect()));
    }
    sections.push((
        "CRITERIA".to_owned(),
        model.criteria.iter().map(|c| format!("{} ({}): {}", c.id, c.role.word(), c.says)).collect(),
    ));
    Explanation { heading: format!("{}  model  {} {}", model.id, model.title, model.edition), sections }
}

fn criterion(model: &Model, id: &str) -> Option<Explanation> {
    let rule = model.criterion(id)?;
    let since = rule.since.as_ref().map(|edition| format!(" (since {edition})")).unwrap_or_default();
    let mut sections = vec![
        ("SAYS".to_owned(), vec![rule.says.clone()]),
        ("WHERE".to_owned(), vec![format!("{}, {}{since}", model.source, rule.place)]),
        (
            "STANDING".to_owned(),
            vec![format!(
                "level {}, {}, {}; a repository shows it: {}",
                rule.level,
                rule.dim,
                rule.role.word(),
                rule.observability
            )],
        ),
    ];
    if let Some(needs) = &rule.needs {
        sections.push(("SHOWN BY".to_owned(), vec![needs.to_string()]));
    }
    if let Some(against) = &rule.refuted_by {
        sections.push(("REFUTED BY".to_owned(), vec![against.to_string()]));
    }
    if let Some(topic) = &rule.topic {
        sections.push(("A PERSON CAN STATE IT UNDER".to_owned(), vec![topic.clone()]));
    }
    if model.source_basis.word() == "inferred" {
        sections.push(("BASIS".to_owned(), vec!["inferred: the publisher's own text is not public".to_owned()]));
    }
    Some(Explanation { heading: format!("{}  criterion of {}", rule.id, model.title), sections })
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
