//! Secrets of declared blocks must not leak on a real server, even if a deploy fails or is rolled back.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use anyhow::{Context as _, Result, ensure};

use super::{Shape, files_with, shows};
use crate::support::{Api, Moment, Proxy, Sandbox, Verdict};

const PROJECT: &str = r#"
prefectl:
  blocks:
  - {type: secret, name: env-UNIQUE, value_from: env:TOKEN}
  - {type: secret, name: file-UNIQUE, value_from: "file:FILE"}
  - type: webhook
    name: hook-UNIQUE
    values: {method: POST}
    value_from: {url: env:HOOK, headers: {Authorization: env:TOKEN}}
  automations:
  - name: notify-UNIQUE
    description: "1"
    trigger: {type: event, expect: [load.finished]}
    actions: [{type: call-webhook, block: webhook/hook-UNIQUE, payload: done}]
build:
- prefect.deployments.steps.run_shell_script:
    script: bash -c 'echo $T'
    env: {T: "{{ prefect.blocks.secret.env-UNIQUE }}"}
pull:
- prefect.deployments.steps.git_clone:
    repository: https://localhost/x.git
    access_token: "{{ prefect.blocks.secret.file-UNIQUE }}"
deployments:
- name: a
  entrypoint: flow.py:hello
  work_pool: {name: pool-UNIQUE}
"#;

/// A project whose automations cannot be written while `fails` is set.
struct Scene {
    api: Api,
    sandbox: Sandbox,
    fails: Arc<AtomicBool>,
    secrets: Vec<String>,
}

impl Scene {
    fn new() -> Result<Self> {
        let api = Api::from_env()?;
        let fails = Arc::new(AtomicBool::new(false));
        let is_failing = Arc::clone(&fails);
        let proxy = Proxy::start(api.url(), move |seen, moment| {
            let is_write = ["POST", "PUT"].iter().any(|method| {
                seen.line.starts_with(&format!("{method} /api/automations/")) && !seen.line.contains("filter")
            });
            let refuses = moment == Moment::Before && is_write && is_failing.load(Ordering::Relaxed);
            if refuses { Verdict::Refuse } else { Verdict::Pass }
        })?;
        let sandbox =
            Sandbox::for_project(&proxy.url(), PROJECT)?.variable("PREFECT_CLIENT_MAX_RETRIES", "3");
        let file = sandbox.directory().join("../secret").to_string_lossy().into_owned();
        sandbox.file("prefect.yaml", PROJECT.replace("FILE", &file))?;
        sandbox.run("work-pool create pool-UNIQUE --type process")?.success()?;
        Ok(Self { api, sandbox, fails, secrets: Vec::new() })
    }

    /// Replaces all secrets.
    fn rotate(&mut self) -> Result<()> {
        for shape in [Shape::Odd, Shape::Plain, Shape::Plain] {
            self.secrets.push(shape.secret(self.secrets.len()));
        }
        let [.., file] = &self.secrets[..] else { return Ok(()) };
        std::fs::write(self.sandbox.directory().join("../secret"), file)?;
        Ok(())
    }

    /// Runs a command with the newest secrets. No secret may be in its output.
    fn run(&self, line: &str, is_expected: impl Fn(i32) -> bool) -> Result<()> {
        let [.., token, hook, _] = &self.secrets[..] else { return Ok(()) };
        let variables = [("TOKEN", token.clone()), ("HOOK", format!("https://localhost/{hook}"))];
        let output = self.sandbox.run_with(&variables, line)?;
        for secret in &self.secrets {
            for (stream, text) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
                ensure!(!shows(text, secret), "{line}: {stream} contains {secret}:\n{text}");
            }
        }
        ensure!(is_expected(output.code), "{line}: {output}");
        Ok(())
    }

    fn fail_on_automations(&self, fails: bool) {
        self.fails.store(fails, Ordering::Relaxed);
    }

    /// Asserts that only the secret's source contains the secret.
    fn check_files(&self) -> Result<()> {
        let root = self.sandbox.directory().join("..");
        let source = root.join("secret").canonicalize()?;
        for secret in &self.secrets {
            let found = files_with(&root, secret)?;
            let stranger = found.iter().find(|file| **file != source);
            ensure!(stranger.is_none(), "{secret} is in {stranger:?}");
        }
        Ok(())
    }
}

#[test]
#[ignore = "needs services: run tests/run"]
fn leaks_no_secret_of_declared_blocks() -> Result<()> {
    let mut scene = Scene::new()?;
    scene.rotate()?;
    let (succeeds, fails) = (|code: i32| code == 0, |code: i32| code != 0);
    for line in
        ["check", "render --all", "plan --all", "plan --all --output json", "plan --all --out plan.json"]
    {
        scene.run(&format!("{line} --verbose"), succeeds)?;
    }
    scene.fail_on_automations(true);
    scene.run("deploy --all --verbose --output json --events jsonl", fails)?;
    scene.check_files()?;
    scene.run("rollback --verbose", |_| true)?;
    scene.check_files()?;
    scene.fail_on_automations(false);
    scene.run("deploy --all --verbose --events jsonl", succeeds)?;
    let path =
        scene.sandbox.unique("/block_types/slug/secret/block_documents/name/env-UNIQUE?include_secrets=true");
    let live = scene.api.get(&path)?.context("no block")?;
    ensure!(live["data"]["value"] == scene.secrets[0], "{live}");
    scene.run("drift --all --verbose", succeeds)?;
    scene.run("drift --all --output json --verbose", succeeds)?;
    scene.run("export --resources --verbose", succeeds)?;
    scene.run("export --resources --out exported.yaml --verbose", succeeds)?;

    scene.rotate()?;
    let changed = scene.sandbox.read("prefect.yaml")?.replace("description: \"1\"", "description: \"2\"");
    scene.sandbox.file("prefect.yaml", changed)?;
    scene.run("drift --all --output json --verbose", |code| code == 10)?;
    scene.run("plan --all --out rotated.json --verbose", succeeds)?;
    scene.fail_on_automations(true);
    scene.run("deploy --all --on-error rollback --verbose --events jsonl", fails)?;
    scene.run("deploy --plan rotated.json --verbose", fails)?;
    scene.check_files()?;
    scene.run("rollback --verbose", |_| true)?;
    scene.fail_on_automations(false);
    scene.run("deploy --all --verbose --output json", succeeds)?;
    scene.check_files()
}
