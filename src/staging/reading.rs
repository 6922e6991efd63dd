//! How a file that waits is to be read.

use std::collections::BTreeMap;

use desserte_planning::layer::LayerKind;
use serde::{Deserialize, Serialize};

use super::{Result, StagingError};
use crate::import::crs::Crs;
use crate::import::layers::Entry;
use crate::import::mapping::Mapping;
use crate::import::propose::{Inspection, Proposal};

/// What a file is brought in as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Sites.
    Sites,
    /// A layer of this kind.
    Layer(LayerKind),
}

impl What {
    /// Its identifier.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Sites => "sites",
            Self::Layer(kind) => kind.code(),
        }
    }

    /// What has this identifier.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        if code == "sites" {
            return Some(Self::Sites);
        }
        let mut kinds = LayerKind::ALL.into_iter();
        kinds.find(|kind| kind.code() == code).map(Self::Layer)
    }
}

/// How a file is to be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// As sites.
    Sites(Mapping),
    /// As a layer.
    Layer(Entry),
}

/// What is proposed for a file.
pub(super) fn proposed(
    what: What,
    file: &str,
    inspection: &Inspection,
    proposal: &Proposal,
) -> Reading {
    match what {
        What::Sites => Reading::Sites(proposal.sites(inspection)),
        What::Layer(kind) => Reading::Layer(Entry {
            kind,
            name: file
                .rsplit_once('.')
                .map_or(file, |(stem, _)| stem)
                .to_owned(),
            file: file.to_owned(),
            crs: None,
            source: String::new(),
            licence: String::new(),
            date: String::new(),
            uncertainty: String::new(),
            uncertainty_class: desserte_planning::layer::UncertaintyClass::default(),
            encoding: inspection.encoding.clone(),
            sheet: None,
            columns: proposal.layer(kind),
            constants: BTreeMap::new(),
            keep: Vec::new(),
        }),
    }
}

/// How to open the file for a reading that does not contradict itself.
pub(super) type Opening = (Reading, Option<String>, Option<String>, Option<Crs>);

/// The reading, and how to open its file.
pub(super) fn checked(reading: Reading) -> Result<Opening> {
    match reading {
        Reading::Sites(mapping) => {
            let (encoding, sheet) = (mapping.encoding.clone(), mapping.sheet.clone());
            let crs = mapping.crs;
            Ok((Reading::Sites(mapping), encoding, sheet, crs))
        }
        Reading::Layer(entry) => {
            let crs = entry.crs.as_deref().map(|name| {
                Crs::from_name(name).ok_or_else(|| StagingError::Invalid {
                    field: "crs",
                    reason: format!("{name:?} is not EPSG:4326, EPSG:3857 or a UTM zone"),
                })
            });
            let (encoding, sheet) = (entry.encoding.clone(), entry.sheet.clone());
            let crs = crs.transpose()?;
            Ok((Reading::Layer(entry), encoding, sheet, crs))
        }
    }
}
