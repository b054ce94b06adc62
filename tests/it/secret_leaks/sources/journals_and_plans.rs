//! Secrets in files and output of commands: journals, plans, events, and machine-readable output.

use anyhow::Result;
use serde_json::json;

use super::{
    super::{Proof, Scene, Shape, Source, source},
    project,
};
use crate::support::{Fault, FaultPlan};

/// Every write fails, so the journal remains.
const LEAVES_A_JOURNAL: &[&str] = &["deploy --all --output json", "deploy --resume", "deploy --all"];
const PLANS: &[&str] =
    &["plan --all --output json", "plan --all --output markdown", "plan --all --out plan.json", "plan --all"];
const EVENTS: &[&str] = &["deploy --all --events jsonl", "deploy --all --events jsonl --force"];

/// Adds a job variable with a secret from a block.
fn block(scene: Scene, secret: &str) -> Result<Scene> {
    scene.server.change(|server| {
        server.blocks.insert("secret/canary".to_owned(), json!({"value": secret}));
    });
    let text = "  description: '{{ prefect.blocks.secret.canary }}'\n  \
                work_pool: {name: pool, job_variables: {env: {A: '{{ prefect.blocks.secret.canary }}'}}}";
    scene.file("prefect.yaml", &project(text))
}

/// Deploys the secret, then changes its value in the file.
fn deployed(scene: Scene, secret: &str) -> Result<Scene> {
    let scene = block(scene, secret)?;
    scene.sandbox.run("deploy --all")?.success()?;
    let text = "  description: new\n  work_pool: {name: pool, job_variables: {env: {A: b}}}\n  tags: [a]";
    Ok(scene.file("prefect.yaml", &project(text))?.variable("DEPLOY_TOKEN", secret))
}

/// Makes the server respond to reads, and drop the connection on writes.
fn writes_fail(scene: Scene) -> Result<Scene> {
    scene.server.fail(None);
    scene.sandbox.run("plan --all")?.success()?;
    let at = scene.server.requests().len() + 1;
    scene.server.fail(Some(FaultPlan { fault: Fault::Status(500), at, lasting: true }));
    Ok(scene)
}

pub(super) const SOURCES: &[Source] = &[
    source(
        "a block in the journal of a deploy",
        (Shape::Odd, Proof::Journaled),
        LEAVES_A_JOURNAL,
        |scene, secret| writes_fail(block(scene, secret)?),
    ),
    source(
        "what was before in the journal",
        (Shape::Odd, Proof::Journaled),
        LEAVES_A_JOURNAL,
        |scene, secret| writes_fail(deployed(scene, secret)?),
    ),
    source("a block in a plan", (Shape::Odd, Proof::Kept), PLANS, block),
    source("a block of several lines in a plan", (Shape::Lines, Proof::Kept), PLANS, block),
    source("what was before in a plan", (Shape::Plain, Proof::Sent), PLANS, deployed),
    source(
        "a block in a plan that is carried out",
        (Shape::Plain, Proof::Sent),
        &["plan --all --out plan.json", "deploy --all --plan plan.json --output json"],
        block,
    ),
    source("a block in events", (Shape::Odd, Proof::Sent), EVENTS, block),
    source(
        "a variable that a script prints into events",
        (Shape::Plain, Proof::Witnessed),
        EVENTS,
        |scene, secret| {
            let step = "  build:\n  - prefect.deployments.steps.run_shell_script:\n      shell: true\n      \
                    script: 'echo $DEPLOY_TOKEN | tee ../witness; echo $DEPLOY_TOKEN >&2'";
            scene.variable("DEPLOY_TOKEN", secret).file("prefect.yaml", &project(step))
        },
    ),
    source(
        "a key that the server repeats into events",
        (Shape::Plain, Proof::Refused),
        EVENTS,
        |scene, secret| {
            scene.server.fail(Some(FaultPlan { fault: Fault::Echo, at: 0, lasting: true }));
            Ok(scene.variable("PREFECT_API_KEY", secret))
        },
    ),
    source(
        "a block in what is rendered",
        (Shape::Odd, Proof::Kept),
        &[
            "render --all",
            "render --all --output json",
            "render --all --explain",
            "render --all --explain --output json",
        ],
        block,
    ),
    source(
        "a block in what is drifted",
        (Shape::Plain, Proof::Refused),
        &["drift --output json", "drift"],
        deployed,
    ),
    source(
        "a variable in reports for other programs",
        (Shape::Plain, Proof::Refused),
        &[
            "check --output json",
            "check --output sarif",
            "check --output github",
            "check",
            "deploy --all --output json",
        ],
        |scene, secret| {
            let scene = scene.variable("DEPLOY_TOKEN", secret).variable("GITHUB_ACTIONS", "true");
            scene.file("prefect.yaml", &project("  parameters: {times: '{{ $DEPLOY_TOKEN }}'}"))
        },
    ),
    source(
        "a key with a backtrace asked for",
        (Shape::Plain, Proof::Refused),
        &["deploy --all", "doctor --output json", "work-pool ls"],
        |scene, secret| {
            scene.server.fail(Some(FaultPlan { fault: Fault::Deep, at: 0, lasting: true }));
            let scene = scene.variable("PREFECT_API_KEY", secret).variable("RUST_LOG", "trace");
            Ok(scene.variable("PREFECT_LOGGING_LEVEL", "DEBUG").variable("PREFECT_DEBUG_MODE", "1"))
        },
    ),
];
