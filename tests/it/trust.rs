//! Runs every command in a hostile project, and checks which commands run the project's programs.

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};

use crate::support::{FaultServer, Sandbox};

/// Commands that run project code: its steps, or its flows if static analysis fails.
const RUNNING: &[&str] = &["deploy --all", "steps run --build -n a"];

/// One invocation of every other command.
const LOOKING: &[&str] = &[
    "automation delete x --yes",
    "automation inspect x",
    "automation ls",
    "automation pause x",
    "automation resume x",
    "block inspect secret/x",
    "block ls",
    "block type ls",
    "check",
    "cloud login --key x --workspace a/b",
    "cloud logout",
    "cloud workspace ls",
    "cloud workspace set --workspace a/b",
    "completions bash",
    "config set PREFECT_API_URL=http://127.0.0.1:1/api",
    "config unset PREFECT_API_URL --yes",
    "config validate",
    "config view",
    "deploy --all --dry-run",
    "deployment delete hello/a --yes",
    "deployment inspect hello/a",
    "deployment ls",
    "deployment run hello/a",
    "deployment schedule clear hello/a --yes",
    "deployment schedule create hello/a --interval 60",
    "deployment schedule delete hello/a 7c9ac8a6-5a5c-4d5a-8d2a-1f1e5b6f1a11 --yes",
    "deployment schedule ls hello/a",
    "deployment schedule pause hello/a 7c9ac8a6-5a5c-4d5a-8d2a-1f1e5b6f1a11",
    "deployment schedule resume hello/a 7c9ac8a6-5a5c-4d5a-8d2a-1f1e5b6f1a11",
    "destroy --all --yes",
    "doctor",
    "drift",
    "explain yaml-syntax",
    "export hello/a",
    "flow inspect flow.py:hello",
    "flow ls",
    "flow-run cancel 7c9ac8a6-5a5c-4d5a-8d2a-1f1e5b6f1a11",
    "flow-run inspect 7c9ac8a6-5a5c-4d5a-8d2a-1f1e5b6f1a11",
    "flow-run logs 7c9ac8a6-5a5c-4d5a-8d2a-1f1e5b6f1a11",
    "flow-run ls",
    "flow-run watch 7c9ac8a6-5a5c-4d5a-8d2a-1f1e5b6f1a11",
    "init --recipe local",
    "job preview hello/a",
    "plan",
    "open deployment hello/a",
    "open flow-run 00000000-0000-0000-0000-000000000001",
    "open work-pool pool",
    "preview delete pr-1 --project p --yes --ignore-missing",
    "preview ls --project p",
    "preview prune --project p --older-than 7d --yes",
    "profile create p",
    "profile delete p",
    "profile inspect",
    "profile ls",
    "profile rename p q",
    "profile use p",
    "render --all",
    "rollback",
    "schema",
    "steps ls",
    "steps show git_clone",
    "variable get x",
    "variable inspect x",
    "variable ls",
    "variable set x y",
    "variable unset x --yes",
    "version",
    "work-pool clear p --yes",
    "work-pool clear-concurrency-limit p",
    "work-pool create p --type process",
    "work-pool delete p --yes",
    "work-pool diff-template p",
    "work-pool get-default-base-job-template --type process",
    "work-pool inspect p",
    "work-pool ls",
    "work-pool pause p",
    "work-pool preview p",
    "work-pool resume p",
    "work-pool set-concurrency-limit p 1",
    "work-pool update p --description x",
    "work-queue clear-concurrency-limit q --pool p",
    "work-queue create q --pool p",
    "work-queue delete q --pool p --yes",
    "work-queue inspect q --pool p",
    "work-queue ls --pool p",
    "work-queue pause q --pool p",
    "work-queue preview q --pool p",
    "work-queue resume q --pool p",
    "work-queue set-concurrency-limit q 1 --pool p",
    "worker ls",
    "worker manifest --pool p",
    "worker values --pool p",
];

/// Commands that start a server in the foreground; the test does not run them.
const SERVERS: &[&str] = &["server start"];

/// Only an import of the flow determines the parameter's type.
const FLOW: &str = "import os\nfrom prefect import flow\n\n@flow\ndef hello(x: (int if os.environ.get('X') else str) = 1):\n    pass\n";

