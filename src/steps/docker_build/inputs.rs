//! The inputs of `build_docker_image`: their table, their types and what is checked of them before anything runs.

use serde::Deserialize;

use super::super::{Input, Kind, StepError};
use crate::{
    diagnostics::did_you_mean,
    docker::{
        build::{BuildOptions, Limits},
        buildx::BuildxOptions,
        inputs::{FlagOptions, Hosts, OneOrMany, Pairs, Tag},
        reference::{self, ImageName},
    },
    environment::Environment,
    value::{Mapping, Value, kind},
};

pub(super) const INPUTS: &[Input] = &[
    Input { required: true, ..optional("image_name", Kind::Text, "name of the image, with its registry") },
    optional("dockerfile", Kind::Text, "path in the build context, or `auto`; default `Dockerfile`"),
    optional("tag", Kind::Scalar, "default: the time of the build"),
    optional("additional_tags", Kind::Any, "more tags: a list, or one"),
    optional(
        "ignore_cache",
        Kind::Boolean,
        "build even if an identical step of this command has; default false",
    ),
    optional("persist_dockerfile", Kind::Boolean, "also write the text of `dockerfile: auto`; default false"),
    optional("dockerfile_output_path", Kind::Text, "where to write it; default `Dockerfile.generated`"),
    optional(
        "requirements",
        Kind::Text,
        "requirements file that `dockerfile: auto` installs; default requirements.txt",
    ),
    optional("build_backend", Kind::Text, "`docker-py` (the engine's own builder, default) or `buildx`"),
    optional("path", Kind::Text, "the build context: a directory (default: the current one) or a URL"),
    optional("pull", Kind::Boolean, "look for a newer base image; default true"),
    optional("nocache", Kind::Boolean, "do not reuse layers of earlier builds; default false"),
    optional("buildargs", Kind::Mapping, "build arguments; null takes the environment's value"),
    optional("labels", Kind::Mapping, "labels of the image"),
    optional("target", Kind::Text, "stage to build"),
    optional("platform", Kind::Text, "such as `linux/amd64`"),
    optional("network_mode", Kind::Text, "network of RUN"),
    optional("cache_from", Kind::Any, "images whose layers may be reused"),
    optional("extra_hosts", Kind::Any, "hosts known to RUN: a mapping, or a list of `name:address`"),
    optional("shmsize", Kind::Integer, "size of /dev/shm in bytes"),
    optional("squash", Kind::Boolean, "make one layer of the new ones; default false"),
    optional("container_limits", Kind::Mapping, "`memory`, `memswap`, `cpushares`, `cpusetcpus` of RUN"),
    optional("isolation", Kind::Text, "isolation of containers on Windows"),
    optional("use_config_proxy", Kind::Boolean, "pass the proxies of Docker's configuration; default false"),
    optional("quiet", Kind::Boolean, "do not show what the build prints; default false"),
    optional("timeout", Kind::Any, "accepted; a build takes the time it takes"),
    optional("rm", Kind::Boolean, "accepted; intermediate containers are always removed after a success"),
    optional("forcerm", Kind::Boolean, "remove intermediate containers after a failure, too; default true"),
    optional("gzip", Kind::Boolean, "accepted; the context is streamed as it is"),
    optional("push", Kind::Boolean, "buildx: push at once; default false"),
    optional("platforms", Kind::Any, "buildx: several platforms; needs `push: true`"),
    optional("secrets", Kind::Any, "buildx: such as `id=token,src=token.txt`"),
    optional("ssh", Kind::Any, "buildx: such as `default`"),
    optional("cache_to", Kind::Any, "buildx: where to export the cache"),
    optional("builder", Kind::Text, "buildx: name of the builder"),
];

pub(in super::super) const fn optional(name: &'static str, kind: Kind, meaning: &'static str) -> Input {
    Input::optional(name, kind, "", meaning)
}

