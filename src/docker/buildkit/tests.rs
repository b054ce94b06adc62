use super::*;
use crate::progress::Silent;

/// Creates a fake `docker` program that reports the given version, with or without buildx. It runs `script`
/// instead of a build.
#[cfg(unix)]
fn fake_docker(version: &str, buildx: bool, script: &str) -> (tempfile::TempDir, Environment) {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("docker");
    let buildx =
        if buildx { "exit 0" } else { "echo \"docker: 'buildx' is not a docker command.\" >&2; exit 1" };
    let text = format!(
        "#!/bin/sh\n[ \"$1\" = --version ] && echo '{version}' && exit\n\
         [ \"$1 $2\" = 'buildx version' ] && {{ {buildx}; }}\n{script}\n"
    );
    std::fs::write(&program, text).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", folder.path().display());
    (folder, [("PATH", path)].into_iter().collect())
}

fn build<'a>(options: &'a BuildOptions, buildkit: &'a BuildKitOptions) -> BuildKitBuild<'a> {
    let dockerfile = Dockerfile::Text("FROM scratch\n");
    BuildKitBuild {
        source: "https://example.com/r.git",
        dockerfile,
        options,
        buildkit,
        references: &[],
        docker_host: None,
    }
}

#[test]
fn builds_the_command_line_of_each_program() {
    let options = BuildOptions {
        pull: true,
        labels: [("a".to_owned(), "b c".to_owned())].into(),
        build_arguments: [("X", "1"), ("HTTP_PROXY", "p")].map(|(a, b)| (a.to_owned(), b.to_owned())).into(),
        target: Some("runtime".to_owned()),
        extra_hosts: vec!["h:10.0.0.1".to_owned()],
        platforms: vec!["linux/amd64".to_owned(), "linux/arm64".to_owned()],
        ..BuildOptions::default()
    };
    let buildkit =
        BuildKitOptions { push: true, secrets: vec!["id=s,src=f".to_owned()], ..BuildKitOptions::default() };
    let references = ["r/i:v1".to_owned(), "r/i:latest".to_owned()];
    let dockerfile = Dockerfile::Path("docker/Dockerfile");
    let build = BuildKitBuild { dockerfile, references: &references, ..build(&options, &buildkit) };
    let arguments = build.arguments(BuildKitProgram::Buildx, None, Path::new("/id"));
    assert_eq!(
        arguments,
        [
            "buildx",
            "build",
            "--progress=plain",
            "--iidfile=/id",
            "--file=docker/Dockerfile",
            "--push=true",
            "--pull=true",
            "--no-cache=false",
            "--tag=r/i:v1",
            "--tag=r/i:latest",
            "--label=a=b c",
            "--build-arg=HTTP_PROXY=p",
            "--build-arg=X",
            "--target=runtime",
            "--add-host=h:10.0.0.1",
            "--platform=linux/amd64,linux/arm64",
            "--secret=id=s,src=f",
            "--",
            "https://example.com/r.git",
        ]
    );
    let arguments =
        build.arguments(BuildKitProgram::DockerBuild, Some(Path::new("/tmp/d")), Path::new("/id"));
    assert_eq!(arguments[..4], ["build", "--progress=plain", "--iidfile=/id", "--file=/tmp/d"]);
    assert!(
        !arguments.iter().any(|argument| argument.starts_with("--load") || argument.starts_with("--push"))
    );
}

#[test]
fn passes_build_arguments_and_variables_of_secrets_in_the_environment() {
    let build_arguments = [("X", "1"), ("HTTP_PROXY", "p")].map(|(a, b)| (a.to_owned(), b.to_owned())).into();
    let options = BuildOptions { build_arguments, ..BuildOptions::default() };
    let buildkit = BuildKitOptions { secrets: vec!["id=s,src=f".to_owned()], ..BuildKitOptions::default() };
    let build = build(&options, &buildkit);
    let variables = |build: BuildKitBuild<'_>| {
        let environment = [("PREFECT_API_KEY", "k"), ("s", "v")].into_iter().collect();
        let variables = build.variables(BuildKitProgram::Buildx, &environment);
        variables.into_iter().map(|(name, value)| name + "=" + &value).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(variables(build), "BUILDX_NO_DEFAULT_ATTESTATIONS=1 X=1 s=v");
    let docker_host = Some("unix:///run/podman/podman.sock");
    assert_eq!(
        variables(BuildKitBuild { docker_host, ..build }),
        "BUILDX_NO_DEFAULT_ATTESTATIONS=1 DOCKER_HOST=unix:///run/podman/podman.sock X=1 s=v"
    );
    for secret in ["id=PREFECT_API_KEY", "id=key,env=PREFECT_API_KEY", "type=env,id=key,src=PREFECT_API_KEY"]
    {
        let buildkit = BuildKitOptions { secrets: vec![secret.to_owned()], ..BuildKitOptions::default() };
        assert_eq!(
            variables(BuildKitBuild { buildkit: &buildkit, ..build }),
            "BUILDX_NO_DEFAULT_ATTESTATIONS=1 PREFECT_API_KEY=k X=1",
            "{secret}"
        );
    }
}

