//! What shell text comes to, in one line a command.

use std::fmt::Write as _;

use super::*;

fn read(text: &str) -> Script {
    parse(text, &Options::default())
}

fn strict(text: &str) -> Script {
    parse(text, &Options { errexit: true, ..Options::default() })
}

fn argv(command: &Command) -> String {
    command.words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
}

/// `words -> what failure does`, with `!` where the status can be the script's.
fn fates(script: &Script) -> String {
    let mut all = String::new();
    for command in &script.commands {
        let fate = match &command.on_failure {
            OnFailure::Stops => "stops".to_owned(),
            OnFailure::GoesOn => "goes on".to_owned(),
            OnFailure::Discarded { why } => format!("lost: {why}"),
        };
        let words = if command.words.is_empty() {
            command.assignments.iter().map(|(n, w)| format!("{n}={}", w.text)).collect::<Vec<_>>().join(" ")
        } else {
            argv(command)
        };
        let _ = writeln!(all, "{words} -> {fate}{}", if command.decides_status { " !" } else { "" });
    }
    all
}

fn fate_of<'s>(script: &'s Script, name: &str) -> &'s OnFailure {
    let found = script.commands.iter().find(|c| argv(c).starts_with(name));
    &found.unwrap_or_else(|| panic!("no {name} in {}", fates(script))).on_failure
}

fn is_lost(script: &Script, name: &str) -> bool {
    matches!(fate_of(script, name), OnFailure::Discarded { .. })
}

fn only<'s>(script: &'s Script, name: &str) -> &'s Command {
    script.commands.iter().find(|c| argv(c).starts_with(name)).unwrap_or_else(|| panic!("no {name} in {}", fates(script)))
}

#[test]
fn words_lose_quotes_and_keep_expansions() {
    let script = read("a 'b c' \"d  $X  e\" f\\ g $'h\\ni' ${J:-k} \"$(l m)\" n*.py o\"p\"'q' \\\n  r");
    let words: Vec<(&str, bool)> = script.commands[0].words.iter().map(|w| (w.text.as_str(), w.literal)).collect();
    assert_eq!(
        words,
        [
            ("a", true),
            ("b c", true),
            ("d  $X  e", false),
            ("f g", true),
            ("h\ni", true),
            ("${J:-k}", false),
            ("$(l m)", false),
            ("n*.py", true),
            ("opq", true),
            ("r", true)
        ]
    );
    assert_eq!((script.commands[0].line, script.commands[0].end_line), (1, 2));
    let inner = only(&script, "l m");
    assert!(inner.substitution);
    assert_eq!(script.errors, []);
}

#[test]
fn known_variables_are_put_in() {
    let options = Options { variables: [("GIVEN".to_owned(), "g".to_owned())].into(), ..Options::default() };
    let script = parse(
        "X=1; Y=$X/b; ARGS=\"--lr 0.1\"; cmd $X \"${Y}\" $ARGS ${GIVEN} ${Z:-z}\nif t; then X=2; fi\nafter $X\nunset Y\nlast $Y",
        &options,
    );
    assert_eq!(argv(only(&script, "cmd")), "cmd 1 1/b --lr 0.1 g ${Z:-z}");
    assert_eq!(only(&script, "cmd").words.len(), 7);
    assert_eq!(argv(only(&script, "after")), "after $X", "a branch may have changed it");
    assert_eq!(argv(only(&script, "last")), "last $Y");
}

#[test]
fn a_loop_variable_is_not_known() {
    let script = read("i=0; for i in 1 2; do run $i; done");
    assert_eq!(argv(only(&script, "run")), "run $i");
    assert_eq!(only(&script, "run").conditions[0].test, "for i in 1 2");
}

