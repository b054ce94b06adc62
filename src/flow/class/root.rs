//! Root models: a schema of their one value, with the model's title.

use serde_json::{Value as Json, json};

use super::{Class, ancestry, config, describe, description, model, title_of};
use crate::flow::{
    annotation::{SchemaBuilder, TypeArguments, of_bases},
    obstacle::{Known, Obstacle},
};

pub(super) fn definition<'p>(
    builder: &mut SchemaBuilder<'p, '_>,
    class: Class<'p>,
    name: &str,
    arguments: &TypeArguments<'p>,
) -> Known<Json> {
    let lines = ancestry(builder.program, class)?;
    for line in &lines {
        model::check(builder.program, *line)?;
    }
    let options = config::read(builder.program, &lines)?;
    builder.class_options = model::class_options(&options)?;
    let fields = model::fields(builder.program, class, arguments, &options)?;
    let mut schema = match fields.as_slice() {
        [] => argument(builder, class, arguments)?,
        [root] if root.name == "root" => describe(builder, root)?.schema,
        _ => return Err(Obstacle::unknown(format!("'{}' has fields besides its root", class.def.name))),
    };
    let Some(object) = schema.as_object_mut() else {
        return Err(Obstacle::unknown("a schema is not an object"));
    };
    if object.get("title").is_none_or(|title| *title == json!(title_of("root"))) {
        object.insert("title".to_owned(), json!(model::title(name, &options)?));
    }
    if let Some(text) = description(class.def) {
        if object.contains_key("description") {
            return Err(Obstacle::unknown(format!("'{}' has two descriptions", class.def.name)));
        }
        object.insert("description".to_owned(), json!(text));
    }
    Ok(schema)
}

/// The type in `RootModel[...]` among the bases.
fn argument<'p>(
    builder: &mut SchemaBuilder<'p, '_>,
    class: Class<'p>,
    arguments: &TypeArguments<'p>,
) -> Known<Json> {
    for (line, given) in of_bases(builder.program, class, arguments)? {
        for (base, root) in line.def.bases.iter().filter_map(|base| base.as_subscript()) {
            if line.scope.external(builder.program, base).as_deref() == Some("pydantic.RootModel") {
                return builder.with_type_arguments(given, |builder| builder.schema(line.scope, root));
            }
        }
    }
    Err(Obstacle::unknown(format!("the type of '{}' is not written out", class.def.name)))
}
