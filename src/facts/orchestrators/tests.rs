//! The proofs of the rules, and what they leave open.

use std::sync::Arc;

use super::*;
use crate::fact::{Code, UsesTarget};
use crate::resolve::Modules;
use crate::rules::Catalog;
use crate::syntax::python::{Mode, parse};
use crate::walk::Inventory;

/// Each unit, trigger and order of files in one text (each under a line `--- path`), one a line, in file order.
fn says(text: &str) -> Vec<String> {
    let catalog = Catalog::embedded().expect("the rules are sound");
    let text = if text.starts_with("--- ") { text.to_owned() } else { format!("--- a.py\n{text}") };
    let files: Vec<(&str, &str)> =
        text.split("--- ").skip(1).map(|part| part.split_once('\n').map_or((part, ""), |(p, t)| (p.trim(), t))).collect();
    let inventory = Inventory::in_memory(&files);
    let modules = Modules::build(&inventory);
    let book: Book = files
        .iter()
        .map(|(path, text)| {
            let code = Code { module: parse(text, Mode::Module), notebook: false, lines: Vec::new() };
            ((*path).into(), FileFacts { code: Some(Arc::new(code)), ..FileFacts::default() })
        })
        .collect();
    let program = Program::build(&book, &modules, &crate::rules::callables::built_in());
    let context = Context { wrappers: &catalog.wrappers, ..Context::default() };
    let added = lower(&book, &program, &catalog.orchestrators, (&context, &inventory));
    added.values().flat_map(written).collect()
}

fn written(facts: &FileFacts) -> Vec<String> {
    let name = |unit: UnitId| match facts.units[unit].parent {
        Some(parent) => format!("{}/{}", facts.units[parent].name, facts.units[unit].name),
        None => facts.units[unit].name.clone(),
    };
    let mut lines = Vec::new();
    for fact in &facts.facts {
        let unit = fact.unit.expect("a unit");
        lines.push(match &fact.kind {
            FactKind::Trigger(t) if t.kind == TriggerKind::Manual => format!("{}: manual", name(unit)),
            FactKind::Trigger(t) => {
                let sure = match (&t.off, &t.held) {
                    (Some(_), _) => " (off)".to_owned(),
                    (None, Some(held)) => format!(" ({})", held.strength),
                    _ => String::new(),
                };
                format!("{}: {}{sure}", name(unit), t.text)
            }
            FactKind::Command(command) => format!("{}: {}", name(unit), command.text()),
            FactKind::Needs(needs) => {
                let mark = if needs.stops { "" } else { " anyway" };
                format!("{} after {}{mark}", name(unit), facts.units[needs.on].name)
            }
            FactKind::Uses(uses) => match &uses.to {
                UsesTarget::Function { path, name: function, .. } => format!("{}: calls {path}#{function}", name(unit)),
                UsesTarget::Unit { name: other, .. } => format!("{}: {} {other}", name(unit), uses.edge),
                other => format!("{}: {other:?}", name(unit)),
            },
            _ => continue,
        });
    }
    lines
}

#[test]
fn the_rules_prove_themselves() {
    let catalog = Catalog::embedded().expect("the rules are sound");
    assert!(!catalog.orchestrators.is_empty());
    for rule in &catalog.orchestrators {
        assert!(!rule.examples.is_empty() && !rule.counter_examples.is_empty(), "{}", rule.name);
        for example in &rule.examples {
            let mut seen = says(&example.text);
            let mut wanted = example.says.clone();
            seen.sort();
            wanted.sort();
            assert_eq!(seen, wanted, "{}: {}", rule.name, example.text);
        }
        for text in &rule.counter_examples {
            assert_eq!(says(text), Vec::<String>::new(), "{}: {text}", rule.name);
        }
    }
}

/// Checks what is seen of files in one text, in any order.
fn check(text: &str, wanted: &[&str]) {
    let mut seen = says(text);
    let mut wanted: Vec<String> = wanted.iter().map(|w| (*w).to_owned()).collect();
    seen.sort();
    wanted.sort();
    assert_eq!(seen, wanted, "{text}");
}

