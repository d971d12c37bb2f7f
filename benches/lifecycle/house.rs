//! An organisation whose workers are done at once, and the clients that keep it busy.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use echelon::actors::office::{NoProbe, Office, Recruit};
use echelon::actors::root;
use echelon::clock::{Clock, SystemClock};
use echelon::config;
use echelon::domain::command::{Action, Command};
use echelon::domain::decide::execute;
use echelon::domain::event::{Entry, Event, InstructionEvent};
use echelon::domain::evolve::evolve;
use echelon::domain::id::{DomainId, InstructionId, TaskId, WorkType};
use echelon::domain::instruction::{Request, StateName, Triage};
use echelon::domain::org::Chart;
use echelon::domain::plan::{Plan, Source};
use echelon::domain::policy::Ids;
use echelon::domain::rejection::Rejection;
use echelon::domain::review::TaskKind;
use echelon::domain::role::Principal;
use echelon::domain::state::State;
use echelon::domain::task::PlannedTask;
use echelon::domain::time::{Effort, Stamp};
use echelon::domain::work::{Complexity, Tier, Work};
use echelon::ids::IdSource;
use echelon::ledger::{Ledger, LedgerHandle};
use echelon::store::Store;
use echelon::worker::{Job, JobKind, Log, Outcome, Report, RunContext, RunFuture, Worker};
use tokio::sync::oneshot;

use super::footprint::resident_bytes;

/// Domains of the organisation, and kinds of work: one a domain.
pub(super) const DOMAINS: usize = 4;
/// ICs of a domain.
const ICS: usize = 16;
/// Tasks that an IC does at the same time, at most.
const PARALLEL_LIMIT: u32 = 16;

/// The organisation's chart, as if it had been read from files.
pub(super) fn chart(ics: usize) -> Arc<Chart> {
    let mut text = String::from("[organisation]\nname = \"bench\"\nworkflows = [");
    for domain in 0..DOMAINS {
        text.push_str(&format!("\"job-{domain}.toml\", "));
    }
    text.push_str("]\n[policy]\ndefault_tier = 1\n");
    text.push_str("[[worker]]\nid = \"instant\"\nkind = \"simulated\"\nduration = \"1ms\"\nreviews = true\n");
    text.push_str("[[department]]\nid = \"works\"\ntitle = \"Works\"\ndefault_work_type = \"job-0\"\n");
    for domain in 0..DOMAINS {
        text.push_str(&format!("[[domain]]\nid = \"domain-{domain}\"\ntitle = \"Domain {domain}\"\n"));
        for ic in 0..ics {
            text.push_str(&format!(
                "[[ic]]\ndomain = \"domain-{domain}\"\nid = \"ic-{ic:06}\"\ntitle = \"Somebody\"\n\
                 experience = \"senior\"\nskills = {{ rust = \"expert\", sql = \"advanced\" }}\nhours_per_day = 24\n\
                 parallel_limit = {PARALLEL_LIMIT}\nworker = \"instant\"\n"
            ));
        }
    }
    let read = |path: &Path| {
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        let domain = name.trim_start_matches("job-");
        let step = "key = \"build\"\ntitle = \"Build and test it\"\ndescription = \"Build this with its tests.\"\n\
                    effort = \"1m\"\ncomplexity = \"moderate\"\nskills = [\"rust\"]\n\
                    criteria = [\"it does what was asked for\", \"a test fails without it\"]\n\
                    [[step.deliverable]]\npath = \"CHANGE.md\"\nmin_bytes = 100\n";
        let text = format!(
            "work_type = \"{name}\"\ndescription = \"A small piece of work.\"\ntier = 1\n\
             [[step]]\ndomain = \"domain-{domain}\"\n{step}"
        );
        Ok(text.into_bytes())
    };
    Arc::new(config::parse(&text, Path::new("/bench/org.toml"), &read).expect("it is sound"))
}

/// Does everything at once, and says that it is made up.
struct Instant;

