//! Orchestrators whose pipelines are written in Python: what defines a pipeline, a step, an order, a registration.
//!
//! Invariant: the table says only which names do which of a closed list of things; what that comes to is code
//! (`facts/orchestrators`). Every name is a pattern of `python-call` and is compared with resolved names.

use serde::Deserialize;

use super::pattern::name_fits;
use crate::words::TriggerKind;

/// One orchestrator.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Orchestrator {
    /// What it is called in sentences.
    pub(crate) name: String,
    /// Import roots; a repository that imports none of them costs nothing.
    pub(crate) roots: Vec<String>,
    /// The name of a file of patterns by which definitions beside and below it are left out.
    #[serde(default)]
    pub(crate) ignored: Option<String>,
    /// What makes a pipeline.
    #[serde(default)]
    pub(crate) pipelines: Vec<Pipeline>,
    /// What makes a step.
    #[serde(default)]
    pub(crate) steps: Vec<Step>,
    /// Any other call of such a name is a step if it has such a keyword: work that the orchestrator's own code does.
    #[serde(default)]
    pub(crate) other_steps: Option<OtherSteps>,
    /// Methods of a decorated function that make a step of it.
    #[serde(default)]
    pub(crate) runs: Vec<String>,
    /// Methods of a decorated function that only give another form of it.
    #[serde(default)]
    pub(crate) forms: Vec<String>,
    /// Contexts that bundle steps.
    #[serde(default)]
    pub(crate) groups: Vec<String>,
    /// Functions whose arguments run one after the other.
    #[serde(default)]
    pub(crate) chains: Vec<String>,
    /// Keywords under which a step does not wait for success of those before it, by the end of the value.
    #[serde(default)]
    pub(crate) anyway: Vec<String>,
    /// The keyword of a step that names the data which it makes, for pipelines that wait for those.
    #[serde(default)]
    pub(crate) makes: Option<String>,
    /// What a schedule may be.
    #[serde(default)]
    pub(crate) schedules: Schedules,
    /// What registers a pipeline that is a function.
    #[serde(default)]
    pub(crate) registrations: Vec<Registration>,
    /// What must run for what is registered to be started; the code that registers it, where nothing is said.
    #[serde(default)]
    pub(crate) process: Process,
    /// Mappings that say which function is started when.
    #[serde(default)]
    pub(crate) tables: Option<Tables>,
    /// Classes that are a pipeline, or a task.
    #[serde(default)]
    pub(crate) classes: Vec<Class>,
    /// Steps in a function wait for nothing but for what they are given.
    #[serde(default)]
    pub(crate) unordered: bool,
    /// Objects that start a pipeline which they name.
    #[serde(default)]
    pub(crate) starters: Vec<Starter>,
    /// What takes a pipeline, or work, on its way to where it runs.
    #[serde(default)]
    pub(crate) handed: Vec<Handed>,
    /// Methods of a step that say after which others it comes.
    #[serde(default)]
    pub(crate) after: Vec<String>,
    /// The keyword of a step that lists what it makes for others.
    #[serde(default)]
    pub(crate) outputs: Option<String>,
    /// Keywords of a step that list the steps of which it chooses.
    #[serde(default)]
    pub(crate) branches: Vec<String>,
    /// Functions that make one thing each and are steps of whatever pipeline selects that.
    #[serde(default)]
    pub(crate) assets: Option<Assets>,
    /// What must happen before a schedule works; none where nothing must.
    #[serde(default)]
    pub(crate) paused: Option<Paused>,
    /// Small files, and what is seen in them; a test of `facts/orchestrators` holds them against it.
    #[cfg_attr(not(test), expect(dead_code))]
    pub(crate) examples: Vec<Example>,
    /// Small files in which nothing may be seen.
    #[cfg_attr(not(test), expect(dead_code))]
    pub(crate) counter_examples: Vec<String>,
}

