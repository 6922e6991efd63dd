//! Where a mobile network can be received.

use serde::{Deserialize, Serialize};

use crate::Position;

/// A generation of mobile networks (ITU: IMT-2000 is 3G, IMT-Advanced 4G, IMT-2020 5G).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Generation {
    /// GSM, GPRS, EDGE.
    #[serde(rename = "2g")]
    G2,
    /// UMTS, HSPA, CDMA2000.
    #[serde(rename = "3g")]
    G3,
    /// LTE, `WiMAX` 2.
    #[serde(rename = "4g")]
    G4,
    /// NR.
    #[serde(rename = "5g")]
    G5,
}

impl Generation {
    /// Every generation, the oldest first.
    pub const ALL: [Self; 4] = [Self::G2, Self::G3, Self::G4, Self::G5];

    /// The identifier used in files and over HTTP, which is also its name in both languages once
    /// in capitals.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::G2 => "2g",
            Self::G3 => "3g",
            Self::G4 => "4g",
            Self::G5 => "5g",
        }
    }

    /// The generation that a file means: `4G`, `LTE`, `lte_a`.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        let plain: String = word
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|letter| letter.to_ascii_lowercase())
            .collect();
        match plain.as_str() {
            "2g" | "gsm" | "gprs" | "edge" | "2" => Some(Self::G2),
            "3g" | "umts" | "hspa" | "hspaplus" | "wcdma" | "cdma2000" | "3" => Some(Self::G3),
            "4g" | "lte" | "ltea" | "lteadvanced" | "4" => Some(Self::G4),
            "5g" | "nr" | "5gnr" | "5" => Some(Self::G5),
            _ => None,
        }
    }
}

/// A polygon: a position is inside when it is in the outer ring and in no hole. Between two
/// positions an edge runs straight in longitude and latitude (RFC 7946, 3.1.1).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Polygon {
    /// The outer ring, closed or not.
    pub outer: Vec<Position>,
    /// Rings that are cut out.
    pub holes: Vec<Vec<Position>>,
}

/// What an area covers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Extent {
    /// Drawn polygons.
    Polygons(Vec<Polygon>),
    /// All around a cell: an estimate without terrain, and the layer has to say so.
    Disc {
        /// Where the cell stands.
        centre: Position,
        /// How far it reaches, geodesic metres.
        radius_metres: f64,
    },
}

/// Where one network can be received.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CoverageArea {
    /// Its name in the source.
    pub name: Option<String>,
    /// Whose network, where the source says.
    pub operator: Option<String>,
    /// Which generation, where the source says.
    pub generation: Option<Generation>,
    /// Where.
    pub extent: Extent,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generations_are_known_by_the_words_of_files() {
        for (word, generation) in [
            ("4G", Generation::G4),
            ("LTE-A", Generation::G4),
            ("umts", Generation::G3),
            ("GSM", Generation::G2),
            ("5G NR", Generation::G5),
        ] {
            assert_eq!(Generation::from_word(word), Some(generation), "{word}");
        }
        assert_eq!(Generation::from_word("wifi"), None);
        for generation in Generation::ALL {
            assert_eq!(Generation::from_word(generation.code()), Some(generation));
            let written = serde_json::to_value(generation).unwrap();
            assert_eq!(written, generation.code());
        }
    }
}
