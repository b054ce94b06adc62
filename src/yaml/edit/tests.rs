//! Tests that edits preserve the rest of the text.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::{
    super::{load, write},
    *,
};

fn edited(text: &str, item: &Json) -> Option<String> {
    let document = load(&Source::new("prefect.yaml", text)).unwrap();
    append(&document, "deployments", item).map(|edit| {
        assert!(edit.text.contains(&edit.added), "{edit:?}");
        edit.text
    })
}

#[test]
fn appends_an_item_in_the_style_of_the_file() {
    let item = json!({"name": "b", "tags": ["x"]});
    for (text, expected) in [
        // After the last item, at the end of the file and before other keys.
        ("deployments:\n- name: a\n", "deployments:\n- name: a\n- name: b\n  tags:\n  - x\n"),
        (
            "deployments:\n- name: a # first\n# second\nx: 1",
            "deployments:\n- name: a # first\n- name: b\n  tags:\n  - x\n# second\nx: 1",
        ),
        ("deployments:\n- name: a", "deployments:\n- name: a\n- name: b\n  tags:\n  - x\n"),
        // Indentation, blank lines and line breaks of the file.
        (
            "deployments:\n  - name: a\n    # tags: []\n\n# pull\npull: []\n",
            "deployments:\n  - name: a\n    # tags: []\n  - name: b\n    tags:\n      - x\n\n# pull\npull: []\n",
        ),
        (
            "deployments:\n- name: a\n\n- name: c\n\nx: 1\n",
            "deployments:\n- name: a\n\n- name: c\n\n- name: b\n  tags:\n  - x\n\nx: 1\n",
        ),
        (
            "deployments:\r\n- name: a\r\nx: 1\r\n",
            "deployments:\r\n- name: a\r\n- name: b\r\n  tags:\r\n  - x\r\nx: 1\r\n",
        ),
        // Last items that end in an alias, a `#` inside a scalar, or a block scalar.
        (
            "d: &d {name: z}\ndeployments:\n- *d\nx: 1\n",
            "d: &d {name: z}\ndeployments:\n- *d\n- name: b\n  tags:\n  - x\nx: 1\n",
        ),
        (
            "deployments:\n- description: |\n    text\n    # no comment\n\nx: 1\n",
            "deployments:\n- description: |\n    text\n    # no comment\n- name: b\n  tags:\n  - x\n\nx: 1\n",
        ),
        (
            "deployments:\n- description: |+\n    text\n\n\nx: 1\n",
            "deployments:\n- description: |+\n    text\n\n\n- name: b\n  tags:\n  - x\nx: 1\n",
        ),
        // Files without a list, and flow lists.
        ("name: p # me\n", "name: p # me\n\ndeployments:\n- name: b\n  tags:\n  - x\n"),
        ("name: |+\n  p\n\n", "name: |+\n  p\n\ndeployments:\n- name: b\n  tags:\n  - x\n"),
        ("deployments: [] # none\nx: 1\n", "deployments: # none\n- name: b\n  tags:\n  - x\nx: 1\n"),
        ("deployments: [{name: a}, ]\n", "deployments: [{name: a}, {\"name\": \"b\", \"tags\": [\"x\"]}]\n"),
        ("<<: {deployments: [a]}\n", "<<: {deployments: [a, {\"name\": \"b\", \"tags\": [\"x\"]}]}\n"),
        ("{name: p}\n", "{name: p, \"deployments\": [{\"name\": \"b\", \"tags\": [\"x\"]}]}\n"),
        ("{deployments: [{name: a}]}", "{deployments: [{name: a}, {\"name\": \"b\", \"tags\": [\"x\"]}]}"),
    ] {
        assert_eq!(edited(text, &item).as_deref(), Some(expected), "{text}");
    }
}

#[test]
fn appends_entries_to_a_mapping() {
    let entries = json!({"pool": {"name": "p"}, "tags": ["x"]});
    let extended = |text: &str, pointer: Pointer| {
        let document = load(&Source::new("prefect.yaml", text)).unwrap();
        extend(&document, &pointer, entries.as_object().unwrap()).map(|edit| edit.text)
    };
    let first = || Pointer::root().join("d").join(0);
    for (text, expected) in [
        ("d:\n- name: a\n- b: 1\n", "d:\n- name: a\n  pool:\n    name: p\n  tags:\n  - x\n- b: 1\n"),
        (
            "d:\n  - name: a # it\n    # more\n\n  # next\n  - b: 1\n",
            "d:\n  - name: a # it\n    # more\n    pool:\n      name: p\n    tags:\n      - x\n\n  # next\n  - b: 1\n",
        ),
        ("d: [{name: a}, {b: 1}]", "d: [{name: a, \"pool\": {\"name\": \"p\"}, \"tags\": [\"x\"]}, {b: 1}]"),
    ] {
        assert_eq!(extended(text, first()).as_deref(), Some(expected), "{text}");
    }
    for text in ["d:\n- &a {b: 1}\n- *a\n", "d: [1]\n", "d: []\n", "d:\n- &a\n  b: 1\nc: *a\n"] {
        assert_eq!(extended(text, first()), None, "{text}");
    }
}

