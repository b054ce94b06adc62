//! Renders a plan as a self-contained HTML page.
//!
//! The template engine redacts and escapes all text from the plan, so that the text cannot add markup to the
//! page. In addition, the content security policy only allows the page's own script and style.

mod graph;
mod view;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use minijinja::{AutoEscape, Environment, Error, UndefinedBehavior, Value, escape_formatter, value::Serde};
use sha2::{Digest, Sha256};

use self::{graph::Graph, view::View};
use crate::{
    api::Links,
    plan::{Action, Plan},
    secret::Redactor,
};

const TEMPLATE: &str = include_str!("page.html");
const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// Display order of deployments: deletions first, unchanged deployments last.
const ORDER: [Action; 4] = [Action::Delete, Action::Update, Action::Create, Action::Unchanged];

/// Values that the page shows in addition to the plan.
pub(super) struct PageContext<'a> {
    pub(super) links: &'a Links,
    pub(super) redactor: &'a Redactor,
    /// Human-readable creation time of the plan.
    pub(super) created: String,
    /// The project ID, or the name of the project's directory.
    pub(super) project: String,
    /// Human-readable description of the checked-out commit.
    pub(super) commit: Option<String>,
}

/// Renders a plan as an HTML page.
///
/// # Errors
///
/// Fails if the template is invalid.
pub(super) fn plan(plan: &Plan, context: &PageContext<'_>) -> Result<String, Error> {
    let mut engine = Environment::new();
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    engine.set_auto_escape_callback(|_| AutoEscape::Html);
    let redactor = context.redactor.clone();
    engine.set_formatter(move |out, state, value| match value.as_str() {
        Some(text) if !value.is_safe() => escape_formatter(out, state, &Value::from(redactor.mask(text))),
        _ => escape_formatter(out, state, value),
    });
    let page = Value::from_pairs([
        ("policy", Value::from(policy())),
        ("style", Value::from_safe_string(STYLE.to_owned())),
        ("script", Value::from_safe_string(SCRIPT.to_owned())),
        ("version", Value::from(env!("CARGO_PKG_VERSION"))),
        ("created", Value::from(context.created.as_str())),
        ("project", Value::from(context.project.as_str())),
        ("commit", Value::from(context.commit.as_deref())),
        ("view", Value::from(Serde(View::new(plan, context.links)))),
        ("graph", Value::from(Serde(Graph::new(plan, context.redactor)))),
    ]);
    engine.render_named_str("page.html", TEMPLATE, page)
}

/// Returns a content security policy that only allows the page's own style and script.
fn policy() -> String {
    let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)));
    format!(
        "default-src 'none'; base-uri 'none'; form-action 'none'; style-src {}; script-src {}",
        hash(STYLE),
        hash(SCRIPT)
    )
}

#[cfg(test)]
mod tests;
