//! quick
use desserte_planning::instance::stp;
use desserte_planning::route::{self, WORK_PER_SECOND, Work, terminal_spanning_tree};
fn main() {
    let root = std::env::var("DESSERTE_REFERENCE").unwrap() + "/instances";
    let filter = std::env::var("ONLY").unwrap_or_default();
    let secs: u64 = std::env::var("SECS")
        .ok()
        .and_then(|s| s.parse().ok())
        .unwrap_or(2);
    for kind in ["steiner", "pcst"] {
        let optima = std::fs::read_to_string(format!("{root}/{kind}/optima.csv")).unwrap();
        let mut gaps = 0.0;
        let mut n = 0.0;
        for line in optima.lines().skip(1) {
            let (name, opt) = line.split_once(',').unwrap();
            if !name.contains(&filter) {
                continue;
            }
            let opt: f64 = opt.parse().unwrap();
            let path = if kind == "steiner" {
                format!("{root}/steiner/{name}")
            } else {
                format!("{root}/pcst/{name}.stp")
            };
            let s = stp::read(&std::fs::read_to_string(path).unwrap()).unwrap();
            let problem = if kind == "steiner" {
                s.steiner()
            } else {
                s.prize_collecting(None)
            };
            let t = std::time::Instant::now();
            let stop = || false;
            let mut work = Work::new(secs * WORK_PER_SECOND, &stop);
            let r = route::solve(&problem, &mut work).unwrap();
            let el = t.elapsed().as_secs_f64();
            let mst = if kind == "steiner" {
                terminal_spanning_tree(&problem).1 as f64 / opt - 1.0
            } else {
                0.0
            };
            let g = r.objective as f64 / opt - 1.0;
            gaps += g;
            n += 1.0;
            println!(
                "{name:24} {:>10} opt {opt:>10} gap {:.4}% lb {:.4}% proved {} {el:.2}s work {} M mst {:.2}%",
                r.objective,
                g * 100.0,
                (1.0 - r.lower_bound as f64 / opt) * 100.0,
                r.proved(),
                work.used() / 1_000_000,
                mst * 100.0
            );
        }
        println!("{kind} mean {:.4}%", gaps / n * 100.0);
    }
}
