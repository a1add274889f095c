use super::*;

fn shell(form: &Form) -> &str {
    match form {
        Form::Shell(text) => text,
        other => panic!("{other:?}"),
    }
}

fn argv(file: &Dockerfile, stage: Option<&str>) -> String {
    file.command_of(stage).map(|started| started.argv.join(" ")).unwrap_or_default()
}

const STAGES: &str = "# syntax=docker/dockerfile:1
ARG PYTHON=3.11
ARG TAG=${PYTHON}-slim
FROM --platform=linux/amd64 python:${TAG} AS base
WORKDIR /srv
WORKDIR app
ENV A=1 B=\"two words\"
ENV OLD some value
CMD [\"base\"]

FROM base as train
ARG PYTHON
COPY --from=base --chown=1:1 [\"a b\", \"/x\"]
RUN --mount=type=cache,target=/root \\
    # a comment
    pip install x && \\

    python train.py
ENTRYPOINT [\"python\", \"train.py\"]
CMD [\"--lr\", \"1\"]

FROM train
RUN [\"ls\", \"-l\"]
CMD serve --port $A
";

#[test]
fn stages_and_instructions() {
    let file = parse(STAGES);
    assert_eq!(file.errors, []);
    let [base, train, last] = file.stages.as_slice() else { panic!("{file:?}") };
    assert_eq!((base.base.as_str(), base.name.as_deref(), base.line), ("python:3.11-slim", Some("base"), 4));
    assert_eq!(base.workdir.as_deref(), Some("/srv/app"));
    assert_eq!(base.variables["B"], "two words");
    assert_eq!(base.variables["OLD"], "some value");
    assert_eq!((train.parent, last.parent), (Some(0), Some(1)));
    assert_eq!(train.workdir.as_deref(), Some("/srv/app"), "as in the stage below");
    assert_eq!(train.variables["A"], "1");
    assert_eq!(train.variables["PYTHON"], "3.11");
    assert_eq!(file.args["TAG"], ("3.11-slim".to_owned(), 3));
    let copy = &train.instructions[1];
    assert_eq!(copy.form, Form::Args(vec!["a b".into(), "/x".into()]));
    assert_eq!(copy.flags, [("from".to_owned(), "base".to_owned()), ("chown".to_owned(), "1:1".to_owned())]);
    let run = &train.instructions[2];
    assert_eq!((run.line, run.end_line), (14, 18));
    assert_eq!(run.flags[0].0, "mount");
    assert_eq!(last.instructions[0].form, Form::Exec(vec!["ls".into(), "-l".into()]));
}

#[test]
fn shell_text_keeps_its_lines() {
    let file = parse(STAGES);
    let run = &file.stages[1].instructions[2];
    let script = crate::syntax::shell::parse(shell(&run.form), &Default::default());
    assert_eq!(script.errors, []);
    let lines: Vec<(String, u32)> = script.commands.iter().map(|c| (c.words[0].text.clone(), run.line + c.line - 1)).collect();
    assert_eq!(lines, [("pip".to_owned(), 16), ("python".to_owned(), 18)]);
}

#[test]
fn what_a_container_starts() {
    let file = parse(STAGES);
    assert_eq!(argv(&file, Some("base")), "base");
    assert_eq!(argv(&file, Some("train")), "python train.py --lr 1");
    assert_eq!(argv(&file, Some("1")), "python train.py --lr 1");
    assert_eq!(argv(&file, None), "python train.py /bin/sh -c serve --port $A");
    assert_eq!(file.command_of(Some("none")), None);
    assert_eq!(file.command_of(None).and_then(|s| s.workdir).as_deref(), Some("/srv/app"));
    for (text, expected) in [
        ("FROM a\nCMD [\"x\"]\nCMD [\"y\"]\n", "y"),
        ("FROM a\nENTRYPOINT run it\nCMD [\"y\"]\n", "/bin/sh -c run it"),
        ("FROM a AS b\nCMD [\"x\"]\nFROM b\nENTRYPOINT [\"e\"]\n", "e"),
        ("FROM a\nCMD [\"x\"]\nENTRYPOINT [\"e\"]\n", "e x"),
        ("FROM a\nSHELL [\"/bin/bash\", \"-eo\", \"pipefail\", \"-c\"]\nCMD x | y\n", "/bin/bash -eo pipefail -c x | y"),
        ("FROM a\nENTRYPOINT [\"e\"]\nENTRYPOINT []\nCMD [\"x\"]\n", "x"),
        ("FROM a\nCMD ['x']\n", "/bin/sh -c ['x']"),
        ("FROM a\nRUN x\n", ""),
    ] {
        assert_eq!(argv(&parse(text), None), expected, "{text}");
    }
}

#[test]
fn heredocs_are_read() {
    let file = parse(
        "FROM a\nRUN <<EOF\npip install x\npython train.py\nEOF\nRUN python3 - <<'PY' && ls\nimport x\nPY\nCOPY <<-F /etc/f\n\tk: v\n\tF\nRUN <<S\n#!/usr/bin/env python3\nprint(1)\nS\nUSER me\n",
    );
    assert_eq!(file.errors, []);
    let list = &file.stages[0].instructions;
    assert_eq!(list.len(), 5);
    assert_eq!(shell(&list[0].form), "\npip install x\npython train.py");
    assert_eq!(shell(&list[1].form), "python3 - <<'PY' && ls\nimport x\nPY");
    assert_eq!(list[2].heredocs[0], Heredoc { name: "F".into(), text: "\tk: v".into(), line: 10 });
    assert!(shell(&list[3].form).starts_with("/usr/bin/env python3 <<'S'\n#!"));
    assert_eq!((list[3].line, list[3].end_line, list[4].line), (12, 15, 16));
}

#[test]
fn one_bad_instruction_costs_one() {
    let file = parse("RUN early\nFROM a\nRUNN x\nENTRYPOINT\nRUN <<EOF\nls\nCMD x\nFROM\n");
    assert_eq!(file.errors.len(), 6, "{:?}", file.errors);
    assert_eq!(argv(&file, None), "/bin/sh -c x");
    assert_eq!(parse("").errors.len(), 1);
}

#[test]
fn the_escape_can_be_another() {
    let file = parse("# escape=`\nFROM a\nRUN dir `\n  C:\\x\nWORKDIR C:\\x\n");
    assert_eq!(file.stages[0].instructions.len(), 2);
    assert_eq!(file.stages[0].instructions[1].line, 5);
    assert_eq!(file.stages[0].workdir.as_deref(), Some("/C:\\x"));
}

#[test]
fn environment_reaches_further_stages_and_arguments_do_not() {
    let file = parse("FROM x AS a\nARG P=1\nENV E=$P\nFROM a AS b\nFROM b AS c\nWORKDIR /$E/$P\n");
    assert_eq!(file.stages[2].workdir.as_deref(), Some("/1/$P"));
}

#[test]
fn healthchecks_have_a_command() {
    let file = parse("FROM a\nHEALTHCHECK --interval=5s CMD curl -f x || exit 1\nHEALTHCHECK NONE\n");
    assert_eq!(shell(&file.stages[0].instructions[0].form).trim(), "curl -f x || exit 1");
    assert_eq!(file.stages[0].instructions[1].form, Form::Args(vec!["NONE".into()]));
}

#[test]
fn hostile_text_is_bounded() {
    for text in [
        format!("FROM a\nRUN {}", "\\\n".repeat(100_000)),
        format!("FROM a\n{}", "RUN <<A\n".repeat(20_000)),
        format!("FROM a\nENV A=aaaaaaaaaaaaaaaa\n{}", "ENV A=$A$A\n".repeat(5_000)),
        format!("FROM a\n{}", "WORKDIR a\n".repeat(20_000)),
        format!("FROM a\nCMD {}", "[".repeat(100_000)),
        "FROM x\n".repeat(20_000),
        format!("FROM a\nRUN {}", "<<A ".repeat(20_000)),
        "${".repeat(50_000),
        "FROM ${A:-".repeat(10_000),
        "\0".repeat(1_000),
        "{".repeat(100_000),
        "FROM a AS a\n".repeat(5_000),
    ] {
        let file = parse(&text);
        let _ = file.command_of(None);
        assert!(file.stages.iter().all(|s| s.variables.values().all(|v| v.len() < 100_000)));
    }
}

/// Another parser, of whole and correct files, sees the same instructions on the same lines.
#[test]
fn another_parser_agrees() {
    for text in [STAGES, "FROM a\nRUN <<E\nx\nE\nCMD y\n", "FROM a\n\n# c\nRUN a \\\n  b\nexpose 80\n"] {
        let other = parse_dockerfile::parse(text).unwrap_or_else(|e| panic!("{e}"));
        let theirs = other.stages().map(|stage| stage.instructions.len()).sum::<usize>();
        let ours: usize = parse(text).stages.iter().map(|stage| stage.instructions.len()).sum();
        assert_eq!(ours, theirs, "{text}");
    }
}
