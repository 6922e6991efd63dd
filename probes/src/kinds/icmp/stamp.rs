//! When a kernel stamp may be believed.

use std::time::Duration;

/// How long after the process read the answer a stamp may lie before it is a later packet's.
const STAMP_SLACK: Duration = Duration::from_micros(500);
/// The response time by the kernel's stamp; `None` when the stamp cannot be this packet's: before
/// sending, after now, or after the time at which the process had read the answer.
pub(super) fn kernel_rtt(
    (sent_at, sent_by): (Duration, Duration),
    (now, now_wall): (Duration, Duration),
    stamp: Duration,
    process: Duration,
) -> Option<Duration> {
    let since_received = now_wall.checked_sub(stamp)?;
    let received = now.checked_sub(since_received)?;
    let rtt = received.checked_sub(sent_at)?;
    (received <= sent_by + process + STAMP_SLACK).then_some(rtt)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_stamp_counts_only_between_sending_and_now() {
        let wall = Duration::from_secs(1_780_000_000);
        let ago = |ms| wall.checked_sub(MS * ms).unwrap();
        let (sent, now) = ((MS * 1_000, MS * 1_000), (MS * 1_050, wall));
        // Received 30 ms ago: 20 ms of round trip, 30 ms of waiting for the processor.
        assert_eq!(kernel_rtt(sent, now, ago(30), MS * 50), Some(MS * 20));
        assert_eq!(
            kernel_rtt(sent, now, ago(51), MS * 50),
            None,
            "before sending"
        );
        assert_eq!(
            kernel_rtt(sent, now, wall + MS, MS * 50),
            None,
            "in the future"
        );
        assert_eq!(
            kernel_rtt(sent, now, ago(1), MS * 20),
            None,
            "of a later packet"
        );
    }
}
