//! Small texts, one for each thing that is asked of a Python file.

use super::*;

fn py(text: &str) -> Module {
    parse(text, Mode::Module)
}

/// Runs on a stack as large as production's.
fn on_large_stack<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let thread = std::thread::Builder::new().stack_size(16 << 20).spawn(work);
    thread.expect("a thread starts").join().expect("the thread ends well")
}

fn callees(module: &Module) -> Vec<String> {
    module.calls.iter().map(|c| c.callee.dotted().unwrap_or_else(|| format!("?.{}", c.callee.path.join(".")))).collect()
}

fn call<'m>(module: &'m Module, last: &str) -> &'m Call {
    module.calls.iter().find(|c| c.callee.last() == Some(last)).unwrap_or_else(|| panic!("no call of {last}"))
}

fn local(dotted: &str) -> Name {
    let mut parts = dotted.split('.').map(str::to_owned);
    Name { root: Root::Local(parts.next().unwrap_or_default()), path: parts.collect() }
}

#[test]
fn scopes_are_qualified_and_know_their_definition() {
    let m = py(
        "@app.command('x')\n@retry\nasync def outer(a: int, *rest, b: 'pkg.T' = f(1), **kw) -> Optional[Model]:\n    def inner(): pass\n    inner()\nclass K(Base, metaclass=M):\n    def fit(self, data: Frame | None = None):\n        global model\n        go = lambda x: self.run(x)\n",
    );
    let names: Vec<_> = m.scopes.iter().map(|s| (s.kind, s.name.as_str(), s.parent, s.line, s.end_line)).collect();
    assert_eq!(
        names,
        [
            (ScopeKind::Module, "", 0, 1, 10),
            (ScopeKind::Function, "outer", 0, 3, 5),
            (ScopeKind::Function, "outer.inner", 1, 4, 4),
            (ScopeKind::Class, "K", 0, 6, 9),
            (ScopeKind::Function, "K.fit", 3, 7, 9),
            (ScopeKind::Lambda, "K.fit.<lambda>", 4, 9, 9),
        ]
    );
    let outer = &m.scopes[1];
    assert_eq!(outer.decorators, [Value::Call(0), Value::Name(local("retry"))]);
    let params: Vec<_> =
        outer.params.iter().map(|p| (p.name.as_str(), p.kind, p.annotation.as_ref().and_then(Name::dotted))).collect();
    assert_eq!(
        params,
        [
            ("a", ParamKind::Plain, Some("int".into())),
            ("rest", ParamKind::Rest, None),
            ("b", ParamKind::Keyword, Some("pkg.T".into())),
            ("kw", ParamKind::KeywordRest, None),
        ]
    );
    assert_eq!(outer.returns_annotation, Some(local("Model")));
    assert_eq!(m.scopes[3].bases, [Value::Name(local("Base"))]);
    assert_eq!(m.scopes[4].params[1].annotation, Some(local("Frame")));
    assert_eq!(m.scopes[4].globals, ["model"]);
    assert_eq!((call(&m, "f").scope, call(&m, "inner").scope, call(&m, "run").scope), (0, 1, 5));
    assert_eq!(m.assigns[0].value, Value::Lambda(5));
}

#[test]
fn the_main_block_is_a_scope_and_no_condition() {
    let m =
        py("def main(): pass\nif __name__ == '__main__':\n    args = p()\n    if args.x:\n        main()\nelse:\n    other()\n");
    assert_eq!((m.scopes[2].kind, m.scopes[2].line, m.scopes[2].end_line), (ScopeKind::Main, 2, 5));
    let main = call(&m, "main");
    assert_eq!((main.scope, main.conditions.len()), (2, 1));
    assert_eq!(m.flows[main.conditions[0]].test, Some(Value::Name(local("args.x"))));
    assert_eq!(call(&m, "other").scope, 0);
}

#[test]
fn names_begin_where_they_begin() {
    let m = py("mlflow.sklearn.log_model(m)\nTrainer(x).fit()\nmodels['a'].fit(1)\n','.join(y)\n(a + b).c()\n");
    assert_eq!(callees(&m), ["mlflow.sklearn.log_model", "Trainer", "?.fit", "?.fit", "?.join", "?.c"]);
    assert_eq!(m.calls[2].callee.root, Root::Call(1));
    assert_eq!(m.calls[3].callee.root, Root::Item(Box::new(local("models")), Box::new(Value::Str("a".into()))));
    assert_eq!(m.calls[4].callee.root, Root::Str(",".into()));
}

