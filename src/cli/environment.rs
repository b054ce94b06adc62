//! The option that selects an environment.

use std::ffi::OsStr;

use clap::{
    Arg, Command,
    builder::{StringValueParser, TypedValueParser, ValueParserFactory},
    parser::ValueSource,
};

use super::value_source::NameVariable;
use crate::project::{EnvironmentName, EnvironmentSource, SelectedEnvironment};

/// The value of `--env` or `PREFECTL_ENV`.
#[derive(Debug, Clone)]
pub(crate) struct EnvironmentOption {
    /// `None` if the value is empty, because CI systems set variables to empty values.
    name: Option<EnvironmentName>,
    source: EnvironmentSource,
}

impl EnvironmentOption {
    /// Returns the selected environment. An empty value selects no environment.
    pub(crate) fn selected(option: Option<&Self>) -> Option<SelectedEnvironment> {
        let Self { name, source } = option?;
        Some(SelectedEnvironment { name: name.clone()?, source: Some(*source) })
    }
}

impl ValueParserFactory for EnvironmentOption {
    type Parser = EnvironmentParser;

    fn value_parser() -> EnvironmentParser {
        EnvironmentParser
    }
}

/// A parser for the name of an environment. Also records the source of the name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EnvironmentParser;

impl TypedValueParser for EnvironmentParser {
    type Value = EnvironmentOption;

    fn parse_ref(
        &self,
        command: &Command,
        option: Option<&Arg>,
        value: &OsStr,
    ) -> Result<EnvironmentOption, clap::Error> {
        self.parse_ref_(command, option, value, ValueSource::CommandLine)
    }

    fn parse_ref_(
        &self,
        command: &Command,
        option: Option<&Arg>,
        value: &OsStr,
        source: ValueSource,
    ) -> Result<EnvironmentOption, clap::Error> {
        let name = |text: String| {
            if text.is_empty() { Ok(None) } else { text.parse::<EnvironmentName>().map(Some) }
        };
        let parser = NameVariable(StringValueParser::new().try_map(name));
        let name = parser.parse_ref_(command, option, value, source)?;
        let source = match source {
            ValueSource::EnvVariable => EnvironmentSource::Variable,
            _ => EnvironmentSource::Option,
        };
        Ok(EnvironmentOption { name, source })
    }
}