#[cfg(unix)]
#[tokio::test]
async fn prefers_buildx_over_an_old_command_line() {
    let new = "Docker version 28.2.2, build e6534b4";
    let old = "Docker version 20.10.24+dfsg1, build 297e128";
    for (version, buildx, expected) in [
        (new, true, Ok(BuildKitProgram::Buildx)),
        (old, true, Ok(BuildKitProgram::Buildx)),
        (old, false, Ok(BuildKitProgram::DockerBuild)),
        (new, false, Err("`docker buildx` is not available: docker: 'buildx' is not a docker command.")),
        (
            "podman version 4.3.1",
            false,
            Err("`docker buildx` is not available: docker: 'buildx' is not a docker command."),
        ),
    ] {
        let (_folder, environment) = fake_docker(version, buildx, "");
        let found = BuildKitProgram::find(Path::new("/"), &environment).await;
        assert_eq!(found.map_err(|error| error.to_string()), expected.map_err(str::to_owned), "{version}");
    }
    let environment = [("PATH", "/nonexistent")].into_iter().collect();
    let error = BuildKitProgram::find(Path::new("/"), &environment).await.unwrap_err();
    assert!(matches!(error, DockerError::NoBuildx { .. }), "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn writes_generated_dockerfiles_outside_the_context() {
    let (options, buildkit) = (BuildOptions::default(), BuildKitOptions::default());
    let script = "file=${5#--file=}; grep -q 'FROM scratch' \"$file\" && echo sha256:1 > \"${4#--iidfile=}\"";
    let (_folder, environment) = fake_docker("Docker version 28.0.0", true, script);
    let build = build(&options, &buildkit);
    let id = build.run(BuildKitProgram::Buildx, Path::new("/"), &environment, &Silent).await.unwrap();
    assert_eq!(id, "sha256:1");

    let (_folder, environment) =
        fake_docker("", true, "echo '#1 DONE' >&2; echo 'ERROR: failed to solve: nope' >&2; exit 3");
    let error = build.run(BuildKitProgram::Buildx, Path::new("/"), &environment, &Silent).await.unwrap_err();
    assert_eq!(error.to_string(), "the image build failed: failed to solve: nope\n  | #1 DONE");
}

#[cfg(unix)]
#[tokio::test]
async fn repeats_a_build_after_a_temporary_failure() {
    let (options, buildkit) = (BuildOptions::default(), BuildKitOptions::default());
    let script = "[ -e \"$0.tried\" ] && echo sha256:1 > \"${4#--iidfile=}\" && exit\n: > \"$0.tried\"\n\
                  echo 'ERROR: failed to solve: x: unexpected status: 503 Service Unavailable' >&2; exit 1";
    let (_folder, environment) = fake_docker("Docker version 28.0.0", true, script);
    let build = build(&options, &buildkit);
    let id = build.run(BuildKitProgram::Buildx, Path::new("/"), &environment, &Silent).await.unwrap();
    assert_eq!(id, "sha256:1");
}

#[tokio::test]
async fn rejects_options_of_buildx_without_it() {
    let options = BuildOptions::default();
    let buildkit = BuildKitOptions { cache_to: vec!["type=inline".to_owned()], ..BuildKitOptions::default() };
    let build = build(&options, &buildkit);
    let environment = Environment::default();
    let error =
        build.run(BuildKitProgram::DockerBuild, Path::new("/"), &environment, &Silent).await.unwrap_err();
    assert_eq!(error.to_string(), "`docker buildx` is not available: `cache_to` requires it");
}
