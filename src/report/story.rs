//! What one start brings about, told as one story.
//!
//! Why: training, its check, the registration and the release of one run are chains of several practices with the same
//! first hops; a person wants to read the way once and then what it does. Invariants: only chains that the practices hold
//! are told; a view of the report and no part of it, so it is not written down.

use super::{Because, Cause, Chain, ChainHead, EdgeKind, Hop, Op, Strength, System, Verdict};

/// Practices whose chains tell nothing of what a run does to the model.
const BESIDE: &[&str] = &["probe.", "tests.", "ci.", "env.", "app.", "docs.", "monitoring.service"];

/// What one start brings about.
#[derive(Debug, Clone, PartialEq)]
pub struct Story<'r> {
    /// The chain that is told hop by hop.
    pub head: &'r ChainHead,
    /// What the same start does besides, in the order in which it is done as far as that is known.
    pub deeds: Vec<Deed<'r>>,
}

/// Something that a run does besides what it is told for.
#[derive(Debug, Clone, PartialEq)]
pub struct Deed<'r> {
    /// What it does.
    pub op: Op,
    /// Id of the practice that holds the chain.
    pub practice: &'r str,
    /// The whole chain, from the start.
    pub chain: &'r Chain,
    /// Its last hop.
    pub end: &'r Hop,
    /// When it is done.
    pub when: When,
    /// How sure its weakest hop is.
    pub strength: Strength,
    /// Why it is not complete, where that is known.
    pub because: Option<Because>,
    /// Whether it has a headline of its own.
    pub headline: bool,
}

/// When something is done, seen from what a story is told for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum When {
    /// Before it, in the same program.
    Before,
    /// In the same run; the order is not written in one place.
    Beside,
    /// After it, in the same program.
    After,
}

impl System {
    /// The strongest chains, those of one start together, strongest first.
    pub fn stories(&self) -> Vec<Story<'_>> {
        let mut stories: Vec<Story<'_>> = Vec::new();
        for head in &self.chain_heads {
            match stories.iter_mut().find(|story| same_start(&story.head.chain, &head.chain)) {
                Some(story) => {
                    let found = deed(&story.head.chain, &head.chain, &head.practice, head.because, true);
                    story.deeds.extend(found);
                }
                None => stories.push(Story { head, deeds: Vec::new() }),
            }
        }
        for story in &mut stories {
            self.besides(story);
            let head = story.head;
            story.deeds.sort_by_key(|deed| (turn(head.op, deed), place_of(&head.chain, deed), deed.op as u8));
        }
        stories
    }

    /// What other practices know of the same run: of each deed the surest and nearest.
    fn besides<'r>(&'r self, story: &mut Story<'r>) {
        let told = |practice: &str| !BESIDE.iter().any(|beside| practice.starts_with(beside));
        let holds = |verdict: Verdict| matches!(verdict, Verdict::Met | Verdict::Indicated);
        let mut found: Vec<Deed<'r>> = Vec::new();
        for practice in self.practices.iter().filter(|p| told(&p.id) && holds(p.verdict)) {
            for (number, chain) in practice.chains.iter().enumerate() {
                let because = match practice.because {
                    Some(Cause::Indicated(because)) if number == 0 => Some(because),
                    _ => None,
                };
                let of_run = same_start(&story.head.chain, chain) && !chain.0.iter().any(|hop| hop.edge == EdgeKind::Tests);
                found.extend(deed(&story.head.chain, chain, &practice.id, because, false).filter(|_| of_run));
            }
        }
        found.sort_by_key(|deed| (deed.op as u8, std::cmp::Reverse(deed.strength), deed.because.is_some(), deed.chain.0.len()));
        for deed in found {
            let known = story.head.op == deed.op || story.deeds.iter().any(|told| told.op == deed.op);
            // serving is told by who starts it, and messages are no work on a model
            if !known && !matches!(deed.op, Op::Serve | Op::Notify | Op::Package) {
                story.deeds.push(deed);
            }
        }
    }
}

/// A chain as a deed beside another; none where it ends at the same place or says not what it does.
fn deed<'r>(head: &Chain, chain: &'r Chain, practice: &'r str, because: Option<Because>, headline: bool) -> Option<Deed<'r>> {
    let end = chain.0.last()?;
    let same_end = head.0.last().is_some_and(|last| place(last) == place(end));
    let strength = chain.0.iter().map(|hop| hop.strength).min()?;
    let op = end.op.filter(|_| !same_end)?;
    Some(Deed { op, practice, chain, end, when: when(head, chain), strength, because, headline })
}

type Place<'h> = (Option<&'h str>, &'h str, u32);

fn place(hop: &Hop) -> Place<'_> {
    (hop.repository.as_deref(), &hop.path, hop.line)
}

