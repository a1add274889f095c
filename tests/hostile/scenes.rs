//! Trees that are awkward as a whole: circles, bombs, thousands of small things, links, names, histories.
//!
//! Sizes are those at which something that grows faster than its input would be felt in a debug build.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::{automation, write};

/// A tree that is made.
pub struct Scene {
    pub name: &'static str,
    pub make: fn(&Path),
}

pub const SCENES: &[Scene] = &[
    Scene { name: "yaml-aliases", make: yaml_aliases },
    Scene { name: "yaml-size-and-depth", make: yaml_size_and_depth },
    Scene { name: "yaml-words", make: yaml_words },
    Scene { name: "templates-in-yaml", make: templates_in_yaml },
    Scene { name: "large-files", make: large_files },
    Scene { name: "no-text", make: no_text },
    Scene { name: "odd-names", make: odd_names },
    Scene { name: "links", make: links },
    Scene { name: "deep-and-wide-folders", make: deep_and_wide_folders },
    Scene { name: "patterns-of-git", make: patterns_of_git },
    Scene { name: "odd-history", make: odd_history },
    Scene { name: "many-refs", make: many_refs },
    Scene { name: "make-circles", make: automation::make_circles },
    Scene { name: "make-many", make: automation::make_many },
    Scene { name: "workflows-in-circles", make: automation::workflows_in_circles },
    Scene { name: "workflows-many", make: automation::workflows_many },
    Scene { name: "matrix-explosion", make: automation::matrix_explosion },
    Scene { name: "gitlab-circles", make: automation::gitlab_circles },
    Scene { name: "gitlab-many", make: automation::gitlab_many },
    Scene { name: "azure-circles", make: automation::azure_circles },
    Scene { name: "azure-many", make: automation::azure_many },
    Scene { name: "python-circles", make: automation::python_circles },
    Scene { name: "python-many", make: automation::python_many },
    Scene { name: "shell-nests", make: automation::shell_nests },
    Scene { name: "paths-that-leave", make: automation::paths_that_leave },
    Scene { name: "requirements-circles", make: automation::requirements_circles },
    Scene { name: "containers-in-circles", make: automation::containers_in_circles },
    Scene { name: "dvc-many", make: automation::dvc_many },
    Scene { name: "orchestrators-many", make: automation::orchestrators_many },
    Scene { name: "notebooks", make: automation::notebooks },
    Scene { name: "includes-from-afar", make: automation::includes_from_afar },
];

pub const FIT: &str = "from sklearn.linear_model import Ridge\nRidge().fit([[1]], [2])\n";

/// Numbered lines, one text.
pub fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(|i| line(i) + "\n").collect()
}

pub fn workflow(root: &Path, name: &str, jobs: &str) {
    write(root, &format!(".github/workflows/{name}.yml"), format!("on: push\njobs:\n{jobs}").as_bytes());
}

fn yaml_aliases(root: &Path) {
    let bomb: String = (1..9).map(|i| format!("a{i}: &a{i} [{}]\n", vec![format!("*a{}", i - 1); 9].join(", "))).collect();
    let bomb = format!("a0: &a0 [x, x, x, x, x, x, x, x, x]\n{bomb}");
    let many = format!("a: &a 1\nb: [{}]\n", vec!["*a"; 8_000].join(", "));
    let own = "a: &a\n  b: *a\n  c: [*a, { <<: *a }]\n";
    let merged = lines(300, |i| format!("m{i}: &m{i} {{ <<: *m{}, k{i}: {i} }}", i.saturating_sub(1)));
    let round = "a: &a { <<: *b }\nb: &b { <<: *a }\nc: { <<: [*a, *b, *c], <<: 7 }\n";
    for (name, text) in
        [("bomb", &bomb), ("many", &many), ("own", &own.to_owned()), ("merged", &merged), ("round", &round.to_owned())]
    {
        workflow(
            root,
            name,
            &format!("  one:\n    runs-on: x\n    steps: [{{ run: python fit.py }}]\nx-{name}:\n{}", indented(text)),
        );
        write(
            root,
            &format!("p-{name}/azure-pipelines.yml"),
            format!("trigger: [main]\nsteps:\n- script: python fit.py\n{text}").as_bytes(),
        );
        write(root, &format!("d-{name}/dvc.yaml"), format!("{text}stages:\n  fit: {{ cmd: python fit.py }}\n").as_bytes());
    }
    // aliases where values are used again and again
    let steps = format!(
        "  one: &job\n    runs-on: x\n    env: &env {{ A: 1 }}\n    steps: &steps [{}]\n",
        vec!["{ run: python fit.py }"; 20].join(", ")
    );
    let jobs = lines(20, |i| format!("  j{i}: {{ <<: *job, env: *env, steps: *steps, needs: [one] }}"));
    workflow(root, "shared", &format!("{steps}{jobs}"));
    write(
        root,
        ".gitlab-ci.yml",
        format!("{bomb}fit: {{ script: *a8, extends: *a8, needs: *a8, rules: *a8, variables: *a8 }}\n").as_bytes(),
    );
    write(root, "fit.py", FIT.as_bytes());
}

