//! Who may go when the steps of several deployments run side by side.
//!
//! What leaves traces on this machine (a script, an installation) runs as if everything ran one after the other: it
//! waits for all that is listed before it, and all that is listed after it waits for it. Between such steps, builds
//! and pushes run beside each other, since none sees what another one does.

use tokio::sync::watch;

/// How many steps each list has still to do.
#[derive(Debug)]
pub(super) struct Turns {
    left: watch::Sender<Vec<Left>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Left {
    pub(super) all: usize,
    /// Those of them that leave traces.
    pub(super) ordered: usize,
}

impl Turns {
    pub(super) fn new(left: Vec<Left>) -> Self {
        Self { left: watch::Sender::new(left) }
    }

    /// Waits until nothing that leaves traces is left to do before a list.
    pub(super) async fn beside_others(&self, list: usize) {
        self.wait(|left| left[..list].iter().all(|before| before.ordered == 0)).await;
    }

    /// Waits until nothing at all is left to do before a list.
    pub(super) async fn alone(&self, list: usize) {
        self.wait(|left| left[..list].iter().all(|before| before.all == 0)).await;
    }

    /// Tells that a list has one step less to do.
    pub(super) fn done(&self, list: usize, ordered: bool) {
        self.left.send_modify(|left| {
            left[list].all -= 1;
            left[list].ordered -= usize::from(ordered);
        });
    }

    async fn wait(&self, enough: impl Fn(&[Left]) -> bool) {
        // Only a sender that is gone ends this early, and it is here.
        let _ = self.left.subscribe().wait_for(|left| enough(left)).await;
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn scripts_wait_for_all_before_them_and_builds_for_scripts_only() {
        // A script and a build, a build, a script.
        let turns = Turns::new([(2, 1), (1, 0), (1, 1)].map(|(all, ordered)| Left { all, ordered }).to_vec());
        let may = |list| {
            (turns.beside_others(list).now_or_never().is_some(), turns.alone(list).now_or_never().is_some())
        };
        assert_eq!([may(0), may(1), may(2)], [(true, true), (false, false), (false, false)]);
        turns.done(0, true);
        assert_eq!([may(1), may(2)], [(true, false), (true, false)]);
        turns.done(0, false);
        assert_eq!([may(1), may(2)], [(true, true), (true, false)]);
        turns.done(1, false);
        assert_eq!(may(2), (true, true));
    }
}