#[test]
fn assignments_in_front_are_taken_off() {
    let script = read("A=1 B=$X cmd a\nC=3\nexport D=4 E=5\ncmd $C$D");
    assert_eq!(script.commands[0].words.len(), 2);
    assert_eq!(script.commands[0].assignments[1].0, "B");
    assert!(!script.commands[0].assignments[1].1.literal);
    assert!(script.commands[1].words.is_empty());
    assert_eq!(script.commands[2].words[0].text, "export");
    assert_eq!(script.commands[2].assignments.len(), 2);
    assert_eq!(argv(&script.commands[3]), "cmd 34");
}

#[test]
fn template_expressions_do_not_break_the_parse() {
    let script = read(
        "python train.py --lr ${{ inputs.lr || '0.1' }} \"${{ github.ref }}/x\" '${{ a }}'\nif [ ${{ a == 'b' }} = true ]; then b; fi\nrun --date {{ ds }} --p '{{ params[\"x\"] }}'\n",
    );
    assert_eq!(script.errors, []);
    let words = &script.commands[0].words;
    assert_eq!(words[3].text, "${{ inputs.lr || '0.1' }}");
    assert!(!words[3].literal && !words[4].literal && !words[5].literal);
    assert_eq!(words[4].text, "${{ github.ref }}/x");
    assert_eq!(argv(only(&script, "run")), "run --date {{ ds }} --p {{ params[\"x\"] }}");
    assert_eq!(only(&script, "b").line, 2);
}

#[test]
fn braces_far_apart_are_no_expression() {
    let script = read("echo '{{'; python train.py; echo '}}'");
    assert_eq!(argv(&script.commands[1]), "python train.py");
}

#[test]
fn without_errexit_only_the_last_decides() {
    assert_eq!(fates(&read("a\nb\nc")), "a -> goes on\nb -> goes on\nc -> stops !\n");
}

#[test]
fn with_errexit_all_stop() {
    assert_eq!(fates(&strict("a\nb")), "a -> stops\nb -> stops !\n");
    let script = read("#!/bin/bash\nset -euo pipefail\na | b\nc");
    assert!(script.errexit);
    assert_eq!(fates(&script), "set -euo pipefail -> goes on\na -> stops\nb -> stops\nc -> stops !\n");
    assert!(read("#!/bin/sh -e\na").errexit);
    assert!(read("set -o errexit\na").errexit);
    assert!(!read("a\nset -e\nb").errexit);
}

#[test]
fn what_loses_a_failure() {
    for (text, why) in [
        ("train || true", "|| true"),
        ("train || :", "|| :"),
        ("train || echo failed", "|| echo failed"),
        ("train && test || true", "|| true"),
        ("train | tee log", "left side of a pipe without pipefail"),
        ("train &\nwait", "&"),
        ("if train; then x; fi", "condition of an if"),
        ("while train; do x; done", "condition of a loop"),
        ("! train", "!"),
        ("set +e\ntrain\nx", "set +e"),
        ("echo $(train)", "inside $( )"),
        ("(train) || exit 0", "|| exit 0"),
        ("{ train; } || true", "|| true"),
    ] {
        assert_eq!(fate_of(&strict(text), "train"), &OnFailure::Discarded { why: why.into() }, "{text}");
    }
    for (text, why) in [("train; exit 0", "; exit 0"), ("train\nx\ntrue", "; true"), ("f() { train; }; f || true", "|| true")] {
        assert_eq!(fate_of(&read(text), "train"), &OnFailure::Discarded { why: why.into() }, "{text}");
    }
}

#[test]
fn what_keeps_a_failure() {
    for text in [
        "train || exit 1; x",
        "train || { echo no; exit 1; }; x",
        "train || { echo no && exit 3; }; x",
        "die() { echo $1; exit 1; }\ntrain || die no; x",
        "if ! train; then echo no; exit 1; fi; x",
        "if train; then x; else exit 1; fi; y",
        "train\nif [ $? -ne 0 ]; then exit 1; fi\nx",
        "train\nif [ $? -eq 0 ]; then x; else exit 1; fi\nx",
        "train\n[ $? -eq 0 ] || exit 1\nx",
        "train; exit $?",
        "x && train",
        "train && x",
        "set -o pipefail; train | tee log",
        "X=$(train)",
        "main() { train; }\nmain \"$@\"",
        "set -e\nmain() { train; x; }\nmain; y",
        "set -e; (train; x); y",
        "set -e; for i in 1 2; do train; x; done",
        "f() { train || return 1; x; }\nf || exit 1",
    ] {
        assert_eq!(fate_of(&read(text), "train"), &OnFailure::Stops, "{text}\n{}", fates(&read(text)));
    }
}

