//! Awkward automation: circles, thousands of jobs, targets and definitions, paths that lead away.

use std::fmt::Write as _;
use std::path::Path;

use super::scenes::{FIT, indented, lines, workflow};
use super::write;

pub fn make_circles(root: &Path) {
    write(root, "Makefile", b"include Makefile\ninclude a.mk b/*.mk $(wildcard *.mk)\nA = $(B)\nB = $(A)\nC = $(C)x\nD := $(call D,$(call D,$(D)))\nfit: again\n\t$(MAKE) fit\n\tpython $(A)$(C)$(D) fit.py\nagain: fit\n\t$(MAKE) -C . again\n$(eval $(foreach x,$(A) 1 2,$(eval $(x): fit)))\n%: %.o\n\tmake $@\ndefine fit\n$(fit)\nendef\n$(fit)\n");
    write(root, "a.mk", b"include b.mk\na: b\n\t$(MAKE) -f b.mk b\n");
    write(root, "b.mk", b"include a.mk Makefile\nb: a\n\t$(MAKE) -f a.mk a\n");
    let doubling = lines(60, |i| format!("X{} = $(X{i})$(X{i})", i + 1));
    write(root, "double.mk", format!("X0 = xxxxxxxx\n{doubling}all:\n\techo $(X60)\n\t$(X60)\n$(X60): all\n").as_bytes());
    write(root, "go.sh", b"make\nmake -f double.mk all\nmake -f a.mk a\nmake again\n");
    write(root, "fit.py", FIT.as_bytes());
}

pub fn make_many(root: &Path) {
    let targets = lines(250, |i| format!("t{i}: t{}\n\tpython fit.py --n {i}", i + 1));
    write(root, "Makefile", format!("{targets}t250:\n\tpython fit.py\n").as_bytes());
    let every: String = (0..40).map(|i| format!(" t{i}")).collect();
    let dense = lines(40, |i| format!("t{i}:{every}\n\tpython fit.py"));
    write(root, "dense/Makefile", dense.as_bytes());
    write(root, "fit.py", FIT.as_bytes());
    workflow(root, "a", "  one: { runs-on: x, steps: [{ run: make t0 }, { run: make -C dense t0 }] }\n");
}

pub fn workflows_in_circles(root: &Path) {
    let call = |name: &str| {
        format!(
            "  one:\n    uses: ./.github/workflows/{name}.yml\n    with: {{ x: '${{{{ inputs.x }}}}y' }}\n    needs: [two]\n  two:\n    runs-on: x\n    needs: [one]\n    steps:\n      - uses: ./act\n      - run: python fit.py ${{{{ inputs.x }}}}\n"
        )
    };
    for (name, next) in [("a", "b"), ("b", "c"), ("c", "a"), ("own", "own")] {
        write(root, &format!(".github/workflows/{name}.yml"), format!("on: {{ workflow_call: {{ inputs: {{ x: {{ type: string }} }} }}, push: , workflow_run: {{ workflows: [{name}, {next}] }} }}\nname: {name}\njobs:\n{}", call(next)).as_bytes());
    }
    write(
        root,
        "act/action.yml",
        b"runs:\n  using: composite\n  steps:\n    - uses: ./act\n    - uses: ./\n    - run: python fit.py\n",
    );
    write(root, "action.yml", b"runs: { using: composite, steps: [{ uses: ./act }] }\n");
    // every level calls the next twice with other values: 2 to the 8th sets
    for i in 0..8 {
        let jobs = format!(
            "  a: {{ uses: ./.github/workflows/l{0}.yml, with: {{ x: '${{{{ inputs.x }}}}a' }} }}\n  b: {{ uses: ./.github/workflows/l{0}.yml, with: {{ x: '${{{{ inputs.x }}}}b' }} }}\n",
            i + 1
        );
        write(
            root,
            &format!(".github/workflows/l{i}.yml"),
            format!("on: {{ push: , workflow_call: {{ inputs: {{ x: {{ type: string }} }} }} }}\njobs:\n{jobs}").as_bytes(),
        );
    }
    write(root, ".github/workflows/l8.yml", b"on: { workflow_call: { inputs: { x: { type: string } } } }\njobs: { fit: { runs-on: x, steps: [{ run: 'python fit.py ${{ inputs.x }}' }] } }\n");
    write(root, "fit.py", FIT.as_bytes());
}

