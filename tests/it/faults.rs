//! Faults of what the ledger rests on: its files, the disk, the directory and the clock. Each is refused or healed, and
//! what is said tells what to do; nothing that was acknowledged is lost without a word.
//!
//! - [`log`]: a log that was torn, changed or cut, and a journal with a hole in it;
//! - [`disk`]: a disk that is full, a sync that fails, and a log of the daemon that cannot be written;
//! - [`commit`]: a commit that fails, whether it is on the disk or not;
//! - [`places`]: a data directory that cannot be used as one;
//! - [`clock`]: a wall clock that is set while the daemon runs, and between two of them.
//!
//! What a store alone does about its files is in `store/damage.rs`; kills and power cuts are in `crash.rs`.

mod clock;
mod commit;
mod disk;
mod log;
mod places;

use std::fs;
use std::path::Path;

use echelon::domain::org::Chart;

use crate::support::inside;

/// One domain with one who can do its work, and one kind of work: a single task.
fn chart() -> Chart {
    inside::read_chart(CHART, &[("quick.toml", QUICK)])
}

/// Copies a directory with what is in it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).expect("a folder can be made");
    for entry in fs::read_dir(from).expect("a folder can be read") {
        let entry = entry.expect("a folder can be read");
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().expect("an entry has a kind");
        if kind.is_dir() {
            copy(&path, &target);
        } else if kind.is_file() {
            fs::copy(&path, &target).expect("a file can be copied");
        }
    }
}

const CHART: &str = r#"
[organisation]
name = "small"
workflows = ["quick.toml"]

[[department]]
id = "main"
title = "Main"
default_work_type = "quick"

[[domain]]
id = "build"
title = "Build"

[[ic]]
domain = "build"
id = "ann"
title = "Builder"
experience = "mid"
skills = { building = "expert" }
hours_per_day = 24
parallel_limit = 1
worker = "none"

[[worker]]
id = "none"
kind = "simulated"
"#;

const QUICK: &str = r#"
work_type = "quick"
description = "One step."
tier = 0

[[step]]
key = "build"
title = "Build"
domain = "build"
effort = "6m"
skills = ["building"]
criteria = ["it is built"]
"#;
