//! Every story of `fixtures/` is scanned, and what its `story.yaml` expects is checked.
//!
//! Expectations that are not fulfilled yet are listed in `fixtures/known-gaps.txt`; the list can only shrink: a listed
//! gap that is fulfilled fails the test as well. `TREERING_BLESS=1` writes the list anew, for reading before committing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

/// A story as `fixtures/README.md` describes it; a key that is misspelt would expect nothing, so it is refused.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Story {
    story: String,
    pair: Option<String>,
    differs: Option<String>,
    subject: Option<String>,
    system: Option<String>,
    #[serde(default)]
    expect: BTreeMap<String, String>,
    #[serde(default)]
    chain: Vec<String>,
    #[serde(default)]
    miss: BTreeMap<String, String>,
    #[serde(default)]
    remedy: BTreeMap<String, String>,
    #[serde(default)]
    history: Vec<Commit>,
    #[serde(default)]
    branches: Vec<String>,
    #[serde(default)]
    with: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Commit {
    date: String,
    message: String,
    author: String,
    touch: Vec<String>,
}

struct Quiet;

impl treering::Progress for Quiet {
    fn stage(&self, _: &'static str, _: u64, _: u64) {}
}

#[test]
fn stories_come_out_as_told() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let catalog = treering::Catalog::embedded().expect("the built-in rules are sound");
    let mut failed: BTreeMap<String, String> = BTreeMap::new();
    let mut asked = 0;
    let mut stories: Vec<PathBuf> =
        fs::read_dir(&root).expect("fixtures").map(|e| e.expect("an entry").path()).filter(|p| p.is_dir()).collect();
    stories.sort();
    for folder in stories {
        let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
        let text = fs::read_to_string(folder.join("story.yaml")).unwrap_or_else(|e| panic!("{name}: {e}"));
        let story: Story = serde_yaml::from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
        let told = !story.story.trim().is_empty() && story.pair.is_some() == story.differs.is_some();
        let paired = story.pair.as_ref().is_none_or(|pair| root.join(pair).join("story.yaml").is_file());
        assert!(told && paired, "{name}: a story is a sentence, and a pair exists and says how it differs");
        let (report, _kept) = scan(&folder.join("repo"), &story, &catalog);
        check(&name, &story, &report, &mut asked, &mut failed);
    }
    let list = root.join("known-gaps.txt");
    if std::env::var_os("TREERING_BLESS").is_some() {
        let lines: Vec<String> = failed.iter().map(|(what, why)| format!("{what}  # {why}")).collect();
        let head = "# Expectations of stories that are not fulfilled yet, with what came out. This list can only shrink.\n";
        fs::write(&list, format!("{head}{}\n", lines.join("\n"))).expect("the list can be written");
    }
    let known: BTreeSet<String> = fs::read_to_string(&list)
        .unwrap_or_default()
        .lines()
        .filter(|l| !l.starts_with('#') && !l.trim().is_empty())
        .map(|l| l.split("  #").next().unwrap_or(l).trim().to_owned())
        .collect();
    let new: Vec<String> =
        failed.iter().filter(|(what, _)| !known.contains(*what)).map(|(what, why)| format!("{what}: {why}")).collect();
    let mended: Vec<&String> = known.iter().filter(|what| !failed.contains_key(*what)).collect();
    assert!(new.is_empty(), "{} of {asked} expectations fail that are not listed:\n{}", new.len(), new.join("\n"));
    assert!(mended.is_empty(), "mended; take them off fixtures/known-gaps.txt: {mended:?}");
}

/// The excerpt of the README is what comes out of the very command below it.
#[test]
fn the_readme_shows_a_real_chain() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).expect("a README");
    let excerpt = readme.split("```\n").find(|block| block.starts_with("STRONGEST CHAINS")).expect("an excerpt");
    let command = readme.lines().find_map(|l| l.strip_prefix("cargo run --release -- scan ")).expect("the first command");
    let command = command.strip_suffix(" --no-parent").expect("a story is no part of the repository that tells it");
    let catalog = treering::Catalog::embedded().expect("the built-in rules are sound");
    let report = treering::scan(&root.join(command), &catalog, &treering::Options::default(), &Quiet).expect("a report");
    let mut out = Vec::new();
    treering::write(&report, treering::Format::Text, &mut out, &treering::Style::default()).expect("writing to memory");
    let text = String::from_utf8(out).expect("UTF-8");
    assert!(text.contains(excerpt), "the README shows\n{excerpt}\nbut the program says\n{text}");
}

