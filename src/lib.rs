//! treering reads a Git repository and says how far its machine-learning work is automated, and how it knows.
#![forbid(unsafe_code)]

mod error;
mod fact;
mod facts;
mod git;
mod graph;
mod history;
mod maturity;
mod practices;
mod render;
mod report;
mod resolve;
mod rules;
mod scope;
mod signals;
mod source;
mod subject;
mod syntax;
mod verdict;
mod walk;
mod words;

pub use error::Error;
