//! Several files in one text, one for each way in which a name can be followed.

use super::*;
use crate::fact::FileFacts;
use crate::syntax::python::{Mode, parse};
use crate::walk::Inventory;

/// Files in one text, each under a line `--- path`.
pub(crate) fn book(text: &str) -> (Book, Modules) {
    let mut files: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        match (line.strip_prefix("--- "), files.last_mut()) {
            (Some(path), _) => files.push((path.trim().to_owned(), String::new())),
            (None, Some((_, body))) => {
                body.push_str(line);
                body.push('\n');
            }
            (None, None) => {}
        }
    }
    let named: Vec<(&str, &str)> = files.iter().map(|(p, t)| (p.as_str(), t.as_str())).collect();
    let modules = Modules::build(&Inventory::in_memory(&named));
    let book = files
        .iter()
        .map(|(path, text)| {
            let code = Code { module: parse(text, Mode::Module), notebook: false, lines: Vec::new() };
            (path.as_str().into(), FileFacts { code: Some(Arc::new(code)), ..FileFacts::default() })
        })
        .collect();
    (book, modules)
}

/// The calls of the first file, one a line: what is called, `~` in front where that is not sure.
fn calls(text: &str) -> Vec<String> {
    let (book, modules) = book(text);
    let program = Program::build(&book, &modules, &crate::rules::callables::built_in());
    let first = text.lines().find_map(|l| l.strip_prefix("--- ")).unwrap_or_default();
    let file = program.file(first, None).expect("the first file is read");
    let count = program.files()[file].module().calls.len();
    let mark = |s: Strength| if s == Strength::Resolved { "" } else { "~" };
    (0..count)
        .map(|call| {
            let mut line = match program.callee(first, None, call) {
                Callee::External { name, strength } => format!("{}{name}", mark(strength)),
                Callee::Own { path, scope, strength, external_base } => {
                    let name = &book[&*path].code.as_ref().expect("code").module.scopes[scope].name;
                    let base = external_base.map_or(String::new(), |b| format!(" ({b})"));
                    format!("{}{path}#{name}{base}", mark(strength))
                }
                Callee::Unknown { method, receiver } => {
                    format!("? {}.{}", receiver.unwrap_or_default(), method.unwrap_or_default())
                }
            };
            for passed in program.passed(file, call) {
                let arrow = if passed.sure { "<=" } else { "<-" };
                line.push_str(&format!(" {arrow} {}", program.scope(passed.at).expect("scope").name));
            }
            line
        })
        .collect()
}

/// What the last call of the first file calls.
fn check(text: &str, expected: &str) {
    let found = calls(text);
    assert_eq!(found.last().map_or("", String::as_str), expected, "all calls: {found:#?}\nin {text}");
}

#[test]
fn one_of_several_classes() {
    let made = "from xgboost import XGBClassifier\nfrom sklearn.svm import SVC\ndef make(kind):\n    if kind == 'x':\n        return XGBClassifier()\n    return SVC()\n";
    check(&format!("--- a.py\n{made}model = make('y')\nmodel.fit(x)"), "xgboost.XGBClassifier|sklearn.svm.SVC#fit");
    // what one branch gives is not known: then nothing is sure
    check(
        &format!("--- a.py\n{made}model = make('y') if a else load()\nmodel.fit(x)"),
        "~xgboost.XGBClassifier|sklearn.svm.SVC#fit",
    );
}

#[test]
fn names_from_outside() {
    check("--- a.py\nimport mlflow.sklearn as ml\nlog = ml.log_model\nlog(1)", "mlflow.sklearn.log_model");
    check("--- a.py\nimport mlflow.sklearn\nmlflow.sklearn.log_model(1)", "mlflow.sklearn.log_model");
    check("--- a.py\nfrom sklearn.svm import SVC as S\nm = S()\nm.fit(x)", "sklearn.svm.SVC#fit");
    check("--- a.py\nfrom sklearn.svm import SVC\nSVC().fit(x).predict(y)", "sklearn.svm.SVC#predict");
    check("--- a.py\nfrom sklearn.svm import SVC\ndef f(m: SVC):\n    m.fit(x)", "sklearn.svm.SVC#fit");
    check("--- a.py\nfrom transformers import pipeline\npipe = pipeline('x')\npipe(text)", "transformers.pipeline#__call__");
    check("--- a.py\nimport sklearn.svm\ngetattr(sklearn.svm, 'SVC')()", "sklearn.svm.SVC");
    check("--- a.py\nfrom importlib import import_module\nimport_module('mlflow').log_metric()", "mlflow.log_metric");
    check("--- a.py\nfrom sklearn.svm import *\nSVC()", "~sklearn.svm.SVC");
    check("--- a.py\nwith open('x') as f:\n    f.read()", "open#read");
    check("--- a.py\nimport mlflow\nwith mlflow.start_run() as run:\n    run.end()", "mlflow.start_run#end");
    check("--- a.py\nprint(1)", "print");
    check("--- a.py\n','.join(x)", "str#join");
    check("--- a.py\ntry:\n    import xgboost as b\nexcept ImportError:\n    import lightgbm as b\nb.train()", "xgboost.train");
    check("--- a.py\nimport mlflow\nmlflow.log_metric()\n--- mlflow/setup_db.py\n", "mlflow.log_metric");
    check("--- a.py\nfrom mlflow import log_metric\nlog_metric()\n--- mlflow/setup_db.py\n", "mlflow.log_metric");
}