/// What makes a pipeline: a call, or a decorator on a function.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pipeline {
    /// Constructors.
    #[serde(default)]
    pub(crate) call: Vec<String>,
    /// Decorators.
    #[serde(default)]
    pub(crate) decorator: Vec<String>,
    /// The keyword that names it; by position it comes first.
    pub(crate) name: String,
    /// The keywords that schedule it.
    #[serde(default)]
    pub(crate) schedule: Vec<String>,
    /// Methods by which the code that makes it registers it.
    #[serde(default)]
    pub(crate) registered: Vec<String>,
    /// First words of commands that register those of the files or folders that they name.
    #[serde(default)]
    pub(crate) put_by: Vec<String>,
    /// The keyword that creates it switched off where it is true, and switched on where it is false.
    #[serde(default)]
    pub(crate) switch: Option<String>,
    /// What no schedule at all means.
    #[serde(default)]
    pub(crate) absent: Option<Absent>,
    /// When the steps in a decorated function run.
    pub(crate) body: Body,
    /// A decorated function is one although nothing calls it.
    #[serde(default)]
    pub(crate) uncalled: bool,
    /// Its steps stand among its arguments.
    #[serde(default)]
    pub(crate) holds: bool,
    /// The keyword that selects its steps among the assets; all of them where it is not given.
    #[serde(default)]
    pub(crate) selects: Option<String>,
    /// The keyword that lists its steps.
    #[serde(default)]
    pub(crate) lists: Option<String>,
}

/// What a pipeline without a schedule means before a version of the distribution.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Absent {
    /// The distribution.
    pub(crate) distribution: String,
    /// The image that brings it, without registry and tag.
    pub(crate) image: String,
    /// The first major version in which it means nothing.
    pub(crate) before: u32,
    /// Imports that only that version and later ones have.
    pub(crate) since_imports: Vec<String>,
    /// What it means before.
    pub(crate) text: String,
}

/// When what stands in a pipeline runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Body {
    /// The code only says what the steps are; the orchestrator runs them.
    Later,
    /// The code is the pipeline: calling the function runs it.
    Now,
}

/// What makes a step; at most one of the keys says what it runs.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    /// Constructors.
    #[serde(default)]
    pub(crate) call: Vec<String>,
    /// Decorators; the step runs the function.
    #[serde(default)]
    pub(crate) decorator: Vec<String>,
    /// The keyword that gives a function to run.
    #[serde(default)]
    pub(crate) function: Option<String>,
    /// Its place among the arguments, where it may be given by place.
    #[serde(default)]
    pub(crate) function_at: Option<usize>,
    /// The keyword, and the place, of the names of the data that it takes.
    #[serde(default)]
    pub(crate) takes: Option<(String, usize)>,
    /// The same of those that it makes.
    #[serde(default)]
    pub(crate) gives: Option<(String, usize)>,
    /// The keyword that gives shell text to run.
    #[serde(default)]
    pub(crate) shell: Option<String>,
    /// The keyword that gives an image to start.
    #[serde(default)]
    pub(crate) image: Option<String>,
    /// Keywords with the command for the image.
    #[serde(default)]
    pub(crate) command: Vec<String>,
    /// The keyword that names another pipeline to start.
    #[serde(default)]
    pub(crate) pipeline: Option<String>,
    /// Keywords that name a script to run.
    #[serde(default)]
    pub(crate) script: Vec<String>,
    /// Keywords with the folder of the script, or in which the shell text runs.
    #[serde(default)]
    pub(crate) folder: Vec<String>,
    /// Keywords with an object that says in its own what is run.
    #[serde(default)]
    pub(crate) via: Vec<String>,
    /// The keyword with a call that the step makes once it runs, and nobody where it is written.
    #[serde(default)]
    pub(crate) makes: Option<String>,
    /// The keyword with the path of a file that defines it; by position it comes first.
    #[serde(default)]
    pub(crate) file: Option<String>,
    /// The call only describes the work: each call of what it gives is a step.
    #[serde(default)]
    pub(crate) described: bool,
}

/// What takes a pipeline, or work, on its way to where it runs. It is named by one of the keywords, stands at the place
/// (from 0), or else is what the method is called on.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Handed {
    /// The call.
    pub(crate) call: Vec<String>,
    /// What it does with it.
    pub(crate) does: Does,
    /// Keywords that give it.
    #[serde(default)]
    pub(crate) what: Vec<String>,
    /// Its place among the arguments.
    #[serde(default)]
    pub(crate) place: Option<usize>,
    /// Keywords with the path that a compiled pipeline is written to or read from.
    #[serde(default)]
    pub(crate) file: Vec<String>,
    /// The place of that path among the arguments.
    #[serde(default)]
    pub(crate) file_place: Option<usize>,
    /// Keywords with the schedule.
    #[serde(default)]
    pub(crate) schedule: Vec<String>,
    /// The place of the schedule among the arguments.
    #[serde(default)]
    pub(crate) schedule_place: Option<usize>,
    /// Keywords whose presence starts it when data arrive.
    #[serde(default)]
    pub(crate) data: Vec<String>,
    /// The keyword that creates the schedule switched off where it is false.
    #[serde(default)]
    pub(crate) enabled: Option<String>,
}