pub fn indented(text: &str) -> String {
    text.lines().map(|l| format!("  {l}\n")).collect()
}

fn yaml_size_and_depth(root: &Path) {
    let flat = format!("a: [{}]\n", "x, ".repeat(15_000));
    let key = format!("? [{}]\n: 1\n", "k, ".repeat(8_000));
    let deep = format!("a: {}{}\n", "[".repeat(8_000), "]".repeat(8_000));
    let steps: String = (0..800).map(|i| format!("{}a:\n", " ".repeat(i))).collect();
    let dashes = format!("{}x\n", "- ".repeat(1_500));
    let documents = "a: 1\n---\nb: [\n---\nc: 3\n...\n".repeat(150);
    let keys = "same: 1\n".repeat(5_000);
    for (name, text) in [
        ("flat", flat),
        ("key", key),
        ("deep", deep),
        ("steps", steps),
        ("dashes", dashes),
        ("documents", documents),
        ("keys", keys),
    ] {
        workflow(root, name, &format!("  one:\n    runs-on: x\n    steps: [{{ run: python fit.py }}]\n{text}"));
        write(root, &format!("deploy/{name}.yaml"), text.as_bytes());
    }
    write(root, "go.sh", b"kubectl apply -f deploy/\nkubectl apply -k deploy\nhelm upgrade x deploy\n");
    let brackets = format!("{}{}", "[".repeat(50_000), "]".repeat(50_000));
    write(root, "conf/deep.json", brackets.as_bytes());
    write(root, "books/deep.ipynb", format!("{{\"cells\": {brackets}, \"sklearn\": 1}}").as_bytes());
    write(root, "pyproject.toml", format!("[project]\ndependencies = {brackets}\n").as_bytes());
    write(root, "infra/main.tf", format!("resource \"aws_sagemaker_endpoint\" \"x\" {{\n  a = {brackets}\n}}\n").as_bytes());
    write(root, "read.py", b"import json\nfrom sklearn.svm import SVC\nSVC().fit(json.load(open('conf/deep.json')))\n");
}

fn yaml_words(root: &Path) {
    let ons = [
        "on",
        "true",
        "no",
        "0o7",
        "1:30",
        ".inf",
        ".nan",
        "~",
        "[[]]",
        "{ push: { branches: { a: b } } }",
        "{ schedule: 7 }",
        "{ schedule: [{ cron: [1] }] }",
        "!x y",
        "[push, 7, null, {}]",
        "{ workflow_run: { workflows: 7 } }",
    ];
    for (i, on) in ons.iter().enumerate() {
        let text =
            format!("on: {on}\ntrue: push\njobs:\n  a: {{ runs-on: x, needs: a, steps: [{{ run: python fit.py }}] }}\n  7: 8\n");
        write(root, &format!(".github/workflows/on{i}.yml"), text.as_bytes());
    }
    for (i, tag) in
        ["!Sub", "!reference", "!vault", "!include", "!!python/object/apply:os.system", "!<tag:x,2000:y>", "!"].iter().enumerate()
    {
        let text = format!("fit:\n  script: {tag} [fit, script]\n  rules: {tag} {{ if: x }}\n  needs: {tag} y\n");
        write(root, &format!("ci/t{i}.yml"), text.as_bytes());
    }
    write(root, ".gitlab-ci.yml", lines(7, |i| format!("s{i}: {{ trigger: {{ include: ci/t{i}.yml }} }}")).as_bytes());
    write(root, "fit.py", FIT.as_bytes());
}

