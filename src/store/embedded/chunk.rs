//! The samples of one series and day in columns.
//!
//! A chunk is, behind its check sum, postcard: the number of samples, then eleven columns, in the order of [`Columns`]. A
//! column whose values grow by one step is its first value and the step (a lossless day has seven
//! such columns); any other is one standalone `pco` stream. Response times are kept only where there
//! are any, the median as its difference to the minimum and the maximum as its to the median.

use desserte_domain::observation::Outcome;
use desserte_probe::report::Detail;
use pco::{
    ChunkConfig, DeltaSpec, ModeSpec,
    data_types::Number,
    standalone::{simple_compress, simple_decompress_into},
};
use serde::{Deserialize, Serialize};

use super::row::Row;
use crate::store::{StoreError, samples::SampleBlock};

/// `pco`'s level: beyond, a day takes longer and is hardly smaller.
const LEVEL: usize = 6;
/// Level of zstd for what only some kinds have.
const DETAIL_LEVEL: i32 = 3;
/// Most bytes of a day's details, unpacked.
const DETAIL_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Most samples of a chunk: a sample each millisecond of a day.
const SAMPLES_MAX: u32 = 86_400_000;

const MIN: u16 = 1;
const MEDIAN: u16 = 2;
const MAX: u16 = 4;
const DIFFERENCE: u16 = 8;
const COARSE: u16 = 16;

#[derive(Serialize, Deserialize)]
struct Written<'a> {
    samples: u32,
    #[serde(borrow)]
    columns: [Column<'a>; 11],
}

#[derive(Serialize, Deserialize)]
enum Column<'a> {
    Steady { first: i64, step: i64 },
    Packed(&'a [u8]),
}

/// The columns of rows, to be packed.
#[derive(Default)]
struct Columns {
    time_unix_ms: Vec<i64>,
    sequence: Vec<u64>,
    uncertainty_ms: Vec<u32>,
    outcome: Vec<u16>,
    sent: Vec<u16>,
    received: Vec<u16>,
    flags: Vec<u16>,
    rtt_us_min: Vec<u32>,
    rtt_us_median: Vec<u32>,
    rtt_us_max: Vec<u32>,
    rtt_us_mean_successive_difference: Vec<u32>,
}

/// A chunk ready to be stored.
pub(super) struct Sealed {
    pub(super) body: Vec<u8>,
    pub(super) detail: Option<Vec<u8>>,
}

/// Numbers of a column.
trait Value: Number + PartialEq {
    fn to_i64(self) -> i64;
    fn from_i64(value: i64) -> Option<Self>;
}

macro_rules! value {
    ($($name:ty),*) => {$(
        impl Value for $name {
            fn to_i64(self) -> i64 {
                i64::from(self)
            }
            fn from_i64(value: i64) -> Option<Self> {
                Self::try_from(value).ok()
            }
        }
    )*};
}
value!(u16, u32, i64);

impl Value for u64 {
    fn to_i64(self) -> i64 {
        self.cast_signed()
    }
    fn from_i64(value: i64) -> Option<Self> {
        Some(value.cast_unsigned())
    }
}

fn damaged(reason: impl std::fmt::Display) -> StoreError {
    StoreError::damaged("chunk of samples", reason)
}

/// Writes rows that are in the order of time, each place once.
pub(super) fn seal(rows: &[Row]) -> Result<Sealed, StoreError> {
    let columns = Columns::of(rows);
    let plain = ChunkConfig::default()
        .with_compression_level(LEVEL)
        .with_mode_spec(ModeSpec::Classic)
        .with_delta_spec(DeltaSpec::NoOp);
    let growing = plain.clone().with_delta_spec(DeltaSpec::TryConsecutive(1));
    let packed = [
        pack(&columns.time_unix_ms, &growing)?,
        pack(&columns.sequence, &growing)?,
        pack(&columns.uncertainty_ms, &plain)?,
        pack(&columns.outcome, &plain)?,
        pack(&columns.sent, &plain)?,
        pack(&columns.received, &plain)?,
        pack(&columns.flags, &plain)?,
        pack(&columns.rtt_us_min, &plain)?,
        pack(&columns.rtt_us_median, &plain)?,
        pack(&columns.rtt_us_max, &plain)?,
        pack(&columns.rtt_us_mean_successive_difference, &plain)?,
    ];
    let written = Written {
        samples: u32::try_from(rows.len()).map_err(damaged)?,
        columns: packed.each_ref().map(|column| match column {
            Packed::Steady { first, step } => Column::Steady {
                first: *first,
                step: *step,
            },
            Packed::Bytes(bytes) => Column::Packed(bytes),
        }),
    };
    Ok(Sealed {
        body: super::with_crc(&postcard::to_stdvec(&written).map_err(damaged)?),
        detail: seal_details(rows)?,
    })
}

