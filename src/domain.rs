//! The core: what an organisation is and what may happen in it. Pure and synchronous.
//!
//! Nothing here does I/O, reads a clock, makes random numbers or knows what an actor is. Commands bring their time and
//! their new ids. The same functions serve the live daemon, its recovery, simulation and tests:
//!
//! - [`decide`]: command in, events or a typed rejection out;
//! - [`evolve`]: an event becomes part of the state;
//! - [`consequence`]: what follows from an event by itself;
//! - [`reaction`]: what each role owes next, and who must act next on each task.
//!
//! Deadlines are part of it: [`sla`] says how long things may take, [`alarm`] when that runs out, [`presence`] whom it goes
//! to then. What goes down, up and across the line besides the work is in [`protocol`], [`handoff`] and [`standup`].
//!
//! An instruction is looked at in [`plan_review`] before it is approved, in [`admission`] before it begins, by its
//! [`schedule`] while it runs and in [`go_no_go`] before it ends.
//!
//! [`policy`] is how managers that are programs decide: from the state, deterministically, with reasons.

pub mod admission;
pub mod alarm;
pub mod assignment;
pub mod brief;
pub mod capacity;
pub mod command;
pub mod consequence;
pub mod decide;
pub mod event;
pub mod evolve;
pub mod go_no_go;
pub mod handoff;
pub mod id;
pub mod instruction;
pub mod learning;
pub mod lookup;
pub mod org;
pub mod plan;
pub mod plan_review;
pub mod policy;
pub mod presence;
pub mod protocol;
pub mod reaction;
pub mod rejection;
pub mod review;
pub mod risk;
pub mod role;
pub mod schedule;
pub mod sla;
pub mod standup;
pub mod state;
pub mod task;
pub mod time;
pub mod triage;
pub mod work;
pub mod workflow;
