//! The process that dies: it opens a data folder, takes the batches of a file as fast as it can, tells
//! each receipt on stdout, and seals all the while.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
    thread::{sleep, spawn},
    time::Duration,
};

use desserte::ingest::Refusal;
use desserte_probe::{
    clock::ManualClock,
    wire::{
        envelope::Envelope,
        id::{AgentId, BootId},
    },
};

use super::{BATCHES, Dice, START, Sealed, open, request};

/// This process, by its name among the tests.
pub(super) const NAME: &str = "crash::child::the_process_that_dies";
pub(super) const DATA: &str = "DESSERTE_CRASH_DATA";
pub(super) const FILE: &str = "DESSERTE_CRASH_BATCHES";
pub(super) const FROM: &str = "DESSERTE_CRASH_FROM";

/// Writes the batches of each agent, for another process.
pub(super) fn save(file: &Path, agents: &[Vec<Sealed>]) {
    let mut bytes = Vec::new();
    for (envelope, body) in agents.iter().flatten() {
        bytes.extend_from_slice(&envelope.agent.0);
        bytes.extend_from_slice(&envelope.boot.0);
        bytes.extend_from_slice(&envelope.sequence_first.to_le_bytes());
        bytes.extend_from_slice(&envelope.sequence_last.to_le_bytes());
        bytes.extend_from_slice(&envelope.previous);
        bytes.extend_from_slice(&envelope.signature);
        bytes.extend_from_slice(&(body.len() as u64).to_le_bytes());
        bytes.extend_from_slice(body);
    }
    fs::write(file, bytes).unwrap();
}

fn read(file: &Path) -> Vec<Vec<Sealed>> {
    fn take<const N: usize>(bytes: &mut &[u8]) -> [u8; N] {
        let (head, rest) = bytes.split_first_chunk::<N>().unwrap();
        *bytes = rest;
        *head
    }
    let bytes = fs::read(file).unwrap();
    let mut left = bytes.as_slice();
    let mut all = Vec::new();
    while !left.is_empty() {
        let envelope = Envelope {
            agent: AgentId(take(&mut left)),
            boot: BootId(take(&mut left)),
            sequence_first: u64::from_le_bytes(take(&mut left)),
            sequence_last: u64::from_le_bytes(take(&mut left)),
            previous: take(&mut left),
            signature: take(&mut left),
        };
        let length = usize::try_from(u64::from_le_bytes(take(&mut left))).unwrap();
        let (body, rest) = left.split_at(length);
        left = rest;
        all.push((envelope, body.to_vec()));
    }
    all.chunks(BATCHES).map(<[Sealed]>::to_vec).collect()
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // Whoever listened may be gone.
    let _ = writeln!(out, "\n{line}").and_then(|()| out.flush());
}

#[expect(
    clippy::disallowed_methods,
    reason = "how a test speaks to the process that it starts"
)]
fn given(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Started among the other tests it has nothing to do.
#[test]
fn the_process_that_dies() {
    let (Some(data), Some(file), Some(from)) = (given(DATA), given(FILE), given(FROM)) else {
        return;
    };
    let agents = read(&PathBuf::from(file));
    let clock = Arc::new(ManualClock::new(START, 5_000));
    let collector = open(&PathBuf::from(data), &clock);
    let sealing = Arc::clone(&collector);
    spawn(move || {
        let mut dice = Dice(u64::from(std::process::id()));
        loop {
            sleep(Duration::from_micros(dice.below(12_000)));
            let _ = sealing.samples().flush();
        }
    });
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut tasks = tokio::task::JoinSet::new();
        for ((agent, batches), from) in agents.into_iter().enumerate().zip(from.split(',')) {
            let first: usize = from.parse().unwrap();
            let (collector, clock) = (Arc::clone(&collector), Arc::clone(&clock));
            tasks.spawn(async move {
                let mut place = first;
                loop {
                    clock.advance(Duration::from_millis(200));
                    match collector.accept(request(&batches[place])).await {
                        Ok(receipt) => {
                            say(&format!("ack {agent} {place} {}", receipt.journal_position));
                            place = (place + 1) % batches.len();
                        }
                        Err(Refusal::Unavailable(_) | Refusal::TooManyRequests { .. }) => {
                            tokio::time::sleep(Duration::from_millis(2)).await;
                        }
                        // A dying disk refuses everything.
                        Err(refusal) => {
                            say(&format!("refused {refusal}"));
                            return;
                        }
                    }
                }
            });
        }
        tasks.join_all().await;
    });
}
