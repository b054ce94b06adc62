//! Runs the real executable in a sandbox and shows its output as a user would see it.

mod api;
mod docker;
mod edition;
mod fault;
mod fault_server;
mod git;
mod in_memory_api;
#[cfg(unix)]
mod interactive_terminal;
mod mock;
mod proxy;
#[cfg(unix)]
mod recorded_terminal;
mod required_env;

use std::{
    ffi::OsString,
    fmt, fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use tempfile::TempDir;

pub(crate) use api::Api;
pub(crate) use docker::Docker;
pub(crate) use edition::{CLOUD_KEY, Edition, LATER_VERSION};
pub(crate) use fault::{FAULTS, Fault};
pub(crate) use fault_server::{FaultPlan, FaultServer};
pub(crate) use git::{GitServer, PASSWORD as GIT_PASSWORD, USER as GIT_USER};
pub(crate) use in_memory_api::InMemoryApi;
#[cfg(unix)]
pub(crate) use interactive_terminal::Terminal;
pub(crate) use mock::MockApi;
pub(crate) use proxy::{Moment, Proxy, Verdict, When};
#[cfg(unix)]
pub(crate) use recorded_terminal::{RecordedTerminal, SIZE};
pub(crate) use required_env::required_env;

/// A Python file with two flows, which [`Sandbox::new`] writes to `flow.py`.
pub(crate) const FLOWS: &str = r#"from prefect import flow


@flow(name="hello-UNIQUE")
def hello(name: str = "Marvin", times: int = 1):
    """Greets."""


@flow(name="goodbye-UNIQUE")
def goodbye():
    """Leaves."""
"#;

/// A project in a temporary directory, and the environment of its commands.
///
/// `UNIQUE` in files and arguments becomes a suffix that is unique to this sandbox, so tests can share a
/// server. In displayed output, the suffix becomes `UNIQUE` again.
pub(crate) struct Sandbox {
    root: TempDir,
    unique: String,
    variables: Vec<(String, OsString)>,
}

impl Sandbox {
    /// Creates a project with only `flow.py`, and no API URL.
    pub(crate) fn new() -> Result<Self> {
        let root = tempfile::Builder::new().prefix("prefectl-").tempdir()?;
        let unique = uuid::Uuid::new_v4().simple().to_string()[..10].to_owned();
        let sandbox = Self { root, unique, variables: Vec::new() };
        for folder in ["home", "prefect", "project"] {
            fs::create_dir(sandbox.root.path().join(folder))?;
        }
        sandbox.file("flow.py", FLOWS)?;
        Ok(sandbox)
    }

    /// Creates a project with the prefect.yaml `project`, and sets the API URL.
    pub(crate) fn for_project(api: &str, project: &str) -> Result<Self> {
        let sandbox = Self::new()?.variable("PREFECT_API_URL", api);
        sandbox.file("prefect.yaml", project)?;
        Ok(sandbox)
    }

    /// Sets an environment variable for all commands.
    pub(crate) fn variable(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.variables.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn directory(&self) -> PathBuf {
        self.root.path().join("project")
    }

    /// Writes a file of the project.
    pub(crate) fn file(&self, path: &str, contents: impl AsRef<[u8]>) -> Result<()> {
        let file = self.directory().join(path);
        let folder = file.parent().context("a file has a folder")?;
        fs::create_dir_all(folder)?;
        let contents = match std::str::from_utf8(contents.as_ref()) {
            Ok(text) => self.unique(text).into_bytes(),
            Err(_) => contents.as_ref().to_owned(),
        };
        fs::write(file, contents)?;
        Ok(())
    }

    /// Reads a file of the project.
    pub(crate) fn read(&self, path: &str) -> Result<String> {
        Ok(fs::read_to_string(self.directory().join(path))?)
    }

    /// Replaces `UNIQUE` with the suffix of this sandbox.
    pub(crate) fn unique(&self, text: &str) -> String {
        text.replace("UNIQUE", &self.unique)
    }

    /// Runs a command line, split at spaces.
    pub(crate) fn run(&self, line: &str) -> Result<Output> {
        self.run_words(&line.split_whitespace().collect::<Vec<_>>())
    }

    /// Runs a command with the given arguments.
    pub(crate) fn run_words(&self, arguments: &[&str]) -> Result<Output> {
        self.run_as(&program(), arguments)
    }

    /// Runs a command with at most 3 GB of address space and 90 seconds of time.
    #[cfg(unix)]
    pub(crate) fn run_confined(&self, line: &str) -> Result<Output> {
        const CONFINED: &str = "ulimit -v 3000000 && exec timeout -s KILL 90 \"$0\" \"$@\"";
        let program = program();
        let program = program.to_str().context("the program has a name")?;
        let words = ["-c", CONFINED, program].into_iter().chain(line.split_whitespace());
        self.run_as(Path::new("/bin/sh"), &words.collect::<Vec<_>>())
    }

    /// Runs a command line with at most `seconds` of CPU time.
    #[cfg(target_os = "linux")]
    pub(crate) fn run_with_cpu_limit(&self, line: &str, seconds: u32) -> Result<Output> {
        let limited = format!("ulimit -t {seconds} && exec \"$0\" \"$@\"");
        let program = program();
        let program = program.to_str().context("the program has a name")?;
        let words = ["-c", &limited, program].into_iter().chain(line.split_whitespace());
        self.run_as(Path::new("/bin/sh"), &words.collect::<Vec<_>>())
    }

    /// Runs a command line and returns its peak memory in bytes.
    ///
    /// # Errors
    ///
    /// Fails if the command fails.
    #[cfg(target_os = "linux")]
    pub(crate) fn peak_memory(&self, line: &str) -> Result<usize> {
        const MEASURED: &str = "import resource, subprocess, sys\n\
            subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)\n\
            print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)";
        let program = program();
        let program = program.to_str().context("the program has a name")?;
        let words = ["-c", MEASURED, program].into_iter().chain(line.split_whitespace());
        let output = self.run_as(Path::new("python3"), &words.collect::<Vec<_>>())?;
        let kibibytes: usize = output.stdout.trim().parse().with_context(|| output.to_string())?;
        Ok(kibibytes * 1024)
    }

    /// Runs a command line through a symbolic link named `prefect`.
    #[cfg(unix)]
    pub(crate) fn run_as_prefect(&self, line: &str) -> Result<Output> {
        self.run_as(&self.link("prefect")?, &line.split_whitespace().collect::<Vec<_>>())
    }

    /// Prepares a Bash script with the given arguments. `prefectl` is in its PATH.
    #[cfg(unix)]
    pub(crate) fn bash(&self, script: &str, arguments: &[&str]) -> Result<Command> {
        let link = self.link("prefectl")?;
        let mut folders = vec![link.parent().context("a link has a folder")?.to_owned()];
        folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
        let mut command = self.command_as(Path::new("bash"), &[&["-c", script, "bash"], arguments].concat());
        command.env("PATH", std::env::join_paths(folders)?);
        Ok(command)
    }

    /// Creates a link with the given name to the executable.
    #[cfg(unix)]
    fn link(&self, name: &str) -> Result<PathBuf> {
        let link = self.root.path().join("prefect").join(name);
        if !link.exists() {
            std::os::unix::fs::symlink(program(), &link)?;
        }
        Ok(link)
    }

    /// Starts a command with piped output.
    pub(crate) fn spawn(&self, line: &str) -> Result<Child> {
        let mut command = self.command(&line.split_whitespace().collect::<Vec<_>>());
        Ok(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?)
    }

    /// Runs a command line with additional environment variables.
    pub(crate) fn run_with(&self, variables: &[(&str, String)], line: &str) -> Result<Output> {
        let mut command = self.command(&line.split_whitespace().collect::<Vec<_>>());
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        self.finish(command)
    }

    /// Prepares a command with the given arguments.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        self.command_as(&program(), arguments)
    }

    /// Starts a command without output.
    #[cfg(unix)]
    pub(crate) fn start(&self, line: &str) -> Result<Child> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let mut command = self.command(&words);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        Ok(command.spawn()?)
    }

    fn run_as(&self, program: &Path, arguments: &[&str]) -> Result<Output> {
        self.finish(self.command_as(program, arguments))
    }

    fn command_as(&self, program: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .args(arguments.iter().map(|argument| self.unique(argument)))
            .current_dir(self.directory())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.root.path().join("home"))
            .env("PREFECT_HOME", self.root.path().join("prefect"))
            .envs([("TZ", "UTC"), ("NO_COLOR", "1"), ("COLUMNS", "100")])
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command
    }

    fn finish(&self, mut command: Command) -> Result<Output> {
        let output =
            command.output().with_context(|| format!("cannot run {}", command.get_program().display()))?;
        let [stdout, stderr] = [output.stdout, output.stderr].map(String::from_utf8);
        let output = Output {
            code: output.status.code().context("the program was ended by a signal")?,
            stdout: stdout?,
            stderr: stderr?,
            filters: self.filters(),
        };
        anyhow::ensure!(!output.stderr.contains("panicked at"), "a panic:\n{}", output.stderr);
        anyhow::ensure!(!output.stderr.contains("stack backtrace"), "a backtrace:\n{}", output.stderr);
        Ok(output)
    }

    /// Replacements for parts of the output that differ between runs.
    fn filters(&self) -> Vec<(String, String)> {
        let root = self.root.path().canonicalize().unwrap_or_else(|_| self.root.path().to_owned());
        // The executable resolves links only in its working directory.
        let roots = [root, self.root.path().to_owned()];
        let folders = [("project", "[PROJECT]"), ("home", "[HOME]"), ("prefect", "[PREFECT_HOME]")];
        let path = |root: &PathBuf, name| root.join(name).display().to_string();
        let paths = roots.iter().flat_map(|root| folders.map(|(name, to)| (path(root, name), to.to_owned())));
        paths.chain([(self.unique.clone(), "UNIQUE".to_owned())]).collect()
    }
}