#[test]
fn names_and_constants_are_followed_across_files() {
    let text = "--- a.py\nfrom airflow.models import DAG as Graph\nfrom settings import EVERY, ARGS\nfrom work import fit as learn\n\
                from airflow.operators.python_operator import PythonOperator\n\
                dag = Graph(dag_id='a', schedule_interval=EVERY)\nother = Graph('b', **ARGS)\n\
                PythonOperator(task_id='t', python_callable=learn, dag=dag)\n\
                PythonOperator(task_id='loose', python_callable=learn)\n\
                --- settings.py\nEVERY = '0 5 * * *'\nARGS = {'schedule': None}\n--- work.py\ndef fit():\n    pass\n";
    check(text, &["a: manual", "a: schedule \"0 5 * * *\" (assumed)", "b: manual", "a/t: calls work.py#fit"]);
}

#[test]
fn what_a_schedule_is_given_by_may_be_unknown() {
    let text = |schedule: &str| {
        format!(
            "import os\nfrom airflow import DAG\nfrom airflow.models import Variable\nfrom datetime import timedelta\nd = DAG('a', schedule={schedule})\n"
        )
    };
    check(&text("os.environ['CRON']"), &["a: manual", "a: schedule environ[…] (assumed)"]);
    check(&text("timedelta(hours=6)"), &["a: manual", "a: schedule timedelta(hours=6) (assumed)"]);
    check(&text("'@once'"), &["a: manual"]);
    check(&text("[]"), &["a: manual"]);
}

#[test]
fn no_schedule_is_what_the_version_says() {
    let seen = |import: &str| says(&format!("{import}\nd = DAG('a')\n"));
    assert_eq!(seen("from airflow.sdk import DAG"), ["a: manual"]);
    let unclear = "a: schedule the default of a version of apache-airflow that is not known (assumed)";
    assert_eq!(seen("from airflow import DAG"), ["a: manual", unclear]);
}

#[test]
fn order_is_read_in_every_way_it_is_written() {
    let head = "from airflow import DAG\nfrom airflow.models.baseoperator import chain\nfrom airflow.utils.task_group import TaskGroup\n\
                from airflow.utils.edgemodifier import Label\nfrom airflow.operators.empty import EmptyOperator as E\n\
                with DAG('d', schedule=None):\n    a = E(task_id='a')\n    b = E(task_id='b')\n    c = E(task_id='c')\n";
    let seen = |tail: &str| {
        let all = says(&format!("{head}{tail}\n"));
        all.into_iter().filter(|line| line.contains(" after ")).map(|l| l.replace("d/", "")).collect::<Vec<_>>().join(", ")
    };
    assert_eq!(seen("    a >> [b, c]"), "b after a, c after a");
    assert_eq!(seen("    c << b << a"), "b after a, c after b");
    assert_eq!(seen("    a >> Label('x') >> b"), "b after a");
    assert_eq!(seen("    chain(a, [b, c])"), "b after a, c after a");
    assert_eq!(seen("    a.set_downstream([b])\n    c.set_upstream(b)"), "b after a, c after b");
    assert_eq!(seen("    with TaskGroup('g') as g:\n        d = E(task_id='d')\n    a >> g >> b"), "d after a, b after d");
    assert_eq!(seen("    all = [a, b]\n    all >> c"), "c after a, c after b");
    assert_eq!(seen("    print(a >> 3)"), "");
}

#[test]
fn a_function_that_makes_tasks_belongs_to_its_caller() {
    let text = "--- a.py\nfrom airflow import DAG\nfrom make import train_task\nwith DAG('d', schedule=None) as dag:\n    t = train_task()\n\
                --- make.py\nfrom airflow.operators.bash import BashOperator\ndef train_task():\n    \
                return BashOperator(task_id='fit', bash_command=f\"cd /x && python {'fit.py'}\")\n";
    check(text, &["d: manual", "d: contains fit", "fit: cd /x", "fit: python fit.py"]);
}

