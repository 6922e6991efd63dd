//! How a time map is written in the journal: postcard, its exchanges as differences from one another.
//! A map of 64 exchanges takes some 600 bytes so, and 9,000 as JSON.

use desserte_probe::{clock::TimeMap, report::TimeExchange};
use serde::{Deserialize, Serialize};

use crate::store::StoreError;

#[derive(Serialize, Deserialize)]
struct Written {
    reference_boottime_ms: u64,
    offset_unix_ms: i64,
    drift_ppm: i64,
    drift_uncertainty_ppm: i64,
    uncertainty_ms: u64,
    exchanges: Vec<Difference>,
}

/// Sent, since the exchange before; the agent's round trip; the collector's time less the agent's
/// corrected one; how long the collector took.
#[derive(Serialize, Deserialize)]
struct Difference(i64, i64, i64, i64);

/// Writes a map.
pub(super) fn write(map: &TimeMap) -> Result<Vec<u8>, StoreError> {
    let mut before = 0_u64;
    let exchanges = map.exchanges.iter().map(|one| {
        let sent = one.sent_boottime_ms;
        let since = sent.wrapping_sub(before).cast_signed();
        before = sent;
        Difference(
            since,
            one.received_boottime_ms.wrapping_sub(sent).cast_signed(),
            one.collector_received_unix_ms
                .wrapping_sub(corrected(map.offset_unix_ms, sent)),
            one.collector_sent_unix_ms
                .wrapping_sub(one.collector_received_unix_ms),
        )
    });
    let written = Written {
        exchanges: exchanges.collect(),
        reference_boottime_ms: map.reference_boottime_ms,
        offset_unix_ms: map.offset_unix_ms,
        drift_ppm: map.drift_ppm,
        drift_uncertainty_ppm: map.drift_uncertainty_ppm,
        uncertainty_ms: map.uncertainty_ms,
    };
    postcard::to_stdvec(&written).map_err(|error| StoreError::damaged("time map", error))
}

/// Reads a map.
pub(super) fn read(bytes: &[u8]) -> Result<TimeMap, StoreError> {
    let written: Written =
        postcard::from_bytes(bytes).map_err(|error| StoreError::damaged("time map", error))?;
    let mut sent = 0_u64;
    let exchanges = written.exchanges.iter().map(|one| {
        sent = sent.wrapping_add(one.0.cast_unsigned());
        let received = one.2.wrapping_add(corrected(written.offset_unix_ms, sent));
        TimeExchange {
            sent_boottime_ms: sent,
            received_boottime_ms: sent.wrapping_add(one.1.cast_unsigned()),
            collector_received_unix_ms: received,
            collector_sent_unix_ms: received.wrapping_add(one.3),
        }
    });
    Ok(TimeMap {
        exchanges: exchanges.collect(),
        reference_boottime_ms: written.reference_boottime_ms,
        offset_unix_ms: written.offset_unix_ms,
        drift_ppm: written.drift_ppm,
        drift_uncertainty_ppm: written.drift_uncertainty_ppm,
        uncertainty_ms: written.uncertainty_ms,
    })
}

fn corrected(offset_unix_ms: i64, boottime_ms: u64) -> i64 {
    offset_unix_ms.wrapping_add(boottime_ms.cast_signed())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_map_comes_back_as_it_was(
            exchanges in proptest::collection::vec(any::<(u64, u64, i64, i64)>(), 0..9),
            (reference, uncertainty) in any::<(u64, u64)>(),
            (offset, drift, drift_uncertainty) in any::<(i64, i64, i64)>(),
        ) {
            let map = TimeMap {
                exchanges: exchanges
                    .into_iter()
                    .map(|(sent, received, collector_received, collector_sent)| TimeExchange {
                        sent_boottime_ms: sent,
                        received_boottime_ms: received,
                        collector_received_unix_ms: collector_received,
                        collector_sent_unix_ms: collector_sent,
                    })
                    .collect(),
                reference_boottime_ms: reference,
                offset_unix_ms: offset,
                drift_ppm: drift,
                drift_uncertainty_ppm: drift_uncertainty,
                uncertainty_ms: uncertainty,
            };
            prop_assert_eq!(read(&write(&map).unwrap()).unwrap(), map);
        }
    }

    #[test]
    fn a_steady_map_is_short() {
        let exchanges = (0..64_u64).map(|n| TimeExchange {
            sent_boottime_ms: n * 300_000,
            received_boottime_ms: n * 300_000 + 80,
            collector_received_unix_ms: 1_780_000_000_000 + (n * 300_000).cast_signed() + 40,
            collector_sent_unix_ms: 1_780_000_000_000 + (n * 300_000).cast_signed() + 42,
        });
        let map = TimeMap {
            exchanges: exchanges.collect(),
            reference_boottime_ms: 300_000,
            offset_unix_ms: 1_780_000_000_000,
            drift_ppm: 3,
            drift_uncertainty_ppm: 1,
            uncertainty_ms: 40,
        };
        assert!(write(&map).unwrap().len() < 64 * 10);
    }
}
