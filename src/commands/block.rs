//! `prefectl block`. Blocks are requested without secrets, so that none can be shown.

use serde_json::Value;
use uuid::Uuid;

use super::{Context, connection};
use crate::{
    api::{Client, NamedObject},
    cli::{BlockCommand, BlockTypeCommand, OutputArguments},
    error::{CommandError, Exit},
    python, ui,
};

pub(super) async fn run(command: BlockCommand, context: &Context) -> Result<Exit, CommandError> {
    let client = connection::client(context)?;
    match command {
        BlockCommand::Ls { output } => {
            let mut blocks = client.block_documents().await?;
            blocks.sort_by_key(slug);
            list(&blocks, output, context, ["ID", "Type", "Name", "Slug"], |block| {
                [block.id.to_string(), kind(block, "name").to_owned(), block.name.clone(), slug(block)]
            });
        }
        BlockCommand::Inspect { slug, id, output } => {
            let block = find(&client, slug.as_deref(), id).await?;
            context.show_object(output, block.raw)?;
        }
        BlockCommand::Type(BlockTypeCommand::Ls { output }) => {
            let mut types = client.block_types().await?;
            types.sort_by(|a, b| a.name.cmp(&b.name));
            list(&types, output, context, ["Slug", "Name", "Description"], |kind| {
                let sentence = kind.text("description").split(['.', '\n']).next().unwrap_or_default();
                [kind.text("slug").to_owned(), kind.name.clone(), sentence.to_owned()]
            });
        }
    }
    Ok(Exit::Done)
}

fn list<const COLUMNS: usize>(
    objects: &[NamedObject],
    output: OutputArguments,
    context: &Context,
    header: [&str; COLUMNS],
    row: impl Fn(&NamedObject) -> [String; COLUMNS],
) {
    context.show(
        output,
        || ui::table(header, objects.iter().map(row)),
        || objects.iter().map(|object| Value::Object(object.raw.clone())).collect(),
    );
}

/// Returns a field of a block's type.
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
            let (kind, name) = slug.split_once('/').ok_or_else(|| {
                let slug = python::quoted(slug);
                CommandError::usage(format!(
                    "{slug} is not valid. Slug must contain a '/', e.g. 'json/my-json-block'"
                ))
            })?;
            (client.hidden_block_document(kind, name).await?, slug.to_owned())
        }
        (None, None) => return Err(CommandError::usage("Must provide a block slug or id")),
    };
    let missing = || CommandError::new(Exit::Failed, format!("Block {} not found!", python::quoted(&called)));
    found.ok_or_else(missing)
}
