use super::*;
use crate::facts::Context;
use crate::facts::ci::told_of;

fn of(path: &str, text: &str) -> Vec<String> {
    told_of(&read(&SourceFile::new(path.into(), text.to_owned()), &Context::default()))
}

const MAIN: &str = "param every string = '0 4 * * 1'
param live bool
resource fit 'Microsoft.App/jobs@2024-03-01' = {
  name: 'fit'
  properties: {
    configuration: {
      triggerType: 'Schedule'
      scheduleTriggerConfig: { cronExpression: every }
    }
    template: {
      containers: [{ image: 'late/fit:1', command: ['python', 'fit.py'], args: ['--all'] }]
    }
  }
}
resource maybe 'Microsoft.App/jobs@2024-03-01' = if (live) {
  properties: {
    configuration: {
      triggerType: 'Schedule'
      scheduleTriggerConfig: { cronExpression: often }
    }
    template: { containers: [{ image: '${store.properties.loginServer}/fit:2', command: more }] }
  }
}
resource never 'Microsoft.App/jobs@2024-03-01' = if (false) {
  properties: {
    configuration: { triggerType: 'Schedule', scheduleTriggerConfig: { cronExpression: every } }
    template: { containers: [{ image: image }] }
  }
}
resource api 'Microsoft.App/containerApps@2024-03-01' = {
  properties: {
    template: { containers: [{ image: '${store.properties.loginServer}/api:2' }] }
  }
}
resource site 'Microsoft.Web/sites@2023-12-01' = {
  properties: { siteConfig: { linuxFxVersion: 'DOCKER|late/site:1' } }
}
resource flow 'Microsoft.Logic/workflows@2019-05-01' = {
  properties: {
    state: 'Disabled'
    definition: {
      triggers: { daily: { type: 'Recurrence', recurrence: { frequency: 'Day', interval: 1 } } }
      actions: { call: { type: 'Http', inputs: { uri: 'https://late.example/run' } } }
    }
  }
}
resource space 'Microsoft.MachineLearningServices/workspaces@2024-10-01' existing = {
  name: 'late'
  resource endpoint 'onlineEndpoints' = {
    name: 'trees'
    resource blue 'deployments' = { name: 'blue' }
  }
}
resource slow 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: 'slow'
  properties: { enabled: false }
}
module other 'more/other.bicep' = { name: 'other' }
";

#[test]
fn resources_run_what_they_name() {
    let told = of("infra/main.bicep", MAIN);
    assert_eq!(
        told,
        [
            "58 main.bicep: uses more/other.bicep -> file infra/more/other.bicep",
            "8 fit: schedule: schedule \"0 4 * * 1\"",
            "7 fit: manual: the service, by hand",
            "11 fit: $ python fit.py --all @.",
            "19 maybe: schedule: schedule \"often\" (only where `live` holds)",
            "18 maybe: manual: the service, by hand",
            "21 maybe: uses a command that only a deployment knows -> outside",
            "24 never: Never(\"condition: false\")",
            "26 never: schedule: schedule \"0 4 * * 1\" condition: false",
            "26 never: manual: the service, by hand",
            "27 never: uses an image that only a deployment knows -> outside",
            "32 api: uses ${store.properties.loginServer}/api:2 -> outside",
            "36 site: uses late/site:1 -> outside",
            "42 flow: schedule: schedule \"every 1 Day\" state: Disabled",
            "43 flow: uses https://late.example/run -> outside",
            "51 blue: $ az ml online-deployment create --name blue @.",
            "56 slow: Never(\"enabled: false\")",
        ],
        "\n{}",
        told.join("\n")
    );
}

#[test]
fn json_says_the_same() {
    let text = r#"{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "parameters": { "every": { "type": "string", "defaultValue": "0 4 * * 1" }, "on": { "type": "bool" } },
  "resources": [
    { "type": "Microsoft.App/jobs", "name": "fit", "condition": "[parameters('on')]",
      "properties": {
        "configuration": { "triggerType": "Schedule", "scheduleTriggerConfig": { "cronExpression": "[parameters('every')]" } },
        "template": { "containers": [{ "image": "late/fit:1" }] } } },
    { "type": "Microsoft.MachineLearningServices/workspaces", "name": "late", "resources": [
      { "type": "schedules", "name": "weekly", "properties": {
          "isEnabled": true, "trigger": { "triggerType": "Cron", "expression": "0 1 * * 1" },
          "action": { "actionType": "CreateMonitor" } } } ] },
    { "type": "Microsoft.Resources/deployments", "properties": { "templateLink": { "relativePath": "more/other.json" } } },
    { "type": "Microsoft.Resources/deployments", "properties": { "template": { "resources": [
      { "type": "Microsoft.Web/sites/functions", "name": "tick", "properties": {
        "config": { "disabled": true, "bindings": [{ "type": "timerTrigger", "schedule": "0 0 4 * * *" }] } } } ] } } }
  ]
}
"#;
    let told = of("infra/azuredeploy.json", text);
    assert_eq!(
        told,
        [
            "13 azuredeploy.json: uses more/other.json -> file infra/more/other.json",
            "7 fit: schedule: schedule \"0 4 * * 1\" (only where `parameters('on')` holds)",
            "7 fit: manual: the service, by hand",
            "8 fit: uses late/fit:1 -> outside",
            "11 weekly: schedule: schedule \"0 1 * * 1\"",
            "16 tick: schedule: schedule \"0 0 4 * * *\" disabled: true",
            "15 tick: uses code that is put there by another way -> outside",
        ],
        "\n{}",
        told.join("\n")
    );
}

#[test]
fn odd_templates_are_no_panic() {
    for text in [
        "resource a 'Microsoft.App/jobs' = {\n",
        "resource a 'Microsoft.Logic/workflows@1' = { properties: { definition: { triggers: 3, actions: [1] } } }\n",
        "module a '../../../../x.bicep' = {}\nmodule b 'br/public:x:1' = {}\n",
        "param a string = a\nresource x 'Microsoft.App/jobs@1' = { properties: { configuration: { triggerType: a } } }\n",
    ] {
        assert!(of("main.bicep", text).len() < 4, "{text}");
    }
    let json = "{\"$schema\": \"x/deploymentTemplate.json#\", \"resources\": {\"a\": 3, \"b\": {\"type\": \"[x]\"}}}";
    assert!(of("main.json", json).is_empty());
}
