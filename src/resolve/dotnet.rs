//! `dotnet run`: the project that is built and started.
//!
//! Which method of a project is its start is told by its code, which has no reader; by custom it stands in `Program.cs`,
//! or in the only file there is. What other files of the project do is not followed. Bounded by the files of one folder.

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
            Located::Found(path, _) if path.ends_with(".cs") => return vec![lead(&path, named)],
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
    start.map(|path| lead(&path, named.unwrap_or("dotnet run"))).into_iter().collect()
}

fn lead(path: &RepoPath, what: &str) -> Lead {
    let to = Target::File { path: path.clone(), run: Run::Script };
    Lead { to, edge: EdgeKind::Invokes, strength: Strength::Resolved, what: what.to_owned() }
}

/// Where a project starts, by custom.
fn start(folder: &str, view: &View<'_>) -> Option<RepoPath> {
    let mut code = view.inventory.below(folder).iter().map(|entry| &entry.path).filter(|path| path.ends_with(".cs"));
    let mut here = code.clone().filter(|path| source::folder(path) == folder.trim_end_matches('/'));
    let only = code.next().filter(|_| code.next().is_none());
    here.find(|path| source::file_name(path) == "Program.cs").or(only).cloned()
}
