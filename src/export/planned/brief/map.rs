//! The map of a brief, drawn into the page.

use super::{Page, Planned};
use crate::export::map::pair;
use desserte_planning::layer::Layers;

/// Width of the map, units; its height follows the country.
const MAP_WIDTH: f64 = 700.0;
/// Highest map, units.
const MAP_HEIGHT_MAX: f64 = 620.0;
/// Colours of phases: dark enough on paper, and told apart without red and green.
const PHASE_COLOURS: [&str; 6] = [
    "#1b4f72", "#b9770e", "#6c3483", "#117864", "#943126", "#5d6d7e",
];
/// What no phase builds.
const NO_PHASE_COLOUR: &str = "#909497";

impl Page<'_> {
    /// The country, what is planned in it, and what phase it belongs to.
    pub(super) fn map(&self) -> String {
        let Some(frame) = Frame::around(self.planned, self.layers) else {
            return String::new();
        };
        let mut shapes = String::new();
        let regions = self.layers.regions.first().into_iter();
        for ring in regions
            .flat_map(|layer| &layer.features)
            .flat_map(|region| &region.rings)
        {
            let path = frame.path(&ring.iter().copied().map(pair).collect::<Vec<_>>());
            shapes.push_str(&format!(
                "<path d=\"{path}Z\" fill=\"#f4f6f7\" stroke=\"#aab7b8\" stroke-width=\".8\"/>"
            ));
        }
        for line in self
            .layers
            .fibre_lines
            .iter()
            .flat_map(|layer| &layer.features)
        {
            let path = frame.path(&line.positions.iter().copied().map(pair).collect::<Vec<_>>());
            shapes.push_str(&format!(
                "<path d=\"{path}\" fill=\"none\" stroke=\"#7b7d7d\" stroke-width=\"1\" \
                 stroke-dasharray=\"4 2\"/>"
            ));
        }
        for route in self.planned.laid() {
            let path = frame.path(&route.path.iter().copied().map(pair).collect::<Vec<_>>());
            shapes.push_str(&format!(
                "<path d=\"{path}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.6\"/>",
                colour(route.phase)
            ));
        }
        // The first ranks last, so that they lie above the others.
        for site in self.planned.sites.iter().rev() {
            let Some(at) = site.position else { continue };
            let (x, y) = frame.at(pair(at));
            let phase = site.plan.and_then(|plan| plan.phase);
            let radius = if phase.is_some() { 2.6 } else { 1.7 };
            shapes.push_str(&format!(
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\" fill=\"{}\"/>",
                colour(phase)
            ));
        }
        let title = self.pick("Carte", "Map");
        let note = self.pick(
            "Points : sites, en couleur ceux qu'une phase construit ; traits pleins : fibre prévue ; tirets : fibre existante.",
            "Dots: sites, in colour those that a phase builds; solid lines: planned fibre; dashes: existing fibre.",
        );
        format!(
            "<h2>{title}</h2><svg viewBox=\"0 0 {:.0} {:.0}\" role=\"img\" aria-label=\"{note}\">{shapes}\
             </svg><p class=\"note\">{note}</p>",
            MAP_WIDTH, frame.height
        )
    }
}

/// The colour of a phase, from 1.
pub(super) fn colour(phase: Option<usize>) -> &'static str {
    let place = phase.and_then(|phase| phase.checked_sub(1));
    place.map_or(NO_PHASE_COLOUR, |place| {
        PHASE_COLOURS
            .get(place % PHASE_COLOURS.len())
            .unwrap_or(&NO_PHASE_COLOUR)
    })
}

/// From degrees to the map: plate carrée with the width of its middle latitude.
struct Frame {
    west: f64,
    north: f64,
    x_scale: f64,
    y_scale: f64,
    height: f64,
}

impl Frame {
    fn around(planned: &Planned<'_>, layers: &Layers) -> Option<Self> {
        let sites = planned.sites.iter().filter_map(|site| site.position);
        let routes = planned.laid().flat_map(|route| route.path.iter().copied());
        let regions = layers
            .regions
            .first()
            .into_iter()
            .flat_map(|layer| &layer.features);
        let corners = regions.flat_map(|region| region.rings.iter().flatten().copied());
        let boxes = sites
            .chain(routes)
            .chain(corners)
            .map(pair)
            .map(|[x, y]| [x, y, x, y]);
        let [west, south, east, north] =
            boxes.reduce(|[west, south, east, north], [x, y, ..]| {
                [west.min(x), south.min(y), east.max(x), north.max(y)]
            })?;
        let wide = (east - west).max(0.01) * f64::midpoint(south, north).to_radians().cos();
        let high = (north - south).max(0.01);
        let scale = (MAP_WIDTH / wide).min(MAP_HEIGHT_MAX / high);
        let x_scale = scale * wide / (east - west).max(0.01);
        Some(Self {
            // Narrow countries stand in the middle.
            west: west - (MAP_WIDTH - scale * wide) / 2.0 / x_scale,
            north,
            x_scale,
            y_scale: scale,
            height: scale * high,
        })
    }

    fn at(&self, [longitude, latitude]: [f64; 2]) -> (f64, f64) {
        (
            (longitude - self.west) * self.x_scale,
            (self.north - latitude) * self.y_scale,
        )
    }

    fn path(&self, pairs: &[[f64; 2]]) -> String {
        let steps = pairs.iter().enumerate().map(|(number, pair)| {
            let (x, y) = self.at(*pair);
            let step = if number == 0 { 'M' } else { 'L' };
            format!("{step}{x:.1} {y:.1}")
        });
        steps.collect()
    }
}
