//! The connection to the API that the settings describe.

use std::{sync::Arc, time::Duration};

use super::Context;
use crate::{
    api::{Client, ClientOptions, Credentials, Links, Notify, RetryNotice, RetryPolicy, TransportOptions},
    error::CommandError,
};

/// A client for the configured API.
///
/// # Errors
///
/// When no API is configured, or the settings of the connection cannot be used.
pub(crate) fn client(context: &Context) -> Result<Client, CommandError> {
    let settings = &context.settings;
    let url = settings.require_api_url()?;
    let credentials = match (&settings.api_auth_string.value, &settings.api_key.value) {
        (Some(login), _) => Credentials::Basic(login.clone()),
        (None, Some(key)) => Credentials::Bearer(key.clone()),
        (None, None) => Credentials::None,
    };
    for secret in [&settings.api_auth_string.value, &settings.api_key.value].into_iter().flatten() {
        context.redactor.learn(secret);
    }
    let options = ClientOptions {
        url: url.to_owned(),
        is_cloud: settings.is_cloud(),
        credentials,
        custom_headers: settings.client_custom_headers.value.clone(),
        csrf: settings.client_csrf_support_enabled.value,
        retry: RetryPolicy {
            max_retries: settings.client_max_retries.value,
            jitter: settings.client_retry_jitter_factor.value,
            extra_codes: settings.client_retry_extra_codes.value.clone(),
            ..RetryPolicy::default()
        },
        transport: TransportOptions {
            timeout: Duration::try_from_secs_f64(settings.api_request_timeout.value).unwrap_or(Duration::MAX),
            certificates: settings.api_ssl_cert_file.value.clone(),
            skip_verification: settings.api_tls_insecure_skip_verify.value,
        },
    };
    let ui = context.ui.clone();
    let notify: Notify = Arc::new(move |notice: &RetryNotice| {
        ui.note(&format!("{notice}"));
    });
    Ok(Client::new(options, context.clock.clone(), notify)?)
}

/// Links into the user interface of the configured API.
pub(crate) fn links(context: &Context) -> Links {
    Links::new(context.settings.ui_url.value.as_deref().filter(|url| !url.is_empty()))
}
