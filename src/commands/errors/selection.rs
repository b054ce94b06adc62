//! Converts the errors of selections, options and the wizard to exit codes, messages and help texts.

use crate::{
    diagnostics::did_you_mean,
    error::{CommandError, Exit},
    names::{SHOWN, first_of},
    target::{OptionError, SelectError, TargetError},
};

/// The sentence that Prefect prints if no deployment matches the given names.
const NO_NAME: &str = "Discovered one or more deployment configurations, but no name was given. Please specify the \
                       name of at least one deployment to create or update.";

impl From<TargetError> for CommandError {
    fn from(error: TargetError) -> Self {
        match error {
            TargetError::Select(error) => error.into(),
            TargetError::Option(error) => error.into(),
            TargetError::NoAnswer(error) => error.into(),
            TargetError::Declined { message, help } => Self::new(Exit::Failed, message).help(help),
            TargetError::Api(error) => error.into(),
        }
    }
}

impl From<OptionError> for CommandError {
    fn from(error: OptionError) -> Self {
        let help = error.option().map(|option| format!("correct the value of {option}"));
        Self { help, ..Self::usage(error) }
    }
}

impl From<SelectError> for CommandError {
    fn from(error: SelectError) -> Self {
        match &error {
            SelectError::NoMatch { undecided, .. } if !undecided.is_empty() => {
                let help = first_of(undecided, SHOWN);
                Self { reference: Some(NO_NAME.to_owned()), ..Self::usage(error).help(help) }
            }
            SelectError::NoMatch { unmet, .. } if !unmet.is_empty() => {
                let help = unmet.join("; ");
                Self { reference: Some(NO_NAME.to_owned()), ..Self::usage(error).help(help) }
            }
            SelectError::NoMatch { names, .. } => {
                let help = format!("the deployments are: {}", first_of(names, SHOWN));
                Self { reference: Some(NO_NAME.to_owned()), ..Self::usage(error).help(help) }
            }
            SelectError::NotInEnvironment { is_new: true, .. } | SelectError::EmptyEnvironment(_) => {
                let help =
                    "--env only applies to deployments that the project file or the environment declares";
                Self::usage(error).help(help)
            }
            SelectError::NotInEnvironment { wanted, names, environment, .. } => {
                let known = || names.iter().map(String::as_str);
                let similar = wanted.iter().find_map(|name| did_you_mean(name, known()));
                // The names in the project file have no suffix.
                let base = |wanted: &str| wanted.rsplit('/').next().unwrap_or_default().to_owned();
                let bases: Vec<String> = wanted.iter().map(|name| base(name)).collect();
                let is_suffixed = |name: &&str| bases.iter().any(|base| name.starts_with(base));
                let suffixed = known().filter(is_suffixed).min_by_key(|name| name.len());
                let help = match suffixed.or(similar) {
                    Some(name) => format!("did you mean '{name}'?"),
                    None => format!("the deployments of '{environment}' are: {}", first_of(names, SHOWN)),
                };
                Self::usage(error).help(help)
            }
            SelectError::Changes(reason) => {
                let help = reason.help();
                Self { help, ..Self::usage(error) }
            }
            SelectError::NoName { names } => {
                let help = format!("pass --all, or pass -n with one of: {}", first_of(names, SHOWN));
                Self::new(Exit::NeedsAnswer, error).help(help)
            }
            _ => Self::usage(error),
        }
    }
}
