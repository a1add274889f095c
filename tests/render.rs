//! One rich report in every format, looked at as its readers see it, and held against the published schema.

use treering::{Format, Report, Schema, Style};

fn sample() -> Report {
    serde_json::from_str(include_str!("render/sample.json")).expect("the sample is a report")
}

fn text(report: &Report, style: Style) -> String {
    let mut out = Vec::new();
    treering::write(report, Format::Text, &mut out, &style).expect("writing to memory");
    String::from_utf8(out).expect("UTF-8")
}

fn snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("render");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

#[test]
fn text_at_80_columns() {
    snapshot("text-80", &text(&sample(), Style::default()));
}

#[test]
fn text_at_60_columns() {
    snapshot("text-60", &text(&sample(), Style { width: 60, ..Style::default() }));
}

#[test]
fn text_in_full() {
    snapshot("text-verbose", &text(&sample(), Style { width: 100, verbose: 2, ..Style::default() }));
}

#[test]
fn text_without_a_system() {
    let mut report = sample();
    report.systems.clear();
    report.repository.subject.kind = serde_json::from_str("\"not-ml\"").expect("a kind");
    report.repository.subject.why = "nothing here trains, serves or calls a model".to_owned();
    report.repository.subject.evidence.clear();
    snapshot("text-no-system", &text(&report, Style::default()));
}

#[test]
fn text_with_two_systems() {
    let mut report = sample();
    let mut second = report.systems[0].clone();
    second.path = "services/returns".to_owned();
    second.name = "returns".to_owned();
    second.primary = false;
    report.systems[0].path = "services/eta".to_owned();
    report.systems.push(second);
    report.repository.dirty = Some(true);
    report.repository.changed = 2;
    let all = text(&report, Style::default());
    snapshot("text-two-systems", all.split("\n\n").take(3).collect::<Vec<_>>().join("\n\n").as_str());
}

#[test]
fn no_line_is_wider_than_the_page() {
    for width in [40, 52, 60, 72, 80, 97, 120, 200] {
        for verbose in 0..=2 {
            for line in text(&sample(), Style { width, verbose, ..Style::default() }).lines() {
                let alone = !line.trim().contains(' '); // a place that stands alone stays whole
                assert!(line.chars().count() <= width || alone, "{width}: {line}");
            }
        }
    }
}

#[test]
fn colour_and_links_add_nothing_but_colour_and_links() {
    let plain = text(&sample(), Style::default());
    let rich = text(&sample(), Style { color: true, links: Some(treering::Links::default()), ..Style::default() });
    assert!(!plain.contains('\u{1b}'));
    assert!(rich.contains(
        "\u{1b}]8;;https://github.com/acme/parcel-eta/blob/4be1c07d2f0a9e5b31c46f8877aa0d1122334455/Makefile#L12\u{1b}\\"
    ));
    let mut bare = String::new();
    let mut rest = rich.as_str();
    while let Some((before, sequence)) = rest.split_once('\u{1b}') {
        bare.push_str(before);
        let end = match sequence.as_bytes().first() {
            Some(b'[') => sequence.find('m').map(|at| at + 1),
            _ => sequence.find("\u{1b}\\").map(|at| at + 2),
        };
        rest = &sequence[end.expect("a whole sequence")..];
    }
    bare.push_str(rest);
    assert_eq!(bare, plain);
}

fn written(report: &Report, format: Format) -> String {
    let mut out = Vec::new();
    treering::write(report, format, &mut out, &Style::default()).expect("writing to memory");
    String::from_utf8(out).expect("UTF-8")
}

#[test]
fn markdown_is_short() {
    snapshot("markdown", &written(&sample(), Format::Markdown));
    let mut report = sample();
    report.systems.clear();
    let without = written(&report, Format::Markdown);
    assert!(without.contains("No level is claimed") && !without.contains("| model |"), "{without}");
}

#[test]
fn annotations_are_one_a_line_and_few() {
    let annotations = written(&sample(), Format::Github);
    snapshot("github", &annotations);
    let mut report = sample();
    let many = vec![report.systems[0].clone(); 9];
    report.systems = many;
    for (at, system) in report.systems.iter_mut().enumerate() {
        for lookalike in &mut system.lookalikes {
            lookalike.why = format!("{at}\n::error::{}", lookalike.why);
            lookalike.evidence[0].path = Some(format!("src/{at}.py"));
        }
    }
    let annotations = written(&report, Format::Github);
    assert_eq!(annotations.lines().count(), 10);
    assert!(annotations.lines().all(|l| l.starts_with("::notice ") || l.starts_with("::warning ")), "{annotations}");
    report.systems.clear();
    assert_eq!(written(&report, Format::Github).lines().count(), 1);
}

