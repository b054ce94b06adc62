//! Orders steps when multiple deployments' step lists run concurrently.
//!
//! The result is the same as if the lists ran sequentially. A writing step, such as a script or an installation, waits
//! for all preceding steps that access this machine. All subsequent steps that access this machine wait for the writing
//! step to complete. Reading steps in between, such as image builds, run concurrently.

use std::{
    collections::BTreeMap,
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;

use super::{
    Listed, LocalAccess, StepKind,
    item::{Parts, parts},
    registry,
};

/// Returns the local access of each step in a list. An empty step has no access because it is skipped.
///
/// A push after a build also has no access. The push uses the image of its own list, which steps in other lists do not
/// change, because different builds must not write the same name.
pub(super) fn accesses<'s>(steps: impl IntoIterator<Item = &'s Listed>) -> Vec<LocalAccess> {
    let mut has_built = false;
    let access = |listed: &Listed| match parts(&listed.step) {
        None => LocalAccess::None,
        Some((_, Err(_))) => LocalAccess::Writes,
        Some((name, Ok(Parts { inputs, .. }))) => {
            let entry = registry::find_or_function(name);
            has_built |= entry.kind == StepKind::BuildDockerImage;
            match entry.kind {
                StepKind::PushDockerImage if has_built => LocalAccess::None,
                _ => (entry.access)(&inputs),
            }
        }
    };
    steps.into_iter().map(access).collect()
}

/// The remaining steps of each list, and the steps that wait for them.
#[derive(Debug)]
pub(super) struct StepOrder(Mutex<State>);

#[derive(Debug)]
struct State {
    remaining: Vec<Remaining>,
    /// Progress of the writing steps.
    writing: Front,
    /// Progress of the reading and writing steps.
    accessing: Front,
}

/// Number of steps in a list that have not completed. Excludes steps without local access.
#[derive(Debug, Clone, Copy)]
struct Remaining {
    reading: usize,
    writing: usize,
}

impl Remaining {
    fn of(accesses: &[LocalAccess]) -> Self {
        let count = |counted| accesses.iter().filter(|access| **access == counted).count();
        Self { reading: count(LocalAccess::Reads), writing: count(LocalAccess::Writes) }
    }

    fn accessing(&self) -> usize {
        self.reading + self.writing
    }
}

/// The position of the first list with remaining steps, and the lists that wait for the position to advance.
///
/// The position only moves forward and wakes each waiting list once, so the total cost is linear even for thousands of
/// lists.
#[derive(Debug, Default)]
struct Front {
    /// Index of the first list with remaining steps.
    position: usize,
    waiting: BTreeMap<usize, Vec<oneshot::Sender<()>>>,
}

impl Front {
    fn advance(&mut self, remaining: &[Remaining], count: impl Fn(&Remaining) -> usize) {
        self.position += remaining[self.position..].iter().take_while(|list| count(list) == 0).count();
        let later = self.waiting.split_off(&(self.position + 1));
        for waiting in mem::replace(&mut self.waiting, later).into_values().flatten() {
            // The receiver no longer exists if the waiting step was cancelled.
            let _ = waiting.send(());
        }
    }

    /// Returns a receiver that is notified when all lists before `list` are done, or `None` if they are already done.
    fn wait_for(&mut self, list: usize) -> Option<oneshot::Receiver<()>> {
        (self.position < list).then(|| {
            let (sender, receiver) = oneshot::channel();
            self.waiting.entry(list).or_default().push(sender);
            receiver
        })
    }
}

impl State {
    fn advance(&mut self) {
        self.writing.advance(&self.remaining, |list| list.writing);
        self.accessing.advance(&self.remaining, Remaining::accessing);
    }
}

impl StepOrder {
    /// Creates the order of lists whose steps have the given accesses.
    pub(super) fn new(lists: &[Vec<LocalAccess>]) -> Self {
        let remaining = lists.iter().map(|accesses| Remaining::of(accesses)).collect();
        let mut state = State { remaining, writing: Front::default(), accessing: Front::default() };
        state.advance();
        Self(Mutex::new(state))
    }

