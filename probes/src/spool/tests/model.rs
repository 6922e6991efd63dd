//! The spool against a model of sets: whatever is done to it, nothing is lost and nothing doubled.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Step {
    Append(bool),
    Seal,
    Free,
    Restart,
    /// Bytes cut from the newest segment, then a restart.
    Cut(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => any::<bool>().prop_map(Step::Append),
        2 => Just(Step::Seal),
        2 => Just(Step::Free),
        1 => Just(Step::Restart),
        1 => (0..600_usize).prop_map(Step::Cut),
    ];
    proptest::collection::vec(step, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Every entry that was appended and not cut away is in the spool or was freed, exactly once,
    /// and no sequence that left the machine is ever used again.
    #[test]
    fn the_spool_loses_nothing_and_doubles_nothing(steps in steps()) {
        let data = tempfile::tempdir().unwrap();
        let mut spool = open(data.path());
        let mut inside: BTreeSet<u64> = BTreeSet::new();
        let mut sealed: BTreeSet<u64> = BTreeSet::new();
        let mut freed: BTreeSet<u64> = BTreeSet::new();
        for (minute, step) in steps.into_iter().enumerate() {
            match step {
                Step::Append(failing) => {
                    let sequence = spool.append(&draft(2, minute as u64, failing)).unwrap();
                    prop_assert!(inside.insert(sequence));
                    prop_assert!(!sealed.contains(&sequence) && !freed.contains(&sequence));
                }
                Step::Seal => {
                    spool.seal(&sealer(), &sealing()).unwrap();
                    sealed.extend(inside.iter().copied());
                }
                Step::Free => if let Some(batch) = spool.newest().unwrap() {
                    for entry in decode(&batch.body).unwrap().entries {
                        prop_assert!(inside.remove(&entry.sequence));
                        prop_assert!(freed.insert(entry.sequence));
                    }
                    spool.free(&receipt(&batch), collector().verifying_key().as_bytes()).unwrap();
                },
                Step::Restart => {
                    drop(spool);
                    spool = open(data.path());
                }
                Step::Cut(bytes) => {
                    let newest = spool.segments.last().map(|s| s.path.clone());
                    drop(spool);
                    if let Some(path) = newest {
                        let content = std::fs::read(&path).unwrap();
                        let left = content.len().saturating_sub(bytes);
                        std::fs::write(&path, &content[..left]).unwrap();
                        let kept = segment::read(&path).unwrap().records;
                        let all = segment::scan(&content).records;
                        for record in &all[kept.len()..] {
                            inside.remove(&record.sequence);
                        }
                    }
                    spool = open(data.path());
                }
            }
            prop_assert_eq!(spool.stats().entries, inside.len() as u64);
        }
        spool.seal(&sealer(), &sealing()).unwrap();
        let rest: BTreeSet<u64> = drain(&mut spool).into_iter().collect();
        prop_assert_eq!(rest, inside);
    }
}
