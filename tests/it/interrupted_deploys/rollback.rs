//! `rollback` and `deploy --resume --on-error rollback` after a deploy that was killed.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering::SeqCst},
};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::{assert_complete, kill_command, kill_process, killed_after_writes, project, state};
use crate::support::{Api, Moment, Output, Proxy, Sandbox, Verdict, assert_output};

/// A sandbox behind a proxy that kills a deploy after a given number of writes.
pub(super) struct Scene {
    pub(super) api: Api,
    pub(super) sandbox: Sandbox,
    proxy: Proxy,
    pid: Arc<AtomicU32>,
    /// Number of writes until the kill. Zero kills nothing.
    left: Arc<AtomicUsize>,
    /// Whether only the creation of the deployment `d2` counts as a write.
    creation: Arc<AtomicBool>,
    /// Whether the proxy rejects writes of deployments with version 9 and of values that contain `refused`.
    pub(super) refuses: Arc<AtomicBool>,
}

impl Scene {
    pub(super) fn new(project: &str) -> Result<Self> {
        let api = Api::from_env()?;
        let (pid, left) = (Arc::<AtomicU32>::default(), Arc::<AtomicUsize>::default());
        let (creation, refuses) = (Arc::<AtomicBool>::default(), Arc::<AtomicBool>::default());
        let (victim, countdown) = (Arc::clone(&pid), Arc::clone(&left));
        let (is_selective, refusal) = (Arc::clone(&creation), Arc::clone(&refuses));
        let proxy = Proxy::start(api.url(), move |seen, now| {
            let is_creation = seen.line == "POST /api/deployments/" && seen.body.contains("\"name\":\"d2\"");
            let counts = now == Moment::After
                && seen.write.is_some()
                // A busy server rejects a write, and the command repeats the write.
                && seen.status != Some(503)
                && countdown.load(SeqCst) > 0
                && (is_creation || !is_selective.load(SeqCst));
            if counts && countdown.fetch_sub(1, SeqCst) == 1 {
                kill_process(&victim);
            }
            let is_marked = seen.body.contains("\"version\":\"v9\"") || seen.body.contains("\"refused\"");
            let is_refused = refusal.load(SeqCst) && seen.write.is_some() && is_marked;
            if is_refused { Verdict::Refuse } else { Verdict::Pass }
        })?;
        let sandbox = api.sandbox(project)?.variable("PREFECT_API_URL", proxy.url());
        Ok(Self { api, sandbox, proxy, pid, left, creation, refuses })
    }

    /// Kills a deploy immediately after the server has completed `writes` writes. Returns whether the deploy sent all
    /// of these writes.
    pub(super) fn kill_after(&self, writes: usize) -> Result<bool> {
        self.kill_command_after("deploy --all --quiet", writes)
    }

    /// Kills a command immediately after the server has completed `writes` writes. Returns whether the command sent all
    /// of these writes.
    pub(super) fn kill_command_after(&self, line: &str, writes: usize) -> Result<bool> {
        self.pid.store(0, SeqCst);
        self.left.store(writes, SeqCst);
        kill_command(&self.sandbox, line, &self.proxy, &self.pid, || {
            while self.left.load(SeqCst) > 0 && super::is_alive(&self.pid) {
                std::thread::sleep(std::time::Duration::from_millis(2));
            }
        })?;
        Ok(self.left.swap(0, SeqCst) == 0)
    }

    pub(super) fn run(&self, line: &str) -> Result<Output> {
        self.sandbox.run(line)
    }

    fn state(&self) -> Result<Vec<Value>> {
        state(&self.api, &self.sandbox)
    }

    /// Returns the path of the journal.
    fn journal(&self) -> Result<std::path::PathBuf> {
        let folder = self.sandbox.directory().join("../home/.local/state/prefectl/deploy");
        let mut files = std::fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
        ensure!(files.len() == 1, "{files:?}");
        Ok(files.remove(0).path())
    }
}

const NOTHING: &str = "nothing to roll back";

#[test]
#[ignore = "needs services: run tests/run"]
fn restores_the_state_before_a_deploy_killed_after_any_write() -> Result<()> {
    let count = killed_after_writes();
    let scene = Scene::new(&project(count, 0))?;
    scene.run("deploy --all --quiet").and_then(Output::success)?;
    let before = scene.state()?;
    // The deploy also creates a deployment with an automation.
    scene.sandbox.file("prefect.yaml", project(count + 1, 1))?;
    for writes in 1.. {
        let reached = scene.kill_after(writes)?;
        let output = scene.run("rollback")?;
        if !reached {
            assert!(output.stderr.contains(NOTHING), "{output}");
            assert!(writes > 4 * count, "only {writes} writes");
            break;
        }
        ensure!(output.code == 0, "after write {writes}: {output}");
        assert_eq!(scene.state()?, before, "after write {writes}: {output}");
        let again = scene.run("rollback")?;
        assert!(again.code == 2 && again.stderr.contains(NOTHING), "{again}");
    }
    assert_complete(&scene.api, &scene.sandbox, count + 1, 1)
}

