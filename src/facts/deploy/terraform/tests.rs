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
    // of two that take it in, only what both say alike is known
    let other = |more: &str| format!("module \"clock\" {{\n  source = \"../infra/clock\"\n{more}}}\n");
    let with = |more: &str| {
        let other = other(more);
        of("infra/clock/main.tf", &[files.as_slice(), &[("other/main.tf", other.as_str())]].concat())
    };
    assert!(with("  every = \"rate(7 days)\"\n")[0].ends_with("schedule \"rate(7 days)\""));
    assert!(!with("  every = \"rate(1 day)\"\n")[0].contains("rate"));
    let off = with("  every = \"rate(7 days)\"\n  on = \"DISABLED\"\n");
    assert!(off[0].ends_with("(whether it is switched on is not said here)"), "{}", off[0]);
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
fn a_pipeline_runs_its_builds_after_its_source() {
    let text = r#"variable "branch" { default = "main" }
resource "aws_codepipeline" "ship" {
  name = "ship"
  stage {
    name = "Source"
    action {
      name          = "code"
      category      = "Source"
      provider      = "CodeStarSourceConnection"
      configuration = { BranchName = var.branch }
    }
  }
  stage {
    name = "Build"
    action {
      name          = "fit"
      category      = "Build"
      provider      = "CodeBuild"
      configuration = { ProjectName = aws_codebuild_project.fit.name }
    }
  }
  stage {
    name = "Ask"
    action {
      name     = "yes"
      category = "Approval"
      provider = "Manual"
    }
  }
  stage {
    name = "Out"
    action {
      name          = "bring"
      category      = "Build"
      provider      = "CodeBuild"
      configuration = { ProjectName = "trees-bring" }
    }
  }
}
resource "aws_codebuild_project" "fit" {
  source {
    type      = "CODEPIPELINE"
    buildspec = <<-EOF
      version: 0.2
      phases:
        build:
          commands:
            - python fit.py --branch ${var.branch} --size $${SIZE} ${aws_s3_bucket.rows.id}
    EOF
  }
}
resource "aws_codebuild_project" "bring" {
  name = "trees-bring"
  source { buildspec = file("${path.module}/../ci/bring.yml") }
}
resource "aws_codebuild_project" "plain" {
  source {
    type      = "GITHUB"
    buildspec = yamlencode({ version = "0.2", phases = { build = { commands = ["make fit"] } } })
  }
}
resource "aws_codebuild_webhook" "plain" {
  count        = 0
  project_name = aws_codebuild_project.plain.name
  filter_group {
    filter {
      type    = "EVENT"
      pattern = "PUSH"
    }
    filter {
      type    = "HEAD_REF"
      pattern = "^refs/heads/main$"
    }
  }
  filter_group {
    filter {
      type    = "EVENT"
      pattern = "WORKFLOW_JOB_QUEUED"
    }
  }
}
"#;
    let told = of("infra/ci.tf", &[("infra/ci.tf", text)]);
    assert_eq!(
        told,
        [
            "54 aws_codebuild_project.bring: uses ci/bring.yml -> file ci/bring.yml",
            "48 build: $ python fit.py --branch main --size ${SIZE} $UNKNOWN @.",
            "59 build: $ make fit @.",
            "62 aws_codebuild_webhook.plain: Never(\"count = 0\")",
            "62 aws_codebuild_webhook.plain: push: push main main there shall be none of it (whether it follows this repository is not said here)",
            "64 aws_codebuild_webhook.plain: uses aws_codebuild_project.plain -> Action aws_codebuild_project.plain of .",
            "2 aws_codepipeline.ship: manual: the service, by hand",
            "6 aws_codepipeline.ship: push: push main main (whether it follows this repository is not said here)",
            "19 fit: uses aws_codebuild_project.fit -> Action aws_codebuild_project.fit of .",
            "32 bring: needs fit",
            "32 bring: manual: after `yes`, which waits for a person",
            "32 bring: Never(\"after `yes`, which waits for a person\")",
            "36 bring: uses aws_codebuild_project.bring -> Action aws_codebuild_project.bring of .",
        ],
        "\n{}",
        told.join("\n")
    );
}

