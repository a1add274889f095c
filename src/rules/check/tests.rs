//! Every class of mistake, with the sentence it is told in.

use crate::error::Error;
use crate::rules::Catalog;
use crate::rules::pattern::Compile;

/// A sound rule of that id and those matchers, then further lines.
fn rule(id: &str, any: &str, more: &str) -> String {
    format!(
        "- id: {id}\n  title: t\n  about: a\n  any:\n    - {any}\n  examples: [{{ path: a.py, text: x }}]\n  counter_examples: [{{ path: b.py, text: y }}]\n{more}"
    )
}

/// The mistakes in files (path, text), as `path:line: message`.
fn wrong(files: &[(&str, &str)]) -> Vec<String> {
    let files: Vec<(String, String)> = files.iter().map(|(p, t)| ((*p).to_owned(), (*t).to_owned())).collect();
    match Catalog::of(&files, files.len(), Compile::AtOnce) {
        Ok(_) => Vec::new(),
        Err(Error::Rules(wrong)) => wrong.into_iter().map(|w| format!("{}:{}: {}", w.path, w.line, w.message)).collect(),
        Err(other) => vec![other.to_string()],
    }
}

fn in_signals(text: &str) -> Vec<String> {
    wrong(&[("signals/registry/a.yaml", text)])
}

fn in_practices(text: &str) -> Vec<String> {
    let signal = rule("registry.a", "python-call: mlflow.register_model", "  op: register\n  sets: { tool: mlflow }\n");
    wrong(&[("practices/a.yaml", text), ("signals/registry/a.yaml", &signal)])
}

const CALL: &str = "python-call: mlflow.register_model";

#[test]
fn a_sound_rule_is_taken() {
    assert!(in_signals(&rule("registry.a", CALL, "")).is_empty());
    assert!(
        in_practices(
            "- { id: p.a, title: t, question: q, detectors: all, met: { signal: { op: [register], with: { tool: mlflow } } } }"
        )
        .is_empty()
    );
}

#[test]
fn keys_and_kinds_that_do_not_exist() {
    assert_eq!(in_signals(&rule("registry.a", CALL, "  colour: red\n")).len(), 1);
    let told = in_signals(&rule("registry.a", "python-call: { nam: mlflow.register_model }", ""));
    assert!(
        told[0].contains("unknown field `nam`, expected one of `name`, `decorator`")
            && told[0].starts_with("signals/registry/a.yaml:5: "),
        "{told:?}"
    );
    let told = in_signals(&rule("registry.a", "python-cal: mlflow.register_model", ""));
    assert!(told[0].contains("unknown variant `python-cal`"), "{told:?}");
    let told = in_signals(&rule("registry.a", "python-import: { name: mlflow }", ""));
    assert!(told[0].contains("expected a dotted name or a list of them"), "{told:?}");
}

#[test]
fn ids() {
    let twice = rule("registry.a", CALL, "") + &rule("registry.a", CALL, "");
    assert_eq!(
        in_signals(&twice),
        [
            "signals/registry/a.yaml:8: `registry.a` is already defined at signals/registry/a.yaml:1; rename it, or say `replaces: true`"
        ]
    );
    assert_eq!(
        in_signals(&rule("registry.a", CALL, "  replaces: true\n")),
        ["signals/registry/a.yaml:1: `registry.a` says `replaces: true`, and there is nothing to replace; leave it out"]
    );
    assert_eq!(
        in_signals(&rule("deploy.a", CALL, "")),
        ["signals/registry/a.yaml:1: `deploy.a` belongs into signals/deploy/, not signals/registry/; move it or rename it"]
    );
    assert!(in_signals(&(rule("registry.a", CALL, "") + &rule("registry.a", CALL, "  replaces: true\n"))).is_empty());
}

#[test]
fn a_rule_is_switched_off_by_replacing_it() {
    let off = "- { id: registry.a, title: t, about: a, any: [], examples: [], counter_examples: [], replaces: true }\n";
    let files =
        [("signals/registry/a.yaml".to_owned(), rule("registry.a", CALL, "")), ("signals/own.yaml".to_owned(), off.to_owned())];
    let catalog = Catalog::of(&files, 1, Compile::AtOnce).unwrap();
    assert!(catalog.signals[0].any.is_empty());
    assert_eq!(catalog.file_of("registry.a"), "signals/own.yaml");
    assert!(!catalog.needles.tells("a.py", "register_model()"));
}

#[test]
fn proofs_and_words() {
    let bare = "- { id: registry.a, title: t, about: a, any: [{ python-call: mlflow.register_model }], examples: [], counter_examples: [] }";
    assert_eq!(
        in_signals(bare),
        [
            "signals/registry/a.yaml:1: `registry.a` needs an example that must be seen and a counter-example that must not; add both"
        ]
    );
    let nothing = "- { id: registry.a, title: t, about: a, any: [], examples: [{ path: a }], counter_examples: [{ path: b }] }";
    assert_eq!(
        in_signals(nothing),
        ["signals/registry/a.yaml:1: `registry.a` looks for nothing; give it a matcher under `any:`"]
    );
    let told = in_signals(&rule("registry.a", "yaml: { where: [{ key: a, is: b }] }", ""));
    assert!(told[0].contains("a matcher needs a word of 3 bytes that stands in every text it fits, and has `a`"), "{told:?}");
    let told = in_signals(&rule("registry.a", "shell-command: '* **'", ""));
    assert!(told[0].contains("and has none; name one"), "{told:?}");
    assert!(in_signals(&rule("registry.a", "shell-command: hf", "")).is_empty(), "commands are always read");
}