pub fn workflows_many(root: &Path) {
    for file in 0..20 {
        let jobs = lines(15, |i| {
            format!(
                "  j{i}:\n    runs-on: x\n    needs: [{}]\n    steps: [{{ run: python fit.py }}, {{ run: 'make t{i}' }}]",
                (0..i).map(|n| format!("j{n}")).collect::<Vec<_>>().join(", ")
            )
        });
        write(
            root,
            &format!(".github/workflows/w{file}.yml"),
            format!(
                "name: w{file}\non: {{ workflow_run: {{ workflows: [{}] }}, push: }}\njobs:\n{jobs}",
                (0..20).map(|n| format!("w{n}")).collect::<Vec<_>>().join(", ")
            )
            .as_bytes(),
        );
    }
    let chain = lines(300, |i| format!("  c{i}: {{ runs-on: x, needs: [c{}], steps: [{{ run: python fit.py }}] }}", i + 1));
    workflow(root, "chain", &chain);
    write(root, "fit.py", FIT.as_bytes());
}

pub fn matrix_explosion(root: &Path) {
    let axes = lines(8, |i| format!("        a{i}: [{}]", (0..40).map(|n| n.to_string()).collect::<Vec<_>>().join(", ")));
    let includes = lines(500, |i| format!("          - {{ a{}: {i}, script: fit{i}.py }}", i % 9));
    workflow(
        root,
        "m",
        &format!(
            "  one:\n    runs-on: ${{{{ matrix.a0 }}}}\n    strategy:\n      matrix:\n{axes}        include:\n{includes}        exclude: [{{ a0: 1 }}, 7]\n    steps: [{{ run: 'python ${{{{ matrix.script }}}} ${{{{ matrix.a1 }}}}' }}]\n"
        ),
    );
    workflow(
        root,
        "n",
        "  one:\n    runs-on: x\n    strategy: { matrix: \"${{ fromJSON(needs.x.outputs.y) }}\" }\n    steps: [{ run: 'python ${{ matrix.a.b.c[0] }}' }]\n",
    );
    let expression = format!("{}true{}", "(!".repeat(2_000), ")".repeat(2_000));
    let chain = format!("a{}", " || b && c".repeat(3_000));
    workflow(
        root,
        "e",
        &format!(
            "  one: {{ runs-on: x, if: \"{expression}\", steps: [{{ run: python fit.py, if: \"{chain}\" }}] }}\n  two: {{ runs-on: x, if: \"${{{{ {} }}}}\", steps: [] }}\n",
            "format(".repeat(2_000)
        ),
    );
    write(root, "fit.py", FIT.as_bytes());
}

pub fn gitlab_circles(root: &Path) {
    write(root, ".gitlab-ci.yml", b"include: [{ local: /.gitlab-ci.yml }, { local: ci/a.yml }, { local: 'ci/*.yml' }, { local: '**.yml' }]\n.x: { extends: [.y, .x] }\n.y: { extends: .x, script: !reference [.z, script] }\n.z: { script: [!reference [.y, script], !reference [.z, script]] }\nfit:\n  extends: [.x, fit]\n  needs: [fit, ship]\n  script: [python fit.py]\nship:\n  needs: [fit]\n  trigger: { include: .gitlab-ci.yml }\n");
    write(root, "ci/a.yml", b"include: [ci/b.yml, ci/a.yml]\nvariables: { A: $B, B: $A$A }\na: { script: \"python $A fit.py\", rules: [{ if: $A == $B }] }\n");
    write(root, "ci/b.yml", b"include: ci/a.yml\nb: { extends: a, trigger: { include: [ci/a.yml, ci/b.yml] } }\n");
    write(root, "fit.py", FIT.as_bytes());
}

