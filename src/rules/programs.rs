//! What programs do with the files that they are given, as `rules/programs.yaml` says.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

/// The table.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Programs {
    /// Programs that apply nothing.
    pub(crate) silent: BTreeSet<String>,
    /// Options whose value is a definition that is applied.
    pub(crate) definitions: BTreeSet<String>,
    /// Programs that submit what they are given by place, with the first words that say so.
    submits: BTreeMap<String, Vec<String>>,
    /// Packages of Python with methods that put what a program is given into a queue.
    hands_over: BTreeMap<String, BTreeSet<String>>,
    /// Programs that start elsewhere the image or folder they are given, with the words that say so.
    rolls_out: BTreeMap<String, Vec<String>>,
    /// Programs that are given an application.
    pub(crate) serves: BTreeSet<String>,
    /// What an application runs by itself once it is started.
    #[serde(default)]
    pub(crate) begins: Begins,
    /// Programs that bring in files from elsewhere, with the first words that do.
    fetches: BTreeMap<String, BTreeSet<String>>,
    /// Published steps that run a text on another machine.
    remote: BTreeMap<String, Remote>,
    /// Published steps that do what a command line does, which is written with `{input}` and `{input:otherwise}`.
    #[serde(default)]
    steps: BTreeMap<String, String>,
    /// Published steps that run a text in the workspace of the job.
    here: BTreeMap<String, Here>,
    /// Kinds of cluster objects that run nothing, in small letters.
    pub(crate) idle: BTreeSet<String>,
    /// Programs, with the words that do, and published steps that make a cluster on the machine of the job.
    throwaway: BTreeMap<String, Vec<String>>,
    /// Programs, with the first words for which it holds, and published steps that leave the files of the checkout as they
    /// are.
    keeps: BTreeMap<String, Vec<String>>,
    /// Programs that are told what to evaluate.
    #[serde(default)]
    evaluates: BTreeMap<String, Evaluates>,
    /// What binds a path to a function, whatever the method.
    pub(crate) routes: BTreeSet<String>,
    /// Packages whose functions and objects send requests.
    pub(crate) clients: BTreeSet<String>,
}

/// How code says what an application runs when it is started.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Begins {
    /// Decorators of the application that are given an event, or need none.
    pub(crate) decorators: BTreeSet<String>,
    /// Decorators that are given nothing.
    pub(crate) bare: BTreeSet<String>,
    /// Methods that are given an event and a function.
    pub(crate) methods: BTreeSet<String>,
    /// The events.
    pub(crate) events: BTreeSet<String>,
    /// What an application is made with: functions that it runs then.
    pub(crate) keywords: BTreeSet<String>,
    /// Methods of a class that bind an object of it, which is made then.
    pub(crate) bound: BTreeSet<String>,
}

/// How a program is told what to evaluate.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Evaluates {
    /// The options before it.
    options: BTreeSet<String>,
    /// Functions that run the file they are given first.
    runs: BTreeSet<String>,
    /// Functions that run a file of this name.
    #[serde(default)]
    fixed: BTreeMap<String, String>,
}

impl Evaluates {
    /// Whether what follows an option is evaluated.
    pub(crate) fn is_told_by(&self, option: &str) -> bool {
        self.options.contains(option)
    }

    /// The files that an expression runs, in their order: the text that a known function is given first.
    pub(crate) fn files<'e>(&'e self, expression: &'e str) -> Vec<&'e str> {
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | ':' | '!');
        let mut found = Vec::new();
        for (at, _) in expression.match_indices('(').take(MOST_CALLS) {
            let (before, after) = (expression.get(..at).unwrap_or(""), expression.get(at + 1..).unwrap_or("").trim_start());
            let from = before.char_indices().rev().take_while(|(_, c)| is_name(*c)).last().map_or(at, |(from, _)| from);
            let name = before.get(from..).unwrap_or("");
            if let Some(file) = self.fixed.get(name) {
                found.push(file.as_str());
            }
            let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''));
            if let Some(quote) = quote.filter(|_| self.runs.contains(name)) {
                found.extend(after.get(1..).and_then(|rest| rest.split_once(quote)).map(|(file, _)| file));
            }
        }
        found
    }
}

