//! The shipped country, compiled into the binary so that the demonstration runs from any folder.

use bytes::Bytes;
use desserte_planning::layer::Layers;

use super::DemoError;
use crate::config::Country;
use crate::geography::Geography;
use crate::import::layers::{Manifest, read_layer};
use crate::import::sites::{Options, import_sites};
use crate::registry::{NewSite, Registry};

const SITES: &[u8] = include_bytes!("../../demo/congo/sites.csv");
const PLACES: &[u8] = include_bytes!("../../demo/congo/places.csv");
const REGIONS: &[u8] = include_bytes!("../../demo/congo/regions.geojson");
const BORDER: &[u8] = include_bytes!("../../demo/congo/border.geojson");
const NEIGHBOURS: &[u8] = include_bytes!("../../demo/congo/neighbours.geojson");
/// Author of the shipped sites.
const AUTHOR: &str = "demonstration";

/// Layers that are shipped; what is not in it is absent, and said to be.
const MANIFEST: &str = r#"
[[layer]]
kind = "places"
name = "Localités GeoNames"
file = "places.csv"
crs = "EPSG:4326"
source = "GeoNames (geonames.org)"
licence = "CC BY 4.0"
date = "2026"
uncertainty = "town centres, some kilometres; small villages are missing"
[layer.columns]
name = "name"
latitude = "latitude"
longitude = "longitude"
population = "population"

[[layer]]
kind = "regions"
name = "Départements"
file = "regions.geojson"
crs = "EPSG:4326"
source = "Natural Earth 1:10 m"
licence = "public domain"
date = "2013"
uncertainty = "1 to 5 km; drawn before 2014: departments created since are missing"
[layer.columns]
name = "name"
"#;

const NOTICE: [(&str, &str); 5] = [
    (
        "Sites inventés : aucun site, opérateur ni chiffre affiché ici n’est réel ; les villes le sont.",
        "Invented sites: no site, operator or figure shown here is real; the towns are.",
    ),
    (
        "Mesures simulées : les agents, les coupures et les engagements de la flotte sont joués d’après un script.",
        "Simulated measurements: the fleet’s agents, outages and agreements are played from a script.",
    ),
    (
        "Limites et pays voisins : Natural Earth, domaine public. Ce tracé ne fait autorité sur aucune frontière.",
        "Boundaries and neighbours: Natural Earth, public domain. The drawing is no authority on any border.",
    ),
    (
        "Localités et populations : GeoNames (geonames.org), CC BY 4.0.",
        "Places and populations: GeoNames (geonames.org), CC BY 4.0.",
    ),
    (
        "Fibre : aucune couche dont la licence permette la redistribution ; importez la vôtre.",
        "Fibre: no layer with a licence to redistribute; import yours.",
    ),
];

/// Who the country is.
pub(super) fn configuration() -> Country {
    Country {
        id: "cg".to_owned(),
        name_fr: "République du Congo".to_owned(),
        name_en: "Republic of the Congo".to_owned(),
        time_zone: "Africa/Brazzaville".to_owned(),
        folder: None,
    }
}

/// What the map draws, and what a reader must be told.
pub(super) fn geography() -> Geography {
    Geography {
        country: configuration(),
        regions: Some(Bytes::from_static(REGIONS)),
        border: Some(Bytes::from_static(BORDER)),
        neighbours: Some(Bytes::from_static(NEIGHBOURS)),
        notice: NOTICE
            .iter()
            .map(|(fr, en)| ((*fr).to_owned(), (*en).to_owned()))
            .collect(),
    }
}

/// The shipped layers.
pub(super) fn layers() -> Result<Layers, DemoError> {
    let manifest = Manifest::from_toml("layers.toml", MANIFEST)?;
    let mut layers = Layers::default();
    for entry in &manifest.layer {
        let bytes = match entry.file.as_str() {
            "places.csv" => PLACES,
            _ => REGIONS,
        };
        let read = read_layer(entry, bytes, None)?;
        if read.refused.count > 0 {
            return Err(DemoError::Shipped(format!(
                "{}: {} rows refused",
                entry.file, read.refused.count
            )));
        }
        read.layer.add_to(&mut layers);
    }
    Ok(layers)
}

/// Enters the invented sites; those that are there already stay as they are.
pub(super) fn enter(registry: &Registry, now_unix_ms: i64) -> Result<(), DemoError> {
    let report = import_sites("sites.csv", SITES, &Options::default())?;
    if report.refused.count > 0 {
        return Err(DemoError::Shipped(format!(
            "sites.csv: {} rows refused",
            report.refused.count
        )));
    }
    let sites: Vec<NewSite> = report.accepted.iter().map(crate::enter::new_site).collect();
    registry.upsert_sites(&sites, AUTHOR, now_unix_ms)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_country_is_whole_and_every_site_is_invented() {
        let registry = Registry::in_memory().unwrap();
        enter(&registry, 1_000).unwrap();
        let sites = registry.sites().unwrap();
        assert!((1_000..=1_400).contains(&sites.len()), "{}", sites.len());
        assert!(sites.iter().all(|site| site.current.invented));
        let layers = layers().unwrap();
        assert_eq!(layers.regions[0].features.len(), 12);
        assert!(layers.places[0].features.len() > 30);
        assert!(layers.fibre_lines.is_empty());
        assert!(geography().bounds().is_some());
    }
}
