//! A chart, and a company whose roles do what policy says, without actors.

use std::collections::BTreeSet;
use std::sync::Arc;

use echelon::clock::{Clock, ManualClock};
use echelon::domain::command::{Action, Command, InstructionAction, TaskAction};
use echelon::domain::event::Entry;
use echelon::domain::id::{IcId, InstructionId, TaskId};
use echelon::domain::instruction::Request;
use echelon::domain::org::Chart;
use echelon::domain::policy::{Move, moves};
use echelon::domain::reaction::{Accountability, Duty};
use echelon::domain::rejection::Rejection;
use echelon::domain::role::{Principal, Role};
use echelon::domain::state::{Archived, Load, State};
use echelon::domain::task::{Failure, FailureClass};
use echelon::domain::time::{Millis, WallTime};
use echelon::domain::work::Submission;
use echelon::ids::IdSource;
use echelon::ledger::{Ledger, digest};

use crate::support::inside;

/// Two domains, so that there are handoffs, and one workflow for each way of working.
const CHART: &str = r#"
[organisation]
name = "office"
workflows = ["quick.toml", "full.toml"]

[policy]
max_retries = 1
retry_backoff = "1s"

[[department]]
id = "main"
title = "Main"
default_work_type = "quick"
[department.gates]
qa = "check"

[[domain]]
id = "build"
title = "Build"

[[domain]]
id = "check"
title = "Check"

[[ic]]
domain = "build"
id = "ann"
title = "Builder"
experience = "mid"
skills = { building = "expert" }
hours_per_day = 24
parallel_limit = 100
worker = "none"

[[ic]]
domain = "build"
id = "ben"
title = "Builder"
experience = "mid"
skills = { building = "expert" }
hours_per_day = 24
parallel_limit = 100
worker = "none"

[[ic]]
domain = "check"
id = "cid"
title = "Checker"
experience = "mid"
skills = { checking = "expert" }
hours_per_day = 24
parallel_limit = 100
worker = "none"

[[worker]]
id = "none"
kind = "simulated"
"#;

const QUICK: &str = r#"
work_type = "quick"
description = "One step."
tier = 0

[[step]]
key = "build"
title = "Build"
domain = "build"
effort = "6m"
skills = ["building"]
criteria = ["it is built"]
"#;

const FULL: &str = r#"
work_type = "full"
description = "Two steps and what holds them together."
tier = 2

[[step]]
key = "build"
title = "Build"
domain = "build"
effort = "6m"
skills = ["building"]
criteria = ["it is built"]

[[step]]
key = "extra"
title = "Extra"
domain = "build"
effort = "6m"
skills = ["building"]
criteria = ["it is there"]

[[step]]
key = "check"
title = "Check"
domain = "check"
needs = ["build", "extra"]
effort = "6m"
skills = ["checking"]
criteria = ["it holds"]
"#;

/// When these tests begin.
const START: WallTime = WallTime::from_millis(1_780_000_000_000);

pub(super) fn chart() -> Arc<Chart> {
    Arc::new(inside::read_chart(CHART, &[("quick.toml", QUICK), ("full.toml", FULL)]))
}

/// The same chart without one of the builders.
pub(super) fn smaller_chart() -> Arc<Chart> {
    let mut chart = chart().as_ref().clone();
    let ben: IcId = "main/build/ben".parse().expect("an IC's name");
    chart.ics.remove(&ben).expect("he was there");
    Arc::new(chart)
}

pub(super) fn request(work_type: &str, text: &str, key: Option<&str>) -> Request {
    Request {
        work_type: Some(work_type.parse().expect("a work type")),
        key: key.map(|key| key.parse().expect("a key")),
        ..inside::request(text)
    }
}

/// How attempts end, when the company works.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Attempts {
    Succeed,
    Fail(FailureClass),
    GoOn,
}

/// A company whose roles do what policy says, without actors and workers: time and ids are made here.
pub(super) struct Company {
    pub(super) clock: Arc<ManualClock>,
    pub(super) ids: IdSource,
    /// Everything that ended, as it was when it ended.
    pub(super) archived: Vec<Archived>,
}

impl Company {
    pub(super) fn new() -> Self {
        let clock = Arc::new(ManualClock::at(START));
        let ids = IdSource::from_seed(clock.clone(), 7);
        Self { clock, ids, archived: Vec::new() }
    }

    fn command(&self, principal: Principal, action: Action) -> Command {
        Command { at: self.clock.now(), principal, action }
    }

