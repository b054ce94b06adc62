//! Names as clusters and engines take them.
//!
//! Workers write letters of other alphabets in Latin ones; here they become dashes.

/// The longest label of Kubernetes.
const LABEL: usize = 63;
/// The longest domain before the `/` of a label.
const DOMAIN: usize = 253;
/// Room for what Kubernetes puts behind a name.
const JOB_NAME: usize = 45;
const CONTAINER_NAME: usize = 250;

/// A label's value; one of which nothing would be left stays for the cluster to refuse.
pub(super) fn label_value(text: &str) -> String {
    or_itself(slug(text, LABEL, "_.").trim_matches(['_', '-', '.']), text)
}

/// A label's key, with its domain.
pub(super) fn label_key(key: &str) -> String {
    let name = |name: &str| or_itself(slug(name, LABEL, "_.").trim_matches(['_', '-', '.']), name);
    match key.split_once('/') {
        Some((domain, rest)) if !domain.is_empty() => {
            let domain = or_itself(slug(domain, DOMAIN, ".").trim_matches(['_', '-', '.']), domain);
            format!("{domain}/{}", name(rest))
        }
        Some((_, rest)) => name(rest),
        None => name(key),
    }
}

/// A job's name, if there is anything left of it.
pub(super) fn job_name(name: &str) -> Option<String> {
    Some(slug(&name.to_lowercase(), JOB_NAME, "")).filter(|slug| !slug.is_empty())
}

/// A container's name, if there is anything left of it.
pub(super) fn container_name(name: &str) -> Option<String> {
    let slug = slug(name, CONTAINER_NAME, "_.");
    Some(slug.trim_start_matches(['_', '-', '.']).to_owned()).filter(|slug| !slug.is_empty())
}

fn or_itself(slug: &str, text: &str) -> String {
    if slug.is_empty() { text.to_owned() } else { slug.to_owned() }
}

/// Letters, digits, dashes and what else is allowed; everything else is one dash, and none at the ends.
fn slug(text: &str, longest: usize, allowed: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let is_digit = |at: Option<usize>| at.and_then(|at| characters.get(at)).is_some_and(char::is_ascii_digit);
    let mut slug = String::new();
    for (at, character) in characters.iter().enumerate() {
        // A comma inside a number goes without a trace.
        if *character == ',' && is_digit(at.checked_sub(1)) && is_digit(Some(at + 1)) {
            continue;
        }
        if character.is_ascii_alphanumeric() || allowed.contains(*character) {
            slug.push(*character);
        } else if !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let mut slug = slug.trim_matches('-').to_owned();
    slug.truncate(longest); // all that is left is ASCII
    slug.trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_what_their_users_take() {
        for (text, expected) in [
            ("my flow", "my-flow"),
            ("_a.b_", "a.b"),
            ("1,000 'things'", "1000-things"),
            ("!!!", "!!!"),
            ("2026-11-23T14:00:00+00:00", "2026-11-23T14-00-00-00-00"),
        ] {
            assert_eq!(label_value(text), expected);
        }
        assert_eq!(label_value(&"x".repeat(70)), "x".repeat(63));
        assert_eq!(label_key("prefect.io/flow name"), "prefect.io/flow-name");
        assert_eq!(label_key("a_b.io/x"), "a-b.io/x");
        assert_eq!(job_name("Loud Lizard").as_deref(), Some("loud-lizard"));
        assert_eq!(job_name("--"), None);
        assert_eq!(container_name("_Loud.Lizard").as_deref(), Some("Loud.Lizard"));
    }
}
