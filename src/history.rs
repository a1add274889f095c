//! What the commits say: when, how often, merged or pushed, by a bot or not. Never who.
//!
//! Headers are read first and in one go; which commits touched which files is asked later, for the paths that a
//! practice cares about. Invariants: newest first, a child always before its parents; at most [`MOST_COMMITS`]
//! commits; people are numbers; and a history that is cut off, by a shallow clone or by the bound, says so, because
//! what is not seen has not been shown to be absent.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use crate::git::{self, CommitObject, Id, Identities, Person, RecentTrees, Repository};
use crate::source::RepoPath;

/// The most commits that are read.
pub const MOST_COMMITS: usize = 2_000;
/// The most tags that are read, the last by name.
pub const MOST_TAGS: usize = 5_000;
/// The longest subject that is kept, in characters.
const LONGEST_SUBJECT: usize = 200;
/// How many commits are passed over because they are younger than the day asked for.
const MOST_PASSED: usize = 50_000;
/// How many tree entries one question about paths may look at.
const MOST_STEPS: usize = 5_000_000;

/// How much of the history is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// All of it, down to the first commit (read up to the bound, see [`History::capped`]).
    Full,
    /// It ends before the first commit: a shallow clone, or a commit that cannot be read.
    Shallow,
    /// None.
    Absent {
        /// The second half of the sentence "the history was not read: …".
        why: String,
    },
}

/// The history of one commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// How much of it is there.
    pub state: State,
    /// The commits, newest first, a child before its parents.
    pub commits: Vec<Commit>,
    /// Positions in `commits` of the first-parent line, newest first.
    pub first_parent: Vec<usize>,
    /// Whether there are more commits than were read.
    pub capped: bool,
    /// The tags that lead to a commit, by name.
    pub tags: Vec<Tag>,
    /// Short names of the branches that the clone knows, sorted.
    pub branches: Vec<String>,
    /// The day from which age is counted back, in days since 1970-01-01, where one was asked for: commits and tags after
    /// it do not count.
    pub as_of: Option<i64>,
}

/// One commit.
#[derive(Default, Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its id, 40 hexadecimal digits.
    pub id: String,
    /// Its committer date, RFC 3339, UTC.
    pub date: String,
    /// The same as days since 1970-01-01, UTC.
    pub day: i64,
    /// How many parents it has (255 for more).
    pub parents: u8,
    /// Whether it has several.
    pub is_merge: bool,
    /// The first line of its message, at most 200 characters.
    pub subject: String,
    /// Stands for the author; the same person, the same number within one scan.
    pub author_key: u64,
    /// Stands for the committer.
    pub committer_key: u64,
    /// Whether the author is a program.
    pub is_bot: bool,
    /// Whether the message names the pull or merge request it came from.
    pub pr_reference: bool,
    /// Whether the clone ends here, so that what it changed cannot be told.
    pub is_boundary: bool,
}

/// One tag.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tag {
    /// Its short name.
    pub name: String,
    /// The commit it leads to.
    pub commit: String,
    /// The committer date of that commit, RFC 3339, UTC; empty where the commit is not in the clone.
    pub date: String,
}

/// Which commits touched the files that were asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PathHistory {
    /// Positions in [`History::commits`], newest first.
    pub touching: Vec<usize>,
    /// On how many different days (UTC).
    pub days: usize,
    /// Whether the search stopped because it had enough; then there may be more.
    pub enough: bool,
    /// Whether nothing that was not looked at could change the answer: it is enough, or all of the history was seen.
    pub complete: bool,
}

/// When a question about paths has its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Enough {
    /// This many commits,
    pub commits: usize,
    /// on this many different days.
    pub days: usize,
}

impl Default for Enough {
    fn default() -> Self {
        Self { commits: 3, days: 2 }
    }
}

impl History {
    /// No history, and why.
    pub fn absent(why: &str) -> Self {
        Self::from_parts(State::Absent { why: why.to_owned() }, Vec::new(), Vec::new())
    }

    /// A history from plain data, newest first; each commit counts as the first parent of the one before it.
    pub fn from_parts(state: State, commits: Vec<Commit>, tags: Vec<Tag>) -> Self {
        let first_parent = (0..commits.len()).collect();
        Self { state, commits, first_parent, capped: false, tags, branches: Vec::new(), as_of: None }
    }

