//! The JSON schemas of steps, made from the registry.

use serde_json::{Map, Value as Json, json};

use super::{Input, Kind, StepEntry, registry};

/// The schema of the inputs of every step that runs here, by each of its names.
///
/// Inputs are checked before templates are filled in, so text is taken for any type.
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
        .filter(|one| one.name != Input::ANY_OTHER)
        .map(|one| (one.name.to_owned(), input(one)))
        .collect();
    properties.entry("timeout").or_insert_with(
        || json!({"type": "number", "description": "how many seconds it may take; not in pull steps"}),
    );
    properties.insert("id".into(), json!({"description": "the name by which templates find the outputs"}));
    properties
        .insert("requires".into(), json!({"description": "Python packages, which are not needed here"}));
    let required: Vec<&str> = entry.inputs.iter().filter(|one| one.required).map(|one| one.name).collect();
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": entry.inputs.iter().any(|one| one.name == Input::ANY_OTHER),
    })
}

fn input(input: &Input) -> Json {
    let mut types = match input.kind {
        Kind::Text => vec!["string"],
        Kind::Boolean => vec!["boolean", "string"],
        Kind::Integer => vec!["integer", "string"],
        Kind::Number => vec!["number", "string"],
        Kind::Scalar => vec!["string", "number"],
        Kind::Mapping => vec!["object", "string"],
        Kind::Texts => vec!["array", "string"],
        Kind::Any => return json!({"description": input.meaning}),
    };
    if !input.required {
        types.push("null");
    }
    json!({"type": types, "description": input.meaning})
}
