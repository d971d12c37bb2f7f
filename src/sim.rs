//! Simulation: a whole organisation under load, on virtual time.
//!
//! ```text
//!   Scenario ─▶ arrivals ──▶ the production ledger, actors, timer and policies ◀── made-up workers and people
//!                                     │ every durable group
//!                                     ├─▶ Checks: what must always hold
//!                                     └─▶ Measure ─▶ Report
//! ```
//!
//! Nothing of the organisation is played here: what decides, assigns, reviews and escalates is the code that a daemon runs.
//! Only what is outside of it is made up, from one seed: who asks, how long work takes, what goes wrong, and what people
//! answer. Everything happens on one thread whose clock is paused, so the same scenario, seed and program give the same
//! journal, byte for byte.

mod arrivals;
pub mod checks;
mod dice;
mod discard;
mod house;
pub mod measure;
pub mod page;
mod people;
pub mod report;
mod session;
pub mod statistics;
mod witness;
mod worker;

pub use self::arrivals::Schedule;
pub use self::checks::{Checks, Violation};
pub use self::dice::Dice;
pub use self::house::{Error, Options, Outcome, Progress, run};
pub use self::report::Report;