    /// Waits until the lists before `list` have no remaining writing steps.
    pub(super) async fn after_writes(&self, list: usize) {
        self.wait(|state| state.writing.wait_for(list)).await;
    }

    /// Waits until the lists before `list` have no remaining reading or writing steps.
    pub(super) async fn after_reads_and_writes(&self, list: usize) {
        self.wait(|state| state.accessing.wait_for(list)).await;
    }

    /// Records that a step of a list has completed.
    pub(super) fn done(&self, list: usize, access: LocalAccess) {
        let mut state = self.lock();
        match access {
            LocalAccess::None => return,
            LocalAccess::Reads => state.remaining[list].reading -= 1,
            LocalAccess::Writes => state.remaining[list].writing -= 1,
        }
        state.advance();
    }

    async fn wait(&self, enters: impl FnOnce(&mut State) -> Option<oneshot::Receiver<()>>) {
        let waiting = enters(&mut self.lock());
        if let Some(done) = waiting {
            // Receiving cannot fail because the sender lives as long as `self`.
            let _ = done.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::{
        LocalAccess::{Reads, Writes},
        *,
    };
    use crate::pointer::Pointer;

    #[test]
    fn writing_steps_wait_for_all_earlier_steps_and_reading_steps_only_for_writing_steps() {
        // A script and a build; a build and a push of its image; a script.
        let order = StepOrder::new(&[vec![Writes, Reads], vec![Reads, LocalAccess::None], vec![Writes]]);
        let may = |list| {
            let may_read = order.after_writes(list).now_or_never().is_some();
            (may_read, order.after_reads_and_writes(list).now_or_never().is_some())
        };
        assert_eq!([may(0), may(1), may(2)], [(true, true), (false, false), (false, false)]);
        order.done(0, Writes);
        assert_eq!([may(1), may(2)], [(true, false), (true, false)]);
        order.done(0, Reads);
        assert_eq!([may(1), may(2)], [(true, true), (true, false)]);
        order.done(1, Reads);
        assert_eq!(may(2), (true, true));
        order.done(1, LocalAccess::None);
        assert_eq!(may(2), (true, true));
    }

    #[test]
    fn determines_the_access_of_each_step_of_a_list() {
        const SCRIPT: &str = "prefect.deployments.steps.run_shell_script: {script: make}";
        const ENTER: &str = "prefect.deployments.steps.set_working_directory: {directory: d}";
        const BUILD: &str = "prefect_docker.deployments.steps.build_docker_image: {image_name: x}";
        const PUSH: &str = "prefect_docker.deployments.steps.push_docker_image: {image_name: x}";
        const UPLOAD: &str = "prefect_aws.deployments.steps.push_to_s3: {bucket: b, folder: f}";

        let persists = |value: &str| BUILD.replace("image_name: x", &format!("persist_dockerfile: {value}"));
        let [always, never, by_default, unknown] =
            ["true", "false", "null", "'{{ $PERSIST }}'"].map(persists);
        for (steps, expected) in [
            (&[SCRIPT, ENTER, UPLOAD][..], &[Writes, Reads, Reads][..]),
            (&["tools.sign: {}", "not.a.mapping: 1", "{}"], &[Writes, Writes, LocalAccess::None]),
            // Another script may build an image with the same name.
            (&[SCRIPT, PUSH], &[Writes, Reads]),
            (&[BUILD, PUSH, PUSH], &[Reads, LocalAccess::None, LocalAccess::None]),
            (&[&*always, &*never, &*by_default, &*unknown], &[Writes, Reads, Reads, Writes]),
            (&[], &[]),
        ] {
            let listed = |text: &&str| Listed {
                step: serde_yaml::from_str(text).unwrap(),
                pointer: Pointer::root(),
                place: None,
            };
            let listed: Vec<Listed> = steps.iter().map(listed).collect();
            assert_eq!(accesses(&listed), expected, "{steps:?}");
        }
    }
}
