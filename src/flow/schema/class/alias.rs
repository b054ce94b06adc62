//! Implements pydantic's alias generators.

use crate::flow::evaluate::title;

/// Returns the alias generator with the given dotted name, or `None` if the name is unknown.
pub(super) fn generator(name: &str) -> Option<fn(&str) -> String> {
    match name {
        "pydantic.alias_generators.to_camel" => Some(camel),
        "pydantic.alias_generators.to_pascal" => Some(pascal),
        _ => None,
    }
}

/// Converts a name such as `first_name` to `FirstName`. Removes underscores between letters or digits.
fn pascal(name: &str) -> String {
    let titled: Vec<char> = title(name).chars().collect();
    let is_joint = |at: usize| {
        let before = at.checked_sub(1).and_then(|at| titled.get(at)).is_some_and(char::is_ascii_alphanumeric);
        let after = titled.get(at + 1).is_some_and(|c| c.is_ascii_digit() || c.is_ascii_uppercase());
        titled[at] == '_' && before && after
    };
    (0..titled.len()).filter(|at| !is_joint(*at)).map(|at| titled[at]).collect()
}

/// Converts a name such as `first_name` to `firstName`. Names that already have this form are unchanged.
fn camel(name: &str) -> String {
    let lower_before_digit =
        name.as_bytes().windows(2).any(|pair| pair[0].is_ascii_digit() && pair[1].is_ascii_lowercase());
    if name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && !lower_before_digit
    {
        return name.to_owned();
    }
    let pascal = pascal(name);
    let start = pascal.len() - pascal.trim_start_matches('_').len();
    let mut camel = pascal.clone();
    if let Some(first) = camel.get_mut(start..=start) {
        first.make_ascii_lowercase();
    }
    camel
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generates_aliases_as_pydantic_does() {
        let cases = [
            ("first_name", "firstName", "FirstName"),
            ("htTp_url", "httpUrl", "HttpUrl"),
            ("already", "already", "Already"),
            ("x2y_z", "x2YZ", "X2YZ"),
            ("a_1", "a1", "A1"),
            ("trailing_", "trailing_", "Trailing_"),
        ];
        for (name, camel_case, pascal_case) in cases {
            assert_eq!((camel(name).as_str(), pascal(name).as_str()), (camel_case, pascal_case), "{name}");
        }
    }
}
