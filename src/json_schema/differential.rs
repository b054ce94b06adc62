//! Compares the evaluator with the crate `jsonschema`.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{evaluator::mismatches, invalid_schema};

/// Generates values that differ in type, length, content and number of items.
fn values() -> impl Strategy<Value = Value> {
    let number = prop_oneof![
        (-3_i64..12).prop_map(|number| json!(number)),
        (-6_i32..20).prop_map(|number| json!(f64::from(number) / 4.0)),
        Just(json!(u64::MAX)),
        Just(json!(1e300)),
    ];
    let text = prop::sample::select(&["", "a", "b", "ab", "abc", "日本語", "12", "x-1"][..]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        number,
        text.prop_map(|text| json!(text)),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let entries = prop::collection::btree_map(names(), inner.clone(), 0..4);
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Value::Array),
            entries.prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

fn names() -> impl Strategy<Value = String> {
    prop::sample::select(&["a", "b", "ab", "x-1", "~/"][..]).prop_map(str::to_owned)
}

/// Generates keywords without subschemas. Many of these keywords apply to the values from [`values`].
fn assertions() -> impl Strategy<Value = (String, Value)> {
    let types = ["null", "boolean", "integer", "number", "string", "array", "object"];
    let count = || (0_u64..4).prop_map(|count| json!(count));
    let keyword = |name: &'static str, value: BoxedStrategy<Value>| {
        value.prop_map(move |value| (name.to_owned(), value)).boxed()
    };
    let patterns = prop::sample::select(&["^a", "b$", r"^\d+$", "[a-c]{2}", r"\w-", "^.{3}$", "(?i)AB"][..]);
    let names = || prop::collection::btree_set(names(), 1..3).prop_map(|names| json!(names));
    let mut options = vec![
        keyword("type", prop::sample::select(types.to_vec()).prop_map(|name| json!(name)).boxed()),
        keyword(
            "type",
            prop::sample::subsequence(types.to_vec(), 1..4).prop_map(|names| json!(names)).boxed(),
        ),
        keyword("enum", prop::collection::vec(values(), 1..5).prop_map(Value::Array).boxed()),
        keyword("const", values().boxed()),
        keyword("multipleOf", prop::sample::select(vec![json!(2), json!(0.5), json!(0.1), json!(3)]).boxed()),
        keyword("pattern", patterns.prop_map(|pattern| json!(pattern)).boxed()),
        keyword("uniqueItems", any::<bool>().prop_map(Value::Bool).boxed()),
        keyword("required", names().boxed()),
        keyword("dependentRequired", names().prop_map(|names| json!({"a": names})).boxed()),
    ];
    for name in ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"] {
        options.push(keyword(
            name,
            prop::sample::select(vec![json!(0), json!(1), json!(2.5), json!(7)]).boxed(),
        ));
    }
    for name in ["minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"] {
        options.push(keyword(name, count().boxed()));
    }
    prop::strategy::Union::new(options)
}

/// Generates schemas that may contain the given references.
fn schemas(references: &'static [&'static str]) -> impl Strategy<Value = Value> {
    let object = |keywords: Vec<(String, Value)>| Value::Object(keywords.into_iter().collect());
    let mut leaves = vec![
        (1, any::<bool>().prop_map(Value::Bool).boxed()),
        (8, prop::collection::vec(assertions(), 0..3).prop_map(object).boxed()),
    ];
    if !references.is_empty() {
        leaves.push((1, prop::sample::select(references).prop_map(|to| json!({"$ref": to})).boxed()));
    }
    let leaf = prop::strategy::Union::new_weighted(leaves);
    leaf.prop_recursive(3, 32, 4, move |inner| {
        let one = || inner.clone().boxed();
        let not_false = || one().prop_filter("not false", |schema| schema != &json!(false)).boxed();
        let many = || prop::collection::vec(inner.clone(), 1..4).prop_map(Value::Array).boxed();
        let named = prop::collection::btree_map(names(), inner.clone(), 1..4);
        let named = named.prop_map(|entries| Value::Object(entries.into_iter().collect())).boxed();
        let patterns = inner.clone().prop_map(|schema| json!({"^a": schema})).boxed();
        let mut options = vec![assertions().boxed()];
        for (name, value) in [
            ("properties", named.clone()),
            ("patternProperties", patterns),
            // The crate `jsonschema` words the message differently if one of these keywords is `false`.
            ("additionalProperties", not_false()),
            ("propertyNames", not_false()),
            ("dependentSchemas", named),
            ("items", one()),
            ("prefixItems", many()),
            ("contains", one()),
            ("allOf", many()),
            ("anyOf", many()),
            ("oneOf", many()),
            ("not", one()),
            ("if", one()),
            ("then", one()),
            ("else", one()),
        ] {
            options.push(value.prop_map(move |value| (name.to_owned(), value)).boxed());
        }
        prop::collection::vec(prop::strategy::Union::new(options), 1..5).prop_map(object)
    })
}

/// Returns the paths and messages of all mismatches.
fn ours(schema: &Value, value: &Value) -> Vec<(String, String)> {
    let path = |path: &[String]| {
        let segments = path.iter().map(|segment| segment.replace('~', "~0").replace('/', "~1"));
        segments.flat_map(|segment| ["/".to_owned(), segment]).collect::<String>()
    };
    let found = mismatches(schema, value);
    let mut found: Vec<_> = found.iter().map(|found| (path(&found.path), found.to_string())).collect();
    found.sort();
    found
}

fn theirs(validator: &jsonschema::Validator, value: &Value) -> Vec<(String, String)> {
    let errors = validator.iter_errors(value);
    let mut found: Vec<_> =
        errors.map(|error| (error.instance_path().to_string(), error.to_string())).collect();
    found.sort();
    found
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn finds_the_same_mismatches(
        schema in schemas(&["#/$defs/D", "#/$defs/E"]),
        // The result of cyclic references is undefined.
        definitions in [schemas(&[]), schemas(&["#/$defs/D"])],
        values in prop::collection::vec(values(), 6),
    ) {
        let mut schema = schema;
        if let Some(keywords) = schema.as_object_mut() {
            let [first, second] = definitions;
            keywords.insert("$defs".into(), json!({"D": first, "E": second}));
        }
        if let Ok(validator) = jsonschema::draft202012::new(&schema) {
            prop_assert_eq!(invalid_schema(&schema), None);
            for value in values {
                prop_assert_eq!(ours(&schema, &value), theirs(&validator, &value), "{} {}", schema, value);
            }
        }
    }

    #[test]
    fn rejects_the_same_schemas(schema in schemas(&[]), value in values(), keyword in assertions()) {
        // Most of these schemas are invalid because the keyword does not accept the value.
        let schema = json!({"properties": {"a": schema}, keyword.0: value});
        let theirs = jsonschema::draft202012::new(&schema);
        prop_assert_eq!(invalid_schema(&schema).is_some(), theirs.is_err(), "{} {:?}", schema, theirs.err());
    }
}
