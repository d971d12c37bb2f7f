//! The lifecycle of tasks, held against a copy of its facts that the tests keep for themselves.
//!
//! - [`facts`]: states, moves and who may make them, as data;
//! - [`table`]: every legal move, with its events and who owes what afterwards; [`everywhere`]: what every state allows;
//! - [`matrix`] and [`refusals`]: everything else is refused and changes nothing;
//! - [`stories`] and [`departures`]: whole lives of tasks and instructions;
//! - [`wakes`]: who is woken;
//! - [`model`]: random lives, with what must hold after every command.

mod departures;
mod everywhere;
mod facts;
mod matrix;
mod model;
mod parts;
mod refusals;
mod stories;
mod table;
mod wakes;
mod world;
