//! Practice rules: questions about one system, answered from signals, chains and history.
//!
//! The verbs are few and closed: the variants of [`Clause`], joined by `all`, `any` and `not`. Every clause answers with a verdict of its own (a chain is as good as its weakest link),
//! so a rule says only *what* is asked; how sure the answer is follows from the evidence.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::signal::OneOrMany;
use crate::words::{Because, Observability, Op, Scope, TriggerKind};

/// One practice or probe, as it stands in `rules/practices/*.yaml` (each file holds a list of them).
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PracticeRule {
    /// Dotted id; `probe.…` for what is shown only under a criterion.
    pub id: String,
    /// What holds, in one line.
    pub title: String,
    /// The yes-or-no question.
    pub question: String,
    /// What counts.
    #[serde(default)]
    pub counts: Vec<String>,
    /// What looks like it and does not count.
    #[serde(default)]
    pub does_not_count: Vec<String>,
    /// What would break it.
    #[serde(default)]
    pub breaks: Vec<String>,
    /// What a repository cannot show of it.
    #[serde(default)]
    pub not_visible: Vec<String>,
    /// Completes "looked for …".
    #[serde(default)]
    pub looked_for: String,
    /// What would bring it about, imperative.
    #[serde(default)]
    pub action: String,
    /// What would bring it about where something is there already; the first that fits goes before `action`.
    #[serde(default)]
    pub actions: Vec<Fitting>,
    /// Qualifiers and their closed words; an empty list is an open set (names of environments).
    #[serde(default)]
    pub qualifiers: BTreeMap<String, Vec<String>>,
    /// Whether a repository can prove it or only indicate it: told to readers. What it may come to is for its clauses to
    /// say.
    #[serde(default = "direct")]
    pub observability: Observability,
    /// Which part of a system it is about.
    #[serde(default)]
    pub subjects: Vec<Part>,
    /// How much of what counts this version looks for.
    #[serde(default)]
    pub detectors: Detectors,
    /// When it is met; a chain that is not wholly resolved makes it indicated by itself.
    #[serde(default)]
    pub met: Option<Clause>,
    /// Weaker forms, tried in order where `met` gives nothing better.
    #[serde(default)]
    pub indicated: Vec<Weaker>,
    /// Positive evidence against.
    #[serde(default)]
    pub contradicted: Option<Clause>,
    /// When it has no object here.
    #[serde(default)]
    pub not_applicable: Option<Clause>,
    /// What the nearest miss would be, where no clause found anything.
    #[serde(default)]
    pub near: Vec<Clause>,
    /// Halves of what is asked that are there while the other is not; the first that fits is the nearest miss.
    #[serde(default)]
    pub halves: Vec<Half>,
    /// Replaces the built-in practice of the same id.
    #[serde(default)]
    pub replaces: bool,
}

const fn direct() -> Observability {
    Observability::Direct
}

/// A weaker form of a practice.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Weaker {
    /// Why it is not met.
    pub because: Because,
    /// When.
    pub when: Clause,
    /// Why it is not met, in a few words that follow "partly: ".
    #[serde(default)]
    pub says: String,
}

/// One half of what a practice asks for that is there, and what stands in the place of the other.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Half {
    /// The half that is there.
    pub has: Clause,
    /// What stands in the place of the other half; left out where nothing does.
    #[serde(default)]
    pub instead: Option<Clause>,
    /// The sentence: `{start}` stands for what starts the half, `{seen}` for the line of what stands instead, else of the
    /// half itself.
    pub says: String,
}

/// An action for what is found.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fitting {
    /// Where it fits.
    pub when: Clause,
    /// What to do, imperative.
    #[serde(rename = "do")]
    pub action: String,
}

/// Which part of a system a practice is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// Training.
    Train,
    /// Serving.
    Serve,
    /// The repository as a whole.
    Repository,
}

/// How much of what counts this version looks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Detectors {
    /// Nothing yet: nothing found is unknown.
    #[default]
    None,
    /// A part: nothing found is unknown.
    Some,
    /// All that the formats read by this version can show: nothing found is not shown.
    All,
}

