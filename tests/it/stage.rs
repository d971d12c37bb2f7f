//! A stage on which an organisation that ships plays instructions on virtual time: its managers decide by their policies
//! and its clocks fire when they are due; only the workers are played, as the chart says they behave.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use echelon::config;
use echelon::domain::command::{Action, Command, TaskAction};
use echelon::domain::decide::execute;
use echelon::domain::event::{Entry, Event, TaskEvent};
use echelon::domain::id::{EscalationId, InstructionId, Sequence, TaskId, WorkerId};
use echelon::domain::instruction::{self, Request};
use echelon::domain::org::WorkerKind;
use echelon::domain::policy::{Ids, Move, ReviewOrder, moves};
use echelon::domain::review::Basis;
use echelon::domain::role::{Principal, Role};
use echelon::domain::state::State;
use echelon::domain::task::{Blocker, BlockerKind, Failure, FailureClass, StateName};
use echelon::domain::time::{Anchor, Millis, OrgTime, Stamp, WallTime};
use echelon::domain::work::{CheckResult, Deliverable, Finding, Submission, Work};
use echelon::ledger::{Decide, Group};
use echelon::sim::{Checks, Violation};
use echelon::telemetry::narrative::{Importance, narrate, span};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use sha2::{Digest, Sha256};

use crate::support::inside;

/// When the curtain rises; any time would do.
const BEGIN: WallTime = WallTime::from_millis(1_780_000_000_000);

/// Signs of life come this often, in wall time.
const SIGN_EVERY: Millis = Millis::from_secs(1);

/// What somebody will do, and when.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Later {
    wall: WallTime,
    /// In which order they were begun, among those at the same time.
    number: u64,
    what: What,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum What {
    /// A worker ends an attempt.
    End(TaskId, u64, WorkerId),
    /// A worker gives a sign of life.
    Live(TaskId, u64),
    /// A worker ends a review.
    Judge(Role, ReviewOrder),
    /// Somebody looks again.
    Look(Role),
}

pub(crate) struct Stage {
    state: State,
    wall: WallTime,
    anchor: Anchor,
    ids: inside::NewIds,
    later: BTreeSet<Later>,
    number: u64,
    reviewing: BTreeSet<(Role, ReviewOrder)>,
    lines: String,
    entries: Vec<Entry>,
    /// Who is to look at what they owe.
    woken: BTreeSet<Role>,
    decide: Decide,
    checks: Checks,
    /// What did not hold: nothing is played after that.
    violation: Option<Violation>,
}

impl Stage {
    /// Sets up an organisation that ships, by the name of its chart.
    pub(crate) fn open(chart: &str) -> Self {
        Self::deciding_by(chart, Box::new(execute))
    }

