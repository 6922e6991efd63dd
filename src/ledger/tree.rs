//! The Merkle tree of RFC 6962 §2.1 over stored hashes.
//!
//! What is stored are the leaves' hashes and those of every complete subtree: subtree `number` of
//! `level` covers the leaves from `number << level` on, `1 << level` of them. An append writes one
//! hash and, every second time, one more of each further level; a root, a proof of inclusion and a
//! proof of consistency read some `log2(size)` of them each, however long the log is. Proofs are checked
//! with another implementation (`ct-merkle`), to which the tests compare this one.

use desserte_probe::wire::sha256;

/// SHA-256.
pub type Hash = [u8; 32];

/// Most leaves of a log: what SQLite counts and a proof of 63 steps can show.
pub const SIZE_MAX: u64 = 1 << 62;

/// Hash of a leaf.
#[must_use]
pub fn leaf_hash(content: &[u8]) -> Hash {
    sha256(&[&[0_u8], content].concat())
}

/// Hash of two neighbours.
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut bytes = [1_u8; 65];
    let (_, both) = bytes.split_at_mut(1);
    let (first, second) = both.split_at_mut(32);
    first.copy_from_slice(left);
    second.copy_from_slice(right);
    sha256(&bytes)
}

/// Root of a log without leaves.
#[must_use]
pub fn empty_root() -> Hash {
    sha256(&[])
}

/// A complete subtree: level, number.
pub type Place = (u32, u64);

/// The complete subtrees that cover the first `size` leaves, the largest first.
#[must_use]
pub fn frontier_places(size: u64) -> Vec<Place> {
    let mut places = Vec::new();
    let mut first = 0_u64;
    for level in (0..u64::BITS).rev() {
        if (size >> level) & 1 == 1 {
            places.push((level, first >> level));
            first += 1 << level;
        }
    }
    places
}

/// The end of a log: what an append needs to know of everything before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    hashes: Vec<Hash>,
}

impl Frontier {
    /// Reads the frontier of a log of `size` leaves.
    pub fn read<E>(
        size: u64,
        mut hash_of: impl FnMut(Place) -> Result<Hash, E>,
    ) -> Result<Self, E> {
        let hashes = frontier_places(size)
            .into_iter()
            .map(&mut hash_of)
            .collect::<Result<_, E>>()?;
        Ok(Self { size, hashes })
    }

    /// Number of leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf; hands every complete subtree that it ends, the leaf itself first, to `keep`.
    pub fn append<E>(
        &mut self,
        leaf: Hash,
        mut keep: impl FnMut(Place, &Hash) -> Result<(), E>,
    ) -> Result<(), E> {
        let (mut level, mut number, mut hash) = (0_u32, self.size, leaf);
        keep((level, number), &hash)?;
        while number & 1 == 1 {
            let Some(left) = self.hashes.pop() else { break };
            hash = node_hash(&left, &hash);
            (level, number) = (level + 1, number >> 1);
            keep((level, number), &hash)?;
        }
        self.hashes.push(hash);
        self.size += 1;
        Ok(())
    }

    /// The root.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut hashes = self.hashes.iter().rev();
        let Some(last) = hashes.next() else {
            return empty_root();
        };
        hashes.fold(*last, |right, left| node_hash(left, &right))
    }
}

/// `MTH(D[first..end])` where `first` is a multiple of the smallest power of two from `end - first`.
fn range_hash<E>(
    (first, end): (u64, u64),
    hash_of: &mut impl FnMut(Place) -> Result<Hash, E>,
) -> Result<Hash, E> {
    let length = end - first;
    if length.is_power_of_two() {
        let level = length.trailing_zeros();
        return hash_of((level, first >> level));
    }
    let middle = first + split(length);
    let left = range_hash((first, middle), hash_of)?;
    let right = range_hash((middle, end), hash_of)?;
    Ok(node_hash(&left, &right))
}

/// The largest power of two below `length`, which is at least 2.
fn split(length: u64) -> u64 {
    1 << (u64::BITS - 1 - (length - 1).leading_zeros())
}

/// `PATH(leaf, D[size])`: the proof that a leaf lies in a log of `size`; `leaf` is below `size`.
pub fn inclusion<E>(
    (leaf, size): (u64, u64),
    mut hash_of: impl FnMut(Place) -> Result<Hash, E>,
) -> Result<Vec<Hash>, E> {
    let (mut first, mut end) = (0, size);
    let mut proof = Vec::new();
    while end - first > 1 {
        let middle = first + split(end - first);
        if leaf < middle {
            proof.push(range_hash((middle, end), &mut hash_of)?);
            end = middle;
        } else {
            proof.push(range_hash((first, middle), &mut hash_of)?);
            first = middle;
        }
    }
    proof.reverse();
    Ok(proof)
}

