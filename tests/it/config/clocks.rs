//! How fast time runs, how long things may take, and how often everybody reports.

use std::collections::{BTreeMap, BTreeSet};

use echelon::domain::org::{Chart, ClockPolicy, Downtime};
use echelon::domain::role::Level;
use echelon::domain::sla::{Override, Sla};
use echelon::domain::task::StateName;
use echelon::domain::time::Millis;
use echelon::domain::work::{Priority, Tier};

use super::{Case, assert_each, parse};

/// A chart that uses every key about time.
pub(super) const CHART: &str = r#"organisation.name = "acme"
domain = [{ id = "backend", title = "Backend" }]
worker = [{ id = "sim", kind = "simulated" }]
ic = [{ id = "ben", domain = "backend", title = "Ben", experience = "mid", worker = "sim" }]
[clock]
speed = 3600
downtime = "stops"
[timers]
heartbeat = "1h"
acknowledge_escalation = "2h"
acknowledge_delegation = "3h"
escalate_delegation = "5h"
answer = "6h"
remind = "2d"
digest_after = 7
digest_every = "8h"
[standup]
every = "12h"
[[sla]]
state = ["assigned", "IN_PROGRESS"]
tier = [2, 3]
priority = ["high", "critical"]
domain = "backend"
target = "2h"
warn = "4h"
escalate = "6h"
[[sla]]
state = "ESCALATED"
tier = 4
priority = "low"
level = "tech_lead"
escalate = "1h"
[[sla]]
state = "PENDING"
warn = "30m"
"#;

#[test]
fn everything_a_chart_says_about_time_is_in_what_is_read() {
    let chart = parse(CHART, &BTreeMap::new()).unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(chart.clock, ClockPolicy { speed: 3600, downtime: Downtime::Stops });
    assert_eq!(chart.standup_every, Some(Millis::from_hours(12)));
    let work = Override {
        states: BTreeSet::from([StateName::Assigned, StateName::InProgress]),
        tiers: BTreeSet::from([Tier::Moderate, Tier::Complex]),
        priorities: BTreeSet::from([Priority::High, Priority::Critical]),
        domain: Some("main/backend".parse().expect("two names")),
        level: None,
        target: Some(Millis::from_hours(2)),
        warn: Some(Millis::from_hours(4)),
        escalate: Some(Millis::from_hours(6)),
    };
    let escalated = Override {
        states: BTreeSet::from([StateName::Escalated]),
        tiers: BTreeSet::from([Tier::Expert]),
        priorities: BTreeSet::from([Priority::Low]),
        level: Some(Level::TechLead),
        escalate: Some(Millis::from_hours(1)),
        ..Override::default()
    };
    let pending = Override {
        states: BTreeSet::from([StateName::Pending]),
        warn: Some(Millis::from_secs(1_800)),
        ..Override::default()
    };
    let sla = Sla {
        overrides: vec![work, escalated, pending],
        heartbeat: Millis::from_hours(1),
        acknowledge_escalation: Millis::from_hours(2),
        acknowledge_delegation: Millis::from_hours(3),
        escalate_delegation: Millis::from_hours(5),
        answer: Millis::from_hours(6),
        remind: Millis::from_hours(48),
        digest_after: 7,
        digest_every: Millis::from_hours(8),
    };
    assert_eq!(chart.sla, sla);
}

#[test]
fn a_chart_that_says_nothing_about_time_has_the_usual_clocks_and_no_standup() {
    let (silent, _) = CHART.split_once("[clock]").expect("the chart has a clock");
    for tables in ["", "[clock]\n[timers]\n"] {
        let chart = parse(&format!("{silent}{tables}"), &BTreeMap::new()).unwrap_or_else(|faults| panic!("{faults}"));
        let usual = Chart::default();
        assert_eq!((chart.clock, chart.sla, chart.standup_every), (usual.clock, usual.sla, None));
    }
}

