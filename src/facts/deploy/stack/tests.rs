use super::*;
use crate::facts::ci::told_of;

fn of(path: &str, text: &str) -> Vec<String> {
    told_of(&read(&SourceFile::new(path.into(), text.to_owned()), &Context::default()))
}

#[test]
fn functions_run_what_starts_them() {
    let text = "Transform: AWS::Serverless-2016-10-31
Globals:
  Function: {Runtime: python3.12, CodeUri: svc/}
Resources:
  Fit:
    Type: AWS::Serverless::Function
    Properties:
      Handler: fit.handler
      Events:
        Weekly:
          Type: Schedule
          Properties: {Schedule: rate(7 days), Enabled: false}
        Rows:
          Type: S3
          Properties: {Bucket: !Ref Rows, Events: 's3:ObjectCreated:*'}
  Answer:
    Type: AWS::Serverless::Function
    Metadata: {Dockerfile: Dockerfile.answer, DockerContext: ./svc}
    Properties:
      PackageType: Image
      Events:
        Ask: {Type: HttpApi}
  Old:
    Type: AWS::Lambda::Function
    Properties: {Handler: old.handler, Code: {S3Bucket: b, S3Key: k}}
  Text:
    Type: AWS::Lambda::Function
    Properties:
      Handler: index.handler
      Runtime: python3.12
      Code:
        ZipFile: |
          def handler(event, context):
              learn()
  Other:
    Type: AWS::Serverless::Function
    Properties: {Runtime: nodejs20.x, Handler: a.b}
";
    let told = of("stack/template.yaml", text);
    assert_eq!(
        told,
        [
            "18 Answer: uses Dockerfile.answer -> file stack/svc/Dockerfile.answer",
            "22 Answer: api: a request (api) (who calls is not in this repository)",
            "8 Fit: uses fit.handler -> outside",
            "12 Fit: schedule: schedule \"rate(7 days)\" Enabled: false",
            "13 Fit: data: an object arrives",
            "25 Old: uses code that is put together elsewhere -> outside",
            "37 Other: uses code that is put together elsewhere -> outside",
            "33 Text: $ python @. [python]",
        ],
        "\n{}",
        told.join("\n")
    );
}

