//! Signal rules: which facts matter, and what they mean.
//!
//! A rule names what it looks for in the vocabulary of a format (a call, a key, a command), never in regular
//! expressions over whole files, so that comments, strings and look-alikes do not match. Each carries its own
//! examples and counter-examples; `check` refuses a rule without them.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::words::{Op, Scope, Strength};

/// One signal rule, as it stands in `rules/signals/**.yaml` (each file holds a list of them).
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignalRule {
    /// Dotted id of the catalogue: `registry.mlflow.register`.
    pub id: String,
    /// What is seen, in one line.
    pub title: String,
    /// Why it matters, in two or three sentences.
    pub about: String,
    /// The operation it stands for; a signal with one is an effect in the automation graph.
    #[serde(default)]
    pub op: Option<Op>,
    /// Qualifiers that every match carries.
    #[serde(default)]
    pub sets: BTreeMap<String, String>,
    /// How sure a match is by itself: `resolved` (default) or `inferred` (recognised by name or convention).
    #[serde(default = "resolved")]
    pub strength: Strength,
    /// Alternatives; one match is enough.
    pub any: Vec<Matcher>,
    /// Suppressors: a match is dropped where one of these matches the same thing (call, command, branch; for documents
    /// a node around it or within it; a path suppresses in the whole file).
    #[serde(default)]
    pub unless: Vec<Matcher>,
    /// Suppressors over the file: a match is dropped where one of these matches anywhere in the same file.
    #[serde(default)]
    pub unless_file: Vec<Matcher>,
    /// Requirements over the file: a match counts only where one of these matches in the same file.
    #[serde(default)]
    pub only_with: Vec<Matcher>,
    /// A call of it tells its failure by an exception whose class has a name that this regular expression fits: where a
    /// handler swallows that and goes on, it holds nothing.
    #[serde(default)]
    pub raises: Option<String>,
    /// Scopes it may be seen in; all where none is named (practices choose again).
    #[serde(default)]
    pub scope: Vec<Scope>,
    /// Where to read more: names of documents, not addresses that rot.
    #[serde(default)]
    pub source: Option<String>,
    /// Texts in which it must be seen.
    pub examples: Vec<Example>,
    /// Texts in which it must not be seen.
    pub counter_examples: Vec<Example>,
    /// Replaces the built-in rule of the same id.
    #[serde(default)]
    pub replaces: bool,
}

const fn resolved() -> Strength {
    Strength::Resolved
}

/// A small file (or several) that proves a rule.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// Where the file would lie.
    pub path: String,
    /// Its text; empty for rules about paths.
    #[serde(default)]
    pub text: String,
    /// Commit subjects or tags, for rules about history.
    #[serde(default)]
    pub commits: Vec<String>,
    /// Tags, for rules about history.
    #[serde(default)]
    pub tags: Vec<String>,
    /// The line the match must be reported at (examples only).
    #[serde(default)]
    pub line: Option<u32>,
}

/// One way to see a signal: exactly one detector kind.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Matcher {
    /// A file exists.
    Path(PathMatch),
    /// Keys of a YAML document.
    Yaml(TreeMatch),
    /// Keys of a JSON document.
    Json(TreeMatch),
    /// Keys of a TOML document.
    Toml(TreeMatch),
    /// Blocks and attributes of an HCL document.
    Hcl(TreeMatch),
    /// Keys of an INI file.
    Ini(TreeMatch),
    /// An instruction of an image definition.
    Dockerfile(InstructionMatch),
    /// A Python import.
    PythonImport(ImportMatch),
    /// A Python call, decorator or subclass, after names have been resolved.
    PythonCall(CallMatch),
    /// A Python branch, assertion or raise that can stop what follows.
    PythonBranch(BranchMatch),
    /// A command line, wherever shell text lives.
    ShellCommand(CommandMatch),
    /// A reusable action, workflow or template that is handed control.
    Uses(UsesMatch),
    /// A declared dependency.
    Dependency(DependencyMatch),
    /// A line of a text in a language without a reader of its own.
    Text(TextMatch),
    /// History, refs.
    Git(GitMatch),
}

/// One word or several.
#[derive(Debug, Clone, schemars::JsonSchema)]
#[schemars(untagged)]
pub enum OneOrMany {
    /// One.
    One(String),
    /// Several; any of them will do.
    Many(Vec<String>),
}