#[test]
fn what_lets_a_failure_wait() {
    for text in [
        "train\nx",
        "rc=0; train || rc=1\nx\nexit $rc",
        "train; rc=$?; x; exit $rc",
        "set -e; train && x; y",
        "for i in 1 2; do train $i; done",
    ] {
        assert_eq!(fate_of(&read(text), "train"), &OnFailure::GoesOn, "{text}");
    }
    assert!(is_lost(&read("train || rc=1\nx"), "train"), "nothing looks at it later");
}

#[test]
fn errexit_does_not_reach_into_tested_code() {
    let script = strict("f() { a; b; }\nif f; then c; fi\nd");
    assert_eq!(fate_of(&script, "a"), &OnFailure::GoesOn);
    assert!(is_lost(&script, "b"));
    assert_eq!(fate_of(&script, "d"), &OnFailure::Stops);
}

#[test]
fn conditions_enclose() {
    let script = read(
        "if [ -f x ]; then a; elif t2; then b; else c; fi\ncase $E in dev|test) d;; *) e;; esac\nt3 && f || g\nwhile t4; do h; done\n",
    );
    let conditions = |name: &str| {
        let found = only(&script, name).conditions.iter();
        found.map(|c| format!("{:?} {} @{}", c.kind, c.test, c.line)).collect::<Vec<_>>().join(", ")
    };
    assert_eq!(conditions("a"), "If [ -f x ] @1");
    assert_eq!(conditions("b"), "If t2 @1");
    assert_eq!(conditions("c"), "Else t2 @1");
    assert_eq!(conditions("d"), "Case $E in dev|test @2");
    assert_eq!(conditions("e"), "Case $E in * @2");
    assert_eq!(conditions("f"), "And t3 @3");
    assert_eq!(conditions("g"), "Or t3 && f @3");
    assert_eq!(conditions("h"), "Loop while t4 @4");
    assert_eq!(conditions("t3"), "");
    assert_eq!(argv(only(&script, "[ -f")), "[ -f x ]");
}

#[test]
fn functions_own_their_commands() {
    let script = read("main() {\n  train\n}\nfunction other {\n  x\n}\nif t; then main; fi\n");
    assert_eq!(
        script.functions,
        [Function { name: "main".into(), line: 1, end_line: 3 }, Function { name: "other".into(), line: 4, end_line: 6 }]
    );
    assert_eq!(only(&script, "train").function, Some(0));
    assert_eq!(only(&script, "x").function, Some(1));
    assert_eq!(only(&script, "main").function, None);
    assert!(only(&script, "train").conditions.is_empty() && !only(&script, "main").conditions.is_empty());
    let lines: Vec<u32> = script.commands.iter().map(|c| c.line).collect();
    assert_eq!(lines, [2, 5, 7, 7], "in the order of the text");
}

#[test]
fn recursion_ends() {
    let script = read("f() { g; f; }\ng() { f; x; }\nf");
    assert_eq!(script.commands.len(), 5);
}

