//! Commands by chance: mostly what somebody owes, done well or badly; sometimes anything by anybody.

use std::sync::Arc;

use echelon::domain::admission::{self, Verdict};
use echelon::domain::assignment::Explanation;
use echelon::domain::command::{Action, AfterBlock, InstructionAction, TaskAction};
use echelon::domain::id::{EscalationId, InstructionId, QuestionId, StepKey, TaskId};
use echelon::domain::instruction::{Deadline, HoldKind, Request, State as InstructionState};
use echelon::domain::plan::{Consult, Part, Plan, Source};
use echelon::domain::plan_review::left_to_a_person;
use echelon::domain::presence::{Absence, AbsenceKind};
use echelon::domain::reaction::Duty;
use echelon::domain::review::{Gate, TaskKind};
use echelon::domain::risk::Risk;
use echelon::domain::role::{Level, Principal, Role};
use echelon::domain::task::{
    Assignee, Blocker, BlockerKind, CancelledDecision, FailureClass, PlannedTask, State as TaskState, StateName, Task,
    Trouble,
};
use echelon::domain::time::{Effort, Millis};
use echelon::domain::work::{Priority, Tier};

use crate::lifecycle::world::{
    ICS, World, basis, chart, domain, failure, finding, ic_id, manager, person, submission, system, tech_lead, work,
};
use crate::support::inside;

const DOMAINS: [&str; 4] = ["backend", "frontend", "qa", "security"];
const LEVELS: [Level; 4] = [Level::DomainLead, Level::TechLead, Level::EngineeringManager, Level::Person];

/// A number that is used up choice by choice.
struct Dice(u64);

impl Dice {
    /// A number below `sides`. What is left is mixed, so that later choices do not hang on earlier ones.
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed >> 33) % sides.max(1) as u64).expect("below the number of sides")
    }

    fn once_in(&mut self, times: usize) -> bool {
        self.roll(times) == 0
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> Option<T> {
        from.get(self.roll(from.len())).cloned()
    }

    fn one<T: Copy, const N: usize>(&mut self, from: [T; N]) -> T {
        from[self.roll(N)]
    }
}

/// Gives one command, or a few hours pass.
pub(super) fn step(world: &mut World, number: u64) {
    let mut dice = Dice(number);
    let open = world.state.instructions.len();
    let chosen = match dice.roll(100) {
        _ if open == 0 => Some((person(), submit(world, &mut dice))),
        0..4 if open < 4 => Some((person(), submit(world, &mut dice))),
        0..6 => Some((person(), other_chart(&mut dice))),
        6..12 => about_an_instruction(world, &mut dice),
        12..15 => {
            world.millis += dice.one([60_000, 3_600_000, 5 * 3_600_000, 30 * 3_600_000]);
            None
        }
        15..19 => {
            let ids = (0..1 + dice.roll(8)).map(|_| EscalationId::new(world.new_id())).collect();
            Some((system(), Action::FireClocks { ids }))
        }
        19 => Some((system(), Action::ExpireLeases { limit: dice.roll(3) })),
        20..23 => Some(presence(world, &mut dice)),
        23..35 => anything(world, &mut dice),
        _ => something_owed(world, &mut dice),
    };
    if let Some((principal, action)) = chosen {
        // A refusal must change nothing; that it is one is somebody else's test.
        let _refused = world.give(principal, action);
    }
}

fn submit(world: &mut World, dice: &mut Dice) -> Action {
    let id = InstructionId::new(world.new_id());
    let tier = dice.one([Tier::Trivial, Tier::Simple, Tier::Moderate, Tier::Moderate, Tier::Complex, Tier::Complex]);
    let text = format!("number {}", dice.roll(9));
    let others: Vec<InstructionId> = world.state.instructions.keys().copied().collect();
    let depends_on = dice.pick(&others).filter(|_| dice.once_in(3)).into_iter().collect();
    let request = Request {
        priority: dice.one([Priority::Low, Priority::Normal, Priority::Critical, Priority::Critical]),
        tier: Some(tier),
        depends_on,
        deadline: dice.once_in(4).then(|| Deadline::Within(Millis::from_hours(dice.one([1, 10, 100])))),
        customer_commitment: dice.once_in(4),
        budget: dice.once_in(6).then(|| Effort::from_hours(dice.one([1.0, 8.0, 100.0]))),
        risk: dice.once_in(3).then(|| some_risk(dice)),
        ..inside::request(&text)
    };
    Action::Submit { id, request }
}