    pub(super) fn commit(&mut self, ledger: &mut Ledger, commands: &[Command]) -> Vec<Result<Vec<Entry>, Rejection>> {
        self.clock.advance(Millis(1));
        let group = ledger.commit(commands).expect("the store takes it");
        self.archived.extend(group.archived);
        group.results
    }

    pub(super) fn apply(&mut self, ledger: &mut Ledger, chart: Arc<Chart>) {
        let command = self.command(Principal::system(), Action::ApplyChart(chart));
        self.commit(ledger, &[command]);
    }

    /// As a person: asks for something and answers with what came of it.
    pub(super) fn ask(&mut self, ledger: &mut Ledger, action: Action) -> Result<Vec<Entry>, Rejection> {
        let command = self.command(Principal::client(0), action);
        self.commit(ledger, &[command]).pop().expect("one answer to one command")
    }

    /// Hands instructions in, all of them in one group.
    pub(super) fn submit(&mut self, ledger: &mut Ledger, requests: Vec<Request>) -> Vec<InstructionId> {
        let mut commands = Vec::new();
        let mut ids = Vec::new();
        for request in requests {
            let id = self.ids.instruction();
            ids.push(id);
            commands.push(self.command(Principal::client(0), Action::Submit { id, request }));
        }
        for result in self.commit(ledger, &commands) {
            result.expect("it can be taken on");
        }
        ids
    }

    pub(super) fn cancel(&mut self, ledger: &mut Ledger, id: InstructionId) -> Result<Vec<Entry>, Rejection> {
        let reason = "not needed any more".to_owned();
        self.ask(ledger, Action::Instruction(id, InstructionAction::Cancel { reason }))
    }

    pub(super) fn cancel_task(&mut self, ledger: &mut Ledger, id: TaskId) -> Result<Vec<Entry>, Rejection> {
        self.ask(ledger, Action::Task(id, TaskAction::Cancel { reason: "not needed any more".to_owned() }))
    }

    /// Every role makes its moves once, all in one group; `false` when there was nothing to do.
    pub(super) fn work(&mut self, ledger: &mut Ledger, attempts: Attempts) -> bool {
        let at = self.clock.now();
        let roles: BTreeSet<Role> = ledger.state().owed().map(|(role, _)| role.clone()).collect();
        let mut commands = Vec::new();
        for role in roles {
            let principal = Principal::role(role.clone());
            for made in moves(ledger.state(), &role, at, &mut self.ids) {
                let action = match made {
                    Move::Commit(action) => action,
                    Move::Start(task) => Action::Task(task, TaskAction::StartAttempt),
                    Move::Attend(task, epoch) => match attempts {
                        Attempts::GoOn => continue,
                        Attempts::Succeed => {
                            Action::Task(task, TaskAction::HandIn { epoch, submission: Submission::default() })
                        }
                        Attempts::Fail(class) => {
                            let failure = Failure { class, message: "it did not work".to_owned() };
                            Action::Task(task, TaskAction::FailAttempt { epoch, failure })
                        }
                    },
                    // Time passes below.
                    Move::StartLater(..) => continue,
                    Move::Review(order) => panic!("nobody has a worker to review {order:?}"),
                    Move::Plan(order) => panic!("nobody has a worker to plan {order:?}"),
                };
                commands.push(Command { at, principal: principal.clone(), action });
            }
        }
        if commands.is_empty() {
            return false;
        }
        self.clock.advance(Millis::from_secs(10));
        self.commit(ledger, &commands).iter().any(Result::is_ok)
    }

    /// Works until there is nothing left to do.
    pub(super) fn finish(&mut self, ledger: &mut Ledger) {
        while self.work(ledger, Attempts::Succeed) {}
    }
}

/// What is derived from a state and not part of its digest: who owes what, and how much everyone has to do.
type Derived =
    (Vec<(Role, Duty)>, Vec<(TaskId, Option<Accountability>)>, Vec<(InstructionId, Vec<(Role, Duty)>)>, Vec<Load>);

/// All there is to say about a state.
pub(super) fn whole(state: &State) -> ([u8; 32], Derived) {
    let owed = state.owed().map(|(role, duty)| (role.clone(), duty)).collect();
    let tasks = state.tasks.keys().map(|id| (*id, state.accountability(*id).cloned())).collect();
    let instructions = state.instructions.keys().map(|id| (*id, state.instruction_duties(*id).to_vec())).collect();
    let load = ["main/build/ann", "main/build/ben", "main/check/cid"]
        .map(|name| state.load(&name.parse().expect("an IC's name")))
        .to_vec();
    (digest(state), (owed, tasks, instructions, load))
}