pub fn gitlab_many(root: &Path) {
    let base = lines(20, |i| format!(".b{}: {{ extends: .b{i}, variables: {{ V{i}: x }} }}", i + 1));
    let jobs = lines(60, |i| format!("j{i}: {{ extends: .b20, needs: [j{}], script: [python fit.py --n {i}] }}", i + 1));
    let doubling = lines(40, |i| format!("  W{}: $W{i}$W{i}", i + 1));
    write(root, ".gitlab-ci.yml", format!("include:\n{}variables:\n  W0: wwww\n{doubling}.b0: {{ image: x }}\n{base}{jobs}j60: {{ script: [python fit.py $W40], parallel: {{ matrix: [{{ A: [1, 2, 3, 4, 5, 6, 7, 8, 9], B: [1, 2, 3, 4, 5, 6, 7, 8, 9], C: [1, 2, 3, 4, 5, 6, 7, 8, 9] }}] }} }}\n", lines(40, |i| format!("  - ci/i{i}.yml"))).as_bytes());
    for i in 0..40 {
        write(
            root,
            &format!("ci/i{i}.yml"),
            format!("include: ci/i{}.yml\nk{i}: {{ extends: .b{i}, script: python fit.py }}\n", i + 1).as_bytes(),
        );
    }
    write(root, "fit.py", FIT.as_bytes());
}

pub fn azure_circles(root: &Path) {
    write(root, "azure-pipelines.yml", b"trigger: [main]\nextends: { template: t/a.yml, parameters: { x: 1 } }\nstages:\n- template: azure-pipelines.yml\n- stage: a\n  dependsOn: [a, b]\n  jobs: [{ template: t/a.yml, parameters: { x: '${{ parameters.x }}' } }]\n- stage: b\n  dependsOn: a\n");
    write(root, "t/a.yml", b"parameters: { x: 1 }\njobs:\n- template: b.yml\n  parameters: { x: '${{ parameters.x }}y' }\n- template: a.yml\n  parameters: { x: '${{ parameters.x }}z', y: ${{ parameters }} }\n- job: fit\n  steps: [{ script: 'python fit.py ${{ parameters.x }}' }, { template: /t/a.yml }]\n");
    write(root, "t/b.yml", b"parameters: [{ name: x, default: '${{ parameters.x }}' }]\nvariables: [{ template: b.yml }, { name: v, value: $(v)$(v) }]\njobs: [{ template: a.yml, parameters: { x: '${{ parameters.x }}w' } }]\n");
    write(root, "fit.py", FIT.as_bytes());
}

pub fn azure_many(root: &Path) {
    let each = "- ${{ each a in parameters.list }}:\n  - ${{ each b in parameters.list }}:\n    - ${{ each c in parameters.list }}:\n      - ${{ each d in parameters.list }}:\n        - script: python fit.py ${{ a }} ${{ b }} ${{ c }} ${{ d }}\n";
    let list: Vec<String> = (0..6).map(|i| format!("x{i}")).collect();
    write(root, "azure-pipelines.yml", format!("trigger: [main]\nparameters:\n- {{ name: list, type: object, default: [{}] }}\nsteps:\n{each}- ${{{{ if {}true{} }}}}:\n  - script: python fit.py\n", list.join(", "), "not(".repeat(500), ")".repeat(500)).as_bytes());
    let jobs = lines(80, |i| format!("- job: j{i}\n  dependsOn: [j{}]\n  steps: [{{ script: python fit.py }}]", i + 1));
    write(root, "many/azure-pipelines.yml", format!("trigger: [main]\njobs:\n{jobs}").as_bytes());
    for i in 0..14 {
        write(root, &format!("deep/t{i}.yml"), format!("trigger: [main]\nparameters: {{ x: '' }}\nsteps:\n- template: t{0}.yml\n  parameters: {{ x: '${{{{ parameters.x }}}}a' }}\n- template: t{0}.yml\n  parameters: {{ x: '${{{{ parameters.x }}}}b' }}\n", i + 1).as_bytes());
    }
    write(root, "fit.py", FIT.as_bytes());
}

