//! Blocks and variables from the API, for templates.

use crate::{
    api::Client,
    template::{Found, Lookup},
};

/// Looks up what templates refer to on the server.
pub(crate) struct ApiLookup<'a>(pub(crate) &'a Client);

impl Lookup for ApiLookup<'_> {
    fn block<'a>(&'a self, block_type: &'a str, document: &'a str) -> Found<'a> {
        Box::pin(async move { Ok(self.0.block_document(block_type, document).await?) })
    }

    fn block_by_id<'a>(&'a self, id: &'a str) -> Found<'a> {
        Box::pin(async move {
            match id.parse() {
                Ok(id) => Ok(self.0.block_document_by_id(id).await?),
                Err(_) => Ok(None),
            }
        })
    }

    fn variable<'a>(&'a self, name: &'a str) -> Found<'a> {
        Box::pin(async move { Ok(self.0.variable(name).await?) })
    }
}
