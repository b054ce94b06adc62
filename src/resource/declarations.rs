//! Converts a project file's declarations to resources.

use std::{collections::BTreeMap, path::Path};

use serde_json::{Value as Json, json};

use super::{
    DesiredResource, KnownTypes, ResourceKey, ResourceKind, automations, block_references,
    fields::{Placeholders, declared_fields},
    pools,
    secret_sources::SecretReader,
};
use crate::{
    diagnostics::{Code, Diagnostic, Place},
    environment::Environment,
    project::{
        Findings,
        resources::{Block, BlockValue, GlobalLimit, Resources, Variable},
    },
    secret::{MASK, Redactor, Secret},
    value::json_object,
};

/// The context for converting a project's declarations.
pub(crate) struct Declared<'a> {
    pub(crate) types: &'a KnownTypes,
    pub(crate) environment: &'a Environment,
    /// Absolute path of the project directory.
    pub(crate) directory: &'a Path,
    pub(crate) redactor: &'a Redactor,
    /// Whether to read secrets. If `false`, a missing environment variable only causes a warning.
    pub(crate) reads_secrets: bool,
    pub(crate) placeholders: Placeholders,
}

impl Declared<'_> {
    /// Converts declarations to resources in write order. Adds errors to `findings` and omits invalid resources.
    pub(crate) fn resources(
        &self,
        declared: &Resources,
        findings: &mut Findings<'_>,
    ) -> Vec<DesiredResource> {
        let mut resources = Vec::new();
        for pool in &declared.pools {
            resources.extend(pools::pool(pool, &self.types.pools, self.placeholders, findings));
        }
        for pool in &declared.pools {
            resources.extend(pools::queues(pool, findings));
        }
        resources.extend(declared.limits.iter().filter_map(|limit| concurrency_limit(limit, findings)));
        resources.extend(declared.variables.iter().map(|variable| self::variable(variable, findings)));
        resources.extend(declared.blocks.iter().map(|block| self.block(block, findings)));
        for automation in &declared.automations {
            resources.extend(automations::automation(automation, self.placeholders, findings));
        }
        resources
    }

    fn block(&self, block: &Block, findings: &mut Findings<'_>) -> DesiredResource {
        let key = block_key(block);
        let data = block_references::normalized(block.values.clone());
        let values = block.pointer.join("values");
        let references = block_references::references_in(&data)
            .map(|(field, reference)| (reference, findings.place(&values.join(field))))
            .collect();
        let fields = json_object(json!({"data": data}));
        let resource = DesiredResource::new(key, fields, findings.place(&block.pointer));
        let mut resource = DesiredResource { references, ..resource };
        let reader = SecretReader {
            environment: self.environment,
            directory: self.directory,
            reads_secrets: self.reads_secrets,
        };
        for value in &block.secrets {
            if !self.reads_secrets {
                resource.secrets.insert(value.field.clone(), Secret::new(MASK), MASK.into());
            }
            match reader.read(&value.source) {
                Ok(Some(secret)) => {
                    self.redactor.learn(&secret);
                    let schema = self.types.blocks.schema(&block.kind);
                    match schema.map_or_else(
                        || Some(secret.expose().into()),
                        |schema| schema.parse(&value.field, secret.expose()),
                    ) {
                        Some(parsed) => {
                            self.redactor.learn_value(&parsed);
                            resource.secrets.insert(value.field.clone(), secret, parsed);
                        }
                        None => invalid_secret(&resource.key, value, findings),
                    }
                }
                Ok(None) => {}
                Err(error) => {
                    let message = format!("{}: {error}", resource.key);
                    let diagnostic = if self.reads_secrets || !error.depends_on_environment() {
                        Diagnostic::error(Code::SECRET_SOURCE, message)
                    } else {
                        Diagnostic::warning(Code::SECRET_SOURCE, message)
                    };
                    findings.at_value(&value.pointer, diagnostic.help(error.help()));
                }
            }
        }
        resource
    }
}

