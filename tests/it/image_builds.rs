//! Tests of building, sharing and reusing images, and of failing and interrupted builds. The tests use a real
//! engine and registry.

use anyhow::{Context as _, Result};

use crate::support::{Api, Docker, Proxy, Sandbox, Verdict, required_env, wait_until};

const CONTENT_TAG: &str = r#"
build:
- prefect_docker.deployments.steps.build_docker_image:
    id: image-build
    image_name: "{{ $IMAGE }}"
    tag: auto
    additional_tags: [latest]
    dockerfile: Dockerfile
push:
- prefect_docker.deployments.steps.push_docker_image:
    id: image-push
    image_name: "{{ image-build.image_name }}"
    tag: "{{ image-build.tag }}"
    additional_tags: "{{ image-build.additional_tags }}"
pull: []
deployments:
- name: one
  entrypoint: "flow.py:hello"
  work_pool: {name: pool-UNIQUE, job_variables: {env: {IMAGE: "{{ image-push.image_by_digest }}"}}}
"#;

#[test]
#[ignore = "needs services: run tests/run"]
fn reuses_an_image_from_the_registry() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(CONTENT_TAG)?;
    let docker = Docker::from_env("PREFECTL_TEST_REGISTRY", &sandbox)?;
    let sandbox = docker.configure(sandbox);
    sandbox.file("Dockerfile", "FROM scratch\nLABEL sandbox=UNIQUE\nCOPY flow.py /\n")?;
    let deploy = |options: &str| {
        let output = sandbox.run(&format!("deploy --all --output json {options}"))?.success()?;
        let steps = output.json()?["steps"].clone();
        let image = api.existing(&sandbox, "hello-UNIQUE/one")?["job_variables"]["env"]["IMAGE"].take();
        let reused = [&steps[0]["reused"], &steps[1]["reused"]].map(|reused| *reused == true);
        let tag = steps[0]["image"].as_str().context("an image")?.to_owned();
        Ok::<_, anyhow::Error>((reused, tag, image, output.stderr.contains("Step 1/")))
    };

    let (reused, tag, image, built) = deploy("")?;
    assert_eq!((reused, built), ([false, false], true));
    assert!(tag.contains(":auto-"), "{tag}");

    // Simulate another machine: no local images, and files with other modification times.
    docker.ask(&["rmi", "--force", &docker.ask(&["images", "--quiet", &docker.image])?])?;
    sandbox.file("flow.py", sandbox.read("flow.py")?)?;
    assert_eq!(deploy("")?, ([true, true], tag.clone(), image.clone(), false));

    let (reused, again, _, built) = deploy("--rebuild")?;
    assert_eq!((reused, again, built), ([false, false], tag.clone(), true));

    sandbox.file("flow.py", format!("{}\n# changed\n", sandbox.read("flow.py")?))?;
    let (reused, other, other_image, built) = deploy("")?;
    assert_eq!((reused, built), ([false, false], true));
    assert!(other != tag && other_image != image, "{other} {other_image}");
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn queries_the_registry_once_for_a_reused_image() -> Result<()> {
    let api = Api::from_env()?;
    let project: String =
        CONTENT_TAG.split_inclusive('\n').filter(|line| !line.contains("additional_tags")).collect();
    let sandbox = api.sandbox(&project)?;
    let docker = Docker::from_env("PREFECTL_TEST_REGISTRY", &sandbox)?;
    let sandbox = docker.configure(sandbox);
    sandbox.file("Dockerfile", "FROM scratch\nLABEL sandbox=UNIQUE\nCOPY flow.py /\n")?;
    sandbox.run("deploy --all")?.success()?;
    docker.ask(&["rmi", "--force", &docker.ask(&["images", "--quiet", &docker.image])?])?;

    // The same registry at a different address that counts requests.
    let proxy = Proxy::start(&format!("http://{}", docker.registry), |_, _| Verdict::Pass)?;
    let url = proxy.url();
    let host = url.trim_start_matches("http://").trim_end_matches("/api");
    let image = docker.image.replace(&docker.registry, host);
    let output = sandbox.run_with(&[("IMAGE", image)], "deploy --all --output json")?.success()?;
    let steps = output.json()?["steps"].clone();
    assert!(steps[0]["reused"] == true && steps[1]["reused"] == true, "{output}");
    let lines: Vec<String> = proxy.writes().into_iter().map(|request| request.line).collect();
    assert!(
        matches!(&lines[..], [line] if line.starts_with("HEAD ") && line.contains("/manifests/")),
        "{lines:#?}"
    );
    Ok(())
}

