//! Integration tests of the collector: one binary, one module a subject.

// `cfg(test)` tells the lints that helpers, too, are tests.
#[cfg(test)]
mod api;
#[cfg(test)]
mod cli;
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod doors;
#[cfg(test)]
mod end_to_end;
#[cfg(test)]
mod exclusions;
#[cfg(test)]
mod fleet;
#[cfg(test)]
mod import_commands;
#[cfg(test)]
mod ingest;
#[cfg(test)]
mod layers;
#[cfg(test)]
mod ledger;
#[cfg(test)]
mod messages;
#[cfg(test)]
mod namespace;
#[cfg(test)]
mod plan;
#[cfg(test)]
mod processes;
#[cfg(test)]
mod recording;
#[cfg(test)]
mod registry;
#[cfg(test)]
#[cfg(feature = "influxdb2")]
#[cfg(test)]
mod servers;
#[cfg(test)]
mod solve;
#[cfg(test)]
mod spreadsheets;
#[cfg(test)]
mod store;
#[cfg(test)]
mod targets;
#[cfg(test)]
mod throughput;
#[cfg(test)]
mod tidy;