#[test]
fn a_speed_that_the_usual_timers_do_not_suit_is_a_fault_until_they_are_given() {
    let (silent, _) = CHART.split_once("[clock]").expect("the chart has a clock");
    let faults = |tables: &str| {
        let faults = parse(&format!("{silent}{tables}"), &BTreeMap::new()).err();
        faults.map(|faults| faults.to_string()).unwrap_or_default()
    };
    assert_eq!(faults("[clock]\nspeed = 3600\n"), "");
    let digests = faults("[clock]\nspeed = 3601\n");
    let expected = "is 3601, at which the usual `digest_every` of `1h` is less than `1s` of wall time; write 3600 or less, \
                    or set `digest_every` under `[timers]` to `1h 1s` or more";
    assert!(digests.contains(expected) && !digests.contains("remind"), "{digests}");
    let all = faults("[clock]\nspeed = 1000000\n");
    for key in ["heartbeat", "remind", "digest_every"] {
        assert!(all.contains(&format!("usual `{key}`")), "{all}");
    }
    let given = "[timers]\nheartbeat = \"2d\"\nremind = \"12d\"\ndigest_every = \"12d\"\n";
    assert_eq!(faults(&format!("[clock]\nspeed = 1000000\n{given}")), "");
}

#[test]
fn a_turn_of_a_manager_may_be_as_short_as_it_likes() {
    let chart = CHART.replace("level = \"tech_lead\"\nescalate = \"1h\"", "level = \"tech_lead\"\nescalate = \"1ms\"");
    assert_ne!(chart, CHART);
    parse(&chart, &BTreeMap::new()).unwrap_or_else(|faults| panic!("{faults}"));
}