#[test]
fn a_pipeline_of_the_platform_has_steps() {
    let text = r#"resource "aws_sagemaker_pipeline" "trees" {
  pipeline_name = "trees"
  pipeline_definition = jsonencode({
    Steps = [
      { Name = "Fit", Type = "Training", Arguments = { TrainingJobName = "trees" } },
      { Name = "Good", Type = "Condition", DependsOn = ["Fit"], Arguments = {
        IfSteps = [{ Name = "Keep", Type = "RegisterModel", Arguments = { ModelPackageGroupName = "trees" } }]
      } },
    ]
  })
}
resource "aws_scheduler_schedule" "weekly" {
  schedule_expression = "rate(7 days)"
  target { arn = aws_sagemaker_pipeline.trees.arn }
}
resource "aws_sagemaker_pipeline" "other" { pipeline_definition = file("other.json") }
"#;
    let other = "{\"Steps\": [{\"Name\": \"Fit\", \"Type\": \"Training\"}]}";
    let files = [("infra/ml.tf", text), ("infra/other.json", other)];
    let told = of("infra/ml.tf", &files);
    assert_eq!(
        told,
        [
            "16 aws_sagemaker_pipeline.other: uses aws_sagemaker_pipeline.other of infra/ml.tf -> Action aws_sagemaker_pipeline.other of infra/ml.tf of infra/other.json",
            "4 aws_sagemaker_pipeline.trees: manual: the service, by hand",
            "5 Fit: $ aws sagemaker create-training-job --training-job-name trees @.",
            "7 Keep: needs Good",
            "7 Keep: if Good",
            "7 Keep: $ aws sagemaker create-model-package --model-package-group-name trees @.",
            "6 Good: needs Fit",
            "13 aws_scheduler_schedule.weekly: schedule: schedule \"rate(7 days)\"",
            "14 aws_scheduler_schedule.weekly: uses aws_sagemaker_pipeline.trees -> Action aws_sagemaker_pipeline.trees of .",
        ],
        "\n{}",
        told.join("\n")
    );
    let told = of("infra/other.json", &files);
    assert_eq!(told[1..], ["1 Fit: $ aws sagemaker create-training-job @."]);
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
        "resource \"aws_codepipeline\" \"a\" { stage { action {} } }\n",
        "resource \"aws_codebuild_project\" \"a\" { source { buildspec = \"${\" } }\n",
        "resource \"aws_codebuild_webhook\" \"a\" { filter_group = [1] }\n",
        "resource \"aws_sagemaker_pipeline\" \"a\" { pipeline_definition = jsonencode({ Steps = [1, {}] }) }\n",
    ] {
        assert!(of("main.tf", &[("main.tf", text)]).len() < 4, "{text}");
    }
}

#[test]
fn of_what_there_shall_be_none_nothing_starts() {
    let rule = |several: &str| {
        format!(
            "variable \"on\" {{ default = false }}\nresource \"aws_cloudwatch_event_rule\" \"r\" {{\n  {several}\n  schedule_expression = \"rate(7 days)\"\n}}\nresource \"aws_cloudwatch_event_target\" \"r\" {{\n  rule = aws_cloudwatch_event_rule.r.name\n  arn = aws_lambda_function.fit.arn\n}}\n"
        )
    };
    let says = |text: &str, files: &[(&str, &str)]| {
        let mut all = vec![("ml/r.tf", text), ("ml/code.tf", CODE)];
        all.extend(files);
        let told = of("ml/r.tf", &all);
        let off = told.iter().any(|line| line.contains("schedule") && line.contains("there shall be none of it"));
        assert!(told.iter().any(|line| line.contains("schedule: ")), "{told:?}");
        off
    };
    for (several, off) in [
        ("count = 0", true),
        ("for_each = {}", true),
        ("count = var.on ? 1 : 0", true),
        ("count = 2", false),
        ("count = var.on ? 0 : 1", false),
    ] {
        assert_eq!(says(&rule(several), &[]), off, "{several}");
    }
    assert!(says(&rule("count = 1"), &[("main.tf", "module \"ml\" {\n  source = \"./ml\"\n  count = 0\n}\n")]));
    assert!(!says(&rule("count = 1"), &[("main.tf", "module \"ml\" {\n  source = \"./ml\"\n}\n")]));
}
