//! Derives the Prefect UI URL from the API URL.

/// Returns the Prefect UI URL for an API URL.
pub(super) fn derive(api_url: &str, cloud_api_url: &str, cloud_ui_url: Option<&str>) -> String {
    let url = match api_url.strip_prefix(cloud_api_url) {
        Some(path) => cloud_ui_url.map_or_else(|| derive_cloud(cloud_api_url), str::to_owned) + path,
        None => api_url.to_owned(),
    };
    let url = url.strip_suffix("/api").unwrap_or(&url);
    url.replace("/api/", "/").replace("/accounts/", "/account/").replace("/workspaces/", "/workspace/")
}

/// Derives the Prefect Cloud UI URL from the API URL. For example, `https://api.prefect.cloud/api` becomes
/// `https://app.prefect.cloud`.
fn derive_cloud(api_url: &str) -> String {
    let url = match api_url.strip_prefix("https://api").filter(|rest| is_vendor_host(rest)) {
        Some(rest) => format!("https://app{rest}"),
        None => api_url.to_owned(),
    };
    url.strip_suffix("/api").unwrap_or(&url).to_owned()
}

/// Returns whether the text after `https://api` is a host suffix of Prefect Cloud, such as `.prefect.cloud/`
/// or `.stg.prefect.dev/`.
fn is_vendor_host(rest: &str) -> bool {
    let Some((host, _path)) = rest.split_once('/') else { return false };
    let mut labels = host.rsplit('.');
    let top_level = labels.next().unwrap_or_default();
    let plain = host.chars().all(|character| character.is_ascii_alphanumeric() || "._".contains(character));
    plain && !top_level.is_empty() && labels.next() == Some("prefect") && labels.next().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derives_the_ui_url() {
        const CLOUD: &str = "https://api.prefect.cloud/api";
        const STAGING: &str = "https://api.stg.prefect.dev/api";
        let cases = [
            ("http://127.0.0.1:4200/api", CLOUD, "http://127.0.0.1:4200"),
            ("http://h:4200/api/", CLOUD, "http://h:4200/"),
            ("http://h/prefect/api", CLOUD, "http://h/prefect"),
            ("https://h/base/api/v1", CLOUD, "https://h/base/v1"),
            (
                "https://api.prefect.cloud/api/accounts/A/workspaces/W",
                CLOUD,
                "https://app.prefect.cloud/account/A/workspace/W",
            ),
            (
                "https://api.stg.prefect.dev/api/accounts/A/workspaces/W",
                CLOUD,
                "https://api.stg.prefect.dev/account/A/workspace/W",
            ),
            (
                "https://api.stg.prefect.dev/api/accounts/A/workspaces/W",
                STAGING,
                "https://app.stg.prefect.dev/account/A/workspace/W",
            ),
            (
                "https://api.example.com/api/accounts/A",
                "https://api.example.com/api",
                "https://api.example.com/account/A",
            ),
        ];
        for (api, cloud, expected) in cases {
            assert_eq!(derive(api, cloud, None), expected, "{api}");
        }
        assert_eq!(
            derive("https://c/api/accounts/A", "https://c/api", Some("https://ui")),
            "https://ui/account/A"
        );
    }
}