fn scan(repo: &Path, story: &Story, catalog: &treering::Catalog) -> (Value, Option<tempfile::TempDir>) {
    let kept = (!story.history.is_empty()).then(|| replay(repo, story));
    let path = kept.as_ref().map_or(repo, |dir| dir.path());
    let copies: Vec<(String, tempfile::TempDir)> =
        story.with.iter().map(|(name, folder)| (name.clone(), committed(&repo.with_file_name(folder)))).collect();
    let with = copies.iter().map(|(name, dir)| (name.clone(), dir.path().to_owned())).collect();
    let options = treering::Options { with, ..treering::Options::default() };
    let report = treering::scan(path, catalog, &options, &Quiet).expect("a scan does not fail on a folder");
    (serde_json::to_value(&report).expect("a report is plain data"), kept)
}

/// A copy of another repository: all that lies in a folder, in one commit on the branch `main`.
fn committed(folder: &Path) -> tempfile::TempDir {
    let commit = Commit {
        date: "2024-03-01T09:00:00Z".to_owned(),
        message: "Everything".to_owned(),
        author: "Pat".to_owned(),
        touch: Vec::new(),
    };
    let story = Story {
        story: String::new(),
        pair: None,
        differs: None,
        subject: None,
        system: None,
        expect: BTreeMap::new(),
        chain: Vec::new(),
        miss: BTreeMap::new(),
        remedy: BTreeMap::new(),
        history: vec![commit],
        branches: vec!["main".to_owned()],
        with: BTreeMap::new(),
    };
    replay(folder, &story)
}

/// Commits the story's files as its history says.
fn replay(repo: &Path, story: &Story) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let git = git2::Repository::init(dir.path()).expect("a repository");
    let mut all: Vec<PathBuf> = Vec::new();
    let mut folders = vec![repo.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() { folders.push(path) } else { all.push(path.strip_prefix(repo).expect("inside").to_owned()) }
        }
    }
    all.sort();
    let mut parent: Option<git2::Oid> = None;
    let last = story.history.len() - 1;
    for (number, commit) in story.history.iter().enumerate() {
        let mut touched: Vec<PathBuf> = commit.touch.iter().map(PathBuf::from).collect();
        if number == last {
            touched = all.clone();
        }
        for path in touched {
            let to = dir.path().join(&path);
            fs::create_dir_all(to.parent().expect("a folder")).expect("folders");
            let mut bytes = fs::read(repo.join(&path)).expect("a file of the story");
            let later = story.history[number + 1..].iter().any(|c| c.touch.iter().any(|t| Path::new(t) == path));
            if later {
                bytes.push(b'\n');
            }
            fs::write(to, bytes).expect("a copy");
        }
        let mut index = git.index().expect("an index");
        index.add_all(["*"], git2::IndexAddOption::FORCE, None).expect("files are added");
        index.write().expect("the index is written");
        let tree = git.find_tree(index.write_tree().expect("a tree")).expect("the tree");
        let seconds: i64 = commit.date.parse::<jiff::Timestamp>().expect("a date").as_second();
        let who = git2::Signature::new(&commit.author, &format!("{}@example.com", commit.author), &git2::Time::new(seconds, 0))
            .expect("a name");
        let parents: Vec<git2::Commit<'_>> = parent.into_iter().map(|p| git.find_commit(p).expect("the parent")).collect();
        let id =
            git.commit(Some("HEAD"), &who, &who, &commit.message, &tree, &parents.iter().collect::<Vec<_>>()).expect("a commit");
        parent = Some(id);
    }
    if let (Some(first), Some(tip)) = (story.branches.first(), parent) {
        let tip = git.find_commit(tip).expect("the tip");
        for branch in &story.branches {
            let _ = git.branch(branch, &tip, true);
        }
        git.set_head(&format!("refs/heads/{first}")).expect("a head");
    }
    dir
}

