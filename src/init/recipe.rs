//! Recipes for a new prefect.yaml. A recipe determines how workers obtain the flow's code.

use serde_json::json;

use super::{DirectoryFacts, InitError};
use crate::{flow::DiscoveredFlow, project::text};

/// A template for prefect.yaml.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Recipe {
    /// Workers on this machine run the flows from their local files.
    Local,
    /// Workers clone the Git repository.
    Git,
    /// The Docker image contains the flows.
    Docker,
    /// The Docker image contains the dependencies, and workers clone the repository that contains the flows.
    DockerGit,
    S3,
    Gcs,
    Azure,
    /// The Docker image contains the dependencies, and workers download the flows from S3.
    DockerS3,
    /// The Docker image contains the dependencies, and workers download the flows from Google Cloud Storage.
    DockerGcs,
    /// The Docker image contains the dependencies, and workers download the flows from Azure Blob Storage.
    DockerAzure,
    /// The image contains the flows, and a Kubernetes work pool runs the image.
    Kubernetes,
}

/// Tag of the image if none is given.
const DEFAULT_TAG: &str = "latest";

/// A recipe field whose value the user should be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FieldQuestion {
    pub(crate) name: &'static str,
    pub(crate) default: Option<&'static str>,
}

/// The step that pushes the image.
const PUSH_IMAGE: &str = "- prefect_docker.deployments.steps.push_docker_image:
    requires: prefect-docker>=0.3.1
    image_name: \"{{ build-image.image_name }}\"
    tag: \"{{ build-image.tag }}\"
";

const ALL: [Recipe; 11] = [
    Recipe::Local,
    Recipe::Git,
    Recipe::Docker,
    Recipe::DockerGit,
    Recipe::S3,
    Recipe::Gcs,
    Recipe::Azure,
    Recipe::DockerS3,
    Recipe::DockerGcs,
    Recipe::DockerAzure,
    Recipe::Kubernetes,
];

