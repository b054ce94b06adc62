//! Selection expressions of the `--select` option, such as `tag:etl,!pool:gpu`.

mod path_pattern;

pub(crate) use self::path_pattern::PathPattern;

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{
    diagnostics::did_you_mean,
    git::{InvalidRange, RevisionRange},
};

/// The keys of conditions, in alphabetical order.
const KEYS: [&str; 7] = ["changed", "file", "flow", "name", "path", "pool", "tag"];

/// A selection expression: a list of conditions. A deployment must meet all of them.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Selector {
    /// The expression as the user wrote it.
    text: String,
    /// Conditions in evaluation order. Conditions on changes come last because they take longest to evaluate.
    conditions: Vec<Condition>,
}

/// A condition on a deployment, which may be negated.
#[derive(Debug, Clone)]
struct Condition {
    /// The condition as the user wrote it.
    text: String,
    is_negated: bool,
    criterion: Criterion,
}

/// A property of a deployment and the pattern that the property must match.
#[derive(Debug, Clone)]
pub(crate) enum Criterion {
    /// The deployment's name, optionally preceded by the flow's name. Patterns work as in `--name`.
    Name(String),
    Flow(String),
    /// At least one tag.
    Tag(String),
    /// The name of the work pool.
    Pool(String),
    /// The file that defines the flow.
    Path(PathPattern),
    /// The project file.
    File(PathPattern),
    /// Changes to the deployment's definition or to a file that the deployment depends on.
    Changed(RevisionRange),
}

/// The error for a string that is not a valid selection expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SelectorError {
    #[error("a condition is empty: expected `KEY:VALUE`, such as `tag:etl`")]
    Empty,
    #[error("'{0}' has no key: expected `KEY:VALUE`, such as `name:{0}`; valid keys: {keys}", keys = KEYS.join(", "))]
    NoKey(String),
    #[error(
        "unknown key '{key}'{suggestion}; valid keys: {keys}",
        suggestion = .similar.map(|key| format!(" (did you mean '{key}'?)")).unwrap_or_default(),
        keys = KEYS.join(", ")
    )]
    UnknownKey { key: String, similar: Option<&'static str> },
    #[error("the key '{0}' has no value")]
    NoValue(String),
    #[error("invalid pattern '{pattern}': {reason}")]
    Pattern { pattern: String, reason: String },
}

impl FromStr for Selector {
    type Err = SelectorError;

    fn from_str(text: &str) -> Result<Self, SelectorError> {
        let conditions = split(text).into_iter().map(|part| Condition::parse(&part));
        let mut conditions: Vec<Condition> = conditions.collect::<Result<_, _>>()?;
        conditions.sort_by_key(|condition| matches!(condition.criterion, Criterion::Changed(_)));
        Ok(Self { text: text.to_owned(), conditions })
    }
}

impl TryFrom<String> for Selector {
    type Error = SelectorError;

    fn try_from(text: String) -> Result<Self, SelectorError> {
        text.parse()
    }
}

impl From<Selector> for String {
    fn from(selector: Selector) -> Self {
        selector.text
    }
}

impl PartialEq for Selector {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Selector {}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Splits an expression at its commas. A backslash escapes a comma.
fn split(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '\\' if rest.next_if_eq(&',').is_some() => append(&mut parts, ','),
            ',' => parts.push(String::new()),
            other => append(&mut parts, other),
        }
    }
    parts
}

fn append(parts: &mut [String], character: char) {
    if let Some(last) = parts.last_mut() {
        last.push(character);
    }
}

impl Condition {
    fn parse(text: &str) -> Result<Self, SelectorError> {
        let text = text.trim();
        let (is_negated, rest) = match text.strip_prefix('!') {
            Some(rest) => (true, rest.trim_start()),
            None => (false, text),
        };
        if rest.is_empty() {
            return Err(SelectorError::Empty);
        }
        let (key, value) = rest.split_once(':').ok_or_else(|| SelectorError::NoKey(rest.to_owned()))?;
        Ok(Self { text: text.to_owned(), is_negated, criterion: Criterion::parse(key.trim(), value.trim())? })
    }
}