enum Packed {
    Steady { first: i64, step: i64 },
    Bytes(Vec<u8>),
}

fn pack<T: Value>(values: &[T], config: &ChunkConfig) -> Result<Packed, StoreError> {
    let first = values.first().map_or(0, |value| value.to_i64());
    let step = values
        .get(1)
        .map_or(0, |second| second.to_i64().wrapping_sub(first));
    let mut expected = first;
    let steady = values.iter().all(|value| {
        let same = value.to_i64() == expected;
        expected = expected.wrapping_add(step);
        same
    });
    if steady {
        return Ok(Packed::Steady { first, step });
    }
    simple_compress(values, config)
        .map(Packed::Bytes)
        .map_err(damaged)
}

fn unpack<T: Value>(column: &Column<'_>, count: usize) -> Result<Vec<T>, StoreError> {
    let mut values = Vec::new();
    unpack_behind(&mut values, column, count)?;
    Ok(values)
}

/// Puts the values of a column behind others.
fn unpack_behind<T: Value>(
    values: &mut Vec<T>,
    column: &Column<'_>,
    count: usize,
) -> Result<(), StoreError> {
    let beyond = || damaged("a value beyond its column's range");
    let there = values.len();
    match column {
        Column::Steady { first, step: 0 } => {
            values.resize(there + count, T::from_i64(*first).ok_or_else(beyond)?);
        }
        Column::Steady { first, step } => {
            values.reserve(count);
            let mut next = *first;
            for _ in 0..count {
                values.push(T::from_i64(next).ok_or_else(beyond)?);
                next = next.wrapping_add(*step);
            }
        }
        Column::Packed(bytes) => {
            let zero = T::from_i64(0).ok_or_else(|| damaged("no zero"))?;
            values.resize(there + count, zero);
            let place = values.get_mut(there..).unwrap_or_default();
            let progress = simple_decompress_into(bytes, place).map_err(damaged)?;
            if progress.n_processed != count || !progress.finished {
                return Err(damaged("a column of another length"));
            }
        }
    }
    Ok(())
}

fn seal_details(rows: &[Row]) -> Result<Option<Vec<u8>>, StoreError> {
    if rows.iter().all(|row| row.detail.is_none()) {
        return Ok(None);
    }
    let details: Vec<Option<&Detail>> = rows.iter().map(|row| row.detail.as_deref()).collect();
    let bytes = postcard::to_stdvec(&details).map_err(damaged)?;
    let packed = zstd::bulk::compress(&bytes, DETAIL_LEVEL).map_err(damaged)?;
    Ok(Some(super::with_crc(&packed)))
}

fn details(bytes: &[u8]) -> Result<Vec<Option<Detail>>, StoreError> {
    let packed = super::without_crc(bytes).map_err(damaged)?;
    let plain = super::unpack(packed, DETAIL_BYTES_MAX).map_err(damaged)?;
    postcard::from_bytes(&plain).map_err(damaged)
}

impl Columns {
    fn of(rows: &[Row]) -> Self {
        let mut columns = Self::default();
        for row in rows {
            columns.time_unix_ms.push(row.time_unix_ms);
            columns.sequence.push(row.sequence);
            columns.uncertainty_ms.push(row.uncertainty_ms);
            columns.outcome.push(row.outcome.code());
            columns.sent.push(row.sent);
            columns.received.push(row.received);
            let (min, median, max) = (row.rtt_us_min, row.rtt_us_median, row.rtt_us_max);
            let difference = row.rtt_us_mean_successive_difference;
            let bit = |there: bool, bit: u16| if there { bit } else { 0 };
            columns.flags.push(
                bit(min.is_some(), MIN)
                    | bit(median.is_some(), MEDIAN)
                    | bit(max.is_some(), MAX)
                    | bit(difference.is_some(), DIFFERENCE)
                    | bit(row.coarse, COARSE),
            );
            let below_median = min.unwrap_or(0);
            let below_max = median.unwrap_or(below_median);
            columns.rtt_us_min.extend(min);
            columns
                .rtt_us_median
                .extend(median.map(|value| value.wrapping_sub(below_median)));
            columns
                .rtt_us_max
                .extend(max.map(|value| value.wrapping_sub(below_max)));
            columns.rtt_us_mean_successive_difference.extend(difference);
        }
        columns
    }
}

