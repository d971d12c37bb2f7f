//! A made-up organisation of one domain, and instructions of very many tasks in it.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use echelon::config;
use echelon::domain::event::{Entry, Event, InstructionEvent};
use echelon::domain::evolve::evolve;
use echelon::domain::id::{DepartmentId, DomainId, EscalationId, InstructionId, QuestionId, TaskId};
use echelon::domain::instruction::{Request, Triage};
use echelon::domain::org::{Chart, Ic};
use echelon::domain::plan::{Plan, Source};
use echelon::domain::policy::Ids;
use echelon::domain::review::TaskKind;
use echelon::domain::role::Principal;
use echelon::domain::state::State;
use echelon::domain::task::PlannedTask;
use echelon::domain::time::{Effort, OrgTime, Stamp, WallTime};
use echelon::domain::work::{Complexity, Experience, SkillLevel, Tier, Work};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use uuid::Uuid;

/// Kinds of work: each takes two of the skills.
const SKILLS: [&str; 6] = ["go", "rust", "sql", "css", "bash", "python"];

/// New ids, each one more than the last.
#[derive(Default)]
pub(super) struct Counter(u128);

impl Counter {
    fn uuid(&mut self) -> Uuid {
        self.0 += 1;
        Uuid::from_u128(self.0)
    }
}

impl Ids for Counter {
    fn instruction(&mut self) -> InstructionId {
        InstructionId::new(self.uuid())
    }

    fn question(&mut self) -> QuestionId {
        QuestionId::new(self.uuid())
    }

    fn task(&mut self) -> TaskId {
        TaskId::new(self.uuid())
    }

    fn escalation(&mut self) -> EscalationId {
        EscalationId::new(self.uuid())
    }
}

/// So many hours after the beginning.
pub(super) fn at(hours: i64) -> Stamp {
    let millis = 1_780_000_000_000 + hours * 3_600_000;
    Stamp { org: OrgTime::from_millis(millis), wall: WallTime::from_millis(millis) }
}

pub(super) fn department() -> DepartmentId {
    domain().department()
}

pub(super) fn domain() -> DomainId {
    "software/engineering".parse().expect("it is one of the quickstart's")
}

/// The quickstart's organisation with this many ICs in one domain, each with some of the skills.
pub(super) fn organisation(ics: usize) -> State {
    let chart = config::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("org/quickstart.toml"));
    let chart: Chart = chart.expect("it is sound");
    let pattern: Ic = chart.ics.values().next().expect("there is one").clone();
    let mut random = StdRng::seed_from_u64(1);
    let somebody = |number: usize| {
        let id = domain().ic(&format!("ic-{number:04}")).expect("it is a name");
        // Everybody is good enough at everything, so that everybody is a candidate for everything.
        let mut level =
            || [SkillLevel::Intermediate, SkillLevel::Advanced, SkillLevel::Expert][random.random_range(0..3)];
        let skills = SKILLS.iter().map(|skill| (skill.parse().expect("a name"), level())).collect();
        let experience = Experience::Senior;
        let hours_per_day = Effort::from_hours(8.0);
        (id.clone(), Ic { id, skills, experience, hours_per_day, ..pattern.clone() })
    };
    let ics = (0..ics).map(somebody).collect();
    let mut state = State::default();
    happens(&mut state, Event::ChartApplied(Arc::new(Chart { ics, ..chart })));
    state
}

fn happens(state: &mut State, event: Event) {
    let entry = Entry { sequence: state.sequence.next(), at: at(0), principal: Principal::system(), event };
    evolve(state, &entry);
}

/// An instruction with so many tasks that nobody has, of so many hours each.
pub(super) fn pending(state: &mut State, tasks: usize, hours: f64, ids: &mut Counter) {
    let planned = (0..tasks).map(|number| task(number, hours, Vec::new(), ids)).collect();
    run_by(state, Plan::of_tasks(Source::File, planned), ids);
}

/// An instruction that runs by a plan.
pub(super) fn run_by(state: &mut State, plan: Plan, ids: &mut Counter) -> InstructionId {
    let id = ids.instruction();
    let work_type = state.chart.workflows.keys().next().expect("there is one").clone();
    let request = Request { text: "do it".to_owned(), ..Request::default() };
    happens(state, Event::Received { id, request, department: department() });
    let triage = Triage { tier: Tier::Moderate, work_type, reasons: Vec::new() };
    for event in [
        InstructionEvent::Triaged(triage),
        InstructionEvent::Planned { plan: Box::new(plan) },
        InstructionEvent::Queued { review: Vec::new() },
        InstructionEvent::Executing { baseline: None },
    ] {
        happens(state, Event::Instruction(id, event));
    }
    state.take_stirred();
    state.take_changed();
    id
}

/// Tasks with so many dependencies, each on tasks that come before it.
pub(super) fn graph(tasks: usize, needs: usize, ids: &mut Counter) -> Vec<PlannedTask> {
    let mut random = StdRng::seed_from_u64(2);
    let mut edges: BTreeSet<(usize, usize)> = BTreeSet::new();
    while edges.len() < needs {
        let to = random.random_range(1..tasks);
        // Near ones mostly, as in plans: that makes long ways through.
        let from = to - random.random_range(1..=to.min(50));
        edges.insert((to, from));
    }
    let known: Vec<TaskId> = (0..tasks).map(|_| ids.task()).collect();
    (0..tasks)
        .map(|number| {
            let before = edges.range((number, 0)..(number + 1, 0)).map(|(_, from)| known[*from]).collect();
            PlannedTask { id: known[number], ..task(number, 2.0, before, ids) }
        })
        .collect()
}

fn task(number: usize, hours: f64, needs: Vec<TaskId>, ids: &mut Counter) -> PlannedTask {
    let skill = |place: usize| SKILLS[place % SKILLS.len()].parse().expect("a name");
    let work = Work {
        title: "Do it".to_owned(),
        description: String::new(),
        effort: Effort::from_hours(hours),
        complexity: [Complexity::Simple, Complexity::Moderate, Complexity::High][number % 3],
        skills: BTreeSet::from([skill(number), skill(number + 1)]),
        nice_to_have: BTreeSet::from([skill(number + 2)]),
        position: None,
        security_sensitive: false,
        criteria: vec!["it is done".to_owned()],
        deliverables: Vec::new(),
    };
    let key = format!("task-{number}").parse().expect("a step's name");
    PlannedTask::new(ids.task(), key, TaskKind::Tactical, domain(), needs, work)
}
