//! Lists settings with their values and sources for `config view`.

use std::path::Path;

use serde_json::Value;

use super::{
    active::ActiveSources,
    catalogue::{ALL, Entry},
    error::SettingsError,
    value::Origin,
};
use crate::{
    environment::Environment,
    python,
    secret::{MASK, Secret},
};

/// A setting and its value as a string.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) entry: &'static Entry,
    value: Secret,
    pub(crate) origin: Origin,
}

impl Listed {
    /// Returns the value. Secrets are masked unless `show_secrets` is set.
    pub(crate) fn text(&self, show_secrets: bool) -> &str {
        if self.entry.kind.is_secret() && !show_secrets { MASK } else { self.value.expose() }
    }
}

/// Lists the settings set by any source, sorted by name. If `defaults` is set, also lists all other settings with their
/// default values.
///
/// Does not validate values, so `config view` can show invalid values.
pub(crate) fn list(
    environment: &Environment,
    profile: Option<&str>,
    directory: &Path,
    defaults: bool,
) -> Result<Vec<Listed>, SettingsError> {
    let ActiveSources { sources, .. } = ActiveSources::read(environment, profile, directory)?;
    let listed = ALL.iter().filter_map(|entry| match sources.get(&entry.name) {
        Some((value, origin)) => Some(Listed { entry, value: Secret::new(text(value)), origin }),
        None if defaults => {
            Some(Listed { entry, value: Secret::new(entry.default), origin: Origin::Default })
        }
        None => None,
    });
    Ok(listed.collect())
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => python::json_text(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_settings_with_sources_and_masks_secrets() {
        let directory = tempfile::tempdir().unwrap();
        let home = directory.path().to_str().unwrap();
        let toml = "[client]\nmax_retries = 2\nretry_extra_codes = [404]\n";
        std::fs::write(directory.path().join("prefect.toml"), toml).unwrap();
        let environment = Environment::from_iter([
            ("HOME", home),
            ("PREFECT_API_KEY", "pnu_1"),
            ("PREFECT_DEFAULT_WORK_POOL_NAME", "pool"),
            ("PREFECT_CLIENT_MAX_RETRIES", "x"),
        ]);
        let shown = |show_secrets| {
            let listed = list(&environment, None, directory.path(), false).unwrap();
            let line = |listed: &Listed| {
                format!("{}={} {}", listed.entry.name.canonical, listed.text(show_secrets), listed.origin)
            };
            listed.iter().map(line).collect::<Vec<_>>()
        };
        let expected = [
            "PREFECT_API_KEY=******** env",
            "PREFECT_CLIENT_MAX_RETRIES=x env",
            "PREFECT_CLIENT_RETRY_EXTRA_CODES=[404] prefect.toml",
            "PREFECT_DEPLOYMENTS_DEFAULT_WORK_POOL_NAME=pool env",
            "PREFECT_SERVER_EPHEMERAL_ENABLED=true profile",
        ];
        assert_eq!(shown(false), expected);
        assert_eq!(shown(true)[0], "PREFECT_API_KEY=pnu_1 env");
        let all = list(&environment, None, directory.path(), true).unwrap();
        assert_eq!(all.len(), ALL.len());
        assert!(!format!("{all:?}").contains("pnu_1"));
    }
}
