use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::fact::{Joined, Whole};
use crate::facts::ci::told_of;
use crate::source::RepoPath;
use crate::syntax::hcl;

/// What one file of a folder states that is read with the others.
fn of(path: &str, files: &[(&str, &str)]) -> Vec<String> {
    let documents: BTreeMap<RepoPath, Arc<crate::syntax::tree::Tree>> =
        files.iter().map(|(path, text)| ((*path).into(), Arc::new(hcl::parse(text).tree))).collect();
    let root: RepoPath = files.first().map_or("", |(path, _)| *path).into();
    let whole = Whole { root, documents, ..Whole::default() };
    let joined = Joined { wholes: vec![whole], ..Joined::default() };
    let context = Context { joined, ..Context::default() };
    let text = files.iter().find(|(p, _)| *p == path).map_or("", |(_, text)| *text);
    told_of(&read(&SourceFile::new(path.into(), text.to_owned()), &context))
}

const CODE: &str = r#"data "archive_file" "fit" {
  type        = "zip"
  source_dir  = "${path.module}/../src"
  output_path = "fit.zip"
}
resource "aws_lambda_function" "fit" {
  filename = data.archive_file.fit.output_path
  handler  = "fit.handler"
  runtime  = "python3.12"
}
resource "aws_ecr_repository" "trees" { name = "late/trees" }
resource "aws_lambda_function" "answer" {
  image_uri    = "${aws_ecr_repository.trees.repository_url}:latest"
  package_type = "Image"
}
"#;

const CLOCK: &str = r#"variable "every" { default = "rate(7 days)" }
resource "aws_cloudwatch_event_rule" "weekly" {
  schedule_expression = var.every
}
resource "aws_cloudwatch_event_target" "weekly" {
  rule = aws_cloudwatch_event_rule.weekly.name
  arn  = aws_lambda_function.fit.arn
}
resource "aws_scheduler_schedule" "flow" {
  schedule_expression = "rate(1 day)"
  state               = "DISABLED"
  target {
    arn = aws_sfn_state_machine.flow.arn
  }
}
resource "aws_scheduler_schedule" "named" {
  count               = var.live ? 1 : 0
  schedule_expression = "rate(1 day)"
  target {
    arn   = "arn:aws:scheduler:::aws-sdk:sagemaker:startPipelineExecution"
    input = jsonencode({ PipelineName = "rents" })
  }
}
resource "aws_sfn_state_machine" "flow" {
  definition = jsonencode({
    StartAt = "fit"
    States = {
      fit  = { Type = "Task", Resource = aws_lambda_function.fit.arn, Next = "tell" }
      tell = { Type = "Task", Resource = "arn:aws:states:::sns:publish", End = true }
    }
  })
}
"#;

#[test]
fn the_files_of_a_folder_know_each_other() {
    let files = [("infra/clock.tf", CLOCK), ("infra/code.tf", CODE)];
    let told = of("infra/clock.tf", &files);
    assert_eq!(
        told,
        [
            "3 aws_cloudwatch_event_rule.weekly: schedule: schedule \"rate(7 days)\"",
            "2 aws_cloudwatch_event_rule.weekly: uses aws_lambda_function.fit -> Action aws_lambda_function.fit of infra/code.tf",
            "10 aws_scheduler_schedule.flow: schedule: schedule \"rate(1 day)\" state = DISABLED",
            "13 aws_scheduler_schedule.flow: uses aws_sfn_state_machine.flow -> Action aws_sfn_state_machine.flow of .",
            "18 aws_scheduler_schedule.named: schedule: schedule \"rate(1 day)\" (whether it is there at all is decided when it is applied)",
            "20 aws_scheduler_schedule.named: $ aws sagemaker start-pipeline-execution --pipeline-name rents @.",
            "25 aws_sfn_state_machine.flow: manual: the service, by hand",
            "28 fit: uses aws_lambda_function.fit -> Action aws_lambda_function.fit of infra/code.tf",
            "29 tell: $ aws sns publish @.",
            "29 tell: needs fit",
        ],
        "\n{}",
        told.join("\n")
    );
    let told = of("infra/code.tf", &files);
    assert_eq!(
        told,
        ["13 aws_lambda_function.answer: uses late/trees -> outside", "8 aws_lambda_function.fit: uses fit.handler -> outside",],
        "\n{}",
        told.join("\n")
    );
}

