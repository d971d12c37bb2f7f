//! What a simulation comes to: figures on sequences that can be checked by hand, and whole reports.

use echelon::config::scenario::{Conduct, EffortModel, FaultRates, People, Scenario};
use echelon::domain::command::{Action, InstructionAction, TaskAction};
use echelon::domain::event::{Entry, Event, InstructionEvent, TaskEvent};
use echelon::domain::evolve::evolve;
use echelon::domain::id::{EscalationId, InstructionId, TaskId};
use echelon::domain::org::Chart;
use echelon::domain::role::{Level, Principal, Role};
use echelon::domain::state::State;
use echelon::domain::task::{BlockerKind, FailureClass};
use echelon::domain::time::{Millis, OrgTime, Stamp, WallTime};
use echelon::domain::work::Tier;
use echelon::ledger::Group;
use echelon::sim::measure::Measure;
use echelon::sim::page;
use echelon::sim::report::{Report, StateTime};
use echelon::sim::statistics::Comparison;

use crate::lifecycle::parts::{blocker, failure, lead, manager, tech_lead};
use crate::lifecycle::world::World;
use crate::organisations::{LONGEST, request};
use crate::stage::Stage;
use crate::support::{Home, inside};

const HOUR: i64 = 3_600_000;

/// A scenario of which only its name counts here.
fn scenario(name: &str) -> Scenario {
    Scenario {
        name: name.to_owned(),
        about: "Shows what is measured.".to_owned(),
        chart: Chart::default(),
        seed: 1,
        days: 1,
        start: WallTime::default(),
        effort: EffortModel::Exact,
        conduct: Conduct { rework: 0.0, blocked: 0.0, questions: 0.0, review: Millis(0) },
        faults: FaultRates {
            transient: 0.0,
            lost: 0.0,
            silent: 0.0,
            duplicate: 0.0,
            quota: 0.0,
            quota_reset: Millis(0),
            restart_every: None,
            lease: Millis::from_secs(60),
        },
        people: People { answers_after: Millis(0) },
        absences: Vec::new(),
        arrivals: Vec::new(),
    }
}

/// The measure of these entries, `end` after the first of them. Each entry is a group of its own.
pub(crate) fn measured(entries: &[Entry], name: &str, end: Option<Millis>) -> Report {
    let mut state = State::default();
    let mut measure = Measure::new(&scenario(name), 7);
    for entry in entries {
        evolve(&mut state, entry);
        let archived = state.take_archived();
        let stirred = state.take_stirred();
        state.take_changed();
        measure.take(&Group { results: vec![Ok(vec![entry.clone()])], stirred, archived }, &state);
    }
    let org = end.map_or(state.last.org, |end| entries[0].at.org.plus(end));
    measure.finish(&state, Stamp { org, wall: WallTime::default() })
}

/// A world whose commands are given at whole hours after its first event.
struct Hours {
    world: World,
    begin: i64,
}

impl Hours {
    fn new() -> Self {
        let world = World::new();
        Self { begin: world.millis, world }
    }

    /// The world, the next command of which is given at this hour; each further one is a second later.
    fn at(&mut self, hour: i64) -> &mut World {
        self.world.millis = self.begin + hour * HOUR - 1_000;
        &mut self.world
    }

    fn measured(&self, end: i64) -> Report {
        measured(&self.world.entries, "by hand", Some(Millis::from_hours(end)))
    }

    /// One piece of work is planned in the first hour, begins in the second, is given to somebody in the third and begun
    /// in the fourth.
    fn begun(&mut self) -> InstructionId {
        let id = self.at(0).submit(Tier::Simple);
        let work_type = "feature".parse().expect("a name");
        let triage = InstructionAction::Triage { tier: Tier::Simple, work_type, reasons: vec!["given".to_owned()] };
        self.at(0).must(manager(), Action::Instruction(id, triage));
        let task = self.world.planned("api", echelon::domain::review::TaskKind::Tactical, "backend", &[]);
        self.at(1).must(tech_lead(), Action::Instruction(id, inside::plan(vec![task])));
        self.at(1).must(manager(), Action::Instruction(id, InstructionAction::ApprovePlan { review: Vec::new() }));
        let organisation = Principal::role(Role::Organisation);
        self.at(2).must(organisation, Action::Instruction(id, InstructionAction::Release));
        self.at(3).assign("api", "backend/ben");
        self.at(4).start("api");
        id
    }
}

