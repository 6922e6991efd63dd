//! Who holds a place of the agents' listener, and for how long.
//!
//! An agent's connection stays open between two uploads, because a TLS handshake costs more bytes than
//! the batch; but a fleet is larger than what one collector can hold open. So only some connections are
//! kept long, few of one address among them; when places are scarce a connection that has its answer and
//! asks nothing more is ended within seconds, and its agent opens another one for the next upload.

use std::{
    collections::{HashMap, HashSet},
    future::pending,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// Connections held at the same time, at most; more wait in the kernel's queue. One takes some 50 KB,
/// so all of them 200 MB.
const PLACES_MAX: u32 = 4_096;
/// Files that may be open for each place: the page's connections, the store and the rest need as many.
const FILES_A_PLACE: u64 = 2;
/// Files that may be open where the system does not say.
const FILES_UNKNOWN: u64 = 1_024;
/// Connections of one address (IPv6: of one /64) from where no batch was taken yet, so that one
/// stranger cannot hold all places. Loopback is exempt.
const OF_A_STRANGER_MAX: u32 = 256;
/// Those of an address from where batches come: thousands of sites may share that of a carrier's
/// translator.
const OF_A_NETWORK_MAX: u32 = 1_024;
/// Those of one address that are kept between two uploads; loopback is exempt.
const LONG_LIVED_OF_A_NETWORK_MAX: u32 = 64;
/// Networks that are remembered for their batches; the memory begins anew when it is full.
const NETWORKS_MAX: usize = 65_536;
/// How long a connection may rest while places are scarce: the requests of one upload follow one another
/// at once.
pub(super) const SHORT_REST: Duration = Duration::from_secs(2);

/// Times of a connection from where no batch was taken yet, or while places are scarce.
const STRANGER: Patience = Patience {
    headers: Duration::from_secs(20),
    life: Duration::from_mins(10),
};
/// Times of a connection that is kept between two uploads of the full profile.
const KNOWN: Patience = Patience {
    headers: Duration::from_mins(6),
    life: Duration::from_hours(6),
};

/// How long a connection may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Patience {
    /// Longest time for a request's headers, and longest rest between two requests.
    pub(super) headers: Duration,
    /// Longest life: bounds what a peer that reads slowly can hold.
    pub(super) life: Duration,
}

/// The places of a listener.
#[derive(Debug)]
pub(super) struct Places {
    all: u32,
    free: Arc<Semaphore>,
    /// Connections held by each network.
    held: Mutex<HashMap<IpAddr, u32>>,
    /// Networks from which a batch was taken.
    known: Mutex<HashSet<IpAddr>>,
}

/// One connection's place; held until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    network: IpAddr,
    _permit: OwnedSemaphorePermit,
}

impl Places {
    /// As many places as the process may have files for.
    pub(super) fn new() -> Arc<Self> {
        let files = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
        let files = files.unwrap_or(FILES_UNKNOWN);
        let all = u32::try_from(files / FILES_A_PLACE).unwrap_or(PLACES_MAX);
        Self::of(all.clamp(1, PLACES_MAX))
    }

    fn of(all: u32) -> Arc<Self> {
        Arc::new(Self {
            all,
            free: Arc::new(Semaphore::new(usize::try_from(all).unwrap_or(usize::MAX))),
            held: Mutex::default(),
            known: Mutex::default(),
        })
    }

    /// Waits for a free place; `None` when there is none any more.
    pub(super) async fn free(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.free).acquire_owned().await.ok()
    }

    /// Gives a free place to a peer; `None` when it holds as many as it may.
    pub(super) fn take(
        self: &Arc<Self>,
        permit: OwnedSemaphorePermit,
        address: IpAddr,
    ) -> Option<Place> {
        let network = network(address);
        let most = if self.is_known(network) {
            OF_A_NETWORK_MAX
        } else {
            OF_A_STRANGER_MAX
        };
        let mut held = self.held();
        let count = held.entry(network).or_insert(0);
        if *count >= most && !network.is_loopback() {
            return None;
        }
        *count += 1;
        Some(Place {
            places: Arc::clone(self),
            network,
            _permit: permit,
        })
    }

    /// Remembers where a batch came from.
    pub(super) fn remember(&self, address: IpAddr) {
        let mut networks = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if networks.len() >= NETWORKS_MAX {
            networks.clear();
        }
        networks.insert(network(address));
    }

    /// Waits until every place is free again.
    pub(super) async fn all_free(&self) {
        // The semaphore is never closed.
        let _ = self.free.acquire_many(self.all).await;
    }

    fn is_known(&self, network: IpAddr) -> bool {
        let networks = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        networks.contains(&network)
    }

    fn held(&self) -> MutexGuard<'_, HashMap<IpAddr, u32>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn are_scarce(&self, network: IpAddr) -> bool {
        let free = u32::try_from(self.free.available_permits()).unwrap_or(u32::MAX);
        let of_network = self.held().get(&network).copied().unwrap_or(0);
        free < self.all / 2 || (of_network > LONG_LIVED_OF_A_NETWORK_MAX && !network.is_loopback())
    }
}

