//! Looks up the blocks and variables that templates refer to.

use futures_util::future::BoxFuture;

use crate::{
    api::Client,
    template::{Lookup, LookupFuture},
};

/// A lookup of blocks and variables on the server. Without a client, every lookup fails.
pub(crate) struct ApiLookup<'a>(pub(crate) Option<&'a Client>);

impl<'a> ApiLookup<'a> {
    fn client(&self) -> Result<&'a Client, NoApi> {
        self.0.ok_or(NoApi)
    }
}

/// The error for a lookup if no API is configured.
#[derive(Debug, thiserror::Error)]
#[error("no API is configured: set PREFECT_API_URL")]
struct NoApi;

impl Lookup for ApiLookup<'_> {
    fn block<'a>(&'a self, block_type: &'a str, document: &'a str) -> LookupFuture<'a> {
        Box::pin(async move { Ok(self.client()?.block_document(block_type, document).await?) })
    }

    fn block_by_id<'a>(&'a self, id: &'a str) -> LookupFuture<'a> {
        Box::pin(async move {
            match id.parse() {
                Ok(id) => Ok(self.client()?.block_document_by_id(id).await?),
                Err(_) => Ok(None),
            }
        })
    }

    fn variable<'a>(&'a self, name: &'a str) -> LookupFuture<'a> {
        Box::pin(async move { Ok(self.client()?.variable(name).await?) })
    }

    fn server_version(&self) -> BoxFuture<'_, Option<String>> {
        Box::pin(async move { Some(self.0?.capabilities().await.ok()?.version()?.to_owned()) })
    }
}
