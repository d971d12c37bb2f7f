//! What may be wrong with scenarios and their traces, all of it told at once with its line and what would be right.

use std::fmt::Write as _;

use super::{COMPANY, ORG, SCENARIO, parse};
use crate::config::changed;

/// A name, what is changed in the scenario, and to what.
type Case = (&'static str, &'static [(&'static str, &'static str)]);

const FAULTY: &[Case] = &[
    ("no toml", &[("days = 10", "days =")]),
    ("nothing needed is there", &[("name = \"everything\"\n", ""), ("org = \"org.toml\"\n", ""), ("days = 10\n", "")]),
    (
        "misspelt keys",
        &[("seed", "sead"), ("rework", "re_work"), ("per_day", "perday"), ("who = \"backend\"", "whom = \"backend\"")],
    ),
    (
        "misspelt tables",
        &[("[people]", "[peopel]"), ("[[absence]]\nwho = \"backend\"", "[[absense]]\nwho = \"backend\"")],
    ),
    ("numbers out of range", &[("days = 10", "days = 0"), ("seed = 42", "seed = -1"), ("spread = 0.5", "spread = 9")]),
    (
        "numbers that are none",
        &[("rework = 0.1", "rework = nan"), ("per_day = 12.5", "per_day = inf"), ("share = 3", "share = \"3\"")],
    ),
    (
        "shares out of range",
        &[("lost = 0.05", "lost = -0.1"), ("rework = 0.1", "rework = 1.5"), ("share = 0.5", "share = 0")],
    ),
    ("more than every attempt", &[("quota = 0.08", "quota = 0.8"), ("blocked = 0.02", "blocked = 0.2")]),
    ("a start that is none", &[("2026-03-02T06:00:00Z", "next Monday")]),
    ("a start elsewhere", &[("2026-03-02T06:00:00Z", "2026-03-02T06:00:00+01:00")]),
    ("a spread of what has none", &[("\"lognormal\"", "\"exact\"")]),
    ("an unknown distribution", &[("\"lognormal\"", "\"normal\"")]),
    (
        "spans that are none",
        &[("quota_reset = \"90m\"", "quota_reset = \"soon\""), ("restart_every = \"12h\"", "restart_every = \"1s\"")],
    ),
    ("no such chart", &[("org.toml", "missing.toml"), ("who = \"backend\"", "who = \"nobody\"")]),
    ("two organisations", &[("[effort]", "[company]\ndepartments = 1\ndomains = 1\nics = 1\n[effort]")]),
    ("a domain that is not there", &[("who = \"backend\"", "who = \"backnd\"")]),
    ("a place that is not there", &[("software/qa:lead", "software/qq:lead")]),
    ("a share of one", &[("who = \"backend\"", "who = \"backend/ann\"")]),
    ("away twice", &[("who = \"software/qa:lead\"\nfor", "who = \"backend/ann\"\nfrom = \"70h\"\nfor")]),
    ("an unknown pattern", &[("\"poisson\"", "\"poison\"")]),
    ("until before from", &[("until = \"200h\"", "until = \"5h\"")]),
    ("after the last day", &[("at = \"48h\"", "at = \"240h\""), ("from = \"6h\"", "from = \"999h\"")]),
    ("a burst of nothing", &[("count = 20", "count = 0")]),
    ("no mix", &[("[[arrivals.mix]]\ntext = \"Hurry\"\ndepartment = \"software\"\n", "")]),
    ("a work type that is not there", &[("work_type = \"ship\"", "work_type = \"shop\"")]),
    ("work types that are not there", &[("work_type = \"ship\"", "work_type = \"work-*\"")]),
    ("a work type that needs a repository", &[("work_type = \"ship\"", "work_type = \"review\"")]),
    ("a work type of another department", &[("department = \"software\"\ntier", "department = \"sales\"\ntier")]),
    ("a department that is not there", &[("department = \"software\"\ntier", "department = \"softwear\"\ntier")]),
    (
        "no work type",
        &[
            ("work_type = \"campaign\"\n", "department = \"sales\"\n"),
            ("text = \"Hurry\"\ndepartment = \"software\"", "text = \"Hurry\""),
        ],
    ),
    ("a tier without a template", &[("tier = 1", "tier = 4")]),
    ("no brief", &[("brief = { goals = \"Sell more\" }", "")]),
    (
        "words that are none",
        &[
            ("priority = \"high\"", "priority = \"urgent\""),
            ("labels = [\"one\", \"two\"]", "labels = [\"one\", \"one\"]"),
        ],
    ),
    (
        "a risk and a budget out of range",
        &[("scope_ambiguity = 7", "scope_ambiguity = 11"), ("budget = 40", "budget = 0")],
    ),
    (
        "a trace of nothing",
        &[(
            "pattern = \"burst\"\nat = \"48h\"\ncount = 20\nwithin = \"4h\"",
            "pattern = \"trace\"\nfile = \"week.txt\"",
        )],
    ),
];

