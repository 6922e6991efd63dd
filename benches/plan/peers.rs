//! What others make of the same problems: `benches/plan/peers.py` in a Python that has `pcst_fast`
//! and `networkx`. Without it the bench says so and goes on.

use std::error::Error;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use desserte_planning::route::Problem;

/// An answer of somebody else.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) name: String,
    pub(crate) cost: u64,
    pub(crate) seconds: f64,
}

impl Peer {
    pub(crate) fn new(name: &str, cost: u64, seconds: f64) -> Self {
        let name = name.to_owned();
        Self {
            name,
            cost,
            seconds,
        }
    }
}

/// What a mixed integer programme came to.
#[derive(Debug)]
pub(crate) struct Milp {
    pub(crate) benefit: u64,
    pub(crate) bound: u64,
    pub(crate) seconds: f64,
}

/// The peers' answers in a line of the table.
#[expect(clippy::cast_precision_loss, reason = "shares for a table")]
pub(crate) fn told(peers: &[Peer], optimum: u64) -> String {
    let one = |peer: &Peer| {
        let above = (peer.cost as f64 / optimum as f64 - 1.0) * 100.0;
        format!("{} {above:.2} % {:.3} s", peer.name, peer.seconds)
    };
    peers.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// How the peers are called.
pub(crate) struct Peers {
    python: Option<PathBuf>,
}

impl Peers {
    pub(crate) fn new(python: Option<PathBuf>) -> Self {
        if python.is_none() {
            super::say("no Python with pcst_fast and networkx: they are left out");
        }
        Self { python }
    }

    /// What the peers make of a file.
    pub(crate) fn tree(&self, kind: &str, file: &Path) -> Result<Vec<Peer>, Box<dyn Error>> {
        self.call(&[kind.as_ref(), file.as_ref()])
    }

    /// What `pcst_fast` makes of a drawn problem.
    pub(crate) fn drawn(&self, problem: &Problem) -> Result<Option<Peer>, Box<dyn Error>> {
        if self.python.is_none() {
            return Ok(None);
        }
        let file = std::env::temp_dir().join(format!("desserte-plan-{}.bin", std::process::id()));
        let mut bytes = std::io::BufWriter::new(std::fs::File::create(&file)?);
        let graph = &problem.graph;
        let lengths = [graph.nodes() as u64, graph.edges().len() as u64];
        let ends = graph
            .edges()
            .iter()
            .flat_map(|edge| edge.ends.map(u64::from));
        let weights = graph.edges().iter().map(|edge| edge.weight);
        let numbers = lengths.into_iter().chain(ends).chain(weights);
        for number in numbers.chain(problem.prizes.iter().copied()) {
            bytes.write_all(&number.to_le_bytes())?;
        }
        bytes.flush()?;
        let answer = self.call(&["drawn".as_ref(), file.as_ref()]);
        std::fs::remove_file(&file)?;
        Ok(answer?.into_iter().next())
    }

    /// What a mixed integer programme makes of phases, one answer a budget.
    pub(crate) fn phases(&self, problem: &str) -> Result<Vec<Milp>, Box<dyn Error>> {
        let peers = self.written("phases", problem)?;
        Ok(peers
            .into_iter()
            .map(|peer| Milp {
                benefit: peer.cost,
                bound: peer.name.parse().unwrap_or(0),
                seconds: peer.seconds,
            })
            .collect())
    }

    /// How long others take for the nearest points.
    pub(crate) fn nearest(&self, points: &str) -> Result<Vec<Peer>, Box<dyn Error>> {
        self.written("nearest", points)
    }

    /// How many sites others find covered, and how long they take.
    pub(crate) fn coverage(&self, discs: &str) -> Result<Vec<Peer>, Box<dyn Error>> {
        self.written("coverage", discs)
    }

    /// An answer about a problem that is written to a file first.
    fn written(&self, kind: &str, text: &str) -> Result<Vec<Peer>, Box<dyn Error>> {
        if self.python.is_none() {
            return Ok(Vec::new());
        }
        let name = format!("desserte-plan-{}-{kind}.txt", std::process::id());
        let file = std::env::temp_dir().join(name);
        std::fs::write(&file, text)?;
        let answer = self.call(&[kind.as_ref(), file.as_ref()]);
        std::fs::remove_file(&file)?;
        answer
    }

    /// Each line of the script's output is a name, a cost and seconds, between tabs.
    fn call(&self, arguments: &[&std::ffi::OsStr]) -> Result<Vec<Peer>, Box<dyn Error>> {
        let Some(python) = &self.python else {
            return Ok(Vec::new());
        };
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../benches/plan/peers.py");
        let output = Command::new(python).arg(script).args(arguments).output()?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
        }
        let text = String::from_utf8(output.stdout)?;
        let peer = |line: &str| -> Result<Peer, Box<dyn Error>> {
            let mut cells = line.split('\t');
            let mut next = || cells.next().ok_or("a line of the peers is short");
            Ok(Peer::new(next()?, next()?.parse()?, next()?.parse()?))
        };
        text.lines().map(peer).collect()
    }
}