    /// The day from which age is counted back, in days since 1970-01-01: that of the newest commit unless another one was
    /// asked for. None without a commit.
    pub fn last_day(&self) -> Option<i64> {
        let newest = self.commits.first().map(|commit| commit.day)?;
        Some(self.as_of.unwrap_or(newest))
    }

    /// Whether all of it was read, so that what was not found is not there.
    pub fn is_whole(&self) -> bool {
        self.state == State::Full && !self.capped
    }

    /// Id of the oldest commit, where the clone holds all of them.
    pub fn first(&self) -> Option<String> {
        self.commits.last().filter(|_| self.is_whole()).map(|commit| commit.id.clone())
    }
}

/// A day written as `YYYY-MM-DD`, in days since 1970-01-01.
pub fn day(text: &str) -> Option<i64> {
    let fits = |(at, byte): (usize, u8)| if matches!(at, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() };
    let plain = text.len() == 10 && text.bytes().enumerate().all(fits);
    let midnight: jiff::Timestamp = plain.then(|| format!("{text}T00:00:00Z").parse().ok()).flatten()?;
    Some(midnight.as_second().div_euclid(86_400))
}

/// Reads the headers of the history that ends in the repository's commit; of what came after the day `as_of`, nothing.
/// Without a commit, it is absent.
pub fn headers(repository: &Repository, as_of: Option<i64>) -> History {
    let Some(start) = repository.commit() else { return History::absent("there is no commit to start from") };
    let identities = repository.identities();
    let mut state = if repository.is_shallow() { State::Shallow } else { State::Full };
    // Found but not yet placed, the newest first; a commit is found through its children only.
    let mut waiting = BinaryHeap::new();
    let mut found = BTreeMap::from([(start, repository.store().commit(start))]);
    if let Some(Ok(commit)) = found.get(&start) {
        waiting.push((commit.seconds, start));
    }
    let mut commits: Vec<Commit> = Vec::new();
    let mut places: BTreeMap<Id, usize> = BTreeMap::new();
    let mut first: BTreeMap<Id, Id> = BTreeMap::new();
    let mut younger: BTreeSet<Id> = BTreeSet::new();
    let mut capped = false;
    let mut passed = 0;
    let counts = |seconds: i64| as_of.is_none_or(|last| seconds.div_euclid(86_400) <= last);
    while let Some((_, id)) = waiting.pop() {
        if commits.len() >= MOST_COMMITS || passed >= MOST_PASSED {
            capped = true;
            break;
        }
        let Some(Ok(object)) = found.remove(&id) else { continue };
        let mut boundary = repository.is_boundary(id);
        if !boundary {
            for parent in &object.parents {
                // Clocks go wrong: a parent that was placed before its child is not placed again.
                if places.contains_key(parent) || found.contains_key(parent) || younger.contains(parent) {
                    continue;
                }
                match repository.store().commit(*parent) {
                    Ok(commit) => {
                        waiting.push((commit.seconds, *parent));
                        found.insert(*parent, Ok(commit));
                    }
                    Err(_) => boundary = true,
                }
            }
            if boundary {
                state = State::Shallow;
            }
        }
        if let Some(parent) = object.parents.first() {
            first.insert(id, *parent);
        }
        if !counts(object.seconds) {
            passed += 1;
            younger.insert(id);
            continue;
        }
        places.insert(id, commits.len());
        commits.push(read(id, &object, boundary, &identities));
    }
    let line = std::iter::successors(Some(start), |id| first.get(id).copied());
    // what is too young is passed over; the line ends where nothing was read any more
    let line = line.take(MOST_COMMITS + MOST_PASSED).take_while(|id| places.contains_key(id) || younger.contains(id));
    let first_parent = line.filter_map(|id| places.get(&id).copied()).collect();
    if commits.is_empty() && !younger.is_empty() {
        let why = if capped { "too many commits came after" } else { "every commit came after" };
        return History { as_of, ..History::absent(&format!("{why} the day that was asked for")) };
    }
    if commits.is_empty() {
        return History::absent("its newest commit cannot be read");
    }
    let tags = tags(repository, &counts);
    History { state, commits, first_parent, capped, tags, branches: repository.branches(), as_of }
}

fn tags(repository: &Repository, counts: &dyn Fn(i64) -> bool) -> Vec<Tag> {
    let mut dates: BTreeMap<Id, Option<i64>> = BTreeMap::new();
    let named = repository.tags(MOST_TAGS).into_iter();
    named
        .filter_map(|(name, id)| {
            let read = || repository.store().commit(id).ok().map(|c| c.seconds);
            let seconds = *dates.entry(id).or_insert_with(read);
            let date = seconds.map(git::date).unwrap_or_default();
            seconds.is_none_or(counts).then(|| Tag { name, commit: id.to_string(), date })
        })
        .collect()
}