#[test]
fn own_modules() {
    check(
        "--- a.py\nfrom lib.fit import main as go\nrun = go\nrun()\n--- lib/__init__.py\n--- lib/fit.py\ndef main(): pass",
        "lib/fit.py#main",
    );
    check("--- a.py\nimport lib.fit\nlib.fit.main()\n--- lib/fit.py\ndef main(): pass", "lib/fit.py#main");
    check("--- p/a.py\nfrom . import b\nb.f()\n--- p/__init__.py\n--- p/b.py\ndef f(): pass", "p/b.py#f");
    check("--- a.py\nfrom p import f\nf()\n--- p/__init__.py\nfrom .q import f\n--- p/q.py\ndef f(): pass", "p/q.py#f");
    check("--- a.py\nfrom p import *\nf()\n--- p.py\nfrom q import *\n--- q.py\ndef f(): pass", "q.py#f");
    check("--- a.py\nfrom p import *\nf()\n--- p.py\n__all__ = ['g']\ndef f(): pass\ndef g(): pass", "? .f");
    check("--- a.py\nfrom tracking import mlflow as m\nm.log_metric()\n--- tracking.py\nimport mlflow", "mlflow.log_metric");
    check("--- a.py\nimport b\ndef f(): pass\nb.g()\n--- b.py\nimport a\ndef g(): a.f()", "b.py#g");
    check("--- b.py\nfrom a import g\ng()\n--- a.py\nfrom b import g", "? .g");
    check("--- a.py\nfrom p import missing\nmissing.f()\n--- p.py\n", "? missing.f");
}

#[test]
fn what_functions_return() {
    check(
        "--- a.py\nfrom sklearn.svm import SVC\ndef make():\n    m = SVC()\n    return m\nmake().fit(x)",
        "sklearn.svm.SVC#fit",
    );
    check(
        "--- a.py\nfrom b import make\nm, score = make()\nm.fit(x)\n--- b.py\nfrom sklearn.svm import SVC\ndef make():\n    return SVC(), 1",
        "sklearn.svm.SVC#fit",
    );
    check("--- a.py\nfrom x import T\ndef make() -> T:\n    return load()\nmake().go()", "x.T#go");
    check("--- a.py\ndef f(n):\n    return f(n)\nf(1).go()", "? f.go");
    check("--- a.py\nfrom functools import partial\ndef f(a): pass\ng = partial(f, 1)\ng()", "a.py#f");
    check(
        "--- a.py\nfrom contextlib import contextmanager\nfrom x import T\n@contextmanager\ndef open_it():\n    yield T()\nwith open_it() as t:\n    t.go()",
        "x.T#go",
    );
}

#[test]
fn classes_and_their_bases() {
    let base = "\n--- b.py\nfrom sklearn.svm import SVC\nclass Base:\n    def __init__(self):\n        self.inner = SVC()\n    def fit(self):\n        self.inner.fit()\n        return self\n";
    check(&format!("--- a.py\nfrom b import Base\nclass Own(Base): pass\nm = Own()\nm.fit(){base}"), "b.py#Base.fit");
    check(&format!("--- a.py\nfrom b import Base\nclass Own(Base):\n    def fit(self): pass\nOwn().fit(){base}"), "a.py#Own.fit");
    check(
        &format!("--- a.py\nfrom b import Base\nclass Own(Base):\n    def go(self):\n        self.inner.predict()\n{base}"),
        "sklearn.svm.SVC#predict",
    );
    check(
        &format!("--- a.py\nfrom b import Base\nclass Own(Base):\n    def fit(self):\n        super().fit()\n{base}"),
        "b.py#Base.fit",
    );
    check(&format!("--- a.py\nfrom b import Base\nBase(){base}"), "b.py#Base.__init__");
    check("--- a.py\nclass K:\n    def f(self): pass\n    def g(self):\n        self.f()", "a.py#K.f");
    check(
        "--- a.py\nclass K:\n    def f(self): pass\n    def g(self):\n        self.f()\nclass L(K):\n    def f(self): pass",
        "~a.py#K.f",
    );
    check(
        "--- a.py\nclass K:\n    def f(self):\n        raise NotImplementedError\n    def g(self):\n        self.f()\nclass L(K):\n    def f(self): pass",
        "~a.py#L.f",
    );
    check(
        "--- a.py\nclass K:\n    @property\n    def m(self):\n        return T()\n    def g(self):\n        self.m.go()\nfrom x import T",
        "x.T#go",
    );
    check("--- a.py\nfrom x import T\nclass K:\n    m: T\n    def g(self):\n        self.m.go()", "x.T#go");
    check(
        "--- a.py\nfrom x import T\nclass K:\n    def __init__(self, m: T):\n        self.m = m\n    def g(self):\n        self.m.go()",
        "x.T#go",
    );
    check(
        "--- a.py\nclass K:\n    @classmethod\n    def make(cls):\n        return cls()\n    def go(self): pass\nK.make().go()",
        "a.py#K.go",
    );
    check("--- a.py\nclass K:\n    def __call__(self): pass\nk = K()\nk()", "a.py#K.__call__");
}

#[test]
fn what_sub_classes_give_their_objects() {
    let base = "--- a.py\nclass Base:\n    def go(self):\n        self.m.fit()\n";
    let sub = |number: u32, class: &str| {
        format!("class S{number}(Base):\n    def __init__(self):\n        from x import {class}\n        self.m = {class}()\n")
    };
    let said = |text: String| calls(&text).into_iter().next().unwrap_or_default();
    assert_eq!(said(format!("{base}{}", sub(1, "T"))), "~x.T#fit");
    assert_eq!(said(format!("{base}{}{}", sub(1, "T"), sub(2, "U"))), "~x.T|x.U#fit");
    assert_eq!(said(base.to_owned()), "? m.fit");
}

#[test]
fn what_stands_in_for_a_field() {
    let class = |field: &str| {
        format!(
            "--- a.py\nfrom dataclasses import dataclass, field\nfrom pydantic import BaseModel, Field\nfrom x import T, U\nclass K(BaseModel):\n    m: {field}\n    def go(self):\n        self.m.fit()"
        )
    };
    check(&class("T = Field(...)"), "x.T#fit");
    check(&class("T = field(default_factory=U)"), "x.T#fit");
    check(&class("T | U = Field(U(), discriminator='kind')"), "~x.U#fit");
    check(&class("T | U = field(default_factory=U)"), "~x.U#fit");
    check(&class("T | U = Field(...)"), "pydantic.Field#fit");
}

