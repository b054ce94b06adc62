//! Uses sample values to check whether a schema accepts every value that another schema accepts.

use serde_json::{Value as Json, json};

/// Returns whether `ours` accepts every sample value that `real` accepts, and requires no additional parameters.
pub(super) fn accepts_all_of(ours: &Json, real: &Json) -> bool {
    let names = |schema: &Json, key: &str| -> Vec<String> {
        let list = schema[key].as_array().cloned().unwrap_or_default();
        list.iter().filter_map(Json::as_str).map(str::to_owned).collect()
    };
    let required = names(real, "required");
    let properties = real["properties"].as_object().cloned().unwrap_or_default();
    let validator = |schema: &Json| {
        let mut schema = schema.clone();
        schema["required"] = json!([]);
        jsonschema::draft202012::new(&schema).unwrap()
    };
    let (takes, real) = (validator(ours), validator(real));
    names(ours, "required").iter().all(|name| required.contains(name))
        && properties.iter().all(|(name, schema)| {
            let default = schema.get("default").cloned();
            ours["properties"].get(name).is_some()
                && values().into_iter().chain(default).all(|value| {
                    let parameters = json!({name: value});
                    !real.is_valid(&parameters) || takes.is_valid(&parameters)
                })
        })
}

/// Returns sample values of every type, including values for the generated models.
fn values() -> Vec<Json> {
    let plain = json!([
        null, true, 0, 1, 3, -1, 1.5, "", "a", "red", "s", "LOW", "2024-01-02", "2024-01-02T03:04:05Z", "P1D", "x/y",
        "cat", "fast", 7, 100, [], [1], ["a"], [1, 2], [1, "a"], [null], [[1]], [{}], {}, {"a": 1}, {"k": "v"}, {"x": 1},
        {"x": 1, "y": null}, {"kind": "dog"}, {"p": 1.5}, {"id": 1}, {"value": 1, "children": []}, {"items": [1]},
        {"other": [1]}, {"1": 2}, [{"x": 1}], {"k": {"x": 1}}, {"k": [1]}, ["red"], ["a", "b", "c", "d", "e"]
    ]);
    plain.as_array().cloned().unwrap_or_default()
}