fn state_time<'a>(report: &'a Report, name: &str) -> &'a StateTime {
    report.task_states.iter().find(|state| state.state == name).expect("every open state is there")
}

#[track_caller]
fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-3, "{found} is not {expected}");
}

#[test]
fn one_piece_of_work_is_measured_to_the_hour() {
    let mut hours = Hours::new();
    let id = hours.begun();
    hours.at(8).hand_in("api");
    hours.at(9).approve("api");
    hours.at(10).pass_gate("api");
    hours.at(12).must(manager(), Action::Instruction(id, InstructionAction::DecideGoNoGo));
    let report = hours.measured(24);

    assert_eq!(report.daily.len(), 1);
    assert_eq!((report.days, report.instructions.received, report.instructions.completed), (1.0, 1, 1));
    assert_eq!((report.tasks.planned, report.tasks.completed, report.tasks.open), (1, 1, 0));
    near(report.lead_times.instructions.p50_hours, 12.0);
    near(report.lead_times.tasks.max_hours, 9.0);
    for (state, mean) in
        [("PENDING", 2.0), ("ASSIGNED", 1.0), ("IN_PROGRESS", 4.0), ("UNDER_REVIEW", 1.0), ("DOMAIN_REVIEW", 1.0)]
    {
        let found = state_time(&report, state);
        near(found.mean_hours, mean);
        near(found.share, mean / 9.0);
        assert_eq!((found.visits, found.open), (1, 0), "{state}");
    }
    let used = |name: &str| report.utilisation.ics.iter().find(|ic| ic.ic == name).expect("the chart has them");
    near(used("dev/backend/ben").busy_hours, 4.0);
    near(used("dev/backend/ben").share, 4.0 / 48.0);
    assert_eq!((used("dev/backend/ben").attempts, used("dev/backend/bea").reviews), (1, 1));
    let backend = &report.utilisation.domains[0];
    assert_eq!(
        (backend.domain.as_str(), backend.ics, backend.reviews, backend.lead_decisions),
        ("dev/backend", 2, 1, 1)
    );
    near(backend.slot_hours, 96.0);
    near(report.little.mean_in_system, 0.5);
    near(report.little.mean_hours_in_system, 12.0);
    assert!(report.little.relative_gap < 1e-9, "{:?}", report.little);
}

#[test]
fn what_waits_is_counted_for_whoever_must_act_next() {
    let mut hours = Hours::new();
    let id = hours.begun();
    hours.at(8).hand_in("api");
    hours.at(9).approve("api");
    hours.at(10).pass_gate("api");
    hours.at(12).must(manager(), Action::Instruction(id, InstructionAction::DecideGoNoGo));
    let report = hours.measured(24);

    // To be assigned 2 to 3, to be begun 3 to 4, to be read 8 to 9, at the gate 9 to 10; to be planned 0 to 1, and to be
    // decided on 10 to 12.
    let waits: Vec<(&str, i64)> =
        report.waits.iter().map(|wait| (wait.place.as_str(), wait.hours.round() as i64)).collect();
    let expected = [("dev/backend:lead", 2), ("dev:engineering-manager", 2), ("dev/backend", 2), ("dev:tech-lead", 1)];
    let mut found = waits.clone();
    found.sort_unstable();
    let mut wanted = expected.to_vec();
    wanted.sort_unstable();
    assert_eq!(found, wanted);
    let queues = &report.queues[0];
    near(queues.unassigned.mean, 1.0 / 24.0);
    near(queues.desks.mean, 1.0 / 24.0);
    near(queues.at_work.mean, 4.0 / 24.0);
    near(queues.review.mean, 2.0 / 24.0);
    near(queues.held_back.mean, 1.0 / 24.0);
    assert_eq!((queues.review.max, queues.review.end), (1, 0));
}

