//! The law of imports and the boundaries that keep a scan safe, held as tests over the source itself.
//!
//! Each guard is a function from sources to complaints, so that the last test can show every one of them a source that
//! is wrong: a guard that cannot fail guards nothing.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

#[path = "architecture/code.rs"]
mod code;

use code::{Source, declared, home, paths, source, sources};

/// A module may import only from modules to its left.
const ROOMS: &[&str] = &[
    "error",
    "source",
    "words",
    "syntax",
    "rules",
    "settings",
    "git",
    "walk",
    "history",
    "fact",
    "scope",
    "resolve",
    "facts",
    "signals",
    "verdict",
    "graph",
    "subject",
    "practices",
    "maturity",
    "report",
    "render",
    "gate",
    "lib",
];

/// Rooms that keep to fewer: readers of formats know nothing of this field, and words for people see the report alone.
const STRICT: &[(&str, &[&str])] = &[
    ("syntax", &["error", "source"]),
    ("rules", &["error", "source", "words", "syntax"]),
    ("walk", &["error", "source", "words", "git"]),
    ("history", &["error", "source", "words", "git"]),
    ("render", &["report"]),
    ("gate", &["error", "rules", "report", "render"]),
];

/// What may be named, and where, by the beginning of the path.
const NAMED_ONLY_IN: &[(&str, &[&str])] = &[
    ("std::process", &["bin/"]),
    ("std::net", &[]),
    ("std::env", &["bin/"]),
    ("std::time::Instant", &["bin/"]),
    ("std::time::SystemTime", &["git/"]), // takes the times of files apart; nobody asks what time it is
    ("SystemTime::now", &[]),
    ("Instant::now", &["bin/"]),
    ("std::fs", &["bin/", "walk/", "git/", "rules/"]),
    ("File::open", &["bin/", "walk/", "git/", "rules/"]),
    ("walkdir", &["rules/"]),
    ("git2", &["git/"]),
    ("ruff_python_parser", &["syntax/python/"]),
    ("ruff_python_ast", &["syntax/python/"]),
    ("ruff_text_size", &["syntax/python/"]),
    ("tree_sitter", &["syntax/shell/"]),
    ("granit_parser", &["syntax/"]),
    ("hcl_edit", &["syntax/"]),
    ("rayon", &["facts/", "resolve/program.rs", "signals/find.rs", "lib.rs"]),
    ("clap", &["bin/"]),
    ("anyhow", &["bin/"]),
    ("indicatif", &["bin/"]),
];

/// The same for what is no path: macros and methods.
const SAID_ONLY_IN: &[(&str, &[&str])] = &[
    ("println!", &["bin/"]),
    ("eprintln!", &["bin/"]),
    ("dbg!", &[]),
    ("todo!", &[]),
    ("unimplemented!", &[]),
    ("unsafe ", &[]),
    (".read_dir()", &["bin/", "walk/", "git/", "rules/"]),
    (".canonicalize()", &["bin/", "walk/", "git/", "rules/"]),
    (".exists()", &["bin/", "walk/", "git/", "rules/"]),
    (".is_file()", &["bin/", "walk/", "git/", "rules/"]),
    (".is_dir()", &["bin/", "walk/", "git/", "rules/"]),
];

/// Names that belong into `rules/` or a reader; a few stand for all.
const BRANDS: &[&str] = &[
    "mlflow",
    "wandb",
    "sklearn",
    "airflow",
    "kubeflow",
    "sagemaker",
    "evidently",
    "lightgbm",
    "torch",
    "github",
    "gitlab",
    "jenkins",
];
/// Rooms that could not tell one tool from another.
const BRANDLESS: &[&str] = &["graph", "subject", "practices", "maturity", "report", "gate"];
/// What hides secrets knows their forms, and those begin with the name of who issued them.
const BRANDED: &[&str] = &["report/redact.rs"];

/// Lines a file may have; at 600 it is time to talk about it.
const LONGEST: usize = 800;

/// The room a file of `src/` stands in; none for the binary.
fn room(name: &str) -> Option<&str> {
    let first = name.split('/').next().unwrap_or(name);
    (first != "bin").then(|| first.trim_end_matches(".rs"))
}

/// The room that a path in this file leads to, `lib` for what stands in the crate's front page; none for other crates.
fn target(name: &str, path: &str) -> Option<String> {
    let mut parts = path.split("::").peekable();
    let mut at: Vec<String> = home(name).split('/').filter(|m| !m.is_empty()).map(str::to_owned).collect();
    match parts.next()? {
        "crate" => at.clear(),
        "super" => {
            at.pop();
            while parts.next_if_eq(&"super").is_some() {
                at.pop();
            }
        }
        _ => return None,
    }
    let first = at.into_iter().next().or_else(|| parts.next().map(str::to_owned))?;
    Some(if ROOMS.contains(&first.as_str()) { first } else { "lib".to_owned() })
}

