//! Substitution of standard placeholders and environment placeholders.

use std::borrow::Cow;

use super::{
    budget,
    path::Values,
    placeholder::{self, Kind, Placeholder},
    substitution::{Substitution, SubstitutionKind},
    trail::Trail,
    walk::{self, Fill},
};
use crate::{environment::Environment, python, value::Value};

/// The treatment of placeholders without a value.
///
/// If a standard placeholder makes up a whole string, the treatment applies to the mapping entry or list item
/// that contains the string. If the placeholder is part of a longer string or refers to an environment
/// variable, the treatment applies to the placeholder itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unknown {
    Remove,
    /// Keep the placeholder for a later pass.
    Keep,
}

/// A pass that substitutes placeholders in a template.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pass<'a> {
    /// Values of standard placeholders, such as step outputs.
    pub(crate) values: Values<'a>,
    /// Values of environment placeholders, such as `{{ $HOME }}`.
    pub(crate) environment: &'a Environment,
    pub(crate) unknown: Unknown,
    /// Name prefixes of placeholders that the pass leaves unchanged.
    pub(crate) skip_prefixes: &'a [&'a str],
}

/// Result of a substitution pass.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Applied {
    /// The substituted template. `None` if the template consists of a single placeholder without a value.
    pub(crate) value: Option<Value>,
    pub(crate) substitutions: Vec<Substitution>,
}

impl Pass<'_> {
    /// Substitutes all placeholders of a template.
    pub(crate) fn apply(&self, template: &Value) -> Applied {
        let mut filling = Filling { pass: self, substitutions: Vec::new() };
        let value = walk::fill(template, &mut filling);
        Applied { value, substitutions: filling.substitutions }
    }

    /// Looks up the value of a placeholder.
    fn look_up(&self, placeholder: &Placeholder<'_>) -> Looked<'_> {
        let (value, kind) = match placeholder.kind() {
            Kind::Block | Kind::Variable => return Looked::NotOurs,
            _ if self.skip_prefixes.iter().any(|prefix| placeholder.name.starts_with(prefix)) => {
                return Looked::NotOurs;
            }
            Kind::Environment => {
                let value = self.environment.get(placeholder.environment_name());
                (value.map(|value| Cow::Owned(Value::from(value))), Some(SubstitutionKind::Environment))
            }
            Kind::Standard => {
                let from_environment = matches!(self.values, Values::Environment(_));
                let kind = from_environment.then_some(SubstitutionKind::EnvironmentWithoutDollar);
                (self.values.get(placeholder.name), kind)
            }
        };
        match value {
            None => Looked::Missing,
            Some(value) if budget::allows(&value, placeholder) => Looked::Found(value, kind),
            Some(_) => Looked::TooLarge,
        }
    }
}

/// Result of looking up a placeholder.
enum Looked<'a> {
    /// Another pass is responsible for the placeholder.
    NotOurs,
    Missing,
    TooLarge,
    Found(Cow<'a, Value>, Option<SubstitutionKind>),
}

struct Filling<'a> {
    pass: &'a Pass<'a>,
    substitutions: Vec<Substitution>,
}

impl Filling<'_> {
    fn whole(&mut self, placeholder: &Placeholder<'_>, trail: &Trail<'_>) -> Option<Value> {
        let (kind, value) = match self.pass.look_up(placeholder) {
            Looked::NotOurs => (None, Some(Value::from(placeholder.text))),
            Looked::Missing => (Some(SubstitutionKind::Missing), None),
            Looked::TooLarge => (Some(SubstitutionKind::TooLarge), Some(Value::from(placeholder.text))),
            Looked::Found(value, kind) => (kind, Some(value.into_owned())),
        };
        self.substitutions.extend(kind.map(|kind| Substitution::new(kind, trail, placeholder, true)));
        value
    }

    fn part(&mut self, placeholder: &Placeholder<'_>, trail: &Trail<'_>) -> Option<String> {
        let (kind, value) = match self.pass.look_up(placeholder) {
            Looked::NotOurs => (None, None),
            Looked::Missing => {
                let removed = (self.pass.unknown == Unknown::Remove).then(String::new);
                (Some(SubstitutionKind::Missing), removed)
            }
            Looked::TooLarge => (Some(SubstitutionKind::TooLarge), None),
            Looked::Found(value, kind) => {
                let embedded = Substitution::embedded(&value, trail, placeholder);
                self.substitutions.extend(embedded);
                (kind, Some(python::to_text(&value)))
            }
        };
        self.substitutions.extend(kind.map(|kind| Substitution::new(kind, trail, placeholder, false)));
        value
    }
}

