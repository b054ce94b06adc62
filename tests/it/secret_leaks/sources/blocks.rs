//! Secrets in blocks that a project refers to.

use anyhow::Result;
use serde_json::{Value, json};

use super::{
    super::{Proof, Scene, Shape, Source, source},
    project,
};

const BOTH: &[&str] = &["plan --all --output html", "deploy --all --output json", "deploy --all"];

/// Adds a block, and a deployment with the additional lines `more`.
fn block(scene: Scene, data: Value, more: &str) -> Result<Scene> {
    scene.server.change(|server| {
        server.blocks.insert("secret/canary".to_owned(), data);
    });
    scene.file("prefect.yaml", &project(&more.replace("BLOCK", "{{ prefect.blocks.secret.canary }}")))
}

fn secret_block(scene: Scene, secret: &str, more: &str) -> Result<Scene> {
    block(scene, json!({"value": secret}), more)
}

const IN_JOB_VARIABLE: &str = "  work_pool: {name: pool, job_variables: {env: {A: 'BLOCK'}}}";

pub(super) const SOURCES: &[Source] = &[
    source(
        "a block in a job variable",
        (Shape::Odd, Proof::Sent),
        &["deploy --all --output json", "deploy --all", "deploy --all --force", "check"],
        |scene, secret| secret_block(scene, secret, IN_JOB_VARIABLE),
    ),
    source("a block of several lines", (Shape::Lines, Proof::Sent), BOTH, |scene, secret| {
        secret_block(scene, secret, IN_JOB_VARIABLE)
    }),
    source("a number in a block", (Shape::Number, Proof::Sent), BOTH, |scene, secret| {
        let number: u64 = secret.parse()?;
        block(scene, json!({"value": number}), IN_JOB_VARIABLE)
    }),
    source("a field of a block", (Shape::Odd, Proof::Sent), BOTH, |scene, secret| {
        let text = IN_JOB_VARIABLE.replace("BLOCK", "{{ prefect.blocks.secret.canary.inner.key }}");
        block(scene, json!({"inner": {"key": secret}, "other": 1}), &text)
    }),
    source("a whole block", (Shape::Odd, Proof::Sent), BOTH, |scene, secret| {
        block(scene, json!({"a": 1, "b": {"c": [secret]}}), IN_JOB_VARIABLE)
    }),
    source("a block in the description", (Shape::Plain, Proof::Sent), BOTH, |scene, secret| {
        secret_block(scene, secret, "  description: 'uses BLOCK'")
    }),
    source("a block in a parameter", (Shape::Odd, Proof::Sent), BOTH, |scene, secret| {
        secret_block(scene, secret, "  parameters: {name: 'BLOCK'}")
    }),
    source("a block in a parameter of another type", (Shape::Odd, Proof::Refused), BOTH, |scene, secret| {
        secret_block(scene, secret, "  parameters: {times: 'BLOCK'}")
    }),
    source("a block in the name of the pool", (Shape::Plain, Proof::Refused), BOTH, |scene, secret| {
        secret_block(scene, secret, "  work_pool: {name: 'pool-BLOCK'}")
    }),
    source("a block in a schedule", (Shape::Odd, Proof::Refused), BOTH, |scene, secret| {
        secret_block(scene, secret, "  schedules: [{cron: 'BLOCK'}]")
    }),
    source("a block in a number", (Shape::Plain, Proof::Refused), BOTH, |scene, secret| {
        secret_block(scene, secret, "  concurrency_limit: 'BLOCK'")
    }),
    source(
        "a block in the variables of a script",
        (Shape::Odd, Proof::Witnessed),
        &["deploy --all --output json", "deploy --all", "steps run --build -n a"],
        |scene, secret| script(scene, secret, "script: sh tell.sh\n      env: {TOKEN: 'BLOCK'}", ""),
    ),
    source("a block in the words of a script", (Shape::Plain, Proof::Witnessed), BOTH, |scene, secret| {
        script(scene, secret, "script: sh tell.sh BLOCK", "")
    }),
    source("a block in a script that fails", (Shape::Plain, Proof::Witnessed), BOTH, |scene, secret| {
        script(scene, secret, "script: sh tell.sh BLOCK", "exit 3\n")
    }),
    source("a block as the program of a script", (Shape::Plain, Proof::Refused), BOTH, |scene, secret| {
        script(scene, secret, "script: 'BLOCK --now'", "")
    }),
    source(
        "a block that one step gives to another",
        (Shape::Plain, Proof::Witnessed),
        BOTH,
        |scene, secret| {
            let second = "\n  - prefect.deployments.steps.run_shell_script:\n      \
                      script: sh tell.sh {{ first.stdout }}";
            script(scene, secret, &format!("script: echo BLOCK\n      id: first{second}"), "")
        },
    ),
    source("a block in the name of an image", (Shape::Odd, Proof::Refused), BOTH, |scene, secret| {
        let step = "  build:\n  - prefect_docker.deployments.steps.build_docker_image:\n      \
                    dockerfile: auto\n      image_name: 'BLOCK'";
        secret_block(scene, secret, step)
    }),
];

/// Adds a deployment whose build step runs a script with the given inputs. `tell.sh` prints its arguments, writes them
/// to `witness`, and then runs `end`.
fn script(scene: Scene, secret: &str, inputs: &str, end: &str) -> Result<Scene> {
    const TELL: &str =
        "told=$TOKEN$1\nprintf %s \"$told\" > ../witness\necho \"$told\"\necho \"$told\" >&2\n";
    scene.sandbox.file("tell.sh", format!("{TELL}{end}"))?;
    let step = format!("  build:\n  - prefect.deployments.steps.run_shell_script:\n      {inputs}");
    secret_block(scene, secret, &step)
}