#[test]
fn rules_pass_on_to_what_they_name() {
    let text = "Parameters:
  Every: {Default: cron(0 4 ? * MON *)}
Conditions: {Live: !Equals [a, a]}
Resources:
  Clock:
    Type: AWS::Events::Rule
    Properties:
      ScheduleExpression: !Ref Every
      State: DISABLED
      Targets: [{Arn: !GetAtt Flow.Arn, Id: a}, {Arn: !Ref Lost, Id: b}]
  Sometimes:
    Type: AWS::Scheduler::Schedule
    Condition: Live
    Properties:
      ScheduleExpression: rate(1 day)
      Target:
        Arn: arn:aws:scheduler:::aws-sdk:sagemaker:startPipelineExecution
        Input: '{\"PipelineName\": \"rents\"}'
  Arrives:
    Type: AWS::Events::Rule
    Properties:
      EventPattern: {source: [aws.s3]}
      Targets: [{Arn: !Sub 'arn:aws:sqs:${AWS::Region}:1:${Line}', Id: a}]
  Line: {Type: 'AWS::SQS::Queue'}
  Takes:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {EventSourceArn: !GetAtt Line.Arn, FunctionName: !Ref Work}
  Work: {Type: 'AWS::Lambda::Function', Properties: {Code: src, Handler: a.b}}
  Flow:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      DefinitionString: !Sub |
        {\"StartAt\": \"fit\",
         \"States\": {
          \"fit\": {\"Type\": \"Task\", \"Resource\": \"arn:aws:states:::sagemaker:createTrainingJob.sync\", \"Next\": \"tell\"},
          \"tell\": {\"Type\": \"Task\", \"Resource\": \"${Work.Arn}\", \"End\": true}}}
";
    let told = of("stack.yml", text);
    assert_eq!(
        told,
        [
            "22 Arrives: data: event aws.s3",
            "23 Arrives: uses Line -> Action Line of .",
            "8 Clock: schedule: schedule \"cron(0 4 ? * MON *)\" State: DISABLED",
            "10 Clock: uses Flow -> Action Flow of .",
            "10 Clock: uses ${Lost} -> outside",
            "33 Flow: manual: the service, by hand",
            "35 fit: $ aws sagemaker create-training-job @.",
            "36 tell: uses Work -> Action Work of .",
            "36 tell: needs fit",
            "26 Line: uses Takes -> Action Takes of .",
            "15 Sometimes: schedule: schedule \"rate(1 day)\" (only where condition `Live` holds)",
            "17 Sometimes: $ aws sagemaker start-pipeline-execution --pipeline-name rents @.",
            "26 Takes: data: a message (event source) (what is sent there is not in this repository)",
            "27 Takes: uses Work -> Action Work of .",
            "28 Work: uses a.b -> outside",
        ],
        "\n{}",
        told.join("\n")
    );
}

#[test]
fn a_pipeline_runs_its_actions_after_its_source() {
    let text = "Resources:
  Ship:
    Type: AWS::CodePipeline::Pipeline
    Properties:
      Stages:
        - Name: Source
          Actions:
            - Name: code
              ActionTypeId: {Category: Source, Provider: CodeStarSourceConnection}
              Configuration: {BranchName: main}
        - Name: Build
          Actions:
            - Name: fit
              ActionTypeId: {Category: Build, Provider: CodeBuild}
              Configuration: {ProjectName: !Ref Fit}
        - Name: Ask
          Actions: [{Name: yes, ActionTypeId: {Category: Approval, Provider: Manual}}]
        - Name: Out
          Actions:
            - Name: bring
              ActionTypeId: {Category: Deploy, Provider: CloudFormation}
              Configuration: {TemplatePath: 'Code::stack/run.yml'}
  Fit:
    Type: AWS::CodeBuild::Project
    Properties:
      Source:
        BuildSpec: |
          version: 0.2
          phases:
            build:
              commands:
                - python fit.py
  Plain:
    Type: AWS::CodeBuild::Project
    Properties:
      Source: {BuildSpec: ci/buildspec.yml}
      Triggers: {Webhook: true, FilterGroups: [[{Type: EVENT, Pattern: PULL_REQUEST_CREATED}]]}
";
    let told = of("stack.yml", text);
    assert_eq!(
        told,
        [
            "32 build: $ python fit.py @.",
            "37 Plain: pr: pr (whether it follows this repository is not said here)",
            "36 Plain: uses ci/buildspec.yml -> file ci/buildspec.yml",
            "6 Ship: manual: the service, by hand",
            "8 Ship: push: push main main (whether it follows this repository is not said here)",
            "15 fit: uses Fit -> Action Fit of .",
            "20 bring: needs fit",
            "20 bring: manual: after `yes`, which waits for a person",
            "20 bring: Never(\"after `yes`, which waits for a person\")",
            "20 bring: $ aws cloudformation deploy --template-file stack/run.yml @.",
        ],
        "\n{}",
        told.join("\n")
    );
}

#[test]
fn a_pipeline_may_say_what_starts_it_and_which_stage_is_closed() {
    let text = "Resources:
  Ship:
    Type: AWS::CodePipeline::Pipeline
    Properties:
      Triggers:
        - ProviderType: CodeStarSourceConnection
          GitConfiguration:
            Push:
              - Tags: {Includes: ['v*']}
              - Branches: {Includes: [main]}
            PullRequest: [{Events: [OPEN]}]
      DisableInboundStageTransitions: [{StageName: Build, Reason: later}]
      Stages:
        - Name: Source
          Actions: [{Name: code, ActionTypeId: {Category: Source, Provider: CodeStarSourceConnection}}]
        - Name: Build
          Actions: [{Name: fit, ActionTypeId: {Category: Invoke, Provider: Lambda}, Configuration: {FunctionName: fit}}]
";
    let told = of("stack.yml", text);
    let closed = "stage `Build`, to which the way is closed (DisableInboundStageTransitions)";
    assert_eq!(
        told,
        [
            "9 Ship: tag: tag (whether it follows this repository is not said here)".to_owned(),
            "10 Ship: push: push main main (whether it follows this repository is not said here)".to_owned(),
            "11 Ship: pr: pr (whether it follows this repository is not said here)".to_owned(),
            "14 Ship: manual: the service, by hand".to_owned(),
            format!("17 fit: manual: {closed}"),
            format!("17 fit: Never(\"{closed}\")"),
            "17 fit: uses fit -> outside".to_owned(),
        ],
        "\n{}",
        told.join("\n")
    );
}

#[test]
fn odd_templates_are_no_panic() {
    let deep = format!(
        "Resources: {{A: {{Type: 'AWS::Events::Rule', Properties: {{ScheduleExpression: {}x{}}}}}}}\n",
        "{'Fn::Sub': ".repeat(50),
        "}".repeat(50)
    );
    for text in [
        "Resources: 3 # AWS::\n",
        "Resources: {A: {Type: 'AWS::Serverless::Function', Properties: [1], Metadata: 3}}\n",
        "Resources: {A: {Type: 'AWS::StepFunctions::StateMachine', Properties: {DefinitionString: [a, {b: 3}]}}}\n",
        "Resources: {A: {Type: 'AWS::CodePipeline::Pipeline', Properties: {Stages: [{Actions: [3, {}]}]}}}\n",
        "Resources: {A: {Type: 'AWS::SageMaker::Pipeline', Properties: {PipelineDefinition: {PipelineDefinitionBody: '{\"Steps\": [1, {}]}'}}}}\n",
        "Resources: {A: {Type: 'AWS::SNS::Topic', Properties: {Subscription: [{Endpoint: !Ref A}]}}}\n",
        "{\"Resources\": {\"A\": {\"Type\": \"AWS::Batch::JobDefinition\", \"Properties\": {\"ContainerProperties\": {\"Command\": [[1]]}}}}}",
        &deep,
    ] {
        assert!(is_template(text), "{text}");
        assert!(of("x/stack.yml", text).len() < 4, "{text}");
    }
    assert!(!is_template("kind: AWS::x\nspec: {Resources: 3}\n"));
}
