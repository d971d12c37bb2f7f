//! Faults that are planted into how commands are decided on.

use std::path::Path;
use std::sync::{Arc, Mutex};

use echelon::config;
use echelon::domain::command::Command;
use echelon::domain::decide::execute;
use echelon::domain::event::{Entry, Event, InstructionEvent, Target, TaskEvent};
use echelon::domain::evolve::evolve;
use echelon::domain::id::{EscalationId, Sequence, TaskId};
use echelon::domain::instruction::Request;
use echelon::domain::rejection::Rejection;
use echelon::domain::review::{Basis, Gate};
use echelon::domain::role::{Level, Principal, Role};
use echelon::domain::sla::Mark;
use echelon::domain::state::State;
use echelon::domain::task::{Blocker, BlockerKind, Trouble};
use echelon::domain::time::{Millis, OrgTime};
use echelon::domain::work::{Priority, Tier};
use echelon::sim::checks::invariant::{
    ARCHIVE, ATTEMPTS, CHILDREN, CLOCKS, COMMANDS, EDGES, ESCALATIONS, GATES, LIVENESS, ORDER, OVER, OWNER, REVIEW,
    STATE, WAKES,
};
use uuid::Uuid;

use super::{LONGEST, asked};
use crate::stage::Stage;

/// What a command came to, and the state before and after it.
struct Decided<'a> {
    before: &'a State,
    state: &'a mut State,
    command: &'a Command,
    entries: Vec<Entry>,
}

impl Decided<'_> {
    /// The first event that is about a task and of this kind, with what is wanted of it.
    fn find<T>(&self, kind: impl Fn(&TaskEvent) -> Option<T>) -> Option<(TaskId, T)> {
        self.entries.iter().find_map(|entry| match &entry.event {
            Event::Task(id, event) => Some((*id, kind(event)?)),
            _other => None,
        })
    }

    /// One more event happens.
    fn more(&mut self, principal: &Principal, event: Event) -> Option<Sequence> {
        let at = self.entries.last()?.at;
        let entry = Entry { sequence: self.state.sequence.next(), at, principal: principal.clone(), event };
        evolve(self.state, &entry);
        self.entries.push(entry);
        Some(self.state.sequence)
    }

    /// One more happens to a task, in the name of whoever gave the command.
    fn more_of(&mut self, id: TaskId, event: TaskEvent) -> Option<Sequence> {
        let principal = self.command.principal.clone();
        self.more(&principal, Event::Task(id, event))
    }

    /// One more happens to a task by itself.
    fn follows(&mut self, id: TaskId, event: TaskEvent) -> Option<Sequence> {
        self.more(&Principal::system(), Event::Task(id, event))
    }

    /// What happened from this place on happened otherwise.
    fn instead(&mut self, place: usize, change: impl FnOnce(&mut Entry)) -> Option<Sequence> {
        self.entries.truncate(place + 1);
        change(self.entries.last_mut()?);
        *self.state = self.before.clone();
        self.entries.iter().for_each(|entry| evolve(self.state, entry));
        Some(self.entries.last()?.sequence)
    }
}

