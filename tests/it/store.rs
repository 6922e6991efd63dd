//! Sample stores, every engine.

mod contract;
mod grafana;
mod influx;
mod memory;
mod refused;
mod upkeep;
