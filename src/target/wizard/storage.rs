//! Asks where workers pull the code from.

use crate::{
    git,
    project::StepList,
    questions::{Ask, Select, parsed_text},
    secret::Secret,
    steps::{Section, StepKind},
    target::TargetError,
    target::wizard::{Draft, NewBlock, ServerLookup, Wizard, draft::inputs},
};

const SECRET: &str = "secret";

/// A field of a credentials block.
struct Field {
    name: &'static str,
    is_secret: bool,
}

impl Field {
    const fn text(name: &'static str) -> Self {
        Self { name, is_secret: false }
    }

    const fn secret(name: &'static str) -> Self {
        Self { name, is_secret: true }
    }
}

/// An object storage service.
struct Bucket {
    title: &'static str,
    meaning: &'static str,
    /// Slug of the block type that stores the credentials.
    credentials: &'static str,
    /// Title of the block type, as spelled by Prefect.
    block_title: &'static str,
    /// Fields of the block for which Prefect prompts.
    fields: &'static [Field],
    /// Name of a new block.
    block: &'static str,
    push: StepKind,
    pull: StepKind,
    requires: &'static str,
    /// Name of the step input that contains the bucket's name.
    key: &'static str,
}

const BUCKETS: [Bucket; 3] = [
    Bucket {
        title: "S3",
        meaning: "Use an AWS S3 bucket.",
        credentials: "aws-credentials",
        block_title: "Aws Credentials",
        fields: &[Field::text("aws_access_key_id"), Field::secret("aws_secret_access_key")],
        block: "s3-storage-credentials",
        push: StepKind::PushToS3,
        pull: StepKind::PullFromS3,
        requires: "prefect-aws>=0.3.4",
        key: "bucket",
    },
    Bucket {
        title: "GCS",
        meaning: "Use a Google Cloud Storage bucket.",
        credentials: "gcp-credentials",
        block_title: "Gcp Credentials",
        fields: &[Field::text("service_account_file"), Field::text("project")],
        block: "gcs-storage-credentials",
        push: StepKind::PushToGcs,
        pull: StepKind::PullFromGcs,
        requires: "prefect-gcp>=0.4.3",
        key: "bucket",
    },
    Bucket {
        title: "Azure Blob Storage",
        meaning: "Use an Azure Blob Storage bucket.",
        credentials: "azure-blob-storage-credentials",
        block_title: "Azure Blob Storage Credentials",
        fields: &[Field::secret("connection_string"), Field::text("account_url")],
        block: "azure-blob-storage-storage-credentials",
        push: StepKind::PushToAzure,
        pull: StepKind::PullFromAzure,
        requires: "prefect-azure[blob_storage]>=0.2.8",
        key: "container",
    },
];

/// A location from which workers can pull the code.
enum Storage {
    Git { url: String, branch: Option<String> },
    Bucket { bucket: &'static Bucket, blocks: Vec<String> },
}

impl Storage {
    fn row(&self) -> Vec<String> {
        let cells = match self {
            Self::Git { .. } => ["Git Repo", "Use a Git repository (recommended)."],
            Self::Bucket { bucket, .. } => [bucket.title, bucket.meaning],
        };
        cells.map(str::to_owned).into()
    }
}

impl<A: Ask, W: ServerLookup> Wizard<'_, A, W> {
    /// Asks for remote storage, unless the deployment already determines how workers obtain the code.
    pub(super) async fn storage(&self, draft: &mut Draft) -> Result<(), TargetError> {
        let has_pull = matches!(draft.section(self.project, Section::Pull), StepList::Steps(_));
        let push = draft.section(self.project, Section::Push);
        let is_in_image = push.items().any(|item| item.kind() == StepKind::PushDockerImage);
        if has_pull || is_in_image {
            return Ok(());
        }
        let storages = self.storages().await?;
        let question = "Your Prefect workers will need access to this flow's code in order to run it. Would you like \
                        your workers to pull your flow code from a remote storage location when running this flow?";
        if storages.is_empty() || !self.ask.confirm(question, true).await? {
            return Ok(());
        }
        let rows = storages.iter().map(Storage::row).collect();
        let row = self.ask.select(Select::new("Please select a remote code storage option.", rows)).await?;
        match row.and_then(|row| storages.into_iter().nth(row)) {
            Some(Storage::Git { url, branch }) => self.git(draft, &url, branch.as_deref()).await,
            Some(Storage::Bucket { bucket, blocks }) => self.bucket(draft, bucket, &blocks).await,
            None => Ok(()),
        }
    }

    /// Returns the available storage locations: the Git repository, and the types of object storage for which the
    /// server has a block type.
    async fn storages(&self) -> Result<Vec<Storage>, TargetError> {
        let facts = self.local.git();
        let remote = facts.as_ref().and_then(|facts| facts.remote.as_deref());
        let branch = facts.as_ref().and_then(|facts| facts.branch.clone());
        let mut storages: Vec<Storage> = remote
            .map(|url| Storage::Git { url: git::without_credentials(url), branch })
            .into_iter()
            .collect();
        for bucket in &BUCKETS {
            if let Some(blocks) = self.server.blocks(bucket.credentials).await? {
                storages.push(Storage::Bucket { bucket, blocks });
            }
        }
        Ok(storages)
    }