#[test]
fn an_object_that_a_method_from_outside_makes() {
    let job = "--- a.py\nfrom pydantic import BaseModel\nclass Job(BaseModel):\n    def go(self): pass\n";
    check(&format!("{job}Job.model_validate(p).go()"), "~a.py#Job.go (pydantic.BaseModel#go)");
    check(&format!("{job}Job.other(p).run()"), "pydantic.BaseModel.other#run");
}

#[test]
fn a_class_that_is_chosen_by_its_name() {
    let pick = |annotation: &str| {
        format!(
            "--- a.py\nimport importlib\nfrom typing import Type\nclass Base:\n    def fit(self): pass\nclass Other:\n    def fit(self): pass\ndef pick(name) -> {annotation}:\n    return getattr(importlib.import_module(name), name)\npick('x')().fit()"
        )
    };
    check(&pick("Type[Base]"), "~a.py#Base.fit");
    check(&pick("type[Base]"), "~a.py#Base.fit");
    check(&pick("dict[Base]"), "? .fit");
}

#[test]
fn classes_that_build_on_one_from_outside() {
    let net = "from lightning import LightningModule\nclass Net(LightningModule):\n    def fit(self): pass\n";
    check(&format!("--- a.py\n{net}Net()"), "a.py#Net (lightning.LightningModule)");
    check(&format!("--- a.py\n{net}Net().fit()"), "a.py#Net.fit (lightning.LightningModule#fit)");
    check(&format!("--- a.py\n{net}Net().freeze()"), "lightning.LightningModule#freeze");
    check(&format!("--- a.py\n{net}class Deep(Net): pass\nDeep().freeze()"), "lightning.LightningModule#freeze");
    let (book, modules) = book(&format!("--- a.py\n{net}"));
    let base = Name { root: Root::Local("Net".into()), path: vec![] };
    assert_eq!(
        Program::build(&book, &modules, &crate::rules::callables::built_in()).value("a.py", None, 0, &base).as_deref(),
        Some("lightning.LightningModule")
    );
}

#[test]
fn tables_and_containers() {
    let jobs = "--- a.py\ndef f(): pass\ndef g(): pass\nJOBS = {'f': f, 'g': g}\n";
    check(&format!("{jobs}JOBS['g']()"), "a.py#g");
    check(&format!("{jobs}JOBS.get('f')()"), "a.py#f");
    check(&format!("{jobs}JOBS[name]()"), "? .");
    check("--- a.py\nfrom s import A, B\nM = {'a': A, 'b': B}\nm = M[name]()\nm.fit()", "~s.A|s.B#fit");
    check("--- a.py\nfrom s import A, B\nM = {'a': A, 'b': B}\nfor name in M:\n    m = M[name]()\n    m.fit()", "s.A|s.B#fit");
    check("--- a.py\nfrom s import A\nms = [A(), A()]\nfor m in ms:\n    m.fit()", "s.A#fit");
    check("--- a.py\nfrom s import A\nms = {}\nms['x'] = A()\nms[k].fit()", "~s.A#fit");
    check("--- a.py\nfrom s import A\nms = {'x': A()}\nfor name, m in ms.items():\n    m.fit()", "s.A#fit");
    check("--- a.py\nfrom s import A\nfor name, m in [('x', A())]:\n    m.fit()", "s.A#fit");
    let all = "--- b.py\nfrom s import A, B\ndef all():\n    return {'a': {'m': A(), 'n': 1}, 'b': {'m': B(), 'n': 2}}\n";
    let loops = "--- a.py\nfrom b import all\nfor key, one in all().items():\n    one['m'].fit()\n";
    check(&format!("{loops}{all}"), "s.A|s.B#fit");
}

#[test]
fn what_is_kept_where_others_find_it() {
    let both = |asks: &str, keeps: &str| format!("--- a.py\n{asks}--- b.py\nfrom s import A, B\n{keeps}");
    let asks = "from fastapi import Request\ndef ask(r: Request):\n    r.app.state.m.go()\n";
    let keeps = |app: &str| format!("from fastapi import FastAPI\ndef start({app}):\n    app.state.m = A()\n");
    check(&both(asks, &keeps("app: FastAPI")), "s.A#go");
    check(&both(asks, &keeps("app")), "s.A#go");
    check(&both(asks, &keeps("app: list")), "fastapi.Request#app.state.m.go");
    let table = "all = {}\ndef start():\n    all['m'] = A()\n    all['n'] = B()\n";
    check(&both("import b\ndef ask():\n    b.all['m'].go()\n", table), "s.A#go");
    check(&both("import b\ndef ask(k):\n    b.all[k].go()\n", table), "~s.A|s.B#go");
    let given = "class Box:\n    m = None\nbox = Box()\ndef start():\n    box.m = A()\n";
    check(&both("from b import box\ndef ask():\n    box.m.go()\n", given), "s.A#go");
    let made = "class Box:\n    n: int\n    m: object\ndef make():\n    return Box(1, m=A())\n";
    check(&both("from b import make\ndef ask():\n    make().m.go()\n", made), "s.A#go");
    let around = "class Box:\n    m: object\ndef make(other: Box):\n    return Box(m=other.m)\ndef ask(b: Box):\n    b.m.go()\n";
    check(&both(around, ""), "? m.go");
    let handed = "from fastapi import Depends\nfrom b import made\ndef ask(m=Depends(made)):\n    m.go()\n";
    check(&both(handed, "def made():\n    yield A()\n"), "s.A#go");
    let stored = "--- a.py\nimport joblib\nm, n = joblib.load('x')\nm.predict()\n";
    check(stored, "joblib.load#predict");
}

