//! GitLab CI: the pipeline of the repository's root, with every file that it includes, and the children that its jobs
//! start.
//!
//! A pipeline is one document over several files (`merged`): a job may be begun in one file, changed in another and
//! extend a third. Every file is read with all the others, works out the same whole, and states of it what stands in
//! itself: jobs where they were defined last, script lines where they are written. What a job runs of another file's
//! lines is an action of that file, which the job hands over to.
//!
//! Invariants: a schedule is set up in the service, so here it is only meant; what a person starts is told as such;
//! what is included from elsewhere is an open end; wrong types are notices.

mod bridge;
mod jobs;
mod merged;
mod order;
mod script;
mod starts;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;

use super::reading::Reading;
use crate::fact::{Asked, FactKind, FileFacts, Guard, UnitKind, Whole};
use crate::facts::{Context, Reader, When, unparsable};
use crate::source::{NoticeKind, SourceFile};
use crate::syntax::yaml;

use merged::{Config, IncludeKind};

/// The name under which it is asked for other files.
const NAME: &str = "GitLab CI pipeline";
/// Where the service looks for a pipeline, unless it is told otherwise.
const ROOT: &str = ".gitlab-ci.yml";

/// The pipeline, what it includes, and its children.
pub(crate) const PIPELINE: Reader = Reader { name: NAME, wants: |path| path == ROOT, when: When::Always, read };

fn read(file: &SourceFile, context: &Context<'_>) -> FileFacts {
    let parsed = yaml::parse(&file.text);
    let tree = Arc::new(parsed.tree);
    let mut reading: Reading<'_> = Reading::new(file, context);
    reading.facts.notices = parsed.errors.iter().map(|e| unparsable(file, e)).collect();
    let own = context.joined.wholes.iter().find(|w| w.root == file.path);
    if &*file.path == ROOT || context.joined.named {
        let config = Config::new(&file.path, &tree, own, context.copies);
        let children = jobs::lower(&config, &file.path, own, &mut reading);
        reading.facts.asked = Some(Asked { reader: NAME, parts: config.asked.clone(), others: children.unwrap_or_default() })
            .filter(|asked| !asked.parts.is_empty() || !asked.others.is_empty());
        tell(&config, &mut reading);
        refuse(&config, 0, &mut reading);
        if config.own().is_none() && !tree.is_empty() {
            reading.wrong(1, "a pipeline has keys at the top, and this has none");
        }
    }
    for whole in context.joined.wholes.iter().filter(|w| w.root != file.path) {
        if let Some(root) = whole.documents.get(&whole.root) {
            let config = Config::new(&whole.root, root, Some(whole), context.copies);
            let before = reading.facts.units.len();
            jobs::lower(&config, &whole.root, Some(whole), &mut reading);
            refuse(&config, before, &mut reading);
        }
    }
    reading.facts.tree = Some(tree);
    reading.facts
}

/// What of the configuration could not be followed.
fn tell(config: &Config<'_>, reading: &mut Reading<'_>) {
    if !config.complete {
        return;
    }
    let own = reading.file.path.clone();
    for include in config.elsewhere.iter().filter(|i| i.kind == IncludeKind::NotFollowed) {
        let line = if include.by == own { include.line } else { 1 };
        reading.notice(line, NoticeKind::NotFollowed, &include.what);
    }
    let unknown: BTreeSet<String> = config.unknown.borrow().clone();
    // what is included from elsewhere may define it
    let open = config.elsewhere.iter().any(|i| i.kind != IncludeKind::NotFollowed);
    for text in unknown {
        let text = if open { format!("{text}, unless what is included from elsewhere has it") } else { text };
        reading.notice(1, NoticeKind::NotFollowed, &text);
    }
    if config.is_full() {
        reading.notice(1, NoticeKind::TooLarge, "the pipeline's configuration is too large; the rest was not read");
    }
}

/// A configuration that names what is certainly not there is refused as a whole, so none of its jobs ever runs.
fn refuse(config: &Config<'_>, from: usize, reading: &mut Reading<'_>) {
    let Some(text) = config.unknown.borrow().iter().next().cloned() else { return };
    // what is included from elsewhere may define it
    let open = config.elsewhere.iter().any(|i| i.kind != IncludeKind::NotFollowed);
    if open || !config.complete || config.is_full() {
        return;
    }
    let jobs: Vec<(usize, u32)> = (reading.facts.units.iter().enumerate().skip(from))
        .filter(|(_, unit)| unit.kind == UnitKind::Job)
        .map(|(id, unit)| (id, unit.line))
        .collect();
    for (id, line) in jobs {
        reading.fact(id, line, FactKind::Guard(Guard::Never(format!("a pipeline that is refused: {text}"))));
    }
}

/// Files that a pipeline may name as children, of which it is known that they are there.
fn is_there(path: &str, whole: Option<&Whole>) -> bool {
    whole.is_some_and(|w| w.others.contains(path))
}
