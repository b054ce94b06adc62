//! Compares declared resources with the server and describes the changes in the plan document.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json, json};

use super::{
    Action, CHANGED, FieldChange, Fingerprint, PlannedChange, PlannedResource, fingerprint, redaction,
};
use crate::{
    api::JsonObject,
    block_schema::FieldPath,
    deployment::OnUnchanged,
    records::OwnedResource,
    resource::{
        DesiredResource, LiveResource, Observed, ResourceKey, ResourceKind, SecretsDigest, is_same_field,
    },
    secret::{MASK, Redactor},
};

/// A declared resource that has been compared with the server.
#[derive(Debug)]
pub(crate) struct ComparedResource {
    pub(crate) desired: DesiredResource,
    pub(crate) change: ResourceChange,
}

/// The change that a deploy makes to a declared resource.
#[derive(Debug, Clone)]
pub(crate) enum ResourceChange {
    /// The resource does not exist on the server.
    Create,
    Update {
        live: LiveResource,
        fields: Vec<FieldChange>,
        /// Secrets to write because they or the block have changed since the last write.
        new_secrets: BTreeSet<FieldPath>,
    },
    Unchanged {
        live: LiveResource,
    },
}

impl ResourceChange {
    pub(crate) fn action(&self) -> Action {
        match self {
            Self::Create => Action::Create,
            Self::Update { .. } => Action::Update,
            Self::Unchanged { .. } => Action::Unchanged,
        }
    }

    pub(crate) fn live(&self) -> Option<&LiveResource> {
        match self {
            Self::Create => None,
            Self::Update { live, .. } | Self::Unchanged { live } => Some(live),
        }
    }

    pub(crate) fn is_creation(&self) -> bool {
        matches!(self, Self::Create)
    }

    pub(crate) fn is_unchanged(&self) -> bool {
        matches!(self, Self::Unchanged { .. })
    }

    /// Returns the names of the changed fields.
    pub(crate) fn names(&self) -> Vec<String> {
        let Self::Update { fields, new_secrets, .. } = self else { return Vec::new() };
        let names = fields.iter().map(|change| change.field.clone());
        names.chain((!new_secrets.is_empty()).then(|| "secrets".to_owned())).collect()
    }
}

/// Compares a declared resource with its live state. Moves the live state from `observed` to the change.
pub(crate) fn compare(
    desired: &DesiredResource,
    observed: &mut Observed,
    on_unchanged: OnUnchanged,
) -> ResourceChange {
    let key = &desired.key;
    let Some(live) = observed.live.remove(key) else { return ResourceChange::Create };
    let current = observed.fields(key, &live);
    let fields = desired.fields.iter().filter(|(field, value)| {
        on_unchanged == OnUnchanged::Write || !is_same_field(key.kind, field, current.get(*field), value)
    });
    let change = |(field, new): (&String, &Json)| {
        let old = current.get(field).cloned().unwrap_or_default();
        FieldChange { field: field.clone(), old: shown(&old, new), new: new.clone() }
    };
    let fields: Vec<FieldChange> = fields.map(change).collect();
    let updated = live.fields.get("updated").and_then(Json::as_str).unwrap_or_default();
    let secrets = &desired.secrets;
    let new_secrets = observed.hashes.changed(key, live.id, updated, secrets);
    if fields.is_empty() && new_secrets.is_empty() {
        return ResourceChange::Unchanged { live };
    }
    ResourceChange::Update { live, fields, new_secrets }
}

/// Keys that the server adds to objects.
const ADDED_BY_SERVER: [&str; 3] = ["id", "created", "updated"];

/// Returns a live value without the IDs and times that the server adds.
fn shown(live: &Json, desired: &Json) -> Json {
    match (live, desired) {
        (Json::Object(live), Json::Object(desired)) if !desired.is_empty() => {
            let is_added = |key: &str| ADDED_BY_SERVER.contains(&key) && !desired.contains_key(key);
            live.iter()
                .filter(|(key, _)| !is_added(key))
                .map(|(key, value)| (key.clone(), shown(value, desired.get(key).unwrap_or(&Json::Null))))
                .collect::<Map<_, _>>()
                .into()
        }
        (Json::Array(live), Json::Array(desired)) if live.len() == desired.len() => {
            live.iter().zip(desired).map(|(live, desired)| shown(live, desired)).collect()
        }
        _ => live.clone(),
    }
}