/// Whether two chains begin at one place with the same words.
fn same_start(one: &Chain, other: &Chain) -> bool {
    let first = |chain: &Chain| chain.0.first().map(|hop| (hop.path.clone(), hop.line, hop.what.clone(), hop.repository.clone()));
    first(one).is_some() && first(one) == first(other)
}

/// Hops that two chains have in common, from the start.
fn shared(one: &Chain, other: &Chain) -> usize {
    one.0.iter().zip(&other.0).take_while(|(a, b)| place(a) == place(b)).count()
}

/// The order of two chains, where both go on in one program: its lines run one after the other.
fn when(head: &Chain, chain: &Chain) -> When {
    let at = shared(head, chain);
    let (Some(one), Some(other)) = (head.0.get(at), chain.0.get(at)) else { return When::Beside };
    let program = [".py", ".sh", ".ipynb", ".R"].iter().any(|end| one.path.ends_with(end));
    if (&one.repository, &one.path) != (&other.repository, &other.path) || !program {
        return When::Beside;
    }
    match other.line.cmp(&one.line) {
        std::cmp::Ordering::Less => When::Before,
        std::cmp::Ordering::Greater => When::After,
        std::cmp::Ordering::Equal => When::Beside,
    }
}

/// When a deed has its turn: what is done in no known order stands where it is usually done.
fn turn(head: Op, deed: &Deed<'_>) -> u8 {
    match deed.when {
        When::Before => 0,
        When::Beside if deed.op < head => 1,
        When::After => 2,
        When::Beside => 3,
    }
}

/// Where a deed leaves the way that is told: those that leave it earlier come first, then by line.
fn place_of(head: &Chain, deed: &Deed<'_>) -> (usize, u32) {
    let at = shared(head, deed.chain);
    // of what is done later, what is deeper in the program is done first
    let depth = match deed.when {
        When::Before => at,
        When::Beside => deed.op as usize,
        When::After => usize::MAX - at,
    };
    (depth, deed.chain.0.get(at).map_or(0, |hop| hop.line))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hop(path: &str, line: u32, op: Option<Op>) -> Hop {
        let what = format!("{path} {line}");
        Hop {
            repository: None,
            path: path.to_owned(),
            line,
            what,
            edge: EdgeKind::Calls,
            strength: Strength::Resolved,
            op,
            outside: None,
        }
    }

    fn head(practice: &str, hops: Vec<Hop>) -> ChainHead {
        let op = hops.last().and_then(|hop| hop.op).unwrap_or(Op::Train);
        ChainHead {
            chain: Chain(hops),
            op,
            practice: practice.to_owned(),
            trigger: None,
            text: String::new(),
            strength: Strength::Resolved,
            because: None,
        }
    }

    fn system(heads: Vec<ChainHead>) -> System {
        System {
            path: ".".to_owned(),
            name: String::new(),
            primary: true,
            why: String::new(),
            generated: false,
            trains: Vec::new(),
            serves: Vec::new(),
            practices: Vec::new(),
            models: Vec::new(),
            open_ends: Vec::new(),
            lookalikes: Vec::new(),
            chain_heads: heads,
            steps: Vec::new(),
            remedies: Vec::new(),
        }
    }

    #[test]
    fn one_run_is_one_story_in_its_order() {
        let way = |rest: Vec<Hop>| [vec![hop("ci.yml", 3, None), hop("run.py", 9, None)], rest].concat();
        let train = head("training.automated", way(vec![hop("run.py", 20, None), hop("fit.py", 5, Some(Op::Train))]));
        let promote = head("registry.promotion", way(vec![hop("run.py", 30, None), hop("reg.py", 4, Some(Op::Promote))]));
        let ingest = head("data.ingest_automated", way(vec![hop("run.py", 10, None), hop("get.py", 2, Some(Op::Ingest))]));
        let other = head("deploy.automated", vec![hop("cd.yml", 3, None), hop("cd.yml", 7, Some(Op::Deploy))]);
        let system = system(vec![train, promote, ingest, other]);
        let stories = system.stories();
        let told = |story: &Story<'_>| story.deeds.iter().map(|deed| (deed.when, deed.op)).collect::<Vec<_>>();
        assert_eq!(stories.len(), 2);
        assert_eq!(told(&stories[0]), [(When::Before, Op::Ingest), (When::After, Op::Promote)]);
        assert_eq!(told(&stories[1]), []);
    }

    #[test]
    fn what_other_files_do_has_no_order() {
        let train = Chain(vec![hop("ci.yml", 3, None), hop("a.py", 5, Some(Op::Train))]);
        let gate = Chain(vec![hop("ci.yml", 3, None), hop("b.py", 1, Some(Op::Gate))]);
        assert_eq!(when(&train, &gate), When::Beside);
    }
}
