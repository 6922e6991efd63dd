//! Checking proofs, by another implementation than the one that makes them.

use ct_merkle::{ConsistencyProof, InclusionProof, RootHash};
use sha2::Sha256;

use super::note::Checkpoint;
use super::tree::{Hash, SIZE_MAX, empty_root};

/// Most hashes of a proof: a log of 2⁶² leaves.
pub const PROOF_HASHES_MAX: usize = 64;

fn root(checkpoint: &Checkpoint) -> RootHash<Sha256> {
    RootHash::new(checkpoint.root.into(), checkpoint.size)
}

/// Whether a leaf with this content lies in the log, in this place.
#[must_use]
pub fn includes(checkpoint: &Checkpoint, leaf: u64, content: &[u8], proof: &[Hash]) -> bool {
    if proof.len() > PROOF_HASHES_MAX || checkpoint.size > SIZE_MAX || leaf >= checkpoint.size {
        return false;
    }
    let Ok(proof) = InclusionProof::try_from_bytes(proof.concat()) else {
        return false;
    };
    let root = root(checkpoint);
    root.verify_inclusion(&content, leaf, &proof).is_ok()
}

/// Whether the later log begins with the earlier one.
#[must_use]
pub fn extends(later: &Checkpoint, earlier: &Checkpoint, proof: &[Hash]) -> bool {
    if proof.len() > PROOF_HASHES_MAX || later.size > SIZE_MAX || earlier.size > later.size {
        return false;
    }
    if earlier.size == 0 {
        return earlier.root == empty_root() && proof.is_empty();
    }
    if earlier.size == later.size {
        return earlier.root == later.root && proof.is_empty();
    }
    let Ok(proof) = ConsistencyProof::try_from_bytes(proof.concat()) else {
        return false;
    };
    root(later)
        .verify_consistency(&root(earlier), &proof)
        .is_ok()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::convert::Infallible;

    use super::super::tree::{self, Frontier, Place};
    use super::*;

    /// A log of small leaves: its checkpoints by size, and its hashes.
    fn log(size: u64) -> (Vec<Checkpoint>, HashMap<Place, Hash>) {
        let mut held = HashMap::new();
        let mut end = Frontier::read(0, |_| Ok::<_, Infallible>([0; 32])).unwrap();
        let checkpoint = |end: &Frontier| Checkpoint {
            origin: String::new(),
            size: end.size(),
            root: end.root(),
        };
        let mut found = vec![checkpoint(&end)];
        for leaf in 0..size {
            let keep = |place, hash: &Hash| {
                held.insert(place, *hash);
                Ok::<_, Infallible>(())
            };
            end.append(tree::leaf_hash(&leaf.to_be_bytes()), keep)
                .unwrap();
            found.push(checkpoint(&end));
        }
        (found, held)
    }

    #[test]
    fn proofs_hold_for_what_they_are_of_and_for_nothing_else() {
        let (checkpoints, held) = log(21);
        let read = |place| Ok::<_, Infallible>(held[&place]);
        let last = checkpoints.last().unwrap();
        for leaf in 0..21_u64 {
            let proof = tree::inclusion((leaf, 21), read).unwrap();
            assert!(includes(last, leaf, &leaf.to_be_bytes(), &proof));
            assert!(!includes(last, leaf, &(leaf + 1).to_be_bytes(), &proof));
            assert!(!includes(last, leaf + 1, &leaf.to_be_bytes(), &proof));
            assert!(!includes(last, leaf, &leaf.to_be_bytes(), &proof[1..]));
        }
        for earlier in &checkpoints {
            let proof = tree::consistency((earlier.size, 21), read).unwrap();
            assert!(extends(last, earlier, &proof), "{}", earlier.size);
            if earlier.size > 0 {
                let other = Checkpoint {
                    root: [7; 32],
                    ..earlier.clone()
                };
                assert!(!extends(last, &other, &proof));
            }
            if earlier.size < 21 {
                assert!(!extends(earlier, last, &proof));
            }
        }
    }
}