impl Criterion {
    pub(crate) fn key(&self) -> &'static str {
        match self {
            Self::Name(_) => "name",
            Self::Flow(_) => "flow",
            Self::Tag(_) => "tag",
            Self::Pool(_) => "pool",
            Self::Path(_) => "path",
            Self::File(_) => "file",
            Self::Changed(_) => "changed",
        }
    }

    fn parse(key: &str, value: &str) -> Result<Self, SelectorError> {
        let path = || {
            PathPattern::new(value)
                .map_err(|reason| SelectorError::Pattern { pattern: value.to_owned(), reason })
        };
        let criterion = match key {
            "changed" if !value.is_empty() => {
                let invalid = |error: InvalidRange| SelectorError::Pattern {
                    pattern: value.to_owned(),
                    reason: error.to_string(),
                };
                Self::Changed(value.parse().map_err(invalid)?)
            }
            "file" => Self::File(path()?),
            "flow" => Self::Flow(value.to_owned()),
            "name" if value.matches('/').count() > 1 => {
                let reason = "expected `name` or `flow/name`".to_owned();
                return Err(SelectorError::Pattern { pattern: value.to_owned(), reason });
            }
            "name" => Self::Name(value.to_owned()),
            "path" => Self::Path(path()?),
            "pool" => Self::Pool(value.to_owned()),
            "tag" => Self::Tag(value.to_owned()),
            "changed" => return Err(SelectorError::NoValue(key.to_owned())),
            _ => {
                let similar = similar_key(key);
                return Err(SelectorError::UnknownKey { key: key.to_owned(), similar });
            }
        };
        if value.is_empty() { Err(SelectorError::NoValue(key.to_owned())) } else { Ok(criterion) }
    }
}

/// Returns the key that is most similar to a misspelled key. Two swapped letters count as one typo.
fn similar_key(key: &str) -> Option<&'static str> {
    let lower = key.to_lowercase();
    let swapped = KEYS.into_iter().find(|known| strsim::osa_distance(&lower, known) == 1);
    swapped.or_else(|| did_you_mean(&lower, KEYS))
}

/// The result of comparing a deployment with a criterion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The deployment matches. The string describes the property that matches, such as `tag 'etl'`.
    Match(String),
    NoMatch,
    /// The property is a template, or it cannot be determined. The string describes the property, such as
    /// `work pool`.
    Undecided(String),
}

/// The result of applying a selector to a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Evaluation {
    /// The deployment meets all conditions. The strings describe the conditions.
    Selected(Vec<String>),
    NotSelected,
    /// The deployment meets all conditions except the conditions on changes.
    Unchanged,
    /// The selection depends on unknown properties. The strings describe the properties, as in
    /// [`Verdict::Undecided`].
    Undecided(Vec<String>),
}

impl Selector {
    /// Returns the ranges of revisions in the conditions.
    pub(crate) fn ranges(&self) -> impl Iterator<Item = &RevisionRange> {
        self.conditions.iter().filter_map(|condition| match &condition.criterion {
            Criterion::Changed(range) => Some(range),
            _ => None,
        })
    }

    /// Returns the criteria that a deployment must meet, each with the value as the user wrote it. Omits negated
    /// conditions and conditions on changes.
    pub(crate) fn required(&self) -> impl Iterator<Item = (&str, &Criterion)> {
        let required = self.conditions.iter().filter(|condition| {
            !condition.is_negated && !matches!(condition.criterion, Criterion::Changed(_))
        });
        required
            .filter_map(|condition| Some((condition.text.split_once(':')?.1.trim(), &condition.criterion)))
    }

    /// Applies the selector to a deployment. `verdict` compares the deployment with a criterion.
    ///
    /// An undecided condition is neither met nor unmet, even if the condition is negated. An undecided condition is
    /// only relevant if the deployment meets all other conditions.
    pub(crate) fn evaluate(&self, mut verdict: impl FnMut(&Criterion) -> Verdict) -> Evaluation {
        let mut met = Vec::new();
        let mut undecided = Vec::new();
        for condition in &self.conditions {
            match (verdict(&condition.criterion), condition.is_negated) {
                (Verdict::Match(description), false) => met.push(description),
                (Verdict::NoMatch, true) => met.push(format!("matches '{}'", condition.text)),
                (Verdict::NoMatch, false) if matches!(condition.criterion, Criterion::Changed(_)) => {
                    return Evaluation::Unchanged;
                }
                (Verdict::NoMatch, false) | (Verdict::Match(_), true) => return Evaluation::NotSelected,
                (Verdict::Undecided(property), _) => undecided.push(property),
            }
        }
        if undecided.is_empty() { Evaluation::Selected(met) } else { Evaluation::Undecided(undecided) }
    }
}

#[cfg(test)]
mod tests;
