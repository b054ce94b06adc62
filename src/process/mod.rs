//! Child processes: their output as it comes, and their end together with ours.

#[cfg(unix)]
mod group;
mod output;

#[cfg(unix)]
use std::time::Duration;
use std::{
    collections::BTreeMap,
    fs::File,
    io,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    process::{Child, ChildStderr, ChildStdout, Command},
};

use self::output::{Kept, Lines};
use crate::{
    environment::Environment,
    fs,
    progress::{Progress, Stream},
};

/// How much is read at a time.
const CHUNK: usize = 64 * 1024;

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
    /// All of it, or where it is many megabytes the beginning and the end.
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs a program to its end; its lines go to `progress` as they come, where one is given.
///
/// Bytes that are not UTF-8 become U+FFFD. The program is searched on the `PATH` that it is given itself. When nobody
/// waits for it any more, it is ended together with what it has started.
///
/// # Errors
///
/// When it cannot be started or its output cannot be read.
pub(crate) async fn run(program: &Program<'_>, progress: Option<&dyn Progress>) -> io::Result<Finished> {
    let mut running = Running::start(program, Stdio::inherit())?;
    let (stdout, stderr, status) = tokio::try_join!(
        read(running.stdout.as_mut(), Stream::Stdout, progress),
        read(running.stderr.as_mut(), Stream::Stderr, progress),
        running.child.wait()
    )?;
    Ok(Finished { code: exit_code(status), stdout, stderr })
}

