//! Tests of the whole YAML parser.

mod overlay;
mod properties;
mod recorded;

use serde_json::json;

use super::{error::YamlError, *};
use crate::source::Source;
use crate::{
    pointer::{Pointer, Segment},
    source::Span,
    test_limits,
};

fn read(text: &str) -> Result<Document, YamlError> {
    load(&Source::new("prefect.yaml", text))
}

/// Returns the message of an error, the text at its position, and its help.
fn complaint(text: &str) -> (String, String, Option<String>) {
    let error = read(text).unwrap_err();
    (error.to_string(), text[error.span.range()].to_owned(), error.kind.help())
}

const QUOTE: &str = "quote values that start with `{{`: \"{{ ... }}\"";

/// Invalid documents with the message, the text at the error's position, and the help text.
const INVALID: [(&str, &str, &str, Option<&str>); 32] = [
    (
        "a: &bucket x\nb: *buket",
        "the alias `*buket` has no anchor `&buket` above it",
        "*buket",
        Some("did you mean `*bucket`?"),
    ),
    ("a: &x [*x]", "the alias `*x` is inside the value that it refers to", "*x", None),
    (
        "a: &x 1\nb: &x 2",
        "the anchor `&x` is already defined on line 1",
        "&x",
        Some("use a different name for each anchor"),
    ),
    (
        "a: 1\n---\nb: 2",
        "the file contains more than one YAML document",
        "---",
        Some("remove this `---`, because a project file must contain a single document"),
    ),
    (
        "a: !Ref x",
        "the tag `!Ref` is not supported",
        "!Ref",
        Some("remove the tag, or quote the string if it starts with `!`"),
    ),
    (
        "a: !!python/name:x y",
        "the tag `!!python/name:x` is not supported",
        "!!python/name:x",
        Some("remove the tag, or quote the string if it starts with `!`"),
    ),
    ("a: =", "the value `=` must be quoted", "=", Some("quote the value to make it a string")),
    ("a: 2024-02-30", "`2024-02-30` is not a valid date or time", "2024-02-30", None),
    ("a: !!int ten", "`ten` is not an integer", "ten", None),
    ("a: !!str [x]", "expected a string, found a list", "[x]", None),
    ("a: !!omap [{x: 1, y: 2}]", "expected a mapping with one entry, found a mapping", "{x: 1, y: 2}", None),
    ("<<: x", "`<<` can only merge a mapping or a list of mappings, not a scalar", "x", None),
    ("<<: [{a: 1}, [b]]", "`<<` can only merge a mapping or a list of mappings, not a list", "[b]", None),
    ("image: {{ build.image }}", "a mapping cannot be a mapping key", "{ build.image }", Some(QUOTE)),
    ("image: {{ build.image }}:{{ build.tag }}", "expected another key of the mapping", ":", Some(QUOTE)),
    ("? [a]\n: b", "a list cannot be a mapping key", "[a]", None),
    ("a: \u{1b}", "the character U+001B is not allowed in YAML", "\u{1b}", None),
    ("a:\tb", "YAML does not allow tabs for indentation", "\t", Some("use spaces")),
    ("a: b: c", "an unquoted value cannot contain `: `", ":", Some("quote the value")),
    (
        "a:\n  b\n  c: d",
        "a mapping cannot start here",
        ":",
        Some("quote the value if it contains `: `; otherwise, check the indentation of this line"),
    ),
    ("- name:a\n  b: c", "a space is missing after `name:`", "name:", None),
    ("a: b\nname:c\n", "a space is missing after `name:`", "name:", None),
    ("a: {b: c\nd: e", "this `{` is not closed", "{", None),
    ("- a: [b, c\n- d: e", "this `[` is not closed", "[", None),
    (
        "a: |\nb\nc: d",
        "this block scalar must be indented",
        "b",
        Some("indent the block scalar by two spaces"),
    ),
    (
        "x: 1\n# a\nb\nc: d",
        "expected `:` after this key",
        "b",
        Some("start the line with `#` if it continues the comment above"),
    ),
    ("a: [1, 2", "this `[` is not closed", "[", None),
    ("a: 'x", "the quoted string is not closed", "'", None),
    ("a: @x", "an unquoted value cannot start with `@`", "@", Some("quote the value")),
    (
        "a: * * * * *",
        "`*` starts an alias, but no name follows",
        "*",
        Some("quote a value that starts with `*`, such as a cron expression"),
    ),
    (
        "a: */5 * * * *",
        "`*/5` is not an alias",
        "*/5",
        Some("quote a value that starts with `*`, such as a cron expression"),
    ),
    (
        "a: *x.y",
        "PyYAML does not accept the name in `*x.y`",
        "*x.y",
        Some("use letters, digits, `-` and `_`, or quote the string if it starts with `&` or `*`"),
    ),
];

#[test]
fn errors_have_a_message_and_a_place() {
    for (text, message, place, help) in INVALID {
        assert_eq!(complaint(text), (message.into(), place.into(), help.map(Into::into)), "{text:?}");
    }
}

