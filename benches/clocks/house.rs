//! A made-up journal of very many tasks, and a ledger's thread with a timer over it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use echelon::actors::office::{NoProbe, Office};
use echelon::actors::timer::{Args, Msg, Timer};
use echelon::clock::{Clock, SystemClock};
use echelon::config;
use echelon::domain::event::{Entry, Event, InstructionEvent, SCHEMA_VERSION};
use echelon::domain::id::{DomainId, InstructionId, Sequence, TaskId};
use echelon::domain::instruction::{Request, Triage};
use echelon::domain::org::Chart;
use echelon::domain::plan::{Plan, Source};
use echelon::domain::review::TaskKind;
use echelon::domain::role::Principal;
use echelon::domain::task::PlannedTask;
use echelon::domain::time::{Anchor, Effort, Millis, OrgTime, Stamp, WallTime};
use echelon::domain::work::{Complexity, Tier, Work};
use echelon::ids::IdSource;
use echelon::ledger::{Ledger, LedgerHandle, encode};
use echelon::store::{Batch, Record, Store};
use ractor::{Actor, ActorRef};

use super::{BEGIN, id};

/// Tasks of one instruction.
pub(super) const TASKS: usize = 10;
/// From a task's delegation to the first of its clocks: that nobody has said that they have it.
pub(super) const FIRST_CLOCK: Millis = Millis::from_hours(1);

/// Writes the journal of an organisation that has `tasks` tasks under way and nobody who does them. `due` says when the
/// first clock of a task fires, by its number.
pub(super) fn populate(store: &mut dyn Store, chart: &Arc<Chart>, tasks: usize, due: impl Fn(usize) -> OrgTime) {
    let department = chart.departments.keys().next().expect("there is one").clone();
    let domain = chart.domains.keys().next().expect("there is one").clone();
    let work_type = chart.workflows.keys().next().expect("there is one").clone();
    let (mut head, mut batch) = (None, Batch::default());
    let mut add = |at: OrgTime, event: Event, is_last: bool| {
        let sequence = head.map_or(Sequence(1), |(sequence, _): (Sequence, _)| sequence.next());
        let at = Stamp { org: at, wall: WallTime::from_millis(at.as_millis()) };
        let entry = Entry { sequence, at, principal: Principal::system(), event };
        let body = encode(&entry).expect("it can be encoded");
        let record = Record::after(head, SCHEMA_VERSION, body);
        head = Some(record.head());
        batch.records.push(record);
        if batch.records.len() >= 1_000 || is_last {
            store.commit(std::mem::take(&mut batch)).expect("the store takes it");
        }
    };
    add(OrgTime::from_millis(BEGIN), Event::ChartApplied(Arc::clone(chart)), false);
    for first in (0..tasks).step_by(TASKS) {
        let at = due(first).plus(Millis(-FIRST_CLOCK.0));
        let instruction = InstructionId::new(id(first));
        let planned = (first..first + TASKS).map(|number| task(number, &domain)).collect();
        let triage = Triage { tier: Tier::Moderate, work_type: work_type.clone(), reasons: Vec::new() };
        add(at, Event::Received { id: instruction, request: request(), department: department.clone() }, false);
        for event in [
            InstructionEvent::Triaged(triage),
            InstructionEvent::Planned { plan: Box::new(Plan::of_tasks(Source::File, planned)) },
            InstructionEvent::Queued { review: Vec::new() },
            InstructionEvent::Executing { baseline: None },
        ] {
            let is_last = matches!(event, InstructionEvent::Executing { .. }) && first + TASKS >= tasks;
            add(at, Event::Instruction(instruction, event), is_last);
        }
    }
}

fn task(number: usize, domain: &DomainId) -> PlannedTask {
    let work = Work {
        title: "Do it".to_owned(),
        description: String::new(),
        effort: Effort::from_hours(1.0),
        complexity: Complexity::Simple,
        skills: BTreeSet::new(),
        nice_to_have: BTreeSet::new(),
        position: None,
        security_sensitive: false,
        criteria: vec!["it is done".to_owned()],
        deliverables: Vec::new(),
    };
    let key = format!("step-{}", number % TASKS).parse().expect("a step's name");
    PlannedTask::new(TaskId::new(id(number)), key, TaskKind::Tactical, domain.clone(), Vec::new(), work)
}

pub(super) fn request() -> Request {
    Request {
        text: "do it".to_owned(),
        // The workflow is about one; nobody looks into it here.
        repository: Some("/repository".to_owned()),
        ..Request::default()
    }
}

pub(super) fn chart() -> Arc<Chart> {
    let chart = config::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("org/quickstart.toml"));
    Arc::new(chart.expect("it is sound"))
}

/// A ledger's thread and a timer, without an organisation.
pub(super) struct House {
    pub(super) office: Arc<Office>,
    timer: ActorRef<Msg>,
    thread: JoinHandle<Option<Ledger>>,
}

impl House {
    /// The organisation's clock stands at `start`.
    pub(super) async fn open(store: Box<dyn Store>, chart: Arc<Chart>, start: OrgTime) -> Self {
        let (ledger, _) = Ledger::open(store).expect("the ledger opens");
        let last = ledger.state().last;
        let anchor = Anchor { wall: SystemClock::default().now().wall, org: start, speed: 1 };
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::starting_after(last, anchor));
        let ids = IdSource::from_system(Arc::clone(&clock));
        let (handle, thread) = LedgerHandle::start(ledger, clock).expect("a thread starts");
        let office = Office::new(handle, ids, chart, PathBuf::new(), String::new(), Arc::new(NoProbe));
        let office = Arc::new(office);
        let (timer, _) = Actor::spawn(None, Timer, Args { office: Arc::clone(&office) }).await.expect("it starts");
        Self { office, timer, thread }
    }

    pub(super) async fn close(self) {
        self.timer.kill_and_wait(None).await.expect("it ends");
        self.office.ledger.close().await;
        drop(self.office);
        self.thread.join().expect("the ledger ends");
    }
}