impl Recipe {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Git => "git",
            Self::Docker => "docker",
            Self::DockerGit => "docker-git",
            Self::S3 => "s3",
            Self::Gcs => "gcs",
            Self::Azure => "azure",
            Self::DockerS3 => "docker-s3",
            Self::DockerGcs => "docker-gcs",
            Self::DockerAzure => "docker-azure",
            Self::Kubernetes => "kubernetes",
        }
    }

    /// Returns all recipes.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        ALL.into_iter()
    }

    /// Describes where the recipe stores the flow's code.
    pub(crate) fn description(self) -> &'static str {
        match self {
            Self::Local => "Store code on the local file system",
            Self::Git => "Store code in a Git repository",
            Self::Docker => "Store code in a Docker image, next to its dependencies",
            Self::DockerGit => {
                "Store code in a Git repository, and build a Docker image for its dependencies"
            }
            Self::S3 => "Store code in an S3 bucket",
            Self::Gcs => "Store code in a GCS bucket",
            Self::Azure => "Store code in an Azure Blob Storage container",
            Self::DockerS3 => "Store code in S3, and build a Docker image for its dependencies",
            Self::DockerGcs => "Store code in GCS, and build a Docker image for its dependencies",
            Self::DockerAzure => {
                "Store code in Azure Blob Storage, and build a Docker image for its dependencies"
            }
            Self::Kubernetes => "Store code in a Docker image for a Kubernetes work pool",
        }
    }

    pub(crate) fn names() -> Vec<&'static str> {
        ALL.iter().map(|recipe| recipe.name()).collect()
    }

    pub(crate) fn parse(name: &str) -> Result<Self, InitError> {
        let found = ALL.into_iter().find(|recipe| recipe.name() == name);
        found.ok_or_else(|| InitError::UnknownRecipe { name: name.to_owned() })
    }

    /// Selects a recipe for a directory: `docker` if it contains a Dockerfile, `git` if it has a Git remote,
    /// `docker-git` if it has both, otherwise `local`.
    pub(super) fn detect(facts: &DirectoryFacts) -> Self {
        match (facts.has_dockerfile, &facts.remote) {
            (true, Some(_)) => Self::DockerGit,
            (true, None) => Self::Docker,
            (false, Some(_)) => Self::Git,
            (false, None) => Self::Local,
        }
    }

    /// Returns the names that `--field` accepts for the recipe.
    fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Local => &["directory"],
            Self::Git => &["repository", "branch"],
            Self::Docker | Self::Kubernetes => &["image_name", "tag", "dockerfile"],
            Self::DockerGit => &["image_name", "tag", "dockerfile", "repository", "branch"],
            Self::S3 | Self::Gcs => &["bucket", "folder"],
            Self::Azure => &["container", "folder", "credentials"],
            Self::DockerS3 | Self::DockerGcs => &["image_name", "tag", "dockerfile", "bucket", "folder"],
            Self::DockerAzure => &["image_name", "tag", "dockerfile", "container", "folder", "credentials"],
        }
    }

    fn has_image(self) -> bool {
        !matches!(self, Self::Local | Self::Git | Self::S3 | Self::Gcs | Self::Azure)
    }

    fn pool_type(self) -> &'static str {
        match self {
            Self::Kubernetes => "kubernetes",
            _ if self.has_image() => "docker",
            _ => "process",
        }
    }

    /// Renders the contents of prefect.yaml.
    pub(super) fn render(self, facts: &DirectoryFacts, fields: &[String]) -> Result<String, InitError> {
        let given = self.given(fields)?;
        let field = |name: &str, default: &str| {
            let found = given.iter().rev().find(|(key, _)| *key == name);
            scalar(found.map_or(default, |(_, value)| value))
        };
        Ok([
            text::head(&facts.name),
            self.build(facts, &field),
            self.push(facts, &field),
            self.pull(facts, &field),
            self.deployments(facts),
        ]
        .into_iter()
        .filter(|section| !section.is_empty())
        .collect::<Vec<_>>()
        .join("\n"))
    }

    /// Returns the fields that are neither specified nor detected. The file contains placeholders for these
    /// fields.
    pub(super) fn placeholders(
        self,
        facts: &DirectoryFacts,
        fields: &[String],
    ) -> Result<Vec<&'static str>, InitError> {
        let given = self.given(fields)?;
        let is_known = |field: &str| {
            given.iter().any(|(key, _)| *key == field)
                || match field {
                    "image_name" | "bucket" | "container" | "credentials" => false,
                    "repository" => facts.remote.is_some(),
                    _ => true,
                }
        };
        Ok(self.fields().iter().copied().filter(|field| !is_known(field)).collect())
    }

    /// Returns the fields that Prefect asks for: those that would be placeholders, and the tag of the image.
    pub(super) fn questions(
        self,
        facts: &DirectoryFacts,
        fields: &[String],
    ) -> Result<Vec<FieldQuestion>, InitError> {
        let given = self.given(fields)?;
        let placeholders = self.placeholders(facts, fields)?;
        let question = |name: &'static str| match name {
            "tag" if given.iter().all(|(key, _)| *key != "tag") => {
                Some(FieldQuestion { name, default: Some(DEFAULT_TAG) })
            }
            _ if placeholders.contains(&name) => Some(FieldQuestion { name, default: None }),
            _ => None,
        };
        Ok(self.fields().iter().copied().filter_map(question).collect())
    }

    /// Removes and returns the fields that the recipe does not have.
    pub(crate) fn remove_unknown(self, fields: &mut Vec<String>) -> Vec<String> {
        let is_unknown =
            |field: &mut String| field.split_once('=').is_some_and(|(key, _)| !self.fields().contains(&key));
        fields.extract_if(.., is_unknown).collect()
    }

    fn given(self, fields: &[String]) -> Result<Vec<(&str, &str)>, InitError> {
        let parse = |text: &'_ String| -> Result<(), InitError> {
            let (key, _) = text.split_once('=').ok_or_else(|| InitError::InvalidField(text.clone()))?;
            if self.fields().contains(&key) {
                return Ok(());
            }
            Err(InitError::UnknownField { recipe: self.name(), field: key.to_owned(), known: self.fields() })
        };
        fields.iter().try_for_each(parse)?;
        Ok(fields.iter().filter_map(|text| text.split_once('=')).collect())
    }

    fn build(self, facts: &DirectoryFacts, field: &dyn Fn(&str, &str) -> String) -> String {
        if !self.has_image() {
            return String::new();
        }
        let dockerfile = field("dockerfile", if facts.has_dockerfile { "Dockerfile" } else { "auto" });
        let comment = match (dockerfile.as_str(), facts.has_requirements) {
            ("auto", true) => {
                "    # `auto` generates a Dockerfile with the flows and the packages in requirements.txt.\n"
            }
            ("auto", false) => "    # `auto` generates a Dockerfile with the flows.\n",
            _ => "",
        };
        format!(
            "{}build:\n\
             - prefect_docker.deployments.steps.build_docker_image:\n    \
             id: build-image\n    requires: prefect-docker>=0.3.1\n    \
             image_name: {}\n    tag: {}\n{comment}    dockerfile: {dockerfile}\n",
            text::BUILD,
            field("image_name", &format!("registry.example.com/{}", image_part(&facts.name))),
            field("tag", DEFAULT_TAG),
        )
    }

    fn push(self, facts: &DirectoryFacts, field: &dyn Fn(&str, &str) -> String) -> String {
        let image = if self.has_image() { PUSH_IMAGE } else { "" };
        let code = self.push_code(facts, field);
        if image.is_empty() && code.is_empty() {
            return String::new();
        }
        format!("{}push:\n{image}{code}", text::PUSH)
    }

    /// Returns the step that pushes the flows to object storage, or an empty string if the recipe does not
    /// use object storage.
    fn push_code(self, facts: &DirectoryFacts, field: &dyn Fn(&str, &str) -> String) -> String {
        let folder = || field("folder", &facts.directory_name);
        match self {
            Self::S3 | Self::DockerS3 => format!(
                "- prefect_aws.deployments.steps.push_to_s3:\n    id: push-code\n    \
                 requires: prefect-aws>=0.3.4\n    bucket: {}\n    folder: {}\n",
                field("bucket", "my-bucket"),
                folder()
            ),
            Self::Gcs | Self::DockerGcs => format!(
                "- prefect_gcp.deployments.steps.push_to_gcs:\n    id: push-code\n    \
                 requires: prefect-gcp>=0.4.3\n    bucket: {}\n    folder: {}\n",
                field("bucket", "my-bucket"),
                folder()
            ),
            Self::Azure | Self::DockerAzure => format!(
                "- prefect_azure.deployments.steps.push_to_azure_blob_storage:\n    id: push-code\n    \
                 requires: prefect-azure[blob_storage]>=0.2.8\n    container: {}\n    folder: {}\n    \
                 # Name of a block; `prefectl block ls` lists them.\n    credentials: {}\n",
                field("container", "my-container"),
                folder(),
                azure_credentials(&field("credentials", "my-credentials"))
            ),
            Self::Local | Self::Git | Self::Docker | Self::DockerGit | Self::Kubernetes => String::new(),
        }
    }

    fn pull(self, facts: &DirectoryFacts, field: &dyn Fn(&str, &str) -> String) -> String {
        let head = format!("{}pull:\n", text::PULL);
        let pushed = |step: &str, requires: &str, place: &str| {
            format!(
                "{head}- {step}:\n    requires: {requires}\n    {place}: \"{{{{ push-code.{place} }}}}\"\n    \
                 folder: \"{{{{ push-code.folder }}}}\"\n"
            )
        };
        match self {
            Self::Local => format!(
                "{head}- prefect.deployments.steps.set_working_directory:\n    directory: {}\n",
                field("directory", &facts.directory.to_string_lossy())
            ),
            Self::Git | Self::DockerGit => format!(
                "{head}- prefect.deployments.steps.git_clone:\n    repository: {}\n    branch: {}\n",
                field(
                    "repository",
                    facts.remote.as_deref().unwrap_or("https://git.example.com/team/flows.git")
                ),
                field("branch", facts.branch.as_deref().unwrap_or("main")),
            ),
            Self::Docker | Self::Kubernetes => format!(
                "{head}- prefect.deployments.steps.set_working_directory:\n    directory: {}\n",
                scalar(&format!("/opt/prefect/{}", facts.directory_name))
            ),
            Self::S3 | Self::DockerS3 => {
                pushed("prefect_aws.deployments.steps.pull_from_s3", "prefect-aws>=0.3.4", "bucket")
            }
            Self::Gcs | Self::DockerGcs => {
                pushed("prefect_gcp.deployments.steps.pull_from_gcs", "prefect-gcp>=0.4.3", "bucket")
            }
            Self::Azure | Self::DockerAzure => {
                let step = "prefect_azure.deployments.steps.pull_from_azure_blob_storage";
                let credentials = azure_credentials(&field("credentials", "my-credentials"));
                pushed(step, "prefect-azure[blob_storage]>=0.2.8", "container")
                    + &format!("    credentials: {credentials}\n")
            }
        }
    }

    fn deployments(self, facts: &DirectoryFacts) -> String {
        let kind = self.pool_type();
        let pool = if self.has_image() {
            json!({"name": kind, "job_variables": {"image": "{{ build-image.image }}"}})
        } else {
            json!({"name": kind})
        };
        let mut lines = format!(
            "# Each entry declares a deployment. Create the work pool with `prefectl work-pool create \
             {kind} --type {kind}`.\ndeployments:"
        );
        if facts.flows.is_empty() {
            lines.push_str(" []\n# No flows were found. Example of an entry:\n");
            lines
                .push_str("# - name: default\n#   entrypoint: flow.py:my_flow\n#   work_pool:\n#     name: ");
            lines.push_str(kind);
            lines.push('\n');
            return lines;
        }
        lines.push('\n');
        let entry = |flow: &DiscoveredFlow| {
            let path = flow.path.to_string_lossy().replace('\\', "/");
            let entrypoint = format!("{path}:{}", flow.function);
            text::entry(&json!({"name": "default", "entrypoint": entrypoint, "work_pool": pool}))
        };
        lines.extend(facts.flows.iter().map(entry));
        lines.push_str(
            "  # Other keys of a deployment:\n  # parameters: {name: value}\n  # schedules:\n  \
             # - cron: 0 9 * * *\n  #   timezone: Europe/London\n  # tags: [nightly]\n",
        );
        lines
    }
}

/// Formats a string as a YAML scalar, quoted if necessary.
fn scalar(text: &str) -> String {
    serde_yaml::to_string(text).map_or_else(|_| format!("{text:?}"), |yaml| yaml.trim_end().to_owned())
}

/// Returns a reference to the block that contains the Azure storage credentials. `name` is a YAML scalar.
fn azure_credentials(name: &str) -> String {
    let name = name.trim_matches(['\'', '"']);
    scalar(&format!("{{{{ prefect.blocks.azure-blob-storage-credentials.{name} }}}}"))
}

/// Converts a project name to a valid component of an image name.
fn image_part(name: &str) -> String {
    let part: String = name
        .chars()
        .map(|character| if character.is_ascii_alphanumeric() { character.to_ascii_lowercase() } else { '-' })
        .collect();
    let part = part.trim_matches('-');
    if part.is_empty() { "flows".to_owned() } else { part.to_owned() }
}
