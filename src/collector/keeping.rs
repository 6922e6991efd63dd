//! Where samples are kept, and how long.

use std::{path::Path, sync::Arc};

use super::{CollectorError, identity::Identity, samples_path};
#[cfg(feature = "influxdb2")]
use crate::store::influx2::InfluxStore;
use crate::store::{
    StoreError,
    embedded::{EmbeddedStore, is_made_again},
    journal::Journal,
    retention::Retention,
    samples::SampleStore,
    server::{Server, filled_until},
};

/// Where samples are kept, and how long.
#[derive(Debug, Clone, Default)]
pub struct Keeping {
    /// How long.
    pub retention: Retention,
    /// The server that holds the samples; `None`: files of the data folder do.
    pub server: Option<Server>,
}

/// The samples of a data folder that another process may be filling. Refused when a server goes further
/// than the folder's own files: what a change of engine left in them would pass for all there is.
pub fn samples_reading(data: &Path) -> Result<EmbeddedStore, StoreError> {
    let samples = EmbeddedStore::open_reading(&samples_path(data))?;
    let (server, here) = (filled_until(data)?, samples.applied_position()?);
    if server > here {
        return Err(StoreError::Elsewhere { server, here });
    }
    Ok(samples)
}

/// The sample store of a data folder, ready to be filled from where it is.
pub(super) fn samples(
    data: &Path,
    journal: &Journal,
    (identity, keeping): (&Identity, &Keeping),
) -> Result<Arc<dyn SampleStore>, CollectorError> {
    match &keeping.server {
        Some(server) => on_server(data, server, identity),
        None => Ok(Arc::new(samples_writing(data, journal)?)),
    }
}

/// The samples in the data folder's own files, for whoever writes them. Opening deletes what is to be made
/// again from the journal: refused where the journal no longer has all of it.
pub(crate) fn samples_writing(data: &Path, journal: &Journal) -> Result<EmbeddedStore, StoreError> {
    let gone = || StoreError::EvidenceGone {
        folder: data.to_owned(),
    };
    let folder = samples_path(data);
    let open = || {
        // Asked before the folder is opened.
        if is_made_again(&folder)? && journal.lacks_beyond(0)? {
            return Err(gone());
        }
        EmbeddedStore::open(&folder)
    };
    let samples = match open() {
        Err(error) if journal.lacks_beyond(0)? => return Err(error.without_evidence()),
        opened => opened?,
    };
    if journal.lacks_beyond(samples.applied_position()?)? {
        return Err(gone());
    }
    Ok(samples)
}

#[cfg(feature = "influxdb2")]
fn on_server(
    data: &Path,
    server: &Server,
    identity: &Identity,
) -> Result<Arc<dyn SampleStore>, CollectorError> {
    let name = desserte_probe::wire::hex(&identity.public_key());
    let name = name.get(..16).unwrap_or(&name);
    Ok(Arc::new(InfluxStore::open(server, data, name)?))
}

#[cfg(not(feature = "influxdb2"))]
fn on_server(
    _data: &Path,
    _server: &Server,
    _identity: &Identity,
) -> Result<Arc<dyn SampleStore>, CollectorError> {
    // The configuration refuses it before.
    Err(StoreError::Stopped {
        operation: "open a server of InfluxDB 2 without the feature influxdb2",
    }
    .into())
}