/// Returns a project whose deployments each build and push an image from the same Dockerfile.
fn project_of(builds: usize) -> String {
    let build = |number: usize| {
        format!(
            r#"
- name: d{number}
  entrypoint: "flow.py:hello"
  work_pool: {{name: pool-UNIQUE}}
  build:
  - prefect_docker.deployments.steps.build_docker_image:
      image_name: "{{{{ $IMAGE }}}}"
      tag: t{number}
      dockerfile: Dockerfile
      pull: false
      network_mode: none
      nocache: true
  push:
  - prefect_docker.deployments.steps.push_docker_image:
      image_name: "{{{{ $IMAGE }}}}"
      tag: t{number}
  pull: []"#
        )
    };
    format!("deployments:{}", (0..builds).map(build).collect::<String>())
}

/// Creates a project like [`project_of`] whose Dockerfile runs `command` on the base image.
fn running(api: &Api, command: &str, builds: usize) -> Result<(Sandbox, Docker)> {
    let sandbox = api.sandbox(&project_of(builds))?;
    let docker = Docker::from_env("PREFECTL_TEST_REGISTRY", &sandbox)?;
    let base = required_env("PREFECTL_TEST_BASE_IMAGE")?;
    let sandbox = docker.configure(sandbox);
    sandbox.file(
        "Dockerfile",
        format!("FROM {base}\nLABEL sandbox=UNIQUE\n# what takes time\nRUN {command}\n"),
    )?;
    Ok((sandbox, docker))
}

