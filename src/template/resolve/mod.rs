//! Resolution of blocks and Prefect variables. Each is fetched at most once per command.
//!
//! An asynchronous stage fetches the objects that a template refers to. The modules [`blocks`] and
//! [`variables`] then substitute them without I/O.

use std::{
    collections::HashMap,
    error::Error,
    sync::{Arc, Mutex, PoisonError},
};

use futures_util::future::{BoxFuture, try_join_all};
use tokio::sync::OnceCell;

use super::{
    blocks::{self, BlockError},
    reference::{self, Documents, Reference},
    substitution::TooLarge,
    variables,
    walk::Filled,
};
use crate::{
    secret::Redactor,
    value::{Value, from_json},
};

/// Error from looking up a block or variable.
pub(crate) type LookupError = Box<dyn Error + Send + Sync>;

/// The future of a lookup. Returns the data of the object as JSON, or `None` if the object does not exist.
pub(crate) type LookupFuture<'a> = BoxFuture<'a, Result<Option<serde_json::Value>, LookupError>>;

/// A source of blocks and variables, such as a Prefect server.
pub(crate) trait Lookup: Send + Sync {
    /// Returns the data of a block document including its secrets, or `None` if the block does not exist.
    fn block<'a>(&'a self, block_type: &'a str, document: &'a str) -> LookupFuture<'a>;

    /// Returns the data of the block document with the given ID, or `None` if the document does not exist or the ID is
    /// invalid.
    fn block_by_id<'a>(&'a self, id: &'a str) -> LookupFuture<'a>;

    /// Returns the value of a Prefect variable, or `None` if the variable does not exist.
    fn variable<'a>(&'a self, name: &'a str) -> LookupFuture<'a>;

    /// Returns the Prefect version of the server, or `None` if the version is unknown, as for Prefect Cloud.
    fn server_version(&self) -> BoxFuture<'_, Option<String>> {
        Box::pin(std::future::ready(None))
    }
}

/// The error returned if a template's references cannot be resolved.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ResolveError {
    #[error("cannot look up {reference}")]
    Lookup { reference: Reference, source: LookupError },
    /// One or more block references of the template are invalid.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Blocks(Vec<BlockError>),
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
}

/// A resolver of references to blocks and variables. Each distinct reference is fetched only once, even if its object
/// does not exist.
pub(crate) struct Resolver<'a> {
    /// Source of the objects, or `None` for an offline resolver.
    lookup: Option<&'a dyn Lookup>,
    redactor: Redactor,
    fetched: Mutex<HashMap<Reference, Arc<OnceCell<Option<Value>>>>>,
}

impl<'a> Resolver<'a> {
    /// Creates a resolver. All values from blocks are registered with `redactor` as secrets.
    pub(crate) fn new(lookup: &'a dyn Lookup, redactor: Redactor) -> Self {
        Self { lookup: Some(lookup), redactor, fetched: Mutex::default() }
    }

    /// Creates a resolver that does not contact the server. The resolver keeps all references, and only reports
    /// malformed references.
    pub(crate) fn offline(redactor: Redactor) -> Self {
        Self { lookup: None, redactor, fetched: Mutex::default() }
    }

    /// Sets the value of a declared variable. The variable is not read from the server.
    pub(crate) fn declare_variable(&self, name: &str, value: Value) {
        self.declare(Reference::Variable { name: name.to_owned() }, value);
    }

    /// Sets the data of a declared block. The block is not read from the server.
    pub(crate) fn declare_block(&self, block_type: &str, document: &str, data: Value) {
        let (block_type, document) = (block_type.to_owned(), document.to_owned());
        self.declare(Reference::Block { block_type, document }, data);
    }

    fn declare(&self, reference: Reference, value: Value) {
        let mut fetched = self.fetched.lock().unwrap_or_else(PoisonError::into_inner);
        fetched.insert(reference, Arc::new(OnceCell::from(Some(value))));
    }

    /// Returns the redactor, which contains all secrets resolved so far.
    pub(crate) fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// Returns the Prefect version of the server, or `None` if the version is unknown or the resolver is offline.
    pub(crate) async fn server_version(&self) -> Option<String> {
        self.lookup?.server_version().await
    }

    pub(crate) fn is_offline(&self) -> bool {
        self.lookup.is_none()
    }

    /// Fetches all objects that a template refers to concurrently, so that resolving the template later needs
    /// no requests.
    pub(crate) async fn prefetch(&self, template: &Value) -> Result<(), ResolveError> {
        if self.is_offline() {
            return Ok(());
        }
        self.fetch_all(reference::references(template)).await.map(drop)
    }

    /// Substitutes the block references of a template.
    pub(crate) async fn blocks(&self, template: &Value) -> Result<Filled, ResolveError> {
        if self.is_offline() {
            let malformed = blocks::malformed_blocks(template);
            return if malformed.is_empty() {
                Ok(unchanged(template))
            } else {
                Err(ResolveError::Blocks(malformed))
            };
        }
        let mut references = reference::references(template);
        references.retain(|reference| !matches!(reference, Reference::Variable { .. }));
        let documents = self.fetch_all(references).await?;
        blocks::fill(template, &documents, &self.redactor).map_err(ResolveError::Blocks)
    }

    /// Substitutes the variable references of a template. A variable that does not exist becomes an empty
    /// string.
    pub(crate) async fn variables(&self, template: &Value) -> Result<Filled, ResolveError> {
        if self.is_offline() {
            return Ok(unchanged(template));
        }
        let mut references = reference::references(template);
        references.retain(|reference| matches!(reference, Reference::Variable { .. }));
        let documents = self.fetch_all(references).await?;
        Ok(variables::fill(template, &documents))
    }

    /// Returns the value of a Prefect variable, or `None` if the variable does not exist.
    pub(crate) async fn variable(&self, name: &str) -> Result<Option<Value>, ResolveError> {
        self.fetch(&Reference::Variable { name: name.to_owned() }).await
    }

    async fn fetch_all(
        &self,
        references: impl IntoIterator<Item = Reference>,
    ) -> Result<Documents, ResolveError> {
        let fetches = references.into_iter().map(async |reference| {
            let document = self.fetch(&reference).await?;
            Ok::<_, ResolveError>((reference, document))
        });
        Ok(try_join_all(fetches).await?.into_iter().collect())
    }

    async fn fetch(&self, reference: &Reference) -> Result<Option<Value>, ResolveError> {
        let cell = {
            let mut fetched = self.fetched.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(fetched.entry(reference.clone()).or_default())
        };
        let document = cell.get_or_try_init(|| self.look_up(reference)).await?;
        Ok(document.clone())
    }

    async fn look_up(&self, reference: &Reference) -> Result<Option<Value>, ResolveError> {
        let Some(lookup) = self.lookup else { return Ok(None) };
        let found = match reference {
            // A request with an empty name would return a list instead of a single object.
            Reference::Block { block_type, document } if block_type.is_empty() || document.is_empty() => {
                Ok(None)
            }
            Reference::Variable { name } if name.is_empty() => Ok(None),
            Reference::Block { block_type, document } => lookup.block(block_type, document).await,
            Reference::BlockById { id } => lookup.block_by_id(id).await,
            Reference::Variable { name } => lookup.variable(name).await,
        };
        match found {
            Ok(data) => Ok(data.as_ref().map(from_json)),
            Err(source) => Err(ResolveError::Lookup { reference: reference.clone(), source }),
        }
    }
}

fn unchanged(template: &Value) -> Filled {
    Filled { value: template.clone(), substitutions: Vec::new() }
}

#[cfg(test)]
mod tests;
