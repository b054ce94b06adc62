//! Features of a Prefect server, and the releases that introduced them.
//!
//! Callers check [`Capabilities::supports`] before they rely on a feature. Prefect Cloud and servers of an
//! unknown version are assumed to support every feature.

use std::fmt;

/// The Prefect release that prefectl is tested against.
pub(crate) const TESTED_RELEASE: Release = Release(3, 9, 1);

/// A Prefect release, given by its major, minor and patch numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Release(u32, u32, u32);

impl Release {
    /// Parses the first three numbers of a version such as `3.9.1` or `3.4.0.dev2+1.g0a`.
    ///
    /// Returns `None` for versions that do not identify a release, such as `0+unknown`.
    fn parse(version: &str) -> Option<Self> {
        let mut numbers = version.trim().splitn(3, '.').map(|part| {
            let digits =
                part.len() - part.trim_start_matches(|character: char| character.is_ascii_digit()).len();
            part[..digits].parse().ok()
        });
        let release = Self(numbers.next()??, numbers.next()??, numbers.next().flatten().unwrap_or(0));
        (release.0 > 0).then_some(release)
    }

    /// Checks whether the release belongs to Prefect 2 or an earlier major version.
    pub(super) fn is_before_prefect_3(self) -> bool {
        self.0 < 3
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(major, minor, patch) = self;
        match patch {
            0 => write!(f, "{major}.{minor}"),
            patch => write!(f, "{major}.{minor}.{patch}"),
        }
    }
}

/// A server feature that some releases of Prefect 3 lack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Feature {
    ScheduleSlugs,
    ScheduleParameters,
    /// The `replaces` field in requests that create or update a schedule.
    ScheduleReplaces,
    /// Updates of the pull steps and the parameter schema through `PATCH /deployments/{id}`.
    PatchFlowFields,
    VersionInfo,
    VariableNamesWithDashes,
    /// The `schedule_after` field of the automation action that runs a deployment.
    ScheduleAfter,
    /// The `grace_period_seconds` field of a deployment's concurrency options.
    GracePeriod,
    /// Updates that remove all job variables by sending an empty mapping.
    EmptyJobVariables,
}

impl Feature {
    /// Returns the first Prefect release that supports the feature.
    fn since(self) -> Release {
        match self {
            Self::ScheduleSlugs | Self::ScheduleParameters | Self::PatchFlowFields => Release(3, 2, 0),
            Self::VersionInfo => Release(3, 3, 6),
            Self::VariableNamesWithDashes => Release(3, 4, 2),
            Self::ScheduleAfter => Release(3, 4, 15),
            Self::GracePeriod => Release(3, 6, 6),
            Self::ScheduleReplaces => Release(3, 6, 22),
            Self::EmptyJobVariables => Release(3, 8, 7),
        }
    }

    /// Returns a plural noun phrase that describes the feature in error messages.
    fn name(self) -> &'static str {
        match self {
            Self::ScheduleSlugs => "schedule slugs",
            Self::ScheduleParameters => "schedule parameters",
            Self::ScheduleReplaces => "`replaces` keys of schedules",
            Self::PatchFlowFields => "updates of pull steps and parameter schemas",
            Self::VersionInfo => "version details",
            Self::VariableNamesWithDashes => "variable names with dashes",
            Self::ScheduleAfter => "`schedule_after` keys of triggers",
            Self::GracePeriod => "`grace_period_seconds` keys of concurrency limits",
            Self::EmptyJobVariables => "updates that remove all job variables",
        }
    }
}

/// Error for a request that requires a feature that the server does not support.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} require Prefect {}, but this server runs {version}", .feature.name(), .feature.since())]
pub(crate) struct Unsupported {
    feature: Feature,
    /// The Prefect version of the server.
    version: String,
}

/// The features that a server supports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Capabilities {
    /// The server's version. `None` for Prefect Cloud and for servers that do not report a version.
    version: Option<String>,
}

impl Capabilities {
    /// Creates the feature set of a server with the given version. `None` enables every feature.
    pub(crate) fn new(version: Option<String>) -> Self {
        Self { version }
    }

    /// Returns the server's version, or `None` if the server did not report one.
    pub(crate) fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// Returns the server's release, or `None` for Prefect Cloud and for versions that do not identify a
    /// release.
    pub(crate) fn release(&self) -> Option<Release> {
        self.version().and_then(Release::parse)
    }

    /// Returns `true` if the server supports the feature.
    pub(crate) fn supports(&self, feature: Feature) -> bool {
        self.release().is_none_or(|release| release >= feature.since())
    }

    /// Fails if the server does not support the feature.
    ///
    /// # Errors
    ///
    /// The error contains the release that introduced the feature, and the server's version.
    pub(crate) fn require(&self, feature: Feature) -> Result<(), Unsupported> {
        if self.supports(feature) {
            return Ok(());
        }
        Err(Unsupported { feature, version: self.version.clone().unwrap_or_default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capabilities(version: &str) -> Capabilities {
        Capabilities::new(Some(version.to_owned()))
    }

    #[test]
    fn parses_releases() {
        for (version, expected) in [
            ("3.9.1", Some("3.9.1")),
            ("3.2.0", Some("3.2")),
            ("3.4.0.dev2+1.g0a", Some("3.4")),
            ("3.10.0rc1", Some("3.10")),
            ("3.4", Some("3.4")),
            ("3.1.12+dirty", Some("3.1.12")),
            ("0+unknown", None),
            ("0.0.0", None),
            ("unknown", None),
            ("", None),
        ] {
            assert_eq!(
                Release::parse(version).map(|release| release.to_string()).as_deref(),
                expected,
                "{version}"
            );
        }
    }

    #[test]
    fn compares_releases_by_number() {
        for (version, feature, expected) in [
            ("3.1.15", Feature::ScheduleSlugs, false),
            ("3.2.0", Feature::ScheduleSlugs, true),
            ("3.10.0", Feature::EmptyJobVariables, true),
            ("3.8.6", Feature::EmptyJobVariables, false),
            ("4.0.0", Feature::EmptyJobVariables, true),
            ("0+unknown", Feature::EmptyJobVariables, true),
        ] {
            assert_eq!(capabilities(version).supports(feature), expected, "{version} {feature:?}");
        }
        assert!(Capabilities::new(None).supports(Feature::GracePeriod));
    }

    #[test]
    fn unsupported_features_name_both_releases() {
        let error = capabilities("3.1.15").require(Feature::ScheduleSlugs).unwrap_err();
        assert_eq!(error.to_string(), "schedule slugs require Prefect 3.2, but this server runs 3.1.15");
    }
}
