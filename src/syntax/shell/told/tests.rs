use super::super::HOLE;
use super::*;

/// The programs that run, of a script that is told something.
fn runs(text: &str, arguments: &[&str]) -> String {
    let told = Told {
        arguments: Some(arguments.iter().map(|a| if *a == "?" { None } else { Some((*a).to_owned()) }).collect()),
        ..Told::default()
    };
    run_with(text, &told)
}

fn run_with(text: &str, told: &Told) -> String {
    let script = parse(text, &Options::default());
    assert_eq!(script.errors, [], "{text}");
    let out = ruled_out(&script, told);
    let names = script.commands.iter().zip(out).filter(|(_, why)| why.is_none());
    let names = names.filter_map(|(command, _)| Some(command.words.first()?.text.clone()));
    names.filter(|name| name.len() == 1 && name.as_bytes()[0].is_ascii_lowercase()).collect()
}

#[test]
fn an_argument_is_held_against_a_test() {
    let text = "if [ \"$1\" = \"train\" ]; then\n  t\nelse\n  e\nfi\n[[ $1 == tr* ]] && g\n[ \"$1\" != train ] || h\na\n";
    assert_eq!(runs(text, &["train"]), "tgha");
    assert_eq!(runs(text, &["plan"]), "ea");
    assert_eq!(runs(text, &[]), "ea");
    assert_eq!(runs(text, &["?"]), "tegha");
    assert_eq!(run_with(text, &Told::default()), "tegha");
}

#[test]
fn arms_and_loops_over_arguments() {
    let arms = "case \"$1\" in\n  --plan|-p) p ;;\n  --create) c ;;\n  *) d ;;\nesac\n";
    assert_eq!(runs(arms, &["--plan"]), "pd");
    assert_eq!(runs(arms, &["--create"]), "cd");
    let looped = "MODE=plan\nwhile [ $# -gt 0 ]; do\n  case $1 in\n    --create) MODE=create; shift ;;\n    --env) ENV=$2; shift 2 ;;\n  esac\ndone\nif [ \"$MODE\" = create ]; then c; fi\ncase $MODE in plan) p;; esac\n";
    assert_eq!(runs(looped, &["--env", "dev"]), "p");
    assert_eq!(runs(looped, &["--env", "dev", "--create"]), "cp");
    assert_eq!(runs(looped, &["--env", "?"]), "cp");
    let each = "for a in \"$@\"; do\n  if [ $a = go ]; then g; fi\ndone\n";
    assert_eq!(runs(each, &["stay"]), "");
    assert_eq!(runs(each, &["stay", "go"]), "g");
    let options = "while getopts \"tp\" o; do\n case $o in\n t) t;;\n p) p;;\n esac\ndone\n";
    assert_eq!(runs(options, &["-p"]), "p");
    assert_eq!(runs(options, &["-tp"]), "tp");
}

#[test]
fn variables_and_flags() {
    let text = "TRAIN=false\n[ \"$1\" = go ] && TRAIN=true\nif $TRAIN; then t; fi\nif [ -n \"$OTHER\" ]; then o; fi\nif [ \"${2:-no}\" = yes ]; then y; fi\n";
    assert_eq!(runs(text, &["go"]), "to");
    assert_eq!(runs(text, &[]), "o");
    assert_eq!(runs(text, &["stay", "yes"]), "oy");
    let told = Told { variables: [("OTHER".to_owned(), String::new())].into(), ..Told::default() };
    assert_eq!(run_with(text, &told), "ty");
    let set_elsewhere = "MODE=plan\n. ./settings.sh\nif [ \"$MODE\" = apply ]; then t; fi\n";
    assert_eq!(runs(set_elsewhere, &[]), "t");
    let parsed = "eval set -- \"$(getopt -o '' -l apply -- \"$@\")\"\nif [ \"$1\" = --apply ]; then t; fi\n";
    assert_eq!(runs(parsed, &["-a"]), "t");
    assert_eq!(runs("read -r GO\nif [ \"$GO\" = y ]; then t; fi\n", &[]), "t");
    assert_eq!(runs("if [ $# -eq 0 ]; then u; exit 1; fi\nt\n", &[]), "u");
    assert_eq!(runs("if [ $# -eq 0 ]; then u; exit 1; fi\nt\n", &["x"]), "t");
}

#[test]
fn functions_have_parameters_of_their_own() {
    let text = "main() {\n  case \"$1\" in\n    train) t ;;\n    plan) p ;;\n  esac\n}\nmain \"$@\"\n";
    assert_eq!(runs(text, &["plan"]), "p");
    assert_eq!(runs(text, &["train"]), "t");
    let steps = "step() {\n  if [ \"$1\" = fit ]; then f; fi\n  if [ \"$1\" = test ]; then s; fi\n}\nstep fit\n";
    assert_eq!(runs(steps, &[]), "f");
    assert_eq!(runs(&format!("{steps}step test\n"), &[]), "fs");
    assert_eq!(runs(&format!("{steps}trap step EXIT\n"), &[]), "fs");
}

