//! `prefectl version`.

use std::{env::consts, time::Duration};

use super::{Context, connection};
use crate::{
    api::{API_VERSION, TESTED_RELEASE},
    error::{CommandError, Exit},
};

/// Maximum time to wait for the server to return its version.
const SERVER_TIMEOUT: Duration = Duration::from_secs(2);

pub(super) async fn run(context: &Context) -> Result<Exit, CommandError> {
    let own = env!("CARGO_PKG_VERSION");
    // Scripts expect `prefect version` to print a release of Prefect.
    let versions = if context.is_prefect {
        [("Version:", TESTED_RELEASE.to_string()), ("Implementation:", format!("prefectl {own}"))]
    } else {
        [("Version:", own.to_owned()), ("Prefect release:", TESTED_RELEASE.to_string())]
    };
    let mut rows = versions.to_vec();
    rows.push(("API version:", API_VERSION.to_owned()));
    rows.push(("OS/Arch:", format!("{}/{}", platform(), consts::ARCH)));
    rows.push(("Profile:", context.settings.profile.clone()));
    rows.push(("Server type:", server_type(context).to_owned()));
    if let Some(version) = server_version(context).await {
        rows.push(("Server version:", version));
    }
    let lines: Vec<String> = rows.iter().map(|(name, value)| format!("{name:21} {value}")).collect();
    context.ui.result(&lines.join("\n"));
    Ok(Exit::Done)
}

/// Returns the name that Python uses for the current platform.
fn platform() -> &'static str {
    match consts::OS {
        "macos" => "darwin",
        "windows" => "win32",
        os => os,
    }
}

fn server_type(context: &Context) -> &'static str {
    let settings = &context.settings;
    match settings.api_url.value {
        Some(_) if settings.is_cloud() => "cloud",
        Some(_) => "server",
        None if settings.server_ephemeral_enabled.value => "ephemeral",
        None => "unconfigured",
    }
}

/// Returns the server's version, or `None` if no server is configured or the server does not respond in time.
async fn server_version(context: &Context) -> Option<String> {
    context.settings.api_url.value.as_ref()?;
    let client = connection::client(context).ok()?;
    let capabilities = tokio::time::timeout(SERVER_TIMEOUT, client.capabilities()).await.ok()?.ok()?;
    capabilities.version().map(str::to_owned)
}
