//! The proofs of the table, and what it leaves open.

use std::sync::Arc;

use super::*;
use crate::fact::Code;
use crate::facts::ci::told_of;
use crate::resolve::Modules;
use crate::rules::Catalog;
use crate::syntax::python::{Mode, parse};

/// What is seen of files in one text (each under a line `--- path`), in path order.
fn says(text: &str) -> Vec<String> {
    let catalog = Catalog::embedded().expect("the rules are sound");
    let text = if text.starts_with("--- ") { text.to_owned() } else { format!("--- app.py\n{text}") };
    let files: Vec<(&str, &str)> =
        text.split("--- ").skip(1).map(|part| part.split_once('\n').map_or((part, ""), |(p, t)| (p.trim(), t))).collect();
    let inventory = Inventory::in_memory(&files);
    let modules = Modules::build(&inventory);
    let context = Context { wrappers: &catalog.wrappers, ..Context::default() };
    let mut book = Book::new();
    for (path, text) in files.iter().filter(|(path, _)| path.ends_with(".py") || settings::is_settings(path)) {
        let facts = if settings::is_settings(path) {
            (READER.read)(&SourceFile::new((*path).into(), (*text).to_owned()), &context)
        } else {
            let code = Code { module: parse(text, Mode::Module), notebook: false, lines: Vec::new() };
            FileFacts { code: Some(Arc::new(code)), ..FileFacts::default() }
        };
        book.insert((*path).into(), facts);
    }
    let program = Program::build(&book, &modules, &crate::rules::callables::built_in());
    let view = View::new(&inventory, &book, &modules, &catalog.programs);
    let added = lower(&book, &program, &catalog.constructs, &context, (&view, &inventory));
    added.values().flat_map(told_of).collect()
}

#[test]
fn the_rules_prove_themselves() {
    let catalog = Catalog::embedded().expect("the rules are sound");
    for example in &catalog.constructs.examples {
        let seen = says(&example.text);
        assert_eq!(seen, example.says, "{}\n{}", example.text, seen.join("\n"));
    }
    for text in &catalog.constructs.counter_examples {
        assert_eq!(says(text), Vec::<String>::new(), "{text}");
    }
}

/// A program of one stack, whose constructor does what the lines say.
fn stack(lines: &[&str]) -> String {
    let head = "from aws_cdk import App, Duration, Stack, aws_events as events, aws_events_targets as targets, aws_lambda as lam, aws_s3 as s3, aws_s3_notifications as s3n\n\
                class Fit(Stack):\n    def __init__(self, scope, construct_id):\n        super().__init__(scope, construct_id)\n";
    let body: String = lines.iter().map(|line| format!("        {line}\n")).collect();
    format!("{head}{body}app = App()\nFit(app, 'Fit')\n")
}

fn check(lines: &[&str], wanted: &[&str]) {
    let text = stack(lines);
    let seen = says(&text);
    assert_eq!(seen, wanted, "{text}\n{}", seen.join("\n"));
}

const CODE: &str = "fit = lam.Function(self, 'Learn', handler='main.run', code=lam.Code.from_asset('work'))";

#[test]
fn what_may_not_be_made_is_only_meant() {
    check(
        &[
            CODE,
            "if self.node.try_get_context('weekly'):",
            "    events.Rule(self, 'R', schedule=events.Schedule.expression('rate(7 days)'), targets=[targets.LambdaFunction(fit)])",
        ],
        &[
            "5 Learn: uses main.run -> outside",
            "7 R: schedule: schedule \"rate(7 days)\" (only where condition `…()` holds)",
            "7 R: uses Learn -> Action Learn of .",
        ],
    );
    check(
        &[
            CODE,
            "rule = events.Rule(self, 'R', schedule=events.Schedule.expression('rate(7 days)'))",
            "if scope.weekly:",
            "    rule.add_target(targets.LambdaFunction(fit))",
        ],
        &[
            "5 Learn: uses main.run -> outside",
            "6 R: schedule: schedule \"rate(7 days)\" (only where condition `scope.weekly` holds)",
            "8 R: uses Learn -> Action Learn of .",
        ],
    );
    check(
        &[
            CODE,
            "if not scope.weekly:",
            "    return",
            "events.Rule(self, 'R', schedule=events.Schedule.expression('rate(7 days)'))",
        ],
        &[
            "5 Learn: uses main.run -> outside",
            "8 R: schedule: schedule \"rate(7 days)\" (only where condition `not not scope.weekly` holds)",
        ],
    );
    check(&["if False:", "    events.Rule(self, 'R', schedule=events.Schedule.expression('rate(7 days)'))"], &[]);
}

#[test]
fn what_is_not_literal_is_open() {
    check(
        &[
            CODE,
            "events.Rule(self, 'R', schedule=events.Schedule.expression(scope.every), enabled=scope.on, targets=[targets.LambdaFunction(scope.fit)])",
        ],
        &[
            "5 Learn: uses main.run -> outside",
            "6 R: schedule: schedule \"?\" (whether it is switched on is not said here)",
            "6 R: uses what only a deployment knows -> outside",
        ],
    );
    check(
        &[
            "if scope.other:",
            "    code = lam.Code.from_asset('one')",
            "else:",
            "    code = lam.Code.from_asset('two')",
            "lam.Function(self, 'F', handler='a.b', code=code)",
        ],
        &["9 F: uses code that is put together elsewhere -> outside"],
    );
}

#[test]
fn a_text_of_a_file_is_that_file() {
    check(
        &[
            "with open('work/main.py') as file:",
            "    text = file.read()",
            "lam.Function(self, 'F', handler='index.run', code=lam.Code.from_inline(text))",
        ],
        &["6 F: uses work/main.py -> outside"],
    );
}

