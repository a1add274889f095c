use super::*;

fn read_text(text: &str) -> Result<Settings, Vec<String>> {
    let known = |id: &str| matches!(id, "train.some.fit" | "training.automated");
    let near = |id: &str| if id.starts_with("training") { vec!["training.automated".to_owned()] } else { Vec::new() };
    read(NAME, text.as_bytes(), &known, &near).map_err(|wrong| wrong.iter().map(ToString::to_string).collect())
}

const ALL: &str = r#"exclude = ["archive", "**/*.min.js"]

[[system]]
name = "eta"
path = "services/eta/"

[subject]
kind = "ml-system"
reason = "the package is ours alone"

[[off]]
rule = "train.some.fit"
reason = "a scaler, no model"
"#;

#[test]
fn every_key_is_read_with_its_line() {
    let settings = read_text(ALL).unwrap();
    assert_eq!(settings.exclude.globs, [("archive".to_owned(), 1), ("**/*.min.js".to_owned(), 1)]);
    assert_eq!(settings.systems, [Named { name: "eta".into(), path: "services/eta".into(), line: 5 }]);
    assert_eq!(settings.subject.as_ref().map(|s| (s.kind, s.line)), Some((SubjectKind::MlSystem, 8)));
    assert_eq!(settings.off.iter().map(|o| (o.rule.as_str(), o.line)).collect::<Vec<_>>(), [("train.some.fit", 12)]);
    assert!(read_text("").unwrap().off.is_empty());
}

#[test]
fn a_pattern_that_fits_a_folder_fits_what_lies_beneath() {
    let settings = read_text("exclude = ['archive/', 'data/*.csv', '**/gen']").unwrap();
    let fits = |path: &str| settings.exclude.fits(path);
    assert_eq!([fits("archive/a/b.py"), fits("data/x.csv"), fits("src/gen/a.py")], [Some(0), Some(1), Some(2)]);
    assert_eq!([fits("src/archive/b.py"), fits("data/deep/x.csv"), fits("archive.py")], [None, None, None]);
}

#[test]
fn each_mistake_is_one_sentence_with_its_line() {
    for (text, line, says) in [
        ("a = \nb = 1", 1, "this is no TOML"),
        ("\nexcludes = []", 2, "there is no key `excludes` at the top; did you mean `exclude`?"),
        ("[[of]]\nrule = 'x'", 1, "did you mean `off`?"),
        ("[colour]\nx = 1", 1, "there is no key `colour` at the top; the keys are"),
        ("exclude = 'a'", 1, "`exclude` must be a list"),
        ("exclude = [\n  1,\n]", 2, "must be a text in quotes"),
        ("exclude = ['../x']", 1, "leads out"),
        ("exclude = ['/etc']", 1, "no path inside"),
        ("exclude = ['./']", 1, "the whole repository"),
        ("exclude = ['!a']", 1, "takes nothing back"),
        ("exclude = ['a[']", 1, "is no glob"),
        ("[[system]]\nname = 'a'\n", 1, "a system needs `path`"),
        ("[[system]]\nname = 'a'\npath = '../b'", 3, "no folder of this repository"),
        ("[[system]]\nname = 'a'\npath = 'b'\ncommand = 'rm'", 4, "there is no key `command` in [[system]]"),
        ("[[system]]\nname = 'a'\npath = 'b'\n[[system]]\nname = 'c'\npath = './b/'", 6, "named in line 3 already"),
        ("[subject]\nkind = 'ml-sytem'\nreason = 'x'", 2, "write one of template"),
        ("[subject]\nkind = 'ml-system'", 1, "a correction needs `reason`"),
        ("subject = 'ml-system'", 1, "`subject` must be a table"),
        ("[[off]]\nrule = 'training.automatd'\nreason = 'x'", 2, "did you mean training.automated?"),
        ("[[off]]\nrule = 'x'\nreason = 'x'", 2, "no signal or practice `x`; `treering rules list`"),
        ("[[off]]\nrule = 'train.some.fit'", 1, "needs `reason`, because readers will ask why"),
        ("[[off]]\nrule = 'train.some.fit'\nreason = ' '", 3, "must be a text in quotes that is not empty"),
        ("off = ['train.some.fit']", 1, "must be a table"),
    ] {
        let wrong = read_text(text).err().unwrap_or_default();
        let [one] = wrong.as_slice() else { panic!("{text}: {wrong:?}") };
        assert!(one.starts_with(&format!("treering.toml:{line}: ")) && one.contains(says), "{text}: {one}");
    }
    assert_eq!(read_text("x = 1\ny = 2").err().map(|wrong| wrong.len()), Some(2));
    assert!(read(NAME, &[0xff, 0xfe, 0x00], &|_| true, &|_| Vec::new()).is_err());
}

#[test]
fn lists_are_bounded() {
    let many = format!("exclude = [{}]", "'a',".repeat(MOST + 1));
    assert!(read_text(&many).err().is_some_and(|wrong| wrong[0].contains("more than 1000 entries")));
    let long = format!("exclude = ['{}']", "a".repeat(LONGEST + 1));
    assert!(read_text(&long).err().is_some_and(|wrong| wrong[0].contains("longer than 1000 characters")));
    assert!(read_text(&format!("exclude = {}", "[".repeat(100_000))).is_err());
}

#[test]
fn the_schema_knows_the_keys_that_are_read() {
    let schema: serde_json::Value = serde_json::from_str(&schema()).unwrap();
    let keys = |of: &serde_json::Value| -> BTreeSet<String> {
        of["properties"].as_object().into_iter().flat_map(|keys| keys.keys().cloned()).collect()
    };
    let set = |of: &[&str]| of.iter().map(|k| (*k).to_owned()).collect::<BTreeSet<_>>();
    let tables = &schema["properties"];
    assert_eq!(keys(&schema), set(TOP));
    assert_eq!(keys(&tables["system"]["items"]), set(SYSTEM));
    assert_eq!(keys(&tables["subject"]), set(SUBJECT));
    assert_eq!(keys(&tables["off"]["items"]), set(OFF));
    assert_eq!(tables["off"]["items"]["additionalProperties"], false);
    assert_eq!(tables["subject"]["required"].as_array().map(Vec::len), Some(2));
}
