//! Blocks and Prefect variables: fetched once per command, then filled in.
//!
//! Resolving has an asynchronous half, which fetches what a template refers to, and a pure half
//! ([`blocks`](super::blocks), [`variables`](super::variables)), which puts it in.

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
    variables,
    walk::Filled,
};
use crate::{
    secret::Redactor,
    value::{Value, from_json},
};

/// Why a lookup failed.
pub(crate) type LookupError = Box<dyn Error + Send + Sync>;

/// What a lookup gives: the data as JSON, or nothing where there is no such thing.
pub(crate) type Found<'a> = BoxFuture<'a, Result<Option<serde_json::Value>, LookupError>>;

/// Where blocks and variables are.
pub(crate) trait Lookup: Send + Sync {
    /// The data of a block document, its secrets included.
    fn block<'a>(&'a self, block_type: &'a str, document: &'a str) -> Found<'a>;

    /// The same by the document's id; an id that is none finds nothing.
    fn block_by_id<'a>(&'a self, id: &'a str) -> Found<'a>;

    /// The value of a Prefect variable.
    fn variable<'a>(&'a self, name: &'a str) -> Found<'a>;
}

/// Why a template could not be resolved.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ResolveError {
    #[error("cannot look up {reference}")]
    Lookup { reference: Reference, source: LookupError },
    /// All that is wrong with the blocks a template refers to.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Blocks(Vec<BlockError>),
}

/// Resolves references, fetching each distinct one once, also when it is not there.
pub(crate) struct Resolver<'a> {
    /// `None` asks nobody.
    lookup: Option<&'a dyn Lookup>,
    redactor: Redactor,
    fetched: Mutex<HashMap<Reference, Arc<OnceCell<Option<Value>>>>>,
}

impl<'a> Resolver<'a> {
    /// `redactor` learns every value that comes out of a block.
    pub(crate) fn new(lookup: &'a dyn Lookup, redactor: Redactor) -> Self {
        Self { lookup: Some(lookup), redactor, fetched: Mutex::default() }
    }

    /// A resolver that asks nobody: references stay as they are written, and only malformed ones are errors.
    pub(crate) fn offline(redactor: Redactor) -> Self {
        Self { lookup: None, redactor, fetched: Mutex::default() }
    }

    /// The secrets that are known, for those who meet more.
    pub(crate) fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    pub(crate) fn is_offline(&self) -> bool {
        self.lookup.is_none()
    }

    /// Fetches all that a template refers to, side by side, so that resolving it and others like it need not wait.
    pub(crate) async fn prefetch(&self, template: &Value) -> Result<(), ResolveError> {
        if self.is_offline() {
            return Ok(());
        }
        self.fetch_all(reference::references(template)).await.map(drop)
    }

    /// The template with its references to blocks resolved.
    pub(crate) async fn blocks(&self, template: &Value) -> Result<Filled, ResolveError> {
        if self.is_offline() {
            let malformed = blocks::malformed(template);
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

    /// The template with its references to variables resolved; those that do not exist become empty text.
    pub(crate) async fn variables(&self, template: &Value) -> Result<Filled, ResolveError> {
        if self.is_offline() {
            return Ok(unchanged(template));
        }
        let mut references = reference::references(template);
        references.retain(|reference| matches!(reference, Reference::Variable { .. }));
        let documents = self.fetch_all(references).await?;
        Ok(variables::fill(template, &documents))
    }

    /// The value of one variable.
    pub(crate) async fn variable(&self, name: &str) -> Result<Option<Value>, ResolveError> {
        self.fetch(&Reference::Variable { name: name.to_owned() }).await
    }

    async fn fetch_all(
        &self,
        references: impl IntoIterator<Item = Reference>,
    ) -> Result<Documents, ResolveError> {
        let fetches = references.into_iter().map(async |reference| {
            let document = self.fetch(&reference).await?;
            Ok((reference, document))
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
            // An empty name is no name; asked for, it would be the address of a whole list.
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
