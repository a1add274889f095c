//! The front page keeps its word: its commands run, and its picture is what the program writes.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Output;

use assert_cmd::cargo::cargo_bin_cmd;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn readme() -> String {
    std::fs::read_to_string(root().join("README.md")).expect("a README")
}

/// Every line of a block of `sh` or `yaml` that calls the program, without what follows a `|` or a `#`.
fn commands(page: &str) -> Vec<Vec<String>> {
    let mut inside = false;
    let mut found = Vec::new();
    for line in page.lines() {
        match line.strip_prefix("```") {
            Some(kind) => inside = matches!(kind, "sh" | "yaml"),
            None if inside => {
                let line = line.trim().trim_start_matches("- ");
                let line = line.replace("cargo run --release -- ", "treering ");
                let Some(rest) = line.strip_prefix("treering ") else { continue };
                let rest = rest.split(" | ").next().unwrap_or(rest);
                let rest = rest.split("  #").next().unwrap_or(rest);
                found.push(rest.split_whitespace().map(str::to_owned).collect());
            }
            None => {}
        }
    }
    found
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).expect("a copy");
        }
    }
}

/// A repository of its own with one commit and the tag that the page asks for.
fn repository() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    copy(&root().join("fixtures/cron-retrain/repo"), dir.path());
    let git = git2::Repository::init(dir.path()).expect("a repository");
    let mut index = git.index().expect("an index");
    index.add_all(["*"], git2::IndexAddOption::FORCE, None).expect("files are added");
    index.write().expect("the index is written");
    let tree = git.find_tree(index.write_tree().expect("a tree")).expect("the tree");
    let who = git2::Signature::new("Baker", "baker@example.com", &git2::Time::new(1_700_000_000, 0)).expect("a name");
    let commit = git.commit(Some("HEAD"), &who, &who, "Bake", &tree, &[]).expect("a commit");
    git.tag_lightweight("v1.2", &git.find_object(commit, None).expect("the commit"), false).expect("a tag");
    dir
}

fn run(words: &[String], here: &Path) -> Output {
    cargo_bin_cmd!("treering").args(words).current_dir(here).env_remove("COLUMNS").output().expect("the program runs")
}

#[test]
fn every_command_of_the_front_page_runs() {
    let dir = repository();
    std::fs::create_dir_all(dir.path().join("own/signals")).expect("a folder for rules");
    let all = commands(&readme());
    assert!(all.len() > 14, "the commands are found: {all:?}");
    for words in all {
        let words: Vec<String> = words
            .iter()
            .map(|word| match word.as_str() {
                "PATH" | "A" | "B" => ".".to_owned(),
                "DIR" => "own".to_owned(),
                word if word.starts_with("fixtures/") => root().join(word).display().to_string(),
                word if word.ends_with("=DIR") => word.replace("DIR", "own"),
                word => word.replace("\"$GITHUB_STEP_SUMMARY\"", "summary.md"),
            })
            .collect();
        let output = run(&words, dir.path());
        let code = output.status.code().unwrap_or(-1);
        // a gate may say no; the question must be one
        let asked = words.iter().any(|w| w == "--at-least" || w == "--baseline");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(code == 0 || (asked && matches!(code, 1 | 3)), "treering {} gives {code}: {said}", words.join(" "));
    }
}

/// What is printed for a terminal, as a picture: a line of text each, with the colours as the escapes ask for them.
fn picture(text: &str) -> String {
    const LINE: usize = 18;
    let lines: Vec<&str> = text.lines().collect();
    let height = lines.len() * LINE + 32;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"720\" height=\"{height}\" viewBox=\"0 0 720 {height}\" role=\"img\">\n\
         <title>The terminal report of treering</title>\n\
         <rect width=\"720\" height=\"{height}\" rx=\"8\" fill=\"#14181d\"/>\n\
         <g font-family=\"ui-monospace,Menlo,Consolas,monospace\" font-size=\"14\" fill=\"#d7dde4\" xml:space=\"preserve\">\n"
    );
    for (number, line) in lines.iter().enumerate() {
        if line.is_empty() {
            continue;
        }
        let y = 24 + number * LINE;
        let mut column = 0;
        for (at, part) in line.split('\u{1b}').enumerate() {
            let (style, text) = if at == 0 { ("", part) } else { part.split_once('m').unwrap_or(("", part)) };
            if text.is_empty() {
                continue;
            }
            let look = match style {
                "[1" => " font-weight=\"bold\" fill=\"#ffffff\"",
                "[2" => " fill=\"#8b96a3\"",
                "[31" => " fill=\"#ff7b72\"",
                "[32" => " fill=\"#56d364\"",
                "[33" => " fill=\"#e3b341\"",
                "[36" => " fill=\"#76c7e8\"",
                _ => "",
            };
            let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            // a font that is wider or narrower must not move what stands in columns
            let wide = text.chars().count();
            let (x, length) = (20.0 + column as f64 * 8.4, wide as f64 * 8.4);
            if !text.trim().is_empty() {
                let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{y}\" textLength=\"{length:.1}\"{look}>{escaped}</text>");
            }
            column += wide;
        }
    }
    svg.push_str("</g>\n</svg>\n");
    svg
}

/// `TREERING_BLESS=1 cargo test --test readme` draws it anew.
#[test]
fn the_picture_is_what_the_program_writes() {
    let words: Vec<String> =
        "scan fixtures/cron-retrain/repo --no-parent --color always --width 80".split(' ').map(str::to_owned).collect();
    let output = run(&words, root());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let made = picture(&String::from_utf8(output.stdout).expect("UTF-8"));
    let path = root().join("docs/report.svg");
    if std::env::var_os("TREERING_BLESS").is_some() {
        std::fs::create_dir_all(root().join("docs")).expect("a folder");
        std::fs::write(&path, &made).expect("the picture can be written");
    }
    assert!(std::fs::read_to_string(&path).unwrap_or_default() == made, "docs/report.svg is not what is printed");
    assert!(made.len() < 50_000, "{} bytes", made.len());
}
