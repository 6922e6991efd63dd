//! Heartbeats: datagrams that are checked, remembered and never answered.

use std::{collections::HashMap, sync::Arc, time::Duration};

use desserte_probe::wire::{
    heartbeat::{DATAGRAM_BYTES, Heartbeat},
    id::AgentId,
};
use tokio::{net::UdpSocket, sync::watch};

use crate::{collector::Collector, registry::RegistryError};

/// Keys are read again from the registry at most this often, however many strangers send.
const REFRESH: Duration = Duration::from_secs(1);
/// Keys are read again at least this often, so that a revoked agent's beat stops counting.
const REFRESH_ALWAYS: Duration = Duration::from_mins(1);

/// Keys by the first bytes of the agent's identifier; several agents may share them.
type Keys = HashMap<[u8; 8], Vec<(AgentId, [u8; 32])>>;

/// Takes datagrams until told to stop.
pub(super) async fn receive(
    collector: Arc<Collector>,
    socket: UdpSocket,
    mut stopped: watch::Receiver<bool>,
) {
    let mut known = Known::default();
    // One byte more, so that a longer datagram is seen to be longer.
    let mut buffer = [0_u8; DATAGRAM_BYTES + 1];
    loop {
        let received = tokio::select! {
            _ = stopped.changed() => return,
            received = socket.recv_from(&mut buffer) => received,
        };
        let Ok((length, _)) = received else {
            // An ICMP error of an earlier datagram; we never send, so it is somebody's noise.
            continue;
        };
        let datagram = buffer.get(..length).unwrap_or_default();
        let taken = known.take(&collector, datagram).await;
        collector.count(|counters| {
            if taken {
                counters.heartbeats += 1;
            } else {
                counters.heartbeats_refused += 1;
            }
        });
    }
}

#[derive(Default)]
struct Known {
    keys: Keys,
    read_at: Option<Duration>,
}

impl Known {
    async fn take(&mut self, collector: &Arc<Collector>, datagram: &[u8]) -> bool {
        let Ok(beat) = Heartbeat::decode(datagram) else {
            return false;
        };
        self.refresh(collector, &beat.agent_prefix).await;
        let agent = self
            .keys
            .get(&beat.agent_prefix)
            .and_then(|keys| {
                keys.iter()
                    .find(|(_, key)| Heartbeat::verify(datagram, key).is_ok())
            })
            .map(|(agent, _)| *agent);
        let now = collector.clock().unix_ms();
        agent.is_some_and(|agent| collector.following().activities.heartbeat(agent, now, beat))
    }

    async fn refresh(&mut self, collector: &Arc<Collector>, prefix: &[u8; 8]) {
        let now = collector.clock().monotonic();
        let age = self.read_at.map(|at| now.saturating_sub(at));
        let due = match age {
            None => true,
            Some(age) => {
                age >= REFRESH_ALWAYS || (age >= REFRESH && !self.keys.contains_key(prefix))
            }
        };
        if !due {
            return;
        }
        self.read_at = Some(now);
        let this = Arc::clone(collector);
        match tokio::task::spawn_blocking(move || read_keys(&this)).await {
            Ok(Ok(keys)) => self.keys = keys,
            Ok(Err(error)) => tracing::error!(%error, "heartbeat keys cannot be read"),
            Err(error) => tracing::error!(%error, "heartbeat keys cannot be read"),
        }
    }
}

fn read_keys(collector: &Collector) -> Result<Keys, RegistryError> {
    let mut keys = Keys::new();
    for agent in collector.registry().agents()? {
        let trusted = agent.revoked_at_unix_ms.is_none() && agent.quarantine.is_none();
        if let (true, Some(prefix)) = (trusted, agent.id.0.first_chunk::<8>()) {
            let one = (agent.id, agent.heartbeat_key);
            keys.entry(*prefix).or_default().push(one);
        }
    }
    Ok(keys)
}