#[test]
fn what_is_kept_in_a_circle_ends() {
    check("--- a.py\nM = {'a': {}, 'b': {}}\nfor k in M[k]:\n    M[k].go()\n", "~dict#go");
    let app = "from fastapi import FastAPI\napp = FastAPI()\napp.state.a = app.state.b\napp.state.b = app.state.a\n";
    check(&format!("--- a.py\n{app}app.state.a.go()\n"), "fastapi.FastAPI#state.a.go");
    let boxes =
        "class Box:\n    pass\none = Box()\none.other = Box()\none.other.other = one.other\none.other = one.other.other\n";
    calls(&format!("--- a.py\n{boxes}one.other.other.other.go()\n"));
    let tables = "a = {}\nb = {}\na['x'] = b['x']\nb['x'] = a['x']\n";
    calls(&format!("--- a.py\n{tables}a['x'].go()\n"));
    let own = "class Box:\n    def __init__(self, held):\n        self.kind = held[0].kind\n        self.held = held\n";
    calls(&format!(
        "--- a.py\n{own}    def split(self):\n        return [Box([self.held[i]]) for i in self.held]\nBox([]).split().go()\n"
    ));
}

#[test]
fn what_is_made_of_steps_is_its_last() {
    let text = |steps: &str| {
        format!(
            "--- a.py\nimport shop.steps as own\nown.chain.fit(x, y)\n--- shop/steps.py\n\
             from sklearn.linear_model import Lasso\nfrom sklearn.pipeline import Pipeline, make_pipeline\n\
             from sklearn.preprocessing import StandardScaler\n{steps}\n"
        )
    };
    let made = |steps: &str| calls(&text(steps)).remove(0);
    assert_eq!(made("chain = Pipeline([('a', StandardScaler()), ('b', Lasso())])"), "sklearn.linear_model.Lasso#fit");
    assert_eq!(made("chain = Pipeline(steps=[('a', StandardScaler())])"), "sklearn.preprocessing.StandardScaler#fit");
    assert_eq!(made("chain = make_pipeline(StandardScaler(), Lasso())"), "sklearn.linear_model.Lasso#fit");
    let inner = "chain = Pipeline([('a', StandardScaler()), ('b', make_pipeline(StandardScaler(), Lasso()))])";
    assert_eq!(made(inner), "sklearn.linear_model.Lasso#fit");
    assert_eq!(made("steps = [('b', Lasso())]\nchain = Pipeline(steps)"), "sklearn.linear_model.Lasso#fit");
    // what else is in the list is not known
    assert_eq!(
        made("steps = [('b', StandardScaler())]\nsteps.append(late())\nchain = Pipeline(steps)"),
        "sklearn.pipeline.Pipeline#fit"
    );
    assert_eq!(made("chain = Pipeline([('a', StandardScaler()), ('b', 'passthrough')])"), "sklearn.pipeline.Pipeline#fit");
    assert_eq!(made("chain = make_pipeline(StandardScaler(), *more)"), "sklearn.pipeline.make_pipeline#fit");
}

#[test]
fn a_list_that_grows_is_gone_over() {
    let head = "--- a.py\nfrom sklearn.linear_model import Lasso, Ridge\n";
    let last = |text: &str| calls(&format!("{head}{text}")).pop().unwrap_or_default();
    assert_eq!(last("all = []\nall.append(Lasso())\nfor m in all:\n    m.fit(x, y)"), "sklearn.linear_model.Lasso#fit");
    assert_eq!(last("all = []\nall.append(('a', Lasso()))\nfor n, m in all:\n    m.fit(x, y)"), "sklearn.linear_model.Lasso#fit");
    // put in afterwards, or somewhere else, or nobody knows what
    for text in [
        "all = []\nfor m in all:\n    m.fit(x, y)\nall.append(Lasso())",
        "other = []\nall = []\nother.append(Lasso())\nfor m in all:\n    m.fit(x, y)",
        "all = []\nall.append(load())\nfor m in all:\n    m.fit(x, y)",
    ] {
        assert!(!calls(&format!("{head}{text}")).iter().any(|c| c == "sklearn.linear_model.Lasso#fit"), "{text}");
    }
}

#[test]
fn branches_and_order() {
    check("--- a.py\nfrom s import A, B\nm = A()\nm = B()\nm.fit()", "s.B#fit");
    check("--- a.py\nfrom s import A, B\nm = A()\nm.fit()\nm = B()", "s.B");
    assert_eq!(calls("--- a.py\nfrom s import A, B\nm = A()\nm.fit()\nm = B()")[1], "s.A#fit");
    check("--- a.py\nfrom s import A, B\nif x:\n    m = A()\nelse:\n    m = B()\nm.fit()", "s.A|s.B#fit");
    check("--- a.py\nfrom s import A\nm = None\nif x:\n    m = A()\nm.fit()", "s.A#fit");
    check("--- a.py\ndef f(): pass\ndef g(): pass\nh = f if x else g\nh()", "? .h");
    check("--- a.py\nfrom s import A\nm = None\ndef load():\n    global m\n    m = A()\ndef use():\n    m.fit()", "s.A#fit");
    check("--- a.py\nfrom s import A\nif (m := A()):\n    m.fit()", "s.A#fit");
    check("--- a.py\nfrom s import A\nm = A()\nm = m.wrap(\n    m)\nm.fit()", "s.A#wrap#fit");
}

