//! Typed dictionaries.

use serde_json::{Map, Value as Json, json};

use super::{AnnotatedName, Class, Field, add_title, ancestry, annotated_names, description, properties};
use crate::flow::{
    annotation::{SchemaBuilder, TypeArguments, field::FieldInfo},
    obstacle::{Known, Obstacle},
    program::Program,
    scope::Scope,
    syntax::{Call, Expr, ExprKind},
};

pub(super) fn definition<'p>(builder: &mut SchemaBuilder<'p, '_>, class: Class<'p>) -> Known<Json> {
    let mut fields: Vec<Field<'p>> = Vec::new();
    let mut required: Vec<(String, bool)> = Vec::new();
    for line in ancestry(builder.program, class)?.iter().rev() {
        let total = match line.def.keywords.as_slice() {
            [] => true,
            [(Some(name), value)] if name == "total" => match value.kind {
                ExprKind::Bool(total) => total,
                _ => return Err(Obstacle::unknown("whether all keys are required is not known")),
            },
            _ => return Err(Obstacle::unknown(format!("the options of '{}' are not known", line.def.name))),
        };
        for AnnotatedName { name, annotation, value, at, .. } in annotated_names(line.def) {
            if value.is_some() {
                return Err(Obstacle::unknown("a key of a typed dictionary has a value"));
            }
            let scope = line.scope_at(at);
            let (annotation, is_required) = requirement(builder.program, scope, annotation, total);
            fields.retain(|field| field.name != name);
            required.retain(|(other, _)| other != name);
            fields.push(Field {
                name: name.to_owned(),
                annotation,
                scope,
                info: FieldInfo::default(),
                is_init_only: false,
                type_arguments: TypeArguments::default(),
            });
            required.push((name.to_owned(), is_required));
        }
    }
    let (properties, _) = properties(builder, &fields, None)?;
    let required: Vec<String> =
        required.into_iter().filter(|(_, is_required)| *is_required).map(|(name, _)| name).collect();
    Ok(schema(&class.def.name, &properties, &required, description(class.def)))
}

/// The type inside of `Required` or `NotRequired`.
fn requirement<'p>(
    program: &'p Program<'_>,
    scope: Scope<'p>,
    annotation: &'p Expr,
    total: bool,
) -> (&'p Expr, bool) {
    let written = annotation.as_text().and_then(|text| text.as_expression()).unwrap_or(annotation);
    let Some((generic, inner)) = written.as_subscript() else { return (annotation, total) };
    match scope.external(program, generic).as_deref() {
        Some("typing.Required") => (inner, true),
        Some("typing.NotRequired") => (inner, false),
        _ => (annotation, total),
    }
}

fn schema(
    name: &str,
    properties: &Map<String, Json>,
    required: &[String],
    description: Option<String>,
) -> Json {
    let mut schema = json!({"properties": properties, "title": name, "type": "object"});
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    if let Some(text) = description {
        schema["description"] = json!(text);
    }
    schema
}

/// `TypedDict("Row", {"id": int})`.
pub(crate) fn functional<'p>(
    builder: &mut SchemaBuilder<'p, '_>,
    scope: Scope<'p>,
    call: &'p Call,
) -> Known<Json> {
    let unknown = || Obstacle::unknown("the keys of a typed dictionary are not written out");
    let [name, keys] = call.arguments.as_slice() else { return Err(unknown()) };
    let (ExprKind::Dict(items), Some(name), true) = (&keys.kind, name.as_text(), call.keywords.is_empty())
    else {
        return Err(unknown());
    };
    let mut properties = Map::new();
    for (key, annotation) in items {
        let key = key.as_ref().and_then(Expr::as_text).ok_or_else(unknown)?;
        let mut schema = builder.schema(scope, annotation)?;
        add_title(&mut schema, &key.value);
        properties.insert(key.value.clone(), schema);
    }
    let required: Vec<String> = properties.keys().cloned().collect();
    Ok(schema(&name.value, &properties, &required, None))
}