pub fn python_circles(root: &Path) {
    write(root, "pkg/__init__.py", b"from .a import *\nfrom . import a, b\nfrom pkg import *\nimport pkg.pkg.pkg\n");
    write(root, "pkg/a.py", b"from .b import *\nfrom .b import fit as fit\nfrom . import *\nfrom sklearn.linear_model import Ridge\nclass A(B):\n    def f(self): return self.g()\n    def g(self): return super().f()\nx = x\ny = z\nz = y\nf = lambda: f()\nf = f or f\n");
    write(root, "pkg/b.py", b"from .a import *\nfrom .a import A, fit\nclass B(A, B):\n    f = A.f\n    g = f\ndef fit(): return fit()\nA.f = B.g = fit\nT = {'a': T, **T}\nT['a']['a']['a']().fit()\ngetattr(a, 'b' + c)()\n__import__('pkg.' + x)\nexec('fit()')\n");
    write(root, "main.py", b"from pkg import *\nimport main\nfrom main import *\nif __name__ == '__main__':\n    main.main.fit()\n    A().f().g().f()\n    Ridge().fit([[1]], [2])\n");
    write(root, "go.sh", b"python main.py\npython -m pkg\npython -m main\npytest\n");
    write(root, "test_main.py", b"import pytest\n@pytest.fixture\ndef a(b): return b\n@pytest.fixture\ndef b(a): return a\ndef test_it(a, b, test_it): test_it(a)\n");
}

pub fn python_many(root: &Path) {
    // all import one another and call one another
    for i in 0..50 {
        let imports = lines(50, |n| format!("from m{n} import f{n}"));
        write(root, &format!("m{i}.py"), format!("from sklearn.linear_model import Ridge\n{imports}def f{i}():\n    Ridge().fit([[1]], [2])\n    f{}()\n    f{}()\n", (i + 1) % 50, (i * 7) % 50).as_bytes());
    }
    let calls = lines(500, |i| format!("def g{i}():\n    g{}()\n    g{}()", i + 1, (i * 3) % 500));
    write(root, "many.py", format!("import sklearn\n{calls}def g500(): pass\ng0()\n").as_bytes());
    let classes = lines(120, |i| format!("class C{}(C{i}):\n    def f(self): return super().f()", i + 1));
    write(
        root,
        "tall.py",
        format!("from sklearn.linear_model import Ridge\nclass C0(Ridge): pass\n{classes}C120().fit([[1]], [2])\nC120().f()\n")
            .as_bytes(),
    );
    let names = lines(800, |i| format!("x{} = x{i}", i + 1));
    write(
        root,
        "names.py",
        format!("from sklearn.linear_model import Ridge\nx0 = Ridge\n{names}x800().fit([[1]], [2])\n").as_bytes(),
    );
    let sums =
        format!("import sklearn\nx = {}1\ny = f{}\nz = a{}\n", "1 + ".repeat(3_000), "(1)".repeat(2_000), ".b".repeat(3_000));
    write(root, "sums.py", sums.as_bytes());
    let ladder: String = (0..90).map(|i| format!("{}if a{i}:\n", "    ".repeat(i))).collect();
    write(root, "ladder.py", format!("import sklearn\n{ladder}{}pass\n", "    ".repeat(90)).as_bytes());
    workflow(
        root,
        "a",
        "  one: { runs-on: x, steps: [{ run: python m0.py }, { run: python many.py }, { run: python tall.py }, { run: python names.py }] }\n",
    );
}

