//! Starting rounds of line probes and taking what they gave.

use std::sync::{Arc, atomic::Ordering::Relaxed};

use tokio::task::JoinError;

use super::{
    super::line_probes::{self, Probed, Round},
    Recorder,
};

impl Recorder {
    /// Off unless the schedule asks for it. A round that is still under way is not doubled.
    pub(super) fn probe_lines(&mut self) {
        let Some(icmp) = self.measurer.icmp.clone() else {
            return;
        };
        if !self.schedule.active_line_probes || !self.probing.is_empty() {
            return;
        }
        let round = Round {
            icmp,
            roots: self.roots.clone(),
            lines: self.seen.clone(),
            destinations: line_probes::destinations(&self.schedule, &self.addresses),
            over_budget: self.measurer.over_budget.load(Relaxed),
            clock: Arc::clone(&self.shared.clock),
        };
        self.probing.spawn(round.run());
    }

    pub(super) fn take_probed(&mut self, round: Result<Vec<Probed>, JoinError>) {
        match round {
            Ok(probed) => {
                for one in probed {
                    self.filling.probed(&one);
                }
            }
            Err(error) => tracing::error!(%error, "probes of the lines failed"),
        }
    }
}
