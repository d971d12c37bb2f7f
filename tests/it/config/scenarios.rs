//! Scenarios: what is in them, and those that ship; [`faults`]: everything that may be wrong with them, with its line.

mod faults;

use std::io;
use std::path::Path;

use echelon::config::scenario::{Conduct, EffortModel, FaultRates, Pattern, People, Scenario};
use echelon::config::{self, Faults};
use echelon::domain::instruction::Deadline;
use echelon::domain::org::{Chart, Downtime};
use echelon::domain::time::{Effort, Millis, WallTime};
use echelon::domain::work::{Priority, Tier};

/// Two departments; what `review` does needs a repository, and a `campaign` a brief.
const ORG: &str = r#"
organisation = { name = "acme", workflows = ["ship-1.toml", "ship-2.toml", "review.toml", "campaign.toml"] }
clock = { speed = 60, downtime = "stops" }
department = [{ id = "software", title = "Software", default_work_type = "ship" }, { id = "sales", title = "Sales" }]
domain = [
    { department = "software", id = "backend", title = "Backend" },
    { department = "software", id = "qa", title = "Quality" },
    { department = "sales", id = "desk", title = "Desk" },
]
ic = [
    { domain = "backend", id = "ann", title = "Developer", experience = "mid", worker = "sim" },
    { domain = "backend", id = "ben", title = "Developer", experience = "mid", worker = "sim" },
    { domain = "backend", id = "cid", title = "Developer", experience = "mid", worker = "sim" },
    { domain = "qa", id = "quinn", title = "Tester", experience = "mid", worker = "sim" },
    { domain = "desk", id = "dan", title = "Seller", experience = "mid", worker = "sim" },
]
worker = [{ id = "sim", kind = "simulated" }]
"#;

/// Uses every table and key there is but a trace, which has a test of its own. The number of each line is beside it in the
/// faults below.
const SCENARIO: &str = r#"name = "everything"
about = "Says all there is to say."
org = "org.toml"
days = 10
seed = 42
start = "2026-03-02T06:00:00Z"
[effort]
distribution = "lognormal"
spread = 0.5
[conduct]
rework = 0.1
blocked = 0.02
questions = 0.03
review = "30m"
[people]
answers_after = "2h"
[faults]
transient = 0.04
lost = 0.05
silent = 0.06
duplicate = 0.07
quota = 0.08
quota_reset = "90m"
restart_every = "12h"
lease = "3h"
[[absence]]
who = "backend"
share = 0.5
from = "24h"
for = "48h"
[[absence]]
who = "software/qa:lead"
for = "1h"
[[arrivals]]
pattern = "poisson"
per_day = 12.5
from = "6h"
until = "200h"
[[arrivals.mix]]
share = 3
text = "Ship it"
work_type = "ship"
department = "software"
tier = 1
priority = "high"
deadline = "72h"
customer_commitment = true
budget = 40
risk = { scope_ambiguity = 7 }
project = "p"
epic = "e"
sprint = "s"
labels = ["one", "two"]
[[arrivals.mix]]
text = "Sell it"
work_type = "campaign"
brief = { goals = "Sell more" }
[[arrivals]]
pattern = "burst"
at = "48h"
count = 20
within = "4h"
[[arrivals.mix]]
text = "Hurry"
department = "software"
"#;

fn workflow(name: &str) -> Option<String> {
    let step = |key: &str, domain: &str| {
        format!(
            "[[step]]\nkey = \"{key}\"\ntitle = \"It\"\ndomain = \"{domain}\"\neffort = 1\ncriteria = [\"it is\"]\n"
        )
    };
    let file = |work_type: &str, department: &str, tier: u8, more: &str| {
        format!(
            "work_type = \"{work_type}\"\ndescription = \"It\"\ndepartment = \"{department}\"\ntier = {tier}\n{more}\n"
        )
    };
    match name {
        "ship-1.toml" => Some(file("ship", "software", 1, "") + &step("build", "backend")),
        "ship-2.toml" => Some(file("ship", "software", 2, "") + &step("build", "backend") + &step("test", "qa")),
        "review.toml" => Some(file("review", "software", 1, "needs_repository = true") + &step("read", "qa")),
        "campaign.toml" => Some(file("campaign", "sales", 1, "brief = { goals = \"Why?\" }") + &step("sell", "desk")),
        _ => None,
    }
}

