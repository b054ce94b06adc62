//! Generates the schemas of named tuples: arrays whose items have titles.

use serde_json::{Value as Json, json};

use super::{AnnotatedName, Class, Field, add_title, annotated_names, describe};
use crate::flow::{
    eval_error::{EvalError, EvalResult},
    program::{
        Program,
        entity::Assigned,
        syntax::{Call, ExprKind},
    },
    schema::annotation::{
        SchemaBuilder,
        field::{FieldDefault, FieldInfo},
    },
};

pub(super) fn definition<'p>(builder: &mut SchemaBuilder<'p>, class: Class<'p>) -> EvalResult<Json> {
    let mut items = Vec::new();
    let mut required = 0;
    for AnnotatedName { name, annotation, value, at, .. } in annotated_names(class.def) {
        let scope = class.scope_at(at);
        let default = value
            .map_or(FieldDefault::Required, |value| FieldDefault::evaluate(builder.program, scope, value));
        let info = FieldInfo { default, ..FieldInfo::default() };
        let described = describe(builder, &Field::new(name, annotation, scope, info))?;
        required += usize::from(described.is_required);
        items.push(described.schema);
    }
    Ok(schema(&items, required))
}

fn schema(items: &[Json], required: usize) -> Json {
    let mut schema = json!({"maxItems": items.len(), "prefixItems": items, "type": "array"});
    if required > 0 {
        schema["minItems"] = json!(required);
    }
    schema
}

/// Returns the schema of a type created by a call such as `namedtuple("Pair", ["a", "b"])`.
pub(crate) fn functional(call: &Call) -> EvalResult<Json> {
    let names = written_names(call)
        .ok_or_else(|| EvalError::unknown("the field names of the named tuple are not literals"))?;
    let title = |name: &str| {
        let mut schema = json!({});
        add_title(&mut schema, name);
        schema
    };
    let items: Vec<Json> = names.iter().map(|name| title(name)).collect();
    let required = items.len();
    Ok(schema(&items, required))
}

/// Returns the number of fields of a type created by `namedtuple(...)`, or `None` for other values.
pub(crate) fn field_names<'p>(program: &'p Program<'p>, assigned: Assigned<'p>) -> Option<usize> {
    let call = assigned.expr.as_call()?;
    let name = assigned.scope.external(program, &call.function)?;
    if name == "collections.namedtuple" { written_names(call).map(|names| names.len()) } else { None }
}

/// Returns the field names, given as a list of strings or as a single string with separators.
fn written_names(call: &Call) -> Option<Vec<&str>> {
    let [_, names] = call.arguments.as_slice() else { return None };
    if !call.keywords.is_empty() {
        return None;
    }
    match &names.kind {
        ExprKind::List(names) | ExprKind::Tuple(names) => {
            names.iter().map(|name| name.as_text().map(|text| text.value.as_str())).collect()
        }
        ExprKind::Str(text) => Some(text.value.split([',', ' ']).filter(|name| !name.is_empty()).collect()),
        _ => None,
    }
}
