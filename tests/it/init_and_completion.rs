//! Tests of `init`, of shell completion, and of commands that only the real `prefect` has.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use serde_json::json;

#[cfg(unix)]
use crate::support::Terminal;
use crate::{
    deployment_commands::{deployed, document, succeed},
    support::{Api, FaultServer, Sandbox, assert_output, required_env, wait_until},
};

#[test]
fn new_project_of_any_recipe_passes_check() -> Result<()> {
    for recipe in [
        "local",
        "git",
        "docker",
        "docker-git",
        "s3",
        "gcs",
        "azure",
        "docker-s3",
        "docker-gcs",
        "docker-azure",
        "kubernetes",
    ] {
        let sandbox = Sandbox::new()?;
        sandbox.file("requirements.txt", "prefect\n")?;
        let made = document(&sandbox, &format!("init --recipe {recipe}"))?;
        let made_up = match recipe {
            "git" => json!(["repository"]),
            "docker" | "kubernetes" => json!(["image_name"]),
            "docker-git" => json!(["image_name", "repository"]),
            "s3" | "gcs" => json!(["bucket"]),
            "azure" => json!(["container", "credentials"]),
            "docker-s3" | "docker-gcs" => json!(["image_name", "bucket"]),
            "docker-azure" => json!(["image_name", "container", "credentials"]),
            _ => json!([]),
        };
        assert_eq!(made["made_up"], made_up, "{recipe}");
        assert_eq!((&made["recipe"], &made["flows"]), (&json!(recipe), &json!(2)));
        let text = sandbox.read("prefect.yaml")?;
        assert!(text.contains("entrypoint: flow.py:hello") && text.contains("\n# Pull steps"), "{text}");
        let checked = sandbox.run("check")?;
        assert_eq!(checked.code, 0, "{recipe}: {}{}\n{text}", checked.stdout, checked.stderr);
        let again = sandbox.run("init --recipe local")?;
        assert!(again.code == 1 && again.stderr.contains("already exists"), "{}", again.stderr);
        assert_eq!(sandbox.read("prefect.yaml")?, text);
    }
    let sandbox = Sandbox::new()?;
    let said = sandbox.run("init --recipe s3")?.success()?;
    assert!(said.stderr.contains("Replace the placeholder values in the file: bucket."), "{said}");
    let sandbox = Sandbox::new()?;
    let said = sandbox.run("deploy init --recipe s3 -f bucket=b")?.success()?;
    assert!(!said.stderr.contains("placeholder"), "{said}");
    let sandbox = Sandbox::new()?;
    for (line, message) in [
        ("init --recipe loca", "unknown recipe 'loca'; the recipes are local, git, docker"),
        (
            "init --recipe s3 --field buckt=x",
            "the recipe 's3' has no field 'buckt'; its fields are bucket, folder",
        ),
        ("init --recipe s3 --field bucket", "invalid `--field bucket`: expected KEY=VALUE"),
        ("init --schema=", "invalid `--schema `: expected a URL or a path"),
    ] {
        let output = sandbox.run(line)?;
        assert!(output.code == 2 && output.stderr.contains(message), "{line}: {}", output.stderr);
    }
    Ok(())
}

#[test]
#[cfg(unix)]
fn asks_for_the_recipe_and_its_fields_at_a_terminal() -> Result<()> {
    const DOWN: &str = "\u{1b}[B";
    let recipe = "Would you like to initialize your deployment configuration with a recipe?";
    let sandbox = Sandbox::new()?;
    let mut terminal = Terminal::start(&sandbox, "init")?;
    terminal.sees(recipe)?;
    terminal.types(&format!("{DOWN}{DOWN}\r"))?;
    terminal.answers("? image_name: ", "registry.example.com/flows")?;
    terminal.answers("? tag (latest): ", "v1")?;
    let (code, seen) = terminal.ends()?;
    let text = sandbox.read("prefect.yaml")?;
    ensure!(
        code == 0 && seen.contains("with the 'docker' recipe") && !seen.contains("placeholder"),
        "{seen}"
    );
    ensure!(text.contains("image_name: registry.example.com/flows\n    tag: v1\n"), "{text}");

    let sandbox = Sandbox::new()?;
    let mut terminal = Terminal::start(&sandbox, "init --recipe s3 --field bucket=b")?;
    ensure!(terminal.sees("with the 's3' recipe").is_ok());
    ensure!(terminal.ends()?.0 == 0);

    let sandbox = Sandbox::new()?;
    let mut terminal = Terminal::start(&sandbox, "init")?;
    terminal.sees(recipe)?;
    terminal.types("n")?;
    let (code, seen) = terminal.ends()?;
    ensure!(code == 0 && seen.contains("with the 'local' recipe"), "{seen}");
    Ok(())
}

