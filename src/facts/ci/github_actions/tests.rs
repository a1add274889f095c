//! What workflows come to, told compactly.

use super::super::reading::MAX_STEPS;
use super::super::told::told;
use super::*;
use crate::source::NoticeKind;

fn check(text: &str, expected: &[&str]) {
    check_at(".github/workflows/w.yml", |file, context| workflow(file, context, &[]), text, expected);
}

fn check_at(path: &str, read: fn(&SourceFile, &Context<'_>) -> FileFacts, text: &str, expected: &[&str]) {
    let context = Context::default();
    let facts = read(&SourceFile::new(path.into(), text.to_owned()), &context);
    let told = told(&facts);
    assert_eq!(told, expected, "\n{}", told.join("\n"));
}

#[test]
fn every_trigger_has_its_word_and_line() {
    check(
        "on:
  push:
    branches: [main]
    tags: ['v*']
    paths-ignore: [docs/**]
  pull_request:
  schedule:
    - cron: '0 3 * * 1'
    - cron: '0 4 * * 1'
  release: {types: [published]}
  workflow_run: {workflows: [Fit, Drift], types: [completed], branches: [main]}
  repository_dispatch: {types: [new-data]}
  workflow_dispatch:
    inputs:
      size: {default: small}
  workflow_call:
  registry_package:
jobs: {}
",
        &[
            "2 w.yml: tag: tag v*",
            "2 w.yml: push: push main, except docs/** main",
            "6 w.yml: pr: pull_request",
            "8 w.yml: schedule: schedule \"0 3 * * 1\"",
            "9 w.yml: schedule: schedule \"0 4 * * 1\"",
            "10 w.yml: tag: release published",
            "11 w.yml: upstream: after Fit, Drift main Fit Drift",
            "12 w.yml: api: repository_dispatch new-data new-data",
            "15 w.yml: inputs.size = small",
            "13 w.yml: manual: workflow_dispatch",
            "16 w.yml: upstream: workflow_call nothing in this repository calls it",
            "17 w.yml: registry: registry_package",
        ],
    );
    check("on: push\njobs: {}\n", &["1 w.yml: push: push"]);
    check("on: [push, issue_comment]\njobs: {}\n", &["1 w.yml: push: push", "1 w.yml: manual: issue_comment"]);
    check("on:\n  push: {tags: [v1]}\njobs: {}\n", &["2 w.yml: tag: tag v1"]);
    check("on:\n  push: {tags-ignore: ['**']}\njobs: {}\n", &["2 w.yml: tag: tag !** its filter leaves no tag"]);
}

#[test]
fn what_is_commented_out_is_told_as_off() {
    check(
        "# on: [push]\non:\n  workflow_dispatch:\n  # schedule:\n  #   - cron: '5 4 * * *'  # nightly\n  # release: we do that by hand\n  # workflow_dispatch:\njobs: {}\n",
        &[
            "3 w.yml: manual: workflow_dispatch",
            "1 w.yml: push: push commented out",
            "5 w.yml: schedule: schedule \"5 4 * * *\" commented out",
        ],
    );
}

#[test]
fn a_merged_pull_request_is_a_push() {
    let job = "jobs:\n  a:\n    if: github.event.pull_request.merged == true\n    steps: [{run: make}]\n";
    check(
        &format!("on:\n  pull_request: {{types: [closed], branches: [main]}}\n{job}"),
        &["2 w.yml: push: a pull request is merged main", "5 a: Event([Push])", "6 1: $ make @."],
    );
    check("on:\n  pull_request: {types: [closed]}\njobs: {}\n", &["2 w.yml: pr: pull_request closed"]);
}

#[test]
fn jobs_have_order_guards_machines_and_settings() {
    check(
        "on: push
env: {A: '1'}
jobs:
  test:
    runs-on: ubuntu-latest
    continue-on-error: true
    steps: [{run: pytest}]
  fit:
    needs: test
    runs-on: [self-hosted, gpu]
    container: {image: org/fit, options: --gpus all}
    environment: {name: staging}
    env: {B: x}
    steps:
      - run: python fit.py $A $B
        continue-on-error: ${{ github.ref == 'x' }}
  tell:
    needs: [fit, gone]
    if: always()
    uses: ./.github/workflows/tell.yml
    with: {who: all}
    secrets: inherit
  off:
    if: ${{ false }}
    uses: org/flows/.github/workflows/x.yml@v1
",
        &[
            "! there is no job `gone` to wait for",
            "1 w.yml: push: push",
            "2 w.yml: A = 1",
            "6 test: AllowFailure(\"continue-on-error\")",
            "5 test: on ubuntu-latest",
            "7 1: $ pytest @.",
            "13 fit: B = x",
            "10 fit: on self-hosted, gpu (own)",
            "11 fit: on org/fit (own)",
            "11 fit: container.options = --gpus all",
            "12 fit: environment staging",
            "16 1: AllowFailure(\"continue-on-error: ${{ github.ref == 'x' }}\")",
            "15 1: $ python fit.py 1 x @.",
            "19 tell: Always(\"always()\")",
            "20 tell: uses ./.github/workflows/tell.yml -> file .github/workflows/tell.yml who=all secrets=inherit",
            "24 off: Never(\"if: false\")",
            "25 off: uses org/flows/.github/workflows/x.yml@v1 -> outside",
            "9 fit: needs test anyhow",
            "18 tell: needs fit anyhow",
        ],
    );
}

#[test]
fn cells_of_a_matrix_are_told_together_unless_they_run_something_else() {
    check(
        "on: push
jobs:
  a:
    strategy:
      matrix:
        town: [north, south]
        part: [fit, score]
    environment: ${{ matrix.town }}
    steps:
      - run: python train.py --town ${{ matrix.town }}
      - run: |
          echo go
          python -m jobs.${{ matrix.part }}
        working-directory: work
      - run: make
        if: matrix.town == 'south'
",
        &[
            "1 w.yml: push: push",
            "6 a: matrix.town = north, south",
            "7 a: matrix.part = fit, score",
            "8 a: environment north",
            "8 a: environment south",
            "10 1: $ python train.py --town north @.",
            "12 2: $ echo go @work",
            "13 2: $ python -m jobs.fit @work goes on",
            "13 2: $ python -m jobs.score @work goes on",
            "15 3: $ make @.",
        ],
    );
    check(
        "on: push
jobs:
  a:
    runs-on: ${{ matrix.os }}
    strategy:
      matrix:
        include:
          - {os: ubuntu-latest, file: a.py}
          - {os: windows-latest, file: b.py}
    steps:
      - run: python ${{ matrix.file }}
",
        &[
            "1 w.yml: push: push",
            "4 a: on ubuntu-latest",
            "4 a: on windows-latest",
            "11 1: $ python a.py @. goes on",
            "11 1: $ python b.py @. goes on",
        ],
    );
}

#[test]
fn steps_run_in_their_shell_and_folder() {
    check(
        "on: push
defaults: {run: {working-directory: src}}
env:
  IMAGE: org/eta:${{ github.sha }}
jobs:
  a:
    steps:
      - run: |
          cd jobs
          python fit.py || true
      - shell: python
        working-directory: .
        run: |
          import fit
          fit.main()
      - shell: Rscript {0}
        run: fit()
      - run: docker push $IMAGE
      - run: bash $GITHUB_WORKSPACE/ci/x.sh
      - id: name
        run: echo \"model=eta\" >> \"$GITHUB_OUTPUT\"
      - run: make ${{ steps.name.outputs.model }} K=${{ inputs.k || '3' }}
",
        &[
            "1 w.yml: push: push",
            "4 w.yml: IMAGE = org/eta:${{ github.sha }}",
            "9 1: $ cd jobs @src",
            "10 1: $ python fit.py @src/jobs lost",
            "10 1: $ true @src/jobs",
            "14 2: $ python @. [python]",
            "17 3: $ Rscript @src",
            "18 4: $ docker push org/eta:${{ github.sha }} @src",
            "19 5: $ bash ../ci/x.sh @src",
            "21 name: $ echo model=eta @src",
            "22 7: $ make eta K=3 @src",
        ],
    );
}

#[test]
fn a_checkout_says_where_the_repository_lies() {
    check(
        "on: push
jobs:
  a:
    steps:
      - uses: actions/checkout@v4
        with: {path: app}
      - uses: actions/checkout@v4
        with: {repository: org/other, path: other}
      - run: make
        working-directory: app/work
      - run: cd other && make
      - uses: ./app/.github/actions/fit
      - uses: ./other/act
",
        &[
            "1 w.yml: push: push",
            "5 1: uses actions/checkout@v4 -> outside path=app",
            "6 1: checkout.path = app",
            "7 2: uses actions/checkout@v4 -> outside repository=org/other path=other",
            "8 2: checkout.repository = org/other",
            "8 2: checkout.path = other",
            "9 3: $ make @work",
            "11 4: $ cd other @?",
            "11 4: $ make @?",
            "12 5: uses ./app/.github/actions/fit -> file .github/actions/fit",
            "13 6: uses ./other/act -> outside",
        ],
    );
}

#[test]
fn actions_are_read_by_their_kind() {
    let at = "tools/fit/action.yml";
    check_at(
        at,
        |file, context| action(file, context, &[]),
        "name: Fit
inputs: {size: {default: small}}
runs:
  using: composite
  steps:
    - run: bash ${{ github.action_path }}/fit.sh
      shell: bash
    - uses: ./.github/actions/tell
",
        &[
            "2 tools/fit: inputs.size = small",
            "6 1: $ bash tools/fit/fit.sh @.",
            "8 2: uses ./.github/actions/tell -> file .github/actions/tell",
        ],
    );
    check_at(
        at,
        |file, context| action(file, context, &[]),
        "runs: {using: docker, image: Dockerfile, args: [--size, big]}\n",
        &["1 tools/fit: uses Dockerfile -> file tools/fit/Dockerfile args=--size big"],
    );
    // what the caller gives stands in what the image is told
    let sizes: Inputs = [("size".to_owned(), "big".to_owned())].into();
    let given = SourceFile::new(
        at.into(),
        "inputs: {size: {}}\nruns: {using: docker, image: Dockerfile, args: [python, fit.py, '${{ inputs.size }}']}\n".to_owned(),
    );
    assert_eq!(
        told(&action(&given, &Context::default(), &[sizes])),
        [
            "2 tools/fit: uses Dockerfile -> file tools/fit/Dockerfile args=python fit.py big",
            "2 tools/fit: $ python fit.py big @.",
        ]
    );
    check_at(
        at,
        |file, context| action(file, context, &[]),
        "runs: {using: node20, main: dist/i.js}\n",
        &["1 tools/fit: runs.main = dist/i.js"],
    );
    check_at(at, |file, context| action(file, context, &[]), "actions: [a]\n", &[]);
}

#[test]
fn wrong_types_cost_their_own_key() {
    check(
        "on: {push: [main], schedule: daily, pushes: }
jobs:
  a: text
  b:
    needs: {x: y}
    steps: run
  c:
    steps:
      - run: [a]
      - text
      - name: nothing
      - run: make
        env: [A]
        if: [x]
  d: &d
    steps: [{run: make d}]
  e: *d
",
        &[
            "! `push` has a filter that is neither keys nor nothing",
            "! `schedule` has a filter that is neither keys nor nothing",
            "! `schedule` is no list of `cron` lines",
            "! there is no event `pushes`, so the workflow never starts",
            "! job `a` has no keys",
            "! `steps` is no list",
            "! `run` is no text",
            "! a step without keys",
            "! a step with neither `uses` nor `run`",
            "! `if` is no condition",
            "! `env` has no keys",
            "! `needs` lists no jobs",
            "1 w.yml: push: push",
            "12 4: $ make @.",
            "16 1: $ make d @.",
            "16 1: $ make d @.",
        ],
    );
    check("name: nothing\n", &["! a workflow without `jobs` does nothing"]);
    check("- a\n", &["! a workflow has keys at the top, and this has none"]);
    check("", &[]);
}

#[test]
fn repetition_by_anchors_is_bounded() {
    let step = format!("a: &s {{run: '# {}'}}\n", "x".repeat(50_000));
    let list = "      - *s\n".repeat(5_000);
    let text = format!("{step}on: push\njobs:\n  j:\n    steps:\n{list}");
    let context = Context::default();
    let facts = workflow(&SourceFile::new("w.yml".into(), text), &context, &[]);
    assert!(facts.units.len() <= MAX_STEPS + 2);
    assert!(facts.notices.iter().any(|n| n.kind == NoticeKind::TooLarge));
}

#[test]
fn a_callee_is_read_for_every_set_of_inputs() {
    let text = "on:
  workflow_call:
    inputs:
      task: {type: string, required: true}
      fits: {type: boolean}
      python: {type: string, default: '3.12'}
jobs:
  j:
    if: inputs.fits
    runs-on: ubuntu-latest
    steps:
      - uses: actions/setup-python@v5
        with: {python-version: '${{ inputs.python }}'}
      - run: python -m ${{ inputs.task }}
";
    let set = |task: &str, fits: &str| Inputs::from([("task".to_owned(), task.to_owned()), ("fits".to_owned(), fits.to_owned())]);
    let file = SourceFile::new(".github/workflows/w.yml".into(), text.to_owned());
    let context = Context::default();
    let alone = workflow(&file, &context, &[]);
    let called = alone.called.as_ref().unwrap();
    // what only prepares the machine makes no difference
    assert_eq!(called.inputs, set("", "false"));
    assert_eq!(called.alone, Some(0));
    let calls = [set("a.fit", "true"), set("a.show", "false"), set("${{ inputs.other }}", "true")];
    let facts = workflow(&file, &context, &calls);
    let units: Vec<usize> = facts.called.as_ref().unwrap().by_inputs.iter().map(|(_, unit)| *unit).collect();
    assert_eq!((facts.called.as_ref().unwrap().alone, units.len(), units[0]), (None, 3, 0));
    let told = told(&facts);
    let kept: Vec<&str> = told.iter().map(String::as_str).filter(|line| line.contains("$ ") || line.contains("Never")).collect();
    assert_eq!(
        kept,
        [
            "14 2: $ python -m a.fit @.",
            "9 j: Never(\"if: inputs.fits\")",
            "14 2: $ python -m a.show @.",
            "14 2: $ python -m ${{ caller.inputs.other }} @.",
        ]
    );
    let many: Vec<Inputs> = (0..200).map(|n| set(&format!("m{n}"), "true")).collect();
    let facts = workflow(&file, &context, &many);
    assert!(facts.called.as_ref().unwrap().alone.is_some() && facts.notices.iter().any(|n| n.kind == NoticeKind::TooLarge));
}

#[test]
fn cells_of_a_matrix_call_each_for_itself() {
    check(
        "on: push\njobs:\n  j:\n    strategy: {matrix: {task: [fit, show]}}\n    uses: ./.github/workflows/o.yml\n    with: {task: '${{ matrix.task }}'}\n",
        &[
            "1 w.yml: push: push",
            "4 j: matrix.task = fit, show",
            "5 j: uses ./.github/workflows/o.yml -> file .github/workflows/o.yml task=fit",
            "5 j: uses ./.github/workflows/o.yml -> file .github/workflows/o.yml task=show",
        ],
    );
}

#[test]
fn what_a_person_gives_has_its_default() {
    let text = |on: &str| {
        format!(
            "on:
{on}
env: {{MODEL: '${{{{ inputs.model }}}}'}}
jobs:
  j:
    runs-on: x
    steps:
      - run: python -m ${{{{ inputs.model }}}}
      - run: python fit.py $MODEL
      - if: inputs.model == 'b'
        run: make it
"
        )
    };
    let inputs = "  workflow_dispatch: {inputs: {model: {default: a}}}";
    let steps = |text: &str| {
        let facts = workflow(&SourceFile::new(".github/workflows/w.yml".into(), text.to_owned()), &Context::default(), &[]);
        told(&facts).into_iter().filter(|line| line.contains(": $ ")).collect::<Vec<_>>()
    };
    // no condition is decided by it
    assert_eq!(steps(&text(inputs)), ["8 1: $ python -m a @.", "9 2: $ python fit.py a @.", "11 3: $ make it @."]);
    // a push is given none
    assert_eq!(
        steps(&text(&format!("{inputs}\n  push:"))),
        ["9 1: $ python -m ${{ inputs.model }} @.", "10 2: $ python fit.py ${{ inputs.model }} @.", "12 3: $ make it @."]
    );
}

#[test]
fn variables_of_the_caller_reach_an_action() {
    let at = "tools/fit/action.yml";
    let text = "runs:\n  using: composite\n  steps:\n    - run: python $MODEL/fit.py\n      shell: bash\n";
    let file = SourceFile::new(at.into(), text.to_owned());
    let read = |calls: &[Inputs]| action(&file, &Context::default(), calls);
    let called = read(&[]).called.expect("it takes a variable");
    assert_eq!(called.inputs, [("env.MODEL".to_owned(), "${{ env.MODEL }}".to_owned())].into());
    let given: Inputs = [("env.MODEL".to_owned(), "late".to_owned())].into();
    assert_eq!(told(&read(&[given])), ["4 1: $ python late/fit.py @."]);
    assert_eq!(told(&read(&[called.inputs])), ["4 1: $ python $MODEL/fit.py @."]);
    check(
        "on: push
env: {MODEL: late, KEY: '${{ secrets.KEY }}'}
jobs:
  j:
    steps:
      - uses: ./tools/fit
",
        &[
            "1 w.yml: push: push",
            "2 w.yml: MODEL = late",
            "2 w.yml: KEY = ${{ secrets.KEY }}",
            "6 1: uses ./tools/fit -> file tools/fit env.MODEL=late",
        ],
    );
}

#[test]
fn texts_for_another_machine_are_commands() {
    let catalog = crate::rules::Catalog::embedded().expect("the rules are sound");
    let context = Context { programs: Some(&catalog.programs), ..Context::default() };
    let text = "on: push
jobs:
  j:
    steps:
      - uses: appleboy/ssh-action@v1
        with:
          host: there
          script: |
            cd app
            docker pull x/y:1
      - uses: appleboy/scp-action@v1
        with: {script: make}
";
    let facts = workflow(&SourceFile::new(".github/workflows/w.yml".into(), text.to_owned()), &context, &[]);
    let told: Vec<String> = told(&facts).into_iter().filter(|line| line.contains(": $ ")).collect();
    assert_eq!(told, ["9 1: $ cd app @? goes on", "10 1: $ docker pull x/y:1 @?"]);
}

#[test]
fn texts_for_published_steps_are_commands() {
    let catalog = crate::rules::Catalog::embedded().expect("the rules are sound");
    let context = Context { programs: Some(&catalog.programs), ..Context::default() };
    let read = |step: &str| {
        let text = format!("on: push\njobs:\n  j:\n    steps:\n{step}");
        let facts = workflow(&SourceFile::new(".github/workflows/w.yml".into(), text), &context, &[]);
        told(&facts).into_iter().filter(|line| line.contains(": $ ")).collect::<Vec<String>>()
    };
    let lines =
        "      - uses: Azure/CLI@v2\n        with:\n          inlineScript: |\n            cd ml\n            sh fit.sh\n";
    assert_eq!(read(lines), ["8 1: $ cd ml @.", "9 1: $ sh fit.sh @ml"]);
    let boxed = |options: &str| {
        let options = format!("          options: {options}\n          run: make fit\n");
        read(&format!("      - uses: addnab/docker-run-action@v3\n        with:\n{options}"))
    };
    assert_eq!(boxed("-v ${{ github.workspace }}/ml:/w -w /w/late"), ["8 1: $ make fit @ml/late"]);
    assert_eq!(boxed("--volume=${{ github.workspace }}:/w --workdir=/w"), ["8 1: $ make fit @."]);
    // the container has the workspace and works elsewhere, or has none
    assert_eq!(boxed("-v ${{ github.workspace }}:/w"), ["8 1: $ make fit @?"]);
    assert_eq!(boxed("-w /w"), ["8 1: $ make fit @?"]);
    assert_eq!(read("      - uses: azure/login@v2\n        with: {inlineScript: make}\n"), Vec::<String>::new());
}

#[test]
fn conditions_are_held_against_what_starts_the_workflow() {
    let jobs = "jobs:\n  a:\n    runs-on: x\n    if: false\n    steps: []\n  b:\n    needs: a\n    steps: []\n  c:\n    needs: b\n    if: always()\n    steps: []\n";
    check(
        &format!("on: {{push: {{branches: [main]}}}}\n{jobs}"),
        &[
            "1 w.yml: push: push main main",
            "5 a: Never(\"if: false\")",
            "4 a: on x (own)",
            "12 c: Always(\"always()\")",
            "8 b: needs a",
            "11 c: needs b anyhow",
            "8 b: Never(\"what it waits for: a, if: false\")",
        ],
    );
    let table = crate::rules::surroundings::built_in();
    let asks = |on: &str, condition: &str| {
        let context = Context { surroundings: Some(&table), ..Context::default() };
        let text = format!("on: {on}\njobs:\n  a:\n    if: {condition}\n    steps:\n      - run: x\n");
        let facts = workflow(&SourceFile::new(".github/workflows/w.yml".into(), text), &context, &[]);
        told(&facts).into_iter().filter(|line| line.contains(" a: ")).collect::<Vec<_>>().join("; ")
    };
    let main = "github.ref == 'refs/heads/main'";
    assert_eq!(asks("{push: {branches: [main]}}", main), "4 a: Ref([\"refs/heads/main\"])");
    assert!(asks("{push: {branches: [dev]}}", main).starts_with("4 a: Never("));
    assert!(asks("{push: {branches: ['rel/**']}}", main).starts_with("4 a: Never("));
    assert_eq!(
        asks("{push: {branches: [dev]}, workflow_dispatch: }", main),
        "4 a: Ref([\"refs/heads/main\"]); 4 a: Event([Manual])"
    );
    assert_eq!(asks("push", main), "4 a: Ref([\"refs/heads/main\"])");
}
