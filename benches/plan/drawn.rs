//! Problems drawn from a seed.

use desserte_planning::graph::{Edge, Graph};
use desserte_planning::route::Problem;

/// Numbers that look drawn by chance (`SplitMix64`).
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn below(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % below
    }
}

/// Something like the roads of a country: a grid of crossings, a sixth of the roads missing, lengths
/// of 200 to 1,800 m, and a site worth 1 to 20 km of trench at one crossing of fifty.
pub(crate) fn roads(nodes: u32) -> Result<Problem, Box<dyn std::error::Error>> {
    let mut chance = Chance(2_026);
    let side = nodes.isqrt().max(1);
    let count = side * side;
    let mut edges = Vec::new();
    for node in 0..count {
        for (to, there) in [
            (node + 1, (node + 1) % side != 0),
            (node + side, node + side < count),
        ] {
            if there && chance.below(6) > 0 {
                let weight = 200 + chance.below(1_600);
                edges.push(Edge {
                    ends: [node, to],
                    weight,
                });
            }
        }
    }
    let prizes = (0..count).map(|_| match chance.below(50) {
        0 => 1_000 + chance.below(19_000),
        _ => 0,
    });
    let prizes = prizes.collect();
    let graph = Graph::new(usize::try_from(count)?, edges)?;
    Ok(Problem::prize_collecting(graph, prizes, None))
}
