//! Resources that the project file declares under the key `prefectl`, such as work pools and variables.
//!
//! The declarations are read twice: when the file is loaded, to check its structure, and after templates have been
//! rendered. Values with templates are only accepted the first time.

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

/// The top-level key that contains the declarations.
pub(crate) const SECTION: &str = "prefectl";

/// Keys of the section. Each contains the resources of one kind.
const KINDS: [&str; 5] = ["work_pools", "variables", "concurrency_limits", "automations", "blocks"];

/// Resources that a project file declares.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Resources {
    pub(crate) pools: Vec<Pool>,
    pub(crate) variables: Vec<Variable>,
    pub(crate) limits: Vec<GlobalLimit>,
    pub(crate) automations: Vec<Automation>,
    pub(crate) blocks: Vec<Block>,
}

/// The point in time when declarations are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The file has been loaded. Values may be templates; these are omitted from the result.
    Loaded,
    /// All templates have been rendered.
    Rendered,
}

/// Reads the declarations in the value of the key `prefectl`. Errors are added to `findings`, and invalid declarations
/// are omitted.
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
    resources.pools = reader.items("work_pools", "work pool", Pool::read);
    resources.variables = variables::read(&mut reader);
    resources.limits = reader.items("concurrency_limits", "concurrency limit", GlobalLimit::read);
    resources.automations = reader.items("automations", "automation", Automation::read);
    resources.blocks = reader.items("blocks", "block", Block::read);
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
