//! The `pull_with_block` step copies the code from a storage block into the working directory.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use super::{
    Input, Kind, LocalAccess, RunFuture, Sharing, Step, StepContext, StepEntry, StepError, StepKind, inputs,
    remote_folder::{RemoteFolder, Store},
    remote_storage::RemoteUrl,
};
use crate::{
    fs::{FileError, copy_tree},
    git::{Address, Checkout, Credentials, Revision},
    progress::Progress,
    storage::ignore_file::{IgnoreFile, Lines},
    value::{Mapping, Value},
};

pub(super) const ENTRY: StepEntry = StepEntry {
    name: "prefect.deployments.steps.pull_with_block",
    aliases: &["prefect.deployments.steps.pull.pull_with_block"],
    kind: StepKind::PullWithBlock,
    section: None,
    sharing: Sharing::SameInputs,
    access: |_| LocalAccess::Writes,
    inputs: &[
        Input::required("block_document_name", Kind::Text, "name of the block"),
        Input::required(
            "block_type_slug",
            Kind::Text,
            "type of the block: local-file-system, remote-file-system, s3-bucket, gcs-bucket, azure-blob-storage-container, \
             github-repository, gitlab-repository or bitbucket-repository",
        ),
    ],
    outputs: &["directory"],
    create: |mapping| Ok(Box::new(inputs::typed::<PullWithBlock>(mapping)?)),
};

#[derive(Debug, Deserialize)]
struct PullWithBlock {
    block_document_name: String,
    block_type_slug: String,
}

/// The code location configured in the block.
#[derive(Debug, Clone, PartialEq)]
enum Source {
    Directory(PathBuf),
    RemoteFolder(RemoteFolder),
    Git { address: Address, reference: Option<String>, credentials: Option<Credentials> },
}

impl PullWithBlock {
    async fn pull(&self, context: &StepContext<'_>) -> Result<Mapping, StepError> {
        let (slug, name) = (&self.block_type_slug, &self.block_document_name);
        let reference = Value::from(format!("{{{{ prefect.blocks.{slug}.{name} }}}}"));
        let block = context.resolver.blocks(&reference).await.map_err(|error| {
            let reason =
                std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
            StepError::input("block_document_name", reason)
        })?;
        let Value::Mapping(block) = block.value else {
            return Err(StepError::failed(format!("block '{slug}/{name}' does not contain any data")));
        };
        let source = Source::new(slug, &block, context.progress)?;
        let directory = format!("{slug}-{name}");
        let target = context.directory.join(&directory);
        if target.exists() {
            fs::remove_dir_all(&target).map_err(|error| FileError::new("remove", &target, error))?;
        }
        source.copy(&target, context).await?;
        Ok(Mapping::from_iter([("directory".into(), directory.into())]))
    }
}

impl Step for PullWithBlock {
    fn run<'a>(&'a self, context: &'a mut StepContext<'_>) -> RunFuture<'a> {
        Box::pin(async move { self.pull(context).await.map(Some) })
    }
}

