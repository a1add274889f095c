//! What must hold of every repository, tried on repositories that are made by changing the stories of `fixtures/`.
//!
//! Chance chooses which stories are taken and what is done to them, and is always the same: each story has dice of its own,
//! thrown from its name, so that a story more or less changes nothing for the others. `TREERING_SEED=n` takes another
//! chance, `TREERING_STORIES=all` takes every story, `TREERING_STORIES=word` those with that word in their name. A failure
//! names story and change, which is all that is needed to do it again by hand.

mod scanning;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use scanning::dice::Dice;
use scanning::{bytes, copy};
use serde_json::Value;

/// Stories that are taken for one property.
const STORIES: usize = 24;
/// Changes that are tried on one story.
const CHANGES: usize = 4;

/// A story, and the dice for what is done to it.
struct Story {
    name: String,
    repo: PathBuf,
    dice: Dice,
}

/// The stories for a property, by name; those with a history of their own are left out, because a copy has none.
fn stories(salt: u64) -> Vec<Story> {
    let number = |name: &str| std::env::var(name).ok().and_then(|n| n.parse::<u64>().ok());
    let seed = number("TREERING_SEED").unwrap_or(7) * 16 + salt;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).expect("fixtures") {
        let path = entry.expect("an entry").path();
        let plain = fs::read_to_string(path.join("story.yaml")).is_ok_and(|text| !text.contains("\nhistory:"));
        if plain {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            let mut dice = Dice::new(name.bytes().fold(seed, |n, byte| (n ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3)));
            all.push((dice.below(usize::MAX), Story { name, repo: path.join("repo"), dice }));
        }
    }
    match std::env::var("TREERING_STORIES") {
        Ok(word) if word == "all" => {}
        Ok(word) => all.retain(|(_, story)| story.name.contains(&word)),
        Err(_) => {
            all.sort_by(|a, b| (a.0, &a.1.name).cmp(&(b.0, &b.1.name)));
            all.truncate(STORIES);
        }
    }
    let mut all: Vec<Story> = all.into_iter().map(|(_, story)| story).collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

/// How good a verdict is; none where it cannot be held against another.
fn rank(practice: &Value) -> Option<u8> {
    Some(match (practice["verdict"].as_str()?, practice["because"].as_str().unwrap_or("")) {
        ("met", _) => 9,
        ("indicated", "inferred") => 7,
        ("indicated", "weak") => 6,
        ("indicated", "assumed") => 5,
        ("indicated", "idle") => 4,
        ("indicated", _) => 3,
        ("not_shown", _) => 1,
        ("contradicted", _) => 0,
        _ => return None,
    })
}

/// A place that a chain passes.
type Place = (String, u64);

/// What a report says of each practice of each system.
struct Told {
    /// By the system's path and the practice's id; the path is left out where there is one system.
    practices: BTreeMap<(String, String), Value>,
}

fn told(repo: &Path) -> Told {
    let report = serde_json::to_value(scanning::report(repo, 1)).expect("plain data");
    let systems = report["systems"].as_array().cloned().unwrap_or_default();
    let alone = systems.len() == 1;
    let mut practices = BTreeMap::new();
    for system in &systems {
        let path = if alone { String::new() } else { system["path"].to_string() };
        for practice in system["practices"].as_array().into_iter().flatten() {
            practices.insert((path.clone(), practice["id"].as_str().unwrap_or_default().to_owned()), practice.clone());
        }
    }
    Told { practices }
}

fn chains(practice: &Value) -> Vec<Vec<Place>> {
    let hops = |chain: &Value| {
        let hop = |h: &Value| Some((h["path"].as_str()?.to_owned(), h["line"].as_u64()?));
        chain.as_array().into_iter().flatten().filter_map(hop).collect()
    };
    practice["chains"].as_array().into_iter().flatten().map(hops).collect()
}

fn says(practice: &Value) -> String {
    format!("{}{}", practice["verdict"], practice["because"].as_str().map(|b| format!(":{b}")).unwrap_or_default())
}