/// Runs a program to its end with `input` as its standard input, and keeps what it prints to itself.
///
/// # Errors
///
/// When it cannot be started or its output cannot be read. A program that does not read its input is no error.
pub(crate) async fn run_with_input(program: &Program<'_>, input: &[u8]) -> io::Result<Finished> {
    let mut running = Running::start(program, Stdio::piped())?;
    let stdin = running.child.stdin.take();
    let (stdout, stderr, status, ()) = tokio::try_join!(
        read(running.stdout.as_mut(), Stream::Stdout, None),
        read(running.stderr.as_mut(), Stream::Stderr, None),
        running.child.wait(),
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
struct Running {
    child: Child,
    /// Open until it has ended: a program that writes where nobody reads is ended before it has cleaned up.
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    /// Whether it leads a process group of its own, and is not in ours.
    #[cfg(unix)]
    leads_group: bool,
}

impl Running {
    fn start(program: &Program<'_>, stdin: Stdio) -> io::Result<Self> {
        let mut command = command(program);
        command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self::spawn(command)
    }

    fn spawn(mut command: Command) -> io::Result<Self> {
        // At a terminal the child stays in our group: it may read from the terminal, and Ctrl-C reaches it.
        #[cfg(unix)]
        let leads_group = !io::IsTerminal::is_terminal(&io::stdin());
        #[cfg(unix)]
        if leads_group {
            command.process_group(0);
        }
        let mut child = command.spawn()?;
        Ok(Self {
            stdout: child.stdout.take(),
            stderr: child.stderr.take(),
            child,
            #[cfg(unix)]
            leads_group,
        })
    }
}

#[cfg(unix)]
impl Drop for Running {
    fn drop(&mut self) {
        end(&mut self.child, self.leads_group, group::GRACE);
    }
}

fn command(program: &Program<'_>) -> Command {
    let variable =
        |name: &str| program.variables.get(name).map(String::as_str).or(program.environment.get(name));
    let mut command = Command::new(search(program.program, variable("PATH"), program.directory));
    command
        .args(program.arguments)
        .current_dir(program.directory)
        .env_clear()
        .envs(program.environment.iter())
        .envs(program.variables)
        .kill_on_drop(true);
    // Programs name themselves in messages by what they were called.
    #[cfg(unix)]
    command.arg0(program.program);
    command
}

/// Runs a program to its end with our own three streams; gives its exit code.
///
/// # Errors
///
/// When it cannot be started.
pub(crate) async fn run_in_foreground(program: &Program<'_>) -> io::Result<i32> {
    let mut running = Running::spawn(command(program))?;
    Ok(exit_code(running.child.wait().await?))
}

/// A program that runs beside this one, and is ended when this value goes.
#[derive(Debug)]
pub(crate) struct Background(Child);

impl Background {
    /// How long it may take to end.
    #[cfg(unix)]
    const GRACE: Duration = Duration::from_millis(1500);

    /// Starts a program in a group of its own, since Ctrl-C is for us, who then end it. What it prints goes to
    /// `output`.
    pub(crate) fn start(program: &Program<'_>, output: File) -> io::Result<Self> {
        let mut command = command(program);
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        #[cfg(unix)]
        command.process_group(0);
        command.spawn().map(Self)
    }

    /// Its exit code, once it has ended.
    pub(crate) fn exit_code(&mut self) -> io::Result<Option<i32>> {
        Ok(self.0.try_wait()?.map(exit_code))
    }
}

#[cfg(unix)]
impl Drop for Background {
    fn drop(&mut self) {
        end(&mut self.0, true, Self::GRACE);
    }
}

/// Ends a child and what it has started.
#[cfg(unix)]
fn end(child: &mut Child, leads_group: bool, grace: Duration) {
    // Without an id it has ended, and has been waited for.
    if child.id().is_none() {
        return;
    }
    // Other tasks go on meanwhile, where there is another thread for them.
    let has_threads = tokio::runtime::Handle::try_current()
        .is_ok_and(|runtime| runtime.runtime_flavor() == tokio::runtime::RuntimeFlavor::MultiThread);
    if has_threads {
        tokio::task::block_in_place(|| group::end(child, leads_group, grace));
    } else {
        group::end(child, leads_group, grace);
    }
}

/// The path of a program that is named without one, as `execvp` finds it.
fn search(program: &str, path: Option<&str>, directory: &Path) -> PathBuf {
    if program.contains('/') {
        return program.into();
    }
    find_on_path(program, path, directory).unwrap_or_else(|| program.into())
}

/// Default value of `PATH`.
const DEFAULT_PATH: &str = "/usr/bin:/bin";

/// Returns the first file with this name in the folders of `path`. Relative folders start at `directory`.
pub(crate) fn find_on_path(name: &str, path: Option<&str>, directory: &Path) -> Option<PathBuf> {
    std::env::split_paths(path.unwrap_or(DEFAULT_PATH))
        .map(|folder| directory.join(folder).join(name))
        .find(|file| file.is_file())
}

/// Returns the environment for programs that a command may start without running anything of the project.
///
/// The folders of `PATH` and `DOCKER_CONFIG` that are inside the project are left out, and so are the credentials of
/// the Prefect API and the variables that make Git use another repository.
pub(crate) fn environment_outside(environment: &Environment, project: &Path) -> Environment {
    let mut outside = environment.without_api_credentials();
    outside.set("PATH".to_owned(), Some(path_outside(environment.get("PATH"), project)));
    let is_inside = |folder: &str| fs::is_inside(&project.join(folder), project);
    if environment.non_empty("DOCKER_CONFIG").is_some_and(is_inside) {
        outside.set("DOCKER_CONFIG".to_owned(), None);
    }
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
        outside.set(name.to_owned(), None);
    }
    outside
}

/// Returns `path` without relative folders and folders of the project.
pub(crate) fn path_outside(path: Option<&str>, project: &Path) -> String {
    let folders = std::env::split_paths(path.unwrap_or(DEFAULT_PATH));
    let outside = folders.filter(|folder| folder.is_absolute() && !fs::is_inside(folder, project));
    // An empty PATH would stand for the current directory.
    let joined = std::env::join_paths(outside).ok().and_then(|path| path.into_string().ok());
    joined.filter(|path| !path.is_empty()).unwrap_or_else(|| DEFAULT_PATH.to_owned())
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
    let (mut kept, mut lines) = (Kept::default(), Lines::default());
    let tell = |line: &str| {
        if let Some(progress) = progress {
            progress.output(which, line);
        }
    };
    let mut chunk = Vec::with_capacity(CHUNK);
    while stream.read_buf(&mut chunk).await? > 0 {
        kept.add(&chunk);
        if progress.is_some() {
            lines.add(&chunk, tell);
        }
        chunk.clear();
    }
    lines.finish(tell);
    Ok(kept.into_text())
}

#[cfg(test)]
mod tests;
