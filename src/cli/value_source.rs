//! Errors about values that come from environment variables.

use std::ffi::OsStr;

use clap::{
    Arg, Command,
    builder::{PossibleValue, TypedValueParser},
    error::{ContextKind, ContextValue},
    parser::ValueSource,
};

/// A value parser whose errors name the environment variable instead of the option if the value comes from the variable.
#[derive(Debug, Clone)]
pub(super) struct NameVariable<P>(pub(super) P);

impl<P: TypedValueParser> TypedValueParser for NameVariable<P> {
    type Value = P::Value;

    fn parse_ref(
        &self,
        command: &Command,
        option: Option<&Arg>,
        value: &OsStr,
    ) -> Result<P::Value, clap::Error> {
        self.0.parse_ref(command, option, value)
    }

    fn parse_ref_(
        &self,
        command: &Command,
        option: Option<&Arg>,
        value: &OsStr,
        source: ValueSource,
    ) -> Result<P::Value, clap::Error> {
        self.0.parse_ref_(command, option, value, source).map_err(|mut error| {
            let variable = option.and_then(Arg::get_env).filter(|_| source == ValueSource::EnvVariable);
            if let Some(variable) = variable {
                let name = variable.to_string_lossy().into_owned();
                error.insert(ContextKind::InvalidArg, ContextValue::String(name));
            }
            error
        })
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        self.0.possible_values()
    }
}
