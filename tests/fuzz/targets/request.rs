//! A line on the socket: whatever the bytes, there is a request or an error, and a request is read as it is written.

#![no_main]

use echelon::api::wire::Request;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(request) = serde_json::from_slice::<Request>(bytes) {
        let line = serde_json::to_vec(&request).expect("what was read can be written");
        let again: Request = serde_json::from_slice(&line).expect("what is written can be read");
        assert_eq!(serde_json::to_vec(&again).expect("as before"), line);
    }
});
