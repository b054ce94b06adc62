//! Locations in a job configuration for inserting variables.

use serde_json::{Map, Value, json};

use super::{Platform, error::PlaceError};
use crate::diagnostics::{did_you_mean, similar_name};

/// Path of the pod specification in a Kubernetes work pool's job configuration.
const POD: [&str; 4] = ["job_manifest", "spec", "template", "spec"];

/// Locations of common variables in the job configurations of Kubernetes work pools.
const KUBERNETES_PLACES: [(&str, &str); 12] = [
    ("cpu_request", "containers.0.resources.requests.cpu"),
    ("cpu_limit", "containers.0.resources.limits.cpu"),
    ("memory_request", "containers.0.resources.requests.memory"),
    ("memory", "containers.0.resources.requests.memory"),
    ("memory_limit", "containers.0.resources.limits.memory"),
    ("ephemeral_storage_request", "containers.0.resources.requests.ephemeral-storage"),
    ("ephemeral_storage_limit", "containers.0.resources.limits.ephemeral-storage"),
    ("gpu_limit", "containers.0.resources.limits.nvidia.com/gpu"),
    ("node_selector", "nodeSelector"),
    ("tolerations", "tolerations"),
    ("affinity", "affinity"),
    ("priority_class_name", "priorityClassName"),
];

/// Fields of a Kubernetes pod specification.
const POD_FIELDS: &[&str] = &[
    "activeDeadlineSeconds",
    "affinity",
    "automountServiceAccountToken",
    "containers",
    "dnsConfig",
    "dnsPolicy",
    "enableServiceLinks",
    "ephemeralContainers",
    "evictionResponders",
    "hostAliases",
    "hostIPC",
    "hostNetwork",
    "hostPID",
    "hostUsers",
    "hostname",
    "hostnameOverride",
    "imagePullSecrets",
    "initContainers",
    "nodeName",
    "nodeSelector",
    "os",
    "overhead",
    "preemptionPolicy",
    "priority",
    "priorityClassName",
    "readinessGates",
    "resourceClaims",
    "resources",
    "restartPolicy",
    "runtimeClassName",
    "schedulerName",
    "schedulingGates",
    "schedulingGroup",
    "securityContext",
    "serviceAccount",
    "serviceAccountName",
    "setHostnameAsFQDN",
    "shareProcessNamespace",
    "subdomain",
    "terminationGracePeriodSeconds",
    "tolerations",
    "topologySpreadConstraints",
    "volumes",
];

/// Fields of a Kubernetes container.
const CONTAINER_FIELDS: &[&str] = &[
    "args",
    "command",
    "env",
    "envFrom",
    "image",
    "imagePullPolicy",
    "lifecycle",
    "livenessProbe",
    "name",
    "ports",
    "readinessProbe",
    "resizePolicy",
    "resources",
    "restartPolicy",
    "restartPolicyRules",
    "securityContext",
    "startupProbe",
    "stdin",
    "stdinOnce",
    "terminationMessagePath",
    "terminationMessagePolicy",
    "tty",
    "volumeDevices",
    "volumeMounts",
    "workingDir",
];

/// Fields whose keys are chosen by the user and may contain dots, such as `nvidia.com/gpu`.
const KUBERNETES_MAPS: [&str; 5] = ["annotations", "labels", "limits", "nodeSelector", "requests"];

impl Platform {
    /// Returns the common location of a variable with the given name.
    pub(super) fn common_place(self, name: &str) -> Option<&'static str> {
        let places: &[(&str, &str)] = match self {
            Self::Kubernetes => &KUBERNETES_PLACES,
            Self::Other => &[],
        };
        places.iter().find(|(known, _)| *known == name).map(|(_, place)| *place)
    }
}

/// Inserts a placeholder at a location in the job configuration. Creates missing objects.
///
/// A location starts with a key of the job configuration. In Kubernetes jobs, it may also start with a field of the job
/// manifest or the pod specification, such as `containers`.
pub(super) fn insert(
    configuration: &mut Value,
    platform: Platform,
    place: &str,
    placeholder: &str,
) -> Result<(), PlaceError> {
    let segments = segments(place, platform);
    if segments.iter().any(|segment| segment.is_empty()) {
        return Err(PlaceError::EmptySegment);
    }
    let mut path = base_of(segments[0], configuration, platform)?.to_vec();
    path.extend(segments);
    let mut target = configuration;
    for depth in 0..path.len() {
        target = enter(target, &path, depth, platform)?;
    }
    let contained: Vec<String> = match &*target {
        Value::Object(entries) => entries.keys().cloned().collect(),
        Value::Array(items) => (0..items.len()).map(|index| index.to_string()).collect(),
        _ => Vec::new(),
    };
    if !contained.is_empty() {
        return Err(PlaceError::Occupied(contained));
    }
    *target = placeholder.into();
    Ok(())
}

/// Splits a location at its dots, except in the keys of [`KUBERNETES_MAPS`].
fn segments(place: &str, platform: Platform) -> Vec<&str> {
    let mut segments = Vec::new();
    let mut rest = place;
    while let Some((segment, after)) = rest.split_once('.') {
        segments.push(segment);
        rest = after;
        if platform == Platform::Kubernetes && KUBERNETES_MAPS.contains(&segment) {
            break;
        }
    }
    segments.push(rest);
    segments
}

