//! The sources of secrets.

mod blocks;
mod left;
mod settings;
mod steps;
mod variables;

use super::Place;

pub(super) fn all() -> impl Iterator<Item = &'static Place> {
    [settings::PLACES, blocks::PLACES, steps::PLACES, variables::PLACES, left::PLACES].into_iter().flatten()
}

/// Returns a prefect.yaml with one deployment and these additional lines of it.
pub(super) fn project(more: &str) -> String {
    let pool = if more.contains("work_pool:") { "" } else { "  work_pool: {name: pool}\n" };
    format!("pull: []\ndeployments:\n- name: a\n  entrypoint: flow.py:hello\n{pool}{more}\n")
}
