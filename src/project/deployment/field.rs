//! Field states: absent, null, literal or template.

use crate::{
    template::has_template,
    value::{Mapping, Value},
};

/// A deployment field, parsed unless its templates prevent parsing.
///
/// For some fields, Prefect distinguishes between an absent key, an explicit null and an empty value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Field<'a, T> {
    /// The key is missing.
    Absent,
    /// An explicit null.
    Null,
    /// A value of the field's type without templates. Entries in lists and mappings may contain templates.
    Literal(T),
    /// A value with unresolved templates.
    Template(&'a Value),
    /// A value of a different type.
    Mismatch(&'a Value),
}

impl<'a, T> Field<'a, T> {
    /// Parses a scalar without templates.
    pub(super) fn scalar(value: Option<&'a Value>, parse: impl FnOnce(&'a Value) -> Option<T>) -> Self {
        match value {
            None => Self::Absent,
            Some(Value::Null) => Self::Null,
            Some(value) if has_template(value) => Self::Template(value),
            Some(value) => parse(value).map_or(Self::Mismatch(value), Self::Literal),
        }
    }

    /// Parses a list or a mapping whose entries may contain templates.
    fn container(value: Option<&'a Value>, parse: impl FnOnce(&'a Value) -> Option<T>) -> Self {
        match value {
            None => Self::Absent,
            Some(Value::Null) => Self::Null,
            Some(value) => match parse(value) {
                Some(parsed) => Self::Literal(parsed),
                None if has_template(value) => Self::Template(value),
                None => Self::Mismatch(value),
            },
        }
    }

    /// Returns the value if it has the field's type and contains no templates.
    pub(crate) fn literal(self) -> Option<T> {
        if let Self::Literal(value) = self { Some(value) } else { None }
    }

    pub(crate) fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// Returns whether the field has a value other than null.
    pub(crate) fn is_set(&self) -> bool {
        !matches!(self, Self::Absent | Self::Null)
    }

    /// Returns whether the field has a value other than null. A literal must also satisfy the condition.
    pub(crate) fn is_set_and(&self, condition: impl FnOnce(&T) -> bool) -> bool {
        match self {
            Self::Absent | Self::Null => false,
            Self::Literal(value) => condition(value),
            Self::Template(_) | Self::Mismatch(_) => true,
        }
    }
}

impl<'a> Field<'a, &'a str> {
    pub(super) fn text(value: Option<&'a Value>) -> Self {
        Self::scalar(value, Value::as_str)
    }

    /// Returns the string value with unresolved templates, or `None` if the string is empty.
    pub(crate) fn unresolved(self) -> Option<&'a str> {
        let text = match self {
            Self::Literal(text) => Some(text),
            Self::Template(value) => value.as_str(),
            Self::Absent | Self::Null | Self::Mismatch(_) => None,
        };
        text.filter(|text| !text.is_empty())
    }
}

impl<'a> Field<'a, &'a Mapping> {
    pub(super) fn mapping(value: Option<&'a Value>) -> Self {
        Self::container(value, Value::as_mapping)
    }
}

impl<'a> Field<'a, &'a [Value]> {
    pub(super) fn list(value: Option<&'a Value>) -> Self {
        Self::container(value, |value| value.as_sequence().map(Vec::as_slice))
    }
}

/// Returns the mapping entries whose values contain no templates.
pub(crate) fn literals(entries: &Mapping) -> Mapping {
    let literals = entries.iter().filter(|(_, value)| !has_template(value));
    literals.map(|(key, value)| (key.clone(), value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::Fields;

    fn fields(yaml: &str) -> Fields {
        serde_yaml::from_str::<Mapping>(yaml).unwrap().into()
    }

    #[test]
    fn absent_null_empty_and_templates_are_distinct() {
        for (yaml, expected) in [
            ("{}", Field::Absent),
            ("name: null", Field::Null),
            ("name: ''", Field::Literal("")),
            ("name: a", Field::Literal("a")),
            ("name: '{{ a }}'", Field::Template(&Value::from("{{ a }}"))),
            ("name: << env.A >>", Field::Template(&Value::from("<< env.A >>"))),
            ("name: 1", Field::Mismatch(&Value::from(1))),
        ] {
            assert_eq!(fields(yaml).name(), expected, "{yaml}");
        }
    }

    #[test]
    fn entries_of_lists_and_mappings_may_have_templates() {
        let found = fields("{schedules: ['{{ a }}'], parameters: {a: '{{ b }}', c: 1}, triggers: '{{ t }}'}");
        assert_eq!(found.schedules().literal().map(<[Value]>::len), Some(1));
        assert!(matches!(found.triggers(), Field::Template(_)));
        let expected: Mapping = serde_yaml::from_str("c: 1").unwrap();
        assert_eq!(literals(found.parameters().literal().unwrap()), expected);
    }

    #[test]
    fn a_limit_with_a_template_is_a_template() {
        let found = fields("concurrency_limit: {limit: 1, grace_period_seconds: '{{ s }}'}");
        assert!(matches!(found.concurrency_limit(), Field::Template(_)));
        assert!(matches!(found.grace_period(), Field::Template(_)) && found.grace_period().is_set());
        assert!(!fields("concurrency_limit: {limit: 1}").grace_period().is_set());
    }
}
