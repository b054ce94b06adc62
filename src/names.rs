//! The characters that names of server objects may contain, and the format of name lists in messages.

/// Characters that the server rejects in the names of flows, deployments and work pools.
pub(crate) const FORBIDDEN_CHARACTERS: [char; 5] = ['/', '%', '&', '>', '<'];

/// Maximum number of names in a message that consists of a list of names.
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

#[cfg(test)]
mod tests {
    use super::*;

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
