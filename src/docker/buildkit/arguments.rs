//! Command-line arguments of a BuildKit build.

use std::{collections::BTreeMap, path::Path};

use super::{BuildKitBuild, BuildKitProgram};
use crate::{docker::context::Dockerfile, environment::Environment};

impl BuildKitBuild<'_> {
    /// Returns the environment variables to set for the BuildKit program in addition to the user's variables.
    ///
    /// The program does not receive the credentials for the Prefect API, unless a secret names their variable.
    pub(super) fn variables(
        &self,
        program: BuildKitProgram,
        environment: &Environment,
    ) -> BTreeMap<String, String> {
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let setting = match program {
            BuildKitProgram::DockerBuild => ("DOCKER_BUILDKIT", "1"),
            // Old versions of buildx support this variable but not the corresponding options.
            BuildKitProgram::Buildx => ("BUILDX_NO_DEFAULT_ATTESTATIONS", "1"),
        };
        let secrets = self.buildkit.secrets.iter().flat_map(|secret| secret.split(','));
        let secrets = secrets.filter_map(|part| part.split_once('='));
        let secrets = secrets.filter_map(|(_, name)| Some((name, environment.get(name)?)));
        let arguments = self.options.build_arguments.iter().filter(|(name, _)| is_variable(name));
        let arguments = arguments.map(|(name, value)| (name.as_str(), value.as_str()));
        let engine = self.docker_host.map(|host| ("DOCKER_HOST", host));
        secrets.chain(arguments).chain(engine).chain([setting]).map(owned).collect()
    }

    /// Returns the first option that requires buildx, or `None` if no option does.
    pub(super) fn needs_buildx(&self) -> Option<&'static str> {
        let wanted = [
            ("push", self.buildkit.push),
            ("platforms", self.options.platforms.len() > 1),
            ("cache_to", !self.buildkit.cache_to.is_empty()),
            ("builder", self.buildkit.builder.is_some()),
            ("build_contexts", !self.buildkit.build_contexts.is_empty()),
            ("allow", !self.buildkit.allow.is_empty()),
            ("provenance", self.buildkit.provenance.is_some()),
            ("sbom", self.buildkit.sbom.is_some()),
            ("attest", !self.buildkit.attestations.is_empty()),
        ];
        wanted.into_iter().find(|(_, wanted)| *wanted).map(|(name, _)| name)
    }

    pub(super) fn arguments(
        &self,
        program: BuildKitProgram,
        dockerfile: Option<&Path>,
        id_file: &Path,
    ) -> Vec<String> {
        let mut arguments: Vec<String> = match program {
            BuildKitProgram::Buildx => vec!["buildx".to_owned(), "build".to_owned()],
            BuildKitProgram::DockerBuild => vec!["build".to_owned()],
        };
        let mut flag = |name: &str, value: &str| arguments.push(format!("--{name}={value}"));
        flag("progress", "plain");
        flag("iidfile", &id_file.to_string_lossy());
        match (dockerfile, self.dockerfile) {
            (Some(path), _) => flag("file", &path.to_string_lossy()),
            (None, Dockerfile::Path(path)) => flag("file", &self.path_of(path)),
            (None, Dockerfile::Text(_)) => {}
        }
        if program == BuildKitProgram::Buildx {
            flag(if self.buildkit.push { "push" } else { "load" }, "true");
        }
        self.common(&mut flag);
        self.only_buildkit(&mut flag);
        arguments.push("--".to_owned());
        arguments.push(self.source.to_owned());
        arguments
    }

    /// Returns the path of the Dockerfile to pass to the BuildKit program. The given path is relative to the
    /// context.
    fn path_of(&self, dockerfile: &str) -> String {
        if Path::new(self.source).is_dir() {
            Path::new(self.source).join(dockerfile).to_string_lossy().into_owned()
        } else {
            dockerfile.to_owned()
        }
    }

    fn common(&self, flag: &mut impl FnMut(&str, &str)) {
        let options = self.options;
        for (name, wanted) in [("pull", options.pull), ("no-cache", options.no_cache)] {
            flag(name, if wanted { "true" } else { "false" });
        }
        for reference in self.references {
            flag("tag", reference);
        }
        for (name, value) in &options.labels {
            flag("label", &format!("{name}={value}"));
        }
        for (name, value) in &options.build_arguments {
            if is_variable(name) {
                flag("build-arg", name);
            } else {
                flag("build-arg", &format!("{name}={value}"));
            }
        }
        let shared_memory = options.shared_memory.map(|bytes| bytes.to_string());
        let single =
            [("target", &options.target), ("network", &options.network), ("shm-size", &shared_memory)];
        for (name, value) in single {
            if let Some(value) = value {
                flag(name, value);
            }
        }
        options.extra_hosts.iter().for_each(|host| flag("add-host", host));
    }

    fn only_buildkit(&self, flag: &mut impl FnMut(&str, &str)) {
        let buildkit = self.buildkit;
        let platforms = self.options.platforms.join(",");
        if !platforms.is_empty() {
            flag("platform", &platforms);
        }
        let single =
            [("builder", &buildkit.builder), ("provenance", &buildkit.provenance), ("sbom", &buildkit.sbom)];
        for (name, value) in single {
            if let Some(value) = value {
                flag(name, value);
            }
        }
        for (name, value) in &buildkit.build_contexts {
            flag("build-context", &format!("{name}={value}"));
        }
        let lists = [
            ("cache-from", &self.options.cache_from),
            ("cache-to", &buildkit.cache_to),
            ("secret", &buildkit.secrets),
            ("ssh", &buildkit.ssh),
            ("allow", &buildkit.allow),
            ("attest", &buildkit.attestations),
        ];
        for (name, values) in lists {
            values.iter().for_each(|value| flag(name, value));
        }
    }
}

/// Checks whether a build argument can be passed through an environment variable of the same name. Other users cannot
/// read environment variables in the list of processes. Excludes names that affect the BuildKit program itself.
fn is_variable(argument: &str) -> bool {
    const HEEDED: [&str; 9] = ["DOCKER", "BUILD", "OTEL_", "SSH_", "XDG_", "TMP", "LD_", "GO", "AWS_"];
    const EXACTLY: [&str; 5] = ["HOME", "PATH", "TERM", "NO_COLOR", "SOURCE_DATE_EPOCH"];
    let name = argument.to_ascii_uppercase();
    let is_heeded = HEEDED.iter().any(|prefix| name.starts_with(prefix))
        || EXACTLY.contains(&name.as_str())
        || name.ends_with("_PROXY");
    !is_heeded && !name.is_empty() && name.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric())
}