fn templates_in_yaml(root: &Path) {
    let helm = "{{- if .Values.on }}\napiVersion: batch/v1\nkind: CronJob\nmetadata: { name: {{ include \"x.name\" . }} }\nspec:\n  schedule: {{ .Values.cron | quote }}\n{{- range $i, $e := .Values.env }}\n  - {{ $e }}\n{{- end }}\n{{ end }}\n";
    let jinja = "{% for x in y %}\nname: {{ x }}\n{% raw %}{{ y }}{% endraw %}\n{# never closed\n";
    let erb = "<% if x %>\nname: <%= x %>\n<% end\n";
    for (i, text) in
        [helm, jinja, erb, &helm.replace("}}", ""), &"{{".repeat(5_000), &"{{ x }}".repeat(3_000), &"{%- if x %}\n".repeat(1_000)]
            .iter()
            .enumerate()
    {
        write(root, &format!("chart/templates/t{i}.yaml"), text.as_bytes());
        write(root, &format!(".github/workflows/t{i}.yml"), text.as_bytes());
        write(
            root,
            &format!("azure/azure-pipelines-{i}.yml"),
            format!("trigger: [main]\nsteps:\n- script: python fit.py\n{text}").as_bytes(),
        );
    }
    write(
        root,
        "chart/Chart.yaml",
        b"apiVersion: v2\nname: looms\ndependencies: [{ name: looms, repository: 'file://../chart' }]\n",
    );
    write(root, "chart/values.yaml", "cron: '{{ .Values.cron }}'\n".repeat(500).as_bytes());
    write(root, "go.sh", b"helm upgrade --install looms ./chart -f chart/values.yaml\n");
}

fn large_files(root: &Path) {
    write(root, "src/one_line.py", format!("import sklearn; x = [{}]", "1, ".repeat(15_000)).as_bytes());
    write(root, "src/min.js", format!("var a={};", "f(".repeat(100_000)).as_bytes());
    write(root, "src/long_text.py", format!("import sklearn\nx = '{}'\n", "y".repeat(300_000)).as_bytes());
    write(root, "Makefile", format!("fit:\n\tpython fit.py {}\n", "--x ".repeat(8_000)).as_bytes());
    // holes cost nothing on disk, and more than is read
    for (name, size) in
        [("hole.py", 1_u64 << 33), ("hole.yml", 100 << 20), ("hole.ipynb", 1 << 33), (".github/workflows/hole.yml", 5 << 20)]
    {
        write(root, name, b"import sklearn\n");
        let file = fs::OpenOptions::new().write(true).open(root.join(name)).expect("the file");
        // a disk that knows no holes tries less
        let _ = file.set_len(size);
    }
}

fn no_text(root: &Path) {
    let binary: Vec<u8> = (0..40_000_u32).map(|i| (i * 7 % 251) as u8).collect();
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\nsize 12345\n";
    for name in [
        "a.py",
        "a.ipynb",
        "a.sh",
        "Makefile",
        "Dockerfile",
        "compose.yaml",
        "dvc.yaml",
        "dvc.lock",
        "x.dvc",
        "requirements.txt",
        "pyproject.toml",
        "poetry.lock",
        "setup.py",
        "setup.cfg",
        "environment.yml",
        ".gitlab-ci.yml",
        ".github/workflows/a.yml",
        "action.yml",
        "azure-pipelines.yml",
        "prefect.yaml",
        ".gitattributes",
        ".gitignore",
        "CODEOWNERS",
        "main.tf",
    ] {
        write(root, &format!("binary/{name}"), &binary);
        write(root, &format!("pointer/{name}"), pointer);
        write(root, &format!("picture/{name}"), b"\x89PNG\r\n\x1A\n\0\0\0\rIHDR");
        write(root, &format!("letters/{name}"), "\u{202E}\u{200B}\u{FEFF}\u{1F9F6}é\u{2028}: [\u{0}".repeat(200).as_bytes());
        write(root, name, &binary);
    }
}