impl Place {
    /// How long the connection may take.
    pub(super) fn patience(&self) -> Patience {
        if self.places.is_known(self.network) && !self.is_scarce() {
            KNOWN
        } else {
            STRANGER
        }
    }

    /// Completes when the connection has rested for `rest` and its place is scarce. `resting` says
    /// whether no request runs.
    pub(super) async fn wanted(&self, mut resting: watch::Receiver<bool>, rest: Duration) {
        // The sender goes with the connection: nobody waits then.
        while resting.wait_for(|rests| *rests).await.is_ok() {
            let asked = resting.wait_for(|rests| !*rests);
            let asked = tokio::time::timeout(rest, asked).await;
            match asked.map(|asked| asked.is_ok()) {
                Ok(true) => {}
                Ok(false) => break,
                Err(_) if self.is_scarce() => return,
                // Whether it is kept is decided once a rest: places that grow scarce do not end all
                // the connections that rest at that moment.
                Err(_) => {
                    if resting.wait_for(|rests| !*rests).await.is_err() {
                        break;
                    }
                }
            }
        }
        pending::<()>().await;
    }

    fn is_scarce(&self) -> bool {
        self.places.are_scarce(self.network)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = self.places.held();
        if let Some(count) = held.get_mut(&self.network) {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.network);
            }
        }
    }
}

/// Whose places these are: an IPv4 address, or the /64 that one customer is given.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) if !address.is_loopback() => {
            IpAddr::V6((address.to_bits() >> 64 << 64).into())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn take(places: &Arc<Places>, address: IpAddr) -> Option<Place> {
        let permit = Arc::clone(&places.free).try_acquire_owned().unwrap();
        places.take(permit, address)
    }

    fn take_many(places: &Arc<Places>, address: IpAddr, count: u32) -> Vec<Place> {
        (0..count).map(|_| take(places, address).unwrap()).collect()
    }

    #[test]
    fn only_where_batches_come_from_and_while_there_is_room_are_connections_kept() {
        let places = Places::of(8);
        let site = address("192.0.2.7");
        let first = take(&places, site).unwrap();
        assert_eq!(first.patience(), STRANGER);
        places.remember(site);
        assert_eq!(first.patience(), KNOWN);
        let others = take_many(&places, address("192.0.2.8"), 3);
        assert_eq!(others[0].patience(), STRANGER);
        assert_eq!(first.patience(), KNOWN);
        let _more = take(&places, address("192.0.2.9"));
        assert_eq!(first.patience(), STRANGER, "places are scarce");
        drop(others);
        assert_eq!(first.patience(), KNOWN);
    }

    #[test]
    fn thousands_of_sites_behind_one_address_find_places_and_few_are_kept() {
        let places = Places::of(PLACES_MAX);
        let carrier = address("192.0.2.7");
        places.remember(carrier);
        let held = take_many(&places, carrier, LONG_LIVED_OF_A_NETWORK_MAX);
        assert_eq!(held[0].patience(), KNOWN);
        let more = OF_A_NETWORK_MAX - LONG_LIVED_OF_A_NETWORK_MAX;
        let more = take_many(&places, carrier, more);
        assert_eq!(more[0].patience(), STRANGER);
        assert!(more[0].is_scarce());
        assert!(take(&places, carrier).is_none());
        let other = take(&places, address("192.0.2.8")).unwrap();
        assert!(!other.is_scarce(), "others keep theirs");
    }

    #[test]
    fn one_peer_cannot_hold_every_place_and_gives_back_what_it_held() {
        let places = Places::of(PLACES_MAX);
        let (stranger, neighbour) = (address("2001:db8::1"), address("2001:db8::2"));
        let held = take_many(&places, stranger, OF_A_STRANGER_MAX);
        assert!(take(&places, neighbour).is_none(), "the same /64");
        assert!(take(&places, address("192.0.2.1")).is_some());
        drop(held);
        assert!(take(&places, neighbour).is_some());
        assert!(places.held().is_empty());
    }

    #[tokio::test]
    async fn a_connection_that_rests_is_ended_when_its_place_is_wanted() {
        let places = Places::of(4);
        let held = take_many(&places, address("192.0.2.7"), 3);
        assert!(held[0].is_scarce());
        let (_sender, resting) = watch::channel(true);
        held[0].wanted(resting, Duration::ZERO).await;
    }
}
