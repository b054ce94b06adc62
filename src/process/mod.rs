//! Runs child processes, streams their output, and terminates them together with all processes that they have started.

#[cfg(unix)]
mod group;
mod output;
mod search_path;

use std::{
    collections::BTreeMap,
    fs::File,
    io,
    path::Path,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    process::{Child, ChildStderr, ChildStdout, Command},
    sync::watch,
    time::Instant,
};

pub(crate) use self::{
    output::BoundedOutput,
    search_path::{environment_outside, find_on_path, path_outside},
};
use self::{output::Lines, search_path::program_path};
#[cfg(unix)]
use crate::cleanup::{OnAbort, Urgency};
use crate::{
    environment::Environment,
    progress::{Progress, Stream},
};

/// Size of the read buffer in bytes.
const CHUNK: usize = 64 * 1024;

/// Maximum time to read the remaining output after a program has exited while another process keeps the output open.
const DRAIN: Duration = Duration::from_millis(50);

/// A program to run, with its arguments and environment.
#[derive(Debug, Clone)]
pub(crate) struct Program<'a> {
    /// Path of the program, or a name to look up in the program's own `PATH`.
    pub(crate) program: &'a str,
    pub(crate) arguments: &'a [String],
    pub(crate) directory: &'a Path,
    pub(crate) environment: &'a Environment,
    /// Variables that override the variables in `environment`.
    pub(crate) variables: &'a BTreeMap<String, String>,
}

/// The result of a program that has exited.
#[derive(Debug)]
pub(crate) struct Finished {
    /// The exit code, or the negated number of the signal that terminated the program.
    pub(crate) code: i32,
    /// Output of the program. If the output exceeds 8 MiB, contains only its start and end.
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// The condition that completes a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Completion {
    /// The program has exited, and all processes that inherited its output have closed it.
    OutputClosed,
    /// The program has exited. Processes that it started may still be running.
    Exit,
}

/// Runs a program until it exits and its output is closed. Passes each output line to `progress`.
///
/// Replaces invalid UTF-8 in the output with U+FFFD. Dropping the future terminates the program and all processes that
/// it has started.
///
/// # Errors
///
/// Fails if the program cannot be started or its output cannot be read.
pub(crate) async fn run(program: &Program<'_>, progress: Option<&dyn Progress>) -> io::Result<Finished> {
    run_until(Completion::OutputClosed, program, progress).await
}

/// Runs a program like [`run`] until the `completion` condition is met.
///
/// # Errors
///
/// Fails if the program cannot be started or its output cannot be read.
pub(crate) async fn run_until(
    completion: Completion,
    program: &Program<'_>,
    progress: Option<&dyn Progress>,
) -> io::Result<Finished> {
    let running = Running::start(program, Stdio::inherit())?;
    running.finish(completion, &[], progress).await
}

/// Runs a program with `input` as its stdin until it exits and its output is closed.
///
/// # Errors
///
/// Fails if the program cannot be started or its output cannot be read. Unread input is not an error.
pub(crate) async fn run_with_input(program: &Program<'_>, input: &[u8]) -> io::Result<Finished> {
    let running = Running::start(program, Stdio::piped())?;
    running.finish(Completion::OutputClosed, input, None).await
}

/// A running program. Dropping the value early terminates the program and all processes that it has started.
struct Running {
    child: Child,
    /// The program's stdout. Kept open during termination, because a program that cannot write its output might be
    /// killed before it has cleaned up.
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    #[cfg(unix)]
    family: group::Identity,
    is_finished: bool,
    #[cfg(unix)]
    _on_abort: OnAbort,
}

impl Running {
    fn start(program: &Program<'_>, stdin: Stdio) -> io::Result<Self> {
        let mut command = command(program);
        command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self::spawn(command)
    }

    fn spawn(mut command: Command) -> io::Result<Self> {
        // On a terminal, the child stays in prefectl's process group so that it can read from the terminal and receives
        // Ctrl-C.
        #[cfg(unix)]
        let leads_group = !io::IsTerminal::is_terminal(&io::stdin());
        #[cfg(unix)]
        if leads_group {
            command.process_group(0);
        }
        let mut child = command.spawn()?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        #[cfg(unix)]
        let family = group::Identity::new(&child, leads_group, stdout.as_ref(), stderr.as_ref());
        Ok(Self {
            child,
            stdout,
            stderr,
            #[cfg(unix)]
            _on_abort: end_on_abort(family.clone(), group::GRACE),
            #[cfg(unix)]
            family,
            is_finished: false,
        })
    }

    /// Writes the input, reads the output and waits until the run is complete.
    async fn finish(
        mut self,
        completion: Completion,
        input: &[u8],
        progress: Option<&dyn Progress>,
    ) -> io::Result<Finished> {
        let stdin = self.child.stdin.take();
        let (exited, mut seen) = watch::channel(false);
        let mut seen_again = seen.clone();
        let is_over = async |seen: &mut watch::Receiver<bool>| match completion {
            Completion::OutputClosed => std::future::pending().await,
            // Waiting cannot fail because the sender lives until the end of this function.
            Completion::Exit => drop(seen.wait_for(|exited| *exited).await),
        };
        let (stdout, stderr, status, ()) = tokio::try_join!(
            read(self.stdout.as_mut(), Stream::Stdout, progress, is_over(&mut seen)),
            read(self.stderr.as_mut(), Stream::Stderr, progress, is_over(&mut seen_again)),
            async {
                let status = self.child.wait().await;
                exited.send_replace(true);
                status
            },
            async {
                if let Some(mut stdin) = stdin {
                    // Writing fails if the program exits early. The exit code is more informative than the I/O error.
                    let _ = stdin.write_all(input).await;
                }
                Ok(())
            }
        )?;
        self.is_finished = true;
        if completion == Completion::Exit {
            discard(self.stdout.take());
            discard(self.stderr.take());
        }
        Ok(Finished { code: exit_code(status), stdout, stderr })
    }
}

