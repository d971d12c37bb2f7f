//! The timer: clocks fire once, in order and never early; leases run out only for those who could have given a sign of
//! life.
//!
//! - [`house`]: a ledger in memory with a real timer, on a clock that is set by hand;
//! - [`clocks`]: what fires, when, and how often;
//! - [`leases`]: attempts of which nothing is heard;
//! - [`downtime`]: organisation time across restarts;
//! - [`failures`]: a timer that panics.

mod clocks;
mod downtime;
mod failures;
mod house;
mod leases;
