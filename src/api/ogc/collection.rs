//! The collections.

use serde_json::{Value, json};

use super::{CRS84, GEOJSON, JSON, Root};
use crate::api::error::{Answer, Refusal};
use crate::app::App;
use crate::doors::policy::{Action, may};

/// A collection. Closed list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Collection {
    /// Sites and their state.
    Sites,
    /// Outages at the place of their site.
    Outages,
    /// Sites and how far they are from what exists.
    Gaps,
    /// The ranking with the default weights.
    Plans,
}

impl Collection {
    pub(super) const ALL: [Self; 4] = [Self::Sites, Self::Outages, Self::Gaps, Self::Plans];

    pub(super) fn id(self) -> &'static str {
        match self {
            Self::Sites => "sites",
            Self::Outages => "outages",
            Self::Gaps => "gaps",
            Self::Plans => "plans",
        }
    }

    /// Those that the viewer may look at.
    pub(super) fn seen_by(app: &App) -> impl Iterator<Item = Self> + use<> {
        let ranks = may(app.viewer(), Action::SeeRanking);
        let seen = move |one: &Self| ranks || !matches!(one, Self::Gaps | Self::Plans);
        Self::ALL.into_iter().filter(seen)
    }

    pub(super) fn named(app: &App, id: &str) -> Answer<Self> {
        let mut all = Self::seen_by(app);
        all.find(|one| one.id() == id)
            .ok_or_else(|| Refusal::not_found("collection", id))
    }

    /// Title and description. English, as everything of this interface is.
    pub(super) fn said(self) -> (&'static str, &'static str) {
        match self {
            Self::Sites => (
                "Sites",
                "Public sites with their state now: up, degraded, down, unknown or excluded. Unknown is \
                 neither up nor down.",
            ),
            Self::Outages => (
                "Outages",
                "Outages with their cause, at the place of their site, the newest first. An outage without \
                 an end lasts, or nobody knows whether it does (unheard).",
            ),
            Self::Gaps => (
                "Gaps",
                "Sites with geodesic distances in metres to fibre, masts, roads, electricity and places, and \
                 the networks that cover them. What is not known is null and says why.",
            ),
            Self::Plans => (
                "Ranking",
                "Sites ranked by need with the default weights; the score is the sum of its contributions.",
            ),
        }
    }

    /// The collection as the standard describes it.
    pub(super) fn described(self, app: &App, root: &Root) -> Value {
        let (title, description) = self.said();
        let path = format!("/collections/{}", self.id());
        let mut extent = json!({ "spatial": { "bbox": [bounds(app)], "crs": CRS84 } });
        if self == Self::Outages
            && let Some(extent) = extent.as_object_mut()
        {
            let always = json!({
                "interval": [[Value::Null, Value::Null]],
                "trs": "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian",
            });
            extent.insert("temporal".to_owned(), always);
        }
        json!({
            "id": self.id(),
            "title": title,
            "description": description,
            "itemType": "feature",
            "crs": [CRS84],
            "extent": extent,
            "links": [
                root.link(&path, ("self", JSON, title)),
                root.link(&format!("{path}/items"), ("items", GEOJSON, title)),
            ],
        })
    }
}

/// West, south, east, north of the open sites; the world without one.
fn bounds(app: &App) -> [f64; 4] {
    let directory = app.directory();
    let boxes = directory
        .sites()
        .iter()
        .map(|site| [site.longitude, site.latitude, site.longitude, site.latitude]);
    let all = boxes.reduce(|[west, south, east, north], [x, y, ..]| {
        [west.min(x), south.min(y), east.max(x), north.max(y)]
    });
    all.unwrap_or([-180.0, -90.0, 180.0, 90.0])
}