fn odd_names(root: &Path) {
    let names = [
        "\u{1B}[2J.py",
        "bell\u{7}.py",
        "a\nb.py",
        "a\rb.py",
        "a\tb.py",
        "`id`.py",
        "a|b.py",
        "<script>.py",
        "::error::x.py",
        "\u{202E}yp.exe",
        "zero\u{200B}width.py",
        "-rf.py",
        " blank .py",
        "CON.py",
        "dot.",
        "x'y\".py",
        "[link](x).py",
        "@owner.py",
        "${{ x }}.py",
        "%2e%2e.py",
        "back\\slash.py",
        "Fit.py",
        "fit.py",
        "FIT.py",
        "e\u{301}.py",
        "é.py",
        "*.py",
        "a?.py",
        "~.py",
        "$HOME.py",
    ];
    for name in names.iter().copied().chain([&*format!("{}.py", "n".repeat(240))]) {
        write(root, name, FIT.as_bytes());
        write(root, &format!("m/{name}/Makefile"), format!("fit:\n\tpython '{name}'\n").as_bytes());
    }
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt as _;
        for name in [&b"\xFF\xFE.py"[..], b"\xC3.py", b"ok\x80/fit.py"] {
            let file = root.join(std::ffi::OsStr::from_bytes(name));
            fs::create_dir_all(file.parent().expect("a folder")).expect("folders");
            // some disks refuse such names, which is as good
            let _ = fs::write(file, FIT);
        }
    }
    let runs = names.iter().fold(String::new(), |mut all, name| {
        let _ = writeln!(all, "python {name}\npython '{name}'\nmake -C 'm/{name}'");
        all
    });
    write(root, "go.sh", runs.as_bytes());
    workflow(
        root,
        "::error::<b>",
        "  \"::error::x\":\n    name: \"\\e[2J`x`\"\n    runs-on: x\n    steps: [{ run: sh go.sh }]\n",
    );
}

fn links(root: &Path) {
    write(root, "d/fit.py", FIT.as_bytes());
    write(root, "closed/fit.py", FIT.as_bytes());
    write(root, "shut.py", FIT.as_bytes());
    #[cfg(unix)]
    {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let all = [
            ("../../../..", "up"),
            ("/dev/zero", "zero.py"),
            ("/dev/stdin", "in.yml"),
            ("/etc", "etc"),
            ("loop-b", "loop-a"),
            ("loop-a", "loop-b"),
            ("self.py", "self.py"),
            ("nothing", "dangling.py"),
            (".", "here"),
            ("d", "alias"),
            ("alias/fit.py", "through.py"),
            ("d/fit.py", "ok.py"),
            (".git/annex/objects/x", "annexed.pkl"),
            ("/dev/zero", "Makefile"),
            ("here/here/here/d", "twice"),
            ("/dev/zero", ".gitignore"),
        ];
        for (target, name) in all {
            symlink(target, root.join(name)).expect("a link");
        }
        fs::create_dir_all(root.join(".github")).expect("a folder");
        symlink("../d", root.join(".github/workflows")).expect("a link");
        // whoever runs as root may read these all the same
        fs::set_permissions(root.join("shut.py"), fs::Permissions::from_mode(0)).expect("a mode");
    }
    write(root, "go.sh", b"python self.py\npython through.py\npython here/here/d/fit.py\nmake\npython alias/fit.py\nsh loop-a\n");
}

fn deep_and_wide_folders(root: &Path) {
    let deep = vec!["d"; 300].join("/");
    write(root, &format!("{deep}/fit.py"), FIT.as_bytes());
    write(root, &format!("{deep}/Makefile"), b"fit:\n\tpython fit.py\n");
    for i in 0..1_000 {
        write(root, &format!("wide/f{i}.py"), b"");
    }
    write(root, "nested/.git/HEAD", b"ref: refs/heads/main\n");
    write(root, "nested/fit.py", FIT.as_bytes());
    write(root, "stray/.git", b"gitdir: /nowhere\n");
    write(root, "stray/fit.py", FIT.as_bytes());
}

