//! Terminates a program and all processes that it has started.

use std::{
    fs,
    os::fd::{AsFd, AsRawFd as _},
    time::{Duration, Instant},
};

use rustix::process::{
    Pid, Signal, WaitOptions, getpgid, kill_process, kill_process_group, test_kill_process,
    test_kill_process_group, waitpgid,
};
use tokio::process::{Child, ChildStderr, ChildStdout};

/// Time between SIGTERM and SIGKILL.
pub(super) const GRACE: Duration = Duration::from_secs(10);

/// Interval for checking whether processes have exited.
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// Maximum number of attempts to stop all processes while new processes keep appearing.
const STOP_ATTEMPTS: usize = 100;

/// Maximum time to wait for processes to exit after SIGKILL.
const KILL_GRACE: Duration = Duration::from_secs(1);

/// Properties that identify a program's processes, even after the program itself has exited.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    leader: Option<Pid>,
    leads_group: bool,
    /// Names of the output pipes, such as `pipe:[4711]`. Every process with one of these pipes open was started by the
    /// program.
    pipes: Vec<String>,
}

impl Identity {
    pub(super) fn new(
        child: &Child,
        leads_group: bool,
        stdout: Option<&ChildStdout>,
        stderr: Option<&ChildStderr>,
    ) -> Self {
        let leader = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let pipes = [stdout.and_then(pipe_name), stderr.and_then(pipe_name)];
        Self { leader, leads_group, pipes: pipes.into_iter().flatten().collect() }
    }
}

/// Returns a pipe's name in `/proc`, or `None` on systems without `/proc`.
fn pipe_name(pipe: &impl AsFd) -> Option<String> {
    let link = fs::read_link(format!("/proc/self/fd/{}", pipe.as_fd().as_raw_fd())).ok()?;
    link.to_str().filter(|name| name.starts_with("pipe:")).map(str::to_owned)
}

/// Sends SIGTERM to a program and all processes that it has started and waits for them to exit. Kills the remaining
/// processes after `grace`.
pub(super) fn end(child: &mut Child, identity: &Identity, grace: Duration) {
    let Some(leader) = identity.leader else { return };
    let family = Family::stopped(leader, child.id().is_some(), identity);
    // The child remains a zombie until its exit status is collected.
    end_family(&family, || !matches!(child.try_wait(), Ok(None)), grace);
}

/// Terminates a program's processes without its [`Child`]. The program's exit status is lost.
pub(super) fn end_without_child(identity: &Identity, grace: Duration) {
    let Some(leader) = identity.leader else { return };
    let own = rustix::process::getpid().as_raw_nonzero().get();
    // The process ID of an exited program may belong to another process.
    let has_leader = stat(leader).is_some_and(|(_, parent)| parent == own);
    let is_leader_gone = || !has_leader || stat(leader).is_none_or(|(state, _)| state == "Z");
    end_family(&Family::stopped(leader, has_leader, identity), is_leader_gone, grace);
}

fn end_family(family: &Family, mut is_leader_gone: impl FnMut() -> bool, grace: Duration) {
    family.signal(Signal::TERM);
    family.signal(Signal::CONT);
    if !family.is_gone_within(&mut is_leader_gone, grace) {
        family.signal(Signal::KILL);
        family.is_gone_within(&mut is_leader_gone, KILL_GRACE);
    }
}

/// A program and the processes that it has started.
struct Family {
    leader: Pid,
    /// Whether the leader's process ID is still valid. The ID is valid until the leader's exit status is collected.
    has_leader: bool,
    leads_group: bool,
    /// Processes outside the leader's process group.
    others: Vec<Pid>,
}