fn wrong_imports(files: &[Source]) -> Vec<String> {
    let rank = |room: &str| ROOMS.iter().position(|r| *r == room);
    let mut wrong = Vec::new();
    for file in files {
        let Some(own) = room(&file.name) else { continue };
        let Some(own_rank) = rank(own) else {
            wrong.push(format!("src/{}: `{own}` is no room; add it to ROOMS and to ARCHITECTURE.md", file.name));
            continue;
        };
        for (line, path) in paths(&file.code) {
            let Some(used) = target(&file.name, &path) else { continue };
            let strict = STRICT.iter().find(|(room, _)| *room == own);
            if rank(&used).is_some_and(|r| r > own_rank) {
                wrong.push(format!("src/{}:{line}: `{own}` imports from `{used}`, which comes after it ({path})", file.name));
            } else if let Some((_, allowed)) = strict.filter(|(_, allowed)| used != own && !allowed.contains(&used.as_str())) {
                wrong.push(format!(
                    "src/{}:{line}: `{own}` may import only from {allowed:?}, not from `{used}` ({path})",
                    file.name
                ));
            }
        }
    }
    wrong
}

fn crossed_boundaries(files: &[Source]) -> Vec<String> {
    let may = |name: &str, allowed: &[&str]| allowed.iter().any(|a| name.starts_with(a));
    let mut wrong = Vec::new();
    for file in files {
        for (line, path) in paths(&file.code) {
            for (named, allowed) in NAMED_ONLY_IN.iter().filter(|(named, _)| begins(&path, named)) {
                if !may(&file.name, allowed) {
                    wrong.push(format!("src/{}:{line}: `{named}` may be named only in {allowed:?}", file.name));
                }
            }
        }
        for (number, row) in file.code.lines().enumerate() {
            for (said, allowed) in SAID_ONLY_IN.iter().filter(|(said, _)| row.contains(said)) {
                if !may(&file.name, allowed) {
                    wrong.push(format!("src/{}:{}: `{said}` may stand only in {allowed:?}", file.name, number + 1));
                }
            }
        }
    }
    wrong
}

