use super::{check, check_parameter};

/// Templates with the server's error messages, or null for valid templates.
const TEMPLATES: &str = include_str!("../../tests/data/jinja/templates.json");

#[test]
fn errors_match_the_server() {
    let cases: Vec<(String, Option<String>)> = serde_json::from_str(TEMPLATES).unwrap();
    assert!(cases.len() > 400);
    let different = cases.into_iter().filter_map(|(template, expected)| {
        let found = check(&template).err().map(|error| error.message);
        let line = format!("{template:?}: {found:?}, the server: {expected:?}");
        (found != expected).then_some(line)
    });
    let different: Vec<String> = different.collect();
    assert!(different.is_empty(), "{}", different.join("\n"));
}

#[test]
fn errors_have_a_message_and_a_range() {
    for (template, message, part) in [
        ("{{ nope.x ) }}", "unexpected ')'", ")"),
        ("a {{ b c }}", "expected token 'end of print statement', got 'c'", "c"),
        ("{{ a", "unexpected end of template, expected 'end of print statement'.", ""),
        ("{% iff a %}", "Encountered unknown tag 'iff'.", "iff"),
        (
            "{% if a %}{% endfor %}",
            "Encountered unknown tag 'endfor'. Jinja was looking for the following tags: 'elif' or 'else' or 'endif'. \
             The innermost block that needs to be closed is 'if'.",
            "endfor",
        ),
        ("{{ 'ü' $ }}", "unexpected char '$' at 7", "$"),
    ] {
        let error = check(template).unwrap_err();
        assert_eq!((error.message.as_str(), &template[error.range]), (message, part), "{template}");
    }
}

#[test]
fn parameters_are_checked_with_the_filter_of_the_server() {
    for (template, part) in [
        ("{{ a }}", None),
        ("{{ a, b }}", None),
        ("x {{- a -}}", None),
        ("{{- a -}}", Some("")),
        (" {{ nope.x ) }} ", Some(")")),
        ("{{ a }}{{ b c }}", Some("c")),
        ("{{ }}", Some("")),
    ] {
        let found = check_parameter(template).err().map(|error| &template[error.range]);
        assert_eq!(found, part, "{template}");
    }
}

#[test]
fn deep_nesting_is_an_error() {
    for template in [format!("{{{{ {}a }}}}", "(".repeat(100_000)), "{% if a %}".repeat(100_000)] {
        assert!(check(&template).is_err());
    }
}
