//! Secrets in environment variables whose names mark them as secret.

use anyhow::Result;

use super::{
    super::{Proof, Scene, Shape, Source, source},
    project,
};

const BOTH: &[&str] = &["plan --all --output html", "deploy --all --output json", "deploy --all"];

fn variable(scene: Scene, secret: &str, more: &str) -> Result<Scene> {
    scene.variable("DEPLOY_TOKEN", secret).file("prefect.yaml", &project(more))
}

fn script(scene: Scene, secret: &str, inputs: &str) -> Result<Scene> {
    let step = "  build:\n  - prefect.deployments.steps.run_shell_script:\n      ";
    variable(scene, secret, &format!("{step}{inputs}"))
}

pub(super) const SOURCES: &[Source] = &[
    source("a variable in a job variable", (Shape::Odd, Proof::Sent), BOTH, |scene, secret| {
        let text = "  work_pool: {name: pool, job_variables: {env: {A: '{{ $DEPLOY_TOKEN }}'}}}";
        variable(scene, secret, text)
    }),
    source("a variable in an expression", (Shape::Odd, Proof::Sent), BOTH, |scene, secret| {
        variable(scene, secret, "  description: << env.DEPLOY_TOKEN >>")
    }),
    source(
        "a variable in an expression that fails",
        (Shape::Plain, Proof::Refused),
        BOTH,
        |scene, secret| variable(scene, secret, "  concurrency_limit: << env.DEPLOY_TOKEN * 2 >>"),
    ),
    source(
        "a variable that a script prints",
        (Shape::Plain, Proof::Witnessed),
        &["deploy --all --output json", "deploy --all", "steps run --build -n a"],
        |scene, secret| {
            let inputs =
                "shell: true\n      script: 'echo $DEPLOY_TOKEN | tee ../witness; echo $DEPLOY_TOKEN >&2'";
            script(scene, secret, inputs)
        },
    ),
    source(
        "a variable in the line of a script that fails",
        (Shape::Plain, Proof::Refused),
        BOTH,
        |scene, secret| {
            script(scene, secret, "expand_env_vars: true\n      script: sh -c 'exit 1' $DEPLOY_TOKEN")
        },
    ),
    source(
        "a variable in the parameters of a run",
        (Shape::Plain, Proof::Refused),
        &["deployment run hello/none --param times=CANARY"],
        |scene, secret| Ok(scene.variable("DEPLOY_TOKEN", secret)),
    ),
];
