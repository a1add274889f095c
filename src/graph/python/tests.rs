//! Several files in one text; what runs what, one edge a line.

use super::*;
use crate::fact::{Code, FileFacts};
use crate::resolve::program::tests::book;
use crate::syntax::python::{Mode, parse};

fn graph(text: &str) -> (Graph, Vec<OpenEnd>) {
    let (book, modules) = book(text);
    let program = Program::build(&book, &modules, &crate::rules::callables::built_in());
    let test = |path: &RepoPath| path.starts_with("tests/");
    let placements = book
        .keys()
        .map(|p| (p.clone(), Placement { scope: if test(p) { Scope::Test } else { Scope::Source }, nested_root: false }))
        .collect();
    let mut graph = Graph::default();
    let open = connect(&mut graph, &book, &program, &placements);
    (graph, open)
}

/// Every edge but those from a program to its parts: `from -> to`, `=>` for an import, `~` where inferred, then its line
/// and what is special.
fn edges(text: &str) -> Vec<String> {
    let (graph, _) = graph(text);
    let short = |key: &str| key.split_once(':').map_or(key, |(_, rest)| rest).to_owned();
    let edges = graph.edges.iter().filter(|e| !graph.nodes[e.from].key.starts_with("program:"));
    edges
        .map(|e| {
            let arrow = match (e.kind, e.strength) {
                (EdgeKind::Imports, _) => "=>",
                (EdgeKind::Contains, _) => "has",
                (_, Strength::Resolved) => "->",
                _ => "~>",
            };
            let mut line =
                format!("{} {arrow} {} :{}", short(&graph.nodes[e.from].key), short(&graph.nodes[e.to].key), e.at.line);
            for (word, said) in [("if", &e.condition), ("off", &e.off), ("lost", &e.discarded)] {
                if let Some(said) = said {
                    line.push_str(&format!(" [{word} {said}]"));
                }
            }
            line
        })
        .collect()
}

fn check(text: &str, expected: &[&str]) {
    assert_eq!(edges(text), expected, "in {text}");
}

#[test]
fn calls_and_imports() {
    check(
        "--- a.py\nfrom lib.fit import main\nif __name__ == '__main__':\n    main()\n--- lib/__init__.py\n--- lib/fit.py\ndef main():\n    step()\ndef step(): pass",
        &[
            "a.py => lib/__init__.py :1",
            "a.py => lib/fit.py :1",
            "a.py#__main__ -> lib/fit.py#main :3",
            "lib/fit.py#main -> lib/fit.py#step :2",
        ],
    );
    check("--- a.py\nimport b\n--- b.py\nimport a", &["a.py => b.py :1", "b.py => a.py :1"]);
    check("--- a.py\nimport tests.t\n--- tests/t.py\nimport a", &["tests/t.py => a.py :1"]);
    check("--- a.py\ndef f():\n    import b\n--- b.py\n", &["a.py#f => b.py :2"]);
}

#[test]
fn conditions_and_failures() {
    check(
        "--- a.py\ndef f(): pass\nON = False\nif x > 1:\n    f()\nelse:\n    f()\nif ON:\n    f()\ntry:\n    f()\nexcept Exception:\n    print(1)\ntry:\n    f()\nexcept Exception:\n    raise",
        &[
            "a.py -> a.py#f :4 [if x > 1]",
            "a.py -> a.py#f :6 [if else]",
            "a.py -> a.py#f :8 [if ON] [off if ON]",
            "a.py -> a.py#f :10 [lost the handler on line 11]",
            "a.py -> a.py#f :14",
        ],
    );
}

#[test]
fn classes() {
    check(
        "--- a.py\nclass K:\n    def __init__(self):\n        self.go()\n    def go(self): pass\nK()",
        &["a.py has a.py#K :1", "a.py#K.__init__ -> a.py#K.go :3", "a.py -> a.py#K.__init__ :5"],
    );
    check(
        "--- a.py\nclass K:\n    def __enter__(self): pass\nwith K():\n    pass",
        &["a.py has a.py#K :1", "a.py -> a.py#K.__enter__ :3"],
    );
    // a framework runs what nobody else does
    check(
        "--- a.py\nfrom lightning import LightningModule\nclass Net(LightningModule):\n    def training_step(self): pass\n    def by_hand(self): pass\ndef main():\n    n = Net()\ndef other(n: Net):\n    n.by_hand()",
        &["a.py has a.py#Net :2", "a.py#main ~> a.py#Net.training_step :6", "a.py#other -> a.py#Net.by_hand :8"],
    );
    check("--- a.py\nfrom abc import ABC\nclass K(ABC):\n    def f(self): pass\nK()", &["a.py has a.py#K :2"]);
}