#[test]
fn returns_none_if_the_file_cannot_be_edited() {
    for text in ["d: &d\n- name: a\ndeployments: *d\n", "deployments: a\n", "- a\n"] {
        assert_eq!(edited(text, &json!({"name": "b"})), None, "{text}");
    }
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z]{1,6}", "[ -~]{0,12}", "[a-z\n# ]{0,12}", any::<String>()]
}

fn any_fields() -> impl Strategy<Value = Json> {
    let leaf =
        prop_oneof![any_text().prop_map(Json::from), any::<i32>().prop_map(Json::from), Just(Json::Null)];
    let value = leaf.prop_recursive(2, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Json::from),
            prop::collection::hash_map("[a-z_]{1,5}", inner, 0..3)
                .prop_map(|entries| Json::Object(entries.into_iter().collect())),
        ]
    });
    prop::collection::hash_map("[a-z_]{1,6}", value, 1..4)
        .prop_map(|entries| Json::Object(entries.into_iter().collect()))
}

/// Generates comments and blank lines.
fn any_padding() -> impl Strategy<Value = String> {
    prop::collection::vec(prop_oneof!["\n", " {0,4}# [a-z: -]{0,8}\n"], 0..3).prop_map(|lines| lines.concat())
}

/// Generates a file with sections around the deployments, and comments and blank lines in between.
fn any_file() -> impl Strategy<Value = (String, Vec<Json>)> {
    let items = prop::collection::vec(any_fields(), 0..4);
    let padding = prop::collection::vec(any_padding(), 8);
    (items, padding, any_fields(), any_fields(), 0..3_usize, any::<[bool; 4]>()).prop_map(
        |(items, padding, before, after, indent, [has_key, has_after, windows, ends])| {
            let mut padding = padding.into_iter().cycle();
            let mut pad = || padding.next().unwrap_or_default();
            let mut text = pad() + &write(&json!({"before": before})) + &pad();
            let items = if has_key { items } else { Vec::new() };
            if items.is_empty() && has_key {
                text += "deployments: []  # none\n";
            } else if has_key {
                text += "deployments:\n";
                for item in &items {
                    text += &(pad() + &write_item(item, indent, indent));
                }
            }
            text += &pad();
            if has_after {
                text += &(write(&json!({"after": after})) + &pad());
            }
            let text = if ends { text } else { text.trim_end_matches('\n').to_owned() };
            (if windows { text.replace('\n', "\r\n") } else { text }, items)
        },
    )
}

proptest! {
    #[test]
    fn preserves_the_rest_of_the_file((text, items) in any_file(), item in any_fields()) {
        let Ok(before) = load(&Source::new("prefect.yaml", text.as_str())) else { return Ok(()) };
        let edit = append(&before, "deployments", &item);
        let edit = edit.ok_or_else(|| TestCaseError::fail(format!("no place in:\n{text}")))?;
        let after = load(&Source::new("prefect.yaml", edit.text.as_str())).unwrap();
        let mapping = |document: &Document| match document.root.to_value() {
            Ok(Value::Mapping(mapping)) => Ok(mapping),
            other => Err(TestCaseError::fail(format!("{other:?}"))),
        };
        let (mut before, mut after) = (mapping(&before)?, mapping(&after)?);
        before.remove("deployments");
        let list = after.remove("deployments").unwrap();
        prop_assert_eq!(before, after);
        let expected: Vec<Value> = items.iter().chain([&item]).map(from_json).collect();
        prop_assert_eq!(list, Value::Sequence(expected));
        // Edits only add lines. The one exception is the line with the brackets of an empty list.
        let old: Vec<&str> = text.lines().filter(|line| !line.starts_with("deployments: []")).collect();
        let mut new = edit.text.lines();
        for line in old {
            prop_assert!(new.any(|new| new == line), "{line:?} is gone from\n{}", edit.text);
        }
    }
}