impl OneOrMany {
    /// All of them.
    pub fn all(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

impl Default for OneOrMany {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

/// `path: "**/CODEOWNERS"` or several globs. Globs are relative to the root unless they start with `**/`.
#[derive(Debug, Clone, schemars::JsonSchema)]
#[schemars(untagged)]
pub enum PathMatch {
    /// Globs, any of them.
    Globs(OneOrMany),
    /// Globs with exceptions.
    Full(PathFull),
}

/// Globs with exceptions.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PathFull {
    /// Globs, any of them.
    pub any: OneOrMany,
    /// Globs that must not fit.
    #[serde(default)]
    pub none: OneOrMany,
    /// Regular expressions of which one must fit some line of the text (only such files are opened).
    #[serde(default)]
    pub text: OneOrMany,
}

/// Conditions over keys of one document.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TreeMatch {
    /// Globs of the files it may stand in; every file of the format where none.
    #[serde(default)]
    pub files: OneOrMany,
    /// Every node that this key path leads to is tried on its own (`jobs.*.steps[]`); the document where none.
    #[serde(default)]
    pub each: Option<String>,
    /// All must hold.
    #[serde(rename = "where")]
    pub conditions: Vec<Condition>,
    /// Key path (from the node tried) whose place is reported; else that of the first condition.
    #[serde(default)]
    pub at: Option<String>,
    /// Words that must stand in the text before it is parsed; worked out from the conditions where none is given.
    #[serde(default)]
    pub literal: OneOrMany,
}

/// One condition over the node tried.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// Key path; `.` is the node itself.
    pub key: String,
    /// Its text equals one of these.
    #[serde(default, rename = "is")]
    pub equals: OneOrMany,
    /// Its text begins with one of these.
    #[serde(default)]
    pub prefix: OneOrMany,
    /// A regular expression fits its text.
    #[serde(default)]
    pub matches: Option<String>,
    /// It is a number within these bounds, both exclusive.
    #[serde(default)]
    pub between: Option<(f64, f64)>,
    /// It exists (true) or does not (false); true where nothing else is asked.
    #[serde(default)]
    pub exists: Option<bool>,
    /// Turned round: no value at that key may satisfy it.
    #[serde(default)]
    pub not: bool,
}

/// An instruction of an image definition.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InstructionMatch {
    /// `FROM`, `COPY`, `CMD`, …
    pub instruction: OneOrMany,
    /// A regular expression over its operands, joined by spaces.
    pub matches: String,
}

/// `python-import: mlflow` or with a condition.
#[derive(Debug, Clone, schemars::JsonSchema)]
#[schemars(untagged)]
pub enum ImportMatch {
    /// Dotted prefixes.
    Names(OneOrMany),
}

/// A call, decorator or subclass.
#[derive(Debug, Clone, schemars::JsonSchema)]
#[schemars(untagged)]
pub enum CallMatch {
    /// Dotted names of callees: `mlflow.register_model`, `mlflow.*.log_model`, `sklearn.**#fit` (a method on a
    /// value built by such a type).
    Names(OneOrMany),
    /// With conditions.
    Full(CallFull),
}

/// A call with conditions on its arguments.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CallFull {
    /// Dotted names of callees.
    #[serde(default)]
    pub name: OneOrMany,
    /// Names of decorators (the decorated function is the place).
    #[serde(default)]
    pub decorator: OneOrMany,
    /// Names of base classes (the class is the place).
    #[serde(default)]
    pub subclass: OneOrMany,
    /// With `subclass`: regular expression over the name of the class.
    #[serde(default)]
    pub class: Option<String>,
    /// Names of methods on a receiver whose type could not be resolved; makes the match `inferred`.
    #[serde(default)]
    pub method: OneOrMany,
    /// Names of functions of the repository itself, as they are called (`save_prediction*`); a name is all that is
    /// known of what they do, so the match is `inferred`.
    #[serde(default)]
    pub own: OneOrMany,
    /// With `method`: the receiver's last name fits this regular expression.
    #[serde(default)]
    pub receiver: Option<String>,
    /// With `name`: what is called fits this regular expression as it stands in the code (`metrics.f1_score`).
    #[serde(default)]
    pub written: Option<String>,
    /// The file imports one of these (dotted prefixes).
    #[serde(default)]
    pub imports: OneOrMany,
    /// Keywords that must be present; with a regular expression their literal value must fit (`.` for any).
    #[serde(default)]
    pub keyword: BTreeMap<String, String>,
    /// Keywords (or literal values of them, as `key=value`) that must not be present.
    #[serde(default)]
    pub without: OneOrMany,
    /// Regular expression over the literal text of one positional argument, by its number from 0.
    #[serde(default)]
    pub argument: BTreeMap<u32, String>,
    /// Least number of positional arguments.
    #[serde(default)]
    pub arguments: Option<usize>,
}

