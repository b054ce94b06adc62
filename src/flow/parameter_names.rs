//! Parameter names that a flow must not use.

/// Arguments that Prefect itself passes to flows.
pub(super) const RESERVED: [&str; 2] = ["return_state", "wait_for"];

/// Parameter names that pydantic cannot validate.
pub(super) const CLASHING: [&str; 10] = [
    "model_config",
    "model_dump",
    "model_dump_json",
    "model_validate",
    "model_validate_json",
    "model_validate_strings",
    "v__args",
    "v__kwargs",
    "v__positional_only",
    "v__duplicate_kwargs",
];