    /// The same with decisions made otherwise: with a fault in them.
    pub(crate) fn deciding_by(chart: &str, decide: Decide) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("org").join(chart);
        let mut chart = config::load(&path).expect("the chart that ships is sound");
        chart.folder = "org".to_owned();
        let anchor = Anchor { wall: BEGIN, org: OrgTime::from_millis(BEGIN.as_millis()), speed: chart.clock.speed };
        let mut stage = Self {
            state: State::default(),
            wall: BEGIN,
            anchor,
            ids: inside::NewIds::default(),
            later: BTreeSet::new(),
            number: 0,
            reviewing: BTreeSet::new(),
            lines: String::new(),
            entries: Vec::new(),
            woken: BTreeSet::new(),
            decide,
            checks: Checks::new(Some(Sequence(1))),
            violation: None,
        };
        stage.give(&Principal::system(), Action::Start { program: "test".to_owned(), anchor }).expect("it starts");
        stage.give(&Principal::system(), Action::ApplyChart(Arc::new(chart))).expect("it applies");
        stage
    }

    /// Hands an instruction in.
    pub(crate) fn submit(&mut self, request: Request) -> InstructionId {
        let id = self.ids.instruction();
        self.give(&Principal::client(1000), Action::Submit { id, request }).expect("it is taken on");
        id
    }

    fn now(&self) -> Stamp {
        Stamp { org: self.anchor.org_at(self.wall), wall: self.wall }
    }

    fn give(&mut self, principal: &Principal, action: Action) -> Result<Vec<Entry>, String> {
        let command = Command { at: self.now(), principal: principal.clone(), action };
        let result = (self.decide)(&mut self.state, &command);
        let (stirred, archived) = (self.state.take_stirred(), self.state.take_archived());
        self.woken.extend(stirred.iter().cloned());
        let group = Group { results: vec![result], stirred, archived };
        if self.violation.is_none() {
            self.violation = self.checks.take(&[command], &group, &self.state).err();
        }
        let Group { mut results, archived, .. } = group;
        let entries = results.remove(0).map_err(|rejection| rejection.to_string())?;
        for entry in &entries {
            let line = narrate(entry, &self.state, &archived);
            if line.importance > Importance::Detail {
                let since = span(Millis(entry.at.org.as_millis() - BEGIN.as_millis()));
                let mark = if line.importance == Importance::Trouble { "!" } else { " " };
                writeln!(self.lines, "{since:>8} {mark} {}", without_ids(&line.text)).expect("a string takes it");
            }
        }
        self.entries.extend(entries.iter().cloned());
        Ok(entries)
    }

    /// Plays until every instruction is over, but no longer than `span` of the organisation's time. Everything that must
    /// always hold has to.
    #[track_caller]
    pub(crate) fn play(&mut self, span: Millis) {
        if let Some(violation) = self.play_until_violated(span) {
            panic!("{violation}");
        }
    }

    /// The same, until something does not hold that must.
    pub(crate) fn play_until_violated(&mut self, span: Millis) -> Option<Violation> {
        self.play_on(span);
        self.violation.clone()
    }

    fn play_on(&mut self, span: Millis) {
        let end = self.anchor.wall_at(self.now().org.plus(span));
        loop {
            self.settle();
            if self.violation.is_some() {
                return;
            }
            if self.state.instructions.is_empty() {
                self.violation = self.checks.end(&self.state).err();
                return;
            }
            let clock = self.state.deadlines().clock.map(|at| self.anchor.wall_at(at));
            let worker = self.later.first().map(|later| later.wall);
            let Some(next) = clock.into_iter().chain(worker).min().filter(|next| *next <= end) else {
                return;
            };
            self.wall = self.wall.max(next);
            while let Some(first) = self.later.first().filter(|first| first.wall <= self.wall).cloned() {
                self.later.remove(&first);
                self.happen(first.what);
            }
            let ids: Vec<EscalationId> = (0..64).map(|_| self.ids.escalation()).collect();
            self.give(&Principal::system(), Action::FireClocks { ids }).expect("clocks may fire");
        }
    }

    /// Everybody who was woken does what they do, until nobody is.
    fn settle(&mut self) {
        loop {
            let woken = std::mem::take(&mut self.woken);
            if woken.is_empty() || self.violation.is_some() {
                return;
            }
            for role in woken {
                self.turn(&role);
            }
        }
    }

    fn turn(&mut self, role: &Role) {
        if matches!(role, Role::Person(_) | Role::Operator) {
            return;
        }
        self.checks.looked(role);
        let principal = Principal::role(role.clone());
        let at = self.now();
        for next in moves(&self.state, role, at, &mut self.ids) {
            match next {
                // What another move has overtaken is refused, and owed again if it is still needed.
                Move::Commit(action) => drop(self.give(&principal, action)),
                Move::StartLater(_, wall) => self.later(wall, What::Look(role.clone())),
                Move::Attend(..) => {}
                Move::Plan(order) => unreachable!("nothing that is played here needs a planner or files: {order:?}"),
                Move::Start(task) => {
                    let started = self.give(&principal, Action::Task(task, TaskAction::StartAttempt));
                    let epoch = started.iter().flatten().find_map(|entry| match &entry.event {
                        Event::Task(id, TaskEvent::AttemptStarted { epoch, .. }) if *id == task => Some(*epoch),
                        _other => None,
                    });
                    if let (Some(epoch), Role::Ic(ic)) = (epoch, role) {
                        let worker = self.state.chart.ics[ic].worker.clone();
                        let wall = self.wall.plus(self.duration(&worker));
                        self.later(wall, What::End(task, u64::from(epoch.0), worker));
                        self.later(self.wall.plus(SIGN_EVERY), What::Live(task, u64::from(epoch.0)));
                    }
                }
                Move::Review(order) => {
                    if self.reviewing.insert((role.clone(), order.clone())) {
                        let wall = self.wall.plus(self.duration(&order.worker));
                        self.later(wall, What::Judge(role.clone(), order));
                    }
                }
            }
        }
    }

    fn later(&mut self, wall: WallTime, what: What) {
        self.number += 1;
        self.later.insert(Later { wall, number: self.number, what });
    }

    fn duration(&self, worker: &WorkerId) -> Millis {
        match &self.state.chart.workers[worker].kind {
            WorkerKind::Simulated { duration, .. } => *duration,
            WorkerKind::Command { .. } | WorkerKind::Acp { .. } => Millis(50),
            WorkerKind::Human { .. } => unreachable!("people start what they do themselves"),
        }
    }

    fn happen(&mut self, what: What) {
        match what {
            What::Look(role) => self.turn(&role),
            What::Live(task, epoch) => {
                let found = self.state.tasks.get(&task);
                let current = found.and_then(|found| Some((found.running_epoch()?, found.state.assignee()?.role())));
                if let Some((current, who)) = current.filter(|(current, _)| u64::from(current.0) == epoch) {
                    let action = TaskAction::Heartbeat { epoch: current, progress: None };
                    self.give(&Principal::role(who), Action::Task(task, action)).expect("the attempt is at work");
                    self.later(self.wall.plus(SIGN_EVERY), What::Live(task, epoch));
                }
            }
            What::End(task, epoch, worker) => {
                let Some(found) = self.state.tasks.get(&task) else { return };
                let Some(current) = found.running_epoch().filter(|current| u64::from(current.0) == epoch) else {
                    return;
                };
                let who = found.state.assignee().expect("an attempt is somebody's").role();
                let action = match worker.as_str() {
                    "breaks" => TaskAction::FailAttempt {
                        epoch: current,
                        failure: Failure { class: FailureClass::Permanent, message: "the material broke".to_owned() },
                    },
                    "stuck" => TaskAction::Block {
                        epoch: Some(current),
                        blocker: Blocker {
                            kind: BlockerKind::Reported("access".to_owned()),
                            description: "the production password is not in the vault".to_owned(),
                            needs: "somebody who may hand it out".to_owned(),
                            owner: echelon::domain::role::Level::DomainLead,
                        },
                    },
                    _simulated => TaskAction::HandIn {
                        epoch: current,
                        submission: Submission {
                            summary: "done".to_owned(),
                            artefacts: Vec::new(),
                            evidence: Vec::new(),
                            checks: checks_of(&found.work),
                            simulated: true,
                        },
                    },
                };
                self.give(&Principal::role(who), Action::Task(task, action)).expect("the attempt is the current one");
            }
            What::Judge(role, order) => {
                self.reviewing.remove(&(role.clone(), order.clone()));
                let basis = Basis::Worker { summary: "well done".to_owned(), simulated: true };
                let action = match order.gate {
                    None if self.wants_changes(&order) => TaskAction::RequestChanges {
                        findings: vec![Finding { text: "an example is missing".to_owned(), location: None }],
                        children: Vec::new(),
                        escalation: self.ids.escalation(),
                    },
                    None => TaskAction::Approve { basis },
                    Some(gate) => TaskAction::PassGate { gate, basis },
                };
                // Somebody else may have judged in the meantime.
                drop(self.give(&Principal::role(role), Action::Task(order.task, action)));
            }
        }
    }

    /// Whether a made-up reviewer asks for changes: by the seed of the chart, the same in every run.
    fn wants_changes(&self, order: &ReviewOrder) -> bool {
        let WorkerKind::Simulated { rework_rate, seed, .. } = &self.state.chart.workers[&order.worker].kind else {
            return false;
        };
        let digest = Sha256::new()
            .chain_update(seed.to_be_bytes())
            .chain_update(order.task.as_bytes())
            .chain_update(order.round.0.to_be_bytes())
            .finalize();
        StdRng::from_seed(digest.into()).random::<f64>() < *rework_rate
    }

    /// Names and states of what is not over.
    pub(crate) fn open_tasks(&self) -> Vec<(String, StateName)> {
        let open = self.state.tasks.values().filter(|task| !task.state.is_terminal());
        let mut open: Vec<_> = open.map(|task| (task.key.to_string(), task.state.name())).collect();
        open.sort();
        open
    }

    /// How an instruction ended; nothing if it has not.
    pub(crate) fn ended(&self, id: InstructionId) -> Option<instruction::StateName> {
        self.state.ended(id)
    }

    /// Everything that happened.
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What happened, in the words of the log, each with the organisation's time since the beginning.
    pub(crate) fn story(&self) -> &str {
        &self.lines
    }
}

/// What is said of the deliverables of work that was made up.
fn checks_of(work: &Work) -> Vec<CheckResult> {
    let check = |one: &Deliverable| CheckResult {
        path: one.path.clone(),
        check: "simulated".to_owned(),
        passed: true,
        detail: "no file was made".to_owned(),
    };
    work.deliverables.iter().map(check).collect()
}

/// A line without the ids in brackets, which say nothing to a reader here.
fn without_ids(line: &str) -> String {
    let mut words: Vec<&str> = line.split(' ').collect();
    words.retain(|word| !word.starts_with("(tsk_"));
    words.join(" ")
}