/// Returns the plan entry of a declared resource.
pub(crate) fn describe(
    compared: &ComparedResource,
    notes: Vec<String>,
    redactor: &Redactor,
) -> PlannedResource {
    let ComparedResource { desired, change } = compared;
    let live = change.live();
    PlannedResource {
        kind: desired.key.kind,
        name: desired.key.name.clone(),
        file: desired.file.as_deref().map(str::to_owned),
        action: change.action(),
        id: live.map(|live| live.id),
        changes: changes(compared, redactor),
        notes,
        fingerprint: Fingerprint {
            live: live.map(|live| live_fingerprint(desired, live, redactor)).unwrap_or_default(),
            desired: fingerprint::digest(&Json::Object(desired.fields.clone()), redactor),
        },
        secrets: SecretsDigest::new(&desired.secrets),
    }
}

/// Returns the plan entry of a resource to delete.
pub(crate) fn describe_removal(removal: &OwnedResource) -> PlannedResource {
    PlannedResource {
        kind: removal.key.kind,
        name: removal.key.name.clone(),
        file: None,
        action: Action::Delete,
        id: Some(removal.id),
        changes: Vec::new(),
        notes: Vec::new(),
        fingerprint: Fingerprint { live: removal.id.to_string(), desired: String::new() },
        secrets: None,
    }
}

/// Returns the name that determines whether a field is secret. For a variable, this is the variable's name.
pub(crate) fn secret_name<'a>(key: &'a ResourceKey, field: &'a str) -> &'a str {
    if key.kind == ResourceKind::Variable { &key.name } else { field }
}

/// Redacts a resource change's old and new values in place.
pub(crate) fn mask(key: &ResourceKey, change: &mut FieldChange, redactor: &Redactor) {
    let name = secret_name(key, &change.field);
    (change.old, change.new) = redaction::redacted_pair(name, &change.old, &change.new, redactor);
}

/// Returns a resource's planned changes with secrets redacted.
pub(crate) fn changes(
    ComparedResource { desired, change }: &ComparedResource,
    redactor: &Redactor,
) -> Vec<PlannedChange> {
    let planned = |field: &str, old: &Json, new: &Json| {
        let (old, new) = redaction::redacted_pair(secret_name(&desired.key, field), old, new, redactor);
        PlannedChange { field: field.to_owned(), old, new, known_after_build: false }
    };
    match change {
        ResourceChange::Unchanged { .. } => Vec::new(),
        ResourceChange::Create => {
            let is_empty = |value: &Json| value.is_null() || value.as_object().is_some_and(Map::is_empty);
            let fields = desired.fields.iter().filter_map(|(field, new)| {
                let old = desired.defaults.get(field).filter(|old| old.is_object()).unwrap_or(&Json::Null);
                let is_shown = desired.defaults.get(field) != Some(new) && !is_empty(new);
                is_shown.then(|| planned(field, old, new))
            });
            let secrets = desired.secrets.iter().map(|(field, _)| field);
            fields.chain(secret_changes(secrets, false)).collect()
        }
        ResourceChange::Update { fields, new_secrets, .. } => {
            let fields = fields.iter().map(|change| planned(&change.field, &change.old, &change.new));
            fields.chain(secret_changes(new_secrets.iter(), true)).collect()
        }
    }
}

/// Returns the changes to secret fields, without the values.
fn secret_changes<'a>(
    secrets: impl Iterator<Item = &'a FieldPath>,
    exists: bool,
) -> impl Iterator<Item = PlannedChange> {
    let (old, new) =
        if exists { (json!(MASK), format!("{MASK}{CHANGED}")) } else { (Json::Null, MASK.to_owned()) };
    secrets.map(move |field| PlannedChange {
        field: field.to_string(),
        old: old.clone(),
        new: new.clone().into(),
        known_after_build: false,
    })
}

/// Returns a digest of the declared fields' live values. For a resource with secrets, the digest includes the last
/// modification time.
fn live_fingerprint(desired: &DesiredResource, live: &LiveResource, redactor: &Redactor) -> String {
    let own = live.fields.iter().filter(|(field, _)| {
        desired.fields.contains_key(*field) || (field.as_str() == "updated" && !desired.secrets.is_empty())
    });
    let fields: JsonObject = own.map(|(key, value)| (key.clone(), value.clone())).collect();
    fingerprint::digest(&json!({"id": live.id, "fields": fields}), redactor)
}
