//! The law of imports and the boundaries that keep a scan safe, held as tests over the source itself.

use std::fs;
use std::path::{Path, PathBuf};

/// A module may import only from modules to its left.
const ROOMS: &[&str] = &[
    "error", "source", "words", "syntax", "rules", "git", "walk", "history", "fact", "scope", "resolve", "facts", "signals", "verdict",
    "graph", "subject", "practices", "maturity", "report", "render", "lib",
];

fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("src can be listed") {
            let path: PathBuf = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let name = path.strip_prefix(&root).expect("below src").to_string_lossy().replace('\\', "/");
                files.push((name, fs::read_to_string(&path).expect("source text")));
            }
        }
    }
    files.sort();
    files
}

/// The room a file of `src/` stands in; none for the binary.
fn room(name: &str) -> Option<&str> {
    let first = name.split('/').next().unwrap_or(name);
    (first != "bin").then(|| first.trim_end_matches(".rs"))
}

/// Lines of code with their numbers: comments, and what stands under `#[cfg(test)]`, left out.
fn code(text: &str) -> Vec<(usize, &str)> {
    let end = text.find("#[cfg(test)]").unwrap_or(text.len());
    text[..end].lines().enumerate().map(|(n, l)| (n + 1, l)).filter(|(_, l)| !l.trim_start().starts_with("//")).collect()
}

#[test]
fn imports_point_one_way() {
    let rank = |room: &str| ROOMS.iter().position(|r| *r == room);
    let mut wrong = Vec::new();
    for (name, text) in sources() {
        let Some(own) = room(&name) else { continue };
        let Some(own_rank) = rank(own) else {
            wrong.push(format!("src/{name}: `{own}` is no room; add it to ROOMS and to ARCHITECTURE.md"));
            continue;
        };
        for (line, row) in code(&text) {
            for used in row.split("crate::").skip(1) {
                let target: String = used.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
                if rank(&target).is_some_and(|r| r > own_rank) {
                    wrong.push(format!("src/{name}:{line}: `{own}` imports from `{target}`, which comes after it"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Where each of these words may stand.
const BOUNDARIES: &[(&str, &[&str])] = &[
    ("std::process", &["bin/"]),
    ("std::net", &[]),
    ("SystemTime", &["bin/", "git/"]),
    ("Instant::now", &["bin/"]),
    ("std::env::", &["bin/"]),
    ("std::fs", &["bin/", "walk/", "git/", "rules/"]),
    ("File::open", &["bin/", "walk/", "git/", "rules/"]),
    ("git2::", &["git/"]),
    ("ruff_python", &["syntax/python/"]),
    ("tree_sitter", &["syntax/shell"]),
    ("granit_parser", &["syntax/"]),
    ("println!", &["bin/"]),
    ("todo!", &[]),
    ("unimplemented!", &[]),
];

#[test]
fn boundaries_are_kept() {
    let mut wrong = Vec::new();
    for (name, text) in sources().iter().filter(|(n, _)| !n.contains("tests") && !n.contains("made.rs")) {
        for (line, row) in code(text) {
            for (word, allowed) in BOUNDARIES {
                if row.contains(word) && !allowed.iter().any(|a| name.starts_with(a)) {
                    wrong.push(format!("src/{name}:{line}: `{word}` may stand only in {allowed:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn tools_are_named_in_rules_only() {
    const BRANDS: &[&str] = &["mlflow", "wandb", "sklearn", "airflow", "kubeflow", "sagemaker", "evidently", "lightgbm", "torch"];
    let mut wrong = Vec::new();
    for (name, text) in sources() {
        let judged = ["graph/", "practices/", "maturity/", "subject/", "report/"].iter().any(|room| name.starts_with(room));
        if !judged || name.contains("tests") {
            continue;
        }
        for (line, row) in code(&text) {
            if let Some(brand) = BRANDS.iter().find(|b| row.to_lowercase().contains(**b)) {
                wrong.push(format!("src/{name}:{line}: names `{brand}`; that belongs into rules/"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_reader_is_listed() {
    let files = sources();
    let mut wrong = Vec::new();
    for folder in ["facts/ci", "facts/code", "facts/deploy", "facts/packages", "facts/runners"] {
        let (_, door) = files.iter().find(|(n, _)| *n == format!("{folder}/mod.rs")).expect("a door");
        for (name, text) in &files {
            let Some(inside) = name.strip_prefix(&format!("{folder}/")).filter(|i| !i.contains('/') && *i != "mod.rs") else { continue };
            let module = inside.trim_end_matches(".rs");
            for constant in text.lines().filter(|l| l.contains(": Reader =")) {
                let constant = constant.split("const ").nth(1).and_then(|c| c.split(':').next()).unwrap_or("");
                if !door.contains(&format!("{module}::{constant}")) {
                    wrong.push(format!("src/{folder}/mod.rs does not list {module}::{constant}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
