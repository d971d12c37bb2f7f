//! The organisations under test.

use std::fs;
use std::path::Path;

use echelon::config;
use echelon::domain::org::Chart;

/// One department whose one instruction needs every protocol there is: rework and rounds without end (`make`), a handoff
/// and a cancelled dependency (`verify`, without `optional`), a permanent failure that moves to another IC (`run`), a
/// blocker and a question that only a person can clear (`ask`), passing failures that do not pass and a reviewer who
/// cannot (`flaky`).
const LAB: &str = r#"
[organisation]
name = "lab"
workflows = ["everything.toml"]

[policy]
max_retries = 1
retry_backoff = "5ms"
max_review_rounds = 2
lease = "30s"

[[department]]
id = "lab"
title = "Lab"
default_work_type = "everything"
[department.gates]
qa = "check"

[[domain]]
id = "build"
title = "Build"
lead = { worker = "judge" }

[[domain]]
id = "check"
title = "Check"

[[domain]]
id = "ops"
title = "Operations"

[[domain]]
id = "frail"
title = "Frail"

[[domain]]
id = "slow"
title = "Slow"

[[ic]]
domain = "build"
id = "critic"
title = "Critic"
experience = "mid"
skills = { reading = "expert" }
hours_per_day = 24
worker = "picky"

[[ic]]
domain = "build"
id = "maker"
title = "Maker"
experience = "mid"
skills = { making = "expert" }
hours_per_day = 24
worker = "fast"

[[ic]]
domain = "check"
id = "cora"
title = "Checker"
experience = "mid"
skills = { checking = "expert" }
hours_per_day = 24
worker = "fast"

[[ic]]
domain = "ops"
id = "abe"
title = "Operator"
experience = "mid"
skills = { running = "expert" }
hours_per_day = 24
worker = "breaks"

[[ic]]
domain = "ops"
id = "bea"
title = "Operator"
experience = "mid"
skills = { running = "expert" }
hours_per_day = 24
worker = "works"

[[ic]]
domain = "frail"
id = "faye"
title = "Fails"
experience = "mid"
skills = { trying = "expert" }
hours_per_day = 24
worker = "failing"

[[ic]]
domain = "frail"
id = "gus"
title = "Does not"
experience = "mid"
skills = { trying = "expert" }
hours_per_day = 24
worker = "fast"

[[ic]]
domain = "slow"
id = "sloth"
title = "Never done"
experience = "mid"
skills = { waiting = "expert" }
hours_per_day = 24
worker = "endless"

[[worker]]
id = "fast"
kind = "simulated"
duration = "3ms"

[[worker]]
id = "judge"
kind = "simulated"
duration = "3ms"
reviews = true

[[worker]]
id = "picky"
kind = "simulated"
duration = "3ms"
rework_rate = 1.0
reviews = true

[[worker]]
id = "failing"
kind = "simulated"
duration = "3ms"
failure_rate = 1.0
reviews = true

[[worker]]
id = "endless"
kind = "simulated"
duration = "1h"

[[worker]]
id = "breaks"
kind = "command"
command = ["sh", "{org_dir}/worker.sh", "{step}", "breaks"]
timeout = "30s"

[[worker]]
id = "works"
kind = "command"
command = ["sh", "{org_dir}/worker.sh", "{step}", "works"]
timeout = "30s"
"#;

const EVERYTHING: &str = r#"
work_type = "everything"
description = "Needs every protocol there is."
tier = 2

[[step]]
key = "make"
title = "Make"
domain = "build"
effort = "30m"
skills = ["making"]
criteria = ["it is made"]

[[step]]
key = "optional"
title = "Optional"
domain = "slow"
effort = "30m"
skills = ["waiting"]
criteria = ["it is there"]

[[step]]
key = "verify"
title = "Verify"
domain = "check"
needs = ["make", "optional"]
effort = "30m"
skills = ["checking"]
criteria = ["it holds"]

[[step]]
key = "run"
title = "Run"
domain = "ops"
effort = "30m"
skills = ["running"]
criteria = ["it ran"]
[[step.deliverable]]
path = "done.txt"

[[step]]
key = "ask"
title = "Ask"
domain = "ops"
needs = ["run"]
effort = "30m"
skills = ["running"]
criteria = ["it was asked"]
[[step.deliverable]]
path = "done.txt"

[[step]]
key = "flaky"
title = "Flaky"
domain = "frail"
effort = "30m"
skills = ["trying"]
criteria = ["it worked once"]
"#;