/// A copy of a story, changed.
fn changed(repo: &Path, change: impl FnOnce(&Path)) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    copy(repo, folder.path());
    change(folder.path());
    folder
}

fn none(wrong: &[String]) {
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// Files that have to do with nothing.
const UNRELATED: &[(&str, &str)] = &[
    ("notes/minutes.txt", "We met on a Tuesday and spoke about the chairs.\n"),
    ("assets/logo.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"><circle r=\"4\"/></svg>\n"),
    ("shared/colours.py", "def mix(one, other):\n    return (one + other) / 2\n"),
    ("scripts/rename_pictures.sh", "#!/bin/sh\nset -eu\nmv \"$1\" \"$2\"\n"),
    ("web/index.html", "<!doctype html><title>Hello</title>\n"),
    ("places.json", "{\"north\": [1, 2], \"south\": null}\n"),
    ("places.yaml", "north: [1, 2]\nsouth:\n"),
    ("places.toml", "[north]\nsize = 2\n"),
    (".editorconfig", "root = true\n[*]\nindent_size = 4\n"),
    ("LICENSE", "Do with it what you like.\n"),
    ("broken.yaml", "a: [\n  b\n"),
    ("broken.py", "def (:\n"),
    ("empty/__init__.py", ""),
];

#[test]
fn an_unrelated_file_lowers_nothing() {
    let mut wrong = Vec::new();
    for Story { name, repo, mut dice } in stories(1) {
        let before = told(&repo);
        for _ in 0..CHANGES / 2 {
            let (path, text) = UNRELATED[dice.below(UNRELATED.len())];
            if repo.join(path).exists() {
                continue;
            }
            let tree = changed(&repo, |tree| {
                let file = tree.join(path);
                fs::create_dir_all(file.parent().expect("a folder")).expect("folders");
                fs::write(file, text).expect("a file");
            });
            let after = told(tree.path());
            for (key, old) in &before.practices {
                let new = after.practices.get(key).unwrap_or(&Value::Null);
                if rank(new) < rank(old) {
                    wrong.push(format!("{name} with {path}: {key:?} was {} and is {}", says(old), says(new)));
                }
            }
        }
    }
    none(&wrong);
}

/// Practices whose answer may rise when something goes: they ask that every way passes a check, or that something is not
/// there, by themselves or through another practice.
fn may_rise() -> BTreeSet<String> {
    let mut parts: BTreeMap<String, (bool, Vec<String>)> = BTreeMap::new();
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/practices")).expect("practices") {
        let text = fs::read_to_string(entry.expect("an entry").path()).expect("a file");
        let rules: Vec<serde_yaml::Value> = serde_yaml::from_str(&text).expect("YAML");
        for rule in rules {
            let clauses = serde_json::to_value([&rule["met"], &rule["indicated"], &rule["contradicted"]]).expect("plain data");
            let mut open = vec![&clauses];
            let (mut negative, mut others) = (false, Vec::new());
            while let Some(value) = open.pop() {
                match value {
                    Value::Object(map) => {
                        negative |= map.contains_key("before") || map.contains_key("not");
                        let other = map.get("practice").and_then(Value::as_str);
                        others.extend(other.map(|id| id.split('[').next().unwrap_or(id).to_owned()));
                        open.extend(map.values());
                    }
                    Value::Array(list) => open.extend(list),
                    _ => {}
                }
            }
            negative |= !clauses[2].is_null();
            parts.insert(rule["id"].as_str().expect("an id").to_owned(), (negative, others));
        }
    }
    let mut rising: BTreeSet<String> = parts.iter().filter(|(_, (negative, _))| *negative).map(|(id, _)| id.clone()).collect();
    loop {
        let more: Vec<String> = parts
            .iter()
            .filter(|(id, (_, others))| !rising.contains(*id) && others.iter().any(|o| rising.contains(o)))
            .map(|(id, _)| id.clone())
            .collect();
        if more.is_empty() {
            return rising;
        }
        rising.extend(more);
    }
}

