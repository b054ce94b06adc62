//! JSON schemas for built-in step inputs.

use serde_json::{Map, Value as Json, json};

use super::{Input, Kind, StepEntry, registry};

/// Returns the JSON schema of each built-in step, once for every step name and alias.
///
/// The schemas describe inputs before template rendering, so every input accepts strings.
pub(crate) fn schemas() -> impl Iterator<Item = (&'static str, Json)> {
    registry::all().iter().flat_map(|entry| {
        let schema = inputs(entry);
        std::iter::once(entry.name)
            .chain(entry.aliases.iter().copied())
            .map(move |name| (name, schema.clone()))
    })
}

fn inputs(entry: &StepEntry) -> Json {
    let mut properties: Map<String, Json> = entry
        .inputs
        .iter()
        .filter(|input| input.name != Input::ANY_OTHER)
        .map(|input| (input.name.to_owned(), input_schema(input)))
        .collect();
    properties.entry("timeout").or_insert_with(
        || json!({"type": "number", "description": "time limit in seconds; not available for pull steps"}),
    );
    properties
        .insert("id".into(), json!({"description": "name that templates use for the outputs of the step"}));
    properties.insert(
        "requires".into(),
        json!({"description": "Python packages that Prefect requires; built-in steps do not need them"}),
    );
    let required: Vec<&str> =
        entry.inputs.iter().filter(|input| input.required).map(|input| input.name).collect();
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": entry.inputs.iter().any(|input| input.name == Input::ANY_OTHER),
    })
}

fn input_schema(input: &Input) -> Json {
    let mut types = match input.kind {
        Kind::Text => vec!["string"],
        Kind::Boolean => vec!["boolean", "string"],
        Kind::Integer => vec!["integer", "string"],
        Kind::Number => vec!["number", "string"],
        Kind::Scalar => vec!["string", "number"],
        Kind::Mapping | Kind::TextMapping => vec!["object", "string"],
        Kind::Texts => vec!["array", "string"],
        Kind::Any => return json!({"description": input.meaning}),
    };
    if !input.required {
        types.push("null");
    }
    json!({"type": types, "description": input.meaning})
}