impl Worker for Instant {
    fn run<'a>(&'a self, job: &'a Job, _: RunContext) -> RunFuture<'a> {
        let outcome = match job.kind {
            JobKind::Work => Outcome::Done {
                summary: "simulated: built and tested".to_owned(),
                artefacts: vec!["CHANGE.md".to_owned()],
                evidence: vec!["simulated: no work was done".to_owned()],
                usage: None,
            },
            JobKind::Review | JobKind::Plan => Outcome::Approve { summary: "simulated: approved".to_owned() },
        };
        Box::pin(std::future::ready(Report { outcome: Ok(outcome), simulated: true, log: Log::default() }))
    }

    fn label(&self) -> &str {
        "instant"
    }

    fn describe(&self) -> String {
        "done at once".to_owned()
    }

    fn is_simulated(&self) -> bool {
        true
    }
}

/// Who waits for the end of which instruction.
type Waiting = Arc<Mutex<BTreeMap<InstructionId, oneshot::Sender<()>>>>;

/// A ledger's thread and the whole tree over it.
pub(super) struct House {
    pub(super) office: Arc<Office>,
    pub(super) completed: Arc<AtomicU64>,
    pub(super) events: Arc<AtomicU64>,
    /// Bytes of memory that the process had before the tree.
    pub(super) resident_before: u64,
    root: ractor::ActorRef<root::Msg>,
    thread: JoinHandle<Option<Ledger>>,
    waiting: Waiting,
    tasks: usize,
}

impl House {
    /// `tasks` are those of each instruction.
    pub(super) async fn open(store: Box<dyn Store>, chart: &Arc<Chart>, tasks: usize) -> Self {
        let (ledger, _) = Ledger::open(store).expect("the ledger opens");
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        let ids = IdSource::from_system(Arc::clone(&clock));
        let (waiting, completed, events) = (Waiting::default(), Arc::new(AtomicU64::new(0)), Arc::default());
        let watch = Watch {
            tasks,
            ids: ids.clone(),
            waiting: Arc::clone(&waiting),
            completed: Arc::clone(&completed),
            events: Arc::clone(&events),
        };
        let ledger = ledger.deciding_by(Box::new(move |state, command| watch.decide(state, command)));
        let (handle, thread) = LedgerHandle::start(ledger, clock).expect("a thread starts");
        let applied = handle.commit(&Principal::system(), vec![Action::ApplyChart(Arc::clone(chart))]).await;
        assert!(applied.expect("the ledger runs").iter().all(Result::is_ok));
        let recruit: Recruit = Box::new(|_, _| Some(Arc::new(Instant) as Arc<dyn Worker>));
        let (marker, probe) = (String::new(), Arc::new(NoProbe));
        let office = Office::staffed_by(recruit, handle, ids, Arc::clone(chart), PathBuf::new(), marker, probe);
        let office = Arc::new(office);
        let resident_before = resident_bytes();
        let (root, _) = root::spawn(root::Args { office: Arc::clone(&office) }).await.expect("it comes to life");
        Self { office, completed, events, resident_before, root, thread, waiting, tasks }
    }

    /// Has clients submit instructions, each the next once its last is done, until `goes_on` says otherwise. Answers with how
    /// long each took.
    pub(super) async fn busy(&self, in_flight: usize, goes_on: impl Fn() -> bool + Clone + Send + 'static) -> Vec<f64> {
        let mut clients = Vec::new();
        for number in 0..in_flight.div_ceil(self.tasks) {
            let (office, waiting, goes_on) = (Arc::clone(&self.office), Arc::clone(&self.waiting), goes_on.clone());
            clients.push(tokio::spawn(async move {
                let mut took = Vec::new();
                let mut domain = number;
                while goes_on() {
                    let begun = std::time::Instant::now();
                    let id = office.ids.instruction();
                    let (done, end) = oneshot::channel();
                    waiting.lock().expect("nobody panics").insert(id, done);
                    domain = (domain + 1) % DOMAINS;
                    let submit = Action::Submit { id, request: request(domain) };
                    let results = office.ledger.commit(&Principal::client(0), vec![submit]).await;
                    assert!(results.expect("the ledger runs").iter().all(Result::is_ok));
                    end.await.expect("it comes to an end");
                    took.push(begun.elapsed().as_secs_f64());
                }
                took
            }));
        }
        let mut took = Vec::new();
        for client in clients {
            took.extend(client.await.expect("a client ends"));
        }
        took
    }

