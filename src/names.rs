//! Characters that are allowed in names of server objects, and the format of names and counts in messages.

use std::borrow::Cow;

/// Characters that the server rejects in the names of flows, deployments and work pools.
pub(crate) const FORBIDDEN_CHARACTERS: [char; 5] = ['/', '%', '&', '>', '<'];

/// Maximum number of names to list in a message.
pub(crate) const SHOWN: usize = 20;

/// Returns a list of the first `most` names, followed by the number of omitted names.
pub(crate) fn first_of<S: AsRef<str>>(names: &[S], most: usize) -> String {
    let shown: Vec<&str> = names.iter().take(most).map(AsRef::as_ref).collect();
    let shown = shown.join(", ");
    match names.len().saturating_sub(most) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// Formats a number of objects, as in `1 deployment` and `2 deployments`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// Formats the numbers of deployments and resources. Omits zeros.
pub(crate) fn counted_objects(deployments: usize, resources: usize) -> String {
    match (deployments, resources) {
        (_, 0) => counted(deployments, "deployment"),
        (0, _) => counted(resources, "resource"),
        _ => format!("{} and {}", counted(deployments, "deployment"), counted(resources, "resource")),
    }
}

/// Quotes a name for a shell command that a message suggests.
pub(crate) fn shell_quoted(name: &str) -> String {
    format!("'{}'", name.replace('\'', r"'\''"))
}

/// Quotes a name for a shell command like [`shell_quoted`], but only if a shell would change it.
pub(crate) fn shell_word(name: &str) -> Cow<'_, str> {
    let is_plain = |character: char| character.is_alphanumeric() || "_-./:@+,=".contains(character);
    if !name.is_empty() && !name.starts_with('-') && name.chars().all(is_plain) {
        return Cow::Borrowed(name);
    }
    Cow::Owned(shell_quoted(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_names_for_shells() {
        for (name, expected) in [
            ("flow/a-1_b.c", "flow/a-1_b.c"),
            ("größe", "größe"),
            ("", "''"),
            ("-x", "'-x'"),
            ("a b; rm -rf ~ #", "'a b; rm -rf ~ #'"),
            ("a'$(id)`id`", r"'a'\''$(id)`id`'"),
        ] {
            assert_eq!(shell_word(name), expected);
        }
        assert_eq!(shell_quoted("a"), "'a'");
    }

    #[test]
    fn counts_deployments_and_resources() {
        for (deployments, resources, expected) in [
            (0, 0, "0 deployments"),
            (1, 0, "1 deployment"),
            (0, 2, "2 resources"),
            (2, 1, "2 deployments and 1 resource"),
        ] {
            assert_eq!(counted_objects(deployments, resources), expected);
        }
    }

    #[test]
    fn counts_names_left_out() {
        for (names, expected) in [
            (vec![], ""),
            (vec!["a"], "a"),
            (vec!["a", "b"], "a, b"),
            (vec!["a", "b", "c", "d"], "a, b and 2 more"),
        ] {
            assert_eq!(first_of(&names, 2), expected);
        }
    }
}