#[test]
#[ignore = "needs services: run tests/run"]
fn runs_independent_builds_in_parallel() -> Result<()> {
    let api = Api::from_env()?;
    let (sandbox, _docker) = running(&api, "echo begin && sleep 2 && echo end", 3)?;
    // Count how often a build begins before the previous build has ended.
    let overlaps = |output: &str| {
        let mut open = 0_i32;
        let mut overlaps = 0;
        for line in output.lines().filter(|line| !line.contains(" RUN ")) {
            if line.ends_with(" begin") {
                overlaps += i32::from(open > 0);
                open += 1;
            } else if line.ends_with(" end") {
                open -= 1;
            }
        }
        overlaps
    };
    let one = sandbox.run("deploy --all --jobs 1")?.success()?;
    assert_eq!(overlaps(&one.stderr), 0, "{one}");
    assert!(!one.stderr.contains("[hello-"), "{one}");
    let two = sandbox.run("deploy --all")?.success()?;
    assert!(overlaps(&two.stderr) > 0, "{two}");
    assert!(two.stderr.contains(&sandbox.unique("[hello-UNIQUE/d1] ")), "{two}");
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn builds_an_image_once_for_ten_deployments() -> Result<()> {
    let api = Api::from_env()?;
    let same = project_of(10).replace("tag: t", "tag: same # ");
    let sandbox = api.sandbox(&same)?;
    let docker = Docker::from_env("PREFECTL_TEST_REGISTRY", &sandbox)?;
    let sandbox = docker.configure(sandbox);
    sandbox.file("Dockerfile", "FROM scratch\nLABEL sandbox=UNIQUE\nCOPY flow.py /\n")?;
    let output = sandbox.run("deploy --all")?.success()?;
    assert_eq!(output.stderr.matches("Step 1/").count(), 1, "{output}");
    for shared in ["built", "pushed"] {
        assert!(output.stderr.contains(&format!(":same: {shared} once for 10 deployments: ")), "{output}");
    }
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn build_failure_names_the_line_of_the_dockerfile() -> Result<()> {
    let api = Api::from_env()?;
    let (sandbox, _docker) = running(&api, "echo first && echo second >&2 && exit 7", 1)?;
    let output = sandbox.run("deploy --all --quiet")?;
    assert_eq!(output.code, 7, "{output}");
    assert!(
        output.stderr.contains("RUN echo first && echo second >&2 && exit 7 (line 4 of the Dockerfile)"),
        "{output}"
    );
    // The engine has one pipe for each stream, so either line may come first.
    for said in ["  | first\n", "  | second\n"] {
        assert!(output.stderr.contains(said), "{output}");
    }
    assert!(!output.stderr.contains("intermediate container"), "{output}");
    Ok(())
}

/// Creates a proxy socket for the engine. It closes the connection when the engine sends `at`.
#[cfg(unix)]
fn socket_that_breaks(folder: &std::path::Path, engine: &str, at: &'static [u8]) -> Result<String> {
    use std::{
        io::{Read, Write},
        net::Shutdown,
        os::unix::net::{UnixListener, UnixStream},
        thread,
    };

    let path = folder.join("engine.sock");
    let listener = UnixListener::bind(&path)?;
    let engine = engine.strip_prefix("unix://").context("a socket")?.to_owned();
    thread::spawn(move || {
        for ours in listener.incoming().flatten() {
            let Ok(theirs) = UnixStream::connect(&engine) else { return };
            let (Ok(mut from), Ok(mut to)) = (ours.try_clone(), theirs.try_clone()) else { return };
            thread::spawn(move || {
                let _ = std::io::copy(&mut from, &mut to);
                let _ = to.shutdown(Shutdown::Write);
            });
            thread::spawn(move || {
                let (mut theirs, mut ours) = (theirs, ours);
                let mut buffer = [0; 16 * 1024];
                while let Ok(read @ 1..) = theirs.read(&mut buffer) {
                    if buffer[..read].windows(at.len()).any(|window| window == at) {
                        let _ = theirs.shutdown(Shutdown::Both);
                        let _ = ours.shutdown(Shutdown::Both);
                        return;
                    }
                    if ours.write_all(&buffer[..read]).is_err() {
                        return;
                    }
                }
                let _ = ours.shutdown(Shutdown::Write);
            });
        }
    });
    Ok(format!("unix://{}", path.display()))
}

#[cfg(unix)]
#[test]
#[ignore = "needs services: run tests/run"]
fn reports_an_engine_that_disconnects_during_a_build() -> Result<()> {
    let api = Api::from_env()?;
    let (sandbox, _docker) = running(&api, "echo begin && sleep 1 && echo mid-$((6 + 1)) && sleep 1", 1)?;
    let host = required_env("PREFECTL_TEST_DOCKER_HOST")?;
    let socket = socket_that_breaks(&sandbox.directory().join(".."), &host, b"mid-7")?;
    let sandbox = sandbox.variable("DOCKER_HOST", socket);
    let output = sandbox.run("deploy --all --quiet")?;
    assert_eq!(output.code, 7, "{output}");
    assert!(output.stderr.contains("the image build failed: "), "{output}");
    assert!(output.stderr.contains("the connection to the engine was lost"), "{output}");
    assert!(output.stderr.contains("Step 3/4 : RUN "), "{output}");
    assert_eq!(api.registered(&sandbox)?, [""; 0]);
    Ok(())
}

#[cfg(unix)]
#[test]
#[ignore = "needs services: run tests/run"]
fn interrupt_stops_the_build_and_its_containers() -> Result<()> {
    use rustix::process::{Pid, Signal, kill_process};

    let api = Api::from_env()?;
    let (sandbox, docker) = running(&api, "sleep 300 # UNIQUE", 1)?;
    let mut child = sandbox.start("deploy --all")?;
    let containers = || docker.ask(&["ps", "--all", "--no-trunc", "--format", "{{.Command}}"]);
    let is_ours = |commands: &str| commands.contains(&sandbox.unique("# UNIQUE"));
    let wait_for = |wanted: bool| {
        let what = if wanted { "the build's container runs" } else { "the build's container is gone" };
        wait_until(what, || containers().is_ok_and(|commands| is_ours(&commands) == wanted))
    };
    wait_for(true)?;
    let id = Pid::from_raw(i32::try_from(child.id())?).context("a process")?;
    kill_process(id, Signal::INT)?;
    assert_eq!(child.wait()?.code(), Some(130));
    wait_for(false)
}

/// Debian's Docker command line includes BuildKit.
#[test]
#[ignore = "needs services: run tests/run"]
fn passes_secrets_to_a_buildkit_build() -> Result<()> {
    let api = Api::from_env()?;
    // BuildKit's cache ignores secrets. A unique command line prevents a cache hit from an earlier run.
    let line = "--mount=type=secret,id=token cat /run/secrets/token > /token # UNIQUE";
    let (sandbox, docker) = running(&api, line, 1)?;
    let project = project_of(1).replace("nocache: true", "secrets: 'id=token,src=token.txt'");
    sandbox.file("prefect.yaml", project)?;
    sandbox.file("token.txt", "hush-UNIQUE")?;
    sandbox.file(".dockerignore", "*\n")?;
    // Prefer the `docker` command line with BuildKit over other `docker` commands in PATH.
    let path = format!("/usr/bin:{}", std::env::var("PATH")?);
    let sandbox = sandbox.variable("PATH", path);
    let output = sandbox.run("deploy --all")?;
    let output = output.success()?;
    assert!(output.stderr.contains("#2 ") && !output.stderr.contains("hush-"), "{output}");
    let image = format!("{}:t0", docker.image);
    let token = docker.ask(&["run", "--rm", "--network=none", &image, "cat", "/token"])?;
    assert_eq!(token, sandbox.unique("hush-UNIQUE"));

    let failing = sandbox.read("Dockerfile")?.replace("cat /run", "echo told && exit 7 # cat /run");
    sandbox.file("Dockerfile", failing)?;
    let output = sandbox.run("deploy --all --quiet")?;
    assert_eq!(output.code, 7, "{output}");
    assert!(output.stderr.contains("told") && output.stderr.contains("RUN --mount=type=secret"), "{output}");
    Ok(())
}