    async fn git(&self, draft: &mut Draft, url: &str, branch: Option<&str>) -> Result<(), TargetError> {
        let ask = self.ask;
        let question = format!("Is {url} the correct URL to pull your flow code from?");
        let url = if ask.confirm(&question, true).await? {
            url.to_owned()
        } else {
            ask.text("Please enter the URL to pull your flow code from", None).await?
        };
        let question = |branch| format!("Is {branch} the correct branch to pull your flow code from?");
        let branch = branch.unwrap_or("main");
        let branch = if ask.confirm(&question(branch), true).await? {
            branch.to_owned()
        } else {
            ask.text("Please enter the branch to pull your flow code from", Some("main")).await?
        };
        let mut clone = inputs([("repository", &url), ("branch", &branch)]);
        if ask.confirm("Is this a private repository?", false).await? {
            let block = self.token(draft).await?;
            let reference = format!("{{{{ prefect.blocks.{SECRET}.{block} }}}}");
            clone.insert("access_token".into(), reference.into());
        }
        draft.add_step(self.project, Section::Pull, StepKind::GitClone, clone);
        Ok(())
    }

    /// Returns the name of the block that stores the access token for a private repository. Prompts for the token if
    /// the block does not exist.
    async fn token(&self, draft: &mut Draft) -> Result<String, TargetError> {
        let entrypoint = draft.entrypoint().unwrap_or_default();
        let flow = self.local.flow_name(entrypoint).unwrap_or_else(|| entrypoint.to_owned());
        let name =
            format!("deployment-{}-{}-repo-token", slug(draft.name().unwrap_or_default()), slug(&flow));
        let known = self.server.blocks(SECRET).await?.unwrap_or_default();
        let is_known = known.contains(&name);
        let question =
            "We found an existing token saved for this deployment. Would you like use the existing token?";
        if !is_known || !self.ask.confirm(question, true).await? {
            let question = if is_known {
                "Please enter a token that can be used to access your private repository (this will overwrite the \
                 existing token saved via the Prefect API)."
            } else {
                "Please enter a token that can be used to access your private repository. This token will be saved as \
                 a secret via the Prefect API"
            };
            let data = vec![("value", self.ask.secret(question, true).await?)];
            draft.blocks.push(NewBlock { kind: SECRET, name: name.clone(), data });
        }
        Ok(name)
    }

    async fn bucket(&self, draft: &mut Draft, bucket: &Bucket, blocks: &[String]) -> Result<(), TargetError> {
        let ask = self.ask;
        let name = ask.text("Bucket name", None).await?;
        let folder = ask.text("Folder name", None).await?;
        let mut place = inputs([("requires", bucket.requires), (bucket.key, &name), ("folder", &folder)]);
        if let Some(block) = self.bucket_credentials(draft, bucket, blocks).await? {
            let reference = format!("{{{{ prefect.blocks.{}.{block} }}}}", bucket.credentials);
            place.insert("credentials".into(), reference.into());
        }
        draft.add_step(self.project, Section::Push, bucket.push, place.clone());
        draft.add_step(self.project, Section::Pull, bucket.pull, place);
        Ok(())
    }

    /// Asks for the credentials block of a bucket. The user can select an existing block, create a new block, or choose
    /// no block. Returns `None` if the user chooses no block.
    async fn bucket_credentials(
        &self,
        draft: &mut Draft,
        bucket: &Bucket,
        blocks: &[String],
    ) -> Result<Option<String>, TargetError> {
        let ask = self.ask;
        if !blocks.is_empty() {
            let none = vec!["None: use the default credentials of the worker's machine".to_owned()];
            let rows = blocks.iter().map(|name| vec![name.clone()]).chain([none]).collect();
            let question = format!("Select from your existing {} credential blocks", bucket.block_title);
            let select = Select::new(question, rows).or("Create a new credentials block");
            if let Some(row) = ask.select(select).await? {
                return Ok(blocks.get(row).cloned());
            }
        }
        let title = bucket.title.to_uppercase();
        ask.print_line(&format!("\nProvide details on your new {title} credentials:"));
        let data = self.block_fields(bucket.fields).await?;
        if data.is_empty() {
            ask.print_line("\nWorkers will use the credentials of their machine.\n");
            return Ok(None);
        }
        ask.print_line(&format!("\n{title} credentials specified!\n"));
        let free = |name: &str| match slug(name) {
            name if name.is_empty() => Err("Please enter a name with letters or digits".to_owned()),
            name if blocks.contains(&name) => Err(format!(
                "A '{}' block named '{name}' already exists. Please choose another name",
                bucket.block_title
            )),
            name => Ok(name),
        };
        let question = "Give a name to your new credentials block";
        let name = parsed_text(ask, question, Some(bucket.block), free).await?;
        draft.blocks.push(NewBlock { kind: bucket.credentials, name: name.clone(), data });
        Ok(Some(name))
    }
}

impl<A: Ask, W: ServerLookup> Wizard<'_, A, W> {
    /// Asks for the fields of a new block. Fields without an answer are omitted.
    async fn block_fields(&self, fields: &[Field]) -> Result<Vec<(&'static str, Secret)>, TargetError> {
        let mut data = Vec::new();
        for Field { name, is_secret } in fields {
            let question = format!("{name} (string)");
            let value = if *is_secret {
                self.ask.secret(&question, false).await?
            } else {
                Secret::new(self.ask.text(&question, Some("")).await?)
            };
            if !value.expose().is_empty() {
                data.push((*name, value));
            }
        }
        Ok(data)
    }
}

/// Converts a string to lowercase letters, digits and dashes for use in a block name.
pub(super) fn slug(text: &str) -> String {
    let dashed: String = text
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' })
        .collect();
    dashed.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}