/// A question and its verb.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Clause {
    /// All must hold; as good as the least.
    All(Vec<Clause>),
    /// One must hold; as good as the best.
    Any(Vec<Clause>),
    /// Holds where the inner clause was looked for and not found.
    Not(Box<Clause>),
    /// A signal is there.
    Signal(Select),
    /// A chain leads from a starter to an effect.
    Reach(Reach),
    /// What carries one signal runs what carries another, whoever starts it.
    Leads(Leads),
    /// Something lies before something else, on every path or on some.
    Before(Before),
    /// At least so many different things.
    Count(Count),
    /// At least such a share of things.
    Share(Share),
    /// The history shows repeated change.
    History(HistoryAsk),
    /// A test that asserts something exercises what is meant.
    Tested(Tested),
    /// The file of such a signal shares code with another live file.
    Imported(Select),
    /// Such a signal runs inside an image that is built here and that something starts.
    InImage(Select),
    /// An image that is defined here and built to be started takes in the file of such a signal.
    ImageHolds(ImageHolds),
    /// An image definition copies the file of one thing together with that of another.
    ImageCarries(ImageCarries),
    /// Kinds of work are separate, linked steps of one definition.
    Steps(Steps),
    /// Another practice or probe holds.
    Practice(PracticeAsk),
    /// A weaker reading of a clause: caps its verdict.
    Cap(Cap),
}

/// Which signals are meant.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Select {
    /// Ids; `*` stands for any rest (`registry.*`).
    #[serde(default)]
    pub id: OneOrMany,
    /// Operations.
    #[serde(default)]
    pub op: Vec<Op>,
    /// Qualifiers the signal must carry (`key: word`).
    #[serde(default)]
    pub with: BTreeMap<String, OneOrMany>,
    /// Where it must be seen; see [`On`].
    #[serde(default)]
    pub on: On,
    /// Scopes; `source` where none is named.
    #[serde(default)]
    pub scope: Vec<Scope>,
    /// It is a check: where its failure is thrown away it is indicated, broken.
    #[serde(default)]
    pub check: bool,
    /// Whether code in notebooks counts: `capped` (default: indicated, idle), `never`, `yes`.
    #[serde(default)]
    pub notebooks: Notebooks,
}

/// Where a signal must be seen to count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum On {
    /// In what runs when something starts it, whoever that is; else indicated, idle.
    #[default]
    Live,
    /// Anywhere in a file of the system: a file fact.
    File,
    /// In a file, as `file`, but not in the folder of another program that the repository holds beside the system.
    Own,
    /// In what runs when training is started.
    TrainRun,
    /// As `train_run`; of a signal that is a file: what runs when training is started names that file.
    TrainReads,
    /// In what runs when the model is served.
    ServeRun,
    /// Of a signal that is a file: what runs when the model is served names that file.
    ServeReads,
    /// Anywhere in what runs, of a roll-out: unless all that it rolls out is known, and none of it serves. In `to` of
    /// `reach` as well.
    Serving,
    /// In what runs both when training is started and when the model is served.
    BothRuns,
    /// In what a push, pull request or tag starts; else indicated, idle.
    Ci,
    /// In what something unattended starts; else not there.
    Unattended,
    /// Where it is there for training: not in what only leads to answers, or watches them. In `to` of `reach` as well.
    ForTraining,
    /// In a file that a command brings about: what is declared there, whether or not it then runs.
    Applied,
}

/// Whether code in notebooks counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Notebooks {
    /// At most indicated, idle, unless a live chain runs the notebook.
    #[default]
    Capped,
    /// Not at all, unless a live chain runs the notebook.
    Never,
    /// Like any code.
    Yes,
}

/// Who starts a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum From {
    /// Any unattended trigger.
    Unattended,
    /// A trigger of continuous training: schedule, data, alert, registry; a call or a pipeline from outside, which is at
    /// most assumed.
    Continuous,
    /// Push, pull request or tag.
    Ci,
    /// Push or tag, not a pull request.
    Release,
    /// Unattended, but not a pull request.
    UnattendedNotPr,
    /// What is done again and again: started by the same as [`From::Continuous`].
    Recurring,
    /// Alert or monitor result.
    Alert,
    /// A person or any trigger.
    Anyone,
}

/// A chain from a starter to an effect.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reach {
    /// Who starts it.
    pub from: From,
    /// What it must reach.
    pub to: Select,
    /// What the same run must reach as well (training on the way to a deployment).
    #[serde(default)]
    pub via: Option<Select>,
    /// Of `via`: one start for both is not enough. One runs in the other's job, waits for it, or takes what it makes.
    #[serde(default)]
    pub tied: bool,
    /// The chain must start at, or pass, a node that carries such a signal (a monitor on the way to training).
    #[serde(default)]
    pub past: Option<Select>,
    /// Only these trigger kinds.
    #[serde(default)]
    pub triggers: Vec<TriggerKind>,
    /// It is a check: where its failure is thrown away it is indicated, broken.
    #[serde(default)]
    pub check: bool,
    /// A job of a CI system must be on the way, and no orchestrator, service or object of a cluster.
    #[serde(default)]
    pub in_ci: bool,
}

