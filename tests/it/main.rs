//! All integration tests, in one binary.

mod apply;
mod capacity;
mod cli;
mod code_review;
mod config;
mod crash;
mod escalation_demo;
mod faults;
mod instructions;
mod ledger;
mod lifecycle;
mod organisations;
mod people;
mod planning;
mod plans;
mod protocol;
mod protocols;
mod sim;
mod stage;
mod store;
mod supervision;
mod support;
mod tidy;
mod timer;
mod worker;