#[test]
fn calls_know_their_surroundings() {
    let text = "async def f():\n    x = (frame\n        .drop()\n        .fit(\n            k=1, **more))\n    await go(*a)\n    for i in y:\n        use(i)\n    [each(z) for z in zs]\n    plain()\n";
    let m = py(text);
    let fit = call(&m, "fit");
    assert_eq!((fit.line, fit.end_line, fit.discarded, fit.callee.root.clone()), (4, 5, false, Root::Call(0)));
    assert_eq!(fit.keywords, [("k".to_owned(), Value::Int(1)), ("**".to_owned(), Value::Name(local("more")))]);
    let go = call(&m, "go");
    assert!(go.awaited && go.discarded);
    assert_eq!(go.args, [Value::Starred(Box::new(Value::Name(local("a"))))]);
}

#[test]
fn a_status_of_failure_that_ends_the_process_is_not_swallowed() {
    let main = |end: &str, status: &str| {
        let m = py(&format!(
            "def main():\n    try:\n        a()\n    except ValueError:\n        return {status}\n    return 0\nif __name__ == '__main__':\n    {end}\n"
        ));
        call(&m, "a").in_try
    };
    assert_eq!(main("raise SystemExit(main())", "2"), None);
    assert_eq!(main("sys.exit(main())", "1"), None);
    assert_eq!(main("sys.exit(main())", "0"), Some(Handler { line: 4, broad: false }));
    assert_eq!(main("main()", "2"), Some(Handler { line: 4, broad: false }));
}

#[test]
fn a_swallowing_handler_is_seen_and_one_that_raises_is_not() {
    let m = py(
        "try:\n    a()\nexcept Exception:\n    log()\nelse:\n    e()\ntry:\n    b()\nexcept:\n    raise\ntry:\n    c()\nexcept ValueError as v:\n    sys.exit(1)\nexcept KeyError:\n    pass\nwith suppress(Exception):\n    d()\ndef f():\n    try:\n        raise X\n    except X:\n        return\n",
    );
    assert_eq!(call(&m, "a").in_try, Some(Handler { line: 3, broad: true }));
    assert_eq!(call(&m, "b").in_try, None);
    assert_eq!(call(&m, "c").in_try, Some(Handler { line: 15, broad: false }));
    assert_eq!(call(&m, "d").in_try, Some(Handler { line: 17, broad: true }));
    assert_eq!(call(&m, "e").in_try, None);
    let raise = m.flows.iter().find(|f| f.kind == FlowKind::Raise && f.line == 21).unwrap();
    assert_eq!(raise.in_try, Some(Handler { line: 22, broad: false }));
}

#[test]
fn flows_say_what_they_stop() {
    let exits = |body: &str| {
        let body: String = body.lines().map(|l| format!("        {l}\n")).collect();
        let m = py(&format!("def f():\n    if accuracy < 0.8:\n{body}    register()\n"));
        let Some(Value::Compare { ops, rights, .. }) = &m.flows[0].test else { panic!("a comparison") };
        assert_eq!((ops.as_slice(), rights.as_slice()), (&["<"][..], &[Value::Float("0.8".into())][..]));
        assert!(call(&m, "register").conditions.is_empty());
        m.flows[0].exits
    };
    assert_eq!(exits("raise ValueError('low')"), Exits::Raises);
    assert_eq!(exits("print('x')\nsys.exit(1)"), Exits::ExitsNonZero);
    assert_eq!(exits("exit('too low')"), Exits::ExitsNonZero);
    assert_eq!(exits("sys.exit(-1)"), Exits::ExitsNonZero);
    assert_eq!(exits("raise SystemExit(1)"), Exits::ExitsNonZero);
    assert_eq!(exits("raise typer.Exit(code=1)"), Exits::ExitsNonZero);
    assert_eq!(exits("sys.exit(0)"), Exits::ReturnsEarly);
    assert_eq!(exits("exit()"), Exits::ReturnsEarly);
    assert_eq!(exits("sys.exit(code)"), Exits::ReturnsEarly);
    assert_eq!(exits("return"), Exits::ReturnsEarly);
    assert_eq!(exits("assert False"), Exits::Raises);
    assert_eq!(exits("with x:\n    raise A"), Exits::Raises);
    assert_eq!(exits("if y:\n    raise A\nelse:\n    sys.exit(2)"), Exits::Raises);
    assert_eq!(exits("if y:\n    raise A"), Exits::Nothing);
    assert_eq!(exits("logging.warning('low')"), Exits::Nothing);
    assert_eq!(exits("job.exit(1)"), Exits::Nothing);
}

