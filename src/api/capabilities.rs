//! Features of a Prefect server and the release that introduced each of them.
//!
//! [`Client::capabilities`] requests the server's version once per client. Fields that the server does not
//! accept are removed from request bodies, and callers check [`Capabilities::supports`] before they rely on a
//! feature. Prefect Cloud and servers of an unknown version are assumed to support every feature.

use std::fmt;

use serde_json::Value;

use super::{ApiError, Client, JsonObject};

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

    /// Returns a plural noun phrase that names the feature in error messages.
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

/// Error for a request that needs a feature the server does not support.
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

    /// Returns an error if the server does not support the feature.
    ///
    /// # Errors
    ///
    /// The error names the release that introduced the feature and the server's version.
    pub(crate) fn require(&self, feature: Feature) -> Result<(), Unsupported> {
        if self.supports(feature) {
            return Ok(());
        }
        Err(Unsupported { feature, version: self.version.clone().unwrap_or_default() })
    }

    /// Returns an error if the server runs Prefect 2, whose API is incompatible.
    pub(super) fn require_prefect_3(&self, url: &str) -> Result<(), ApiError> {
        match (self.version(), self.release()) {
            (Some(version), Some(Release(..=2, ..))) => {
                Err(ApiError::Prefect2 { url: url.to_owned(), version: version.to_owned() })
            }
            _ => Ok(()),
        }
    }
}

/// A field of a request body that older Prefect servers reject or ignore.
struct Field {
    name: &'static str,
    feature: Feature,
    /// Whether to drop the field silently if the server does not support it. Otherwise, the request fails.
    is_optional: bool,
}

/// A kind of request body whose allowed fields depend on the server's release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    Automation,
    NewDeployment,
    DeploymentUpdate,
    NewSchedule,
    ScheduleUpdate,
}

impl Body {
    /// Returns the fields to leave out while they are empty, because older servers reject these fields even
    /// if they are null.
    fn omitted_if_empty(self) -> &'static [&'static str] {
        match self {
            Self::NewDeployment => &["labels"],
            Self::Automation => &["tags"],
            Self::NewSchedule => &["slug", "parameters", "replaces"],
            Self::ScheduleUpdate => &["replaces"],
            Self::DeploymentUpdate => &[],
        }
    }

    /// Returns the fields that only newer servers support.
    fn fields(self) -> &'static [Field] {
        const VERSION_INFO: Field =
            Field { name: "version_info", feature: Feature::VersionInfo, is_optional: true };
        const SCHEDULE: [Field; 3] = [
            Field { name: "slug", feature: Feature::ScheduleSlugs, is_optional: false },
            Field { name: "parameters", feature: Feature::ScheduleParameters, is_optional: false },
            Field { name: "replaces", feature: Feature::ScheduleReplaces, is_optional: true },
        ];
        match self {
            Self::Automation => &[],
            Self::NewDeployment | Self::DeploymentUpdate => &[VERSION_INFO],
            Self::NewSchedule | Self::ScheduleUpdate => &SCHEDULE,
        }
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(entries) => entries.is_empty(),
        _ => false,
    }
}

impl Client {
    /// Returns the features that the server supports. Only the first call sends a request; later calls use
    /// its result.
    ///
    /// # Errors
    ///
    /// Returns an error if the server is unreachable or runs Prefect 2.
    pub(crate) async fn capabilities(&self) -> Result<&Capabilities, ApiError> {
        let capabilities = self.capabilities.get_or_try_init(async || self.read_capabilities().await).await?;
        capabilities.require_prefect_3(self.url())?;
        Ok(capabilities)
    }

    async fn read_capabilities(&self) -> Result<Capabilities, ApiError> {
        if self.is_cloud() {
            return Ok(Capabilities::new(None));
        }
        match self.server_version().await {
            Ok(version) => Ok(Capabilities::new(version)),
            // A proxy may block the administrative routes, so the server's version stays unknown.
            Err(ApiError::Forbidden { .. } | ApiError::Invalid { .. } | ApiError::Unexpected { .. }) => {
                Ok(Capabilities::new(None))
            }
            Err(error) => Err(error),
        }
    }

    /// Removes the fields that the server does not accept from a request body.
    ///
    /// # Errors
    ///
    /// Returns an error if the body sets a field that the server does not support and that must not be
    /// dropped.
    pub(super) async fn accepted(&self, kind: Body, mut body: JsonObject) -> Result<JsonObject, ApiError> {
        body.retain(|name, value| !(is_empty(value) && kind.omitted_if_empty().contains(&name.as_str())));
        if !kind.fields().iter().any(|field| body.contains_key(field.name)) {
            return Ok(body);
        }
        let capabilities = self.capabilities().await?;
        for Field { name, feature, is_optional } in kind.fields() {
            let Some(value) = body.get(*name) else { continue };
            if let Err(unsupported) = capabilities.require(*feature) {
                if !is_optional && !is_empty(value) {
                    return Err(unsupported.into());
                }
                body.shift_remove(*name);
            }
        }
        Ok(body)
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

    #[test]
    fn rejects_prefect_2() {
        let error = capabilities("2.20.27").require_prefect_3("http://h/api").unwrap_err();
        assert_eq!(
            error.to_string(),
            "the server at http://h/api runs Prefect 2.20.27, which prefectl does not support; upgrade it to Prefect 3"
        );
        assert!(capabilities("3.0.0").require_prefect_3("").is_ok());
        assert!(Capabilities::new(None).require_prefect_3("").is_ok());
    }
}
