//! Which site goes on when several pairs are merged at once. Pure.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// One merge: the number of the pair that is its evidence, the site that ends, the one that goes on.
pub(super) type Merge = (usize, String, String);

/// From accepted pairs (the site to keep first) to merges: every site of a cluster goes straight into
/// one survivor, so that chains do not grow with the number of pairs. The survivor is a site that no
/// pair gives up; the first by identifier where pairs contradict each other.
pub(super) fn merges(pairs: &[(String, String)]) -> Vec<Merge> {
    let mut beside: BTreeMap<&str, Vec<(usize, &str)>> = BTreeMap::new();
    let mut given_up: BTreeSet<&str> = BTreeSet::new();
    for (number, (keep, other)) in pairs.iter().enumerate().filter(|(_, (a, b))| a != b) {
        beside.entry(keep).or_default().push((number, other));
        beside.entry(other).or_default().push((number, keep));
        given_up.insert(other);
    }
    let mut merges = Vec::new();
    let mut reached: BTreeSet<&str> = BTreeSet::new();
    let kept = beside.keys().filter(|site| !given_up.contains(*site));
    for root in kept.chain(beside.keys()) {
        if !reached.insert(root) {
            continue;
        }
        let mut open = VecDeque::from([*root]);
        while let Some(site) = open.pop_front() {
            for (number, neighbour) in beside.get(site).into_iter().flatten() {
                if reached.insert(neighbour) {
                    merges.push((*number, (*neighbour).to_owned(), (*root).to_owned()));
                    open.push_back(neighbour);
                }
            }
        }
    }
    merges
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> Vec<(usize, String, String)> {
        let owned: Vec<_> = pairs
            .iter()
            .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
            .collect();
        merges(&owned)
    }

    #[test]
    fn a_chain_has_one_survivor() {
        let merged = of(&[("b", "c"), ("a", "b"), ("c", "d"), ("x", "y")]);
        let into: Vec<(&str, &str)> = merged
            .iter()
            .map(|(_, ended, root)| (ended.as_str(), root.as_str()))
            .collect();
        assert_eq!(into, [("b", "a"), ("c", "a"), ("d", "a"), ("y", "x")]);
        assert_eq!(merged[0].0, 1, "the evidence of b is the pair with a");
    }

    #[test]
    fn contradictions_and_repetitions_end() {
        assert_eq!(of(&[("a", "b"), ("b", "a")]).len(), 1);
        assert_eq!(of(&[("a", "a")]).len(), 0);
        assert_eq!(of(&[("a", "b"), ("a", "b")]).len(), 1);
        assert_eq!(
            of(&[("a", "c"), ("b", "c")]).len(),
            2,
            "two survivors become one"
        );
    }
}