#[test]
fn json_is_the_report() {
    let mut out = Vec::new();
    treering::write(&sample(), Format::Json, &mut out, &Style::default()).expect("writing to memory");
    assert!(out.ends_with(b"}\n"));
    assert_eq!(serde_json::from_slice::<Report>(&out).expect("reads back"), sample());
}

/// One story of what runs by itself, and one of what only looks as if it did.
const STORIES: [&str; 2] = ["cron-retrain", "broken-everything"];

struct Quiet;

impl treering::Progress for Quiet {
    fn stage(&self, _: &'static str, _: u64, _: u64) {}
}

fn story(name: &str) -> Report {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name).join("repo");
    let catalog = treering::Catalog::embedded().expect("the built-in rules are sound");
    let options = treering::Options { parent: false, ..treering::Options::default() };
    treering::scan(&path, &catalog, &options, &Quiet).expect("a report")
}

#[test]
fn two_stories_in_every_format() {
    for name in STORIES {
        let report = story(name);
        snapshot(&format!("{name}-text"), &text(&report, Style::default()));
        snapshot(&format!("{name}-markdown"), &written(&report, Format::Markdown));
        snapshot(&format!("{name}-github"), &written(&report, Format::Github));
        // of the data what the pages are made of; all of it is held against the schema
        let system = serde_json::to_value(&report.systems[0]).expect("plain data");
        let told = serde_json::json!({
            "chain_heads": system["chain_heads"],
            "lookalikes": system["lookalikes"],
            "steps": system["steps"],
        });
        snapshot(&format!("{name}-json"), &serde_json::to_string_pretty(&told).expect("JSON"));
    }
}

/// A reader should find the end of the page without scrolling far.
#[test]
fn a_report_is_a_screen_and_a_half() {
    for name in STORIES {
        let page = text(&story(name), Style::default());
        assert!(page.lines().count() <= 75, "{name}: {} lines", page.lines().count());
        let mut seen = std::collections::BTreeSet::new();
        for line in page.lines().filter(|l| l.trim().len() > 40) {
            assert!(seen.insert(line), "{name} says twice: {line}");
        }
    }
}

/// `TREERING_BLESS=1 cargo test --test render` writes it anew.
#[test]
fn the_published_schemas_are_up_to_date() {
    for (name, which) in [("report", Schema::Report), ("treering", Schema::Settings)] {
        let path = format!("{}/schemas/{name}.schema.json", env!("CARGO_MANIFEST_DIR"));
        let made = treering::schema(which);
        if std::env::var_os("TREERING_BLESS").is_some() {
            std::fs::write(&path, &made).expect("the schema can be written");
        }
        let published = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(published == made, "schemas/{name}.schema.json is not what `treering schema` prints");
    }
}

#[test]
fn the_sample_keeps_to_the_schema_and_a_wrong_one_does_not() {
    let schema: serde_json::Value = serde_json::from_str(&treering::schema(Schema::Report)).expect("JSON");
    let mut compiler = boon::Compiler::new();
    compiler.add_resource("report.json", schema).expect("a resource");
    let mut schemas = boon::Schemas::new();
    let index = compiler.compile("report.json", &mut schemas).expect("a valid schema");
    let mut out = Vec::new();
    treering::write(&sample(), Format::Json, &mut out, &Style::default()).expect("writing to memory");
    let mut value: serde_json::Value = serde_json::from_slice(&out).expect("JSON");
    if let Err(error) = schemas.validate(&value, index) {
        panic!("{error:#}");
    }
    value["systems"][0]["practices"][0]["verdict"] = "maybe".into();
    assert!(schemas.validate(&value, index).is_err());
    value["systems"][0]["practices"][0]["verdict"] = "met".into();
    value["systems"][0]["models"][0].as_object_mut().expect("a model").remove("level");
    assert!(schemas.validate(&value, index).is_err(), "a missing level is no null level");
}