fn check(name: &str, story: &Story, report: &Value, asked: &mut usize, failed: &mut BTreeMap<String, String>) {
    let mut fail = |what: &str, why: String| {
        failed.insert(format!("{name}/{what}"), why);
    };
    if let Some(subject) = &story.subject {
        *asked += 1;
        let got = report["repository"]["subject"]["kind"].as_str().unwrap_or("");
        if got != subject {
            fail("subject", format!("{got}, not {subject}"));
        }
    }
    let systems = report["systems"].as_array().cloned().unwrap_or_default();
    let within =
        |s: &Value, folder: &str| s["path"].as_str().is_some_and(|p| p == folder || p.starts_with(&format!("{folder}/")));
    // "." is the one system there is: its own path is the folder of its code
    let system = match story.system.as_deref().unwrap_or(".") {
        "." => systems.iter().find(|s| s["primary"] == true),
        "generated" => systems.iter().find(|s| s["generated"] == true),
        folder => systems.iter().find(|s| within(s, folder)),
    };
    let found: Vec<&str> = systems.iter().filter_map(|s| s["path"].as_str()).collect();
    // where the subject is missed already, no system is news
    let claimed = matches!(story.subject.as_deref(), Some("ml-system" | "ml-collection"));
    if claimed && report["repository"]["subject"]["kind"].as_str() == story.subject.as_deref() {
        *asked += 1;
        if system.is_none() || story.subject.as_deref() == Some("ml-system") && found.len() != 1 {
            fail("system", format!("systems {found:?}, not {}", story.system.as_deref().unwrap_or(".")));
        }
    }
    let practices: BTreeMap<&str, &Value> = system
        .and_then(|s| s["practices"].as_array())
        .into_iter()
        .flatten()
        .filter_map(|p| Some((p["id"].as_str()?, p)))
        .collect();
    for (what, expected) in &story.expect {
        *asked += 1;
        let id = what.split('[').next().unwrap_or(what);
        let practice = practices.get(id);
        let verdict = practice.and_then(|p| p["verdict"].as_str()).unwrap_or("absent");
        let because = practice.and_then(|p| p["because"].as_str()).unwrap_or("");
        let (word, reason) = expected.split_once(':').map_or((expected.as_str(), None), |(w, r)| (w, Some(r)));
        let qualified = what.split_once('[').is_none_or(|(_, q)| {
            let (key, word) = q.trim_end_matches(']').split_once('=').unwrap_or((q, ""));
            practice.is_some_and(|p| p["qualifiers"][key].as_array().is_some_and(|w| w.iter().any(|x| x == word)))
        });
        let holds = match word {
            "not_met" => verdict != "met",
            "not_shown" => verdict == "not_shown" || !qualified,
            _ => verdict == word && reason.is_none_or(|r| r == because) && qualified,
        };
        if !holds {
            fail(what, format!("{verdict}{}{because}, not {expected}", if because.is_empty() { "" } else { ":" }));
        }
    }
    if !story.chain.is_empty() {
        *asked += 1;
        let chains = practices.values().flat_map(|p| p["chains"].as_array().into_iter().flatten());
        let told = chains.into_iter().any(|chain| {
            let hops: Vec<String> = chain
                .as_array()
                .into_iter()
                .flatten()
                .map(|h| {
                    let of = h["repository"].as_str().map(|name| format!("{name}:")).unwrap_or_default();
                    format!("{of}{}:{}", h["path"].as_str().unwrap_or(""), h["line"])
                })
                .collect();
            let mut wanted = story.chain.iter().peekable();
            for hop in &hops {
                if wanted.peek().is_some_and(|w| *w == hop) {
                    wanted.next();
                }
            }
            wanted.peek().is_none()
        });
        if !told {
            fail("chain", "no chain has these hops in this order".to_owned());
        }
    }
    for (id, place) in &story.miss {
        *asked += 1;
        let near = practices.get(id.as_str()).map(|p| &p["nearest_miss"]["evidence"][0]);
        let got = near.map(|e| format!("{}:{}", e["path"].as_str().unwrap_or(""), e["line"])).unwrap_or_default();
        if got != *place {
            fail(&format!("miss {id}"), format!("{got}, not {place}"));
        }
    }
    for (id, wanted) in &story.remedy {
        *asked += 1;
        let remedies = system.and_then(|s| s["remedies"].as_array()).into_iter().flatten();
        let of = |r: &&Value| r["practices"].as_array().is_some_and(|all| all.iter().any(|p| p == id.as_str()));
        let got = remedies.clone().find(of).map(|r| {
            let at = &r["evidence"][0];
            format!("{} {}:{}", r["kind"].as_str().unwrap_or(""), at["path"].as_str().unwrap_or(""), at["line"])
        });
        let got = got.unwrap_or_else(|| "none".to_owned());
        if got != *wanted {
            fail(&format!("remedy {id}"), format!("{got}, not {wanted}"));
        }
    }
}
