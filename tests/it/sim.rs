//! Simulated organisations: what comes in, what must always hold, and what is said about it all.

mod arrivals;
pub(crate) mod checks;
mod engine;
mod queueing;
mod report;
