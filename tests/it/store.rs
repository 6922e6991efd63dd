//! Sample stores, every engine.

mod backup;
mod contract;
#[cfg(test)]
mod engines;
#[cfg(feature = "influxdb2")]
mod gap;
#[cfg(feature = "influxdb2")]
mod grafana;
#[cfg(feature = "influxdb2")]
mod influx;
mod keeping;
mod memory;
#[cfg(test)]
mod model;
#[cfg(feature = "influxdb2")]
mod refused;
#[cfg(test)]
mod steps;
mod upkeep;
