//! Concurrency limits of deployments.

use serde::Deserialize;
use serde_json::{Map, Value as Json};

/// The value of `concurrency_limit`: a number, or a mapping that also contains a collision strategy.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(crate) enum ConcurrencyLimit {
    Number(i64),
    Options {
        #[serde(default)]
        limit: Option<i64>,
        #[serde(default)]
        collision_strategy: Option<String>,
        #[serde(default)]
        grace_period_seconds: Option<i64>,
    },
}

impl ConcurrencyLimit {
    /// Known keys in `concurrency_options`. Later server releases may add keys.
    pub(crate) const OPTIONS: [&str; 2] = ["collision_strategy", Self::GRACE_PERIOD];

    /// Key of the grace period.
    pub(crate) const GRACE_PERIOD: &'static str = "grace_period_seconds";

    pub(crate) fn limit(&self) -> Option<i64> {
        match self {
            Self::Number(limit) => Some(*limit),
            Self::Options { limit, .. } => *limit,
        }
    }

    /// Returns the API field `concurrency_options`.
    pub(crate) fn options(&self) -> Json {
        let Self::Options { collision_strategy, grace_period_seconds, .. } = self else { return Json::Null };
        let mut options = Map::new();
        options.insert("collision_strategy".into(), collision_strategy.clone().into());
        if let Some(seconds) = grace_period_seconds {
            options.insert("grace_period_seconds".into(), (*seconds).into());
        }
        Json::Object(options)
    }

    /// Validates the limit. Returns the first problem's key and message, or `None` if the limit is valid.
    pub(crate) fn problem(&self) -> Option<(Option<&'static str>, String)> {
        if self.limit().is_some_and(|limit| limit <= 0) {
            let key = matches!(self, Self::Options { .. }).then_some("limit");
            return Some((key, "the concurrency limit must be greater than zero".into()));
        }
        let Self::Options { collision_strategy, grace_period_seconds, .. } = self else { return None };
        match collision_strategy.as_deref() {
            Some("ENQUEUE" | "CANCEL_NEW") => {}
            Some(other) => {
                let text = format!("`collision_strategy` must be ENQUEUE or CANCEL_NEW, not {other}");
                return Some((Some("collision_strategy"), text));
            }
            None => {
                return Some((
                    None,
                    "`collision_strategy` is missing; set it to ENQUEUE or CANCEL_NEW".into(),
                ));
            }
        }
        grace_period_seconds.filter(|seconds| !(60..=86_400).contains(seconds)).map(|seconds| {
            (
                Some("grace_period_seconds"),
                format!("`grace_period_seconds` must be between 60 and 86400, not {seconds}"),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn concurrency_limits_are_checked() {
        let problem = |yaml: &str| {
            let limit: ConcurrencyLimit = serde_yaml::from_str(yaml).unwrap();
            limit.problem().map(|(_, text)| text)
        };
        assert_eq!(problem("3"), None);
        assert_eq!(problem("{limit: 3, collision_strategy: ENQUEUE, grace_period_seconds: 60}"), None);
        for yaml in [
            "0",
            "{limit: 3}",
            "{limit: -1, collision_strategy: ENQUEUE}",
            "{limit: 3, collision_strategy: enqueue}",
            "{limit: 3, collision_strategy: ENQUEUE, grace_period_seconds: 5}",
        ] {
            assert!(problem(yaml).is_some(), "{yaml}");
        }
    }
}