#[test]
fn what_runs_in_the_place_of_an_abstract_method() {
    check(
        "--- a.py\nclass K:\n    def f(self): raise NotImplementedError\n    def g(self): pass\nclass L(K):\n    def f(self): pass\n    def g(self): pass\nclass M(K):\n    def f(self): pass",
        &["a.py has a.py#K :1", "a.py has a.py#L :4", "a.py has a.py#M :7", "a.py#K.f ~> a.py#L.f :2", "a.py#K.f ~> a.py#M.f :2"],
    );
}

#[test]
fn what_is_handed_over_or_registered() {
    check(
        "--- a.py\nfrom threading import Thread\ndef f(): pass\ndef main():\n    Thread(target=f).start()",
        &["a.py#main -> a.py#f :4"],
    );
    check(
        "--- a.py\nfrom functools import partial\ndef f(): pass\ng = partial(f, 1)\ng()",
        &["a.py ~> a.py#f :3", "a.py -> a.py#f :4"],
    );
    check("--- a.py\nfrom prefect import task\n@task\ndef f(): pass", &["a.py ~> a.py#f :3"]);
    check("--- a.py\nimport torch\n@torch.no_grad()\ndef f(): pass\ndef main():\n    f()", &["a.py#main -> a.py#f :5"]);
    check(
        "--- a.py\nfrom fastapi import FastAPI\napp = FastAPI()\n@app.get('/')\ndef f(): pass\ndef g():\n    f()",
        // to import the file answers nobody
        &["a.py#app -> a.py#f :4", "a.py#g -> a.py#f :6"],
    );
    check(
        "--- a.py\nimport click\n@click.group()\ndef cli(): pass\n@cli.command()\ndef fit(): pass",
        &["a.py ~> a.py#cli :3", "a.py ~> a.py#fit :5", "a.py#cli ~> a.py#fit :5"],
    );
    check("--- a.py\nfrom functools import lru_cache\n@lru_cache\ndef f(): pass", &[]);
    check("--- a.py\ndef own(f): return f\n@own\ndef f(): pass", &["a.py -> a.py#own :3"]);
}

#[test]
fn packages_pass_functions_on() {
    check(
        "--- p/__init__.py\nfrom .q import f\n--- p/q.py\ndef f(): pass",
        &["p/__init__.py => p/q.py :1", "p/__init__.py#f -> p/q.py#f :1"],
    );
}

#[test]
fn tests_run_their_fixtures() {
    check(
        "--- tests/conftest.py\nimport pytest\n@pytest.fixture\ndef model(): pass\n--- tests/test_a.py\ndef test_it(model): pass",
        &["tests/conftest.py ~> tests/conftest.py#model :3", "tests/test_a.py#test_it -> tests/conftest.py#model :1"],
    );
}

#[test]
fn nodes_and_keys() {
    let text = "--- a.py\ndef f(): pass\nclass K:\n    def f(self): return lambda: 1\ndef f(): pass\nif __name__ == '__main__':\n    f()\n--- lib.py\ndef g(): pass\n--- script.py\nimport lib\nlib.g()\n--- tests/run.py\nprint(1)";
    let (graph, open) = graph(text);
    let keys: Vec<&str> = graph.nodes.iter().map(|n| n.key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "module:a.py",
            "function:a.py#f@1",
            "function:a.py#K",
            "function:a.py#K.f",
            "function:a.py#f",
            "function:a.py#__main__",
            "program:a.py",
            "module:lib.py",
            "function:lib.py#g",
            "program:lib.py",
            "module:script.py",
            "program:script.py",
            "module:tests/run.py",
            "program:tests/run.py",
        ]
    );
    let entries: Vec<&str> = graph.entries().iter().map(|n| graph.nodes[*n].key.as_str()).collect();
    assert_eq!(entries, ["program:a.py", "program:script.py"]);
    assert!(open.is_empty());
    let body = text.split("--- lib.py").next().unwrap_or_default().split_once('\n').map_or("", |(_, rest)| rest);
    let module = parse(body, Mode::Module);
    for scope in 0..module.scopes.len() {
        assert!(graph.find(&scope_key("a.py", &module, scope)).is_some(), "scope {scope}");
    }
    assert_eq!(key_at_line("a.py", &module, 3), "function:a.py#K.f");
    assert_eq!(key_at_line("a.py", &module, 6), "function:a.py#__main__");
}

#[test]
fn open_ends_are_told() {
    let (_, open) = graph(
        "--- a.py\nimport b\nJOBS = {'x': b.f, 'y': b.g}\ndef run(name):\n    JOBS[name]()\n    b.gone()\n    x.unknown()\n--- b.py\ndef f(): pass\ndef g(): pass",
    );
    let told: Vec<String> = open.iter().map(|o| format!("{} {}", o.at, o.text)).collect();
    assert_eq!(told, ["a.py:4 JOBS[…]()", "a.py:5 b.gone()"]);
}