#[test]
fn branches_are_chained_and_nested() {
    let m = py(
        "if a:\n    x()\nelif b > 1:\n    while c:\n        y()\nelse:\n    z()\nassert acc > 0.9, msg()\nok and deploy()\nready or sys.exit(1)\np() if q else r()\nmatch cmd:\n    case 'train' | 'fit':\n        s()\n    case _:\n        t()\n",
    );
    let under = |last: &str| call(&m, last).conditions.iter().map(|f| m.flows[*f].kind).collect::<Vec<_>>();
    assert_eq!(under("x"), [FlowKind::If]);
    assert_eq!(under("y"), [FlowKind::Elif, FlowKind::While]);
    assert_eq!(under("z"), [FlowKind::Else]);
    assert_eq!((under("deploy"), under("exit")), (vec![FlowKind::If], vec![FlowKind::Else]));
    assert_eq!((under("p"), under("r")), (vec![FlowKind::If], vec![FlowKind::Else]));
    assert_eq!((m.flows[1].after, m.flows[2].parent), (Some(0), Some(1)));
    let assert = m.flows.iter().find(|f| f.kind == FlowKind::Assert).unwrap();
    assert!(matches!(assert.test, Some(Value::Compare { .. })));
    let case = &m.flows[call(&m, "s").conditions[0]];
    let literals = Value::Tuple(vec![Value::Str("train".into()), Value::Str("fit".into())]);
    assert_eq!(
        case.test,
        Some(Value::Compare { left: Box::new(Value::Name(local("cmd"))), ops: vec!["in"], rights: vec![literals] })
    );
    assert_eq!(m.flows[call(&m, "t").conditions[0]].test, None);
}

#[test]
fn bindings() {
    let m = py(
        "a = b.c = f()\nx: Trainer = None\nself.y, (p, q), *rest = g\nt['k'] = 1\nn += 2\nwith open(u) as h, v:\n    pass\nfor i, j in w: pass\nif (m := best()) > 1: pass\nz: int\n",
    );
    let kinds: Vec<_> = m.assigns.iter().map(|a| (a.kind, a.line)).collect();
    use AssignKind::*;
    assert_eq!(
        kinds,
        [(Assign, 1), (Assign, 2), (Assign, 3), (Assign, 4), (AugAssign, 5), (With, 6), (For, 8), (Walrus, 9), (Assign, 10)]
    );
    assert_eq!(m.assigns[0].targets, [Target::Name(local("a")), Target::Name(local("b.c"))]);
    assert_eq!((&m.assigns[1].annotation, &m.assigns[1].value), (&Some(local("Trainer")), &Value::None));
    let other = Name { root: Root::Other, path: vec![] };
    assert_eq!(m.assigns[2].targets, [Target::Tuple(vec![local("self.y"), other, local("rest")])]);
    assert_eq!(m.assigns[3].targets, [Target::Item(local("t"), Value::Str("k".into()))]);
    assert_eq!(m.assigns[5].value, Value::Call(1));
    let with = m.flows.iter().find(|f| f.kind == FlowKind::With).unwrap();
    assert_eq!(with.test, Some(Value::Call(1)));
    assert!(
        matches!(&m.flows.iter().find(|f| f.kind == FlowKind::If).unwrap().test, Some(Value::Compare { left, .. }) if **left == Value::Name(local("m")))
    );
}

#[test]
fn values_are_folded() {
    let value = |text: &str| py(&format!("x = {text}\n")).assigns.remove(0).value;
    assert_eq!(value("'a' \"b\" + 'c'"), Value::Str("abc".into()));
    assert_eq!(value("f'plain'"), Value::Str("plain".into()));
    let parts = vec![Part::Text("models:/".into()), Part::Hole(Value::Name(local("n"))), Part::Text("@champion!".into())];
    assert_eq!(value("'models:/' f'{n:>{w}}@champion' + '!'"), Value::FString { parts });
    assert_eq!(
        (value("-3"), value("-0.5"), value("1_000"), value("True"), value("None")),
        (Value::Int(-3), Value::Float("-0.5".into()), Value::Int(1000), Value::Bool(true), Value::None)
    );
    assert_eq!(value("99999999999999999999"), Value::Float("99999999999999999999".into()));
    assert_eq!(
        value("{'a': [1, 2], **b}"),
        Value::Dict(vec![
            (Value::Str("a".into()), Value::List(vec![Value::Int(1), Value::Int(2)])),
            (Value::Other, Value::Name(local("b")))
        ])
    );
    let path =
        Value::BinOp { op: "/", left: Box::new(Value::Name(local("root"))), right: Box::new(Value::Str("train.py".into())) };
    assert_eq!(value("root / 'train.py'"), path);
    assert!(matches!(value("not a"), Value::Unary { op: "not", .. }));
    assert!(matches!(value("a or 'b'"), Value::BoolOp { op: "or", values } if values.len() == 2));
    assert!(matches!(value("1 if a else 2"), Value::Choice { .. }));
}

