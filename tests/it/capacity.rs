//! Assignment, capacity and learning, as everybody's policies make of them.

mod balance;
mod choosing;
mod drain;
mod pages;
mod world;