#[test]
#[cfg(unix)]
fn reads_fields_of_the_recipe_from_a_pipe() -> Result<()> {
    for (stdin, expected, has_placeholders) in [
        (r"<<< $'my/image\nv2'", "image_name: my/image\n    tag: v2\n", false),
        ("<<< my/image", "image_name: my/image\n    tag: latest\n", false),
        (r"<<< $'\nv2'", "\n    tag: v2\n", true),
        ("< <(sleep 5)", "\n    tag: latest\n", true),
    ] {
        let sandbox = Sandbox::new()?;
        let output = sandbox.bash(&format!("prefectl init --recipe docker {stdin}"), &[])?.output()?;
        let stderr = String::from_utf8(output.stderr)?;
        let text = sandbox.read("prefect.yaml")?;
        ensure!(output.status.success() && text.contains(expected), "{stdin}: {stderr}\n{text}");
        let placeholders = "Replace the placeholder values in the file: image_name.";
        ensure!(stderr.contains(placeholders) == has_placeholders, "{stdin}: {stderr}");
    }
    Ok(())
}

#[test]
#[cfg(unix)]
fn as_prefect_an_existing_file_and_unknown_fields_are_no_errors() -> Result<()> {
    let sandbox = Sandbox::new()?;
    let directory = sandbox.directory().canonicalize()?;
    let line = "init --recipe docker -f image_name=a -f tag=b -f dockerfile=app.Dockerfile -f buckt=c";
    let created = sandbox.run_as_prefect(line)?.success()?;
    let files = format!(
        "Created project in {} with the following new files:\n.prefectignore\nprefect.yaml\n",
        directory.display()
    );
    ensure!(created.stdout.contains(&files), "{created}");
    ensure!(created.stdout.contains("the recipe 'docker' has no field 'buckt=c'"), "{created}");
    let text = sandbox.read("prefect.yaml")?;
    ensure!(text.contains("image_name: a\n    tag: b\n    dockerfile: app.Dockerfile\n"), "{text}");
    let again = sandbox.run_as_prefect("init --recipe git")?.success()?;
    ensure!(again.stdout == format!("Created project in {}; no new files created.\n", directory.display()));
    ensure!(sandbox.read("prefect.yaml")? == text);
    let unknown = sandbox.run_as_prefect("init --recipe nope")?;
    let sentence = "Unknown recipe 'nope' provided - run `prefect init` to see all available recipes.";
    ensure!(unknown.code == 1 && unknown.stdout.contains(sentence), "{unknown}");
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn completes_commands_and_names() -> Result<()> {
    let offline = Sandbox::new()?;
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let script = succeed(&offline, &format!("completions {shell}"))?.stdout;
        assert!(script.contains("PREFECTL_COMPLETE"), "{shell}: {script}");
    }
    let api = Api::from_env()?;
    let sandbox = deployed(&api)?.variable("PREFECTL_COMPLETE", "fish");
    let complete = |line: &str| -> Result<String> {
        let words: Vec<&str> = ["--", "prefectl"].into_iter().chain(line.split(' ')).collect();
        Ok(sandbox.run_words(&words)?.success()?.stdout)
    };
    // A busy server may not respond in time.
    let offers = |line: &str, name: &str| {
        let is_offered = || complete(line).is_ok_and(|offered| offered.contains(&sandbox.unique(name)));
        wait_until("the server has answered in time", is_offered)
    };
    assert!(complete("work-p")?.contains("work-pool"));
    offers("deployment run hello-UNIQUE/", "hello-UNIQUE/a")?;
    assert!(!complete("deployment run hello-UNIQUE/zzz")?.contains("hello-"));
    // With a shorter prefix, the matching names may not fit on the single requested page.
    let prefix = |name: &str| sandbox.unique(&name.replace("UNIQ", "UNIQUE"))[..name.len()].to_owned();
    let flow = format!("deployment run {}", prefix("hello-UNIQ"));
    offers(&flow, "hello-UNIQUE/a")?;
    assert!(!complete("deployment run other-")?.contains("hello-"));
    assert!(
        complete("profile use loc")?.contains("local") && !complete("profile use zzz")?.contains("local")
    );
    let pool = format!("work-pool inspect {}", prefix("pool-UNIQ"));
    offers(&pool, "pool-UNIQUE")
}

