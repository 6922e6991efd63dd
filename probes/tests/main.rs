//! Integration tests of the agent: its binary and its library against a collector made here.

mod cli;
mod icmp;
mod run;
mod stub;
mod upload;
mod vectors;
