//! Typed dictionaries.

use serde_json::{Map, Value as Json, json};

use super::{AnnotatedName, Class, Field, ancestry, annotated_names, describe, description};
use crate::flow::{
    annotation::{SchemaBuilder, field::FieldInfo},
    obstacle::{Known, Obstacle},
    program::Program,
    scope::Scope,
    syntax::{Call, Expr, ExprKind},
};

pub(super) fn definition<'p>(builder: &mut SchemaBuilder<'p, '_>, class: Class<'p>) -> Known<Json> {
    let mut keys: Vec<(Field<'p>, bool)> = Vec::new();
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
            keys.retain(|(key, _)| key.name != name);
            keys.push((Field::new(name, annotation, scope, FieldInfo::default()), is_required));
        }
    }
    schema(builder, &class.def.name, &keys, description(class.def))
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
        Some("typing.Annotated") => match inner.elements().first() {
            Some(inner) => (annotation, requirement(program, scope, inner, total).1),
            None => (annotation, total),
        },
        _ => (annotation, total),
    }
}

/// The schema of keys, each with whether the dictionary must have it.
fn schema<'p>(
    builder: &mut SchemaBuilder<'p, '_>,
    name: &str,
    keys: &[(Field<'p>, bool)],
    description: Option<String>,
) -> Known<Json> {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for (field, is_required) in keys {
        let described = describe(builder, field)?;
        // One with a default is not required either.
        if *is_required && described.is_required {
            required.push(described.key.clone());
        }
        properties.insert(described.key, described.schema);
    }
    let mut schema = json!({"properties": properties, "title": name, "type": "object"});
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    if let Some(text) = description {
        schema["description"] = json!(text);
    }
    Ok(schema)
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
    let key = |(key, annotation): &'p (Option<Expr>, Expr)| {
        let name = key.as_ref().and_then(Expr::as_text).ok_or_else(unknown)?;
        let (annotation, is_required) = requirement(builder.program, scope, annotation, true);
        Ok((Field::new(&name.value, annotation, scope, FieldInfo::default()), is_required))
    };
    let keys = items.iter().map(key).collect::<Known<Vec<_>>>()?;
    schema(builder, &name.value, &keys, None)
}
