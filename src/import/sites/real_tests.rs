//! The demonstration's own file, and real files of three countries when they are there.

use std::path::{Path, PathBuf};

use super::tests::{congo, refused, repository, warned};
use super::*;
use crate::import::site::SiteKind;

#[test]
fn the_demonstration_imports_without_a_refusal() {
    let bytes = std::fs::read(repository("demo/congo/sites.csv")).unwrap();
    let country = congo();
    let options = Options {
        mapping: None,
        encoding: None,
        crs: None,
        country: Some(&country),
    };
    let report = import_sites("sites.csv", &bytes, &options).unwrap();
    assert_eq!(refused(&report), []);
    assert!(
        (1_100..1_400).contains(&report.accepted.len()),
        "{}",
        report.accepted.len()
    );
    assert!(
        report
            .accepted
            .iter()
            .all(|site| site.invented && !site.id_derived)
    );
    assert!(
        report
            .accepted
            .iter()
            .all(|site| site.place.is_some() && site.region.is_some())
    );
    for kind in SiteKind::ALL
        .into_iter()
        .filter(|kind| *kind != SiteKind::Other)
    {
        assert!(
            report.accepted.iter().any(|site| site.kind == kind),
            "{kind:?}"
        );
    }
}

/// The folder of real files, which are not part of this repository.
fn reference() -> Option<PathBuf> {
    #[expect(
        clippy::disallowed_methods,
        reason = "tests find the reference folder by it"
    )]
    let named = std::env::var("DESSERTE_REFERENCE").ok();
    let folder = named.map_or_else(|| repository("../shared"), PathBuf::from);
    let folder = folder.join("data");
    if folder.is_dir() {
        return Some(folder);
    }
    println!(
        "skipped: no folder {} (set DESSERTE_REFERENCE)",
        folder.display()
    );
    None
}

fn real(folder: &Path, country: &str, file: &str, mapping: &str) -> ImportReport {
    let path = repository("demo/mappings").join(mapping);
    let mapping = Mapping::from_toml(&std::fs::read_to_string(path).unwrap()).unwrap();
    let outline = folder.join(country).join("adm0_naturalearth_10m.geojson");
    let outline = Country::from_geojson("outline", &std::fs::read(outline).unwrap()).unwrap();
    let bytes = std::fs::read(folder.join(country).join(file)).unwrap();
    let options = Options {
        mapping: Some(&mapping),
        encoding: None,
        crs: None,
        country: Some(&outline),
    };
    let report = import_sites(file, &bytes, &options).unwrap();
    let reasons = &report.refused.rows_by_reason;
    let reasons: Vec<_> = reasons
        .iter()
        .map(|(code, rows)| (*code, rows.count()))
        .collect();
    println!(
        "{country} {file}: {} rows, {} accepted, {} left out, refused {reasons:?}",
        report.rows_read,
        report.accepted.len(),
        report.left_out
    );
    assert_eq!(
        report.rows_read,
        report.accepted.len() + report.left_out + report.refused.count
    );
    report
}

fn rows(report: &ImportReport, code: &str) -> usize {
    report
        .refused
        .rows_by_reason
        .get(code)
        .map_or(0, RowRanges::count)
}

#[test]
fn real_files_of_three_countries_import() {
    let Some(folder) = reference() else { return };
    for country in ["congo", "togo", "lesotho"] {
        let kemri = real(&folder, country, "health_kemri_who_2019.csv", "kemri.toml");
        assert!(rows(&kemri, "coordinate_missing") > 0, "{country}");
        assert!(kemri.accepted.len() * 2 > kemri.rows_read, "{country}");
        assert!(
            kemri
                .accepted
                .iter()
                .all(|site| site.id_derived && site.name.is_some())
        );
    }
    for country in ["congo", "togo", "lesotho"] {
        let osm = real(
            &folder,
            country,
            "sites_osm_nodes_2019.csv",
            "osm-nodes.toml",
        );
        assert!(!osm.accepted.is_empty(), "{country}");
        assert!(
            osm.left_out > osm.rows_read / 2,
            "{country}: bars and benches are left out"
        );
        assert!(warned(&osm, Warning::Unnamed) > 0, "{country}");
    }
    for country in ["congo", "togo", "lesotho"] {
        let health = real(
            &folder,
            country,
            "health_healthsites_io_2020.csv",
            "healthsites.toml",
        );
        assert!(!health.accepted.is_empty(), "{country}");
        assert!(
            health.refused.duplicates > 0,
            "{country}: nodes and ways of one building"
        );
    }
}