fn begins(path: &str, with: &str) -> bool {
    path.strip_prefix(with).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

fn brands(files: &[Source]) -> Vec<String> {
    let mut wrong = Vec::new();
    for file in
        files.iter().filter(|f| room(&f.name).is_some_and(|r| BRANDLESS.contains(&r)) && !BRANDED.contains(&f.name.as_str()))
    {
        for (number, row) in file.said.lines().enumerate() {
            if let Some(brand) = BRANDS.iter().find(|b| row.to_lowercase().contains(**b)) {
                wrong.push(format!("src/{}:{}: names `{brand}`; that belongs into rules/ or a reader", file.name, number + 1));
            }
        }
    }
    wrong
}

/// Files that no module declares, and readers that no table lists: rustc says nothing of the first.
fn forgotten(files: &[Source]) -> Vec<String> {
    let mut wrong = Vec::new();
    for file in files {
        let place = home(&file.name);
        if place.is_empty() || matches!(file.name.as_str(), "bin/treering/main.rs") {
            continue;
        }
        let (folder, module) = place.rsplit_once('/').unwrap_or(("", &place));
        let door = files.iter().find(|f| f.name != file.name && home(&f.name) == folder);
        if !door.is_some_and(|d| declared(&d.code).iter().any(|m| m == module)) {
            wrong.push(format!("src/{}: no `mod {module};` in the module above it", file.name));
        }
        for constant in file.code.lines().filter(|l| l.contains(": Reader =")) {
            let constant = constant.split("const ").nth(1).and_then(|c| c.split(':').next()).unwrap_or("");
            if !door.is_some_and(|d| d.code.contains(&format!("{module}::{constant}"))) {
                wrong.push(format!("src/{}: {module}::{constant} is listed nowhere", file.name));
            }
        }
    }
    wrong
}

fn too_long(files: &[Source]) -> Vec<String> {
    let long = files.iter().map(|f| (f.text.lines().count(), &f.name)).filter(|(lines, _)| *lines > LONGEST);
    long.map(|(lines, name)| format!("src/{name} has {lines} lines; split it before {LONGEST}")).collect()
}

/// Places in the project that a document names in backticks and that are not there.
fn dead_places(document: &str, text: &str, there: &dyn Fn(&str) -> bool) -> Vec<String> {
    let ours =
        |place: &str| ["src/", "rules/", "tests/", "fixtures/", "schemas/", ".ci/"].iter().any(|top| place.starts_with(top));
    let open = |place: &str| place.contains(['<', '*', ' ', '{']);
    let quoted = text.split('`').skip(1).step_by(2);
    quoted.filter(|p| ours(p) && !open(p) && !there(p)).map(|p| format!("{document} names {p}, which is not there")).collect()
}

fn document(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

#[track_caller]
fn none(wrong: &[String]) {
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn imports_point_one_way() {
    none(&wrong_imports(&sources()));
}

#[test]
fn boundaries_are_kept() {
    none(&crossed_boundaries(&sources()));
}

#[test]
fn tools_are_named_in_rules_and_readers() {
    none(&brands(&sources()));
}

#[test]
fn no_file_is_forgotten() {
    none(&forgotten(&sources()));
}

#[test]
fn files_can_be_held_in_the_head() {
    let files = sources();
    for file in files.iter().filter(|f| f.text.lines().count() > 600) {
        println!("src/{} has {} lines", file.name, file.text.lines().count());
    }
    none(&too_long(&files));
}

#[test]
fn documents_are_true_of_the_source() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let wrong: Vec<String> = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"]
        .iter()
        .flat_map(|name| dead_places(name, &document(name), &|place| root.join(place).exists()))
        .collect();
    none(&wrong);
    let law = ROOMS.join(" · ");
    let page = document("ARCHITECTURE.md").split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(page.contains(&format!("{law} · bin")), "ARCHITECTURE.md states another law than ROOMS");
    let rooms: BTreeSet<&str> = ROOMS.iter().copied().filter(|r| *r != "lib").collect();
    let front = sources().into_iter().find(|f| f.name == "lib.rs").expect("the front page");
    let modules = declared(&front.code);
    assert_eq!(modules.iter().map(String::as_str).collect::<BTreeSet<_>>(), rooms, "lib.rs declares other rooms than ROOMS");
}

#[test]
fn every_guard_can_fail() {
    let one = |name: &str, text: &str| [source(name, text)];
    for (name, text) in [
        ("facts/ci/a.rs", "use crate::graph::Graph;"),
        ("facts/ci/a.rs", "use crate::{\n    fact::Fact,\n    report::{Report, model},\n};"),
        ("fact.rs", "fn f() { super::render::write() }"),
        ("facts/ci/a.rs", "use super::super::super::signals::Signals;"),
        ("syntax/a.rs", "use crate::words::Operation;"),
        ("render/a.rs", "use crate::maturity::Level;"),
        ("walk/a.rs", "use crate::Error;"),
        ("attic/a.rs", ""),
    ] {
        assert!(!wrong_imports(&one(name, text)).is_empty(), "{name}: {text}");
    }
    for (name, text) in [
        ("facts/ci/a.rs", "use crate::{fact::Fact, resolve};\nuse super::super::Reader;"),
        ("facts/a.rs", "// crate::graph\n#[cfg(test)]\nmod tests { use crate::graph::Graph; }"),
        ("bin/treering/a.rs", "use crate::args::Args;"),
    ] {
        none(&wrong_imports(&one(name, text)));
    }
    for (name, text) in [
        ("signals/a.rs", "use std::{fmt, fs};"),
        ("walk/a.rs", "std::process::Command::new(\"git\");"),
        ("git/a.rs", "use std::time::SystemTime;\nlet now = SystemTime::now();"),
        ("history.rs", "use git2::Oid;"),
        ("facts/a.rs", "println!(\"\");"),
        ("resolve/a.rs", "if path.exists() {}"),
    ] {
        assert!(!crossed_boundaries(&one(name, text)).is_empty(), "{name}: {text}");
    }
    none(&crossed_boundaries(&one("signals/a.rs", "let text = \"std::fs git2::x\"; // std::net::x")));
    assert!(!brands(&one("graph/a.rs", "const X: &str = \"MLflow\";")).is_empty());
    none(&brands(&one("graph/a.rs", "// mlflow is a tool")));
    let door = || source("facts/ci/mod.rs", "mod a;\nconst ALL: &[Reader] = &[a::ONE];");
    let listed = forgotten(&[door(), source("facts/ci/a.rs", "pub const ONE: Reader = x;")]);
    assert!(listed.iter().all(|l| !l.contains("ci/a.rs")), "{listed:?}");
    assert!(forgotten(&[door(), source("facts/ci/b.rs", "")]).iter().any(|l| l.contains("ci/b.rs")));
    assert!(forgotten(&[door(), source("facts/ci/a.rs", "pub const TWO: Reader = x;")]).iter().any(|l| l.contains("a::TWO")));
    assert!(!too_long(&one("a.rs", &"\n".repeat(LONGEST + 1))).is_empty());
    assert_eq!(dead_places("X.md", "see `src/gone.rs` and `src/<area>/x.rs`", &|_| false).len(), 1);
}
