//! How many guesses are looked at.
//!
//! A lock-out that counts an account's failures can be used against its owner: ten wrong guesses, and
//! they stay outside. Here a guesser uses up its own places: those of its network for this account, and
//! those of its network for all accounts. When many networks guess at one account, each that has not
//! guessed before is still looked at once, so that the owner with the right password gets in from
//! anywhere; and a browser from which the owner signed in before has places of its own.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

/// So many at once, and one more each so many milliseconds.
#[derive(Debug, Clone, Copy)]
struct Places {
    burst: i64,
    refill_ms: i64,
}

/// Of one network for one account: a person who mistypes.
const OF_PAIR: Places = Places {
    burst: 5,
    refill_ms: 5 * 60 * 1_000,
};
/// Of one network for all accounts: an office behind one address.
const OF_NETWORK: Places = Places {
    burst: 20,
    refill_ms: 60 * 1_000,
};
/// Of all networks for one account; beyond, each network is looked at once.
const OF_ACCOUNT: Places = Places {
    burst: 15,
    refill_ms: 10 * 60 * 1_000,
};
/// Of a known browser.
const OF_DEVICE: Places = Places {
    burst: 10,
    refill_ms: 60 * 1_000,
};
/// Keys remembered. When there are more, those that are full again are forgotten, then all of
/// strangers' pairs: their memory is bounded, whatever they send.
const KEYS_MAX: usize = 20_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Pair(u64, IpAddr),
    Network(IpAddr),
    Account(u64),
    Device(u64, u64),
}

/// Who guesses at what.
#[derive(Debug, Clone, Copy)]
pub struct Guess<'a> {
    /// The account that was typed, whether anybody has it or not.
    pub account: &'a str,
    /// From where.
    pub peer: IpAddr,
    /// The browser, when the account's owner signed in from it before.
    pub device: Option<&'a str>,
}

/// Guesses that were looked at.
#[derive(Debug, Default)]
pub struct Throttle {
    /// Moments at which each key is full again, Unix milliseconds: what it used lies between now and
    /// then (the generic cell rate algorithm, ITU-T I.371).
    full_at: Mutex<HashMap<Key, (i64, Places)>>,
    /// Accounts are kept as numbers: nobody chooses how long our keys are, or which of them collide.
    hasher: RandomState,
}

impl Throttle {
    /// Takes a place for a guess; else says after how many seconds there is one.
    pub fn admit(&self, guess: Guess<'_>, now_unix_ms: i64) -> Result<(), u64> {
        let account = self.hasher.hash_one(guess.account);
        let mut held = Held {
            map: &mut self.full_at.lock().unwrap_or_else(PoisonError::into_inner),
            now: now_unix_ms,
        };
        held.tidy();
        if let Some(device) = guess.device {
            return held.take(
                Key::Device(account, self.hasher.hash_one(device)),
                OF_DEVICE,
            );
        }
        let network = network(guess.peer);
        let (pair, whole) = (Key::Pair(account, network), Key::Account(account));
        held.wait(Key::Network(network), OF_NETWORK)?;
        held.wait(pair, OF_PAIR)?;
        // A network that has not guessed at this account yet is looked at even then.
        if held.used(pair) {
            held.wait(whole, OF_ACCOUNT)?;
        }
        held.add(Key::Network(network), OF_NETWORK);
        held.add(pair, OF_PAIR);
        held.add(whole, OF_ACCOUNT);
        Ok(())
    }

    /// The guess was right: its network has guessed nothing of this account.
    pub fn forget(&self, guess: Guess<'_>) {
        let account = self.hasher.hash_one(guess.account);
        let mut held = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        held.remove(&Key::Pair(account, network(guess.peer)));
        if let Some(device) = guess.device {
            held.remove(&Key::Device(account, self.hasher.hash_one(device)));
        }
    }
}

struct Held<'m> {
    map: &'m mut HashMap<Key, (i64, Places)>,
    now: i64,
}