/// A risk of any band.
fn some_risk(dice: &mut Dice) -> Risk {
    let mut score = || dice.one([1, 3, 5, 8]);
    Risk { technical_complexity: score(), scope_ambiguity: score(), data_integrity: score(), ..Risk::default() }
        .max(&Risk { security_sensitivity: score(), external_dependencies: score(), ..Risk::default() })
}

/// Somebody comes or goes, or what failed is there again with the next daemon.
fn presence(world: &World, dice: &mut Dice) -> (Principal, Action) {
    let absent: Vec<Role> = world.state.absent.keys().cloned().collect();
    match (dice.pick(&absent), dice.roll(4)) {
        (Some(role), 0..2) => (system(), Action::SetPresence { role, absence: None }),
        (Some(_), 2) => (system(), Action::Start { program: "test".to_owned(), anchor: world.state.anchor }),
        _others => {
            let department = || "dev".parse().expect("a name");
            let role = match dice.roll(6) {
                0 => Role::TechLead(department()),
                1 => Role::EngineeringManager(department()),
                2 | 3 => Role::DomainLead(domain(dice.one(DOMAINS))),
                _ => Role::Ic(ic_id(dice.one(ICS))),
            };
            let kind = dice.one([AbsenceKind::Away, AbsenceKind::Dead]);
            (system(), Action::SetPresence { role, absence: Some(Absence { kind, reason: "by chance".to_owned() }) })
        }
    }
}

/// The chart with some ICs away, and sometimes without the holders of its gates.
fn other_chart(dice: &mut Dice) -> Action {
    let mut next = chart(!dice.once_in(3));
    for name in ICS {
        if dice.once_in(4) {
            next.ics.remove(&ic_id(name));
        }
    }
    if dice.once_in(4) {
        let gone = dice.one(DOMAINS);
        next.domains.remove(&domain(gone));
        next.ics.retain(|id, _| id.domain() != domain(gone));
        for department in next.departments.values_mut() {
            department.gates.retain(|_, holder| *holder != domain(gone));
        }
    }
    Action::ApplyChart(Arc::new(next))
}

fn about_an_instruction(world: &mut World, dice: &mut Dice) -> Option<(Principal, Action)> {
    let ids: Vec<_> = world.state.instructions.keys().copied().collect();
    let id = dice.pick(&ids)?;
    let reason = "because".to_owned();
    let action = match dice.roll(16) {
        0 => InstructionAction::Cancel { reason },
        1 => InstructionAction::Reject { reason },
        2..5 => InstructionAction::Pause { reason, until: None },
        5 => InstructionAction::Pause { reason, until: dice.pick(&ids) },
        6..11 => InstructionAction::Resume,
        11..13 => InstructionAction::Arbitrate { first: dice.once_in(2), reason },
        13..15 => InstructionAction::Amend { tasks: plan(world, dice, TaskKind::Tactical, 1), reason },
        _ => InstructionAction::DecideGoNoGo,
    };
    Some((dice.one([Who::Manager, Who::Person]).principal(), Action::Instruction(id, action)))
}

#[derive(Clone, Copy)]
enum Who {
    Manager,
    Person,
}

impl Who {
    fn principal(self) -> Principal {
        match self {
            Self::Manager => manager(),
            Self::Person => person(),
        }
    }
}

/// A plan of the size its tier asks for, each task after those it needs.
fn plan(world: &mut World, dice: &mut Dice, kind: TaskKind, size: usize) -> Vec<PlannedTask> {
    let places: Vec<_> =
        DOMAINS.into_iter().filter(|name| world.state.chart.domains.contains_key(&domain(name))).collect();
    let mut tasks: Vec<PlannedTask> = Vec::new();
    for _ in 0..size {
        let uuid = world.new_id();
        let key: StepKey = format!("t{}", uuid.as_u128()).parse().expect("a name");
        let id = TaskId::new(uuid);
        world.keys.insert(key.to_string(), id);
        let mut asked = work(key.as_str());
        asked.security_sensitive = dice.once_in(4);
        if kind == TaskKind::Strategic {
            // As much as makes instructions compete.
            asked.effort = Effort::from_hours(dice.one([4.0, 20.0, 60.0]));
        }
        let place = domain(dice.pick(&places).unwrap_or("backend"));
        let needs = tasks.iter().filter(|_| dice.once_in(3)).map(|task| task.id).collect();
        let mut task = PlannedTask::new(id, key, kind, place, needs, asked);
        task.checkpoint = kind == TaskKind::Strategic && dice.once_in(4);
        tasks.push(task);
    }
    tasks
}

