//! Whatever a repository holds, a scan ends, tells what it could not read, and says the same twice.
//!
//! `seeds.rs` has one small file for every reader, `damage.rs` what can happen to any file, `scenes.rs` trees made to be
//! awkward as a whole, `covered.rs` which input that has broken a scanner of this kind is tried where. Every tree is made
//! by chance that is always the same; it lies in Cargo's folder for test data while it is scanned and stays there where
//! the scan fails, so that it can be scanned again by hand.
//! `TREERING_HOSTILE=word` tries only the seeds and scenes with that word in their name;
//! `TREERING_HOSTILE_KEEP=1` makes the trees and leaves them there unscanned, for a release build or a profiler;
//! `TREERING_HOSTILE_MOST=n` does more to each seed.

#[path = "hostile/automation.rs"]
mod automation;
#[path = "architecture/code.rs"]
#[allow(dead_code)]
mod code;
#[path = "hostile/covered.rs"]
mod covered;
#[path = "hostile/damage.rs"]
mod damage;
mod scanning;
#[path = "hostile/scenes.rs"]
mod scenes;
#[path = "hostile/seeds.rs"]
mod seeds;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use scanning::dice::Dice;
use seeds::{SEEDS, Seed};

/// When a scan is given up. Work is bounded by counts, so whoever takes that long on the busiest machine does not end.
const PATIENCE: Duration = Duration::from_secs(240);

/// A fresh folder for a tree.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("hostile").join(name.replace("::", "-").replace('/', "-"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder for a tree");
    folder
}

fn write(root: &Path, path: &str, bytes: &[u8]) {
    let file = root.join(path);
    fs::create_dir_all(file.parent().expect("a folder")).expect("folders");
    fs::write(file, bytes).expect("a file");
}

fn is_asked(name: &str) -> bool {
    std::env::var("TREERING_HOSTILE").map_or(true, |word| name.contains(&word))
}

/// Scans a tree twice, in one thread and in two, and gives what must not be: no end, a defect, two answers. The tree goes
/// where all is well.
fn tried(name: &str, root: &Path, told: &dyn Fn(&str) -> String) -> Vec<String> {
    let mut wrong = Vec::new();
    if std::env::var_os("TREERING_HOSTILE_KEEP").is_some() {
        return wrong;
    }
    let mut seen: Vec<Vec<u8>> = Vec::new();
    let began = std::time::Instant::now();
    for threads in [1, 2] {
        let (send, receive) = mpsc::channel();
        let tree = root.to_owned();
        std::thread::spawn(move || send.send(scanning::bytes(&tree, threads)));
        match receive.recv_timeout(PATIENCE) {
            Ok(bytes) => seen.push(bytes),
            Err(mpsc::RecvTimeoutError::Timeout) => wrong.push(format!("{name}: no end in sight")),
            Err(mpsc::RecvTimeoutError::Disconnected) => wrong.push(format!("{name}: a panic")),
        }
        if !wrong.is_empty() {
            break;
        }
    }
    eprintln!("{name}: {:.1} s", began.elapsed().as_secs_f32());
    if seen.len() == 2 && seen[0] != seen[1] {
        wrong.push(format!("{name}: the number of threads shows"));
    }
    let report: serde_json::Value = seen.first().and_then(|b| serde_json::from_slice(b).ok()).unwrap_or_default();
    for notice in report["notices"].as_array().into_iter().flatten().filter(|n| n["kind"] == "defect") {
        let path = notice["path"].as_str().unwrap_or_default();
        wrong.push(format!("{name}: {path} ({}): {}", told(path), notice["text"]));
    }
    if wrong.is_empty() {
        let _ = fs::remove_dir_all(root);
    }
    wrong
}

fn none(wrong: &[String]) {
    assert!(
        wrong.is_empty(),
        "{} wrong; the trees are below {}:\n{}",
        wrong.len(),
        env!("CARGO_TARGET_TMPDIR"),
        wrong.join("\n")
    );
}

/// Writes the files of one seed: the whole one as case 1, then the damaged; and their lead. What was done is told by path.
fn plant(root: &Path, seed: &Seed, cases: &[(String, Vec<u8>)]) -> BTreeMap<String, String> {
    let mut told = BTreeMap::new();
    let mut lead = String::new();
    let whole = ("whole".to_owned(), seed.text.as_bytes().to_vec());
    for (number, (what, bytes)) in std::iter::once(&whole).chain(cases).enumerate() {
        let number = (number + 1).to_string();
        let path = seed.place.replace('@', &number);
        write(root, &path, bytes);
        told.insert(path, what.clone());
        lead.push_str(&seed.lead.1.replace('@', &number));
        lead.push('\n');
    }
    if !seed.lead.0.is_empty() {
        write(root, seed.lead.0, format!("{}{lead}", seeds::head(seed.lead.0)).as_bytes());
    }
    told
}

/// The readers that the tables of `src/facts` name, the formats that are kept as documents, the orchestrators of the rules.
fn readers() -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for source in code::sources() {
        if source.name == "facts/document.rs" {
            let formats = source.code.split(" => ").filter_map(|before| before.rsplit_once("Format::"));
            all.extend(
                formats
                    .map(|(_, name)| name)
                    .filter(|name| name.bytes().all(|b| b.is_ascii_alphabetic()))
                    .map(|name| format!("document::{name}")),
            );
        }
        let Some(room) = source.name.strip_prefix("facts/").and_then(|n| n.strip_suffix("mod.rs")) else { continue };
        let room = room.trim_end_matches('/');
        // however its lines are broken
        let tables = source.code.split_once("const ALL: &[Reader] =").and_then(|(_, rest)| rest.split_once("&["));
        if let Some((_, table)) = tables {
            let names = table.split(']').next().unwrap_or_default().split(',').map(str::trim).filter(|n| !n.is_empty());
            all.extend(names.map(|name| format!("{room}::{name}")));
        }
    }
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/orchestrators");
    for entry in fs::read_dir(rules).expect("rules of orchestrators") {
        let path = entry.expect("an entry").path();
        all.insert(format!("orchestrators::{}", path.file_stem().expect("a name").to_string_lossy()));
    }
    all
}

