//! A plan as one page for a browser, which needs no other file and no network.
//!
//! The engine masks and escapes whatever the template shows, so no text of a plan is markup. Should one become it all
//! the same, the page's policy lets only the page's own script and style act.

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

/// What changes comes first, and what is lost before all else.
const ORDER: [Action; 4] = [Action::Delete, Action::Update, Action::Create, Action::Unchanged];

/// What the page has besides the plan.
pub(super) struct Surroundings<'a> {
    pub(super) links: &'a Links,
    pub(super) redactor: &'a Redactor,
    /// When the plan was made, for people.
    pub(super) made: String,
}

/// The page.
///
/// # Errors
///
/// When the template is wrong, which the tests would find.
pub(super) fn plan(plan: &Plan, with: &Surroundings<'_>) -> Result<String, Error> {
    let mut engine = Environment::new();
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    engine.set_auto_escape_callback(|_| AutoEscape::Html);
    let redactor = with.redactor.clone();
    engine.set_formatter(move |out, state, value| match value.as_str() {
        Some(text) if !value.is_safe() => escape_formatter(out, state, &Value::from(redactor.mask(text))),
        _ => escape_formatter(out, state, value),
    });
    let page = Value::from_pairs([
        ("policy", Value::from(policy())),
        ("style", Value::from_safe_string(STYLE.to_owned())),
        ("script", Value::from_safe_string(SCRIPT.to_owned())),
        ("version", Value::from(env!("CARGO_PKG_VERSION"))),
        ("made", Value::from(with.made.as_str())),
        ("view", Value::from(Serde(View::of(plan, with.links)))),
        ("graph", Value::from(Serde(Graph::of(plan, with.redactor)))),
    ]);
    engine.render_named_str("page.html", TEMPLATE, page)
}

/// Lets nothing be loaded, and nothing act but the style and the script of the page.
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