#[test]
fn whatever_is_wrong_is_told_with_its_line_and_what_would_be_right() {
    let mut told = String::new();
    for (name, changes) in FAULTY {
        let text = changes.iter().fold(SCENARIO.to_owned(), |text, (from, to)| changed(name, &text, from, to));
        let Err(faults) = parse(&text, &[]) else { panic!("{name}: there is no fault") };
        writeln!(told, "{name}\n{faults}\n").expect("a string takes everything");
    }
    insta::assert_snapshot!(told.trim_end());
}

#[test]
fn whatever_is_wrong_with_a_chart_causes_no_faults_of_its_scenario() {
    let chart = ORG.replacen("domain = \"backend\", id = \"ann\"", "domain = \"bakend\", id = \"ann\"", 1);
    let Err(faults) = parse(SCENARIO, &[("org.toml", &chart)]) else { panic!("there is no fault") };
    insta::assert_snapshot!(faults, @"/srv/org.toml:11: domain `bakend` is not in this chart; did you mean `backend`?");
}

#[test]
fn a_company_that_cannot_be_is_told_of_in_its_own_lines() {
    let cases: &[(&str, &str)] = &[
        ("departments = 2", "departments = 0"),
        ("domains = 3\nics = 4", "domains = 90\nics = 9000"),
        ("skills = 2", "skills = 0"),
        ("hours_per_day = 7.5", "hours_per_day = 25"),
        ("effort = \"90m\"", "effort = \"25h\""),
        ("skills = 2", "skill = 2"),
        ("ics = 4\n", ""),
    ];
    let mut told = String::new();
    for (from, to) in cases {
        let Err(faults) = parse(&changed(from, COMPANY, from, to), &[]) else { panic!("{to}: there is no fault") };
        writeln!(told, "{faults}").expect("a string takes everything");
    }
    insta::assert_snapshot!(told.trim_end());
}

fn of_a_trace(file: &str, text: &str) -> String {
    let scenario =
        format!("name = \"t\"\norg = \"org.toml\"\ndays = 10\n[[arrivals]]\npattern = \"trace\"\nfile = \"{file}\"\n");
    match parse(&scenario, &[(file, text)]) {
        Ok(scenario) => format!("{:?}", scenario.arrivals),
        Err(faults) => faults.to_string(),
    }
}

#[test]
fn every_bad_line_of_a_trace_is_told() {
    let csv = "at,text,work_type,tier,priority,deadline,budget,key,labels,risk.scope_ambiguity\n\
               soon,A,ship,1,high,72h,1,k1,a,1\n\
               1h,,ship,9,urgent,-1,none,k2,b,11\n\
               1h,B,shop,1,,,,,,\n\
               1h,C,review,,,,,,,\n\
               1h,D,campaign,,,,,,,\n\
               1h,E,ship\n\
               1h,F,ship,4,,,,k1,,\n\
               -1,G,ship,,,,,,,\n\
               1h,H,,,,,,,,\n\
               1h,I,ship,1,,,,k9,,\n\
               1h,J,ship,1,,,,k9,,\n";
    let json = "{\"at\": 1, \"text\": \"A\", \"work_type\": \"ship\", \"prority\": \"high\"}\n\
                {\"at\": 1, \"work_type\": \"ship\"}\n\
                {\"at\": 1, \"text\": \"A\"\n\
                [1]\n\
                \n\
                {\"at\": [1], \"text\": \"A\", \"work_type\": {\"a\": {\"b\": 1}}, \"labels\": [1]}\n";
    let missing = "when,text\n1h,A\n";
    let twice = "at,text,text\n1h,A,B\n";
    let told =
        [("week.csv", csv), ("week.jsonl", json), ("missing.csv", missing), ("twice.csv", twice), ("empty.csv", "")];
    let told: Vec<String> = told.iter().map(|(file, text)| of_a_trace(file, text)).collect();
    insta::assert_snapshot!(told.join("\n\n"));
}