/// `PROOF(from, D[to])`: the proof that the log of `to` leaves begins with that of `from`; empty
/// where they are one, or where nothing was there.
pub fn consistency<E>(
    (from, to): (u64, u64),
    mut hash_of: impl FnMut(Place) -> Result<Hash, E>,
) -> Result<Vec<Hash>, E> {
    let mut proof = Vec::new();
    if from == 0 || from >= to {
        return Ok(proof);
    }
    let (mut first, mut end) = (0, to);
    let mut whole = true;
    while from != end {
        let middle = first + split(end - first);
        if from <= middle {
            proof.push(range_hash((middle, end), &mut hash_of)?);
            end = middle;
        } else {
            proof.push(range_hash((first, middle), &mut hash_of)?);
            first = middle;
            whole = false;
        }
    }
    if !whole {
        proof.push(range_hash((first, end), &mut hash_of)?);
    }
    proof.reverse();
    Ok(proof)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::convert::Infallible;

    use ct_merkle::mem_backed_tree::MemoryBackedTree;
    use desserte_probe::wire::hex;
    use proptest::prelude::*;
    use sha2::Sha256;

    use super::*;

    /// Leaves of the known answers of RFC 6962's first implementation (certificate-transparency,
    /// `merkletree`), and of their roots.
    const LEAVES: [&[u8]; 8] = [
        b"",
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"\x50\x51\x52\x53\x54\x55\x56\x57",
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
    ];
    const ROOTS: [&str; 9] = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    #[derive(Default)]
    struct Held(HashMap<Place, Hash>);

    impl Held {
        fn of(leaves: &[Vec<u8>]) -> (Self, Frontier) {
            let mut held = Self::default();
            let mut end = Frontier {
                size: 0,
                hashes: Vec::new(),
            };
            for leaf in leaves {
                let keep = |place, hash: &Hash| -> Result<(), Infallible> {
                    assert!(held.0.insert(place, *hash).is_none(), "{place:?} twice");
                    Ok(())
                };
                end.append(leaf_hash(leaf), keep).unwrap();
            }
            (held, end)
        }

        fn read(&self) -> impl Fn(Place) -> Result<Hash, Infallible> + '_ {
            |place| Ok(self.0[&place])
        }
    }

    #[test]
    fn roots_are_those_of_rfc_6962s_own_implementation() {
        let mut end = Frontier {
            size: 0,
            hashes: vec![],
        };
        assert_eq!(hex(&end.root()), ROOTS[0]);
        for (leaf, root) in LEAVES.iter().zip(&ROOTS[1..]) {
            let keep = |_, _: &Hash| Ok::<_, Infallible>(());
            end.append(leaf_hash(leaf), keep).unwrap();
            assert_eq!(hex(&end.root()), *root);
        }
    }

    #[test]
    fn a_proof_of_rfc_6962s_own_implementation() {
        let leaves: Vec<Vec<u8>> = LEAVES.iter().map(|leaf| leaf.to_vec()).collect();
        let (held, _) = Held::of(&leaves);
        let path: Vec<String> = inclusion((5, 8), held.read())
            .unwrap()
            .iter()
            .map(|hash| hex(hash))
            .collect();
        assert_eq!(
            path,
            [
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ]
        );
        let path: Vec<String> = consistency((6, 8), held.read())
            .unwrap()
            .iter()
            .map(|hash| hex(hash))
            .collect();
        assert_eq!(
            path,
            [
                "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ]
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        /// Everything is what another implementation says, whatever the sizes.
        #[test]
        fn roots_and_proofs_are_those_of_another_implementation(
            size in 1_usize..150,
            (leaf, from) in any::<(prop::sample::Index, prop::sample::Index)>(),
        ) {
            let leaves: Vec<Vec<u8>> = (0..size).map(|n| n.to_string().into_bytes()).collect();
            let (held, end) = Held::of(&leaves);
            let mut other = MemoryBackedTree::<Sha256, Vec<u8>>::new();
            for leaf in &leaves {
                other.push(leaf.clone());
            }
            let root = end.root();
            let theirs = other.root();
            prop_assert_eq!(&root[..], theirs.as_bytes().as_slice());
            let size = size as u64;
            prop_assert_eq!(&Frontier::read(size, held.read()).unwrap(), &end);
            let leaf = leaf.index(leaves.len());
            let ours = inclusion((leaf as u64, size), held.read()).unwrap().concat();
            let theirs = other.prove_inclusion(leaf);
            prop_assert_eq!(&ours[..], theirs.as_bytes());
            let from = from.index(leaves.len()) + 1;
            let ours = consistency((from as u64, size), held.read()).unwrap().concat();
            if (from as u64) < size {
                let theirs = other.prove_consistency(leaves.len() - from);
                prop_assert_eq!(&ours[..], theirs.as_bytes());
            } else {
                prop_assert!(ours.is_empty());
            }
        }
    }
}