pub fn shell_nests(root: &Path) {
    let quoted = (0..7).fold("python fit.py".to_owned(), |inner, _| format!("bash -c {:?}", inner));
    let documents = (0..40).fold("python fit.py\n".to_owned(), |inner, i| format!("sh <<'E{i}'\n{inner}E{i}\n"));
    let wrappers = "sudo env nohup time xargs timeout 5 ".repeat(300);
    let functions = lines(150, |i| format!("f{i}() {{ f{}; f{}; python fit.py; }}", i + 1, (i * 3) % 150));
    let ifs = format!("{}python fit.py\n{}", "if true; then\n".repeat(150), "fi\n".repeat(150));
    let texts = [
        quoted,
        documents,
        format!("{wrappers}python fit.py\n"),
        format!("{functions}f150() {{ f0; }}\nf0\n"),
        ifs,
        format!("{}python fit.py\n", "a | ".repeat(400)),
        format!("{}python fit.py\n", "true && ".repeat(400)),
        format!("x=$y\ny=$x\nz=$z$z\n{}eval \"$z\"\neval $(cat <<< \"$x\")\n", "z=$z$z\n".repeat(60)),
        "\"$0\" \"$@\"\n. \"$0\"\nbash \"$BASH_SOURCE\"\nexec sh/t8.sh\nsh t8.sh\n".to_owned(),
        format!("echo {}\n", "$(echo \"".repeat(300)),
        format!("case x in\n{}esac\n", "a) python fit.py ;;\n".repeat(300)),
        format!("cat <<A <<B <<'C'\n{}", "$(python fit.py)\n".repeat(200)),
        format!("echo {}\n", "{a,b}".repeat(400)),
        format!("echo ${{x{}\n", ":-${y".repeat(400)),
    ];
    for (i, text) in texts.iter().enumerate() {
        write(root, &format!("sh/t{i}.sh"), text.as_bytes());
        let block = indented(&indented(&indented(&indented(text))));
        workflow(
            root,
            &format!("t{i}"),
            &format!("  one:\n    runs-on: x\n    steps:\n      - run: |\n{block}      - run: bash sh/t{i}.sh\n"),
        );
    }
    write(root, "fit.py", FIT.as_bytes());
}

pub fn paths_that_leave(root: &Path) {
    let paths = [
        "../../../../etc/passwd",
        "/etc/passwd",
        "a/../../..",
        "~/x",
        "$HOME/../x",
        "..",
        ".",
        "",
        "//x//y",
        "C:\\x\\y",
        "\\\\host\\share",
        "file:///etc/passwd",
        "a\u{0}b",
        &"../".repeat(5_000),
        &"a/".repeat(5_000),
    ];
    let mut all = String::new();
    for path in paths {
        let path = path.replace('\u{0}', "");
        let _ = writeln!(
            all,
            "python '{path}'\nbash '{path}'\nmake -C '{path}' -f '{path}'\ncd '{path}' && python fit.py\nkubectl apply -f '{path}'\ndvc repro '{path}'\npip install -r '{path}' -e '{path}'\ndocker build -f '{path}' '{path}'\n. '{path}'"
        );
    }
    write(root, "go.sh", all.as_bytes());
    let quoted = |p: &&str| format!("{:?}", p.replace('\u{0}', ""));
    let uses = paths
        .iter()
        .map(|p| format!("      - uses: {}\n        with: {{ path: {0} }}\n        working-directory: {0}\n", quoted(p)))
        .collect::<String>();
    workflow(
        root,
        "a",
        &format!(
            "  one:\n    runs-on: x\n    steps:\n{uses}  two: {{ uses: ./../../x.yml }}\n  three: {{ uses: \"./.github/workflows/../../../x.yml\" }}\n"
        ),
    );
    write(root, ".gitlab-ci.yml", format!("include: [{}]\n", paths.iter().map(quoted).collect::<Vec<_>>().join(", ")).as_bytes());
    write(
        root,
        "azure-pipelines.yml",
        format!("trigger: [main]\nsteps:\n{}", paths.iter().map(|p| format!("- template: {}\n", quoted(p))).collect::<String>())
            .as_bytes(),
    );
    write(
        root,
        "read.py",
        format!(
            "import json, sklearn\nfrom ....... import x\nfrom .a.b import c\n{}",
            paths.iter().map(|p| format!("json.load(open({}))\n", quoted(p))).collect::<String>()
        )
        .as_bytes(),
    );
    write(
        root,
        "Dockerfile",
        b"FROM python\nCOPY ../../x /\nCOPY . /../..\nWORKDIR ../../..\nCMD [\"python\", \"../../fit.py\"]\n",
    );
    write(
        root,
        "dvc.yaml",
        b"stages: { fit: { cmd: python fit.py, wdir: ../../.., deps: [../../x, /etc/passwd] } }\nvars: [../../x.yaml]\n",
    );
    write(root, "Kustomization", b"resources: [../../.., .., /etc, .]\nbases: [.]\n");
    write(root, "k.sh", b"kubectl apply -k .\n");
}