fn parse(text: &str, more: &[(&str, &str)]) -> Result<Scenario, Faults> {
    let read = |path: &Path| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let given = more.iter().find(|(file, _)| *file == name).map(|(_, text)| (*text).to_owned());
        let usual = || if name == "org.toml" { Some(ORG.to_owned()) } else { workflow(name) };
        let text = given.or_else(usual).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        Ok(text.into_bytes())
    };
    config::parse_scenario(text, Path::new("/srv/all.toml"), &read)
}

fn read(text: &str) -> Scenario {
    parse(text, &[]).unwrap_or_else(|faults| panic!("{faults}"))
}

#[test]
fn everything_a_scenario_says_is_in_what_is_read() {
    let scenario = read(SCENARIO);
    assert_eq!((scenario.name.as_str(), scenario.about.as_str()), ("everything", "Says all there is to say."));
    assert_eq!((scenario.days, scenario.seed), (10, 42));
    assert_eq!(scenario.start.to_string(), "2026-03-02T06:00:00.000Z");
    assert_eq!(scenario.effort, EffortModel::Lognormal { spread: 0.5 });
    let conduct = Conduct { rework: 0.1, blocked: 0.02, questions: 0.03, review: Millis(1_800_000) };
    assert_eq!((scenario.conduct, scenario.people), (conduct, People { answers_after: Millis::from_hours(2) }));
    assert_eq!(
        scenario.faults,
        FaultRates {
            transient: 0.04,
            lost: 0.05,
            silent: 0.06,
            duplicate: 0.07,
            quota: 0.08,
            quota_reset: Millis(5_400_000),
            restart_every: Some(Millis::from_hours(12)),
            lease: Millis::from_hours(3),
        }
    );
    // Half of three are two, the first in order of their ids.
    let away: Vec<(String, i64, i64)> = scenario
        .absences
        .iter()
        .map(|one| (one.who.to_string(), one.from.0 / 3_600_000, one.span.0 / 3_600_000))
        .collect();
    let expected = [("software/backend/ann", 24, 48), ("software/backend/ben", 24, 48), ("software/qa:lead", 0, 1)];
    assert_eq!(away, expected.map(|(who, from, span)| (who.to_owned(), from, span)));
}

#[test]
fn everything_it_says_of_what_comes_in_is_in_what_is_read() {
    let scenario = read(SCENARIO);
    let [steady, burst] = scenario.arrivals.as_slice() else { panic!("there are two streams") };
    let (from, until) = (Millis::from_hours(6), Some(Millis::from_hours(200)));
    assert_eq!(steady.pattern, Pattern::Poisson { per_day: 12.5, from, until });
    let (at, within) = (Millis::from_hours(48), Millis::from_hours(4));
    assert_eq!(burst.pattern, Pattern::Burst { at, count: 20, within });
    let [ship, sell] = steady.mix.as_slice() else { panic!("there are two kinds") };
    assert_eq!((ship.share, sell.share), (3.0, 1.0));
    let request = &ship.request;
    assert_eq!(
        (request.text.as_str(), request.tier, request.priority),
        ("Ship it", Some(Tier::Simple), Priority::High)
    );
    assert_eq!(request.work_type.as_ref().map(|it| it.as_str()), Some("ship"));
    assert_eq!(request.deadline, Some(Deadline::Within(Millis::from_hours(72))));
    assert_eq!((request.customer_commitment, request.budget), (true, Some(Effort::from_hours(40.0))));
    assert_eq!(request.risk.map(|risk| (risk.scope_ambiguity, risk.total())), Some((7, 12)));
    let words = [&request.project, &request.epic, &request.sprint].map(Option::as_deref);
    assert_eq!(words, [Some("p"), Some("e"), Some("s")]);
    assert_eq!(request.labels.iter().collect::<Vec<_>>(), ["one", "two"]);
    assert_eq!(sell.request.brief.values().collect::<Vec<_>>(), ["Sell more"]);
    // Which department does it is known from its work type, and the other way round.
    assert_eq!(sell.request.department.as_ref().map(|it| it.as_str()), Some("sales"));
    assert_eq!(burst.mix[0].request.department.as_ref().map(|it| it.as_str()), Some("software"));
}

#[test]
fn the_chart_is_as_its_file_has_it_except_for_its_speed() {
    let scenario = read(SCENARIO);
    let mut chart: Chart = config::parse(ORG, Path::new("/srv/org.toml"), &|path| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        workflow(name).map(String::into_bytes).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    })
    .unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!((chart.clock.speed, chart.clock.downtime), (60, Downtime::Stops));
    chart.clock.speed = 1;
    assert_eq!(scenario.chart, chart);
}