/// A line becomes a comment, with what is indented below it in YAML (the head of an item alone would join two items), or in
/// Python something that does nothing. None where the format has no comments, or the line is one already.
fn commented(path: &str, text: &str, line: u64) -> Option<String> {
    let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
    let at = usize::try_from(line).ok()?.checked_sub(1)?;
    let end = Path::new(path).extension().map(|e| e.to_string_lossy().into_owned()).unwrap_or_default();
    let deep = |line: &str| line.len() - line.trim_start().len();
    let head = lines.get(at).filter(|l| !l.trim_start().starts_with('#'))?.clone();
    let below = lines[at + 1..].iter().take_while(|l| l.trim().is_empty() || deep(l) > deep(&head)).count();
    let block = if matches!(&*end, "yml" | "yaml") { at..at + 1 + below } else { at..at + 1 };
    for old in &mut lines[block] {
        let trimmed = old.trim_start();
        let indent = &old[..old.len() - trimmed.len()];
        *old = match &*end {
            "json" | "ipynb" | "md" | "R" => return None,
            _ if trimmed.starts_with('#') => continue,
            "py" if trimmed.trim_end().ends_with(':') => format!("{indent}if False:"),
            "py" => format!("{indent}pass"),
            "groovy" | "nf" => format!("{indent}// {trimmed}"),
            _ if path.contains("Jenkinsfile") => format!("{indent}// {trimmed}"),
            _ => format!("{indent}# {trimmed}"),
        };
    }
    Some(lines.join("\n"))
}

/// Whether a line stands for all that begins there: a file, or a text in a document, that is run as a whole.
fn stands_for_all(repo: &Path, (path, line): &Place) -> bool {
    let text = fs::read_to_string(repo.join(path)).unwrap_or_default();
    let before = usize::try_from(*line).ok().and_then(|line| text.lines().nth(line.checked_sub(2)?));
    before.is_none_or(|before| before.trim_end().ends_with(['|', '>']) || before.trim_end().ends_with("|-"))
}

/// Stories whose chains pass a line that holds something back: the events that alone start a pipeline, the arguments of a
/// call, the person who promotes what a service could start as well. Without it more may happen, not less.
///
/// Likewise those in which a line is what tells that something does not count: what a job runs that is rolled out, what an
/// image is made of, what a model is. Without it nobody knows, and what may be is more than what is known not to be.
const HELD_BACK: &[&str] = &[
    "application-fits-when-it-starts",
    "drone-promote",
    "image-of-the-agent-pushed",
    "job-rolled-out-that-trains",
    "key-names-the-look",
    "no-clock-handed-to-an-own-function",
    "prow-by-hand",
    "semaphore-promoted-by-hand",
    "woodpecker-cron",
    "woodpecker-manual",
];

/// The places at which chains break off.
fn broken_at(told: &Told) -> BTreeSet<Place> {
    let broken = told.practices.values().filter(|p| p["because"] == "broken");
    let all = broken.flat_map(|p| p["chains"].as_array().into_iter().flatten());
    let first = all.filter_map(|chain| chain.as_array()?.iter().find(|hop| hop["strength"] == "broken"));
    first.filter_map(|hop| Some((hop["path"].as_str()?.to_owned(), hop["line"].as_u64()?))).collect()
}

