//! The life of an instruction, from its receipt to its end, with the policies of those who decide about it.
//!
//! - [`stage`]: the small organisation of the lifecycle's tests, with plans of any size;
//! - [`admission`]: what begins when, as a table and by chance; [`arbitration`]: who says which goes first;
//! - [`approval`]: what a manager sees in a plan, and what a person approves; [`consultations`]: who is asked about it;
//! - [`checkpoints`]: milestones that stop for a go-ahead; [`delays`]: schedules, slips and deadlines;
//! - [`ends`]: the facts at the end, parts, dependencies and cancelling.

mod admission;
mod approval;
mod arbitration;
mod checkpoints;
mod consultations;
mod delays;
mod ends;
mod stage;
