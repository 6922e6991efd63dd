//! Whatever ends the process or the disk under it, in the middle of whatever: what was receipted is
//! there, once, or the folder is refused with word of what to do.
//!
//! The process that dies is this test's own binary (`child`), with the real journal, the real store and
//! real files. Few rounds here, many with `DESSERTE_REPEAT=long`.

mod child;
mod damage;
mod disk;
mod order;

use std::{
    collections::{BTreeMap, HashMap},
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread::{sleep, spawn},
    time::Duration,
};

use desserte::{collector::Collector, ingest::BatchRequest};
use desserte_probe::{
    clock::ManualClock,
    report::{Content, Entry, Minute, Sample},
};

use crate::ingest::{
    Bench, START,
    agent::{FakeAgent, Sealed, exchange, sample},
    open, settle, stored,
};
use disk::Disk;

const SITES: [&str; 2] = ["mairie-owando", "mairie-dolisie"];
/// Batches of an agent; sent again from the first when all are there.
const BATCHES: usize = 600;
/// Samples of a batch, each an hour after the other: batches lie over a hundred days, some months.
const SAMPLES: usize = 4;
const HOUR_MS: u64 = 3_600_000;
/// Age of the agents' boot when they send.
const BOOTTIME_MS: u64 = 110 * 24 * HOUR_MS;

fn long() -> bool {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one parameter of the long tests"
    )]
    let long = std::env::var("DESSERTE_REPEAT").is_ok_and(|value| value == "long");
    long
}

/// A number below `end`, the next of a sequence that is the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        // The splittable generator of Steele, Lea and Flood (OOPSLA 2014).
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }
}

/// The batches of one agent, in no order of time.
fn batches(agent: &mut FakeAgent, dice: &mut Dice) -> Vec<Sealed> {
    agent.exchanges = vec![exchange(BOOTTIME_MS, START)];
    let mut batches: Vec<Sealed> = (0..BATCHES).map(|number| batch(agent, number)).collect();
    for place in (1..batches.len()).rev() {
        batches.swap(
            place,
            usize::try_from(dice.below(place as u64 + 1)).unwrap(),
        );
    }
    batches
}

fn batch(agent: &mut FakeAgent, number: usize) -> Sealed {
    let sequence = number as u64 + 1;
    let first = (number * SAMPLES) as u64 + 1;
    let samples: Vec<Sample> = (0..SAMPLES as u64)
        .map(|place| Sample {
            rtt_us_median: Some(900 + u32::try_from(first % 97).unwrap()),
            ..sample(BOOTTIME_MS - (first + place) * HOUR_MS)
        })
        .collect();
    let entry = Entry {
        sequence,
        written_boottime_ms: BOOTTIME_MS,
        content: Content::Minute(Minute {
            samples,
            evidence: vec![],
        }),
    };
    let mut report = agent.report(vec![entry]);
    report.sealed_boottime_ms = BOOTTIME_MS;
    let sealed = agent.seal_report(&report);
    agent.previous = sealed.0.batch_hash(&sealed.1);
    sealed
}

fn request((envelope, body): &Sealed) -> BatchRequest {
    BatchRequest {
        envelope: envelope.clone(),
        content_type: Some("application/json".into()),
        body: body.clone().into(),
        peer: Some("192.0.2.7".parse().unwrap()),
        received_unix_ms: START,
    }
}

/// Agents, what they send, and what was receipted so far.
struct Rounds {
    _home: tempfile::TempDir,
    /// A data folder in which the agents are enrolled and nothing was measured.
    template: PathBuf,
    /// The batches, for the process that dies.
    file: PathBuf,
    batches: Vec<Vec<Sealed>>,
    /// Position of each receipted batch: agent, place.
    receipted: BTreeMap<(usize, usize), u64>,
    next: Vec<usize>,
    dice: Dice,
}

impl Rounds {
    fn new(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let bench = Bench::new();
        let batches: Vec<Vec<Sealed>> = SITES
            .iter()
            .map(|site| batches(&mut bench.enrol(site), &mut dice))
            .collect();
        let Bench {
            folder, collector, ..
        } = bench;
        drop(collector);
        let home = tempfile::tempdir().unwrap();
        let template = home.path().join("template");
        copy(folder.path(), &template);
        let file = home.path().join("batches");
        child::save(&file, &batches);
        Self {
            next: vec![0; batches.len()],
            _home: home,
            template,
            file,
            batches,
            receipted: BTreeMap::new(),
            dice,
        }
    }

    fn start(&self, data: &Path) -> Dying {
        Dying::start(data, &self.file, &self.next)
    }

    /// Takes the receipts of a process down.
    fn note(&mut self, lines: &[String]) {
        for line in lines {
            let words: Vec<&str> = line.split(' ').collect();
            let ["ack", agent, place, position] = words.as_slice() else {
                panic!("the process said {line:?}");
            };
            let (agent, place): (usize, usize) = (agent.parse().unwrap(), place.parse().unwrap());
            let position: u64 = position.parse().unwrap();
            let before = self.receipted.insert((agent, place), position);
            assert!(
                before.is_none_or(|before| before == position),
                "agent {agent}, batch {place}: position {before:?}, then {position}"
            );
            self.next[agent] = (place + 1) % BATCHES;
        }
    }

    /// Everything receipted is there, once; nothing is there that nobody sent.
    fn check(&self, data: &Path) {
        let collector = open(data, &Arc::new(ManualClock::new(START, 5_000)));
        self.check_open(&collector);
    }

