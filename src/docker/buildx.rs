//! Building with BuildKit, through the `docker buildx build` program.

use std::{ffi::OsString, path::Path, process::Stdio};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWriteExt, BufReader},
    process::{Child, Command},
};

use super::{
    build::BuildOptions,
    context::Dockerfile,
    error::{BuildFailure, DockerError},
};
use crate::{
    environment::Environment,
    fs,
    progress::{Progress, Stream},
};

/// What buildx can do besides [`BuildOptions`].
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct BuildxOptions {
    /// Push instead of loading the image into the engine.
    pub(crate) push: bool,
    pub(crate) platforms: Vec<String>,
    pub(crate) secrets: Vec<String>,
    pub(crate) ssh: Vec<String>,
    pub(crate) cache_from: Vec<String>,
    pub(crate) cache_to: Vec<String>,
    pub(crate) builder: Option<String>,
}

/// A build for BuildKit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BuildxBuild<'a> {
    /// A directory or a URL.
    pub(crate) source: &'a str,
    pub(crate) dockerfile: Dockerfile<'a>,
    pub(crate) options: &'a BuildOptions,
    pub(crate) buildx: &'a BuildxOptions,
    pub(crate) references: &'a [String],
}

impl BuildxBuild<'_> {
    /// Builds and returns the image's id, or its name if it exists only in the registry.
    pub(crate) async fn run(
        &self,
        directory: &Path,
        environment: &Environment,
        progress: &dyn Progress,
    ) -> Result<String, DockerError> {
        let command = |arguments: &[OsString]| {
            let mut command = Command::new("docker");
            command
                .args(["buildx"])
                .args(arguments)
                .current_dir(directory)
                .env_clear()
                .envs(environment.iter());
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
            command
        };
        check_present(command(&["version".into()])).await?;

        let folder = tempfile::tempdir()
            .map_err(|error| DockerError::Context(format!("cannot create a temporary folder: {error}")))?;
        let id_file = folder.path().join("image-id");
        let mut child = command(&self.arguments(&id_file))
            .stdin(Stdio::piped())
            .spawn()
            .map_err(|error| DockerError::Context(format!("cannot run docker buildx: {error}")))?;
        let last_lines = self.feed_and_follow(&mut child, progress).await;
        let status = child.wait().await.map_err(|error| failure(&error, Vec::new()))?;
        if !status.success() {
            return Err(failure(&format!("docker buildx build ended with {status}"), last_lines));
        }
        if self.buildx.push && self.platforms().len() > 1 {
            return Ok(self.references.first().cloned().unwrap_or_default());
        }
        Ok(fs::read_text(&id_file)?.trim().to_owned())
    }

    /// Gives the program a Dockerfile that is in no file, and passes on what it prints.
    async fn feed_and_follow(&self, child: &mut Child, progress: &dyn Progress) -> Vec<String> {
        let stdin = child.stdin.take();
        let feed = async {
            if let (Some(mut stdin), Dockerfile::Text(text)) = (stdin, self.dockerfile) {
                // If it cannot be written, the program ends with an error of its own.
                let _ = stdin.write_all(text.as_bytes()).await;
            }
        };
        let output = follow(child.stdout.take(), Stream::Stdout, progress);
        let errors = follow(child.stderr.take(), Stream::Stderr, progress);
        let ((), _, last_lines) = tokio::join!(feed, output, errors);
        last_lines
    }

    fn platforms(&self) -> Vec<&str> {
        match (&self.buildx.platforms, &self.options.platform) {
            (platforms, _) if !platforms.is_empty() => platforms.iter().map(String::as_str).collect(),
            (_, Some(platform)) => platform.split(',').collect(),
            _ => Vec::new(),
        }
    }

    fn arguments(&self, id_file: &Path) -> Vec<OsString> {
        let options = self.options;
        let mut arguments: Vec<OsString> =
            vec!["build".into(), "--progress=plain".into(), "--iidfile".into()];
        arguments.push(id_file.into());
        let mut flag = |name: &str, value: &str| arguments.push(format!("--{name}={value}").into());
        match self.dockerfile {
            Dockerfile::Text(_) => flag("file", "-"),
            Dockerfile::Path(path) => flag("file", &Path::new(self.source).join(path).to_string_lossy()),
        }
        flag(if self.buildx.push { "push" } else { "load" }, "true");
        for (name, wanted) in [("pull", options.pull), ("no-cache", options.no_cache)] {
            flag(name, if wanted { "true" } else { "false" });
        }
        for reference in self.references {
            flag("tag", reference);
        }
        for (name, value) in &options.labels {
            flag("label", &format!("{name}={value}"));
        }
        for (name, value) in &options.build_arguments {
            flag("build-arg", &format!("{name}={value}"));
        }
        let single = [
            ("target", &options.target),
            ("network", &options.network),
            ("builder", &self.buildx.builder),
            ("shm-size", &options.shared_memory.map(|bytes| bytes.to_string())),
        ];
        for (name, value) in single {
            if let Some(value) = value {
                flag(name, value);
            }
        }
        let platforms = self.platforms().join(",");
        if !platforms.is_empty() {
            flag("platform", &platforms);
        }
        let lists = [
            ("add-host", &options.extra_hosts),
            ("cache-from", &self.buildx.cache_from),
            ("cache-to", &self.buildx.cache_to),
            ("secret", &self.buildx.secrets),
            ("ssh", &self.buildx.ssh),
        ];
        for (name, values) in lists {
            for value in values {
                flag(name, value);
            }
        }
        arguments.push("--".into());
        arguments.push(self.source.into());
        arguments
    }
}