/// The plan of an instruction with these tasks: sometimes somebody is asked about it, and sometimes others do it.
fn whole_plan(world: &mut World, dice: &mut Dice, tasks: Vec<PlannedTask>) -> Plan {
    let mut plan = Plan::of_tasks(Source::File, tasks);
    if dice.once_in(8) && plan.tasks.len() > 1 {
        plan.tasks.clear();
        let (first, second) = (InstructionId::new(world.new_id()), InstructionId::new(world.new_id()));
        let part = |id: InstructionId, key: &str, needs: Vec<InstructionId>| Part {
            id,
            key: key.parse().expect("a name"),
            department: "dev".parse().expect("a name"),
            work_type: "feature".parse().expect("a name"),
            text: format!("do the {key} part"),
            needs,
        };
        plan.parts = vec![part(first, "first", Vec::new()), part(second, "second", vec![first])];
    }
    if dice.once_in(4) {
        plan.consultations.push(Consult {
            id: QuestionId::new(world.new_id()),
            whom: Role::DomainLead(domain(dice.one(DOMAINS))),
            question: "does it fit?".to_owned(),
            blocking: dice.once_in(2),
            within: Millis::from_hours(1),
        });
    }
    plan
}

/// What is done about an instruction that is held.
fn about_a_hold(world: &World, dice: &mut Dice, id: InstructionId) -> InstructionAction {
    let reason = "somebody has to".to_owned();
    match &world.state.instructions[&id].held {
        Some(hold) if hold.kind == HoldKind::DependencyLost => match dice.pick(&hold.behind) {
            Some(on) if dice.once_in(2) => InstructionAction::WaiveDependency { on, reason },
            _other => InstructionAction::Cancel { reason },
        },
        _other => InstructionAction::Arbitrate { first: dice.once_in(2), reason },
    }
}

/// What somebody owes, done well or badly.
fn something_owed(world: &mut World, dice: &mut Dice) -> Option<(Principal, Action)> {
    let owed: Vec<_> = world.state.owed().map(|(role, duty)| (role.clone(), duty)).collect();
    let (role, duty) = dice.pick(&owed)?;
    let principal = Principal::role(role.clone());
    let action = match duty {
        Duty::Triage(id) => {
            // What is a part of another does not say its tier.
            let tier = world.state.instructions[&id].request.tier.unwrap_or(Tier::Moderate);
            let work_type = "feature".parse().expect("a name");
            Action::Instruction(id, InstructionAction::Triage { tier, work_type, reasons: Vec::new() })
        }
        Duty::Plan(id) => {
            let tier = world.state.instructions[&id].tier().expect("triaged");
            let (kind, size) = match tier {
                Tier::Trivial | Tier::Simple => (TaskKind::Tactical, 1),
                Tier::Moderate => (TaskKind::Tactical, 2 + dice.roll(4)),
                Tier::Complex | Tier::Expert => (TaskKind::Strategic, 5),
            };
            let tasks = plan(world, dice, kind, size);
            let plan = Box::new(whole_plan(world, dice, tasks));
            Action::Instruction(id, InstructionAction::Plan { plan })
        }
        Duty::ApprovePlan(id) => {
            let is_for_a_person = !left_to_a_person(&world.state, &world.state.instructions[&id]).is_empty();
            let asks = is_for_a_person && world.state.instructions[&id].state == InstructionState::Planned;
            Action::Instruction(
                id,
                match asks || dice.once_in(8) {
                    true => InstructionAction::AskApproval { reasons: vec!["it is risky".to_owned()] },
                    false => InstructionAction::ApprovePlan { review: Vec::new() },
                },
            )
        }
        Duty::Release(id) => {
            let action = match admission::look(&world.state, &world.state.instructions[&id]) {
                Verdict::Wait(hold) if !dice.once_in(4) => InstructionAction::Hold(hold),
                Verdict::Wait(_) | Verdict::Begin => InstructionAction::Release,
            };
            Action::Instruction(id, action)
        }
        Duty::Arbitrate(id) => Action::Instruction(id, about_a_hold(world, dice, id)),
        Duty::Replan(id) => {
            let decision = "it takes longer".to_owned();
            Action::Instruction(id, InstructionAction::Rebaseline { decision, hurry: Vec::new() })
        }
        Duty::FillBrief(id) => {
            Action::Instruction(id, InstructionAction::FillBrief { fields: std::collections::BTreeMap::new() })
        }
        Duty::Consult(id, question) => {
            let text = "go on".to_owned();
            Action::Instruction(id, InstructionAction::AnswerConsultation { question, text })
        }
        Duty::DecideGoNoGo(id) | Duty::ResolveNoGo(id) => Action::Instruction(id, InstructionAction::DecideGoNoGo),
        about_a_task => {
            let task = world.state.tasks[&about_a_task.task().expect("the rest is about tasks")].clone();
            Action::Task(task.id, for_a_duty(world, dice, &role, &about_a_task, &task))
        }
    };
    Some((principal, action))
}

