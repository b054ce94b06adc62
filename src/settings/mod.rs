//! Settings: what the environment, files and the active profile say, and which of them said it.
//!
//! Sources, the strongest first: environment variables, `.env`, `prefect.toml`, `pyproject.toml` (all three in
//! the working directory only), the active profile, defaults. An empty value in a stronger source hides the value
//! of a weaker one. `--profile` chooses the profile and changes nothing else: the environment still wins over it.

mod active;
mod catalogue;
mod dotenv;
mod error;
mod kind;
mod listing;
pub(crate) mod names;
mod profiles;
mod profiles_file;
mod resolve;
mod sources;
#[cfg(test)]
mod tests;
mod toml;
mod ui_url;
mod value;

pub(crate) use self::{
    catalogue::{ALL, Entry, find},
    error::{NoApiUrl, SettingsError},
    listing::{Listed, list},
    names::DEFAULT_WORK_POOL_NAME,
    profiles::{ProfileSettings, Profiles},
    profiles_file::ProfilesFile,
    resolve::Settings,
    value::Origin,
};
