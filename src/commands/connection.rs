//! The connection to the API that the settings describe.

use std::{num::NonZeroUsize, sync::Arc, time::Duration};

use super::Context;
use crate::{
    api::{Client, ClientOptions, Links, Log, Notify, RetryNotice},
    diagnostics::{Code, Diagnostic},
    error::CommandError,
    local_server::{LocalServer, LocalServerOptions},
    progress::Progress,
    settings::{self, NoApiUrl, Origin, Settings},
};

/// How long a wait must be for the user to be told.
const NOTICEABLE: Duration = Duration::from_secs(1);

/// A client for the configured API.
///
/// # Errors
///
/// When no API is configured, or the settings of the connection cannot be used.
pub(crate) fn client(context: &Context) -> Result<Client, CommandError> {
    client_telling(context, None, |_| {})
}

/// The same, with a budget of requests; `refused` is called with the status of each answer for which a request is
/// sent again.
pub(crate) fn client_telling(
    context: &Context,
    max_requests_per_minute: Option<NonZeroUsize>,
    refused: impl Fn(u16) + Send + Sync + 'static,
) -> Result<Client, CommandError> {
    let settings = &context.settings;
    let options = ClientOptions::from_settings(settings).map_err(|error| no_api(error, settings))?;
    let options = ClientOptions { max_requests_per_minute, ..options };
    let ui = context.ui.clone();
    let notify: Notify = Arc::new(move |notice: &RetryNotice| {
        if let Some(status) = notice.status {
            refused(status);
        }
        // A moment's wait is normal: a server on SQLite answers 503 while another write goes on.
        if notice.wait >= NOTICEABLE {
            ui.note(&notice.to_string());
        }
    });
    if options.transport.skip_verification && options.url.starts_with("https:") {
        let message = "certificates are not checked (PREFECT_API_TLS_INSECURE_SKIP_VERIFY)";
        context.ui.warn(&Diagnostic::warning(Code::TLS_VERIFICATION, message));
    }
    let ui = context.ui.clone();
    let log = context.ui.is_verbose().then(|| -> Log { Box::new(move |line| ui.note(line)) });
    let client = Client::new(options, context.clock.clone(), notify)?.logging(log);
    for header in client.refused_headers() {
        let message = format!("the custom header '{header}' is left out: prefectl sets it itself");
        context.ui.warn(&Diagnostic::warning(Code::CUSTOM_HEADER, message));
    }
    Ok(client)
}

/// Asks the API that these settings name whether it is there and lets us in.
pub(crate) async fn check(context: &Context, settings: &Settings) -> Result<(), CommandError> {
    const PATIENCE: Duration = Duration::from_secs(3);
    let mut options = ClientOptions::from_settings(settings).map_err(|error| no_api(error, settings))?;
    options.transport.timeout = PATIENCE;
    options.retry.max_retries = 0;
    settings.secrets().for_each(|secret| context.redactor.learn(&secret));
    let client = Client::new(options, context.clock.clone(), Arc::new(|_| ()))?;
    Ok(client.probe().await?)
}

/// Links into the user interface of the configured API.
pub(crate) fn links(context: &Context) -> Links {
    Links::new(context.settings.ui_url.value.as_deref().filter(|url| !url.is_empty()))
}

/// What to do where no API is configured: a job that lacks a setting must not do its work somewhere else.
fn no_api(error: NoApiUrl, settings: &Settings) -> CommandError {
    let profile = format!("profile '{}' of {}", settings.profile, settings.profiles_path.value.display());
    let mut help =
        format!("set PREFECT_API_URL, for example to http://127.0.0.1:4200/api, or add it to {profile}");
    if settings.server_ephemeral_enabled.value {
        help += "; for a temporary server, ask for it with PREFECT_SERVER_EPHEMERAL_ENABLED=true";
    }
    CommandError::usage(error).help(help)
}

/// Starts a temporary server where no API is configured and one is wanted, and lets the settings name it.
pub(super) async fn temporary_server(context: &mut Context) -> Result<Option<LocalServer>, CommandError> {
    if context.settings.api_url.value.is_some() || !wants_temporary_server(context) {
        return Ok(None);
    }
    let patience = context.settings.server_ephemeral_startup_timeout_seconds.value;
    let options = local_server_options(context, Duration::from_secs(patience.into()))?;
    let server = LocalServer::start(&options, &context.ui).await?;
    context.settings.api_url.value = Some(server.url.clone());
    Ok(Some(server))
}

/// Whether a temporary server may be started: at a terminal, or if it is asked for in so many words. That the
/// built-in profile allows it is not enough, and neither is an empty URL: that is a secret which a job lacks.
fn wants_temporary_server(context: &Context) -> bool {
    let settings = &context.settings;
    let enabled = settings.server_ephemeral_enabled;
    let is_asked_for = enabled.origin != Origin::Profile || settings.profile_is_chosen;
    let lacks_url = settings.api_url.origin != Origin::Default;
    enabled.value && (context.interactive || (is_asked_for && !lacks_url))
}

/// What a server of this machine is started with: the settings that this command has.
pub(super) fn local_server_options(
    context: &Context,
    patience: Duration,
) -> Result<LocalServerOptions<'_>, CommandError> {
    // These are for clients; and a server asks nobody.
    const OF_CLIENTS: [&str; 3] = ["PREFECT_API_URL", "PREFECT_API_KEY", "PREFECT_API_AUTH_STRING"];
    let Context { settings, environment, directory, clock, .. } = context;
    let listed = settings::list(environment, Some(&settings.profile), directory, false)?;
    let settings = listed
        .iter()
        .filter(|one| one.origin != Origin::Environment && !OF_CLIENTS.contains(&one.entry.name.canonical))
        .map(|one| (one.entry.name.canonical.to_owned(), one.text(true).to_owned()))
        .collect();
    Ok(LocalServerOptions { environment, directory, settings, clock, patience })
}
