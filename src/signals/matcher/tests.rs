//! Each kind of matcher on small files, through the real readers.

use crate::history::History;
use crate::rules::Catalog;
use crate::signals::{Owner, Signals, find};

/// A catalog of one rule: its matchers, then further lines.
fn catalog(any: &str, more: &str) -> Catalog {
    let rule = format!(
        "- id: x.y\n  title: t\n  about: a\n  any: [{any}]\n  examples: [{{ path: a }}]\n  counter_examples: [{{ path: b }}]\n{more}"
    );
    Catalog::of(&[("signals/x/y.yaml".to_owned(), rule)], 1, crate::rules::pattern::Compile::AtOnce).expect("a sound rule")
}

pub(in crate::signals) fn signals(catalog: &Catalog, files: &[(&str, &str)]) -> Signals {
    let inventory = crate::walk::Inventory::in_memory(files);
    let placements = std::collections::BTreeMap::new();
    let modules = crate::resolve::Modules::build(&inventory);
    let extracted = crate::facts::extract(&inventory, &placements, catalog, &modules, true, &|_, _| {});
    find(catalog, &inventory, &extracted.book, &placements, &extracted.program, &History::absent("none"))
}

/// What is seen, as `path:line what`, with `(inferred)` and the reason for what is off.
fn seen(any: &str, more: &str, files: &[(&str, &str)]) -> Vec<String> {
    signals(&catalog(any, more), files)
        .all
        .iter()
        .map(|s| {
            let sure = if s.strength == crate::words::Strength::Resolved { String::new() } else { format!(" ({})", s.strength) };
            let off = s.off.as_ref().map(|o| format!(" [{o}]")).unwrap_or_default();
            format!("{}:{} {}{sure}{off}", s.at.path, s.at.line, s.what)
        })
        .collect()
}

/// The lines at which something is seen in a file.
pub(super) fn found(any: &str, path: &str, text: &str) -> Vec<u32> {
    signals(&catalog(any, ""), &[(path, text)]).all.iter().map(|s| s.at.line).collect()
}

fn python(any: &str, text: &str) -> Vec<String> {
    seen(any, "", &[("a.py", text)])
}

#[test]
fn paths() {
    assert_eq!(
        seen("{ path: '**/CODEOWNERS' }", "", &[("CODEOWNERS", ""), ("docs/CODEOWNERS", ""), ("x/codeowners", "")]).len(),
        2
    );
    let except = "{ path: { any: '**/*.card.md', none: 'old/**', text: '(?i)intended use' } }";
    let files = [("a.card.md", "# A\nIntended use: none"), ("old/b.card.md", "intended use"), ("c.card.md", "nothing")];
    assert_eq!(seen(except, "", &files), ["a.card.md:2 a.card.md"]);
}