/// Documents that PyYAML rejects, with the message, the error's offset and the help text.
const REJECTED: [(&str, &str, usize, Option<&str>); 15] = [
    ("a:\tb", "YAML does not allow tabs for indentation", 2, Some("use spaces")),
    ("a: b\tc", "YAML does not allow tabs for indentation", 4, Some("use spaces")),
    ("a: b \t# c", "YAML does not allow tabs for indentation", 5, Some("use spaces")),
    ("a: [1,\n\t2]", "YAML does not allow tabs for indentation", 7, Some("use spaces")),
    ("a: 1\n\t\n", "YAML does not allow tabs for indentation", 5, Some("use spaces")),
    ("[http://x?y=1]", "an unquoted value inside brackets cannot contain `?`", 9, Some("quote the value")),
    ("{a: :b}", "an unquoted value inside brackets cannot start with `:`", 4, Some("quote the value")),
    (
        "{a: b, c\n d: e}",
        "a key and its `:` must be on the same line",
        11,
        Some("a `,` or a bracket may be missing before the key"),
    ),
    (": a", "the key of this value is missing", 0, Some("write `null` if the key is null")),
    ("|\na", "this block scalar must be indented", 2, Some("indent the block scalar by two spaces")),
    ("a: [- b]", "a list item cannot start with `- ` inside brackets", 4, Some("remove the dash")),
    (
        "a: 'b'c",
        "unexpected text after the closing quote",
        6,
        Some("write an apostrophe in single quotes as `''`, or use double quotes"),
    ),
    (
        "a: b\n- c",
        "a list item is not allowed here",
        5,
        Some("a key has either a value on its line or a list below it"),
    ),
    (
        "- a: b\n c: d",
        "the indentation of this line is wrong",
        8,
        Some("align the line with the other lines at the same level"),
    ),
    (
        "a: \"\\d\"",
        "unknown escape sequence in a double-quoted string",
        4,
        Some("write `\\\\` for a backslash, or use single quotes"),
    ),
];

#[test]
fn rejects_syntax_that_pyyaml_rejects() {
    for (text, message, at, help) in REJECTED {
        let error = read(text).unwrap_err();
        assert_eq!((error.to_string().as_str(), error.span.start), (message, at), "{text:?}");
        assert_eq!(error.kind.help().as_deref(), help, "{text:?}");
    }
}

#[test]
fn accepts_syntax_that_pyyaml_accepts() {
    for text in [
        "{key:[1]}",
        "[-]",
        "[?]",
        "{?a: b}",
        "a: b # c\td",
        "a: 'b\tc'",
        "a: |\n  b\tc\n  \td",
        "? a\n  b\n: c",
        "{? a\n b : c}",
        "? \n: a",
        "http://x?y=1",
    ] {
        assert!(read(text).is_ok(), "{text:?}");
    }
}

#[test]
fn locates_values_that_the_api_rejects() {
    for (text, message) in [
        ("- 18446744073709551615\n- 18446744073709551616", "18446744073709551616"),
        ("- -9223372036854775808\n- -9223372036854775809", "-9223372036854775809"),
        ("- !!binary aGk=\n- !!binary /w==", "not UTF-8"),
    ] {
        let document = read(text).unwrap();
        let error = document.root.to_value().unwrap_err();
        assert!(error.to_string().contains(message), "{error}");
        assert_eq!(document.source.position(error.span.start).line, 2);
    }
}

#[test]
fn converts_values_as_pydantic_does() {
    let text = "
        dates: [2024-01-01, 2024-01-01 10:00:00, 2024-01-01T10:00:00Z, 2024-01-01t10:00:00.5-05:00]
        zones: [2024-01-01 1:02:03.1234567 +5, 2024-01-01 10:00:00 -0:30, 2024-01-01 10:00:00 +00:00]
        floats: [.nan, -.inf, 1.5, 1.0]
        binary: !!binary aGk=
        set: !!set {b, a}
        pairs: !!omap [b: 1, a: [2]]
        largest: [18446744073709551615, -9223372036854775808]
        keys: {2024-01-01: a, 1: b}
    ";
    assert_eq!(
        crate::value::to_json(&read(text).unwrap().root.to_value().unwrap()),
        json!({
            "dates": ["2024-01-01", "2024-01-01T10:00:00", "2024-01-01T10:00:00Z", "2024-01-01T10:00:00.500000-05:00"],
            "zones": ["2024-01-01T01:02:03.123456+05:00", "2024-01-01T10:00:00-00:30", "2024-01-01T10:00:00Z"],
            "floats": [null, null, 1.5, 1.0],
            "binary": "hi",
            "set": ["b", "a"],
            "pairs": [["b", 1], ["a", [2]]],
            "largest": [u64::MAX, i64::MIN],
            "keys": {"2024-01-01": "a", "1": "b"},
        })
    );
}

