//! What can be done to a task in every state that is not terminal.

use echelon::domain::command::{Action, InstructionAction, TaskAction};
use echelon::domain::role::{Level, Principal};
use echelon::domain::task::StateName::Cancelled;
use echelon::domain::task::Trouble;
use echelon::domain::time::Millis;
use echelon::domain::work::Priority;

use super::facts::Actor::{self, DomainLead, Holder, Ic, Manager, Person, ReceivingLead, Reviewer, System, TechLead};
use super::facts::{CANCELLERS, OPEN};
use super::world::{World, ic_id, lead, manager, person, system, tech_lead, work};

fn why() -> String {
    "because".to_owned()
}

/// Somebody who is such an actor for a backend task without escalations.
fn principal(actor: Actor) -> Principal {
    match actor {
        TechLead => tech_lead(),
        Manager => manager(),
        Person => person(),
        System => system(),
        DomainLead => lead("backend"),
        Ic | Reviewer | ReceivingLead | Holder => panic!("{actor:?} depends on the task"),
    }
}

#[test]
fn whoever_may_cancel_can_cancel_in_every_state_and_all_that_was_open_is_withdrawn() {
    for (state, actor) in OPEN.iter().flat_map(|state| CANCELLERS.iter().map(move |actor| (*state, *actor))) {
        let (mut world, key) = World::with_task_in(state);
        world.late(key, Level::DomainLead);
        let entries = world.task_must(principal(actor), key, TaskAction::Cancel { reason: why() });
        assert_eq!(world.labels(&entries)[0], format!("{key} cancelled"), "{state}");
        let task = world.task(key);
        assert_eq!(task.state.name(), Cancelled, "{state} by {actor:?}");
        assert!(task.questions.is_empty() && task.escalations.is_empty(), "{state} by {actor:?}");
        assert_eq!(world.owed(key), "");
        assert_eq!(world.state.load(&ic_id("backend/ben")).tasks, 0);
        assert_eq!(world.state.load(&ic_id("backend/bea")).reviews, 0);
    }
}

#[test]
fn the_instruction_takes_its_tasks_down_in_every_state() {
    for state in OPEN {
        let (mut world, key) = World::with_task_in(state);
        let id = world.instruction();
        let cancel = InstructionAction::Cancel { reason: why() };
        world.must(manager(), Action::Instruction(id, cancel));
        assert_eq!(world.name(key), Cancelled, "{state}");
        assert!(world.state.tasks.is_empty() && world.state.owed().next().is_none(), "{state}");
    }
}

#[test]
fn time_priority_and_scope_can_be_changed_in_every_state_by_those_above() {
    for state in OPEN {
        for who in [lead("backend"), tech_lead(), manager(), person()] {
            let (mut world, key) = World::with_task_in(state);
            // The lead holds something; the others need not.
            world.late(key, Level::DomainLead);
            let grant = TaskAction::GrantTime { span: Millis::from_hours(2), reason: why() };
            world.task_must(who.clone(), key, grant);
            world.task_must(who.clone(), key, TaskAction::ChangePriority { priority: Priority::Critical });
            let scope = TaskAction::ChangeScope { work: Box::new(work("less")), reason: why() };
            world.task_must(who, key, scope);
            let task = world.task(key);
            assert_eq!(task.granted, Millis::from_hours(2));
            assert_eq!(task.priority, Priority::Critical);
            assert_eq!(task.work.title, "less");
            assert_eq!(task.state.name(), state);
        }
    }
}

#[test]
fn an_escalation_is_raised_acknowledged_decided_and_closed_in_every_state() {
    for state in OPEN {
        let (mut world, key) = World::with_task_in(state);
        let (id, raise) = world.raise(Trouble::Late, Level::DomainLead);
        world.task_must(system(), key, raise);
        world.task_must(lead("backend"), key, TaskAction::AcknowledgeEscalation { id });
        let again = world.task_must(lead("backend"), key, TaskAction::AcknowledgeEscalation { id });
        assert!(again.is_empty(), "{state}: saying it twice is nothing new");
        let (_, raise) = world.raise(Trouble::Late, Level::EngineeringManager);
        world.task_must(lead("backend"), key, raise);
        world.refused(lead("backend"), key, TaskAction::CloseEscalation { id });
        let record = &world.task(key).escalations[&id];
        assert_eq!((record.level, record.acknowledged), (Level::EngineeringManager, None), "the same record goes up");
        world.task_must(manager(), key, TaskAction::DecideEscalation { id, decision: why() });
        assert!(world.task(key).escalations[&id].acknowledged.is_some());
        world.task_must(manager(), key, TaskAction::CloseEscalation { id });
        let (past, record) = world.task(key).past_escalations.last().expect("it is remembered");
        assert!(*past == id && record.closed.is_some());
        assert_eq!(world.task(key).escalation_for(Trouble::Late), None);
        assert_eq!(world.name(key), state);
    }
}