fn patterns_of_git(root: &Path) {
    let stars = format!("{}x\n", "**/".repeat(500));
    let globs = format!("{stars}[\n[!\n[[:alpha:\n\\\n{}\n!\n!!\n/\n//\n***\n{}\n", "*a".repeat(2_000), "{a,b}".repeat(200));
    for folder in ["", "a/", "a/b/"] {
        write(root, &format!("{folder}.gitignore"), globs.as_bytes());
        let attributes = lines(2_000, |i| format!("[attr]m{i} m{} -m{i} !m{i} linguist-vendored", i + 1));
        write(
            root,
            &format!("{folder}.gitattributes"),
            format!("{attributes}{globs}*.py m0 text=auto linguist-generated=no\n").as_bytes(),
        );
        write(root, &format!("{folder}CODEOWNERS"), globs.as_bytes());
    }
    write(root, "a/b/fit.py", FIT.as_bytes());
    write(
        root,
        ".github/workflows/p.yml",
        format!(
            "on: {{ push: {{ branches: ['{}'], paths: ['{}', '[', '!'] }} }}\njobs: {{}}\n",
            "**".repeat(3_000),
            "*?a".repeat(3_000)
        )
        .as_bytes(),
    );
    write(root, "treering.toml", format!("[exclude]\npaths = [\"{}x\"]\n", "**/".repeat(30)).as_bytes());
    // a setting that is refused ends the scan, which is tried elsewhere
    let _ = fs::remove_file(root.join("treering.toml"));
}

fn odd_history(root: &Path) {
    write(root, "fit.py", FIT.as_bytes());
    workflow(root, "a", "  one: { runs-on: x, steps: [{ run: python fit.py }] }\n");
    let git = git2::Repository::init(root).expect("a repository");
    let mut index = git.index().expect("an index");
    index.add_all(["*"], git2::IndexAddOption::FORCE, None).expect("files are added");
    index.write().expect("the index is written");
    let tree = git.find_tree(index.write_tree().expect("a tree")).expect("the tree");
    let mut ids: Vec<git2::Oid> = Vec::new();
    // dates before 1970, after 2106, out of order, far beyond what a calendar holds
    for (i, time) in [0, -86_400, 4_300_000_000, 1, i64::from(i32::MAX), 253_402_300_800, 1_700_000_000].into_iter().enumerate() {
        let who = git2::Signature::new("some\u{FFFD}one", "<>", &git2::Time::new(time, 1_439))
            .or_else(|_| git2::Signature::new("someone", "x", &git2::Time::new(time, 0)));
        let who = who.expect("a name");
        let parents: Vec<git2::Commit<'_>> = ids.iter().rev().take(i).map(|id| git.find_commit(*id).expect("a commit")).collect();
        ids.push(
            git.commit(None, &who, &who, "\u{1B}[2J (#1)\n\r::error::", &tree, &parents.iter().collect::<Vec<_>>())
                .expect("a commit"),
        );
    }
    for i in 0..200 {
        let who = git2::Signature::new("someone", "x", &git2::Time::new(1_700_000_000 - i * 7, 0)).expect("a name");
        let parent = git.find_commit(ids[0]).expect("a commit");
        ids.push(git.commit(None, &who, &who, &format!("side {i}"), &tree, &[&parent]).expect("a commit"));
    }
    // one merge of them all
    let who = git2::Signature::new("someone", "x", &git2::Time::new(1_700_000_000, 0)).expect("a name");
    let parents: Vec<git2::Commit<'_>> = ids.iter().map(|id| git.find_commit(*id).expect("a commit")).collect();
    git.commit(Some("HEAD"), &who, &who, "all", &tree, &parents.iter().collect::<Vec<_>>()).expect("a commit");
    let config = "[core]\n\tfsmonitor = touch ran\n\thooksPath = hooks\n\tsshCommand = touch ran\n[diff]\n\texternal = touch ran\n[filter \"x\"]\n\tclean = touch ran\n[alias]\n\tx = !touch ran\n[include]\n\tpath = /dev/zero\n";
    let file = root.join(".git/config");
    let own = fs::read_to_string(&file).expect("the configuration");
    fs::write(file, format!("{own}{config}")).expect("the configuration");
    write(root, ".gitattributes", b"* filter=x diff=x\n");
}

fn many_refs(root: &Path) {
    odd_history(root);
    let git = git2::Repository::open(root).expect("a repository");
    let id = git.head().and_then(|h| h.peel_to_commit()).expect("the head").id();
    let refs = lines(10_000, |i| format!("{id} refs/tags/v{i:05}"));
    write(
        root,
        ".git/packed-refs",
        format!("# pack-refs with: peeled fully-peeled sorted \n{refs}garbage\n{id} refs/heads/../../x\n").as_bytes(),
    );
    write(root, ".git/refs/heads/bad", b"not an id\n");
    write(root, ".git/refs/heads/round", b"ref: refs/heads/round\n");
}
