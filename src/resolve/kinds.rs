//! What running a file means, by its name and by what it was read as.

use super::{Run, View};
use crate::source;

/// What running a file means, by its name.
pub(crate) fn run_of(path: &str) -> Run {
    match source::extension(path) {
        Some("py") => Run::Program,
        Some("ipynb") => Run::Notebook,
        Some("sh" | "bash" | "R" | "r" | "jl") => Run::Script,
        Some(end) if OF_QUEUES.contains(&end) => Run::Script,
        _ => Run::Manifest,
    }
}

/// Endings of scripts that are written for a queue of a cluster.
const OF_QUEUES: &[&str] = &["sbatch", "slurm", "slrm", "pbs", "qsub", "lsf"];

/// Whether only the first line of a file tells in which language it is written, should it be run.
pub(crate) fn is_told_by_its_first_line(path: &str) -> bool {
    source::extension(path).map_or(!source::file_name(path).starts_with('.'), |end| OF_QUEUES.contains(&end))
}

/// What running a file by its path means: where its name does not say it, what it was read as.
pub(super) fn run_by_path(path: &str, view: &View<'_>) -> Run {
    match run_of(path) {
        Run::Manifest | Run::Script if is_told_by_its_first_line(path) => {
            let python = view.book.get(path).is_some_and(|facts| facts.code.is_some());
            if python { Run::Program } else { Run::Script }
        }
        run => run,
    }
}
