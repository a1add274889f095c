//! One small, whole file for every reader: what the harness then damages.
//!
//! A new reader adds one entry, with a text of its own or that of a story. `@` in a path or a lead stands for the number
//! of the case, so that many damaged files lie side by side in one tree; a file whose place is fixed has none, and each
//! damaged one a tree of its own.

/// How the values of a text are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Yaml,
    Json,
    /// `key = value`, a line each: TOML, HCL, INI.
    Lines,
    /// A language: words are exchanged.
    Words,
}

/// A whole file.
#[derive(Debug, Clone, Copy)]
pub struct Seed {
    /// The reader, as the table of its folder below `src/facts` names it; `document::…` for formats that are kept as they
    /// are; `orchestrators::…` for the files of `rules/orchestrators`.
    pub of: &'static str,
    /// Where the file lies.
    pub place: &'static str,
    /// A file that leads to it, and the line that does; empty where its name or its words are enough.
    pub lead: (&'static str, &'static str),
    pub form: Form,
    pub text: &'static str,
}

const NOTHING: (&str, &str) = ("", "");
const SCRIPT: &str = "lead.sh";

pub const SEEDS: &[Seed] = &[
    Seed {
        of: "ci::github_actions::WORKFLOW",
        place: ".github/workflows/w@.yml",
        lead: NOTHING,
        form: Form::Yaml,
        text: r#"name: Retrain
on:
  schedule:
    - cron: "15 4 * * 2"
  push: { branches: [main, "release/**"], paths: ["src/**"] }
  workflow_dispatch:
    inputs:
      size: { type: choice, options: [small, large], default: small }
env:
  STORE: s3://looms/models
jobs:
  fit:
    strategy:
      matrix: { loom: [north, south], include: [{ loom: east, size: 3 }] }
    runs-on: [self-hosted, gpu]
    if: github.event_name != 'push' || contains(github.ref, 'main')
    outputs: { score: "${{ steps.measure.outputs.score }}" }
    steps:
      - uses: actions/checkout@v4
        with: { fetch-depth: 0 }
      - id: measure
        working-directory: jobs
        env: { LOOM: "${{ matrix.loom }}" }
        run: |
          pip install -r requirements.txt
          python src/fit.py --loom "$LOOM" && dvc push
      - uses: ./.github/actions/publish
        with: { name: "${{ inputs.size }}" }
        continue-on-error: true
  ship:
    needs: [fit]
    environment: { name: production }
    uses: ./.github/workflows/w1.yml
    with: { size: "${{ needs.fit.outputs.score }}" }
    secrets: inherit
"#,
    },
    Seed {
        of: "ci::github_actions::ACTION",
        place: "a@/action.yml",
        lead: (".github/workflows/lead.yml", "      - uses: ./a@"),
        form: Form::Yaml,
        text: r#"name: Publish
description: Publishes a model
inputs:
  name: { required: true, default: loom }
runs:
  using: composite
  steps:
    - run: python src/publish.py --name ${{ inputs.name }}
      shell: bash
      if: inputs.name != ''
    - uses: ./a1
      with: { name: again }
"#,
    },
    Seed {
        of: "ci::gitlab::PIPELINE",
        place: "ci/g@.yml",
        lead: (".gitlab-ci.yml", "start@: { trigger: { include: ci/g@.yml, strategy: depend } }"),
        form: Form::Yaml,
        text: r#"stages: [prepare, fit, ship]
variables: { LOOM: north }
workflow:
  rules:
    - if: $CI_PIPELINE_SOURCE == "schedule" && $LOOM =~ /^n/
default:
  image: python:3.11
.base:
  before_script: [pip install -r requirements.txt]
fit:
  extends: .base
  stage: fit
  needs: [{ job: load, optional: true }]
  parallel: { matrix: [{ LOOM: [north, south] }] }
  rules:
    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH
      changes: [src/**/*]
      when: on_success
      allow_failure: false
  script:
    - !reference [.base, before_script]
    - python src/fit.py --loom $LOOM
load: { stage: prepare, script: "python src/load.py" }
ship:
  stage: ship
  environment: { name: production, url: "https://looms.example" }
  when: manual
  trigger: { include: [{ local: ci/g1.yml }] }
"#,
    },
    Seed {
        of: "ci::azure::DEFINITION",
        place: "pipes/p@.yml",
        lead: NOTHING,
        form: Form::Yaml,
        text: r#"trigger: { branches: { include: [main] }, paths: { exclude: [docs] } }
schedules:
  - cron: "0 5 * * *"
    branches: { include: [main] }
    always: true
parameters:
  - { name: loom, type: string, default: north, values: [north, south] }
variables:
  - { name: store, value: "looms-${{ parameters.loom }}" }
pool: { vmImage: ubuntu-latest }
stages:
  - stage: fit
    jobs:
      - job: fit
        strategy: { matrix: { one: { LOOM: north } } }
        condition: and(succeeded(), eq(variables['Build.Reason'], 'Schedule'))
        steps:
          - checkout: self
          - script: python src/fit.py --loom $(LOOM)
            displayName: Fit
          - ${{ if eq(parameters.loom, 'north') }}:
              - template: pipes/p1.yml
                parameters: { loom: south }
          - task: AzureCLI@2
            inputs: { inlineScript: "az ml job create -f job.yml" }
  - stage: ship
    dependsOn: [fit]
    jobs:
      - deployment: ship
        environment: production
        strategy: { runOnce: { deploy: { steps: [{ bash: ./ship.sh }] } } }
"#,
    },
    Seed {
        of: "deploy::renewal::READER",
        place: "fleet/i@.yaml",
        lead: NOTHING,
        form: Form::Yaml,
        text: r#"apiVersion: image.toolkit.fluxcd.io/v1beta2
kind: ImageRepository
metadata: { name: looms }
spec: { image: ghcr.io/looms/serve, interval: 5m }
---
apiVersion: image.toolkit.fluxcd.io/v1beta2
kind: ImagePolicy
metadata: { name: looms }
spec: { imageRepositoryRef: { name: looms }, policy: { semver: { range: 1.x } } }
---
apiVersion: image.toolkit.fluxcd.io/v1beta2
kind: ImageUpdateAutomation
metadata: { name: all }
spec: { sourceRef: { kind: GitRepository, name: fleet }, update: { path: ./fleet, strategy: Setters } }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: looms, annotations: { keel.sh/policy: minor } }
spec:
  template:
    spec:
      containers:
        - image: ghcr.io/looms/serve:1.2.0 # {"$imagepolicy": "flux-system:looms"}
---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: { name: looms, annotations: { argocd-image-updater.argoproj.io/image-list: "serve=ghcr.io/looms/serve:~1" } }
spec: { source: { repoURL: "https://looms.example/looms.git", path: fleet } }
"#,
    },
    Seed {
        of: "ci::concourse::PIPELINE",
        place: "ci/c@.yml",
        lead: (SCRIPT, "fly -t main set-pipeline -p looms -c ci/c@.yml"),
        form: Form::Yaml,
        text: r#"resources:
  - { name: looms, type: git, source: { uri: "https://looms.example/looms.git", branch: main } }
  - { name: night, type: time, source: { interval: 24h } }
  - { name: image, type: docker-image, source: { repository: looms/serve } }
jobs:
  - name: fit
    plan:
      - in_parallel:
          - { get: night, trigger: true }
          - get: looms
      - task: fit
        file: looms/tasks/k1.yml
        params: { KEY: ((key)) }
      - try: { do: [{ task: look, config: { platform: linux, run: { dir: looms, path: make, args: [look] } } }] }
        on_failure: { put: image }
  - name: ship
    plan:
      - { get: looms, trigger: true, passed: [fit] }
      - { put: image, params: { build: looms/serve } }
      - { set_pipeline: self, file: looms/ci/c1.yml }
"#,
    },
    Seed {
        of: "ci::concourse::TASK",
        place: "tasks/k@.yml",
        lead: (
            "ci/pipeline.yml",
            "  - { name: j@, plan: [{ get: looms, trigger: true }, { task: t, file: looms/tasks/k@.yml }] }",
        ),
        form: Form::Yaml,
        text: r#"platform: linux
image_resource: { type: registry-image, source: { repository: python } }
inputs: [{ name: looms }, { name: data }]
outputs: [{ name: model }]
params: { LOOM: north }
run:
  path: bash
  args: [-ec, "cd looms && python src/fit.py --loom $LOOM"]
"#,
    },
    Seed {
        of: "ci::taskcluster::DEFINITION",
        place: ".taskcluster.yml",
        lead: NOTHING,
        form: Form::Yaml,
        text: r#"version: 1
policy: { pullRequests: collaborators }
tasks:
  $let:
    address: ${event.repository.clone_url}
    usual: { provisionerId: looms, workerType: small, deadline: { $fromNow: "2 hours" } }
  in:
    $flatten:
      - $if: 'tasks_for == "github-push" && event.ref[:11] == "refs/heads/" || tasks_for in ["cron", "action"]'
        then:
          $mergeDeep:
            - { $eval: usual }
            - taskId: { $eval: as_slugid("fit") }
              payload:
                image: { type: task-image, path: public/looms.tar.zst, taskId: { $eval: as_slugid("image") } }
                env: { LOOM: north }
                command: [/bin/bash, -cx, "git clone ${address} looms && cd looms && python src/fit.py --loom $LOOM"]
              routes: [index.looms.latest]
              metadata: { name: fit, source: "${address}" }
      - $map: [north, south]
        each(loom, i):
          $switch:
            'tasks_for[:19] == "github-pull-request"':
              $merge:
                - { $eval: usual }
                - { taskId: "look-${loom}", dependencies: [fit], payload: { command: [make, look, "${i + 1}"] } }
"#,
    },
    Seed {
        of: "ci::taskcluster::TASKS",
        place: "tasks/t@.yml",
        lead: (SCRIPT, "python src/queue.py tasks/t@.yml"),
        form: Form::Yaml,
        text: r#"version: 1
tasks:
  $let: { address: https://looms.example/looms }
  in:
    - ID: fit
      deadline: { $fromNow: "2 hours" }
      provisionerId: looms
      workerType: small
      payload:
        image: looms/base:${version}
        command: [/bin/sh, -ce, "git clone ${address} && cd looms && python src/fit.py"]
      metadata: { name: fit, source: "${address}/raw/main/t.yml" }
    - ID: look
      workerType: small
      dependencies: [fit]
      requires: all-resolved
      payload: { command: [[make, look], [make, more]] }
"#,
    },
    Seed {
        of: "ci::taskcluster::HOOK",
        place: "hooks/h@.json",
        lead: (SCRIPT, "taskboot --target . build-hook hooks/h@.json project-looms weekly"),
        form: Form::Json,
        text: r#"{
  "schedule": ["0 0 3 * * 1"],
  "bindings": [{"exchange": "exchange/taskcluster-queue/v1/task-completed", "routingKeyPattern": "route.looms"}],
  "metadata": {"name": "weekly", "owner": "looms"},
  "task": {
    "created": {"$fromNow": "0 seconds"},
    "workerType": "small",
    "payload": {"image": "looms/base", "env": {"LOOM": "north"}, "command": ["python", "src/fit.py", "--loom", "north"]}
  },
  "triggerSchema": {"type": "object"}
}
"#,
    },
    Seed {
        of: "ci::taskcluster::KIND",
        place: "taskcluster/kinds/k@/kind.yml",
        lead: (SCRIPT, "taskgraph decision"),
        form: Form::Yaml,
        text: r#"loader: taskgraph.loader.transform:loader
transforms:
  - taskgraph.transforms.run:transforms
kind-dependencies: [k1]
task-defaults:
  worker-type: small
  run-on-tasks-for: [github-push]
  worker: { docker-image: { in-tree: base }, env: { LOOM: north } }
tasks:
  fit:
    run: { using: run-task, cwd: "{checkout}", command: python src/fit.py --loom $LOOM }
  look:
    dependencies: { fit: k0-fit, other: k1-fit }
    run-on-git-branches: [main]
    run: { using: run-task, command: [bash, -cx, "cd $VCS_PATH && make look"] }
"#,
    },
    Seed {
        of: "ci::taskcluster::TIMES",
        place: ".cron.yml",
        lead: NOTHING,
        form: Form::Yaml,
        text: "jobs:\n  - name: nightly\n    job: { type: decision-task, target-tasks-method: nightly }\n    when: [{ weekday: Monday, hour: 3, minute: 15 }]\n  - name: asked\n    job: { type: decision-task }\n    when: []\n",
    },
    Seed {
        of: "runners::makefile::READER",
        place: "m@/Makefile",
        lead: (SCRIPT, "make -C m@ fit"),
        form: Form::Words,
        text: "LOOM ?= north\nDATA := $(wildcard data/*.csv)\ninclude ../m1/Makefile\n.PHONY: fit\nifeq ($(LOOM),north)\nfit: data.csv ; @echo $@\nelse\nfit: data.csv\n\t-python src/fit.py --loom $(LOOM) \\\n\t  --data $<\n\t$(MAKE) -C ../m1 fit\nendif\n%.csv: %.raw\n\tpython src/load.py $< > $@\ndefine SAY\necho $(1)\nendef\n",
    },
    Seed {
        of: "runners::dvc::PIPELINE",
        place: "d@/dvc.yaml",
        lead: (SCRIPT, "dvc repro d@/dvc.yaml"),
        form: Form::Yaml,
        text: r#"vars: [params.yaml, { loom: north }]
stages:
  load:
    cmd: python load.py --loom ${loom}
    deps: [load.py, raw.csv]
    outs: [data.csv: { cache: false }]
  fit:
    foreach: [north, south]
    do:
      cmd: ["python fit.py ${item}", "python measure.py"]
      wdir: jobs
      deps: [data.csv]
      params: [fit.depth, other.yaml: [size]]
      metrics: [score.json]
      frozen: false
      outs: [model.pkl]
"#,
    },
    Seed {
        of: "runners::dvc::POINTER",
        place: "data/t@.csv.dvc",
        lead: NOTHING,
        form: Form::Yaml,
        text: "outs:\n- md5: 0123456789abcdef0123456789abcdef\n  size: 77\n  hash: md5\n  path: table.csv\n  remote: store\ndeps:\n- path: ../raw.csv\n",
    },
    Seed {
        of: "runners::dvc::LOCK",
        place: "k@/dvc.lock",
        lead: NOTHING,
        form: Form::Yaml,
        text: "schema: '2.0'\nstages:\n  fit:\n    cmd: python fit.py\n    deps:\n    - path: data.csv\n      md5: 0123456789abcdef0123456789abcdef\n    params: { params.yaml: { fit.depth: 4 } }\n    outs:\n    - { path: model.pkl, md5: 0123456789abcdef0123456789abcdef, size: 3 }\n",
    },
    Seed {
        of: "runners::dvc::CONFIG",
        place: "c@/.dvc/config",
        lead: NOTHING,
        form: Form::Lines,
        text: "[core]\n    remote = store\n    autostage = true\n['remote \"store\"']\n    url = s3://looms/data\n    profile = looms\n",
    },
    Seed {
        of: "code::python::READER",
        place: "src/s@.py",
        lead: (SCRIPT, "python src/s@.py --loom north"),
        form: Form::Words,
        text: r#"import os, json
from functools import partial
import mlflow
from sklearn.linear_model import Ridge as Fitter
from s1 import again, Base
LOOMS = {"north": Fitter(alpha=0.2), "south": Base}
class Weaver(Base):
    depth: int = 4
    def __init__(self, loom=None, *rest, **more):
        self.model = LOOMS[loom or "north"]
    def fit(self, table):
        try:
            with open(f"data/{table}.csv") as rows:
                self.model.fit(rows, [1.5, -2])
        except (ValueError, OSError) as wrong:
            raise SystemExit(1) from wrong
        return self
@partial
def main(table: str = "looms") -> None:
    settings = json.load(open("conf.json"))
    score = Weaver("north").fit(table).model.score([[0]], [1])
    assert score > settings["least"], "too weak"
    if score < 0.7 and os.environ.get("STRICT"):
        raise ValueError(score)
    for one in [x for x in range(3) if x]:
        mlflow.log_metric(f"score_{one}", score)
    mlflow.sklearn.log_model(again, "model", registered_model_name="looms")
if __name__ == "__main__":
    main()
"#,
    },
    Seed {
        of: "code::notebook::READER",
        place: "books/n@.ipynb",
        lead: (SCRIPT, "papermill books/n@.ipynb out.ipynb -p loom north"),
        form: Form::Json,
        text: r##"{
 "cells": [
  {"cell_type": "markdown", "metadata": {}, "source": ["# Looms\n"]},
  {"cell_type": "code", "execution_count": 1, "metadata": {"tags": ["parameters"]}, "outputs": [], "source": "loom = \"north\"\n"},
  {"cell_type": "code", "execution_count": 2, "metadata": {}, "outputs": [{"output_type": "stream", "text": ["fit\n"]}],
   "source": ["!pip install scikit-learn\n", "%run helper.py\n", "from sklearn.linear_model import Ridge\n", "Ridge().fit([[1]], [2])"]}
 ],
 "metadata": {"kernelspec": {"language": "python", "name": "python3"}, "language_info": {"name": "python"}},
 "nbformat": 4,
 "nbformat_minor": 5
}
"##,
    },
    Seed {
        of: "code::shell_script::READER",
        place: "sh/s@.sh",
        lead: (SCRIPT, "bash sh/s@.sh north"),
        form: Form::Words,
        text: "#!/usr/bin/env bash\nset -euo pipefail\ncd \"$(dirname \"$0\")/..\"\n. ./sh/s1.sh\nLOOM=${1:-north}\nfit() {\n  local depth=4\n  python src/fit.py --loom \"$LOOM\" --depth \"$depth\" | tee log.txt || exit 1\n}\nfor one in north south; do\n  if [ \"$one\" = \"$LOOM\" ]; then fit; fi\ndone\npython - <<EOF\nfrom sklearn.linear_model import Ridge\nRidge().fit([[1]], [2])\nEOF\ncase $LOOM in n*) ssh host 'python fit.py' ;; *) exec \"$0\" north & esac\n",
    },
    Seed {
        of: "ci::prow::JOBS",
        place: ".prow/j@.yaml",
        lead: NOTHING,
        form: Form::Yaml,
        text: include_str!("../../fixtures/prow-push/repo/.prow.yaml"),
    },
    Seed {
        of: "runners::statements::READER",
        place: "sql/t@.sql",
        lead: (SCRIPT, "snow sql -f sql/t@.sql"),
        form: Form::Words,
        text: r#"-- looms
create or replace procedure {{ db }}.fit(n int) returns string language python
  packages = ('scikit-learn') handler = 'run' as
$$
from sklearn.linear_model import Ridge
def run(session, n=1):
    Ridge().fit([[1]], [2])
$$;
create procedure tidy() returns string language sql as declare n int; begin
  n := case when 1 > 0 then 1 else 2 end; call fit(:n); end;
create or replace task "Looms".weekly warehouse = small schedule = 'USING CRON 0 4 * * 1 UTC'
  when system$stream_has_data('rows') as call {{ db }}.fit(3);
create task if not exists after_it after "Looms".weekly, other as
  create or replace snowflake.ml.forecast looms(input_data => table(x)); /* none */
alter task after_it resume;
select system$task_dependents_enable('Looms.weekly');
alter task if exists other add after after_it; execute task after_it; drop task gone;
"#,
    },
    Seed {
        of: "runners::elyra::READER",
        place: "nb/p@.pipeline",
        lead: (SCRIPT, "elyra-pipeline run nb/p@.pipeline"),
        form: Form::Json,
        text: include_str!("../../fixtures/drawn-pipeline-run-weekly/repo/nb/week.pipeline"),
    },
    Seed {
        of: "code::by_first_line::READER",
        place: "bin/s@",
        lead: (SCRIPT, "bin/s@ north"),
        form: Form::Words,
        text: "#!/usr/bin/env -S bash -e\nLOOM=${1:-north}\nif [ \"$LOOM\" = north ]; then\n  python src/fit.py --loom \"$LOOM\"\nfi\nexec bin/s1 \"$@\"\n",
    },
    Seed {
        of: "code::r::READER",
        place: "r/s@.R",
        lead: (SCRIPT, "Rscript r/s@.R"),
        form: Form::Words,
        text: "# the looms\nlibrary(ranger)\nsource(\"r/s1.R\")\nsource(here::here(\"r\", \"s2.R\"))\npurrr::walk(list.files(\"r/\", \"\\\\.R$\", full.names = TRUE), source)\ntrees <- ranger(cloth ~ ., data = readRDS('rows.rds'))\n",
    },
    Seed {
        of: "packages::requirements::READER",
        place: "r@/requirements.txt",
        lead: NOTHING,
        form: Form::Words,
        text: "# the looms\n-r ../r1/requirements.txt\n-c constraints.txt\n--index-url https://example.org/simple\nscikit-learn==1.4.2 --hash=sha256:00ff \\\n    --hash=sha256:11ee\npandas[fast]>=2,<3 ; python_version >= \"3.10\"\nlooms @ git+https://example.org/looms.git@v1\n-e ./own\n",
    },
    Seed {
        of: "packages::requirements::NAMED",
        place: "lists/l@.txt",
        lead: ("requirements.txt", "-r lists/l@.txt"),
        form: Form::Words,
        text: "scikit-learn==1.4.2\npandas>=2,<3\n-r l1.txt\n",
    },
    Seed {
        of: "packages::pyproject::READER",
        place: "y@/pyproject.toml",
        lead: NOTHING,
        form: Form::Lines,
        text: "[project]\nname = \"looms\"\nrequires-python = \">=3.10\"\ndependencies = [\"scikit-learn==1.4.2\", \"pandas>=2 ; sys_platform == 'linux'\"]\nscripts = { weave = \"looms.main:run\" }\n[project.optional-dependencies]\ntest = [\"pytest~=8.0\"]\n[dependency-groups]\ndev = [\"ruff\", { include-group = \"dev\" }]\n[tool.poetry.dependencies]\npython = \"^3.10\"\nmlflow = { version = \"^2\", extras = [\"azure\"] }\n[tool.coverage.report]\nfail_under = 80\n[[tool.poetry.source]]\nname = \"own\"\n",
    },
    Seed {
        of: "packages::pyproject::PIXI",
        place: "x@/pixi.toml",
        lead: NOTHING,
        form: Form::Lines,
        text: "[workspace]\nname = \"looms\"\nchannels = [\"conda-forge\"]\n[dependencies]\npython = \"3.11.*\"\nscikit-learn = { version = \">=1.4\", channel = \"own\" }\n[feature.test.pypi-dependencies]\npytest = \"*\"\n[tasks]\nfit = \"python src/fit.py\"\n",
    },
    Seed {
        of: "packages::pipfile::READER",
        place: "f@/Pipfile",
        lead: NOTHING,
        form: Form::Lines,
        text: "[[source]]\nurl = \"https://example.org/simple\"\n[packages]\nscikit-learn = \"==1.4.2\"\npandas = { version = \"*\", extras = [\"fast\"] }\n[dev-packages]\npytest = \"*\"\n[requires]\npython_version = \"3.11\"\n",
    },
    Seed {
        of: "packages::setup::SCRIPT",
        place: "u@/setup.py",
        lead: NOTHING,
        form: Form::Words,
        text: "from setuptools import setup, find_packages\nNEEDS = [\"scikit-learn>=1.4\"] + [\"pandas\"]\nNAME = NAME if NEEDS else \"looms\"\nsetup(\n    name=NAME,\n    packages=find_packages(\"src\"),\n    install_requires=NEEDS,\n    extras_require={\"test\": [\"pytest\"], **{}},\n    entry_points={\"console_scripts\": [\"weave=looms.main:run\"]},\n    python_requires=\">=3.10\",\n)\n",
    },
    Seed {
        of: "packages::setup::CONFIG",
        place: "u@/setup.cfg",
        lead: NOTHING,
        form: Form::Lines,
        text: "[metadata]\nname = looms\n[options]\npackages = find:\npython_requires = >=3.10\ninstall_requires =\n    scikit-learn>=1.4\n    pandas; python_version > \"3.8\"\n[options.extras_require]\ntest = pytest\n[options.entry_points]\nconsole_scripts =\n    weave = looms.main:run\n",
    },
    Seed {
        of: "packages::pytest::READER",
        place: "p@/pytest.ini",
        lead: NOTHING,
        form: Form::Lines,
        text: "[pytest]\ntestpaths = tests more\naddopts = -ra -m \"not slow\"\n    --ignore=tests/old --deselect tests/test_a.py::test_b\npython_files = check_*.py\nnorecursedirs = data .*\n",
    },
    Seed {
        of: "packages::conda::READER",
        place: "e@/environment.yml",
        lead: NOTHING,
        form: Form::Yaml,
        text: "name: looms\nchannels: [conda-forge, defaults]\ndependencies:\n  - python=3.11\n  - scikit-learn=1.4.2=py311_0\n  - conda-forge::pandas>=2\n  - pip\n  - pip:\n      - mlflow==2.12.1\n      - -r requirements.txt\n",
    },
    Seed {
        of: "packages::conda::NAMED",
        place: "boxes/b@.yaml",
        lead: (SCRIPT, "conda env create -f boxes/b@.yaml"),
        form: Form::Yaml,
        text: "name: looms\ndependencies:\n  - python=3.11\n  - scikit-learn=1.4.2\n  - pip: [mlflow==2.12.1]\n",
    },
    Seed {
        of: "packages::locks::READER",
        place: "l@/poetry.lock",
        lead: NOTHING,
        form: Form::Lines,
        text: "[[package]]\nname = \"scikit-learn\"\nversion = \"1.4.2\"\nfiles = [{ file = \"a.whl\", hash = \"sha256:00\" }]\n[package.dependencies]\nnumpy = \">=1.19\"\n[[package]]\nname = \"numpy\"\nversion = \"1.26.4\"\ngroups = [\"main\"]\n[metadata]\nlock-version = \"2.0\"\n",
    },
    Seed {
        of: "packages::locks::READER/Json",
        place: "l@/Pipfile.lock",
        lead: NOTHING,
        form: Form::Json,
        text: "{\"_meta\": {\"hash\": {\"sha256\": \"00\"}},\n \"default\": {\"scikit-learn\": {\"version\": \"==1.4.2\", \"hashes\": [\"sha256:00\"]}},\n \"develop\": {\"pytest\": {\"version\": \"==8.0.0\"}}}\n",
    },
    Seed {
        of: "packages::locks::READER/Yaml",
        place: "l@/conda-lock.yml",
        lead: NOTHING,
        form: Form::Yaml,
        text: "version: 1\nmetadata: { platforms: [linux-64] }\npackage:\n- name: scikit-learn\n  version: 1.4.2\n  manager: conda\n  platform: linux-64\n  dependencies: { numpy: \">=1.19\" }\n- { name: mlflow, version: 2.12.1, manager: pip, category: main }\n",
    },
    Seed {
        of: "packages::locks::READER/Addresses",
        place: "l@/conda-linux-64.lock",
        lead: NOTHING,
        form: Form::Words,
        text: "# platform: linux-64\n@EXPLICIT\nhttps://example.org/conda/linux-64/scikit-learn-1.4.2-py311_0.conda#0123456789abcdef\nhttps://example.org/conda/noarch/pandas-2.2.0-0.tar.bz2\n",
    },
    Seed {
        of: "deploy::dockerfile::READER",
        place: "b@/Dockerfile",
        lead: (SCRIPT, "docker build -t looms@ b@ && docker run looms@"),
        form: Form::Words,
        text: "# escape=\\\nARG BASE=python:3.11\nFROM ${BASE} AS build\nWORKDIR /app\nCOPY --chown=1 requirements.txt src/ ./\nRUN --mount=type=cache,target=/root pip install \\\n    -r requirements.txt\nRUN <<EOF\npython fit.py\nEOF\nFROM build\nENV LOOM=north DEPTH=\"4\"\nCOPY --from=build /app /app\nHEALTHCHECK --interval=5s CMD [\"curl\", \"localhost\"]\nENTRYPOINT [\"python\", \"-m\", \"looms\"]\nCMD [\"--loom\", \"$LOOM\"]\n",
    },
    Seed {
        of: "deploy::compose::READER",
        place: "o@/compose.yaml",
        lead: (SCRIPT, "docker compose -f o@/compose.yaml run fit"),
        form: Form::Yaml,
        text: "services:\n  fit:\n    image: looms:1\n    build: { context: ., dockerfile: Dockerfile, target: build, args: { LOOM: north } }\n    command: [python, src/fit.py]\n    entrypoint: sh -c \"python src/fit.py\"\n    environment: [LOOM=north]\n    depends_on: { store: { condition: service_healthy } }\n    volumes: [\"./data:/data:ro\"]\n    extends: { service: store }\n    deploy: { replicas: 2 }\n  store: { image: \"mlflow:2\", ports: [\"5000:5000\"], profiles: [all] }\n",
    },
    Seed {
        of: "deploy::gitops::READER",
        place: "ops/a@.yaml",
        lead: (SCRIPT, "kubectl apply -f ops/a@.yaml"),
        form: Form::Yaml,
        text: "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: { name: looms }\nspec:\n  source: { repoURL: \"https://example.org/looms.git\", path: deploy, targetRevision: main }\n  sources:\n    - { repoURL: \"https://example.org/looms.git\", path: chart, helm: { valueFiles: [values.yaml] } }\n  syncPolicy: { automated: { prune: true } }\n---\napiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: { name: looms }\nspec: { path: ./deploy, suspend: false, sourceRef: { kind: GitRepository, name: looms } }\n",
    },
    Seed {
        of: "deploy::stack::READER",
        place: "stack/t@.yaml",
        lead: (SCRIPT, "sam deploy -t stack/t@.yaml"),
        form: Form::Yaml,
        text: "Transform: AWS::Serverless-2016-10-31\nParameters: { Every: { Type: String, Default: rate(1 day) } }\nGlobals: { Function: { Runtime: python3.12 } }\nResources:\n  Fit:\n    Type: AWS::Serverless::Function\n    Properties:\n      CodeUri: src\n      Handler: fit.main\n      Events: { Clock: { Type: Schedule, Properties: { Schedule: !Ref Every, Enabled: false } }, Rows: { Type: S3 }, Ask: { Type: Api } }\n  Flow:\n    Type: AWS::StepFunctions::StateMachine\n    Properties:\n      DefinitionSubstitutions: { A: !GetAtt Fit.Arn }\n      DefinitionString: !Sub |\n        {\"StartAt\": \"a\", \"States\": {\"a\": {\"Type\": \"Task\", \"Resource\": \"${A}\", \"Next\": \"b\", \"Catch\": [{\"Next\": \"a\"}]}, \"b\": {\"Type\": \"Map\", \"Iterator\": {\"StartAt\": \"c\", \"States\": {\"c\": {\"Type\": \"Task\", \"Resource\": \"arn:aws:states:::sagemaker:createTrainingJob.sync\"}}}}}}\n  Rule: { Type: \"AWS::Events::Rule\", Properties: { ScheduleExpression: !Join [ \" \", [ rate, !Ref Every ] ], State: ENABLED, Targets: [ { Arn: !Ref Flow } ] } }\n  Ship: { Type: \"AWS::CodePipeline::Pipeline\", Properties: { Stages: [ { Actions: [ { Name: a, RunOrder: 2, ActionTypeId: { Category: Build, Provider: CodeBuild }, Configuration: { ProjectName: !Ref Build } } ] } ] } }\n  Build: { Type: \"AWS::CodeBuild::Project\", Properties: { Source: { BuildSpec: \"phases: {build: {commands: [python src/fit.py]}}\" } } }\n",
    },
    Seed {
        of: "deploy::serverless::READER",
        place: "s@/serverless.yml",
        lead: (SCRIPT, "cd s@ && serverless deploy"),
        form: Form::Yaml,
        text: "service: looms\nprovider: { name: aws, runtime: python3.12, ecr: { images: { fit: { path: ../src, file: Dockerfile } } } }\ncustom: { every: rate(1 day), on: \"${self:custom.on}\" }\nfunctions:\n  fit:\n    handler: src/fit.main\n    events:\n      - schedule: ${self:custom.every}\n      - schedule: { rate: [rate(1 day)], enabled: false }\n      - s3: { bucket: rows, event: \"s3:ObjectCreated:*\" }\n      - httpApi: GET /fit\n      - eventBridge: { pattern: { source: [aws.s3] } }\n  answer: { image: fit, url: true }\nstepFunctions: { stateMachines: { flow: { definition: { StartAt: a, States: { a: { Type: Task, Resource: { \"Fn::GetAtt\": [FitLambdaFunction, Arn] } } } } } } }\n",
    },
    Seed {
        of: "deploy::terraform::READER",
        place: "infra@/main.tf",
        lead: (SCRIPT, "terraform -chdir=infra@ apply"),
        form: Form::Lines,
        text: "variable \"every\" { default = \"rate(1 day)\" }\nlocals {\n  a = local.b\n  b = local.a\n}\ndata \"archive_file\" \"fit\" {\n  source_dir = \"${path.module}/../src\"\n  output_path = \"fit.zip\"\n}\nresource \"aws_lambda_function\" \"fit\" {\n  filename = data.archive_file.fit.output_path\n  handler = \"fit.main\"\n}\nresource \"aws_cloudwatch_event_rule\" \"r\" {\n  count = var.on ? 1 : 0\n  schedule_expression = var.every\n  state = \"ENABLED\"\n}\nresource \"aws_cloudwatch_event_target\" \"r\" {\n  rule = aws_cloudwatch_event_rule.r.name\n  arn = aws_sfn_state_machine.flow.arn\n}\nresource \"aws_sfn_state_machine\" \"flow\" {\n  definition = jsonencode({ StartAt = \"a\", States = { a = { Type = \"Task\", Resource = aws_lambda_function.fit.arn } } })\n}\nresource \"google_cloud_scheduler_job\" \"j\" {\n  schedule = \"0 4 * * *\"\n  paused = true\n  http_target { uri = \"https://x/${google_cloud_run_v2_job.j.name}:run\" }\n}\nresource \"google_cloud_run_v2_job\" \"j\" {\n  template {\n    template {\n      containers { image = \"looms:1\" }\n    }\n  }\n}\nresource \"helm_release\" \"h\" { chart = \"../chart\" }\n",
    },
    Seed {
        of: "deploy::terraform::READER",
        place: "ci@/main.tf",
        lead: (SCRIPT, "terraform -chdir=ci@ apply"),
        form: Form::Lines,
        text: "variable \"branch\" { default = \"main\" }\nresource \"aws_codepipeline\" \"ship\" {\n  stage {\n    name = \"Source\"\n    action {\n      name = \"code\"\n      category = \"Source\"\n      provider = \"CodeStarSourceConnection\"\n      configuration = { BranchName = var.branch }\n    }\n  }\n  stage {\n    name = \"Build\"\n    action {\n      name = \"fit\"\n      category = \"Build\"\n      provider = \"CodeBuild\"\n      run_order = 2\n      configuration = { ProjectName = aws_codebuild_project.fit.name }\n    }\n  }\n}\nresource \"aws_codebuild_project\" \"fit\" {\n  source {\n    buildspec = <<-EOF\n      version: 0.2\n      phases:\n        build:\n          commands:\n            - python src/fit.py ${var.branch} $${SIZE}\n    EOF\n  }\n}\nresource \"aws_codebuild_webhook\" \"fit\" {\n  project_name = aws_codebuild_project.fit.name\n  filter_group {\n    filter {\n      type = \"EVENT\"\n      pattern = \"PUSH\"\n    }\n  }\n}\nresource \"aws_sagemaker_pipeline\" \"fit\" {\n  pipeline_definition = jsonencode({ Steps = [{ Name = \"Fit\", Type = \"Training\" }, { Name = \"If\", Type = \"Condition\", DependsOn = [\"Fit\"], Arguments = { IfSteps = [{ Name = \"Keep\", Type = \"RegisterModel\" }] } }] })\n}\n",
    },
    Seed {
        of: "deploy::azure::READER",
        place: "az@/main.bicep",
        lead: (SCRIPT, "az deployment group create --template-file az@/main.bicep"),
        form: Form::Words,
        text: include_str!("../../fixtures/bicep-job-weekly/repo/infra/main.bicep"),
    },
    Seed {
        of: "deploy::azure::READER",
        place: "az@/main.json",
        lead: (SCRIPT, "az deployment group create --template-file az@/main.json"),
        form: Form::Json,
        text: "{\n  \"$schema\": \"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#\",\n  \"parameters\": { \"every\": { \"defaultValue\": \"0 4 * * 1\" }, \"on\": { \"type\": \"bool\" } },\n  \"variables\": { \"a\": \"[variables('a')]\" },\n  \"resources\": [\n    { \"type\": \"Microsoft.App/jobs\", \"name\": \"fit\", \"condition\": \"[parameters('on')]\",\n      \"properties\": {\n        \"configuration\": { \"triggerType\": \"Schedule\", \"scheduleTriggerConfig\": { \"cronExpression\": \"[parameters('every')]\" } },\n        \"template\": { \"containers\": [{ \"image\": \"looms:1\", \"command\": [\"python\", \"src/fit.py\"] }] } } },\n    { \"type\": \"Microsoft.Logic/workflows\", \"name\": \"flow\", \"properties\": { \"state\": \"Enabled\", \"definition\": {\n        \"triggers\": { \"t\": { \"type\": \"Recurrence\", \"recurrence\": { \"frequency\": \"Day\", \"interval\": 1 } } },\n        \"actions\": { \"a\": { \"type\": \"Http\", \"inputs\": { \"uri\": \"https://looms.example\" } } } } } },\n    { \"type\": \"Microsoft.Resources/deployments\", \"properties\": { \"templateLink\": { \"relativePath\": \"more.json\" } } }\n  ]\n}\n",
    },
    Seed {
        of: "deploy::constructs::READER",
        place: "c@/cdk.json",
        lead: (SCRIPT, "cd c@ && cdk deploy --all"),
        form: Form::Json,
        text: "{\n  \"app\": \"python3 app.py\",\n  \"context\": { \"a\": [1, true] }\n}\n",
    },
    Seed {
        of: "deploy::constructs::READER/program",
        place: "app@.py",
        lead: (SCRIPT, "python app@.py"),
        form: Form::Words,
        text: "from aws_cdk import App, Duration, Stack, Stage, pipelines\nfrom aws_cdk import aws_codebuild as cb, aws_codepipeline as cp, aws_codepipeline_actions as cpa\nfrom aws_cdk import aws_events as events, aws_events_targets as targets, aws_lambda as lam, aws_s3 as s3\nfrom aws_cdk import aws_s3_notifications as s3n, aws_stepfunctions as sfn, aws_stepfunctions_tasks as tasks\nfrom pathlib import Path\nHERE = Path(__file__).parent\nclass Looms(Stack):\n    def __init__(self, scope, construct_id, every=\"rate(1 day)\", **kwargs):\n        super().__init__(scope, construct_id, **kwargs)\n        self.fit = self.make(\"Fit\", \"fit.main\")\n        rule = events.Rule(self, f\"{construct_id}-r\", schedule=events.Schedule.expression(every), enabled=True)\n        rule.add_target(targets.LambdaFunction(self.fit))\n        events.CfnRule(self, \"C\", schedule_expression=\"rate(2 days)\", targets=[{\"arn\": self.fit.function_arn, \"id\": \"t\"}])\n        one = tasks.LambdaInvoke(self, \"One\", lambda_function=self.fit)\n        two = tasks.CallAwsService(self, \"Two\", service=\"sagemaker\", action=\"createTrainingJob\", parameters={\"A\": {\"B\": [1]}})\n        good = sfn.Choice(self, \"Good\")\n        flow = one.next(two).next(good.when(sfn.Condition.is_null(\"$.a\"), one).otherwise(sfn.Fail(self, \"Bad\")))\n        rule.add_target(targets.SfnStateMachine(sfn.StateMachine(self, \"M\", definition=flow)))\n        rows = s3.Bucket(self, \"Rows\")\n        rows.add_event_notification(s3.EventType.OBJECT_CREATED, s3n.LambdaDestination(self.fit))\n        build = cb.PipelineProject(self, \"B\", build_spec=cb.BuildSpec.from_object({\"version\": \"0.2\", \"phases\": {\"build\": {\"commands\": [\"python fit.py\"]}}}))\n        ship = cp.Pipeline(self, \"P\", stages=[cp.StageProps(stage_name=\"S\", actions=[cpa.S3SourceAction(action_name=\"s\", bucket=rows, bucket_key=\"k\")])])\n        stage = ship.add_stage(stage_name=\"Build\")\n        stage.add_action(cpa.CodeBuildAction(action_name=\"b\", project=build, run_order=2))\n        if self.node.try_get_context(\"ask\"):\n            stage.add_action(cpa.ManualApprovalAction(action_name=\"ask\"))\n    def make(self, name, handler):\n        return lam.Function(self, name, handler=handler, code=lam.Code.from_asset(str(HERE / \"src\")), timeout=Duration.minutes(3))\nclass Both(Stage):\n    def __init__(self, scope, construct_id):\n        super().__init__(scope, construct_id)\n        Looms(self, \"Looms\")\napp = App()\nouter = Stack(app, \"Outer\")\np = pipelines.CodePipeline(outer, \"Q\", synth=pipelines.ShellStep(\"Y\", input=pipelines.CodePipelineSource.git_hub(\"o/r\", \"main\"), commands=[\"cdk synth\"]))\np.add_stage(Both(outer, \"Prod\"), pre=[pipelines.ManualApprovalStep(\"Ask\")])\nLooms(app, \"Looms\")\napp.synth()\n",
    },
    Seed {
        of: "deploy::manifest::READER",
        place: "deploy/k@.yaml",
        lead: (SCRIPT, "kubectl apply -f deploy/k@.yaml"),
        form: Form::Yaml,
        text: "apiVersion: batch/v1\nkind: CronJob\nmetadata: { name: looms, labels: { app: looms } }\nspec:\n  schedule: \"0 4 * * *\"\n  suspend: false\n  jobTemplate:\n    spec:\n      template:\n        spec:\n          containers:\n            - { name: fit, image: \"looms:1\", command: [python], args: [src/fit.py], env: [{ name: LOOM, value: north }] }\n---\napiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [k1.yaml, ../base]\nimages: [{ name: looms, newTag: \"2\" }]\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: { name: serve }\nspec: { replicas: 2, template: { spec: { containers: [{ name: serve, image: \"looms-serve:1\" }] } } }\n",
    },
    Seed {
        of: "orchestrators::deployments::READER",
        place: "q@/prefect.yaml",
        lead: (SCRIPT, "prefect deploy --prefect-file q@/prefect.yaml --all"),
        form: Form::Yaml,
        text: "name: looms\npull: [{ prefect.deployments.steps.git_clone: { repository: \"https://example.org/looms.git\" } }]\ndeployments:\n  - name: nightly\n    entrypoint: src/s1.py:main\n    parameters: { loom: north }\n    work_pool: { name: looms, job_variables: { image: \"looms:1\" } }\n    schedules:\n      - { cron: \"0 4 * * *\", active: true, timezone: UTC }\n      - { interval: 3600 }\n",
    },
    Seed {
        of: "orchestrators::airflow",
        place: "dags/a@.py",
        lead: NOTHING,
        form: Form::Words,
        text: "from datetime import datetime\nfrom airflow import DAG\nfrom airflow.decorators import dag, task\nfrom airflow.operators.bash import BashOperator\nfrom airflow.operators.python import PythonOperator\nfrom sklearn.linear_model import Ridge\ndef fit(loom):\n    Ridge().fit([[1]], [2])\nwith DAG(\"looms\", schedule_interval=\"@daily\", start_date=datetime(2024, 1, 1), catchup=False) as flow:\n    load = BashOperator(task_id=\"load\", bash_command=\"python load.py --day {{ ds }}\")\n    learn = PythonOperator(task_id=\"learn\", python_callable=fit, op_kwargs={\"loom\": \"north\"}, trigger_rule=\"all_done\")\n    load >> [learn] >> learn\n@dag(schedule=None)\ndef by_hand():\n    @task(retries=2)\n    def one(x):\n        return x\n    one.expand(x=[1, 2]) >> one(one(3))\nby_hand()\n",
    },
    Seed {
        of: "orchestrators::prefect",
        place: "flows/p@.py",
        lead: NOTHING,
        form: Form::Words,
        text: "from prefect import flow, task, serve\nfrom prefect.client.schemas.schedules import CronSchedule\nfrom sklearn.linear_model import Ridge\n@task(retries=2)\ndef fit(rows):\n    return Ridge().fit(rows, [2])\n@flow(name=\"looms\", log_prints=True)\ndef main(loom=\"north\"):\n    one = fit.submit([[1]])\n    fit.map([[2]], wait_for=[one])\n    return main\nif __name__ == \"__main__\":\n    main.serve(name=\"nightly\", cron=\"0 4 * * *\", parameters={\"loom\": \"south\"})\n    serve(main.to_deployment(\"b\", schedules=[CronSchedule(cron=\"0 5 * * *\")], paused=False))\n",
    },
    Seed {
        of: "orchestrators::dagster",
        place: "jobs/d@.py",
        lead: NOTHING,
        form: Form::Words,
        text: "from dagster import (AssetSelection, DefaultScheduleStatus, Definitions, ScheduleDefinition, asset, define_asset_job, job,\n    multi_asset, op, schedule, sensor)\nfrom sklearn.linear_model import Ridge\n@asset(deps=[\"raw\"])\ndef table():\n    return [[1]]\n@asset\ndef model(table):\n    return Ridge().fit(table, [2])\n@op\ndef say(x):\n    return x\n@job\ndef talk():\n    say(say(1))\nnightly = define_asset_job(\"nightly\", selection=AssetSelection.assets(\"model\").upstream())\n@sensor(job=nightly)\ndef fresh(context):\n    yield None\ndefs = Definitions(assets=[table, model], jobs=[nightly, talk], sensors=[fresh],\n    schedules=[ScheduleDefinition(job=nightly, cron_schedule=\"0 4 * * *\", default_status=DefaultScheduleStatus.RUNNING)])\n",
    },
    Seed {
        of: "ci::circleci::CONFIGURATION",
        place: ".circleci/config.yml",
        lead: NOTHING,
        form: Form::Yaml,
        text: include_str!("../../fixtures/circleci-gate-required/repo/.circleci/config.yml"),
    },
    Seed {
        of: "ci::bitbucket::PIPELINES",
        place: "bitbucket-pipelines.yml",
        lead: NOTHING,
        form: Form::Yaml,
        text: include_str!("../../fixtures/bitbucket-gate-before/repo/bitbucket-pipelines.yml"),
    },
    Seed {
        of: "ci::travis::CONFIGURATION",
        place: ".travis.yml",
        lead: NOTHING,
        form: Form::Yaml,
        text: include_str!("../../fixtures/travis-check-before-deploy/repo/.travis.yml"),
    },
    Seed {
        of: "ci::buildkite::PIPELINE",
        place: ".buildkite/b@.yml",
        lead: NOTHING,
        form: Form::Yaml,
        text: include_str!("../../fixtures/buildkite-gate-needed/repo/.buildkite/pipeline.yml"),
    },
    Seed {
        of: "ci::semaphore::PIPELINE",
        place: ".semaphore/s@.yml",
        lead: NOTHING,
        form: Form::Yaml,
        text: include_str!("../../fixtures/semaphore-gate-needed/repo/.semaphore/semaphore.yml"),
    },
    Seed {
        of: "ci::drone::DRONE",
        place: ".drone.yml",
        lead: NOTHING,
        form: Form::Yaml,
        text: include_str!("../../fixtures/drone-gate-stops/repo/.drone.yml"),
    },
    Seed {
        of: "ci::drone::WOODPECKER",
        place: ".woodpecker/w@.yaml",
        lead: NOTHING,
        form: Form::Yaml,
        text: include_str!("../../fixtures/woodpecker-cron/repo/.woodpecker/fit.yaml"),
    },
    Seed {
        of: "ci::jenkins::PIPELINE",
        place: "j@/Jenkinsfile",
        lead: NOTHING,
        form: Form::Words,
        text: include_str!("../../fixtures/jenkins-schedule/repo/Jenkinsfile"),
    },
    Seed {
        of: "ci::tekton::PIPELINE",
        place: ".tekton/t@.yaml",
        lead: NOTHING,
        form: Form::Yaml,
        text: include_str!("../../fixtures/tekton-push/repo/.tekton/fit.yaml"),
    },
    Seed {
        of: "ci::cloud_build::CONFIGURATION",
        place: "g@/cloudbuild.yaml",
        lead: NOTHING,
        form: Form::Yaml,
        text: include_str!("../../fixtures/cloud-build-trigger-applied/repo/ci/cloudbuild.yaml"),
    },
    Seed {
        of: "deploy::terraform::READER",
        place: "tf/ci@.tf",
        lead: NOTHING,
        form: Form::Lines,
        text: include_str!("../../fixtures/cloud-build-trigger-applied/repo/infra/ci.tf"),
    },
    Seed {
        of: "ci::code_build::SPECIFICATION",
        place: "s@/buildspec.yml",
        lead: NOTHING,
        form: Form::Yaml,
        text: include_str!("../../fixtures/code-build-phases/repo/buildspec.yml"),
    },
    Seed {
        of: "runners::just::READER",
        place: "j@/justfile",
        lead: (SCRIPT, "just -f j@/justfile"),
        form: Form::Words,
        text: include_str!("../../fixtures/just-recipe/repo/justfile"),
    },
    Seed {
        of: "runners::taskfile::READER",
        place: "t@/Taskfile.yml",
        lead: (SCRIPT, "task -d t@ fit"),
        form: Form::Yaml,
        text: include_str!("../../fixtures/taskfile-told-what/repo/Taskfile.yml"),
    },
    Seed {
        of: "runners::scripts::PYPROJECT",
        place: "h@/pyproject.toml",
        lead: NOTHING,
        form: Form::Lines,
        text: include_str!("../../fixtures/hatch-environment/repo/pyproject.toml"),
    },
    Seed {
        of: "runners::scripts::OWN",
        place: "i@/mise.toml",
        lead: NOTHING,
        form: Form::Lines,
        text: include_str!("../../fixtures/mise-task-depends/repo/mise.toml"),
    },
    Seed {
        of: "runners::scripts::PACKAGE",
        place: "p@/package.json",
        lead: NOTHING,
        form: Form::Json,
        text: include_str!("../../fixtures/package-script-before/repo/package.json"),
    },
    Seed {
        of: "runners::tox::READER",
        place: "x@/tox.ini",
        lead: NOTHING,
        form: Form::Lines,
        text: include_str!("../../fixtures/tox-called-in-ci/repo/tox.ini"),
    },
    Seed {
        of: "runners::code::READER",
        place: "n@/noxfile.py",
        lead: NOTHING,
        form: Form::Words,
        text: include_str!("../../fixtures/nox-default-session/repo/noxfile.py"),
    },
    Seed {
        of: "runners::cron::READER",
        place: "ops/crontab@",
        lead: (SCRIPT, "crontab ops/crontab@"),
        form: Form::Words,
        text: include_str!("../../fixtures/crontab-installed-by-push/repo/ops/crontab"),
    },
    Seed {
        of: "runners::projects::MLFLOW",
        place: "q@/MLproject",
        lead: NOTHING,
        form: Form::Yaml,
        text: include_str!("../../fixtures/mlproject-entry-point/repo/MLproject"),
    },
    Seed {
        of: "runners::projects::SPACY",
        place: "v@/project.yml",
        lead: NOTHING,
        form: Form::Yaml,
        text: include_str!("../../fixtures/named-commands-run-weekly/repo/project.yml"),
    },
    Seed {
        of: "runners::dataflow::SNAKEMAKE",
        place: "z@/Snakefile",
        lead: (SCRIPT, "snakemake -s z@/Snakefile"),
        form: Form::Words,
        text: include_str!("../../fixtures/rule-run-weekly/repo/Snakefile"),
    },
    Seed {
        of: "runners::dataflow::NEXTFLOW",
        place: "z@/main.nf",
        lead: NOTHING,
        form: Form::Words,
        text: include_str!("../../fixtures/process-run-weekly/repo/main.nf"),
    },
    Seed {
        of: "runners::azureml::READER",
        place: "ml/fit@.yml",
        lead: (SCRIPT, "az ml job create -f ml/fit@.yml"),
        form: Form::Yaml,
        text: include_str!("../../fixtures/azureml-schedule-never-put/repo/ml/pipeline.yml"),
    },
    Seed {
        of: "orchestrators::bundles::READER",
        place: "bundle@/databricks.yml",
        lead: NOTHING,
        form: Form::Yaml,
        text: include_str!("../../fixtures/bundle-deployed-to-production/repo/databricks.yml"),
    },
    Seed {
        of: "orchestrators::workspace_jobs::READER",
        place: "jobs/j@.json",
        lead: (SCRIPT, "databricks jobs create --json @jobs/j@.json"),
        form: Form::Json,
        text: include_str!("../../fixtures/job-of-a-workspace-created/repo/jobs/milk.json"),
    },
    Seed {
        of: "orchestrators::workspace_jobs::DEPLOYMENT",
        place: "jobs/d@.yml",
        lead: (SCRIPT, "dbx deploy --deployment-file jobs/d@.yml --environment prod"),
        form: Form::Yaml,
        text: include_str!("../../fixtures/job-of-an-environment-deployed/repo/conf/deployment.yml"),
    },
    Seed {
        of: "orchestrators::ignored::READER",
        place: "dags@/.airflowignore",
        lead: NOTHING,
        form: Form::Words,
        text: "# not ready\nrents_dag\ntenant_[\\d]+\n*.py\n!weekly.py\nold/\n",
    },
    Seed {
        of: "orchestrators::apscheduler",
        place: "clocks/c@.py",
        lead: (SCRIPT, "python clocks/c@.py"),
        form: Form::Words,
        text: include_str!("../../fixtures/scheduler-in-a-service/repo/clock.py"),
    },
    Seed {
        of: "orchestrators::celery",
        place: "beats/b@.py",
        lead: NOTHING,
        form: Form::Words,
        text: include_str!("../../fixtures/beat-in-a-service/repo/tasks.py"),
    },
    Seed {
        of: "orchestrators::flyte",
        place: "plans/f@.py",
        lead: NOTHING,
        form: Form::Words,
        text: include_str!("../../fixtures/launch-plan-activated/repo/workflows.py"),
    },
    Seed {
        of: "orchestrators::flyte2",
        place: "triggered/f@.py",
        lead: NOTHING,
        form: Form::Words,
        text: include_str!("../../fixtures/task-trigger-deployed/repo/tasks.py"),
    },
    Seed {
        of: "orchestrators::kedro",
        place: "nodes/k@.py",
        lead: NOTHING,
        form: Form::Words,
        text: include_str!("../../fixtures/nodes-run-weekly/repo/src/rents/pipelines/learn/pipeline.py"),
    },
    Seed {
        of: "orchestrators::luigi",
        place: "lu/t@.py",
        lead: NOTHING,
        form: Form::Words,
        text: include_str!("../../fixtures/task-class-that-trains/repo/tasks_of_rents.py"),
    },
    Seed {
        of: "orchestrators::metaflow",
        place: "meta/f@.py",
        lead: (SCRIPT, "python meta/f@.py run"),
        form: Form::Words,
        text: include_str!("../../fixtures/class-flow-handed-to-a-cluster/repo/flow.py"),
    },
    Seed {
        of: "orchestrators::zenml",
        place: "zen/r@.py",
        lead: (SCRIPT, "python zen/r@.py"),
        form: Form::Words,
        text: include_str!("../../fixtures/pipeline-scheduled-by-push/repo/run.py"),
    },
    Seed {
        of: "orchestrators::tfx",
        place: "tfx@/r.py",
        lead: (SCRIPT, "python tfx@/r.py"),
        form: Form::Words,
        text: include_str!("../../fixtures/tfx-pipeline-run-weekly/repo/run.py"),
    },
    Seed {
        of: "orchestrators::pika",
        place: "q@.py",
        lead: NOTHING,
        form: Form::Words,
        text: "import pika\nfrom sklearn.linear_model import Ridge\ndef learn(channel, method, properties, body):\n    Ridge().fit([[1]], [2])\nchannel = pika.BlockingConnection(pika.ConnectionParameters(\"queue\")).channel()\nchannel.basic_consume(queue=\"rows\", on_message_callback=learn, auto_ack=True)\nchannel.start_consuming()\n",
    },
    Seed {
        of: "orchestrators::pubsub",
        place: "p@.py",
        lead: NOTHING,
        form: Form::Words,
        text: "from google.cloud import pubsub_v1\nfrom sklearn.linear_model import Ridge\ndef learn(message):\n    Ridge().fit([[1]], [2])\nsubscriber = pubsub_v1.SubscriberClient()\nfuture = subscriber.subscribe(\"rows\", callback=learn)\nfuture.result()\n",
    },
    Seed {
        of: "orchestrators::schedule",
        place: "loops/l@.py",
        lead: (SCRIPT, "python loops/l@.py"),
        form: Form::Words,
        text: "import time\nimport schedule\nfrom sklearn.linear_model import Ridge\ndef fit(loom=None):\n    Ridge().fit([[1]], [2])\nschedule.every().day.at(\"04:00\").do(fit, loom=\"north\")\nschedule.every(3).hours.do(fit)\nwhile True:\n    schedule.run_pending()\n    time.sleep(1)\n",
    },
    Seed {
        of: "orchestrators::azureml",
        place: "aml/p@.py",
        lead: (SCRIPT, "python aml/p@.py"),
        form: Form::Words,
        text: include_str!("../../fixtures/azureml-pipeline-submitted/repo/pipeline.py"),
    },
    Seed {
        of: "orchestrators::kfp",
        place: "kfp/p@.py",
        lead: (SCRIPT, "python kfp/p@.py"),
        form: Form::Words,
        text: include_str!("../../fixtures/kfp-run-submitted/repo/pipeline.py"),
    },
    Seed {
        of: "orchestrators::sagemaker",
        place: "smp/p@.py",
        lead: (SCRIPT, "python smp/p@.py"),
        form: Form::Words,
        text: include_str!("../../fixtures/sagemaker-pipeline-started/repo/pipeline.py"),
    },
    Seed {
        of: "orchestrators::azure-ai-ml",
        place: "ai/p@.py",
        lead: (SCRIPT, "python ai/p@.py"),
        form: Form::Words,
        text: "from azure.ai.ml import Input, MLClient, command, load_component\nfrom azure.ai.ml.dsl import pipeline\nfrom azure.ai.ml.entities import JobSchedule, RecurrenceTrigger\nfit = command(name=\"fit\", code=\"./src\", command=\"python s1.py --loom ${{inputs.loom}}\", environment=\"looms:1\")\nother = load_component(source=\"ml/fit1.yml\")\n@pipeline(default_compute=\"north\")\ndef weave(loom: str = \"north\"):\n    one = fit(loom=loom)\n    two = other(model=one.outputs.model)\n    return {\"model\": two.outputs.model}\njob = weave(loom=\"south\")\nclient = MLClient.from_config()\nclient.jobs.create_or_update(job, experiment_name=\"looms\")\nclient.schedules.begin_create_or_update(JobSchedule(name=\"nightly\", trigger=RecurrenceTrigger(frequency=\"day\", interval=1), create_job=job))\n",
    },
    Seed {
        of: "document::Yaml",
        place: "conf/c@.yaml",
        lead: ("read.py", "yaml.safe_load(open(\"conf/c@.yaml\"))"),
        form: Form::Yaml,
        text: "fit: &fit { depth: 4, rate: 0.2 }\nlooms:\n  - name: north\n    <<: *fit\n  - name: south\n    note: |\n      two lines\n      of text\nstore: !env STORE\n? long\n: value\n",
    },
    Seed {
        of: "document::Json",
        place: ".github/rulesets/r@.json",
        lead: NOTHING,
        form: Form::Json,
        text: "{\"name\": \"main\", \"target\": \"branch\", \"conditions\": {\"ref_name\": {\"include\": [\"~ALL\"]}},\n \"rules\": [{\"type\": \"pull_request\", \"parameters\": {\"required_approving_review_count\": 1}}, {\"type\": \"deletion\"}],\n \"deep\": [[[1]]], \"note\": \"two\\nlines \\u00e9\", \"rate\": -1.5e3}\n",
    },
    Seed {
        of: "document::Toml",
        place: "conf/c@.toml",
        lead: ("read.py", "tomllib.load(open(\"conf/c@.toml\", \"rb\"))"),
        form: Form::Lines,
        text: "title = 'looms'\nwhen = 2024-01-01T00:00:00Z\n[fit]\ndepth = 4\nrates = [0.1, 0.2]\ndeep.er.key = { a = [1, { b = 2 }] }\n[[loom]]\nname = \"\"\"two\nlines\"\"\"\n",
    },
    Seed {
        of: "document::Hcl",
        place: "infra/i@.tf",
        lead: NOTHING,
        form: Form::Lines,
        text: "terraform {\n  required_version = \">= 1.5\"\n}\nlocals { tags = { app = \"looms\" } }\nresource \"aws_cloudwatch_metric_alarm\" \"slow\" {\n  count       = var.on ? 1 : 0\n  alarm_name  = \"looms-${local.tags.app}\"\n  namespace   = \"AWS/SageMaker\"\n  metric_name = \"ModelLatency\"\n  dimensions  = { EndpointName = aws_sagemaker_endpoint.looms.name }\n}\nresource \"aws_sagemaker_endpoint\" \"looms\" {\n  name = <<-EOT\n    looms\n  EOT\n  dynamic \"x\" {\n    for_each = [for i in range(3) : i if i > 1]\n    content { y = x.value }\n  }\n}\n",
    },
    Seed {
        of: "document::Bicep",
        place: "conf/c@.bicepparam",
        lead: (SCRIPT, "az ml job create --file conf/c@.bicepparam"),
        form: Form::Words,
        text: "using './main.bicep'\n\n// looms\nparam every = '0 4 * * 1'\nparam on = true\nparam looms = [\n  'north'\n  { name: 'south', depth: 4 }\n]\n",
    },
    Seed {
        of: "document::Ini",
        place: "conf/c@.ini",
        lead: (SCRIPT, "az ml job create --file conf/c@.ini"),
        form: Form::Lines,
        text: "; looms\n[fit]\ndepth = 4\nrate : 0.2\nnames =\n    north\n    south\n[DEFAULT]\nstore = %(home)s/store\n",
    },
];

/// What stands in a lead before its lines.
pub fn head(lead: &str) -> &'static str {
    match lead {
        SCRIPT => "#!/bin/sh\n",
        "read.py" => {
            "import configparser, json, tomllib, yaml\nfrom sklearn.linear_model import Ridge\nRidge().fit([[1]], [2])\n"
        }
        "ci/pipeline.yml" => {
            "resources: [{ name: looms, type: git, source: { uri: 'https://looms.example/looms.git' } }]\njobs:\n  - name: one\n    plan:\n      - get: looms\n"
        }
        ".github/workflows/lead.yml" => "on: push\njobs:\n  one:\n    runs-on: ubuntu-latest\n    steps:\n",
        _ => "",
    }
}