/// What is done with a pipeline that is handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Does {
    /// Writes it down, and runs nothing.
    Compiles,
    /// Puts it into something else, or into the service, and runs nothing.
    Carries,
    /// Has it run.
    Starts,
    /// Has it run by the clock.
    Schedules,
}

/// Steps that are not named one by one.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OtherSteps {
    /// Constructors.
    pub(crate) call: Vec<String>,
    /// The keyword that every one of them has.
    pub(crate) keyword: String,
    /// The methods that run where an own class builds on one of them.
    #[serde(default)]
    pub(crate) methods: Vec<String>,
    /// Keywords by which such a class is likely given shell text to run.
    #[serde(default)]
    pub(crate) shell: Vec<String>,
}

/// What a schedule may be.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Schedules {
    /// Words that mean none.
    #[serde(default)]
    pub(crate) never: Vec<String>,
    /// Objects that are one.
    #[serde(default)]
    pub(crate) clocks: Vec<String>,
    /// Objects that stand for data that arrives.
    #[serde(default)]
    pub(crate) data: Vec<String>,
    /// Objects that hold one of these.
    #[serde(default)]
    pub(crate) holders: Vec<Holder>,
}

/// An object that holds a schedule among other things.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Holder {
    /// Constructors.
    pub(crate) call: Vec<String>,
    /// The keyword with the schedule.
    pub(crate) what: String,
    /// Its place among the arguments.
    pub(crate) place: usize,
    /// The keyword that switches it off where it is false.
    pub(crate) active: String,
}

/// What registers a pipeline that is a function.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Registration {
    /// The call.
    #[serde(default)]
    pub(crate) call: Vec<String>,
    /// Decorators; what is registered is the function below.
    #[serde(default)]
    pub(crate) decorator: Vec<String>,
    /// Methods that do it although it is not known what they are called on.
    #[serde(default)]
    pub(crate) method: Vec<String>,
    /// The keyword that gives the function; by position it comes first. Where there is none, it is what the method is called on.
    #[serde(default)]
    pub(crate) function: Option<String>,
    /// The keyword of the call that the method is called on that names file and function.
    #[serde(default)]
    pub(crate) entrypoint: Option<String>,
    /// The place of the function among the arguments, where it is not the first.
    #[serde(default)]
    pub(crate) function_at: usize,
    /// The keywords that schedule it.
    #[serde(default)]
    pub(crate) schedule: Vec<String>,
    /// The place of the schedule among the arguments, where it is given by place.
    #[serde(default)]
    pub(crate) schedule_at: Option<usize>,
    /// Keywords that say when, beside a word for the schedule or without one.
    #[serde(default)]
    pub(crate) told: Vec<String>,
    /// The names by which it is called say when.
    #[serde(default)]
    pub(crate) spoken: bool,
    /// A call without a schedule registers nothing.
    #[serde(default)]
    pub(crate) only_scheduled: bool,
    /// Keywords that start it on events.
    #[serde(default)]
    pub(crate) events: Vec<String>,
    /// It is started by data that arrives, which is called so.
    #[serde(default)]
    pub(crate) arrives: Option<String>,
    /// The keyword that registers it switched off.
    #[serde(default)]
    pub(crate) paused: Option<String>,
    /// The keyword that registers it switched on, and the commands that are then enough.
    #[serde(default)]
    pub(crate) active: Option<(String, Vec<Vec<String>>)>,
}

/// What must run for what is registered to be started.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Process {
    /// Names of calls of which one must stand somewhere; else nothing ever starts it.
    #[serde(default)]
    pub(crate) started: Vec<String>,
    /// Commands of which one must run, by words that stand in them in this order; `FILE` is the name of the file.
    #[serde(default)]
    pub(crate) command: Vec<Vec<String>>,
    /// What is not known, where none does; in a sentence.
    #[serde(default)]
    pub(crate) why: Option<String>,
}