#[test]
fn what_is_left_out_is_as_usual() {
    let scenario = read(
        "name = \"short\"\norg = \"org.toml\"\ndays = 1\n\
         [[arrivals]]\npattern = \"poisson\"\nper_day = 1\n[[arrivals.mix]]\ntext = \"Do\"\nwork_type = \"ship\"\n",
    );
    assert_eq!((scenario.seed, scenario.effort), (1, EffortModel::Lognormal { spread: 0.3 }));
    assert_eq!(scenario.start, "2026-01-05T08:00:00Z".parse::<WallTime>().expect("a time"));
    let FaultRates { transient, lost, silent, duplicate, quota, quota_reset, restart_every, lease } = scenario.faults;
    assert_eq!([transient, lost, silent, duplicate, quota], [0.0; 5]);
    assert_eq!((quota_reset, restart_every, lease), (Millis::from_hours(1), None, Millis::from_hours(4)));
    let conduct = Conduct { rework: 0.0, blocked: 0.0, questions: 0.0, review: Millis(1_200_000) };
    assert_eq!((scenario.conduct, scenario.people.answers_after), (conduct, Millis::from_hours(1)));
    assert!(scenario.absences.is_empty() && scenario.about.is_empty());
}

const COMPANY: &str = "name = \"large\"\ndays = 1\n[company]\ndepartments = 2\ndomains = 3\nics = 4\nskills = 2\n\
                       parallel_limit = 2\nhours_per_day = 7.5\neffort = \"90m\"\nreviews = false\nstandup_every = \"24h\"\n\
                       [[absence]]\nwho = \"d01/t02\"\nfor = \"1h\"\n\
                       [[arrivals]]\npattern = \"poisson\"\nper_day = 1\n\
                       [[arrivals.mix]]\ntext = \"Do\"\nwork_type = \"work-d01-*\"\ntier = 2\n";

#[test]
fn a_company_is_as_large_as_it_says() {
    let scenario = read(COMPANY);
    let chart = &scenario.chart;
    assert_eq!((chart.departments.len(), chart.domains.len(), chart.ics.len()), (2, 6, 24));
    assert!(chart.ics.values().all(|ic| ic.skills.len() == 2 && ic.parallel_limit == 2));
    assert!(chart.ics.values().all(|ic| ic.hours_per_day == Effort::from_hours(7.5)));
    assert!(chart.domains.values().all(|domain| domain.lead_worker.is_none()));
    assert_eq!(chart.standup_every, Some(Millis::from_hours(24)));
    assert_eq!((chart.workflows.len(), chart.people.len()), (6, 3));
    for workflow in chart.workflows.values() {
        assert_eq!(workflow.tiers().collect::<Vec<_>>(), [Tier::Trivial, Tier::Simple, Tier::Moderate]);
        assert_eq!(workflow.steps().map(|step| step.work.effort).max(), Some(Effort::from_hours(1.5)));
        assert_eq!(workflow.steps().count(), 6);
    }
    assert_eq!(scenario.absences.len(), 4);
    let mix: Vec<_> = scenario.arrivals[0].mix.iter().map(|kind| kind.request.work_type.clone()).collect();
    let mix: Vec<&str> = mix.iter().flatten().map(|work_type| work_type.as_str()).collect();
    assert_eq!(mix, ["work-d01-t01", "work-d01-t02", "work-d01-t03"]);
}

#[test]
fn every_scenario_that_ships_can_be_run() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("org/scenarios");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the scenarios can be listed") {
        let path = entry.expect("the scenarios can be listed").path();
        let scenario = config::scenario(&path).unwrap_or_else(|faults| panic!("{faults}"));
        assert_eq!(path.file_stem().and_then(|stem| stem.to_str()), Some(scenario.name.as_str()));
        assert!(!scenario.about.is_empty(), "{} says nothing about itself", scenario.name);
        names.push((scenario.name, scenario.chart.ics.len(), scenario.days));
    }
    names.sort();
    let expected = [
        ("backend-on-leave", 18, 7),
        ("company-10000", 10_000, 90),
        ("flaky-agents", 18, 7),
        ("incident-storm", 18, 7),
        ("launch-rush", 18, 14),
        ("load-100", 100, 30),
        ("steady-week", 18, 7),
    ];
    assert_eq!(names, expected.map(|(name, ics, days)| (name.to_owned(), ics, days)));
}
