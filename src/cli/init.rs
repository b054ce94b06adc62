//! `prefectl init`.

use super::REPEATED;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  prefectl init
  prefectl init --recipe kubernetes --field image_name=registry.example.com/team/flows
  prefectl init --recipe s3 --field bucket=my-bucket
  prefectl init --schema prefect.schema.json")]
pub(crate) struct InitArguments {
    /// Name of the project; the folder's if not given
    #[arg(long)]
    pub(crate) name: Option<String>,

    /// How flows get to where they run: local, git, docker, docker-git, s3, gcs, azure or kubernetes
    #[arg(long, value_name = "RECIPE")]
    pub(crate) recipe: Option<String>,

    /// What the recipe needs to know, such as `bucket=my-bucket`; may be repeated
    #[arg(long, action = REPEATED, value_name = "KEY=VALUE")]
    pub(crate) field: Vec<String>,

    /// Where editors find the schema of the file: an address, or a path in this folder, to which it is written; the
    /// address of this version's schema if not given
    #[arg(long, value_name = "PLACE")]
    pub(crate) schema: Option<String>,

    #[command(flatten)]
    pub(crate) output: super::OutputArguments,
}
