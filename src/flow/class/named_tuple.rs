//! Named tuples: arrays whose items have titles.

use serde_json::{Value as Json, json};

use super::{Class, add_title, annotated_names};
use crate::flow::{
    annotation::SchemaBuilder,
    constant::{self, encode},
    obstacle::{Known, Obstacle},
    scope::Scope,
    syntax::{Call, Expr, ExprKind},
};

pub(super) fn definition<'p>(builder: &mut SchemaBuilder<'p, '_>, class: Class<'p>) -> Known<Json> {
    let mut items = Vec::new();
    let mut required = 0;
    for (name, annotation, value, at) in annotated_names(class.def) {
        let scope = class.scope_at(at);
        let mut schema = builder.schema(scope, annotation)?;
        match value {
            None => required += 1,
            Some(value) => {
                let default = encode::default(&constant::evaluate(builder.program, scope, value)?)?;
                if let (Some(default), Some(schema)) = (default, schema.as_object_mut()) {
                    schema.insert("default".to_owned(), default);
                }
            }
        }
        add_title(&mut schema, name);
        items.push(schema);
    }
    Ok(schema(items, required))
}

fn schema(items: Vec<Json>, required: usize) -> Json {
    let mut schema = json!({"maxItems": items.len(), "prefixItems": items, "type": "array"});
    if required > 0 {
        schema["minItems"] = json!(required);
    }
    schema
}

/// `namedtuple("Pair", ["a", "b"])`.
pub(crate) fn functional<'p>(_: &mut SchemaBuilder<'p, '_>, _: Scope<'p>, call: &'p Call) -> Known<Json> {
    let unknown = || Obstacle::unknown("the fields of a named tuple are not written out");
    let [_, names] = call.arguments.as_slice() else { return Err(unknown()) };
    let (ExprKind::List(names) | ExprKind::Tuple(names), true) = (&names.kind, call.keywords.is_empty())
    else {
        return Err(unknown());
    };
    let title = |name: &Expr| {
        let mut schema = json!({});
        add_title(&mut schema, &name.as_text()?.value);
        Some(schema)
    };
    let items = names.iter().map(title).collect::<Option<Vec<_>>>().ok_or_else(unknown)?;
    let required = items.len();
    Ok(schema(items, required))
}
