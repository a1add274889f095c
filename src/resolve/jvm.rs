//! Tools of the Java world: the class that `spark-submit`, Maven or sbt is told to begin with, as the source file that its
//! package says. A build file that names it is not read, so what is not told leads nowhere.

use super::{Invocation, Lead, Run, Target, View};
use crate::source::RepoPath;
use crate::syntax::shell::Word;
use crate::words::{EdgeKind, Strength};

/// `mvn exec:java -Dexec.mainClass=a.b.Fit`.
pub(super) fn maven(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    let words = || invocation.arguments().iter().map(|w| w.text.as_str());
    let runs =
        words().any(|word| word == "exec:java" || word.starts_with("exec:java@") || word.ends_with(":exec-maven-plugin:java"));
    let named = words().find_map(|word| word.strip_prefix("-Dexec.mainClass=")).filter(|_| runs);
    named.map(|name| class(name, view)).unwrap_or_default()
}

/// `sbt "runMain a.b.Fit rows"`, also with the name of a part in front (`fit/runMain`) and among other tasks.
pub(super) fn sbt(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    let words = invocation.arguments().iter().flat_map(|w| w.text.split(';')).map(str::trim);
    let told = |task: &str| {
        let mut words = task.split_whitespace();
        let runs = words.next().is_some_and(|first| matches!(first.rsplit(['/', ':']).next(), Some("runMain" | "run-main")));
        words.next().filter(|_| runs).map(str::to_owned)
    };
    words.filter_map(told).flat_map(|name| class(&name, view)).collect()
}

/// The class that an archive is told to begin with.
pub(super) fn of_archive(options: &[Word], view: &View<'_>) -> Vec<Lead> {
    let named = options.iter().zip(options.iter().skip(1)).find(|(option, _)| option.text == "--class").map(|(_, w)| &*w.text);
    let named = named.or_else(|| options.iter().find_map(|w| w.text.strip_prefix("--class=")));
    named.map(|name| class(name, view)).unwrap_or_default()
}

/// The one source file of a class, as its package says where it lies.
fn class(named: &str, view: &View<'_>) -> Vec<Lead> {
    if !named.contains('.') || named.contains(['$', '/']) {
        return Vec::new();
    }
    let inside = named.replace('.', "/");
    let mut found: Vec<RepoPath> = Vec::new();
    for suffix in ["scala", "java", "kt"] {
        let path = format!("{inside}.{suffix}");
        let tail = format!("/{path}");
        let entries = view.inventory.named(crate::source::file_name(&path)).map(|entry| &entry.path);
        found.extend(entries.filter(|at| ***at == *path || at.ends_with(&tail)).cloned());
    }
    match found.as_slice() {
        [path] => {
            let (to, what) = (Target::File { path: path.clone(), run: Run::Script }, format!("class {named}"));
            vec![Lead { to, edge: EdgeKind::Invokes, strength: Strength::Inferred, what }]
        }
        _ => Vec::new(),
    }
}