/// Plants a fault; the answer is the event at which it has to be found, or nothing where it could not be planted yet.
type Plant = fn(&mut Decided<'_>) -> Option<Sequence>;

fn basis() -> Basis {
    Basis::Worker { summary: "well done".to_owned(), simulated: true }
}

fn raised() -> TaskEvent {
    let to = Target {
        level: Level::TechLead,
        holder: Role::TechLead("software".parse().expect("a name")),
        skipped: Vec::new(),
        due: OrgTime::from_millis(i64::MAX),
        acknowledge_by: OrgTime::from_millis(i64::MAX),
        in_digest: false,
    };
    let id = EscalationId::new(Uuid::from_u128(1 << 100));
    TaskEvent::EscalationRaised { id, trouble: Trouble::Late, overdue: Millis(0), to }
}

fn assigned(event: &TaskEvent) -> Option<TaskEvent> {
    matches!(event, TaskEvent::Assigned { .. }).then(|| event.clone())
}

fn started(event: &TaskEvent) -> Option<TaskEvent> {
    matches!(event, TaskEvent::AttemptStarted { .. }).then(|| event.clone())
}

fn handed_in(event: &TaskEvent) -> Option<()> {
    matches!(event, TaskEvent::HandedIn { .. }).then_some(())
}

#[rustfmt::skip]
const FAULTS: &[(&str, &str, Plant)] = &[
    ("a task is assigned twice", OWNER, |d| {
        let (id, again) = d.find(assigned)?;
        d.more_of(id, again)
    }),
    ("an attempt begins while one runs", ATTEMPTS, |d| {
        let (id, again) = d.find(started)?;
        let TaskEvent::AttemptStarted { epoch, lease_until } = again else { return None };
        d.more_of(id, TaskEvent::AttemptStarted { epoch: epoch.next(), lease_until })
    }),
    ("an attempt has the epoch of one before", ATTEMPTS, |d| {
        let (id, _) = d.find(assigned)?;
        let lease_until = d.entries.last()?.at.wall;
        d.more_of(id, TaskEvent::AttemptStarted { epoch: Default::default(), lease_until })
    }),
    ("an attempt that is not the running one hands in", ATTEMPTS, |d| {
        let place = d.entries.iter().position(|entry| matches!(entry.event, Event::Task(_, TaskEvent::HandedIn { .. })))?;
        d.instead(place, |entry| if let Event::Task(_, TaskEvent::HandedIn { epoch, .. }) = &mut entry.event {
            *epoch = epoch.next();
        })
    }),
    ("an author approves their own work", REVIEW, |d| {
        let (id, ()) = d.find(handed_in)?;
        let reviewer = Role::DomainLead(d.state.tasks.get(&id)?.domain.clone());
        d.more_of(id, TaskEvent::PeerApproved { basis: basis(), gate: Gate::DomainLead, reviewer, remaining: Vec::new() })
    }),
    ("an author is to review their own work", REVIEW, |d| {
        let (id, ()) = d.find(handed_in)?;
        let author = d.state.tasks.get(&id)?.state.assignee()?.role();
        d.follows(id, TaskEvent::ReviewerAssigned { reviewer: author })
    }),
    ("a gate is passed by nobody", GATES, |d| {
        let (id, gate) = d.find(|event| match event {
            TaskEvent::PeerApproved { gate, .. } => Some(*gate),
            _other => None,
        })?;
        d.follows(id, TaskEvent::GatePassed { gate, basis: basis() })
    }),
    ("a gate that was left out is recorded as passed", GATES, |d| {
        let place = d.entries.iter().position(|entry| matches!(entry.event, Event::Task(_, TaskEvent::GateSkipped { .. })))?;
        d.instead(place, |entry| if let Event::Task(_, event @ TaskEvent::GateSkipped { .. }) = &mut entry.event
            && let TaskEvent::GateSkipped { gate, .. } = event {
            *event = TaskEvent::GatePassed { gate: *gate, basis: basis() };
        })
    }),
    ("work is completed before its gates", GATES, |d| {
        let (id, ()) = d.find(|event| matches!(event, TaskEvent::PeerApproved { .. }).then_some(()))?;
        d.follows(id, TaskEvent::Completed)
    }),
    ("work of some size is done without a review", GATES, |d| {
        let place = d.entries.iter().position(|entry| {
            matches!(entry.event, Event::Task(_, TaskEvent::HandedIn { reviewer: Some(_), .. }))
        })?;
        d.instead(place, |entry| if let Event::Task(_, TaskEvent::HandedIn { reviewer, .. }) = &mut entry.event {
            *reviewer = None;
        })
    }),
    ("an escalation is raised of what is completed", ESCALATIONS, |d| {
        let (id, ()) = d.find(|event| matches!(event, TaskEvent::Completed).then_some(()))?;
        d.state.tasks.get(&id)?;
        d.follows(id, raised())
    }),
    ("an escalation ends that is not open", ESCALATIONS, |d| {
        let (id, _) = d.find(started)?;
        let of = EscalationId::new(Uuid::from_u128(1 << 100));
        d.follows(id, TaskEvent::EscalationClosed { id: of, reason: "over".to_owned() })
    }),
    ("a milestone is completed while its children are open", CHILDREN, |d| {
        let (id, ()) = d.find(|event| matches!(event, TaskEvent::BrokenDown { .. }).then_some(()))?;
        d.follows(id, TaskEvent::Completed)
    }),
    ("a milestone is cancelled and its children are not", CHILDREN, |d| {
        let (id, ()) = d.find(|event| matches!(event, TaskEvent::BrokenDown { .. }).then_some(()))?;
        d.follows(id, TaskEvent::Cancelled { reason: "not needed".to_owned() })
    }),
    ("something happens to what is completed", OVER, |d| {
        let (id, ()) = d.find(|event| matches!(event, TaskEvent::Completed).then_some(()))?;
        d.state.tasks.get(&id)?;
        d.follows(id, TaskEvent::Cancelled { reason: "not needed".to_owned() })
    }),
    ("something happens to a task of an instruction that is over", OVER, |d| {
        let id = *d.before.tasks.keys().find(|id| !d.state.tasks.contains_key(*id))?;
        d.follows(id, TaskEvent::Cancelled { reason: "not needed".to_owned() })
    }),
    ("a clock fires early", CLOCKS, |d| {
        let (id, _) = d.find(assigned)?;
        d.follows(id, TaskEvent::ClockFired { mark: Mark::Target, overdue: Millis(0) })
    }),
    ("a warning comes before the target is passed", CLOCKS, |d| {
        let (id, _) = d.find(assigned)?;
        d.follows(id, TaskEvent::ClockFired { mark: Mark::Warning, overdue: Millis(0) })
    }),
    ("an attempt stalls at once", CLOCKS, |d| {
        let (id, _) = d.find(started)?;
        let since = d.entries.last()?.at.org;
        d.follows(id, TaskEvent::Stalled { since })
    }),
    ("what is at work is planned", EDGES, |d| {
        let (id, _) = d.find(started)?;
        d.more_of(id, TaskEvent::PlanningBegun)
    }),
    ("something happens that nobody asked for", COMMANDS, |d| {
        let (id, _) = d.find(started)?;
        d.more_of(id, TaskEvent::PriorityChanged { priority: Priority::Critical })
    }),
    ("somebody else's name is on it", COMMANDS, |d| {
        let place = d.entries.iter().position(|entry| assigned_in(&entry.event))?;
        d.instead(place, |entry| entry.principal = Principal::role(Role::Organisation))
    }),
    ("an event is missing", ORDER, |d| {
        let place = d.entries.iter().position(|entry| assigned_in(&entry.event))?;
        d.instead(place, |entry| entry.sequence = entry.sequence.next())
    }),
    ("time goes back", ORDER, |d| {
        let place = d.entries.iter().position(|entry| assigned_in(&entry.event))?;
        d.instead(place, |entry| entry.at.org = entry.at.org.plus(Millis(-1)))
    }),
    ("the state knows more than the journal", STATE, |d| {
        d.find(started)?;
        let before = d.entries.pop()?.sequence;
        Some(Sequence(before.0 - 1))
    }),
    ("an instruction that ended is not archived", ARCHIVE, |d| {
        let gone = d.before.instructions.len() > d.state.instructions.len();
        gone.then(|| d.state.take_archived())?;
        Some(d.state.sequence)
    }),
    ("what is blocked names nothing that would clear it", LIVENESS, |d| {
        let (id, _) = d.find(started)?;
        let blocker = Blocker {
            kind: BlockerKind::Reported("access".to_owned()),
            description: "no way in".to_owned(),
            needs: String::new(),
            owner: Level::DomainLead,
        };
        d.follows(id, TaskEvent::Blocked { blocker })
    }),
];

fn assigned_in(event: &Event) -> bool {
    matches!(event, Event::Task(_, TaskEvent::Assigned { .. }))
}

/// Decides as the core does, and plants a fault once, at the first opportunity. Where it has to be found is left in `at`.
fn decide(plant: Plant, at: Arc<Mutex<Option<Sequence>>>) -> echelon::ledger::Decide {
    Box::new(move |state: &mut State, command: &Command| -> Result<Vec<Entry>, Rejection> {
        let mut at = at.lock().expect("nobody panics with it");
        if at.is_some() {
            return execute(state, command);
        }
        let before = state.clone();
        let entries = execute(state, command)?;
        let mut decided = Decided { before: &before, state, command, entries };
        *at = plant(&mut decided);
        Ok(decided.entries)
    })
}

/// Plays with a fault: one feature of each of some tiers. It has to be found by this invariant where it is planted.
#[track_caller]
fn is_found(what: &str, invariant: &str, plant: Plant, tiers: &[Tier]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("org/software.toml");
    let chart = config::load(&path).expect("the chart that ships is sound");
    let feature = &chart.workflows[&"feature".parse().expect("a name")];
    let at = Arc::new(Mutex::new(None));
    let mut stage = Stage::deciding_by("software.toml", decide(plant, Arc::clone(&at)));
    for tier in tiers {
        stage.submit(Request { tier: Some(*tier), ..asked(feature) });
    }
    let found = stage.play_until_violated(LONGEST);
    let planted = at.lock().expect("nobody panics with it").unwrap_or_else(|| panic!("{what}: no opportunity"));
    let found = found.unwrap_or_else(|| panic!("{what}: planted at event {planted} and not found"));
    assert_eq!((found.invariant, found.sequence), (invariant, planted), "{what}: {found}");
    // What is looked at as a whole is known not to have been so before.
    assert_eq!(found.since.is_some(), invariant == LIVENESS, "{what}: {found}");
}

#[test]
fn every_fault_is_found_by_what_it_breaks_and_where() {
    for (what, invariant, plant) in FAULTS {
        is_found(what, invariant, *plant, &[Tier::Trivial, Tier::Simple, Tier::Moderate, Tier::Complex, Tier::Expert]);
    }
}

#[test]
fn nobody_is_left_unwoken_unseen() {
    // With one piece of work nobody is woken for another at the same moment.
    let lost: &[(&str, Plant)] = &[
        ("a lead who is to plan or assign", |d| {
            matches!(d.entries.last()?.event, Event::Instruction(_, InstructionEvent::Executing { .. }))
                .then_some(())?;
            d.state.take_stirred();
            Some(d.state.sequence)
        }),
        ("an IC who is to start", |d| {
            d.find(assigned)?;
            d.state.take_stirred();
            Some(d.state.sequence)
        }),
        ("a peer who is to review", |d| {
            d.find(handed_in)?;
            d.state.take_stirred();
            Some(d.state.sequence)
        }),
        ("a lead at a gate", |d| {
            d.find(|event| matches!(event, TaskEvent::PeerApproved { .. }).then_some(()))?;
            d.state.take_stirred();
            Some(d.state.sequence)
        }),
    ];
    for (what, plant) in lost {
        is_found(what, WAKES, *plant, &[Tier::Simple]);
    }
}