    /// Everything durable and ended; gives the ledger back.
    pub(super) async fn close(self) -> Ledger {
        self.root.stop_and_wait(None, None).await.expect("it ends");
        self.office.ledger.close().await;
        drop(self.office);
        self.thread.join().expect("the ledger ends").expect("no write failed")
    }
}

/// Notes what is decided, where it is: a subscription would cost a copy of every event.
struct Watch {
    tasks: usize,
    ids: IdSource,
    waiting: Waiting,
    completed: Arc<AtomicU64>,
    events: Arc<AtomicU64>,
}

impl Watch {
    fn decide(&self, state: &mut State, command: &Command) -> Result<Vec<Entry>, Rejection> {
        let mut entries = execute(state, command)?;
        if let (Action::Submit { id, .. }, true) = (&command.action, self.tasks > 1) {
            self.plan(state, *id, command.at, &mut entries);
        }
        self.events.fetch_add(entries.len() as u64, Ordering::Relaxed);
        for entry in &entries {
            if let Event::Instruction(id, InstructionEvent::Completed { .. }) = &entry.event {
                self.completed.fetch_add(self.tasks as u64, Ordering::Relaxed);
                assert_eq!(state.ended(*id), Some(StateName::Completed));
                if let Some(done) = self.waiting.lock().expect("nobody panics").remove(id) {
                    // A client that is gone waits no more.
                    let _ = done.send(());
                }
            }
        }
        Ok(entries)
    }

    /// An instruction of the least tier with many tasks, which no plan may have: the journal is made up that far.
    fn plan(&self, state: &mut State, id: InstructionId, at: Stamp, entries: &mut Vec<Entry>) {
        let found = &state.instructions[&id];
        let work_type = found.request.work_type.clone().expect("it was given");
        let domain: DomainId =
            work_type.as_str().replace("job-", "works/domain-").parse().expect("a domain of the chart");
        let planned = (0..self.tasks).map(|number| task(number, &domain, self.ids.clone().task()));
        let plan = Box::new(Plan::of_tasks(Source::File, planned.collect()));
        let triage = Triage { tier: Tier::Simple, work_type, reasons: Vec::new() };
        for event in [
            InstructionEvent::Triaged(triage),
            InstructionEvent::Planned { plan },
            InstructionEvent::Queued { review: Vec::new() },
        ] {
            let at = Stamp { org: at.org.max(state.last.org), wall: at.wall };
            let (sequence, event) = (state.sequence.next(), Event::Instruction(id, event));
            let entry = Entry { sequence, at, principal: Principal::system(), event };
            evolve(state, &entry);
            entries.push(entry);
        }
    }
}

fn task(number: usize, domain: &DomainId, id: TaskId) -> PlannedTask {
    let work = Work {
        title: "Build and test it".to_owned(),
        description: "Build this with its tests.".to_owned(),
        effort: Effort::from_hours(1.0 / 60.0),
        complexity: Complexity::Moderate,
        skills: ["rust".parse().expect("a name")].into(),
        nice_to_have: Default::default(),
        position: None,
        security_sensitive: false,
        criteria: vec!["it does what was asked for".to_owned(), "a test fails without it".to_owned()],
        deliverables: Vec::new(),
    };
    let key = format!("step-{number}").parse().expect("a step's name");
    PlannedTask::new(id, key, TaskKind::Tactical, domain.clone(), Vec::new(), work)
}

pub(super) fn request(domain: usize) -> Request {
    let work_type: WorkType = format!("job-{domain}").parse().expect("a work type");
    Request {
        text: "Let users sort the list by date, newest first, and remember what they chose".to_owned(),
        work_type: Some(work_type),
        ..Request::default()
    }
}

/// The chart of the usual size.
pub(super) fn usual_chart() -> Arc<Chart> {
    chart(ICS)
}
