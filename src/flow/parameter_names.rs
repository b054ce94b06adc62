//! Names that cannot be used for the parameters of a flow.

/// Names of arguments that Prefect itself passes to a flow when it runs.
pub(super) const RESERVED: [&str; 2] = ["return_state", "wait_for"];

/// Parameter names that conflict with attributes of the pydantic model that Prefect creates for the
/// parameters.
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
