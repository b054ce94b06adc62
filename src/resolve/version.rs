//! Determines a deployment's version and its source: a CI service, the Git repository, or neither.

use serde_json::{Map, Value as Json};

use crate::{
    environment::Environment,
    git::{self, Facts},
};

/// Number of characters in an abbreviated commit ID used as a version.
const SHORT_LENGTH: usize = 8;

/// The error for an unknown version type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown version type '{0}'; the supported types are {types}", types = TYPES.join(", "))]
pub(crate) struct VersionError(pub(crate) String);

/// Values of `version_type` and `--version-type`.
pub(crate) const TYPES: [&str; 6] =
    ["prefect:simple", "vcs:github", "vcs:gitlab", "vcs:bitbucket", "vcs:azuredevops", "vcs:git"];

/// Validates a version type. Fails if the type is unknown.
pub(crate) fn check_type(name: &str) -> Result<&'static str, VersionError> {
    TYPES.into_iter().find(|known| *known == name).ok_or_else(|| VersionError(name.to_owned()))
}

/// Returns a deployment's version and `version_info`.
///
/// `explicit` is the user-specified version, and `flow_version` is the flow's version. Without a version type, tries
/// all services in order. Returns a simple version if no service applies.
pub(crate) fn version_info(
    version_type: Option<&str>,
    explicit: Option<&str>,
    flow_version: Option<&str>,
    environment: &Environment,
    facts: Option<&Facts>,
) -> Result<(Option<String>, Json), VersionError> {
    let wanted = version_type.filter(|name| !name.is_empty()).map(check_type).transpose()?;
    let origin = facts.and_then(|facts| {
        let sources = SERVICES.iter().map(|service| (service.name, service.origin(environment, facts)));
        sources
            .chain([("vcs:git", git_origin(facts))])
            .filter(|(name, _)| wanted.is_none_or(|wanted| wanted == *name))
            .find_map(|(name, origin)| Some((name, origin?)))
    });
    let explicit = explicit.filter(|version| !version.is_empty());
    let Some((name, origin)) = origin else {
        let version = explicit.or(flow_version).map(str::to_owned);
        let shown = version.as_deref().unwrap_or_default();
        let info = object([("type", Some("prefect:simple")), ("version", Some(shown))]);
        return Ok((version, info));
    };
    let short = origin.commit.chars().take(SHORT_LENGTH).collect();
    let version = explicit.map_or(short, str::to_owned);
    let info = origin.info(name, &version);
    Ok((Some(version), info))
}

/// Origin of the deployed code.
struct Origin<'a> {
    commit: &'a str,
    message: &'a str,
    branch: &'a str,
    repository: &'a str,
    url: Option<String>,
}

impl Origin<'_> {
    fn info(&self, name: &str, version: &str) -> Json {
        object([
            ("type", Some(name)),
            ("version", Some(version)),
            ("commit_sha", Some(self.commit)),
            ("message", Some(self.message)),
            ("branch", Some(self.branch)),
            ("repository", Some(self.repository)),
            ("url", self.url.as_deref()),
        ])
    }
}

/// Returns a JSON object that contains the entries with a value.
fn object<const N: usize>(entries: [(&str, Option<&str>); N]) -> Json {
    let entries = entries.into_iter().filter_map(|(key, text)| Some((key.to_owned(), Json::from(text?))));
    Json::Object(entries.collect::<Map<_, _>>())
}

/// A CI service and the environment variables that it sets.
struct Service {
    name: &'static str,
    commit: &'static str,
    branch: &'static str,
    repository: &'static str,
    url: &'static str,
    /// Builds a commit's URL from the `url` variable's value, the repository and the commit.
    link: fn(&str, &str, &str) -> String,
}

const SERVICES: [Service; 4] = [
    Service {
        name: "vcs:github",
        commit: "GITHUB_SHA",
        branch: "GITHUB_REF_NAME",
        repository: "GITHUB_REPOSITORY",
        url: "GITHUB_SERVER_URL",
        link: |server, repository, commit| format!("{server}/{repository}/tree/{commit}"),
    },
    Service {
        name: "vcs:gitlab",
        commit: "CI_COMMIT_SHA",
        branch: "CI_COMMIT_REF_NAME",
        repository: "CI_PROJECT_NAME",
        url: "CI_PROJECT_URL",
        link: |project, _, commit| format!("{project}/-/tree/{commit}"),
    },
    Service {
        name: "vcs:bitbucket",
        commit: "BITBUCKET_COMMIT",
        branch: "BITBUCKET_BRANCH",
        repository: "BITBUCKET_REPO_SLUG",
        url: "BITBUCKET_GIT_HTTP_ORIGIN",
        link: |origin, _, commit| format!("{origin}/src/{commit}"),
    },
    Service {
        name: "vcs:azuredevops",
        commit: "BUILD_SOURCEVERSION",
        branch: "BUILD_SOURCEBRANCHNAME",
        repository: "BUILD_REPOSITORY_NAME",
        url: "BUILD_REPOSITORY_URI",
        link: |repository, _, commit| format!("{repository}?version=GC{commit}"),
    },
];

