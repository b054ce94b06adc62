//! Inputs for the `build_docker_image` step and their validation.

use std::time::Duration;

use serde::Deserialize;

use super::{
    super::{StepError, inputs},
    backend::{Backend, check_backend},
    reuse::AUTO,
};
use crate::{
    docker::{
        build::{BuildOptions, Limits},
        buildkit::BuildKitOptions,
        inputs::{FlagOptions, Hosts, OneOrMany, Pairs, Tag},
        named_context::{NamedContext, is_remote},
        reference::{self, ImageName},
    },
    environment::Environment,
    value::{Mapping, Value},
};

#[derive(Debug, Deserialize)]
pub(super) struct Inputs {
    pub(super) image_name: String,
    pub(super) dockerfile: Option<String>,
    pub(super) tag: Option<Value>,
    #[serde(default)]
    pub(super) additional_tags: OneOrMany<Tag>,
    pub(super) prefect_version: Option<String>,
    pub(super) persist_dockerfile: Option<bool>,
    pub(super) dockerfile_output_path: Option<String>,
    pub(super) requirements: Option<String>,
    pub(super) pyproject: Option<bool>,
    pub(super) backend: Option<String>,
    pub(super) build_backend: Option<String>,
    pub(super) path: Option<String>,
    pub(super) pull: Option<bool>,
    pub(super) nocache: Option<bool>,
    pub(super) cache: Option<bool>,
    #[serde(default, alias = "build_args")]
    pub(super) buildargs: Pairs,
    #[serde(default)]
    pub(super) labels: Pairs,
    pub(super) target: Option<String>,
    #[serde(default)]
    pub(super) platform: OneOrMany<String>,
    #[serde(alias = "network")]
    pub(super) network_mode: Option<String>,
    #[serde(default)]
    pub(super) cache_from: OneOrMany<FlagOptions>,
    #[serde(default, alias = "add_hosts")]
    pub(super) extra_hosts: Hosts,
    pub(super) shmsize: Option<i64>,
    pub(super) squash: Option<bool>,
    pub(super) container_limits: Option<Limits>,
    pub(super) isolation: Option<String>,
    pub(super) use_config_proxy: Option<bool>,
    pub(super) quiet: Option<bool>,
    pub(super) timeout: Option<f64>,
    pub(super) rm: Option<bool>,
    pub(super) forcerm: Option<bool>,
    pub(super) gzip: Option<bool>,
    pub(super) push: Option<bool>,
    #[serde(default)]
    pub(super) platforms: OneOrMany<String>,
    #[serde(default)]
    pub(super) secrets: OneOrMany<FlagOptions>,
    #[serde(default)]
    pub(super) ssh: OneOrMany<String>,
    #[serde(default)]
    pub(super) cache_to: OneOrMany<FlagOptions>,
    pub(super) provenance: Option<FlagOptions>,
    pub(super) sbom: Option<FlagOptions>,
    #[serde(default)]
    pub(super) attest: OneOrMany<FlagOptions>,
    #[serde(default)]
    pub(super) build_contexts: Pairs,
    #[serde(default)]
    pub(super) allow: OneOrMany<String>,
    pub(super) builder: Option<String>,
}

impl Inputs {
    pub(super) fn parse(given: Mapping) -> Result<Self, StepError> {
        let inputs: Self = inputs::typed(given)?;
        ImageName::parse(&inputs.image_name, None)
            .map_err(|error| StepError::input("image_name", error.to_string()))?;
        if let Some(tag) = Tag::of(inputs.tag.as_ref()) {
            check_tags("tag", &[tag])?;
        }
        check_tags("additional_tags", &inputs.additional_tags.0)?;
        if let Some(timeout) = inputs.timeout
            && Duration::try_from_secs_f64(timeout).is_err()
        {
            return Err(StepError::input("timeout", format!("invalid `timeout` of {timeout} seconds")));
        }
        inputs.check_auto()?;
        inputs.check_backend()?;
        Ok(inputs)
    }

    /// Returns the requested builder.
    pub(super) fn backend(&self) -> Result<Backend, StepError> {
        check_backend(self.build_backend.as_deref())?;
        Backend::named(self.backend.as_deref(), self.build_backend.as_deref())
    }

    pub(super) fn is_auto(&self) -> bool {
        self.dockerfile.as_deref() == Some("auto")
    }

    /// Returns whether the tag is derived from the image contents.
    pub(super) fn has_content_tag(&self) -> bool {
        self.tag.as_ref().and_then(Value::as_str) == Some(AUTO)
    }

    /// Returns the Dockerfile path. An empty input selects the default path.
    pub(super) fn dockerfile(&self) -> &str {
        self.dockerfile.as_deref().filter(|path| !path.is_empty()).unwrap_or("Dockerfile")
    }

    /// Returns the build context URL, or `None` if the context is a local directory.
    pub(super) fn remote(&self) -> Option<&str> {
        self.path.as_deref().filter(|path| is_remote(path))
    }

    fn check_auto(&self) -> Result<(), StepError> {
        if self.is_auto() && self.remote().is_some() {
            return Err(StepError::input(
                "path",
                "`dockerfile: auto` requires a directory as the build context",
            ));
        }
        let only_for_auto =
            [("requirements", self.requirements.is_some()), ("pyproject", self.pyproject == Some(true))];
        if !self.is_auto()
            && let Some(name) = first(&only_for_auto)
        {
            let message = format!("`{name}` requires `dockerfile: auto`");
            return Err(StepError::input(name, message));
        }
        if self.has_content_tag() && self.remote().is_some() {
            return Err(StepError::input("tag", "`tag: auto` requires a directory as the build context"));
        }
        let contexts = self.build_contexts.0.iter().filter(|_| self.has_content_tag());
        let mut sources = contexts.filter_map(|(name, source)| Some((name, source.as_deref()?)));
        if let Some((name, _)) =
            sources.find(|(_, source)| NamedContext::parse(source) == NamedContext::Remote)
        {
            let message = format!(
                "`tag: auto` requires the additional build context `{name}` to be a directory or a `docker-image://` reference"
            );
            return Err(StepError::input("build_contexts", message));
        }
        Ok(())
    }

