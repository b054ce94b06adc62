//! Tests of `git_clone` with the real Git and a Git server on loopback.

use std::os::unix::fs::PermissionsExt;

use anyhow::{Context as _, Result};
use serde_json::json;

use crate::support::{Api, FLOWS, GIT_PASSWORD, GIT_USER, GitServer, Sandbox, assert_output};

/// Returns a project whose only build step clones a repository.
fn project(inputs: &str) -> String {
    format!(
        "build:
- prefect.deployments.steps.git_clone:
    id: clone
    {}
pull: []
deployments:
- {{name: one, entrypoint: 'flow.py:hello', work_pool: {{name: pool}}}}
",
        inputs.trim().replace('\n', "\n    ")
    )
}

fn sandbox(inputs: &str) -> Result<Sandbox> {
    let sandbox = Sandbox::new()?.variable("USER_NAME", GIT_USER).variable("PASSWORD", GIT_PASSWORD);
    sandbox.file("prefect.yaml", project(inputs))?;
    Ok(sandbox)
}

const BUILD: &str = "steps run --build -n one --output json";

/// Prepends a `git` wrapper to PATH. The wrapper records its arguments in the file `arguments` of the project.
fn spied_on(sandbox: Sandbox) -> Result<Sandbox> {
    let path = std::env::var("PATH")?;
    let folder = sandbox.directory().join("bin");
    let spy = format!(
        "#!/bin/sh\nprintf '%s\\n' \"$@\" >>'{}/arguments'\nPATH='{path}' exec git \"$@\"\n",
        sandbox.directory().display()
    );
    sandbox.file("bin/git", spy)?;
    std::fs::set_permissions(folder.join("git"), std::fs::Permissions::from_mode(0o755))?;
    Ok(sandbox.variable("PATH", format!("{}:{path}", folder.display())))
}

#[test]
fn clones_a_private_repository_and_stores_no_token() -> Result<()> {
    let server = GitServer::start()?;
    server.repository("private/flows", &[("flow.py", "one")])?;
    let url = server.url("private/flows");
    let block = "credentials: {username: '{{ $USER_NAME }}', password: '{{ $PASSWORD }}'}";
    for secret in [block, "access_token: '{{ $USER_NAME }}:{{ $PASSWORD }}'"] {
        let sandbox =
            spied_on(sandbox(&format!("repository: {url}\nclone_directory_name: flows\n{secret}"))?)?;
        let output = sandbox.run(BUILD)?.success()?;
        assert_eq!(output.json()?["deployments"][0]["outputs"]["clone"], json!({"directory": "flows"}));
        assert_eq!(sandbox.read("flows/flow.py")?, "one");
        let config = sandbox.read("flows/.git/config")?;
        let arguments = sandbox.read("arguments")?;
        assert!(arguments.contains("clone"), "{arguments}");
        for text in [&output.stdout, &output.stderr, &config, &arguments] {
            assert!(!text.contains(GIT_PASSWORD), "{text}");
        }
    }
    Ok(())
}

