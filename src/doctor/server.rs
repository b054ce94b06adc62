//! Checks the configuration of the API, the connection, the server's version and the credentials.

use std::time::Instant;

use jiff::SignedDuration;

use super::{Check, Subject};
use crate::api::{ApiError, Client, TESTED_RELEASE};

/// Maximum difference between the local clock and the server's clock. A larger difference affects start times
/// and the order of states.
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_secs(30);

/// Checks that an API is configured and reports the source of the setting.
pub(super) fn settings(subject: &Subject<'_>) -> Check {
    let settings = subject.settings;
    match &settings.api_url.value {
        Some(_) => Check::ok(
            "settings",
            format!("profile '{}'; PREFECT_API_URL from {}", settings.profile, settings.api_url.origin),
        ),
        None => Check::failed(
            "settings",
            format!("profile '{}'; PREFECT_API_URL is not set", settings.profile),
            "set PREFECT_API_URL to the URL of a Prefect API, for example http://127.0.0.1:4200/api",
        ),
    }
}

/// Checks the server. Skips the remaining checks if the server is unreachable.
pub(super) async fn checks(subject: &Subject<'_>) -> Vec<Check> {
    let client = match &subject.client {
        Ok(client) => *client,
        Err(reason) => return vec![Check::failed("api", reason.clone(), "correct the settings")],
    };
    let started = Instant::now();
    let time = match client.health().await {
        Ok(time) => time,
        Err(error) => return vec![unreachable_api(&error)],
    };
    let took = started.elapsed().as_millis();
    let mut checks = vec![Check::ok("api", format!("{} is reachable ({took} ms)", client.url()))];
    let here = subject.clock.now();
    checks.push(match time {
        Some(time) => clocks(here.duration_since(time)),
        None => Check::skipped("clock", "the server does not report its current time"),
    });
    checks.push(version(client).await);
    checks.push(authorization(client).await);
    checks.push(limits(client));
    checks
}

fn unreachable_api(error: &ApiError) -> Check {
    let fix = match error {
        ApiError::Untrusted { .. } => "set PREFECT_API_SSL_CERT_FILE to a file with the trusted certificates",
        ApiError::ProxyUnreachable { .. } | ApiError::ProxyRefused { .. } => {
            "correct HTTP_PROXY or HTTPS_PROXY, or exclude the host with NO_PROXY"
        }
        ApiError::NotJson { .. } | ApiError::NoSuchRoute { .. } => {
            "correct PREFECT_API_URL, which usually ends in /api"
        }
        _ => "start the server, or correct PREFECT_API_URL; behind a proxy, set HTTPS_PROXY",
    };
    Check::failed("api", error.to_string(), fix)
}

fn clocks(ahead: SignedDuration) -> Check {
    // The Date header has a resolution of one second.
    if ahead.abs() <= CLOCK_TOLERANCE {
        return Check::ok("clock", "in sync with the server");
    }
    let direction = if ahead.is_positive() { "ahead of" } else { "behind" };
    let seconds = ahead.abs().as_secs();
    Check::warning(
        "clock",
        format!("{seconds} s {direction} the server"),
        "synchronize the clock, for example with NTP; otherwise, runs start at the wrong time",
    )
}

async fn version(client: &Client) -> Check {
    if client.is_cloud() {
        return Check::ok("version", "Prefect Cloud");
    }
    let capabilities = match client.capabilities().await {
        Ok(capabilities) => capabilities,
        Err(error @ ApiError::Prefect2 { .. }) => {
            return Check::failed("version", error.to_string(), "upgrade the server to Prefect 3");
        }
        Err(error) => return Check::skipped("version", error.to_string()),
    };
    let tested = TESTED_RELEASE;
    match (capabilities.version(), capabilities.release()) {
        (Some(version), Some(release)) if release > tested => Check::ok(
            "version",
            format!(
                "Prefect {version}, which is newer than {tested}, the latest version that prefectl is tested with"
            ),
        ),
        (Some(version), Some(_)) => Check::ok(
            "version",
            format!("Prefect {version} (prefectl is tested with Prefect 3.0 to {tested})"),
        ),
        (Some(version), None) => Check::warning(
            "version",
            format!("the server reports the version '{version}', which is not a release of Prefect"),
            "if requests fail, use a released version of the server",
        ),
        (None, _) => {
            Check::warning("version", "the server does not report its version", "upgrade the server")
        }
    }
}

async fn authorization(client: &Client) -> Check {
    match client.probe().await {
        Ok(()) => Check::ok("authorization", "access granted"),
        Err(error) => {
            let fix = if client.is_cloud() {
                "set PREFECT_API_KEY to a key with access to this workspace, or run `prefectl cloud login`"
            } else {
                "set PREFECT_API_AUTH_STRING to the server's credentials, or PREFECT_API_KEY"
            };
            Check::failed("authorization", error.to_string(), fix)
        }
    }
}

fn limits(client: &Client) -> Check {
    if client.is_cloud() {
        Check::skipped("plan", "Prefect Cloud does not report the limits of the plan")
    } else {
        Check::ok("plan", "self-hosted servers have no plan limits")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Status;

    #[test]
    fn tolerates_small_clock_differences() {
        for (seconds, status) in
            [(0, Status::Ok), (30, Status::Ok), (-31, Status::Warning), (90, Status::Warning)]
        {
            assert_eq!(clocks(SignedDuration::from_secs(seconds)).status, status, "{seconds}");
        }
        assert_eq!(clocks(SignedDuration::from_secs(-90)).detail, "90 s behind the server");
    }
}
