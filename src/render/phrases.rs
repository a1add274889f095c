//! The plain words that people read for the words of the data, because they misread the latter; shared by every format
//! for people.

use super::links::{Target, percent};
use super::page::Ink;
pub(in crate::render) use crate::report::copies::repository_of;
use crate::report::{
    Assessment, Because, Cause, Chain, ChainHead, Deed, Evidence, FilesFrom, Hop, Op, Report, Repository, Starter, Step,
    StepName, Strength, SubjectKind, System, TriggerKind, Unknown, Verdict,
};

/// `1 practice`, `2 practices`.
pub(in crate::render) fn count(n: usize, one: &str, many: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {many}") }
}

pub(in crate::render) fn subject(kind: SubjectKind) -> &'static str {
    match kind {
        SubjectKind::Template => "a template for ML systems",
        SubjectKind::MlLibrary => "a library for machine learning",
        SubjectKind::Teaching => "teaching material",
        SubjectKind::HostedLlm => "an application of hosted models",
        SubjectKind::MlCollection => "a collection of ML systems",
        SubjectKind::MlSystem => "one ML system",
        SubjectKind::Infra => "deployment or platform definitions",
        SubjectKind::NotMl => "no machine learning",
    }
}

/// What a chain does in the end, as a noun.
pub(in crate::render) fn deed(op: Op) -> &'static str {
    match op {
        Op::Ingest => "ingestion",
        Op::ValidateData => "data checks",
        Op::Features => "features",
        Op::Train => "training",
        Op::Tune => "tuning",
        Op::Evaluate => "evaluation",
        Op::Gate => "gate",
        Op::Register => "registration",
        Op::Promote => "promotion",
        Op::Package => "packaging",
        Op::Deploy => "release",
        Op::Serve => "serving",
        Op::Monitor => "monitoring",
        Op::Alert => "alerting",
        Op::Notify => "notification",
        Op::Rollback => "rollback",
    }
}

/// Which of several deeds of a run a reader should see first, least first: what decides on a model and moves it on, what
/// watches it, what makes it, what prepares.
pub(in crate::render) fn deed_rank(op: Op) -> u8 {
    match op {
        Op::Deploy | Op::Promote | Op::Gate | Op::Rollback => 0,
        Op::Register | Op::Train | Op::Monitor => 1,
        Op::Evaluate | Op::Alert | Op::ValidateData | Op::Ingest => 2,
        Op::Tune | Op::Features | Op::Package | Op::Serve | Op::Notify => 3,
    }
}

/// What keeps a deed from being as sure as what it is told beside; nothing where that holds for both.
pub(in crate::render) fn deed_state(deed: &Deed<'_>, beside: &ChainHead) -> Option<(Ink, &'static str)> {
    match deed.because {
        Some(because) if Some(because) != beside.because => {
            Some((if because.works() { Ink::Part } else { Ink::Bad }, reason(because, Some(deed.chain))))
        }
        None if deed.strength < beside.strength => match deed.strength {
            Strength::Resolved => None,
            Strength::Inferred => Some((Ink::Part, "linked by name")),
            Strength::Assumed => Some((Ink::Part, "hangs on the outside")),
            Strength::Broken => Some((Ink::Bad, "cannot run as written")),
        },
        _ => None,
    }
}

/// What starts something, without the paths that must have changed.
pub(in crate::render) fn some_paths(text: &str) -> String {
    match [", only ", ", except "].iter().filter_map(|word| text.find(word).map(|at| (at, *word))).min() {
        Some((at, word)) => format!("{}{word}some paths", text.get(..at).unwrap_or(text)),
        None => text.to_owned(),
    }
}

/// A sentence whose quotations are cut to so many characters.
pub(in crate::render) fn shorter_quotes(text: &str, most: usize) -> String {
    let mut parts: Vec<String> = text.split('`').map(str::to_owned).collect();
    // an odd number of marks quotes nothing for sure
    if parts.len().is_multiple_of(2) {
        return text.to_owned();
    }
    for quoted in parts.iter_mut().skip(1).step_by(2) {
        if let Some((end, _)) = quoted.char_indices().nth(most).filter(|_| quoted.chars().count() > most + 1) {
            quoted.truncate(end);
            quoted.push('…');
        }
    }
    parts.join("`")
}

/// A sentence that is too long for a line or two, without its last clauses; where one alone is too long, cut after a word.
pub(in crate::render) fn cut_clauses(text: &str, most: usize) -> String {
    let mut told = text;
    while told.chars().count() > most {
        // what is quoted is no clause of ours
        let ends = ["; ", ", and "].iter().flat_map(|mark| told.match_indices(mark).map(|(at, _)| at));
        let outside = |at: &usize| told.get(..*at).is_some_and(|before| before.matches('`').count() % 2 == 0);
        match ends.filter(outside).max().and_then(|at| told.get(..at)) {
            Some(before) => told = before,
            None => return cut(told, most),
        }
    }
    told.to_owned()
}

