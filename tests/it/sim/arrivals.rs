//! What comes in in a simulation: how much of it, when, in which order, and the same each time.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use echelon::config;
use echelon::config::scenario::Scenario;
use echelon::domain::instruction::Request;
use echelon::domain::time::Millis;
use echelon::sim::{Dice, Schedule};

/// The beginning of a scenario of ten days; the arrivals come after it.
const HEAD: &str = "name = \"ten-days\"\ndays = 10\n[company]\ndepartments = 1\ndomains = 2\nics = 1\n";

const HOUR: i64 = 3_600_000;

fn scenario(arrivals: &str, files: &[(&str, &str)]) -> Scenario {
    let read = |path: &Path| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let found = files.iter().find(|(file, _)| *file == name);
        found.map(|(_, text)| text.as_bytes().to_vec()).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    };
    let text = format!("{HEAD}{arrivals}");
    config::parse_scenario(&text, Path::new("/srv/ten-days.toml"), &read).unwrap_or_else(|faults| panic!("{faults}"))
}

fn schedule(scenario: &Scenario, seed: u64) -> Vec<(Millis, Request)> {
    Schedule::new(scenario, Dice::new(seed)).collect()
}

fn poisson(per_day: u32, more: &str) -> String {
    format!(
        "[[arrivals]]\npattern = \"poisson\"\nper_day = {per_day}\n{more}\n[[arrivals.mix]]\ntext = \"p\"\nwork_type = \"work-d01-t01\"\n"
    )
}

fn burst(at: &str, count: u32, within: &str) -> String {
    format!(
        "[[arrivals]]\npattern = \"burst\"\nat = \"{at}\"\ncount = {count}\nwithin = \"{within}\"\n\
         [[arrivals.mix]]\ntext = \"b\"\nwork_type = \"work-d01-t01\"\n"
    )
}

fn times(all: &[(Millis, Request)]) -> Vec<i64> {
    all.iter().map(|(at, _)| at.0).collect()
}

#[test]
fn as_many_come_on_a_day_as_the_rate_says_at_intervals_that_vary_as_they_should() {
    let all = schedule(&scenario(&poisson(1_000, ""), &[]), 7);
    // Ten thousand in the mean; their number has a standard deviation of a hundred.
    assert!((9_700..=10_300).contains(&all.len()), "{}", all.len());
    let times = times(&all);
    assert!(times.is_sorted() && times.iter().all(|at| (0..240 * HOUR).contains(at)));
    let gaps: Vec<f64> = times.windows(2).map(|pair| (pair[1] - pair[0]) as f64).collect();
    let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
    let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
    // Of an exponential distribution the standard deviation is the mean.
    assert!((0.95..=1.05).contains(&(variance.sqrt() / mean)), "{} of {mean}", variance.sqrt());
}

#[test]
fn a_stream_keeps_to_its_time() {
    let all = schedule(&scenario(&poisson(100, "from = \"24h\"\nuntil = \"48h\""), &[]), 7);
    assert!((60..=140).contains(&all.len()), "{}", all.len());
    assert!(times(&all).iter().all(|at| (24 * HOUR..48 * HOUR).contains(at)));
}

#[test]
fn a_burst_comes_whole_and_within_its_time() {
    let all = schedule(&scenario(&burst("24h", 2_000, "10h"), &[]), 7);
    let times = times(&all);
    assert_eq!(times.len(), 2_000);
    assert!(times.is_sorted() && times.iter().all(|at| (24 * HOUR..=34 * HOUR).contains(at)));
    // Half of them in each half, with a standard deviation of 22.
    let early = times.iter().filter(|at| **at < 29 * HOUR).count();
    assert!((900..=1_100).contains(&early), "{early}");
    let at_once = schedule(&scenario(&burst("24h", 3, "0s"), &[]), 7);
    assert_eq!(at_once.iter().map(|(at, _)| at.0 / HOUR).collect::<Vec<_>>(), [24, 24, 24]);
}

#[test]
fn what_would_come_after_the_last_day_does_not_come() {
    let all = schedule(&scenario(&burst("239h", 1_000, "2h"), &[]), 7);
    assert!((400..=600).contains(&all.len()), "{}", all.len());
    assert!(times(&all).iter().all(|at| *at < 240 * HOUR));
}

#[test]
fn what_comes_at_the_same_time_comes_in_the_order_of_the_tables() {
    let text = burst("24h", 2, "0s")
        + &burst("12h", 1, "0s").replace("\"b\"", "\"a\"")
        + &burst("24h", 2, "0s").replace("\"b\"", "\"c\"");
    let all = schedule(&scenario(&text, &[]), 7);
    assert_eq!(all.iter().map(|(_, request)| request.text.as_str()).collect::<String>(), "abbcc");
}