/// Most calls of one expression that are looked at.
const MOST_CALLS: usize = 100;

/// How a published step is told what to run on another machine.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Remote {
    /// The inputs that hold it, in their order.
    pub(crate) texts: Vec<String>,
    /// The input under which its first failure ends it.
    #[serde(default)]
    pub(crate) stops: Option<String>,
}

/// How a published step is told what to run in the workspace of its job.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Here {
    /// The inputs that hold it, in their order.
    pub(crate) texts: Vec<String>,
    /// Its first failure ends it.
    #[serde(default)]
    pub(crate) stops: bool,
    /// The input with the options of the container that it runs in, which has the workspace only if they mount it.
    #[serde(default)]
    pub(crate) options: Option<String>,
}

/// What is said of a published step, by its reference (`owner/name@version`).
fn published<'t, T>(table: &'t BTreeMap<String, T>, reference: &str) -> Option<&'t T> {
    let name = reference.split('@').next().unwrap_or(reference);
    table.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, said)| said)
}

impl Programs {
    /// Whether a program with those words makes a cluster that goes with the machine of the job.
    pub(crate) fn makes_a_throwaway_cluster(&self, program: &str, words: &str) -> bool {
        self.throwaway.get(program).is_some_and(|all| all.iter().any(|said| words.starts_with(said.as_str())))
    }

    /// Whether a step of this reference does.
    pub(crate) fn is_throwaway_step(&self, reference: &str) -> bool {
        published(&self.throwaway, reference).is_some()
    }

    /// Whether a program with those words leaves the files of the checkout as they are.
    pub(crate) fn keeps(&self, program: &str, words: &str) -> bool {
        self.keeps.get(program).is_some_and(|all| all.is_empty() || all.iter().any(|said| words.starts_with(said.as_str())))
    }

    /// Whether a step of this reference does.
    pub(crate) fn step_keeps(&self, reference: &str) -> bool {
        published(&self.keeps, reference).is_some()
    }

    /// How a step of this reference (`owner/name@version`) is told what to run in the workspace of its job.
    pub(crate) fn here(&self, reference: &str) -> Option<&Here> {
        published(&self.here, reference)
    }

    /// How a step of this reference (`owner/name@version`) is told what to run on another machine.
    pub(crate) fn remote(&self, reference: &str) -> Option<&Remote> {
        published(&self.remote, reference)
    }

    /// The words of the command line for which a step of this reference stands, with what it is given put in; none where
    /// it stands for no command, or is not given what that needs.
    pub(crate) fn step(&self, reference: &str, with: &[(String, String)]) -> Option<Vec<String>> {
        let line = published(&self.steps, reference)?;
        let given = |input: &str| with.iter().find(|(key, _)| key.eq_ignore_ascii_case(input)).map(|(_, value)| value.trim());
        let mut words = Vec::new();
        for word in line.split(' ') {
            let Some((front, rest)) = word.split_once('{') else {
                words.push(word.to_owned());
                continue;
            };
            let (asked, behind) = rest.split_once('}')?;
            let (input, otherwise) = asked.split_once(':').map_or((asked, None), |(input, text)| (input, Some(text)));
            let value = given(input).filter(|value| !value.is_empty()).or(otherwise)?;
            // a whole word may stand for several
            match (front, behind) {
                ("", "") => words.extend(value.split_whitespace().map(str::to_owned)),
                _ => words.push(format!("{front}{value}{behind}")),
            }
        }
        Some(words)
    }

    /// How a program is told what to evaluate.
    pub(crate) fn evaluates(&self, program: &str) -> Option<&Evaluates> {
        self.evaluates.get(program)
    }

