//! What a worker says: whatever the bytes, there is an outcome of the right kind or a reason.

#![no_main]

use echelon::worker::outcome::parse;
use echelon::worker::{JobKind, Outcome, planning};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for kind in [JobKind::Work, JobKind::Review, JobKind::Plan] {
        if let Ok(Outcome::Plan(plan)) = parse(bytes, kind) {
            drop(planning::read(&plan));
        }
    }
});
