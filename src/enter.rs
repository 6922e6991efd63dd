//! From what a file says of a site to what the registry enters: the one place that knows both.

use crate::import::site::SiteRow;
use crate::registry::NewSite;

/// An imported row as a site to enter.
#[must_use]
pub fn new_site(row: &SiteRow) -> NewSite {
    NewSite {
        id: row.id.clone(),
        name: row.name.clone(),
        kind: row.kind.code().to_owned(),
        latitude: row.position.latitude(),
        longitude: row.position.longitude(),
        place: row.place.clone(),
        region: row.region.clone(),
        operator: row.operator.clone(),
        invented: row.invented,
        aliases: Vec::new(),
    }
}