const PROJECT: &str = "\
build:
- steps.py:go: {id: s}
- prefect_docker.deployments.steps.build_docker_image: {image_name: registry.example.com/a/b, dockerfile: auto}
deployments:
- name: a
  entrypoint: flow.py:hello
  work_pool: {name: p}
  version: '<< git.sha | default(\"none\") >>'
  tags: ['<< git.tag | default(\"none\") >>', '<< git.dirty | default(\"none\") >>']
";

/// A project in which every program, module and hook writes a line to a log when it runs.
struct Hostile {
    sandbox: Sandbox,
    log: PathBuf,
}

impl Hostile {
    fn new(server: &FaultServer) -> Result<Self> {
        let sandbox = Sandbox::for_project(&server.url(), PROJECT)?.variable("PREFECT_API_KEY", "CANARY");
        let root = sandbox.directory().parent().context("a project has a parent")?.to_owned();
        let log = root.join("log");
        sandbox.file("flow.py", FLOW)?;
        let module = format!(
            "import os\nopen({:?}, 'a').write(__name__ + ' as a module, key=' + os.environ.get('PREFECT_API_KEY', '') + '\\n')\ndef go(): return {{}}\n",
            log.display().to_string()
        );
        for name in ["json", "sitecustomize", "usercustomize", "os", "runpy", "steps", "prefect/__init__"] {
            sandbox.file(&format!("{name}.py"), &module)?;
        }
        sandbox.file("platform/__init__.py", &module)?;
        let hostile = Self { sandbox, log };
        for name in [".venv/bin/python", "python3", "python", "git", "docker", "hook", "docker-credential-in"]
        {
            hostile.program(&hostile.sandbox.directory().join(name))?;
        }
        hostile.program(&root.join("bin/docker-credential-canary"))?;
        hostile.repository()?;
        fs::create_dir(root.join("docker"))?;
        fs::write(root.join("docker/config.json"), r#"{"credsStore": "canary"}"#)?;
        let path = std::env::var("PATH")?;
        let sandbox = hostile
            .sandbox
            .variable("DOCKER_CONFIG", root.join("docker"))
            .variable("VIRTUAL_ENV", ".venv")
            .variable("PATH", format!(".:{}/bin:{path}", root.display()))
            .variable("PREFECT_CLIENT_MAX_RETRIES", "0");
        Ok(Self { sandbox, ..hostile })
    }

    /// Creates a program that logs its name.
    fn program(&self, path: &Path) -> Result<()> {
        let text =
            format!("#!/bin/sh\necho \"$0 $1, key=$PREFECT_API_KEY\" >>'{}'\nexit 1\n", self.log.display());
        fs::create_dir_all(path.parent().context("a program has a folder")?)?;
        fs::write(path, text)?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
        Ok(())
    }

    /// Creates a repository whose configuration names a program in every setting that can make Git start a program.
    fn repository(&self) -> Result<()> {
        let directory = self.sandbox.directory();
        let git = |words: &[&str]| -> Result<()> {
            let status = std::process::Command::new("git")
                .args(["-c", "user.name=a", "-c", "user.email=a@example.com"])
                .args(words)
                .current_dir(&directory)
                .status()?;
            ensure!(status.success(), "git {words:?}");
            Ok(())
        };
        git(&["init", "--quiet"])?;
        git(&["add", "flow.py"])?;
        git(&["commit", "--quiet", "-m", "one"])?;
        let hook = directory.join("hook").display().to_string();
        for name in ["core.fsmonitor", "core.sshCommand", "core.pager", "core.editor", "core.askPass"] {
            git(&["config", name, &hook])?;
        }
        git(&["config", "credential.helper", &format!("!{hook}")])?;
        git(&["config", "filter.x.clean", &hook])?;
        git(&["config", "filter.x.smudge", &hook])?;
        git(&["config", "core.hooksPath", &directory.join("hooks").display().to_string()])?;
        git(&["config", "remote.origin.url", "ssh://git@127.0.0.1:1/o/r.git"])?;
        for name in ["post-checkout", "post-index-change", "reference-transaction", "pre-auto-gc"] {
            self.program(&directory.join("hooks").join(name))?;
        }
        self.sandbox.file(".gitattributes", "*.py filter=x\n")?;
        // A changed file makes Git inspect the working tree.
        self.sandbox.file("flow.py", format!("{FLOW}\n"))?;
        self.forget()
    }

    fn forget(&self) -> Result<()> {
        match fs::remove_file(&self.log) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Runs a command and returns the lines that were logged in the meantime.
    fn run(&self, line: &str) -> Result<String> {
        self.forget()?;
        self.sandbox.run(line)?;
        Ok(fs::read_to_string(&self.log).unwrap_or_default())
    }
}

/// Returns every command of the program, from the manual pages.
fn commands() -> Result<BTreeSet<String>> {
    let sandbox = Sandbox::new()?;
    sandbox.run("generate man man")?.success()?;
    let mut pages = BTreeSet::new();
    for entry in fs::read_dir(sandbox.directory().join("man"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        pages.insert(name.trim_end_matches(".1").to_owned());
    }
    // Command groups have their own `help` command.
    let is_command = |page: &&String| {
        !page.split('-').any(|word| word == "help") && !pages.contains(&format!("{page}-help"))
    };
    Ok(pages
        .iter()
        .filter(is_command)
        .filter_map(|page| Some(page.strip_prefix("prefectl-")?.to_owned()))
        .collect())
}

#[test]
fn every_command_is_listed() -> Result<()> {
    let listed: Vec<String> =
        [RUNNING, LOOKING, SERVERS].concat().iter().map(|line| line.replace(' ', "-")).collect();
    let is_listed = |command: &String| {
        listed.iter().any(|line| line == command || line.starts_with(&format!("{command}-")))
    };
    let missing: Vec<String> = commands()?.into_iter().filter(|command| !is_listed(command)).collect();
    assert!(missing.is_empty(), "add to RUNNING or LOOKING, and to docs/src/trust.md: {missing:?}");
    Ok(())
}

#[test]
fn looking_starts_nothing_of_the_project() -> Result<()> {
    let server = FaultServer::start()?;
    let mut ran = Vec::new();
    for line in LOOKING {
        // Some commands change the project or the settings.
        let hostile = Hostile::new(&server)?;
        let log = hostile.run(line)?;
        if !log.is_empty() {
            ran.push(format!("{line}: {log}"));
        }
    }
    assert!(ran.is_empty(), "{}", ran.join("\n"));
    Ok(())
}

#[test]
fn running_commands_start_the_projects_python_and_only_steps_see_credentials() -> Result<()> {
    let server = FaultServer::start()?;
    for line in RUNNING {
        let hostile = Hostile::new(&server)?;
        let log = hostile.run(line)?;
        assert!(log.contains(".venv/bin/python"), "{line}: {log}");
        assert!(!log.contains("CANARY"), "{line}: {log}");
    }
    // The search for an interpreter gets no credentials, but the step that uses the interpreter does.
    let hostile = Hostile::new(&server)?;
    fs::remove_dir_all(hostile.sandbox.directory().join(".venv"))?;
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let python = std::env::split_paths(&folders)
        .map(|folder| folder.join("python3"))
        .find(|file| file.is_file())
        .context("the test needs python3")?;
    let sandbox = hostile.sandbox.variable("PREFECTL_PYTHON", python);
    let log = Hostile { sandbox, log: hostile.log }.run(RUNNING[1])?;
    let first = log.lines().next().unwrap_or_default();
    assert_eq!(first, "__prefectl_step__ as a module, key=CANARY", "{log}");
    Ok(())
}

#[test]
fn pip_does_not_see_the_credentials_of_the_api() -> Result<()> {
    let project = "deployments:\n- name: a\n  entrypoint: flow.py:hello\n  work_pool: {name: p}\n  build:\n  \
                   - prefect.deployments.steps.pip_install_requirements: {}\n";
    let sandbox = Sandbox::for_project("http://127.0.0.1:1/api", project)?
        .variable("PREFECT_API_KEY", "CANARY-key")
        .variable("PREFECT_API_AUTH_STRING", "ada:CANARY-auth");
    let (python, log) = (sandbox.directory().join("python"), sandbox.directory().join("log"));
    sandbox.file("requirements.txt", "")?;
    sandbox.file("python", format!("#!/bin/sh\necho \"$*\" >'{0}'; env >>'{0}'\n", log.display()))?;
    fs::set_permissions(&python, fs::Permissions::from_mode(0o755))?;
    let interpreter = [("PREFECTL_PYTHON", python.display().to_string())];
    let output = sandbox.run_with(&interpreter, "steps run --build -n a")?;
    ensure!(output.code == 0, "{output}");
    let seen = fs::read_to_string(log)?;
    ensure!(seen.contains("install -r requirements.txt") && !seen.contains("CANARY"), "{seen}");
    Ok(())
}