/// Checks names and types of inputs against a table.
fn check(inputs: &[Input], given: &Mapping) -> Result<(), StepError> {
    for (key, value) in given {
        let name = key.as_str().unwrap_or_default();
        let Some(input) = inputs.iter().find(|input| input.name == name) else {
            let similar = did_you_mean(name, inputs.iter().map(|input| input.name));
            let hint = similar.map(|similar| format!("; did you mean `{similar}`?")).unwrap_or_default();
            return Err(StepError::input(name, format!("there is no input `{name}`{hint}")));
        };
        let fits = if value.is_null() { !input.required } else { input.kind.accepts(value) };
        if !fits {
            return Err(StepError::input(name, format!("`{name}` cannot be {}", kind(value))));
        }
    }
    match inputs.iter().find(|input| input.required && !given.contains_key(input.name)) {
        Some(input) => Err(StepError::input(input.name, format!("`{}` is missing", input.name))),
        None => Ok(()),
    }
}

/// The inputs as their types.
pub(in super::super) fn parse<T: for<'a> Deserialize<'a>>(
    inputs: &[Input],
    given: Mapping,
) -> Result<T, StepError> {
    check(inputs, &given)?;
    serde_yaml::from_value(Value::Mapping(given))
        .map_err(|error| StepError::Input { key: None, message: error.to_string() })
}

#[derive(Debug, Deserialize)]
pub(super) struct Inputs {
    pub(super) image_name: String,
    pub(super) dockerfile: Option<String>,
    pub(super) tag: Option<Value>,
    #[serde(default)]
    pub(super) additional_tags: OneOrMany<Tag>,
    pub(super) persist_dockerfile: Option<bool>,
    pub(super) dockerfile_output_path: Option<String>,
    pub(super) requirements: Option<String>,
    pub(super) build_backend: Option<String>,
    pub(super) path: Option<String>,
    pub(super) pull: Option<bool>,
    pub(super) nocache: Option<bool>,
    #[serde(default)]
    pub(super) buildargs: Pairs,
    #[serde(default)]
    pub(super) labels: Pairs,
    pub(super) target: Option<String>,
    pub(super) platform: Option<String>,
    pub(super) network_mode: Option<String>,
    #[serde(default)]
    pub(super) cache_from: OneOrMany<FlagOptions>,
    #[serde(default)]
    pub(super) extra_hosts: Hosts,
    pub(super) shmsize: Option<i64>,
    pub(super) squash: Option<bool>,
    pub(super) container_limits: Option<Limits>,
    pub(super) isolation: Option<String>,
    pub(super) use_config_proxy: Option<bool>,
    pub(super) quiet: Option<bool>,
    pub(super) forcerm: Option<bool>,
    pub(super) push: Option<bool>,
    #[serde(default)]
    pub(super) platforms: OneOrMany<String>,
    #[serde(default)]
    pub(super) secrets: OneOrMany<FlagOptions>,
    #[serde(default)]
    pub(super) ssh: OneOrMany<String>,
    #[serde(default)]
    pub(super) cache_to: OneOrMany<FlagOptions>,
    pub(super) builder: Option<String>,
}

impl Inputs {
    pub(super) fn parse(given: Mapping) -> Result<Self, StepError> {
        let inputs: Self = parse(INPUTS, given)?;
        ImageName::parse(&inputs.image_name, None)
            .map_err(|error| StepError::input("image_name", error.to_string()))?;
        if let Some(tag) = Tag::of(inputs.tag.as_ref()) {
            check_tags("tag", &[tag])?;
        }
        check_tags("additional_tags", &inputs.additional_tags.0)?;
        check_backend(inputs.build_backend.as_deref())?;
        inputs.check_auto()?;
        inputs.check_buildx_only()?;
        Ok(inputs)
    }

    pub(super) fn uses_buildx(&self) -> bool {
        self.build_backend.as_deref() == Some("buildx")
    }

    pub(super) fn is_auto(&self) -> bool {
        self.dockerfile.as_deref() == Some("auto")
    }

    /// Path of the Dockerfile; an empty one is the default.
    pub(super) fn dockerfile(&self) -> &str {
        self.dockerfile.as_deref().filter(|path| !path.is_empty()).unwrap_or("Dockerfile")
    }

