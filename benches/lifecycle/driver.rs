//! The organisation without its actors: everybody's policy asked in turn, one group of commands for all of them at a time.
//! What this takes is what deciding, evolving, writing and the policies cost; what the real tree takes beyond it is the
//! actors' and the threads'.

use std::sync::Arc;

use echelon::clock::{Clock, SystemClock};
use echelon::domain::command::{Action, Command, TaskAction};
use echelon::domain::event::{Event, TaskEvent};
use echelon::domain::id::{Epoch, TaskId};
use echelon::domain::org::Chart;
use echelon::domain::policy::{Move, ReviewOrder, moves};
use echelon::domain::review::Basis;
use echelon::domain::role::{Principal, Role};
use echelon::domain::work::{CheckResult, Submission};
use echelon::ids::IdSource;
use echelon::ledger::{Group, Ledger};
use echelon::store::Store;

use super::house::{DOMAINS, request};

/// A ledger without a thread, and everybody's turns.
pub(super) struct Driver {
    ledger: Ledger,
    clock: Arc<dyn Clock>,
    ids: IdSource,
    /// Instructions that ended.
    pub(super) ended: usize,
    submitted: usize,
    /// Whether what was begun is handed in.
    pub(super) hands_in: bool,
    /// What is asked for next, each with what whoever asks speaks for.
    next: Vec<Command>,
}

impl Driver {
    pub(super) fn open(store: Box<dyn Store>, chart: &Arc<Chart>) -> Self {
        let (ledger, _) = Ledger::open(store).expect("the ledger opens");
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        let ids = IdSource::from_seed(Arc::clone(&clock), 1);
        let mut driver = Self { ledger, clock, ids, ended: 0, submitted: 0, hands_in: true, next: Vec::new() };
        driver.ask(Principal::system(), Action::ApplyChart(Arc::clone(chart)));
        driver.round();
        driver
    }

    pub(super) const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    fn ask(&mut self, principal: Principal, action: Action) {
        self.next.push(Command { at: self.clock.now(), principal, action });
    }

    pub(super) fn submit(&mut self) {
        self.submitted += 1;
        let action = Action::Submit { id: self.ids.instruction(), request: request(self.submitted % DOMAINS) };
        self.ask(Principal::client(0), action);
    }

    /// Runs instructions of one task to their end, so many at a time, until as many have ended.
    pub(super) fn run(&mut self, instructions: usize, in_flight: usize) {
        let last = self.ended + instructions;
        while self.ended < last {
            let under_way = self.submitted - self.ended;
            (under_way..in_flight.min(last - self.ended)).for_each(|_| self.submit());
            self.round();
        }
    }

    /// Decides on everything that was asked for, and lets everybody whom it concerns have a turn. `false` when nobody has
    /// anything to say any more.
    pub(super) fn round(&mut self) -> bool {
        let commands = std::mem::take(&mut self.next);
        let group = self.ledger.commit(&commands).expect("the store takes it");
        self.ended += group.archived.len();
        self.begun(&group);
        for role in &group.stirred {
            let at = self.clock.now();
            let mut ids = self.ids.clone();
            for one in moves(self.ledger.state(), role, at, &mut ids) {
                self.take(role, one);
            }
        }
        !self.next.is_empty()
    }

    fn take(&mut self, role: &Role, one: Move) {
        let principal = Principal::role(role.clone());
        match one {
            Move::Commit(action) => self.ask(principal, action),
            Move::Start(task) => self.ask(principal, Action::Task(task, TaskAction::StartAttempt)),
            Move::Review(order) => self.ask(principal, judged(&order)),
            Move::StartLater(..) | Move::Attend(..) | Move::Plan(_) => {}
        }
    }

    /// What was begun is handed in at once.
    fn begun(&mut self, group: &Group) {
        if !self.hands_in {
            return;
        }
        for entry in group.results.iter().flatten().flatten() {
            if let Event::Task(id, TaskEvent::AttemptStarted { epoch, .. }) = &entry.event {
                self.next.push(Command {
                    at: entry.at,
                    principal: entry.principal.clone(),
                    action: handed_in(*id, *epoch),
                });
            }
        }
    }
}

fn handed_in(task: TaskId, epoch: Epoch) -> Action {
    let check = CheckResult {
        path: "CHANGE.md".to_owned(),
        check: "simulated".to_owned(),
        passed: true,
        detail: "no file was made".to_owned(),
    };
    let submission = Submission {
        summary: "simulated: built and tested".to_owned(),
        artefacts: vec!["CHANGE.md".to_owned()],
        evidence: vec!["simulated: no work was done".to_owned()],
        checks: vec![check],
        simulated: true,
    };
    Action::Task(task, TaskAction::HandIn { epoch, submission })
}

fn judged(order: &ReviewOrder) -> Action {
    let basis = Basis::Worker { summary: "simulated: approved".to_owned(), simulated: true };
    let action = match order.gate {
        None => TaskAction::Approve { basis },
        Some(gate) => TaskAction::PassGate { gate, basis },
    };
    Action::Task(order.task, action)
}
