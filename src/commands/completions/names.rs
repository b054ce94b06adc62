//! Names from the project file, the settings and the server, used to complete arguments.

use std::{
    collections::{BTreeSet, HashSet},
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
    project::{self, EnvironmentName, ProjectError, ProjectFiles, ProjectSources},
    settings::{self, Profiles, Settings},
};

/// Maximum time to wait for the server to return names.
const SERVER_TIMEOUT: Duration = Duration::from_millis(300);
/// Maximum number of completions.
pub(super) const MAX_CANDIDATES: usize = 200;

#[derive(Debug, Clone, Copy)]
pub(super) enum Names {
    Server(ServerNames),
    Profiles,
    /// Deployments in prefect.yaml.
    Declared,
    /// Environments of prefect.yaml.
    Environments,
    Recipes,
    /// Codes of findings.
    Codes,
}

/// Names that the server knows.
#[derive(Debug, Clone, Copy)]
pub(super) enum ServerNames {
    Deployments,
    WorkPools,
    WorkQueues,
}

/// Command-line options that determine the sources of the names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct TypedOptions {
    profile: Option<String>,
    /// Values of `-f`, or the paths passed to `check`.
    project_files: Vec<PathBuf>,
    /// Value of `--project-dir`.
    directory: Option<PathBuf>,
    environment: Option<String>,
    pool: Option<String>,
}

impl TypedOptions {
    /// Reads the options from the words of a command line. The first word is the program's name.
    pub(super) fn read(words: &[OsString]) -> Self {
        let mut options = Self::default();
        let mut is_after_command = false;
        let mut words = words.iter().skip(1).map(|word| unquoted(&word.to_string_lossy()));
        while let Some(word) = words.next() {
            let (name, value) = match word.split_once('=') {
                Some((name, value)) if name.starts_with('-') => (name.to_owned(), Some(unquoted(value))),
                _ => (word, None),
            };
            let mut value = || value.clone().or_else(|| words.next());
            match name.as_str() {
                "--profile" => options.profile = value(),
                // `-p` means the profile before the command and the work pool after the command.
                "-p" if !is_after_command => options.profile = value(),
                "-p" | "--pool" => options.pool = value(),
                "--env" => options.environment = value(),
                "--project-dir" => options.directory = value().map(PathBuf::from),
                "-f" | "--file" | "--prefect-file" => {
                    options.project_files.extend(value().map(PathBuf::from));
                }
                name => is_after_command |= !name.starts_with('-'),
            }
        }
        options
    }

    /// Returns the working directory.
    fn directory(&self) -> Option<PathBuf> {
        let current = std::env::current_dir().ok()?;
        Some(self.directory.as_ref().map_or_else(|| current.clone(), |directory| current.join(directory)))
    }

    /// Returns the paths of the project files that the options or the settings select, or `None` if finding them fails.
    fn files(&self, directory: &Path, environment: Option<&EnvironmentName>) -> Option<Vec<PathBuf>> {
        let files = match ProjectFiles::from_arguments(&self.project_files) {
            ProjectFiles::Default => ProjectFiles::listed(settings::project_files(directory).ok()?),
            files => files,
        };
        match files {
            ProjectFiles::Each(patterns) => {
                let found = project::find(&patterns, directory, environment).ok()?;
                Some(found.into_iter().map(|file| file.path).collect())
            }
            files => Some(vec![files.single().unwrap_or(Path::new(project::DEFAULT_FILE)).to_owned()]),
        }
    }
}

/// Removes quotation marks around a word. Some shells pass the quotation marks to prefectl.
fn unquoted(word: &str) -> String {
    let inner = ['\'', '"'].into_iter().find_map(|mark| word.strip_prefix(mark)?.strip_suffix(mark));
    inner.unwrap_or(word).to_owned()
}

