//! A snapshot of the environment variables.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

/// Environment variables, keyed by name. Variables that are not UTF-8 are excluded. The `Debug` implementation shows
/// only the names.
#[derive(Clone, Default)]
pub(crate) struct Environment {
    variables: BTreeMap<String, String>,
    /// Home directory from the user's account. Used if no variable specifies a home directory.
    account_home: Option<PathBuf>,
}

/// Names of the variables that contain credentials for a Prefect API.
pub(crate) const API_CREDENTIALS: [&str; 3] =
    ["PREFECT_API_KEY", "PREFECT_API_AUTH_STRING", "PREFECT_CLIENT_CUSTOM_HEADERS"];

/// Names of the variables that make Git use a repository other than the working directory's repository. Git sets these
/// variables for hooks.
const GIT_REPOSITORY: [&str; 9] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
];

impl Environment {
    /// Returns the environment variables of the current process.
    pub(crate) fn from_process() -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self { variables: std::env::vars_os().filter_map(text).collect(), account_home: std::env::home_dir() }
    }

    /// Returns the value of a variable, or `None` if the variable is not set.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// Returns the value of a variable, or `None` if the variable is empty or not set.
    pub(crate) fn non_empty(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// Returns the home directory: `HOME`, `USERPROFILE`, or the directory in the user's account.
    ///
    /// Returns `None` if all three are missing, for example in a container whose user has no account.
    pub(crate) fn home_directory(&self) -> Option<&Path> {
        let variable = self.non_empty("HOME").or_else(|| self.non_empty("USERPROFILE"));
        variable.map(Path::new).or(self.account_home.as_deref())
    }

    /// Sets the value of a variable, or removes the variable if `value` is `None`.
    pub(crate) fn set(&mut self, name: String, value: Option<String>) {
        match value {
            Some(value) => self.variables.insert(name, value),
            None => self.variables.remove(&name),
        };
    }

    /// Returns a copy without Prefect API credentials, to pass to other programs.
    pub(crate) fn without_api_credentials(&self) -> Self {
        let is_credential =
            |name: &str| API_CREDENTIALS.iter().any(|credential| name.eq_ignore_ascii_case(credential));
        let mut copy = self.clone();
        copy.variables.retain(|name, _| !is_credential(name));
        copy
    }

    /// Removes the variables that make Git use a different repository than the working directory's
    /// repository.
    pub(crate) fn remove_git_repository(&mut self) {
        self.variables.retain(|name, _| !GIT_REPOSITORY.contains(&name.as_str()));
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.variables.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let variables = pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self { variables, account_home: None }
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.variables.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hides_values_and_removes_credentials() {
        let environment: Environment =
            [("A", "1"), ("PREFECT_API_KEY", "pnu_1"), ("prefect_api_auth_string", "me:1")]
                .into_iter()
                .collect();
        assert_eq!(format!("{environment:?}"), r#"{"A", "PREFECT_API_KEY", "prefect_api_auth_string"}"#);
        assert_eq!(environment.without_api_credentials().iter().collect::<Vec<_>>(), [("A", "1")]);
    }

    #[test]
    fn a_variable_with_the_home_directory_takes_precedence_over_the_account() {
        let account = Some(PathBuf::from("/a"));
        let cases = [
            ([("HOME", "/h"), ("USERPROFILE", "/u")], account.clone(), Some("/h")),
            ([("HOME", ""), ("USERPROFILE", "/u")], account.clone(), Some("/u")),
            ([("HOME", ""), ("USERPROFILE", "")], account, Some("/a")),
            ([("HOME", ""), ("USERPROFILE", "")], None, None),
        ];
        for (variables, account_home, expected) in cases {
            let environment = Environment { account_home, ..Environment::from_iter(variables) };
            assert_eq!(environment.home_directory(), expected.map(Path::new), "{variables:?}");
            let reduced = environment.without_api_credentials();
            assert_eq!(reduced.home_directory(), expected.map(Path::new), "{variables:?}");
        }
    }
}
