//! The connection to the API that the settings describe.

use std::sync::Arc;

use super::Context;
use crate::{
    api::{Client, ClientOptions, Links, Notify, RetryNotice},
    diagnostics::{Code, Diagnostic},
    error::CommandError,
    progress::Progress,
};

/// A client for the configured API.
///
/// # Errors
///
/// When no API is configured, or the settings of the connection cannot be used.
pub(crate) fn client(context: &Context) -> Result<Client, CommandError> {
    let settings = &context.settings;
    let options = ClientOptions::from_settings(settings)?;
    let headers = settings.client_custom_headers.value.values();
    let secrets = [&settings.api_auth_string.value, &settings.api_key.value];
    secrets.into_iter().flatten().chain(headers).for_each(|secret| context.redactor.learn(secret));
    let ui = context.ui.clone();
    let notify: Notify = Arc::new(move |notice: &RetryNotice| ui.note(&notice.to_string()));
    let client = Client::new(options, context.clock.clone(), notify)?;
    for header in client.refused_headers() {
        let message = format!("the custom header '{header}' is left out: prefectl sets it itself");
        context.ui.warn(&Diagnostic::warning(Code::CUSTOM_HEADER, message));
    }
    Ok(client)
}

/// Links into the user interface of the configured API.
pub(crate) fn links(context: &Context) -> Links {
    Links::new(context.settings.ui_url.value.as_deref().filter(|url| !url.is_empty()))
}
