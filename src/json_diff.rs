//! Finds the differences between two JSON values. Each difference has the path of the changed value.

use serde_json::Value as Json;

use crate::pointer::Pointer;

/// A changed value and its path. `old` or `new` is `None` if the path does not exist in the old or new value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ChangedValue<'a> {
    pub(crate) path: Pointer,
    pub(crate) old: Option<&'a Json>,
    pub(crate) new: Option<&'a Json>,
}

/// Returns the differences between two values at `path`.
///
/// Objects are compared by key. Lists of the same length are compared by index. Lists of different lengths
/// are treated as a single difference.
pub(crate) fn changed_values<'a>(path: Pointer, old: &'a Json, new: &'a Json) -> Vec<ChangedValue<'a>> {
    let mut found = Vec::new();
    compare(path, Some(old), Some(new), &mut found);
    found
}

fn compare<'a>(
    path: Pointer,
    old: Option<&'a Json>,
    new: Option<&'a Json>,
    found: &mut Vec<ChangedValue<'a>>,
) {
    match (old, new) {
        (Some(Json::Object(before)), Some(Json::Object(after))) => {
            for (key, old) in before {
                compare(path.join(key.as_str()), Some(old), after.get(key), found);
            }
            for (key, new) in after.iter().filter(|(key, _)| !before.contains_key(*key)) {
                compare(path.join(key.as_str()), None, Some(new), found);
            }
        }
        (Some(Json::Array(before)), Some(Json::Array(after))) if before.len() == after.len() => {
            for (index, (old, new)) in before.iter().zip(after).enumerate() {
                compare(path.join(index), Some(old), Some(new), found);
            }
        }
        _ if old == new => {}
        _ => found.push(ChangedValue { path, old, new }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn finds_changed_values() {
        let old = json!({"env": {"A": "1", "B": "2"}, "list": [1, 2], "same": {"x": null}});
        let new = json!({"env": {"A": "1", "C": "3"}, "list": [1, 3], "same": {"x": null}, "more": [1]});
        let changes: Vec<String> = changed_values(Pointer::root().join("v"), &old, &new)
            .iter()
            .map(|change| {
                format!(
                    "{} {:?} {:?}",
                    change.path,
                    change.old.map(Json::to_string),
                    change.new.map(Json::to_string)
                )
            })
            .collect();
        assert_eq!(
            changes,
            [
                r#"v.env.B Some("2") None"#.replace("\"2\"", r#""\"2\"""#),
                r#"v.env.C None Some("3")"#.replace("\"3\"", r#""\"3\"""#),
                r#"v.list[1] Some("2") Some("3")"#.to_owned(),
                r#"v.more None Some("[1]")"#.to_owned(),
            ]
        );
    }
}
