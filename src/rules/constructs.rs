//! Programs that declare stacks, as `rules/constructs.yaml` says: which calls stand for which part of a template.
//!
//! A form says what a call comes to, in the words of a template. What stands in braces is taken from the call: `{name}` an
//! argument by its name, `{0|name}` one by its place or its name, `{code.Key}` a key of what it is given, `{name[]}` each
//! of a list, `{name[].Key}` a key of each, `{name=word}` with what stands for it where it is not given, `{name%.py}`
//! without an end. `{id}` is the name that a part has in the program, `{of}` what a method is called on, `{this}` what the
//! call itself comes to. A key whose value is not given is left out. What adds to a part by an argument says which: `onto`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::pattern::name_fits;

/// The table.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Constructs {
    /// Import roots; where none is imported nothing is asked.
    pub(crate) roots: Vec<String>,
    /// What makes a program's whole.
    pub(crate) apps: Vec<String>,
    /// Classes, and functions, whose objects are stacks.
    pub(crate) stacks: Vec<String>,
    /// Classes whose objects are stacks that are brought about together, by whoever is told to.
    pub(crate) stages: Vec<String>,
    /// Constructs that are resources as they are, by module: how the service is called there.
    pub(crate) services: BTreeMap<String, String>,
    /// What else stands for what; the first that fits counts.
    pub(crate) forms: Vec<Form>,
    /// States that lead on to each other.
    pub(crate) states: States,
    /// Small files, and all that is seen in them.
    #[cfg_attr(not(test), allow(dead_code))]
    pub(crate) examples: Vec<Example>,
    /// Files in which nothing may be seen.
    #[cfg_attr(not(test), allow(dead_code))]
    pub(crate) counter_examples: Vec<String>,
}

/// What a call, or a name from outside, stands for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Form {
    /// Its names, in the patterns of `python-call`.
    pub(crate) call: Vec<String>,
    /// What must be given for the form to count, without braces.
    #[serde(default)]
    pub(crate) with: Vec<String>,
    /// What it comes to; a part of the template where that has a `Type` of a service.
    #[serde(default)]
    pub(crate) gives: Option<Shape>,
    /// What it adds to that on which it is called, or to that which `onto` names.
    #[serde(default)]
    pub(crate) adds: Option<Shape>,
    /// The argument that names what it adds to, where it is no method of that.
    #[serde(default)]
    pub(crate) onto: Option<String>,
}

/// A piece of a template, with what stands in braces left open.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum Shape {
    /// `true`, `false`.
    Flag(bool),
    /// A number.
    Number(i64),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Shape>),
    /// Keys with values.
    Map(BTreeMap<String, Shape>),
}

/// States of a machine that lead on to each other by calls of methods.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct States {
    /// Import roots of all of them.
    pub(crate) roots: Vec<String>,
    /// Methods by which one leads to the next.
    pub(crate) next: Vec<String>,
    /// Methods that lead to one if something holds, and the place of that one among the arguments.
    pub(crate) choices: BTreeMap<String, usize>,
    /// Methods that lead to one if nothing else holds.
    pub(crate) otherwise: Vec<String>,
    /// Methods that lead to one if a state fails.
    pub(crate) catches: Vec<String>,
    /// Methods that go on where the ways out of a choice end.
    pub(crate) afterwards: Vec<String>,
    /// Methods that give the state they are called on.
    pub(crate) same: Vec<String>,
    /// Functions that give the state they are given.
    pub(crate) starts: Vec<String>,
}

/// A small program, and what is seen in it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(test), allow(dead_code))]
pub(crate) struct Example {
    /// The files, each under a line `--- path`.
    pub(crate) text: String,
    /// What is seen, one a line.
    pub(crate) says: Vec<String>,
}

/// Whether one of the patterns means a name.
pub(crate) fn names(patterns: &[String], name: &str) -> bool {
    patterns.iter().any(|pattern| name_fits(pattern, name))
}

impl Constructs {
    /// Whether a dotted name is of one of the tools.
    pub(crate) fn has_root(&self, name: &str) -> bool {
        let under = |root: &String| name.strip_prefix(root.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        self.roots.iter().any(under)
    }

    /// The forms that a name may have, in their order.
    pub(crate) fn forms<'c>(&'c self, name: &'c str) -> impl Iterator<Item = &'c Form> {
        self.forms.iter().filter(move |form| names(&form.call, name))
    }

    /// The type of a resource that is declared as it is: `aws_cdk.aws_events.CfnRule`.
    pub(crate) fn plain(&self, name: &str) -> Option<String> {
        let (module, class) = name.rsplit_once('.')?;
        let class = class.strip_prefix("Cfn").filter(|class| !class.is_empty() && !class.contains('#'))?;
        let service = self.services.get(module)?;
        Some(format!("AWS::{service}::{class}"))
    }
}