    fn check_open(&self, collector: &Collector) {
        let rows = stored(collector);
        let mut found: HashMap<(&str, u64), usize> = HashMap::new();
        let mut times = std::collections::HashSet::new();
        for (site, _, _, time, sequence) in &rows {
            let number = SITES.iter().position(|one| one == site).unwrap();
            assert!(times.insert((number, *time)), "twice: {site} at {time}");
            *found.entry((SITES[number], *sequence)).or_default() += 1;
        }
        for (name, count) in &found {
            assert_eq!(*count, SAMPLES, "half a batch: {name:?}");
        }
        for ((agent, place), position) in &self.receipted {
            let sealed = &self.batches[*agent][*place];
            let sequence = sealed.0.sequence_first;
            assert!(
                found.contains_key(&(SITES[*agent], sequence)),
                "lost: agent {agent}, batch {place} at position {position}"
            );
            let kept = collector.journal().batch(*position).unwrap().unwrap();
            assert_eq!(kept.batch_hash, sealed.0.batch_hash(&sealed.1));
        }
        let last = collector.journal().last_position();
        assert_eq!(found.len() as u64, last, "a position is not a batch");
    }
}

/// A process that takes batches and dies.
struct Dying {
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
    reader: Option<std::thread::JoinHandle<()>>,
}

impl Dying {
    fn start(data: &Path, file: &Path, next: &[usize]) -> Self {
        let from: Vec<String> = next.iter().map(ToString::to_string).collect();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([child::NAME, "--exact", "--nocapture"])
            .env(child::DATA, data)
            .env(child::FILE, file)
            .env(child::FROM, from.join(","))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let (out, kept) = (child.stdout.take().unwrap(), Arc::clone(&lines));
        let reader = spawn(move || {
            for line in BufReader::new(out).lines() {
                let Ok(line) = line else { return };
                if line.starts_with("ack ") || line.starts_with("refused ") {
                    kept.lock().unwrap().push(line);
                }
            }
        });
        Self {
            child,
            lines,
            reader: Some(reader),
        }
    }

    /// Receipts so far.
    fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    /// Waits for the first receipt.
    fn wait_for_one(&mut self) {
        for _ in 0..4_000 {
            if !self.lines().is_empty() {
                return;
            }
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "the process ended: {ended:?}");
            sleep(Duration::from_millis(5));
        }
        panic!("no receipt came");
    }

    /// SIGKILL; every receipt that left before.
    fn kill(mut self) -> Vec<String> {
        let _ = self.child.kill();
        self.child.wait().unwrap();
        self.reader.take().unwrap().join().unwrap();
        self.lines()
    }
}

impl Drop for Dying {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn copy(from: &Path, to: &Path) {
    let done = Command::new("cp").arg("-a").arg(from).arg(to).status();
    assert!(done.unwrap().success(), "cp {}", from.display());
}

#[test]
fn a_process_that_is_killed_anywhere_loses_and_doubles_nothing() {
    let kills = if long() { 500 } else { 50 };
    let mut rounds = Rounds::new(1);
    let data = rounds.template.clone();
    for kill in 1..=kills {
        let mut dying = rounds.start(&data);
        // One in five dies while it opens its files.
        if kill % 5 != 0 {
            dying.wait_for_one();
        }
        sleep(Duration::from_micros(rounds.dice.below(40_000)));
        let lines = dying.kill();
        rounds.note(&lines);
        if kill % 10 == 0 {
            rounds.check(&data);
        }
    }
    assert!(rounds.receipted.len() > 40, "hardly anything was sent");
}

#[test]
fn a_power_cut_anywhere_loses_and_doubles_nothing() {
    let cuts = if long() { 200 } else { 20 };
    let Some(mut disk) = Disk::mount("a power cut", 96) else {
        return;
    };
    let mut rounds = Rounds::new(2);
    let data = disk.path().join("data");
    copy(&rounds.template, &data);
    disk.sync();
    for cut in 1..=cuts {
        let mut dying = rounds.start(&data);
        dying.wait_for_one();
        sleep(Duration::from_micros(rounds.dice.below(60_000)));
        // What left before the cut counts; what a dying machine says afterwards does not.
        let lines = dying.lines();
        disk.cut();
        dying.kill();
        disk.remount();
        rounds.note(&lines);
        if cut % 5 == 0 {
            rounds.check(&data);
        }
    }
    assert!(rounds.receipted.len() > 20, "hardly anything was sent");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_serves_and_goes_on_when_there_is_room() {
    let Some(disk) = Disk::mount("a full disk", 24) else {
        return;
    };
    let mut rounds = Rounds::new(3);
    let data = disk.path().join("data");
    copy(&rounds.template, &data);
    let clock = Arc::new(ManualClock::new(START, 5_000));
    let collector = open(&data, &clock);
    let send = async |rounds: &mut Rounds, place: usize| {
        clock.advance(Duration::from_secs(1));
        let answer = collector.accept(request(&rounds.batches[0][place])).await;
        if let Ok(receipt) = &answer {
            rounds
                .receipted
                .insert((0, place), receipt.journal_position);
        }
        answer
    };
    for place in 0..40 {
        send(&mut rounds, place).await.unwrap();
    }
    disk.fill();
    let mut refused = 0;
    for place in 40..120 {
        refused += u32::from(send(&mut rounds, place).await.is_err());
        // Sealing fails on such a disk, too, and is tried again later.
        let _ = collector.samples().flush();
    }
    assert!(refused > 0, "the disk was not full");
    settle(&collector);
    rounds.check_open(&collector);
    disk.free();
    for place in 40..120 {
        send(&mut rounds, place).await.unwrap();
    }
    settle(&collector);
    collector.samples().flush().unwrap();
    rounds.check_open(&collector);
    drop(collector);
    assert_eq!(rounds.receipted.len(), 120);
    rounds.check(&data);
}
