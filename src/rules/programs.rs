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
    /// Programs that start elsewhere the image or folder they are given, with the words that say so.
    rolls_out: BTreeMap<String, Vec<String>>,
    /// Programs that are given an application.
    pub(crate) serves: BTreeSet<String>,
    /// Programs that bring in files from elsewhere, with the first words that do.
    fetches: BTreeMap<String, BTreeSet<String>>,
    /// Published steps that run a text on another machine.
    remote: BTreeMap<String, Remote>,
    /// Published steps that run a text in the workspace of the job.
    here: BTreeMap<String, Here>,
    /// Kinds of cluster objects that run nothing, in small letters.
    pub(crate) idle: BTreeSet<String>,
    /// What binds a path to a function, whatever the method.
    pub(crate) routes: BTreeSet<String>,
    /// Packages whose functions and objects send requests.
    pub(crate) clients: BTreeSet<String>,
}

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

impl Programs {
    /// How a step of this reference (`owner/name@version`) is told what to run in the workspace of its job.
    pub(crate) fn here(&self, reference: &str) -> Option<&Here> {
        let name = reference.split('@').next().unwrap_or(reference);
        self.here.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, here)| here)
    }

    /// How a step of this reference (`owner/name@version`) is told what to run on another machine.
    pub(crate) fn remote(&self, reference: &str) -> Option<&Remote> {
        let name = reference.split('@').next().unwrap_or(reference);
        self.remote.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, remote)| remote)
    }

    /// Whether a program submits what it is given by place, told by the words before its first option.
    pub(crate) fn submits(&self, program: &str, words: &str) -> bool {
        self.submits.get(program).is_some_and(|of| of.iter().any(|verb| words.starts_with(verb.as_str())))
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