#[test]
fn the_mix_comes_as_its_shares_say_and_a_star_stands_for_each_in_equal_parts() {
    let more = "[[arrivals.mix]]\nshare = 3\ntext = \"q\"\nwork_type = \"work-*\"\ntier = 2\n";
    let all = schedule(&scenario(&(poisson(1_000, "") + more), &[]), 7);
    let mut found: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (_, request) in &all {
        let work_type = request.work_type.as_ref().expect("it is said").as_str();
        *found.entry((request.text.as_str(), work_type)).or_default() += 1;
    }
    let percent: Vec<((&str, &str), usize)> =
        found.into_iter().map(|(kind, number)| (kind, (number * 100 + all.len() / 2) / all.len())).collect();
    let near = |at: usize, kind, expected: usize| percent[at].0 == kind && percent[at].1.abs_diff(expected) <= 2;
    assert!(
        percent.len() == 3
            && near(0, ("p", "work-d01-t01"), 25)
            && near(1, ("q", "work-d01-t01"), 38)
            && near(2, ("q", "work-d01-t02"), 38),
        "{percent:?}"
    );
}

#[test]
fn the_same_seed_gives_the_same_and_another_something_else() {
    let scenario = scenario(&(poisson(50, "") + &burst("24h", 20, "10h")), &[]);
    assert_eq!(schedule(&scenario, 7), schedule(&scenario, 7));
    assert_ne!(times(&schedule(&scenario, 7)), times(&schedule(&scenario, 8)));
}

#[test]
fn another_stream_or_another_mix_leaves_the_times_of_a_stream_as_they_are() {
    let alone = schedule(&scenario(&poisson(50, ""), &[]), 7);
    let more = "[[arrivals.mix]]\ntext = \"p\"\nwork_type = \"work-d01-t02\"\n";
    let together = schedule(&scenario(&(poisson(50, "") + more + &burst("24h", 20, "10h")), &[]), 7);
    let of_the_first: Vec<_> = together.into_iter().filter(|(_, request)| request.text == "p").collect();
    assert_eq!(times(&alone), times(&of_the_first));
}

#[test]
fn a_trace_comes_as_it_was_recorded_whatever_its_format() {
    let csv = "at,text,work_type,tier,priority,deadline,key,customer_commitment,budget,labels,project,brief.goals,risk.scope_ambiguity\n\
               1h 30m,\"Second, at half past one\",work-d01-t02,1,high,72h,two,true,12.5,a;b,p,Sell more,7\n\
               0.5,First,work-d01-t01,,,,,,,,,,\n\
               1000,After the last day,work-d01-t01,,,,,,,,,,\n";
    let json = r#"
        {"at": "1h 30m", "text": "Second, at half past one", "work_type": "work-d01-t02", "tier": 1, "priority": "high", "deadline": 72, "key": "two", "customer_commitment": true, "budget": 12.5, "labels": ["a", "b"], "project": "p", "brief": {"goals": "Sell more"}, "risk": {"scope_ambiguity": 7}}
        {"at": 0.5, "text": "First", "work_type": "work-d01-t01", "epic": null}
        {"at": "1000h", "text": "After the last day", "work_type": "work-d01-t01"}
    "#;
    let files = [("week.csv", csv), ("week.jsonl", json)];
    let of = |file: &str| {
        let text = format!("[[arrivals]]\npattern = \"trace\"\nfile = \"{file}\"\n");
        schedule(&scenario(&text, &files), 7)
    };
    let recorded = of("week.csv");
    assert_eq!(recorded, of("week.jsonl"));
    assert_eq!(times(&recorded), [HOUR / 2, HOUR * 3 / 2]);
    let (_, second) = &recorded[1];
    assert_eq!(second.text, "Second, at half past one");
    assert_eq!(second.brief.values().collect::<Vec<_>>(), ["Sell more"]);
    assert_eq!(second.risk.map(|risk| risk.total()), Some(12));
    assert_eq!(second.labels.iter().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(second.key.as_ref().map(|key| key.as_str()), Some("two"));
}

#[test]
fn a_million_instructions_are_made_up_one_by_one() {
    // More than would come before the end of all patience, if they were made up at once.
    let text = poisson(10_000_000, "") + &burst("0s", 10_000_000, "240h");
    let first: Vec<_> = Schedule::new(&scenario(&text, &[]), Dice::new(7)).take(10).collect();
    assert_eq!(first.len(), 10);
    assert!(times(&first).is_sorted() && first[9].0 < Millis(1_000));
}