#[test]
fn what_callers_pass() {
    check("--- a.py\ndef f(model, x):\n    model.fit(x)\n--- b.py\nfrom a import f\nfrom s import A\nf(A(), 1)", "s.A#fit");
    check(
        "--- a.py\ndef f(model, x):\n    model.fit(x)\n--- b.py\nfrom a import f\nfrom s import A\nf(x=1, model=A())\nf(A(), 2)",
        "s.A#fit",
    );
    check(
        "--- a.py\nclass K:\n    def __init__(self, m):\n        self.m = m\n    def go(self):\n        self.m.fit()\n--- b.py\nfrom a import K\nfrom s import A\nK(A())",
        "s.A#fit",
    );
    check(
        "--- a.py\nclass K:\n    def go(self, m):\n        m.fit()\n--- b.py\nfrom a import K\nfrom s import A\nK().go(A())",
        "s.A#fit",
    );
    check("--- a.py\ndef f(run):\n    run()\ndef g(): pass\nf(g)\n", "a.py#f <- g");
    assert_eq!(calls("--- a.py\ndef f(run):\n    run()\ndef g(): pass\nf(g)\n")[0], "a.py#g");
    check(
        "--- a.py\ndef f(model):\n    model.fit()\n    return model\n--- b.py\nfrom a import f\nfrom s import A\none = f(A())\nf(one)",
        "s.A#fit",
    );
    check(
        "--- a.py\ndef f(model):\n    model.fit()\n--- b.py\nfrom a import f\nfrom s import A\nf(A())\nf(elsewhere())",
        "~s.A#fit",
    );
    check(
        "--- a.py\ndef f(model):\n    model.fit()\n--- tests/test_a.py\nfrom a import f\nfrom s import A\nf(A())",
        "? model.fit",
    );
}

#[test]
fn functions_that_are_handed_over() {
    check(
        "--- a.py\nfrom threading import Thread\nfrom b import fit\nThread(target=fit)\n--- b.py\ndef fit(): pass",
        "threading.Thread <- fit",
    );
    let started = "--- a.py\nfrom threading import Thread\ndef fit(): pass\nt = Thread(target=fit)\nt.start()";
    assert_eq!(calls(started), ["threading.Thread <= fit", "threading.Thread#start"]);
    check("--- a.py\ndef f(): pass\ndef g(): pass\nrun([f, g])", "? .run <- f <- g");
    check("--- a.py\ndef f(): pass\np.set_defaults(func=f)", "? p.set_defaults <- f");
    check(
        "--- a.py\nfrom concurrent.futures import ThreadPoolExecutor\ndef f(): pass\nwith ThreadPoolExecutor() as pool:\n    pool.submit(f, 1)",
        "concurrent.futures.ThreadPoolExecutor#submit <= f",
    );
    check("--- a.py\nfrom x import Operator\ndef f(): pass\nOperator(python_callable=f)", "x.Operator <= f");
    check("--- a.py\ndef f(): pass\nprint(f)", "print");
    check(
        "--- a.py\nfrom celery import Celery\napp = Celery()\n@app.task\ndef f(): pass\nf.delay()",
        "celery.Celery#task#delay <- f",
    );
    check("--- a.py\nfrom prefect import flow\n@flow\ndef f(): pass\nf.serve(cron='x')", "prefect.flow#serve <- f");
}

#[test]
fn unknown_receivers() {
    check("--- a.py\ndef f(t):\n    t.fit_all()\n--- b.py\nclass T:\n    def fit_all(self): pass", "~b.py#T.fit_all");
    check("--- a.py\ndef f(t):\n    t.fit()\n--- b.py\nclass T:\n    def fit(self): pass", "? t.fit");
    check("--- a.py\nimport b\ndef f(t):\n    t.fit()\n--- b.py\nclass T:\n    def fit(self): pass", "~b.py#T.fit");
    check(
        "--- a.py\ndef f(t):\n    t.fit_all()\n--- b.py\nclass T:\n    def fit_all(self): pass\nclass U:\n    def fit_all(self): pass",
        "? t.fit_all",
    );
    check("--- a.py\nself.model.fit()", "? model.fit");
    check("--- a.py\nmodels[0].fit()", "? models.fit");
}

#[test]
fn constants_that_switch_off() {
    let off = |text: &str| {
        let (book, modules) = book(&format!("--- a.py\n{text}"));
        let program = Program::build(&book, &modules, &crate::rules::callables::built_in());
        let call = program.files()[0].module().calls.last().expect("a call").conditions.clone();
        program.off(0, &call)
    };
    assert_eq!(off("if False:\n    f()").as_deref(), Some("if False"));
    assert_eq!(off("TRAIN = False\nif TRAIN and x:\n    f()").as_deref(), Some("if TRAIN and x"));
    assert_eq!(off("TRAIN = False\ndef g():\n    if TRAIN:\n        f()").as_deref(), Some("if TRAIN"));
    assert_eq!(off("if True:\n    pass\nelse:\n    f()").as_deref(), Some("the else of: if True"));
    assert_eq!(off("TRAIN = False\nTRAIN = True\nif TRAIN:\n    f()"), None);
    assert_eq!(off("TRAIN = True\nif TRAIN:\n    f()"), None);
    assert_eq!(off("if not x:\n    f()"), None);
}

#[test]
fn constants_of_another_file_that_are_off() {
    let off = |settings: &str, text: &str| {
        let (book, modules) = book(&format!("--- a.py\n{text}\n--- settings.py\n{settings}\n"));
        let program = Program::build(&book, &modules, &crate::rules::callables::built_in());
        let call = program.files()[0].module().calls.last().expect("a call").conditions.clone();
        program.off(0, &call)
    };
    let from = "from settings import TRAIN\nif TRAIN:\n    f()";
    assert_eq!(off("TRAIN = False", from).as_deref(), Some("if TRAIN"));
    assert_eq!(off("TRAIN = 0", "import settings as s\ndef g():\n    if s.TRAIN:\n        f()").as_deref(), Some("if s.TRAIN"));
    for settings in ["TRAIN = True", "TRAIN = ask()", "TRAIN = False\nTRAIN = a", "if a:\n    TRAIN = False", ""] {
        assert_eq!(off(settings, from), None, "{settings}");
    }
    assert_eq!(off("TRAIN = False", "import settings\nsettings.TRAIN = a\nif settings.TRAIN:\n    f()"), None);
    assert_eq!(
        off("TRAIN = False", "try:\n    from settings import TRAIN\nexcept ImportError:\n    pass\nif TRAIN:\n    f()"),
        None
    );
    assert_eq!(off("TRAIN = False", "from settings import TRAIN\ndef g(TRAIN):\n    if TRAIN:\n        f()"), None);
    assert_eq!(off("TRAIN = False", "from settings import TRAIN\nTRAIN = a\nif TRAIN:\n    f()"), None);
}

