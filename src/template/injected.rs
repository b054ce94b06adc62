//! Detection of injected placeholders: placeholders that come from an inserted value and are substituted by a
//! later pass.
//!
//! Anyone who controls an inserted value, for example a variable or a step output, can use injected placeholders to
//! read environment variables and blocks.

use std::collections::HashSet;

use super::{
    placeholder,
    substitution::{Substitution, SubstitutionKind},
};
use crate::{
    diagnostics::{Code, Diagnostic},
    pointer::{Pointer, Segment},
    python,
    value::Value,
};

/// Marks a substitution as injected if its placeholder does not occur in `written`, the template in the
/// project file.
pub(crate) fn mark_injected(substitutions: &mut [Substitution], written: &Value) {
    // The substitutions of a string are consecutive.
    for records in substitutions.chunk_by_mut(|a, b| a.path == b.path) {
        if !records.iter().any(reads) {
            continue;
        }
        let written = records.first().and_then(|record| value_at(written, &record.path));
        let placeholders: HashSet<&str> = match written {
            Some(Value::String(text)) => placeholder::find(text).map(|found| found.text).collect(),
            _ => HashSet::new(),
        };
        // Mappings such as `{$ref: ...}` refer to a block without a placeholder.
        let is_block = matches!(written, Some(Value::Mapping(_)));
        for record in records.iter_mut().filter(|record| reads(record)) {
            let is_written = placeholders.contains(record.placeholder.as_str())
                || (is_block && record.kind == SubstitutionKind::Secret);
            if !is_written {
                record.kind = SubstitutionKind::Injected;
            }
        }
    }
}

/// Returns whether a substitution inserted an environment variable or block data.
fn reads(record: &Substitution) -> bool {
    matches!(
        record.kind,
        SubstitutionKind::Environment | SubstitutionKind::EnvironmentWithoutDollar | SubstitutionKind::Secret
    )
}

/// Creates the warning about an injected placeholder.
pub(crate) fn injected_warning(placeholder: &str) -> Diagnostic {
    Diagnostic::warning(
        Code::INJECTED_PLACEHOLDER,
        format!("{placeholder} came from an inserted value and was also substituted"),
    )
    .help("check who can change this value, or apply the `literal` filter to prevent substitution")
}

fn value_at<'a>(value: &'a Value, path: &Pointer) -> Option<&'a Value> {
    path.segments().iter().try_fold(value, |value, segment| match (value, segment) {
        (Value::Sequence(items), Segment::Index(index)) => items.get(*index),
        (Value::Mapping(entries), Segment::Key(key)) => {
            python::key_with_text(entries, key).and_then(|key| entries.get(&key))
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn yaml(text: &str) -> Value {
        serde_yaml::from_str(text).unwrap()
    }

    fn record(kind: SubstitutionKind, path: &[&str], placeholder: &str) -> Substitution {
        Substitution {
            kind,
            path: path.iter().copied().collect(),
            placeholder: placeholder.to_owned(),
            name: placeholder.trim_matches(['{', '}', ' ']).to_owned(),
            alone: true,
        }
    }

    #[test]
    fn distinguishes_injected_placeholders() {
        let written = yaml(
            r#"{a: "{{ $A }}", b: "{{ prefect.variables.b }}", c: "<< variables.c >>", d: {$ref: x}, e: "{{ $A }} {{$B}}"}"#,
        );
        for (kind, path, placeholder, is_brought) in [
            (SubstitutionKind::Environment, &["a"][..], "{{ $A }}", false),
            (SubstitutionKind::Environment, &["e"], "{{$B}}", false),
            (SubstitutionKind::Environment, &["e"], "{{ $C }}", true),
            (SubstitutionKind::Environment, &["b"], "{{ $A }}", true),
            (SubstitutionKind::EnvironmentWithoutDollar, &["b"], "{{ HOME }}", true),
            (SubstitutionKind::Environment, &["c", "inner"], "{{ $A }}", true),
            (SubstitutionKind::Secret, &["c"], "{{ prefect.blocks.secret.x }}", true),
            (SubstitutionKind::Secret, &["d"], "block x", false),
            (SubstitutionKind::Missing, &["b"], "{{ it.stdout }}", false),
        ] {
            let mut substitutions = [record(kind, path, placeholder)];
            mark_injected(&mut substitutions, &written);
            assert_eq!(
                substitutions[0].kind == SubstitutionKind::Injected,
                is_brought,
                "{path:?} {placeholder}"
            );
        }
    }
}
