//! Recognizes names whose values are probably secret.

/// Words that mark secrets in the names of environment variables and keys. The list extends the Buildkite
/// agent's list.
const WORDS: [&str; 11] = [
    "password",
    "passwd",
    "secret",
    "secret_key",
    "token",
    "credential",
    "api_key",
    "apikey",
    "access_key",
    "private_key",
    "connection_string",
];

/// Returns whether a variable name ends with a word that marks secrets, such as `GITHUB_TOKEN`.
///
/// These variables' values are masked in all output, so names such as `TOKEN_COUNT` must not match.
pub(super) fn is_secret_variable(name: &str) -> bool {
    let name = normalized(name);
    WORDS
        .iter()
        .any(|word| name.strip_suffix(word).is_some_and(|before| before.is_empty() || before.ends_with('_')))
}

/// Returns whether a key contains a word that marks secrets, such as `db-password-old`.
///
/// Only the key's value is masked, so a false positive is harmless.
pub(crate) fn is_secret_key(name: &str) -> bool {
    let name = normalized(name);
    WORDS.iter().any(|word| name.contains(word))
}

fn normalized(name: &str) -> String {
    name.to_lowercase().replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_match_more_than_variables() {
        for (name, variable, key) in [
            ("TOKEN", true, true),
            ("GITHUB_TOKEN", true, true),
            ("github_token", true, true),
            ("AWS_SECRET_ACCESS_KEY", true, true),
            ("PREFECT_API_KEY", true, true),
            ("DB_PASSWD", true, true),
            ("azure-connection-string", true, true),
            ("TOKENS", false, true),
            ("NOTOKEN", false, true),
            ("AWS_ACCESS_KEY_ID", false, true),
            ("GOOGLE_APPLICATION_CREDENTIALS", false, true),
            ("HOME", false, false),
            ("key", false, false),
        ] {
            assert_eq!((is_secret_variable(name), is_secret_key(name)), (variable, key), "{name}");
        }
    }
}
