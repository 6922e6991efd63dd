//! Sample stores, every engine.

mod contract;
#[cfg(feature = "influxdb2")]
mod grafana;
#[cfg(feature = "influxdb2")]
mod influx;
mod memory;
#[cfg(feature = "influxdb2")]
mod refused;
mod upkeep;
