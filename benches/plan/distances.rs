//! The nearest of many points, and inside which of many discs: for as many sites as a continent has.

use std::fmt::Write as _;

use desserte_planning::Position;
use desserte_planning::gap::CoverageIndex;
use desserte_planning::index::NearestIndex;
use desserte_planning::layer::{CoverageArea, Extent, Generation, Layer, Provenance};

use super::drawn::Chance;
use super::peers::Peers;
use super::report::{Report, Row};
use super::{Options, Outcome, median, say};

/// Positions in a country of eight by eight degrees.
fn draw(chance: &mut Chance, count: u32) -> Outcome<Vec<Position>> {
    let mut degree =
        || -> Outcome<f64> { Ok(f64::from(u32::try_from(chance.below(8_000_000))?) / 1e6) };
    (0..count)
        .map(|_| Ok(Position::new(degree()?, 10.0 + degree()?)?))
        .collect()
}

/// The nearest of a million points for 100,000 sites.
pub(crate) fn nearest(options: &Options, peers: &Peers, report: &mut Report) -> Outcome {
    if !"nearest".contains(&options.only) {
        return Ok(());
    }
    let mut chance = Chance(9);
    let points = draw(&mut chance, 1_000_000)?;
    let sites = draw(&mut chance, 100_000)?;
    let (metres, seconds) = median(|| {
        let index = NearestIndex::of_points(points.iter().copied());
        let hits = index.nearest_of_all(&sites);
        hits.iter().flatten().map(|hit| hit.metres).sum::<f64>()
    });
    say(&format!(
        "\nnearest of 1,000,000 points for 100,000 sites: {seconds:.2} s, {metres:.0} m in all"
    ));
    let mut text = String::new();
    for (name, list) in [("point", &points), ("site", &sites)] {
        for one in list {
            let _ = writeln!(text, "{name} {} {}", one.longitude(), one.latitude());
        }
    }
    let what = "nearest of 1 M points for 100 k sites, index included";
    for peer in peers.nearest(&text)? {
        say(&format!("  {}: {:.2} s", peer.name, peer.seconds));
        report.row(
            Row::new(what.to_owned(), "s", seconds)
                .beside(&peer.name, peer.seconds)
                .goal("<= 1"),
        );
    }
    report.row(Row::new(what.to_owned(), "s", seconds).goal("<= 1"));
    Ok(())
}

/// Inside which of 20,000 cells' discs 100,000 sites are: every pair is found, and counted.
pub(crate) fn coverage(options: &Options, peers: &Peers, report: &mut Report) -> Outcome {
    if !"coverage".contains(&options.only) {
        return Ok(());
    }
    let mut chance = Chance(10);
    let centres = draw(&mut chance, 20_000)?;
    let sites = draw(&mut chance, 100_000)?;
    let mut text = String::new();
    let mut features = Vec::new();
    for centre in &centres {
        let radius_metres = f64::from(u32::try_from(1_000 + chance.below(9_000))?);
        let _ = writeln!(
            text,
            "disc {} {} {radius_metres}",
            centre.longitude(),
            centre.latitude()
        );
        features.push(CoverageArea {
            name: None,
            operator: None,
            generation: Some(Generation::G4),
            extent: Extent::Disc {
                centre: *centre,
                radius_metres,
            },
        });
    }
    for site in &sites {
        let _ = writeln!(text, "site {} {}", site.longitude(), site.latitude());
    }
    let provenance: Provenance = serde_json::from_str(
        r#"{"layer":"drawn","source":"drawn","licence":"none","date":"2026","uncertainty":"none"}"#,
    )?;
    let layers = [Layer {
        provenance,
        features,
    }];
    let (covered, seconds) = median(|| {
        let index = CoverageIndex::new(&layers);
        let found = sites.iter().filter(|site| {
            let networks = index.at(**site);
            networks
                .known()
                .is_some_and(|networks| !networks.is_empty())
        });
        found.count()
    });
    say(&format!(
        "\ncoverage of 100,000 sites in 20,000 discs: {seconds:.2} s, {covered} covered"
    ));
    let what = "coverage of 100 k sites in 20,000 discs, index included";
    for peer in peers.coverage(&text)? {
        say(&format!(
            "  {}: {:.2} s, {} covered",
            peer.name, peer.seconds, peer.cost
        ));
        report.row(
            Row::new(what.to_owned(), "s", seconds)
                .beside(&peer.name, peer.seconds)
                .goal("<= 0.5"),
        );
    }
    report.row(Row::new(what.to_owned(), "s", seconds).goal("<= 0.5"));
    Ok(())
}
