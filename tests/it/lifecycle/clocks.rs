//! The clocks on virtual time: each fires once, at its time, and never after what it belongs to is over.
//!
//! - [`limits`]: every state and tier; [`overrides`]: limits of a chart that are not the usual ones;
//! - [`pauses`]: what makes a clock stand still; [`line`]: delegations, questions and escalations up the line.

mod limits;
mod line;
mod overrides;
mod pauses;
