//! Creates the client for the configured API and starts a temporary server if necessary.

use std::{num::NonZeroUsize, sync::Arc, time::Duration};

use super::Context;
use crate::{
    api::{Client, ClientOptions, Links, Log, Notify, RetryNotice},
    diagnostics::{Code, Diagnostic},
    error::CommandError,
    interpreter::SearchScope,
    local_server::{LocalServer, LocalServerOptions},
    progress::Progress,
    settings::{self, NoApiUrl, Origin, Settings},
};

/// Minimum retry delay that is reported to the user.
const REPORTED_DELAY: Duration = Duration::from_secs(1);

/// Creates a client for the configured API.
///
/// # Errors
///
/// Fails if no API is configured or if a connection setting is invalid.
pub(crate) fn client(context: &Context) -> Result<Client, CommandError> {
    client_with_budget(context, None)
}

/// Creates a client that sends at most `max_requests_per_minute` requests per minute.
pub(crate) fn client_with_budget(
    context: &Context,
    max_requests_per_minute: Option<NonZeroUsize>,
) -> Result<Client, CommandError> {
    let settings = &context.settings;
    let options = ClientOptions::from_settings(settings, &context.environment)
        .map_err(|error| no_api(error, settings))?;
    let options = ClientOptions { max_requests_per_minute, ..options };
    let aside = context.ui.aside();
    let ui = aside.clone();
    let notify: Notify = Arc::new(move |notice: &RetryNotice| {
        // Short delays are normal: a server with SQLite answers 503 during concurrent writes.
        if notice.wait >= REPORTED_DELAY {
            ui.note(&notice.to_string());
        }
    });
    if options.transport.skip_verification && options.url.starts_with("https:") {
        let message = "TLS certificates are not verified (PREFECT_API_TLS_INSECURE_SKIP_VERIFY)";
        aside.warn(&Diagnostic::warning(Code::TLS_VERIFICATION, message));
    }
    let ui = aside.clone();
    let log = context.ui.is_verbose().then(|| -> Log { Box::new(move |line| ui.note(line)) });
    let client = Client::new(options, context.clock.clone(), notify)?.logging(log);
    for header in client.ignored_headers() {
        let message =
            format!("ignoring the custom header '{header}', which prefectl sets from other settings");
        aside.warn(&Diagnostic::warning(Code::CUSTOM_HEADER, message));
    }
    Ok(client)
}

/// Checks that the API in `settings` is reachable and accepts the credentials.
pub(crate) async fn check(context: &Context, settings: &Settings) -> Result<(), CommandError> {
    const TIMEOUT: Duration = Duration::from_secs(3);
    let mut options = ClientOptions::from_settings(settings, &context.environment)
        .map_err(|error| no_api(error, settings))?;
    options.transport.timeout = TIMEOUT;
    options.retry.max_retries = 0;
    settings.secrets().for_each(|secret| context.redactor.learn(&secret));
    let client = Client::new(options, context.clock.clone(), Arc::new(|_| ()))?;
    Ok(client.probe().await?)
}

/// Returns the links to the UI that belongs to the configured API.
pub(crate) fn links(context: &Context) -> Links {
    Links::new(context.settings.ui_url.value.as_deref().filter(|url| !url.is_empty()))
}

/// Returns the configured API URL.
pub(super) fn api_url(context: &Context) -> Result<&str, CommandError> {
    context.settings.require_api_url().map_err(|error| no_api(error, &context.settings))
}

/// Creates the error for a missing API URL. The help names the profile where the URL must be set.
fn no_api(error: NoApiUrl, settings: &Settings) -> CommandError {
    let mut help = format!(
        "set the environment variable to a URL such as http://127.0.0.1:4200/api, or add it to profile '{}' with \
         `prefectl config set PREFECT_API_URL=URL`",
        settings.profile
    );
    if settings.server_ephemeral_enabled.value {
        help += "; to use a temporary server, set PREFECT_SERVER_EPHEMERAL_ENABLED=true";
    }
    CommandError::usage(error).help(help)
}

/// Starts a temporary server and sets the API URL to it. Does nothing if an API is configured or if temporary
/// servers are disabled.
///
/// `scope` limits the Python interpreters that may run the server.
pub(super) async fn temporary_server(
    context: &mut Context,
    scope: SearchScope,
) -> Result<Option<LocalServer>, CommandError> {
    if context.settings.api_url.value.is_some() || !wants_temporary_server(context) {
        return Ok(None);
    }
    let timeout = context.settings.server_ephemeral_startup_timeout_seconds.value;
    let options = local_server_options(context, scope, Duration::from_secs(timeout.into()))?;
    let server = LocalServer::start(&options, &context.ui).await?;
    context.settings.api_url.value = Some(server.url.clone());
    Ok(Some(server))
}

/// Returns whether the command is allowed to start a temporary server.
///
/// For an interactive command, the setting must be enabled. For any other command, the user or a profile that the user
/// selected must enable the setting; the built-in profile's default does not count. In this case, the API URL must also
/// be unset, because an empty URL usually means that a CI job lacks a secret.
fn wants_temporary_server(context: &Context) -> bool {
    let settings = &context.settings;
    let enabled = settings.server_ephemeral_enabled;
    let is_explicit = enabled.origin != Origin::Profile || settings.profile_is_chosen;
    let has_empty_url = settings.api_url.origin != Origin::Default;
    enabled.value && (context.interactive || (is_explicit && !has_empty_url))
}

/// Returns the options for a local server. The server inherits this command's settings, except client settings.
pub(super) fn local_server_options(
    context: &Context,
    scope: SearchScope,
    start_timeout: Duration,
) -> Result<LocalServerOptions<'_>, CommandError> {
    // Settings that only apply to clients.
    const CLIENT_SETTINGS: [&str; 3] = ["PREFECT_API_URL", "PREFECT_API_KEY", "PREFECT_API_AUTH_STRING"];
    let Context { settings, environment, directory, clock, .. } = context;
    let listed = settings::list(environment, Some(&settings.profile), directory, false)?;
    let settings = listed
        .iter()
        .filter(|listed| {
            listed.origin != Origin::Environment && !CLIENT_SETTINGS.contains(&listed.entry.name.canonical)
        })
        .map(|listed| (listed.entry.name.canonical.to_owned(), listed.text(true).to_owned()))
        .collect();
    Ok(LocalServerOptions { scope, environment, directory, settings, clock, start_timeout })
}