/// A branch that can stop what follows.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BranchMatch {
    /// Regular expression over each name and string in its test; what is called has a bracket behind it (`len(`).
    pub tests: String,
    /// The test must compare, whatever the sign (`<`, `==`, `in`, …).
    #[serde(default)]
    pub compares: bool,
    /// The test must be of greater or less (`<`, `<=`, `>`, `>=`), and what `tests` fits must stand on a side of that.
    #[serde(default)]
    pub orders: bool,
    /// What the branch does: `stops` (raises, asserts or exits non-zero), `holds` (the calls it encloses are those
    /// it may hold back), `any`.
    #[serde(default)]
    pub does: BranchDoes,
    /// The enclosing function's qualified name fits this regular expression.
    #[serde(default)]
    pub within: Option<String>,
    /// What is called to give the value that the test asks fits this regular expression (`validate_rows` of
    /// `answer = validate_rows(rows)` before `if not answer.ok`).
    #[serde(default)]
    pub given_by: Option<String>,
    /// The test comes out the same in every run, whatever was asked before: what holds nothing back. Without this such
    /// a branch is never meant.
    #[serde(default)]
    pub constant: bool,
    /// What `tests` fits is a verdict by its name: it is sure only where something is compared as greater or less, by the
    /// test itself or by the own function that gives its answer.
    #[serde(default)]
    pub by_name: bool,
    /// Also what own code compares to give the value that the test asks (`return f1 > LIMIT` behind `if good(model)`), in
    /// whatever file.
    #[serde(default)]
    pub follows: bool,
    /// The file imports one of these (dotted prefixes).
    #[serde(default)]
    pub imports: OneOrMany,
}

/// What a branch does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BranchDoes {
    /// Raises, asserts or exits non-zero.
    Stops,
    /// Encloses calls that run only if it holds, or returns before them.
    Holds,
    /// Either.
    #[default]
    Any,
}

/// `shell-command: "mlflow models serve"` or with conditions.
#[derive(Debug, Clone, schemars::JsonSchema)]
#[schemars(untagged)]
pub enum CommandMatch {
    /// First words of the command line, each a word or `a|b`; `*` for any one word, `**` for any number; options may
    /// stand in between.
    Words(OneOrMany),
    /// With conditions.
    Full(CommandFull),
}

/// A command line with conditions.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommandFull {
    /// First words, as above.
    pub words: OneOrMany,
    /// Options or words that must be present (`--push`, with whatever value; `--format=json`, also as two words; `a|b`
    /// alternatives).
    #[serde(default)]
    pub with: Vec<String>,
    /// Options or words of which none may be present.
    #[serde(default)]
    pub without: Vec<String>,
    /// Regular expression over the whole line.
    #[serde(default)]
    pub matches: Option<String>,
}

/// A reference that hands over control.
#[derive(Debug, Clone, schemars::JsonSchema)]
#[schemars(untagged)]
pub enum UsesMatch {
    /// References without what follows `@`, compared without case; `*` globs.
    Names(OneOrMany),
    /// With conditions on inputs.
    Full(UsesFull),
}

/// A reference with conditions on its inputs.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UsesFull {
    /// References.
    pub name: OneOrMany,
    /// Inputs that must be present and fit a regular expression (`.` for any).
    #[serde(default)]
    pub with: BTreeMap<String, String>,
    /// Inputs (or `key=value`) that must not be present.
    #[serde(default)]
    pub without: OneOrMany,
}

/// A declared dependency.
#[derive(Debug, Clone, schemars::JsonSchema)]
#[schemars(untagged)]
pub enum DependencyMatch {
    /// Distribution names, normalised.
    Names(OneOrMany),
    /// With conditions.
    Full(DependencyFull),
}

/// Conditions on a dependency.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DependencyFull {
    /// Distribution names, normalised.
    pub any: OneOrMany,
    /// Those that only a lock or another distribution brings count too.
    #[serde(default)]
    pub locked: bool,
}

impl DependencyMatch {
    /// The names, and whether those of locks count.
    pub(crate) fn parts(&self) -> (&OneOrMany, bool) {
        match self {
            Self::Names(names) => (names, false),
            Self::Full(full) => (&full.any, full.locked),
        }
    }
}

/// Lines of a text.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TextMatch {
    /// Globs of the files.
    pub files: OneOrMany,
    /// Words (at least three letters) of which one must stand in the file before anything else is tried.
    pub literal: OneOrMany,
    /// A regular expression over one line; the literal alone where none.
    #[serde(default)]
    pub matches: Option<String>,
    /// What begins a comment to the end of the line (`/*`: up to `*/`); such text is not looked at.
    #[serde(default)]
    pub comment: OneOrMany,
    /// What stands around texts, which are not looked at either; of a document with fences (`.Rmd`, `.qmd`) only what its
    /// fences run is then looked at.
    #[serde(default)]
    pub quotes: OneOrMany,
}

/// History and refs; exactly one of the keys.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GitMatch {
    /// Regular expression over commit subjects.
    #[serde(default)]
    pub subject: Option<String>,
    /// Regular expression over tag names.
    #[serde(default)]
    pub tag: Option<String>,
    /// Least number of commits or tags that fit (default 1).
    #[serde(default = "one")]
    pub at_least: usize,
    /// Only commits by bots (true) or people (false).
    #[serde(default)]
    pub bot: Option<bool>,
}

const fn one() -> usize {
    1
}