/// Classes that are a pipeline, whose steps are methods, or a task, which comes after others.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Class {
    /// Classes that it builds on.
    pub(crate) subclass: Vec<String>,
    /// Decorators of methods that are steps.
    #[serde(default)]
    pub(crate) steps: Vec<String>,
    /// The method by which a step says which come next.
    #[serde(default)]
    pub(crate) next: Option<String>,
    /// Decorators that schedule it.
    #[serde(default)]
    pub(crate) schedule: Vec<String>,
    /// What such a decorator means that says nothing else.
    #[serde(default)]
    pub(crate) bare: Option<String>,
    /// Decorators that start it on events or after others.
    #[serde(default)]
    pub(crate) events: Vec<String>,
    /// Words behind the name of its file that run it.
    #[serde(default)]
    pub(crate) run_by: Vec<Vec<String>>,
    /// Of a task: the method that does its work.
    #[serde(default)]
    pub(crate) method: Option<String>,
    /// The method that makes the tasks which come before it.
    #[serde(default)]
    pub(crate) requires: Option<String>,
    /// Decorators that are given tasks which come before it.
    #[serde(default)]
    pub(crate) after: Vec<String>,
    /// Calls that run the tasks which they are given.
    #[serde(default)]
    pub(crate) built_by: Vec<String>,
}

/// Mappings that say which function is started when: a name for each entry, and in it a task and its schedule.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tables {
    /// Names that are given such a mapping, and keywords.
    pub(crate) named: Vec<String>,
    /// The key of an entry with the name of the task.
    pub(crate) task: String,
    /// The key of an entry with the schedule.
    pub(crate) schedule: String,
    /// Decorators that make a function a task.
    pub(crate) decorator: Vec<String>,
    /// The keyword of such a decorator that names the task; by its module and its name, where it is not given.
    pub(crate) name: String,
}

/// An object that starts a pipeline which it names.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Starter {
    /// Constructors.
    #[serde(default)]
    pub(crate) call: Vec<String>,
    /// Decorators.
    #[serde(default)]
    pub(crate) decorator: Vec<String>,
    /// The keywords that name the pipeline, or select assets; of a call the first argument too.
    pub(crate) pipeline: Vec<String>,
    /// The keyword with the schedule; without one the clock of the pipeline's own partitions.
    #[serde(default)]
    pub(crate) schedule: Option<String>,
    /// What starts it, in a word of triggers.
    pub(crate) by: TriggerKind,
    /// The keyword that says how it is created, and the end of the value that switches it on.
    pub(crate) status: (String, String),
}

/// Functions that make one thing each.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Assets {
    /// Decorators.
    pub(crate) decorator: Vec<String>,
    /// The keyword that names the thing; the function's name where there is none.
    pub(crate) name: String,
    /// The keyword with a mapping of several names.
    pub(crate) several: String,
    /// Keywords that name what it is made from; so do the parameters.
    pub(crate) after: Vec<String>,
    /// Calls that select all of them, and those that select some by name or function.
    pub(crate) all: Vec<String>,
    /// Calls that select some.
    pub(crate) some: Vec<String>,
    /// Calls that register everything, so that a person can make all of it.
    pub(crate) registered: Vec<String>,
}

/// What must happen before a schedule works.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Paused {
    /// In a sentence.
    pub(crate) why: String,
    /// What makes it switched on, imperative.
    #[serde(rename = "do")]
    pub(crate) remedy: Option<String>,
    /// A setting that makes it unnecessary, and the values that do.
    #[serde(default)]
    pub(crate) unless_setting: Option<(String, Vec<String>)>,
    /// A command that does it; the name of the pipeline follows, or an option that takes in all.
    #[serde(default)]
    pub(crate) unless_command: Option<String>,
    /// Published steps that bring the definitions to the orchestrator, by their beginning.
    #[serde(default)]
    pub(crate) bound_by: Vec<String>,
    /// What is not known where no file brings the definitions to the orchestrator.
    pub(crate) unbound: String,
}

/// A small file, and what is seen in it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Example {
    /// Its text.
    #[cfg_attr(not(test), expect(dead_code))]
    pub(crate) text: String,
    #[cfg_attr(not(test), expect(dead_code))]
    /// One line for each pipeline, step, trigger and order, as `facts/orchestrators` writes them down.
    pub(crate) says: Vec<String>,
}

impl Orchestrator {
    /// Whether a module belongs to it.
    pub(crate) fn has_root(&self, module: &str) -> bool {
        let first = module.split('.').next().unwrap_or(module);
        self.roots.iter().any(|root| root == first)
    }
}

/// Whether a resolved name is one of those.
pub(crate) fn names(patterns: &[String], name: &str) -> bool {
    patterns.iter().any(|p| name_fits(p, name))
}
