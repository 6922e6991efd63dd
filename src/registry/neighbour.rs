//! Sites near another one: those that may hang on the same power line.

use rusqlite::params;

use super::{Registry, RegistryError};

/// Metres in a degree of latitude, and of longitude on the equator, roughly.
const METRES_A_DEGREE: f64 = 111_000.0;
/// Nearest to a pole a site can be for this: farther on a degree of longitude is of no use.
const COSINE_MIN: f64 = 0.05;

impl Registry {
    /// Other open sites with an agent, at most `most` and at most so many metres away, nearest first.
    /// The distance is that of a plane at the site's latitude: exact enough for a few kilometres.
    pub fn neighbours(
        &self,
        site: &str,
        metres_max: f64,
        most: usize,
    ) -> Result<Vec<String>, RegistryError> {
        let found: Option<(f64, f64)> = self
            .site(site)?
            .map(|one| (one.current.latitude, one.current.longitude));
        let Some((latitude, longitude)) = found else {
            return Ok(Vec::new());
        };
        let cosine = latitude.to_radians().cos().max(COSINE_MIN);
        let (north, east) = (
            metres_max / METRES_A_DEGREE,
            metres_max / METRES_A_DEGREE / cosine,
        );
        let mut near: Vec<(f64, String)> = self.read("neighbours", |connection| {
            connection
                .prepare_cached(
                    "SELECT DISTINCT version.site, version.latitude, version.longitude
                     FROM assignment JOIN site_version AS version
                       ON version.site = assignment.site AND version.valid_to IS NULL
                     WHERE assignment.valid_to IS NULL AND version.status = 'open'
                       AND version.site <> ?1
                       AND version.latitude BETWEEN ?2 AND ?3
                       AND version.longitude BETWEEN ?4 AND ?5",
                )?
                .query_map(
                    params![
                        site,
                        latitude - north,
                        latitude + north,
                        longitude - east,
                        longitude + east
                    ],
                    |row| {
                        let (y, x): (f64, f64) = (row.get(1)?, row.get(2)?);
                        let across = (x - longitude) * cosine * METRES_A_DEGREE;
                        let along = (y - latitude) * METRES_A_DEGREE;
                        Ok((across.hypot(along), row.get(0)?))
                    },
                )?
                .collect()
        })?;
        near.retain(|(metres, _)| *metres <= metres_max);
        near.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
        Ok(near.into_iter().take(most).map(|(_, site)| site).collect())
    }
}