#[test]
fn heredocs_are_kept_whole() {
    let script = read(
        "python - a <<'EOF' || exit 1\n\nimport x\n  $y \"open\nEOF\ncat <<-E > out.yaml\n\ta: $X\n\tE\nkubectl apply -f - <<A\nk: v\nA\nx <<< \"y z\"\nbash -s < in.sh\n",
    );
    assert_eq!(script.errors, []);
    let python = only(&script, "python");
    assert_eq!(python.stdin, Some(Stdin::Heredoc { text: "\nimport x\n  $y \"open".into(), line: 2, quoted: true }));
    assert_eq!(argv(python), "python - a");
    assert_eq!(python.on_failure, OnFailure::Stops);
    let cat = only(&script, "cat");
    assert_eq!(cat.stdin, Some(Stdin::Heredoc { text: "a: $X".into(), line: 7, quoted: false }));
    assert_eq!(cat.stdout.as_deref(), Some("out.yaml"));
    assert_eq!(only(&script, "kubectl").line, 9);
    assert!(matches!(&only(&script, "x").stdin, Some(Stdin::HereString(w)) if w.text == "y z"));
    assert!(matches!(&only(&script, "bash").stdin, Some(Stdin::File(w)) if w.text == "in.sh"));
}

#[test]
fn heredocs_in_odd_places() {
    let script = read(
        "cat <<EOF | kubectl apply -f -\na: b\nEOF\nX=\"$(cat <<Q\nit's\nQ\n)\"\ncat <<A <<B\n1\nA\n2\nB\n(( x = 1 << 3 ))\ny=$((1<<z))\nlast",
    );
    assert_eq!(script.errors, []);
    let kubectl = script.commands.iter().position(|c| argv(c).starts_with("kubectl")).unwrap_or(99);
    assert_eq!(script.commands[kubectl].stdin, Some(Stdin::Pipe { from: kubectl - 1 }));
    assert!(matches!(&script.commands[kubectl - 1].stdin, Some(Stdin::Heredoc { text, .. }) if text == "a: b"));
    assert!(script.commands.iter().any(|c| matches!(&c.stdin, Some(Stdin::Heredoc { text, .. }) if text == "it's")));
    assert!(script.commands.iter().any(|c| matches!(&c.stdin, Some(Stdin::Heredoc { text, .. }) if text == "2")));
    assert_eq!(only(&script, "last").line, 15);
}

#[test]
fn pipes_name_their_source() {
    let script = read("curl $(host) | tar x && { a; b; } | c");
    let from = |name: &str| match only(&script, name).stdin {
        Some(Stdin::Pipe { from }) => argv(&script.commands[from]),
        _ => String::new(),
    };
    assert_eq!(from("tar"), "curl $(host)");
    assert_eq!(from("c"), "curl $(host)".replace("curl $(host)", ""), "curl reads no pipe");
    let last = script.commands.last();
    assert!(matches!(last.and_then(|c| c.stdin.clone()), Some(Stdin::Pipe { from }) if argv(&script.commands[from]) == "b"));
}

#[test]
fn redirections_belong_to_the_last_part() {
    let script = read("a && b > out.txt 2>&1 --flag\nc 2> err\n{ d; e; } >> all.log\nf &> both\ng > $X\n");
    let out: Vec<(String, Option<&str>)> = script.commands.iter().map(|c| (argv(c), c.stdout.as_deref())).collect();
    let of = |name: &str| out.iter().find(|(words, _)| words.starts_with(name)).and_then(|(_, o)| *o);
    assert_eq!((of("a"), of("b"), of("c"), of("d"), of("e")), (None, Some("out.txt"), None, Some("all.log"), Some("all.log")));
    assert_eq!((of("f"), of("g")), (Some("both"), None));
    assert_eq!(out[1].0, "b --flag");
}

#[test]
fn folders_follow_cd() {
    let script = read(
        "cd app && a\n(cd sub; b)\nmake\ncd ..\nd\npushd x; e; popd\nf\ncd /opt; g\ncd \"$(dirname \"$0\")/..\"; h\ncd $UNKNOWN; i\nj() { cd y; }\nif t; then cd z; fi; k\n",
    );
    let dir = |name: &str| only(&script, name).dir.clone();
    assert_eq!(dir("a").as_deref(), Some("app"));
    assert_eq!(dir("b").as_deref(), Some("app/sub"));
    assert_eq!(dir("make").as_deref(), Some("app"));
    assert_eq!(dir("d"), None);
    assert_eq!(dir("e").as_deref(), Some("x"));
    assert_eq!(dir("f"), None);
    assert_eq!(dir("g").as_deref(), Some("/opt"));
    assert_eq!(dir("h").as_deref(), Some("${0%/*}/.."));
    assert_eq!(dir("i").as_deref(), Some("?"));
    assert_eq!(dir("k").as_deref(), Some("?"));
}

