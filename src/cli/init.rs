//! `prefectl init`.

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

    /// How workers get the flow code: local, git, docker, docker-git, s3, gcs, azure or kubernetes [default: detected]
    #[arg(long, value_name = "RECIPE")]
    pub(crate) recipe: Option<String>,

    /// Field of the recipe, such as `bucket=my-bucket`; repeatable
    #[arg(long, action = REPEATED, value_name = "KEY=VALUE")]
    pub(crate) field: Vec<String>,

    /// Schema for editors: a URL, or a path to which the schema is written [default: URL of this version's schema]
    #[arg(long, value_name = "URL|PATH")]
    pub(crate) schema: Option<String>,

    #[command(flatten)]
    pub(crate) output: super::OutputArguments,
}