/// Sends a signal, such as `INT`, to a command.
pub(crate) fn signal(child: &Child, name: &str) -> Result<()> {
    let status = Command::new("kill").arg(format!("-{name}")).arg(child.id().to_string()).status()?;
    anyhow::ensure!(status.success(), "kill ended with {status}");
    Ok(())
}

/// Waits until a condition holds. Fails after two minutes with the condition's name.
pub(crate) fn wait_until(condition: &str, holds: impl Fn() -> bool) -> Result<()> {
    let deadline = Instant::now() + Duration::from_mins(2);
    while !holds() {
        anyhow::ensure!(Instant::now() < deadline, "timed out waiting until {condition}");
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// Runs commands sequentially. Returns the command lines and their output.
pub(crate) fn session(sandbox: &Sandbox, lines: &[&str]) -> Result<String> {
    let shown = lines.iter().map(|line| Ok(format!("$ prefectl {line}\n{}\n", sandbox.run(line)?)));
    shown.collect()
}

/// Returns the path of the executable under test: `PREFECTL_TEST_PROGRAM` if set, otherwise the executable
/// that Cargo built.
pub(crate) fn program() -> PathBuf {
    std::env::var_os("PREFECTL_TEST_PROGRAM")
        .map_or_else(|| env!("CARGO_BIN_EXE_prefectl").into(), PathBuf::from)
}

/// Exit code and output of a command. Its display form is the same in every run.
pub(crate) struct Output {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    filters: Vec<(String, String)>,
}

impl Output {
    /// Returns the output if the command succeeded. Fails otherwise.
    pub(crate) fn success(self) -> Result<Self> {
        anyhow::ensure!(self.code == 0, "the command failed:\n{self}");
        Ok(self)
    }

    /// Parses stdout as one JSON document.
    pub(crate) fn json(&self) -> Result<serde_json::Value> {
        serde_json::from_str(&self.stdout).with_context(|| format!("not one JSON document:\n{self}"))
    }

    /// Replaces substrings that differ between runs.
    pub(crate) fn normal(&self, text: &str) -> String {
        self.filters.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exit {}", self.code)?;
        // A server on SQLite is sometimes busy, so retries are not shown.
        let is_retry = |line: &&str| line.contains("; retrying in ");
        let stderr: String = self.stderr.split_inclusive('\n').filter(|line| !is_retry(line)).collect();
        for (name, text) in [("stdout", &self.stdout), ("stderr", &stderr)] {
            if !text.is_empty() {
                write!(f, "\n--- {name}\n{}", self.normal(text).trim_end())?;
            }
        }
        Ok(())
    }
}

/// Compares displayed output with an inline snapshot. IDs, ports and digests are replaced by symbols.
macro_rules! assert_output {
    ($output:expr, @$expected:literal) => {
        insta::with_settings!({
            omit_expression => true,
            filters => vec![
                (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "[ID]"),
                (r"sha256:[0-9a-f]{64}", "sha256:[DIGEST]"),
                (r"(127\.0\.0\.1|localhost):\d+", "$1:[PORT]"),
                (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", "[TIME]"),
                (r"next: \d{4}-\d\d-\d\d \d\d:\d\d \w+", "next: [TIME]"),
                (r"(?m)^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ ", ""),
                (r"\(\d+\.\ds\)", "([TIME])"),
                (r"(?m) in \d+\.\ds$", " in [TIME]"),
                (r"(?m) +$", ""),
            ],
        }, {
            insta::assert_snapshot!($output.to_string(), @$expected);
        })
    };
}
pub(crate) use assert_output;