#[test]
fn returns_and_yields() {
    let m = py("def f():\n    if a:\n        return g()\n    yield h\n    return\n");
    let seen: Vec<_> = m.returns.iter().map(|r| (r.line, r.yields, r.conditions.len(), r.value.clone())).collect();
    assert_eq!(seen, [(3, false, 1, Value::Call(0)), (4, true, 0, Value::Name(local("h"))), (5, false, 0, Value::None)]);
}

#[test]
fn strings_leave_docstrings_out() {
    let m = py("'''module'''\ndef f():\n    \"doc\"\n    return 'a' + f'{x}b'\n");
    assert_eq!(m.strings, [("a".to_owned(), 4), ("{}b".to_owned(), 4)]);
}

#[test]
fn imports_have_guards_and_scopes() {
    let m = py(
        "import a.b, c as d\nif typing.TYPE_CHECKING:\n    from .t import T\ntry:\n    import g\nexcept ImportError:\n    g = None\ndef f():\n    from .. import *\ntry:\n    import v\nexcept ValueError:\n    pass\n",
    );
    let seen: Vec<_> = m
        .imports
        .iter()
        .map(|i| (i.module.as_str(), i.level, i.name.as_deref(), i.local.as_str(), i.aliased, i.scope, i.guard))
        .collect();
    use ImportGuard::*;
    assert_eq!(
        seen,
        [
            ("a.b", 0, Option::None, "a", false, 0, None),
            ("c", 0, Option::None, "d", true, 0, None),
            ("t", 1, Some("T"), "T", false, 0, TypeChecking),
            ("g", 0, Option::None, "g", false, 0, Try),
            ("", 2, Some("*"), "*", false, 1, None),
            ("v", 0, Option::None, "v", false, 0, None),
        ]
    );
}

#[test]
fn the_scan_agrees_with_the_parser() {
    let text = "import os, a.b as c\nfrom . import x as y\nif T:\n    from m import (p,\n      q)\ntry:\n    import u\nexcept ImportError:\n    import w\n";
    assert_eq!(scan_imports(text), py(text).imports);
}

#[test]
fn broken_files_keep_their_facts() {
    let m = py("import a\nprint 'python 2', x\ntry:\n    fit(1)\nexcept E, e:\n    raise A, 'x'\nfit(2)\n");
    assert_eq!(callees(&m), ["fit", "fit"]);
    assert!(!m.errors.is_empty() && m.errors[0].line == 2, "{:?}", m.errors);
    let m = py("x = load(1,\ndef f():\n    train()\ndeploy()\n");
    assert!(
        m.calls.iter().any(|c| c.callee.last() == Some("train")) && m.calls.iter().any(|c| c.callee.last() == Some("deploy"))
    );
    let m = py("def f():\n<<<<<<< HEAD\n    fit(1)\n=======\n    fit(2)\n>>>>>>> other\nrun()\n");
    assert_eq!(m.calls.iter().filter(|c| c.callee.last() == Some("fit")).count(), 2);
    assert!(m.calls.iter().any(|c| c.callee.last() == Some("run")));
}

#[test]
fn cells_are_read_one_by_one() {
    let text = "x = open(\nimport torch\n%time fit(1)\nmodel.train()\n";
    let joined = parse(text, Mode::Notebook);
    let cells = parse_cells(text, &[0..9, 10..35, 36..49]);
    assert_eq!(cells.imports.len(), 1);
    assert!(cells.calls.iter().any(|c| c.callee.dotted().as_deref() == Some("model.train") && c.line == 4));
    assert!(joined.calls.len() <= cells.calls.len() && !cells.errors.is_empty());
    let long = format!("x = '{}'\ntrain()\n", "a".repeat(40_000));
    let cut = long.find('\n').unwrap();
    let cells = parse_cells(&long, &[0..cut, cut + 1..long.len()]);
    assert!(cells.truncated && cells.calls.len() == 1 && cells.calls[0].line == 2);
    assert!(parse_cells("a()\nb()\n", &[5..1, 0..999]).calls.len() == 2);
}

