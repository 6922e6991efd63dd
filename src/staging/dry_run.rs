//! What importing a file would do, row by row and site by site. Nothing is changed.

use desserte_planning::Position;
use desserte_planning::layer::{Extent, Layers};

use super::duplicates::{Side, candidates, side};
use super::{Ground, Result};
use crate::enter::new_site;
use crate::import::country::Country;
use crate::import::layers::{AnyLayer, Entry, read_layer};
use crate::import::mapping::Mapping;
use crate::import::pairs::{self, Candidate, Pair, Pairs};
use crate::import::propose::KindUse;
use crate::import::report::{Refusals, Totals, WarningRows};
use crate::import::sites::{Options, import_sites};
use crate::registry::{ImportOutcome, NewSite, Registry};

/// Most positions of a preview: a small map shows no more apart.
const PREVIEW_MAX: usize = 3_000;

/// What importing a file would do.
#[derive(Debug)]
pub struct DryRun {
    /// Rows or features of the file.
    pub rows_read: usize,
    /// How many are taken.
    pub accepted: usize,
    /// How many the filters leave out.
    pub left_out: usize,
    /// The rest.
    pub refused: Refusals,
    /// What deserves a look.
    pub warnings: Vec<WarningRows>,
    /// The file's kinds and what they mean.
    pub kinds: Vec<KindUse>,
    /// Whether there is an outline to check positions against.
    pub outline: bool,
    /// What would be entered.
    pub content: Content,
}

/// What would be entered.
#[derive(Debug)]
pub enum Content {
    /// Sites.
    Sites(SitesRun),
    /// A layer.
    Layer(AnyLayer),
}

/// Sites that would be entered.
#[derive(Debug)]
pub struct SitesRun {
    /// They.
    pub sites: Vec<NewSite>,
    /// What that would do.
    pub forecast: ImportOutcome,
    /// Pairs that may be one site.
    pub pairs: Pairs,
    /// The sites of the pairs, by the numbers that the pairs give.
    candidates: Vec<Candidate>,
    sources: Vec<Option<String>>,
}

impl SitesRun {
    /// The identifiers of a pair: the site to keep, the other.
    #[must_use]
    pub fn ids(&self, pair: &Pair) -> (&str, &str) {
        let id = |number: usize| {
            self.candidates
                .get(number)
                .map_or("", |one| one.id.as_str())
        };
        (id(pair.keep), id(pair.other))
    }

    /// The two sites of a pair, the one to keep first.
    #[must_use]
    pub fn sides(&self, pair: &Pair) -> Option<(Side<'_>, Side<'_>)> {
        let of = |number| side(&self.candidates, &self.sources, number);
        Some((of(pair.keep)?, of(pair.other)?))
    }
}

/// Tries a file of sites.
pub fn try_sites(
    (file, bytes): (&str, &[u8]),
    mapping: &Mapping,
    (registry, country): (&Registry, Option<&Country>),
) -> Result<DryRun> {
    let mapping = mapping.clone().checked()?;
    let options = Options {
        mapping: Some(&mapping),
        country,
        ..Options::default()
    };
    let report = import_sites(file, bytes, &options)?;
    let sites: Vec<NewSite> = report.accepted.iter().map(new_site).collect();
    let forecast = registry.forecast_sites(&sites)?;
    let (candidates, sources) = candidates(registry, &sites, Some(file))?;
    let refused = registry.distinct_pairs()?;
    let pairs = pairs::find(&candidates, |a, b| {
        refused.contains(&(a.to_owned(), b.to_owned()))
    });
    Ok(DryRun {
        rows_read: report.rows_read,
        accepted: report.accepted.len(),
        left_out: report.left_out,
        refused: report.refused,
        warnings: report.warnings,
        kinds: report.kinds,
        outline: country.is_some(),
        content: Content::Sites(SitesRun {
            sites,
            forecast,
            pairs,
            candidates,
            sources,
        }),
    })
}

