//! Filters that template expressions can use.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use minijinja::{Environment, Error, ErrorKind, State, UndefinedBehavior, Value};

use super::limits::{self, Budget, LARGEST_STRING, TOO_LARGE};
use crate::template::literal;

/// Common filters and their descriptions, for help texts and suggestions.
pub(crate) const COMMON: [(&str, &str); 15] = [
    ("b64encode", "encodes a string as Base64"),
    ("default", "`default(\"x\")` replaces an undefined value"),
    ("first", "returns the first item of a list"),
    ("int", "converts to an integer"),
    ("join", "`join(\"-\")` joins the items of a list"),
    ("last", "returns the last item of a list"),
    ("length", "counts items or characters"),
    ("literal", "protects `{{ }}` and `<< >>` in a string from substitution"),
    ("lower", "converts to lower case"),
    ("replace", "`replace(\"a\", \"b\")` replaces a substring"),
    ("slugify", "converts a string to lowercase letters, digits and hyphens, for example for image tags"),
    ("split", "`split(\",\")` splits a string into a list"),
    ("tojson", "formats a value as JSON"),
    ("trim", "removes surrounding whitespace"),
    ("upper", "converts to upper case"),
];

/// Name of the function that wraps every expression and returns its result.
pub(super) const RESULT: &str = "__result";

/// Creates an expression engine with all filters. The function [`RESULT`] records the consumed fuel in
/// `budget`.
pub(super) fn engine(budget: &Budget) -> Environment<'static> {
    let mut engine = Environment::new();
    let budget = budget.clone();
    engine.set_fuel(budget.expression_fuel());
    engine.add_function(RESULT, move |state: &State<'_, '_>, value: Value| {
        budget.record(state);
        value
    });
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    // These filters repeat a value without limiting its size.
    for filter in ["batch", "slice"] {
        engine.remove_filter(filter);
    }
    engine.add_filter("slugify", |text: String| slugify(&text));
    engine.add_filter("b64encode", |text: String| STANDARD.encode(text));
    engine.add_filter("tojson", |value: Value| limits::to_json(&value));
    engine.add_filter("replace", replace);
    engine.add_filter("literal", |text: String| literal::protect(&text));
    engine
}

/// Replaces all occurrences of a substring. Checks the length of the result before creating it.
fn replace(text: &str, from: &str, to: &str) -> Result<String, Error> {
    let grown = text.len().saturating_add(text.matches(from).count().saturating_mul(to.len()));
    if grown > LARGEST_STRING {
        return Err(Error::new(ErrorKind::InvalidOperation, TOO_LARGE));
    }
    Ok(text.replace(from, to))
}

/// Converts a string to lowercase ASCII letters and digits. Each sequence of other characters between them
/// becomes one hyphen.
fn slugify(text: &str) -> String {
    let words =
        text.split(|character: char| !character.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggested_filters_exist() {
        let engine = engine(&Budget::default());
        for (name, _) in COMMON {
            let error = engine.empty_state().apply_filter(name, &[]).unwrap_err();
            assert_ne!(error.kind(), ErrorKind::UnknownFilter, "{name}");
        }
    }

    #[test]
    fn slugs_are_valid_image_tags() {
        for (text, expected) in
            [("feature/ABC_1: größe", "feature-abc-1-gr-e"), ("--a--b--", "a-b"), ("", ""), ("é", "")]
        {
            assert_eq!(slugify(text), expected);
        }
    }
}
