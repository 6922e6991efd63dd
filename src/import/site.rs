//! A public site as it comes out of a file.

use desserte_planning::Position;
use desserte_planning::plan::PlanSite;
use serde::{Deserialize, Serialize};

/// What a public site is. Closed list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SiteKind {
    /// Seat of a ministry or of another national authority.
    Ministry,
    /// Town hall, prefecture, sub-prefecture.
    TownHall,
    /// Office where births, marriages and deaths are registered.
    CivilRegistry,
    /// Court of any rank.
    Court,
    /// Hospital of any rank.
    Hospital,
    /// Health centre, clinic, health post.
    HealthCentre,
    /// School of any level.
    School,
    /// Post office.
    Post,
    /// Police station or gendarmerie.
    Police,
    /// Another public site.
    Other,
}

impl SiteKind {
    /// Every kind, in the order in which lists show them.
    pub const ALL: [Self; 10] = [
        Self::Ministry,
        Self::TownHall,
        Self::CivilRegistry,
        Self::Court,
        Self::Hospital,
        Self::HealthCentre,
        Self::School,
        Self::Post,
        Self::Police,
        Self::Other,
    ];

    /// The identifier used in files and over HTTP.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.texts().0
    }

    /// Its French name.
    #[must_use]
    pub fn name_fr(self) -> &'static str {
        self.texts().1
    }

    /// Its English name.
    #[must_use]
    pub fn name_en(self) -> &'static str {
        self.texts().2
    }

    /// Whether people come there for care, lessons, papers or letters: what is down there, they
    /// feel at once.
    #[must_use]
    pub fn serves_people(self) -> bool {
        match self {
            Self::TownHall
            | Self::CivilRegistry
            | Self::Hospital
            | Self::HealthCentre
            | Self::School
            | Self::Post => true,
            Self::Ministry | Self::Court | Self::Police | Self::Other => false,
        }
    }

    /// The kind with this identifier.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    fn texts(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Ministry => ("ministry", "ministère", "ministry"),
            Self::TownHall => ("town_hall", "mairie", "town hall"),
            Self::CivilRegistry => (
                "civil_registry",
                "centre d'état civil",
                "civil-registry office",
            ),
            Self::Court => ("court", "tribunal", "court"),
            Self::Hospital => ("hospital", "hôpital", "hospital"),
            Self::HealthCentre => ("health_centre", "centre de santé", "health centre"),
            Self::School => ("school", "école", "school"),
            Self::Post => ("post", "bureau de poste", "post office"),
            Self::Police => ("police", "police", "police station"),
            Self::Other => ("other", "autre", "other"),
        }
    }
}

/// One accepted row.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SiteRow {
    /// The row as a spreadsheet counts it (CSV) or the feature's number from 1 (GeoJSON).
    pub row: usize,
    /// The identifier: the file's own after the mapping's prefix, or one derived from the content.
    pub id: String,
    /// True when the file has no identifiers: it changes with name, kind or position.
    pub id_derived: bool,
    /// The name; many sites in open data have none, and none is made up.
    pub name: Option<String>,
    /// What it is.
    pub kind: SiteKind,
    /// What the file called it.
    pub source_kind: Option<String>,
    /// Where it stands.
    pub position: Position,
    /// The town or village.
    pub place: Option<String>,
    /// The administrative area.
    pub region: Option<String>,
    /// Who provides its line.
    pub operator: Option<String>,
    /// True for a site of a demonstration.
    pub invented: bool,
}

impl From<SiteRow> for PlanSite {
    /// A row as a plan needs it, not measured yet.
    fn from(row: SiteRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            kind: row.kind.code().to_owned(),
            position: Some(row.position),
            region: row.region,
            invented: row.invented,
            simulated: false,
            availability: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_what_serde_writes() {
        for kind in SiteKind::ALL {
            let written = serde_json::to_string(&kind).unwrap();
            assert_eq!(written, format!("\"{}\"", kind.code()));
            assert_eq!(SiteKind::from_code(kind.code()), Some(kind));
        }
    }
}
