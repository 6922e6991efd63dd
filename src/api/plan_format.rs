//! A plan as a file: which format, and how a browser keeps it.

use desserte_planning::plan::Plan;
use desserte_planning::programme::RoutePlan;

use super::error::{Answer, Refusal};
use crate::app::App;
use crate::export::planned::{Planned, PlannedFormat};
use crate::export::{self, Language};
use crate::plans::{KeptPlan, KeptSite};

/// A file of a plan.
#[derive(Debug, Clone, Copy)]
pub(super) enum Format {
    Csv,
    Xlsx,
    Geojson,
    Planned(PlannedFormat),
}

impl Format {
    pub(super) fn of(asked: Option<&str>) -> Answer<Self> {
        match asked {
            None | Some("csv") => Ok(Self::Csv),
            Some("xlsx") => Ok(Self::Xlsx),
            Some("geojson") => Ok(Self::Geojson),
            Some("geopackage") => Ok(Self::Planned(PlannedFormat::Geopackage)),
            Some("kml") => Ok(Self::Planned(PlannedFormat::Kml)),
            Some("ofds") => Ok(Self::Planned(PlannedFormat::Ofds)),
            Some("brief") => Ok(Self::Planned(PlannedFormat::Brief)),
            Some(other) => Err(Refusal::parameter(
                "format",
                format!("{other:?} is not csv, xlsx, geojson, geopackage, kml, ofds or brief"),
            )),
        }
    }

    /// The plan as a file; `None`: a network is asked for, and no route is planned.
    pub(super) fn write(
        self,
        plan: &Plan,
        app: &App,
        language: Language,
    ) -> Result<Option<Vec<u8>>, export::ExportError> {
        let mut bytes = Vec::new();
        match self {
            Self::Planned(format) => {
                let planned = Planned::new(plan, plan.programme.as_ref());
                let when = (app.now_unix_ms(), language);
                return export::planned::write(format, (&planned, &app.layers()), when);
            }
            Self::Csv => export::plan::write_csv(plan, language, &mut bytes)?,
            Self::Xlsx => export::plan::write_xlsx(plan, language, &mut bytes)?,
            Self::Geojson => export::plan::write_geojson(plan, &mut bytes)?,
        }
        Ok(Some(bytes))
    }

    /// A kept plan as a file; `None`: a network is asked for, and no route is planned.
    pub(super) fn write_kept(
        self,
        (app, plan): (&App, &KeptPlan),
        (sites, routes): (&[KeptSite], &[RoutePlan]),
        language: Language,
    ) -> Result<Option<Vec<u8>>, export::ExportError> {
        let mut bytes = Vec::new();
        match self {
            Self::Csv => export::programme::write_csv(plan, sites, language, &mut bytes)?,
            Self::Xlsx => export::programme::write_xlsx(plan, sites, language, &mut bytes)?,
            Self::Geojson => export::programme::write_geojson(plan, sites, routes, &mut bytes)?,
            Self::Planned(format) => {
                let planned = Planned::kept(plan, sites, routes);
                let planned = planned.map_err(|error| export::ExportError::Write {
                    what: "the kept plan",
                    source: std::io::Error::other(error),
                })?;
                let when = (app.now_unix_ms(), language);
                return export::planned::write(format, (&planned, &app.layers()), when);
            }
        }
        Ok(Some(bytes))
    }

    pub(super) fn headers(self) -> (&'static str, &'static str) {
        match self {
            Self::Csv => (
                "text/csv; charset=utf-8",
                "attachment; filename=\"desserte-plan.csv\"",
            ),
            Self::Xlsx => (
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                "attachment; filename=\"desserte-plan.xlsx\"",
            ),
            Self::Geojson => (
                "application/geo+json",
                "attachment; filename=\"desserte-plan.geojson\"",
            ),
            Self::Planned(PlannedFormat::Geopackage) => (
                "application/geopackage+sqlite3",
                "attachment; filename=\"desserte-plan.gpkg\"",
            ),
            Self::Planned(PlannedFormat::Kml) => (
                "application/vnd.google-earth.kml+xml",
                "attachment; filename=\"desserte-plan.kml\"",
            ),
            Self::Planned(PlannedFormat::Ofds) => (
                "application/json",
                "attachment; filename=\"desserte-plan-ofds.json\"",
            ),
            // Kept and opened from there: no page of ours runs what a file says.
            Self::Planned(PlannedFormat::Brief) => (
                "text/html; charset=utf-8",
                "attachment; filename=\"desserte-plan.html\"",
            ),
        }
    }
}

/// The refusal of a network without a route.
pub(super) fn no_routes() -> Refusal {
    Refusal::parameter(
        "format",
        "no route is planned: an OFDS network needs a plan with costs",
    )
}