/// A sentence that is too long for a line or two, cut after a word.
pub(in crate::render) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let end = text.char_indices().nth(most).map_or(text.len(), |(at, _)| at);
    let head = text.get(..end).unwrap_or(text);
    // a long name without a space is cut itself, for the words before it say nothing
    let words = head.rsplit_once(' ').map(|(before, _)| before).filter(|before| before.chars().count() * 3 > most);
    let head = words.unwrap_or(head);
    // a quotation that is cut is closed, so that what follows reads as ours
    let open = head.matches('`').count() % 2 == 1;
    format!("{}…{}", head.trim_end_matches([' ', ',', ';', ':']), if open { "`" } else { "" })
}

/// What a chain that is told does in the end.
pub(in crate::render) fn head_deed(head: &ChainHead) -> &'static str {
    // that a pipeline is put in place delivers no model yet
    if head.practice == "pipeline.cd" && head.op == Op::Deploy { "pipeline" } else { deed(head.op) }
}

/// How complete a chain is.
pub(in crate::render) fn completeness(head: &ChainHead) -> (Ink, &'static str) {
    match head.because {
        None => (Ink::Good, "complete"),
        Some(Because::Assumed) if head.trigger.is_none() => (Ink::Part, "starts elsewhere"),
        Some(Because::Idle) if head.trigger.is_none() => (Ink::Bad, "only by hand"),
        Some(Because::Idle) if head.trigger.is_some_and(TriggerKind::is_unattended) => (Ink::Bad, "what it makes is not used"),
        Some(because) => (if because.works() { Ink::Part } else { Ink::Bad }, reason(because, Some(&head.chain))),
    }
}

/// What keeps something from being met, as the best chain to it tells; without a chain, less can be said.
fn reason(because: Because, chain: Option<&Chain>) -> &'static str {
    let hops = chain.map(|chain| chain.0.as_slice()).unwrap_or_default();
    match because {
        Because::Assumed if hops.first().is_some_and(|hop| hop.outside.is_some()) => "starts elsewhere",
        Because::Assumed if hops.iter().any(|hop| hop.outside.is_some()) => "leaves this repository",
        Because::Assumed => "hangs on the outside",
        Because::Inferred if hops.iter().any(|hop| hop.strength == Strength::Inferred) => "linked by name",
        Because::Inferred => "likely, not proven",
        Because::Weak => "in a weaker form",
        Because::Idle if hops.is_empty() => "nothing starts it",
        Because::Idle => "only by hand",
        Because::Broken if hops.iter().any(|hop| hop.strength == Strength::Broken) => "cannot run as written",
        Because::Broken if hops.is_empty() => "does not work as written",
        Because::Broken => "its failure is ignored",
    }
}

/// A verdict in words, with its cause.
pub(in crate::render) fn verdict(verdict: Verdict, because: Option<Cause>, chain: Option<&Chain>) -> (Ink, String) {
    let ink = |cause: Option<Cause>| match cause {
        Some(Cause::Indicated(b)) if !b.works() => Ink::Bad,
        _ => Ink::Part,
    };
    match verdict {
        Verdict::Met => (Ink::Good, "met".to_owned()),
        Verdict::Attested => (Ink::Part, "stated by a person".to_owned()),
        Verdict::Indicated => {
            let why = match because {
                Some(Cause::Indicated(because)) => format!("partly: {}", reason(because, chain)),
                _ => "partly".to_owned(),
            };
            (ink(because), why)
        }
        Verdict::NotShown => (Ink::Bad, "not found".to_owned()),
        Verdict::Contradicted => (Ink::Bad, "evidence against".to_owned()),
        Verdict::NotApplicable => (Ink::Quiet, "does not apply".to_owned()),
        Verdict::Unknown => (
            Ink::Quiet,
            match because {
                Some(Cause::Unknown(Unknown::NoDetector)) => "unknown: no detector yet",
                Some(Cause::Unknown(Unknown::NotRead)) => "unknown: a file was not read",
                Some(Cause::Unknown(Unknown::NoHistory)) => "unknown: needs history",
                Some(Cause::Unknown(Unknown::SwitchedOff)) => "unknown: switched off in the settings",
                _ => "unknown",
            }
            .to_owned(),
        ),
    }
}

