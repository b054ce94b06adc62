//! Implements `prefectl block`. Block documents are requested without their secret values, so that the output
//! cannot contain them.

use serde_json::Value;
use uuid::Uuid;

use super::{Context, connection};
use crate::{
    api::{Client, JsonObject, NamedObject},
    cli::{BlockCommand, BlockTypeCommand, OutputArguments},
    diagnostics::similar_name,
    error::{CommandError, Exit},
    python,
    secret::MASK,
    ui::Caption,
};

pub(super) async fn run(command: BlockCommand, context: &Context) -> Result<Exit, CommandError> {
    let client = connection::client(context)?;
    match command {
        BlockCommand::Ls { output } => {
            let mut blocks = client.block_documents().await?;
            blocks.sort_by_key(slug);
            let caption = Caption { title: "Blocks", note: "List Block Types using `prefect block type ls`" };
            list(&blocks, output, context, caption, ["ID", "Type", "Name", "Slug"], |block| {
                [block.id.to_string(), kind(block, "name").to_owned(), block.name.clone(), slug(block)]
            });
        }
        BlockCommand::Inspect { slug, id, output } => {
            let block = find(&client, slug.as_deref(), id).await?;
            context.show_object(output, without_secrets(block.raw))?;
        }
        BlockCommand::Type(BlockTypeCommand::Ls { output }) => {
            let mut types = client.block_types().await?;
            types.sort_by(|a, b| a.name.cmp(&b.name));
            let caption = Caption::new("Block Types");
            list(&types, output, context, caption, ["Slug", "Name", "Description"], |kind| {
                let sentence = kind.text("description").split(['.', '\n']).next().unwrap_or_default();
                [kind.text("slug").to_owned(), kind.name.clone(), sentence.to_owned()]
            });
        }
    }
    Ok(Exit::Done)
}

/// Masks the fields that the block's schema declares as secret. The server itself only masks strings and
/// numbers.
fn without_secrets(mut block: JsonObject) -> JsonObject {
    let fields = block.get("block_schema").and_then(|schema| schema.get("fields")?.get("secret_fields"));
    let paths: Vec<String> = fields
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|path| path.as_str().map(str::to_owned))
        .collect();
    if let Some(data) = block.get_mut("data") {
        for path in &paths {
            let segments: Vec<&str> = path.split('.').collect();
            mask_field(data, &segments);
        }
    }
    block
}

/// Masks the values at a path such as `credentials.*.password`, where `*` matches any key.
fn mask_field(value: &mut Value, path: &[&str]) {
    match (value, path) {
        (Value::Null, _) => {}
        (value, []) => *value = MASK.into(),
        // The items of a list are objects with the same fields.
        (Value::Array(items), _) => items.iter_mut().for_each(|item| mask_field(item, path)),
        (Value::Object(entries), ["*", rest @ ..]) => {
            entries.values_mut().for_each(|value| mask_field(value, rest));
        }
        (Value::Object(entries), [key, rest @ ..]) => {
            if let Some(value) = entries.get_mut(*key) {
                mask_field(value, rest);
            }
        }
        _ => {}
    }
}

fn list<const COLUMNS: usize>(
    objects: &[NamedObject],
    output: OutputArguments,
    context: &Context,
    caption: Caption<'_>,
    header: [&str; COLUMNS],
    row: impl Fn(&NamedObject) -> [String; COLUMNS],
) {
    context.show(
        output,
        || context.ui.table(caption, header, objects.iter().map(row)),
        || objects.iter().map(|object| Value::Object(object.raw.clone())).collect(),
    );
}

/// Returns the value of a block type field, or an empty string if the field is missing.
fn kind<'a>(block: &'a NamedObject, field: &str) -> &'a str {
    block.raw.get("block_type").and_then(|kind| kind.get(field)?.as_str()).unwrap_or_default()
}

fn slug(block: &NamedObject) -> String {
    format!("{}/{}", kind(block, "slug"), block.name)
}

async fn find(client: &Client, slug: Option<&str>, id: Option<Uuid>) -> Result<NamedObject, CommandError> {
    let (found, called) = match (slug, id) {
        (_, Some(id)) => (client.hidden_block_document_by_id(id).await?, id.to_string()),
        (Some(slug), None) => {
            let parts = slug.split_once('/').filter(|(_, name)| !name.contains('/'));
            let (kind, name) = parts.ok_or_else(|| {
                let slug = python::quoted(slug);
                CommandError::usage(format!(
                    "{slug} is not valid. Slug must contain exactly one '/', e.g. 'json/my-json-block'"
                ))
            })?;
            let found = client.hidden_block_document(kind, name).await?;
            if found.is_none() {
                let known = client.block_documents().await.unwrap_or_default();
                let known: Vec<String> = known.iter().map(self::slug).collect();
                return Err(missing(slug).suggest(similar_name(slug, known.iter().map(String::as_str))));
            }
            (found, slug.to_owned())
        }
        (None, None) => return Err(CommandError::usage("Must provide a block slug or id")),
    };
    found.ok_or_else(|| missing(&called))
}

fn missing(name: &str) -> CommandError {
    CommandError::new(Exit::Failed, format!("Block {} not found!", python::quoted(name)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn masks_secret_fields_of_every_kind() {
        let shown = |data: Value, fields: Value| {
            let block = json!({"data": data, "block_schema": {"fields": {"secret_fields": fields}}});
            without_secrets(crate::value::json_object(block))["data"].clone()
        };
        for (data, fields, expected) in [
            (json!({"value": {"user": "bob", "pw": "x"}}), json!(["value"]), json!({"value": MASK})),
            (json!({"value": [1, 2], "other": 1}), json!(["value"]), json!({"value": MASK, "other": 1})),
            (json!({"value": null}), json!(["value"]), json!({"value": null})),
            (json!({"a": {"b": "x", "c": 1}}), json!(["a.b"]), json!({"a": {"b": MASK, "c": 1}})),
            (
                json!({"a": {"k1": "x", "k2": {"d": 1}}}),
                json!(["a.*"]),
                json!({"a": {"k1": MASK, "k2": MASK}}),
            ),
            (json!({"a": [{"b": 1}, {"b": true}]}), json!(["a.b"]), json!({"a": [{"b": MASK}, {"b": MASK}]})),
            (json!({"a": 1}), json!(["b.c"]), json!({"a": 1})),
            (json!({"a": 1}), Value::Null, json!({"a": 1})),
        ] {
            assert_eq!(shown(data, fields), expected);
        }
    }
}