fn for_a_duty(world: &mut World, dice: &mut Dice, role: &Role, duty: &Duty, task: &Task) -> TaskAction {
    let kind = match duty {
        Duty::BeginPlanning(_) => Kind::BeginPlanning,
        Duty::BreakDown(_) => Kind::BreakDown,
        Duty::Assign(_) => dice.one([Kind::Assign, Kind::Assign, Kind::Assign, Kind::Assign, Kind::Block, Kind::Wait]),
        Duty::Start(_) => Kind::Start,
        Duty::Attend(_) => {
            dice.one([Kind::HandIn, Kind::HandIn, Kind::HandIn, Kind::Fail, Kind::Ask, Kind::Block, Kind::Heartbeat])
        }
        Duty::Review(_) => dice.one([Kind::Approve, Kind::Approve, Kind::Approve, Kind::Changes, Kind::Ask]),
        Duty::NameReviewer(_) => Kind::Reviewer,
        Duty::DecideGate(_) => {
            dice.one([Kind::PassGate, Kind::PassGate, Kind::PassGate, Kind::PassGate, Kind::Changes])
        }
        Duty::ClearBlocker(_) => dice.one([Kind::Resolve, Kind::Resolve, Kind::Escalate]),
        Duty::DecideCancelled(_) => Kind::DecideCancelled,
        Duty::ReceiveHandoff(_) => dice.one([Kind::AcceptHandoff, Kind::RejectHandoff]),
        Duty::Answer(..) => Kind::Answer,
        Duty::HoldEscalation(..) => {
            dice.one([Kind::Decide, Kind::Close, Kind::Raise, Kind::Approve, Kind::Changes, Kind::SkipGate])
        }
        Duty::Acknowledge(_) => Kind::Acknowledge,
        Duty::GoAhead(_) => dice.one([Kind::GoAhead, Kind::GoAhead, Kind::AskGoAhead]),
        // No lead here breaks a milestone down across domains.
        Duty::ReviewBreakdown(_) => unreachable!("no plan here asks for it"),
        Duty::Read(_)
        | Duty::FillBrief(_)
        | Duty::Consult(..)
        | Duty::Arbitrate(_)
        | Duty::Replan(_)
        | Duty::Triage(_)
        | Duty::Plan(_)
        | Duty::ApprovePlan(_)
        | Duty::Release(_)
        | Duty::DecideGoNoGo(_)
        | Duty::ResolveNoGo(_) => unreachable!("about instructions"),
    };
    action(world, dice, kind, task, role)
}

