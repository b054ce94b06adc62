//! Merge keys: `<<` brings the entries of other mappings into one.

use std::{rc::Rc, sync::Arc};

use super::{
    compose::{Content, Tag, TreeEntry, TreeNode},
    construct::Constructor,
    error::{YamlError, YamlErrorKind},
    node::Mapping,
    scalar::ScalarTag,
};

/// Whether a key is `<<`.
pub(super) fn is_merge(key: &TreeNode<'_>) -> bool {
    key.tag == Tag::Scalar(ScalarTag::Merge)
}

impl<'a> Constructor<'a> {
    /// What the merge keys among some entries bring in. It comes before the mapping's own entries and yields to them.
    ///
    /// A later merge key wins over an earlier one, but in a list of mappings the earlier one wins.
    pub(super) fn merged(&mut self, entries: &[TreeEntry<'a>]) -> Result<Mapping, YamlError> {
        let mut merged = Mapping::with_capacity(entries.len());
        for (_, source) in entries.iter().filter(|(key, _)| is_merge(key)) {
            for mapping in self.merge_sources(source)?.iter().rev() {
                for (identity, entry) in mapping.identified() {
                    merged.insert(identity.clone(), entry.clone());
                }
            }
        }
        Ok(merged)
    }

    fn merge_sources(&mut self, source: &Rc<TreeNode<'a>>) -> Result<Vec<Arc<Mapping>>, YamlError> {
        match &source.content {
            Content::Mapping(entries) => Ok(vec![self.mapping(source, entries)?]),
            Content::Sequence(items) => items
                .iter()
                .map(|item| match &item.content {
                    Content::Mapping(entries) => self.mapping(item, entries),
                    _ => Err(YamlErrorKind::MergeSource(item.description()).at(item.span)),
                })
                .collect(),
            Content::Scalar(_) => Err(YamlErrorKind::MergeSource(source.description()).at(source.span)),
        }
    }
}
