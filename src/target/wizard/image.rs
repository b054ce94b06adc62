//! Asks for the image of a deployment, and for the location of the code in the image.

use crate::{
    project::StepList,
    questions::{Ask, parsed_text},
    secret::Secret,
    steps::{Section, StepKind},
    target::{
        TargetError,
        wizard::{Draft, NewBlock, ServerLookup, Wizard, draft::inputs, storage::slug},
    },
    value::Mapping,
};

const REQUIRES: &str = "prefect-docker>=0.3.1";
/// Slug of the block type that stores registry credentials.
const REGISTRY_CREDENTIALS: &str = "docker-registry-credentials";

/// The Dockerfile that a build step uses.
enum ImageBuild {
    /// The step generates the Dockerfile.
    Generated,
    OwnDockerfile,
}

impl<A: Ask, W: ServerLookup> Wizard<'_, A, W> {
    /// Returns whether the wizard can offer to build an image. Returns `false` if a step builds an image or `build` is
    /// explicitly empty.
    pub(super) fn can_build_image(&self, draft: &Draft) -> bool {
        let is_ruled_out = match draft.fields().steps(Section::Build) {
            StepList::Null => true,
            StepList::Steps(steps) => steps.is_empty(),
            StepList::Absent => false,
        };
        !is_ruled_out && self.image_build(draft).is_none()
    }

    /// Returns the Dockerfile of the step that builds the image, or `None` if no step builds an image.
    fn image_build(&self, draft: &Draft) -> Option<ImageBuild> {
        let steps = draft.section(self.project, Section::Build);
        let build = steps.items().find(|item| item.kind() == StepKind::BuildDockerImage)?;
        Some(if build.generates_dockerfile() { ImageBuild::Generated } else { ImageBuild::OwnDockerfile })
    }

    /// Asks whether to build an image. If the user accepts, adds the build and push steps.
    pub(super) async fn image(&self, draft: &mut Draft) -> Result<(), TargetError> {
        let ask = self.ask;
        let question = "Would you like to build a custom Docker image for this deployment?";
        if !ask.confirm(question, false).await? {
            return Ok(());
        }
        let dockerfile = self.dockerfile(draft).await?;
        let repository = ask.text("Repository name (e.g. your Docker Hub username)", None).await?;
        let name = ask.text("Image name", draft.name()).await?;
        let tag = ask.text("Image tag", Some("latest")).await?;
        let image = format!("{}/{name}", repository.trim_end_matches('/'));
        ask.print_line(&format!("Image {image}:{tag} will be built."));
        let registry = self.registry().await?;
        let image = registry.iter().map(String::as_str).chain([image.as_str()]).collect::<Vec<_>>().join("/");
        let build = [
            ("requires", REQUIRES),
            ("id", "build-image"),
            ("dockerfile", dockerfile),
            ("image_name", &image),
            ("tag", &tag),
        ];
        draft.add_step(self.project, Section::Build, StepKind::BuildDockerImage, inputs(build));
        if let Some(registry) = registry {
            let mut push = inputs([
                ("requires", REQUIRES),
                ("image_name", "{{ build-image.image_name }}"),
                ("tag", "{{ build-image.tag }}"),
            ]);
            self.registry_credentials(draft, &registry, &mut push).await?;
            draft.add_step(self.project, Section::Push, StepKind::PushDockerImage, push);
        }
        if !draft.has_image() {
            draft.set_image("{{ build-image.image }}");
        }
        Ok(())
    }

    /// Returns the value of the build step's `dockerfile` input. Asks whether to use or rename an existing
    /// Dockerfile.
    async fn dockerfile(&self, draft: &mut Draft) -> Result<&'static str, TargetError> {
        let question = "Would you like to use the Dockerfile in the current directory?";
        if !self.local.has_dockerfile() {
            return Ok("auto");
        }
        if self.ask.confirm(question, true).await? {
            return Ok("Dockerfile");
        }
        let question = "A Dockerfile exists. You chose not to use it. A temporary Dockerfile will be automatically built \
                        during the deployment build step. If another file named 'Dockerfile' already exists at that \
                        time, the build step will fail. Would you like to rename your existing Dockerfile?";
        if !self.ask.confirm(question, false).await? {
            return Err(TargetError::Declined {
                message: "A Dockerfile already exists. Please remove or rename the existing one.",
                help: "the image is built with a generated Dockerfile; rename the Dockerfile of the project",
            });
        }
        let free = |name: &str| match self.local.directory.join(name) {
            path if path.exists() => Err(format!("'{name}' already exists. Please enter another name.")),
            _ => Ok(name.to_owned()),
        };
        let name = parsed_text(self.ask, "New Dockerfile name", Some("Dockerfile.backup"), free).await?;
        draft.renamed_dockerfile = Some(name);
        Ok("auto")
    }

    /// Asks for the registry. Returns `None` if the user does not want to push the image.
    async fn registry(&self) -> Result<Option<String>, TargetError> {
        let question = "Would you like to push this image to a remote registry?";
        if !self.ask.confirm(question, false).await? {
            return Ok(None);
        }
        let registry = self.ask.text("Registry URL", Some("docker.io")).await?;
        let registry = registry.trim_start_matches("https://").trim_end_matches('/');
        Ok(Some(registry.to_owned()))
    }

    /// Asks whether to use a credentials block. If the user accepts, adds the block to the inputs of the push
    /// step.
    async fn registry_credentials(
        &self,
        draft: &mut Draft,
        registry: &str,
        push: &mut Mapping,
    ) -> Result<(), TargetError> {
        let ask = self.ask;
        if !ask.confirm("Is this a private registry?", false).await? {
            return Ok(());
        }
        let Some(known) = self.server.blocks(REGISTRY_CREDENTIALS).await? else {
            ask.print_line("The image will be pushed with the credentials from `docker login`.");
            return Ok(());
        };
        let question = "Would you like use prefect-docker to manage Docker registry credentials?";
        if !ask.confirm(question, false).await? {
            return Ok(());
        }
        let name = self.credentials_block(draft, registry, &known).await?;
        let reference = format!("{{{{ prefect.blocks.{REGISTRY_CREDENTIALS}.{name} }}}}");
        push.insert("credentials".into(), reference.into());
        Ok(())
    }

    /// Returns the name of the credentials block for a registry. Asks for credentials unless the user selects
    /// an existing block.
    async fn credentials_block(
        &self,
        draft: &mut Draft,
        registry: &str,
        known: &[String],
    ) -> Result<String, TargetError> {
        let ask = self.ask;
        let part = |text: Option<&str>| slug(text.unwrap_or_default());
        let name = format!("deployment-{}-{}-registry-creds", part(draft.name()), part(draft.pool_name()));
        let question =
            format!("Would you like to use the existing Docker registry credentials block {name}?");
        if known.contains(&name) && ask.confirm(&question, true).await? {
            return Ok(name);
        }
        let user = ask.text("Docker registry username", None).await?;
        let password = ask.secret("Docker registry password", true).await?;
        let data = vec![
            ("registry_url", Secret::new(registry)),
            ("username", Secret::new(user)),
            ("password", password),
        ];
        draft.blocks.push(NewBlock { kind: REGISTRY_CREDENTIALS, name: name.clone(), data });
        Ok(name)
    }

    /// Asks for the directory that contains the code in the image, unless the directory is already
    /// determined.
    pub(super) async fn directory_in_image(&self, draft: &mut Draft) -> Result<(), TargetError> {
        let has_pull = matches!(draft.section(self.project, Section::Pull), StepList::Steps(_));
        if has_pull {
            return Ok(());
        }
        let directory = self.local.directory_in_image();
        let question = match self.image_build(draft) {
            Some(ImageBuild::OwnDockerfile) => {
                let question = "Does your Dockerfile have a line that copies the current working directory into your image?";
                if !self.ask.confirm(question, false).await? {
                    return Err(TargetError::Declined {
                        message: "Your flow code must be copied into your Docker image to run your deployment.",
                        help: "copy this line into your Dockerfile: COPY . /opt/prefect/",
                    });
                }
                "What is the path to your flow code in your Dockerfile?"
            }
            None if draft.has_image() => {
                "What is the working directory in your Docker image where your flow code lives?"
            }
            Some(ImageBuild::Generated) | None => return Ok(()),
        };
        let directory = self.ask.text(question, Some(&directory)).await?;
        let set = inputs([("directory", &directory)]);
        draft.add_step(self.project, Section::Pull, StepKind::SetWorkingDirectory, set);
        Ok(())
    }
}