#[test]
fn hostile_texts_end() {
    let deep = |open: &str, n: usize, middle: &str, close: &str| {
        format!("{}{middle}{}\nimport found\nfound.call()\n", open.repeat(n), close.repeat(n))
    };
    let mut texts = vec![
        deep("(", 100_000, "", ")"),
        deep("[", 10_000, "", ""),
        deep("x(\n", 1_900, "", ")"),
        deep("[\n", 1_900, "", "]"),
        deep("not ", 8_000, "x", ""),
        deep("not \\\n", 100_000, "x", ""),
        deep("-\\\n", 50_000, "x", ""),
        deep("lambda:\\\n", 50_000, "x", ""),
        deep("a.\\\n", 200_000, "x", ""),
        deep("a+\\\n", 200_000, "x", ""),
        deep("a if b else\\\n", 50_000, "x", ""),
        deep("await \\\n", 50_000, "x", ""),
        deep("f'{\n", 1_900, "x", "}'"),
        deep("f\"\"\"{\n", 100_000, "x", ""),
        deep("match x:\n case [\n", 1_900, "", "]"),
        deep("x[0]", 7_000, "", ""),
        deep("x()", 10_000, "", ""),
        deep("a = ", 8_000, "x", ""),
        deep("a();", 8_000, "", ""),
        deep("@x\n", 100_000, "def f(): pass", ""),
        deep("def f():\n", 100_000, "", ""),
        "x\0y()\n\0import z\n".to_owned(),
        "\u{feff}import a\r\nx = 'é\u{202e}'\r\n".to_owned(),
        "\\".to_owned(),
        String::new(),
    ];
    texts.push((0..700).map(|i| format!("{}if x:\n", " ".repeat(i))).collect());
    for text in texts {
        on_large_stack(move || {
            let start: String = text.chars().take(20).collect();
            let m = py(&text);
            assert!(!m.scopes.is_empty(), "{start}");
            parse(&text, Mode::Notebook);
        });
    }
    let m = py(&format!("import a\nx = '{}'\nf()\n", "y".repeat(40_000)));
    assert!(m.truncated && m.calls.is_empty() && m.imports.len() == 1);
    let m = py(&format!("import a\n{}", "f()\n".repeat(300_000)));
    assert!(m.truncated && m.calls.is_empty() && m.imports.len() == 1);
    let m = py(&"f()\n".repeat(60_000));
    assert!(m.truncated && m.calls.len() == 50_000);
}

#[test]
fn what_is_too_deep_is_cut_and_said() {
    let m = on_large_stack(|| py(&format!("{}x{}\nfound()\n", "f(".repeat(450), ")".repeat(450))));
    assert!(m.truncated && m.calls.iter().any(|c| c.callee.last() == Some("found")));
    let m = on_large_stack(|| py(&format!("x = {}1{}\n", "[f(), ".repeat(40), "]".repeat(40))));
    assert!(!m.truncated && m.calls.len() == 40);
    let (mut value, mut deep) = (&m.assigns[0].value, 0);
    while let Value::List(items) = value {
        (value, deep) = (&items[1], deep + 1);
    }
    assert_eq!((deep, value), (13, &Value::Other));
}

#[test]
fn what_no_python_3_reads() {
    for (text, line) in [
        ("import a\npass\n    main()\n", Some(3)),
        ("def f(:\n    pass\n", Some(1)),
        ("x = 1\n", None),
        ("match x:\n    case 1:\n        pass\n", None),
        ("def f():\n    print 'for Python 2'\n", None),
        ("!pip install a\n", None),
    ] {
        assert_eq!(parse(text, Mode::Module).unreadable, line, "{text}");
    }
    assert_eq!(parse("def f(:\n", Mode::Notebook).unreadable, None, "cells run one by one");
}

#[test]
fn chains_of_tasks_are_expressions() {
    let chain: String = (0..40).map(|i| format!(" >> t{i}")).collect();
    let m = py(&format!("start{chain}\n[a, b] >> c\n"));
    assert_eq!(m.expressions.len(), 2);
    let (mut value, mut links) = (&m.expressions[0].value, 0);
    while let Value::BinOp { op: ">>", left, .. } = value {
        (value, links) = (left, links + 1);
    }
    assert_eq!((links, value), (40, &Value::Name(local("start"))));
}
