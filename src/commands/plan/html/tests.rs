use serde_json::{Value as Json, json};

use super::*;
use crate::secret::Secret;

fn plan_with(deployments: &Json, steps: &Json) -> Plan {
    serde_json::from_value(json!({
        "schema": 1, "api_url": "http://h/api",
        "selection": {"entrypoint": null, "all": true, "names": [], "prefect_file": null},
        "deployments": deployments, "steps": steps,
        "findings": [{"severity": "warning", "code": "odd", "message": HOSTILE, "file": HOSTILE, "line": 3}],
    }))
    .unwrap()
}

fn deployment(name: &str, action: &str, changes: &Json) -> Json {
    json!({
        "name": name, "action": action, "id": null, "changes": changes, "kept": [],
        "flow": {"grade": "approximate", "reasons": [HOSTILE]}, "fingerprint": {"live": "", "desired": ""},
    })
}

fn step(deployments: &[&str]) -> Json {
    json!({
        "name": format!("a.b.{HOSTILE}"), "id": HOSTILE, "section": "build", "inputs": {"script": HOSTILE},
        "place": format!("{HOSTILE}:3"), "deployments": deployments,
    })
}

fn page(plan: &Plan, redactor: &Redactor) -> String {
    let links = Links::new(Some("javascript:alert(1)//"));
    let created = "2026-01-01 00:00 UTC".to_owned();
    super::plan(
        plan,
        &PageContext { links: &links, redactor, created, project: "flows".to_owned(), commit: None },
    )
    .unwrap()
}

const HOSTILE: &str = "</script></style></title><img src=x onerror=alert(1)>\"'{{ version }}&";

#[test]
fn escapes_all_text_of_a_plan() {
    let changes = json!([{"field": HOSTILE, "old": {HOSTILE: HOSTILE}, "new": {HOSTILE: "x"}}]);
    let mut hostile = deployment(HOSTILE, "update", &changes);
    hostile["id"] = json!(uuid::Uuid::nil());
    hostile["kept"] = json!([{"field": HOSTILE, "value": HOSTILE, "reason": HOSTILE}]);
    hostile["selected_by"] = json!([{"option": "--select", "value": HOSTILE, "details": [HOSTILE]}]);
    let harmless = deployment("a/b", "update", &json!([{"field": "version", "old": "1", "new": "2"}]));
    let tags = |text: &str| text.matches('<').count();
    let redactor = Redactor::default();
    let found = page(&plan_with(&json!([hostile]), &json!([step(&[HOSTILE])])), &redactor);
    assert!(!found.contains("<img") && !found.contains("javascript:"), "{found}");
    assert_eq!(found.matches("</script>").count(), 1);
    let mut like = harmless;
    like["id"] = json!(uuid::Uuid::nil());
    like["kept"] = json!([{"field": "x", "value": "x", "reason": "x"}]);
    like["selected_by"] = json!([{"option": "--select", "value": "x", "details": ["x"]}]);
    let expected = page(&plan_with(&json!([like]), &json!([step(&["a/b"])])), &redactor);
    assert_eq!(tags(&found), tags(&expected), "the page has no additional elements");
}

#[test]
fn redacts_secrets_before_cutting_names() {
    let redactor = Redactor::default();
    redactor.learn(&Secret::new("qyz&<jerry>"));
    let name = format!("flow/{}qyz&<jerry>", "x".repeat(30));
    let change = json!([{"field": "description", "old": "qyz&<jerry>", "new": "b"}]);
    let found =
        page(&plan_with(&json!([deployment(&name, "update", &change)]), &json!([step(&[&name])])), &redactor);
    assert!(!found.contains("jerry") && !found.contains("qyz"), "{found}");
}

#[test]
fn groups_deployments_with_the_same_steps() {
    let names: Vec<String> = (0..300).map(|number| format!("etl/d{number}")).collect();
    let all: Vec<Json> = names.iter().map(|name| deployment(name, "create", &json!([]))).collect();
    let every: Vec<&str> = names.iter().map(String::as_str).collect();
    let plan = plan_with(&json!(all), &json!([step(&every[..299]), step(&every[..100])]));
    let graph = json!(Graph::new(&plan, &Redactor::default()));
    let heads: Vec<&Json> = graph["groups"].as_array().unwrap().iter().map(|group| &group["head"]).collect();
    assert_eq!(heads, ["199 deployments", "100 deployments"]);
    assert_eq!((&graph["groups"][0]["more"], &graph["without"]), (&json!(192), &json!(1)));
    assert_eq!(graph["edges"].as_array().unwrap().len(), 3);
    assert!(Graph::new(&plan_with(&json!(all), &json!([])), &Redactor::default()).is_none());
}

#[test]
fn lists_deletions_first() {
    let all =
        ["unchanged", "create", "update", "delete"].map(|action| deployment(action, action, &json!([])));
    let found = page(&plan_with(&json!(all), &json!([])), &Redactor::default());
    let order = ["delete", "update", "create", "unchanged"];
    let places = order.map(|action| found.find(&format!("class=\"deployment {action}\"")).unwrap());
    assert!(places.is_sorted(), "{places:?}");
}