#[test]
fn what_arrives_in_a_bucket_starts_a_function() {
    check(
        &[
            CODE,
            "rows = s3.Bucket(self, 'Rows')",
            "rows.add_event_notification(s3.EventType.OBJECT_CREATED, s3n.LambdaDestination(fit))",
        ],
        &["5 Learn: uses main.run -> outside", "7 Rows: uses Learn -> Action Learn of .", "7 Rows: data: an object arrives"],
    );
    check(
        &[
            CODE,
            "rows = s3.Bucket(self, 'Rows')",
            "rows.add_event_notification(s3.EventType.OBJECT_REMOVED, s3n.LambdaDestination(fit))",
        ],
        &["5 Learn: uses main.run -> outside"],
    );
}

#[test]
fn own_classes_are_what_they_build_on() {
    let text = "from aws_cdk import App, Stack, aws_events as events, aws_events_targets as targets, aws_lambda as lam
class Work(lam.Function):
    def __init__(self, scope, construct_id, **kwargs):
        super().__init__(scope, construct_id, handler='main.run', code=lam.Code.from_asset('work'), **kwargs)
class Fit(Stack):
    def __init__(self, scope, construct_id):
        super().__init__(scope, construct_id)
        work = Work(self, 'Learn')
        rule = events.Rule(self, 'R', schedule=events.Schedule.expression('rate(7 days)'))
        rule.add_target(targets.LambdaFunction(work))
app = App()
Fit(app, 'Fit')
";
    assert_eq!(
        says(text),
        [
            "4 Learn: uses main.run -> outside",
            "9 R: schedule: schedule \"rate(7 days)\"",
            "10 R: uses Learn -> Action Learn of ."
        ]
    );
}

#[test]
fn functions_that_make_parts_are_looked_into_once() {
    let text = "from aws_cdk import App, Stack, aws_lambda as lam
class Fit(Stack):
    def __init__(self, scope, construct_id):
        super().__init__(scope, construct_id)
        self.one = self.make('One', 'a.run')
        self.two = self.make('Two', 'b.run')
    def make(self, name, handler):
        return lam.Function(self, name, handler=handler, code=lam.Code.from_asset('work'))
app = App()
Fit(app, 'Fit')
";
    // two of one place: which runs what is not told
    assert_eq!(says(text), ["8 Function: uses code that is put together elsewhere -> outside"]);
}

#[test]
fn parts_of_other_files_and_paths_of_files_are_followed() {
    let text = "--- infra/cdk.json
{\"app\": \"python3 app.py\"}
--- infra/app.py
import aws_cdk as cdk
from stacks import Clock, Work
app = cdk.App()
work = Work(app, 'Work')
Clock(app, 'Clock', fit=work.fit)
--- infra/stacks/__init__.py
from .work import Work
from .clock import Clock
--- infra/stacks/work.py
from pathlib import Path
from aws_cdk import Stack, aws_lambda as lam
HERE = Path(__file__).resolve().parent
class Work(Stack):
    def __init__(self, scope, construct_id, **kwargs):
        super().__init__(scope, construct_id, **kwargs)
        self.fit = lam.Function(self, 'Learn', handler='main.run', code=lam.Code.from_asset(str(HERE.parent.parent / 'work')))
--- infra/stacks/clock.py
from aws_cdk import Stack, aws_events as events, aws_events_targets as targets, aws_lambda as lam
class Clock(Stack):
    def __init__(self, scope, construct_id, fit: lam.Function, **kwargs):
        super().__init__(scope, construct_id, **kwargs)
        events.CfnRule(self, 'R', schedule_expression='rate(7 days)', targets=[events.CfnRule.TargetProperty(arn=fit.function_arn, id='t')])
";
    assert_eq!(
        says(text),
        [
            "1 -: uses Work -> Manifest work.py of infra/stacks/work.py stage=",
            "1 -: uses Clock -> Manifest clock.py of infra/stacks/clock.py stage=",
            "5 R: schedule: schedule \"rate(7 days)\"",
            "5 R: uses Learn -> Action Learn of infra/stacks/work.py",
            "7 Learn: uses main.run -> outside",
        ]
    );
}

#[test]
fn states_of_other_files_are_told_where_the_machine_is() {
    let text = "--- app.py
from aws_cdk import App, Stack, aws_stepfunctions as sfn, aws_stepfunctions_tasks as tasks
from steps import Fit
class Flow(Stack):
    def __init__(self, scope, construct_id):
        super().__init__(scope, construct_id)
        say = tasks.CallAwsService(self, 'Say', service='sns', action='publish')
        flow = Fit(self).make().next(say)
        sfn.StateMachine(self, 'M', definition=flow)
app = App()
Flow(app, 'Flow')
--- steps.py
from aws_cdk import aws_stepfunctions_tasks as tasks
class Fit:
    def __init__(self, scope):
        self.scope = scope
    def make(self):
        return tasks.CallAwsService(self.scope, 'Fit', service='sagemaker', action='createTrainingJob')
";
    assert_eq!(
        says(text),
        [
            "7 M: manual: the service, by hand",
            "7 Fit: $ aws sagemaker create-training-job @.",
            "6 Say: $ aws sns publish @.",
            "6 Say: needs Fit"
        ]
    );
}

#[test]
fn odd_programs_end() {
    for lines in [
        &["a = events.Rule(self, 'R')", "a = a", "a.add_target(a)"][..],
        &["flow = None", "flow = flow.next(flow)"],
        &["x = [1] * 9", "events.Rule(self, x, schedule=events.Schedule.expression(f'{x}{x}'))"],
        &["events.Rule(*self, **self)", "events.Rule()", "events.CfnRule()"],
    ] {
        assert!(says(&stack(lines)).len() < 9, "{lines:?}");
    }
}
