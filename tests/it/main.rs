//! Integration tests of the collector.

// `cfg(test)` tells the lints that helpers, too, are tests.
#[cfg(test)]
mod ingest;
#[cfg(test)]
mod registry;
#[cfg(test)]
mod store_contract;