/// A Bash script that prints the words that Tab offers for a command line.
const PRESS_TAB: &str = r#"
source <(prefectl completions bash)
COMP_WORDS=(prefectl deployment run "$1") COMP_CWORD=3 COMP_TYPE=9
_clap_complete_prefectl prefectl "$1" run
printf '%s\n' "${COMPREPLY[@]}"
"#;

#[test]
fn completes_names_with_spaces_as_one_word() -> Result<()> {
    let server = FaultServer::start()?;
    let sandbox = Sandbox::for_project(
        &server.url(),
        "pull: []\ndeployments:\n- {name: every day, entrypoint: 'flow.py:hello', work_pool: {name: pool}}\n",
    )?;
    sandbox.run("deploy --all")?.success()?;
    for typed in ["hello-UNIQUE/every", r"hello-UNIQUE/every\ d"] {
        let output = sandbox.bash(PRESS_TAB, &[typed])?.output()?;
        let offered = String::from_utf8(output.stdout)?;
        let expected = sandbox.unique(r"hello-UNIQUE/every\ day");
        assert_eq!(offered.trim(), expected, "{typed}: {}", String::from_utf8(output.stderr)?);
    }
    Ok(())
}

/// Names from the server are cached, and a server that never responds delays the shell only briefly.
#[test]
fn completion_waits_briefly_and_caches_names() -> Result<()> {
    let silent = std::net::TcpListener::bind("127.0.0.1:0")?;
    let sandbox = Sandbox::new()?.variable("PREFECTL_COMPLETE", "fish");
    let complete = |url: &str, line: &[&str]| -> Result<String> {
        let words = [&["--", "prefectl"], line].concat();
        let mut command = sandbox.command(&words);
        let output = command.env("PREFECT_API_URL", url).output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    };
    let began = Instant::now();
    let url = format!("http://{}/api", silent.local_addr()?);
    for line in [&["deployment", "run", "e"][..], &["deploy", "--pool", ""], &["deploy", "--work-queue", ""]]
    {
        assert_eq!(complete(&url, line)?, "", "{line:?}");
    }
    ensure!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());

    let server = FaultServer::start()?;
    server.change(|api| {
        let queue =
            |name: &str| serde_json::json!({"id": uuid::Uuid::nil(), "name": name, "work_pool_name": "pool"});
        api.answers.insert(
            "work_pools/pool/queues/filter".to_owned(),
            serde_json::json!([queue("high"), queue("low")]),
        );
    });
    let url = server.url();
    for _ in 0..2 {
        assert_eq!(complete(&url, &["deploy", "--pool", "po"])?.trim(), "pool");
        assert_eq!(complete(&url, &["deploy", "--pool", "pool", "--work-queue", "h"])?.trim(), "high");
    }
    assert_eq!(server.requests().len(), 2, "{:?}", server.requests());
    let cache = sandbox.directory().parent().context("a parent")?.join("home/.cache/prefectl/completions");
    let files: Vec<_> = std::fs::read_dir(&cache)?.collect::<Result<_, _>>()?;
    assert_eq!(files.len(), 2);
    for file in files {
        let mode = std::os::unix::fs::PermissionsExt::mode(&file.metadata()?.permissions());
        assert_eq!(mode & 0o777, 0o600, "{}", file.path().display());
    }
    Ok(())
}

