//! The ledger: nobody is answered before it is durable, nothing durable is lost, and everybody can follow.
//!
//! - [`office`]: a chart, and a company whose roles do what policy says, without actors;
//! - [`stores`]: stores that can be held up, made to fail and looked at;
//! - [`replies`]: when answers come, and what they are once something went wrong;
//! - [`recovery`]: what comes back after a restart, with and without snapshots;
//! - [`following`]: subscriptions and wake-ups;
//! - [`golden`]: journals as earlier programs wrote them;
//! - [`random`]: any sequence of commands and restarts.

mod following;
mod golden;
mod office;
mod random;
mod recovery;
mod replies;
mod stores;