    /// Whether a program submits what it is given by place, told by the words before its first option.
    pub(crate) fn submits(&self, program: &str, words: &str) -> bool {
        self.submits.get(program).is_some_and(|of| of.iter().any(|verb| words.starts_with(verb.as_str())))
    }

    /// Whether a package of Python has a method of that name by which a program hands over what it is given.
    pub(crate) fn hands_over(&self, package: &str, method: &str) -> bool {
        self.hands_over.get(package).is_some_and(|methods| methods.contains(method))
    }

    /// Whether a program with these first words starts elsewhere what it is given.
    pub(crate) fn rolls_out(&self, program: &str, words: &str) -> bool {
        let after = |verb: &String| words.strip_prefix(verb.as_str());
        let of = self.rolls_out.get(program);
        of.is_some_and(|of| of.iter().filter_map(after).any(|rest| rest.is_empty() || rest.starts_with(' ')))
    }

    /// Whether a program with this first word brings in files from elsewhere.
    pub(crate) fn fetches(&self, program: &str, first: Option<&str>) -> bool {
        let words = self.fetches.get(program);
        words.is_some_and(|of| of.is_empty() || first.is_some_and(|word| of.contains(word)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_published_step_stands_for_a_command() {
        let steps = [("a/out".to_owned(), "tool --at={path:.} go {args}".to_owned())].into();
        let programs = Programs { steps, ..Programs::default() };
        let given = |with: &[(&str, &str)]| {
            let with: Vec<(String, String)> = with.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            programs.step("A/out@v2", &with).map(|words| words.join(" "))
        };
        assert_eq!(given(&[("args", "now please")]).as_deref(), Some("tool --at=. go now please"));
        assert_eq!(given(&[("path", "infra"), ("args", "now")]).as_deref(), Some("tool --at=infra go now"));
        assert_eq!(given(&[("path", "infra")]), None);
        assert_eq!(programs.step("b/out@v2", &[]), None);
    }

    fn table() -> Programs {
        let text = include_str!("../../rules/programs.yaml");
        serde_yaml::from_str(text).unwrap_or_else(|e| panic!("{e}"))
    }

    #[test]
    fn first_words_decide() {
        let table = table();
        assert!(table.submits("sky", "jobs launch") && !table.submits("sky", "status") && !table.submits("make", "launch"));
        assert!(table.submits("sbatch", "night.sh"));
        assert!(table.rolls_out("gcloud", "run deploy late") && !table.rolls_out("gcloud", "run services list"));
        assert!(table.fetches("git", Some("clone")) && !table.fetches("git", Some("status")) && !table.fetches("git", None));
        assert!(table.fetches("curl", None) && !table.fetches("ls", None));
    }

    #[test]
    fn an_expression_runs_the_files_that_known_functions_are_given() {
        let table = table();
        let files = |program: &str, text: &str| table.evaluates(program).map(|e| e.files(text).join(" ")).unwrap_or_default();
        assert_eq!(files("Rscript", "source('R/a.R'); rmarkdown::render( \"b.Rmd\", quiet = TRUE)"), "R/a.R b.Rmd");
        assert_eq!(files("R", "targets::tar_make()"), "_targets.R");
        assert_eq!(files("julia", "using Pkg; include(\"c.jl\")"), "c.jl");
        for idle in ["resource('a.R')", "source(file)", "print('source')", "x$source('a.R", "install.packages('a')"] {
            assert_eq!(files("Rscript", idle), "", "{idle}");
        }
    }

    #[test]
    fn what_submits_is_not_silent() {
        let table = table();
        assert!(table.submits.keys().chain(&table.serves).all(|program| !table.silent.contains(program)));
        assert!(table.submits.values().all(|of| !of.is_empty()));
    }

    #[test]
    fn unknown_keys_are_mistakes() {
        assert!(serde_yaml::from_str::<Programs>("silent: []\nloud: []\n").is_err());
    }
}
