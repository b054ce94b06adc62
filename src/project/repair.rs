//! Fixes for keys that are misspelled, misplaced or no longer supported.

use super::fields::{self, DEPLOYMENT, SCHEDULE, SCHEDULE_KINDS};
use crate::{
    diagnostics::Fix,
    pointer::{Pointer, Segment},
    yaml::{self, Destination, Document},
};

/// An edit that makes a key effective or removes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repair {
    Remove,
    Rename(&'static str),
    /// Renames the key of a boolean whose new key has the opposite meaning.
    Invert(&'static str),
    /// Moves the entry into nested mappings within its current mapping. The second value is the new key, if it changes.
    Nest(&'static [&'static str], Option<&'static str>),
    /// Moves the entry from its mapping to the enclosing mapping.
    Unnest,
    /// Moves all schedule keys from the deployment to an item of `schedules`.
    Schedule,
}

impl Repair {
    /// Returns the fix for the key at a path, or `None` if the file's structure does not permit the edit.
    pub(super) fn fix(self, document: &Document, pointer: &Pointer) -> Option<Fix> {
        match self {
            Self::Remove => yaml::remove_entry(document, pointer),
            Self::Rename(new) => yaml::rename_key(document, pointer, new),
            Self::Invert(new) => yaml::invert_flag(document, pointer, new),
            Self::Nest(containers, key) => {
                let base = parent(pointer)?;
                // First convert a scalar container to a mapping.
                if let [container, ..] = containers
                    && let Some(inner) = scalar_meaning(container)
                    && let Some(fix) = yaml::wrap_in_mapping(document, &base.join(*container), inner)
                {
                    return Some(fix);
                }
                let destination = Destination { base: &base, containers, key, is_item: false };
                yaml::move_entries(document, std::slice::from_ref(pointer), destination)
            }
            Self::Unnest => {
                let base = parent(&parent(pointer)?)?;
                let destination = Destination { base: &base, containers: &[], key: None, is_item: false };
                yaml::move_entries(document, std::slice::from_ref(pointer), destination)
            }
            Self::Schedule => schedule(document, pointer),
        }
    }
}

/// Returns the key for a scalar in place of a mapping. For example, `work_pool: gpu` means `work_pool: {name: gpu}`.
fn scalar_meaning(container: &str) -> Option<&'static str> {
    match container {
        "work_pool" => Some("name"),
        "concurrency_limit" => Some("limit"),
        _ => None,
    }
}

/// Returns the fix that moves a schedule's keys into `schedules`.
///
/// Only the key that determines the schedule's kind has a fix.
fn schedule(document: &Document, pointer: &Pointer) -> Option<Fix> {
    let base = parent(pointer)?;
    let is_kind =
        |segment: &Segment| matches!(segment, Segment::Key(key) if SCHEDULE_KINDS.contains(&key.as_str()));
    if !pointer.segments().last().is_some_and(is_kind) {
        return None;
    }
    let is_misplaced =
        |key: &&str| fields::find(DEPLOYMENT, key).is_none() && document.locate(&base.join(*key)).is_some();
    let keys = SCHEDULE.iter().map(|field| field.key).filter(is_misplaced);
    let pointers: Vec<Pointer> = keys.map(|key| base.join(key)).collect();
    let destination = Destination { base: &base, containers: &["schedules"], key: None, is_item: true };
    yaml::move_entries(document, &pointers, destination)
}

/// Returns the fix that moves a top-level key into the file's only deployment.
pub(super) fn into_only_deployment(document: &Document, key: &str) -> Option<Fix> {
    let deployments = Pointer::root().join("deployments");
    let [_] = document.locate(&deployments)?.as_sequence()? else { return None };
    let containers: &[&str] = if fields::find(DEPLOYMENT, key).is_some() { &[] } else { &["work_pool"] };
    let base = deployments.join(0);
    let destination = Destination { base: &base, containers, key: None, is_item: false };
    yaml::move_entries(document, &[Pointer::root().join(key)], destination)
}

/// Returns the fixes that replace deprecated keys that still have an effect.
pub(super) fn modernize(document: &Document) -> Vec<Fix> {
    let deployments = Pointer::root().join("deployments");
    let count = document.locate(&deployments).and_then(|node| node.as_sequence()).map_or(0, <[_]>::len);
    let pointers = (0..count).map(|index| deployments.join(index).join("schedule"));
    pointers.filter_map(|pointer| yaml::wrap_in_list(document, &pointer, Some("schedules"))).collect()
}

fn parent(pointer: &Pointer) -> Option<Pointer> {
    let (_, parents) = pointer.segments().split_last()?;
    Some(parents.iter().cloned().collect())
}