fn read(id: Id, object: &CommitObject, is_boundary: bool, identities: &Identities) -> Commit {
    let subject = object.message.trim_start().lines().next().unwrap_or("").trim_end();
    Commit {
        id: id.to_string(),
        date: git::date(object.seconds),
        day: object.seconds.div_euclid(86_400),
        parents: u8::try_from(object.parents.len()).unwrap_or(u8::MAX),
        is_merge: object.parents.len() > 1,
        subject: subject.chars().take(LONGEST_SUBJECT).collect(),
        author_key: identities.key(&object.author),
        committer_key: identities.key(&object.committer),
        is_bot: is_bot(&object.author),
        pr_reference: names_pull_request(&object.message),
        is_boundary,
    }
}

/// Whether a name or address is that of a program that commits by itself.
fn is_bot(person: &Person) -> bool {
    let name = person.name.to_lowercase();
    let email = person.email.to_lowercase();
    let user = email.split('@').next().unwrap_or("");
    const KNOWN: [&str; 6] = ["dependabot", "renovate", "github-actions", "pre-commit-ci", "greenkeeper", "pyup-bot"];
    let named = |text: &str| text.contains("[bot]") || text.ends_with("-bot") || KNOWN.iter().any(|known| text.contains(known));
    named(&name) || named(user)
}

/// Whether a message says that its change came through a pull or merge request, in the words of the common hosts.
fn names_pull_request(message: &str) -> bool {
    let subject = message.trim_start().lines().next().unwrap_or("");
    let numbered = |open: &str, close: &str| {
        subject.match_indices(open).any(|(at, _)| {
            let rest = subject.get(at + open.len()..).unwrap_or("");
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            digits > 0 && rest.get(digits..).is_some_and(|rest| rest.starts_with(close))
        })
    };
    numbered("(#", ")")
        || numbered("Merge pull request #", "")
        || numbered("Merged PR ", ":")
        || numbered("(pull request #", ")")
        || message.lines().take(1_000).any(|line| line.starts_with("See merge request ") && line.contains('!'))
}

/// How often a set of files changed.
#[derive(Debug, Clone, Default)]
pub struct PathChange {
    /// Commits that touched one of them, newest first, with their dates; as many as were needed.
    pub commits: Vec<(String, String)>,
    /// Different days (UTC) among those.
    pub days: usize,
    /// Whether the whole history could be asked.
    pub known: bool,
}

/// How often sets of files changed, as far as the clone tells; of each set Git is asked once.
pub struct PathChanges<'h> {
    git: Option<&'h Repository>,
    history: &'h History,
    known: RefCell<BTreeMap<BTreeSet<RepoPath>, PathChange>>,
}

impl<'h> PathChanges<'h> {
    /// Nothing is asked yet.
    pub fn of(git: Option<&'h Repository>, history: &'h History) -> Self {
        Self { git, history, known: RefCell::default() }
    }

    /// The commits that touched one of these files: as many as any rule asks for.
    pub fn touching(&self, files: &BTreeSet<RepoPath>) -> PathChange {
        let Some(git) = self.git else { return PathChange::default() };
        let mut known = self.known.borrow_mut();
        if let Some(change) = known.get(files) {
            return change.clone();
        }
        let found = of_paths(git, self.history, &|path| files.contains(path), Enough::default());
        let commits = found.touching.iter().filter_map(|i| self.history.commits.get(*i));
        let commits = commits.map(|c| (c.id.clone(), c.date.clone())).collect();
        let change = PathChange { commits, days: found.days, known: found.complete };
        known.insert(files.clone(), change.clone());
        change
    }
}

/// Finds the commits that touched files whose path is `wanted`, newest first, until there are enough.
/// Merges are passed over (what they bring was changed by another commit), and so is the commit at which a shallow
/// clone ends: it looks as if it had touched everything.
pub fn of_paths(repository: &Repository, history: &History, wanted: &dyn Fn(&str) -> bool, enough: Enough) -> PathHistory {
    of_each(repository, history, &[wanted], enough).pop().unwrap_or_default()
}

