//! All integration tests, in one binary.

mod cli;
mod code_review;
mod config;
mod crash;
mod ledger;
mod lifecycle;
mod store;
mod supervision;
mod support;
mod tidy;
mod worker;