impl Family {
    /// Sends SIGSTOP to all processes of a program and returns these processes.
    ///
    /// A running process could start further processes or leave the process group. After its parent has exited, it
    /// could no longer be attributed to the program.
    fn stopped(leader: Pid, has_leader: bool, identity: &Identity) -> Self {
        let mut family = Self { leader, has_leader, leads_group: identity.leads_group, others: Vec::new() };
        for _ in 0..STOP_ATTEMPTS {
            family.signal(Signal::STOP);
            let mut all = holders(&identity.pipes);
            if has_leader {
                all.extend(descendants(leader));
            }
            let is_other =
                |pid: &Pid| *pid != leader && (!family.leads_group || getpgid(Some(*pid)) != Ok(leader));
            let known = family.others.len();
            let mut new: Vec<Pid> =
                all.iter().copied().filter(|pid| is_other(pid) && !family.others.contains(pid)).collect();
            new.dedup();
            family.others.extend(new);
            let leader = has_leader.then_some(leader);
            if known == family.others.len() && all.into_iter().chain(leader).all(is_stopped) {
                break;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        family
    }

    /// Sends a signal to all processes. Ignores processes that have already exited.
    fn signal(&self, signal: Signal) {
        if self.leads_group {
            let _ = kill_process_group(self.leader, signal);
        } else if self.has_leader {
            let _ = kill_process(self.leader, signal);
        }
        for pid in &self.others {
            let _ = kill_process(*pid, signal);
        }
    }

    fn is_gone_within(&self, is_leader_gone: &mut impl FnMut() -> bool, time: Duration) -> bool {
        let deadline = Instant::now() + time;
        loop {
            let mut is_gone = is_leader_gone();
            if is_gone && self.leads_group {
                // Orphaned processes in the group may have become children of this process.
                while let Ok(Some(_)) = waitpgid(self.leader, WaitOptions::NOHANG) {}
                is_gone = test_kill_process_group(self.leader).is_err();
            }
            if is_gone && self.others.iter().all(|pid| test_kill_process(*pid).is_err() || is_zombie(*pid)) {
                return true;
            }
            if Instant::now() > deadline {
                return false;
            }
            std::thread::sleep(POLL_INTERVAL);
        }
    }
}

/// Returns all descendants of a process. Returns an empty list on systems without `/proc`.
fn descendants(ancestor: Pid) -> Vec<Pid> {
    let processes: Vec<(Pid, Pid)> =
        processes().filter_map(|pid| Some((pid, Pid::from_raw(stat(pid)?.1)?))).collect();
    let mut found = vec![ancestor];
    let mut next = 0;
    while let Some(parent) = found.get(next).copied() {
        found.extend(processes.iter().filter(|(_, of)| *of == parent).map(|(pid, _)| *pid));
        next += 1;
    }
    found.split_off(1)
}

/// Returns the other processes that have one of the pipes open. Returns an empty list on systems without `/proc`.
fn holders(pipes: &[String]) -> Vec<Pid> {
    if pipes.is_empty() {
        return Vec::new();
    }
    let own = rustix::process::getpid();
    let holds = |pid: &Pid| {
        let files = fs::read_dir(format!("/proc/{}/fd", pid.as_raw_nonzero())).into_iter().flatten();
        let mut links = files.filter_map(|file| fs::read_link(file.ok()?.path()).ok());
        links.any(|link| link.to_str().is_some_and(|name| pipes.iter().any(|pipe| pipe == name)))
    };
    processes().filter(|pid| *pid != own && holds(pid)).collect()
}

/// Returns the IDs of all processes on the system.
fn processes() -> impl Iterator<Item = Pid> {
    let entries = fs::read_dir("/proc").into_iter().flatten();
    entries.filter_map(|entry| Pid::from_raw(entry.ok()?.file_name().to_str()?.parse().ok()?))
}

/// Returns whether a process is stopped or has exited.
fn is_stopped(pid: Pid) -> bool {
    stat(pid).is_none_or(|(state, _)| matches!(state.as_str(), "T" | "t" | "Z" | "X"))
}

fn is_zombie(pid: Pid) -> bool {
    stat(pid).is_some_and(|(state, _)| state == "Z")
}

/// Returns a process's state and parent, or `None` if the process does not exist or the system has no `/proc`.
fn stat(pid: Pid) -> Option<(String, i32)> {
    let text = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
    // The program name is in parentheses and may contain any character.
    let mut fields = text.rsplit_once(") ")?.1.split(' ');
    Some((fields.next()?.to_owned(), fields.next()?.parse().ok()?))
}