#[test]
fn what_is_never_reached() {
    let never = |text: &str| {
        let (book, modules) = book(&format!("--- a.py\nimport sys\n{text}"));
        let program = Program::build(&book, &modules, &crate::rules::callables::built_in());
        let call = |c: &&crate::syntax::python::Call| c.callee.dotted().as_deref() == Some("f");
        let code = &program.files()[0];
        program.never(0, code.module().calls.iter().find(call).expect("a call of f"))
    };
    let behind = Some("line 3 always ends it before".to_owned());
    assert_eq!(never("def g():\n    return\n    f()"), behind);
    assert_eq!(never("def g():\n    raise ValueError\n    f()"), behind);
    assert_eq!(never("if a:\n    sys.exit(0)\n    f()"), behind);
    assert_eq!(never("if a:\n    sys.exit(0)\nf()"), None);
    assert_eq!(never("try:\n    raise ValueError\nexcept ValueError:\n    f()"), None);
    assert_eq!(never("def g():\n    def h():\n        return\n    f()"), None);
    assert_eq!(never("def g():\n    return f()"), None);
    // what a function of one's own never comes back from
    let after = |helper: &str| never(&format!("{helper}def h():\n    stop()\n    f()\n"));
    let ends = |line: u32| Some(format!("line {line} always ends it before"));
    assert_eq!(after("def stop():\n    raise ValueError\n"), ends(5));
    assert_eq!(after("def stop():\n    print(1)\n    sys.exit(2)\n"), ends(6));
    assert_eq!(after("def end():\n    raise ValueError\ndef stop():\n    end()\n"), ends(7));
    for comes_back in [
        "def stop():\n    if a:\n        return\n    raise ValueError\n",
        "def stop():\n    if a:\n        raise ValueError\n",
        "def stop():\n    try:\n        raise ValueError\n    except ValueError:\n        pass\n",
        "def stop():\n    yield 1\n    raise ValueError\n",
        "@quiet\ndef stop():\n    raise ValueError\n",
        "def stop():\n    raise ValueError\nif a:\n    def stop(): pass\n",
        "def stop():\n    with quiet():\n        raise ValueError\n",
    ] {
        assert_eq!(after(comes_back), None, "{comes_back}");
    }
    assert_eq!(never("def stop():\n    raise ValueError\ntry:\n    stop()\nexcept ValueError:\n    pass\nf()"), None);
    assert_eq!(never("def stop():\n    raise ValueError\nrun(stop)\nf()"), None);
    // a parameter that nobody fills has its default
    let off = |call: &str| never(&format!("def g(x, retrain=False):\n    if retrain:\n        f()\n{call}"));
    assert_eq!(off("g(1)").as_deref(), Some("if retrain"));
    assert_eq!(off("g(1, True)"), None);
    assert_eq!(off("g(1, retrain=a)"), None);
    assert_eq!(off("g(*a)"), None);
    assert_eq!(off("g(1)\nrun(g)"), None);
    assert_eq!(off(""), None, "somebody may call it from elsewhere");
    assert_eq!(never("@task\ndef g(retrain=False):\n    if retrain:\n        f()\ng()"), None);
    assert_eq!(never("def g(retrain=False):\n    retrain = retrain or a\n    if retrain:\n        f()\ng()"), None);
}

#[test]
fn tests_that_are_left_out() {
    let out = |text: &str| {
        let (book, modules) = book(&format!("--- a.py\nimport pytest, unittest\n{text}"));
        let program = Program::build(&book, &modules, &crate::rules::callables::built_in());
        let scopes = &program.files()[0].module().scopes;
        let test = scopes.iter().find(|s| s.name.ends_with("test_a")).expect("a test").line;
        program.left_out(0, test)
    };
    assert_eq!(out("@pytest.mark.skip(reason='x')\ndef test_a(): pass").as_deref(), Some("@pytest.mark.skip leaves it out"));
    assert_eq!(
        out("@unittest.skip('x')\nclass T(unittest.TestCase):\n    def test_a(self): pass").as_deref(),
        Some("@unittest.skip leaves it out")
    );
    let whole = Some("line 2 leaves out every test of the file".to_owned());
    assert_eq!(out("pytestmark = pytest.mark.skip\ndef test_a(): pass"), whole);
    assert_eq!(out("pytestmark = [pytest.mark.skip('x'), pytest.mark.slow]\ndef test_a(): pass"), whole);
    assert_eq!(out("pytestmark = pytest.mark.slow\ndef test_a(): pass"), None);
    assert_eq!(out("@pytest.mark.skipif(a, reason='x')\ndef test_a(): pass"), None);
    assert_eq!(out("@pytest.mark.skip\ndef test_b(): pass\ndef test_a(): pass"), None);
    assert_eq!(
        out("@pytest.mark.skipif(True, reason='x')\ndef test_a(): pass").as_deref(),
        Some("@pytest.mark.skipif leaves it out")
    );
    assert!(out("SLOW = True\n@unittest.skipIf(SLOW, 'x')\nclass T(unittest.TestCase):\n    def test_a(self): pass").is_some());
    assert!(out("@unittest.skipUnless(False, 'x')\ndef test_a(): pass").is_some());
    assert!(out("pytestmark = pytest.mark.skipif(not False, reason='x')\ndef test_a(): pass").is_some());
    assert_eq!(out("@pytest.mark.skipif(False, reason='x')\ndef test_a(): pass"), None);
    assert_eq!(out("@pytest.mark.skipif('a.b > 1', reason='x')\ndef test_a(): pass"), None);
    assert_eq!(out("@unittest.skipUnless(True, 'x')\ndef test_a(): pass"), None);
    assert_eq!(out("def test_a():\n    pytest.skip('x')\n    f()").as_deref(), Some("line 3 ends it before it is through"));
    assert!(out("class T(unittest.TestCase):\n    def test_a(self):\n        self.skipTest('x')\n        f()").is_some());
    assert_eq!(out("def test_a():\n    if a:\n        pytest.skip('x')\n    f()"), None);
    let either = "def test_a():\n    try:\n        f()\n    except ValueError:\n        return\n    pytest.fail('x')";
    assert_eq!(out(either), None);
    let top = "pytest.skip('x', allow_module_level=True)\ndef test_a(): pass";
    assert_eq!(out(top).as_deref(), Some("line 2 ends its file before any test"));
    assert_eq!(out("if a:\n    pytest.skip('x', allow_module_level=True)\ndef test_a(): pass"), None);
}

