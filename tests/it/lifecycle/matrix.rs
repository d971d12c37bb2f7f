//! Everybody tries everything in every state: what the lifecycle does not have is refused and changes nothing.

use std::collections::BTreeSet;

use echelon::domain::assignment::Explanation;
use echelon::domain::command::{Action, AfterBlock, TaskAction};
use echelon::domain::id::{EscalationId, QuestionId};
use echelon::domain::review::{Gate, TaskKind};
use echelon::domain::role::{Level, Principal, Role};
use echelon::domain::task::{Assignee, CancelledDecision, FailureClass, StateName, Trouble};
use echelon::domain::time::{Effort, Millis};
use echelon::domain::work::Priority;

use super::facts::actors;
use super::world::{
    World, basis, blocker, domain, failure, ic, ic_id, lead, manager, person, picture, submission, system, tech_lead,
    work,
};

/// A task in a state, where it matters with what the state carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    Pending,
    PendingMilestone,
    InPlanning,
    Assigned,
    AssignedMilestone,
    Running,
    Queued,
    Children,
    Blocked,
    BlockedForTechLead,
    Escalated,
    UnderReview,
    DomainReview,
    ReadyForHandoff,
    Completed,
    Cancelled,
}

const PLACES: [Place; 16] = [
    Place::Pending,
    Place::PendingMilestone,
    Place::InPlanning,
    Place::Assigned,
    Place::AssignedMilestone,
    Place::Running,
    Place::Queued,
    Place::Children,
    Place::Blocked,
    Place::BlockedForTechLead,
    Place::Escalated,
    Place::UnderReview,
    Place::DomainReview,
    Place::ReadyForHandoff,
    Place::Completed,
    Place::Cancelled,
];

impl Place {
    fn world(self) -> (World, &'static str) {
        let milestone = || {
            let mut world = World::new();
            world.milestones();
            world
        };
        match self {
            Self::Pending => World::with_task_in(StateName::Pending),
            Self::PendingMilestone => (milestone(), "m1"),
            Self::InPlanning => World::with_task_in(StateName::InPlanning),
            Self::Assigned => World::with_task_in(StateName::Assigned),
            Self::AssignedMilestone | Self::Children => {
                let mut world = milestone();
                world.break_down("m1", &["c1"]);
                if self == Self::Children {
                    world.assign("c1", "backend/bea");
                    world.start("c1");
                }
                (world, "m1")
            }
            Self::Running => World::with_task_in(StateName::InProgress),
            Self::Queued => {
                let (mut world, key) = World::with_task_in(StateName::UnderReview);
                let changes = world.changes();
                world.task_must(ic("backend/bea"), key, changes);
                (world, key)
            }
            Self::Blocked => World::with_task_in(StateName::Blocked),
            Self::BlockedForTechLead => {
                let (mut world, key) = World::with_task_in(StateName::Assigned);
                let blocker = blocker(Level::TechLead);
                world.task_must(lead("backend"), key, TaskAction::Block { epoch: None, blocker });
                (world, key)
            }
            Self::Escalated => World::with_task_in(StateName::Escalated),
            Self::UnderReview => World::with_task_in(StateName::UnderReview),
            Self::DomainReview => World::with_task_in(StateName::DomainReview),
            Self::ReadyForHandoff => World::with_task_in(StateName::ReadyForHandoff),
            Self::Completed => World::with_task_in(StateName::Completed),
            Self::Cancelled => World::with_task_in(StateName::Cancelled),
        }
    }

    fn is_over(self) -> bool {
        matches!(self, Self::Completed | Self::Cancelled)
    }
}

/// Everybody who could ask.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Who {
    Author,
    Peer,
    OtherIc,
    Lead,
    Receiver,
    OtherLead,
    TechLead,
    Manager,
    Organisation,
    Person,
    System,
}

const EVERYBODY: [Who; 11] = [
    Who::Author,
    Who::Peer,
    Who::OtherIc,
    Who::Lead,
    Who::Receiver,
    Who::OtherLead,
    Who::TechLead,
    Who::Manager,
    Who::Organisation,
    Who::Person,
    Who::System,
];

