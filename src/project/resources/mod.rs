//! Resources declared under the project file's `prefectl` key, such as work pools and variables.
//!
//! Declarations are read twice: first to check the structure when the file is loaded, and again after template
//! rendering. Templates are only accepted the first time.

mod automations;
mod blocks;
mod limits;
mod names;
mod numbers;
mod pools;
mod reader;
mod schema;
mod slot_limit;
mod variables;

pub(crate) use automations::{ACTION_LISTS, Automation};
pub(crate) use blocks::{Block, BlockValue, ValueSource};
pub(crate) use limits::GlobalLimit;
pub(crate) use pools::{AddedVariable, KEYS as POOL_KEYS, Pool, Queue};
pub(crate) use variables::Variable;

pub(super) use schema::definitions;

use reader::Reader;

use super::Findings;
use crate::{
    pointer::Pointer,
    value::{Mapping, Value},
};

/// Top-level key that contains the declarations.
pub(crate) const SECTION: &str = "prefectl";

/// Keys in the section, one for each kind of resource.
const KINDS: [&str; 5] = ["work_pools", "variables", "concurrency_limits", "automations", "blocks"];

/// Resources declared in a project file.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Resources {
    pub(crate) pools: Vec<Pool>,
    pub(crate) variables: Vec<Variable>,
    pub(crate) limits: Vec<GlobalLimit>,
    pub(crate) automations: Vec<Automation>,
    pub(crate) blocks: Vec<Block>,
}

/// The stage at which declarations are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The file has been loaded. Values may be templates, which are omitted from the result.
    Loaded,
    /// All templates have been rendered.
    Rendered,
}

/// Reads the declarations in the `prefectl` section. Adds errors to `findings` and omits invalid declarations.
pub(crate) fn read(section: &Value, stage: Stage, findings: &mut Findings<'_>) -> Resources {
    let pointer = pointer();
    let mut resources = Resources::default();
    if stage == Stage::Loaded {
        numbers::check_file(findings);
    }
    numbers::check(section, &pointer, findings);
    let Some(mut reader) = Reader::of_value(section, "`prefectl`", pointer, stage, findings) else {
        return resources;
    };
    reader.reject_unknown_keys(&KINDS);
    resources.pools = reader.items("work_pools", "a work pool", Pool::read);
    resources.variables = variables::read(&mut reader);
    resources.limits = reader.items("concurrency_limits", "a concurrency limit", GlobalLimit::read);
    resources.automations = reader.items("automations", "an automation", Automation::read);
    resources.blocks = reader.items("blocks", "a block", Block::read);
    resources
}

/// Returns the section's path in the project file.
pub(crate) fn pointer() -> Pointer {
    Pointer::root().join(SECTION)
}

/// Returns whether a section declares any resources.
pub(crate) fn declares_any(section: &Mapping) -> bool {
    let is_empty = |value: &Value| match value {
        Value::Null => true,
        Value::Sequence(items) => items.is_empty(),
        Value::Mapping(entries) => entries.is_empty(),
        _ => false,
    };
    section.values().any(|value| !is_empty(value))
}
