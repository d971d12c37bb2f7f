//! A stage on which an organisation plays one instruction on virtual time.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use echelon::config;
use echelon::domain::command::{Action, Command, TaskAction};
use echelon::domain::decide::execute;
use echelon::domain::event::{Entry, Event, TaskEvent};
use echelon::domain::id::{EscalationId, TaskId, WorkerId};
use echelon::domain::org::WorkerKind;
use echelon::domain::policy::{Ids, Move, moves};
use echelon::domain::reaction::liveness_faults;
use echelon::domain::review::Basis;
use echelon::domain::role::{Principal, Role};
use echelon::domain::state::State;
use echelon::domain::task::{Blocker, BlockerKind, Failure, FailureClass, StateName};
use echelon::domain::time::{Anchor, Millis, Stamp, WallTime};
use echelon::domain::work::Submission;
use echelon::telemetry::narrative::{Importance, narrate, span};

use crate::support::inside;

/// When the curtain rises; any time would do.
const BEGIN: WallTime = WallTime::from_millis(1_780_000_000_000);

/// After this much time of the organisation nothing new happens but reminders.
const CURTAIN: Millis = Millis::from_hours(60);

/// Signs of life come this often, in wall time: an hour of the organisation.
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
    Judge(Role, echelon::domain::policy::ReviewOrder),
    /// Somebody looks again.
    Look(Role),
}

pub(super) struct Stage {
    state: State,
    wall: WallTime,
    anchor: Anchor,
    ids: inside::NewIds,
    later: BTreeSet<Later>,
    number: u64,
    reviewing: BTreeSet<(Role, echelon::domain::policy::ReviewOrder)>,
    lines: String,
    keys: BTreeMap<TaskId, String>,
}

impl Stage {
    pub(super) fn open(chart: &str, text: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("org").join(chart);
        let mut chart = config::load(&path).expect("the chart that ships is sound");
        chart.folder = "org".to_owned();
        let anchor = Anchor {
            wall: BEGIN,
            org: echelon::domain::time::OrgTime::from_millis(BEGIN.as_millis()),
            speed: chart.clock.speed,
        };
        let mut stage = Self {
            state: State::default(),
            wall: BEGIN,
            anchor,
            ids: inside::NewIds::default(),
            later: BTreeSet::new(),
            number: 0,
            reviewing: BTreeSet::new(),
            lines: String::new(),
            keys: BTreeMap::new(),
        };
        stage.give(&Principal::system(), Action::Start { program: "test".to_owned(), anchor }).expect("it starts");
        stage.give(&Principal::system(), Action::ApplyChart(Arc::new(chart))).expect("it applies");
        let id = stage.ids.instruction();
        let request = inside::request(text);
        stage.give(&Principal::client(1000), Action::Submit { id, request }).expect("it is taken on");
        stage
    }

    fn now(&self) -> Stamp {
        Stamp { org: self.anchor.org_at(self.wall), wall: self.wall }
    }

    fn give(&mut self, principal: &Principal, action: Action) -> Result<Vec<Entry>, String> {
        let command = Command { at: self.now(), principal: principal.clone(), action };
        let entries = execute(&mut self.state, &command).map_err(|rejection| rejection.to_string())?;
        let archived = self.state.take_archived();
        for entry in &entries {
            for task in &archived {
                self.keys.extend(task.tasks.iter().map(|task| (task.id, task.key.to_string())));
            }
            let line = narrate(entry, &self.state, &archived);
            if line.importance > Importance::Detail {
                let since = span(Millis(entry.at.org.as_millis() - BEGIN.as_millis()));
                let mark = if line.importance == Importance::Trouble { "!" } else { " " };
                writeln!(self.lines, "{since:>8} {mark} {}", without_ids(&line.text)).expect("a string takes it");
            }
        }
        Ok(entries)
    }

    /// Plays until the curtain.
    pub(super) fn play(&mut self) {
        let end = self.anchor.wall_at(self.now().org.plus(CURTAIN));
        loop {
            self.settle();
            let faults = liveness_faults(&self.state);
            assert!(faults.is_empty(), "{faults:#?}");
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
            let woken = self.state.take_stirred();
            if woken.is_empty() {
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
        let principal = Principal::role(role.clone());
        let at = self.now();
        for next in moves(&self.state, role, at, &mut self.ids) {
            match next {
                // What another move has overtaken is refused, and owed again if it is still needed.
                Move::Commit(action) => drop(self.give(&principal, action)),
                Move::StartLater(_, wall) => self.later(wall, What::Look(role.clone())),
                Move::Attend(..) => {}
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
            WorkerKind::Command { .. } => Millis(50),
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
                            checks: Vec::new(),
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
                    None => TaskAction::Approve { basis },
                    Some(gate) => TaskAction::PassGate { gate, basis },
                };
                // Somebody else may have judged in the meantime.
                drop(self.give(&Principal::role(role), Action::Task(order.task, action)));
            }
        }
    }

    /// Names and states of what is not over.
    pub(super) fn open_tasks(&self) -> Vec<(String, StateName)> {
        let open = self.state.tasks.values().filter(|task| !task.state.is_terminal());
        let mut open: Vec<_> = open.map(|task| (task.key.to_string(), task.state.name())).collect();
        open.sort();
        open
    }

    pub(super) fn story(&self) -> &str {
        &self.lines
    }
}

/// A line without the ids in brackets, which say nothing to a reader here.
fn without_ids(line: &str) -> String {
    let mut words: Vec<&str> = line.split(' ').collect();
    words.retain(|word| !word.starts_with("(tsk_"));
    words.join(" ")
}