#[test]
fn a_definition_may_lie_in_a_file_that_is_read() {
    let machine = "resource \"aws_sfn_state_machine\" \"flow\" {\n  definition = templatefile(\"${path.module}/flow.json\", {\n    fit = aws_lambda_function.fit.arn\n  })\n}\n";
    let states = "{\"StartAt\": \"a\", \"States\": {\"a\": {\"Type\": \"Task\",\n  \"Resource\": \"${fit}\"}}}\n";
    let files = [("infra/flow.tf", machine), ("infra/code.tf", CODE), ("infra/flow.json", states)];
    let told = of("infra/flow.tf", &files);
    assert_eq!(
        told,
        [
            "2 aws_sfn_state_machine.flow: uses aws_sfn_state_machine.flow of infra/flow.tf -> Action aws_sfn_state_machine.flow of infra/flow.tf of infra/flow.json"
        ],
    );
    let told = of("infra/flow.json", &files);
    assert_eq!(told[1..], ["2 a: uses aws_lambda_function.fit -> Action aws_lambda_function.fit of infra/code.tf"]);
}

#[test]
fn a_folder_that_is_taken_in_is_given_its_values() {
    let main = "module \"code\" { source = \"./code\" }\nmodule \"clock\" {\n  source = \"./clock\"\n  every  = \"rate(7 days)\"\n  target = module.code.fit\n}\n";
    let clock = "variable \"every\" {}\nvariable \"on\" { default = \"ENABLED\" }\nresource \"aws_scheduler_schedule\" \"go\" {\n  schedule_expression = var.every\n  state = var.on\n  target {\n    arn = var.target\n  }\n}\n";
    let code = format!("{CODE}output \"fit\" {{ value = aws_lambda_function.fit.arn }}\n");
    let files = [("infra/main.tf", main), ("infra/clock/main.tf", clock), ("infra/code/main.tf", code.as_str())];
    let told = of("infra/clock/main.tf", &files);
    assert_eq!(
        told,
        [
            "4 aws_scheduler_schedule.go: schedule: schedule \"rate(7 days)\"",
            "7 aws_scheduler_schedule.go: uses aws_lambda_function.fit -> Action aws_lambda_function.fit of infra/code/main.tf",
        ],
    );
    // two that take it in may give different things
    let again = [files.as_slice(), &[("other/main.tf", "module \"clock\" {\n  source = \"../infra/clock\"\n}\n")]].concat();
    let told = of("infra/clock/main.tf", &again);
    assert!(told[0].ends_with("(whether it is switched on is not said here)"), "{}", told[0]);
}

#[test]
fn published_modules_make_rules_and_functions() {
    let text = r#"module "fit" {
  source      = "terraform-aws-modules/lambda/aws"
  handler     = "fit.handler"
  source_path = "./src"
}
module "rules" {
  source = "terraform-aws-modules/eventbridge/aws"
  rules = {
    weekly = { schedule_expression = "rate(7 days)", state = "DISABLED" }
    chosen = { event_pattern = jsonencode({ source = ["aws.sagemaker"], "detail-type" = ["SageMaker Model Package State Change"] }) }
  }
  targets = {
    chosen = [{ name = "fit", arn = module.fit.lambda_function_arn }]
  }
}
"#;
    let told = of("main.tf", &[("main.tf", text)]);
    assert_eq!(
        told,
        [
            "1 module.fit: uses fit.handler -> outside",
            "9 module.rules.weekly: schedule: schedule \"rate(7 days)\" state = DISABLED",
            "10 module.rules.chosen: registry: event SageMaker Model Package State Change",
            "13 module.rules.chosen: uses module.fit -> Action module.fit of .",
        ],
        "\n{}",
        told.join("\n")
    );
}