impl Source {
    fn new(slug: &str, block: &Mapping, progress: &dyn Progress) -> Result<Self, StepError> {
        let text = |key: &str| block.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        let required = |key: &str| {
            text(key).map(str::to_owned).ok_or_else(|| StepError::failed(format!("the block has no `{key}`")))
        };
        let mapping = |key: &str| block.get(key).and_then(Value::as_mapping).cloned().unwrap_or_default();
        let remote_folder = |store, bucket: &str, folder: &str, credentials: &str| {
            let folder = text(folder).unwrap_or_default().to_owned();
            Ok(Self::RemoteFolder(RemoteFolder {
                store,
                bucket: required(bucket)?,
                folder,
                credentials: mapping(credentials),
            }))
        };
        let git = |address: &str, credentials: &str| {
            let address =
                Address::parse(&required(address)?).map_err(|error| StepError::failed(error.to_string()))?;
            let block = mapping(credentials);
            let credentials = (!block.is_empty()).then(|| Credentials::from_block(&block)).transpose();
            let credentials = credentials.map_err(|error| StepError::failed(error.to_string()))?;
            Ok(Self::Git { address, reference: text("reference").map(str::to_owned), credentials })
        };
        match slug {
            "local-file-system" => Ok(Self::Directory(text("basepath").unwrap_or(".").into())),
            "remote-file-system" => {
                let url = required("basepath")?;
                let remote = RemoteUrl::parse(&url).map_err(StepError::failed)?;
                let settings = mapping("settings");
                remote.warn_about_ignored(&settings, progress);
                Ok(Self::RemoteFolder(remote.folder(&settings)?))
            }
            "s3-bucket" => remote_folder(Store::S3, "bucket_name", "bucket_folder", "credentials"),
            "gcs-bucket" => remote_folder(Store::Gcs, "bucket", "bucket_folder", "gcp_credentials"),
            "azure-blob-storage-container" => {
                remote_folder(Store::Azure, "container_name", "base_folder", "credentials")
            }
            "github-repository" => git("repository_url", "credentials"),
            "gitlab-repository" => git("repository", "credentials"),
            "bitbucket-repository" => git("repository", "bitbucket_credentials"),
            other => Err(StepError::input(
                "block_type_slug",
                format!(
                    "prefectl cannot pull code with a block of type '{other}', because this type is implemented in Python"
                ),
            )),
        }
    }

    async fn copy(&self, target: &Path, context: &StepContext<'_>) -> Result<(), StepError> {
        match self {
            Self::RemoteFolder(folder) => folder.pull(target, context).await,
            Self::Git { address, reference, credentials } => {
                let checkout = Checkout {
                    address,
                    credentials: credentials.as_ref(),
                    revision: reference.as_deref().map_or(Revision::Default, Revision::Named),
                    submodules: false,
                    directories: &[],
                    environment: &context.environment,
                };
                Ok(checkout.clone_or_update(&context.directory, target, context.progress).await?)
            }
            Self::Directory(path) => {
                let home = context.environment.home_directory().unwrap_or(Path::new(""));
                let path = path.strip_prefix("~").map_or_else(|_| path.clone(), |rest| home.join(rest));
                let from = context.directory.join(path);
                let ignored = IgnoreFile::read(&from.join(".prefectignore"), Lines::AsWritten)
                    .map_err(|error| StepError::failed(error.to_string()))?
                    .unwrap_or_default();
                let wanted = |relative: &Path| !ignored.ignores(relative);
                Ok(copy_tree(&from, target, &wanted)?)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        git::testing::repository,
        progress::Silent,
        secret::Redactor,
        steps::testing::TestContext,
        template::{Lookup, LookupFuture, Resolver},
    };

    /// Block source with a fixed set of blocks in the form `{slug/name: data}`.
    struct Blocks(serde_json::Value);

    impl Lookup for Blocks {
        fn block<'a>(&'a self, block_type: &'a str, document: &'a str) -> LookupFuture<'a> {
            let found = self.0.get(format!("{block_type}/{document}")).cloned();
            Box::pin(async { Ok(found) })
        }

        fn block_by_id<'a>(&'a self, _: &'a str) -> LookupFuture<'a> {
            Box::pin(async { Ok(None) })
        }

        fn variable<'a>(&'a self, _: &'a str) -> LookupFuture<'a> {
            Box::pin(async { Ok(None) })
        }
    }

    async fn run(blocks: serde_json::Value, slug: &str, directory: &Path) -> Result<Mapping, StepError> {
        let lookup = Blocks(blocks);
        let resolver = Resolver::new(&lookup, Redactor::default());
        let test = TestContext { resolver, ..TestContext::new(directory, &Silent) };
        let inputs = format!("{{block_type_slug: {slug}, block_document_name: code}}");
        let step = (ENTRY.create)(serde_yaml::from_str(&inputs).unwrap())?;
        Ok(step.run(&mut test.context()).await?.unwrap_or_default())
    }