/// Writes down that it was started, and that two attempts at one task overlap if they do.
const WORKER: &str = r#"
here=$(dirname "$0")
echo "$ECHELON_TASK $ECHELON_EPOCH $ECHELON_JOB_KIND" >> "$here/started"
exec 9>> "$here/lock-$ECHELON_TASK"
flock -n 9 || echo "$ECHELON_TASK $ECHELON_EPOCH" >> "$here/overlaps"
say() { printf '%s' "$1" > "$ECHELON_OUTCOME"; exit 0; }
case "$1-$2" in
run-breaks) say '{"failed": {"class": "permanent", "message": "it is not for me"}}' ;;
ask-*)
    grep -q 'cleared by a person' "$ECHELON_JOB" ||
        say '{"blocked": {"kind": "access", "description": "no key", "needs": "a key"}}'
    grep -q 'answered by a person' "$ECHELON_JOB" || say '{"question": {"text": "which colour?"}}'
    ;;
esac
echo "once" > done.txt
"#;

/// Two departments that share nothing, with one IC each.
const TWINS: &str = r#"
[organisation]
name = "twins"
workflows = ["doomed.toml", "healthy.toml"]

[[department]]
id = "doomed"
title = "Doomed"
default_work_type = "doomed"

[[department]]
id = "healthy"
title = "Healthy"
default_work_type = "healthy"

[[domain]]
id = "shop"
department = "doomed"
title = "Shop"

[[domain]]
id = "shop"
department = "healthy"
title = "Shop"

[[ic]]
domain = "doomed/shop"
id = "ada"
title = "Ada"
experience = "mid"
skills = { working = "expert" }
worker = "fast"

[[ic]]
domain = "healthy/shop"
id = "ada"
title = "Ada"
experience = "mid"
skills = { working = "expert" }
worker = "fast"

[[worker]]
id = "fast"
kind = "simulated"
duration = "3ms"
"#;

/// One domain with an IC whose attempt goes on until it is told to end, and one who works beside them.
const DUO: &str = r#"
[organisation]
name = "duo"
workflows = ["both.toml"]

[[department]]
id = "main"
title = "Main"
default_work_type = "both"

[[domain]]
id = "shop"
title = "Shop"

[[ic]]
domain = "shop"
id = "shaky"
title = "Shaky"
experience = "mid"
skills = { shaking = "expert" }
worker = "fast"

[[ic]]
domain = "shop"
id = "steady"
title = "Steady"
experience = "mid"
skills = { standing = "expert" }
worker = "waits"

[[worker]]
id = "fast"
kind = "simulated"
duration = "3ms"

[[worker]]
id = "waits"
kind = "command"
command = ["sh", "-c", "until [ -e {org_dir}/go ]; do sleep 0.02; done"]
timeout = "60s"
"#;

const BOTH: &str = r#"
work_type = "both"
description = "Both at the same time."
tier = 2

[[step]]
key = "shaking"
title = "Shake"
domain = "shop"
effort = "30m"
skills = ["shaking"]
criteria = ["it shook"]

[[step]]
key = "standing"
title = "Stand"
domain = "shop"
effort = "30m"
skills = ["standing"]
criteria = ["it stood"]
"#;

fn load(folder: &Path, files: &[(&str, &str)]) -> Chart {
    for (name, text) in files {
        fs::write(folder.join(name), text).expect("the folder is ours");
    }
    match config::load(&folder.join("org.toml")) {
        Ok(chart) => chart,
        Err(faults) => panic!("the chart has faults: {faults}"),
    }
}

/// See [`LAB`]. Its files are written into `folder`.
pub(super) fn lab(folder: &Path) -> Chart {
    load(folder, &[("org.toml", LAB), ("everything.toml", EVERYTHING), ("worker.sh", WORKER)])
}

/// See [`TWINS`].
pub(super) fn twins(folder: &Path) -> Chart {
    let workflow = |department: &str| {
        format!(
            "work_type = \"{department}\"\ndescription = \"One step.\"\ndepartment = \"{department}\"\ntier = 0\n\
             [[step]]\nkey = \"work\"\ntitle = \"Work\"\ndomain = \"shop\"\neffort = \"30m\"\nskills = [\"working\"]\n\
             criteria = [\"it is done\"]\n"
        )
    };
    let (doomed, healthy) = (workflow("doomed"), workflow("healthy"));
    load(folder, &[("org.toml", TWINS), ("doomed.toml", &doomed), ("healthy.toml", &healthy)])
}

/// See [`DUO`]. The attempt that waits ends when a file `go` is in `folder`.
pub(super) fn duo(folder: &Path) -> Chart {
    load(folder, &[("org.toml", DUO), ("both.toml", BOTH)])
}
