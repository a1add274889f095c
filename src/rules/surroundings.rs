//! Variables that services set by themselves, as `rules/surroundings.yaml` says, by what starts a run.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use serde::Deserialize;

use crate::syntax::shell::HOLE;
use crate::words::TriggerKind;

/// One way of starting something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Way {
    /// What starts it.
    pub(crate) kind: TriggerKind,
    /// What variables and expressions then may be, with a hole for what only a run knows.
    pub(crate) given: BTreeMap<String, Vec<String>>,
}

/// All ways of starting something.
pub(crate) type Ways = Arc<[Way]>;

/// The table.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Surroundings {
    /// All that each variable may be with a kind of trigger; `~` is what only a run knows.
    set: BTreeMap<TriggerKind, BTreeMap<String, Vec<String>>>,
    /// Variables with the name of a ref which another holds in full.
    last: BTreeMap<String, String>,
    /// What variables are called in expressions.
    expressions: BTreeMap<String, String>,
    /// The ways in which services start something, and the same where it may be that none does.
    #[serde(skip)]
    ways: [OnceLock<Ways>; 2],
}

impl Surroundings {
    /// The ways in which services start something. `known`: one of them does; else nothing of what they set may be there.
    pub(crate) fn ways(&self, known: bool) -> Ways {
        let [open, closed] = &self.ways;
        let kept = if known { closed } else { open };
        kept.get_or_init(|| TriggerKind::ALL.iter().map(|kind| self.way(*kind, known)).collect()).clone()
    }

    fn way(&self, kind: TriggerKind, known: bool) -> Way {
        let unset = (!known).then(String::new);
        let values = |all: &Vec<String>| all.iter().map(|value| value.replace('~', HOLE)).chain(unset.clone()).collect();
        let set = self.set.get(&kind).into_iter().flatten();
        let mut given = set.map(|(name, all)| (name.clone(), values(all))).collect();
        self.complete(&mut given);
        Way { kind, given }
    }

    /// Adds what follows from what is there: the short name of a ref, and what the same is called in expressions.
    pub(crate) fn complete(&self, given: &mut BTreeMap<String, Vec<String>>) {
        let short = |full: &String| full.splitn(3, '/').nth(2).unwrap_or(full).to_owned();
        for (name, of) in &self.last {
            if let Some(refs) = given.get(of) {
                given.insert(name.clone(), refs.iter().map(short).collect());
            }
        }
        for (variable, expression) in &self.expressions {
            if let Some(values) = given.get(variable).cloned() {
                given.insert(expression.clone(), values);
            }
        }
    }
}

/// The built-in table.
#[cfg(test)]
pub(crate) fn built_in() -> Surroundings {
    let text = include_str!("../../rules/surroundings.yaml");
    serde_yaml::from_str(text).unwrap_or_else(|e| panic!("{e}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_are_told_with_what_follows() {
        let table = built_in();
        let tag = table.ways(true).iter().find(|way| way.kind == TriggerKind::Tag).cloned().expect("a way");
        assert_eq!(tag.given["GITHUB_REF_NAME"], [HOLE]);
        assert_eq!(tag.given["github.ref"], [format!("refs/tags/{HOLE}")]);
        assert_eq!(tag.given["CI_COMMIT_BRANCH"], [""]);
        let open = table.ways(false).iter().find(|way| way.kind == TriggerKind::Tag).cloned().expect("a way");
        assert_eq!(open.given["CI_COMMIT_TAG"], [HOLE, ""], "where no service runs it, nothing may be set");
    }
}
