//! Adapts request bodies to the server's release by removing unsupported fields.
//!
//! The version comes from [`Client::capabilities`], which requests it at most once per client.

use serde_json::Value;

use super::{ApiError, Capabilities, Client, Feature, JsonObject};

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
    /// Returns the fields to omit if they are empty. Older servers reject these fields even if they are null.
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
    /// Returns the features that the server supports. Only the first call sends a request. Later calls return the
    /// cached result.
    ///
    /// # Errors
    ///
    /// Fails if the server is unreachable or runs Prefect 2.
    pub(crate) async fn capabilities(&self) -> Result<&Capabilities, ApiError> {
        let capabilities = self.capabilities.get_or_try_init(async || self.read_capabilities().await).await?;
        require_prefect_3(capabilities, self.url())?;
        Ok(capabilities)
    }

    async fn read_capabilities(&self) -> Result<Capabilities, ApiError> {
        if self.is_cloud() {
            return Ok(Capabilities::new(None));
        }
        match self.server_version().await {
            Ok(version) => Ok(Capabilities::new(version)),
            // A proxy may block the administrative routes. The server's version then stays unknown.
            Err(ApiError::Forbidden { .. } | ApiError::Invalid { .. } | ApiError::Unexpected { .. }) => {
                Ok(Capabilities::new(None))
            }
            Err(error) => Err(error),
        }
    }

    /// Removes unsupported fields from a request body.
    ///
    /// # Errors
    ///
    /// Fails if the body sets an unsupported field that must not be dropped.
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

/// Fails if the server runs Prefect 2, because its API is incompatible.
fn require_prefect_3(capabilities: &Capabilities, url: &str) -> Result<(), ApiError> {
    match (capabilities.version(), capabilities.release()) {
        (Some(version), Some(release)) if release.is_before_prefect_3() => {
            Err(ApiError::Prefect2 { url: url.to_owned(), version: version.to_owned() })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejects_prefect_2() {
        let check = |version: &str| {
            let capabilities = Capabilities::new(Some(version.to_owned()));
            require_prefect_3(&capabilities, "http://h/api")
        };
        let error = check("2.20.27").unwrap_err();
        assert_eq!(
            error.to_string(),
            "the server at http://h/api runs Prefect 2.20.27, which prefectl does not support; upgrade it to Prefect 3"
        );
        assert!(check("3.0.0").is_ok());
        assert!(require_prefect_3(&Capabilities::new(None), "").is_ok());
    }
}
