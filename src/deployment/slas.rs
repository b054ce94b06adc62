//! Service level agreements (SLAs). Only Prefect Cloud supports them.

use serde_json::{Map, Value as Json};
use uuid::Uuid;

use crate::{
    deployment::{
        item_reader::{
            Findings, ItemError, Reader, UnknownKey, boolean, duration_value, integer, nullable, one_of, text,
        },
        triggers::owner_resource,
    },
    pointer::Pointer,
    value::{Value, kind},
};

/// The error for SLAs on a server other than Prefect Cloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("SLA configuration is currently only supported on Prefect Cloud.")]
pub(crate) struct OnlyOnCloud;

const SEVERITIES: [&str; 5] = ["minor", "low", "moderate", "high", "critical"];
/// Keys that specify the limit of an SLA. Each SLA has exactly one of these keys.
const LIMITS: [&str; 3] = ["duration", "within", "stale_after"];
const KEYS: [&str; 3] = ["name", "severity", "enabled"];

/// An SLA as a JSON object that contains only the keys in the file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sla {
    given: Map<String, Json>,
}

/// The SLAs of a deployment, and unknown keys in them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Slas {
    pub(crate) slas: Vec<Sla>,
    pub(crate) unknown_keys: Vec<UnknownKey>,
}

/// Parses the SLAs of a deployment.
///
/// # Errors
///
/// Returns the errors of all items.
pub(crate) fn slas(items: &[Value]) -> Result<Slas, Vec<ItemError>> {
    let mut findings = Findings::default();
    let mut slas = Vec::new();
    for (index, item) in items.iter().enumerate() {
        findings.index = index;
        match item {
            Value::Mapping(entries) => {
                let mut reader = Reader::new(entries, Pointer::root(), &mut findings);
                slas.push(Sla { given: given(&mut reader) });
            }
            other => findings.error(&Pointer::root(), format!("expected a mapping, found {}", kind(other))),
        }
    }
    findings.into_result(|unknown_keys| Slas { slas, unknown_keys })
}

fn given(reader: &mut Reader<'_>) -> Map<String, Json> {
    reader.note_unknown_keys(&[&KEYS, &LIMITS]);
    let limits: Vec<&str> = LIMITS.into_iter().filter(|limit| reader.get(limit).is_some()).collect();
    if limits.len() != 1 {
        reader.error("", "an SLA needs one of `duration`, `within` and `stale_after`");
    }
    let mut given = Map::new();
    let mut insert =
        |key: &str, value: Option<Json>| given.extend(value.map(|value| (key.to_owned(), value)));
    insert("name", reader.required("name", text).map(Json::from));
    insert(
        "severity",
        reader.optional("severity", None, |value| one_of(value, &SEVERITIES).map(Some)).map(Json::from),
    );
    insert(
        "enabled",
        reader.optional("enabled", None, |value| nullable(boolean)(value).map(Json::from).map(Some)),
    );
    for limit in limits {
        let value = reader.optional(limit, None, |value| match limit {
            "duration" => integer(value).map(Json::from).map(Some),
            _ => duration_value(value).map(|length| Json::from(length.as_f64())).map(Some),
        });
        insert(limit, value);
    }
    given
}

impl Sla {
    /// Returns the SLA as expected by the request that replaces all SLAs of a deployment.
    pub(crate) fn body(&self, deployment_id: Uuid) -> Json {
        let mut body = self.given.clone();
        body.insert("owner_resource".to_owned(), Json::from(owner_resource(deployment_id)));
        Json::Object(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(yaml: &str) -> Result<Slas, Vec<ItemError>> {
        slas(&serde_yaml::from_str::<Vec<Value>>(yaml).unwrap())
    }

    #[test]
    fn bodies_contain_only_given_keys() {
        let deployment: Uuid = "5f1c9d2e-0000-4000-8000-000000000001".parse().unwrap();
        for (yaml, expected) in [
            ("{name: a, duration: 60}", r#"{"name":"a","duration":60"#),
            ("{name: a, within: PT10M, severity: high}", r#"{"name":"a","severity":"high","within":600.0"#),
            (
                "{stale_after: 3600, enabled: 'no', name: a}",
                r#"{"name":"a","enabled":false,"stale_after":3600.0"#,
            ),
            ("{name: a, duration: '60', enabled: null}", r#"{"name":"a","enabled":null,"duration":60"#),
        ] {
            let found = parse(&format!("[{yaml}]")).unwrap().slas[0].body(deployment).to_string();
            let owner = r#","owner_resource":"prefect.deployment.5f1c9d2e-0000-4000-8000-000000000001"}"#;
            assert_eq!(found, format!("{expected}{owner}"), "{yaml}");
        }
    }

    #[test]
    fn errors_contain_their_location() {
        let errors =
            parse("[{name: a}, {duration: 60, severity: hihg}, {name: a, duration: 1.5, within: 3}, a]")
                .unwrap_err();
        let paths: Vec<String> = errors.iter().map(|error| error.path.to_string()).collect();
        let found: Vec<_> = errors
            .iter()
            .zip(&paths)
            .map(|(error, path)| (error.index, path.as_str(), error.message.as_str()))
            .collect();
        assert_eq!(
            found,
            [
                (0, "", "an SLA needs one of `duration`, `within` and `stale_after`"),
                (1, "name", "`name` is missing"),
                (
                    1,
                    "severity",
                    "'hihg' is not one of minor, low, moderate, high, critical; did you mean `high`?"
                ),
                (2, "", "an SLA needs one of `duration`, `within` and `stale_after`"),
                (2, "duration", "expected an integer, found a number"),
                (3, "", "expected a mapping, found a string"),
            ]
        );
        let unknown = parse("[{name: a, duration: 1, sevrity: low}]").unwrap().unknown_keys;
        assert_eq!(
            unknown,
            [UnknownKey { index: 0, path: Pointer::root().join("sevrity"), suggestion: Some("severity") }]
        );
    }
}
