//! Generates the schemas of root models. The schema is the root value's schema with the model's title.

use serde_json::{Value as Json, json};

use super::{Class, describe, description, model, title_of};
use crate::flow::{
    eval_error::{EvalError, EvalResult},
    schema::annotation::{SchemaBuilder, TypeArguments, bind_ancestors},
};

pub(super) fn definition<'p>(
    builder: &mut SchemaBuilder<'p>,
    class: Class<'p>,
    name: &str,
    arguments: &TypeArguments<'p>,
) -> EvalResult<Json> {
    let (options, fields) = model::read(builder, class, arguments)?;
    let mut schema = match fields.as_slice() {
        [] => argument(builder, class, arguments)?,
        [root] if root.name == "root" => describe(builder, root)?.schema,
        _ => {
            return Err(EvalError::unknown(format!(
                "the root model '{}' has fields other than its root",
                class.def.name
            )));
        }
    };
    let Some(object) = schema.as_object_mut() else {
        return Err(EvalError::unknown("the JSON schema of the root type is not an object"));
    };
    if object.get("title").is_none_or(|title| *title == json!(title_of("root"))) {
        object.insert("title".to_owned(), json!(model::title(name, &options)?));
    }
    if let Some(text) = description(class.def) {
        if object.contains_key("description") {
            return Err(EvalError::unknown(format!(
                "the root model '{}' has more than one description",
                class.def.name
            )));
        }
        object.insert("description".to_owned(), json!(text));
    }
    Ok(schema)
}

/// Returns the schema of the argument in the base class `RootModel[...]`.
fn argument<'p>(
    builder: &mut SchemaBuilder<'p>,
    class: Class<'p>,
    arguments: &TypeArguments<'p>,
) -> EvalResult<Json> {
    for (ancestor, given) in bind_ancestors(builder.program, class, arguments)? {
        for (base, root) in ancestor.def.bases.iter().filter_map(|base| base.as_subscript()) {
            if ancestor.scope.external(builder.program, base).as_deref() == Some("pydantic.RootModel") {
                return builder.with_type_arguments(given, |builder| builder.schema(ancestor.scope, root));
            }
        }
    }
    Err(EvalError::unknown(format!(
        "the root type of the model '{}' is not specified in its bases",
        class.def.name
    )))
}
