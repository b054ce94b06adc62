use crate::deployment::triggers::*;

const DEPLOYMENT: &str = "5f1c9d2e-0000-4000-8000-000000000001";

#[derive(serde::Deserialize)]
struct Case {
    triggers: Vec<Value>,
    bodies: Option<Json>,
}

fn parse(yaml: &str) -> Result<Triggers, Vec<ItemError>> {
    triggers(&serde_yaml::from_str::<Vec<Value>>(yaml).unwrap(), "watched")
}

#[test]
fn bodies_match_prefect() {
    let cases: Vec<Case> =
        serde_json::from_str(include_str!("../../../tests/data/triggers/automations.json")).unwrap();
    assert!(cases.len() > 80);
    let deployment: Uuid = DEPLOYMENT.parse().unwrap();
    for case in cases {
        let found = triggers(&case.triggers, "watched").ok().map(|found| {
            found.triggers.iter().map(|trigger| trigger.automation_body(deployment)).collect::<Json>()
        });
        assert_eq!(found, case.bodies, "{:?}", case.triggers);
    }
}

#[test]
fn names_automations_as_the_reference_does() {
    let found = parse("[{name: first}, {}, {name: null}, {name: ''}, {}]").unwrap();
    let deployment: Uuid = DEPLOYMENT.parse().unwrap();
    let names: Vec<_> = found.triggers.iter().map(|trigger| trigger.automation(deployment).name).collect();
    let unnamed = format!("Automation for deployment {DEPLOYMENT}");
    assert_eq!(names, ["first", "watched__automation_2", &unnamed, &unnamed, "watched__automation_5"]);
    let planned = found.triggers[2].planned_body();
    assert_eq!(planned["name"], "Automation for deployment (id of the deployment)");
}

/// Prefect before 3.9 raises a `TypeError` here.
#[test]
fn parses_durations_of_proactive_triggers() {
    let found = parse("[{posture: Proactive, within: PT1M}]").unwrap();
    let body = found.triggers[0].automation_body(DEPLOYMENT.parse().unwrap());
    assert_eq!(body["trigger"]["within"], json!(60.0));
}

#[test]
fn reports_all_errors_with_their_locations() {
    let found = parse(
        "- {expect: a, threshold: many}
- {triggers: [{}, {triggers: [{posture: Proactive, within: 3}], require: 2}]}
- {type: metric, metric: {name: lateness, operator: '>', threshold: 1, range: 60}}
- {type: compund}
- {posture: reactive}
- text
- {within: -1}
",
    )
    .unwrap_err();
    let paths: Vec<String> = found.iter().map(|error| error.path.to_string()).collect();
    let found: Vec<_> = found
        .iter()
        .zip(&paths)
        .map(|(error, path)| (error.index, path.as_str(), error.message.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            (0, "expect", "expected a list, found a string"),
            (0, "threshold", "expected an integer, found a string"),
            (
                1,
                "triggers[1].triggers[0].within",
                "`within` for Proactive triggers must be greater than or equal to 10 seconds"
            ),
            (1, "triggers[1].require", "require must be less than or equal to the number of triggers"),
            (2, "metric.range", "The minimum range is 300 seconds (5 minutes)"),
            (
                3,
                "type",
                "'compund' is not one of event, metric, compound, sequence; did you mean `compound`?"
            ),
            (4, "posture", "'reactive' is not one of Reactive, Proactive; did you mean `Reactive`?"),
            (5, "", "expected a mapping, found a string"),
            (6, "within", "the value must not be negative"),
        ]
    );
}

#[test]
fn reports_unknown_keys() {
    let found = parse("[{expcet: [a], name: x}, {triggers: [{name: y, for_each: []}], metric: {}}]").unwrap();
    let found: Vec<_> =
        found.unknown_keys.iter().map(|key| (key.index, key.path.to_string(), key.suggestion)).collect();
    let expected = [(0, "expcet", Some("expect")), (1, "metric", None), (1, "triggers[0].name", None)];
    assert_eq!(found, expected.map(|(index, path, suggestion)| (index, path.to_owned(), suggestion)));
}

#[test]
fn keeps_and_reports_unknown_metrics() {
    let found = parse("[{type: metric, metric: {name: latenes, threshold: 1, operator: '>'}}]").unwrap();
    let body = found.triggers[0].automation_body(DEPLOYMENT.parse().unwrap());
    assert_eq!(body["trigger"]["metric"]["name"], "latenes");
    assert_eq!(
        warnings(&found),
        ["metric.name: unknown metric 'latenes'; the server may reject it, did you mean 'lateness'?"]
    );
}

#[test]
fn negative_periods_of_composite_triggers_are_kept_and_noted() {
    let found = parse(
        "[{triggers: [{}], require: any, within: -PT1M}, {triggers: [{triggers: [{}], within: -0.5}]}]",
    );
    let found = found.unwrap();
    let body = found.triggers[0].automation_body(DEPLOYMENT.parse().unwrap());
    assert_eq!(body["trigger"]["within"], json!(-60.0));
    let message = "`within` is negative, so multiple events never fire the trigger, use a positive duration";
    assert_eq!(warnings(&found), [format!("within: {message}"), format!("triggers[0].within: {message}")]);
}

fn warnings(found: &Triggers) -> Vec<String> {
    let text = |warning: &ItemWarning| {
        format!("{}: {}, {}", warning.path, warning.message, warning.help.as_deref().unwrap_or_default())
    };
    found.warnings.iter().map(text).collect()
}