impl Service {
    /// Returns the origin described by the service's environment variables, or `None` if a required variable or the
    /// commit message is missing.
    fn origin<'a>(&self, environment: &'a Environment, facts: &'a Facts) -> Option<Origin<'a>> {
        let commit = environment.non_empty(self.commit)?;
        let repository = environment.non_empty(self.repository)?;
        Some(Origin {
            commit,
            message: facts.message.as_deref()?,
            branch: environment.non_empty(self.branch)?,
            repository,
            // Omit the link without a base URL. Prefect would build a link that starts with `None`.
            url: environment.non_empty(self.url).map(|base| (self.link)(base, repository, commit)),
        })
    }
}

/// Returns the origin described by the Git repository, or `None` if the repository has no remote whose URL contains a
/// path.
fn git_origin(facts: &Facts) -> Option<Origin<'_>> {
    let url = facts.remote.as_deref()?;
    let repository = url_path(url).trim_matches('/');
    let repository = repository.strip_suffix(".git").unwrap_or(repository);
    (!repository.is_empty()).then_some(Origin {
        commit: &facts.sha,
        message: facts.message.as_deref()?,
        branch: facts.branch.as_deref().unwrap_or("HEAD"),
        repository,
        url: Some(git::without_credentials(url)),
    })
}

/// Returns a URL's path. Returns a URL such as `git@host:owner/name` unchanged.
fn url_path(url: &str) -> &str {
    let url = &url[..url.find(['?', '#']).unwrap_or(url.len())];
    let is_scheme = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    };
    let rest = match url.split_once(':') {
        Some((scheme, rest)) if is_scheme(scheme) => rest,
        _ => url,
    };
    rest.strip_prefix("//").map_or(rest, |rest| rest.find('/').map_or("", |at| &rest[at..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    const SHA: &str = "0123456789abcdef0123456789abcdef01234567";
    const CI_SHA: &str = "fedcba9876543210fedcba9876543210fedcba98";

    fn facts(remote: Option<&str>) -> Facts {
        Facts {
            root: PathBuf::from("/project"),
            sha: SHA.to_owned(),
            branch: Some("main".to_owned()),
            remote: remote.map(str::to_owned),
            message: Some("Add the flow".to_owned()),
        }
    }

    fn github() -> Vec<(&'static str, &'static str)> {
        vec![
            ("GITHUB_SHA", CI_SHA),
            ("GITHUB_REF_NAME", "release"),
            ("GITHUB_REPOSITORY", "acme/etl"),
            ("GITHUB_SERVER_URL", "https://github.com"),
        ]
    }

    fn info(
        version_type: Option<&str>,
        explicit: Option<&str>,
        variables: &[(&str, &str)],
        facts: Option<&Facts>,
    ) -> (Option<String>, String) {
        let environment = variables.iter().copied().collect();
        let (version, info) =
            version_info(version_type, explicit, Some("from-flow"), &environment, facts).unwrap();
        (version, info.to_string())
    }

    #[test]
    fn uses_a_simple_version_without_a_repository() {
        for (version_type, explicit, variables, version) in [
            (None, None, vec![], "from-flow"),
            (None, Some("1.2"), vec![], "1.2"),
            (Some("vcs:git"), Some(""), vec![], "from-flow"),
            (Some("vcs:github"), None, github(), "from-flow"),
        ] {
            let expected = format!(r#"{{"type":"prefect:simple","version":"{version}"}}"#);
            assert_eq!(info(version_type, explicit, &variables, None), (Some(version.to_owned()), expected));
        }
        let nothing = version_info(None, None, None, &Environment::default(), None).unwrap();
        assert_eq!(
            (nothing.0, nothing.1.to_string()),
            (None, r#"{"type":"prefect:simple","version":""}"#.to_owned())
        );
    }

    #[test]
    fn uses_the_commit_of_the_repository() {
        for (remote, repository, url) in [
            ("https://github.com/acme/etl.git", "acme/etl", "https://github.com/acme/etl.git"),
            ("https://me:secret@github.com/acme/etl/", "acme/etl", "https://github.com/acme/etl/"),
            ("git@github.com:acme/etl.git", "git@github.com:acme/etl", "git@github.com:acme/etl.git"),
            ("github.com:acme/etl.git", "acme/etl", "github.com:acme/etl.git"),
            (
                "ssh://git@example.com:2222/team/etl?x=1",
                "team/etl",
                "ssh://git@example.com:2222/team/etl?x=1",
            ),
            ("/srv/git/etl.git", "srv/git/etl", "/srv/git/etl.git"),
            ("file:///srv/etl", "srv/etl", "file:///srv/etl"),
        ] {
            let expected = format!(
                r#"{{"type":"vcs:git","version":"01234567","commit_sha":"{SHA}","message":"Add the flow","branch":"main","repository":"{repository}","url":"{url}"}}"#
            );
            let facts = facts(Some(remote));
            assert_eq!(info(None, None, &[], Some(&facts)), (Some("01234567".to_owned()), expected));
        }
    }

    #[test]
    fn ignores_a_repository_with_missing_facts() {
        let mut silent = facts(Some("https://github.com/acme/etl"));
        silent.message = None;
        for facts in [facts(None), facts(Some("https://github.com/")), silent] {
            assert_eq!(info(None, None, &[], Some(&facts)).0.as_deref(), Some("from-flow"));
        }
        let mut detached = facts(Some("/srv/etl"));
        detached.branch = None;
        assert!(info(None, None, &[], Some(&detached)).1.contains(r#""branch":"HEAD""#));
    }

    #[test]
    fn tries_services_in_order() {
        let gitlab = [
            ("CI_COMMIT_SHA", CI_SHA),
            ("CI_COMMIT_REF_NAME", "b"),
            ("CI_PROJECT_NAME", "etl"),
            ("CI_PROJECT_URL", "https://gitlab.com/acme/etl"),
        ];
        let bitbucket = [
            ("BITBUCKET_COMMIT", CI_SHA),
            ("BITBUCKET_BRANCH", "b"),
            ("BITBUCKET_REPO_SLUG", "etl"),
            ("BITBUCKET_GIT_HTTP_ORIGIN", "https://bitbucket.org/acme/etl"),
        ];
        let azure = [
            ("BUILD_SOURCEVERSION", CI_SHA),
            ("BUILD_SOURCEBRANCHNAME", "b"),
            ("BUILD_REPOSITORY_NAME", "etl"),
            ("BUILD_REPOSITORY_URI", "https://dev.azure.com/acme/_git/etl"),
        ];
        let facts = facts(None);
        for (variables, kind, url) in [
            (github(), "vcs:github", format!("https://github.com/acme/etl/tree/{CI_SHA}")),
            (gitlab.to_vec(), "vcs:gitlab", format!("https://gitlab.com/acme/etl/-/tree/{CI_SHA}")),
            (bitbucket.to_vec(), "vcs:bitbucket", format!("https://bitbucket.org/acme/etl/src/{CI_SHA}")),
            (
                azure.to_vec(),
                "vcs:azuredevops",
                format!("https://dev.azure.com/acme/_git/etl?version=GC{CI_SHA}"),
            ),
            (
                [github(), azure.to_vec()].concat(),
                "vcs:github",
                format!("https://github.com/acme/etl/tree/{CI_SHA}"),
            ),
        ] {
            let (version, info) = info(None, None, &variables, Some(&facts));
            let info: Json = serde_json::from_str(&info).unwrap();
            assert_eq!(version.as_deref(), Some("fedcba98"));
            assert_eq!((&info["type"], &info["url"]), (&Json::from(kind), &Json::from(url)));
        }
    }

    #[test]
    fn omits_the_link_without_a_server_url() {
        let mut variables = github();
        variables.pop();
        let (version, info) = info(None, Some("1.0"), &variables, Some(&facts(None)));
        assert_eq!(version.as_deref(), Some("1.0"));
        assert_eq!(
            info,
            format!(
                r#"{{"type":"vcs:github","version":"1.0","commit_sha":"{CI_SHA}","message":"Add the flow","branch":"release","repository":"acme/etl"}}"#
            )
        );
    }

    #[test]
    fn tries_only_the_requested_version_type() {
        let facts = facts(Some("https://github.com/acme/etl"));
        for (version_type, expected) in [
            ("prefect:simple", "prefect:simple"),
            ("vcs:gitlab", "prefect:simple"),
            ("vcs:git", "vcs:git"),
            ("vcs:github", "vcs:github"),
            ("", "vcs:github"),
        ] {
            let (_, info) = info(Some(version_type), None, &github(), Some(&facts));
            assert!(info.contains(&format!(r#""type":"{expected}""#)), "{version_type}: {info}");
        }
        let error = version_info(Some("vcs:svn"), None, None, &Environment::default(), None).unwrap_err();
        assert_eq!(
            error.to_string(),
            "unknown version type 'vcs:svn'; the supported types are prefect:simple, vcs:github, vcs:gitlab, vcs:bitbucket, vcs:azuredevops, vcs:git"
        );
    }
}
