//! How much a ranking hangs on its weights: in how many of a thousand other weightings, none of them
//! far from the planner's, a site stays among the first.
//!
//! Each draw multiplies every weight by a factor between one half and one and a half, all factors
//! equally likely. Draws come from a fixed seed and sums are integers: the same ranking gives the same
//! answer everywhere. What is unknown contributes nothing in any draw, as in the ranking itself.

use crate::ranking::{Criterion, MILLIONTHS, RankedSite};

/// Weightings drawn.
pub const DRAWS: u32 = 1_000;
/// Smallest and largest factor of a weight, thousandths.
pub const FACTOR_MIN_THOUSANDTHS: u64 = 500;
/// See [`FACTOR_MIN_THOUSANDTHS`].
pub const FACTOR_MAX_THOUSANDTHS: u64 = 1_500;
/// Where the draws begin: any number would do, as long as it stays.
const SEED: u64 = 0x0044_6573_7365_7274;

/// In how many draws a site was among the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stay {
    /// The site.
    pub site: String,
    /// Draws of [`DRAWS`] in which it was among the first.
    pub draws: u32,
}

struct Candidate<'r> {
    site: &'r str,
    /// Weight × normalised value of each criterion, in the order of all criteria; a weight is below
    /// 10⁶ and a value below 10⁶, so a thousandfold sum of all of them fits.
    parts: [u64; Criterion::ALL.len()],
    draws: u32,
}

impl Candidate<'_> {
    fn score(&self, factors: &[u64; Criterion::ALL.len()]) -> u64 {
        let parts = self.parts.iter().zip(factors);
        parts.map(|(part, factor)| part * factor).sum()
    }
}

/// For each site that is among the first `top` in at least one draw, in how many; the steadiest
/// first, of equals by identifier.
#[must_use]
pub fn robustness<'r>(ranked: impl IntoIterator<Item = &'r RankedSite>, top: usize) -> Vec<Stay> {
    let mut candidates = candidates(ranked, top);
    let mut random = SplitMix(SEED);
    let mut order: Vec<(u64, usize)> = Vec::with_capacity(candidates.len());
    let top = top.min(candidates.len());
    for _ in 0..DRAWS {
        let factors = [(); Criterion::ALL.len()].map(|()| random.factor());
        order.clear();
        order.extend(
            candidates
                .iter()
                .enumerate()
                .map(|(index, candidate)| (candidate.score(&factors), index)),
        );
        if top < order.len() {
            // Candidates lie by identifier: of equal scores the smaller index comes first.
            order.select_nth_unstable_by(top, |a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        }
        for (_, index) in order.iter().take(top) {
            if let Some(candidate) = candidates.get_mut(*index) {
                candidate.draws += 1;
            }
        }
    }
    let mut stays: Vec<Stay> = candidates
        .into_iter()
        .filter(|candidate| candidate.draws > 0)
        .map(|candidate| Stay {
            site: candidate.site.to_owned(),
            draws: candidate.draws,
        })
        .collect();
    stays.sort_by(|a, b| b.draws.cmp(&a.draws).then_with(|| a.site.cmp(&b.site)));
    stays
}

/// The sites that any draw could bring among the first, by identifier: one whose score, with every
/// weight at its largest, stays below what the first reach with every weight at its smallest, cannot.
fn candidates<'r>(
    ranked: impl IntoIterator<Item = &'r RankedSite>,
    top: usize,
) -> Vec<Candidate<'r>> {
    let mut all: Vec<Candidate<'r>> = ranked.into_iter().map(candidate).collect();
    all.sort_by(|a, b| a.site.cmp(b.site));
    let plain = [1; Criterion::ALL.len()];
    let mut scores: Vec<u64> = all.iter().map(|one| one.score(&plain)).collect();
    if top == 0 || top > scores.len() {
        return if top == 0 { Vec::new() } else { all };
    }
    let (_, last, _) = scores.select_nth_unstable_by(top - 1, |a, b| b.cmp(a));
    let bar = *last * FACTOR_MIN_THOUSANDTHS;
    all.retain(|one| one.score(&plain) * FACTOR_MAX_THOUSANDTHS >= bar);
    all
}

