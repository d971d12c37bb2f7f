//! How busy everybody was.

use serde::{Deserialize, Serialize};

/// How busy everybody was. An attempt takes one of the slots of its IC's parallel limit from its start to its end; the
/// share is of all slots for the time at which the IC was there.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Utilisation {
    /// Of everybody together.
    pub share: f64,
    /// By domain.
    pub domains: Vec<DomainUse>,
    /// By IC.
    pub ics: Vec<IcUse>,
}

/// How busy a domain was.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct DomainUse {
    /// The domain.
    pub domain: String,
    /// Its ICs.
    pub ics: u32,
    /// Slots of its ICs for the time at which they were there, in hours.
    pub slot_hours: f64,
    /// Those at which an attempt was at work.
    pub busy_hours: f64,
    /// The share of them.
    pub share: f64,
    /// Reviews by its ICs.
    pub reviews: u64,
    /// Decisions of its lead at gates.
    pub lead_decisions: u64,
}

/// How busy an IC was.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct IcUse {
    /// Who.
    pub ic: String,
    /// Their domain.
    pub domain: String,
    /// Attempts they may run at the same time.
    pub parallel_limit: u32,
    /// Hours they work a day.
    pub hours_per_day: f64,
    /// Hours at which they were there, around the clock.
    pub present_hours: f64,
    /// Slots at which an attempt was at work, in hours around the clock.
    pub busy_hours: f64,
    /// The same in hours of work, by their hours a day.
    pub worked_hours: f64,
    /// Busy slots of all.
    pub share: f64,
    /// Attempts.
    pub attempts: u64,
    /// Reviews of others' work.
    pub reviews: u64,
}
