//! The connection to the API that the settings describe.

use std::{sync::Arc, time::Duration};

use super::Context;
use crate::{
    api::{Client, ClientOptions, Links, Notify, RetryNotice},
    diagnostics::{Code, Diagnostic},
    error::CommandError,
    progress::Progress,
    settings::{NoApiUrl, Settings},
};

/// How long a wait must be for the user to be told.
const NOTICEABLE: Duration = Duration::from_secs(1);

/// A client for the configured API.
///
/// # Errors
///
/// When no API is configured, or the settings of the connection cannot be used.
pub(crate) fn client(context: &Context) -> Result<Client, CommandError> {
    client_telling(context, || {})
}

/// The same; `busy` is called whenever the server asks for patience.
pub(crate) fn client_telling(
    context: &Context,
    busy: impl Fn() + Send + Sync + 'static,
) -> Result<Client, CommandError> {
    let settings = &context.settings;
    let options = ClientOptions::from_settings(settings).map_err(|error| no_api(error, settings))?;
    options.secrets().for_each(|secret| context.redactor.learn(secret));
    let ui = context.ui.clone();
    let notify: Notify = Arc::new(move |notice: &RetryNotice| {
        if notice.status == Some(429) {
            busy();
        }
        // A moment's wait is normal: a server on SQLite answers 503 while another write goes on.
        if notice.wait >= NOTICEABLE {
            ui.note(&notice.to_string());
        }
    });
    let client = Client::new(options, context.clock.clone(), notify)?;
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
    options.secrets().for_each(|secret| context.redactor.learn(secret));
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
        help += "; prefect itself would now start a temporary server, prefectl does not";
    }
    CommandError::usage(error).help(help)
}