/// Anything about some task, by somebody who might.
fn anything(world: &mut World, dice: &mut Dice) -> Option<(Principal, Action)> {
    // Every third time about something that few tasks are at a time.
    let rare = dice.once_in(3);
    let ids: Vec<_> = world
        .state
        .tasks
        .values()
        .filter(|task| !rare || task.state.name() >= StateName::Blocked)
        .map(|task| task.id)
        .collect();
    let task = world.state.tasks[&dice.pick(&ids)?].clone();
    let author = task.state.assignee().map(|found| Principal::role(found.role()));
    let place = Role::DomainLead(task.domain.clone());
    let (principal, kinds): (Principal, &[Kind]) = match dice.roll(6) {
        0 => (author.unwrap_or_else(system), Kind::ALL),
        1 => (
            Principal::role(place.clone()),
            &[Kind::Unassign, Kind::Reassign, Kind::Block, Kind::Escalate, Kind::Resolve, Kind::Reviewer, Kind::Raise],
        ),
        2 => (tech_lead(), Kind::ALL),
        3 => (
            person(),
            &[Kind::Cancel, Kind::Resolve, Kind::Answer, Kind::DecideCancelled, Kind::GrantTime, Kind::Scope],
        ),
        4 => (
            system(),
            &[
                Kind::Fail,
                Kind::Unassign,
                Kind::Reassign,
                Kind::Escalate,
                Kind::Raise,
                Kind::Raise,
                Kind::Resolve,
                Kind::Close,
                Kind::Block,
                Kind::Cancel,
            ],
        ),
        _ => (manager(), Kind::ALL),
    };
    let kind = dice.pick(kinds)?;
    let action = action(world, dice, kind, &task, &place);
    Some((principal, Action::Task(task.id, action)))
}

#[derive(Clone, Copy)]
enum Kind {
    BeginPlanning,
    GoAhead,
    AskGoAhead,
    BreakDown,
    Assign,
    Unassign,
    Reassign,
    Start,
    Heartbeat,
    HandIn,
    Fail,
    Block,
    Escalate,
    Resolve,
    Reviewer,
    Approve,
    PassGate,
    SkipGate,
    Changes,
    AcceptHandoff,
    RejectHandoff,
    Cancel,
    Ask,
    Answer,
    GrantTime,
    Scope,
    Raise,
    Decide,
    Close,
    DecideCancelled,
    Acknowledge,
    Wait,
}

impl Kind {
    const ALL: &[Self] = &[
        Self::BeginPlanning,
        Self::GoAhead,
        Self::BreakDown,
        Self::Assign,
        Self::Unassign,
        Self::Reassign,
        Self::Start,
        Self::HandIn,
        Self::Fail,
        Self::Block,
        Self::Escalate,
        Self::Resolve,
        Self::Reviewer,
        Self::Approve,
        Self::PassGate,
        Self::SkipGate,
        Self::Changes,
        Self::AcceptHandoff,
        Self::RejectHandoff,
        Self::Cancel,
        Self::Ask,
        Self::Scope,
        Self::Raise,
        Self::Decide,
        Self::Close,
        Self::DecideCancelled,
        Self::Acknowledge,
        Self::Wait,
    ];
}

fn some_ic(dice: &mut Dice) -> echelon::domain::id::IcId {
    ic_id(dice.one(ICS))
}

fn children(world: &mut World, dice: &mut Dice, task: &Task) -> Vec<PlannedTask> {
    if task.kind == TaskKind::Tactical {
        return Vec::new();
    }
    let size = 1 + dice.roll(3);
    plan(world, dice, TaskKind::Tactical, size)
}

fn some_blocker(dice: &mut Dice, task: &Task) -> Blocker {
    let kind = match dice.roll(5) {
        0 => BlockerKind::NobodyQualified,
        1 => BlockerKind::Failed,
        2 => task.needs.first().map_or(BlockerKind::TooManyRounds, |need| BlockerKind::DependencyCancelled(*need)),
        _ => BlockerKind::Reported("access".to_owned()),
    };
    Blocker { kind, description: "stuck".to_owned(), needs: "a push".to_owned(), owner: dice.one(LEVELS) }
}

fn some_failure(dice: &mut Dice) -> FailureClass {
    dice.one([
        FailureClass::Transient,
        FailureClass::Transient,
        FailureClass::Quota { reset: None },
        FailureClass::Lost { restarted: false },
        FailureClass::Lost { restarted: true },
        FailureClass::Permanent,
    ])
}