/// Tries a file of a layer.
pub fn try_layer(bytes: &[u8], entry: &Entry, country: Option<&Country>) -> Result<DryRun> {
    let read = read_layer(entry, bytes, country)?;
    Ok(DryRun {
        rows_read: read.rows_read,
        accepted: read.rows_read - read.left_out - read.refused.count,
        left_out: read.left_out,
        refused: read.refused,
        warnings: read.warnings,
        kinds: Vec::new(),
        outline: country.is_some(),
        content: Content::Layer(read.layer),
    })
}

/// The country's border, else the outline of the first layer of regions.
pub(super) fn outline(ground: Ground<'_>) -> Result<Option<Country>> {
    if let Some(border) = ground.border {
        return Ok(Some(Country::from_geojson("border.geojson", border)?));
    }
    let layers = ground.layers.read()?;
    let rings = layers.regions.into_iter().next().map(|layer| {
        let regions = layer.features.into_iter();
        regions.flat_map(|region| region.rings).collect()
    });
    Ok(rings.and_then(Country::from_rings))
}

impl DryRun {
    /// What it found of a file, without what would be entered.
    #[must_use]
    pub fn totals<'r>(&'r self, file: &'r str) -> Totals<'r> {
        Totals {
            file,
            rows_read: self.rows_read,
            accepted: self.accepted,
            left_out: self.left_out,
            refused: &self.refused,
            warnings: &self.warnings,
        }
    }

    /// Positions for a small map, spread evenly over the file when it holds too many; names and
    /// kinds beside them.
    #[must_use]
    pub fn preview(&self) -> Vec<(Position, Option<String>, Option<String>)> {
        let mut points: Vec<(Position, Option<String>, Option<String>)> = match &self.content {
            Content::Sites(sites) => sites
                .sites
                .iter()
                .filter_map(|site| {
                    let position = Position::new(site.latitude, site.longitude).ok()?;
                    Some((position, site.name.clone(), Some(site.kind.clone())))
                })
                .collect(),
            Content::Layer(layer) => layer_points(layer)
                .into_iter()
                .map(|(position, name)| (position, name, None))
                .collect(),
        };
        let every = points.len().div_ceil(PREVIEW_MAX).max(1);
        let mut number = 0;
        points.retain(|_| {
            number += 1;
            number % every == 0 || every == 1
        });
        points
    }
}

/// Every point of a layer; of lines and rings their vertices.
fn layer_points(layer: &AnyLayer) -> Vec<(Position, Option<String>)> {
    let mut layers = Layers::default();
    layer.clone().add_to(&mut layers);
    let mut points = Vec::new();
    for one in layers.fibre_nodes.iter().chain(&layers.power_nodes) {
        points.extend(
            one.features
                .iter()
                .map(|point| (point.position, point.name.clone())),
        );
    }
    for one in &layers.places {
        points.extend(
            one.features
                .iter()
                .map(|place| (place.position, place.name.clone())),
        );
    }
    let lines = layers.fibre_lines.iter().chain(&layers.roads);
    for line in lines
        .chain(&layers.power_lines)
        .flat_map(|one| &one.features)
    {
        points.extend(line.positions.iter().map(|at| (*at, line.name.clone())));
    }
    for mast in layers.masts.iter().flat_map(|one| &one.features) {
        points.push((mast.position, mast.name.clone()));
    }
    for area in layers.coverage.iter().flat_map(|one| &one.features) {
        let at = match &area.extent {
            Extent::Disc { centre, .. } => vec![*centre],
            Extent::Polygons(polygons) => {
                polygons.iter().flat_map(|one| one.outer.clone()).collect()
            }
        };
        points.extend(at.into_iter().map(|at| (at, area.name.clone())));
    }
    for tile in layers.terrain.iter().flat_map(|one| &one.features) {
        points.push((tile.north_west, tile.name.clone()));
    }
    for region in layers.regions.iter().flat_map(|one| &one.features) {
        let vertices = region.rings.iter().flatten();
        points.extend(vertices.map(|at| (*at, region.name.clone())));
    }
    points
}