#[test]
fn every_reader_has_a_seed_that_it_reads() {
    let planted: BTreeSet<String> = SEEDS.iter().map(|s| s.of.split('/').next().unwrap_or(s.of).to_owned()).collect();
    let readers = readers();
    assert!(readers.len() > 25, "the tables of src/facts are not found: {readers:?}");
    assert_eq!(planted, readers, "one entry in tests/hostile/seeds.rs for each reader, and none more");
    let mut wrong = Vec::new();
    for seed in SEEDS.iter().filter(|s| is_asked(s.of)) {
        let root = folder(&format!("whole-{}", seed.of));
        plant(&root, seed, &[]);
        let path = seed.place.replace('@', "1");
        let question = treering::Question::File { path, line: None };
        let found = treering::inspect(&root, &scanning::RULES, &treering::Options::default(), &question, &scanning::Quiet);
        let file = found.expect("an answer").file.expect("the file is there");
        if !file.read || !file.notices.is_empty() {
            wrong.push(format!("{}: read: {}, rows: {}, notices: {:?}", seed.of, file.read, file.rows.len(), file.notices));
        }
        let _ = fs::remove_dir_all(root);
    }
    none(&wrong);
}

#[test]
fn damaged_files_cost_no_more_than_themselves() {
    // what lies in one room of `facts` shares a tree: a scan has its price, whatever it reads
    let mut trees: BTreeMap<&str, Vec<&Seed>> = BTreeMap::new();
    for seed in SEEDS.iter().filter(|s| is_asked(s.of) && s.place.contains('@')) {
        trees.entry(seed.of.split("::").next().unwrap_or_default()).or_default().push(seed);
    }
    let mut wrong = Vec::new();
    for (room, seeds) in trees {
        let root = folder(&format!("damaged-{room}"));
        let mut told: BTreeMap<String, String> = BTreeMap::new();
        let mut leads: BTreeMap<&str, String> = BTreeMap::new();
        for (number, seed) in (0..).zip(seeds) {
            let cases = damage::all(seed.text, seed.form, &mut Dice::new(number));
            told.extend(plant(&root, seed, &cases));
            if !seed.lead.0.is_empty() {
                let file = root.join(seed.lead.0);
                let lines = fs::read_to_string(&file).expect("the lead");
                let so_far = leads.entry(seed.lead.0).or_insert_with(|| seeds::head(seed.lead.0).to_owned());
                so_far.push_str(lines.strip_prefix(seeds::head(seed.lead.0)).unwrap_or(&lines));
                fs::write(file, so_far.as_bytes()).expect("the lead");
            }
        }
        wrong.extend(tried(room, &root, &|path| told.get(path).cloned().unwrap_or_default()));
    }
    none(&wrong);
}

/// Trees that are made of files of which a repository has one.
const ALONE: usize = 12;

#[test]
fn damaged_files_of_a_fixed_place_cost_no_more_than_themselves() {
    let mut cases: Vec<(&Seed, Vec<(String, Vec<u8>)>)> = Vec::new();
    for (number, seed) in (0..).zip(SEEDS.iter().filter(|s| is_asked(s.of) && !s.place.contains('@'))) {
        let mut dice = Dice::new(number);
        let all = damage::all(seed.text, seed.form, &mut dice);
        cases.push((seed, dice.some(all, ALONE)));
    }
    let mut wrong = Vec::new();
    for tree in 0..ALONE {
        let root = folder(&format!("alone-{tree}"));
        let mut told: BTreeMap<&str, &str> = BTreeMap::new();
        for (seed, (what, bytes)) in cases.iter().filter_map(|(seed, all)| Some((seed, all.get(tree)?))) {
            write(&root, seed.place, bytes);
            told.insert(seed.place, what);
        }
        wrong.extend(tried(&format!("alone {tree}"), &root, &|path| told.get(path).copied().unwrap_or_default().to_owned()));
    }
    none(&wrong);
}

#[test]
fn awkward_trees_are_scanned_to_the_end() {
    let mut wrong = Vec::new();
    for scene in scenes::SCENES.iter().filter(|s| is_asked(s.name)) {
        let root = folder(&format!("scene-{}", scene.name));
        (scene.make)(&root);
        wrong.extend(tried(scene.name, &root, &|_| String::new()));
    }
    none(&wrong);
}

#[test]
fn every_input_that_broke_a_scanner_is_tried_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let numbers: BTreeSet<u8> = covered::COVERED.iter().map(|c| c.number).collect();
    assert!(numbers.iter().copied().eq(1..=55), "every number from 1 to 55 has its entry");
    let missing: Vec<String> = covered::COVERED
        .iter()
        .flat_map(|input| input.by.iter().map(move |by| (input, *by)))
        .filter(|(_, by)| match by.split_once("::") {
            Some(("scene", name)) => !scenes::SCENES.iter().any(|s| s.name == name),
            Some(("damage", _)) => false,
            Some((file, test)) => !fs::read_to_string(root.join(file)).is_ok_and(|text| text.contains(&format!("fn {test}("))),
            None => !root.join("fixtures").join(by).is_dir(),
        })
        .map(|(input, by)| format!("{} ({}): there is no {by}", input.number, input.what))
        .collect();
    none(&missing);
}