fn candidate(ranked: &RankedSite) -> Candidate<'_> {
    let part = |criterion: Criterion| {
        let found = ranked
            .contributions
            .iter()
            .find(|one| one.criterion == criterion)?;
        let assessed = found.finding.known()?;
        Some(u64::from(found.weight) * millionths(assessed.normalised))
    };
    Candidate {
        site: &ranked.site,
        parts: Criterion::ALL.map(|criterion| part(criterion).unwrap_or(0)),
        draws: 0,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a normalised value is within 0 and 1"
)]
fn millionths(normalised: f64) -> u64 {
    (normalised * f64::from(MILLIONTHS)).round() as u64
}

/// `SplitMix64` (Steele, Lea and Flood 2014): small, and the same everywhere.
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A factor, thousandths. The range is tiny beside 2⁶⁴: the remainder's bias cannot be seen.
    fn factor(&mut self) -> u64 {
        FACTOR_MIN_THOUSANDTHS + self.next() % (FACTOR_MAX_THOUSANDTHS - FACTOR_MIN_THOUSANDTHS + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Finding, UnknownReason};
    use crate::ranking::{Assessed, Contribution};

    fn site(id: &str, values: &[(Criterion, u32, Option<f64>)]) -> RankedSite {
        RankedSite {
            rank: 0,
            site: id.to_owned(),
            score_millionths: 0,
            known_weight_millionths: 0,
            contributions: values
                .iter()
                .map(|&(criterion, weight, value)| Contribution {
                    criterion,
                    weight,
                    unit: "1",
                    finding: value.map_or(Finding::Unknown(UnknownReason::NotMeasured), |value| {
                        Finding::Known(Assessed {
                            value,
                            normalised: value,
                            contribution_millionths: 0,
                        })
                    }),
                })
                .collect(),
        }
    }

    fn two(id: &str, fibre: f64, cut: Option<f64>) -> RankedSite {
        site(
            id,
            &[
                (Criterion::FibreDistance, 50, Some(fibre)),
                (Criterion::Unavailability, 50, cut),
            ],
        )
    }

    #[test]
    fn who_leads_everywhere_always_stays_and_who_hangs_on_a_weight_does_not() {
        let ranked = [
            two("always", 1.0, Some(1.0)),
            two("fibre", 1.0, Some(0.5)),
            two("cut", 0.5, Some(1.0)),
            two("never", 0.1, Some(0.1)),
            two("unknown", 0.9, None),
        ];
        let stays = robustness(&ranked, 2);
        let draws = |id: &str| {
            let stay = stays.iter().find(|stay| stay.site == id);
            stay.map_or(0, |stay| stay.draws)
        };
        assert_eq!(draws("always"), DRAWS);
        assert_eq!(draws("never"), 0);
        assert_eq!(draws("unknown"), 0);
        assert!(draws("fibre") > DRAWS / 3 && draws("cut") > DRAWS / 3);
        assert_eq!(stays.iter().map(|stay| stay.draws).sum::<u32>(), 2 * DRAWS);
        assert_eq!(stays[0].site, "always");
    }

    #[test]
    fn the_same_ranking_gives_the_same_answer_in_any_order_and_with_any_common_factor() {
        let mut ranked: Vec<RankedSite> = (0_u32..200)
            .map(|number| {
                let share = |factor: u32| f64::from(number * factor % 101) / 100.0;
                two(&format!("s{number:03}"), share(37), Some(share(59)))
            })
            .collect();
        let first = robustness(&ranked, 20);
        ranked.reverse();
        assert_eq!(robustness(&ranked, 20), first);
        for one in &mut ranked {
            for contribution in &mut one.contributions {
                contribution.weight *= 10;
            }
        }
        assert_eq!(robustness(&ranked, 20), first);
    }

    #[test]
    fn fewer_sites_than_asked_for_all_stay() {
        let ranked = [two("a", 0.2, None), two("b", 0.0, None)];
        let stays = robustness(&ranked, 20);
        assert!(stays.iter().all(|stay| stay.draws == DRAWS));
        assert_eq!(stays.len(), 2);
        assert!(robustness(&[], 20).is_empty());
        assert!(robustness(&ranked, 0).is_empty());
    }
}