async fn check_present(mut command: Command) -> Result<(), DockerError> {
    let output = command.stdin(Stdio::null()).output().await;
    let reason = match output {
        Ok(output) if output.status.success() => return Ok(()),
        Ok(output) => String::from_utf8_lossy(&output.stderr).lines().next().unwrap_or_default().to_owned(),
        Err(error) => error.to_string(),
    };
    Err(DockerError::NoBuildx { reason })
}

/// Passes lines on and keeps the last ones.
async fn follow(
    pipe: Option<impl AsyncRead + Unpin>,
    stream: Stream,
    progress: &dyn Progress,
) -> Vec<String> {
    const LAST_LINES: usize = 10;
    let mut last = Vec::new();
    let Some(pipe) = pipe else { return last };
    let mut lines = BufReader::new(pipe).split(b'\n');
    while let Ok(Some(line)) = lines.next_segment().await {
        let line = String::from_utf8_lossy(&line).trim_end_matches('\r').to_owned();
        progress.output(stream, &line);
        if last.len() == LAST_LINES {
            last.remove(0);
        }
        last.push(line);
    }
    last
}

fn failure(error: &dyn std::fmt::Display, last_lines: Vec<String>) -> DockerError {
    let says = |line: &&String| line.starts_with("ERROR: ");
    let message = last_lines.iter().find(says).cloned().unwrap_or_else(|| error.to_string());
    DockerError::Build(BuildFailure { message, step: None, last_lines })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_of_the_program() {
        let options = BuildOptions {
            pull: true,
            labels: [("a".to_owned(), "b c".to_owned())].into(),
            build_arguments: [("X".to_owned(), "1".to_owned())].into(),
            target: Some("runtime".to_owned()),
            extra_hosts: vec!["h:10.0.0.1".to_owned()],
            ..BuildOptions::default()
        };
        let buildx = BuildxOptions {
            push: true,
            platforms: vec!["linux/amd64".to_owned(), "linux/arm64".to_owned()],
            secrets: vec!["id=s,src=f".to_owned()],
            ..BuildxOptions::default()
        };
        let build = BuildxBuild {
            source: "/project",
            dockerfile: Dockerfile::Path("docker/Dockerfile"),
            options: &options,
            buildx: &buildx,
            references: &["r/i:v1".to_owned(), "r/i:latest".to_owned()],
        };
        let arguments: Vec<String> = build
            .arguments(Path::new("/id"))
            .iter()
            .map(|argument| argument.to_string_lossy().into_owned())
            .collect();
        assert_eq!(
            arguments,
            [
                "build",
                "--progress=plain",
                "--iidfile",
                "/id",
                "--file=/project/docker/Dockerfile",
                "--push=true",
                "--pull=true",
                "--no-cache=false",
                "--tag=r/i:v1",
                "--tag=r/i:latest",
                "--label=a=b c",
                "--build-arg=X=1",
                "--target=runtime",
                "--platform=linux/amd64,linux/arm64",
                "--add-host=h:10.0.0.1",
                "--secret=id=s,src=f",
                "--",
                "/project",
            ]
        );
    }

    #[tokio::test]
    async fn without_buildx_the_error_says_what_is_missing() {
        let build = BuildxBuild {
            source: ".",
            dockerfile: Dockerfile::Path("Dockerfile"),
            options: &BuildOptions::default(),
            buildx: &BuildxOptions::default(),
            references: &[],
        };
        let environment = [("PATH", "/nonexistent")].into_iter().collect();
        let error = build.run(Path::new("/"), &environment, &crate::progress::Silent).await.unwrap_err();
        assert!(matches!(error, DockerError::NoBuildx { .. }), "{error}");
        assert!(error.help().unwrap().contains("build_backend"));
    }

    /// A `docker` that tells its arguments and input, and either writes an image's id or fails.
    #[cfg(unix)]
    fn fake_docker(last_line: &str) -> (tempfile::TempDir, Environment) {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("docker");
        let script = format!(
            "#!/bin/sh\n[ $2 = version ] && exit\necho \"$@\"\ncat\necho '#1 DONE' >&2\n{last_line}\n"
        );
        std::fs::write(&program, script).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let path = format!("{}:/usr/bin:/bin", folder.path().display());
        (folder, [("PATH", path)].into_iter().collect())
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn the_program_gets_a_dockerfile_without_a_file_and_tells_the_id() {
        let (options, buildx) = (BuildOptions::default(), BuildxOptions::default());
        let build = BuildxBuild {
            source: "/project",
            dockerfile: Dockerfile::Text("FROM scratch\n"),
            options: &options,
            buildx: &buildx,
            references: &["r/i:v1".to_owned()],
        };
        let (_folder, environment) = fake_docker("echo sha256:1 > \"$5\"");
        let id = build.run(Path::new("/"), &environment, &crate::progress::Silent).await.unwrap();
        assert_eq!(id, "sha256:1");

        let (_folder, environment) = fake_docker("echo 'ERROR: failed to solve: nope' >&2; exit 3");
        let error = build.run(Path::new("/"), &environment, &crate::progress::Silent).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "the image was not built: ERROR: failed to solve: nope\n  | #1 DONE\n  | ERROR: failed to solve: nope"
        );
    }
}
