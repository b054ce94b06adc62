//! Resolves settings from the environment, files and the active profile, and records the source of each
//! value.
//!
//! The sources in order of precedence are environment variables, `.env`, `prefect.toml`, `pyproject.toml`,
//! the active profile, and defaults. The files are only read from the working directory. An empty value hides
//! the values of sources with lower precedence. `--profile` only selects the profile: environment variables
//! still override its values.

mod active;
mod catalogue;
mod dotenv;
mod error;
mod kind;
mod listing;
pub(crate) mod names;
mod profiles;
mod profiles_file;
mod project_files;
mod project_settings;
mod project_url;
mod resolve;
mod sources;
#[cfg(test)]
mod tests;
mod toml;
mod ui_url;
mod unknown;
mod value;

pub(crate) use self::{
    catalogue::{Entry, find, may_exist, similar},
    error::{NoApiUrl, SettingsError},
    listing::{Listed, list},
    names::DEFAULT_WORK_POOL_NAME,
    profiles::{ProfileSettings, Profiles},
    profiles_file::ProfilesFile,
    project_files::project_files,
    project_settings::ProjectSettings,
    resolve::Settings,
    value::Origin,
};
