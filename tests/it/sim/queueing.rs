//! A simulation against queueing theory: instructions of one task each that come in independently, work of exponential
//! length, and ICs who are all alike and take one at a time. How long an instruction takes and how busy everybody is must
//! be what theory says (Erlang C; M/M/1 is that for one server).

use std::fmt::Write;

use echelon::config::scenario::{Arrivals, Conduct, EffortModel, FaultRates, Kind, Pattern, People, Scenario};
use echelon::domain::org::Chart;
use echelon::domain::sla::Override;
use echelon::domain::task::StateName;
use echelon::domain::time::{Millis, WallTime};
use echelon::sim::{Options, Report, run};

use crate::support::inside::{read_chart, request};

/// A work type of one task that nobody reviews. With one hour a day of everybody's time there is never room for a second
/// piece of it on a desk, so it waits for whoever is free first: eight hours of work take eight days.
const WORK: &str = r#"
work_type = "work"
description = "A piece of work."
tier = 0

[[step]]
key = "work"
title = "Do it"
domain = "team"
effort = "8h"
skills = ["craft"]
criteria = ["it is done"]
"#;

/// Hours that a piece of work takes in the mean.
const SERVICE_HOURS: f64 = 8.0 * 24.0;

fn chart(servers: u32) -> Chart {
    let mut text = r#"
[organisation]
name = "queue"
workflows = ["work.toml"]

[[department]]
id = "main"
title = "Main"
default_work_type = "work"

[[domain]]
id = "team"
title = "Team"

[[worker]]
id = "hands"
kind = "simulated"
duration = "1s"
"#
    .to_owned();
    for number in 1..=servers {
        let ic = format!(
            "\n[[ic]]\nid = \"ic-{number}\"\ndomain = \"team\"\ntitle = \"Craftsman\"\nexperience = \"senior\"\n\
             skills = {{ craft = \"expert\" }}\nworker = \"hands\"\nhours_per_day = 1\n"
        );
        text.write_str(&ic).expect("a string takes it");
    }
    let mut chart = read_chart(&text, &[("work.toml", WORK)]);
    // Theory knows no managers who step in when something takes long.
    let never = Millis::from_hours(24 * 365 * 100);
    chart.sla.heartbeat = never;
    chart.sla.overrides = vec![Override {
        states: StateName::ALL.iter().copied().collect(),
        tiers: Default::default(),
        priorities: Default::default(),
        domain: None,
        level: None,
        target: Some(never),
        warn: Some(never),
        escalate: Some(never),
    }];
    chart
}

/// Runs it for as long as it takes for about `arrivals` to come in.
fn simulate(servers: u32, load: f64, arrivals: f64, seed: u64) -> Report {
    let per_day = load * f64::from(servers) * 24.0 / SERVICE_HOURS;
    let scenario = Scenario {
        name: "queue".to_owned(),
        about: String::new(),
        chart: chart(servers),
        seed,
        days: (arrivals / per_day) as u32,
        start: WallTime::from_millis(1_780_000_000_000),
        effort: EffortModel::Exponential,
        conduct: Conduct { rework: 0.0, blocked: 0.0, questions: 0.0, review: Millis(0) },
        faults: FaultRates {
            transient: 0.0,
            lost: 0.0,
            silent: 0.0,
            duplicate: 0.0,
            quota: 0.0,
            quota_reset: Millis::from_hours(1),
            restart_every: None,
            lease: Millis::from_hours(24 * 365 * 100),
        },
        people: People { answers_after: Millis::from_hours(1) },
        absences: Vec::new(),
        arrivals: vec![Arrivals {
            pattern: Pattern::Poisson { per_day, from: Millis(0), until: None },
            mix: vec![Kind { share: 1.0, request: request("work") }],
        }],
    };
    run(&Options::of(scenario)).expect("it runs to its end").report
}

/// Mean hours in the system of M/M/c (Erlang C).
fn theory(servers: u32, load: f64) -> f64 {
    let offered = load * f64::from(servers);
    let (mut term, mut sum) = (1.0, 1.0);
    for number in 1..servers {
        term *= offered / f64::from(number);
        sum += term;
    }
    let last = term * offered / f64::from(servers) / (1.0 - load);
    let waits = last / (sum + last);
    SERVICE_HOURS + waits * SERVICE_HOURS / (f64::from(servers) * (1.0 - load))
}

/// Mean and half of the 95 % confidence interval of ten figures (Student's t with nine degrees of freedom).
fn interval(figures: &[f64]) -> (f64, f64) {
    assert_eq!(figures.len(), 10);
    let mean = figures.iter().sum::<f64>() / 10.0;
    let variance = figures.iter().map(|one| (one - mean).powi(2)).sum::<f64>() / 9.0;
    (mean, 2.262 * (variance / 10.0).sqrt())
}

/// More and busier ones where there is time for it.
fn is_long() -> bool {
    std::env::var_os("ECHELON_LONG").is_some_and(|value| value == "1")
}

#[test]
fn one_ic_is_a_queue_with_one_server() {
    agree_with_theory(&[(1, 0.5, 600.0)]);
    agree_with_theory(if is_long() { &[(1, 0.8, 6_000.0)] } else { &[] });
}

#[test]
fn ics_who_take_one_at_a_time_are_a_queue_with_as_many_servers() {
    agree_with_theory(&[(3, 0.6, 600.0)]);
    agree_with_theory(if is_long() { &[(4, 0.85, 6_000.0)] } else { &[] });
}

/// So many servers at a load, with so many arrivals.
fn agree_with_theory(cases: &[(u32, f64, f64)]) {
    for (servers, load, arrivals) in cases.iter().copied() {
        let reports: Vec<Report> = (1..=10).map(|seed| simulate(servers, load, arrivals, seed)).collect();
        let spans: Vec<f64> = reports.iter().map(|report| report.lead_times.instructions.mean_hours).collect();
        let busy: Vec<f64> = reports.iter().map(|report| report.utilisation.share).collect();
        let case = format!("M/M/{servers} at {load}");
        for (what, figures, expected) in [("hours", spans, theory(servers, load)), ("busy", busy, load)] {
            let (mean, half) = interval(&figures);
            assert!((mean - expected).abs() <= half, "{case}: {what} {mean} +- {half}, in theory {expected}");
            // An interval that is as wide as the figure itself would say nothing.
            assert!(half < 0.25 * expected, "{case}: {what} {mean} +- {half}");
        }
        for report in &reports {
            assert!(report.little.relative_gap.abs() < 1e-9, "{case}: {:?}", report.little);
        }
    }
}

#[test]
fn theory_is_what_tables_say() {
    // M/M/1: W = 1 / (mu - lambda). M/M/2 at 0.5: the chance to wait is 1/3.
    let table = [(1, 0.5, 2.0), (1, 0.9, 10.0), (2, 0.5, 1.0 + 1.0 / 3.0)];
    for (servers, load, expected) in table {
        assert!((theory(servers, load) / SERVICE_HOURS - expected).abs() < 1e-12, "{servers}, {load}");
    }
}