/// Like [`of_paths`] for several questions at once, which costs hardly more than one.
pub fn of_each(repository: &Repository, history: &History, wanted: &[&dyn Fn(&str) -> bool], enough: Enough) -> Vec<PathHistory> {
    let mut answers = vec![PathHistory::default(); wanted.len()];
    let mut days: Vec<BTreeSet<i64>> = vec![BTreeSet::new(); wanted.len()];
    let mut steps = MOST_STEPS;
    let mut recent = RecentTrees::default();
    let mut all_read = history.is_whole();
    for (place, commit) in history.commits.iter().enumerate() {
        if answers.iter().all(|answer| answer.enough) {
            break;
        }
        if commit.is_merge || commit.is_boundary {
            continue;
        }
        let mut touched = vec![false; wanted.len()];
        let mut visit = |path: &str| {
            for (touched, asks) in touched.iter_mut().zip(wanted) {
                *touched = *touched || asks(path);
            }
            !touched.iter().zip(&answers).all(|(touched, answer)| *touched || answer.enough)
        };
        if changes(repository, commit, &mut recent, &mut steps, &mut visit).is_none() {
            all_read = false;
            if steps == 0 {
                break;
            }
        }
        for ((touched, answer), days) in touched.iter().zip(&mut answers).zip(&mut days) {
            if *touched && !answer.enough {
                answer.touching.push(place);
                days.insert(commit.day);
                answer.days = days.len();
                answer.enough = answer.touching.len() >= enough.commits && answer.days >= enough.days;
            }
        }
    }
    for answer in &mut answers {
        answer.complete = answer.enough || all_read;
    }
    answers
}

