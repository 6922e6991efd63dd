//! What is drawn of the country and its sites: made once, kept until its sources change.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use desserte_planning::layer::Layers;

use super::App;
use super::directory::Directory;
use super::site_map::SiteMap;
use super::views::ByScope;
use crate::geography;
use crate::geography::areas::Areas;
use crate::geography::outline::{Area, Outline, draw};

/// Held drawings.
#[derive(Debug, Default)]
pub(super) struct Drawn {
    sites: ByScope<SiteMap>,
    /// Holds `None` inside when there is nothing to draw.
    outline: Mutex<Option<Arc<Option<Outline>>>>,
    areas: Mutex<Option<Arc<Areas>>>,
    /// Holds `None` inside when there are none.
    regions: Mutex<Option<Arc<Option<Bytes>>>>,
}

impl Drawn {
    /// The layers are others now.
    pub(super) fn forget_outline(&self) {
        *self.outline.lock().unwrap_or_else(PoisonError::into_inner) = None;
        *self.areas.lock().unwrap_or_else(PoisonError::into_inner) = None;
        *self.regions.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl App {
    /// The compact image of all open sites, with the directory that it was made of.
    #[must_use]
    pub fn site_map(&self) -> (Arc<Directory>, Arc<SiteMap>) {
        let directory = self.directory();
        let sites = &self.drawn.sites;
        let map = sites.of(&self.viewer.scope, directory.version, || {
            SiteMap::of(&directory)
        });
        (directory, map)
    }

    /// Version of the image and row of a site in it, if the image was asked for since the
    /// directory changed; a reader without the image has no use for a row.
    #[must_use]
    pub fn site_map_row(&self, site: &str) -> Option<(String, u32)> {
        let directory = self.directory();
        let map = self
            .drawn
            .sites
            .held(&self.viewer.scope, directory.version)?;
        let row = map.row(directory.position(site)?)?;
        Some((map.version.clone(), row))
    }

    /// The regions as a small drawing; holds `None` when neither the country nor a layer has
    /// polygons.
    #[must_use]
    pub fn outline(&self) -> Arc<Option<Outline>> {
        let mut held = self
            .drawn
            .outline
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let outline = held.get_or_insert_with(|| Arc::new(draw(&self.regions())));
        Arc::clone(outline)
    }

    /// Says of each site without a region in which one it lies.
    pub(super) fn place_in_regions(&self, directory: &mut Directory) {
        let areas = {
            let mut held = self
                .drawn
                .areas
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            Arc::clone(held.get_or_insert_with(|| Arc::new(Areas::of(self.regions()))))
        };
        directory.place_in_regions(&areas);
    }

    /// The regions that the map draws, GeoJSON with the property `name`: those that were imported
    /// last, else the country's own. `None`: there are none.
    #[must_use]
    pub fn regions_geojson(&self) -> Option<Bytes> {
        let mut held = self
            .drawn
            .regions
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let drawn = held.get_or_insert_with(|| {
            let layers = self.layers();
            let imported = layers.regions.first().map(geography::imported::geojson);
            Arc::new(imported.or_else(|| self.geography.regions.clone()))
        });
        Option::clone(drawn)
    }

    /// West, south, east, north of the country: its own outlines, else the imported regions.
    #[must_use]
    pub fn bounds(&self) -> Option<[f64; 4]> {
        let layers = self.layers();
        let imported = || geography::imported::bounds(layers.regions.first()?);
        self.geography.bounds().or_else(imported)
    }

    /// The regions that were imported last; the country's own without any.
    fn regions(&self) -> Vec<Area> {
        let imported = imported(&self.layers());
        if imported.is_empty() {
            self.geography.areas()
        } else {
            imported
        }
    }
}

/// The layer of regions that was imported last: several would lie over one another.
fn imported(layers: &Layers) -> Vec<Area> {
    let newest = layers.regions.first().into_iter();
    newest
        .flat_map(|layer| &layer.features)
        .map(|region| Area {
            name: region.name.clone(),
            rings: region
                .rings
                .iter()
                .map(|ring| {
                    ring.iter()
                        .map(|at| (at.longitude(), at.latitude()))
                        .collect()
                })
                .collect(),
        })
        .collect()
}
