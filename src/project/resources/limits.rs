//! Global concurrency limit declarations.

use super::{names, pools::named, reader::Reader};
use crate::pointer::Pointer;

pub(super) const KEYS: [&str; 4] = ["name", "limit", "slot_decay_per_second", "active"];

/// A declared global concurrency limit. A field that is `None` is undeclared and keeps its value on the server.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct GlobalLimit {
    pub(crate) name: String,
    /// The number of slots. `None` if the number is invalid or an unrendered template.
    pub(crate) limit: Option<u64>,
    pub(crate) slot_decay_per_second: Option<f64>,
    pub(crate) active: Option<bool>,
    pub(crate) pointer: Pointer,
}

impl GlobalLimit {
    pub(super) fn read(reader: &mut Reader<'_, '_, '_>) -> Option<Self> {
        let name = named(reader, "concurrency limit", names::general);
        reader.reject_unknown_keys(&KEYS);
        reader.require("limit");
        let limit = reader.count("limit", 0);
        let slot_decay_per_second = reader.rate("slot_decay_per_second");
        let active = reader.flag("active");
        let pointer = reader.pointer.clone();
        Some(Self { name: name?, limit, slot_decay_per_second, active, pointer })
    }
}
