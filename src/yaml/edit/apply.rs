//! Applies fixes to a YAML text. The new text must parse to the values that the fixes announce.

use std::collections::HashMap;

use super::{super::load::load_overlay, Document, Node, NodeKind};
use crate::{
    diagnostics::{Effect, Fix, fix},
    source::{Source, Span},
    value::{Mapping, Value},
};

/// A text with applied fixes.
#[derive(Debug)]
pub(crate) struct Fixed {
    pub(crate) text: String,
    /// Number of applied fixes.
    pub(crate) count: usize,
}

/// Applies all fixes that do not overlap. A fix is skipped if the new text would not parse to the expected values.
///
/// Returns `None` if no fix can be applied.
pub(crate) fn apply<'a>(source: &Source, fixes: impl IntoIterator<Item = &'a Fix>) -> Option<Fixed> {
    let fixes = fix::compatible(fixes);
    let document = load_overlay(source).ok();
    let verified = verified(source, document.as_ref(), &fixes);
    let text = edited(source, document.as_ref(), &verified)?;
    Some(Fixed { text, count: verified.len() }).filter(|fixed| fixed.count > 0)
}

/// Removes the fixes that cannot be applied. Finds these fixes by bisection.
fn verified<'a>(source: &Source, document: Option<&Document>, fixes: &[&'a Fix]) -> Vec<&'a Fix> {
    if fixes.is_empty() || edited(source, document, fixes).is_some() {
        return fixes.to_vec();
    }
    if fixes.len() == 1 {
        return Vec::new();
    }
    let (first, second) = fixes.split_at(fixes.len() / 2);
    let first = verified(source, document, first);
    let both = [first.as_slice(), &verified(source, document, second)].concat();
    if edited(source, document, &both).is_some() { both } else { first }
}

/// Returns the text with all fixes applied, or `None` if it does not parse to the expected value.
///
/// If the original file is not valid YAML, the new text only needs to be valid YAML.
fn edited(source: &Source, document: Option<&Document>, fixes: &[&Fix]) -> Option<String> {
    let text = fix::replace(source.text(), fixes.iter().flat_map(|fix| &fix.replacements))?;
    let after = load_overlay(&source.with_text(text.as_str())).ok()?;
    let Some(before) = document else { return Some(text) };
    let effects =
        fixes.iter().flat_map(|fix| fix.effects.iter().map(|(span, effect)| (*span, effect))).collect();
    let expected = expected(&before.root, &effects)?;
    let is_unambiguous = after.duplicate_keys.len() <= before.duplicate_keys.len()
        && after.merge_conflicts.len() <= before.merge_conflicts.len();
    (is_unambiguous && after.root.to_value().ok()? == expected).then_some(text)
}

/// Returns the value that a node has after the fixes have been applied.
fn expected(node: &Node, effects: &HashMap<Span, &Effect>) -> Option<Value> {
    if let Some(Effect::Set(value)) = effects.get(&node.span) {
        return Some(value.clone());
    }
    Some(match &node.kind {
        NodeKind::Sequence(items) => {
            Value::Sequence(items.iter().map(|item| expected(item, effects)).collect::<Option<_>>()?)
        }
        NodeKind::Mapping(mapping) => {
            let mut values = Mapping::new();
            for entry in mapping.entries() {
                let key = match effects.get(&entry.key.span) {
                    Some(Effect::Remove) => continue,
                    Some(Effect::Rename(key)) => Value::String(key.clone()),
                    Some(Effect::Set(_)) | None => entry.key.to_value().ok()?,
                };
                values.insert(key, expected(&entry.value, effects)?);
            }
            Value::Mapping(values)
        }
        _ => node.to_value().ok()?,
    })
}