#[test]
fn what_is_certain_is_put_in() {
    let put = |text: &str, arguments: &[&str]| {
        let script = parse(text, &Options::default());
        let arguments = arguments.iter().map(|a| (*a != "?").then(|| (*a).to_owned())).collect();
        let told = Told { arguments: Some(arguments), ..Told::default() };
        let words =
            put_in(&script, &told).into_iter().zip(&script.commands).map(|(put, c)| put.unwrap_or_else(|| c.words.clone()));
        let line = |words: Vec<Word>| words.iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join(" ");
        words.map(line).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ")
    };
    assert_eq!(put("exec \"$@\"\n", &["python", "fit.py"]), "exec python fit.py");
    assert_eq!(put("M=$1\nshift\nrun \"$M\" --all \"$@\"\n", &["fit", "x"]), "shift; run fit --all x");
    assert_eq!(put("run ${1:-score} $2\n", &[]), "run score");
    assert_eq!(put("run $1\n", &["?"]), "run $1");
    assert_eq!(put("if x; then shift; fi\nrun $1 $2\n", &["a", "b"]), "x; shift; run $1 $2");
    assert_eq!(put("f() { run $1; }\nf fit\n", &[]), "run fit; f fit");
}

#[test]
fn only_what_is_told_something_asks() {
    let asks = |text: &str| asks(&parse(text, &Options::default()));
    assert!(asks("if [ \"$1\" = a ]; then x; fi\n") && asks("M=${1:-a}\n[ $M = a ] && x\n"));
    assert!(asks("while getopts ab o; do x; done\n") && asks("for a in \"$@\"; do x; done\n"));
    assert!(asks("set -e\nexec \"$@\"\n") && asks("fit() { x; }\n\"$@\"\n"));
    assert!(!asks("x \"$1\"\n") && !asks("if [ -f \"$HOME\" ]; then x; fi\n"));
}

#[test]
fn what_is_never_so_needs_no_variable() {
    for text in [
        "if false; then x; fi\ng\n",
        "false && x\ng\n",
        "true || x\ng\n",
        "[ 0 = 1 ] && x\ng\n",
        "((0)) && x\ng\n",
        "if [ ]; then x; fi\ng\n",
        "if ! true; then x; fi\ng\n",
        "while false; do x; done\ng\n",
        "until true; do x; done\ng\n",
        "g\nexit 0\nx\n",
        "g\nexec ./server \"$@\"\nx\n",
        "d() { exit 3; }\ng\nd\nx\n",
        "f() { g; return; x; }\nf\n",
        "if y_is; then g; exit 0; x; fi\n",
    ] {
        assert_eq!(run_with(text, &Told::default()).replace('d', "").replace('f', ""), "g", "{text}");
    }
    for text in [
        "[ -f x ] || exit 1\nx\n",
        "if [ -f stop ]; then exit 0; fi\nx\n",
        "( exit 0 )\nx\n",
        "exit 0 | tee log\nx\n",
        "exec > log 2>&1\nx\n",
        "d() { if y_is; then return; fi; exit 1; }\nd\nx\n",
        "d() { exit 3; }\ny_is || d\nx\n",
        "false || x\n",
        "true && x\n",
        "if [ \"{{ params.go }}\" = yes ]; then x; fi\n",
        "a_is && ! false && x\n",
        "false; x\n",
        "y_is $(exit 1)\nx\n",
    ] {
        let runs = run_with(text, &Told::default());
        assert_eq!(runs.replace('d', ""), "x", "{text}");
    }
}

#[test]
fn what_a_way_of_starting_gives_is_held_against_tests() {
    let given = |pairs: &[(&str, &[&str])]| Told {
        given: pairs.iter().map(|(k, v)| ((*k).to_owned(), v.iter().map(|v| v.replace('~', HOLE)).collect())).collect(),
        ..Told::default()
    };
    let push = given(&[("REF", &["refs/heads/~"]), ("event.name", &["push"]), ("TAG", &[""])]);
    for (text, runs) in [
        ("case \"$REF\" in refs/tags/v*) t ;; refs/heads/main) m ;; *) o ;; esac", "mo"),
        ("if [ \"${{ event.name }}\" != manual ]; then exit 0; fi\nx\n", ""),
        ("if [[ \"$REF\" =~ ^refs/tags/ ]]; then x; fi\n", ""),
        ("[[ \"$REF\" == refs/heads/* ]] || exit 0\nx\n", "x"),
        ("if [ -n \"$TAG\" ]; then t; else m; fi\n", "m"),
        ("if [ \"$REF\" = \"refs/heads/main\" ]; then x; else y; fi\n", "xy"),
        ("if [ \"$OTHER\" = go ]; then x; fi\n", "x"),
    ] {
        assert_eq!(run_with(text, &push), runs, "{text}");
    }
    assert!(may_be("v*", "v1") && !may_be("refs/tags/*", &format!("refs/heads/{HOLE}")));
    assert!(may_be("refs/pull/1/merge", &format!("refs/pull/{HOLE}/merge")) && !may_be("main", &format!("pull/{HOLE}/merge")));
}

#[test]
fn what_sets_a_variable_otherwise() {
    let ends = |sets: &str| run_with(&format!("N=0\n{sets}\nif [ \"$N\" = 0 ]; then\n  exit 0\nfi\na\n"), &Told::default());
    assert_eq!(ends("M=1"), "");
    assert_eq!(ends("M=1\nexport N M\nexport O=2"), "");
    for sets in [
        "if t; then ((++N)); fi",
        "for f in *; do [ -e $f ] && N=$((M+=1)) && : $((N+=1)); done",
        "let N++",
        "let 'N += 2'",
        "unset N",
        "export $(cat .env | xargs)",
        "declare \"$key=$value\"",
        "export \"N=$other\"",
        "f() { local -n M=N; M=1; }",
        "trap 'N=1' USR1",
    ] {
        assert!(ends(sets).ends_with('a'), "{sets}");
    }
}