#[test]
fn a_commented_edge_raises_nothing_and_is_gone() {
    let rising = may_rise();
    let mut wrong = Vec::new();
    for Story { name, repo, mut dice } in stories(2) {
        let before = told(&repo);
        let hops: BTreeSet<Place> = before
            .practices
            .values()
            .filter(|p| p["verdict"] == "met")
            .flat_map(chains)
            .flat_map(|c| c.into_iter())
            .filter(|h| h.1 > 0)
            .collect();
        let breaks = broken_at(&before);
        for (path, line) in dice.some(hops.into_iter().collect(), CHANGES) {
            // without the line that cannot work, what stands behind it works
            if breaks.contains(&(path.clone(), line)) {
                continue;
            }
            let Some(cut) = fs::read_to_string(repo.join(&path)).ok().and_then(|text| commented(&path, &text, line)) else {
                continue;
            };
            let tree = changed(&repo, |tree| fs::write(tree.join(&path), cut).expect("a file"));
            let after = told(tree.path());
            for (key, new) in &after.practices {
                let Some(old) = before.practices.get(key) else { continue };
                let (Some(was), Some(is)) = (rank(old), rank(new)) else { continue };
                if is > was && !rising.contains(&key.1) && !HELD_BACK.contains(&&*name) {
                    wrong.push(format!("{name} without {path}:{line}: {} was {} and is {}", key.1, says(old), says(new)));
                }
                let whole = stands_for_all(&repo, &(path.clone(), line));
                if !whole && new["verdict"] == "met" && chains(new).iter().flatten().any(|h| *h == (path.clone(), line)) {
                    wrong.push(format!("{name} without {path}:{line}: {} still passes there", key.1));
                }
            }
        }
    }
    none(&wrong);
}

/// Stories in which a service is asked for a pipeline by a name that no file here gives to a deployment.
const ASKED_BY_NAME: &[&str] = &["deployment-started-by-another-name"];

/// Whether a place enters a file by its name. Objects in documents may be joined by a name that stands in them instead (a
/// workflow by its `name`, a template that is submitted `--from` the cluster), a Makefile takes in what a pattern fits
/// (`include mk/*.mk`), and the files of a Terraform folder or a .NET project are one whatever they are called, as the
/// pipelines are that a folder is loaded with or that a service knows by name: then the name of the file is nobody's concern.
fn by_its_name(repo: &Path, place: &Place, path: &str) -> bool {
    let file = path.rsplit('/').next().unwrap_or(path);
    let text = fs::read_to_string(repo.join(&place.0)).unwrap_or_default();
    let line = usize::try_from(place.1).ok().and_then(|line| text.lines().nth(line.checked_sub(1)?));
    match file.rsplit_once('.') {
        Some((_, "yml" | "yaml")) => line.is_some_and(|line| line.contains(file) && !line.contains(" --from ")),
        // a warehouse knows its procedures by their names
        Some((_, "tf" | "cs" | "sql")) => false,
        Some((_, "py")) if path.starts_with("dags/") || line.is_some_and(|line| line.contains("PipelineName=")) => false,
        Some((_, "mk")) => fs::read_to_string(repo.join("Makefile")).is_ok_and(|text| !text.contains("*.mk")),
        _ => true,
    }
}

/// Files that a chain enters from another file, by what enters them.
fn entered(told: &Told) -> BTreeMap<String, BTreeSet<Place>> {
    let mut all: BTreeMap<String, BTreeSet<Place>> = BTreeMap::new();
    for chain in told.practices.values().flat_map(chains) {
        for pair in chain.windows(2) {
            if pair[0].0 != pair[1].0 {
                all.entry(pair[1].0.clone()).or_default().insert(pair[0].clone());
            }
        }
    }
    all
}