#[test]
fn images_and_mapped_tasks() {
    let text = "from airflow.decorators import dag, task\nfrom airflow.providers.docker.operators.docker import DockerOperator\n\
                @task\ndef load():\n    return [1]\n@task(trigger_rule='all_done')\ndef fit(row):\n    return row\n\
                @dag(schedule='@daily', is_paused_upon_creation=True)\ndef d():\n    rows = load()\n    \
                made = fit.partial(x=1).expand(row=rows)\n    DockerOperator(task_id='img', image='me/fit:1', command='python fit.py') << made\nd()\n";
    check(
        text,
        &[
            "d: manual",
            "d: schedule \"@daily\" (off)",
            "d/load: calls a.py#load",
            "d/fit: calls a.py#fit",
            "d/fit after load anyway",
            "d/img: docker run me/fit:1 python fit.py",
            "d/img: python fit.py",
            "d/img after fit",
        ],
    );
}

#[test]
fn a_flow_is_started_by_what_registers_it() {
    let flow = "--- flows.py\nfrom prefect import flow, task\n@task\ndef load():\n    pass\n@task\ndef fit(x, y=1):\n    pass\n\
                @flow\ndef main():\n    a = load.submit()\n    if a:\n        fit(1)\n    fit.submit(2, wait_for=[a])\n";
    let steps = ["load: calls flows.py#load", "fit: calls flows.py#fit", "fit (2): calls flows.py#fit", "fit (2) after load"];
    let with = |more: &str, wanted: &[&str]| {
        let all: Vec<&str> = steps.iter().chain(wanted).copied().collect();
        check(&format!("{flow}{more}"), &all);
    };
    with("", &[]);
    with(
        "--- deploy.py\nfrom prefect.deployments import Deployment\nfrom prefect.orion.schemas.schedules import CronSchedule\n\
         from flows import main\nd = Deployment.build_from_flow(flow=main, name='n', schedule=CronSchedule(cron='1 2 * * *'))\nd.apply()\n",
        &["n: calls flows.py#main", "n: manual", "n: schedule CronSchedule(cron=\"1 2 * * *\") (assumed)"],
    );
    with(
        "--- deploy.py\nfrom prefect import flow\nflow.from_source(source='x', entrypoint='flows.py:main').deploy(name='n', cron='1 2 * * *', paused=True)\n",
        &["n: calls flows.py#main", "n: manual", "n: schedule \"1 2 * * *\" (off)"],
    );
    with(
        "--- serve.py\nfrom flows import main\nmain.serve('n', cron='1 2 * * *')\n",
        &["n: calls flows.py#main", "n: manual", "n: schedule \"1 2 * * *\" (assumed)"],
    );
    with(
        "--- deploy.py\nimport flows\nfrom prefect import serve\nserve(flows.main.to_deployment('n', interval=60))\n",
        &["n: calls flows.py#main", "n: manual", "n: schedule 60 (assumed)"],
    );
}

#[test]
fn the_first_prefect_defined_flows_as_contexts() {
    let text = "from datetime import timedelta\nfrom prefect import Flow, task\nfrom prefect.schedules import IntervalSchedule\n\
                @task\ndef load():\n    return 1\n@task\ndef fit(x):\n    return x\n\
                with Flow('f', schedule=IntervalSchedule(interval=timedelta(days=1))) as flow:\n    fit(load())\nflow.register('p')\n";
    check(
        text,
        &[
            "f: manual",
            "f: schedule IntervalSchedule(interval=…()) (assumed)",
            "f/load: calls a.py#load",
            "f/fit: calls a.py#fit",
            "f/fit after load",
        ],
    );
}