#[test]
fn the_scripts_own_folder_travels_in_variables() {
    let script = read(
        "HERE=\"$(cd \"$(dirname \"${BASH_SOURCE[0]}\")\" && pwd)\"\nROOT=$HERE/..\nROOT2=$(git rev-parse --show-toplevel)\npython \"$HERE/train.py\" $ROOT/x ${ROOT2}/y\n",
    );
    let python = only(&script, "python");
    assert_eq!(argv(python), "python ${0%/*}/train.py ${0%/*}/../x $(git rev-parse --show-toplevel)/y");
    assert!(python.words.iter().skip(1).all(|word| !word.literal));
}

#[test]
fn broken_text_keeps_what_parsed() {
    for text in [
        "a\nif x; then\nb",
        "a\nfi\nb",
        "a\nb | | c",
        "a\ncat <<EOF\nnever ends",
        "a\n)\n",
        "a; echo \"never closed\nb\n",
        "a; echo 'never closed\nb\n",
    ] {
        let script = read(text);
        assert!(!script.errors.is_empty(), "{text}");
        assert_eq!(argv(only(&script, "a")), "a", "{text}");
    }
    let nul = read("a\0b c\r\nd\r\n");
    assert_eq!(argv(only(&nul, "d")), "d");
}

#[test]
fn hostile_text_is_bounded() {
    for text in [
        "{".repeat(100_000),
        "$(".repeat(10_000),
        format!("{}x{}", "$(".repeat(10_000), ")".repeat(10_000)),
        "<<A\n".repeat(20_000),
        "a <<E | ".repeat(10_000),
        "if ".repeat(30_000),
        "(".repeat(50_000),
        format!("{}a{}", "(".repeat(20_000), ")".repeat(20_000)),
        format!("{}a; {}", "{ ".repeat(20_000), "}; ".repeat(20_000)),
        "${a:-".repeat(20_000),
        "echo \"$(".repeat(5_000),
        "f() { ".repeat(5_000),
        "a`".repeat(20_000),
        "\0".repeat(10_000),
        "{{".repeat(50_000),
        "${{ ".repeat(20_000),
        "case a in ".repeat(10_000),
        "! ".repeat(20_000),
    ] {
        let script = read(&text);
        assert!(script.commands.len() <= MAX_COMMANDS && script.errors.len() <= MAX_ERRORS + 2);
    }
}

#[test]
fn nesting_is_bounded_with_a_word() {
    let deep = format!("{}a{}", "( ".repeat(300), ")".repeat(300));
    assert!(read(&deep).errors.iter().any(|e| e.message.contains("nested deeper")));
}

#[test]
fn long_chains_are_loops() {
    let script = read(&format!("{}last", "a && ".repeat(5_000)));
    assert_eq!(script.commands.len(), 5_001);
    assert!(script.commands.iter().all(|c| c.conditions.len() <= 1));
}

#[test]
fn size_and_number_are_bounded() {
    let script = read(&"a\n".repeat(30_000));
    assert_eq!(script.commands.len(), MAX_COMMANDS);
    assert_eq!(script.errors.len(), 1);
    assert_eq!(read(&"a ".repeat(600_000)).errors.len(), 1);
}

#[test]
fn doubling_variables_are_bounded() {
    let script = read(&format!("X=aaaaaaaaaaaaaaaa\n{}cmd $X", "X=$X$X\n".repeat(1_000)));
    assert!(script.commands.iter().all(|c| c.assignments.iter().all(|(_, w)| w.text.len() < 10_000)));
    let wide = read(&format!("X={}\ncmd {}", "a".repeat(4_000), "$X ".repeat(50_000)));
    assert!(wide.commands.iter().map(|c| argv(c).len()).sum::<usize>() < 3_000_000);
}
