//! Validates declared blocks against the schemas of their types.

use std::collections::BTreeSet;

use super::exposed;
use crate::{
    block_schema::{BlockTypes, FieldPath, Problem},
    diagnostics::{Code, Diagnostic},
    project::{Findings, resources::Block},
    resource::DesiredResource,
    secret::Redactor,
    template::{self, Resolver},
    value::{self, Mapping},
};

/// Returns the declared blocks' type slugs, or `None` if a type is a template, because any type may then be used.
pub(super) fn types_used<'a>(sections: impl Iterator<Item = &'a Mapping>) -> Option<BTreeSet<&'a str>> {
    let blocks = sections.filter_map(|section| section.get("blocks")?.as_sequence()).flatten();
    let types = blocks.filter_map(|block| block.get("type")?.as_str());
    types.map(|slug| (!template::is_template(slug)).then_some(slug)).collect()
}

/// Adds a declared block to the resolver.
pub(super) fn declare(resource: &DesiredResource, resolver: &Resolver<'_>) {
    let Some((kind, name)) = resource.key.name.split_once('/') else { return };
    let mut data = value::json_object(resource.fields.get("data").cloned().unwrap_or_default());
    resource.secrets.add_to(&mut data);
    resolver.declare_block(kind, name, value::from_json(&data.into()));
}

/// Reports a block's unknown type, and the fields that do not match the type's schema. Without a server, a type that is
/// not bundled may exist.
pub(super) fn check(block: &Block, types: &BlockTypes, redactor: &Redactor, findings: &mut Findings<'_>) {
    let key = format!("block '{}/{}'", block.kind, block.name);
    if !types.contains(&block.kind) {
        unknown_type(block, &key, types, findings);
        return;
    }
    let Some(schema) = types.schema(&block.kind) else { return };
    let sources: Vec<FieldPath> = block.secrets.iter().map(|secret| secret.field.clone()).collect();
    let values = block.pointer.join("values");
    for problem in schema.problems(&block.values, &sources) {
        let is_omitted = match &problem {
            Problem::MissingField { .. } => !block.is_complete,
            // The field may accept blocks whose types derive from an unknown type.
            Problem::OtherType { types: accepted, .. } => !accepted.iter().all(|slug| types.contains(slug)),
            _ => false,
        };
        if is_omitted {
            continue;
        }
        if let Problem::SecretInFile { field } = &problem {
            exposed::learn(block.values.get(field.first()), redactor);
        }
        let message = format!("{key}: {problem}");
        let diagnostic = if problem.is_warning() {
            Diagnostic::warning(Code::BLOCK_FIELD, message)
        } else {
            Diagnostic::error(Code::BLOCK_FIELD, message)
        };
        let diagnostic = Diagnostic { help: problem.help(), ..diagnostic };
        match &problem {
            Problem::UnknownValue { field, .. } => findings.at_key(&values.join(field.as_str()), diagnostic),
            Problem::NoReference { field, .. }
            | Problem::OtherType { field, .. }
            | Problem::BlockValue { field, .. } => {
                findings.at_value(&values.join(field.as_str()), diagnostic);
            }
            Problem::SecretInFile { field } => findings.at_key(&field.pointer(&values), diagnostic),
            Problem::InvalidValue { field, wants_text, .. } => {
                let pointer = field.pointer(&values);
                let diagnostic =
                    if *wants_text { findings.with_quotes(&pointer, diagnostic) } else { diagnostic };
                findings.at_value(&pointer, diagnostic);
            }
            Problem::UnknownSource { field, .. } | Problem::PublicSource { field } => {
                match block.secrets.iter().find(|secret| secret.field == *field) {
                    Some(secret) => findings.at_key(&secret.pointer, diagnostic),
                    None => findings.at_value(&block.pointer, diagnostic),
                }
            }
            Problem::InvalidData { .. } => findings.at_value(&values, diagnostic),
            Problem::MissingField { .. } => findings.at_value(&block.pointer, diagnostic),
        }
    }
}

fn unknown_type(block: &Block, key: &str, types: &BlockTypes, findings: &mut Findings<'_>) {
    let similar = types.similar(&block.kind).map(|similar| format!("did you mean '{similar}'?"));
    let diagnostic = if types.is_complete() {
        let message = format!("{key}: the server has no block type '{}'", block.kind);
        let help = "correct the type, or register it with `prefect block register`";
        Diagnostic::error(Code::RESOURCE_VALUE, message).help(similar.unwrap_or_else(|| help.to_owned()))
    } else if let Some(similar) = similar {
        Diagnostic::warning(Code::RESOURCE_VALUE, format!("{key}: unknown block type '{}'", block.kind))
            .help(similar)
    } else {
        return;
    };
    findings.at_value(&block.pointer.join("type"), diagnostic);
}