/// Puts the samples of a chunk behind those of a block, in place: a month is one growing block and no thousand
/// columns that are made and thrown away. A block is of no use after an error.
pub(super) fn append_to(block: &mut SampleBlock, body: &[u8]) -> Result<(), StoreError> {
    let body = super::without_crc(body).map_err(damaged)?;
    let written: Written<'_> = postcard::from_bytes(body).map_err(damaged)?;
    if written.samples > SAMPLES_MAX {
        return Err(damaged("too many samples"));
    }
    let count = usize::try_from(written.samples).map_err(damaged)?;
    let [
        time,
        sequence,
        uncertainty,
        outcome,
        sent,
        received,
        flags,
        min,
        median,
        max,
        difference,
    ] = &written.columns;
    unpack_behind(&mut block.time_unix_ms, time, count)?;
    unpack_behind(&mut block.sequence, sequence, count)?;
    unpack_behind(&mut block.uncertainty_ms, uncertainty, count)?;
    unpack_behind(&mut block.sent, sent, count)?;
    unpack_behind(&mut block.received, received, count)?;
    outcomes_behind(&mut block.outcome, &unpack(outcome, count)?)?;
    let flags: Vec<u16> = unpack(flags, count)?;
    let spread = |column: &Column<'_>, bit: u16| -> Result<Spread, StoreError> {
        let there = flags.iter().filter(|one| **one & bit != 0).count();
        Ok(Spread {
            values: unpack(column, there)?.into_iter(),
            bit,
        })
    };
    let (mut min, mut median) = (spread(min, MIN)?, spread(median, MEDIAN)?);
    let (mut max, mut difference) = (spread(max, MAX)?, spread(difference, DIFFERENCE)?);
    block
        .coarse
        .extend(flags.iter().map(|flag| flag & COARSE != 0));
    block
        .rtt_us_mean_successive_difference
        .extend(flags.iter().map(|flag| difference.next(*flag)));
    // Each behind the one below it, which is in the block by then.
    let first = block.rtt_us_min.len();
    block
        .rtt_us_min
        .extend(flags.iter().map(|flag| min.next(*flag)));
    let below = block.rtt_us_min.iter().skip(first);
    block
        .rtt_us_median
        .extend(flags.iter().zip(below).map(|(flag, min)| {
            let below = min.unwrap_or(0);
            median.next(*flag).map(|value| value.wrapping_add(below))
        }));
    let below = block
        .rtt_us_min
        .iter()
        .zip(&block.rtt_us_median)
        .skip(first);
    block
        .rtt_us_max
        .extend(flags.iter().zip(below).map(|(flag, (min, median))| {
            let below = median.or(*min).unwrap_or(0);
            max.next(*flag).map(|value| value.wrapping_add(below))
        }));
    Ok(())
}

fn outcomes_behind(outcomes: &mut Vec<Outcome>, codes: &[u16]) -> Result<(), StoreError> {
    for run in codes.chunk_by(|one, next| one == next) {
        let Some(code) = run.first() else { continue };
        let outcome = Outcome::from_code(*code)
            .ok_or_else(|| damaged(format!("no outcome has code {code}")))?;
        outcomes.resize(outcomes.len() + run.len(), outcome);
    }
    Ok(())
}

/// Values that are there only where their flag says so.
struct Spread {
    values: std::vec::IntoIter<u32>,
    bit: u16,
}

impl Spread {
    fn next(&mut self, flag: u16) -> Option<u32> {
        if flag & self.bit == 0 {
            None
        } else {
            self.values.next()
        }
    }
}

/// How many samples a chunk says it has, to make room for them; unchecked.
pub(super) fn said_len(body: &[u8]) -> usize {
    let said = body.get(4..).map(postcard::take_from_bytes::<u32>);
    said.and_then(Result::ok)
        .map_or(0, |(samples, _)| usize::try_from(samples).unwrap_or(0))
}

/// Reads a chunk as columns.
pub(super) fn block(body: &[u8]) -> Result<SampleBlock, StoreError> {
    let mut block = SampleBlock::default();
    append_to(&mut block, body)?;
    Ok(block)
}

