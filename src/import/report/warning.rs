//! What is taken but deserves a look.

use serde::Serialize;

/// What is taken but deserves a look. Closed list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Warning {
    /// Sites without a name.
    Unnamed,
    /// The file has no identifiers: they were derived from name, kind and position.
    IdsDerived,
    /// Positions a little outside the outline.
    NearBorder,
    /// Without an outline nobody can see swapped coordinates or a foreign position.
    NoOutline,
    /// Rows taken as kind `other`.
    KindOther,
    /// Populations that are no whole number: the place is kept, its population is unknown.
    PopulationUnread,
    /// A place with more inhabitants than all others together: a capital, or the name point of a
    /// country or region.
    PopulationDominant,
    /// Coordinates in metres of a projection, converted to degrees.
    Converted,
    /// Places or regions without a name.
    FeatureUnnamed,
    /// Features outside the country's outline.
    FeatureOutside,
    /// Roads of which the file holds only a part: it is cut at a border.
    FeatureCut,
    /// Samples of the ground whose height is not known.
    HeightsUnknown,
}

impl Warning {
    /// The identifier used in files and over HTTP.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Unnamed => "unnamed",
            Self::IdsDerived => "ids_derived",
            Self::NearBorder => "near_border",
            Self::NoOutline => "no_outline",
            Self::KindOther => "kind_other",
            Self::PopulationUnread => "population_unread",
            Self::PopulationDominant => "population_dominant",
            Self::Converted => "converted",
            Self::FeatureUnnamed => "feature_unnamed",
            Self::FeatureOutside => "feature_outside",
            Self::FeatureCut => "feature_cut",
            Self::HeightsUnknown => "heights_unknown",
        }
    }

    /// One sentence in English.
    #[must_use]
    pub fn text_en(self) -> &'static str {
        match self {
            Self::Unnamed => "sites without a name: kept without one",
            Self::IdsDerived => {
                "no identifiers in the file: derived from name, kind and position, they change with these"
            }
            Self::NearBorder => "positions up to 10 km outside the outline: kept",
            Self::NoOutline => {
                "no outline of the country was given: swapped or foreign positions cannot be seen"
            }
            Self::KindOther => "kinds that no translation knows: taken as other",
            Self::PopulationUnread => {
                "populations that are no whole number: the places are kept, their population is unknown"
            }
            Self::PopulationDominant => {
                "more inhabitants than all other places together: kept, but see that it is a town and not the \
                 name point of a country or region"
            }
            Self::Converted => {
                "coordinates in metres (Web Mercator or UTM): converted to WGS84 degrees"
            }
            Self::FeatureUnnamed => "features without a name: kept without one",
            Self::FeatureOutside => {
                "features more than 10 km outside the outline: kept, a neighbour's may count"
            }
            Self::FeatureCut => "roads of which the file holds only a part: that part is kept",
            Self::HeightsUnknown => "samples without a height: unknown there, never zero",
        }
    }

    /// One sentence in French.
    #[must_use]
    pub fn text_fr(self) -> &'static str {
        match self {
            Self::Unnamed => "sites sans nom : gardés sans nom",
            Self::IdsDerived => {
                "pas d'identifiants dans le fichier : déduits du nom, du type et de la position, ils changent avec eux"
            }
            Self::NearBorder => "positions jusqu'à 10 km hors du contour : gardées",
            Self::NoOutline => {
                "aucun contour du pays donné : positions inversées ou étrangères invisibles"
            }
            Self::KindOther => "types qu'aucune traduction ne connaît : pris comme « autre »",
            Self::PopulationUnread => {
                "populations qui ne sont pas des nombres entiers : localités gardées, population inconnue"
            }
            Self::PopulationDominant => {
                "plus d'habitants que toutes les autres localités réunies : gardée, mais vérifiez que c'est une \
                 ville et non le point d'un pays ou d'une région"
            }
            Self::Converted => {
                "coordonnées en mètres (Web Mercator ou UTM) : converties en degrés WGS84"
            }
            Self::FeatureUnnamed => "objets sans nom : gardés sans nom",
            Self::FeatureOutside => {
                "objets à plus de 10 km hors du contour : gardés, ceux d'un voisin peuvent compter"
            }
            Self::FeatureCut => {
                "routes dont le fichier n'a qu'une partie : cette partie est gardée"
            }
            Self::HeightsUnknown => "échantillons sans altitude : inconnue, jamais zéro",
        }
    }
}
