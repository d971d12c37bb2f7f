//! Panics planted in every kind of actor, in the middle of everything it does: the work still ends, and ends once.
//!
//! - [`charts`]: the organisations under test, small and made so that every protocol is needed;
//! - [`probes`]: watching what actors do, and making them panic at it;
//! - [`house`]: a running daemon, the person who answers it, and what must hold of its journal;
//! - [`duties`]: one panic, at every point that a full life passes through;
//! - [`levels`]: panics again and again, and how they go up the line;
//! - [`root`]: what is at the top, and what is left when a branch is given up.

mod charts;
mod duties;
mod house;
mod levels;
mod probes;
mod root;

pub(crate) use self::house::start;
pub(crate) use self::probes::keep_quiet_about_planted_panics;
