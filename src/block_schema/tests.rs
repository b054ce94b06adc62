use serde_json::json;

use super::*;

fn path(text: &str) -> FieldPath {
    FieldPath::from_segments(text.split('.').map(str::to_owned)).unwrap()
}

/// Returns the problems of a block with a bundled type.
fn problems(slug: &str, values: &str, sources: &[&str]) -> Vec<String> {
    let types = BlockTypes::bundled();
    let sources: Vec<FieldPath> = sources.iter().map(|text| path(text)).collect();
    let values: crate::value::Value = serde_yaml::from_str(values).unwrap();
    let values = crate::value::json_object(crate::value::to_json(&values));
    let found = types.schema(slug).unwrap().problems(&values, &sources);
    found.iter().map(ToString::to_string).collect()
}

/// Slug of the type, values in the file, fields with `value_from`, and expected problems.
type Case = (&'static str, &'static str, &'static [&'static str], &'static [&'static str]);

const CASES: &[Case] = &[
    ("secret", "{}", &["value"], &[]),
    ("secret", "{}", &["valu"], &["unknown field 'valu'"]),
    ("secret", "{}", &["password"], &["unknown field 'password'", "the required field 'value' is missing"]),
    ("secret", "{value: x}", &[], &["the file must not contain the value of the secret field 'value'"]),
    ("aws-credentials", "{region_name: a}", &["aws_secret_access_key"], &[]),
    ("aws-credentials", "{regionnam: a}", &[], &["unknown field 'regionnam'"]),
    ("aws-credentials", "{aws_secret_access_key: null}", &[], &[]),
    (
        "aws-credentials",
        "{aws_secret_access_key: [1]}",
        &[],
        &["the file must not contain the value of the secret field 'aws_secret_access_key'"],
    ),
    (
        "aws-credentials",
        "{}",
        &["aws_session_token"],
        &["field 'aws_session_token' is not secret, so the server shows its value"],
    ),
    ("aws-credentials", "{aws_client_parameters: {use_ssl: '{{ $SSL }}'}}", &[], &[]),
    (
        "aws-credentials",
        "{aws_client_parameters: {use_ssl: 'no'}}",
        &[],
        &["invalid value for field 'aws_client_parameters.use_ssl': \"no\" is not of type \"boolean\""],
    ),
    (
        "local-file-system",
        "{basepath: [1]}",
        &[],
        &["invalid value for field 'basepath': [1] is not of type \"string\""],
    ),
    (
        "webhook",
        "{method: NOPE}",
        &["url"],
        &["invalid value for field 'method': \"NOPE\" is not one of \"GET\", \"POST\" or 3 other candidates"],
    ),
    ("webhook", "{headers: {}}", &["url"], &[]),
    (
        "webhook",
        "{headers: {A: b}}",
        &["url"],
        &["the file must not contain the value of the secret field 'headers'"],
    ),
    ("webhook", "{}", &["url", "headers"], &[]),
    ("webhook", "{}", &["url", "headers.Authorization"], &[]),
    (
        "webhook",
        "{url: 'https://example.com'}",
        &[],
        &["the file must not contain the value of the secret field 'url'"],
    ),
    (
        "sqlalchemy-connector",
        "{connection_info: {driver: d, database: d}}",
        &["connection_info.password"],
        &[],
    ),
    (
        "sqlalchemy-connector",
        "{connection_info: {driver: d, database: d, password: x}}",
        &[],
        &["the file must not contain the value of the secret field 'connection_info.password'"],
    ),
    ("remote-file-system", "{}", &[], &["the required field 'basepath' is missing"]),
    ("s3-bucket", "{bucket_name: b, credentials: '{{ prefect.blocks.aws-credentials.prod }}'}", &[], &[]),
    (
        "s3-bucket",
        "{bucket_name: b, credentials: '{{ prefect.blocks.gcp-credentials.prod }}'}",
        &[],
        &["field 'credentials' does not accept blocks of the type 'gcp-credentials'"],
    ),
    (
        "s3-bucket",
        "{bucket_name: '{{ prefect.blocks.s3-bucket.other.bucket_name }}'}",
        &[],
        &["field 'bucket_name' cannot contain a value of another block"],
    ),
    (
        "s3-bucket",
        "{bucket_name: b, credentials: '{{ prefect.blocks.aws-credentials.prod.region_name }}'}",
        &[],
        &["field 'credentials' cannot contain a value of another block"],
    ),
    (
        "s3-bucket",
        "{bucket_name: b, credentials: prod}",
        &[],
        &["field 'credentials' must be a reference to a block"],
    ),
    (
        "s3-bucket",
        "{bucket_name: b, credentials: {aws_secret_access_key: x}}",
        &[],
        &["the file must not contain the value of the secret field 'credentials.aws_secret_access_key'"],
    ),
];

#[test]
fn finds_the_problems_of_declared_blocks() {
    for (slug, values, sources, expected) in CASES {
        assert_eq!(problems(slug, values, sources), *expected, "{slug} {values} {sources:?}");
    }
}

#[test]
fn reports_violations_of_the_schema_as_a_whole() {
    let schema = BlockSchema::new(json!({"properties": {"a": {}, "b": {}}, "minProperties": 2}));
    let problems = |values: Json| schema.problems(&crate::value::json_object(values), &[]);
    assert!(problems(json!({"a": 1, "b": 2})).is_empty());
    assert!(problems(json!({"a": "{{ x }}"})).is_empty());
    let found = problems(json!({"a": 1}));
    assert!(matches!(found[..], [Problem::InvalidData { .. }]), "{found:?}");
}

#[test]
fn parses_the_values_of_secret_fields() {
    let types = BlockTypes::bundled();
    for (slug, field, text, expected) in [
        ("secret", "value", r#"{"a": 1}"#, Some(json!(r#"{"a": 1}"#))),
        ("gcp-credentials", "service_account_info", r#"{"a": "b"}"#, Some(json!({"a": "b"}))),
        ("gcp-credentials", "service_account_info", "key", None),
        ("webhook", "headers.Authorization", "Bearer x", Some(json!("Bearer x"))),
        ("email-server-credentials", "smtp_port", "25", Some(json!(25))),
    ] {
        let found = types.schema(slug).unwrap().parse(&path(field), text);
        assert_eq!(found, expected, "{slug} {field} {text}");
    }
}

#[test]
fn knows_the_block_types_of_prefect_and_its_integrations() {
    let types = BlockTypes::bundled();
    for slug in
        ["secret", "local-file-system", "slack-webhook", "s3-bucket", "gcs-bucket", "github-repository"]
    {
        assert!(types.contains(slug), "{slug}");
    }
    assert_eq!(types.similar("secrt"), Some("secret"));
    assert_eq!(types.similar("my-own-type"), None);
}

#[test]
fn sets_nested_fields() {
    let mut data = crate::value::json_object(json!({"a": {"b": 1}, "c": "x"}));
    for (field, value) in [("a.d", json!(2)), ("c.e", json!(3)), ("f", json!(4)), ("g.h.i", json!(5))] {
        path(field).set(&mut data, value);
    }
    let expected = json!({"a": {"b": 1, "d": 2}, "c": {"e": 3}, "f": 4, "g": {"h": {"i": 5}}});
    assert_eq!(Json::Object(data), expected);
}