#[test]
fn patterns_and_forms() {
    let cases = [
        ("path: 'a[b'", "`a[b` is no glob"),
        ("path: []", "`path:` has no glob"),
        ("text: { files: '*.R', literal: train, matches: '(' }", "`(` is no regular expression"),
        (
            "text: { files: '*.R', literal: train, matches: '(a{1000}){1000}' }",
            "is no regular expression: Compiled regex exceeds size limit",
        ),
        ("text: { files: [], literal: train }", "`text:` needs `files:` and `literal:`"),
        ("yaml: { where: [] }", "asks for nothing"),
        ("yaml: { where: [{ key: kind, is: CronJob, exists: true }] }", "the value alone says that it exists"),
        ("yaml: { where: [{ key: replicas, between: [3, 1] }] }", "needs the lower bound first"),
        ("dockerfile: { instruction: from, matches: x }", "is written in capitals"),
        ("python-call: { imports: mlflow }", "needs `name:`, `decorator:`, `subclass:`, `method:` or `own:`"),
        ("python-call: { name: mlflow.log_model, receiver: x }", "is asked of a `method:`"),
        ("python-call: { method: log_model, written: x }", "is asked of a `name:`"),
        ("python-call: { name: mlflow.log_model, class: x }", "is asked of a `subclass:`"),
        ("uses: actions/checkout@v4", "without what follows `@`"),
        ("dependency: Scikit_Learn", "small letters"),
        ("git: { at_least: 2 }", "`subject:` or `tag:`"),
    ];
    for (any, says) in cases {
        let told = in_signals(&rule("registry.a", any, ""));
        assert!(told.iter().any(|t| t.contains(says)), "{any}: {told:?}");
    }
}

#[test]
fn practices_refer_to_what_there_is() {
    let cases = [
        ("met: { signal: { id: registry.b } }", "no signal is called `registry.b`"),
        ("met: { signal: { id: 'reg.*' } }", "no signal is called `reg.*`"),
        ("met: { signal: { scope: [test] } }", "a selection needs `id:` or `op:`"),
        ("met: { signal: { op: [register], with: { tool: wandb } } }", "none of the signals it selects sets `tool: wandb`"),
        ("met: { all: [{ practice: p.b }] }", "no practice is called `p.b`"),
        ("met: { practice: 'p.a[env=prod]' }", "has no qualifier `env=prod`"),
        ("met: { practice: p.a }", "asks for itself by way of `p.a`"),
        ("met: { signal: { ids: x } }", "unknown field `ids`"),
        ("met: { imported: { id: registry.b } }", "no signal is called `registry.b`"),
        ("met: { leads: { from: { id: registry.b }, to: { id: registry.a } } }", "no signal is called `registry.b`"),
        ("met: { leads: { from: { id: registry.a }, to: {} } }", "a selection needs `id:` or `op:`"),
        (
            "met: { steps: { of: [[train]], at_least: 1, named: { train: [registry.a, registry.b] } } }",
            "no signal is called `registry.b`",
        ),
        ("detectors: some", "has neither `met:` nor `indicated:`"),
    ];
    for (line, says) in cases {
        let told = in_practices(&format!("- id: p.a\n  title: t\n  question: q\n  {line}\n"));
        assert!(told.iter().any(|t| t.contains(says)), "{line}: {told:?}");
    }
}

#[test]
fn circles_over_several_practices_are_found() {
    let text = "- { id: p.a, title: t, question: q, met: { practice: p.b } }\n- { id: p.b, title: t, question: q, met: { not: { practice: p.c } } }\n- { id: p.c, title: t, question: q, met: { practice: p.a } }\n- { id: p.d, title: t, question: q, met: { practice: p.a } }";
    let told = in_practices(text);
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told[0].ends_with("`p.a` asks for itself by way of `p.b`; break the circle"), "{told:?}");
}

#[test]
fn all_mistakes_come_at_once_and_hostile_files_cost_nothing() {
    let deep = format!("- {}{}", "[".repeat(200_000), "]".repeat(200_000));
    let deep_over_lines = "- [\n".repeat(200_000);
    let large = " ".repeat((1 << 20) + 1);
    let told = wrong(&[
        ("signals/a/a.yaml", &deep),
        ("signals/a/b.yaml", &large),
        ("signals/a/c.yaml", &deep_over_lines),
        ("signals/registry/c.yaml", &rule("deploy.a", CALL, "")),
    ]);
    assert_eq!(told.len(), 4, "{told:?}");
    assert!(told[2].contains("signals/a/c.yaml:1001: brackets"), "{told:?}");
    assert!(told[0].contains("brackets nest deeper than 32"), "{told:?}");
    assert!(told[1].contains("split it"), "{told:?}");
}

#[test]
fn a_users_stray_file_is_told() {
    let files = [("notes.yaml".to_owned(), "a: 1".to_owned())];
    let Err(Error::Rules(wrong)) = Catalog::of(&files, 0, Compile::AtOnce) else { panic!("taken") };
    assert!(wrong[0].message.contains("signals/, practices/ or models/"));
}

#[test]
fn the_built_in_rules_are_sound() {
    if let Err(Error::Rules(wrong)) = Catalog::load(&[]) {
        panic!("{}", wrong.iter().map(|w| format!("{}:{}: {}", w.path, w.line, w.message)).collect::<Vec<_>>().join("\n"));
    }
}