#[test]
fn notebooks_and_code_in_commands() {
    let code =
        |text: &str, notebook| std::sync::Arc::new(Code { module: parse(text, Mode::Module), notebook, lines: vec![7, 9] });
    let mut book = Book::new();
    book.insert("n.ipynb".into(), FileFacts { code: Some(code("def f(): pass\nf()", true)), ..FileFacts::default() });
    book.insert(
        "run.sh".into(),
        FileFacts { embedded: vec![(0, code("from lib import g\ng()", false))], ..FileFacts::default() },
    );
    let (more, modules) = super::tests::book("--- lib.py\ndef g(): pass");
    book.extend(more);
    let program = Program::build(&book, &modules, &crate::rules::callables::built_in());
    let mut graph = Graph::default();
    connect(&mut graph, &book, &program, &BTreeMap::new());
    let found: Vec<String> =
        graph.edges.iter().map(|e| format!("{} {} {}", graph.nodes[e.from].key, graph.nodes[e.to].key, e.at.line)).collect();
    assert_eq!(
        found,
        [
            "program:lib.py module:lib.py 1",
            "program:n.ipynb module:n.ipynb 7",
            "module:n.ipynb function:n.ipynb#f 9",
            "module:run.sh@0 module:lib.py 7",
            "module:run.sh@0 function:lib.py#g 9",
        ]
    );
    let node = &graph.nodes[graph.find("program:n.ipynb").expect("a program")];
    assert!(node.entry && node.notebook);
}

#[test]
fn commands_of_an_object() {
    // the only one needs no name
    check(
        "--- a.py\nimport typer\napp = typer.Typer()\n@app.command()\ndef train(): pass\nif __name__ == '__main__':\n    app()",
        &["a.py#__main__ -> a.py#train :6", "a.py#app => a.py :2", "a.py#app -> a.py#train :4"],
    );
    check(
        "--- a.py\nfrom b import app\napp()\n--- b.py\nimport typer\napp = typer.Typer()\n@app.command('x')\ndef train(): pass\n@app.command()\ndef show(): pass\n@app.callback()\ndef first(): pass",
        &[
            "a.py => b.py :1",
            "a.py ~> b.py#train :2",
            "a.py ~> b.py#show :2",
            "a.py -> b.py#first :2",
            "b.py#app => b.py :2",
            "b.py#app ~> b.py#train :4",
            "b.py#app ~> b.py#show :6",
            "b.py#app -> b.py#first :8",
        ],
    );
    // nobody in sight asks for them
    check(
        "--- a.py\nimport typer\napp = typer.Typer()\n@app.command()\ndef train(): pass",
        &["a.py ~> a.py#train :4", "a.py#app => a.py :2", "a.py#app -> a.py#train :4"],
    );
}

#[test]
fn commands_of_a_function() {
    // it must be named even where there is only one
    check(
        "--- a.py\nimport click\n@click.group()\ndef cli(): pass\n@cli.command()\ndef train(): pass\ncli()",
        &["a.py -> a.py#cli :6", "a.py#cli ~> a.py#train :5"],
    );
    check("--- a.py\nimport click\n@click.command()\ndef train(): pass\ntrain()", &["a.py -> a.py#train :4"]);
}

#[test]
fn commands_of_arguments() {
    check(
        "--- a.py\nimport argparse\ndef train(args): pass\ndef show(args): pass\ndef main():\n    parser = argparse.ArgumentParser()\n    sub = parser.add_subparsers()\n    t = sub.add_parser('train')\n    t.set_defaults(func=train)\n    sub.add_parser('show').set_defaults(func=show)\n    args = parser.parse_args()\n    args.func(args)",
        &["a.py#main ~> a.py#train :11", "a.py#main ~> a.py#show :11"],
    );
    check("--- a.py\nimport fire\ndef train(): pass\nfire.Fire(train)", &["a.py -> a.py#train :3"]);
    check(
        "--- a.py\nimport fire\ndef train(): pass\ndef show(): pass\nfire.Fire({'t': train, 's': show})",
        &["a.py ~> a.py#train :4", "a.py ~> a.py#show :4"],
    );
}

#[test]
fn what_is_started_later() {
    let text =
        "--- a.py\nfrom ray.train.torch import TorchTrainer\ndef loop(): pass\nt = TorchTrainer(train_loop_per_worker=loop)\n";
    check(text, &["a.py ~> a.py#loop :3"]);
    check(&format!("{text}t.fit()"), &["a.py -> a.py#loop :3"]);
}