pub(in crate::render) fn step(step: StepName) -> &'static str {
    match step {
        StepName::Extract => "extract",
        StepName::Analyse => "analyse",
        StepName::Prepare => "prepare",
        StepName::Train => "train",
        StepName::Evaluate => "evaluate",
        StepName::Validate => "validate",
        StepName::Serve => "serve",
        StepName::Monitor => "monitor",
    }
}

/// Whether nothing of a step is written anywhere, so that there is nothing that nobody starts.
pub(in crate::render) fn is_absent(step: &crate::report::Step) -> bool {
    step.starter == Starter::Nobody && step.evidence.is_empty() && step.why.is_empty()
}

/// The names of steps by what is to be said of them, for what is true of several is said once, behind them; those of which
/// nothing is to be said come first.
pub(in crate::render) fn by_reason(steps: &[&Step], why: impl Fn(&Step) -> String) -> Vec<(String, Vec<&'static str>)> {
    let mut groups: Vec<(String, Vec<&str>)> = Vec::new();
    for one in steps {
        let why = why(one);
        match groups.iter_mut().find(|(told, _)| *told == why) {
            Some((_, names)) => names.push(step(one.step)),
            None => groups.push((why, vec![step(one.step)])),
        }
    }
    groups.sort_by_key(|(why, _)| !why.is_empty());
    groups
}

pub(in crate::render) fn starter(starter: Starter) -> (Ink, &'static str) {
    match starter {
        Starter::Itself => (Ink::Good, "itself"),
        Starter::Outside => (Ink::Part, "outside"),
        Starter::Person => (Ink::Bad, "a person"),
        Starter::Broken => (Ink::Bad, "itself"),
        Starter::Nobody => (Ink::Bad, "nobody"),
        Starter::Unknown => (Ink::Quiet, "unknown"),
    }
}

/// A path, with its repository before it where that is not the scanned one.
pub(in crate::render) fn path(repository: Option<&str>, path: &str) -> String {
    repository.map_or_else(|| path.to_owned(), |repository| format!("{repository}:{path}"))
}

/// Where a hop stands: `path:line`, or `path` where the whole file is meant.
pub(in crate::render) fn hop_place(hop: &Hop) -> String {
    let path = path(hop.repository.as_deref(), &hop.path);
    if hop.line > 0 { format!("{path}:{}", hop.line) } else { path }
}

/// What the place of a hop links to.
pub(in crate::render) fn hop_link(repository: &Repository, hop: &Hop) -> Option<Target> {
    if hop.repository.is_some() { None } else { link(repository, &hop.path, hop.line) }
}

/// What the place of a piece of evidence links to.
pub(in crate::render) fn evidence_link(repository: &Repository, evidence: &Evidence) -> Option<Target> {
    let path = evidence.path.as_deref().filter(|_| evidence.repository.is_none())?;
    link(repository, path, evidence.line.unwrap_or(0))
}

/// `path:line`, `path`, or the short id and date of a commit.
pub(in crate::render) fn place(evidence: &Evidence) -> Option<String> {
    let path = evidence.path.as_deref().map(|it| path(evidence.repository.as_deref(), it));
    match (path, evidence.line, &evidence.commit) {
        (Some(path), Some(line), _) if line > 0 => Some(format!("{path}:{line}")),
        (Some(path), ..) => Some(path),
        (None, _, Some(commit)) => {
            let date = evidence.date.as_deref().map(|d| format!(" ({d})")).unwrap_or_default();
            Some(format!("commit {}{date}", short(commit)))
        }
        (None, _, None) => None,
    }
}

/// The first seven characters of an id.
pub(in crate::render) fn short(id: &str) -> String {
    id.chars().take(7).collect()
}

/// Which state of the files was read.
pub(super) fn state(report: &Report) -> String {
    match (report.inputs.tree, report.repository.dirty) {
        (FilesFrom::Folder, _) => "no Git repository".to_owned(),
        (FilesFrom::Revision, _) => "as committed".to_owned(),
        (FilesFrom::WorkTree, None) => "whether it is all committed cannot be told".to_owned(),
        (FilesFrom::WorkTree, Some(false)) => "clean tree".to_owned(),
        (FilesFrom::WorkTree, Some(true)) => {
            format!("{} not committed", count(report.repository.changed as usize, "file", "files"))
        }
    }
}

/// The day of the commit.
pub(super) fn day(repository: &Repository) -> Option<String> {
    repository.committed_at.as_deref().map(|at| at.chars().take(10).collect())
}

