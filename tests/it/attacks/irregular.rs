//! Pipes, sockets, devices and directories in place of files.

use std::{
    fs,
    os::unix::{fs::symlink, net::UnixListener},
    path::Path,
    process::Command,
};

use anyhow::{Context as _, Result, ensure};

use super::{Target, shortened};

/// A file that a command reads.
struct Case {
    file: &'static str,
    /// Additional lines of the deployment.
    project: &'static str,
    line: &'static str,
    /// Whether the command fails because of the file, and names it.
    is_required: bool,
}

const fn required(file: &'static str, project: &'static str, line: &'static str) -> Case {
    Case { file, project, line, is_required: true }
}

const fn optional(file: &'static str, project: &'static str, line: &'static str) -> Case {
    Case { file, project, line, is_required: false }
}

const PUSH: &str = "  push:\n  - prefect_gcp.deployments.steps.push_to_gcs: {bucket: b, folder: f, \
                    credentials: {service_account_file: key.json}}";
const CLONE: &str =
    "  pull:\n  - prefect.deployments.steps.git_clone: {repository: 'file:///nonexistent/clone.git'}";
const AUTO: &str = "  build:\n  - prefect_docker.deployments.steps.build_docker_image: \
                    {image_name: a, tag: auto, dockerfile: auto}";

const CASES: &[Case] = &[
    required("prefect.yaml", "", "check"),
    required("prefect.yaml", "", "deploy --all"),
    required("prefect.yaml", "", "plan --all --offline"),
    required(".env", "", "check"),
    required("prefect.toml", "", "check"),
    required("pyproject.toml", "", "check"),
    required("flow.py", "", "check"),
    required("../prefect/profiles.toml", "", "profile ls"),
    required("images.json", "", "deploy --all --skip-build --image-lock images.json"),
    required("key.json", PUSH, "steps run --push -n a"),
    optional("prefect.prod.yaml", "", "check"),
    optional("prefect.yaml", "", "flow ls"),
    optional("prefect.yaml", "", "doctor"),
    optional("module.py", "", "check"),
    optional("other.py", "", "flow ls"),
    optional("setup.cfg", "", "check"),
    optional(".gitignore", "", "flow ls"),
    optional(".ignore", "", "flow ls"),
    optional(".prefectignore", PUSH, "steps run --push -n a"),
    optional(".dockerignore", AUTO, "deploy --all"),
    optional("requirements.txt", AUTO, "deploy --all"),
    optional("folder/pyproject.toml", AUTO, "deploy --all"),
    optional("../home/.docker/config.json", AUTO, "deploy --all"),
    optional("clone.lock", CLONE, "steps run --pull -n a"),
];

/// Kinds of files that are not regular files.
const KINDS: [&str; 5] = ["pipe", "socket", "endless device", "terminal", "directory"];

/// Replaces a file with one of another kind. The value must live as long as the file.
fn replace(path: &Path, kind: &str) -> Result<Option<UnixListener>> {
    let folder = path.parent().context("a file has a folder")?;
    fs::create_dir_all(folder)?;
    if path.exists() {
        fs::remove_file(path)?;
    }
    match kind {
        "pipe" => ensure!(Command::new("mkfifo").arg(path).status()?.success()),
        // The path of a socket may be too long.
        "socket" => {
            let socket = folder.join("s");
            let listener = UnixListener::bind(&socket)?;
            fs::rename(socket, path)?;
            return Ok(Some(listener));
        }
        "endless device" => symlink("/dev/zero", path)?,
        "terminal" => symlink("/dev/tty", path)?,
        _ => fs::create_dir(path)?,
    }
    Ok(None)
}

fn attempt(case: &Case, kind: &str) -> Result<()> {
    let Case { file, project, line, is_required } = case;
    let flow = "from prefect import flow\nfrom module import VALUE\n\n@flow\ndef hello(a=VALUE):\n    pass\n";
    let target = Target::new()?.file("flow.py", flow)?.file("module.py", "VALUE = 1\n")?.project(project)?;
    let _socket = replace(&target.sandbox.directory().join(file), kind)?;
    let output = target.sandbox.run_confined(line)?;
    let shown = || format!("{line}: {}", shortened(&output));
    ensure!((0..=7).contains(&output.code), "{}", shown());
    if *is_required {
        let name = Path::new(file).file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let reasons = ["not a regular file", "irectory", "No such"];
        let text = output.to_string();
        ensure!(output.code != 0 && text.contains(name), "{}", shown());
        ensure!(reasons.iter().any(|reason| text.contains(reason)), "{}", shown());
    }
    Ok(())
}

#[test]
fn files_that_are_not_regular_do_not_block_commands() -> Result<()> {
    let attempts = CASES.iter().flat_map(|case| KINDS.iter().map(move |kind| (case, *kind)));
    let failures: Vec<String> = attempts
        .filter_map(|(case, kind)| {
            let error = attempt(case, kind).err()?;
            Some(format!("{} as a {kind}: {error:#}", case.file))
        })
        .collect();
    ensure!(failures.is_empty(), "{} failures:\n\n{}", failures.len(), failures.join("\n\n"));
    Ok(())
}