impl Fill for Filling<'_> {
    fn text(&mut self, text: &str, trail: &Trail<'_>) -> Option<Value> {
        match placeholder::only(text) {
            Some(placeholder) if placeholder.kind() == Kind::Standard => self.whole(&placeholder, trail),
            _ => {
                let filled = placeholder::replace(text, |placeholder| self.part(placeholder, trail));
                Some(Value::String(filled))
            }
        }
    }

    fn keeps_unknown(&self) -> bool {
        self.pass.unknown == Unknown::Keep
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::value::Mapping;

    fn yaml(text: &str) -> Value {
        serde_yaml::from_str(text).unwrap()
    }

    fn pass<'a>(values: &'a Mapping, environment: &'a Environment, unknown: Unknown) -> Pass<'a> {
        Pass { values: Values::Mapping(values), environment, unknown, skip_prefixes: &["ctx."] }
    }

    fn applied(template: &str, unknown: Unknown) -> Applied {
        let values = yaml("{a: 1, t: text, m: {k: v}, n: null}");
        let environment: Environment = [("HOME", "/root")].into_iter().collect();
        pass(values.as_mapping().unwrap(), &environment, unknown).apply(&yaml(template))
    }

    fn notes(applied: &Applied) -> Vec<(SubstitutionKind, String, &str)> {
        applied.substitutions.iter().map(|note| (note.kind, note.path.to_string(), note.label())).collect()
    }

    #[test]
    fn records_missing_and_embedded_values() {
        let template = r#"
            tags: ["{{ a }}", "{{ gone }}", "x{{ gone.too }}"]
            env: {A: "{{ $NOPE }}", B: "{{ m }} {{ n }} {{ t }} {{ a }}", C: "{{ m }}", D: "{{ $HOME }}"}
            run: ["{{ ctx.flow.name }}", "{{ ctx.x }}-{{ prefect.blocks.secret.x }}"]
            "#;
        let removed = applied(template, Unknown::Remove);
        assert_eq!(
            removed.value,
            Some(yaml(
                r#"
                tags: [1, x]
                env: {A: "", B: "{'k': 'v'} None text 1", C: {k: v}, D: /root}
                run: ["{{ ctx.flow.name }}", "{{ ctx.x }}-{{ prefect.blocks.secret.x }}"]
                "#
            ))
        );
        assert_eq!(
            notes(&removed),
            [
                (SubstitutionKind::Missing, "tags[1]".to_owned(), "gone"),
                (SubstitutionKind::Missing, "tags[2]".to_owned(), "{{ gone.too }}"),
                (SubstitutionKind::Missing, "env.A".to_owned(), "{{ $NOPE }}"),
                (SubstitutionKind::Embedded("a mapping"), "env.B".to_owned(), "{{ m }}"),
                (SubstitutionKind::Embedded("null"), "env.B".to_owned(), "{{ n }}"),
                (SubstitutionKind::Environment, "env.D".to_owned(), "{{ $HOME }}"),
            ]
        );
        let kept = applied(template, Unknown::Keep);
        assert_eq!(kept.value.unwrap().get("tags"), Some(&yaml(r#"[1, "{{ gone }}", "x{{ gone.too }}"]"#)));
    }

    #[test]
    fn substitutes_environment_variables() {
        let environment: Environment = [("HOME", "/root"), ("A", "{{ HOME }}")].into_iter().collect();
        let pass = Pass {
            values: Values::Environment(&environment),
            environment: &environment,
            unknown: Unknown::Keep,
            skip_prefixes: &[],
        };
        let applied = pass.apply(&yaml(r#"["{{ HOME }}", "{{ A }}", "{{ b }}"]"#));
        assert_eq!(applied.value, Some(yaml(r#"[/root, "{{ HOME }}", "{{ b }}"]"#)));
        assert_eq!(
            notes(&applied),
            [
                (SubstitutionKind::EnvironmentWithoutDollar, "[0]".to_owned(), "HOME"),
                (SubstitutionKind::EnvironmentWithoutDollar, "[1]".to_owned(), "A"),
                (SubstitutionKind::Missing, "[2]".to_owned(), "b"),
            ]
        );
    }

    /// Generates strings with many fragments of placeholders.
    fn text() -> impl Strategy<Value = String> {
        proptest::collection::vec(
            prop_oneof![
                Just("{{".to_owned()),
                Just("}}".to_owned()),
                Just("{{ a[0].b }}".to_owned()),
                Just("{{$HOME}}".to_owned()),
                "[a-z0-9_.$\\[\\]-]{1,4}",
                "\\PC{0,3}",
            ],
            0..8,
        )
        .prop_map(|parts| parts.concat())
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            text().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
            Just(Value::Null),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::Sequence),
                proptest::collection::vec((text(), inner), 0..4).prop_map(|entries| {
                    Value::Mapping(
                        entries.into_iter().map(|(key, value)| (Value::from(key), value)).collect(),
                    )
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn never_panics(template in value(), a in value(), keep: bool) {
            let values: Mapping = [(Value::from("a"), a)].into_iter().collect();
            let environment: Environment = [("HOME", "/root")].into_iter().collect();
            let unknown = if keep { Unknown::Keep } else { Unknown::Remove };
            pass(&values, &environment, unknown).apply(&template);
        }

        #[test]
        fn keeps_text_without_placeholders(text in text()) {
            prop_assume!(placeholder::find(&text).next().is_none());
            let (values, environment) = (Mapping::new(), Environment::default());
            let applied = pass(&values, &environment, Unknown::Remove).apply(&Value::from(text.as_str()));
            prop_assert_eq!(applied, Applied { value: Some(Value::from(text)), substitutions: Vec::new() });
        }

        #[test]
        fn keeps_the_template_without_values(template in value()) {
            let (values, environment) = (Mapping::new(), Environment::default());
            let applied = pass(&values, &environment, Unknown::Keep).apply(&template);
            prop_assert_eq!(applied.value.unwrap_or_else(|| template.clone()), template);
        }
    }
}