/// What carries one signal runs what carries another (a pipeline's definition the training call).
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Leads {
    /// What runs.
    pub from: Select,
    /// What it must run.
    pub to: Select,
}

/// What an image takes in, where what it starts is not followed any further.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImageHolds {
    /// The image's definition.
    pub image: Select,
    /// What builds the image and runs it.
    pub built_by: Select,
    /// What a file inside of it must do.
    pub of: Select,
}

/// Two things that one image takes in.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImageCarries {
    /// What stands in a file of the image.
    pub of: Select,
    /// A file that it takes in as well.
    pub file: Select,
}

/// A test that asserts something exercises what is meant.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tested {
    /// What the test must reach: signals on source code it runs.
    pub of: Select,
    /// The test must call it, or send it a request; importing the file it stands in is not enough.
    #[serde(default)]
    pub called: bool,
    /// Signals of the test itself, beside an assertion (fitting on a sample, a test client).
    #[serde(default)]
    pub by: Option<Select>,
    /// Signals that the test must not reach: what stands in for the things it should run.
    #[serde(default)]
    pub without: Option<Select>,
    /// What the test asserts on must be what it gives, and not what something else made of that.
    #[serde(default)]
    pub asserted: bool,
    /// What something else stands in for counts as well.
    #[serde(default)]
    pub replaced: bool,
    /// At least so many different source functions with such signals must be reached by one test.
    #[serde(default = "one")]
    pub at_least: usize,
}

const fn one() -> usize {
    1
}

/// An order on paths.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Before {
    /// What must come first.
    pub first: Select,
    /// What it must come before.
    pub then: Select,
    /// Only where that run also reaches this (training, for a gate between training and release).
    #[serde(default)]
    pub after: Option<Select>,
    /// `every_path` (default) or `some_path`.
    #[serde(default)]
    pub on: Paths,
    /// The first must be able to stop the second (its failure is not thrown away).
    #[serde(default)]
    pub stops: bool,
}

/// On how many of the found paths.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Paths {
    /// On all of them.
    #[default]
    EveryPath,
    /// On at least one.
    SomePath,
}

/// At least so many different things.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Count {
    /// The alternatives that are counted: each clause that holds counts one.
    pub of: Vec<Clause>,
    /// How many must hold.
    pub at_least: usize,
    /// What to call each of them where it does not hold, in the same order: words of the qualifier `missing`.
    #[serde(default)]
    pub missing: Vec<String>,
}

/// At least such a share of things.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Share {
    /// The things counted; see [`ShareOf`].
    pub of: ShareOf,
    /// The least share, 0 to 1.
    pub at_least: f64,
}

/// What a share is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ShareOf {
    /// Direct dependencies of the system that are fixed to one version.
    PinnedDependencies,
    /// First-parent commits of people in the last year that carry a pull-request reference.
    ReviewedCommits,
}

/// Repeated change in the history.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HistoryAsk {
    /// Whose files.
    pub of: Vec<Part>,
    /// Least number of commits that touch them.
    pub commits: usize,
    /// On at least so many days (UTC).
    pub days: usize,
}

/// Kinds of work that are separate, linked steps of one definition: stages of a pipeline, jobs of a workflow, steps of a
/// job. The commands of one script in sequence are a weaker form.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Steps {
    /// The kinds; what stands in one list counts once together.
    pub of: Vec<Vec<Op>>,
    /// How many kinds must be steps of their own.
    pub at_least: usize,
    /// One of these operations must be among the steps, told by what the step runs.
    #[serde(default)]
    pub with: Vec<Op>,
    /// Signals of the step itself that tell an operation where what it runs could not (the name of its script).
    #[serde(default)]
    pub named: BTreeMap<Op, OneOrMany>,
    /// The same for a step that is a function of one's own: regular expressions for the name of that function, which
    /// somebody gave it to say what the step does.
    #[serde(default)]
    pub words: BTreeMap<Op, String>,
    /// Whether they only lie beside each other: the steps are there, and no order is stated between them. For what is to be
    /// done about it.
    #[serde(default)]
    pub loose: bool,
}

/// Another practice or probe.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(untagged)]
pub enum PracticeAsk {
    /// By id, optionally with a qualifier: `deploy.automated[env=prod]`.
    Id(String),
}

/// A weaker reading of a clause.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cap {
    /// At most indicated, because of this.
    pub because: Because,
    /// The clause.
    pub of: Box<Clause>,
}