pub fn requirements_circles(root: &Path) {
    write(root, "requirements.txt", b"-r requirements.txt\n-r other.txt\n-c requirements.txt\n-r ../../x.txt\n-e .\n");
    write(root, "other.txt", b"-r requirements.txt\nscikit-learn\n");
    write(root, "pyproject.toml", b"[project]\nname = \"looms\"\ndynamic = [\"dependencies\"]\noptional-dependencies = { all = [\"looms[all]\"] }\n[dependency-groups]\na = [{ include-group = \"b\" }]\nb = [{ include-group = \"a\" }]\n[tool.setuptools.dynamic]\ndependencies = { file = [\"requirements.txt\", \"pyproject.toml\"] }\n");
    write(root, "many/requirements.txt", lines(2_000, |i| format!("package-{i}=={i}")).as_bytes());
    write(
        root,
        "many/poetry.lock",
        lines(1_000, |i| format!("[[package]]\nname = \"package-{i}\"\nversion = \"{i}\"")).as_bytes(),
    );
    for i in 0..60 {
        write(root, &format!("chain/l{i}.txt"), format!("-r l{}.txt\n-r l{}.txt\npandas\n", i + 1, i / 2).as_bytes());
    }
    write(root, "requirements-chain.txt", b"-r chain/l0.txt\n");
    workflow(
        root,
        "a",
        "  one: { runs-on: x, steps: [{ run: 'pip install -r requirements.txt -r many/requirements.txt' }, { run: python fit.py }] }\n",
    );
    write(root, "fit.py", FIT.as_bytes());
}

pub fn containers_in_circles(root: &Path) {
    write(root, "Dockerfile", format!("FROM a AS a\nFROM b AS b\nCOPY --from=b / /\nFROM b\nCOPY --from=a / /\nENV A=$B B=$A\nRUN docker build . && docker compose up\nENTRYPOINT [\"docker\", \"run\", \"looms\"]\nCMD docker run looms\n{}", lines(300, |i| format!("FROM s{} AS s{i}\nRUN python fit.py", i + 1))).as_bytes());
    let services = lines(500, |i| {
        format!(
            "  s{i}: {{ image: looms, build: ., depends_on: [s{}], extends: {{ service: s{} }}, command: docker compose run s{i} }}",
            (i + 1) % 120,
            (i + 1) % 120
        )
    });
    write(root, "compose.yaml", format!("include: [compose.yaml]\nservices:\n{services}").as_bytes());
    write(root, "base/kustomization.yaml", b"resources: [../over, ../base, job.yaml]\n");
    write(root, "over/kustomization.yaml", b"resources: [../base, ../over]\ncomponents: [../base]\n");
    write(root, "base/job.yaml", lines(100, |i| format!("---\napiVersion: batch/v1\nkind: Job\nmetadata: {{ name: j{i} }}\nspec: {{ template: {{ spec: {{ containers: [{{ image: looms, command: [kubectl, apply, -f, base/job.yaml] }}] }} }} }}")).as_bytes());
    let apps = lines(300, |i| {
        format!(
            "---\napiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{ name: a{i} }}\nspec: {{ source: {{ path: apps }}, syncPolicy: {{ automated: {{}} }} }}"
        )
    });
    write(root, "apps/all.yaml", apps.as_bytes());
    workflow(
        root,
        "a",
        "  one: { runs-on: x, steps: [{ run: 'docker build -t looms .' }, { run: docker compose up }, { run: kubectl apply -k over }, { run: kubectl apply -f apps }] }\n",
    );
    write(root, "fit.py", FIT.as_bytes());
}