/// Reads a chunk as rows, with what only some kinds have.
pub(super) fn rows(body: &[u8], detail: Option<&[u8]>) -> Result<Vec<Row>, StoreError> {
    let block = block(body)?;
    let mut details = match detail {
        Some(bytes) => details(bytes)?,
        None => Vec::new(),
    }
    .into_iter();
    Ok(block
        .observations(None)
        .into_iter()
        .map(|one| Row {
            time_unix_ms: one.start_unix_ms,
            sequence: one.sequence,
            uncertainty_ms: one.uncertainty_ms,
            rtt_us_min: one.rtt_us_min,
            rtt_us_median: one.rtt_us_median,
            rtt_us_max: one.rtt_us_max,
            rtt_us_mean_successive_difference: one.rtt_us_mean_successive_difference,
            outcome: one.outcome,
            sent: one.sent,
            received: one.received,
            coarse: one.coarse,
            detail: details.next().flatten().map(Box::new),
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn row(
        (time_unix_ms, sequence, uncertainty_ms): (i64, u64, u32),
        rtt: (Option<u32>, Option<u32>, Option<u32>, Option<u32>),
        (sent, received, status, coarse): (u16, u16, u16, bool),
    ) -> Row {
        let status = status % 1_000;
        Row {
            time_unix_ms,
            sequence,
            uncertainty_ms,
            rtt_us_min: rtt.0,
            rtt_us_median: rtt.1,
            rtt_us_max: rtt.2,
            rtt_us_mean_successive_difference: rtt.3,
            outcome: Outcome::from_code(status).unwrap_or(Outcome::HttpStatus(status)),
            sent,
            received,
            coarse,
            detail: (status % 3 == 0).then(|| {
                Box::new(Detail::Dns {
                    answers: sent,
                    ttl_seconds: rtt.0,
                })
            }),
        }
    }

    proptest! {
        #[test]
        fn what_was_sealed_comes_back(
            rows in proptest::collection::vec(any::<(
                (i64, u64, u32),
                (Option<u32>, Option<u32>, Option<u32>, Option<u32>),
                (u16, u16, u16, bool),
            )>(), 1..60),
        ) {
            let rows: Vec<Row> = rows.into_iter().map(|(a, b, c)| row(a, b, c)).collect();
            let sealed = seal(&rows).unwrap();
            prop_assert_eq!(said_len(&sealed.body), rows.len());
            prop_assert_eq!(super::rows(&sealed.body, sealed.detail.as_deref()).unwrap(), rows);
        }

        #[test]
        fn damage_is_an_error_and_never_a_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
            cut in 0..400_usize,
        ) {
            let _ = super::rows(&bytes, Some(&bytes));
            let signed = super::super::with_crc(&bytes);
            let _ = super::rows(&signed, Some(&signed));
            let whole = seal(&[row((5, 1, 1), (Some(1), None, None, None), (5, 5, 0, false)),
                row((9, 9, 9), (None, None, Some(1), None), (3, 5, 0, true))]).unwrap();
            let short = &whole.body[..cut.min(whole.body.len() - 1)];
            prop_assert!(super::rows(short, None).is_err());
            let mut other = whole.body.clone();
            let place = cut % other.len();
            other[place] ^= 1 << (cut % 8);
            prop_assert!(super::rows(&other, None).is_err());
        }
    }

    /// Details are written as their types are. A change of `Detail` that this cannot read needs
    /// another `SCHEMA_VERSION`: the store is then made again from the journal.
    #[test]
    fn details_of_earlier_days_can_still_be_read() {
        let earlier = [
            3, 1, 0, 1, 10, 1, 20, 1, 30, 1, 40, 1, 50, 1, 200, 1, 1, 2, 1, 4, 1, 1, 0, 1, 1, 2, 1,
            60,
        ];
        let packed = super::super::with_crc(&zstd::bulk::compress(&earlier, 1).unwrap());
        let found = details(&packed).unwrap();
        let http = Detail::Http {
            dns_us: Some(10),
            connect_us: Some(20),
            tls_us: Some(30),
            first_byte_us: Some(40),
            total_us: Some(50),
            status: Some(200),
            leaf_expires_unix_s: Some(1),
            chain_expires_unix_s: Some(2),
            certificate_valid: Some(true),
        };
        let dns = Detail::Dns {
            answers: 2,
            ttl_seconds: Some(60),
        };
        assert_eq!(found, [Some(http), None, Some(dns)]);
    }
}