#[test]
fn keys_of_documents() {
    let yaml =
        "{ yaml: { each: 'spec.containers[]', where: [{ key: image, prefix: 'serve/' }, { key: command, exists: false }] } }";
    let text = "kind: Pod\nspec:\n  containers:\n    - image: serve/a\n    - image: serve/b\n      command: [x]\n    - image: other/serve/c\n# image: serve/d\n";
    assert_eq!(seen(yaml, "", &[("k/p.yaml", text)]), ["k/p.yaml:4 image: serve/a"]);
    let between = "{ json: { where: [{ key: a.traffic, between: [0, 100] }] } }";
    assert_eq!(
        seen(between, "", &[("a.json", r#"{"a": {"traffic": 20}}"#), ("b.json", r#"{"a": {"traffic": 100}}"#)]),
        ["a.json:1 traffic: 20"]
    );
    let toml = "{ toml: { files: pyproject.toml, where: [{ key: tool.dvc.remote, matches: '^s3://' }] } }";
    assert_eq!(
        seen(
            toml,
            "",
            &[("pyproject.toml", "[tool.dvc]\nremote = \"s3://b\"\n"), ("x/other.toml", "[tool.dvc]\nremote = \"s3://b\"\n")]
        )
        .len(),
        1
    );
    let hcl = "{ hcl: { where: [{ key: 'resource.aws_sagemaker_endpoint.*.name' }] } }";
    assert_eq!(seen(hcl, "", &[("m.tf", "resource \"aws_sagemaker_endpoint\" \"e\" {\n  name = \"x\"\n}\n")]).len(), 1);
    // of several the one that fits
    let one = "{ hcl: { where: [{ key: 'resource.aws_instance.*.kind', is: gpu }] } }";
    let several =
        "resource \"aws_instance\" \"a\" {\n  kind = \"cpu\"\n}\nresource \"aws_instance\" \"b\" {\n  kind = \"gpu\"\n}\n";
    assert_eq!(seen(one, "", &[("m.tf", several)]), ["m.tf:5 kind: gpu"]);
    let not = "{ yaml: { where: [{ key: kind, is: [CronJob] }, { key: spec.suspend, is: 'true', not: true }] } }";
    assert_eq!(
        seen(not, "", &[("a.yaml", "kind: CronJob\n"), ("b.yaml", "kind: CronJob\nspec: { suspend: true }\n")]),
        ["a.yaml:1 kind: CronJob"]
    );
}

#[test]
fn a_suppressor_speaks_of_the_document_it_matches() {
    let any = "{ yaml: { where: [{ key: kind, is: CronJob }] } }";
    let unless = "  unless: [{ yaml: { where: [{ key: spec.suspend, is: 'true' }] } }]\n";
    let text = "kind: CronJob\nmetadata: { name: a }\n---\nkind: CronJob\nspec:\n  suspend: true\n";
    assert_eq!(seen(any, unless, &[("a.yaml", text)]), ["a.yaml:1 kind: CronJob"]);
}

#[test]
fn commands() {
    let any = "{ shell-command: ['dvc repro|exp', 'aws s3 cp|sync', 'yolo ** mode=train'] }";
    let text = "#!/bin/bash\n# dvc repro\ndvc -q repro\necho dvc repro\naws --region eu s3 sync a b\naws s3 ls\nyolo detect mode=train\ndvc pull\n";
    assert_eq!(
        seen(any, "", &[("run.sh", text), ("Makefile", "all:\n\tbash run.sh\n")]),
        ["run.sh:3 dvc -q repro", "run.sh:5 aws --region eu s3 sync a b", "run.sh:7 yolo detect mode=train"]
    );
    let full = "{ shell-command: { words: kubectl apply, with: ['-f|--filename'], without: ['--dry-run', '--dry-run=client'], matches: prod } }";
    let make = "deploy:\n\tkubectl apply -f prod.yaml\n\tkubectl apply -f prod.yaml --dry-run=client\n\tkubectl apply -f prod.yaml --dry-run client\n\tkubectl apply -f test.yaml\n";
    assert_eq!(seen(full, "", &[("Makefile", make)]), ["Makefile:2 kubectl apply -f prod.yaml"]);
}

#[test]
fn many_options_cost_no_more_than_their_number() {
    let line = format!("dvc {} pull", "-x ".repeat(5_000));
    let any = "{ shell-command: 'dvc ** repro ** twice' }";
    assert!(seen(any, "", &[("Makefile", &format!("a:\n\t{line}\n"))]).is_empty());
}

#[test]
fn references_and_instructions() {
    let workflow = "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - uses: Owner/Train-Action/sub@v1\n        with: { mode: full }\n      - uses: owner/train-action/sub@v1\n      - run: echo owner/train-action\n";
    let files = [(".github/workflows/a.yml", workflow)];
    assert_eq!(seen("{ uses: 'owner/train-action/*' }", "", &files).len(), 2);
    assert_eq!(
        seen("{ uses: { name: 'owner/train-action/*', with: { mode: '^full$' } } }", "", &files),
        [".github/workflows/a.yml:6 Owner/Train-Action/sub@v1"]
    );
    let image = "{ dockerfile: { instruction: FROM, matches: '^tritonserver' } }";
    assert_eq!(
        seen(image, "", &[("Dockerfile", "# FROM tritonserver\nFROM tritonserver:1\n")]),
        ["Dockerfile:2 FROM tritonserver:1"]
    );
    assert_eq!(
        seen("{ dependency: [scikit-learn] }", "", &[("requirements.txt", "numpy\nScikit_Learn==1.0\n# scikit-learn\n")]).len(),
        1
    );
}

#[test]
fn calls_by_resolved_name() {
    let any = "{ python-call: [mlflow.register_model, 'sklearn.**#fit'] }";
    let text = "import mlflow as m\nfrom mlflow import register_model as r\nfrom sklearn.svm import SVC\nfrom sklearn.preprocessing import StandardScaler\n\ndef go(x, y):\n    # mlflow.register_model\n    m.register_model('u', 'n')\n    r('u')\n    clf = SVC()\n    clf.fit(x, y)\n    other.fit(x)\n    print('mlflow.register_model()')\n";
    assert_eq!(
        python(any, text),
        ["a.py:8 mlflow.register_model", "a.py:9 mlflow.register_model", "a.py:11 sklearn.svm.SVC.fit"]
    );
}

#[test]
fn conditions_on_arguments() {
    let any = "{ python-call: { name: 'mlflow.*.log_model', keyword: { registered_model_name: '.' }, without: [dry_run=true] } }";
    let text = "import mlflow\nmlflow.sklearn.log_model(m, registered_model_name='a')\nmlflow.sklearn.log_model(m)\nmlflow.sklearn.log_model(m, registered_model_name=None)\nmlflow.sklearn.log_model(m, registered_model_name='a', dry_run=True)\n";
    assert_eq!(python(any, text), ["a.py:2 mlflow.sklearn.log_model"]);
    let any = "{ python-call: { name: mlflow.set_tracking_uri, argument: { 0: '^https' } } }";
    let text = "import mlflow\nURI = 'https://t'\nmlflow.set_tracking_uri('http://l')\nmlflow.set_tracking_uri('https://t')\n";
    assert_eq!(python(any, text), ["a.py:4 mlflow.set_tracking_uri"]);
}

#[test]
fn methods_of_unknown_things_are_inferred() {
    let any = "{ python-call: { method: fit, receiver: '(?i)model', imports: [xgboost] } }";
    let text = "import xgboost\n\ndef go(model, scaler, x):\n    model.fit(x)\n    scaler.fit(x)\n";
    assert_eq!(python(any, text), ["a.py:4 model.fit (inferred)"]);
    assert!(python(any, &text.replace("import xgboost", "import numpy")).is_empty());
}

#[test]
fn decorators_subclasses_and_imports() {
    let any = "{ python-call: { decorator: prefect.flow, subclass: 'torch.nn.Module' } }";
    let text = "from prefect import flow\nfrom torch import nn\n\n@flow(name='x')\ndef main():\n    pass\n\nclass Net(nn.Module):\n    pass\n";
    assert_eq!(python(any, text), ["a.py:5 @prefect.flow main", "a.py:8 class Net(torch.nn.Module)"]);
    let import = "import feast.client\nfrom . import feast\nimport feastly\n";
    assert_eq!(python("{ python-import: feast }", import), ["a.py:1 import feast.client"]);
}

#[test]
fn what_stands_under_a_constant_is_off() {
    let any = "{ python-call: mlflow.register_model }";
    let text = "import mlflow\nSEND = False\nKEEP = False\nKEEP = compute()\nif SEND:\n    mlflow.register_model('a')\nif False:\n    mlflow.register_model('b')\nif KEEP:\n    mlflow.register_model('c')\n";
    assert_eq!(
        python(any, text),
        [
            "a.py:6 mlflow.register_model [stands under `if SEND`, which never holds]",
            "a.py:8 mlflow.register_model [stands under `if False`, which never holds]",
            "a.py:10 mlflow.register_model",
        ]
    );
}

const GATES: &str = "import mlflow

def check(metrics, rows):
    passed = metrics['auc'] >= 0.7
    if not passed:
        raise ValueError('bad')
    if len(rows) < 3:
        raise ValueError('few')
    if metrics['auc'] > 0.9:
        mlflow.register_model('a')
    if metrics['auc'] < 0.5:
        print('bad')
    try:
        assert metrics['auc'] > 0.1
    except Exception:
        pass
    if metrics['auc'] > 0.6:
        print('fine')
    elif rows:
        print('well')
    else:
        raise SystemExit(1)
";

#[test]
fn branches() {
    let files = [("a.py", GATES), ("Makefile", "a:\n\tpython a.py\n")];
    let stops = "{ python-branch: { tests: auc, compares: true, does: stops } }";
    assert_eq!(seen(stops, "", &files), ["a.py:5 if passed auc metrics", "a.py:17 if auc metrics"]);
    let holds = "{ python-branch: { tests: '^auc$', compares: true, does: holds } }";
    let held = signals(&catalog(holds, ""), &files);
    let first = held.all.first().and_then(|s| s.branch).map(|b| (b.from, b.to, b.stops));
    assert_eq!(first, Some((9, 10, false)));
    let len = "{ python-branch: { tests: 'len\\(', does: stops } }";
    assert_eq!(seen(len, "", &files), ["a.py:7 if len rows"]);
    let within = "{ python-branch: { tests: auc, within: '^other$' } }";
    assert!(seen(within, "", &files).is_empty());
}

#[test]
fn lines_of_texts() {
    let any = "{ text: { files: '**/*.groovy', literal: [trainModel], matches: 'trainModel\\(', comment: ['//', '/*'] } }";
    let text = "url = 'https://x'; trainModel(1)\n// trainModel(2)\nx() // trainModel(3)\n/* trainModel(4)\n trainModel(5) */ trainModel(6)\ntrainModels(7)\n";
    assert_eq!(
        seen(any, "", &[("a.groovy", text), ("b.txt", text)]),
        ["a.groovy:1 url = 'https://x'; trainModel(1)", "a.groovy:5 trainModel(6)"]
    );
}

#[test]
fn requirements_and_suppressors_of_the_file() {
    let any = "{ python-call: mlflow.register_model }";
    let text = "import mlflow\nmlflow.register_model('a')\n";
    assert_eq!(seen(any, "  only_with: [{ python-import: pandas }]\n", &[("a.py", text)]).len(), 0);
    assert_eq!(seen(any, "  only_with: [{ python-import: mlflow }]\n", &[("a.py", text)]).len(), 1);
    assert_eq!(seen(any, "  unless_file: [{ python-import: mlflow }]\n", &[("a.py", text)]).len(), 0);
    assert_eq!(seen(any, "  unless: [{ path: 'a.*' }]\n", &[("a.py", text), ("b.py", text)]), ["b.py:2 mlflow.register_model"]);
}

#[test]
fn owners_are_the_innermost() {
    let call = catalog("{ python-call: mlflow.register_model }", "");
    let found = signals(&call, &[("a.py", "import mlflow\ndef go():\n    mlflow.register_model('a')\n")]);
    assert!(matches!(found.all[0].owner, Owner::Code(scope) if scope > 0), "{:?}", found.all);
    let heredoc = "#!/bin/bash\npython - <<EOF\nimport mlflow\nmlflow.register_model('a')\nEOF\n";
    let found = signals(&call, &[("Makefile", "a:\n\tbash run.sh\n"), ("run.sh", heredoc)]);
    assert!(matches!(found.all[0].owner, Owner::Embedded(..)), "{:?}", found.all);
    assert_eq!(found.all[0].at.line, 4);
}

#[test]
fn dependencies_are_those_that_are_declared() {
    let compiled = "numpy==2.0.2\n    # via pandas\npandas==2.2.3\n    # via -r requirements.in\n";
    let files = [
        ("requirements.in", "pandas\n"),
        ("requirements.txt", compiled),
        ("notes/requirements.txt", "six==1.16.0  # via python-dateutil\nnumpy==2.0.2\nscipy\n"),
    ];
    assert_eq!(seen("{ dependency: [pandas, six] }", "", &files), ["requirements.in:1 dependency pandas"]);
    assert_eq!(seen("{ dependency: { any: [scipy] } }", "", &files), ["notes/requirements.txt:3 dependency scipy"]);
    let all = seen("{ dependency: { any: [numpy, pandas], locked: true } }", "", &files);
    assert_eq!(all.len(), 4, "{all:?}");
}

#[test]
fn history() {
    let rule = catalog("{ git: { subject: '^retrain', at_least: 2 } }", "");
    let example = crate::rules::signal::Example {
        path: String::new(),
        text: String::new(),
        commits: vec!["retrain a".into(), "fix".into(), "retrain b".into()],
        tags: Vec::new(),
        line: None,
    };
    assert_eq!(super::in_history(&rule, 0, &super::example_history(&example)).len(), 2);
    let one = crate::rules::signal::Example { commits: vec!["retrain a".into()], ..example };
    assert!(super::in_history(&rule, 0, &super::example_history(&one)).is_empty());
}

#[test]
fn a_parameter_is_its_default() {
    let on = "{ yaml: { each: 'Resources.*', where: [{ key: Watch, is: 'true' }] } }";
    let text = |value: &str, default: &str| {
        format!("Parameters: {{On: {{Type: String{default}}}}}\nResources:\n  A:\n    Watch: {value}\n")
    };
    for (value, default, is) in [
        ("!Ref On", ", Default: true", true),
        ("{Ref: On}", ", Default: true", true),
        ("!Ref On", ", Default: false", false),
        ("!Ref On", "", false),
        ("!Ref Other", ", Default: true", false),
        ("!GetAtt On", ", Default: true", false),
    ] {
        assert_eq!(seen(on, "", &[("t.yaml", &text(value, default))]).len(), usize::from(is), "{value} {default}");
    }
    let json = "{ json: { each: 'resources[]', where: [{ key: watch, is: 'true' }] } }";
    let text = "{\"parameters\": {\"on\": {\"defaultValue\": true}}, \"resources\": [{\"watch\": \"[parameters('on')]\"}]}";
    assert_eq!(seen(json, "", &[("t.json", text)]).len(), 1);
}
