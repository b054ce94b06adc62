//! Warns if a project file sets the URL of the server that receives credentials from outside the project.

use std::{collections::BTreeMap, path::Path};

use url::{Origin as Server, Url};

use super::{
    catalogue::SettingName,
    names,
    sources::Sources,
    value::{Origin, Setting},
};
use crate::{
    diagnostics::{Code, Diagnostic, Place},
    fs,
    secret::Secret,
    source::{Source, Span},
};

/// The server connection settings.
pub(super) struct Connection<'a> {
    pub(super) api_url: &'a Setting<Option<String>>,
    pub(super) cloud_api_url: &'a Setting<String>,
    pub(super) default_cloud_api_url: &'static str,
    pub(super) api_auth_string: &'a Setting<Option<Secret>>,
    pub(super) api_key: &'a Setting<Option<Secret>>,
    pub(super) client_custom_headers: &'a Setting<BTreeMap<String, Secret>>,
    /// The source of the profiles file's path.
    pub(super) profiles: Origin,
}

/// Returns a warning for each URL that a project file sets, if the server receives credentials from outside the
/// project.
///
/// There is no warning if a source outside the project sets a URL on the same server. There is also no warning for the
/// Prefect Cloud server because no one else can operate it.
pub(super) fn warnings(sources: &Sources, connection: &Connection<'_>, directory: &Path) -> Vec<Diagnostic> {
    let project = Project { sources, connection, directory };
    let Some((credentials, source)) = project.foreign_credentials() else { return Vec::new() };
    let api_url = connection.api_url;
    let api = api_url.value.as_deref().map(|url| (names::API_URL, url, api_url.origin));
    let cloud = connection.cloud_api_url;
    let cloud = Some((names::CLOUD_API_URL, cloud.value.as_str(), cloud.origin));
    let urls = api.into_iter().chain(cloud).filter(|(_, _, origin)| project.controls(*origin));
    let unconfirmed = urls.filter(|(name, url, _)| !project.is_confirmed(name, url));
    let warning = |(name, url, origin): (SettingName, &str, Origin)| {
        let message = format!(
            "the project sets {} to '{url}', and this server receives {credentials} from {}",
            name.canonical,
            source_name(source)
        );
        let help = format!(
            "if you trust the server, set {} in the environment to the same URL; otherwise, unset {credentials}",
            name.canonical
        );
        Diagnostic::warning(Code::PROJECT_URL, message).help(help).at(project.place(&name, origin))
    };
    unconfirmed.map(warning).collect()
}

/// The sources of settings that the project controls.
struct Project<'a> {
    sources: &'a Sources,
    connection: &'a Connection<'a>,
    directory: &'a Path,
}

impl Project<'_> {
    /// Returns whether the project determines a source's values. The project determines the profiles if a project file
    /// sets the profiles file's path.
    fn controls(&self, origin: Origin) -> bool {
        origin.file().is_some() || (origin == Origin::Profile && self.connection.profiles.file().is_some())
    }

    /// Returns the name and source of credentials from outside the project.
    fn foreign_credentials(&self) -> Option<(&'static str, Origin)> {
        let Connection { api_auth_string: auth, api_key: key, client_custom_headers: headers, .. } =
            self.connection;
        [
            (names::API_AUTH_STRING, auth.value.is_some(), auth.origin),
            (names::API_KEY, key.value.is_some(), key.origin),
            (names::CLIENT_CUSTOM_HEADERS, !headers.value.is_empty(), headers.origin),
        ]
        .into_iter()
        .find(|(_, is_set, origin)| *is_set && !self.controls(*origin))
        .map(|(name, _, origin)| (name.canonical, origin))
    }

    /// Returns whether a source outside the project names the same server.
    fn is_confirmed(&self, name: &SettingName, url: &str) -> bool {
        let Some(server) = server(url) else { return false };
        let values = self.sources.values(name).filter(|(_, origin)| !self.controls(*origin));
        values
            .filter_map(|(value, _)| value.as_str())
            .chain([self.connection.default_cloud_api_url])
            .any(|trusted| self::server(trusted).is_some_and(|trusted| trusted == server))
    }

    /// Returns the location where a project file sets a URL. If the URL comes from a profile, returns the location
    /// where a project file sets the path of the profiles file.
    fn place(&self, name: &SettingName, origin: Origin) -> Option<Place> {
        let (name, origin) = if origin == Origin::Profile {
            (&names::PROFILES_PATH, self.connection.profiles)
        } else {
            (name, origin)
        };
        let file = origin.file()?;
        let text = fs::read_text_if_exists(&self.directory.join(file)).ok().flatten()?;
        let span = match origin {
            Origin::DotEnv => assignment(&text, name),
            Origin::PyprojectToml => toml_value(&text, &format!("tool.prefect.{}", name.path)),
            _ => toml_value(&text, name.path),
        };
        Some(Place::new(&Source::private(file, text), span.unwrap_or_default()))
    }
}

/// Returns a URL's server.
fn server(url: &str) -> Option<Server> {
    Url::parse(url).ok().map(|url| url.origin())
}

fn source_name(origin: Origin) -> &'static str {
    match origin {
        Origin::Profile => "the profile",
        _ => "the environment",
    }
}

/// Returns the span of the last line in a `.env` file that sets a variable.
fn assignment(text: &str, name: &SettingName) -> Option<Span> {
    let mut start = 0;
    let mut found = None;
    for line in text.split_inclusive('\n') {
        let (indent, body) = (line.len() - line.trim_start().len(), line.trim());
        let key = body.strip_prefix("export ").unwrap_or(body).split('=').next().unwrap_or_default();
        if name.names().any(|name| key.trim().eq_ignore_ascii_case(name)) {
            found = Some(Span::new(start + indent, start + indent + body.len()));
        }
        start += line.len();
    }
    found
}

/// Returns the span of the value at a dotted path.
fn toml_value(text: &str, path: &str) -> Option<Span> {
    let document = toml_edit::Document::parse(text).ok()?;
    let value = path.split('.').try_fold(document.as_item(), |item, key| item.get(key))?;
    value.span().map(|span| Span::new(span.start, span.end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_line_that_sets_a_value() {
        let dotenv = "PREFECT_API_URL=a\n # x\n export prefect_api_url = b\nOTHER=PREFECT_API_URL=c\n";
        let span = assignment(dotenv, &names::API_URL).unwrap();
        assert_eq!(&dotenv[span.start..span.end], "export prefect_api_url = b");
        let toml = "[tool.prefect]\nx = 1\n[tool.prefect.api]\nurl = 'http://h/api'\n";
        let span = toml_value(toml, "tool.prefect.api.url").unwrap();
        assert_eq!(&toml[span.start..span.end], "'http://h/api'");
        assert_eq!(toml_value(toml, "api.url"), None);
    }
}
