//! The gap analysis as a file.

use std::path::PathBuf;

use clap::Args;
use desserte_planning::gap::{AreasAsked, Reach};
use desserte_planning::gaps::GapReport;
use desserte_planning::layer::{Generation, Layers};
use desserte_planning::plan::MeasuredSites;

use super::output::{json, write};
use super::words::Text;
use super::{Context, Data, Failure, Outcome, now_unix_ms};
use crate::app::{Source, stored_sites};
use crate::export::{self, Language};
use crate::layers::LayerStore;

/// Farthest reach that makes sense, metres.
const REACH_METRES_MAX: f64 = 1_000_000.0;

/// How the gaps are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
enum GapFormat {
    /// For a spreadsheet: semicolons and decimal commas in French, commas and points in English.
    #[default]
    Csv,
    /// Everything, as it was computed.
    Json,
    /// For a map (RFC 7946).
    Geojson,
    /// For Excel: sites, areas and layers on a sheet each.
    Xlsx,
    /// For QGIS: sites, areas and layers as tables (OGC GeoPackage).
    Geopackage,
    /// For Google Earth (OGC KML).
    Kml,
}

/// How far every site is from what exists, and how many people have no service within reach.
#[derive(Debug, Args)]
pub(super) struct Gaps {
    #[command(flatten)]
    data: Data,
    /// How the result is written.
    #[arg(long, value_enum, default_value = "csv")]
    format: GapFormat,
    /// File to write instead of stdout.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Area by area instead of site by site (CSV and GeoJSON; the other formats hold both).
    #[arg(long)]
    areas: bool,
    /// Layer of regions that makes the areas; the one imported last when left out.
    #[arg(long, value_name = "LAYER")]
    regions: Option<String>,
    /// Metres within which fibre or a mast is service within reach.
    #[arg(long, value_name = "METRES", default_value = "5000")]
    reach_metres: f64,
    /// Oldest generation of mobile networks that is service: 2G, 3G, 4G or 5G.
    #[arg(long, default_value = "3G")]
    generation: String,
}

impl Gaps {
    pub(super) fn run(self, context: Context) -> Outcome {
        let asked = AreasAsked {
            reach: self.reach()?,
            regions: self.regions.as_deref(),
        };
        let layers = LayerStore::open(&self.data.data)
            .and_then(|store| store.read())
            .map_err(Failure::failed)?;
        let source = Source::read_only(&self.data.data).map_err(Failure::failed)?;
        let sites = stored_sites(&source).map_err(Failure::failed)?;
        let measured = MeasuredSites::new(sites, &layers);
        let report = measured.gaps(|site| site.availability.clone(), &layers, asked);
        let report = report.ok_or_else(|| self.unknown_regions(&layers))?;
        let bytes = self.written(&report, &layers, context.export())?;
        write(self.output.as_deref(), &bytes)
    }

    fn reach(&self) -> Result<Reach, Failure> {
        let (metres, word) = (self.reach_metres, &self.generation);
        if !(0.0..=REACH_METRES_MAX).contains(&metres) {
            return Err(Failure::input(Text::new(
                format!(
                    "--reach-metres {metres} : un nombre de 0 à {REACH_METRES_MAX} est attendu"
                ),
                format!("--reach-metres {metres}: expected a number from 0 to {REACH_METRES_MAX}"),
            )));
        }
        let generation = Generation::from_word(word).ok_or_else(|| {
            Failure::input(Text::new(
                format!("--generation {word} : 2G, 3G, 4G ou 5G attendu"),
                format!("--generation {word}: expected 2G, 3G, 4G or 5G"),
            ))
        })?;
        Ok(Reach { metres, generation })
    }

    fn unknown_regions(&self, layers: &Layers) -> Failure {
        let asked = self.regions.as_deref().unwrap_or_default();
        let names = layers
            .regions
            .iter()
            .map(|layer| layer.provenance.layer.as_str());
        let names = names.collect::<Vec<_>>().join(", ");
        Failure::input(Text::new(
            format!("--regions {asked} : pas de telle couche de régions ; il y a : {names}"),
            format!("--regions {asked}: no such layer of regions; there are: {names}"),
        ))
    }

    fn written(
        &self,
        report: &GapReport,
        layers: &Layers,
        language: Language,
    ) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        let tables = || export::gaps::tables(report, layers, language);
        let done = match (self.format, self.areas) {
            (GapFormat::Csv, false) => export::gaps::write_csv(report, language, &mut bytes),
            (GapFormat::Csv, true) => export::gaps::write_areas_csv(report, language, &mut bytes),
            (GapFormat::Geojson, false) => export::gaps::write_geojson(report, &mut bytes),
            (GapFormat::Geojson, true) => {
                export::gaps::write_areas_geojson(report, layers, &mut bytes)
            }
            (GapFormat::Xlsx, _) => export::gaps::write_xlsx(report, language, &mut bytes),
            (GapFormat::Geopackage, _) => {
                export::map::write_geopackage(&tables(), now_unix_ms(), &mut bytes)
            }
            (GapFormat::Kml, _) => {
                let title = language.pick("Écarts de desserte", "Connectivity gaps");
                export::map::kml::write(title, &tables(), &mut bytes)
            }
            (GapFormat::Json, _) => return json(report),
        };
        done.map_err(Failure::failed)?;
        Ok(bytes)
    }
}
