//! A chart and the workflow it names: whatever the text, there is a chart or faults.
//!
//! The input is the chart, a byte of zero, and the text of every workflow that it names.

#![no_main]

use std::path::Path;

use echelon::config;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let (chart, workflow) = text.split_once('\0').unwrap_or((text, ""));
    let read = |_: &Path| Ok(workflow.as_bytes().to_vec());
    if let Err(faults) = config::parse(chart, Path::new("/org/org.toml"), &read) {
        assert!(!faults.to_string().is_empty(), "refused without a word");
    }
});
