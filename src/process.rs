//! Child processes: their output as it comes, and their end together with ours.

use std::{
    collections::BTreeMap,
    io::{self, IsTerminal},
    path::Path,
    process::{ExitStatus, Stdio},
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    process::{Child, Command},
};

use crate::{
    environment::Environment,
    progress::{Progress, Stream},
};

/// A program to run.
#[derive(Debug, Clone)]
pub(crate) struct Program<'a> {
    pub(crate) program: &'a str,
    pub(crate) arguments: &'a [String],
    pub(crate) directory: &'a Path,
    pub(crate) environment: &'a Environment,
    /// Laid over the environment.
    pub(crate) variables: &'a BTreeMap<String, String>,
}

/// How a program ended and what it printed.
#[derive(Debug)]
pub(crate) struct Finished {
    /// The exit code, or the negative number of the signal that ended it.
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs a program to its end; its lines go to `progress` as they come, where one is given.
///
/// Bytes that are not UTF-8 become U+FFFD. The program is searched on the `PATH` that it is given itself.
///
/// # Errors
///
/// When it cannot be started or its output cannot be read.
pub(crate) async fn run(program: &Program<'_>, progress: Option<&dyn Progress>) -> io::Result<Finished> {
    let mut child = Running::start(program)?;
    let (stdout, stderr) = (child.0.stdout.take(), child.0.stderr.take());
    let (stdout, stderr, status) = tokio::try_join!(
        read(stdout, Stream::Stdout, progress),
        read(stderr, Stream::Stderr, progress),
        child.0.wait()
    )?;
    Ok(Finished { code: exit_code(status), stdout, stderr })
}

/// Runs a program to its end with `input` as its standard input, and keeps what it prints to itself.
///
/// # Errors
///
/// When it cannot be started or its output cannot be read. A program that does not read its input is no error.
pub(crate) async fn run_with_input(program: &Program<'_>, input: &[u8]) -> io::Result<Finished> {
    let mut child = Running::start_with(program, Stdio::piped())?;
    let stdin = child.0.stdin.take();
    let (stdout, stderr) = (child.0.stdout.take(), child.0.stderr.take());
    let (stdout, stderr, status, ()) = tokio::try_join!(
        read(stdout, Stream::Stdout, None),
        read(stderr, Stream::Stderr, None),
        child.0.wait(),
        async {
            if let Some(mut stdin) = stdin {
                // One that ends without reading it all breaks the pipe; how it ended tells more.
                let _ = stdin.write_all(input).await;
            }
            Ok(())
        }
    )?;
    Ok(Finished { code: exit_code(status), stdout, stderr })
}

/// A child that is ended, with what it started, when nobody waits for it any more.
struct Running(Child);

impl Running {
    /// How long a child may take to end after it has been asked to.
    const GRACE: Duration = Duration::from_secs(10);

    fn start(program: &Program<'_>) -> io::Result<Self> {
        Self::start_with(program, Stdio::inherit())
    }

    fn start_with(program: &Program<'_>, stdin: Stdio) -> io::Result<Self> {
        let variable =
            |name: &str| program.variables.get(name).map(String::as_str).or(program.environment.get(name));
        let mut command = Command::new(search(program.program, variable("PATH"), program.directory));
        command
            .args(program.arguments)
            .current_dir(program.directory)
            .env_clear()
            .envs(program.environment.iter())
            .envs(program.variables)
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        // At a terminal the child stays in our group: it may read from the terminal, and Ctrl-C reaches it.
        #[cfg(unix)]
        if !io::stdin().is_terminal() {
            command.process_group(0);
        }
        command.spawn().map(Self)
    }
}

/// The path of a program that is named without one, as `execvp` finds it.
fn search(program: &str, path: Option<&str>, directory: &Path) -> std::path::PathBuf {
    if program.contains('/') {
        return program.into();
    }
    find_on_path(program, path, directory).unwrap_or_else(|| program.into())
}

/// The file that a bare name is on a `PATH`; without one the system's own folders are searched.
pub(crate) fn find_on_path(name: &str, path: Option<&str>, directory: &Path) -> Option<std::path::PathBuf> {
    std::env::split_paths(path.unwrap_or("/usr/bin:/bin"))
        .map(|folder| directory.join(folder).join(name))
        .find(|file| file.is_file())
}

impl Drop for Running {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(id) =
            self.0.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw)
        {
            end_group(id, Self::GRACE);
        }
    }
}

/// Asks a process and its group to end, waits, and then makes them.
#[cfg(unix)]
fn end_group(id: rustix::process::Pid, grace: Duration) {
    use rustix::process::{Signal, kill_process, kill_process_group, test_kill_process};
    let deadline = Instant::now() + grace;
    // A child in our own group is no group leader; then only the child itself is addressed.
    if kill_process_group(id, Signal::TERM).is_err() {
        let _ = kill_process(id, Signal::TERM);
    }
    while test_kill_process(id).is_ok() && Instant::now() < deadline {
        if rustix::process::waitpid(Some(id), rustix::process::WaitOptions::NOHANG)
            .is_ok_and(|status| status.is_some())
        {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let _ = kill_process_group(id, Signal::KILL);
}

fn exit_code(status: ExitStatus) -> i32 {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return -signal;
    }
    status.code().unwrap_or(-1)
}

/// Reads a stream to its end; whole lines are told as soon as they are there.
async fn read(
    stream: Option<impl AsyncRead + Unpin>,
    which: Stream,
    progress: Option<&dyn Progress>,
) -> io::Result<String> {
    let Some(mut stream) = stream else { return Ok(String::new()) };
    let (mut bytes, mut told) = (Vec::new(), 0);
    while stream.read_buf(&mut bytes).await? > 0 {
        let Some(progress) = progress else { continue };
        while let Some(length) = bytes[told..].iter().position(|byte| *byte == b'\n') {
            progress
                .output(which, String::from_utf8_lossy(&bytes[told..told + length]).trim_end_matches('\r'));
            told += length + 1;
        }
    }
    if let Some(progress) = progress.filter(|_| told < bytes.len()) {
        progress.output(which, &String::from_utf8_lossy(&bytes[told..]));
    }
    Ok(String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}
