//! HTTP headers that every API request carries: credentials, API version and user agent.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, USER_AGENT};

use super::ApiError;
use crate::secret::Secret;

/// Version of the Prefect API that prefectl uses. Servers reject versions that they no longer support.
pub(crate) const API_VERSION: &str = "0.8.4";

/// Value of the `User-Agent` header. Does not imitate the official Prefect client, because servers change their
/// responses for that client.
const AGENT: &str = concat!("prefectl/", env!("CARGO_PKG_VERSION"));

/// Credentials for the Prefect API.
#[derive(Debug, Clone, Default)]
pub(crate) enum Credentials {
    #[default]
    None,
    /// User name and password for HTTP basic authentication, as `user:password`.
    Basic(Secret),
    /// An API key, sent as a bearer token.
    Bearer(Secret),
}

impl Credentials {
    fn header(&self) -> Result<Option<HeaderValue>, ApiError> {
        let (text, setting) = match self {
            Self::None => return Ok(None),
            Self::Basic(secret) => {
                (format!("Basic {}", STANDARD.encode(secret.expose())), "PREFECT_API_AUTH_STRING")
            }
            Self::Bearer(secret) => (format!("Bearer {}", secret.expose()), "PREFECT_API_KEY"),
        };
        let mut value = HeaderValue::from_str(&text)
            .map_err(|_| ApiError::Setup(format!("{setting} has characters that are invalid in a header")))?;
        value.set_sensitive(true);
        Ok(Some(value))
    }
}

/// Returns the headers for every request, and the names of ignored custom headers.
///
/// # Errors
///
/// Fails if a header name or value contains invalid characters.
pub(super) fn headers(
    credentials: &Credentials,
    custom: &BTreeMap<String, Secret>,
) -> Result<(HeaderMap, Vec<String>), ApiError> {
    let mut headers = HeaderMap::new();
    headers.insert("x-prefect-api-version", HeaderValue::from_static(API_VERSION));
    headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    if let Some(value) = credentials.header()? {
        headers.insert(AUTHORIZATION, value);
    }
    let mut ignored = Vec::new();
    for (name, value) in custom {
        if is_protected(name) {
            ignored.push(name.clone());
            continue;
        }
        let invalid = || ApiError::Setup(format!("PREFECT_CLIENT_CUSTOM_HEADERS: invalid header '{name}'"));
        let header = HeaderName::try_from(name.as_str()).map_err(|_| invalid())?;
        let mut value = HeaderValue::from_str(value.expose()).map_err(|_| invalid())?;
        // Custom headers often contain secrets, such as the token of an authenticating proxy.
        value.set_sensitive(true);
        headers.insert(header, value);
    }
    Ok((headers, ignored))
}

fn is_protected(name: &str) -> bool {
    ["user-agent", "prefect-csrf-token", "prefect-csrf-client"]
        .iter()
        .any(|own| name.eq_ignore_ascii_case(own))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn custom(pairs: &[(&str, &str)]) -> BTreeMap<String, Secret> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), Secret::new(*value))).collect()
    }

    #[test]
    fn sends_credentials_in_a_sensitive_header() {
        let cases = [
            (Credentials::None, None),
            (Credentials::Basic(Secret::new("admin:pass")), Some("Basic YWRtaW46cGFzcw==")),
            (Credentials::Bearer(Secret::new("pnu_1")), Some("Bearer pnu_1")),
        ];
        for (credentials, expected) in cases {
            let (headers, _) = headers(&credentials, &BTreeMap::new()).unwrap();
            let value = headers.get(AUTHORIZATION);
            assert_eq!(value.map(|value| value.to_str().unwrap()), expected);
            assert!(!format!("{headers:?}").contains("pnu_1"));
        }
    }

    #[test]
    fn custom_headers_do_not_replace_protected_headers() {
        let custom = custom(&[("Authorization", "Custom x"), ("USER-agent", "me"), ("X-A", "1")]);
        let (headers, ignored) = headers(&Credentials::Bearer(Secret::new("key")), &custom).unwrap();
        assert_eq!(headers[AUTHORIZATION], "Custom x");
        assert_eq!(headers["x-a"], "1");
        assert_eq!(headers["x-prefect-api-version"], "0.8.4");
        assert!(headers[USER_AGENT].to_str().unwrap().starts_with("prefectl/"));
        assert_eq!(ignored, ["USER-agent"]);
    }

    #[test]
    fn invalid_characters_are_an_error_without_the_secret() {
        let error = headers(&Credentials::Bearer(Secret::new("key\nx")), &BTreeMap::new()).unwrap_err();
        assert_eq!(error.to_string(), "PREFECT_API_KEY has characters that are invalid in a header");
        assert!(headers(&Credentials::None, &custom(&[("a b", "1")])).is_err());
    }
}