#[test]
fn what_is_open_at_the_end_counts_with_its_age() {
    let mut hours = Hours::new();
    hours.begun();
    hours.at(6).submit(Tier::Simple);
    let report = hours.measured(10);

    assert_eq!((report.instructions.open, report.tasks.open), (2, 1));
    assert_eq!(report.lead_times.instructions.count, 0);
    let at_work = state_time(&report, "IN_PROGRESS");
    assert_eq!((at_work.visits, at_work.open), (0, 1));
    near(at_work.total_hours, 6.0);
    near(report.utilisation.ics.iter().map(|ic| ic.busy_hours).sum(), 6.0);
    // One from the beginning, one from the sixth hour on.
    near(report.little.mean_in_system, 1.4);
    near(report.little.mean_hours_in_system, 7.0);
    assert!(report.little.relative_gap < 1e-9, "{:?}", report.little);
    assert_eq!(report.daily.len(), 1);
    assert_eq!((report.daily[0].open_instructions, report.daily[0].tasks_at_work), (2, 1));
}

#[test]
fn what_goes_wrong_is_counted_by_its_sort() {
    let mut hours = Hours::new();
    hours.begun();
    let epoch = hours.world.epoch("api");
    let fail = TaskAction::FailAttempt { epoch, failure: failure(FailureClass::Transient) };
    let author = hours.world.author("api");
    hours.at(5).task_must(author.clone(), "api", fail);
    hours.at(6).start("api");
    let stuck = TaskAction::Block { epoch: Some(hours.world.epoch("api")), blocker: blocker(Level::DomainLead) };
    hours.at(7).task_must(author, "api", stuck);
    let id = EscalationId::new(hours.world.new_id());
    let escalate = TaskAction::Escalate { id, to: Level::TechLead, reason: "not mine".to_owned() };
    hours.at(8).task_must(lead("backend"), "api", escalate);
    let report = hours.measured(12);

    assert_eq!(report.quality.attempts, 2);
    assert_eq!(report.quality.failed_attempts[0].name, "transient");
    assert_eq!(report.quality.blockers[0].count, 1);
    near(report.utilisation.ics.iter().map(|ic| ic.busy_hours).sum(), 2.0);
    let tech_lead = &report.escalations.levels[1];
    assert_eq!((tech_lead.raised, tech_lead.open, report.escalations.open), (1, 1, 1));
    assert_eq!(report.escalations.troubles[0].name, "blocked");
    near(state_time(&report, "BLOCKED").mean_hours, 1.0);
    near(state_time(&report, "ESCALATED").total_hours, 4.0);
    assert!(matches!(hours.world.task("api").state.blocker().map(|one| &one.kind), Some(BlockerKind::Reported(_))));
}

/// A day of an organisation that ships.
fn day_of_software() -> Vec<Entry> {
    let mut stage = Stage::open("software.toml");
    let chart = echelon::config::load(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("org/software.toml"));
    let chart = chart.expect("it is sound");
    stage.submit(request(&chart, "feature", "Let customers pay by subscription, with billing by the month"));
    stage.submit(request(&chart, "feature", "Let customers stop paying"));
    stage.play(LONGEST);
    stage.entries().to_vec()
}

#[test]
fn tasks_are_followed_by_their_events_into_the_states_they_are_in() {
    let entries = day_of_software();
    let report = measured(&entries, "two features", None);

    // How long each task was there, from its plan to its end, straight from the events.
    let mut planned: std::collections::BTreeMap<TaskId, OrgTime> = std::collections::BTreeMap::new();
    let mut lives = 0;
    for entry in &entries {
        let tasks = match &entry.event {
            Event::Instruction(_, InstructionEvent::Planned { plan }) => &plan.tasks,
            Event::Instruction(_, InstructionEvent::Amended { tasks, .. }) => tasks,
            Event::Task(_, TaskEvent::BrokenDown { children } | TaskEvent::ChangesRequested { children, .. }) => {
                children
            }
            Event::Task(
                id,
                TaskEvent::Completed | TaskEvent::Cancelled { .. } | TaskEvent::HandedIn { reviewer: None, .. },
            ) => {
                lives += entry.at.org.since(planned[id]).0;
                continue;
            }
            _other => continue,
        };
        planned.extend(tasks.iter().map(|task| (task.id, entry.at.org)));
    }
    let total: f64 = report.task_states.iter().map(|state| state.total_hours).sum();
    near(total, lives as f64 / HOUR as f64);
    assert_eq!(report.tasks.planned, planned.len() as u64);
    assert!(report.little.relative_gap < 1e-9, "{:?}", report.little);
    let queued: f64 = report.queues.iter().map(|one| one.at_work.mean).sum();
    let busy: f64 = report.utilisation.ics.iter().map(|ic| ic.busy_hours).sum();
    near(queued * report.days * 24.0, busy);
}

