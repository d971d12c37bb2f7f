//! The actors: places of the organisation that are alive.
//!
//! ```text
//!   Root ── supervises ──▶ Organisation
//!                             └─▶ EngineeringManager (one a department)
//!                                    └─▶ TechLead
//!                                           └─▶ DomainLead (one a domain)
//!                                                  ├─▶ IC ──▶ runs of attempts and peer reviews
//!                                                  └─▶ runs of the lead's own reviews
//! ```
//!
//! An actor keeps no state of its own that matters. It is woken by the ledger, asks what it owes, decides by policy,
//! commits, and has workers run. Losing a message, or the whole actor, costs nothing: whoever comes in its place asks the
//! ledger what it owes and carries on.

pub mod brief;
pub mod desk;
pub mod domain_lead;
pub mod engineering_manager;
pub mod ic;
pub mod office;
pub mod organisation;
pub mod root;
pub mod run;
pub mod runs;
pub mod supervision;
pub mod tech_lead;