pub fn dvc_many(root: &Path) {
    let stages = lines(250, |i| format!("  s{i}:\n    cmd: python fit.py --n {i}\n    deps: [o{i}]\n    outs: [o{}]", i + 1));
    write(
        root,
        "dvc.yaml",
        format!("stages:\n{stages}  round:\n    cmd: dvc repro\n    deps: [o250]\n    outs: [o0]\n").as_bytes(),
    );
    write(root, "p/dvc.yaml", b"vars: [params.yaml, dvc.yaml]\nstages:\n  fit:\n    matrix: { a: '${list}', b: '${list}', c: '${list}', d: '${list}' }\n    cmd: python ../fit.py ${item.a} ${item.b}\n  again:\n    foreach: '${list}'\n    do: { cmd: \"dvc repro -P ${item} ${round.a}\" }\n");
    write(
        root,
        "p/params.yaml",
        format!(
            "list: [{}]\nround: &r {{ a: '${{round.b}}', b: '${{round.a}}' }}\n",
            (0..12).map(|i| i.to_string()).collect::<Vec<_>>().join(", ")
        )
        .as_bytes(),
    );
    for i in 0..400 {
        write(
            root,
            &format!("data/t{i}.csv.dvc"),
            format!("outs: [{{ md5: '00', path: t{i}.csv }}]\ndeps: [{{ path: t{}.csv }}]\n", (i + 1) % 100).as_bytes(),
        );
    }
    workflow(root, "a", "  one: { runs-on: x, steps: [{ run: dvc repro }, { run: dvc repro p/dvc.yaml }, { run: dvc pull }] }\n");
    write(root, "fit.py", FIT.as_bytes());
}

pub fn orchestrators_many(root: &Path) {
    let tasks = lines(60, |i| format!("    t{i} = BashOperator(task_id=\"t{i}\", bash_command=\"python fit.py\")"));
    let all: Vec<String> = (0..40).map(|i| format!(" t{i}")).collect();
    let order = format!("    [{0}] >> t0 >> [{0}]\n    chain({0})\n    cross_downstream([{0}], [{0}])\n", all.join(", "));
    write(root, "dags/a.py", format!("from airflow import DAG\nfrom airflow.models.baseoperator import chain, cross_downstream\nfrom airflow.operators.bash import BashOperator\nwith DAG(\"a\", schedule=\"@daily\") as flow:\n{tasks}{order}").as_bytes());
    write(root, "dags/round.py", b"from airflow.decorators import dag, task\nfrom airflow.operators.trigger_dagrun import TriggerDagRunOperator\n@dag(schedule='@daily', dag_id='round')\ndef round():\n    @task\n    def one(x): return one(one(x))\n    t = TriggerDagRunOperator(task_id='t', trigger_dag_id='round')\n    t >> t >> one(one(t)) >> t\n    round()\nround()\n");
    let flows = lines(80, |i| format!("@flow\ndef f{i}():\n    f{}()\n    f{i}()", (i + 1) % 80));
    write(root, "flows.py", format!("from prefect import flow\n{flows}f0.serve(cron=\"0 4 * * *\")\n").as_bytes());
    let assets = lines(80, |i| format!("@asset\ndef a{i}(a{}, a{}): return 1", (i + 1) % 80, (i * 7) % 80));
    write(root, "assets.py", format!("from dagster import asset, Definitions, load_assets_from_current_module\n{assets}defs = Definitions(assets=load_assets_from_current_module())\n").as_bytes());
    let deployments =
        lines(150, |i| format!("- {{ name: d{i}, entrypoint: 'flows.py:f0', schedules: [{{ cron: '0 4 * * *' }}] }}"));
    write(root, "prefect.yaml", format!("deployments:\n{deployments}").as_bytes());
    write(root, "fit.py", FIT.as_bytes());
}

