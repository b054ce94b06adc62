//! Converts strings to valid names and labels for Kubernetes and Docker.
//!
//! Workers transliterate letters of other alphabets. Previews replace such letters with dashes instead.

/// Maximum length of a Kubernetes label.
const MAX_LABEL: usize = 63;
/// Maximum length of the domain that precedes the `/` in a label.
const MAX_DOMAIN: usize = 253;
/// Maximum length of a job name, excluding the suffix that Kubernetes appends.
const MAX_JOB_NAME: usize = 45;
const MAX_CONTAINER_NAME: usize = 250;

/// Converts a string to a label value. Returns a string without valid characters unchanged.
pub(super) fn label_value(text: &str) -> String {
    or_itself(slug(text, MAX_LABEL, "_.").trim_matches(['_', '-', '.']), text)
}

/// Converts a string to a label key. The key may include a domain.
pub(super) fn label_key(key: &str) -> String {
    let name = |name: &str| or_itself(slug(name, MAX_LABEL, "_.").trim_matches(['_', '-', '.']), name);
    match key.split_once('/') {
        Some((domain, rest)) if !domain.is_empty() => {
            let domain = or_itself(slug(domain, MAX_DOMAIN, ".").trim_matches(['_', '-', '.']), domain);
            format!("{domain}/{}", name(rest))
        }
        Some((_, rest)) => name(rest),
        None => name(key),
    }
}

/// Converts a string to a job name. Returns `None` if the string contains no valid characters.
pub(super) fn job_name(name: &str) -> Option<String> {
    Some(slug(&name.to_lowercase(), MAX_JOB_NAME, "")).filter(|slug| !slug.is_empty())
}

/// Converts a string to a container name. Returns `None` if the string contains no valid characters.
pub(super) fn container_name(name: &str) -> Option<String> {
    let slug = slug(name, MAX_CONTAINER_NAME, "_.");
    Some(slug.trim_start_matches(['_', '-', '.']).to_owned()).filter(|slug| !slug.is_empty())
}

fn or_itself(slug: &str, text: &str) -> String {
    if slug.is_empty() { text.to_owned() } else { slug.to_owned() }
}

/// Replaces each sequence of characters other than letters, digits and `allowed` with a dash. Removes dashes at both
/// ends.
fn slug(text: &str, max_length: usize, allowed: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let is_digit = |at: Option<usize>| at.and_then(|at| characters.get(at)).is_some_and(char::is_ascii_digit);
    let mut slug = String::new();
    for (at, character) in characters.iter().enumerate() {
        // Remove commas inside numbers.
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
    slug.truncate(max_length); // the slug is ASCII
    slug.trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_valid_labels() {
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