#[test]
fn waits_while_another_process_uses_the_clone() -> Result<()> {
    let server = GitServer::start()?;
    server.repository("private/flows", &[("flow.py", "one")])?;
    let url = server.url("private/flows");
    let credentials = "credentials: {username: '{{ $USER_NAME }}', password: '{{ $PASSWORD }}'}";
    let sandbox = sandbox(&format!("repository: {url}\nclone_directory_name: flows\n{credentials}"))?;
    let processes = (0..4).map(|_| sandbox.spawn(BUILD)).collect::<Result<Vec<_>>>()?;
    for process in processes {
        let output = process.wait_with_output()?;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(sandbox.read("flows/flow.py")?, "one");
    assert!(!sandbox.directory().join("flows.lock").exists());
    Ok(())
}

#[test]
fn passes_no_password_in_git_arguments() -> Result<()> {
    let server = GitServer::start()?;
    server.repository("private/flows", &[("flow.py", "one")])?;
    let encoded = GIT_PASSWORD.replace('%', "%25").replace('~', "%7E");
    let url = server.url("private/flows").replace("http://", &format!("http://{GIT_USER}:{encoded}@"));
    let sandbox = spied_on(sandbox(&format!("repository: '{url}'\nclone_directory_name: flows"))?)?;
    let output = sandbox.run(BUILD)?.success()?;
    assert_eq!(sandbox.read("flows/flow.py")?, "one");
    let texts = [output.stderr, sandbox.read("flows/.git/config")?, sandbox.read("arguments")?];
    for text in texts {
        assert!(!text.contains(GIT_PASSWORD) && !text.contains(&encoded), "{text}");
    }
    Ok(())
}

#[test]
fn rejected_token_fails_without_a_prompt() -> Result<()> {
    let server = GitServer::start()?;
    server.repository("private/flows", &[("flow.py", "one")])?;
    let url = server.url("private/flows");
    let sandbox =
        sandbox(&format!("repository: {url}\nclone_directory_name: flows\naccess_token: 'wrong-token-1'"))?;
    let output = sandbox.run("steps run --build -n one --quiet")?;
    assert_output!(output, @r#"
    exit 7
    --- stderr
    error[step-failed]: Encountered error while running prefect.deployments.steps.git_clone: Failed to clone repository 'http://127.0.0.1:[PORT]/private/flows/.git' with exit code 128. git stderr: Cloning into '[PROJECT]/flows'... | fatal: Authentication failed for 'http://127.0.0.1:[PORT]/private/flows/.git/'
     --> prefect.yaml:3:5
      |
    3 |     id: clone
      |     ^^^^^^^^^
    help: check that your credentials or access token are correct and have not expired
    error: a step failed; nothing was registered
    "#);
    // Without credentials, Git fails and does not prompt.
    sandbox.file("prefect.yaml", project(&format!("repository: {url}\nclone_directory_name: flows")))?;
    let output = sandbox.run("steps run --build -n one --quiet")?;
    assert_eq!(output.code, 7);
    assert!(output.stderr.contains("set `access_token` or `credentials`"), "{output}");
    Ok(())
}

#[test]
fn clones_submodules_with_the_same_token_also_at_a_commit() -> Result<()> {
    let server = GitServer::start()?;
    let inner = server.repository("private/inner", &[("inner.py", "inner")])?.git(&["rev-parse", "HEAD"])?;
    let modules = format!("[submodule \"inner\"]\n\tpath = inner\n\turl = {}\n", server.url("private/inner"));
    let outer = server.repository("private/outer", &[("flow.py", "one"), (".gitmodules", &modules)])?;
    outer.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{inner},inner")])?;
    outer.git(&["commit", "--quiet", "--message", "a submodule"])?;
    let commit = outer.git(&["rev-parse", "HEAD"])?;
    outer.git(&["rm", "--quiet", "--cached", "inner", ".gitmodules"])?;
    outer.git(&["commit", "--quiet", "--message", "without it"])?;

    let url = server.url("private/outer");
    let secret = "credentials: {username: '{{ $USER_NAME }}', token: '{{ $PASSWORD }}'}";
    for (revision, has_inner) in
        [(format!("commit_sha: '{commit}'"), true), ("branch: main".to_owned(), false)]
    {
        let inputs = format!(
            "repository: {url}\nclone_directory_name: o\ninclude_submodules: true\n{revision}\n{secret}"
        );
        let sandbox = sandbox(&inputs)?;
        sandbox.run(BUILD)?.success()?;
        assert_eq!(sandbox.read("o/inner/inner.py").is_ok(), has_inner, "{revision}");
    }
    Ok(())
}

/// Runs pull steps as a worker would: in an empty directory, with the stored steps.
#[test]
fn pull_verifies_the_flow_or_reports_what_is_missing() -> Result<()> {
    const PROJECT: &str = "
pull:
- prefect.deployments.steps.git_clone:
    id: clone
    repository: URL
    clone_directory_name: flows
- prefect.deployments.steps.run_shell_script:
    script: echo as a worker
    directory: '{{ clone.directory }}'
deployments:
- {name: one, entrypoint: 'flow.py:hello', work_pool: {name: pool}}
";
    let server = GitServer::start()?;
    let sandbox = Sandbox::new()?;
    let repository = server.repository("flows", &[("README.md", "")])?;
    sandbox.file("prefect.yaml", PROJECT.replace("URL", &server.url("flows")))?;

    let output = sandbox.run("steps run --pull -n one --quiet")?;
    assert_output!(output, @r#"
    exit 1
    --- stderr
    error[pulled-code]: deployment 'hello-UNIQUE/one': the pull steps do not fetch the entrypoint 'flow.py:hello': file 'flow.py' does not exist
    help: the directory where the flow would start contains .git, README.md
    error: nothing was registered
    "#);

    repository.commit(&[("flow.py", &sandbox.unique(FLOWS))])?;
    let output = sandbox.run("steps run --pull -n one --output json")?.success()?;
    assert!(output.stderr.contains("as a worker") && !output.stderr.contains("warning"), "{output}");
    let pull = output.json()?["deployments"][0]["pull"].take();
    assert_eq!(
        (&pull["status"], &pull["flow"]),
        (&json!("verified"), &json!(sandbox.unique("hello-UNIQUE")))
    );
    assert_eq!(pull["outputs"]["clone"], json!({"directory": "flows"}));
    let directory = pull["directory"].as_str().context("a directory")?;
    assert!(!std::path::Path::new(directory).exists(), "{directory} stays");

    sandbox.file("flow.py", FLOWS.replace("Greets", "Greets and bows"))?;
    let output = sandbox.run("steps run --pull -n one --into pulled")?.success()?;
    assert!(output.stderr.contains("warning[pulled-code-differs]"), "{output}");
    assert!(sandbox.read("pulled/flows/flow.py")?.contains("Greets."));
    let again = sandbox.run("steps run --pull -n one --into pulled")?;
    assert!(again.code == 1 && again.stderr.contains("is not empty"), "{again}");
    Ok(())
}

/// A deployment whose code a worker clones.
const CLONED: &str = "
pull:
- prefect.deployments.steps.git_clone:
    repository: URL
    clone_directory_name: flows
deployments:
- {name: one, entrypoint: 'flow.py:hello', work_pool: {name: pool-UNIQUE}}
- {name: two, entrypoint: 'flow.py:goodbye', work_pool: {name: pool-UNIQUE}}
";

#[test]
#[ignore = "needs services: run tests/run"]
fn rejects_code_that_workers_would_not_find() -> Result<()> {
    let api = Api::from_env()?;
    let server = GitServer::start()?;
    let repository = server.repository("flows", &[("README.md", "")])?;
    let sandbox = api.sandbox(&CLONED.replace("URL", &server.url("flows")))?;
    let output = sandbox.run("deploy --all --verify-pull --quiet")?;
    assert_eq!(output.code, 1, "{output}");
    assert_eq!(output.stderr.matches("error[pulled-code]").count(), 2, "{output}");
    assert_eq!(api.registered(&sandbox)?, [""; 0]);

    repository.commit(&[("flow.py", &sandbox.unique(FLOWS))])?;
    let output = sandbox.run("deploy --all --verify-pull")?.success()?;
    assert_eq!(output.stderr.matches("Cloning ").count(), 1, "{output}");
    std::fs::remove_file(sandbox.directory().join("prefect.yaml"))?;
    let output = sandbox.run("steps run --stored -n hello-UNIQUE/one --output json")?.success()?;
    assert_eq!(output.json()?["deployments"][0]["pull"]["status"], "verified");
    let missing = sandbox.run("steps run --stored -n hello-UNIQUE/three")?;
    assert!(missing.code == 1 && missing.stderr.contains("does not exist on the server"), "{missing}");
    Ok(())
}
