//! The actors: places of the organisation that are alive.
//!
//! ```text
//!   Root ── supervises ──▶ Organisation
//!                             └─▶ EngineeringManager (one a department)
//!                                    └─▶ TechLead
//!                                           └─▶ DomainLead (one a domain)
//!                                                  ├─▶ IC ──▶ runs of attempts and peer reviews
//!                                                  └─▶ runs of the lead's own reviews
//!        └────────────▶ Timer (fires the clocks, expires leases)
//! ```
//!
//! An actor keeps no state of its own that matters. It is woken by the ledger, asks what it owes, decides by policy,
//! commits, and has workers run. Losing a message, or the whole actor, costs nothing: whoever comes in its place asks the
//! ledger what it owes and carries on.
//!
//! Messages between places come by way of the ledger, typed and with what they say, once it is durable; they wake like
//! everything else. When another chart is applied, every place hears of it and brings those below it in step: who is new
//! is started, who has left is stopped with what runs for them.

pub mod brief;
pub mod by_hand;
pub mod desk;
pub mod domain_lead;
pub mod engineering_manager;
pub mod ic;
pub mod office;
pub mod organisation;
pub mod plans;
pub mod root;
pub mod run;
pub mod runs;
pub mod supervision;
pub mod tech_lead;
pub mod timer;
