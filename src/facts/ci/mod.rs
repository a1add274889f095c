//! CI systems, each lowered to the same units and facts. To add one: a folder here, its two lines below, its line in
//! [`CALLED`] where its files can be called with inputs; `CONTRIBUTING.md` lists what is due elsewhere.
//!
//! What they share: a file while it is read (`reading`), once for each set of values that it is called with (`called`);
//! whether conditions hold (`held`); which program reads a step's text (`shells`), and that text lowered to commands
//! (`text`).

mod azure;
mod bitbucket;
mod buildkite;
mod called;
mod circleci;
mod commands;
mod condition;
mod drone;
mod github_actions;
mod gitlab;
mod held;
mod plan;
mod reading;
mod shells;
mod text;
#[cfg(test)]
mod told;
mod travis;

use super::{ReadFor, Reader};

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
];

/// Readers of files that can be called with inputs, each by its name.
pub(crate) const CALLED: &[&[(&str, ReadFor)]] = &[github_actions::CALLED, azure::CALLED];