fn action(world: &mut World, dice: &mut Dice, kind: Kind, task: &Task, role: &Role) -> TaskAction {
    let epoch = task.epoch;
    let reason = "because".to_owned();
    let gate = match &task.state {
        TaskState::DomainReview { gate, .. } => *gate,
        _other => Gate::DomainLead,
    };
    let receivers: Vec<_> = world.state.receivers(task).into_iter().collect();
    let receiver = match role {
        Role::DomainLead(domain) if receivers.contains(domain) => domain.clone(),
        _other => dice.pick(&receivers).unwrap_or_else(|| domain("qa")),
    };
    let record = task.escalations.keys().next().copied();
    let new = EscalationId::new(world.new_id());
    let id = record.unwrap_or(new);
    match kind {
        Kind::BeginPlanning => TaskAction::BeginPlanning,
        Kind::BreakDown => TaskAction::BreakDown { children: children(world, dice, task) },
        Kind::Assign => TaskAction::Assign { to: Assignee::Ic(some_ic(dice)), explanation: Explanation::default() },
        Kind::Unassign => TaskAction::Unassign { reason },
        Kind::Reassign => TaskAction::Reassign { to: some_ic(dice), reason },
        Kind::Start => TaskAction::StartAttempt,
        Kind::Heartbeat => TaskAction::Heartbeat { epoch, progress: None },
        Kind::HandIn => TaskAction::HandIn { epoch, submission: submission(!dice.once_in(8)) },
        Kind::Fail => TaskAction::FailAttempt { epoch, failure: failure(some_failure(dice)) },
        Kind::Block => TaskAction::Block { epoch: task.running_epoch(), blocker: some_blocker(dice, task) },
        Kind::Escalate => world.escalate(dice.one(LEVELS)),
        Kind::Resolve => {
            let next = match dice.roll(3) {
                0 => AfterBlock::Resume,
                1 => AfterBlock::Assign(some_ic(dice)),
                _ => AfterBlock::Release,
            };
            TaskAction::Resolve { resolution: reason, next }
        }
        Kind::Reviewer => {
            let reviewer = match dice.roll(3) {
                0 => Role::DomainLead(domain(dice.one(DOMAINS))),
                _ => Role::Ic(some_ic(dice)),
            };
            TaskAction::AssignReviewer { reviewer }
        }
        Kind::Approve => TaskAction::Approve { basis: basis() },
        Kind::PassGate => TaskAction::PassGate { gate, basis: basis() },
        Kind::SkipGate => TaskAction::SkipGate { gate, reason },
        Kind::Changes => {
            let children = children(world, dice, task);
            TaskAction::RequestChanges { findings: finding(), children, escalation: new }
        }
        Kind::AcceptHandoff => TaskAction::AcceptHandoff { receiver, version: task.round, basis: basis(), items: None },
        Kind::RejectHandoff => {
            let children = children(world, dice, task);
            TaskAction::RejectHandoff { receiver, version: task.round, items: finding(), children, escalation: new }
        }
        Kind::Cancel => TaskAction::Cancel { reason },
        Kind::Ask => {
            let waits = dice.once_in(2);
            world.ask(task.running_epoch(), dice.one(LEVELS), waits).1
        }
        Kind::Answer => {
            let question =
                task.questions.keys().next().copied().unwrap_or_else(|| world.ask(None, Level::Person, true).0);
            TaskAction::Answer { question, text: reason }
        }
        Kind::GrantTime => TaskAction::GrantTime { span: Millis::from_hours(1), reason },
        Kind::Scope => TaskAction::ChangeScope { work: Box::new(work("changed")), reason },
        Kind::Raise => {
            let trouble = dice.one([Trouble::Late, Trouble::Late, Trouble::Rounds, Trouble::Handoff, Trouble::Blocked]);
            TaskAction::RaiseEscalation { id: new, trouble, level: dice.one(LEVELS), reason: "up".to_owned() }
        }
        Kind::Decide => TaskAction::DecideEscalation { id, decision: reason },
        Kind::Close => TaskAction::CloseEscalation { id },
        Kind::GoAhead => TaskAction::GoAhead { reason },
        Kind::AskGoAhead => TaskAction::AskGoAhead { reason },
        Kind::Acknowledge => TaskAction::AcknowledgeDelegation,
        Kind::Wait => TaskAction::WaitForCapacity {
            until: world.now().org.plus(Millis::from_hours(1)),
            ahead: Effort::from_hours(8.0),
        },
        Kind::DecideCancelled => {
            let of = world.state.cancelled_dependency(task).or_else(|| world.state.cancelled_child(task));
            let others: Vec<_> = world
                .state
                .tasks
                .values()
                .filter(|found| found.instruction == task.instruction)
                .map(|found| found.id)
                .collect();
            let decision = match dice.roll(3) {
                0 => CancelledDecision::Waive,
                1 => CancelledDecision::Replace(dice.pick(&others).unwrap_or(task.id)),
                _ => CancelledDecision::Cancel,
            };
            TaskAction::DecideCancelled { of: of.unwrap_or(task.id), decision }
        }
    }
}