pub fn notebooks(root: &Path) {
    let cell = |source: &str| format!("{{\"cell_type\": \"code\", \"source\": {source}, \"outputs\": []}}");
    let texts = [
        "{\"nbformat\": 4, \"metadata\": {\"sklearn\": 1}}".to_owned(),
        "{\"cells\": 7, \"sklearn\": 1}".to_owned(),
        "{\"nbformat\": 3, \"worksheets\": [{\"cells\": [{\"cell_type\": \"code\", \"input\": [\"import sklearn\"], \"language\": \"python\"}]}]}".to_owned(),
        format!("{{\"cells\": [{}, 7, null, {}, {}]}}", cell("\"import sklearn\""), cell("{}"), cell("[\"import sklearn\", 7, null, []]")),
        format!("{{\"cells\": [{{\"cell_type\": \"code\", \"source\": \"import sklearn\", \"outputs\": [{{\"data\": {{\"image/png\": \"{}\"}}}}]}}]}}", "iVBORw0KGgo".repeat(20_000)),
        format!("{{\"cells\": [{}]}}", vec![cell("\"import sklearn\\n%run a.ipynb\\n!python fit.py\""); 200].join(", ")),
        format!("{{\"cells\": [{}]}}", cell(&format!("\"import sklearn{}\"", "\\n%%bash\\n!x \\\\".repeat(5_000)))),
        format!("{{\"cells\": [{}]}}", cell("\"import sklearn\\ud800\\u0000\"")),
    ];
    for (i, text) in texts.iter().enumerate() {
        write(root, &format!("n{i}.ipynb"), text.as_bytes());
    }
    write(
        root,
        "go.sh",
        (0..texts.len()).fold(String::new(), |all, i| format!("{all}jupyter nbconvert --execute n{i}.ipynb\n")).as_bytes(),
    );
}

pub fn includes_from_afar(root: &Path) {
    workflow(
        root,
        "a",
        "  one: { uses: o/n/.github/workflows/x.yml@main }\n  two: { uses: 'https://example.org/x.yml' }\n  three: { runs-on: x, steps: [{ uses: 'docker://x:y' }, { uses: o/n@../../x }, { uses: '@' }, { uses: 'o/n/../../x@y' }] }\n",
    );
    write(root, ".gitlab-ci.yml", b"include: [{ remote: 'https://example.org/x.yml' }, { project: o/n, file: [/a.yml, ../b.yml], ref: x }, { template: X.yml }, { component: 'x/y@z' }, { project: [], file: {} }]\nfit: { script: python fit.py }\n");
    write(root, "azure-pipelines.yml", b"trigger: [main]\nresources: { repositories: [{ repository: t, type: git, name: o/n, ref: x }, 7] }\nextends: { template: 'x.yml@t' }\nsteps: [{ template: 'x.yml@nobody' }, { template: '@t' }, { template: 'x@y@z' }]\n");
    write(root, "go.sh", b"curl https://example.org/x.sh | sh\npython https://example.org/x.py\nkubectl apply -f https://example.org/x.yaml\nsource <(curl example.org)\ntar xf x.tar && sh x/run.sh\n");
    write(root, "fit.py", FIT.as_bytes());
}
