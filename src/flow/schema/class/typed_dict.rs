//! Generates the schemas of typed dictionaries.

use serde_json::{Map, Value as Json, json};

use super::{AnnotatedName, Class, Field, annotated_names, describe, description, mro};
use crate::flow::{
    eval_error::{EvalError, EvalResult},
    program::{
        Program,
        scope::Scope,
        syntax::{Call, Expr, ExprKind},
    },
    schema::annotation::{SchemaBuilder, field::FieldInfo},
};

pub(super) fn definition<'p>(builder: &mut SchemaBuilder<'p>, class: Class<'p>) -> EvalResult<Json> {
    let mut keys: Vec<(Field<'p>, bool)> = Vec::new();
    for ancestor in mro(builder.program, class)?.iter().rev() {
        let total = match ancestor.def.keywords.as_slice() {
            [] => true,
            [(Some(name), value)] if name == "total" => match value.kind {
                ExprKind::Bool(total) => total,
                _ => return Err(EvalError::unknown("the value of `total` is not a literal")),
            },
            _ => {
                return Err(EvalError::unknown(format!(
                    "the class arguments of '{}' are not supported",
                    ancestor.def.name
                )));
            }
        };
        for AnnotatedName { name, annotation, value, at, .. } in annotated_names(ancestor.def) {
            if value.is_some() {
                return Err(EvalError::unknown("a key of the typed dictionary has a value"));
            }
            let scope = ancestor.scope_at(at);
            let (annotation, is_required) = requirement(builder.program, scope, annotation, total);
            keys.retain(|(key, _)| key.name != name);
            keys.push((Field::new(name, annotation, scope, FieldInfo::default()), is_required));
        }
    }
    schema(builder, &class.def.name, &keys, description(class.def))
}

/// Returns the type inside `Required[...]` or `NotRequired[...]`, and whether the key is required.
///
/// The argument `total` determines whether other keys are required.
fn requirement<'p>(
    program: &'p Program<'p>,
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

/// Returns the schema of a typed dictionary. The flag of each key specifies whether the key is required.
fn schema<'p>(
    builder: &mut SchemaBuilder<'p>,
    name: &str,
    keys: &[(Field<'p>, bool)],
    description: Option<String>,
) -> EvalResult<Json> {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for (field, is_required) in keys {
        let described = describe(builder, field)?;
        // A key with a default value is not required.
        if *is_required && described.is_required {
            required.push(described.key.clone());
        }
        properties.insert(described.key, described.schema);
    }
    let mut schema = json!({"properties": null, "title": name, "type": "object"});
    schema["properties"] = Json::Object(properties);
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    if let Some(text) = description {
        schema["description"] = json!(text);
    }
    Ok(schema)
}

/// Returns the schema of a type created by a call such as `TypedDict("Row", {"id": int})`.
pub(crate) fn functional<'p>(
    builder: &mut SchemaBuilder<'p>,
    scope: Scope<'p>,
    call: &'p Call,
) -> EvalResult<Json> {
    let unknown = || EvalError::unknown("the keys of the typed dictionary are not literals");
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
    let keys = items.iter().map(key).collect::<EvalResult<Vec<_>>>()?;
    schema(builder, &name.value, &keys, None)
}