/// Returns candidates for the typed text, including names that do not start with the text. Returns `None` if the names
/// are not available in time.
pub(super) fn read(names: Names, typed: &str, options: &TypedOptions) -> Option<Vec<String>> {
    let directory = options.directory()?;
    let environment = Environment::from_process();
    match names {
        Names::Recipes => Some(Recipe::names().into_iter().map(str::to_owned).collect()),
        Names::Codes => Some(Code::all().map(|code| code.name().to_owned()).collect()),
        Names::Declared => {
            let selected = options.environment.as_deref().or_else(|| environment.non_empty("PREFECTL_ENV"));
            declared(options, &directory, selected.and_then(|name| name.parse().ok()).as_ref())
        }
        Names::Environments => {
            let files = options.files(&directory, None)?.into_iter();
            let sources = files.filter_map(|file| ProjectSources::read_all(&file, &directory).ok());
            let names: BTreeSet<EnvironmentName> =
                sources.flat_map(|sources| sources.environments()).collect();
            Some(names.into_iter().map(String::from).collect())
        }
        Names::Profiles => {
            let settings = Settings::resolve(&environment, None, &directory).ok()?;
            let profiles = Profiles::load(&settings.profiles_path.value).ok()?;
            Some(profiles.names().map(str::to_owned).collect())
        }
        Names::Server(names) => {
            let settings = Settings::resolve(&environment, options.profile.as_deref(), &directory).ok()?;
            from_server(names, typed, options.pool.as_deref(), &settings, &environment)
        }
    }
}

/// Returns the names of the deployments that the project files declare. Ignores the environment in files that do not
/// define it, and skips invalid files.
fn declared(
    options: &TypedOptions,
    directory: &Path,
    environment: Option<&EnvironmentName>,
) -> Option<Vec<String>> {
    let load = |file: &PathBuf| {
        let loaded = match project::load(file, directory, environment) {
            Err(ProjectError::UndefinedEnvironment(_)) => project::load(file, directory, None),
            loaded => loaded,
        };
        Some(loaded.ok()?.0.deployments)
    };
    let deployments =
        options.files(directory, environment)?.iter().filter_map(load).flatten().collect::<Vec<_>>();
    let mut seen = HashSet::new();
    let names = deployments.iter().filter_map(|declared| declared.name()).filter(|name| seen.insert(*name));
    Some(names.map(str::to_owned).collect())
}

/// Returns names from the server, or from the cache if they were read recently.
fn from_server(
    names: ServerNames,
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
        (ServerNames::Deployments, _) => ("deployments".to_owned(), typed),
        (ServerNames::WorkQueues, Some(pool)) => (format!("queues of {pool}"), ""),
        (ServerNames::WorkQueues, None) => ("queues".to_owned(), ""),
        (ServerNames::WorkPools, _) => ("pools".to_owned(), ""),
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
    names: ServerNames,
    prefix: &str,
    pool: Option<&str>,
) -> Result<Vec<String>, DeploymentError> {
    match names {
        ServerNames::Deployments => {
            let found = deployment::beginning_with(client, prefix, MAX_CANDIDATES).await?;
            Ok(found.iter().map(NamedDeployment::full_name).collect())
        }
        ServerNames::WorkQueues => {
            let mut names: Vec<String> =
                client.work_queues(pool).await?.into_iter().map(|queue| queue.name).collect();
            names.sort_unstable();
            names.dedup();
            Ok(names)
        }
        ServerNames::WorkPools => Ok(client.work_pools().await?.into_iter().map(|pool| pool.name).collect()),
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
                project_files: some(file).map(PathBuf::from).into_iter().collect(),
                pool: some(pool),
                ..TypedOptions::default()
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
        let several = read("prefectl deploy --project-dir=d -f 's/*/a.yaml' -f \"b.yaml\" -n ");
        assert_eq!(several.project_files, [PathBuf::from("s/*/a.yaml"), PathBuf::from("b.yaml")]);
        assert_eq!(several.directory, Some(PathBuf::from("d")));
    }
}