/// Tells `visit` what a commit changed; `None` where that cannot be told.
fn changes(
    repository: &Repository,
    commit: &Commit,
    recent: &mut RecentTrees,
    steps: &mut usize,
    visit: &mut dyn FnMut(&str) -> bool,
) -> Option<()> {
    let object = repository.store().commit(Id::from_hex(&commit.id)?).ok()?;
    let before = match object.parents.first() {
        Some(parent) => Some(repository.store().commit(*parent).ok()?.tree),
        None => None,
    };
    repository.store().changes(before, Some(object.tree), recent, steps, visit).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::made::Made;
    use crate::git::{Search, open};

    const DAY: i64 = 86_400;

    fn repository(made: &Made) -> Repository {
        open(made.path(), Search::Here, None).unwrap().repository.unwrap()
    }

    /// Five commits on five days; each even one touches `model.py`.
    fn five() -> Made {
        let made = Made::new();
        for n in 0..5_i64 {
            let path = if n % 2 == 0 { "src/model.py" } else { "src/other.py" };
            made.write(path, &n.to_string()).commit_all(&format!("commit {n}"), n * DAY + 100);
        }
        made
    }

    #[test]
    fn headers_are_newest_first_and_name_nobody() {
        let made = five();
        made.commit_by("Bump x (#12)\n\nbody", 6 * DAY, "dependabot[bot]", "1+dependabot[bot]@users.example", &[]);
        let history = headers(&repository(&made), None);
        assert_eq!(history.commits.len(), 6);
        assert_eq!(history.first_parent, [0, 1, 2, 3, 4, 5]);
        assert!(history.is_whole());
        let newest = &history.commits[0];
        assert_eq!((newest.subject.as_str(), newest.day, newest.date.as_str()), ("Bump x (#12)", 6, "1970-01-07T00:00:00Z"));
        assert!(newest.is_bot && newest.pr_reference && !newest.is_merge);
        assert!(!history.commits[1].is_bot && !history.commits[1].pr_reference);
        assert_eq!(history.commits[1].author_key, history.commits[5].author_key);
        assert_ne!(newest.author_key, history.commits[1].author_key);
    }

    #[test]
    fn merges_keep_children_before_parents() {
        let made = five();
        let base = headers(&repository(&made), None).commits[2].id.clone();
        // A side branch whose clock is a year ahead.
        let side = made.commit_aside(&base, "side", 400 * DAY, &[&base]);
        made.commit_by("Merge pull request #7 from a/b", 6 * DAY, "Ada", "ada@example.org", &[&side]);
        let history = headers(&repository(&made), None);
        let subjects: Vec<_> = history.commits.iter().map(|c| c.subject.as_str()).collect();
        assert_eq!(subjects[..3], ["Merge pull request #7 from a/b", "side", "commit 4"]);
        assert!(history.commits[0].is_merge && history.commits[0].pr_reference);
        assert_eq!(history.first_parent, [0, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn paths_are_counted_until_there_are_enough() {
        let made = five();
        let repository = repository(&made);
        let history = headers(&repository, None);
        let model = |path: &str| path == "src/model.py";
        let found = of_paths(&repository, &history, &model, Enough::default());
        assert_eq!((found.touching, found.days, found.enough, found.complete), (vec![0, 2, 4], 3, true, true));
        let two = of_paths(&repository, &history, &model, Enough { commits: 2, days: 1 });
        assert_eq!(two.touching, [0, 2]);
        let none = |_: &str| false;
        let both = of_each(&repository, &history, &[&model, &none], Enough::default());
        assert_eq!((both[0].days, both[1].touching.len(), both[1].complete, both[1].enough), (3, 0, true, false));
    }

    #[test]
    fn where_a_shallow_clone_ends_nothing_was_touched() {
        let made = five();
        let boundary = headers(&repository(&made), None).commits[2].id.clone();
        made.write_git("shallow", &format!("{boundary}\n"));
        let repository = repository(&made);
        let history = headers(&repository, None);
        assert_eq!((history.state.clone(), history.commits.len()), (State::Shallow, 3));
        let found = of_paths(&repository, &history, &|path| path.ends_with(".py"), Enough { commits: 9, days: 9 });
        assert_eq!((found.touching.as_slice(), found.complete), (&[0, 1][..], false));
    }

    #[test]
    fn a_parent_that_is_not_here_ends_the_history() {
        let made = five();
        let lost = headers(&repository(&made), None).commits[3].id.clone();
        made.forget(&lost);
        let history = headers(&repository(&made), None);
        assert_eq!((history.state.clone(), history.commits.len()), (State::Shallow, 3));
        assert!(history.commits[2].is_boundary);
    }

    #[test]
    fn tags_lead_to_commits_and_unborn_is_absent() {
        let made = Made::new();
        assert!(matches!(headers(&repository(&made), None).state, State::Absent { .. }));
        let id = made.write("a", "").commit_all("c", 3 * DAY);
        made.tag("v1", &id, Some("note")).tag("v2", &id, None);
        let history = headers(&repository(&made), None);
        let tags: Vec<_> = history.tags.iter().map(|t| (t.name.as_str(), t.commit.as_str(), t.date.as_str())).collect();
        assert_eq!(tags, [("v1", &*id, "1970-01-04T00:00:00Z"), ("v2", &*id, "1970-01-04T00:00:00Z")]);
        assert_eq!(history.branches, ["main"]);
    }

    #[test]
    fn messages_of_all_hosts_name_their_requests() {
        for message in
            ["Fix (#3)", "Merge pull request #4 from x/y", "Merged PR 55: z", "Merge branch 'a'\n\nSee merge request g/p!6"]
        {
            assert!(names_pull_request(message), "{message}");
        }
        for message in ["", "Fix #3", "Fix (#x)", "See (#", "Merge branch 'a'"] {
            assert!(!names_pull_request(message), "{message}");
        }
    }

    #[test]
    fn what_came_after_the_day_asked_for_does_not_count() {
        let made = five();
        let all = headers(&repository(&made), None);
        let early = all.commits[3].id.clone();
        made.tag("old", &early, None).tag("new", &all.commits[0].id, None);
        let history = headers(&repository(&made), Some(1));
        assert_eq!(history.commits.iter().map(|c| c.day).collect::<Vec<_>>(), [1, 0]);
        assert_eq!((history.first_parent.as_slice(), history.is_whole()), (&[0, 1][..], true));
        assert_eq!(history.tags.iter().map(|t| t.name.as_str()).collect::<Vec<_>>(), ["old"]);
        // an age is counted back from the day, not from the newest commit before it
        assert_eq!((all.last_day(), history.last_day()), (Some(4), Some(1)));
        assert_eq!(headers(&repository(&made), Some(90)).last_day(), Some(90));
        assert!(matches!(headers(&repository(&made), Some(-1)).state, State::Absent { .. }));
    }

    #[test]
    fn a_day_is_written_in_one_way() {
        assert_eq!([day("1970-01-02"), day("1969-12-31"), day("2024-02-29")], [Some(1), Some(-1), Some(19_782)]);
        for wrong in ["2023-02-29", "1970-1-2", "19700102", "1970-01-02T00:00", "yesterday", ""] {
            assert_eq!(day(wrong), None, "{wrong}");
        }
    }
}