    /// The URL that is built from instead of a directory.
    pub(super) fn remote(&self) -> Option<&str> {
        const STARTS: [&str; 5] = ["http://", "https://", "git://", "github.com/", "git@"];
        self.path.as_deref().filter(|path| STARTS.iter().any(|start| path.starts_with(start)))
    }

    fn check_auto(&self) -> Result<(), StepError> {
        if self.is_auto() && self.remote().is_some() {
            return Err(StepError::input("path", "`dockerfile: auto` needs a directory to build from"));
        }
        if !self.is_auto() && self.requirements.is_some() {
            let message =
                "`requirements` is for `dockerfile: auto`; your own Dockerfile installs what it needs";
            return Err(StepError::input("requirements", message));
        }
        Ok(())
    }

    /// What only buildx can do is an error without it, rather than left out.
    fn check_buildx_only(&self) -> Result<(), StepError> {
        let buildx_only = [
            ("push", self.push == Some(true)),
            ("platforms", !self.platforms.0.is_empty()),
            ("secrets", !self.secrets.0.is_empty()),
            ("ssh", !self.ssh.0.is_empty()),
            ("cache_to", !self.cache_to.0.is_empty()),
            ("builder", self.builder.is_some()),
        ];
        if self.uses_buildx() {
            if self.platforms.0.len() > 1 && self.push != Some(true) {
                return Err(StepError::input(
                    "platforms",
                    "images for several platforms cannot be loaded into the engine: set `push: true`, or build for \
                     one platform",
                ));
            }
            return Ok(());
        }
        match buildx_only.iter().find(|(_, given)| *given) {
            Some((name, _)) => Err(StepError::input(name, format!("`{name}` needs `build_backend: buildx`"))),
            None => Ok(()),
        }
    }

    /// In the engine's terms, without labels and build arguments of ours.
    pub(super) fn options(&self, environment: &Environment) -> BuildOptions {
        let from_environment = |(name, value): (&String, &Option<String>)| {
            let value = value.clone().or_else(|| environment.get(name).map(str::to_owned))?;
            Some((name.clone(), value))
        };
        BuildOptions {
            pull: self.pull.unwrap_or(true),
            no_cache: self.nocache.unwrap_or(false),
            force_remove: self.forcerm.unwrap_or(true),
            squash: self.squash.unwrap_or(false),
            quiet: self.quiet.unwrap_or(false),
            build_arguments: self.buildargs.0.iter().filter_map(from_environment).collect(),
            labels: self.labels.given(),
            cache_from: texts(&self.cache_from),
            target: self.target.clone(),
            platform: self.platform.clone(),
            network: self.network_mode.clone(),
            isolation: self.isolation.clone(),
            extra_hosts: self.extra_hosts.0.clone(),
            shared_memory: self.shmsize,
            limits: self.container_limits.clone().unwrap_or_default(),
        }
    }

    pub(super) fn buildx_options(&self) -> BuildxOptions {
        BuildxOptions {
            push: self.push.unwrap_or(false),
            platforms: self.platforms.0.clone(),
            secrets: texts(&self.secrets),
            ssh: self.ssh.0.clone(),
            cache_from: texts(&self.cache_from),
            cache_to: texts(&self.cache_to),
            builder: self.builder.clone(),
        }
    }
}

/// Checks the name of a build backend, in the reference's words.
pub(in super::super) fn check_backend(given: Option<&str>) -> Result<(), StepError> {
    match given {
        None | Some("docker-py" | "buildx") => Ok(()),
        Some(given) => {
            let message = format!("Invalid build_backend '{given}'. Expected 'docker-py' or 'buildx'.");
            Err(StepError::input("build_backend", message))
        }
    }
}

/// Checks that tags are tags.
pub(in super::super) fn check_tags(key: &str, tags: &[Tag]) -> Result<(), StepError> {
    let mut tags = tags.iter();
    tags.try_for_each(|tag| reference::check_tag(&tag.text()))
        .map_err(|error| StepError::input(key, error.to_string()))
}

fn texts(options: &OneOrMany<FlagOptions>) -> Vec<String> {
    options.0.iter().map(|option| option.0.clone()).collect()
}