/// How many practices have which verdict; a number stays with its word.
pub(super) fn tally(system: &System) -> Vec<String> {
    let number = |verdict: Verdict| system.practices.iter().filter(|p| p.verdict == verdict).count();
    [
        (Verdict::Met, "met"),
        (Verdict::Indicated, "partly"),
        (Verdict::Attested, "stated by a person"),
        (Verdict::NotShown, "not found"),
        (Verdict::Contradicted, "with evidence against"),
        (Verdict::NotApplicable, "not applicable"),
        (Verdict::Unknown, "unknown"),
    ]
    .into_iter()
    .map(|(verdict, word)| (number(verdict), word))
    .filter(|(n, _)| *n > 0)
    .map(|(n, word)| format!("{n} {word}").replace(' ', "\u{a0}"))
    .collect()
}

/// Title and edition, the latter where the title does not hold it yet.
pub(super) fn model_name(model: &Assessment) -> String {
    if model.edition.is_empty() || model.title.contains(&model.edition) {
        model.title.clone()
    } else {
        format!("{} {}", model.title, model.edition)
    }
}

/// A sentence beside the place that it is about: that place's own path is not told again.
pub(super) fn seen_from(why: &str, path: &str) -> String {
    let program = format!("program {path}");
    match why.split_once(&program) {
        // `program src/a.py` is no part of `program src/a.pyx`
        Some((before, after)) if !path.is_empty() && !after.starts_with(|c: char| c.is_alphanumeric() || "/_-".contains(c)) => {
            format!("{before}this program{after}")
        }
        _ => why.to_owned(),
    }
}

/// What to call a system: the repository where it is all of it.
pub(super) fn system_name(system: &System, repository: &Repository) -> String {
    if system.name.is_empty() || system.name == "." { repository_name(repository).to_owned() } else { system.name.clone() }
}

/// What to call the repository: the last word of its remote.
pub(super) fn repository_name(repository: &Repository) -> &str {
    let name = repository.remote.as_deref().map_or("this repository", |r| r.trim_end_matches('/').trim_end_matches(".git"));
    name.rsplit(['/', ':']).next().unwrap_or(name)
}

/// What a place of the scanned repository links to.
pub(in crate::render) fn link(repository: &Repository, path: &str, line: u32) -> Option<Target> {
    Some(Target { path: path.to_owned(), line, remote: page_of(repository, path, line) })
}

/// Where a line can be read at the remote, for remotes whose addresses are known.
fn page_of(repository: &Repository, path: &str, line: u32) -> Option<String> {
    let remote = repository.remote.as_deref()?;
    let commit = repository.commit.as_deref()?;
    let (host, name) = remote
        .strip_prefix("https://")
        .and_then(|rest| rest.split_once('/'))
        .or_else(|| remote.strip_prefix("git@").and_then(|rest| rest.split_once(':')))?;
    let name = name.trim_end_matches('/').trim_end_matches(".git");
    let middle = match host {
        "github.com" => "blob",
        "gitlab.com" => "-/blob",
        _ => return None,
    };
    let anchor = if line > 0 { format!("#L{line}") } else { String::new() };
    Some(format!("https://{host}/{}/{middle}/{}/{}{anchor}", percent(name), percent(commit), percent(path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_keeps_its_verb() {
        let told =
            "stage train leads to `fit(a; b)`; only a person starts it here, and .github/workflows/build.yml:93 leaves this scan";
        assert_eq!(cut_clauses(told, 90), "stage train leads to `fit(a; b)`; only a person starts it here");
        assert_eq!(cut_clauses(told, 200), told);
        // a name without a space is cut itself
        assert_eq!(cut("uses harbour-office/pipelines/.github/workflows/train.yml@v3", 24), "uses harbour-office/pipe…");
    }

    #[test]
    fn a_place_is_not_told_twice() {
        let why = "`fit(x)` runs when a person starts program src/a.py";
        assert_eq!(seen_from(why, "src/a.py"), "`fit(x)` runs when a person starts this program");
        assert_eq!(seen_from(why, "src/b.py"), why);
        assert_eq!(seen_from("starts program src/a.pyx", "src/a.py"), "starts program src/a.pyx");
        assert_eq!(seen_from(why, ""), why);
    }

    #[test]
    fn what_is_long_is_cut_where_it_hurts_least() {
        let why = "target fit leads to `model.fit(one, two, three)`; only a person starts it";
        assert_eq!(shorter_quotes(why, 9), "target fit leads to `model.fit…`; only a person starts it");
        assert_eq!(shorter_quotes("an odd ` mark", 2), "an odd ` mark");
        assert_eq!(some_paths("push main, only a/**, b/**"), "push main, only some paths");
        assert_eq!(some_paths("push main"), "push main");
        assert_eq!(cut("one two three", 9), "one two…");
        assert_eq!(cut("one `two three four", 12), "one `two…`");
        assert_eq!(cut("one two", 9), "one two");
    }
}