impl Who {
    fn principal(self) -> Principal {
        match self {
            Self::Author => ic("backend/ben"),
            Self::Peer => ic("backend/bea"),
            Self::OtherIc => ic("frontend/fay"),
            Self::Lead => lead("backend"),
            Self::Receiver => lead("frontend"),
            Self::OtherLead => lead("qa"),
            Self::TechLead => tech_lead(),
            Self::Manager => manager(),
            Self::Organisation => Principal::role(Role::Organisation),
            Self::Person => person(),
            Self::System => system(),
        }
    }
}

/// Everything that can be asked for, as well as it can be asked in that world.
fn actions(world: &mut World, key: &str) -> Vec<(&'static str, TaskAction)> {
    let task = world.task(key);
    let (epoch, running, round) = (task.epoch, task.running_epoch(), task.round);
    let why = || "because".to_owned();
    let resolve = |next| TaskAction::Resolve { resolution: why(), next };
    let handoff_rejected = world.reject_handoff("frontend", round.0);
    let child = world.planned("child", TaskKind::Tactical, "backend", &[]);
    let (_, question) = world.ask(running, Level::TechLead, true);
    let (_, late) = world.raise(Trouble::Late, Level::EngineeringManager);
    let mut changes = world.changes();
    if world.task(key).kind == TaskKind::Strategic
        && let TaskAction::RequestChanges { children, .. } = &mut changes
    {
        children.push(child.clone());
    }
    let unknown = EscalationId::new(world.new_id());
    vec![
        ("begin planning", TaskAction::BeginPlanning),
        ("break down", TaskAction::BreakDown { children: vec![child] }),
        ("assign", TaskAction::Assign { to: Assignee::Ic(ic_id("backend/bea")), explanation: Explanation::default() }),
        ("unassign", TaskAction::Unassign { reason: why() }),
        ("reassign", TaskAction::Reassign { to: ic_id("backend/bea"), reason: why() }),
        ("start", TaskAction::StartAttempt),
        ("heartbeat", TaskAction::Heartbeat { epoch, progress: None }),
        ("hand in", TaskAction::HandIn { epoch, submission: submission(true) }),
        ("fail", TaskAction::FailAttempt { epoch, failure: failure(FailureClass::Transient) }),
        ("block", TaskAction::Block { epoch: running, blocker: blocker(Level::DomainLead) }),
        ("escalate", world.escalate(Level::Person)),
        ("resume", resolve(AfterBlock::Resume)),
        ("give", resolve(AfterBlock::Assign(ic_id("backend/bea")))),
        ("release", resolve(AfterBlock::Release)),
        ("reviewer", TaskAction::AssignReviewer { reviewer: Role::DomainLead(domain("qa")) }),
        ("approve", TaskAction::Approve { basis: basis() }),
        ("pass gate", TaskAction::PassGate { gate: Gate::DomainLead, basis: basis() }),
        ("skip gate", TaskAction::SkipGate { gate: Gate::DomainLead, reason: why() }),
        ("changes", changes),
        (
            "accept handoff",
            TaskAction::AcceptHandoff { receiver: domain("frontend"), version: round, basis: basis(), items: None },
        ),
        ("reject handoff", handoff_rejected),
        ("cancel", TaskAction::Cancel { reason: why() }),
        ("ask", question),
        ("answer", TaskAction::Answer { question: QuestionId::new(world.new_id()), text: why() }),
        ("grant time", TaskAction::GrantTime { span: Millis(1), reason: why() }),
        ("priority", TaskAction::ChangePriority { priority: Priority::High }),
        ("scope", TaskAction::ChangeScope { work: Box::new(work("less")), reason: why() }),
        ("raise", late),
        ("acknowledge", TaskAction::AcknowledgeEscalation { id: unknown }),
        ("decide", TaskAction::DecideEscalation { id: unknown, decision: why() }),
        ("close", TaskAction::CloseEscalation { id: unknown }),
        (
            "wait for capacity",
            TaskAction::WaitForCapacity {
                until: world.now().org.plus(Millis::from_hours(1)),
                ahead: Effort::default(),
            },
        ),
        ("have it", TaskAction::AcknowledgeDelegation),
        ("decide cancelled", TaskAction::DecideCancelled { of: world.id(key), decision: CancelledDecision::Waive }),
    ]
}