#[test]
fn reports_merge_lists_whose_mappings_disagree() {
    let anchors = "a: &a {key: 1, same: 1, x: 1}\nb: &b {key: 2, same: 1, x: 2}\n";
    for (mapping, expected) in [
        ("{<<: [*a, *b]}", vec!["key"]),
        ("{<<: [*a, *b], key: 3}", vec![]),
        ("{<<: [*a, *b], <<: {key: 3}}", vec![]),
        ("{<<: [*a, *a]}", vec![]),
        ("{<<: *a, <<: *b}", vec![]),
        ("{<<: [*a]}", vec![]),
    ] {
        let document = read(&format!("{anchors}c: {mapping}\n")).unwrap();
        let keys: Vec<_> = document.merge_conflicts.iter().map(|conflict| conflict.key.as_str()).collect();
        assert_eq!(keys, expected, "{mapping}");
    }
}

#[test]
fn takes_linear_time() {
    let words = format!("a: {}", "a ".repeat(1_000_000));
    let entries =
        |value: usize| (0..80_000).map(|key| format!("k{key}: {value}")).collect::<Vec<_>>().join(", ");
    let conflicts = format!("a: &a {{{}}}\nb: &b {{{}}}\nc: {{<<: [*a, *b]}}\n", entries(1), entries(2));
    for text in [words, conflicts] {
        test_limits::within_limits(|| read(&text).map(drop)).unwrap();
    }
}

#[test]
fn merges_in_the_order_of_pyyaml() {
    let bases = "- &a {x: a, y: a}\n- &b {y: b, z: b}\n- &c {<<: *a, w: c, x: c}\n- ";
    for (mapping, expected) in [
        ("{<<: *a, y: own, v: own}", r#"{"x":"a","y":"own","v":"own"}"#),
        ("{v: own, <<: *a}", r#"{"x":"a","y":"a","v":"own"}"#),
        ("{<<: [*a, *b]}", r#"{"y":"a","z":"b","x":"a"}"#),
        ("{<<: *a, <<: *b}", r#"{"x":"a","y":"b","z":"b"}"#),
        ("{<<: *c}", r#"{"x":"c","y":"a","w":"c"}"#),
        ("{<<: {<<: *a, y: inner}, v: own}", r#"{"x":"a","y":"inner","v":"own"}"#),
        ("{'<<': *a}", r#"{"<<":{"x":"a","y":"a"}}"#),
        ("{<<: []}", "{}"),
        ("{1: int, true: bool, 1.0: float}", r#"{"1":"float"}"#),
    ] {
        let document = read(&format!("{bases}{mapping}")).unwrap();
        let value = crate::value::to_json(&document.root.as_sequence().unwrap()[3].to_value().unwrap());
        assert_eq!(value.to_string(), expected, "{mapping}");
    }
}

#[test]
fn reports_duplicate_keys_with_both_places() {
    let text = "a: 1\nb: {x: 1, x: 2}\na: 3\nc: {<<: {d: 1}, d: 2}\n";
    let document = read(text).unwrap();
    assert_eq!(document.root.to_value().unwrap()["a"].as_i64(), Some(3));
    let reported: Vec<_> = document
        .duplicate_keys
        .iter()
        .map(|key| (key.key.as_str(), key.first.start, key.second.start))
        .collect();
    assert_eq!(reported, [("x", 9, 15), ("a", 0, 21)]);
    assert_eq!(
        document.duplicate_keys[1].diagnostic(&document.source).message,
        "the key `a` is already set on line 1; this value overrides it"
    );
    assert_eq!(document.key_span(&Pointer::root().join("a")), Span::new(21, 22));
}

#[test]
fn locates_values_by_path() {
    let text = "\u{feff}base: &pool\n  name: döcker  # the pool\n  1: one\n\ndeployments:\n  - name: x\n    work_pool: *pool\n  - \
                {<<: *pool, tags: [a, b]}\nscript: |\n  echo\n\nempty:\n";
    let document = read(text).unwrap();
    let pointer = |segments: &[&str]| -> Pointer {
        segments
            .iter()
            .map(|text| text.parse().map_or_else(|_| Segment::from(*text), Segment::Index))
            .collect()
    };
    for (path, value, key) in [
        (&["base", "name"][..], "döcker", "name"),
        (&["deployments", "0", "work_pool", "name"], "döcker", "name"),
        (&["deployments", "1", "name"], "döcker", "name"),
        (&["deployments", "1", "tags", "1"], "b", "b"),
        (&["deployments", "1", "tags"], "[a, b]", "tags"),
        (&["deployments", "1"], "{<<: *pool, tags: [a, b]}", "{<<: *pool, tags: [a, b]}"),
        (&["script"], "echo", "script"),
        (&["empty"], "", "empty"),
        (&["base"], "name: döcker  # the pool\n  1: one", "base"),
        // A missing value is located at its nearest parent.
        (&["base", "nothing", "inside"], "name: döcker  # the pool\n  1: one", "base"),
        (&["deployments", "0", "name", "x"], "x", "name"),
    ] {
        let path = pointer(path);
        assert_eq!(&text[document.value_span(&path).range()], value, "{path}");
        assert_eq!(&text[document.key_span(&path).range()], key, "{path}");
    }
    let missing = pointer(&["base", "nothing"]);
    assert!(document.locate(&missing).is_none());
    let one = Pointer::root().join("base").join("1");
    assert_eq!(document.locate(&one).unwrap().to_value().unwrap(), "one");
}