#[test]
#[ignore = "needs services: run tests/run"]
fn a_resumed_deploy_rolls_back_the_writes_of_the_killed_deploy() -> Result<()> {
    let scene = Scene::new(&project(3, 0))?;
    scene.run("deploy --all --quiet").and_then(Output::success)?;
    let before = scene.state()?;
    for writes in [1, 4, 7, 10] {
        scene.sandbox.file("prefect.yaml", project(5, 1))?;
        ensure!(scene.kill_after(writes)?, "fewer than {writes} writes");
        // The remaining deployments are refused.
        scene.sandbox.file("prefect.yaml", project(5, 9))?;
        scene.refuses.store(true, SeqCst);
        let output = scene.run("deploy --resume --on-error rollback --quiet")?;
        scene.refuses.store(false, SeqCst);
        ensure!(output.code == 1, "after write {writes}: {output}");
        assert_eq!(scene.state()?, before, "after write {writes}: {output}");
        let again = scene.run("rollback")?;
        assert!(again.stderr.contains(NOTHING), "{again}");
    }
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn does_not_restore_what_others_have_changed_since() -> Result<()> {
    let scene = Scene::new(&project(2, 0))?;
    scene.run("deploy --all --quiet").and_then(Output::success)?;
    let before = scene.state()?;
    scene.sandbox.file("prefect.yaml", project(3, 1))?;
    scene.creation.store(true, SeqCst);
    ensure!(scene.kill_after(1)?, "the deploy ended");
    let path = |name: &str| -> Result<String> {
        let deployment = scene.api.existing(&scene.sandbox, &format!("hello-UNIQUE/{name}"))?;
        Ok(format!("/deployments/{}", deployment["id"].as_str().context("an id")?))
    };
    let created = path("d2")?;
    scene.api.patch(&path("d0")?, &json!({"description": "Theirs"}))?;
    scene.api.patch(&created, &json!({"tags": ["theirs"]}))?;
    let output = scene.run("rollback --output json")?;
    assert_eq!(output.code, 8, "{output}");
    let document = output.json()?;
    let status = |index: usize| document["deployments"][index]["status"].clone();
    assert_eq!([status(0), status(2)], ["changed meanwhile", "changed meanwhile"]);
    assert!(["restored", "unchanged"].iter().any(|word| status(1) == *word), "{output}");
    assert_eq!(document["deployments"][0]["conflict"][0]["field"], "description", "{output}");
    assert!(output.stderr.contains("--force"), "{output}");
    assert_eq!(scene.api.existing(&scene.sandbox, "hello-UNIQUE/d0")?["description"], "Theirs");
    assert_eq!(scene.api.existing(&scene.sandbox, "hello-UNIQUE/d2")?["tags"], json!(["theirs"]));
    let output = scene.run("rollback --force --quiet")?;
    assert_output!(output, @r"
    exit 0
    --- stdout
    Deployment 'hello-UNIQUE/d0' restored.
    Deployment 'hello-UNIQUE/d1' unchanged.
    Deployment 'hello-UNIQUE/d2' deleted.
    ");
    assert_eq!(scene.state()?, before);
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn uses_only_the_intact_journal_of_the_same_deploy() -> Result<()> {
    let scene = Scene::new(&project(2, 0))?;
    let output = scene.run("rollback")?;
    assert_output!(output, @r"
    exit 2
    --- stderr
    error: nothing to roll back: the last deploy from this directory to this server is complete
    ");
    scene.run("deploy --all --quiet").and_then(Output::success)?;
    let before = scene.state()?;
    scene.sandbox.file("prefect.yaml", project(2, 1))?;
    ensure!(scene.kill_after(6)?, "the deploy ended");
    let written = scene.state()?;

    let other = [("PREFECT_API_URL", scene.api.url().to_owned())];
    let output = scene.sandbox.run_with(&other, "rollback")?;
    assert!(output.code == 2 && output.stderr.contains(NOTHING), "{output}");
    let output = scene.run("rollback --prefect-file other.yaml")?;
    assert_output!(output, @r"
    exit 2
    --- stderr
    error: the last deploy used the file prefect.yaml, not other.yaml
    help: use --prefect-file prefect.yaml
    ");
    let journal = scene.journal()?;
    let text = std::fs::read_to_string(&journal)?;
    std::fs::write(&journal, text.replace(&scene.proxy.url(), "http://other.example/api"))?;
    let output = scene.run("rollback")?;
    assert!(output.code == 2 && output.stderr.contains("is for http://other.example/api"), "{output}");
    std::fs::write(&journal, &text[..20])?;
    let output = scene.run("rollback")?;
    assert!(output.code == 1 && output.stderr.contains("is damaged"), "{output}");
    let output = scene.run("deploy --resume")?;
    assert!(output.code == 1 && output.stderr.contains("is damaged"), "{output}");
    assert_eq!(scene.state()?, written);

    // The record of the second deployment is truncated.
    let lines: Vec<&str> = text.lines().collect();
    let (first, second) = (lines[1], &lines[2][..lines[2].len() / 2]);
    std::fs::write(&journal, format!("{}\n{first}\n{second}", lines[0]))?;
    let output = scene.run("rollback")?;
    assert!(
        output.code == 3 && output.stderr.contains("the journal is truncated: 1 record is missing"),
        "{output}"
    );
    assert_eq!(scene.state()?[0], before[0]);

    std::fs::write(&journal, text)?;
    let output = scene.run("rollback").and_then(Output::success)?;
    assert!(output.stdout.contains("/d0' unchanged"), "{output}");
    assert_eq!(scene.state()?, before);
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn restores_secrets_that_the_deploy_did_not_change() -> Result<()> {
    let project = |version: &str, password: &str| {
        format!(
            "deployments:\n- name: d0\n  entrypoint: flow.py:hello\n  version: {version}\n  \
             work_pool: {{name: pool-UNIQUE, job_variables: {{env: {{API_TOKEN: {password}}}}}}}\n"
        )
    };
    let scene = Scene::new(&project("a", "hunter2"))?;
    scene.run("deploy --all --quiet").and_then(Output::success)?;
    let before = scene.state()?;
    scene.sandbox.file("prefect.yaml", project("b", "hunter2"))?;
    ensure!(scene.kill_after(1)?, "the deploy ended");
    assert!(!std::fs::read_to_string(scene.journal()?)?.contains("hunter2"));
    scene.run("rollback").and_then(Output::success)?;
    assert_eq!(scene.state()?, before);

    scene.sandbox.file("prefect.yaml", project("b", "hunter3"))?;
    ensure!(scene.kill_after(1)?, "the deploy ended");
    let output = scene.run("rollback")?;
    assert_output!(output, @r"
    exit 3
    --- stdout
    Deployment 'hello-UNIQUE/d0' restored.
    --- stderr
    error: deployment 'hello-UNIQUE/d0': the journal does not contain the secret `job_variables.env.API_TOKEN`, so it keeps the value from the deploy
    help: compare with `prefectl plan --all`, or run `prefectl deploy --resume` to complete the deploy
    ");
    let deployment = scene.api.existing(&scene.sandbox, "hello-UNIQUE/d0")?;
    assert_eq!(
        (&deployment["version"], &deployment["job_variables"]["env"]["API_TOKEN"]),
        (&json!("a"), &json!("hunter3"))
    );
    Ok(())
}

#[cfg(unix)]
#[test]
#[ignore = "needs services: run tests/run"]
fn writes_nothing_without_a_journal() -> Result<()> {
    let scene = Scene::new(&project(2, 0))?;
    let writes = scene.proxy.writes().len();
    scene.sandbox.file("occupied", "")?;
    let occupied = scene.sandbox.directory().join("occupied").display().to_string();
    // No directory can be created in a file or, even by an administrator, in `/proc`.
    for state in [occupied.as_str(), "/proc"] {
        let output =
            scene.sandbox.run_with(&[("XDG_STATE_HOME", state.to_owned())], "deploy --all --quiet")?;
        assert!(output.code == 1 && output.stderr.contains("cannot write the journal"), "{state}: {output}");
        assert!(output.stderr.contains("nothing was written"), "{state}: {output}");
    }
    // Limit the file size to zero, as on a full disk.
    let script = "trap '' XFSZ; ulimit -f 0; exec prefectl deploy --all --quiet";
    let output = scene.sandbox.bash(script, &[])?.output()?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && stderr.contains("cannot write the journal"), "{stderr}");
    // Neither a variable nor the user's account has a home directory.
    let without_home = "unset HOME; exec unshare --user --map-user=54321 prefectl";
    for command in ["deploy --all --quiet", "deploy --resume --quiet", "rollback --yes"] {
        let output = scene.sandbox.bash(&format!("{without_home} {command}"), &[])?.output()?;
        let stderr = String::from_utf8_lossy(&output.stderr);
        let is_explained =
            stderr.contains("there is no directory for the journal") && stderr.contains("HOME");
        assert!(output.status.code() == Some(1) && is_explained, "{command}: {stderr}");
    }
    assert_eq!(scene.proxy.writes().len(), writes);
    assert_eq!(scene.state()?, Vec::<Value>::new());
    // No journal is needed if nothing changes.
    scene.run("deploy --all --quiet").and_then(Output::success)?;
    let script = format!("{without_home} deploy --all --quiet");
    let output = scene.sandbox.bash(&script, &[])?.output()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