/// Who may ask for it there; nobody where the lifecycle has no such move.
fn legal(place: Place, action: &str) -> &'static [Who] {
    use Place::{
        Assigned, AssignedMilestone, Blocked, BlockedForTechLead, Children, DomainReview, Escalated, InPlanning,
        Pending, PendingMilestone, Queued, ReadyForHandoff, Running, UnderReview,
    };
    use Who::{Author, Lead, Manager, Peer, Person, Receiver, System, TechLead};
    if place.is_over() {
        return &[];
    }
    match (action, place) {
        ("begin planning", PendingMilestone) => &[TechLead],
        ("break down", InPlanning) => &[Lead],
        ("assign", Pending) => &[Lead, TechLead, Person],
        ("unassign", Assigned | Running | Queued) => &[Lead, TechLead, System],
        ("reassign", Assigned | Running | Queued) => &[Lead, System, Person],
        ("wait for capacity", Pending) => &[Lead],
        ("have it", Pending | InPlanning) => &[Lead],
        ("have it", PendingMilestone) => &[TechLead],
        ("have it", Assigned | Running) => &[Author],
        ("start", Assigned) => &[Author],
        ("start", Queued) => &[Author, System],
        ("heartbeat" | "hand in", Running) => &[Author],
        ("fail", Running) => &[Author, System],
        ("block", Assigned | Running | Queued) => &[Author, Lead, System],
        ("block", Pending | PendingMilestone | AssignedMilestone | Children) => &[Lead, System],
        ("escalate", Blocked) => &[Author, Lead, System],
        ("escalate", BlockedForTechLead) => &[Author, Lead, TechLead, System],
        ("escalate", Escalated) => &[TechLead, System],
        ("resume", Blocked) => &[Author, Lead, Person],
        ("resume", BlockedForTechLead | Escalated) => &[Author, Lead, TechLead, Person],
        ("give", Blocked) => &[Lead, Person],
        ("give", BlockedForTechLead | Escalated) => &[Lead, TechLead, Person],
        ("release", Blocked) => &[Lead, Person, System],
        ("release", BlockedForTechLead | Escalated) => &[Lead, TechLead, Person, System],
        ("reviewer", UnderReview | DomainReview) => &[Lead],
        ("approve" | "changes", UnderReview) => &[Peer],
        ("pass gate" | "changes", DomainReview) => &[Lead],
        ("accept handoff" | "reject handoff", ReadyForHandoff) => &[Receiver],
        ("cancel", _) => &[TechLead, Manager, Person, System],
        ("ask", Running) => &[Author],
        ("ask", UnderReview) => &[Peer],
        ("ask", DomainReview) => &[Lead],
        ("grant time" | "priority" | "scope", _) => &[TechLead, Manager, Person],
        ("raise", PendingMilestone) => &[TechLead, System],
        ("raise", Pending | InPlanning | ReadyForHandoff | AssignedMilestone | Children | DomainReview) => {
            &[Lead, System]
        }
        ("raise", Assigned | Running | Queued | Blocked | BlockedForTechLead) => &[Author, System],
        ("raise", Escalated) => &[TechLead, System],
        ("raise", UnderReview) => &[Peer, System],
        _no_such_move => &[],
    }
}

#[test]
fn what_is_not_in_the_lifecycle_is_refused_and_changes_nothing() {
    let mut seen = BTreeSet::new();
    for place in PLACES {
        let (mut world, key) = place.world();
        let from = world.name(key);
        let id = world.id(key);
        let before = picture(&world.state);
        for ((name, action), who) in
            actions(&mut world, key).into_iter().flat_map(|one| EVERYBODY.map(|who| (one.clone(), who)))
        {
            let legal = legal(place, name).contains(&who);
            let mut copy = world.clone();
            match copy.give(who.principal(), Action::Task(id, action)) {
                Ok(_) => {
                    assert!(legal, "{place:?}: {who:?} could {name}");
                    let to = copy.name(key);
                    let stays = to == from;
                    assert!(stays || !actors(from, to).is_empty(), "{place:?}: {name} went from {from} to {to}");
                    seen.insert(name);
                }
                Err(rejection) => {
                    assert!(!legal, "{place:?}: {who:?} could not {name}: {rejection}");
                    assert_eq!(before, picture(&copy.state), "{place:?}: {who:?} {name} changed something");
                }
            }
        }
    }
    // Those that are refused everywhere here need something to answer, hold or decide; their tests are elsewhere.
    let elsewhere = ["skip gate", "answer", "acknowledge", "decide", "close", "decide cancelled"];
    let (mut world, key) = Place::Pending.world();
    for (name, _) in actions(&mut world, key) {
        assert!(seen.contains(name) != elsewhere.contains(&name), "{name}");
    }
}
