//! Arguments of `prefectl preview`.

use clap::Subcommand;
use jiff::{SignedDuration, Span, SpanRelativeTo};

use super::{ConsentArguments, OutputArguments};
use crate::deployment::PreviewName;

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum PreviewCommand {
    /// List the previews of a project
    #[command(after_help = "Example:
  prefectl preview ls")]
    Ls {
        #[command(flatten)]
        project: PreviewProject,

        #[command(flatten)]
        output: OutputArguments,
    },

    /// Delete the deployments of a preview
    ///
    /// Deletes only deployments that `deploy --preview` has recorded and that have the tag `preview:NAME`,
    /// including their automations.
    #[command(after_help = "Example:
  prefectl preview delete pr-123 --yes")]
    Delete {
        /// Name of the preview
        name: PreviewName,

        /// Succeed if the preview does not exist
        #[arg(long)]
        ignore_missing: bool,

        #[command(flatten)]
        consent: ConsentArguments,

        #[command(flatten)]
        project: PreviewProject,

        #[command(flatten)]
        output: OutputArguments,
    },

    /// Delete previews of a project that have not been deployed for some time
    #[command(after_help = "Example:
  prefectl preview prune --older-than 7d --yes")]
    Prune {
        /// Minimum time since the last deploy of a preview, such as `7d` or `36h`
        #[arg(long, value_name = "AGE", value_parser = age)]
        older_than: SignedDuration,

        #[command(flatten)]
        consent: ConsentArguments,

        #[command(flatten)]
        project: PreviewProject,

        #[command(flatten)]
        output: OutputArguments,
    },
}

// The project of the previews.
#[derive(Debug, clap::Args)]
pub(crate) struct PreviewProject {
    /// ID of the project that deployed the previews [setting: `prefectl.project`, `PREFECTL_PROJECT`]
    #[arg(long = "project", value_name = "ID")]
    pub(crate) id: Option<String>,
}

/// The error for a string that is not an age.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a duration such as `7d`, `36h` or `2w`")]
struct InvalidAge;

/// Parses an age in weeks, days, hours, minutes or seconds. A day has 24 hours.
fn age(text: &str) -> Result<SignedDuration, InvalidAge> {
    let span: Span = text.trim().parse().map_err(|_| InvalidAge)?;
    let age = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| InvalidAge)?;
    if age.is_negative() { Err(InvalidAge) } else { Ok(age) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_ages() {
        for (text, hours) in [("7d", 168), ("36h", 36), ("2w", 336), ("1d 12h", 36), ("PT1H", 1), ("0d", 0)] {
            assert_eq!(age(text), Ok(SignedDuration::from_hours(hours)), "{text}");
        }
        for text in ["", "7", "d", "-1d", "1 month", "7 parsecs"] {
            assert_eq!(age(text), Err(InvalidAge), "{text}");
        }
    }
}
