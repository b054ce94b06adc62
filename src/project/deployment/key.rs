//! Deployment keys.

use std::cmp::Ordering;

use crate::{pointer::Segment, steps::Section};

/// A deployment key. Keys are ordered by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    Name,
    Version,
    VersionType,
    Tags,
    Description,
    /// The deprecated key of a single schedule.
    Schedule,
    Schedules,
    Paused,
    ConcurrencyLimit,
    Entrypoint,
    Parameters,
    EnforceParameterSchema,
    Steps(Section),
    WorkPool,
    Triggers,
    Sla,
    IgnoreChanges,
}

impl Key {
    pub(crate) const ALL: [Self; 19] = [
        Self::Name,
        Self::Version,
        Self::VersionType,
        Self::Tags,
        Self::Description,
        Self::Schedule,
        Self::Schedules,
        Self::Paused,
        Self::ConcurrencyLimit,
        Self::Entrypoint,
        Self::Parameters,
        Self::EnforceParameterSchema,
        Self::Steps(Section::Build),
        Self::Steps(Section::Push),
        Self::Steps(Section::Pull),
        Self::WorkPool,
        Self::Triggers,
        Self::Sla,
        Self::IgnoreChanges,
    ];

    /// Key of the ignored fields list, both in a deployment and at the top level of the file.
    pub(crate) const IGNORE_CHANGES: &'static str = "ignore_changes";

    /// Returns the key as written in the project file.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Version => "version",
            Self::VersionType => "version_type",
            Self::Tags => "tags",
            Self::Description => "description",
            Self::Schedule => "schedule",
            Self::Schedules => "schedules",
            Self::Paused => "paused",
            Self::ConcurrencyLimit => "concurrency_limit",
            Self::Entrypoint => "entrypoint",
            Self::Parameters => "parameters",
            Self::EnforceParameterSchema => "enforce_parameter_schema",
            Self::Steps(section) => section.name(),
            Self::WorkPool => "work_pool",
            Self::Triggers => "triggers",
            Self::Sla => "sla",
            Self::IgnoreChanges => Self::IGNORE_CHANGES,
        }
    }

    /// Returns the key with the given name, or `None` if a key with this name has no effect.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|key| key.name() == name)
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        self.name().cmp(other.name())
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl From<Key> for Segment {
    fn from(key: Key) -> Self {
        key.name().into()
    }
}

/// A key in `work_pool`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PoolKey {
    Name,
    WorkQueueName,
    JobVariables,
}

impl PoolKey {
    /// Returns the key as written in the project file.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::WorkQueueName => "work_queue_name",
            Self::JobVariables => "job_variables",
        }
    }
}

impl From<PoolKey> for Segment {
    fn from(key: PoolKey) -> Self {
        key.name().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::fields::{DEPLOYMENT, WORK_POOL, find};

    #[test]
    fn every_key_is_a_known_key_of_the_file() {
        for key in Key::ALL {
            assert!(find(DEPLOYMENT, key.name()).is_some(), "{key:?}");
            assert_eq!(Key::parse(key.name()), Some(key));
        }
        for key in [PoolKey::Name, PoolKey::WorkQueueName, PoolKey::JobVariables] {
            assert!(find(WORK_POOL, key.name()).is_some(), "{key:?}");
        }
        let unused: Vec<_> = DEPLOYMENT.iter().filter(|field| Key::parse(field.key).is_none()).collect();
        assert_eq!(unused.iter().map(|field| field.key).collect::<Vec<_>>(), ["flow_name"]);
    }
}