/// Reports a secret that does not match the schema of the block type. The message does not contain the secret.
fn invalid_secret(key: &ResourceKey, value: &BlockValue, findings: &mut Findings<'_>) {
    let BlockValue { field, source, pointer } = value;
    let message = format!("{key}: the value of {source} is invalid for field '{field}'");
    let diagnostic = Diagnostic::error(Code::RESOURCE_VALUE, message).help(
        "use a value that matches the schema of the block type; objects and numbers are written as JSON",
    );
    findings.at_value(pointer, diagnostic);
}

fn variable(variable: &Variable, findings: &Findings<'_>) -> DesiredResource {
    let key = ResourceKey::new(ResourceKind::Variable, variable.name.clone());
    let fields = json_object(json!({"value": variable.value}));
    DesiredResource::new(key, fields, findings.place(&variable.pointer))
}

/// Converts a concurrency limit declaration to a resource. Returns `None` if the number of slots is unknown.
fn concurrency_limit(limit: &GlobalLimit, findings: &Findings<'_>) -> Option<DesiredResource> {
    let key = ResourceKey::new(ResourceKind::ConcurrencyLimit, limit.name.clone());
    let fields = declared_fields([
        ("limit", Some(json!(limit.limit?))),
        ("slot_decay_per_second", limit.slot_decay_per_second.map(Json::from)),
        ("active", limit.active.map(Json::from)),
    ]);
    Some(DesiredResource::new(key, fields, findings.place(&limit.pointer)))
}

/// The identity and the location of a declared resource.
#[derive(Debug)]
pub(crate) struct Declaration {
    key: ResourceKey,
    place: Option<Place>,
}

impl Declaration {
    /// Returns the declarations of a file, including declarations of resources that other errors exclude from
    /// the result.
    pub(crate) fn all(declared: &Resources, findings: &Findings<'_>) -> Vec<Self> {
        use ResourceKind::{Automation, ConcurrencyLimit, Variable, WorkPool};
        let Resources { pools, variables, limits, automations, blocks } = declared;
        let mut all = Vec::new();
        let mut add = |key, pointer| all.push(Self { key, place: findings.place(pointer) });
        for pool in pools {
            add(ResourceKey::new(WorkPool, &pool.name), &pool.pointer);
            for queue in &pool.queues {
                add(ResourceKey::queue_of(&pool.name, &queue.name), &queue.pointer);
            }
        }
        limits.iter().for_each(|limit| add(ResourceKey::new(ConcurrencyLimit, &limit.name), &limit.pointer));
        variables
            .iter()
            .for_each(|variable| add(ResourceKey::new(Variable, &variable.name), &variable.pointer));
        blocks.iter().for_each(|block| add(block_key(block), &block.pointer));
        automations
            .iter()
            .for_each(|automation| add(ResourceKey::new(Automation, &automation.name), &automation.pointer));
        all
    }
}

fn block_key(block: &Block) -> ResourceKey {
    ResourceKey::new(ResourceKind::Block, format!("{}/{}", block.kind, block.name))
}

/// Returns the errors for declarations of the same resource, each with the project index of the second declaration.
/// `declarations` contains each declaration with its project index. An error is located at the second declaration and
/// names the first declaration's location.
pub(crate) fn duplicates<'a>(
    declarations: impl IntoIterator<Item = (usize, &'a Declaration)>,
) -> Vec<(usize, Diagnostic)> {
    let mut first: BTreeMap<&ResourceKey, &Declaration> = BTreeMap::new();
    let mut found = Vec::new();
    for (project, declaration) in declarations {
        let Some(other) = first.get(&declaration.key) else {
            first.insert(&declaration.key, declaration);
            continue;
        };
        let place = other.place.as_ref();
        let place = place.map(|place| format!(" at {}:{}", place.source.name(), place.start().line));
        let message = format!("{} is already declared{}", declaration.key, place.unwrap_or_default());
        let diagnostic = Diagnostic::error(Code::DUPLICATE_RESOURCE, message).at(declaration.place.clone());
        found.push((project, diagnostic.help("remove or rename one of the two declarations")));
    }
    found
}
