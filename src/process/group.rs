//! The end of a process and of all that it has started.

use std::{
    fs,
    time::{Duration, Instant},
};

use rustix::process::{
    Pid, Signal, WaitOptions, getpgid, kill_process, kill_process_group, test_kill_process,
    test_kill_process_group, waitpgid,
};
use tokio::process::Child;

/// How long processes may take to end after they have been asked to.
pub(super) const GRACE: Duration = Duration::from_secs(10);

/// How often they are looked at meanwhile.
const GLANCE: Duration = Duration::from_millis(10);

/// How often they are looked at until they have stopped.
const GLANCES: usize = 100;

/// How long processes may take to vanish after they have been killed.
const VANISHING: Duration = Duration::from_secs(1);

/// Asks a child and all that it has started to end, waits until they have, and kills what is left after `grace`.
pub(super) fn end(child: &mut Child, leads_group: bool, grace: Duration) {
    let Some(leader) = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw) else {
        return;
    };
    let family = Family::held(leader, leads_group);
    family.signal(Signal::TERM);
    family.signal(Signal::CONT);
    if !family.is_gone_within(child, grace) {
        family.signal(Signal::KILL);
        family.is_gone_within(child, VANISHING);
    }
}

/// A child, its group if it leads one, and those of its descendants that are in other groups.
struct Family {
    leader: Pid,
    leads_group: bool,
    others: Vec<Pid>,
}

impl Family {
    /// Stops all of a child's family where they are, and counts them: one that runs could leave the group, and when
    /// its parent has ended nothing tells any more whose it was.
    fn held(leader: Pid, leads_group: bool) -> Self {
        let mut family = Self { leader, leads_group, others: Vec::new() };
        for _ in 0..GLANCES {
            family.signal(Signal::STOP);
            let all = descendants(leader);
            let is_other = |pid: &Pid| !leads_group || getpgid(Some(*pid)) != Ok(leader);
            let known = family.others.len();
            let new: Vec<Pid> =
                all.iter().copied().filter(|pid| is_other(pid) && !family.others.contains(pid)).collect();
            family.others.extend(new);
            if known == family.others.len() && all.iter().chain([&leader]).all(|pid| is_still(*pid)) {
                break;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        family
    }

    /// Failures are of those that have ended meanwhile.
    fn signal(&self, signal: Signal) {
        let _ = if self.leads_group {
            kill_process_group(self.leader, signal)
        } else {
            kill_process(self.leader, signal)
        };
        for pid in &self.others {
            let _ = kill_process(*pid, signal);
        }
    }

    fn is_gone_within(&self, child: &mut Child, time: Duration) -> bool {
        let deadline = Instant::now() + time;
        loop {
            // The child is a zombie until it is waited for.
            let mut is_gone = !matches!(child.try_wait(), Ok(None));
            if is_gone && self.leads_group {
                // So are those whose parent we have become.
                while let Ok(Some(_)) = waitpgid(self.leader, WaitOptions::NOHANG) {}
                is_gone = test_kill_process_group(self.leader).is_err();
            }
            if is_gone && self.others.iter().all(|pid| test_kill_process(*pid).is_err() || is_zombie(*pid)) {
                return true;
            }
            if Instant::now() > deadline {
                return false;
            }
            std::thread::sleep(GLANCE);
        }
    }
}

/// All that a process has started, and what these have, as far as the system tells.
fn descendants(ancestor: Pid) -> Vec<Pid> {
    let processes: Vec<(Pid, Pid)> = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(|entry| Pid::from_raw(entry.ok()?.file_name().to_str()?.parse().ok()?))
        .filter_map(|pid| Some((pid, Pid::from_raw(stat(pid)?.1)?)))
        .collect();
    let mut found = vec![ancestor];
    let mut next = 0;
    while let Some(parent) = found.get(next).copied() {
        found.extend(processes.iter().filter(|(_, of)| *of == parent).map(|(pid, _)| *pid));
        next += 1;
    }
    found.split_off(1)
}

/// Whether a process is stopped, or has ended.
fn is_still(pid: Pid) -> bool {
    stat(pid).is_none_or(|(state, _)| matches!(state.as_str(), "T" | "t" | "Z" | "X"))
}

fn is_zombie(pid: Pid) -> bool {
    stat(pid).is_some_and(|(state, _)| state == "Z")
}

/// The state and the parent of a process; nothing where there is no `/proc`, or no such process any more.
fn stat(pid: Pid) -> Option<(String, i32)> {
    let text = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
    // The name of the program is in parentheses, and may have any character in it.
    let mut fields = text.rsplit_once(") ")?.1.split(' ');
    Some((fields.next()?.to_owned(), fields.next()?.parse().ok()?))
}
