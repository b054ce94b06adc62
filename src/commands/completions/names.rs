//! Names from the project file, the settings and the server, with which arguments are completed.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use super::cache::NameCache;
use crate::{
    api::{Client, ClientOptions},
    clock::Clock,
    deployment::{self, DeploymentError, NamedDeployment},
    diagnostics::Code,
    environment::Environment,
    init::Recipe,
    project::{self, ProjectSources},
    settings::{Profiles, Settings},
};

/// Maximum time to wait for the server to return names.
const SERVER_TIMEOUT: Duration = Duration::from_millis(300);
/// Maximum number of completions.
pub(super) const MAX_CANDIDATES: usize = 200;

#[derive(Debug, Clone, Copy)]
pub(super) enum Names {
    Deployments,
    WorkPools,
    WorkQueues,
    Profiles,
    /// Deployments in prefect.yaml.
    Declared,
    /// Environments of prefect.yaml.
    Environments,
    Recipes,
    /// Codes of findings.
    Codes,
}

/// Command-line options that determine where the names are read from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct TypedOptions {
    profile: Option<String>,
    project_file: Option<PathBuf>,
    environment: Option<String>,
    pool: Option<String>,
}

impl TypedOptions {
    /// Reads the options from the words of a command line, which starts with the name of the program.
    pub(super) fn read(words: &[OsString]) -> Self {
        let mut options = Self::default();
        let mut is_after_command = false;
        let mut words = words.iter().skip(1).map(|word| word.to_string_lossy());
        while let Some(word) = words.next() {
            let (name, value) = match word.split_once('=') {
                Some((name, value)) if name.starts_with('-') => (name.to_owned(), Some(value.to_owned())),
                _ => (word.into_owned(), None),
            };
            let field = match name.as_str() {
                "--profile" => &mut options.profile,
                // `-p` is the profile before the command, and the work pool after it.
                "-p" if !is_after_command => &mut options.profile,
                "-p" | "--pool" => &mut options.pool,
                "--env" => &mut options.environment,
                "-f" | "--file" | "--prefect-file" => {
                    options.project_file =
                        value.or_else(|| Some(words.next()?.into_owned())).map(PathBuf::from);
                    continue;
                }
                name => {
                    is_after_command |= !name.starts_with('-');
                    continue;
                }
            };
            *field = value.or_else(|| Some(words.next()?.into_owned()));
        }
        options
    }

    fn file(&self) -> &Path {
        self.project_file.as_deref().unwrap_or(Path::new(project::DEFAULT_FILE))
    }
}

/// Returns candidates for the typed text, including names that do not start with it. Returns `None` if the
/// names are not available in time.
pub(super) fn read(names: Names, typed: &str, options: &TypedOptions) -> Option<Vec<String>> {
    let directory = std::env::current_dir().ok()?;
    match names {
        Names::Recipes => return Some(Recipe::names().into_iter().map(str::to_owned).collect()),
        Names::Codes => return Some(Code::all().map(|code| code.name().to_owned()).collect()),
        Names::Declared => {
            let process = Environment::from_process();
            let environment = options.environment.as_deref().or_else(|| process.non_empty("PREFECTL_ENV"));
            let environment = environment.and_then(|name| name.parse().ok());
            let (project, _) = project::load(options.file(), &directory, environment.as_ref()).ok()?;
            let names = project.deployments.iter().filter_map(|declared| Some(declared.name()?.to_owned()));
            return Some(names.collect());
        }
        Names::Environments => {
            let sources = ProjectSources::read_all(options.file(), &directory).ok()?;
            return Some(sources.environments().into_iter().map(String::from).collect());
        }
        Names::Deployments | Names::WorkPools | Names::WorkQueues | Names::Profiles => {}
    }
    let environment = Environment::from_process();
    if matches!(names, Names::Profiles) {
        let settings = Settings::resolve(&environment, None, &directory).ok()?;
        let profiles = Profiles::load(&settings.profiles_path.value).ok()?;
        return Some(profiles.names().map(str::to_owned).collect());
    }
    let settings = Settings::resolve(&environment, options.profile.as_deref(), &directory).ok()?;
    from_server(names, typed, options.pool.as_deref(), &settings, &environment)
}

/// Returns names from the server, or from the cache if they were read recently.
fn from_server(
    names: Names,
    typed: &str,
    pool: Option<&str>,
    settings: &Settings,
    environment: &Environment,
) -> Option<Vec<String>> {
    let client_options = ClientOptions::from_settings(settings, environment).ok()?;
    let clock = Clock::system();
    let client = Client::new(client_options, clock.clone(), Arc::new(|_| {})).ok()?;
    let cache = NameCache::new(environment, client.url(), &settings.profile);
    let (kind, prefix) = match (names, pool) {
        (Names::Deployments, _) => ("deployments".to_owned(), typed),
        (Names::WorkQueues, Some(pool)) => (format!("queues of {pool}"), ""),
        (Names::WorkQueues, None) => ("queues".to_owned(), ""),
        _ => ("pools".to_owned(), ""),
    };
    let cached = cache.as_ref().and_then(|cache| cache.find(&kind, prefix, clock.now()));
    if cached.is_some() {
        return cached;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
    let request = request(&client, names, prefix, pool);
    let answer = runtime.block_on(async { tokio::time::timeout(SERVER_TIMEOUT, request).await });
    // A name lookup cannot be cancelled.
    runtime.shutdown_background();
    let found = answer.ok()?.ok()?;
    if let Some(cache) = cache {
        cache.store(&kind, prefix, &found, found.len() < MAX_CANDIDATES || prefix.is_empty(), clock.now());
    }
    Some(found)
}

async fn request(
    client: &Client,
    names: Names,
    prefix: &str,
    pool: Option<&str>,
) -> Result<Vec<String>, DeploymentError> {
    match names {
        Names::Deployments => {
            let found = deployment::beginning_with(client, prefix, MAX_CANDIDATES).await?;
            Ok(found.iter().map(NamedDeployment::full_name).collect())
        }
        Names::WorkQueues => {
            let mut names: Vec<String> =
                client.work_queues(pool).await?.into_iter().map(|queue| queue.name).collect();
            names.sort_unstable();
            names.dedup();
            Ok(names)
        }
        _ => Ok(client.work_pools().await?.into_iter().map(|pool| pool.name).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_options_of_the_typed_line() {
        let read = |line: &str| TypedOptions::read(&line.split(' ').map(OsString::from).collect::<Vec<_>>());
        let options = |profile: &str, file: &str, pool: &str| {
            let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            TypedOptions {
                profile: some(profile),
                project_file: some(file).map(PathBuf::from),
                pool: some(pool),
                environment: None,
            }
        };
        for (line, expected) in [
            ("prefectl deploy -n ", options("", "", "")),
            ("prefectl -p dev deploy -p k8s -f a.yaml -n ", options("dev", "a.yaml", "k8s")),
            ("prefectl deploy --profile=dev --prefect-file=b.yaml --pool", options("dev", "b.yaml", "")),
            ("prefectl deploy --pool k8s --work-queue ", options("", "", "k8s")),
        ] {
            assert_eq!(read(line), expected, "{line}");
        }
        let prod = TypedOptions { environment: Some("prod".to_owned()), ..options("", "", "") };
        assert_eq!(read("prefectl deploy --env prod -n "), prod);
    }
}