#[test]
fn methods_of_one_of_several_classes() {
    let jobs = "--- a.py\nfrom pydantic import BaseModel, Field\nclass Job(BaseModel):\n    def go(self): raise NotImplementedError\nclass Fit(Job):\n    def go(self): pass\nclass Ask(Job):\n    def go(self): pass\nKind = Fit | Ask\nclass Settings(BaseModel):\n    job: Kind = Field(...)\n";
    check(&format!("{jobs}Settings.model_validate(x).job.go()"), "~a.py#Job.go (pydantic.BaseModel#go)");
}

#[test]
fn hostile_programs_end() {
    let chain: String = (0..20_000).map(|i| format!("x = x.a{i}()\n")).collect();
    check(&format!("--- a.py\nfrom s import x\n{chain}"), "? x.a19999");
    let deep: String = (0..3_000).map(|i| format!("def f{i}(): return f{}()\n", i + 1)).collect();
    check(&format!("--- a.py\n{deep}f0().go()"), "? f0.go");
    let ring: String = (0..50)
        .map(|i| format!("--- m{i}.py\nfrom m{} import *\nfrom m{} import *\nthing()\n", (i + 1) % 50, (i + 7) % 50))
        .collect();
    check(&ring, "? .thing");
    let classes: String = (0..300).map(|i| format!("class K{i}(K{}): pass\n", (i + 1) % 300)).collect();
    check(&format!("--- a.py\n{classes}K0().go()"), "? K0.go");
}

#[test]
fn words_choose_a_command() {
    let chosen = |text: &str, start: Start<'_>, words: &str| {
        let (book, modules) = book(text);
        let program = Program::build(&book, &modules, &crate::rules::callables::built_in());
        let command = &crate::syntax::shell::parse(words, &crate::syntax::shell::Options::default()).commands;
        let words = command.first().map_or(&[][..], |c| &c.words[1..]).to_vec();
        program.chosen("a.py", start, &words).map(|at| program.scope(at).expect("scope").name.clone())
    };
    let app = "--- a.py\nimport typer\napp = typer.Typer()\n@app.command()\ndef train_all(): pass\n@app.command('s')\ndef show(): pass\n";
    let main = format!("{app}def main():\n    app()\nif __name__ == '__main__':\n    main()\n");
    assert_eq!(chosen(&main, Start::File, "x train-all --fast").as_deref(), Some("train_all"));
    assert_eq!(chosen(&main, Start::File, "x --config a.yaml s").as_deref(), Some("show"));
    assert_eq!(chosen(&main, Start::File, "x $WHICH"), None);
    assert_eq!(chosen(&main, Start::File, "x other train-all"), None);
    assert_eq!(chosen(&main, Start::File, "x"), None);
    assert_eq!(chosen(app, Start::Named("app"), "x s").as_deref(), Some("show"));
    // nobody asks, or only under a condition
    assert_eq!(chosen(app, Start::File, "x s"), None);
    assert_eq!(chosen(&format!("{app}if x:\n    app()\n"), Start::File, "x s"), None);
    let click = "--- a.py\nimport click\n@click.group()\ndef cli(): pass\n@cli.group()\ndef model(): pass\n@model.command()\ndef train(): pass\n@click.command('later')\ndef other(): pass\ncli.add_command(other)\ncli()\n";
    assert_eq!(chosen(click, Start::File, "x model train").as_deref(), Some("train"));
    assert_eq!(chosen(click, Start::File, "x later").as_deref(), Some("other"));
    assert_eq!(chosen(click, Start::File, "x train"), None);
    let fire = "--- a.py\nimport fire\nclass Job:\n    def train(self): pass\n    def _hidden(self): pass\nfire.Fire(Job)\n";
    assert_eq!(chosen(fire, Start::File, "x train").as_deref(), Some("Job.train"));
    assert_eq!(chosen(fire, Start::File, "x _hidden"), None);
    let args = "--- a.py\nimport argparse\ndef train(a): pass\np = argparse.ArgumentParser()\ns = p.add_subparsers().add_parser('fit')\ns.set_defaults(run=train)\na = p.parse_args()\na.run(a)\n";
    assert_eq!(chosen(args, Start::File, "x fit").as_deref(), Some("train"));
}