/// Returns the path of the object that contains a location's first segment.
fn base_of(
    first: &str,
    configuration: &Value,
    platform: Platform,
) -> Result<&'static [&'static str], PlaceError> {
    let bases: &[&[&str]] = match platform {
        Platform::Kubernetes => &[&[], &POD[..1], &POD],
        Platform::Other => &[&[]],
    };
    let mut known: Vec<&str> = Vec::new();
    for base in bases {
        let object = base.iter().try_fold(configuration, |object, key| object.get(key));
        let Some(object) = object.and_then(Value::as_object) else { continue };
        let keys = object.keys().map(String::as_str);
        let keys: Vec<&str> = keys.chain(kubernetes_fields(base, platform).iter().copied()).collect();
        if keys.contains(&first) {
            return Ok(base);
        }
        known.extend(keys);
    }
    let suggestion = did_you_mean(first, known.iter().copied()).map(str::to_owned);
    let own_keys = configuration.as_object().into_iter().flat_map(Map::keys);
    Err(PlaceError::Unknown { key: first.to_owned(), suggestion, known: own_keys.cloned().collect() })
}

/// Returns the fields that Kubernetes defines for the object at a path in the job configuration, or an empty list if
/// the fields are unknown.
fn kubernetes_fields(path: &[&str], platform: Platform) -> &'static [&'static str] {
    match (platform, path) {
        (Platform::Kubernetes, [.., "template", "spec"]) => POD_FIELDS,
        (Platform::Kubernetes, [.., "containers" | "initContainers", _]) => CONTAINER_FIELDS,
        (Platform::Kubernetes, [.., "resources"]) => &["claims", "limits", "requests"],
        _ => &[],
    }
}

/// Returns the value at `path[depth]`. Creates it if the parent is an object that does not contain it.
///
/// # Errors
///
/// Fails if the key is missing and looks like a misspelling of another key.
fn enter<'a>(
    parent: &'a mut Value,
    path: &[&str],
    depth: usize,
    platform: Platform,
) -> Result<&'a mut Value, PlaceError> {
    let (key, parents) = (path[depth], &path[..depth]);
    match parent {
        Value::Object(entries) => {
            let is_map = parents.last().is_some_and(|parent| KUBERNETES_MAPS.contains(parent));
            let fields = kubernetes_fields(parents, platform);
            if !entries.contains_key(key) && !is_map && !fields.contains(&key) {
                let known = entries.keys().map(String::as_str).chain(fields.iter().copied());
                if let Some(similar) = similar_name(key, known) {
                    let suggestion = Some(similar.to_owned());
                    return Err(PlaceError::Unknown { key: key.to_owned(), suggestion, known: Vec::new() });
                }
            }
            let is_list = path.get(depth + 1).is_some_and(|next| next.parse::<usize>().is_ok());
            if !entries.contains_key(key) && is_list {
                return Err(PlaceError::MissingList(key.to_owned()));
            }
            Ok(entries.entry(key).or_insert_with(|| json!({})))
        }
        Value::Array(items) => {
            let length = items.len();
            let item = key.parse().ok().and_then(|index: usize| items.get_mut(index));
            item.ok_or_else(|| PlaceError::Index { index: key.to_owned(), length })
        }
        other => Err(PlaceError::Scalar(other.clone())),
    }
}

/// Returns the locations of all strings that consist only of the placeholder.
pub(super) fn of_placeholder(configuration: &Value, placeholder: &str) -> Vec<String> {
    let child = |(key, value): (String, &Value)| {
        let inner = of_placeholder(value, placeholder).into_iter();
        inner.map(move |place| if place.is_empty() { key.clone() } else { format!("{key}.{place}") })
    };
    match configuration {
        Value::String(text) if text == placeholder => vec![String::new()],
        Value::Array(items) => items
            .iter()
            .enumerate()
            .flat_map(|(index, item)| child((index.to_string(), item)).collect::<Vec<_>>())
            .collect(),
        Value::Object(entries) => {
            entries.iter().flat_map(|(key, item)| child((key.clone(), item)).collect::<Vec<_>>()).collect()
        }
        _ => Vec::new(),
    }
}

/// Returns whether a value contains a placeholder for the variable.
pub(super) fn is_used(value: &Value, name: &str) -> bool {
    match value {
        Value::String(text) => text.split("{{").skip(1).any(|rest| {
            rest.split("}}")
                .next()
                .is_some_and(|inner| inner.split('.').next().is_some_and(|first| first.trim() == name))
        }),
        Value::Array(items) => items.iter().any(|item| is_used(item, name)),
        Value::Object(entries) => entries.values().any(|entry| is_used(entry, name)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_match_kubernetes() {
        let schemas = include_str!("../../tests/data/kubernetes/schemas.json");
        let schemas: Value = serde_json::from_str(schemas).unwrap();
        for (kind, fields) in [("PodSpec", POD_FIELDS), ("Container", CONTAINER_FIELDS)] {
            let schema = &schemas["$defs"][format!("io.k8s.api.core.v1.{kind}")]["properties"];
            let mut expected: Vec<&str> = schema.as_object().unwrap().keys().map(String::as_str).collect();
            expected.sort_unstable();
            assert_eq!(fields, expected, "{kind}");
        }
    }
}
