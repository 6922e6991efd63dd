//! Anchors of the path: targets beyond the operator's network, by where they lie.
//!
//! What answered at all shows that the path carries packets: a page with another status, a refused
//! connection, a resolver's refusal. An anchor may be down itself: one alone that fails says nothing
//! while another anchor answers.

use desserte_domain::cause::{PathEvidence, ProbeCount};
use desserte_domain::observation::{Observation, Outcome};
use desserte_probe::report::Kind;

use super::TargetSamples;
use super::evidence::name_failed;
use crate::registry::Anchor;

/// Anchors of one place from which their common failure says something of the path.
const FAILING_MIN: usize = 2;

/// Anchors of one place.
#[derive(Debug, Clone, Copy, Default)]
struct Class {
    anchors: usize,
    sent: u32,
    received: u32,
}

impl Class {
    fn count(self) -> Option<ProbeCount> {
        (self.sent > 0).then_some(ProbeCount {
            sent: self.sent,
            received: self.received,
        })
    }

    fn fails(self) -> bool {
        self.count().is_some_and(ProbeCount::lossy)
    }
}

/// The anchors of a slot.
#[derive(Debug, Default)]
pub(super) struct Anchors {
    national: Class,
    international: Class,
    /// Pings and connections to targets of which no place is known.
    other: Class,
}

impl Anchors {
    /// Takes the samples of a target in the slot, where it is an anchor.
    pub(super) fn take(&mut self, target: &TargetSamples, inside: &[Observation]) {
        let class = match (target.anchor, target.kind) {
            (Some(Anchor::National), _) => &mut self.national,
            (Some(Anchor::International), _) => &mut self.international,
            (None, Kind::Icmp | Kind::Tcp) => &mut self.other,
            (None, _) => return,
        };
        let (mut sent, mut received) = (0_u32, 0_u32);
        for one in inside
            .iter()
            .filter(|one| !name_failed_before(target.kind, one))
        {
            sent = sent.saturating_add(u32::from(one.sent));
            let answers = if answered(one) {
                one.sent
            } else {
                one.received
            };
            received = received.saturating_add(u32::from(answers));
        }
        if sent > 0 {
            class.anchors += 1;
            class.sent = class.sent.saturating_add(sent);
            class.received = class.received.saturating_add(received);
        }
    }

    /// Says what is known of each place.
    pub(super) fn tell(&self, path: &mut PathEvidence) {
        let classes = [self.national, self.international, self.other];
        let measured = classes.iter().filter(|class| class.sent > 0);
        let anchors: usize = measured.clone().map(|class| class.anchors).sum();
        let all_fail = anchors >= FAILING_MIN && measured.clone().all(|class| class.fails());
        let told = |class: Class| {
            let known = !class.fails() || class.anchors >= FAILING_MIN || all_fail;
            class.count().filter(|_| known)
        };
        path.national_anchors = told(self.national);
        path.international_anchors = told(self.international);
        // A target that is no anchor by anyone's word must have company even when it answers.
        let company = self.other.anchors >= FAILING_MIN || all_fail;
        path.other_anchors = told(self.other).filter(|_| company);
    }
}

/// A name that was not found says nothing of the way to its host. For a question itself, the
/// resolver is the host.
fn name_failed_before(kind: Kind, one: &Observation) -> bool {
    kind != Kind::Dns && name_failed(one)
}

/// Something came back from there.
fn answered(one: &Observation) -> bool {
    matches!(
        one.outcome,
        Outcome::Refused
            | Outcome::HttpStatus(_)
            | Outcome::HttpMalformed
            | Outcome::TlsFailed
            | Outcome::DnsNxDomain
            | Outcome::DnsNoData
            | Outcome::DnsServFail
            | Outcome::DnsRefused
            | Outcome::DnsTruncated
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(kind: Kind, anchor: Option<Anchor>) -> TargetSamples {
        TargetSamples {
            id: String::new(),
            kind,
            anchor,
            first_unix_ms: None,
            observations: Vec::new(),
            lost_by: Vec::new(),
        }
    }

    fn observed(sent: u16, received: u16, outcome: Outcome) -> Observation {
        Observation {
            start_unix_ms: 0,
            uncertainty_ms: 0,
            sequence: 1,
            sent,
            received,
            rtt_us_min: None,
            rtt_us_median: None,
            rtt_us_max: None,
            rtt_us_mean_successive_difference: None,
            coarse: false,
            line: None,
            outcome,
        }
    }

    /// Received of sent: national, international, other.
    fn told(seen: &[(Kind, Option<Anchor>, Observation)]) -> [Option<(u32, u32)>; 3] {
        let (mut anchors, mut path) = (Anchors::default(), PathEvidence::default());
        for (kind, anchor, one) in seen {
            anchors.take(&target(*kind, *anchor), &[*one]);
        }
        anchors.tell(&mut path);
        let [a, b, c] = [
            path.national_anchors,
            path.international_anchors,
            path.other_anchors,
        ];
        [a, b, c].map(|count| count.map(|count| (count.received, count.sent)))
    }

    const NATIONAL: Option<Anchor> = Some(Anchor::National);
    const ABROAD: Option<Anchor> = Some(Anchor::International);

    #[test]
    fn two_dead_anchors_abroad_are_told_and_one_alone_is_not() {
        let alive = (Kind::Icmp, NATIONAL, observed(5, 5, Outcome::Ok));
        let dead = (Kind::Icmp, ABROAD, observed(5, 0, Outcome::Timeout));
        assert_eq!(
            told(&[alive, dead, dead]),
            [Some((5, 5)), Some((0, 10)), None]
        );
        assert_eq!(told(&[alive, dead]), [Some((5, 5)), None, None]);
    }

    #[test]
    fn when_every_anchor_is_dead_one_of_each_place_is_enough() {
        let dead = |anchor| (Kind::Icmp, anchor, observed(5, 0, Outcome::Timeout));
        assert_eq!(
            told(&[dead(NATIONAL), dead(ABROAD)]),
            [Some((0, 5)), Some((0, 5)), None]
        );
        assert_eq!(told(&[dead(NATIONAL)]), [None, None, None]);
        assert_eq!(
            told(&[dead(NATIONAL), dead(None)]),
            [Some((0, 5)), None, Some((0, 5))]
        );
    }

    #[test]
    fn whatever_came_back_shows_that_the_path_works() {
        for (kind, outcome) in [
            (Kind::Http, Outcome::HttpStatus(503)),
            (Kind::Tcp, Outcome::Refused),
            (Kind::Dns, Outcome::DnsRefused),
        ] {
            let seen = (kind, NATIONAL, observed(1, 0, outcome));
            assert_eq!(told(&[seen])[0], Some((1, 1)), "{outcome:?}");
        }
        let unnamed = (Kind::Http, NATIONAL, observed(1, 0, Outcome::DnsTimeout));
        assert_eq!(
            told(&[unnamed, unnamed])[0],
            None,
            "the host was never asked"
        );
    }

    #[test]
    fn targets_that_nobody_calls_anchors_need_company() {
        let alive = (Kind::Icmp, None, observed(5, 5, Outcome::Ok));
        assert_eq!(told(&[alive])[2], None);
        assert_eq!(told(&[alive, alive])[2], Some((10, 10)));
        let page = (Kind::Http, None, observed(1, 1, Outcome::Ok));
        assert_eq!(told(&[page, page]), [None, None, None]);
    }
}