#[test]
fn values_of_defaults_and_documents() {
    let documents =
        [("conf.yaml", "tracker: {uri: 'http://localhost:5000', open: }\nname: hives\n"), ("lib/near.yaml", "a: {b: c}\n")];
    let value = |text: &str| {
        let (mut book, modules) = book(text);
        for (path, text) in documents {
            let tree = Arc::new(crate::syntax::yaml::parse(text).tree);
            book.insert(path.into(), FileFacts { tree: Some(tree), ..FileFacts::default() });
        }
        let program = Program::build(&book, &modules, &crate::rules::callables::built_in());
        let table = crate::rules::Catalog::embedded().expect("the rules are sound").interpreter;
        let module = &book["a.py"].code.as_ref().expect("code").module;
        let last = module.calls.last().expect("a call");
        let asked = last.args.first().expect("an argument").clone();
        program.written(("a.py", None), last.scope, &asked, &table)
    };
    let is = |text: &str, expected: Option<&str>| assert_eq!(value(&format!("--- a.py\n{text}")).as_deref(), expected, "{text}");
    is("import os\nA = os.getenv('A', 'x')\nuse(A)", Some("x"));
    is("import os\nA = os.environ.get('A') or 'y'\ndef f():\n    use(A)", Some("y"));
    is("import os\nA = os.getenv('A')\nuse(A)", None);
    is("import os\nA = os.getenv('A', 'x')\nuse(f'{A}/fit')", Some("x/fit"));
    is("import os\nA = os.getenv('A', 'x')\nB = A + '/fit'\nuse(B)", Some("x/fit"));
    is("import os\nuse(f'{A}/fit')", None);
    is("import os\nA = 'x'\nif b:\n    A = 'z'\nuse(A)", None);
    is("from c import A\nuse(A)\n--- c.py\nimport os\nA = os.getenv('A', 'x')", Some("x"));
    is("import c\nuse(c.A)\n--- c.py\nA = 'x'", Some("x"));
    let load = "import yaml\nwith open('conf.yaml') as f:\n    c = yaml.safe_load(f)\n";
    is(&format!("{load}use(c['tracker']['uri'])"), Some("http://localhost:5000"));
    is(&format!("{load}uri = c['tracker'].get('uri')\nuse(uri)"), Some("http://localhost:5000"));
    is(&format!("{load}use(c['tracker']['other'])"), None);
    is(&format!("{load}use(c[x])"), None);
    is(&format!("{load}c = other()\nuse(c['name'])"), None);
    let own = "import yaml\ndef load(path='conf.yaml'):\n    with open(path) as f:\n        return yaml.safe_load(f)\n";
    is(&format!("{own}c = load()\nuse(c['name'])"), Some("hives"));
    is(&format!("{own}c = load('lib/near.yaml')\nuse(c['a']['b'])"), Some("c"));
    is("from omegaconf import OmegaConf\nc = OmegaConf.load('conf.yaml')\nuse(c.tracker.uri)", Some("http://localhost:5000"));
}

#[test]
fn what_every_caller_passes() {
    let fit = "from sklearn.svm import SVC\nfrom sklearn.tree import DecisionTreeClassifier\ndef fit(model, rows):\n    model.fit(rows)\n    return model\n";
    let of = |calls: &str| {
        let found = super::tests::calls(&format!("--- a.py\n{fit}{calls}"));
        found.first().cloned().unwrap_or_default()
    };
    assert_eq!(of("fit(SVC(), a)"), "sklearn.svm.SVC#fit");
    assert_eq!(of("fit(SVC(), a)\nfit(DecisionTreeClassifier(), a)"), "sklearn.svm.SVC|sklearn.tree.DecisionTreeClassifier#fit");
    // what it gave back is passed again
    assert_eq!(of("tree = fit(SVC(), a)\ntree = fit(tree, b)"), "sklearn.svm.SVC#fit");
    // one passes something that is not known
    assert_eq!(of("fit(SVC(), a)\nfit(given(), a)"), "~sklearn.svm.SVC#fit");
    assert_eq!(of(""), "? model.fit");
}

#[test]
fn a_program_is_of_the_very_code_it_was_built_from() {
    let (mut first, modules) = book("--- a.py\nimport b\nb.run()\n--- b.py\ndef run(): pass\n");
    let program = Program::build(&first, &modules, &crate::rules::callables::built_in());
    assert!(program.is_of(&first) && program.is_of(&first.clone()));
    let (like, _) = book("--- a.py\nimport b\nb.run()\n--- b.py\ndef run(): pass\n");
    assert!(!program.is_of(&like), "read again, it may be other code");
    let tree = Arc::new(crate::syntax::yaml::parse("a: 1").tree);
    first.insert("c.yaml".into(), FileFacts { tree: Some(tree), ..FileFacts::default() });
    assert!(!program.is_of(&first), "a document more");
    first.remove("c.yaml");
    first.remove("b.py");
    assert!(!program.is_of(&first), "a file less");
}

#[test]
fn a_module_that_a_command_names() {
    let reached = |words: &str, more: &str| {
        let text = format!(
            "--- run.py\ndef go(name):\n    m = __import__(name, fromlist=['get'])\n    m.get().start()\n--- flows/rents.py\ndef get(): return mlflow.x()\nimport mlflow\n--- flows/other.py\nx = 1\n{more}"
        );
        let (mut book, modules) = book(&text);
        let words = words.split(' ').map(|w| crate::syntax::shell::Word { text: w.to_owned(), literal: true }).collect();
        let fact = crate::fact::Fact {
            unit: None,
            line: 1,
            end_line: 1,
            kind: FactKind::Command(crate::fact::Command::new(words, None)),
        };
        book.insert("ci.yml".into(), FileFacts { facts: vec![fact], ..FileFacts::default() });
        let program = Program::build(&book, &modules, &crate::rules::callables::built_in());
        let file = program.file("run.py", None).expect("read");
        (0..program.files()[file].module().calls.len())
            .filter_map(|call| match program.callee("run.py", None, call) {
                Callee::External { name, strength } if name.ends_with("start") => Some((name, strength)),
                _ => None,
            })
            .next()
    };
    let found = Some(("mlflow.x#start".to_owned(), Strength::Inferred));
    assert_eq!(reached("python run.py -n flows.rents", ""), found);
    assert_eq!(reached("python run.py --module=flows.rents", ""), found);
    assert_eq!(reached("python run.py -n flows.other", ""), None, "it has no `get`");
    assert_eq!(reached("python -m flows.rents", ""), None, "that runs it");
    let two = "--- flows/more.py\ndef get(): pass\n";
    assert_eq!(reached("run -n flows.rents -x flows.more", two), None, "one of two");
}
