//! CI systems, each lowered to the same units and facts. To add one: a folder here, its two lines below, its line in
//! [`CALLED`] where its files can be called with inputs; `CONTRIBUTING.md` lists what is due elsewhere.
//!
//! What they share: a file while it is read (`reading`), once for each set of values that it is called with (`called`);
//! whether conditions hold (`held`), and those that are written as text (`condition`); what starts which jobs, and what
//! they wait for (`plan`); which program reads a step's text (`shells`), that text lowered to commands (`text`), and lists
//! of commands as one text (`commands`); what services set for scripts by themselves (`surroundings`); the cells of a matrix (`cells`).

mod argo;
mod azure;
mod bitbucket;
mod buildkite;
mod called;
mod cells;
mod circleci;
mod cloud_build;
mod code_build;
mod commands;
pub(in crate::facts) mod concourse;
mod condition;
pub(in crate::facts) mod container;
mod drone;
mod github_actions;
mod gitlab;
mod held;
mod jenkins;
mod plan;
pub(in crate::facts) mod prow;
pub(in crate::facts) mod reading;
mod semaphore;
mod shells;
pub(in crate::facts) mod surroundings;
pub(in crate::facts) mod taskcluster;
pub(in crate::facts) mod tekton;
mod text;
#[cfg(test)]
mod told;
mod travis;

pub(in crate::facts) use cloud_build::NAME as CLOUD_BUILD;
pub(in crate::facts) use code_build::{inline as build_specification, phases as build_phases};
#[cfg(test)]
pub(in crate::facts) use told::told as told_of;

use super::{ReadFor, Reader};
use crate::fact::UnitId;
use crate::syntax::tree::Node;
use reading::Reading;

pub(crate) const ALL: &[Reader] = &[
    github_actions::WORKFLOW,
    github_actions::ACTION,
    gitlab::PIPELINE,
    azure::DEFINITION,
    circleci::CONFIGURATION,
    bitbucket::PIPELINES,
    travis::CONFIGURATION,
    buildkite::PIPELINE,
    drone::DRONE,
    drone::WOODPECKER,
    semaphore::PIPELINE,
    jenkins::PIPELINE,
    prow::JOBS,
    concourse::PIPELINE,
    concourse::TASK,
    taskcluster::DEFINITION,
    taskcluster::TASKS,
    taskcluster::HOOK,
    taskcluster::KIND,
    taskcluster::TIMES,
    tekton::PIPELINE,
    cloud_build::CONFIGURATION,
    code_build::SPECIFICATION,
];

pub(in crate::facts) use cloud_build::is_configuration as is_cloud_build;

/// Readers of files that can be called with inputs, each by its name.
pub(crate) const CALLED: &[&[(&str, ReadFor)]] = &[github_actions::CALLED, azure::CALLED, concourse::CALLED];

/// Reads an object of a cluster that one of the systems runs, as what `unit` holds; false where it is none of theirs.
pub(in crate::facts) fn object(doc: Node<'_>, unit: UnitId, reading: &mut Reading<'_>) -> bool {
    argo::object(doc, unit, reading) || tekton::object(doc, unit, reading)
}
