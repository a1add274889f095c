//! A line of progress on standard error, for scans that a person waits for.

use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Shorter scans show nothing.
const PATIENCE: Duration = Duration::from_millis(500);

/// Draws only on a terminal and only once the scan has lasted.
pub struct Bar {
    since: Instant,
    bar: Option<Mutex<ProgressBar>>,
}

impl Bar {
    /// Nothing is drawn yet.
    pub fn new(quiet: bool) -> Self {
        let wanted = !quiet && std::io::stderr().is_terminal();
        let bar = wanted.then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
            if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len}") {
                bar.set_style(style);
            }
            Mutex::new(bar)
        });
        Self { since: Instant::now(), bar }
    }

    /// Takes the line away.
    pub fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.lock().unwrap_or_else(PoisonError::into_inner).finish_and_clear();
        }
    }
}

impl treering::Progress for Bar {
    fn stage(&self, name: &'static str, done: u64, total: u64) {
        let Some(bar) = self.bar.as_ref().filter(|_| self.since.elapsed() >= PATIENCE) else { return };
        // Never wait for the terminal: a worker that finds it busy goes on.
        let Ok(bar) = bar.try_lock() else { return };
        if bar.is_hidden() {
            bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        bar.set_length(total);
        bar.set_message(name);
        bar.set_position(done);
    }
}