/// Options whose values come from the project or from prefectl itself.
#[test]
fn completes_names_without_a_server() -> Result<()> {
    let sandbox = Sandbox::new()?;
    sandbox.file("prefect.yaml", "deployments:\n- {name: nightly}\n- {name: hourly}\n")?;
    sandbox.file("s/a/prefect.yaml", "deployments: [{name: s-a}]\n")?;
    sandbox.file("s/a/prefect.prod.yaml", "name_suffix: -prod\n")?;
    sandbox.file("s/b/prefect.yaml", "deployments: [{name: s-b}]\n")?;
    sandbox.file("s/prefect.toml", "[prefectl]\nfiles = [\"*/prefect.yaml\"]\n")?;
    sandbox.file("other.yaml", "deployments:\n- {name: next}\n")?;
    for shell in ["bash", "fish"] {
        let complete = |line: &[&str]| -> Result<Vec<String>> {
            let words = [&["--", "prefectl"], line].concat();
            let mut command = sandbox.command(&words);
            let index = (line.len()).to_string();
            command.env("PREFECTL_COMPLETE", shell).env("_CLAP_COMPLETE_INDEX", index).env("_CLAP_IFS", "\n");
            let output = command.output()?;
            ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            let text = String::from_utf8(output.stdout)?;
            Ok(text.lines().map(|line| line.split('\t').next().unwrap_or_default().to_owned()).collect())
        };
        for (line, expected) in [
            (&["deploy", "-n", "n"][..], &["nightly"][..]),
            (&["deploy", "-f", "other.yaml", "-n", "n"], &["next"]),
            (&["deploy", "-f", "s/*/prefect.yaml", "-n", "s-"], &["s-a", "s-b"]),
            (&["deploy", "-f", "prefect.yaml", "-f", "other.yaml", "-n", "n"], &["nightly", "next"]),
            (&["deploy", "--project-dir", "s/a", "-n", "s"], &["s-a"]),
            (&["deploy", "--project-dir", "s", "--env", "prod", "-n", "s"], &["s-a-prod", "s-b"]),
            (&["deploy", "--project-dir", "s", "--env", "p"], &["prod"]),
            (&["explain", "duplicate-d"], &["duplicate-deployment"]),
            (&["init", "--recipe", "docker-gi"], &["docker-git"]),
            (&["deploy", "--profile", "loc"], &["local"]),
        ] {
            assert_eq!(complete(line)?, expected, "{shell} {line:?}");
        }
    }
    Ok(())
}

/// Completion filters on the server and requests a single page.
#[test]
fn completion_requests_only_matching_names() -> Result<()> {
    let server = FaultServer::start()?;
    let sandbox =
        Sandbox::new()?.variable("PREFECT_API_URL", server.url()).variable("PREFECTL_COMPLETE", "fish");
    for (typed, filter) in [
        ("etl/night", r#""deployments":{"name":{"like_":"night"}},"flows":{"name":{"any_":["etl"]}}"#),
        ("et", r#""flows":{"name":{"like_":"et"}}"#),
    ] {
        sandbox.run_words(&["--", "prefectl", "deployment", "run", typed])?.success()?;
        assert!(server.received().contains(filter), "{typed}: {}", server.received());
    }
    assert_eq!(server.requests().len(), 2, "{:?}", server.requests());
    Ok(())
}

#[test]
fn explains_commands_that_only_the_reference_has() -> Result<()> {
    let sandbox = Sandbox::new()?.variable("PREFECTL_PYTHON", "/nonexistent/python");
    let output = sandbox.run("work-pool storage inspect x")?;
    assert_output!(output, @r"
    exit 2
    --- stderr
    error: prefectl does not support the command `prefect work-pool storage`
    help: run `prefectl --python-cli work-pool storage` to use the Python package `prefect`
    ");
    let late = sandbox.run("--quiet --python-cli schema")?;
    assert!(
        late.code == 2 && late.stderr.contains("`--python-cli` must be the first argument"),
        "{}",
        late.stderr
    );
    let output = sandbox.run("--python-cli version")?;
    assert!(output.code == 2 && output.stderr.contains("pip install prefect"), "{}", output.stderr);
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn python_cli_runs_the_installed_prefect() -> Result<()> {
    let reference = required_env("PREFECTL_TEST_REFERENCE")?;
    let python = Path::new(&reference).with_file_name("python");
    let sandbox = Sandbox::new()?.variable("PREFECTL_PYTHON", python);
    let output = succeed(&sandbox, "--python-cli --version")?;
    assert_eq!(output.stdout.trim(), "3.9.1");
    Ok(())
}
