//! Echelon runs an organisation as a tree of supervised actors that mirrors its org chart: Organisation →
//! EngineeringManager → TechLead → DomainLead for each domain → ICs. An instruction goes in; it is triaged, planned,
//! assigned by skill and load, done by real workers, checked by the machine, reviewed, handed off and finished.
//!
//! # The map
//!
//! Read in this order; each room uses only those above it (a test holds it to that).
//!
//! | room | what it is | what it never does |
//! | --- | --- | --- |
//! | [`domain`] | the core: what an organisation is and what may happen in it | I/O, clocks, randomness, actors |
//! | [`clock`], [`ids`] | what time it is; new ids | decide anything |
//! | [`config`] | `org.toml` and workflow files into a checked chart | let a fault pass, or report only the first |
//! | [`store`] | a journal and rows, durable; sled and its in-memory twin | know what the bytes mean |
//! | [`worker`] | how work is really done: jobs in, outcomes out, processes confined | change state, believe a claim |
//! | [`telemetry`] | what happens, in the words of the log | say what is not durable |
//! | [`ledger`] | the single writer: decide, evolve, one batch, one sync, then replies | answer before the sync |
//! | [`actors`] | the places of the organisation, alive and supervised | keep state that matters |
//! | [`api`] | the socket, its protocol, and what clients get to see | show the core's own types |
//! | [`app`] | the composition root: wire, run, drain, stop; fill, rebuild and repair what is stopped | decide anything |
//! | [`sim`] | a whole organisation under load, on virtual time | play what the organisation does itself |
//! | [`cli`] | the command line, one file a command | anything a library user would miss |
//!
//! # What always holds
//!
//! - State changes in one place, [`domain::evolve`], by events that [`domain::decide`] allowed. Live work, recovery and
//!   tests go through the same functions.
//! - Nobody is answered, told or woken before what happened is on the disk.
//! - What each role owes is derived from state ([`domain::reaction`]). A lost message or a dead actor costs nothing.
//! - Every task that is not over names who must act next and on what.
//! - Everything an attempt sends carries its epoch, and an old one is refused.
//! - Nobody reviews their own work; a skipped gate is not a passed one; a simulated result says so.

pub mod actors;
pub mod api;
pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod domain;
pub mod ids;
pub mod ledger;
pub mod sim;
pub mod store;
pub mod telemetry;
pub mod worker;