impl Held<'_> {
    fn tidy(&mut self) {
        if self.map.len() < KEYS_MAX {
            return;
        }
        let now = self.now;
        self.map.retain(|_, (full_at, _)| *full_at > now);
        if self.map.len() >= KEYS_MAX {
            self.map
                .retain(|key, _| !matches!(key, Key::Pair(..) | Key::Network(_)));
        }
        if self.map.len() >= KEYS_MAX {
            self.map.clear();
        }
    }

    fn full_at(&self, key: Key) -> i64 {
        let held = self.map.get(&key);
        held.map_or(self.now, |(full_at, _)| (*full_at).max(self.now))
    }

    fn used(&self, key: Key) -> bool {
        self.full_at(key) > self.now
    }

    /// Seconds until there is a place, when there is none.
    fn wait(&self, key: Key, places: Places) -> Result<(), u64> {
        let lacking =
            self.full_at(key) + places.refill_ms - self.now - places.burst * places.refill_ms;
        if lacking <= 0 {
            return Ok(());
        }
        Err(u64::try_from(lacking.div_euclid(1_000) + 1).unwrap_or(1))
    }

    fn add(&mut self, key: Key, places: Places) {
        let full_at = self.full_at(key) + places.refill_ms;
        self.map.insert(key, (full_at, places));
    }

    fn take(&mut self, key: Key, places: Places) -> Result<(), u64> {
        self.wait(key, places)?;
        self.add(key, places);
        Ok(())
    }
}

/// Whose places these are: an IPv4 address, or the /48 that one customer may be given.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) if !address.is_loopback() => {
            IpAddr::V6((address.to_bits() >> 80 << 80).into())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(number: u32) -> IpAddr {
        IpAddr::V4((0x0a00_0000 + number).into())
    }

    fn guess(peer: IpAddr) -> Guess<'static> {
        Guess {
            account: "amina",
            peer,
            device: None,
        }
    }

    #[test]
    fn ten_thousand_guesses_are_looked_at_a_handful_of_times() {
        let throttle = Throttle::default();
        let looked = (0..10_000)
            .filter(|number| {
                throttle
                    .admit(guess(peer(1)), i64::from(*number) * 10)
                    .is_ok()
            })
            .count();
        assert_eq!(looked, 5);
        let seconds = throttle.admit(guess(peer(1)), 100_000).unwrap_err();
        assert!((100..=300).contains(&seconds), "{seconds}");
        assert!(
            throttle.admit(guess(peer(1)), 400_000).is_ok(),
            "after its time"
        );
    }

    #[test]
    fn strangers_from_everywhere_keep_nobody_outside() {
        let throttle = Throttle::default();
        for number in 0..1_000 {
            for _ in 0..3 {
                let _ = throttle.admit(guess(peer(number)), 0);
            }
        }
        // The owner, from an address that has not guessed: once, which is enough for who knows it.
        assert!(throttle.admit(guess(peer(5_000)), 0).is_ok());
        assert!(throttle.admit(guess(peer(5_000)), 0).is_err());
        // And from a browser that is known, more often.
        let known = Guess {
            device: Some("browser"),
            ..guess(peer(1))
        };
        let looked = (0..20).filter(|_| throttle.admit(known, 0).is_ok()).count();
        assert_eq!(looked, 10);
        throttle.forget(known);
        assert!(throttle.admit(known, 0).is_ok());
    }

    #[test]
    fn one_network_does_not_go_through_the_accounts_nor_through_its_addresses() {
        let throttle = Throttle::default();
        let names: Vec<String> = (0..100).map(|number| format!("p{number}")).collect();
        let looked = names.iter().filter(|name| {
            let guess = Guess {
                account: name,
                ..guess(peer(7))
            };
            throttle.admit(guess, 0).is_ok()
        });
        assert_eq!(looked.count(), 20);
        let throttle = Throttle::default();
        let looked = (0..1_000_u128).filter(|number| {
            let address = IpAddr::V6((0x2001_0db8_0001 << 80 | number << 64 | 1).into());
            throttle.admit(guess(address), 0).is_ok()
        });
        assert_eq!(looked.count(), 5);
    }

    #[test]
    fn memory_is_bounded_whatever_is_sent() {
        let throttle = Throttle::default();
        for number in 0..60_000 {
            let _ = throttle.admit(guess(peer(number)), 0);
        }
        assert!(throttle.full_at.lock().unwrap().len() <= KEYS_MAX + 3);
    }
}
