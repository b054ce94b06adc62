//! Filters of expressions.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, Value};

use crate::template::literal;

/// Common filters with descriptions, for help and suggestions.
pub(crate) const COMMON: [(&str, &str); 15] = [
    ("b64encode", "a text in Base64"),
    ("default", "`default(\"x\")`: a value for a name that is missing"),
    ("first", "the first item of a list"),
    ("int", "a whole number"),
    ("join", "`join(\"-\")`: the items of a list as one text"),
    ("last", "the last item of a list"),
    ("length", "how many items or characters there are"),
    ("literal", "a text in which `{{ }}` and `<< >>` are not filled in"),
    ("lower", "a text in lower case"),
    ("replace", "`replace(\"a\", \"b\")`: a text with something else in the place of a part"),
    ("slugify", "lower-case letters and digits with hyphens between: fit for tags of images"),
    ("split", "`split(\",\")`: a text as a list"),
    ("tojson", "a value as JSON"),
    ("trim", "a text without blanks around it"),
    ("upper", "a text in upper case"),
];

/// Returns the expression engine with all filters.
pub(super) fn engine() -> Environment<'static> {
    let mut engine = Environment::new();
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    engine.add_filter("slugify", |text: String| slugify(&text));
    engine.add_filter("b64encode", |text: String| STANDARD.encode(text));
    engine.add_filter("tojson", to_json);
    engine.add_filter("replace", replace);
    engine.add_filter("literal", |text: String| literal::protect(&text));
    engine
}

/// Replaces the engine's filter to limit the length of the result.
fn replace(text: &str, from: &str, to: &str) -> Result<String, Error> {
    const LARGEST: usize = 1 << 20;
    let grown = text.len().saturating_add(text.matches(from).count().saturating_mul(to.len()));
    if grown > LARGEST {
        return Err(Error::new(ErrorKind::InvalidOperation, "the text becomes larger than 1 MiB"));
    }
    Ok(text.replace(from, to))
}

/// Converts a string to lower-case ASCII letters and digits, with one hyphen for anything in between.
fn slugify(text: &str) -> String {
    let words =
        text.split(|character: char| !character.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-")
}

/// Formats a value as compact JSON. The engine's own filter escapes characters for HTML.
fn to_json(value: &Value) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| {
        Error::new(ErrorKind::BadSerialization, "cannot be written as JSON").with_source(error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggested_filters_exist() {
        let engine = engine();
        for (name, _) in COMMON {
            let error = engine.empty_state().apply_filter(name, &[]).unwrap_err();
            assert_ne!(error.kind(), ErrorKind::UnknownFilter, "{name}");
        }
    }

    #[test]
    fn slugs_are_fit_for_image_tags() {
        for (text, expected) in
            [("feature/ABC_1: größe", "feature-abc-1-gr-e"), ("--a--b--", "a-b"), ("", ""), ("é", "")]
        {
            assert_eq!(slugify(text), expected);
        }
    }
}