    /// Rejects inputs that the requested builder does not support.
    fn check_backend(&self) -> Result<(), StepError> {
        match (self.backend()?, self.needs_buildkit(), self.needs_classic()) {
            (Backend::Classic, Some(name), _) => {
                Err(StepError::input(name, format!("`{name}` requires `build_backend: buildx`")))
            }
            (Backend::BuildKit, _, Some(name)) | (Backend::Auto, Some(_), Some(name)) => {
                Err(StepError::input(name, format!("BuildKit does not support `{name}`")))
            }
            _ if self.platforms().len() > 1 && self.push != Some(true) => Err(StepError::input(
                if self.platforms.0.is_empty() { "platform" } else { "platforms" },
                "an image for multiple platforms cannot be loaded into the engine: set `push: true`, or build for \
                 one platform",
            )),
            _ => Ok(()),
        }
    }

    /// Returns the platforms to build for. An empty list selects the builder's platform.
    fn platforms(&self) -> Vec<String> {
        let given = if self.platforms.0.is_empty() { &self.platform.0 } else { &self.platforms.0 };
        let platforms = given.iter().flat_map(|platforms| platforms.split(',')).map(str::trim);
        platforms.filter(|platform| !platform.is_empty()).map(str::to_owned).collect()
    }

    /// Returns the first input that requires BuildKit, or `None` if no input does.
    pub(super) fn needs_buildkit(&self) -> Option<&'static str> {
        let wanted = |option: &Option<FlagOptions>| option.as_ref().is_some_and(|option| option.0 != "false");
        first(&[
            ("push", self.push == Some(true)),
            ("platforms", !self.platforms.0.is_empty()),
            ("platform", self.platforms().len() > 1),
            ("secrets", !self.secrets.0.is_empty()),
            ("ssh", !self.ssh.0.is_empty()),
            ("cache_to", !self.cache_to.0.is_empty()),
            ("provenance", wanted(&self.provenance)),
            ("sbom", wanted(&self.sbom)),
            ("attest", !self.attest.0.is_empty()),
            ("build_contexts", !self.build_contexts.0.is_empty()),
            ("allow", !self.allow.0.is_empty()),
            ("builder", self.builder.is_some()),
        ])
    }

    /// Returns the first input that requires the classic builder, or `None` if no input does.
    pub(super) fn needs_classic(&self) -> Option<&'static str> {
        first(&[
            ("squash", self.squash == Some(true)),
            ("container_limits", self.container_limits.is_some()),
            ("isolation", self.isolation.is_some()),
        ])
    }

    /// Converts the inputs to build options, without the labels and build arguments that prefectl adds.
    pub(super) fn options(&self, environment: &Environment) -> BuildOptions {
        let from_environment = |(name, value): (&String, &Option<String>)| {
            let value = value.clone().or_else(|| environment.get(name).map(str::to_owned))?;
            Some((name.clone(), value))
        };
        BuildOptions {
            pull: self.pull.unwrap_or(true),
            no_cache: self.nocache == Some(true) || self.cache == Some(false),
            remove: self.rm.unwrap_or(true),
            force_remove: self.forcerm.unwrap_or(true),
            compress: self.gzip.unwrap_or(false),
            event_timeout: self.timeout.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
            squash: self.squash.unwrap_or(false),
            quiet: self.quiet.unwrap_or(false),
            build_arguments: self.buildargs.0.iter().filter_map(from_environment).collect(),
            labels: self.labels.given(),
            cache_from: texts(&self.cache_from),
            target: self.target.clone(),
            platforms: self.platforms(),
            network: self.network_mode.clone(),
            isolation: self.isolation.clone(),
            extra_hosts: self.extra_hosts.0.clone(),
            shared_memory: self.shmsize,
            limits: self.container_limits.clone().unwrap_or_default(),
        }
    }

    pub(super) fn buildkit_options(&self) -> BuildKitOptions {
        let text = |option: &Option<FlagOptions>| option.as_ref().map(|option| option.0.clone());
        BuildKitOptions {
            push: self.push.unwrap_or(false),
            secrets: texts(&self.secrets),
            ssh: self.ssh.0.clone(),
            cache_to: texts(&self.cache_to),
            builder: self.builder.clone(),
            build_contexts: self.build_contexts.given(),
            allow: self.allow.0.clone(),
            provenance: text(&self.provenance),
            sbom: text(&self.sbom),
            attestations: texts(&self.attest),
        }
    }
}

fn first(named: &[(&'static str, bool)]) -> Option<&'static str> {
    named.iter().find(|(_, given)| *given).map(|(name, _)| *name)
}

/// Checks that all tags in an input are valid image tags.
pub(in super::super) fn check_tags(key: &str, tags: &[Tag]) -> Result<(), StepError> {
    let mut tags = tags.iter();
    tags.try_for_each(|tag| reference::check_tag(&tag.text()))
        .map_err(|error| StepError::input(key, error.to_string()))
}

fn texts(options: &OneOrMany<FlagOptions>) -> Vec<String> {
    options.0.iter().map(|option| option.0.clone()).collect()
}