    #[tokio::test]
    async fn copies_a_directory_without_ignored_files() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::create_dir_all(from.path().join("flows/data")).unwrap();
        for (path, text) in
            [("flows/a.py", "a"), ("flows/data/big.csv", ""), (".prefectignore", "*.csv\n.prefectignore\n")]
        {
            fs::write(from.path().join(path), text).unwrap();
        }
        std::os::unix::fs::symlink("a.py", from.path().join("flows/link.py")).unwrap();
        let old = to.path().join("local-file-system-code/old.py");
        fs::create_dir_all(old.parent().unwrap()).unwrap();
        fs::write(&old, "").unwrap();
        let blocks = serde_json::json!({"local-file-system/code": {"basepath": from.path()}});
        let outputs = run(blocks, "local-file-system", to.path()).await.unwrap();
        assert_eq!(outputs["directory"], Value::from("local-file-system-code"));
        let target = to.path().join("local-file-system-code");
        assert_eq!(fs::read_to_string(target.join("flows/a.py")).unwrap(), "a");
        assert_eq!(fs::read_link(target.join("flows/link.py")).unwrap(), Path::new("a.py"));
        for absent in ["flows/data/big.csv", ".prefectignore", "old.py"] {
            assert!(!target.join(absent).exists(), "{absent}");
        }
    }

    #[tokio::test]
    async fn does_not_copy_the_target_into_itself() {
        let to = tempfile::tempdir().unwrap();
        fs::write(to.path().join("a.py"), "a").unwrap();
        let around = format!("../{}", to.path().file_name().unwrap().display());
        for path in [".", &*around] {
            let blocks = serde_json::json!({"local-file-system/code": {"basepath": path}});
            run(blocks, "local-file-system", to.path()).await.unwrap();
            let copies = fs::read_dir(to.path().join("local-file-system-code")).unwrap();
            let copies: Vec<_> = copies.map(|entry| entry.unwrap().file_name()).collect();
            assert_eq!(copies, ["a.py"], "{path}");
        }
    }

    #[tokio::test]
    async fn clones_a_repository() {
        let (upstream, _repository) = repository("one", None);
        let to = tempfile::tempdir().unwrap();
        let url = format!("file://{}", upstream.path().display());
        let blocks =
            serde_json::json!({"github-repository/code": {"repository_url": url, "reference": "main"}});
        run(blocks, "github-repository", to.path()).await.unwrap();
        assert!(to.path().join("github-repository-code/flow.py").is_file());
    }

    #[tokio::test]
    async fn rejects_unusable_blocks() {
        let to = tempfile::tempdir().unwrap();
        for (blocks, slug, text) in [
            (serde_json::json!({}), "s3-bucket", "Block not found: 'code' of type 's3-bucket'"),
            (serde_json::json!({"smb/code": {"share_name": "x"}}), "smb", "of type 'smb'"),
            (
                serde_json::json!({"s3-bucket/code": {"bucket_folder": "x"}}),
                "s3-bucket",
                "has no `bucket_name`",
            ),
        ] {
            let error = run(blocks, slug, to.path()).await.unwrap_err().to_string();
            assert!(error.contains(text), "{slug}: {error}");
        }
    }

    #[test]
    fn reads_blocks_of_object_stores() {
        for (slug, block, store) in [
            ("s3-bucket", "{bucket_name: b, bucket_folder: f, credentials: {k: v}}", Store::S3),
            ("gcs-bucket", "{bucket: b, bucket_folder: f, gcp_credentials: {k: v}}", Store::Gcs),
            (
                "azure-blob-storage-container",
                "{container_name: b, base_folder: f, credentials: {k: v}}",
                Store::Azure,
            ),
        ] {
            let source = Source::new(slug, &serde_yaml::from_str(block).unwrap(), &Silent).unwrap();
            let credentials = Mapping::from_iter([("k".into(), "v".into())]);
            let expected = RemoteFolder { store, bucket: "b".into(), folder: "f".into(), credentials };
            assert_eq!(source, Source::RemoteFolder(expected), "{slug}");
        }
    }
}
