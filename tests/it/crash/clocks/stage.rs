//! An organisation in which an hour is a second, and something stalls at every step: nobody does what a person is to do,
//! nobody leads one domain, a person is to judge what another receives, one worker asks, one fails for good, one needs what
//! nobody in the organisation has, and one takes its time.

use std::path::PathBuf;

use crate::support::Home;

/// Limits of the state clocks in hours of the organisation: target, warning, escalation. The chart says the same.
pub(super) fn limits(state: &str) -> Option<[i64; 3]> {
    match state {
        "IN_PROGRESS" => Some([2, 3, 4]),
        "PENDING" | "IN_PLANNING" | "ASSIGNED" | "BLOCKED" | "UNDER_REVIEW" | "DOMAIN_REVIEW" | "READY_FOR_HANDOFF" => {
            Some([1, 2, 3])
        }
        _without => None,
    }
}

/// The work types that may be asked for.
pub(super) const WORK_TYPES: [&str; 3] = ["stall", "relay", "milestone"];

const CHART: &str = r#"
[organisation]
name = "clocks"
workflows = ["stall.toml", "relay.toml", "milestone.toml"]

[policy]
retry_backoff = "10ms"

[clock]
speed = 3600
downtime = "DOWNTIME"

[timers]
answer = "2h"
remind = "5h"
acknowledge_delegation = "1h"
escalate_delegation = "2h"
digest_after = 8
digest_every = "2h"

[standup]
every = "6h"

[[sla]]
state = ["PENDING", "IN_PLANNING", "ASSIGNED", "BLOCKED", "UNDER_REVIEW", "DOMAIN_REVIEW", "READY_FOR_HANDOFF"]
target = "1h"
warn = "2h"
escalate = "3h"

[[sla]]
state = "IN_PROGRESS"
target = "2h"
warn = "3h"
escalate = "4h"

[[sla]]
state = "ESCALATED"
level = "domain_lead"
escalate = "1h"

[[sla]]
state = "ESCALATED"
level = "tech_lead"
escalate = "1h"

[[sla]]
state = "ESCALATED"
level = "engineering_manager"
escalate = "1h"

[[person]]
id = "petra"
name = "Petra"
role = "manager"

[[person]]
id = "hannah"
name = "Hannah"
role = "contributor"

[[department]]
id = "software"
title = "Software"
default_work_type = "stall"

[department.gates]
qa = "judged"

[[domain]]
id = "making"
title = "Making"

[[domain]]
id = "judged"
title = "Where a person judges"
lead = { review = "person" }

[[domain]]
id = "vacant"
title = "Where nobody leads"

[[absence]]
role = "vacant:lead"
reason = "on leave"

[[worker]]
id = "script"
kind = "command"
command = ["sh", "{org_dir}/worker.sh"]
timeout = "1m"
reviews = true

[[worker]]
id = "by-hand"
kind = "human"
person = "hannah"
"#;

/// Does what the title of the task says. What it is asked to review it approves.
const WORKER: &str = r#"
set -u
say() { printf '%s' "$1" >"$ECHELON_OUTCOME"; exit 0; }
sleep "0.0$(($$ % 7))"
if [ "$ECHELON_JOB_KIND" = review ]; then say '{"approve":{"summary":"as it should be"}}'; fi
if grep -q '"title": "Ask' "$ECHELON_JOB"; then
  grep -q answered "$ECHELON_JOB" || say '{"question":{"text":"which of the two?"}}'
elif grep -q '"title": "Fail' "$ECHELON_JOB"; then
  say '{"failed":{"class":"permanent","message":"it breaks however often it is tried"}}'
elif grep -q '"title": "Need' "$ECHELON_JOB"; then
  grep -q 'a person' "$ECHELON_JOB" ||
    say '{"blocked":{"kind":"access","description":"no password","needs":"somebody who has the password"}}'
elif grep -q '"title": "Dawdle' "$ECHELON_JOB"; then
  sleep 4
fi
say '{"done":{"summary":"made"}}'
"#;

/// Who is there: domain, name, skill, worker.
const ICS: [(&str, &str, &str, &str); 8] = [
    ("making", "ann", "making", "script"),
    ("making", "ben", "making", "script"),
    ("making", "max", "patience", "script"),
    ("making", "hannah", "handwork", "by-hand"),
    ("judged", "jim", "making", "script"),
    ("judged", "joe", "making", "script"),
    ("vacant", "val", "making", "script"),
    ("vacant", "vic", "handwork", "by-hand"),
];

/// Steps of a workflow: key, title, domain, skill, needs.
type Step = (&'static str, &'static str, &'static str, &'static str, &'static [&'static str]);

const STALL: &[Step] = &[
    ("ask", "Ask first", "making", "making", &[]),
    ("fail", "Fail for good", "making", "making", &[]),
    ("need", "Need a password", "making", "making", &[]),
    ("hand", "Do it by hand", "making", "handwork", &[]),
    ("slow", "Dawdle", "making", "patience", &[]),
];

const RELAY: &[Step] = &[
    ("make", "Make it", "making", "making", &[]),
    ("take", "Take it over", "judged", "making", &["make"]),
    ("back", "Take it back", "making", "making", &["take"]),
    ("lost", "Do what nobody assigns", "vacant", "making", &["make"]),
];

const MILESTONE: &[Step] = &[
    ("plan", "Break down what nobody leads", "vacant", "making", &[]),
    ("pass", "Pass a milestone on", "making", "making", &[]),
    ("get", "Get a milestone", "judged", "making", &["pass"]),
    ("turn", "Ask about a milestone", "making", "making", &["get"]),
    ("end", "Do the last of it by hand", "vacant", "handwork", &[]),
];

/// Writes it all, and says where the chart is.
pub(super) fn set(home: &Home, downtime: &str) -> PathBuf {
    for (name, tier, steps) in [("stall", 2, STALL), ("relay", 2, RELAY), ("milestone", 3, MILESTONE)] {
        let mut file = format!("work_type = \"{name}\"\ndescription = \"What stalls.\"\ntier = {tier}\n");
        for (key, title, domain, skill, needs) in steps {
            file.push_str(&format!(
                "\n[[step]]\nkey = \"{key}\"\ntitle = \"{title}\"\ndomain = \"{domain}\"\nneeds = {needs:?}\n\
                 effort = \"6m\"\nskills = [\"{skill}\"]\ncriteria = [\"it is there\"]\n"
            ));
        }
        home.write(&format!("{name}.toml"), &file);
    }
    home.write("worker.sh", WORKER);
    let mut chart = CHART.replace("DOWNTIME", downtime);
    for (domain, name, skill, worker) in ICS {
        chart.push_str(&format!(
            "\n[[ic]]\ndomain = \"{domain}\"\nid = \"{name}\"\ntitle = \"Developer\"\nexperience = \"mid\"\n\
             skills = {{ {skill} = \"expert\" }}\nhours_per_day = 24\nparallel_limit = 3\nworker = \"{worker}\"\n"
        ));
    }
    home.write("org.toml", &chart)
}