#[test]
fn every_fault_about_time_is_reported_with_its_line_and_what_would_be_right() {
    let cases: &[Case] = &[
        (
            "no speed",
            "speed = 3600",
            "speed = 0",
            &[(6, "`speed` of `clock` of this chart is `0`; write 1 to 1000000")],
        ),
        ("too fast", "speed = 3600", "speed = 1000001", &[(6, "is `1000001`; write 1 to 1000000")]),
        ("half a speed", "speed = 3600", "speed = 0.5", &[(6, "is a number; write a whole number")]),
        ("a downtime that is none", "\"stops\"", "\"stop\"", &[(7, "is `stop`; did you mean `stops`?")]),
        ("an unknown key", "speed =", "sped =", &[(6, "`sped` is not a key of `clock` of this chart; did you mean")]),
        ("a timer of nothing", "heartbeat = \"1h\"", "heartbeat = \"0s\"", &[(9, "is `0s`; write 1ms to 1year")]),
        (
            "a silence shorter than signs of life can be",
            "heartbeat = \"1h\"",
            "heartbeat = \"8m\"",
            &[(9, "is `8m`, which at `speed` 3600 is less than `150ms` of wall time; write `9m` or more")],
        ),
        (
            "reminders that come several times a second",
            "\"2d\"",
            "\"59m\"",
            &[(14, "is `59m`, which at `speed` 3600 is less than `1s` of wall time; write `1h` or more")],
        ),
        (
            "such digests",
            "\"8h\"",
            "\"1ms\"",
            &[(16, "is `1ms`, which at `speed` 3600 is less than `1s` of wall time")],
        ),
        ("such standups", "\"12h\"", "\"3599s\"", &[(18, "is `59m 59s`, which at `speed` 3600 is less than `1s`")]),
        (
            "such reminders of an escalation",
            "level = \"tech_lead\"\nescalate = \"1h\"",
            "level = \"person\"\nescalate = \"30m\"",
            &[(
                32,
                "`escalate` of this SLA is `30m`, which at `speed` 3600 is less than `1s` of wall time; write `1h`",
            )],
        ),
        (
            "such reminders of an escalation, whoever holds it",
            "level = \"tech_lead\"\nescalate = \"1h\"",
            "escalate = \"30m\"",
            &[(
                31,
                "`escalate` of this SLA is `30m`, which at `speed` 3600 is less than `1s` of wall time; write `1h`",
            )],
        ),
        ("a timer without end", "answer = \"6h\"", "answer = \"2y\"", &[(13, "is `2y`; write 1ms to 1year")]),
        ("a timer that is a number", "\"8h\"", "8", &[(16, "is a whole number; write a span of time")]),
        ("an unknown timer", "answer =", "answers =", &[(13, "`answers` is not a key of `timers` of this chart; did")]),
        ("a digest of nothing", "digest_after = 7", "digest_after = 0", &[(15, "is `0`; write 1 to 100000")]),
        (
            "a delegation that goes up before it is acknowledged",
            "\"5h\"",
            "\"2h\"",
            &[(12, "is `2h`, before `acknowledge_delegation` at `3h`; write `3h` or more")],
        ),
        (
            "a delegation that usually goes up before it is acknowledged",
            "\"3h\"\nescalate_delegation = \"5h\"",
            "\"5h\"",
            &[(11, "is `5h`, after `escalate_delegation` at its usual `4h`; write `4h` or less, or add")],
        ),
        (
            "a delegation that goes up before it is usually acknowledged",
            "acknowledge_delegation = \"3h\"\nescalate_delegation = \"5h\"",
            "escalate_delegation = \"30m\"",
            &[(11, "is `30m`, before `acknowledge_delegation` at `1h`")],
        ),
        ("a timer that cannot be read is one fault", "\"3h\"", "\"3 parsecs\"", &[(11, "which is not a span of time")]),
        (
            "a standup at no time",
            "every = \"12h\"",
            "",
            &[(17, "`standup` of this chart has no `every`; add `every = ")],
        ),
        ("a standup without end", "\"12h\"", "\"0ms\"", &[(18, "is `0ms`; write 1ms to 1year")]),
        ("no state", "state = \"PENDING\"\n", "", &[(33, "this SLA has no `state`; add `state = ")]),
        ("an empty list of states", "\"PENDING\"", "[]", &[(34, "`state` of this SLA is an empty list; name at")]),
        ("a state that is none", "\"PENDING\"", "\"pendign\"", &[(34, "is `pendign`; did you mean `PENDING`?")]),
        ("a state twice", "\"IN_PROGRESS\"", "\"ASSIGNED\"", &[(20, "an item of `state` of this SLA is there twice")]),
        (
            "a task that is over",
            "\"PENDING\"",
            "\"completed\"",
            &[(34, "a task that is COMPLETED is over, and no clock runs; name another state")],
        ),
        ("another one", "\"IN_PROGRESS\"", "\"CANCELLED\"", &[(20, "a task that is CANCELLED is over")]),
        ("no tier", "tier = 4", "tier = 5", &[(29, "`tier` of this SLA is `5`; write 0 to 4")]),
        ("a tier twice", "[2, 3]", "[2, 2]", &[(21, "an item of `tier` of this SLA is there twice; name it once")]),
        ("no priority", "\"low\"", "\"lwo\"", &[(30, "`priority` of this SLA is `lwo`; did you mean `low`?")]),
        (
            "a domain that is not there",
            "domain = \"backend\"\ntarget",
            "domain = \"backnd\"\ntarget",
            &[(23, "domain `backnd` is not in this chart; did you mean `backend`?")],
        ),
        (
            "a level that is none",
            "\"tech_lead\"",
            "\"tech-lead\"",
            &[(31, "is `tech-lead`; did you mean `tech_lead`?")],
        ),
        (
            "a level of a state that nobody holds",
            "warn = \"30m\"",
            "warn = \"30m\"\nlevel = \"person\"",
            &[(36, "a level holds a task only while it is ESCALATED; write `state = \"ESCALATED\"`, or drop `level`")],
        ),
        (
            "a level of a state among others",
            "state = \"ESCALATED\"",
            "state = [\"ESCALATED\", \"BLOCKED\"]",
            &[(31, "a level holds a task only while it is ESCALATED")],
        ),
        ("no limit", "warn = \"30m\"", "", &[(33, "this SLA has no limit; add `target`, `warn` or `escalate`")]),
        ("a limit of nothing", "\"30m\"", "\"0s\"", &[(35, "`warn` of this SLA is `0s`; write 1ms to 1year")]),
        (
            "a warning before the target",
            "warn = \"4h\"",
            "warn = \"1h\"",
            &[(25, "`warn` of this SLA is `1h`, before `target` at `2h`; write `2h` or more")],
        ),
        ("an escalation before the warning", "\"6h\"\n[[", "\"3h\"\n[[", &[(26, "is `3h`, before `warn` at `4h`")]),
        (
            "an escalation before the target",
            "warn = \"4h\"\nescalate = \"6h\"",
            "escalate = \"1h\"",
            &[(25, "is `1h`, before `target` at `2h`")],
        ),
        (
            "a target of a decision",
            "escalate = \"1h\"",
            "target = \"1h\"\nwarn = \"1h\"",
            &[
                (32, "`target` of this SLA means nothing for ESCALATED"),
                (33, "`warn` of this SLA means nothing for ESCALATED, where a level only has to decide in time"),
            ],
        ),
        (
            "two for the same tasks",
            "warn = \"30m\"",
            "warn = \"30m\"\n[[sla]]\nstate = [\"pending\"]\nescalate = \"9h\"",
            &[(36, "this SLA is for the same tasks as the one in line 33; make one of the two")],
        ),
        ("an unknown key", "warn = \"30m\"", "warning = \"30m\"", &[(35, "`warning` is not a key of this SLA")]),
    ];
    assert_each(CHART, cases);
}
