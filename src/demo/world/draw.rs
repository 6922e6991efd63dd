//! Numbers drawn from a seed and a name: not random, only hard to guess, and the same for ever.

/// A number from a seed and what it is drawn for (`SplitMix64`'s finaliser, Steele and others 2014).
#[must_use]
pub fn draw(seed: u64, what: &[u64]) -> u64 {
    what.iter().fold(mix(seed), |state, part| {
        mix(state ^ part.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    })
}

fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// A whole number below `limit`; 0 when there is none.
#[must_use]
pub fn below(drawn: u64, limit: u64) -> u64 {
    drawn.checked_rem(limit).unwrap_or(0)
}

/// A whole number in `[from, to)`.
#[must_use]
pub fn between(drawn: u64, from: i64, to: i64) -> i64 {
    let width = u64::try_from(to.saturating_sub(from)).unwrap_or(0);
    from.saturating_add_unsigned(below(drawn, width))
}

/// A number in [0, 1).
#[must_use]
pub fn unit(drawn: u64) -> f64 {
    let top = u32::try_from(drawn >> 32).unwrap_or(u32::MAX);
    f64::from(top) / (f64::from(u32::MAX) + 1.0)
}

/// An element of a list.
#[must_use]
pub fn pick<T>(drawn: u64, list: &[T]) -> Option<&T> {
    let length = u64::try_from(list.len()).unwrap_or(0);
    list.get(usize::try_from(below(drawn, length)).unwrap_or(0))
}

/// The name of something as a number.
#[must_use]
pub fn name(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |state, byte| {
        (state ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_the_same_for_ever_and_spread() {
        assert_eq!(draw(1, &[2, 3]), draw(1, &[2, 3]));
        assert_ne!(draw(1, &[2, 3]), draw(1, &[3, 2]));
        let mean = (0..10_000).map(|n| unit(draw(7, &[n]))).sum::<f64>() / 10_000.0;
        assert!((0.49..0.51).contains(&mean), "{mean}");
        assert_eq!(pick::<u8>(5, &[]), None);
        assert_eq!(between(9, 4, 4), 4);
    }
}