#[test]
fn a_job_of_a_scheduler_calls_a_function() {
    let text = r#"resource "google_cloud_scheduler_job" "weekly" {
  schedule = "0 4 * * 1"
  paused   = true
  pubsub_target { topic_name = google_pubsub_topic.go.id }
}
resource "google_cloud_scheduler_job" "job" {
  schedule = var.every
  http_target {
    uri = "https://run.example/v2/jobs/${google_cloud_run_v2_job.fit.name}:run"
  }
}
resource "google_pubsub_topic" "go" { name = "go" }
resource "google_cloudfunctions2_function" "fit" {
  build_config {
    runtime     = "python312"
    entry_point = "fit"
    source {
      storage_source { object = google_storage_bucket_object.code.name }
    }
  }
  event_trigger {
    event_type   = "google.cloud.pubsub.topic.v1.messagePublished"
    pubsub_topic = google_pubsub_topic.go.id
  }
}
resource "google_storage_bucket_object" "code" { source = data.archive_file.code.output_path }
data "archive_file" "code" { source_dir = "./fn" }
resource "google_cloud_run_v2_job" "fit" {
  template {
    template {
      containers { image = "late/fit:3" }
    }
  }
}
"#;
    let told = of("main.tf", &[("main.tf", text)]);
    assert_eq!(
        told,
        [
            "31 google_cloud_run_v2_job.fit: uses late/fit:3 -> outside",
            "7 google_cloud_scheduler_job.job: schedule: schedule \"var.every\" (its times are not said here)",
            "9 google_cloud_scheduler_job.job: uses google_cloud_run_v2_job.fit -> Action google_cloud_run_v2_job.fit of .",
            "2 google_cloud_scheduler_job.weekly: schedule: schedule \"0 4 * * 1\" paused = true",
            "4 google_cloud_scheduler_job.weekly: uses google_pubsub_topic.go -> Action google_pubsub_topic.go of .",
            "16 google_cloudfunctions2_function.fit: uses main.fit -> outside",
            "21 google_cloudfunctions2_function.fit: data: a message (topic) (what is sent there is not in this repository)",
            "12 google_pubsub_topic.go: uses google_cloudfunctions2_function.fit -> Action google_cloudfunctions2_function.fit of .",
        ],
        "\n{}",
        told.join("\n")
    );
}

#[test]
fn terraform_names_what_is_built_and_when() {
    let text = "resource \"google_cloudbuild_trigger\" \"fit\" {
  name = \"fit\"
  filename = \"ci/cloudbuild.yaml\"
  github {
    push { branch = \"^main$\" }
  }
}
resource \"google_cloudbuild_trigger\" \"off\" {
  disabled = true
  filename = \"b.yaml\"
  trigger_template { tag_name = \"v.*\" }
}
resource \"google_cloudbuild_trigger\" \"hand\" {
  filename = \"c.yaml\"
}
resource \"google_cloudbuild_trigger\" \"open\" {
  filename = var.file
}
";
    let told = of("infra/ci.tf", &[("infra/ci.tf", text)]);
    assert_eq!(
        told,
        [
            "5 google_cloudbuild_trigger.fit: push: push main main (somebody must apply the configuration)",
            "3 google_cloudbuild_trigger.fit: uses ci/cloudbuild.yaml -> file ci/cloudbuild.yaml",
            "13 google_cloudbuild_trigger.hand: manual: a person runs the trigger",
            "14 google_cloudbuild_trigger.hand: uses c.yaml -> file c.yaml",
            "11 google_cloudbuild_trigger.off: tag: tag disabled = true (somebody must apply the configuration)",
            "10 google_cloudbuild_trigger.off: uses b.yaml -> file b.yaml",
        ]
    );
}

#[test]
fn odd_configurations_are_no_panic() {
    for text in [
        "resource \"aws_lambda_function\" \"a\" {}\n",
        "resource \"aws_scheduler_schedule\" \"a\" { schedule_expression = [1] }\n",
        "locals { a = local.a }\nresource \"aws_cloudwatch_event_rule\" \"a\" { schedule_expression = local.a }\n",
        "resource \"aws_sfn_state_machine\" \"a\" { definition = file(\"x.json\") }\n",
        "resource \"helm_release\" \"a\" { chart = \"../../../x\" }\n",
        "module \"a\" { source = \"terraform-aws-modules/lambda/aws\" }\n",
        "resource = 3\nresource \"aws_sns_topic\" \"a\" {}\n",
    ] {
        assert!(of("main.tf", &[("main.tf", text)]).len() < 4, "{text}");
    }
}
