//! The sources of secrets.

mod blocks;
mod journals_and_plans;
mod settings;
mod steps;
mod variables;

use super::Source;

pub(super) fn all() -> impl Iterator<Item = &'static Source> {
    [settings::SOURCES, blocks::SOURCES, steps::SOURCES, variables::SOURCES, journals_and_plans::SOURCES]
        .into_iter()
        .flatten()
}

/// Returns a prefect.yaml with one deployment that has the additional lines `more`.
pub(super) fn project(more: &str) -> String {
    let pool = if more.contains("work_pool:") { "" } else { "  work_pool: {name: pool}\n" };
    format!("pull: []\ndeployments:\n- name: a\n  entrypoint: flow.py:hello\n{pool}{more}\n")
}
