//! Arguments of `prefectl init`.

use super::REPEATED;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  prefectl init
  prefectl init --recipe kubernetes --field image_name=registry.example.com/team/flows
  prefectl init --recipe s3 --field bucket=my-bucket
  prefectl init --schema prefect.schema.json")]
pub(crate) struct InitArguments {
    /// Name of the project [default: the directory's name]
    #[arg(long)]
    pub(crate) name: Option<String>,

    /// How workers obtain the flow's code: local, git, docker, docker-git, s3, gcs, azure, docker-s3,
    /// docker-gcs, docker-azure or kubernetes [default: detected]
    #[arg(long, value_name = "RECIPE")]
    pub(crate) recipe: Option<String>,

    /// Value for a field of the recipe, such as `bucket=my-bucket`; repeatable
    #[arg(long, short, action = REPEATED, value_name = "KEY=VALUE")]
    pub(crate) field: Vec<String>,

    /// Schema for editors: a URL, or the path of a file to write [default: URL of the schema for this
    /// version]
    #[arg(long, value_name = "URL|PATH")]
    pub(crate) schema: Option<String>,

    #[command(flatten)]
    pub(crate) output: super::OutputArguments,
}