#[test]
fn the_same_events_give_the_same_report() {
    let entries = day_of_software();
    let json = |report: &Report| serde_json::to_string_pretty(report).expect("it is written");
    let report = measured(&entries, "two features", None);
    assert_eq!(json(&report), json(&measured(&entries, "two features", None)));
    let read: Report = serde_json::from_str(&json(&report)).expect("it is read");
    assert_eq!(read, report);
    insta::assert_snapshot!("software", json(&report));
}

#[test]
fn a_page_is_the_same_each_time_needs_nothing_else_and_escapes_what_comes_from_files() {
    let hostile = "<script>alert(1)</script> & \"co\"";
    let report = measured(&day_of_software(), hostile, None);
    let page = page::report(&report).expect("it is made");
    assert_eq!(page, page::report(&report).expect("it is made"));
    assert!(page.contains("&lt;script&gt;alert(1)&lt;&#x2f;script&gt; &amp; &quot;co&quot;"), "{}", &page[..3_000]);
    for forbidden in ["<script", "http://", "https://", "src=", "@import", "url("] {
        let found = page.replace("http://www.w3.org/2000/svg", "").contains(forbidden);
        assert!(!found, "the page contains {forbidden}");
    }
    assert!(page.contains("SIMULATED"));
}

#[test]
fn two_reports_are_compared_figure_by_figure() {
    let mut hours = Hours::new();
    let id = hours.begun();
    hours.at(8).hand_in("api");
    let slow = hours.measured(24);
    hours.at(9).approve("api");
    hours.at(10).pass_gate("api");
    hours.at(12).must(manager(), Action::Instruction(id, InstructionAction::DecideGoNoGo));
    let done = hours.measured(24);
    let found = Comparison::between(("slow", &slow), ("done", &done));
    assert_eq!(found.cautions, Vec::<String>::new());
    let change = found.changes.iter().find(|change| change.name == "instructions completed").expect("it is compared");
    assert_eq!((change.before, change.after, change.relative, change.is_better), (0.0, 1.0, None, Some(true)));
    assert!(found.sentences.iter().any(|one| one == "Instructions open at the end: 0 instead of 1 (100 % less)."));
    let same = Comparison::between(("done", &done), ("done", &done));
    assert!(same.sentences.iter().any(|one| one == "No main figure is different."), "{:?}", same.sentences);
}

#[test]
fn a_report_is_shown_again_and_what_is_none_is_refused() {
    let home = Home::new();
    let report = measured(&day_of_software(), "two features", None);
    let written = serde_json::json!({ "version": 1, "answer": report }).to_string();
    let good = home.write("good.json", &written).display().to_string();
    let bad = home.write("bad.json", "{\"version\": 1}").display().to_string();
    let shown = home.done(&["sim", "show", &good]).stdout;
    assert!(shown.lines().all(|line| line.chars().count() <= 100), "{shown}");
    insta::assert_snapshot!("software_shown", shown);
    let again = home.done(&["sim", "show", &good, "--json"]).json();
    assert_eq!(serde_json::from_value::<Report>(again).expect("it is a report"), report);
    for (file, said) in [(bad.as_str(), "is no report"), ("nowhere.json", "cannot be read")] {
        let failed = home.echelon(&["sim", "compare", &good, file]);
        assert_eq!((failed.code, failed.stdout.as_str()), (Some(1), ""), "{failed:#?}");
        assert!(failed.stderr.contains(said) && failed.stderr.contains("--json"), "{failed:#?}");
    }
    assert!(home.done(&["sim", "compare", &good, &good]).stdout.contains("No main figure is different."));
}
