//! Placeholders that nobody has written: a value that was put in has them, and a later pass fills them in as well.
//!
//! Whoever can change such a value, a variable or what a step prints, can so read the environment and blocks.

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

/// Makes the notes of what was read for such a placeholder say so. `written` is the template as its author has it.
pub(crate) fn mark(notes: &mut [Substitution], written: &Value) {
    for note in notes {
        let reads = matches!(
            note.kind,
            SubstitutionKind::Environment
                | SubstitutionKind::EnvironmentWithoutDollar
                | SubstitutionKind::Secret
        );
        if reads && !is_written(note, written) {
            note.kind = SubstitutionKind::Injected;
        }
    }
}

/// The warning of such a placeholder.
pub(crate) fn warning(placeholder: &str) -> Diagnostic {
    Diagnostic::warning(
        Code::INJECTED_PLACEHOLDER,
        format!(
            "{placeholder} is not written here: a value that is put in here has it, and it is filled in too"
        ),
    )
    .help("see who may change that value; in an expression, `| literal` keeps it as it is")
}

fn is_written(note: &Substitution, written: &Value) -> bool {
    match value_at(written, &note.path) {
        Some(Value::String(text)) => placeholder::find(text).any(|found| found.text == note.placeholder),
        // A block that is named by a mapping.
        Some(Value::Mapping(_)) => note.kind == SubstitutionKind::Secret,
        _ => false,
    }
}

fn value_at<'a>(value: &'a Value, path: &Pointer) -> Option<&'a Value> {
    path.segments().iter().try_fold(value, |value, segment| match (value, segment) {
        (Value::Sequence(items), Segment::Index(index)) => items.get(*index),
        (Value::Mapping(entries), Segment::Key(key)) => {
            entries.iter().find(|(known, _)| python::to_text(known) == *key).map(|(_, value)| value)
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

    fn note(kind: SubstitutionKind, path: &[&str], placeholder: &str) -> Substitution {
        Substitution {
            kind,
            path: path.iter().copied().collect(),
            placeholder: placeholder.to_owned(),
            name: placeholder.trim_matches(['{', '}', ' ']).to_owned(),
            alone: true,
        }
    }

    #[test]
    fn what_stands_in_the_file_is_told_from_what_a_value_has_brought() {
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
            let mut notes = [note(kind, path, placeholder)];
            mark(&mut notes, &written);
            assert_eq!(notes[0].kind == SubstitutionKind::Injected, is_brought, "{path:?} {placeholder}");
        }
    }
}
