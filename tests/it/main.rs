//! All integration tests, in one binary.

mod apply;
mod cli;
mod code_review;
mod config;
mod crash;
mod escalation_demo;
mod ledger;
mod lifecycle;
mod people;
mod protocol;
mod protocols;
mod store;
mod supervision;
mod support;
mod tidy;
mod timer;
mod worker;