#[test]
fn a_renamed_file_cuts_what_led_to_it_and_nothing_else() {
    let rising = may_rise();
    let mut wrong = Vec::new();
    for Story { name, repo, mut dice } in stories(3) {
        let before = told(&repo);
        let targets: Vec<(String, BTreeSet<Place>)> = entered(&before).into_iter().collect();
        for (path, from) in dice.some(targets, CHANGES) {
            let renamed = match path.rsplit_once('/') {
                Some((folder, file)) => format!("{folder}/elsewhere_{file}"),
                None => format!("elsewhere_{path}"),
            };
            if !repo.join(&path).is_file() {
                continue;
            }
            let asked = ASKED_BY_NAME.contains(&&*name);
            let from: BTreeSet<Place> = from.into_iter().filter(|place| !asked && by_its_name(&repo, place, &path)).collect();
            let tree = changed(&repo, |tree| fs::rename(tree.join(&path), tree.join(&renamed)).expect("a new name"));
            let after = told(tree.path());
            for (key, new) in &after.practices {
                let old = before.practices.get(key).unwrap_or(&Value::Null);
                let follows = chains(new).iter().any(|c| c.windows(2).any(|p| from.contains(&p[0]) && p[1].0 == renamed));
                if follows {
                    wrong.push(format!("{name}, {path} renamed: {} still leads to it", key.1));
                }
                // what is broken may lie in the very file that goes
                let could_rise = old["because"] == "broken" || rank(old).is_none() || rising.contains(&key.1);
                let could_rise = could_rise || HELD_BACK.contains(&&*name);
                if rank(new) > rank(old) && !could_rise {
                    wrong.push(format!("{name}, {path} renamed: {} was {} and is {}", key.1, says(old), says(new)));
                }
            }
        }
    }
    none(&wrong);
}

/// Names that a Makefile gives to what has a recipe, with the lines of the recipe.
fn targets(text: &str) -> Vec<(usize, String, BTreeSet<u64>)> {
    let lines: Vec<&str> = text.split('\n').collect();
    let mut all = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some((name, _)) = line.split_once(':') else { continue };
        if name.is_empty() || line.contains('=') || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
            continue;
        }
        let recipe = lines[at + 1..].iter().take_while(|l| l.starts_with('\t')).count();
        all.push((at, name.to_owned(), (at + 2..at + 2 + recipe).map(|l| l as u64).collect()));
    }
    all
}

#[test]
fn a_renamed_target_cuts_its_chains_alone() {
    let mut wrong = Vec::new();
    let with_makefile = stories(4).into_iter().filter(|story| story.repo.join("Makefile").is_file());
    for Story { name, repo, mut dice } in with_makefile {
        let text = fs::read_to_string(repo.join("Makefile")).expect("the Makefile");
        let before = told(&repo);
        for (at, target, recipe) in dice.some(targets(&text), CHANGES) {
            let lines: Vec<String> = text
                .split('\n')
                .enumerate()
                .map(|(i, l)| if i == at { l.replacen(&target, "elsewhere", 1) } else { l.to_owned() })
                .collect();
            let tree = changed(&repo, |tree| fs::write(tree.join("Makefile"), lines.join("\n")).expect("a file"));
            let after = told(tree.path());
            let passes = |p: &Value| chains(p).iter().flatten().any(|(path, line)| path == "Makefile" && recipe.contains(line));
            // a person calls a target by whatever name it has
            let leads_there = |p: &Value| {
                let led = chains(p).into_iter().filter(|c| c.first().is_some_and(|(path, _)| path != "Makefile"));
                led.flatten().any(|(path, line)| path == "Makefile" && recipe.contains(&line))
            };
            let named =
                text.split('\n').next().is_some_and(|_| target == "all") || targets(&text).first().is_some_and(|t| t.1 == target);
            for (key, old) in &before.practices {
                let new = after.practices.get(key).unwrap_or(&Value::Null);
                // the first target is run under any name where make is called without one
                if new["verdict"] == "met" && leads_there(new) && !named {
                    wrong.push(format!("{name}, target {target} renamed: {} still runs it", key.1));
                }
                let own = !chains(old).is_empty() && !passes(old) && before.practices.values().all(|p| !passes(p));
                if own && rank(new) < rank(old) {
                    wrong.push(format!("{name}, target {target} renamed: {} was {} and is {}", key.1, says(old), says(new)));
                }
            }
        }
    }
    none(&wrong);
}

#[test]
fn one_thread_and_four_say_the_same() {
    for Story { name, repo, .. } in stories(5).into_iter().take(STORIES / 2) {
        assert!(bytes(&repo, 1) == bytes(&repo, 4), "{name}: the number of threads shows");
    }
}