/// Reads a stream in the background and discards the data so that processes that write to the stream do not block.
fn discard(stream: Option<impl AsyncRead + Unpin + Send + 'static>) {
    if let Some(mut stream) = stream {
        tokio::spawn(async move { tokio::io::copy(&mut stream, &mut tokio::io::sink()).await });
    }
}

#[cfg(unix)]
impl Drop for Running {
    fn drop(&mut self) {
        if !self.is_finished {
            end(&mut self.child, &self.family, group::GRACE);
        }
    }
}

fn command(program: &Program<'_>) -> Command {
    let variable =
        |name: &str| program.variables.get(name).map(String::as_str).or(program.environment.get(name));
    let mut command = Command::new(program_path(program.program, variable("PATH"), program.directory));
    command
        .args(program.arguments)
        .current_dir(program.directory)
        .env_clear()
        .envs(program.environment.iter())
        .envs(program.variables)
        .kill_on_drop(true);
    // Programs print this name in their messages.
    #[cfg(unix)]
    command.arg0(program.program);
    command
}

/// Runs a program with the current process's stdin, stdout and stderr. Returns the exit code.
///
/// # Errors
///
/// Fails if the program cannot be started.
pub(crate) async fn run_in_foreground(program: &Program<'_>) -> io::Result<i32> {
    let mut running = Running::spawn(command(program))?;
    let status = running.child.wait().await?;
    running.is_finished = true;
    Ok(exit_code(status))
}

/// A program that runs in the background. Dropping the value terminates the program.
#[derive(Debug)]
pub(crate) struct Background {
    child: Child,
    #[cfg(unix)]
    _on_abort: OnAbort,
}

impl Background {
    /// Time that the program has to exit before it is killed with SIGKILL.
    #[cfg(unix)]
    const GRACE: Duration = Duration::from_millis(1500);

    /// Starts a program in the background. Writes its output to the file `output`.
    ///
    /// The program runs in its own process group, so Ctrl-C reaches only the current process. The current process then
    /// terminates the program.
    pub(crate) fn start(program: &Program<'_>, output: File) -> io::Result<Self> {
        let mut command = command(program);
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        #[cfg(unix)]
        command.process_group(0);
        let child = command.spawn()?;
        Ok(Self {
            #[cfg(unix)]
            _on_abort: end_on_abort(group::Identity::new(&child, true, None, None), Self::GRACE),
            child,
        })
    }

    /// Returns the program's exit code, or `None` if the program is still running.
    pub(crate) fn exit_code(&mut self) -> io::Result<Option<i32>> {
        Ok(self.child.try_wait()?.map(exit_code))
    }
}

#[cfg(unix)]
impl Drop for Background {
    fn drop(&mut self) {
        let family = group::Identity::new(&self.child, true, None, None);
        end(&mut self.child, &family, Self::GRACE);
    }
}

/// Registers a panic handler that terminates a program and all processes that it has started.
#[cfg(unix)]
fn end_on_abort(family: group::Identity, grace: Duration) -> OnAbort {
    OnAbort::new(move |urgency| {
        let grace = if urgency == Urgency::Immediate { Duration::ZERO } else { grace };
        group::end_without_child(&family, grace);
    })
}

/// Terminates a program and all processes that it has started.
#[cfg(unix)]
fn end(child: &mut Child, family: &group::Identity, grace: Duration) {
    // If the runtime has other threads, the other threads continue this thread's tasks.
    let has_threads = tokio::runtime::Handle::try_current()
        .is_ok_and(|runtime| runtime.runtime_flavor() == tokio::runtime::RuntimeFlavor::MultiThread);
    if has_threads {
        tokio::task::block_in_place(|| group::end(child, family, grace));
    } else {
        group::end(child, family, grace);
    }
}

fn exit_code(status: ExitStatus) -> i32 {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return -signal;
    }
    status.code().unwrap_or(-1)
}

/// Reads a stream until it is closed or `is_over` completes. Reports each complete line.
async fn read(
    stream: Option<impl AsyncRead + Unpin>,
    source: Stream,
    progress: Option<&dyn Progress>,
    is_over: impl Future<Output = ()>,
) -> io::Result<String> {
    let Some(mut stream) = stream else { return Ok(String::new()) };
    let (mut output, mut lines) = (BoundedOutput::default(), Lines::default());
    let report = |line: &str| {
        if let Some(progress) = progress {
            progress.output(source, line);
        }
    };
    let mut chunk = Vec::with_capacity(CHUNK);
    let mut is_over = std::pin::pin!(is_over);
    let mut deadline = None;
    loop {
        let length = match deadline {
            None => tokio::select! {
                biased;
                length = stream.read_buf(&mut chunk) => length?,
                () = &mut is_over => {
                    deadline = Some(Instant::now() + DRAIN);
                    continue;
                }
            },
            // The pipe already contains all output that the program wrote before it exited.
            Some(deadline) => match tokio::time::timeout_at(deadline, stream.read_buf(&mut chunk)).await {
                Ok(length) => length?,
                Err(_) => break,
            },
        };
        if length == 0 {
            break;
        }
        output.add(&chunk);
        if progress.is_some() {
            lines.add(&chunk, report);
        }
        chunk.clear();
    }
    lines.finish(report);
    Ok(output.into_text())
}

#[cfg(test)]
mod tests;
