//! `dotnet run`: the project that is built and started.
//!
//! Which method of a project is its start is told by its code, which has no reader; by custom it stands in `Program.cs`,
//! or in the only file there is, and less surely in the file that is called as the project is. What other files of the
//! project do is not followed. Bounded by the files of one folder.

use super::{Invocation, Lead, Located, Run, Target, View, launch};
use crate::source::{self, RepoPath};
use crate::words::{EdgeKind, Strength};

/// Options of `dotnet run` whose value is the next word.
const VALUED: &[&str] = &[
    "-c",
    "--configuration",
    "-f",
    "--framework",
    "-r",
    "--runtime",
    "-a",
    "--arch",
    "--os",
    "-v",
    "--verbosity",
    "-lp",
    "--launch-profile",
    "-e",
    "--environment",
    "--artifacts-path",
];

/// What is built and run.
pub(super) fn follow(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    let words: Vec<&str> = invocation.arguments().iter().map(|w| w.text.as_str()).collect();
    let Some(("run", words)) = words.split_first().map(|(first, rest)| (*first, rest)) else { return Vec::new() };
    let words = words.split(|w| *w == "--").next().unwrap_or_default();
    let mut named: Option<&str> = None;
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let value = words.get(at + 1).copied();
        at += match (*word, word.split_once('=')) {
            ("--project" | "-p" | "--file", _) => {
                named = value.or(named);
                2
            }
            (_, Some(("--project" | "--file", value))) => {
                named = Some(value);
                1
            }
            (option, _) if VALUED.contains(&option) => 2,
            // a program of one file
            (file, _) if named.is_none() && at == 0 && file.ends_with(".cs") => {
                named = Some(file);
                1
            }
            _ => 1,
        };
    }
    let folder = match named {
        None => invocation.dir().map(|dir| dir.to_owned()),
        // a path as this system writes it
        Some(named) => match invocation.locate(&named.replace('\\', "/"), view) {
            Located::Found(path, _) if path.ends_with(".cs") => return vec![lead(&path, named, Strength::Resolved)],
            Located::Found(path, _) if view.inventory.contains(&path) => Some(source::folder(&path).to_owned()),
            Located::Found(path, _) => Some(path.to_string()),
            Located::Missing(path) if launch::certain(invocation, &path, view) => {
                let what = format!("`{path}` is not there");
                let to = Target::Missing { path, what };
                return vec![Lead { to, edge: EdgeKind::Invokes, strength: Strength::Broken, what: named.to_owned() }];
            }
            Located::Missing(_) | Located::Unknown => None,
        },
    };
    let start = folder.and_then(|folder| start(&folder, view));
    start.map(|(path, strength)| lead(&path, named.unwrap_or("dotnet run"), strength)).into_iter().collect()
}

fn lead(path: &RepoPath, what: &str, strength: Strength) -> Lead {
    let to = Target::File { path: path.clone(), run: Run::Script };
    Lead { to, edge: EdgeKind::Invokes, strength, what: what.to_owned() }
}

/// Where a project starts, by custom, and how sure that is.
fn start(folder: &str, view: &View<'_>) -> Option<(RepoPath, Strength)> {
    let all = || view.inventory.below(folder).iter().map(|entry| &entry.path);
    let mut code = all().filter(|path| path.ends_with(".cs"));
    let here = |name: &str| source::join(folder, name).and_then(|path| all().find(|p| ***p == *path)).cloned();
    let mut projects = all().filter_map(|path| source::file_name(path).strip_suffix(".csproj"));
    let program = here("Program.cs").or_else(|| code.next().filter(|_| code.next().is_none()).cloned());
    let mut named_alike = || here(&format!("{}.cs", projects.next()?));
    program.map(|path| (path, Strength::Resolved)).or_else(|| Some((named_alike()?, Strength::Inferred)))
}
