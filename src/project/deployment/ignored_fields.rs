//! Deployment fields that a deploy does not overwrite.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::ignored_path::{IgnorableField, IgnoredPath, IgnoredPathError};
use crate::value::Value;

/// The fields listed in `ignore_changes`. A deploy sets these fields when it creates a deployment and never changes
/// them afterwards.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub(crate) struct IgnoredFields(Vec<IgnoredPath>);

impl IgnoredFields {
    /// Reads a file's list. The items must already be validated. Returns an empty list if `list` is `None`.
    pub(crate) fn read(list: Option<&Value>) -> Self {
        let items = list.and_then(Value::as_sequence).into_iter().flatten();
        Self(items.filter_map(|item| item.as_str()?.parse().ok()).collect())
    }

    /// Returns the union of two lists.
    pub(crate) fn union(&self, other: &Self) -> Self {
        let mut paths = self.0.clone();
        paths.extend(other.0.iter().filter(|path| !self.0.contains(path)).cloned());
        Self(paths)
    }

    /// Returns the paths in file order.
    pub(crate) fn paths(&self) -> &[IgnoredPath] {
        &self.0
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns whether the whole field is ignored.
    pub(crate) fn contains(&self, field: IgnorableField) -> bool {
        self.0.iter().any(|path| path.field == field && path.keys.is_empty())
    }

    /// Returns whether a field of the update request is completely ignored.
    pub(crate) fn contains_api_field(&self, name: &str) -> bool {
        self.0.iter().any(|path| path.keys.is_empty() && path.field.api_fields().contains(&name))
    }

    /// Replaces the ignored values in a request body with the live deployment's values. Removes values that the live
    /// deployment does not have.
    pub(crate) fn adopt<'a>(&self, body: &mut Map<String, Json>, live: impl Fn(&str) -> Option<&'a Json>) {
        for IgnoredPath { field, keys } in &self.0 {
            for name in field.api_fields() {
                let Some(own) = body.get_mut(*name) else { continue };
                match (keys.as_slice(), live(name)) {
                    ([], Some(value)) => *own = value.clone(),
                    ([], None) => drop(body.shift_remove(*name)),
                    (keys, value) => {
                        if let Json::Object(own) = own {
                            adopt_nested(own, value.and_then(Json::as_object), keys);
                        }
                    }
                }
            }
        }
    }

    /// Removes the ignored values from a request body.
    pub(crate) fn remove_from(&self, body: &mut Map<String, Json>) {
        self.adopt(body, |_| None);
    }
}

/// Replaces the value at a path with the live value. Creates intermediate mappings if the live value exists. Removes
/// intermediate mappings that become empty unless they exist in the live value.
fn adopt_nested(own: &mut Map<String, Json>, live: Option<&Map<String, Json>>, path: &[String]) {
    let [key, rest @ ..] = path else { return };
    let live = live.and_then(|live| live.get(key));
    if rest.is_empty() {
        match live {
            Some(value) => drop(own.insert(key.clone(), value.clone())),
            None => drop(own.shift_remove(key)),
        }
        return;
    }
    if live.and_then(|live| nested(live, rest)).is_some() {
        own.entry(key.as_str()).or_insert_with(|| Json::Object(Map::new()));
    }
    let Some(Json::Object(inner)) = own.get_mut(key) else { return };
    adopt_nested(inner, live.and_then(Json::as_object), rest);
    if inner.is_empty() && live.is_none() {
        own.shift_remove(key);
    }
}

fn nested<'a>(value: &'a Json, path: &[String]) -> Option<&'a Json> {
    path.iter().try_fold(value, |value, key| value.as_object()?.get(key))
}

impl TryFrom<Vec<String>> for IgnoredFields {
    type Error = IgnoredPathError;

    fn try_from(texts: Vec<String>) -> Result<Self, Self::Error> {
        texts.iter().map(|text| text.parse()).collect::<Result<_, _>>().map(Self)
    }
}

impl From<IgnoredFields> for Vec<String> {
    fn from(fields: IgnoredFields) -> Self {
        fields.0.iter().map(IgnoredPath::to_string).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::value::json_object;

    fn ignored(paths: &[&str]) -> IgnoredFields {
        paths.iter().map(ToString::to_string).collect::<Vec<_>>().try_into().unwrap()
    }

    #[test]
    fn adopts_live_values() {
        for (paths, own, live, expected) in [
            (&["tags"][..], json!({"tags": ["a"]}), json!({"tags": ["b"]}), json!({"tags": ["b"]})),
            (&["tags"], json!({"version": "1"}), json!({"tags": ["b"]}), json!({"version": "1"})),
            (
                &["parameters.a"],
                json!({"parameters": {"a": 1, "b": 2}}),
                json!({"parameters": {"a": 3, "b": 4}}),
                json!({"parameters": {"a": 3, "b": 2}}),
            ),
            (&["parameters.a"], json!({"parameters": {"a": 1}}), json!({}), json!({"parameters": {}})),
            (
                &["job_variables.env.A"],
                json!({"job_variables": {}}),
                json!({"job_variables": {"env": {"A": "1", "B": "2"}}}),
                json!({"job_variables": {"env": {"A": "1"}}}),
            ),
            (
                &["job_variables.env.A"],
                json!({"job_variables": {"env": {"A": "1"}}}),
                json!({"job_variables": {"image": "x"}}),
                json!({"job_variables": {}}),
            ),
            (
                &["job_variables.env.A"],
                json!({"job_variables": {"env": {"A": "1"}}}),
                json!({"job_variables": {"env": {}}}),
                json!({"job_variables": {"env": {}}}),
            ),
            (
                &["job_variables.env.A"],
                json!({"job_variables": {"env": "x"}}),
                json!({"job_variables": {"env": {"A": "1"}}}),
                json!({"job_variables": {"env": "x"}}),
            ),
            (
                &["work_pool"],
                json!({"work_pool_name": "a", "work_queue_name": null, "job_variables": {}, "paused": true}),
                json!({"work_pool_name": "b", "work_queue_name": "q", "job_variables": {"x": 1}, "paused": false}),
                json!({"work_pool_name": "b", "work_queue_name": "q", "job_variables": {"x": 1}, "paused": true}),
            ),
        ] {
            let (mut body, live) = (json_object(own.clone()), json_object(live));
            ignored(paths).adopt(&mut body, |name| live.get(name));
            assert_eq!(Json::Object(body), expected, "{paths:?} {own}");
        }
    }

    #[test]
    fn unites_lists() {
        let union = ignored(&["paused", "tags"]).union(&ignored(&["tags", "parameters.a"]));
        assert_eq!(union, ignored(&["paused", "tags", "parameters.a"]));
    }
}
