//! The lifecycle of tasks, held against a copy of its facts that the tests keep for themselves.
//!
//! - [`facts`]: states, moves and who may make them, as data;
//! - [`table`]: every legal move, with its events and who owes what afterwards; [`everywhere`]: what every state allows;
//! - [`matrix`] and [`refusals`]: everything else is refused and changes nothing;
//! - [`stories`] and [`departures`]: whole lives of tasks and instructions;
//! - [`clocks`]: when what fires, on the virtual [`time`]; [`targets`]: whom it goes to; [`turns`]: what they do about it;
//! - [`stories_late`]: whole lives in which something goes wrong;
//! - [`wakes`]: who is woken;
//! - [`model`]: random lives, with what must hold after every command.

mod absence;
mod clocks;
mod departures;
mod everywhere;
mod facts;
mod matrix;
mod model;
pub(crate) mod parts;
mod refusals;
mod stories;
mod stories_late;
mod table;
mod targets;
pub(crate) mod time;
mod together;
mod turns;
mod wakes;
pub(crate) mod world;