#[test]
fn an_asset_job_in_another_file() {
    let text = "--- assets.py\nfrom dagster import asset, AssetIn\n@asset\ndef rows():\n    pass\n\
                --- jobs.py\nimport dagster as dg\nfrom assets import rows\n@dg.asset(ins={'rows': dg.AssetIn()})\ndef model(rows):\n    pass\n\
                fit = dg.define_asset_job('fit', selection='+model')\n\
                @dg.schedule(job=fit, cron_schedule='0 1 * * *', default_status=dg.DefaultScheduleStatus.RUNNING)\ndef nightly():\n    return {}\n\
                @dg.sensor(job_name='fit')\ndef arrived():\n    pass\n";
    check(
        text,
        &[
            "rows: calls assets.py#rows",
            "rows: precedes model",
            "model: calls jobs.py#model",
            "fit: manual",
            "fit: contains rows",
            "fit: contains model",
            "nightly: invokes fit",
            "nightly: schedule \"0 1 * * *\" (inferred)",
            "arrived: invokes fit",
            "arrived: data arrived (assumed)",
        ],
    );
}

#[test]
fn deep_and_long_definitions_end() {
    let mut text = String::from(
        "from airflow import DAG\nfrom airflow.operators.empty import EmptyOperator as E\nwith DAG('d', schedule=None):\n    a = E(task_id='a')\n",
    );
    text.push_str(&format!("    a{}\n", " >> a".repeat(3_000)));
    text.push_str(&format!("    x = {}a{}\n", "[".repeat(150), "]".repeat(150)));
    for i in 0..300 {
        text.push_str(&format!("    x{i} = x{} + x{}\n", (i + 1) % 300, (i + 7) % 300));
    }
    text.push_str("    x0 >> a\n");
    // a scan has threads with as much room
    let seen = std::thread::Builder::new().stack_size(256 << 20).spawn(move || says(&text)).expect("a thread").join();
    assert_eq!(seen.expect("it ends"), ["d: manual"]);
}

#[test]
fn a_method_of_a_step_is_no_step_and_settings_name_scripts() {
    let text = "from kfp import dsl\n@dsl.component\ndef fit():\n    pass\n@dsl.pipeline(name='p')\ndef p():\n    \
                first = fit().set_display_name('a')\n    fit().after(first).set_caching_options(False)\n";
    check(text, &["p: manual", "p/fit: calls a.py#fit", "p/fit (2): calls a.py#fit", "p/fit (2) after fit"]);
    let text = "--- a.py\nfrom azureml.pipeline.core import Pipeline\nfrom azureml.pipeline.steps import PythonScriptStep\n\
                from env import Env\ndef main(space):\n    e = Env()\n    \
                step = PythonScriptStep(name='fit', script_name=e.script, source_directory=e.folder)\n    \
                other = PythonScriptStep(name='keep', script_name=e.unset, source_directory='src')\n    \
                Pipeline(space, steps=[step, other], description='p')\n\
                --- env.py\nimport os\nclass Env:\n    script = 'jobs/fit.py'\n    folder: str = 'src'\n    unset = os.environ.get('X')\n\
                --- src/jobs/fit.py\nprint(1)\n";
    check(
        text,
        &[
            "p: manual",
            "p: contains fit",
            "p: contains keep",
            "fit: python src/jobs/fit.py",
            "keep: Remote(\"a script that is given from outside\")",
        ],
    );
}

#[test]
fn what_cannot_be_told_is_left_open() {
    // a compiled file by a computed path, a pipeline that is given, two pipelines under one path
    let text = "import sys\nimport kfp\nfrom google.cloud import aiplatform\n@kfp.dsl.pipeline(name='p')\ndef p():\n    pass\n\
                def run(path, given):\n    aiplatform.PipelineJob(display_name='p', template_path=path).run()\n    \
                kfp.Client().create_run_from_pipeline_func(given)\n    \
                kfp.Client().create_recurring_run('e', 'j', cron_expression='0 3 * * *', pipeline_func=p, enabled=False)\n";
    check(
        text,
        &[
            "p: manual",
            "run of a pipeline that cannot be told here: Remote(\"a pipeline that cannot be told here\")",
            "run of a pipeline that cannot be told here (2): Remote(\"a pipeline that cannot be told here\")",
            "schedule of p: submits p",
            "schedule of p: schedule \"0 3 * * *\" (off)",
        ],
    );
}
